"""A third party's domain, installed by pip like anyone's, does everything that ours do, without an edit of ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PLUGIN = Path(__file__).parent / "plugin"

SEVERAL = """
import json, sys
from verticals.cli import run
for words in json.loads(sys.argv[1]):
    sys.argv = ["verticals", *words]
    try:
        run()
    except SystemExit as leaving:
        if leaving.code:
            raise
"""
"""Several command lines in one interpreter, so that torch is loaded once."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plug-in, built and installed beside the package."""
    base = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(PLUGIN, base / "source")
    words = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", base / "site", source]
    said = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, words)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    return base / "site"


def call(site: Path, *words: object) -> str:
    """Run Python with the plug-in on its path, away from this checkout; give back standard output."""
    paths = [str(site), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths).rstrip(os.pathsep),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    said = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:verticals", *map(str, words)],
        capture_output=True, text=True, env=environment, cwd=site, timeout=300, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    return said.stdout


def several(site: Path, *lines: list[object]) -> str:
    return call(site, "-c", SEVERAL, json.dumps([[str(word) for word in line] for line in lines]))


def messages(rows: int = 120) -> pd.DataFrame:
    """A desk's own messages, in columns that the plug-in does not know."""
    random = np.random.default_rng(4)
    topic = random.choice(["cough", "fever"], rows)
    said = [f"{t} since yesterday" if i % 2 else f"severe {t} for an hour" for i, t in enumerate(topic)]
    return pd.DataFrame({"ticket": [f"{i:05d}" for i in range(rows)], "message": said, "topic": topic})


@pytest.fixture(scope="module")
def tuned(installed: Path, backbones: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tune support.intents` as a user would type it, on the plug-in's simulated records."""
    out = tmp_path_factory.mktemp("runs") / "intents"
    said = call(installed, "-m", "verticals", "tune", "support.intents", "--out", out, *options(backbones["bert"]))
    assert f"verticals evaluate {out}" in said
    return out


def options(backbone: Path) -> list[object]:
    settings = ("batch_rows=16", "max_tokens=32", "rank=4", "batch_tokens=512", "learning_rate=0.01", "patience=0")
    chosen = ["--backbone", backbone, "--epochs", "1", "--threads", "1", "--quiet"]
    return [*chosen, *(word for one in settings for word in ("--set", one))]


def test_the_plugin_is_short() -> None:
    files = list(PLUGIN.rglob("*.py"))
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 60


def test_its_task_is_listed_beside_ours(installed: Path) -> None:
    said = call(installed, "-m", "verticals", "tasks")
    assert "support.intents" in said
    assert "Which service is this message about?" in said
    assert "finance.credit" in said


def test_looking_it_up_imports_no_domain_of_ours(installed: Path) -> None:
    code = (
        "import sys; from verticals.core.registry import load_task; task = load_task('support.intents');"
        "print(task.name, sorted(m for m in sys.modules if m.startswith('verticals.domains')))"
    )
    assert call(installed, "-c", code).strip() == "support.intents []"


def test_it_keeps_the_contract(installed: Path) -> None:
    code = "import verticals; verticals.check_task(verticals.load_task('support.intents')); print('kept')"
    assert call(installed, "-c", code).strip() == "kept"


def given() -> pd.DataFrame:
    """Messages with what a careless writer of CSV would change: zeros in front, quotes, line ends, tiny numbers."""
    texts = ["where is my new card", 'they said "no", twice', "i lost my card\nyesterday", "what rate; for euros"]
    return pd.DataFrame({"id": ["007", "008", "009", "010"], "text": texts, "amount": [1.5, 2.25, 1e-7, 3.0]})


@pytest.fixture(scope="module")
def worked(installed: Path, tuned: Path, backbones: dict[str, Path]) -> tuple[Path, str]:
    """Everything else that a user would do, in one interpreter: (folder, what was said)."""
    place, fast = tuned.parent, options(backbones["bert"])
    given().to_csv(place / "in.csv", index=False)
    given().to_json(place / "in.jsonl", orient="records", lines=True)
    given().to_parquet(place / "in.parquet")
    own = messages()
    own.to_csv(place / "own.csv", index=False)
    known = own.rename(columns={"message": "text", "topic": "category"})[["text", "category"]]
    known.to_csv(place / "train.csv", index=False)
    lines: list[list[object]] = [["evaluate", tuned, "--quiet", "--threads", "1"]]
    for ending in ("csv", "jsonl", "parquet"):
        files = [place / f"in.{ending}", "--out", place / f"out.{ending}"]
        lines.append(["predict", tuned, *files, "--quiet", "--threads", "1"])
    first = ["tune", "support.intents", "--data", place / "own.csv", "--label", "topic", "--text", "message"]
    second = ["tune", "support.intents", "--data", place / "train.csv", "--reader", "banking77"]
    lines += [[*first, "--ignore", "ticket", *fast, "--out", place / "a"], [*second, *fast, "--out", place / "b"]]
    return place, several(installed, *lines, ["doctor", "--json"])


def test_evaluate_and_doctor(worked: tuple[Path, str], tuned: Path) -> None:
    _, said = worked
    assert said.startswith(("accuracy 0.", "accuracy 1."))
    assert "95 % interval" in said
    assert "majority" in said.lower()
    assert (tuned / "report" / "report.html").is_file()
    found = json.loads(said[said.index("\n{") :])
    assert found["domains"]["support"] == ["support.intents"]
    assert "medical.diagnosis" in found["domains"]["medical"]


def test_predict_keeps_the_input_and_adds_to_it(worked: tuple[Path, str]) -> None:
    place, said = worked
    assert said.count("4 rows, ") == 3
    found = {
        "csv": pd.read_csv(place / "out.csv", dtype={"id": str}),
        "jsonl": pd.read_json(place / "out.jsonl", lines=True, dtype={"id": str}, precise_float=True),
        "parquet": pd.read_parquet(place / "out.parquet"),
    }
    intents = ["card_arrival", "exchange_rate", "lost_card", "top_up"]
    added = ["prediction", *(f"probability_{one}" for one in intents), "abstained"]
    for frame in found.values():
        assert list(frame.columns) == ["id", "text", "amount", *added]
        for name in given():
            assert frame[name].tolist() == given()[name].tolist()
        chance = frame[[f"probability_{one}" for one in intents]].to_numpy(float)
        assert np.allclose(chance.sum(1), 1, atol=1e-9)
        assert frame["prediction"].tolist() == [intents[i] for i in chance.argmax(1)]
        assert set(frame["abstained"]) <= {True, False}
    for other in ("jsonl", "parquet"):
        assert np.allclose(found["csv"]["probability_top_up"], found[other]["probability_top_up"], atol=1e-9)
    raw = (place / "out.csv").read_text(encoding="utf-8").splitlines()
    assert raw[1].startswith("007,where is my new card,1.5,")


def test_own_columns_and_its_reader(worked: tuple[Path, str]) -> None:
    place, _ = worked
    described = [json.loads((place / run / "task.json").read_text(encoding="utf-8")) for run in "ab"]
    assert [d["schema"]["labels"] for d in described] == [["cough", "fever"]] * 2
    assert [[f["name"] for f in d["schema"]["fields"]] for d in described] == [["message"], ["text"]]
    assert json.loads((place / "b" / "data.json").read_text(encoding="utf-8"))["source"]["reader"] == "banking77"
