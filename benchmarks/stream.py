"""Is an event scored alone, as it comes, scored as it would be within the whole log? And how fast?

    python benchmarks/stream.py                  # 100,000 simulated payments; about ten minutes on 2 cores

Tunes a small run, scores the last payments of a log at once, then event by event: the history is kept by the stream, whose state
goes through a file halfway. Prints the largest difference and events a second, and writes `benchmarks/results/stream.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

import verticals
from verticals.core.recipe import Recipe, with_settings
from verticals.domains.finance.history import HISTORY_FIELDS, add_history
from verticals.finance import FraudDetector, FraudStream

RESULTS = Path(__file__).resolve().parent / "results" / "stream.json"
BLOCK = 1000
"""Events whose history is kept one by one and which the model then reads together."""


def replayed(stream: FraudStream, run: Path, events: pd.DataFrame, state: Path) -> np.ndarray:
    """(n,) probabilities of events in their order; frauds are reported three days late, the state is reloaded halfway."""
    waiting: list[tuple[pd.Timestamp, str]] = []
    found = []
    for start in range(0, len(events), BLOCK):
        block = events.iloc[start : start + BLOCK]
        ready = [one for one in waiting if one[0] + pd.Timedelta(days=3) <= block["time"].iloc[0]]
        for moment, terminal in ready:
            stream.report_fraud(terminal=terminal, time=moment)
        waiting = [one for one in waiting if one not in ready]
        found.append(stream.score_many(block.drop(columns="outcome"))["probability"].to_numpy())
        frauds = block[block["outcome"] == "fraud"]
        waiting += list(zip(frauds["time"], frauds["terminal"], strict=True))
        if start // BLOCK == len(events) // BLOCK // 2:
            stream.save(state)
            stream = FraudStream.load(run, state)
    return np.concatenate(found)


def main() -> None:
    """Tune, score twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    count = parser.parse_args().events
    task = verticals.load_task("finance.fraud")
    assert task.simulate is not None
    with tempfile.TemporaryDirectory() as folder:
        recipe = with_settings(Recipe(), {"epochs": 1, "depth": 3})
        run = verticals.tune(verticals.prepare(task, rows=4000), recipe, out=Path(folder) / "run", progress=False)
        log = task.simulate(count, 1).sort_values("time", kind="stable").reset_index(drop=True)
        events = log.drop(columns=list(HISTORY_FIELDS))
        whole = FraudDetector.load(run).score_many(add_history(events, fraud="outcome").drop(columns="outcome"))
        begun = time.perf_counter()
        one_by_one = replayed(FraudStream.load(run), run, events, Path(folder) / "state.parquet")
        seconds = time.perf_counter() - begun
        stream = FraudStream.load(run)
        latencies = []
        for event in events.drop(columns="outcome").head(200).to_dict("records"):
            at = time.perf_counter()
            stream.detector._desk.predictor.predict(event | stream.history.add(event))
            latencies.append(time.perf_counter() - at)
    apart = float(np.abs(one_by_one - whole["probability"].to_numpy()).max())
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "events": count,
        "largest_difference": apart,
        "events_a_second": round(count / seconds),
        "one_event_alone_ms": {
            "p50": round(1000 * float(np.median(latencies)), 1),
            "p95": round(1000 * float(np.quantile(latencies, 0.95)), 1),
        },
    }
    print(json.dumps(found, indent=1))
    if count >= 100_000:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    if apart > 1e-6:
        raise SystemExit(f"The two differ by {apart:.2g}; at most 1e-6 is allowed.")


if __name__ == "__main__":
    main()
