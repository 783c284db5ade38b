"""The pieces of one run before its first step: examples, network, what the data decides of the recipe, the loss of a step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from .backbone import Backbone, count_layers
from .batches import Batch, Layout, collate, length_sorted, split_by_tokens
from .errors import RecipeError
from .examples import Examples, make_examples
from .lora import attach_adapter
from .machine import has_bfloat16
from .network import Head, Network
from .recipe import Recipe
from .records import RecordCodec
from .task import Prepared
from .wide import fit_wide, fit_wide_text

__all__ = ["Tuning", "derive", "parts_of", "step_loss"]

CENTRE_SCALE = 5.0
"""Size of the logits that the head starts with where labels start at their centres."""


class Tuning:
    """The pieces of one run: codec, network, examples and how they are batched."""

    def __init__(self, data: Prepared, recipe: Recipe, backbone: Backbone) -> None:
        """Encode the rows and put a fresh adapter and head on the backbone."""
        self.data, self.recipe, self.backbone = data, recipe, backbone
        task, schema = data.task, data.schema
        self.layout = Layout.of(backbone.tokenizer)
        longest = min(recipe.max_tokens, backbone.max_tokens)
        self.codec = RecordCodec(schema, backbone.tokenizer, longest, recipe.bins, self.layout.specials).fit(data.train)
        self.train = make_examples(task, schema, self.codec, data.train, data.bank)
        self.validation = make_examples(task, schema, self.codec, data.validation, data.bank)
        torch.manual_seed(recipe.seed)
        adapted = attach_adapter(backbone, recipe)
        outputs = max(1, len(schema.labels))
        head = Head(self.codec, backbone.width, outputs, task.kind, recipe.dropout)
        self.network = Network(backbone, adapted, self.codec, head, recipe.field_dropout)
        self.network.to("cuda" if torch.cuda.is_available() else "cpu")
        self.started = start_head(self)

    def batch(self, examples: Examples, rows: Sequence[int] | np.ndarray, *, candidates: bool = False) -> Batch:
        """Put rows (or candidates) side by side on the network's device."""
        encoded = examples.candidates if candidates else examples.encoded
        assert encoded is not None
        return collate(encoded, rows, self.layout).to(self.network.device)

    def trainable(self) -> dict[str, torch.Tensor]:
        """Name -> parameter of everything that learns."""
        return {name: p for name, p in self.network.named_parameters() if p.requires_grad}

    def groups(self) -> list[dict[str, Any]]:
        """Parameters by how fast they learn: `pace` times the recipe's rate."""
        pace = {"adapted": 1.0, "tokens": 1.0, "head": 1.0}
        if self.data.task.kind == "classification" and self.data.schema.of_kind("text"):
            pace["head"] = 5.0
        if self.data.schema.of_kind("set"):
            pace["tokens"] = 10.0  # each finding is rare, so its vector gets few steps
        made = {part: [p for n, p in self.trainable().items() if n.startswith(part)] for part in pace}
        return [{"params": made[part], "pace": pace[part]} for part in pace if made[part]]


def derive(recipe: Recipe, data: Prepared) -> Recipe:
    """Replace every 0 that means "by the data" with a number.

    Raises:
        RecipeError: settings that contradict the data.
    """
    rows, texts = len(data.train), bool(data.schema.of_kind("text"))
    if data.task.kind == "choice" and not texts:
        raise RecipeError("A choice among candidates needs a text field to score them against; name one with --text.")
    layers = count_layers(recipe.backbone)
    if texts:
        batch = 16 if rows < 600 else 32
        # about 200 steps, more where there are many labels to tell apart; 3 to 8 passes
        wanted = 200 + 10 * len(data.schema.labels)
        epochs = min(8, max(5 if len(data.schema.labels) > 20 else 3, round(wanted * batch / rows)))
    else:
        # about 450 steps of 16 rows for a small table, larger steps and fewer passes for a large one
        batch = 16 if rows < 3000 else 32 if rows < 10_000 else 128
        epochs = min(10, max(2, round(450 * batch / rows)))
    return replace(
        recipe,
        depth=recipe.depth or (layers if texts or layers < 4 else math.ceil(layers / 2)),
        batch_rows=recipe.batch_rows or batch,
        batch_tokens=recipe.batch_tokens or (32768 if torch.cuda.is_available() else max(2048, recipe.max_tokens)),
        epochs=recipe.epochs or epochs,
        learning_rate=recipe.learning_rate or 1e-3,
        refit=recipe.refit if recipe.refit != "auto" else "no" if texts or rows >= 3000 else "yes",
        precision=recipe.precision if recipe.precision != "auto" else "bf16" if has_bfloat16() else "fp32",
    )


