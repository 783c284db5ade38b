"""Bounds on a report's figures: what may be written, what holds, and that an undefined figure holds nothing."""

from __future__ import annotations

import math

import pytest

from verticals.core.errors import DataError
from verticals.evaluation.numbers import numbers_of
from verticals.evaluation.require import Requirement, check, parse

DATA = {
    "rows": {"measured": 300},
    "metrics": [
        {"name": "auroc", "value": 0.81, "interval": [0.77, 0.85]},
        {"name": "ks", "value": None, "interval": [None, None]},
    ],
    "alarms": [{"level": "warn", "message": "a"}, {"level": "stop", "message": "b"}],
    "sections": [{"numbers": {"auroc": 0.5, "worst_group_auroc": 0.7, "psi": None, "share": 1}}],
}


def test_every_figure_has_a_flat_name() -> None:
    found = numbers_of(DATA)
    assert found["auroc"] == 0.81, "a section may not overwrite a metric"
    assert (found["auroc_lower"], found["auroc_upper"]) == (0.77, 0.85)
    assert (found["alarms"], found["stops"], found["rows"]) == (2, 1, 300)
    assert (found["worst_group_auroc"], found["share"]) == (0.7, 1)
    assert math.isnan(found["ks"])
    assert math.isnan(found["ks_lower"])
    assert math.isnan(found["psi"])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("auroc_lower>=0.9", Requirement("auroc_lower", ">=", 0.9)),
        ("  ece <= 5e-2 ", Requirement("ece", "<=", 0.05)),
        ("alarms==0", Requirement("alarms", "==", 0.0)),
        ("x>-1", Requirement("x", ">", -1.0)),
        ("x<1", Requirement("x", "<", 1.0)),
    ],
)
def test_reading(text: str, wanted: Requirement) -> None:
    assert parse(text) == wanted
    assert parse(str(wanted)) == wanted


@pytest.mark.parametrize(
    "text", ["", "auroc", "auroc=0.9", "auroc>=", "auroc=>0.9", "auroc>=nan", ">=0.9", "a>=b", "a>=1 2"]
)
def test_what_is_no_requirement(text: str) -> None:
    with pytest.raises(DataError, match="cannot be read; write a figure's name"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("auroc>=0.81", True),
        ("auroc>0.81", False),
        ("auroc<=0.81", True),
        ("auroc<0.81", False),
        ("auroc==0.81", True),
        ("stops==0", False),
        ("ks>=0", False),
        ("ks<=1", False),
    ],
)
def test_what_holds(text: str, passed: bool) -> None:
    outcome = check([parse(text)], numbers_of(DATA))[0]
    assert outcome.passed is passed
    assert str(outcome).startswith("passed" if passed else "FAILED")
    assert ("undefined" in str(outcome)) is text.startswith("ks")


def test_an_unknown_name_says_what_was_meant() -> None:
    with pytest.raises(DataError, match=r"no figure named 'auroc_low'. Did you mean 'auroc_lower'\? There is: alarms,"):
        check([parse("auroc_low>=0.9")], numbers_of(DATA))
