"""Missing values that look like values: a 0, a -9, a 999 or a word that stands for nothing.

    cholesterol   223  0  211  0  0  289     172 of 918 values are 0 and all others 85 to 603
    debts         0  0  350  0  12  4100     a true zero: it has neighbours
    delinquent    0  1  98  0  96  2         98 and 96 are codes: no value between 13 and 96
    glucose       5.1  unknown  6.3          one word keeps the whole column from being read as numbers

A number is told only where a gap parts it from a column of many values, so that a zero that may be true raises no alarm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.task import Field
from ..finding import Finding, Material, Part, row_name
from ..values import as_numbers, known_cells

__all__ = ["CODES", "WORDS", "check_disguised_missing", "codes_in", "of_part", "parts_of", "rows_of"]

Floats = NDArray[np.float64]

CODES = frozenset(
    float(sign * number)
    for sign, numbers in (
        (1, (9, 96, 97, 98, 99, 88, 77, 888, 996, 997, 998, 999, 9996, 9997, 9998, 9999, 8888, 99999, 999999, 365243)),
        (-1, (1, 2, 3, 4, 5, 6, 7, 8, 9, 77, 88, 98, 99, 888, 998, 999, 9998, 9999, 99999, 999999)),
    )
    for number in numbers
)
"""Numbers that stand for missing besides 0: what questionnaires, registries and score bureaus write."""
SURE_CODES = frozenset(code for code in CODES if abs(code) >= 96 or code == -9)
"""Of them those that mean little else."""
WORDS = frozenset(
    {"unknown", "unk", "missing", "not available", "not recorded", "not known", "not specified", "unspecified", "no answer",
     "no data", "n.a.", "n.a", "xna", "nil", "not reported", "not stated", "refused", "unknown/invalid", "#n/a", "#value!",
     "#ref!", "#div/0!", "--", "---", ".", "..", "未知", "不详", "不明", "未填", "缺失", "未记录", "未提供", "暂无", "空"}
)  # fmt: skip
"""Words that stand for missing and are not read as such."""
MEASURED = re.compile(
    r"age|weight|height|bmi|pressure|bp|sbp|dbp|pulse|rate|hr|temperature|temp|glucose|insulin|cholesterol|chol|ldl|hdl|triglycerides?|"
    r"thickness|skin|h[ae]moglobin|hb|hba1c|creatinine|urea|bun|sodium|potassium|calcium|albumin|bilirubin|platelets?|wbc|rbc|"
    r"h[ae]matocrit|lactate|ph|spo2|saturation|circumference|length|width|size|speed|"
    r"年龄|身高|体重|血压|心率|脉搏|体温|血糖|胰岛素|胆固醇|血红蛋白|肌酐|尿素|血小板|白细胞"
)
"""Words in the names of quantities that are never zero in what lives or moves."""
FEW = 10
"""Different values from which a column is an amount, not a code."""
MOSTLY = 0.95
NONE = 0.5
"""Share of zeros from which they more likely mean none (no second floor) than missing."""


def parts_of(material: Material) -> Iterator[tuple[Part, pd.DataFrame, pd.DataFrame | None]]:
    """The data and, if there is one, the test: part, rows in canonical form, rows as read."""
    yield "data", material.rows, material.raw
    if material.test is not None:
        yield "test", material.test, material.test_raw


def of_part(part: Part) -> str:
    """Words behind a field's name."""
    return "" if part == "data" else " of the test"


def rows_of(column: pd.Series) -> tuple[int, ...]:
    """Positions of the rows of a column."""
    return tuple(int(row) for row in column.index)


def check_disguised_missing(material: Material) -> list[Finding]:
    """Values that seem to mean missing: 0, -1, 99, 999 apart from all other numbers; unknown, 未知 among words.

    Warn: such a number, and a word that keeps a column of numbers from being read as numbers; note: such a word among
    other words. `fix` empties the cells.
    """
    findings: list[Finding] = []
    for part, rows, raw in parts_of(material):
        for field in material.schema.fields:
            if field.name not in rows:
                continue
            if field.kind == "number":
                findings += _number_codes(rows[field.name].dropna(), material.rows[field.name].dropna(), part, field)
            elif field.kind in ("category", "text") and raw is not None and field.name in raw:
                findings += _word_codes(raw[field.name], part)
    return findings


# -- numbers ----------------------------------------------------------------------------------------------------------


