"""Every example of the documentation is a file that runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.conftest import ROOT


def load(name: str):  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_own_data(backbones: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = load("own_data").main(tmp_path, backbone=str(backbones["bert"]), rows=240)
    assert "probability of default" in text.lower()
    assert (tmp_path / "credit" / "report" / "report.html").is_file()
    assert capsys.readouterr().out.startswith("auroc 0.")


def test_other_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = load("other_model").main(tmp_path, rows=400)
    assert [line.split()[0] for line in said] == ["passed", "FAILED"]
    assert (tmp_path / "scorecard.report" / "report.html").is_file()
    assert capsys.readouterr().out.startswith("auroc 0.")
