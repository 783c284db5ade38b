"""Is a probability worth its name, and is it wise to answer?

`confidence` is (n,) a probability in [0, 1]; `correct` is (n,) bool, whether what it speaks of came true. For a yes/no
question these are the risk and the outcome, for k classes the highest probability and whether that answer was right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Bin",
    "accuracy_at_coverage",
    "area_under_risk_coverage",
    "bin_of",
    "brier_parts",
    "calibration_line",
    "ece",
    "ece_by_luck",
    "line_errors",
    "observed_expected",
    "observed_expected_interval",
    "population_stability",
    "reliability",
    "risk_coverage",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """Rows of similar confidence."""

    count: int
    confidence: float
    """Mean confidence, in [0, 1]."""
    observed: float
    """Share that came true, in [0, 1]."""


def bin_of(confidence: ArrayLike, bins: int = 15) -> NDArray[np.int64]:
    """Number of the equal-mass bin of each row, (n,); equal values share a bin, so there may be fewer than `bins`."""
    values = np.asarray(confidence, dtype=np.float64)
    if not len(values):
        return np.empty(0, dtype=np.int64)
    edges = np.unique(np.quantile(values, np.linspace(0.0, 1.0, bins + 1)[1:-1]))
    return np.searchsorted(edges, values, side="left").astype(np.int64)


def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> list[Bin]:
    """Equal-mass bins from the least to the most confident; empty where there are no rows."""
    values, outcome = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    place = bin_of(values, bins)
    return [
        Bin(int((place == b).sum()), float(values[place == b].mean()), float(outcome[place == b].mean()))
        for b in np.unique(place)
    ]


def ece(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> float:
    """Expected calibration error: mean gap between confidence and outcome over equal-mass bins, weighted by rows.

    Range [0, 1], lower is better; biased upwards on few rows. NaN when there are no rows.
    Source: Naeini et al. (2015), AAAI; equal-mass bins after Nixon et al. (2019).
    """
    values, outcome = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if not len(values):
        return math.nan
    gap = np.bincount(bin_of(values, bins), weights=outcome - values)
    return float(np.abs(gap).sum() / len(values))


def ece_by_luck(confidence: ArrayLike, bins: int = 15, draws: int = 1000, seed: int = 0) -> Floats:
    """Calibration errors that just as many perfectly calibrated rows would show, sorted, (draws,).

    Outcomes are drawn from the probabilities themselves; the sum of a bin is taken as normal, which is close from a dozen rows
    a bin on. An error above the upper end of these is more than luck. Empty where there are no rows. The idea is the
    consistency resampling of Bröcker and Smith (2007), Weather and Forecasting 22:651.
    """
    values = np.asarray(confidence, dtype=np.float64)
    if not len(values):
        return np.empty(0)
    spread = np.sqrt(np.bincount(bin_of(values, bins), weights=values * (1.0 - values)))
    drawn = np.random.default_rng(seed).normal(size=(draws, len(spread))) * spread
    return np.sort(np.abs(drawn).sum(axis=1) / len(values))


def brier_parts(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> tuple[float, float, float]:
    """Reliability (0 is best), resolution (more is better) and uncertainty of the Brier score.

    Over bins of equal mass; reliability - resolution + uncertainty is the Brier score of probabilities that are replaced by
    their bin's mean. NaN where there are no rows. Source: Murphy (1973), Journal of Applied Meteorology 12:595.
    """
    values, outcome = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if not len(values):
        return math.nan, math.nan, math.nan
    place = bin_of(values, bins)
    count = np.bincount(place)
    kept = count > 0
    n = count[kept]
    said = np.bincount(place, weights=values)[kept] / n
    came = np.bincount(place, weights=outcome)[kept] / n
    share = float(outcome.mean())
    reliable = float((n * (said - came) ** 2).sum() / len(values))
    resolved = float((n * (came - share) ** 2).sum() / len(values))
    return reliable, resolved, share * (1.0 - share)


def observed_expected(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Ratio of what came true to what was expected (O:E).

    Range [0, inf), 1 is best; above 1 the risk was underestimated. NaN when nothing was expected.
    Source: Steyerberg (2019), Clinical Prediction Models.
    """
    expected = float(np.sum(np.asarray(confidence, dtype=np.float64)))
    return float(np.sum(np.asarray(correct, dtype=np.float64))) / expected if expected > 0 else math.nan


def observed_expected_interval(confidence: ArrayLike, correct: ArrayLike) -> tuple[float, float]:
    """95 % interval of O:E for independent rows, on the log scale; (NaN, NaN) where nothing came true or was expected.

    Source: Debray et al. (2017), BMJ 356:i6460, with the variance of a share for what came true.
    """
    ratio = observed_expected(confidence, correct)
    outcome = np.asarray(correct, dtype=np.float64)
    if not math.isfinite(ratio) or ratio <= 0:
        return math.nan, math.nan
    half = 1.959963984540054 * math.sqrt(max(0.0, 1.0 - float(outcome.mean())) / float(outcome.sum()))
    return ratio * math.exp(-half), ratio * math.exp(half)


