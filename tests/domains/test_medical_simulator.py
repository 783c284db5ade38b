"""The simulator: the same seed, the same rows; known probabilities; notes in which negation matters."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from verticals.domains.medical.knowledge import FINDINGS
from verticals.domains.medical.simulator import (
    CONDITIONS,
    _draw,
    _findings_chance,
    simulate,
    true_probabilities,
)
from verticals.domains.medical.tasks import DIAGNOSIS, FIELDS


@pytest.fixture(scope="module")
def visits() -> pd.DataFrame:
    return simulate(2000, 5)


def test_same_seed_same_rows_and_another_seed_others(visits: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(simulate(2000, 5), visits)
    assert (simulate(200, 6)["note"] != simulate(200, 7)["note"]).mean() > 0.95


def test_every_condition_occurs_and_none_rules(visits: pd.DataFrame) -> None:
    shares = visits["condition"].value_counts(normalize=True)
    assert set(shares.index) == set(CONDITIONS)
    assert len(CONDITIONS) == 16
    assert shares.min() > 0.015
    assert shares.max() < 0.15


def test_a_patient_has_one_or_two_visits_with_the_same_age_and_sex(visits: pd.DataFrame) -> None:
    groups = visits.groupby("patient")
    assert set(groups.size()) == {1, 2}
    assert groups["age"].nunique().max() == 1
    assert groups["sex"].nunique().max() == 1
    twice = groups.filter(lambda g: len(g) == 2)
    assert 0.15 < len(twice) / len(visits) < 0.40
    same = twice.groupby("patient")["condition"].nunique() == 1
    assert 0.3 < same.mean() < 0.65  # 0.4, and now and then by chance


def test_columns_are_the_fields_and_numbers_lie_in_their_ranges(visits: pd.DataFrame) -> None:
    named = {field.name for field in FIELDS}
    assert set(visits.columns) - named == {"patient", "condition"}
    for field in FIELDS:
        if field.kind == "number" and field.name in visits:
            known = visits[field.name].dropna()
            assert field.unit
            assert field.low is not None
            assert field.high is not None
            assert known.between(field.low, field.high).all(), field.name


def test_laboratory_values_are_often_missing_and_vital_signs_seldom(visits: pd.DataFrame) -> None:
    missing = visits.isna().mean()
    assert missing[["crp", "white_cells", "glucose", "troponin"]].between(0.2, 0.8).all()
    assert missing[["temperature", "heart_rate", "systolic_bp", "spo2"]].max() < 0.2
    assert missing[["note", "age", "sex", "condition"]].max() == 0


def test_age_bands_cut_at_40_and_65(visits: pd.DataFrame) -> None:
    expected = pd.cut(visits["age"], [0, 39, 64, 200], labels=["18-39", "40-64", "65+"]).astype("str")
    assert (expected == visits["age_band"]).all()


def test_most_notes_deny_something_and_no_note_says_its_label(visits: pd.DataFrame) -> None:
    denied = visits["note"].str.contains(r"\b(?:no|denies|nil|without|never|not|don't|haven't)\b", case=False)
    assert denied.mean() > 0.7
    # a finding that is named is denied about as often as it is told
    cough = visits[visits["note"].str.contains("cough", case=False)]
    told = cough["condition"].isin(["acute bronchitis", "pneumonia", "influenza", "asthma exacerbation"]).mean()
    assert told < 0.75
    leaks = [row.condition in row.note.lower() for row in visits[["condition", "note"]].itertuples()]
    spoken = {c for c, leak in zip(visits["condition"], leaks, strict=True) if leak}
    assert spoken <= {"migraine", "stroke"}  # the aside about a mother's migraine or a worry about a stroke


def test_asides_do_not_tell_the_condition(visits: pd.DataFrame) -> None:
    for words, condition in (("Mother has migraine", "migraine"), ("Read about a stroke", "stroke")):
        aside = visits[visits["note"].str.contains(words, regex=False)]
        assert len(aside) > 30
        assert abs((aside["condition"] == condition).mean() - (visits["condition"] == condition).mean()) < 0.1


def test_the_true_probabilities_are_calibrated_and_the_ceiling_is_where_it_should_be() -> None:
    rows = simulate(6000, 9)
    truth_of = true_probabilities(6000, 9)
    assert tuple(truth_of.columns) == CONDITIONS
    p = truth_of.to_numpy()
    truth = np.array([CONDITIONS.index(c) for c in rows["condition"]])
    assert p.shape == (6000, 16)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    hit = p.argmax(axis=1) == truth
    assert 0.85 < hit.mean() < 0.92
    # a posterior that is exact is calibrated: in each fifth, the confidence is the share that is right
    confidence = p.max(axis=1)
    for part in np.array_split(np.argsort(confidence), 5):
        error = np.sqrt(hit[part].mean() * (1 - hit[part].mean()) / len(part))
        assert abs(hit[part].mean() - confidence[part].mean()) < 4 * error + 0.005
    # and for one condition alone, over all rows
    np.testing.assert_allclose(p.mean(axis=0), np.bincount(truth, minlength=16) / 6000, atol=0.012)


def test_the_posterior_of_a_family_is_the_sum_over_all_states() -> None:
    rng = np.random.default_rng(0)
    present, here, away = rng.random(5), rng.random((3, 5)), rng.random((3, 5))
    found = _findings_chance(present, here, away, {1: [0, 3]}).prod(axis=1)
    expected = np.zeros(3)
    for state in itertools.product([0, 1], repeat=5):
        chance = np.prod([p if s else 1 - p for s, p in zip(state, present, strict=True)])
        seen = [*state]
        seen[1] = max(state[0], state[1], state[3])  # finding 1 is there if it or one of its kinds is
        expected += chance * np.prod(np.where(np.array(seen) == 1, here, away), axis=1)
    np.testing.assert_allclose(found, expected)


def test_a_kind_of_a_finding_implies_it() -> None:
    names = list(FINDINGS)
    told = _draw(40_000, 1).told
    stab, ache = names.index("pleuritic pain"), names.index("chest pain")
    # told in 86 % of those who have it; about one told stab in seven is told wrongly
    assert (told[told[:, stab] == 1][:, ache] == 1).mean() > 0.7
    assert (told[told[:, stab] != 1][:, ache] == 1).mean() < 0.3


def test_hands_write_with_words_of_their_own(visits: pd.DataFrame) -> None:
    hands = visits["template"].unique()
    assert len(hands) == 12
    text = visits.groupby("template")["note"].agg(" ".join)
    dyspnoea = text.str.contains("dyspnoea", regex=False)
    assert 2 <= dyspnoea.sum() <= 8  # a word of some hands only
    condition = visits["condition"].eq("migraine").groupby(visits["template"]).mean()
    assert condition.max() < 0.25  # and no hand has its own conditions


def test_no_model_is_above_the_bayes_scorer() -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, truth = simulate(6000, 21), true_probabilities(6000, 21)
    numbers = [field.name for field in FIELDS if field.kind == "number" and field.name in rows]
    model = make_pipeline(
        make_column_transformer(
            (TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True), "note"),
            (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
        ),
        LogisticRegression(C=3, max_iter=300),
    )
    model.fit(rows[:4500], rows["condition"][:4500])
    test, bayes = rows[4500:], truth[4500:]
    right = [
        np.asarray(found == test["condition"].to_numpy(), float)
        for found in (model.predict(test), bayes.columns.to_numpy()[bayes.to_numpy().argmax(axis=1)])
    ]
    gap = right[1] - right[0]
    assert gap.mean() > 1.96 * gap.std() / np.sqrt(len(gap))
    assert log_loss(test["condition"], bayes[model.classes_]) < log_loss(test["condition"], model.predict_proba(test))


def test_words_alone_are_neither_useless_nor_enough() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rows = simulate(2000, 11)
    model = make_pipeline(TfidfVectorizer(min_df=2, sublinear_tf=True), LogisticRegression(C=5, max_iter=200))
    model.fit(rows["note"][:1600], rows["condition"][:1600])
    assert 0.4 < model.score(rows["note"][1600:], rows["condition"][1600:]) < 0.9


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_few_rows_work(rows: int) -> None:
    assert len(simulate(rows, 0)) == rows
    assert true_probabilities(rows, 0).shape == (rows, 16)


def test_the_task_simulates_through_its_own_door() -> None:
    assert DIAGNOSIS.simulate is not None
    pd.testing.assert_frame_equal(DIAGNOSIS.simulate(20, 1), simulate(20, 1))
