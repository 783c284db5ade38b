"""Ready metrics for a task's `metrics=(…)`: the pure functions of this package, applied to scored rows.

    Task(..., metrics=(AUROC, BRIER, ECE, EXPECTED_COST(decision)))

The first is the headline. A yes/no metric reads `Scored.risk` and `Scored.positives`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.task import Decision, Metric, Scored
from . import binary, calibration, multiclass, ranking, regression

__all__ = [
    "ACCURACY",
    "AUROC",
    "AVERAGE_PRECISION",
    "BRIER",
    "ECE",
    "EXPECTED_COST",
    "GINI",
    "KS",
    "LOG_LOSS",
    "MACRO_F1",
    "MAE",
    "MCC",
    "MRR",
    "PRECISION_AT_THRESHOLD",
    "R2",
    "RECALL_AT_1",
    "RECALL_AT_3",
    "RECALL_AT_5",
    "RECALL_AT_THRESHOLD",
    "RMSE",
    "TOP_3",
    "TOP_5",
    "RowMean",
    "answers",
    "confidence",
    "flagged",
    "right",
]


Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RowMean:
    """A metric that is the mean of one value a row; resampling it is then one matrix product."""

    rows: Callable[[Scored], Floats]
    """Scored rows -> (n,) values."""

    def __call__(self, scored: Scored) -> float:
        """Mean over the rows; NaN when there are none."""
        return float(np.mean(self.rows(scored))) if len(scored) else math.nan


def answers(scored: Scored) -> NDArray[np.int64]:
    """Index of the label that each row is given, (n,): the likeliest, after the offsets of a balanced decision; rows
    without a candidate (all NaN) get 0."""
    if not len(scored):
        return np.empty(0, dtype=np.int64)
    scores = scored.scores
    if scored.offsets:
        scores = np.log(np.clip(scores, 1e-12, None)) + np.array(scored.offsets)
    best: NDArray[np.int64] = np.argmax(np.where(np.isnan(scores), -np.inf, scores), axis=1)
    return best


def confidence(scored: Scored) -> Floats:
    """Probability that calibration is judged by, (n,): the risk where there is a positive label, else the highest."""
    if scored.positive is not None:
        return scored.risk
    highest: Floats = np.max(np.nan_to_num(scored.scores), axis=1) if len(scored) else np.empty(0)
    return highest


def right(scored: Scored) -> NDArray[np.bool_]:
    """Whether what `confidence` speaks of came true, (n,) bool."""
    return scored.positives if scored.positive is not None else answers(scored) == scored.truth


def flagged(scored: Scored, threshold: float | None = None) -> NDArray[np.bool_]:
    """Rows on which the action is taken, (n,) bool: risk from the frozen threshold on (else `threshold`, else 0.5)."""
    cut = scored.threshold if scored.threshold is not None else 0.5 if threshold is None else threshold
    return np.asarray(scored.risk >= cut)


def _auroc(scored: Scored) -> float:
    return binary.auroc(scored.positives, scored.risk)


def _average_precision(scored: Scored) -> float:
    return binary.average_precision(scored.positives, scored.risk)


def _gini(scored: Scored) -> float:
    return binary.gini(scored.positives, scored.risk)


def _ks(scored: Scored) -> float:
    return binary.ks(scored.positives, scored.risk)


def _brier_rows(scored: Scored) -> Floats:
    if scored.positive is not None:
        return np.asarray((scored.risk - scored.positives) ** 2)
    return multiclass.brier_rows(scored.truth, scored.scores)


def _log_loss_rows(scored: Scored) -> Floats:
    if scored.positive is not None:
        hit = np.where(scored.positives, scored.risk, 1.0 - scored.risk)
        return np.asarray(-np.log(np.clip(hit, 1e-15, 1.0)))
    return multiclass.log_loss_rows(scored.truth, scored.scores)


def _accuracy_rows(scored: Scored) -> Floats:
    return np.asarray(answers(scored) == scored.truth, dtype=np.float64)


def _reciprocal_rank_rows(scored: Scored) -> Floats:
    return ranking.reciprocal_rank_rows(scored.truth, scored.scores)


def _among_first(k: int) -> RowMean:
    return RowMean(lambda scored: ranking.recall_rows(scored.truth, scored.scores, k))


def _ece(scored: Scored) -> float:
    return calibration.ece(confidence(scored), right(scored))


def _macro_f1(scored: Scored) -> float:
    return multiclass.macro_f1(scored.truth, answers(scored), len(scored.labels))


def _mcc(scored: Scored) -> float:
    return multiclass.mcc(scored.truth, answers(scored), len(scored.labels))


def _rmse(scored: Scored) -> float:
    return regression.rmse(scored.truth, scored.scores)


def _absolute_errors(scored: Scored) -> Floats:
    return np.asarray(np.abs(scored.scores - scored.truth))


def _r2(scored: Scored) -> float:
    return regression.r2(scored.truth, scored.scores)


def _recall_at_threshold(scored: Scored) -> float:
    return binary.recall_at(scored.positives, flagged(scored))


def _precision_at_threshold(scored: Scored) -> float:
    return binary.precision_at(scored.positives, flagged(scored))


AUROC = Metric("auroc", "Area under the ROC curve", _auroc)
AVERAGE_PRECISION = Metric("average_precision", "Average precision", _average_precision)
GINI = Metric("gini", "Gini coefficient", _gini, low=-1.0)
KS = Metric("ks", "Kolmogorov-Smirnov distance", _ks)
BRIER = Metric("brier", "Brier score", RowMean(_brier_rows), higher_is_better=False)
LOG_LOSS = Metric("log_loss", "Log loss", RowMean(_log_loss_rows), higher_is_better=False, high=math.inf)
ECE = Metric("ece", "Expected calibration error", _ece, higher_is_better=False)
ACCURACY = Metric("accuracy", "Accuracy", RowMean(_accuracy_rows))
MACRO_F1 = Metric("macro_f1", "Macro F1", _macro_f1)
MCC = Metric("mcc", "Matthews correlation", _mcc, low=-1.0)
TOP_3 = Metric("top_3", "Right answer among the first 3", _among_first(3))
TOP_5 = Metric("top_5", "Right answer among the first 5", _among_first(5))
RECALL_AT_1 = Metric("recall_at_1", "Right candidate in first place", _among_first(1))
RECALL_AT_3 = Metric("recall_at_3", "Right candidate among the first 3", _among_first(3))
RECALL_AT_5 = Metric("recall_at_5", "Right candidate among the first 5", _among_first(5))
MRR = Metric("mrr", "Mean reciprocal rank", RowMean(_reciprocal_rank_rows))
RMSE = Metric("rmse", "Root mean squared error", _rmse, higher_is_better=False, high=math.inf)
MAE = Metric("mae", "Mean absolute error", RowMean(_absolute_errors), higher_is_better=False, high=math.inf)
R2 = Metric("r2", "Variance explained (R squared)", _r2, low=-math.inf)
RECALL_AT_THRESHOLD = Metric("recall_at_threshold", "Recall at the frozen threshold", _recall_at_threshold)
PRECISION_AT_THRESHOLD = Metric("precision_at_threshold", "Precision at the frozen threshold", _precision_at_threshold)


def EXPECTED_COST(decision: Decision) -> Metric:
    """Mean cost of a row at the frozen threshold, else at the Bayes threshold of the two costs.

    Range [0, the larger cost], lower is better. NaN when there are no rows. Source: Elkan (2001), IJCAI.
    """
    bayes = decision.false_positive / (decision.false_positive + decision.false_negative)

    def cost(scored: Scored) -> Floats:
        action, positive = flagged(scored, bayes), scored.positives
        missed = decision.false_negative * (positive & ~action)
        return np.asarray(missed + decision.false_positive * (~positive & action), dtype=np.float64)

    return Metric(
        "expected_cost",
        f"Mean cost (miss {decision.false_negative:g}, false alarm {decision.false_positive:g})",
        RowMean(cost),
        higher_is_better=False,
        high=max(decision.false_negative, decision.false_positive),
    )