def line_errors(confidence: ArrayLike, correct: ArrayLike) -> tuple[float, float]:
    """Standard errors of the slope and the intercept of `calibration_line`, from its information matrix; NaN as there."""
    slope, intercept = calibration_line(confidence, correct)
    if not math.isfinite(slope):
        return math.nan, math.nan
    p = np.clip(np.asarray(confidence, dtype=np.float64), 1e-6, 1.0 - 1e-6)
    x = np.column_stack([np.log(p / (1.0 - p)), np.ones(len(p))])
    mean = 1.0 / (1.0 + np.exp(-np.clip(x @ np.array([slope, intercept]), -30.0, 30.0)))
    spread = np.sqrt(np.diag(np.linalg.inv(x.T @ (x * (mean * (1.0 - mean))[:, None]))))
    return float(spread[0]), float(spread[1])


def calibration_line(confidence: ArrayLike, correct: ArrayLike) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of the outcome on the logit of the confidence.

    Slope 1 and intercept 0 are best; a slope below 1 says that the probabilities are too extreme. (NaN, NaN) when the
    outcome or the confidence does not vary, or when it separates the outcome. Source: Cox (1958), Biometrika 45:562.
    """
    p = np.clip(np.asarray(confidence, dtype=np.float64), 1e-6, 1.0 - 1e-6)
    y = np.asarray(correct, dtype=np.float64)
    x = np.column_stack([np.log(p / (1.0 - p)), np.ones(len(p))])
    if not len(y) or y.min() == y.max() or np.ptp(x[:, 0]) < 1e-9:
        return math.nan, math.nan
    beta = np.array([0.0, math.log(y.mean() / (1.0 - y.mean()))])
    for _ in range(50):  # Newton steps; a separable outcome never settles
        mean = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30.0, 30.0)))
        curve = x.T @ (x * (mean * (1.0 - mean))[:, None])
        if np.linalg.cond(curve) > 1e12:
            return math.nan, math.nan
        step = np.linalg.solve(curve, x.T @ (y - mean))
        beta = beta + step
        if np.abs(step).max() < 1e-8:
            return float(beta[0]), float(beta[1])
    return math.nan, math.nan


def risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> tuple[Floats, Floats]:
    """Share of rows answered, and share of wrong answers among them, from the surest row to all rows.

    Two (n,) arrays; coverage rises to 1. Equal confidences are answered together in expectation.
    Source: El-Yaniv and Wiener (2010), JMLR 11:1605.
    """
    values, wrong = np.asarray(confidence, dtype=np.float64), 1.0 - np.asarray(correct, dtype=np.float64)
    if not len(values):
        return np.empty(0), np.empty(0)
    _, place, count = np.unique(-values, return_inverse=True, return_counts=True)
    share = (np.bincount(place, weights=wrong) / count)[place]
    order = np.argsort(-values, kind="stable")
    answered = np.arange(1, len(values) + 1)
    return answered / len(values), np.cumsum(share[order]) / answered


def area_under_risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Mean share of wrong answers over all coverages (AURC).

    Range [0, 1], lower is better. NaN when there are no rows. Source: Geifman and El-Yaniv (2017), NeurIPS.
    """
    _, risk = risk_coverage(confidence, correct)
    return float(risk.mean()) if len(risk) else math.nan


def accuracy_at_coverage(confidence: ArrayLike, correct: ArrayLike, coverage: float) -> float:
    """Share of right answers among the surest rows that make up `coverage` of all.

    Range [0, 1], higher is better. NaN when there are no rows.
    """
    share, risk = risk_coverage(confidence, correct)
    if not len(share):
        return math.nan
    return 1.0 - float(risk[min(len(risk) - 1, max(0, math.ceil(coverage * len(risk)) - 1))])


def population_stability(development: ArrayLike, now: ArrayLike, bins: int = 10) -> float:
    """Population stability index of a score: how far its distribution has moved since development.

    Range [0, inf), lower is better; below 0.10 stable, above 0.25 shifted; without any shift it is about
    (bins - 1)(1/n + 1/m). Bins are deciles of the development scores, shares floored at 1e-4. NaN when one is empty.
    Source: Siddiqi (2006), Credit Risk Scorecards.
    """
    old, new = np.asarray(development, dtype=np.float64), np.asarray(now, dtype=np.float64)
    if not len(old) or not len(new):
        return math.nan
    edges = np.unique(np.quantile(old, np.linspace(0.0, 1.0, bins + 1)[1:-1]))
    shares = [
        np.maximum(np.bincount(np.searchsorted(edges, part, side="left"), minlength=len(edges) + 1) / len(part), 1e-4)
        for part in (old, new)
    ]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))
