"""The data card: counts that agree with the rows, the licence where it is known, and no file's place."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verticals.core.pages import Section, Table
from verticals.core.task import Field, Prepared, Schema, Scored, SplitRule
from verticals.datasets.catalogue import find_card
from verticals.datasets.split import split
from verticals.evaluation.metrics import standard as S
from verticals.evaluation.sections import data
from verticals.evaluation.view import View

from ..planted_models import SCHEMA, TASK, Model, patients, true_risk, view_of, world


def table(section: Section, name: str) -> dict[str, dict[str, Any]]:
    found = next(b for b in section.blocks if isinstance(b, Table) and b.name == name)
    first = found.columns[0].key
    return {str(row[first]): dict(row) for row in found.rows}


def words(section: Section) -> str:
    return " ".join(b for b in section.blocks if isinstance(b, str))


def test_parts_positives_and_empty_cells_are_counted() -> None:
    prepared = world(1, rows=(120, 40, 60))
    train = prepared.train.copy()
    train.loc[train.index[:30], "age"] = np.nan
    section = data.section(view_of(Model(true_risk), replace(prepared, train=train)))
    parts = table(section, "parts")
    assert [p["rows"] for p in parts.values()] == [120, 40, 60]
    assert parts["Training"]["positives"] == (train["outcome"] == "ill").sum()
    assert parts["Test (measured)"]["prevalence"] == pytest.approx((prepared.test["outcome"] == "ill").mean())
    assert table(section, "missing")["age"]["Training"] == 0.25
    assert table(section, "missing")["age"]["Validation"] == 0
    assert "no real case" in table(section, "card")["Training rows"]["value"]


def test_a_file_of_the_catalogue_brings_its_licence_and_a_path_is_not_told() -> None:
    prepared = world(1, rows=(60, 30, 60))
    card = find_card("banking77")
    known = next(one.sha256 for one in card.files if one.sha256)
    source = {
        "kind": "file",
        "path": "/home/anna/secret/train.csv",
        "resolved": "/home/anna/secret/train.csv",
        "sha256": known,
    }
    section = data.section(view_of(Model(true_risk), replace(prepared, source=source, simulated=False)))
    said = table(section, "card")
    assert said["Licence"]["value"] == card.licence
    assert said["Paper"]["value"] == card.paper
    assert "train.csv" in said["Training rows"]["value"]
    assert "anna" not in str(section)
    source["sha256"] = "0" * 64
    section = data.section(view_of(Model(true_risk), replace(prepared, source=source, simulated=False)))
    assert table(section, "card")["Licence"]["value"].startswith("unknown")


def test_the_split_is_told_from_its_record() -> None:
    frame = patients(200, 1).assign(patient=[str(i // 4) for i in range(200)])
    rule = SplitRule("group", group="patient", duplicates=False)  # the notes are of few kinds
    schema = Schema(SCHEMA.fields, "outcome", SCHEMA.labels, "ill", group="patient")
    parts = split(frame, schema, rule, seed=3)
    prepared = Prepared(
        TASK, schema, *(frame.iloc[getattr(parts, p)] for p in ("train", "validation", "test")), split=parts.to_dict()
    )
    section = data.section(view_of(Model(true_risk, schema), prepared))
    assert "all rows of one group stand on one side" in words(section)
    assert "seed 3" in words(section)
    assert table(section, "parts")["Training"]["groups"] == prepared.train["patient"].nunique()
    assert "rows of one 'patient' belong together" in table(section, "card")["Unit of analysis"]["value"]


def test_the_gate_is_read_from_the_run(tmp_path: Path) -> None:
    gate = {"counts": {"stop": 1, "warn": 2, "note": 0}, "accepted": ["copies"]}
    gate["findings"] = [{"level": "stop", "message": "12 rows are copies."}, {"level": "note", "message": "Fine."}]
    (tmp_path / "gate.json").write_text(json.dumps(gate))
    view = view_of(Model(true_risk), world(1, rows=(60, 30, 60)))
    said = words(data.section(replace(view, folder=tmp_path)))
    assert "1 stops, 2 warnings" in said
    assert "accepted by whoever tuned: copies" in said
    assert "12 rows are copies." in said
    assert "Fine." not in said
    assert "were not made" in words(data.section(view))


@pytest.mark.parametrize(("half", "enough"), [(0.02, True), (0.1, False)])
def test_too_few_rows_are_called_so(half: float, enough: bool) -> None:
    view = view_of(Model(true_risk), world(1, rows=(60, 30, 200)))
    head = {**view.facts["headline"], "interval": [0.8 - half, 0.8 + half]}
    section = data.section(replace(view, facts={**view.facts, "headline": head}))
    assert section.numbers["headline_half_width"] == pytest.approx(half)
    assert ("There are enough rows" in words(section)) is enough
    assert ("about 800 measured rows" in words(section)) is not enough  # four times as many halve the interval


def test_predictions_of_another_program_have_a_card_of_the_measured_rows() -> None:
    view = view_of(Model(true_risk), world(1, rows=(60, 30, 60)))
    section = data.section(replace(view, prepared=None, predictor=None, own_rows=False))
    assert list(table(section, "parts")) == ["Measured rows"]
    assert table(section, "card")["Training rows"]["value"] == "not given"
    assert "were not given" in words(section)


def test_values_and_many_labels() -> None:
    rows = patients(50, 1).assign(y=np.arange(50.0), grade=(["a", "b", "c", "c", "c"] * 10))
    number = Schema((Field("age", "number"),), "y")
    task = replace(TASK, kind="regression", metrics=(S.RMSE,), label="y")
    view = View(task, number, Scored(rows["y"].to_numpy(), rows["y"].to_numpy(), (), rows), facts={})
    assert table(data.section(view), "parts")["Test (measured)"]["mean"] == pytest.approx(24.5)
    labels = ("a", "b", "c")
    many = Schema((Field("age", "number"),), "grade", labels)
    scored = Scored(np.zeros(50, int), np.full((50, 3), 1 / 3), labels, rows)
    section = data.section(View(TASK, many, scored, prepared=Prepared(TASK, many, rows, rows, rows)))
    assert list(table(section, "labels")) == ["c", "a", "b"] or next(iter(table(section, "labels"))) == "c"
    assert table(section, "labels")["c"]["Training"] == pytest.approx(0.6)
