"""Chats, QTI item banks, xAPI statements and response sequences: small files that keep to their standards."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.datasets.rejects import collecting
from verticals.domains.education.readers import read_assist2009, read_chat, read_qti, read_xapi
from verticals.domains.education.readers_xapi import seconds_of

FILES = Path(__file__).parent / "education_files"
DATA = Path(__file__).parents[2].parent / "shared" / "data"


# Chats ---------------------------------------------------------------------------------------------------------------


def test_a_chat_gives_its_last_question_with_what_came_before() -> None:
    frame = read_chat(FILES / "chat.jsonl")
    assert frame["conversation"].tolist() == ["c-1", "2", "3"]
    first, second, third = frame.to_dict("records")
    assert first["system"] == "You are a patient tutor."
    assert first["history"] == "user: what is 1/2 + 1/3\nassistant: What do the two bottoms need to be?"
    assert first["question"] == "the same?\n6?"
    assert first["answer"] == "Yes, 3/6 + 2/6 = 5/6."
    assert (second["system"], second["question"], second["answer"]) == (
        "Answer in one sentence.",
        "what is this shape",
        "It is a kite.",
    )
    assert (third["question"], third["turns"]) == ("is 1 a prime?", 1)
    assert pd.isna(third["answer"])


def test_sharegpt_is_the_same_with_other_names() -> None:
    first, second = read_chat(FILES / "sharegpt.json").to_dict("records")
    assert (first["question"], first["answer"], first["turns"]) == ("oh it goes up by 3", "Exactly.", 4)
    assert first["history"].startswith("user: why is -2 times -3 positive\nassistant: Look")
    assert second["question"] == "中位数是什么"


def test_one_chat_may_be_written_over_several_lines(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text(json.dumps({"messages": [{"role": "user", "content": "hi"}]}, indent=2), "utf-8")
    assert read_chat(file)["question"].tolist() == ["hi"]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ([], "it is a JSON list"),
        ({"turns": []}, "no 'messages'"),
        ({"messages": []}, "no list of messages"),
        ({"messages": ["hi"]}, "no 'role' in message 1"),
        ({"messages": [{"role": "pupil", "content": "hi"}]}, "the speaker 'pupil' in message 1"),
        ({"messages": [{"role": "user", "content": 7}]}, "a int as the content of message 1"),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, "no words of a user's"),
    ],
)
def test_a_faulty_chat_is_named_and_can_be_set_aside(record: object, said: str, tmp_path: Path) -> None:
    file = tmp_path / "chats.jsonl"
    good = {"messages": [{"role": "user", "content": "hi"}]}
    file.write_text("\n".join(json.dumps(one) for one in (good, record, good)), "utf-8")
    with pytest.raises(DataError, match=said):
        read_chat(file)
    with collecting() as rejects:
        frame = read_chat(file)
    assert frame["conversation"].tolist() == ["1", "3"]
    (row,) = rejects.rows
    assert row["place"] == f"Line 2 of {file}"
    assert row["content"] == record


# QTI -----------------------------------------------------------------------------------------------------------------


def packed(tmp_path: Path, folder: Path = FILES / "bank", **more: bytes) -> Path:
    target = tmp_path / "bank.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for file in sorted(folder.rglob("*.xml")):
            package.write(file, file.relative_to(folder).as_posix())
        for name, content in more.items():
            package.writestr(name, content)
    return target


def test_an_item_bank_reads_alike_from_a_folder_and_from_a_package(tmp_path: Path) -> None:
    folder, package = read_qti(FILES / "bank"), read_qti(packed(tmp_path))
    assert folder["item"].tolist() == ["add-fractions-1", "primes-1", *["rectangle-1"] * 3, "median-1"]
    assert folder["kind"].tolist() == ["choice", "multiple", "text", "inline", "text", "choice"]
    assert folder.drop(columns="file").equals(package.drop(columns="file"))
    assert "1 of the resources" in package.attrs["notes"][0]


def test_words_candidates_and_key_of_each_kind() -> None:
    rows = read_qti(FILES / "bank").to_dict("records")
    assert rows[0]["question"] == "A pizza is cut in equal pieces.\nWhat is 2 1/3+1/2?"
    assert json.loads(rows[0]["candidates"]) == ["2 2/5", "2 5/6", "none of these"]
    assert (rows[0]["answer"], rows[0]["title"]) == ("2 5/6", "Adding fractions")
    assert rows[1]["question"] == "Mark every prime number below 3^3."
    assert json.loads(rows[1]["answer"]) == ["2", "11"]
    assert rows[2]["question"] == (
        "A garden is 6 m by 4 m. [picture: a rectangle, 6 m by 4 m]\nIts area is ____ square metres.\n"
        "The fence is as long as the (…), counted in (…)."
    )
    assert (rows[2]["answer"], json.loads(rows[2]["accepted"])) == ("24", ["24"])
    assert (rows[3]["answer"], json.loads(rows[3]["candidates"])) == ("perimeter", ["area", "perimeter"])
    assert (rows[4]["answer"], json.loads(rows[4]["accepted"])) == ("m", ["m", "cm"])
    assert rows[5]["question"] == "Mon 3\nTue 9\nWed 5\nWhat is the median?"
    assert (rows[5]["answer"], rows[5]["file"]) == ("5", "items/median.xml")


ITEM = (FILES / "bank" / "items" / "add-fractions.xml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<value>B</value>", "<value>D</value>", "right response 'D', which is none of A, B, C"),
        ("<value>B</value>", "<value>B</value><value>A</value>", "2 right responses where one is allowed"),
        ('identifier="RESPONSE" c', 'identifier="OTHER" c', "'RESPONSE', which has no responseDeclaration"),
        ("choiceInteraction", "orderInteraction", "holds a orderInteraction"),
        ("assessmentItem", "assessmentTest", "root element 'assessmentTest'"),
        ("itemBody", "body", "no itemBody"),
        ("<b>equal</b>", '<printedVariable identifier="n"/>', "computed when it is taken"),
        ("<b>equal</b>", "&equal;", "is not XML"),
        ('identifier="C"', 'identifier="A"', "with that of another"),
        ('identifier="add-fractions-1"', "", "no identifier"),
    ],
)
def test_a_faulty_item_is_named_and_can_be_set_aside(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in ITEM
    (tmp_path / "a.xml").write_text(ITEM.replace(old, new), "utf-8")
    (tmp_path / "b.xml").write_text(ITEM, "utf-8")
    with pytest.raises(DataError, match=said):
        read_qti(tmp_path / "a.xml")
    with collecting() as rejects:
        assert read_qti(tmp_path)["file"].tolist() == ["b.xml"]
    assert len(rejects) == (0 if "Test" in new else 1)  # a test in a folder is no item at all, and is noted


BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<assessmentItem identifier="x"><itemBody>&b;</itemBody></assessmentItem>"""


