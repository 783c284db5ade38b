"""The question of medicine: which condition do this note and these measurements speak for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.task import Field, SafetyPolicy, SimulatorCard, SplitRule, Task
from ...evaluation.metrics.standard import ACCURACY, ECE, LOG_LOSS, MACRO_F1, MCC, TOP_3
from .metrics import NEVER_MISS, NEVER_MISS_SENSITIVITY
from .page_one import page_one
from .readers import READERS
from .report_sections import sections
from .safety import red_flags

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DIAGNOSIS", "FIELDS", "SAFETY"]

FIELDS = (
    Field("note", "text", title="note"),
    Field("report", "text", title="report"),
    Field("findings", "set", title="findings"),
    # the two parts that findings were merged from: kept for the gate, never read by the model
    Field("reported", "set", protected=True),
    Field("asked", "set", protected=True),
    Field("age", "number", "a", 0, 120, "age in years"),
    Field("sex", "category"),
    Field("temperature", "number", "Cel", 25, 45, "body temperature"),
    Field("heart_rate", "number", "/min", 20, 300),
    Field("systolic_bp", "number", "mm[Hg]", 40, 300, "systolic blood pressure"),
    Field("respiratory_rate", "number", "/min", 3, 80),
    Field("spo2", "number", "%", 40, 100, "oxygen saturation"),
    Field("gcs", "number", "{score}", 3, 15, "Glasgow coma score"),
    Field("crp", "number", "mg/L", 0, 700, "C-reactive protein"),
    Field("white_cells", "number", "10*9/L", 0, 500, "white blood cells"),
    Field("glucose", "number", "mmol/L", 0.5, 100, "blood glucose"),
    Field("troponin", "number", "ng/L", 0, 100_000),
    Field("creatinine", "number", "umol/L", 5, 3000),
    Field("haemoglobin", "number", "g/L", 10, 300),
    Field("potassium", "number", "mmol/L", 1, 12),
    Field("sodium", "number", "mmol/L", 80, 200),
    Field("lactate", "number", "mmol/L", 0, 40),
    Field("started", "time"),
    # what says whose record it is, how it was written, or what it was: never read by the model
    Field("age_band", "category", protected=True),
    Field("template", "category", protected=True),
    Field("encounter", "category", protected=True),
    Field("condition_code", "category", protected=True),
    Field("differential", "set", protected=True),
)
"""What a record may hold; all may be missing, and a table of other columns is read as it comes."""

SAFETY = SafetyPolicy(
    statement=(
        "This is not a medical device and gives no diagnosis: it orders what a clinician may think of, and a clinician "
        "examines, decides and answers for the patient."
    ),
    max_error=0.10,
    referral="Have a clinician see the patient; at any red flag call emergency care first.",
    escalate=red_flags,
    never_miss=NEVER_MISS,
)
"""At most one wrong first condition in ten answers on validation rows; red flags before any score."""


def _simulate(rows: int, seed: int) -> pd.DataFrame:
    from .simulator import simulate

    return simulate(rows, seed)


def _true_probabilities(rows: int, seed: int) -> pd.DataFrame:
    from .simulator import true_probabilities

    return true_probabilities(rows, seed)


SIMULATOR_CARD = SimulatorCard(
    version="2",
    draws=(
        "A condition by its incidence at that age and sex; findings by noisy-OR of condition and chance, where a kind of "
        "a finding implies it; of these some are not told, a few are told or denied wrongly, and many absent ones are "
        "denied; vital signs and laboratory values are shifted by condition and severity and ordered because of what was "
        "told. Twelve hands write the notes, six of patients and six of clinicians, each with openings, forms and words "
        "of its own. All numbers have the order of magnitude of textbooks and were made up for software tests."
    ),
    limits=(
        "Sixteen conditions, one at a time, without treatment, course or examination: figures here say how much of what "
        "was written a model understands, and nothing about patients. They are no source of medical knowledge."
    ),
)

DIAGNOSIS = Task(
    name="medical.diagnosis",
    version="1",
    title="Which condition do this note and these measurements speak for?",
    kind="classification",
    label="condition",
    # macro F1 first: a rare and dangerous condition weighs as much as a common and harmless one
    metrics=(MACRO_F1, ACCURACY, TOP_3, NEVER_MISS_SENSITIVITY, MCC, ECE, LOG_LOSS),
    safety=SAFETY,
    fields=FIELDS,
    split=SplitRule(by="group", group="patient"),
    slices=("age_band", "sex"),
    readers=READERS,
    simulate=_simulate,
    simulated_rows=1800,
    true_probabilities=_true_probabilities,
    simulator_card=SIMULATOR_CARD,
    page_one=page_one,
    sections=sections,
)