def _number_codes(values: pd.Series, known: pd.Series, part: Part, field: Field) -> Iterator[Finding]:
    plain = values.to_numpy(np.float64)
    judged = plain if part == "data" else np.concatenate([known.to_numpy(np.float64), plain])
    codes = codes_in(judged, measured=_measured(field))
    if field.low is not None and field.low <= 0 and 0.0 in codes:
        codes.remove(0.0)  # its author knows that it may be zero
    if not codes:
        return
    rest = judged[~np.isin(judged, codes)]
    for code in codes:
        marked = plain == code
        count = int(marked.sum())
        if not count:
            continue
        first = values.index[int(marked.argmax())]
        none = code == 0 and count > NONE * len(values)
        said = "may mean missing, or that there is none" if none else "seems to mean missing"
        yield Finding(
            "disguised_missing",
            "note" if none else "warn",
            f"{count:,} of {len(values):,} values of {str(values.name)!r}{of_part(part)} are {code:.15g}, and all others are "
            f"{rest.min():g} to {rest.max():g}: {code:.15g} {said}, first in {row_name(first)}.",
            f"If {code:.15g} means missing, empty these cells{'' if none else ' in a copy with --fix'}; if it is a true value, "
            "leave them.",
            count=count,
            total=len(values),
            rows=rows_of(values[marked]),
            part=part,
            field=str(values.name),
            figures={"code": code, "share": round(count / len(values), 4)},
            fix="" if none else "blank",
        )


