"""Rows that stand twice: in the data, nearly alike, or with two different labels; for those of the test see `overlap`.

    row 17   "How do I activate my card?"   activate_my_card
    row 90   "how do i activate my card"    card_arrival          a copy, and a conflict

Texts are compared without case, marks and blanks; where a column holds formulas or a notation such as SMILES, marks
count. In a table of few values rows are equal by chance: how many would be is worked out from the rows that differ in
one column only, and such rows are no copies.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..duplicates import Keys, column_keys, joined_keys, joined_texts, near_duplicate_texts, normal_texts, text_lengths
from ..finding import Finding, Level, Material, row_name
from .late import late_words
from .overlap import check_near_overlap, check_overlap, sample_of_texts
from .sameness import LONG, Bools, Sameness, beyond_first, copied, pair, source_rows

__all__ = ["check_conflicts", "check_copies", "check_near_copies", "check_near_overlap", "check_overlap"]

FEWEST, COPIED = 5, 0.002
"""Rows, and share of rows, from which copies are worth a look."""
NEARLY = 0.01
CONFLICTING = 0.2
SAME_VALUE = 0.1
"""Standard deviations by which two values to be estimated differ."""
EMBEDDED, ALIKE = 1_000, 0.95
"""Texts that are embedded, and the cosine from which two say the same."""


def check_copies(material: Material) -> list[Finding]:
    """Rows that repeat an earlier one: the same texts and values, and in a table the same in all carried columns.

    Warn from 5 rows and 0.2 %; a note below that, and where a table has so few values that rows are equal by chance.
    `fix` takes out the copies that also have the same label.
    """
    rows, same = material.rows, Sameness.of(material)
    if len(rows) < 2:
        return []
    columns = same.columns(rows)
    texts = bool(material.schema.of_kind("text"))
    if not texts:
        columns += _carried(material)
    repeated, first = beyond_first(joined_keys(columns))
    if not len(repeated):
        return []
    label = _labels(material)
    alike, _ = beyond_first(joined_keys([*columns, label]))
    real = texts or copied(same.split_columns(rows) + columns[len(material.schema.fields) :])
    said = f"{len(repeated):,} of {len(rows):,} rows repeat an earlier one, such as {pair(rows, first[0], repeated[0])}"
    level: Level = "warn" if len(repeated) >= FEWEST and len(repeated) >= COPIED * len(rows) else "note"
    if not real:
        level = "note"
        said += "; so few values are in this table that rows are equal by chance"
    elif len(alike) < len(repeated):
        said += f"; {len(alike):,} of them have the same label, too"
    return [
        Finding(
            "copies",
            level,
            f"{said}.",
            "Take them out with --fix; copies on two sides of a split make a score look better than it is."
            if real
            else "Nothing need be done.",
            count=len(repeated),
            total=len(rows),
            rows=source_rows(rows, alike if real else repeated),
            examples=tuple(pair(rows, a, b) for a, b in zip(first[:5], repeated[:5], strict=True)),
            figures={"repeated": len(repeated), "same_label": len(alike), "by_chance": not real},
            fix="drop" if real and len(alike) else "",
        )
    ]


def _carried(material: Material) -> list[Keys]:
    """Keys of the columns that the model does not read, but for names of rows; they tell two cases of a table apart."""
    schema, found = material.schema, []
    for name in dict.fromkeys([*schema.kept, *filter(None, (schema.group, schema.time))]):
        if name in material.raw.columns and name not in {one.name for one in schema.fields}:
            keys = column_keys(material.raw[name], "label")
            if len(np.unique(keys)) < 0.98 * len(keys):
                found.append(keys)
    return found


def _labels(material: Material) -> Keys:
    """Keys of the labels; rows without one have the same."""
    if material.schema.label not in material.rows:
        return np.zeros(len(material.rows), np.uint64)
    return column_keys(material.rows[material.schema.label], "label")


def check_conflicts(material: Material) -> list[Finding]:
    """The same record, or the same long texts, with different labels; values to be estimated that differ by 0.1 s.d.

    Warn; a stop from 20 % of the rows; a note in a table where rows are equal by chance.
    """
    rows, same = material.labelled, Sameness.of(material)
    if len(rows) < 2:
        return []
    columns = same.columns(rows)
    keys = [joined_keys(columns)]
    texts = [one.name for one in material.schema.of_kind("text") if one.name not in same.lists]
    early = [name for name in texts if late_words(name) is None] or texts
    if early and all(one.kind == "text" for one in material.schema.fields):
        long = np.sum([text_lengths(rows[name]) for name in early], axis=0) >= LONG
        together = joined_keys([column_keys(rows[name], "text", same.styles[name]) for name in [*early, *same.lists]])
        keys.append(np.where(long, together, np.arange(len(rows), dtype=np.uint64)))
    found = np.zeros(len(rows), bool)
    for one in keys:
        found |= _torn(one, rows[material.schema.label], material.task.kind == "regression")
    places = np.flatnonzero(found)
    if not len(places):
        return []
    share = len(places) / len(rows)
    chance = not texts and not copied(same.split_columns(rows))
    level: Level = "stop" if share > CONFLICTING else "warn" if len(places) >= FEWEST else "note"
    if chance:
        level = "warn" if share > CONFLICTING else "note"
    first = places[0]
    key = next(
        one for one in keys if _torn(one, rows[material.schema.label], material.task.kind == "regression")[first]
    )
    label = rows[material.schema.label]
    other = next(p for p in np.flatnonzero(key == key[first]) if _differ(label.iloc[p], label.iloc[first], label))
    what = "text" if texts else "record"
    best = _best_accuracy(keys[-1], label) if material.task.kind != "regression" else None
    bound = (
        "" if best is None or best > 0.98 else f", so no model can be right in more than {100 * best:.1f} % of the rows"
    )
    return [
        Finding(
            "conflicts",
            level,
            f"{len(places):,} of {len(rows):,} rows have the same {what} as another one, but another label, such as "
            f"{pair(rows, int(first), int(other))}{bound}.",
            "Look at them and decide which label holds; where both are right, a column that tells them apart is missing.",
            count=len(places),
            total=len(rows),
            rows=source_rows(rows, places),
            field=material.schema.label,
            examples=tuple(row_name(rows.index[p]) for p in places[:5]),
            figures={"share": round(share, 4), "by_chance": chance}
            | ({} if best is None else {"best_accuracy": round(best, 4)}),
        )
    ]


def _differ(one: object, other: object, label: pd.Series) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return str(one).casefold().strip() != str(other).casefold().strip()
    return abs(float(one) - float(other)) > SAME_VALUE * float(label.std())  # type: ignore[arg-type]


def _torn(keys: Keys, label: pd.Series, regression: bool) -> Bools:
    """(rows,) bool: rows of one key do not have one label."""
    _, place = np.unique(keys, return_inverse=True)
    if regression:
        value = label.astype(float).groupby(place)
        return np.asarray((value.max() - value.min() > SAME_VALUE * float(label.std())).to_numpy()[place], bool)
    names = column_keys(label, "label")
    low, high = np.full(place.max() + 1, names.max()), np.zeros(place.max() + 1, np.uint64)
    np.minimum.at(low, place, names)
    np.maximum.at(high, place, names)
    return np.asarray((low != high)[place], bool)


def _best_accuracy(keys: Keys, label: pd.Series) -> float:
    """Share of the rows that have the most frequent label of their key."""
    counted = pd.Series(1, index=range(len(label))).groupby([keys, column_keys(label, "label")]).sum()
    return float(counted.groupby(level=0).max().sum() / len(label))


# -- nearly alike -----------------------------------------------------------------------------------------------------


def check_near_copies(material: Material) -> list[Finding]:
    """Texts that are nearly equal to another one: shingles with a Jaccard similarity of at least 0.8.

    A warning from 5 rows and 1 %, else a note. In a thorough check a second index is asked, and up to 1,000 English
    texts are embedded with the embedded backbone, where a cosine of 0.95 tells paraphrases that share few letters.
    """
    same = Sameness.of(material)
    rows = sample_of_texts(material, material.rows, same)
    texts = joined_texts(rows, material.schema, same.styles)
    if texts is None or len(rows) < 2:
        return []
    clusters = near_duplicate_texts(texts, thorough=material.thorough)
    _, plain = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
    findings = []
    size = np.bincount(clusters, minlength=len(rows))
    later = np.flatnonzero((clusters != np.arange(len(rows))) & (plain != plain[clusters]))
    if len(later):
        number = len(np.unique(clusters[later]))
        bound = int(size.max())
        one = int(later[0])
        all_alike = " Most of them hang together, which is how these texts are." if bound > 0.3 * len(rows) else ""
        looked = "" if len(rows) == len(material.rows) else f" that were looked at of {len(material.rows):,}"
        findings.append(
            Finding(
                "near_copies",
                "warn"
                if len(later) >= FEWEST and len(later) >= NEARLY * len(rows) and not all_alike and same.written
                else "note",
                f"{len(later):,} of {len(rows):,} texts{looked} are nearly equal to an earlier one, in {number:,} "
                f"{'cluster' if number == 1 else 'clusters'} of up to {bound:,} rows, such as "
                f"{pair(rows, int(clusters[one]), one)}.{all_alike}",
                "Each cluster is kept on one side of the split; if you cut the file yourself, cut it by cluster.",
                count=len(later),
                total=len(rows),
                rows=source_rows(rows, later),
                examples=tuple(pair(rows, int(clusters[p]), int(p)) for p in later[:5]),
                figures={"clusters": number, "largest": bound, "looked_at": len(rows), "view": "shingles"},
            )
        )
    return findings + (_paraphrases(material, same, rows, clusters) if material.thorough else [])


def _paraphrases(material: Material, same: Sameness, rows: pd.DataFrame, clusters: np.ndarray) -> list[Finding]:
    """Pairs that the embedding finds and the shingles do not, in the text that tells most."""
    if same.main is None or same.styles[same.main] == "notation":
        return []
    texts = normal_texts(rows[same.main].tolist(), "words")
    usable = np.array([len(text) >= LONG and text.isascii() for text in texts])
    places = np.flatnonzero(usable & (clusters == np.arange(len(rows))))
    if len(places) < 2 or usable.mean() < 0.5:
        return []
    if len(places) > EMBEDDED:
        places = np.sort(np.random.default_rng(material.seed).choice(places, EMBEDDED, replace=False))
    from ...core.embed import embed_texts

    vectors = embed_texts("minilm", [texts[place] for place in places], threads=1, max_tokens=64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosine = np.tril(vectors @ vectors.T, -1)
    later = np.flatnonzero(cosine.max(1) >= ALIKE)
    if len(later) < FEWEST:
        return []
    nearest = cosine.argmax(1)
    one = int(later[0])
    return [
        Finding(
            "paraphrases",
            "warn" if len(later) >= 5 * NEARLY * len(places) else "note",
            f"{len(later):,} of {len(places):,} texts that were embedded say what an earlier one says in other words "
            f"(cosine of at least {ALIKE}), such as {pair(rows, int(places[nearest[one]]), int(places[one]))}.",
            "If they were made from each other, name a column that says which belong together with --group.",
            count=len(later),
            total=len(places),
            rows=source_rows(rows, places[later]),
            examples=tuple(pair(rows, int(places[nearest[p]]), int(places[p])) for p in later[:5]),
            figures={"cosine": ALIKE, "looked_at": len(places), "view": "embedding"},
        )
    ]
