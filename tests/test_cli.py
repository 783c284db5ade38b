"""The command line on one's own data: any table, any column names, a test file of one's own, streamed predictions."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.core.predict import Predictor
from verticals.datasets import stream
from verticals.datasets.stream import predict_file

Command = Callable[..., tuple[int, str, str]]


def hearts(rows: int = 150, seed: int = 3) -> pd.DataFrame:
    """A table as a cardiologist's spreadsheet holds it; none of its names is known to a task."""
    random = np.random.default_rng(seed)
    age = random.normal(54, 9, rows).round()
    pain = random.choice(["ATA", "NAP", "ASY", "TA"], rows, p=[0.2, 0.2, 0.5, 0.1])
    slope = random.normal(0, 1, rows).round(2)
    sick = age / 9 + 2 * (pain == "ASY") + slope + random.normal(0, 0.5, rows) > 7
    frame = pd.DataFrame({"Record": [f"{i:04d}" for i in range(rows)], "Visit": [f"V{i // 2}" for i in range(rows)]})
    frame["Seen"] = pd.date_range("2021-01-01", periods=rows, freq="D").strftime("%Y-%m-%d")
    frame["Age"], frame["Sex"] = age, random.choice(["M", "F"], rows)
    frame["ChestPainType"], frame["Oldpeak"] = pain, slope
    frame["Remark"] = random.choice(["no fever", "mild cough", "chest pain for an hour"], rows)
    frame["HeartDisease"] = sick.astype(int)
    frame.loc[random.random(rows) < 0.05, "Age"] = np.nan
    return frame


OWN = ["--label", "HeartDisease", "--positive", "1"]


def schema_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "task.json").read_text(encoding="utf-8"))["schema"]
    return found


def fingerprint_of(run: Path) -> str:
    return str(json.loads((run / "manifest.json").read_text(encoding="utf-8"))["data"]["fingerprint"])


