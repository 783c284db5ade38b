"""Every kind of bad input through the command line: exit status 2, one sentence that names it, nothing left behind."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.core.recipe import Recipe, with_settings


def loans(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    """Rows that can be tuned on: the label follows from the amount."""
    random = np.random.default_rng(seed)
    amount = random.lognormal(8, 1, rows).round(2)
    frame = pd.DataFrame({"id": np.arange(rows), "amount": amount, "job": random.choice(["clerk", "nurse"], rows)})
    frame["note"] = random.choice(["chest pain since yesterday", "mild cough", "no fever"], rows)
    frame["bad"] = np.where(amount > np.median(amount), "yes", "no")
    return frame


@dataclass
class Place:
    """A folder in which a case writes its files; what it returns are the words of a command line."""

    folder: Path
    backbone: Path
    run: Path
    quick: list[str]

    def file(self, name: str, content: bytes | str | pd.DataFrame) -> Path:
        """Write a file."""
        path = self.folder / name
        if isinstance(content, pd.DataFrame):
            content.to_csv(path, index=False)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def tune(
        self, data: Path | pd.DataFrame | None = None, *more: object, task: str = "finance.credit", label: str = "bad"
    ) -> list[object]:
        """`tune` on a file, good but for what the case says."""
        if not isinstance(data, Path):
            data = self.file("loans.csv", loans() if data is None else data)
        words = ["tune", task, "--data", data, "--label", label, "--ignore", "id", "--out", self.folder / "run"]
        return [*words, *self.quick, *more]

    def predict(self, data: Path | pd.DataFrame | None = None, *more: object, run: Path | None = None) -> list[object]:
        """`predict` with the tuned run, good but for what the case says."""
        if not isinstance(data, Path):
            data = self.file("new.csv", loans(12, 5).drop(columns="bad") if data is None else data)
        out = [] if "--out" in more else ["--out", self.folder / "scored.csv"]
        return ["predict", run or self.run, data, *out, "--threads", "1", "--quiet", *more]

    def copy_of_run(self) -> Path:
        """The tuned run, to be damaged."""
        return Path(shutil.copytree(self.run, self.folder / "copy"))


@pytest.fixture(scope="module")
def tuned(backbones: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over loans."""
    from verticals.core.tune import tune
    from verticals.datasets.prepare import prepare

    folder = tmp_path_factory.mktemp("tuned")
    loans().to_csv(folder / "loans.csv", index=False)
    data = prepare("finance.credit", folder / "loans.csv", label="bad", positive="yes", ignore=["id"])
    settings = {"backbone": str(backbones["bert"]), "epochs": 1, "batch_rows": 16, "max_tokens": 48, "rank": 4}
    return tune(data, with_settings(Recipe(), settings | {"threads": 1}), out=folder / "run", progress=False)


@pytest.fixture
def place(tmp_path: Path, backbones: dict[str, Path], tuned: Path, quick: list[str]) -> Place:
    """Where a case is set up."""
    return Place(tmp_path, backbones["bert"], tuned, quick)


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder, with the bytes of files."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


Make = Callable[[Place], list[object]]
CASES: list[tuple[str, Make, tuple[str, ...]]] = []


def case(*says: str) -> Callable[[Make], Make]:
    """Register a case with the words that its message must hold."""

    def register(make: Make) -> Make:
        CASES.append((make.__name__, make, says))
        return make

    return register


# -- files ------------------------------------------------------------------------------------------------------


@case("no file", "absent.csv")
def missing_file(place: Place) -> list[object]:
    return place.tune(place.folder / "absent.csv")


@case("a folder", "one file is needed")
def folder_instead_of_a_file(place: Place) -> list[object]:
    (place.folder / "data.csv").mkdir()
    return place.predict(place.folder / "data.csv")


@case("a folder", "statlog_german")
def folder_without_a_reader(place: Place) -> list[object]:
    (place.folder / "data").mkdir()
    return place.tune(place.folder / "data")


