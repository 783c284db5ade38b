"""Write a finished run, read it back, and publish it only if the saved files say what the network in memory said."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import save_file

from .calibration import Calibration, calibrate, fit_temperature, log_loss
from .checkpoint import FILE as CHECKPOINT
from .checkpoint import Progress
from .errors import RunError
from .lora import save_adapter
from .machine import facts, prefer_fast_matmul, resident_bytes, versions
from .run import TEMPLATE, fingerprint_template, publish, schema_to_dict, write_json, write_manifest
from .scorer import Scorer

if TYPE_CHECKING:
    from .tuning import Tuning

__all__ = ["Validated", "save_run", "validate"]

PROBE = 8
"""Validation rows that are predicted before and after saving."""


@dataclass(frozen=True)
class Validated:
    """What a network says of the validation rows, and what was fitted on that."""

    logits: np.ndarray
    """(n, k) logits, or (n,) values for regression."""
    truth: np.ndarray
    """(n,) index of the true label or own candidate, or the true value."""
    known: Calibration


def validate(tuning: Tuning) -> Validated:
    """Score the validation rows and fit temperature, thresholds and conformal sets on them."""
    data = tuning.data
    if data.task.kind == "classification" and data.schema.of_kind("text"):
        choose_mix(tuning)
    raw = _scorer(tuning).score(data.validation, tuning.validation.encoded)
    truth = tuning.validation.target
    if tuning.validation.owned is not None:  # numbers within each record's own candidates
        truth = np.array(
            [int(np.flatnonzero(own == t)[0]) for own, t in zip(tuning.validation.owned, truth, strict=True)]
        )
    positive = None if data.schema.positive is None else data.schema.labels.index(data.schema.positive)
    shares = None
    if data.schema.labels:
        counts = np.bincount(tuning.train.target, minlength=len(data.schema.labels)) + 0.5
        shares = counts / counts.sum()
    known = calibrate(
        data.task,
        raw.logits,
        truth,
        shares=shares,
        rows=data.validation,
        positive=positive,
        similarity=raw.similarity,
    )
    return Validated(raw.logits, truth, known)


MIXES = (0.5, 0.25, 0.75, 0.0)
"""Shares of the wide path that are tried on the validation rows of a text; of equals the first is taken."""


def choose_mix(tuning: Tuning) -> None:
    """Set the share of the wide path that loses least on the validation rows, each share with its own temperature."""
    head, truth, logits = tuning.network.head, tuning.validation.target, []
    for share in (0.0, 1.0):
        head.mix.fill_(share)
        logits.append(_scorer(tuning).score(tuning.data.validation, tuning.validation.encoded).logits)
    losses = []
    for share in MIXES:
        mixed = (1 - share) * logits[0] + share * logits[1]
        losses.append(log_loss(mixed, truth, fit_temperature(mixed, truth)))
    head.mix.fill_(MIXES[int(np.argmin(losses))])


def _scorer(tuning: Tuning) -> Scorer:
    return Scorer(tuning.data.task, tuning.codec, tuning.network, tuning.layout, tuning.data.bank)


def save_run(tuning: Tuning, position: Progress, validated: Validated, work: Path, final: Path) -> None:
    """Write every file, prove the files, rename.

    Raises:
        RunError: the saved files give other predictions than the network in memory.
    """
    data = tuning.data
    (work / "recipe.toml").write_text(tuning.recipe.to_toml(), encoding="utf-8")
    save_adapter(tuning.network.adapted, work / "adapter")
    save_file(_own_weights(tuning), work / "head.safetensors")
    write_json(work / "task.json", _description(tuning))
    if data.bank is not None:
        data.bank.to_json(work / "bank.jsonl", orient="records", lines=True, force_ascii=False)
    write_json(work / "calibration.json", validated.known.to_dict())
    write_json(
        work / "data.json",
        {"source": data.source, "simulated": data.simulated, "notes": list(data.notes), "split": data.split},
    )
    if data.gate:
        write_json(work / "gate.json", data.gate)
    write_json(work / "metrics.json", _metrics(position, validated.logits, validated.truth, data.task.kind))
    (work / "card.md").write_text(_card(tuning, position), encoding="utf-8")
    write_manifest(work, _facts(tuning), without=(CHECKPOINT,))
    _prove(tuning, work)
    (work / CHECKPOINT).unlink(missing_ok=True)  # only now: whatever failed before can be resumed
    publish(work, final)


def _own_weights(tuning: Tuning) -> dict[str, torch.Tensor]:
    """Record tokens and head, without the backbone and its adapter."""
    tokens = {f"tokens.{k}": v for k, v in tuning.network.tokens.state_dict().items()}
    head = {f"head.{k}": v for k, v in tuning.network.head.state_dict().items()}
    return {k: v.detach().cpu().contiguous().clone() for k, v in (tokens | head).items()}


def _description(tuning: Tuning) -> dict[str, Any]:
    from .predict import tokenizer_sha256

    task = tuning.data.task
    said: dict[str, Any] = {
        "task": task.name,
        "version": task.version,
        "title": task.title,
        "kind": task.kind,
        "schema": schema_to_dict(tuning.data.schema),
        "codec": tuning.codec.state(),
        "template": TEMPLATE,
        "max_tokens": tuning.codec.max_tokens,
        "pooling": "last" if tuning.backbone.causal else "mean",
        "specials": [list(tuning.layout.before), list(tuning.layout.behind)],
        "tokenizer": tokenizer_sha256(tuning.backbone.tokenizer),
    }
    said = json.loads(json.dumps(said))  # tuples become lists, as they will be when read back
    return {**said, "template_sha256": fingerprint_template(said)}


def _metrics(position: Progress, logits: np.ndarray, truth: np.ndarray, kind: str) -> dict[str, Any]:
    if kind == "regression":
        measured = {"rmse": float(np.sqrt(np.mean((logits - truth) ** 2)))}
    else:
        measured = {"accuracy": float((logits.argmax(1) == truth).mean())}
    return {
        "steps": position.step,
        "best_step": position.best_step,
        "tokens": position.tokens,
        "seconds": round(position.seconds, 1),
        "tokens_per_second": round(position.tokens / max(position.seconds, 1e-9)),
        "peak_memory_mb": round(resident_bytes() / 2**20),
        "validation": {"rows": len(truth), "loss": position.best_loss, **measured},
        "validations": position.validations,
    }


def _commit() -> str:
    """The git commit of the package's own checkout, if it runs from one."""
    here = Path(__file__).resolve().parent
    try:
        said = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return said.stdout.strip() or "unknown"


