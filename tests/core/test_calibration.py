"""What is frozen on validation rows: worked by hand, or against a grid and scikit-learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from verticals.core.calibration import (
    Calibration,
    _abstention,
    calibrate,
    conformal_quantile,
    fit_temperature,
    named,
    softmax,
)
from verticals.core.task import Decision, Metric, SafetyPolicy, Scored, Task

TASK = Task(
    name="toys.coin",
    version="1",
    title="Which side?",
    kind="classification",
    label="side",
    metrics=(Metric("none", "None", lambda scored: float("nan")),),
    safety=SafetyPolicy("A toy."),
)


def logits_and_truth(rows: int, heat: float, seed: int = 0, labels: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `heat` times too sure: truth is drawn from the softmax of the logits divided by it."""
    random = np.random.default_rng(seed)
    honest = random.normal(0, 1.5, (rows, labels))
    chance = softmax(honest)
    truth = (random.random(rows)[:, None] > chance.cumsum(1)).sum(1)
    return honest * heat, truth


# -- softmax and temperature ------------------------------------------------------------------------------------


def test_softmax_by_hand() -> None:
    found = softmax(np.array([[0.0, np.log(3.0)], [1000.0, 1000.0]]))
    assert np.allclose(found, [[0.25, 0.75], [0.5, 0.5]])
    assert np.allclose(softmax(np.array([[0.0, np.log(9.0)]]), 2.0), [[0.25, 0.75]])
    assert softmax(np.array([[0.0, -np.inf]])).tolist() == [[1.0, 0.0]]


@given(st.lists(st.lists(st.floats(-500, 500), min_size=3, max_size=3), min_size=1, max_size=5), st.floats(0.05, 20))
def test_softmax_gives_probabilities(rows: list[list[float]], temperature: float) -> None:
    found = softmax(np.array(rows), temperature)
    assert ((found >= 0) & (found <= 1)).all()
    assert np.allclose(found.sum(1), 1)


@pytest.mark.parametrize("heat", [0.5, 1.0, 3.0])
def test_temperature_against_a_grid(heat: float) -> None:
    logits, truth = logits_and_truth(400, heat)
    found = fit_temperature(logits, truth, caution=np.inf)
    grid = heat * np.exp(np.linspace(-0.5, 0.5, 201))
    losses = [log_loss(truth, softmax(logits, t), labels=[0, 1, 2]) for t in grid]
    assert found == pytest.approx(grid[int(np.argmin(losses))], rel=0.005)
    assert found == pytest.approx(heat, rel=0.25)


def test_temperature_against_scikit_learn() -> None:
    """One temperature for two labels is a logistic regression of one feature without intercept."""
    logits, truth = logits_and_truth(500, 2.0, seed=4, labels=2)
    margin = (logits[:, 1] - logits[:, 0])[:, None]
    fitted = LogisticRegression(C=1e9, fit_intercept=False, tol=1e-10).fit(margin, truth)
    assert 1 / fit_temperature(logits, truth, caution=np.inf) == pytest.approx(float(fitted.coef_[0, 0]), rel=1e-3)


def test_temperature_of_nothing_and_of_perfect_scores() -> None:
    assert fit_temperature(np.zeros((0, 2)), np.zeros(0, int)) == 1.0
    sure = fit_temperature(np.array([[4.0, 0.0], [0.0, 4.0]]), np.array([0, 1]), caution=np.inf)
    assert 0.05 <= sure < 0.2  # as sharp as is allowed, not zero


def test_few_rows_move_the_temperature_less_than_many() -> None:
    few, many = (logits_and_truth(rows, 2.0, seed=5) for rows in (40, 20_000))
    assert 1 < fit_temperature(*few) < fit_temperature(*few, caution=np.inf)
    assert fit_temperature(*many) == pytest.approx(fit_temperature(*many, caution=np.inf), rel=0.01)


def test_temperature_never_makes_it_worse() -> None:
    logits, truth = logits_and_truth(60, 1.0, seed=8)
    known = calibrate(TASK, logits, truth)
    assert known.log_loss_after <= known.log_loss_before
    assert known.log_loss_before == pytest.approx(log_loss(truth, softmax(logits), labels=[0, 1, 2]))
    assert known.log_loss_after == pytest.approx(
        log_loss(truth, softmax(logits, known.temperature), labels=[0, 1, 2])
    )  # fmt: skip


