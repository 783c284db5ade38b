"""Can the probabilities be taken at their word? Curve, ratios and errors, each beside what luck alone would show."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.pages import Alarm, Block, Column, Figure, NotComputed, Section, Table
from ...core.task import Scored
from ..intervals import wilson
from ..measure import TOO_FEW, named_groups
from ..metrics import calibration as C
from ..metrics.shares import clopper_pearson
from ..metrics.standard import confidence, right
from ..view import View
from ..words import number, percent
from . import TITLES

__all__ = ["section"]

Z = 1.959963984540054
LARGE_ERROR = 0.03
"""An error below this is no alarm, however many rows prove it."""
LUCK = 0.999
"""Share of perfectly calibrated models that an alarm must lie beyond."""
LUCK_DRAWS = 4000
TOO_STEEP = 0.8
"""A slope whose interval lies wholly below it makes too much of what was learnt."""
SURE, SURE_GAP = 0.95, 0.05
"""Among answers given with at least the first, a shortfall of more than the second is an alarm."""
OFF = 0.10
"""A ratio of observed to expected whose interval lies farther than this from 1 is an alarm."""


@dataclass(frozen=True)
class _Found:
    """The figures of one set of rows."""

    ece: float
    luck: float
    """The error that 99.9 % of perfectly calibrated models stay below on as many rows."""
    slope: float
    slope_error: float
    intercept: float
    ratio: float
    ratio_interval: tuple[float, float]
    brier: tuple[float, float, float]

    @property
    def steepest(self) -> float:
        """Upper end of the slope's interval."""
        return self.slope + Z * self.slope_error


def _figures(sure: NDArray[np.float64], correct: NDArray[np.bool_]) -> _Found:
    slope, intercept = C.calibration_line(sure, correct)
    luck = C.ece_by_luck(sure, draws=LUCK_DRAWS)
    return _Found(
        C.ece(sure, correct),
        float(luck[int(LUCK * len(luck))]) if len(luck) else math.nan,
        slope,
        C.line_errors(sure, correct)[0],
        intercept,
        C.observed_expected(sure, correct),
        C.observed_expected_interval(sure, correct),
        C.brier_parts(sure, correct),
    )


def section(view: View) -> Section:
    """The curve, its figures before and after calibration, the same by group, and what page one must name.

    Raises:
        NotComputed: the answers are values, or there are no rows.
    """
    if not view.probabilities:
        raise NotComputed("The answers are values, not probabilities.")
    if not len(view.scored):
        raise NotComputed("There are no rows.")
    sure, correct = confidence(view.scored), right(view.scored)
    found = _figures(sure, correct)
    about = "risk" if view.binary else "confidence of the answer"
    blocks: list[Block] = [
        f"The {about} is set beside what came true. A model is calibrated when of all cases given 20 %, one in five comes true. "
        "The probabilities were calibrated on validation rows only; nothing was fitted to the rows measured here.",
        _curve(view, sure, correct),
        _summary(view, found),
    ]
    by_group = _by_group(view, sure, correct)
    if by_group is not None:
        blocks.append(by_group)
    numbers = {
        "calibration_error": found.ece, "calibration_error_by_luck": found.luck, "calibration_slope": found.slope,
        "calibration_intercept": found.intercept, "observed_expected": found.ratio,
        "observed_expected_lower": found.ratio_interval[0], "observed_expected_upper": found.ratio_interval[1],
        "brier_reliability": found.brier[0], "brier_resolution": found.brier[1],
    }  # fmt: skip
    return Section("calibration", TITLES["calibration"], tuple(blocks), numbers, _alarms(view, sure, correct, found))


