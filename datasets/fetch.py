"""Fetch the files of a card: from a mirror, from their address, or from the hub; whole and proved, or not at all.

    get(find_card("banking77"), "data/banking77")           # 3 files, each with the sha256 of its card

A download that is cut goes on where it stopped, from `NAME.part`; the file takes its name only when its sha256 is that
of the card. Nothing is fetched but what was asked for.
"""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from .. import __version__
from ..core.errors import DataError
from ..core.run import sha256_file
from .catalogue import Card, CardFile

__all__ = ["MIRROR", "Fetched", "get"]

MIRROR = "VERTICALS_DATA"
"""Environment variable with a folder of sets, asked before any address."""
CHUNK = 1 << 18
TIMEOUT = 30.0
"""Seconds of silence after which a server is given up."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Fetched:
    """A file that is there now."""

    path: Path
    way: str
    """there, mirror, address or hub."""
    sha256: str
    known: bool
    """The card named this hash beforehand."""


def get(
    card: Card,
    out: str | Path,
    *,
    mirror: str | Path | None = None,
    progress: bool = True,
    say: Say = lambda text: None,
) -> list[Fetched]:
    """Bring the files of a set into a folder.

    Args:
        card: the set.
        out: folder, made where it is not there.
        mirror: folder with one folder for each set; by default the environment variable VERTICALS_DATA.
        progress: show a bar on standard error.
        say: is told what is done with each file.

    Returns:
        The files in the order of the card.

    Raises:
        DataError: no way to fetch a file, a server that fails, a file that is not the card's, or no place to write.
    """
    folder = Path(out).expanduser()
    named = mirror if mirror is not None else os.environ.get(MIRROR) or None
    place = None if named is None else Path(named).expanduser()
    if mirror is not None and place is not None and not place.is_dir():
        raise DataError(f"The mirror {str(mirror)!r} is no folder; name one that holds {card.folder}/.")
    if not card.files:
        return _from_hub(card, folder, say)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"The folder {str(out)!r} cannot be made ({error.strerror}); name another with --out."
        ) from None
    return [_one(card, one, folder, place, progress, say) for one in card.files]


def _one(card: Card, file: CardFile, folder: Path, mirror: Path | None, progress: bool, say: Say) -> Fetched:
    target = folder / file.name
    if target.is_file() and file.sha256 and sha256_file(target) == file.sha256:
        say(f"{file.name}: there already")
        return Fetched(target, "there", file.sha256, True)
    source = None if mirror is None else _in_mirror(card, file, mirror)
    if source is not None:
        say(f"{file.name}: from the mirror")
        return Fetched(target, "mirror", _copied(card, file, source, target), bool(file.sha256))
    if not file.address:
        pages = ", ".join(card.origin)
        raise DataError(
            f"{file.name} of {card.name} has no address to fetch it from; get it by hand ({pages}) and name its folder "
            f"with --mirror or {MIRROR}."
        )
    say(f"{file.name}: from {file.address}")
    return Fetched(target, "address", _downloaded(card, file, target, progress), bool(file.sha256))


def _in_mirror(card: Card, file: CardFile, mirror: Path) -> Path | None:
    places = (mirror / card.folder / file.name, mirror / card.name / file.name)
    return next((one for one in places if one.is_file()), None)


def _proved(card: Card, file: CardFile, path: Path, found: str, remedy: str) -> str:
    """The hash of a file, if it is the card's.

    Raises:
        DataError: it is another one.
    """
    if file.sha256 and found != file.sha256:
        raise DataError(
            f"{str(path)!r} is not the {file.name} of {card.name}: its sha256 is {found[:16]}…, the card says "
            f"{file.sha256[:16]}…; {remedy}."
        )
    return found


@contextmanager
def _writing(target: Path) -> Iterator[Path]:
    """A name beside the target that takes its place when all went well."""
    part = target.with_name(f"{target.name}.part")
    try:
        yield part
        os.replace(part, target)
    except OSError as error:
        raise DataError(f"{str(target)!r} cannot be written ({error.strerror or error}); free space or name another folder "
                        "with --out.") from None  # fmt: skip


def _copied(card: Card, file: CardFile, source: Path, target: Path) -> str:
    found = _proved(card, file, source, sha256_file(source), "put the right file into the mirror")
    if source.resolve() == target.resolve():
        return found
    with _writing(target) as part:
        try:
            shutil.copyfile(source, part)
        except OSError:
            part.unlink(missing_ok=True)
            raise
    return found


# -- from an address --------------------------------------------------------------------------------------------------


def _downloaded(card: Card, file: CardFile, target: Path, progress: bool) -> str:
    with _writing(target) as part:
        have = part.stat().st_size if part.exists() else 0
        if have and file.bytes is not None and have >= file.bytes:
            part.unlink()
            have = 0
        _stream(file, part, have, progress)
        found = sha256_file(part)
        try:
            _proved(card, file, Path(file.address), found, "nothing was kept; the file has changed at its origin, so look "
                    "at its page before you use it")  # fmt: skip
        except DataError:
            part.unlink()
            raise
    if not file.sha256:
        target.with_name(f"{target.name}.sha256").write_text(f"{found}  {target.name}\n", encoding="utf-8")
    return found


def _stream(file: CardFile, part: Path, have: int, progress: bool) -> None:
    """Append what is missing to the part, or begin anew where the server does not go on."""
    headers = {"User-Agent": f"verticals/{__version__}"}
    if have:
        headers["Range"] = f"bytes={have}-"
    asked = urllib.request.Request(file.address, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=TIMEOUT) as answer:
            goes_on = have > 0 and answer.status == 206
            total = int(answer.headers.get("Content-Length") or 0) + (have if goes_on else 0)
            with part.open("ab" if goes_on else "wb") as out, _bar(file.name, total, have * goes_on, progress) as shown:
                while chunk := answer.read(CHUNK):
                    out.write(chunk)
                    shown(len(chunk))
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # the part is as long as the file, and was not the file
            part.unlink()
            return _stream(file, part, 0, progress)
        raise DataError(
            f"{file.address} answered {error.code} ({error.reason}); look at the page of the set, or name a mirror."
        ) from None
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        why = getattr(error, "reason", None) or error
        raise DataError(
            f"{file.address} cannot be reached ({why}); what came is kept, so ask again, or name a mirror."
        ) from None
    if total and part.stat().st_size < total:
        raise DataError(
            f"{file.address} sent {part.stat().st_size:,} of {total:,} bytes and stopped; what came is kept, so ask again."
        )
    return None


@contextmanager
def _bar(name: str, total: int, have: int, progress: bool) -> Iterator[Callable[[int], Any]]:
    from tqdm import tqdm

    with tqdm(total=total or None, initial=have, unit="B", unit_scale=True, desc=name, disable=not progress) as bar:
        yield bar.update


# -- from the hub -----------------------------------------------------------------------------------------------------


def _from_hub(card: Card, folder: Path, say: Say) -> list[Fetched]:
    """Every file of a set on the hub, at its newest state, whose hashes are then written beside them."""
    if not card.hub:
        raise DataError(
            f"{card.name} has no address and is not on the hub; get it by hand from {', '.join(card.origin)}."
        )
    from huggingface_hub import snapshot_download

    say(f"{card.name}: from the hub, {card.hub}")
    try:
        snapshot_download(card.hub, repo_type="dataset", local_dir=folder)
    except Exception as error:  # the hub's client raises errors of many libraries
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{card.hub} cannot be fetched from the hub ({said[:160]}); name a mirror, or try again."
        ) from None
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and ".cache" not in path.parts]
    hashes = [(path, sha256_file(path)) for path in found if path.name != "SHA256SUMS"]
    listed = "".join(f"{value}  {path.relative_to(folder).as_posix()}\n" for path, value in hashes)
    (folder / "SHA256SUMS").write_text(listed, encoding="utf-8")
    return [Fetched(path, "hub", value, False) for path, value in hashes]
