"""What models go by that go by something known: fields, words, reasons, a column that gives the label away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from verticals.core.pages import Figure, NotComputed, Table
from verticals.evaluation.metrics.binary import auroc
from verticals.evaluation.probes.dealt import importance
from verticals.evaluation.sections import explanations

from ..planted_models import LEAKY, Model, expit, leak, numbers, true_risk, view_of, world


def by_age(frame: pd.DataFrame) -> np.ndarray:
    return expit((numbers(frame, "age", 55) - 55) / 4)


def test_all_hangs_on_the_age() -> None:
    view = view_of(Model(by_age), world(9))
    found = explanations.section(view)
    assert (
        found.numbers["importance_note"]
        == found.numbers["importance_pressure"]
        == found.numbers["importance_sex"]
        == 0.0
    )
    weight = importance(view)
    assert weight is not None
    assert weight.fields[0].field.name == "age"
    some = view.scored.take(view.some_rows(weight.rows))
    assert weight.value == pytest.approx(auroc(some.positives, some.risk))
    assert weight.value - weight.fields[0].loss.value == pytest.approx(0.5, abs=0.12)  # chance, on few rows
    assert found.numbers["top_field_part"] == pytest.approx(1.0, abs=0.4)
    assert not found.alarms  # all hangs on it, and alone it does not give the label away
    figure = next(block for block in found.blocks if isinstance(block, Figure))
    assert figure.data["rows"][0]["name"] == "age"


def test_reasons_of_a_model_that_goes_by_what_is_there_hold() -> None:
    found = explanations.section(view_of(Model(true_risk), world(3)))
    assert found.numbers["reason_validity"] > 0.9
    assert found.numbers["faithfulness_gap_lower"] > 0
    words = {row["word"]: row["effect"] for b in found.blocks if isinstance(b, Table) for row in b.rows}
    assert words["pain"] > 0.5
    assert words["cough"] == pytest.approx(0.0, abs=0.3)
    assert not set(words) & {"the", "and"}


def test_reasons_of_a_model_that_goes_by_gaps_alone_do_not_hold() -> None:
    """It minds only whether something is missing: a reason found by taking away says nothing of the value."""

    def gaps(frame: pd.DataFrame) -> np.ndarray:
        return np.where(numbers(frame, "age", -1) < 0, 0.1, 0.9)

    found = explanations.section(view_of(Model(gaps), world(4)))
    assert found.numbers["reason_validity"] == 0.0


@pytest.mark.parametrize("seed", [1, 7, 12])
def test_a_column_that_gives_the_label_away_is_named(seed: int) -> None:
    prepared = world(seed, schema=LEAKY)
    found = explanations.section(view_of(leak(prepared), prepared))
    named = {alarm.name: alarm for alarm in found.alarms}
    if found.numbers["top_field_alone"] > explanations.GIVES_AWAY:
        assert named["leak"].level == "stop"
        assert "ward code" in named["leak"].message
    assert found.numbers["top_field_alone"] > 0.93
    assert found.numbers["top_field_part"] > explanations.CARRIES


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_sound_model_beside_such_a_column_is_left_in_peace(seed: int) -> None:
    prepared = world(seed, schema=LEAKY)
    found = explanations.section(view_of(Model(true_risk, LEAKY), prepared))
    assert not found.alarms


def test_without_training_rows_or_without_a_run() -> None:
    prepared = world(5)
    view = view_of(Model(true_risk), prepared)
    found = explanations.section(replace(view, prepared=None))
    assert "top_field_alone" not in found.numbers
    assert any("were not given" in block for block in found.blocks if isinstance(block, str))
    with pytest.raises(NotComputed, match="only its predictions were given"):
        explanations.section(replace(view, predictor=None))
