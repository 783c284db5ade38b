"""Texts that are nearly equal: the Jaccard similarity of their sets of shingles is at least 0.8.

    "no cough and no fever since three days"   "no cough and no fever since three days now"     0.89

A shingle is five letters, or three Chinese signs (each counts twice). Candidates come from MinHash signatures of one
permutation (Li, Owen and Zhang 2012, empty bins filled by rotation as in Shrivastava and Li 2014) in 20 bands of 6,
which finds a pair of similarity 0.8 with probability above 0.99; each candidate pair is then measured exactly. This is
several times faster than a MinHash of 120 permutations and bounded in memory; the index of datasketch, whose hashes are
others, can be asked as a second one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHINESE", "SHORTEST", "SIMILAR", "near_duplicate_texts", "nearest_texts", "root", "text_lengths"]

Ints = NDArray[np.int64]

SHINGLE = 5
BINS, BANDS = 120, 20
SIMILAR = 0.8
SHORTEST = 20
"""Letters below which a text is too short to be called a near-duplicate of another one; a Chinese sign counts twice."""
BLOCK = 20_000
"""Texts whose signatures are made at once."""
MEMBERS = 200
"""Texts of a cluster with which one text is compared."""
CHINESE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Signs that stand for a syllable or a word: Han, and Japanese kana."""
WIDE = re.compile(f"([{CHINESE}])")


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
                one, other = root(parent, distinct[a]), root(parent, distinct[b])
                if one != other and similar.of(a, b) >= SIMILAR:
                    parent[max(one, other)] = min(one, other)
    return np.array([root(parent, i) for i in range(len(texts))], np.int64)


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


# -- shingles and signatures --------------------------------------------------------------------------------------------


def root(parent: np.ndarray, i: int) -> int:
    """The representative of what i hangs together with."""
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
