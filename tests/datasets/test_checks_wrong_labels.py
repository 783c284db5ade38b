"""Planted wrong labels are found where classes are apart, and where they overlap nobody is accused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from verticals.core.task import Field, Task
from verticals.datasets.checks.wrong_labels import check_wrong_labels, held_out_probabilities

from .conftest import material, only, task

TOPICS = {
    "card": [
        "my card has not come",
        "the card is blocked",
        "I lost my card",
        "the new card is late",
        "a second card please",
    ],
    "rate": [
        "what is your exchange rate",
        "the rate was wrong",
        "which rate do I get",
        "the rate changed",
        "a better rate",
    ],
    "cash": [
        "the machine kept my cash",
        "no cash came out",
        "I need cash abroad",
        "cash was not paid",
        "too little cash",
    ],
    "login": ["I cannot log in", "the login fails", "my login is refused", "reset my login", "login does not work"],
}
TEXTS = task(Field("text", "text"), label="topic", positive=None)


def asked(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    names = list(TOPICS)
    topic = [names[n % 4] for n in range(rows)]
    ends = ["", " today", " again", " since Monday", " and I am abroad", " for a week", " at night"]
    return pd.DataFrame({"text": [str(draw.choice(TOPICS[one]) + draw.choice(ends)) for one in topic], "topic": topic})


def flipped(frame: pd.DataFrame, rate: float, label: str, seed: int = 1) -> tuple[pd.DataFrame, set[int]]:
    draw = np.random.default_rng(seed)
    rows = draw.choice(len(frame), int(rate * len(frame)), replace=False)
    names = sorted(frame[label].unique())
    cells = frame[label].tolist()
    for row in rows:
        cells[row] = str(draw.choice([one for one in names if one != cells[row]]))
    return frame.assign(**{label: cells}), set(rows.tolist())


@pytest.mark.parametrize(("rate", "recall"), [(0.05, 0.7), (0.1, 0.9)])
def test_flipped_labels_are_found(rate: float, recall: float) -> None:
    frame, planted = flipped(asked(), rate, "topic")
    found = only(check_wrong_labels(material(frame, of=TEXTS)))
    assert found.level == "warn"
    hits = planted & set(found.rows)
    assert len(hits) >= recall * len(planted)
    assert len(hits) >= 0.9 * len(found.rows)
    assert found.fix == ""
    looks = found.figures["looks_like"]
    right = asked()["topic"]
    assert np.mean([looks[row] == right[row] for row in hits]) > 0.9
    assert found.figures["ranked"][0] in planted


@pytest.mark.parametrize("seed", range(5))
def test_clean_labels_are_left_alone(seed: int) -> None:
    assert check_wrong_labels(material(asked(seed=seed), of=TEXTS)) == []


def overlapping(rows: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    age, dose = draw.normal(50, 10, rows), draw.normal(0, 1, rows)
    risk = 1 / (1 + np.exp(-(age - 50) / 8 - 0.5 * dose))
    ill = np.where(draw.random(rows) < risk, "yes", "no")
    return pd.DataFrame({"age": age, "dose": dose, "ward": draw.choice(["a", "b"], rows), "ill": ill})


@pytest.mark.parametrize("seed", range(5))
def test_where_classes_overlap_it_is_no_warning(seed: int) -> None:
    levels = {one.level for one in check_wrong_labels(material(overlapping(800, seed)))}
    assert levels <= {"note"}


def test_probabilities_are_held_out_and_sum_to_one() -> None:
    frame = overlapping(400, 0)
    given = material(frame)
    y = (frame["ill"] == "yes").to_numpy(np.int64)
    chance = held_out_probabilities(given.rows, y, 2, given)
    assert chance.sum(1) == pytest.approx(np.ones(400))
    guessed = np.random.default_rng(3).permutation(y)  # nothing can be learnt, so nothing may be known
    chance = held_out_probabilities(given.rows, guessed, 2, given)
    assert 0.4 < (chance.argmax(1) == guessed).mean() < 0.58


def test_when_it_is_not_made() -> None:
    frame, _ = flipped(asked(), 0.1, "topic")
    assert check_wrong_labels(material(frame, of=TEXTS, thorough=False)) == []
    assert check_wrong_labels(material(frame.iloc[:90], of=TEXTS)) == []
    amounts: Task = task(label="age", kind="regression", positive=None)
    assert check_wrong_labels(material(overlapping(300, 0), of=amounts)) == []


def test_what_is_shown_is_masked() -> None:
    frame, planted = flipped(asked(), 0.1, "topic")
    frame["text"] = frame["text"] + ", write to jo.miller@example.org"
    found = only(check_wrong_labels(material(frame, of=TEXTS)))
    assert planted & set(found.rows)
    assert found.examples
    assert all("example.org" not in one for one in found.examples)
