"""Damaged files of finance: a reader gives a frame or one sentence, and every row is in the frame or among the rejects."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.domains.damage import BYTE_WAYS, byte_damage, read_both
from verticals.datasets.rejects import collecting
from verticals.domains.finance.readers import CREDIT_READERS, FRAUD_READERS
from verticals.domains.finance.readers_log import _HANDBOOK

FILES = Path(__file__).parent / "finance_files"
READ: dict[str, Callable[[Path], pd.DataFrame]] = {one.name: one.read for one in (*FRAUD_READERS, *CREDIT_READERS)}
LOG = (
    "TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD\n2018-07-25 00:00:29,1111,2328,40.77,0\n"
    "2018-07-25 00:00:40,1112,2328,4.7,1\n2018-07-26 10:00:00,1111,9,,0\n2018-07-27 10:00:00,7,9,12,\n"
)
WEEK = (
    f"TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_DURING_WEEKEND,TX_DURING_NIGHT,"
    f"{','.join(_HANDBOOK)}\n1,2018-07-25 00:00:29,1,2,40.7,0,0,1,{','.join('1' * 12)}\n"
    f"2,2018-07-28 00:00:29,1,2,4.7,1,1,0,{','.join('3' * 12)}\n"
)
GERMAN = (
    "A11 6 A34 A43 1169 A65 A75 4 A93 A101 4 A121 67 A143 A152 2 A173 1 A192 A201 1\n"
    "A12 48 A32 A43 5951 A61 A73 2 A92 A101 2 A121 22 A143 A152 1 A173 1 A191 A201 2\n"
)
PAY = ["PAY_0", *(f"PAY_{m}" for m in range(2, 7))]
TAIWAN = [
    "LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", *PAY,
    *(f"{what}_AMT{m}" for what in ("BILL", "PAY") for m in range(1, 7)), "default",
]  # fmt: skip
CLIENTS = (
    ",".join(TAIWAN) + "\n" + "\n".join(",".join(["20000", "2", "1", "1", "24", *"9" * 18, y]) for y in "0110") + "\n"
)
SAMPLES: list[tuple[str, str, bytes]] = [
    ("transactions", "log.csv", LOG.encode()),
    ("fraud_handbook", "week.csv", WEEK.encode()),
    ("camt053", "statement.xml", (FILES / "statement.xml").read_bytes()),
    ("statlog_german", "german.data", GERMAN.encode()),
    ("taiwan", "clients.csv", CLIENTS.encode()),
]
NAMES = [reader for reader, _, _ in SAMPLES]


def damaged(raw: bytes, rnd: random.Random) -> bytes:
    """One to three kinds of damage."""
    for _ in range(rnd.randint(1, 3)):
        way = rnd.randrange(7)
        if way < BYTE_WAYS:
            raw = byte_damage(raw, rnd, way)
        elif way == 4:
            lines = raw.split(b"\n")
            lines.insert(rnd.randrange(len(lines)), lines.pop(rnd.randrange(len(lines))))
            raw = b"\n".join(lines)
        elif way == 5:
            raw = raw.decode("utf-8", errors="replace").encode(rnd.choice(("utf-16", "latin-1", "cp1252")), "replace")
        else:
            strange = (
                b"",
                b"perhaps",
                b"1e999",
                b"-7",
                b"9999-99-99",
                b"A15",
                "二".encode(),
                b"<x/>",
                b"nan",
                b"99999999999999999999",
            )
            for old in rnd.sample(
                (b"40.77", b"1111", b"2018-07-25", b"49.90", b"DBIT", b"A11", b"20000", b",0", b"1"), 3
            ):
                raw = raw.replace(old, rnd.choice(strange), rnd.randint(1, 2))
    return raw


def attempt(reader: str, name: str, raw: bytes, folder: Path) -> str:
    """Read damaged bytes in both ways: refusing the file, and setting rows aside."""
    path = folder / name
    path.write_bytes(raw)
    strict, frame, rejects = read_both(READ[reader], path)
    if frame is None:
        return "refused"
    assert (strict is None) == bool(len(rejects))
    assert all("\n" not in row["reason"] and 20 < len(row["reason"]) < 2000 for row in rejects.rows)
    if name.endswith((".csv", ".data")) and b'"' not in raw and b"\r" not in raw:
        lines = [line for line in raw.decode("latin-1").split("\n") if line.strip()]
        if name.endswith(".data") and len(lines) == len(raw.decode("latin-1").strip().splitlines()):
            assert len(frame) + len(rejects) == len(lines)
        elif name.endswith(".csv") and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            assert len(frame) + len(rejects) == len([line for line in raw.split(b"\n") if line]) - 1
    rejects.write(folder / "rejects.jsonl")
    frame.to_csv(folder / "out.csv", index=False)  # what was read can be written
    if strict is not None:
        pd.testing.assert_frame_equal(strict, frame)
    return "set aside" if len(rejects) else "read"


@pytest.mark.parametrize(("reader", "name", "raw"), SAMPLES, ids=NAMES)
def test_whole_files_are_read(reader: str, name: str, raw: bytes, tmp_path: Path) -> None:
    assert attempt(reader, name, raw, tmp_path) == "read"


@pytest.mark.parametrize(
    ("reader", "name", "raw"),
    [
        ("transactions", "log.csv", LOG.replace("40.77", "much").encode()),
        ("transactions", "log.csv", LOG.replace(",1\n", ",perhaps\n").encode()),
        ("fraud_handbook", "week.csv", WEEK.replace("40.7", "much").encode()),
        ("camt053", "statement.xml", SAMPLES[2][2].replace(b"49.90", b"much")),
        ("statlog_german", "german.data", GERMAN.replace("A11", "A15").encode()),
        ("statlog_german", "german.data", GERMAN.replace(" 6 ", " six ").encode()),
        ("taiwan", "clients.csv", CLIENTS.replace(",0\n", ",2\n", 1).encode()),
    ],
)
def test_one_bad_row_is_set_aside(reader: str, name: str, raw: bytes, tmp_path: Path) -> None:
    whole = next(
        len(READ[reader](_saved(tmp_path / f"whole.{name}", text))) for one, _, text in SAMPLES if one == reader
    )
    (tmp_path / name).write_bytes(raw)
    with collecting() as rejects:
        frame = READ[reader](tmp_path / name)
    assert len(rejects) == 1
    assert len(frame) == whole - 1


def _saved(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(("reader", "name", "raw"), SAMPLES, ids=NAMES)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_damaged_files_give_sentences(reader: str, name: str, raw: bytes, tmp_path: Path, seed: int) -> None:
    attempt(reader, name, damaged(raw, random.Random(seed)), tmp_path)


@pytest.mark.parametrize("reader", sorted(READ))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_any_bytes_give_sentences(reader: str, tmp_path: Path, raw: bytes) -> None:
    for name in ("x.csv", "x.xml", "x.data"):
        attempt(reader, name, raw, tmp_path)
