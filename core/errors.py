"""The faults a user can mend, one family; each message says what came, what is allowed and what to do.

    VerticalsError
    ├── DataError        the rows: a file, a column, a value, a split
    ├── RecipeError      the settings of a run
    ├── TaskError        a name that no domain answers to, or a task that breaks the contract
    ├── RunError         a run folder: incomplete, altered, made for something else
    └── BackboneError    the pretrained transformer: missing, unsafe, not what its hash says

The command line prints them without a traceback and exits with 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["BackboneError", "DataError", "RecipeError", "RunError", "TaskError", "VerticalsError", "guess"]


class VerticalsError(Exception):
    """A fault that the user can mend; its text is one or two sentences."""


class DataError(VerticalsError):
    """The rows cannot be used as they are."""


class RecipeError(VerticalsError):
    """The settings of a run contradict each other or the data."""


class TaskError(VerticalsError):
    """No such task, or a task that does not keep the contract."""


class RunError(VerticalsError):
    """A run folder that is incomplete, altered or made for something else."""


class BackboneError(VerticalsError):
    """A backbone that is missing, unsafe to load or not what its hash says."""


def guess(heard: str, known: Iterable[str]) -> str:
    """Say what was probably meant and what there is, as the tail of an error sentence.

    >>> guess("finance.frad", ["finance.fraud", "finance.credit"])
    "Did you mean 'finance.fraud'? There is: finance.credit, finance.fraud."
    """
    names = sorted(known)
    close = difflib.get_close_matches(heard, names, n=1, cutoff=0.6)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}There is: {', '.join(names) or 'nothing'}."
