"""The wide path over fields and phrases: by hand, and against scikit-learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from tests.conftest import CLINIC, clinic_rows, clinic_schema
from verticals.core.backbone import load_backbone
from verticals.core.batches import collate
from verticals.core.phrases import SLOTS, phrases
from verticals.core.predict import Predictor
from verticals.core.recipe import Recipe, with_settings
from verticals.core.save import MIXES, choose_mix
from verticals.core.task import Field, Prepared, Schema
from verticals.core.tune import tune
from verticals.core.tuning import Tuning, derive
from verticals.core.wide import design

NOTE = Schema((Field("note", "text"),), "condition", ("other", "heart"), "heart")


def of_notes(rows: int = 80, schema: Schema = NOTE) -> Prepared:
    """Clinic rows whose notes name the label by one phrase among words that say nothing."""
    frame = clinic_rows(rows)
    random = np.random.default_rng(1)
    idle = ["since yesterday", "for an hour", "mild", "severe", "runny nose"]
    frame["note"] = [
        f"{idle[random.integers(5)]} {'chest pain' if label == 'heart' else 'sore throat'} {idle[random.integers(5)]}"
        for label in frame["condition"]
    ]
    half = rows // 2
    return Prepared(CLINIC, schema, frame[:half], frame[half : half + 20], frame[half + 20 :], fingerprint="notes")


def test_phrases_by_hand() -> None:
    slots, weights = phrases(np.array([7, 8, 7, 8]))  # 7 twice, 8 twice, "7 8" twice, "8 7" once
    assert len(slots) == 4
    assert (np.sort(slots) == slots).all()
    assert 0 <= slots.min() <= slots.max() < SLOTS
    assert sorted(weights.tolist()) == pytest.approx([1.0, *[1 + float(np.log(2))] * 3])
    alone, _ = phrases(np.array([7]))
    assert len(alone) == 1
    assert alone[0] in slots
    assert len(phrases(np.array([], int))[0]) == 0


def test_order_matters_to_pairs_and_not_to_single_pieces() -> None:
    one, other = set(phrases(np.array([3, 9, 4]))[0].tolist()), set(phrases(np.array([4, 9, 3]))[0].tolist())
    assert len(one & other) == 3
    assert len(one) == len(other) == 5


def test_slots_are_spread_evenly() -> None:
    slots = np.concatenate([phrases(np.array([i, i + 1]))[0] for i in range(0, 60_000, 2)])
    filled = len(np.unique(slots)) / SLOTS
    expected = 1 - np.exp(-len(slots) / SLOTS)  # of throwing balls at random
    assert filled == pytest.approx(expected, abs=0.02)


def as_tfidf(tuning: Tuning, frame: pd.DataFrame) -> np.ndarray:
    """(n, known phrases + 1) computed row by row, from the definition."""
    head, encoded = tuning.network.head, tuning.codec.encode(frame)
    matrix = np.zeros((len(frame), len(head.text_rarity)))
    for row, ids in enumerate(encoded.text):
        for slot, weight in zip(*phrases(ids), strict=True):
            place = int(head.text_place[slot])
            if place:
                matrix[row, place] += weight * float(head.text_rarity[place])
    size = np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix / np.maximum(size, 1e-6)


@pytest.mark.parametrize("with_fields", [False, True])
def test_the_wide_path_is_the_logistic_regression_of_scikit_learn(tiny: Recipe, with_fields: bool) -> None:
    more = clinic_schema().of_kind("number", "category") if with_fields else ()
    data = of_notes(schema=replace(NOTE, fields=(*NOTE.fields, *more)))
    recipe = derive(tiny, data)
    tuning = Tuning(data, recipe, load_backbone(recipe.backbone))
    said = " ".join(tuning.started)
    of_text = float(said.rsplit("penalty ", 1)[1].rstrip("."))
    of_fields = float(said.split("fields was fitted with penalty ")[1].split()[0].rstrip(".")) if with_fields else 1.0
    learned = len(tuning.codec.learned_)

    def matrix(frame: pd.DataFrame) -> np.ndarray:
        fields = design(tuning.codec.encode(frame), learned).numpy()
        return np.hstack([fields, as_tfidf(tuning, frame) * np.sqrt(of_fields / of_text)])

    truth = (data.train["condition"] == "heart").to_numpy().astype(int)  # the second label
    model = LogisticRegression(C=1 / of_fields, max_iter=1000, tol=1e-8).fit(matrix(data.train), truth)
    head = tuning.network.head
    batch = tuning.batch(tuning.validation, range(len(data.validation)))
    with torch.inference_mode():
        ours = head.wide(batch).numpy()
    theirs = model.decision_function(matrix(data.validation))
    assert ours[:, 1] - ours[:, 0] == pytest.approx(theirs, abs=0.02)
    assert np.std(theirs) > 0.3  # there is something to agree on


def test_a_text_of_unknown_phrases_gets_the_bias_alone(tiny: Recipe) -> None:
    data = of_notes()
    tuning = Tuning(data, derive(tiny, data), load_backbone(tiny.backbone))
    empty = data.validation[:2].assign(note=[None, "zz"])
    with torch.inference_mode():
        out = tuning.network.head.wide(collate(tuning.codec.encode(empty), [0, 1], tuning.layout))
    assert out[0].numpy() == pytest.approx(tuning.network.head.wide_bias.numpy())


def test_the_share_of_the_wide_path_is_chosen_on_validation_rows(tiny: Recipe) -> None:
    data = of_notes()
    tuning = Tuning(data, derive(tiny, data), load_backbone(tiny.backbone))
    with torch.no_grad():  # a deep path that is sure of the wrong label
        tuning.network.head.out.weight.zero_()
        tuning.network.head.out.bias.copy_(torch.tensor([9.0, -9.0]))
    choose_mix(tuning)
    assert float(tuning.network.head.mix) == 0.75
    with torch.no_grad():
        tuning.network.head.wide_text.mul_(-1)  # now the wide path says the opposite of the truth
        tuning.network.head.out.bias.zero_()
    choose_mix(tuning)
    assert float(tuning.network.head.mix) == 0.0
    assert MIXES[0] == 0.5


def test_a_saved_run_keeps_its_phrases(tiny: Recipe, tmp_path: Path) -> None:
    data = of_notes()
    run = Predictor.load(tune(data, with_settings(tiny, {"epochs": 1}), out=tmp_path / "run", progress=False))
    head = run.scorer.network.head
    assert len(head.text_rarity) == len(head.wide_text) > 10
    assert (head.wide_text[1:].abs().sum(1) > 0).any()
    assert float(head.wide_text[0].abs().sum()) == 0
    chance = run.predict(data.test).scores[:, 1]
    truth = (data.test["condition"] == "heart").to_numpy()
    assert chance[truth].min() > chance[~truth].max()  # one phrase tells them apart
