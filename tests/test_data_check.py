"""`verticals data check` as a user runs it: what it says, what it writes, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

Command = Callable[..., tuple[int, str, str]]
Run = Callable[..., tuple[int, str]]


def loans(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Applications whose default depends on income and debts, with noise."""
    random = np.random.default_rng(seed)
    income, debts = random.lognormal(8, 0.5, rows).round(0), random.poisson(2, rows)
    risk = 1 / (1 + np.exp(np.log(income) - 8 - 0.6 * (debts - 2)))
    return pd.DataFrame(
        {
            "income": income,
            "debts": debts,
            "job": random.choice(["clerk", "nurse", "driver"], rows),
            "bad": np.where(random.random(rows) < risk, "yes", "no"),
        }
    )


@pytest.fixture
def run(command: Command) -> Run:
    """`verticals data check` with these words: its status, and both its outputs."""

    def check(*words: object) -> tuple[int, str]:
        status, out, error = command("data", "check", *words)
        return status, out + error

    return check


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "loans.csv"
    loans().to_csv(path, index=False)
    return path


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """A column that restates the label, and ten rows that stand twice."""
    frame = loans()
    frame["state"] = np.where(frame["bad"] == "yes", "written off", "paid")
    path = tmp_path / "leaky.csv"
    pd.concat([frame, frame.iloc[:10]]).to_csv(path, index=False)
    return path


def test_clean_data_passes(run: Run, clean: Path) -> None:
    status, said = run(clean, "--label", "bad", "--positive", "yes")
    assert status == 0
    assert "STOP" not in said
    assert said.splitlines()[0] == "loans.csv: 400 rows, as table.label"


def test_a_stop_is_status_1_and_names_the_column(run: Run, leaky: Path) -> None:
    status, said = run(leaky, "--label", "bad")
    assert status == 1
    assert "STOP  giveaways" in said
    assert "'state' alone" in said
    assert "--ignore state" in said


def test_an_accepted_stop_is_shown_and_passes(run: Run, leaky: Path) -> None:
    status, said = run(leaky, "--label", "bad", "--accept", "giveaways")
    assert status == 0
    assert "-> Accepted." in said
    assert run(leaky, "--label", "bad", "--ignore", "state")[0] == 0


def test_the_files_hold_the_same(run: Run, leaky: Path, tmp_path: Path) -> None:
    as_json, page = tmp_path / "found.json", tmp_path / "found.html"
    assert run(leaky, "--label", "bad", "--json", as_json, "--html", page)[0] == 1
    found = json.loads(as_json.read_text())
    assert found["counts"]["stop"] == 1
    assert (found["rows"], found["source"], found["task"]) == (410, "leaky.csv", "table.label")
    stop = next(one for one in found["findings"] if one["level"] == "stop")
    assert (stop["check"], stop["field"]) == ("giveaways", "state")
    assert stop["message"].split()[:3] == ["The", "column", "'state'"]
    text = page.read_text()
    assert text.lower().startswith("<!doctype html>")
    assert "state" in text
    assert "<script" not in text


def test_rows_that_cannot_be_read_are_written_aside(run: Run, clean: Path, tmp_path: Path) -> None:
    lines = clean.read_text().splitlines()
    lines.insert(6, "1,2,3")
    broken, aside = tmp_path / "broken.csv", tmp_path / "aside.jsonl"
    broken.write_text("\n".join(lines) + "\n")
    assert run(broken, "--label", "bad")[0] == 2
    status, said = run(broken, "--label", "bad", "--rejects", aside)
    assert status == 0
    assert "1 row of 401 could not be read" in said
    assert [json.loads(line)["place"] for line in aside.read_text().splitlines()] == ["Line 7 of broken.csv"]


def test_the_layout_of_a_reader_is_found(run: Run, tmp_path: Path) -> None:
    from verticals.core.registry import load_task

    task = load_task("finance.credit")
    path = tmp_path / "german.data"
    row = "A11 6 A34 A43 1169 A65 A75 4 A93 A101 4 A121 67 A143 A152 2 A173 1 A192 A201 {}\n"
    path.write_text("".join(row.format(1 + number % 2) for number in range(40)))
    assert any(one.name == "statlog_german" for one in task.readers)
    said = run(path, "--task", "finance.credit")[1]
    assert "--reader statlog_german" in said
    assert "40 rows" in said


def test_data_without_the_label_is_looked_at_and_this_is_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "asked.csv"
    pd.DataFrame({"question": [f"What is {n} plus {n * 7 % 13}?" for n in range(60)]}).to_csv(path, index=False)
    status, said = run(path, "--task", "education.tutoring")
    assert status == 0
    assert "has no label column 'explanation'" in said
    status, said = run(path, "--task", "education.tutoring", "--label", "answer")
    assert status == 2
    assert "no column 'answer'" in said


def test_what_is_needed_is_said(run: Run) -> None:
    status, said = run("nowhere.csv", "--label", "bad")
    assert status == 2
    assert "There is no file 'nowhere.csv'" in said
    assert "--json" in run("--help")[1]
