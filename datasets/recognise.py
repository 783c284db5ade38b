"""Say what each column of a table is, and bring tables into the canonical form that everything else expects.

    age  sex     note                       visit_id
    52   male    chest pain for an hour     7c1f…      ->  number, category, text, and an identifier to leave alone

What the user declares wins over the task's own fields, and these win over what the values look like. Nothing is
decided silently: each column that is not read, and each cell that is not understood, is counted in a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import pandas as pd

from ..core.errors import DataError, guess
from ..core.task import Field, FieldKind, Kind, Schema, Task
from .labels import choose_labels
from .options import Options
from .values import (
    DATE_SHAPE,
    as_category,
    as_label,
    as_numbers,
    as_set,
    as_text,
    as_times,
    known_cells,
    looks_like_set,
)

__all__ = ["Recognised", "apply_schema", "recognise"]

MOSTLY = 0.95
"""Share of a column's cells that must fit a kind."""
ID_WORDS = {"id", "uuid", "guid", "key", "no", "nr", "record", "number"}
CODE_WORDS = {
    "sex",
    "gender",
    "race",
    "ethnicity",
    "marriage",
    "marital",
    "code",
    "type",
    "zip",
    "postcode",
    "category",
}
"""Names under which whole numbers are codes, not amounts."""


@dataclass(frozen=True)
class Recognised:
    """What a table was found to hold."""

    schema: Schema
    notes: tuple[str, ...] = ()
    """One sentence for each column that is not read as it might have been expected."""


def recognise(
    frame: pd.DataFrame, task: Task, options: Options | None = None, *, need_fields: bool = True
) -> Recognised:
    """Decide the kind of each column.

    number: at least 95 % of the cells that say something are finite numbers; category: at most 50 short values that
    come again; text: many words, or too many values; set: findings; time: dates. Not read: identifiers, constant and
    empty columns, protected attributes, the group and the time column, other dates.

    Args:
        frame: (rows, columns) as `read_table` gives them.
        task: its fields, label, group and time column are known beforehand.
        options: what the user declared.
        need_fields: a table without a column to read is refused; without it, the schema may have no field.

    Raises:
        DataError: a named column that is not there, no label column, nothing left to read, or a column that was
            declared a number and is none in more than 5 % of its cells.
    """
    options = options or Options()
    columns = [str(name) for name in frame.columns]
    for name in options.named:
        if name not in columns:
            raise DataError(f"The data has no column {name!r}. {guess(name, columns)}")
    label = options.label or task.label
    if label not in columns:
        raise DataError(f"The data has no label column {label!r}; name the one with the truth. {guess(label, columns)}")
    notes: list[str] = []
    declared = {field.name: field for field in task.fields}
    absent = [name for name in declared if name not in columns]
    if absent:
        notes.append(f"The data does not hold these fields of {task.name}, which is allowed: {', '.join(absent)}.")
    declared |= {field.name: _joined(field, declared.get(field.name)) for field in options.fields}
    group, time = _role(options.group, task.split.group, columns), _role(options.time, task.split.time, columns)
    carried = {label, task.candidates, time, *options.ignore}
    if group is not None and group not in declared:
        carried.add(group)
    fields = []
    for name in columns:
        if name in carried:
            continue
        field = _declared(frame[name], declared[name], notes) if name in declared else _guessed(frame[name], notes)
        if field is not None:
            fields.append(field)
    if need_fields and not fields:
        raise DataError(
            f"No column of the data can be read as a field (columns: {', '.join(columns)}); "
            "name one with text, number, category or set."
        )
    truth = frame[label] if frame[label].dtype == object else frame[label].drop_duplicates()
    labels, positive = choose_labels(truth, task, options, notes)
    read = {field.name for field in fields}
    kept = tuple(name for name in columns if name not in read and name != label)
    schema = Schema(tuple(fields), label, labels, positive, group, time, kept)
    return Recognised(schema, tuple(notes))


