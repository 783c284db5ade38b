"""A cleaned copy of a table, with a list of everything that was taken out or changed. The original is never touched.

    row,column,was,done,reason                      <- loans.clean.csv.changes.csv
    17,systolic_bp,12000,emptied,ranges
    40,,"{""age"": ""52"", ...}",taken out,copies

What is done is what the findings propose (`Finding.fix`): rows are taken out, cells are emptied, personal data in cells
is masked. All other cells are as they stood in the source. Findings in a test file are not mended: the rows that a test
shares with the data are taken out of the data.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import DataError
from .finding import Finding
from .rejects import collecting
from .source import check_outputs
from .table import TableWriter, read_chunks

__all__ = ["CHANGES", "Cleaned", "clean", "clean_file", "copy_paths", "to_fix"]

CHANGES = ("row", "column", "was", "done", "reason")
"""Columns of the list: row of the source from 1, column (empty for a whole row), what stood there with personal data
masked, what was done, key of the check."""
DONE = {"drop": "taken out", "blank": "emptied", "mask": "masked"}

Mask = Callable[[str], str]


@dataclass(frozen=True)
class Cleaned:
    """What was written."""

    rows: int
    """Rows of the copy."""
    done: dict[str, int]
    """taken out, emptied, masked -> rows or cells."""
    path: Path
    changes: Path


def to_fix(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that can be mended in the data."""
    return [one for one in findings if one.fix and one.part == "data" and one.rows]


def clean(
    raw: pd.DataFrame, findings: Iterable[Finding], *, mask: Mask | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Apply what the findings propose to rows whose index is their position in the source.

    Args:
        raw: (rows, columns), the whole table or a chunk of it; it is not changed.
        findings: from `check_files`; those without a fix or of the test file are passed over.
        mask: text -> the same with personal data masked; by default `checks.personal.mask_text`.

    Returns:
        (rows kept, columns), the index unchanged; (changes, 5) with the columns `CHANGES`.

    Raises:
        DataError: a finding names a column that is not there.
    """
    if mask is None:
        from .checks.personal import mask_text

        mask = mask_text
    work = raw.copy()
    changes: list[tuple[int, str, str, str, str]] = []
    wanted = to_fix(findings)
    kept = np.ones(len(raw), bool)
    for one in wanted:
        if one.fix == "drop":
            for place in _places(raw, one.rows):
                if kept[place]:
                    kept[place] = False
                    whole = {str(name): cell for name, cell in raw.iloc[place].items()}
                    changes.append(_change(raw, place, "", _shown(whole, mask), one))
    for one in wanted:
        if one.fix == "drop":
            continue
        if one.field not in raw.columns:
            raise DataError(f"The check {one.check} found something in {one.field!r}, but the data has no such column.")
        places = [place for place in _places(raw, one.rows) if kept[place]]
        if not places:
            continue
        column: pd.Series = raw[one.field]
        cells = work[one.field].astype(object).tolist()
        for place in places:
            old = cells[place]
            new = _mended(old, one, mask, empty="" if column.dtype == "str" else None)
            if _same(old, new):
                continue
            cells[place] = new
            changes.append(_change(raw, place, str(one.field), _shown(old, mask), one))
        work[one.field] = _column(cells, work[one.field])
    changes.sort(key=lambda change: change[0])
    return work[kept], pd.DataFrame(changes, columns=list(CHANGES))


def _places(raw: pd.DataFrame, rows: Sequence[int]) -> list[int]:
    """Positions within a chunk of rows of the source."""
    found = raw.index.get_indexer(pd.Index(rows))
    return [int(place) for place in found if place >= 0]


def _mended(old: Any, one: Finding, mask: Mask, empty: str | None) -> Any:
    if one.fix == "blank":
        return empty
    return mask(old if isinstance(old, str) else str(old)) if old is not None else None


def _same(old: Any, new: Any) -> bool:
    return old is new or (isinstance(old, str) and old == new) or (old is None and new is None)


def _column(cells: list[Any], like: pd.Series) -> pd.Series:
    """The cells in a column of the same type, where they fit."""
    return pd.Series(cells, index=like.index, dtype="str" if like.dtype == "str" else object)


def _shown(cells: Any, mask: Mask) -> str:
    """What stood there, in words, with personal data masked."""
    if isinstance(cells, dict):
        return json.dumps({mask(name): _shown(cell, mask) for name, cell in cells.items()}, ensure_ascii=False)
    if cells is None or (isinstance(cells, float) and np.isnan(cells)):
        return ""
    return mask(json.dumps(cells, ensure_ascii=False, default=str) if isinstance(cells, (list, dict)) else str(cells))


def _change(raw: pd.DataFrame, place: int, column: str, was: str, one: Finding) -> tuple[int, str, str, str, str]:
    return int(raw.index[place]) + 1, column, was, DONE[one.fix], one.check


def clean_file(
    data: str | Path,
    findings: Iterable[Finding],
    out: str | Path,
    *,
    frame: pd.DataFrame | None = None,
    overwrite: bool = False,
    rejecting: bool = False,
) -> Cleaned:
    """Write the cleaned copy and, beside it, `OUT.changes.csv`; each is there whole or not at all.

    Args:
        data: the file that was checked.
        findings: what the check found in it.
        out: the copy; its ending says the format.
        frame: the records, where a reader read them; otherwise the file is read once more, in chunks.
        overwrite: replace files that stand there.
        rejecting: leave rows out that cannot be read, as they were when the file was checked.

    Raises:
        DataError: `out` is the data itself or exists already, nothing would be left, or the place cannot be written.
    """
    target, changes_path = copy_paths(data, out, overwrite=overwrite)
    wanted = to_fix(findings)
    done: Counter[str] = Counter()
    with (
        collecting() if rejecting else nullcontext(),
        TableWriter(target) as copy,
        TableWriter(changes_path) as listed,
    ):
        for chunk in _chunks(Path(data).expanduser(), frame):
            rows, changes = clean(chunk, wanted)
            copy.write(rows)
            listed.write(changes)
            done.update(changes["done"].tolist())
        if not copy.rows:
            raise DataError("Every row would be taken out; nothing was written, so mend the data by hand.")
    return Cleaned(copy.rows, dict(done), target, changes_path)


def copy_paths(data: str | Path, out: str | Path, *, overwrite: bool = False) -> tuple[Path, Path]:
    """The copy and its list of changes, if they may be written.

    Raises:
        DataError: `out` is the data itself, exists already, is in no folder or has an unknown ending.
    """
    target = Path(out).expanduser()
    changes = target.with_name(target.name + ".changes.csv")
    check_outputs([target, changes], [data])
    there = next((path for path in (target, changes) if path.exists()), None)
    if there is not None and not overwrite:
        raise DataError(f"{str(there)!r} exists already; name another file for the copy, or add --overwrite.")
    TableWriter(target)  # knows which endings can be written
    return target, changes


def _chunks(source: Path, frame: pd.DataFrame | None) -> Iterator[pd.DataFrame]:
    """The cells as they stand in the file."""
    if frame is not None:
        yield frame
    else:
        yield from read_chunks(source, rows=65_536, as_text=True)
