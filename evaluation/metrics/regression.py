"""Metrics of a predicted number. `y` and `value` are (n,) in the unit of the label."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["mae", "r2", "rmse"]


def _errors(y: ArrayLike, value: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(value, dtype=np.float64) - np.asarray(y, dtype=np.float64)


def rmse(y: ArrayLike, value: ArrayLike) -> float:
    """Root mean squared error, in the unit of the label.

    Range [0, inf), lower is better. NaN when there are no rows.
    """
    error = _errors(y, value)
    return float(np.sqrt(np.mean(error**2))) if len(error) else math.nan


def mae(y: ArrayLike, value: ArrayLike) -> float:
    """Mean absolute error, in the unit of the label.

    Range [0, inf), lower is better. NaN when there are no rows.
    """
    error = _errors(y, value)
    return float(np.mean(np.abs(error))) if len(error) else math.nan


def r2(y: ArrayLike, value: ArrayLike) -> float:
    """Coefficient of determination: the share of the variance that is explained.

    Range (-inf, 1], 0 is always saying the mean of these rows, higher is better. NaN when the truth does not vary.
    """
    y, error = np.asarray(y, dtype=np.float64), _errors(y, value)
    spread = float(np.sum((y - y.mean()) ** 2)) if len(y) else 0.0
    return 1.0 - float(np.sum(error**2)) / spread if spread > 0 else math.nan
