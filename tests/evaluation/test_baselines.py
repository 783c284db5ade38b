"""Every kind of data gets its baselines; they learn what is there, never warn, and give the same scores twice."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.task import Field, Prepared, SafetyPolicy, Schema, Task
from verticals.evaluation import baselines as module
from verticals.evaluation.baselines import Baseline, baselines
from verticals.evaluation.features import LinearFeatures, TreeFeatures, sentences
from verticals.evaluation.metrics import standard as S

from .conftest import binary_rows, binary_schema, binary_task, prepare

TOPICS = {
    "flu": "fever and cough all night",
    "fracture": "fell and broke the wrist bone",
    "rash": "red itching skin spots",
}


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A backbone that counts letters."""
    asked: list[list[str]] = []

    def embed_texts(backbone: str, texts: list[str], threads: int | None = None) -> np.ndarray:
        asked.append(texts)
        return np.array([[text.count(c) + 0.1 for c in "abcdefghijklmnopqrstuvwxyz"] for text in texts])

    monkeypatch.setitem(sys.modules, "verticals.core.embed", SimpleNamespace(embed_texts=embed_texts))
    return asked


def text_rows(n: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    label = draw.choice(list(TOPICS), n)
    filler = draw.choice(["today", "since monday", "again", "for hours"], n)
    return pd.DataFrame({"note": [f"{TOPICS[c]} {f}" for c, f in zip(label, filler, strict=True)], "label": label})


def task_of(kind: Any, label: str, **more: Any) -> Task:
    return Task("a.b", "1", "t", kind, label, (S.ACCURACY,), SafetyPolicy("s"), **more)


def by_name(found: list[Baseline]) -> dict[str, np.ndarray]:
    return {b.name: b.scores for b in found}


def check(found: list[Baseline], shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    for b in found:
        assert b.scores.shape == shape, b.name
        assert np.isfinite(b.scores).all()
        if len(shape) == 2:
            np.testing.assert_allclose(b.scores.sum(axis=1), 1, atol=1e-6)
    return by_name(found)


def test_mixed_records(frozen: list[list[str]]) -> None:
    data = prepare(binary_task(), binary_schema(), binary_rows, test=60)
    found = check(baselines(data, data.test, ("ill", "well"), backbone="minilm"), (60, 2))
    assert list(found) == [
        "majority",
        "TF-IDF + logistic regression",
        "random forest",
        "histogram boosting",
        "untouched backbone",
    ]
    ill = (data.test["outcome"] == "ill").to_numpy()
    for name in ("TF-IDF + logistic regression", "random forest", "histogram boosting"):
        assert np.mean((found[name][:, 0] > 0.5) == ill) > 0.7, name
    share = ((data.train["outcome"] == "ill").sum() + 0.5) / (len(data.train) + 1)
    np.testing.assert_allclose(found["majority"][:, 0], share)
    again = by_name(baselines(data, data.test, ("ill", "well")))
    for name, scores in again.items():
        np.testing.assert_array_equal(scores, found[name], err_msg=name)
    assert frozen[0][0].startswith("age: ")


def test_text_with_three_classes_and_one_that_training_never_showed() -> None:
    schema = Schema((Field("note", "text"),), "label", ("flu", "fracture", "rash", "unknown"))
    data = Prepared(task_of("classification", "label"), schema, text_rows(60, 1), text_rows(10, 2), text_rows(20, 3))
    found = check(baselines(data, data.test, schema.labels), (20, 4))
    assert list(found) == ["majority", "TF-IDF + logistic regression"]
    said = np.array(schema.labels)[found["TF-IDF + logistic regression"].argmax(1)]
    assert (said == data.test["label"]).all()


def test_many_classes_take_the_linear_machine() -> None:
    words = [f"topic{chr(97 + i)}{chr(97 + i)}" for i in range(14)]
    frame = pd.DataFrame(
        {"note": [f"about {w} {j}" for w in words for j in "xyz"], "label": [w for w in words for _ in "xyz"]}
    )
    schema = Schema((Field("note", "text"),), "label", tuple(words))
    data = Prepared(task_of("classification", "label"), schema, frame, frame, frame)
    found = check(baselines(data, frame, schema.labels), (42, 14))
    assert (found["TF-IDF + linear SVM"].argmax(1) == np.repeat(np.arange(14), 3)).all()


def test_a_table_with_gaps_unseen_values_and_one_class_only() -> None:
    schema = Schema((Field("x", "number"), Field("c", "category")), "label", ("a", "b"))
    train = pd.DataFrame(
        {"x": [1.0, np.nan, 3.0, 4.0] * 10, "c": ["u", None, "v", "u"] * 10, "label": ["a", "a", "b", "b"] * 10}
    )
    test = pd.DataFrame({"x": [np.nan, np.inf, 2.0], "c": ["new", None, "u"], "label": ["a", "b", "a"]})
    data = Prepared(task_of("classification", "label"), schema, train, train.iloc[:0], test)
    assert set(check(baselines(data, test, ("a", "b")), (3, 2))) == {
        "majority",
        "logistic regression",
        "random forest",
        "histogram boosting",
    }
    alone = Prepared(data.task, schema, train.assign(label="a"), train.iloc[:0], test)
    assert list(check(baselines(alone, test, ("a", "b")), (3, 2))) == ["majority"]


def test_numbers(frozen: list[list[str]]) -> None:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"x": draw.normal(size=120), "note": ["long stay"] * 60 + ["short stay"] * 60})
    frame["days"] = 3 * frame["x"] + np.where(frame["note"] == "long stay", 5.0, 0.0)
    schema = Schema((Field("x", "number"), Field("note", "text")), "days")
    data = Prepared(task_of("regression", "days"), schema, frame, frame.iloc[::7], frame.iloc[::5])
    found = check(baselines(data, data.test, (), backbone="minilm"), (24,))
    assert list(found) == ["mean", "ridge", "random forest", "histogram boosting", "untouched backbone"]
    np.testing.assert_allclose(found["mean"], frame["days"].mean())
    assert np.abs(found["ridge"] - data.test["days"]).mean() < 0.5


