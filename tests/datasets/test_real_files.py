"""Recognition and split on public files, where they lie beside the repository."""

from __future__ import annotations

import csv
import importlib
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from verticals.core.task import Kind, Metric, Prepared, SafetyPolicy, Task
from verticals.datasets.prepare import prepare
from verticals.datasets.table import read_chunks

NOTHING = Metric("nothing", "Nothing", lambda scored: 0.0)


def task(kind: Kind = "classification", label: str = "label", **more: Any) -> Task:
    return Task("test.case", "1", "A case", kind, label, (NOTHING,), SafetyPolicy("Not advice."), **more)


DATA = Path(__file__).parents[2].parent / "shared" / "data"


def prepared(name: str, label: str, *, rows: int = 20_000, **more: Any) -> Prepared:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the public file {name} is not here")
    return prepare(task(label=label), next(read_chunks(path, rows)), **more)


def kinds(data: Prepared) -> dict[str, list[str]]:
    return {kind: [f.name for f in data.schema.of_kind(kind)] for kind in ("text", "number", "category", "set")}  # type: ignore[arg-type]


def test_heart() -> None:
    data = prepared("heart_918/heart.csv", "HeartDisease")
    assert kinds(data) == {
        "text": [],
        "number": ["Age", "RestingBP", "Cholesterol", "FastingBS", "MaxHR", "Oldpeak"],
        "category": ["Sex", "ChestPainType", "RestingECG", "ExerciseAngina", "ST_Slope"],
        "set": [],
    }
    assert (data.schema.labels, data.schema.positive) == (("0", "1"), "1")
    assert sum(map(len, (data.train, data.validation, data.test))) == 918


def test_german_credit(tmp_path: Path) -> None:
    source = DATA / "german_credit" / "dataset_31_credit-g.arff"
    if not source.exists():
        pytest.skip("the public file german_credit/dataset_31_credit-g.arff is not here")
    lines = source.read_text(encoding="utf-8").splitlines()
    names = [m.group(1) for line in lines if (m := re.match(r"@attribute\s+'?(\w+)", line, re.IGNORECASE))]
    rows = list(csv.reader((line for line in lines if line and line[0] not in "@%"), quotechar="'"))
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "german.csv", index=False)
    data = prepare(task(label="class"), tmp_path / "german.csv", positive="bad")
    found = kinds(data)
    assert found["number"] == [
        "duration",
        "credit_amount",
        "installment_commitment",
        "residence_since",
        "age",
        "existing_credits",
        "num_dependents",
    ]
    assert len(found["category"]) == 13
    assert data.schema.positive == "bad"
    assert (data.test["class"] == "bad").sum() == 60  # 30 % of 200


def test_taiwan() -> None:
    data = prepared("taiwan_credit_default/UCI_Credit_Card.csv", "default.payment.next.month", rows=3000)
    assert data.schema.kept == ("ID",)
    assert kinds(data)["category"] == ["SEX", "MARRIAGE"]
    assert len(kinds(data)["number"]) == 21


def test_banking77() -> None:
    data = prepared("banking77/train.csv", "category", test=DATA / "banking77" / "test.csv")
    assert kinds(data)["text"] == ["text"]
    assert len(data.schema.labels) == 77
    assert len(data.test) == 3080
    assert data.train["category"].nunique() == 77
    assert any("near-duplicates" in note for note in data.notes)


def test_symptoms() -> None:
    data = prepared("symptom2disease/Symptom2Disease.csv", "label")
    assert kinds(data)["text"] == ["text"]
    assert data.schema.kept == ("index",)  # it counts the rows of each disease in turn


def test_fraud_by_time() -> None:
    data = prepared(
        "fraud_handbook/test_2018-08-08_to_2018-08-14.csv",
        "TX_FRAUD",
        time="TX_DATETIME",
        group="CUSTOMER_ID",
        ignore=("TX_FRAUD_SCENARIO",),  # it says which fraud it was, and the gate refuses it
        rows=3000,
    )
    assert data.validation["TX_DATETIME"].max() < data.test["TX_DATETIME"].min()
    assert {"TRANSACTION_ID", "CUSTOMER_ID", "TERMINAL_ID", "TX_DATETIME"} <= set(data.schema.kept)


def test_the_folder_does_not_hide_the_package_of_the_same_name() -> None:
    """`import datasets` from the root of the repository must find Hugging Face's where it is installed."""
    assert not (Path(__file__).parents[2] / "datasets" / "__init__.py").exists()
    assert importlib.import_module("verticals.datasets.prepare").prepare is prepare
