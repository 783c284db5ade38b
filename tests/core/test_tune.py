"""The loop: resume after a kill, accumulation, early stopping, backbones, kinds of task."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import CLINIC, ROOT, clinic, clinic_rows
from verticals.core import tune as tuning_module
from verticals.core.errors import RecipeError, RunError
from verticals.core.predict import Predictor
from verticals.core.recipe import Recipe, with_settings
from verticals.core.run import sha256_file
from verticals.core.task import Bank, Field, Schema
from verticals.core.tune import tune
from verticals.core.tuning import derive

KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from tests.conftest import CLINIC, clinic
from verticals.core import predict, tune
from verticals.core.recipe import Recipe, with_settings
predict.load_task = lambda name: CLINIC
count = 0
real = tune.LossLog.write
def write(self, line):
    lines = real(self, line)
    if line["step"] == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
    return lines
tune.LossLog.write = write
tune.tune(clinic(), with_settings(Recipe(), {settings!r}), out={out!r}, progress=False, resume={resume})
"""


def settings_of(recipe: Recipe) -> dict[str, object]:
    return {name: getattr(recipe, name) for name in recipe.__dataclass_fields__}


@pytest.mark.parametrize("at", [1, 6, 11])
def test_a_killed_run_goes_on_to_the_same_bytes(tiny: Recipe, tmp_path: Path, at: int) -> None:
    precision = "bf16" if at == 6 else "fp32"
    recipe = with_settings(tiny, {"checkpoint_steps": 2, "lora_dropout": 0.1, "precision": precision})
    whole = tune(clinic(), recipe, out=tmp_path / "whole", progress=False)
    out = tmp_path / "killed"
    code = KILLED.format(root=str(ROOT), at=at, settings=settings_of(recipe), out=str(out), resume=False)
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr[-2000:]
    assert not out.exists()
    with pytest.raises(RunError, match="holds an unfinished run; add --resume"):
        tune(clinic(), recipe, out=out, progress=False)
    resumed = tune(clinic(), recipe, out=out, resume=True, progress=False)
    for name in ("adapter/adapter_model.safetensors", "head.safetensors", "calibration.json", "losses.jsonl"):
        assert sha256_file(resumed / name) == sha256_file(whole / name), name


def test_refit_sees_the_validation_rows_and_keeps_what_they_calibrated(tiny: Recipe, tmp_path: Path) -> None:
    once, twice = (
        tune(clinic(), with_settings(tiny, {"refit": how}), out=tmp_path / how, progress=False) for how in ("no", "yes")
    )
    first, both = ((run / "losses.jsonl").read_text().splitlines() for run in (once, twice))
    assert both[: len(first)] == first
    again = [json.loads(line) for line in both[len(first) :]]
    assert again
    assert all(line["refit"] and "validation" not in line for line in again)
    assert sha256_file(once / "calibration.json") == sha256_file(twice / "calibration.json")
    name = "adapter/adapter_model.safetensors"
    assert sha256_file(once / name) != sha256_file(twice / name)
    counts = [json.loads((run / "manifest.json").read_text())["data"] for run in (once, twice)]
    assert counts[0] == counts[1]
    rows = counts[0]["train"] + counts[0]["validation"]
    assert f"all {rows:,} rows that are not test rows" in (twice / "card.md").read_text()


