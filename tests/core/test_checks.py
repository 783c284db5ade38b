"""The run's check of itself: it finds a loss that depends on how a step is cut, and leaves no trace."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.conftest import clinic
from verticals.core import checks
from verticals.core.backbone import load_backbone
from verticals.core.errors import RecipeError
from verticals.core.recipe import Recipe
from verticals.core.tuning import Tuning, derive


@pytest.fixture
def tuning(tiny: Recipe) -> Tuning:
    data = clinic()
    return Tuning(data, derive(tiny, data), load_backbone(tiny.backbone))


def test_a_sound_run_passes_and_is_left_as_it_was(tuning: Tuning) -> None:
    before = {name: p.detach().clone() for name, p in tuning.trainable().items()}
    torch.manual_seed(7)
    said = checks.self_check(tuning)
    drawn = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(3))  # nothing was taken from the run's own random numbers
    assert all(torch.equal(before[name], p) for name, p in tuning.trainable().items())
    assert any("in one (apart by" in sentence for sentence in said)


def test_a_loss_that_depends_on_the_cut_is_refused(tuning: Tuning, monkeypatch: pytest.MonkeyPatch) -> None:
    real = checks.step_loss

    def averaged(tuning: Tuning, model: Any, examples: Any, rows: Any, rivals: Any = None) -> torch.Tensor:
        return real(tuning, model, examples, rows, rivals) / len(rows)  # the mistake of dividing in every part

    monkeypatch.setattr(checks, "step_loss", averaged)
    with pytest.raises(RecipeError, match="changes its gradient"):
        checks.self_check(tuning)


def test_a_fault_deep_in_the_adapter_is_seen(tuning: Tuning, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start LoRA's A has no gradient, B being zero; a fault that touches only A would go unseen there."""
    real = checks.step_loss
    inner = next(p for name, p in tuning.trainable().items() if "lora_A" in name)
    calls = []

    def doubled(tuning: Tuning, model: Any, examples: Any, rows: Any, rivals: Any = None) -> torch.Tensor:
        calls.append(len(rows))
        inner.register_hook(lambda gradient: gradient * (2.0 if len(calls) > 1 else 1.0))
        return real(tuning, model, examples, rows, rivals)

    monkeypatch.setattr(checks, "step_loss", doubled)
    with pytest.raises(RecipeError, match="changes its gradient"):
        checks.self_check(tuning)
