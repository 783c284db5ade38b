"""Does it stand small changes? Slips that should change nothing, denials that should, lost values, slips of unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.pages import Alarm, Block, Column, Figure, NotComputed, Section, Table
from ...core.task import Field
from ..probes import changes
from ..probes.denial import DECIDES, FEWEST, LISTENS, Heard, heard
from ..probes.sample import Effect, Said, Sample, Version, ask, beyond, drawn, effect, level, read_fields
from ..view import View
from ..words import inside, percent
from . import TITLES

__all__ = ["section"]

BRITTLE = 0.10
"""Page one names a harmless change that turns more than this share of the answers beyond chance."""
DEAF, STONE_DEAF = 0.5, 0.25
"""Page one names a model that proves to listen to a denial in less than the first share of the rows, and says stop where it is
less than the second."""
TEXT_ROWS, TABLE_ROWS = 80, 200
"""Rows asked for each change: fewer where texts make a row dear."""


def section(view: View) -> Section:
    """Ask the model about changed records and set its answers beside those before.

    Raises:
        NotComputed: there is no run to ask, no rows, or no field that can be changed.
    """
    view.need_run()
    texts = bool(read_fields(view, "text"))
    sample = drawn(view, TEXT_ROWS if texts else TABLE_ROWS)
    harmless, told = changes.harmless(view, sample), changes.told(view, sample) if texts else []
    rows, most = (25, 10) if texts else (80, 20)
    hidden = changes.hidden(view, sample, rows, most)
    slipped = changes.slipped(view, sample)
    ways = changes.directions(view, sample, rows, most if not texts else 8) if _has_direction(view) else {}
    versions: dict[str, Version] = {f"same {one.key}": one.version for one in (*harmless, *told)}
    versions |= {f"hidden {one.key}": one.version for one in hidden}
    versions |= {f"slip {one.change.key}": one.change.version for one in slipped}
    versions |= {f"way {key}": version for key, (_, version) in ways.items()}
    if not versions:
        raise NotComputed("The model reads nothing in these records that could be changed a little.")
    said = ask(view, sample, versions)
    effects = {name: effect(view, sample, said.get(name)) for name in versions}
    blocks: list[Block] = [_opening(view, sample)]
    if harmless:
        blocks += _harmless_blocks(view, harmless, effects)
    listened = heard(view)
    if told or listened is not None:
        blocks += _denial_blocks(view, told, effects, listened)
    if hidden:
        blocks.append(_hidden_table(view, hidden, effects, said))
    if slipped:
        blocks.append(_slip_table(view, slipped, effects))
    if ways:
        blocks.append(_direction_table(view, ways, said))
    blocks.append(_order_of_fields(view, sample))
    alarms = [*_brittle(harmless, effects), *_deaf(listened)]
    return Section(
        "robustness", TITLES["robustness"], blocks, _numbers(harmless, told, slipped, effects, listened), alarms
    )


def _has_direction(view: View) -> bool:
    return view.binary or not view.probabilities


def _opening(view: View, sample: Sample) -> str:
    answer = (
        f"the action at the frozen threshold of {percent(view.scored.threshold if view.scored.threshold is not None else 0.5)}"
        if view.binary
        else "the label or candidate named"
        if view.probabilities
        else "the value; it counts as turned when it moves by more than a tenth of the standard deviation of the truth"
    )
    return (
        f"Up to {len(sample):,} of the measured rows were asked about anew with one thing changed each time. “Answer” is {answer}. "
        "Slips of the keyboard, capitals, blanks, a sentence beside the point and another order should leave the answer as it is; "
        "a denial, a lost value or a wrong unit may change it, and shows how much hangs on it. Rows in which a change changes "
        "nothing are left out; intervals treat rows as independent."
    )


def _line(title: str, one: Effect, **more: Any) -> dict[str, Any]:
    return {
        "title": title[:1].upper() + title[1:],
        "rows": one.rows,
        "moved": one.moved,
        "turned": one.turned,
        "interval": (one.low, one.high),
        "drop": one.drop,
        **more,
    }


def _columns(view: View, first: str, *more: Column) -> tuple[Column, ...]:
    moves = "Probability moves by" if view.probabilities else "Value moves by (standard deviations)"
    return (
        Column("title", first),
        Column("rows", "Rows", "count"),
        Column("moved", moves, "number"),
        Column("turned", "Answer turns", "percent"),
        Column("interval", "95 % interval", "percent_range"),
        Column("drop", f"Loss of {inside(view.task.headline.title)}", "signed"),
        *more,
    )


def _harmless_blocks(view: View, harmless: Sequence[changes.Change], effects: dict[str, Effect]) -> list[Block]:
    rows = [_line(one.title, effects[f"same {one.key}"]) for one in harmless]
    bars = [{"name": row["title"], "value": row["turned"], "interval": list(row["interval"])} for row in rows]
    note = (
        f"Page one calls the model brittle where one of these turns more than {percent(BRITTLE, 0)} of the answers beyond chance "
        "(exact interval, corrected for their number)."
    )
    return [
        Table(
            "harmless", _columns(view, "Changes that should not matter"), rows, "Changes that should not matter", note
        ),
        Figure(
            "harmless_turned",
            "bars",
            "Answers turned by changes that should not matter",
            {"rows": bars, "x_title": "share of answers that turn", "level": BRITTLE, "percent": True},
            f"Shorter is better; the lines are 95 % intervals, and the broken line is the limit of {percent(BRITTLE, 0)}.",
        ),
    ]


def _denial_blocks(
    view: View, told: Sequence[changes.Change], effects: dict[str, Effect], listened: Heard | None
) -> list[Block]:
    blocks: list[Block] = []
    if told:
        rows = [_line(one.title, effects[f"same {one.key}"]) for one in told]
        note = "The statement need not be one that matters, so an answer may well stay; what matters is judged below."
        blocks.append(
            Table(
                "told", _columns(view, "Texts that now say something else"), rows, "Denied and no longer denied", note
            )
        )
    if listened is None:
        return blocks
    if listened.rows < FEWEST:
        blocks.append(
            f"Whether it listens to a denial cannot be told: one statement decides (the answer's probability falls by {DECIDES:g} or "
            f"more without it) in {listened.rows} of {listened.asked} records, and {FEWEST} are needed."
        )
    else:
        blocks.append(
            f"In {listened.rows} of {listened.asked} records one statement decides: without it the answer's probability falls by "
            f"{DECIDES:g} or more. When that statement was denied instead (“no …”, “denies …”), the model listened in "
            f"{percent(listened.share)} of them (95 % interval {percent(listened.low)} to {percent(listened.high)}), that is, the "
            f"probability moved by at least {percent(LISTENS, 0)} of what leaving the statement out moves it; in the middle record "
            f"by {percent(listened.part, 0)}. Page one says so where it proves to listen in less than half."
        )
    return blocks


def _hidden_table(
    view: View, hidden: Sequence[changes.Change], effects: dict[str, Effect], said: dict[str, Said]
) -> Table:
    rows = []
    for one in hidden:
        after = said[f"hidden {one.key}"].after
        held = float("nan") if after.abstained is None else float(np.mean(after.abstained))
        rows.append(_line(one.title, effects[f"hidden {one.key}"], held=held))
    rows.sort(key=lambda row: -row["moved"])
    columns = _columns(view, "Field that was hidden", Column("held", "Withheld then", "percent"))
    return Table("hidden", columns, rows, "A field is missing", folded=len(rows) > 12)


def _slip_table(view: View, slipped: Sequence[changes.Slipped], effects: dict[str, Effect]) -> Table:
    rows = [
        _line(one.change.title, effects[f"slip {one.change.key}"], caught=1.0 - float(np.mean(one.plausible)))
        for one in slipped
    ]
    columns = _columns(view, "Slip", Column("caught", "A check of plausible limits would catch", "percent"))
    note = (
        "In each record another number is wrong. The last column says how many of the wrong values lie outside the limits that "
        "the fields state; the others would pass unseen."
    )
    return Table("slips", columns, rows, "A number in a wrong unit", note)


def _direction_table(view: View, ways: dict[str, tuple[Field, Version]], said: dict[str, Said]) -> Table:
    rows: list[dict[str, Any]] = []
    for name in dict.fromkeys(key[:-1] for key in ways):
        field, more, less = ways[f"{name}+"][0], said[f"way {name}+"], said[f"way {name}-"]
        change = level(more.after, more.before) - level(less.after, less.before)
        up, down = float(np.mean(change > 1e-6)), float(np.mean(change < -1e-6))
        rows.append({
            "field": field.words, "rows": len(change), "up": up, "down": down, "same": max(up, down), "moved": float(change.mean()),
        })  # fmt: skip
    what = "Risk" if view.binary else "Value"
    columns = (
        Column("field", "Field"),
        Column("rows", "Rows", "count"),
        Column("up", f"{what} rises with it", "percent"),
        Column("down", f"{what} falls with it", "percent"),
        Column("same", "Same direction in", "percent"),
        Column("moved", "Mean change", "signed"),
    )
    note = (
        "From a tenth less to a tenth more of each number, all else the same. Which direction is right is for a person of the "
        "field to say; one that changes from row to row deserves a look."
    )
    return Table("directions", columns, rows, "More of a number", note, folded=len(rows) > 12)


def _order_of_fields(view: View, sample: Sample) -> str:
    """Whether the order in which a program gives the fields matters."""
    some = sample.records.head(10)
    run = view.need_run()
    plain, turned = (np.asarray(run.predict(frame).scores) for frame in (some, some.loc[:, some.columns[::-1]]))
    apart = float(np.max(np.abs(np.nan_to_num(plain) - np.nan_to_num(turned)), initial=0.0))
    if apart <= 1e-6 * max(1.0, float(np.max(np.abs(np.nan_to_num(plain)), initial=0.0))):
        return (
            f"The order in which the fields are given does not matter: checked on {len(some)} records, no answer moves."
        )
    return f"The order in which the fields are given matters: on {len(some)} records scores move by up to {apart:.2g}."


def _brittle(harmless: Sequence[changes.Change], effects: dict[str, Effect]) -> list[Alarm]:
    found = [
        (one, effects[f"same {one.key}"])
        for one in harmless
        if beyond(effects[f"same {one.key}"], BRITTLE, len(harmless))
    ]
    if not found:
        return []
    said = "; ".join(
        f"{one.title}: {percent(e.turned)} of {e.rows} answers (95 % interval {percent(e.low)} to {percent(e.high)})"
        for one, e in sorted(found, key=lambda pair: -pair[1].low)
    )
    return [
        Alarm(
            "brittle",
            f"Changes that mean nothing turn more than {percent(BRITTLE, 0)} of the answers: {said}. Clean such slips out before records "
            "reach it, or tune on records that hold them.",
        )
    ]


def _deaf(listened: Heard | None) -> list[Alarm]:
    if listened is None or listened.rows < FEWEST or listened.high >= DEAF:
        return []
    return [
        Alarm(
            "ignores_negation",
            f"It does not listen to denials: where one statement decides, denying it moves the answer in only "
            f"{percent(listened.share)} of {listened.rows} records (95 % interval {percent(listened.low)} to {percent(listened.high)}). "
            "What a text denies may count as stated: tune on texts with denials, and until then let a person read every text.",
            "stop" if listened.high < STONE_DEAF else "warn",
        )
    ]


def _numbers(
    harmless: Sequence[changes.Change],
    told: Sequence[changes.Change],
    slipped: Sequence[changes.Slipped],
    effects: dict[str, Effect],
    listened: Heard | None,
) -> dict[str, float]:
    named = {one.key: effects[f"same {one.key}"] for one in (*harmless, *told)}
    named |= {one.change.key: effects[f"slip {one.change.key}"] for one in slipped}
    numbers: dict[str, float] = {}
    for key, one in named.items():
        numbers |= {
            f"flip_rate_{key}": one.turned,
            f"flip_rate_{key}_lower": one.low,
            f"flip_rate_{key}_upper": one.high,
        }
    worst = [effects[f"same {one.key}"].turned for one in harmless]
    if worst:
        numbers["flip_rate_harmless"] = max(worst)
    if listened is not None and listened.rows >= FEWEST:
        numbers |= {
            "negation_response": listened.share,
            "negation_response_lower": listened.low,
            "negation_response_upper": listened.high,
        }
    return numbers
