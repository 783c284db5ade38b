"""Read public and standard layouts of diagnosis data into records.

    symptom_inquiry   [{"pid": "1", "exp_sxs": {"cough": "1"}, "imp_sxs": {"fever": "0"}, "label": "bronchitis"}, …]
    symptom2disease   index,label,text
    heart             Age,Sex,ChestPainType,RestingBP,Cholesterol,FastingBS,RestingECG,MaxHR,ExerciseAngina,…
    ddxplus           AGE,DIFFERENTIAL_DIAGNOSIS,SEX,PATHOLOGY,EVIDENCES,INITIAL_EVIDENCE   (`readers_ddxplus`)
    fhir              {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", …}}, …]}
                      (`readers_fhir`)

No row is lost: one at fault refuses the file with a sentence, or is set aside with its place and reason where somebody
collects (`datasets.rejects`). A file that does not have the layout is refused.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.task import Reader
from ...datasets.rejects import reject
from .readers_ddxplus import read_ddxplus
from .readers_fhir import read_fhir
from .readers_files import Fault, listed, one_file, rows_with_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["READERS", "read_ddxplus", "read_fhir", "read_heart", "read_symptom2disease", "read_symptom_inquiry"]

_ANSWERS = {"0": "no", "1": "yes", "2": "unsure"}
_INQUIRY = "a list of objects with pid, exp_sxs, imp_sxs and label"


def read_symptom_inquiry(path: Path) -> pd.DataFrame:
    """Read symptom-inquiry dialogues as JSON (the layout of Dxy, MZ-4 and MZ-10).

    `exp_sxs` are the symptoms that a patient reports unasked, `imp_sxs` those found by asking; 1 has it, 0 has not,
    2 unsure. Both are merged, and the unasked report wins where they disagree.

    Args:
        path: a JSON file, or a folder with exactly one.

    Returns:
        Columns patient, findings (JSON object symptom -> yes, no or unsure), reported and asked (the two parts that
        it was merged from), condition.

    Raises:
        DataError: not such a file, or a record at fault that nobody collects.
    """
    import pandas as pd

    file = one_file(path, "*.json")
    rows = []
    for entry in listed(file, _INQUIRY):
        try:
            rows.append(_dialogue(entry.content))
        except Fault as fault:
            reject(entry.place, f"{entry.place} {fault}.", entry.content)
    columns = ["patient", "findings", "reported", "asked", "condition"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def _dialogue(record: Any) -> dict[str, str]:
    keys = ("pid", "exp_sxs", "imp_sxs", "label")
    lacking = [key for key in keys if not isinstance(record, dict) or key not in record]
    if lacking:
        raise Fault(f"lacks {', '.join(lacking)}; each needs pid, exp_sxs, imp_sxs and label")
    for key in ("pid", "label"):
        if isinstance(record[key], (dict, list, bool)) or not str(record[key] or "").strip():
            raise Fault(f"has no text under {key!r}; write the {'patient' if key == 'pid' else 'condition'} there")
    parts = {key: _answers(record[key], key) for key in ("exp_sxs", "imp_sxs")}
    merged = {**parts["imp_sxs"], **parts["exp_sxs"]}  # the later one wins
    reported, asked = (
        json.dumps(dict(sorted(parts[key].items())), ensure_ascii=False) for key in ("exp_sxs", "imp_sxs")
    )
    return {
        "patient": str(record["pid"]),
        "findings": json.dumps(merged, ensure_ascii=False),
        "reported": reported,
        "asked": asked,
        "condition": str(record["label"]),
    }


def _answers(part: Any, key: str) -> dict[str, str]:
    if not isinstance(part, dict):
        raise Fault(f"holds under {key} something that is not an object; write symptom: 0, 1 or 2")
    for symptom, answer in part.items():
        if isinstance(answer, bool) or str(answer) not in _ANSWERS:
            raise Fault(
                f"says of the symptom {symptom[:40]!r} the answer {str(answer)[:40]!r}; allowed are 0 (no), 1 (yes) and "
                "2 (unsure)"
            )
    return {symptom: _ANSWERS[str(answer)] for symptom, answer in part.items()}


def read_symptom2disease(path: Path) -> pd.DataFrame:
    """Read one- or two-sentence symptom descriptions (CSV with the columns label and text).

    Args:
        path: a CSV file, or a folder with exactly one.

    Returns:
        Columns note, condition; texts as they stand in the file.

    Raises:
        DataError: a column is lacking, or a line at fault that nobody collects.
    """
    import pandas as pd

    rows = list(rows_with_names(one_file(path, "*.csv"), ("label", "text")))
    frame = pd.DataFrame(rows, columns=["text", "label"], dtype="str")
    return frame.rename(columns={"text": "note", "label": "condition"})


_HEART = {  # column of the file: (readable name, None for a number or readable values)
    "Age": ("age", None),
    "Sex": ("sex", {"M": "male", "F": "female"}),
    "ChestPainType": (
        "chest_pain_type",
        {"TA": "typical angina", "ATA": "atypical angina", "NAP": "non-anginal pain", "ASY": "asymptomatic"},
    ),
    "RestingBP": ("resting_systolic_bp", None),
    "Cholesterol": ("cholesterol", None),
    "FastingBS": ("fasting_glucose_above_120_mg_dl", {"0": "no", "1": "yes"}),
    "RestingECG": (
        "resting_ecg",
        {"Normal": "normal", "ST": "ST-T wave abnormality", "LVH": "left ventricular hypertrophy"},
    ),
    "MaxHR": ("maximum_heart_rate", None),
    "ExerciseAngina": ("exercise_angina", {"N": "no", "Y": "yes"}),
    "Oldpeak": ("st_depression", None),
    "ST_Slope": ("st_slope", {"Up": "upsloping", "Flat": "flat", "Down": "downsloping"}),
    "HeartDisease": ("heart_disease", {"0": "no", "1": "yes"}),
}  # fmt: skip
_ZERO_IS_MISSING = ("resting_systolic_bp", "cholesterol")


def read_heart(path: Path) -> pd.DataFrame:
    """Read the combined heart-disease table of 918 patients (CSV, 12 columns); name the label `heart_disease`.

    A blood pressure or a cholesterol of 0 was never measured: both become missing.

    Args:
        path: a CSV file, or a folder with exactly one.

    Returns:
        Columns age (a), sex, chest_pain_type, resting_systolic_bp (mm[Hg]), cholesterol (mg/dL),
        fasting_glucose_above_120_mg_dl, resting_ecg, maximum_heart_rate (/min), exercise_angina, st_depression (mm),
        st_slope, heart_disease (yes or no).

    Raises:
        DataError: a column is lacking, or a cell that the layout does not know, in a row that nobody collects.
    """
    import pandas as pd

    file = one_file(path, "*.csv")
    rows = []
    for number, cells in enumerate(rows_with_names(file, tuple(_HEART)), start=1):
        try:
            rows.append({new: _heart_value(old, cells[old], values) for old, (new, values) in _HEART.items()})
        except Fault as fault:
            reject(
                f"Row {number} of {file.name}", str(fault).replace("this row", f"row {number} of {file.name}"), cells
            )
    frame = pd.DataFrame(rows, columns=[new for new, _ in _HEART.values()])
    kinds = {new: "float64" if values is None else "str" for new, values in _HEART.values()}
    frame = frame.astype(kinds)
    for name in _ZERO_IS_MISSING:
        frame[name] = frame[name].mask(frame[name] == 0)
    return frame


def _heart_value(column: str, cell: str, values: dict[str, str] | None) -> float | str | None:
    """A cell in words, or as a number; an empty one is missing."""
    cell = cell.strip()
    if not cell:
        return math.nan if values is None else None
    if values is not None and cell in values:
        return values[cell]
    if values is None:
        try:
            number = float(cell)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
    allowed = "a number" if values is None else ", ".join(values)
    raise Fault(f"Column {column} holds {cell[:40]!r} in this row; allowed: {allowed}.")


READERS = (
    Reader("symptom_inquiry", "JSON list of pid, exp_sxs, imp_sxs and label (Dxy, MZ-4, MZ-10)", read_symptom_inquiry),
    Reader("symptom2disease", "CSV with the columns label and text", read_symptom2disease),
    Reader("heart", "CSV of the combined heart-disease table, 12 columns; label heart_disease (yes or no)", read_heart),
    Reader("ddxplus", "DDXPlus patients (.csv or .zip) beside release_evidences.json", read_ddxplus),
    Reader("fhir", "FHIR R4: a bundle (.json), a bulk file (.ndjson) or a folder of them", read_fhir),
)  # fmt: skip