def test_a_run_killed_in_its_refit_goes_on_to_the_same_bytes(
    tiny: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = with_settings(tiny, {"refit": "yes", "checkpoint_steps": 3})
    whole = tune(clinic(), recipe, out=tmp_path / "whole", progress=False)
    write = tuning_module.LossLog.write

    def stop(self: tuning_module.LossLog, line: dict[str, object]) -> int:
        if line.get("refit") and line["step"] == 2:
            raise KeyboardInterrupt
        return write(self, line)

    with monkeypatch.context() as patched:
        patched.setattr(tuning_module.LossLog, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            tune(clinic(), recipe, out=tmp_path / "run", progress=False)
    resumed = tune(clinic(), recipe, out=tmp_path / "run", resume=True, progress=False)
    for name in ("adapter/adapter_model.safetensors", "head.safetensors", "calibration.json", "losses.jsonl"):
        assert sha256_file(resumed / name) == sha256_file(whole / name), name


def test_small_tables_are_refitted_and_texts_are_not(tiny: Recipe) -> None:
    table = Schema(
        tuple(f for f in clinic().schema.fields if f.kind != "text"), "condition", ("other", "heart"), "heart"
    )
    assert derive(tiny, clinic(schema=table)).refit == "yes"
    assert derive(tiny, clinic()).refit == "no"
    assert derive(tiny, clinic(6000, schema=table)).refit == "no"


def test_a_run_that_fails_while_it_is_saved_can_be_resumed(
    tiny: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verticals.core import save

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    whole = tune(clinic(), tiny, out=tmp_path / "whole", progress=False)
    with monkeypatch.context() as patched:
        patched.setattr(save, "_prove", full)
        with pytest.raises(RunError, match="free space there and go on with --resume"):
            tune(clinic(), tiny, out=tmp_path / "run", progress=False)
    resumed = tune(clinic(), tiny, out=tmp_path / "run", resume=True, progress=False)
    for name in ("adapter/adapter_model.safetensors", "head.safetensors", "losses.jsonl"):
        assert sha256_file(resumed / name) == sha256_file(whole / name), name
    assert not list(resumed.glob("checkpoint*"))


def test_resuming_with_other_settings_is_refused(tiny: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tuning_module, "save_run", stop)
        with pytest.raises(KeyboardInterrupt):
            tune(clinic(), tiny, out=tmp_path / "run", progress=False)
    with pytest.raises(RunError, match=r"was started differently \(recipe"):
        tune(clinic(), with_settings(tiny, {"rank": 2}), out=tmp_path / "run", resume=True, progress=False)
    with pytest.raises(RunError, match=r"was started differently \(data"):
        tune(replace(clinic(), fingerprint="other"), tiny, out=tmp_path / "run", resume=True, progress=False)


def test_equal_runs_are_equal_and_seeds_differ(tiny: Recipe, tmp_path: Path) -> None:
    hashes = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run = tune(clinic(), with_settings(tiny, {"seed": seed}), out=tmp_path / name, progress=False)
        hashes.append(sha256_file(run / "adapter" / "adapter_model.safetensors"))
    assert hashes[0] == hashes[1] != hashes[2]


def test_accumulation_changes_nothing(tiny: Recipe, tmp_path: Path) -> None:
    losses = []
    for name, budget in (("one", 4096), ("many", 48)):
        run = tune(
            clinic(),
            with_settings(tiny, {"batch_tokens": budget, "dropout": 0, "field_dropout": 0}),
            out=tmp_path / name,
            progress=False,
        )
        losses.append([json.loads(line)["loss"] for line in (run / "losses.jsonl").read_text().splitlines()])
    assert np.allclose(losses[0], losses[1], rtol=1e-3)
    assert losses[0][-1] < losses[0][0]


def test_early_stopping_keeps_the_best(tiny: Recipe, tmp_path: Path) -> None:
    recipe = with_settings(tiny, {"learning_rate": 0.3, "epochs": 40, "patience": 2})  # a rate that spoils the weights
    run = tune(clinic(), recipe, out=tmp_path / "run", progress=False)
    metrics = json.loads((run / "metrics.json").read_text())
    losses = [one["loss"] for one in metrics["validations"]]
    assert metrics["validation"]["loss"] == min(losses)
    assert metrics["steps"] < 40 * 5  # stopped before the end
    assert metrics["validations"][int(np.argmin(losses))]["step"] == metrics["best_step"]


@pytest.mark.parametrize("kind", ["bert", "llama", "qwen3"])
def test_encoders_and_decoders(tiny: Recipe, backbones: dict[str, Path], tmp_path: Path, kind: str) -> None:
    data = clinic(240)
    run = tune(
        data, with_settings(tiny, {"backbone": str(backbones[kind]), "epochs": 6}), out=tmp_path / kind, progress=False
    )
    assert (
        Predictor.load(run, threads=1).predict(data.test).prediction == data.test["condition"].to_numpy()
    ).mean() > 0.8


@pytest.mark.parametrize(
    "change",
    [
        {"rslora": True},
        {"dora": True},
        {"layers": "1"},
        {"targets": "query,value"},
        {"targets": "query,value", "layers": "0"},
        {"depth": 1},
        {"label_smoothing": 0.1},
    ],
)
def test_every_way_of_lora_tunes_saves_and_loads(tiny: Recipe, tmp_path: Path, change: dict[str, object]) -> None:
    run = tune(clinic(60), with_settings(tiny, {"epochs": 1} | change), out=tmp_path / "run", progress=False)
    config = json.loads((run / "adapter" / "adapter_config.json").read_text())
    assert config["use_rslora"] == bool(change.get("rslora"))
    assert config["use_dora"] == bool(change.get("dora"))
    from safetensors.numpy import load_file

    keys = list(load_file(run / "adapter" / "adapter_model.safetensors"))
    layers = {key.split("layer.")[1].split(".")[0] for key in keys}
    assert layers == (
        {"1"}
        if change.get("layers") == "1"
        else {"0"}
        if "depth" in change or change.get("layers") == "0"
        else {"0", "1"}
    )
    assert not any("pooler" in key for key in keys)


def test_faults_of_a_recipe_are_told_at_once(tiny: Recipe) -> None:
    with pytest.raises(RecipeError, match=r"rank is 0 and must be at least 1; dropout is 1\.5 and must be"):
        Recipe(rank=0, dropout=1.5)
    with pytest.raises(RecipeError, match=r"No setting is called 'rnak'\. Did you mean 'rank'"):
        with_settings(tiny, {"rnak": 4})
    with pytest.raises(RecipeError, match="allowed is true or false"):
        with_settings(tiny, {"dora": "maybe"})
    with pytest.raises(RecipeError, match="allowed is a whole number"):
        with_settings(tiny, {"rank": "4.5"})
    assert with_settings(tiny, {"dora": "no"}).dora is False


def test_layers_beyond_the_backbone_are_refused(tiny: Recipe, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="the backbone has layers 0 to 1"):
        tune(clinic(60), with_settings(tiny, {"layers": "0-7"}), out=tmp_path / "run", progress=False)
    with pytest.raises(RecipeError, match="LoRA cannot be put on targets='nowhere'"):
        tune(clinic(60), with_settings(tiny, {"targets": "nowhere"}), out=tmp_path / "run2", progress=False)


def test_regression(tiny: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from verticals.core import predict
    from verticals.core.task import Metric, Prepared

    error = Metric("rmse", "Error", lambda s: float(np.sqrt(np.mean((s.scores - s.truth) ** 2))), False, 0, 1e9)
    task = replace(
        CLINIC, name="clinic.age", kind="regression", label="age", labels=(), positive=None, metrics=(error,)
    )
    monkeypatch.setattr(predict, "load_task", lambda name: task)
    frame = clinic_rows(180).dropna(subset=["age"]).drop(columns=["condition"])
    frame["weight"] = frame["age"] * 2 + 10
    schema = Schema((Field("weight", "number"), Field("note", "text")), "age")
    data = Prepared(task, schema, frame.iloc[:110], frame.iloc[110:140], frame.iloc[140:], fingerprint="age")
    run = tune(data, with_settings(tiny, {"epochs": 8}), out=tmp_path / "run", progress=False)
    found = Predictor.load(run, threads=1).predict(data.test)
    apart = np.abs(found.scores - data.test["age"])
    assert apart.mean() < 0.5 * np.abs(data.test["age"] - data.train["age"].mean()).mean()
    half = json.loads((run / "calibration.json").read_text())["conformal"]
    assert (apart <= half).mean() > 0.7


def bank_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {"id": ["h", "t", "f"], "text": ["chest pain sweating", "sore throat runny nose", "fever headache"]}
    )


def test_choice_from_a_bank(tiny: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from verticals.core import predict
    from verticals.core.task import Prepared

    task = replace(
        CLINIC, name="clinic.leaflet", kind="choice", label="leaflet", labels=(), positive=None, bank=Bank(bank_rows)
    )
    monkeypatch.setattr(predict, "load_task", lambda name: task)
    random = np.random.default_rng(0)
    asked = {
        "h": ["pain severe", "sweating for an hour", "pressure"],
        "t": ["runny", "throat since yesterday", "nose"],
        "f": ["fever", "headache mild", "cough"],
    }
    rows = [(random.choice(asked[k]) + random.choice(["", " no", " yes"]), k) for k in random.choice(list(asked), 120)]
    frame = pd.DataFrame(rows, columns=["note", "leaflet"]).astype(object)
    schema = Schema((Field("note", "text"),), "leaflet")
    data = Prepared(
        task, schema, frame.iloc[:80], frame.iloc[80:100], frame.iloc[100:], fingerprint="l", bank=bank_rows()
    )
    run = tune(data, with_settings(tiny, {"epochs": 8}), out=tmp_path / "run", progress=False)
    predictor = Predictor.load(run, threads=1)
    found = predictor.predict(data.test)
    assert found.labels == ("h", "t", "f")
    assert (found.prediction == data.test["leaflet"].to_numpy()).mean() > 0.8
    assert predictor.calibration.similarity is not None


def test_choice_among_own_candidates(tiny: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from verticals.core import predict
    from verticals.core.task import Prepared

    task = replace(
        CLINIC, name="clinic.quiz", kind="choice", label="answer", labels=(), positive=None, candidates="options"
    )
    monkeypatch.setattr(predict, "load_task", lambda name: task)
    random = np.random.default_rng(0)
    pairs = {"chest": "pain", "sore": "throat", "runny": "nose", "blood": "pressure"}
    rows = []
    for _ in range(120):
        key = random.choice(list(pairs))
        wrong = [v for v in pairs.values() if v != pairs[key]][: random.integers(1, 4)]
        options = random.permutation([pairs[key], *wrong]).tolist()
        rows.append((key, json.dumps(options), pairs[key]))
    frame = pd.DataFrame(rows, columns=["note", "options", "answer"]).astype(object)
    data = Prepared(
        task,
        Schema((Field("note", "text"),), "answer"),
        frame.iloc[:80],
        frame.iloc[80:100],
        frame.iloc[100:],
        fingerprint="q",
    )
    run = tune(data, with_settings(tiny, {"epochs": 10}), out=tmp_path / "run", progress=False)
    found = Predictor.load(run, threads=1).predict(data.test)
    right = [
        json.loads(o)[p] == a
        for o, p, a in zip(data.test["options"], found.prediction, data.test["answer"], strict=True)
    ]
    assert np.mean(right) > 0.8
    assert (found.scores[[len(json.loads(o)) == 2 for o in data.test["options"]]][:, 2:] == 0).all()


def test_the_loss_curve_is_pinned(tiny: Recipe, tmp_path: Path) -> None:
    """A change of these numbers is a change of what tuning does: it needs a reason and a line in the changelog."""
    run = tune(clinic(), with_settings(tiny, {"epochs": 1}), out=tmp_path / "run", progress=False)
    losses = [json.loads(line)["loss"] for line in (run / "losses.jsonl").read_text().splitlines()]
    assert np.allclose(losses, PINNED, rtol=1e-4), losses


PINNED = [0.7104345, 0.6593024, 0.6646929, 0.5956548, 0.5023243]


def test_the_test_rows_decide_nothing(tiny: Recipe, tmp_path: Path) -> None:
    data = clinic()
    spoiled = data.test.copy()
    spoiled["condition"] = "other"
    spoiled["age"] = 1e6
    hashes = []
    for name, test in (("a", data.test), ("b", spoiled)):
        run = tune(replace(data, test=test), tiny, out=tmp_path / name, progress=False)
        hashes.append(
            [
                sha256_file(run / f)
                for f in ("adapter/adapter_model.safetensors", "head.safetensors", "calibration.json")
            ]
        )
    assert hashes[0] == hashes[1]
