"""The page-one boxes: what a head of fraud and a risk officer read first. All numbers are of the test rows."""

from __future__ import annotations

import math

import numpy as np

from ...core.task import Box, Scored
from ...evaluation.metrics.binary import expected_cost, gini, ks, precision_at, recall_at
from ...evaluation.metrics.groups import group_rates, lowest_ratio
from ...evaluation.metrics.shares import clopper_pearson
from .history import DELAY_DAYS
from .metrics import (
    CREDIT_DECISION,
    FRAUD_DECISION,
    MONEY_RECALL,
    RECALL_AT_CAPACITY,
    TOO_LOW,
    best_card_precision,
    card_precision,
    cards_checked,
    gini_ks_intervals,
    grade_rows,
    reviewed_by_day,
)

__all__ = ["credit_page_one", "fraud_page_one"]

TOO_FEW = 30
"""Groups of fewer rows get no figure."""
PROTECTED = ("sex", "age_band", "foreign_worker", "personal_status", "marriage")
"""Columns whose groups the risk officer's box looks at."""


def _percent(share: float, digits: int = 1) -> str:
    return "not defined" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def _plain(value: float, digits: int = 3) -> str:
    return "not defined" if math.isnan(value) else f"{value:.{digits}f}"


def _between(bounds: tuple[float, float]) -> str:
    return "no interval" if math.isnan(bounds[0]) else f"95 % interval {bounds[0]:.3f} to {bounds[1]:.3f}"


def _exact(hits: int, n: int) -> str:
    """A share's counts with its exact interval."""
    low, high = clopper_pearson(hits, n)
    return f"{hits:,} of {n:,}; exact 95 % interval {_percent(low)} to {_percent(high)}"


# Fraud ---------------------------------------------------------------------------------------------------------------


def fraud_page_one(scored: Scored) -> list[Box]:
    """Recall and precision at the review capacity, money found, false alarms, cards, time. Empty without rows."""
    if not len(scored) or scored.positive is None:
        return []
    truth = scored.positives
    cut = 0.5 if scored.threshold is None else scored.threshold
    origin = (
        "no threshold was frozen, 0.5 is taken" if scored.threshold is None else f"threshold {cut:.3g} of validation"
    )
    alert = scored.risk >= cut
    genuine = int((~truth).sum())
    false_alarms = 1000 * int((alert & ~truth).sum()) / genuine if genuine else math.nan
    share = _percent(FRAUD_DECISION.capacity)
    frauds = int(truth.sum())
    boxes = [
        Box(
            "Frauds found",
            _percent(RECALL_AT_CAPACITY.function(scored)),
            f"when the top {share} of all {len(scored):,} rows is reviewed; {frauds:,} frauds",
        ),
        *_each_day(scored),
        Box("Defrauded money found", _percent(MONEY_RECALL.function(scored)), f"when the top {share} is reviewed"),
        Box(
            "Alerts that are fraud",
            _percent(precision_at(truth, alert)),
            f"{origin}; it alerts {_percent(float(alert.mean()), 2)} of the rows and "
            f"finds {_percent(recall_at(truth, alert))} of the frauds",
        ),
        Box(
            "False alarms",
            _plain(false_alarms, 1),
            f"per 1,000 genuine transactions, at that threshold ({genuine:,} genuine)",
        ),
        *_cards(scored, alert),
        Box("Frauds in the test rows", f"{frauds} of {len(scored)}", _percent(float(truth.mean()), 2)),
        Box(
            "Label delay",
            f"{DELAY_DAYS} days",
            "assumption: a fraud is known so late; the history of terminals and the parts of the split keep that distance, but "
            "a fraud that was never reported counts here as genuine",
        ),
    ]
    k = cards_checked(scored)
    if k:
        best = _plain(best_card_precision(scored))
        note = f"share of compromised cards among {k} checked a day; knowing the truth would give {best}"
        boxes.append(Box("Card precision", _plain(card_precision(scored)), note))
    return boxes


