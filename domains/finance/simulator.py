"""Simulated transactions: cards, terminals and three ways of fraud, so that `finance.fraud` runs anywhere.

The idea of three scenarios is that of the Fraud Detection Handbook's simulator (Le Borgne et al., ULB 2022); mechanism,
parameters and words are our own:

* single large purchases on a stolen card number, hidden among rarer genuine large purchases;
* skimmed terminals: for three weeks most payments there turn out to be fraud, their amounts look ordinary, so only
  the terminal's known history speaks;
* taken-over cards: a small trial payment, then a burst of larger ones at online shops within a few days, described by
  words such as "voucher code by e-mail".

The world drifts: card payments become contactless, and take-overs become more frequent. What the simulator knows of a
payment beyond its record is kept in `Drawn`, from which `truth` works out the true probability of fraud.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...core.errors import DataError
from .history import add_history
from .simulator_credit import simulate_credit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CATEGORIES", "Drawn", "World", "draw_payments", "simulate_credit", "simulate_fraud"]

START = "2025-01-01"
WARM_UP_DAYS = 45
"""Days before the rows that are returned, so that 30-day windows with a delay of 7 days are full."""
KEPT_DAYS = 75
"""Days that the returned rows span: enough for a split by time with two delays of 7 days."""

# Category -> share of terminals, amount against the card's own level, ordinary words, words that fraud prefers.
CATEGORIES: dict[str, tuple[float, float, tuple[str, ...], tuple[str, ...]]] = {
    "groceries": (0.24, 0.9, ("weekly shop", "bakery counter", "fruit and vegetables"), ("prepaid card rack",)),
    "restaurant": (0.16, 0.8, ("lunch for two", "table service", "take-away"), ("tab left open",)),
    "fuel": (0.10, 1.3, ("pump 3 unleaded", "diesel and car wash", "charging point"), ("jerrycans and tobacco",)),
    "clothing": (0.10, 1.6, ("shoes", "winter coat", "children's wear"), ("ten designer belts",)),
    "pharmacy": (0.08, 0.7, ("prescription", "skin care", "cold remedy"), ("perfume sets",)),
    "electronics": (
        0.08,
        3.0,
        ("headphones", "washing machine part", "printer ink"),
        ("three phones, pick-up locker",),
    ),
    "travel": (0.08, 3.5, ("train ticket", "hotel two nights", "airport bus"), ("one-way flight today",)),
    "digital goods": (0.10, 0.6, ("music subscription", "film rental", "storage plan"), ("voucher code by e-mail",)),
    "money transfer": (
        0.06,
        2.5,
        ("family remittance", "rent to landlord"),
        ("wallet top-up instant", "coin purchase"),
    ),
}
_ONLINE = {"electronics": 0.5, "travel": 0.6, "digital goods": 1.0, "money transfer": 0.8, "clothing": 0.3}
_PLACES = ("North", "Harbour", "Old Town", "Station", "Hill", "River", "Market", "Garden", "Bridge", "West")
_TRADES = ("Corner", "House", "Point", "Store", "Hall", "Yard")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


LARGE, LARGE_FACTOR = 0.012, (3.0, 8.0)
"""Share of genuine payments that are unusually large, and how many times."""
LARGE_FRAUDS, TAKEN_OVER, SKIMMED = 0.006, 0.016, 0.085
"""Frauds of the first kind for each payment, those of the third, and skimmed terminals for each terminal."""
SKIMMED_DAYS, SKIMMED_SHARE = 21.0, 0.75
TRIAL, BURST = (0.5, 3.0), (1.2, 6.0)
"""Bounds in EUR of a trial payment, and of a burst's payments against the card's level."""
MORE, PAUSE = 4, 1.2
"""Least payments after a take-over (and as many again on average), and days between them and the trial, on average."""
WORDS, RARE_WORDS = 0.75, 0.025
"""How often a payment that a fraudster chose, and one that he did not, has the words that fraud prefers."""


class World:
    """Cards and terminals and their habits."""

    def __init__(self, rng: np.random.Generator, rows: int) -> None:
        self.cards, self.terminals = max(12, rows // 40), max(10, rows // 60)
        self.level = np.exp(rng.normal(3.3, 0.55, self.cards))  # usual amount of a card
        self.activity = rng.gamma(2.0, 1.0, self.cards) + 0.1
        self.home = rng.integers(0, self.terminals, (self.cards, 12))
        names = list(CATEGORIES)
        share = np.array([CATEGORIES[name][0] for name in names])
        self.category: Ints = rng.choice(len(names), self.terminals, p=share)
        self.category[: len(names)] = np.arange(len(names))  # every trade exists however small the town
        online = np.array([_ONLINE.get(name, 0.0) for name in names])
        self.online = rng.random(self.terminals) < online[self.category]
        self.online[list(names).index("digital goods")] = True
        self.shops = np.flatnonzero(self.online)
        place, trade = rng.integers(0, len(_PLACES), self.terminals), rng.integers(0, len(_TRADES), self.terminals)
        self.brand = np.array([f"{_PLACES[p]} {_TRADES[t]}" for p, t in zip(place, trade, strict=True)], dtype=object)


class _Payments:
    """Columns of payments, one list per column, joined at the end."""

    def __init__(self) -> None:
        self.parts: list[tuple[Floats, Ints, Ints, Floats, NDArray[np.bool_]]] = []

    def add(self, day: Floats, card: Ints, terminal: Ints, amount: Floats, fraud: bool) -> None:
        self.parts.append((day, card, terminal, amount, np.full(len(day), fraud)))

    def joined(self) -> tuple[Floats, Ints, Ints, Floats, NDArray[np.bool_]]:
        day, card, terminal, amount, fraud = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        order = np.argsort(day, kind="stable")
        return day[order], card[order], terminal[order], amount[order], fraud[order]


def _clock(rng: np.random.Generator, n: int, hour: float, spread: float) -> Floats:
    """Share of the day in [0, 1), around an hour."""
    return np.asarray(np.mod(rng.normal(hour, spread, n), 24.0) / 24.0)


def _genuine(rng: np.random.Generator, world: World, n: int, days: int, out: _Payments) -> None:
    weekday = np.array([1.0, 0.95, 0.95, 1.0, 1.2, 1.35, 0.9])[(np.arange(days) + 2) % 7]  # 2025-01-01 is a Wednesday
    day = rng.choice(days, n, p=weekday / weekday.sum()) + _clock(rng, n, 14.5, 4.2)
    card = rng.choice(world.cards, n, p=world.activity / world.activity.sum())
    terminal = world.home[card, rng.integers(0, 12, n)]
    elsewhere = rng.random(n) < 0.15
    terminal[elsewhere] = rng.integers(0, world.terminals, int(elsewhere.sum()))
    factor = np.array([c[1] for c in CATEGORIES.values()])[world.category[terminal]]
    amount = world.level[card] * factor * np.exp(rng.normal(0, 0.5, n))
    large = rng.random(n) < LARGE
    amount[large] *= rng.uniform(*LARGE_FACTOR, int(large.sum()))
    out.add(day, card, terminal, amount, False)


def _single_large(rng: np.random.Generator, world: World, n: int, days: int, out: _Payments) -> None:
    # Evenly spread over the days, so that even a small sample holds some.
    day = np.floor((np.arange(n) + rng.random(n)) / n * days) + _clock(rng, n, 15, 6)
    card, terminal = rng.integers(0, world.cards, n), rng.integers(0, world.terminals, n)
    out.add(day, card, terminal, world.level[card] * np.exp(rng.normal(2.3, 0.4, n)), True)


def _takeovers(rng: np.random.Generator, world: World, events: int, days: int, out: _Payments) -> tuple[Floats, Ints]:
    """(events,) when a card was taken over, more often later on, and which."""
    start = np.sqrt((np.arange(events) + rng.random(events)) / events * 0.75 + 0.25) * 2 * days - days
    card = rng.integers(0, world.cards, events)
    size = MORE + rng.poisson(MORE, events)
    event = np.repeat(np.arange(events), size)
    n = len(event)
    trial = np.concatenate([[True], event[1:] != event[:-1]])
    after = np.where(trial, 0.0, rng.exponential(PAUSE, n))
    amount = world.level[card[event]] * rng.uniform(*BURST, n)
    amount[trial] = rng.uniform(*TRIAL, int(trial.sum()))
    day = np.minimum(np.floor(start[event] + after), days - 1) + _clock(rng, n, 22, 5)
    out.add(day, card[event], world.shops[rng.integers(0, len(world.shops), n)], amount, True)
    return start, card


def _skimmed(rng: np.random.Generator, world: World, day: Floats, terminal: Ints, days: int) -> NDArray[np.bool_]:
    """Payments at terminals while they were skimmed, for three weeks each."""
    events = max(2, round(SKIMMED * world.terminals))
    start = (np.arange(events) + rng.random(events)) / events * days - 5
    where = rng.choice(np.flatnonzero(~world.online), events)
    order = np.argsort(terminal, kind="stable")
    first, last = np.searchsorted(terminal[order], where), np.searchsorted(terminal[order], where, side="right")
    hit = np.zeros(len(day), dtype=bool)
    for begin, low, high in zip(start, first, last, strict=True):
        at = order[low:high]
        hit[at] |= (day[at] >= begin) & (day[at] < begin + SKIMMED_DAYS)
    return hit


def _descriptors(
    rng: np.random.Generator, world: World, terminal: Ints, risky: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """What the statement says of a payment; `risky` marks those with words that fraud prefers."""
    category = world.category[terminal]
    words = np.empty(len(terminal), dtype=object)
    for index, (_, _, ordinary, preferred) in enumerate(CATEGORIES.values()):
        for phrases, chosen in ((ordinary, ~risky), (preferred, risky)):
            at = np.flatnonzero((category == index) & chosen)
            words[at] = np.array(phrases, dtype=object)[rng.integers(0, len(phrases), len(at))]
    return np.asarray(world.brand[terminal] + ", " + words, dtype=object)


def _numbered(letter: str, numbers: Ints, digits: int) -> NDArray[np.str_]:
    return np.char.add(letter, np.char.zfill(numbers.astype(str), digits))


@dataclass(frozen=True)
class Drawn:
    """A log of payments in order of time, with what only the simulator knows."""

    world: World
    days: int
    genuine: int
    """How many payments were drawn as genuine."""
    large: int
    """How many single large frauds."""
    taken: Floats
    """(events,) day of each take-over."""
    taken_card: Ints
    """(events,) its card."""
    day: Floats
    """(n,) days since the start, with the time of day behind the point."""
    card: Ints
    terminal: Ints
    amount: Floats
    """(n,) EUR, as it was drawn."""
    skimmed: NDArray[np.bool_]
    """(n,) the terminal was skimmed at that time."""
    risky: NDArray[np.bool_]
    """(n,) the words are those that fraud prefers."""
    descriptor: NDArray[np.object_]
    channel: NDArray[np.str_]
    fraud: NDArray[np.bool_]


def draw_payments(rows: int, seed: int) -> Drawn:
    """Draw a log of which `simulate_fraud` returns the last `rows` payments."""
    rng, days = np.random.default_rng(seed), WARM_UP_DAYS + KEPT_DAYS
    world, out = World(rng, rows), _Payments()
    n = int(np.ceil(rows * days / KEPT_DAYS * 1.02)) + 20
    large = max(8, round(LARGE_FRAUDS * n))
    _genuine(rng, world, n, days, out)
    _single_large(rng, world, large, days, out)
    taken, taken_card = _takeovers(rng, world, max(2, round(TAKEN_OVER * n / (2 * MORE))), days, out)
    day, card, terminal, amount, chosen = out.joined()
    skimmed = _skimmed(rng, world, day, terminal, days)
    fraud = chosen | (skimmed & (rng.random(len(day)) < SKIMMED_SHARE))
    touch = 0.5 + 0.2 * day / days  # contactless spreads
    channel = np.where(
        world.online[terminal], "online", np.where(rng.random(len(day)) < touch, "contactless", "chip and PIN")
    )
    risky = rng.random(len(day)) < np.where(chosen, WORDS, RARE_WORDS)
    words = _descriptors(rng, world, terminal, risky)
    return Drawn(world, days, n, large, taken, taken_card, day, card, terminal, amount, skimmed, risky, words, channel,
                 fraud)  # fmt: skip


def simulate_fraud(rows: int, seed: int) -> pd.DataFrame:
    """Simulate card payments with their history features, in order of time.

    The share of frauds, 2 to 4 % from 1,000 rows on (more in a smaller sample, so that it holds any), is raised on
    purpose: real card traffic holds one fraud in a hundred to a thousand,
    of which a few thousand rows would show almost none. History is computed over a longer log; only its last `rows`
    payments are returned. The same seed gives the same rows.

    Args:
        rows: payments to return, at least 1; numbers of cards and terminals grow with it.
        seed: of the random numbers.

    Returns:
        `rows` rows with transaction, time, card, terminal, amount (EUR), merchant_category, channel, descriptor, the
        history fields, and outcome (genuine or fraud).

    Raises:
        DataError: rows below 1.
    """
    import pandas as pd

    if rows < 1:
        raise DataError(f"Cannot simulate {rows} rows; ask for at least 1.")
    drawn = draw_payments(rows, seed)
    log = pd.DataFrame(
        {
            "transaction": _numbered("T", np.arange(len(drawn.day)), 7),
            "time": (pd.Timestamp(START) + pd.to_timedelta((drawn.day * 86_400).astype(np.int64), unit="s")),
            "card": _numbered("C", drawn.card, 5),
            "terminal": _numbered("M", drawn.terminal, 5),
            "amount": np.round(np.clip(drawn.amount, 0.5, 9_000), 2),
            "merchant_category": np.array(list(CATEGORIES))[drawn.world.category[drawn.terminal]],
            "channel": drawn.channel,
            "descriptor": drawn.descriptor,
            "outcome": np.where(drawn.fraud, "fraud", "genuine"),
        }
    )
    text = ["card", "terminal", "merchant_category", "channel", "descriptor", "outcome"]
    log[text] = log[text].astype("str")
    frame = add_history(log, fraud="outcome").tail(rows).reset_index(drop=True)
    return frame[[*(name for name in frame.columns if name != "outcome"), "outcome"]]
