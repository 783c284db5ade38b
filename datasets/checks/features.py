"""Small held-out models for the checks: what one column, a few columns or the letters of a text say of a class.

    codes = number_codes(rows["age"])                    # 0 is missing, then one code for each quantile
    scores = held_out_rates(codes, y, 2, folds(y))       # share of each class among rows of the same code elsewhere
    auroc(scores[:, 1], y == 1)                          # 0.5 for a column that says nothing

Every score of a row comes from a model that has not seen the row's class, so a column of noise scores like noise. Only
NumPy and SciPy are used: the checks run before every tuning and must cost milliseconds.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "FEWEST",
    "Grams",
    "auroc",
    "auroc_error",
    "balanced_accuracy",
    "category_codes",
    "character_grams",
    "folds",
    "held_out_majority",
    "held_out_rates",
    "held_out_ridge",
    "macro_auroc",
    "number_codes",
    "stacked",
    "stratified",
    "surface",
    "word_grams",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 5
BINS = 64
FEWEST = 8
"""Rows that a class needs to count in an average over classes."""


def folds(y: Ints, count: int = FOLDS, seed: int = 0) -> Ints:
    """(n,) fold of each row, from 0; each class is spread evenly over the folds."""
    random = np.random.default_rng(seed)
    order = np.lexsort((random.random(len(y)), y))
    fold = np.empty(len(y), np.int64)
    fold[order] = np.arange(len(y)) % count
    return fold


def stratified(y: Ints, most: int, seed: int = 0) -> Ints:
    """Positions, ascending, of at most `most` rows; rare classes are kept whole as far as an equal share allows."""
    if len(y) <= most:
        return np.arange(len(y))
    count = np.bincount(y)
    order = np.argsort(count[count > 0])
    kept, left, classes = np.zeros(len(count), np.int64), most, np.flatnonzero(count)[order]
    for place, one in enumerate(classes):
        kept[one] = min(count[one], left // (len(classes) - place))
        left -= kept[one]
    mixed = np.random.default_rng(seed).permutation(len(y))
    grouped = mixed[np.argsort(y[mixed], kind="stable")]
    start = np.repeat(np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    return np.sort(grouped[np.arange(len(y)) - start < np.repeat(kept, count)])


# -- how well scores tell classes apart -------------------------------------------------------------------------------


def auroc(score: NDArray[Any], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve of (n,) scores, ties counted half; NaN where one class is empty."""
    count = int(positive.sum())
    if count in (0, len(positive)):
        return float("nan")
    _, place, size = np.unique(score, return_inverse=True, return_counts=True)
    rank = np.cumsum(size) - (size - 1) / 2
    return float((rank[place][positive].sum() - count * (count + 1) / 2) / (count * (len(positive) - count)))


def auroc_error(area: float, positives: int, negatives: int) -> float:
    """Standard error of an area under the ROC curve (Hanley and McNeil 1982)."""
    if not positives or not negatives:
        return float("nan")
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (positives - 1) * (q1 - area**2) + (negatives - 1) * (q2 - area**2)
    return float(np.sqrt(max(spread, 0.0) / (positives * negatives)))


def macro_auroc(scores: Floats, y: Ints) -> float:
    """Mean one-against-the-rest area of (n, k) scores over classes of at least 8 rows; of two classes, that of the last.

    NaN where fewer than two classes have 8 rows.
    """
    count = np.bincount(y, minlength=scores.shape[1])
    known = np.flatnonzero(count >= FEWEST)
    if len(known) < 2:
        return float("nan")
    if scores.shape[1] == 2:
        known = known[1:]
    return float(np.mean([auroc(scores[:, c], y == c) for c in known]))


def balanced_accuracy(scores: Floats, y: Ints) -> float:
    """Mean recall over classes of at least 8 rows where each row goes to the class most above its share."""
    count = np.bincount(y, minlength=scores.shape[1])
    chosen = np.argmax(scores / np.maximum(count, 1), axis=1)
    hits = np.bincount(y[chosen == y], minlength=len(count))
    known = count >= FEWEST
    return float((hits[known] / count[known]).mean()) if known.any() else float("nan")


# -- one column -------------------------------------------------------------------------------------------------------


