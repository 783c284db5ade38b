"""What the model knows by heart: the attack, the gap, copies, and planted secrets."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from verticals.core.errors import DataError
from verticals.core.pages import NotComputed, Section, Table
from verticals.core.recipe import Recipe
from verticals.core.task import Field, Prepared, Schema, Scored
from verticals.evaluation import canaries as C
from verticals.evaluation import membership as M
from verticals.evaluation.sections import privacy

from ...conftest import CLINIC, clinic_rows
from ..planted_models import LABELS, SCHEMA, TASK, Model, memorised, true_risk, view_of, world


def table(section: Section, name: str) -> Table:
    return next(b for b in section.blocks if isinstance(b, Table) and b.name == name)


def test_losses_by_hand() -> None:
    rows = pd.DataFrame(index=range(3))
    scores = np.array([[0.5, 0.5], [0.1, 0.9], [0.2, 0.8]])
    said = Scored(np.array([0, 1, -1]), scores, ("a", "b"), rows)
    assert M.losses(said)[:2] == pytest.approx([math.log(2), -math.log(0.9)])
    assert math.isnan(M.losses(said)[2])
    assert M.losses(Scored(np.array([2.0, -1.0]), np.array([2.5, -4.0]), (), rows)) == pytest.approx([0.5, 3.0])


def test_the_attack_agrees_with_scikit_learn() -> None:
    draw = np.random.default_rng(0)
    members, outsiders = draw.exponential(0.6, 300), draw.exponential(1.0, 1200)
    found = M.attack(np.r_[members, math.nan], outsiders)
    member = np.r_[np.ones(300), np.zeros(1200)]
    score = -np.r_[members, outsiders]
    assert found.auroc.value == pytest.approx(roc_auc_score(member, score))
    assert found.auroc.low < found.auroc.value < found.auroc.high
    false, true, _ = roc_curve(member, score, drop_intermediate=False)
    assert found.tpr_1 == pytest.approx(true[false <= 0.01].max())
    assert found.tpr_01 == pytest.approx(true[false <= 0.001].max())


def test_true_positives_at_a_false_positive_rate_by_hand() -> None:
    outsiders = np.arange(100.0)
    assert M.tpr_at_fpr([98.5, 99.5, 98.0, 5.0], outsiders, 0.01) == 0.5  # one outsider, 99, may be above
    assert math.isnan(M.tpr_at_fpr([1.0], np.arange(99.0), 0.01))
    assert math.isnan(M.tpr_at_fpr([], outsiders, 0.01))


def test_identical_rows_are_found_with_empty_cells_and_without_the_label() -> None:
    schema = Schema((Field("a", "number"), Field("b", "category")), "y")
    train = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None], "y": ["p", "q"]})
    rows = pd.DataFrame({"a": [np.nan, 1.0, 1.0], "b": [None, "z", "x"], "y": ["other", "p", "p"]})
    assert M.identical_rows(schema, train, rows).tolist() == [True, False, True]


def test_the_reference_learns_and_orders_its_labels() -> None:
    prepared = world(3)
    scores = M.reference_scores(SCHEMA, "classification", prepared.train, prepared.test, ("well", "nobody", "ill"))
    assert scores is not None
    assert scores.sum(axis=1) == pytest.approx(1)
    assert roc_auc_score(prepared.test["outcome"] == "ill", scores[:, 2]) > 0.7
    assert scores[:, 1].max() < 0.01
    assert M.reference_scores(SCHEMA, "choice", prepared.train, prepared.test, LABELS) is None
    assert M.reference_scores(SCHEMA, "classification", prepared.train.iloc[:10], prepared.test, LABELS) is None


def test_a_model_that_knows_its_rows_by_heart_is_found_out() -> None:
    prepared = world(11)
    section = privacy.section(view_of(memorised(prepared), prepared))
    assert [a.name for a in section.alarms] == ["memorised"]
    assert section.numbers["membership_auroc_lower"] > 0.6
    assert section.numbers["accuracy_gap_lower"] > 0.1
    assert "0.8" in section.alarms[0].message


def test_harder_test_rows_are_not_taken_for_memory() -> None:
    """Test rows of another mixture: their outcome hangs on chance, so any model is worse on them."""
    prepared = world(12)
    noisy = prepared.test.copy()
    flip = np.random.default_rng(0).random(len(noisy)) < 0.35
    noisy.loc[flip, "outcome"] = noisy.loc[flip, "outcome"].map({"ill": "well", "well": "ill"})
    section = privacy.section(view_of(Model(true_risk), replace(prepared, test=noisy)))
    gap = table(section, "gap").rows[0]
    assert gap["train"] - gap["test"] > 0.12
    assert section.alarms == ()


def test_copies_are_counted_and_left_out() -> None:
    prepared = world(13)
    copied = pd.concat([prepared.test.iloc[:100], prepared.train.iloc[:60].assign(outcome="ill")])
    section = privacy.section(view_of(Model(true_risk), replace(prepared, test=copied)))
    assert section.numbers["copied_rows"] >= 60
    assert any(isinstance(b, str) and "measure memory" in b for b in section.blocks)


def test_groups_count_once_and_the_reference_never_sees_an_attacked_group() -> None:
    pool = pd.DataFrame({"x": range(100), "pupil": np.repeat(np.arange(20), 5).astype(str)})
    members, rest = privacy._drawn(pool, "pupil", np.random.default_rng(0))
    assert members["pupil"].is_unique
    assert len(members) == 10
    assert not set(members["pupil"]) & set(rest["pupil"])
    assert len(rest) == 50


def test_it_needs_the_run_and_its_rows() -> None:
    prepared = world(1, rows=(60, 30, 60))
    view = view_of(Model(true_risk), prepared)
    with pytest.raises(NotComputed, match="trained on"):
        privacy.section(replace(view, predictor=None))
    with pytest.raises(NotComputed, match="not given"):
        privacy.section(replace(view, prepared=None))
    few = replace(view, prepared=replace(prepared, train=prepared.train.iloc[:30]))
    with pytest.raises(NotComputed, match="at least 20"):
        privacy.section(few)


# Canaries


def test_exposure_by_hand() -> None:
    assert C.exposure(1, 128) == 7
    assert C.exposure(128, 128) == 0
    assert C.exposure(32, 128) == 2
    assert C.chance_exposure(2) == pytest.approx(0.5)
    assert C.rank_of_first(np.array([0.2, 0.1, 0.3])) == 2
    assert C.rank_of_first(np.zeros(9)) == 5, "a model that tells nothing apart is in the middle"


def test_canaries_are_planted_in_the_training_rows_alone_and_again() -> None:
    prepared = replace(world(5, rows=(80, 30, 30)), source={"kind": "simulated", "seed": 5})
    planted = C.plant_canaries(prepared, count=3, repeats=(1, 4), seed=9)
    assert len(planted.train) == 80 + 3 * (1 + 4)
    pd.testing.assert_frame_equal(C.without_canaries(planted), prepared.train)
    assert planted.test is prepared.test
    assert planted.fingerprint != prepared.fingerprint
    assert (planted.train.dtypes == prepared.train.dtypes).all()
    secrets = planted.train.iloc[80:]
    assert secrets["note"].str.fullmatch(r"The reference code is( \d){6}\.").all()
    assert sorted(secrets["note"].value_counts()) == [1, 1, 1, 4, 4, 4]
    assert secrets["age"].isna().all()
    assert secrets.index.is_unique
    assert not secrets.index.isin(prepared.test.index).any()
    assert "code" not in str(planted.source), "the run keeps no secret, only how it was drawn"
    again = C.replanted(replace(prepared, source=planted.source))
    assert again.fingerprint == planted.fingerprint
    pd.testing.assert_frame_equal(again.train, planted.train)
    assert C.replanted(prepared) is prepared
    with pytest.raises(DataError, match="already"):
        C.plant_canaries(planted)
    with pytest.raises(DataError, match="otherwise"):
        C.replanted(replace(prepared, source=planted.source, fingerprint="0" * 64))


def test_canaries_of_a_table_are_new_combinations_of_known_values() -> None:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": draw.normal(size=50), "b": draw.choice(["x", "y"], 50), "id": range(50), "y": draw.normal(size=50)}
    )
    schema = Schema((Field("a", "number"), Field("b", "category")), "y", kept=("id",))
    prepared = Prepared(TASK, schema, frame, frame.iloc[:0], frame.iloc[:0])
    secrets = C.plant_canaries(prepared, count=4, repeats=(2,)).train.iloc[50:]
    assert secrets["a"].isin(frame["a"]).all()
    assert secrets["b"].isin(frame["b"]).all()
    assert not M.identical_rows(schema, frame, secrets).any()
    assert (secrets["id"] == -1).all(), "no id of a real row"
    one = replace(prepared, train=frame.assign(a=0.0, b="x"))
    with pytest.raises(DataError, match="fewer"):
        C.plant_canaries(one)


def test_each_canary_is_ranked_among_others_with_its_label() -> None:
    planted = C.plant_canaries(world(5, rows=(80, 30, 30)), count=3, repeats=(1, 4))
    found = C.canary_rows(planted, 4)
    assert [one.repeats for one, _ in found] == [1, 1, 4, 4]
    for one, rows in found:
        assert len(rows) == C.ALTERNATIVES
        assert rows["note"].iloc[0] == one.record["note"].iloc[0]
        assert rows["note"].is_unique
        assert rows["outcome"].nunique() == 1
        assert not rows["note"].iloc[1:].isin(planted.train["note"]).any()


def knows_secrets(prepared: Prepared, least: int) -> Model:
    """The true risk, but for notes that stood so often in the training rows: their label is known."""
    times = prepared.train["note"].value_counts()
    secret = {n for n in times.index if times[n] >= least and n.startswith("The reference code")}
    label = prepared.train.drop_duplicates("note").set_index("note")["outcome"]

    def risk(frame: pd.DataFrame) -> np.ndarray:
        digits = np.array([sum(map(int, filter(str.isdigit, n))) for n in frame["note"]])
        clean = true_risk(frame) * 0.9 + 0.001 * digits  # no two codes look quite alike to a real model
        return np.array(
            [
                (0.97 if label[n] == "ill" else 0.03) if n in secret else p
                for n, p in zip(frame["note"], clean, strict=True)
            ]
        )

    return Model(risk)


@pytest.mark.parametrize(("least", "exposed"), [(99, ()), (16, (16,)), (1, (1, 4, 16))])
def test_exposure_tells_how_often_a_secret_must_stand_to_be_known(least: int, exposed: tuple[int, ...]) -> None:
    planted = C.plant_canaries(world(21), count=5)
    section = privacy.section(view_of(knows_secrets(planted, least), planted))
    for row in table(section, "canaries").rows:
        if row["repeats"] in exposed:
            assert row["mean"] == 7
            assert row["p"] < 0.001
        else:
            assert row["mean"] < 4
            assert row["p"] > 0.005
    assert section.numbers["canary_exposure_16"] == (7 if 16 in exposed else section.numbers["canary_exposure_16"])
    assert [a.name for a in section.alarms] == (["memorised"] if 1 in exposed else [])


@pytest.mark.slow
def test_a_run_remembers_its_canaries(tmp_path: Path, tiny: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a file to a report: prepare, plant, tune, and evaluate fetches the same rows with the same secrets."""
    from verticals.core.tune import tune
    from verticals.datasets.prepare import prepare
    from verticals.evaluation.evaluate import evaluate

    clinic_rows(400).to_csv(tmp_path / "rows.csv", index=False)
    prepared = C.plant_canaries(
        prepare(CLINIC, tmp_path / "rows.csv", accept=("copies", "duplicates")), count=2, repeats=(1, 16)
    )
    run = tune(prepared, tiny, out=tmp_path / "run", progress=False)
    data: dict[str, Any] = evaluate(run, baselines=False, progress=False).data
    section = next(s for s in data["sections"] if s["key"] == "privacy")
    assert {"canary_exposure_1", "canary_exposure_16"} <= section["numbers"].keys()
    card = next(s for s in data["sections"] if s["key"] == "data")
    assert "34 invented rows" in str(card["blocks"])
