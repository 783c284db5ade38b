"""The groups section says where a group is worse, and holds its tongue where chance explains it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from verticals.core.pages import Figure, NotComputed, Section, Table, as_data
from verticals.core.task import Decision, Field, Metric, SafetyPolicy, Schema, Scored, Task
from verticals.evaluation import group_figures
from verticals.evaluation.metrics import standard as S
from verticals.evaluation.plots import draw
from verticals.evaluation.sections.groups import section
from verticals.evaluation.view import View

SCHEMA = Schema(
    (Field("age", "number"), Field("sex", "category")), "outcome", ("well", "ill"), "ill", kept=("site", "patient"),
    group="patient",
)  # fmt: skip

PLAIN = Schema((), "outcome", ("well", "ill"), "ill")


def task(**more: Any) -> Task:
    facts: dict[str, Any] = {
        "name": "x.y", "version": "1", "title": "t", "kind": "classification", "label": "outcome", "metrics": (S.AUROC,),
        "safety": SafetyPolicy("s"), "positive": "ill", "slices": ("sex", "site"), "decision": Decision("cost", 5, 1),
    }  # fmt: skip
    return Task(**{**facts, **more})


def made(n: int, seed: int, worse: float = 0.0) -> Scored:
    """A calibrated score that tells less of women, the more the larger `worse` is."""
    random = np.random.default_rng(seed)
    z, sex = random.normal(size=n) * 1.5 - 1, random.choice(["male", "female"], n)
    ill = random.random(n) < 1 / (1 + np.exp(-z))
    risk = 1 / (1 + np.exp(-(z + worse * (sex == "female") * random.normal(size=n))))
    rows = pd.DataFrame(
        {
            "age": random.normal(50, 20, n).clip(0, 95), "sex": sex, "site": random.choice(list("abcd"), n, p=[0.4, 0.3, 0.2, 0.1]),
            "patient": random.integers(0, n, n).astype(str), "outcome": np.where(ill, "ill", "well"),
        }
    )  # fmt: skip
    return Scored(ill.astype(int), np.column_stack([1 - risk, risk]), ("well", "ill"), rows, 1, 0.3)


def table(found: Section, name: str) -> list[Any]:
    return list(next(b for b in found.blocks if isinstance(b, Table) and b.name == name).rows)


def test_figures_of_groups_are_those_of_their_rows() -> None:
    sc = made(900, 1)
    found = section(View(task(), SCHEMA, sc))
    rows = {(row["column"], row["group"]): row for row in table(found, "by_group")}
    women = (sc.rows["sex"] == "female").to_numpy()
    row = rows["sex", "female"]
    assert row["rows"] == women.sum()
    assert row["value"] == pytest.approx(roc_auc_score(sc.truth[women], sc.risk[women]))
    assert row["interval"][0] < row["value"] < row["interval"][1]
    flagged = sc.risk >= 0.3
    assert row["recall"] == pytest.approx(flagged[women & sc.positives].mean())
    assert row["false_alarm"] == pytest.approx(flagged[women & ~sc.positives].mean())
    assert row["oe"] == pytest.approx(sc.positives[women].sum() / sc.risk[women].sum())
    ratio = {line["column"]: line for line in table(found, "four_fifths")}["sex"]["ratio"]
    passed = [(~flagged)[own].mean() for own in (women, ~women)]
    assert ratio == pytest.approx(min(passed) / max(passed))
    assert found.numbers["selection_ratio"] <= ratio
    assert {"equal_opportunity_gap", "predictive_equality_gap", "group_worst", "group_gap_sex"} <= set(found.numbers)
    for block in as_data(found)["blocks"]:
        if block["block"] == "figure":
            assert draw(block).startswith("<svg")


def test_small_groups_of_one_and_of_two_columns_get_no_figure() -> None:
    sc = made(300, 2)
    sc.rows.loc[:9, "site"] = "tiny"
    found = section(View(task(), SCHEMA, sc))
    tiny = next(row for row in table(found, "by_group") if row["group"] == "tiny")
    assert tiny == {"column": "site", "group": "tiny", "rows": 10, "note": "too few (under 30)"}
    crossed = table(found, "crossed")
    assert all(row["rows"] >= 30 or "value" not in row for row in crossed)
    assert any("value" not in row for row in crossed)


@pytest.mark.slow
def test_clean_models_raise_no_alarm() -> None:
    rang = sum(len(section(View(task(), SCHEMA, made(600, seed))).alarms) for seed in range(20))
    assert rang <= 1


def test_a_group_that_is_worse_is_named_with_its_figure() -> None:
    sc = made(1000, 3, worse=2.5)
    found = section(View(task(slices=("sex",)), PLAIN, sc))
    (alarm,) = found.alarms
    women = (sc.rows["sex"] == "female").to_numpy()
    value = roc_auc_score(sc.truth[women], sc.risk[women])
    assert (alarm.name, alarm.level) == ("worse_group", "warn")
    assert f"sex = female, {value:.3f} on {women.sum():,} rows" in alarm.message
    (worst,) = section(View(task(slices=("sex",)), PLAIN, made(1500, 3, worse=8.0))).alarms
    assert worst.level == "stop"


def test_a_figure_that_is_better_when_lower_names_the_higher_group() -> None:
    found = section(View(task(metrics=(S.BRIER,), slices=("sex",)), PLAIN, made(1000, 3, worse=4.0)))
    assert "sex = female" in found.alarms[0].message
    row = next(row for row in table(found, "gaps") if row["column"] == "sex")
    assert row["worst"].startswith("female")
    assert row["difference"] < 0


def test_harder_labels_alone_do_not_make_a_group_worse() -> None:
    # macro F1 is lower at site b because two labels that nobody can tell apart are more frequent there; within each label
    # both sites fare the same
    random = np.random.default_rng(0)
    n = 3000
    site = random.choice(["a", "b"], n)
    truth = np.where(
        random.random(n) < np.where(site == "b", 0.8, 0.3), random.integers(0, 2, n), random.integers(2, 4, n)
    )
    said = np.where(truth < 2, random.integers(0, 2, n), np.where(random.random(n) < 0.95, truth, 5 - truth))
    scores = np.full((n, 4), 0.1)
    scores[np.arange(n), said] = 0.7
    rows = pd.DataFrame({"site": site, "outcome": truth.astype(str)})
    labels = ("0", "1", "2", "3")
    schema = Schema((Field("note", "text"),), "outcome", labels, kept=("site",))
    view = View(
        task(metrics=(S.ACCURACY,), positive=None, slices=("site",)), schema, Scored(truth, scores, labels, rows)
    )
    found = section(view)
    assert found.numbers["group_gap_site"] > 0.15
    assert found.alarms == []


def test_a_third_partys_metric_that_needs_the_records() -> None:
    share_old = Metric("old", "Old", lambda s: float((s.rows["age"] > 50).mean()))
    sc = made(100, 1)
    schema = Schema((), "outcome", ("well", "ill"), "ill")
    found = section(View(task(metrics=(share_old,), slices=("sex",)), schema, sc))
    women = (sc.rows["sex"] == "female").to_numpy()
    row = next(r for r in table(found, "by_group") if r["group"] == "female")
    assert row["value"] == pytest.approx((sc.rows["age"][women] > 50).mean())


def test_regression_and_choice_have_groups_too() -> None:
    sc = made(300, 1)
    random = np.random.default_rng(1)
    truth = random.normal(size=300)
    values = Scored(truth, truth + random.normal(size=300), (), sc.rows)
    found = section(View(task(kind="regression", metrics=(S.RMSE,), positive=None), SCHEMA, values))
    assert not any(isinstance(b, Table) and b.name == "rate_gaps" for b in found.blocks)
    scores = random.random((300, 5))
    choice = Scored(random.integers(0, 5, 300), scores / scores.sum(1, keepdims=True), tuple("abcde"), sc.rows)
    found = section(View(task(kind="choice", metrics=(S.RECALL_AT_1,), positive=None), SCHEMA, choice))
    assert found.alarms == []
    assert next(b for b in found.blocks if isinstance(b, Figure)).data["rows"]


def test_intervals_of_many_rows_come_from_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sc = made(4000, 5)
    everyone = np.ones(4000, bool)
    whole = group_figures.GroupFigures(S.AUROC, sc, None, stratified=True).interval(everyone)
    monkeypatch.setattr(group_figures, "MOST_DRAWN", 1000)
    part = group_figures.GroupFigures(S.AUROC, sc, None, stratified=True).interval(everyone)
    assert part.value == whole.value
    assert part.high - part.low == pytest.approx(whole.high - whole.low, rel=0.25)


def test_nothing_to_compare_says_so() -> None:
    rows = pd.DataFrame({"outcome": ["ill"] * 5})
    view = View(task(), Schema((), "outcome"), Scored(np.ones(5, int), np.full((5, 2), 0.5), ("well", "ill"), rows, 1))
    with pytest.raises(NotComputed, match="No column"):
        section(view)
    empty = Scored(np.empty(0, int), np.empty((0, 2)), ("well", "ill"), rows.iloc[:0], 1)
    with pytest.raises(NotComputed, match="no rows"):
        section(View(task(), SCHEMA, empty))
