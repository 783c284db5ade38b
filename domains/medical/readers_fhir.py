"""Read FHIR R4 (HL7 FHIR 4.0.1 and 4.3.0): bundles as JSON, and bulk exports as NDJSON, into one record per encounter.

    {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "EMER"},
     "subject": {"reference": "Patient/p1"}, "period": {"start": "2024-03-01T10:00:00Z"}}
    {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}, "code": {"text": "Pneumonia"},
     "encounter": {"reference": "Encounter/e1"}}

The files are read twice: patients, encounters and conditions first, then observations and reports, so that memory grows
with the encounters and not with the measurements. `fhir.resources` checks every resource that is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import DataError
from ...datasets.rejects import reject
from .fhir_records import Records
from .readers_files import Entry, Fault, file_bytes, json_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_fhir"]

_FIRST = ("Patient", "Encounter", "Condition")
_SECOND = ("Observation", "DiagnosticReport")
_BUNDLES = ("collection", "searchset", "transaction", "batch", "document", "message")
_LONGEST = 1 << 26
"""Bytes in one line of NDJSON."""
_SHOWN = 200
"""Characters of what a validator says that are told."""


def read_fhir(path: Path) -> pd.DataFrame:
    """Read FHIR R4 resources: one row per encounter, and one per patient for whom there is none.

    Encounter, patient, condition, observations and reports are joined by their references: `Patient/p1`, a full URL,
    `urn:uuid:…`, `#contained`, or an identifier. What names no encounter belongs to the patient's only one, or to the
    one in whose period it lies. Of several values of one measurement the earliest counts, as known on arrival, in the
    field's unit. A resource that cannot be read is rejected with a sentence and the others go on; what is read but has
    no place in the table (other resources, codes that no field has) is counted in the notes.

    Args:
        path: a bundle (.json), a bulk file (.ndjson, .jsonl), or a folder of such files, whose resources are joined.

    Returns:
        Columns patient, encounter, started (in UTC, as ISO 8601), age (a; completed years, under two years with
        months), sex, note (reason for the visit, complaints, history), report (conclusions and texts of reports,
        which may name the diagnosis), the number fields of `fhir_records.MEASURES`, condition (of the encounter:
        the first by rank, then by place in the file) and condition_code (`system|code`). Missing where nothing is
        said; a measurement that no record has has no column.

    Raises:
        DataError: `fhir.resources` is not installed, no resources, or one at fault that nobody collects.
    """
    parse = _parser()
    files = _files(Path(path))
    records, ignored = Records(), dict[str, int]()
    for entry, url in _resources(files):
        try:
            if entry.fault:
                raise Fault(entry.fault)
            kind = _kind(entry.content)
            if kind in _FIRST:
                records.add(kind, parse(kind, entry.content), url, entry.place)
            elif kind not in _SECOND:
                ignored[kind] = ignored.get(kind, 0) + 1
        except Fault as fault:
            reject(entry.place, f"{entry.place} {fault}.", entry.content)
    records.join()
    for entry, _ in _resources(files):
        if entry.fault or not isinstance(entry.content, dict) or entry.content.get("resourceType") not in _SECOND:
            continue  # told the first time
        kind = entry.content["resourceType"]
        try:
            records.measure(kind, parse(kind, entry.content))
        except Fault as fault:
            reject(entry.place, f"{entry.place} {fault}.", entry.content)
    frame = records.frame()
    if not len(frame):
        raise DataError(
            f"{path} holds no FHIR Encounter and no Patient that can be read; give a bundle, an .ndjson file or a folder "
            "with both."
        )
    if ignored:
        most = sorted(ignored, key=lambda kind: (-ignored[kind], kind))
        said = ", ".join(f"{kind} ({ignored[kind]:,})" for kind in most[:8])
        records.notes.append(f"Resources of other types, which were not read: {said}.")
    frame.attrs["notes"] = records.notes
    return frame


def _parser() -> Callable[[str, Any], Any]:
    """(resource type, content) -> a checked resource.

    Raises:
        DataError: the library is lacking.
    """
    try:
        from fhir.resources.R4B import get_fhir_model_class
    except ImportError:
        raise DataError(
            "Reading FHIR needs the library fhir.resources, which is not installed; install verticals[fhir]."
        ) from None
    models = {kind: get_fhir_model_class(kind) for kind in (*_FIRST, *_SECOND)}

    def parse(kind: str, content: Any) -> Any:
        try:
            return models[kind].model_validate(content)
        except RecursionError:
            raise Fault(f"is no FHIR R4 {kind} (it is nested too deeply); mend or remove it") from None
        except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
            raise Fault(f"is no FHIR R4 {kind} ({_said(error)}); mend or remove it") from None

    return parse


def _said(error: Exception) -> str:
    """What a validator says first, without the values of the record."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return type(error).__name__
    first = errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "as a whole"
    text = " ".join(f"{place}: {first['msg']}".split()).rstrip(".")
    return ascii(text)[1:-1][:_SHOWN]


