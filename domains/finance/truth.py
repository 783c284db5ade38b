"""The true probability of fraud of every simulated payment, and of default of every simulated applicant.

A payment is of one of three kinds at once possible for it: genuine, a single large fraud, or part of a take-over. Each
kind is a stream of payments with a known density over card, terminal, day, time of day, amount and words; the chance
that a payment belongs to a kind is that kind's density over the sum of all (superposition of Poisson processes). While
its terminal is skimmed, a payment is fraud in three of four cases whatever it was drawn as.

The densities are those of the drawn world: whose card was taken over and when, which terminals were skimmed, what each
card usually pays. A model does not see these, it can only infer them from history; so this is a ceiling that no model
passes, and not one that a model can be expected to reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .simulator import (
    BURST,
    CATEGORIES,
    LARGE,
    LARGE_FACTOR,
    MORE,
    PAUSE,
    RARE_WORDS,
    SKIMMED_SHARE,
    TRIAL,
    WORDS,
    Drawn,
    draw_payments,
    simulate_credit,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fraud_probability", "true_default", "true_fraud"]

Floats = NDArray[np.float64]

WEEKDAY = np.array([1.0, 0.95, 0.95, 1.0, 1.2, 1.35, 0.9])
NODES = 24


def _clock(hour: Floats, centre: float, spread: float) -> Floats:
    """Density over the day, an hour of which is 1/24, of a normal time of day wrapped round midnight."""
    total = np.zeros_like(hour)
    for turn in (-24.0, 0.0, 24.0):
        total += np.exp(-0.5 * ((hour + turn - centre) / spread) ** 2)
    return np.asarray(24.0 * total / (spread * np.sqrt(2 * np.pi)))


def _log_normal(amount: Floats, level: Floats, spread: float) -> Floats:
    """Density of an amount whose logarithm is normal around that of a level."""
    z = (np.log(amount) - np.log(level)) / spread
    return np.asarray(np.exp(-0.5 * z * z) / (amount * spread * np.sqrt(2 * np.pi)))


def _between(amount: Floats, bounds: tuple[float, float], level: Floats | float = 1.0) -> Floats:
    low, high = bounds
    inside = (amount >= low * level) & (amount <= high * level)
    return np.asarray(inside / ((high - low) * level))


def fraud_probability(drawn: Drawn) -> Floats:
    """(n,) probability of fraud of every payment of a log, given the drawn world."""
    genuine, large, taken = _genuine(drawn), _large(drawn), _taken(drawn)
    chosen = (large + taken) / (genuine + large + taken)
    return np.asarray(np.where(drawn.skimmed, chosen + (1 - chosen) * SKIMMED_SHARE, chosen))


def _genuine(drawn: Drawn) -> Floats:
    """Density of genuine payments at each payment, for each day, card and terminal, EUR and kind of words."""
    world, day = drawn.world, np.floor(drawn.day).astype(np.int64)
    weekday = WEEKDAY[(np.arange(drawn.days) + 2) % 7]
    share = weekday / weekday.sum()
    active = world.activity / world.activity.sum()
    home = (world.home[drawn.card] == drawn.terminal[:, None]).mean(1)
    where = 0.85 * home + 0.15 / world.terminals
    factor = np.array([one[1] for one in CATEGORIES.values()])[world.category[drawn.terminal]]
    usual = world.level[drawn.card] * factor
    amount = (1 - LARGE) * _log_normal(drawn.amount, usual, 0.5)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    low, high = LARGE_FACTOR
    for node, weight in zip(0.5 * (high - low) * nodes + 0.5 * (high + low), weights / 2, strict=True):
        amount += LARGE * weight * _log_normal(drawn.amount, usual * node, 0.5)
    words = np.where(drawn.risky, RARE_WORDS, 1 - RARE_WORDS)
    time = share[day] * _clock(24 * (drawn.day % 1), 14.5, 4.2)
    return np.asarray(drawn.genuine * time * active[drawn.card] * where * amount * words)


def _words(drawn: Drawn) -> Floats:
    return np.where(drawn.risky, WORDS, 1 - WORDS)


def _large(drawn: Drawn) -> Floats:
    """The same of single large frauds."""
    world = drawn.world
    time = _clock(24 * (drawn.day % 1), 15, 6) / drawn.days
    amount = _log_normal(drawn.amount, world.level[drawn.card] * np.exp(2.3), 0.4)
    return np.asarray(drawn.large * time / world.cards / world.terminals * amount * _words(drawn))


def _taken(drawn: Drawn) -> Floats:
    """The same of take-overs, given when each card was taken over."""
    world = drawn.world
    day, level = np.floor(drawn.day), world.level[drawn.card]
    trial, burst = np.zeros(len(day)), np.zeros(len(day))
    order = np.argsort(drawn.card, kind="stable")
    first = np.searchsorted(drawn.card[order], drawn.taken_card)
    last = np.searchsorted(drawn.card[order], drawn.taken_card, side="right")
    for start, low, high in zip(drawn.taken, first, last, strict=True):
        at = order[low:high]
        at = at[(day[at] >= np.floor(start)) & (day[at] <= start + 60)]
        here = day[at]
        trial[at] += here == np.floor(start)
        until = np.where(here >= drawn.days - 1, np.inf, here + 1 - start)
        burst[at] += _gone(until) - _gone(here - start)
    own = _between(drawn.amount, TRIAL) * trial
    own += (2 * MORE - 1) * _between(drawn.amount, BURST, level) * burst
    time = _clock(24 * (drawn.day % 1), 22, 5)
    shop = np.where(world.online[drawn.terminal], 1 / len(world.shops), 0.0)
    return np.asarray(time * shop * own * _words(drawn))


def _gone(days: Floats) -> Floats:
    """Share of a burst's payments that came within so many days."""
    return np.asarray(1 - np.exp(-np.maximum(days, 0.0) / PAUSE))


def true_fraud(rows: int, seed: int) -> pd.DataFrame:
    """(rows, 2) true probabilities of genuine and fraud for the payments of `simulate_fraud(rows, seed)`."""
    return _two("genuine", "fraud", fraud_probability(draw_payments(rows, seed))[-rows:])


def true_default(rows: int, seed: int) -> pd.DataFrame:
    """(rows, 2) true probabilities of repaid and default for the applications of `simulate_credit(rows, seed)`."""
    return _two("repaid", "default", simulate_credit(rows, seed)["true_probability"].to_numpy(np.float64))


def _two(other: str, wanted: str, risk: Floats) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({other: 1 - risk, wanted: risk})
