"""What is fitted on validation rows after tuning: temperature, action threshold, abstention, conformal sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from .task import Decision, Scored, Task

__all__ = ["Calibration", "calibrate", "fit_temperature", "log_loss", "named", "softmax"]


@dataclass(frozen=True)
class Calibration:
    """Fixed on validation rows, then frozen."""

    temperature: float = 1.0
    """Logits are divided by it (Guo et al. 2017)."""
    log_loss_before: float = float("nan")
    log_loss_after: float = float("nan")
    threshold: float | None = None
    """Binary: probability of the positive label from which the action is taken."""
    threshold_rule: str = ""
    """How the threshold came about, in words."""
    offsets: tuple[float, ...] = ()
    """(k,) added to the log-probabilities before a label is named; empty: none."""
    confidence: float = 0.0
    """An answer below this probability of the likeliest label is withheld."""
    confidence_error: float | None = None
    """Error among the validation rows that were answered."""
    confidence_coverage: float = 1.0
    """Share of the validation rows that were answered."""
    similarity: float | None = None
    """Choice: a best cosine below this means that the bank has no answer."""
    alpha: float = 0.1
    """Miss rate of the conformal sets."""
    conformal: float = 1.0
    """Labels with 1 - probability at or below this are in the set; regression: half-width of the interval."""
    rows: int = 0
    """Validation rows used."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> Calibration:
        """Take back what `to_dict` gave."""
        return Calibration(**{**content, "offsets": tuple(content.get("offsets", ()))})


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(n, k) logits -> probabilities in float64; rows sum to 1."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(1, keepdims=True)
    powers = np.exp(scaled)
    return powers / powers.sum(1, keepdims=True)  # type: ignore[no-any-return]


def log_loss(logits: np.ndarray, truth: np.ndarray, temperature: float) -> float:
    """Mean negative log-probability of the true labels: (n, k) logits and (n,) indices."""
    chosen = softmax(logits, temperature)[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(chosen, 1e-12, None)).mean())


def fit_temperature(logits: np.ndarray, truth: np.ndarray, caution: float = 0.25) -> float:
    """The temperature of least log loss, in [0.05, 20]; 1.0 where there are no rows.

    Few rows say little about a temperature, and a wrong one moves every threshold: its logarithm is drawn towards 0 as by a
    normal prior, which a hundred rows feel and ten thousand do not.

    Args:
        logits: (n, k).
        truth: (n,) index of the true label.
        caution: standard deviation of the prior on the temperature's logarithm; infinity for none.
    """
    from scipy.optimize import minimize_scalar

    n = len(truth)
    if not n:
        return 1.0

    def objective(log_t: float) -> float:
        return n * log_loss(logits, truth, float(np.exp(log_t))) + (log_t / caution) ** 2 / 2

    found = minimize_scalar(objective, bounds=(np.log(0.05), np.log(20)), method="bounded")
    best = float(np.exp(found.x))
    return best if log_loss(logits, truth, best) <= log_loss(logits, truth, 1.0) else 1.0


def conformal_quantile(misfit: np.ndarray, alpha: float) -> float:
    """The ceil((n + 1)(1 - alpha))-th smallest misfit (split conformal prediction); the largest possible if n is too small."""
    rank = int(np.ceil((len(misfit) + 1) * (1 - alpha)))
    return float("inf") if rank > len(misfit) else float(np.sort(misfit)[rank - 1])


def _threshold(decision: Decision, risk: np.ndarray) -> tuple[float, str]:
    if decision.rule == "cost":
        bound = decision.false_positive / (decision.false_positive + decision.false_negative)
        return bound, (
            f"least expected cost with calibrated probabilities: a miss costs {decision.false_negative:g}, "
            f"a false alarm {decision.false_positive:g}"
        )
    if decision.rule == "capacity":
        bound = float(np.quantile(risk, 1 - decision.capacity))
        return bound, f"the {decision.capacity:.2%} of validation rows with the highest probability"
    return 0.5, "the likelier of two labels"


