"""Is a model as good for one group as for another? Rates by group, gaps, ratios, and whether chance would make them.

`code` is (n,) int, the group of each row, 0 to `count` - 1; -1 stands in no group. `flagged` is (n,) bool, the action is
taken; `y` is (n,) bool, the row is positive.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "GroupRates",
    "GroupTest",
    "difference_interval",
    "gap",
    "group_rates",
    "group_test",
    "lowest_ratio",
    "ratio_interval",
    "shuffled",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Z = 1.959963984540054
_LOOK, _ENOUGH = 99, 25
"""After so many shuffles, stop where so many were at least as far apart: the answer will be "chance"."""


@dataclass(frozen=True)
class GroupRates:
    """Counts of `count` groups, (count,) each; the rates follow from them."""

    rows: Ints
    positives: Ints
    hits: Ints
    """Positives that are flagged."""
    alarms: Ints
    """Negatives that are flagged."""

    @property
    def recall(self) -> Floats:
        """Share of the positives that are flagged (true positive rate), in [0, 1]; NaN without positives."""
        return _over(self.hits, self.positives)

    @property
    def false_alarm(self) -> Floats:
        """Share of the negatives that are flagged (false positive rate), in [0, 1]; NaN without negatives."""
        return _over(self.alarms, self.rows - self.positives)

    @property
    def selection(self) -> Floats:
        """Share of all rows that are flagged, in [0, 1]; NaN without rows."""
        return _over(self.hits + self.alarms, self.rows)


def _over(top: Ints, bottom: Ints) -> Floats:
    empty = np.full(len(top), math.nan)
    return np.asarray(np.divide(top, bottom, out=empty, where=bottom > 0), dtype=np.float64)


def group_rates(y: ArrayLike, flagged: ArrayLike, code: ArrayLike, count: int) -> GroupRates:
    """Count rows, positives, hits and false alarms of each group."""
    y, flagged = np.asarray(y).astype(bool), np.asarray(flagged).astype(bool)
    code = np.asarray(code, dtype=np.int64)

    def counted(mask: NDArray[np.bool_]) -> Ints:
        return np.bincount(code[mask & (code >= 0)], minlength=count).astype(np.int64)

    return GroupRates(counted(np.ones(len(y), bool)), counted(y), counted(y & flagged), counted(~y & flagged))


def gap(values: ArrayLike) -> float:
    """Largest less smallest of the defined values, at least 0, 0 is equal; NaN where fewer than two are defined.

    Of recalls this is the equal-opportunity gap, of false alarm rates the predictive-equality gap.
    Source: Hardt, Price and Srebro (2016), NeurIPS; Corbett-Davies et al. (2017), KDD.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.max() - known.min()) if len(known) > 1 else math.nan


def lowest_ratio(rates: ArrayLike) -> float:
    """Smallest rate over the largest, in [0, 1], 1 is equal; NaN where fewer than two are defined or the largest is 0.

    Of the shares that get the favourable decision this is the ratio of the four-fifths rule, which asks for 0.8 (Uniform
    Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D, 1978).
    """
    known = np.asarray(rates, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.min() / known.max()) if len(known) > 1 and known.max() > 0 else math.nan


def ratio_interval(hits: int, n: int, other_hits: int, other_n: int) -> tuple[float, float]:
    """95 % interval of the ratio of two shares, hits/n over other_hits/other_n, by the logarithm; ends in [0, inf).

    (NaN, NaN) where a share is 0 or has no rows. Source: Katz et al. (1978), Biometrics 34:469.
    """
    if min(hits, n, other_hits, other_n) <= 0:
        return math.nan, math.nan
    spread = _Z * math.sqrt((1 - hits / n) / hits + (1 - other_hits / other_n) / other_hits)
    middle = math.log(hits / n) - math.log(other_hits / other_n)
    return math.exp(middle - spread), math.exp(middle + spread)


def difference_interval(hits: int, n: int, other_hits: int, other_n: int) -> tuple[float, float]:
    """95 % interval of hits/n - other_hits/other_n from the two Wilson intervals, ends in [-1, 1].

    (NaN, NaN) where a share has no rows. Source: Newcombe (1998), Statistics in Medicine 17:873, method 10.
    """
    if min(n, other_n) <= 0:
        return math.nan, math.nan
    first, other = hits / n, other_hits / other_n
    (low, high), (other_low, other_high) = _wilson(first, n), _wilson(other, other_n)
    down = math.hypot(first - low, other_high - other)
    return first - other - down, first - other + math.hypot(high - first, other - other_low)


def _wilson(share: float, n: int) -> tuple[float, float]:
    middle = share + _Z * _Z / (2 * n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n))
    return (middle - half) / (1 + _Z * _Z / n), (middle + half) / (1 + _Z * _Z / n)


