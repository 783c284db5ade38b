"""Does a name or a pronoun change the answer? The same records of another person: name, sex, age, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...core.pages import Alarm, Block, Column, NotComputed, Section, Table
from ...core.task import Field
from ..probes import people
from ..probes.sample import (
    Effect,
    Said,
    Sample,
    Version,
    ask,
    beyond,
    changed_rows,
    drawn,
    effect,
    every,
    read_fields,
    with_column,
    with_texts,
)
from ..view import View
from ..words import percent
from . import TITLES

__all__ = ["section"]

TURNS = 0.05
"""Page one names a swap that turns more than this share of the answers beyond chance."""
TEXT_ROWS, TABLE_ROWS = 100, 250
_SEX = ("sex", "gender", "性别")
_PERSONAL = frozenset({
    *_SEX, "age", "race", "ethnicity", "ethnic", "nationality", "foreign", "marital", "marriage", "religion", "language",
    "dialect", "disability", "caste", "skin", "native", "orientation", "veteran", "pregnant", "pregnancy",
})  # fmt: skip
"""Words in the name of a field that speaks of a person's traits."""
_AGE = ("age", "age_band", "age_group", "age_years", "年龄")


@dataclass(frozen=True)
class _Swap:
    key: str
    title: str
    version: Version
    judged: bool
    """The swap has no place in the question, so that it must not turn answers."""
    against: Version | None = None
    """Records to compare with instead of those as they are."""


def section(view: View) -> Section:
    """Ask about each record as if it were of somebody else, as far as the model can read that.

    Raises:
        NotComputed: there is no run to ask, no rows, or nothing that could be swapped.
    """
    view.need_run()
    sample = drawn(view, TEXT_ROWS if read_fields(view, "text") else TABLE_ROWS)
    swaps = [*_in_texts(view, sample), *_names(view, sample), *_in_fields(view, sample)]
    if not swaps:
        raise NotComputed(
            "There is nothing to swap: the model reads no text, and no field that speaks of sex, age or another trait of a person."
        )
    versions = {one.key: one.version for one in swaps}
    versions |= {f"{one.key} before": one.against for one in swaps if one.against is not None}
    said = ask(view, sample, versions)
    effects = {one.key: effect(view, sample, _between(said, one)) for one in swaps}
    judged = sum(one.judged for one in swaps)
    blocks: list[Block] = [_opening(view, swaps), _table(view, swaps, effects)]
    return Section(
        "counterfactual", TITLES["counterfactual"], blocks, _numbers(swaps, effects), _alarms(swaps, effects, judged)
    )


def _between(said: dict[str, Said], swap: _Swap) -> Said:
    """After the swap beside before it; where names were put in, beside the record with the first name."""
    after = said[swap.key]
    if swap.against is None:
        return after
    return Said(after.after, said[f"{swap.key} before"].after, after.source)


def _declared(view: View, names: Sequence[str]) -> bool:
    """The task itself names such a field as one to go by."""
    return any(f.name.lower() in names and not f.protected for f in view.task.fields)


def _in_texts(view: View, sample: Sample) -> list[_Swap]:
    """Words of sex, origin of names and wording of age, in the rows that hold any."""
    if not read_fields(view, "text"):
        return []
    ways: tuple[tuple[str, str, Callable[[str], str], bool], ...] = (
        (
            "sex_words",
            "pronouns, titles, words of sex and names of the other sex",
            people.other_sex,
            not _declared(view, _SEX),
        ),
        ("name_origin", "given names of another origin", people.other_origin, True),
        ("age_words", "an age thirty years apart, in words", people.other_age, False),
    )
    found = [
        _Swap(key, title, changed_rows(view, sample, with_texts(view, sample.records, way)), judged)
        for key, title, way, judged in ways
    ]
    return [one for one in found if len(one.version.source)]


def _names(view: View, sample: Sample) -> list[_Swap]:
    """A name before the text: the same record with one name, one of the other sex, and one of another origin."""
    texts = read_fields(view, "text")
    if not texts:
        return []
    field = max(texts, key=lambda one: int(sample.records[one.name].notna().sum()))
    cells = [
        people.named(cell if isinstance(cell, str) else "", row) for row, cell in enumerate(sample.records[field.name])
    ]
    first, other, foreign = (
        every(sample, with_column(sample.records, field.name, [names[way] for names in cells])) for way in range(3)
    )
    return [
        _Swap(
            "put_name_sex", "a given name before the text, of the other sex", other, not _declared(view, _SEX), first
        ),
        _Swap("put_name_origin", "a given name before the text, of another origin", foreign, True, first),
    ]


