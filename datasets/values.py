"""What one cell means: missing, number, category, findings, time. The same rules at tuning and at prediction.

A value keeps its meaning whichever way it came: the category 2 from Parquet, "2" from CSV and 2.0 from a column with
gaps are all "2".
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import DataError
from ..core.records import parse_set

__all__ = [
    "NUMBER_SHAPE",
    "as_category",
    "as_label",
    "as_numbers",
    "as_set",
    "as_text",
    "as_times",
    "is_missing",
    "known_cells",
    "looks_like_set",
    "missing_cells",
]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "<na>", "nat"})
"""Ways of writing nothing, in lower case."""
MISSING_LABEL = frozenset({"", "na", "n/a", "nan", "null", "<na>", "nat"})
"""The same for a label, where "none" may be a class of its own."""
NUMBER_SHAPE = r"\s*[+-]?(?:(?:0|[1-9]\d{0,14})(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*"
"""A number that may be stored as one without losing anything: no leading zeros, no more than 15 digits."""
DATE_SHAPE = re.compile(r"\s*(\d{4}-\d{2}(-\d{2})?([T ].*)?|\d{4}/\d{1,2}/\d{1,2}.*|\d{1,2}[./]\d{1,2}[./]\d{4}.*)\s*")


def is_missing(cell: Any) -> bool:
    """Whether a cell says nothing: None, NaN, or one of "", NA, N/A, NaN, null, none, ?, -.

    >>> [is_missing(cell) for cell in (None, " n/a ", "-", "0", 0)]
    [True, True, True, False, False]
    """
    if isinstance(cell, str):
        cell = cell.strip()
        return len(cell) <= 4 and cell.lower() in MISSING
    return cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and cell != cell)


def known_cells(column: pd.Series) -> pd.Series:
    """The cells that say something."""
    return column[~missing_cells(column)]


def missing_cells(column: pd.Series) -> pd.Series:
    """(rows,) bool: the cells that say nothing."""
    if column.dtype == "str":
        return column.isna() | column.str.strip().str.lower().isin(MISSING)
    if column.dtype != object:
        return column.isna()
    return pd.Series([is_missing(cell) for cell in column], index=column.index, dtype=bool)


def as_text(cell: Any) -> str | None:
    """Free words as they are; None where they are missing."""
    if is_missing(cell):
        return None
    return cell.strip() if isinstance(cell, str) else _plain(cell)


def as_category(cell: Any) -> str | None:
    """The name of a value.

    >>> [as_category(cell) for cell in (2, 2.0, "2.0", " male ", True, "TRUE", "?")]
    ['2', '2', '2', 'male', 'true', 'true', None]
    """
    return None if is_missing(cell) else _plain(cell)


def as_label(cell: Any, missing: frozenset[str] = MISSING_LABEL) -> str | None:
    """The name of a class; "none", "?" and "-" are classes here.

    >>> [as_label(cell) for cell in (1, 1.0, "1", "none", "", None)]
    ['1', '1', '1', 'none', None, None]
    """
    if isinstance(cell, str):
        return None if cell.strip().lower() in missing else _plain(cell)
    return None if is_missing(cell) else _plain(cell)


def _plain(cell: Any) -> str:
    if isinstance(cell, (bool, np.bool_)):
        return str(bool(cell)).lower()
    if isinstance(cell, (float, np.floating)):
        return str(int(cell)) if float(cell).is_integer() and abs(float(cell)) < 1e15 else repr(float(cell))
    if isinstance(cell, (dict, list, tuple)):
        return json.dumps(cell, ensure_ascii=False, default=str)
    text = str(cell).strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    return re.sub(r"\.0+$", "", text) if re.fullmatch(r"[+-]?\d+\.0+", text) else text


def as_numbers(column: pd.Series) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Numbers of a column, NaN where there is none.

    Returns:
        (rows,) float64; (rows,) bool: a cell says something that is not a number; (rows,) bool: it is infinite.
    """
    if column.dtype == bool:
        column = column.astype(float)
    missing = missing_cells(column)
    cells = column
    if column.dtype == "str":
        cells = column.str.strip()
    elif not pd.api.types.is_numeric_dtype(column):
        plain = [_number_cell(cell) for cell in column.astype(object).mask(missing, None)]
        cells = pd.Series(plain, index=column.index, dtype=object)
    numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
    infinite = pd.Series(np.isinf(numbers.to_numpy()), index=column.index)
    odd = numbers.isna() & ~missing
    return numbers.mask(infinite), odd, infinite