def _curve(view: View, sure: NDArray[np.float64], correct: NDArray[np.bool_]) -> Figure:
    bins = [
        {"confidence": b.confidence, "observed": b.observed, "interval": wilson(b.observed * b.count, b.count), "count": b.count}
        for b in C.reliability(sure, correct, bins=min(10, max(2, len(sure) // TOO_FEW)))
    ]  # fmt: skip
    words = "; ".join(f"{percent(b['confidence'])} promised, {percent(b['observed'])} came true" for b in bins)
    x, y = ("Predicted risk", "Came true") if view.binary else ("Confidence of the answer", "Was right")
    caption = f"On the dashed line, what was promised is what happened; the band is a 95 % interval. {words}."
    return Figure("curve", "reliability", "Calibration curve", {"bins": bins, "x_title": x, "y_title": y}, caption)


def _summary(view: View, found: _Found) -> Table:
    before = _before(view)
    reliability, resolution, uncertainty = found.brier
    rows = [
        {
            "what": "Expected calibration error (0 is best)", "now": found.ece, "before": before.ece if before else None,
            "note": f"999 in 1,000 perfectly calibrated models would show at most {number(found.luck)} on as many rows",
        },
        {
            "what": "Slope (1 is best; below 1: too extreme)", "now": found.slope, "before": before.slope if before else None,
            "note": f"95 % interval {number(found.slope - Z * found.slope_error)} to {number(found.steepest)}",
        },
        {"what": "Intercept (0 is best)", "now": found.intercept, "before": before.intercept if before else None, "note": ""},
        {
            "what": "Observed to expected (1 is best; above 1: too low a risk)", "now": found.ratio,
            "before": before.ratio if before else None,
            "note": f"95 % interval {number(found.ratio_interval[0])} to {number(found.ratio_interval[1])}",
        },
        {
            "what": "Brier score, part lost to wrong probabilities", "now": reliability,
            "before": before.brier[0] if before else None, "note": f"of an uncertainty of {number(uncertainty)} in the rows",
        },
        {
            "what": "Brier score, part won by telling cases apart", "now": resolution,
            "before": before.brier[1] if before else None, "note": "more is better",
        },
    ]  # fmt: skip
    columns = (Column("what", "Figure"), Column("now", "Now", "number"), Column("before", "Before calibration", "number"),
               Column("note", "Note"))  # fmt: skip
    return Table("figures", columns, rows)


def _before(view: View) -> _Found | None:
    """Figures of the probabilities before they were calibrated; None where they are not known."""
    raw = getattr(view.predictions, "raw_scores", None)
    if raw is None:
        return None
    plain = Scored(view.scored.truth, raw, view.scored.labels, view.scored.rows, view.scored.positive)
    return _figures(confidence(plain), right(plain))


def _by_group(view: View, sure: NDArray[np.float64], correct: NDArray[np.bool_]) -> Table | None:
    rows = []
    for name in view.task.slices:
        if name not in view.scored.rows.columns:
            continue
        for value, member in named_groups(view.scored.rows[name]):
            if member.sum() < TOO_FEW:
                rows.append({"group": f"{name}: {value}", "n": int(member.sum()), "note": "too few"})
                continue
            ratio = C.observed_expected(sure[member], correct[member])
            rows.append(
                {
                    "group": f"{name}: {value}", "n": int(member.sum()), "ece": C.ece(sure[member], correct[member]),
                    "luck": float(C.ece_by_luck(sure[member], draws=LUCK_DRAWS)[int(LUCK * LUCK_DRAWS)]), "ratio": ratio,
                    "interval": C.observed_expected_interval(sure[member], correct[member]), "note": "",
                }
            )  # fmt: skip
    if not rows:
        return None
    columns = (
        Column("group", "Group"), Column("n", "Rows", "count"), Column("ece", "Calibration error", "number"),
        Column("luck", "By luck at most", "number"), Column("ratio", "Observed to expected", "number"),
        Column("interval", "95 % interval", "range"), Column("note", "Note"),
    )  # fmt: skip
    note = "Groups of fewer than 30 rows get no figure. An error below the next column may be luck."
    return Table("by_group", columns, rows, "By group", note)


def _alarms(view: View, sure: NDArray[np.float64], correct: NDArray[np.bool_], found: _Found) -> list[Alarm]:
    alarms = []
    low, high = found.ratio_interval
    off = low > 1 + OFF or high < 1 - OFF
    if found.ece > max(LARGE_ERROR, found.luck):
        way = "" if not off else (" and the risk is told too low" if low > 1 else " and the risk is told too high")
        alarms.append(
            Alarm(
                "uncalibrated",
                f"The probabilities are off by {percent(found.ece)} on average, where luck explains at most {percent(found.luck)}{way} "
                f"(observed to expected {number(found.ratio)}): calibrate anew on rows like these before anybody reads them as chances.",
            )
        )
    shortfall = _shortfall(view, sure, correct)
    if shortfall is not None or (
        math.isfinite(found.steepest) and found.steepest < TOO_STEEP and found.ece > found.luck
    ):
        words = (
            f"the slope of the calibration line is {number(found.slope)}, its interval wholly below {TOO_STEEP:g}"
            if shortfall is None
            else f"of {shortfall[0]:,} answers given with at least {percent(SURE, 0)}, {percent(shortfall[1])} were right"
        )
        alarms.append(
            Alarm(
                "overconfident",
                f"It promises more than it keeps: {words}. Do not act on a high probability alone, and calibrate anew.",
            )
        )
    return alarms


def _shortfall(view: View, sure: NDArray[np.float64], correct: NDArray[np.bool_]) -> tuple[int, float] | None:
    """Rows answered with great confidence and the share right, where that is surely too low; None: it is not."""
    if view.binary:  # a risk near 0 is as sure as one near 1
        sure, correct = np.maximum(sure, 1 - sure), np.where(sure >= 0.5, correct, ~correct)
    near = sure >= SURE
    n = int(near.sum())
    if n < TOO_FEW:
        return None
    hits = int(correct[near].sum())
    if clopper_pearson(hits, n)[1] < float(sure[near].mean()) - SURE_GAP:
        return n, hits / n
    return None
