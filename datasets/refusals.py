"""The first part of the gate: rows on which nothing can be tuned at all are refused, whatever is accepted.

The label 'astma' in row 40 is not one of this task's (1 such rows); rename it ... Did you mean 'asthma'?
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core.errors import DataError, guess
from ..core.task import Field, Schema, Task
from .finding import row_name

__all__ = ["FEWEST_ROWS", "Gated", "check_candidates", "check_labels", "gate"]

FEWEST_ROWS = 20
IMPLAUSIBLE = 0.2
"""Share of values outside a field's bounds from which the unit is wrong rather than the value."""


@dataclass(frozen=True)
class Gated:
    """Rows that passed."""

    rows: pd.DataFrame
    """The rows with a label; the index is unchanged."""
    notes: tuple[str, ...] = ()


def gate(frame: pd.DataFrame, schema: Schema, task: Task, bank: pd.DataFrame | None = None) -> Gated:
    """Refuse rows in canonical form (`apply_schema`) on which nothing can be tuned, once over all parts.

    Args:
        frame: (rows, columns).
        schema: as `recognise` found it.
        task: its kind, labels and candidates.
        bank: (candidates, …) with a column `id`, for a choice among shared candidates.

    Raises:
        DataError: no label at all, one label only, an unknown label or candidate, fewer than 20 rows, or more than 20 %
            of a field's values outside its bounds.
    """
    notes: list[str] = []
    labelled = frame[schema.label].notna()
    lost = int((~labelled).sum())
    if lost == len(frame):
        raise DataError(f"No row has a label in {schema.label!r}; name the column with the truth.")
    if lost:
        notes.append(f"{lost:,} of {len(frame):,} rows have no label in {schema.label!r} and are left out.")
    rows = frame[labelled]
    if len(rows) < FEWEST_ROWS:
        raise DataError(f"Only {len(rows)} rows have a label, but tuning needs at least {FEWEST_ROWS}; give more rows.")
    check_labels(rows, schema, task)
    check_candidates(rows, schema, task, bank)
    _check_variety(rows, schema, task)
    for field in schema.fields:
        _implausible(rows, field)
    return Gated(rows, (*notes, *_spelling(schema)))


def check_labels(rows: pd.DataFrame, schema: Schema, task: Task) -> None:
    """Refuse labels that the schema does not have.

    Raises:
        DataError: with the first such row and what was probably meant.
    """
    if task.kind != "classification" or not schema.labels:
        return
    known = rows[schema.label].dropna()
    unknown = known[~known.isin(schema.labels)]
    if len(unknown):
        raise DataError(
            f"The label {unknown.iloc[0]!r} in {row_name(unknown.index[0])} is not one of this task's "
            f"({len(unknown):,} such rows); rename it or name another label column. "
            f"{guess(str(unknown.iloc[0]), schema.labels)}"
        )
    if schema.positive is not None and schema.positive not in schema.labels:
        raise DataError(
            f"The positive label {schema.positive!r} is not among the labels. {guess(schema.positive, schema.labels)}"
        )


def check_candidates(rows: pd.DataFrame, schema: Schema, task: Task, bank: pd.DataFrame | None) -> None:
    """Refuse the right answer of a choice where it is not among the candidates.

    With a bank the label is a candidate's id. With candidates of the record's own (a JSON list of texts) it is one of
    these texts, or its place counted from 0.

    Raises:
        DataError: with the first such row and what was probably meant.
    """
    if task.kind != "choice":
        return
    if bank is not None:
        ids = set(bank["id"].astype(str))
        unknown = rows[schema.label][~rows[schema.label].isin(ids)]
        if len(unknown):
            near = guess(str(unknown.iloc[0]), ids)
            short = near if len(ids) <= 20 else near.partition("There is:")[0] + f"The bank holds {len(ids)} ids."
            raise DataError(
                f"The answer {unknown.iloc[0]!r} in {row_name(unknown.index[0])} is not in the bank of {task.name} "
                f"({len(unknown):,} such rows). {short}"
            )
        return
    if task.candidates is None or task.candidates not in rows.columns:
        raise DataError(
            f"{task.name} chooses among candidates, but the data has no column {task.candidates!r}; add it with a JSON "
            "list of texts in each row."
        )
    for index, cell, label in zip(rows.index, rows[task.candidates], rows[schema.label], strict=True):
        texts = _candidate_texts(cell)
        if texts is None:
            raise DataError(
                f"The candidates in {row_name(index)} are not a JSON list of at least two texts; write them as "
                '["first", "second"].'
            )
        if label not in texts and not (str(label).isdigit() and int(label) < len(texts)):
            raise DataError(
                f"The answer {str(label)[:60]!r} in {row_name(index)} is none of its {len(texts)} candidates; write "
                f"one of the texts, or its place from 0 to {len(texts) - 1}."
            )


def _candidate_texts(cell: object) -> list[str] | None:
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return None
    if isinstance(cell, (list, tuple, np.ndarray)) and len(cell) >= 2:
        return [str(text).strip() for text in cell]
    return None


def _check_variety(rows: pd.DataFrame, schema: Schema, task: Task) -> None:
    label = rows[schema.label]
    if task.kind in ("classification", "regression") and label.nunique() < 2:
        raise DataError(
            f"Every row has the same label {str(label.iloc[0])!r} in {schema.label!r}, so nothing can be learnt; give "
            "rows with at least two labels."
        )


def _spelling(schema: Schema) -> list[str]:
    """Labels that differ in case or blanks only."""
    same: dict[str, list[str]] = {}
    for label in schema.labels:
        same.setdefault(" ".join(label.casefold().replace("_", " ").split()), []).append(label)
    return [
        f"The labels {' and '.join(map(repr, labels))} differ in spelling only and count as different; correct the "
        "data if they mean the same."
        for labels in same.values()
        if len(labels) > 1
    ]


def _implausible(rows: pd.DataFrame, field: Field) -> None:
    """Refuse a field most of whose values cannot be in the unit that it is declared in."""
    column = rows[field.name]
    if field.kind != "number" or (field.low is None and field.high is None):
        return
    low = -np.inf if field.low is None else field.low
    high = np.inf if field.high is None else field.high
    outside = (column < low) | (column > high)
    known = int(column.notna().sum())
    if outside.sum() <= IMPLAUSIBLE * known:
        return
    first = int(outside.to_numpy().argmax())
    words = field.unit.strip("{}")  # {currency} is UCUM's way of writing what is no unit of measure
    unit = f" {words}" if words else ""
    bounds = (
        f"{low:g} to {high:g}{unit}"
        if np.isfinite(low) and np.isfinite(high)
        else (f"at least {low:g}{unit}" if np.isfinite(low) else f"at most {high:g}{unit}")
    )
    wanted = f"the unit must be {words}" if words else "check the unit"
    raise DataError(
        f"{int(outside.sum()):,} of {known:,} values of {field.name!r} are outside the plausible range ({bounds}), "
        f"such as {float(column.iloc[first]):g} in {row_name(rows.index[first])}; {wanted}, so convert the column or "
        "declare its bounds."
    )
