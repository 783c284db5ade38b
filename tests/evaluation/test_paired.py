"""Paired tests by hand and against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, false_discovery_control

from verticals.evaluation.metrics.paired import bootstrap_p, discordant, holm, mcnemar


def test_mcnemar_by_hand() -> None:
    right, other = np.array([1, 1, 1, 0, 0], bool), np.array([1, 0, 0, 1, 0], bool)
    assert discordant(right, other) == (2, 1)
    # 1 of 10: P(X <= 1) = 11/1024, on both sides
    assert mcnemar(1, 9) == pytest.approx(22 / 1024)
    assert mcnemar(9, 1) == mcnemar(1, 9)
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(30, 50) == pytest.approx(2 * binom.cdf(30, 80, 0.5))


def test_holm_by_hand() -> None:
    # sorted 0.01*4, 0.02*3, 0.03*2, 0.5*1 and never falling
    found = holm([0.03, math.nan, 0.01, 0.5, 0.02])
    assert found[[2, 4, 0, 3]] == pytest.approx([0.04, 0.06, 0.06, 0.5])
    assert math.isnan(found[1])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert holm([]).shape == (0,)
    p = np.random.default_rng(0).random(20)
    assert (holm(p) >= false_discovery_control(p) - 1e-12).all(), "Holm is never below Benjamini and Hochberg"


def test_p_of_a_bootstrap_agrees_with_its_interval() -> None:
    draws = np.arange(-4.0, 95.0)  # 99 draws, five of them at or below zero
    assert bootstrap_p(draws) == pytest.approx(2 * 6 / 100)
    assert bootstrap_p(-draws) == pytest.approx(2 * 6 / 100)
    assert bootstrap_p(np.zeros(99)) == 1.0
    assert bootstrap_p(np.ones(999)) == pytest.approx(2 / 1000)
    assert math.isnan(bootstrap_p([math.nan, math.nan, 1.0]))
    assert math.isnan(bootstrap_p([]))


def test_p_is_even_where_nothing_differs() -> None:
    """Under equality p is below 0.1 in about a tenth of the cases."""
    draw = np.random.default_rng(1)
    found = []
    for _ in range(300):
        sample = draw.normal(size=40)
        found.append(bootstrap_p(sample[draw.integers(40, size=(400, 40))].mean(axis=1)))
    assert 0.05 < np.mean(np.array(found) < 0.1) < 0.17
