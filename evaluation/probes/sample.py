"""Some measured records, changed versions of them, and what the model says of both.

    sample = drawn(view, 100)
    said = ask(view, sample, {"upper": every(sample, with_texts(view, sample.records, str.upper))})
    effect(view, sample, said["upper"]).turned          # share of answers that are no longer the same

All versions of a probe go to the model in one call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.pages import NotComputed
from ...core.task import Field, Scored
from ..intervals import wilson
from ..metrics.shares import clopper_pearson
from ..metrics.standard import answers, flagged
from ..view import View

__all__ = [
    "Effect",
    "Sample",
    "Said",
    "Version",
    "answer_of",
    "ask",
    "belief",
    "beyond",
    "changed_rows",
    "drawn",
    "effect",
    "every",
    "level",
    "read_fields",
    "turned_rows",
    "with_column",
    "with_texts",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
MOVES_A_VALUE = 0.1
"""A predicted value counts as another answer when it moves by more than this share of the standard deviation of the truth."""


@dataclass(frozen=True)
class Sample:
    """Measured records as they are, with what the model said of them."""

    records: pd.DataFrame
    """(n, …) without the truth, numbered from 0; number fields float64, all other fields objects."""
    scored: Scored
    """Truth and scores of the same n rows."""
    spread: float
    """Standard deviation of the true values of all measured rows; 1 for probabilities."""

    def __len__(self) -> int:
        return len(self.records)


@dataclass(frozen=True)
class Version:
    """Changed records."""

    records: pd.DataFrame
    """(m, …) with the columns of the sample."""
    source: Ints
    """(m,) which record of the sample each one was made of."""


@dataclass(frozen=True)
class Said:
    """What the model says of changed records."""

    after: Scored
    """(m,) truth of the records they were made of, and the new scores."""
    before: Scored
    """(m,) the same with the scores of the records as they are."""
    source: Ints
    similarity: Floats | None = None
    """(m,) how near the nearest candidate is, in a choice among candidates."""


@dataclass(frozen=True)
class Effect:
    """What a change does to the answers."""

    rows: int
    moved: float
    """Mean absolute change of the probability (of a value: in standard deviations of the truth); NaN for no rows."""
    turned: float
    """Share of rows with another answer, in [0, 1]; NaN for no rows."""
    count: int
    """Rows with another answer."""
    low: float
    high: float
    """95 % interval of the share (Wilson)."""
    drop: float
    """How much worse the headline metric is on these rows; negative where it is better, NaN where it is undefined."""


def read_fields(view: View, *kinds: str) -> tuple[Field, ...]:
    """Fields that the model reads and the measured rows have, of some kinds, in order."""
    there = view.scored.rows.columns
    return tuple(f for f in view.schema.fields if f.name in there and f.kind in kinds)


def drawn(view: View, most: int) -> Sample:
    """At most `most` measured records, drawn with the seed of the view.

    Raises:
        NotComputed: there are no rows.
    """
    if not len(view.scored):
        raise NotComputed("There are no rows.")
    index = view.some_rows(most)
    records = view.records(index).reset_index(drop=True)
    kinds = {f.name: f.kind for f in view.schema.fields}
    for name in records.columns:
        if kinds.get(name) == "number":
            records[name] = pd.to_numeric(records[name], errors="coerce").astype("float64")
        elif name in kinds and kinds[name] != "time":
            plain = records[name].astype(object)
            records[name] = plain.where(plain.notna(), None)
    spread = 1.0 if view.probabilities else float(np.std(np.asarray(view.scored.truth, dtype=np.float64))) or 1.0
    return Sample(records, view.scored.take(index), spread)


def with_column(frame: pd.DataFrame, name: str, values: Sequence[Any] | NDArray[Any]) -> pd.DataFrame:
    """The frame with other values in a column of the same type."""
    column = frame[name]
    listed = values if column.dtype != object else _objects(values)
    return frame.assign(**{name: pd.Series(listed, index=frame.index, dtype=column.dtype)})


def _objects(values: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    made = np.empty(len(values), dtype=object)
    made[:] = list(values)
    return made


def with_texts(view: View, frame: pd.DataFrame, change: Callable[[str], str | None]) -> pd.DataFrame:
    """The frame with every text of every text field changed; missing texts stay missing."""
    for field in read_fields(view, "text"):
        cells = [change(cell) if isinstance(cell, str) and cell.strip() else cell for cell in frame[field.name]]
        frame = with_column(frame, field.name, cells)
    return frame


def changed_rows(view: View, sample: Sample, frame: pd.DataFrame) -> Version:
    """Only those of n changed records (one for each of the sample, in order) in which the model reads something else."""
    other = np.zeros(len(sample), dtype=bool)
    for field in read_fields(view, "text", "category", "set", "number"):
        was, now = sample.records[field.name], frame[field.name]
        if field.kind == "number":
            a, b = was.to_numpy(np.float64), now.to_numpy(np.float64)
            other |= ~((a == b) | (np.isnan(a) & np.isnan(b)))
        else:
            other |= np.array([x is not y and str(x) != str(y) for x, y in zip(was, now, strict=True)], dtype=bool)
    place = np.flatnonzero(other)
    return Version(frame.iloc[place], place)


def every(sample: Sample, frame: pd.DataFrame) -> Version:
    """All of n changed records, one for each of the sample, in order."""
    return Version(frame, np.arange(len(sample)))


def ask(view: View, sample: Sample, versions: Mapping[str, Version]) -> dict[str, Said]:
    """Ask the model about all versions in one call; versions without records are left out.

    Raises:
        NotComputed: there is no run to ask.
    """
    predictor = view.need_run()
    wanted = {name: one for name, one in versions.items() if len(one.source)}
    if not wanted:
        return {}
    frame = pd.concat([one.records for one in wanted.values()], ignore_index=True)
    scores, abstained, similarity = _predicted(predictor, frame)
    found: dict[str, Said] = {}
    start = 0
    for name, one in wanted.items():
        rows = slice(start, start + len(one.source))
        start += len(one.source)
        before = sample.scored.take(one.source)
        after = replace(before, scores=_as_wide(scores[rows], before.scores), abstained=abstained[rows])
        found[name] = Said(after, before, one.source, None if similarity is None else similarity[rows])
    return found


def _predicted(predictor: Any, frame: pd.DataFrame) -> tuple[Floats, Bools, Floats | None]:
    """Scores, abstention and, in a choice, how near the nearest candidate is."""
    scorer = getattr(predictor, "scorer", None)
    if predictor.task.kind == "choice" and scorer is not None:
        from ...core.predict import canonical

        plain = canonical(frame, predictor.schema)
        raw = scorer.score(plain)
        said = predictor.finish(raw, plain)
        return said.scores, np.asarray(said.abstained, dtype=bool), raw.similarity
    said = predictor.predict(frame)
    return said.scores, np.asarray(said.abstained, dtype=bool), None


def _as_wide(scores: Floats, like: Floats) -> Floats:
    """Own candidates differ in number from call to call; columns without a candidate count as probability 0."""
    if scores.ndim == 1 or scores.shape[1] == like.shape[1]:
        return scores
    wide = np.zeros((len(scores), like.shape[1]))
    common = min(scores.shape[1], like.shape[1])
    wide[:, :common] = scores[:, :common]
    return wide


def level(scored: Scored, before: Scored) -> Floats:
    """(n,) what is watched: the risk of the positive label, else the probability of the answer given before, or the value."""
    if scored.scores.ndim == 1:
        return np.asarray(scored.scores, dtype=np.float64)
    if scored.positive is not None:
        return np.asarray(scored.risk, dtype=np.float64)
    found: Floats = np.nan_to_num(scored.scores)[np.arange(len(scored)), answers(before)]
    return found


def answer_of(scored: Scored) -> Ints:
    """(n,) index of the label that is acted on: of a yes/no task the positive one from the threshold on, else the one named."""
    if scored.positive is None:
        return answers(scored)
    return np.asarray(np.where(flagged(scored), scored.positive, 1 - scored.positive), dtype=np.int64)


def belief(scored: Scored, before: Scored) -> Floats:
    """(n,) probability of the label that was acted on before."""
    found: Floats = np.nan_to_num(scored.scores)[np.arange(len(scored)), answer_of(before)]
    return found


def turned_rows(sample: Sample, said: Said) -> Bools:
    """(m,) whether the answer is another one: the action where there is a positive label, else the label named, or a value
    that moved by more than a tenth of the spread."""
    if said.after.scores.ndim == 1:
        return np.asarray(np.abs(said.after.scores - said.before.scores) > MOVES_A_VALUE * sample.spread)
    return np.asarray(answer_of(said.after) != answer_of(said.before))


def effect(view: View, sample: Sample, said: Said | None) -> Effect:
    """Compare the answers after with those before on the same rows."""
    nothing = float("nan")
    if said is None or not len(said.source):
        return Effect(0, nothing, nothing, 0, nothing, nothing, nothing)
    turned = turned_rows(sample, said)
    moved = np.abs(level(said.after, said.before) - level(said.before, said.before)) / sample.spread
    n, count = len(turned), int(turned.sum())
    metric = view.task.headline
    sign = 1.0 if metric.higher_is_better else -1.0
    drop = sign * (metric.function(said.before) - metric.function(said.after))
    return Effect(n, float(moved.mean()), count / n, count, *wilson(count, n), float(drop))


def beyond(one: Effect, share: float, tests: int) -> bool:
    """The share of turned answers is above a limit beyond chance: the lower end of the exact interval, corrected for the
    number of changes looked at (Bonferroni)."""
    return one.rows > 0 and clopper_pearson(one.count, one.rows, 1.0 - 0.05 / max(tests, 1))[0] > share