def _role(said: str | None, usual: str | None, columns: Sequence[str]) -> str | None:
    return said if said is not None else (usual if usual in columns else None)


def _joined(said: Field, known: Field | None) -> Field:
    """What the user said of a field, with the task's unit and bounds where they said none."""
    if known is None:
        return said
    extra = {
        key: getattr(said, key) for key in ("unit", "low", "high", "title") if getattr(said, key) not in (None, "")
    }
    return replace(
        known,
        kind=said.kind,
        required=said.required or known.required,
        protected=said.protected or known.protected,
        **extra,
    )


def _declared(column: pd.Series, field: Field, notes: list[str]) -> Field | None:
    if field.protected or field.kind == "time":
        return None
    known = known_cells(column)
    if not len(known) and not field.required:
        notes.append(f"The column {field.name!r} is empty and is not read.")
        return None
    if field.kind == "number":
        _note_odd(column, field.name, notes, strict=True)
    return field


def _guessed(column: pd.Series, notes: list[str]) -> Field | None:
    name = str(column.name)
    known = known_cells(column)
    if not len(known):
        notes.append(f"The column {name!r} is empty and is not read.")
        return None
    numeric = pd.api.types.is_numeric_dtype(known)
    if known.dtype == "str":  # each different value once: a column of a million cells may hold two
        distinct = len({as_category(cell) for cell in known.unique().tolist()})
    else:
        distinct = int((known if numeric else known.map(as_category)).nunique())
    if distinct == 1 and len(known) == len(column):
        only = known.iloc[0] if numeric else as_category(known.iloc[0])
        notes.append(f"The column {name!r} holds {str(only)[:40]!r} in every row and is not read.")
        return None
    if _identifies(name, known, distinct, len(column)):
        notes.append(
            f"The column {name!r} looks like an identifier and is not read; declare it a number, category or text if "
            "it says something."
        )
        return None
    kind = _kind(column, known, distinct, notes)
    if kind == "time":
        notes.append(f"The column {name!r} holds times and is not read; name it as time to split by it.")
        return None
    return Field(name, kind)


def _name_words(name: str) -> list[str]:
    return (
        re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").replace(".", " ").replace("-", " ").lower().split()
    )


def _identifies(name: str, known: pd.Series, distinct: int, rows: int) -> bool:
    words = _name_words(name)
    if words[:1] in (["index"], ["idx"], ["unnamed:"], ["rowid"]) and len(words) <= 2:
        return distinct > 2
    called = bool(words) and (words[-1] in {"id", "uuid", "guid"} or (words[-1] in ID_WORDS and len(words) <= 2))
    whole = pd.api.types.is_integer_dtype(known)
    numeric = pd.api.types.is_numeric_dtype(known)
    short = not numeric and all(len(str(c)) <= 40 and " " not in str(c).strip() for c in known.tolist())
    if called and (words[-1] in {"id", "uuid", "guid"} or distinct == rows) and (whole or short):
        return distinct > 2
    if distinct < len(known) or rows < 20 or not (whole or short):
        return False
    if whole:
        return int(known.max()) - int(known.min()) + 1 == len(known)  # it counts the rows
    coded = known.astype(str).str.fullmatch(r"[A-Za-z]{0,8}[-_#]?\d{2,}|[0-9a-fA-F]{8}[0-9a-fA-F-]*")
    return bool(coded.mean() >= MOSTLY) and float(as_numbers(known)[0].notna().mean()) < MOSTLY


