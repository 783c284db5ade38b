"""Metrics of a yes/no question: who is ranked above whom, and what a threshold costs.

`y` is (n,) bool or 0/1, True where the row is positive; `s` is (n,) any score that grows with the risk; `p` is (n,) a
probability in [0, 1]; `flagged` is (n,) bool, True where the action is taken.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "auroc",
    "average_precision",
    "brier",
    "brier_skill",
    "expected_cost",
    "false_alarm_rate",
    "gini",
    "ks",
    "log_loss",
    "negative_predictive_value",
    "net_benefit",
    "precision_at",
    "recall_at",
    "roc_points",
    "specificity_at",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def _bools(y: ArrayLike) -> Bools:
    return np.asarray(y).astype(bool)


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def auroc(y: ArrayLike, s: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties counted half.

    Range [0, 1], 0.5 is guessing, higher is better. NaN when there is no positive or no negative.
    Source: Hanley and McNeil (1982), Radiology 143:29.
    """
    y, s = _bools(y), _floats(s)
    positive, negative = np.sort(s[y]), np.sort(s[~y])
    if not len(positive) or not len(negative):
        return math.nan
    below = np.searchsorted(negative, positive, side="left") + np.searchsorted(negative, positive, side="right")
    return float(below.sum() / (2.0 * len(positive) * len(negative)))


def gini(y: ArrayLike, s: ArrayLike) -> float:
    """Gini coefficient (accuracy ratio) of a score, 2 AUROC - 1.

    Range [-1, 1], 0 is guessing, higher is better. NaN when one class is missing.
    Source: Basel Committee, Working Paper 14 (2005).
    """
    return 2.0 * auroc(y, s) - 1.0


