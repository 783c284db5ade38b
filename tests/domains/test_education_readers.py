"""The readers on the real files (hand-counted) and on wrong layouts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from verticals.core.errors import DataError
from verticals.core.task import Reader
from verticals.domains.education.readers import (
    READERS,
    RUBRIC,
    read_bridge,
    read_gsm8k,
    read_mathdial,
    read_mrbench,
    read_tal_scq5k,
)

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def real(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"the public data set {name} is not on this machine")
    return DATA / name


def test_gsm8k_counts_and_first_record() -> None:
    frame = read_gsm8k(real("gsm8k") / "test.jsonl")
    assert len(frame) == 1319
    first = frame.iloc[0]
    assert (first["answer"], first["value"], first["calculations"]) == ("18", 18.0, 2)
    assert first["steps"].startswith("Janet sells 16 - 3 - 4 = 9 duck eggs a day.")
    assert frame["answer"][2] == "70000"
    assert not frame["steps"].str.contains("<<").any()
    assert len(read_gsm8k(real("gsm8k"))) == 7473 + 1319


def test_tal_scq5k_counts_and_options() -> None:
    frame = read_tal_scq5k(real("tal_scq5k") / "en_single_choice_train_3K.jsonl")
    assert len(frame) == 3000
    assert frame["letter"].value_counts().to_dict() == {"B": 758, "C": 749, "D": 709, "A": 527, "E": 256, "G": 1}
    assert all(answer in json.loads(options) for answer, options in zip(frame["answer"], frame["options"], strict=True))


def test_mathdial_counts_the_teachers_moves() -> None:
    frame = read_mathdial(real("mathdial"))
    assert frame["move"].value_counts().to_dict() == {"focus": 1259, "probing": 952, "generic": 890, "telling": 598}
    assert frame["dialogue"].nunique() == 599
    assert frame["problem"].nunique() == 394
    second = frame.iloc[1]
    assert second["response"].startswith("Okay -  you've overcomplicated this.")
    assert second["context"].startswith("Sure. I started by letting x be")


def test_bridge_counts() -> None:
    path = real("bridge")
    frame = read_bridge(path / "train.json")
    assert len(frame) == 419
    assert frame["error"].value_counts()["guess"] == 152
    assert frame["strategy"].value_counts()["ask_question"] == 126
    assert len(read_bridge(path)) == 419 + 71 + 210
    assert read_bridge(path / "test.json")["context"][0] == "hexagon"


def test_mrbench_counts_and_last_turns() -> None:
    frame = read_mrbench(real("mrbench"))
    assert len(frame) == 2476
    assert frame["dialogue"].nunique() == 300
    assert frame["session"].nunique() == 287  # thirteen lessons gave two dialogues each
    marks = frame["Mistake_Identification"].value_counts().to_dict()
    assert marks == {"Yes": 1932, "No": 370, "To some extent": 174}
    assert frame["Providing_Guidance"].value_counts()["Yes"] == 1407
    assert (frame["student"].str.len() > 0).all()
    assert (frame["last"].str.len() > 0).all()
    first = frame.iloc[0]
    assert first["tutor"] == "Sonnet"
    assert first["student"] == "The cost of 1 pound of meat is $7.00."
    assert first["last"] == "What is the cost of 1 pound of meat?"


def test_mrbench_without_annotation_keeps_the_reply(tmp_path: Path) -> None:
    history = "Tutor: What is 2 + 3?\u00a0\n\u00a0Student: It is 6.\nI counted: one\u00a0two."
    reply = {"A": {"response": "Count again."}}
    file = tmp_path / "replies.json"
    file.write_text(
        json.dumps([{"conversation_id": "c1", "conversation_history": history, "tutor_responses": reply}]), "utf-8"
    )
    (row,) = read_mrbench(file).to_dict(orient="records")
    assert row["student"] == "It is 6.\nI counted: one two."
    assert row["last"] == "What is 2 + 3?"
    assert [row[question] for question in RUBRIC] == [None] * 4


def test_gsm8k_reads_commas_and_negative_numbers(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"question": "q ", "answer": "a <<1+1=2>>2\\n#### -1,200"}\n\n', "utf-8")
    (row,) = read_gsm8k(file).to_dict(orient="records")
    assert row == {"question": "q", "steps": "a 2", "calculations": 1, "answer": "-1200", "value": -1200.0}


LAID_OUT = ("gsm8k", "tal_scq5k", "mathdial", "bridge", "mrbench", "xapi")
"""Readers of JSON records with fixed keys; the others are tested with their formats."""


@pytest.mark.parametrize(
    "reader", [one for one in READERS if one.name in LAID_OUT], ids=lambda reader: str(reader.name)
)
def test_a_wrong_layout_is_named(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"nothing for the reader '{reader.name}'"):
        reader.read(tmp_path)
    file = tmp_path / "x.json"
    file.write_text('[{"a": 1}]' if reader.name in ("bridge", "mrbench") else '{"a": 1}', "utf-8")
    with pytest.raises(DataError, match="has no "):
        reader.read(file)
    file.write_text("{not json", "utf-8")
    with pytest.raises(DataError, match="is not JSON"):
        reader.read(file)
    file.write_text("[]" if reader.name in ("bridge", "mrbench") else "\n", "utf-8")
    with pytest.raises(DataError, match="holds no records"):
        reader.read(file)
    with pytest.raises(DataError, match=r"cannot be read|nothing for the reader"):
        reader.read(tmp_path / "missing")


def test_the_readers_are_named_once() -> None:
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)
    assert {*LAID_OUT, "chat", "qti", "assist2009"} == set(names)


def test_particular_faults_are_named(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"question": "q", "answer": "twelve"}', "utf-8")
    with pytest.raises(DataError, match="does not end in '#### number'"):
        read_gsm8k(file)
    options = [[{"aoVal": "A", "content": "1"}], [{"aoVal": "B", "content": "2"}]]
    record = {"queId": "1", "problem": "p", "answer_option_list": options, "answer_value": "C"}
    file.write_text(json.dumps(record), "utf-8")
    with pytest.raises(DataError, match="none of the options A, B"):
        read_tal_scq5k(file)
    file.write_text('{"a": 1}', "utf-8")
    with pytest.raises(DataError, match="holds a JSON dict"):
        read_mrbench(file)
    entry = {"conversation_id": "c", "conversation_history": "", "tutor_responses": {"A": {}}}
    file.write_text(json.dumps([entry]), "utf-8")
    with pytest.raises(DataError, match="'A' has no 'response'"):
        read_mrbench(file)
