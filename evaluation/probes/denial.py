"""Does the model listen to a denial? The statement that decides an answer is found by taking it away, and then denied.

A model that reads "no chest pain" as chest pain gives the same answer to both; a model that listens moves about as far as when
the statement is not there at all, or further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..intervals import wilson
from ..view import View
from .negation import Statement, denials, statements
from .sample import Sample, Version, ask, belief, drawn, read_fields, with_column

__all__ = ["DECIDES", "FEWEST", "LISTENS", "Heard", "heard"]

DECIDES, LISTENS, FEWEST = 0.1, 0.25, 20
"""A statement decides when the answer's probability falls by the first without it; the model listens when the denial moves the
probability by at least the second part of that; with fewer such rows than the third nothing is said."""
MOST_ROWS, MOST_STATEMENTS = 200, 420


@dataclass(frozen=True)
class Heard:
    """How a model answers to denials."""

    rows: int
    """Records in which one statement decides."""
    asked: int
    """Records in which a statement was taken away."""
    share: float
    """Share of the rows in which the model listens, in [0, 1]; NaN for no rows."""
    low: float
    high: float
    """95 % interval of the share (Wilson)."""
    part: float
    """Median of the denial's effect as a part of the effect of leaving the statement out."""


def heard(view: View) -> Heard | None:
    """Take statements away, then deny the decisive one of each record, in the two ways of `negation.denials`.

    None where the task has no texts, is no classification, or no text states anything.
    """
    if view.task.kind != "classification" or not read_fields(view, "text"):
        return None
    sample = drawn(view, MOST_ROWS)
    spots = _spots(view, sample)
    if not spots:
        return None
    row = np.array([at for at, _, _ in spots])
    gone = _version(sample, [(at, name, one.removed(_text(sample, at, name))) for at, name, one in spots])
    said = ask(view, sample, {"gone": gone})["gone"]
    lost = belief(said.before, said.before) - belief(said.after, said.before)
    best = strongest(lost, row)
    asked = len(np.unique(row))
    if not len(best):
        nothing = float("nan")
        return Heard(0, asked, nothing, nothing, nothing, nothing)
    moved = _denied(view, sample, [spots[at] for at in best])
    listens = int((moved >= LISTENS * lost[best]).sum())
    part = float(np.median(moved / lost[best]))
    return Heard(len(best), asked, listens / len(best), *wilson(listens, len(best)), part)


def strongest(lost: NDArray[np.float64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each row the place of the statement whose loss weighs most, where that is enough to decide."""
    order = np.lexsort((-lost, row))
    first = order[np.unique(row[order], return_index=True)[1]]
    found: NDArray[np.int64] = first[lost[first] >= DECIDES]
    return found


def _text(sample: Sample, at: int, name: str) -> str:
    cell = sample.records[name].iloc[at]
    return cell if isinstance(cell, str) else ""


def _spots(view: View, sample: Sample) -> list[tuple[int, str, Statement]]:
    """(row, field, statement) of the first rows, up to the number that may be asked."""
    found: list[tuple[int, str, Statement]] = []
    names = [f.name for f in read_fields(view, "text")]
    for at in range(len(sample)):
        mine = [(at, name, one) for name in names for one in statements(_text(sample, at, name))]
        if len(found) + len(mine) > MOST_STATEMENTS:
            break
        found += mine
    return found


def _version(sample: Sample, cells: Sequence[tuple[int, str, str | None]]) -> Version:
    """One record for each (row, field, new text)."""
    source = np.array([at for at, _, _ in cells])
    frame: pd.DataFrame = sample.records.iloc[source].reset_index(drop=True)
    for name in {name for _, name, _ in cells}:
        pairs = zip(cells, frame[name], strict=True)
        frame = with_column(frame, name, [text if field == name else old for (_, field, text), old in pairs])
    return Version(frame, source)


def _denied(view: View, sample: Sample, spots: list[tuple[int, str, Statement]]) -> NDArray[np.float64]:
    """(n,) how far the answer's probability falls when a statement is denied, in the way that moves it more."""
    cells, of_spot = [], []
    for number, (at, name, one) in enumerate(spots):
        text = _text(sample, at, name)
        for words in denials(one.words):
            cells.append((at, name, one.replaced(text, words)))
            of_spot.append(number)
    said = ask(view, sample, {"denied": _version(sample, cells)})["denied"]
    fell = belief(said.before, said.before) - belief(said.after, said.before)
    moved = np.full(len(spots), -np.inf)
    np.maximum.at(moved, np.array(of_spot), fell)
    return moved
