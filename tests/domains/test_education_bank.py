"""The course bank is whole, and the simulator draws from it the same way each time."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from verticals.domains.education.readers import bank_rows, class_words, course_bank, phrasings, shared_phrasings
from verticals.domains.education.safety import reveals
from verticals.domains.education.simulator import SHARED_TURNS, simulate, simulate_unanswerable

ENTRIES = bank_rows()


def test_every_entry_is_whole_and_unique() -> None:
    assert len(ENTRIES) >= 320
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
    assert frame["explanation"].value_counts().min() >= 5, "templates of one entry take turns"
    assert frame["question"].str.strip().str.len().min() > 5
    assert not frame["question"].str.contains(r"[{}]").any(), "an unfilled slot"
    assert set(frame["grade"].dropna()) == {str(grade) for grade in range(4, 11)}
    assert frame["grade"].isna().mean() == pytest.approx(0.2, abs=0.03)
    shared = frame["template"].str.startswith("shared/")
    assert shared.mean() == pytest.approx(432 / (2646 + 432), abs=0.02)
    own, vague = (frame.loc[rows, "style"].value_counts(normalize=True) for rows in (~shared, shared))
    assert own["bare"] == pytest.approx(0.2, abs=0.03)
    assert own["class word"] == pytest.approx(0.45, abs=0.03)
    assert vague["topic"] == pytest.approx(0.3, abs=0.08)


def test_a_template_is_one_phrasing_of_one_entry_or_a_shared_one() -> None:
    frame = simulate(6156, 0)  # two rounds of 378 × 7 + 108 × 4
    owner = frame["template"].str.rpartition("/")[0]
    shared = owner == "shared"
    assert (owner == frame["explanation"])[~shared].all()
    turns = frame["template"].value_counts()
    vague = turns.index.str.startswith("shared/")
    assert len(turns[~vague]) == sum(len(texts) for texts in phrasings().values())
    assert len(turns[vague]) == len(shared_phrasings())
    assert set(turns[~vague]) == {2}
    assert set(turns[vague]) == {2 * SHARED_TURNS}


def test_no_phrasing_reads_like_another() -> None:
    texts = [text for texts in phrasings().values() for text in texts] + [one["text"] for one in shared_phrasings()]
    bare = Counter(re.sub(r"[^a-z0-9#+*/÷×^-]", "", re.sub(r"\{[^}]*\}", "#", text.lower())) for text in texts)
    assert bare.most_common(1)[0][1] == 1, bare.most_common(3)


def test_shared_phrasings_are_shared_by_entries_of_the_bank() -> None:
    ids = {entry["id"] for entry in ENTRIES}
    for one in shared_phrasings():
        assert len(one["weights"]) >= 2
        assert set(one["weights"]) <= ids
        assert min(one["weights"].values()) > 0


def test_a_pupil_has_one_grade() -> None:
    frame = simulate(1500, 2).dropna(subset=["grade"])
    assert (frame.groupby("pupil")["grade"].nunique() == 1).all()
    assert (frame["pupil"].str.split("-").str[1] == frame["grade"]).all()


def test_slots_hold_numbers_that_belong_together() -> None:
    frame = simulate(31_000, 3)
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
