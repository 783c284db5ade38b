"""Metrics against scikit-learn, values worked out by hand, and what must hold for all inputs."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from verticals.core.task import Decision, Metric, Scored
from verticals.evaluation.metrics import binary, calibration, fraud, multiclass, ranking, regression
from verticals.evaluation.metrics import standard as S

DRAW = np.random.default_rng(7)
Y = DRAW.random(400) < 0.3
RISK = np.round(1 / (1 + np.exp(-(DRAW.normal(size=400) + Y))), 2)  # rounded: many ties
P = DRAW.dirichlet(np.ones(5), 400)
TRUTH = DRAW.integers(0, 5, 400)
PRED = P.argmax(1)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (binary.auroc(Y, RISK), sk.roc_auc_score(Y, RISK)),
        (binary.average_precision(Y, RISK), sk.average_precision_score(Y, RISK)),
        (binary.brier(Y, RISK), sk.brier_score_loss(Y, RISK)),
        (binary.log_loss(Y, RISK), sk.log_loss(Y, RISK)),
        (binary.recall_at(Y, RISK >= 0.6), sk.recall_score(Y, RISK >= 0.6)),
        (binary.precision_at(Y, RISK >= 0.6), sk.precision_score(Y, RISK >= 0.6)),
        (binary.specificity_at(Y, RISK >= 0.6), sk.recall_score(~Y, RISK < 0.6)),
        (binary.negative_predictive_value(Y, RISK >= 0.6), sk.precision_score(~Y, RISK < 0.6)),
        (multiclass.accuracy(TRUTH, PRED), sk.accuracy_score(TRUTH, PRED)),
        (multiclass.macro_f1(TRUTH, PRED, 5), sk.f1_score(TRUTH, PRED, average="macro")),
        (multiclass.balanced_accuracy(TRUTH, PRED, 5), sk.balanced_accuracy_score(TRUTH, PRED)),
        (multiclass.mcc(TRUTH, PRED, 5), sk.matthews_corrcoef(TRUTH, PRED)),
        (multiclass.cohen_kappa(TRUTH, PRED, 5), sk.cohen_kappa_score(TRUTH, PRED)),
        (multiclass.log_loss(TRUTH, P), sk.log_loss(TRUTH, P)),
        (multiclass.top_k(TRUTH, P, 3), sk.top_k_accuracy_score(TRUTH, P, k=3)),
        (ranking.mean_reciprocal_rank(TRUTH, P), sk.label_ranking_average_precision_score(np.eye(5)[TRUTH], P)),
        (regression.rmse(TRUTH, PRED), math.sqrt(sk.mean_squared_error(TRUTH, PRED))),
        (regression.mae(TRUTH, PRED), sk.mean_absolute_error(TRUTH, PRED)),
        (regression.r2(TRUTH, PRED), sk.r2_score(TRUTH, PRED)),
    ],
)
def test_agrees_with_scikit_learn(ours: float, theirs: float) -> None:
    assert ours == pytest.approx(theirs, abs=1e-12)


def test_ks_and_roc_agree_with_the_roc_curve_of_scikit_learn() -> None:
    false, true, cut = sk.roc_curve(Y, RISK, drop_intermediate=False)
    ours = binary.roc_points(Y, RISK)
    for mine, theirs in zip(ours, (false, true, cut), strict=True):
        np.testing.assert_allclose(mine, theirs)
    assert binary.ks(Y, RISK) == pytest.approx(np.max(true - false))


def test_binary_values_by_hand() -> None:
    y, p = [1, 0, 1, 0], [0.9, 0.6, 0.6, 0.1]
    assert binary.auroc(y, p) == (1 + 1 + 0.5 + 1) / 4
    assert binary.gini(y, p) == 0.75
    assert binary.average_precision(y, p) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert binary.ks(y, p) == 0.5
    assert binary.brier(y, p) == pytest.approx((0.01 + 0.36 + 0.16 + 0.01) / 4)
    assert binary.brier_skill(y, p) == pytest.approx(1 - 0.135 / 0.25)
    assert binary.expected_cost(y, [0, 1, 1, 0], fn_cost=5, fp_cost=1) == (5 + 1) / 4
    assert binary.net_benefit(y, p, 0.5) == 2 / 4 - 1 / 4 * 1.0
    assert binary.net_benefit(y, p, 0.2) == pytest.approx(2 / 4 - 1 / 4 * 0.25)


def test_trivial_policies_of_german_credit_cost_what_its_authors_say() -> None:
    bad = np.arange(1000) < 300
    assert binary.expected_cost(bad, np.zeros(1000, bool), 5, 1) == pytest.approx(1.5)
    assert binary.expected_cost(bad, np.ones(1000, bool), 5, 1) == pytest.approx(0.7)


def test_ranking_takes_ties_at_their_expected_value() -> None:
    flat = np.zeros((1, 4))
    assert ranking.recall_at_k([2], flat, 1) == 0.25
    assert ranking.recall_at_k([2], flat, 3) == 0.75
    assert ranking.mean_reciprocal_rank([2], flat) == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    scores = [[0.5, 0.3, 0.3, np.nan]]
    assert ranking.recall_at_k([1], scores, 2) == 0.5
    assert ranking.mean_reciprocal_rank([1], scores) == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert ranking.recall_at_k([-1], scores, 4) == 0.0
    assert ranking.mean_reciprocal_rank([-1], scores) == 0.0


def test_a_label_unknown_to_the_scores_counts_as_wrong() -> None:
    p = np.array([[0.8, 0.2], [0.8, 0.2]])
    assert multiclass.accuracy([-1, 0], p.argmax(1)) == 0.5
    assert multiclass.brier([-1], p[:1]) == pytest.approx((0.64 + 0.04 + 1) / 2)
    assert multiclass.log_loss([-1], p[:1]) == pytest.approx(-math.log(1e-15))
    assert multiclass.macro_f1([-1, 0], [0, 0], 2) == pytest.approx(2 / 3)


def test_multiclass_brier_equals_the_binary_one_for_two_classes() -> None:
    assert multiclass.brier(Y.astype(int), np.column_stack([1 - RISK, RISK])) == pytest.approx(binary.brier(Y, RISK))


def test_calibration_by_hand() -> None:
    sure, right = [0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0.8], [1, 0, 0, 0, 1, 1, 1, 1]
    assert calibration.ece(sure, right, bins=2) == pytest.approx(0.5 * 0.05 + 0.5 * 0.2)
    assert [(b.count, b.observed) for b in calibration.reliability(sure, right, bins=2)] == [(4, 0.25), (4, 1.0)]
    assert calibration.observed_expected(sure, right) == pytest.approx(5 / 4)
    coverage, risk = calibration.risk_coverage([0.9, 0.8, 0.8, 0.1], [1, 0, 1, 0])
    np.testing.assert_allclose(coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(risk, [0, 0.25, 1 / 3, 0.5])
    assert calibration.area_under_risk_coverage([0.9, 0.8, 0.8, 0.1], [1, 0, 1, 0]) == pytest.approx(
        (0.25 + 1 / 3 + 0.5) / 4
    )


def test_calibration_line_finds_the_slope_that_was_put_in() -> None:
    draw = np.random.default_rng(0)
    logit = draw.normal(0, 1.5, 20_000)
    y = draw.random(20_000) < 1 / (1 + np.exp(-(0.5 * logit + 0.3)))
    slope, intercept = calibration.calibration_line(1 / (1 + np.exp(-logit)), y)
    assert slope == pytest.approx(0.5, abs=0.03)
    assert intercept == pytest.approx(0.3, abs=0.04)
    assert all(math.isnan(v) for v in calibration.calibration_line([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]))


def test_population_stability_by_hand() -> None:
    old = np.repeat([0.1, 0.9], 50)
    now = np.repeat([0.1, 0.9], [80, 20])
    expected = (0.8 - 0.5) * math.log(0.8 / 0.5) + (0.2 - 0.5) * math.log(0.2 / 0.5)
    assert calibration.population_stability(old, now, bins=2) == pytest.approx(expected)
    assert calibration.population_stability(old, old) == 0.0


def test_capacity_metrics_by_hand() -> None:
    y, score, amount = [1, 0, 1, 0, 1], [0.9, 0.8, 0.8, 0.1, 0.0], [10.0, 5.0, 30.0, 5.0, 60.0]
    np.testing.assert_allclose(fraud.reviewed(score, 0.4), [1, 0.5, 0.5, 0, 0])
    assert fraud.recall_at_capacity(y, score, 0.4) == pytest.approx(1.5 / 3)
    assert fraud.precision_at_capacity(y, score, 0.4) == pytest.approx(1.5 / 2)
    assert fraud.money_recall(y, amount, score, 0.4) == pytest.approx((10 + 15) / 100)
    assert fraud.recall_at_capacity(y, score, 0.001) == pytest.approx(1 / 3)  # at least one review


def test_card_precision_blocks_a_card_that_was_found() -> None:
    day = [1, 1, 1, 2, 2, 2]
    card = ["a", "a", "b", "a", "b", "c"]
    y = [0, 1, 0, 1, 1, 0]
    score = [0.1, 0.9, 0.5, 0.9, 0.2, 0.3]
    # day 1: a is checked and found. Day 2: a is gone; c (0.3) is checked and clean, so nothing is found.
    assert fraud.card_precision_at_k(day, card, y, score, 1) == pytest.approx((1 + 0) / 2)
    # with two checks: day 1 finds a of (a, b); day 2 checks c and b and finds b.
    assert fraud.card_precision_at_k(day, card, y, score, 2) == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert fraud.best_card_precision_at_k(day, card, y, 1) == 1.0
    assert fraud.best_card_precision_at_k(day, card, y, 2) == 0.5


@pytest.mark.parametrize(
    "value",
    [
        binary.auroc([], []),
        binary.auroc([1, 1], [0.2, 0.3]),
        binary.gini([0, 0], [0.2, 0.3]),
        binary.average_precision([0, 0], [0.1, 0.2]),
        binary.ks([1], [0.5]),
        binary.brier([], []),
        binary.brier_skill([1, 1], [0.5, 0.5]),
        binary.precision_at([1, 0], [0, 0]),
        binary.expected_cost([], []),
        multiclass.accuracy([], []),
        multiclass.macro_f1([], [], 3),
        multiclass.mcc([1, 1], [0, 1], 2),
        ranking.recall_at_k(np.empty(0, int), np.empty((0, 3)), 1),
        calibration.ece([], []),
        fraud.recall_at_capacity([0, 0], [0.1, 0.2], 0.5),
        fraud.card_precision_at_k([], [], [], [], 5),
        regression.rmse([], []),
        regression.r2([2.0, 2.0], [1.0, 3.0]),
    ],
)
def test_undefined_is_nan(value: float) -> None:
    assert math.isnan(value)


def test_a_constant_answer_has_no_correlation() -> None:
    assert multiclass.mcc([0, 1, 1], [1, 1, 1], 2) == 0.0


READY: tuple[Metric, ...] = (
    S.AUROC,
    S.AVERAGE_PRECISION,
    S.GINI,
    S.KS,
    S.BRIER,
    S.LOG_LOSS,
    S.ECE,
    S.ACCURACY,
    S.MACRO_F1,
    S.MCC,
    S.MRR,
)
READY += (
    S.TOP_3,
    S.RECALL_AT_1,
    S.RECALL_AT_THRESHOLD,
    S.PRECISION_AT_THRESHOLD,
    S.EXPECTED_COST(Decision("cost", 5, 1)),
)


@st.composite
def scored_rows(draw: st.DrawFn) -> Scored:
    n = draw(st.integers(0, 30))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    risk = np.array(
        draw(st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.5, 0.9, 1.0]), min_size=n, max_size=n)), dtype=float
    )
    scores = np.column_stack([1 - risk, risk])
    return Scored(np.array(y, dtype=int), scores, ("no", "yes"), pd.DataFrame(index=range(n)), positive=1)


@settings(max_examples=150, deadline=None)
@given(scored_rows(), st.sampled_from(READY), st.randoms(use_true_random=False))
def test_every_metric_stays_in_its_range_and_ignores_the_order(rows: Scored, metric: Metric, dice: object) -> None:
    value = metric.function(rows)
    assert math.isnan(value) or metric.low - 1e-9 <= value <= metric.high + 1e-9
    order = list(range(len(rows)))
    dice.shuffle(order)  # type: ignore[attr-defined]
    again = metric.function(rows.take(np.array(order, dtype=int)))
    assert again == pytest.approx(value, nan_ok=True)


@settings(max_examples=100, deadline=None)
@given(scored_rows())
def test_ranks_do_not_change_when_scores_are_stretched(rows: Scored) -> None:
    y, s = rows.positives, rows.risk
    for function in (binary.auroc, binary.average_precision, binary.ks):
        assert function(y, np.exp(3 * s) - 7) == pytest.approx(function(y, s), nan_ok=True)
    assert binary.auroc(~y, -s) == pytest.approx(binary.auroc(y, s), nan_ok=True)
    assert binary.auroc(y, -s) == pytest.approx(1 - binary.auroc(y, s), nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(scored_rows(), st.floats(0.01, 1))
def test_reviews_never_exceed_the_capacity(rows: Scored, share: float) -> None:
    seen = fraud.reviewed(rows.risk, share)
    assert seen.sum() <= max(1, share * len(rows)) + 1e-9
    assert ((seen >= 0) & (seen <= 1)).all()


def test_metrics_load_neither_pandas_nor_heavier_things() -> None:
    program = (
        "import sys, verticals.evaluation.metrics.standard\n"
        "print([m for m in ('sklearn', 'scipy', 'torch', 'pandas', 'transformers', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
