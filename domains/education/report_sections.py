"""Sections that only education has: skills and grades of a tutor, and how each mark of a rubric fares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.pages import Block, Column, Figure, Section, Table
from ...core.task import Scored
from ...evaluation.metrics.shares import clopper_pearson
from ...evaluation.metrics.standard import answers
from .metrics import first_right, marks, rank_of_truth, revealing, surety_rows

__all__ = ["feedback_sections", "tutoring_sections"]

TOO_FEW = 10
"""Skills and grades with fewer questions get no figure."""
MOST_PAIRS = 15
SURETY = Table(
    "surety",
    (
        Column("band", "How sure of its answer"),
        Column("rows", "Rows", "count"),
        Column("said", "Mean probability", "percent"),
        Column("right", "Right", "percent"),
        Column("interval", "Exact 95 % interval", "percent_range"),
    ),
    (),
    "Is it right as often as it says?",
    "Right should be near the mean probability; where it is lower, the program is too sure of itself.",
)


def _surety(scored: Scored) -> Table:
    rows = [row | {"interval": clopper_pearson(row["hits"], row["rows"])} for row in surety_rows(scored)]
    return Table(SURETY.name, SURETY.columns, rows, SURETY.title, SURETY.note)


# Tutoring ------------------------------------------------------------------------------------------------------------


def tutoring_sections(scored: Scored) -> list[Section]:
    """Which units and grades are weak, and which explanations are taken for each other. Empty without rows."""
    if not len(scored):
        return []
    right, near = first_right(scored), rank_of_truth(scored) <= 3
    tables: list[Block] = []
    numbers: dict[str, float] = {}
    for column, title in (("skill", "unit"), ("grade", "grade")):
        rows = _by(scored, column, right, near)
        if not rows:
            continue
        tables.append(_recall_table(column, title, rows))
        told = [row for row in rows if "right" in row]
        if len(told) > 1:
            tables.append(_recall_figure(column, title, told))
        numbers[f"{column}_worst"] = min((row["right"] for row in told), default=math.nan)
    text = (
        f"{len(scored):,} questions of pupils. Right means that the explanation of the course bank that answers the question "
        f"stands first; {TOO_FEW} questions are needed for a figure. A weak unit may have too few training questions, or "
        "explanations that lie close to each other: see which are taken for which."
    )
    blocks = (text, *tables, _pairs(scored), _surety(scored))
    return [Section("skills", "Which units and grades are weak?", blocks, numbers)]


def _by(scored: Scored, column: str, right: np.ndarray, near: np.ndarray) -> list[dict[str, Any]]:
    """Counts and shares of each value, least certain first; those of too few questions last and without a share."""
    if column not in scored.rows.columns:
        return []
    values = scored.rows[column].astype(object).to_numpy()
    rows: list[dict[str, Any]] = []
    for name in sorted({value for value in values if isinstance(value, str)}):
        own = values == name
        n = int(own.sum())
        line: dict[str, Any] = {"value": name, "questions": n}
        if n < TOO_FEW:
            rows.append(line | {"note": f"too few (under {TOO_FEW})"})
            continue
        hits = int(right[own].sum())
        line |= {"right": hits / n, "interval": clopper_pearson(hits, n), "near": float(near[own].mean())}
        if scored.abstained is not None:
            line["withheld"] = float(scored.abstained[own].mean())
        rows.append(line)
    return sorted(rows, key=lambda row: (row.get("right", 2.0), row["value"]))


def _recall_table(column: str, title: str, rows: list[dict[str, Any]]) -> Table:
    columns = (
        Column("value", title.capitalize()),
        Column("questions", "Questions", "count"),
        Column("right", "Right first", "percent"),
        Column("interval", "Exact 95 % interval", "percent_range"),
        Column("near", "Among the first three", "percent"),
        Column("withheld", "Passed on to the teacher", "percent"),
        Column("note", "Note"),
    )
    return Table(f"by_{column}", columns, rows, f"By {title}", "Weakest first.")


def _recall_figure(column: str, title: str, rows: list[dict[str, Any]]) -> Figure:
    shown = [
        {"name": f"{row['value']} (n = {row['questions']})", "value": row["right"], "interval": list(row["interval"])}
        for row in rows[:30]
    ]
    data = {"rows": shown, "x_title": "right explanation first", "percent": True}
    caption = f"Share of the questions of each {title} whose right explanation stands first, with exact 95 % intervals."
    return Figure(f"by_{column}_figure", "bars", f"Right explanation first, by {title}", data, caption)


def _pairs(scored: Scored) -> Table:
    """Which explanation is given where another was right."""
    said, names = answers(scored), scored.labels
    wrong = (said != scored.truth) & (scored.truth >= 0)
    width = max(scored.scores.shape[1], 1)
    code, count = np.unique(scored.truth[wrong].astype(np.int64) * width + said[wrong], return_counts=True)
    order = np.argsort(-count, kind="stable")[:MOST_PAIRS]
    asked = np.bincount(scored.truth[scored.truth >= 0].astype(np.int64), minlength=width)

    def name(at: int) -> str:
        return names[at] if names else str(at)

    rows = [
        {
            "truth": name(int(code[i]) // width),
            "said": name(int(code[i]) % width),
            "rows": int(count[i]),
            "asked": int(asked[int(code[i]) // width]),
        }
        for i in order
    ]
    columns = (
        Column("truth", "Right was"),
        Column("said", "First was"),
        Column("rows", "Times", "count"),
        Column("asked", "Questions to it", "count"),
    )
    note = f"The {MOST_PAIRS} most frequent mistakes." if len(rows) == MOST_PAIRS else "All mistakes."
    return Table("pairs", columns, rows, "Explanations that are taken for each other", note, folded=True)


# Feedback ------------------------------------------------------------------------------------------------------------


def feedback_sections(scored: Scored) -> list[Section]:
    """How each mark of the rubric fares, strictly and leniently. Empty without rows."""
    if not len(scored):
        return []
    said, rows = answers(scored), []
    for at, label in enumerate(scored.labels):
        true, given = scored.truth == at, said == at
        hits, n, m = int((true & given).sum()), int(true.sum()), int(given.sum())
        rows.append(
            {
                "label": label,
                "rows": n,
                "given": m,
                "recall": hits / n if n else math.nan,
                "interval": clopper_pearson(hits, n) if n else (math.nan, math.nan),
                "precision": hits / m if m else math.nan,
                "f1": 2 * hits / (n + m) if n + m else math.nan,
            }
        )
    columns = (
        Column("label", "Mark"),
        Column("rows", "People gave it", "count"),
        Column("given", "It gave it", "count"),
        Column("recall", "Found", "percent"),
        Column("interval", "Exact 95 % interval", "percent_range"),
        Column("precision", "Right when given", "percent"),
        Column("f1", "F1", "number"),
    )
    text = (
        f"{len(scored):,} replies of tutors, marked by people and by the program. F1 is the balance of found and right when given; "
        "the headline is its mean over the marks, so that a rare mark counts as much."
    )
    blocks: list[Block] = [text, Table("marks", columns, rows, "Each mark")]
    numbers: dict[str, float] = {}
    found = marks(scored)
    if found is not None:
        blocks.append(
            f"With To some extent counted as Yes (the lenient score of the shared task), {100 * found.lenient_accuracy:.1f} % of "
            f"{len(scored):,} agree and macro F1 is {found.lenient_macro_f1:.3f}. False praise: {found.no_praised:,} of "
            f"{found.no_rows:,} replies that people marked No; false blame: {found.yes_faulted:,} of {found.yes_rows:,} that "
            "they marked Yes."
        )
        numbers = {"lenient_accuracy": found.lenient_accuracy, "lenient_macro_f1": found.lenient_macro_f1}
        numbers["false_praise"] = found.no_praised / found.no_rows if found.no_rows else math.nan
        numbers["false_blame"] = found.yes_faulted / found.yes_rows if found.yes_rows else math.nan
    told = revealing(scored)
    if told is None:
        blocks.append("Whether the replies give the answer away cannot be told: the rows hold no such judgement.")
    else:
        blocks.append(f"People judged {int(told.sum()):,} of {len(told):,} replies to give the answer away.")
        numbers["replies_revealing"] = float(told.mean())
    blocks.append(_surety(scored))
    return [Section("marks", "How does each mark fare?", tuple(blocks), numbers)]
