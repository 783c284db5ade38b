"""Ranges, units, cells that are no numbers, missing cells that tell, and missing values that look like values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from verticals.core.task import Field
from verticals.datasets.checks.disguised import codes_in
from verticals.datasets.checks.ranges import check_disguised_missing, check_missing, check_ranges, independence
from verticals.datasets.table import read_table

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


def test_long_tails_and_other_ages_are_no_alarm() -> None:
    draw = np.random.default_rng(4)
    frame = ward(2000)
    frame["sales"] = draw.lognormal(4, 2.5, 2000)  # the largest is some thousand times the middle
    frame["age"] = draw.gamma(2, 25, 2000).round()  # of houses: a tail beyond 125 years
    assert frame["age"].between(0, 125).mean() < 0.99
    assert check_ranges(material(frame)) == []
    frame["age"] = draw.integers(18, 90, 2000)
    frame.loc[[3, 8], "age"] = [431, -4]
    assert only(check_ranges(material(frame))).rows == (3, 8)


def test_a_field_that_is_only_carried_along_has_its_bounds() -> None:
    carried = task(Field("birth_weight", "number", unit="g", low=200, high=7000, protected=True))
    frame = ward().assign(birth_weight=3300.0)
    frame.loc[[7, 9], "birth_weight"] = [3.3, 33_000]
    found = only(check_ranges(material(frame, of=carried)))
    assert (found.field, found.rows, found.fix) == ("birth_weight", (7, 9), "blank")


@pytest.mark.parametrize("rate", [0.005, 0.02, 0.1])
def test_planted_slips_are_all_found(rate: float) -> None:
    for seed in range(5):
        draw = np.random.default_rng(seed)
        frame = ward(1000, seed)
        rows = np.sort(draw.choice(1000, int(rate * 1000), replace=False))
        frame.loc[rows, "systolic_bp"] = draw.choice([0, 5, 999, 12000, -120], len(rows))
        assert only(check_ranges(material(frame, of=VITALS))).rows == tuple(rows.tolist())


# -- missing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [[[1, 9], [5, 2]], [[0, 7], [8, 1]], [[12, 1], [9, 7]]])
def test_small_tables_as_scipy_has_it(table: list[list[int]]) -> None:
    from scipy.stats import fisher_exact

    assert independence(np.array(table)) == pytest.approx(fisher_exact(table)[1], rel=1e-6)


def test_large_tables_as_scipy_has_it() -> None:
    from scipy.stats import chi2_contingency

    for table in (np.array([[30, 50], [60, 40]]), np.array([[20, 30, 50], [25, 25, 61]])):
        assert independence(table) == pytest.approx(chi2_contingency(table, correction=False)[1], rel=1e-9)
    assert independence(np.array([[0, 5], [0, 9]])) == 1.0


def test_what_the_task_declares_may_be_asked_of_some_only() -> None:
    frame = ward()
    frame.loc[frame["ill"] == "yes", "temperature"] = np.nan
    tells = [one for one in check_missing(material(frame, of=VITALS)) if one.check == "missing_tells"]
    assert only(tells).level == "note"


def test_rows_that_say_nothing() -> None:
    frame = ward().astype(object)
    frame.loc[[4, 399], frame.columns.drop("ill")] = None
    found = only([one for one in check_missing(material(frame)) if one.check == "empty_rows"])
    assert (found.rows, found.level, found.fix) == ((4, 399), "warn", "drop")


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


def test_a_word_that_keeps_numbers_from_being_read() -> None:
    frame = ward().astype({"income": object})
    rows = list(range(0, 400, 10))
    frame.loc[rows, "income"] = "not done"
    found = only(check_disguised_missing(material(frame.astype({"income": str}))))
    assert (found.level, found.field, found.rows, found.fix) == ("warn", "income", tuple(rows), "blank")
    assert "360 of 400 cells of 'income' are numbers, but the column is read as words" in found.message


def test_codes_of_a_score_bureau_and_of_a_census() -> None:
    draw = np.random.default_rng(5)
    trades = np.concatenate([draw.poisson(20, 900), np.full(60, -7), np.full(30, -8), np.full(10, -9)]).astype(float)
    assert codes_in(trades) == [-9, -8, -7]
    late = np.concatenate([draw.geometric(0.35, 2000) - 1, np.full(20, 98), np.full(4, 96)]).astype(float)
    late[:14] = range(14)
    assert codes_in(late) == [96, 98]
    employed = np.concatenate([-draw.integers(1, 17_000, 800), np.full(180, 365_243)]).astype(float)
    assert codes_in(employed) == [365_243]
    gain = np.concatenate(
        [np.zeros(5000), draw.lognormal(8.3, 0.8, 400).round().clip(114, 41_310), np.full(30, 99_999)]
    )
    assert codes_in(gain) == [99_999]
    scale = np.concatenate([draw.integers(1, 6, 300), np.full(9, 99), np.full(3, -9)]).astype(float)
    assert codes_in(scale) == [-9, 99]


def test_measurements_that_cannot_be_zero() -> None:
    """As in a well-known table on diabetes: spread and lowest values as published for it, zeros planted."""
    draw = np.random.default_rng(6)
    for low, middle, spread, zeros in ((44, 117, 30, 5), (24, 72, 12, 35), (18.2, 32.3, 6.9, 11), (7, 29, 10, 227)):
        values = np.maximum(draw.normal(middle, spread, 768 - zeros), low).round(1 if low == 18.2 else 0)
        assert codes_in(np.concatenate([values, np.zeros(zeros)]), measured=True) == [0]
    assert codes_in(draw.poisson(3.8, 768).astype(float), measured=True) == []  # pregnancies


def test_a_skewed_measurement_and_a_skewed_debt() -> None:
    """The same numbers: a zero of insulin means missing, one of debts may be true."""
    draw = np.random.default_rng(8)
    values = np.concatenate([np.maximum(draw.lognormal(4.8, 0.7, 394), 14).round(), np.zeros(374)])
    frame = ward(768).assign(Insulin=values, debts_elsewhere=values)
    assert only(check_disguised_missing(material(frame))).field == "Insulin"


def test_a_zero_that_the_author_allows_and_a_share_of_nothing() -> None:
    draw = np.random.default_rng(9)
    frame = ward(400).assign(late=np.where(draw.random(400) < 0.2, 0, draw.normal(300, 20, 400).round()))
    frame["risk"] = np.where(draw.random(400) < 0.3, 0, draw.normal(0.4, 0.03, 400).round(3))
    assert only(check_disguised_missing(material(frame))).field == "late"
    assert check_disguised_missing(material(frame, of=task(Field("late", "number", low=0, high=1000)))) == []


def test_zeros_that_are_the_rule_are_noted_and_left() -> None:
    draw = np.random.default_rng(7)
    floor = np.concatenate([np.zeros(240), draw.normal(900, 150, 160).round()])
    found = only(check_disguised_missing(material(ward().assign(second_floor=draw.permutation(floor)))))
    assert (found.level, found.fix, found.count) == ("note", "", 240)


def test_a_code_is_told_once() -> None:
    frame = ward()
    frame.loc[[4, 8, 9], "income"] = -9999
    assert check_ranges(material(frame)) == []
    assert only(check_disguised_missing(material(frame))).rows == (4, 8, 9)


@pytest.mark.parametrize("seed", range(20))
def test_numbers_of_all_kinds_are_no_alarm(seed: int) -> None:
    draw = np.random.default_rng(seed)
    for values in (
        draw.integers(0, 100, 500),
        draw.integers(60, 100, 500),
        draw.integers(-9, 10, 500),
        draw.integers(1, 1000, 5000),
        draw.normal(0, 3, 500).round(),
        draw.exponential(30, 500).round(),
        draw.beta(0.5, 0.5, 500).round(2),
        draw.lognormal(3, 1, 500).round(1),
        draw.choice([-2, -1, 0, 1, 2, 3, 8], 500),
        np.repeat(draw.normal(50, 9, 100), 5),
        draw.uniform(18, 90, 500).round(),
    ):
        assert codes_in(np.asarray(values, float)) == []


# -- public files -----------------------------------------------------------------------------------------------------


def test_cholesterol_of_the_heart_table(shared_data: Path) -> None:
    heart = read_table(shared_data / "heart_918" / "heart.csv")
    made = material(heart, label="HeartDisease")
    found = only(check_disguised_missing(made))
    assert (found.field, found.count) == ("Cholesterol", 172)
    assert found.rows == tuple(heart.index[heart["Cholesterol"] == 0].tolist())
    pressure = only(check_ranges(made))
    assert (pressure.field, pressure.rows) == ("RestingBP", (449,))


def test_credit_tables_are_quiet(shared_data: Path) -> None:
    for name in ("taiwan_credit_default/UCI_Credit_Card.csv",):
        made = material(read_table(shared_data / name), label="default.payment.next.month", thorough=False)
        assert check_ranges(made) + check_missing(made) + check_disguised_missing(made) == []
