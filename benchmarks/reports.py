"""Reports on real data, one for each profession, as `verticals evaluate` writes them.

    python benchmarks/reports.py                   # all of them; about 40 minutes on 2 cores
    python benchmarks/reports.py --case credit

Writes `docs/reports/NAME/report.html`, `.md` and `.json`. Contents of records are left out: the data sets are not ours to
print. The splits are those of `benchmarks/real.py`; where that has folds, the first fold is reported.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import verticals
from verticals.core.recipe import Recipe, with_settings
from verticals.core.task import Prepared
from verticals.datasets.source import read_records
from verticals.domains.finance.history import drop_known_cards

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
OUT = ROOT / "docs" / "reports"


def fraud_week(folder: Path) -> Prepared:
    """The published train and test week, the latter without cards known as compromised, as two files."""
    source, task = DATA / "fraud_handbook", verticals.load_task("finance.fraud")
    train, delay, test = (
        read_records(task, next(source.glob(f"{part}_*.csv")), "fraud_handbook") for part in ("train", "delay", "test")
    )
    train.to_parquet(folder / "train.parquet")
    drop_known_cards(test, pd.concat([train, delay])).to_parquet(folder / "test.parquet")
    return verticals.prepare(task, folder / "train.parquet", test=folder / "test.parquet")


def cases() -> dict[str, tuple[Callable[[Path], Prepared], dict[str, Any]]]:
    """Name -> (folder for files of its own -> rows, settings)."""
    return {
        "diagnosis": (
            lambda folder: verticals.prepare(
                "medical.diagnosis", DATA / "symptom2disease" / "Symptom2Disease.csv", reader="symptom2disease"
            ),
            {},
        ),
        "feedback": (
            lambda folder: verticals.prepare(
                "education.feedback", DATA / "mrbench" / "mrbench_v3_devset.json", reader="mrbench", group="session"
            ),
            {"epochs": 3, "max_tokens": 80},
        ),
        "credit": (
            lambda folder: verticals.prepare(
                "finance.credit", DATA / "german_credit" / "german.data", reader="statlog_german"
            ),
            {},
        ),
        "fraud": (fraud_week, {}),
    }


def report(name: str, rows: Callable[[Path], Prepared], settings: dict[str, Any]) -> None:
    """Tune, evaluate, keep the report."""
    folder = Path(tempfile.mkdtemp(prefix="verticals-report-"))
    try:
        started = time.monotonic()
        run = verticals.tune(rows(folder), with_settings(Recipe(), settings), out=folder / name, progress=False)
        tuned = time.monotonic() - started
        found = verticals.evaluate(run, out=OUT / name, contents=False, progress=False)
        took = time.monotonic() - started - tuned
        low, high = found.interval
        alarms = ", ".join(alarm["name"] for alarm in found.data["alarms"]) or "none"
        print(
            f"{name}: {found.headline} {found.value:.3f} ({low:.3f} to {high:.3f}), alarms: {alarms}; tuned in {tuned:.0f} s, "
            f"evaluated in {took:.0f} s",
            flush=True,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Make the reports that were asked for."""
    known = cases()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", nargs="*", choices=list(known), default=list(known))
    for name in parser.parse_args().case:
        report(name, *known[name])


if __name__ == "__main__":
    main()
