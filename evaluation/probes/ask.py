"""Ask the model about several versions of the same records at once, and compare what it says with what it said before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.task import Scored
from ..view import View

__all__ = ["Answers", "Before", "ask", "before"]


@dataclass(frozen=True)
class Answers:
    """What the model says of n records."""

    scores: NDArray[np.float64]
    """(n, k) probabilities, or (n,) values."""
    prediction: NDArray[Any]
    """(n,) the answer."""
    abstained: NDArray[np.bool_]


@dataclass(frozen=True)
class Before:
    """Some measured records and what the model says of them as they are."""

    index: NDArray[np.int64]
    """Their positions among the measured rows."""
    records: pd.DataFrame
    """(n, …) without the truth, numbered from 0."""
    scored: Scored
    answers: Answers

    @property
    def level(self) -> NDArray[np.float64]:
        """(n,) probability of the answer given, or the value."""
        return self.level_of(self.answers)

    def level_of(self, answers: Answers) -> NDArray[np.float64]:
        """(n,) probability that other answers give to the answer that was given before."""
        if answers.scores.ndim == 1:
            return answers.scores
        first = np.nan_to_num(self.answers.scores).argmax(axis=1)
        found: NDArray[np.float64] = np.nan_to_num(answers.scores)[np.arange(len(first)), first]
        return found

    def rescored(self, answers: Answers) -> Scored:
        """The same rows with other answers, for a metric."""
        return replace(self.scored, scores=answers.scores, abstained=answers.abstained)


def ask(view: View, versions: Mapping[str, pd.DataFrame]) -> dict[str, Answers]:
    """One call for all versions; an empty version gives empty answers.

    Raises:
        NotComputed: there is no run to ask.
    """
    predictor = view.need_run()
    frames = {name: frame for name, frame in versions.items() if len(frame)}
    if not frames:
        return {}
    said = predictor.predict(pd.concat(list(frames.values()), ignore_index=True))
    found, start = {}, 0
    for name, frame in frames.items():
        rows = slice(start, start + len(frame))
        found[name] = Answers(said.scores[rows], np.asarray(said.prediction)[rows], np.asarray(said.abstained)[rows])
        start += len(frame)
    return found


def before(view: View, most: int) -> Before:
    """At most `most` measured records with what the model said of them; nothing is asked anew."""
    index = view.some_rows(most)
    records = view.records(index).reset_index(drop=True)
    scored = view.scored.take(index)
    if view.predictions is not None:
        answers = np.asarray(view.predictions.prediction)[index]
    else:
        answers = np.nan_to_num(scored.scores).argmax(axis=1) if scored.scores.ndim == 2 else scored.scores
    abstained = np.zeros(len(index), bool) if scored.abstained is None else scored.abstained
    return Before(index, records, scored, Answers(scored.scores, answers, abstained))