def number_codes(column: pd.Series | NDArray[Any], bins: int = BINS) -> Ints:
    """(n,) codes of numbers: 0 missing, then one for each quantile; a value that is frequent has a code of its own.

    At most `bins` quantiles and no fewer than about ten rows in each.
    """
    values = np.asarray(column, dtype=np.float64)
    known = np.isfinite(values)
    codes = np.zeros(len(values), np.int64)
    if not known.any():
        return codes
    distinct, count = np.unique(values[known], return_counts=True)
    if len(distinct) <= bins:
        edges = distinct
    else:
        parts = int(min(bins, max(2, known.sum() // 10)))
        cuts = np.quantile(values[known], np.arange(1, parts) / parts, method="lower")
        heaped = distinct[count >= max(5, known.sum() // parts)]
        after = np.searchsorted(distinct, heaped, side="right")
        edges = np.unique(np.concatenate([distinct[:1], cuts, heaped, distinct[np.minimum(after, len(distinct) - 1)]]))
    codes[known] = np.searchsorted(edges, values[known], side="right")
    return codes


def category_codes(column: Sequence[Any] | pd.Series | NDArray[Any]) -> Ints:
    """(n,) codes of values: 0 missing, then one for each value."""
    codes, _ = pd.factorize(pd.Series(column, dtype=object) if not isinstance(column, pd.Series) else column)
    return codes.astype(np.int64) + 1


def held_out_rates(codes: Ints, y: Ints, k: int, fold: Ints, weight: float = 1.0) -> Floats:
    """(n, k) share of each class among rows of the same code in the other folds, drawn towards the overall share.

    A row whose code is nowhere else gets the overall shares (target encoding, Micci-Barreca 2001, cross-fitted).
    """
    size, count = int(codes.max(initial=0)) + 1, int(fold.max(initial=0)) + 1
    tally = np.bincount((fold * size + codes) * k + y, minlength=count * size * k).reshape(count, size, k)
    others = tally.sum(0)[None] - tally
    prior = (others.sum(1) / np.maximum(others.sum((1, 2)), 1)[:, None])[:, None]
    rates = (others + weight * prior) / (others.sum(2, keepdims=True) + weight)
    return np.asarray(rates[fold, codes], dtype=np.float64)


def held_out_majority(codes: Ints, y: Ints, fold: Ints) -> Ints:
    """(n,) the most frequent class among rows of the same code in the other folds, -1 where there is none.

    For classes so many that a table of codes by classes would be large.
    """
    found = np.full(len(y), -1, np.int64)
    for part in range(int(fold.max(initial=0)) + 1):
        learnt = fold != part
        pairs, count = np.unique(np.stack([codes[learnt], y[learnt]], 1), axis=0, return_counts=True)
        best = np.full(int(codes.max(initial=0)) + 1, -1, np.int64)
        order = np.argsort(count, kind="stable")
        best[pairs[order, 0]] = pairs[order, 1]  # the most frequent is written last
        found[~learnt] = best[codes[~learnt]]
    return found


START, END = "\x02", "\x03"


# -- texts ------------------------------------------------------------------------------------------------------------


def surface(text: str) -> str:
    """A text of which only the way of writing is left: every letter is A or a, every digit 0, every blank the same.

    >>> surface("[NH2+]C(=O) is 2-fold")
    '[AA0+]A(=A) aa 0-aaaa'
    """
    return "".join(map(_surface_of, text))


def _surface_of(letter: str) -> str:
    if letter.isupper():
        return "A"
    if letter.isalpha() or unicodedata.combining(letter):
        return "a"
    if letter.isdigit():
        return "0"
    return " " if letter.isspace() else letter


@dataclass(frozen=True)
class Grams:
    """Texts as rows of weighted n-grams."""

    matrix: Any
    """(n, width) CSR, each row of length 1 (or 0 for an empty text)."""
    name: Callable[[int], str]
    """Column -> the n-gram it stands for (one of them, where two share a column)."""


def character_grams(
    texts: Sequence[str], *, written: bool = False, sizes: tuple[int, int] = (1, 3), width: int = 1 << 16
) -> Grams:
    """Hashed groups of characters.

    Args:
        texts: n of them.
        written: look at the way of writing only: at the `surface` between a start and an end mark, a run of letters
            counted as one, and no group that is made of letters and blanks alone. Words leave no trace in it.
        sizes: shortest and longest group.
        width: columns that the groups are hashed into.
    """
    if written:
        texts = [f"{START}{text}{END}" for text in texts]
    points = np.frombuffer("\0".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    distinct, place = np.unique(points, return_inverse=True)
    signs = [chr(point) for point in distinct]
    signs = [_surface_of(one) if written else one.lower() for one in signs]
    symbols = {one: number for number, one in enumerate(dict.fromkeys(signs), start=1)}
    numbers = np.array([symbols[one] for one in signs], np.int64)[place] if len(points) else np.zeros(0, np.int64)
    owner, ends = np.cumsum(points == 0), points == 0
    plain = np.isin(numbers, [symbols[one] for one in ("a", " ", START, END) if one in symbols])
    if written:
        kept = np.ones(len(numbers), bool)
        kept[1:] = (numbers[1:] != numbers[:-1]) | (numbers[1:] != symbols.get("a", -1))
        numbers, owner, ends, plain = numbers[kept], owner[kept], ends[kept], plain[kept]
    spelling = {number: one for one, number in symbols.items()}
    owners, columns, origins = [], [], []
    rolling, inside, bare = np.zeros(len(numbers), np.int64), np.ones(len(numbers), bool), np.ones(len(numbers), bool)
    for size in range(1, sizes[1] + 1):
        length = len(numbers) - size + 1
        if length <= 0:
            break
        rolling = rolling[:length] * 1_000_003 + numbers[size - 1 :]
        inside = inside[:length] & ~ends[size - 1 :]
        bare = bare[:length] & plain[size - 1 :]
        if size >= sizes[0]:
            hashed = (rolling ^ (rolling >> 29)) * 0x9E3779B97F4A7C1 + size
            said = inside & ~bare if written else inside
            columns.append(((hashed ^ (hashed >> 32)) % width)[said])
            owners.append(owner[:length][said])
            origins.append(np.flatnonzero(said) * 16 + size)
    flat, origin = _joined(columns), _joined(origins)

    def name(column: int) -> str:
        first = int(origin[int(np.argmax(flat == column))])
        return "".join(spelling[int(one)] for one in numbers[first // 16 : first // 16 + first % 16])

    return Grams(_weighted(_joined(owners), flat, len(texts), width), name)


def word_grams(texts: Sequence[str], *, width: int = 1 << 16) -> Grams:
    """Hashed words; a run of Chinese, Japanese or Thai letters counts as its characters and their pairs."""
    words: dict[str, int] = {}
    owners: list[int] = []
    flat: list[int] = []
    for row, text in enumerate(texts):
        found = re.findall(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+", text.lower())
        found += [a + b for a, b in itertools.pairwise(found) if len(a) == len(b) == 1 and a > "\u0e00"]
        owners += [row] * len(found)
        flat += [words.setdefault(word, len(words)) for word in found]
    names = list(words)
    columns = np.array(flat, np.int64) % width
    return Grams(_weighted(np.array(owners, np.int64), columns, len(texts), width), lambda column: names[column])


def _joined(parts: list[NDArray[Any]]) -> Ints:
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, np.int64)


def _weighted(owners: Ints, columns: Ints, n: int, width: int) -> Any:
    """Counts, damped, times how rare a column is, each row brought to length 1."""
    from scipy import sparse

    counts = sparse.csr_matrix((np.ones(len(owners), np.float32), (owners, columns)), shape=(n, width))
    counts.sum_duplicates()
    present = np.bincount(counts.indices, minlength=width)
    rare = np.log((1 + n) / (1 + present)) + 1
    counts.data = (1 + np.log(counts.data)) * rare[counts.indices].astype(np.float32)
    length = np.sqrt(np.asarray(counts.multiply(counts).sum(1)).ravel())
    counts.data /= np.repeat(np.maximum(length, 1e-12), np.diff(counts.indptr)).astype(np.float32)
    return counts


# -- several columns --------------------------------------------------------------------------------------------------


def held_out_ridge(x: Any, y: Ints, k: int, fold: Ints, strength: float = 0.3) -> Floats:
    """(n, k) scores of a ridge regression on class marks, each row scored by a model of the other folds.

    Solved through the (n, n) products of the rows, so n may be a few thousand and the columns may be many.

    Args:
        x: (n, columns), dense or sparse.
        y: (n,) classes from 0.
        k: number of classes.
        fold: (n,) fold of each row.
        strength: of the penalty.
    """
    from scipy.linalg import solve

    products = x @ x.T
    gram = np.asarray(products.toarray() if hasattr(products, "toarray") else products, dtype=np.float64)
    marks = np.eye(k)[y]
    scores = np.zeros((len(y), k))
    for part in range(int(fold.max(initial=0)) + 1):
        held = fold == part
        learnt = np.flatnonzero(~held)
        if not held.any() or not len(learnt):
            continue
        mean = marks[learnt].mean(0)
        inner = gram[np.ix_(learnt, learnt)]
        inner[np.diag_indices_from(inner)] += strength
        scores[held] = gram[np.ix_(held, learnt)] @ solve(inner, marks[learnt] - mean, assume_a="pos") + mean
    return scores


def stacked(parts: Sequence[Floats], y: Ints, k: int, fold: Ints) -> Floats:
    """(n, k) scores of a ridge regression on the held-out scores of several columns (stacking, Wolpert 1992).

    Args:
        parts: (n, k) or (n,) held-out scores, one for each column; shares are read as log-odds.
        y: (n,) classes from 0.
        k: number of classes.
        fold: (n,) fold of each row; another one than the scores' own lowers what they carry over of a row's class.
    """
    columns = [np.asarray(one, np.float64).reshape(len(y), -1) for one in parts]
    x = np.concatenate(columns, 1) if columns else np.zeros((len(y), 1))
    shares = bool((x >= 0).all() and (x <= 1).all())
    if shares:
        x = np.log((x + 1e-4) / (1 - x + 1e-4))
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-9)
    marks, scores = np.eye(k)[y], np.zeros((len(y), k))
    for part in range(int(fold.max(initial=0)) + 1):
        held = fold == part
        if not held.any() or held.all():
            continue
        inner, mean = x[~held], marks[~held].mean(0)
        normal = inner.T @ inner + 0.003 * len(inner) * np.eye(x.shape[1])
        scores[held] = x[held] @ np.linalg.solve(normal, inner.T @ (marks[~held] - mean)) + mean
    return scores
