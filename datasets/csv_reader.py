"""Read CSV and TSV cell by cell, so that every fault has a line and no cell is changed on the way.

    age;sex;note            <- the delimiter is found from the header and the first rows
    52;male;"chest pain, 1 h"

pandas' own reader guesses types, drops surplus cells and counts lines in its own way; here a cell is the text that
stands in the file, and a row with too few or too many cells is refused with its line.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from ..core.errors import DataError
from .rejects import reject

__all__ = ["CELL_LIMIT", "CsvHead", "checked_names", "numbered_lines", "read_head", "rows_of"]

CELL_LIMIT = 1_000_000
"""Characters in one cell; more is nearly always an unclosed quote or a file within a file."""
LINE_LIMIT = 1 << 26
"""Bytes read for one line before it is refused, so that a file without line ends cannot fill the memory."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
BOM = b"\xef\xbb\xbf"


class CsvHead(NamedTuple):
    """What the beginning of a file says."""

    delimiter: str
    columns: list[str]
    notes: list[str]


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.name.lower().endswith(".gz") else path.open("rb")


def numbered_lines(path: Path) -> Iterator[str]:
    """Lines of a UTF-8 text file, plain or gzip, with their line ends; a byte order mark is skipped.

    Raises:
        DataError: a byte that is not UTF-8 (with its offset), a NUL byte, a damaged gzip file, a line over 64 MiB.
    """
    offset = 0
    try:
        with _open(path) as file:
            number = 0
            while raw := file.readline(LINE_LIMIT + 1):
                number += 1
                if len(raw) > LINE_LIMIT:
                    raise DataError(f"Line {number} of {str(path)!r} is longer than 64 MiB; is it really a table?")
                if number == 1 and raw.startswith(BOM):
                    raw, offset = raw[len(BOM) :], len(BOM)
                yield _decoded(raw, path, number, offset)
                offset += len(raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{str(path)!r} is not a complete gzip file ({error}); copy it again or give the unpacked file."
        ) from None
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read ({error.strerror or error}); check its rights.") from None


def _decoded(raw: bytes, path: Path, number: int, offset: int) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        at = offset + error.start
        raise DataError(
            f"{str(path)!r} is not UTF-8: byte {at} (0x{raw[error.start]:02x}, line {number}) has no meaning in it; "
            "save the file again as UTF-8."
        ) from None
    if "\0" in text:
        raise DataError(
            f"Line {number} of {str(path)!r} holds a NUL byte; save the file again as UTF-8 text, without binary parts."
        )
    return text


class _Row(NamedTuple):
    """One record of the file, or what is wrong with it."""

    line: int
    """Line at which it begins, from 1."""
    cells: list[str]
    raw: list[str]
    """The lines it takes."""
    fault: str = ""


class _Lines:
    """Lines that can be given back, with the number of the next one."""

    def __init__(self, path: Path) -> None:
        self.fresh = numbered_lines(path)
        self.back: list[str] = []
        self.taken: list[str] = []
        self.number = 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.back.pop() if self.back else next(self.fresh)
        self.taken.append(line)
        self.number += 1
        return line

    def give_back(self, lines: list[str]) -> None:
        """Read these once more."""
        self.back += reversed(lines)
        self.number -= len(lines)


class _Records:
    """Every record of a file; blank lines are left out."""

    def __init__(self, path: Path, delimiter: str) -> None:
        self.path, self.delimiter = path, delimiter
        self.lines = _Lines(path)
        self.reader = csv.reader(self.lines, delimiter=delimiter, strict=True)

    def __iter__(self) -> _Records:
        return self

    def __next__(self) -> _Row:
        while True:
            line = self.lines.number
            self.lines.taken = []
            before = csv.field_size_limit(max(csv.field_size_limit(), 2 * LINE_LIMIT))  # we hold the limit ourselves
            try:
                cells = next(self.reader)
            except csv.Error as error:
                self.reader = csv.reader(self.lines, delimiter=self.delimiter, strict=True)
                return _Row(line, [], self.lines.taken, _quote_fault(self.path, line, str(error)))
            finally:
                csv.field_size_limit(before)
            if cells:
                return _Row(line, cells, self.lines.taken)

    def resume(self, row: _Row) -> _Row:
        """Go on with the second line of the row that came last; returns its first line alone."""
        self.lines.give_back(row.raw[1:])
        return row._replace(raw=row.raw[:1])

    def hides_rows(self, row: _Row, width: int) -> bool:
        """Whether another line than the first of a broken record is a row by itself."""
        for line in row.raw[1:]:
            try:
                if len(next(csv.reader([line], delimiter=self.delimiter, strict=True), [])) == width:
                    return True
            except csv.Error:
                continue
        return False


