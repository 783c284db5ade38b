"""Bounds of shares and the test of a grade, against scipy and values worked out by hand."""

from __future__ import annotations

import math

import pytest
from scipy.stats import beta, binomtest

from verticals.evaluation.metrics.shares import clopper_pearson, jeffreys_interval, jeffreys_p


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (97, 100), (1, 1)])
def test_clopper_pearson_is_scipys(hits: int, n: int) -> None:
    low, high = binomtest(hits, n).proportion_ci(method="exact")
    assert clopper_pearson(hits, n) == pytest.approx((low, high), abs=1e-9)
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_no_miss_in_ten_is_no_proof() -> None:
    assert clopper_pearson(10, 10)[0] == pytest.approx(0.025 ** (1 / 10))  # (1 − level)/2 = low^n


def test_jeffreys_interval_and_test() -> None:
    assert jeffreys_interval(2, 20) == pytest.approx((beta.ppf(0.025, 2.5, 18.5), beta.ppf(0.975, 2.5, 18.5)))
    assert jeffreys_interval(0, 20)[0] == 0.0
    assert jeffreys_interval(20, 20)[1] == 1.0
    # no default among 1: the posterior is Beta(1/2, 3/2), whose distribution is 2/π (asin √x + √(x(1−x)))
    x = 0.25
    assert jeffreys_p(0, 1, x) == pytest.approx(2 / math.pi * (math.asin(math.sqrt(x)) + math.sqrt(x * (1 - x))))
    assert jeffreys_p(30, 100, 0.1) < 1e-6 < 0.4 < jeffreys_p(10, 100, 0.1) < 0.6
    assert math.isnan(jeffreys_p(0, 0, 0.1))
