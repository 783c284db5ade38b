"""Whose answers change between runs on the same rows, and who is right; and what a run beside others is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.pages import Block, Column, Section, Table
from ..core.task import Scored
from .compare_rows import Head
from .metrics.paired import discordant, holm, mcnemar
from .metrics.standard import answers, flagged

__all__ = ["Side", "changed_section", "said"]

MOST_ROWS = 200
"""Changed answers that are listed for each run; all are counted."""


@dataclass(frozen=True)
class Side:
    """One run on the common rows."""

    head: Head
    scored: Scored
    """Labels in the order of the first run."""
    seconds: float
    """Time of scoring the rows."""

    @property
    def name(self) -> str:
        """The run's short name."""
        return self.head.name


def said(scored: Scored) -> NDArray[Any]:
    """(n,) index of the answer: by the frozen threshold (else 0.5) where one label is looked for; (n,) values of a
    regression."""
    if scored.scores.ndim == 1:
        return scored.scores
    if scored.positive is not None and len(scored.labels) == 2:
        return np.where(flagged(scored), scored.positive, 1 - scored.positive)
    return answers(scored)


def changed_section(sides: Sequence[Side], group: str | None) -> Section:
    """McNemar's test for each run against the first, and the rows whose answers differ."""
    first = sides[0].scored
    if first.scores.ndim == 1:
        return _moved_values(sides)
    ours = said(first)
    counts: list[dict[str, Any]] = []
    blocks: list[Block] = []
    numbers: dict[str, float] = {}
    for k, side in enumerate(sides[1:], start=2):
        theirs = said(side.scored)
        good, other = ours == first.truth, theirs == first.truth
        only_first, only_other = discordant(good, other)
        differ = np.flatnonzero(ours != theirs)
        counts.append(
            {"run": side.name, "differ": len(differ), "share": len(differ) / max(len(first), 1)}
            | {"both": int((good & other).sum()), "first": only_first, "other": only_other}
            | {"neither": int((~good & ~other).sum()), "p": mcnemar(only_first, only_other)}
        )
        numbers |= {f"changed_{k}": len(differ), f"only_right_1_against_{k}": only_first, f"only_right_{k}": only_other}
        blocks.append(_changed_rows(sides[0], side, ours, theirs, differ, k))
    for k, (line, p) in enumerate(zip(counts, holm([line["p"] for line in counts]), strict=True), start=2):
        line["adjusted"] = numbers[f"mcnemar_p_{k}"] = float(p)
    note = (
        f"McNemar's exact test asks whether {sides[0].name} alone and the other run alone were right equally often; p is the "
        "chance of so uneven a split between equally good runs."
    )
    if group is not None:
        note += f" It takes rows as independent; rows of one {group} are not quite, so read a small p with care."
    columns = (
        Column("run", "Run"),
        Column("differ", "Answers that differ", "count"),
        Column("share", "of the rows", "percent"),
        Column("both", "Both right", "count"),
        Column("first", f"Only {sides[0].name} right", "count"),
        Column("other", "Only the run right", "count"),
        Column("neither", "Neither right", "count"),
        Column("p", "McNemar's p", "number"),
        Column("adjusted", "p after Holm", "number"),
    )
    return Section("changed", "Whose answers change?", [Table("answers", columns, counts, "", note), *blocks], numbers)


def _changed_rows(
    first: Side, side: Side, ours: NDArray[Any], theirs: NDArray[Any], differ: NDArray[Any], k: int
) -> Table:
    """The rows with another answer, the greatest change of probability first."""
    probability = [_probability(one.scored, answer) for one, answer in ((first, ours), (side, theirs))]
    move = np.abs(probability[0] - probability[1])[differ]
    chosen = differ[np.argsort(-move, kind="stable")][:MOST_ROWS]
    truth = first.scored.truth
    lines = []
    for i in chosen:
        good, other = ours[i] == truth[i], theirs[i] == truth[i]
        lines.append(
            {"row": str(first.scored.rows.index[i]), "truth": _label(first.scored, truth[i])}
            | {"first": _answer(first, ours, i), "other": _answer(side, theirs, i)}
            | {"p_first": float(probability[0][i]), "p_other": float(probability[1][i])}
            | {"right": first.name if good else side.name if other else "neither"}
        )
    known = first.scored.positive
    about = f"of {first.scored.labels[known]}" if known is not None else "of its answer"
    columns = (
        Column("row", "Row"),
        Column("truth", "Truth"),
        Column("first", first.name),
        Column("p_first", f"Probability {about}", "percent"),
        Column("other", side.name),
        Column("p_other", f"Probability {about}", "percent"),
        Column("right", "Who is right"),
    )
    note = f"{len(chosen):,} of {len(differ):,} rows, the greatest change of probability first." if len(differ) else ""
    return Table(f"changed_{k}", columns, lines, f"Answers of {side.name} that differ", note, folded=len(lines) > 20)


def _probability(scored: Scored, answer: NDArray[Any]) -> NDArray[np.float64]:
    if scored.positive is not None:
        return scored.risk
    found: NDArray[np.float64] = scored.scores[np.arange(len(scored)), answer]
    return found


def _label(scored: Scored, place: Any) -> str:
    if place < 0:
        return "a label that the runs do not know"
    return scored.labels[int(place)] if scored.labels else f"candidate {int(place)}"


def _answer(side: Side, answer: NDArray[Any], i: Any) -> str:
    held = side.scored.abstained is not None and bool(side.scored.abstained[i])
    return _label(side.scored, answer[i]) + (" (withheld)" if held else "")


def _moved_values(sides: Sequence[Side]) -> Section:
    """A regression has no answers that flip; the values that moved furthest are listed."""
    first, numbers = sides[0], dict[str, float]()
    blocks: list[Block] = []
    for k, side in enumerate(sides[1:], start=2):
        ours, theirs, truth = first.scored.scores, side.scored.scores, first.scored.truth
        nearer = np.abs(theirs - truth) < np.abs(ours - truth)
        numbers[f"nearer_{k}"] = float(nearer.mean()) if len(nearer) else math.nan
        lines = [
            {"row": str(first.scored.rows.index[i]), "truth": float(truth[i]), "first": float(ours[i])}
            | {"other": float(theirs[i]), "right": side.name if nearer[i] else first.name}
            for i in np.argsort(-np.abs(ours - theirs), kind="stable")[:MOST_ROWS]
        ]
        columns = (
            Column("row", "Row"),
            Column("truth", "Truth", "number"),
            Column("first", first.name, "number"),
            Column("other", side.name, "number"),
            Column("right", "Who is nearer"),
        )
        note = f"{side.name} is nearer to the truth in {100 * numbers[f'nearer_{k}']:.1f} % of the rows."
        blocks.append(Table(f"changed_{k}", columns, lines, f"Values of {side.name} that moved furthest", note, True))
    return Section("changed", "Whose answers change?", blocks, numbers)
