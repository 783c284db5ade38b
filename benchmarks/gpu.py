"""The loop on one GPU beside `transformers.Trainer` with peft: real tokens a second, peak memory, share of the card's rate.

    python benchmarks/gpu.py                 # needs CUDA; some minutes

Two backbones: the embedded MiniLM, and a Qwen3 of about a billion random weights as a classifier. The same rows, rank,
targets and epochs for both; the two alternate. Writes benchmarks/results/gpu.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from tune_cpu import RANK, RATE, mixed_lengths

from verticals.core import tune as loop
from verticals.core.backbone import load_backbone, locate
from verticals.core.machine import facts, versions
from verticals.core.recipe import Recipe, with_settings
from verticals.core.task import Field, Prepared, SafetyPolicy, Schema, Task
from verticals.core.tuning import Tuning, derive
from verticals.evaluation.metrics.standard import ACCURACY

RESULTS = Path(__file__).resolve().parent / "results" / "gpu.json"


def matmul_tflops() -> float:
    """TFLOP/s of an 8192-wide bfloat16 product, the median of twenty."""
    a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    times = []
    for _ in range(25):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        a @ a
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return 2 * 8192**3 / statistics.median(times[5:]) / 1e12


def qwen_folder(base: Path) -> str:
    """A Qwen3 of about 1.0 billion random weights with MiniLM's tokenizer, as a local folder."""
    from transformers import AutoTokenizer, Qwen3Config, Qwen3Model

    folder = base / "qwen3-1b"
    tokenizer = AutoTokenizer.from_pretrained(locate("minilm"))
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=2048,
        intermediate_size=6144,
        num_hidden_layers=20,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=1024,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    Qwen3Model(config).to(torch.bfloat16).save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return str(folder)


def linear_weights(model: Any) -> int:
    """Weights of the linear layers, which make nearly all of the arithmetic."""
    return sum(m.weight.numel() for m in model.modules() if isinstance(m, torch.nn.Linear))


def ours(backbone: str, texts: list[str], labels: list[str]) -> dict[str, float]:
    """One epoch of this package's loop."""
    import pandas as pd

    names = tuple(sorted(set(labels)))
    task = Task("bench.text", "1", "Which label?", "classification", "label", (ACCURACY,), SafetyPolicy("A benchmark."))
    frame = pd.DataFrame({"text": texts, "label": labels}).astype(object)
    schema = Schema((Field("text", "text"),), "label", names)
    data = Prepared(task, schema, frame, frame.iloc[:8], frame.iloc[:0], fingerprint="bench")
    settings: dict[str, Any] = {
        "backbone": backbone,
        "rank": RANK,
        "alpha": 2 * RANK,
        "epochs": 1,
        "learning_rate": RATE,
    }
    recipe = derive(with_settings(Recipe(), settings | {"batch_rows": 32, "patience": 0, "precision": "bf16"}), data)
    loaded = load_backbone(recipe.backbone, dtype=torch.bfloat16)
    weights = linear_weights(loaded.model)
    tuning = Tuning(data, recipe, loaded)
    torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as work:
        accelerator = loop.make_accelerator(recipe, Path(work))
        torch.cuda.synchronize()
        started = time.perf_counter()
        position, _ = loop.fit(tuning, accelerator, Path(work), {}, resume=False, progress=False)
        torch.cuda.synchronize()
        seconds = time.perf_counter() - started
    return figures(position.tokens, seconds, weights)


def trainer(backbone: str, texts: list[str], labels: list[str]) -> dict[str, float]:
    """One epoch of transformers.Trainer with dynamic padding, batches of 32 and bfloat16."""
    from peft import LoraConfig, get_peft_model
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    folder, names = locate(backbone), sorted(set(labels))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(names), dtype=torch.bfloat16)
    weights = linear_weights(model)
    head = [name for name, _ in model.named_modules() if name in ("classifier", "score")]
    model = get_peft_model(
        model,
        LoraConfig(task_type="SEQ_CLS", r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", exclude_modules=head),
    )
    ids = tokenizer(texts, truncation=True, max_length=256)["input_ids"]
    rows = [
        {"input_ids": i, "attention_mask": [1] * len(i), "labels": names.index(y)}
        for i, y in zip(ids, labels, strict=True)
    ]
    torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as work:
        arguments = TrainingArguments(
            work,
            per_device_train_batch_size=32,
            num_train_epochs=1,
            learning_rate=RATE,
            bf16=True,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
            logging_strategy="no",
        )
        worker = Trainer(model, arguments, train_dataset=rows, data_collator=DataCollatorWithPadding(tokenizer))
        torch.cuda.synchronize()
        started = time.perf_counter()
        worker.train()
        torch.cuda.synchronize()
        seconds = time.perf_counter() - started
    return figures(sum(len(r["input_ids"]) for r in rows), seconds, weights)


def figures(tokens: int, seconds: float, weights: int) -> dict[str, float]:
    """One result; a LoRA step multiplies each frozen weight about 2 + 2 times a token."""
    return {
        "tokens": tokens,
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
        "tflops": 4 * weights * tokens / seconds / 1e12,
        "peak_gb": torch.cuda.max_memory_allocated() / 2**30,
    }


def main() -> None:
    """Alternate the two on both backbones and write the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("No CUDA device is visible; run this on a machine with a GPU.")
    texts, labels = mixed_lengths(asked.rows)
    peak = matmul_tflops()
    result: dict[str, Any] = {"date": date.today().isoformat(), "machine": facts(), "versions": versions()}
    result |= {"matmul_tflops_bf16": peak, "rows": asked.rows, "repeats": asked.repeats, "backbones": {}}
    with tempfile.TemporaryDirectory() as base:
        for name, backbone in (("minilm", "minilm"), ("qwen3-1b, random weights", qwen_folder(Path(base)))):
            runs: dict[str, list[dict[str, float]]] = {"verticals": [], "trainer": []}
            for _ in range(asked.repeats + 1):  # the first pair warms up
                for way, work in (("verticals", ours), ("trainer", trainer)):
                    runs[way].append(work(backbone, texts, labels))
                    torch.cuda.empty_cache()
                    print(name, way, {k: round(v, 2) for k, v in runs[way][-1].items()}, flush=True)
            entry: dict[str, Any] = {
                w: {k: statistics.median(r[k] for r in f[1:]) for k in f[0]} for w, f in runs.items()
            }
            pairs = zip(runs["verticals"][1:], runs["trainer"][1:], strict=True)
            entry["times_trainer"] = statistics.median(
                a["tokens_per_second"] / b["tokens_per_second"] for a, b in pairs
            )
            entry["share_of_matmul_rate"] = entry["verticals"]["tflops"] / peak
            result["backbones"][name] = entry
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["backbones"], indent=1))


if __name__ == "__main__":
    main()
