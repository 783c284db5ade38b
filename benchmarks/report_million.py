"""A report on a million predictions of another program: seconds and peak memory, each file in a process of its own.

    python benchmarks/report_million.py               # card payments (Parquet) and loans (CSV)

Writes `benchmarks/results/report_million.json`. The limits are five minutes and 4 GB (4,000,000,000 bytes) a report.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
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

RESULTS = Path(__file__).resolve().parent / "results" / "report_million.json"
SECONDS, BYTES = 300, 4_000_000_000
SEED = 0


def scored(frame: pd.DataFrame, risk: np.ndarray, path: Path) -> None:
    """Add a program's probability, which knows something of the true risk, and write the table."""
    noise = np.random.default_rng(SEED).normal(0, 1, len(frame))
    logit = np.log(np.clip(risk, 1e-4, 1 - 1e-4) / np.clip(1 - risk, 1e-4, 1)) + noise
    frame = frame.assign(probability=(1 / (1 + np.exp(-logit))).round(6))
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)


def payments(path: Path, rows: int) -> None:
    """Card payments of our own simulator: card, terminal, amount, time, fraud."""
    from verticals.core.registry import load_task

    task = load_task("finance.fraud")
    assert task.simulate is not None
    frame = task.simulate(rows, SEED)
    truth = frame[task.label].astype(str).to_numpy() == str(task.positive)
    scored(frame, np.where(truth, 0.3, 0.01), path)


def loans(path: Path, rows: int) -> None:
    """Nine columns of numbers and categories and a date."""
    draw = np.random.default_rng(SEED)
    risk = draw.beta(1.2, 6, rows)
    frame = pd.DataFrame({"applied": pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 700, rows), "D")})
    for name in ("income", "amount", "savings"):
        frame[name] = draw.lognormal(8 - risk, 0.7).round(2)
    frame["age"] = draw.integers(18, 80, rows)
    frame["sex"] = draw.choice(["female", "male"], rows)
    for name, count in (("job", 12), ("region", 30), ("purpose", 9)):
        frame[name] = np.char.add(name, draw.integers(0, count, rows).astype(str))
    frame["outcome"] = np.where(draw.random(rows) < risk, "default", "repaid")
    scored(frame, risk, path)


SETS: dict[str, tuple[Callable[[Path, int], None], str, str]] = {
    "payments": (payments, "payments.parquet", "finance.fraud"),
    "loans": (loans, "loans.csv", "finance.credit"),
}


def measured(task: str, path: Path) -> dict[str, Any]:
    """Make the report; what it took, and how long each step was."""
    import sys

    import verticals

    class Watch:
        """Notes when each step begins."""

        steps: list[tuple[str, float]] = []  # noqa: RUF012

        def write(self, text: str) -> None:
            if text.strip():
                self.steps.append((text.strip().removeprefix("report: "), time.perf_counter()))

        def flush(self) -> None:
            """Nothing is kept back."""

    watch, kept = Watch(), sys.stderr
    sys.stderr = watch  # type: ignore[assignment]
    started = time.perf_counter()
    try:
        made = verticals.report(path, task, progress=True)
    finally:
        sys.stderr = kept
    ended = time.perf_counter()
    ends = [at for _, at in watch.steps[1:]] + [ended]
    steps = {name: round(end - at, 1) for (name, at), end in zip(watch.steps, ends, strict=True)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert made.path is not None
    return {
        "seconds": round(ended - started, 1),
        "peak_bytes": peak,
        "html_bytes": made.path.stat().st_size,
        "steps": {name: seconds for name, seconds in steps.items() if seconds >= 1},
    }


def _child(queue: Any, step: Callable[[], dict[str, Any]]) -> None:
    queue.put(step())


def alone(step: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a step in a fresh process.

    Raises:
        RuntimeError: it failed.
    """
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_child, args=(queue, step))
    child.start()
    child.join()
    if child.exitcode:
        raise RuntimeError(f"the step ended with {child.exitcode}")
    found: dict[str, Any] = queue.get()
    return found


def main() -> None:
    """Make the files, report on them, write what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=sorted(SETS))
    chosen = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (make, file, task) in SETS.items():
            if chosen.only not in (None, name):
                continue
            path = Path(folder) / file
            alone(lambda make=make, path=path: make(path, chosen.rows) or {})  # type: ignore[misc]
            found[name] = {"task": task, "file": file, "bytes": path.stat().st_size}
            found[name] |= alone(lambda task=task, path=path: measured(task, path))  # type: ignore[misc]
            one = found[name]
            held = one["seconds"] < SECONDS and one["peak_bytes"] < BYTES
            print(f"{name}: {one['seconds']:.1f} s, {one['peak_bytes'] / 1e6:,.0f} MB {'held' if held else 'NOT HELD'}")
            print(f"  {one['steps']}", flush=True)
    if chosen.rows >= 1_000_000 and chosen.only is None:
        machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        kept = {"date": datetime.now(UTC).date().isoformat(), "machine": machine, "seed": SEED, "rows": chosen.rows}
        RESULTS.write_text(json.dumps({**kept, "sets": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
