"""Readers of finance, on small files and on the real ones."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.domains.finance.readers import (
    age_band,
    read_fraud_handbook,
    read_statlog_german,
    read_taiwan,
    read_transactions,
)
from verticals.domains.finance.tasks import CREDIT

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def needs(folder: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not (DATA / folder).is_dir(), reason=f"{folder} is not on this machine")


def written(folder: Path, text: str, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_transaction_log_with_other_names(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "Trans ID,Timestamp,Customer-ID,Merchant,AMT,is_fraud,TX_FRAUD_SCENARIO,city\n"
        "9,2025-01-01 10:00:00,7,shop,10.5,1,3,Ulm\n"
        "8,2025-01-08 10:00:00,8,shop,20,0,0,\n"
        "7,2025-01-08 11:00:00,7,shop,,,0,Ulm\n",
    )
    frame = read_transactions(path)
    assert frame["amount"].isna().tolist() == [False, False, True]
    assert frame["card"].tolist() == ["7", "8", "7"]
    assert frame["outcome"].fillna("?").tolist() == ["fraud", "genuine", "?"]
    assert frame["terminal_risk_1d"].tolist() == [0.0, 1.0, 1.0]
    assert "city" in frame.columns
    assert not [name for name in frame.columns if "scenario" in name.lower()]


def test_transaction_log_without_labels_has_no_outcome(tmp_path: Path) -> None:
    frame = read_transactions(written(tmp_path, "time,card,terminal,amount\n2025-01-01,1,2,3\n"))
    assert "outcome" not in frame.columns
    assert frame["card_count_30d"].tolist() == [1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,card,amount\n2025-01-01,1,3\n", "no column for terminal"),
        ("time,card,terminal,amount\n2025-01-01,1,2,3\nsoon,1,2,3\n", "row 2: 'soon' is not a time"),
        ("time,card,terminal,amount\n2025-01-01,1,2,3\n2025-01-01,1,2,much\n", "row 2, column amount: 'much'"),
        ("time,card,terminal,amount,fraud\n2025-01-01,1,2,3,perhaps\n", "labels transactions 'perhaps'"),
    ],
)
def test_transaction_log_faults(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_transactions(written(tmp_path, text))


def test_a_raw_log_is_not_the_transformed_handbook(tmp_path: Path) -> None:
    text = "TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT\n2025-01-01,1,2,3\n"
    with pytest.raises(DataError, match="the reader 'transactions'"):
        read_fraud_handbook(written(tmp_path, text))
    with pytest.raises(DataError, match="daily pickles"):
        read_fraud_handbook(tmp_path)


@needs("fraud_handbook")
def test_handbook_week(tmp_path: Path) -> None:
    source = next((DATA / "fraud_handbook").glob("train_*"))
    lines = source.read_text().splitlines()[:3001]
    frame = read_fraud_handbook(written(tmp_path, "\n".join(lines) + "\n"))
    first = frame.iloc[0]
    assert len(frame) == 3000
    assert (first["card"], first["terminal"], first["amount"], first["outcome"]) == ("1111", "2328", 40.77, "genuine")
    assert (first["card_count_30d"], first["card_mean_30d"], first["terminal_count_30d"]) == (105, 30.1418, 32)
    assert (first["weekend"], first["night"]) == ("no", "yes")
    expected = sum(line.split(",")[7] == "1" for line in lines[1:])
    assert (frame["outcome"] == "fraud").sum() == expected
    assert not [name for name in frame.columns if name.startswith("TX_") or "SCENARIO" in name.upper()]


@needs("german_credit")
def test_german_codes_and_arff_give_the_same_rows() -> None:
    folder = DATA / "german_credit"
    codes, arff = read_statlog_german(folder / "german.data"), read_statlog_german(folder / "dataset_31_credit-g.arff")
    pd.testing.assert_frame_equal(codes, arff)
    assert codes["outcome"].value_counts().to_dict() == {"repaid": 700, "default": 300}
    assert codes["sex"].value_counts().to_dict() == {"male": 690, "female": 310}
    assert (codes["purpose"] == "radio or television").sum() == 280
    first = codes.iloc[0]  # A11 6 A34 A43 1169 A65 A75 4 A93 A101 4 A121 67 A143 A152 2 A173 1 A192 A201 1
    assert (first["checking"], first["duration_months"], first["amount"]) == ("below 0 DM", 6, 1169)
    assert (first["age"], first["age_band"], first["telephone"]) == (67, "60 and over", "yes")
    protected = {f.name for f in CREDIT.fields if f.protected}
    assert {"sex", "age", "age_band", "personal_status", "foreign_worker"} <= protected
    assert not codes.isna().any().any()


def test_german_faults(tmp_path: Path) -> None:
    row = "A11 6 A34 A43 1169 A65 A75 4 A93 A101 4 A121 67 A143 A152 2 A173 1 A192 A201 1"
    with pytest.raises(DataError, match="row 2: 20 cells instead of 21"):
        read_statlog_german(written(tmp_path, row + "\n" + row[:-2] + "\n", "german.data"))
    with pytest.raises(DataError, match=r"column checking: 'A15' is no known code\. Did you mean"):
        read_statlog_german(written(tmp_path, row.replace("A11", "A15"), "german.data"))
    with pytest.raises(DataError, match="holds no rows"):
        read_statlog_german(written(tmp_path, "\n", "german.data"))


@needs("taiwan_credit_default")
def test_taiwan_counts() -> None:
    frame = read_taiwan(DATA / "taiwan_credit_default" / "UCI_Credit_Card.csv")
    assert frame["outcome"].value_counts().to_dict() == {"repaid": 23_364, "default": 6_636}
    assert frame["sex"].value_counts().to_dict() == {"female": 18_112, "male": 11_888}
    assert frame["marriage"].value_counts().to_dict() == {
        "single": 15_964,
        "married": 13_659,
        "other": 323,
        "unknown": 54,
    }
    assert frame["education"].value_counts()["unknown"] == 14 + 280 + 51  # codes 0, 5 and 6
    assert frame["age"].isna().sum() == frame["age_band"].isna().sum() == 2
    first = frame.iloc[0]
    assert (first["credit_limit"], first["status_1"], first["status_6"], first["bill_1"]) == (20_000, 2, -2, 3913)
    assert "ID" not in frame.columns


def test_taiwan_faults(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column SEX"):
        read_taiwan(written(tmp_path, "ID,LIMIT_BAL\n1,2\n"))
    pay = ["PAY_0", *(f"PAY_{m}" for m in range(2, 7))]
    names = ["LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", *pay]
    names += [f"{what}_AMT{m}" for what in ("BILL", "PAY") for m in range(1, 7)] + ["default"]
    with pytest.raises(DataError, match="row 1: default is 2"):
        read_taiwan(written(tmp_path, ",".join(names) + "\n" + ",".join(["1"] * 23 + ["2"]) + "\n"))


def test_age_bands() -> None:
    bands = age_band(pd.Series([18, 24.9, 25, 39, 40, 59, 60, 91, None], dtype=float))
    assert bands.fillna("?").tolist() == [
        *["under 25"] * 2,
        *["25 to 39"] * 2,
        *["40 to 59"] * 2,
        *["60 and over"] * 2,
        "?",
    ]
