"""What only a GPU can show; run with `pytest -m gpu` on a machine that has one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import clinic
from verticals.core.predict import Predictor
from verticals.core.recipe import Recipe, with_settings
from verticals.core.tune import tune

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is visible")]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", ["bert", "qwen3"])
def test_a_gpu_tunes_what_a_cpu_tunes(
    tiny: Recipe, backbones: dict[str, Path], tmp_path: Path, kind: str, precision: str
) -> None:
    data = clinic(240)
    settings = {"backbone": str(backbones[kind]), "epochs": 8, "precision": precision}
    run = tune(data, with_settings(tiny, settings), out=tmp_path / "run", progress=False)
    found = Predictor.load(run).predict(data.test)
    assert found.scores.shape == (len(data.test), 2)
    assert np.allclose(found.scores.sum(1), 1)
    assert (found.prediction == data.test["condition"].to_numpy()).mean() > 0.8
