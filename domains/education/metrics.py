"""Measures that a teacher asks for, beside the ranking measures that every choice task has.

All are pure functions of scored rows or of masks; undefined cases (no rows, a column that is not there) are NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.task import Metric, Scored
from ...evaluation.metrics.multiclass import macro_f1
from ...evaluation.metrics.standard import answers

__all__ = [
    "Abstention",
    "Marks",
    "RECALL_AT_1_BY_SKILL",
    "SkillRecall",
    "abstention",
    "first_right",
    "marks",
    "rank_of_truth",
    "recalls_by",
    "revealing",
    "skill_recalls",
    "surety_rows",
]

SURETY = ((0.8, 1.01, "80 % or more"), (0.5, 0.8, "50 to 80 %"), (0.2, 0.5, "20 to 50 %"), (0.0, 0.2, "under 20 %"))
"""Bands of the probability of the first answer, and their words."""


@dataclass(frozen=True)
class SkillRecall:
    """How one skill fares."""

    skill: str
    right: float
    """Share of its questions whose first explanation is the right one, in [0, 1]."""
    questions: int


@dataclass(frozen=True)
class Marks:
    """How far marks agree with people's."""

    lenient_accuracy: float
    """Agreement where To some extent counts as Yes, in [0, 1]; the lenient score of the BEA 2025 shared task."""
    lenient_macro_f1: float
    """F1 of the two marks that are left, averaged, in [0, 1]."""
    no_rows: int
    """Replies that people marked No."""
    no_praised: int
    """Of these, marked Yes: false praise."""
    yes_rows: int
    """Replies that people marked Yes."""
    yes_faulted: int
    """Of these, marked No: false blame."""


@dataclass(frozen=True)
class Abstention:
    """How well a tutor holds its tongue."""

    refused: float
    """Share of the unanswerable questions that it did not answer, in [0, 1]; higher is better."""
    withheld: float
    """Share of the answerable questions that it did not answer either, in [0, 1]; lower is better."""


def rank_of_truth(scored: Scored) -> NDArray[np.int64]:
    """Rank of the right candidate of each row, (n,) from 1; a candidate with an equal score counts as before it, and
    a right one that is not among the candidates stands behind them all."""
    if not len(scored):
        return np.empty(0, dtype=np.int64)
    own = np.take_along_axis(scored.scores, np.maximum(scored.truth, 0).astype(np.int64)[:, None], axis=1)
    rank: NDArray[np.int64] = (scored.scores >= own).sum(axis=1)
    return np.where(scored.truth < 0, scored.scores.shape[1] + 1, rank)


def first_right(scored: Scored) -> NDArray[np.bool_]:
    """(n,) bool: the first explanation is the right one."""
    right: NDArray[np.bool_] = rank_of_truth(scored) == 1
    return right


def recalls_by(scored: Scored, column: str, smallest: int = 1) -> list[SkillRecall]:
    """Recall at 1 of each value of a column, weakest first; values of fewer than `smallest` questions are left out.

    Empty where the rows have no such column.
    """
    if column not in scored.rows or not len(scored):
        return []
    right = first_right(scored)
    values = scored.rows[column].astype(object).to_numpy()
    found = []
    for name in sorted({str(s) for s in values if isinstance(s, str)}):
        own = values == name
        if own.sum() >= smallest:
            found.append(SkillRecall(name, float(right[own].mean()), int(own.sum())))
    return sorted(found, key=lambda recall: (recall.right, -recall.questions, recall.skill))


def skill_recalls(scored: Scored, smallest: int = 1) -> list[SkillRecall]:
    """Recall at 1 of each skill, weakest first; skills of fewer than `smallest` questions are left out.

    Empty where the rows have no column `skill`.
    """
    return recalls_by(scored, "skill", smallest)


def surety_rows(scored: Scored) -> list[dict[str, Any]]:
    """What the probability of the first answer is worth: for each of four bands, how often it was right.

    Each row: band (words), rows, said (mean probability of the first answer), right (share), hits. Bands without rows are
    left out.
    """
    if not len(scored):
        return []
    sure = np.nan_to_num(scored.scores).max(axis=1)
    right = np.asarray(answers(scored) == scored.truth)
    found = []
    for low, high, words in SURETY:
        own = (sure >= low) & (sure < high)
        if own.any():
            hits = int(right[own].sum())
            line = {"band": words, "rows": int(own.sum()), "said": float(sure[own].mean()), "hits": hits}
            found.append(line | {"right": hits / int(own.sum())})
    return found


def revealing(scored: Scored) -> NDArray[np.bool_] | None:
    """(m,) for the replies that people judged by whether they give the answer away: they do. None where nobody judged.

    Reads a column such as MRBench's `Revealing_of_the_Answer`, whose values begin with Yes or No.
    """
    for name in scored.rows.columns:
        if str(name).lower().startswith("revealing"):
            said = scored.rows[name].dropna().astype(str).str.strip().str.lower()
            said = said[said.str.startswith(("yes", "no"))]
            if len(said):
                return np.asarray(said.str.startswith("yes"), dtype=bool)
    return None


def marks(scored: Scored) -> Marks | None:
    """How far marks of a rubric agree with people's; None where the labels are not No, To some extent and Yes."""
    if tuple(sorted(label.lower() for label in scored.labels)) != ("no", "to some extent", "yes") or not len(scored):
        return None
    place = {label.lower(): at for at, label in enumerate(scored.labels)}
    said, known = answers(scored), scored.truth >= 0
    no, yes = place["no"], place["yes"]
    lenient_truth, lenient_said = np.where(scored.truth == no, 0, 1), np.where(said == no, 0, 1)
    was_no, was_yes = scored.truth == no, scored.truth == yes
    return Marks(
        lenient_accuracy=float((lenient_truth == lenient_said)[known].mean()) if known.any() else math.nan,
        lenient_macro_f1=macro_f1(lenient_truth[known], lenient_said[known], 2),
        no_rows=int(was_no.sum()),
        no_praised=int((was_no & (said == yes)).sum()),
        yes_rows=int(was_yes.sum()),
        yes_faulted=int((was_yes & (said == no)).sum()),
    )


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
