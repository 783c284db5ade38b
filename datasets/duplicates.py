"""Find rows that say the same: equal records, equal texts, and texts that are nearly equal.

    "Chest  pain, since 1 h!"  and  "chest pain since 1 h"      the same text
    "$$3+4$$" and "$$3-4$$", "CCO" and "cco"                    not the same: marks count in formulas and notations

Two texts are near-duplicates where the Jaccard similarity of their sets of shingles is at least 0.8. A shingle is five
letters of an alphabet or three Chinese signs (every such sign counts twice). Candidates come from MinHash signatures of
one permutation (Li, Owen and Zhang 2012, empty bins filled by rotation as in Shrivastava and Li 2014) in 20 bands of 6,
which finds a pair of similarity 0.8 with probability above 0.99; each candidate pair is then measured exactly. A second,
independent index from datasketch can be asked as well.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core.task import FieldKind, Schema

__all__ = [
    "Style",
    "column_keys",
    "duplicate_clusters",
    "equal_records",
    "joined_clusters",
    "joined_keys",
    "joined_texts",
    "mixed_keys",
    "near_duplicate_texts",
    "nearest_texts",
    "normal_texts",
    "normalised",
    "record_keys",
    "style_of",
    "text_lengths",
]

Keys = NDArray[np.uint64]
Ints = NDArray[np.int64]

Style = Literal["words", "formula", "notation"]
"""words: case, marks and blanks do not count; formula: marks count; notation (SMILES, codes): every sign counts."""

SHINGLE = 5
BINS, BANDS = 120, 20
SIMILAR = 0.8
SHORTEST = 20
"""Letters below which a text is too short to be called a near-duplicate of another one; a Chinese sign counts twice."""
BLOCK = 20_000
"""Texts whose signatures are made at once."""
MEMBERS = 200
"""Texts of a cluster with which one text is compared."""
STYLE_ROWS = 200
FORMULA = re.compile(r"[\\=<>^≤≥≠×÷√±]|\$\$|\d\s*[-+*/]\s*\d")
MATHEMATICAL = 0.2
"""Share of texts with a formula from which marks count in the whole column."""
CHINESE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Signs that stand for a syllable or a word: Han, and Japanese kana."""
WIDE = re.compile(f"([{CHINESE}])")
OUTER_BLANKS = re.compile(r"(?<![a-z0-9])\s+|\s+(?![a-z0-9])")
CHINESE_BLANKS = re.compile(f"(?<=[{CHINESE}])\\s+|\\s+(?=[{CHINESE}])")


# -- what counts as the same ------------------------------------------------------------------------------------------


def normalised(text: str | None) -> str:
    """A text without case, punctuation and repeated blanks; none at all between Chinese signs.

    >>> normalised("Chest  pain, since 1 h!")
    'chest pain since 1 h'
    """
    if not isinstance(text, str):
        return ""
    plain = " ".join(re.sub(r"[\W_]+", " ", text.lower()).split())
    return plain if plain.isascii() else CHINESE_BLANKS.sub("", plain)


def style_of(texts: Sequence[Any]) -> Style:
    """How a column of texts is written, from its first 200 texts."""
    some = [text[:300] for text in texts[: 4 * STYLE_ROWS] if isinstance(text, str) and text.strip()][:STYLE_ROWS]
    if not some:
        return "words"
    letters = "".join(some)
    if letters.isascii():
        blanks, signs = (len(re.findall(kind, letters)) for kind in (r"\s", r"[^a-zA-Z\s]"))
        if blanks <= 0.02 * len(letters) and signs >= 0.15 * len(letters):
            return "notation"
    formulas = sum(FORMULA.search(text) is not None for text in some)
    return "formula" if formulas >= MATHEMATICAL * len(some) else "words"


def normal_texts(texts: Sequence[Any], style: Style) -> list[str]:
    """n texts with what does not count left out; "" where there is none.

    >>> normal_texts(["$$3 + 4$$", None], "formula"), normal_texts([" CCO "], "notation")
    (['$$3+4$$', ''], ['CCO'])
    """
    if style == "words":
        return [normalised(text) for text in texts]
    if style == "notation":
        return [text.strip() if isinstance(text, str) else "" for text in texts]
    return [OUTER_BLANKS.sub("", text.lower()) if isinstance(text, str) else "" for text in texts]


