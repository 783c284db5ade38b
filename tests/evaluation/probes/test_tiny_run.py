"""The four sections that ask anew, on a run tuned from a tiny random backbone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from verticals.core.pages import as_data
from verticals.core.predict import Predictor
from verticals.core.recipe import Recipe
from verticals.core.tune import tune
from verticals.evaluation.measured import scored_rows
from verticals.evaluation.plots import draw
from verticals.evaluation.sections import counterfactual, explanations, robustness, scope
from verticals.evaluation.view import View

from ...conftest import clinic


@pytest.mark.slow
def test_a_tuned_run_answers_all_four(tiny: Recipe, tmp_path: Path) -> None:
    prepared = clinic(600)
    tune(prepared, tiny, out=tmp_path / "run", progress=False)
    run = Predictor.load(tmp_path / "run", threads=1)
    said = run.predict(prepared.test)
    view = View(run.task, run.schema, scored_rows(run.task, run.schema, prepared.test, said), said, run, prepared)
    asked, score = [], run.scorer.score

    def counting(frame, encoded=None):  # type: ignore[no-untyped-def]
        asked.append(len(frame))
        return score(frame, encoded)

    run.scorer.score = counting  # type: ignore[method-assign]
    found = [one.section(view) for one in (robustness, counterfactual, scope, explanations)]
    assert sum(asked) <= 5000
    names = [name for one in found for name in one.numbers]
    assert len(names) == len(set(names))
    for one in found:
        data = json.loads(json.dumps(as_data(one)))
        for block in data["blocks"]:
            if block["block"] == "figure":
                assert "<svg" in draw(block)
    numbers = {name: value for one in found for name, value in one.numbers.items()}
    assert numbers["flip_rate_upper_case"] == numbers["flip_rate_spacing"] == 0.0  # this tokenizer minds neither
    assert numbers["importance_note"] > 0.05
    assert np.isfinite(numbers["oos_auroc"])
    assert "does not matter: checked" in str(found[0].blocks[-1])
