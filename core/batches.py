"""Batches: rows of like length together, each forward pass within a budget of tokens.

Rows are shuffled, cut into windows, sorted by length inside a window and cut into steps of `rows` rows; the steps are
shuffled again. So a step holds hardly any padding, and over an epoch every row is seen once. The plan depends on the
seed and the epoch alone, which is what lets a killed run go on with the very next step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from .phrases import phrases
from .records import Encoded

__all__ = ["Batch", "Layout", "collate", "length_sorted", "plan_epoch", "split_by_tokens"]

WINDOW = 32
"""Steps that one window of length sorting spans."""


@dataclass
class Batch:
    """b records of at most t tokens."""

    ids: torch.Tensor
    """(b, t) word pieces; the pad id where a record token or padding stands."""
    mask: torch.Tensor | None
    """(b, t) bool, True at real tokens; None where nothing is padding."""
    last: torch.Tensor
    """(b,) position of the last real token."""
    codes: torch.Tensor
    """(b, numbers, bins)."""
    values: torch.Tensor
    """(b, numbers)."""
    missing: torch.Tensor
    """(b, numbers) bool."""
    slots: torch.Tensor
    """(items, 4) categories and findings of all rows, one after the other."""
    slot_row: torch.Tensor
    """(items,) the row each belongs to."""
    slot_position: torch.Tensor
    """(items,) its position in the sequence."""
    phrase: torch.Tensor
    """(phrases,) slots of the distinct phrases of all texts, one row after the other (see phrases.py)."""
    phrase_row: torch.Tensor
    """(phrases,) the row each belongs to."""
    phrase_weight: torch.Tensor
    """(phrases,) 1 + log(count in its row)."""

    @property
    def tokens(self) -> int:
        """Real tokens in the batch."""
        return int(self.ids.numel() if self.mask is None else self.mask.sum())

    def to(self, device: torch.device | str) -> Batch:
        """Move every tensor."""
        own: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        moved: dict[str, Any] = {k: v if v is None else v.to(device, non_blocking=True) for k, v in own.items()}
        return Batch(**moved)


@dataclass(frozen=True)
class Layout:
    """The special tokens of a sequence."""

    before: tuple[int, ...]
    behind: tuple[int, ...]
    pad: int

    @property
    def specials(self) -> tuple[int, int]:
        """How many stand before and behind."""
        return len(self.before), len(self.behind)

    @staticmethod
    def of(tokenizer: Any) -> Layout:
        """What the tokenizer itself puts around one sequence."""
        probe = list(tokenizer("a", add_special_tokens=True)["input_ids"])
        plain = list(tokenizer("a", add_special_tokens=False)["input_ids"])
        at = next(i for i in range(len(probe)) if probe[i : i + len(plain)] == plain)
        before, behind = tuple(probe[:at]), tuple(probe[at + len(plain) :])
        if not before and not behind and tokenizer.eos_token_id is not None:
            behind = (int(tokenizer.eos_token_id),)  # a decoder without marks still needs a last token to pool
        return Layout(before, behind, int(tokenizer.pad_token_id or 0))


def collate(encoded: Encoded, rows: Sequence[int] | np.ndarray, layout: Layout) -> Batch:
    """Put some records side by side: special tokens, numbers, categories and findings, word pieces, special tokens."""
    before, behind, pad = layout.before, layout.behind, layout.pad
    numbers = encoded.codes.shape[1]
    longest = int(encoded.lengths[rows].max())
    ids = np.full((len(rows), longest), pad, np.int64)
    slot_rows, slot_positions = [], []
    for i, row in enumerate(rows):
        count, text = int(encoded.slot_count[row]), encoded.text[row]
        start = len(before) + numbers
        ids[i, : len(before)] = before
        ids[i, start + count : start + count + len(text)] = text
        end = start + count + len(text)
        ids[i, end : end + len(behind)] = behind
        if count:
            slot_rows.append(np.full(count, i))
            slot_positions.append(np.arange(start, start + count))
    lengths = encoded.lengths[rows]
    mask = None if (lengths == longest).all() else torch.from_numpy(np.arange(longest) < lengths[:, None])
    none = np.zeros(0, np.int64)
    found = [phrases(encoded.text[row]) for row in rows]
    return Batch(
        ids=torch.from_numpy(ids),
        mask=mask,
        last=torch.from_numpy(lengths - 1),
        codes=torch.from_numpy(encoded.codes[rows]),
        values=torch.from_numpy(encoded.values[rows]),
        missing=torch.from_numpy(encoded.missing[rows]),
        slots=torch.from_numpy(np.concatenate([encoded.slots[r] for r in rows]) if slot_rows else none.reshape(0, 4)),
        slot_row=torch.from_numpy(np.concatenate(slot_rows) if slot_rows else none),
        slot_position=torch.from_numpy(np.concatenate(slot_positions) if slot_rows else none),
        phrase=torch.from_numpy(np.concatenate([slots for slots, _ in found])),
        phrase_row=torch.from_numpy(np.repeat(np.arange(len(rows)), [len(slots) for slots, _ in found])),
        phrase_weight=torch.from_numpy(np.concatenate([weights for _, weights in found])),
    )


def plan_epoch(lengths: np.ndarray, rows: int, *, seed: int, epoch: int) -> list[np.ndarray]:
    """Cut one epoch into steps of about `rows` rows of like length.

    Args:
        lengths: (n,) tokens of each row.
        rows: rows in a step.
        seed: of the run.
        epoch: number of the pass, from 0.

    Returns:
        Arrays of row numbers; together every row once.
    """
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(lengths))
    steps: list[np.ndarray] = []
    for start in range(0, len(order), rows * WINDOW):
        window = order[start : start + rows * WINDOW]
        window = window[np.argsort(lengths[window], kind="stable")]
        steps += np.array_split(window, max(1, round(len(window) / rows)))
    return [steps[i] for i in random.permutation(len(steps))]


def split_by_tokens(rows: np.ndarray, lengths: np.ndarray, budget: int) -> list[np.ndarray]:
    """Cut a step into parts whose padded size stays within the budget (at least one row each)."""
    rows = rows[np.argsort(lengths[rows], kind="stable")]
    parts, start = [], 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or (end + 1 - start) * int(lengths[rows[end]]) > budget:
            parts.append(rows[start:end])
            start = end
    return parts


def length_sorted(lengths: np.ndarray, budget: int, most: int = 512) -> Iterator[np.ndarray]:
    """Cut all rows into prediction batches of like length, within the budget and of at most `most` rows."""
    for part in split_by_tokens(np.arange(len(lengths)), lengths, budget):
        for start in range(0, len(part), most):
            yield part[start : start + most]