def start_head(tuning: Tuning) -> list[str]:
    """Set what the head knows before the first step: shares of the labels, their centres, and the wide path.

    Returns:
        What was done, one sentence each.
    """
    head, train, schema = tuning.network.head, tuning.train, tuning.data.schema
    if head.kind == "choice":
        return []
    target = train.target
    if head.kind == "regression":
        head.centre.fill_(float(target.mean()))
        head.spread.fill_(float(target.std()) or 1.0)
        target = ((target - target.mean()) / float(head.spread)).astype(np.float32)
    else:
        counts = np.bincount(target, minlength=len(schema.labels)) + 0.5
        with torch.no_grad():
            head.out.bias.copy_(torch.log(torch.tensor(counts / counts.sum())))
            if len(schema.labels) > 2 and schema.of_kind("text"):
                start_at_centres(tuning)
    if not schema.fields:
        return []
    learned, seed, penalty, said = len(tuning.codec.learned_), tuning.recipe.seed, 1.0, []
    head.mix.fill_(0.5)
    if schema.of_kind("number", "category", "set"):
        penalty = fit_wide(head, train.encoded, target, learned, seed)
        said.append(f"The linear path over the fields was fitted with penalty {penalty:g}.")
    if schema.of_kind("text"):
        of_text = fit_wide_text(head, train.encoded, target, learned, seed, penalty)
        said.append(f"The linear path over {len(head.text_rarity) - 1:,} phrases was fitted with penalty {of_text:g}.")
    return said


@torch.inference_mode()
def start_at_centres(tuning: Tuning) -> None:
    """Start each label's weights at the centre of its rows as the untouched backbone sees them (a nearest-centre classifier)."""
    head, train = tuning.network.head, tuning.train
    tuning.network.eval()
    pooled = torch.empty(len(train), tuning.backbone.width)
    for rows in length_sorted(train.encoded.lengths, tuning.recipe.batch_tokens):
        pooled[torch.as_tensor(rows)] = tuning.network.pooled(tuning.batch(train, rows)).cpu()
    middle = pooled.mean(0)
    target = torch.as_tensor(train.target)
    for label in range(head.out.weight.shape[0]):
        if (mine := target == label).any():
            head.out.weight[label] = F.normalize(pooled[mine].mean(0) - middle, dim=0)
    head.out.weight.mul_(CENTRE_SCALE / (pooled - middle).norm(dim=1).mean())
    head.out.bias.copy_(-(head.out.weight.cpu() @ middle))


def step_loss(tuning: Tuning, model: Any, examples: Examples, rows: np.ndarray, rivals: Any = None) -> torch.Tensor:
    """Loss summed over some rows of a step; the caller divides once by all rows of the step.

    Args:
        tuning: the run.
        model: its network, perhaps wrapped for several processes.
        examples: where the rows are.
        rows: (m,) numbers of the rows.
        rivals: choice: (candidates of the whole step, (rows, candidates) who may have which).
    """
    batch = tuning.batch(examples, rows)
    if rivals is None:
        target = torch.as_tensor(examples.target[rows], device=batch.ids.device)
        out = model(batch).float()
        if tuning.data.task.kind == "regression":
            head = tuning.network.head
            return F.mse_loss(out[:, 0], (target - head.centre) / head.spread, reduction="sum")
        return F.cross_entropy(out, target, reduction="sum", label_smoothing=tuning.recipe.label_smoothing)
    chosen, allowed = rivals
    cosines = model(batch, tuning.batch(examples, chosen, candidates=True)).float()
    logits = (tuning.network.head.scale * cosines).masked_fill(
        ~torch.as_tensor(allowed, device=cosines.device), float("-inf")
    )
    target = torch.as_tensor(np.searchsorted(chosen, examples.target[rows]), device=cosines.device)
    return F.cross_entropy(logits, target, reduction="sum")


def parts_of(tuning: Tuning, examples: Examples, rows: np.ndarray, budget: int) -> Iterator[tuple[np.ndarray, Any]]:
    """Cut a step into forward passes within the token budget; what a row is scored against stays that of the step."""
    if tuning.data.task.kind != "choice":
        yield from ((part, None) for part in split_by_tokens(rows, examples.encoded.lengths, budget))
        return
    chosen, allowed = examples.rivals(rows)
    for part in split_by_tokens(np.arange(len(rows)), examples.encoded.lengths[rows], budget):
        yield rows[part], (chosen, allowed[part])
