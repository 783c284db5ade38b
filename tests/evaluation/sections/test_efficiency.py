"""What a run costs, from its files and from the clock."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from verticals.core.pages import NotComputed, Section, Table
from verticals.evaluation.sections import efficiency

from ..planted_models import Model, true_risk, view_of, world


def values(section: Section) -> dict[str, str]:
    table = next(b for b in section.blocks if isinstance(b, Table))
    return {row["what"]: row["value"] for row in table.rows}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"0" * 1_500_000)
    (tmp_path / "head.safetensors").write_bytes(b"0" * 500_000)
    (tmp_path / "manifest.json").write_text(json.dumps({"weights": {"learned": 2_000, "frozen": 98_000}}))
    metrics = {"steps": 60, "best_step": 40, "tokens": 123_456, "seconds": 90.0, "peak_memory_mb": 812}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    (tmp_path / "losses.jsonl").write_text('{"step": 1, "loss": 2.0}\n{"step": 1, "loss": 2.0, "refit": true}\n')
    return tmp_path


def test_the_price_by_hand() -> None:
    # 100 rows a second are 10 s for 1,000 rows; two cores of 0.05 an hour cost 0.1 / 3600 a second
    assert efficiency.cost_per_1000(100.0, 2, 0.05) == pytest.approx(10 * 0.1 / 3600)
    assert math.isnan(efficiency.cost_per_1000(math.nan, 2))


def test_the_files_of_a_run_are_read(run: Path) -> None:
    section = efficiency.section(replace(view_of(Model(true_risk), world(1, rows=(30, 30, 60))), folder=run))
    assert section.numbers["parameters"] == 100_000
    assert section.numbers["parameters_trained"] == 2_000
    assert section.numbers["adapter_mb"] == 2.0
    assert section.numbers["tuning_minutes"] == 1.5
    assert section.numbers["tuning_tokens"] == 123_456
    assert section.numbers["tuning_peak_mb"] == 812
    assert section.numbers["rows_per_second"] == 60.0
    assert values(section)["Adapter and head on disk"] == "2.00 MB"
    assert any("assumption" in str(row["note"]) for b in section.blocks if isinstance(b, Table) for row in b.rows)
    assert any("1 further steps" in str(row["note"]) for b in section.blocks if isinstance(b, Table) for row in b.rows)


def test_single_answers_are_timed_one_by_one() -> None:
    model = Model(true_risk)
    view = view_of(model, world(1, rows=(30, 30, 100)))
    model.asked = 0
    ask = model.predict

    def slow(records: pd.DataFrame) -> object:
        assert len(records) == 1
        time.sleep(0.003)
        return ask(records)

    model.predict = slow  # type: ignore[assignment,method-assign]
    numbers = efficiency.section(view).numbers
    assert model.asked == efficiency.SINGLES + efficiency.WARM_UP
    assert 3.0 <= numbers["latency_p50_ms"] <= numbers["latency_p95_ms"] <= numbers["latency_p99_ms"]


def test_it_needs_the_model() -> None:
    with pytest.raises(NotComputed, match="only its predictions"):
        efficiency.section(replace(view_of(Model(true_risk), world(1, rows=(30, 30, 60))), predictor=None))


def test_a_folder_without_files_leaves_the_speed(tmp_path: Path) -> None:
    section = efficiency.section(replace(view_of(Model(true_risk), world(1, rows=(30, 30, 60))), folder=tmp_path))
    assert "parameters" not in section.numbers
    assert "Time of one answer" in values(section)
