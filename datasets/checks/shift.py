"""Whether a model can tell the test from the data: adversarial validation.

    data  2018, Latin texts, amounts in EUR      a held-out model tells the two apart with an area of 0.93
    test  2021, amounts in cents                 mostly by 'amount' (0.91)

Where it can, a score on the test says how the model does on other records than those it was tuned on. That may be what
is wanted (later records, another hospital) or a fault of the export; a person must say which.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.task import Field
from ..finding import Finding, Level, Material
from .columns import item_codes
from .features import (
    auroc,
    auroc_error,
    category_codes,
    character_grams,
    folds,
    held_out_rates,
    held_out_ridge,
    number_codes,
    stacked,
)

__all__ = ["check_shift"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST, QUICK = 5_000, 400
"""Rows of each part that are looked at."""
TEXTS, QUICK_TEXTS = 1_000, 200
LETTERS = 500
FEWEST = 30
TELLS, SURE = 0.6, 3.0
"""Area beyond which, by three standard errors, the parts differ."""
NAMED = 0.58


@dataclass(frozen=True)
class Column:
    """How well one column tells the parts apart."""

    name: str
    held_out: Floats
    """(n,) held-out share of the test among rows like this one."""
    rows: Ints
    """(n,) positions that were scored, of both parts one after the other."""
    area: float


def check_shift(material: Material) -> list[Finding]:
    """Tell the test from the data by a held-out model of all columns that are read.

    Warn where the area under its ROC curve is above 0.6 by three standard errors (Hanley and McNeil 1982); a note where
    the rows are ordered by time, because later records differ. The columns that tell most are named with their areas.
    """
    if material.test is None or len(material.test) < FEWEST or len(material.rows) < FEWEST:
        return []
    data = material.sample(material.rows, MOST, QUICK)
    test = material.sample(material.test, MOST, QUICK)
    side = np.repeat([0, 1], [len(data), len(test)]).astype(np.int64)
    fold, other = folds(side, seed=material.seed), folds(side, seed=material.seed + 1)
    columns = []
    for field in material.schema.fields:
        if field.name in data and field.name in test:
            both = pd.concat([data[field.name], test[field.name]], ignore_index=True)
            columns.append(_column(field, both, side, fold, material))
    if not columns:
        return []
    whole = [one for one in columns if len(one.rows) == len(side)]
    area = max(one.area for one in columns)
    if whole:
        area = max(area, auroc(stacked([_two(one.held_out) for one in whole], side, 2, other)[:, 1], side == 1))
    beyond = area - SURE * auroc_error(area, len(test), len(data))
    if not beyond > TELLS:
        return []
    return [_finding(area, columns, data, test, material)]


def _two(share: Floats) -> Floats:
    return np.stack([1 - share, share], 1)


def _column(field: Field, both: pd.Series, side: Ints, fold: Ints, material: Material) -> Column:
    rows = np.arange(len(both))
    if field.kind == "text":
        most = TEXTS if material.thorough else QUICK_TEXTS
        draw = np.random.default_rng(material.seed)
        picked = [
            draw.choice(np.flatnonzero(side == one), min(most, int((side == one).sum())), replace=False)
            for one in (0, 1)
        ]
        rows = np.sort(np.concatenate(picked))
        texts = [str(cell)[:LETTERS] if isinstance(cell, str) else "" for cell in both.iloc[rows]]
        grams = character_grams(texts, sizes=(1, 4), width=1 << 18)
        share = held_out_ridge(grams.matrix, side[rows], 2, folds(side[rows], seed=material.seed))[:, 1]
        share = np.clip(share, 0.001, 0.999)
    elif field.kind == "set":
        parts = [held_out_rates(codes, side, 2, fold) for codes in item_codes(both).values()]
        share = np.clip(stacked(parts, side, 2, fold)[:, 1], 0.001, 0.999) if parts else np.full(len(both), 0.5)
    else:
        codes = number_codes(both) if field.kind == "number" else category_codes(both)
        share = held_out_rates(codes, side, 2, fold)[:, 1]
    return Column(field.name, share, rows, auroc(share, side[rows] == 1))


def _finding(area: float, columns: list[Column], data: pd.DataFrame, test: pd.DataFrame, material: Material) -> Finding:
    by_time = material.schema.time is not None or material.task.split.by == "time"
    strong = sorted((one for one in columns if one.area >= NAMED), key=lambda one: -one.area)[:3]
    named = ", ".join(f"{one.name!r} ({one.area:.2f})" for one in strong)
    level: Level = "note" if by_time and area < 0.9 else "warn"
    return Finding(
        "shift",
        level,
        f"A held-out model tells the test from the data with an area under the ROC curve of {area:.2f}"
        f"{f', mostly by {named}' if named else ''}.",
        "Find out whether the model will meet records like the data or like the test; where a column was exported in two "
        "ways, export it again.",
        count=len(test),
        total=len(test),
        field=strong[0].name if strong else None,
        figures={"area": round(area, 4), "columns": {one.name: round(one.area, 4) for one in columns},
                 "rows": [len(data), len(test)]},
    )  # fmt: skip