def _abstention(confidence: np.ndarray, correct: np.ndarray, most: float) -> tuple[float, float, float]:
    """Lowest confidence bound whose answered rows err at most `most`: (bound, error, coverage)."""
    order = np.argsort(-confidence, kind="stable")
    errors = np.cumsum(~correct[order]) / np.arange(1, len(order) + 1)
    least = min(20, len(order))  # fewer rows say too little about an error rate
    allowed = np.flatnonzero((errors <= most) & (np.arange(1, len(order) + 1) >= least))
    at = int(allowed[-1]) if len(allowed) else least - 1
    return float(confidence[order[at]]), float(errors[at]), (at + 1) / len(order)


def named(chance: np.ndarray, offsets: tuple[float, ...] = ()) -> np.ndarray:
    """(n,) index of the label that is named: the likeliest, after the offsets."""
    if not len(chance):
        return np.zeros(0, int)
    best: np.ndarray = (np.log(np.clip(chance, 1e-12, None)) + np.array(offsets) if offsets else chance).argmax(1)
    return best


def _balanced(shares: np.ndarray, score: Callable[[tuple[float, ...]], float]) -> tuple[float, ...]:
    """Offsets -t log(share) with the t of the best score, the smaller one of equals (Menon et al. 2021, logit adjustment)."""
    tried = [tuple((-t * np.log(shares)).tolist()) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return max(tried, key=lambda offsets: np.nan_to_num(score(offsets), nan=-np.inf))


def calibrate(
    task: Task,
    logits: np.ndarray,
    truth: np.ndarray,
    *,
    shares: np.ndarray | None = None,
    rows: pd.DataFrame | None = None,
    positive: int | None = None,
    similarity: np.ndarray | None = None,
    alpha: float = 0.1,
) -> Calibration:
    """Fit everything that is frozen on validation rows.

    Args:
        task: its decision and safety policy say what is wanted.
        logits: (n, k), or (n,) predicted values for regression.
        truth: (n,) index of the true label, or the true value.
        shares: (k,) share of each label in the training rows, for the rule "balanced".
        rows: (n, …) the validation rows, for a headline metric that reads them.
        positive: index of the positive label of a binary task.
        similarity: (n,) best cosine of each row of a choice task.
        alpha: miss rate of the conformal sets.
    """
    n = len(truth)
    if task.kind == "regression":
        return Calibration(alpha=alpha, conformal=conformal_quantile(np.abs(logits - truth), alpha), rows=n)
    temperature = fit_temperature(logits, truth)
    chance = softmax(logits, temperature)
    offsets: tuple[float, ...] = ()
    if task.decision.rule == "balanced" and shares is not None and n:
        given = Scored(truth, chance, task.labels, pd.DataFrame(index=range(n)) if rows is None else rows, positive)
        sign = 1 if task.headline.higher_is_better else -1
        offsets = _balanced(shares, lambda tried: sign * task.headline.function(replace(given, offsets=tried)))
    confidence, correct = chance.max(1), named(chance, offsets) == truth
    bound, error, coverage = 0.0, float(1 - correct.mean()) if n else float("nan"), 1.0
    if task.safety.max_error is not None and n:
        bound, error, coverage = _abstention(confidence, correct, task.safety.max_error)
    threshold, rule = (None, "") if positive is None else _threshold(task.decision, chance[:, positive])
    floor = None
    if similarity is not None and correct.any():
        floor = float(np.quantile(similarity[correct], 0.02))
    return Calibration(
        temperature=temperature,
        log_loss_before=log_loss(logits, truth, 1.0) if n else float("nan"),
        log_loss_after=log_loss(logits, truth, temperature) if n else float("nan"),
        threshold=threshold,
        threshold_rule=rule,
        offsets=offsets,
        confidence=bound,
        confidence_error=error,
        confidence_coverage=coverage,
        similarity=floor,
        alpha=alpha,
        conformal=min(1.0, conformal_quantile(1 - chance[np.arange(n), truth], alpha)) if n else 1.0,
        rows=n,
    )
