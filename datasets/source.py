"""Where records come from: a file, a reader's format, a data frame, the simulator. And how to get them again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..core.errors import DataError, VerticalsError, guess
from ..core.run import sha256_file
from ..core.task import Task
from .csv_reader import checked_names
from .finding import Finding
from .rejects import Rejects, collecting
from .table import read_table

__all__ = [
    "SetAside",
    "check_outputs",
    "checked_frame",
    "content_sha256",
    "describe_path",
    "find_again",
    "guess_reader",
    "read_records",
    "set_aside",
    "simulated_records",
]

MOST_REJECTED = 0.05
"""Share of rows that cannot be read from which something is wrong with the file as a whole."""


@dataclass(frozen=True)
class SetAside:
    """Rows that could not be read, and where they were written."""

    rejects: Rejects = field(default_factory=Rejects)
    path: str = ""

    def findings(self, read: int) -> list[Finding]:
        """How many rows were set aside, beside so many that were read."""
        count = len(self.rejects)
        if not count:
            return []
        total = read + count
        many = count > MOST_REJECTED * total
        rows, were = ("row", "was") if count == 1 else ("rows", "were")
        return [
            Finding(
                "rejected_rows",
                "stop" if many else "warn",
                f"{count:,} {rows} of {total:,} could not be read and {were} set aside, the first: "
                f"{self.rejects.rows[0]['place']}.",
                f"Mend them by what {self.path} says of each" + (", or export the file again." if many else "."),
                count=count,
                total=total,
            )
        ]


@contextmanager
def set_aside(path: str | Path | None, *sources: object) -> Iterator[SetAside]:
    """Read with rows at fault set aside and written to a file of JSON lines; without a path they refuse the file.

    Args:
        path: the file to write, empty where every row could be read.
        sources: what is read; these files are not overwritten.

    Raises:
        DataError: a path that is one of the sources, has another ending than .jsonl, or cannot be written.
    """
    if path is None:
        yield SetAside()
        return
    target = Path(path).expanduser()
    if target.suffix.lower() != ".jsonl":
        raise DataError(
            f"Rows that cannot be read are written as JSON lines, but {str(path)!r} ends otherwise; name a .jsonl file."
        )
    check_outputs([target], sources)
    with collecting() as rejects:
        yield SetAside(rejects, str(path))
    try:
        rejects.write(target)
    except OSError as error:
        raise DataError(
            f"The rows that cannot be read cannot be written to {str(path)!r} ({error.strerror or error}); name a "
            "writable file."
        ) from None


def check_outputs(outputs: Iterable[str | Path], sources: Iterable[object]) -> None:
    """Refuse files to write that are data to read, folders, in no folder, or the same file twice.

    Raises:
        DataError: with the first such file.
    """
    read = {Path(one).expanduser().resolve() for one in sources if isinstance(one, (str, Path))}
    taken: set[Path] = set()
    for output in outputs:
        place = Path(output).expanduser()
        full = place.resolve()
        if full in read:
            raise DataError(f"{str(output)!r} is the data itself, which is never changed; name another file to write.")
        if full in taken:
            raise DataError(f"{str(output)!r} is named for two outputs; give each a file of its own.")
        if os.path.isdir(place) or not os.path.isdir(place.parent):
            raise DataError(f"{str(output)!r} cannot be written: it is a folder or in none; name a file in a folder.")
        taken.add(full)


def read_records(task: Task, path: str | Path, reader: str | None = None) -> pd.DataFrame:
    """Read a file by its ending, or a file or folder by one of the task's readers.

    Returns:
        (rows, columns), numbered from 0.

    Raises:
        DataError: no such path or reader, or a fault inside.
    """
    path = Path(path).expanduser()
    readers = {one.name: one for one in task.readers}
    if reader is None:
        if os.path.isdir(path) and readers:
            raise DataError(
                f"{str(path)!r} is a folder; name the reader that knows its layout. "
                f"There is: {', '.join(sorted(readers))}."
            )
        return checked_frame(read_table(path))
    if reader not in readers:
        raise DataError(f"{task.name} has no reader {reader!r}. {guess(reader, readers)}")
    if not os.path.exists(path):
        raise DataError(f"There is no file or folder {str(path)!r}; check the name.")
    try:
        return checked_frame(readers[reader].read(path))
    except VerticalsError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"The reader {reader!r} could not read {str(path)!r} ({type(error).__name__}: {error}); it expects "
            f"{readers[reader].description.rstrip('.')}."
        ) from error


def guess_reader(task: Task, path: str | Path) -> str | None:
    """The reader that reads a file or folder without a fault and finds most of it: the label, then fields."""
    known = {one.name for one in task.fields}
    best, found = (-1, -1), None
    for one in task.readers:
        try:
            columns = set(checked_frame(one.read(Path(path).expanduser())).columns)
        except (VerticalsError, OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
        here = (int(task.label in columns), len(known & columns))
        if here > best:
            best, found = here, one.name
    return found


def checked_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with rows, unique text names and rows numbered from 0.

    Raises:
        DataError: no rows or columns, or a name that stands twice.
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(
            f"Records must come as a pandas DataFrame, but this is a {type(frame).__name__}; convert it first."
        )
    names, notes = checked_names([str(name) for name in frame.columns], Path("the data frame"))
    if not len(frame) or not names:
        raise DataError(f"The data frame has {len(frame)} rows and {len(names)} columns; give at least one of each.")
    result = frame.reset_index(drop=True)
    result.columns = pd.Index(names)
    result.attrs = {"notes": [*frame.attrs.get("notes", ()), *notes]}
    return result


def simulated_records(task: Task, rows: int | None, seed: int) -> pd.DataFrame:
    """Records from the task's simulator.

    Raises:
        DataError: the task has none, or no rows were asked for.
    """
    if task.simulate is None:
        raise DataError(f"{task.name} has no simulator; name a file with records.")
    wanted = task.simulated_rows if rows is None else rows
    if wanted < 1:
        raise DataError(f"{wanted} rows cannot be simulated; ask for at least 1.")
    return checked_frame(task.simulate(wanted, seed))


def content_sha256(path: Path) -> str:
    """sha256 of a file, or of the names and contents of all files in a folder.

    Raises:
        DataError: it cannot be read.
    """
    try:
        if path.is_file():
            return sha256_file(path)
        digest = hashlib.sha256()
        for one in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(f"{one.relative_to(path).as_posix()}\0{sha256_file(one)}\n".encode())
        return digest.hexdigest()
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read ({error.strerror or error}); check its rights.") from None


def describe_path(path: str | Path) -> dict[str, str]:
    """A path as it was given, where that is, and the sha256 of what stands there."""
    full = Path(path).expanduser().resolve()
    return {"path": str(path), "resolved": str(full), "sha256": content_sha256(full)}


def find_again(said: dict[str, Any]) -> Path:
    """The same file again, by its place and its content.

    Raises:
        DataError: it is gone, or it has changed.
    """
    places = [Path(said["resolved"]), Path(said["path"]).expanduser()]
    place = next((p for p in places if p.exists()), None)
    if place is None:
        raise DataError(f"The data {said['resolved']!r} is no longer there; put it back, or name the data anew.")
    if content_sha256(place) != said["sha256"]:
        raise DataError(
            f"The data {str(place)!r} has changed since tuning (its sha256 is not {said['sha256'][:12]}…); put the old "
            "file back, or tune again on the new one."
        )
    return place