def _thresholds(y: Bools, s: Floats) -> tuple[Floats, Floats, Floats]:
    """Positives and negatives at or above each distinct score, from the highest score down."""
    order = np.argsort(-s, kind="stable")
    ranked, hits = s[order], y[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    true = np.cumsum(hits)[last].astype(np.float64)
    return true, last + 1.0 - true, ranked[last]


def roc_points(y: ArrayLike, s: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """False alarm rate, recall and threshold at each distinct score, from (0, 0) to (1, 1).

    Three arrays of one length; the first threshold is infinite. Empty arrays when one class is missing.
    """
    y, s = _bools(y), _floats(s)
    if not y.any() or y.all():
        return np.empty(0), np.empty(0), np.empty(0)
    true, false, cut = _thresholds(y, s)
    start = np.zeros(1)
    return np.append(start, false / false[-1]), np.append(start, true / true[-1]), np.append(np.inf, cut)


def average_precision(y: ArrayLike, s: ArrayLike) -> float:
    """Average precision: the sum over thresholds of the gain in recall times the precision there, no interpolation.

    Range [0, 1], the share of positives is guessing, higher is better. NaN when there is no positive.
    Source: Davis and Goadrich (2006), ICML; the step-wise sum of scikit-learn.
    """
    y, s = _bools(y), _floats(s)
    if not y.any():
        return math.nan
    true, false, _ = _thresholds(y, s)
    gain = np.diff(true, prepend=0.0) / true[-1]
    return float(np.sum(gain * true / (true + false)))


def ks(y: ArrayLike, s: ArrayLike) -> float:
    """Kolmogorov-Smirnov distance: the largest gap between the score distributions of the two classes.

    Range [0, 1], 0 is guessing, higher is better. NaN when one class is missing.
    Source: Basel Committee, Working Paper 14 (2005).
    """
    y, s = _bools(y), _floats(s)
    if not y.any() or y.all():
        return math.nan
    true, false, _ = _thresholds(y, s)
    return float(np.abs(true / true[-1] - false / false[-1]).max())


def brier(y: ArrayLike, p: ArrayLike) -> float:
    """Brier score: mean squared distance between the probability and what happened.

    Range [0, 1], lower is better. NaN when there are no rows. Source: Brier (1950), Monthly Weather Review 78:1.
    """
    y, p = _bools(y), _floats(p)
    return float(np.mean((p - y) ** 2)) if len(y) else math.nan


def brier_skill(y: ArrayLike, p: ArrayLike) -> float:
    """Brier score set against always saying the share of positives: 1 - Brier / (share (1 - share)).

    Range (-inf, 1], 0 is that constant, higher is better. NaN when one class is missing.
    Source: Murphy (1973), Journal of Applied Meteorology 12:595.
    """
    y = _bools(y)
    share = float(np.mean(y)) if len(y) else 0.0
    return 1.0 - brier(y, p) / (share * (1.0 - share)) if 0.0 < share < 1.0 else math.nan


def log_loss(y: ArrayLike, p: ArrayLike) -> float:
    """Mean negative logarithm of the probability given to what happened, in nats.

    Range [0, inf), lower is better; probabilities are kept 1e-15 away from 0 and 1. NaN when there are no rows.
    Source: Good (1952), Journal of the Royal Statistical Society B 14:107.
    """
    y, p = _bools(y), np.clip(_floats(p), 1e-15, 1.0 - 1e-15)
    return float(-np.mean(np.where(y, np.log(p), np.log1p(-p)))) if len(y) else math.nan


def recall_at(y: ArrayLike, flagged: ArrayLike) -> float:
    """Recall (sensitivity): the share of positives that are flagged.

    Range [0, 1], higher is better. NaN when there is no positive.
    """
    y, flagged = _bools(y), _bools(flagged)
    return float(flagged[y].mean()) if y.any() else math.nan


def specificity_at(y: ArrayLike, flagged: ArrayLike) -> float:
    """Specificity: the share of negatives that are not flagged.

    Range [0, 1], higher is better. NaN when there is no negative.
    """
    y = _bools(y)
    return 1.0 - false_alarm_rate(y, flagged)


def false_alarm_rate(y: ArrayLike, flagged: ArrayLike) -> float:
    """False positive rate: the share of negatives that are flagged.

    Range [0, 1], lower is better. NaN when there is no negative.
    """
    return recall_at(~_bools(y), flagged)


def precision_at(y: ArrayLike, flagged: ArrayLike) -> float:
    """Precision (positive predictive value): the share of flagged rows that are positive.

    Range [0, 1], higher is better. NaN when nothing is flagged.
    """
    return recall_at(flagged, y)


def negative_predictive_value(y: ArrayLike, flagged: ArrayLike) -> float:
    """Share of rows left alone that are indeed negative.

    Range [0, 1], higher is better. NaN when everything is flagged.
    """
    return recall_at(~_bools(flagged), ~_bools(y))


def expected_cost(y: ArrayLike, flagged: ArrayLike, fn_cost: float = 1.0, fp_cost: float = 1.0) -> float:
    """Mean cost of a row: `fn_cost` for each missed positive, `fp_cost` for each false alarm.

    Range [0, max(fn_cost, fp_cost)], lower is better. NaN when there are no rows.
    Source: Elkan (2001), IJCAI.
    """
    y, flagged = _bools(y), _bools(flagged)
    return float(np.mean(fn_cost * (y & ~flagged) + fp_cost * (~y & flagged))) if len(y) else math.nan


def net_benefit(y: ArrayLike, p: ArrayLike, threshold: float) -> float:
    """Net benefit of acting from `threshold` on: TP/n - FP/n * t/(1-t), in true positives per row.

    Range (-inf, 1], 0 is acting on nobody, higher is better. NaN when there are no rows.
    Source: Vickers and Elkin (2006), Medical Decision Making 26:565.
    """
    y, flagged = _bools(y), _floats(p) >= threshold
    if not len(y):
        return math.nan
    return float(np.mean(y & flagged) - np.mean(~y & flagged) * threshold / (1.0 - threshold))
