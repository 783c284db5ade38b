"""Metrics of finance that need more than labels and scores: cards, days, money and a review capacity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.task import Decision, Metric, Scored
from ...evaluation.metrics.binary import gini, ks
from ...evaluation.metrics.fraud import (
    best_card_precision_at_k,
    card_days,
    card_precision_at_k,
    money_recall,
    recall_at_capacity,
)
from ...evaluation.metrics.shares import jeffreys_interval, jeffreys_p

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
    "cards_by_day",
    "cards_checked",
    "gini_ks_intervals",
    "grade_rows",
    "money_of",
    "reviewed_by_day",
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
    import pandas as pd

    found = _days_and_cards(scored)
    if found is None:
        return 0
    days, cards = found
    width = int(cards.max()) + 2  # a card that is missing is -1
    pairs = pd.unique(pd.factorize(days)[0].astype(np.int64) * width + cards + 1)
    per_day = np.bincount(pairs // width)
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


def cards_by_day(scored: Scored) -> list[dict[str, Any]]:
    """Give the days behind `card_precision`: day, compromised cards not found before, found among the cards checked.

    Empty where the rows have no card or no time.
    """
    found = _days_and_cards(scored)
    if found is None:
        return []
    days, there, caught = card_days(*found, scored.positives, scored.risk, cards_checked(scored))
    return [
        {"day": str(np.datetime64(int(day), "D")), "compromised": int(n), "found": int(k)}
        for day, n, k in zip(days, there, caught, strict=True)
    ]


def reviewed_by_day(scored: Scored, share: float) -> NDArray[np.bool_] | None:
    """Mark the rows that are reviewed when each day the riskiest `share` of that day's rows is, at least one a day.

    The first of level rows is taken. None where the rows have no time.
    """
    import pandas as pd

    if "time" not in scored.rows.columns:
        return None
    days = pd.to_datetime(scored.rows["time"], errors="coerce").to_numpy("datetime64[D]").astype(np.int64)
    order = np.lexsort((-scored.risk, days))
    _, starts, counts = np.unique(days[order], return_index=True, return_counts=True)
    place = np.arange(len(days)) - np.repeat(starts, counts)
    most = np.maximum(1, np.floor(share * counts + 1e-9))
    seen = np.zeros(len(days), bool)
    seen[order] = place < np.repeat(most, counts)
    return seen


def money_of(scored: Scored) -> NDArray[np.float64] | None:
    """Amounts of the rows, (n,), not below 0, 0 where missing; None without a column amount."""
    import pandas as pd

    if "amount" not in scored.rows.columns:
        return None
    amount = pd.to_numeric(scored.rows["amount"], errors="coerce").to_numpy(float)
    return np.asarray(np.clip(np.nan_to_num(amount), 0.0, None), dtype=np.float64)


MASTER_SCALE = (0.02, 0.05, 0.10, 0.20, 0.35, 0.50)
"""Bounds of the grades A, B, … by predicted probability of default; fixed beforehand, never fitted to the rows."""
TOO_LOW = 0.05
"""A grade whose Jeffreys p-value is below has more defaults than its probability explains."""


def grade_rows(scored: Scored) -> list[dict[str, Any]]:
    """Set the mean predicted probability of default of each grade against what happened.

    Each row: grade, bounds, rows, defaults, expected (mean predicted probability), observed, interval (Jeffreys, 95 %),
    p (Jeffreys test, small where the predicted probability is too low), light ("too low" below `TOO_LOW`, "too high" above
    1 - `TOO_LOW`, else "holds"). Grades without rows are left out.
    """
    place = np.searchsorted(np.array(MASTER_SCALE), scored.risk, side="right")
    edges = (0.0, *MASTER_SCALE, 1.0)
    found = []
    for at in np.unique(place):
        own = place == at
        n, bad, expected = int(own.sum()), int(scored.positives[own].sum()), float(scored.risk[own].mean())
        p = jeffreys_p(bad, n, expected)
        found.append(
            {
                "grade": "ABCDEFG"[at],
                "bounds": (edges[at], edges[at + 1]),
                "rows": n,
                "defaults": bad,
                "expected": expected,
                "observed": bad / n,
                "interval": jeffreys_interval(bad, n),
                "p": p,
                "light": "too low" if p < TOO_LOW else "too high" if p > 1 - TOO_LOW else "holds",
            }
        )
    return found


def gini_ks_intervals(scored: Scored, draws: int = 300) -> tuple[tuple[float, float], tuple[float, float]]:
    """95 % bootstrap intervals of Gini and of Kolmogorov-Smirnov; (NaN, NaN) where one outcome is missing.

    For more than 5,000 rows the draws are of that many and are narrowed by the root of the share (m out of n; Bickel,
    Götze and van Zwet 1997, Statistica Sinica 7:1).
    """
    y, risk, most = scored.positives, scored.risk, 5000
    nothing = (math.nan, math.nan)
    if not y.any() or y.all():
        return nothing, nothing
    random = np.random.default_rng(0)
    some = np.arange(len(y)) if len(y) <= most else random.choice(len(y), most, replace=False)
    values = []
    for _ in range(draws):
        index = some[random.integers(len(some), size=len(some))]
        values.append((gini(y[index], risk[index]), ks(y[index], risk[index])))
    drawn, root = np.array(values), math.sqrt(len(some) / len(y))
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    if len(drawn) < draws // 2:
        return nothing, nothing
    ends = []
    for at, measure in enumerate((gini, ks)):
        whole = measure(y, risk)
        middle = whole if len(some) == len(y) else measure(y[some], risk[some])
        low, high = np.quantile(whole + root * (drawn[:, at] - middle), [0.025, 0.975])
        ends.append((float(low), float(high)))
    return ends[0], ends[1]


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
