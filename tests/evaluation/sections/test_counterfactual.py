"""The same record of somebody else, put to models that care and models that do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.pages import NotComputed
from verticals.core.task import Field
from verticals.evaluation.metrics.standard import MAE
from verticals.evaluation.probes.people import ORIGINS
from verticals.evaluation.sections import counterfactual

from ..planted_models import SCHEMA, TASK, Model, notes, true_risk, view_of, world


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_model_that_goes_by_the_case_alone_is_left_in_peace(seed: int) -> None:
    found = counterfactual.section(view_of(Model(true_risk), world(seed)))
    assert found.numbers["flip_rate_field_sex"] == found.numbers["flip_rate_put_name_origin"] == 0.0
    assert found.numbers["flip_rate_field_age"] > 0.1  # told, and not held against it
    assert not found.alarms


def test_a_model_that_goes_by_a_name_is_caught_though_no_text_holds_one() -> None:
    foreign = {name for origin in ("Arabic", "Chinese", "Slavic") for names in ORIGINS[origin] for name in names}

    def biased(frame: pd.DataFrame) -> np.ndarray:
        named = np.array([bool(foreign & {word.strip(".,") for word in text.split()}) for text in notes(frame)])
        return np.where(named, 0.9, 0.1)

    found = counterfactual.section(view_of(Model(biased), world(4)))
    assert found.numbers["flip_rate_put_name_origin"] == pytest.approx(0.5, abs=0.1)
    assert found.numbers["flip_rate_put_name_sex"] == 0.0
    assert [alarm.name for alarm in found.alarms] == ["name_changes_answer"]
    assert "another origin" in found.alarms[0].message


def test_putting_any_name_before_a_text_is_no_fault() -> None:
    """A model that is disturbed by a name as such, whichever, treats all names alike."""
    found = counterfactual.section(
        view_of(Model(lambda frame: np.where(["Name:" in text for text in notes(frame)], 0.9, 0.1)), world(5))
    )
    assert found.numbers["flip_rate_put_name_origin"] == found.numbers["flip_rate_put_name_sex"] == 0.0
    assert not found.alarms


def biased_by_pronoun(frame: pd.DataFrame) -> np.ndarray:
    return np.array([0.9 if " he " in f" {text.lower()} " else 0.1 for text in notes(frame)])


def test_pronouns_are_judged_unless_the_task_goes_by_sex() -> None:
    prepared = world(6)
    said = np.where(np.arange(len(prepared.test)) % 2 == 0, "Today he coughs.", "A cough since noon.")
    other = replace(prepared, test=prepared.test.assign(note=pd.Series(said, index=prepared.test.index, dtype=object)))
    view = view_of(Model(biased_by_pronoun), other)
    found = counterfactual.section(view)
    assert found.numbers["flip_rate_sex_words"] == 1.0  # of the rows that hold a pronoun
    assert [alarm.name for alarm in found.alarms] == ["name_changes_answer"]
    declared = replace(view, task=replace(TASK, fields=(Field("sex", "category"),)))
    found = counterfactual.section(declared)
    assert found.numbers["flip_rate_sex_words"] == 1.0
    assert not found.alarms


def test_a_field_of_sex_that_turns_answers_is_named() -> None:
    def biased(frame: pd.DataFrame) -> np.ndarray:
        return np.where(frame["sex"].to_numpy(object) == "male", 0.9, 0.1)

    found = counterfactual.section(view_of(Model(biased), world(7)))
    assert found.numbers["flip_rate_field_sex"] == 1.0
    assert [alarm.name for alarm in found.alarms] == ["name_changes_answer"]


def test_nothing_to_swap_is_a_reason() -> None:
    view = view_of(Model(true_risk), world(8))
    lean = replace(SCHEMA, fields=tuple(f for f in SCHEMA.fields if f.name == "pressure"))
    with pytest.raises(NotComputed, match="nothing to swap"):
        counterfactual.section(replace(view, schema=lean))
    with pytest.raises(NotComputed, match="only its predictions were given"):
        counterfactual.section(replace(view, predictor=None))


def test_a_value_is_compared_in_standard_deviations() -> None:
    class Values(Model):
        def predict(self, records: Any) -> Any:
            said = super().predict(records)
            said.scores = np.where(records["sex"].to_numpy(object) == "male", 3.0, 1.0)
            return said

    prepared = world(9)
    view = view_of(Model(true_risk), prepared)
    values = np.where(view.scored.rows["sex"] == "male", 3.0, 1.0)
    scored = replace(
        view.scored, truth=np.tile([0.0, 4.0], len(values))[: len(values)], scores=values, labels=(), positive=None
    )
    task = replace(TASK, kind="regression", positive=None, labels=(), metrics=(MAE,))
    found = counterfactual.section(replace(view, task=task, scored=scored, predictor=Values(true_risk)))  # type: ignore[arg-type]
    table = {row["title"]: row for row in found.blocks[1].rows}  # type: ignore[union-attr]
    assert table["Another sex"]["moved"] == pytest.approx(1.0)  # moves by 2, the truth has a spread of 2
    assert table["Another sex"]["turned"] == 1.0
