"""Transactions scored one by one as they come in, with what their cards and terminals did before kept in memory.

    stream = FraudStream.load("runs/fraud")
    alert = stream.score({"time": "2026-03-01 12:00:05", "card": "1111", "terminal": "2328", "amount": 912.40})
    stream.report_fraud(terminal="2328", time="2026-03-01 12:00:05")     # when the cardholder has complained
    stream.save("state.parquet")                                        # and FraudStream.load(run, "state.parquet")

The features are those that `add_history` computes for a whole log at once, and equal to them: a model tuned on a log scores
a stream with the same numbers.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_right, insort
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import DataError
from .api import Alert, FraudDetector
from .history import _DAY, DELAY_DAYS, HISTORY_FIELDS, WINDOWS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FraudStream", "History"]

_KEPT = (max(WINDOWS) + DELAY_DAYS) * _DAY
"""Microseconds after which nothing asks for an event any more."""


class History:
    """What cards and terminals did in the last 37 days; memory grows with the events of these days only."""

    def __init__(self) -> None:
        # a card's events in the order of time: (time, number of arrival, amount), so that equal moments keep their order
        self._cards: dict[str, list[tuple[int, int, float]]] = {}
        self._terminals: dict[str, list[int]] = {}
        self._frauds: dict[str, list[int]] = {}
        self._arrived = 0
        self._newest = -(2**62)
        self._swept = -(2**62)

    def __len__(self) -> int:
        """Count the events that are remembered."""
        return sum(map(len, self._cards.values()))

    def add(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Remember one event and tell the columns HISTORY_FIELDS of it.

        Args:
            event: `time`, `card`, `terminal` and `amount`; a missing card or terminal has no history, a missing amount
                is left out of counts and averages. Events may come late: they are counted by their own time.

        Raises:
            DataError: no time, an amount that is no number, or a time more than 37 days before the newest.
        """
        moment, micros = _moment(event.get("time"))
        amount = _amount(event.get("amount"))
        if micros <= self._newest - _KEPT:
            raise DataError(
                f"The event of {moment} is more than {_KEPT // _DAY} days older than the newest one; its history is gone: "
                "score old logs at once, with add_history."
            )
        card, terminal = _name(event.get("card")), _name(event.get("terminal"))
        found: dict[str, Any] = {
            "weekend": "yes" if moment.day_of_week >= 5 else "no",
            "night": "yes" if moment.hour <= 6 else "no",
        }
        found |= self._of_card(card, micros, amount)
        found |= self._of_terminal(terminal, micros)
        self._newest = max(self._newest, micros)
        if self._newest - self._swept > _DAY:
            self._sweep()
        return {name: found[name] for name in HISTORY_FIELDS}

    def report_fraud(self, *, terminal: object, time: object) -> None:
        """Note that an event at this terminal and moment was a fraud, which its terminal's risk counts from 7 days on.

        Raises:
            DataError: no such event is remembered.
        """
        moment, micros = _moment(time)
        key = _name(terminal)
        events = self._terminals.get(key or "", [])
        same = bisect_right(events, micros) - bisect_right(events, micros - 1)
        known = self._frauds.get(key or "", [])
        if same <= bisect_right(known, micros) - bisect_right(known, micros - 1):
            raise DataError(
                f"No event of terminal {terminal!r} at {moment} is remembered that is not yet a fraud; give the terminal "
                f"and the time of an event of the last {_KEPT // _DAY} days."
            )
        insort(self._frauds.setdefault(str(key), []), micros)

    def _of_card(self, card: str | None, micros: int, amount: float) -> dict[str, float]:
        mine = (micros, self._arrived, amount)
        self._arrived += 1
        events = [mine] if card is None else self._cards.setdefault(card, [])
        if card is not None:
            insort(events, mine)
        last = bisect_right(events, mine)  # numbers of arrival differ, so amounts are never compared
        found = {}
        for days in WINDOWS:
            first = bisect_right(events, (micros - days * _DAY, 2**62, 0.0))
            amounts = [one[2] for one in events[first:last] if not math.isnan(one[2])]
            found[f"card_count_{days}d"] = float(len(amounts))
            found[f"card_mean_{days}d"] = round(math.fsum(amounts) / len(amounts), 6) if amounts else math.nan
        return found

    def _of_terminal(self, terminal: str | None, micros: int) -> dict[str, float]:
        events = [] if terminal is None else self._terminals.setdefault(terminal, [])
        frauds = [] if terminal is None else self._frauds.get(terminal, [])
        if terminal is not None:
            insort(events, micros)
        found = {}
        for days in WINDOWS:
            old, late = micros - (DELAY_DAYS + days) * _DAY, micros - DELAY_DAYS * _DAY
            count = bisect_right(events, late) - bisect_right(events, old)
            bad = bisect_right(frauds, late) - bisect_right(frauds, old)
            found[f"terminal_count_{days}d"] = float(count)
            found[f"terminal_risk_{days}d"] = bad / max(count, 1)
        return found

    def _sweep(self) -> None:
        """Forget what no window reaches any more; once for each day that the events move on."""
        self._swept, limit = self._newest, self._newest - _KEPT
        for card in list(self._cards):
            self._cards[card] = self._cards[card][bisect_right(self._cards[card], (limit, 2**62, 0.0)) :]
            if not self._cards[card]:
                del self._cards[card]
        for kept in (self._terminals, self._frauds):
            for name in list(kept):
                kept[name] = kept[name][bisect_right(kept[name], limit) :]
                if not kept[name]:
                    del kept[name]

    def save(self, path: str | Path) -> None:
        """Write the state as one Parquet file, whole or not at all.

        Raises:
            DataError: the file cannot be written.
        """
        import pandas as pd

        rows: list[tuple[str, str, int, int, float]] = [
            ("card", card, micros, number, amount)
            for card, events in self._cards.items()
            for micros, number, amount in events
        ]
        for kind, kept in (("terminal", self._terminals), ("fraud", self._frauds)):
            rows += [(kind, name, micros, 0, math.nan) for name, events in kept.items() for micros in events]
        rows.append(("newest", "", self._newest, self._arrived, math.nan))
        frame = pd.DataFrame(rows, columns=["kind", "name", "micros", "number", "amount"])
        path = Path(path)
        part = path.with_name(path.name + ".part")
        try:
            frame.to_parquet(part, index=False)
            os.replace(part, path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise DataError(
                f"The state cannot be written to {str(path)!r} ({error.strerror or error}); name a writable file."
            ) from error

    @classmethod
    def load(cls, path: str | Path) -> History:
        """Read a state that `save` wrote.

        Raises:
            DataError: no such file, or it holds something else.
        """
        import pandas as pd

        try:
            frame = pd.read_parquet(path)
            found = cls()
            for kind, name, micros, number, amount in frame[["kind", "name", "micros", "number", "amount"]].itertuples(
                index=False, name=None
            ):
                if kind == "card":
                    found._cards.setdefault(name, []).append((micros, number, amount))
                elif kind == "newest":
                    found._newest, found._arrived = micros, number
                else:
                    {"terminal": found._terminals, "fraud": found._frauds}[kind].setdefault(name, []).append(micros)
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                f"{str(path)!r} is no state of a stream ({error}); give a file that save() wrote."
            ) from error
        return found


