"""Metrics of diagnosis that no other field has."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...core.task import Metric, Scored
from ...evaluation.metrics.standard import answers, flagged

__all__ = [
    "NEVER_MISS",
    "NEVER_MISS_SENSITIVITY",
    "TAU",
    "Differential",
    "among_first",
    "dangerous",
    "differential",
    "due",
    "named_first",
    "never_miss",
]

NEVER_MISS = frozenset(
    {
        "acute coronary syndrome",
        "pulmonary embolism",
        "pneumonia",
        "heart failure",
        "asthma exacerbation",
        "appendicitis",
        "pyelonephritis",
        "diabetic ketoacidosis",
        "meningitis",
        "stroke",
    }
)
"""Conditions whose late treatment may kill or maim. A label counts when it has one of these names, in any case."""


def dangerous(scored: Scored) -> np.ndarray:
    """Mark the labels that must not be missed: those of `NEVER_MISS`, and the positive label of a yes/no table.

    Returns:
        (k,) bool.
    """
    marked = np.array([label.strip().lower() in NEVER_MISS for label in scored.labels], bool)
    if scored.positive is not None:
        marked[scored.positive] = True
    return marked


def among_first(scored: Scored, first: int) -> np.ndarray:
    """Mark the rows whose true condition is among the `first` likeliest, level ones in its favour.

    Returns:
        (n,) bool.
    """
    own = scored.scores[np.arange(len(scored)), np.maximum(scored.truth, 0)][:, None]
    found: np.ndarray = ((scored.scores > own).sum(axis=1) < first) & (scored.truth >= 0)
    return found


def named_first(scored: Scored) -> np.ndarray:
    """Mark the rows whose true condition is the one that is named; a yes/no table acts from its frozen threshold on.

    Returns:
        (n,) bool.
    """
    if scored.positive is not None and len(scored.labels) == 2:
        found: np.ndarray = flagged(scored) == scored.positives
        return found
    return np.asarray(answers(scored) == scored.truth)


def due(scored: Scored) -> np.ndarray:
    """Mark the rows whose true condition must not be missed.

    Returns:
        (n,) bool.
    """
    mask = dangerous(scored)
    if not len(mask):
        return np.zeros(len(scored), bool)
    found: np.ndarray = (scored.truth >= 0) & mask[np.maximum(scored.truth, 0)]
    return found


def never_miss(scored: Scored) -> float:
    """Share of the rows with a never-miss condition in which that very condition is named first.

    Naming another dangerous condition does not count: it leads to the wrong treatment. In a yes/no table it is the
    sensitivity at the frozen threshold. The idea is the severe-pathology recall of DDXPlus (Fansi Tchango et al. 2022),
    held to the first place.

    Range [0, 1], higher is better; NaN when no row has such a condition.
    """
    rows = due(scored)
    return float(named_first(scored)[rows].mean()) if rows.any() else math.nan


NEVER_MISS_SENSITIVITY = Metric("never_miss", "Sensitivity for never-miss conditions", never_miss)


TAU = 0.01
"""Probability above which a condition belongs to a differential diagnosis; that of the authors of DDXPlus."""


@dataclass(frozen=True)
class Differential:
    """Agreement of two differentials, the mean over n rows; NaN where no row has what the figure needs."""

    ddr: float
    """Share of the conditions that were possible and are kept (recall), in [0, 1], higher is better."""
    ddp: float
    """Share of the conditions kept that were possible (precision), in [0, 1], higher is better."""
    ddf1: float
    """Harmonic mean of the two, row by row, in [0, 1]."""
    dsr: float
    """Share of the severe conditions that were possible and are kept, in [0, 1], higher is better."""
    dsp: float
    """Share of the severe conditions that were not possible and are ruled out, in [0, 1], higher is better."""
    rows: int
    """n."""
    size: float
    """Mean number of conditions kept."""


def differential(possible: np.ndarray, scores: np.ndarray, severe: np.ndarray, tau: float = TAU) -> Differential:
    """Compare what is kept (probability above `tau`) with what was possible.

    Source: Fansi Tchango et al. (2022), DDXPlus, NeurIPS Datasets and Benchmarks (DDR, DDP, DDF1, DSR, DSP).

    Args:
        possible: (n, k) bool, the condition belongs to the true differential.
        scores: (n, k) probabilities.
        severe: (k,) bool.
    """
    kept = scores > tau
    both = (possible & kept).sum(axis=1)
    recall, precision = _over(both, possible.sum(axis=1)), _over(both, kept.sum(axis=1))
    total = recall + precision
    f1 = np.where(total > 0, 2 * recall * precision / np.where(total > 0, total, 1.0), np.where(total == 0, 0.0, total))
    grave, unlikely = possible & severe, ~possible & severe
    return Differential(
        ddr=_mean(recall),
        ddp=_mean(precision),
        ddf1=_mean(f1),
        dsr=_mean(_over((grave & kept).sum(axis=1), grave.sum(axis=1))),
        dsp=_mean(_over((unlikely & ~kept).sum(axis=1), unlikely.sum(axis=1))),
        rows=len(scores),
        size=float(kept.sum(axis=1).mean()) if len(scores) else math.nan,
    )


def _over(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.divide(top, bottom, out=np.full(len(top), math.nan), where=bottom > 0)
    return found


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan
