"""Reader of item banks in QTI (1EdTech): items of version 2.1, 2.2 and 3.0, alone, in folders, or in content packages.

    <assessmentItem identifier="q1" title="Adding fractions"> ... <choiceInteraction responseIdentifier="RESPONSE">
        <prompt>What is 1/2 + 1/3?</prompt>
        <simpleChoice identifier="A">2/5</simpleChoice> <simpleChoice identifier="B">5/6</simpleChoice> ...

Taken are choiceInteraction, inlineChoiceInteraction and textEntryInteraction; each gives one row, and any other
interaction is rejected by its name. XML is read with entities refused; a package is read in memory, never unpacked, and
refused where its names leave it or where it holds more than a bank of items can.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ...core.errors import DataError
from ...datasets.rejects import reject
from .qti_item import COLUMNS, item_rows
from .qti_text import name_of
from .readers_files import Fault, file_bytes, frame_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    import pandas as pd

__all__ = ["read_qti"]

LARGEST_FILE = 16 << 20
"""Bytes of one XML file, unpacked."""
LARGEST_PACKAGE = 512 << 20
"""Bytes of all XML files of a package, unpacked."""
MOST_FILES = 100_000
"""Files in a package."""
MANIFEST = "imsmanifest.xml"
_NO_ITEM = ("assessmentTest", "assessmentSection", "manifest", "assessmentStimulus", "responseProcessing", "lom")


def read_qti(path: Path) -> pd.DataFrame:
    """Read items, one row per interaction.

    Returns:
        item (identifier), response (identifier of the response), title, kind (choice, multiple, inline or text),
        question (the item's words, with ____ where an inline answer goes), candidates (JSON list of texts; missing for
        text entry), answer (text of the right candidate, the right text, or for several right ones a JSON list; missing
        where the item has no key), accepted (JSON list of texts that score, for text entry), file.

    Raises:
        DataError: no such file, an unsafe package, or an item at fault that nobody collects.
    """
    path = Path(path)
    notes: list[str] = []
    if path.is_dir():
        source = _folder(path, notes)
    elif path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        source = _package(path, notes)
    else:
        source = iter([(path.name, lambda: file_bytes(path))])
    rows: list[dict[str, Any]] = []
    count = 0
    for name, content in source:
        place = f"File {name}" if name == path.name else f"File {name} of {path}"
        count += 1
        raw = b""
        try:
            raw = content()
            root = _element(raw)
            kind = name_of(root)
            if kind in _NO_ITEM and path.is_dir():
                notes.append(f"{name} is no item ({kind}) and was left out.")
                count -= 1
                continue
            if kind != "assessmentItem":
                raise Fault(
                    f"has the root element {kind[:60]!r}, but an item's is assessmentItem or qti-assessment-item"
                )
            rows += item_rows(root, name, place)
        except Fault as fault:
            reject(place, f"{place} {fault}.", raw[:20_000].decode("utf-8", errors="backslashreplace"))
    if not count:
        raise DataError(f"{path} holds no records; the reader 'qti' needs at least one item, so name another file.")
    frame = frame_of(rows, COLUMNS)
    if notes:
        frame.attrs["notes"] = notes
    return frame


def _element(raw: bytes) -> Element:
    """The root of an XML file, read without entities and outside references.

    Raises:
        Fault: it is too large, not XML, or defines entities.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(raw) > LARGEST_FILE:
        raise Fault(f"is larger than {LARGEST_FILE >> 20} MiB; an item is a few kilobytes")
    try:
        root: Element = fromstring(raw, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise Fault(f"defines entities or refers to outside files ({type(error).__name__}), which is refused") from None
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise Fault(f"is not XML ({str(error)[:100]}); check that the file is complete") from None
    return root


# Where items come from -----------------------------------------------------------------------------------------------

Source = Iterator[tuple[str, Callable[[], bytes]]]


def _folder(path: Path, notes: list[str]) -> Source:
    """Items that the folder's manifest lists; all its XML files where it has none."""
    names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*.xml") if file.is_file())
    if not names:
        raise DataError(
            f"{path} holds nothing for the reader 'qti', which takes .xml items, a folder of them, or a content package "
            ".zip; name the file itself."
        )
    listed = names
    if (path / MANIFEST).is_file():
        listed = _listed(file_bytes(path / MANIFEST), f"{path / MANIFEST}", notes)
        left = len(set(names) - set(listed) - {MANIFEST})
        if left:
            notes.append(
                f"{left} XML files in {path} stand in no resource for items of the manifest and were left out."
            )
    root = path.resolve()

    def opener(name: str) -> Callable[[], bytes]:
        def content() -> bytes:
            file = path / _inside(name)
            if not file.resolve().is_relative_to(root) or not file.is_file():
                raise Fault("is named in the manifest but is not in the folder; put it there or mend the manifest")
            return file_bytes(file)

        return content

    for name in listed:
        yield name, opener(name)


def _package(path: Path, notes: list[str]) -> Source:
    """Items that the manifest of a content package lists."""
    try:
        package = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{path} is no complete zip file ({str(error)[:80]}); copy it again.") from None
    with package:
        files = {one.filename: one for one in package.infolist()}
        if len(files) > MOST_FILES:
            raise DataError(f"{path} holds {len(files):,} files, but a package may hold {MOST_FILES:,}; split it.")
        for name in files:
            try:
                _inside(name)
            except Fault as fault:
                raise DataError(f"The file {name[:80]!r} in {path} {fault}; do not trust this package.") from None
        found = sorted((name for name in files if posixpath.basename(name) == MANIFEST), key=lambda n: n.count("/"))
        if not found:
            raise DataError(
                f"{path} has no {MANIFEST}, so it is no QTI content package; unpack it and name the folder."
            )
        spent = [0]

        def opener(name: str) -> Callable[[], bytes]:
            return lambda: _unpacked(package, files, name, spent, path)

        base = posixpath.dirname(found[0])
        try:
            manifest = opener(found[0])()
        except Fault as fault:
            raise DataError(f"The file {found[0]} of {path} {fault}; copy the package again.") from None
        for name in _listed(manifest, f"{found[0]} of {path}", notes):
            yield name, opener(posixpath.join(base, name))


def _unpacked(
    package: zipfile.ZipFile, files: dict[str, zipfile.ZipInfo], name: str, spent: list[int], path: Path
) -> bytes:
    """One file of a package, in bounded memory."""
    name = _inside(name)
    if name not in files:
        raise Fault("is named in the manifest but is not in the package; put it there or mend the manifest")
    try:
        with package.open(files[name]) as file:
            raw = file.read(LARGEST_FILE + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise Fault(f"cannot be unpacked ({str(error)[:80]}); pack it again, without a password") from None
    spent[0] += len(raw)
    if spent[0] > LARGEST_PACKAGE:
        raise DataError(f"{path} unpacks to more than {LARGEST_PACKAGE >> 20} MiB of items; split the package.")
    return raw


def _listed(manifest: bytes, place: str, notes: list[str]) -> list[str]:
    """Names of the item files that a manifest lists, in its order."""
    try:
        root = _element(manifest)
    except Fault as fault:
        raise DataError(f"{place} {fault}.") from None
    names, others = [], 0
    for resources in (one for one in root.iter() if name_of(one) == "resources"):
        for resource in (one for one in resources if name_of(one) == "resource"):
            kind, href = resource.get("type") or "", resource.get("href")
            if not re.search(r"item", kind, re.IGNORECASE) or "qti" not in kind.lower():
                others += 1
                continue
            bases = [one.get("{http://www.w3.org/XML/1998/namespace}base") or "" for one in (root, resources, resource)]
            names.append(posixpath.join(*bases, unquote(href or "")))
    if others:
        notes.append(f"{others} of the resources in {place} are no items (tests, pictures) and were left out.")
    return list(dict.fromkeys(names))


def _inside(name: str) -> str:
    """A name in a package, made plain.

    Raises:
        Fault: it is empty, absolute, or leads out of the package.
    """
    plain = posixpath.normpath(name.replace("\\", "/"))
    if not name or plain.startswith(("/", "../")) or plain == ".." or re.match(r"[A-Za-z]:", plain) or "\0" in plain:
        raise Fault("has a name that leads out of the package, which is refused")
    return plain