def _facts(tuning: Tuning) -> dict[str, Any]:
    from .. import __version__

    data = tuning.data
    return {
        "task": data.task.name,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "verticals": __version__,
        "commit": _commit(),
        "versions": versions(),
        "machine": facts(),
        "kernels": prefer_fast_matmul(),
        "precision": {
            "tuning": tuning.recipe.precision,
            "weights": str(tuning.backbone.model.dtype).removeprefix("torch."),
        },
        "seed": tuning.recipe.seed,
        "backbone": {"name": tuning.backbone.name, "sha256": tuning.backbone.sha256},
        "data": {
            "fingerprint": data.fingerprint,
            "simulated": data.simulated,
            "train": len(data.train),
            "validation": len(data.validation),
            "test": len(data.test),
        },
        "weights": {
            "learned": sum(p.numel() for p in tuning.trainable().values()),
            "frozen": sum(p.numel() for p in tuning.network.parameters() if not p.requires_grad),
        },
    }


def _card(tuning: Tuning, position: Progress) -> str:
    data, recipe = tuning.data, tuning.recipe
    again = (
        f"- Then tuned once more, from the start, on all {len(data.train) + len(data.validation):,} rows that are not test rows.\n"
        if recipe.refit == "yes"
        else ""
    )
    simulated = "simulated records" if data.simulated else "the team's own records"
    return (
        f"# {data.task.name}\n\n{data.task.title}\n\n{data.task.safety.statement}\n\n"
        f"- Backbone: {tuning.backbone.name}, frozen; LoRA rank {recipe.rank} on {recipe.targets}, layers {recipe.layers}.\n"
        f"- Tuned on {len(data.train):,} rows of {simulated}, stopped by {len(data.validation):,} validation rows; "
        f"{len(data.test):,} test rows were not looked at.\n"
        f"{again}"
        f"- {position.step} steps, best at {position.best_step}, validation loss {position.best_loss:.4f}.\n"
        f"- Reads: {', '.join(f.name for f in data.schema.fields)}.\n"
        f"- Says: {', '.join(data.schema.labels) or data.schema.label}.\n"
        f"- Where it abstains: {data.task.safety.referral}\n\n"
        "Load it with `verticals.Predictor.load(folder)`; the adapter alone loads with peft.\n"
    )


def _prove(tuning: Tuning, work: Path) -> None:
    """Predict a few rows from the saved files: they must equal what the network in memory said."""
    from .predict import Predictor

    rows = tuning.data.validation.iloc[:PROBE]
    threads = torch.get_num_threads()
    # a bank may be long: a few of its candidates tell two networks apart as well as all
    bank = None if tuning.data.bank is None else tuning.data.bank.iloc[:PROBE]

    def said(scorer: Scorer) -> np.ndarray:
        return replace(scorer, bank=bank, _bank_vectors=None).score(rows).logits

    before = said(_scorer(tuning))
    saved = said(Predictor.load(work, threads=threads).scorer)
    memory = said(_scorer(tuning))  # once more: loading must not have changed the network in memory
    finite = np.isfinite(memory)
    size = max(1.0, float(np.abs(memory[finite]).max()))
    most = 1e-4 if tuning.backbone.model.dtype == torch.float32 else 5e-2
    apart = float(np.abs(saved[finite] - memory[finite]).max()) / size
    if not apart <= most or not np.allclose(memory[finite], before[finite], atol=most * size * 10):
        raise RunError(
            f"The saved run in {str(work)!r} predicts {apart:.2g} apart from the network it was saved from (at most {most:g} is "
            "allowed), so it was not published; please report this with its recipe.toml."
        )
