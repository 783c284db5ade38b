"""Rare classes, and what a test of so many rows can tell."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from verticals.core.task import Metric
from verticals.datasets.checks.balance import check_balance, check_sample_size, half_width

from .conftest import material, only, share_right, task


def rows(**counts: int) -> pd.DataFrame:
    ill = [name for name, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"age": np.random.default_rng(0).normal(50, 9, len(ill)), "ill": ill})


def test_a_rare_label_is_named() -> None:
    found = only(check_balance(material(rows(flu=60, cold=50, gout=4, mumps=9), of=task(positive=None))))
    assert (found.level, found.count) == ("warn", 13)
    assert "2 of 4 labels in 'ill' have fewer than 10 rows, such as 'mumps' (9), 'gout' (4)" in found.message
    assert check_balance(material(rows(flu=60, cold=50), of=task(positive=None))) == []


def test_few_positives_are_noted() -> None:
    found = only(check_balance(material(rows(no=2000, yes=12))))
    assert (found.level, found.count) == ("note", 12)
    assert "Only 0.60% of the rows (12) are 'yes'" in found.message


def test_half_widths_worked_out_by_hand() -> None:
    # share of 0.8 in 100 rows: Wilson, centre and width by the formula
    z = 1.959964
    assert half_width("accuracy", [100]) == pytest.approx(
        z * math.sqrt(0.8 * 0.2 / 100 + z**2 / 40000) / (1 + z**2 / 100)
    )
    # area of 0.8 with 50 and 50: Q1 = 0.8/1.2, Q2 = 2*0.64/1.8
    q1, q2 = 0.8 / 1.2, 1.28 / 1.8
    spread = (0.16 + 49 * (q1 - 0.64) + 49 * (q2 - 0.64)) / 2500
    assert half_width("auroc", [50, 50], 1) == pytest.approx(z * math.sqrt(spread))
    assert half_width("gini", [50, 50], 1) == pytest.approx(2 * z * math.sqrt(spread))
    # average precision: a share of the 25 that are looked for; macro F1: the mean of two shares
    assert half_width("average_precision", [975, 25], 1) == half_width("accuracy", [25])
    assert half_width("macro_f1", [100, 25]) == pytest.approx(z * math.sqrt(0.16 / 100 + 0.16 / 25) / 2)
    assert half_width("auroc", [100, 0], 1) == math.inf
    assert half_width("accuracy", [0]) == math.inf


def test_the_half_width_of_an_accuracy_is_that_of_scipy() -> None:
    from scipy.stats import binomtest

    interval = binomtest(80, 100).proportion_ci(method="wilson")
    assert half_width("accuracy", [100]) == pytest.approx((interval.high - interval.low) / 2, rel=1e-6)


def test_the_half_width_is_that_of_real_draws() -> None:
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(0)
    truth = np.repeat([0, 1], [150, 50])
    shift = 1.19  # an area of 0.8 between two normal curves: shift = sqrt(2) * 0.8416
    areas = [roc_auc_score(truth, draw.normal(0, 1, 200) + shift * truth) for _ in range(400)]
    assert np.mean(areas) == pytest.approx(0.8, abs=0.01)
    assert half_width("auroc", [150, 50], 1) == pytest.approx(1.96 * np.std(areas), rel=0.15)


def test_too_few_rows_for_the_headline() -> None:
    found = only(check_sample_size(material(rows(no=150, yes=50))))
    assert found.level == "warn"
    width = half_width("auroc", [30, 10], 1)
    assert (found.figures["half_width"], found.figures["test_rows"]) == (round(width, 4), 40)
    assert f"40 test rows, 10 of them 'yes', will tell area under the ROC curve to within {width:.3f}" in found.message
    enough = found.figures["rows_for_0.03"]
    assert half_width("auroc", [enough * 3 // 4, enough // 4], 1) == pytest.approx(0.03, rel=0.05)
    big = only(check_sample_size(material(rows(no=1500, yes=500))))
    assert big.level == "note"
    assert check_sample_size(material(rows(no=30_000, yes=10_000))) == []


def test_a_test_file_counts_as_it_is() -> None:
    found = only(check_sample_size(material(rows(no=3000, yes=1000), rows(no=20, yes=20))))
    assert found.figures["test_rows"] == 40


def test_a_cost_has_no_share() -> None:
    cost = Metric("cost", "Cost", share_right, higher_is_better=False, high=math.inf)
    assert check_sample_size(material(rows(no=50, yes=50), of=task(metrics=(cost,)))) == []


def test_a_label_of_the_test_that_the_data_lacks() -> None:
    known = task(positive=None, labels=("cold", "flu", "gout"))
    found = only(check_balance(material(rows(flu=60, cold=50), rows(flu=50, cold=47, gout=3), of=known)))
    assert (found.check, found.level, found.part, found.rows) == ("unseen_labels", "warn", "test", (97, 98, 99))
    assert "3 of 100 test rows (3.0%) have a label that no row of the data has: 'gout' (3)" in found.message
    many = only(check_balance(material(rows(flu=60, cold=50), rows(flu=50, gout=50), of=known)))
    assert many.level == "stop"


def test_a_single_row_of_a_label() -> None:
    found = only(check_balance(material(rows(flu=60, cold=50, gout=1), of=task(positive=None))))
    assert "1 of them has a single row" in found.message
