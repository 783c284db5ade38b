"""The two tasks of finance: contract, metrics, page one and safety, with values worked out by hand."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from verticals.core.registry import load_task
from verticals.core.task import Scored
from verticals.domains.finance.metrics import best_card_precision, card_precision, cards_checked
from verticals.domains.finance.page_one import credit_page_one, fraud_page_one
from verticals.domains.finance.safety import credit_flags, fraud_flags
from verticals.domains.finance.tasks import CREDIT, FRAUD


def scored(
    truth: list[int], risk: list[float], rows: dict[str, object] | None = None, *, threshold: float | None = None
) -> Scored:
    p = np.array(risk)
    frame = pd.DataFrame(rows or {}, index=range(len(truth)))
    return Scored(np.array(truth, int), np.column_stack([1 - p, p]), ("0", "1"), frame, positive=1, threshold=threshold)


def test_tasks_are_found_by_name_and_import_nothing_heavy() -> None:
    assert load_task("finance.fraud") == FRAUD
    assert load_task("finance.credit") == CREDIT
    code = (
        "import sys, verticals.finance; "
        "print([m for m in ('torch', 'transformers', 'sklearn', 'langchain', 'pandas') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_what_must_never_be_fed_is_protected() -> None:
    protected = {f.name for f in (*FRAUD.fields, *CREDIT.fields) if f.protected}
    assert {"card", "terminal", "transaction", "age", "sex", "age_band", "true_probability", "marriage"} <= protected
    fed = {f.name for f in CREDIT.fields if not f.protected and f.kind != "time"}
    assert len(fed) == 15


@pytest.mark.parametrize("task", [FRAUD, CREDIT], ids=lambda task: task.name)
def test_metrics_follow_the_positive_label_of_the_users_file(task: object) -> None:
    rows = {"amount": [10.0, 90.0, 5.0, 5.0], "card": list("abcd"), "time": ["2025-01-01"] * 4}
    right = scored([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], rows, threshold=0.5)
    mirror = Scored(1 - right.truth, right.scores[:, ::-1], ("1", "0"), right.rows, positive=0, threshold=0.5)
    for metric in task.metrics:  # type: ignore[attr-defined]
        value = metric.function(right)
        assert metric.low <= value <= metric.high
        assert metric.function(mirror) == pytest.approx(value), metric.name
    assert task.metrics[0].function(right) == 1.0  # type: ignore[attr-defined]


def test_recall_and_money_at_the_capacity() -> None:
    # 100 rows, 2 % are reviewed: the two riskiest, of which one is fraud of 30; the other fraud of 90 is missed.
    truth, risk, amount = [0] * 100, [0.01] * 100, [1.0] * 100
    truth[0] = truth[1] = 1
    risk[0], risk[2], amount[0], amount[1] = 0.9, 0.8, 30.0, 90.0
    one = scored(truth, risk, {"amount": amount})
    by_name = {m.name: m.function(one) for m in FRAUD.metrics}
    assert by_name["recall_at_capacity"] == 0.5
    assert by_name["money_recall"] == 0.25
    assert math.isnan(by_name["card_precision_100"])  # no card, no time


def test_card_precision_checks_five_percent_of_few_cards() -> None:
    # Two days, 40 cards each: 2 cards are checked a day. Day one: c0 (fraud) and c1 (genuine). Day two: c0 is blocked;
    # c2 (fraud) and c3 (fraud) are checked: (1/2 + 2/2) / 2.
    cards = [f"c{i:02d}" for i in range(40)]
    truth, risk = np.zeros((2, 40), int), np.full((2, 40), 0.01)
    truth[0, 0], risk[0, 0], risk[0, 1] = 1, 0.9, 0.8
    risk[1, 0], truth[1, 2], risk[1, 2], truth[1, 3], risk[1, 3] = 0.95, 1, 0.7, 1, 0.6
    times = ["2025-01-01 10:00"] * 40 + ["2025-01-02 23:59"] * 40
    one = scored(truth.ravel().tolist(), risk.ravel().tolist(), {"card": cards * 2, "time": times})
    assert cards_checked(one) == 2
    assert card_precision(one) == pytest.approx(0.75)
    assert best_card_precision(one) == pytest.approx(0.75)
    many = scored([0] * 3000, [0.5] * 3000, {"card": range(3000), "time": ["2025-01-01"] * 3000})
    assert cards_checked(many) == 100


def test_expected_cost_is_five_to_one() -> None:
    cost = next(m for m in CREDIT.metrics if m.name == "expected_cost")
    # refused from 1/6 on: rows 0 (bad), 2 (good); row 1 (bad) is missed: (5 + 1) / 4
    assert cost.function(scored([1, 1, 0, 0], [0.5, 0.1, 0.2, 0.1])) == pytest.approx(1.5)


def test_page_one_of_the_risk_officer() -> None:
    one = scored([1, 1, 0, 0, 0], [0.5, 0.1, 0.2, 0.1, 0.05], {"true_probability": [0.9, 0.8, 0.1, 0.1, 0.1]})
    boxes = {box.title: box for box in credit_page_one(one)}
    assert boxes["Accepted"].value == "60.0 %"
    assert boxes["Bad rate among accepted"].value == "33.3 %"
    assert boxes["Mean cost"].value == "1.200"  # (5 + 1) / 5
    assert "accepting all costs 2.000, refusing all 0.600: the model saves nothing" in boxes["Mean cost"].note
    # pairs: 0.5 beats all three; 0.1 loses, ties, wins: 4.5 of 6, Gini 0.5; the truth reaches 1
    assert boxes["Gini / KS"].value == "0.500 / 0.500"
    assert boxes["Share of the reachable Gini"].value == "50 %"


def test_page_one_of_the_head_of_fraud() -> None:
    truth, risk = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0.9, 0.2, 0.8, *[0.1] * 7]
    one = scored(truth, risk, {"amount": [100.0] * 10}, threshold=0.7)
    boxes = {box.title: box for box in fraud_page_one(one)}
    assert boxes["Alerts that are fraud"].value == "50.0 %"
    assert boxes["False alarms"].value == "125.0"  # one of eight
    assert boxes["Frauds found"].value == "50.0 %"  # one row is reviewed
    assert boxes["Frauds in the test rows"].value == "2 of 10"
    assert "Card precision" not in boxes


@pytest.mark.parametrize("page", [fraud_page_one, credit_page_one])
def test_page_one_of_odd_rows(page: object) -> None:
    assert page(scored([], [])) == []  # type: ignore[operator]
    for truth in ([0, 0], [1, 1]):
        for box in page(scored(truth, [0.9, 0.9])):  # type: ignore[operator]
            assert "nan" not in box.value + box.note


def test_rules_before_the_score() -> None:
    assert [f.name for f in fraud_flags({"amount": 10_000})] == ["very_large_amount"]
    assert [f.name for f in fraud_flags({"amount": 0})] == ["amount_not_positive"]
    assert fraud_flags({"amount": 9_999.99}) == fraud_flags({"amount": None}) == fraud_flags({}) == []
    assert [f.name for f in credit_flags({"instalment_rate": "50.1", "amount": 900})] == ["affordability"]
    assert credit_flags({"instalment_rate": 50, "amount": 900}) == credit_flags({"instalment_rate": math.nan}) == []
