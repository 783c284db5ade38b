"""Changed records and their effects, by hand; pieces of records; what one field says alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from verticals.core.influence import pieces_of
from verticals.core.task import Field, Schema
from verticals.evaluation.probes import alone as A
from verticals.evaluation.probes import pieces as P
from verticals.evaluation.probes import sample as S
from verticals.evaluation.probes.denial import strongest

from ..planted_models import LEAKY, Model, leak, numbers, true_risk, view_of, world


def by_age(frame: pd.DataFrame) -> np.ndarray:
    return np.where(numbers(frame, "age", 55) >= 55, 0.8, 0.1)


def test_an_effect_by_hand() -> None:
    view = view_of(Model(by_age), world(1))
    sample = S.drawn(view, 4)
    ages = S.with_column(sample.records, "age", [50.0, 60.0, 50.0, 60.0])
    start = S.ask(view, sample, {"a": S.every(sample, ages)})["a"]
    moved = S.with_column(ages, "age", [60.0, 60.0, 60.0, 60.0])
    there = S.Version(moved.iloc[[0, 1, 2]], np.array([0, 1, 2]))
    said = S.ask(view, sample, {"b": there, "none": S.Version(moved.iloc[:0], np.array([], dtype=int))})
    assert list(said) == ["b"]
    both = S.Said(said["b"].after, start.after.take(np.array([0, 1, 2])), said["b"].source)
    found = S.effect(view, sample, both)
    assert (found.rows, found.count, found.turned) == (3, 2, pytest.approx(2 / 3))
    assert found.moved == pytest.approx((0.7 + 0.0 + 0.7) / 3)
    assert S.effect(view, sample, None).rows == 0


def test_only_rows_that_change_are_asked() -> None:
    view = view_of(Model(true_risk), world(2))
    sample = S.drawn(view, 50)
    once = S.changed_rows(view, sample, S.with_texts(view, sample.records, lambda text: text.replace("cough", "itch")))
    holds = sample.records["note"].str.contains("cough").to_numpy()
    assert once.source.tolist() == np.flatnonzero(holds).tolist()
    assert len(S.changed_rows(view, sample, sample.records).source) == 0


def test_beyond_chance_needs_rows() -> None:
    few = S.Effect(10, 0.1, 0.3, 3, 0.1, 0.6, 0.0)
    many = S.Effect(200, 0.1, 0.3, 60, 0.24, 0.37, 0.0)
    assert not S.beyond(few, 0.1, 1)
    assert S.beyond(many, 0.1, 7)
    assert not S.beyond(replace(many, rows=0, count=0), 0.1, 7)


def test_pieces_are_those_of_the_reasons_that_users_see() -> None:
    fields = (Field("age", "number"), Field("sex", "category"), Field("findings", "set"), Field("note", "text"))
    record: dict[str, Any] = {
        "age": 52.0, "sex": None, "findings": "cough=yes; fever=no", "note": "No fever, no cough. Chest pain!\nSweating",
    }  # fmt: skip
    mine = P.pieces(record, fields)
    theirs = pieces_of(record, Schema(fields, "y"), {})
    assert [(one.field.name, one.evidence) for one in mine] == [(name, words) for name, words, _ in theirs]
    assert [P.without(record, [one]) for one in mine] == [made for _, _, made in theirs]
    gone = P.without(record, [mine[0], mine[1], mine[3], mine[6]])
    assert gone == {"age": None, "sex": None, "findings": {"fever": "no"}, "note": "no cough. Chest pain!"}


def test_something_usual_in_the_place_of_a_piece() -> None:
    fields = (Field("age", "number"), Field("sex", "category"), Field("findings", "set"), Field("note", "text"))
    rows = pd.DataFrame({"age": [1.0, 3.0, 9.0], "sex": ["f", "f", "m"]})
    usual = P.usual_values(rows, fields)
    assert usual == {"age": 3.0, "sex": "f"}
    record = {"age": 3.0, "sex": "m", "findings": "cough=yes; size=big", "note": "A cough. A cold."}
    age, sex, cough, size, first, _ = P.pieces(record, fields)
    assert P.with_usual(record, age, usual, "Rain.") is None  # it is the usual value already
    assert P.with_usual(record, sex, usual, "Rain.") == {**record, "sex": "f"}
    assert P.with_usual(record, cough, usual, "Rain.") == {**record, "findings": {"cough": "no", "size": "big"}}
    assert P.with_usual(record, size, usual, "Rain.") is None
    assert P.with_usual(record, first, usual, "Rain.") == {**record, "note": "Rain. A cold."}


def test_the_decisive_statement_of_each_row() -> None:
    lost = np.array([0.05, 0.3, 0.2, 0.09, -0.4])
    assert strongest(lost, np.array([0, 0, 0, 1, 2])).tolist() == [1]


def test_one_field_alone_agrees_with_a_count() -> None:
    prepared = world(3, schema=LEAKY)
    view = view_of(leak(prepared), prepared)
    found = A.alone(view, Field("ward_code", "category"))
    assert found is not None
    ill = prepared.train["outcome"] == "ill"
    assert found.figure.value == pytest.approx(roc_auc_score(ill, prepared.train["ward_code"] == "W7"), abs=0.02)
    noise = A.alone(view, Field("sex", "category"))
    assert noise is not None
    assert noise.figure.low < 0.5 < noise.figure.high + 0.05
    assert A.alone(view, Field("note", "text")) is None
