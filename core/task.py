"""The plug-in contract: what a domain says of a task, as data and small functions. Nothing here knows a model.

A record is one case, a mapping of named fields, for example

    {"age": 52, "sex": "male", "note": "crushing chest pain for an hour, sweating", "systolic_bp": 95}

Many records are a pandas DataFrame: text and category columns hold str or None, number columns float64 (NaN is
missing), time columns datetime64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from .pages import Section

__all__ = [
    "Bank",
    "Box",
    "Decision",
    "Domain",
    "Field",
    "FieldKind",
    "Flag",
    "Kind",
    "Metric",
    "Prepared",
    "Reader",
    "Record",
    "SafetyPolicy",
    "SimulatorCard",
    "Schema",
    "Scored",
    "SplitRule",
    "Task",
]

Record: TypeAlias = Mapping[str, Any]
"""One case: field name -> text, number, category, time, or None where it is missing."""

Kind = Literal["classification", "regression", "choice", "generation"]
FieldKind = Literal["text", "number", "category", "set", "time"]


@dataclass(frozen=True)
class Field:
    """One named column of a record."""

    name: str
    """Name of the column in the data."""
    kind: FieldKind
    """text: free words; number; category: one of some values; set: several `item=value` findings in one cell
    (a JSON object, or `cough=yes; fever=no`); time: orders the rows, is never fed to a model."""
    unit: str = ""
    """UCUM unit of a number, such as mm[Hg]."""
    low: float | None = None
    """Smallest plausible value of a number, in its unit."""
    high: float | None = None
    """Largest plausible value of a number, in its unit."""
    title: str = ""
    """The words a backbone reads as the field's name; by default the name with _ as spaces."""
    required: bool = False
    """A record without it is not answered: the output abstains and says so."""
    protected: bool = False
    """A protected attribute: never fed to the model, kept for the group tables of a report."""

    @property
    def words(self) -> str:
        """The field's name as words."""
        return self.title or self.name.replace("_", " ").replace(".", " ").strip().lower()


@dataclass(frozen=True)
class Reader:
    """A data adapter: reads one outside format into records."""

    name: str
    description: str
    """One line: which format, which files."""
    read: Callable[[Path], pd.DataFrame]
    """Path of a file or folder -> records; raises DataError."""


@dataclass(frozen=True)
class SplitRule:
    """How rows are parted into train, validation and test."""

    by: Literal["random", "group", "time", "copies", "scaffold"] = "random"
    """random: stratified by label; group: a group (patient, pupil, card, problem) is on one side only;
    time: earlier rows train, later rows test; copies: as random, near-duplicates always together; scaffold: molecules
    of one ring system together, `group` names the SMILES column."""
    group: str | None = None
    """Column that names the group."""
    time: str | None = None
    """Column that holds the time."""
    delay_days: float = 0.0
    """With `time`: days left out between two parts, because labels arrive late."""
    validation: float = 0.1
    """Share of the rows for validation."""
    test: float = 0.2
    """Share of the rows for test."""
    duplicates: bool = True
    """Near-duplicate texts are kept on one side."""


@dataclass(frozen=True)
class Decision:
    """How a probability becomes an action in a binary task; fixed on validation rows only."""

    rule: Literal["argmax", "balanced", "cost", "capacity"] = "argmax"
    """argmax: the likeliest label; balanced: the label that is likeliest for its share in the training rows, so that rare
    labels count as well (for a headline such as macro-F1); cost: the threshold of least expected cost; capacity: the
    share of rows that people can look at."""
    false_negative: float = 1.0
    """Cost of a missed positive."""
    false_positive: float = 1.0
    """Cost of a false alarm."""
    capacity: float = 0.01
    """Share of rows that can be reviewed, in (0, 1)."""


@dataclass(frozen=True)
class Flag:
    """Something that must be seen by a person whatever the score."""

    name: str
    message: str
    """One sentence: what was found and what to do."""
    evidence: str = ""
    """The words or the value it rests on."""


def no_flags(record: Record) -> Sequence[Flag]:
    """Escalate nothing."""
    return ()


@dataclass(frozen=True)
class SafetyPolicy:
    """When a task does not answer, and what goes to a person whatever the score."""

    statement: str
    """One sentence of what the output is not, printed with every report."""
    max_error: float | None = None
    """Abstain so that the error among answered validation rows stays at or below this share; None: never by score."""
    referral: str = "Ask a person who is responsible for the case."
    """What to do where the output abstains."""
    escalate: Callable[[Record], Sequence[Flag]] = no_flags
    """Deterministic rules, read before the score."""
    never_miss: frozenset[str] = frozenset()
    """Labels, in small letters, that must not be missed; in a yes/no task of such a policy the positive label is one too.
    Where the report proves that they are, page one says stop."""


@dataclass(frozen=True)
class Scored:
    """What a metric sees: the truth and the scores of n rows, in the same order."""

    truth: np.ndarray
    """(n,) int index of the true label or candidate; float for regression."""
    scores: np.ndarray
    """(n, k) probabilities that sum to 1; (n,) predicted values for regression."""
    labels: tuple[str, ...]
    """(k,) names of the labels or candidates; empty for regression."""
    rows: pd.DataFrame
    """(n, …) the records, with every column of the data (ids, amounts, times)."""
    positive: int | None = None
    """Index of the positive label of a binary task."""
    threshold: float | None = None
    """Probability of the positive label from which the action is taken, frozen on validation."""
    abstained: np.ndarray | None = None
    """(n,) bool: rows that were not answered."""
    offsets: tuple[float, ...] = ()
    """(k,) added to the log-probabilities before the label is named; empty: the likeliest label is named."""

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.truth)

    @property
    def positives(self) -> np.ndarray:
        """(n,) bool: the row's true label is the positive one."""
        found: np.ndarray = self.truth == self.positive
        return found

    @property
    def risk(self) -> np.ndarray:
        """(n,) probability of the positive label."""
        risk: np.ndarray = self.scores[:, self.positive]
        return risk

    def take(self, index: np.ndarray) -> Scored:
        """Rows by position (with repeats, as a bootstrap draws them)."""
        return replace(
            self,
            truth=self.truth[index],
            scores=self.scores[index],
            rows=self.rows.iloc[index],
            abstained=None if self.abstained is None else self.abstained[index],
        )


