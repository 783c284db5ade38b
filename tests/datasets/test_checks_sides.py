"""One patient on two sides, groups that nobody named, and rows from the future."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from verticals.core.registry import load_task
from verticals.core.task import Field, SplitRule
from verticals.datasets.checks.balance import check_balance, check_sample_size
from verticals.datasets.checks.language import check_lengths, check_script
from verticals.datasets.checks.ranges import check_disguised_missing, check_missing, check_ranges
from verticals.datasets.checks.sides import check_groups, check_time
from verticals.datasets.finding import Check
from verticals.datasets.split import split

from .conftest import material, only, task

MINE: tuple[Check, ...] = (
    check_ranges,
    check_missing,
    check_disguised_missing,
    check_balance,
    check_sample_size,
    check_groups,
    check_time,
    check_script,
    check_lengths,
)
GROUPED = task(split=SplitRule("group", group="patient"))


def visits(rows: int = 300, patients: int = 100, first: int = 0, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"patient": [f"P{first + n % patients}" for n in range(rows)], "age": draw.normal(50, 9, rows)}
    )
    frame["ward"] = draw.choice(["a", "b"], rows)
    frame["ill"] = draw.choice(["yes", "no"], rows)
    return frame


def test_patients_on_one_side_each() -> None:
    assert check_groups(material(visits(), visits(first=100, seed=1), of=GROUPED)) == []


def test_patients_of_the_data_in_the_test() -> None:
    test = visits(60, 20, first=95, seed=1)  # P95 to P114, of which five are known, three rows each
    found = only(check_groups(material(visits(), test, of=GROUPED)))
    assert (found.level, found.count, found.total) == ("stop", 15, 60)
    assert found.figures["shared"] == 5
    known = tuple(n for n in range(300) if n % 100 >= 95)
    assert (found.rows, found.fix) == (known, "drop")


def test_a_group_that_nobody_named_is_a_warning() -> None:
    found = only(check_groups(material(visits())))
    assert (found.level, found.field) == ("warn", "patient")
    assert "--group patient" in found.remedy
    assert check_groups(material(visits(), group="patient")) == []
    shared = only(check_groups(material(visits(), visits(60, 20, first=95, seed=1))))
    assert (shared.level, shared.fix, shared.count) == ("warn", "", 15)


def test_what_is_no_group() -> None:
    numbered = visits().assign(patient=range(300), school=lambda f: f["ward"], age_id=lambda f: f["age"])
    assert check_groups(material(numbered)) == []
    # each file counts its own rows: no patient is shared
    assert check_groups(material(numbered, visits(50, seed=1).assign(patient=range(50)))) == []


def test_numbers_that_are_shared_and_do_not_count_rows() -> None:
    draw = np.random.default_rng(0)
    known = draw.choice(10**6, 300, replace=False)
    data = visits().assign(patient=known)
    test = visits(50, seed=1).assign(patient=np.concatenate([known[:10], 2_000_000 + np.arange(40)]))
    found = only(check_groups(material(data, test)))
    assert (found.level, found.count) == ("warn", 10)


def test_a_card_on_two_sides_of_a_split_by_time() -> None:
    cards = task(split=SplitRule("time", time="day", group="card"))
    data = visits().rename(columns={"patient": "card"}).assign(day=pd.date_range("2024-01-01", periods=300))
    test = visits(50).rename(columns={"patient": "card"}).assign(day=pd.date_range("2025-01-01", periods=50))
    found = only(check_groups(material(data, test, of=cards)))
    assert (found.level, found.fix) == ("note", "")


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_planted_patients_are_all_found(rate: float) -> None:
    for seed in range(5):
        draw = np.random.default_rng(seed)
        test = visits(200, 200, first=1000, seed=seed)
        rows = np.sort(draw.choice(200, int(200 * rate), replace=False))
        test.loc[rows, "patient"] = [f"P{n}" for n in draw.integers(0, 100, len(rows))]
        found = only(check_groups(material(visits(), test, of=GROUPED)))
        assert found.count == len(rows)
        assert found.level == ("stop" if rate >= 0.05 else "warn")
        unnamed = only(check_groups(material(visits(), test)))  # no group is set: never a stop
        assert (unnamed.check, unnamed.level, unnamed.count) == ("unnamed_groups", "warn", len(rows))


@pytest.mark.parametrize("seed", range(20))
def test_grouped_rows_with_clean_sides_raise_nothing(seed: int) -> None:
    data = visits(seed=seed).assign(visit_no=range(300), ward_id=lambda f: f["ward"])
    test = visits(90, 30, first=100, seed=seed + 50).assign(visit_no=range(90), ward_id=lambda f: f["ward"])
    assert check_groups(material(data, test, of=GROUPED)) == []


def test_a_number_is_the_same_in_any_writing() -> None:
    data = visits().assign(patient=lambda f: f["patient"].str[1:].astype(int))
    test = visits(30, 10, first=95).assign(patient=lambda f: f["patient"].str[1:])
    test["patient"] = test["patient"] + ".0"
    assert only(check_groups(material(data, test, of=GROUPED))).figures["shared"] == 5


def test_only_the_wider_of_two_groups_is_named() -> None:
    frame = visits().assign(dialogue_id=lambda f: f["patient"] + "-" + (f.index // 200).astype(str))
    assert only(check_groups(material(frame))).field == "patient"


def test_missing_groups_and_groups_of_one() -> None:
    frame = visits()
    frame.loc[:29, "patient"] = None
    found = only(check_groups(material(frame, of=GROUPED)))
    assert (found.check, found.level, found.count) == ("group_missing", "warn", 30)
    alone = only(check_groups(material(visits(patients=300), group="patient")))
    assert (alone.check, alone.level) == ("group_names_rows", "note")


def test_conversations_of_bridge(shared_data: Path) -> None:
    """Its official splits share conversations: 94 of the 210 test rows."""
    data, test = (pd.read_json(shared_data / "bridge" / f"{part}.json") for part in ("train", "test"))
    data, test = (
        pd.DataFrame(
            {
                "c_id": f["c_id"],
                "text": f["c_r"].astype(str),
                "ill": ["yes", "no"] * (len(f) // 2) + ["no"] * (len(f) % 2),
            }
        )
        for f in (data, test)
    )
    found = only(check_groups(material(data, test, group="c_id")))
    assert (found.level, found.count, found.total) == ("stop", 94, 210)


# -- time -------------------------------------------------------------------------------------------------------------


def dated(first: str, rows: int = 200, seed: int = 0) -> pd.DataFrame:
    return visits(rows, seed=seed).assign(day=pd.date_range(first, periods=rows))


def test_data_before_the_test_is_right() -> None:
    assert check_time(material(dated("2023-01-01"), dated("2024-01-01", 50), time="day")) == []
    assert check_time(material(dated("2023-01-01"))) == []


@pytest.mark.parametrize(
    ("begins", "level", "early", "late"), [("2023-07-16", "warn", 3, 3), ("2023-01-01", "stop", 50, 199)]
)
def test_a_test_that_is_older_than_the_data(begins: str, level: str, early: int, late: int) -> None:
    found = only(check_time(material(dated("2023-01-01"), dated(begins, 50), time="day")))
    assert (found.check, found.level, found.count) == ("time_order", level, early)
    assert found.rows == tuple(range(200 - late, 200))
    assert found.fix == ("drop" if late == 3 else "")  # nobody wants to lose all rows but one


def test_one_wrong_date_is_no_stop() -> None:
    data = dated("2023-01-01")
    data.loc[3, "day"] = pd.Timestamp("2025-01-01")
    found = only(check_time(material(data, dated("2024-01-01", 50), time="day")))
    assert (found.level, found.rows, found.fix) == ("warn", (3,), "drop")


def test_labels_that_come_late() -> None:
    cards = task(split=SplitRule("time", time="day", delay_days=7))
    late = only(check_time(material(dated("2023-01-01"), dated("2023-07-20", 50), of=cards)))
    assert (late.check, late.level, late.rows) == ("time_delay", "note", (194, 195, 196, 197, 198, 199))
    assert check_time(material(dated("2023-01-01"), dated("2023-07-27", 50), of=cards)) == []


def test_dates_that_cannot_be() -> None:
    frame = dated("2023-01-01")
    frame.loc[[4, 5], "day"] = [pd.Timestamp("2093-01-05"), pd.Timestamp("2203-01-06")]
    frame.loc[[7, 8], "day"] = pd.Timestamp("1970-01-01")
    frame.loc[9, "day"] = pd.Timestamp("1823-01-05")
    future, old, placeholder = check_time(material(frame, time="day"))
    assert {one.check for one in (future, old, placeholder)} == {"impossible_times"}
    assert (future.rows, old.rows, placeholder.rows) == ((4, 5), (9,), (7, 8))
    assert (future.level, future.fix) == ("warn", "blank")
    assert "later than tomorrow, such as 2093-01-05 00:00:00 in row 5" in future.message
    since = dated("1970-01-01")  # seconds since a start, read as times, are no placeholder
    assert check_time(material(since, time="day")) == []


def test_days_that_no_calendar_has() -> None:
    frame = dated("2023-01-01")
    frame["day"] = frame["day"].dt.strftime("%Y-%m-%d")
    frame.loc[[5, 6], "day"] = ["2023-02-30", "soon"]
    found = only(check_time(material(frame, time="day")))
    assert (found.check, found.rows, found.fix) == ("not_times", (5, 6), "blank")
    assert "such as '2023-02-30' in row 6" in found.message


def test_a_time_that_the_task_declares() -> None:
    applied = task(Field("applied", "time"))
    frame = dated("2023-01-01").rename(columns={"day": "applied"})
    frame.loc[5, "applied"] = pd.Timestamp("2203-01-06")
    assert only(check_time(material(frame, of=applied))).rows == (5,)


# -- clean splits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 20), marks=pytest.mark.slow)], ids=["few", "all"])
@pytest.mark.parametrize("name", ["medical.diagnosis", "education.tutoring", "finance.fraud", "finance.credit"])
def test_simulated_records_parted_by_their_rule_are_no_stop(name: str, seeds: range) -> None:
    """No stop, and no warning but that a test of so few rows tells little."""
    chosen = load_task(name)
    assert chosen.simulate is not None
    few = {"balance", "sample_size"}
    for seed in seeds:
        whole = material(chosen.simulate(300, seed), of=chosen, thorough=False)
        parts = split(whole.rows, whole.schema, chosen.split, seed)
        data, test = (whole.raw.iloc[np.sort(part)] for part in (parts.train, parts.test))
        given = material(data.reset_index(drop=True), test.reset_index(drop=True), of=chosen, thorough=False)
        found = [one for check in MINE for one in check(given)]
        assert {one.level for one in found} <= {"note", "warn"}
        assert {one.check for one in found if one.level == "warn"} <= few, [one.message for one in found]
