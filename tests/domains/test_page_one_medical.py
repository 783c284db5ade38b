"""What a clinician reads first, and the two sections that only medicine has, worked out by hand."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from verticals.core.pages import Section, Table, as_data
from verticals.core.task import Scored
from verticals.domains.medical.metrics import NEVER_MISS, differential
from verticals.domains.medical.page_one import page_one
from verticals.domains.medical.report_sections import sections, true_differentials
from verticals.domains.medical.tasks import DIAGNOSIS
from verticals.evaluation.plots import draw

LABELS = ("stroke", "migraine", "Meningitis", "panic attack")


def scored(truth: list[int], first: list[int], rows: dict[str, Any] | None = None, **more: Any) -> Scored:
    scores = np.tile([0.15, 0.1, 0.096, 0.004], (len(truth), 1))
    scores[np.arange(len(truth)), first] += 0.65
    return Scored(np.array(truth, int), scores, LABELS, pd.DataFrame(rows or {}, index=range(len(truth))), **more)


def table(section: Section, name: str) -> list[Any]:
    return list(next(b for b in section.blocks if isinstance(b, Table) and b.name == name).rows)


def test_the_policy_knows_the_list() -> None:
    assert DIAGNOSIS.safety.never_miss == NEVER_MISS


def test_harmless_when_it_says_harmless() -> None:
    # named harmless: rows 1 (stroke), 3, 4 (harmless), 5 (withheld, does not count)
    sc = scored([0, 0, 2, 1, 3, 1], [0, 1, 2, 1, 3, 1], abstained=np.array([0, 0, 0, 0, 0, 1], bool))
    box = {b.title: b for b in page_one(sc)}["Harmless when it names nothing dangerous"]
    assert box.value == "66.7 %"
    assert "2 of 3 answered cases" in box.note
    low = binomtest(2, 3).proportion_ci(0.95, "exact").low
    assert f"{100 * low:.1f} %" in box.note
    assert "50.0 % of 6 have a dangerous condition" in box.note


def test_harmless_of_a_yes_no_table_is_its_negative_predictive_value() -> None:
    p = np.array([0.3, 0.1, 0.05, 0.9])
    sc = Scored(
        np.array([1, 1, 0, 1]), np.column_stack([1 - p, p]), ("no", "yes"), pd.DataFrame(index=range(4)), 1, 0.25
    )
    assert {b.title: b.value for b in page_one(sc)}["Harmless when it names nothing dangerous"] == "50.0 %"


def test_who_is_not_in_the_data() -> None:
    rows = {
        "age": [30.0] * 60 + [50.0] * 35 + [5.0] * 3 + [np.nan] * 2,
        "sex": (["female", "male"] * 30 + ["female"] * 35 + ["male"] * 5),
    }
    box = {b.title: b for b in page_one(scored([1] * 100, [1] * 100, rows))}["Who is not in the data"]
    assert box.value == "0 to 17 years (3); 40 to 64 years: male (0); from 65 years on (0)"
    assert "2 rows have no age" in box.note
    none = {b.title: b for b in page_one(scored([1], [1]))}["Who is not in the data"]
    assert none.value == "cannot be told"


def test_differential_by_hand() -> None:
    # row 0: possible a b, kept a c: recall 1/2, precision 1/2, F1 1/2; severe are a and c
    # row 1: possible c, kept c b: recall 1, precision 1/2, F1 2/3
    possible = np.array([[1, 1, 0, 0], [0, 0, 1, 0]], bool)
    scores = np.array([[0.9, 0.005, 0.09, 0.005], [0.005, 0.5, 0.495, 0.0]])
    found = differential(possible, scores, np.array([1, 0, 1, 0], bool))
    assert (found.ddr, found.ddp) == pytest.approx((0.75, 0.5))
    assert found.ddf1 == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found.dsr == 1.0  # a is kept in row 0, c in row 1
    assert found.dsp == pytest.approx(0.5)  # c is not ruled out in row 0, a is in row 1
    assert (found.rows, found.size) == (2, 2.0)
    nothing = differential(np.zeros((0, 4), bool), np.zeros((0, 4)), np.ones(4, bool))
    assert np.isnan([nothing.ddr, nothing.ddp, nothing.ddf1, nothing.dsr, nothing.dsp]).all()


def test_differential_of_nothing_kept_or_nothing_possible() -> None:
    found = differential(np.array([[1, 0], [0, 0]], bool), np.array([[0.0, 0.0], [0.9, 0.1]]), np.array([1, 0], bool))
    assert found.ddr == 0.0  # of the one row in which something was possible
    assert found.ddp == 0.0  # of the one row in which something is kept


def test_the_differential_section_reads_the_column_of_ddxplus() -> None:
    told = [json.dumps({"stroke": 0.6, "migraine": 0.4, "unheard of": 0.2, "Meningitis": 0.005}), None, "[1", "{}"]
    sc = scored([0, 1, 2, -1], [0, 0, 2, 1], {"differential": told})
    index, possible = true_differentials(sc)
    assert index.tolist() == [0]
    assert possible.tolist() == [[True, True, False, False]]
    ddx, nevermiss = sections(sc)
    assert ddx.numbers["gtpa_at_1"] == 0.5
    assert ddx.numbers["gtpa_at_3"] == 0.75
    assert ddx.numbers["ddr"] == 1.0
    assert ddx.numbers["ddp"] == pytest.approx(2 / 3)  # 0.004 is not kept
    assert "gtpa_at_5" not in ddx.numbers
    assert {row["condition"]: row["named"] for row in table(nevermiss, "conditions")} == {
        "stroke": 1.0,
        "Meningitis": 1.0,
    }


def test_without_the_column_the_section_says_what_is_not_computed() -> None:
    ddx, nevermiss = sections(scored([0, 0, 1], [0, 1, 1]))
    assert any("not computed" in block for block in ddx.blocks if isinstance(block, str))
    assert "ddr" not in ddx.numbers
    assert ddx.numbers["dsr_of_truth"] == 1.0
    row = table(nevermiss, "conditions")[0]
    assert (row["condition"], row["named"], row["instead"]) == ("stroke", 0.5, "migraine (1)")
    assert table(nevermiss, "conditions")[1]["instead"] == "no test case"
    assert nevermiss.numbers["never_miss_worst"] == 0.5
    for section in (ddx, nevermiss):
        for block in as_data(section)["blocks"]:
            if block["block"] == "figure":
                assert draw(block).startswith("<svg")
    assert sections(scored([], [])) == []
