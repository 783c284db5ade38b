"""Rows that cannot be read: refused with the file, or set aside one by one; never lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verticals.core.errors import DataError
from verticals.datasets.rejects import Rejects, collecting
from verticals.datasets.table import read_table


def read(path: Path, text: str) -> tuple[list[str], Rejects]:
    path.write_text(text, encoding="utf-8", newline="")
    with collecting() as rejects:
        frame = read_table(path)
    return [str(cell) for cell in frame.iloc[:, 0]], rejects


@pytest.mark.parametrize(
    ("name", "text", "kept", "places"),
    [
        ("x.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n", ["1", "7"], [3, 4]),
        # an opened quotation mark: its own line alone is at fault, whether it is closed by another one or never
        ("x.csv", 'a,b\n1,2\n3,"x\n4,5\n6,"y"\n7,8\n', ["1", "4", "6", "7"], [3]),
        ("x.csv", 'a,b\n1,2\n3,"x\n4,5\n7,8\n', ["1", "4", "7"], [3]),
        # the same, where a later quotation mark seems to close it
        ("x.csv", 'a,b\n1,2\n"3,x\n4,5\n6,"\n7,8\n', ["1", "4", "7"], [3, 5]),
        # a record of several lines that lacks a cell is one record
        ("x.csv", 'a,b,c\n1,2,3\n"4\nfour",5\n7,8,9\n', ["1", "7"], [3]),
        ("x.csv", "a,b\n1,2\n3," + "x" * 1_000_001 + "\n7,8\n", ["1", "7"], [3]),
        ("x.jsonl", '{"a": 1}\n{"a"\n\n[2]\n3\n{"a": 7}\n', ["1", "7"], [2, 4, 5]),
    ],
)
def test_the_others_are_read(tmp_path: Path, name: str, text: str, kept: list[str], places: list[int]) -> None:
    rows, rejects = read(tmp_path / name, text)
    assert rows == kept
    assert [row["place"] for row in rejects.rows] == [f"Line {number} of {name}" for number in places]
    lines = text.splitlines()
    for row, number in zip(rejects.rows, places, strict=True):
        assert f"ine {number}" in row["reason"]
        assert row["content"].splitlines()[0] == lines[number - 1]
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / name)
    assert str(caught.value) == rejects.rows[0]["reason"]


@pytest.mark.parametrize(("name", "text"), [("x.csv", "a,b\n1\n2\n"), ("x.jsonl", "{\n[1]\n")])
def test_a_file_without_any_row_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with collecting(), pytest.raises(DataError, match=r"^Line [12] of"):
        read_table(tmp_path / name)


CELL = st.text("ab1 \"',;é\t", max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=12))
def test_each_line_is_a_row_or_named(tmp_path: Path, lines: list[list[str]]) -> None:
    """However quotation marks fall, every line that is not blank stands in a row or in a reject."""
    body = [f"n{i}," + ",".join(cells) for i, cells in enumerate(lines)]
    text = "id,x,y\n" + "\n".join(body) + "\n"
    (tmp_path / "x.csv").write_text(text, encoding="utf-8", newline="")
    try:
        with collecting() as rejects:
            frame = read_table(tmp_path / "x.csv")
    except DataError:
        return
    held = "\n".join(str(cell) for column in frame for cell in frame[column])
    held += "\n".join(row["content"] for row in rejects.rows)
    for i in range(len(lines)):
        assert f"n{i}" in held
    rejects.write(tmp_path / "r.jsonl")
    assert [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()] == rejects.rows
