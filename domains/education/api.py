"""What an application imports: a tutor that answers a pupil's question out of the course bank.

tutor = Tutor.load("runs/tutor")
answer = tutor.answer("i added the tops and the bottoms and got 2/5, why is that wrong", grade=6)
print(answer)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...core.errors import DataError, RunError
from ...core.task import Flag
from .safety import SERIOUS, reveals

if TYPE_CHECKING:
    import pandas as pd

    from ...core.predict import Predictions
    from ...core.task import Task

__all__ = ["Alternative", "Answer", "Tutor"]

TASK = "education.tutoring"


class _Scores(Protocol):
    """The part of a Predictor that a tutor uses."""

    @property
    def task(self) -> Task: ...
    @property
    def bank(self) -> pd.DataFrame | None: ...
    def predict(self, records: Any) -> Predictions: ...


@dataclass(frozen=True)
class Alternative:
    """Another explanation that may be meant."""

    id: str
    title: str
    probability: float
    """In [0, 1]."""


@dataclass(frozen=True)
class Answer:
    """What the tutor says to one question."""

    explanation: str | None
    """Text of the explanation; None where the tutor abstained."""
    title: str | None
    source: str | None
    """Where it stands in the course bank."""
    hint: str | None
    """A question to go on with; it does not give its own answer away. None where the bank's hint would."""
    probability: float
    """Calibrated probability that the likeliest explanation is the right one, in [0, 1]."""
    alternatives: tuple[Alternative, ...]
    """The next best, likeliest first; where the tutor abstained the likeliest of all is the first of them."""
    abstained: bool
    reason: str
    """Why it abstained, in a sentence; empty otherwise."""
    flags: tuple[Flag, ...]
    """What a person must see whatever the score."""
    statement: str
    """What the output is not."""

    @property
    def needs_adult(self) -> bool:
        """Whether a disclosure was found that a responsible adult must see at once."""
        return any(flag.name in SERIOUS for flag in self.flags)

    def __str__(self) -> str:
        """Read it as a pupil's teacher would: what needs a person first, then the answer, then the fine print."""
        lines = [f"! {flag.message}" for flag in self.flags]
        if self.explanation is None:
            lines.append(self.reason)
            if self.alternatives:
                lines.append("Perhaps it is about: " + _listed(self.alternatives))
        else:
            lines += [f"{self.title} (probability {self.probability:.2f})", self.explanation, f"[{self.source}]"]
            if self.hint:
                lines.append(f"Try this: {self.hint}")
            if self.alternatives:
                lines.append("It may also be about: " + _listed(self.alternatives))
        return "\n".join([*lines, self.statement])


def _listed(alternatives: tuple[Alternative, ...]) -> str:
    return "; ".join(f"{one.title} ({one.probability:.2f})" for one in alternatives)


class Tutor:
    """Answers questions out of the course bank that a run was tuned with."""

    def __init__(self, predictor: _Scores) -> None:
        self.predictor = predictor

    @classmethod
    def load(cls, run: str | Path, *, threads: int | None = None) -> Tutor:
        """Open a run.

        Args:
            run: folder that tuning wrote.
            threads: processor threads to use; None: what the machine offers.

        Raises:
            RunError: the folder is incomplete or altered, or the run was made for another task.
        """
        from ...core.predict import Predictor

        predictor = Predictor.load(run, threads=threads)
        if predictor.task.name != TASK or predictor.bank is None:
            raise RunError(
                f"{run} was tuned for {predictor.task.name}; a Tutor needs a run of {TASK}, so name another run or use "
                "that task's own class."
            )
        return cls(predictor)

    def answer(self, question: str, grade: int | str | None = None, *, alternatives: int = 2) -> Answer:
        """Find the explanation that answers a question, or say that the bank has none.

        Args:
            question: the pupil's words.
            grade: school year, such as 6; None: not known.
            alternatives: how many other explanations to list at most, 0 or more.

        Raises:
            DataError: the question is not text or is empty, or alternatives is below zero.
        """
        if not isinstance(question, str) or not question.strip():
            raise DataError(f"The question is {question!r}; write the pupil's question as text with at least one word.")
        if alternatives < 0:
            raise DataError(f"alternatives is {alternatives}; name how many other explanations to list, 0 or more.")
        record = {"question": question, "grade": None if grade is None else str(grade)}
        return self._read(self.predictor.predict([record]), alternatives)

    def _read(self, predictions: Predictions, count: int) -> Answer:
        """Turn the first row of predictions into an answer."""
        safety, entries = self.predictor.task.safety, self._entries()
        scores = {name: float(p) for name, p in zip(predictions.labels, predictions.scores[0], strict=True)}
        ranked = sorted(scores, key=lambda name: -scores[name])
        first, abstained = ranked[0], bool(predictions.abstained[0])
        offered = ranked[:count] if abstained else ranked[1 : count + 1]
        listed = tuple(Alternative(n, _cell(entries[n], "title") or n, scores[n]) for n in offered)
        entry: Mapping[str, Any] = {} if abstained else entries[first]
        return Answer(
            explanation=_cell(entry, "text"),
            title=None if abstained else _cell(entry, "title") or first,
            source=_cell(entry, "source"),
            hint=_safe_hint(entry),
            probability=scores[first],
            alternatives=listed,
            abstained=abstained,
            reason=_reason(predictions.reasons[0], safety.referral) if abstained else "",
            flags=tuple(predictions.flags[0]),
            statement=safety.statement,
        )

    def _entries(self) -> dict[str, Mapping[str, Any]]:
        """The bank by id."""
        bank = self.predictor.bank
        if bank is None:
            raise RunError(f"The run has no course bank; a Tutor needs a run of {TASK}, so name another run.")
        return {str(row["id"]): {str(name): cell for name, cell in row.items()} for row in bank.to_dict("records")}


def _cell(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    return value if isinstance(value, str) and value.strip() else None


def _safe_hint(entry: Mapping[str, Any]) -> str | None:
    """The entry's hint, unless it would give its own answer away."""
    hint, answer = _cell(entry, "hint"), _cell(entry, "answer")
    return None if hint is None or (answer is not None and reveals(hint, answer)) else hint


def _reason(why: str, referral: str) -> str:
    said = "The course bank has no sure answer to this question."
    parts = [said, why.strip(), referral]
    return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts if part)
