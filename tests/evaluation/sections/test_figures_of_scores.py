"""Sections that need scores and truth only: discrimination, calibration, utility, selective. Values by hand or scikit-learn."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, precision_recall_curve, roc_auc_score

from verticals.core.pages import Figure, NotComputed, Section, Table
from verticals.core.task import Decision, Schema, Scored
from verticals.evaluation.delong import auroc_interval
from verticals.evaluation.metrics import calibration as C
from verticals.evaluation.metrics import standard as S
from verticals.evaluation.metrics.binary import net_benefit
from verticals.evaluation.sections import calibration, discrimination, selective, utility
from verticals.evaluation.sections.utility import decision_curve
from verticals.evaluation.view import View

from ..conftest import binary_task, said_of, scored


def view_of(one: Scored, **changes: Any) -> View:
    task = binary_task(slices=(), decision=Decision("cost", 5.0, 1.0), **changes)
    return View(task, Schema(fields=(), label="y", labels=one.labels), one)


def drawn(n: int = 4000, seed: int = 0, *, twist: float = 1.0, shift: float = 0.0) -> Scored:
    """True risks, told as twist times their log-odds plus shift."""
    random = np.random.default_rng(seed)
    odds = random.normal(-0.5, 1.2, n)
    y = random.random(n) < 1 / (1 + np.exp(-odds))
    return scored(y, 1 / (1 + np.exp(-(twist * odds + shift))), threshold=1 / 6)


def table(section: Section, name: str) -> Table:
    return next(block for block in section.blocks if isinstance(block, Table) and block.name == name)


def figure(section: Section, name: str) -> Figure:
    return next(block for block in section.blocks if isinstance(block, Figure) and block.name == name)


def many(n: int, right: float, seed: int = 0) -> Scored:
    """Four labels, named rightly with a given probability and confidence."""
    random = np.random.default_rng(seed)
    truth = random.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    said = np.where(random.random(n) < right, truth, (truth + random.integers(1, 4, n)) % 4)
    scores = np.full((n, 4), (1 - right) / 3)
    scores[np.arange(n), said] = right
    return Scored(truth, scores, ("a", "b", "c", "d"), pd.DataFrame(index=range(n)))


def test_areas_are_scikit_learns() -> None:
    one = drawn()
    found = discrimination.section(view_of(one))
    assert found.numbers["roc_area"] == pytest.approx(roc_auc_score(one.positives, one.risk))
    interval = auroc_interval(one.positives, one.risk)
    assert (found.numbers["roc_area_lower"], found.numbers["roc_area_upper"]) == (interval.low, interval.high)
    assert found.numbers["pr_area"] == pytest.approx(average_precision_score(one.positives, one.risk))
    assert found.numbers["prevalence"] == pytest.approx(one.positives.mean())
    assert not found.alarms


def test_precision_and_recall_are_those_of_scikit_learn() -> None:
    one = scored([1, 0, 1, 1, 0, 0], [0.9, 0.8, 0.8, 0.4, 0.4, 0.1])
    series = figure(discrimination.section(view_of(one)), "precision_recall").data["series"][0]
    precision, recall, _ = precision_recall_curve(one.positives, one.risk)
    expected = sorted(zip(recall[:-1], precision[:-1], strict=True), key=lambda point: (point[0], -point[1]))
    got = sorted(zip(series["x"], series["y"], strict=True), key=lambda point: (point[0], -point[1]))
    assert np.array(got) == pytest.approx(np.array(expected))


def test_swapped_labels_are_named() -> None:
    one = drawn(600)
    swapped = replace(one, scores=one.scores[:, ::-1])
    assert [alarm.name for alarm in discrimination.section(view_of(swapped)).alarms] == ["reversed"]
    guessing = scored(np.arange(400) % 2, np.random.default_rng(1).random(400))
    assert not discrimination.section(view_of(guessing)).alarms


def test_each_label_by_hand() -> None:
    truth, said = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    one = Scored(truth, np.eye(3)[said], ("a", "b", "c"), pd.DataFrame(index=range(6)))
    rows = table(discrimination.section(view_of(one)), "labels").rows
    assert [(r["label"], r["n"], r["recall"], r["precision"]) for r in rows] == [
        ("a", 3, pytest.approx(2 / 3), 1.0), ("b", 2, 0.5, 0.5), ("c", 1, 1.0, 0.5),
    ]  # fmt: skip
    assert rows[0]["f1"] == pytest.approx(0.8)


def test_labels_in_another_order_are_named() -> None:
    one = many(800, 0.9)
    assert not discrimination.section(view_of(one)).alarms
    turned = replace(one, scores=np.roll(one.scores, 1, axis=1))
    assert [alarm.name for alarm in discrimination.section(view_of(turned)).alarms] == ["reversed"]


def test_a_regression_has_errors() -> None:
    truth = np.array([1.0, 2.0, 3.0, 4.0])
    one = Scored(truth, truth + np.array([0.0, 1.0, -1.0, 0.0]), (), pd.DataFrame(index=range(4)))
    found = discrimination.section(view_of(one))
    assert found.numbers["all_mae"] == 0.5
    assert found.numbers["all_rmse"] == pytest.approx(math.sqrt(0.5))
    with pytest.raises(NotComputed, match="values, not probabilities"):
        calibration.section(view_of(one))


def test_no_rows_is_a_reason() -> None:
    empty = scored([], [])
    for one in (discrimination, calibration, utility, selective):
        with pytest.raises(NotComputed):
            one.section(view_of(empty))


@pytest.mark.parametrize("seed", range(20))
def test_calibrated_models_raise_no_alarm(seed: int) -> None:
    assert not calibration.section(view_of(drawn(1500, seed))).alarms
    assert not calibration.section(view_of(many(800, 0.8, seed))).alarms


def test_a_shifted_model_is_uncalibrated_and_a_steep_one_overconfident() -> None:
    shifted = calibration.section(view_of(drawn(shift=1.0))).alarms
    assert [alarm.name for alarm in shifted] == ["uncalibrated"]
    assert "told too high" in shifted[0].message
    assert "overconfident" in [alarm.name for alarm in calibration.section(view_of(drawn(twist=2.5))).alarms]
    sure = replace(many(800, 0.8), scores=np.where(many(800, 0.8).scores == 0.8, 0.97, 0.01))
    assert {alarm.name for alarm in calibration.section(view_of(sure)).alarms} == {"uncalibrated", "overconfident"}


def test_the_brier_score_is_the_sum_of_its_parts() -> None:
    # four values, so that bins hold one value each and nothing is lost in them
    p = np.repeat([0.1, 0.3, 0.6, 0.9], 50)
    y = np.random.default_rng(0).random(200) < p
    reliability, resolution, uncertainty = C.brier_parts(p, y, bins=8)
    assert reliability - resolution + uncertainty == pytest.approx(brier_score_loss(y, p))
    assert uncertainty == pytest.approx(y.mean() * (1 - y.mean()))


def test_luck_is_what_calibrated_outcomes_show() -> None:
    random = np.random.default_rng(3)
    p = random.random(1000)
    shown = np.sort([C.ece(p, random.random(1000) < p) for _ in range(400)])
    told = C.ece_by_luck(p)
    assert told[500] == pytest.approx(np.median(shown), rel=0.05)
    assert told[990] == pytest.approx(shown[396], rel=0.12)


def test_line_errors_are_those_of_the_information_matrix() -> None:
    # at the true line of a single value pair the matrix is known: two groups with log-odds -1 and 1
    p = np.repeat(1 / (1 + np.exp([1.0, -1.0])), 500)
    y = np.concatenate([np.arange(500) < 500 * p[0], np.arange(500) < 500 * p[-1]])
    slope, intercept = C.calibration_line(p, y)
    mean = 1 / (1 + np.exp(-(slope * np.array([-1.0, 1.0]) + intercept)))
    w = 500 * mean * (1 - mean)
    matrix = np.array([[w.sum(), w[1] - w[0]], [w[1] - w[0], w.sum()]])
    assert C.line_errors(p, y) == pytest.approx(tuple(np.sqrt(np.diag(np.linalg.inv(matrix)))), rel=1e-6)


def test_observed_to_expected_by_hand() -> None:
    p, y = np.full(100, 0.2), np.arange(100) < 30
    low, high = C.observed_expected_interval(p, y)
    half = 1.959963984540054 * math.sqrt(0.7 / 30)
    assert (low, high) == pytest.approx((1.5 * math.exp(-half), 1.5 * math.exp(half)))
    assert all(math.isnan(end) for end in C.observed_expected_interval(p, np.zeros(100)))


def test_net_benefit_is_that_of_single_thresholds() -> None:
    one = drawn(500)
    steps = np.array([0.05, 1 / 6, 0.5, 0.9])
    model, everybody = decision_curve(one.positives, one.risk, steps)
    assert model == pytest.approx([net_benefit(one.positives, one.risk, t) for t in steps])
    assert everybody == pytest.approx([net_benefit(one.positives, np.ones(500), t) for t in steps])


def test_utility_by_hand() -> None:
    # 2 of 10 are ill; from 1/6 on four are flagged, both ill ones among them
    one = scored(
        [1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0.9, 0.3, 0.8, 0.2, 0.1, 0.1, 0.05, 0.05, 0.02, 0.01], threshold=1 / 6
    )
    found = utility.section(view_of(one))
    assert found.numbers["recall"] == 1.0
    assert found.numbers["specificity"] == 0.75
    assert found.numbers["precision"] == 0.5
    assert found.numbers["net_benefit"] == pytest.approx(0.2 - 0.2 * (1 / 6) / (5 / 6))
    assert found.numbers["mean_cost"] == pytest.approx(0.2)
    frozen = next(row for row in table(found, "thresholds").rows if row["marked"])
    assert frozen["looked"] == 2.0
    assert frozen["ppv_1"] == pytest.approx(0.5)  # at the share in the rows, what was measured
    assert frozen["ppv_0"] == pytest.approx(0.1 / (0.1 + 0.25 * 0.9))  # by Bayes at half of it
    assert frozen["npv_2"] == 1.0
    assert [row["n"] for row in table(found, "capacity").rows] == [1]
    assert table(found, "capacity").rows[0]["found"] == 0.5
    with pytest.raises(NotComputed, match="same outcome"):
        utility.section(view_of(scored([1, 1], [0.2, 0.4])))
    with pytest.raises(NotComputed, match="no threshold to set"):
        utility.section(view_of(many(50, 0.8)))


def test_selective_by_hand() -> None:
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.55, 0.45]])
    held = np.array([False, False, False, True])
    one = Scored(np.array([0, 0, 1, 1]), scores, ("a", "b"), pd.DataFrame(index=range(4)), abstained=held)
    said = said_of(one.rows, ("a", "b"), scores, abstained=held, reasons=("", "", "", "unsure"),
                   conformal=(("a",), ("a",), ("a", "b"), ("a",)))  # fmt: skip
    found = selective.section(replace(view_of(one), predictions=said))  # type: ignore[arg-type]
    assert found.numbers["withheld"] == 0.25
    answered = {row["rows"]: row["share"] for row in table(found, "answered").rows}
    assert answered == {"all rows": 0.5, "the answered": pytest.approx(2 / 3), "the withheld": 0.0}
    assert found.numbers["aurc"] == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert found.numbers["set_coverage"] == 0.75  # the last set lacks b
    assert found.numbers["set_size"] == 1.25
    assert C.accuracy_at_coverage(scores.max(1), one.truth == 0, 0.5) == 1.0
    assert found.numbers["accuracy_at_80"] == 0.5


def test_coverage_by_label_names_the_worst() -> None:
    truth = np.repeat([0, 1], 100)
    scores = np.tile([0.7, 0.3], (200, 1))
    sets = tuple(("a",) if i < 150 else ("a", "b") for i in range(200))
    one = Scored(truth, scores, ("a", "b"), pd.DataFrame(index=range(200)))
    said = said_of(one.rows, ("a", "b"), scores, conformal=sets)
    found = selective.section(replace(view_of(one), predictions=said))  # type: ignore[arg-type]
    assert found.numbers["set_coverage"] == 0.75
    assert found.numbers["set_coverage_worst"] == 0.5
    assert [row["coverage"] for row in table(found, "sets").rows] == [1.0, 0.5]
    assert S.ACCURACY.function(one) == 0.5
