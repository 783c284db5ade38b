"""Shifts beyond chance are named, chance is not, and figures by period have their intervals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, ks_2samp

from verticals.core.pages import Figure, NotComputed, Section, Table
from verticals.core.task import Field, Prepared, Schema, Scored
from verticals.evaluation.metrics import standard as S
from verticals.evaluation.metrics.calibration import population_stability
from verticals.evaluation.metrics.stability import (
    category_counts,
    noise_floor,
    number_counts,
    shift,
    stability_of_counts,
)
from verticals.evaluation.sections import drift
from verticals.evaluation.view import View

from ..planted_models import SCHEMA, TASK, Model, patients, true_risk, view_of, world


def table(section: Section, name: str) -> Table:
    return next(b for b in section.blocks if isinstance(b, Table) and b.name == name)


def lines(section: Section) -> dict[str, dict[str, object]]:
    return {str(row["name"]): dict(row) for row in table(section, "stability").rows}


# The index


def test_the_index_by_hand() -> None:
    assert stability_of_counts([50, 50], [50, 50]) == 0
    by_hand = (0.8 - 0.5) * math.log(0.8 / 0.5) + (0.2 - 0.5) * math.log(0.2 / 0.5)
    assert stability_of_counts([50, 50], [80, 20]) == pytest.approx(by_hand)
    assert math.isnan(stability_of_counts([0, 0], [1, 1]))
    assert noise_floor(10, 100, 900) == pytest.approx(9 * (1 / 100 + 1 / 900))
    assert math.isnan(noise_floor(10, 0, 5))


def test_the_index_of_numbers_is_the_metric_of_the_same_name() -> None:
    draw = np.random.default_rng(0)
    old, new = draw.normal(size=1000), draw.normal(0.3, 1.2, 700)
    assert shift(*number_counts(old, new)).psi == pytest.approx(population_stability(old, new))


def test_the_noise_floor_is_the_mean_index_without_a_shift() -> None:
    draw = np.random.default_rng(1)
    found = [shift(*number_counts(draw.normal(size=600), draw.normal(size=400))) for _ in range(300)]
    assert np.mean([f.psi for f in found]) == pytest.approx(found[0].floor, rel=0.12)
    assert np.mean([f.p < 0.05 for f in found]) < 0.1


def test_the_p_value_is_that_of_scipy_and_speaks_of_groups_where_rows_belong_together() -> None:
    old, new = np.array([300, 200, 100]), np.array([200, 200, 200])
    assert shift(old, new).p == pytest.approx(chi2_contingency([old, new], correction=False).pvalue)
    of_groups = shift(old, new, (60, 60))
    assert of_groups.psi == shift(old, new).psi
    assert of_groups.floor == pytest.approx(2 * (2 / 60))
    assert of_groups.p == pytest.approx(chi2_contingency([old / 10, new / 10], correction=False).pvalue)


def test_missing_rare_and_unseen_values_have_their_bins() -> None:
    old = pd.Series(["a"] * 60 + ["b"] * 39 + ["rare"], dtype=object)
    new = pd.Series(["a"] * 50 + ["new"] * 30 + [None] * 20, dtype=object)
    counts = [list(c) for c in category_counts(old, new)]
    assert counts == [[60, 39, 1, 0], [50, 0, 30, 20]]
    empty = [list(c) for c in number_counts([1.0, 2, 3, 4] * 10, [math.nan] * 40)]
    assert empty[1] == [0, 0, 40]


# The section


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_rows_of_the_same_world_raise_no_alarm(seed: int) -> None:
    prepared = world(seed)
    section = drift.section(view_of(Model(true_risk), prepared))
    assert section.alarms == ()
    assert section.numbers["psi_score"] < 0.25


def test_older_patients_are_found_and_named() -> None:
    prepared = world(3)
    older = prepared.test.assign(age=prepared.test["age"] + 15)
    section = drift.section(view_of(Model(true_risk), replace(prepared, test=older)))
    found = lines(section)
    assert found["age"]["verdict"] == "shift"
    assert found["pressure"]["verdict"] == "stable"
    assert found["age"]["ks"] == pytest.approx(ks_2samp(prepared.train["age"], older["age"]).statistic)
    assert [a.name for a in section.alarms] == ["shifted"]
    assert "age (PSI" in section.alarms[0].message
    assert section.numbers["psi_score"] > 0.25


def test_other_labels_words_and_values() -> None:
    prepared = world(4)
    ill = prepared.test[prepared.test["outcome"] == "ill"]
    other = pd.concat([ill, prepared.test[prepared.test["outcome"] == "well"].iloc[:30]])
    other = other.assign(
        sex=np.where(np.arange(len(other)) < 50, "unknown", other["sex"]), note="brand new words cough"
    )
    section = drift.section(view_of(Model(true_risk), replace(prepared, test=other)))
    prior = {r["label"]: r for r in table(section, "prior").rows}
    assert prior["ill"]["now"] == pytest.approx(len(ill) / len(other))
    assert prior["ill"]["change"] == pytest.approx(len(ill) / len(other) - (prepared.train["outcome"] == "ill").mean())
    assert section.numbers["psi_label"] > 0.25
    assert lines(section)["sex"]["unseen"] == pytest.approx(50 / len(other))
    assert table(section, "vocabulary").rows[0]["now"] == pytest.approx(0.75)
    assert section.numbers["unknown_words"] == pytest.approx(0.75)


def test_it_asks_about_validation_rows_and_no_more_than_300() -> None:
    model = Model(true_risk)
    view = view_of(model, world(4, rows=(100, 700, 100)))
    model.asked = 0
    drift.section(view)
    assert model.asked == 300


# By period


def dated(n: int, seed: int, worse_after: str | None = None) -> View:
    frame = patients(n, seed)
    frame["seen"] = pd.date_range("2024-01-01", periods=n, freq="8h")
    risk = true_risk(frame)
    if worse_after is not None:
        late = (frame["seen"] >= worse_after).to_numpy()
        risk = np.where(late, np.random.default_rng(0).permutation(risk), risk)
    schema = Schema(SCHEMA.fields, "outcome", SCHEMA.labels, "ill", time="seen")
    truth = (frame["outcome"] != "ill").to_numpy().astype(int)
    scored = Scored(truth, np.column_stack([risk, 1 - risk]), SCHEMA.labels, frame, 0, 0.5)
    return View(TASK, schema, scored, facts={"missing": []})


def test_the_headline_by_month_falls_where_the_world_changes() -> None:
    section = drift.section(dated(900, 5, worse_after="2024-08-01"))
    months = {r["period"]: r for r in table(section, "periods").rows}
    assert list(months) == [f"2024-{m:02d}" for m in range(1, 11)]
    assert months["2024-02"]["value"] > 0.75 > months["2024-09"]["value"]
    part = (view := dated(900, 5, worse_after="2024-08-01")).scored
    may = part.take(np.flatnonzero(part.rows["seen"].dt.month == 5))
    assert months["2024-05"]["value"] == pytest.approx(S.AUROC.function(may))
    low, high = months["2024-05"]["range"]
    assert low < months["2024-05"]["value"] < high
    figure = next(b for b in section.blocks if isinstance(b, Figure))
    assert figure.kind == "line"
    assert len(figure.data["series"][0]["y"]) == len([m for m in months.values() if m["rows"] >= 30])
    assert view.prepared is None
    assert any("were not given" in b for b in section.blocks if isinstance(b, str))


@pytest.mark.parametrize(("freq", "first"), [("8h", "2024-01"), ("3D", "2024Q1"), ("12D", "2024")])
def test_periods_are_as_long_as_the_rows_need(freq: str, first: str) -> None:
    view = dated(300, 1)
    rows = view.scored.rows.assign(seen=pd.date_range("2024-01-01", periods=300, freq=freq))
    section = drift.section(replace(view, scored=replace(view.scored, rows=rows)))
    assert table(section, "periods").rows[0]["period"] == first


def test_periods_too_short_for_a_figure_are_not_shown() -> None:
    view = dated(300, 1)
    rows = view.scored.rows.assign(seen=pd.date_range("2024-01-01", periods=300, freq="40D"))  # nine rows a year
    with pytest.raises(NotComputed):
        drift.section(replace(view, scored=replace(view.scored, rows=rows)))


def test_periods_of_a_step_number_have_about_equal_rows() -> None:
    view = dated(800, 1)
    rows = view.scored.rows.assign(seen=np.arange(800) // 4)
    section = drift.section(replace(view, scored=replace(view.scored, rows=rows)))
    assert [r["rows"] for r in table(section, "periods").rows] == pytest.approx([100] * 8, abs=8)


def test_without_training_rows_and_time_it_says_why() -> None:
    with pytest.raises(NotComputed, match="not given"):
        drift.section(replace(view_of(Model(true_risk), world(1, rows=(60, 30, 60))), prepared=None))


def test_values_and_many_labels_are_compared_too() -> None:
    draw = np.random.default_rng(0)

    def frame(n: int, by: float) -> pd.DataFrame:
        return pd.DataFrame(
            {"x": draw.normal(by, 1, n), "found": ["cough=yes; fever=no"] * n, "y": draw.normal(by, 1, n)}
        )

    schema = Schema((Field("x", "number"), Field("found", "set")), "y")
    task = replace(TASK, kind="regression", metrics=(S.RMSE,), labels=(), positive=None, label="y")
    rows = frame(400, 1.5)
    prepared = Prepared(task, schema, frame(400, 0), frame(100, 0), rows)
    view = View(task, schema, Scored(rows["y"].to_numpy(), rows["x"].to_numpy(), (), rows), None, None, prepared)
    section = drift.section(view)
    assert {n for n, r in lines(section).items() if r["verdict"] == "shift"} == {"label", "x"}
    labels = ("a", "b", "c")
    many = Schema((Field("x", "number"),), "y", labels)
    train = frame(300, 0).assign(y=draw.choice(labels, 300))
    truth = np.r_[np.full(280, 2), np.full(20, -1)]
    scores = draw.dirichlet(np.ones(3), 300)
    scored = Scored(truth, scores, labels, frame(300, 0))
    section = drift.section(
        View(replace(task, kind="classification"), many, scored, None, None, Prepared(task, many, train, train, train))
    )
    assert lines(section)["label"]["verdict"] == "shift"
    assert "a label never seen" in {r["label"] for r in table(section, "prior").rows}
