"""The gate: what is refused, what the checks find, what stops `prepare`, and in which words it is told."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.core.task import Field, Kind, Metric, SafetyPolicy, Schema, Task
from verticals.datasets import gate as gate_module
from verticals.datasets.checks import CHECKS, load_checks
from verticals.datasets.finding import Check, Finding, Material
from verticals.datasets.gate import check, check_files, stopped
from verticals.datasets.gate_page import gate_page
from verticals.datasets.gate_result import GateResult
from verticals.datasets.prepare import prepare, prepare_again
from verticals.datasets.refusals import gate
from verticals.datasets.table import write_table

NOTHING = Metric("nothing", "Nothing", lambda scored: 0.0)


def task(kind: Kind = "classification", label: str = "label", **more: Any) -> Task:
    return Task("test.case", "1", "A case", kind, label, (NOTHING,), SafetyPolicy("Not advice."), **more)


PRESSURE = Field("bp", "number", unit="mm[Hg]", low=40, high=300)
SCHEMA = Schema((PRESSURE, Field("t", "text")), "label", ("a", "b"))


def rows(**changed: Any) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "bp": [float(60 + i) for i in range(40)],
            "t": [f"words of row {i}" for i in range(40)],
            "label": ["a", "b"] * 20,
        }
    )
    return frame.assign(**changed)


def test_good_rows_pass_without_a_word() -> None:
    passed = gate(rows(), SCHEMA, task())
    assert passed.notes == ()
    assert len(passed.rows) == 40


def test_rows_without_a_label_are_left_out_and_counted() -> None:
    frame = rows(label=[None, "a", "b", "a"] * 10)
    passed = gate(frame, SCHEMA, task())
    assert passed.rows.index.tolist() == [i for i in range(40) if i % 4]
    assert passed.notes[0] == "10 of 40 rows have no label in 'label' and are left out."
    with pytest.raises(DataError, match="No row has a label in 'label'"):
        gate(rows(label=None), SCHEMA, task())


def test_too_few_rows_and_one_label() -> None:
    with pytest.raises(DataError, match="Only 19 rows have a label, but tuning needs at least 20"):
        gate(rows().head(19), SCHEMA, task())
    with pytest.raises(DataError, match="same label 'a' in 'label'"):
        gate(rows(label="a"), SCHEMA, task())
    with pytest.raises(DataError, match=r"same label '1\.5'"):
        gate(rows(label=1.5), Schema(SCHEMA.fields, "label"), task("regression"))


def test_an_unknown_label_is_guessed() -> None:
    known = Schema(SCHEMA.fields, "label", ("angina", "asthma"))
    frame = rows(label=["angina", "asthma"] * 19 + ["angina", "astma"])
    with pytest.raises(DataError, match=r"label 'astma' in row 40 is not one of this task's \(1 such rows\).*'asthma'"):
        gate(frame, known, task(labels=("angina", "asthma")))
    with pytest.raises(DataError, match=r"positive label 'angin' is not among the labels. Did you mean 'angina'"):
        gate(frame.head(39), Schema(SCHEMA.fields, "label", ("angina", "asthma"), positive="angin"), task())


def test_a_column_in_another_unit() -> None:
    values = [float(60 + i) for i in range(40)]
    values[16] = 12000.0
    assert gate(rows(bp=values), SCHEMA, task()).notes == ()  # one such value is for a check to tell
    with pytest.raises(DataError, match=r"40 of 40 values of 'bp' .* such as 8\.5 in row 1; the unit must be mm\[Hg\]"):
        gate(rows(bp=8.5), SCHEMA, task())
    one_sided = Schema((Field("bp", "number", low=100), Field("t", "text")), "label", ("a", "b"))
    with pytest.raises(DataError, match="at least 100"):
        gate(rows(bp=8.5), one_sided, task())


def test_labels_that_differ_in_spelling_are_noted() -> None:
    frame = rows(label=["a", "b", "A", "A"] + ["a", "b"] * 18)
    notes = gate(frame, Schema(SCHEMA.fields, "label", ("A", "a", "b")), task()).notes
    assert any("The labels 'A' and 'a' differ in spelling only" in note for note in notes)


def test_the_answer_must_be_a_candidate_of_the_bank() -> None:
    bank = pd.DataFrame({"id": ["sign-error", "off-by-one"], "text": ["loses a sign", "counts one too many"]})
    choice = Schema(SCHEMA.fields, "label")
    gate(rows(label=["sign-error", "off-by-one"] * 20), choice, task("choice"), bank)
    with pytest.raises(DataError, match=r"answer 'sign-eror' in row 2 is not in the bank.*Did you mean 'sign-error'"):
        gate(rows(label=["off-by-one", "sign-eror"] * 20), choice, task("choice"), bank)


def test_the_answer_must_be_one_of_the_candidates_of_its_row() -> None:
    choice, own = Schema(SCHEMA.fields, "label"), task("choice", candidates="options")
    good = rows(options='["yes", "no"]', label=["yes", "1"] * 20)
    assert len(gate(good, choice, own).rows) == 40
    for wrong, said in (("2", "is none of its 2 candidates"), ("maybe", "'maybe' in row 1 is none")):
        with pytest.raises(DataError, match=said):
            gate(good.assign(label=wrong), choice, own)
    with pytest.raises(DataError, match="row 1 are not a JSON list"):
        gate(good.assign(options="yes, no"), choice, own)
    with pytest.raises(DataError, match="has no column 'options'"):
        gate(rows(), choice, own)


# -- checks -----------------------------------------------------------------------------------------------------


def material(frame: pd.DataFrame | None = None, **more: Any) -> Material:
    frame = rows() if frame is None else frame
    return Material(task(), SCHEMA, frame, frame, **more)


def note(_: Material) -> list[Finding]:
    return [Finding("long_texts", "note", "2 of 40 texts are long.", "", count=2, total=40)]


def copies(found: Material) -> list[Finding]:
    """A check as simple as one can be: texts that stood there before."""
    again = found.raw[found.raw["t"].duplicated()]
    if again.empty:
        return []
    message = f"{len(again)} of {len(found.raw)} rows repeat a text, such as row {again.index[0] + 1}."
    places = tuple(int(i) for i in again.index)
    return [
        Finding(
            "copies", "stop", message, "Take them out.", len(again), len(found.raw), places,
            field="t", examples=("row 2: words of row 0",), figures={"share": np.float64(0.5), "gap": float("nan")},
            fix="drop",
        )
    ]  # fmt: skip


def broken(_: Material) -> list[Finding]:
    raise ValueError("the patient's name is Ann")


SMALL: dict[str, Check] = {"long_texts": note, "broken": broken, "copies": copies}
TWICE = rows(t=["words of row 0"] * 2 + [f"words of row {i}" for i in range(2, 40)])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three checks instead of all."""
    monkeypatch.setattr(gate_module, "load_checks", lambda: SMALL)


