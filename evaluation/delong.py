"""The area under the ROC curve with an interval that needs no resampling, and the test of two areas on the same rows.

Sources: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837; the algorithm by ranks is that of Sun and Xu (2014),
IEEE Signal Processing Letters 21:1389. A million rows take about a second. Rows must be independent: where several rows
belong to one patient, pupil or card, draw groups instead (`intervals.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .intervals import Interval

__all__ = ["PairedAreas", "auroc_interval", "paired_areas"]

Floats = NDArray[np.float64]
Z = 1.959963984540054


@dataclass(frozen=True)
class PairedAreas:
    """Two areas on the same rows."""

    difference: Interval
    """First minus second, with its 95 % interval."""
    p: float
    """Two-sided p-value of no difference; 1 where both order the rows alike."""


def _components(positive: NDArray[np.bool_], score: Floats) -> tuple[float, Floats, Floats]:
    """Area, and the structural components of the positives and of the negatives."""
    from scipy.stats import rankdata

    m, n = int(positive.sum()), int((~positive).sum())
    ranks = rankdata(score)
    of_positives = (ranks[positive] - rankdata(score[positive])) / n
    of_negatives = 1.0 - (ranks[~positive] - rankdata(score[~positive])) / m
    return float(of_positives.mean()), of_positives, of_negatives


def auroc_interval(y: ArrayLike, s: ArrayLike) -> Interval:
    """Area under the ROC curve with its 95 % interval, symmetrical on the logit scale so that it stays in [0, 1].

    Args:
        y: (n,) bool, positives.
        s: (n,) scores, higher for positives.

    Returns:
        NaN where one class has no row; an interval of NaN where one class has a single row. Where the area is exactly 0
        or 1, the open end comes from the rule of three (Hanley and Lippman-Hand 1983) on the smaller class.
    """
    positive, score = np.asarray(y, dtype=bool), np.asarray(s, dtype=np.float64)
    m, n = int(positive.sum()), int((~positive).sum())
    if not m or not n:
        return Interval(math.nan, math.nan, math.nan)
    area, v10, v01 = _components(positive, score)
    if min(m, n) < 2:
        return Interval(area, math.nan, math.nan)
    spread = math.sqrt(v10.var(ddof=1) / m + v01.var(ddof=1) / n)
    if area in (0.0, 1.0):
        edge = min(0.5, 3.0 / min(m, n))
        return Interval(area, 1.0 - edge, 1.0) if area == 1.0 else Interval(area, 0.0, edge)
    middle, half = math.log(area / (1.0 - area)), Z * spread / (area * (1.0 - area))
    low, high = (1.0 / (1.0 + math.exp(-min(700.0, max(-700.0, x)))) for x in (middle - half, middle + half))
    return Interval(area, low, high)


def paired_areas(y: ArrayLike, first: ArrayLike, second: ArrayLike) -> PairedAreas:
    """Difference of two areas on the same rows, with interval and p-value; NaN where one class has fewer than two rows."""
    from scipy.stats import norm

    positive = np.asarray(y, dtype=bool)
    m, n = int(positive.sum()), int((~positive).sum())
    if min(m, n) < 2:
        return PairedAreas(Interval(math.nan, math.nan, math.nan), math.nan)
    a, a10, a01 = _components(positive, np.asarray(first, dtype=np.float64))
    b, b10, b01 = _components(positive, np.asarray(second, dtype=np.float64))
    spread = math.sqrt(max(0.0, (a10 - b10).var(ddof=1) / m + (a01 - b01).var(ddof=1) / n))
    gap = a - b
    p = 1.0 if spread == 0.0 and gap == 0.0 else 0.0 if spread == 0.0 else float(2 * norm.sf(abs(gap) / spread))
    return PairedAreas(Interval(gap, gap - Z * spread, gap + Z * spread), p)
