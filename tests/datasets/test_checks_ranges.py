"""Ranges, units, cells that are no numbers, missing cells that tell, and missing values that look like values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from verticals.core.task import Field
from verticals.datasets.checks.ranges import check_disguised_missing, check_missing, check_ranges

from .conftest import material, only, task

VITALS = task(
    Field("systolic_bp", "number", unit="mm[Hg]", low=40, high=300),
    Field("temperature", "number", unit="Cel", low=25, high=45),
)


def ward(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"systolic_bp": draw.normal(128, 15, rows).round(), "temperature": draw.normal(37, 0.5, rows).round(1)}
    )
    frame["debts"] = draw.poisson(1.0, rows)
    frame["income"] = draw.lognormal(8, 0.6, rows).round(2)
    frame["job"] = draw.choice(["clerk", "nurse", "driver"], rows)
    frame["ill"] = draw.choice(["yes", "no"], rows)
    return frame


@pytest.mark.parametrize("seed", range(20))
def test_clean_rows_raise_nothing(seed: int) -> None:
    given = material(ward(300, seed), ward(100, seed + 100), of=VITALS)
    assert check_ranges(given) + check_missing(given) + check_disguised_missing(given) == []


def test_a_pressure_that_cannot_be() -> None:
    frame = ward()
    frame.loc[[16, 40, 301], "systolic_bp"] = [12000, 1200, 4]
    found = only(check_ranges(material(frame, of=VITALS)))
    assert (found.level, found.field, found.rows, found.count, found.total) == (
        "warn", "systolic_bp", (16, 40, 301), 3, 400
    )  # fmt: skip
    assert (
        "3 of 400 values of 'systolic_bp' are outside the plausible range (40 to 300 mm[Hg]), such as 12000 in row 17"
        in found.message
    )
    assert found.fix == "blank"


def test_the_test_file_is_looked_at_too() -> None:
    later = ward(100, 1)
    later.loc[7, "systolic_bp"] = 999
    found = only(check_ranges(material(ward(), later, of=VITALS)))
    assert (found.part, found.rows) == ("test", (7,))
    assert "of the test" in found.message


def test_another_unit_is_named() -> None:
    frame = ward()
    frame.loc[10:39, "temperature"] = (frame.loc[10:39, "temperature"] * 9 / 5 + 32).round(1)
    found = only(check_ranges(material(frame, of=VITALS)))
    assert found.rows == tuple(range(10, 40))
    assert "they look like degrees Fahrenheit" in found.message
    assert found.remedy == "Convert these values to Cel."


def test_a_column_that_is_called_like_a_vital_sign_has_bounds() -> None:
    frame = ward().rename(columns={"systolic_bp": "RestingBP"})
    frame.loc[449 - 400, "RestingBP"] = 0
    found = only(check_ranges(material(frame)))
    assert (found.field, found.rows) == ("RestingBP", (49,))
    assert "(40 to 300 mm[Hg])" in found.message


def test_a_slip_of_the_decimal_point_is_told_and_not_emptied() -> None:
    frame = ward()
    frame.loc[5, "income"] = 9e8
    found = only(check_ranges(material(frame)))
    assert (found.rows, found.fix) == ((5,), "")
    assert "such as 9e+08 in row 6" in found.message


def test_cells_that_are_no_numbers() -> None:
    frame = ward().astype({"income": object})
    frame.loc[[2, 9], "income"] = ["about 900", "12,5"]
    found = only(check_ranges(material(frame)))
    assert (found.check, found.rows, found.fix) == ("not_numbers", (2, 9), "blank")
    assert "2 of 400 cells in the number column 'income' are no finite numbers" in found.message


# -- missing ----------------------------------------------------------------------------------------------------------


def test_a_field_that_is_missing_for_one_class_only() -> None:
    frame = ward()
    frame.loc[(frame["ill"] == "yes") & (np.arange(400) % 2 == 0), "income"] = np.nan
    found = only(check_missing(material(frame)))
    ill = frame["ill"] == "yes"
    share = frame.loc[ill, "income"].isna().mean()
    assert (found.check, found.level) == ("missing_tells", "warn")
    assert found.figures["share"] == {"no": 0.0, "yes": round(share, 4)}
    assert f"empty in {share:.0%} of 'yes' and in 0% of 'no'" in found.message


def test_gaps_by_chance_are_no_alarm() -> None:
    for seed in range(20):
        frame = ward(300, seed)
        for name in ("systolic_bp", "temperature", "income"):
            frame.loc[np.random.default_rng(seed).random(300) < 0.2, name] = np.nan
        assert check_missing(material(frame)) == []


def test_a_field_that_the_test_does_not_have() -> None:
    found = only(check_missing(material(ward(), ward(100, 1).drop(columns="income"))))
    assert (found.check, found.figures) == ("missing_differs", {"data": 0.0, "test": 1.0})


def test_a_field_that_is_mostly_empty() -> None:
    frame = ward()
    frame.loc[:299, "temperature"] = np.nan
    found = only(check_missing(material(frame)))
    assert (found.check, found.level, found.count) == ("missing", "note", 300)


# -- in disguise ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.3])
@pytest.mark.parametrize(("name", "code"), [("systolic_bp", 0), ("systolic_bp", 999), ("income", -1), ("debts", 99)])
def test_a_code_for_missing(name: str, code: int, rate: float) -> None:
    frame = ward(600)
    if name == "debts":
        frame["debts"] = np.random.default_rng(1).poisson(6.0, 600)
    rows = sorted(np.random.default_rng(2).choice(600, int(rate * 600), replace=False).tolist())
    frame.loc[rows, name] = code
    found = only([one for one in check_disguised_missing(material(frame)) if one.field == name])
    assert found.rows == tuple(rows)
    assert (found.level, found.fix, found.figures["code"]) == ("warn", "blank", code)


def test_zeros_that_are_true_are_no_alarm() -> None:
    draw = np.random.default_rng(3)
    frame = ward(500)
    frame["children"] = draw.poisson(1.2, 500)
    frame["gain"] = np.where(draw.random(500) < 0.9, 0, draw.lognormal(7, 1, 500)).round()
    frame["paid"] = np.where(draw.random(500) < 0.2, 0, draw.lognormal(7, 1.5, 500)).round()
    frame["depression"] = draw.normal(0.6, 1, 500).round(1)
    frame["glucose_high"] = draw.integers(0, 2, 500)
    assert check_disguised_missing(material(frame)) == []


def test_words_for_missing_are_noted() -> None:
    frame = ward()
    frame.loc[[3, 4, 90], "job"] = ["Unknown", "unknown", "未知"]
    found = only(check_disguised_missing(material(frame)))
    assert (found.level, found.field, found.rows) == ("note", "job", (3, 4, 90))
