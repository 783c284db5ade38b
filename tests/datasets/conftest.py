"""Rows for a single check: recognised and brought into form as `check_files` does it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from verticals.core.task import Field, Metric, SafetyPolicy, Scored, Task
from verticals.datasets.finding import Finding, Material
from verticals.datasets.gate import _material
from verticals.datasets.options import make_options
from verticals.datasets.source import checked_frame


def share_right(scored: Scored) -> float:
    return float((scored.scores.argmax(1) == scored.truth).mean())


TASK = Task(
    name="clinic.triage",
    version="1",
    title="Who is ill?",
    kind="classification",
    label="ill",
    positive="yes",
    metrics=(Metric("auroc", "Area under the ROC curve", share_right),),
    safety=SafetyPolicy("A demonstration."),
)


def task(*fields: Field, **changes: Any) -> Task:
    return replace(TASK, fields=fields, **changes)


def material(
    frame: pd.DataFrame,
    test: pd.DataFrame | None = None,
    *,
    of: Task = TASK,
    thorough: bool = True,
    seed: int = 0,
    **options: Any,
) -> Material:
    """What `check_files` would hand to a check."""
    kinds = {kind: options.pop(kind, ()) for kind in ("text", "number", "category", "set")}
    made, _ = _material(
        of,
        checked_frame(frame),
        None if test is None else checked_frame(test),
        make_options(kinds=kinds, **options),
        None,
        seed=seed,
        thorough=thorough,
    )
    return made


def only(found: list[Finding]) -> Finding:
    """The one finding there is."""
    assert len(found) == 1, [one.message for one in found]
    return found[0]
