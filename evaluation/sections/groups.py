"""Is it as good for everyone? The headline figure, the mistakes and the decisions by group, and whether chance explains them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.pages import Alarm, Block, Column, Figure, NotComputed, Section, Table
from ...core.task import Metric
from ..group_columns import TOO_FEW, Groups, crossed, groups_of, speaks_of_people
from ..group_decisions import decisions
from ..group_figures import GroupFigures
from ..intervals import Interval
from ..metrics.calibration import observed_expected
from ..metrics.groups import gap, group_rates
from ..metrics.paired import holm
from ..metrics.standard import confidence, flagged, right
from ..view import View
from ..words import inside, number
from . import TITLES

__all__ = ["section"]

WORSE, MUCH_WORSE, LUCK = 0.05, 0.2, 0.05
"""Page one names a group that is worse than the rest by more than the first; a group of people or places that is worse by
more than the second makes it say stop. The third is the chance, corrected for all columns, below which a difference is not called luck."""
MOST_DRAWN_ROWS = 40
"""Groups in the figure."""


@dataclass(frozen=True)
class _Compared:
    """One column: figures of its groups, and what chance says."""

    groups: Groups
    figures: tuple[Interval, ...]
    furthest: int
    """The group that lies furthest behind the others, in standard deviations of chance."""
    difference: Interval
    """That group less all other rows; negative where it is worse."""
    behind: float
    """How far that group lies behind the others, less what chance gives a group of its size and labels."""
    gap: float
    luck_gap: float
    luck_worst: float


def section(view: View) -> Section:
    """Set the groups of every slice, protected field and column that sounds like people or places side by side.

    Raises:
        NotComputed: there are no rows, or no column names groups of at least 30 rows.
    """
    if not len(view.scored):
        raise NotComputed("There are no rows.")
    found = groups_of(view)
    if not found:
        raise NotComputed(
            f"No column of these rows names groups of people or places with at least {TOO_FEW} rows each."
        )
    metric = view.task.headline
    figures = GroupFigures(metric, view.scored, view.group, view.task.kind == "classification", view.seed)
    compared = _compare(figures, found)
    blocks: list[Block] = [_opening(view, metric, found)]
    if compared:
        blocks += [_gap_table(metric, compared), _forest(metric, figures.value, compared)]
    rate_blocks, rate_numbers = decisions(view, found)
    blocks += [*rate_blocks, _by_group(view, figures, found, compared)]
    crosses = [groups for groups in crossed(found) if groups.names or groups.small]
    if crosses:
        blocks.append(_crossed_table(view, figures, crosses))
    alarms = _alarms(metric, figures, compared)
    numbers = _numbers(metric, found, compared) | rate_numbers
    return Section("groups", TITLES["groups"], tuple(blocks), numbers, alarms)


def _compare(figures: GroupFigures, found: Sequence[Groups]) -> list[_Compared]:
    """Figures and tests of the columns with two groups or more, the chances corrected by Holm over the columns."""
    several = [groups for groups in found if len(groups.names) > 1]
    raw = []
    for groups in several:
        own = tuple(figures.interval(groups.code == place) for place in range(len(groups.names)))
        test = figures.test(groups)
        furthest = int(np.nanargmax(test.deficit)) if np.isfinite(test.deficit).any() else -1
        nothing = Interval(math.nan, math.nan, math.nan)
        against = figures.against_rest(groups.code == furthest) if furthest >= 0 else nothing
        behind = float(test.behind[furthest]) if furthest >= 0 else math.nan
        raw.append((groups, own, furthest, against, behind, test))
    luck_gap = holm([test.gap for *_, test in raw])
    luck_worst = holm([test.worst for *_, test in raw])
    return [
        _Compared(groups, own, furthest, against, behind, gap([one.value for one in own]), float(wide), float(deep))
        for (groups, own, furthest, against, behind, _), wide, deep in zip(raw, luck_gap, luck_worst, strict=True)
        if furthest >= 0
    ]


def _opening(view: View, metric: Metric, found: Sequence[Groups]) -> str:
    titles = ", ".join(groups.title for groups in found)
    towards = "higher" if metric.higher_is_better else "lower"
    same = (
        " Groups are dealt only among rows of the same true label, so that a group is not called worse because its cases are "
        "harder to name."
        if view.task.kind == "classification"
        else ""
    )
    few = sum(len(groups.small) for groups in found)
    silent = f" Groups of fewer than {TOO_FEW} rows ({few:,}) are named without a figure." if few else ""
    return (
        f"{len(view.scored):,} rows are set side by side by {titles}. The figure is {inside(metric.title)} ({towards} is "
        f"better).{silent} “Luck” is the chance of a difference as large if the groups were dealt at random (permutation "
        f"test, Holm's correction over the columns).{same} A difference that is not luck says that the model serves a group "
        "worse; it does not say why."
    )


def _gap_table(metric: Metric, compared: Sequence[_Compared]) -> Table:
    sign = 1.0 if metric.higher_is_better else -1.0
    rows = []
    for one in compared:
        values = [sign * figure.value for figure in one.figures]
        best, worst = int(np.nanargmax(values)), int(np.nanargmin(values))
        names, sizes = one.groups.names, one.groups.sizes()
        rows.append(
            {
                "column": one.groups.title,
                "groups": len(names),
                "best": f"{names[best]} ({number(one.figures[best].value)}, n = {sizes[best]:,})",
                "worst": f"{names[worst]} ({number(one.figures[worst].value)}, n = {sizes[worst]:,})",
                "gap": one.gap,
                "luck_gap": one.luck_gap,
                "behind": f"{names[one.furthest]} (n = {sizes[one.furthest]:,})",
                "difference": one.difference.value,
                "interval": (one.difference.low, one.difference.high),
                "luck_worst": one.luck_worst,
            }
        )
    columns = (
        Column("column", "By"),
        Column("groups", "Groups", "count"),
        Column("best", "Best"),
        Column("worst", "Worst"),
        Column("gap", "Gap", "number"),
        Column("luck_gap", "Luck of such a gap", "number"),
        Column("behind", "Furthest behind"),
        Column("difference", "Against all others", "signed"),
        Column("interval", "95 % interval", "range"),
        Column("luck_worst", "Luck of that", "number"),
    )
    note = (
        f"Page one names a group whose figure is worse than that of all others by more than {WORSE:g}"
        f"{'' if _unit(metric) else ' of the overall figure'} where the 95 % interval leaves out zero and luck is below "
        f"{LUCK:g}; for people and places "
        f"it says stop above {MUCH_WORSE:g}."
    )
    return Table("gaps", columns, rows, "Best and worst group", note)


def _forest(metric: Metric, value: float, compared: Sequence[_Compared]) -> Figure:
    rows = [
        {
            "name": f"{one.groups.title}: {name} (n = {size:,})",
            "value": figure.value,
            "interval": [figure.low, figure.high],
        }
        for one in compared
        for name, size, figure in zip(one.groups.names, one.groups.sizes(), one.figures, strict=True)
        if math.isfinite(figure.value)
    ]
    left, right_end = ("worse", "better") if metric.higher_is_better else ("better", "worse")
    caption = (
        f"{metric.title} of each group with its 95 % interval; the line is the figure of all rows, {number(value)}. "
        "An interval that crosses the line is compatible with no difference."
    )
    if len(rows) > MOST_DRAWN_ROWS:
        caption += f" The first {MOST_DRAWN_ROWS} of {len(rows)} groups are drawn."
    data = {"rows": rows[:MOST_DRAWN_ROWS], "reference": value, "left": left, "right": right_end}
    return Figure("figure_by_group", "forest", f"{metric.title} by group", data, caption)


def _by_group(view: View, figures: GroupFigures, found: Sequence[Groups], compared: Sequence[_Compared]) -> Table:
    known = {one.groups.column: one.figures for one in compared}
    scored = view.scored
    rows: list[dict[str, Any]] = []
    for groups in found:
        own = known.get(groups.column) or tuple(figures.interval(groups.code == at) for at in range(len(groups.names)))
        for place, (name, figure) in enumerate(zip(groups.names, own, strict=True)):
            member = groups.code == place
            line: dict[str, Any] = {"column": groups.title, "group": name, "rows": int(member.sum())}
            line |= {"value": figure.value, "interval": (figure.low, figure.high)} | _rates_of(view, member)
            rows.append(line)
        rows += [
            {"column": groups.title, "group": name, "rows": count, "note": f"too few (under {TOO_FEW})"}
            for name, count in groups.small[:12]
        ]
    columns = [
        Column("column", "By"),
        Column("group", "Group"),
        Column("rows", "Rows", "count"),
        Column("value", view.task.headline.title, "number"),
        Column("interval", "95 % interval", "range"),
    ]
    if scored.positive is not None:
        columns += [
            Column("positives", "Positives", "count"),
            Column("recall", "Recall", "percent"),
            Column("false_alarm", "False alarm rate", "percent"),
            Column("selection", "Acted on", "percent"),
        ]
    if scored.scores.ndim == 2:
        columns.append(Column("oe", "Observed : expected", "number"))
    if scored.abstained is not None:
        columns.append(Column("withheld", "Withheld", "percent"))
    columns.append(Column("note", "Note"))
    note = (
        "Observed : expected sets what came true against the sum of the probabilities; 1 is right, above 1 the model says too "
        "little."
    )
    return Table("by_group", tuple(columns), rows, "Every group", note if scored.scores.ndim == 2 else "", folded=True)


def _rates_of(view: View, member: NDArray[np.bool_]) -> dict[str, Any]:
    """Recall, false alarms, share acted on, observed against expected, and share withheld of some rows."""
    scored, found = view.scored, dict[str, Any]()
    if scored.positive is not None:
        rates = group_rates(scored.positives, flagged(scored), np.where(member, 0, -1), 1)
        found |= {
            "positives": int(rates.positives[0]),
            "recall": float(rates.recall[0]),
            "false_alarm": float(rates.false_alarm[0]),
            "selection": float(rates.selection[0]),
        }
    if scored.scores.ndim == 2:
        found["oe"] = observed_expected(confidence(scored)[member], right(scored)[member])
    if scored.abstained is not None:
        found["withheld"] = float(scored.abstained[member].mean())
    return found


def _crossed_table(view: View, figures: GroupFigures, crosses: Sequence[Groups]) -> Table:
    rows: list[dict[str, Any]] = []
    for groups in crosses:
        for place, name in enumerate(groups.names):
            member = groups.code == place
            figure = figures.interval(member)
            positives = int(view.scored.positives[member].sum()) if view.binary else None
            line = {"columns": groups.title, "group": name, "rows": int(member.sum()), "positives": positives}
            rows.append(line | {"value": figure.value, "interval": (figure.low, figure.high)})
        rows += [
            {"columns": groups.title, "group": name, "rows": count, "note": f"too few (under {TOO_FEW})"}
            for name, count in groups.small
        ]
    columns = [Column("columns", "By"), Column("group", "Group"), Column("rows", "Rows", "count")]
    if view.binary:
        columns.append(Column("positives", "Positives", "count"))
    columns += [
        Column("value", view.task.headline.title, "number"),
        Column("interval", "95 % interval", "range"),
        Column("note", "Note"),
    ]
    note = f"Groups of two columns at once; with fewer than {TOO_FEW} rows no figure is given. Not corrected for their number."
    return Table("crossed", tuple(columns), rows, "Two columns at once", note, folded=True)


def _largest(values: Any) -> float:
    known = [float(value) for value in values if math.isfinite(value)]
    return max(known, default=math.nan)


def _unit(metric: Metric) -> bool:
    return math.isfinite(metric.high) and math.isfinite(metric.low)


def _alarms(metric: Metric, figures: GroupFigures, compared: Sequence[_Compared]) -> list[Alarm]:
    """One alarm that names the groups that are proven to be worse off, the furthest behind first."""
    scale = 1.0 if _unit(metric) else abs(figures.value)
    worse = [
        one
        for one in compared
        if one.luck_worst < LUCK and one.difference.high < 0 and min(-one.difference.value, one.behind) > WORSE * scale
    ]
    if not worse:
        return []
    worse.sort(key=lambda one: one.difference.value)
    said = []
    for one in worse[:3]:
        name, size = one.groups.names[one.furthest], one.groups.sizes()[one.furthest]
        value, less = one.figures[one.furthest].value, abs(one.difference.value)
        ends = sorted((abs(one.difference.low), abs(one.difference.high)))
        said.append(
            f"{one.groups.title} = {name}, {number(value)} on {size:,} rows, worse than all others by {number(less)} (95 % "
            f"interval {number(ends[0])} to {number(ends[1])})"
        )
    more = f"; {len(worse) - 3} more columns are in the table" if len(worse) > 3 else ""
    message = (
        f"{metric.title} is worse for one group than luck explains: {'; '.join(said)}{more}. Do not use it for that group "
        "before you know why: look for missing records, other words or another mix of cases, and measure again."
    )
    stop = any(one.difference.value < -MUCH_WORSE * scale and speaks_of_people(one.groups.column) for one in worse)
    return [Alarm("worse_group", message, "stop" if stop else "warn")]


def _numbers(metric: Metric, found: Sequence[Groups], compared: Sequence[_Compared]) -> dict[str, float]:
    values = [f.value for one in compared for f in one.figures if math.isfinite(f.value)]
    worst = math.nan
    if values:
        worst = min(values) if metric.higher_is_better else max(values)
    numbers: dict[str, float] = {
        "groups_measured": sum(len(groups.names) for groups in found),
        "groups_too_few": sum(len(groups.small) for groups in found),
        "group_worst": worst,
        "group_gap": _largest(one.gap for one in compared),
        "group_gap_luck": min((one.luck_gap for one in compared if math.isfinite(one.luck_gap)), default=math.nan),
    }
    for one in compared:
        key = re.sub(r"\W+", "_", one.groups.column.lower()).strip("_")
        numbers[f"group_gap_{key}"] = one.gap
    return numbers
