"""Intervals: the fast paths equal the plain ones, groups stay together, and 95 % means about 95 %."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from verticals.core.task import Decision, Metric, Scored
from verticals.evaluation import intervals
from verticals.evaluation.intervals import Resamples, interval, paired_difference, resampled, wilson
from verticals.evaluation.metrics import standard as S

from .conftest import scored


def rows_of(n: int, seed: int = 0) -> Scored:
    draw = np.random.default_rng(seed)
    y = draw.random(n) < 0.3
    risk = np.round(1 / (1 + np.exp(-(draw.normal(size=n) + y))), 2)
    return scored(y, risk, pd.DataFrame({"card": draw.integers(0, n // 4, n)}), threshold=0.6)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize(
    "metric",
    [S.AUROC, S.GINI, S.AVERAGE_PRECISION, S.KS, S.BRIER, S.LOG_LOSS, S.ACCURACY, S.MRR, S.EXPECTED_COST(Decision())],
    ids=lambda m: m.name,
)
def test_weights_give_what_taking_the_rows_gives(metric: Metric, grouped: bool) -> None:
    rows = rows_of(120)
    draws = Resamples(120, rows.rows["card"] if grouped else None, count=25, seed=3)
    plain = [metric.function(rows.take(index)) for index, _ in draws.indices()]
    np.testing.assert_allclose(resampled(metric, rows, draws), plain, atol=1e-12)


def test_one_class_draws_are_undefined_in_the_fast_path_too() -> None:
    rows = scored([1, 0, 0], [0.9, 0.2, 0.1])
    draws = Resamples(3, count=40)
    plain = np.array([S.AUROC.function(rows.take(index)) for index, _ in draws.indices()])
    assert np.isnan(plain).any()
    np.testing.assert_array_equal(np.isnan(resampled(S.AUROC, rows, draws)), np.isnan(plain))
    np.testing.assert_array_equal(np.isnan(resampled(S.KS, rows, draws)), np.isnan(plain))


def test_a_group_is_drawn_whole_and_twice_is_two_groups() -> None:
    frame = pd.DataFrame({"card": ["a", "a", "b", None, None]})
    rows = scored([0, 1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4, 0.5], frame)
    draws = Resamples(5, frame["card"], count=30)
    assert draws.units == 4  # a, b and two without a name
    for index, draw in draws.indices():
        assert draw is not None
        sizes = pd.Series(index).value_counts()
        assert sizes.get(0, 0) == sizes.get(1, 0)
        assert len(set(draw)) == 4
    groups = Metric("groups", "Groups", lambda s: float(s.rows["card"].nunique()))
    assert set(resampled(groups, rows, draws, "card")) == {4.0}


def test_the_same_seed_gives_the_same_interval_and_another_one_does_not() -> None:
    rows = rows_of(200)
    first, again, other = (interval(S.AUROC, rows, Resamples(200, seed=s)) for s in (1, 1, 2))
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)
    assert first.low < first.value < first.high


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    draw, hits, tries = np.random.default_rng(11), 0, 150
    for _ in range(tries):
        y = draw.random(200) < 0.7
        found = interval(S.ACCURACY, scored(y, np.full(200, 0.9)), Resamples(200, count=300))
        hits += found.low <= 0.7 <= found.high
    assert binomtest(hits, tries, 0.95).pvalue > 0.001


def test_groups_widen_the_interval_where_rows_repeat() -> None:
    base = rows_of(60)
    rows = base.take(np.repeat(np.arange(60), 10))
    alone = interval(S.AUROC, rows, Resamples(600))
    grouped = interval(S.AUROC, rows, Resamples(600, np.repeat(np.arange(60), 10)))
    assert (grouped.high - grouped.low) > 2 * (alone.high - alone.low)


def test_all_right_gives_wilson_and_not_certainty() -> None:
    found = interval(S.ACCURACY, scored([1] * 20, [0.9] * 20), Resamples(20))
    assert found.value == 1.0
    assert (found.low, found.high) == pytest.approx(tuple(binomtest(20, 20).proportion_ci(method="wilson")))


def test_wilson_agrees_with_scipy() -> None:
    assert wilson(7, 30) == pytest.approx(tuple(binomtest(7, 30).proportion_ci(method="wilson")))
    assert np.isnan(wilson(0, 0)).all()


def test_a_paired_difference_is_positive_where_ours_is_better_whatever_the_direction() -> None:
    y = np.random.default_rng(0).random(300) < 0.4
    good, bad = scored(y, np.where(y, 0.8, 0.2)), scored(y, np.full(300, 0.5))
    draws = Resamples(300)
    for metric in (S.AUROC, S.BRIER):
        found = paired_difference(metric, good, bad, draws)
        assert 0 < found.low <= found.value <= found.high
        turned = paired_difference(metric, bad, good, draws)
        assert (turned.value, turned.low, turned.high) == pytest.approx((-found.value, -found.high, -found.low))
    same = paired_difference(S.AUROC, good, good, draws)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_pairing_is_tighter_than_two_separate_intervals() -> None:
    rows = rows_of(400)
    near = scored(rows.positives, np.clip(rows.risk + np.random.default_rng(5).normal(0, 0.02, 400), 0, 1))
    draws = Resamples(400)
    pair, alone = paired_difference(S.AUROC, rows, near, draws), interval(S.AUROC, rows, draws)
    assert (pair.high - pair.low) < 0.5 * (alone.high - alone.low)


def test_rows_that_cannot_be_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_difference(S.AUROC, rows_of(20), rows_of(24), Resamples(20))


def test_work_stays_bounded_on_many_rows() -> None:
    draws = Resamples(200_000)
    assert (draws.count, draws.slow) == (200, 200)
    assert (Resamples(400_000).count, Resamples(400_000).slow) == (50, 50)
    assert (Resamples(5000).count, Resamples(5000).slow) == (1000, 400)
    rows = rows_of(5000)
    assert len(resampled(S.MACRO_F1, rows, Resamples(5000))) == 400
    assert len(resampled(S.AUROC, rows, Resamples(5000, count=50))) == 50


def test_no_rows_have_no_interval() -> None:
    found = interval(S.AUROC, scored([], []), Resamples(0, count=10))
    assert np.isnan([found.value, found.low, found.high]).all()


def test_eight_metrics_and_six_models_stay_quick() -> None:
    rows, draws = rows_of(1500), Resamples(1500)
    metrics = (S.AUROC, S.AVERAGE_PRECISION, S.KS, S.BRIER, S.LOG_LOSS, S.ACCURACY, S.EXPECTED_COST(Decision()), S.GINI)
    start = time.perf_counter()
    for metric in metrics:
        interval(metric, rows, draws)
    for _ in range(6):
        paired_difference(S.AUROC, rows, rows, draws)
    assert time.perf_counter() - start < 15


@pytest.mark.parametrize("metric", [S.AUROC, S.ACCURACY, S.MACRO_F1])
def test_few_draws_of_very_many_rows_say_the_same(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(3000)
    usual = interval(metric, rows, Resamples(3000))
    with monkeypatch.context() as patch:
        patch.setattr(intervals, "MANY", 2000)
        assert Resamples(3000).count == 50
        few = interval(metric, rows, Resamples(3000))
    assert few.value == usual.value
    width = usual.high - usual.low
    assert few.high - few.low == pytest.approx(width, rel=0.35)
    assert (few.low + few.high) / 2 == pytest.approx(few.value)
