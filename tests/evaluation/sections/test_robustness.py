"""Small changes, put to models whose answer to every changed record is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.pages import NotComputed, Section, Table
from verticals.evaluation.sections import robustness

from ..planted_models import PAIN, SCHEMA, Model, expit, ignores_negation, notes, numbers, true_risk, view_of, world


def rows_of(section: Section, name: str) -> dict[str, dict[str, Any]]:
    table = next(block for block in section.blocks if isinstance(block, Table) and block.name == name)
    return {str(row.get("title", row.get("field"))): dict(row) for row in table.rows}


def by_age(frame: pd.DataFrame) -> np.ndarray:
    return expit((numbers(frame, "age", 55) - 55) / 4)


def test_a_model_that_reads_only_the_age_is_moved_by_the_age_only() -> None:
    found = robustness.section(view_of(Model(by_age), world(2)))
    for name in ("typos", "upper_case", "lower_case", "spacing", "irrelevant", "order", "negated", "affirmed"):
        assert found.numbers[f"flip_rate_{name}"] == 0.0, name
    hidden = rows_of(found, "hidden")
    assert hidden["Pressure"]["moved"] == hidden["Note"]["moved"] == 0.0
    assert hidden["Age"]["moved"] > 0.2
    slips = rows_of(found, "slips")
    assert slips["One number ten times too large"]["caught"] == 1.0  # an age of 550, a pressure of 1300
    assert slips["One number in another usual unit"]["turned"] > 0.1  # an age in months
    assert rows_of(found, "directions")["age"]["up"] == 1.0
    assert rows_of(found, "directions")["pressure"]["up"] == rows_of(found, "directions")["pressure"]["down"] == 0.0
    assert "negation_response" not in found.numbers  # no statement decides
    assert not found.alarms


def test_a_falling_risk_is_told_as_falling() -> None:
    found = robustness.section(view_of(Model(lambda frame: 1.0 - by_age(frame)), world(2)))
    assert rows_of(found, "directions")["age"]["down"] == 1.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_model_that_honours_denials_is_left_in_peace(seed: int) -> None:
    found = robustness.section(view_of(Model(true_risk), world(seed)))
    assert found.numbers["negation_response"] > 0.9
    assert not found.alarms


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_bag_of_words_that_ignores_denials_is_caught(seed: int) -> None:
    prepared = world(seed)
    found = robustness.section(view_of(ignores_negation(prepared), prepared))
    assert found.numbers["negation_response"] == 0.0
    assert [(alarm.name, alarm.level) for alarm in found.alarms] == [("ignores_negation", "stop")]


def test_a_list_under_one_denial_is_not_held_against_the_model() -> None:
    """ "Denies fever, chest pain": the pain is denied already, and denying it once more changes nothing, rightly."""

    def deaf_to_nothing(frame: pd.DataFrame) -> np.ndarray:
        return np.array([0.9 if PAIN.search(t) and "Denies" not in t else 0.2 for t in notes(frame)])

    prepared = world(4)
    note = np.where(np.arange(len(prepared.test)) % 2 == 0, "Denies fever, chest pain.", "Chest pain, sweating.")
    other = replace(prepared, test=prepared.test.assign(note=pd.Series(note, index=prepared.test.index, dtype=object)))
    found = robustness.section(view_of(Model(deaf_to_nothing), other))
    assert found.numbers["negation_response"] == 1.0


def test_a_model_that_minds_capitals_is_brittle() -> None:
    def touchy(frame: pd.DataFrame) -> np.ndarray:
        return np.where([text.isupper() for text in notes(frame)], 0.9, 0.2)

    found = robustness.section(view_of(Model(touchy), world(4)))
    assert found.numbers["flip_rate_upper_case"] == 1.0
    assert [alarm.name for alarm in found.alarms] == ["brittle"]
    assert "capitals" in found.alarms[0].message


def test_an_order_of_fields_that_matters_is_told() -> None:
    def first_column(frame: pd.DataFrame) -> np.ndarray:
        return np.full(len(frame), 0.9 if frame.columns[0] == "age" else 0.1)

    said = [b for b in robustness.section(view_of(Model(first_column), world(5))).blocks if isinstance(b, str)]
    assert said[-1].startswith("The order in which the fields are given matters")
    said = [b for b in robustness.section(view_of(Model(by_age), world(5))).blocks if isinstance(b, str)]
    assert "does not matter" in said[-1]


def test_nothing_to_ask_and_nothing_to_change() -> None:
    prepared = world(1)
    view = view_of(Model(true_risk), prepared)
    with pytest.raises(NotComputed, match="only its predictions were given"):
        robustness.section(replace(view, predictor=None))
    with pytest.raises(NotComputed, match="nothing in these records"):
        robustness.section(replace(view, schema=replace(SCHEMA, fields=())))


def test_it_is_the_same_twice_and_asks_no_more_than_it_may() -> None:
    model = Model(true_risk)
    view = view_of(model, world(6))
    asked = model.asked
    first = robustness.section(view)
    assert model.asked - asked <= 2200
    assert robustness.section(view) == first
