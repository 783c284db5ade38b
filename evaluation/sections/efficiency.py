"""What does it cost? Size, tuning, time of an answer, and the price of a thousand records under a stated assumption."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from ...core.pages import Block, Column, NotComputed, Section, Table
from ..view import View
from ..words import number
from . import TITLES

__all__ = ["PRICE_PER_CORE_HOUR", "cost_per_1000", "section"]

PRICE_PER_CORE_HOUR = 0.05
"""Assumed price of one CPU core for an hour, in US dollars; put your own in the formula."""
SINGLES = 40
"""Records that are asked one by one."""
WARM_UP = 3
MOST_SECONDS = 20.0


def cost_per_1000(rows_per_second: float, cores: int, price: float = PRICE_PER_CORE_HOUR) -> float:
    """Price of scoring 1,000 records in a batch, in the currency of the price: 1000 / (rows a second) / 3600 × cores × price.

    Range [0, inf), lower is better. NaN where the speed is not known.
    """
    return 1000.0 / rows_per_second / 3600.0 * cores * price if rows_per_second > 0 else math.nan


def section(view: View) -> Section:
    """Size, tuning, latency, throughput, price.

    Raises:
        NotComputed: there is neither a run nor its folder.
    """
    if view.predictor is None and view.folder is None:
        raise NotComputed("It measures the model itself, and only its predictions were given.")
    numbers: dict[str, Any] = {}
    rows = _of_folder(view.folder, numbers) if view.folder is not None else []
    rows += _speed(view, numbers)
    blocks: list[Block] = [_in_words(numbers)]
    blocks.append(
        Table(
            "costs",
            (Column("what", "What"), Column("value", "Value"), Column("note", "How it was found")),
            rows,
            "Size, time and price",
        )
    )
    blocks.append(
        "Energy is not computed: no power meter was read. With the watts that your machine draws under load it is watts × "
        "seconds / 3,600,000 kilowatt-hours; the seconds of tuning and of scoring stand above."
    )
    return Section("efficiency", TITLES["efficiency"], blocks, numbers)


def _line(what: str, value: str, note: str = "") -> dict[str, str]:
    return {"what": what, "value": value, "note": note}


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


def _of_folder(folder: Path, numbers: dict[str, Any]) -> list[dict[str, str]]:
    """What the run wrote of itself; adds to the numbers."""
    weights, metrics = _json(folder / "manifest.json").get("weights", {}), _json(folder / "metrics.json")
    rows = []
    if weights:
        learned, total = int(weights["learned"]), int(weights["learned"]) + int(weights["frozen"])
        numbers |= {"parameters": total, "parameters_trained": learned}
        rows.append(_line("Parameters", f"{total:,}", "backbone, adapter and head"))
        share = f"{100 * learned / max(total, 1):.2f} % of all"
        rows.append(_line("Parameters that were trained", f"{learned:,}", f"{share}; the rest stays as it was"))
    sizes = [path.stat().st_size for path in (*folder.glob("adapter/*"), folder / "head.safetensors") if path.is_file()]
    if sizes:
        numbers["adapter_mb"] = sum(sizes) / 1e6
        rows.append(_line("Adapter and head on disk", f"{sum(sizes) / 1e6:,.2f} MB", "what a run adds to the backbone"))
    if metrics:
        minutes = float(metrics["seconds"]) / 60.0
        numbers |= {"tuning_minutes": minutes, "tuning_tokens": int(metrics["tokens"])}
        again = _refit_lines(folder)
        also = f", without {again:,} further steps on all rows at the end" if again else ""
        rows.append(
            _line("Tuning", f"{minutes:,.1f} minutes", f"{metrics['steps']:,} steps with their validations{also}")
        )
        rows.append(
            _line("Tokens read in tuning", f"{metrics['tokens']:,}", "word pieces and record tokens, each pass anew")
        )
        rows.append(_epochs(folder, metrics))
        peak = metrics.get("peak_memory_mb")
        if peak:
            numbers["tuning_peak_mb"] = peak
            rows.append(
                _line("Peak memory of tuning", f"{peak:,} MB", "of the whole process, libraries and data included")
            )
    return [row for row in rows if row["value"]]


def _epochs(folder: Path, metrics: dict[str, Any]) -> dict[str, str]:
    from ...core.recipe import read_recipe

    path = folder / "recipe.toml"
    planned = f"{read_recipe(path).epochs:g} planned" if path.is_file() else ""
    return _line("Passes over the training rows", planned, f"the best validation was at step {metrics['best_step']:,}")


def _refit_lines(folder: Path) -> int:
    """Steps of the last tuning on all rows, which `metrics.json` does not time."""
    path = folder / "losses.jsonl"
    return path.read_text(encoding="utf-8").count('"refit": true') if path.is_file() else 0


def latencies(view: View) -> np.ndarray:
    """(m,) seconds of each of some records asked one by one, after a warm-up; at most 20 seconds are spent."""
    assert view.predictor is not None
    records = view.records(view.some_rows(SINGLES + WARM_UP))
    found: list[float] = []
    for i in range(len(records)):
        one = records.iloc[[i]]
        start = time.perf_counter()
        view.predictor.predict(one)
        spent = time.perf_counter() - start
        if i >= WARM_UP or len(records) <= WARM_UP:
            found.append(spent)
        if sum(found) > MOST_SECONDS:
            break
    return np.array(found)


def _speed(view: View, numbers: dict[str, Any]) -> list[dict[str, str]]:
    """Latency, throughput, price, memory; adds to the numbers."""
    from ...core.machine import cores, resident_bytes

    rows = []
    if view.predictor is not None and len(view.scored):
        view.say("timing single records")
        milliseconds = 1000.0 * latencies(view)
        p50, p95, p99 = (float(v) for v in np.quantile(milliseconds, [0.5, 0.95, 0.99]))
        numbers |= {"latency_p50_ms": p50, "latency_p95_ms": p95, "latency_p99_ms": p99}
        rows.append(
            _line(
                "Time of one answer",
                f"{p50:,.1f} ms in the middle, {p95:,.1f} ms at 95 %, {p99:,.1f} ms at 99 %",
                f"{len(milliseconds)} records asked one by one; of so few the 99 % are close to the slowest",
            )
        )
    speed = len(view.scored) / view.seconds if view.seconds > 0 else math.nan
    if math.isfinite(speed):
        numbers["rows_per_second"] = speed
        rows.append(
            _line("Records a second in a batch", f"{speed:,.0f}", f"{len(view.scored):,} rows in {view.seconds:,.1f} s")
        )
        price = cost_per_1000(speed, cores())
        numbers["cost_per_1000"] = price
        rows.append(
            _line(
                "Price of 1,000 records",
                f"{price:.5f} US dollars",
                f"1000 / {speed:,.0f} rows a second / 3600 × {cores()} cores × {PRICE_PER_CORE_HOUR} US dollars a core-hour, which "
                "is an assumption, not a quotation; without people, storage and idle time",
            )
        )
    peak = resident_bytes() / 2**20
    numbers["evaluation_peak_mb"] = peak
    rows.append(
        _line("Peak memory of this report", f"{peak:,.0f} MB", "of the whole process, baselines and libraries included")
    )
    return rows


def _in_words(numbers: dict[str, Any]) -> str:
    said = []
    if "latency_p50_ms" in numbers:
        middle, slow = (_duration(numbers[name]) for name in ("latency_p50_ms", "latency_p95_ms"))
        said.append(
            f"One record is answered in about {middle} on the machine of this report; of twenty answers one takes longer than "
            f"{slow}."
        )
    if "rows_per_second" in numbers:
        said.append(f"In a batch it reads {numbers['rows_per_second']:,.0f} records a second.")
    return " ".join(said) or "The speed was not measured; the size of the run stands below."


def _duration(milliseconds: float) -> str:
    return (
        f"{number(milliseconds / 1000)} seconds" if milliseconds >= 1000 else f"{number(milliseconds, 1)} milliseconds"
    )
