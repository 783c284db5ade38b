"""Is the world still the one it learnt from? Scores, fields, labels and words beside the training rows, and figures by period."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...core.pages import Alarm, Block, Column, Figure, NotComputed, Section, Table
from ..canaries import without_canaries
from ..intervals import Interval, Resamples, interval
from ..metrics.stability import Shift
from ..stability_lines import Line, compared_lines, some_cells, truth_names
from ..view import View
from ..words import inside, number, percent, range_of
from . import TITLES

__all__ = ["section"]

STABLE, SHIFTED = 0.10, 0.25
"""Customary limits of the population stability index (Siddiqi 2006)."""
TIMES_FLOOR = 3.0
"""An index below so many noise floors is not called a shift."""
CHANCE = 0.01
"""p-value, over all comparisons together (Bonferroni), below which chance is ruled out."""
MOST_IN_PERIOD = 20_000
TOO_FEW = 30
MOST_PERIODS = 24


def section(view: View) -> Section:
    """Stability of scores, fields and labels, and the headline by period.

    Raises:
        NotComputed: there are neither training rows nor a time column.
    """
    periods, table_of_periods = _periods(view)
    if view.prepared is None and not periods:
        raise NotComputed("It compares with the rows that the model was trained on, which were not given.")
    blocks: list[Block] = []
    numbers: dict[str, Any] = {}
    alarms: tuple[Alarm, ...] = ()
    if view.prepared is not None:
        lines = compared_lines(view)
        tests = sum(math.isfinite(one.shift.p) for one in lines)
        blocks += [_in_words(view, lines, tests), _table(lines, tests)]
        numbers, alarms = _numbers(lines), _alarms(lines, tests)
        for found in (_labels(view), _words_table(view, numbers)):
            if found is not None:
                blocks.append(found)
    else:
        blocks.append("Scores and fields are not compared: the training rows were not given.")
    if table_of_periods is not None:
        blocks += [*periods, table_of_periods]
    else:
        blocks.append("No figures by month: the rows have no time column, or too few rows in each period.")
    blocks.append(_trigger(view))
    return Section("drift", TITLES["drift"], blocks, numbers, alarms)


def _beyond_chance(one: Shift, tests: int) -> bool:
    return one.psi > TIMES_FLOOR * one.floor and one.p * max(tests, 1) < CHANCE


def _verdict(one: Shift, tests: int) -> str:
    if not math.isfinite(one.psi):
        return "too few rows"
    if one.psi < STABLE:
        return "stable"
    if not _beyond_chance(one, tests):
        return "not beyond chance"
    return "watch" if one.psi <= SHIFTED else "shift"


# What is said of it


def _in_words(view: View, lines: Sequence[Line], tests: int) -> str:
    moved = [one.name for one in lines if _verdict(one.shift, tests) == "shift"]
    watched = [one.name for one in lines if _verdict(one.shift, tests) == "watch"]
    said = f"Shifted beyond chance: {', '.join(moved)}." if moved else "Nothing has shifted beyond chance."
    if watched:
        said += f" To be watched: {', '.join(watched)}."
    whose = (
        "test rows of the run, parted from the same data as the training rows"
        if view.own_rows
        else "rows of another file"
    )
    return (
        f"The population stability index (PSI) says how far a distribution has moved since the training rows: below {STABLE:.2f} "
        f"it is stable, from {STABLE:.2f} to {SHIFTED:.2f} to be watched, above {SHIFTED:.2f} shifted. An index is only called so "
        f"where it is above {TIMES_FLOOR:.0f} times its noise floor, which is what chance alone gives for so few rows, and a "
        f"chi-squared test over all comparisons rules chance out (p < {CHANCE}). The measured rows are the {whose}. {said}"
    )


def _table(lines: Sequence[Line], tests: int) -> Table:
    rows = [
        {
            "name": one.name,
            "what": one.what,
            "psi": one.shift.psi,
            "floor": one.shift.floor,
            "verdict": _verdict(one.shift, tests),
            "ks": one.ks,
            "unseen": one.unseen,
            "missing_then": one.missing[0],
            "missing": one.missing[1],
        }
        for one in lines
    ]
    return Table(
        "stability",
        (
            Column("name", "Score or field"),
            Column("what", "What is compared"),
            Column("psi", "PSI", "number"),
            Column("floor", "Noise floor", "number"),
            Column("verdict", "Verdict"),
            Column("ks", "KS distance", "number"),
            Column("unseen", "Values never seen", "percent"),
            Column("missing_then", "Missing in training", "percent"),
            Column("missing", "Missing now", "percent"),
        ),
        rows,
        "Stability of score and fields",
        "Scores and answers are compared with those of validation rows, since of rows that it learnt from a model is too sure. "
        "For a field the PSI is also called characteristic stability index. KS distance: the largest gap between the two "
        "cumulated distributions of a number, from 0 to 1. Noise floor: (bins − 1)(1/n + 1/m), where rows belong to groups "
        "with n and m groups.",
        folded=len(rows) > 25,
    )


def _labels(view: View) -> Table | None:
    """Prior shift: share of each label in training and now."""
    scored = view.scored
    if scored.scores.ndim == 1 or not scored.labels or not len(scored):
        return None
    train = without_canaries(view.need_training_rows())
    then, now = train[view.schema.label].astype(str).value_counts(), truth_names(view).value_counts()
    names = list(then.index[:20]) + [n for n in now.index if n not in then.index][:5]
    rows = [
        {
            "label": str(name),
            "train": float(then.get(name, 0)) / max(len(train), 1),
            "now": float(now.get(name, 0)) / len(scored),
            "change": float(now.get(name, 0) / len(scored) - then.get(name, 0) / max(len(train), 1)),
        }
        for name in names
    ]
    columns = (
        Column("label", "True label"),
        Column("train", "Training rows", "percent"),
        Column("now", "Measured rows", "percent"),
        Column("change", "Change", "signed"),
    )
    note = "Where the share of a label changes, its probabilities are off by about the ratio of the odds."
    return Table("prior", columns, rows, "Share of the labels", note, folded=len(rows) > 12)


def _words_table(view: View, numbers: dict[str, Any]) -> Table | None:
    """Share of words that no training text has; adds to the numbers."""
    prepared = view.need_training_rows()
    rows: list[dict[str, Any]] = []
    train = without_canaries(prepared)
    for field in view.schema.of_kind("text"):
        if field.name not in train.columns or field.name not in view.scored.rows.columns:
            continue
        known = {word for cell in some_cells(train[field.name]) for word in _word_list(cell)}
        held, now = (_unknown(known, some_cells(part[field.name])) for part in (prepared.validation, view.scored.rows))
        rows.append({"field": field.words, "words": len(known), "held": held, "now": now})
    if not rows:
        return None
    numbers["unknown_words"] = max((r["now"] for r in rows if math.isfinite(r["now"])), default=math.nan)
    columns = (
        Column("field", "Text"),
        Column("words", "Words known from training", "count"),
        Column("held", "Unknown in validation rows", "percent"),
        Column("now", "Unknown in measured rows", "percent"),
    )
    note = "Share of all words that no training text has. The share in validation rows is what is to be expected without drift."
    return Table("vocabulary", columns, rows, "Words never seen", note)


def _word_list(cell: Any) -> list[str]:
    return [] if cell is None or pd.isna(cell) else re.findall(r"\w+", str(cell).lower())


def _unknown(known: set[str], texts: pd.Series) -> float:
    words = [word for cell in texts for word in _word_list(cell)]
    return sum(word not in known for word in words) / len(words) if words else math.nan


def _numbers(lines: Sequence[Line]) -> dict[str, Any]:
    fields = [one for one in lines if one.name not in ("score", "label", "answer")]
    numbers: dict[str, Any] = {}
    for one in lines:
        if one.name in ("score", "label"):
            numbers |= {f"psi_{one.name}": one.shift.psi, f"psi_{one.name}_floor": one.shift.floor}
    if fields:
        numbers["csi_max"] = max((f.shift.psi for f in fields if math.isfinite(f.shift.psi)), default=math.nan)
        unseen = [one.unseen for one in fields if math.isfinite(one.unseen)]
        if unseen:
            numbers["unseen_values_max"] = max(unseen)
    return numbers


def _alarms(lines: Sequence[Line], tests: int) -> tuple[Alarm, ...]:
    moved = sorted((one for one in lines if _verdict(one.shift, tests) == "shift"), key=lambda one: -one.shift.psi)
    if not moved:
        return ()
    named = ", ".join(f"{one.name} (PSI {one.shift.psi:.2f}, noise floor {one.shift.floor:.2f})" for one in moved[:3])
    more = f" and {len(moved) - 3} more" if len(moved) > 3 else ""
    return (
        Alarm(
            "shifted",
            f"The measured rows differ from the training rows in {named}{more}; find out why, and measure again on labelled "
            "rows of today, or tune again, before the figures are relied on.",
        ),
    )


# By period


def _period_names(view: View) -> pd.Series | None:
    """Name of the period of each row, None where the time is missing; days, months, quarters or years, as many as are read."""
    name = view.schema.time
    if name is None or name not in view.scored.rows.columns or not len(view.scored):
        return None
    column = view.scored.rows[name].reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(column):  # a step or a day number: parts of equal rows
        values = column.to_numpy(np.float64)
        known = values[np.isfinite(values)]
        if len(np.unique(known)) < 2:
            return None
        edges = np.unique(np.quantile(known, np.linspace(0, 1, 9)[1:-1]))
        place = np.searchsorted(edges, values, side="left")
        ends = [f"to {number(float(e))}" for e in edges] + [f"above {number(float(edges[-1]))}"]
        return pd.Series(
            [None if not math.isfinite(v) else f"{p + 1}: {ends[p]}" for v, p in zip(values, place, strict=True)]
        )
    times = pd.to_datetime(column, errors="coerce", utc=True, format="mixed").dt.tz_localize(None)
    for unit in ("M", "Q", "Y"):
        named = times.dt.to_period(unit)
        if named.nunique() <= MOST_PERIODS:
            if unit == "M" and named.nunique() < 3:
                days = times.dt.to_period("W" if (times.max() - times.min()).days > 21 else "D")
                named = days if days.nunique() <= MOST_PERIODS else named
            break
    text = named.astype(str).astype(object)
    return text.where(named.notna(), None) if named.nunique() > 1 else None


def _periods(view: View) -> tuple[list[Block], Table | None]:
    """Figure and table of the headline by period."""
    names = _period_names(view)
    if names is None:
        return [], None
    metric, found = view.task.headline, []
    for name, index in sorted((str(k), np.asarray(v)) for k, v in names.groupby(names).indices.items()):
        count = len(index)
        if count > MOST_IN_PERIOD:
            index = np.sort(np.random.default_rng(view.seed).choice(index, MOST_IN_PERIOD, replace=False))
        part, value = view.scored.take(index), Interval(math.nan, math.nan, math.nan)
        if count >= TOO_FEW:
            groups = None if view.group is None else part.rows[view.group]
            value = interval(
                metric, part, Resamples(count if count == len(index) else len(index), groups, 300), view.group
            )
        line: dict[str, Any] = {"period": name, "rows": count, "value": value.value, "range": (value.low, value.high)}
        if view.binary:
            line["positives"] = float(part.positives.mean())
        found.append(line)
    known = [line for line in found if math.isfinite(line["value"])]
    if len(known) < 2:
        return [], None
    columns = [
        Column("period", "Period"),
        Column("rows", "Rows", "count"),
        Column("value", metric.title, "number"),
        Column("range", "95 % interval", "range"),
    ]
    if view.binary:
        columns.append(Column("positives", "Share of positives", "percent"))
    note = (
        f"Periods of fewer than {TOO_FEW} rows get no figure; of more than {MOST_IN_PERIOD:,} rows so many are drawn."
    )
    table = Table("periods", tuple(columns), found, f"{metric.title} by period", note)
    series = {
        "name": metric.title,
        "x": list(range(1, len(known) + 1)),
        "y": [line["value"] for line in known],
        "low": [line["range"][0] for line in known],
        "high": [line["range"][1] for line in known],
    }
    figure = Figure(
        "headline_by_period",
        "line",
        f"{metric.title} by period",
        {
            "series": [series],
            "x_title": f"Period, from {known[0]['period']} to {known[-1]['period']}",
            "y_title": metric.title,
            "level": metric.function(view.scored) if len(view.scored) <= 200_000 else None,
        },
        "Points are periods in their order, the band is the 95 % interval, the dashed line all rows together. A line that falls "
        f"says that the model ages{'' if metric.higher_is_better else ' (here one that rises, since lower is better)'}.",
    )
    return [figure], table


def _trigger(view: View) -> str:
    """When to tune again, in words."""
    head = view.facts.get("headline") or {}
    low, high = head.get("interval") or (None, None)
    bound = low if view.task.headline.higher_is_better else high
    worse = "below" if view.task.headline.higher_is_better else "above"
    known = bound is not None and math.isfinite(bound)
    title = inside(view.task.headline.title)
    figure = (
        f"the whole 95 % interval of a month's headline figure ({title}) lies {worse} {number(bound)}, the worse end of this "
        f"report's interval ({range_of((low, high))})"
        if known
        else f"a month's headline figure ({title}) is worse than in this report beyond its interval"
    )
    return (
        f"When to tune again: measure every month on new labelled rows; tune again, or take the model out of use, when {figure}; "
        f"when the PSI of the score or of an important field is above {SHIFTED:.2f} and above {TIMES_FLOOR:.0f} noise floors in two "
        f"months running; or when more than {percent(0.05, 0)} of the rows have a value or a label that was never seen."
    )
