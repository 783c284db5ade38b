"""How fast the loop is beside `transformers.Trainer` with peft: same rows, rank, targets, epochs and learning rate.

    python benchmarks/tune_cpu.py            # about 20 minutes on 2 cores
    python benchmarks/tune_cpu.py --quick    # a few minutes, fewer rows

The two alternate in one run, each in a process of its own so that peak memory is its own; the median of the ratios is
reported. Trainer runs as its users run it: dynamic padding, batches of 32 in random order, float32, the backbone's own
dropout. `trainer, same kernels` also gets this package's float32 kernel choice and no dropout in the backbone, so that what
comes from the loop can be told from what comes from the settings. Real tokens are counted, never padding.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULTS = ROOT / "benchmarks" / "results" / "tune_cpu.json"
RANK, RATE, EPOCHS = 16, 1e-3, 1


def mixed_lengths(rows: int) -> tuple[list[str], list[str]]:
    """Texts of log-normal length (median 40 words, at most 250); the label is which of two words is more frequent."""
    random = np.random.default_rng(0)
    filler = [
        "the",
        "patient",
        "came",
        "in",
        "with",
        "some",
        "pain",
        "and",
        "went",
        "home",
        "after",
        "a",
        "short",
        "talk",
        "about",
        "food",
        "sleep",
        "work",
        "and",
        "family",
    ]
    texts, labels = [], []
    for _ in range(rows):
        length = int(np.clip(random.lognormal(np.log(40), 0.7), 5, 250))
        label = int(random.integers(2))
        words = random.choice(filler, length)
        words[random.integers(0, length, max(1, length // 8))] = ("fever", "rash")[label]
        texts.append(" ".join(words))
        labels.append(("fever", "rash")[label])
    return texts, labels


def banking(rows: int) -> tuple[list[str], list[str]]:
    """Customer messages of BANKING77."""
    import pandas as pd

    frame = pd.read_csv(DATA / "banking77" / "train.csv").sample(rows, random_state=0)
    return frame["text"].tolist(), frame["category"].tolist()


SETS = {"mixed": mixed_lengths, "banking77": banking}


def ours(texts: list[str], labels: list[str], precision: str) -> dict[str, float]:
    """Tokens a second, seconds, peak memory and held-out accuracy of this package's loop."""
    import pandas as pd

    from verticals.core import tune as loop
    from verticals.core.backbone import load_backbone
    from verticals.core.machine import prefer_fast_matmul, use_threads
    from verticals.core.recipe import Recipe, with_settings
    from verticals.core.task import Field, Prepared, SafetyPolicy, Schema, Task
    from verticals.core.tuning import Tuning, derive
    from verticals.evaluation.metrics.standard import ACCURACY

    names = tuple(sorted(set(labels)))
    task = Task("bench.text", "1", "Which label?", "classification", "label", (ACCURACY,), SafetyPolicy("A benchmark."))
    frame = pd.DataFrame({"text": texts, "label": labels}).astype(object)
    cut = int(len(frame) * 0.9)
    schema = Schema((Field("text", "text"),), "label", names)
    data = Prepared(task, schema, frame.iloc[:cut], frame.iloc[cut:], frame.iloc[:0], fingerprint="bench")
    settings = {"rank": RANK, "alpha": 2 * RANK, "epochs": EPOCHS, "learning_rate": RATE, "batch_rows": 32}
    recipe = derive(
        with_settings(Recipe(), settings | {"max_tokens": 256, "patience": 0, "precision": precision}), data
    )
    prefer_fast_matmul()
    use_threads()
    tuning = Tuning(data, recipe, load_backbone())
    with tempfile.TemporaryDirectory() as work:
        accelerator = loop.make_accelerator(recipe, Path(work))
        tuning.validation.target, kept = tuning.validation.target[:1], tuning.validation.target
        full, loop.validation_loss = loop.validation_loss, lambda *_: 0.0  # measured once, after the clock has stopped
        started = time.perf_counter()
        position, _ = loop.fit(tuning, accelerator, Path(work), {}, resume=False, progress=False)
        seconds = time.perf_counter() - started
        tuning.validation.target, loop.validation_loss = kept, full
    from verticals.core.scorer import Scorer

    raw = Scorer(task, tuning.codec, tuning.network, tuning.layout).score(data.validation, tuning.validation.encoded)
    return measured(position.tokens, seconds, float((raw.logits.argmax(1) == kept).mean()))


