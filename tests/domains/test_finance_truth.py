"""The true probabilities of simulated payments and applicants: calibrated, unbeaten, and of the very same rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from verticals.core.errors import DataError
from verticals.core.task import Task
from verticals.domains.finance.simulator import draw_payments, simulate_credit, simulate_fraud
from verticals.domains.finance.tasks import CREDIT, FRAUD
from verticals.domains.finance.truth import true_default, true_fraud

EDGES = [0, 0.002, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0001]


def off_in_bins(probability: np.ndarray, hit: np.ndarray) -> list[str]:
    """Bins in which the hits lie outside the central 99.9 % of what the probabilities promise."""
    bad = []
    for low, high in pairwise(EDGES):
        inside = (probability >= low) & (probability < high)
        if inside.sum() < 50:
            continue
        mean, n = float(probability[inside].mean()), int(inside.sum())
        least, most = binom.ppf([0.0005, 0.9995], n, mean)
        if not least <= hit[inside].sum() <= most:
            bad.append(f"{low}-{high}: {hit[inside].sum()} of {n}, {mean * n:.1f} expected")
    return bad


@pytest.mark.parametrize("seed", [0, 1])
def test_the_truth_about_payments_is_calibrated(seed: int) -> None:
    truth, frame = true_fraud(40_000, seed), simulate_fraud(40_000, seed)
    assert list(truth.columns) == ["genuine", "fraud"]
    np.testing.assert_allclose(truth.sum(axis=1), 1)
    hit = (frame["outcome"] == "fraud").to_numpy()
    assert off_in_bins(truth["fraud"].to_numpy(), hit) == []
    assert truth["fraud"].sum() == pytest.approx(hit.sum(), rel=0.08)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_truth_about_applicants_is_calibrated(seed: int) -> None:
    truth, frame = true_default(40_000, seed), simulate_credit(40_000, seed)
    hit = (frame["outcome"] == "default").to_numpy()
    assert off_in_bins(truth["default"].to_numpy(), hit) == []


def test_calibration_would_be_seen_to_fail() -> None:
    truth, frame = true_default(40_000, 0)["default"].to_numpy(), simulate_credit(40_000, 0)
    assert off_in_bins(truth**1.1, (frame["outcome"] == "default").to_numpy())


@pytest.mark.parametrize(("task", "label"), [(FRAUD, "fraud"), (CREDIT, "default")], ids=["fraud", "credit"])
def test_no_booster_is_above_the_bayes_scorer(task: Task, label: str) -> None:
    assert task.simulate is not None
    assert task.true_probabilities is not None
    rows = task.simulate(12_000, 4)
    truth = task.true_probabilities(12_000, 4)[label].to_numpy()
    y = (rows["outcome"] == label).to_numpy()
    x = rows.drop(columns=["outcome", "true_probability", "transaction", "card"], errors="ignore")
    kept = [name for name in x if not pd.api.types.is_datetime64_any_dtype(x[name]) and name != "note"]
    x = x[kept].apply(lambda c: c if pd.api.types.is_numeric_dtype(c) else pd.factorize(c)[0])
    model = HistGradientBoostingClassifier(random_state=0, max_leaf_nodes=8).fit(x[:8_000], y[:8_000])
    p, test = model.predict_proba(x[8_000:])[:, 1], y[8_000:]
    for score in (roc_auc_score, average_precision_score):
        assert score(test, p) < score(test, truth[8_000:])
    assert log_loss(test, p) > log_loss(test, np.clip(truth[8_000:], 1e-9, 1 - 1e-9))
    assert roc_auc_score(test, p) > 0.7  # and there is something to learn


@pytest.mark.parametrize("simulate", [simulate_fraud, simulate_credit])
def test_a_seed_gives_the_same_bytes(simulate: object) -> None:
    first, again = (simulate(3000, 8).to_csv(index=False) for _ in range(2))  # type: ignore[operator]
    assert first == again


def test_payments_drift() -> None:
    drawn = draw_payments(40_000, 2)
    half = drawn.days / 2
    shop = drawn.channel != "online"
    touch = [(drawn.channel[shop & part] == "contactless").mean() for part in (drawn.day < half, drawn.day >= half)]
    assert touch[1] - touch[0] == pytest.approx(0.1, abs=0.02)  # 0.5 to 0.7, linear
    assert (drawn.taken >= half).sum() > (drawn.taken < half).sum()


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_proxy_makes_sex_show_in_income_but_not_in_the_formula(strength: float) -> None:
    plain, frame = simulate_credit(30_000, 3), simulate_credit(30_000, 3, proxy=strength)
    assert (plain["sex"] == frame["sex"]).all()
    woman = frame["sex"] == "female"
    ratio = frame["income"][woman].median() / frame["income"][~woman].median()
    assert ratio == pytest.approx(np.exp(-0.35 * strength), rel=0.03)
    kept = (plain["employment"] == "permanent") & woman
    moved = (frame["employment"][kept] == "fixed-term").mean()
    assert moved == pytest.approx(0.4 * strength, abs=0.02)
    gap, before = (
        one["true_probability"][one["sex"] == "female"].mean() - one["true_probability"][one["sex"] == "male"].mean()
        for one in (frame, plain)
    )
    assert abs(before) < 0.01
    assert gap > before + 0.015 * strength


def test_a_proxy_of_nothing_changes_nothing() -> None:
    pd.testing.assert_frame_equal(simulate_credit(500, 3), simulate_credit(500, 3, proxy=0.0))


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_a_strength_that_cannot_be(strength: float) -> None:
    with pytest.raises(DataError, match="from 0"):
        simulate_credit(10, 0, proxy=strength)


def test_the_economy_turns() -> None:
    frame = simulate_credit(60_000, 5)
    rate = frame.groupby(frame["applied"].dt.to_period("Q"), observed=True)["true_probability"].mean()
    assert rate.max() - rate.min() > 0.06
    assert (np.diff(rate.to_numpy()) > 0).any()
    assert (np.diff(rate.to_numpy()) < 0).any()