class FraudStream:
    """A detector with memory: events in, alerts out."""

    def __init__(self, detector: FraudDetector, history: History | None = None) -> None:
        self.detector = detector
        self.history = History() if history is None else history

    @classmethod
    def load(cls, run: str | Path, state: str | Path | None = None) -> FraudStream:
        """Load a run of `finance.fraud`, and the state that an earlier stream saved.

        Raises:
            RunError: the folder is no run, is damaged, or was tuned for another task.
            DataError: the state cannot be read.
        """
        return cls(FraudDetector.load(run), None if state is None else History.load(state))

    def score(self, event: Mapping[str, Any]) -> Alert:
        """Score one event with its reasons, and remember it.

        Args:
            event: `time`, `card`, `terminal`, `amount`, and the other fields that the run reads.

        Raises:
            DataError: as `History.add` and `FraudDetector.score`.
        """
        self.detector._desk.record(event)  # first: an event that is refused must not be remembered
        return self.detector.score(dict(event) | self.history.add(event))

    def score_many(self, events: pd.DataFrame) -> pd.DataFrame:
        """Score events in the order of arrival, each with what was known when it came; the model reads them together.

        Returns:
            As `FraudDetector.score_many`, with the same index; an alert is a probability from the frozen threshold on.

        Raises:
            DataError: as `History.add` and `FraudDetector.score_many`.
        """
        import pandas as pd

        names = [name for name in ("time", "card", "terminal", "amount") if name in events.columns]
        lines = [self.history.add(dict(zip(names, row, strict=True))) for row in events[names].itertuples(index=False)]
        known = pd.DataFrame(lines, index=events.index, columns=list(HISTORY_FIELDS))
        return self.detector.score_many(pd.concat([events.drop(columns=known.columns, errors="ignore"), known], axis=1))

    def report_fraud(self, *, terminal: object, time: object) -> None:
        """Tell the stream that an event was a fraud; see `History.report_fraud`."""
        self.history.report_fraud(terminal=terminal, time=time)

    def save(self, path: str | Path) -> None:
        """Write what is remembered, to go on after a restart; see `History.save`."""
        self.history.save(path)


def _moment(time: object) -> tuple[pd.Timestamp, int]:
    import pandas as pd

    try:
        found = pd.Timestamp(time)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The time {time!r} of the event cannot be read ({error}); write 2026-03-01 12:00:05."
        ) from None
    if pd.isna(found):
        raise DataError("The event has no time; its history cannot be told without: give date and time.")
    if found.tzinfo is not None:
        raise DataError(f"The time {time!r} names a time zone; give local times without one, as the run's log has.")
    return found, int(found.to_datetime64().astype("datetime64[us]").astype("int64"))


def _amount(value: Any) -> float:
    try:
        return math.nan if value is None else float(value)
    except (TypeError, ValueError):
        raise DataError(f"amount is {value!r}, which is no number; give a number.") from None


def _name(value: Any) -> str | None:
    return None if value is None or value != value else str(value)