@case("ending", "loans.xlsx", ".csv")
def unknown_ending(place: Place) -> list[object]:
    return place.tune(place.file("loans.xlsx", b"PK"))


@case("is empty", "loans.csv")
def empty_file(place: Place) -> list[object]:
    return place.tune(place.file("loans.csv", b""))


@case("no rows", "loans.csv")
def header_only(place: Place) -> list[object]:
    return place.tune(place.file("loans.csv", "amount,job,bad\n"))


@case("comma and semicolon", "one delimiter")
def ambiguous_delimiter(place: Place) -> list[object]:
    return place.tune(place.file("loans.csv", "amount;1,bad;2\n" + "5;6,7;8\n" * 30))


@case("no column 'bad'", "amount:job:bad")
def delimiter_that_is_none(place: Place) -> list[object]:
    return place.tune(place.file("loans.csv", "amount:job:bad\n" + "5:clerk:yes\n" * 30))


@case("Line 3", "2 cells", "header has 3")
def ragged_row(place: Place) -> list[object]:
    return place.tune(place.file("loans.csv", "amount,job,bad\n5,clerk,yes\n6,nurse\n"))


@case("not UTF-8", "0xfc", "line 2")
def not_utf8(place: Place) -> list[object]:
    return place.tune(place.file("loans.csv", "amount,job,bad\n5,Verkäufer für Öl,yes\n".encode("latin-1").replace(
        b"\xe4", b"ae"
    )))  # fmt: skip


@case("NUL byte", "Line 2")
def nul_bytes(place: Place) -> list[object]:
    return place.tune(place.file("loans.csv", b"amount,job,bad\n5,cl\0erk,yes\n"))


@case("longer than 1,000,000 characters", "'note'", "line 2")
def cell_of_ten_megabytes(place: Place) -> list[object]:
    return place.tune(place.file("loans.csv", "amount,note,bad\n5," + "x" * 10_000_000 + ",yes\n"))


@case("line 2", "never closed")
def unclosed_quotation_mark(place: Place) -> list[object]:
    return place.tune(place.file("loans.csv", 'amount,note,bad\n5,"cough,yes\n6,fever,no\n'))


@case("'amount' more than once", "columns 1, 2")
def duplicate_column_names(place: Place) -> list[object]:
    return place.tune(place.file("loans.csv", "amount,amount,bad\n1,2,yes\n"))


@case("Line 2", "not valid JSON")
def broken_json_line(place: Place) -> list[object]:
    return place.tune(place.file("loans.jsonl", '{"amount": 1, "bad": "yes"}\n{"amount": 1, "bad"\n'))


@case("Line 2", "JSON list", "not an object")
def json_line_that_is_no_object(place: Place) -> list[object]:
    return place.tune(place.file("loans.jsonl", '{"amount": 1, "bad": "yes"}\n[1, 2]\n'))


@case("cannot be read as Parquet", "loans.parquet")
def truncated_parquet(place: Place) -> list[object]:
    path = place.folder / "loans.parquet"
    loans().to_parquet(path)
    path.write_bytes(path.read_bytes()[:-40])
    return place.tune(path)


@case("not a complete gzip file", "loans.csv.gz")
def truncated_gzip(place: Place) -> list[object]:
    import gzip

    return place.tune(place.file("loans.csv.gz", gzip.compress(loans().to_csv(index=False).encode())[:-30]))


# -- columns and values -----------------------------------------------------------------------------------------


@case("no column 'outcome_of_loan'", "amount")
def label_column_missing(place: Place) -> list[object]:
    return place.tune(label="outcome_of_loan")


@case("No row has a label", "'bad'")
def all_labels_missing(place: Place) -> list[object]:
    return place.tune(loans().assign(bad=None))


@case("same label 'yes'", "at least two labels")
def one_class_only(place: Place) -> list[object]:
    return place.tune(loans().assign(bad="yes"), "--positive", "yes")


