"""How long a million simulated rows take, in how much memory, whether a seed gives the same bytes, and whether it is calibrated.

    python benchmarks/simulators.py            # writes benchmarks/results/simulators.json

Every simulator runs twice, each time in a process of its own, so that the peak is its own; the CSV text of both runs is
hashed. The calibration error is the distance of frequency and mean true probability over 20 bins of equal size.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import verticals.core.registry as registry
from verticals.core.task import Task

OUT = Path(__file__).parent / "results" / "simulators.json"
ROWS = {
    "finance.fraud": 1_000_000,
    "finance.credit": 1_000_000,
    "medical.diagnosis": 100_000,
    "education.tutoring": 100_000,
}
CHUNK = 50_000
SEED = 11


def gigabytes() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def hashed(frame: pd.DataFrame) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(frame), CHUNK):
        digest.update(frame.iloc[start : start + CHUNK].to_csv(index=False, header=not start).encode())
    return digest.hexdigest()


def calibration(truth: np.ndarray, hit: np.ndarray) -> dict[str, float]:
    """How far the most likely label's probability lies from how often it came true."""
    parts = np.array_split(np.argsort(truth, kind="stable"), 20)
    gaps = [abs(float(hit[part].mean() - truth[part].mean())) for part in parts if len(part)]
    spread = [np.sqrt(max(1e-12, float((truth[part] * (1 - truth[part])).sum()))) / len(part) for part in parts]
    return {
        "error": round(float(np.mean(gaps)), 5),
        "largest_in_standard_errors": round(max(g / s for g, s in zip(gaps, spread, strict=True)), 2),
    }


def measured(task: Task, rows: int) -> dict[str, Any]:
    """One run in this process."""
    assert task.simulate is not None
    task.simulate(100, SEED)  # imports and tables
    start = time.perf_counter()
    frame = task.simulate(rows, SEED)
    seconds, peak = time.perf_counter() - start, gigabytes()
    return {"rows": len(frame), "seconds": round(seconds, 1), "peak_gb": round(peak, 2), "sha256": hashed(frame)}


def checked(task: Task, rows: int) -> dict[str, float]:
    """Calibration of the Bayes scorer."""
    assert task.simulate is not None
    assert task.true_probabilities is not None
    rows = min(rows, 20_000 if task.kind == "choice" else 200_000)
    frame, truth = task.simulate(rows, SEED), task.true_probabilities(rows, SEED)
    values = truth.to_numpy()
    if len(task.labels) == 2 and task.positive:
        return calibration(truth[task.positive].to_numpy(), (frame[task.label] == task.positive).to_numpy())
    best = values.argmax(axis=1)
    return calibration(values.max(axis=1), np.asarray(truth.columns)[best] == frame[task.label].to_numpy())


def alone(name: str, rows: int, what: str) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--one", name, "--rows", str(rows), "--what", what]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, help="rows of every simulator; by default a million payments and loans")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--what", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        task = registry.load_task(given.one)
        print(json.dumps((measured if given.what == "measure" else checked)(task, given.rows)))
        return
    results = []
    for name, usual in ROWS.items():
        rows = given.rows or usual
        runs = [alone(name, rows, "measure") for _ in range(2)]
        card = registry.load_task(name).simulator_card
        results.append(
            {
                "task": name,
                "version": card.version if card else None,
                "rows": rows,
                "seconds": [run["seconds"] for run in runs],
                "peak_gb": max(run["peak_gb"] for run in runs),
                "same_bytes": runs[0]["sha256"] == runs[1]["sha256"],
                "sha256": runs[0]["sha256"],
                "calibration": alone(name, rows, "check"),
            }
        )
        print(json.dumps(results[-1]))
    OUT.parent.mkdir(exist_ok=True)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    report = {"date": dt.date.today().isoformat(), "machine": machine, "seed": SEED, "simulators": results}
    OUT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
