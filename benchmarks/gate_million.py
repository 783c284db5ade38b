"""A million rows through the gate and the split: seconds and peak memory of a process of its own.

    python benchmarks/gate_million.py            # card transactions and a file of loans with a note

Writes `benchmarks/results/gate_million.json`. The limit is 4 GB (4,000,000,000 bytes) for each step.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from verticals.core.registry import load_task
from verticals.datasets.gate import check_files
from verticals.datasets.prepare import prepare

RESULTS = Path(__file__).resolve().parent / "results" / "gate_million.json"
LIMIT = 4_000_000_000
SEED = 0


def transactions(path: Path, rows: int) -> None:
    """Card payments of our own simulator."""
    task = load_task("finance.fraud")
    assert task.simulate is not None
    task.simulate(rows, SEED).to_csv(path, index=False)


def loans(path: Path, rows: int) -> None:
    """Twelve columns of numbers and categories and a note of about ten words."""
    draw = np.random.default_rng(SEED)
    words = np.array(
        [
            "loan",
            "for",
            "a",
            "new",
            "car",
            "kitchen",
            "roof",
            "school",
            "debts",
            "moving",
            "wedding",
            "repair",
            "small",
            "firm",
            "stock",
        ]
    )
    risk = draw.random(rows)
    frame = pd.DataFrame({"application": np.arange(rows), "applied": pd.Timestamp("2024-01-01")})
    frame["applied"] += pd.to_timedelta(draw.integers(0, 700, rows), unit="D")
    for name in ("income", "amount", "rent", "savings", "debts"):
        frame[name] = draw.lognormal(8 - risk * 0.3, 0.7).round(2)
    frame["age"] = draw.integers(18, 80, rows)
    for name, count in (("job", 12), ("region", 30), ("purpose", 9)):
        frame[name] = np.char.add(name, draw.integers(0, count, rows).astype(str))
    picked = words[draw.integers(0, len(words), (rows, 10))]
    frame["note"] = [" ".join(row) for row in picked]
    frame["bad"] = np.where(draw.random(rows) < risk * 0.4, "yes", "no")
    frame.to_csv(path, index=False)


SETS: dict[str, tuple[Callable[[Path, int], None], str | None, dict[str, Any]]] = {
    "transactions": (transactions, "finance.fraud", {}),
    "loans": (loans, "finance.credit", {"label": "bad", "positive": "yes", "ignore": ("application",)}),
}


def _step(queue: Any, step: Callable[[], dict[str, Any]]) -> None:
    started = time.perf_counter()
    said = step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    queue.put({"seconds": round(time.perf_counter() - started, 1), "peak_bytes": peak, **said})


def alone(step: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a step in a fresh process."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_step, args=(queue, step))
    child.start()
    child.join()
    if child.exitcode:
        return {"failed": child.exitcode}
    found: dict[str, Any] = queue.get()
    return found


def checked(task: str | None, path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """The thorough check."""
    result = check_files(task, path, **options)
    slow = sorted(result.seconds.items(), key=lambda pair: -pair[1])[:5]
    return {
        "rows": result.rows,
        "stops": [one.check for one in result.stops],
        "warns": [one.check for one in result.warns],
        "slowest": {name: round(value, 1) for name, value in slow},
    }


def parted(task: str, path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """What `tune` does before it tunes: read, quick check, split."""
    made = prepare(task, path, **options)
    return {"train": len(made.train), "validation": len(made.validation), "test": len(made.test)}


def main() -> None:
    """Make the files, check and split them, write what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=sorted(SETS))
    chosen = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (make, task, options) in SETS.items():
            if chosen.only not in (None, name):
                continue
            path = Path(folder) / f"{name}.csv"
            alone(lambda make=make, path=path: make(path, chosen.rows) or {})  # type: ignore[misc]
            found[name] = {
                "bytes": path.stat().st_size,
                "check": alone(lambda task=task, path=path, options=options: checked(task, path, options)),  # type: ignore[misc]
                "split": alone(lambda task=task, path=path, options=options: parted(str(task), path, options)),  # type: ignore[misc]
            }
            print(name, json.dumps(found[name]))
    peak = max(step["peak_bytes"] for one in found.values() for step in (one["check"], one["split"]))
    print(f"peak {peak / 1e9:.2f} GB, limit {LIMIT / 1e9:.0f} GB: {'held' if peak < LIMIT else 'NOT HELD'}")
    if chosen.rows >= 1_000_000 and chosen.only is None:
        machine = f"{platform.machine()}, Python {platform.python_version()}"
        kept = {"date": datetime.now(UTC).date().isoformat(), "machine": machine, "seed": SEED, "rows": chosen.rows}
        RESULTS.write_text(json.dumps({**kept, "sets": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
