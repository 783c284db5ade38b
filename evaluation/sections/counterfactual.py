"""Does a name or a pronoun change the answer? The same records with the words of sex and given names swapped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...core.pages import Alarm, Column, NotComputed, Section, Table
from ..intervals import wilson
from ..probes.ask import ask, before
from ..probes.words import swapped
from ..view import View
from ..words import percent
from . import TITLES

__all__ = ["section"]

MOST_ROWS = 200
TURNS = 0.05
"""Answers that turn in more than this share, when even the lower end is above it, are an alarm."""
_PAIRS = {
    "male": "female",
    "female": "male",
    "m": "f",
    "f": "m",
    "man": "woman",
    "woman": "man",
    "男": "女",
    "女": "男",
}


def _opposite(cell: Any) -> Any:
    """The other sex, in the same capitals; what is no sex stays."""
    if not isinstance(cell, str) or cell.strip().lower() not in _PAIRS:
        return cell
    other = _PAIRS[cell.strip().lower()]
    return other.upper() if cell.isupper() else other.capitalize() if cell[:1].isupper() else other


def _versions(records: pd.DataFrame, view: View) -> dict[str, tuple[str, pd.DataFrame]]:
    """Name -> (title, changed records); only what changes something."""
    found = {}
    texts = [f.name for f in view.schema.of_kind("text") if f.name in records.columns]
    if texts:
        made = records.copy(deep=False)
        for name in texts:
            cells = [swapped(c) if isinstance(c, str) else c for c in records[name].astype(object)]
            made[name] = pd.Series(cells, index=records.index, dtype=object)
        found["words"] = ("Pronouns, titles, words of sex and given names in the text", made)
    for one in view.schema.of_kind("category"):
        if (
            one.name in records.columns
            and records[one.name].dropna().map(lambda c: str(c).strip().lower() in _PAIRS).mean() > 0.5
        ):
            cells = [_opposite(c) for c in records[one.name].astype(object)]
            found[one.name] = (
                f"The other {one.words}",
                records.assign(**{one.name: pd.Series(cells, index=records.index, dtype=object)}),
            )
    return found  # fmt: skip


def section(view: View) -> Section:
    """Ask about each record with the other sex and another name, as far as the model reads them.

    Only rows in which something could be swapped are counted.

    Raises:
        NotComputed: there is no run to ask, or no record holds a word that could be swapped.
    """
    view.need_run()
    if not view.probabilities or not len(view.scored):
        raise NotComputed("There are no rows with probabilities.")
    first = before(view, MOST_ROWS)
    versions = _versions(first.records, view)
    changed = {
        name: np.array([a != b for a, b in zip(_keys(made, view), _keys(first.records, view), strict=True)])
        for name, (_, made) in versions.items()
    }
    versions = {name: pair for name, pair in versions.items() if changed[name].any()}
    if not versions:
        raise NotComputed(
            "The model reads no field of sex, and no text here holds a pronoun, a title or a known given name."
        )
    answers = ask(view, {name: made for name, (_, made) in versions.items()})
    rows: list[dict[str, Any]] = []
    numbers: dict[str, float] = {}
    alarms: list[Alarm] = []
    for name, (title, _) in versions.items():
        there = changed[name]
        turned = (answers[name].prediction != first.answers.prediction)[there]
        moved = np.abs(first.level - first.level_of(answers[name]))[there]
        n, share = int(there.sum()), float(turned.mean())
        low, high = wilson(float(turned.sum()), n)
        rows.append({"title": title, "n": n, "moved": float(moved.mean()), "turned": share, "interval": (low, high)})
        key = "name_flip_rate" if name == "words" else f"flip_rate_other_{name}"
        numbers |= {key: share, f"{key}_upper": high}
        if low > TURNS:
            alarms.append(
                Alarm(
                    "name_changes_answer",
                    f"{title}: swapped, they turn {percent(share)} of {n} answers (95 % interval {percent(low)} to {percent(high)}), and "
                    "nothing else was changed. Find out whether sex has a place in this question; if not, leave it out and tune anew.",
                )
            )
    columns = (
        Column("title", "What was swapped"), Column("n", "Rows", "count"), Column("moved", "Probability moves by", "number"),
        Column("turned", "Answer turns", "percent"), Column("interval", "95 % interval", "percent_range"),
    )  # fmt: skip
    note = (
        f"An alarm rings when the lower end of the interval is above {percent(TURNS, 0)}. "
        "Where sex matters to the question, as often in medicine, a change may be right."
    )
    return Section(
        "counterfactual", TITLES["counterfactual"], (Table("swaps", columns, rows, note=note),), numbers, alarms
    )


def _keys(frame: pd.DataFrame, view: View) -> list[tuple[str, ...]]:
    names = [f.name for f in view.schema.of_kind("text", "category") if f.name in frame.columns]
    return [tuple(map(str, row)) for row in frame[names].itertuples(index=False, name=None)]