def test_the_gravest_comes_first_and_a_broken_check_hides_nothing() -> None:
    heard: list[str] = []
    result = check(material(TWICE), checks=SMALL, source="x.csv", say=heard.append)
    assert [(one.check, one.level) for one in result.findings] == [
        ("copies", "stop"),
        ("broken_not_made", "warn"),
        ("long_texts", "note"),
    ]
    assert heard == ["long_texts", "broken", "copies"]
    assert set(result.seconds) == set(SMALL)
    assert [len(result.stops), len(result.warns), len(result.notes)] == [1, 1, 1]
    said = result.warns[0].message
    assert said.startswith("The check broken could not be made (ValueError in line ")
    assert "Ann" not in said, "the words of an error may hold what stands in a record"


def test_a_stop_says_its_remedy_and_how_to_pass() -> None:
    result = check(material(TWICE), checks=SMALL)
    error = stopped(result)
    assert str(error) == (
        "1 of 40 rows repeat a text, such as row 2; take them out, or name it in accept='copies' (--accept copies) if "
        "you know why it is so."
    )
    assert stopped(check(material(TWICE), checks=SMALL, accept=["copies"])) is None
    assert stopped(check(material(TWICE), checks=SMALL, accept="copies")) is None  # type: ignore[arg-type]
    assert stopped(check(material(TWICE), checks=SMALL, accept=["long_texts"])) is not None
    assert stopped(check(material(), checks=SMALL)) is None
    refused = GateResult((Finding("refused", "stop", "No label.", "Give one."),), 40, accepted=("refused",))
    assert stopped(refused) is not None


