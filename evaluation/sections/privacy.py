"""Does it give its training records away? Membership inference, the gap to training rows, copies, and planted canaries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.pages import Alarm, Block, Column, Figure, NotComputed, Section, Table
from ...core.task import Scored
from ..canaries import canary_rows, chance_exposure, exposure, planted, rank_of_first, without_canaries
from ..intervals import Interval
from ..measured import scored_rows
from ..membership import Attack, attack, hits, identical_rows, losses, reference_scores
from ..view import View
from ..words import number, percent, range_of
from . import TITLES

__all__ = ["section"]

MOST_MEMBERS = 300
"""Training rows that the model is asked about."""
MOST_OUTSIDERS = 2000
"""Measured rows beside them; they have been scored already."""
MOST_CANARIES = 15
ALARM_AREA = 0.6
"""The attack works where the lower end of its area is above this."""
ALARM_GAP = 0.1
"""A gap of accuracy is large where its lower end is above this."""
ALARM_LOSS = 0.25
"""The same of the log loss, in nats."""


@dataclass(frozen=True)
class _Asked:
    """Rows with what the model and a reference say of them."""

    scored: Scored
    reference: Scored | None

    @property
    def calibrated(self) -> NDArray[np.float64]:
        """(n,) loss, less that of the reference."""
        return losses(self.scored) - (0.0 if self.reference is None else losses(self.reference))


@dataclass(frozen=True)
class _Gap:
    """A mean on training rows beside that on rows never seen."""

    name: str
    train: float
    test: float
    gap: Interval
    """How much better it is on training rows, beyond the same gap of the reference."""
    alarm: float


def section(view: View) -> Section:
    """Attack, gap, copies and canaries.

    Raises:
        NotComputed: there is no run, no training rows, or too few of them.
    """
    if view.predictor is None:
        raise NotComputed("It asks the model about rows that it was trained on, and only its predictions were given.")
    prepared = view.need_training_rows()
    inside, outside = _members_and_outsiders(view)
    plain, best = attack(losses(inside.scored), losses(outside.scored)), None
    if inside.reference is not None:
        best = attack(inside.calibrated, outside.calibrated)
    main = best or plain
    gaps = _gaps(inside, outside)
    copies = int(identical_rows(view.schema, prepared.train, view.scored.rows).sum()) if len(view.scored) else 0
    blocks: list[Block] = [
        _in_words(main.auroc, len(inside.scored), len(outside.scored)),
        _attack_table(plain, best),
        _picture(inside.calibrated, outside.calibrated, best is not None),
        _gap_table(gaps, inside.reference is not None),
        _copies_in_words(copies, len(view.scored)),
    ]
    numbers: dict[str, Any] = {
        "membership_auroc": main.auroc.value,
        "membership_auroc_lower": main.auroc.low,
        "membership_auroc_upper": main.auroc.high,
        "membership_tpr_at_1_percent": main.tpr_1,
        "copied_rows": copies,
    }
    if math.isfinite(main.tpr_01):
        numbers["membership_tpr_at_01_percent"] = main.tpr_01
    for one in gaps:
        numbers |= {f"{one.name}_gap": one.gap.value, f"{one.name}_gap_lower": one.gap.low}
        numbers[f"{one.name}_gap_upper"] = one.gap.high
    reasons = _reasons(main.auroc, gaps)
    if planted(prepared):
        table, figures, told = _canaries(view)
        blocks.append(table)
        numbers |= figures
        reasons += told
    else:
        blocks.append(
            "No canaries (invented secrets among the training rows) were planted; `plant_canaries` plants them."
        )
    blocks.append(
        f"Page one names the model “memorised” where the lower end of the attack's area is above {ALARM_AREA}, or the "
        f"lower end of the gap above {percent(ALARM_GAP, 0)} of accuracy or {ALARM_LOSS} of log loss, or where secrets that "
        "stood once in the training rows are exposed beyond chance. These limits are ours, not a norm. A weak attack does "
        "not prove that there is no better one."
    )
    return Section("privacy", TITLES["privacy"], blocks, numbers, _alarms(reasons))


def _members_and_outsiders(view: View) -> tuple[_Asked, _Asked]:
    prepared = view.need_training_rows()
    assert view.predictor is not None
    pool = without_canaries(prepared)
    if _refit(view):
        pool = pd.concat([pool, prepared.validation])
    pool = pool[pool[view.schema.label].notna()]
    random = np.random.default_rng(view.seed)
    members, rest = _drawn(pool, view.schema.group, random)
    if len(members) < 20:
        raise NotComputed(f"Only {len(members)} training rows could be asked about; at least 20 are needed.")
    others = view.scored.rows if view.own_rows else prepared.test
    usable = np.flatnonzero(~identical_rows(view.schema, pool, others)) if len(others) else np.empty(0, dtype=np.int64)
    usable = _one_each(others.iloc[usable], view.schema.group, usable, random)
    most = MOST_OUTSIDERS if view.own_rows else MOST_MEMBERS
    usable = np.sort(random.permutation(usable)[:most])
    if len(usable) < 20:
        raise NotComputed(f"Only {len(usable)} rows that it was not trained on are there; at least 20 are needed.")
    view.say(f"asking about {len(members):,} training rows")
    inside = scored_rows(view.task, view.schema, members, view.predictor.predict(members))
    if view.own_rows:
        outside = view.scored.take(usable)
    else:
        rows = others.iloc[usable]
        outside = scored_rows(view.task, view.schema, rows, view.predictor.predict(rows))
    both = pd.concat([members, outside.rows[members.columns]])
    made = reference_scores(view.schema, view.task.kind, rest, both, inside.labels, view.seed)
    if made is None:
        return _Asked(inside, None), _Asked(outside, None)
    cut = len(members)
    return _Asked(inside, _with(inside, made[:cut])), _Asked(outside, _with(outside, made[cut:]))


def _with(scored: Scored, scores: NDArray[np.float64]) -> Scored:
    return Scored(scored.truth, scores, scored.labels, scored.rows, scored.positive)


def _refit(view: View) -> bool:
    """The run was tuned once more on training and validation rows together."""
    from ...core.recipe import read_recipe

    path = None if view.folder is None else view.folder / "recipe.toml"
    return path is not None and path.is_file() and read_recipe(path).refit == "yes"


def _one_each(rows: pd.DataFrame, group: str | None, index: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """One position of each group, drawn; rows of one group are not independent."""
    order = random.permutation(len(index))
    if group is None or group not in rows.columns:
        return index[order]
    names = rows[group].iloc[order]
    return index[order[(~names.duplicated() | names.isna()).to_numpy()]]


def _drawn(pool: pd.DataFrame, group: str | None, random: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to attack, at most half, one a group; and the rows of other groups, for the reference to learn from."""
    index = _one_each(pool, group, np.arange(len(pool)), random)
    index = np.sort(index[: min(MOST_MEMBERS, len(index) // 2)])
    free = np.ones(len(pool), dtype=bool)
    free[index] = False
    if group is not None and group in pool.columns:
        names = pool[group]
        free &= ~(names.isin(names.iloc[index]) & names.notna()).to_numpy()
    return pool.iloc[index], pool[free]


def _difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> Interval:
    """Mean of the first less mean of the second with its 95 % interval (Welch); NaN values are left out."""
    a, b = first[np.isfinite(first)], second[np.isfinite(second)]
    if min(len(a), len(b)) < 2:
        return Interval(math.nan, math.nan, math.nan)
    gap = float(a.mean() - b.mean())
    half = 1.96 * math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return Interval(gap, gap - half, gap + half)


def _gaps(inside: _Asked, outside: _Asked) -> list[_Gap]:
    """How much better the model is on rows that it learnt from."""

    def beyond(what: Any, asked: _Asked) -> NDArray[np.float64]:
        found: NDArray[np.float64] = what(asked.scored) - (0.0 if asked.reference is None else what(asked.reference))
        return found

    if inside.scored.scores.ndim == 1:
        lost = _difference(losses(outside.scored), losses(inside.scored))
        train, test = (float(np.nanmean(losses(one.scored))) for one in (inside, outside))
        return [_Gap("absolute_error", train, test, lost, math.inf)]
    gain = _difference(beyond(hits, inside), beyond(hits, outside))
    lost = _difference(outside.calibrated, inside.calibrated)
    return [
        _Gap("accuracy", float(hits(inside.scored).mean()), float(hits(outside.scored).mean()), gain, ALARM_GAP),
        _Gap(
            "log_loss",
            float(np.nanmean(losses(inside.scored))),
            float(np.nanmean(losses(outside.scored))),
            lost,
            ALARM_LOSS,
        ),
    ]


def _in_words(area: Interval, members: int, outsiders: int) -> str:
    verdict = (
        "that is beyond chance and strong enough to matter"
        if area.low > ALARM_AREA
        else "that is beyond chance, but weak"
        if area.low > 0.5
        else "that is no better than chance, which is 0.500"
    )
    return (
        f"Somebody who holds a record and asks the model about it might learn that the record was among the training rows. "
        f"We tried it with {members:,} training rows and {outsiders:,} rows that the model never saw: given one of each, the "
        f"attack picks the training row with probability {number(area.value)} (95 % interval {range_of((area.low, area.high))}); "
        f"{verdict}."
    )


def _attack_table(plain: Attack, best: Attack | None) -> Table:
    named = [("the model's loss alone", plain)]
    if best is not None:
        named.append(("less the loss of a linear model that saw none of these rows", best))
    rows = [
        {
            "attack": name,
            "auroc": one.auroc.value,
            "range": (one.auroc.low, one.auroc.high),
            "tpr_1": one.tpr_1,
            "tpr_01": one.tpr_01,
        }
        for name, one in named
    ]
    note = (
        "Found at 1 % means: the share of the training rows that the attack names while it wrongly names 1 % of the others; "
        "by chance that is 1 %. A dash: too few rows to tell."
    )
    if best is None:
        note += " There is no reference model for this kind of task or so few rows, so rows that are easy for everybody count too."
    return Table(
        "membership",
        (
            Column("attack", "What the attack looks at"),
            Column("auroc", "Area under its ROC curve", "number"),
            Column("range", "95 % interval", "range"),
            Column("tpr_1", "Found at 1 %", "percent"),
            Column("tpr_01", "Found at 0.1 %", "percent"),
        ),
        rows,
        "Membership inference",
        note,
    )


def _picture(inside: NDArray[np.float64], outside: NDArray[np.float64], calibrated: bool) -> Figure:
    a, b = inside[np.isfinite(inside)], outside[np.isfinite(outside)]
    together = np.r_[a, b]
    low, high = (float(v) for v in np.quantile(together, [0.01, 0.99]))
    edges = np.linspace(low, high if high > low else low + 1e-9, 21)
    groups = []
    for name, values in (("training rows", a), ("rows never seen", b)):
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
        groups.append({"name": f"{name}, share", "counts": [float(c) / max(len(values), 1) for c in counts]})
    what = "Loss less that of the reference" if calibrated else "Loss"
    return Figure(
        "losses",
        "histogram",
        "Loss of training rows and of rows never seen",
        {"edges": [float(e) for e in edges], "groups": groups, "x_title": what},
        "Where the two lie upon each other, a training row cannot be told from another; where the training rows lie further "
        "left, the model knows them by heart. The outer bars hold what is beyond.",
    )


def _gap_table(gaps: Sequence[_Gap], reference: bool) -> Table:
    titles = {"accuracy": "Accuracy", "log_loss": "Log loss", "absolute_error": "Mean absolute error"}
    rows = [
        {
            "what": titles[one.name],
            "train": one.train,
            "test": one.test,
            "gap": one.gap.value,
            "range": (one.gap.low, one.gap.high),
        }
        for one in gaps
    ]
    beyond = reference and gaps[0].name != "absolute_error"
    return Table(
        "gap",
        (
            Column("what", "Measure"),
            Column("train", "Training rows", "number"),
            Column("test", "Rows never seen", "number"),
            Column("gap", "Better on training rows by", "signed"),
            Column("range", "95 % interval", "range"),
        ),
        rows,
        "How much better it is on what it has seen",
        "The gap is what remains after the gap of the reference model, which saw neither, so that harder rows do not count."
        if beyond
        else "",
    )


def _copies_in_words(copies: int, rows: int) -> str:
    if not copies:
        return "No measured row equals a training row in every field."
    return (
        f"{copies:,} of {rows:,} measured rows ({percent(copies / max(rows, 1))}) equal a training row in every field; on "
        "these the figures of this report measure memory. They were left out of the attack."
    )


def _canaries(view: View) -> tuple[Table, dict[str, Any], list[str]]:
    """Exposure by repeats; figures; and what page one must say."""
    from scipy.stats import gamma

    prepared = view.need_training_rows()
    assert view.predictor is not None
    ranked = canary_rows(prepared, MOST_CANARIES)
    view.say(f"ranking {len(ranked)} canaries")
    frame = pd.concat([rows for _, rows in ranked], ignore_index=True)
    lost = losses(scored_rows(view.task, view.schema, frame, view.predictor.predict(frame)))
    found: dict[int, list[float]] = {}
    start = 0
    for canary, rows in ranked:
        part = lost[start : start + len(rows)]
        start += len(rows)
        found.setdefault(canary.repeats, []).append(exposure(rank_of_first(part), len(rows)))
    table, numbers, told = [], {}, []
    for repeats, bits in sorted(found.items()):
        # by chance an exposure is at most exponentially distributed with mean 1 / ln 2
        p = float(gamma.sf(sum(bits) * math.log(2), len(bits)))
        mean = float(np.mean(bits))
        table.append(
            {"repeats": repeats, "count": len(bits), "mean": mean, "range": (min(bits), max(bits)), "p": max(p, 1e-4)}
        )
        numbers[f"canary_exposure_{repeats}"] = mean
        if repeats == 1 and p < 0.01:
            told.append(
                f"secrets that stood once among the training rows are exposed by {mean:.1f} bits (by chance "
                f"{chance_exposure():.1f})"
            )
    return (
        Table(
            "canaries",
            (
                Column("repeats", "Stood in the training rows", "count"),
                Column("count", "Secrets ranked", "count"),
                Column("mean", "Mean exposure, bits", "number"),
                Column("range", "Lowest to highest", "range"),
                Column("p", "p-value of chance", "number"),
            ),
            table,
            "Planted secrets",
            f"Each secret is ranked by the model's loss among {len(ranked[0][1])} like it. {chance_exposure():.1f} bits are chance, "
            f"{math.log2(len(ranked[0][1])):.0f} bits mean that the planted one is always the first. The smallest p-value shown is 0.0001. "
            "The canaries are among the training rows that this run learnt from.",
        ),
        numbers,
        told,
    )


def _reasons(area: Interval, gaps: Sequence[_Gap]) -> list[str]:
    told = []
    if area.low > ALARM_AREA:
        told.append(
            f"an attack tells training rows from others with an area of {number(area.value)} "
            f"({range_of((area.low, area.high))}; chance is 0.5)"
        )
    for one in gaps:
        if one.gap.low > one.alarm:
            told.append(
                f"accuracy is {percent(one.train)} on training rows and {percent(one.test)} on others"
                if one.name == "accuracy"
                else f"the log loss is {number(one.train)} on training rows and {number(one.test)} on others"
            )
    return told


def _alarms(reasons: Sequence[str]) -> tuple[Alarm, ...]:
    if not reasons:
        return ()
    said = "; ".join(reasons)
    return (
        Alarm(
            "memorised",
            f"The model has learnt training rows by heart: {said}. Tune for fewer epochs or on more rows, and do not give "
            "the run to people who may not see its records.",
        ),
    )
