"""Whether the test can be told from the data; quiet where both are drawn alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from verticals.core.task import Field, SplitRule
from verticals.datasets.checks.shift import check_shift

from .conftest import material, only, task

MIXED = task(Field("note", "text"))
NOTES = ["chest pain since the morning", "a mild cough and a cold", "a sore throat without fever", "headache and dizzy"]


def rows(count: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": draw.normal(50 + 10 * shift, 10, count),
            "job": draw.choice(["clerk", "nurse", "driver"], count),
            "note": draw.choice(NOTES, count),
            "ill": draw.choice(["yes", "no"], count),
        }
    )


@pytest.mark.parametrize("seed", range(20))
def test_quiet_where_both_are_alike(seed: int) -> None:
    assert check_shift(material(rows(300, seed), rows(100, seed + 50), of=MIXED)) == []


def test_an_older_test_is_told_with_its_column_and_area() -> None:
    data, test = rows(1500, 0), rows(600, 1, shift=1.0)
    found = only(check_shift(material(data, test, of=MIXED)))
    assert (found.level, found.field) == ("warn", "age")
    truth = np.repeat([0, 1], [1500, 600])
    best = roc_auc_score(truth, np.concatenate([data["age"], test["age"]]))  # no model of the age does better
    assert found.figures["columns"]["age"] == pytest.approx(best, abs=0.04)
    assert found.figures["area"] == pytest.approx(best, abs=0.04)
    assert abs(found.figures["columns"]["job"] - 0.5) < 0.05


def test_texts_of_another_kind_are_told() -> None:
    test = rows(200, 1)
    test["note"] = "SMS: " + test["note"]
    found = only(check_shift(material(rows(400, 0), test, of=MIXED)))
    assert (found.level, found.field) == ("warn", "note")
    assert found.figures["columns"]["note"] > 0.99


def test_later_rows_differ_a_little() -> None:
    timed = task(Field("note", "text"), split=SplitRule("time", time="day"))
    data = rows(900, 0).assign(day=pd.date_range("2020-01-01", periods=900))
    test = rows(300, 1, shift=1.2).assign(day=pd.date_range("2023-01-01", periods=300))
    assert only(check_shift(material(data, test, of=timed))).level == "note"


def test_too_few_rows_say_nothing() -> None:
    assert check_shift(material(rows(300, 0), rows(20, 1, shift=3.0), of=MIXED)) == []
    assert check_shift(material(rows(300, 0), of=MIXED)) == []


def test_before_tuning_it_is_quick_and_still_sees_it() -> None:
    found = only(check_shift(material(rows(3000, 0), rows(900, 1, shift=2.0), of=MIXED, thorough=False)))
    assert found.figures["rows"] == [400, 400]
    assert found.figures["area"] > 0.85
