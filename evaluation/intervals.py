"""How sure a measured value is: percentile bootstrap over rows, or over groups where rows of one group belong together.

Two models on the same rows are compared on the same resamples, so that what is hard for both cancels out.
Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapters 13 and 16; for groups Field and Welsh
(2007), Journal of the Royal Statistical Society B 69:369.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..core.task import Metric, Scored
from .metrics.calibration_error import crossed_rows
from .metrics.standard import AUROC, AVERAGE_PRECISION, ECE, GINI, KS, RowMean, confidence, right

__all__ = ["Interval", "Resamples", "difference_of", "ends", "interval", "paired_difference", "resampled", "wilson"]

Floats = NDArray[np.float64]
_CELLS = 2_000_000  # weights held at once: 16 MB
MANY = 200_000
"""Rows beyond which a figure is so nearly normal that its interval is taken from the spread of few draws."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval; NaN where it is undefined."""

    value: float
    low: float
    high: float


class Resamples:
    """The same draws for every metric and every model on n rows.

    Args:
        rows: n.
        groups: (n,) names of the groups to draw instead of rows; missing names are groups of their own.
        count: How many draws; to keep the work bounded, it is lowered (never below 200) for more than 20,000 rows,
            and from 2,000 rows on for metrics that must be computed anew for each draw. Beyond 200,000 rows there are 50
            draws, which tell the spread of a figure as well as 200 tell its percentiles.
        seed: Draw i is the same for the same seed, rows and groups.
    """

    def __init__(self, rows: int, groups: ArrayLike | None = None, count: int = 1000, seed: int = 0) -> None:
        self.rows, self.seed = rows, seed
        self.count = min(count, max(200, 20_000_000 // max(rows, 1)))
        self.slow = min(count, max(200, 2_000_000 // max(rows, 1)))
        if rows > MANY:
            self.count = self.slow = min(count, 50)
        if groups is None:
            self.code: NDArray[np.int64] | None = None
            self.units = rows
        else:
            code = pd.factorize(np.asarray(groups, dtype=object))[0].astype(np.int64)
            alone = np.flatnonzero(code < 0)
            code[alone] = code.max(initial=-1) + 1 + np.arange(len(alone))
            self.code, self.units = code, int(code.max(initial=-1)) + 1
            self._order = np.argsort(code, kind="stable")
            self._sizes = np.bincount(code, minlength=self.units)
            self._starts = np.cumsum(self._sizes) - self._sizes

    def _draw(self, number: int) -> NDArray[np.int64]:
        return np.random.default_rng((self.seed, number)).integers(self.units, size=self.units)

    def indices(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64] | None]]:
        """Row numbers of each draw, and for each row which draw of a group it belongs to (None without groups)."""
        for number in range(self.count):
            drawn = self._draw(number)
            if self.code is None:
                yield drawn, None
                continue
            sizes = self._sizes[drawn]
            before = np.cumsum(sizes) - sizes
            place = np.repeat(self._starts[drawn] - before, sizes) + np.arange(int(sizes.sum()))
            yield self._order[place], np.repeat(np.arange(self.units), sizes)

    def weights(self) -> Iterator[Floats]:
        """How often each row is drawn, in blocks of draws: arrays (block, n)."""
        block = max(1, _CELLS // max(self.rows, 1))
        for start in range(0, self.count, block):
            draws = range(start, min(start + block, self.count))
            counts = np.stack([np.bincount(self._draw(b), minlength=self.units) for b in draws]).astype(np.float64)
            yield counts if self.code is None else counts[:, self.code]


class _Drawn(Scored):
    """Drawn rows whose table is only cut when a metric asks for it, which most do not."""

    def __getattribute__(self, name: str) -> Any:
        own = object.__getattribute__(self, "__dict__")
        if name == "rows" and "cut" in own:
            own["rows"] = own.pop("cut")()
        return object.__getattribute__(self, name)


def _drawn(base: Scored, index: NDArray[np.int64], group: str | None, draw: NDArray[np.int64] | None) -> Scored:
    """Take rows lazily. A group that was drawn twice becomes two groups: its column gets the number of the draw, or a
    metric that counts cards or pupils would see fewer of them than there were.
    """

    def cut() -> pd.DataFrame:
        frame = base.rows.iloc[index]
        if group is None or draw is None or group not in frame.columns:
            return frame
        return frame.assign(**{group: draw})

    scored = object.__new__(_Drawn)
    scored.__dict__.update(base.__dict__)
    scored.__dict__.update(truth=base.truth[index], scores=base.scores[index], cut=cut)
    if base.abstained is not None:
        scored.__dict__["abstained"] = base.abstained[index]
    return scored


def resampled(metric: Metric, scored: Scored, resamples: Resamples, group: str | None = None) -> Floats:
    """Value of the metric on every draw, (count,), or (slow,) for a metric that must be computed anew for each; NaN
    where a draw leaves it undefined.

    `group` names the column whose values are renamed when a group is drawn twice.
    """
    if len(scored) == 0:
        return np.full(resamples.count, math.nan)
    if isinstance(metric.function, RowMean):
        values = metric.function.rows(scored)
        return np.concatenate([weights @ values / weights.sum(axis=1) for weights in resamples.weights()])
    if metric.function is ECE.function:
        return _calibration_errors(scored, resamples)
    if metric.function in _SORTED:
        work = _sorted_by_risk(scored)
        return np.concatenate([_SORTED[metric.function](*work(weights)) for weights in resamples.weights()])
    draws = islice(resamples.indices(), resamples.slow)
    return np.array([metric.function(_drawn(scored, index, group, draw)) for index, draw in draws])


def _calibration_errors(scored: Scored, resamples: Resamples) -> Floats:
    """Cross-fitted calibration error of each draw, (count,): a bootstrap of the error itself is biased upwards.

    The draws take one of the ten divisions into halves, or the mean of two, by turns: a row whose side is not sure then counts
    with three quarters of its spread, which is how much the error of calibrated models was seen to vary. How the divisions
    differ by chance is taken out.
    """
    gaps = crossed_rows(confidence(scored), right(scored), resamples.code)
    means = gaps.mean(axis=1)
    found: list[float] = []
    for weights in resamples.weights():
        for weight in weights:
            number = len(found)
            one, other = number % len(gaps), (number + 3) % len(gaps) if number // len(gaps) % 2 else number % len(gaps)
            value = weight @ (gaps[one] + gaps[other]) / weight.sum() - means[one] - means[other]
            found.append(float(value) / 2 + float(means.mean()))
    return np.array(found)


def _sorted_by_risk(scored: Scored) -> Callable[[Floats], tuple[Floats, Floats]]:
    """Prepare weights -> weight of positives and of negatives at each distinct risk, from the highest down."""
    order = np.argsort(-scored.risk, kind="stable")
    starts = np.flatnonzero(np.diff(scored.risk[order], prepend=math.inf))
    positive = scored.positives[order].astype(np.float64)

    def split(weights: Floats) -> tuple[Floats, Floats]:
        ranked = weights[:, order]
        true = np.add.reduceat(ranked * positive, starts, axis=1)
        return true, np.add.reduceat(ranked, starts, axis=1) - true

    return split


def _over(top: Floats, bottom: Floats) -> Floats:
    empty = np.full(np.broadcast(top, bottom).shape, math.nan)
    return np.asarray(np.divide(top, bottom, out=empty, where=bottom > 0))


def _auroc(true: Floats, false: Floats) -> Floats:
    above = np.cumsum(true, axis=1) - true / 2.0
    return _over((above * false).sum(axis=1), true.sum(axis=1) * false.sum(axis=1))


def _gini(true: Floats, false: Floats) -> Floats:
    return 2.0 * _auroc(true, false) - 1.0


def _average_precision(true: Floats, false: Floats) -> Floats:
    found = np.cumsum(true, axis=1)
    seen = found + np.cumsum(false, axis=1)
    return _over((true * found / np.maximum(seen, 1.0)).sum(axis=1), found[:, -1])


def _ks(true: Floats, false: Floats) -> Floats:
    up, down = np.cumsum(true, axis=1), np.cumsum(false, axis=1)
    both = (up[:, -1] > 0) & (down[:, -1] > 0)
    gap = np.abs(_over(up, up[:, -1:]) - _over(down, down[:, -1:]))
    return np.asarray(np.where(both, np.where(both[:, None], gap, 0.0).max(axis=1), math.nan))


_SORTED: dict[Callable[[Scored], float], Callable[[Floats, Floats], Floats]] = {
    AUROC.function: _auroc,
    GINI.function: _gini,
    AVERAGE_PRECISION.function: _average_precision,
    KS.function: _ks,
}


def ends(value: float, draws: Floats, resamples: Resamples) -> tuple[float, float]:
    """The 95 % interval of a value from its draws: their 2.5 and 97.5 %, or, beyond 200,000 rows, the value less and more
    1.96 of their standard deviations; NaN when more than half are undefined."""
    defined = draws[np.isfinite(draws)]
    if len(defined) * 2 < len(draws) or not len(defined):
        return math.nan, math.nan
    if resamples.rows > MANY:
        half = 1.959963984540054 * float(np.std(defined))
        return value - half, value + half
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(low), float(high)


def interval(metric: Metric, scored: Scored, resamples: Resamples, group: str | None = None) -> Interval:
    """Value of a metric with its 95 % interval.

    Where every row has the same value of a share (all right, all wrong) the bootstrap says nothing, and Wilson's
    interval for that many independent rows or groups is given. Of a calibration error the value is what the rows show,
    which luck inflates, and the interval is that of the error behind it, widened to hold the value.
    """
    value = metric.function(scored)
    if isinstance(metric.function, RowMean) and len(scored) and metric.low == 0.0 and metric.high == 1.0:
        values = metric.function.rows(scored)
        if values.min() == values.max() and values[0] in (0.0, 1.0):
            return Interval(value, *wilson(value * resamples.units, resamples.units))
    low, high = ends(value, resampled(metric, scored, resamples, group), resamples)
    if math.isnan(low):
        return Interval(value, low, high)
    if metric.function is ECE.function:
        low, high = min(low, value), max(high, value)
    return Interval(value, max(low, metric.low), min(high, metric.high))


def paired_difference(
    metric: Metric, ours: Scored, other: Scored, resamples: Resamples, group: str | None = None
) -> Interval:
    """Ours minus other on the same rows and the same draws, turned so that positive means that ours is better.

    Raises:
        ValueError: the two do not have the same number of rows.
    """
    if len(ours) != len(other):
        raise ValueError(f"{len(ours)} rows cannot be paired with {len(other)}; score the same rows with both")
    drawn = [resampled(metric, one, resamples, group) for one in (ours, other)]
    return difference_of(metric, ours, other, drawn[0], drawn[1], resamples)


def difference_of(
    metric: Metric, ours: Scored, other: Scored, drawn: Floats, drawn_other: Floats, resamples: Resamples
) -> Interval:
    """As `paired_difference`, from values on the same draws that are at hand already (`resampled`).

    For calibration errors the value is the difference without luck, as the two shown may be inflated unequally.
    """
    sign = 1.0 if metric.higher_is_better else -1.0
    draws = sign * (drawn - drawn_other)
    if metric.function is ECE.function:
        return Interval(float(np.mean(draws)), *ends(float(np.mean(draws)), draws, resamples))
    value = sign * (metric.function(ours) - metric.function(other))
    return Interval(value, *ends(value, draws, resamples))


def wilson(successes: float, count: float) -> tuple[float, float]:
    """95 % interval of a share, in [0, 1]; (NaN, NaN) for no rows. Source: Wilson (1927), JASA 22:209."""
    if count <= 0:
        return math.nan, math.nan
    z, share = 1.959963984540054, successes / count
    middle = share + z * z / (2.0 * count)
    half = z * math.sqrt(share * (1.0 - share) / count + z * z / (4.0 * count * count))
    scale = 1.0 + z * z / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
