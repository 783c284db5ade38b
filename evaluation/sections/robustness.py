"""Does it stand small changes? Slips that should change nothing, denials that should, missing fields, slips of unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.influence import clauses_of
from ...core.pages import Alarm, Block, Column, NotComputed, Section, Table
from ..intervals import wilson
from ..probes import words
from ..probes.ask import Answers, Before, ask, before
from ..view import View
from ..words import percent
from . import TITLES

__all__ = ["section"]

MOST_ROWS, MOST_CLAUSE_ROWS, MOST_CLAUSES, MOST_FIELDS = 120, 100, 6, 16
MOST_ASKED, FEWEST_ROWS = 2000, 40
"""Records asked about one change each, all changes together; wide tables get fewer rows a change."""
BRITTLE = 0.10
"""Harmless changes that turn more than this share of the answers are an alarm, when even the lower end is above it."""
MOVES, RESPONDS = 0.1, 0.25
"""A clause is decisive when taking it away moves the answer's probability by the first; denying it must move it by the second
part of that."""
FEWEST_DECISIVE = 20

Text = Callable[[str, np.random.Generator], str]
HARMLESS: tuple[tuple[str, str, Text], ...] = (
    ("typos", "A slip in a tenth of the words", words.typos),
    ("upper_case", "All in capitals", lambda text, random: text.upper()),
    ("lower_case", "All in small letters", lambda text, random: text.lower()),
    ("irrelevant", "A sentence that has nothing to do with the case", words.irrelevant),
    ("order", "Sentences in another order", words.reordered),
)


def section(view: View) -> Section:
    """Ask the model about changed records and set its answers beside those before.

    Raises:
        NotComputed: there is no run to ask, no rows, or no field that can be changed.
    """
    view.need_run()
    if not len(view.scored):
        raise NotComputed("There are no rows.")
    first = before(view, MOST_ROWS)
    versions = _texts(view, first) | _numbers(view, first)
    first = before(view, min(MOST_ROWS, max(FEWEST_ROWS, MOST_ASKED // max(1, len(versions)))))
    if not versions:
        raise NotComputed("The records have neither text nor numbers to change.")
    random = np.random.default_rng(view.seed)
    answers = ask(view, {name: make(first.records, random) for name, (_, make) in versions.items()})
    rows = [_line(view, first, name, versions[name][0], answers[name]) for name in versions]
    blocks: list[Block] = [
        f"{len(first.index):,} rows were drawn and asked about anew with one thing changed. Slips, capitals, a beside-the-point sentence "
        "and another order should not change an answer; a hidden field or a slip of unit may, and shows how much hangs on it.",
        _table(rows),
    ]
    numbers: dict[str, Any] = {}
    for row in rows:
        numbers |= {f"flip_rate_{row['name']}": row["flips"], f"flip_rate_{row['name']}_upper": row["interval"][1]}
    alarms = _brittle(rows)
    directions = _directions(view, first)
    if directions is not None:
        blocks.append(directions)
    turned = _negation(view)
    if turned is not None:
        words_of, figures, alarm = turned
        blocks.append(words_of)
        numbers |= figures
        alarms += alarm
    return Section("robustness", TITLES["robustness"], tuple(blocks), numbers, alarms)


Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]
Versions = dict[str, tuple[str, Change]]


def _changed(frame: pd.DataFrame, name: str, make: Callable[[Any], Any]) -> pd.DataFrame:
    cells = [make(cell) if isinstance(cell, str) and cell else cell for cell in frame[name].astype(object)]
    return frame.assign(**{name: pd.Series(cells, index=frame.index, dtype=object)})


def _reworded(names: list[str], change: Text) -> Change:
    """Change every text field."""

    def make(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
        for name in names:
            frame = _changed(frame, name, lambda text: change(text, random))
        return frame

    return make


def _hidden(name: str, number: bool) -> Change:
    """Leave a field out."""

    def make(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
        missing = pd.Series(
            [np.nan if number else None] * len(frame), index=frame.index, dtype=float if number else object
        )
        return frame.assign(**{name: missing})

    return make


def _scaled(names: list[str], factor: float, noise: float = 0.0) -> Change:
    """Multiply numbers, with noise where it is asked for."""

    def make(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
        times = {name: factor + noise * random.normal(size=len(frame)) for name in names}
        return frame.assign(**{name: frame[name] * times[name] for name in names})

    return make


def _texts(view: View, first: Before) -> Versions:
    names = [f.name for f in view.schema.of_kind("text") if f.name in first.records.columns]
    return {key: (title, _reworded(names, change)) for key, title, change in HARMLESS} if names else {}


def _numbers(view: View, first: Before) -> Versions:
    """Each field hidden; all numbers with noise; each number ten times too large."""
    read = [f for f in view.schema.fields if f.name in first.records.columns and f.kind != "time"][:MOST_FIELDS]
    numeric = [f.name for f in read if f.kind == "number"]
    found: Versions = {}
    if numeric:
        found["noise"] = ("One per cent of noise on every number", _scaled(numeric, 1.0, 0.01))
    for one in read:
        if len(read) > 1:
            found[f"without_{one.name}"] = (f"Without {one.words}", _hidden(one.name, one.kind == "number"))
        if one.kind == "number":
            title = f"{one.words.capitalize()} ten times too large, as by a wrong unit"
            found[f"tenfold_{one.name}"] = (title, _scaled([one.name], 10.0))
    return found


def _line(view: View, first: Before, name: str, title: str, answers: Answers) -> dict[str, Any]:
    n = len(first.index)
    if first.answers.scores.ndim == 1:  # a value: it turns when it moves by more than a tenth of the spread
        spread = float(np.std(first.scored.truth)) or 1.0
        turned = np.abs(answers.scores - first.answers.scores) > 0.1 * spread
    else:
        turned = np.asarray(answers.prediction != first.answers.prediction, dtype=bool)
    metric = view.task.headline
    sign = 1 if metric.higher_is_better else -1
    drop = sign * (metric.function(first.scored) - metric.function(first.rescored(answers)))
    return {
        "name": name, "title": title, "n": n, "moved": float(np.abs(first.level - first.level_of(answers)).mean()),
        "flips": float(turned.mean()), "interval": wilson(float(turned.sum()), n), "drop": drop,
    }  # fmt: skip


def _table(rows: list[dict[str, Any]]) -> Table:
    columns = (
        Column("title", "Change"), Column("n", "Rows", "count"), Column("moved", "Probability moves by", "number"),
        Column("flips", "Answer turns", "percent"), Column("interval", "95 % interval", "percent_range"),
        Column("drop", "Headline falls by", "signed"),
    )  # fmt: skip
    return Table("changes", columns, rows, "What each change does", folded=len(rows) > 14)


def _brittle(rows: list[dict[str, Any]]) -> list[Alarm]:
    harmless = {name for name, _, _ in HARMLESS} | {"noise"}
    worst = max((r for r in rows if r["name"] in harmless), key=lambda r: r["interval"][0], default=None)
    if worst is None or worst["interval"][0] <= BRITTLE:
        return []
    return [
        Alarm(
            "brittle",
            f"A change that means nothing turns {percent(worst['flips'])} of the answers ({worst['title'].lower()}; 95 % interval "
            f"{percent(worst['interval'][0])} to {percent(worst['interval'][1])}): tune with more varied records before relying on it.",
        )
    ]


def _directions(view: View, first: Before) -> Table | None:
    """Whether more of a number raises or lowers the risk, and how often the same way."""
    if not view.binary:
        return None
    names = [f for f in view.schema.of_kind("number") if f.name in first.records.columns][:MOST_FIELDS]
    if not names:
        return None
    versions = {f.name: first.records.assign(**{f.name: first.records[f.name] * 1.1}) for f in names}
    answers, p = ask(view, versions), view.scored.positive or 0
    rows = []
    for one in names:
        there = first.records[one.name].notna().to_numpy() & (first.records[one.name] != 0).to_numpy()
        change = (answers[one.name].scores[:, p] - first.answers.scores[:, p])[there]
        if len(change):
            up, down = float((change > 1e-6).mean()), float((change < -1e-6).mean())
            rows.append({"field": one.words, "n": len(change), "up": up, "down": down, "moved": float(change.mean())})
    columns = (
        Column("field", "Field"), Column("n", "Rows", "count"), Column("up", "Risk rises", "percent"),
        Column("down", "Risk falls", "percent"), Column("moved", "Mean change", "signed"),
    )  # fmt: skip
    note = "Whether a direction is right is for a person of the field to say; one that changes from row to row deserves a look."
    return Table("directions", columns, rows, "A tenth more of a number", note, folded=len(rows) > 10)


def _negation(view: View) -> tuple[str, dict[str, float], list[Alarm]] | None:
    """Deny the statement that decides, and see whether the answer listens."""
    texts = [f.name for f in view.schema.of_kind("text") if f.name in view.scored.rows.columns]
    if not texts or view.task.kind != "classification":
        return None
    first = before(view, MOST_CLAUSE_ROWS)
    without, denied, of_row = _versions(first, texts)
    if not of_row:
        return None
    answers = ask(view, {"without": pd.DataFrame(without), "denied": pd.DataFrame(denied)})
    level, row = first.level, np.array(of_row)
    answer = np.nan_to_num(first.answers.scores).argmax(axis=1)[row]
    lost, turned = (
        level[row] - np.nan_to_num(answers[name].scores)[np.arange(len(row)), answer] for name in ("without", "denied")
    )
    decisive = _strongest(lost, row)
    listens = turned[decisive] >= RESPONDS * lost[decisive]
    n = len(decisive)
    if n < FEWEST_DECISIVE:
        return (
            f"Whether it understands a denial could not be told: in {n} of {len(first.index)} rows one statement decides, and at least "
            f"{FEWEST_DECISIVE} are needed.",
            {},
            [],
        )
    share, (low, high) = float(listens.mean()), wilson(float(listens.sum()), n)
    said = (
        f"In {n} rows one statement decides: without it the probability of the answer falls by at least {MOVES:g}. Denied (“has no …”) it "
        f"moved the answer in {percent(share)} of them (95 % interval {percent(low)} to {percent(high)})."
    )
    alarms = []
    if high < 0.5:
        alarms.append(
            Alarm(
                "ignores_negation",
                f"It does not notice a denial: only in {percent(share)} of {n} rows does denying the deciding statement move the answer "
                f"(95 % interval {percent(low)} to {percent(high)}). “No chest pain” may be read as chest pain: do not rely on free text.",
                "stop",
            )
        )
    return said, {"negation_response": share, "negation_response_lower": low, "negation_response_upper": high}, alarms


def _versions(first: Before, texts: list[str]) -> tuple[list[dict[Any, Any]], list[dict[Any, Any]], list[int]]:
    """For each statement of each row: the record without it, the record with it denied, and the row."""
    without: list[dict[Any, Any]] = []
    denied: list[dict[Any, Any]] = []
    of_row: list[int] = []
    for i, record in enumerate(first.records.to_dict("records")):
        for name in texts:
            clauses = clauses_of(record[name]) if isinstance(record[name], str) else []
            for at, clause in enumerate(clauses[:MOST_CLAUSES]):
                if not words.affirmative(clause):
                    continue
                rest = " ".join(clauses[:at] + clauses[at + 1 :])
                contrary = " ".join([*clauses[:at], words.negated(clause), *clauses[at + 1 :]])
                without.append({**record, name: rest or None})
                denied.append({**record, name: contrary})
                of_row.append(i)
    return without, denied, of_row


def _strongest(lost: NDArray[np.float64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each row the statement whose loss weighs most, where that is enough to decide."""
    order = np.lexsort((-lost, row))
    _, at = np.unique(row[order], return_index=True)
    best = order[at]
    found: NDArray[np.int64] = best[lost[best] >= MOVES]
    return found
