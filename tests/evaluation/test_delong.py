"""DeLong's variance against a direct count of pairs, scikit-learn, and what must hold of any rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from verticals.evaluation.delong import auroc_interval, paired_areas


def by_pairs(y: np.ndarray, s: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """The definition: every positive against every negative."""
    up, down = s[y], s[~y]
    kernel = (up[:, None] > down[None, :]) + 0.5 * (up[:, None] == down[None, :])
    return float(kernel.mean()), kernel.mean(1), kernel.mean(0)


def drawn(seed: int, n: int = 80) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = random.random(n) < 0.4
    first = np.round(random.normal(size=n) + y, 1)  # rounded: ties
    return y, first, np.round(0.6 * first + random.normal(size=n), 1)


@pytest.mark.parametrize("seed", range(5))
def test_area_and_variance_are_those_of_the_definition(seed: int) -> None:
    y, s, _ = drawn(seed)
    area, v10, v01 = by_pairs(y, s)
    variance = v10.var(ddof=1) / y.sum() + v01.var(ddof=1) / (~y).sum()
    found = auroc_interval(y, s)
    assert found.value == pytest.approx(roc_auc_score(y, s), abs=1e-12)
    assert found.value == pytest.approx(area, abs=1e-12)
    half = 1.959963984540054 * math.sqrt(variance) / (area * (1 - area))
    middle = math.log(area / (1 - area))
    assert found.low == pytest.approx(1 / (1 + math.exp(half - middle)), abs=1e-12)
    assert found.high == pytest.approx(1 / (1 + math.exp(-half - middle)), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_paired_difference_is_that_of_the_definition(seed: int) -> None:
    y, s, t = drawn(seed)
    (a, a10, a01), (b, b10, b01) = by_pairs(y, s), by_pairs(y, t)
    spread = math.sqrt((a10 - b10).var(ddof=1) / y.sum() + (a01 - b01).var(ddof=1) / (~y).sum())
    found = paired_areas(y, s, t)
    assert found.difference.value == pytest.approx(a - b, abs=1e-12)
    assert found.difference.high - found.difference.low == pytest.approx(2 * 1.959963984540054 * spread, abs=1e-12)
    assert found.p == pytest.approx(math.erfc(abs(a - b) / spread / math.sqrt(2)), abs=1e-12)
    back = paired_areas(y, t, s)
    assert (back.difference.value, back.p) == pytest.approx((-found.difference.value, found.p))


def test_by_hand() -> None:
    # positives 3 and 1, negatives 2 and 0: of four pairs three are in order; components (1, 1/2) and (1/2, 1)
    found = auroc_interval([True, True, False, False], [3, 1, 2, 0])
    assert found.value == 0.75
    spread = math.sqrt(0.125 / 2 + 0.125 / 2)
    assert found.low == pytest.approx(1 / (1 + math.exp(1.959963984540054 * spread / 0.1875 - math.log(3))))


def test_edges() -> None:
    assert math.isnan(auroc_interval([True, True], [1, 2]).value)
    assert math.isnan(auroc_interval([True, False, False], [1, 2, 0]).low)
    perfect = auroc_interval([True] * 10 + [False] * 30, [2.0] * 10 + [1.0] * 30)
    assert (perfect.value, perfect.low, perfect.high) == (1.0, 0.7, 1.0)
    same = paired_areas([True, True, False, False], [3, 1, 2, 0], [30, 10, 20, 0])
    assert (same.difference.value, same.p) == (0.0, 1.0)
    assert math.isnan(paired_areas([True, False, False], [1, 2, 3], [3, 2, 1]).p)