@case("Only 9 rows", "at least 20")
def too_few_rows(place: Place) -> list[object]:
    return place.tune(loans(9), "--positive", "yes")


@case("'maybe'", "no, yes")
def positive_label_that_is_not_there(place: Place) -> list[object]:
    return place.tune(None, "--positive", "maybe")


@case("'default'", "in time and late", "positive")
def positive_label_not_said(place: Place) -> list[object]:
    return place.tune(loans().replace({"bad": {"yes": "late", "no": "in time"}}))


@case("'note'", "number")
def text_where_a_number_was_declared(place: Place) -> list[object]:
    return place.tune(None, "--number", "note")


@case("'amout'", "'amount'")
def unknown_column_declared(place: Place) -> list[object]:
    return place.tune(None, "--number", "amout")


@case("'job'", "category", "text")
def column_declared_twice(place: Place) -> list[object]:
    return place.tune(None, "--category", "job", "--text", "job")


@case("'patient'", "amount")
def group_that_is_no_column(place: Place) -> list[object]:
    return place.tune(None, "--group", "patient")


@case("'amount'", "plausible range", "such as -")
def values_in_another_unit(place: Place) -> list[object]:
    return place.tune(loans().assign(amount=lambda f: -f["amount"]))


@case("'fractions-for-all'", "bank")
def unknown_explanation(place: Place) -> list[object]:
    frame = pd.DataFrame({"question": ["what is a half"] * 25, "explanation": ["fractions-for-all"] * 25})
    return [
        w if w != "id" else "grade"
        for w in place.tune(frame.assign(grade="6"), task="education.tutoring", label="explanation")
    ]


@case("'chuckle'", "kind, low")
def fields_file_with_an_unknown_key(place: Place) -> list[object]:
    toml = place.file("fields.toml", '[fields]\namount = { kind = "number", chuckle = 1 }\n')
    return place.tune(None, "--fields", toml)


# -- names and settings -----------------------------------------------------------------------------------------


@case("'finance.credt'", "'finance.credit'")
def unknown_task(place: Place) -> list[object]:
    return place.tune(task="finance.credt")


@case("'excel'", "taiwan")
def unknown_reader(place: Place) -> list[object]:
    return place.tune(None, "--reader", "excel")


@case("german.data", "2 cells instead of 21")
def reader_for_another_format(place: Place) -> list[object]:
    return place.tune(place.file("german.data", "\x01\x02 nothing"), "--reader", "statlog_german")


@case("'ranc'", "'rank'")
def unknown_setting(place: Place) -> list[object]:
    return place.tune(None, "--set", "ranc=4")


@case("'rank'", "name=value")
def setting_without_a_value(place: Place) -> list[object]:
    return place.tune(None, "--set", "rank")


@case("rank", "'four'", "whole number")
def setting_of_another_type(place: Place) -> list[object]:
    return place.tune(None, "--set", "rank=four")


@case("rank is 0", "dropout is 1.5")
def settings_out_of_range(place: Place) -> list[object]:
    return place.tune(None, "--set", "rank=0", "--set", "dropout=1.5")


@case("recipe.toml", "TOML", "line 1")
def recipe_that_is_no_toml(place: Place) -> list[object]:
    return place.tune(None, "--recipe", place.file("recipe.toml", "rank = = 4"))


@case("'ranks'", "'rank'")
def recipe_with_an_unknown_key(place: Place) -> list[object]:
    return place.tune(None, "--recipe", place.file("recipe.toml", "ranks = 4"))


@case("no recipe file", "absent.toml")
def recipe_that_is_not_there(place: Place) -> list[object]:
    return place.tune(None, "--recipe", place.folder / "absent.toml")


@case("seed is -1", "negative")
def negative_seed(place: Place) -> list[object]:
    return place.tune(None, "--seed", "-1")