@pytest.fixture(scope="module")
def tuned(backbones: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over hearts, with its table beside it."""
    from verticals.core.recipe import Recipe, with_settings
    from verticals.core.tune import tune
    from verticals.datasets.prepare import prepare

    folder = tmp_path_factory.mktemp("hearts")
    hearts().to_csv(folder / "heart.csv", index=False)
    kept = {"label": "HeartDisease", "positive": "1", "ignore": ["Record", "Visit", "Seen"]}
    data = prepare("medical.diagnosis", folder / "heart.csv", **kept)
    settings = {"backbone": str(backbones["bert"]), "epochs": 2, "batch_rows": 16, "max_tokens": 48, "rank": 4}
    recipe = with_settings(Recipe(), settings | {"threads": 1, "learning_rate": 0.01})
    return tune(data, recipe, out=folder / "run", progress=False)


# -- one's own columns ------------------------------------------------------------------------------------------


def test_everything_that_can_be_said_of_columns(command: Command, quick: list[str], tmp_path: Path) -> None:
    frame = hearts(200)
    frame.iloc[:160].to_csv(tmp_path / "heart.csv", index=False)
    frame.iloc[160:].to_csv(tmp_path / "other.csv", index=False)
    (tmp_path / "fields.toml").write_text(
        '[fields]\nOldpeak = { kind = "number", unit = "mm", low = -6, high = 7, title = "ST depression" }\n'
        'Sex = { kind = "category", protected = true }\n'
    )
    words = ["--data", tmp_path / "heart.csv", *OWN, "--group", "Visit", "--ignore", "Record,Seen", "--number", "Age"]
    words += ["--fields", tmp_path / "fields.toml", "--test", tmp_path / "other.csv", "--out", tmp_path / "run"]
    code, out, err = command("tune", "medical.diagnosis", *words, *quick)
    assert code == 0, err
    assert out.splitlines() == [str(tmp_path / "run"), f"Next: verticals evaluate {tmp_path / 'run'}"]
    schema = schema_of(tmp_path / "run")
    kinds = {f["name"]: f["kind"] for f in schema["fields"]}
    assert kinds == {"Age": "number", "ChestPainType": "category", "Oldpeak": "number", "Remark": "category"}
    assert {"Record", "Seen", "Visit", "Sex"} <= set(schema["kept"])
    assert (schema["label"], schema["labels"], schema["positive"]) == ("HeartDisease", ["0", "1"], "1")
    assert schema["group"] == "Visit"
    said = next(f for f in schema["fields"] if f["name"] == "Oldpeak")
    assert (said["unit"], said["low"], said["title"]) == ("mm", -6.0, "ST depression")
    rows = json.loads((tmp_path / "run" / "manifest.json").read_text())["data"]
    assert rows["test"] == 40
    assert rows["train"] + rows["validation"] == 160


def test_a_split_by_time_tests_on_later_rows(command: Command, quick: list[str], tmp_path: Path) -> None:
    from verticals.datasets.prepare import prepare_again

    hearts().sample(frac=1, random_state=1).to_csv(tmp_path / "heart.csv", index=False)
    words = ["--data", tmp_path / "heart.csv", *OWN, "--time", "Seen", "--ignore", "Record", "--ignore", "Visit"]
    code, _, err = command("tune", "medical.diagnosis", *words, "--out", tmp_path / "run", *quick)
    assert code == 0, err
    source = json.loads((tmp_path / "run" / "data.json").read_text())["source"]
    again = prepare_again(source)
    assert again.train["Seen"].max() < again.validation["Seen"].min()
    assert again.validation["Seen"].max() < again.test["Seen"].min()
    assert again.fingerprint == fingerprint_of(tmp_path / "run")


def test_the_format_of_the_file_changes_nothing(command: Command, quick: list[str], tmp_path: Path) -> None:
    frame = hearts(100)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_csv(tmp_path / "semicolons.csv", index=False, sep=";")
    frame.to_csv(tmp_path / "packed.csv.gz", index=False)
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_parquet(tmp_path / "a.parquet")
    fingerprints = {}
    for name in ("a.csv", "a.tsv", "semicolons.csv", "packed.csv.gz", "a.jsonl", "a.parquet"):
        run = tmp_path / f"{name}.run"
        words = ["--data", tmp_path / name, *OWN, "--ignore", "Record,Visit,Seen", "--out", run, *quick]
        code, _, err = command("tune", "medical.diagnosis", *words, "--epochs", "1")
        assert code == 0, err
        fingerprints[name] = (fingerprint_of(run), (run / "head.safetensors").read_bytes())
    assert len({one for one, _ in fingerprints.values()}) == 1, fingerprints.keys()
    assert len({weights for _, weights in fingerprints.values()}) == 1, "same rows, same recipe, same weights"


def test_settings_by_file_and_by_word(command: Command, quick: list[str], tmp_path: Path) -> None:
    import tomllib

    hearts(80).to_csv(tmp_path / "heart.csv", index=False)
    (tmp_path / "recipe.toml").write_text("rank = 2\nalpha = 6\nbins = 5\n")
    words = ["--data", tmp_path / "heart.csv", *OWN, "--ignore", "Record,Visit,Seen", "--out", tmp_path / "run"]
    words += ["--recipe", tmp_path / "recipe.toml", "--seed", "7", *quick, "--set", "alpha=8", "--epochs", "0.5"]
    code, _, err = command("tune", "medical.diagnosis", *words)
    assert code == 0, err
    used = tomllib.loads((tmp_path / "run" / "recipe.toml").read_text())
    assert (used["rank"], used["alpha"], used["bins"], used["seed"], used["epochs"]) == (4, 8, 5, 7, 0.5)
    code, _, err = command("tune", "medical.diagnosis", *words)
    assert code == 2
    assert "--overwrite" in err
    code, _, err = command("tune", "medical.diagnosis", *words, "--overwrite")
    assert code == 0, err


# -- evaluate ---------------------------------------------------------------------------------------------------


def test_evaluate_prints_the_headline_and_writes_the_report(command: Command, tuned: Path, tmp_path: Path) -> None:
    code, out, err = command("evaluate", tuned, "--out", tmp_path / "report", "--quiet", "--threads", "1")
    assert code == 0, err
    lines = out.splitlines()
    facts = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert lines[0].startswith(f"{facts['headline']['name']} {facts['headline']['value']:.3f} (95 % interval ")
    count = len(facts["baselines"])
    assert count >= 3
    for line, alarm in zip(lines[1 + count : -1], facts["alarms"], strict=True):
        assert line == f"  {alarm['level']}: {alarm['message']}"
    for line, one in zip(lines[1 : 1 + count], facts["baselines"], strict=True):
        assert one["name"] in line
        assert "tuned is ahead by" in line
    written = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"report.html", "report.json", "report.md"} <= written
    assert Path(lines[-1]).is_relative_to(tmp_path / "report")
    assert "http://" not in (tmp_path / "report" / "report.html").read_text().replace("http://www.w3.org", "")


def test_evaluate_on_another_file(command: Command, tuned: Path, tmp_path: Path) -> None:
    hearts(60, seed=9).to_csv(tmp_path / "new.csv", index=False)
    words = ["--data", tmp_path / "new.csv", "--out", tmp_path / "report", "--no-baselines", "--quiet"]
    code, out, err = command("evaluate", tuned, *words)
    assert code == 0, err
    facts = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert facts["rows"]["measured"] == 60
    assert "new.csv" in facts["measured_on"]
    assert len(out.splitlines()) == 2 + len(facts["alarms"])


def test_requirements_decide_the_exit_status(command: Command, tuned: Path, tmp_path: Path) -> None:
    words = ["evaluate", tuned, "--no-baselines", "--quick", "--quiet", "--threads", "1"]
    code, out, err = command(*words, "--out", tmp_path / "a", "--require", "rows>=1", "--require", "alarms<=99")
    assert code == 0, err
    assert sum(line.startswith("passed  ") for line in out.splitlines()) == 2
    code, out, err = command(*words, "--out", tmp_path / "b", "--require", "rows>=1", "--require", "rows>1e9")
    assert code == 1
    assert "FAILED  rows>1000000000  (measured: " in out
    assert (tmp_path / "b" / "report.html").is_file(), "the report is written anyway"
    code, _, err = command(*words, "--out", tmp_path / "c", "--require", "rowz>=1")
    assert code == 2
    assert "Did you mean 'rows'" in err
    code, _, err = command(*words, "--out", tmp_path / "d", "--require", "rows")
    assert code == 2
    assert "cannot be read" in err
    assert not (tmp_path / "d").exists(), "a requirement that cannot be read is told before anything runs"


def test_the_quick_report_says_what_it_left_out(command: Command, tuned: Path, tmp_path: Path) -> None:
    code, _, err = command("evaluate", tuned, "--no-baselines", "--quick", "--out", tmp_path / "r", "--threads", "1")
    assert code == 0, err
    assert "section: robustness" not in err
    assert "section: discrimination" in err
    facts = json.loads((tmp_path / "r" / "report.json").read_text(encoding="utf-8"))
    why = {one.get("key"): one["why"] for one in facts["missing"]}
    assert why["robustness"] == "Left out here to be quick; `verticals evaluate run` makes it."


# -- report -----------------------------------------------------------------------------------------------------


def test_report_on_what_predict_wrote(command: Command, tuned: Path, tmp_path: Path) -> None:
    """The same rows, measured by the run and through its file of predictions, give the same figures."""
    hearts(120, seed=9).to_csv(tmp_path / "new.csv", index=False)
    scored = tmp_path / "scored.csv"
    assert command("predict", tuned, tmp_path / "new.csv", "--out", scored, "--quiet", "--threads", "1").code == 0  # type: ignore[attr-defined]
    code, out, err = command("report", scored, "--task", "medical.diagnosis", *OWN, "--quiet")
    assert code == 0, err
    assert out.splitlines()[-1] == str(tmp_path / "scored.report" / "report.html")
    words = ["--data", tmp_path / "new.csv", "--out", tmp_path / "own", "--no-baselines", "--quick", "--quiet"]
    assert command("evaluate", tuned, *words).code == 0  # type: ignore[attr-defined]
    theirs, own = (json.loads((tmp_path / f / "report.json").read_text()) for f in ("scored.report", "own"))
    values = {one["name"]: one["value"] for one in own["metrics"]}
    for one in theirs["metrics"]:
        assert one["value"] == pytest.approx(values[one["name"]], abs=1e-6), one["name"]
    assert theirs["abstention"]["withheld"] == own["abstention"]["withheld"]


def test_report_and_a_fault_in_its_file(command: Command, tmp_path: Path) -> None:
    hearts(40).assign(score=7).to_csv(tmp_path / "bad.csv", index=False)
    code, out, err = command("report", tmp_path / "bad.csv", "--task", "medical.diagnosis", *OWN, "--quiet")
    assert (code, out) == (2, "")
    assert err.startswith("verticals: 40 of 40 values in 'score' lie outside 0 to 1, first 7 in row 1")
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]
    (tmp_path / "empty.csv").write_text("")
    code, _, err = command("report", tmp_path / "empty.csv", "--task", "medical.diagnosis", "--quiet")
    assert code == 2
    assert "is empty" in err


# -- compare ----------------------------------------------------------------------------------------------------


def test_compare_prints_a_line_a_run(command: Command, tuned: Path, quick: list[str], tmp_path: Path) -> None:
    words = ["--data", tuned.parent / "heart.csv", *OWN, "--ignore", "Record,Visit,Seen", "--out", tmp_path / "second"]
    assert command("tune", "medical.diagnosis", *words, *quick).code == 0  # type: ignore[attr-defined]
    out_folder = tmp_path / "side_by_side"
    code, out, err = command(
        "compare", tuned, tmp_path / "second", "--out", out_folder, "--threads", "1", "--require", "changed_2>=0"
    )
    assert code == 0, err
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "second", str(out_folder / "compare.html"), "passed"]
    assert "ahead by" in lines[1]
    assert "compare: scoring" in err
    assert {path.name for path in out_folder.iterdir()} == {"compare.html", "compare.json", "compare.md"}
    code, _, err = command("compare", tuned, "--quiet")
    assert code == 2
    assert "two runs or more" in err


# -- predict ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def predictor(tuned: Path) -> Predictor:
    return Predictor.load(tuned, threads=1)


def test_predict_counts_and_keeps_every_cell(command: Command, tuned: Path, tmp_path: Path) -> None:
    hearts(40, seed=5).drop(columns="HeartDisease").to_csv(tmp_path / "new.csv", index=False)
    code, out, err = command(
        "predict", tuned, tmp_path / "new.csv", "--out", tmp_path / "scored.csv", "--quiet", "--threads", "1"
    )
    assert code == 0, err
    assert out.startswith("40 rows, ")
    before = (tmp_path / "new.csv").read_text().splitlines()
    after = (tmp_path / "scored.csv").read_text().splitlines()
    assert len(after) == 41
    assert after[0] == before[0] + ",prediction,probability_0,probability_1,abstained"
    assert all(new.startswith(old + ",") for old, new in zip(before, after, strict=True))
    scored = pd.read_csv(tmp_path / "scored.csv")
    assert np.allclose(scored["probability_0"] + scored["probability_1"], 1)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_in_chunks_as_in_one_go(predictor: Predictor, tmp_path: Path, ending: str) -> None:
    from verticals.datasets.table import read_table

    hearts(53, seed=6).to_csv(tmp_path / "new.csv", index=False)
    counts = [
        predict_file(predictor, tmp_path / "new.csv", tmp_path / f"{rows}.{ending}", rows=rows) for rows in (7, 1000)
    ]
    assert counts[0] == counts[1]
    assert counts[0].rows == 53
    few, one = (read_table(tmp_path / f"{rows}.{ending}") for rows in (7, 1000))
    assert few["Record"].tolist() == one["Record"].tolist()
    assert few["prediction"].tolist() == one["prediction"].tolist()
    # other rows beside it in a batch may move a sum by rounding only
    assert np.allclose(few["probability_1"], one["probability_1"], atol=1e-6)


def test_no_more_than_a_chunk_is_held(predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by construction: the next chunk is read only after the one before was scored and let go."""
    hearts(60, seed=7).to_csv(tmp_path / "new.csv", index=False)
    events: list[str] = []
    real = stream.read_chunks

    def watched(*arguments: Any, **named: Any) -> Iterator[pd.DataFrame]:
        for chunk in real(*arguments, **named):
            assert len(chunk) <= 10
            events.append("read")
            yield chunk

    score = predictor.predict

    def scoring(records: Any) -> Any:
        events.append("score")
        return score(records)

    monkeypatch.setattr(stream, "read_chunks", watched)
    monkeypatch.setattr(predictor, "predict", scoring)
    predict_file(predictor, tmp_path / "new.csv", tmp_path / "out.csv", rows=10)
    assert events == ["read", "score"] * 6


def test_reading_and_writing_a_long_file_holds_little(tmp_path: Path) -> None:
    """The same without the network: forty thousand rows in chunks of a thousand take the memory of a few chunks."""
    from verticals.datasets.table import TableWriter, read_chunks

    frame = pd.concat([hearts(1000)] * 40)
    frame.to_csv(tmp_path / "long.csv", index=False)
    size = (tmp_path / "long.csv").stat().st_size
    del frame
    tracemalloc.start()
    with TableWriter(tmp_path / "copy.csv") as writer:
        for chunk in read_chunks(tmp_path / "long.csv", 500, as_text=True):
            writer.write(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "copy.csv").read_bytes() == (tmp_path / "long.csv").read_bytes()
    assert peak < size, f"{peak:,} bytes for a file of {size:,}"


def test_a_fault_in_a_late_chunk_leaves_nothing(predictor: Predictor, tmp_path: Path) -> None:
    text = hearts(30).to_csv(index=False) + "0031,V15\n"
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(DataError, match="Line 32"):
        predict_file(predictor, tmp_path / "new.csv", tmp_path / "out.csv", rows=10)
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]


