"""The task's own metrics and page one by hand, and the assistant on a stand-in for a run."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

import verticals.medical
from verticals.core.errors import DataError
from verticals.core.registry import load_task
from verticals.core.task import Field, Schema, Scored
from verticals.domains.medical import DIAGNOSIS, DOMAIN, DiagnosisAssistant
from verticals.domains.medical.metrics import never_miss
from verticals.domains.medical.page_one import page_one

LABELS = ("stroke", "migraine", "Meningitis", "panic attack")


def scored(truth: list[int], first: list[int], **more: Any) -> Scored:
    """Rows whose likeliest label is `first`, then the labels in their order."""
    scores = np.tile([0.15, 0.1, 0.06, 0.04], (len(truth), 1))
    scores[np.arange(len(truth)), first] += 0.65
    rows = pd.DataFrame({"x": range(len(truth))})
    return Scored(np.array(truth, int), scores, LABELS, rows, **more)


def test_never_miss_counts_dangerous_truths_named_first() -> None:
    # dangerous truths: rows 0, 1, 2, 4; named first in rows 0 and 4
    assert never_miss(scored([0, 0, 2, 1, 2], [0, 1, 0, 1, 2])) == 0.5
    assert np.isnan(never_miss(scored([1, 3], [0, 0])))
    assert np.isnan(never_miss(scored([], [])))
    assert never_miss(scored([0, -1], [0, 0])) == 1.0  # a label that tuning did not know is left out


def test_never_miss_of_a_yes_no_table_is_its_sensitivity_at_the_threshold() -> None:
    p = np.array([0.3, 0.6, 0.1, 0.9])
    table = Scored(
        np.array([1, 1, 1, 0]), np.column_stack([1 - p, p]), ("no", "yes"), pd.DataFrame(index=range(4)), positive=1
    )
    assert never_miss(table) == pytest.approx(1 / 3)  # from 0.5 on
    frozen = Scored(table.truth, table.scores, table.labels, table.rows, positive=1, threshold=0.25)
    assert never_miss(frozen) == pytest.approx(2 / 3)
    for metric in DIAGNOSIS.metrics:
        assert np.isfinite(metric.function(frozen)), metric.name


def test_page_one_in_numbers_worked_out_by_hand() -> None:
    # row 4: a meningitis with a migraine in first place; meningitis is third there
    abstained = np.array([False, False, False, True, True])
    boxes = {box.title: box for box in page_one(scored([0, 0, 1, 3, 2], [0, 0, 0, 3, 1], abstained=abstained))}
    missed = boxes["Dangerous conditions named first"]
    assert missed.value == "66.7 %"
    assert "2 of 3" in missed.note
    assert "lower end of the exact 95 % interval 9.4 %" in missed.note  # scipy: beta.ppf(0.025, 2, 2) = 0.0943
    assert "among the first three in 3 of 3, absent from them in 0" in missed.note
    assert boxes["The never-miss list"].note == "stroke, Meningitis"
    assert boxes["Right when it answers"].value == "66.7 %"
    assert boxes["Does not answer"].value == "40.0 %"
    assert "right in 1 of 2" in boxes["Does not answer"].note
    assert boxes["Right condition among the first three"].value == "100.0 %"
    assert page_one(scored([], [])) == []


def test_page_one_without_dangerous_rows_or_answers_says_so() -> None:
    boxes = {b.title: b.value for b in page_one(scored([1], [1], abstained=np.array([True])))}
    assert boxes["Dangerous conditions named first"] == "not defined"
    assert "Right when it answers" not in boxes


def test_the_task_is_found_by_name_and_fits_together() -> None:
    assert load_task("medical.diagnosis") is DIAGNOSIS
    assert DOMAIN.tasks == (DIAGNOSIS,)
    assert DIAGNOSIS.headline.name == "macro_f1"
    assert {m.name for m in DIAGNOSIS.metrics} == {
        "macro_f1",
        "accuracy",
        "top_3",
        "never_miss",
        "mcc",
        "ece",
        "log_loss",
    }
    assert DIAGNOSIS.split.group == "patient"
    hidden = [f.name for f in DIAGNOSIS.fields if f.protected]
    assert hidden == ["reported", "asked", "age_band", "template", "encounter", "condition_code", "differential"]
    assert set(verticals.medical.__all__) >= {"DiagnosisAssistant", "Diagnosis", "DOMAIN"}


def test_importing_the_domain_stays_light() -> None:
    code = (
        "import sys, verticals.medical; "
        "print(sorted({'torch', 'transformers', 'sklearn', 'langchain', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


@dataclass
class Influence:
    field: str
    evidence: str
    effect: float


@dataclass
class Said:
    labels: tuple[str, ...]
    scores: np.ndarray
    abstained: np.ndarray
    reasons: tuple[str, ...]
    conformal: tuple[tuple[str, ...], ...]
    flags: tuple[tuple[Any, ...], ...]


@dataclass
class StandIn:
    """A predictor whose answer is fixed; it keeps what it was asked."""

    abstains: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    task = DIAGNOSIS
    schema = Schema((*DIAGNOSIS.fields[:-1], Field("ward", "category")), "condition", LABELS)

    def predict(self, records: list[dict[str, Any]]) -> Said:
        self.asked += records
        n = len(records)
        reasons = ("The likeliest label is not sure enough.",) * n if self.abstains else ("",) * n
        flags = tuple(tuple(DIAGNOSIS.safety.escalate(r)) for r in records)
        scores = np.tile([0.2, 0.5, 0.05, 0.25], (n, 1))
        return Said(LABELS, scores, np.full(n, self.abstains), reasons, (("migraine", "panic attack"),) * n, flags)

    def influence(self, record: dict[str, Any], *, label: str | None = None) -> list[Influence]:
        assert label == "migraine"
        return [
            Influence("note", "Light hurts.", 1.5),
            Influence("systolic_bp", "150.0", -0.7),
            Influence("sex", "female", 0.3),
            Influence("crp", "4.0", 0.01),
        ]


def assistant(**kw: Any) -> Any:
    return DiagnosisAssistant(StandIn(**kw))  # type: ignore[arg-type]


def test_diagnose_ranks_and_words_the_evidence() -> None:
    said = assistant().diagnose("Light hurts.", {"systolic_bp": 150}, sex="female", crp=4.0)
    assert said.conditions == (("migraine", 0.5), ("panic attack", 0.25), ("stroke", 0.2), ("Meningitis", 0.05))
    assert said.likeliest == "migraine"
    assert said.conformal_set == ("migraine", "panic attack")
    assert said.evidence_for == ('"Light hurts." (+1.50)', "sex female (+0.30)")
    assert said.evidence_against == ("systolic blood pressure 150.0 mm[Hg] (-0.70)",)
    assert not said.urgent
    text = str(said)
    assert text.startswith("Conditions to think of, by probability:\n   50.0%  migraine")
    assert text.endswith(DIAGNOSIS.safety.statement)


@pytest.mark.parametrize("abstains", [False, True])
def test_red_flags_lead_whatever_the_score(abstains: bool) -> None:
    said = assistant(abstains=abstains).diagnose("Chest pain and sweating.", {"spo2": 97})
    assert said.urgent
    assert str(said).startswith("URGENT")
    assert DIAGNOSIS.safety.referral in str(said)


def test_an_abstention_says_why_and_names_no_condition() -> None:
    said = assistant(abstains=True).diagnose("Tired.")
    assert said.abstained
    assert said.likeliest is None
    assert said.conditions[0] == ("migraine", 0.5)  # kept for who wants to look
    text = str(said)
    assert text.startswith("No answer: The likeliest label is not sure enough.")
    assert "migraine" not in text
    assert DIAGNOSIS.safety.referral in text


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        ({"systolic_pb": 120}, "No finding is called 'systolic_pb'. Did you mean 'systolic_bp'"),
        ({"systolic_bp": 1200}, r"systolic_bp is 1200, but plausible values are from 40 to 300 mm\[Hg\]"),
        ({"temperature": 98.6}, "temperature is 98.6, but plausible values are from 25 to 45 Cel"),
        ({"spo2": "high"}, "spo2 is 'high', which is not a number; write a number in %"),
        ({"gcs": True}, "gcs is True, which is not a number"),
    ],
)
def test_faults_in_findings_are_named(findings: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        assistant().diagnose("note", findings)


def test_missing_values_text_numbers_and_fields_of_the_run_are_accepted() -> None:
    one = assistant()
    one.diagnose("", {"spo2": None, "crp": float("nan"), "heart_rate": "80", "ward": "B", "findings": {"cough": "yes"}})
    assert one.predictor.asked[0]["note"] is None
    assert one.predictor.asked[0]["ward"] == "B"


def test_diagnose_many_keeps_the_order_and_names_the_bad_row() -> None:
    one = assistant()
    frame = pd.DataFrame({"patient": ["a", "b"], "note": ["Tired.", "Vomiting blood."], "spo2": [98.0, np.nan]})
    plain, urgent = one.diagnose_many(frame)
    assert (plain.urgent, urgent.urgent) == (False, True)
    assert plain.evidence_for == ()
    assert one.diagnose_many(frame.to_dict("records"), evidence=True)[0].evidence_for
    assert one.diagnose_many([]) == []
    with pytest.raises(DataError, match=r"spo2 is 9.8 in record 1, but plausible"):
        one.diagnose_many([{"note": "x"}, {"note": "y", "spo2": 9.8}])
