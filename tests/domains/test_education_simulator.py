"""The true probabilities are those of the questions: calibrated, exact where they can be counted, not beaten."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from verticals.domains.education.readers import bank_rows, class_words, shared_phrasings
from verticals.domains.education.simulator import simulate, true_probabilities
from verticals.domains.education.tasks import TUTORING

ROWS = 6000
FRAME = simulate(ROWS, 11)
TRUE = true_probabilities(ROWS, 11)
TRUTH = np.array([TRUE.columns.get_loc(name) for name in FRAME["explanation"]])


def test_each_row_is_a_distribution_over_the_bank_that_allows_what_happened() -> None:
    assert TRUE.shape == (ROWS, len(bank_rows()))
    assert list(TRUE.columns) == [entry["id"] for entry in bank_rows()]
    assert np.allclose(TRUE.sum(axis=1), 1)
    assert TRUE.to_numpy()[np.arange(ROWS), TRUTH].min() > 0
    own = ~FRAME["template"].str.startswith("shared/").to_numpy()
    assert np.allclose(TRUE.to_numpy()[own].max(axis=1), 1), "an entry's own phrasing leaves no doubt"


def test_the_true_probabilities_are_calibrated() -> None:
    vague = FRAME["template"].str.startswith("shared/").to_numpy()
    said = TRUE.to_numpy()[vague].ravel()
    happened = np.zeros(TRUE.shape, dtype=bool)
    happened[np.arange(ROWS), TRUTH] = True
    happened = happened[vague].ravel()
    for low, high in ((0.02, 0.2), (0.2, 0.35), (0.35, 0.5), (0.5, 0.7), (0.7, 0.99)):
        rows = (said > low) & (said <= high)
        expected, error = said[rows].mean(), np.sqrt((said[rows] * (1 - said[rows])).sum()) / rows.sum()
        assert rows.sum() > 30
        assert abs(happened[rows].mean() - expected) < 4 * error, (low, high)


def test_a_posterior_by_hand() -> None:
    one = next(at for at, entry in enumerate(shared_phrasings()) if entry["text"] == "what is the spread of it")
    frame = simulate(40_000, 2)
    rows = frame[(frame["template"] == f"shared/{one}") & (frame["style"] == "bare")]
    true = true_probabilities(40_000, 2).loc[rows.index]
    silent = true[rows["grade"].isna()]
    assert len(silent)
    assert np.allclose(silent["mode-range"], 2 / 5)
    assert np.allclose(silent["quartiles"], 3 / 5)
    # mode-range is taught in grades 5-6, quartiles in 9-10: grade 7 is one beside the first band alone
    assert np.allclose(true[rows["grade"] == "7"]["mode-range"], 1)
    assert np.allclose(true[rows["grade"] == "9"]["quartiles"], 1)


def test_a_topic_narrows_to_its_skill_and_a_class_word_to_its_entry() -> None:
    skill = {entry["id"]: entry["skill"] for entry in bank_rows()}
    topic = FRAME["style"] == "topic"
    for row, name in FRAME.loc[topic, "skill"].items():
        possible = TRUE.columns[TRUE.loc[row] > 0]
        assert {skill[one] for one in possible} == {name}
    word = (FRAME["style"] == "class word").to_numpy()
    assert np.allclose(TRUE.to_numpy()[word].max(axis=1), 1), "no class word is used for two entries"
    assert len({word for words in class_words().values() for word in words}) == sum(map(len, class_words().values()))


def test_a_bag_of_words_learns_and_does_not_exceed_the_ceiling() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.naive_bayes import MultinomialNB

    templates = FRAME["template"].astype(object).unique()
    held = set(np.random.default_rng(0).permutation(templates)[: len(templates) // 5])
    test = FRAME["template"].isin(held).to_numpy()
    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
    model = MultinomialNB(alpha=0.01).fit(words.fit_transform(FRAME["question"][~test]), TRUTH[~test])
    right = model.predict(words.transform(FRAME["question"][test])) == TRUTH[test]
    best = TRUE.to_numpy()[test].argmax(axis=1) == TRUTH[test]
    assert right.mean() > 0.3, "held-out phrasings can be learnt from headings and class words"
    assert 0.9 < best.mean() < 0.99, "there is doubt that no model can take away"
    assert best.mean() - right.mean() > 2 * np.sqrt(0.25 / test.sum())
    # with every phrasing known it comes near the ceiling, and no nearer than chance allows
    known = MultinomialNB(alpha=0.01).fit(words.fit_transform(FRAME["question"]), TRUTH)
    fresh, true = simulate(4000, 12), true_probabilities(4000, 12)
    truth = np.array([true.columns.get_loc(name) for name in fresh["explanation"]])
    ours = (known.predict(words.transform(fresh["question"])) == truth).astype(float)
    bayes = (true.to_numpy().argmax(axis=1) == truth).astype(float)
    difference = ours - bayes
    assert ours.mean() > 0.6
    assert difference.mean() < 2 * difference.std() / np.sqrt(len(difference))


def test_questions_come_again_byte_by_byte() -> None:
    again = simulate(ROWS, 11)
    assert again.to_csv().encode() == FRAME.to_csv().encode()
    assert true_probabilities(ROWS, 11).equals(TRUE)
    assert not simulate(ROWS, 12)["question"].equals(FRAME["question"])


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows(rows: int) -> None:
    assert true_probabilities(rows, 0).shape == (rows, len(bank_rows()))


def test_the_task_names_its_card_and_its_truth() -> None:
    assert TUTORING.true_probabilities is true_probabilities
    assert TUTORING.simulator_card is not None
    assert TUTORING.simulator_card.version == "2"


def test_the_gate_does_not_stop_simulated_questions() -> None:
    from verticals.datasets.prepare import prepare

    data = prepare("education.tutoring", rows=2400, seed=3)
    parts = [set(part["template"]) for part in (data.train, data.validation, data.test)]
    assert not (parts[0] & parts[1]) | (parts[0] & parts[2]) | (parts[1] & parts[2])
    true = TUTORING.true_probabilities(2400, 3) if TUTORING.true_probabilities else pd.DataFrame()
    assert set(data.test.index) <= set(true.index)
    assert (true.loc[data.test.index].to_numpy().max(axis=1) > 0.99).mean() > 0.8


@pytest.mark.slow
def test_a_million_questions_in_a_minute() -> None:
    start = time.perf_counter()
    assert len(simulate(1_000_000, 0)) == 1_000_000
    assert time.perf_counter() - start < 60
