"""Tune one run, top to bottom: encode, check, loop, keep the best, calibrate, save, prove that the saved files say the same."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import time
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from tqdm import tqdm

from .backbone import load_backbone
from .batches import length_sorted, plan_epoch
from .checkpoint import FILE, Progress, load_checkpoint, save_checkpoint
from .checks import self_check
from .errors import DataError, RecipeError, RunError
from .examples import Examples
from .machine import prefer_fast_matmul, use_threads
from .recipe import Recipe
from .run import claim
from .save import save_run, validate
from .task import Prepared
from .tuning import Tuning, derive, parts_of, step_loss

__all__ = ["fit", "tune"]


@torch.inference_mode()
def validation_loss(tuning: Tuning, examples: Examples) -> float:
    """Mean loss over the validation rows, in the precision of tuning."""
    tuning.network.eval()
    with torch.autocast(tuning.network.device.type, torch.bfloat16, enabled=tuning.recipe.precision == "bf16"):
        total = summed_loss(tuning, examples)
    tuning.network.train()
    return total / len(examples)


def summed_loss(tuning: Tuning, examples: Examples) -> float:
    """Loss of all rows, those of like length together; in a choice every candidate is read once."""
    budget = tuning.recipe.batch_tokens
    if tuning.data.task.kind != "choice":
        parts = length_sorted(examples.encoded.lengths, budget)
        return sum(float(step_loss(tuning, tuning.network, examples, rows)) for rows in parts)
    everyone = np.arange(len(examples))
    chosen, _ = examples.rivals(everyone)
    asked, offered = _vectors(tuning, examples, everyone), _vectors(tuning, examples, chosen, candidates=True)
    total = 0.0
    for start in range(0, len(examples), tuning.recipe.batch_rows):
        rows = everyone[start : start + tuning.recipe.batch_rows]
        # a bank is shared: all its candidates that occur; else those of the rows at hand
        own, allowed = (chosen, None) if examples.owned is None else examples.rivals(rows)
        logits = tuning.network.head.scale * asked[rows] @ offered[np.searchsorted(chosen, own)].T
        if allowed is not None:
            logits = logits.masked_fill(~torch.as_tensor(allowed, device=logits.device), float("-inf"))
        target = torch.as_tensor(np.searchsorted(own, examples.target[rows]), device=logits.device)
        total += float(F.cross_entropy(logits, target, reduction="sum"))
    return total


def _vectors(tuning: Tuning, examples: Examples, numbers: np.ndarray, *, candidates: bool = False) -> torch.Tensor:
    """(len(numbers), width) float32 outputs of the network for records or candidates, batched by length."""
    encoded = examples.candidates if candidates and examples.candidates is not None else examples.encoded
    made = torch.empty(len(numbers), tuning.backbone.width, device=tuning.network.device)
    for place in length_sorted(encoded.lengths[numbers], tuning.recipe.batch_tokens):
        made[place] = tuning.network(tuning.batch(examples, numbers[place], candidates=candidates)).float()
    return made


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
    if recipe.tracker != "none" and importlib.util.find_spec(recipe.tracker) is None:
        raise RecipeError(
            f"The recipe sends losses to {recipe.tracker}, which is not installed; run `pip install {recipe.tracker}`, "
            "or leave tracker out."
        )
    if len(data.validation) < 2:
        raise DataError(f"There are {len(data.validation)} validation rows; at least 2 are needed, so give more rows.")
    final, work = claim(out, resume=resume, overwrite=overwrite)
    try:
        run_to_the_end(data, recipe, work, final, resume=resume, progress=progress)
    except (OSError, SafetensorError) as error:
        then = "go on with --resume" if (work / FILE).exists() else "start again"
        raise RunError(
            f"The run could not be written to {str(work)!r} ({error}); free space there and {then}, or name another --out."
        ) from error
    finally:
        if work.exists() and not (work / FILE).exists():  # there is nothing to go on with
            shutil.rmtree(work, ignore_errors=True)
    return final


def run_to_the_end(data: Prepared, recipe: Recipe, work: Path, final: Path, *, resume: bool, progress: bool) -> None:
    """Load, check, loop, save; what it writes stands in the working folder until it is whole."""
    use_threads(recipe.threads)
    kernels = prefer_fast_matmul()
    accelerator = make_accelerator(recipe, work)
    # a GPU holds the frozen weights in bfloat16; a CPU keeps them in float32, in which it will score
    half = recipe.precision == "bf16" and torch.cuda.is_available()
    backbone = load_backbone(recipe.backbone, dtype=torch.bfloat16 if half else torch.float32, depth=recipe.depth)
    tuning = Tuning(data, recipe, backbone)
    say = tqdm.write if progress and accelerator.is_main_process else (lambda text: None)
    for note in (*data.notes, *tuning.started, *self_check(tuning)):
        say(f"  {note}")
    identity = {"recipe": asdict(recipe), "data": data.fingerprint, "task": data.task.name, "kernels": kernels}
    position, best = fit(tuning, accelerator, work, identity, resume=resume, progress=progress)
    accelerator.wait_for_everyone()
    put(tuning, best)
    validated = validate(tuning) if accelerator.is_main_process else None
    if recipe.refit == "yes":
        tuning = refit(tuning, accelerator, work, position, progress=progress)
        say(f"  Tuned once more on all {len(tuning.train):,} rows that are not test rows.")
        accelerator.wait_for_everyone()
    if validated is not None:
        save_run(tuning, position, validated, work, final)
        say(f"  Saved {final}")
    accelerator.wait_for_everyone()
    accelerator.end_training()


@torch.no_grad()
def put(tuning: Tuning, weights: dict[str, torch.Tensor]) -> None:
    """Set everything that learns."""
    for name, parameter in tuning.trainable().items():
        parameter.copy_(weights[name])


def refit(tuning: Tuning, accelerator: Any, work: Path, position: Progress, *, progress: bool) -> Tuning:
    """Tune from the start on the training and validation rows together, for as many passes as validation found best.

    On a small table the validation rows are too many to waste. What was fitted on them (temperature, thresholds, conformal
    sets) is kept from the first tuning, whose network had not seen them.
    """
    data, recipe = tuning.data, tuning.recipe
    planned = len(steps_of(tuning.train, recipe))
    share = max(0.5, position.best_step / planned)  # less than half of the passes is rather chance than overfitting
    together = replace(data, train=pd.concat([data.train, data.validation]).sort_index())
    backbone = load_backbone(recipe.backbone, dtype=tuning.backbone.model.dtype, depth=recipe.depth)
    again = Tuning(together, replace(recipe, epochs=recipe.epochs * share), backbone)
    _, last = fit(again, accelerator, work, {}, resume=False, progress=progress, after=position)
    put(again, last)
    again.data, again.recipe = data, recipe
    return again


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
    tuning: Tuning,
    accelerator: Any,
    work: Path,
    identity: dict[str, Any],
    *,
    resume: bool,
    progress: bool,
    after: Progress | None = None,
) -> tuple[Progress, dict[str, torch.Tensor]]:
    """The loop. Returns where it ended and the weights of the best validation; after another loop, the last weights."""
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
    log = LossLog(work / "losses.jsonl", after.lines if after else at.lines)
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
        if after is not None:  # no row is left to validate on; a killed run does this part again
            log.write(line | {"refit": True})
            bar.update()
            continue
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
    return at, best if after is None else {name: p.detach().clone() for name, p in weights.items()}


def steps_of(train: Examples, recipe: Recipe) -> list[np.ndarray]:
    """The rows of every optimizer step of the run; a part of a pass takes the first steps of that pass."""
    whole = math.ceil(recipe.epochs)
    lengths = train.encoded.lengths
    passes = [plan_epoch(lengths, recipe.batch_rows, seed=recipe.seed, epoch=e) for e in range(whole)]
    every = [rows for one in passes for rows in one]
    return every[: max(1, round(len(passes[0]) * recipe.epochs))]


def validation_steps(steps: int, recipe: Recipe) -> int:
    """Steps between two validations: once a pass, at least six times a run."""
    return max(1, min(round(steps / max(recipe.epochs, 1)), steps // 6))


class LossLog:
    """losses.jsonl, one line a step; a resumed run first drops the lines that its checkpoint does not know."""

    def __init__(self, path: Path, lines: int) -> None:
        kept = path.read_text(encoding="utf-8").splitlines(keepends=True)[:lines] if path.exists() and lines else []
        path.write_text("".join(kept), encoding="utf-8")
        self.lines, self.path = lines, path

    def write(self, line: dict[str, Any]) -> int:
        """Append a line; returns how many there are."""
        with self.path.open("a", encoding="utf-8") as file:  # closed at once: a fault elsewhere leaves nothing open
            file.write(json.dumps(line) + "\n")
        self.lines += 1
        return self.lines
