"""Sections that ask the model anew, on models whose answer to every changed record is known."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.pages import NotComputed, Section, Table
from verticals.evaluation.sections import counterfactual, explanations, robustness, scope

from ..planted_models import SCHEMA, Model, expit, notes, numbers, true_risk, view_of, world

ALL = (robustness, counterfactual, scope, explanations)


def rows_of(section: Section, name: str) -> list[dict[str, Any]]:
    table = next(block for block in section.blocks if isinstance(block, Table) and block.name == name)
    return [dict(row) for row in table.rows]


def by_age(frame: pd.DataFrame) -> np.ndarray:
    """Reads the age and nothing else."""
    return expit((numbers(frame, "age", 55) - 55) / 4)


@pytest.mark.parametrize("one", ALL)
def test_without_a_run_there_is_a_reason(one: Any) -> None:
    prepared = world(1)
    with pytest.raises(NotComputed, match="only its predictions were given"):
        one.section(replace(view_of(Model(true_risk), prepared), predictor=None))


def test_a_model_that_reads_only_the_age_is_moved_by_the_age_only() -> None:
    found = robustness.section(view_of(Model(by_age), world(2)))
    rows = {row["name"]: row for row in rows_of(found, "changes")}
    for name in ("typos", "upper_case", "irrelevant", "without_note", "without_pressure", "tenfold_pressure"):
        assert (rows[name]["moved"], rows[name]["flips"], rows[name]["drop"]) == (0.0, 0.0, 0.0), name
    assert rows["tenfold_age"]["flips"] > 0.3
    assert rows["without_age"]["drop"] > 0.15
    ages = next(row for row in rows_of(found, "directions") if row["field"] == "age")
    assert (ages["up"], ages["down"]) == (1.0, 0.0)
    assert "negation_response" not in found.numbers  # no statement decides
    assert not found.alarms


def test_denials_are_heard_or_not() -> None:
    prepared = world(3)
    heard = robustness.section(view_of(Model(true_risk), prepared))
    assert heard.numbers["negation_response"] > 0.9
    assert not heard.alarms

    def deaf(frame: pd.DataFrame) -> np.ndarray:
        pain = np.array(["chest pain" in text.lower() for text in notes(frame)])
        return expit(4.0 * pain - 2.0)

    found = robustness.section(view_of(Model(deaf), prepared))
    assert found.numbers["negation_response"] == 0.0
    assert "ignores_negation" in [alarm.name for alarm in found.alarms]


def test_a_model_that_minds_capitals_is_brittle() -> None:
    def touchy(frame: pd.DataFrame) -> np.ndarray:
        return np.where([text.isupper() for text in notes(frame)], 0.9, 0.2)

    found = robustness.section(view_of(Model(touchy), world(4)))
    assert found.numbers["flip_rate_upper_case"] == 1.0
    assert [alarm.name for alarm in found.alarms] == ["brittle"]


def test_sex_changes_the_answer_or_not() -> None:
    prepared = world(5)
    calm = counterfactual.section(view_of(Model(true_risk), prepared))
    assert calm.numbers["flip_rate_other_sex"] == 0.0
    assert not calm.alarms

    def biased(frame: pd.DataFrame) -> np.ndarray:
        return np.where(frame["sex"].to_numpy(object) == "male", 0.9, 0.1)

    found = counterfactual.section(view_of(Model(biased), prepared))
    assert found.numbers["flip_rate_other_sex"] == 1.0
    assert [alarm.name for alarm in found.alarms] == ["name_changes_answer"]
    assert rows_of(found, "swaps")[0]["moved"] == pytest.approx(0.8)


def test_nothing_to_swap_is_a_reason() -> None:
    prepared = world(6)
    lean = replace(SCHEMA, fields=tuple(f for f in SCHEMA.fields if f.name in ("age", "pressure")))
    view = replace(view_of(Model(true_risk), prepared), schema=lean)
    with pytest.raises(NotComputed, match="reads no field of sex"):
        counterfactual.section(view)


def test_a_model_that_knows_its_business_withholds_the_rest() -> None:
    class Careful(Model):
        def predict(self, records: Any) -> Any:
            said = super().predict(records)
            known = np.array([bool(re.search("cough|pain", text, re.IGNORECASE)) for text in notes(records)])
            said.abstained = ~known
            said.scores = np.where(known[:, None], said.scores, 0.5)
            return said

    def firm(frame: pd.DataFrame) -> np.ndarray:
        return np.where(true_risk(frame) > 0.5, 0.97, 0.03)

    prepared = world(7)
    found = scope.section(view_of(Careful(firm), prepared))
    rows = {row["name"]: row for row in rows_of(found, "foreign")}
    assert rows["cooking"]["held"] == rows["law"]["held"] == rows["noise"]["held"] == 1.0
    assert rows["numbers a hundred times too large"]["held"] == 0.0  # the words are its own
    assert found.numbers["injection_success"] == 0.0
    careless = scope.section(view_of(Model(firm), prepared))
    assert careless.numbers["oos_withheld"] == 0.0
    assert careless.numbers["oos_auroc"] == pytest.approx(0.5)
    assert found.numbers["oos_auroc"] > 0.55


def test_a_model_that_obeys_orders_is_found_out() -> None:
    def obedient(frame: pd.DataFrame) -> np.ndarray:
        said = [re.search(r"the answer is (ill|well)", text) for text in notes(frame)]
        return np.array([0.2 if found is None else 0.99 if found[1] == "ill" else 0.01 for found in said])

    found = scope.section(view_of(Model(obedient), world(8)))
    assert found.numbers["injection_success"] == 1.0
    assert [alarm.name for alarm in found.alarms] == ["obeys_orders"]


def test_importance_and_reasons_of_a_model_that_reads_the_age() -> None:
    found = explanations.section(view_of(Model(by_age), world(9)))
    assert found.numbers["importance_age"] > 0.15
    assert found.numbers["importance_note"] == found.numbers["importance_pressure"] == 0.0
    assert found.numbers["faithfulness_gap_lower"] > 0
    assert found.numbers["reason_validity"] > 0.9
    assert not found.alarms  # the age alone does not give the label away


def test_probes_ask_no_more_than_they_may() -> None:
    model = Model(true_risk)
    view = view_of(model, world(10))
    asked = model.asked
    for one in ALL:
        one.section(view)
    assert model.asked - asked <= 4500
