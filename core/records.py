"""Records as tokens, the part without weights: what each field becomes, fitted on training rows only.

A record `{"age": 52, "sex": "male", "note": "chest pain"}` becomes one sequence

    [CLS] age=52  sex=male  chest pain [SEP]        (one token a number or category, then word pieces)

- number: its piecewise-linear code over quantile bins (Gorishniy et al. 2022), and its standardised value;
- category: the words of its value, and a row of a learned table (row 0 for values not seen in tuning);
- set (`cough=yes; fever=no`): one token an item, made like a category whose name is the item;
- text: word pieces, cut to what the length limit leaves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .errors import DataError
from .task import Field, Schema

__all__ = ["Encoded", "RecordCodec", "parse_set"]

TAILS = (0.01, 0.05, 0.95, 0.98, 0.99, 0.995)
LONG_TABLE = 3000
"""Rows from which a number also gets edges in its tails."""


def parse_set(cell: Any) -> list[tuple[str, str]]:
    """Read a `set` cell into (item, value) pairs.

    >>> parse_set("cough=yes; fever=no")
    [('cough', 'yes'), ('fever', 'no')]
    >>> parse_set('{"cough": "1"}')
    [('cough', '1')]
    """
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return []
    if isinstance(cell, dict):
        return [(str(k), str(v)) for k, v in cell.items()]
    text = str(cell).strip()
    if text.startswith("{"):
        try:
            return [(str(k), str(v)) for k, v in json.loads(text).items()]
        except ValueError:
            raise DataError(
                f'The set {text[:60]!r} starts like a JSON object but is not one; write {{"item": "value"}} or item=value; item=value.'
            ) from None
    pairs = (part.partition("=") for part in text.split(";"))
    return [(item.strip(), value.strip() or "yes") for item, _, value in pairs if item.strip()]


@dataclass
class Encoded:
    """n records, ready to be batched."""

    text: list[np.ndarray]
    """n arrays of word-piece ids, without special tokens."""
    codes: np.ndarray
    """(n, numbers, codes) float32, piecewise-linear codes in [0, 1]."""
    values: np.ndarray
    """(n, numbers) float32, standardised and clipped to [-4, 4]; 0 where missing."""
    missing: np.ndarray
    """(n, numbers) bool."""
    slots: list[np.ndarray]
    """n arrays (items, 4) int64 of categories and set items: word row of the name, word row of the value,
    learned row of the name, learned row of the value (0: none)."""
    cut: int
    """Rows whose text was cut."""
    slot_count: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    lengths: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """(n,) tokens in the sequence, special tokens included."""

    def __len__(self) -> int:
        return len(self.text)


@dataclass
class RecordCodec:
    """What each field of a schema becomes; the learnt parts end in `_` and are part of the run."""

    schema: Schema
    tokenizer: Any
    max_tokens: int
    bins: int = 12
    specials: tuple[int, int] = (1, 1)
    """Special tokens before and behind a sequence."""
    edges_: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    """(numbers, codes + 1) edges of the piecewise-linear codes."""
    centre_: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    """(numbers, 2) mean and standard deviation."""
    learned_: dict[str, int] = field(default_factory=dict)
    """"column\\x1fvalue" -> row of the learned table, from 1."""
    words_: dict[str, int] = field(default_factory=dict)
    """Text -> row of the table of frozen word vectors; grows when a new value is met."""

    def __post_init__(self) -> None:
        self._numbers = self.schema.of_kind("number")
        self._categories = self.schema.of_kind("category")
        self._sets = self.schema.of_kind("set")
        self._texts = self.schema.of_kind("text")
        self._ids: dict[str, np.ndarray] = {}
        for one in self.schema.fields:
            self.word_row(one.words)

    # -- fitting ------------------------------------------------------------------------------------------------

    def fit(self, frame: pd.DataFrame) -> RecordCodec:
        """Learn quantile edges, means and known values from training rows, (n, columns)."""
        edges, centres = [], []
        for one in self._numbers:
            known = frame[one.name].to_numpy(float)
            known = known[np.isfinite(known)]
            edges.append(self._edges(known))
            centres.append((known.mean(), known.std() or 1.0) if len(known) else (0.0, 1.0))
        self.edges_ = np.array(edges).reshape(len(edges), self._most_edges)
        used = max((len(np.unique(row)) for row in self.edges_), default=2)
        self.edges_ = self.edges_[:, : max(used, 2)]
        self.centre_ = np.array(centres).reshape(len(centres), 2)
        keys: dict[str, None] = {}
        for one in self._categories:
            for value in sorted(set(frame[one.name].dropna().astype(str))):
                keys[f"{one.name}\x1f{value}"] = None
        for one in self._sets:
            pairs = sorted({pair for cell in frame[one.name] for pair in parse_set(cell)})
            for item, value in pairs:
                keys[f"{one.name}\x1f{item}"] = None
                keys[f"{one.name}\x1f{item}\x1f{value}"] = None
        self.learned_ = {key: row for row, key in enumerate(keys, start=1)}
        return self

    @property
    def _most_edges(self) -> int:
        return self.bins + 1 + len(TAILS) + self.bins // 2

    def _edges(self, known: np.ndarray) -> np.ndarray:
        """Distinct quantiles, repeated at the end where there are fewer than there is room for.

        A long table also gets edges in its tails and among its distinct values: plain quantiles of a column that is
        mostly zero, or has a heavy tail, would fall together where the rare cases are.
        """
        if not len(known):
            return np.zeros(self._most_edges)
        found = [np.quantile(known, np.linspace(0, 1, self.bins + 1))]
        if len(known) >= LONG_TABLE:
            found += [
                np.quantile(known, TAILS),
                np.quantile(np.unique(known), np.linspace(0, 1, self.bins // 2 + 1)[1:]),
            ]
        distinct = np.unique(np.concatenate(found))
        return np.concatenate([distinct, np.full(self._most_edges - len(distinct), distinct[-1])])

    # -- the frozen words of names and values -------------------------------------------------------------------

    def word_row(self, text: str) -> int:
        """Row of a text in the table of frozen word vectors; row 0 is no words at all."""
        row = self.words_.get(text)
        if row is None:
            row = self.words_[text] = len(self.words_) + 1
        return row

    def word_pieces(self, texts: Iterable[str]) -> list[list[int]]:
        """Word pieces of short texts, without special tokens; an empty text gives none."""
        listed = [t.replace("_", " ") for t in texts]
        if not listed:
            return []
        return list(self.tokenizer(listed, add_special_tokens=False, verbose=False)["input_ids"])

    # -- encoding -----------------------------------------------------------------------------------------------

    def encode(self, frame: pd.DataFrame) -> Encoded:
        """Turn records, (n, columns) in the schema's canonical types, into what batches are made of."""
        codes, values, missing = self._encode_numbers(frame)
        slots = self._encode_slots(frame)
        count = np.array([len(s) for s in slots], np.int64)
        room = self.max_tokens - sum(self.specials) - len(self._numbers) - count
        if len(room) and room.min() < 0:
            worst = int(len(self._numbers) + count.max())
            raise DataError(
                f"A record has {worst} numbers, categories and findings, but a sequence may hold "
                f"{self.max_tokens - sum(self.specials)} tokens; raise max_tokens or ignore some columns."
            )
        text, cut = self._encode_text(frame, room)
        lengths = np.array([len(t) for t in text], np.int64) + count + len(self._numbers) + sum(self.specials)
        return Encoded(text, codes, values, missing, slots, cut, count, lengths)

    def _encode_numbers(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n, width = len(frame), len(self._numbers)
        codes = np.zeros((n, width, self.edges_.shape[1] - 1), np.float32)
        values = np.zeros((n, width), np.float32)
        missing = np.zeros((n, width), bool)
        for j, one in enumerate(self._numbers):
            x = frame[one.name].to_numpy(float)
            lost = missing[:, j] = ~np.isfinite(x)
            x = np.where(lost, self.centre_[j, 0], x)
            low, high = self.edges_[j, :-1], self.edges_[j, 1:]
            span = np.where(high > low, high - low, 1.0)
            with np.errstate(over="ignore"):  # a column may spread over less than the smallest normal number
                part = np.clip((x[:, None] - low) / span, 0, 1)  # (n, codes)
            codes[:, j] = np.where((high > low) & ~lost[:, None], part, 0)
            values[:, j] = np.where(lost, 0, np.clip((x - self.centre_[j, 0]) / self.centre_[j, 1], -4, 4))
        return codes, values, missing

    def _category_slot(self, one: Field, value: str | None) -> tuple[int, int, int, int]:
        if value is None:
            return self.word_row(one.words), 0, 0, -1  # -1: the learned token of a missing value
        return self.word_row(one.words), self.word_row(value), 0, self.learned_.get(f"{one.name}\x1f{value}", 0)

    def _encode_slots(self, frame: pd.DataFrame) -> list[np.ndarray]:
        n = len(frame)
        columns = []
        for one in self._categories:
            cells = frame[one.name].astype(object).where(frame[one.name].notna(), None)
            known = {value: self._category_slot(one, value) for value in cells.unique()}
            columns.append(np.array([known[value] for value in cells], np.int64).reshape(n, 1, 4))
        fixed = np.concatenate(columns, 1) if columns else np.zeros((n, 0, 4), np.int64)
        if not self._sets:
            return list(fixed)
        rows = []
        for i in range(n):
            items = [self._item_slot(one, *pair) for one in self._sets for pair in parse_set(frame[one.name].iat[i])]
            rows.append(np.concatenate([fixed[i], np.array(items, np.int64).reshape(len(items), 4)]))
        return rows

    def _item_slot(self, one: Field, item: str, value: str) -> tuple[int, int, int, int]:
        name = f"{one.name}\x1f{item}"
        return (
            self.word_row(item),
            self.word_row(value),
            self.learned_.get(name, 0),
            self.learned_.get(f"{name}\x1f{value}", 0),
        )

    def rendered(self, frame: pd.DataFrame) -> list[str]:
        """The text of each record: one text field as it is, several as `name: text`, a missing one left out."""
        if not self._texts:
            return [""] * len(frame)
        columns = [frame[one.name].astype(object).where(frame[one.name].notna(), "") for one in self._texts]
        if len(columns) == 1:
            return [str(cell) for cell in columns[0]]
        names = [one.words for one in self._texts]
        return [
            "\n".join(f"{name}: {cell}" for name, cell in zip(names, row, strict=True) if cell)
            for row in zip(*columns, strict=True)
        ]

    def _encode_text(self, frame: pd.DataFrame, room: np.ndarray) -> tuple[list[np.ndarray], int]:
        texts = self.rendered(frame)
        fresh = list(dict.fromkeys(t for t in texts if t not in self._ids))
        if len(self._ids) + len(fresh) > 200_000:  # a cache for repeated texts, not a memory leak
            self._ids.clear()
            fresh = list(dict.fromkeys(texts))
        # four word pieces a token at most would still be generous: longer text cannot matter, and is not tokenised
        longest = self.max_tokens * 20
        if fresh:
            pieces = self.tokenizer([t[:longest] for t in fresh], add_special_tokens=False, verbose=False)["input_ids"]
            self._ids.update((t, np.array(p, np.int64)) for t, p in zip(fresh, pieces, strict=True))
        text, cut = [], 0
        for one, limit in zip(texts, room, strict=True):
            ids = self._ids[one]
            cut += len(ids) > limit or len(one) > longest
            text.append(ids[:limit])
        return text, int(cut)

    # -- saving -------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What was learnt, JSON-able."""
        return {
            "bins": self.bins,
            "edges": self.edges_.tolist(),
            "centre": self.centre_.tolist(),
            "learned": list(self.learned_),
        }

    def restore(self, state: dict[str, Any]) -> RecordCodec:
        """Take back what `state` gave."""
        self.bins = int(state["bins"])
        self.edges_ = np.array(state["edges"], float) if self._numbers else np.zeros((0, 2))
        self.centre_ = np.array(state["centre"], float).reshape(len(self._numbers), 2)
        self.learned_ = {key: row for row, key in enumerate(state["learned"], start=1)}
        return self

    def describe(self, encoded: Encoded, rows: Sequence[int]) -> list[str]:
        """A few records as the backbone sees them, for the log."""
        shown = []
        for i in rows:
            numbers = [f"<{one.words}>" for one in self._numbers]
            by_row = {row: text for text, row in self.words_.items()}
            slots = [f"<{by_row[s[0]]}={by_row.get(int(s[1]), 'missing')}>" for s in encoded.slots[i]]
            words = self.tokenizer.decode(encoded.text[i][:40])
            shown.append(" ".join([*numbers, *slots, words]).strip())
        return shown