def _quote_fault(path: Path, line: int, said: str) -> str:
    if "unexpected end" in said:
        return f"A quotation mark that opens in line {line} of {str(path)!r} is never closed; close or double it."
    if "expected after" in said:
        return (
            f"A quotation mark inside a quoted cell in line {line} of {str(path)!r} is not doubled; "
            'write "" for a quotation mark within quotes.'
        )
    if "new-line" in said:
        return f"Line {line} of {str(path)!r} holds a bare carriage return; save the file with ordinary line ends."
    return f"Line {line} of {str(path)!r} cannot be read as CSV ({said}); mend it or save the file again."


def checked_names(names: list[str], path: Path) -> tuple[list[str], list[str]]:
    """Column names that can be used, and notes: stripped, numbered where empty, refused where one stands twice.

    Raises:
        DataError: duplicate column names.
    """
    names = [name.strip() for name in names]
    notes = []
    for position, name in enumerate(names, start=1):
        if not name:
            names[position - 1] = f"column_{position}"
            notes.append(f"Column {position} of {path.name} has no name and is called 'column_{position}'.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        places = [str(i) for i, name in enumerate(names, start=1) if name == twice[0]]
        raise DataError(
            f"{str(path)!r} has the column name {twice[0]!r} more than once (columns {', '.join(places)}); "
            "rename or remove the repeats."
        )
    return names, notes


def read_head(path: Path) -> CsvHead:
    """Find the delimiter and the column names.

    The delimiter that the ending promises is taken where the header holds it; another one of `,` `;` tab `|` where
    the header holds only that one; where several are possible, the only one with which the first 50 rows fit.

    Raises:
        DataError: empty file, ambiguous delimiter, duplicate names, or a fault of the text itself.
    """
    expected = "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ","
    first = next((line for line in numbered_lines(path) if line.strip()), None)
    if first is None:
        raise DataError(f"{str(path)!r} is empty; it needs a line of column names and at least one row.")
    if len(first) > CELL_LIMIT:
        raise DataError(f"The header of {str(path)!r} is longer than {CELL_LIMIT:,} characters; is it really a table?")
    present = [d for d in DELIMITERS if d in first and _width(path, d) > 1]
    if len(present) > 1:
        present = _fitting(path, present, expected)
    delimiter = present[0] if present else expected
    notes = []
    if delimiter != expected:
        notes.append(f"{path.name} is separated by {DELIMITERS[delimiter]}s and was read so.")
    row = next(_Records(path, delimiter))
    if row.fault:
        raise DataError(row.fault)
    names, more = checked_names(row.cells, path)
    return CsvHead(delimiter, names, notes + more)


def _width(path: Path, delimiter: str) -> int:
    row = next(_Records(path, delimiter))
    return 1 if row.fault else len(row.cells)  # quotes that do not fit this delimiter


def _fitting(path: Path, present: list[str], expected: str) -> list[str]:
    fitting = []
    for delimiter in present:
        rows = list(islice(_Records(path, delimiter), 51))
        if not any(row.fault for row in rows) and len({len(row.cells) for row in rows}) == 1:
            fitting.append(delimiter)
    if len(fitting) == 1:
        return fitting
    if not fitting and expected in present:  # a ragged row, which is told with its line when it is reached
        return [expected]
    words = " and ".join(DELIMITERS[d] for d in (fitting or present))
    raise DataError(
        f"The header of {str(path)!r} can be parted by {words}; save it with one delimiter, and quote cells that hold "
        "another."
    )


def rows_of(path: Path, head: CsvHead) -> Iterator[list[str]]:
    """The cells of each row, exactly as in the file.

    A row with a fault of quotes, too few or too many cells or a cell over 1,000,000 characters is rejected with its
    line (`rejects`). Of a broken record of several lines, which an unclosed quotation mark may have joined, only the
    first line is rejected where another of them is a row by itself.

    Raises:
        DataError: such a row, where nobody collects them; or every row is one.
    """
    records = _Records(path, head.delimiter)
    next(records)
    good, first = False, ""
    for row in records:
        fault = row.fault or _fault_of(row, path, head)
        if not fault:
            good = True
            yield row.cells
            continue
        first = first or fault
        if row.fault or records.hides_rows(row, len(head.columns)):
            row = records.resume(row)
        reject(f"Line {row.line} of {path.name}", fault, "".join(row.raw).rstrip("\r\n"))
    if first and not good:
        raise DataError(first)


def _fault_of(row: _Row, path: Path, head: CsvHead) -> str:
    """What is wrong with the cells of a row."""
    width = len(head.columns)
    if len(row.cells) != width:
        return (
            f"Line {row.line} of {str(path)!r} has {len(row.cells)} {'cell' if len(row.cells) == 1 else 'cells'}, but "
            f"the header has {width}; mend that line, or quote cells that hold a {DELIMITERS[head.delimiter]}."
        )
    if sum(map(len, row.cells)) > CELL_LIMIT:
        for name, cell in zip(head.columns, row.cells, strict=True):
            if len(cell) > CELL_LIMIT:
                return (
                    f"The cell in line {row.line}, column {name!r} of {str(path)!r} is longer than {CELL_LIMIT:,} "
                    "characters; shorten it, or look for a quotation mark that is not closed."
                )
    return ""
