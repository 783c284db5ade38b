"""Take pieces of a record away: fields, statements of a text, findings of a set; or put something usual in their place.

The pieces are those of `core.influence`, which gives the reasons that a user of the run sees; here several can be taken away at
once, and many records are asked about in one call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...core.influence import clauses_of
from ...core.records import parse_set
from ...core.task import Field, Record

__all__ = ["Piece", "pieces", "usual_values", "without", "with_usual"]

_TURNED = {
    "yes": "no",
    "no": "yes",
    "1": "0",
    "0": "1",
    "true": "false",
    "false": "true",
    "present": "absent",
    "absent": "present",
}


@dataclass(frozen=True)
class Piece:
    """Something that can be taken away from a record."""

    field: Field
    place: int
    """Number of the statement or finding in its field; -1 for a whole field."""
    evidence: str
    """The words or the value."""


def pieces(record: Record, fields: Collection[Field]) -> list[Piece]:
    """Everything in a record that can be taken away, in order."""
    found: list[Piece] = []
    for field in fields:
        cell = record.get(field.name)
        if cell is None or (isinstance(cell, float) and np.isnan(cell)) or field.kind == "time":
            continue
        if field.kind == "text":
            found += [Piece(field, i, clause.strip(" ,;")) for i, clause in enumerate(clauses_of(str(cell)))]
        elif field.kind == "set":
            found += [Piece(field, i, f"{item}={value}") for i, (item, value) in enumerate(parse_set(cell))]
        else:
            found.append(Piece(field, -1, str(cell)))
    return found


def without(record: Record, gone: Collection[Piece]) -> dict[str, Any]:
    """The record without some of its pieces."""
    made = dict(record)
    for field in {piece.field.name: piece.field for piece in gone}.values():
        places = {piece.place for piece in gone if piece.field.name == field.name}
        if field.kind == "text":
            kept = [clause for i, clause in enumerate(clauses_of(str(record[field.name]))) if i not in places]
            made[field.name] = " ".join(kept) or None
        elif field.kind == "set":
            made[field.name] = dict(pair for i, pair in enumerate(parse_set(record[field.name])) if i not in places)
        else:
            made[field.name] = None
    return made


def usual_values(rows: pd.DataFrame, fields: Collection[Field]) -> dict[str, Any]:
    """Field -> the median of a number, the most frequent value of a category; fields without a known value are left out."""
    found: dict[str, Any] = {}
    for field in fields:
        known = rows[field.name].dropna() if field.name in rows.columns else pd.Series(dtype=object)
        if not len(known):
            continue
        if field.kind == "number":
            found[field.name] = float(np.median(pd.to_numeric(known, errors="coerce").dropna()))
        elif field.kind == "category":
            found[field.name] = str(known.astype(str).value_counts().index[0])
    return found


def with_usual(record: Record, piece: Piece, usual: Mapping[str, Any], sentence: str) -> dict[str, Any] | None:
    """The record with something usual in the place of a piece: the usual value, a beside-the-point sentence, the finding
    turned round; None where that is what it holds already, or nothing usual is known."""
    name = piece.field.name
    if piece.field.kind == "text":
        clauses = clauses_of(str(record[name]))
        clauses[piece.place] = sentence
        return {**record, name: " ".join(clauses)}
    if piece.field.kind == "set":
        pairs = parse_set(record[name])
        item, value = pairs[piece.place]
        other = _TURNED.get(value.strip().lower())
        if other is None:
            return None
        return {**record, name: dict([*pairs[: piece.place], (item, other), *pairs[piece.place + 1 :]])}
    if name not in usual or usual[name] == record[name] or str(usual[name]) == str(record[name]):
        return None
    return {**record, name: usual[name]}
