"""What a risk officer and a head of fraud read first, and their own sections, worked out by hand or by a second opinion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_ratio
from scipy.stats import beta

from verticals.core.pages import Section, Table, as_data
from verticals.core.task import Scored
from verticals.domains.finance.metrics import cards_by_day, gini_ks_intervals, grade_rows, reviewed_by_day
from verticals.domains.finance.page_one import credit_page_one, fraud_page_one
from verticals.domains.finance.report_sections import credit_sections, fraud_sections
from verticals.evaluation.intervals import Resamples, interval
from verticals.evaluation.metrics.standard import GINI, KS
from verticals.evaluation.plots import draw


def scored(truth: Any, risk: Any, rows: Any = None, threshold: float | None = None) -> Scored:
    p = np.asarray(risk, float)
    frame = pd.DataFrame(rows or {}, index=range(len(p)))
    return Scored(
        np.asarray(truth, int), np.column_stack([1 - p, p]), ("0", "1"), frame, positive=1, threshold=threshold
    )


def drawn(n: int, seed: int = 0, rows: Any = None) -> Scored:
    random = np.random.default_rng(seed)
    risk = random.beta(1, 4, n)
    return scored(random.random(n) < risk, risk, rows, 1 / 6)


def boxes(found: Any) -> dict[str, Any]:
    return {box.title: box for box in found}


def table(section: Section, name: str) -> list[Any]:
    return list(next(b for b in section.blocks if isinstance(b, Table) and b.name == name).rows)


def test_intervals_of_gini_and_ks_are_like_those_of_the_figures_table() -> None:
    sc = drawn(600)
    for ours, metric in zip(gini_ks_intervals(sc), (GINI, KS), strict=True):
        theirs = interval(metric, sc, Resamples(600))
        assert ours == pytest.approx((theirs.low, theirs.high), abs=0.03)
    assert math.isnan(gini_ks_intervals(scored([0, 0], [0.1, 0.2]))[0][0])
    wide = gini_ks_intervals(drawn(20_000))[0]
    whole = interval(GINI, drawn(20_000), Resamples(20_000))
    assert wide[1] - wide[0] == pytest.approx(whole.high - whole.low, rel=0.3)


def test_grades_and_their_verdict() -> None:
    # grade A: 100 rows at 1 %, 6 defaults; grade C: 100 at 8 %, 8 defaults; grade G: 50 at 60 %, 15 defaults
    risk = [0.01] * 100 + [0.08] * 100 + [0.6] * 50
    truth = [1] * 6 + [0] * 94 + [1] * 8 + [0] * 92 + [1] * 15 + [0] * 35
    rows = {row["grade"]: row for row in grade_rows(scored(truth, risk))}
    assert list(rows) == ["A", "C", "G"]
    assert rows["A"]["p"] == pytest.approx(beta.cdf(0.01, 6.5, 94.5))
    assert [rows[g]["light"] for g in "ACG"] == ["too low", "holds", "too high"]
    assert rows["C"]["observed"] == 0.08
    box = boxes(credit_page_one(scored(truth, risk)))["Grades"]
    assert box.value == "1 of 3 hold"
    assert "too low: A (1.0 % said, 6.0 % of 100 defaulted)" in box.note
    assert "p below 0.05" in box.note


def test_cutoffs_by_hand() -> None:
    sc = scored([1, 1, 0, 0, 0], [0.5, 0.1, 0.2, 0.1, 0.05], threshold=0.15)
    grades, cutoffs = credit_sections(sc)
    row = next(row for row in table(cutoffs, "cutoffs") if row["note"])
    assert (row["cut"], row["accepted"], row["approval"]) == (0.15, 3, 0.6)
    assert row["bad_rate"] == pytest.approx(1 / 3)
    assert row["referred_bad"] == 0.5
    assert row["profit"] == pytest.approx(100 * (2 - 5) / 5)
    assert cutoffs.numbers["profit_per_100"] == pytest.approx(-60)
    assert boxes(credit_page_one(sc))["Expected profit per 100 applications"].value == "-60.0"
    assert grades.numbers["grades"] == 4
    for section in (grades, cutoffs):
        for block in as_data(section)["blocks"]:
            if block["block"] == "figure":
                assert draw(block).startswith("<svg")


def test_groups_of_the_risk_officer_agree_with_fairlearn() -> None:
    sex = np.random.default_rng(2).choice(["f", "m"], 400)
    sc = drawn(400, 1, {"sex": sex, "age_band": ["x"] * 390 + ["y"] * 10})
    box = boxes(credit_page_one(sc))["Groups accepted alike"]
    other = demographic_parity_ratio(sc.truth, (sc.risk < 1 / 6).astype(int), sensitive_features=sex)
    assert box.value == f"{other:.2f}"
    assert "age band" not in box.note  # ten rows are too few to compare with


def fraud(threshold: float = 0.5) -> Scored:
    """Two days of fifty rows; card a is defrauded at 10:00 (missed) and 16:00 (seen), card b on day two (missed)."""
    n = 100
    truth, risk, amount = np.zeros(n, int), np.full(n, 0.01), np.full(n, 20.0)
    cards, times = (
        np.array([f"c{i % 20}" for i in range(n)], dtype=object),
        np.array(["2025-01-01 08:00"] * n, dtype=object),
    )
    times[50:] = "2025-01-02 08:00"
    for at, card, time, p, money in (
        (0, "a", "2025-01-01 10:00", 0.3, 98.0),
        (1, "a", "2025-01-01 16:00", 0.9, 101.0),
        (60, "b", "2025-01-02 09:00", 0.02, 900.0),
    ):
        truth[at], cards[at], times[at], risk[at], amount[at] = 1, card, time, p, money
    risk[70] = 0.8  # a false alarm on card c10
    return scored(truth, risk, {"card": cards, "time": times, "amount": amount}, threshold)


def test_reviews_of_each_day() -> None:
    seen = reviewed_by_day(fraud(), 0.04)
    assert seen is not None
    assert seen.nonzero()[0].tolist() == [0, 1, 60, 70]  # two of each day's fifty
    one = reviewed_by_day(fraud(), 0.001)
    assert one is not None
    assert one.nonzero()[0].tolist() == [1, 70]  # at least one a day
    assert reviewed_by_day(scored([1], [0.5]), 0.1) is None


def test_page_one_of_the_head_of_fraud_by_hand() -> None:
    found = boxes(fraud_page_one(fraud()))
    assert found["Each day: recall / precision"].value == "33.3 % / 50.0 %"  # rows 1 and 70 are reviewed
    assert "found 1 of 3; exact" in found["Each day: recall / precision"].note
    assert found["False declines of good customers"].value == f"{1000 / 20:.1f} per 1,000"
    assert found["Time to detect"].value == "6 hours, 1 of 2 cards"
    assert "0 were seen at their first fraud, 1 never" in found["Time to detect"].note
    assert found["Label delay"].value == "7 days"


def test_capacity_and_money_sections() -> None:
    capacity, money = fraud_sections(fraud())
    at = {row["share"]: row for row in table(capacity, "capacity")}
    assert (at[0.02]["reviews"], at[0.02]["found"]) == (2, 1)
    assert at[0.02]["recall"] == pytest.approx(1 / 3)
    assert at[0.02]["money"] == pytest.approx(101 / 1099)
    assert at[0.05]["recall"] == 1.0
    assert capacity.numbers["recall_top_2"] == pytest.approx(1 / 3)
    assert (
        [day["found"] for day in table(capacity, "days")] == [row["found"] for row in cards_by_day(fraud())] == [1, 0]
    )
    bands = {row["band"]: row for row in table(money, "amounts")}
    assert (bands["50 to 100"]["frauds"], bands["100 to 500"]["recall"], bands["500 to 1000"]["lost"]) == (
        1,
        1.0,
        900.0,
    )
    near = {(row["limit"], row["side"]): row for row in table(money, "limits")}
    assert near[100.0, "just below"]["frauds"] == near[100.0, "just above"]["frauds"] == 1
    assert money.numbers["money_alerted"] == pytest.approx(101 / 1099)
    for section in (capacity, money):
        for block in as_data(section)["blocks"]:
            if block["block"] == "figure":
                assert draw(block).startswith("<svg")


@pytest.mark.parametrize("make", [credit_sections, fraud_sections])
def test_sections_of_odd_rows(make: Any) -> None:
    assert make(scored([], [])) == []
    for truth in ([0, 0], [1, 1]):
        for section in make(scored(truth, [0.9, 0.9], {"amount": [1.0, np.nan]})):
            for block in as_data(section)["blocks"]:
                if block["block"] == "figure":
                    draw(block)