@case("-2 threads", "at least 1")
def negative_threads(place: Place) -> list[object]:
    return place.predict(None, "--threads", "-2")


@case("epochs is nan", "learning_rate is inf")
def settings_that_are_no_numbers(place: Place) -> list[object]:
    return place.tune(None, "--epochs", "nan", "--set", "learning_rate=inf")


@case("wandb", "not installed")
def tracker_that_is_not_installed(place: Place) -> list[object]:
    if importlib.util.find_spec("wandb") is not None:
        pytest.skip("wandb is installed")
    return place.tune(None, "--positive", "yes", "--set", "tracker=wandb")


@case("layers", "'7-9'", "0 to 1")
def layers_that_the_backbone_has_not(place: Place) -> list[object]:
    return place.tune(None, "--positive", "yes", "--set", "layers=7-9")


@case("targets='foo'", "all-linear")
def modules_that_the_backbone_has_not(place: Place) -> list[object]:
    return place.tune(None, "--positive", "yes", "--set", "targets=foo")


@case("'job'", "times", "cannot be read")
def time_that_is_none(place: Place) -> list[object]:
    return place.tune(None, "--positive", "yes", "--time", "job")


@case("label column 'bad'")
def later_file_without_labels(place: Place) -> list[object]:
    return place.tune(None, "--positive", "yes", "--test", place.file("later.csv", loans(30).drop(columns="bad")))


@case("No column", "can be read as a field")
def every_column_ignored(place: Place) -> list[object]:
    return place.tune(None, "--ignore", "amount,job,note")


@case("positive label", "3 labels")
def positive_of_three_labels(place: Place) -> list[object]:
    return place.tune(loans().assign(bad=["a", "b", "c"] * 20), "--positive", "a")


@case("names no folder")
def out_that_names_nothing(place: Place) -> list[object]:
    return place.tune(None, "--positive", "yes", "--out", "")


@case("report", "cannot be written")
def report_where_a_file_stands(place: Place) -> list[object]:
    taken = place.file("taken", b"mine")
    return ["evaluate", place.run, "--quiet", "--no-baselines", "--out", taken, "--threads", "1"]


# -- where to write ---------------------------------------------------------------------------------------------


@case("cannot be written", "run")
def file_where_the_folder_should_be(place: Place) -> list[object]:
    place.file("taken", b"mine")
    return place.tune(None, "--out", place.folder / "taken" / "run")


@case("exists already", "--overwrite")
def out_exists(place: Place) -> list[object]:
    (place.folder / "run").mkdir()
    return place.tune()


@case("no unfinished run", "resume")
def nothing_to_resume(place: Place) -> list[object]:
    return place.tune(None, "--resume")


@case("unfinished run", "--resume", "--overwrite")
def unfinished_run_is_there(place: Place) -> list[object]:
    (place.folder / "run.partial").mkdir()
    (place.folder / "run.partial" / "losses.jsonl").write_text("{}\n")
    return place.tune()


@case("scored.csv", "exists already", "--overwrite")
def predictions_exist(place: Place) -> list[object]:
    place.file("scored.csv", b"precious")
    return place.predict()


@case("no folder", "nowhere")
def predictions_into_no_folder(place: Place) -> list[object]:
    return place.predict(None, "--out", place.folder / "nowhere" / "scored.csv")


@case("ending", "scored.txt", ".parquet")
def predictions_with_an_unknown_ending(place: Place) -> list[object]:
    return place.predict(None, "--out", place.folder / "scored.txt")


# -- backbones --------------------------------------------------------------------------------------------------


@case("no backbone folder", "nothing/here/at-all")
def backbone_missing(place: Place) -> list[object]:
    return place.tune(None, "--backbone", place.folder / "nothing/here/at-all")