def column_keys(column: pd.Series, kind: FieldKind | Literal["label"], style: Style = "words") -> Keys:
    """(rows,) a 64-bit hash of what each cell says; cells that say the same have the same.

    Sets are compared without regard to the order of their findings, categories without regard to case.
    """
    if kind in ("number", "time") or pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy()
        if np.issubdtype(values.dtype, np.number):
            values = values.astype(np.float64) + 0.0  # -0.0 is 0.0
        return pd.util.hash_array(values)
    cells = column.astype(object).where(column.notna(), "")
    codes, distinct = pd.factorize(cells, use_na_sentinel=False)
    if kind == "text":
        plain = normal_texts(list(distinct), style)
    elif kind == "set":
        plain = ["; ".join(sorted(part.strip().casefold() for part in str(cell).split(";"))) for cell in distinct]
    else:
        plain = [str(cell).strip().casefold() for cell in distinct]
    keys = pd.util.hash_array(np.array([*plain, ""], dtype=object), categorize=False)[:-1]
    return np.asarray(keys[codes], np.uint64)


def mixed_keys(keys: Keys, number: int) -> Keys:
    """(rows,) the keys of the column with this number, so spread that their sum over columns is a hash of the row."""
    odd = np.uint64((0x9E3779B97F4A7C15 * (2 * number + 1)) % 2**64)
    mixed = (keys ^ (keys >> np.uint64(29))) * odd
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)


def joined_keys(parts: Sequence[Keys]) -> Keys:
    """(rows,) one hash of several; which hash belongs to which part counts."""
    total = np.zeros(len(parts[0]), np.uint64)
    for number, part in enumerate(parts):
        total += mixed_keys(part, number)
    return total


def record_keys(
    frame: pd.DataFrame, schema: Schema, *, label: bool = False, styles: dict[str, Style] | None = None
) -> Keys:
    """(rows,) a hash of all fields that the model reads, and of the label where asked.

    Args:
        frame: (rows, columns) in canonical form.
        schema: names the fields.
        label: rows with other labels differ.
        styles: text field -> how it is written; by default found in this very frame.
    """
    parts = []
    for one in schema.fields:
        style = (styles or {}).get(one.name) or (style_of(frame[one.name].tolist()) if one.kind == "text" else "words")
        parts.append(column_keys(frame[one.name], one.kind, style))
    if label and schema.label in frame.columns:
        parts.append(column_keys(frame[schema.label], "label"))
    return joined_keys(parts) if parts else np.arange(len(frame), dtype=np.uint64)


def equal_records(frame: pd.DataFrame, schema: Schema) -> np.ndarray:
    """(rows,) int: position of the first row with the same fields and label."""
    _, first, place = np.unique(record_keys(frame, schema, label=True), return_index=True, return_inverse=True)
    return np.asarray(first[place])


# -- what belongs on one side of a split ------------------------------------------------------------------------------


def duplicate_clusters(frame: pd.DataFrame, schema: Schema, *, always: bool = False) -> tuple[np.ndarray, list[str]]:
    """Clusters of rows that belong on one side of a split, and what was found.

    Equal records are rows with the same fields and label; near-duplicate texts are compared over all text fields
    together, but for notations such as SMILES, where nearly equal is not nearly the same. Where a rule would bind more
    than 30 % of the rows into one cluster or equal records are more than 30 % of a table, sameness is a property of the
    data and not a copy: it is noted and not used, but where it is `always` to be.

    Returns:
        (rows,) int cluster of each row; notes.
    """
    notes: list[str] = []
    rows = len(frame)
    clusters = np.arange(rows)
    same = equal_records(frame, schema)
    repeated = rows - len(np.unique(same))
    if repeated > 0.3 * rows and not always:
        notes.append(
            f"{repeated:,} of {rows:,} records are equal to an earlier one, which is how these data are; they are not "
            "kept on one side of the split."
        )
    elif repeated:
        clusters = same
    joined = joined_texts(frame, schema)
    if joined is not None:
        near = near_duplicate_texts(joined)
        size = np.bincount(near, minlength=rows)
        if size.max(initial=0) > max(3.0, 0.3 * rows) and not always:
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


