"""Damaged files: a reader gives a frame or one sentence, and every record is in the frame or among the rejects."""

from __future__ import annotations

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
from verticals.datasets.rejects import Rejects
from verticals.domains.medical.readers import READERS

FILES = Path(__file__).parent / "medical_files"
DATA = Path(__file__).parents[2].parent / "shared" / "data"
READ: dict[str, Callable[[Path], pd.DataFrame]] = {reader.name: reader.read for reader in READERS}
STRANGE: list[Any] = [
    None, True, -1, 0.5, 10**400, "", " ", "\u0000", "\ud800", "Ω" * 50, [], {}, [[]], {"a": 1}, ["x"],
    "Patient/p2", "#x", "0000-00", "2024-02-30", {"value": 1e308, "unit": "kPa"}, [{"text": 3}],
]  # fmt: skip
INQUIRY = [
    {"pid": "1", "exp_sxs": {"cough": "1"}, "imp_sxs": {"fever": "0", "rash": "2"}, "label": "bronchitis"},
    {"pid": 2, "exp_sxs": {}, "imp_sxs": {"咳嗽": 1}, "label": "感冒"},
    {"pid": "3", "exp_sxs": {"fever": "1"}, "imp_sxs": {}, "label": "influenza"},
]
TALES = 'index,label,text\n0,Acne,"None, or ""NA"" spots."\n1,Acne,\n2,Psoriasis,dry skin\n'
HEART = (
    "Age,Sex,ChestPainType,RestingBP,Cholesterol,FastingBS,RestingECG,MaxHR,ExerciseAngina,Oldpeak,ST_Slope,"
    "HeartDisease\n40,M,ATA,0,0,1,LVH,172,Y,-0.5,Up,1\n37,F,ASY,130,283,0,ST,98,N,0,Flat,0\n"
    "54,M,NAP,150,195,0,Normal,122,N,0,Up,0\n"
)
REQUIRED = ("Patient", "Encounter", "Condition", "Observation", "DiagnosticReport")


def bulk() -> bytes:
    return b"".join((FILES / "bulk" / f"{kind}.ndjson").read_bytes() for kind in REQUIRED)


SAMPLES: list[tuple[str, str, bytes]] = [
    ("symptom_inquiry", "inquiry.json", json.dumps(INQUIRY, ensure_ascii=False, indent=1).encode()),
    ("symptom2disease", "tales.csv", TALES.encode()),
    ("heart", "heart.csv", HEART.encode()),
    ("ddxplus", "release_train_patients.csv", (FILES / "ddxplus" / "release_train_patients.csv").read_bytes()),
    ("fhir", "bundle.json", (FILES / "bundle.json").read_bytes()),
    ("fhir", "all.ndjson", bulk()),
]


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


def changed_json(raw: bytes, rnd: random.Random, by_line: bool) -> bytes:
    """Take nodes of one record away, or put something strange in their place."""
    lines = raw.split(b"\n") if by_line else [raw]
    at = rnd.choice([n for n, line in enumerate(lines) if line.strip()])
    held = [json.loads(lines[at])]
    for _ in range(rnd.randint(1, 3)):
        container, key = rnd.choice(nodes_of(held))
        if rnd.random() < 0.4 and container is not held:
            del container[key]
        elif rnd.random() < 0.1:
            deep: Any = "x"
            for _ in range(rnd.choice((50, 300))):
                deep = [deep]
            container[key] = deep
        else:
            container[key] = rnd.choice(STRANGE)
    lines[at] = json.dumps(held[0], ensure_ascii=rnd.random() < 0.5).encode("utf-8", errors="surrogatepass")
    return b"\n".join(lines)


def damaged(raw: bytes, rnd: random.Random, name: str) -> bytes:
    """One to three kinds of damage."""
    for _ in range(rnd.randint(1, 3)):
        way = rnd.randrange(7 if name.endswith("csv") else 10)
        if way < BYTE_WAYS:
            raw = byte_damage(raw, rnd, way)
        elif way == 4:
            lines = raw.split(b"\n")
            lines.insert(rnd.randrange(len(lines)), lines.pop(rnd.randrange(len(lines))))
            raw = b"\n".join(lines)
        elif way == 5:
            raw = raw.decode("utf-8", errors="replace").encode(rnd.choice(("utf-16", "latin-1", "cp1252")), "replace")
        elif way == 6:
            raw = raw.replace(rnd.choice((b"'", b'"', b",", b"0", b"1", b":")), rnd.choice((b"", b">", b"'", b"99")), 1)
        else:
            try:
                raw = changed_json(raw, rnd, name.endswith("ndjson"))
            except (ValueError, IndexError):
                continue
    return raw


