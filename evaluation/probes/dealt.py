"""How much hangs on each field: its values are dealt out anew among the rows, and the headline metric is measured again.

Source: Breiman (2001), Machine Learning 45:5, section 10 (permutation importance).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...core.task import Field, Scored
from ..intervals import Interval, Resamples, paired_difference
from ..view import View
from .sample import Sample, Version, ask, drawn, every, read_fields, with_column

__all__ = ["Importance", "Lost", "importance"]

DEAR, CHEAP = 800, 4000
"""Rows asked in all where the model reads texts, and where it reads none."""
MOST_ROWS, FEWEST_ROWS, MOST_FIELDS, DRAWS = 300, 40, 24, 200


@dataclass(frozen=True)
class Lost:
    """What is lost when a field says nothing any more."""

    field: Field
    loss: Interval
    """Of the headline metric, positive where the model gets worse; with a 95 % interval by paired bootstrap."""


@dataclass(frozen=True)
class Importance:
    """What is lost with each field, and with all of them."""

    rows: int
    value: float
    """Headline metric on these rows."""
    fields: tuple[Lost, ...]
    """The most important first."""
    everything: Interval
    """What is lost when whole records are dealt out anew: what remains is chance."""

    def part(self, one: Lost) -> float:
        """The loss as a part of all that can be lost; NaN where nothing can be lost beyond chance."""
        return one.loss.value / self.everything.value if self.everything.low > 0 else math.nan


def importance(view: View) -> Importance | None:
    """Deal out each field anew, once; None where the model reads no field, or the metric is undefined."""
    fields = read_fields(view, "text", "category", "set", "number")[:MOST_FIELDS]
    if not fields:
        return None
    budget = DEAR if any(f.kind == "text" for f in fields) else CHEAP
    sample = drawn(view, min(MOST_ROWS, max(FEWEST_ROWS, budget // (len(fields) + 1))))
    random = np.random.default_rng((view.seed, 6))
    versions = {field.name: every(sample, _dealt(sample, field, random)) for field in fields}
    order = random.permutation(len(sample))
    versions["\0all"] = Version(sample.records.iloc[order], np.arange(len(sample)))
    said = ask(view, sample, versions)
    resamples = Resamples(len(sample), None, DRAWS, view.seed)

    def loss(after: Scored) -> Interval:
        return paired_difference(view.task.headline, sample.scored, after, resamples)

    lost = [Lost(field, loss(said[field.name].after)) for field in fields]
    lost = [one for one in lost if math.isfinite(one.loss.value)]
    everything = loss(said["\0all"].after)
    if not lost:
        return None
    lost.sort(key=lambda one: -one.loss.value)
    return Importance(len(sample), view.task.headline.function(sample.scored), tuple(lost), everything)


def _dealt(sample: Sample, field: Field, random: np.random.Generator) -> pd.DataFrame:
    values = sample.records[field.name].to_numpy()
    return with_column(sample.records, field.name, values[random.permutation(len(values))])