def shuffled(
    code: Ints, draw: np.random.Generator, strata: Ints | None = None, units: Ints | None = None
) -> Callable[[], Ints]:
    """Prepare the deal of the groups anew among the rows, each as often as before.

    Args:
        code: (n,) groups.
        draw: source of chance.
        strata: (n,) the groups are dealt only among rows of one stratum, such as one true label, so that a difference
            that lies in the labels is not taken for one of the model.
        units: (n,) 0 to u - 1, rows that belong together (one patient); where all of them are always of one group, whole
            units change it.

    Returns:
        A function that deals once, (n,).
    """
    n = len(code)
    firsts = np.unique(units, return_index=True)[1] if units is not None else np.arange(n)
    together = units is not None and bool((code[firsts][units] == code).all())
    place = firsts if together else np.arange(n)
    cards = code[place]
    layer = np.zeros(len(place), np.int64) if strata is None else strata[place]
    order = np.argsort(layer, kind="stable")

    def deal() -> Ints:
        dealt = np.empty_like(cards)
        dealt[order] = cards[np.lexsort((draw.random(len(cards)), layer))]
        return dealt[units] if together else dealt

    return deal


@dataclass(frozen=True)
class GroupTest:
    """What chance alone does to the figures of groups."""

    gap: float
    """Chance of a gap between best and worst as large as this one, in (0, 1]; NaN where it cannot be told."""
    worst: float
    """Chance that some group lies as many standard deviations behind the others as the furthest does, in (0, 1]."""
    deficit: Floats
    """(count,) how many standard deviations each group lies behind the others; NaN where undefined."""
    behind: Floats
    """(count,) the same in the unit of the figure: how much worse a group is than the others, less what chance gives a group
    of its size and labels; positive where it is worse."""
    shuffles: int
    """How often the groups were dealt anew."""


def group_test(values_of: Callable[[Ints], Floats], code: Ints, deal: Callable[[], Ints], shuffles: int) -> GroupTest:
    """Permutation test of equal figures: are the groups further apart than groups dealt by chance?

    Each group is set against the mean of the others (weighted by their rows) and against what such a difference is by
    chance, so that small groups may vary more. Where chance is plainly as good, it stops early. Source: Westfall and Young
    (1993), Resampling-Based Multiple Testing; Besag and Clifford (1991), Biometrika 78:301.

    Args:
        values_of: groups of the rows -> figure of each group, (count,), higher is better, NaN where undefined.
        code: (n,) groups.
        deal: what `shuffled` returns.
        shuffles: most shuffles; the smallest chance that can be told is 1 / (shuffles + 1).
    """
    own = values_of(code)
    sizes = np.bincount(code[code >= 0], minlength=len(own)).astype(np.float64)
    if not math.isfinite(gap(own)):
        return _nothing(len(own), 0)
    drawn: list[Floats] = []
    for number in range(shuffles):
        drawn.append(values_of(deal()))
        if number + 1 == _LOOK:
            early = _test(own, np.stack(drawn), sizes)
            if min(early.gap, early.worst) * (_LOOK + 1) > _ENOUGH:
                return early
    return _test(own, np.stack(drawn), sizes)


def _nothing(count: int, shuffles: int) -> GroupTest:
    return GroupTest(math.nan, math.nan, np.full(count, math.nan), np.full(count, math.nan), shuffles)


def _against_others(figures: Floats, sizes: Floats) -> Floats:
    """Weighted mean of the others less the own figure, (draws, groups); NaN where either is undefined."""
    there = np.isfinite(figures)
    weight = np.where(there, sizes, 0.0)
    sums = np.where(there, figures, 0.0) * weight
    rest = weight.sum(axis=1, keepdims=True) - weight
    mean = (sums.sum(axis=1, keepdims=True) - sums) / np.where(rest > 0, rest, math.nan)
    return np.asarray(mean - figures)


def _test(own: Floats, drawn: Floats, sizes: Floats) -> GroupTest:
    known = np.isfinite(own) & (np.isfinite(drawn).mean(axis=0) > 0.5)
    some = drawn[:, known]
    some = some[np.isfinite(some).sum(axis=1) > 1]
    if known.sum() < 2 or not len(some):
        return _nothing(len(own), len(drawn))
    behind, ours = _against_others(some, sizes[known]), _against_others(own[None, known], sizes[known])[0]
    middle, spread = np.nanmean(behind, axis=0), np.nanstd(behind, axis=0)
    spread = np.where(spread > 0, spread, math.inf)
    gaps = np.nanmax(some, axis=1) - np.nanmin(some, axis=1)
    # a hair of slack: equal figures that were summed in another order are not further apart
    wide = float((gaps >= gap(own[known]) - 1e-12).sum())
    furthest = ((ours - middle) / spread).max()
    deep = float((np.nanmax((behind - middle) / spread, axis=1) >= furthest - 1e-9).sum())
    deficit, fair = np.full(len(own), math.nan), np.full(len(own), math.nan)
    deficit[known], fair[known] = (ours - middle) / spread, ours - middle
    count = len(some) + 1
    return GroupTest((1 + wide) / count, (1 + deep) / count, deficit, fair, len(drawn))