@dataclass(frozen=True)
class Metric:
    """A pure function of scored rows, with its direction."""

    name: str
    """Short key, such as auroc."""
    title: str
    """Words for a table, such as "Area under the ROC curve"."""
    function: Callable[[Scored], float]
    """Scored rows -> value; NaN where it is undefined (no rows, one class)."""
    higher_is_better: bool = True
    low: float = 0.0
    """Smallest possible value."""
    high: float = 1.0
    """Largest possible value."""


@dataclass(frozen=True)
class Bank:
    """The candidates of a choice task: a course bank, a catalogue, a list of answers."""

    rows: Callable[[], pd.DataFrame]
    """-> one row per candidate."""
    id: str = "id"
    """Column with the candidate's unique name; the label column of the records holds such names."""
    text: str = "text"
    """Column with the words that are scored against the record."""


@dataclass(frozen=True)
class Box:
    """One fact of the page-one box of a report, in the words of the profession."""

    title: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class SimulatorCard:
    """What a reader of a report on simulated records must know about them."""

    version: str
    """Raised by every change that changes a record for the same seed."""
    draws: str
    """Two to five sentences: the model of the world, its parameters and their sources."""
    limits: str
    """One to three sentences: what figures on these records do not show."""


@dataclass(frozen=True)
class Task:
    """One question that a domain answers."""

    name: str
    """domain.task, such as finance.fraud."""
    version: str
    """Raised when fields, labels, metrics or safety rules change meaning."""
    title: str
    """The question in one line, in the words of its users."""
    kind: Kind
    label: str
    """Column with the truth: a label, a value, or the id of the right candidate."""
    metrics: tuple[Metric, ...]
    """First is the headline."""
    safety: SafetyPolicy
    fields: tuple[Field, ...] = ()
    """Fields known beforehand, with units; columns that are not named here are recognised from the data."""
    labels: tuple[str, ...] = ()
    """Allowed labels; empty: taken from the training rows."""
    positive: str | None = None
    """The label that a binary task looks for."""
    split: SplitRule = SplitRule()
    decision: Decision = Decision()
    slices: tuple[str, ...] = ()
    """Columns whose groups the report sets side by side."""
    readers: tuple[Reader, ...] = ()
    bank: Bank | None = None
    """Candidates shared by all records of a choice task."""
    candidates: str | None = None
    """Column that holds a record's own candidates (a JSON list of texts) where there is no shared bank."""
    simulate: Callable[[int, int], pd.DataFrame] | None = None
    """(rows, seed) -> simulated records, so that the task runs anywhere."""
    simulated_rows: int = 3000
    """Rows to simulate where the user names no data."""
    true_probabilities: Callable[[int, int], pd.DataFrame] | None = None
    """(rows, seed) -> (rows, labels or candidates) the true probability of each, in columns named by label (candidate
    id), for the very records that `simulate(rows, seed)` returns: what no model can beat. Rows sum to 1."""
    simulator_card: SimulatorCard | None = None
    """What the simulator draws and what it cannot show."""
    page_one: Callable[[Scored], Sequence[Box]] | None = None
    """Test rows -> the facts that this profession reads first."""
    sections: Callable[[Scored], Sequence[Section]] | None = None
    """Test rows -> sections that only this task's report has."""

    @property
    def headline(self) -> Metric:
        """The metric that a report opens with."""
        return self.metrics[0]


@dataclass(frozen=True)
class Domain:
    """A plug-in package for a field, found through the entry-point group `verticals.domains`."""

    name: str
    """The entry point's name, such as finance."""
    title: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Schema:
    """What the columns of one data set are; fixed at tuning and part of the run."""

    fields: tuple[Field, ...]
    """Fields that the model reads, in order."""
    label: str
    labels: tuple[str, ...] = ()
    """(k,) class names in the order of the scores; empty for regression and choice."""
    positive: str | None = None
    group: str | None = None
    time: str | None = None
    kept: tuple[str, ...] = ()
    """Columns that are carried along but never fed to the model (ids, protected attributes, ignored columns)."""

    def of_kind(self, *kinds: FieldKind) -> tuple[Field, ...]:
        """Fields of some kinds, in order."""
        return tuple(f for f in self.fields if f.kind in kinds)


@dataclass(frozen=True)
class Prepared:
    """Checked and split rows, ready to tune on. Frames keep the row number of the source as their index."""

    task: Task
    schema: Schema
    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    source: dict[str, Any] = field(default_factory=dict)
    """How to get the same rows again: paths, options, seed; JSON-able, no records in it."""
    simulated: bool = False
    notes: tuple[str, ...] = ()
    """What the reader, the recognition and the gate found, one sentence each."""
    fingerprint: str = ""
    """sha256 over the three parts."""
    bank: pd.DataFrame | None = None
    """Candidates of a choice task: columns `id` and `text` first, then what else the bank holds."""
    split: dict[str, Any] = field(default_factory=dict)
    """How the rows were parted: rule, seed, sizes, groups, boundaries, hash of the rows."""
    gate: dict[str, Any] = field(default_factory=dict)
    """What the gate's checks found, JSON-able, without examples; empty where they were not made."""
