"""What may have moved since the training rows: score, answers, label and every field, each with its stability index."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core.records import parse_set
from ..core.task import Field
from .canaries import without_canaries
from .measured import scored_rows
from .metrics.stability import Shift, category_counts, number_counts, shift
from .metrics.standard import answers, confidence
from .view import View

__all__ = ["Line", "compared_lines", "some_cells", "truth_names"]

MOST_SCORED = 300
"""Validation rows that the model is asked about."""
TOO_FEW = 30
MOST_TEXTS = 20_000


@dataclass(frozen=True)
class Line:
    """One thing that may have moved."""

    name: str
    what: str
    shift: Shift
    ks: float = math.nan
    """Kolmogorov-Smirnov distance of two samples of a number."""
    unseen: float = math.nan
    """Share of rows whose value no training row had."""
    missing: tuple[float, float] = (math.nan, math.nan)
    """Share of empty cells, training rows and now."""


def compared_lines(view: View) -> list[Line]:
    """Score, answer, label and every field."""
    prepared, scored = view.need_training_rows(), view.scored
    train = without_canaries(prepared)
    units = _units(view, train, scored.rows)
    found = []
    if view.predictor is not None:
        found += _score_lines(view)
    if scored.scores.ndim == 2 and scored.labels:
        then, now = train[view.schema.label].astype(str), truth_names(view)
        found.append(Line("label", "share of the true labels", shift(*category_counts(then, now), units)))
    elif scored.scores.ndim == 1:
        old, new = train[view.schema.label].to_numpy(np.float64), scored.truth.astype(np.float64)
        found.append(Line("label", "true values", shift(*number_counts(old, new), units), _ks(old, new)))
    for field in view.schema.fields:
        if field.kind != "time" and field.name in train.columns and field.name in scored.rows.columns:
            found.append(_field_line(field, train[field.name], scored.rows[field.name], units))
    return found


def _units(view: View, train: pd.DataFrame, rows: pd.DataFrame) -> tuple[int, int] | None:
    """Groups behind the training and the measured rows; None where rows are independent."""
    name = view.group
    if name is None or name not in train.columns:
        return None
    first, second = (int(part[name].nunique() + part[name].isna().sum()) for part in (train, rows))
    return first, second


def truth_names(view: View) -> pd.Series:
    """Name of the true label of each measured row, (n,); of one that the run never saw "a label never seen"."""
    names = np.array([*view.scored.labels, "a label never seen"], dtype=object)
    return pd.Series(names[view.scored.truth])


def _score_lines(view: View) -> list[Line]:
    """Score and answers, beside those of validation rows: of training rows a model is too sure to be compared with."""
    prepared, scored = view.need_training_rows(), view.scored
    assert view.predictor is not None
    rows = prepared.validation
    if len(rows) < TOO_FEW:
        return []
    if len(rows) > MOST_SCORED:
        rows = rows.iloc[np.sort(np.random.default_rng(view.seed).choice(len(rows), MOST_SCORED, replace=False))]
    view.say(f"scoring {len(rows):,} validation rows")
    then = scored_rows(view.task, view.schema, rows, view.predictor.predict(rows))
    units = _units(view, rows, scored.rows)
    if scored.scores.ndim == 1:
        old, new, what = then.scores, scored.scores, "predicted values"
    else:
        old, new = confidence(then), confidence(scored)
        what = "predicted risk" if scored.positive is not None else "probability of the likeliest answer"
    found = [Line("score", what, shift(*number_counts(old, new), units), _ks(old, new))]
    if scored.positive is None and scored.scores.ndim == 2 and scored.labels:
        counts = category_counts(pd.Series(answers(then)), pd.Series(answers(scored)))
        found.append(Line("answer", "share of the answers", shift(*counts, units)))
    return found


def _field_line(field: Field, then: pd.Series, now: pd.Series, units: tuple[int, int] | None) -> Line:
    missing = float(then.isna().mean()), float(now.isna().mean())
    name = field.words
    if field.kind == "number":
        old, new = (pd.to_numeric(part, errors="coerce").to_numpy(np.float64) for part in (then, now))
        return Line(name, "number", shift(*number_counts(old, new), units), _ks(old, new), missing=missing)
    if field.kind == "category":
        known = now.dropna()
        unseen = float((~known.isin(then.dropna().unique())).mean()) if len(known) else math.nan
        return Line(name, "category", shift(*category_counts(then, now), units), unseen=unseen, missing=missing)
    measure = _items if field.kind == "set" else _length
    what = "findings in a record" if field.kind == "set" else "length of the text in words"
    old, new = (np.array([measure(v) for v in some_cells(part)], dtype=np.float64) for part in (then, now))
    return Line(name, what, shift(*number_counts(old, new), units), _ks(old, new), missing=missing)


def some_cells(column: pd.Series) -> pd.Series:
    """At most 20,000 cells, drawn at random."""
    if len(column) <= MOST_TEXTS:
        return column
    return column.iloc[np.random.default_rng(0).choice(len(column), MOST_TEXTS, replace=False)]


def _length(cell: Any) -> float:
    return math.nan if cell is None or pd.isna(cell) else float(len(str(cell).split()))


def _items(cell: Any) -> float:
    return float(len(parse_set(cell))) if isinstance(cell, dict) or not pd.isna(cell) else math.nan


def _ks(old: NDArray[np.float64], new: NDArray[np.float64]) -> float:
    """Kolmogorov-Smirnov distance of two samples in [0, 1]; NaN when one is empty. Missing values are left out."""
    from scipy.stats import ks_2samp

    a, b = old[np.isfinite(old)], new[np.isfinite(new)]
    if not len(a) or not len(b):
        return math.nan
    found: Any = ks_2samp(a, b, method="asymp")
    return float(found.statistic)
