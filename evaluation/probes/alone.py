"""What one field alone says of the label, in rows it was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.task import Field
from ..delong import auroc_interval
from ..intervals import Interval, wilson
from ..view import View

__all__ = ["Alone", "alone"]

Floats = NDArray[np.float64]
MOST_ROWS, FOLDS, FEWEST = 20_000, 5, 10


@dataclass(frozen=True)
class Alone:
    """How well one field predicts the label by itself."""

    measure: str
    """What the figure is, in words."""
    figure: Interval
    chance: float
    """The figure without the field."""


def alone(view: View, field: Field) -> Alone | None:
    """Cross-validated on training rows: a shallow tree of a number, the labels seen with a value of a category.

    None for texts and sets, for tasks without labels to learn, and for fewer than 10 rows a label in all.

    Raises:
        NotComputed: there are no training rows.
    """
    train = view.need_training_rows().train
    if (
        field.kind not in ("number", "category")
        or view.task.kind != "classification"
        or field.name not in train.columns
    ):
        return None
    if len(train) > MOST_ROWS:
        train = train.iloc[np.sort(np.random.default_rng(view.seed).choice(len(train), MOST_ROWS, replace=False))]
    names, truth = np.unique(train[view.schema.label].astype(str).to_numpy(), return_inverse=True)
    if len(names) < 2 or len(truth) < FEWEST * len(names):
        return None
    fold = np.random.default_rng((view.seed, 5)).permutation(len(truth)) % FOLDS
    chance = _out_of_fold(train[field.name], field.kind == "number", truth, len(names), fold)
    if view.binary:
        place = names.tolist().index(str(view.scored.labels[view.scored.positive or 0]))
        return Alone("area under the ROC curve", auroc_interval(truth == place, chance[:, place]), 0.5)
    hits = int((chance.argmax(axis=1) == truth).sum())
    return Alone(
        "share of right labels",
        Interval(hits / len(truth), *wilson(hits, len(truth))),
        float(np.bincount(truth).max() / len(truth)),
    )


def _out_of_fold(
    column: pd.Series, number: bool, truth: NDArray[np.int64], labels: int, fold: NDArray[np.int64]
) -> Floats:
    """(n, labels) chances for each row, learnt from the rows of the other folds."""
    from sklearn.tree import DecisionTreeClassifier

    found = np.zeros((len(truth), labels))
    if number:
        x = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
        x = np.where(np.isfinite(x), x, np.nanmin(x, initial=0.0) - 1.0)[:, None]
    else:
        codes = pd.factorize(column.astype(object).where(column.notna(), "(missing)").astype(str))[0]
    for part in range(FOLDS):
        own, rest = fold == part, fold != part
        if number:
            tree = DecisionTreeClassifier(max_depth=4, min_samples_leaf=5, random_state=0).fit(x[rest], truth[rest])
            found[np.ix_(own, tree.classes_)] = tree.predict_proba(x[own])
            continue
        counts = np.zeros((int(codes.max(initial=0)) + 1, labels))
        np.add.at(counts, (codes[rest], truth[rest]), 1.0)
        counts += counts.sum(axis=0) / counts.sum()  # values not seen are given the shares of all
        found[own] = (counts / counts.sum(axis=1, keepdims=True))[codes[own]]
    return found
