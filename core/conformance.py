"""The conformance kit: one call in a domain author's own tests proves that a task keeps the contract.

from verticals import check_task, load_task

def test_my_task():
    check_task(load_task("support.intents"))
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import TaskError
from .task import Scored, Task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_task"]


def check_task(task: Task, *, rows: int = 200) -> None:
    """Try everything that the contract asks of a task; needs no backbone and takes about a second.

    Args:
        task: what a domain offers.
        rows: simulated records to try it on, where the task simulates.

    Raises:
        TaskError: with every fault found, one a line.
    """
    faults = [*_names(task), *_fields(task), *_policy(task)]
    frame = None
    if task.simulate is not None:
        frame, found = _simulated(task, rows)
        faults += found
    if frame is not None and not faults:
        faults += _measured(task, frame)
    if faults:
        raise TaskError(
            f"The task {task.name!r} breaks the contract in {len(faults)} places:\n- " + "\n- ".join(faults)
        )


def _names(task: Task) -> list[str]:
    faults = []
    if not re.fullmatch(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", task.name):
        faults.append(f"name {task.name!r} must be domain.task in lower case")
    for what in ("version", "title", "label"):
        if not getattr(task, what).strip():
            faults.append(f"{what} must not be empty")
    if not task.metrics:
        faults.append("metrics must name at least one metric, the headline first")
    for name in sorted({m.name for m in task.metrics if sum(n.name == m.name for n in task.metrics) > 1}):
        faults.append(f"the metric {name!r} is named twice")
    faults += [
        f"metric {m.name!r}: low {m.low} must be below high {m.high}" for m in task.metrics if not m.low < m.high
    ]
    if task.kind == "choice" and task.bank is None and task.candidates is None:
        faults.append("a choice needs a bank, or the name of the column with each record's candidates")
    if task.kind == "generation":
        faults.append("tasks of kind generation cannot be tuned by this version")
    if task.labels and task.positive is not None and task.positive not in task.labels:
        faults.append(f"positive {task.positive!r} is not among the labels {task.labels}")
    readers = [reader.name for reader in task.readers]
    if len(set(readers)) < len(readers):
        faults.append("two readers have the same name")
    return faults


def _fields(task: Task) -> list[str]:
    faults = []
    names = [one.name for one in task.fields]
    faults += [f"the field {name!r} is named twice" for name in sorted({n for n in names if names.count(n) > 1})]
    for one in task.fields:
        if one.kind not in ("text", "number", "category", "set", "time"):
            faults.append(f"field {one.name!r} has the unknown kind {one.kind!r}")
        if one.name == task.label:
            faults.append(f"the label {task.label!r} is also a field: the model would read its own answer")
        if one.low is not None and one.high is not None and not one.low < one.high:
            faults.append(f"field {one.name!r}: low {one.low} must be below high {one.high}")
        if (one.unit or one.low is not None or one.high is not None) and one.kind != "number":
            faults.append(f"field {one.name!r} is a {one.kind} and cannot have a unit or a range")
    return faults


def _policy(task: Task) -> list[str]:
    faults = []
    if not task.safety.statement.strip():
        faults.append("safety.statement must say what the output is not")
    most = task.safety.max_error
    if most is not None and not 0 < most < 1:
        faults.append(f"safety.max_error is {most} and must lie between 0 and 1")
    if task.decision.rule == "capacity" and not 0 < task.decision.capacity < 1:
        faults.append(f"decision.capacity is {task.decision.capacity} and must lie between 0 and 1")
    if min(task.decision.false_negative, task.decision.false_positive) <= 0:
        faults.append("the costs of a decision must be above 0")
    if not 0 < task.split.validation < 1 or not 0 < task.split.test < 1 or task.split.validation + task.split.test >= 1:
        faults.append("split.validation and split.test must be shares that leave rows to train on")
    return faults


def _simulated(task: Task, rows: int) -> tuple[pd.DataFrame | None, list[str]]:
    """Simulated records must be as many as asked, the same for the same seed, and hold label and fields."""
    assert task.simulate is not None
    frame = task.simulate(rows, 0)
    faults = []
    if len(frame) != rows:
        faults.append(f"simulate({rows}, 0) gave {len(frame)} rows")
    if not frame.equals(task.simulate(rows, 0)):
        faults.append("simulate gave other records for the same seed")
    if frame.equals(task.simulate(rows, 1)):
        faults.append("simulate gave the same records for another seed")
    lacking = [name for name in (task.label, *(f.name for f in task.fields if f.required)) if name not in frame]
    faults += [f"simulated records lack the column {name!r}" for name in lacking]
    if lacking:
        return None, faults
    unknown = set(frame[task.label].dropna().astype(str)) - set(task.labels) if task.labels else set()
    faults += [f"simulated records have the label {one!r}, which is not allowed" for one in sorted(unknown)]
    if task.bank is not None:
        bank = task.bank.rows()
        if bank[task.bank.id].duplicated().any():
            faults.append("the bank names a candidate twice")
        absent = set(frame[task.label].dropna().astype(str)) - set(bank[task.bank.id].astype(str))
        faults += [f"simulated records name the candidate {one!r}, which the bank lacks" for one in sorted(absent)[:3]]
    records: list[dict[str, Any]] = frame.head(20).to_dict("records")  # type: ignore[assignment]
    for record in records:
        for flag in task.safety.escalate(record):
            if not flag.name or not flag.message:
                faults.append("safety.escalate gave a flag without name or message")
    return frame, faults


def _scored(task: Task, frame: pd.DataFrame, *, perfect: bool) -> Scored:
    """Rows with scores that are right and sure, or wrong and sure."""
    n = len(frame)
    if task.kind == "regression":
        truth = frame[task.label].to_numpy(float)
        return Scored(truth, truth if perfect else truth[::-1].copy(), (), frame)
    names = tuple(task.labels or sorted(set(frame[task.label].astype(str))))
    if task.bank is not None:
        names = tuple(task.bank.rows()[task.bank.id].astype(str))
    number = {name: i for i, name in enumerate(names)}
    truth = np.array([number[str(v)] for v in frame[task.label]])
    scores = np.full((n, len(names)), 0.02 / len(names))
    scores[np.arange(n), truth if perfect else (truth + 1) % len(names)] += 0.98
    positive = number.get(task.positive) if task.positive is not None else None
    return Scored(truth, scores, names, frame, positive, 0.5 if positive is not None else None)


def _measured(task: Task, frame: pd.DataFrame) -> list[str]:
    """Metrics stay in their range, and right scores are at least as good as wrong ones."""
    if task.kind == "choice" and task.bank is None:
        return []
    faults = []
    good, wrong = _scored(task, frame, perfect=True), _scored(task, frame, perfect=False)
    for metric in task.metrics:
        best, base = float(metric.function(good)), float(metric.function(wrong))
        for value in (best, base):
            if not math.isnan(value) and not metric.low <= value <= metric.high:
                faults.append(f"metric {metric.name!r} gave {value:g}, outside [{metric.low:g}, {metric.high:g}]")
        if not (math.isnan(best) or math.isnan(base)) and (best < base if metric.higher_is_better else best > base):
            faults.append(f"metric {metric.name!r} prefers wrong scores to right ones: its direction is wrong")
    empty = good.take(np.zeros(0, int))
    for metric in task.metrics:
        value = float(metric.function(empty))
        if not math.isnan(value):
            faults.append(f"metric {metric.name!r} gave {value:g} for no rows; it must give NaN")
    if task.page_one is not None:
        boxes = task.page_one(good)
        if not boxes or any(not box.title or not box.value for box in boxes):
            faults.append("page_one gave no boxes, or a box without title or value")
        json.dumps([vars(box) for box in boxes])
    return faults
