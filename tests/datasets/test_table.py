"""Tables in and out: what is in the file is what comes back, and every fault is a sentence that names its place."""

from __future__ import annotations

import errno
import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verticals.core.errors import DataError
from verticals.datasets.table import TableWriter, notes_of, read_chunks, read_table, write_table


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


HUGE = "x" * 10_000_000

BAD = {
    "empty": ("t.csv", "", "is empty; it needs column names"),
    "blank": ("t.csv", "\n\n", "is empty; it needs a line of column names"),
    "header only": ("t.csv", "a,b\n", "has column names but no rows"),
    "unknown ending": ("t.xlsx", "a,b\n1,2\n", "is not one of .csv, .tsv, .jsonl, .parquet"),
    "an object in JSON": ("t.json", '{"a": 1}', "holds a JSON dict, not a list of records"),
    "half a JSON file": ("t.json", '[{"a": 1}, {"a"', "is not valid JSON"),
    "no objects in JSON": ("t.json", "[1, 2]", "Record 1 of"),
    "no records in JSON": ("t.json", "[]", "holds no rows with fields"),
    "deep JSON file": ("t.json", "[" * 100_000, "is not valid JSON"),
    "huge cell in JSON": ("t.json", json.dumps([{"a": 1}, {"a": HUGE}]), "The cell in record 2, column 'a' of"),
    "latin-1": ("t.csv", b"a,b\n1,caf\xe9\n", "is not UTF-8: byte 9 (0xe9, line 2)"),
    "latin-1 after a byte order mark": ("t.csv", b"\xef\xbb\xbfa,b\n1,caf\xe9\n", "byte 12 (0xe9, line 2)"),
    "utf-16": ("t.csv", "a,b\n1,2\n".encode("utf-16"), "is not UTF-8: byte 0 (0xff, line 1)"),
    "duplicate names": ("t.csv", "a,b, a\n1,2,3\n", "has the column name 'a' more than once (columns 1, 3)"),
    "too few cells": ("t.csv", 'a,b\n"1\n1",2\n3\n', "Line 4 of"),
    "too many cells": ("t.csv", "a,b\n1,2\n3,4,5\n", "has 3 cells, but the header has 2"),
    "huge cell": ("t.csv", f"a,b\n1,2\n3,{HUGE}\n", "The cell in line 3, column 'b' of"),
    "huge header": ("t.csv", f"a,{HUGE}\n1,2\n", "is longer than 1,000,000 characters"),
    "open quote": ("t.csv", 'a,b\n1,2\n3,"4\n5,6\n', "A quotation mark that opens in line 3"),
    "loose quote": ("t.csv", 'a,b\n1,"say "hi" now"\n', "inside a quoted cell in line 2"),
    "bare carriage return": ("t.csv", "a,b\n1,2\r3,4\n", "Line 2 of"),
    "NUL": ("t.csv", "a,b\n1,2\n3,\0\n", "Line 3 of"),
    "two delimiters": ("t.csv", "a,b;c\n1,2;3\n4,5;6\n", "can be parted by comma and semicolon"),
    "broken gzip": ("t.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 999)[:-20], "is not a complete gzip file"),
    "no gzip": ("t.csv.gz", "a,b\n1,2\n", "is not a complete gzip file"),
    "broken JSON": ("t.jsonl", '{"a": 1}\n{"a": \n', "Line 2 of"),
    "JSON list": ("t.jsonl", '{"a": 1}\n\n[1, 2]\n', "is a JSON list, not an object"),
    "JSON without fields": ("t.jsonl", "{}\n{}\n", "holds no rows with fields"),
    "huge JSON cell": ("t.jsonl", json.dumps({"a": HUGE}), "The cell in line 1, column 'a' of"),
    "deep JSON": ("t.jsonl", '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "Line 1 of"),
    "no parquet": ("t.parquet", "a,b\n1,2\n", "cannot be read as Parquet"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_sentence(tmp_path: Path, case: str) -> None:
    name, content, said = BAD[case]
    path = write(tmp_path / name, content)
    with pytest.raises(DataError) as caught:
        read_table(path)
    message = str(caught.value)
    assert said in message
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < 400
    assert message.endswith((".", "?"))


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*gone\.csv"):
        read_table(tmp_path / "gone.csv")
    with pytest.raises(DataError, match="is a folder, but one file is needed"):
        read_table(tmp_path)


def test_numbers_become_numbers_and_codes_stay_text(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "n,x,code,word\n1,1.5,007,a\nNA,-,010,\n3,2e3,1,b\n")
    frame = read_table(path)
    assert frame["n"].tolist()[::2] == [1.0, 3.0]
    assert frame["n"].isna().tolist() == [False, True, False]
    assert frame["x"].tolist()[::2] == [1.5, 2000.0]
    assert frame["code"].tolist() == ["007", "010", "1"]
    assert frame["word"].isna().tolist() == [False, True, False]


def test_long_digits_are_not_rounded(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "card,x\n4539578763621486123,1\n4539578763621486124,2\n")
    assert read_table(path)["card"].tolist() == ["4539578763621486123", "4539578763621486124"]


@pytest.mark.parametrize(("delimiter", "word"), [(";", "semicolon"), ("\t", "tab"), ("|", "vertical bar")])
def test_another_delimiter_is_noticed(tmp_path: Path, delimiter: str, word: str) -> None:
    path = write(tmp_path / "t.csv", f'amount{delimiter}note\n1{delimiter}"a, b"\n2{delimiter}c\n')
    frame = read_table(path)
    assert frame.columns.tolist() == ["amount", "note"]
    assert frame["note"].tolist() == ["a, b", "c"]
    assert notes_of(frame) == [f"t.csv is separated by {word}s and was read so."]


def test_semicolons_in_the_text_do_not_mislead(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path / "t.csv", "note,label|kind\na; b,1\nc,2\n"))
    assert frame.columns.tolist() == ["note", "label|kind"]
    assert notes_of(frame) == []


def test_mark_of_byte_order_blank_lines_and_nameless_columns(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path / "t.csv", b"\xef\xbb\xbf,b\r\n0,x\r\n\r\n1,y\r\n"))
    assert frame.columns.tolist() == ["column_1", "b"]
    assert frame["b"].tolist() == ["x", "y"]
    assert notes_of(frame) == ["Column 1 of t.csv has no name and is called 'column_1'."]


def test_one_column_is_a_table(tmp_path: Path) -> None:
    assert read_table(write(tmp_path / "t.csv", "text\nhello there\n")).shape == (1, 1)


def test_chunks_count_on_and_cover_every_row(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv.gz", gzip.compress(("a,b\n" + "".join(f"{i},x{i}\n" for i in range(25))).encode()))
    chunks = list(read_chunks(path, rows=10))
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    assert [i for chunk in chunks for i in chunk.index] == list(range(25))
    pd.testing.assert_frame_equal(pd.concat(chunks), read_table(path), check_index_type=False)
    with pytest.raises(DataError, match="at least 1 row"):
        next(read_chunks(path, rows=0))


def test_chunks_of_a_large_file_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a\n" + "1\n" * 50 + "1,2\n")
    chunks = read_chunks(path, rows=20)
    assert len(next(chunks)) == 20  # the fault in line 52 is not reached yet
    with pytest.raises(DataError, match="Line 52"):
        list(chunks)


def test_json_lines_have_the_same_columns_in_every_chunk(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", '{"a": 1}\n{"b": {"x": [1]}, "a": 2}\n')
    chunks = list(read_chunks(path, rows=1))
    assert [chunk.columns.tolist() for chunk in chunks] == [["a", "b"], ["a", "b"]]
    assert chunks[1]["b"].tolist() == ['{"x": [1]}']


def test_a_json_file_holds_a_list_of_records_or_named_ones(tmp_path: Path) -> None:
    listed = write(tmp_path / "a.json", '[{"age": 52, "sex": "f"}, {"age": null, "notes": ["a", 1]}]')
    named = write(tmp_path / "b.json", '{"p1": {"age": 52}, "p2": {"age": 61}}')
    frame = read_table(listed)
    assert frame["age"].tolist()[0] == 52
    assert frame["age"].isna().tolist() == [False, True]
    assert frame["notes"].tolist()[1] == '["a", 1]'
    assert read_table(named).to_dict("list") == {"key": ["p1", "p2"], "age": [52, 61]}
    chunks = list(read_chunks(named, 1, as_text=True))
    assert [list(chunk.index) for chunk in chunks] == [[0], [1]]


def test_parquet_is_read_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [1, 2, 3], "x": [0.5, None, 2.5], "t": ["a", None, "c"]})
    write_table(frame, tmp_path / "t.parquet")
    back = read_table(tmp_path / "t.parquet")
    assert back["n"].tolist() == [1, 2, 3]
    assert back["x"].isna().tolist() == [False, True, False]
    assert back["t"].isna().tolist() == [False, True, False]
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(content[:-40])
    with pytest.raises(DataError, match=r"cut\.parquet' cannot be read as Parquet"):
        read_table(tmp_path / "cut.parquet")


def test_columns_are_written_back_unchanged(tmp_path: Path) -> None:
    """Integers with gaps, leading zeros, long digits, quotes and line ends survive a round through chunks."""
    content = 'n,id,code,note\n1,4539578763621486123,007,"a, ""b""\nc"\n,12,1.50,NA\n'
    path = write(tmp_path / "in.csv", content)
    with TableWriter(tmp_path / "out.csv") as writer:
        for chunk in read_chunks(path, rows=1, as_text=True):
            writer.write(chunk)
    assert (tmp_path / "out.csv").read_text() == content
    assert writer.rows == 2


def test_json_and_parquet_values_are_written_back_unchanged(tmp_path: Path) -> None:
    content = '{"n": 1, "s": {"cough": true}, "t": "ä"}\n{"n": null, "s": [1, 2.0], "t": null}\n'
    path = write(tmp_path / "in.jsonl", content)
    for name in ("out.jsonl", "mid.parquet"):
        source = pd.concat(read_chunks(path, as_text=True))
        write_table(source.drop(columns="s") if name == "mid.parquet" else source, tmp_path / name)
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == content
    write_table(pd.concat(read_chunks(tmp_path / "mid.parquet", as_text=True)), tmp_path / "back.jsonl")
    assert (tmp_path / "back.jsonl").read_text(encoding="utf-8") == '{"n": 1, "t": "ä"}\n{"n": null, "t": null}\n'


CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5), st.sampled_from([".csv", ".tsv", ".jsonl"]))
def test_any_text_comes_back(tmp_path: Path, rows: list[tuple[str, str]], ending: str) -> None:
    path = tmp_path / f"t{ending}"
    frame = pd.DataFrame(rows, columns=["one", "two"], dtype="str")
    write_table(frame, path)
    back = pd.concat(read_chunks(path, rows=2, as_text=True))
    assert list(zip(back["one"], back["two"], strict=True)) == rows


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    old = write(tmp_path / "out.csv", "old\n1\n")
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(DataError, match="all chunks need the same columns"):  # noqa: PT012, SIM117
        with TableWriter(old) as writer:
            writer.write(frame)
            writer.write(pd.DataFrame({"b": [1]}))
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117
        with TableWriter(old) as writer:
            writer.write(frame)
            raise KeyboardInterrupt
    assert old.read_text() == "old\n1\n"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            pass

    with pytest.raises(DataError, match="No space"), TableWriter(tmp_path / "out.csv") as writer:  # noqa: PT012
        writer._part.touch()
        writer._file = Full()  # type: ignore[assignment]
        writer.write(pd.DataFrame({"a": [1]}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_really_full_device_is_a_sentence(tmp_path: Path, ending: str) -> None:
    with pytest.raises(DataError, match="cannot be wr"), TableWriter(tmp_path / f"out{ending}") as writer:  # noqa: PT012
        writer._part = Path("/dev/full")
        try:
            writer.write(pd.DataFrame({"a": range(100_000)}))
        finally:
            writer._part = tmp_path / "none"  # so that leaving the block does not touch the device


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(DataError, match="is not one of"):
        write_table(frame, tmp_path / "out.txt")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        write_table(frame, tmp_path / "folder.csv")
    with pytest.raises(DataError, match="There is no folder"):
        write_table(frame, tmp_path / "no" / "out.csv")
    with pytest.raises(DataError, match="cannot be written"):
        write_table(frame, tmp_path / ("x" * 300 + ".csv"))
