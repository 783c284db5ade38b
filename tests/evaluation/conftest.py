"""Small tasks, rows and a stand-in for a tuned model, so that a whole evaluation runs in a second."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.task import Box, Decision, Field, Flag, Metric, Prepared, SafetyPolicy, Schema, Scored, Task
from verticals.evaluation.metrics import standard as S

HOSTILE = '<script>alert("x")</script> | [a](http://evil.example)'


def binary_rows(n: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    age, sick = draw.normal(55, 12, n), draw.random(n)
    risk = 1 / (1 + np.exp(-(age - 55) / 6))
    words = np.where(draw.random(n) < risk, "crushing pain in the chest", "mild cough and a cold")
    frame = pd.DataFrame(
        {
            "age": np.where(draw.random(n) < 0.1, np.nan, age),
            "sex": draw.choice(["male", "female"], n),
            "site": draw.choice([HOSTILE, "north"], n, p=[0.4, 0.6]),
            "findings": np.where(sick < 0.5, "fever=no", "fever=yes; cough=yes"),
            "note": words,
            "patient": draw.integers(0, max(n // 2, 1), n).astype(str),
            "outcome": np.where(sick < risk, "ill", "well"),
        }
    )
    return frame


def binary_schema() -> Schema:
    return Schema(
        fields=(
            Field("age", "number", unit="a"),
            Field("sex", "category"),
            Field("findings", "set"),
            Field("note", "text"),
        ),
        label="outcome",
        labels=("ill", "well"),
        positive="ill",
        group="patient",
        kept=("patient", "site"),
    )


def binary_task(**changes: Any) -> Task:
    facts: dict[str, Any] = {
        "name": "medical.demo",
        "version": "1",
        "title": "Who needs a bed? & more <b>",
        "kind": "classification",
        "label": "outcome",
        "positive": "ill",
        "metrics": (S.AUROC, S.AVERAGE_PRECISION, S.BRIER, S.ECE, S.EXPECTED_COST(Decision("cost", 5, 1))),
        "safety": SafetyPolicy("Not a medical device; a clinician decides."),
        "decision": Decision("cost", false_negative=5.0, false_positive=1.0),
        "slices": ("sex", "site", "age", "ward"),
        "page_one": lambda scored: [Box("Missed", str(int(scored.positives.sum())), HOSTILE)],
    }
    return Task(**{**facts, **changes})


def prepare(task: Task, schema: Schema, make: Callable[[int, int], pd.DataFrame], test: int = 300) -> Prepared:
    return Prepared(
        task, schema, make(240, 1), make(80, 2), make(test, 3), simulated=True, fingerprint="f" * 64, notes=("a note",)
    )


def said_of(rows: pd.DataFrame, labels: tuple[str, ...], scores: np.ndarray, **more: Any) -> SimpleNamespace:
    """What a predictor returns, for given scores."""
    n = len(rows)
    facts: dict[str, Any] = {
        "labels": labels,
        "scores": scores,
        "prediction": np.array([labels[i] for i in scores.argmax(1)]) if scores.ndim == 2 and labels else scores,
        "abstained": np.zeros(n, dtype=bool),
        "reasons": ("",) * n,
        "conformal": ((),) * n,
        "flags": ((),) * n,
        "threshold": None,
        "raw_scores": None,
        "offsets": (),
    }
    return SimpleNamespace(**{**facts, **more})


class StandIn:
    """Scores a row by its age alone, as a tuned model would by all it knows."""

    fingerprint = "f" * 64

    def __init__(self, task: Task, schema: Schema) -> None:
        self.task, self.schema, self.bank = task, schema, None

    def predict(self, rows: pd.DataFrame) -> SimpleNamespace:
        risk = 1 / (1 + np.exp(-(pd.to_numeric(rows["age"]).fillna(55).to_numpy() - 55) / 6))
        scores = np.column_stack([risk, 1 - risk])
        out = scores.max(axis=1) < 0.6
        return said_of(
            rows,
            ("ill", "well"),
            scores,
            abstained=out,
            reasons=tuple(
                f"The likeliest answer has probability {p:.2f}." if o else ""
                for o, p in zip(out, scores.max(1), strict=True)
            ),
            conformal=tuple(("ill",) if r > 0.8 else ("well",) if r < 0.2 else ("ill", "well") for r in risk),
            flags=tuple(
                (Flag("chest_pain", "See at once.", "crushing"),) if "crushing" in str(note) else ()
                for note in rows["note"]
            ),
            threshold=1 / 6,
            raw_scores=np.column_stack([risk**2, 1 - risk**2]),
        )


def scored(y: Any, risk: Any, rows: pd.DataFrame | None = None, threshold: float | None = None) -> Scored:
    """A yes/no task with labels ("no", "yes")."""
    risk = np.asarray(risk, dtype=float)
    frame = pd.DataFrame(index=range(len(risk))) if rows is None else rows
    return Scored(np.asarray(y, dtype=int), np.column_stack([1 - risk, risk]), ("no", "yes"), frame, 1, threshold)


@pytest.fixture
def metric() -> Metric:
    return S.AUROC
