"""Read three public layouts of diagnosis data into records.

    symptom_inquiry   [{"pid": "1", "exp_sxs": {"cough": "1"}, "imp_sxs": {"fever": "0"}, "label": "bronchitis"}, …]
    symptom2disease   index,label,text
    heart             Age,Sex,ChestPainType,RestingBP,Cholesterol,FastingBS,RestingECG,MaxHR,ExerciseAngina,…

No row is dropped; a file that does not have the layout is refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import DataError
from ...core.task import Reader

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["READERS", "read_heart", "read_symptom2disease", "read_symptom_inquiry"]

_ANSWERS = {"0": "no", "1": "yes", "2": "unsure"}


def _file(path: Path, pattern: str) -> Path:
    """Find the one file that is meant: the path itself, or the only such file in a folder."""
    if path.is_dir():
        found = sorted(path.glob(pattern))
        if len(found) != 1:
            names = ", ".join(p.name for p in found) or "none"
            raise DataError(
                f"The folder {path} must hold exactly one {pattern} file, found: {names}; name the file itself."
            )
        return found[0]
    if not path.exists():
        raise DataError(f"There is no file {path}; give the path of a {pattern} file.")
    return path


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
        DataError: not such a file; the first record at fault is named.
    """
    import pandas as pd

    file = _file(path, "*.json")
    try:
        records = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(
            f"{file.name} is not JSON ({error}); give a list of objects with pid, exp_sxs, imp_sxs and label."
        ) from None
    if not isinstance(records, list) or not records:
        raise DataError(
            f"{file.name} holds no list of records; give a list of objects with pid, exp_sxs, imp_sxs and label."
        )
    return pd.DataFrame([_dialogue(file, i, record) for i, record in enumerate(records)], dtype="str")


def _dialogue(file: Path, number: int, record: Any) -> dict[str, str]:
    keys = ("pid", "exp_sxs", "imp_sxs", "label")
    lacking = [key for key in keys if not isinstance(record, dict) or key not in record]
    if lacking:
        raise DataError(
            f"Record {number} of {file.name} lacks {', '.join(lacking)}; each needs pid, exp_sxs, imp_sxs and label."
        )
    merged: dict[str, str] = {}
    for key in ("imp_sxs", "exp_sxs"):  # the later one wins
        if not isinstance(record[key], dict):
            raise DataError(f"{key} in record {number} of {file.name} is not an object; write symptom: 0, 1 or 2.")
        for symptom, answer in record[key].items():
            if str(answer) not in _ANSWERS:
                raise DataError(
                    f"Symptom {symptom!r} in record {number} of {file.name} has the answer {answer!r}; "
                    "allowed are 0 (no), 1 (yes) and 2 (unsure)."
                )
            merged[symptom] = _ANSWERS[str(answer)]
    findings = json.dumps(merged, ensure_ascii=False)
    reported, asked = (
        json.dumps({name: _ANSWERS[str(record[key][name])] for name in sorted(record[key])}, ensure_ascii=False)
        for key in ("exp_sxs", "imp_sxs")
    )
    return {
        "patient": str(record["pid"]),
        "findings": findings,
        "reported": reported,
        "asked": asked,
        "condition": str(record["label"]),
    }


def _csv(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a comma-separated file as text and hold it to its columns."""
    import pandas as pd

    file = _file(path, "*.csv")
    try:
        frame = pd.read_csv(file, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(
            f"{file.name} is not a readable CSV file ({error}); give UTF-8 with the columns {', '.join(columns)}."
        ) from None
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise DataError(
            f"{file.name} lacks the columns {', '.join(lacking)}; it has {', '.join(map(str, frame.columns[:12]))}, "
            f"and this layout needs {', '.join(columns)}."
        )
    return frame


def read_symptom2disease(path: Path) -> pd.DataFrame:
    """Read one- or two-sentence symptom descriptions (CSV with the columns label and text).

    Args:
        path: a CSV file, or a folder with exactly one.

    Returns:
        Columns note, condition.

    Raises:
        DataError: a column is lacking.
    """
    import pandas as pd

    frame = _csv(path, ("label", "text"))
    return pd.DataFrame({"note": frame["text"], "condition": frame["label"]})


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
        DataError: a column is lacking, or a cell holds a value that the layout does not know.
    """
    import pandas as pd

    source = _csv(path, tuple(_HEART))
    columns: dict[str, Any] = {}
    for old, (new, values) in _HEART.items():
        cells = source[old].str.strip()
        column: pd.Series = pd.Series(pd.to_numeric(cells, errors="coerce") if values is None else cells.map(values))
        wrong = column.isna() & (cells != "")
        if wrong.any():
            allowed = "a number" if values is None else ", ".join(values)
            raise DataError(
                f"Column {old} holds {cells[wrong].iloc[0]!r} in row {int(wrong.to_numpy().argmax()) + 1} of the data; "
                f"allowed: {allowed}."
            )
        columns[new] = column.astype("float64") if values is None else column.astype("str")
    frame = pd.DataFrame(columns)
    for name in _ZERO_IS_MISSING:
        frame[name] = frame[name].mask(frame[name] == 0)
    return frame


READERS = (
    Reader("symptom_inquiry", "JSON list of pid, exp_sxs, imp_sxs and label (Dxy, MZ-4, MZ-10)", read_symptom_inquiry),
    Reader("symptom2disease", "CSV with the columns label and text", read_symptom2disease),
    Reader("heart", "CSV of the combined heart-disease table, 12 columns; label heart_disease (yes or no)", read_heart),
)  # fmt: skip
