"""Personal data that should not be where a model is tuned on it.

    12 of 900 texts in 'note' hold phone numbers, such as row 17: call me on [PHONE] ...

What is found is never shown: examples are masked. `--fix` masks it in a copy.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import pandas as pd

from ..finding import Finding, Material, Part, row_name
from ..personal import CANDIDATE, KINDS, card_holds, find_personal, masked, resident_id_holds
from ..values import known_cells

__all__ = ["check_personal", "mask_text"]

Rows: TypeAlias = dict[int, str]
"""Row -> its text."""
MOST, QUICK = 20_000, 200
"""Cells of a column that are read."""
LETTERS = 4_000
SHOWN = 70
OFTEN = 0.6
"""Share of a whole-number column that must be valid numbers of a kind; of random ones at most one in ten is."""
HEADS = {
    "name": r"(?:full|first|last|given|family|patient|customer|client|student|pupil|card ?holder|contact)? ?names?|surname|"
    r"forename|姓名|名字|患者姓名|客户姓名|学生姓名",
    "phone": r"(?:mobile|cell|home|work|contact)? ?(?:tele)?phone(?: ?(?:no|number))?|mobile(?: ?(?:no|number))?|tel|fax|电话|手机|"
    r"手机号码?|联系电话",
    "email": r"e ?mail(?: ?address)?|邮箱|电子邮件",
    "address": r"(?:home|postal|street|billing)? ?address(?: ?line ?\d)?|street|住址|地址|家庭住址",
    "birth_date": r"dob|date ?of ?birth|birth ?date|birthday|出生日期|生日",
    "ssn": r"ssn|social ?security(?: ?(?:no|number))?",
    "passport": r"passport(?: ?(?:no|number))?|护照号码?",
    "resident_id": r"身份证号?码?|identity ?card(?: ?(?:no|number))?",
}
"""Kind -> names of columns that hold nothing else."""


def mask_text(text: str) -> str:
    """A text with its personal data masked, as `--fix` does it."""
    return masked(text)


def check_personal(material: Material) -> list[Finding]:
    """Names, addresses and numbers of persons, in texts and as whole columns, in the data and in the test.

    Warn: what has a checksum or is introduced as personal data; note: what ordinary texts have, too (a title before a
    surname). Numbers in columns of whole numbers count only where most of the column are valid ones.
    """
    findings = []
    frames: tuple[tuple[Part, pd.DataFrame | None], ...] = (("data", material.raw), ("test", material.test_raw))
    for part, frame in frames:
        if frame is None:
            continue
        doubtful: dict[str, dict[str, Rows]] = defaultdict(dict)
        for name in map(str, frame.columns):
            whole = _headed(name, frame[name], part)
            findings += [whole] if whole is not None else _in_column(name, frame[name], part, material, doubtful)
        findings += [_doubtful(kind, fields, len(frame), part) for kind, fields in doubtful.items()]
    return findings


def _headed(name: str, column: pd.Series, part: Part) -> Finding | None:
    """A column whose name says that it holds nothing but personal data, and whose cells do not say otherwise."""
    plain = " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", name).split()).casefold()
    kind = next((one for one, words in HEADS.items() if re.fullmatch(words, plain)), None)
    known = known_cells(column)
    if kind is None or len(known) < 3 or known.nunique() < max(3, 0.3 * len(known)):
        return None
    if kind in ("name", "address", "email") and (pd.api.types.is_numeric_dtype(known) or _coded(known)):
        return None
    rows = tuple(int(row) for row in known.index) if part == "data" else ()
    return Finding(
        "personal",
        "warn",
        f"The column {name!r}{_of(part)} holds {KINDS[kind]} by its name ({len(known):,} cells).",
        f"Take the column out of the file, or empty it in a copy with --fix; a model must not read it (--ignore {name}).",
        count=len(known),
        total=len(column),
        rows=rows,
        part=part,
        field=name,
        figures={"kind": kind},
        fix="blank",
    )


def _coded(known: pd.Series) -> bool:
    """Codes such as C1029 rather than words."""
    some = known.astype(str).head(200)
    return bool(some.str.contains(r"\d").mean() > 0.5)


def _of(part: Part) -> str:
    return "" if part == "data" else " of the test"


def _in_column(
    name: str, column: pd.Series, part: Part, material: Material, doubtful: dict[str, dict[str, Rows]]
) -> list[Finding]:
    """What is sure, as findings; what is not goes into `doubtful`: kind -> column -> rows."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return []
    if pd.api.types.is_numeric_dtype(column):
        return list(_whole_numbers(name, column, part))
    sure: dict[str, Rows] = defaultdict(dict)
    unsure: dict[str, Rows] = defaultdict(dict)
    for row, text in _candidates(column, material):
        for span in find_personal(text):
            (sure if span.sure else unsure)[span.kind].setdefault(row, text)
    for kind, rows in unsure.items():
        if kind not in sure:
            doubtful[kind][name] = rows
    return [_found(name, kind, {**unsure.get(kind, {}), **sure[kind]}, column, part) for kind in KINDS if kind in sure]


