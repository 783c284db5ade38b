"""What is a threshold worth? Net benefit, cost, a table of thresholds with the frozen one, and what a review capacity finds."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...core.pages import Block, Column, Figure, NotComputed, Section, Table
from ...core.task import Decision
from ..measure import threshold_rows
from ..metrics import binary
from ..metrics.fraud import precision_at_capacity, recall_at_capacity
from ..metrics.standard import flagged
from ..view import View
from ..words import number, percent
from . import TITLES

__all__ = ["decision_curve", "section"]

CAPACITIES = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1)
Floats = NDArray[np.float64]


def section(view: View) -> Section:
    """Decision curve, cost curve, thresholds with predictive values at three prevalences, capacities.

    Raises:
        NotComputed: the task does not look for one label of two, or a class is missing.
    """
    if not view.binary:
        raise NotComputed("No single label is looked for, so there is no threshold to set.")
    scored = view.scored
    y, risk = scored.positives, scored.risk
    if not len(y) or y.all() or not y.any():
        raise NotComputed("All rows have the same outcome.")
    decision, cut = view.task.decision, 0.5 if scored.threshold is None else scored.threshold
    acted = flagged(scored)
    benefit = binary.net_benefit(y, risk, cut)
    cost = binary.expected_cost(y, acted, decision.false_negative, decision.false_positive)
    blocks: list[Block] = [
        _how(view, cut),
        _benefit(y, risk, cut),
        _costs(y, risk, cut, decision),
        _thresholds(view),
        _capacity(y, risk),
    ]
    numbers = {
        "frozen_threshold": cut, "net_benefit": benefit, "mean_cost": cost, "recall": binary.recall_at(y, acted),
        "specificity": binary.specificity_at(y, acted), "precision": binary.precision_at(y, acted),
        "npv": binary.negative_predictive_value(y, acted), "alert_share": float(acted.mean()),
    }  # fmt: skip
    return Section("utility", TITLES["utility"], tuple(blocks), numbers)


def _how(view: View, cut: float) -> str:
    decision = view.task.decision
    if view.scored.threshold is None:
        return "No threshold was frozen; 0.5 is shown in its place."
    rules = {
        "cost": f"the least expected cost, a miss costing {decision.false_negative:g} and a false alarm {decision.false_positive:g}",
        "capacity": f"a review of {percent(decision.capacity)} of the rows",
        "balanced": "the label that is likeliest for its share in the training rows",
        "argmax": "the likelier label",
    }
    where = (
        "on validation rows, before these rows were seen"
        if view.predictor is not None
        else "by whoever gave the predictions"
    )
    return f"The action is taken from a probability of {number(cut)} on, fixed {where}: {rules[decision.rule]}."


def decision_curve(y: NDArray[np.bool_], risk: Floats, thresholds: Floats) -> tuple[Floats, Floats]:
    """Net benefit of the model and of acting on everybody at each threshold, in true positives per row.

    Source: Vickers and Elkin (2006), Medical Decision Making 26:565. Acting on nobody is 0.
    """
    order = np.argsort(risk, kind="stable")
    above = len(y) - np.searchsorted(risk[order], thresholds, side="left")
    hits = np.append(np.cumsum(y[order][::-1])[::-1], 0)
    true = hits[len(y) - above]
    odds = thresholds / (1 - thresholds)
    share = float(y.mean())
    return (true - (above - true) * odds) / len(y), share - (1 - share) * odds


def _range(cut: float, share: float) -> Floats:
    """Thresholds around the frozen one and the share of positives, where a person could plausibly act."""
    low, high = min(cut, share) / 4, min(0.95, max(cut, share) * 3)
    return np.linspace(max(1e-4, low), max(high, low * 2), 60)


def _benefit(y: NDArray[np.bool_], risk: Floats, cut: float) -> Figure:
    steps = _range(cut, float(y.mean()))
    model, everybody = decision_curve(y, risk, steps)
    floor = -0.25 * max(float(model.max()), 1e-9)
    data = {
        "series": [
            {"name": "this run", "x": steps.tolist(), "y": model.tolist()},
            {"name": "act on everybody", "x": steps.tolist(), "y": np.maximum(everybody, floor).tolist()},
        ],
        "x_title": "Probability from which one would act", "y_title": "Net benefit (true positives per row)", "level": 0.0,
        "percent": "x", "marked": {"x": cut, "y": binary.net_benefit(y, risk, cut), "name": "frozen threshold"},
    }  # fmt: skip
    best = model > np.maximum(everybody, 0) + 1e-12
    span = f"from {percent(steps[best].min())} to {percent(steps[best].max())}" if best.any() else "nowhere"
    caption = (
        "Acting by the model is worth more than acting on everybody or on nobody (the dashed line) where its line is the highest: "
        f"{span} within the range shown."
    )
    return Figure("decision_curve", "line", "Decision curve", data, caption)


def _costs(y: NDArray[np.bool_], risk: Floats, cut: float, decision: Decision) -> Figure:
    steps = np.unique(np.concatenate([np.linspace(0, 1, 101), np.quantile(risk, np.linspace(0, 1, 100)), [cut]]))
    order = np.argsort(risk, kind="stable")
    above = len(y) - np.searchsorted(risk[order], steps, side="left")
    hits = np.append(np.cumsum(y[order][::-1])[::-1], 0)[len(y) - above]
    mean = (decision.false_negative * (int(y.sum()) - hits) + decision.false_positive * (above - hits)) / len(y)
    at = binary.expected_cost(y, risk >= cut, decision.false_negative, decision.false_positive)
    trivial = min(decision.false_negative * float(y.mean()), decision.false_positive * (1 - float(y.mean())))
    data = {
        "series": [{"name": "this run", "x": steps.tolist(), "y": mean.tolist()}],
        "x_title": "Threshold", "y_title": "Mean cost of a row", "level": trivial, "percent": "x",
        "marked": {"x": cut, "y": at, "name": "frozen threshold"},
    }  # fmt: skip
    caption = (
        f"A miss costs {decision.false_negative:g}, a false alarm {decision.false_positive:g}. At the frozen threshold the mean cost is "
        f"{number(at)}; the better of acting on everybody and on nobody costs {number(trivial)} (the dashed line)."
    )
    return Figure("costs", "line", "Cost by threshold", data, caption)


def _predictive(recall: float, specificity: float, share: float) -> tuple[float, float]:
    """Positive and negative predictive value at a prevalence, by Bayes' rule; NaN where undefined."""
    up, down = recall * share, (1 - specificity) * (1 - share)
    right, missed = specificity * (1 - share), (1 - recall) * share
    return (up / (up + down) if up + down else math.nan, right / (right + missed) if right + missed else math.nan)


