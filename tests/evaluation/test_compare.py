"""Runs side by side: the same rows for all, nobody tuned on them, and figures that agree with other programs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from verticals.core.errors import DataError, RunError
from verticals.core.predict import Predictor
from verticals.core.recipe import Recipe, with_settings
from verticals.core.task import SafetyPolicy, Schema, Scored, Task
from verticals.core.tune import tune
from verticals.datasets.prepare import prepare
from verticals.evaluation.compare import compare
from verticals.evaluation.compare_answers import Side, said
from verticals.evaluation.compare_sections import sections_of_sides, summary_of_sides
from verticals.evaluation.intervals import Resamples
from verticals.evaluation.metrics import standard as S
from verticals.evaluation.metrics.paired import mcnemar

from .conftest import binary_task, scored


def loans(rows: int = 150, seed: int = 3) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    income, job = draw.normal(3000, 800, rows).round(), draw.choice(["clerk", "nurse"], rows)
    bad = 3500 - income + 400 * (job == "clerk") + draw.normal(0, 300, rows) > 900
    note = draw.choice(["mild cough", "chest pain", "no fever"], rows)
    return pd.DataFrame({"number": range(rows), "income": income, "job": job, "note": note, "BAD": bad.astype(int)})


@pytest.fixture(scope="module")
def runs(backbones: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """old and new (other rank, same rows), other (another split of the file), elsewhere (another file)."""
    folder = tmp_path_factory.mktemp("runs")
    loans().to_csv(folder / "loans.csv", index=False)
    loans(120, seed=8).to_csv(folder / "more.csv", index=False)
    settings = {"backbone": str(backbones["bert"]), "epochs": 1, "batch_rows": 16, "max_tokens": 48, "threads": 1}
    for name, rank, file, seed in [
        ("old", 2, "loans", 0),
        ("new", 4, "loans", 0),
        ("other", 2, "loans", 5),
        ("elsewhere", 2, "more", 0),
    ]:
        data = prepare(
            "finance.credit", folder / f"{file}.csv", label="BAD", positive="1", ignore=["number"], seed=seed
        )
        recipe = with_settings(Recipe(), settings | {"rank": rank, "learning_rate": 0.01 * rank})
        tune(data, recipe, out=folder / name, progress=False)
    return folder


def test_two_runs_on_the_test_rows_of_the_first(runs: Path, tmp_path: Path) -> None:
    made = compare([runs / "old", runs / "new"], out=tmp_path / "out")
    rows = prepare("finance.credit", runs / "loans.csv", label="BAD", positive="1", ignore=["number"]).test
    truth = rows["BAD"] == "1"
    risk = {name: Predictor.load(runs / name, threads=1).predict(rows).scores[:, 1] for name in ("old", "new")}
    value = {name: roc_auc_score(truth, one) for name, one in risk.items()}
    numbers = made.numbers
    assert numbers["auroc_1"] == pytest.approx(value["old"])
    assert numbers["auroc_2"] == pytest.approx(value["new"])
    assert numbers["auroc_difference_2"] == pytest.approx(value["new"] - value["old"])
    assert numbers["auroc_difference_2_lower"] <= numbers["auroc_difference_2"] <= numbers["auroc_difference_2_upper"]
    assert numbers["rows"] == len(rows)
    kept = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert kept == made.data
    runs_section = next(one for one in kept["sections"] if one["key"] == "runs")
    settings = next(b for b in runs_section["blocks"] if b["block"] == "table" and b["name"] == "settings")
    assert {row["setting"]: (row["run_0"], row["run_1"]) for row in settings["rows"]} == {
        "rank": ("2", "4"),
        "learning_rate": ("0.02", "0.04"),
    }
    html = (tmp_path / "out" / "compare.html").read_text()
    assert "<h1>" in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "| old |" in (tmp_path / "out" / "compare.md").read_text()


def test_a_run_that_was_tuned_on_the_rows_is_refused(runs: Path, tmp_path: Path) -> None:
    shared = prepare("finance.credit", runs / "loans.csv", label="BAD", positive="1", ignore=["number"], seed=5)
    rows = prepare("finance.credit", runs / "loans.csv", label="BAD", positive="1", ignore=["number"]).test
    count = len(set(rows.index) - set(shared.test.index))
    assert count > 0
    with pytest.raises(DataError, match=rf"{count} of the {len(rows)} rows are rows that other was tuned on.*--data"):
        compare([runs / "old", runs / "other"], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(DataError, match="equal, in every column that both have, rows that old was tuned on"):
        compare([runs / "old", runs / "new"], runs / "loans.csv", out=tmp_path / "out")


def test_runs_of_other_data_are_compared_with_a_warning(runs: Path, tmp_path: Path) -> None:
    loans(80, seed=21).to_csv(tmp_path / "fresh.csv", index=False)
    made = compare([runs / "old", runs / "other", runs / "elsewhere"], tmp_path / "fresh.csv", out=tmp_path / "out")
    assert made.data["rows"] == 80
    assert made.data["measured_on"] == "the rows of fresh.csv"
    assert ["elsewhere was tuned on other data than old" in note for note in made.data["notes"]] == [False, True]
    changed = next(one for one in made.data["sections"] if one["key"] == "changed")["numbers"]
    assert set(changed) >= {"changed_2", "changed_3", "mcnemar_p_2", "mcnemar_p_3"}


def test_rows_that_cannot_be_had_again(runs: Path, tmp_path: Path) -> None:
    lost = tmp_path / "lost"
    shutil.copytree(runs / "elsewhere", lost)
    shutil.move(runs / "more.csv", runs / "away.csv")
    try:
        with pytest.raises(DataError, match="It cannot be known whether lost was tuned on the test rows of old"):
            compare([runs / "old", lost], out=tmp_path / "out")
        loans(80, seed=21).to_csv(tmp_path / "fresh.csv", index=False)
        made = compare([runs / "old", lost], tmp_path / "fresh.csv", out=tmp_path / "out")
        assert any("cannot be known whether lost" in note for note in made.data["notes"])
    finally:
        shutil.move(runs / "away.csv", runs / "more.csv")


def test_what_cannot_be_compared(runs: Path, tmp_path: Path, backbones: dict[str, Path]) -> None:
    with pytest.raises(DataError, match="two runs or more"):
        compare([runs / "old"])
    with pytest.raises(DataError, match="named twice"):
        compare([runs / "old", runs / "old"])
    with pytest.raises(RunError, match="There is no run"):
        compare([runs / "old", runs / "none"])
    table = loans().rename(columns={"BAD": "condition"})
    table.to_csv(tmp_path / "x.csv", index=False)
    data = prepare("finance.credit", tmp_path / "x.csv", label="condition", positive="1", ignore=["number"])
    settings = {"backbone": str(backbones["bert"]), "epochs": 1, "max_tokens": 48, "threads": 1}
    tune(data, with_settings(Recipe(), settings), out=tmp_path / "run", progress=False)
    with pytest.raises(RunError, match="the label column is BAD in the first and condition in the second"):
        compare([runs / "old", tmp_path / "run"])
    assert not (runs / "old" / "compare").exists()


# -- what is said, by hand --------------------------------------------------------------------------------------


def side(name: str, rows: Scored, task: Task | None = None) -> Side:
    known = task or binary_task(metrics=(S.AUROC, S.BRIER))
    head: Any = SimpleNamespace(
        name=name, task=known, schema=Schema((), "y"), manifest={}, fingerprint="0" * 64, recipe={"rank": 4}
    )
    return Side(head, rows, 1.0)


def numbers_of(sides: list[Side], n: int) -> dict[str, Any]:
    sections = sections_of_sides(sides, Resamples(n), None)
    return {name: value for one in sections for name, value in one.numbers.items()}


def test_answers_follow_each_threshold() -> None:
    truth, risk = [1, 1, 0, 0, 1], [0.9, 0.4, 0.35, 0.1, 0.2]
    first, other = scored(truth, risk, threshold=0.5), scored(truth, risk, threshold=0.3)
    assert said(first).tolist() == [1, 0, 0, 0, 0]
    assert said(other).tolist() == [1, 1, 1, 0, 0]
    found = numbers_of([side("a", first), side("b", other)], 5)
    assert (found["changed_2"], found["only_right_2"], found["only_right_1_against_2"]) == (2, 1, 1)
    assert found["mcnemar_p_2"] == mcnemar(1, 1)
    assert found["auroc_difference_2"] == 0
    assert found["auroc_p_2"] == 1
    # a: two misses of 5 each; b: one miss and one false alarm
    assert found["cost_per_1000_1"] == pytest.approx(1000 * 10 / 5)
    assert found["cost_per_1000_2"] == pytest.approx(1000 * 6 / 5)
    assert found["saved_per_1000_2"] == pytest.approx(800)


def test_changed_rows_are_named_with_who_is_right() -> None:
    rows = pd.DataFrame(index=[10, 20, 30])
    first, other = scored([1, 0, 1], [0.9, 0.6, 0.4], rows), scored([1, 0, 1], [0.9, 0.2, 0.7], rows)
    changed = sections_of_sides([side("a", first), side("b", other)], Resamples(3), None)[1]
    table: Any = changed.blocks[1]
    assert [(row["row"], row["truth"], row["first"], row["other"], row["right"]) for row in table.rows] == [
        ("20", "no", "yes", "no", "b"),
        ("30", "yes", "no", "yes", "b"),
    ]
    assert [(row["p_first"], row["p_other"]) for row in table.rows] == [(0.6, 0.2), (0.4, 0.7)]


@pytest.mark.parametrize("worse", [False, True])
def test_a_sure_difference_is_said(worse: bool) -> None:
    draw = np.random.default_rng(0)
    truth = draw.integers(2, size=400)
    good, poor = np.clip(truth * 0.6 + draw.random(400) * 0.4, 0, 1), draw.random(400)
    sides = [side("a", scored(truth, good if worse else poor)), side("b", scored(truth, poor if worse else good))]
    sections = sections_of_sides(sides, Resamples(400), None)
    sentence = summary_of_sides(sections, sides)[1]
    assert sentence.startswith("b is worse than a" if worse else "b is better than a")
    assert sections[0].numbers["auroc_p_2"] < 0.01
    same = [sides[0], side("b", sides[0].scored)]
    assert "does not surely differ" in summary_of_sides(sections_of_sides(same, Resamples(400), None), same)[1]


def three(scores: Callable[[np.random.Generator], np.ndarray], n: int = 60) -> Scored:
    draw = np.random.default_rng(1)
    return Scored(
        draw.integers(3, size=n), scores(np.random.default_rng(2)), ("x", "y", "z"), pd.DataFrame(index=range(n))
    )


def test_other_kinds_of_task() -> None:
    many = Task("a.b", "1", "t", "classification", "y", (S.ACCURACY,), SafetyPolicy("s"))
    first = three(lambda draw: draw.dirichlet([1, 1, 1], 60))
    other = three(lambda draw: draw.dirichlet([2, 1, 1], 60))
    found = numbers_of([side("a", first, many), side("b", other, many)], 60)
    assert found["changed_2"] == (first.scores.argmax(1) != other.scores.argmax(1)).sum()
    values = Task("a.b", "1", "t", "regression", "y", (S.MAE,), SafetyPolicy("s"))
    truth = np.array([1.0, 2.0, 3.0])
    near, far = (Scored(truth, truth + shift, (), pd.DataFrame(index=range(3))) for shift in (0.1, 1.0))
    sides = [side("far", far, values), side("near", near, values)]
    found = numbers_of(sides, 3)
    assert found["nearer_2"] == 1
    assert found["mae_difference_2"] == pytest.approx(0.9)
    assert "another answer" not in summary_of_sides(sections_of_sides(sides, Resamples(3), None), sides)[1]
