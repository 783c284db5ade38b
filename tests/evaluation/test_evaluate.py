"""From a run to a report: the right rows, the right truth, honest words; with a stand-in for the tuned model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from verticals.core.errors import DataError, RunError
from verticals.core.task import Field, Prepared, SafetyPolicy, Schema, Scored, Task
from verticals.evaluation.evaluate import PROBES, Measured, evaluate, facts_of, scored_rows
from verticals.evaluation.intervals import Interval
from verticals.evaluation.measure import (
    abstention_facts,
    conformal_facts,
    corrected,
    error_rows,
    threshold_rows,
    verdict,
)
from verticals.evaluation.metrics import standard as S
from verticals.evaluation.report import Report
from verticals.evaluation.words import summary

from .conftest import StandIn, binary_rows, binary_schema, binary_task, prepare, said_of, scored


@pytest.fixture
def data() -> Prepared:
    return prepare(binary_task(), binary_schema(), binary_rows)


@pytest.fixture
def run(tmp_path: Path, data: Prepared, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder as tuning leaves it, with the stand-in behind `Predictor.load`."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "data.json").write_text(json.dumps({"source": {"seed": 3}, "simulated": True, "notes": []}))
    (folder / "calibration.json").write_text(json.dumps({"conformal": 0.8}))
    files = {"adapter/adapter_model.safetensors": {"sha256": "ab" * 32, "bytes": 1}}
    (folder / "manifest.json").write_text(
        json.dumps({"manifest": 1, "seed": 0, "versions": {"torch": "2"}, "files": files})
    )
    made = StandIn(data.task, data.schema)
    loader = SimpleNamespace(load=lambda path, threads=None: made)
    monkeypatch.setitem(sys.modules, "verticals.core.predict", SimpleNamespace(Predictor=loader))

    def prepare_again(source: dict[str, Any], task: Task, *, checked: bool) -> Prepared:
        assert not checked, "a run is evaluated whatever today's checks say of its data"
        assert source == {"seed": 3}
        return data

    rows = SimpleNamespace(
        prepare_again=prepare_again, prepare_rows=lambda task, schema, path, bank: pd.read_pickle(path)
    )
    monkeypatch.setitem(sys.modules, "verticals.datasets.prepare", rows)
    return folder


def test_a_run_becomes_a_report(run: Path, data: Prepared, capsys: pytest.CaptureFixture[str]) -> None:
    report = evaluate(run)
    truth = data.test["outcome"] == "ill"
    risk = StandIn(data.task, data.schema).predict(data.test).scores[:, 0]
    assert report.headline == "auroc"
    assert report.value == pytest.approx(roc_auc_score(truth, risk))
    assert report.interval[0] < report.value < report.interval[1]
    assert report.path == run / "report" / "report.html"
    facts = json.loads((run / "report" / "report.json").read_text())
    assert facts == report.data
    assert {m["name"] for m in facts["metrics"]} == {"auroc", "average_precision", "brier", "ece", "expected_cost"}
    assert facts["simulated"] is True
    assert facts["rows"]["group"] == "patient"
    assert facts["rows"]["groups"] == data.test["patient"].nunique()
    assert {"name": "Adapter sha256", "value": "ab" * 32} in facts["provenance"]
    assert {"what": "Groups by ward", "why": "the rows have no such column."} in facts["missing"]
    assert "Baselines" not in {one["what"] for one in facts["missing"]}
    assert [b["name"] for b in facts["baselines"]] == [
        "majority",
        "TF-IDF + logistic regression",
        "random forest",
        "histogram boosting",
    ]
    # the stand-in reads the age alone, so that models that also read the note must be ahead of it, in words too
    assert facts["baselines"][0]["verdict"] == "beats majority"
    assert any("It is behind" in sentence and "random forest" in sentence for sentence in facts["summary"])
    assert "baseline: majority" in capsys.readouterr().err


def test_figures_of_withheld_escalated_and_calibrated_answers(run: Path, data: Prepared) -> None:
    facts = evaluate(run, baselines=False, progress=False).data
    said = StandIn(data.task, data.schema).predict(data.test)
    right = (said.scores.argmax(1) == 0) == (data.test["outcome"] == "ill")
    held = facts["abstention"]
    assert held["withheld"] == said.abstained.sum()
    assert held["accuracy_answered"] == pytest.approx(right[~said.abstained].mean())
    assert held["reasons"] == [{"reason": "The likeliest answer has probability ….", "rows": held["withheld"]}]
    assert facts["flags"]["rows"] == sum("crushing" in note for note in data.test["note"])
    inside = [o in chosen for o, chosen in zip(data.test["outcome"], said.conformal, strict=True)]
    assert facts["conformal"]["coverage"] == pytest.approx(np.mean(inside))
    assert facts["calibration"]["ece_before"] > facts["calibration"]["ece"]
    assert sum(b["count"] for b in facts["calibration"]["bins"]) == len(data.test)
    frozen = [row for row in facts["thresholds"] if row["frozen"]]
    assert [row["threshold"] for row in frozen] == [1 / 6]
    assert np.sum(facts["confusion"]["table"]) == len(data.test)
    assert {"what": "Baselines", "why": "they were switched off for this report."} in facts["missing"]


def test_the_quick_report_asks_the_model_once(run: Path, data: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    predict = StandIn.predict

    def counting(self: StandIn, rows: pd.DataFrame) -> SimpleNamespace:
        asked.append(len(rows))
        return predict(self, rows)

    monkeypatch.setattr(StandIn, "predict", counting)
    facts = evaluate(run, baselines=False, progress=False, thorough=False).data
    assert asked[0] == len(data.test)
    assert sum(asked) <= len(data.test) + len(data.validation), "drift may look at the validation rows, once"
    why = {one.get("key"): one["why"] for one in facts["missing"]}
    for key in PROBES:
        assert why[key] == "Left out here to be quick; `verticals evaluate run` makes it."
    assert not set(PROBES) & {one["key"] for one in facts["sections"]}
    assert "discrimination" in {one["key"] for one in facts["sections"]} | set(why)


def test_changed_data_is_refused_and_nothing_is_written(
    run: Path, data: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StandIn, "fingerprint", "0" * 64)
    with pytest.raises(RunError, match="has changed since tuning"):
        evaluate(run, progress=False)
    assert not (run / "report").exists()


def test_another_file_is_measured_even_where_the_old_data_has_changed(
    run: Path, data: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.pickle"
    rows = pd.concat([binary_rows(80, 9), data.train.iloc[:40]], ignore_index=True).dropna()
    old = data.train.iloc[:40].dropna()
    rows.to_pickle(path)
    report = evaluate(run, path, out=tmp_path / "out", progress=False)
    assert report.path == tmp_path / "out" / "report.html"
    assert report.data["rows"]["measured"] == len(rows)
    assert report.data["rows"]["seen"] == len(old)
    assert report.data["simulated"] is False
    assert any("tuned on simulated records" in s for s in report.data["summary"])
    assert any("in every field" in s for s in report.data["summary"])
    monkeypatch.setattr(StandIn, "fingerprint", "0" * 64)
    again = evaluate(run, path, out=tmp_path / "again", progress=False).data
    assert again["baselines"] == []
    assert "has changed since tuning" in again["missing"][0]["why"]
    assert again["rows"]["seen"] is None
    assert "never saw" not in again["summary"][0]


def test_rows_without_the_truth_are_refused(data: Prepared) -> None:
    said = StandIn(data.task, data.schema).predict(data.test)
    with pytest.raises(DataError, match="no column 'outcome'"):
        scored_rows(data.task, data.schema, data.test.drop(columns="outcome"), said)  # type: ignore[arg-type]


def facts_for(task: Task, schema: Schema, rows: pd.DataFrame, said: SimpleNamespace) -> dict[str, Any]:
    whole = Prepared(task, schema, rows, rows.iloc[:0], rows)
    measured = Measured(scored_rows(task, schema, rows, said), said, 1.0)  # type: ignore[arg-type]
    facts = facts_of(task, schema, measured, whole, with_baselines=False, half_width=1.5)
    facts |= {"simulated": False, "tuned_on_simulated": False, "measured_on": "the test rows", "provenance": []}
    return Report(facts | {"summary": summary(facts)}).data


def test_a_number_has_no_calibration_curve_but_an_interval() -> None:
    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "days": [1.0, 2.0, 3.0, 8.0]})
    task = Task("a.b", "1", "t", "regression", "days", (S.MAE, S.R2), SafetyPolicy("s"))
    facts = facts_for(
        task, Schema((Field("x", "number"),), "days"), rows, said_of(rows, (), np.array([1.0, 2.0, 4.0, 4.0]))
    )
    assert facts["headline"]["value"] == pytest.approx(5 / 4)
    assert facts["calibration"] is None
    assert facts["conformal"]["coverage"] == 0.75
    assert facts["errors"][0] == {"row": 3, "error": 4.0}
    assert "Calibration curve" in [m["what"] for m in facts["missing"]]
    assert "<h1>" in Report(facts).html()


def test_own_candidates_are_found_by_text_or_by_number() -> None:
    rows = pd.DataFrame(
        {"q": ["x", "y", "z"], "options": ['["a", "b"]', '["c", "d", "e"]', '["f"]'], "label": ["b", "2", "gone"]}
    )
    task = Task("a.b", "1", "t", "choice", "label", (S.MRR,), SafetyPolicy("s"), candidates="options")
    scores = np.array([[0.4, 0.6, 0.0], [0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    said = said_of(rows, (), scores, conformal=(("1",), ("0", "2"), ("0",)))
    found = scored_rows(task, Schema((Field("q", "text"),), "label"), rows, said)  # type: ignore[arg-type]
    assert found.truth.tolist() == [1, 2, -1]
    facts = facts_for(task, Schema((Field("q", "text"),), "label"), rows, said)
    assert facts["headline"]["value"] == pytest.approx(2 / 3)
    assert facts["conformal"]["coverage"] == pytest.approx(2 / 3)
    assert any("1 rows have a label" in s for s in facts["summary"])
    assert "<h1>" in Report(facts).html()


def test_many_labels_show_the_worst_confusions_only() -> None:
    labels = tuple(f"c{i:02}" for i in range(40))
    rows = pd.DataFrame({"x": np.arange(80.0), "label": list(labels) * 2})
    scores = np.eye(40)[[0, 0, *range(2, 40)] * 2] * 0.9 + 0.0025
    task = Task("a.b", "1", "t", "classification", "label", (S.ACCURACY,), SafetyPolicy("s"))
    facts = facts_for(task, Schema((Field("x", "number"),), "label", labels), rows, said_of(rows, labels, scores))
    assert facts["confusion"]["table"] is None
    assert facts["confusion"]["worst"] == [{"truth": "c01", "answer": "c00", "count": 2}]
    assert facts["errors"] == [
        {"row": 1, "confidence": pytest.approx(0.9025)},
        {"row": 41, "confidence": pytest.approx(0.9025)},
    ]
    assert "<h1>" in Report(facts).html()


def test_groups_below_thirty_rows_get_no_figure() -> None:
    rows = binary_rows(100, 4).assign(ward=["a"] * 75 + ["b"] * 25)
    task, schema = binary_task(slices=("ward",)), binary_schema()
    facts = facts_for(task, schema, rows, StandIn(task, schema).predict(rows))
    big, small = facts["slices"][0]["rows"]
    part = rows.iloc[:75]
    risk = StandIn(task, schema).predict(part).scores[:, 0]
    assert big["value"] == pytest.approx(roc_auc_score(part["outcome"] == "ill", risk))
    assert (small["group"], small["value"], small["note"]) == ("b", None, "too few")


def test_words_follow_the_interval() -> None:
    assert verdict("majority", Interval(0.1, 0.05, 0.2)) == "beats majority"
    assert verdict("ridge", Interval(0.1, -0.05, 0.2)) == "does not beat ridge"
    assert verdict("ridge", Interval(0.1, 0.0, 0.2)) == "does not beat ridge"
    assert verdict("ridge", Interval(-0.1, -0.2, -0.05)) == "is behind ridge"
    assert verdict("ridge", Interval(0.1, float("nan"), float("nan"))) == "cannot be compared with ridge"


def test_many_comparisons_are_corrected_by_holm() -> None:
    rows = [
        {"name": name, "p": p, "verdict": f"{way} {name}"}
        for name, p, way in (
            ("a", 0.004, "beats"),
            ("b", 0.03, "beats"),
            ("c", 0.03, "is behind"),
            ("d", 0.8, "does not beat"),
        )
    ]
    found = corrected(rows)
    assert [one["p_holm"] for one in found] == pytest.approx([0.016, 0.09, 0.09, 0.8])
    assert [one["verdict"] for one in found] == ["beats a", "does not beat b", "does not beat c", "does not beat d"]


def test_threshold_table_by_hand() -> None:
    rows = scored([1, 1, 0, 0, 0], [0.9, 0.35, 0.35, 0.15, 0.05], threshold=0.3)
    table = threshold_rows(rows, binary_task().decision)
    assert table is not None
    row = next(line for line in table if line["frozen"])
    assert row == {
        "threshold": 0.3,
        "frozen": True,
        "recall": 1.0,
        "specificity": pytest.approx(2 / 3),
        "precision": pytest.approx(2 / 3),
        "npv": 1.0,
        "alerts_per_1000": pytest.approx(600),
        "cost_per_1000": pytest.approx(200),
    }
    assert sum(line["frozen"] for line in table) == 1


def test_nothing_withheld_and_everything_withheld() -> None:
    rows = scored([1, 0], [0.9, 0.2])
    assert abstention_facts(rows, ("", "")) is None
    all_out = Scored(rows.truth, rows.scores, rows.labels, rows.rows, 1, None, np.array([True, True]))
    facts = abstention_facts(all_out, ("a", "a"))
    assert facts is not None
    assert (facts["share"], facts["accuracy_answered"], facts["accuracy_withheld"]) == (1.0, None, 1.0)
    assert conformal_facts(rows, ((), ()), None) is None
    assert error_rows(rows) == []