def _each_day(scored: Scored) -> list[Box]:
    """Recall and precision where the capacity is that of each day."""
    seen = reviewed_by_day(scored, FRAUD_DECISION.capacity)
    if seen is None:
        return []
    truth, frauds = scored.positives, int(scored.positives.sum())
    hits, reviews = int((seen & truth).sum()), int(seen.sum())
    recall, precision = recall_at(truth, seen), precision_at(truth, seen)
    note = (
        f"frauds found, and reviews that are fraud, when each day the top {_percent(FRAUD_DECISION.capacity)} of that day (at "
        f"least one) is reviewed: {reviews:,} reviews"
    )
    if frauds:
        note += f"; found {_exact(hits, frauds)}"
    return [Box("Each day: recall / precision", f"{_percent(recall)} / {_percent(precision)}", note)]


def _cards(scored: Scored, alert: np.ndarray) -> list[Box]:
    """Good customers who are bothered, and how late a compromised card is seen."""
    import pandas as pd

    if "card" not in scored.rows.columns:
        return []
    code = pd.factorize(scored.rows["card"])[0].astype(np.int64)
    truth, count = scored.positives, int(code.max(initial=-1)) + 1
    known = code >= 0
    bad = np.bincount(code[known], truth[known], count) > 0
    raised = np.bincount(code[known], alert[known], count) > 0
    good = int((~bad).sum())
    boxes = []
    if good:
        bothered = int((raised & ~bad).sum())
        note = f"cards without any fraud that got at least one alert: {bothered:,} of {good:,}, at the same threshold"
        boxes.append(Box("False declines of good customers", f"{1000 * bothered / good:.1f} per 1,000", note))
    if "time" not in scored.rows.columns or not bad.any():
        return boxes
    time = pd.to_datetime(scored.rows["time"], errors="coerce").to_numpy("datetime64[s]").astype(np.float64)
    begun, seen = np.full(count, math.inf), np.full(count, math.inf)
    np.minimum.at(begun, code[known & truth], time[known & truth])
    np.minimum.at(seen, code[known & truth & alert], time[known & truth & alert])
    caught = bad & np.isfinite(seen)
    waits = (seen[caught] - begun[caught]) / 3600
    first, cards = int((waits <= 0).sum()), int(bad.sum())
    value = "never" if not len(waits) else f"{np.median(waits):.0f} hours, {len(waits)} of {cards} cards"
    note = (
        f"median from a compromised card's first fraud to the first alert on one of its frauds, where there was one; "
        f"{first} were seen at their first fraud, {cards - len(waits)} never in these rows"
    )
    return [*boxes, Box("Time to detect", value, note)]


# Credit --------------------------------------------------------------------------------------------------------------


def credit_page_one(scored: Scored) -> list[Box]:
    """Gini and KS, approvals and their bad rate at the cost threshold, cost, grades, groups. Empty without rows."""
    if not len(scored) or scored.positive is None:
        return []
    bad, miss, alarm = scored.positives, CREDIT_DECISION.false_negative, CREDIT_DECISION.false_positive
    cut = alarm / (alarm + miss) if scored.threshold is None else scored.threshold
    refer = scored.risk >= cut
    accepted = ~refer
    taken, lost = int(accepted.sum()), int((accepted & bad).sum())
    cost = expected_cost(bad, refer, miss, alarm)
    everyone, nobody = miss * float(bad.mean()), alarm * float((~bad).mean())
    for_gini, for_ks = gini_ks_intervals(scored)
    boxes = [
        Box(
            "Gini / KS",
            f"{_plain(gini(bad, scored.risk))} / {_plain(ks(bad, scored.risk))}",
            f"0 is chance, 1 perfect; Gini {_between(for_gini)}, KS {_between(for_ks)}; {len(scored):,} applications, "
            f"{int(bad.sum()):,} defaults",
        ),
        Box(
            "Accepted",
            _percent(float(accepted.mean())),
            f"probability of default below {cut:.3g}; the rest is referred to a person",
        ),
        Box(
            "Bad rate among accepted",
            _percent(lost / taken if taken else math.nan),
            (f"{_exact(lost, taken)}; " if taken else "")
            + f"{_percent(float(bad.mean()))} of all applications defaulted",
        ),
        Box(
            "Mean cost",
            _plain(cost),
            f"missed default {miss:g}, refused good loan {alarm:g}; accepting all costs {everyone:.3f}, refusing all "
            f"{nobody:.3f}" + ("" if cost < min(everyone, nobody) else ": the model saves nothing here"),
        ),
        _profit(scored, accepted),
        _grades(scored),
        *_groups(scored, accepted),
    ]
    return boxes + _reachable(scored)