def _number_cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell.strip()
    return cell if isinstance(cell, (int, float, np.number)) else None


def looks_like_set(cell: Any) -> bool:
    """Whether a cell holds findings: a JSON object, or `item=value` parts between semicolons.

    >>> [looks_like_set(cell) for cell in ('{"cough": "yes"}', "cough=yes; fever=no", "a, b")]
    [True, True, False]
    """
    if isinstance(cell, dict):
        return True
    if not isinstance(cell, str):
        return False
    text = cell.strip()
    if text.startswith("{"):
        try:
            return isinstance(json.loads(text), dict)
        except (ValueError, RecursionError):
            return False
    parts = [part for part in text.split(";") if part.strip()]
    return bool(parts) and all(re.fullmatch(r"[^=;]{1,80}=[^=;]{1,80}", part) for part in parts)


def as_set(cell: Any) -> str | None:
    """Findings as `item=value; item=value`; None where there are none or the cell cannot be read.

    >>> as_set('{"cough": true, "fever": false, "weight": null, "age": 52}')
    'cough=yes; fever=no; age=52'
    """
    if is_missing(cell):
        return None
    if isinstance(cell, str) and cell.strip()[:1] in ("{", "["):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return None
    if isinstance(cell, (list, tuple)):
        cell = {str(item): "yes" for item in cell}
    if isinstance(cell, dict):
        pairs = [(str(item), _finding(value)) for item, value in cell.items() if not is_missing(value)]
    else:
        try:
            pairs = parse_set(cell)
        except DataError:
            return None
    clean = [(re.sub(r"[;=]", ",", item).strip(), re.sub(r"[;=]", ",", value).strip()) for item, value in pairs]
    return "; ".join(f"{item}={value}" for item, value in clean if item) or None


def _finding(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return _plain(value)


def as_times(column: pd.Series) -> tuple[pd.Series, str]:
    """Times of a column, NaT where a cell cannot be read, and how they were written.

    Strings: ISO 8601, 31.12.2024, or 12/31/2024 and 31/12/2024 where all rows allow one of them only. Numbers: years
    (1900 to 2100), days (below 100,000), 20241231, seconds or milliseconds since 1970.
    Times with a zone are told in UTC.

    Returns:
        (rows,) datetime64; a word for the way of writing ("" where none was found).
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return (column.dt.tz_convert(None) if column.dt.tz is not None else column), "time"
    numbers, odd, _ = as_numbers(column)
    if numbers.notna().any() and not odd.any():
        return _numeric_times(numbers)
    cells = column.astype(object).where(~missing_cells(column), None)
    cells = cells.map(lambda c: str(c).strip() if c is not None else None)
    ways = {"ISO 8601": "ISO8601", "31.12.2024": "%d.%m.%Y", "2024/12/31": "%Y/%m/%d"}
    ways |= {"31.12.2024 23:59": "%d.%m.%Y %H:%M", "31/12/2024": "%d/%m/%Y", "12/31/2024": "%m/%d/%Y"}
    read = {
        way: pd.to_datetime(cells, format=form, errors="coerce", utc=True).dt.tz_localize(None)
        for way, form in ways.items()
    }
    count = {way: int(times.notna().sum()) for way, times in read.items()}
    best = max(count, key=lambda way: count[way])
    if count[best] and count["31/12/2024"] == count["12/31/2024"] == count[best]:
        return read[best], "ambiguous"
    return read[best], best if count[best] else ""


def _numeric_times(numbers: pd.Series) -> tuple[pd.Series, str]:
    known = numbers.dropna()
    top = float(known.abs().max())
    if known.between(1900, 2100).all() and (known % 1 == 0).all():
        return pd.to_datetime(numbers.map(lambda y: f"{int(y)}-01-01", na_action="ignore")), "years"
    if top < 1e5:
        return pd.to_datetime(numbers, unit="D"), "days"
    if known.between(19000101, 21001231).all() and (known % 1 == 0).all():
        text = numbers.map(lambda d: f"{int(d)}", na_action="ignore")
        return pd.to_datetime(text, format="%Y%m%d", errors="coerce"), "20241231"
    return (pd.to_datetime(numbers, unit="s"), "seconds") if top < 1e11 else (pd.to_datetime(numbers, unit="ms"), "ms")
