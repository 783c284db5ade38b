"""What a tuned model must beat: always the same answer, the classical models of that kind of data, the frozen backbone.

All of them learn from the training rows, choose (only where they must) on validation rows, and score the rows that the
tuned model is measured on.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core.task import Prepared
from .features import LinearFeatures, TreeFeatures, join_texts, sentences, tfidf

__all__ = ["Baseline", "baselines"]

Floats = NDArray[np.float64]
Predict = Callable[[Any], tuple[Floats, NDArray[Any]]]
EMBED_TRAIN = 4000
EMBED_TEST = 3000
EMBED_LETTERS = 200_000  # a small backbone reads that many in 10 to 25 seconds on one or two cores
FOREST_TRAIN = 20_000
MANY_CLASSES = 10


@dataclass(frozen=True)
class Baseline:
    """A simple model's scores on the measured rows."""

    name: str
    scores: Floats
    """(m, k) probabilities in the order of the labels; (m,) values for regression."""
    note: str = ""
    """What a reader must know of it, one sentence."""
    index: NDArray[np.int64] | None = None
    """(m,) positions of the rows that were scored; None: all of them."""


def baselines(
    data: Prepared,
    rows: pd.DataFrame,
    labels: tuple[str, ...],
    *,
    backbone: str | None = None,
    threads: int | None = None,
    say: Callable[[str], None] = lambda name: None,
) -> list[Baseline]:
    """Score `rows` with every baseline that suits the task.

    Args:
        data: Training and validation rows, schema, task, bank.
        rows: The n rows that the tuned model is measured on.
        labels: (k,) class names or bank ids, in the order of the tuned model's scores; empty for regression and for
            records that bring their own candidates.
        backbone: Name of the frozen transformer to compare with; None leaves that baseline out.
        threads: Cores to use; None: one.
        say: Called with a baseline's name before it is fitted.
    """
    kinds: dict[str, Callable[..., Iterator[tuple[str, Callable[[], Baseline]]]]] = {
        "classification": _classifiers,
        "regression": _regressors,
        "choice": _choosers,
    }
    if data.task.kind not in kinds:
        return []
    found = []
    for name, work in kinds[data.task.kind](data, rows, labels, backbone, threads):
        say(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a baseline that has not quite converged is still a baseline
            found.append(work())
    return found


def _truth(frame: pd.DataFrame, label: str) -> NDArray[np.str_]:
    return np.array([str(value) for value in frame[label]])


def _softmax(scores: Floats) -> Floats:
    shifted = np.exp(scores - np.nanmax(scores, axis=1, keepdims=True))
    return np.asarray(shifted / np.nansum(shifted, axis=1, keepdims=True))


def _prior(truth: NDArray[np.str_], labels: tuple[str, ...], n: int) -> Floats:
    """Share of each label in the training rows, half a row added to each so that none is impossible. Shape (n, k)."""
    count = pd.Series(truth).value_counts().reindex(list(labels)).fillna(0.0).to_numpy(np.float64) + 0.5
    return np.tile(count / count.sum(), (n, 1))


def _spread(proba: Floats, classes: NDArray[Any], labels: tuple[str, ...]) -> Floats:
    """Probabilities in the order of the labels; a label that training never showed gets 0."""
    place = {str(name): i for i, name in enumerate(classes)}
    columns = [proba[:, place[name]] if name in place else np.zeros(len(proba)) for name in labels]
    return np.column_stack(columns)


def _scale(decision: Floats, truth: NDArray[np.str_], classes: NDArray[Any]) -> float:
    """Factor of a softmax, of five, that suits the validation rows best; 4 where there are none."""
    place = {str(name): i for i, name in enumerate(classes)}
    known = np.array([i for i, name in enumerate(truth) if name in place], dtype=np.int64)
    if not len(known):
        return 4.0
    own = np.array([place[str(truth[i])] for i in known])

    def loss(factor: float) -> float:
        hit = _softmax(decision[known] * factor)[np.arange(len(known)), own]
        return float(-np.mean(np.log(np.maximum(hit, 1e-12))))

    return min((1.0, 2.0, 4.0, 8.0, 16.0, 32.0), key=loss)


def _linear(
    x: Any, y: NDArray[np.str_], held: tuple[Any, NDArray[np.str_]], strength: float, balanced: bool = False
) -> Predict:
    """Logistic regression, or with many classes the faster linear SVM; returns rows -> (probabilities, classes)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    if len(set(y)) <= MANY_CLASSES:
        weight = "balanced" if balanced else None
        model = LogisticRegression(C=strength, max_iter=1000, random_state=0, class_weight=weight).fit(x, y)
        return lambda z: (model.predict_proba(z), model.classes_)
    machine = LinearSVC(random_state=0, class_weight="balanced" if balanced else None).fit(x, y)
    factor = _scale(machine.decision_function(held[0]), held[1], machine.classes_) if len(held[1]) else 4.0
    return lambda z: (_softmax(machine.decision_function(z) * factor), machine.classes_)


Jobs = Iterator[tuple[str, Callable[[], Baseline]]]


def _classifiers(
    data: Prepared, rows: pd.DataFrame, labels: tuple[str, ...], backbone: str | None, threads: int | None
) -> Jobs:
    schema, n = data.schema, len(rows)
    y, held_y = _truth(data.train, schema.label), _truth(data.validation, schema.label)
    yield "majority", lambda: Baseline("majority", _prior(y, labels, n), "always the shares of the training rows")
    if len(set(y)) < 2:
        return
    table, text = bool(schema.of_kind("number", "category", "set")), bool(schema.of_kind("text"))
    model = "logistic regression" if len(set(y)) <= MANY_CLASSES else "linear SVM"
    name = f"TF-IDF + {model}" if text else model

    strength, balanced = 10.0 if text and not table else 1.0, data.task.decision.rule == "balanced"

    def linear() -> Baseline:
        features = LinearFeatures(schema).fit(data.train)
        held = features.transform(data.validation) if len(data.validation) else None
        predict = _linear(features.transform(data.train), y, (held, held_y), strength, balanced)
        return Baseline(name, _spread(*predict(features.transform(rows)), labels))

    yield name, linear
    if table:
        yield from _trees(data, rows, labels, y, threads)
    if backbone is not None:
        yield "untouched backbone", lambda: _frozen(data, rows, labels, backbone, threads)


def _trees(data: Prepared, rows: pd.DataFrame, labels: tuple[str, ...], y: NDArray[Any], threads: int | None) -> Jobs:
    """Forest and boosting, for classes (labels given) or for a value."""
    from sklearn import ensemble

    features = TreeFeatures(data.schema).fit(data.train)
    x = features.transform(data.train)
    classes = data.task.kind == "classification"

    def answer(model: Any, z: np.ndarray) -> Floats:
        if classes:
            return _spread(model.predict_proba(z), model.classes_, labels)
        return np.asarray(model.predict(z), dtype=np.float64)

    def forest() -> Baseline:
        make = ensemble.RandomForestClassifier if classes else ensemble.RandomForestRegressor
        some, note = np.arange(len(x)), ""
        if len(x) > FOREST_TRAIN:
            some = np.random.default_rng(0).choice(len(x), FOREST_TRAIN, replace=False)
            note = f"learnt from {FOREST_TRAIN:,} training rows drawn at random"
        model = make(500, n_jobs=threads or 1, random_state=0).fit(np.nan_to_num(x[some], nan=-1e6), y[some])
        return Baseline("random forest", answer(model, np.nan_to_num(features.transform(rows), nan=-1e6)), note)

    def boosting() -> Baseline:
        make = ensemble.HistGradientBoostingClassifier if classes else ensemble.HistGradientBoostingRegressor
        native: Any = features.categorical or None
        model = make(categorical_features=native, random_state=0).fit(x, y)
        return Baseline("histogram boosting", answer(model, features.transform(rows)))

    yield "random forest", forest
    yield "histogram boosting", boosting


def _frozen(
    data: Prepared, rows: pd.DataFrame, labels: tuple[str, ...], backbone: str, threads: int | None
) -> Baseline:
    """Logistic regression or ridge on the frozen backbone's vectors of the record read as a sentence."""
    from sklearn.linear_model import LogisticRegression, RidgeCV

    from ..core.embed import embed_texts

    train, learnt, notes = data.train, sentences(data.train, data.schema), []
    some = _few(learnt, EMBED_TRAIN)
    if some is not None:
        train, learnt = train.iloc[some], [learnt[i] for i in some]
        notes.append(f"learnt from {len(some):,} training rows drawn at random")
    asked = sentences(rows, data.schema)
    index = _few(asked, EMBED_TEST)
    if index is not None:
        asked = [asked[i] for i in index]
        notes.append(f"measured on {len(index):,} of the rows, drawn at random")
    x = _unit(embed_texts(backbone, learnt, threads=threads))
    z = _unit(embed_texts(backbone, asked, threads=threads))
    if data.task.kind == "regression":
        value = RidgeCV(alphas=np.logspace(-3, 2, 11)).fit(x, train[data.schema.label].to_numpy(np.float64))
        return Baseline("untouched backbone", value.predict(z), "; ".join(notes), index)
    y = _truth(train, data.schema.label)
    if len(set(y)) < 2:
        return Baseline("untouched backbone", _prior(y, labels, len(z)), "; ".join(notes), index)
    weight = "balanced" if data.task.decision.rule == "balanced" else None
    model = LogisticRegression(C=10.0, max_iter=1000, random_state=0, class_weight=weight).fit(x, y)
    return Baseline(
        "untouched backbone", _spread(model.predict_proba(z), model.classes_, labels), "; ".join(notes), index
    )


def _few(texts: list[str], most: int) -> NDArray[np.int64] | None:
    """Rows to embed, drawn at random where there are too many letters to read; None: all of them."""
    length = max(1.0, float(np.mean([len(text) for text in texts])) if texts else 1.0)
    count = min(most, max(500, int(EMBED_LETTERS / length)))
    return None if len(texts) <= count else np.sort(np.random.default_rng(0).choice(len(texts), count, replace=False))


def _unit(vectors: np.ndarray) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float64)


