"""What a complete report on 10,000 rows takes beyond scoring them: each section, and the model it is about.

    python benchmarks/report_rows.py                       # loans; about five minutes on 2 cores
    python benchmarks/report_rows.py --task medical.diagnosis

Tunes on simulated rows of the task, then measures on 10,000 others with every section and baseline. Writes
`benchmarks/results/report_rows.json`. The limit is 90 seconds on two cores, without the scoring; a report must also never take
longer than tuning on as many rows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import verticals
from verticals.core.recipe import Recipe, with_settings
from verticals.core.registry import load_task

RESULTS = Path(__file__).resolve().parent / "results" / "report_rows.json"
ROWS, TRAIN, LIMIT = 10_000, 2000, 90


class Watch:
    """A standard error that notes when each step of a report begins."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, float]] = []

    def write(self, text: str) -> None:
        """Keep the name of a step and when it was said."""
        if text.strip().startswith("evaluate: "):
            self.steps.append((text.strip().removeprefix("evaluate: "), time.perf_counter()))

    def flush(self) -> None:
        """Nothing is kept back."""


def measured(task_name: str, folder: Path) -> dict[str, Any]:
    """Tune, report, and say how long each step was."""
    task = load_task(task_name)
    assert task.simulate is not None
    task.simulate(ROWS, 1).to_parquet(folder / "rows.parquet")
    begun = time.perf_counter()
    recipe = with_settings(Recipe(), {"epochs": 1})
    run = verticals.tune(verticals.prepare(task, rows=TRAIN), recipe, out=folder / "run", progress=False)
    tuned = time.perf_counter() - begun
    watch, kept = Watch(), sys.stderr
    sys.stderr = watch  # type: ignore[assignment]
    try:
        made = verticals.evaluate(run, folder / "rows.parquet", out=folder / "report")
    finally:
        sys.stderr = kept
    ends = [at for _, at in watch.steps[1:]] + [time.perf_counter()]
    steps = {name: round(end - at, 1) for (name, at), end in zip(watch.steps, ends, strict=True)}
    scoring = sum(seconds for name, seconds in steps.items() if name.startswith("scoring "))
    assert made.path is not None
    return {
        "task": task_name,
        "tuned_seconds": round(tuned, 1),
        "scoring_seconds": round(scoring, 1),
        "other_seconds": round(sum(steps.values()) - scoring, 1),
        "html_bytes": made.path.stat().st_size,
        "missing": [one["what"] for one in made.data["missing"]],
        "steps": {name: seconds for name, seconds in steps.items() if seconds >= 0.5},
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="finance.credit")
    task = parser.parse_args().task
    with tempfile.TemporaryDirectory() as folder:
        found = measured(task, Path(folder))
    held = "held" if found["other_seconds"] < LIMIT else f"NOT HELD (limit {LIMIT} s)"
    print(json.dumps(found, indent=1), held, sep="\n")
    known = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    known[task] = {"date": datetime.now(UTC).date().isoformat(), "machine": machine, "rows": ROWS} | found
    RESULTS.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
