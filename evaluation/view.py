"""What a section of a report may look at: measured rows, and, where there are any, the run and the rows it learnt from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..core.pages import NotComputed
from ..core.task import Prepared, Schema, Scored, Task
from .intervals import Resamples

if TYPE_CHECKING:
    from ..core.predict import Predictions, Predictor

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """One model, measured on some rows. Nothing in it may be changed or tuned on."""

    task: Task
    schema: Schema
    scored: Scored
    """Truth and scores of the measured rows."""
    predictions: Predictions | None = None
    """What the run said of them; None for predictions of another program."""
    predictor: Predictor | None = None
    """The loaded run, for probes that ask it anew; None for predictions of another program."""
    prepared: Prepared | None = None
    """Training and validation rows; None where they cannot be had."""
    folder: Path | None = None
    """The run folder."""
    own_rows: bool = True
    """The measured rows are the test rows of the run."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Figures computed before the sections: headline, metrics, baselines, gate, rows."""
    seconds: float = float("nan")
    """Time of scoring the rows."""
    seed: int = 0
    say: Callable[[str], None] = lambda text: None
    """Tells what is being done."""

    @property
    def group(self) -> str | None:
        """Column whose values are drawn together in a bootstrap."""
        return self.schema.group if self.schema.group in self.scored.rows.columns else None

    @cached_property
    def resamples(self) -> Resamples:
        """The draws shared by all intervals on these rows."""
        return Resamples(len(self.scored), None if self.group is None else self.scored.rows[self.group])

    @property
    def binary(self) -> bool:
        """The task looks for one label of two."""
        return self.scored.positive is not None

    @property
    def probabilities(self) -> bool:
        """The scores are probabilities, not values."""
        return self.scored.scores.ndim == 2

    def need_run(self) -> Predictor:
        """The run.

        Raises:
            NotComputed: there is none.
        """
        if self.predictor is None:
            raise NotComputed("It asks the model about changed records, and only its predictions were given.")
        return self.predictor

    def need_training_rows(self) -> Prepared:
        """The rows that the run learnt from.

        Raises:
            NotComputed: there are none.
        """
        if self.prepared is None:
            raise NotComputed("It needs the rows that the model was trained on, which were not given.")
        return self.prepared

    def some_rows(self, most: int) -> np.ndarray:
        """(m,) positions of at most `most` measured rows, drawn once with the seed, in their order."""
        n = len(self.scored)
        if n <= most:
            return np.arange(n)
        return np.sort(np.random.default_rng(self.seed).choice(n, most, replace=False))

    def records(self, index: np.ndarray) -> pd.DataFrame:
        """The records at some positions, without the truth."""
        rows = self.scored.rows.iloc[index]
        return rows.drop(columns=[self.schema.label], errors="ignore")
