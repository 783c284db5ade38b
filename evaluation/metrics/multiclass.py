"""Metrics of a choice among k classes.

`y` is (n,) the index of the true class (-1: a class that the scores do not know), `pred` is (n,) the index of the
answer, `p` is (n, k) one score per class, probabilities where the docstring says so.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .ranking import recall_at_k

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "brier",
    "cohen_kappa",
    "confusion",
    "log_loss",
    "macro_f1",
    "mcc",
    "top_k",
]


def accuracy(y: ArrayLike, pred: ArrayLike) -> float:
    """Share of rows that are answered rightly.

    Range [0, 1], higher is better. NaN when there are no rows.
    """
    y, pred = np.asarray(y), np.asarray(pred)
    return float(np.mean(y == pred)) if len(y) else math.nan


def top_k(y: ArrayLike, p: ArrayLike, k: int) -> float:
    """Share of rows whose true class is among the k highest scores, ties in expectation.

    Range [0, 1], higher is better. NaN when there are no rows.
    """
    return recall_at_k(y, p, k)


def confusion(y: ArrayLike, pred: ArrayLike, k: int) -> NDArray[np.int64]:
    """Count the rows by true class (down) and answer (across); rows of unknown class are left out. Shape (k, k)."""
    y, pred = np.asarray(y, dtype=np.int64), np.asarray(pred, dtype=np.int64)
    known = y >= 0
    return np.bincount(y[known] * k + pred[known], minlength=k * k).reshape(k, k)


def macro_f1(y: ArrayLike, pred: ArrayLike, k: int) -> float:
    """F1 of each class, averaged over the classes that occur as truth or as answer.

    Range [0, 1], higher is better. NaN when there are no rows. Source: the macro average of scikit-learn.
    """
    y, pred = np.asarray(y, dtype=np.int64), np.asarray(pred, dtype=np.int64)
    if not len(y):
        return math.nan
    true = np.bincount(y[y >= 0], minlength=k)
    said = np.bincount(pred, minlength=k)
    hit = np.bincount(y[y == pred], minlength=k)
    there = true + said > 0
    return float(np.mean(2.0 * hit[there] / (true + said)[there]))


def balanced_accuracy(y: ArrayLike, pred: ArrayLike, k: int) -> float:
    """Recall of each class that occurs as truth, averaged.

    Range [0, 1], 1/k is guessing, higher is better. NaN when there are no rows.
    Source: Brodersen et al. (2010), ICPR.
    """
    table = confusion(y, pred, k)
    there = table.sum(axis=1) > 0
    return float(np.mean(np.diag(table)[there] / table.sum(axis=1)[there])) if there.any() else math.nan


def mcc(y: ArrayLike, pred: ArrayLike, k: int) -> float:
    """Matthews correlation of truth and answer, for k classes.

    Range [-1, 1], 0 is guessing or a constant answer, higher is better. NaN when the truth is one class or empty.
    Source: Gorodkin (2004), Computational Biology and Chemistry 28:367.
    """
    table = confusion(y, pred, k).astype(np.float64)
    n, hit = table.sum(), np.trace(table)
    true, said = table.sum(axis=1), table.sum(axis=0)
    spread_true, spread_said = n * n - true @ true, n * n - said @ said
    if n == 0 or spread_true == 0:
        return math.nan
    return float((hit * n - true @ said) / math.sqrt(spread_true * spread_said)) if spread_said > 0 else 0.0


def cohen_kappa(y: ArrayLike, pred: ArrayLike, k: int) -> float:
    """Agreement of truth and answer beyond chance.

    Range [-1, 1], 0 is chance, higher is better. NaN when both are one and the same class, or empty.
    Source: Cohen (1960), Educational and Psychological Measurement 20:37.
    """
    table = confusion(y, pred, k).astype(np.float64)
    n = table.sum()
    chance = float(table.sum(axis=1) @ table.sum(axis=0)) / (n * n) if n else 1.0
    return float((np.trace(table) / n - chance) / (1.0 - chance)) if chance < 1.0 else math.nan


def brier(y: ArrayLike, p: ArrayLike) -> float:
    """Half the squared distance between the probabilities and the truth, averaged over rows.

    The half makes it equal to the binary Brier score where k = 2. Range [0, 1], lower is better. NaN when there are
    no rows. Source: Brier (1950), Monthly Weather Review 78:1.
    """
    y = np.asarray(y, dtype=np.int64)
    return float(np.mean(brier_rows(y, p))) if len(y) else math.nan


def brier_rows(y: ArrayLike, p: ArrayLike) -> NDArray[np.float64]:
    """Half the squared distance of each row, (n,), in [0, 1]."""
    y, p = np.asarray(y, dtype=np.int64), np.nan_to_num(np.asarray(p, dtype=np.float64))
    square = (p * p).sum(axis=1)
    said = np.where(y >= 0, p[np.arange(len(y)), np.maximum(y, 0)], 0.0)
    return (square - 2.0 * said + 1.0) / 2.0  # type: ignore[no-any-return]


def log_loss(y: ArrayLike, p: ArrayLike) -> float:
    """Mean negative logarithm of the probability of the true class, in nats.

    Range [0, inf), lower is better; probabilities are kept at or above 1e-15. NaN when there are no rows.
    Source: Good (1952), Journal of the Royal Statistical Society B 14:107.
    """
    y = np.asarray(y, dtype=np.int64)
    return float(np.mean(log_loss_rows(y, p))) if len(y) else math.nan


def log_loss_rows(y: ArrayLike, p: ArrayLike) -> NDArray[np.float64]:
    """Negative logarithm of the true class's probability in each row, (n,), in [0, 34.6)."""
    y, p = np.asarray(y, dtype=np.int64), np.nan_to_num(np.asarray(p, dtype=np.float64))
    said = np.where(y >= 0, p[np.arange(len(y)), np.maximum(y, 0)], 0.0)
    return -np.log(np.clip(said, 1e-15, 1.0))  # type: ignore[no-any-return]
