"""Labels that are probably wrong: confident learning on held-out probabilities.

    row 41   "my card has not arrived yet"   labelled exchange_rate   looks like card_arrival

Cleanlab (Northcutt, Jiang and Chuang 2021) finds the rows. Where classes overlap by nature it finds some in the best
data, too, and nothing in the data tells the two apart. So it is a warning only where a held-out model is right in most
rows and is contradicted even where it is surest; elsewhere the rows are a note.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..finding import Finding, Material, row_name
from .columns import item_codes, truth_of
from .features import category_codes, character_grams, folds, held_out_ridge, number_codes, word_grams

__all__ = ["check_wrong_labels", "held_out_probabilities"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST, BLOCK = 12_000, 4_000
FEWEST_ROWS, FEWEST_EACH, MOST_CLASSES = 100, 5, 200
LETTERS, SHOWN = 600, 90
SUREST = 0.25
"""Share of the rows from which the rate of wrong labels is taken."""
APART = 0.85
"""Held-out accuracy from which classes are apart enough for a contradiction to speak against the label."""
WARN, NOTE = 0.03, 0.005
"""Rates: lower end of the 95 % interval of the rate beyond which it is a warning, or told at all."""
BINS = 12


def check_wrong_labels(material: Material) -> list[Finding]:
    """Rows whose label a held-out model contradicts with confidence, the most suspicious first.

    Not made before tuning, for values to be estimated, for fewer than 100 rows or more than 200 classes. The rows are
    suspected, not proved: a person must look, and `fix` changes nothing.
    """
    if not material.thorough:
        return []
    truth = truth_of(material, MOST, MOST)
    if truth is None or len(truth.y) < FEWEST_ROWS or truth.k > MOST_CLASSES:
        return []
    kept = np.isin(truth.y, np.flatnonzero(np.bincount(truth.y, minlength=truth.k) >= FEWEST_EACH))
    known, y = np.unique(truth.y[kept], return_inverse=True)
    if len(known) < 2:
        return []
    rows, names = truth.rows[kept], [truth.names[one] for one in known]
    chance = held_out_probabilities(rows, y.astype(np.int64), len(known), material)
    suspected = _suspected(y, chance)
    rate, low, sure = _rate(y, chance)
    apart = float((chance.argmax(1) == y).mean()) >= APART
    strong = apart and low >= WARN
    told = suspected if strong else suspected[np.isin(suspected, sure)]
    if low < NOTE or not len(told):
        return []
    examples = tuple(_example(rows, row, names, y, chance, material) for row in told[:5])
    positions = rows.index.to_numpy()[told]
    return [
        Finding(
            "wrong_labels",
            "warn" if strong else "note",
            f"{len(told):,} of {len(rows):,} labels in {material.schema.label!r} are suspected to be wrong, first "
            f"{row_name(positions[0])} ({names[y[told[0]]]!r}, looks like {names[int(chance[told[0]].argmax())]!r}); where "
            f"a model is surest, about {rate:.1%} of the labels contradict it"
            f"{'.' if apart else ', but the classes overlap, so that many may be right.'}",
            "Have somebody look at these rows, the first in the list first; correct what is wrong and leave the rest.",
            count=len(told),
            total=len(rows),
            rows=tuple(sorted(int(row) for row in positions)),
            field=material.schema.label,
            examples=examples,
            figures={
                "rate": round(rate, 4),
                "rate_low": round(low, 4),
                "accuracy": round(float((chance.argmax(1) == y).mean()), 4),
                "ranked": [int(row) for row in positions[:200]],
                "looks_like": {int(rows.index.to_numpy()[row]): names[int(chance[row].argmax())] for row in told[:200]},
            },
        )
    ]


def _suspected(y: Ints, chance: Floats) -> Ints:
    """Positions of what Cleanlab prunes by confident learning, the least self-confident first."""
    from cleanlab.filter import find_label_issues

    found = find_label_issues(
        y, chance, filter_by="confident_learning", return_indices_ranked_by="self_confidence", n_jobs=1
    )
    return np.asarray(found, np.int64)


def _rate(y: Ints, chance: Floats) -> tuple[float, float, Ints]:
    """Share of labels that contradict the model among the rows of which it is surest, the lower end of its 95 %
    interval (Wilson 1927), and the positions of these rows. Each class counts the rows that look like it."""  # fmt: skip
    best = chance.argmax(1)
    margin = chance.max(1)
    order = np.lexsort((-margin, best))
    start = np.searchsorted(best[order], np.arange(chance.shape[1]))
    size = np.bincount(best, minlength=chance.shape[1])
    place = np.empty(len(y), np.int64)
    place[order] = np.arange(len(y)) - np.repeat(start, size)
    sure = np.flatnonzero(place < np.ceil(SUREST * size[best]))
    wrong, count = float((best[sure] != y[sure]).sum()), len(sure)
    z = 1.959964
    centre = (wrong + z * z / 2) / (count + z * z)
    half = z / (count + z * z) * np.sqrt(wrong * (count - wrong) / count + z * z / 4)
    return wrong / count, float(max(0.0, centre - half)), sure


def held_out_probabilities(rows: pd.DataFrame, y: Ints, k: int, material: Material) -> Floats:
    """(n, k) probabilities of each class, each row scored by a model of other rows; each row sums to 1.

    Texts by a ridge regression on words and groups of letters, tables by a logistic regression on quantiles and values.
    """
    fold = folds(y, seed=material.seed)
    if not material.schema.of_kind("text"):
        return _table(rows, y, k, fold, material)
    chance = np.zeros((len(y), k))
    blocks = max(1, int(np.ceil(len(y) / BLOCK)))
    block = folds(y, blocks, seed=material.seed + 7)
    for part in range(blocks):
        here = np.flatnonzero(block == part)
        scores = held_out_ridge(_features(rows.iloc[here], material), y[here], k, fold[here])
        chance[here] = _softmax(scores, y[here])
    return chance


def _one_hot(rows: pd.DataFrame, material: Material) -> list[Ints]:
    codes = []
    for field in material.schema.fields:
        if field.kind == "number":
            codes.append(number_codes(rows[field.name], BINS))
        elif field.kind == "category":
            codes.append(category_codes(rows[field.name]))
        elif field.kind == "set":
            codes += list(item_codes(rows[field.name]).values())
    return codes


def _sparse(codes: list[Ints]):  # type: ignore[no-untyped-def]  # scipy has no types
    from scipy import sparse

    n = len(codes[0])
    width = np.array([int(one.max(initial=0)) + 1 for one in codes])
    start = np.concatenate([[0], np.cumsum(width)])
    columns = np.concatenate([one + first for one, first in zip(codes, start[:-1], strict=True)])
    cells = np.ones(len(columns), np.float32)
    return sparse.csr_matrix((cells, (np.tile(np.arange(n), len(codes)), columns)), shape=(n, int(start[-1])))


def _features(rows: pd.DataFrame, material: Material):  # type: ignore[no-untyped-def]
    """Words, groups of letters, and the other fields, each part of length 1."""
    from scipy import sparse

    parts = []
    for field in material.schema.of_kind("text"):
        texts = [cell[:LETTERS] if isinstance(cell, str) else "" for cell in rows[field.name]]
        parts += [word_grams(texts).matrix, character_grams(texts, sizes=(3, 4), width=1 << 18).matrix]
    codes = _one_hot(rows, material)
    if codes:
        parts.append(_sparse(codes) / np.sqrt(len(codes)))
    return sparse.hstack(parts).tocsr()


def _softmax(scores: Floats, y: Ints) -> Floats:
    """Probabilities at the temperature of the greatest likelihood."""
    best, kept = np.inf, scores
    for sharp in (2.0, 4.0, 8.0, 16.0, 32.0):
        raised = np.exp(sharp * (scores - scores.max(1, keepdims=True)))
        chance = raised / raised.sum(1, keepdims=True)
        loss = -float(np.log(np.maximum(chance[np.arange(len(y)), y], 1e-6)).mean())
        if loss < best:
            best, kept = loss, chance
    return kept


def _table(rows: pd.DataFrame, y: Ints, k: int, fold: Ints, material: Material) -> Floats:
    from sklearn.linear_model import LogisticRegression

    codes = _one_hot(rows, material)
    if not codes:
        return np.tile(np.bincount(y, minlength=k) / len(y), (len(y), 1))
    x, chance = _sparse(codes), np.zeros((len(y), k))
    for part in range(int(fold.max()) + 1):
        held = fold == part
        model = LogisticRegression(C=0.5, max_iter=200).fit(x[~held], y[~held])
        chance[np.ix_(held, model.classes_)] = model.predict_proba(x[held])
    return chance


def _example(rows: pd.DataFrame, row: int, names: list[str], y: Ints, chance: Floats, material: Material) -> str:
    from .personal import mask_text

    texts = [one.name for one in material.schema.of_kind("text")]
    said = " ".join(str(rows[texts[0]].iloc[row]).split()) if texts else ""
    shown = f": {mask_text(said[:400])[:SHOWN]}" if said else ""
    return f"{row_name(rows.index[row])}, {names[y[row]]!r}, looks like {names[int(chance[row].argmax())]!r}{shown}"
