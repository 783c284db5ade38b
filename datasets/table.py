"""Tables in and out: CSV, TSV, JSON lines, JSON and Parquet, whole or in chunks, by the ending of the file's name.

    for chunk in read_chunks("cards.csv", as_text=True):
        with_scores = ...
        writer.write(with_scores)

Every fault is one sentence with the file and, where it applies, the line and the column. What the reader noticed
without refusing the file is in `frame.attrs["notes"]`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from ..core.errors import DataError
from .csv_reader import CELL_LIMIT, checked_names, numbered_lines, read_head, rows_of
from .rejects import reject
from .table_writer import TableWriter, write_table
from .values import NUMBER_SHAPE, missing_cells

__all__ = ["ENDINGS", "TableWriter", "notes_of", "read_chunks", "read_table", "write_table"]

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
READ_ONLY = (".json", ".csv.gz", ".tsv.gz", ".jsonl.gz")
JSON_LIMIT = 1 << 30
"""Bytes of a JSON file, which must be read whole; JSON lines may be of any size."""


def notes_of(frame: pd.DataFrame) -> list[str]:
    """Sentences that a reader or `apply_schema` left with a frame."""
    return list(frame.attrs.get("notes", ()))


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a whole table.

    CSV and TSV columns of plain numbers become numbers (codes with leading zeros stay text), other cells are str, an
    empty cell is missing. Objects and lists in JSON lines or Parquet become JSON text.

    Returns:
        (rows, columns), numbered from 0.

    Raises:
        DataError: missing or empty file, unknown ending, or a fault inside, with its line. Rows at fault are left out
            and collected instead within `rejects.collecting()`.
    """
    chunks = list(read_chunks(path, rows=65_536, as_text=True))
    notes = list(dict.fromkeys(note for chunk in chunks for note in notes_of(chunk)))
    frame = pd.concat(chunks, ignore_index=True) if len(chunks) > 1 else chunks[0]
    frame = _typed(frame)
    frame.attrs = {"notes": notes} if notes else {}
    return frame


def read_chunks(path: str | Path, rows: int = 8192, *, as_text: bool = False) -> Iterator[pd.DataFrame]:
    """Read a table in chunks of at most `rows` rows, in bounded memory; the index goes on from chunk to chunk.

    Args:
        path: file by its ending .csv .tsv .jsonl .parquet, the first three with .gz, or .json (a list of objects, or
            an object of objects whose names become the column `key`; it is held in memory whole).
        rows: most rows in a chunk, at least 1.
        as_text: leave every cell as it is, so that it can be written back unchanged: str for CSV and TSV, the parsed
            values (int stays int) for JSON lines and Parquet.

    Raises:
        DataError: as `read_table`; the first fault is told when its chunk is reached.
    """
    path = Path(path)
    kind = _checked_ending(path)
    if rows < 1:
        raise DataError(f"A chunk of {rows} rows cannot be read; ask for at least 1 row.")
    readers = {"csv": _csv_chunks, "jsonl": _lines_chunks, "json": _document_chunks, "parquet": _parquet_chunks}
    pieces = readers[kind](path, rows)
    count = 0
    for frame in pieces:
        frame.index = pd.RangeIndex(count, count + len(frame))
        count += len(frame)
        notes = frame.attrs
        frame = frame if as_text else _typed(frame)
        frame.attrs = notes
        yield frame
    if not count:
        raise DataError(f"{str(path)!r} has column names but no rows; give a file with at least one row.")


