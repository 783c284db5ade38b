"""Load runs and score records with them: one, many, a stream, or several runs on one backbone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from .backbone import Backbone, load_backbone
from .batches import Batch, Layout
from .calibration import Calibration, named, softmax
from .errors import DataError, RunError
from .influence import Influence, influence_of
from .lora import load_adapter
from .machine import prefer_fast_matmul, use_threads
from .network import Head, Network, pool
from .recipe import read_recipe
from .records import RecordCodec
from .registry import load_task
from .run import TEMPLATE, check_files, check_task_version, fingerprint_template, read_json, schema_from_dict
from .scorer import Raw, Scorer
from .task import Flag, Record, Schema, Task

__all__ = ["Influence", "Predictions", "Predictor", "canonical", "predict_mixed", "tokenizer_sha256"]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})


@dataclass(frozen=True)
class Predictions:
    """What a run says of n records."""

    labels: tuple[str, ...]
    """(k,) class names, or ids of the bank's candidates; empty for regression and own candidates."""
    scores: np.ndarray
    """(n, k) calibrated probabilities; (n,) values for regression."""
    prediction: np.ndarray
    """(n,) object: label or candidate id; number of the record's own candidate; value."""
    abstained: np.ndarray
    """(n,) bool: a person has to answer."""
    reasons: tuple[str, ...]
    """(n,) why it abstained, or nothing."""
    conformal: tuple[tuple[str, ...], ...]
    """(n,) labels that hold the true one in 90 % of cases, likeliest first; empty for regression."""
    flags: tuple[tuple[Flag, ...], ...]
    """(n,) what goes to a person whatever the score."""
    threshold: float | None = None
    """Binary: probability of the positive label from which the action is taken."""
    raw_scores: np.ndarray | None = None
    """(n, k) probabilities before temperature scaling."""
    offsets: tuple[float, ...] = ()
    """(k,) added to the log-probabilities before the label was named; empty: none."""

    def __len__(self) -> int:
        return len(self.prediction)

    def columns(self) -> dict[str, Any]:
        """`prediction`, one `probability_LABEL` a label, `abstained`: what a file of predictions adds to its input."""
        found: dict[str, Any] = {"prediction": self.prediction}
        if self.labels:
            found |= {f"probability_{label}": self.scores[:, j] for j, label in enumerate(self.labels)}
        elif self.scores.ndim == 2:
            found |= {f"probability_{j}": self.scores[:, j] for j in range(self.scores.shape[1])}
        return found | {"abstained": self.abstained}


