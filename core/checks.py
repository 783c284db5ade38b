"""What a run finds out about itself before the first step, so that it is never silently wrong."""

from __future__ import annotations

import numpy as np
import torch

from .errors import RecipeError
from .tuning import Tuning, parts_of, step_loss

__all__ = ["self_check"]


def self_check(tuning: Tuning) -> list[str]:
    """Check labels, lengths, padding and accumulation on the real rows; leaves the weights as they were.

    Returns:
        One sentence each of what was found.

    Raises:
        RecipeError: padding or accumulation changes the result, which would make the run wrong without a sign.
    """
    return [*_sizes(tuning), *_labels(tuning), *_lengths(tuning), _padding(tuning), _accumulation(tuning)]


def _sizes(tuning: Tuning) -> list[str]:
    learns = sum(p.numel() for p in tuning.trainable().values())
    frozen = sum(p.numel() for p in tuning.network.parameters() if not p.requires_grad)
    return [
        f"{len(tuning.train):,} rows to train, {len(tuning.validation):,} to validate; "
        f"{learns:,} weights learn, {frozen:,} are frozen."
    ]


def _labels(tuning: Tuning) -> list[str]:
    labels = tuning.data.schema.labels
    seen = np.bincount(tuning.train.target, minlength=len(labels)) if labels else np.zeros(0)
    never = [label for label, count in zip(labels, seen, strict=False) if not count]
    return (
        [f"No training row has the label {', '.join(map(repr, never))}: it will never be predicted."] if never else []
    )


def _lengths(tuning: Tuning) -> list[str]:
    encoded = tuning.train.encoded
    found = [f"Sequences hold {int(np.median(encoded.lengths))} tokens (median), at most {int(encoded.lengths.max())}."]
    cut = encoded.cut + tuning.validation.encoded.cut
    if cut:
        rows = len(tuning.train) + len(tuning.validation)
        found.append(
            f"{cut:,} of {rows:,} texts are longer than {tuning.codec.max_tokens} tokens and were cut; raise max_tokens to keep them whole."
        )
    return found


def _some_rows(tuning: Tuning) -> np.ndarray:
    """A few rows of unlike length, the longest ones left out so that the check stays quick."""
    order = np.argsort(tuning.train.encoded.lengths, kind="stable")
    return order[np.linspace(0, int(len(order) * 0.9), num=min(8, len(order)), dtype=int)]


@torch.inference_mode()
def _padding(tuning: Tuning) -> str:
    """One batch with padding must equal the rows one by one."""
    rows = _some_rows(tuning)
    tuning.network.eval()
    together = tuning.network.pooled(tuning.batch(tuning.train, rows))
    alone = torch.cat([tuning.network.pooled(tuning.batch(tuning.train, [row])) for row in rows])
    tuning.network.train()
    apart = float((together - alone).abs().max() / alone.abs().max())
    most = 1e-3 if together.dtype == torch.float32 and tuning.backbone.model.dtype == torch.float32 else 5e-2
    if not apart <= most:
        raise RecipeError(
            f"Padding changes what the backbone {tuning.backbone.name!r} says of a row by {apart:.2g} (at most {most:g} "
            "is allowed); this backbone cannot be used in batches, so use another."
        )
    return f"Padding changes a pooled vector by {apart:.1e} of its size at most."


@torch.no_grad()
def _step_aside(tuning: Tuning) -> None:
    """Move every weight that learns by a little noise of its own generator, so that the run's seeds stay untouched."""
    noise = torch.Generator().manual_seed(0)
    for p in tuning.trainable().values():
        p.add_((0.02 * torch.randn(p.shape, generator=noise)).to(p.device, p.dtype))


def _accumulation(tuning: Tuning) -> str:
    """The gradient of a step in four parts must equal that of the step in one.

    It is taken a little away from the start, where LoRA's B and often the head are zero and hide most gradients.
    """
    rows = _some_rows(tuning)
    longest = int(tuning.train.encoded.lengths[rows].max())
    budgets = (longest * len(rows), max(longest * len(rows) // 4, longest))
    gradients = []
    started = {name: p.detach().clone() for name, p in tuning.trainable().items()}
    _step_aside(tuning)
    tuning.network.eval()  # the same dropout cannot be drawn for different cuts
    for budget in budgets:
        for part, rivals in parts_of(tuning, tuning.train, rows, budget):
            (step_loss(tuning, tuning.network, tuning.train, part, rivals) / len(rows)).backward()  # type: ignore[no-untyped-call]
        gradients.append({n: p.grad.clone() for n, p in tuning.trainable().items() if p.grad is not None})
        tuning.network.zero_grad(set_to_none=True)
    tuning.network.train()
    with torch.no_grad():
        for name, p in tuning.trainable().items():
            p.copy_(started[name])
    size = max(float(g.abs().max()) for g in gradients[0].values())
    apart = max(float((gradients[0][n] - gradients[1][n]).abs().max()) for n in gradients[0]) / max(size, 1e-12)
    parts = sum(1 for _ in parts_of(tuning, tuning.train, rows, budgets[1]))
    most = 1e-3 if tuning.backbone.model.dtype == torch.float32 else 1e-1
    if not apart <= most:
        raise RecipeError(
            f"Cutting a step into {parts} forward passes changes its gradient by {apart:.2g} of its size; "
            "please report this with the recipe, and raise batch_tokens so that nothing is cut."
        )
    return f"A step in {parts} forward passes gives the gradient of a step in one (apart by {apart:.1e})."