# -- conformal sets ---------------------------------------------------------------------------------------------


def test_conformal_quantile_by_hand() -> None:
    misfit = np.array([0.9, 0.1, 0.3, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8])  # n = 9
    assert conformal_quantile(misfit, 0.1) == 0.9  # ceil(10 * 0.9) = 9th smallest
    assert conformal_quantile(misfit, 0.2) == 0.8  # ceil(10 * 0.8) = 8th
    assert conformal_quantile(misfit, 0.55) == 0.5  # ceil(10 * 0.45) = 5th
    assert conformal_quantile(misfit[:8], 0.1) == float("inf")  # ceil(9 * 0.9) = 9th of 8


def test_conformal_of_few_rows_holds_every_label() -> None:
    logits, truth = logits_and_truth(5, 1.0)
    assert calibrate(TASK, logits, truth).conformal == 1.0


def test_conformal_sets_cover_fresh_rows() -> None:
    logits, truth = logits_and_truth(2000, 2.5, seed=1)
    fresh, right = logits_and_truth(4000, 2.5, seed=2)
    known = calibrate(TASK, logits, truth, alpha=0.1)
    chance = softmax(fresh, known.temperature)
    covered = 1 - chance[np.arange(len(right)), right] <= known.conformal
    assert covered.mean() == pytest.approx(0.9, abs=0.02)


def test_regression_interval_by_hand() -> None:
    task = replace(TASK, kind="regression")
    predicted = np.zeros(19)
    truth = np.arange(1.0, 20.0) * np.where(np.arange(19) % 2, 1, -1)  # absolute errors 1 to 19
    known = calibrate(task, predicted, truth, alpha=0.1)
    assert known.conformal == 18.0  # ceil(20 * 0.9) = 18th
    assert known.rows == 19
    assert known.threshold is None


# -- abstention -------------------------------------------------------------------------------------------------


def test_abstention_by_hand() -> None:
    confidence = np.linspace(0.99, 0.50, 50)
    correct = np.ones(50, bool)
    correct[[24, 29, 40, 45]] = False  # errors at places 25, 30, 41, 46
    # errors among the first k: 1/25 = 0.04, 2/30 = 0.067, 2/40 = 0.05, 3/41 = 0.073, 3/45 = 0.067, 4/46, 4/50 = 0.08
    bound, error, coverage = _abstention(confidence, correct, 0.05)
    assert coverage == 40 / 50
    assert error == pytest.approx(2 / 40)
    assert bound == pytest.approx(confidence[39])
    assert _abstention(confidence, correct, 0.08) == (pytest.approx(0.50), pytest.approx(0.08), 1.0)
    bound, error, coverage = _abstention(confidence, correct, 0.03)
    assert (coverage, error) == (24 / 50, 0.0)


def test_abstention_does_not_rest_on_a_handful() -> None:
    """A bound after three lucky rows says nothing: at least twenty rows are answered, whatever their error."""
    confidence = np.linspace(0.9, 0.5, 30)
    correct = np.zeros(30, bool)
    correct[:3] = True
    _, error, coverage = _abstention(confidence, correct, 0.1)
    assert coverage == 20 / 30
    assert error == pytest.approx(17 / 20)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.floats(0.02, 0.5))
def test_the_answered_rows_err_as_promised(seed: int, most: float) -> None:
    random = np.random.default_rng(seed)
    confidence = random.random(120)
    correct = random.random(120) < confidence
    bound, error, coverage = _abstention(confidence, correct, most)
    answered = confidence >= bound
    assert answered.mean() == pytest.approx(coverage)
    assert 1 - correct[answered].mean() == pytest.approx(error)
    assert error <= most + 1e-12 or answered.sum() == 20


def test_a_task_without_a_limit_answers_everything() -> None:
    logits, truth = logits_and_truth(100, 1.0)
    known = calibrate(TASK, logits, truth)
    assert (known.confidence, known.confidence_coverage) == (0.0, 1.0)
    assert known.confidence_error == pytest.approx(1 - (logits.argmax(1) == truth).mean())


# -- the threshold ----------------------------------------------------------------------------------------------