def _checked_ending(path: Path) -> str:
    name = path.name.lower()
    if os.path.isdir(path):  # unlike Path.is_dir, this bears names that are too long
        raise DataError(f"{str(path)!r} is a folder, but one file is needed; name a {', '.join(ENDINGS)} file in it.")
    if not os.path.exists(path):
        raise DataError(f"There is no file {str(path)!r}; check the name and the folder.")
    if not path.is_file():
        raise DataError(f"{str(path)!r} is not a regular file; save the data to a file first.")
    if not name.endswith((*ENDINGS, *READ_ONLY)):
        raise DataError(
            f"The ending of {str(path)!r} is not one of {', '.join((*ENDINGS, *READ_ONLY))}; "
            "save the table as one of these."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{str(path)!r} is empty; it needs column names and at least one row.")
    ending = name.removesuffix(".gz").rpartition(".")[2]
    return "csv" if ending in ("csv", "tsv") else ending


def _csv_chunks(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    head = read_head(path)
    cells = rows_of(path, head)
    while batch := list(islice(cells, rows)):
        columns = zip(*batch, strict=True)
        frame = pd.DataFrame(
            {name: pd.Series(column, dtype="str") for name, column in zip(head.columns, columns, strict=True)}
        )
        if head.notes:
            frame.attrs["notes"] = list(head.notes)
        yield frame


def _lines_chunks(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    return _json_chunks(lambda: _json_lines(path), path, rows)


def _document_chunks(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    records = _json_document(path)
    return _json_chunks(lambda: iter(records), path, rows)


Judged: TypeAlias = tuple[str, object, dict[str, Any], str]
"""Where a record stands, how it stood there, the record, what is wrong with it."""


def _json_chunks(read: Callable[[], Iterator[Judged]], path: Path, rows: int) -> Iterator[pd.DataFrame]:
    # a first pass collects the names, so that all chunks have the same columns and a broken line is told at once
    names: dict[str, None] = {}
    good, first = 0, ""
    for place, content, record, fault in read():
        if fault:
            first = first or fault
            reject(f"{place} of {path.name}", fault, content)
        else:
            good += 1
            names.update(dict.fromkeys(record))
    if first and not good:
        raise DataError(first)
    if not names:
        raise DataError(f"{str(path)!r} holds no rows with fields; write one JSON object per line.")
    columns, _ = checked_names(list(names), path)
    records = (record for _, _, record, fault in read() if not fault)
    while batch := list(islice(records, rows)):
        yield pd.DataFrame(
            {
                column: pd.Series([record.get(name) for record in batch], dtype=object)
                for name, column in zip(names, columns, strict=True)
            }
        )


def _json_document(path: Path) -> list[Judged]:
    """The records of a JSON file: of a list of objects, or of an object of objects."""
    size = path.stat().st_size
    if size > JSON_LIMIT:
        raise DataError(
            f"{str(path)!r} has {size / (1 << 30):.1f} GiB, but a JSON file is read whole and may have "
            f"{JSON_LIMIT >> 30} GiB; write its records as JSON lines (.jsonl)."
        )
    try:
        with path.open(encoding="utf-8-sig") as file:
            document: Any = json.load(file)
    except (ValueError, RecursionError, OSError) as error:
        said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise DataError(f"{str(path)!r} is not valid JSON ({said[:100]}); write or copy the file again.") from None
    if isinstance(document, dict) and document and all(isinstance(one, dict) for one in document.values()):
        document = [{"key": key, **one} for key, one in document.items()]
    if not isinstance(document, list):
        raise DataError(
            f"{str(path)!r} holds a JSON {type(document).__name__}, not a list of records; write a list of objects such "
            'as [{"age": 52}], or name the reader that knows this layout.'
        )
    return [_judged(number, record, path) for number, record in enumerate(document, start=1)]


def _judged(number: int, record: Any, path: Path) -> Judged:
    fault = ""
    if not isinstance(record, dict):
        fault = (
            f"Record {number} of {str(path)!r} is a JSON {type(record).__name__}, not an object; write one object such "
            'as {"age": 52} for each.'
        )
    else:
        long = [name for name, cell in record.items() if isinstance(cell, str) and len(cell) > CELL_LIMIT]
        if long:
            fault = (
                f"The cell in record {number}, column {long[0]!r} of {str(path)!r} is longer than {CELL_LIMIT:,} "
                "characters; shorten it."
            )
    return f"Record {number}", record, record if isinstance(record, dict) else {}, fault


def _json_lines(path: Path) -> Iterator[Judged]:
    """Every line that is not blank."""
    for number, line in enumerate(numbered_lines(path), start=1):
        if not line.strip():
            continue
        record: Any = {}
        fault = ""
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            fault = (
                f"Line {number} of {str(path)!r} is not valid JSON ({said}); write one complete JSON object per line."
            )
        if not isinstance(record, dict):
            fault = (
                f"Line {number} of {str(path)!r} is a JSON {type(record).__name__}, not an object; "
                'write one object such as {"age": 52} per line.'
            )
        elif len(line) > CELL_LIMIT:
            long = [name for name, cell in record.items() if isinstance(cell, str) and len(cell) > CELL_LIMIT]
            if long:
                fault = (
                    f"The cell in line {number}, column {long[0]!r} of {str(path)!r} is longer than {CELL_LIMIT:,} "
                    "characters; shorten it."
                )
        yield f"Line {number}", line.rstrip("\r\n"), record, fault


def _parquet_chunks(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            checked_names(list(file.schema_arrow.names), path)
            for batch in file.iter_batches(batch_size=rows):
                frame = batch.to_pandas(integer_object_nulls=True, ignore_metadata=True)
                yield frame.drop(columns=[c for c in frame.columns if c.startswith("__index_level_")])
    except (pa.ArrowException, OSError) as error:
        said = str(error).splitlines()[0].strip().rstrip(".")
        raise DataError(f"{str(path)!r} cannot be read as Parquet ({said}); write or copy the file again.") from None


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: _typed_column(frame[name]) for name in frame.columns}, index=frame.index)


def _typed_column(column: pd.Series) -> pd.Series:
    """Numbers where all cells are plain numbers or missing; otherwise text, with None for an empty cell."""
    if column.dtype == object:
        return _typed_objects(column)
    if column.dtype != "str":
        return column
    missing = missing_cells(column)
    known = column[~missing]
    if len(known) and known.str.fullmatch(NUMBER_SHAPE).all():
        numbers = pd.to_numeric(known.str.strip(), errors="coerce")
        if numbers.notna().all():
            return numbers.reindex(column.index) if missing.any() else numbers
    return column.mask(column == "")


def _typed_objects(column: pd.Series) -> pd.Series:
    def plain(cell: Any) -> Any:
        if hasattr(cell, "tolist"):
            cell = cell.tolist()
        if isinstance(cell, (dict, list, tuple)):
            return json.dumps(cell, ensure_ascii=False, default=str)
        return cell

    cells = [plain(cell) for cell in column]
    known = [cell for cell in cells if cell is not None]
    if known and all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in known):
        return pd.Series(pd.to_numeric(pd.Series(cells, dtype=object)), index=column.index).set_axis(column.index)
    if all(isinstance(cell, str) for cell in known):
        return pd.Series(cells, index=column.index, dtype="str")
    return pd.Series(cells, index=column.index, dtype=object)
