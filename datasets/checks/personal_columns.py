"""Columns that hold nothing but personal data, by their name and by what their cells look like.

    first name | 手机号      | cc_num
    Alice      | 13812345678 | 4111111111111111

A name of a column alone is not enough: `email` may say whether there is one, and `name` may be that of a molecule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pandas as pd

from ..personal import find_personal, is_phone
from ..personal_ids import card_issued, iban_holds
from ..personal_names import GIVEN, is_chinese_name, is_english_name
from ..values import known_cells

__all__ = ["headed_kind"]

WHO = r"(?:patient|customer|client|student|pupil|applicant|borrower|employee|teacher|parent|guardian|doctor|physician|contact|" \
      r"(?:card|account) ?holder)s?"  # fmt: skip
NO = r"(?: ?(?:no|num|nr|number|#))?"
HEADS: tuple[tuple[str, str], ...] = (
    ("name", rf"(?:{WHO}|full|first|last|given|family|middle|maiden)? ?names?|surname|fore ?name|{WHO}|first|last|"
             r"姓名|名字|(?:患者|病人|客户|学生|联系人|家长|持卡人|申请人)(?:姓名|名字|名称)?"),
    ("phone", rf"(?:mobile|cell|home|work|contact|day|evening)? ?(?:tele)?(?:phone|tel){NO}\d?|mobile{NO}|cell{NO}|fax{NO}|"
              r"(?:联系|家庭|客户|患者)?(?:电话|手机)(?:号码?)?|联系方式"),
    ("email", r"(?:contact|work|home|user)? ?e ?mail(?: ?(?:address|id))?|(?:电子)?邮箱(?:地址)?|电子邮件"),
    ("address", r"(?:home|postal|street|billing|shipping|mailing)? ?address(?: ?(?:line ?)?\d)?|street(?: ?address)?|"
                r"(?:家庭|联系|居住|通讯|收货)?(?:住址|地址)"),
    ("birth_date", r"dob|date ?of ?birth|birth ?(?:date|day)|出生(?:日期|年月日?)|生日"),
    ("ssn", rf"ssn|social ?security{NO}"),
    ("nhs", r"nhs(?: ?(?:no|number|id))?"),
    ("mrn", r"mrn|medical ?record(?: ?(?:no|number|id))?|(?:病历|住院|病案|门诊|就诊卡)号码?"),
    ("passport", rf"passport{NO}|护照(?:号码?)?"),
    ("resident_id", r"(?:居民)?身份证(?:号码?)?|证件号码?|(?:resident|national) ?id(?:entity)?(?: ?(?:no|number|card))?"),
    ("card", r"(?:credit|debit|payment|bank)? ?card ?(?:no|num|number)|cc ?(?:no|num|number)|pan|(?:银行卡|信用卡|卡)号码?"),
    ("iban", r"iban"),
    ("account", r"(?:bank )?(?:account|acct) ?(?:no|num|number)|银行账号|账号"),
)  # fmt: skip
"""Kind -> names of columns, in small letters with blanks between the words."""
FEWEST = 3
ENOUGH = 0.5
"""Share of the cells that must look like the kind."""
NAMED = 0.3
"""Share of cells with a common name; lists of the commonest hold about half of them."""


def headed_kind(name: str, column: pd.Series, others: Sequence[str] = ()) -> tuple[str, str]:
    """The kind that fills a column, and whether its "name" or its "values" say so; two empty texts where none does.

    Args:
        name: of the column.
        column: its cells; at most 500 different ones are looked at.
        others: names of all columns; `last` is a surname where there is a `first`.
    """
    plain = " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", name).split()).casefold()
    kind = next((one for one, words in HEADS if re.fullmatch(words, plain)), "")
    texts = pd.api.types.is_string_dtype(column.dtype) or column.dtype == object
    if not kind and not texts:
        return "", ""
    some = known_cells(column.iloc[:: max(1, len(column) // 2_000)])
    cells = list(dict.fromkeys(_plain(cell) for cell in some))[:500]
    if len(cells) < FEWEST or (kind != "name" and len(cells) < min(20, 0.3 * len(some))):
        return "", ""
    if kind:
        if kind == "name" and plain == "last":
            return ("name", "name") if "first" in others and _share(cells, _word) > MOSTLY_WORDS else ("", "")
        if _share(cells, LOOKS[kind]) >= (NAMED if kind == "name" else ENOUGH):
            return kind, "name"
        if kind == "name" and re.fullmatch(
            rf"{WHO} names?|(?:first|last|given|family|middle|maiden) names?|surname|fore ?name", plain
        ):
            return ("name", "name") if _share(cells, _word) > MOSTLY_WORDS else ("", "")
        return "", ""
    if len(cells) >= 20 and (_share(cells, is_english_name) > ENOUGH or _share(cells, is_chinese_name) > MOSTLY_WORDS):
        return "name", "values"
    return "", ""


MOSTLY_WORDS = 0.9


def _plain(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return f"{int(cell)}"
    return str(cell).strip()


def _share(cells: Sequence[str], holds: Callable[[str], object]) -> float:
    return sum(bool(holds(cell)) for cell in cells) / len(cells)


def _word(cell: str) -> bool:
    """One to four words that begin with a capital, or Chinese signs; no figures."""
    return bool(re.fullmatch(r"[A-ZÀ-Þ][\w'’.-]*(?:,? [A-ZÀ-Þ][\w'’.-]*){0,3}|[\u4e00-\u9fff]{2,4}", cell)) and not any(
        map(str.isdigit, cell)
    )


def _named(cell: str) -> bool:
    """A common given name, alone or with others, or a Chinese name."""
    said = cell.title() if cell.isupper() else cell
    return said in GIVEN or is_english_name(said) or is_chinese_name(cell)


def _digits(least: int) -> Callable[[str], bool]:
    return lambda cell: len(cell) <= 40 and sum(map(str.isdigit, cell)) >= least


def _called(cell: str) -> bool:
    return is_phone(cell, called=True) is not None or bool(re.fullmatch(r"\d{3}[- ]?\d{4}", cell))


def _dated(cell: str) -> bool:
    return bool(re.fullmatch(r"\d{1,4}\s?[-/.年]\s?(?:\d{1,2}|[A-Za-z]{3,9})\s?[-/.月]\s?\d{1,4}日?(?:[T ].*)?|(?:19|20)\d{6}|"
                             r"(?:\d{1,2} )?[A-Z][a-z]{2,8}\.?(?: \d{1,2},?)? \d{4}", cell))  # fmt: skip


def _lived(cell: str) -> bool:
    """Some figures and some words, or what the templates know."""
    words = re.findall(r"[A-Za-z]{2,}|[\u4e00-\u9fff]{2,}", cell)
    return (len(words) >= 2 and any(map(str.isdigit, cell))) or any(
        one.kind == "address" for one in find_personal(cell)
    )


LOOKS: dict[str, Callable[[str], object]] = {
    "name": _named,
    "phone": _called,
    "email": lambda cell: re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", cell),
    "address": _lived,
    "birth_date": _dated,
    "ssn": lambda cell: re.fullmatch(r"\d{3}-?\d{2}-?\d{4}", cell),
    "nhs": lambda cell: re.fullmatch(r"\d{3}[ -]?\d{3}[ -]?\d{4}", cell),
    "mrn": _digits(4),
    "passport": _digits(5),
    "resident_id": lambda cell: re.fullmatch(r"\d{14,17}[\dXx]", cell),
    "card": lambda cell: card_issued(re.sub(r"[ -]", "", cell)) if re.fullmatch(r"[\d -]+", cell) else False,
    "iban": lambda cell: iban_holds(re.sub(r"[ -]", "", cell)),
    "account": _digits(6),
}
"""Kind -> whether a cell looks like it."""
