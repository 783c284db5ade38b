"""What an application imports: `FraudDetector` for transactions, `CreditRiskAssessor` for loan applications.

    detector = FraudDetector.load("runs/fraud")
    print(detector.score({"amount": 912.40, "card_mean_30d": 31.0, "channel": "online"}))

    assessor = CreditRiskAssessor.load("runs/credit")
    print(assessor.assess({"income": 2100, "amount": 9000, "duration_months": 48, "note": "My job runs until spring."}))

Both assist: an alert asks a person to look, and no application is ever declined by the program.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...core.errors import DataError, RunError, guess
from ...core.task import Field, Flag, Record

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ...core.predict import Predictions, Predictor

__all__ = ["GRADES", "PROPOSE_DECLINE_FROM", "Alert", "Assessment", "CreditRiskAssessor", "FraudDetector"]

REASONS = 4
"""Reasons given at most, as lenders' notices of adverse action usually do."""
WEAKEST = 0.05
"""Change of the log-odds below which something is no reason."""

Band = Literal["accept", "refer", "refer: propose decline"]

GRADES: tuple[tuple[str, float], ...] = (
    ("A", 0.02), ("B", 0.05), ("C", 0.10), ("D", 1 / 6), ("E", 0.30), ("F", 0.50), ("G", math.inf),
)  # fmt: skip
"""Grade and the probability of default that it stays below; D ends at the threshold of costs 5 to 1."""
PROPOSE_DECLINE_FROM = 0.5
"""Probability of default from which the officer is told that the estimate speaks for declining."""

_UNITS = {"%": " %", "a": " years", "mo": " months", "EUR/mo": " EUR a month", "EUR": " EUR"}


@dataclass(frozen=True)
class Alert:
    """What the detector says of one transaction."""

    probability: float
    """Calibrated probability of fraud, in [0, 1]."""
    alert: bool
    """A person should look: the probability reaches the threshold, or a rule demands it."""
    threshold: float
    """Frozen on validation rows for the review capacity."""
    reasons: tuple[str, ...]
    """What speaks for fraud, strongest first, at most four."""
    flags: tuple[Flag, ...]
    """Rules that demand a look whatever the score."""
    abstained: bool
    note: str
    """Why it abstained, else ""."""
    statement: str

    def __str__(self) -> str:
        """Read it as an analyst would."""
        if self.abstained:
            head = f"No answer: {self.note}"
        else:
            verdict = "review" if self.alert else "no alert"
            head = f"{verdict}: probability of fraud {self.probability:.1%} (alerts from {self.threshold:.1%})"
        return "\n".join([head, *_lines(self.reasons, self.flags), self.statement])


@dataclass(frozen=True)
class Assessment:
    """What the assessor says of one application; a person decides."""

    probability_of_default: float
    """Calibrated, in [0, 1]."""
    band: Band
    """accept below the threshold; refer from it on, where abstained or flagged; never an automatic decline."""
    grade: str
    """A to G by GRADES; "" where abstained."""
    threshold: float
    """Probability of default of least expected cost, frozen on validation rows."""
    reasons: tuple[str, ...]
    """What speaks for default, strongest first, at most four; never a protected attribute."""
    flags: tuple[Flag, ...]
    abstained: bool
    note: str
    """Why it abstained, else ""."""
    statement: str

    def __str__(self) -> str:
        """Read it as a credit officer would."""
        if self.abstained:
            head = f"{self.band}: no estimate. {self.note}"
        else:
            head = f"{self.band}: probability of default {self.probability_of_default:.1%}, grade {self.grade}"
        return "\n".join([head, *_lines(self.reasons, self.flags), self.statement])


def _lines(reasons: Iterable[str], flags: Iterable[Flag]) -> list[str]:
    return [*(f"  must be seen: {flag.message} ({flag.evidence})" for flag in flags), *(f"  - {r}" for r in reasons)]


