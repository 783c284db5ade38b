"""Turn a team's own records into a decision helper it can defend.

Three calls tell the whole story; each has a command of the same name:

    import verticals

    data = verticals.prepare("finance.credit", "applications.csv", label="BAD", positive="1")
    run = verticals.tune(data, out="runs/credit")
    report = verticals.evaluate(run)

A model that was trained elsewhere is reported on from its predictions: `verticals.report("predictions.csv",
"finance.credit", label="BAD")`; runs are set side by side on the same rows by `verticals.compare([old, new])`.

What an application imports speaks its users' words: `verticals.medical`, `verticals.education`, `verticals.finance`.
Importing this package loads neither torch nor pandas; each name is fetched at first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Bank": "core.task",
    "Box": "core.task",
    "DataError": "core.errors",
    "Decision": "core.task",
    "Domain": "core.task",
    "Field": "core.task",
    "Flag": "core.task",
    "Metric": "core.task",
    "Predictor": "core.predict",
    "Reader": "core.task",
    "Recipe": "core.recipe",
    "SafetyPolicy": "core.task",
    "Scored": "core.task",
    "SplitRule": "core.task",
    "Task": "core.task",
    "VerticalsError": "core.errors",
    "check_task": "core.conformance",
    "compare": "evaluation.compare",
    "evaluate": "evaluation.evaluate",
    "load_task": "core.registry",
    "prepare": "datasets.prepare",
    "report": "evaluation.outside",
    "tune": "core.tune",
}

__all__ = ["__version__", *_HOME]  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from .core.conformance import check_task as check_task
    from .core.errors import DataError as DataError
    from .core.errors import VerticalsError as VerticalsError
    from .core.predict import Predictor as Predictor
    from .core.recipe import Recipe as Recipe
    from .core.registry import load_task as load_task
    from .core.task import Bank as Bank
    from .core.task import Box as Box
    from .core.task import Decision as Decision
    from .core.task import Domain as Domain
    from .core.task import Field as Field
    from .core.task import Flag as Flag
    from .core.task import Metric as Metric
    from .core.task import Reader as Reader
    from .core.task import SafetyPolicy as SafetyPolicy
    from .core.task import Scored as Scored
    from .core.task import SplitRule as SplitRule
    from .core.task import Task as Task
    from .core.tune import tune as tune
    from .datasets.prepare import prepare as prepare
    from .evaluation.compare import compare as compare
    from .evaluation.evaluate import evaluate as evaluate
    from .evaluation.outside import report as report


def __getattr__(name: str) -> Any:
    """Fetch a public name at first use, so that `import verticals` stays light."""
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
