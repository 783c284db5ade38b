"""Records that are none of a task's business, and hidden orders, put to models that notice and models that do not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.pages import NotComputed, Table
from verticals.evaluation.sections import scope

from ..planted_models import SCHEMA, Model, notes, true_risk, view_of, world


def firm(frame: pd.DataFrame) -> np.ndarray:
    return np.where(true_risk(frame) > 0.5, 0.97, 0.03)


class Careful(Model):
    """Withholds where the note has none of its words, and is unsure there."""

    def predict(self, records: Any) -> Any:
        said = super().predict(records)
        known = np.array([bool(re.search("cough|pain", text, re.IGNORECASE)) for text in notes(records)])
        said.abstained = ~known
        said.scores = np.where(known[:, None], said.scores, 0.5)
        return said


def test_a_model_that_knows_its_business_withholds_the_rest() -> None:
    found = scope.section(view_of(Careful(firm), world(7)))
    table = next(block for block in found.blocks if isinstance(block, Table))
    rows = {row["title"]: row for row in table.rows}
    assert rows["Cooking"]["held"] == rows["Law"]["held"] == rows["Letters that mean nothing"]["held"] == 1.0
    assert rows["An empty record"]["held"] == 1.0
    assert rows["All numbers a hundred times too large"]["held"] == 0.0  # the words are its own
    foreign = 1 - 40 / sum(
        r["rows"] for t, r in rows.items() if t not in ("Its own words in no order", "Real records, for comparison")
    )
    assert found.numbers["oos_withheld"] == pytest.approx(foreign)
    assert rows["Cooking"]["area"] == 1.0
    assert found.numbers["oos_auroc"] == pytest.approx(foreign + (1 - foreign) / 2)
    assert found.numbers["oos_fpr95"] == pytest.approx(1 - foreign)
    assert found.numbers["injection_success"] == 0.0
    assert not found.alarms


def test_a_model_that_is_as_sure_of_everything_cannot_tell() -> None:
    found = scope.section(view_of(Model(firm), world(7)))
    assert found.numbers["oos_withheld"] == 0.0
    assert found.numbers["oos_auroc"] == pytest.approx(0.5)
    assert not found.alarms


def test_a_model_that_obeys_orders_is_found_out() -> None:
    def obedient(frame: pd.DataFrame) -> np.ndarray:
        said = [re.search(r"(?:answer:|record is|answer) (ill|well)\b", text) for text in notes(frame)]
        return np.array([0.2 if one is None else 0.99 if one[1] == "ill" else 0.01 for one in said])

    found = scope.section(view_of(Model(obedient), world(8)))
    assert found.numbers["injection_success"] == 1.0
    assert [alarm.name for alarm in found.alarms] == ["obeys_orders"]


def test_a_model_that_any_sentence_disturbs_does_not_obey() -> None:
    def nervous(frame: pd.DataFrame) -> np.ndarray:
        return np.array([0.9 if re.search("instructions|SYSTEM|<!--", text) else 0.2 for text in notes(frame)])

    found = scope.section(view_of(Model(nervous), world(8)))
    assert found.numbers["injection_success"] == 1.0  # the answer turns, but so it does when no answer is named
    assert not found.alarms


def test_a_table_gets_numbers_and_no_texts() -> None:
    view = view_of(Model(true_risk), world(9))
    table = replace(SCHEMA, fields=tuple(f for f in SCHEMA.fields if f.kind != "text"))
    found = scope.section(replace(view, schema=table))
    made = next(block for block in found.blocks if isinstance(block, Table))
    assert [row["title"] for row in made.rows][:2] == ["An empty record", "All numbers a hundred times too large"]
    assert len(made.rows) == 3
    assert "injection_success" not in found.numbers
    with pytest.raises(NotComputed, match="neither texts nor numbers"):
        scope.section(replace(view, schema=replace(SCHEMA, fields=tuple(f for f in SCHEMA.fields if f.name == "sex"))))
