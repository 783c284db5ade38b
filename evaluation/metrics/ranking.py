"""Metrics of a ranked list: where does the right candidate stand?

`y` is (n,) the index of the right candidate (-1: it is not among them), `scores` is (n, k), higher is better, NaN where
a row has fewer candidates. Equal scores are taken in random order and the expected value is given, so that a constant
score earns chance and nothing more.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["mean_reciprocal_rank", "recall_at_k", "recall_rows", "reciprocal_rank_rows", "standing"]


def standing(y: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the candidates above the right one and those level with it (itself included), two (n,) arrays.

    Level is 0 where the right candidate is missing.
    """
    y, scores = np.asarray(y, dtype=np.int64), np.asarray(scores, dtype=np.float64)
    own = scores[np.arange(len(y)), np.maximum(y, 0)][:, None]
    known = y >= 0
    above = np.where(known, (scores > own).sum(axis=1), scores.shape[1])
    level = np.where(known, (scores == own).sum(axis=1), 0)
    return above.astype(np.int64), level.astype(np.int64)


def recall_rows(y: ArrayLike, scores: ArrayLike, k: int) -> NDArray[np.float64]:
    """Chance that the right candidate is among the first k of each row, (n,)."""
    above, level = standing(y, scores)
    return np.where(level > 0, np.clip((k - above) / np.maximum(level, 1), 0.0, 1.0), 0.0)


def recall_at_k(y: ArrayLike, scores: ArrayLike, k: int) -> float:
    """Share of rows whose right candidate is among the first k.

    Range [0, 1], higher is better. NaN when there are no rows.
    """
    return float(np.mean(recall_rows(y, scores, k))) if len(np.asarray(y)) else math.nan


def reciprocal_rank_rows(y: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Expected 1/rank of the right candidate of each row, (n,); 0 where it is missing."""
    above, level = standing(y, scores)
    width = int((above + level).max(initial=0))
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, width + 1))])
    return np.where(level > 0, (harmonic[above + level] - harmonic[above]) / np.maximum(level, 1), 0.0)


def mean_reciprocal_rank(y: ArrayLike, scores: ArrayLike) -> float:
    """Mean of 1/rank of the right candidate.

    Range [0, 1], higher is better. NaN when there are no rows. Source: Voorhees (1999), TREC-8.
    """
    return float(np.mean(reciprocal_rank_rows(y, scores))) if len(np.asarray(y)) else math.nan
