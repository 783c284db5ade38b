"""A model with a planted fault is caught, and page one names the fault; a sound model raises no alarm."""

from __future__ import annotations

import pytest

from verticals.evaluation.evaluate import page_facts

from .planted_models import FAULTS, LEAKY, SCHEMA, Model, true_risk, view_of, world


@pytest.mark.parametrize("fault", FAULTS)
def test_page_one_names_the_planted_fault(fault: str) -> None:
    prepared = world(7, schema=LEAKY if fault == "leak" else SCHEMA)
    alarms = page_facts(view_of(FAULTS[fault](prepared), prepared))["alarms"]
    named = {alarm["name"]: alarm for alarm in alarms}
    assert fault in named, f"page one names {sorted(named) or 'nothing'}"
    assert any(letter.isdigit() for letter in named[fault]["message"]), "the sentence gives its figure"


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_a_sound_model_raises_no_alarm(seed: int) -> None:
    prepared = world(seed)
    alarms = page_facts(view_of(Model(true_risk), prepared))["alarms"]
    assert [alarm["name"] for alarm in alarms] == []


@pytest.mark.parametrize("fault", ["uncalibrated", "memorised", "leak", "ignores_negation"])
def test_a_fault_is_not_taken_for_another(fault: str) -> None:
    """Those that have one consequence only; a turned label or an ignorant group is, for example, also badly calibrated."""
    prepared = world(7, schema=LEAKY if fault == "leak" else SCHEMA)
    alarms = page_facts(view_of(FAULTS[fault](prepared), prepared))["alarms"]
    assert {alarm["name"] for alarm in alarms} & {*FAULTS, "shifted"} == {fault}
