"""The promises of a run folder: it loads with plain peft, says the same after saving, and refuses to be altered."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import CLINIC, clinic
from verticals.core.errors import RunError
from verticals.core.predict import Predictor, predict_mixed
from verticals.core.recipe import Recipe, with_settings
from verticals.core.run import check_files
from verticals.core.tune import tune


@pytest.fixture
def run(tiny: Recipe, tmp_path: Path) -> Path:
    return tune(clinic(), tiny, out=tmp_path / "run", progress=False)


def test_the_folder_holds_what_the_contract_says(run: Path) -> None:
    names = {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()}
    assert names == {
        "recipe.toml",
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "head.safetensors",
        "task.json",
        "calibration.json",
        "data.json",
        "metrics.json",
        "losses.jsonl",
        "card.md",
        "manifest.json",
    }
    manifest = json.loads((run / "manifest.json").read_text())
    assert set(manifest["files"]) == names - {"manifest.json"}
    assert not run.with_name("run.partial").exists()


def test_tuning_learns_the_toy_task(tiny: Recipe, tmp_path: Path) -> None:
    data = clinic(240)
    run = tune(data, with_settings(tiny, {"epochs": 8}), out=tmp_path / "run", progress=False)
    found = Predictor.load(run, threads=1).predict(data.test)
    assert (found.prediction == data.test["condition"].to_numpy()).mean() > 0.85
    assert np.allclose(found.scores.sum(1), 1)


def test_the_adapter_loads_with_plain_peft(run: Path, tiny: Recipe) -> None:
    from peft import PeftModel
    from transformers import AutoModel, AutoTokenizer

    predictor = Predictor.load(run, threads=1)
    tokenizer = AutoTokenizer.from_pretrained(tiny.backbone)
    inputs = tokenizer(["chest pain for an hour"], return_tensors="pt")
    plain = AutoModel.from_pretrained(tiny.backbone, attn_implementation="eager").eval()
    untouched = plain(**inputs).last_hidden_state.detach()
    with pytest.warns(FutureWarning, match="is_gradient_checkpointing"):
        adapted = PeftModel.from_pretrained(plain, str(run / "adapter")).eval()
    with torch.inference_mode():
        theirs = adapted(**inputs).last_hidden_state
        ours = predictor.scorer.network.adapted(**inputs).last_hidden_state
    assert torch.allclose(theirs, ours, atol=1e-6)
    assert not torch.allclose(theirs, untouched, atol=1e-3)  # the adapter does something


def test_predictions_do_not_depend_on_the_batch(run: Path) -> None:
    predictor, rows = Predictor.load(run, threads=1), clinic().test
    together = predictor.predict(rows).scores
    alone = np.concatenate([predictor.predict(rows.iloc[[i]]).scores for i in range(len(rows))])
    assert np.abs(together - alone).max() < 1e-5
    predictor.scorer.batch_tokens = 64
    assert np.abs(predictor.predict(rows).scores - together).max() < 1e-5


@pytest.mark.parametrize("name", ["adapter/adapter_model.safetensors", "head.safetensors", "task.json", "recipe.toml"])
def test_an_altered_or_truncated_file_is_refused(run: Path, name: str) -> None:
    path = run / name
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(RunError, match="is not the one that tuning wrote"):
        Predictor.load(run)
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(RunError, match="is not the one that tuning wrote"):
        Predictor.load(run)
    path.unlink()
    with pytest.raises(RunError, match="lacks its file"):
        Predictor.load(run)
    path.write_bytes(content)
    assert check_files(run)["task"] == CLINIC.name


def forge(run: Path, name: str, change: dict[str, object]) -> None:
    """Alter a file and its entry in the manifest, as somebody with other code would."""
    from verticals.core.run import sha256_file

    path = run / name
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": sha256_file(path), "bytes": path.stat().st_size}
    (run / "manifest.json").write_text(json.dumps(manifest))


def test_another_template_is_refused_with_the_difference(run: Path) -> None:
    forge(run, "task.json", {"template": 0})
    with pytest.raises(RunError, match=r"reads records in another way .*template: 0 -> 1"):
        Predictor.load(run)


def test_another_order_of_fields_is_refused(run: Path) -> None:
    schema = json.loads((run / "task.json").read_text())["schema"]
    schema["fields"] = schema["fields"][::-1]
    forge(run, "task.json", {"schema": schema})
    with pytest.raises(RunError, match="reads records in another way"):
        Predictor.load(run)


def test_another_task_version_is_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from verticals.core import predict

    monkeypatch.setattr(predict, "load_task", lambda name: replace(CLINIC, version="2"))
    with pytest.raises(RunError, match=r"was made for clinic.heart 1 .* but 2"):
        Predictor.load(run)


def test_a_missing_run_names_the_unfinished_one(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="name a folder that `tune` wrote"):
        check_files(tmp_path / "nothing")
    (tmp_path / "half.partial").mkdir()
    with pytest.raises(RunError, match="resume it with `tune --resume`"):
        check_files(tmp_path / "half")


def test_several_runs_share_one_backbone_in_one_batch(run: Path, tiny: Recipe, tmp_path: Path) -> None:
    other = tune(clinic(150), with_settings(tiny, {"seed": 3, "rank": 2}), out=tmp_path / "other", progress=False)
    alone = [Predictor.load(path, threads=1) for path in (run, other)]
    first = Predictor.load(run, threads=1)
    second = Predictor.load(other, threads=1, beside=first)
    assert second.scorer.network.adapted is first.scorer.network.adapted
    rows = clinic().test
    for loaded, lone in zip(
        (first, second, first), (*alone, alone[0]), strict=True
    ):  # one after the other, and back again
        assert np.abs(loaded.predict(rows).scores - lone.predict(rows).scores).max() < 1e-6
    requests = [((first, second)[i % 2], rows.iloc[i].to_dict()) for i in range(7)]
    mixed = predict_mixed(requests)
    for i, one in enumerate(mixed):
        expected = alone[i % 2].predict(rows.iloc[[i]]).scores
        assert np.abs(one.scores - expected).max() < 1e-5
    with pytest.raises(RunError, match="do not share a backbone"):
        predict_mixed([(first, requests[0][1]), (alone[1], requests[1][1])])


def test_a_pickled_adapter_is_never_read(run: Path) -> None:
    from verticals.core.lora import load_adapter

    path = run / "adapter" / "adapter_model.safetensors"
    os.replace(path, path.with_name("adapter_model.bin"))
    with pytest.raises(RunError, match=r"holds no adapter_model\.safetensors"):
        load_adapter(None, run / "adapter", "x")
