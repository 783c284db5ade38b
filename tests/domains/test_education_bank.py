"""The course bank is whole, and the simulator draws from it the same way each time."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from verticals.domains.education.readers import bank_rows, class_words, course_bank, phrasings
from verticals.domains.education.safety import reveals
from verticals.domains.education.simulator import simulate, simulate_unanswerable

ENTRIES = bank_rows()


def test_every_entry_is_whole_and_unique() -> None:
    assert len(ENTRIES) >= 120
    for key in ("id", "title", "text", "source", "hint"):
        values = [entry[key] for entry in ENTRIES]
        assert len(set(values)) == len(values), f"{key} comes twice"
        assert all(value.strip() for value in values)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["id"]))
def test_an_entry_keeps_the_form(entry: dict[str, str]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", entry["id"])
    low, high = (int(part) for part in entry["grades"].split("-"))
    assert 4 <= low < high <= 10
    assert 2 <= len(re.findall(r"[.!?](?:\s|$)", entry["text"])) <= 5
    assert 90 <= len(entry["text"]) <= 420
    assert re.fullmatch(rf"course bank, unit \d+ \({entry['skill']}\), section \d+", entry["source"])
    assert entry["answer"]
    assert not reveals(entry["hint"], entry["answer"])
    assert reveals(f"It is {entry['answer']}", entry["answer"]), "the guard must know this answer when it sees it"


def test_no_two_explanations_are_nearly_alike() -> None:
    words = [frozenset(re.findall(r"\w+", entry["text"].lower())) for entry in ENTRIES]
    worst = max(len(a & b) / len(a | b) for i, a in enumerate(words) for b in words[:i])
    assert worst < 0.5


def test_every_entry_has_its_own_phrasings_and_class_words() -> None:
    ids = [entry["id"] for entry in ENTRIES]
    assert list(phrasings()) == ids
    assert list(class_words()) == ids
    assert all(len(set(texts)) >= 7 for texts in phrasings().values())
    assert all(len(set(names)) >= 2 for names in class_words().values())
    counts = Counter(text for texts in phrasings().values() for text in texts)
    assert counts.most_common(1)[0][1] == 1, "a phrasing under two entries has no right answer"


def test_skills_are_large_enough_to_confuse() -> None:
    counts = Counter(entry["skill"] for entry in ENTRIES)
    assert min(counts.values()) >= 2


def test_worked_numbers_of_some_explanations() -> None:
    text = {entry["id"]: entry["text"] for entry in ENTRIES}
    assert f"{200 * 1.05**3:.2f}" in text["compound-interest"]
    assert "0.99" in text["successive-percent"]
    assert f"{round(9 * np.pi, 1)} cm²" in text["circle-area"]
    assert "94" in text["surface-area"]
    assert 2 * (5 * 4 + 4 * 3 + 5 * 3) == 94


def test_the_bank_as_a_table_opens_with_id_and_text() -> None:
    frame = course_bank()
    assert list(frame.columns[:2]) == ["id", "text"]
    assert len(frame) == len(ENTRIES)
    assert not frame.isna().any().any()


def test_simulated_rows_depend_on_the_seed_alone() -> None:
    first, again, other = simulate(300, 4), simulate(300, 4), simulate(300, 5)
    assert first.equals(again)
    assert not first["question"].equals(other["question"])


def test_simulated_columns_and_shares() -> None:
    frame = simulate(3000, 0)
    assert list(frame.columns) == ["question", "grade", "explanation", "skill", "style", "template", "pupil"]
    assert set(frame["explanation"]) == {entry["id"] for entry in ENTRIES}
    assert frame["question"].str.strip().str.len().min() > 3
    assert not frame["question"].str.contains(r"[{}]").any(), "an unfilled slot"
    assert set(frame["grade"].dropna()) == {str(grade) for grade in range(4, 11)}
    assert frame["grade"].isna().mean() == pytest.approx(0.2, abs=0.03)
    shares = frame["style"].value_counts(normalize=True)
    assert shares["bare"] == pytest.approx(0.2, abs=0.03)
    assert shares["class word"] == pytest.approx(0.5, abs=0.03)


def test_a_template_is_one_phrasing_of_one_entry() -> None:
    frame = simulate(3000, 0)
    assert (frame["template"].str.rpartition("/")[0] == frame["explanation"]).all()
    assert frame["template"].nunique() == sum(len(texts) for texts in phrasings().values())
    turns = frame["template"].value_counts()
    assert turns.max() - turns.min() <= 1


def test_a_pupil_has_one_grade() -> None:
    frame = simulate(1500, 2).dropna(subset=["grade"])
    assert (frame.groupby("pupil")["grade"].nunique() == 1).all()
    assert (frame["pupil"].str.split("-").str[1] == frame["grade"]).all()


def test_slots_hold_numbers_that_belong_together() -> None:
    frame = simulate(6000, 3)
    rows = frame[frame["template"] == "add-fractions/1"]["question"]
    found = [re.search(r"1/(\d) \+ 1/(\d) i got 2/(\d+)", question) for question in rows]
    sums = [(int(m.group(1)), int(m.group(2)), int(m.group(3))) for m in found if m]
    assert sums
    assert all(a != b and a + b == c for a, b, c in sums)


@pytest.mark.parametrize("rows", [0, 1, 17])
def test_the_number_of_rows_is_what_was_asked(rows: int) -> None:
    assert len(simulate(rows, 0)) == rows
    assert len(simulate_unanswerable(rows, 0)) == rows


def test_unanswerable_rows_have_the_same_columns_and_no_explanation() -> None:
    frame = simulate_unanswerable(60, 1)
    assert list(frame.columns) == list(simulate(1, 0).columns)
    assert frame["explanation"].isna().all()
    assert frame.equals(simulate_unanswerable(60, 1))
    assert not set(frame["template"]) & set(simulate(1200, 0)["template"])
