"""Measures that a teacher asks for, beside the ranking measures that every choice task has.

All are pure functions of scored rows or of masks; undefined cases (no rows, a column that is not there) are NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.task import Metric, Scored

__all__ = [
    "Abstention",
    "RECALL_AT_1_BY_SKILL",
    "SkillRecall",
    "abstention",
    "first_right",
    "rank_of_truth",
    "skill_recalls",
]


@dataclass(frozen=True)
class SkillRecall:
    """How one skill fares."""

    skill: str
    right: float
    """Share of its questions whose first explanation is the right one, in [0, 1]."""
    questions: int


@dataclass(frozen=True)
class Abstention:
    """How well a tutor holds its tongue."""

    refused: float
    """Share of the unanswerable questions that it did not answer, in [0, 1]; higher is better."""
    withheld: float
    """Share of the answerable questions that it did not answer either, in [0, 1]; lower is better."""


def rank_of_truth(scored: Scored) -> NDArray[np.int64]:
    """Rank of the right candidate of each row, (n,) from 1; a candidate with an equal score counts as before it."""
    if not len(scored):
        return np.empty(0, dtype=np.int64)
    own = np.take_along_axis(scored.scores, scored.truth.astype(np.int64)[:, None], axis=1)
    rank: NDArray[np.int64] = (scored.scores >= own).sum(axis=1)
    return rank


def first_right(scored: Scored) -> NDArray[np.bool_]:
    """(n,) bool: the first explanation is the right one."""
    right: NDArray[np.bool_] = rank_of_truth(scored) == 1
    return right


def skill_recalls(scored: Scored, smallest: int = 1) -> list[SkillRecall]:
    """Recall at 1 of each skill, weakest first; skills of fewer than `smallest` questions are left out.

    Empty where the rows have no column `skill`.
    """
    if "skill" not in scored.rows or not len(scored):
        return []
    right = first_right(scored)
    skill = scored.rows["skill"].astype(object).to_numpy()
    found = []
    for name in sorted({str(s) for s in skill if isinstance(s, str)}):
        own = skill == name
        if own.sum() >= smallest:
            found.append(SkillRecall(name, float(right[own].mean()), int(own.sum())))
    return sorted(found, key=lambda recall: (recall.right, -recall.questions, recall.skill))


def _by_skill(scored: Scored) -> float:
    recalls = skill_recalls(scored)
    return float(np.mean([recall.right for recall in recalls])) if recalls else math.nan


RECALL_AT_1_BY_SKILL = Metric(
    "recall_at_1_by_skill", "Right explanation first, each skill counting the same", _by_skill
)
"""Mean over the skills of recall at 1, in [0, 1], so that a much-asked skill does not hide a weak one."""


def abstention(answerable: NDArray[np.bool_], abstained: NDArray[np.bool_]) -> Abstention:
    """Compare what was answered with what the bank could answer.

    Args:
        answerable: (n,) bool, the bank holds an answer.
        abstained: (n,) bool, the tutor did not answer.
    """

    def share(mask: NDArray[np.bool_]) -> float:
        return float(abstained[mask].mean()) if mask.any() else math.nan

    return Abstention(refused=share(~answerable), withheld=share(answerable))
