"""Limits are those of the rows at hand, and an empty line of signatures means that nobody agreed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from verticals.evaluation.sections.limits import section as limits
from verticals.evaluation.view import View

from ..conftest import StandIn, binary_rows, binary_schema, binary_task, scored


@pytest.fixture
def view() -> View:
    task, schema = binary_task(), binary_schema()
    rows = binary_rows(40, 3)
    y = (rows["outcome"] == "ill").astype(int)
    facts = {"simulated": True, "headline": {"interval": [0.6, 0.9]}, "rows": {"seen": 3}}
    return View(task, schema, scored(y, [0.5] * 40, rows), predictor=StandIn(task, schema), facts=facts)  # type: ignore[arg-type]


def test_limits_are_those_of_the_rows_at_hand(view: View) -> None:
    said = [row["limit"] for row in limits(view).blocks[1].rows]  # type: ignore[union-attr]
    assert said[0].startswith("The rows were made by a simulator")
    assert "There are 40 rows, so the headline figure is only known to within ±0.15." in said
    assert "3 measured rows equal a row it learnt from in every field: they measure memory." in said
    assert not any("No column names patients" in one for one in said)  # the rows have a column of patients
    sure = replace(
        view, facts={"headline": {"interval": [0.86, 0.9]}}, predictor=None, schema=replace(view.schema, group=None)
    )
    other = [row["limit"] for row in limits(sure).blocks[1].rows]  # type: ignore[union-attr]
    assert other[0].startswith("Only predictions were given")
    assert any("No column names patients" in one for one in other)
    assert not any("only known to within" in one for one in other)


def test_nobody_has_signed(view: View) -> None:
    signatures = limits(view).blocks[3]
    assert [(row["role"], row["signature"]) for row in signatures.rows] == [  # type: ignore[union-attr]
        ("Developer", ""), ("Independent reviewer", ""), ("Expert of the field", ""),
    ]  # fmt: skip