def test_the_result_as_json() -> None:
    result = check(material(TWICE), checks=SMALL, source="x.csv", accept=["copies"])
    said = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert said["schema_version"] == 1
    assert said["counts"] == {"stop": 1, "warn": 1, "note": 1}
    assert (said["rows"], said["test_rows"], said["task"], said["source"]) == (40, None, "test.case", "x.csv")
    first = said["findings"][0]
    assert (first["rows"], first["accepted"], first["figures"]) == ([1], True, {"share": 0.5, "gap": None})
    assert first["examples"] == ["row 2: words of row 0"]
    kept = result.kept()
    assert "words of row 0" not in json.dumps(kept)
    many = GateResult((Finding("copies", "warn", "Many.", "", rows=tuple(range(5000))),), 5000)
    assert len(many.kept()["findings"][0]["rows"]) == 100
    assert len(many.to_dict()["findings"][0]["rows"]) == 5000


def test_the_table_fits_a_terminal() -> None:
    wide = Finding(
        "overlap", "warn", "很" * 150 + " " + "x" * 300 + " seen in row 1\x1b[31m.", "Take " + "them " * 60 + "out.",
        examples=("例" * 90,),
    )  # fmt: skip
    result = check(material(TWICE), checks=SMALL, source="x.csv", found=[wide], accept=["copies"])
    lines = result.text().splitlines()
    import unicodedata

    widths = [sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in lines]
    assert max(widths) <= 100
    assert "\x1b" not in result.text()
    assert lines[0] == "x.csv: 40 rows, as test.case"
    assert lines[2].startswith("STOP  copies")
    assert any("Accepted" in line for line in lines)
    assert lines[-1].startswith("1 stop, 2 warnings, 1 note; ")
    joined = "".join(line.strip() for line in lines)
    assert joined.count("很") == 150
    assert joined.count("例") == 90
    assert GateResult((), 3, source="y.csv").text().splitlines()[-1].startswith("0 stops, 0 warnings, 0 notes")


def test_sentences_hold_the_remedy_where_something_is_to_be_done() -> None:
    said = check(material(TWICE), checks=SMALL, accept=["copies"]).sentences()
    assert said[0] == "1 of 40 rows repeat a text, such as row 2. Take them out. It was accepted."
    assert said[2] == "2 of 40 texts are long."


