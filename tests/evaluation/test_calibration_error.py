"""The calibration error without luck: zero where there is nothing to find, the gap where there is one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from verticals.core.task import Scored
from verticals.evaluation.intervals import Resamples, interval, paired_difference
from verticals.evaluation.metrics import standard as S
from verticals.evaluation.metrics.calibration import ece
from verticals.evaluation.metrics.calibration_error import crossed_rows


def rows(n: int, seed: int, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    risk = random.uniform(0.2, 0.8, n)
    return risk, random.random(n) < risk + shift


def scored(risk: np.ndarray, outcome: np.ndarray) -> Scored:
    frame = pd.DataFrame(index=range(len(risk)))
    return Scored(outcome.astype(np.int64), np.column_stack([1 - risk, risk]), ("no", "yes"), frame, 1)


def test_calibrated_probabilities_have_no_error_on_average_although_the_measured_one_is_large() -> None:
    crossed = [crossed_rows(*rows(500, seed)).mean() for seed in range(60)]
    shown = [ece(*rows(500, seed)) for seed in range(60)]
    assert np.mean(shown) > 0.05
    assert abs(np.mean(crossed)) < 4 * np.std(crossed) / np.sqrt(60) < 0.012


@pytest.mark.parametrize("shift", [0.15, -0.15])
def test_a_constant_gap_is_found_in_full(shift: float) -> None:
    """Outcomes are 0.15 more, or less, likely than said on every row: the error is 0.15."""
    crossed = [crossed_rows(*rows(2000, seed, shift)).mean() for seed in range(20)]
    assert np.mean(crossed) == pytest.approx(0.15, abs=0.008)


def test_a_row_is_never_told_its_side_by_itself_or_its_group() -> None:
    """Two units: each half is one unit, so each unit's sign is that of the other one's gap."""
    said, came = np.full(40, 0.5), np.r_[np.ones(20), np.zeros(20)].astype(bool)
    gaps = crossed_rows(said, came, np.repeat([0, 1], 20))
    assert (gaps == -0.5).all()  # the other unit lies on the other side


def test_the_paired_difference_of_errors_holds_the_truth() -> None:
    """A calibrated model and one that says 0.15 too little, on the same 800 rows: their errors are 0.15 apart."""
    inside = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        risk = random.uniform(0.2, 0.7, 800)
        outcome = random.random(800) < risk
        found = paired_difference(
            S.ECE, scored(risk, outcome), scored(risk - 0.15, outcome), Resamples(800, count=300, seed=seed)
        )
        assert found.low < found.value < found.high
        inside += found.low <= 0.15 <= found.high
    assert inside >= 35


def test_the_interval_of_an_error_holds_the_measured_value() -> None:
    risk, outcome = rows(400, 3)
    found = interval(S.ECE, scored(risk, outcome), Resamples(400, count=300))
    assert found.value == ece(risk, outcome)
    assert 0.0 <= found.low <= found.value <= found.high
