"""Transaction history: what a card and a terminal did in the days before, computed for every row at once.

The features are those of the Fraud Detection Handbook (Le Borgne, Siblini, Lebichot, Bontempi, ULB 2022, chapter
"Baseline feature transformation"): number and average amount of a card's transactions over 1, 7 and 30 days, number
of a terminal's transactions and the share of frauds among them over the same windows but ending 7 days earlier
(a fraud is known only once the cardholder has reported it), and flags for weekend and night. One row in, for example

    {"time": "2018-07-25 00:00:29", "card": "1111", "terminal": "2328", "amount": 40.77, "outcome": "genuine"}

and the same row out with `card_count_1d` = 2, `card_mean_1d` = 29.005, ..., `terminal_risk_30d` = 0.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DELAY_DAYS",
    "HISTORY_FIELDS",
    "WINDOWS",
    "add_history",
    "card_windows",
    "drop_known_cards",
    "terminal_windows",
]

WINDOWS = (1, 7, 30)
"""Lengths of the windows in days."""
DELAY_DAYS = 7
"""Days until a fraud is known."""
HISTORY_FIELDS = (
    "weekend",
    "night",
    *(f"card_{what}_{days}d" for days in WINDOWS for what in ("count", "mean")),
    *(f"terminal_{what}_{days}d" for days in WINDOWS for what in ("count", "risk")),
)
"""Columns that `add_history` writes."""

_DAY = 86_400_000_000  # microseconds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class _Groups:
    """Rows ordered by group, then time; counts a group's rows up to a moment by binary search."""

    def __init__(self, group: np.ndarray, micros: Ints) -> None:
        _, codes = np.unique(group, return_inverse=True)
        self.order: Ints = np.lexsort((micros, codes))  # stable: rows of one moment keep the order of the file
        self.codes: Ints = codes[self.order].astype(np.int64)
        self.micros: Ints = micros[self.order]
        self.moments, rank = np.unique(self.micros, return_inverse=True)
        # Group and rank of the moment in one sortable number; at most rows squared, so it cannot overflow.
        self.width = len(self.moments) + 1
        self.key: Ints = self.codes * self.width + rank

    def until(self, days: float) -> Ints:
        """For each ordered row, the position after the last row of its group that is at least `days` days older."""
        limit = np.searchsorted(self.moments, self.micros - round(days * _DAY), side="right")
        return np.searchsorted(self.key, self.codes * self.width + limit, side="left").astype(np.int64)

    def back(self, ordered: Floats) -> Floats:
        """Values of ordered rows -> values in the order of the file."""
        out = np.empty_like(ordered)
        out[self.order] = ordered
        return out


def _running(values: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(values)])


def card_windows(card: np.ndarray, micros: Ints, amount: Floats, days: float) -> tuple[Floats, Floats]:
    """Count and average amount of a card's transactions in (t - days, t], the row itself included.

    Args:
        card: (n,) name of the card or customer, in any order of rows.
        micros: (n,) time in microseconds.
        amount: (n,) amount in the currency of the data; NaN is left out of count and average.
        days: length of the window, above 0.

    Returns:
        (n,) counts and (n,) averages; the average is NaN where no amount is known. Of rows of one card at the same
        microsecond, each sees those before it in the file.
    """
    groups = _Groups(card, micros)
    ordered = amount[groups.order]
    known = ~np.isnan(ordered)
    first, last = groups.until(days), np.arange(1, len(micros) + 1)
    number, total = _running(known.astype(float)), _running(np.where(known, ordered, 0.0))
    count = number[last] - number[first]
    with np.errstate(invalid="ignore"):
        mean = (total[last] - total[first]) / np.where(count > 0, count, np.nan)
    mean = np.round(mean, 6)  # the running total leaves dust in the last digits that depends on where the log begins
    return groups.back(count), groups.back(mean)


