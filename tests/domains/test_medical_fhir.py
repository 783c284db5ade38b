"""FHIR R4: references, units and times of a small bulk export and a bundle, with every number worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.datasets.rejects import collecting
from verticals.domains.medical.readers import read_fhir
from verticals.domains.medical.ucum import UnitError, converted, ucum_code

FILES = Path(__file__).parent / "medical_files"


@pytest.fixture(scope="module")
def bulk() -> pd.DataFrame:
    return read_fhir(FILES / "bulk").set_index("encounter", drop=False)


def test_one_row_per_encounter_and_per_patient_without_one(bulk: pd.DataFrame) -> None:
    assert bulk["encounter"].fillna("none").tolist() == ["Encounter/e1", "Encounter/e2", "Encounter/e3", "none"]
    assert bulk["patient"].tolist() == ["Patient/p1", "Patient/p1", "Patient/p2", "Patient/p3"]
    assert bulk["sex"].fillna("missing").tolist() == [
        "male",
        "male",
        "female",
        "missing",
    ]  # gender "unknown" is missing


def test_the_label_is_the_condition_of_the_first_rank(bulk: pd.DataFrame) -> None:
    # e1 ranks c1 before c2; c3 was recorded on the day of e2; p2 has one valid encounter; c5 was refuted
    assert bulk["condition"].tolist() == ["Myocardial infarction", "Pneumonia", "Bronchiolitis", "Migraine"]
    assert bulk["condition_code"].tolist()[:1] == ["http://snomed.info/sct|22298006"]


def test_age_is_of_the_day_of_the_visit(bulk: pd.DataFrame) -> None:
    # 1960-05-17 to 2024-05-16: the day before the 64th birthday; 2023-01 to 2024-03: 14 months; 1980 to 2020
    assert bulk["age"].tolist() == [63.0, 64.0, round(14 / 12, 2), 40.0]
    assert bulk["started"].iloc[0] == "2024-05-16T20:30:00"  # 22:30 at two hours before UTC


def test_values_stand_in_the_units_of_the_fields(bulk: pd.DataFrame) -> None:
    row = bulk.loc["Encounter/e1"]
    assert row["temperature"] == pytest.approx(37.0)  # (98.6 − 32) · 5/9
    assert row["systolic_bp"] == pytest.approx(16 / 0.133322)  # 16 kPa in a component; UCUM: 1 m[Hg] is 133.322 kPa
    assert row["glucose"] == pytest.approx(5.0)  # 90.078 mg/dL / 18.0156; the earlier of two
    assert row["creatinine"] == pytest.approx(12 / 113.12 * 1000)  # 1.2 mg/dL in umol/L
    assert row["troponin"] == pytest.approx(40)  # 0.04 ng/mL
    assert row["haemoglobin"] == pytest.approx(135)  # 13.5 g/dL
    assert row["white_cells"] == pytest.approx(7.2)
    assert row["heart_rate"] == 112  # {beats}/min
    assert row["spo2"] == pytest.approx(97)  # 0.97 of 1
    assert row["crp"] == 5  # "< 5" stands as its bound
    assert bulk.loc["Encounter/e2", "respiratory_rate"] == 24  # no encounter named: it lies in its period
    assert bulk.loc["Encounter/e3", "gcs"] == 15
    assert math.isnan(bulk.loc["Encounter/e3", "temperature"])  # entered in error
    assert "potassium" not in bulk.columns


def test_words_are_collected(bulk: pd.DataFrame) -> None:
    assert bulk.loc["Encounter/e1", "note"] == "Crushing chest pain for an hour, sweating\nirregular"
    assert bulk.loc["Encounter/e3", "note"] == "Wheezy since yesterday,\nfeeding poorly"
    assert bulk.loc["Encounter/e3", "report"] == "Hyperinflation, no consolidation."  # base64 in presentedForm


def test_what_has_no_place_is_counted(bulk: pd.DataFrame) -> None:
    notes = "\n".join(bulk.attrs["notes"])
    assert "status entered-in-error: 1." in notes
    assert "status refuted: 1." in notes
    assert "Practitioner (1)" in notes
    assert "Observations with a code that no field takes: 1." in notes
    assert "stand as the bound: 1." in notes


def test_a_bundle_with_urns_identifiers_and_contained_people() -> None:
    frame = read_fhir(FILES / "bundle.json")
    assert frame["age"].tolist() == [65.0, 24.0]  # 1958-11-30 to 2024-11-29; 2000-01-01 to 2024-11-29
    assert frame["sex"].tolist() == ["female", "male"]
    assert frame["condition"].fillna("none").tolist() == ["heart failure", "none"]
    assert frame["systolic_bp"].tolist()[:1] == [104.0]
    assert frame["note"].tolist() == ["Dyspnea", "Sprained ankle"]


def test_a_resource_at_fault_is_set_aside_with_its_place(tmp_path: Path) -> None:
    lines = [
        {"resourceType": "Patient", "id": "a", "birthDate": "1990-01-01"},
        {"resourceType": "Patient", "id": "b", "birthDate": "yesterday"},
        {"resourceType": "Observation", "status": "final", "code": {"coding": [{"code": "2345-7"}]},
         "subject": {"reference": "Patient/a"}, "valueQuantity": {"value": 5, "unit": "kg"}},
    ]  # fmt: skip
    file = tmp_path / "all.ndjson"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n{", encoding="utf-8")
    with pytest.raises(DataError, match=r"Line 2 of all\.ndjson is no FHIR R4 Patient"):
        read_fhir(file)
    with collecting() as rejects:
        frame = read_fhir(file)
    assert frame["patient"].tolist() == ["Patient/a"]
    reasons = [str(row["reason"]) for row in rejects.rows]
    assert [str(row["place"]) for row in rejects.rows] == [f"Line {n} of all.ndjson" for n in (2, 4, 3)]
    assert "birthDate" in reasons[0]
    assert "'kg', which cannot be turned into mmol/L" in reasons[2]


@pytest.mark.parametrize(
    ("value", "unit", "target", "mass", "expected"),
    [
        (37.0, "Cel", "[degF]", None, 98.6),
        (310.15, "K", "Cel", None, 37.0),
        (100, "mg/dL", "mmol/L", 180.156, 5.5507),
        (1, "mmol/L", "mg/dL", 180.156, 18.0156),
        (120, "mm[Hg]", "kPa", None, 15.9987),
        (5000, "/uL", "10*9/L", None, 5.0),
        (5, "10*3/uL", "10*9/L", None, 5.0),
        (60, "/min", "/s", None, 1.0),
        (2, "{score}", "{score}", None, 2.0),
        (1, "g/L", "ng/mL", None, 1e6),
    ],
)
def test_units_of_ucum(value: float, unit: str, target: str, mass: float | None, expected: float) -> None:
    assert converted(value, unit, target, mass) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("unit", "target"), [("mg/dL", "mmol/L"), ("kg", "m"), ("furlong", "m"), ("", "m"), ("Cel/min", "K/min")]
)
def test_units_that_do_not_fit_are_refused(unit: str, target: str) -> None:
    with pytest.raises(UnitError, match="has the unit"):
        converted(1.0, unit, target)


def test_common_ways_to_write_units() -> None:
    written: dict[str, Any] = {"mmHg": "mm[Hg]", " bpm ": "/min", "°C": "Cel", "x10^9/L": "10*9/L", "mol/L": "mol/L"}
    assert {one: ucum_code(one) for one in written} == written
