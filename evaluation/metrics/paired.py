"""Two models on the same rows: is the difference more than luck? Tests on answers and on bootstrap draws.

Holm's correction keeps the chance of one false "different" among all comparisons of a table at the level of each.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["bootstrap_p", "discordant", "holm", "mcnemar"]


def discordant(right: ArrayLike, other: ArrayLike) -> tuple[int, int]:
    """Count the rows that only the first model, and only the other, answered rightly.

    Args:
        right, other: (n,) bool, the same rows.
    """
    ours, theirs = np.asarray(right).astype(bool), np.asarray(other).astype(bool)
    return int((ours & ~theirs).sum()), int((theirs & ~ours).sum())


def mcnemar(only_first: int, only_other: int) -> float:
    """Two-sided p of McNemar's exact test: where one model alone was right, was it each of the two as often?

    Range (0, 1], small means that the two differ; 1 where no row is answered rightly by one alone. Rows must be
    independent. Source: McNemar (1947), Psychometrika 12:153.
    """
    from scipy.stats import binomtest

    count = only_first + only_other
    return float(binomtest(only_first, count).pvalue) if count else 1.0


def bootstrap_p(draws: ArrayLike) -> float:
    """Two-sided p of "no difference" from paired bootstrap differences: the level at which their interval reaches zero.

    Range (0, 1]; with B draws never below 2/(B + 1). For fewer than 99 draws, which are made of very many rows only, the
    normal tail beyond their mean in standard deviations. NaN where more than half of the draws are undefined, as for the
    interval. Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, on intervals and tests.

    Args:
        draws: (B,) differences.
    """
    values = np.asarray(draws, dtype=np.float64)
    known = values[np.isfinite(values)]
    if not len(known) or 2 * len(known) < len(values):
        return math.nan
    if len(known) < 99:
        spread = float(np.std(known))
        return math.erfc(abs(float(np.mean(known))) / (spread * math.sqrt(2.0))) if spread > 0 else 1.0
    side = 1 + min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2.0 * side / (len(known) + 1))


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p values of several tests, (m,), in [0, 1]; undefined ones stay NaN and do not count.

    Source: Holm (1979), Scandinavian Journal of Statistics 6:65.
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, math.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    steps = values[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
