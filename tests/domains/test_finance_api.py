"""What applications call: detector and assessor over a stand-in for a loaded run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.errors import DataError, RunError
from verticals.core.task import Flag, Schema, Task
from verticals.domains.finance.api import GRADES, CreditRiskAssessor, FraudDetector
from verticals.domains.finance.tasks import CREDIT, FRAUD


class Run:
    """A loaded run whose risk is a plain formula, in the shape of `Predictor`."""

    def __init__(
        self,
        task: Task,
        weights: dict[str, float],
        *,
        threshold: float | None,
        labels: tuple[str, ...] | None = None,
        positive: str | None = None,
    ) -> None:
        self.task, self.path, self.weights, self.threshold = task, Path("run"), weights, threshold
        fed = tuple(f for f in task.fields if not f.protected and f.kind != "time")
        kept = tuple(f.name for f in task.fields if f.protected)
        self.schema = Schema(
            fed, task.label, labels or task.labels, positive or task.positive, task.split.group, task.split.time, kept
        )

    def _odds(self, record: dict[str, Any]) -> float:
        known = {k: v for k, v in record.items() if v is not None and v == v}
        return -2.0 + sum(w * float(known[name]) for name, w in self.weights.items() if name in known)

    def predict(self, records: Any) -> SimpleNamespace:
        rows = records.to_dict("records") if isinstance(records, pd.DataFrame) else [records]
        p = 1 / (1 + np.exp(-np.array([self._odds(row) for row in rows])))
        scores = np.column_stack([1 - p, p])
        if self.schema.labels[0] == self.schema.positive:
            scores = scores[:, ::-1]
        flags: Sequence[tuple[Flag, ...]] = [tuple(self.task.safety.escalate(row)) for row in rows]
        lost = [pd.isna(row.get("amount")) for row in rows]
        return SimpleNamespace(
            scores=scores,
            abstained=np.array(lost),
            reasons=tuple("The required field 'amount' is missing." if x else "" for x in lost),
            flags=tuple(flags),
            threshold=self.threshold,
        )

    def influence(self, record: dict[str, Any], *, label: str) -> list[SimpleNamespace]:
        assert label == self.schema.positive
        whole = self._odds(record)
        found = [
            SimpleNamespace(field=name, evidence=str(record[name]), effect=whole - self._odds({**record, name: None}))
            for name in record
        ]
        if "note" in record:
            found.append(SimpleNamespace(field="note", evidence="My hours were cut", effect=0.7))
        return sorted(found, key=lambda one: -abs(one.effect))


def detector(**options: Any) -> FraudDetector:
    options = {"threshold": 0.4, **options}
    return FraudDetector(Run(FRAUD, {"amount": 0.01, "card_mean_30d": -0.02}, **options))  # type: ignore[arg-type]


def assessor(threshold: float | None = 0.2) -> CreditRiskAssessor:
    weights = {
        "late_payments": 0.9,
        "income": -0.0005,
        "utilisation": 0.01,
        "age": 9.0,
        "existing_credits": 0.3,
        "debts": 1e-4,
    }
    return CreditRiskAssessor(Run(CREDIT, weights, threshold=threshold))  # type: ignore[arg-type]


def test_alert() -> None:
    alert = detector().score({"amount": 400, "card_mean_30d": 10, "card": "c1", "channel": "online"})
    assert alert.probability == pytest.approx(1 / (1 + math.exp(-(-2 + 4 - 0.2))))
    assert alert.alert
    assert alert.reasons == ("amount: 400 (odds of fraud times 54.6)",)  # what speaks against is no reason
    assert "review: probability of fraud 85.8% (alerts from 40.0%)" in str(alert)
    assert FRAUD.safety.statement in str(alert)
    assert not detector().score({"amount": 20}).alert


def test_alert_follows_the_users_own_labels() -> None:
    run = detector(labels=("1", "0"), positive="1")
    assert run.score({"amount": 400}).probability == pytest.approx(detector().score({"amount": 400}).probability)


def test_a_rule_alerts_whatever_the_score_and_abstaining_does_not() -> None:
    low = detector().score({"amount": -5})
    assert low.alert
    assert low.probability < low.threshold
    assert "must be seen" in str(low)
    lost = detector().score({"channel": "online"})
    assert (lost.abstained, lost.alert, lost.reasons) == (True, False, ())
    assert "No answer: The required field 'amount' is missing." in str(lost)


def test_score_many_fills_the_capacity_with_flags_first() -> None:
    amounts = [10.0, 500, 300, np.nan, -1, 200, 20, 30, 40, 50]
    frame = pd.DataFrame({"amount": amounts, "shop": "x"}, index=list("abcdefghij"))
    out = detector().score_many(frame, capacity=0.3)
    assert out.index.tolist() == frame.index.tolist()
    assert out.index[out["alert"]].tolist() == ["b", "c", "e"]  # the flagged one, then the two riskiest
    assert out.loc["e", "rank"] == 1
    assert out.loc["e", "flags"] == "amount_not_positive"
    assert out.loc["d", "rank"] == 10  # not answered: last
    assert sorted(out["rank"]) == list(range(1, 11))
    frozen = detector().score_many(frame)
    assert frozen.index[frozen["alert"]].tolist() == ["b", "c", "e", "f"]  # sigmoid(0) = 0.5 for 200
    assert detector().score_many(frame.head(2), capacity=0.01)["alert"].tolist() == [False, True]


@pytest.mark.parametrize("capacity", [0, -0.1, 1.1, math.nan])
def test_capacity_is_a_share(capacity: float) -> None:
    with pytest.raises(DataError, match=r"share of the rows in \(0, 1\]"):
        detector().score_many(pd.DataFrame({"amount": [1.0]}), capacity)


def test_faults_of_frames() -> None:
    with pytest.raises(DataError, match=r"no field 'card_mean_30'\. Did you mean 'card_mean_30d'"):
        detector().score_many(pd.DataFrame({"amount": [1.0], "card_mean_30": [2.0]}))
    with pytest.raises(DataError, match="None of the fields"):
        detector().score_many(pd.DataFrame({"shop": ["x"]}))
    with pytest.raises(DataError, match=r"terminal_risk_7d is 1\.5; plausible is 0 to 1"):
        detector().score_many(pd.DataFrame({"amount": [1.0, 2], "terminal_risk_7d": [0.5, 1.5]}))


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"incom": 2000}, r"no field 'incom'\. Did you mean 'income'"),
        ({"utilisation": 250}, r"utilisation is 250 %; plausible is 0 to 200 %: correct it or leave it out"),
        ({"employment_years": -1}, "plausible is 0 to 70 years"),
        ({"duration_months": "long"}, "'long', which is no number; give a number in months"),
        ({"amount": math.inf}, "amount is inf"),
        ({}, "The record is empty"),
        ({"age": 30}, "The record is empty"),  # a protected attribute alone is nothing to go by
    ],
)
def test_faults_of_records(record: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        assessor().assess(record)


@pytest.mark.parametrize(
    ("late", "band", "grade"),
    [(0, "accept", "D"), (1, "refer", "E"), (3, "refer: propose decline", "G")],
)
def test_bands_never_decline(late: int, band: str, grade: str) -> None:
    found = assessor().assess({"late_payments": late, "amount": 900})  # log-odds -2 + 0.9 late: 0.12, 0.25, 0.67
    assert (found.band, found.grade) == (band, grade)
    assert not found.band.startswith("decline")
    assert CREDIT.safety.statement in str(found)


def test_reasons_are_the_four_strongest_and_never_protected() -> None:
    application = {
        "age": 1, "late_payments": 2, "income": 1000, "utilisation": 96, "existing_credits": 3, "debts": 9000,
        "amount": 500,
    }  # fmt: skip
    found = assessor().assess(application)
    assert [reason.split(":")[0] for reason in found.reasons] == [
        "late payments in two years",
        "share of the credit line in use",
        "running credits",
        "other debts",
    ]
    assert found.reasons[1] == "share of the credit line in use: 96 % (odds of default times 2.6)"
    assert not any("age" in reason.split(":")[0].split() for reason in found.reasons)


def test_rules_and_abstaining_refer() -> None:
    flagged = assessor().assess({"income": 9000, "amount": 900, "instalment_rate": 60})
    assert (flagged.band, flagged.grade) == ("refer", "A")
    assert "check affordability" in str(flagged)
    lost = assessor().assess({"income": 9000})
    assert (lost.band, lost.grade, lost.reasons) == ("refer", "", ())


def test_without_a_frozen_threshold_the_costs_decide() -> None:
    assert assessor(None).assess({"amount": 1}).threshold == pytest.approx(1 / 6)


def test_a_note_is_quoted() -> None:
    run = assessor()
    run._desk.predictor._odds = lambda record: -2.0  # type: ignore[attr-defined]
    found = run.assess({"amount": 500, "note": "My hours were cut."})
    assert found.reasons == ('what the applicant writes: "My hours were cut" (odds of default times 2.0)',)


def test_grades_rise() -> None:
    cuts = [below for _, below in GRADES]
    assert cuts == sorted(cuts)
    assert "".join(grade for grade, _ in GRADES) == "ABCDEFG"


def test_a_run_without_a_positive_label_is_refused() -> None:
    with pytest.raises(RunError, match="no positive one"):
        detector(labels=("a", "b"), positive="c")


def test_a_run_of_another_task_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from verticals.core.predict import Predictor

    other = Run(CREDIT, {}, threshold=None)
    monkeypatch.setattr(Predictor, "load", classmethod(lambda cls, run: other))
    with pytest.raises(RunError, match=r"tuned for finance\.credit; FraudDetector needs a run of finance\.fraud"):
        FraudDetector.load("runs/credit")
    assert isinstance(CreditRiskAssessor.load("runs/credit"), CreditRiskAssessor)
