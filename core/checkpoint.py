"""The state of a run that is under way, in one safetensors file that is replaced in one rename: a kill at any moment
leaves the state before or the state after, and going on from it gives the bytes of a run that was never killed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from .errors import RunError

__all__ = ["FILE", "Progress", "load_checkpoint", "save_checkpoint"]

FILE = "checkpoint.safetensors"


@dataclass
class Progress:
    """Where the loop stands."""

    step: int = 0
    """Optimizer steps done."""
    tokens: int = 0
    """Real tokens seen."""
    best_loss: float = float("inf")
    best_step: int = 0
    worse: int = 0
    """Validations since the best one."""
    validations: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    """Time spent in all sessions."""
    lines: int = 0
    """Lines of losses.jsonl that belong to this state."""


def save_checkpoint(
    folder: Path,
    progress: Progress,
    weights: dict[str, torch.Tensor],
    best: dict[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    identity: dict[str, Any],
) -> None:
    """Write weights, best weights, optimizer state and position."""
    tensors = {f"weights/{k}": v for k, v in weights.items()} | {f"best/{k}": v for k, v in best.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{k}": torch.as_tensor(v) for k, v in state.items()}
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    part = folder / (FILE + ".part")
    said = {"progress": json.dumps(vars(progress)), "identity": json.dumps(identity, sort_keys=True)}
    try:
        save_file(tensors, part, said)
        os.replace(part, folder / FILE)
    finally:
        part.unlink(missing_ok=True)


def load_checkpoint(
    folder: Path, optimizer: torch.optim.Optimizer, identity: dict[str, Any]
) -> tuple[Progress, dict[str, torch.Tensor], dict[str, torch.Tensor]] | None:
    """Read the last state into the optimizer: (position, weights, best weights); None where there is none yet.

    Raises:
        RunError: the unfinished run is of another recipe or other rows, or its checkpoint is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            said = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except Exception as error:
        raise RunError(f"The checkpoint {str(path)!r} is damaged ({error}); start afresh with --overwrite.") from error
    before = json.loads(said["identity"])
    if before != identity:
        changed = [f"{k}: {before.get(k)} -> {identity.get(k)}" for k in identity if before.get(k) != identity.get(k)]
        raise RunError(
            f"The unfinished run {str(folder)!r} was started differently ({'; '.join(changed)[:400]}); "
            "resume it with the same data and recipe, or start afresh with --overwrite."
        )
    states: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer/"):
            _, index, name = key.split("/")
            states.setdefault(int(index), {})[name] = value
    full = optimizer.state_dict()
    full["state"] = states
    optimizer.load_state_dict(full)
    weights = {k.removeprefix("weights/"): v for k, v in tensors.items() if k.startswith("weights/")}
    best = {k.removeprefix("best/"): v for k, v in tensors.items() if k.startswith("best/")}
    return Progress(**json.loads(said["progress"])), weights, best