def _regressors(
    data: Prepared, rows: pd.DataFrame, labels: tuple[str, ...], backbone: str | None, threads: int | None
) -> Jobs:
    schema = data.schema
    y = data.train[schema.label].to_numpy(np.float64)
    yield "mean", lambda: Baseline("mean", np.full(len(rows), y.mean()), "always the mean of the training rows")

    def ridge() -> Baseline:
        from sklearn.linear_model import Ridge

        features = LinearFeatures(schema).fit(data.train)
        x, z = features.transform(data.train), features.transform(rows)
        if not len(data.validation):
            return Baseline("ridge", Ridge(1.0).fit(x, y).predict(z))
        held, truth = features.transform(data.validation), data.validation[schema.label].to_numpy(np.float64)
        models = [Ridge(alpha).fit(x, y) for alpha in (0.1, 1.0, 10.0, 100.0)]
        return Baseline("ridge", min(models, key=lambda m: float(np.mean((m.predict(held) - truth) ** 2))).predict(z))

    yield "ridge", ridge
    if schema.of_kind("number", "category", "set"):
        yield from _trees(data, rows, labels, y, threads)
    if backbone is not None:
        yield "untouched backbone", lambda: _frozen(data, rows, labels, backbone, threads)


def _questions(frame: pd.DataFrame, data: Prepared) -> list[str]:
    return join_texts(frame, data.schema) if data.schema.of_kind("text") else sentences(frame, data.schema)


