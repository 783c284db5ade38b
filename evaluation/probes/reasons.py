"""Are the reasons that a run gives its reasons? Each is taken away again in another way, and beside others drawn by chance.

A reason is what `core.influence` says: a field, a statement of a text or a finding is taken away, and the log-odds of the
answer are compared. Two things are asked of reasons:

- validity: with something usual in the place of the first reason (the median, the most frequent value, a sentence beside the
  point) the score moves in the direction that the reason states;
- faithfulness: without the first reasons together the answer's probability falls further than without as many others drawn by
  chance (DeYoung et al. 2020, ACL: comprehensiveness).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.task import Field
from ..intervals import Interval, wilson
from ..view import View
from .pieces import Piece, pieces, usual_values, with_usual, without
from .sample import Sample, Version, answer_of, ask, belief, drawn, read_fields, with_column
from .wording import BESIDE_THE_POINT

__all__ = ["Reason", "Reasons", "reasons"]

Floats = NDArray[np.float64]
MOST_ROWS, MOST_PIECES, TOGETHER, STILL = 60, 480, 3, 1e-6
FEWEST_TO_COMPARE = 4
"""Pieces a record needs before the first are set beside others."""


@dataclass(frozen=True)
class Reason:
    """A piece of one record and what it does to the answer."""

    row: int
    piece: Piece
    effect: float
    """Log-odds of the answer with it, less those without it."""
    answer: int
    """Index of the answer."""


@dataclass(frozen=True)
class Reasons:
    """What was found of the reasons of some records."""

    listed: tuple[Reason, ...]
    validity: Interval
    """Share of records whose first reason holds in the other way too; NaN where none could be tried."""
    tried: int
    gap: Interval
    """Fall of the probability without the first reasons, less the fall without others; NaN for fewer than 10 records."""
    compared: int
    fall: float
    """Mean fall without the first reasons."""


def reasons(view: View) -> Reasons | None:
    """Reasons of at most 60 records and how they hold; None where the model gives no probabilities or reads no field."""
    fields = read_fields(view, "text", "category", "set", "number")
    if not view.probabilities or not fields:
        return None
    sample = drawn(view, MOST_ROWS)
    records: list[dict[str, Any]] = sample.records.to_dict("records")  # type: ignore[assignment]
    spots: list[tuple[int, Piece]] = []
    for row, record in enumerate(records):
        mine = [(row, piece) for piece in pieces(record, fields)]
        if len(spots) + len(mine) > MOST_PIECES:
            break
        spots += mine
    if not spots:
        return None
    gone = _version(sample, [(row, without(records[row], [piece])) for row, piece in spots], fields)
    said = ask(view, sample, {"gone": gone})["gone"]
    before = belief(said.before, said.before)
    effects = _log_odds(before) - _log_odds(belief(said.after, said.before))
    answers = answer_of(said.before)
    listed = tuple(
        Reason(row, piece, float(e), int(a)) for (row, piece), e, a in zip(spots, effects, answers, strict=True)
    )
    return _held(view, sample, records, fields, listed)


def _log_odds(p: Floats) -> Floats:
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(p) - np.log1p(-p))


def _version(sample: Sample, made: Sequence[tuple[int, dict[str, Any]]], fields: Sequence[Field]) -> Version:
    """Changed records as a frame with the types of the sample."""
    source = np.array([row for row, _ in made])
    frame: pd.DataFrame = sample.records.iloc[source].reset_index(drop=True)
    for field in fields:
        values = [record[field.name] for _, record in made]
        if field.kind == "number":
            values = [np.nan if value is None else value for value in values]
        frame = with_column(frame, field.name, values)
    return Version(frame, source)


def _held(
    view: View, sample: Sample, records: list[dict[str, Any]], fields: Sequence[Field], listed: tuple[Reason, ...]
) -> Reasons:
    usual = usual_values(sample.records if view.prepared is None else view.prepared.train, fields)
    random = np.random.default_rng((view.seed, 7))
    by_row: dict[int, list[Reason]] = {}
    for one in listed:
        by_row.setdefault(one.row, []).append(one)
    tried: list[tuple[int, dict[str, Any]]] = []
    stated: list[float] = []
    first: list[tuple[int, dict[str, Any]]] = []
    chance: list[tuple[int, dict[str, Any]]] = []
    for row, mine in by_row.items():
        strongest = max(mine, key=lambda one: abs(one.effect))
        sentence = BESIDE_THE_POINT[row % len(BESIDE_THE_POINT)]
        made = with_usual(records[row], strongest.piece, usual, sentence)
        if made is not None and abs(strongest.effect) > STILL:
            tried.append((row, made))
            stated.append(math.copysign(1.0, strongest.effect))
        for_it = sorted((one for one in mine if one.effect > STILL), key=lambda one: -one.effect)
        count = min(TOGETHER, len(for_it), len(mine) // 2)
        if len(mine) >= FEWEST_TO_COMPARE and count:
            others = [one.piece for one in mine if one not in for_it[:count]]
            picked = [others[at] for at in random.choice(len(others), count, replace=False)]
            first.append((row, without(records[row], [one.piece for one in for_it[:count]])))
            chance.append((row, without(records[row], picked)))
    parts = {"tried": tried, "first": first, "chance": chance}
    said = ask(view, sample, {name: _version(sample, made, fields) for name, made in parts.items() if made})
    fell = {name: belief(one.before, one.before) - belief(one.after, one.before) for name, one in said.items()}
    nothing = Interval(math.nan, math.nan, math.nan)
    validity, gap, fall = nothing, nothing, math.nan
    if tried:
        hits = int((np.array(stated) * fell["tried"] > 0).sum())
        validity = Interval(hits / len(tried), *wilson(hits, len(tried)))
    if len(first) >= 10:
        apart = fell["first"] - fell["chance"]
        half = 1.959963984540054 * float(apart.std(ddof=1)) / math.sqrt(len(apart))
        gap = Interval(float(apart.mean()), float(apart.mean()) - half, float(apart.mean()) + half)
        fall = float(fell["first"].mean())
    return Reasons(listed, validity, len(tried), gap, len(first), fall)
