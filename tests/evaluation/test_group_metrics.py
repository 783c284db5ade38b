"""Rates, gaps and ratios of groups by hand, against fairlearn and scipy; the permutation test finds what is there and no more."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_ratio,
    equal_opportunity_difference,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from scipy.stats import permutation_test

from verticals.evaluation.metrics.groups import (
    difference_interval,
    gap,
    group_rates,
    group_test,
    lowest_ratio,
    ratio_interval,
    shuffled,
)


def test_rates_by_hand() -> None:
    # group 0: y 1 1 0, flagged 1 0 1; group 1: y 1 0 0, flagged 1 0 0; the last row is in no group
    rates = group_rates([1, 1, 0, 1, 0, 0, 1], [1, 0, 1, 1, 0, 0, 1], [0, 0, 0, 1, 1, 1, -1], 3)
    assert rates.rows.tolist() == [3, 3, 0]
    assert rates.recall.tolist()[:2] == [0.5, 1.0]
    assert rates.false_alarm.tolist()[:2] == [1.0, 0.0]
    assert rates.selection.tolist()[:2] == pytest.approx([2 / 3, 1 / 3])
    assert math.isnan(rates.recall[2])
    assert math.isnan(rates.selection[2])


def test_rates_and_gaps_agree_with_fairlearn() -> None:
    draw = np.random.default_rng(4)
    y, flagged, code = draw.random(600) < 0.4, draw.random(600) < 0.3, draw.integers(0, 4, 600)
    rates = group_rates(y, flagged, code, 4)
    other = MetricFrame(
        metrics={"recall": true_positive_rate, "alarm": false_positive_rate, "selection": selection_rate},
        y_true=y.astype(int), y_pred=flagged.astype(int), sensitive_features=code,
    )  # fmt: skip
    assert rates.recall == pytest.approx(other.by_group["recall"].to_numpy())
    assert rates.false_alarm == pytest.approx(other.by_group["alarm"].to_numpy())
    assert rates.selection == pytest.approx(other.by_group["selection"].to_numpy())
    assert gap(rates.recall) == pytest.approx(equal_opportunity_difference(y, flagged, sensitive_features=code))
    assert lowest_ratio(rates.selection) == pytest.approx(demographic_parity_ratio(y, flagged, sensitive_features=code))


def test_gap_and_ratio_of_odd_values() -> None:
    assert gap([0.5, math.nan, 0.2]) == pytest.approx(0.3)
    assert math.isnan(gap([0.5, math.nan]))
    assert lowest_ratio([0.4, 0.5, math.nan]) == pytest.approx(0.8)
    assert math.isnan(lowest_ratio([0.0, 0.0]))
    assert math.isnan(lowest_ratio([0.3]))


def test_intervals_by_published_examples_and_by_hand() -> None:
    # Newcombe (1998), table II, example (a): 56/70 - 48/80 = 0.2, method 10 gives 0.0524 to 0.3339
    assert difference_interval(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    # ratio 0.5 of 20/100 and 40/100: log sd = sqrt(.8/20 + .6/40) = 0.234521
    low, high = ratio_interval(20, 100, 40, 100)
    assert (low, high) == pytest.approx((0.5 * math.exp(-1.959964 * 0.234521), 0.5 * math.exp(1.959964 * 0.234521)))
    assert math.isnan(ratio_interval(0, 10, 5, 10)[0])
    assert math.isnan(difference_interval(0, 0, 5, 10)[0])


def means(values: np.ndarray, count: int):  # type: ignore[no-untyped-def]
    return lambda code: np.bincount(code, values, count) / np.bincount(code, minlength=count)


def test_the_permutation_test_agrees_with_scipy() -> None:
    draw = np.random.default_rng(0)
    code = np.repeat([0, 1], [40, 60])
    values = draw.normal(size=100) + 0.35 * code
    ours = group_test(means(values, 2), code, shuffled(code, draw), 3999)
    theirs = permutation_test(
        (values[:40], values[40:]), lambda a, b, axis: abs(a.mean(axis) - b.mean(axis)), n_resamples=3999,
        vectorized=True, alternative="greater", rng=np.random.default_rng(1),
    )  # fmt: skip
    assert ours.gap == pytest.approx(theirs.pvalue, abs=0.02)
    assert ours.deficit[0] > 0 > ours.deficit[1]
    apart = values[40:].mean() - values[:40].mean()
    assert ours.behind == pytest.approx([apart, -apart], abs=0.02)


def test_the_test_stops_early_where_chance_is_plain_and_not_where_it_is_not() -> None:
    draw = np.random.default_rng(3)
    code, values = np.arange(300) % 3, draw.normal(size=300)
    assert group_test(means(values, 3), code, shuffled(code, draw), 999).shuffles == 99
    far = group_test(means(values + (code == 2), 3), code, shuffled(code, draw), 199)
    assert far.shuffles == 199
    assert far.gap == far.worst == pytest.approx(1 / 200)


def test_the_chance_of_a_false_finding_is_its_level() -> None:
    draw = np.random.default_rng(5)
    code, p = np.repeat(np.arange(3), 30), []
    for _ in range(200):
        found = group_test(means(draw.normal(size=90), 3), code, shuffled(code, draw), 99)
        p.append([found.gap, found.worst])
    assert ((np.array(p) <= 0.05).mean(axis=0) < 0.1).all()
    assert ((np.array(p) <= 0.5).mean(axis=0) > 0.38).all()


def test_groups_are_dealt_within_strata_and_by_whole_units() -> None:
    draw = np.random.default_rng(0)
    code = np.array([0, 0, 0, 1, 1, 1, 0, 1])
    strata = np.array([0, 0, 1, 1, 0, 1, 2, 2])
    deal = shuffled(code, draw, strata)
    for _ in range(20):
        dealt = deal()
        for layer in range(3):
            assert sorted(dealt[strata == layer]) == sorted(code[strata == layer])
    units = np.array([0, 0, 1, 2, 2, 2, 1, 3])  # every unit is of one group
    deal = shuffled(code, draw, None, units)
    seen = set()
    for _ in range(50):
        dealt = deal()
        assert all(len(set(dealt[units == unit])) == 1 for unit in range(4))
        seen.add(tuple(dealt))
    assert len(seen) == 6  # two of four units
    mixed = shuffled(np.array([0, 1, 0, 1, 0, 1, 0, 1]), draw, None, units)  # a unit of both: rows are dealt
    assert len({tuple(mixed()) for _ in range(60)}) > 6


def test_one_group_or_nothing_to_compare() -> None:
    code = np.zeros(5, np.int64)
    assert math.isnan(group_test(means(np.ones(5), 1), code, shuffled(code, np.random.default_rng(0)), 9).gap)