def test_entities_and_outside_references_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "bomb.xml"
    file.write_text(BOMB, "utf-8")
    with pytest.raises(DataError, match="defines entities"):
        read_qti(file)
    file.write_text(BOMB.replace('<!ENTITY a "ha">', '<!ENTITY a SYSTEM "file:///etc/passwd">'), "utf-8")
    with pytest.raises(DataError, match="defines entities"):
        read_qti(file)


@pytest.mark.parametrize(
    "name", ["../outside.xml", "/etc/outside.xml", "a/../../b.xml", "..\\outside.xml", "C:\\x.xml"]
)
def test_a_package_with_a_name_that_leaves_it_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="leads out of the package"):
        read_qti(packed(tmp_path, **{name: b"<x/>"}))


@pytest.mark.parametrize("href", ["../../outside.xml", "/etc/passwd", ""])
def test_a_manifest_that_points_outside_is_refused(href: str, tmp_path: Path) -> None:
    (tmp_path / "outside.xml").write_text(ITEM, "utf-8")
    folder = tmp_path / "pack" / "in"
    (folder / "items").mkdir(parents=True)
    manifest = (FILES / "bank" / "imsmanifest.xml").read_text("utf-8")
    (folder / "imsmanifest.xml").write_text(manifest.replace('href="primes.xml"', f'href="{href}"'), "utf-8")
    for file in (FILES / "bank" / "items").iterdir():
        (folder / "items" / file.name).write_text(file.read_text("utf-8"), "utf-8")
    with collecting() as rejects:
        frame = read_qti(folder)
    assert len(frame) == 5
    assert len(rejects) == 1


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.xml").write_text(ITEM, "utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xml").symlink_to(tmp_path / "secret.xml")
    with pytest.raises(DataError, match="not in the folder"):
        read_qti(tmp_path / "in")


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    package = packed(tmp_path)
    with zipfile.ZipFile(package, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("items/unlisted.xml", b" " * (40 << 20))
    assert len(read_qti(package)) == 6  # what the manifest does not list is never unpacked
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("imsmanifest.xml", b" " * (40 << 20))
    with pytest.raises(DataError, match="larger than 16 MiB"):
        read_qti(tmp_path / "bomb.zip")


def test_packages_that_are_none_are_named(tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(DataError, match="no complete zip file"):
        read_qti(file)
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("a.xml", ITEM)
    with pytest.raises(DataError, match=r"has no imsmanifest\.xml"):
        read_qti(file)


# xAPI ----------------------------------------------------------------------------------------------------------------


def test_statements_become_rows_without_people() -> None:
    frame = read_xapi(FILES / "xapi.jsonl", key="")
    assert frame["verb"].tolist() == ["answered", "answered", "completed", "voided"]
    assert frame["pupil"][0] == frame["pupil"][1], "an address and its SHA-1 are the same person"
    assert frame["pupil"].nunique() == 3
    assert frame["name"].tolist()[0] == "Adding fractions"
    assert frame["name"][2] == "Brüche"
    assert frame["outcome"].tolist()[:2] == ["incorrect", "correct"]
    assert frame["score"].tolist()[:2] == [0.0, 0.75]
    assert frame["duration"].tolist()[:2] == [72.5, 93_600.0]
    assert np.isnan(frame["duration"][2]), "a month has no fixed length"
    assert (frame["response"][0], frame["answer"][0]) == ("2/5", "5/6")
    assert str(frame["time"][0]) == "2024-05-02 08:15:00"
    assert frame["voided"].tolist() == [False, True, False, False]
    text = frame.to_csv()
    assert "school.example/items/7" in text
    assert not any(word in text for word in ("mailto", "pupil@", "Made Up", "4711"))


def test_the_pseudonym_depends_on_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    open_ones = read_xapi(FILES / "xapi.jsonl", key="")["pupil"]
    keyed = read_xapi(FILES / "xapi.jsonl", key="k1")["pupil"]
    assert not set(open_ones) & set(keyed)
    monkeypatch.setenv("VERTICALS_PSEUDONYM_KEY", "k1")
    assert read_xapi(FILES / "xapi.jsonl")["pupil"].equals(keyed)


def test_an_answer_of_a_record_store_is_read_too() -> None:
    frame = read_xapi(FILES / "xapi_lrs.json", key="")
    assert frame.equals(read_xapi(FILES / "xapi.jsonl", key="").iloc[:2].assign(voided=False))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT1M12.5S", 72.5), ("P1DT2H", 93_600), ("P2W", 1_209_600), ("PT0S", 0), ("PT36H", 129_600), ("P3D", 259_200)],
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "1M", "P1S", "PT1M1H", "-PT1S", "P1W2D", "PTS", "PT1.S"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no ISO 8601 duration"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"actor": {"name": "Made Up"}}, "actor without mbox"),
        ({"actor": "x"}, "actor that is no object"),
        ({"verb": {"id": "answered"}}, "no address of its verb"),
        ({"object": {}}, "no address of its object"),
        ({"result": {"success": "yes"}}, '"yes" as result.success'),
        ({"result": {"score": {"scaled": 7}}}, "7 as result.score.scaled"),
        ({"result": {"score": {"raw": 9, "min": 0, "max": 4}}}, "raw score 9 outside 0 to 4"),
        ({"result": {"duration": "72 s"}}, "no ISO 8601 duration"),
        ({"result": {"response": 5}}, "5 as result.response"),
        ({"timestamp": "yesterday"}, "as timestamp"),
        ({"timestamp": "2024-02-30T00:00:00Z"}, "as timestamp"),
    ],
)
def test_a_faulty_statement_is_named_and_set_aside_without_people(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    lines = (FILES / "xapi.jsonl").read_text("utf-8").splitlines()
    bad = {**json.loads(lines[0]), **change}
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join([lines[1], json.dumps(bad), "{broken pupil@school.example"]), "utf-8")
    with pytest.raises(DataError, match=said) as fault:
        read_xapi(file)
    assert "pupil@" not in str(fault.value)
    with collecting() as rejects:
        assert len(read_xapi(file)) == 1
    assert [row["place"] for row in rejects.rows] == [f"Line 2 of {file}", f"Line 3 of {file}"]
    rejects.write(tmp_path / "out.jsonl")
    assert "pupil@" not in (tmp_path / "out.jsonl").read_text("utf-8")
    assert "Made Up" not in (tmp_path / "out.jsonl").read_text("utf-8")


