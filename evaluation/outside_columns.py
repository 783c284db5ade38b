"""Which columns of a table are predictions of another program, and what they say; every fault is one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..core.errors import DataError, guess
from ..core.task import Schema, Task
from ..datasets.labels import choose_labels
from ..datasets.options import Options
from ..datasets.recognise import recognise
from ..datasets.values import as_label, as_numbers

__all__ = ["Given", "find_columns", "schema_of", "scores_of", "withheld"]

PREFIX = "probability_"
SINGLE = ("probability", "score", "risk")
"""Names of one column that holds the probability of the positive label."""
SUM_TOLERANCE = 0.02
"""Rounded probabilities of a row may sum to this much more or less than 1; they are then scaled to sum to 1."""


@dataclass(frozen=True)
class Given:
    """The columns that are predictions."""

    by_label: dict[str, str]
    """Label -> column with its probability; empty where one column holds all."""
    single: str | None = None
    """Column with the probability of the positive label, or with the predicted value."""
    answer: str | None = None
    """Column with the answer that the program gave."""
    abstained: str | None = None
    """Column that says which rows were not answered."""

    @property
    def columns(self) -> list[str]:
        """All of them."""
        named = [*self.by_label.values(), self.single, self.answer, self.abstained]
        return list(dict.fromkeys(name for name in named if name is not None))


def find_columns(columns: Sequence[str], task: Task, probability: str | None = None) -> Given:
    """Tell the predictions from the record's own columns by their names.

    Args:
        columns: names of the table.
        task: its kind says what is needed.
        probability: column with the probability of the positive label (the value, in a regression).

    Raises:
        DataError: no column holds predictions, or two hold those of one label.
    """
    here = set(columns)
    if probability is not None and probability not in here:
        raise DataError(f"The predictions have no column {probability!r}. {guess(probability, here)}")
    answer = "prediction" if "prediction" in here else None
    abstained = "abstained" if "abstained" in here else None
    if task.kind == "regression":
        single = probability or answer
        if single is None:
            raise DataError(
                f"{task.name} predicts a value, but the table has no column 'prediction' (columns: "
                f"{', '.join(columns)}); add it, or name the column with --probability."
            )
        return Given({}, single, None, abstained)
    by_label: dict[str, str] = {}
    for name in columns:
        if name.startswith(PREFIX) and len(name) > len(PREFIX) and probability is None:
            label = as_label(name[len(PREFIX) :]) or name[len(PREFIX) :]
            if label in by_label:
                raise DataError(f"{by_label[label]!r} and {name!r} both speak of the label {label!r}; leave one out.")
            by_label[label] = name
    if by_label:
        return Given(by_label, None, answer, abstained)
    single = probability or next((name for name in SINGLE if name in here), None)
    if single is None:
        raise DataError(
            f"The table holds no probabilities (columns: {', '.join(columns)}); add a column probability_LABEL for each "
            f"label, or for a yes/no question one named {', '.join(SINGLE[:-1])} or {SINGLE[-1]}."
        )
    return Given({}, single, answer, abstained)


def schema_of(
    frame: pd.DataFrame, given: Given, task: Task, options: Options
) -> tuple[Schema, tuple[str, ...], list[str]]:
    """What the record's own columns are, and the names of the columns of the scores.

    The labels are those that the predictions name: rows to measure on need not hold every one.

    Args:
        frame: (n, …) the whole table.
        given: its columns of predictions.
        task: the question.
        options: what the user declared.

    Returns:
        The schema, (k,) names of the labels or candidates (empty for values and for candidates of the record's own), and
        notes.

    Raises:
        DataError: a named column that is not there, or labels that do not fit the probabilities.
    """
    own = frame.drop(columns=given.columns)
    label = options.label or task.label
    if label not in own.columns:
        raise DataError(
            f"The table has no column {label!r} with the true label; name it with --label. {guess(label, own.columns)}"
        )
    if task.kind != "classification":
        known = recognise(own, task, options, need_fields=False)
        shared = task.kind == "choice" and (task.bank is not None or task.candidates is None)
        return known.schema, tuple(given.by_label) if shared else (), list(known.notes)
    truth = {found for found in map(as_label, own[label].unique()) if found is not None}
    names = _names(truth, given, task, options)
    notes: list[str] = []
    labels, positive = choose_labels(pd.Series(names, dtype=object), task, options, notes)
    _check_labels(own[label], truth, labels, positive, given)
    columns = own.assign(**{label: labels[0]})  # which labels there are is known by now
    known = recognise(columns, task, replace(options, positive=None), need_fields=False)
    return replace(known.schema, labels=labels, positive=positive), labels, [*notes, *known.notes]


def _names(truth: set[str], given: Given, task: Task, options: Options) -> list[str]:
    """The labels that the predictions speak of.

    Raises:
        DataError: one column of probabilities for other than two labels.
    """
    if len(given.by_label) > 1:
        return list(given.by_label)
    wanted = as_label(options.positive if options.positive is not None else task.positive)
    own = {as_label(one) or one for one in task.labels}
    names = own if own and (truth <= own or options.label is None) else set(truth)
    names |= set(given.by_label)
    if len(names) < 2 and wanted is not None:
        names.add(wanted)
    if len(names) != 2:
        column = given.single or next(iter(given.by_label.values()))
        raise DataError(
            f"The one column {column!r} of probabilities is enough for two labels, but there "
            f"{'is only' if len(names) == 1 else 'are'} {', '.join(sorted(names)) or 'none'}; add a column "
            "probability_LABEL for each label."
        )
    return sorted(names)


def _check_labels(
    column: pd.Series, truth: set[str], labels: tuple[str, ...], positive: str | None, given: Given
) -> None:
    """Refuse labels without probabilities.

    Raises:
        DataError: a true label, or one of the task's, that no column speaks of.
    """
    unknown = sorted(truth - set(labels))
    if unknown:
        count = int(column.map(as_label).isin(unknown).sum())
        raise DataError(
            f"{count:,} rows have a true label that the predictions do not speak of, such as {unknown[0]!r} in "
            f"{column.name!r}; rename it, or add a column {PREFIX}{unknown[0]}. {guess(unknown[0], labels)}"
        )
    lacking = [label for label in labels if label not in given.by_label]
    if given.by_label and lacking and len(labels) > 2:
        raise DataError(
            f"There is no column {PREFIX}{lacking[0]} for the label {lacking[0]!r}; add one for each label, with 0 where "
            "the model never gives it."
        )
    foreign = [label for label in given.by_label if label not in labels]
    if foreign:
        raise DataError(
            f"The column {given.by_label[foreign[0]]!r} speaks of a label that is not one of this task's. "
            f"{guess(foreign[0], labels)}"
        )
    if given.single is not None and positive is None:
        raise DataError(
            f"It is not known which of the labels {' and '.join(labels)} the column {given.single!r} speaks of; say so "
            "with --positive."
        )


def scores_of(frame: pd.DataFrame, given: Given, task: Task, schema: Schema, labels: tuple[str, ...]) -> np.ndarray:
    """The scores of all rows.

    Returns:
        (n, k) probabilities that sum to 1, in the order of the labels (of the columns, for candidates of the record's
        own, where an empty cell is no candidate); (n,) values for a regression.

    Raises:
        DataError: cells that are no numbers, probabilities outside 0 to 1, or rows that do not sum to 1.
    """
    if task.kind == "regression":
        assert given.single is not None
        return _numbers(frame[given.single])
    own = task.kind == "choice" and not labels
    if len(labels) == 2 and len(given.by_label) < 2:
        only = next(iter(given.by_label), schema.positive)
        column = given.by_label.get(str(only), given.single)
        assert column is not None
        chance = _probabilities(frame[column])
        first = chance if labels[0] == only else 1.0 - chance
        return np.column_stack([first, 1.0 - first])
    columns = [given.by_label[label] for label in labels or given.by_label]
    scores = np.column_stack([_probabilities(frame[name], empty=own) for name in columns])
    sums = np.nansum(scores, axis=1)
    wrong = np.abs(sums - 1.0) > SUM_TOLERANCE + 1e-9
    if wrong.any():
        first_row = int(wrong.argmax())
        raise DataError(
            f"The probabilities of {int(wrong.sum()):,} of {len(sums):,} rows do not sum to 1 (within {SUM_TOLERANCE:g}), "
            f"first in row {first_row + 1:,}, where they sum to {sums[first_row]:.3g}; give one probability for "
            "each label, with more decimals where they were rounded."
        )
    scaled: np.ndarray = scores / sums[:, None]
    return scaled


def _numbers(column: pd.Series, *, empty: bool = False) -> np.ndarray:
    numbers, odd, infinite = as_numbers(column)
    wrong = (odd | infinite).to_numpy(bool) | (numbers.isna().to_numpy(bool) & (not empty))
    if wrong.any():
        first = int(wrong.argmax())
        cell = column.iloc[first]
        shown = "an empty cell" if pd.isna(cell) else repr(str(cell)[:40])
        raise DataError(
            f"{int(wrong.sum()):,} of {len(column):,} cells in {column.name!r} are no finite numbers, first {shown} in row "
            f"{first + 1:,}; give one for every row, or leave those rows out."
        )
    return numbers.to_numpy(np.float64)


def _probabilities(column: pd.Series, *, empty: bool = False) -> np.ndarray:
    values = _numbers(column, empty=empty)
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"{int(wrong.sum()):,} of {len(values):,} values in {column.name!r} lie outside 0 to 1, first "
            f"{values[first]:g} in row {first + 1:,}; give probabilities, not points or per cent."
        )
    return values


def withheld(frame: pd.DataFrame, given: Given) -> np.ndarray | None:
    """(n,) bool: the rows that the program did not answer; None where it does not say. An empty cell is an answer.

    Raises:
        DataError: other cells than true and false, yes and no, or 1 and 0.
    """
    if given.abstained is None:
        return None
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    codes, values = pd.factorize(frame[given.abstained])
    said = [str(as_label(value)).lower() for value in values]
    foreign = [word for word in said if word not in words]
    if foreign:
        raise DataError(
            f"The column {given.abstained!r} says which rows were not answered by true or false, but holds "
            f"{foreign[0][:40]!r}; write true and false."
        )
    found: np.ndarray = np.array([*(words[word] for word in said), False], dtype=bool)[codes]
    return found