def joined_texts(frame: pd.DataFrame, schema: Schema, styles: dict[str, Style] | None = None) -> list[str] | None:
    """(rows,) the normal forms of all text fields, one behind the other; None where there is none but notations."""
    columns = []
    for one in schema.of_kind("text"):
        cells = frame[one.name].tolist()
        style = (styles or {}).get(one.name) or style_of(cells)
        if style != "notation":
            columns.append(normal_texts(cells, style))
    return [" ".join(cells) for cells in zip(*columns, strict=True)] if columns else None


def near_duplicate_texts(texts: Sequence[str], *, thorough: bool = False) -> np.ndarray:
    """(n,) int: for each normalised text, the smallest position in its cluster of near-duplicates.

    Args:
        texts: n normalised texts; those shorter than 20 letters stand alone.
        thorough: ask a second, independent index for candidates, which takes about four times as long.
    """
    wide = _widened(texts)
    chosen = [i for i, text in enumerate(wide) if len(text) >= SHORTEST]
    first_of: dict[str, int] = {}
    parent = np.arange(len(texts))
    for i in chosen:
        parent[i] = first_of.setdefault(wide[i], i)
    distinct = list(first_of.values())
    if len(distinct) > 1:
        similar = _Similarity([wide[i] for i in distinct])
        signature = similar.signatures()
        sources: list[Callable[[], Iterator[tuple[int, int]]]] = [lambda: _candidates(signature)]
        if thorough:
            sources.append(lambda: _second_candidates(similar))
        for source in sources:
            for a, b in source():
                one, other = _root(parent, distinct[a]), _root(parent, distinct[b])
                if one != other and similar.of(a, b) >= SIMILAR:
                    parent[max(one, other)] = min(one, other)
    return np.array([_root(parent, i) for i in range(len(texts))], np.int64)


def nearest_texts(texts: Sequence[str], others: Sequence[str], *, thorough: bool = False) -> tuple[Ints, NDArray[Any]]:
    """For each of n normalised texts the most similar of m others, if it is similar enough.

    Returns:
        (n,) int position among the others, -1 where none reaches a Jaccard similarity of 0.8; (n,) the similarity.
    """
    best, how = np.full(len(texts), -1, np.int64), np.zeros(len(texts))
    clusters = near_duplicate_texts([*texts, *others], thorough=thorough)
    mixed = np.intersect1d(clusters[: len(texts)], clusters[len(texts) :])
    members: dict[int, list[int]] = {int(one): [] for one in mixed}
    for place, one in enumerate(clusters[len(texts) :].tolist()):
        if one in members and len(members[one]) < MEMBERS:
            members[one].append(place)
    for place in np.flatnonzero(np.isin(clusters[: len(texts)], mixed)).tolist():
        group = members[int(clusters[place])]
        similar = _Similarity(_widened([texts[place], *(others[one] for one in group)]))
        values = [similar.of(0, number) for number in range(1, len(group) + 1)]
        top = int(np.argmax(values))
        if values[top] >= SIMILAR:
            best[place], how[place] = group[top], values[top]
    return best, how


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


# -- shingles and signatures ------------------------------------------------------------------------------------------