def tokenizer_sha256(tokenizer: Any) -> str:
    """sha256 of everything that turns text into word pieces."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    text = backend.to_str() if backend is not None else repr(sorted(tokenizer.get_vocab().items()))
    # padding and truncation are set anew at each call and say nothing about the word pieces
    text = re.sub(r'"(truncation|padding)":(null|\{[^{}]*(\{[^{}]*\}[^{}]*)*\})', r'"\1":null', text)
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(records: pd.DataFrame | Sequence[Record] | Record, schema: Schema) -> pd.DataFrame:
    """Records -> one column a field in the types that a codec reads; a field that is not there is missing.

    Raises:
        DataError: a number field holds words.
    """
    if isinstance(records, pd.DataFrame):
        frame = records.copy(deep=False)
    else:
        listed = [records] if isinstance(records, Mapping) else list(records)
        frame = pd.DataFrame.from_records(listed) if listed else pd.DataFrame()
    for one in schema.fields:
        if one.name not in frame:
            frame[one.name] = pd.Series([None] * len(frame), index=frame.index, dtype=object)
        column = frame[one.name]
        if one.kind == "number":
            if not pd.api.types.is_numeric_dtype(column):
                plain = column.astype(object).where(column.notna(), None)
                empty = plain.map(lambda cell: cell is None or str(cell).strip().lower() in MISSING)
                made = pd.to_numeric(plain.where(~empty, None), errors="coerce")
                wrong = made.isna() & ~empty
                if wrong.any():
                    row: Any = wrong.idxmax()
                    raise DataError(
                        f"Field {one.name!r} holds {str(plain[row])[:40]!r} in row {row} where a number"
                        f"{' in ' + one.unit if one.unit else ''} is needed; write a number or leave it empty."
                    )
                column = made
            frame[one.name] = column.astype("float64").replace([np.inf, -np.inf], np.nan)
        elif one.kind in ("text", "category"):
            plain = column.astype(object)
            frame[one.name] = plain.where(plain.notna(), None).map(_words)
    return frame


def _words(cell: Any) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a category 2.0 that a file's missing values turned into a float
    text = str(cell)
    return text if text.strip() else None


class Predictor:
    """A run that is loaded and ready to score records."""

    def __init__(
        self, path: Path, scorer: Scorer, backbone: Backbone, calibration: Calibration, manifest: dict[str, Any]
    ):
        """Store what `load` put together."""
        self.path, self.scorer, self.backbone = path, scorer, backbone
        self.calibration, self.manifest = calibration, manifest
        self.task: Task = scorer.task
        self.schema: Schema = scorer.codec.schema
        self.bank: pd.DataFrame | None = scorer.bank

    @property
    def fingerprint(self) -> str:
        """sha256 over the rows that the run was prepared from."""
        return str(self.manifest["data"]["fingerprint"])

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns of the scores."""
        return tuple(str(i) for i in self.bank["id"]) if self.bank is not None else self.schema.labels

    @property
    def positive(self) -> int | None:
        """Index of the positive label of a binary task."""
        return None if self.schema.positive is None else self.schema.labels.index(self.schema.positive)

    @classmethod
    def load(cls, run: str | Path, *, threads: int | None = None, beside: Predictor | None = None) -> Predictor:
        """Load a run after checking every byte of it.

        Args:
            run: the folder that tuning wrote.
            threads: CPU threads; None leaves them: all cores for a lone process.
            beside: another loaded run; if both stand on the same backbone it is shared.

        Raises:
            RunError: missing, unfinished, altered, or made for another task version, template or backbone.
        """
        folder = Path(run)
        manifest = check_files(folder)
        description = read_json(folder / "task.json")
        task = load_task(description["task"])
        check_task_version(task, description, folder)
        use_threads(threads or 0)
        prefer_fast_matmul()
        recipe = read_recipe(folder / "recipe.toml")
        known = (manifest["backbone"]["sha256"], recipe.depth)
        if beside is not None and known == (beside.backbone.sha256, beside.backbone.depth):
            backbone, target = beside.backbone, beside.scorer.network.adapted
        else:
            half = recipe.precision == "bf16" and torch.cuda.is_available()
            backbone = load_backbone(
                recipe.backbone, dtype=torch.bfloat16 if half else torch.float32, depth=recipe.depth
            )
            target = backbone.model
        _check_description(folder, description, manifest, backbone)
        name = "default" if target is backbone.model else f"run{len(target.peft_config)}"
        adapted = load_adapter(target, folder / "adapter", name)
        scorer = _assemble(folder, description, task, backbone, adapted, name)
        if beside is not None and beside.scorer.network.adapted is adapted:
            beside.scorer.adapter = beside.scorer.adapter or "default"
            scorer.adapter = name
        calibration = Calibration.from_dict(read_json(folder / "calibration.json"))
        return cls(folder, scorer, backbone, calibration, manifest)

    def predict(self, records: pd.DataFrame | Sequence[Record] | Record) -> Predictions:
        """Score records; unknown columns are ignored, missing ones count as missing values.

        Args:
            records: a frame, a list of records, or one record.
        """
        frame = canonical(records, self.schema)
        return self.finish(self.scorer.score(frame), frame)

    def finish(self, raw: Raw, frame: pd.DataFrame) -> Predictions:
        """Calibrate raw scores and decide which records are not answered."""
        n, known = len(frame), self.calibration
        records: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
        flags = tuple(tuple(self.task.safety.escalate(record)) for record in records)
        unfit = [self._unfit(frame.iloc[i]) for i in range(n)] if self._may_be_unfit(frame) else [""] * n
        if self.task.kind == "regression":
            lost = np.array([bool(u) for u in unfit], bool)
            none: tuple[tuple[str, ...], ...] = ((),) * n
            return Predictions((), raw.logits, raw.logits.astype(object), lost, tuple(unfit), none, flags)
        chance = softmax(raw.logits, known.temperature) if n else raw.logits
        best, top = named(chance, known.offsets), chance.max(1) if n else np.zeros(0)
        labels = self.labels
        reasons = []
        for i in range(n):
            reason = unfit[i]
            if (
                not reason
                and known.similarity is not None
                and raw.similarity is not None
                and raw.similarity[i] < known.similarity
            ):
                reason = "Nothing among the candidates is close enough to answer this."
            if not reason and top[i] < known.confidence:
                reason = (
                    f"The likeliest answer has probability {top[i]:.2f}; below {known.confidence:.2f} none is given."
                )
            reasons.append(reason)
        said = np.array(labels, dtype=object)[best] if labels else best.astype(object)
        order = np.argsort(-chance, axis=1, kind="stable")
        sets = tuple(
            tuple(
                labels[j] if labels else str(j)
                for r, j in enumerate(order[i])
                if r == 0 or j == best[i] or 1 - chance[i, j] <= known.conformal
            )
            for i in range(n)
        )
        lost = np.array([bool(r) for r in reasons], bool)
        plain = softmax(raw.logits) if n else raw.logits
        return Predictions(
            labels, chance, said, lost, tuple(reasons), sets, flags, known.threshold, plain, known.offsets
        )

    def _may_be_unfit(self, frame: pd.DataFrame) -> bool:
        names = [one.name for one in self.schema.fields]
        required = [one.name for one in self.schema.fields if one.required]
        return bool(frame[names].isna().all(axis=1).any() or frame[required].isna().any(axis=None))

    def _unfit(self, record: pd.Series) -> str:
        if record[[one.name for one in self.schema.fields]].isna().all():
            return "Nothing is known of this record."
        lacking = [one.name for one in self.schema.fields if one.required and pd.isna(record[one.name])]
        return f"The required field {lacking[0]!r} is missing." if lacking else ""

    def influence(
        self, record: Record, *, label: str | None = None, reference: Record | None = None
    ) -> list[Influence]:
        """What speaks for and against a label; see `influence.influence_of`."""
        return influence_of(self, record, label=label, reference=reference)


