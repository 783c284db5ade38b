"""The headline figure of groups of rows: its value, its interval, how far one group is from the rest, and chance.

For many rows, intervals come from some of them (10,000, or 4,000 for a metric of several labels, which takes longer) and
are narrowed by the root of the share (the m-out-of-n bootstrap; Bickel, Götze and van Zwet 1997, Statistica Sinica 7:1),
and the permutation test looks at as many.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core.task import Metric, Scored
from .group_columns import Groups
from .intervals import Interval, Resamples, interval, resampled
from .metrics.groups import GroupTest, group_test, shuffled
from .metrics.standard import RowMean

__all__ = ["GroupFigures"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DRAWS, SHUFFLES = 400, 399
FEW_DRAWS, FEW_SHUFFLES = 200, 199
"""For a metric that needs the records themselves, which takes a hundred times as long."""
MOST_DRAWN, MOST_DRAWN_SLOW = 10_000, 4_000
NO_TABLE = pd.DataFrame()
"""Stands in for the records where a metric needs none: making one for each shuffle takes longer than the metric."""


class GroupFigures:
    """One metric on the groups of scored rows.

    Args:
        metric: the headline.
        scored: the measured rows.
        group: column whose values are drawn together in a bootstrap.
        stratified: deal groups only among rows of one true label in the permutation test, so that a group is not called
            worse because its labels are harder.
        seed: of every draw.
    """

    def __init__(self, metric: Metric, scored: Scored, group: str | None, stratified: bool, seed: int = 0) -> None:
        self.metric, self.scored, self.group, self.stratified, self.seed = metric, scored, group, stratified, seed
        self.sign = 1.0 if metric.higher_is_better else -1.0
        self.value = float(metric.function(scored))

    @cached_property
    def _rows(self) -> Floats | None:
        """(n,) value of each row where the metric is their mean."""
        return self.metric.function.rows(self.scored) if isinstance(self.metric.function, RowMean) else None

    @cached_property
    def _units(self) -> Ints | None:
        """(n,) number of what each row belongs to, such as a patient; a missing name is one of its own."""
        if self.group is None:
            return None
        units = pd.factorize(self.scored.rows[self.group])[0].astype(np.int64)
        alone = np.flatnonzero(units < 0)
        units[alone] = units.max(initial=-1) + 1 + np.arange(len(alone))
        return units

    @cached_property
    def _bare(self) -> bool:
        """The metric needs truth and scores only, so that no table has to be cut."""
        few = np.arange(min(len(self.scored), 2000))
        try:
            return bool(np.isclose(self._of(few, bare=True), self._of(few, bare=False), equal_nan=True))
        except Exception:  # a metric of a third party may fail in any way without its columns
            return False

    def _part(self, index: Ints, bare: bool) -> Scored:
        if not bare:
            return self.scored.take(index)
        own = self.scored
        held = None if own.abstained is None else own.abstained[index]
        return Scored(
            own.truth[index], own.scores[index], own.labels, NO_TABLE, own.positive, own.threshold, held, own.offsets
        )

    def _of(self, index: Ints, *, bare: bool) -> float:
        return float(self.metric.function(self._part(index, bare)))

    def values(self, code: Ints, count: int, index: Ints | None = None) -> Floats:
        """Figure of each group, (count,); NaN where undefined.

        Args:
            code: groups of the rows, (n,) or those of `index`.
            count: how many groups.
            index: the rows that are looked at; all by default.
        """
        if self._rows is not None:
            rows = self._rows if index is None else self._rows[index]
            inside = code >= 0
            sums = np.bincount(code[inside], rows[inside], count)
            sizes = np.bincount(code[inside], minlength=count)
            return np.asarray(np.divide(sums, sizes, out=np.full(count, math.nan), where=sizes > 0))
        found = np.full(count, math.nan)
        for place in range(count):
            member = np.flatnonzero(code == place)
            if len(member):
                found[place] = self._of(member if index is None else index[member], bare=self._bare)
        return found

    def _some(self, index: Ints, most: int) -> Ints:
        if len(index) <= most:
            return index
        return np.sort(np.random.default_rng(self.seed).choice(index, most, replace=False))

    def _draws(self, index: Ints) -> tuple[float, Floats]:
        """Value of the rows, and how far each bootstrap draw is from it."""
        value, some = self._of(index, bare=self._bare), self._some(index, self._most)
        part = self._part(some, bare=self._bare)
        units = None if self._units is None else self._units[some]
        draws = resampled(self.metric, part, Resamples(len(some), units, self._count, self.seed), self._group_name)
        middle = value if len(some) == len(index) else self._of(some, bare=self._bare)
        return value, (draws - middle) * math.sqrt(len(some) / len(index))

    def interval(self, member: NDArray[np.bool_]) -> Interval:
        """Figure of some rows with its 95 % bootstrap interval."""
        index = np.flatnonzero(member)
        if len(index) <= self._most:  # with the exception for figures that are all 0 or all 1
            units = None if self._units is None else self._units[index]
            part = self._part(index, bare=self._bare)
            return interval(self.metric, part, Resamples(len(index), units, self._count, self.seed), self._group_name)
        value, draws = self._draws(index)
        return Interval(value, *_percentiles(value + draws))

    @property
    def _quick(self) -> bool:
        """No records have to be cut for a draw."""
        return self._bare or self._rows is not None

    @property
    def _most(self) -> int:
        """Rows that are drawn from."""
        return MOST_DRAWN if self._rows is not None or self.scored.positive is not None else MOST_DRAWN_SLOW

    @property
    def _count(self) -> int:
        return DRAWS if self._quick else FEW_DRAWS

    @property
    def _group_name(self) -> str | None:
        return None if self._bare else self.group

    def against_rest(self, member: NDArray[np.bool_]) -> Interval:
        """Figure of some rows less that of all others, with its 95 % interval; negative where the rows are worse."""
        value, draws = self._draws(np.flatnonzero(member))
        other, other_draws = self._draws(np.flatnonzero(~member))
        count = min(len(draws), len(other_draws))
        difference = self.sign * (value - other)
        return Interval(difference, *_percentiles(difference + self.sign * (draws[:count] - other_draws[:count])))

    def test(self, groups: Groups) -> GroupTest:
        """Could chance set these groups as far apart?"""
        index = self._some(np.flatnonzero(groups.code >= 0), self._most)
        code, count = groups.code[index], len(groups.names)
        strata = np.asarray(self.scored.truth)[index].astype(np.int64) if self.stratified else None
        units = None if self._units is None else np.unique(self._units[index], return_inverse=True)[1]
        deal = shuffled(code, np.random.default_rng(self.seed), strata, units)
        figures: Callable[[Ints], Floats] = lambda dealt: self.sign * self.values(dealt, count, index)  # noqa: E731
        return group_test(figures, code, deal, SHUFFLES if self._quick else FEW_SHUFFLES)


def _percentiles(draws: Floats) -> tuple[float, float]:
    known = draws[np.isfinite(draws)]
    if not len(known) or 2 * len(known) < len(draws):
        return math.nan, math.nan
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
