"""Find rows that say the same: equal records, equal texts, and texts that are nearly equal.

    "Chest  pain, since 1 h!"  and  "chest pain since 1 h"      the same text
    "$$3+4$$" and "$$3-4$$", "CCO" and "cco"                    not the same: marks count in formulas and notations

How nearly equal texts are found stands in `near_texts`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core.task import FieldKind, Schema
from .near_texts import CHINESE, near_duplicate_texts, nearest_texts, root, text_lengths

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

Style = Literal["words", "formula", "notation"]
"""words: case, marks and blanks do not count; formula: marks count; notation (SMILES, codes): every sign counts."""

STYLE_ROWS = 200
FORMULA = re.compile(r"[\\=<>^≤≥≠×÷√±]|\$\$|\d\s*[-+*/]\s*\d")
MATHEMATICAL = 0.2
"""Share of texts with a formula from which marks count in the whole column."""
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


def joined_clusters(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Join two ways of clustering the same rows: (n,) and (n,) -> (n,) smallest position of each joint cluster."""
    parent = np.arange(len(left))
    for labels in (left, right):
        first: dict[int, int] = {}
        for i, label in enumerate(labels.tolist()):
            one, other = root(parent, i), root(parent, first.setdefault(label, i))
            if one != other:
                parent[max(one, other)] = min(one, other)
    return np.array([root(parent, i) for i in range(len(left))], np.int64)
