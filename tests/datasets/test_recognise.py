"""What the columns of a table are taken for, and what they become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.core.task import Field, Kind, Metric, SafetyPolicy, Schema, SplitRule, Task
from verticals.datasets.options import Options, make_options, options_from_dict, options_to_dict
from verticals.datasets.recognise import apply_schema, recognise
from verticals.datasets.table import notes_of

NOTHING = Metric("nothing", "Nothing", lambda scored: 0.0)


def task(kind: Kind = "classification", label: str = "label", **more: Any) -> Task:
    return Task("test.case", "1", "A case", kind, label, (NOTHING,), SafetyPolicy("Not advice."), **more)


N = 100
TALK = [f"the patient number {i} says that the pain came at night and went away by day" for i in range(N)]


def kinds(frame: pd.DataFrame, options: Options | None = None, **more: Any) -> dict[str, str]:
    found = recognise(frame, task(**more), options)
    return {field.name: field.kind for field in found.schema.fields}


def table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({**columns, "label": ["a", "b"] * (N // 2)})


def test_kinds_are_recognised() -> None:
    rng = np.random.default_rng(0)
    frame = table(
        age=rng.integers(18, 90, N),
        grade=rng.integers(1, 6, N),
        flag=[0, 1, 1, 0] * 25,
        price=rng.normal(size=N).round(2).astype(str),
        smoker=[True, False] * 50,
        Sex=[1, 2] * 50,
        city=[f"town {i % 7}" for i in range(N)],
        zip=[f"0{i % 9}123" for i in range(N)],
        note=TALK,
        found=["cough=yes; fever=no", "fever=yes"] * 50,
        findings=['{"cough": "yes"}', '{"cough": "no", "x": 1}'] * 50,
        smiles=["C" * (i + 1) + "(=O)N" for i in range(N)],
    )
    assert kinds(frame) == {
        "age": "number",
        "grade": "number",
        "flag": "number",
        "price": "number",
        "smoker": "category",
        "Sex": "category",
        "city": "category",
        "zip": "category",
        "note": "text",
        "found": "set",
        "findings": "set",
        "smiles": "text",
    }


def test_columns_that_say_nothing_are_left_out_with_a_note() -> None:
    frame = table(
        row=range(500, 500 + N),
        visit=[f"V-{i:05}" for i in range(N)],
        customer_id=[i % 10 for i in range(N)],
        same=["x"] * N,
        empty=[None, "NA"] * (N // 2),
        day=pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d"),
        age=[i % 50 for i in range(N)],
    )
    found = recognise(frame, task())
    assert [field.name for field in found.schema.fields] == ["age"]
    assert found.schema.kept == ("row", "visit", "customer_id", "same", "empty", "day")
    for name, said in {
        "row": "identifier",
        "visit": "identifier",
        "customer_id": "identifier",
        "same": "in every row",
        "empty": "is empty",
        "day": "holds times",
    }.items():
        assert any(repr(name) in note and said in note for note in found.notes), name


def test_a_constant_with_gaps_is_kept() -> None:
    assert kinds(table(phone=["yes", None] * 50)) == {"phone": "category"}


def test_a_float_that_counts_is_not_an_identifier() -> None:
    assert kinds(table(x=np.linspace(0, 1, N))) == {"x": "number"}


def test_the_task_wins_over_the_values_and_the_user_over_the_task() -> None:
    frame = table(grade=[1, 2] * 50, code=[3, 4] * 50, race=["x", "y"] * 50)
    known = (
        Field("grade", "category", title="School grade"),
        Field("code", "category"),
        Field("race", "category", protected=True),
    )
    options = make_options(kinds={"number": ["code"]})
    found = recognise(frame, task(fields=known), options)
    assert [(f.name, f.kind) for f in found.schema.fields] == [("grade", "category"), ("code", "number")]
    assert found.schema.fields[0].words == "School grade"
    assert found.schema.kept == ("race",)


def test_group_and_time_are_carried_but_a_declared_group_is_also_read() -> None:
    frame = table(problem=TALK, when=["2024-01-01"] * N, age=range(0, 2 * N, 2))
    rule = SplitRule("group", group="problem", time="when")
    schema = recognise(frame, task(split=rule)).schema
    assert (schema.group, schema.time) == ("problem", "when")
    assert "problem" in schema.kept
    declared = recognise(frame, task(split=rule, fields=(Field("problem", "text"),))).schema
    assert "problem" in {field.name for field in declared.fields}


def test_names_that_are_not_there_are_guessed() -> None:
    frame = table(age=range(N))
    with pytest.raises(DataError, match=r"no column 'agge'. Did you mean 'age'"):
        recognise(frame, task(), make_options(kinds={"number": ["agge"]}))
    with pytest.raises(DataError, match=r"no label column 'labell'.*Did you mean 'label'"):
        recognise(frame, task(label="labell"))
    with pytest.raises(DataError, match="No column of the data can be read"):
        recognise(frame, task(), make_options(ignore=["age"]))


def test_a_few_odd_cells_are_counted() -> None:
    age = [str(i) for i in range(N)]
    age[2], age[7], age[50] = "12,5", "unknown", "inf"
    found = recognise(table(age=age), task())
    assert found.schema.fields == (Field("age", "number"),)
    assert (
        "2 of 100 cells in the number column 'age' are no numbers and count as missing, such as '12,5' in row 3"
        in found.notes[0]
    )
    assert "write decimals with a point" in found.notes[0]
    assert "infinite" in found.notes[1]
    assert "row 51" in found.notes[1]


def test_many_odd_cells_in_a_declared_number_are_refused() -> None:
    frame = table(age=["high", "12"] * 50)
    with pytest.raises(
        DataError, match=r"'age' was declared a number, but 50 of 100 cells are none, first 'high' in row 1"
    ):
        recognise(frame, task(), make_options(kinds={"number": ["age"]}))
    with pytest.raises(DataError, match="declared a number"):
        recognise(frame, task(fields=(Field("age", "number"),)))
    assert kinds(frame) == {"age": "category"}


def test_decimal_commas_are_pointed_out() -> None:
    found = recognise(table(x=[f"{i},5" for i in range(N)], y=range(0, 2 * N, 2)), task())
    assert any("decimal commas such as '0,5'" in note for note in found.notes)


@pytest.mark.parametrize(
    ("cells", "labels", "positive"),
    [
        (["0", "1"], ("0", "1"), "1"),
        ([1.0, 0.0], ("0", "1"), "1"),
        (["yes", "no"], ("no", "yes"), "yes"),
        ([True, False], ("false", "true"), "true"),
        (["good", "bad"], ("bad", "good"), None),
        (["none", "flu"], ("flu", "none"), None),
        (["10", "9"], ("9", "10"), None),
    ],
)
def test_labels_and_the_positive_one(cells: list[object], labels: tuple[str, ...], positive: str | None) -> None:
    frame = pd.DataFrame({"x": np.arange(N) / 7, "label": cells * (N // 2)})
    schema = recognise(frame, task()).schema
    assert (schema.labels, schema.positive) == (labels, positive)


def test_the_positive_label_of_the_user_and_of_the_task() -> None:
    frame = pd.DataFrame({"x": np.arange(N) / 7, "label": ["good", "bad"] * 50, "BAD": [0, 1] * 50})
    with pytest.raises(DataError, match=r"positive label 'badd' is not among the labels. Did you mean 'bad'"):
        recognise(frame, task(), make_options(positive="badd"))
    own = task(labels=("good", "bad"), positive="bad")
    assert recognise(frame, own).schema.labels == ("good", "bad")
    other = recognise(frame, own, make_options(label="BAD", ignore=["label"]))
    assert (other.schema.labels, other.schema.positive) == (("0", "1"), "1")
    with pytest.raises(DataError, match="looks for the label 'sick', but the labels are bad and good"):
        recognise(frame, task(positive="sick"))


def test_records_take_the_canonical_form() -> None:
    schema = Schema(
        (Field("x", "number"), Field("c", "category"), Field("t", "text"), Field("s", "set"), Field("gone", "text")),
        label="label",
        labels=("0", "1"),
        time="when",
    )
    frame = pd.DataFrame(
        {"c": [2.0, None], "x": ["1", "no idea"], "t": [" hi ", "-"], "s": ['{"a": 1}', None], "label": [1, 0]}
        | {"when": ["2024-01-02", ""], "extra": [7, 8]},
        index=[4, 9],
    )
    once = apply_schema(frame, schema)
    assert once.columns.tolist() == ["c", "x", "t", "s", "label", "when", "extra", "gone"]
    assert once.index.tolist() == [4, 9]
    assert once["c"].tolist() == ["2", None]
    assert once["t"].tolist() == ["hi", None]
    assert once["s"].tolist() == ["a=1", None]
    assert once["gone"].tolist() == [None, None]
    assert once["x"].dtype == np.float64
    assert once["x"].isna().tolist() == [False, True]
    assert str(once["when"].dtype).startswith("datetime64")
    assert once["extra"].tolist() == [7, 8]
    assert once["label"].tolist() == [1, 0]
    assert any("lacks gone" in note for note in notes_of(once))
    twice = apply_schema(once, schema)
    pd.testing.assert_frame_equal(once, twice)
    assert apply_schema(frame, schema.__class__((Field("c", "category"),), "label"), need_label=True)[
        "label"
    ].tolist() == ["1", "0"]


def test_labels_that_cannot_be_brought_into_form() -> None:
    schema = Schema((Field("x", "text"),), label="y")
    with pytest.raises(DataError, match="no label column 'y'"):
        apply_schema(pd.DataFrame({"x": ["a"]}), schema, need_label=True)
    with pytest.raises(DataError, match="must be a number, but row 2 holds 'many'"):
        apply_schema(pd.DataFrame({"x": ["a", "b"], "y": ["1", "many"]}), schema, need_label=True, kind="regression")


def test_times_that_cannot_be_read() -> None:
    schema = Schema((Field("x", "text"),), label="y", time="t")
    with pytest.raises(DataError, match="may have the day or the month first"):
        apply_schema(pd.DataFrame({"x": ["a"], "t": ["01/02/2024"]}), schema)
    with pytest.raises(DataError, match="1 of 2 times in the column 't' cannot be read, first 'soon' in row 2"):
        apply_schema(pd.DataFrame({"x": ["a", "b"], "t": ["2024-01-01", "soon"]}), schema)


TOML = """
label = "BAD"
positive = "1"
ignore = ["inner"]
[fields]
note = "text"
amount = { kind = "number", unit = "EUR", low = 0 }
sex = { kind = "category", protected = true }
"""


def test_a_toml_file_declares_and_the_call_wins(tmp_path: Path) -> None:
    path = tmp_path / "fields.toml"
    path.write_text(TOML)
    options = make_options(toml=path, label="OTHER", kinds={"category": ["note"]})
    assert (options.label, options.positive, options.ignore) == ("OTHER", "1", ("inner",))
    assert options.fields == (
        Field("note", "category"),
        Field("amount", "number", unit="EUR", low=0.0),
        Field("sex", "category", protected=True),
    )
    assert options_from_dict(options_to_dict(options)) == options


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("lable = 'x'", "Did you mean 'label'"),
        ("label = 3", "label in .* is 3; write it in quotes"),
        ("[fields]\nx = 'numbr'", "the kind 'numbr'. Did you mean 'number'"),
        ("[fields]\nx = {unit = 'kg'}", "has no kind"),
        ("[fields]\nx = {kind = 'number', lo = 1}", "has the key 'lo'"),
        ("[fields]\nx = {kind = 'number', low = '1'}", "low of the field 'x'"),
        ("[fields]\nx = {kind = 'number', low = 3, high = 1}", "low above high"),
        ("ignore = ['x']\n[fields]\nx = 'text'", "is declared and ignored"),
        ("ignore = 'x'", "write a list of names"),
        ("x = [", "is not valid TOML"),
    ],
)
def test_faults_in_the_toml_file(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "fields.toml"
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        make_options(toml=path)


def test_contradictions_in_the_call(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="named both as text and as number"):
        make_options(kinds={"text": ["x"], "number": ["x"]})
    with pytest.raises(DataError, match="named as the label and as something else"):
        make_options(label="x", ignore=["x"])
    with pytest.raises(DataError, match="There is no file"):
        make_options(toml=tmp_path / "gone.toml")
