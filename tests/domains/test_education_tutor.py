"""The task, its page one, and what a tutor says."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.core.registry import load_task
from verticals.core.task import Flag, Scored, Task
from verticals.domains.education import DOMAIN, Tutor
from verticals.domains.education.metrics import RECALL_AT_1_BY_SKILL, abstention, rank_of_truth, skill_recalls
from verticals.domains.education.page_one import tutoring_page_one
from verticals.domains.education.readers import course_bank
from verticals.domains.education.safety import safety_flags
from verticals.domains.education.tasks import TUTORING

BANK = course_bank().set_index("id", drop=False).loc[["add-fractions", "mean", "median"]].reset_index(drop=True)


@dataclass
class Said:
    """What a predictor gives back for one record."""

    scores: np.ndarray
    abstained: np.ndarray
    reasons: tuple[str, ...]
    flags: tuple[tuple[Flag, ...], ...]
    labels: tuple[str, ...] = ("add-fractions", "mean", "median")


@dataclass
class FixedPredictor:
    """Gives fixed scores and runs the task's own safety rules."""

    scores: tuple[float, ...]
    abstains: bool = False
    bank: pd.DataFrame | None = field(default_factory=lambda: BANK)
    task: Task = TUTORING
    seen: list[Any] = field(default_factory=list)

    def predict(self, records: Any) -> Any:
        self.seen.append(records)
        reason = "The best candidate has a probability of 0.40, below 0.55" if self.abstains else ""
        flags = tuple(safety_flags(records[0]))
        return Said(np.array([self.scores]), np.array([self.abstains]), (reason,), (flags,))


def scored(truth: list[int], scores: list[list[float]], **more: Any) -> Scored:
    rows = pd.DataFrame({"skill": ["fractions", "fractions", "statistics", None][: len(truth)]})
    return Scored(np.array(truth), np.array(scores), ("a", "b", "c", "d"), rows, **more)


FOUR = scored(
    [0, 1, 2, 3],
    [[0.7, 0.1, 0.1, 0.1], [0.6, 0.2, 0.1, 0.1], [0.1, 0.1, 0.5, 0.3], [0.4, 0.3, 0.2, 0.1]],
)


def test_the_answer_carries_the_entry_and_what_else_may_be_meant() -> None:
    predictor = FixedPredictor((0.1, 0.65, 0.25))
    answer = Tutor(predictor).answer("share everything out equally", grade=6)
    assert predictor.seen == [[{"question": "share everything out equally", "grade": "6"}]]
    assert answer.title == "The mean"
    assert answer.explanation is not None
    assert answer.explanation.startswith("Add all values and divide")
    assert answer.source is not None
    assert answer.source.startswith("course bank, unit")
    assert answer.probability == pytest.approx(0.65)
    assert [(one.id, one.probability) for one in answer.alternatives] == [("median", 0.25), ("add-fractions", 0.1)]
    assert (answer.abstained, answer.reason, answer.flags, answer.needs_adult) == (False, "", (), False)
    lines = str(answer).splitlines()
    assert lines[0] == "The mean (probability 0.65)"
    assert lines[-2] == "It may also be about: The median (0.25); Adding and subtracting fractions (0.10)"
    assert lines[-1] == TUTORING.safety.statement


def test_where_it_abstains_nothing_is_explained() -> None:
    answer = Tutor(FixedPredictor((0.3, 0.4, 0.3), abstains=True)).answer("who won the world cup", alternatives=1)
    assert answer.abstained
    assert (answer.explanation, answer.title, answer.source, answer.hint) == (None, None, None, None)
    assert [one.id for one in answer.alternatives] == ["mean"]
    assert answer.reason == (
        "The course bank has no sure answer to this question. The best candidate has a probability of 0.40, below "
        "0.55. Ask the teacher: the bank may have no answer to this question."
    )
    assert str(answer).splitlines()[1] == "Perhaps it is about: The mean (0.40)"


def test_a_disclosure_stands_above_the_answer() -> None:
    answer = Tutor(FixedPredictor((0.8, 0.1, 0.1))).answer("my dad hits me, how do i add 1/2 and 1/3")
    assert answer.needs_adult
    assert [flag.name for flag in answer.flags] == ["abuse"]
    assert str(answer).splitlines()[0].startswith("! The pupil may be telling of abuse")


def test_personal_data_alone_calls_no_adult() -> None:
    answer = Tutor(FixedPredictor((0.8, 0.1, 0.1))).answer("write to a.b@c.example")
    assert [flag.name for flag in answer.flags] == ["personal_data"]
    assert not answer.needs_adult


