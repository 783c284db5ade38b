"""Shares of rows with bounds that hold for few rows too, and the test of a grade's probability of default."""

from __future__ import annotations

import math

__all__ = ["clopper_pearson", "jeffreys_interval", "jeffreys_p"]


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval of a share (Clopper and Pearson 1934, Biometrika 26:404), in [0, 1]; (0, 1) for no rows."""
    from scipy.stats import beta

    if n <= 0:
        return 0.0, 1.0
    tail = (1.0 - level) / 2.0
    low = float(beta.ppf(tail, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1.0 - tail, hits + 1, n - hits)) if hits < n else 1.0
    return low, high


def jeffreys_interval(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Equal-tailed interval of a share under Jeffreys' prior Beta(½, ½), in [0, 1].

    Source: Brown, Cai and DasGupta (2001), Statistical Science 16:101; at 0 and n hits the outer end is 0 or 1.
    """
    from scipy.stats import beta

    tail = (1.0 - level) / 2.0
    low = float(beta.ppf(tail, hits + 0.5, n - hits + 0.5)) if hits else 0.0
    high = float(beta.ppf(1.0 - tail, hits + 0.5, n - hits + 0.5)) if hits < n else 1.0
    return low, high


def jeffreys_p(defaults: int, n: int, expected: float) -> float:
    """One-sided p-value that a grade's probability of default is not too low (the Jeffreys test of supervisors).

    The posterior of the true rate under Beta(½, ½) is Beta(defaults + ½, n − defaults + ½); the p-value is its mass at or
    below the expected rate. Small values say that more defaulted than was expected. Source: ECB, Instructions for reporting
    the validation results of internal models (2019), section 2.5.3.1.

    Args:
        defaults: defaults in the grade.
        n: rows in the grade; 0 gives NaN.
        expected: mean predicted probability of the grade, in [0, 1].
    """
    from scipy.stats import beta

    return float(beta.cdf(expected, defaults + 0.5, n - defaults + 0.5)) if n > 0 else math.nan
