"""What a cell means, whichever way it came."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verticals.datasets import duplicates, labels, values
from verticals.datasets.values import as_category, as_numbers, as_set, as_times, is_missing


@pytest.mark.parametrize("module", [values, labels, duplicates])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    "cell", ["", "NA", "N/A", "NaN", "null", "none", "?", "-", " None ", None, float("nan"), pd.NaT]
)
def test_ways_of_saying_nothing(cell: object) -> None:
    assert is_missing(cell)
    assert as_category(cell) is None
    assert as_set(cell) is None


def test_numbers_odd_cells_and_infinities_are_told_apart() -> None:
    numbers, odd, infinite = as_numbers(pd.Series([" 1.5", "12,5", "inf", "?", None, 3, True], dtype=object))
    assert numbers.isna().tolist() == [False, True, True, True, True, False, False]
    assert numbers.dropna().tolist() == [1.5, 3.0, 1.0]
    assert odd.tolist() == [False, True, False, False, False, False, False]
    assert infinite.tolist() == [False, False, True, False, False, False, False]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_written_down_is_the_same_number(x: float) -> None:
    assert as_numbers(pd.Series([repr(x)], dtype="str"))[0].tolist() == [x]


@given(st.one_of(st.integers(-(10**14), 10**14), st.booleans(), st.text(max_size=10)))
def test_a_category_is_the_same_from_text_and_from_values(cell: object) -> None:
    assert as_category(as_category(cell)) == as_category(cell)
    if not isinstance(cell, str):
        assert as_category(str(cell)) == as_category(cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        assert as_category(float(cell)) == as_category(cell)


@given(st.text(max_size=40))
def test_findings_do_not_change_the_second_time(cell: str) -> None:
    once = as_set(cell)
    assert as_set(once) == once


def test_findings() -> None:
    assert as_set('["cough", "fever"]') == "cough=yes; fever=yes"
    assert as_set({"cough": False, "x;y": "a=b"}) == "cough=no; x,y=a,b"
    assert as_set("{broken") is None


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["2024-12-31", "2024-12-31 23:59"], "2024-12-31"),
        (["2024-12-31T22:00:00+02:00", "2024-01-01T00:00:00Z"], "2024-12-31 20:00"),
        (["31.12.2024", "01.02.2024"], "2024-12-31"),
        (["31/12/2024", "01/02/2024"], "2024-12-31"),
        (["12/31/2024", "01/02/2024"], "2024-12-31"),
        ([2024, 2020], "2024-01-01"),
        (["20241231", "20240101"], "2024-12-31"),
        ([1735603200, 1735603201], "2024-12-31"),
        ([1735603200000, None], "2024-12-31"),
        ([1, 31], "1970-01-02"),
    ],
)
def test_times(cells: list[object], first: str) -> None:
    assert as_times(pd.Series(cells))[0].iloc[0] == pd.Timestamp(first)


def test_times_that_cannot_be_told() -> None:
    assert as_times(pd.Series(["01/02/2024", "03/04/2024"]))[1] == "ambiguous"
    assert as_times(pd.Series(["soon", "later"]))[1] == ""
    assert np.isnat(as_times(pd.Series(["soon", "2024-01-01"]))[0].to_numpy()[0])