def _kind(content: Any) -> str:
    kind = content.get("resourceType") if isinstance(content, dict) else None
    if not isinstance(kind, str) or not kind.isascii() or not kind.isalpha():
        raise Fault("has no resourceType, so it is no FHIR resource; mend or remove it")
    return kind


# Files ---------------------------------------------------------------------------------------------------------------


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix.lower() in (".ndjson", ".jsonl", ".json"))
        if not found:
            raise DataError(f"The folder {path} holds no .ndjson and no .json file; name one with FHIR resources.")
        return found
    if not path.is_file():
        raise DataError(f"There is no file {path}; give a bundle (.json), a bulk file (.ndjson) or a folder of them.")
    return [path]


def _resources(files: list[Path]) -> Iterator[tuple[Entry, str]]:
    """Every resource with its full URL, "" where it has none."""
    for file in files:
        if file.suffix.lower() in (".ndjson", ".jsonl"):
            for entry in _lines(file):
                yield entry, ""
        else:
            yield from _document(file)


def _lines(file: Path) -> Iterator[Entry]:
    """Lines of NDJSON, one at a time."""
    try:
        with file.open("rb") as lines:
            number = 0
            while raw := lines.readline(_LONGEST + 1):
                number += 1
                if len(raw) > _LONGEST:
                    raise DataError(f"Line {number} of {file.name} is longer than 64 MiB; is it really NDJSON?")
                line = raw.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").strip()
                if not line:
                    continue
                place = f"Line {number} of {file.name}"
                try:
                    yield Entry(place, json_of(line))
                except Fault as fault:
                    shown = line.decode("utf-8", errors="backslashreplace")
                    yield Entry(place, shown, f"{fault}; write one resource a line, or remove that line")
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror or error}); check its rights.") from None


def _document(file: Path) -> Iterator[tuple[Entry, str]]:
    """Resources of a bundle, or the one resource that the file is."""
    try:
        content = json_of(file_bytes(file))
    except Fault as fault:
        raise DataError(
            f"{file.name} {fault}; give a FHIR bundle as JSON, or NDJSON with the ending .ndjson."
        ) from None
    if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
        yield Entry(f"The resource of {file.name}", content), ""
        return
    if content.get("type") not in _BUNDLES:
        raise DataError(
            f"{file.name} is a bundle of the type {ascii(content.get('type'))[:40]}; allowed are {', '.join(_BUNDLES)}."
        )
    entries = content.get("entry", [])
    if not isinstance(entries, list):
        raise DataError(f"{file.name} is a bundle whose entry is no list; give a FHIR bundle.")
    for number, entry in enumerate(entries, start=1):
        place = f"Entry {number} of {file.name}"
        if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
            if isinstance(entry, dict) and "resource" not in entry and _deletes(entry.get("request")):
                yield Entry(place, {"resourceType": "DELETE"}), ""
                continue
            yield Entry(place, entry, "holds no resource; mend or remove it"), ""
            continue
        url = entry.get("fullUrl")
        yield Entry(place, entry["resource"]), url if isinstance(url, str) else ""


def _deletes(request: Any) -> bool:
    """A transaction may also ask to delete or to fetch; such an entry has nothing to read."""
    return isinstance(request, dict) and request.get("method") in ("DELETE", "GET", "HEAD")