def _thresholds(view: View) -> Table:
    share = float(view.scored.positives.mean())
    prevalences = (share / 2, share, min(1.0, 2 * share))
    rows = []
    for one in threshold_rows(view.scored, view.task.decision) or []:
        found = {f"ppv_{i}": _predictive(one["recall"], one["specificity"], p)[0] for i, p in enumerate(prevalences)}
        found |= {f"npv_{i}": _predictive(one["recall"], one["specificity"], p)[1] for i, p in enumerate(prevalences)}
        looked = None if not one["precision"] or math.isnan(one["precision"]) else 1 / one["precision"]
        shown = number(one["threshold"]) + (" (frozen)" if one["frozen"] else "")
        rows.append(one | found | {"shown": shown, "marked": one["frozen"], "looked": looked})
    columns = [
        Column("shown", "Threshold"), Column("recall", "Found", "percent"), Column("specificity", "Others left alone", "percent"),
        *(Column(f"ppv_{i}", f"Flagged are right at {percent(p)}", "percent") for i, p in enumerate(prevalences)),
        *(Column(f"npv_{i}", f"Unflagged are right at {percent(p)}", "percent") for i, p in enumerate(prevalences)),
        Column("alerts_per_1000", "Alerts per 1,000", "number"), Column("looked", "Looked at for one hit", "number"),
        Column("cost_per_1000", "Cost per 1,000", "number"),
    ]  # fmt: skip
    note = (
        f"The predictive values are given for three shares of positives: half of that in these rows, the same ({percent(share)}) and "
        "twice it; where yours is another, they change. Only the marked row was fixed beforehand."
    )
    return Table("thresholds", tuple(columns), rows, "What a threshold means", note)


def _capacity(y: NDArray[np.bool_], risk: Floats) -> Table:
    rows = [
        {"capacity": share, "n": round(share * len(y)), "found": recall_at_capacity(y, risk, share),
         "right": precision_at_capacity(y, risk, share)}
        for share in CAPACITIES
        if share * len(y) >= 1
    ]  # fmt: skip
    columns = (Column("capacity", "Share that people can look at", "percent"), Column("n", "Rows", "count"),
               Column("found", "Positives found", "percent"), Column("right", "Of the looked at, positive", "percent"))  # fmt: skip
    return Table("capacity", columns, rows, "What a review capacity finds")
