"""What a teacher reads first of a tutor and of a marker, and their own sections, worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from verticals.core.pages import Section, Table, as_data
from verticals.core.task import Scored
from verticals.domains.education.metrics import marks, rank_of_truth, revealing, surety_rows
from verticals.domains.education.page_one import feedback_page_one, tutoring_page_one
from verticals.domains.education.report_sections import feedback_sections, tutoring_sections
from verticals.evaluation.plots import draw

BANK = ("rounding", "order-of-operations", "lcm")
MARKS = ("No", "To some extent", "Yes")


def scored(truth: list[int], first: list[int], labels: tuple[str, ...], sure: float = 0.7, **rows: Any) -> Scored:
    scores = np.full((len(truth), 3), (1 - sure) / 2)
    scores[np.arange(len(truth)), first] = sure
    return Scored(np.array(truth, int), scores, labels, pd.DataFrame(rows, index=range(len(truth))))


def boxes(found: Any) -> dict[str, Any]:
    return {box.title: box for box in found}


def table(section: Section, name: str) -> list[Any]:
    return list(next(b for b in section.blocks if isinstance(b, Table) and b.name == name).rows)


def drawable(section: Section) -> None:
    for block in as_data(section)["blocks"]:
        if block["block"] == "figure":
            assert draw(block).startswith("<svg")


def test_a_label_that_is_no_candidate_stands_behind_all() -> None:
    assert rank_of_truth(scored([-1, 2], [2, 2], BANK)).tolist() == [4, 1]


def test_the_answer_is_given_away_where_the_rows_say_what_it_is() -> None:
    # the explanation of rounding holds 3,500; that of the order of operations 14 and 20
    sc = scored([0, 0, 1, 2], [0, 0, 1, 2], BANK, answer=["3500", "3700", "14", None])
    box = boxes(tutoring_page_one(sc))["Gives the answer away"]
    assert box.value == "67 %"
    assert "2 of 3; exact" in box.note


def test_the_answer_cannot_be_told_to_be_given_away_otherwise() -> None:
    sc = scored([0, 1], [0, 1], BANK)
    box = boxes(tutoring_page_one(sc))["Gives the answer away"]
    assert box.value == "cannot be told"
    assert "Of the 2 that were named first" in box.note
    own = boxes(tutoring_page_one(scored([0], [0], ("mine", "yours", "theirs"))))["Gives the answer away"]
    assert "named first" not in own.note


def test_weak_grades_sureness_and_pupil_data() -> None:
    sc = scored(
        [0] * 20, [0] * 10 + [1] * 10, BANK, question=["?"] * 20, grade=["5"] * 10 + ["6"] * 10, pupil=["p"] * 20
    )
    found = boxes(tutoring_page_one(sc))
    assert found["Weakest grades"].value == "grade 6 0 % (n = 10); grade 5 100 % (n = 10)"
    assert found["When it is surest"].value == "says 70 %, is right in 50 %"
    assert "of 20 it was 50 to 80 % sure of, 50 % were right" in found["When it is surest"].note
    assert found["Data of pupils"].value == "question, grade"
    assert "pupil is carried along" in found["Data of pupils"].note


def test_surety_in_bands() -> None:
    sc = scored([0, 0, 0], [0, 1, 0], BANK)
    sc.scores[0] = [0.9, 0.05, 0.05]
    assert surety_rows(sc) == [
        {"band": "80 % or more", "rows": 1, "said": 0.9, "hits": 1, "right": 1.0},
        {"band": "50 to 80 %", "rows": 2, "said": pytest.approx(0.7), "hits": 1, "right": 0.5},
    ]


def test_the_skills_section_by_hand() -> None:
    sc = scored(
        [0] * 10 + [1] * 12,
        [0] * 4 + [1] * 6 + [1] * 12,
        BANK,
        skill=["ratio"] * 10 + ["units"] * 12,
        grade=["5"] * 3 + ["6"] * 19,
    )
    (section,) = tutoring_sections(sc)
    weak, strong = table(section, "by_skill")
    assert (weak["value"], weak["right"], weak["questions"]) == ("ratio", 0.4, 10)
    assert strong["right"] == 1.0
    few = table(section, "by_grade")[-1]
    assert few == {"value": "5", "questions": 3, "note": "too few (under 10)"}
    assert table(section, "pairs") == [{"truth": "rounding", "said": "order-of-operations", "rows": 6, "asked": 10}]
    assert section.numbers["skill_worst"] == 0.4
    drawable(section)
    assert tutoring_sections(scored([], [], BANK)) == []


def test_marks_strict_and_lenient() -> None:
    truth, said = [0, 0, 0, 1, 2, 2], [0, 1, 2, 2, 0, 2]
    sc = scored(truth, said, MARKS)
    found = marks(sc)
    assert found is not None
    two = [int(t > 0) for t in truth], [int(s > 0) for s in said]
    assert found.lenient_macro_f1 == pytest.approx(f1_score(*two, average="macro"))
    assert found.lenient_accuracy == pytest.approx(3 / 6)
    assert (found.no_rows, found.no_praised, found.yes_rows, found.yes_faulted) == (3, 1, 2, 1)
    page = boxes(feedback_page_one(sc))
    assert page["Same mark as the people who marked"].value == "33 %"
    assert "commonest mark would agree in 50 %" in page["Same mark as the people who marked"].note
    assert page["False praise"].value == "33 %"
    assert page["False blame"].value == "50 %"
    (section,) = feedback_sections(sc)
    rows = {row["label"]: row for row in table(section, "marks")}
    assert rows["No"]["recall"] == pytest.approx(1 / 3)
    assert rows["Yes"]["precision"] == pytest.approx(1 / 3)
    assert [rows[m]["f1"] for m in MARKS] == pytest.approx(f1_score(truth, said, average=None).tolist())
    assert marks(scored([0], [0], ("a", "b", "c"))) is None
    drawable(section)


def test_replies_that_give_the_answer_away() -> None:
    told = ["No", "Yes (and the answer is correct)", None, "yes (but it is wrong)", "unsure"]
    sc = scored([0] * 5, [0] * 5, MARKS, Revealing_of_the_Answer=told)
    found = revealing(sc)
    assert found is not None
    assert found.tolist() == [False, True, True]
    assert boxes(feedback_page_one(sc))["Replies that give the answer away"].value == "67 %"
    assert feedback_sections(sc)[0].numbers["replies_revealing"] == pytest.approx(2 / 3)
    none = scored([0], [0], MARKS)
    assert boxes(feedback_page_one(none))["Replies that give the answer away"].value == "cannot be told"
    assert "replies_revealing" not in feedback_sections(none)[0].numbers
    assert feedback_page_one(scored([], [], MARKS))[0].value == "0"
