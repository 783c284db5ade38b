"""Bank statements in ISO 20022 camt.053: a file written after the message definition, its figures worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.datasets.rejects import collecting
from verticals.domains.finance.readers import read_camt053

STATEMENT = Path(__file__).parent / "finance_files" / "statement.xml"
TEXT = STATEMENT.read_text(encoding="utf-8")


def written(folder: Path, text: str) -> Path:
    path = folder / "bank.xml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_for_each_payment() -> None:
    frame = read_camt053(STATEMENT)
    assert frame["amount"].tolist() == [49.90, 200.0, 50.0, 1000.0, 12.0]  # the entry of 250.00 lists its two payments
    assert frame["direction"].tolist() == ["debit", "debit", "debit", "credit", "debit"]
    assert frame["transaction"].tolist() == ["REF-1", "RENT-3", "REF-2/2", "SALARY", "unknown"]
    assert frame["terminal"].tolist() == [
        "NL91ABNA0417164300",
        "House and Home",
        "Water Works",
        "Employer Ltd",
        "unknown",
    ]
    assert frame["merchant_category"].fillna("").tolist() == ["PMNT/CCRD/POSD", "SEPA-BATCH", "SEPA-BATCH", "", ""]
    assert frame["descriptor"].iloc[0] == "Corner Bakery; Card 4711 bread and cake"
    assert frame["descriptor"].iloc[4] == "Reserved: parking"
    assert frame["time"].iloc[0] == pd.Timestamp("2026-03-02 22:30")  # 23:30 at +01:00, in UTC
    assert frame["time"].iloc[4] == pd.Timestamp("2026-03-04")  # not booked yet: the value date
    assert set(frame["card"]) == {"DE02120300000000202051"}
    assert frame["status"].tolist() == ["BOOK"] * 4 + ["PDNG"]
    assert frame["card_count_30d"].tolist() == [1, 2, 3, 4, 5]
    assert frame["card_mean_30d"].round(4).tolist() == [49.9, 124.95, 99.9667, 324.975, 262.38]


def test_the_older_version_and_a_folder(tmp_path: Path) -> None:
    old = TEXT.replace("camt.053.001.08", "camt.053.001.02").replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>")
    old = old.replace("<Pty><Nm>Corner Bakery</Nm></Pty>", "<Nm>Corner Bakery</Nm>")
    written(tmp_path, old)
    pd.testing.assert_frame_equal(read_camt053(tmp_path), read_camt053(STATEMENT))


def test_amounts_that_do_not_add_up_stay_one_row(tmp_path: Path) -> None:
    frame = read_camt053(written(tmp_path, TEXT.replace(">50.00<", ">51.00<")))
    assert frame["amount"].tolist() == [49.90, 250.0, 1000.0, 12.0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (">49.90<", ">49,90<", "Entry 1 of statement 2026-044 in bank.xml has the amount '49,90'"),
        (">49.90<", ">-1<", "has the amount '-1'"),
        (
            ">250.00</Amt><CdtDbtInd>DBIT",
            ">250.00</Amt><CdtDbtInd>D",
            "Entry 2 .* has CdtDbtInd 'D'; allowed are CRDT and DBIT",
        ),
        ("2026-03-02T23:30:00+01:00", "yesterday", "BookgDt 'yesterday'"),
        ("<ValDt><Dt>2026-03-04</Dt></ValDt><Addtl", "<Addtl", "neither BookgDt nor ValDt"),
        ("1700.10", "1700.11", "opens with 1000.00, its booked entries add up to 700.10, and it closes with 1700.11"),
        ("BkToCstmrStmt>", "BkToCstmrAcctRpt>", "not Document/BkToCstmrStmt/Stmt"),
        ("</Document>", "", "is not XML that can be read"),
        ("<Document", '<!DOCTYPE a [<!ENTITY b "c">]><Document', "declares entities of its own"),
    ],
)
def test_faults_are_sentences(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(DataError, match=said):
        read_camt053(written(tmp_path, TEXT.replace(old, new)))


def test_an_entry_at_fault_is_set_aside(tmp_path: Path) -> None:
    with collecting() as rejects:
        frame = read_camt053(written(tmp_path, TEXT.replace(">49.90<", ">much<")))
    assert frame["amount"].tolist() == [200.0, 50.0, 1000.0, 12.0]
    assert [row["place"] for row in rejects.rows] == ["Entry 1 of statement 2026-044 in bank.xml"]


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no \.xml file"):
        read_camt053(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_camt053(tmp_path / "absent.xml")
