"""What does it go by? Fields that carry the figures, whether its reasons are its reasons, and a field that gives the label away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.influence import pieces_of
from ...core.pages import Alarm, Block, Figure, NotComputed, Section
from ...core.task import Field
from ..intervals import wilson
from ..probes.ask import Answers, Before, ask, before
from ..view import View
from ..words import inside, number, percent
from . import TITLES

__all__ = ["section"]

MOST_ROWS, MOST_FIELDS, MOST_EXPLAINED, MOST_PIECES = 200, 30, 50, 14
CARRIES, GIVES_AWAY = 0.25, 0.95
"""A field gives the label away when the model loses at least the first part of what it knows without it, and it alone predicts the
label in training rows better than the second (area under the ROC curve, or share right)."""


def section(view: View) -> Section:
    """Importance by permutation, faithfulness of reasons by taking them away, and the alarm for a leak.

    Raises:
        NotComputed: there is no run to ask, no rows, or no field.
    """
    view.need_run()
    fields = [f for f in view.schema.fields if f.name in view.scored.rows.columns and f.kind != "time"]
    if not len(view.scored) or not fields:
        raise NotComputed("There are no rows with fields to look at.")
    first = before(view, MOST_ROWS)
    drops, everything = _permuted(view, first, fields[:MOST_FIELDS])
    metric = view.task.headline
    blocks: list[Block] = []
    numbers: dict[str, Any] = {}
    if drops:
        ranked = sorted(drops, key=lambda name: -drops[name])
        titles = {f.name: f.words for f in fields}
        caption = (
            f"How far {inside(metric.title)} falls on {len(first.index)} rows when a field is dealt out anew among them; all fields "
            f"together: {number(everything)}. Fields that say the same share what they carry."
        )
        bars = [{"name": titles[name], "value": drops[name]} for name in ranked[:15]]
        blocks.append(
            Figure(
                "importance",
                "bars",
                "Which fields carry it",
                {"rows": bars, "x_title": metric.title + " lost"},
                caption,
            )
        )
        numbers |= {f"importance_{name}": drops[name] for name in ranked[:15]}
    if view.probabilities:
        said, figures = _reasons(view, first)
        blocks += said
        numbers |= figures
    alarms = _leaks(view, drops, everything)
    return Section("explanations", TITLES["explanations"], tuple(blocks), numbers, alarms)


def _permuted(view: View, first: Before, fields: list[Field]) -> tuple[dict[str, float], float]:
    """Field -> fall of the headline, and the fall when all fields are dealt out anew together."""
    random = np.random.default_rng(view.seed)
    order = random.permutation(len(first.records))
    dealt = {f.name: first.records[f.name].to_numpy()[random.permutation(len(order))] for f in fields}
    versions = {f.name: first.records.assign(**{f.name: _like(first.records[f.name], dealt[f.name])}) for f in fields}
    versions["all fields"] = first.records.iloc[order].reset_index(drop=True)
    answers = ask(view, versions)
    metric = view.task.headline
    sign = 1 if metric.higher_is_better else -1
    level = metric.function(first.scored)
    found = {name: sign * (level - metric.function(first.rescored(answers[name]))) for name in versions}
    return {f.name: found[f.name] for f in fields if np.isfinite(found[f.name])}, found["all fields"]


def _like(column: pd.Series, values: NDArray[Any]) -> pd.Series:
    return pd.Series(values, index=column.index, dtype=column.dtype)


def _reasons(view: View, first: Before) -> tuple[list[Block], dict[str, float]]:
    """Take each piece of a record away; then the two strongest together, beside two others drawn at random."""
    random = np.random.default_rng(view.seed + 1)
    some = first.records.head(MOST_EXPLAINED).to_dict("records")
    pieces = [list(pieces_of(record, view.schema, {}))[:MOST_PIECES] for record in some]  # type: ignore[arg-type]
    row = np.repeat(np.arange(len(some)), [len(p) for p in pieces])
    singles = pd.DataFrame([without for found in pieces for _, _, without in found])
    if not len(singles):
        return [], {}
    level = first.level[: len(some)]
    answer = np.nan_to_num(first.answers.scores).argmax(axis=1)
    lost = level[row] - _of_answer(ask(view, {"one": singles})["one"], answer[row])
    best = np.array([lost[row == i].max() if (row == i).any() else np.nan for i in range(len(some))])
    known = np.isfinite(best)
    hits, n = int((best[known] > 1e-6).sum()), int(known.sum())
    ends = wilson(hits, n)
    blocks: list[Block] = [
        f"Taking away the first reason lowers the probability of the answer in {percent(hits / n)} of {n} records (95 % interval "
        f"{percent(ends[0])} to {percent(ends[1])}), by {number(float(np.mean(best[known])))} on average.",
    ]
    numbers = {"reason_validity": hits / n, "reason_validity_lower": ends[0]}
    twos = _pairs(some, pieces, lost, row, view, random)
    if twos is not None:
        strong, chance, of_row = twos
        asked = ask(view, {"strong": strong, "chance": chance})
        gap = _of_answer(asked["chance"], answer[of_row]) - _of_answer(asked["strong"], answer[of_row])
        draws = np.array([gap[random.integers(len(gap), size=len(gap))].mean() for _ in range(1000)])
        low, high = np.quantile(draws, [0.025, 0.975])
        verdict = (
            "its reasons are what it goes by" if low > 0 else "its reasons are not shown to be better than any others"
        )
        blocks.append(
            f"Without its two strongest reasons the probability of the answer falls by {number(float(gap.mean()))} more than without two "
            f"others drawn at random (95 % interval {number(float(low))} to {number(float(high))}, {len(gap)} records): {verdict}."
        )
        numbers |= {"faithfulness_gap": float(gap.mean()), "faithfulness_gap_lower": float(low)}
    return blocks, numbers


def _of_answer(answers: Answers, answer: NDArray[np.int64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.nan_to_num(answers.scores)[np.arange(len(answer)), answer]
    return found


def _pairs(
    some: list[dict[Any, Any]],
    pieces: list[list[tuple[str, str, dict[str, Any]]]],
    lost: NDArray[np.float64],
    row: NDArray[np.int64],
    view: View,
    random: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.int64]] | None:
    """Records without their two strongest fields, and without two others; only records of at least four fields."""
    strong, chance, of_row = [], [], []
    for i, record in enumerate(some):
        names = [name for name, _, _ in pieces[i]]
        weight = pd.Series(lost[row == i]).groupby(names).max().sort_values(ascending=False)
        if len(weight) < 4:
            continue
        others = random.choice(list(weight.index[2:]), 2, replace=False)
        strong.append({**record, **dict.fromkeys(weight.index[:2])})
        chance.append({**record, **dict.fromkeys(others)})
        of_row.append(i)
    if len(of_row) < 10:
        return None
    return pd.DataFrame(strong), pd.DataFrame(chance), np.array(of_row)


def _leaks(view: View, drops: dict[str, float], everything: float) -> list[Alarm]:
    """A field that carries practically all the model knows and by itself gives the label away in the training rows."""
    if not drops or not np.isfinite(everything) or everything <= 0:
        return []
    name = max(drops, key=lambda one: drops[one])
    if drops[name] < CARRIES * everything or view.prepared is None:
        return []
    alone = _alone(view, name)
    if alone is None or alone <= GIVES_AWAY:
        return []
    return [
        Alarm(
            "leak",
            f"The field “{name}” gives the label away: the model loses {percent(min(1.0, drops[name] / everything))} of what it knows "
            f"without it, and the field alone reaches {number(alone)} in cross-validation on training rows. Find out whether it is known "
            "before the decision; if not, take it out and tune anew.",
            "stop",
        )
    ]


def _alone(view: View, name: str) -> float | None:
    """Cross-validated area (yes/no) or share right of one field by itself; None where it cannot be told."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    train = view.need_training_rows().train
    kinds = {f.name: f.kind for f in view.schema.fields}
    y = train[view.schema.label].astype(str).to_numpy()
    if view.task.kind != "classification" or kinds.get(name) not in ("number", "category") or len(set(y)) < 2:
        return None
    _, counts = np.unique(y, return_counts=True)
    if counts.min() < 3:
        return None
    if kinds[name] == "number":
        x = train[name].fillna(train[name].median()).to_numpy(np.float64)[:, None]
    else:
        x = pd.get_dummies(train[name].astype(str)).to_numpy(np.float64)
    folds = StratifiedKFold(3, shuffle=True, random_state=view.seed)
    said: Any = cross_val_predict(
        DecisionTreeClassifier(max_depth=6, random_state=0), x, y, cv=folds, method="predict_proba"
    )
    labels = sorted(set(y))
    if view.binary:
        from ..metrics.binary import auroc

        return auroc(y == view.schema.positive, said[:, labels.index(str(view.schema.positive))])
    return float((np.array(labels)[said.argmax(axis=1)] == y).mean())
