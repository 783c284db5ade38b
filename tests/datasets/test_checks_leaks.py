"""Columns that give the label away, found held-out; and small held-out models worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from verticals.core.task import Field, Task
from verticals.datasets.checks.features import (
    auroc,
    auroc_error,
    balanced_accuracy,
    folds,
    held_out_majority,
    held_out_rates,
    held_out_ridge,
    macro_auroc,
    number_codes,
    stratified,
    surface,
)
from verticals.datasets.checks.late import check_late_columns, late_words
from verticals.datasets.checks.leaks import check_giveaways, check_length_giveaway
from verticals.datasets.checks.writing import check_writing
from verticals.datasets.finding import Finding

from .conftest import TASK, material, only, task


def patients(rows: int = 800, seed: int = 0) -> pd.DataFrame:
    """An honest table: illness depends on age and dose, with noise."""
    draw = np.random.default_rng(seed)
    age, dose = draw.normal(50, 10, rows).round(1), draw.normal(0, 1, rows).round(2)
    risk = 1 / (1 + np.exp(-(age - 50) / 8 - 0.8 * dose))
    ill = np.where(draw.random(rows) < risk, "yes", "no")
    return pd.DataFrame({"age": age, "dose": dose, "ward": draw.choice(["a", "b", "c"], rows), "ill": ill})


def levels(found: list[Finding]) -> dict[str | None, str]:
    return {one.field: one.level for one in found}


# -- small models -----------------------------------------------------------------------------------------------------


def test_areas_are_those_of_scikit_learn() -> None:
    draw = np.random.default_rng(0)
    truth, score = draw.random(300) < 0.3, draw.integers(0, 12, 300).astype(float)
    assert auroc(score, truth) == pytest.approx(roc_auc_score(truth, score))
    y, scores = draw.integers(0, 3, 300), draw.random((300, 3))
    wanted = np.mean([roc_auc_score(y == k, scores[:, k]) for k in range(3)])
    assert macro_auroc(scores, y) == pytest.approx(wanted)
    assert np.isnan(auroc(score, np.zeros(300, bool)))


def test_the_error_of_an_area_by_hand() -> None:
    q1, q2 = 0.9 / 1.1, 2 * 0.81 / 1.9
    spread = (0.9 * 0.1 + 9 * (q1 - 0.81) + 29 * (q2 - 0.81)) / 300
    assert auroc_error(0.9, 10, 30) == pytest.approx(np.sqrt(spread))


def test_held_out_rates_by_hand() -> None:
    codes, y, fold = np.array([1, 1, 1, 2]), np.array([1, 0, 1, 1]), np.array([0, 1, 1, 0])
    rates = held_out_rates(codes, y, 2, fold, weight=1.0)
    # row 0 is scored by rows 1 and 2: code 1 has one of each class, their share is a half
    assert rates[0].tolist() == pytest.approx([(1 + 0.5) / 3, (1 + 0.5) / 3])
    # row 1 is scored by rows 0 and 3: code 1 has one positive, the share of positives there is 1
    assert rates[1].tolist() == pytest.approx([0.0, 1.0])
    # row 3's code is nowhere else: it gets the share of rows 1 and 2
    assert rates[3].tolist() == pytest.approx([0.5, 0.5])


def test_the_held_out_majority_by_hand() -> None:
    codes, y, fold = np.array([1, 1, 1, 2]), np.array([4, 4, 3, 3]), np.array([0, 1, 1, 0])
    assert held_out_majority(codes, y, fold).tolist() in ([4, 4, 4, -1], [3, 4, 4, -1])


def test_folds_and_draws_keep_classes_even() -> None:
    y = np.repeat([0, 1], [90, 10])
    fold = folds(y, 5)
    assert [int((y[fold == part] == 1).sum()) for part in range(5)] == [2] * 5
    kept = stratified(y, 30)
    assert (len(kept), int((y[kept] == 1).sum())) == (30, 10)
    assert stratified(y, 200).tolist() == list(range(100))


def test_number_codes_keep_order_and_missing() -> None:
    codes = number_codes(np.array([3.0, np.nan, 1.0, 2.0, 3.0]))
    assert codes.tolist() == [3, 0, 1, 2, 3]
    many = number_codes(np.arange(1000.0))
    assert (np.diff(many) >= 0).all()
    assert 50 < len(np.unique(many)) <= 66


def test_a_ridge_learns_and_noise_stays_noise() -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(300, 5)), draw.integers(0, 2, 300)
    assert abs(macro_auroc(held_out_ridge(x, y, 2, folds(y)), y) - 0.5) < 0.1
    assert macro_auroc(held_out_ridge(x + y[:, None], y, 2, folds(y)), y) > 0.9


def test_recall_over_classes() -> None:
    scores = np.eye(2)[[0] * 8 + [1] * 8]
    assert balanced_accuracy(scores, np.repeat([0, 1], 8)) == 1.0
    assert balanced_accuracy(scores[::-1], np.repeat([0, 1], 8)) == 0.0


# -- giveaways --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_an_honest_table_is_quiet(seed: int) -> None:
    given = material(patients(300 + 40 * seed, seed).assign(code=lambda f: np.arange(len(f)) * 7 % 1000))
    assert check_giveaways(given) + check_late_columns(given) + check_length_giveaway(given) == []


def test_shuffled_labels_are_quiet() -> None:
    frame = patients(1000)
    for seed in range(10):
        frame["ill"] = np.random.default_rng(seed).permutation(frame["ill"])
        assert check_giveaways(material(frame)) == []


@pytest.mark.parametrize("rows", [60, 300, 2000])
def test_a_column_that_restates_the_label(rows: int) -> None:
    frame = patients(rows)
    frame["state"] = np.where(frame["ill"] == "yes", "written off", "repaid")
    found = only(check_giveaways(material(frame)))
    assert (found.level, found.field) == ("stop", "state")
    assert "--ignore state" in found.remedy
    assert levels(check_giveaways(material(frame, ignore=("state",)))) == {"state": "warn"}  # it is not read


@pytest.mark.parametrize(("noise", "level"), [(0.0, "stop"), (0.01, "stop"), (0.04, "warn")])
def test_a_column_that_nearly_restates_it(noise: float, level: str) -> None:
    frame = patients(2000)
    other = np.random.default_rng(1).random(2000) < noise
    frame["state"] = np.where((frame["ill"] == "yes") ^ other, "x", "y")
    assert levels(check_giveaways(material(frame))) == {"state": level}


def test_a_number_that_is_filled_in_for_one_class_only() -> None:
    frame = patients(600)
    late = np.random.default_rng(1).lognormal(5, 1, 600).round(2)
    frame["recovered_amount"] = np.where(frame["ill"] == "yes", late, 0.0)
    assert levels(check_giveaways(material(frame)))["recovered_amount"] == "stop"


def test_a_cut_on_one_number_is_a_stop_only_with_many_rows() -> None:
    for rows, level in ((60, "warn"), (2000, "stop")):
        frame = patients(rows)
        frame["score"] = np.where(frame["ill"] == "yes", 5.0, 0.0) + np.random.default_rng(8).random(rows)
        assert levels(check_giveaways(material(frame)))["score"] == level


def test_an_identifier_in_the_order_of_the_label() -> None:
    frame = patients(900).sort_values("ill", kind="stable").reset_index(drop=True)
    frame["record_id"] = [f"R{100000 + n}" for n in range(900)]
    shuffled = frame.sample(frac=1, random_state=0).reset_index(drop=True)
    found = [one for one in check_giveaways(material(shuffled)) if one.field == "record_id"]
    assert all(one.level == "warn" for one in found)  # it is not read by the model
    prefixed = frame.assign(record_id=np.where(frame["ill"] == "yes", "P", "C") + frame.index.astype(str).str.zfill(5))
    told = only([one for one in check_giveaways(material(prefixed)) if one.field == "record_id"])
    assert told.level == "warn"
    assert "not read by the model" in told.remedy


def test_rows_in_the_order_of_their_label_are_a_note() -> None:
    frame = patients(400).sort_values("ill", kind="stable").reset_index(drop=True)
    found = only(check_length_giveaway(material(frame)))
    assert (found.check, found.level) == ("row_order", "note")


def test_a_value_to_be_estimated_that_stands_in_another_column() -> None:
    amounts: Task = task(label="price", kind="regression", positive=None)
    frame = patients(500).drop(columns="ill")
    frame["price"] = np.random.default_rng(8).lognormal(5, 1, 500)
    frame["price_eur"] = frame["price"] * 0.92
    found = only(check_giveaways(material(frame, of=amounts)))
    assert (found.level, found.field, found.figures["rank_correlation"]) == ("stop", "price_eur", 1.0)


def test_an_easy_set_is_no_giveaway() -> None:
    """Every column tells the classes: none of them is a leak."""
    draw = np.random.default_rng(0)
    ill = draw.choice(["yes", "no"], 800)
    shift = np.where(ill == "yes", 4.0, 0.0)
    frame = pd.DataFrame({f"m{n}": draw.normal(shift, 1.0) for n in range(5)}).assign(ill=ill)
    assert "stop" not in levels(check_giveaways(material(frame))).values()


# -- length, late, writing --------------------------------------------------------------------------------------------


def remarks(rows: int, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    words = np.array(["pain", "cough", "fever", "since", "morning", "mild", "severe", "no", "and", "left", "right"])
    notes = [" ".join(draw.choice(words, draw.integers(6, 14))) for _ in range(rows)]
    return pd.DataFrame({"note": notes, "ill": draw.choice(["yes", "no"], rows)})


NOTES = task(Field("note", "text"))


def test_the_mere_length_of_a_text() -> None:
    assert check_length_giveaway(material(remarks(400), of=NOTES)) == []
    frame = remarks(400)
    frame.loc[frame["ill"] == "yes", "note"] += " " + "pain and cough since the morning " * 3
    found = only(check_length_giveaway(material(frame, of=NOTES)))
    assert (found.level, found.field) == ("stop", "note")
    assert found.figures["area"] > 0.99


def test_names_that_speak_of_later() -> None:
    assert late_words("dischargeDate") == ("discharge", True)
    assert late_words("loan_status") == ("status", False)
    assert late_words("age") is None
    assert late_words("出院诊断") == ("出院诊断", True)
    assert late_words("settled_area_size") == ("settled", True)


@pytest.mark.parametrize(("strength", "level"), [(2.0, "warn"), (0.0, "note")])
def test_a_late_name_is_a_warning_only_with_strength(strength: float, level: str) -> None:
    frame = patients(600)
    frame["length_of_stay"] = np.random.default_rng(8).normal(0, 1, 600) + strength * (frame["ill"] == "yes")
    found = only(check_late_columns(material(frame)))
    assert (found.level, found.field) == (level, "length_of_stay")


def test_dates_after_the_decision() -> None:
    frame = patients(300)
    seen = pd.date_range("2024-01-01", periods=300)
    frame["seen"], frame["left"] = seen, (seen + pd.Timedelta(days=3)).strftime("%Y-%m-%d")
    found = only(check_late_columns(material(frame, time="seen")))
    assert (found.field, found.count, found.total) == ("left", 300, 300)
    assert check_late_columns(material(frame.drop(columns="left"), time="seen")) == []


def test_formulas_of_two_styles() -> None:
    draw = np.random.default_rng(0)

    def formula(style: int) -> str:
        ring = "C1=CC=CC=C1" if style else "c1ccccc1"
        tail = "".join(draw.choice(["C", "N", "O", "(C)", "(=O)"], draw.integers(4, 10)))
        return f"{tail}{ring}{'[NH3+]' if style else 'N'}"

    ill = draw.choice(["yes", "no"], 400)
    frame = pd.DataFrame({"smiles": [formula(one == "yes") for one in ill], "ill": ill})
    found = only(check_writing(material(frame, of=task(Field("smiles", "text")))))
    assert (found.check, found.level, found.field) == ("writing", "stop", "smiles")
    alike = frame.assign(smiles=[formula(1) for _ in ill])
    assert check_writing(material(alike, of=task(Field("smiles", "text")))) == []


def test_words_alone_are_no_way_of_writing() -> None:
    frame = remarks(400)
    frame.loc[frame["ill"] == "yes", "note"] += " pneumonia"
    found = check_writing(material(frame, of=NOTES))
    assert [one for one in found if one.check == "writing"] == []


def test_a_text_that_names_its_label() -> None:
    kinds = task(Field("note", "text"), positive=None)
    frame = remarks(300)
    frame["ill"] = np.resize(["asthma", "influenza", "gout"], 300)
    frame["note"] = frame["note"] + " diagnosis " + frame["ill"]
    found = only([one for one in check_writing(material(frame, of=kinds)) if one.check == "label_named"])
    assert (found.level, found.figures["classes"]) == ("warn", 3)


def test_the_surface_of_a_text() -> None:
    assert surface("[NH2+]C(=O) is 2-fold") == "[AA0+]A(=A) aa 0-aaaa"


def test_a_protected_column_is_left_out() -> None:
    guarded: Task = task(Field("state", "category", protected=True))
    frame = patients(600)
    frame["state"] = np.where(frame["ill"] == "yes", "x", "y")
    assert "stop" not in levels(check_giveaways(material(frame, of=guarded))).values()
    assert TASK.name == "clinic.triage"
