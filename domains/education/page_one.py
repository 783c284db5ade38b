"""The page-one boxes: what a teacher reads first of a tutor, and of a program that marks a tutor's replies.

All numbers are of the test rows.
"""

from __future__ import annotations

import math

import numpy as np

from ...core.task import Box, Scored
from ...evaluation.metrics.shares import clopper_pearson
from ...evaluation.metrics.standard import answers
from .metrics import first_right, marks, rank_of_truth, recalls_by, revealing, skill_recalls, surety_rows
from .readers import bank_rows
from .safety import reveals

__all__ = ["feedback_page_one", "tutoring_page_one"]

SMALLEST_SKILL = 10
"""Skills with fewer test questions are not named on page one: the share would be mostly chance."""


def _percent(share: float) -> str:
    return "not defined" if math.isnan(share) else f"{100 * share:.0f} %"


def _exact(hits: int, n: int) -> str:
    low, high = clopper_pearson(hits, n)
    return f"{hits:,} of {n:,}; exact 95 % interval {_percent(low)} to {_percent(high)}"


# Tutoring ------------------------------------------------------------------------------------------------------------


def tutoring_page_one(scored: Scored) -> list[Box]:
    """Right at once, right among three, not answered, answers given away, weak skills and grades, sureness, pupil data."""
    if not len(scored):
        return [Box("Questions", "0", "There are no test questions, so nothing can be said.")]
    rank, right = rank_of_truth(scored), first_right(scored)
    boxes = [
        Box(
            "Right explanation first",
            _percent(float(right.mean())),
            f"{_exact(int(right.sum()), len(scored))}, as if all were answered",
        ),
        Box(
            "Right explanation among the first three",
            _percent(float((rank <= 3).mean())),
            f"{int((rank <= 3).sum()):,} of {len(scored):,}; the others are offered too",
        ),
    ]
    if scored.abstained is not None:
        answered = ~scored.abstained
        share = float(right[answered].mean()) if answered.any() else math.nan
        boxes.append(
            Box(
                "Passed on to the teacher",
                _percent(1 - float(answered.mean())),
                f"{int((~answered).sum()):,} of {len(scored):,}; of the rest, {_percent(share)} got the right explanation first",
            )
        )
    boxes.append(_given_away(scored))
    for title, column in (("Weakest skills", "skill"), ("Weakest grades", "grade")):
        weak = (
            skill_recalls(scored, SMALLEST_SKILL) if column == "skill" else recalls_by(scored, column, SMALLEST_SKILL)
        )[:3]
        if weak:
            before = "" if column == "skill" else f"{column} "
            value = "; ".join(f"{before}{w.skill} {_percent(w.right)} (n = {w.questions})" for w in weak)
            boxes.append(Box(title, value, f"{column}s with at least {SMALLEST_SKILL} test questions"))
    return [*boxes, *_sureness(scored), _kept(scored, ("question", "grade"), ("pupil",))]


def _given_away(scored: Scored) -> Box:
    """Does the explanation state the final answer of the pupil's own problem?"""
    title = "Gives the answer away"
    texts = {entry["id"]: entry for entry in bank_rows()}
    ours = bool(scored.labels) and set(scored.labels) <= set(texts)
    first = [scored.labels[at] for at in answers(scored)] if ours else []
    if ours and "answer" in scored.rows.columns:
        pairs = [
            (name, str(own)) for name, own in zip(first, scored.rows["answer"], strict=True) if isinstance(own, str)
        ]
        if pairs:
            told = sum(reveals(texts[name]["text"], own) for name, own in pairs)
            note = f"the explanation states the final answer of the pupil's own problem: {_exact(told, len(pairs))}"
            return Box(title, _percent(told / len(pairs)), note)
    note = "the rows do not say what the answer of the pupil's own problem is"
    if ours:
        named = set(first)
        told = sum(reveals(texts[name]["text"], texts[name]["answer"]) for name in named)
        note += (
            "; explanations are fixed texts with examples of their own, none is made from the pupil's numbers. Of the "
            f"{len(named)} that were named first, {told} hold the number that answers their own practice question, if in another sense"
        )
    return Box(title, "cannot be told", note)


def _sureness(scored: Scored) -> list[Box]:
    """What the probability of being right is worth, in plain words."""
    rows = surety_rows(scored)
    if not rows:
        return []
    said = [f"of {row['rows']:,} it was {row['band']} sure of, {_percent(row['right'])} were right" for row in rows]
    value = f"says {_percent(rows[0]['said'])}, is right in {_percent(rows[0]['right'])}"
    return [Box("When it is surest", value, "; ".join(said))]


def _kept(scored: Scored, read: tuple[str, ...], carried: tuple[str, ...]) -> Box:
    """Which data of pupils are read, carried and kept."""
    there = set(scored.rows.columns)
    reads = [name for name in read if name in there]
    carries = [name for name in carried if name in there]
    note = "these columns are read of a pupil; " + (
        f"{', '.join(carries)} {'is' if len(carries) == 1 else 'are'} carried along for tables and never read; "
        if carries
        else ""
    )
    note += (
        "the run folder holds weights, hashes and counts and no rows, but weights can remember: see the section on privacy. The "
        "section on mistakes shows up to 20 test rows, so keep this report like the rows"
    )
    return Box("Data of pupils", ", ".join(reads) or "none of the known columns", note)


# Feedback ------------------------------------------------------------------------------------------------------------


def feedback_page_one(scored: Scored) -> list[Box]:
    """Is the mark right, does it praise or blame wrongly, do replies give the answer away, how sure is it, pupil data."""
    n = len(scored)
    if not n:
        return [Box("Replies", "0", "There are no test replies, so nothing can be said.")]
    hit = np.asarray(answers(scored) == scored.truth)
    most = float(np.bincount(scored.truth[scored.truth >= 0], minlength=1).max() / n)
    boxes = [
        Box(
            "Same mark as the people who marked",
            _percent(float(hit.mean())),
            f"{_exact(int(hit.sum()), n)}; always giving the commonest mark would agree in {_percent(most)}",
        )
    ]
    found = marks(scored)
    if found is not None:
        boxes.append(
            Box(
                "The same, To some extent counted as Yes",
                _percent(found.lenient_accuracy),
                f"{n:,} replies; macro F1 {found.lenient_macro_f1:.3f}",
            )
        )
        if found.no_rows:
            note = f"says Yes where people said No: {_exact(found.no_praised, found.no_rows)}"
            boxes.append(Box("False praise", _percent(found.no_praised / found.no_rows), note))
        if found.yes_rows:
            note = f"says No where people said Yes: {_exact(found.yes_faulted, found.yes_rows)}"
            boxes.append(Box("False blame", _percent(found.yes_faulted / found.yes_rows), note))
    boxes += [_replies_reveal(scored), *_sureness(scored)]
    if scored.abstained is not None:
        held = int(scored.abstained.sum())
        boxes.append(Box("Left to a teacher", _percent(held / n), f"{held:,} of {n:,} replies get no mark"))
    return [*boxes, _kept(scored, ("response", "student"), ("history", "last"))]


def _replies_reveal(scored: Scored) -> Box:
    title, told = "Replies that give the answer away", revealing(scored)
    if told is None:
        note = "the rows have no such judgement (a column Revealing_of_the_Answer); the mark above does not look at it"
        return Box(title, "cannot be told", note)
    note = f"as people judged the tutors' replies: {_exact(int(told.sum()), len(told))}; this program does not judge it"
    return Box(title, _percent(float(told.mean())), note)