@case("no .safetensors", "pickled")
def backbone_without_safetensors(place: Place) -> list[object]:
    folder = shutil.copytree(place.backbone, place.folder / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    return place.tune(None, "--backbone", folder)


@case("auto_map", "never")
def backbone_with_its_own_code(place: Place) -> list[object]:
    folder = shutil.copytree(place.backbone, place.folder / "coded")
    settings = json.loads((folder / "config.json").read_text()) | {"auto_map": {"AutoModel": "modeling.Mine"}}
    (folder / "config.json").write_text(json.dumps(settings))
    return place.tune(None, "--backbone", folder)


@case("config.json")
def backbone_that_is_any_folder(place: Place) -> list[object]:
    (place.folder / "any").mkdir()
    return place.tune(None, "--backbone", place.folder / "any")


@case("could not be loaded", "torn")
def backbone_with_torn_weights(place: Place) -> list[object]:
    folder = shutil.copytree(place.backbone, place.folder / "torn")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    return place.tune(None, "--backbone", folder)


@case("depth=9", "2 layers")
def deeper_than_the_backbone(place: Place) -> list[object]:
    return place.tune(None, "--set", "depth=9")


# -- runs and what is scored with them --------------------------------------------------------------------------


@case("There is no run", "absent")
def run_that_is_not_there(place: Place) -> list[object]:
    return place.predict(run=place.folder / "absent")


@case("lacks its file 'head.safetensors'")
def run_without_a_file(place: Place) -> list[object]:
    run = place.copy_of_run()
    (run / "head.safetensors").unlink()
    return place.predict(run=run)


@case("'adapter/adapter_model.safetensors'", "expected", "sha256")
def run_with_a_truncated_file(place: Place) -> list[object]:
    weights = place.copy_of_run() / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    return place.predict(run=place.folder / "copy")


@case("manifest.json", "not readable JSON")
def run_with_a_torn_manifest(place: Place) -> list[object]:
    manifest = place.copy_of_run() / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:200])
    return place.predict(run=place.folder / "copy")


@case("'prediction'", "rename")
def input_with_a_column_named_prediction(place: Place) -> list[object]:
    return place.predict(loans(12).assign(prediction="mine"))


@case("'amount'", "'a lot'", "number")
def words_where_the_run_needs_a_number(place: Place) -> list[object]:
    return place.predict(loans(12).assign(amount="a lot"))


@case("Line 9000", "cells")
def fault_in_the_second_chunk(place: Place) -> list[object]:
    good = loans(8998).drop(columns="bad").to_csv(index=False)
    return place.predict(place.file("new.csv", good + "1,2\n"))


@case("'bad'", "label")
def evaluation_without_labels(place: Place) -> list[object]:
    return ["evaluate", place.run, "--data", place.file("new.csv", loans(30).drop(columns="bad")), "--quiet", "--out",
            place.folder / "report", "--no-baselines"]  # fmt: skip


@case("'perhaps'", "no, yes")
def evaluation_with_unknown_labels(place: Place) -> list[object]:
    frame = loans(30)
    frame.loc[3, "bad"] = "perhaps"
    return ["evaluate", place.run, "--data", place.file("new.csv", frame), "--quiet", "--out", place.folder / "report",
            "--no-baselines"]  # fmt: skip


@case("changed since tuning", "loans.csv")
def evaluation_after_the_data_changed(place: Place) -> list[object]:
    run = place.copy_of_run()
    said = json.loads((run / "data.json").read_text())
    manifest = json.loads((run / "manifest.json").read_text())
    moved = str(place.file("loans.csv", loans(61)))
    said["source"] |= {"path": moved, "resolved": moved}
    (run / "data.json").write_text(json.dumps(said))
    import hashlib

    content = (run / "data.json").read_bytes()
    manifest["files"]["data.json"] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (run / "manifest.json").write_text(json.dumps(manifest))
    return ["evaluate", run, "--quiet", "--no-baselines"]


