"""The changed versions of records that the robustness section asks about, as `{key: (title, version)}`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.task import Field
from ..view import View
from . import negation, quantities, wording
from .sample import Sample, Version, changed_rows, read_fields, with_column, with_texts

__all__ = ["Change", "directions", "harmless", "hidden", "slipped", "told"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """One way to change records."""

    key: str
    title: str
    version: Version


def harmless(view: View, sample: Sample) -> list[Change]:
    """Changes that leave the meaning as it was: of texts and of numbers."""
    random = np.random.default_rng((view.seed, 1))
    texts: tuple[tuple[str, str, Callable[[str], str]], ...] = (
        ("typos", "a slip in a tenth of the words", lambda text: wording.typos(text, random)),
        ("upper_case", "all in capitals", str.upper),
        ("lower_case", "all in small letters", str.lower),
        ("spacing", "more blanks, each sentence on its own line", wording.spaced),
        ("irrelevant", "a sentence beside the point", lambda text: wording.with_beside_the_point(text, random)),
        ("order", "sentences in another order", lambda text: wording.reordered(text, random)),
    )
    found = []
    if read_fields(view, "text"):
        found = [
            Change(key, title, changed_rows(view, sample, with_texts(view, sample.records, change)))
            for key, title, change in texts
        ]
    frame = sample.records
    for field in read_fields(view, "number"):
        frame = with_column(frame, field.name, quantities.noisy(frame[field.name].to_numpy(np.float64), random))
    if frame is not sample.records:
        found.append(Change("noise", "every number 1 % larger or smaller", changed_rows(view, sample, frame)))
    return [one for one in found if len(one.version.source)]


def told(view: View, sample: Sample) -> list[Change]:
    """Texts that now say something else: a statement denied, a denial taken away."""
    ways = (
        ("negated", "the first statement denied", negation.first_denied),
        ("affirmed", "the first denial taken away", negation.first_affirmed),
    )
    found = [
        Change(key, title, changed_rows(view, sample, with_texts(view, sample.records, way)))
        for key, title, way in ways
    ]
    return [one for one in found if len(one.version.source)]


def _known(sample: Sample, field: Field, most: int, nonzero: bool = False) -> Ints:
    """The first rows of a sample in which a field has a value."""
    column = sample.records[field.name]
    there = column.notna().to_numpy(bool)
    if nonzero:
        there = there & (column.fillna(0.0).to_numpy(np.float64) != 0.0)
    return np.flatnonzero(there)[:most]


def hidden(view: View, sample: Sample, most: int, most_fields: int) -> list[Change]:
    """Each field hidden in turn, in at most `most` rows that have it; nothing for a model that reads one field alone."""
    fields = read_fields(view, "text", "category", "set", "number")
    if len(fields) < 2:
        return []
    found = []
    for field in fields[:most_fields]:
        place = _known(sample, field, most)
        if len(place):
            part = sample.records.iloc[place]
            gone = with_column(part, field.name, [np.nan if field.kind == "number" else None] * len(place))
            found.append(Change(field.name, field.words, Version(gone, place)))
    return found


@dataclass(frozen=True)
class Slipped:
    """One number of each record in a wrong unit."""

    change: Change
    plausible: NDArray[np.bool_]
    """(m,) the wrong value lies within the limits of its field, so that a check of ranges would let it pass."""


def slipped(view: View, sample: Sample) -> list[Slipped]:
    """One number of each record ten times too large, ten times too small, or in another usual unit of its field; which
    number goes round from record to record."""
    fields = read_fields(view, "number")
    titles = ("one number ten times too large", "one number ten times too small", "one number in another usual unit")
    found = []
    for way, (key, title) in enumerate(zip(("slip_up", "slip_down", "slip_unit"), titles, strict=True)):
        able = [f for f in fields if len(quantities.slips(f)) > way]
        pairs = [pair for at in range(len(sample)) if (pair := _turn(sample, able, at)) is not None]
        if not pairs:
            continue
        source = np.array([at for at, _ in pairs])
        frame, plausible = sample.records.iloc[source].reset_index(drop=True), np.ones(len(source), dtype=bool)
        for field in able:
            mine = np.array([one is field for _, one in pairs], dtype=bool)
            values = frame[field.name].to_numpy(np.float64).copy()
            values[mine] = quantities.slips(field)[way].apply(values[mine])
            plausible[mine] = quantities.in_range(field, values[mine])
            frame = with_column(frame, field.name, values)
        found.append(Slipped(Change(key, title, Version(frame, source)), plausible))
    return found


def _turn(sample: Sample, fields: Sequence[Field], row: int) -> tuple[int, Field] | None:
    """The field whose turn it is in a record, or the next one that has a value there."""
    for step in range(len(fields)):
        field = fields[(row + step) % len(fields)]
        value = float(sample.records[field.name].iloc[row])
        if np.isfinite(value) and value != 0.0:
            return row, field
    return None


def directions(view: View, sample: Sample, most: int, most_fields: int) -> dict[str, tuple[Field, Version]]:
    """Each number field a tenth larger (`FIELD+`) and a tenth smaller (`FIELD-`)."""
    found = {}
    for field in read_fields(view, "number")[:most_fields]:
        place = _known(sample, field, most, nonzero=True)
        if len(place):
            part: pd.DataFrame = sample.records.iloc[place]
            values = part[field.name].to_numpy(np.float64)
            for sign, step in (("+", 0.1), ("-", -0.1)):
                moved = with_column(part, field.name, values + step * np.abs(values))
                found[f"{field.name}{sign}"] = (field, Version(moved, place))
    return found
