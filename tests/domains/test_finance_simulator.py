"""Simulated transactions and applications: exact, seeded, and as described."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from verticals.core.errors import DataError
from verticals.core.task import Task
from verticals.domains.finance.history import add_history
from verticals.domains.finance.simulator import simulate_credit, simulate_fraud
from verticals.domains.finance.tasks import CREDIT, FRAUD


@pytest.mark.parametrize("task", [FRAUD, CREDIT], ids=lambda task: task.name)
@pytest.mark.parametrize("rows", [1, 60, 777])
def test_rows_are_exact_seeded_and_declared(task: Task, rows: int) -> None:
    assert task.simulate is not None
    frame = task.simulate(rows, 3)
    assert len(frame) == rows
    pd.testing.assert_frame_equal(frame, task.simulate(rows, 3))
    assert not frame.equals(task.simulate(rows, 4))
    assert set(frame.columns) <= {f.name for f in task.fields} | {task.label}
    assert set(frame[task.label]) <= set(task.labels)
    for field in task.fields:
        if field.kind == "number" and field.name in frame.columns:
            assert frame[field.name].dropna().between(field.low, field.high).all(), field.name


@pytest.mark.parametrize("simulate", [simulate_fraud, simulate_credit])
def test_no_rows_cannot_be_simulated(simulate: object) -> None:
    with pytest.raises(DataError, match="at least 1"):
        simulate(0, 0)  # type: ignore[operator]


@pytest.mark.parametrize("seed", range(3))
def test_share_of_frauds(seed: int) -> None:
    frame = simulate_fraud(6000, seed)
    assert 0.02 <= (frame["outcome"] == "fraud").mean() <= 0.04
    assert frame["time"].is_monotonic_increasing
    assert (frame["time"].max() - frame["time"].min()).days >= 60  # room for two delays of 7 days
    assert frame["transaction"].is_unique


def test_history_of_simulated_rows_is_full_and_is_that_of_add_history() -> None:
    frame = simulate_fraud(2000, 0)
    late = frame["time"] > frame["time"].min() + pd.Timedelta(days=38)
    again = add_history(frame, fraud="outcome")
    names = ["card_count_30d", "card_mean_7d", "terminal_risk_30d", "night"]
    pd.testing.assert_frame_equal(again.loc[late, names], frame.loc[late, names])
    assert frame["card_count_30d"].head(200).mean() > again["card_count_30d"].head(200).mean() + 1  # the warm-up counts


def test_fraud_leaves_its_traces() -> None:
    frame = simulate_fraud(6000, 1)
    fraud = frame["outcome"] == "fraud"
    ratio = frame["amount"] / frame["card_mean_30d"]
    assert ratio[fraud].mean() > 1.3 * ratio[~fraud].mean()
    assert frame["terminal_risk_30d"][fraud].mean() > 2 * frame["terminal_risk_30d"][~fraud].mean()
    voucher = frame["descriptor"].str.contains("voucher code")
    assert fraud[voucher].mean() > 0.5
    assert 0 < fraud[voucher].mean() < 1  # and yet no word gives it away for sure


@pytest.mark.parametrize("seed", range(3))
def test_defaults_and_what_can_be_reached(seed: int) -> None:
    frame = simulate_credit(8000, seed)
    default = frame["outcome"] == "default"
    assert 0.18 <= default.mean() <= 0.26
    assert 0.82 <= roc_auc_score(default, frame["true_probability"]) <= 0.88
    # The stated probabilities are true: in each tenth the defaults are what they promise, within four standard errors.
    for _, part in frame.groupby(pd.qcut(frame["true_probability"], 10)):
        p = part["true_probability"].to_numpy()
        off = abs((part["outcome"] == "default").mean() - p.mean())
        assert off < 4 * np.sqrt((p * (1 - p)).sum()) / len(p)


def test_missing_values_and_notes() -> None:
    frame = simulate_credit(8000, 0)
    share = frame.isna().mean()
    assert {name: round(value, 2) for name, value in share[share > 0].items()} == pytest.approx(
        {"income": 0.04, "employment_years": 0.03, "utilisation": 0.06, "note": 0.08}, abs=0.011
    )
    told = frame["note"].str.contains("put aside|reserve stays|cushion on|keep enough back", na=False)
    cut = frame["note"].str.contains("shortened my shifts|Overtime has|reduced hours|lower than it used", na=False)
    bad = frame["outcome"] == "default"
    assert bad[cut].mean() > bad[told].mean() + 0.2
    assert frame["note"].nunique() > 500


def test_a_pair_of_columns_matters_more_than_each_alone() -> None:
    frame = simulate_credit(20_000, 0)
    bad, fixed = frame["outcome"] == "default", frame["employment"] == "fixed-term"
    long = frame["duration_months"] > 30
    both, one = (
        bad[fixed & long].mean() - bad[~fixed & long].mean(),
        bad[fixed & ~long].mean() - bad[~fixed & ~long].mean(),
    )
    assert both > one + 0.08