def check_accounts(reader: str, path: Path, frame: pd.DataFrame, rejects: Rejects) -> None:
    """Records in = records out + records set aside."""
    raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    assert all("\n" not in row["reason"] and 20 < len(row["reason"]) < 1500 for row in rejects.rows)
    if reader == "symptom_inquiry" and raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        assert len(frame) + len(rejects) == len(json.loads(raw))
    elif reader == "fhir" and path.suffix == ".ndjson":
        places = {str(row["place"]) for row in rejects.rows}
        assert len(places) == len(rejects)  # nothing is told twice
        kept, people = 0, 0
        for number, line in enumerate(raw.split(b"\n"), start=1):
            if line.strip() and f"Line {number} of {path.name}" not in places:
                one = json.loads(line)
                void = one.get("status") in ("entered-in-error", "cancelled")
                kept += one["resourceType"] == "Encounter" and not void
                people += one["resourceType"] == "Patient"
        assert frame["encounter"].notna().sum() == kept
        assert len(set(frame["patient"])) >= people
    elif reader in ("heart", "ddxplus", "symptom2disease") and b'"' not in raw and b"\r" not in raw:
        lines = [line for line in raw.split(b"\n") if line]
        assert len(frame) + len(rejects) == len(lines) - 1


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
    frame.to_csv(folder / "out.csv", index=False)  # what was read can be written
    if strict is not None:
        pd.testing.assert_frame_equal(strict, frame)
    return "set aside" if len(rejects) else "read"


def place(reader: str, folder: Path) -> Path:
    if reader == "ddxplus":
        for name in ("release_evidences.json", "release_conditions.json"):
            shutil.copy(FILES / "ddxplus" / name, folder / name)
    return folder


@pytest.mark.parametrize(("reader", "name", "raw"), SAMPLES, ids=[f"{reader}-{name}" for reader, name, _ in SAMPLES])
def test_whole_files_are_read(reader: str, name: str, raw: bytes, tmp_path: Path) -> None:
    assert attempt(reader, name, raw, place(reader, tmp_path)) == "read"


@pytest.mark.parametrize(("reader", "name", "raw"), SAMPLES, ids=[f"{reader}-{name}" for reader, name, _ in SAMPLES])
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_damaged_files_give_sentences(reader: str, name: str, raw: bytes, tmp_path: Path, seed: int) -> None:
    attempt(reader, name, damaged(raw, random.Random(seed), name), place(reader, tmp_path))


@pytest.mark.parametrize("reader", sorted(READ))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_any_bytes_give_sentences(reader: str, tmp_path: Path, raw: bytes) -> None:
    for name in ("x.json", "x.ndjson", "x.csv", "x.zip"):
        attempt(reader, name, raw, place(reader, tmp_path))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_damaged_code_books_give_sentences(tmp_path: Path, seed: int) -> None:
    rnd = random.Random(seed)
    place("ddxplus", tmp_path)
    name = rnd.choice(("release_evidences.json", "release_conditions.json"))
    (tmp_path / name).write_bytes(damaged((FILES / "ddxplus" / name).read_bytes(), rnd, name))
    attempt("ddxplus", "release_train_patients.csv", SAMPLES[3][2], tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_damaged_packages_give_sentences(tmp_path: Path, seed: int) -> None:
    rnd = random.Random(seed)
    place("ddxplus", tmp_path)
    target = tmp_path / "release_train_patients.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(zipfile.ZipInfo("release_train_patients"), SAMPLES[3][2])
    raw = bytearray(target.read_bytes())
    for _ in range(rnd.randint(1, 3)):
        raw[rnd.randrange(len(raw))] = rnd.randrange(256)
    attempt("ddxplus", target.name, bytes(raw), tmp_path)
