"""What the frozen threshold does to groups: whom it misses, whom it bothers for nothing, and who passes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.pages import Block, Column, Table
from .group_columns import Groups
from .metrics.groups import difference_interval, gap, group_rates, lowest_ratio, ratio_interval
from .metrics.standard import flagged
from .view import View
from .words import percent

__all__ = ["decisions"]

FEW_POSITIVES = 10
"""Groups with fewer positives (negatives) do not enter the gap of recalls (false alarm rates)."""
FOUR_FIFTHS = 0.8
"""Ratio of the shares that pass, below which the four-fifths rule says: look."""


def decisions(view: View, found: Sequence[Groups]) -> tuple[list[Block], dict[str, float]]:
    """Gaps of recall and of false alarms at the frozen threshold, and for a credit-like task the four-fifths ratio."""
    scored = view.scored
    if scored.positive is None:
        return [], {}
    rows, action = [], flagged(scored)
    for groups in found:
        if len(groups.names) < 2:
            continue
        rates = group_rates(scored.positives, action, groups.code, len(groups.names))
        negatives = rates.rows - rates.positives
        recall = np.where(rates.positives >= FEW_POSITIVES, rates.recall, math.nan)
        alarm = np.where(negatives >= FEW_POSITIVES, rates.false_alarm, math.nan)
        line: dict[str, Any] = {"column": groups.title, "rows": int(rates.rows.sum())}
        line |= _extremes("recall", groups, recall, rates.hits, rates.positives)
        line |= _extremes("alarm", groups, alarm, rates.alarms, negatives)
        left_alone = rates.rows - rates.hits - rates.alarms
        line |= _four_fifths(groups, left_alone, rates.rows)
        rows.append(line)
    if not rows:
        return [], {}
    columns = [
        Column("column", "By"),
        Column("rows", "Rows", "count"),
        Column("recall_gap", "Gap in recall", "percent"),
        Column("recall_interval", "95 % interval", "percent_range"),
        Column("recall_ends", "Between"),
        Column("alarm_gap", "Gap in false alarm rate", "percent"),
        Column("alarm_interval", "95 % interval", "percent_range"),
        Column("alarm_ends", "Between"),
    ]
    positive = scored.labels[scored.positive]
    text = (
        f"At the threshold that was frozen before these rows were seen: of those who are {positive}, is the same share found "
        "in every group (equal opportunity), and of the others, is the same share bothered for nothing (predictive "
        f"equality)? Groups with fewer than {FEW_POSITIVES} such rows are left out. The interval is that of the two groups "
        "that differ most; as they were picked for it, the true gap is likely smaller."
    )
    blocks: list[Block] = [text, Table("rate_gaps", tuple(columns), rows, "Mistakes at the threshold")]
    numbers = {
        "equal_opportunity_gap": _largest(line["recall_gap"] for line in rows),
        "predictive_equality_gap": _largest(line["alarm_gap"] for line in rows),
    }
    if view.task.decision.rule == "cost":
        more, ratio = _selection(positive, rows)
        blocks += more
        numbers |= ratio
    return blocks, numbers


def _extremes(
    key: str, groups: Groups, rates: NDArray[np.float64], hits: NDArray[np.int64], counts: NDArray[np.int64]
) -> dict[str, Any]:
    if np.isfinite(rates).sum() < 2:
        return {f"{key}_gap": math.nan, f"{key}_interval": (math.nan, math.nan), f"{key}_ends": "too few"}
    high, low = int(np.nanargmax(rates)), int(np.nanargmin(rates))
    bounds = difference_interval(int(hits[high]), int(counts[high]), int(hits[low]), int(counts[low]))
    ends = (
        f"{groups.names[high]} ({percent(rates[high])} of {counts[high]:,}) and {groups.names[low]} "
        f"({percent(rates[low])} of {counts[low]:,})"
    )
    return {f"{key}_gap": gap(rates), f"{key}_interval": bounds, f"{key}_ends": ends}


def _four_fifths(groups: Groups, passed: NDArray[np.int64], counts: NDArray[np.int64]) -> dict[str, Any]:
    """The favourable decision is that no action is taken: the application passes."""
    rates = passed / np.maximum(counts, 1)
    high, low = int(np.argmax(rates)), int(np.argmin(rates))
    bounds = ratio_interval(int(passed[low]), int(counts[low]), int(passed[high]), int(counts[high]))
    return {
        "ratio": lowest_ratio(rates),
        "ratio_interval": bounds,
        "lowest": f"{groups.names[low]} ({percent(rates[low])} of {counts[low]:,})",
        "highest": f"{groups.names[high]} ({percent(rates[high])} of {counts[high]:,})",
        "verdict": _verdict(lowest_ratio(rates), bounds),
    }


def _verdict(ratio: float, bounds: tuple[float, float]) -> str:
    if not math.isfinite(ratio):
        return "undefined"
    if ratio >= FOUR_FIFTHS:
        return "at or above four fifths" + (", but the interval reaches below" if bounds[0] < FOUR_FIFTHS else "")
    return "below four fifths" + ("" if bounds[1] < FOUR_FIFTHS else ", though chance may explain it")


def _selection(positive: str, rows: Sequence[dict[str, Any]]) -> tuple[list[Block], dict[str, float]]:
    columns = (
        Column("column", "By"),
        Column("lowest", "Lowest share passed"),
        Column("highest", "Highest share passed"),
        Column("ratio", "Ratio", "number"),
        Column("ratio_interval", "95 % interval", "range"),
        Column("verdict", "Against 0.8"),
    )
    text = (
        f"Who passes: the share of each group whose probability of {positive} stays below the threshold, the lowest over the "
        f"highest. The four-fifths rule asks for {FOUR_FIFTHS:g}; it is a screen that tells where to look, not a finding of "
        "discrimination, and passing it is no proof of fairness."
    )
    lowest = min(rows, key=lambda line: line["ratio"] if math.isfinite(line["ratio"]) else math.inf)
    numbers = {
        "selection_ratio": float(lowest["ratio"]),
        "selection_ratio_lower": float(lowest["ratio_interval"][0]),
        "selection_ratio_upper": float(lowest["ratio_interval"][1]),
    }
    return [text, Table("four_fifths", columns, rows, "Share of each group that passes")], numbers


def _largest(values: Any) -> float:
    known = [float(value) for value in values if math.isfinite(value)]
    return max(known, default=math.nan)
