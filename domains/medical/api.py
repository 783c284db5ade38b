"""What an application imports: `DiagnosisAssistant`, which reads one patient or many.

    assistant = DiagnosisAssistant.load("runs/diagnosis")
    answer = assistant.diagnose("52-year-old man, crushing chest pain for an hour, sweating", {"systolic_bp": 95})
    answer.urgent        # True: a red flag, whatever the score
    answer.conditions    # (("acute coronary syndrome", 0.81), ("pulmonary embolism", 0.07), …)
    print(answer)

It assists: a clinician examines, decides and answers for the patient.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import DataError, RunError, guess
from ...core.task import Field, Flag, Record

if TYPE_CHECKING:
    import pandas as pd

    from ...core.predict import Influence, Predictions, Predictor

__all__ = ["Diagnosis", "DiagnosisAssistant"]

_EVIDENCE = 4
"""Pieces of evidence given at most on each side."""
_WEAKEST = 0.05
"""Change of the log-odds below which something is no evidence."""
_SHOWN = 5
"""Conditions that the readable form lists."""


@dataclass(frozen=True)
class Diagnosis:
    """What the assistant says of one patient; a clinician decides."""

    conditions: tuple[tuple[str, float], ...]
    """(condition, calibrated probability), likeliest first, all that the run knows; also where it abstains."""
    conformal_set: tuple[str, ...]
    """Conditions that hold the true one in 90 % of cases, likeliest first."""
    evidence_for: tuple[str, ...]
    """Sentences and values that speak for the likeliest condition, strongest first, with the change of its log-odds."""
    evidence_against: tuple[str, ...]
    red_flags: tuple[Flag, ...]
    """What goes to a person whatever the score."""
    abstained: bool
    reason: str
    """Why it abstained, or nothing."""
    referral: str
    """What to do where it abstains or raises a red flag."""
    statement: str

    @property
    def urgent(self) -> bool:
        """Whether a red flag was raised; it comes before every score."""
        return bool(self.red_flags)

    @property
    def likeliest(self) -> str | None:
        """The condition in first place, or None where it abstains."""
        return None if self.abstained or not self.conditions else self.conditions[0][0]

    def __str__(self) -> str:
        """Read it as a clinician would: red flags first, whatever the score."""
        lines = []
        if self.urgent:
            lines.append("URGENT: see the patient now, whatever the ranking below says.")
            lines += [f"  ! {flag.name} ({flag.evidence}): {flag.message}" for flag in self.red_flags]
        if self.abstained:
            lines.append(f"No answer: {self.reason or 'the case is not clear enough.'}")
        else:
            lines.append("Conditions to think of, by probability:")
            lines += [f"  {share:6.1%}  {name}" for name, share in self.conditions[:_SHOWN]]
            if self.conformal_set:
                lines.append(f"Holds the true condition in 90 % of cases: {', '.join(self.conformal_set)}.")
            lines += [f"  for:     {one}" for one in self.evidence_for]
            lines += [f"  against: {one}" for one in self.evidence_against]
        if self.urgent or self.abstained:
            lines.append(self.referral)
        return "\n".join([*lines, self.statement])


@dataclass(frozen=True)
class DiagnosisAssistant:
    """Reads patients with one run of `medical.diagnosis`; `load` makes one."""

    predictor: Predictor

    @classmethod
    def load(cls, run: str | Path, *, threads: int | None = None) -> DiagnosisAssistant:
        """Load a run folder.

        Args:
            run: the folder that tuning wrote.
            threads: of the processor; None leaves them as they are.

        Raises:
            RunError: incomplete, altered, or made for another task.
        """
        from ...core.predict import Predictor

        predictor = Predictor.load(run, threads=threads)
        if predictor.task.name != "medical.diagnosis":
            raise RunError(
                f"The run {run} answers {predictor.task.name}, not medical.diagnosis; give a run of that task."
            )
        return cls(predictor)

    def diagnose(self, note: str = "", findings: Mapping[str, Any] | None = None, **more: Any) -> Diagnosis:
        """Rank the conditions of one patient.

        Args:
            note: free text; may be empty where the run reads a table.
            findings: vital signs, laboratory values and other fields by name, such as {"systolic_bp": 95}; in the
                units of the task. `findings` itself may be given as a mapping symptom -> yes or no.
            more: the same as keywords, such as age=52, sex="male".

        Raises:
            DataError: an unknown name, a value that is no number, or one outside its plausible range.
        """
        record = self._record(note, {**(findings or {}), **more})
        return self._answers([record], self.predictor.predict([record]), evidence=True)[0]

    def diagnose_many(self, records: pd.DataFrame | Sequence[Record], *, evidence: bool = False) -> list[Diagnosis]:
        """Rank the conditions of many patients, in their order.

        Args:
            records: a frame or a list of mappings with the fields of the task; columns that it does not know, such
                as ids, are ignored.
            evidence: also say what speaks for and against; each patient is then scored once more per field.

        Raises:
            DataError: a value that is no number, or one outside its plausible range; its row is named.
        """
        rows: list[Record] = list(records) if isinstance(records, Sequence) else _rows(records)
        if not rows:
            return []
        for number, row in enumerate(rows):
            self._check(row, f" in record {number}")
        return self._answers(rows, self.predictor.predict(rows), evidence=evidence)

    def _fields(self) -> dict[str, Field]:
        """Fields of the run and of the task by name; the run's own win."""
        task, schema = self.predictor.task, self.predictor.schema
        return {one.name: one for one in (*task.fields, *schema.fields)}

    def _record(self, note: str, given: Mapping[str, Any]) -> Record:
        fields = self._fields()
        unknown = [name for name in given if name not in fields]
        if unknown:
            raise DataError(f"No finding is called {unknown[0]!r}. {guess(unknown[0], fields)}")
        self._check(given, "")
        texts = self.predictor.schema.of_kind("text")
        name = texts[0].name if texts else "note"
        return {name: note or None, **given} if name not in given else dict(given)

    def _check(self, record: Record, where: str) -> None:
        """Refuse numbers that no patient can have: most are typing errors or another unit."""
        for name, one in self._fields().items():
            value = record.get(name)
            if one.kind != "number" or _missing(value):
                continue
            unit = f" {one.unit}" if one.unit else ""
            try:
                number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                number = math.nan
            if math.isnan(number):
                needed = f"a number in{unit}" if unit else "a number"
                raise DataError(f"{name} is {value!r}{where}, which is not a number; write {needed}, or leave it out.")
            low, high = -math.inf if one.low is None else one.low, math.inf if one.high is None else one.high
            if not low <= number <= high:
                raise DataError(
                    f"{name} is {number:g}{where}, but plausible values are from {low:g} to {high:g}{unit}; "
                    "check the value and its unit, or leave it out."
                )

    def _answers(self, records: Sequence[Record], said: Predictions, *, evidence: bool) -> list[Diagnosis]:
        policy, fields = self.predictor.task.safety, self._fields()
        answers = []
        for i, record in enumerate(records):
            order = (-said.scores[i]).argsort(kind="stable")
            ranked = tuple((said.labels[j], float(said.scores[i, j])) for j in order)
            told: list[Influence] = []
            if evidence and ranked:
                told = self.predictor.influence(record, label=ranked[0][0])
            answers.append(
                Diagnosis(
                    conditions=ranked,
                    conformal_set=tuple(said.conformal[i]),
                    evidence_for=_worded(told, fields, 1),
                    evidence_against=_worded(told, fields, -1),
                    red_flags=tuple(said.flags[i]),
                    abstained=bool(said.abstained[i]),
                    reason=said.reasons[i],
                    referral=policy.referral,
                    statement=policy.statement,
                )
            )
        return answers


def _rows(frame: pd.DataFrame) -> list[Record]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _missing(value: Any) -> bool:
    return (
        value is None
        or value == ""
        or (isinstance(value, float) and math.isnan(value))
        or type(value).__name__ == "NAType"
    )


def _worded(told: Sequence[Influence], fields: Mapping[str, Field], sign: int) -> tuple[str, ...]:
    """Evidence on one side, strongest first: "systolic blood pressure 95 mm[Hg] (+0.41)"."""
    side = sorted((one for one in told if one.effect * sign >= _WEAKEST), key=lambda one: -abs(one.effect))
    worded = []
    for one in side[:_EVIDENCE]:
        known = fields.get(one.field)
        if known is None or known.kind == "text":
            words = f'"{one.evidence}"'
        else:
            words = f"{known.words} {one.evidence}{' ' + known.unit if known.unit and known.kind == 'number' else ''}"
        worded.append(f"{words} ({one.effect:+.2f})")
    return tuple(worded)
