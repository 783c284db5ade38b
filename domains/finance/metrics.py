"""Metrics of finance that need more than labels and scores: cards, days, money and a review capacity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...core.task import Decision, Metric, Scored
from ...evaluation.metrics.fraud import best_card_precision_at_k, card_precision_at_k, money_recall, recall_at_capacity

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "CARD_PRECISION",
    "CREDIT_DECISION",
    "FRAUD_DECISION",
    "MONEY_RECALL",
    "RECALL_AT_CAPACITY",
    "best_card_precision",
    "card_precision",
    "cards_checked",
]

FRAUD_DECISION = Decision(rule="capacity", capacity=0.02)
"""Two transactions in a hundred can be looked at."""
CREDIT_DECISION = Decision(rule="cost", false_negative=5.0, false_positive=1.0)
"""A missed default costs five times a refused good loan, the cost matrix of the Statlog German credit data."""

CARDS = 100
"""Cards that are checked a day."""
CARD_SHARE = 0.05
"""Where a day has few cards, at most this share of them is checked."""


def _days_and_cards(scored: Scored) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """(n,) day and (n,) card as whole numbers; None where the rows lack them."""
    import pandas as pd

    rows = scored.rows
    if not len(scored) or "card" not in rows.columns or "time" not in rows.columns:
        return None
    days = pd.to_datetime(rows["time"], errors="coerce").to_numpy("datetime64[D]").astype(np.int64)
    return days, pd.factorize(rows["card"])[0].astype(np.int64)


def cards_checked(scored: Scored) -> int:
    """Cards checked a day: 100, or 5 % of the median day's cards where less, at least 1; 0 without cards."""
    found = _days_and_cards(scored)
    if found is None:
        return 0
    days, cards = found
    pairs = np.unique(np.column_stack([days, cards]), axis=0)
    per_day = np.unique(pairs[:, 0], return_counts=True)[1]
    return min(CARDS, max(1, math.floor(CARD_SHARE * float(np.median(per_day)))))


def card_precision(scored: Scored) -> float:
    """Card precision at `cards_checked`, in [0, 1], higher is better; NaN where the rows have no card or no time.

    Source: Le Borgne et al., Fraud Detection Handbook, chapter 4.
    """
    found = _days_and_cards(scored)
    if found is None:
        return math.nan
    return card_precision_at_k(*found, scored.positives, scored.risk, cards_checked(scored))


def best_card_precision(scored: Scored) -> float:
    """What `card_precision` would be for a model that knows the truth; NaN where the rows have no card or no time."""
    found = _days_and_cards(scored)
    return math.nan if found is None else best_card_precision_at_k(*found, scored.positives, cards_checked(scored))


def _recall_at_capacity(scored: Scored) -> float:
    return recall_at_capacity(scored.positives, scored.risk, FRAUD_DECISION.capacity)


def _money_recall(scored: Scored) -> float:
    import pandas as pd

    if "amount" not in scored.rows.columns:
        return math.nan
    amount = pd.to_numeric(scored.rows["amount"], errors="coerce").to_numpy(float)
    return money_recall(scored.positives, np.clip(amount, 0.0, None), scored.risk, FRAUD_DECISION.capacity)


_SHARE = f"{100 * FRAUD_DECISION.capacity:g} %"

CARD_PRECISION = Metric(
    "card_precision_100", "Card precision at 100 a day (5 % of a day's cards where that is less)", card_precision
)
RECALL_AT_CAPACITY = Metric("recall_at_capacity", f"Frauds found when {_SHARE} is reviewed", _recall_at_capacity)
MONEY_RECALL = Metric("money_recall", f"Defrauded money found when {_SHARE} is reviewed", _money_recall)
