"""Damaged files: a reader gives a frame or one sentence, and every record is in the frame or among the rejects."""

from __future__ import annotations

import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.domains.damage import BYTE_WAYS, byte_damage, read_both
from verticals.datasets.rejects import Rejects, collecting
from verticals.domains.education.readers import READERS

FILES = Path(__file__).parent / "education_files"
DATA = Path(__file__).parents[2].parent / "shared" / "data"
READ: dict[str, Callable[[Path], pd.DataFrame]] = {reader.name: reader.read for reader in READERS}
STRANGE: list[Any] = [
    None, True, -1, 0.5, 10**400, "", " ", "\u0000", "\ud800", "Ω" * 50, [], {}, [[]], {"a": 1}, ["x"], [{"text": 3}],
]  # fmt: skip


def lines_of(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return b"".join(line for _, line in zip(range(count), file, strict=False))


def samples() -> list[tuple[str, str, bytes]]:
    """(reader, file name, content): the first records of the real files, and the small ones that lie here."""
    found = [
        ("chat", "chat.jsonl", (FILES / "chat.jsonl").read_bytes()),
        ("chat", "chat.json", (FILES / "sharegpt.json").read_bytes()),
        ("xapi", "xapi.jsonl", (FILES / "xapi.jsonl").read_bytes()),
        ("xapi", "xapi.json", (FILES / "xapi_lrs.json").read_bytes()),
        ("assist2009", "a_train.csv", (FILES / "sequences_train.csv").read_bytes() * 3),
        *(("qti", file.name, file.read_bytes()) for file in sorted((FILES / "bank" / "items").iterdir())),
        ("qti", "bank.zip", zipped()),
    ]
    for reader, place, count in (
        ("gsm8k", "gsm8k/test.jsonl", 4),
        ("tal_scq5k", "tal_scq5k/ch_single_choice_test_2K.jsonl", 3),
        ("mathdial", "mathdial/test.jsonl", 3),
        ("assist2009", "assist2009/assist2009_updated_train.csv", 12),
    ):
        if (DATA / place).exists():
            found.append((reader, Path(place).name, lines_of(DATA / place, count)))
    for reader, place in (("bridge", "bridge/validation.json"), ("mrbench", "mrbench/mrbench_v3_devset.json")):
        if (DATA / place).exists():
            few = json.loads((DATA / place).read_text("utf-8"))[:3]
            found.append((reader, Path(place).name, json.dumps(few, ensure_ascii=False, indent=1).encode()))
    return found


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for file in sorted((FILES / "bank").rglob("*.xml")):
            package.writestr(zipfile.ZipInfo(file.relative_to(FILES / "bank").as_posix()), file.read_bytes())
    return buffer.getvalue()


SAMPLES = samples()


def nodes_of(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every node below a value."""
    found: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        one = todo.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else []
        found += [(one, key) for key in keys]
        todo += [one[key] for key in keys]
    return found


def mutated_json(raw: bytes, rnd: random.Random) -> bytes:
    """Delete a key, or put something strange in its place, in one record."""
    lines = raw.split(b"\n")
    whole = raw.lstrip()[:1] == b"[" or raw.lstrip()[:2] in (b"{\n", b"{\r")
    at = rnd.choice([n for n, line in enumerate(lines) if line.strip()])
    value = [json.loads(raw if whole else lines[at])]
    for _ in range(rnd.randint(1, 3)):
        container, key = rnd.choice(nodes_of(value))
        if rnd.random() < 0.4 and container is not value:
            del container[key]
        elif rnd.random() < 0.1:
            deep: Any = "x"
            for _ in range(rnd.choice((50, 300))):
                deep = [deep]
            container[key] = deep
        else:
            container[key] = rnd.choice(STRANGE)
    said = json.dumps(value[0], ensure_ascii=rnd.random() < 0.5).encode("utf-8", errors="surrogatepass")
    return said if whole else b"\n".join([*lines[:at], said, *lines[at + 1 :]])


def damaged(raw: bytes, rnd: random.Random, as_json: bool) -> bytes:
    """One to three kinds of damage."""
    for _ in range(rnd.randint(1, 3)):
        way = rnd.randrange(9 if as_json else 7)
        if way < BYTE_WAYS:
            raw = byte_damage(raw, rnd, way)
        elif way == 4:
            lines = raw.split(b"\n")
            rnd.shuffle(lines) if rnd.random() < 0.3 else lines.pop(rnd.randrange(len(lines)))
            raw = b"\n".join(lines)
        elif way == 5:
            raw = raw.decode("utf-8", errors="replace").encode(
                rnd.choice(("utf-16", "utf-16-le", "latin-1", "cp1252")), "replace"
            )
        elif way == 6:
            raw = raw.replace(rnd.choice((b"<", b'"', b",", b"0", b"1", b":")), rnd.choice((b"", b">", b"'", b"99")), 1)
        else:
            try:
                raw = mutated_json(raw, rnd)
            except (ValueError, IndexError):
                continue
    return raw


def decoded_lines(path: Path) -> list[bytes]:
    raw = path.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16").encode()
    return [line for line in raw.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]


def check_accounts(reader: str, path: Path, frame: pd.DataFrame, rejects: Rejects) -> None:
    """Records in = records out + records set aside."""
    places = [str(row["place"]) for row in rejects.rows]
    assert all(row["reason"].startswith(row["place"]) for row in rejects.rows)
    assert all("\n" not in row["reason"] and len(row["reason"]) < 1500 for row in rejects.rows)
    lines = decoded_lines(path)
    by_line = any("Line " in place for place in places) or path.suffix == ".jsonl"
    if reader in ("gsm8k", "tal_scq5k", "bridge") or (reader in ("chat", "xapi") and by_line):
        content = [] if by_line else json.loads(b"\n".join(lines))
        if not (by_line and len(lines) == 1 and len(frame) + len(places) > 1):  # a whole store's answer on one line
            assert len(frame) + len(places) == (len(lines) if by_line or not content else len(content))
    elif reader == "mathdial":
        assert frame["dialogue"].nunique() + len(places) == len(lines)
    elif reader == "mrbench":
        entries = json.loads(b"\n".join(lines))
        gone = {place for place in places if "reply of" not in place}
        kept = [one for n, one in enumerate(entries, start=1) if f"Record {n} of {path}" not in gone]
        assert len(frame) + len(places) - len(gone) == sum(len(one["tutor_responses"]) for one in kept)
    elif reader == "assist2009":
        lost = sum(len(row["content"]) for row in rejects.rows if str(row["place"]).startswith("Line"))
        every = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        if every[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            taken = len(every.rstrip(b" \n\r\t\x0b\x0c").split(b"\n")) - lost
            assert taken % 3 == 0
            responses = [p for p in places if p.startswith("Response")]
            assert len(frame) + len(responses) >= taken // 3
    elif reader == "qti" and path.suffix == ".xml":
        assert len(frame) + len(places) >= 1


def attempt(reader: str, name: str, raw: bytes, folder: Path) -> str:
    """Read damaged bytes in both ways."""
    path = folder / name
    path.write_bytes(raw)
    strict, frame, rejects = read_both(READ[reader], path)
    if frame is None:
        return "refused"
    rejects.write(folder / "rejects.jsonl")
    check_accounts(reader, path, frame, rejects)
    assert (strict is None) == bool(len(rejects))
    if strict is not None:
        assert strict.equals(frame)
    return "set aside" if len(rejects) else "read"


@pytest.mark.parametrize(("reader", "name", "raw"), SAMPLES, ids=[f"{reader}-{name}" for reader, name, _ in SAMPLES])
def test_whole_files_are_read(reader: str, name: str, raw: bytes, tmp_path: Path) -> None:
    assert attempt(reader, name, raw, tmp_path) in ("read", "refused" if name.endswith("csv") else "read")


@pytest.mark.parametrize(("reader", "name", "raw"), SAMPLES, ids=[f"{reader}-{name}" for reader, name, _ in SAMPLES])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_damaged_files_give_sentences(reader: str, name: str, raw: bytes, tmp_path: Path, seed: int) -> None:
    rnd = random.Random(seed)
    attempt(reader, name, damaged(raw, rnd, name.endswith(("json", "jsonl"))), tmp_path)


@pytest.mark.parametrize("reader", sorted(READ))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_any_bytes_give_sentences(reader: str, tmp_path: Path, raw: bytes) -> None:
    for name in ("x.json", "x.jsonl", "x.xml", "x.zip"):
        attempt(reader, name, raw, tmp_path)


def test_a_folder_with_damaged_items_keeps_the_others(tmp_path: Path) -> None:
    shutil.copytree(FILES / "bank" / "items", tmp_path / "items")
    (tmp_path / "items" / "median.xml").write_bytes(b"<broken")
    with collecting() as rejects:
        frame = READ["qti"](tmp_path / "items")
    assert frame["file"].nunique() == 3
    assert len(rejects) == 1
