"""What does it go by? Fields and words that carry the answers, whether its reasons hold, and a field that gives the label away."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.pages import Alarm, Block, Column, Figure, NotComputed, Section, Table
from ..probes.alone import Alone, alone
from ..probes.dealt import Importance, importance
from ..probes.reasons import TOGETHER, Reason, Reasons, reasons
from ..view import View
from ..words import inside, number, percent, range_of
from . import TITLES

__all__ = ["section"]

CARRIES, GIVES_AWAY = 0.3, 0.95
"""A field gives the label away when more hangs on it than on any other, at least the first part of what the model knows, and
the field alone predicts the label better than the second (area under the ROC curve; of more than two labels, share right):
then what the other fields add is little, however well the model would do without it."""
SURE = 0.9
"""The lower end of the interval of that figure must be above this."""
FEWEST_RECORDS, MOST_WORDS, MOST_BARS = 5, 16, 15
_WORD = re.compile(r"[^\W\d_]{2,}")
_SMALL_WORDS = """a an and are as at be been but by for from had has have he her his i in is it its me my not of on or our she
    so some that the their them there they this to was we were what when which with you your"""
_SMALL = frozenset(_SMALL_WORDS.split())
"""Words that stand in every sentence."""


def section(view: View) -> Section:
    """Importance by permutation, words that matter, reasons put to the test, and the alarm for a leak.

    Raises:
        NotComputed: there is no run to ask, no rows, or no field.
    """
    view.need_run()
    if not len(view.scored):
        raise NotComputed("There are no rows.")
    weight, found = importance(view), reasons(view)
    if weight is None and found is None:
        raise NotComputed("The model reads none of the columns of these rows.")
    blocks: list[Block] = []
    numbers: dict[str, float] = {}
    alarms: list[Alarm] = []
    if weight is not None:
        single = _alone(view, weight)
        blocks += [_importance_figure(view, weight), _dominance(view, weight, single)]
        numbers |= _importance_numbers(weight, single)
        alarms = _leak(weight, single)
    if found is not None:
        blocks += _reason_blocks(found)
        for name, one in (("reason_validity", found.validity), ("faithfulness_gap", found.gap)):
            numbers |= {name: one.value, f"{name}_lower": one.low, f"{name}_upper": one.high}
        words = _words_table(view, found.listed)
        if words is not None:
            blocks.append(words)
    else:
        blocks.append("Reasons were not put to the test: the answers are values without a probability.")
    return Section("explanations", TITLES["explanations"], blocks, numbers, alarms)


# Fields


def _importance_figure(view: View, weight: Importance) -> Figure:
    bars = [
        {"name": one.field.words, "value": one.loss.value, "interval": [one.loss.low, one.loss.high]}
        for one in weight.fields[:MOST_BARS]
    ]
    title = inside(view.task.headline.title)
    caption = (
        f"Loss of {title} on {weight.rows} rows when the values of a field are dealt out anew among them (permutation importance; "
        f"lines are 95 % intervals). Dealing out whole records loses {number(weight.everything.value)}; what is left then is "
        "chance. Fields that say the same share what they carry, so a short bar does not prove that a field is idle."
    )
    if len(weight.fields) > MOST_BARS:
        caption += f" The first {MOST_BARS} of {len(weight.fields)} fields are drawn."
    data = {"rows": bars, "x_title": f"loss of {title}"}
    return Figure("importance", "bars", "What hangs on each field", data, caption)


def _alone(view: View, weight: Importance) -> Alone | None:
    if view.prepared is None:
        return None
    return alone(view, weight.fields[0].field)


def _dominance(view: View, weight: Importance, single: Alone | None) -> str:
    top = weight.fields[0]
    part = weight.part(top)
    if not math.isfinite(part):
        return "On these rows the model is not proven to know anything beyond chance, so that no field can be said to carry it."
    lost = percent(min(1.0, max(0.0, part)), 0)
    said = f"Most hangs on {top.field.words}: without it {lost} of what the model knows beyond chance is lost"
    if single is not None:
        said += f"; alone, in training rows that it was not fitted on, this field reaches {_reached(single)}"
    elif view.prepared is None:
        said += "; whether it gives the label away by itself needs the training rows, which were not given"
    return (
        f"{said}. Page one says stop where the field on which most hangs carries {percent(CARRIES, 0)} or more and alone reaches more "
        f"than {GIVES_AWAY:g}: such a field is often filled in only once the answer is known."
    )


def _reached(single: Alone) -> str:
    bounds = range_of((single.figure.low, single.figure.high))
    return (
        f"{number(single.figure.value)} ({single.measure}; 95 % interval {bounds}; chance is {number(single.chance)})"
    )


def _importance_numbers(weight: Importance, single: Alone | None) -> dict[str, float]:
    numbers: dict[str, float] = {f"importance_{one.field.name}": one.loss.value for one in weight.fields[:MOST_BARS]}
    numbers["top_field_part"] = weight.part(weight.fields[0])
    if single is not None:
        numbers["top_field_alone"] = single.figure.value
    return numbers


def _leak(weight: Importance, single: Alone | None) -> list[Alarm]:
    top = weight.fields[0]
    part = weight.part(top)
    if single is None or not part >= CARRIES or not single.figure.value > GIVES_AWAY:
        return []
    if not single.figure.low > max(SURE, single.chance):
        return []
    return [
        Alarm(
            "leak",
            f"The field “{top.field.words}” gives the label away: without it the model loses {percent(min(1.0, part), 0)} of what it "
            f"knows, and alone, in training rows that it was not fitted on, it reaches {_reached(single)}. Find out whether it is "
            "known before the decision; if not, leave it out and tune anew.",
            "stop",
        )
    ]


# Reasons


def _reason_blocks(found: Reasons) -> list[Block]:
    blocks: list[Block] = []
    if found.tried:
        held = found.validity
        blocks.append(
            f"The first reason of {found.tried} records was put to the test: with something usual in its place (the median, the most "
            "frequent value, a sentence beside the point) the probability of the answer moved in the stated direction in "
            f"{percent(held.value)} of them (95 % interval {percent(held.low)} to {percent(held.high)}; a reason that says nothing is "
            "right in about half)."
        )
    else:
        blocks.append("No first reason could be put to the test: nothing usual is known that could stand in its place.")
    if math.isfinite(found.gap.value):
        verdict = (
            "the reasons given are what it goes by"
            if found.gap.low > 0
            else "the reasons given are not proven to be better than any others; do not show them to users as reasons"
        )
        blocks.append(
            f"Without its first reasons (up to {TOGETHER}) the probability of the answer falls by {number(found.fall)} on average; that is "
            f"{number(found.gap.value)} more than without as many other pieces of the same record drawn by chance (95 % interval "
            f"{range_of((found.gap.low, found.gap.high))}, {found.compared} records): {verdict}."
        )
    else:
        blocks.append(
            "Whether the first reasons weigh more than others cannot be told: "
            f"{found.compared} records have enough pieces, and 10 are needed."
        )
    return blocks


def _words_table(view: View, listed: Sequence[Reason]) -> Table | None:
    """Words of the statements that speak most for an answer, over records; never rare words, numbers or names in capitals."""
    labels = view.scored.labels
    effects: dict[tuple[str, int], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in listed:
        if one.piece.field.kind != "text":
            continue
        for word in {w for w in _plain_words(one.piece.evidence) if w not in _SMALL}:
            if view.binary and view.scored.positive is not None:
                sign = 1.0 if one.answer == view.scored.positive else -1.0
                effects[word, view.scored.positive][one.row].append(sign * one.effect)
            else:
                effects[word, one.answer][one.row].append(one.effect)
    rows: list[dict[str, Any]] = [
        {"word": word, "label": labels[label] if labels else "the candidate named", "records": len(by_row),
         "effect": float(np.mean([np.mean(values) for values in by_row.values()]))}
        for (word, label), by_row in effects.items()
        if len(by_row) >= FEWEST_RECORDS
    ]  # fmt: skip
    if not rows:
        return None
    rows.sort(key=lambda row: (-abs(row["effect"]), row["word"]))
    columns = (
        Column("word", "Word"),
        Column("label", "Speaks for or against"),
        Column("records", "Records", "count"),
        Column("effect", "Log-odds it adds", "signed"),
    )
    note = (
        f"Mean over records of what the statement that holds the word adds to the log-odds (0.7 doubles the odds, −0.7 halves them); "
        f"words in fewer than {FEWEST_RECORDS} records are left out. A word can be here for the company it keeps."
    )
    return Table("words", columns, rows[:MOST_WORDS], "Words that matter", note, contents=True)


def _plain_words(evidence: str) -> list[str]:
    """Words in small letters; a capital inside a statement, as names have it, is left out."""
    found = []
    for match in _WORD.finditer(evidence):
        word = match[0]
        if word[:1].isupper() and (match.start() > 0 or not word[1:].islower()):
            continue
        found.append(word.lower())
    return found
