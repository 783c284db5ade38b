"""Tune one run, top to bottom: encode, check, loop, keep the best, calibrate, save, prove that the saved files say the same."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

from .backbone import Backbone, count_layers, load_backbone
from .batches import Batch, Layout, collate, length_sorted, plan_epoch, split_by_tokens
from .checkpoint import Progress, load_checkpoint, save_checkpoint
from .checks import self_check
from .errors import DataError, RecipeError
from .examples import Examples, make_examples
from .lora import attach_adapter
from .machine import has_bfloat16, prefer_fast_matmul, use_threads
from .network import Head, Network
from .recipe import Recipe
from .records import RecordCodec
from .run import claim
from .save import save_run
from .task import Prepared
from .wide import fit_wide

CENTRE_SCALE = 5.0
"""Size of the logits that the head starts with where labels start at their centres."""

__all__ = ["Tuning", "derive", "step_loss", "tune"]


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
        batch_tokens=recipe.batch_tokens or (32768 if torch.cuda.is_available() else max(1024, recipe.max_tokens)),
        epochs=recipe.epochs or epochs,
        learning_rate=recipe.learning_rate or 1e-3,
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
    if not schema.of_kind("number", "category", "set"):
        return []
    penalty = fit_wide(head, train.encoded, target, len(tuning.codec.learned_), tuning.recipe.seed)
    head.mix.fill_(0.5)
    return [f"The linear path over the fields was fitted with penalty {penalty:g}."]


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


@torch.inference_mode()
def validation_loss(tuning: Tuning, examples: Examples) -> float:
    """Mean loss over the validation rows."""
    tuning.network.eval()
    total = 0.0
    if tuning.data.task.kind == "choice":
        for start in range(0, len(examples), tuning.recipe.batch_rows):
            rows = np.arange(start, min(start + tuning.recipe.batch_rows, len(examples)))
            for part, rivals in parts_of(tuning, examples, rows, tuning.recipe.batch_tokens):
                total += float(step_loss(tuning, tuning.network, examples, part, rivals))
    else:
        for rows in length_sorted(examples.encoded.lengths, tuning.recipe.batch_tokens):
            total += float(step_loss(tuning, tuning.network, examples, rows))
    tuning.network.train()
    return total / len(examples)


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Linear rise over the warm-up share, then a cosine to zero."""
    rise = max(1, round(recipe.warmup * steps))
    if step < rise:
        return recipe.learning_rate * (step + 1) / rise
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def tune(
    data: Prepared,
    recipe: Recipe | None = None,
    *,
    out: str | Path,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Tune a LoRA adapter and a head on the training rows and write the run folder.

    The test rows are never looked at: early stopping, calibration and thresholds use the validation rows.

    Args:
        data: checked and split rows, from `prepare`.
        recipe: the settings; by default those derived from the data.
        out: the run folder to write.
        resume: go on with the unfinished run beside `out`.
        overwrite: replace a run that stands there.
        progress: show a progress bar and what was found.

    Returns:
        The run folder.

    Raises:
        VerticalsError: with one sentence, before anything is overwritten.
    """
    recipe = derive(recipe or Recipe(), data)
    if len(data.validation) < 2:
        raise DataError(f"There are {len(data.validation)} validation rows; at least 2 are needed, so give more rows.")
    final, work = claim(out, resume=resume, overwrite=overwrite)
    use_threads(recipe.threads)
    kernels = prefer_fast_matmul()
    accelerator = make_accelerator(recipe, work)
    # a GPU holds the frozen weights in bfloat16; a CPU keeps them in float32, in which it will score
    half = recipe.precision == "bf16" and torch.cuda.is_available()
    backbone = load_backbone(recipe.backbone, dtype=torch.bfloat16 if half else torch.float32, depth=recipe.depth)
    tuning = Tuning(data, recipe, backbone)
    say = (lambda text: tqdm.write(text)) if progress and accelerator.is_main_process else (lambda text: None)
    for note in (*data.notes, *tuning.started, *self_check(tuning)):
        say(f"  {note}")
    identity = {"recipe": asdict(recipe), "data": data.fingerprint, "task": data.task.name, "kernels": kernels}
    position, best = fit(tuning, accelerator, work, identity, resume=resume, progress=progress)
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        with torch.no_grad():
            for name, parameter in tuning.trainable().items():
                parameter.copy_(best[name])
        save_run(tuning, position, work, final)
        say(f"  Saved {final}")
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return final


def make_accelerator(recipe: Recipe, work: Path) -> Any:
    """The device, the processes and the trackers."""
    from accelerate import Accelerator

    accelerator = Accelerator(
        cpu=not torch.cuda.is_available(),
        mixed_precision="no",  # the loop itself says which products are in bfloat16
        log_with=None if recipe.tracker == "none" else recipe.tracker,
        project_dir=str(work),
    )
    if recipe.tracker != "none":
        accelerator.init_trackers("verticals", config=asdict(recipe))
    return accelerator


def fit(
    tuning: Tuning, accelerator: Any, work: Path, identity: dict[str, Any], *, resume: bool, progress: bool
) -> tuple[Progress, dict[str, torch.Tensor]]:
    """The loop. Returns where it ended and the weights of the best validation."""
    recipe, train = tuning.recipe, tuning.train
    weights = tuning.trainable()
    optimizer = torch.optim.AdamW(
        tuning.groups(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    model, optimizer = accelerator.prepare(tuning.network, optimizer)
    world, rank = accelerator.num_processes, accelerator.process_index
    at, best = Progress(), {name: p.detach().clone() for name, p in weights.items()}
    if resume and (found := load_checkpoint(work, optimizer, identity)):
        at, saved, best = found
        with torch.no_grad():
            for name, p in weights.items():
                p.copy_(saved[name])
    plans = steps_of(train, recipe)
    steps, every = len(plans), validation_steps(len(plans), recipe)
    log = LossLog(work / "losses.jsonl", at.lines)
    started, before = time.monotonic(), at.seconds
    bar = tqdm(total=steps, initial=at.step, unit="step", disable=not (progress and accelerator.is_main_process))
    tuning.network.train()
    while at.step < steps and not (recipe.patience and at.worse >= recipe.patience):
        rows = plans[at.step]
        # dropout is a function of seed and step alone: what a killed run had drawn need not be remembered
        torch.manual_seed(recipe.seed * 1_000_003 + at.step)
        rate = learning_rate(recipe, at.step, steps)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["pace"]
        total = 0.0
        parts = list(parts_of(tuning, train, rows[rank::world], recipe.batch_tokens // world))
        for i, (part, rivals) in enumerate(parts):
            with nullcontext() if i == len(parts) - 1 else accelerator.no_sync(model):
                with torch.autocast(tuning.network.device.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
                    loss = step_loss(tuning, model, train, part, rivals)  # a sum over rows
                accelerator.backward(loss * (world / len(rows)))  # divided once, by the rows of the whole step
                total += float(loss.detach())
        norm = accelerator.clip_grad_norm_(weights.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        at.step, at.tokens = at.step + 1, at.tokens + train.tokens(rows)
        at.seconds = before + time.monotonic() - started
        line = {
            "step": at.step,
            "loss": total * world / len(rows),
            "rate": rate,
            "norm": float(norm),
            "tokens": at.tokens,
        }
        if at.step % every == 0 or at.step == steps:
            line["validation"] = value = validation_loss(tuning, tuning.validation)
            at.validations.append({"step": at.step, "loss": value})
            at.worse += 1
            if value < at.best_loss:
                at.best_loss, at.best_step, at.worse = value, at.step, 0
                best = {name: p.detach().clone() for name, p in weights.items()}
        at.lines = log.write(line)
        accelerator.log({k: v for k, v in line.items() if k != "step"}, step=at.step)
        if accelerator.is_main_process and (at.step % recipe.checkpoint_steps == 0 or at.step == steps):
            save_checkpoint(work, at, {n: p.detach() for n, p in weights.items()}, best, optimizer, identity)
        bar.update()
        bar.set_postfix_str(f"loss {line['loss']:.3f}, best {at.best_loss:.3f}, {at.tokens / at.seconds:,.0f} tokens/s")
    bar.close()
    log.close()
    return at, best


def steps_of(train: Examples, recipe: Recipe) -> list[np.ndarray]:
    """The rows of every optimizer step of the run; a part of a pass takes the first steps of that pass."""
    whole = math.ceil(recipe.epochs)
    lengths = train.encoded.lengths
    passes = [plan_epoch(lengths, recipe.batch_rows, seed=recipe.seed, epoch=e) for e in range(whole)]
    every = [rows for one in passes for rows in one]
    return every[: max(1, round(len(passes[0]) * recipe.epochs))]


def validation_steps(steps: int, recipe: Recipe) -> int:
    """Steps between two validations: once a pass, at least eight times a run."""
    return max(1, min(round(steps / max(recipe.epochs, 1)), steps // 8))


class LossLog:
    """losses.jsonl, one line a step; a resumed run first drops the lines that its checkpoint does not know."""

    def __init__(self, path: Path, lines: int) -> None:
        kept = path.read_text(encoding="utf-8").splitlines(keepends=True)[:lines] if path.exists() and lines else []
        path.write_text("".join(kept), encoding="utf-8")
        self.lines, self.file = lines, path.open("a", encoding="utf-8")

    def write(self, line: dict[str, Any]) -> int:
        """Append a line; returns how many there are."""
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()
        self.lines += 1
        return self.lines

    def close(self) -> None:
        """Close the file."""
        self.file.close()
