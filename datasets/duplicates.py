"""Find rows that say the same: equal records, and texts that are nearly equal.

Two texts are near-duplicates where the Jaccard similarity of their sets of five-character shingles is at least 0.8.
Candidates come from MinHash signatures of one permutation (Li, Owen and Zhang 2012, empty bins filled by rotation as in
Shrivastava and Li 2014) in 20 bands of 6, which finds a pair of similarity 0.8 with probability above 0.99; each
candidate pair is then measured exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from ..core.task import Schema

__all__ = ["duplicate_clusters", "equal_records", "joined_clusters", "near_duplicate_texts", "normalised"]

SHINGLE = 5
BINS, BANDS = 120, 20
SIMILAR = 0.8
SHORTEST = 20
"""Characters below which a text is too short to be called a near-duplicate of another one."""


def normalised(text: str | None) -> str:
    """A text without case, punctuation and repeated blanks.

    >>> normalised("Chest  pain, since 1 h!")
    'chest pain since 1 h'
    """
    return " ".join(re.sub(r"[\W_]+", " ", text.lower()).split()) if isinstance(text, str) else ""


def duplicate_clusters(frame: pd.DataFrame, schema: Schema) -> tuple[np.ndarray, list[str]]:
    """Clusters of rows that belong on one side of a split, and what was found.

    Equal records are rows with the same fields and label; near-duplicate texts are compared over all text fields
    together. Where a rule would bind more than 30 % of the rows into one cluster or equal records are more than 30 % of
    a table, sameness is a property of the data and not a copy: it is noted and not used.

    Returns:
        (rows,) int cluster of each row; notes.
    """
    notes: list[str] = []
    rows = len(frame)
    clusters = np.arange(rows)
    same = equal_records(frame, schema)
    repeated = rows - len(np.unique(same))
    if repeated > 0.3 * rows:
        notes.append(
            f"{repeated:,} of {rows:,} records are equal to an earlier one, which is how these data are; they are not "
            "kept on one side of the split."
        )
    elif repeated:
        clusters = same
    texts = [field.name for field in schema.of_kind("text")]
    if texts:
        joined = [
            " ".join(normalised(cell) for cell in cells) for cells in zip(*(frame[t] for t in texts), strict=True)
        ]
        near = near_duplicate_texts(joined)
        size = np.bincount(near, minlength=rows)
        if size.max(initial=0) > max(3.0, 0.3 * rows):
            notes.append(
                f"{int(size.max()):,} of {rows:,} texts hang together as near-duplicates, which is how these data are; "
                "they are not kept on one side of the split."
            )
        elif (size > 1).any():
            clusters = joined_clusters(clusters, near)
            notes.append(
                f"{int(size[size > 1].sum()):,} texts in {int((size > 1).sum()):,} clusters are near-duplicates; each "
                "cluster stays on one side of the split."
            )
    return clusters, notes


def equal_records(frame: pd.DataFrame, schema: Schema) -> np.ndarray:
    """(rows,) int: position of the first row with the same fields and label."""
    names = [field.name for field in schema.fields]
    names += [schema.label] if schema.label in frame.columns else []
    hashes = pd.util.hash_pandas_object(frame[names].astype(object).where(frame[names].notna(), ""), index=False)
    _, first, place = np.unique(hashes.to_numpy(), return_index=True, return_inverse=True)
    return np.asarray(first[place])


def near_duplicate_texts(texts: Sequence[str]) -> np.ndarray:
    """(n,) int: for each normalised text, the smallest position in its cluster of near-duplicates."""
    chosen = [i for i, text in enumerate(texts) if len(text) >= SHORTEST]
    first_of: dict[str, int] = {}
    parent = np.arange(len(texts))
    for i in chosen:
        parent[i] = first_of.setdefault(texts[i], i)
    distinct = list(first_of.values())
    if len(distinct) > 1:
        hashes, starts = _shingles([texts[i] for i in distinct])
        sets: dict[int, np.ndarray] = {}

        def shingle_set(j: int) -> np.ndarray:
            if j not in sets:
                sets[j] = np.unique(hashes[starts[j] : starts[j + 1]])
            return sets[j]

        for a, b in _candidates(hashes, starts):
            one, other = distinct[a], distinct[b]
            if _root(parent, one) == _root(parent, other):
                continue
            left, right = shingle_set(a), shingle_set(b)
            common = len(np.intersect1d(left, right, assume_unique=True))
            if common >= SIMILAR * (len(left) + len(right) - common):
                low, high = sorted((_root(parent, one), _root(parent, other)))
                parent[high] = low
    return np.array([_root(parent, i) for i in range(len(texts))], np.int64)


def _root(parent: np.ndarray, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = int(parent[i])
    return i


def _shingles(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all shingles, text after text, and (n + 1,) where each text's begin."""
    lengths = np.array([len(text) for text in texts])
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.uint64)
    width = len(codes) - SHINGLE + 1
    hashes = np.zeros(width, np.uint64)
    for offset in range(SHINGLE):
        hashes = hashes * np.uint64(1_000_003) + codes[offset : offset + width]
    hashes = (hashes ^ (hashes >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)  # spread over all bits
    hashes ^= hashes >> np.uint64(29)
    inside = np.ones(len(codes), bool)
    for offset in range(1, SHINGLE):  # a shingle must not reach into the next text
        inside[np.cumsum(lengths) - offset] = False
    return hashes[inside[:width]], np.concatenate([[0], np.cumsum(lengths - SHINGLE + 1)])


def _candidates(hashes: np.ndarray, starts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs of texts whose signatures agree in a band and in at least 60 % of their bins."""
    n = len(starts) - 1
    empty = np.uint64(0xFFFFFFFFFFFFFFFF)
    flat = np.full(n * BINS, empty)
    owner = np.repeat(np.arange(n), np.diff(starts))
    np.minimum.at(flat, owner * BINS + (hashes % np.uint64(BINS)).astype(np.int64), hashes // np.uint64(BINS))
    signature = flat.reshape(n, BINS)
    while (holes := signature == empty).any():
        filled = np.roll(signature, 1, axis=1)
        filled[filled != empty] += np.uint64(1)  # borrowed values differ from those that were there
        signature = np.where(holes, filled, signature)
    mixed = signature * np.uint64(0x9E3779B97F4A7C15)
    pairs = []
    for band in np.split(mixed, BANDS, axis=1):
        key = np.zeros(n, np.uint64)
        for column in band.T:
            key = (key ^ (column >> np.uint64(7))) * np.uint64(0xBF58476D1CE4E5B9) + column
        order = np.argsort(key, kind="stable")
        for step in (1, 2, 3):  # neighbours in a bucket are enough: what hangs together is joined by way of others
            left, right = order[:-step], order[step:]
            equal = key[left] == key[right]
            pairs.append(np.stack([left[equal], right[equal]], 1))
    unique = np.unique(np.concatenate(pairs), axis=0)
    for block in np.array_split(unique, max(1, len(unique) // 20_000)):
        alike = (signature[block[:, 0]] == signature[block[:, 1]]).mean(1)
        yield from ((int(a), int(b)) for a, b in block[alike >= 0.6])


def joined_clusters(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Join two ways of clustering the same rows: (n,) and (n,) -> (n,) smallest position of each joint cluster."""
    parent = np.arange(len(left))
    for labels in (left, right):
        first: dict[int, int] = {}
        for i, label in enumerate(labels.tolist()):
            one, other = _root(parent, i), _root(parent, first.setdefault(label, i))
            if one != other:
                parent[max(one, other)] = min(one, other)
    return np.array([_root(parent, i) for i in range(len(left))], np.int64)