def test_a_bank(frozen: list[list[str]]) -> None:
    bank = pd.DataFrame({"id": list(TOPICS), "text": list(TOPICS.values())})
    schema = Schema((Field("note", "text"),), "label")
    data = Prepared(task_of("choice", "label"), schema, text_rows(40, 1), text_rows(9, 2), text_rows(15, 3), bank=bank)
    found = check(baselines(data, data.test, tuple(bank["id"]), backbone="minilm"), (15, 3))
    assert list(found) == ["majority", "TF-IDF cosine", "TF-IDF + linear", "untouched backbone"]
    truth = bank["id"].tolist()
    for name in ("TF-IDF cosine", "TF-IDF + linear", "untouched backbone"):
        assert [truth[i] for i in found[name].argmax(1)] == data.test["label"].tolist(), name


def test_own_candidates_are_padded_with_nothing(frozen: list[list[str]]) -> None:
    rows = pd.DataFrame(
        {
            "question": ["which one is the broken bone", "what itches on red skin"],
            "options": [
                json.dumps(["a broken bone", "red skin"]),
                json.dumps(["bone", "red skin that itches", "fever"]),
            ],
            "label": ["0", "1"],
        }
    )
    schema = Schema((Field("question", "text"),), "label", kept=("options",))
    data = Prepared(task_of("choice", "label", candidates="options"), schema, rows, rows, rows)
    found = check(baselines(data, rows, (), backbone="minilm"), (2, 3))
    np.testing.assert_allclose(found["chance"], [[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]])
    assert found["TF-IDF cosine"].argmax(1).tolist() == [0, 1]


def test_generation_has_no_baselines() -> None:
    schema = Schema((Field("note", "text"),), "label")
    data = Prepared(task_of("generation", "label"), schema, text_rows(4, 1), text_rows(4, 2), text_rows(4, 3))
    assert baselines(data, data.test, ()) == []


def test_the_frozen_backbone_says_what_it_left_out(frozen: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EMBED_TRAIN", 50)
    monkeypatch.setattr(module, "EMBED_TEST", 20)
    data = prepare(binary_task(), binary_schema(), binary_rows, test=60)
    last = baselines(data, data.test, ("ill", "well"), backbone="minilm")[-1]
    assert last.name == "untouched backbone"
    assert last.index is not None
    assert last.scores.shape == (len(last.index), 2) == (20, 2)
    assert "50 training rows" in last.note
    assert "20 of the rows" in last.note
    assert [len(texts) for texts in frozen] == [50, 20]


def test_features_are_learnt_from_training_rows_only() -> None:
    schema = binary_schema()
    train, test = binary_rows(80, 1), binary_rows(5, 2)
    for kind in (LinearFeatures, TreeFeatures):
        features = kind(schema).fit(train)
        whole = features.transform(pd.concat([test, train]))
        part = features.transform(test)
        as_array = [m.toarray() if hasattr(m, "toarray") else m for m in (whole[:5], part)]
        np.testing.assert_allclose(as_array[0], as_array[1])


def test_a_record_is_read_as_a_sentence() -> None:
    frame = pd.DataFrame(
        {"age": [52.0, np.nan], "sex": ["male", None], "findings": ["cough=yes", None], "note": ["pain", "cold"]}
    )
    assert sentences(frame, binary_schema()) == ["age: 52 a; sex: male; findings: cough=yes; pain", "cold"]


def test_long_texts_are_drawn_earlier_than_short_ones() -> None:
    assert module._few(["x" * 10] * 3000, 4000) is None
    drawn = module._few(["x" * 250] * 3000, 4000)
    assert drawn is not None
    assert len(drawn) == len(set(drawn)) == 800
    floor = module._few(["x" * 100_000] * 3000, 4000)
    assert floor is not None
    assert len(floor) == 500
