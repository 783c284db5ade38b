"""The three readers on small files written here, and on the public files where they lie beside the repository."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.domains.medical.readers import READERS, read_heart, read_symptom2disease, read_symptom_inquiry

DATA = Path(__file__).parents[2].parent / "shared" / "data"
public = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the repository")

HEART = (
    "Age,Sex,ChestPainType,RestingBP,Cholesterol,FastingBS,RestingECG,MaxHR,ExerciseAngina,Oldpeak,ST_Slope,"
    "HeartDisease\n"
)


def dialogue(**changed: object) -> dict[str, object]:
    return {"pid": 7, "exp_sxs": {"cough": "1"}, "imp_sxs": {"fever": "0"}, "label": "bronchitis", **changed}


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_symptom_inquiry_merges_and_the_unasked_report_wins(tmp_path: Path) -> None:
    record = dialogue(exp_sxs={"cough": "1", "rash": 2}, imp_sxs={"cough": "0", "fever": "0"})
    frame = read_symptom_inquiry(write(tmp_path / "a.json", [record]))
    assert list(frame.columns) == ["patient", "findings", "reported", "asked", "condition"]
    assert json.loads(frame["reported"][0]) == {"cough": "yes", "rash": "unsure"}
    assert json.loads(frame["asked"][0]) == {"cough": "no", "fever": "no"}
    assert json.loads(frame["findings"][0]) == {"cough": "yes", "rash": "unsure", "fever": "no"}
    assert (frame["patient"][0], frame["condition"][0]) == ("7", "bronchitis")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not json", "is not JSON"),
        ({"pid": 1}, "holds no list"),
        ([], "holds no list"),
        ([dialogue(), {"pid": 1}], "Record 2 .* lacks exp_sxs, imp_sxs, label"),
        ([dialogue(exp_sxs=["cough"])], "Record 1 .* under exp_sxs .* not an object"),
        ([dialogue(imp_sxs={"cough": "3"})], "'cough' .* answer '3'; allowed are 0"),
    ],
)
def test_symptom_inquiry_refuses_another_layout(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_symptom_inquiry(write(tmp_path / "a.json", content))


def test_symptom2disease_keeps_text_as_written(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", 'index,label,text\n0,Acne,"None, or ""NA"" spots."\n1,Acne,\n')
    frame = read_symptom2disease(path)
    assert frame.to_dict("list") == {"note": ['None, or "NA" spots.', ""], "condition": ["Acne", "Acne"]}


def test_heart_reads_names_values_and_missing_zeros(tmp_path: Path) -> None:
    path = write(
        tmp_path / "h.csv", HEART + "40,M,ATA,0,0,1,LVH,172,Y,-0.5,Up,1\n37,F,ASY,130,283,0,ST,98,N,0,Flat,0\n"
    )
    frame = read_heart(tmp_path)  # a folder with one file
    pd.testing.assert_frame_equal(frame, read_heart(path))
    first, second = frame.to_dict("records")
    assert {k: v for k, v in first.items() if not pd.isna(v)} == {
        "age": 40.0,
        "sex": "male",
        "chest_pain_type": "atypical angina",
        "fasting_glucose_above_120_mg_dl": "yes",
        "resting_ecg": "left ventricular hypertrophy",
        "maximum_heart_rate": 172.0,
        "exercise_angina": "yes",
        "st_depression": -0.5,
        "st_slope": "upsloping",
        "heart_disease": "yes",
    }
    assert (second["resting_systolic_bp"], second["cholesterol"], second["heart_disease"]) == (130.0, 283.0, "no")


@pytest.mark.parametrize(
    ("read", "content", "words"),
    [
        (read_heart, "Age,Sex\n1,M\n", "lacks the columns ChestPainType"),
        (read_heart, HEART + "40,X,ATA,1,1,1,LVH,172,Y,0,Up,1\n", "Column Sex holds 'X' in row 1 .* allowed: M, F"),
        (read_heart, HEART + "old,M,ATA,1,1,1,LVH,172,Y,0,Up,1\n", "Column Age holds 'old' .* allowed: a number"),
        (read_symptom2disease, "a,b\n1,2\n", "lacks the columns label, text"),
        (read_symptom2disease, "", "not a readable CSV"),
    ],
)
def test_a_table_of_another_layout_is_refused(
    tmp_path: Path, read: Callable[[Path], pd.DataFrame], content: str, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        read(write(tmp_path / "t.csv", content))


def test_a_lacking_file_and_an_ambiguous_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_heart(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"exactly one \*.csv file, found: none"):
        read_heart(tmp_path)
    write(tmp_path / "a.csv", "x")
    write(tmp_path / "b.csv", "x")
    with pytest.raises(DataError, match=r"a\.csv, b\.csv"):
        read_heart(tmp_path)


def test_the_readers_have_the_names_that_users_type() -> None:
    assert [r.name for r in READERS] == ["symptom_inquiry", "symptom2disease", "heart", "ddxplus", "fhir"]


@public
def test_mz10_as_published() -> None:
    train = read_symptom_inquiry(DATA / "dxformer_mz10" / "mz10_train_set.json")
    test = read_symptom_inquiry(DATA / "dxformer_mz10" / "mz10_test_set.json")
    assert (len(train), len(test)) == (3305, 811)
    assert train["condition"].value_counts()["小儿支气管炎"] == 434
    assert test["condition"].nunique() == 10
    assert test["patient"][0] == "10035922"
    # 15 symptoms asked about; the two reported unasked are among them
    first = json.loads(test["findings"][0])
    assert len(first) == 15
    assert (first["咳嗽"], first["鼻塞"], first["湿疹"]) == ("yes", "no", "unsure")


@public
def test_symptom2disease_as_published() -> None:
    frame = read_symptom2disease(DATA / "symptom2disease")
    assert len(frame) == 1200
    assert set(frame["condition"].value_counts()) == {50}
    assert frame["condition"][0] == "Psoriasis"
    assert frame["note"][0].startswith("I have been experiencing a skin rash on my arms")


@public
def test_heart_as_published() -> None:
    frame = read_heart(DATA / "heart_918" / "heart.csv")
    assert frame.shape == (918, 12)
    assert frame["heart_disease"].value_counts().to_dict() == {"yes": 508, "no": 410}
    assert frame["sex"].value_counts().to_dict() == {"male": 725, "female": 193}
    assert frame["cholesterol"].isna().sum() == 172
    assert frame["resting_systolic_bp"].isna().sum() == 1
    assert frame.drop(columns=["cholesterol", "resting_systolic_bp"]).notna().all(axis=None)
    assert frame.loc[0, ["age", "chest_pain_type", "cholesterol"]].tolist() == [40.0, "atypical angina", 289.0]
