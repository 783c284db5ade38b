"""Which mistakes would be dangerous? Sure and wrong answers, labels that must not be missed, and what rules sent to a person."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.pages import Alarm, Block, Column, Figure, NotComputed, Section, Table
from ...core.task import Flag, Scored
from ..metrics.shares import clopper_pearson
from ..metrics.standard import answers, flagged
from ..view import View
from ..words import percent
from . import TITLES

__all__ = ["section"]

SURE = 0.9
"""Probability above which an answer sounds sure."""
MOST_SHOWN, MOST_LETTERS = 20, 300
"""Mistakes whose records are shown, and letters of one field."""
LIMIT = 0.8
"""Page one says stop where the exact interval proves that a smaller share of never-miss rows is named."""
MOST_LABELS = 40
KEEP = (
    "The table below holds the contents of records, so that the team that owns them can see what went wrong: keep this file "
    "where the records are kept, and under the same rules."
)


def section(view: View) -> Section:
    """Look at the mistakes that hurt most.

    Raises:
        NotComputed: there are no rows.
    """
    if not len(view.scored):
        raise NotComputed("There are no rows.")
    blocks: list[Block] = []
    numbers: dict[str, Any] = {}
    alarms: list[Alarm] = []
    if view.probabilities:
        text, found = _sure_and_wrong(view.scored)
        blocks.append(text)
        numbers |= found
    missed_blocks, found, alarms = _never_miss(view)
    numbers |= found
    blocks += missed_blocks
    escalated, found = _escalated(view)
    numbers |= found
    blocks += [*escalated, *_worst(view)]
    return Section("safety", TITLES["safety"], tuple(blocks), numbers, alarms)


def _names(scored: Scored) -> tuple[str, ...]:
    """Names of the columns of the scores; own candidates go by their number."""
    return scored.labels or tuple(map(str, range(scored.scores.shape[1])))


def _sure_and_wrong(scored: Scored) -> tuple[str, dict[str, Any]]:
    probability = np.nan_to_num(scored.scores).max(axis=1)
    likeliest = np.nan_to_num(scored.scores, nan=-math.inf).argmax(axis=1)
    sure = probability > SURE
    wrong = sure & (likeliest != scored.truth)
    count, bad = int(sure.sum()), int(wrong.sum())
    low, high = clopper_pearson(bad, count)
    numbers = {
        "confident_rows": count,
        "confident_wrong": bad,
        "confident_wrong_share": bad / count if count else math.nan,
        "confident_wrong_share_lower": low,
        "confident_wrong_share_upper": high,
    }
    if not count:
        return f"None of the {len(scored):,} answers has a probability above {SURE:g}, so none sounds sure.", numbers
    expected = float((1.0 - probability[sure]).mean())
    text = (
        f"{count:,} of {len(scored):,} answers sound sure (probability above {SURE:g}); {bad:,} of them are wrong, "
        f"{percent(bad / count)} (exact 95 % interval {percent(low)} to {percent(high)}). Taken at their word, "
        f"{percent(expected)} of them would be wrong."
    )
    return text, numbers


def _marked(view: View) -> NDArray[np.bool_]:
    """(k,) labels that must not be missed: those of the policy, and the positive label of a yes/no task."""
    scored = view.scored
    marked = np.array([label.strip().lower() in view.task.safety.never_miss for label in scored.labels], dtype=bool)
    if scored.positive is not None:
        marked[scored.positive] = True
    return marked


def _what(view: View) -> str:
    """What is said of the rows with a marked label."""
    scored = view.scored
    if view.task.safety.never_miss or scored.positive is None:
        return "have a label that must not be missed"
    return f"are {scored.labels[scored.positive]}, which the task looks for"


def _named(scored: Scored) -> NDArray[np.bool_]:
    """(n,) the true label is the one that is named; in a yes/no task that the frozen threshold says it."""
    if scored.positive is not None:
        found: NDArray[np.bool_] = flagged(scored) == scored.positives
        return found
    return np.asarray(answers(scored) == scored.truth)


def _never_miss(view: View) -> tuple[list[Block], dict[str, Any], list[Alarm]]:
    """Sensitivity for what must not be missed, with exact bounds, by label and in all."""
    scored = view.scored
    if not view.probabilities or not scored.labels:
        return [], {}, []
    marked = _marked(view)
    if not marked.any():
        return ["The task names no label that must not be missed."], {}, []
    due = (scored.truth >= 0) & marked[np.maximum(scored.truth, 0)]
    count = int(due.sum())
    if not count:
        names = ", ".join(np.array(scored.labels, dtype=object)[marked])
        return [f"No row has a label that must not be missed ({names}), so nothing is known of them."], {}, []
    named = _named(scored)
    hits = int(named[due].sum())
    low, high = clopper_pearson(hits, count)
    caught = named | _raised(view)
    if scored.abstained is not None:
        caught = caught | scored.abstained
    held = int(caught[due].sum())
    held_low, held_high = clopper_pearson(held, count)
    how = "the threshold that was frozen before raises them" if view.binary else "the model names them first"
    text = (
        f"{count:,} rows {_what(view)}. In {hits:,} of them {how}: {percent(hits / count)}, with exact "
        f"95 % bounds {percent(low)} to {percent(high)}. Counting also what a rule escalates or the model withholds, "
        f"{held:,} of {count:,} reach a person or are named: {percent(held / count)} ({percent(held_low)} to "
        f"{percent(held_high)}). The other {count - held:,} pass in silence."
    )
    numbers = {
        "never_miss_rows": count,
        "never_miss_sensitivity": hits / count,
        "never_miss_sensitivity_lower": low,
        "never_miss_sensitivity_upper": high,
        "never_miss_caught": held / count,
        "never_miss_caught_lower": held_low,
        "never_miss_caught_upper": held_high,
        "never_miss_silent": count - held,
    }
    rows = _by_label(scored, marked, named, caught)
    blocks: list[Block] = [text, _label_table(rows)]
    if len(rows) > 1:
        blocks.append(_label_figure(rows))
    alarms = []
    if view.task.safety.never_miss and high < LIMIT:
        message = (
            f"Of {count:,} rows with a label that must not be missed it names {percent(hits / count)} (at most {percent(high)} "
            f"with 95 % confidence; the limit is {percent(LIMIT, 0)}): do not use it to rule such a label out, and train on more "
            "of these rows or lower the threshold."
        )
        alarms.append(Alarm("missed_dangerous", message, "stop"))
    return blocks, numbers, alarms


def _by_label(
    scored: Scored, marked: NDArray[np.bool_], named: NDArray[np.bool_], caught: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    rows = []
    for place in np.flatnonzero(marked):
        own = scored.truth == place
        count, hits, held = int(own.sum()), int(named[own].sum()), int(caught[own].sum())
        bounds = clopper_pearson(hits, count) if count else (math.nan, math.nan)
        rows.append(
            {
                "label": scored.labels[place],
                "rows": count,
                "named": hits,
                "sensitivity": hits / count if count else math.nan,
                "interval": bounds,
                "caught": held / count if count else math.nan,
                "silent": count - held,
            }
        )
    return sorted(rows, key=lambda row: (row["rows"] == 0, row["interval"][0], row["label"]))


def _label_table(rows: Sequence[dict[str, Any]]) -> Table:
    columns = (
        Column("label", "Label"),
        Column("rows", "Rows", "count"),
        Column("named", "Named", "count"),
        Column("sensitivity", "Sensitivity", "percent"),
        Column("interval", "Exact 95 % interval", "percent_range"),
        Column("caught", "Named, escalated or withheld", "percent"),
        Column("silent", "Passed in silence", "count"),
    )
    note = (
        "Sensitivity is the share of the rows with that label in which that very label is named; the interval is that of "
        "Clopper and Pearson, which holds for few rows too."
    )
    return Table("never_miss", columns, rows[:MOST_LABELS], "What must not be missed", note, folded=len(rows) > 15)


def _label_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    shown = [
        {
            "name": f"{row['label']} (n = {row['rows']:,})",
            "value": row["sensitivity"],
            "interval": list(row["interval"]),
        }
        for row in rows[:MOST_LABELS]
        if row["rows"]
    ]
    data = {"rows": shown, "x_title": "share named", "level": LIMIT, "percent": True}
    caption = (
        "Share of the rows with each label that must not be missed in which it is named, with exact 95 % intervals, the least "
        f"certain first; the line is at {percent(LIMIT, 0)}."
    )
    return Figure("never_miss_figure", "bars", "Share named of what must not be missed", data, caption)


def _raised(view: View) -> NDArray[np.bool_]:
    """(n,) a rule sends the row to a person."""
    if view.predictions is None:
        return np.zeros(len(view.scored), dtype=bool)
    return np.fromiter((bool(flags) for flags in view.predictions.flags), dtype=bool, count=len(view.scored))


def _escalated(view: View) -> tuple[list[Block], dict[str, Any]]:
    """How many rows go to a person whatever the score, by rule."""
    if view.predictions is None:
        return ["Which rows a rule would escalate is not known: only scores were given."], {}
    scored, all_flags = view.scored, view.predictions.flags
    raised = _raised(view)
    numbers = {"escalated_rows": int(raised.sum()), "escalated_share": float(raised.mean())}
    if not raised.any():
        return [f"No rule escalates any of the {len(scored):,} rows."], numbers
    members: dict[str, set[int]] = {}
    for place, flags in enumerate(all_flags):
        for flag in flags:
            members.setdefault(flag.name, set()).add(place)
    marked = _marked(view) if view.probabilities and scored.labels else np.zeros(0, dtype=bool)
    due = (scored.truth >= 0) & marked[np.maximum(scored.truth, 0)] if marked.any() else None
    rows = [_rule_row(name, places, all_flags, due) for name, places in members.items()]
    rows.sort(key=lambda row: (-row["rows"], row["rule"]))
    columns = [Column("rule", "Rule"), Column("rows", "Rows", "count"), Column("share", "Of all rows", "percent")]
    for row in rows:
        row["share"] = row["rows"] / len(scored)
    text = f"Rules send {int(raised.sum()):,} of {len(scored):,} rows ({percent(float(raised.mean()))}) to a person whatever "
    text += "the score."
    if due is not None and due.any():
        columns += [
            Column("dangerous", "Of these, with such a label", "count"),
            Column("dangerous_share", "Share", "percent"),
        ]
        found = int(raised[due].sum())
        low, high = clopper_pearson(found, int(due.sum()))
        numbers |= {
            "red_flag_recall": found / int(due.sum()),
            "red_flag_recall_lower": low,
            "red_flag_recall_upper": high,
        }
        text += (
            f" Of the {int(due.sum()):,} rows that {_what(view)}, the rules alone raise {found:,} "
            f"({percent(found / int(due.sum()))}, exact 95 % interval {percent(low)} to {percent(high)})."
        )
    columns.append(Column("message", "What it says"))
    table = Table(
        "rules", tuple(columns), rows, "Escalated by rule", "One row may be raised by several rules.", folded=True
    )
    return [text, table], numbers


def _rule_row(
    name: str, places: set[int], flags: Sequence[Sequence[Flag]], due: NDArray[np.bool_] | None
) -> dict[str, Any]:
    said = {flag.message for place in places for flag in flags[place] if flag.name == name}
    message = said.pop() if len(said) == 1 else ""  # a message that differs from row to row may quote the record
    dangerous = None if due is None else int(due[sorted(places)].sum())
    share = None if dangerous is None else dangerous / len(places)
    return {"rule": name, "rows": len(places), "dangerous": dangerous, "dangerous_share": share, "message": message}


def _worst(view: View) -> list[Block]:
    """The surest wrong answers (the largest errors of a number) with their records."""
    scored = view.scored
    if scored.scores.ndim == 1:
        size = np.abs(scored.scores - scored.truth)
        worst = np.argsort(-size, kind="stable")[:MOST_SHOWN]
        title, columns = (
            "The largest errors",
            [Column("said", "It said", "number"), Column("truth", "It was", "number")],
        )
        figures: list[dict[str, Any]] = [
            {"said": float(scored.scores[i]), "truth": float(scored.truth[i])} for i in worst
        ]
    else:
        names = _names(scored)
        probability = np.nan_to_num(scored.scores)
        likeliest = probability.argmax(axis=1)
        sure = probability.max(axis=1)
        wrong = np.flatnonzero(likeliest != scored.truth)
        worst = wrong[np.argsort(-sure[wrong], kind="stable")][:MOST_SHOWN]
        title = "The surest wrong answers"
        columns = [Column("said", "It said"), Column("sure", "How sure", "percent"), Column("truth", "It was")]
        figures = [
            {
                "said": names[likeliest[i]],
                "sure": float(sure[i]),
                "truth": names[scored.truth[i]] if scored.truth[i] >= 0 else "a label that the run never saw",
            }
            for i in worst
        ]
    if not len(worst):
        return ["No answer is wrong."]
    shown = [
        {"row": _row_name(scored.rows.index[i]), **figure, "record": _record(view, int(i))}
        for i, figure in zip(worst, figures, strict=True)
    ]
    note = f"At most {MOST_SHOWN} rows; texts are cut after {MOST_LETTERS} letters. Row is the number in the source, from 0."
    table = Table(
        "worst",
        (Column("row", "Row"), *columns, Column("record", "What the record says")),
        shown,
        title,
        note,
        folded=True,
        contents=True,
    )
    return [KEEP, table]


def _row_name(index: Any) -> str:
    return str(index)


def _record(view: View, place: int) -> str:
    """What the model read of one row, in words."""
    row = view.scored.rows.iloc[place]
    parts = []
    for field in view.schema.fields:
        value = row.get(field.name)
        if value is None or (not isinstance(value, str) and pd.isna(value)) or value == "":
            continue
        words = f"{value:g}" if isinstance(value, int | float | np.number) else str(value)
        if len(words) > MOST_LETTERS:
            words = words[: MOST_LETTERS - 1] + "…"
        plain = field.kind == "number" and field.unit not in ("", "a", "mo", "1") and "{" not in field.unit
        unit = f" {field.unit}" if plain else ""
        parts.append(f"{field.words}: {words}{unit}")
    return "; ".join(parts) or "nothing"
