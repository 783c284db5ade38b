"""Metrics of alerts under a review capacity: what do people find who can look at so much and no more?

`y` is (n,) bool, True for a fraud; `score` is (n,), higher is more suspect.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "best_card_precision_at_k",
    "card_days",
    "card_precision_at_k",
    "money_recall",
    "precision_at_capacity",
    "recall_at_capacity",
    "reviewed",
]


def reviewed(score: ArrayLike, share: float) -> NDArray[np.float64]:
    """Chance that each row is reviewed when the top `share` of all rows is, (n,) in [0, 1].

    The number of reviews is rounded down, but is at least one; rows level at the border are drawn at random.
    """
    score = np.asarray(score, dtype=np.float64)
    if not len(score):
        return np.empty(0)
    count = min(max(1, math.floor(share * len(score) + 1e-9)), len(score))
    border = np.partition(score, len(score) - count)[len(score) - count]
    above, level = score > border, score == border
    return np.where(above, 1.0, np.where(level, (count - above.sum()) / level.sum(), 0.0))


def recall_at_capacity(y: ArrayLike, score: ArrayLike, share: float) -> float:
    """Share of frauds found when the top `share` of rows is reviewed, ties in expectation.

    Range [0, 1], higher is better. NaN when there is no fraud.
    """
    y = np.asarray(y).astype(bool)
    return float(reviewed(score, share)[y].mean()) if y.any() else math.nan


def precision_at_capacity(y: ArrayLike, score: ArrayLike, share: float) -> float:
    """Share of frauds among the rows reviewed when the top `share` is, ties in expectation.

    Range [0, 1], higher is better. NaN when there are no rows.
    """
    y, seen = np.asarray(y).astype(bool), reviewed(score, share)
    return float(seen[y].sum() / seen.sum()) if len(y) else math.nan


def money_recall(y: ArrayLike, amount: ArrayLike, score: ArrayLike, share: float) -> float:
    """Share of the defrauded money found when the top `share` of rows is reviewed, ties in expectation.

    `amount` is (n,) in any currency, not negative. Range [0, 1], higher is better. NaN when no money was defrauded.
    """
    money = np.where(np.asarray(y).astype(bool), np.nan_to_num(np.asarray(amount, dtype=np.float64)), 0.0)
    total = float(money.sum())
    return float(money @ reviewed(score, share)) / total if total > 0 else math.nan


def card_precision_at_k(day: ArrayLike, card: ArrayLike, y: ArrayLike, score: ArrayLike, k: int) -> float:
    """Card precision at k: the share of compromised cards among the k cards that are checked each day, over days.

    A card's score and label of a day are the highest of its rows. A compromised card that was found is blocked: its
    later rows leave the test. `day` and `card` are (n,) of any sortable values; level cards are checked in the order
    of `card`. Range [0, 1], higher is better; a day with fewer than k compromised cards cannot reach 1, so read it
    beside `best_card_precision_at_k`. NaN when there are no rows.
    Source: Le Borgne et al., Fraud Detection Handbook, chapter 4.
    """
    found = card_days(day, card, y, score, k)[2]
    return float(np.mean(found / k)) if len(found) else math.nan


def card_days(
    day: ArrayLike, card: ArrayLike, y: ArrayLike, score: ArrayLike, k: int
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """The days that `card_precision_at_k` averages.

    Returns:
        (d,) the days in order; (d,) compromised cards of each day that were not found before; (d,) those found among the k
        cards checked.
    """
    y, score = np.asarray(y).astype(bool), np.asarray(score, dtype=np.float64)
    days, when = np.unique(np.asarray(day), return_inverse=True)
    cards, who = np.unique(np.asarray(card), return_inverse=True)
    rows_of_day = np.split(np.argsort(when, kind="stable"), np.cumsum(np.bincount(when, minlength=len(days)))[:-1])
    blocked = np.zeros(len(cards), dtype=bool)
    there, found = np.zeros(len(days), dtype=np.int64), np.zeros(len(days), dtype=np.int64)
    for at, rows in enumerate(rows_of_day[: len(days)]):
        rows = rows[~blocked[who[rows]]]
        today, place = np.unique(who[rows], return_inverse=True)
        highest = np.full(len(today), -np.inf)
        np.maximum.at(highest, place, score[rows])
        compromised = np.bincount(place, weights=y[rows], minlength=len(today)) > 0
        checked = np.argsort(-highest, kind="stable")[:k]
        caught = today[checked[compromised[checked]]]
        blocked[caught] = True
        there[at], found[at] = int(compromised.sum()), len(caught)
    return days, there, found


def best_card_precision_at_k(day: ArrayLike, card: ArrayLike, y: ArrayLike, k: int) -> float:
    """Card precision at k of a model that knows the truth: the most that can be reached on these days.

    Range [0, 1]. NaN when there are no rows.
    """
    return card_precision_at_k(day, card, y, np.asarray(y, dtype=np.float64), k)
