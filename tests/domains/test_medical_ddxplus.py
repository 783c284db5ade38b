"""DDXPlus release files: codes become words, defaults are left out, and the order of the inquiry stays."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.datasets.rejects import collecting
from verticals.domains.medical.readers import read_ddxplus

FILES = Path(__file__).parent / "medical_files" / "ddxplus"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FILES, tmp_path / "ddxplus"))


def test_codes_become_questions_and_answers(folder: Path) -> None:
    frame = read_ddxplus(folder)
    assert json.loads(frame["findings"][0]) == {
        "Do you have a fever": "yes",
        "Do you have pain somewhere": "yes",
        "Where does it hurt": "chest, forehead",  # a question with several values
        "How intense is the pain": "4",
    }  # "no travel" is the default of its question
    assert json.loads(frame["reported"][0]) == {"Do you have a fever": "yes"}
    assert "Do you have a fever" not in json.loads(frame["asked"][0])
    assert (
        json.loads(frame["findings"][1])["Have you travelled out of the country in the last 4 weeks"] == "North America"
    )
    assert frame["age"].tolist() == [18.0, 71.0, 5.0]
    assert frame["sex"].tolist() == ["male", "female", "female"]
    assert frame.attrs["notes"] == ["1 answers are the default of their question and were left out."]


def test_conditions_and_differentials_have_english_names(folder: Path) -> None:
    frame = read_ddxplus(folder)
    assert frame["condition"].tolist() == ["URTI", "Bronchitis", "URTI"]
    assert json.loads(frame["differential"][0]) == {"Bronchitis": 0.6, "URTI": 0.4}
    assert json.loads(frame["differential"][2]) == {}


def test_a_packed_table_is_the_same(folder: Path) -> None:
    plain = read_ddxplus(folder)
    table = folder / "release_train_patients.csv"
    with zipfile.ZipFile(folder / "release_train_patients.zip", "w") as package:
        package.write(table, "release_train_patients")
    table.unlink()
    pd.testing.assert_frame_equal(read_ddxplus(folder), plain)


def test_a_row_at_fault_is_set_aside(folder: Path) -> None:
    table = folder / "release_train_patients.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2].replace("E_53", "E_999")
    table.write_text("\n".join([*lines, "200,[],M,URTI,[],"]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"Row 2 of release_train_patients\.csv .*E_999"):
        read_ddxplus(folder)
    with collecting() as rejects:
        frame = read_ddxplus(folder)
    assert len(frame) == 2
    assert [str(row["place"]) for row in rejects.rows] == [f"Row {n} of release_train_patients.csv" for n in (2, 4)]
    assert "AGE '200'" in str(rejects.rows[1]["reason"])


def test_without_its_book_of_codes_it_says_so(folder: Path) -> None:
    (folder / "release_evidences.json").unlink()
    with pytest.raises(DataError, match=r"release_evidences\.json"):
        read_ddxplus(folder)
