"""Which columns are groups, how numbers and ages are cut, and that small groups stay without a figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from verticals.core.task import Field
from verticals.evaluation.group_columns import crossed, cut, groups_of, speaks_of_people
from verticals.evaluation.view import View

from .conftest import binary_rows, binary_schema, binary_task, scored


def test_ages_come_in_bands_and_numbers_in_quarters() -> None:
    ages = pd.Series(np.repeat([3.0, 17.9, 18.0, 39.0, 64.5, 65.0, 90.0], 30))
    found = cut(ages, "age")
    assert found is not None
    assert found.names == ("0-17", "18-39", "40-64", "65+")
    assert found.sizes().tolist() == [60, 60, 30, 60]
    numbers = cut(pd.Series(np.arange(200.0)), "income")
    assert numbers is not None
    assert numbers.sizes().tolist() == [50, 50, 50, 50]


def test_small_groups_are_named_without_a_figure_and_missing_is_a_group() -> None:
    column = pd.Series(["a"] * 40 + ["b"] * 29 + [None] * 31)
    found = cut(column, "site")
    assert found is not None
    assert found.names == ("a", "missing")
    assert found.small == (("b", 29),)
    assert (found.code == -1).sum() == 29


def test_what_names_single_cases_is_no_group() -> None:
    assert cut(pd.Series([f"p{i}" for i in range(300)]), "patient") is None
    assert cut(pd.Series(["a"] * 20 + ["b"] * 9), "site") is None


@pytest.mark.parametrize(("name", "people"), [("age_band", True), ("Sex", True), ("style", False), ("usage", False)])
def test_columns_that_speak_of_people(name: str, people: bool) -> None:
    assert speaks_of_people(name) is people


def test_columns_of_a_view() -> None:
    rows = binary_rows(400, 2)
    rows["code_of_label"] = rows["outcome"]  # answered with the same labels: a judgement, not a group
    rows["ward"] = ["w1", "w2"] * 200
    rows["true_probability"] = 0.5
    protected = [Field(name, "category", protected=True) for name in ("code_of_label", "patient")]
    probability = Field("true_probability", "number", protected=True)
    task = binary_task(fields=(*protected, probability), slices=("sex",))
    schema = replace(binary_schema(), kept=("patient", "site", "ward"))
    sc = replace(scored((rows["outcome"] == "ill").astype(int), [0.5] * 400, rows), labels=("well", "ill"))
    found = groups_of(View(task, schema, sc))
    assert [groups.column for groups in found] == ["sex", "age", "site", "ward"]
    pairs = crossed(found)
    assert {groups.column for groups in pairs} >= {"sex_age", "sex_site", "sex_ward"}
    one = next(groups for groups in pairs if groups.column == "sex_site")
    assert one.sizes().sum() + sum(count for _, count in one.small) == 400


def test_columns_of_one_first_word_are_not_crossed() -> None:
    a, b = (cut(pd.Series(["x", "y"] * 50), name) for name in ("age_band", "age_years"))
    assert a is not None
    assert b is not None
    assert crossed([a, b]) == []
