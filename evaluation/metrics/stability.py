"""Has a distribution moved? The population stability index from counts, its noise floor, and whether chance explains it.

`old` and `new` are (B,) counts of rows in the same bins. The index itself is Σ (q − p) ln(q / p) over the shares, floored at
1e-4 (Siddiqi 2006, Credit Risk Scorecards); without any shift it is about (B − 1)(1/n + 1/m).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["Shift", "category_counts", "noise_floor", "number_counts", "shift", "shift_p", "stability_of_counts"]

Counts = NDArray[np.int64]
LEAST_IN_BIN = 20
"""Rows of the smaller sample that a bin should hold."""


def stability_of_counts(old: ArrayLike, new: ArrayLike) -> float:
    """Population stability index of binned rows.

    Range [0, inf), lower is better; below 0.10 stable, above 0.25 shifted. NaN when one side has no rows.
    """
    p, q = np.asarray(old, dtype=np.float64), np.asarray(new, dtype=np.float64)
    if not p.sum() or not q.sum():
        return math.nan
    p, q = np.maximum(p / p.sum(), 1e-4), np.maximum(q / q.sum(), 1e-4)
    return float(np.sum((q - p) * np.log(q / p)))


def noise_floor(bins: int, n: int, m: int) -> float:
    """Index to expect where nothing has moved: (bins − 1)(1/n + 1/m). NaN when one side has no rows."""
    return (bins - 1) * (1.0 / n + 1.0 / m) if n and m else math.nan


def shift_p(old: ArrayLike, new: ArrayLike) -> float:
    """p-value of no shift: Pearson's chi-squared test of two samples in the same bins.

    NaN where fewer than two bins have rows, or one side has none.

    Args:
        old: (B,) counts, which need not be whole numbers.
        new: (B,) counts.
    """
    from scipy.stats import chi2_contingency

    table = np.vstack([np.asarray(old, dtype=np.float64), np.asarray(new, dtype=np.float64)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or (table.sum(axis=1) == 0).any():
        return math.nan
    found: Any = chi2_contingency(table, correction=False)
    return float(found.pvalue)


@dataclass(frozen=True)
class Shift:
    """How far one distribution has moved."""

    psi: float
    floor: float
    """Index to expect without any shift."""
    p: float
    """p-value of no shift."""


def shift(old: Counts, new: Counts, groups: tuple[int, int] | None = None) -> Shift:
    """Index, noise floor and p-value of counts in the same bins; bins that are empty on both sides do not count.

    Args:
        old: (B,) counts.
        new: (B,) counts.
        groups: patients, pupils or cards behind the rows of both sides; floor and p-value then speak of so many
            independent cases instead of rows, which errs on the side of no shift.
    """
    held = (old + new) > 0
    old, new = old[held], new[held]
    sizes = int(old.sum()), int(new.sum())
    n, m = sizes if groups is None else (min(g, s) for g, s in zip(groups, sizes, strict=True))
    p = shift_p(old * (n / sizes[0]), new * (m / sizes[1])) if min(sizes) else math.nan
    return Shift(stability_of_counts(old, new), noise_floor(len(old), n, m), p)


def _bins(n: int, m: int, most: int) -> int:
    """As many bins as the smaller sample fills with 20 rows each, from 2 to `most`."""
    return max(2, min(most, min(n, m) // LEAST_IN_BIN))


def number_counts(old: ArrayLike, new: ArrayLike, most: int = 10) -> tuple[Counts, Counts]:
    """Rows in bins of equal mass of the old values; missing values (NaN) are a bin of their own, the last.

    Args:
        old: (n,) values of training rows.
        new: (m,) values now.
        most: bins where there are many rows; with few there are fewer.
    """
    a, b = np.asarray(old, dtype=np.float64), np.asarray(new, dtype=np.float64)
    known = a[np.isfinite(a)]
    cuts = np.linspace(0.0, 1.0, _bins(len(a), len(b), most) + 1)[1:-1]
    edges = np.unique(np.quantile(known, cuts)) if len(known) else np.empty(0)

    def counted(values: NDArray[np.float64]) -> Counts:
        finite = np.isfinite(values)
        place = np.where(finite, np.searchsorted(edges, np.where(finite, values, 0.0), side="left"), len(edges) + 1)
        return np.bincount(place, minlength=len(edges) + 2)

    return counted(a), counted(b)


def category_counts(old: pd.Series, new: pd.Series, most: int = 10) -> tuple[Counts, Counts]:
    """Rows with each of the frequent old values; rarer ones and unseen ones are one bin, missing values another.

    A value is frequent with at least 20 rows on the two sides together, as far as `most` goes.

    Args:
        old: (n,) values of training rows.
        new: (m,) values now.
        most: bins.
    """
    old, new = old.astype(object), new.astype(object)
    counts = old.value_counts()
    together = counts.add(new.value_counts(), fill_value=0)
    frequent = [v for v in counts.index if together[v] >= LEAST_IN_BIN][: max(1, most - 2)]
    place = {v: i for i, v in enumerate(frequent)}

    def counted(values: pd.Series) -> Counts:
        found = values.map(place).fillna(len(frequent))
        found = found.where(values.notna(), len(frequent) + 1)
        return np.bincount(found.to_numpy(np.int64), minlength=len(frequent) + 2)

    return counted(old), counted(new)