def _choosers(
    data: Prepared, rows: pd.DataFrame, labels: tuple[str, ...], backbone: str | None, threads: int | None
) -> Jobs:
    if data.bank is None:
        yield from _own_candidates(data, rows, backbone, threads)
        return
    y, asked = _truth(data.train, data.schema.label), _questions(rows, data)
    text = dict(zip((str(i) for i in data.bank["id"]), (str(t) for t in data.bank["text"]), strict=True))
    entries = [text.get(name, "") for name in labels]
    yield "majority", lambda: Baseline("majority", _prior(y, labels, len(rows)), "always the most frequent entries")

    def cosine() -> Baseline:
        vectors = tfidf(0).fit(entries + _questions(data.train, data))
        ask, bank = vectors.transform(asked), vectors.transform(entries)
        return Baseline("TF-IDF cosine", _softmax(10.0 * (ask @ bank.T).toarray()))  # union rows have length sqrt(2)

    def linear() -> Baseline:
        train = _questions(data.train, data)
        vectors = tfidf(len(train)).fit(train)
        held = (
            (vectors.transform(_questions(data.validation, data)), _truth(data.validation, data.schema.label))
            if len(data.validation)
            else (None, np.empty(0, dtype=np.str_))
        )
        predict = _linear(vectors.transform(train), y, held, 10.0)
        return Baseline("TF-IDF + linear", _spread(*predict(vectors.transform(asked)), labels))

    yield "TF-IDF cosine", cosine
    if len(set(y)) > 1:
        yield "TF-IDF + linear", linear
    if backbone is not None:
        yield (
            "untouched backbone",
            lambda: Baseline("untouched backbone", _softmax(20.0 * _likeness(backbone, asked, entries, threads))),
        )


