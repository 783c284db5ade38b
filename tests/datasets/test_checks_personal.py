"""Personal data planted in rows at several rates, whole columns of it, and tables that hold none."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.datasets.checks.personal import check_personal, mask_text
from verticals.datasets.clean import clean
from verticals.datasets.finding import Finding, Material

from .conftest import material, only
from .test_personal import EMAILS, FIRST, HAN, LAST, PHONES, card, iban, resident_id, ssn, written_card, written_iban

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ENGLISH = (
    "The app shows an error after the update.", "I was charged twice for one order of 35 euros.",
    "Pain in the left knee since Monday, worse at night.", "Please explain step 3 of the sum 45 + 17 = 62.",
    "The transfer of $1,250.00 from 2024-03-05 is still pending.", "Blood pressure 120/80, heart rate 72, no fever.",
)  # fmt: skip
CHINESE = (
    "患者高热3天，伴咳嗽，体温38.5度。", "我的转账还没有到账，金额是1250元。", "老师，这道题第3步怎么做？", "血压120/80，心率72次。",
)  # fmt: skip


def notes(language: tuple[str, ...], rows: int, seed: int = 0) -> pd.DataFrame:
    draw = random.Random(seed)
    texts = [f"{draw.choice(language)} {draw.choice(language)} ({draw.randint(1, 999)})" for _ in range(rows)]
    return pd.DataFrame({"note": texts, "age": [draw.randint(18, 90) for _ in range(rows)],
                         "ill": [draw.choice(["yes", "no"]) for _ in range(rows)]})  # fmt: skip


PLAIN = material(pd.DataFrame({"x": [1, 2, 2] * 20, "ill": ["yes", "no"] * 30}))


def looked(frame: pd.DataFrame, test: pd.DataFrame | None = None, **more: Any) -> Material:
    """Material whose rows are as read, whatever a task would make of them."""
    return replace(PLAIN, raw=frame, test_raw=test, **more)


def of_kind(found: list[Finding], kind: str) -> Finding:
    return only([one for one in found if one.figures.get("kind") == kind])


MAKERS = {
    "card": written_card, "resident_id": resident_id, "iban": written_iban, "ssn": ssn,
    "email": lambda draw: draw.choice(EMAILS), "phone": lambda draw: draw.choice(PHONES),
}  # fmt: skip


@pytest.mark.parametrize("language", [ENGLISH, CHINESE], ids=["english", "chinese"])
@pytest.mark.parametrize("rate", [0.005, 0.05, 0.5])
@pytest.mark.parametrize("kind", MAKERS)
def test_planted_numbers_are_found_in_their_rows(kind: str, rate: float, language: tuple[str, ...]) -> None:
    frame = notes(language, 1_000)
    draw = random.Random(3)
    planted = sorted(draw.sample(range(1_000), int(1_000 * rate)))
    for row in planted:
        frame.loc[row, "note"] = f"{frame.loc[row, 'note']} {MAKERS[kind](draw)} {frame.loc[row, 'note']}"
    found = of_kind(check_personal(looked(frame)), kind)
    assert (found.level, found.field, found.fix, found.part) == ("warn", "note", "mask", "data")
    assert set(found.rows) <= set(planted)
    assert len(found.rows) >= 0.98 * len(planted)
    assert (found.count, found.total) == (len(found.rows), 1_000)


@pytest.mark.parametrize(
    ("language", "templates"),
    [(ENGLISH, ("My name is {}.", "Patient: {}, 40", "Dear {},", "Seen by Dr. {}.", "signed by {}", "Regards, {}.")),
     (CHINESE, ("姓名：{}，", "患者{}，男，", "我叫{}，", "{}先生来电。", "联系人：{}。"))],
)  # fmt: skip
@pytest.mark.parametrize("rate", [0.01, 0.2])
def test_planted_names(language: tuple[str, ...], templates: tuple[str, ...], rate: float) -> None:
    frame = notes(language, 1_000)
    draw = random.Random(4)
    planted = sorted(draw.sample(range(1_000), int(1_000 * rate)))
    for row in planted:
        name = draw.choice(HAN) if language is CHINESE else f"{draw.choice(FIRST)} {draw.choice(LAST)}"
        frame.loc[row, "note"] = f"{frame.loc[row, 'note']}\n{draw.choice(templates).format(name)}"
    found = of_kind(check_personal(looked(frame)), "name")
    assert found.level == "warn"
    assert set(found.rows) <= set(planted)
    assert len(found.rows) >= 0.9 * len(planted)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("language", [ENGLISH, CHINESE], ids=["english", "chinese"])
def test_clean_rows_raise_nothing(language: tuple[str, ...], seed: int) -> None:
    frame = notes(language, 300, seed)
    assert check_personal(looked(frame, notes(language, 100, seed + 50))) == []


def test_wrong_checksums_raise_nothing() -> None:
    frame = notes(ENGLISH, 400)
    draw = random.Random(5)
    for row in range(0, 400, 4):
        number = card(draw)
        frame.loc[row, "note"] = f"see {number[:-1]}{(int(number[-1]) + 5) % 10} there"
    assert check_personal(looked(frame)) == []


def test_examples_never_show_what_was_found() -> None:
    frame = notes(ENGLISH, 200)
    secrets = ("Alice Smith", "Smith", "alice.smith@example.org", "4111 1111 1111 1111", "4111", "7946")
    frame.loc[16, "note"] = (
        "My name is Alice Smith and the bank of Zanzibar has alice.smith@example.org, 4111 1111 1111 1111, +44 20 7946 0958"
    )
    found = check_personal(looked(frame))
    assert {one.figures["kind"] for one in found} == {"name", "email", "card", "phone"}
    said = json.dumps([[one.message, one.remedy, one.examples, one.figures] for one in found])
    assert not [secret for secret in (*secrets, "Zanzibar") if secret in said]
    assert of_kind(found, "name").examples[0].startswith("row 17: … name is [NAME]")
    assert "1 of 200 cells in 'note' hold names, first row 17." in {one.message for one in found}


def test_the_test_part_is_looked_at() -> None:
    later = notes(ENGLISH, 100, 1)
    later.loc[7, "note"] = "write to jo@example.org"
    found = only(check_personal(looked(notes(ENGLISH, 300), later)))
    assert (found.part, found.rows, found.field) == ("test", (7,), "note")
    assert "of the test" in found.message


def test_fix_masks_what_was_found_and_nothing_else() -> None:
    frame = notes(CHINESE, 300)
    frame.loc[[3, 9], "note"] = ["患者张伟，男，电话13812345678", "卡号 4111 1111 1111 1111 已冻结"]
    rows, changes = clean(frame, check_personal(looked(frame)))
    assert rows["note"].tolist()[3:10:6] == ["患者[NAME]，男，电话[PHONE]", "卡号 [CARD] 已冻结"]
    assert changes["row"].tolist() == [4, 10]
    assert rows["note"].drop([3, 9]).tolist() == frame["note"].drop([3, 9]).tolist()
    assert check_personal(looked(rows)) == []


# -- whole columns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "cells", "kind"),
    [
        ("name", [f"{a} {b}" for a in FIRST for b in LAST], "name"),
        ("PatientName", [f"{b}, {a}" for a in FIRST for b in LAST], "name"),
        ("first_name", list(FIRST) * 10, "name"),
        ("surname", ["Smith", "Okafor", "Kowalski", "Nguyen"] * 25, "name"),
        ("姓名", list(HAN) * 9, "name"),
        ("someone", [f"{a} {b}" for a in FIRST for b in LAST], "name"),
        ("phone_number", [f"020 7946 {n:04d}" for n in range(100)], "phone"),
        ("手机号", [f"138{n:08d}" for n in range(12345678, 12345778)], "phone"),
        ("Mobile", [7911123456 + n for n in range(100)], "phone"),
        ("E-mail", [f"jo{n}@example.org" for n in range(100)], "email"),
        ("dob", [f"19{n:02d}-03-12" for n in range(50)] * 2, "birth_date"),
        ("出生日期", [f"19{n:02d}年3月12日" for n in range(50)] * 2, "birth_date"),
        ("ssn", [f"{n:09d}" for n in range(123456789, 123456889)], "ssn"),
        ("address", [f"{n} Oak Tree Lane" for n in range(100)], "address"),
        ("住址", [f"北京市朝阳区建国路{n}号" for n in range(1, 101)], "address"),
        ("MRN", [f"{n:08d}" for n in range(4455667, 4455767)], "mrn"),
        ("病历号", [f"{n}" for n in range(20230001, 20230101)], "mrn"),
    ],
)
def test_columns_named_for_what_they_hold(header: str, cells: list[object], kind: str) -> None:
    frame = pd.DataFrame({header: cells, "x": np.arange(len(cells)) % 7})
    frame["ill"] = np.where(np.arange(len(cells)) % 2, "yes", "no")
    found = only(check_personal(looked(frame)))
    assert (found.level, found.field, found.figures["kind"], found.fix) == ("warn", header, kind, "blank")
    assert (found.count, found.rows) == (len(cells), tuple(range(len(cells))))


@pytest.mark.parametrize("dtype", ["int64", "float64", "str", "object"])
def test_columns_of_card_numbers(dtype: str) -> None:
    draw = random.Random(6)
    numbers = []
    while len(numbers) < 200:
        number = card(draw)
        if len(number) == 16 and int(number) < 2**53:
            numbers.append(number)
    frame = notes(ENGLISH, 200).assign(reference=pd.Series(numbers, dtype="str"))
    if dtype in ("int64", "float64"):
        frame["reference"] = frame["reference"].astype("int64").astype(dtype)
    elif dtype == "object":
        frame["reference"] = frame["reference"].astype(object)
    found = only(check_personal(looked(frame)))
    assert (found.level, found.field, found.figures["kind"], found.count) == ("warn", "reference", "card", 200)
    rows, _ = clean(frame, [found])
    assert rows["reference"].map(str).isin(["[CARD]", "", "None", "nan"]).all()


def test_columns_of_resident_ids_and_ibans() -> None:
    draw = random.Random(6)
    frame = pd.DataFrame({"a": [resident_id(draw) for _ in range(100)], "b": [iban(draw) for _ in range(100)]})
    found = check_personal(looked(frame))
    assert {(one.field, one.figures["kind"], one.count) for one in found} == {
        ("a", "resident_id", 100),
        ("b", "iban", 100),
    }


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["int64", "str"])
def test_numbers_that_are_nobodys_raise_nothing(kind: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows = 1_000
    frame = pd.DataFrame(
        {
            "TRANSACTION_ID": draw.integers(10**15, 10**16 - 1, rows),
            "order": 4_500_000_000_000_000 + np.arange(rows),
            "invoice": draw.integers(10**17, 10**18, rows),
            "CUSTOMER_ID": draw.integers(10**9, 10**10, rows),
            "device": draw.integers(10**10, 10**11, rows),
            "amount_cents": draw.integers(0, 10**7, rows),
            "seconds": 1_600_000_000 + draw.integers(0, 10**8, rows),
            "milliseconds": 1_600_000_000_000 + draw.integers(0, 10**11, rows),
            "stamp": 20_180_808_000_000 + draw.integers(0, 235_959, rows),
        }
    ).astype(kind)
    frame["when"] = pd.Series(pd.Timestamp("2018-08-08") + pd.to_timedelta(draw.integers(0, 10**6, rows), "s")).astype(
        "str"
    )
    frame["amount"] = draw.lognormal(4, 1, rows).round(2)
    frame["email"] = draw.integers(0, 2, rows)
    frame["name"] = [f"M{n}" for n in range(rows)]
    frame["ill"] = draw.choice(["yes", "no"], rows)
    assert check_personal(looked(frame)) == []


def test_names_of_other_things_are_no_names() -> None:
    frame = pd.DataFrame({"name": ["Propanolol", "Aspirin", "Terbutylchlorambucil", "Clonidine", "Valproate"] * 20})
    frame["product_name"] = ["Blue Chair", "Garden Table", "Desk Lamp", "Night Stand", "Red Sofa"] * 20
    frame["ill"] = ["yes", "no"] * 50
    assert check_personal(looked(frame)) == []


def test_classes_are_told_and_not_changed() -> None:
    found = only(check_personal(looked(pd.DataFrame({"ill": ["jo@example.org", "mo@example.org"] * 20}))))
    assert (found.field, found.fix, found.count) == ("ill", "", 40)


def test_cells_with_lists_are_read_and_left_alone() -> None:
    cells = [[{"role": "user", "content": f"call me on 020 7946 {n:04d}"}] for n in range(40)]
    frame = pd.DataFrame({"messages": pd.Series(cells, dtype=object), "x": range(40), "ill": ["yes", "no"] * 20})
    found = only(check_personal(looked(frame)))
    assert (found.count, found.fix, found.figures["kind"]) == (40, "", "phone")


def test_odd_cells_raise_nothing() -> None:
    frame = pd.DataFrame(
        {
            "a": pd.Series([None, 1, 2.5, True, "x", float("nan")] * 10, dtype=object),
            "b": pd.Series([None] * 60, dtype=object),
            "c": pd.Series(["p", "q"] * 30, dtype="category"),
            "d": pd.date_range("2020-01-01", periods=60),
            "e": [float("inf"), 1e300, -1.0] * 20,
            "ill": ["yes", "no"] * 30,
        }
    )
    assert check_personal(looked(frame, frame.iloc[:0])) == []


# -- cost -------------------------------------------------------------------------------------------------------------


def test_a_quick_look_is_quick() -> None:
    check_personal(looked(notes(ENGLISH, 50).assign(note="call 020 7946 0958"), thorough=False))  # loads what it needs
    for rows, most in ((300, 0.1), (6_000, 1.0)):
        given = looked(notes(ENGLISH + CHINESE, rows), thorough=False)
        started = time.process_time()
        check_personal(given)
        assert time.process_time() - started < most


def test_the_share_that_was_read_is_told() -> None:
    frame = notes(ENGLISH, 3_000)
    frame["note"] = [f"{text} My name is Alice Smith, {n}" for n, text in enumerate(frame["note"])]
    frame.loc[::10, "note"] += " jo@example.org"
    found = check_personal(looked(frame, thorough=False))
    assert of_kind(found, "name").count == 300
    assert "(10 % of the cells that may hold some were read)" in of_kind(found, "name").message
    assert of_kind(found, "email").count == 300
    assert of_kind(check_personal(looked(frame)), "name").count == 3_000


@pytest.mark.slow
def test_a_million_rows() -> None:
    rows = 1_000_000
    draw = np.random.default_rng(0)
    numbers = draw.integers(0, 10**6, rows)
    frame = pd.DataFrame({"note": [f"The order {n} of customer {k} is late" for n, k in enumerate(numbers)]})
    frame["reference"] = draw.integers(10**15, 10**16, rows).astype(str)
    planted = np.sort(draw.choice(rows, 500, replace=False))
    frame.loc[planted, "note"] = [f"{text} 4111 1111 1111 1111" for text in frame.loc[planted, "note"]]
    frame["ill"] = "yes"
    given = looked(frame)
    started = time.process_time()
    found = only(check_personal(given))
    assert found.rows == tuple(planted.tolist())
    assert time.process_time() - started < 120


# -- public files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "most"),
    [
        ("banking77/train.csv", {}), ("symptom2disease/Symptom2Disease.csv", {"name": 3}), ("heart_918/heart.csv", {}),
        ("taiwan_credit_default/UCI_Credit_Card.csv", {}), ("moleculenet/clintox.csv", {}), ("moleculenet/bbbp.csv", {}),
        ("fraud_handbook/train_2018-07-25_to_2018-07-31.csv", {}), ("gsm8k/train.jsonl", {"name": 500}),
        ("tal_scq5k/ch_single_choice_train_3K.jsonl", {"name": 60}), ("tal_scq5k/en_single_choice_train_3K.jsonl", {"name": 60}),
    ],
)  # fmt: skip
def test_public_sets_without_personal_data_raise_no_warning(place: str, most: dict[str, int]) -> None:
    path = DATA / place
    if not path.exists():
        pytest.skip(f"the public file {place} is not here")
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_json(path, lines=True)
    found = check_personal(looked(frame))
    assert [one.message for one in found if one.level != "note"] == []
    assert all(one.count <= most.get(one.figures["kind"], 0) for one in found), [one.message for one in found]


def test_public_messages_have_numbers_to_call() -> None:
    path = DATA / "sms_smishing_5971" / "Dataset_5971_repaired.csv"
    if not path.exists():
        pytest.skip("the public file of text messages is not here")
    found = check_personal(looked(pd.read_csv(path)))
    assert of_kind(found, "phone").level == "warn"
    assert of_kind(found, "phone").count > 500
    assert {"card", "iban", "ssn", "resident_id", "nhs"}.isdisjoint(one.figures["kind"] for one in found)


def test_masks_of_a_cell() -> None:
    assert mask_text("Mail jo@example.org or call +44 20 7946 0958") == "Mail [EMAIL] or call [PHONE]"
    assert mask_text("") == ""