# -- words ------------------------------------------------------------------------------------------------------

TEACHES = {
    "": ("verticals quickstart", "--data", "--label", "finance.credit"),
    "tune": (".csv", ".parquet", "finance.credit", "rank=16", "minilm", "--resume", "--group", "simulated"),
    "evaluate": ("baselines", "RUN/report", "test rows", "auroc_lower>=0.9", "--quick"),
    "report": (".parquet", "probability_LABEL", "elsewhere", "--threshold", "finance.credit"),
    "compare": ("first run", "side by side", "--require"),
    "predict": (".jsonl", "probability_LABEL", "abstained", "--overwrite"),
    "quickstart": ("offline", "simulated", "--task"),
    "doctor": ("versions", "--json"),
    "tasks": ("fields", "domains"),
}


@pytest.mark.parametrize("name", TEACHES)
def test_help_teaches(name: str, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    import re

    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.setenv("TERMINAL_WIDTH", "240")
    code, out, _ = command(*([name] if name else []), "--help")
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    for words in TEACHES[name]:
        assert words in plain, f"{words!r} is not in the help of {name or 'verticals'}"


def test_every_option_is_explained() -> None:
    import typer

    from verticals.cli import app

    found = typer.main.get_command(app)
    assert set(found.commands) >= set(TEACHES) - {""}  # type: ignore[attr-defined]
    for name, one in found.commands.items():  # type: ignore[attr-defined]
        assert one.help, f"{name} does not say what it does"
        for parameter in one.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name} is not explained"


