"""Which labels there are, in which order, and which of two is the one that is looked for."""

from __future__ import annotations

import pandas as pd

from ..core.errors import DataError, guess
from ..core.task import Task
from .options import Options
from .values import as_label

__all__ = ["choose_labels", "sorted_labels"]

USUAL = {"1": "0", "yes": "no", "true": "false", "y": "n"}
"""Labels that say that something is there, with the label that says it is not."""


def sorted_labels(labels: set[str]) -> tuple[str, ...]:
    """Labels in the order of their numbers where all are numbers, else of the alphabet.

    >>> sorted_labels({"10", "9"})
    ('9', '10')
    """
    try:
        return tuple(sorted(labels, key=lambda label: (float(label), label)))
    except ValueError:
        return tuple(sorted(labels))


def choose_labels(
    column: pd.Series, task: Task, options: Options, notes: list[str]
) -> tuple[tuple[str, ...], str | None]:
    """Labels in the order of the scores, and the positive one.

    The task's own labels and order hold where the data keeps to them; where the user named another label column, the
    data's labels hold. The positive one is what the user said, else what the task says, else 1, yes or true beside
    0, no or false.

    Returns:
        (k,) labels, empty for regression, choice and generation; the positive label of two, or None.

    Raises:
        DataError: a positive label that is none of the two labels, or one of more than two.
    """
    if task.kind != "classification":
        return (), None
    found = {label for label in map(as_label, column) if label is not None}
    own = tuple(as_label(label) or label for label in task.labels)
    foreign = options.label is not None and options.label != task.label
    labels = own if own and not (foreign and not found <= set(own)) else sorted_labels(found)
    unseen = [label for label in labels if label not in found]
    if unseen and found:
        notes.append(f"No row has the label {', '.join(unseen)}, which {task.name} allows.")
    return labels, _positive(labels, task, options, notes)


def _positive(labels: tuple[str, ...], task: Task, options: Options, notes: list[str]) -> str | None:
    if options.positive is not None:
        wanted = as_label(options.positive) or options.positive
        if wanted not in labels:
            raise DataError(f"The positive label {options.positive!r} is not among the labels. {guess(wanted, labels)}")
        if len(labels) > 2:
            raise DataError(
                f"A positive label was named, but the data has {len(labels)} labels; leave it out, or make two labels."
            )
        return wanted
    if len(labels) != 2:
        return None
    plain = {label.lower(): label for label in labels}
    usual = next((plain[yes] for yes, no in USUAL.items() if set(plain) == {yes, no}), None)
    if task.positive is None:
        return usual
    if (as_label(task.positive) or task.positive) in labels:
        return as_label(task.positive)
    if usual is not None:
        notes.append(f"The label {usual!r} is taken as the one that {task.name} looks for ({task.positive!r}).")
        return usual
    raise DataError(
        f"{task.name} looks for the label {task.positive!r}, but the labels are {' and '.join(labels)}; "
        "say which of them is positive."
    )
