"""A cleaned copy: what was found is gone, what was not is as it stood, and everything that was done is listed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.datasets.clean import CHANGES, clean, clean_file, copy_paths
from verticals.datasets.finding import Finding
from verticals.datasets.table import read_chunks


def mask(text: str) -> str:
    """A stand-in as simple as one can be: numbers of five digits and more are personal."""
    return re.sub(r"\d{5,}", "[number]", text)


def found(fix: Any, rows: tuple[int, ...], field: str | None = None, check: str = "ranges", **more: Any) -> Finding:
    return Finding(check, "warn", "Found.", "Mend it.", len(rows), 6, rows, field=field, fix=fix, **more)


RAW = pd.DataFrame(
    {
        "bp": ["120", "12000", "80.50", "", "0090", "70"],
        "note": ["call 5551234", 'says "no", twice', "a\nb", "7,5", "", "call 5551234"],
        "label": list("ababab"),
    },
    dtype="str",
)


def test_rows_go_cells_are_emptied_and_masked() -> None:
    before = RAW.copy()
    wanted = [
        found("blank", (1, 3), "bp"),
        found("drop", (5,), check="copies"),
        found("mask", (0, 5), "note", "personal"),
    ]
    rows, changes = clean(RAW, wanted, mask=mask)
    pd.testing.assert_frame_equal(RAW, before)
    assert rows.index.tolist() == [0, 1, 2, 3, 4]
    assert rows["bp"].tolist() == ["120", "", "80.50", "", "0090"]
    assert rows["note"].tolist() == ["call [number]", 'says "no", twice', "a\nb", "7,5", ""]
    assert list(changes.columns) == list(CHANGES)
    assert changes.values.tolist() == [
        [1, "note", "call [number]", "masked", "personal"],
        [2, "bp", "[number]", "emptied", "ranges"],
        [6, "", json.dumps({"bp": "70", "note": "call [number]", "label": "b"}), "taken out", "copies"],
    ]


def test_nothing_to_mend_changes_nothing() -> None:
    beside = [found("", (1,)), found("drop", (0, 1), part="test"), found("drop", ())]
    rows, changes = clean(RAW, beside, mask=mask)
    pd.testing.assert_frame_equal(rows, RAW)
    assert len(changes) == 0


def test_a_row_that_two_checks_take_out_is_listed_once() -> None:
    rows, changes = clean(RAW, [found("drop", (2,), check="copies"), found("drop", (2, 3), check="overlap")], mask=mask)
    assert rows.index.tolist() == [0, 1, 4, 5]
    assert changes[["row", "reason"]].values.tolist() == [[3, "copies"], [4, "overlap"]]


def test_numbers_lists_and_gaps_of_json_stay_what_they_are() -> None:
    raw = pd.DataFrame(
        {
            "n": pd.Series([1, 2.5, None, 10**18], dtype=object),
            "l": pd.Series([[1, "a"], None, {"k": 1}, "x"], dtype=object),
        }
    )
    rows, changes = clean(raw, [found("blank", (1,), "n"), found("mask", (1, 3), "l")], mask=mask)
    assert rows["n"].tolist() == [1, None, None, 10**18]
    assert rows["l"].tolist() == [[1, "a"], None, {"k": 1}, "x"]
    assert len(changes) == 1


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(DataError, match="found something in 'pressure', but the data has no such column"):
        clean(RAW, [found("blank", (1,), "pressure")], mask=mask)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_a_file_in_every_format(tmp_path: Path, ending: str) -> None:
    from verticals.datasets.table import write_table

    data, out = tmp_path / f"x.{ending}", tmp_path / f"y.{ending}"
    write_table(RAW, data)
    before = data.read_bytes()
    made = clean_file(data, [found("drop", (2,)), found("blank", (4,), "bp")], out)
    assert data.read_bytes() == before
    assert (made.rows, made.done) == (5, {"taken out": 1, "emptied": 1})
    old = pd.concat(read_chunks(data, as_text=True), ignore_index=True).drop(index=2)
    new = pd.concat(read_chunks(out, as_text=True), ignore_index=True)
    assert new["note"].fillna("").tolist() == old["note"].fillna("").tolist()
    assert new["bp"].fillna("").tolist() == ["120", "12000", "", "", "70"]
    listed = pd.read_csv(made.changes, dtype=str, keep_default_na=False)
    assert made.changes == tmp_path / f"y.{ending}.changes.csv"
    assert listed[["row", "column", "was", "done"]].values.tolist()[1] == ["5", "bp", "0090", "emptied"]


def test_whole_numbers_of_parquet_stay_whole(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [2**53 + 1, 5, 7], "x": [0.1, 0.2, float("nan")]})
    frame.to_parquet(tmp_path / "x.parquet")
    clean_file(tmp_path / "x.parquet", [found("blank", (1,), "n")], tmp_path / "y.parquet")
    new = next(read_chunks(tmp_path / "y.parquet", as_text=True))
    assert new["n"].tolist() == [2**53 + 1, None, 7]
    assert new["x"].tolist()[:2] == [0.1, 0.2]


def test_in_chunks_as_in_one_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from verticals.datasets import clean as module
    from verticals.datasets.table import write_table

    write_table(pd.concat([RAW] * 10, ignore_index=True), tmp_path / "x.csv")
    wanted = [found("drop", (5, 17, 59)), found("blank", tuple(range(1, 60, 6)), "bp")]
    clean_file(tmp_path / "x.csv", wanted, tmp_path / "one.csv")
    monkeypatch.setattr(module, "read_chunks", lambda path, rows, as_text: read_chunks(path, 7, as_text=as_text))
    clean_file(tmp_path / "x.csv", wanted, tmp_path / "few.csv")
    for tail in ("", ".changes.csv"):
        assert (tmp_path / f"one.csv{tail}").read_bytes() == (tmp_path / f"few.csv{tail}").read_bytes()
    assert len((tmp_path / "one.csv.changes.csv").read_text().splitlines()) == 14


def test_the_original_is_never_touched(tmp_path: Path) -> None:
    from verticals.datasets.table import write_table

    data = tmp_path / "x.csv"
    write_table(RAW, data)
    before = data.read_bytes()
    (tmp_path / "link.csv").symlink_to(data)
    for out in (data, tmp_path / "." / "x.csv", tmp_path / "link.csv"):
        with pytest.raises(DataError, match="is the data itself, which is never changed"):
            clean_file(data, [found("drop", (0,))], out, overwrite=True)
    (tmp_path / "y.csv").write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        copy_paths(data, tmp_path / "y.csv")
    with pytest.raises(DataError, match="ending"):
        copy_paths(data, tmp_path / "y.xlsx")
    with pytest.raises(DataError, match="in none"):
        copy_paths(data, tmp_path / "none" / "y.csv")
    with pytest.raises(DataError, match="Every row would be taken out"):
        clean_file(data, [found("drop", tuple(range(6)))], tmp_path / "z.csv")
    assert data.read_bytes() == before
    assert (tmp_path / "y.csv").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.csv", "x.csv", "y.csv"]
    made = clean_file(data, [found("drop", (0,))], tmp_path / "y.csv", overwrite=True)
    assert made.rows == 5