def thresholded(decision: Decision, rows: int = 400) -> tuple[Calibration, np.ndarray, np.ndarray]:
    logits, truth = logits_and_truth(rows, 1.0, seed=3, labels=2)
    task = replace(TASK, labels=("no", "yes"), positive="yes", decision=decision)
    known = calibrate(task, logits, truth, positive=1)
    return known, softmax(logits, known.temperature)[:, 1], truth


def test_cost_threshold_is_the_bayes_rule() -> None:
    known, _, _ = thresholded(Decision("cost", false_negative=5, false_positive=1))
    assert known.threshold == pytest.approx(1 / 6)  # act where p * 5 > (1 - p) * 1
    assert "a miss costs 5" in known.threshold_rule
    assert thresholded(Decision("cost", 1, 1))[0].threshold == 0.5


def test_cost_threshold_is_near_the_cheapest_on_the_rows() -> None:
    known, risk, truth = thresholded(Decision("cost", false_negative=5, false_positive=1), rows=4000)

    def cost(threshold: float) -> float:
        act = risk >= threshold
        return float((5 * ((truth == 1) & ~act) + ((truth == 0) & act)).mean())

    assert known.threshold is not None
    cheapest = min(cost(t) for t in np.linspace(0, 1, 201))
    assert cost(known.threshold) <= cheapest * 1.05


def test_capacity_threshold_flags_that_share() -> None:
    known, risk, _ = thresholded(Decision("capacity", capacity=0.05))
    assert known.threshold is not None
    assert (risk >= known.threshold).sum() == 20  # 5 % of 400
    assert "5.00%" in known.threshold_rule


def test_argmax_and_no_positive() -> None:
    assert thresholded(Decision())[0].threshold == 0.5
    logits, truth = logits_and_truth(50, 1.0)
    assert calibrate(TASK, logits, truth).threshold is None


def test_similarity_floor_lets_nearly_all_right_answers_through() -> None:
    logits, truth = logits_and_truth(200, 1.0)
    similarity = np.linspace(0, 1, 200)
    known = calibrate(replace(TASK, kind="choice"), logits, truth, similarity=similarity)
    right = similarity[logits.argmax(1) == truth]
    assert known.similarity is not None
    assert (right >= known.similarity).mean() >= 0.97
    assert known.similarity == pytest.approx(np.quantile(right, 0.02))


def test_dictionary_and_back() -> None:
    known, _, _ = thresholded(Decision("cost", 5, 1))
    assert Calibration.from_dict(known.to_dict()) == known


def test_a_balanced_decision_names_rare_labels_and_leaves_probabilities_alone() -> None:
    chance = np.array([[0.70, 0.30], [0.90, 0.10], [0.40, 0.60]])
    shares = np.array([0.8, 0.2])
    assert named(chance).tolist() == [0, 0, 1]
    whole = tuple((-np.log(shares)).tolist())  # 0.70/0.8 < 0.30/0.2, but 0.90/0.8 > 0.10/0.2
    assert named(chance, whole).tolist() == [1, 0, 1]
    assert named(np.zeros((0, 2)), whole).tolist() == []


@pytest.mark.parametrize(("wanted", "expected"), [("rare", 1.0), ("likely", 0.0)])
def test_the_strength_of_balance_is_chosen_by_the_headline(wanted: str, expected: float) -> None:
    def score(scored: Scored) -> float:
        said = named(scored.scores, scored.offsets)
        return float((said == (1 if wanted == "rare" else 0)).mean())

    metric = Metric("share", "Share", score)
    task = replace(TASK, decision=Decision("balanced"), metrics=(metric,))
    shares = np.array([0.7, 0.2, 0.1])
    logits = np.log(np.array([[0.6, 0.3, 0.1]] * 30 + [[0.7, 0.2, 0.1]] * 30))
    truth = np.array([0, 1] * 30)
    known = calibrate(task, logits, truth, shares=shares)
    # the first thirty rows are named 1 once t is large enough: 0.6/0.7**t < 0.3/0.2**t from t = 0.55 on
    assert known.offsets == pytest.approx(tuple(-(0.75 if expected else 0.0) * np.log(shares)), abs=1e-12)
    assert Calibration.from_dict(known.to_dict()) == known


def test_without_balance_there_are_no_offsets() -> None:
    logits, truth = logits_and_truth(60, 1.0)
    assert calibrate(TASK, logits, truth, shares=np.array([0.5, 0.3, 0.2])).offsets == ()
