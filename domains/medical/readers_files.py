"""What the readers of this domain share: which file a path means, JSON without surprises, and rows set aside with why.

    for entry in listed(path, "symptom_inquiry"):      # Entry("Record 3 of train.json", {"pid": "7", ...})
        ...

A fault of one record is a `Fault`; the reader hands it to `reject`, so that it refuses the file where nobody collects.
A fault of the whole file is a DataError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...core.errors import DataError

__all__ = ["Entry", "Fault", "file_bytes", "json_of", "listed", "one_file", "rows_with_names"]

DEEPEST = 60
"""Levels of brackets in one JSON record; real ones have under twenty."""
LARGEST = 1 << 30
"""Bytes of a file that must be read whole."""


class Fault(ValueError):
    """What is wrong with one record, as the second half of a sentence: "has no label; give one"."""


class Entry(NamedTuple):
    """One record as it stands in a file."""

    place: str
    """Such as "Line 17 of Condition.ndjson"."""
    content: Any
    """The parsed record, or the raw text where `fault` is set."""
    fault: str = ""
    """Why it could not even be parsed."""


def one_file(path: Path, *patterns: str) -> Path:
    """Find the one file that is meant: the path itself, or the only such file in a folder.

    Raises:
        DataError: there is none, or there are several.
    """
    path = Path(path)
    if path.is_dir():
        found = sorted({file for pattern in patterns for file in path.glob(pattern) if file.is_file()})
        if len(found) != 1:
            names = ", ".join(p.name for p in found[:12]) or "none"
            raise DataError(
                f"The folder {path} must hold exactly one {' or '.join(patterns)} file, found: {names}; name the file "
                "itself."
            )
        return found[0]
    if not path.is_file():
        raise DataError(f"There is no file {path}; give the path of a {' or '.join(patterns)} file.")
    return path


def file_bytes(path: Path) -> bytes:
    """All bytes of a file, without a byte order mark; UTF-16 with one is turned into UTF-8.

    Raises:
        DataError: it cannot be read, or is larger than 1 GiB.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} is larger than 1 GiB, which cannot be read whole; part it into several files.")
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}); check its name and rights.") from None
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return raw.decode("utf-16").encode()
        except UnicodeError:
            raise DataError(f"{path} begins like UTF-16 but is damaged; save it as UTF-8.") from None
    return raw.removeprefix(b"\xef\xbb\xbf")


def json_of(raw: bytes) -> Any:
    """JSON from bytes.

    Raises:
        Fault: not UTF-8, not JSON, a name that stands twice in one object, too deep, or half of a character.
    """
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise Fault(f"is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise Fault(f"is not JSON ({error.msg}, character {error.pos + 1})") from None
    except (ValueError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:120]
        raise Fault(f"is not JSON that can be taken ({said})") from None
    if text.count("[") + text.count("{") > DEEPEST and _depth(value) > DEEPEST:
        raise Fault(f"is not JSON that can be taken (it is nested more than {DEEPEST} levels deep)")
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise Fault("holds half of a character (an unpaired \\ud800 to \\udfff); write it whole") from None
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a name that stands twice would lose a value in silence."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:40]!r} stands twice in one object")
    return found


def _depth(value: Any) -> int:
    deepest, todo = 0, [(value, 1)]
    while todo:
        one, level = todo.pop()
        deepest = max(deepest, level)
        if isinstance(one, (dict, list)) and level <= DEEPEST:
            todo.extend((inner, level + 1) for inner in (one.values() if isinstance(one, dict) else one))
    return deepest


def listed(path: Path, layout: str) -> list[Entry]:
    """Every entry of a file that holds one JSON list.

    Args:
        path: the file.
        layout: what it should hold, as the end of a sentence.

    Raises:
        DataError: not JSON, no list, or an empty one.
    """
    try:
        content = json_of(file_bytes(path))
    except Fault as fault:
        raise DataError(f"{path.name} {fault}; give {layout}.") from None
    if not isinstance(content, list) or not content:
        raise DataError(f"{path.name} holds no list of records; give {layout}.")
    return [Entry(f"Record {number} of {path.name}", one) for number, one in enumerate(content, start=1)]


def rows_with_names(path: Path, columns: Sequence[str], shown: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Rows of a CSV file as text, column -> cell; a row with a fault of quotes or cells is rejected with its line.

    Args:
        path: the file.
        columns: those that it must have.
        shown: names of the layout for the sentence; by default the columns.

    Raises:
        DataError: a column is lacking, or the file is no CSV.
    """
    from ...datasets.csv_reader import read_head, rows_of

    need = ", ".join(shown or columns)
    try:
        head = read_head(path)
    except DataError as error:
        raise DataError(f"{path.name} is not a readable CSV file: {error} This layout needs {need}.") from None
    lacking = [name for name in columns if name not in head.columns]
    if lacking:
        raise DataError(
            f"{path.name} lacks the columns {', '.join(lacking)}; it has {', '.join(head.columns[:12])}, and this layout "
            f"needs {need}."
        )
    places = [(name, head.columns.index(name)) for name in columns]
    for cells in rows_of(path, head):
        yield {name: cells[at] for name, at in places}
