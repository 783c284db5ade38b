"""Tiny backbones and tasks, built in memory: a unit test needs no download and takes milliseconds."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import pandas as pd
import pytest

from verticals.core.recipe import Recipe, with_settings
from verticals.core.task import Field, Metric, Prepared, SafetyPolicy, Schema, Scored, SplitRule, Task

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

WORDS = [
    "chest",
    "pain",
    "for",
    "an",
    "hour",
    "sweating",
    "no",
    "fever",
    "cough",
    "headache",
    "mild",
    "severe",
    "since",
    "yesterday",
    "age",
    "sex",
    "male",
    "female",
    "note",
    "blood",
    "pressure",
    "job",
    "clerk",
    "nurse",
    "sore",
    "throat",
    "runny",
    "nose",
    "yes",
    ".",
    ",",
    ";",
    ":",
    "=",
    "not",
]


@pytest.fixture
def shared_data() -> Path:
    """The real data sets; tests that need them are skipped where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data sets are not beside this checkout")
    return SHARED_DATA


def save_tokenizer(folder: Path, *, marks: bool) -> int:
    """A word-level tokenizer with (encoder) or without (decoder) marks around a sequence."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "</s>"]
    vocabulary = {word: i for i, word in enumerate([*specials, *dict.fromkeys([*WORDS, *map(str, range(10))])])}
    made = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = Lowercase(), Whitespace()
    if marks:
        made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    named = {"cls_token": "[CLS]", "sep_token": "[SEP]"} if marks else {"eos_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", **named).save_pretrained(
        folder
    )
    return len(vocabulary)


def save_backbone(folder: Path, kind: str) -> Path:
    """A random transformer of two layers, 32 wide, as a local folder."""
    import torch
    from transformers import BertConfig, BertModel, LlamaConfig, LlamaModel, Qwen3Config, Qwen3Model

    folder.mkdir(parents=True)
    size = save_tokenizer(folder, marks=kind == "bert")
    torch.manual_seed(0)
    common = {
        "vocab_size": size,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    common["max_position_embeddings"] = 96
    if kind == "bert":
        model = BertModel(BertConfig(**common), add_pooling_layer=True)
    elif kind == "llama":
        model = LlamaModel(LlamaConfig(**common, num_key_value_heads=2))
    else:
        model = Qwen3Model(Qwen3Config(**common, num_key_value_heads=2, head_dim=16))
    model.save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture(scope="session")
def backbones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """kind -> folder of a tiny backbone."""
    base = tmp_path_factory.mktemp("backbones")
    return {kind: save_backbone(base / kind, kind) for kind in ("bert", "llama", "qwen3")}


def accuracy(scored: Scored) -> float:
    """Share of right answers."""
    return float((scored.scores.argmax(1) == scored.truth).mean()) if len(scored) else float("nan")


CLINIC = Task(
    name="clinic.heart",
    version="1",
    title="Is it the heart?",
    kind="classification",
    label="condition",
    labels=("other", "heart"),
    positive="heart",
    metrics=(Metric("accuracy", "Accuracy", accuracy),),
    safety=SafetyPolicy("A toy.", max_error=0.2),
    fields=(Field("age", "number"), Field("sex", "category"), Field("note", "text")),
    split=SplitRule(),
)


def clinic_rows(rows: int, seed: int = 0) -> pd.DataFrame:
    """Records whose label follows from age and note."""
    random = np.random.default_rng(seed)
    pain = random.random(rows) < 0.5
    age = random.normal(50, 15, rows).round()
    heart = (age + 25 * pain + random.normal(0, 5, rows)) > 62
    ends = ["since yesterday", "for an hour", "mild", "severe , sweating , runny nose"]
    note = [("chest pain " if p else "sore throat ") + ends[random.integers(4)] for p in pain]
    frame = pd.DataFrame({"age": age, "sex": random.choice(["male", "female"], rows).astype(object), "note": note})
    frame.loc[random.random(rows) < 0.1, "age"] = np.nan
    frame.loc[random.random(rows) < 0.1, "sex"] = None
    frame["note"] = frame["note"].astype(object)
    frame["condition"] = np.where(heart, "heart", "other").astype(object)
    return frame


def clinic_schema() -> Schema:
    """What its columns are."""
    return Schema(CLINIC.fields, "condition", ("other", "heart"), "heart")


def clinic(rows: int = 120, *, task: Task = CLINIC, schema: Schema | None = None) -> Prepared:
    """Prepared rows: two thirds train, one sixth each validation and test."""
    frame, cut = clinic_rows(rows), rows * 2 // 3
    half = cut + (rows - cut) // 2
    parts = frame.iloc[:cut], frame.iloc[cut:half], frame.iloc[half:]
    return Prepared(task, schema or clinic_schema(), *parts, fingerprint=f"clinic-{rows}")


@pytest.fixture
def tiny(backbones: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """A recipe that tunes in a second; the toy task is found by name."""
    from verticals.core import predict

    real = predict.load_task
    monkeypatch.setattr(predict, "load_task", lambda name: CLINIC if name == CLINIC.name else real(name))
    settings = {"backbone": str(backbones["bert"]), "epochs": 3, "batch_rows": 16, "max_tokens": 48, "rank": 4}
    return with_settings(
        Recipe(), settings | {"batch_tokens": 512, "learning_rate": 0.01, "threads": 1, "precision": "fp32"}
    )


class Said(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run a command line in this process: `command("tune", "finance.credit", "--out", folder)`."""
    from verticals.cli import run

    def call(*words: object) -> Said:
        monkeypatch.setattr("sys.argv", ["verticals", *map(str, words)])
        capfd.readouterr()
        code = 0
        try:
            run()
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 0 if leaving.code is None else 1
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def quick(backbones: dict[str, Path]) -> list[str]:
    """Options of `tune` that end in a second."""
    settings = ("batch_rows=16", "max_tokens=48", "rank=4", "batch_tokens=512", "learning_rate=0.01", "patience=0")
    words = ["--backbone", str(backbones["bert"]), "--epochs", "2", "--threads", "1", "--quiet"]
    return [*words, *(word for one in settings for word in ("--set", one))]