def _in_fields(view: View, sample: Sample) -> list[_Swap]:
    """Fields that speak of a person, with another value: the other sex, another of the known values, another age."""
    declared = {f.name for f in view.task.fields if not f.protected}
    found = []
    for field in read_fields(view, "category", "number"):
        if not (field.protected or _PERSONAL & set(re.split(r"[^a-z性别年龄]+", field.name.lower()))):
            continue
        values = _another(view, field, sample)
        if values is None:
            continue
        version = changed_rows(view, sample, with_column(sample.records, field.name, values))
        if len(version.source):
            title = f"{field.words} thirty years apart" if field.kind == "number" else f"another {field.words}"
            found.append(
                _Swap(f"field_{field.name}", title, version, field.name not in declared and field.kind != "number")
            )
    return found


def _another(view: View, field: Field, sample: Sample) -> list[Any] | None:
    column = sample.records[field.name]
    if field.kind == "number":
        if field.name.lower() not in _AGE:
            return None
        return [
            v + people.AGE_STEP if v < people.GROWN_UP else v - people.AGE_STEP for v in column.to_numpy(np.float64)
        ]
    rows = view.scored.rows if view.prepared is None else view.prepared.train
    known = sorted(set(rows[field.name].dropna().astype(str))) if field.name in rows.columns else []
    random = np.random.default_rng((view.seed, 2))

    def other(cell: Any) -> Any:
        if not isinstance(cell, str) or cell is None or pd.isna(cell):
            return cell
        opposite = people.opposite_sex(cell)
        if opposite is not None:
            return opposite
        rest = [value for value in known if value != cell]
        return rest[int(random.integers(len(rest)))] if rest else cell

    return [other(cell) for cell in column]


def _opening(view: View, swaps: Sequence[_Swap]) -> str:
    free = [one.title for one in swaps if not one.judged]
    said = (
        "The same records were asked about as if they were of somebody else, with one thing swapped and nothing else changed. A swap "
        f"that has no place in the question is named on page one when it turns more than {percent(TURNS, 0)} of the answers beyond "
        "chance."
    )
    if any(one.against is not None for one in swaps):
        said += (
            " Where names are put before the text, a record with one name is compared with the same record with another name, so that "
            "the name alone can make a difference."
        )
    if free:
        said += (
            f" Not judged, because age, or a field that the task itself goes by, may well matter to the answer: {'; '.join(free)}. "
            "Whether such a difference is right is for a person of the field to say."
        )
    return said


def _table(view: View, swaps: Sequence[_Swap], effects: dict[str, Effect]) -> Table:
    rows = []
    for one in swaps:
        e = effects[one.key]
        rows.append({
            "title": one.title[:1].upper() + one.title[1:], "rows": e.rows, "moved": e.moved, "turned": e.turned,
            "interval": (e.low, e.high), "judged": "yes" if one.judged else "no",
        })  # fmt: skip
    columns = (
        Column("title", "What was swapped"),
        Column("rows", "Rows", "count"),
        Column(
            "moved", "Probability moves by" if view.probabilities else "Value moves by (standard deviations)", "number"
        ),
        Column("turned", "Answer turns", "percent"),
        Column("interval", "95 % interval", "percent_range"),
        Column("judged", "Judged"),
    )
    return Table("swaps", columns, rows, "The same record of somebody else")


def _numbers(swaps: Sequence[_Swap], effects: dict[str, Effect]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for one in swaps:
        e = effects[one.key]
        numbers |= {
            f"flip_rate_{one.key}": e.turned, f"flip_rate_{one.key}_lower": e.low, f"flip_rate_{one.key}_upper": e.high,
        }  # fmt: skip
    judged = [effects[one.key].turned for one in swaps if one.judged and effects[one.key].rows]
    if judged:
        numbers["flip_rate_swaps"] = max(judged)
    return numbers


def _alarms(swaps: Sequence[_Swap], effects: dict[str, Effect], tests: int) -> list[Alarm]:
    found = [(one, effects[one.key]) for one in swaps if one.judged and beyond(effects[one.key], TURNS, tests)]
    if not found:
        return []
    said = "; ".join(
        f"{one.title}: {percent(e.turned)} of {e.rows} answers turn (95 % interval {percent(e.low)} to {percent(e.high)})"
        for one, e in sorted(found, key=lambda pair: -pair[1].low)
    )
    return [
        Alarm(
            "name_changes_answer",
            f"Who somebody is changes the answer to the same record: {said}. Take names and words of sex out before records reach it, or "
            "find out why they have a place in this question.",
        )
    ]
