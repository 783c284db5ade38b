"""The ceiling of simulated records: from the simulator's own probabilities, never printed for real ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from verticals.core.errors import DataError
from verticals.core.task import Prepared, Scored, SimulatorCard
from verticals.evaluation.evaluate import Measured, facts_of, scored_rows
from verticals.evaluation.reachable import bayes_scored, reachable_facts
from verticals.evaluation.words import reached, summary

from .conftest import StandIn, binary_rows, binary_schema, binary_task


def world(rows: int, seed: int) -> pd.DataFrame:
    return binary_rows(rows, seed)


def truth(rows: int, seed: int) -> pd.DataFrame:
    """What `binary_rows` draws the outcome from; the age is drawn first, so it can be drawn again."""
    age = np.random.default_rng(seed).normal(55, 12, rows)
    risk = 1 / (1 + np.exp(-(age - 55) / 6))
    return pd.DataFrame({"well": 1 - risk, "ill": risk})


CARD = SimulatorCard("3", "A patient falls ill by age alone.", "Real patients do not.")
TASK = binary_task(simulate=world, true_probabilities=truth, simulator_card=CARD, slices=())


@pytest.fixture
def prepared() -> Prepared:
    rows = world(600, 5)
    return Prepared(
        TASK,
        binary_schema(),
        rows.iloc[:240],
        rows.iloc[240:300],
        rows.iloc[300:],
        source={"kind": "simulated", "asked": 600, "seed": 5},
        simulated=True,
        fingerprint="f" * 64,
    )


def measured(prepared: Prepared) -> Measured:
    said = StandIn(prepared.task, prepared.schema).predict(prepared.test)
    return Measured(scored_rows(prepared.task, prepared.schema, prepared.test, said), said, 0.1)  # type: ignore[arg-type]


def test_the_ceiling_is_the_score_of_the_true_probabilities(prepared: Prepared) -> None:
    ours = measured(prepared).scored
    bayes = bayes_scored(TASK, ours, prepared)
    assert bayes is not None
    ill = prepared.test["outcome"] == "ill"
    wanted = roc_auc_score(ill, truth(600, 5).loc[300:, "ill"])
    value = roc_auc_score(ill, ours.scores[:, 0])
    found = reachable_facts(TASK, ours, prepared, [{"name": "majority", "value": 0.5}], value, None)
    assert found is not None
    assert found["ceiling"] == pytest.approx(wanted)
    assert found["share"] == pytest.approx((value - 0.5) / (wanted - 0.5))
    assert found["difference"] == pytest.approx(value - wanted)
    assert 0.8 < found["share"] < 1  # it knows all ages but the missing tenth


def test_the_report_prints_it_with_the_card(prepared: Prepared) -> None:
    facts = facts_of(TASK, prepared.schema, measured(prepared), prepared)
    found = facts["reachable"]
    assert found["floor"] == pytest.approx(0.5)
    assert found["card"] == {"version": "3", "draws": CARD.draws, "limits": CARD.limits}
    said = reached(found)
    assert f"{100 * found['share']:.0f} % of the way from the majority" in said
    facts |= {"simulated": True, "tuned_on_simulated": True, "gate": None}
    assert said in summary(facts)


def test_real_rows_have_no_ceiling(prepared: Prepared) -> None:
    other = replace(prepared, source={"kind": "file"}, simulated=False)
    assert facts_of(TASK, other.schema, measured(other), other, with_baselines=False)["reachable"] is None
    own = facts_of(TASK, prepared.schema, measured(prepared), prepared, with_baselines=False, own_rows=False)
    assert own["reachable"] is None
    assert reached(None) == ""


def test_no_share_where_nothing_can_be_known(prepared: Prepared) -> None:
    blind = replace(TASK, true_probabilities=lambda n, seed: pd.DataFrame({"ill": [0.5] * n, "well": [0.5] * n}))
    found = reachable_facts(blind, measured(prepared).scored, prepared, [{"name": "majority", "value": 0.5}], 0.7, None)
    assert found is not None
    assert (found["ceiling"], found["share"]) == (0.5, None)
    assert "% of the way" not in reached(found)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [(lambda n, seed: truth(n, seed)[["ill"]], "lack 'well'"), (lambda n, seed: truth(9, seed), "rows")],
)
def test_probabilities_that_do_not_fit_are_refused(prepared: Prepared, wrong: object, said: str) -> None:
    task = replace(TASK, true_probabilities=wrong)  # type: ignore[arg-type]
    scored: Scored = measured(prepared).scored
    with pytest.raises(DataError, match=said):
        bayes_scored(task, scored, prepared)
