"""Write tables chunk by chunk under a temporary name, and rename when complete: nobody ever sees half a table."""

from __future__ import annotations

import contextlib
import csv
import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import pandas as pd

from ..core.errors import DataError

__all__ = ["TableWriter", "write_table"]

WRITTEN = (".csv", ".tsv", ".jsonl", ".parquet")


def write_table(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a whole table by the ending of its name: .csv .tsv .jsonl .parquet.

    Raises:
        DataError: unknown ending, a folder, or a place that cannot be written; an older file is then untouched.
    """
    with TableWriter(path) as writer:
        writer.write(frame)


class TableWriter:
    """Write one table chunk by chunk.

    The table stands under its name only when the `with` block has ended well; after a fault the temporary file is
    removed and an older file of that name is as it was. Without a chunk nothing is written.

    Raises:
        DataError: unknown ending, no such folder, no right to write, disk full, or chunks of different columns.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        self._file: IO[str] | None = None
        self._parquet: Any = None
        self._columns: list[str] | None = None
        self.rows = 0
        ending = self.path.suffix.lower()
        if ending not in WRITTEN:
            raise DataError(
                f"The ending of {str(path)!r} is not one of {', '.join(WRITTEN)}; give the output one of these."
            )
        self._ending = ending
        if os.path.isdir(self.path):
            raise DataError(f"{str(path)!r} is a folder; name a file in it to write to.")
        if not os.path.isdir(self.path.parent):
            raise DataError(
                f"There is no folder {str(self.path.parent)!r} to write {self.path.name!r} into; create it."
            )

    def __enter__(self) -> TableWriter:
        return self

    def write(self, frame: pd.DataFrame) -> None:
        """Write the rows of a chunk, (rows, columns); the index is not written."""
        names = [str(name) for name in frame.columns]
        if self._columns is not None and names != self._columns:
            raise DataError(
                f"A chunk for {str(self.path)!r} has the columns {', '.join(names)}, but the first chunk had "
                f"{', '.join(self._columns)}; all chunks need the same columns in the same order."
            )
        try:
            if self._ending == ".parquet":
                self._append_parquet(frame)
            else:
                self._append_text(frame, names)
        except OSError as error:
            raise self._unwritable(error) from None
        self._columns = names
        self.rows += len(frame)

    def _append_text(self, frame: pd.DataFrame, names: list[str]) -> None:
        first = self._file is None
        if self._file is None:
            self._file = self._part.open("w", encoding="utf-8", newline="")
        cells = [[_plain(cell) for cell in frame.iloc[:, j].tolist()] for j in range(len(names))]
        rows = zip(*cells, strict=True)
        if self._ending == ".jsonl":
            for row in rows:
                json.dump(dict(zip(names, row, strict=True)), self._file, ensure_ascii=False, default=str)
                self._file.write("\n")
            return
        delimiter = "\t" if self._ending == ".tsv" else ","
        out = csv.writer(self._file, delimiter=delimiter, lineterminator="\n")
        quoted = csv.writer(self._file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
        if first:
            out.writerow(names)
        for row in rows:
            texts = ["" if cell is None else _cell_text(cell) for cell in row]
            bare = any(isinstance(text, str) and "\r" in text for text in texts)  # which csv would not quote by itself
            (quoted if bare else out).writerow(texts)

    def _append_parquet(self, frame: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            if self._parquet is None:
                table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
                named = [f.with_type(pa.large_string()) if pa.types.is_null(f.type) else f for f in table.schema]
                self._parquet = pq.ParquetWriter(self._part, pa.schema(named))
                table = table.cast(pa.schema(named))
            else:
                table = pa.Table.from_pandas(frame, schema=self._parquet.schema, preserve_index=False)
                table = table.replace_schema_metadata(None)
            self._parquet.write_table(table)
        except pa.ArrowException as error:
            said = str(error).splitlines()[0].rstrip(".")
            raise DataError(
                f"A chunk does not fit the Parquet file {str(self.path)!r} ({said}); write .csv or .jsonl instead."
            ) from None

    def _unwritable(self, error: OSError) -> DataError:
        return DataError(
            f"{str(self.path)!r} cannot be written ({error.strerror or error}); nothing is left behind, "
            "so free some space or name a writable place and run again."
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Rename the finished table into place, or remove what was begun."""
        fault: OSError | None = None
        for open_file in (self._file, self._parquet):
            try:
                if open_file is not None:
                    open_file.close()
            except OSError as closing:  # a full disk may be told only here
                fault = closing
        if kind is None and fault is None and self._columns is not None:
            try:
                os.replace(self._part, self.path)
            except OSError as renaming:
                fault = renaming
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)
        if fault is not None and kind is None:
            raise self._unwritable(fault) from None


def _plain(cell: Any) -> Any:
    """A cell as JSON knows it; None where it is missing."""
    if cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return None
    if isinstance(cell, (np.generic, np.ndarray)):
        return _plain(cell.tolist())
    if isinstance(cell, float) and np.isinf(cell):
        return str(cell)
    if isinstance(cell, pd.Timestamp):
        return cell.isoformat(sep=" ")
    return cell


def _cell_text(cell: Any) -> Any:
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, (dict, list, tuple)) else cell