def _kind(column: pd.Series, known: pd.Series, distinct: int, notes: list[str]) -> FieldKind:
    name = str(column.name)
    if pd.api.types.is_datetime64_any_dtype(column):
        return "time"
    if known.dtype == bool or (known.dtype == object and known.map(lambda c: isinstance(c, bool)).all()):
        return "category"
    numbers, _, _ = as_numbers(known)
    if numbers.notna().mean() >= MOSTLY and not _coded(known):
        whole = bool((numbers.dropna() % 1 == 0).all())
        if whole and distinct <= 50 and CODE_WORDS & set(_name_words(name)):
            return "category"
        _note_odd(column, name, notes, strict=False)
        return "number"
    words = known if known.dtype == "str" else known.map(str).astype("str")
    # what a set, a date or a decimal comma cannot do without is looked for first: it takes a hundredth of the time
    if words.str.contains(r"[={]").mean() >= MOSTLY and known.map(looks_like_set).mean() >= MOSTLY:
        return "set"
    dated = words.str.contains(r"[0-9]").mean() >= MOSTLY and words.str.fullmatch(DATE_SHAPE).mean() >= MOSTLY
    if dated and as_times(words)[0].notna().mean() >= MOSTLY:
        return "time"
    commas = words.str.contains(",", regex=False).mean() >= 0.5
    if commas and words.str.fullmatch(r"\s*[+-]?\d+,\d+\s*").mean() >= 0.5:
        notes.append(
            f"The column {name!r} holds decimal commas such as {words.iloc[0][:20]!r}, so it is read as words; "
            "write decimals with a point to have numbers."
        )
    cells = words.tolist()
    wordy = sum(len(cell.split()) for cell in cells) > 6 * len(cells) or sum(map(len, cells)) > 40 * len(cells)
    few = distinct <= 50 and distinct <= max(10, len(known) // 2)
    again = distinct <= len(known) // 2
    return "text" if wordy or not (few or again) else "category"


def _coded(known: pd.Series) -> bool:
    """Digits that are names, such as 00123."""
    if pd.api.types.is_numeric_dtype(known):
        return False
    return float(known.astype(str).str.match(r"\s*0\d").mean()) >= 0.5


def _note_odd(column: pd.Series, name: str, notes: list[str], *, strict: bool) -> None:
    """Count the cells of a number column that are no numbers; refuse more than 5 % of them where `strict`."""
    numbers, odd, infinite = as_numbers(column)
    said = int(odd.sum()) + int(infinite.sum()) + int(numbers.notna().sum())
    if odd.any():
        first = _first(odd)
        cell = str(column.loc[first])[:40]
        comma = "; write decimals with a point" if re.fullmatch(r"\s*[+-]?\d+,\d+\s*", cell) else ""
        row = _row(first)
        if strict and odd.sum() > (1 - MOSTLY) * said:
            raise DataError(
                f"The column {name!r} was declared a number, but {int(odd.sum()):,} of {said:,} cells are none, first "
                f"{cell!r} in {row}{comma or '; mend them or declare it a category or text'}."
            )
        notes.append(
            f"{int(odd.sum()):,} of {said:,} cells in the number column {name!r} are no numbers and count as missing, "
            f"such as {cell!r} in {row}{comma}."
        )
    if infinite.any():
        notes.append(
            f"{int(infinite.sum()):,} cells in the number column {name!r} are infinite and count as missing, first in "
            f"{_row(_first(infinite))}."
        )


def _first(marked: pd.Series) -> Any:
    """Index of the first row that is marked."""
    return marked.index[int(marked.to_numpy().argmax())]


def _row(position: object) -> str:
    """A row as people count: from 1, without the header."""
    return f"row {int(position) + 1:,}" if isinstance(position, Integral) else f"row {position!r}"


def apply_schema(
    frame: pd.DataFrame, schema: Schema, *, need_label: bool = False, kind: Kind = "classification"
) -> pd.DataFrame:
    """Bring records into canonical form, at tuning and at prediction alike.

    Text, category and set columns hold str or None, number columns float64, the time column datetime64; columns that
    the schema does not know stay as they are. A field that the data lacks is missing in all rows. Notes are in
    `result.attrs["notes"]`. Doing it twice changes nothing.

    Args:
        frame: (rows, columns).
        schema: as `recognise` found it at tuning.
        need_label: the label column must be there and is brought into form (str; float64 for regression); a number
            column with more than 5 % other cells is refused instead of noted.
        kind: kind of the task.

    Returns:
        (rows, columns) in the order of the data, lacking fields last; the index is unchanged.

    Raises:
        DataError: no label column, a label that is no number in a regression, a time that cannot be read, or too many
            cells that are no numbers.
    """
    notes: list[str] = list(frame.attrs.get("notes", ()))
    columns: dict[str, pd.Series] = {str(name): frame[name] for name in frame.columns}
    fields = {field.name: field for field in schema.fields}
    lacking = [name for name in fields if name not in columns]
    if lacking:
        notes.append(f"The data lacks {', '.join(lacking)}; these fields count as missing in every row.")
    for name, field in fields.items():
        column = columns.get(name, pd.Series([None] * len(frame), index=frame.index, dtype=object, name=name))
        columns[name] = _canonical(column, field, notes, strict=need_label)
    if schema.time is not None and schema.time in columns:
        columns[schema.time] = _canonical_time(columns[schema.time], notes)
    if need_label:
        if schema.label not in columns:
            raise DataError(f"The data has no label column {schema.label!r}. {guess(schema.label, columns)}")
        columns[schema.label] = _canonical_label(columns[schema.label], schema, kind)
    result = pd.DataFrame(columns, index=frame.index)
    result.attrs["notes"] = list(dict.fromkeys(notes))
    return result


def _canonical(column: pd.Series, field: Field, notes: list[str], *, strict: bool) -> pd.Series:
    if field.kind == "number":
        _note_odd(column, field.name, notes, strict=strict)
        return as_numbers(column)[0]
    change = {"text": as_text, "category": as_category, "set": as_set, "time": as_category}[field.kind]
    cells = _changed(column, change)
    if field.kind == "set":
        lost = sum(1 for cell in known_cells(column) if as_set(cell) is None)
        if lost:
            notes.append(f"{lost:,} cells in the column {field.name!r} hold no readable findings and count as missing.")
    return pd.Series(cells, index=column.index, dtype=object, name=field.name)


def _changed(column: pd.Series, change: Callable[[object], str | None]) -> list[str | None]:
    """Change each cell; a value that comes again is changed once."""
    if column.dtype == object:  # whose cells may be lists
        return [change(cell) for cell in column]
    codes, values = pd.factorize(column)
    found = [*(change(value) for value in values), None]  # code -1 is missing
    return [found[code] for code in codes]


def _canonical_time(column: pd.Series, notes: list[str]) -> pd.Series:
    times, way = as_times(column)
    known = known_cells(column)
    unread = times[known.index].isna()
    if way == "ambiguous":
        raise DataError(
            f"The times in the column {column.name!r}, such as {str(known.iloc[0])[:30]!r}, may have the day or the "
            "month first; write them as 2024-12-31."
        )
    if unread.mean() > 1 - MOSTLY:
        first = _first(unread)
        raise DataError(
            f"{int(unread.sum()):,} of {len(known):,} times in the column {column.name!r} cannot be read, first "
            f"{str(column.loc[first])[:30]!r} in {_row(first)}; write them as 2024-12-31 or 2024-12-31 23:59."
        )
    if unread.any():
        first = _first(unread)
        notes.append(
            f"{int(unread.sum()):,} times in the column {column.name!r} cannot be read and count as missing, first "
            f"{str(column.loc[first])[:30]!r} in {_row(first)}."
        )
    if way in ("days", "seconds", "ms"):
        notes.append(f"The numbers in the time column {column.name!r} were read as {way} since 1970.")
    return times


def _canonical_label(column: pd.Series, schema: Schema, kind: Kind) -> pd.Series:
    if kind == "regression":
        numbers, odd, infinite = as_numbers(column)
        wrong = odd | infinite
        if wrong.any():
            first = _first(wrong)
            raise DataError(
                f"The label {schema.label!r} must be a number, but {_row(first)} holds {str(column.loc[first])[:40]!r} "
                f"({int(wrong.sum()):,} such rows); mend them or leave them empty."
            )
        return numbers
    return pd.Series(_changed(column, as_label), index=column.index, dtype=object, name=schema.label)
