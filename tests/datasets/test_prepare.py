"""From a file to checked, split rows, and the same once more."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.errors import DataError, TaskError
from verticals.core.run import schema_from_dict, schema_to_dict
from verticals.core.task import Bank, Field, Kind, Metric, Prepared, Reader, SafetyPolicy, SplitRule, Task
from verticals.datasets.prepare import prepare, prepare_again, prepare_rows
from verticals.datasets.table import notes_of, write_table

NOTHING = Metric("nothing", "Nothing", lambda scored: 0.0)


def task(kind: Kind = "classification", label: str = "label", **more: Any) -> Task:
    return Task("test.case", "1", "A case", kind, label, (NOTHING,), SafetyPolicy("Not advice."), **more)


def cases(rows: int = 200, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(20, 90, rows),
            "sex": rng.choice(["f", "m"], rows),
            "patient": rng.integers(0, 60, rows),
            "day": pd.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d"),
            "label": rng.choice(["no", "yes"], rows),
        }
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_table(cases(), tmp_path / "cases.csv")
    return tmp_path / "cases.csv"


def sizes(data: Prepared) -> list[int]:
    return [len(data.train), len(data.validation), len(data.test)]


def test_a_file_becomes_three_parts(file: Path) -> None:
    data = prepare(task(), file, ignore=["patient"])
    assert sum(sizes(data)) == 200
    assert data.schema.labels == ("no", "yes")
    assert data.schema.positive == "yes"
    assert [(f.name, f.kind) for f in data.schema.fields] == [("age", "number"), ("sex", "category")]
    assert set(data.schema.kept) == {"patient", "day"}
    assert not data.simulated
    numbers = [i for part in (data.train, data.validation, data.test) for i in part.index]
    assert sorted(numbers) == list(range(200))
    source = cases()
    assert (data.test["age"] == source.loc[data.test.index, "age"]).all()
    assert len(data.fingerprint) == 64
    assert schema_from_dict(json.loads(json.dumps(schema_to_dict(data.schema)))) == data.schema


def test_the_same_rows_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    data = prepare(task(), "cases.csv", group="patient", ignore=["day"], seed=4)
    monkeypatch.chdir("/")
    again = prepare_again(json.loads(json.dumps(data.source)), task())
    assert again.fingerprint == data.fingerprint
    assert again.notes == data.notes
    pd.testing.assert_frame_equal(again.test, data.test)
    assert data.fingerprint != prepare(task(), file, group="patient", ignore=["day"], seed=5).fingerprint
    assert "20" not in str(data.source["options"])


def test_a_file_that_changed_or_went_is_told(file: Path) -> None:
    data = prepare(task(), file)
    with pytest.raises(DataError, match=r"prepared with version 1 of test\.case, but 2 is installed"):
        prepare_again(data.source, replace(task(), version="2"))
    file.write_text(file.read_text().replace("yes", "no ", 1))
    with pytest.raises(DataError, match="has changed since tuning"):
        prepare_again(data.source, task())
    file.unlink()
    with pytest.raises(DataError, match="is no longer there; put it back"):
        prepare_again(data.source, task())


def test_a_frame_is_prepared_but_not_stored() -> None:
    frame = cases().set_index("patient")
    data = prepare(task(), frame)
    assert data.source["kind"] == "frame"
    json.dumps(data.source)
    with pytest.raises(DataError, match="came from a DataFrame, which is not stored"):
        prepare_again(data.source, task())
    with pytest.raises(DataError, match="has 0 rows"):
        prepare(task(), frame.head(0))


def test_simulated_rows_come_again() -> None:
    simulated = task(simulate=lambda rows, seed: cases(rows, seed), simulated_rows=120)
    data = prepare(simulated, seed=3)
    assert data.simulated
    assert sum(sizes(data)) == 120
    assert data.source["rows"] == 120
    assert prepare_again(data.source, simulated).fingerprint == data.fingerprint
    assert sum(sizes(prepare(simulated, rows=50))) == 50
    with pytest.raises(DataError, match="has no simulator; name a file"):
        prepare(task())
    with pytest.raises(DataError, match="without data to tune on"):
        prepare(simulated, test=cases())


def test_group_and_time_change_the_rule(file: Path) -> None:
    grouped = prepare(task(), file, group="patient")
    patients = [set(part["patient"]) for part in (grouped.train, grouped.validation, grouped.test)]
    assert sum(map(len, patients)) == len(set.union(*patients))
    timed = prepare(task(split=SplitRule(delay_days=3)), file, time="day")
    assert timed.train["day"].max() < timed.validation["day"].min() - pd.Timedelta(days=3)
    assert timed.validation["day"].max() < timed.test["day"].min() - pd.Timedelta(days=3)
    both = prepare(task(), file, time="day", group="patient")
    assert any("may stand on two sides" in note for note in both.notes)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (SplitRule("group", group="ward"), "no group column 'ward', so the rows are parted by chance"),
        (SplitRule("time", time="when"), "no time column 'when', so the rows are parted by chance"),
        (SplitRule("time", time="when", group="patient"), "no time column 'when', so the rows are parted by group"),
    ],
)
def test_a_rule_that_the_data_cannot_follow_falls_back(file: Path, rule: SplitRule, said: str) -> None:
    assert any(said in note for note in prepare(task(split=rule), file).notes)


def test_a_test_file_is_the_test(file: Path) -> None:
    write_table(cases(60, seed=9), file.with_name("test.csv"))
    data = prepare(task(), file, test=file.with_name("test.csv"))
    assert sizes(data) == [175, 25, 60]  # 0.1 / 0.8 of 200 for validation, label by label
    assert prepare_again(data.source, task()).fingerprint == data.fingerprint
    wrong = cases(60).assign(label=["perhaps", "no"] * 30)
    with pytest.raises(DataError, match="label 'perhaps' in row 1"):
        prepare(task(), file, test=wrong)


def test_further_rows_take_the_form_of_the_run(file: Path) -> None:
    data = prepare(task(), file)
    rows = prepare_rows(data.task, data.schema, pd.DataFrame({"age": ["40", "x"]}), need_label=False)
    assert rows["age"].isna().tolist() == [False, True]
    assert rows["sex"].tolist() == [None, None]
    assert len(notes_of(rows)) == 2
    some = cases(10).assign(label=["yes", None] * 5)
    labelled = prepare_rows(data.task, data.schema, some)
    assert labelled.index.tolist() == [0, 2, 4, 6, 8]
    with pytest.raises(DataError, match="No row has a label"):
        prepare_rows(data.task, data.schema, some.assign(label=None))
    with pytest.raises(DataError, match="no label column"):
        prepare_rows(data.task, data.schema, some.drop(columns="label"))


def test_readers(tmp_path: Path) -> None:
    def read(path: Path) -> pd.DataFrame:
        parts = [json.loads(one.read_text()) for one in sorted(path.glob("*.json"))]
        return pd.DataFrame([row for part in parts for row in part["cases"]])

    own = task(readers=(Reader("wards", "A folder with one JSON file for each ward.", read),))
    folder = tmp_path / "wards"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps({"cases": cases(40).to_dict("records")}))
    data = prepare(own, folder, reader="wards")
    assert sum(sizes(data)) == 40
    assert prepare_again(data.source, own).fingerprint == data.fingerprint
    with pytest.raises(DataError, match=r"is a folder; name the reader.*wards"):
        prepare(own, folder)
    with pytest.raises(DataError, match=r"has no reader 'ward'. Did you mean 'wards'"):
        prepare(own, folder, reader="ward")
    with pytest.raises(DataError, match="no file or folder"):
        prepare(own, folder / "x", reader="wards")
    (folder / "b.json").write_text("{}")
    with pytest.raises(DataError, match=r"The reader 'wards' could not read .*it expects A folder"):
        prepare(own, folder, reader="wards")
    with pytest.raises(DataError, match="has changed since tuning"):
        prepare_again(data.source, own)


def test_a_choice_among_a_bank() -> None:
    bank = pd.DataFrame({"why": ["loses a sign", "counts wrong"], "topic": ["algebra", "numbers"], "code": ["s", "c"]})
    own = task(
        "choice", label="code", bank=Bank(lambda: bank, id="code", text="why"), fields=(Field("answer", "text"),)
    )
    frame = pd.DataFrame({"answer": [f"my answer is {i * 7}" for i in range(40)], "code": ["s", "c"] * 20})
    data = prepare(own, frame)
    assert data.bank is not None
    assert data.bank.columns.tolist() == ["id", "text", "topic"]
    assert data.schema.labels == ()
    assert set(data.train["code"]) == {"s", "c"}
    with pytest.raises(DataError, match="is not in the bank"):
        prepare(own, frame.assign(code=["s", "z"] * 20))


def test_a_regression_has_numbers() -> None:
    frame = cases().assign(label=np.arange(200).astype(str))
    data = prepare(task("regression"), frame)
    assert data.train["label"].dtype == np.float64
    assert data.schema.labels == ()
    with pytest.raises(DataError, match="must be a number, but row 1 holds 'no'"):
        prepare(task("regression"), frame.assign(label="no"))


def test_rows_can_be_drawn(file: Path) -> None:
    data = prepare(task(), file, rows=50)
    assert sum(sizes(data)) == 50
    assert "50 of 200 rows were drawn." in data.notes
    assert prepare_again(data.source, task()).fingerprint == data.fingerprint
    with pytest.raises(DataError, match="cannot be drawn"):
        prepare(task(), file, rows=0)


def test_a_wrong_task_is_told() -> None:
    with pytest.raises(TaskError):
        prepare("nowhere.nothing", cases())