class Tags(HTMLParser):
    """Every tag that is opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)


def test_the_page_shows_and_never_runs_what_stands_in_the_data() -> None:
    hostile = Finding("x", "warn", "Row 1 holds <script>alert(1)</script>.", "", examples=("<img src=x>",))
    html = gate_page(check(material(), checks=SMALL, source="<b>.csv", found=[hostile]).to_dict())
    tags = Tags(html).names
    assert "&lt;script&gt;" in html
    assert not {"script", "img", "b", "a", "link"} & set(tags)
    assert "default-src 'none'" in html
    assert html.lstrip().startswith("<!doctype html>")


def test_every_check_is_there_and_named_once() -> None:
    found = load_checks()
    assert len(found) == len(CHECKS) == len(set(CHECKS))
    assert all(callable(one) for one in found.values())


# -- before tuning ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_a_stop_keeps_prepare_from_going_on(tmp_path: Path) -> None:
    write_table(TWICE, tmp_path / "x.csv")
    with pytest.raises(DataError, match=r"repeat a text, such as row 2; take them out, or name it in accept='copies'"):
        prepare(task(), tmp_path / "x.csv")
    data = prepare(task(), tmp_path / "x.csv", accept=["copies"])
    assert data.gate["findings"][0]["accepted"] is True
    assert data.gate["source"] == "x.csv"
    assert data.source["accept"] == ["copies"]
    json.dumps(data.gate, allow_nan=False)
    assert "words of row" not in json.dumps(data.gate)
    assert "1 of 40 rows repeat a text, such as row 2. Take them out. It was accepted." in data.notes
    again = prepare_again(json.loads(json.dumps(data.source)), task())
    assert (again.fingerprint, again.notes) == (data.fingerprint, data.notes)
    assert {**again.gate, "seconds": 0} == {**data.gate, "seconds": 0}


@pytest.mark.usefixtures("small")
def test_what_was_tuned_under_older_checks_can_be_fetched(tmp_path: Path) -> None:
    write_table(TWICE, tmp_path / "x.csv")
    data = prepare(task(), tmp_path / "x.csv", accept=["copies"])
    older = {key: value for key, value in data.source.items() if key != "accept"}
    with pytest.raises(DataError, match="repeat a text"):
        prepare_again(older, task())
    again = prepare_again(older, task(), checked=False)
    assert again.fingerprint == data.fingerprint
    assert again.gate == {}


def test_checks_see_the_labelled_rows_and_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Material] = []

    def look(found: Material) -> list[Finding]:
        seen.append(found)
        return []

    monkeypatch.setattr(gate_module, "load_checks", lambda: {"look": look})
    frame = rows(label=["a", None, "b", "a"] * 10)
    prepare(task(), frame, test=rows(label=["a", "b", None, "b"] * 10))
    assert len(seen) == 1
    one = seen[0]
    assert not one.thorough
    assert one.rows.index.tolist() == one.raw.index.tolist() == [i for i in range(40) if i % 4 != 1]
    assert one.test is not None
    assert one.test_raw is not None
    assert one.test.index.tolist() == one.test_raw.index.tolist() == [i for i in range(40) if i % 4 != 2]
    check_files(None, frame, label="label")
    assert seen[1].thorough
    assert len(seen[1].rows) == 40
    assert len(seen[1].labelled) == 30


# -- files ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_any_table_with_a_label_can_be_checked(tmp_path: Path) -> None:
    write_table(TWICE, tmp_path / "x.csv")
    for source in (tmp_path / "x.csv", TWICE):
        result = check_files(None, source, label="label")
        assert [one.check for one in result.stops] == ["copies"]
        assert result.task == "table.label"
    with pytest.raises(DataError, match=r"Neither a task nor a label was named.*There is: bp, t, label"):
        check_files(None, TWICE)
    amounts = rows(label=np.linspace(0, 1, 40)).assign(label=np.linspace(0, 1, 40))
    with pytest.raises(DataError, match="no column 'truth'"):
        check_files(None, amounts, label="truth")


@pytest.mark.usefixtures("small")
def test_what_prepare_refuses_is_a_stop_and_the_rest_is_checked() -> None:
    result = check_files(
        task(labels=("a", "b")), TWICE.assign(label=["a", "b", "c", "a"] * 10), TWICE.assign(label="d")
    )
    assert [(one.check, one.part) for one in result.stops] == [
        ("refused", "data"),
        ("refused", "test"),
        ("copies", "data"),
    ]
    assert result.stops[0].message == "The label 'c' in row 3 is not one of this task's (10 such rows)."
    assert result.stops[0].remedy.startswith("Rename it or name another label column.")
    assert result.stops[1].message.startswith("Test rows: The label 'd' in row 1 ")
    few = check_files(task(), TWICE.head(8))
    assert few.stops[0].message == "Only 8 rows have a label, but tuning needs at least 20."


@pytest.mark.usefixtures("small")
def test_rows_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    lines = ["bp,t,label", *(f"{60 + i},words of row {i},{'ab'[i % 2]}" for i in range(40))]
    lines[5] += ",more"
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match="Line 6"):
        check_files(None, tmp_path / "x.csv", label="label")
    result = check_files(None, tmp_path / "x.csv", label="label", rejects=tmp_path / "x.rejects.jsonl")
    assert result.rows == 39
    one = result.warns[0]
    assert one.message == "1 row of 40 could not be read and was set aside, the first: Line 6 of x.csv."
    assert one.remedy.startswith(f"Mend them by what {tmp_path / 'x.rejects.jsonl'} says")
    kept = [json.loads(line) for line in (tmp_path / "x.rejects.jsonl").read_text().splitlines()]
    assert [row["content"] for row in kept] == [lines[5]]
    data = prepare(task(), tmp_path / "x.csv", rejects=tmp_path / "x.rejects.jsonl")
    assert len(data.train) + len(data.validation) + len(data.test) == 39
    assert any("1 row of 40 could not be read" in note for note in data.notes)
    again = prepare_again(json.loads(json.dumps(data.source)), task())
    assert (again.fingerprint, again.notes) == (data.fingerprint, data.notes)
    for line in (8, 10):
        lines[line] += ",more"
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"3 rows of 40 could not be read .*--accept rejected_rows"):
        prepare(task(), tmp_path / "x.csv", rejects=tmp_path / "x.rejects.jsonl")
    prepare(task(), tmp_path / "x.csv", rejects=tmp_path / "x.rejects.jsonl", accept="rejected_rows")


@pytest.mark.parametrize("name", ["x.csv", "x.txt", "none/x.jsonl", ""])
def test_a_reject_file_that_cannot_be(tmp_path: Path, name: str) -> None:
    write_table(TWICE, tmp_path / "x.csv")
    before = (tmp_path / "x.csv").read_bytes()
    with pytest.raises(DataError):
        check_files(None, tmp_path / "x.csv", label="label", rejects=tmp_path / name)
    assert (tmp_path / "x.csv").read_bytes() == before