def _candidates(column: pd.Series, material: Material) -> Iterator[tuple[int, str]]:
    """Cells that may hold something; a value that comes again is looked at for each of its rows."""
    limit = MOST if material.thorough else QUICK
    if len(column) > limit and not material.thorough:
        column = column.iloc[np.sort(np.random.default_rng(material.seed).choice(len(column), limit, replace=False))]
    known = column.dropna()
    texts = known[[isinstance(cell, str) for cell in known]] if known.dtype == object else known
    likely = texts[texts.astype("str").str.contains(CANDIDATE, regex=True).to_numpy(bool)] if len(texts) else texts
    if len(likely) > limit:
        likely = likely.iloc[np.sort(np.random.default_rng(material.seed).choice(len(likely), limit, replace=False))]
    for row, cell in likely.items():
        yield int(str(row)), str(cell)[:LETTERS]


def _found(name: str, kind: str, rows: Rows, column: pd.Series, part: Part) -> Finding:
    ordered = sorted(rows)
    return Finding(
        "personal",
        "warn",
        f"{len(rows):,} of {len(column):,} cells in {name!r}{_of(part)} hold {KINDS[kind]}, first {row_name(ordered[0])}.",
        "Mask them in a copy with --fix, or take them out where the records come from.",
        count=len(rows),
        total=len(column),
        rows=tuple(ordered),
        part=part,
        field=name,
        examples=tuple(f"{row_name(row)}: {_shown(rows[row], kind)}" for row in ordered[:3]),
        figures={"kind": kind},
        fix="mask",
    )


def _doubtful(kind: str, fields: dict[str, Rows], total: int, part: Part) -> Finding:
    """One note for all columns: ordinary texts have such things, too, so nothing is masked for it."""
    rows = sorted({row for one in fields.values() for row in one})
    said = ", ".join(f"{len(one):,} cells of {name!r}" for name, one in fields.items())
    name, first = next(iter(fields.items()))
    return Finding(
        "personal",
        "note",
        f"{said}{_of(part)} hold what looks like {KINDS[kind]}, such as {row_name(min(first))}.",
        "Look at some: problems about people and figures between blanks look the same.",
        count=len(rows),
        total=total,
        rows=tuple(rows),
        part=part,
        field=name if len(fields) == 1 else None,
        figures={"kind": kind, "cells": {one: len(found) for one, found in fields.items()}},
    )


def _shown(text: str, kind: str) -> str:
    """The masked text around the first mask of this kind."""
    said = " ".join(masked(text).split())
    place = max(0, said.find(f"[{kind.upper()}]") - SHOWN // 2)
    return ("…" if place else "") + said[place : place + SHOWN] + ("…" if place + SHOWN < len(said) else "")


def _whole_numbers(name: str, column: pd.Series, part: Part) -> Iterator[Finding]:
    """Card and identity numbers that were read as numbers."""
    known = column.dropna()
    some = known.head(500)
    if not len(some) or float(some.min()) < 1e12 or bool((some % 1 != 0).any()):
        return
    cells = [f"{int(cell)}" for cell in some]
    for kind, holds in (("card", card_holds), ("resident_id", resident_id_holds)):
        share = sum(map(holds, cells)) / len(cells)
        if share >= OFTEN:
            yield Finding(
                "personal",
                "warn",
                f"{100 * share:.0f} % of the numbers in {name!r}{_of(part)} are valid {KINDS[kind]}.",
                f"Take the column out of the file, or empty it in a copy with --fix (--ignore {name}).",
                count=len(known),
                total=len(column),
                rows=tuple(int(row) for row in known.index) if part == "data" else (),
                part=part,
                field=name,
                figures={"kind": kind, "valid": round(share, 3)},
                fix="blank",
            )
