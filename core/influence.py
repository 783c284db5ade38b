"""What a field, a sentence or a finding does to a label: take it away, score the record anew, compare the log-odds (occlusion)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .calibration import softmax
from .records import parse_set
from .task import Record, Schema

if TYPE_CHECKING:
    from .predict import Predictor

__all__ = ["Influence", "clauses_of", "influence_of", "pieces_of"]


@dataclass(frozen=True)
class Influence:
    """What one field, or one sentence of a text field, does to a label's log-odds."""

    field: str
    evidence: str
    """The value or the words."""
    effect: float
    """Log-odds with it minus log-odds without it: above zero it speaks for the label."""


def influence_of(
    run: Predictor, record: Record, *, label: str | None = None, reference: Record | None = None
) -> list[Influence]:
    """What speaks for and against a label: each field, sentence or finding is taken away and the record scored anew.

    Args:
        record: one record.
        label: by default the positive label of a binary task, else the likeliest one.
        reference: values put in the place of a field that is taken away; by default it counts as missing.

    Returns:
        Sorted by size of effect.
    """
    from .predict import canonical

    pieces = list(pieces_of(record, run.schema, reference or {}))
    frame = canonical([record, *(without for _, _, without in pieces)], run.schema)
    raw = run.scorer.score(frame)
    if run.task.kind == "regression":
        level = raw.logits
    else:
        chance = np.clip(softmax(raw.logits, run.calibration.temperature), 1e-9, 1 - 1e-9)
        at = run.labels.index(label) if label is not None else run.positive
        at = int(chance[0].argmax()) if at is None else at
        level = np.log(chance[:, at]) - np.log1p(-chance[:, at])
    found = [
        Influence(name, evidence, float(level[0] - value))
        for (name, evidence, _), value in zip(pieces, level[1:], strict=True)
    ]
    return sorted(found, key=lambda one: -abs(one.effect))


def clauses_of(text: str) -> list[str]:
    """Sentences and parts between commas of a text, in order."""
    return [c for c in re.split(r"(?<=[.!?;。！？；，])\s*(?=[一-鿿])|(?<=[.!?;])\s+|\n+|(?<=,)\s+", text) if c.strip()]


def pieces_of(record: Record, schema: Schema, reference: Record) -> list[tuple[str, str, dict[str, Any]]]:
    """(field, evidence, the record without it) for everything that can be taken away."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    for one in schema.fields:
        cell = record.get(one.name)
        if cell is None or (isinstance(cell, float) and np.isnan(cell)):
            continue
        if one.kind == "text":
            clauses = clauses_of(str(cell))
            for i, clause in enumerate(clauses):
                rest = " ".join(clauses[:i] + clauses[i + 1 :]) or None
                found.append((one.name, clause.strip(" ,;"), {**record, one.name: rest}))
        elif one.kind == "set":
            pairs = parse_set(cell)
            for i, (item, value) in enumerate(pairs):
                found.append((one.name, f"{item}={value}", {**record, one.name: dict(pairs[:i] + pairs[i + 1 :])}))
        else:
            found.append((one.name, str(cell), {**record, one.name: reference.get(one.name)}))
    return found
