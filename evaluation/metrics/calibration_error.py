"""The calibration error without the luck that inflates it, as one value a row, so that it can be resampled.

The gap between probability and outcome in a bin is never zero on few rows, and its size is what `ece` adds up: a perfectly
calibrated model shows an error, and a bootstrap of it shows more. Here the side on which the outcomes lie is learnt on one
half of the rows and the gap is measured on the other: where there is nothing to find the mean is zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["crossed_rows"]

Floats = NDArray[np.float64]
FIT_ROWS = 20_000
"""Rows that a curve of three weights is learnt from at most."""


def crossed_rows(confidence: ArrayLike, correct: ArrayLike, unit: ArrayLike | None = None, *, seed: int = 0) -> Floats:
    """Gap of each row, with the sign of the side on which the other half of the rows says that the outcomes lie.

    The mean of a line estimates the mean size of the calibration gap, in [-1, 1]: about zero for calibrated
    probabilities, slightly too low where the side is unsure, and hence the gap small. Each half learns a logistic
    recalibration: the log-odds, moved by a line in them or, where it fits better, a parabola (Cox 1958, Biometrika 45:562); the
    idea of the second half is cross-fitting (Chernozhukov et al. 2018, Econometrics Journal 21:C1).

    Args:
        confidence: (n,) probabilities in [0, 1].
        correct: (n,) bool, whether what they speak of came true.
        unit: (n,) numbers of the groups that stay in one half together; None: each row is its own.
        seed: of the ten divisions into halves.

    Returns:
        (10, n), one line for each division.
    """
    said, came = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    units = np.arange(len(said)) if unit is None else np.asarray(unit)
    signs = np.zeros((10, len(said)))
    odds = np.log(np.clip(said, 1e-6, 1 - 1e-6)) - np.log(np.clip(1 - said, 1e-6, 1 - 1e-6))
    scaled = np.clip((odds - odds.mean()) / (odds.std() + 1e-9), -2.5, 2.5) if len(odds) else odds
    design = np.stack([np.ones_like(scaled), scaled, scaled**2], axis=1)
    for number, line in enumerate(signs):
        random = np.random.default_rng((seed, number))
        half = (random.permutation(int(units.max(initial=-1)) + 1) % 2 == 0)[units]
        for learnt, told in ((half, ~half), (~half, half)):
            some = np.flatnonzero(learnt)
            if len(some) > FIT_ROWS:
                some = np.sort(random.choice(some, FIT_ROWS, replace=False))
            line[told] = np.sign(design[told] @ _moved(design[some], odds[some], came[some]))
    return signs * (came - said)


def _moved(design: Floats, odds: Floats, came: Floats) -> Floats:
    """Weights, (3,), by which the log-odds are moved; the bend stays out unless it pays for its weight (Akaike 1974)."""
    straight, plain = _fitted(design[:, :2], odds, came)
    bent, better = _fitted(design, odds, came)
    return bent if better - plain > 1.0 else np.append(straight, 0.0)


def _fitted(design: Floats, odds: Floats, came: Floats) -> tuple[Floats, float]:
    """Ridge logistic regression that starts from the log-odds as they are, by Newton steps of at most 1, and its log-likelihood."""
    weights = np.zeros(design.shape[1])
    for _ in range(12):
        share = 1 / (1 + np.exp(-np.clip(odds + design @ weights, -20, 20)))
        curve = np.maximum(share * (1 - share), 1e-6)
        step = np.linalg.solve(
            design.T @ (design * curve[:, None]) + np.eye(len(weights)), design.T @ (came - share) - weights
        )
        weights = weights + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-6:
            break
    share = np.clip(1 / (1 + np.exp(-np.clip(odds + design @ weights, -20, 20))), 1e-12, 1 - 1e-12)
    return weights, float(came @ np.log(share) + (1 - came) @ np.log(1 - share))
