"""What was measured: the truth and the scores of some rows side by side, whoever made the predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core.errors import DataError
from ..core.task import Flag, Schema, Scored, Task
from .baselines import own_candidates

__all__ = ["Measured", "Said", "scored_rows"]


class Said(Protocol):
    """What a report needs to know of n predictions, whoever made them; see `core.predict.Predictions`."""

    @property
    def labels(self) -> tuple[str, ...]:
        """(k,) names of the columns of the scores."""
        ...

    @property
    def scores(self) -> np.ndarray:
        """(n, k) probabilities, or (n,) values."""
        ...

    @property
    def abstained(self) -> np.ndarray | None:
        """(n,) bool, where abstention is known."""
        ...

    @property
    def reasons(self) -> Sequence[str]:
        """(n,) why it abstained, or nothing."""
        ...

    @property
    def conformal(self) -> Sequence[tuple[str, ...]]:
        """(n,) prediction sets; empty ones where there are none."""
        ...

    @property
    def flags(self) -> Sequence[Sequence[Flag]]:
        """(n,) what goes to a person whatever the score."""
        ...

    @property
    def threshold(self) -> float | None:
        """Probability of the positive label from which the action is taken."""
        ...

    @property
    def raw_scores(self) -> np.ndarray | None:
        """(n, k) probabilities before calibration."""
        ...

    @property
    def offsets(self) -> tuple[float, ...]:
        """(k,) added to the log-probabilities before the label is named; empty: none."""
        ...


@dataclass(frozen=True)
class Measured:
    """Rows with what the model said of them."""

    scored: Scored
    predictions: Said
    seconds: float
    """Time of scoring them all."""


def _own_place(label: Any, cell: Any) -> int:
    """Position of the right candidate among a record's own ones: named by its text or by its number from 0."""
    items = own_candidates(cell)
    if str(label) in items:
        return items.index(str(label))
    try:
        place = int(float(label))
    except (TypeError, ValueError):
        return -1
    return place if 0 <= place < len(items) else -1


def scored_rows(task: Task, schema: Schema, rows: pd.DataFrame, predictions: Said) -> Scored:
    """Put truth and scores side by side; a true label that the run never saw becomes -1 and counts as missed.

    Raises:
        DataError: the rows have no label column.
    """
    if schema.label not in rows.columns:
        raise DataError(f"The rows have no column {schema.label!r}; rows to measure on need the true label there.")
    column = rows[schema.label]
    labels = predictions.labels
    if task.kind == "regression":
        truth: NDArray[Any] = np.asarray(pd.to_numeric(column), dtype=np.float64)
    elif task.kind == "choice" and task.candidates is not None and task.bank is None:
        pairs = zip(column, rows[task.candidates], strict=True)
        truth = np.array([_own_place(label, cell) for label, cell in pairs], dtype=np.int64)
    else:
        place = {name: i for i, name in enumerate(labels)}
        truth = np.array([place.get(str(label), -1) for label in column], dtype=np.int64)
    wanted = schema.positive or task.positive
    two = task.kind == "classification" and len(labels) == 2 and wanted in labels
    return Scored(
        truth=truth,
        scores=predictions.scores,
        labels=labels,
        rows=rows,
        positive=labels.index(str(wanted)) if two else None,
        threshold=predictions.threshold if two else None,
        abstained=predictions.abstained,
        offsets=predictions.offsets,
    )
