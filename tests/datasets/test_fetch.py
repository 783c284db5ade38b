"""Fetching: whole and proved or not at all, and on where it stopped. Against a server of our own on this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from verticals.core.errors import DataError
from verticals.datasets.catalogue import Card, CardFile
from verticals.datasets.fetch import MIRROR, get

BODY = bytes(range(256)) * 4096  # a mebibyte
SHA = hashlib.sha256(BODY).hexdigest()


class Origin(BaseHTTPRequestHandler):
    """A server that may cut, refuse ranges, or answer with an error."""

    protocol_version = "HTTP/1.1"
    cut_after: int | None = None
    ranges = True
    status = 200
    asked: list[str | None]

    def do_GET(self) -> None:
        kind = type(self)
        wanted = self.headers.get("Range")
        kind.asked.append(wanted)
        if kind.status != 200:
            self.send_error(kind.status)
            return
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and kind.ranges else 0
        if first >= len(BODY):
            self.send_error(416)
            return
        body = BODY[first:]
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind.cut_after is not None:
            self.wfile.write(body[: kind.cut_after])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Origin]]]:
    monkeypatch.delenv(MIRROR, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    kind = type("ThisOrigin", (Origin,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/set.bin", kind
    server.shutdown()
    server.server_close()
    thread.join()


def card(address: str = "", sha256: str = SHA, size: int | None = len(BODY)) -> Card:
    return Card(
        name="toy", title="Toys", field="finance", paper="none", licence="MIT", language=("en",), rows={"train": 1},
        fields=("a",), split="none", leaks=(), origin=("https://example.org/toys",), folder="toy_folder",
        files=(CardFile("set.bin", "train", address, size, sha256),),
    )  # fmt: skip


def fetched(origin: str, out: Path, **more: Any) -> Path:
    return get(card(origin, **more), out, progress=False)[0].path


def test_a_whole_file(origin: tuple[str, type[Origin]], tmp_path: Path) -> None:
    address, kind = origin
    assert fetched(address, tmp_path / "new" / "folder").read_bytes() == BODY
    assert list((tmp_path / "new" / "folder").iterdir()) == [tmp_path / "new" / "folder" / "set.bin"]
    again = get(card(address), tmp_path / "new" / "folder", progress=False)[0]
    assert (again.way, kind.asked) == ("there", [None])


def test_a_cut_download_goes_on(origin: tuple[str, type[Origin]], tmp_path: Path) -> None:
    address, kind = origin
    kind.cut_after = 300_000
    with pytest.raises(DataError, match="what came is kept, so ask again"):
        fetched(address, tmp_path)
    part = tmp_path / "set.bin.part"
    have = part.stat().st_size
    assert 0 < have <= 300_000
    assert part.read_bytes() == BODY[:have]
    assert not (tmp_path / "set.bin").exists()
    kind.cut_after = None
    assert fetched(address, tmp_path).read_bytes() == BODY
    assert kind.asked == [None, f"bytes={have}-"]
    assert not part.exists()


def test_a_server_that_cannot_go_on_begins_anew(origin: tuple[str, type[Origin]], tmp_path: Path) -> None:
    address, kind = origin
    kind.ranges = False
    (tmp_path / "set.bin.part").write_bytes(b"something else")
    assert fetched(address, tmp_path).read_bytes() == BODY


def test_a_part_that_was_not_the_file(origin: tuple[str, type[Origin]], tmp_path: Path) -> None:
    address, _ = origin
    (tmp_path / "set.bin.part").write_bytes(b"x" * 1000)
    with pytest.raises(DataError, match="its sha256 is"):
        fetched(address, tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "set.bin.part").write_bytes(b"x" * (len(BODY) + 5))  # longer than the file
    assert fetched(address, tmp_path).read_bytes() == BODY
    (tmp_path / "set.bin").unlink()
    (tmp_path / "set.bin.part").write_bytes(b"x" * (len(BODY) + 5))
    assert fetched(address, tmp_path, size=None).read_bytes() == BODY  # the server says 416


def test_another_file_than_the_card_says(origin: tuple[str, type[Origin]], tmp_path: Path) -> None:
    address, _ = origin
    with pytest.raises(DataError, match="the card says 0000"):
        fetched(address, tmp_path, sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_hash_that_no_card_knows_is_written_down(origin: tuple[str, type[Origin]], tmp_path: Path) -> None:
    address, _ = origin
    done = get(card(address, sha256=""), tmp_path, progress=False)[0]
    assert (done.known, done.sha256) == (False, SHA)
    assert (tmp_path / "set.bin.sha256").read_text() == f"{SHA}  set.bin\n"


@pytest.mark.parametrize(("status", "said"), [(404, "answered 404"), (503, "answered 503")])
def test_a_server_that_refuses(origin: tuple[str, type[Origin]], tmp_path: Path, status: int, said: str) -> None:
    address, kind = origin
    kind.status = status
    with pytest.raises(DataError, match=said):
        fetched(address, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MIRROR, raising=False)
    with pytest.raises(DataError, match="cannot be reached"):
        fetched("http://127.0.0.1:9/set.bin", tmp_path)


def test_the_mirror_comes_first(
    origin: tuple[str, type[Origin]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, kind = origin
    held = tmp_path / "mirror" / "toy_folder"
    held.mkdir(parents=True)
    (held / "set.bin").write_bytes(BODY)
    done = get(card(address), tmp_path / "a", mirror=tmp_path / "mirror", progress=False)[0]
    assert (done.way, done.path.read_bytes(), kind.asked) == ("mirror", BODY, [])
    monkeypatch.setenv(MIRROR, str(tmp_path / "mirror"))
    assert get(card(address), tmp_path / "b", progress=False)[0].way == "mirror"
    assert get(card(), tmp_path / "c", progress=False)[0].way == "mirror"
    (held / "set.bin").write_bytes(BODY[:-1])
    with pytest.raises(DataError, match="put the right file into the mirror"):
        get(card(address), tmp_path / "d", progress=False)
    assert not (tmp_path / "d" / "set.bin").exists()
    monkeypatch.setenv(MIRROR, str(tmp_path / "nowhere"))
    assert get(card(address), tmp_path / "e", progress=False)[0].way == "address"


def test_no_way_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MIRROR, raising=False)
    with pytest.raises(DataError, match=r"no address to fetch it from; get it by hand \(https://example.org/toys\)"):
        get(card(), tmp_path, progress=False)
    with pytest.raises(DataError, match="is no folder"):
        get(card(), tmp_path, mirror=tmp_path / "nowhere", progress=False)
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="cannot be made"):
        get(card(), tmp_path / "file" / "sub", progress=False)