def _likeness(backbone: str, asked: list[str], entries: list[str], threads: int | None) -> Floats:
    from ..core.embed import embed_texts

    ask = _unit(embed_texts(backbone, asked, threads=threads))
    return np.asarray(ask @ _unit(embed_texts(backbone, entries, threads=threads)).T)


def own_candidates(cell: Any) -> list[str]:
    """Candidates that a record brings along: a list, or a JSON list in a cell."""
    found = json.loads(cell) if isinstance(cell, str) else cell
    return [str(item) for item in found]


def _own_candidates(data: Prepared, rows: pd.DataFrame, backbone: str | None, threads: int | None) -> Jobs:
    """Rows bring their own lists, so scores are padded with NaN to the longest."""
    column = data.task.candidates
    if column is None:
        return
    lists, asked = [own_candidates(cell) for cell in rows[column]], _questions(rows, data)
    width = max((len(items) for items in lists), default=0)
    flat = [text for items in lists for text in items]
    place = np.repeat(np.arange(len(lists)), [len(items) for items in lists])

    def padded(values: Floats) -> Floats:
        scores = np.full((len(lists), width), np.nan)
        start = 0
        for row, items in enumerate(lists):
            scores[row, : len(items)] = values[start : start + len(items)]
            start += len(items)
        return np.nan_to_num(_softmax(scores)) if scores.size else scores

    def cosine() -> Baseline:
        vectors = tfidf(0).fit(flat + asked)
        like = np.asarray(vectors.transform(asked)[place].multiply(vectors.transform(flat)).sum(axis=1)).ravel()
        return Baseline("TF-IDF cosine", padded(10.0 * like))

    def frozen() -> Baseline:
        from ..core.embed import embed_texts

        assert backbone is not None
        ask = _unit(embed_texts(backbone, asked, threads=threads))[place]
        return Baseline(
            "untouched backbone", padded(20.0 * (ask * _unit(embed_texts(backbone, flat, threads=threads))).sum(axis=1))
        )

    yield "chance", lambda: Baseline("chance", padded(np.zeros(len(flat))), "every candidate alike")
    yield "TF-IDF cosine", cosine
    if backbone is not None:
        yield "untouched backbone", frozen
