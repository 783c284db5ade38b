"""Events one by one: the same history as for a whole log, after a restart too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verticals.core.errors import DataError
from verticals.domains.finance.history import HISTORY_FIELDS, add_history
from verticals.domains.finance.simulator import simulate_fraud
from verticals.domains.finance.stream import FraudStream, History

from .test_finance_api import detector

RAW = ["time", "card", "terminal", "amount"]


def log(rows: int, seed: int) -> pd.DataFrame:
    return simulate_fraud(rows, seed).sort_values("time", kind="stable")[[*RAW, "outcome"]].reset_index(drop=True)


def replay(events: pd.DataFrame, restart: Path | None = None) -> pd.DataFrame:
    """Feed events in their order; a fraud is reported three days later. Halfway the state goes through a file."""
    history, waiting, found = History(), [], []
    for place, event in enumerate(events.to_dict("records")):
        while waiting and waiting[0]["time"] + pd.Timedelta(days=3) <= event["time"]:
            one = waiting.pop(0)
            history.report_fraud(terminal=one["terminal"], time=one["time"])
        found.append(history.add(event))
        if event["outcome"] == "fraud":
            waiting.append(event)
        if restart is not None and place == len(events) // 2:
            history.save(restart)
            history = History.load(restart)
    return pd.DataFrame(found)


@pytest.mark.parametrize("restarted", [False, True])
def test_events_one_by_one_get_the_history_of_the_whole_log(tmp_path: Path, restarted: bool) -> None:
    events = log(20_000, 3)
    whole = add_history(events, fraud="outcome")[list(HISTORY_FIELDS)]
    found = replay(events, tmp_path / "state.parquet" if restarted else None)
    assert (whole["terminal_risk_30d"] > 0).sum() > 100  # there is something to be equal in
    for name in HISTORY_FIELDS:
        if name in ("weekend", "night"):
            assert (whole[name] == found[name]).all()
        else:
            np.testing.assert_allclose(found[name], whole[name], atol=1.001e-6, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 45 * 24),  # hours, so that many moments are equal and many windows end on an event
            st.sampled_from(["a", "b", None]),
            st.sampled_from(["x", "y", None]),
            st.sampled_from([1.0, 2.5, 100.0, float("nan")]),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_any_log_in_the_order_of_time(rows: list[tuple[int, str | None, str | None, float]]) -> None:
    frame = pd.DataFrame(sorted(rows, key=lambda row: row[0]), columns=RAW)
    frame["time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["time"], unit="h")
    history = History()
    found = pd.DataFrame([history.add(event) for event in frame.to_dict("records")])
    whole = add_history(frame)[list(HISTORY_FIELDS)]
    pd.testing.assert_frame_equal(found, whole, check_dtype=False, atol=1e-6)


def test_what_no_window_reaches_is_forgotten() -> None:
    history = History()
    for day in range(200):
        history.add(
            {"time": pd.Timestamp("2026-01-01") + pd.Timedelta(days=day), "card": "a", "terminal": day, "amount": 1}
        )
    assert len(history) <= 39
    assert len(history._terminals) <= 39


def test_a_late_event_is_counted_by_its_own_time() -> None:
    history = History()
    for hour in (10, 14):
        history.add({"time": f"2026-01-01 {hour}:00", "card": "a", "terminal": "x", "amount": 10.0})
    late = history.add({"time": "2026-01-01 12:00", "card": "a", "terminal": "x", "amount": 40.0})
    assert (late["card_count_1d"], late["card_mean_1d"]) == (2.0, 25.0)
    after = history.add({"time": "2026-01-01 15:00", "card": "a", "terminal": "x", "amount": 40.0})
    assert (after["card_count_1d"], after["card_mean_1d"]) == (4.0, 25.0)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"card": "a", "amount": 1}, "has no time"),
        ({"time": "yesterday-ish", "card": "a", "amount": 1}, "cannot be read"),
        ({"time": "2026-01-01T00:00:00+02:00", "card": "a", "amount": 1}, "time zone"),
        ({"time": "2026-01-01", "card": "a", "amount": "much"}, "no number"),
        ({"time": "2025-01-01", "card": "a", "amount": 1}, "more than 37 days older"),
    ],
)
def test_an_event_at_fault_gets_a_sentence_and_leaves_no_trace(event: dict[str, object], said: str) -> None:
    history = History()
    history.add({"time": "2026-01-01", "card": "a", "terminal": "x", "amount": 1})
    with pytest.raises(DataError, match=said):
        history.add(event)
    assert len(history) == 1


def test_a_fraud_is_reported_once_for_each_event() -> None:
    history = History()
    history.add({"time": "2026-01-01", "card": "a", "terminal": "x", "amount": 1})
    history.report_fraud(terminal="x", time="2026-01-01")
    for terminal, time in (("x", "2026-01-01"), ("x", "2026-01-02"), ("y", "2026-01-01")):
        with pytest.raises(DataError, match="not yet a fraud"):
            history.report_fraud(terminal=terminal, time=time)
    later = history.add({"time": "2026-01-08 01:00", "card": "b", "terminal": "x", "amount": 1})
    assert (later["terminal_count_1d"], later["terminal_risk_1d"]) == (1.0, 1.0)


def test_a_file_that_is_no_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("nothing")
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "b.parquet")
    for name in ("a.parquet", "b.parquet", "c.parquet"):
        with pytest.raises(DataError, match="no state of a stream"):
            History.load(tmp_path / name)


def test_the_stream_scores_as_the_detector_does_on_the_whole_log() -> None:
    events = log(400, 5)[RAW]
    stream = FraudStream(detector())
    singly = [stream.score(event).probability for event in events.head(150).to_dict("records")]
    together = stream.score_many(events.iloc[150:])
    whole = detector().score_many(add_history(events))
    np.testing.assert_allclose([*singly, *together["probability"]], whole["probability"], atol=1e-6)
    assert list(together.index) == list(events.index[150:])


def test_an_event_that_the_detector_refuses_is_not_remembered() -> None:
    stream = FraudStream(detector())
    with pytest.raises(DataError, match="no field 'amont'"):
        stream.score({"time": "2026-01-01", "card": "a", "terminal": "x", "amount": 1.0, "amont": 2.0})
    assert len(stream.history) == 0