def _profit(scored: Scored, accepted: np.ndarray) -> Box:
    bad, miss, gain = scored.positives, CREDIT_DECISION.false_negative, CREDIT_DECISION.false_positive
    earned = gain * int((accepted & ~bad).sum()) - miss * int((accepted & bad).sum())
    whole = gain * int((~bad).sum()) - miss * int(bad.sum())
    note = (
        f"in gains of one good loan, assuming that a default loses {miss / gain:g} of them and a referred loan earns nothing; "
        f"accepting all {len(scored):,} gives {100 * whole / len(scored):.1f}; see the cut-off table for other cuts"
    )
    return Box("Expected profit per 100 applications", f"{100 * earned / len(scored):.1f}", note)


def _grades(scored: Scored) -> Box:
    """Do the predicted probabilities of default hold, grade by grade?"""
    grades = grade_rows(scored)
    low = [g for g in grades if g["light"] == "too low"]
    high = [g for g in grades if g["light"] == "too high"]
    value = f"{len(grades) - len(low) - len(high)} of {len(grades)} hold"
    note = (
        f"probability of default against what happened in fixed grades, Jeffreys test, p below {TOO_LOW:g} is called too low; "
        f"one grade in {1 / TOO_LOW:.0f} is by luck"
    )
    for words, some in (("too low", low), ("too high", high)):
        if some:
            listed = ", ".join(
                f"{g['grade']} ({_percent(g['expected'])} said, {_percent(g['observed'])} of {g['rows']} defaulted)"
                for g in some
            )
            note += f"; {words}: {listed}"
    return Box("Grades", value, note)


def _groups(scored: Scored, accepted: np.ndarray) -> list[Box]:
    """Lowest share accepted over the highest, for each protected column."""
    import pandas as pd

    said, worst = [], math.inf
    for name in PROTECTED:
        if name not in scored.rows.columns:
            continue
        code, kinds = pd.factorize(scored.rows[name].astype(object))
        rates = group_rates(scored.positives, accepted, code.astype(np.int64), len(kinds))
        large = np.flatnonzero(rates.rows >= TOO_FEW)
        if len(large) < 2:
            continue
        share = rates.selection[large]
        ratio = lowest_ratio(share)
        if math.isnan(ratio):
            continue
        low, high = large[np.argmin(share)], large[np.argmax(share)]
        said.append(
            f"{name.replace('_', ' ')} {ratio:.2f}: {kinds[low]} {_percent(share.min(), 0)} of {rates.rows[low]}, {kinds[high]} "
            f"{_percent(share.max(), 0)} of {rates.rows[high]}"
        )
        worst = min(worst, ratio)
    if not said:
        return []
    note = f"lowest share accepted over the highest, by group; four fifths (0.8) is the usual screen; {'; '.join(said)}"
    return [Box("Groups accepted alike", f"{worst:.2f}", note)]


def _reachable(scored: Scored) -> list[Box]:
    """Simulated rows know their true probability: how much of the reachable Gini was reached."""
    import pandas as pd

    if "true_probability" not in scored.rows.columns:
        return []
    known = pd.to_numeric(scored.rows["true_probability"], errors="coerce").to_numpy(float)
    if pd.isna(known).any():
        return []
    best, own = gini(scored.positives, known), gini(scored.positives, scored.risk)
    if not best > 0:
        return []
    return [
        Box(
            "Share of the reachable Gini",
            _percent(own / best, 0),
            f"the simulator's own probabilities reach {best:.3f}",
        )
    ]
