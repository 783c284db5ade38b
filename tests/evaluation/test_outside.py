"""A report on predictions of another program: the right figures from any sensible table, one sentence for any fault."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from verticals.core.errors import DataError
from verticals.core.task import Bank, Field, SafetyPolicy, Task
from verticals.evaluation.metrics import standard as S
from verticals.evaluation.outside import report

from .conftest import binary_rows, binary_task

TASK = binary_task(slices=("sex",))


def table(n: int = 200, seed: int = 5) -> tuple[pd.DataFrame, np.ndarray]:
    rows = binary_rows(n, seed)
    risk = (1 / (1 + np.exp(-(rows["age"].fillna(55).to_numpy() - 55) / 6))).round(4)
    return rows, risk


def facts(frame: pd.DataFrame | Path, task: Task = TASK, **more: Any) -> dict[str, Any]:
    return report(frame, task, **more).data


def test_figures_are_those_of_scikit_learn() -> None:
    rows, risk = table()
    said = facts(rows.assign(probability_ill=risk, probability_well=1 - risk))
    truth = rows["outcome"] == "ill"
    values = {m["name"]: m["value"] for m in said["metrics"]}
    assert values["auroc"] == pytest.approx(roc_auc_score(truth, risk))
    assert values["brier"] == pytest.approx(brier_score_loss(truth, risk))
    assert said["rows"]["measured"] == 200
    assert said["rows"]["positive"] == "ill"
    assert said["simulated"] is False
    why = {m["what"]: m["why"] for m in said["missing"]}
    assert "--train" in why["Baselines"]
    assert "Does it stand small changes?" in why, "what only the model could tell is named"


def test_one_column_is_enough_for_two_labels() -> None:
    rows, risk = table()
    both = facts(rows.assign(probability_ill=risk, probability_well=1 - risk))["metrics"]
    for name in ("probability", "score", "risk", "probability_ill"):
        assert facts(rows.assign(**{name: risk}))["metrics"] == both, name
    turned = facts(rows.assign(probability_well=1 - risk))["metrics"]  # 1 - (1 - risk) is risk but for the last digit
    for one, other in zip(turned, both, strict=True):
        assert [one["value"], *one["interval"]] == pytest.approx([other["value"], *other["interval"]], abs=1e-12)
    named = facts(rows.assign(score=0.5, p_model=risk), probability="p_model")
    assert named["metrics"] == both


def test_nothing_but_truth_and_probability() -> None:
    rows, risk = table()
    said = facts(pd.DataFrame({"outcome": rows["outcome"], "probability": risk}))
    assert said["headline"]["value"] == pytest.approx(roc_auc_score(rows["outcome"] == "ill", risk))
    assert said["rows"]["group"] is None


def test_own_names_for_everything() -> None:
    rows, risk = table()
    frame = rows.rename(columns={"outcome": "DIED"}).assign(DIED=(rows["outcome"] == "ill").astype(int), risk=risk)
    said = facts(frame, label="DIED", positive="1", group="patient")
    assert said["headline"]["value"] == pytest.approx(roc_auc_score(frame["DIED"], risk))
    assert said["rows"]["group"] == "patient"
    assert said["rows"]["groups"] == rows["patient"].nunique()


def test_the_threshold_is_the_users() -> None:
    rows, risk = table()
    frame = rows.assign(probability=risk)
    said = facts(frame, threshold=0.2)
    frozen = [line for line in said["thresholds"] if line["frozen"]]
    assert [line["threshold"] for line in frozen] == [0.2]
    assert frozen[0]["recall"] == pytest.approx((risk >= 0.2)[rows["outcome"] == "ill"].mean())
    with pytest.raises(DataError, match=r"threshold of 1\.5 is no probability"):
        facts(frame, threshold=1.5)


def test_unanswered_rows_and_answers_that_differ() -> None:
    rows, risk = table()
    frame = rows.assign(probability=risk, abstained=np.where(risk > 0.8, "yes", "no"), prediction="ill")
    said = facts(frame, threshold=0.5)
    assert said["abstention"]["withheld"] == (risk > 0.8).sum()
    assert any(f"In {(risk < 0.5).sum()} of 200 rows the column 'prediction'" in note for note in said["notes"])
    with pytest.raises(DataError, match="holds 'perhaps'; write true and false"):
        facts(frame.assign(abstained="perhaps"))


def test_rows_without_the_truth_are_left_out() -> None:
    rows, risk = table()
    frame = rows.assign(probability=risk)
    frame.loc[3:12, "outcome"] = None
    said = facts(frame)
    kept = frame["outcome"].notna().to_numpy()
    assert said["rows"]["measured"] == 190
    assert said["headline"]["value"] == pytest.approx(roc_auc_score(rows["outcome"][kept] == "ill", risk[kept]))
    assert any("10 of 200 rows have no label" in note for note in said["notes"])


def test_training_rows_allow_baselines() -> None:
    rows, risk = table()
    said = facts(rows.assign(probability=risk), train=binary_rows(240, 1))
    assert "majority" in [one["name"] for one in said["baselines"]]
    assert said["rows"]["train"] == 240
    assert said["rows"]["seen"] == 0


def many_labels(n: int = 120) -> tuple[pd.DataFrame, np.ndarray]:
    draw = np.random.default_rng(2)
    truth = draw.integers(3, size=n)
    scores = draw.dirichlet([1, 1, 1], n) * 0.5
    scores[np.arange(n), truth] += 0.5
    frame = pd.DataFrame({"x": draw.normal(size=n), "kind": np.array(["a", "b", "c"])[truth]})
    return frame, scores


KINDS = Task("a.b", "1", "Which kind?", "classification", "kind", (S.ACCURACY, S.BRIER), SafetyPolicy("s"))


def test_several_labels_in_any_order_and_rounded() -> None:
    frame, scores = many_labels()
    rounded = scores.round(2)
    said = facts(
        frame.assign(probability_c=rounded[:, 2], probability_a=rounded[:, 0], probability_b=rounded[:, 1]), KINDS
    )
    right = np.array(["a", "b", "c"])[rounded.argmax(1)] == frame["kind"]
    assert said["headline"]["value"] == pytest.approx(right.mean())


def test_a_label_that_no_row_has_may_have_a_column() -> None:
    frame, scores = many_labels()
    two = frame["kind"] != "c"
    said = facts(frame[two].assign(**{f"probability_{k}": scores[two, i] for i, k in enumerate("abc")}), KINDS)
    assert said["rows"]["measured"] == two.sum()


def test_values() -> None:
    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "days": [1.0, 2.0, 3.0, 8.0], "prediction": [1.0, 2.0, 4.0, 4.0]})
    task = Task("a.b", "1", "t", "regression", "days", (S.MAE, S.R2), SafetyPolicy("s"))
    assert facts(rows, task)["headline"]["value"] == pytest.approx(5 / 4)
    with pytest.raises(DataError, match="no column 'prediction'"):
        facts(rows.drop(columns="prediction"), task)
    with pytest.raises(
        DataError, match="1 of 4 cells in 'prediction' are no finite numbers, first an empty cell in row 2"
    ):
        facts(rows.assign(prediction=[1.0, None, 4.0, 4.0]), task)


def test_candidates_of_a_bank() -> None:
    bank = Bank(lambda: pd.DataFrame({"id": ["p", "q"], "text": ["first", "second"]}))
    task = Task("a.b", "1", "t", "choice", "label", (S.MRR,), SafetyPolicy("s"), (Field("ask", "text"),), bank=bank)
    rows = pd.DataFrame({"ask": ["what now", "where to"], "label": ["p", "q"]})
    said = facts(rows.assign(probability_p=[0.9, 0.8], probability_q=[0.1, 0.2]), task)
    assert said["headline"]["value"] == pytest.approx((1 + 1 / 2) / 2)


def test_a_file_becomes_a_folder_beside_it(tmp_path: Path) -> None:
    rows, risk = table()
    (tmp_path / "in").mkdir()
    rows.assign(probability=risk).to_parquet(tmp_path / "in" / "march.parquet")
    made = report(tmp_path / "in" / "march.parquet", TASK)
    assert made.path == tmp_path / "in" / "march.report" / "report.html"
    kept = json.loads((tmp_path / "in" / "march.report" / "report.json").read_text())
    assert kept["measured_on"] == "the predictions in march.parquet"
    assert {p["name"] for p in kept["provenance"]} >= {"Predictions sha256", "Model"}
    assert report(rows.assign(probability=risk), TASK).path is None


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no probabilities": (
        {"probability": None},
        r"holds no probabilities \(columns: age, sex.*add a column probability_LABEL",
    ),
    "per cent": ({"probability": 50.0}, "200 of 200 values in 'probability' lie outside 0 to 1, first 50 in row 1"),
    "words": ({"probability": "high"}, "are no finite numbers, first 'high' in row 1"),
    "empty cells": ({"probability": np.nan}, "first an empty cell in row 1"),
    "no truth": ({"outcome": None}, "has no column 'outcome' with the true label; name it with --label"),
    "sums": (
        {"probability_ill": 0.5, "probability_well": 0.4},
        r"of 200 of 200 rows do not sum to 1 \(within 0.02\), first in row 1, where they sum to 0.9",
    ),
    "a label too many": (
        {"outcome": ["dead", "ill", "well", "ill"] * 50},
        "enough for two labels, but there are dead, ill, well",
    ),
    "a foreign column": (
        {"probability_ill": 0.5, "probability_well": 0.3, "probability_dead": 0.2, "outcome": "gone"},
        "200 rows have a true label that the predictions do not speak of, such as 'gone'",
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_one_sentence_and_leaves_nothing(what: str, tmp_path: Path) -> None:
    changes, says = FAULTS[what]
    rows, risk = table()
    frame = rows.assign(probability=risk)
    for name, value in changes.items():
        frame = frame.drop(columns=name) if value is None else frame.assign(**{name: value})
    frame.to_csv(tmp_path / "p.csv", index=False)
    task = binary_task(slices=(), positive="ill")
    with pytest.raises(DataError) as caught:
        report(tmp_path / "p.csv", task)
    assert re.search(says, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_a_single_column_needs_to_know_its_label() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "kind": ["a", "b", "a"], "probability": [0.1, 0.2, 0.3]})
    with pytest.raises(DataError, match=r"which of the labels a and b the column 'probability' speaks of.*--positive"):
        facts(frame, KINDS)
    assert facts(frame, KINDS, positive="b")["rows"]["measured"] == 3
    with pytest.raises(DataError, match="enough for two labels, but there are a, b, c"):
        facts(frame.assign(kind=["a", "b", "c"]), KINDS)