def test_a_hint_that_gives_its_answer_away_is_left_out() -> None:
    bank = BANK.copy()
    bank.loc[0, "hint"] = "Is 1/4 + 1/6 perhaps 10/24?"
    assert bank.loc[0, "answer"] == "5/12"
    assert Tutor(FixedPredictor((0.8, 0.1, 0.1), bank=bank)).answer("q").hint is None
    assert Tutor(FixedPredictor((0.8, 0.1, 0.1))).answer("q").hint == "What is 1/4 + 1/6?"


def test_a_bank_of_id_and_text_only_is_enough() -> None:
    answer = Tutor(FixedPredictor((0.1, 0.8, 0.1), bank=BANK[["id", "text"]])).answer("q")
    assert (answer.title, answer.source, answer.hint) == ("mean", None, None)


@pytest.mark.parametrize("question", ["", "  ", None, 5])
def test_no_question_is_a_fault_of_the_callers(question: Any) -> None:
    with pytest.raises(DataError, match="write the pupil's question as text"):
        Tutor(FixedPredictor((1.0, 0.0, 0.0))).answer(question)


def test_alternatives_below_zero_are_refused() -> None:
    with pytest.raises(DataError, match="0 or more"):
        Tutor(FixedPredictor((1.0, 0.0, 0.0))).answer("q", alternatives=-1)


def test_rank_counts_ties_against_the_right_candidate() -> None:
    assert rank_of_truth(FOUR).tolist() == [1, 2, 1, 4]
    assert rank_of_truth(scored([1], [[0.5, 0.5, 0.0, 0.0]])).tolist() == [2]


def test_recall_by_skill_is_worked_out_by_hand() -> None:
    weakest, best = skill_recalls(FOUR)
    assert (weakest.skill, weakest.right, weakest.questions) == ("fractions", 0.5, 2)
    assert (best.skill, best.right, best.questions) == ("statistics", 1.0, 1)
    assert RECALL_AT_1_BY_SKILL.function(FOUR) == pytest.approx(0.75)
    assert math.isnan(RECALL_AT_1_BY_SKILL.function(FOUR.take(np.array([], dtype=int))))


def test_abstention_compares_both_kinds_of_silence() -> None:
    answerable = np.array([True, True, True, True, False, False])
    silent = np.array([True, False, False, False, True, False])
    found = abstention(answerable, silent)
    assert (found.refused, found.withheld) == (0.5, 0.25)
    assert math.isnan(abstention(np.array([True]), np.array([False])).refused)


def test_page_one_speaks_to_a_teacher() -> None:
    ten = np.repeat([0, 1], [8, 12])  # 8 right and 12 wrong rows of one skill
    scored_rows = Scored(
        FOUR.truth[ten], FOUR.scores[ten], FOUR.labels, FOUR.rows.iloc[ten], abstained=np.repeat([False, True], 10)
    )
    boxes = {box.title: box for box in tutoring_page_one(scored_rows)}
    assert boxes["Right explanation first"].value == "40 %"
    assert boxes["Right explanation among the first three"].value == "100 %"
    assert boxes["Passed on to the teacher"].value == "50 %"
    assert "80 %" in boxes["Passed on to the teacher"].note
    assert boxes["Weakest skills"].value == "fractions 40 % (n = 20)"


def test_page_one_without_rows_or_abstention() -> None:
    assert tutoring_page_one(FOUR.take(np.array([], dtype=int)))[0].value == "0"
    assert [box.title for box in tutoring_page_one(FOUR)] == [
        "Right explanation first",
        "Right explanation among the first three",
        "Gives the answer away",
        "When it is surest",
        "Data of pupils",
    ]


def test_the_task_is_found_by_its_name() -> None:
    task = load_task("education.tutoring")
    assert task is TUTORING
    assert task.headline.name == "recall_at_1"
    assert [one.name for one in DOMAIN.tasks] == ["education.tutoring", "education.feedback"]
    assert task.split.group == "template"
    assert [metric.function(FOUR) for metric in task.metrics[:3]] == pytest.approx(
        [0.5, 0.75, (1 + 0.5 + 1 + 0.25) / 4]
    )


def test_prepared_rows_hold_only_what_a_pupil_says() -> None:
    from verticals.datasets.prepare import prepare

    data = prepare("education.tutoring", rows=4000, seed=0)
    assert [one.name for one in data.schema.fields] == ["question", "grade"]
    parts = [set(part["template"]) for part in (data.train, data.validation, data.test)]
    assert not (parts[0] & parts[1]) | (parts[0] & parts[2]) | (parts[1] & parts[2])
    assert set(data.train["explanation"]) == set(course_bank()["id"])
    assert len(data.test) > 150


def test_importing_the_domain_is_light() -> None:
    code = (
        "import sys, verticals.domains.education\n"
        "print([m for m in ('torch', 'transformers', 'sklearn', 'langchain', 'peft') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