def _measured(field: Field) -> bool:
    """Whether a field is called like something that cannot be zero."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", field.name).casefold().split()
    return any(MEASURED.fullmatch(word) for word in words)


def codes_in(values: Floats, *, measured: bool = False) -> list[float]:
    """Numbers among others that seem to mean missing, ascending.

    A code stands beyond all other values (which are at least 10 different ones), and the gap between is wide beside
    the steps and the spread of the others; or it is the only negative number of an amount. Three cells are needed, or
    one where the gap is wider than the range of all others and the number means little else (999).

    Args:
        values: (n,) finite numbers.
        measured: they are called like a quantity that is never zero, so that a small gap is enough for a zero.
    """
    if len(values) < 20:
        return []
    distinct, counts = np.unique(values, return_counts=True)
    usual = (distinct == 0) | np.isin(distinct, list(CODES))
    if not usual.any():
        return []
    enough = max(3, 0.001 * len(values))
    negative = distinct[distinct < 0]
    if len(negative) > 4 or not np.isin(negative, list(CODES)).all():
        usual &= distinct >= 0  # negative numbers are ordinary here
    found: list[float] = []
    # a code is judged against what is left without the other codes: 96 lies close to 98, both far from 13
    sure = np.isin(distinct, list(SURE_CODES)) | (usual & (distinct < 0))
    for code, count in zip(distinct[usual].tolist(), counts[usual].tolist(), strict=True):
        others = ~sure & ~np.isin(distinct, [one for one in CODES if _same_end(one, code)]) & (distinct != code)
        if code == 0:
            others &= distinct > 0
        rest = Rest.of(distinct[others], counts[others])
        if rest is None or count > 0.6 * len(values) or (code == 0 and not usual[distinct < 0].all()):
            continue
        few = count < enough
        if rest.apart(code, lone=few, measured=measured) and (not few or code in SURE_CODES):
            found.append(code)
    left = values[~np.isin(values, found)]
    return [code for code in found if not left.min() < code < left.max()]


def _same_end(one: float, code: float) -> bool:
    """Whether two codes lie at the same end of a column and are alike in size: -7, -8, -9; 96, 98; not 9 and 999."""
    if (one < 0) != (code < 0) or code == 0:
        return False
    return len(str(int(abs(one)))) == len(str(int(abs(code)))) or code < 0


@dataclass(frozen=True)
class Rest:
    """The values of a column without a code."""

    distinct: Floats
    """(k,) ascending."""
    low: float
    middle: float
    high: float
    """First, second and third quartile."""

    @classmethod
    def of(cls, distinct: Floats, counts: NDArray[np.int64]) -> Rest | None:
        """None where there are too few."""
        if len(distinct) < 2:
            return None
        reached = np.cumsum(counts) / counts.sum()
        low, middle, high = (float(distinct[int(np.searchsorted(reached, q))]) for q in (0.25, 0.5, 0.75))
        return cls(distinct, low, middle, high)

    def apart(self, code: float, *, lone: bool, measured: bool) -> bool:
        """Whether a gap parts a code from these values.

        Args:
            code: a number that may mean missing.
            lone: it comes too seldom to be told but for a very wide gap.
            measured: a zero needs a small gap only.
        """
        first, last = float(self.distinct[0]), float(self.distinct[-1])
        if first < code < last:
            return False
        gap = first - code if code < first else code - last
        if lone:
            return len(self.distinct) >= FEW and gap >= max(last - first, 10.0)
        if len(self.distinct) < FEW:
            return self._apart_from_few(code, gap, first, last)
        if code < 0:
            return first >= 0
        near, step = code < first, self._step(below=code < first)
        wide = gap >= 0.5 * (self.high - self.low) and gap >= 0.2 * abs(self.middle)
        if code:
            return gap >= 5 * step and wide and (near or gap >= 0.5 * (last - self.middle))
        if measured and first > 0 and gap >= 0.1 * self.middle and gap >= 5 * step:
            return True
        return first > 0 and last > 1 and gap >= 5 * step and wide  # a share of nothing is ordinary

    def _apart_from_few(self, code: float, gap: float, first: float, last: float) -> bool:
        """Of a scale such as 1 to 5: 99 and -9 are none of its steps."""
        whole = bool((self.distinct % 1 == 0).all())
        scale = whole and first >= 0 and last <= 20 and len(self.distinct) >= 3
        return scale and ((code < -1 and gap >= 3) or (code >= 77 and gap >= 50))

    def _step(self, *, below: bool) -> float:
        """Usual distance between neighbours at one end."""
        edge = max(5, len(self.distinct) // 10)
        part = self.distinct[:edge] if below else self.distinct[-edge:]
        return float(np.median(np.diff(part)))


# -- words ------------------------------------------------------------------------------------------------------------


def _word_codes(column: pd.Series, part: Part) -> Iterator[Finding]:
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return
    cells = column[column.notna()]
    if not len(cells):
        return
    yield from _unread_numbers(column, cells, part)
    plain = set(cells.tolist()) if cells.dtype == "str" else {str(cell) for cell in cells.tolist()}
    words = {cell for cell in plain if len(cell) <= 24 and cell.strip().casefold() in WORDS}
    if not words or len(plain) < 3:
        return
    marked = cells[(cells if cells.dtype == "str" else cells.map(str)).isin(words)]
    if len(marked) < 3:
        return
    said = marked.astype(str).str.strip().value_counts()
    yield Finding(
        "disguised_missing",
        "note",
        f"{len(marked):,} of {len(column):,} cells of {str(column.name)!r}{of_part(part)} say {str(said.index[0])!r}, which counts "
        f"as a value like any other, first in {row_name(marked.index[0])}.",
        "If it means missing, empty these cells in a copy with --fix.",
        count=len(marked),
        total=len(column),
        rows=rows_of(marked),
        part=part,
        field=str(column.name),
        figures={"words": {str(word): int(count) for word, count in said.head(10).items()}},
        fix="blank",
    )


def _unread_numbers(column: pd.Series, cells: pd.Series, part: Part) -> Iterator[Finding]:
    """A column of numbers that is read as words, because one or two words come in it again and again."""
    head = [str(cell) for cell in cells.head(200).tolist()]
    if sum(re.match(r"\s*[+-]?\.?\d", cell) is not None for cell in head) < 0.3 * len(head):
        return
    cells = known_cells(cells)
    numbers, _, _ = as_numbers(cells)
    others = cells[numbers.isna()].astype(str).str.strip()
    if not 0.3 * len(cells) <= len(cells) - len(others) < len(cells) or numbers.nunique() < FEW:
        return
    usual = others.value_counts()
    usual = usual[(usual >= 3) & ~usual.index.str.contains(r"\d", regex=True)].head(3)
    if (
        not len(usual)
        or len(cells) - len(others) + usual.sum() < MOSTLY * len(cells)
        or usual.index.str.len().max() > 24
    ):
        return
    marked = others[others.isin(usual.index)]
    yield Finding(
        "disguised_missing",
        "warn",
        f"{int(numbers.notna().sum()):,} of {len(cells):,} cells of {str(column.name)!r}{of_part(part)} are numbers, but the column "
        f"is read as words, because {len(marked):,} cells say {str(usual.index[0])!r}, first in {row_name(marked.index[0])}.",
        "Empty these cells in a copy with --fix, so that the column is read as numbers.",
        count=len(marked),
        total=len(column),
        rows=rows_of(marked),
        part=part,
        field=str(column.name),
        figures={"words": {str(word): int(count) for word, count in usual.items()}},
        fix="blank",
    )