class _Desk:
    """One loaded run: checks what comes in, and puts what comes out into words."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        schema, task = predictor.schema, predictor.task
        self.fed: dict[str, Field] = {f.name: f for f in schema.fields}
        carried = {*schema.kept, *(f.name for f in task.fields if f.protected)}
        self.secret = carried  # never a reason
        self.known = {*self.fed, *carried, schema.label, schema.group or "", schema.time or ""} - {""}
        positive = schema.positive or task.positive or ""
        if positive not in schema.labels:
            raise RunError(
                f"The run at {predictor.path} has labels {', '.join(schema.labels)} and no positive one among them; "
                "prepare the data with --positive and tune again."
            )
        self.positive, self.column = positive, schema.labels.index(positive)
        self.statement = task.safety.statement

    def number(self, field: Field, value: object) -> None:
        """Refuse a value that the field cannot have."""
        unit = _UNITS.get(field.unit, "")
        low = "no lower limit" if field.low is None else f"{field.low:g}"
        high = "no upper limit" if field.high is None else f"{field.high:g}"
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise DataError(
                f"{field.name} is {value!r}, which is no number; give a number{unit and ' in' + unit}."
            ) from None
        if math.isnan(number):
            return
        outside = (field.low is not None and number < field.low) or (field.high is not None and number > field.high)
        if outside or math.isinf(number):
            raise DataError(
                f"{field.name} is {number:g}{unit}; plausible is {low} to {high}{unit}: correct it or leave it out."
            )

    def record(self, record: Record) -> dict[str, Any]:
        """Check one record: every name known, every number plausible."""
        for name in record:
            if name not in self.known:
                raise DataError(f"There is no field {name!r}. {guess(name, self.fed)}")
        if not any(record.get(name) is not None for name in self.fed):
            raise DataError(f"The record is empty; give at least one of: {', '.join(self.fed)}.")
        for name, field in self.fed.items():
            if field.kind == "number" and record.get(name) is not None:
                self.number(field, record[name])
        return dict(record)

    def frame(self, frame: pd.DataFrame) -> None:
        """Check many records: extra columns are allowed, unless one looks like a misspelt field that is missing."""
        import pandas as pd

        absent = [name for name in self.fed if name not in frame.columns]
        for name in (str(c) for c in frame.columns if c not in self.known):
            if difflib.get_close_matches(name, absent, n=1, cutoff=0.8):
                raise DataError(f"There is no field {name!r}. {guess(name, self.fed)}")
        if len(absent) == len(self.fed):
            raise DataError(f"None of the fields is there; the run reads: {', '.join(self.fed)}.")
        for name, field in self.fed.items():
            if field.kind != "number" or name not in frame.columns:
                continue
            values = pd.to_numeric(frame[name], errors="coerce")
            odd = values.isna() & frame[name].notna()
            odd |= (values < (-math.inf if field.low is None else field.low)) | values.isin([math.inf, -math.inf])
            odd |= values > (math.inf if field.high is None else field.high)
            if odd.any():
                self.number(field, frame[name][odd.to_numpy()].iloc[0])

    def risk(self, predictions: Predictions) -> np.ndarray:
        """(n,) probability of the positive label."""
        return predictions.scores[:, self.column]

    def reasons(self, record: Record) -> tuple[str, ...]:
        """What speaks for the positive label, in words; protected attributes are never among them."""
        said = []
        for found in self.predictor.influence(record, label=self.positive):
            field = self.fed.get(found.field)
            if field is None or found.field in self.secret or found.effect < WEAKEST:
                continue
            value: object = record.get(found.field)
            if field.kind == "text":
                shown = f'"{found.evidence}"'
            elif field.kind == "number" and value is not None:
                shown = f"{float(value):,.6g}{_UNITS.get(field.unit, '')}"  # type: ignore[arg-type]
            else:
                shown = "not given" if value is None else str(value)
            said.append(f"{field.words}: {shown} (odds of {self.positive} times {math.exp(found.effect):.1f})")
        return tuple(said[:REASONS])


def _load(run: str | Path, task: str, who: str) -> Predictor:
    from ...core.predict import Predictor

    predictor = Predictor.load(run)
    if predictor.task.name != task:
        raise RunError(f"{run} was tuned for {predictor.task.name}; {who} needs a run of {task}: name such a folder.")
    return predictor


class FraudDetector:
    """Scores card transactions for review; load it from a run of `finance.fraud`."""

    def __init__(self, predictor: Predictor) -> None:
        self._desk = _Desk(predictor)

    @classmethod
    def load(cls, run: str | Path) -> FraudDetector:
        """Load a run folder.

        Raises:
            RunError: the folder is no run, is damaged, or was tuned for another task.
        """
        return cls(_load(run, "finance.fraud", cls.__name__))

    def score(self, transaction: Mapping[str, Any]) -> Alert:
        """Score one transaction with its history fields (see `add_history`); missing fields count as unknown.

        Raises:
            DataError: a field is unknown, or a number is implausible.
        """
        record = self._desk.record(transaction)
        found = self._desk.predictor.predict(record)
        probability = float(self._desk.risk(found)[0])
        cut = 0.5 if found.threshold is None else found.threshold
        flags, abstained = tuple(found.flags[0]), bool(found.abstained[0])
        return Alert(
            probability=probability,
            alert=bool(flags) or (not abstained and probability >= cut),
            threshold=cut,
            reasons=() if abstained else self._desk.reasons(record),
            flags=flags,
            abstained=abstained,
            note=str(found.reasons[0]),
            statement=self._desk.statement,
        )

    def score_many(self, transactions: pd.DataFrame, capacity: float | None = None) -> pd.DataFrame:
        """Score many transactions at once, without reasons.

        Args:
            transactions: one row per transaction; other columns are left alone.
            capacity: share of the rows that can be reviewed, in (0, 1]: so many are alerted (rounded down, at least
                one), flagged ones first, then the riskiest. None: alert from the frozen threshold on.

        Returns:
            With the same index: probability, alert, rank (1 is looked at first), abstained, flags (names).

        Raises:
            DataError: a field is misspelt, a number is implausible, or the capacity is not in (0, 1].
        """
        import numpy as np
        import pandas as pd

        if capacity is not None and not 0 < capacity <= 1:
            raise DataError(f"The capacity is {capacity:g}; it is a share of the rows in (0, 1], such as 0.02 for 2 %.")
        self._desk.frame(transactions)
        n = len(transactions)
        found = self._desk.predictor.predict(transactions)
        risk, abstained = self._desk.risk(found), np.asarray(found.abstained, dtype=bool)
        flagged = np.array([bool(flags) for flags in found.flags], dtype=bool)
        rank = np.empty(n, dtype=np.int64)
        rank[np.lexsort((-risk, abstained, ~flagged))] = np.arange(1, n + 1)
        if capacity is None:
            alert = flagged | (~abstained & (risk >= (0.5 if found.threshold is None else found.threshold)))
        else:
            room = max(1, math.floor(capacity * n + 1e-9))
            alert = flagged | (~abstained & (rank <= room))
        names = [", ".join(flag.name for flag in flags) for flags in found.flags]
        columns = {"probability": risk, "alert": alert, "rank": rank, "abstained": abstained, "flags": names}
        return pd.DataFrame(columns, index=transactions.index)


class CreditRiskAssessor:
    """Estimates the probability of default of loan applications; load it from a run of `finance.credit`."""

    def __init__(self, predictor: Predictor) -> None:
        self._desk = _Desk(predictor)

    @classmethod
    def load(cls, run: str | Path) -> CreditRiskAssessor:
        """Load a run folder.

        Raises:
            RunError: the folder is no run, is damaged, or was tuned for another task.
        """
        return cls(_load(run, "finance.credit", cls.__name__))

    def assess(self, application: Mapping[str, Any]) -> Assessment:
        """Assess one application; missing fields count as unknown, protected attributes are not used.

        Raises:
            DataError: a field is unknown, or a number is implausible.
        """
        record = self._desk.record(application)
        found = self._desk.predictor.predict(record)
        probability, abstained = float(self._desk.risk(found)[0]), bool(found.abstained[0])
        cut = 1 / 6 if found.threshold is None else found.threshold  # costs 5 to 1
        flags = tuple(found.flags[0])
        return Assessment(
            probability_of_default=probability,
            band=_band(probability, cut, abstained, bool(flags)),
            grade="" if abstained else _grade(probability),
            threshold=cut,
            reasons=() if abstained else self._desk.reasons(record),
            flags=flags,
            abstained=abstained,
            note=str(found.reasons[0]),
            statement=self._desk.statement,
        )


def _grade(probability: float) -> str:
    return next((grade for grade, below in GRADES if probability < below), "G")


def _band(probability: float, threshold: float, abstained: bool, flagged: bool) -> Band:
    if abstained:
        return "refer"
    if probability >= max(threshold, PROPOSE_DECLINE_FROM):
        return "refer: propose decline"
    return "refer" if flagged or probability >= threshold else "accept"
