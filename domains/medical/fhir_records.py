"""Join checked FHIR resources into records: who, when, what was said, what was measured, what it was.

    records = Records()
    records.add("Patient", patient, "urn:uuid:…", "Entry 1 of bundle.json")      # then encounters and conditions
    records.join()
    records.measure("Observation", observation)                              # then reports
    records.frame()

Only what a row needs is kept of a resource.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from .readers_files import Fault
from .ucum import UnitError, converted, ucum_code

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COMPLAINTS", "MEASURES", "Measure", "Records"]

_LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"


class Measure(NamedTuple):
    """A number field: its unit, and the LOINC codes that fill it."""

    unit: str
    """UCUM."""
    codes: tuple[str, ...]
    molar_mass: float | None = None
    """g/mol, where laboratories give mass or amount."""


MEASURES = {
    "temperature": Measure("Cel", ("8310-5", "8331-1", "8329-5", "8328-7", "8332-9", "8333-7", "76011-6")),
    "heart_rate": Measure("/min", ("8867-4", "8889-8", "8893-0", "68999-2")),
    "systolic_bp": Measure("mm[Hg]", ("8480-6", "8459-0", "8460-8", "8461-6", "76534-7")),
    "respiratory_rate": Measure("/min", ("9279-1", "76270-8")),
    "spo2": Measure("%", ("59408-5", "2708-6", "59407-7")),
    "gcs": Measure("{score}", ("9269-2",)),
    "crp": Measure("mg/L", ("1988-5", "30522-7", "71426-1", "48421-2")),
    "white_cells": Measure("10*9/L", ("6690-2", "26464-8", "804-5", "49498-9")),
    "glucose": Measure(
        "mmol/L",
        ("2345-7", "2339-0", "14749-6", "15074-8", "41653-7", "2340-8", "2341-6", "32016-8", "14743-9", "74774-1"),
        180.156,
    ),
    "troponin": Measure("ng/L", ("67151-1", "89579-7", "6598-7", "10839-9", "42757-5", "49563-0", "76399-5")),
    "creatinine": Measure("umol/L", ("2160-0", "14682-9", "38483-4", "77140-2"), 113.12),
    "haemoglobin": Measure("g/L", ("718-7", "30350-3", "30313-1", "20509-6", "59260-0", "30352-9")),
    "potassium": Measure("mmol/L", ("2823-3", "6298-4", "77142-8", "39789-3")),
    "sodium": Measure("mmol/L", ("2951-2", "2947-0", "77139-4", "39791-9")),
    "lactate": Measure("mmol/L", ("2524-7", "32693-4", "2518-9", "14118-4", "30242-2"), 90.08),
}
"""Field -> its unit and its LOINC codes (LOINC 2.77); molar masses of glucose, creatinine and lactate."""

COMPLAINTS = ("8661-1", "10154-3", "10164-2", "29299-5", "46239-0", "11348-0")
"""LOINC codes of observations whose text is what the patient tells: chief complaint, history, reason for the visit."""

_FIELD_OF = {code: name for name, measure in MEASURES.items() for code in measure.codes}
_VOID = ("entered-in-error", "cancelled")


@dataclass
class _Visit:
    """One row in the making."""

    patient: str
    encounter: str | None
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    notes: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    ranked: dict[str, int] = field(default_factory=dict)
    """Reference of a condition -> its rank in the encounter's own list."""
    conditions: list[tuple[int, int, str, str]] = field(default_factory=list)
    """(rank, place in the files, words, code)."""
    values: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Field -> (moment, value); the earliest moment counts."""


class _Person(NamedTuple):
    born: str | dt.date | None
    sex: str | None


class Records:
    """Rows of a set of resources."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.people: dict[str, _Person] = {}
        self.visits: list[_Visit] = []
        self._keys: dict[str, str] = {}
        """Any way to point at a patient, encounter or condition -> its own name."""
        self._of_encounter: dict[str, _Visit] = {}
        self._of_patient: dict[str, list[_Visit]] = {}
        self._conditions: list[tuple[str, str | None, Any, str, str, list[str]]] = []
        self._said: Counter[str] = Counter()

    # First pass ------------------------------------------------------------------------------------------------------

    def add(self, kind: str, resource: Any, url: str, place: str) -> None:
        """Take a patient, an encounter or a condition.

        Raises:
            Fault: it repeats another one's id, or points to nobody.
        """
        name = f"{kind}/{resource.id}" if resource.id else url or place
        own = [name, url] if url else [name]
        if any(self._keys.get(key, "").startswith(f"{kind}") for key in own):
            raise Fault(f"repeats the id of another {kind}; keep one of them, or give it an id of its own")
        self._contained(resource, name)
        if kind == "Patient":
            self._person(resource, name)
        elif kind == "Encounter":
            self._visit(resource, name)
        else:
            self._condition(resource, name)
        for key in own:
            self._keys[key] = name
        for one in getattr(resource, "identifier", None) or ():
            if one.value:
                self._keys.setdefault(f"{kind}?{one.system or ''}|{one.value}", name)

    def _contained(self, resource: Any, name: str) -> None:
        """People that stand inside another resource are known there alone."""
        for inner in getattr(resource, "contained", None) or ():
            if inner.get_resource_type() == "Patient" and inner.id:
                self._person(inner, f"{name}#{inner.id}")

    def _person(self, resource: Any, name: str) -> None:
        sex = resource.gender if resource.gender in ("male", "female", "other") else None
        self.people[name] = _Person(resource.birthDate, sex)

    def _visit(self, resource: Any, name: str) -> None:
        if resource.status in _VOID:
            self._said[f"Encounters left out for their status {resource.status}"] += 1
            return
        if _points_nowhere(resource.subject):
            raise Fault("names no patient as its subject, so nobody knows whose it is; add the subject")
        period = resource.period
        start, end = (_moment(part) if period else None for part in (period and period.start, period and period.end))
        visit = _Visit(_target(resource.subject, name), name, start, end)
        visit.notes += [text for reason in resource.reasonCode or () if (text := _words(reason))]
        for at, one in enumerate(resource.diagnosis or ()):
            if not _points_nowhere(one.condition):
                visit.ranked.setdefault(_target(one.condition, name), int(one.rank) if one.rank else 1000 + at)
        self.visits.append(visit)
        self._of_encounter[name] = visit

    def _condition(self, resource: Any, name: str) -> None:
        status = _code_of(resource.verificationStatus)
        if status in ("refuted", "entered-in-error"):
            self._said[f"Conditions left out for their status {status}"] += 1
            return
        if _points_nowhere(resource.subject):
            raise Fault("names no patient as its subject, so nobody knows whose it is; add the subject")
        words = _words(resource.code)
        if not words:
            raise Fault("has a code without text, display or code; say which condition it is")
        when = resource.recordedDate or resource.onsetDateTime
        encounter = None if _points_nowhere(resource.encounter) else _target(resource.encounter, name)
        code = next((f"{one.system or ''}|{one.code}" for one in resource.code.coding or () if one.code), "")
        keys = [_target(resource.subject, name), name]
        self._conditions.append((keys[0], encounter, _moment(when), words, code, keys[1:]))

    def join(self) -> None:
        """Give every condition to its visit; patients without an encounter get a row of their own."""
        for visit in self.visits:
            visit.patient = self._known(visit.patient)
            self._of_patient.setdefault(visit.patient, []).append(visit)
            visit.ranked = {self._known(key): rank for key, rank in visit.ranked.items()}
            if visit.patient not in self.people:
                self._said["Encounters of a patient who is not in the files, so that age and sex are missing"] += 1
        for name in self.people:
            inside = "#" in name
            if name not in self._of_patient and not inside:
                self.visits.append(_Visit(name, None))
                self._of_patient[name] = [self.visits[-1]]
        wanted = {key: visit for visit in self.visits for key in visit.ranked}
        for place, (subject, encounter, when, words, code, names) in enumerate(self._conditions):
            owner = wanted.get(names[0]) or self._place(subject, encounter, when)
            if owner is None:
                self._said["Conditions that could be given to no encounter"] += 1
                continue
            if owner.encounter is None and owner.start is None and when is not None:
                owner.start = when  # the age at which it was noted
            owner.conditions.append((owner.ranked.get(names[0], 10_000), place, words, code))
        self._conditions = []

    def _known(self, target: str) -> str:
        """The name of what a reference points at; the reference itself where that is not in the files."""
        found = self._keys.get(target)
        if found is None and not target.startswith("urn:"):
            parts = target.split("/_history/")[0].rsplit("/", 2)
            found = self._keys.get("/".join(parts[-2:]))
        return found or target

    def _place(self, subject: str | None, encounter: str | None, when: dt.datetime | None) -> _Visit | None:
        """The visit that something belongs to."""
        if encounter is not None:
            return self._of_encounter.get(self._known(encounter))
        visits = self._of_patient.get(self._known(subject), []) if subject is not None else []
        if len(visits) == 1:
            return visits[0]
        inside = [one for one in visits if when and one.start and one.start <= when <= (one.end or _day_end(one.start))]
        return inside[0] if len(inside) == 1 else None

    # Second pass -----------------------------------------------------------------------------------------------------

    def measure(self, kind: str, resource: Any) -> None:
        """Take an observation or a report.

        Raises:
            Fault: a value with a unit that cannot be turned into the field's.
        """
        if resource.status in _VOID:
            self._said[f"Observations and reports left out for their status {resource.status}"] += 1
            return
        name = f"{kind}/{resource.id}" if resource.id else ""
        when = _moment(
            resource.effectiveDateTime
            or getattr(resource, "effectiveInstant", None)
            or (resource.effectivePeriod and resource.effectivePeriod.start)
            or resource.issued
        )
        subject = None if _points_nowhere(resource.subject) else _target(resource.subject, name)
        encounter = None if _points_nowhere(resource.encounter) else _target(resource.encounter, name)
        visit = self._place(subject, encounter, when)
        if visit is None:
            self._said["Observations and reports that could be given to no encounter"] += 1
        elif kind == "Observation":
            self._observation(resource, visit, when)
        else:
            visit.reports += _report_texts(resource)

    def _observation(self, resource: Any, visit: _Visit, when: dt.datetime | None) -> None:
        used = False
        found: list[tuple[str, float]] = []
        for part in (resource, *(resource.component or ())):
            codes = [one.code for one in part.code.coding or () if one.code and one.system in (_LOINC, None)]
            name = next((_FIELD_OF[code] for code in codes if code in _FIELD_OF), None)
            if name is not None and part.valueQuantity is not None and part.valueQuantity.value is not None:
                found.append((name, _in_unit(name, part.valueQuantity)))
                self._said["Values known only to be below or above a bound, which stand as the bound"] += bool(
                    part.valueQuantity.comparator
                )
            elif name == "gcs" and part.valueInteger is not None:
                found.append((name, float(part.valueInteger)))
            elif name is not None and part.valueQuantity is None and not part.dataAbsentReason:
                self._said["Measurements left out because they have no number"] += not (
                    part is resource and part.component
                )
            elif name is None and any(code in COMPLAINTS for code in codes):
                text = part.valueString or _words(part.valueCodeableConcept)
                visit.notes += [_clean(text)] if text and text.strip() else []
                used = True
            used = used or name is not None
        if found or used:
            visit.notes += [_clean(note.text) for note in resource.note or () if note.text and note.text.strip()]
        else:
            self._said["Observations with a code that no field takes"] += 1
        moment = when.timestamp() if when else float("inf")
        for name, value in found:
            if name not in visit.values or moment < visit.values[name][0]:
                visit.values[name] = (moment, value)

    # Rows ------------------------------------------------------------------------------------------------------------

    def frame(self) -> pd.DataFrame:
        """All rows, in the order of the encounters, then of the patients without one; no column without any value."""
        import pandas as pd

        rows = [self._row(visit) for visit in self.visits]
        words = ["patient", "encounter", "started", "sex", "note", "report", "condition", "condition_code"]
        columns = [*words[:3], "age", *words[3:6], *MEASURES, *words[6:]]
        self.notes += [f"{said}: {count:,}." for said, count in sorted(self._said.items()) if count]
        frame = pd.DataFrame(rows, columns=columns)
        empty = [name for name in (*MEASURES, "report", "condition_code") if frame[name].isna().all()]
        kinds = {name: "str" if name in words else "float64" for name in columns}
        return frame.astype(kinds).drop(columns=empty)

    def _row(self, visit: _Visit) -> dict[str, Any]:
        person = self.people.get(visit.patient, _Person(None, None))
        first = min(visit.conditions, default=None)
        return {
            "patient": visit.patient,
            "encounter": visit.encounter,
            "started": visit.start.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S") if visit.start else None,
            "age": _age(person.born, visit.start),
            "sex": person.sex,
            "note": "\n".join(dict.fromkeys(visit.notes)) or None,
            "report": "\n".join(dict.fromkeys(visit.reports)) or None,
            **{name: value for name, (_, value) in visit.values.items()},
            "condition": first[2] if first else None,
            "condition_code": first[3] or None if first else None,
        }


