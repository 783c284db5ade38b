"""Rows with their targets, ready for the loop: what is encoded once, before the first step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .errors import DataError
from .records import Encoded, RecordCodec
from .task import Schema, Task

__all__ = ["Examples", "encode_texts", "make_examples", "own_candidates", "targets_of"]


@dataclass
class Examples:
    """n rows with targets."""

    encoded: Encoded
    target: np.ndarray
    """(n,) int64 index of the label or candidate; float32 value for regression."""
    candidates: Encoded | None = None
    """Choice: all candidates, each once."""
    owned: list[np.ndarray] | None = None
    """Choice without a shared bank: the candidates of each row."""

    def __len__(self) -> int:
        return len(self.target)

    def tokens(self, rows: np.ndarray) -> int:
        """Real tokens of a step: its records and, in a choice, the candidates they are scored against."""
        count = int(self.encoded.lengths[rows].sum())
        if self.candidates is not None:
            count += int(self.candidates.lengths[self.rivals(rows)[0]].sum())
        return count

    def rivals(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Candidates that the rows of one step are scored against: (m,) numbers and (rows, m) bool of who may have which.

        With a shared bank these are the right candidates of all rows in the step, so each row's negatives are its
        neighbours' answers (Henderson et al. 2017).
        """
        if self.owned is None:
            chosen = np.unique(self.target[rows])
            return chosen, np.ones((len(rows), len(chosen)), bool)
        chosen = np.unique(np.concatenate([self.owned[r] for r in rows]))
        return chosen, np.stack([np.isin(chosen, self.owned[r]) for r in rows])


def encode_texts(codec: RecordCodec, texts: Sequence[str]) -> Encoded:
    """Encode plain texts (candidates of a choice), without fields."""
    limit = codec.max_tokens - sum(codec.specials)
    pieces = codec.tokenizer([t[: codec.max_tokens * 20] for t in texts], add_special_tokens=False, verbose=False)
    ids = [np.array(p[:limit], np.int64) for p in pieces["input_ids"]]
    n = len(ids)
    return Encoded(
        text=ids,
        codes=np.zeros((n, 0, codec.bins), np.float32),
        values=np.zeros((n, 0), np.float32),
        missing=np.zeros((n, 0), bool),
        slots=[np.zeros((0, 4), np.int64)] * n,
        cut=sum(len(p) > limit for p in pieces["input_ids"]),
        slot_count=np.zeros(n, np.int64),
        lengths=np.array([len(i) for i in ids], np.int64) + sum(codec.specials),
    )


def own_candidates(cell: Any, row: object) -> list[str]:
    """Read a cell with a record's own candidates, a JSON list of texts.

    Raises:
        DataError: not a list of at least two texts.
    """
    found = cell
    if isinstance(cell, str):
        try:
            found = json.loads(cell)
        except ValueError:
            found = None
    if not isinstance(found, list | tuple) or len(found) < 2:
        raise DataError(f"Row {row} has candidates {str(cell)[:60]!r}; a JSON list of at least two texts is needed.")
    return [str(one) for one in found]


def targets_of(task: Task, schema: Schema, frame: pd.DataFrame, bank: pd.DataFrame | None) -> np.ndarray:
    """(n,) target of each row.

    Raises:
        DataError: a label that is not among the labels, candidates or numbers.
    """
    column = frame[schema.label]
    if task.kind == "regression":
        return column.to_numpy(np.float32)
    if task.kind == "choice" and bank is None:
        assert task.candidates is not None
        found = []
        for row, label, cell in zip(frame.index, column, frame[task.candidates], strict=True):
            listed = own_candidates(cell, row)
            text = str(label)
            at = listed.index(text) if text in listed else int(text) if text.isdigit() else -1
            if not 0 <= at < len(listed):
                raise DataError(f"Row {row} names {text[:60]!r}, which is neither a candidate nor the number of one.")
            found.append(at)
        return np.array(found, np.int64)
    names = list(schema.labels) if task.kind == "classification" else [str(i) for i in bank["id"]]  # type: ignore[index]
    number = {name: i for i, name in enumerate(names)}
    unknown = sorted(set(column.astype(str)) - set(number))
    if unknown:
        raise DataError(
            f"The rows hold the label {unknown[0]!r}, which the run does not know: {', '.join(names[:20])}."
        )
    return np.array([number[str(v)] for v in column], np.int64)


def make_examples(
    task: Task, schema: Schema, codec: RecordCodec, frame: pd.DataFrame, bank: pd.DataFrame | None
) -> Examples:
    """Encode rows and candidates."""
    target = targets_of(task, schema, frame, bank)
    encoded = codec.encode(frame)
    if task.kind != "choice":
        return Examples(encoded, target)
    if bank is not None:
        return Examples(encoded, target, encode_texts(codec, [str(t) for t in bank["text"]]))
    listed = [own_candidates(cell, row) for row, cell in zip(frame.index, frame[task.candidates], strict=True)]
    texts = {text: i for i, text in enumerate(dict.fromkeys(t for one in listed for t in one))}
    owned = [np.array([texts[t] for t in one], np.int64) for one in listed]
    target = np.array([own[t] for own, t in zip(owned, target, strict=True)], np.int64)
    return Examples(encoded, target, encode_texts(codec, list(texts)), owned)