def _check_description(folder: Path, said: Mapping[str, Any], manifest: Mapping[str, Any], backbone: Backbone) -> None:
    """Refuse a run whose records would now be read in another way, and name the difference."""
    if backbone.sha256 != manifest["backbone"]["sha256"]:
        raise RunError(
            f"The run {str(folder)!r} was tuned on weights with sha256 {manifest['backbone']['sha256'][:12]}…, but the backbone "
            f"{backbone.name!r} here has {backbone.sha256[:12]}…; use the backbone it was tuned on."
        )
    now = {**said, "template": TEMPLATE, "tokenizer": tokenizer_sha256(backbone.tokenizer)}
    now["specials"] = [list(Layout.of(backbone.tokenizer).before), list(Layout.of(backbone.tokenizer).behind)]
    if {fingerprint_template(now), fingerprint_template(said)} != {said["template_sha256"]}:
        keys = [k for k in ("template", "tokenizer", "specials") if now[k] != said.get(k)]
        shown = "; ".join(f"{k}: {said.get(k)} -> {now[k]}" for k in keys) or "its description was altered"
        raise RunError(
            f"The run {str(folder)!r} reads records in another way than this installation ({shown[:300]}); "
            "tune again, or install the version that its manifest names."
        )


def _assemble(folder: Path, said: Mapping[str, Any], task: Task, backbone: Backbone, adapted: Any, name: str) -> Scorer:
    layout = Layout.of(backbone.tokenizer)
    codec = RecordCodec(
        schema_from_dict(said["schema"]),
        backbone.tokenizer,
        int(said["max_tokens"]),
        int(said["codec"]["bins"]),
        layout.specials,
    ).restore(said["codec"])
    outputs = max(1, len(codec.schema.labels))
    weights = load_file(folder / "head.safetensors")
    head = Head(codec, backbone.width, outputs, task.kind, 0.0)
    if "head.text_rarity" in weights:
        head.know_phrases(len(weights["head.text_rarity"]) - 1)
    network = Network(backbone, adapted, codec, head)
    try:
        network.tokens.load_state_dict(
            {k.removeprefix("tokens."): v for k, v in weights.items() if k.startswith("tokens.")}
        )
        network.head.load_state_dict({k.removeprefix("head."): v for k, v in weights.items() if k.startswith("head.")})
    except RuntimeError as error:
        raise RunError(
            f"The head of the run {str(folder)!r} does not fit its task.json: {str(error).splitlines()[-1].strip()[:160]}; tune again."
        ) from error
    network.requires_grad_(False).eval()
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    bank = pd.read_json(folder / "bank.jsonl", lines=True, dtype=False) if (folder / "bank.jsonl").is_file() else None
    return Scorer(task, codec, network, layout, bank)


