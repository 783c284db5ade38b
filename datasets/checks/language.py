"""The scripts and languages of texts, and what a wrong decoding left in them.

problem   小明有 3 个苹果…         written in Han, which the default backbone does not read
note      chest pain â€“ Ã¼ber 2 h  'Ã¼' was 'ü' before the file was read in the wrong encoding
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..finding import Finding, Level, Material, Part, row_name
from .disguised import of_part
from .lengths import check_lengths, tokenizer
from .ranges import independence
from .scripts import CONTROL, HIDDEN, MARKUP, NAMES, language_of, main_script, mojibake

__all__ = ["check_lengths", "check_script"]

Ints = NDArray[np.int64]

TEXTS, QUICK_TEXTS = 20_000, 500
"""Texts of a field whose script and language are looked at."""
READ, QUICK_READ = 300_000, 6_000
"""Texts that are looked through for wrongly decoded characters."""
LETTERS, QUICK_LETTERS = 2_000, 500
MIXED = 0.02
"""Share of texts in a second script that is told."""
APART, SURE = 0.1, 1e-4
"""Smallest difference in the shares of scripts that is told, and largest p-value."""
FOREIGN = 0.05
"""Share of texts that the default backbone cannot read from which it is a warning."""


@dataclass(frozen=True)
class Texts:
    """Texts of one field in one file."""

    name: str
    part: Part
    cells: list[str]
    """n texts, at most 2,000 characters of each."""
    index: pd.Index
    """(n,) positions in the source."""
    main: Ints
    """(n,) the script of most letters; -1 where there are fewer than three letters."""

    @property
    def shares(self) -> NDArray[np.float64]:
        """(scripts,) share of the texts with letters."""
        known = self.main[self.main >= 0]
        shares: NDArray[np.float64] = np.bincount(known, minlength=len(NAMES)) / max(1, len(known))
        return shares

    def row(self, marked: Sequence[int] | Ints) -> str:
        """The first of some rows, as people count."""
        return row_name(self.index.tolist()[int(marked[0])])


def _texts(material: Material, name: str, part: Part, frame: pd.DataFrame) -> Texts:
    column = material.sample(frame, TEXTS, QUICK_TEXTS)[name]
    column = column[column.notna()]
    most = LETTERS if material.thorough else QUICK_LETTERS
    cells = [str(cell)[:most] for cell in column.tolist()]
    return Texts(name, part, cells, column.index, main_script(cells))


def check_script(material: Material) -> list[Finding]:
    """Scripts and languages of text fields, and traces of a wrong decoding.

    Warn: texts that the default backbone cannot read, scripts that differ between data and test, wrongly decoded
    characters, control characters. Note: a second script, invisible characters, markup.
    """
    findings, foreign = [], []
    for field in material.schema.of_kind("text"):
        data = _texts(material, field.name, "data", material.rows)
        findings += [*_mix(data), *_decoding(material, field.name, "data", material.rows)]
        foreign.append(_foreign(data, material))
        if material.test is not None and field.name in material.test:
            test = _texts(material, field.name, "test", material.test)
            findings += [*_scripts_differ(data, test), *_decoding(material, field.name, "test", material.test)]
    return findings + _unread([one for one in foreign if one is not None])


def _mix(texts: Texts) -> list[Finding]:
    shares = texts.shares
    order = np.argsort(-shares, kind="stable")
    second = order[1]
    marked = np.flatnonzero(texts.main == second)
    if shares[second] < MIXED or len(marked) < 3:
        return []
    said = ", ".join(f"{NAMES[one]} {shares[one]:.0%}" for one in order[:4] if shares[one] >= 0.005)
    return [
        Finding(
            "scripts",
            "note",
            f"The texts in {texts.name!r} are in {int((shares > 0).sum())} scripts ({said}), {NAMES[second]} first in "
            f"{texts.row(marked)}.",
            "Look at the report's figures for each script; a script with few rows is learnt poorly.",
            count=len(marked),
            total=len(texts.cells),
            rows=tuple(texts.index[marked[:1000]].tolist()),
            field=texts.name,
            figures={NAMES[one]: round(float(shares[one]), 4) for one in np.flatnonzero(shares)},
        )
    ]


def _scripts_differ(data: Texts, test: Texts) -> list[Finding]:
    table = np.array([np.bincount(one.main[one.main >= 0], minlength=len(NAMES)) for one in (data, test)])
    table = table[:, table.sum(0) > 0]
    if (table.sum(1) < 5).any() or table.shape[1] < 2:
        return []
    gap = np.abs(data.shares - test.shares)
    if gap.sum() / 2 < APART or independence(table) > SURE:
        return []
    most = int(gap.argmax())
    return [
        Finding(
            "scripts_differ",
            "warn",
            f"{data.shares[most]:.0%} of the texts in {data.name!r} are in {NAMES[most]}, but {test.shares[most]:.0%} of the "
            "test's.",
            "Find out which of the two is like the texts that the model will meet.",
            count=len(test.cells),
            total=len(test.cells),
            part="test",
            field=data.name,
            figures={"data": round(float(data.shares[most]), 4), "test": round(float(test.shares[most]), 4)},
        )
    ]


# -- what the default backbone reads ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Foreign:
    """Texts of a field that the default backbone, tuned on English, does not read."""

    name: str
    share: float
    language: str
    """A script or a language."""
    first: str
    """The first such row."""
    unknown: float | None
    """Share of their word pieces that the backbone does not know."""


def _foreign(texts: Texts, material: Material) -> Foreign | None:
    other = (texts.main > 0) & (texts.main != NAMES.index("Greek"))
    if other.sum() >= 3 and other.mean() >= FOREIGN:
        rows = np.flatnonzero(other)
        most = NAMES[int(np.bincount(texts.main[rows]).argmax())]
        unknown = _unknown_share([texts.cells[row] for row in rows[:200]]) if material.thorough else None
        return Foreign(texts.name, float(other.mean()), most, texts.row(rows), unknown)
    step = max(1, len(texts.cells) // (1_000 if material.thorough else 100))
    said = [language_of(cell) for cell in texts.cells[::step]]
    count = Counter(one for one in said if one not in (None, "English"))
    if sum(count.values()) < max(3, 2 * FOREIGN * len(said)):
        return None
    language = str(count.most_common(1)[0][0])
    row = said.index(language) * step
    return Foreign(texts.name, sum(count.values()) / len(said), language, texts.row([row]), None)


def _unknown_share(cells: list[str]) -> float | None:
    own = tokenizer()
    if own is None:
        return None
    unknown = own.token_to_id("[UNK]")
    ids: list[int] = [one for cell in cells for one in own.encode(cell, add_special_tokens=False).ids]
    return ids.count(unknown) / max(1, len(ids))


def _unread(found: list[Foreign]) -> list[Finding]:
    if not found:
        return []
    most = max(found, key=lambda one: one.share)
    others = [repr(one.name) for one in found if one is not most]
    also = f", as are texts in {', '.join(others)}" if others else ""
    unknown = f" ({most.unknown:.0%} of their pieces are unknown to it)" if most.unknown else ""
    return [
        Finding(
            "backbone_language",
            "warn",
            f"About {most.share:.0%} of the texts in {most.name!r} are in {most.language}, first in {most.first}{also}; the default "
            f"backbone 'minilm' reads English only{unknown}.",
            f"Name a backbone that was trained on {most.language} with --backbone.",
            field=most.name,
            figures={"share": round(most.share, 4), "language": most.language, "fields": [one.name for one in found]},
        )
    ]


# -- traces of a wrong decoding ---------------------------------------------------------------------------------------


def _decoding(material: Material, name: str, part: Part, frame: pd.DataFrame) -> list[Finding]:
    column = material.sample(frame, READ, QUICK_READ)[name]
    column = column[column.notna()]
    most = LETTERS if material.thorough else QUICK_LETTERS
    wrong, control, hidden, markup = {}, {}, {}, {}
    for row, whole in zip(column.index.tolist(), column.tolist(), strict=True):
        cell = str(whole)[:most]
        if not cell.isascii():
            if hits := mojibake(cell):
                wrong[row] = hits
            if hits := HIDDEN.findall(cell):
                hidden[row] = hits
        if not cell.isprintable() and (hits := CONTROL.findall(cell)):
            control[row] = hits
        if ("<" in cell or "&" in cell) and (hits := MARKUP.findall(cell)):
            markup[row] = hits
    found: tuple[tuple[str, Level, dict[int, list[str]], int, str, str], ...] = (
        (
            "mojibake", "warn", wrong, 1, "characters that were decoded wrongly",
            "Read the file in the encoding that it was written in (UTF-8), and write it anew.",
        ),
        (
            "control_characters", "warn", control, 1, "control characters",
            "Take them out, or read the file in its true encoding; they may be half of a wrongly read letter.",
        ),
        (
            "hidden_characters", "note", hidden, 1, "characters that cannot be seen",
            "Take them out: texts that look alike are not equal with them.",
        ),
        (
            "markup", "note", markup, 3, "markup of web pages",
            "Take it out where it says nothing: it costs tokens, and it may tell where a text came from.",
        ),
    )  # fmt: skip
    return [
        _traces(check, level, hits, words, remedy, name, part, len(column))
        for check, level, hits, fewest, words, remedy in found
        if len(hits) >= fewest
    ]


def _traces(
    check: str, level: Level, hits: dict[int, list[str]], words: str, remedy: str, name: str, part: Part, total: int
) -> Finding:
    rows = list(hits)
    shown = [repr(one) for one in dict.fromkeys(hit for row in rows[:50] for hit in hits[row])][:5]
    return Finding(
        check,
        level,
        f"{len(rows):,} of {total:,} texts in {name!r}{of_part(part)} hold {words}, such as {shown[0]} in "
        f"{row_name(rows[0])}.",
        remedy,
        count=len(rows),
        total=total,
        rows=tuple(rows),
        part=part,
        field=name,
        examples=tuple(f"{row_name(row)}: {', '.join(map(repr, hits[row][:3]))}" for row in rows[:5]),
        figures={"shown": shown},
    )
