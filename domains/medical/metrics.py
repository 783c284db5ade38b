"""Metrics of diagnosis that no other field has, and the facts that a clinician reads first."""

from __future__ import annotations

import math

import numpy as np

from ...core.task import Box, Metric, Scored
from ...evaluation.metrics.standard import answers, flagged

__all__ = ["NEVER_MISS", "NEVER_MISS_SENSITIVITY", "clopper_pearson_lower", "dangerous", "never_miss", "page_one"]

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


def _named(scored: Scored, first: int) -> tuple[int, int]:
    """Count the rows whose dangerous true condition is among the `first` named, and all rows with such a condition."""
    mask = dangerous(scored)
    rows = np.flatnonzero((scored.truth >= 0) & mask[scored.truth]) if len(mask) else np.array([], int)
    truth = scored.truth[rows]
    if first == 1 and scored.positive is not None and len(scored.labels) == 2:
        alarm = flagged(scored)[rows]  # a yes/no table acts from its frozen threshold on
        return int((alarm == (truth == scored.positive)).sum()), len(rows)
    if first == 1:
        return int((answers(scored)[rows] == truth).sum()), len(rows)
    better = (scored.scores[rows] > scored.scores[rows, truth][:, None]).sum(axis=1)
    return int((better < first).sum()), len(rows)


def never_miss(scored: Scored) -> float:
    """Share of the rows with a never-miss condition in which that very condition is named first.

    Naming another dangerous condition does not count: it leads to the wrong treatment. In a yes/no table it is the
    sensitivity at the frozen threshold. The idea is the severe-pathology recall of DDXPlus (Fansi Tchango et al. 2022),
    held to the first place.

    Range [0, 1], higher is better; NaN when no row has such a condition.
    """
    hit, n = _named(scored, 1)
    return hit / n if n else math.nan


NEVER_MISS_SENSITIVITY = Metric("never_miss", "Sensitivity for never-miss conditions", never_miss)


def clopper_pearson_lower(hits: int, n: int, level: float = 0.95) -> float:
    """Exact one-sided lower confidence bound of a share (Clopper and Pearson 1934).

    Args:
        hits: successes, 0 to n.
        n: trials; 0 gives 0.
        level: confidence, in (0, 1).

    Returns:
        The bound, in [0, 1].
    """
    from scipy.stats import beta

    return float(beta.ppf(1 - level, hits, n - hits + 1)) if hits else 0.0


def _percent(share: float) -> str:
    return "not defined" if math.isnan(share) else f"{100 * share:.1f} %"


def page_one(scored: Scored) -> list[Box]:
    """Give what a clinician asks first: what is missed, when it stays silent, how often it is right.

    Empty without rows.
    """
    n = len(scored)
    if not n:
        return []
    boxes = [*_missed(scored)]
    hit = answers(scored) == scored.truth
    silent = np.zeros(n, bool) if scored.abstained is None else scored.abstained
    answered = int((~silent).sum())
    if answered:
        right = int(hit[~silent].sum())
        note = f"{right} of {answered} answered cases have the right condition in first place"
        boxes.append(Box("Right when it answers", _percent(right / answered), note))
    note = "these cases go to a clinician without a suggestion"
    if silent.any():
        would = int(hit[silent].sum())
        note += f"; the condition in first place would have been right in {would} of {int(silent.sum())} of them"
    boxes.append(Box("Does not answer", _percent(float(silent.mean())), note))
    if len(scored.labels) > 3:
        better = (scored.scores > scored.scores[np.arange(n), scored.truth][:, None]).sum(axis=1)
        top = int(((better < 3) & (scored.truth >= 0)).sum())
        boxes.append(
            Box("Right condition among the first three", _percent(top / n), f"{top} of {n} cases, answered or not")
        )
    return boxes


def _missed(scored: Scored) -> list[Box]:
    hit, n = _named(scored, 1)
    if not n:
        return [
            Box(
                "Dangerous conditions named first", "not defined", "no test case has a condition of the never-miss list"
            )
        ]
    bound = _percent(clopper_pearson_lower(hit, n))
    note = (
        f"{hit} of {n} cases with a never-miss condition, abstentions included; at least {bound} with 95 % confidence"
    )
    if len(scored.labels) > 3:
        near = _named(scored, 3)[0]
        note += f"; among the first three in {near} of {n}, absent from them in {n - near}"
    names = [label for label, is_one in zip(scored.labels, dangerous(scored), strict=True) if is_one]
    listed = Box("The never-miss list", str(len(names)), ", ".join(names))
    return [Box("Dangerous conditions named first", _percent(hit / n), note), listed]
