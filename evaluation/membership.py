"""Can it be told from a model's answer that it was trained on a record? The simplest attack, made honestly.

A model that has learnt rows by heart loses less on them than on rows it never saw. The attack takes the loss of each
record, less the loss of a simple reference model that saw none of the attacked records, so that records that are easy for
everybody do not count. Sources: Yeom et al. (2018), CSF; difficulty calibration after Watson et al. (2022), ICLR; true
positives at few false ones after Carlini et al. (2022), IEEE Symposium on Security and Privacy.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..core.task import Schema, Scored
from .delong import auroc_interval
from .features import LinearFeatures
from .intervals import Interval
from .metrics.standard import answers

__all__ = ["Attack", "attack", "hits", "identical_rows", "losses", "reference_scores", "tpr_at_fpr"]

Floats = NDArray[np.float64]
MOST_REFERENCE = 5000
"""Training rows that the reference learns from."""
MOST_COLUMNS = 100
"""Directions that the reference reads where there are more than ten labels, so that it is quick."""


@dataclass(frozen=True)
class Attack:
    """How well members and outsiders are told apart."""

    auroc: Interval
    """0.5: by chance; 1: every member is found."""
    tpr_1: float
    """Share of the members found where 1 % of the outsiders are wrongly named members; NaN for fewer than 100."""
    tpr_01: float
    """The same at 0.1 %; NaN for fewer than 1,000 outsiders."""


def losses(scored: Scored) -> Floats:
    """Loss of each row, (n,): minus the log probability of the truth, for values the absolute error; NaN where the true
    label is one that the run never saw."""
    if scored.scores.ndim == 1:
        return np.asarray(np.abs(scored.scores - scored.truth), dtype=np.float64)
    known = scored.truth >= 0
    chance = scored.scores[np.arange(len(scored)), np.where(known, scored.truth, 0)]
    return np.where(known, -np.log(np.clip(chance, 1e-12, 1.0)), math.nan)


def hits(scored: Scored) -> Floats:
    """Whether the likeliest label is the true one, (n,) 0 or 1; NaN throughout for values."""
    if scored.scores.ndim == 1:
        return np.full(len(scored), math.nan)
    return np.asarray(answers(scored) == scored.truth, dtype=np.float64)


def tpr_at_fpr(members: ArrayLike, outsiders: ArrayLike, rate: float) -> float:
    """Largest share of the members above a threshold that at most a share `rate` of the outsiders reach.

    Range [0, 1], lower is better for privacy; by chance it is `rate`. NaN where there are no members, or fewer outsiders
    than one false positive needs.

    Args:
        members: (m,) scores, higher for those taken for members.
        outsiders: (n,) scores.
        rate: false positive rate, in (0, 1).
    """
    inside, outside = np.asarray(members, dtype=np.float64), np.sort(np.asarray(outsiders, dtype=np.float64))[::-1]
    allowed = math.floor(rate * len(outside) + 1e-9)
    if not len(inside) or allowed < 1:
        return math.nan
    # strictly above the first outsider who is one too many
    return float((inside > outside[allowed]).mean()) if allowed < len(outside) else 1.0


def attack(members: Floats, outsiders: Floats) -> Attack:
    """Name those members whose loss is low; NaN losses are left out.

    Args:
        members: (m,) losses of training rows.
        outsiders: (n,) losses of rows that were not trained on.
    """
    inside, outside = -members[np.isfinite(members)], -outsiders[np.isfinite(outsiders)]
    member = np.r_[np.ones(len(inside), bool), np.zeros(len(outside), bool)]
    area = auroc_interval(member, np.r_[inside, outside])
    return Attack(area, tpr_at_fpr(inside, outside, 0.01), tpr_at_fpr(inside, outside, 0.001))


def identical_rows(schema: Schema, train: pd.DataFrame, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows whose fields all equal those of a training row, (n,) bool."""
    names = [f.name for f in schema.fields if f.name in train.columns and f.name in rows.columns]
    if not names:
        return np.zeros(len(rows), dtype=bool)
    # as text: an empty cell equals an empty cell, and 52 equals 52.0 where both are numbers
    known = pd.util.hash_pandas_object(train[names].astype(str), index=False)
    asked = pd.util.hash_pandas_object(rows[names].astype(str), index=False)
    return np.asarray(asked.isin(known))


def reference_scores(
    schema: Schema, kind: str, learnt: pd.DataFrame, rows: pd.DataFrame, labels: tuple[str, ...], seed: int = 0
) -> Floats | None:
    """Scores of a linear model that learnt from some rows, for other rows.

    Args:
        schema: fields and label.
        kind: of the task; a choice has no reference.
        learnt: rows to learn from; at most 5,000 of them, drawn with the seed.
        rows: (n,) rows to score, none of them among `learnt`.
        labels: (k,) names of the columns of the scores.
        seed: of the draw.

    Returns:
        (n, k) probabilities, a label without a row mixed in at 1e-3; (n,) values for regression; None where there is no
        reference: for a choice, and where fewer than 20 rows or a single label are left to learn from.
    """
    if kind not in ("classification", "regression") or len(learnt) < 20:
        return None
    if len(learnt) > MOST_REFERENCE:
        learnt = learnt.iloc[np.random.default_rng(seed).choice(len(learnt), MOST_REFERENCE, replace=False)]
    from sklearn.decomposition import TruncatedSVD
    from sklearn.linear_model import LogisticRegression, Ridge

    features = LinearFeatures(schema).fit(learnt)
    x, z = features.transform(learnt), features.transform(rows)
    if kind == "regression":
        return np.asarray(Ridge(1.0).fit(x, learnt[schema.label].to_numpy(np.float64)).predict(z), dtype=np.float64)
    y = learnt[schema.label].astype(str).to_numpy()
    names = np.unique(y)
    if len(names) < 2:
        return None
    if len(names) > 10 and x.shape[1] > MOST_COLUMNS:
        narrow = TruncatedSVD(min(MOST_COLUMNS, len(learnt) - 1), random_state=0).fit(x)
        x, z = narrow.transform(x), narrow.transform(z)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a reference that has not quite converged is still a reference
        chance = LogisticRegression(C=1.0, max_iter=300, random_state=0).fit(x, y).predict_proba(z)
    place = {name: i for i, name in enumerate(names)}
    scores = np.full((len(rows), len(labels)), 1e-3)
    for column, label in enumerate(labels):
        if label in place:
            scores[:, column] += chance[:, place[label]]
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))
