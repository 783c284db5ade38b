"""The first gate: what is refused, what is noted, what passes."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.core.task import Field, Kind, Metric, SafetyPolicy, Schema, Task
from verticals.datasets.gate import gate, overlap

NOTHING = Metric("nothing", "Nothing", lambda scored: 0.0)


def task(kind: Kind = "classification", label: str = "label", **more: Any) -> Task:
    return Task("test.case", "1", "A case", kind, label, (NOTHING,), SafetyPolicy("Not advice."), **more)


PRESSURE = Field("bp", "number", unit="mm[Hg]", low=40, high=300)
SCHEMA = Schema((PRESSURE, Field("t", "text")), "label", ("a", "b"))


def rows(**changed: Any) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "bp": [float(60 + i) for i in range(40)],
            "t": [f"words of row {i}" for i in range(40)],
            "label": ["a", "b"] * 20,
        }
    )
    return frame.assign(**changed)


def test_good_rows_pass_without_a_word() -> None:
    passed = gate(rows(), SCHEMA, task())
    assert passed.notes == ()
    assert len(passed.rows) == 40


def test_rows_without_a_label_are_left_out_and_counted() -> None:
    frame = rows(label=[None, "a", "b", "a"] * 10)
    passed = gate(frame, SCHEMA, task())
    assert passed.rows.index.tolist() == [i for i in range(40) if i % 4]
    assert passed.notes[0] == "10 of 40 rows have no label in 'label' and are left out."
    with pytest.raises(DataError, match="No row has a label in 'label'"):
        gate(rows(label=None), SCHEMA, task())


def test_too_few_rows_and_one_label() -> None:
    with pytest.raises(DataError, match="Only 19 rows have a label, but tuning needs at least 20"):
        gate(rows().head(19), SCHEMA, task())
    with pytest.raises(DataError, match="same label 'a' in 'label'"):
        gate(rows(label="a"), SCHEMA, task())
    with pytest.raises(DataError, match=r"same label '1\.5'"):
        gate(rows(label=1.5), Schema(SCHEMA.fields, "label"), task("regression"))


def test_an_unknown_label_is_guessed() -> None:
    known = Schema(SCHEMA.fields, "label", ("angina", "asthma"))
    frame = rows(label=["angina", "asthma"] * 19 + ["angina", "astma"])
    with pytest.raises(DataError, match=r"label 'astma' in row 40 is not one of this task's \(1 such rows\).*'asthma'"):
        gate(frame, known, task(labels=("angina", "asthma")))
    with pytest.raises(DataError, match=r"positive label 'angin' is not among the labels. Did you mean 'angina'"):
        gate(frame.head(39), Schema(SCHEMA.fields, "label", ("angina", "asthma"), positive="angin"), task())


def test_implausible_numbers() -> None:
    values = [float(60 + i) for i in range(40)]
    values[16] = 12000.0
    passed = gate(rows(bp=values), SCHEMA, task())
    assert passed.notes == (
        "1 of 40 values of 'bp' are outside the plausible range (40 to 300 mm[Hg]), such as 12000 in row 17; they "
        "are used as they are.",
    )
    with pytest.raises(DataError, match=r"40 of 40 values of 'bp' .* such as 8\.5 in row 1; the unit must be mm\[Hg\]"):
        gate(rows(bp=8.5), SCHEMA, task())
    one_sided = Schema((Field("bp", "number", low=100), Field("t", "text")), "label", ("a", "b"))
    with pytest.raises(DataError, match="at least 100"):
        gate(rows(bp=8.5), one_sided, task())


def test_empty_fields_copies_conflicts_and_spelling_are_noted() -> None:
    frame = rows(
        bp=float("nan"), t=["same words", "same words", "other words", "other words"] + [f"row {i}" for i in range(36)]
    )
    frame = frame.assign(label=["a", "b", "A", "A"] + ["a", "b"] * 18)
    notes = gate(frame, Schema(SCHEMA.fields, "label", ("A", "a", "b")), task()).notes
    assert "The field 'bp' is empty in every row." in notes
    assert "1 of 40 rows are equal to an earlier one in all fields and the label." in notes
    assert any("2 rows share the same fields with a row of another label, first row 1;" in note for note in notes)
    assert any("The labels 'A' and 'a' differ in spelling only" in note for note in notes)


def test_the_answer_must_be_a_candidate_of_the_bank() -> None:
    bank = pd.DataFrame({"id": ["sign-error", "off-by-one"], "text": ["loses a sign", "counts one too many"]})
    choice = Schema(SCHEMA.fields, "label")
    gate(rows(label=["sign-error", "off-by-one"] * 20), choice, task("choice"), bank)
    with pytest.raises(DataError, match=r"answer 'sign-eror' in row 2 is not in the bank.*Did you mean 'sign-error'"):
        gate(rows(label=["off-by-one", "sign-eror"] * 20), choice, task("choice"), bank)


def test_the_answer_must_be_one_of_the_candidates_of_its_row() -> None:
    choice, own = Schema(SCHEMA.fields, "label"), task("choice", candidates="options")
    good = rows(options='["yes", "no"]', label=["yes", "1"] * 20)
    assert len(gate(good, choice, own).rows) == 40
    for wrong, said in (("2", "is none of its 2 candidates"), ("maybe", "'maybe' in row 1 is none")):
        with pytest.raises(DataError, match=said):
            gate(good.assign(label=wrong), choice, own)
    with pytest.raises(DataError, match="row 1 are not a JSON list"):
        gate(good.assign(options="yes, no"), choice, own)
    with pytest.raises(DataError, match="has no column 'options'"):
        gate(rows(), choice, own)


def test_overlap_of_two_files_is_counted() -> None:
    known, test = rows(g=range(40)), rows(g=range(38, 78)).tail(10)
    schema = Schema(SCHEMA.fields, "label", ("a", "b"), group="g")
    test = test.assign(t=["Words, of ROW 3", *test["t"].tolist()[1:]])
    assert overlap(known, test, schema) == [
        "9 of 10 test rows have the same fields as a row of the first file.",
        "10 of 10 test rows have a text in 't' that the first file has too.",
    ]
    shared = overlap(known, rows(bp=1.0, t="new", g=range(38, 78)), schema)
    assert shared == ["2 of 40 test rows belong to 2 groups of 'g' that the first file has too."]
