"""What the readers of this domain share: which files a path means, their lines as JSON, and rows without silent loss.

    for entry in json_lines(path, "gsm8k"):       # Entry("Line 17 of train.jsonl", {"question": ..., "answer": ...})
        ...

A fault of one record is a `Fault`; `rows_of` hands it to `reject`, so that without a collector it refuses the file and
under `collecting()` the record is set aside with its place and reason. A fault of the whole file is a DataError.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core.errors import DataError
from ...datasets.rejects import reject

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Entry", "Fault", "checked_text", "frame_of", "json_lines", "json_list", "json_records", "paths", "rows_of"]

DEEPEST = 100
"""Levels of brackets in one JSON record; real ones have under ten."""


class Fault(ValueError):
    """What is wrong with one record, as the second half of a sentence: "has no question; give one"."""


class Entry(NamedTuple):
    """One record as it stands in a file."""

    place: str
    """Such as "Line 17 of train.jsonl"."""
    content: Any
    """The parsed record, or the raw text where `fault` is set."""
    fault: str = ""
    """Why it could not even be parsed."""


def paths(path: Path, patterns: Sequence[str], reader: str) -> list[Path]:
    """The file itself, or the folder's files of some patterns, sorted within each pattern.

    Raises:
        DataError: there is none.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    found = [file for pattern in patterns for file in sorted(path.glob(pattern)) if file.is_file()]
    if not found:
        raise DataError(
            f"{path} holds nothing for the reader {reader!r}, which takes a file or a folder with "
            f"{' or '.join(patterns)}; name the file itself."
        )
    return found


def file_bytes(path: Path) -> bytes:
    """All bytes of a file, as UTF-8 without a byte order mark; UTF-16 with one is turned into UTF-8.

    Raises:
        DataError: it cannot be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}); check its name and rights.") from None
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return raw.decode("utf-16").encode()
        except UnicodeError:
            raise DataError(f"{path} begins like UTF-16 but is damaged; save it as UTF-8.") from None
    return raw.removeprefix(b"\xef\xbb\xbf")


def _parsed(raw: bytes) -> Any:
    """JSON from bytes.

    Raises:
        Fault: not UTF-8, not JSON, too deep, or text with half of a character.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault(f"is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from None
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Fault(f"is not JSON ({error.msg}, character {error.pos + 1})") from None
    except (ValueError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:100]
        raise Fault(f"is not JSON that can be taken ({said})") from None
    if text.count("[") + text.count("{") > DEEPEST and _depth(value) > DEEPEST:
        raise Fault(f"is not JSON that can be taken (it is nested more than {DEEPEST} levels deep)")
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise Fault(
                "holds half of a character (an unpaired \\ud800 to \\udfff); write the character whole"
            ) from None
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _depth(value: Any) -> int:
    deepest, todo = 0, [(value, 1)]
    while todo:
        one, level = todo.pop()
        deepest = max(deepest, level)
        if isinstance(one, (dict, list)) and level <= DEEPEST:
            todo.extend((inner, level + 1) for inner in (one.values() if isinstance(one, dict) else one))
    return deepest


def json_lines(path: Path, reader: str) -> list[Entry]:
    """Every line of a JSON-lines file that is not blank.

    Raises:
        DataError: there is none.
    """
    entries = []
    for number, line in enumerate(file_bytes(path).split(b"\n"), start=1):
        if line.strip():
            place = f"Line {number} of {path}"
            try:
                entries.append(Entry(place, _parsed(line.strip())))
            except Fault as fault:
                shown = line.decode("utf-8", errors="backslashreplace")
                remedy = f"; the reader {reader!r} takes one JSON object a line, so mend or remove that line"
                entries.append(Entry(place, shown, f"{fault}{remedy}"))
    if not entries:
        raise _nothing(path, reader)
    return entries


def json_list(path: Path, reader: str, key: str | None = None) -> list[Entry]:
    """Every entry of a file with one JSON list, or of the list under `key` of one JSON object.

    Raises:
        DataError: the file is not JSON, holds no list, or an empty one.
    """
    try:
        content = _parsed(file_bytes(path))
    except Fault as fault:
        raise DataError(
            f"{path} {fault}; the reader {reader!r} takes one JSON list of objects, so check that the file is complete."
        ) from None
    if key is not None and isinstance(content, dict) and key in content:
        content = content[key]
    if not isinstance(content, list):
        raise DataError(
            f"{path} holds a JSON {type(content).__name__}; the reader {reader!r} takes a list of objects, so choose "
            "another reader or file."
        )
    if not content:
        raise _nothing(path, reader)
    return [Entry(f"Record {number} of {path}", entry) for number, entry in enumerate(content, start=1)]


def json_records(path: Path, reader: str, key: str | None = None) -> list[Entry]:
    """Records of a file that holds either one JSON list (also under `key` of one object) or JSON lines.

    Raises:
        DataError: as `json_lines` and `json_list`.
    """
    raw = file_bytes(path)
    if raw.lstrip()[:1] == b"[":
        return json_list(path, reader)
    lines = json_lines(path, reader)
    first = lines[0]
    if len(lines) > 1 and first.fault:  # one object written over several lines
        try:
            first = Entry(f"Record 1 of {path}", _parsed(raw))
            lines = [first]
        except Fault:
            return lines
    if len(lines) == 1 and isinstance(first.content, dict) and isinstance(first.content.get(key), list):
        return json_list(path, reader, key)
    return lines


def _nothing(path: Path, reader: str) -> DataError:
    return DataError(f"{path} holds no records; the reader {reader!r} needs at least one, so name another file.")


def checked_text(record: Any, key: str, *, empty: bool = False) -> str:
    """The text under a key, without space around it; a number is taken as its digits.

    Raises:
        Fault: it is missing, of another kind, or empty where `empty` is False.
    """
    value = record.get(key)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Fault(f"has a {type(value).__name__} under {key!r} where text is needed; write text")
    if not empty and not value.strip():
        raise Fault(f"has no words under {key!r}; write some text")
    return value.strip()


def rows_of(
    entries: Sequence[Entry],
    reader: str,
    need: Sequence[str],
    read: Callable[[dict[str, Any], str], Iterator[dict[str, Any]]],
    shown: Callable[[Any], Any] = lambda content: content,
) -> list[dict[str, Any]]:
    """Rows of all records; a record at fault is rejected whole, a part of one by `read` itself.

    Args:
        entries: the records.
        reader: its name.
        need: keys that every record must have.
        read: (record, place) -> its rows; raises Fault.
        shown: what of a record may stand in a file of rejects.

    Raises:
        DataError: the first fault, where nobody collects.
    """
    rows: list[dict[str, Any]] = []
    for entry in entries:
        try:
            if entry.fault:
                raise Fault(entry.fault)
            missing = [key for key in need if not isinstance(entry.content, dict) or key not in entry.content]
            if missing:
                raise Fault(
                    f"has no {', '.join(missing)}; the reader {reader!r} needs {', '.join(need)} in every record, so "
                    "check that the file is of that layout"
                )
            found = list(read(entry.content, entry.place))
        except Fault as fault:
            reject(entry.place, f"{entry.place} {fault}.", shown(entry.content))
        else:
            rows.extend(found)
    return rows


def frame_of(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """A frame of rows with its columns in order, also where every record was set aside."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(columns))