def _root(parent: np.ndarray, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = int(parent[i])
    return i


def text_lengths(texts: Iterable[Any]) -> Ints:
    """(n,) letters of each text, a Chinese sign counted twice; 0 where there is none."""
    sizes = [0 if not isinstance(t, str) else len(t) if t.isascii() else len(t) + len(WIDE.findall(t)) for t in texts]
    return np.array(sizes, np.int64)


def _widened(texts: Sequence[str]) -> list[str]:
    """Every Chinese sign twice, so that five letters are three such signs."""
    return [text if text.isascii() else WIDE.sub(r"\1\1", text) for text in texts]


class _Similarity:
    """Shingles of n texts, made when they are needed, and the Jaccard similarity of two."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.sets: dict[int, NDArray[np.uint64]] = {}

    def of(self, a: int, b: int) -> float:
        left, right = self.shingles(a), self.shingles(b)
        low, high = sorted((len(left), len(right)))
        if low < SIMILAR * high:  # they cannot have enough in common
            return low / max(high, 1)
        common = len(np.intersect1d(left, right, assume_unique=True))
        return common / (len(left) + len(right) - common)

    def shingles(self, i: int) -> NDArray[np.uint64]:
        if i not in self.sets:
            if len(self.sets) > 50_000:  # bounded memory
                self.sets.clear()
            self.sets[i] = np.unique(_shingles([self.texts[i]])[0])
        return self.sets[i]

    def signatures(self) -> NDArray[np.uint32]:
        """(n, bins) in blocks, so that the shingles of all texts never stand in memory together."""
        starts = range(0, len(self.texts), BLOCK)
        return np.concatenate([_signatures(*_shingles(self.texts[i : i + BLOCK])) for i in starts])


def _shingles(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all shingles, text after text, and (n + 1,) where each text's begin; texts have five letters or more."""
    lengths = np.array([len(text) for text in texts])
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    width = max(len(codes) - SHINGLE + 1, 0)
    hashes = np.zeros(width, np.uint64)
    for offset in range(SHINGLE):
        hashes = hashes * np.uint64(1_000_003) + codes[offset : offset + width]
    hashes = (hashes ^ (hashes >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)  # spread over all bits
    hashes ^= hashes >> np.uint64(29)
    inside = np.ones(len(codes), bool)
    for offset in range(1, SHINGLE):  # a shingle must not reach into the next text
        inside[np.cumsum(lengths) - offset] = False
    return hashes[inside[:width]], np.concatenate([[0], np.cumsum(lengths - SHINGLE + 1)])


def _signatures(hashes: np.ndarray, starts: np.ndarray) -> NDArray[np.uint32]:
    n = len(starts) - 1
    empty = np.uint32(0xFFFFFFFF)
    flat = np.full(n * BINS, empty)
    owner = np.repeat(np.arange(n), np.diff(starts))
    value = ((hashes // np.uint64(BINS)) >> np.uint64(26)).astype(np.uint32)
    np.minimum.at(flat, owner * BINS + (hashes % np.uint64(BINS)).astype(np.int64), value)
    signature = flat.reshape(n, BINS)
    while (holes := signature == empty).any():
        filled = np.roll(signature, 1, axis=1)
        filled[filled != empty] += np.uint32(1)  # borrowed values differ from those that were there
        signature = np.where(holes, filled, signature)
    return signature


def _candidates(signature: NDArray[np.uint32]) -> Iterator[tuple[int, int]]:
    """Pairs of texts whose signatures agree in a band and in at least 60 % of their bins."""
    n = len(signature)
    pairs = []
    for band in np.split(signature, BANDS, axis=1):
        key = np.zeros(n, np.uint64)
        for column in band.T:
            mixed = column.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            key = (key ^ (mixed >> np.uint64(7))) * np.uint64(0xBF58476D1CE4E5B9) + mixed
        order = np.argsort(key, kind="stable")
        for step in (1, 2, 3):  # neighbours in a bucket are enough: what hangs together is joined by way of others
            left, right = order[:-step], order[step:]
            equal = key[left] == key[right]
            pairs.append(np.stack([left[equal], right[equal]], 1))
    unique = np.unique(np.concatenate(pairs), axis=0)
    for block in np.array_split(unique, max(1, len(unique) // 20_000)):
        alike = (signature[block[:, 0]] == signature[block[:, 1]]).mean(1)
        yield from ((int(a), int(b)) for a, b in block[alike >= 0.6])


def _second_candidates(similar: _Similarity) -> Iterator[tuple[int, int]]:
    """Pairs from datasketch's index of 120 permutations: another family of hashes, so it misses other pairs."""
    from datasketch import MinHash, MinHashLSH

    def low_bits(shingle: int) -> int:
        return shingle & 0xFFFFFFFF

    index = MinHashLSH(num_perm=BINS, params=(BANDS, BINS // BANDS))
    for begin in range(0, len(similar.texts), BLOCK):
        hashes, starts = _shingles(similar.texts[begin : begin + BLOCK])
        sets = [hashes[a:b].tolist() for a, b in itertools.pairwise(starts)]
        for place, one in enumerate(MinHash.bulk(sets, num_perm=BINS, hashfunc=low_bits), start=begin):
            yield from ((place, int(str(other))) for other in index.query(one)[:MEMBERS])
            index.insert(place, one)