def trainer(texts: list[str], labels: list[str], *, same_kernels: bool) -> dict[str, float]:
    """The same of transformers.Trainer with peft."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    from verticals.core.backbone import locate
    from verticals.core.machine import prefer_fast_matmul, use_threads

    use_threads()
    quiet = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0} if same_kernels else {}
    if same_kernels:
        prefer_fast_matmul()
    folder, names = locate("minilm"), sorted(set(labels))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(names), **quiet)
    config = LoraConfig(
        task_type="SEQ_CLS", r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", exclude_modules=["classifier"]
    )
    model = get_peft_model(model, config)
    ids = tokenizer(texts, truncation=True, max_length=256)["input_ids"]
    rows = [
        {"input_ids": i, "attention_mask": [1] * len(i), "labels": names.index(y)}
        for i, y in zip(ids, labels, strict=True)
    ]
    cut = int(len(rows) * 0.9)
    with tempfile.TemporaryDirectory() as work:
        arguments = TrainingArguments(
            work,
            per_device_train_batch_size=32,
            num_train_epochs=EPOCHS,
            learning_rate=RATE,
            warmup_steps=0.1,
            lr_scheduler_type="cosine",
            weight_decay=0.01,
            use_cpu=True,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
            logging_strategy="no",
            seed=0,
        )
        worker = Trainer(model, arguments, train_dataset=rows[:cut], data_collator=DataCollatorWithPadding(tokenizer))
        started = time.perf_counter()
        worker.train()
        seconds = time.perf_counter() - started
        found = worker.predict(rows[cut:])
    right = float((found.predictions.argmax(1) == found.label_ids).mean())
    return measured(sum(len(r["input_ids"]) for r in rows[:cut]) * EPOCHS, seconds, right)


def measured(tokens: int, seconds: float, accuracy: float) -> dict[str, float]:
    """One result; peak memory is that of the whole process."""
    from verticals.core.machine import resident_bytes

    return {
        "tokens": tokens,
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
        "peak_mb": resident_bytes() / 2**20,
        "accuracy": accuracy,
    }


def matmul_rate() -> dict[str, float]:
    """GFLOP/s of a matrix product of the loop's own shape, (1024, 384) x (384, 1536), with this package's choices."""
    import torch

    from verticals.core.machine import has_bfloat16, prefer_fast_matmul, use_threads

    use_threads()
    prefer_fast_matmul()
    rates = {}
    for dtype in (torch.float32, torch.bfloat16) if has_bfloat16() else (torch.float32,):
        a, b = torch.randn(1024, 384, dtype=dtype), torch.randn(1536, 384, dtype=dtype)
        times = []
        for _ in range(60):
            started = time.perf_counter()
            torch.nn.functional.linear(a, b)
            times.append(time.perf_counter() - started)
        rates[str(dtype).removeprefix("torch.")] = 2 * 1024 * 384 * 1536 / statistics.median(times) / 1e9
    return rates


WAYS = {
    "verticals": lambda t, y: ours(t, y, "auto"),
    "verticals, float32": lambda t, y: ours(t, y, "fp32"),
    "trainer": lambda t, y: trainer(t, y, same_kernels=False),
    "trainer, same kernels": lambda t, y: trainer(t, y, same_kernels=True),
}


def in_own_process(way: str, name: str, rows: int) -> dict[str, float]:
    """Run one way on one set alone, so that memory and caches are its own."""
    command = [sys.executable, "-W", "ignore", __file__, "--one", way, name, str(rows)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    """Alternate the ways and write the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="fewer rows and repeats")
    asked = parser.parse_args()
    if asked.one:
        way, name, rows = asked.one
        texts, labels = SETS[name](int(rows))
        print(json.dumps(WAYS[way](texts, labels)))
        return
    from verticals.core.machine import facts, versions

    repeats, sizes = (2, {"mixed": 320, "banking77": 960}) if asked.quick else (3, {"mixed": 960, "banking77": 3200})
    result: dict[str, Any] = {"date": date.today().isoformat(), "machine": facts(), "versions": versions(), "sets": {}}
    result["matmul_gflops"] = matmul_rate()
    for name, rows in sizes.items():
        runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(repeats):
            for way in WAYS:
                runs[way].append(in_own_process(way, name, rows))
                print(name, way, {k: round(v, 3) for k, v in runs[way][-1].items()}, flush=True)
        entry: dict[str, Any] = {"rows": rows, "repeats": repeats, "ways": {}}
        for way, found in runs.items():
            entry["ways"][way] = {k: statistics.median(r[k] for r in found) for k in found[0]}
            ratios = [
                a["tokens_per_second"] / b["tokens_per_second"] for a, b in zip(found, runs["trainer"], strict=True)
            ]
            entry["ways"][way]["times_trainer"] = statistics.median(ratios)
        # a LoRA step multiplies about 2 (forward) + 2 (gradient of activations) times each frozen weight, a token
        per_token = 4 * 10.6e6 / 1e9
        best = entry["ways"]["verticals"]["tokens_per_second"]
        entry["share_of_matmul_rate"] = best * per_token / max(result["matmul_gflops"].values())
        result["sets"][name] = entry
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["sets"], indent=1))


if __name__ == "__main__":
    main()
