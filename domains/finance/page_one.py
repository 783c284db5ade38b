"""The page-one boxes: what a head of fraud and a risk officer read first. All numbers are of the test rows."""

from __future__ import annotations

import math

from ...core.task import Box, Scored
from ...evaluation.metrics.binary import expected_cost, gini, ks, precision_at, recall_at
from .metrics import (
    CREDIT_DECISION,
    FRAUD_DECISION,
    MONEY_RECALL,
    RECALL_AT_CAPACITY,
    best_card_precision,
    card_precision,
    cards_checked,
)

__all__ = ["credit_page_one", "fraud_page_one"]


def _percent(share: float, digits: int = 1) -> str:
    return "not defined" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def _plain(value: float, digits: int = 3) -> str:
    return "not defined" if math.isnan(value) else f"{value:.{digits}f}"


def fraud_page_one(scored: Scored) -> list[Box]:
    """Recall and precision at the review capacity, money found, false alarms, cards. Empty without rows."""
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
    boxes = [
        Box("Frauds found", _percent(RECALL_AT_CAPACITY.function(scored)), f"when the top {share} is reviewed"),
        Box("Defrauded money found", _percent(MONEY_RECALL.function(scored)), f"when the top {share} is reviewed"),
        Box(
            "Alerts that are fraud",
            _percent(precision_at(truth, alert)),
            f"{origin}; it alerts {_percent(float(alert.mean()), 2)} of the rows and "
            f"finds {_percent(recall_at(truth, alert))} of the frauds",
        ),
        Box("False alarms", _plain(false_alarms, 1), "per 1,000 genuine transactions, at that threshold"),
        Box("Frauds in the test rows", f"{int(truth.sum())} of {len(scored)}", _percent(float(truth.mean()), 2)),
    ]
    k = cards_checked(scored)
    if k:
        best = _plain(best_card_precision(scored))
        note = f"share of compromised cards among {k} checked a day; knowing the truth would give {best}"
        boxes.append(Box("Card precision", _plain(card_precision(scored)), note))
    return boxes


def credit_page_one(scored: Scored) -> list[Box]:
    """Gini and KS, approvals and their bad rate at the cost threshold, cost against the two trivial policies."""
    if not len(scored) or scored.positive is None:
        return []
    bad, miss, alarm = scored.positives, CREDIT_DECISION.false_negative, CREDIT_DECISION.false_positive
    cut = alarm / (alarm + miss) if scored.threshold is None else scored.threshold
    refer = scored.risk >= cut
    accepted = ~refer
    bad_rate = float(bad[accepted].mean()) if accepted.any() else math.nan
    cost = expected_cost(bad, refer, miss, alarm)
    everyone, nobody = miss * float(bad.mean()), alarm * float((~bad).mean())
    boxes = [
        Box(
            "Gini / KS", f"{_plain(gini(bad, scored.risk))} / {_plain(ks(bad, scored.risk))}", "0 is chance, 1 perfect"
        ),
        Box(
            "Accepted",
            _percent(float(accepted.mean())),
            f"probability of default below {cut:.3g}; the rest is referred",
        ),
        Box(
            "Bad rate among accepted",
            _percent(bad_rate),
            f"{_percent(float(bad.mean()))} of all applications defaulted",
        ),
        Box(
            "Mean cost",
            _plain(cost),
            f"missed default {miss:g}, refused good loan {alarm:g}; accepting all costs {everyone:.3f}, refusing all "
            f"{nobody:.3f}" + ("" if cost < min(everyone, nobody) else ": the model saves nothing here"),
        ),
    ]
    return boxes + _reachable(scored)


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