# Parts of resources --------------------------------------------------------------------------------------------------


def _points_nowhere(reference: Any) -> bool:
    if reference is None:
        return True
    named = reference.identifier is not None and reference.identifier.value
    return not reference.reference and not named


def _target(reference: Any, inside: str) -> str:
    """What a reference points at; `#x` is something inside the resource itself."""
    if reference.reference:
        said = str(reference.reference)
        return f"{inside}{said}" if said.startswith("#") else said
    return f"{reference.type or 'Patient'}?{reference.identifier.system or ''}|{reference.identifier.value}"


def _code_of(concept: Any) -> str:
    return next((one.code for one in (concept.coding or ()) if one.code), "") if concept is not None else ""


def _words(concept: Any) -> str:
    """A concept in words: the display of a coding, else its text, else a code."""
    if concept is None:
        return ""
    codings = concept.coding or ()
    said = next((one.display for one in codings if one.display and one.display.strip()), None)
    return _clean(said or concept.text or next((one.code for one in codings if one.code), "") or "")


def _clean(text: str) -> str:
    return re.sub(r"[ \t\r\f\v\x00-\x08]+", " ", str(text)).strip()


def _moment(value: Any) -> dt.datetime | None:
    """A date or a time as a moment; without a zone it counts as UTC, a year or month as its first day."""
    if value is None:
        return None
    if isinstance(value, str):
        parts = [int(part) for part in value.split("-")] if re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", value) else []
        if not parts or not parts[0]:
            return None
        return dt.datetime(parts[0], parts[1] if len(parts) > 1 else 1, 1, tzinfo=dt.UTC)
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)