# Sequences -----------------------------------------------------------------------------------------------------------


def test_sequences_give_one_row_a_response() -> None:
    frame = read_assist2009(FILES)
    assert frame.astype(object).where(frame.notna(), None).to_dict("list") == {
        "pupil": ["train-1", "train-1", "train-1", "train-2"],
        "step": [1, 2, 3, 1],
        "skill": ["19", "19", "20", "7"],
        "skill_name": ["Multiplication Fractions", "Multiplication Fractions", "Percent Of", None],
        "correct": ["1", "0", "1", "0"],
    }


def test_a_lost_line_costs_its_own_pupil_only(tmp_path: Path) -> None:
    lines = ["3", "1,2,3", "1,0,1", "2", "5,6", "1,1", "1", "9", "0"]
    file = tmp_path / "a_train.csv"
    file.write_text("\n".join(lines[:4] + lines[5:]), "utf-8")
    with pytest.raises(DataError, match=r"Lines 4 to 5 of .* are no sequence"):
        read_assist2009(file)
    with collecting() as rejects:
        frame = read_assist2009(file)
    assert frame["skill"].tolist() == ["1", "2", "3", "9"]
    assert [row["content"] for row in rejects.rows] == [["2", "1,1"]]


def test_a_response_at_fault_is_set_aside_alone(tmp_path: Path) -> None:
    file = tmp_path / "a_train.csv"
    file.write_text("3\n1,x,3\n1,0,2\n", "utf-8")
    with collecting() as rejects:
        assert read_assist2009(file)["step"].tolist() == [1]
    assert [row["content"] for row in rejects.rows] == [["x", "0"], ["3", "2"]]


def test_assist2009_counts() -> None:
    path = DATA / "assist2009"
    if not path.is_dir():
        pytest.skip("the public data set assist2009 is not on this machine")
    frame = read_assist2009(path / "assist2009_updated_train.csv")
    assert len(frame) == 224_218
    assert frame["pupil"].nunique() == 2_921
    assert (frame["correct"] == "1").mean() == pytest.approx(0.658, abs=0.0005)
    assert frame["skill_name"].notna().all()
    both = read_assist2009(path)
    assert (len(both), both["pupil"].nunique()) == (224_218 + 101_419, 2_921 + 1_230)