def test_version_and_tasks(command: Command) -> None:
    import verticals

    assert command("--version").out.strip() == f"verticals {verticals.__version__}"
    code, out, _ = command("tasks")
    assert code == 0
    assert {"medical.diagnosis", "education.tutoring", "finance.fraud", "finance.credit"} <= set(out.split())
    code, out, _ = command("tasks", "finance.credit")
    assert code == 0
    for words in ("outcome", "default", "auroc", "statlog_german", "EUR/mo", "protected: never fed to the model"):
        assert words in out
    for name in ("medical.diagnosis", "education.tutoring", "finance.fraud"):
        code, out, err = command("tasks", name)
        assert code == 0, err


def test_a_task_with_one_sided_bounds(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from verticals.core import registry
    from verticals.core.task import Field

    fields = (Field("weight", "number", "kg", low=0), Field("depth", "number", "m", high=5.5), Field("job", "category"))
    task = replace(registry.load_task("finance.credit"), fields=fields)
    monkeypatch.setattr(registry, "load_task", lambda name: task)
    code, out, _ = command("tasks", "finance.credit")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert {"weight number kg from 0", "depth number m up to 5.5", "job category"} <= set(lines)


def test_doctor(command: Command) -> None:
    code, out, _ = command("doctor", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["versions"]["torch"]
    assert "as published" in found["backbone"]
    assert {"medical", "education", "finance"} <= set(found["domains"])
    code, out, _ = command("doctor")
    assert code == 0
    assert out.rstrip().endswith("No problem found.")