def _day_end(start: dt.datetime) -> dt.datetime:
    try:
        return start + dt.timedelta(days=1)
    except OverflowError:
        return start


def _age(born: str | dt.date | None, at: dt.datetime | None) -> float | None:
    """Completed years; under two years with completed months as twelfths. A birth known by its year alone is rounded."""
    if born is None or at is None:
        return None
    if isinstance(born, dt.date):
        months = (at.year - born.year) * 12 + at.month - born.month - (at.day < born.day)
    else:
        parts = [int(part) for part in born.split("-")]
        months = (at.year - parts[0]) * 12 + (at.month - parts[1] if len(parts) > 1 else 0)
    if months < 0:
        return None
    return round(months / 12, 2) if months < 24 and len(str(born)) > 4 else float(months // 12)


def _in_unit(name: str, quantity: Any) -> float:
    """A value in the field's unit.

    Raises:
        Fault: no unit, or one that is unknown or measures something else.
    """
    measure = MEASURES[name]
    coded = quantity.code if quantity.code and quantity.system in (_UCUM, None) else None
    unit = coded if coded and quantity.system == _UCUM else ucum_code(coded or quantity.unit or "")
    if not unit:
        raise Fault(f"gives {name} without a unit; write a UCUM code such as {measure.unit}")
    try:
        value = converted(float(quantity.value), unit, measure.unit, measure.molar_mass)
    except UnitError as error:
        raise Fault(f"{error}, the unit of {name}; write a UCUM code that measures the same") from None
    except OverflowError:
        raise Fault(f"gives {name} a number that is too large; mend it") from None
    if not abs(value) < 1e12:
        raise Fault(f"gives {name} a number that is too large; mend it")
    return float(f"{value:.10g}")


def _report_texts(resource: Any) -> list[str]:
    """The conclusion of a report and its plain texts."""
    texts = [resource.conclusion or ""]
    for form in resource.presentedForm or ():
        if form.data and (form.contentType or "").split(";")[0].strip().lower() == "text/plain":
            try:
                texts.append(form.data.decode("utf-8"))  # the library has undone base64
            except UnicodeDecodeError:
                raise Fault("holds a text that is not UTF-8; mend or remove it") from None
    return [clean for text in texts if (clean := _clean(text))]
