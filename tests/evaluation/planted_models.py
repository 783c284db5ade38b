"""A small world with a known truth, a model that knows it, and models with one planted fault each.

Every record has a risk that follows from age, blood pressure and note by a formula, and an outcome drawn from it. The sound
model answers with that risk. A planted model is the same but for its fault; all of them score whatever record they are asked
about, so that probes with changed records find what they would find in a tuned model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from verticals.core.task import Field, Prepared, SafetyPolicy, Schema, Task
from verticals.evaluation.measured import scored_rows
from verticals.evaluation.metrics import standard as S
from verticals.evaluation.view import View

from .conftest import said_of

Risk = Callable[[pd.DataFrame], np.ndarray]
LABELS = ("ill", "well")
PAIN = re.compile(r"\bchest pain\b", re.IGNORECASE)
DENIED = re.compile(r"\b(?:no|not|denies|without|never|n't)\b[^.;,]*\bchest pain\b", re.IGNORECASE)
TASK = Task(
    name="medical.planted",
    version="1",
    title="Who needs a bed?",
    kind="classification",
    label="outcome",
    labels=LABELS,
    positive="ill",
    metrics=(S.AUROC, S.BRIER, S.ECE),
    safety=SafetyPolicy("Not a medical device; a clinician decides."),
    slices=("sex",),
)
SCHEMA = Schema(
    fields=(
        Field("age", "number", unit="a", low=0, high=120),
        Field("pressure", "number", unit="mm[Hg]", low=40, high=300),
        Field("sex", "category"),
        Field("note", "text"),
    ),
    label="outcome",
    labels=LABELS,
    positive="ill",
)
LEAKY = Schema((*SCHEMA.fields, Field("ward_code", "category")), "outcome", LABELS, "ill")


def expit(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))


def logit(p: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(p / (1 - p)))


def numbers(frame: pd.DataFrame, name: str, otherwise: float) -> np.ndarray:
    if name not in frame.columns:
        return np.full(len(frame), otherwise)
    return np.asarray(pd.to_numeric(frame[name], errors="coerce").fillna(otherwise), dtype=np.float64)


def notes(frame: pd.DataFrame) -> list[str]:
    return ["" if pd.isna(v) else str(v) for v in frame["note"]] if "note" in frame.columns else [""] * len(frame)


def true_risk(frame: pd.DataFrame) -> np.ndarray:
    """The probability that the outcome is drawn with."""
    pain = np.array([bool(PAIN.search(t)) and not DENIED.search(t) for t in notes(frame)])
    x = (numbers(frame, "age", 55) - 55) / 8 + (numbers(frame, "pressure", 130) - 130) / 20 + 2.4 * pain - 1.2
    return expit(x)


def patients(n: int, seed: int) -> pd.DataFrame:
    """Records with their outcomes; the ward code, which is known only afterwards, follows from the outcome."""
    draw = np.random.default_rng(seed)
    said = draw.choice(
        [
            "Patient has chest pain since yesterday, sweating.",
            "Reports chest pain for an hour.",
            "No chest pain. Mild cough since yesterday.",
            "Denies chest pain, has a sore throat.",
            "Cough and a runny nose.",
        ],
        n,
        p=[0.25, 0.2, 0.2, 0.15, 0.2],
    )
    frame = pd.DataFrame(
        {
            "age": draw.normal(55, 10, n).round(1),
            "pressure": draw.normal(130, 18, n).round(),
            "sex": draw.choice(["female", "male"], n),
            "note": said,
        }
    )
    frame["outcome"] = np.where(draw.random(n) < true_risk(frame), "ill", "well")
    ill = frame["outcome"] == "ill"
    frame["ward_code"] = np.where(draw.random(n) < 0.97, np.where(ill, "W7", "W0"), np.where(ill, "W0", "W7"))
    return frame.astype(dict.fromkeys(("sex", "note", "outcome", "ward_code"), object))


class Model:
    """Answers each record with a risk."""

    fingerprint = ""
    bank = None

    def __init__(self, risk: Risk, schema: Schema = SCHEMA) -> None:
        self.risk, self.task, self.schema, self.labels, self.positive = risk, TASK, schema, LABELS, 0
        self.asked = 0

    def predict(self, records: Any) -> SimpleNamespace:
        frame = (
            records
            if isinstance(records, pd.DataFrame)
            else pd.DataFrame([records] if isinstance(records, dict) else records)
        )
        self.asked += len(frame)
        p = np.clip(self.risk(frame), 1e-4, 1 - 1e-4)
        return said_of(frame, LABELS, np.column_stack([p, 1 - p]), threshold=0.5)

    def influence(self, record: Any, *, label: str | None = None, reference: Any = None) -> list[Any]:
        from verticals.core.influence import influence_of

        return influence_of(self, record, label=label, reference=reference)  # type: ignore[arg-type]


def world(seed: int, rows: tuple[int, int, int] = (500, 250, 900), schema: Schema = SCHEMA) -> Prepared:
    parts = [patients(n, 100 * seed + i) for i, n in enumerate(rows)]
    for i, part in enumerate(parts):
        part.index = part.index + 10_000 * i
    return Prepared(TASK, schema, *parts, simulated=True, fingerprint="f" * 64)


def view_of(model: Model, prepared: Prepared, **more: Any) -> View:
    said = model.predict(prepared.test)
    scored = scored_rows(TASK, model.schema, prepared.test, said)
    value = S.AUROC.function(scored)
    head = {
        "name": "auroc", "title": S.AUROC.title, "value": value, "interval": [value - 0.02, value + 0.02], "low": 0.0, "high": 1.0,
        "higher_is_better": True,
    }  # fmt: skip
    facts = {
        "headline": head,
        "metrics": [head],
        "missing": [],
        "baselines": [],
        "rows": {"measured": len(scored)},
        "gate": None,
    }
    return View(TASK, model.schema, scored, said, model, prepared, facts=facts, seconds=1.0, **more)  # type: ignore[arg-type]


# Faults


def uncalibrated(prepared: Prepared) -> Model:
    """Too high throughout."""
    return Model(lambda frame: expit(logit(np.clip(true_risk(frame), 1e-6, 1 - 1e-6)) + 1.2))


def overconfident(prepared: Prepared) -> Model:
    """Right on average, but far too sure."""
    return Model(lambda frame: expit(3.0 * logit(np.clip(true_risk(frame), 1e-6, 1 - 1e-6))))


def reversed_(prepared: Prepared) -> Model:
    """The label was turned round."""
    return Model(lambda frame: 1.0 - true_risk(frame))


def worse_group(prepared: Prepared) -> Model:
    """Of women it knows next to nothing: it reads their age and pressure with the wrong sign half of the time."""

    def risk(frame: pd.DataFrame) -> np.ndarray:
        p = true_risk(frame)
        woman = (frame["sex"] == "female").to_numpy(bool) if "sex" in frame.columns else np.zeros(len(frame), bool)
        share = float((prepared.train["outcome"] == "ill").mean())
        weak = expit(logit(np.full(len(frame), share)) + (numbers(frame, "age", 55) - 55) / 200)
        return np.where(woman, weak, p)

    return Model(risk)


def memorised(prepared: Prepared) -> Model:
    """Knows every training row by heart, as a look-up by its numbers and note."""

    def key(frame: pd.DataFrame) -> list[tuple[float, float, str]]:
        return list(zip(numbers(frame, "age", -1), numbers(frame, "pressure", -1), notes(frame), strict=True))

    known = dict(zip(key(prepared.train), prepared.train["outcome"] == "ill", strict=True))

    def risk(frame: pd.DataFrame) -> np.ndarray:
        p = true_risk(frame)
        return np.array(
            [0.98 if known.get(k) is True else 0.02 if k in known else v for k, v in zip(key(frame), p, strict=True)]
        )

    return Model(risk)


def leak(prepared: Prepared) -> Model:
    """Goes by the ward code, which is only known once the outcome is."""

    def risk(frame: pd.DataFrame) -> np.ndarray:
        code = frame["ward_code"].to_numpy(object) if "ward_code" in frame.columns else np.full(len(frame), None)
        known = np.select([code == "W7", code == "W0"], [3.5, -3.5], 0.0)
        return expit(logit(np.clip(true_risk(frame), 1e-6, 1 - 1e-6)) + known)

    return Model(risk, LEAKY)


def ignores_negation(prepared: Prepared) -> Model:
    """Reads "no chest pain" as chest pain."""

    def risk(frame: pd.DataFrame) -> np.ndarray:
        pain = np.array([bool(PAIN.search(t)) for t in notes(frame)])
        x = (numbers(frame, "age", 55) - 55) / 8 + (numbers(frame, "pressure", 130) - 130) / 20
        # as a fit on these rows would have it: of those whose note names the pain a bit more than half have it
        return expit(0.8 * x + 1.0 * pain - 0.7)

    return Model(risk)


FAULTS: dict[str, Callable[[Prepared], Model]] = {
    "uncalibrated": uncalibrated,
    "overconfident": overconfident,
    "reversed": reversed_,
    "worse_group": worse_group,
    "memorised": memorised,
    "leak": leak,
    "ignores_negation": ignores_negation,
}