def terminal_windows(
    terminal: np.ndarray, micros: Ints, fraud: Floats, days: float, delay: float = DELAY_DAYS
) -> tuple[Floats, Floats]:
    """Count of a terminal's transactions in (t - delay - days, t - delay] and the share of frauds among them.

    Args:
        terminal: (n,) name of the terminal or merchant.
        micros: (n,) time in microseconds.
        fraud: (n,) 1 for fraud, 0 for genuine; NaN (not yet known) counts as no known fraud.
        days: length of the window, above 0.
        delay: days until a label is known, 0 or more. With 0 the row's own label would count: never use it as input.

    Returns:
        (n,) counts and (n,) shares in [0, 1]; the share is 0 where the window is empty.
    """
    groups = _Groups(terminal, micros)
    frauds = _running(np.nan_to_num(fraud[groups.order]))
    first, last = groups.until(delay + days), groups.until(delay)
    count = (last - first).astype(float)
    risk = (frauds[last] - frauds[first]) / np.maximum(count, 1.0)
    return groups.back(count), groups.back(risk)


def _codes(names: pd.Series) -> Ints:
    """Whole numbers for names; a missing name is a group of its own, so that unknown cards share no history."""
    import pandas as pd

    codes = pd.factorize(names)[0].astype(np.int64)
    unknown = codes < 0
    codes[unknown] = len(codes) + np.arange(int(unknown.sum()))
    return np.asarray(codes, dtype=np.int64)


def _is(labels: pd.Series, positive: object) -> NDArray[np.bool_]:
    same = (labels == positive) | (labels.astype(str) == str(positive))
    return np.asarray(same.fillna(False), dtype=bool)


def add_history(log: pd.DataFrame, *, fraud: str | None = None, positive: object = "fraud") -> pd.DataFrame:
    """Add the columns HISTORY_FIELDS to a transaction log; row order and index stay as they are.

    Args:
        log: one row per transaction with `time` (datetime), `card`, `terminal` and `amount`. Begin the log 37 days
            before the first row that matters, else its windows are short.
        fraud: column with the labels; without it, or where a label is missing, no fraud is known.
        positive: the label that means fraud.

    Raises:
        DataError: a column is missing, or a time is missing.
    """
    import pandas as pd

    needed = ["time", "card", "terminal", "amount", *([fraud] if fraud else [])]
    missing = [name for name in needed if name not in log.columns]
    if missing:
        raise DataError(
            f"The transaction log has no column {', '.join(missing)}; history needs time, card, terminal and amount: "
            "rename the columns or use the reader 'transactions'."
        )
    out = log.copy()
    times = pd.to_datetime(out["time"])
    if times.isna().any():
        raise DataError(
            f"{int(times.isna().sum())} transactions have no time; every row needs one: fill or drop those rows."
        )
    micros = times.to_numpy("datetime64[us]").astype(np.int64)
    amount = pd.to_numeric(out["amount"]).to_numpy(float)
    card, terminal = _codes(out["card"]), _codes(out["terminal"])
    known = np.zeros(len(out)) if fraud is None else _is(out[fraud], positive).astype(float)
    out["weekend"] = np.where(times.dt.day_of_week.to_numpy() >= 5, "yes", "no")
    out["night"] = np.where(times.dt.hour.to_numpy() <= 6, "yes", "no")  # 00:00 to 06:59, as in the Handbook
    for days in WINDOWS:
        out[f"card_count_{days}d"], out[f"card_mean_{days}d"] = card_windows(card, micros, amount, days)
    for days in WINDOWS:
        out[f"terminal_count_{days}d"], out[f"terminal_risk_{days}d"] = terminal_windows(terminal, micros, known, days)
    return out


def drop_known_cards(
    rows: pd.DataFrame,
    past: pd.DataFrame,
    *,
    label: str = "outcome",
    positive: object = "fraud",
    delay: int = DELAY_DAYS,
) -> pd.DataFrame:
    """Drop rows whose card is already known as compromised, as the Handbook does before it measures.

    A row of day d is dropped where its card has a fraud in `past` or in `rows` on a day before d - `delay` days; the
    first day of `rows` thus knows all frauds up to `delay` days before it.

    Args:
        rows: transactions to measure on, with `time`, `card` and the label.
        past: labelled transactions before them, the same columns.
        label: column with the labels.
        positive: the label that means fraud.
        delay: whole days until a fraud is known.
    """
    import pandas as pd

    seen = pd.concat([past[["time", "card", label]], rows[["time", "card", label]]])
    frauds = seen[_is(seen[label], positive)]
    first = pd.to_datetime(frauds["time"]).dt.normalize().groupby(frauds["card"]).min()
    known = rows["card"].map(first) + pd.Timedelta(days=delay)
    return rows[~(known < pd.to_datetime(rows["time"]).dt.normalize()).to_numpy(bool)]