def check_sentence(err: str, says: tuple[str, ...]) -> None:
    """One line that starts with the program's name, holds these words and no traceback."""
    assert "Traceback" not in err
    assert err.startswith("verticals: ")
    assert len(err.strip().splitlines()) == 1, err
    assert err.rstrip().endswith((".", "?")), err
    assert len(err) < 900, "a sentence, not a listing"
    for words in says:
        assert words in err, f"{words!r} is not in: {err}"


@pytest.mark.parametrize(("make", "says"), [pytest.param(m, s, id=name.replace("_", " ")) for name, m, s in CASES])
def test_bad_input_is_told_in_one_sentence_and_leaves_nothing(
    make: Make, says: tuple[str, ...], place: Place, command: Callable[..., tuple[int, str, str]]
) -> None:
    words = make(place)
    before = contents(place.folder)
    code, _, err = command(*words)
    assert code == 2, err
    check_sentence(err, says)
    assert contents(place.folder) == before


def test_there_are_many_cases() -> None:
    assert len({name for name, *_ in CASES}) == len(CASES) >= 32


# -- what works, with a note ------------------------------------------------------------------------------------


def loud(words: list[object]) -> list[object]:
    """The same without --quiet."""
    return [word for word in words if word != "--quiet"]


def test_empty_column_and_infinite_numbers_work_with_a_note(
    place: Place, command: Callable[..., tuple[int, str, str]]
) -> None:
    frame = loans().assign(nothing=np.nan)
    frame["ratio"] = np.linspace(0, 1, len(frame)).round(3).astype(str)
    frame.loc[7, "ratio"] = "inf"
    words = loud(place.tune(frame, "--number", "nothing", "--number", "ratio", "--positive", "yes"))
    code, out, err = command(*words)
    assert code == 0, err
    assert "'nothing' is empty" in out + err
    assert "'ratio'" in out + err
    assert "infinite" in out + err
    assert (place.folder / "run" / "manifest.json").is_file()
    assert not (place.folder / "run.partial").exists()


def test_a_regression_refuses_words_as_values(place: Place) -> None:
    from verticals.core.registry import load_task
    from verticals.datasets.prepare import prepare

    task = replace(load_task("finance.credit"), kind="regression", labels=(), positive=None)
    with pytest.raises(DataError, match=r"'bad'.*number"):
        prepare(task, loans(), label="bad")


# -- a full disk ------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 80 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=80k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=False)


def no_part_is_left(folder: Path) -> bool:
    return not [p for p in folder.rglob("*") if p.name.endswith(".part")]


def test_disk_full_while_predicting(
    place: Place, small_disk: Path, command: Callable[..., tuple[int, str, str]]
) -> None:
    data = place.file("new.csv", loans(6000).drop(columns="bad"))
    for ending in ("csv", "jsonl", "parquet"):
        code, _, err = command(*place.predict(data, "--out", small_disk / f"scored.{ending}"))
        if code == 0:  # a compressed table may fit
            assert ending == "parquet"
            continue
        assert code == 2
        check_sentence(err, ("scored." + ending, "No space left"))
        assert list(small_disk.iterdir()) == []


def test_disk_full_while_tuning(place: Place, small_disk: Path, command: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = command(*place.tune(None, "--positive", "yes", "--out", small_disk / "run"))
    assert code == 2, err
    check_sentence(err, ("space",))
    assert not (small_disk / "run").exists()
    assert no_part_is_left(small_disk)


def test_file_size_limit_while_predicting(place: Place, command: Callable[..., tuple[int, str, str]]) -> None:
    """The same without the right to mount."""
    words = place.predict(loans(2000).drop(columns="bad"))
    old = place.file("scored.csv", b"yesterday's")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        code, _, err = command(*words, "--overwrite")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 2
    check_sentence(err, ("scored.csv", "cannot be written"))
    assert old.read_bytes() == b"yesterday's"
    assert sorted(os.listdir(place.folder)) == ["new.csv", "scored.csv"]