@torch.inference_mode()
def predict_mixed(requests: Sequence[tuple[Predictor, Record]]) -> list[Predictions]:
    """Score records of several runs that share a backbone in one forward pass.

    Args:
        requests: a loaded run (see `beside` of `Predictor.load`) and a record, any mixture.

    Returns:
        One Predictions of one record each, in order; equal to what each run says alone.
    """
    if not requests:
        return []
    shared = requests[0][0].scorer.network.adapted
    if any(run.scorer.network.adapted is not shared for run, _ in requests):
        raise RunError("These runs do not share a backbone; load the second with `beside=` the first.")
    if len({id(run) for run, _ in requests}) == 1 or any(c.use_dora for c in shared.peft_config.values()):
        return [run.predict(record) for run, record in requests]
    parts: list[tuple[Predictor, list[int], pd.DataFrame, Batch, torch.Tensor]] = []
    for run in {id(r): r for r, _ in requests}.values():
        at = [i for i, (other, _) in enumerate(requests) if other is run]
        frame = canonical([requests[i][1] for i in at], run.schema)
        run.scorer.network.eval()
        batch = run.scorer.batch(run.scorer.codec.encode(frame), np.arange(len(at)))
        parts.append((run, at, frame, batch, run.scorer.network.embed(batch)))
    longest = max(embeds.shape[1] for *_, embeds in parts)
    embeds = torch.cat([F.pad(e, (0, 0, 0, longest - e.shape[1])) for *_, e in parts])
    full = [
        torch.ones(b.ids.shape, dtype=torch.bool, device=b.ids.device) if b.mask is None else b.mask
        for _, _, _, b, _ in parts
    ]
    mask = torch.cat([F.pad(m, (0, longest - m.shape[1])) for m in full])
    names = [run.scorer.adapter or "default" for run, at, *_ in parts for _ in at]
    hidden = shared(inputs_embeds=embeds, attention_mask=mask.long(), adapter_names=names).last_hidden_state.float()
    answers: dict[int, Predictions] = {}
    start = 0
    for run, at, frame, batch, _ in parts:
        rows = slice(start, start + len(at))
        start += len(at)
        pooled = pool(hidden[rows], replace(batch, mask=mask[rows]), run.scorer.network.causal)
        raw = run.scorer.finish(run.scorer.network.head(pooled, batch).float().cpu(), frame)
        for j, i in enumerate(at):
            one = Raw(raw.logits[j : j + 1], None if raw.similarity is None else raw.similarity[j : j + 1])
            answers[i] = run.finish(one, frame.iloc[[j]])
    return [answers[i] for i in range(len(requests))]
