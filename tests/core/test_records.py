"""What each field of a record becomes: codes worked by hand, words of unseen values, missing ones, cuts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verticals.core.errors import DataError
from verticals.core.records import Encoded, RecordCodec, parse_set
from verticals.core.task import Field, Schema

measured = st.floats(-1e6, 1e6).map(lambda x: round(x, 6))

AGE, SEX = Field("age", "number"), Field("sex", "category")
NOTE, SIGNS = Field("note", "text"), Field("signs", "set")


@pytest.fixture(scope="module")
def tokenizer(backbones: dict[str, Path]) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(backbones["bert"])


def table(**columns: list[Any]) -> pd.DataFrame:
    """Columns in canonical types: numbers are float64, words are objects."""
    frame = pd.DataFrame(index=range(len(next(iter(columns.values())))))
    for name, cells in columns.items():
        frame[name] = np.array(cells, float) if name == "age" else pd.Series(cells, dtype=object)
    return frame


def codec_of(tokenizer: Any, frame: pd.DataFrame, *fields: Field, max_tokens: int = 48, bins: int = 2) -> RecordCodec:
    return RecordCodec(Schema(fields, "label"), tokenizer, max_tokens, bins).fit(frame)


def words_at(codec: RecordCodec, row: int) -> str:
    """The text that a row of the table of frozen words stands for."""
    return {number: text for text, number in codec.words_.items()}[row]


# -- numbers ----------------------------------------------------------------------------------------------------


def test_piecewise_linear_codes_by_hand(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, table(age=[0, 10, 20, 30, 40]), AGE, bins=2)
    assert np.unique(codec.edges_[0]).tolist() == [0, 20, 40]  # minimum, median, maximum
    found = codec.encode(table(age=[0, 10, 20, 30, 40, -5, 99]))
    assert found.codes.shape[:2] == (7, 1)
    assert found.codes[:, 0, :2].tolist() == [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0, 0], [1, 1]]
    assert not found.codes[:, 0, 2:].any()  # room for more edges stays empty


def test_standardised_values_by_hand(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, table(age=[0, 10, 20, 30, 40]), AGE)
    spread = np.sqrt(200.0)  # mean 20, mean square deviation (400 + 100 + 0 + 100 + 400) / 5
    assert codec.centre_[0].tolist() == [20, pytest.approx(spread)]
    found = codec.encode(table(age=[20, 40, 1e9, -1e9])).values[:, 0]
    assert found.tolist() == [0, pytest.approx(20 / spread), 4, -4]


def test_a_missing_number_is_marked_and_says_nothing(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, table(age=[1, 2, 3, np.nan]), AGE)
    found = codec.encode(table(age=[np.nan, np.inf, -np.inf, 2]))
    assert found.missing[:, 0].tolist() == [True, True, True, False]
    assert not found.codes[:3].any()
    assert not found.values[:3].any()
    assert found.lengths.tolist() == [3] * 4  # it still has its token


@pytest.mark.parametrize("cells", [[7.0] * 5, [np.nan] * 5, [0.0] * 99 + [1.0]])
def test_columns_without_variety(tokenizer: Any, cells: list[float]) -> None:
    codec = codec_of(tokenizer, table(age=cells), AGE, bins=12)
    found = codec.encode(table(age=[*cells[:2], 5.0, np.nan]))
    assert np.isfinite(found.codes).all()
    assert np.isfinite(found.values).all()


def test_a_long_table_sees_its_tail(tokenizer: Any) -> None:
    """Plain quantiles of a column that is mostly zero fall together; rare large values must still differ."""
    cells = np.zeros(4000)
    cells[:100] = np.linspace(10, 1000, 100)
    codec = codec_of(tokenizer, table(age=list(cells)), AGE, bins=12)
    codes = codec.encode(table(age=[0.0, 100.0, 900.0])).codes[:, 0]
    assert np.abs(codes[1] - codes[2]).sum() > 0.5
    assert np.abs(codes[0] - codes[1]).sum() > 0.5


@settings(max_examples=50)
@given(st.lists(measured, min_size=1, max_size=60), st.lists(measured, min_size=2, max_size=9))
def test_codes_stay_in_range_and_in_order(known: list[float], asked: list[float]) -> None:
    codec = RecordCodec(Schema((AGE,), "label"), None, 16, 6).fit(table(age=known))
    order = sorted(asked)
    codes, values, _ = codec._encode_numbers(table(age=order))
    assert ((codes >= 0) & (codes <= 1)).all()
    assert (np.diff(codes[:, 0].sum(1)) >= -1e-5).all()
    assert (np.diff(values[:, 0]) >= -1e-5).all()


# -- categories -------------------------------------------------------------------------------------------------


def test_categories_have_a_name_a_value_and_a_learned_row(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, table(sex=["male", "female", None]), SEX)
    assert codec.learned_ == {"sex\x1ffemale": 1, "sex\x1fmale": 2}
    name, value, learned_name, learned = codec.encode(table(sex=["male"])).slots[0][0].tolist()
    assert (words_at(codec, name), words_at(codec, value)) == ("sex", "male")
    assert (learned_name, learned) == (0, 2)


def test_an_unseen_category_has_its_words_and_no_learned_row(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, table(sex=["male", "female"]), SEX)
    name, value, _, learned = codec.encode(table(sex=["not said"])).slots[0][0].tolist()
    assert words_at(codec, value) == "not said"
    assert words_at(codec, name) == "sex"
    assert learned == 0
    assert codec.word_pieces(["not_said"]) == tokenizer(["not said"], add_special_tokens=False)["input_ids"]


def test_a_missing_category_has_a_token_of_its_own(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, table(sex=["male", "female"]), SEX)
    found = codec.encode(table(sex=[None, "male"]))
    assert found.slots[0][0, 1:].tolist() == [0, 0, -1]  # -1: the learned token of a missing value
    assert words_at(codec, int(found.slots[0][0, 0])) == "sex"
    assert found.lengths.tolist() == [3, 3]


# -- findings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "pairs"),
    [
        ("cough=yes; fever=no", [("cough", "yes"), ("fever", "no")]),
        ('{"cough": "1", "age": 5}', [("cough", "1"), ("age", "5")]),
        ({"cough": True}, [("cough", "True")]),
        ("cough; fever", [("cough", "yes"), ("fever", "yes")]),
        (" ; =x; ", []),
        ("a=b=c", [("a", "b=c")]),
        ("", []),
        (None, []),
        (float("nan"), []),
    ],
)
def test_reading_findings(cell: Any, pairs: list[tuple[str, str]]) -> None:
    assert parse_set(cell) == pairs


def test_torn_findings_are_refused() -> None:
    with pytest.raises(DataError, match="starts like a JSON object"):
        parse_set('{"cough": ')


def test_findings_become_one_token_each(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, table(signs=["cough=yes; fever=no", "cough=no"]), SIGNS)
    found = codec.encode(table(signs=["cough=yes; fever=no", None, "headache=mild; cough=severe"]))
    assert found.slot_count.tolist() == [2, 0, 2]
    assert found.lengths.tolist() == [4, 2, 4]
    seen = [[words_at(codec, int(r)) for r in row[:2]] for row in found.slots[0]]
    assert seen == [["cough", "yes"], ["fever", "no"]]
    assert (found.slots[0][:, 2:] > 0).all()
    unseen_item, unseen_value = found.slots[2]
    assert [words_at(codec, int(r)) for r in unseen_item[:2]] == ["headache", "mild"]
    assert unseen_item[2:].tolist() == [0, 0]
    assert unseen_value[2] == codec.learned_["signs\x1fcough"]
    assert unseen_value[3] == 0


def test_too_many_findings_for_a_sequence(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, table(signs=["cough=yes"]), SIGNS, max_tokens=8)
    with pytest.raises(DataError, match=r"A record has 9 .* may hold 6 tokens; raise max_tokens"):
        codec.encode(table(signs=["; ".join(f"x{i}=1" for i in range(9))]))


# -- text -------------------------------------------------------------------------------------------------------


def test_text_is_cut_to_what_is_left_and_counted(tokenizer: Any) -> None:
    fields = (AGE, SEX, NOTE)
    frame = table(age=[1, 2, 3], sex=["male"] * 3, note=["chest pain", "cough " * 30, None])
    codec = codec_of(tokenizer, frame, *fields, max_tokens=10)
    found = codec.encode(frame)
    assert [len(t) for t in found.text] == [2, 6, 0]  # 10 tokens less two marks, a number and a category
    assert found.cut == 1
    assert found.lengths.tolist() == [6, 10, 4]
    assert tokenizer.decode(found.text[0]) == "chest pain"


def test_one_text_as_it_is_several_with_their_names(tokenizer: Any) -> None:
    job = Field("job", "text", title="his job")
    frame = table(note=["cough", None], job=["clerk", "nurse"])
    assert codec_of(tokenizer, frame, NOTE).rendered(frame) == ["cough", ""]
    assert codec_of(tokenizer, frame, NOTE, job).rendered(frame) == ["note: cough\nhis job: clerk", "his job: nurse"]
    assert codec_of(tokenizer, table(age=[1.0, 2.0]), AGE).rendered(frame) == ["", ""]


def test_a_text_of_a_megabyte_takes_no_time(tokenizer: Any) -> None:
    frame = table(note=["cough " * 200_000, "cough"])
    found = codec_of(tokenizer, frame, NOTE, max_tokens=16).encode(frame)
    assert [len(t) for t in found.text] == [14, 1]
    assert found.cut == 1


def test_the_name_of_a_column_is_not_read_as_a_word(tokenizer: Any) -> None:
    assert Field("systolic_bp", "number").words == "systolic bp"
    assert Field("Chest.Pain", "category").words == "chest pain"
    assert Field("x1", "number", title="resting pressure").words == "resting pressure"


# -- whole records ----------------------------------------------------------------------------------------------


def mixed() -> pd.DataFrame:
    return table(
        age=[30, 50, np.nan, 70],
        sex=["male", None, "female", "male"],
        note=["chest pain", "", "fever", None],
        signs=["cough=yes", None, "fever=no; cough=no", ""],
    )


@pytest.mark.parametrize(
    "fields", [(AGE,), (SEX,), (NOTE,), (SIGNS,), (AGE, SEX), (NOTE, SEX), (SIGNS, NOTE), (AGE, SEX, NOTE, SIGNS)]
)
def test_save_then_load_changes_nothing(tokenizer: Any, fields: tuple[Field, ...]) -> None:
    import json

    codec = codec_of(tokenizer, mixed(), *fields, bins=4)
    state = json.loads(json.dumps(codec.state()))
    again = RecordCodec(codec.schema, tokenizer, codec.max_tokens, 4).restore(state)
    one, other = codec.encode(mixed()), again.encode(mixed())
    assert again.state() == codec.state()
    assert np.array_equal(one.codes, other.codes)
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.lengths, other.lengths)
    for a, b in zip(one.slots, other.slots, strict=True):
        assert np.array_equal(a[:, 2:], b[:, 2:])
        assert [words_at(codec, r) for r in a[:, 0]] == [words_at(again, r) for r in b[:, 0]]
    for a, b in zip(one.text, other.text, strict=True):
        assert np.array_equal(a, b)


def test_a_row_is_encoded_the_same_alone(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, mixed(), AGE, SEX, NOTE, SIGNS)
    together = codec.encode(mixed())
    for i in range(4):
        alone: Encoded = codec.encode(mixed().iloc[[i]])
        assert alone.lengths[0] == together.lengths[i]
        assert np.array_equal(alone.codes[0], together.codes[i])
        assert np.array_equal(alone.slots[0], together.slots[i])
        assert np.array_equal(alone.text[0], together.text[i])
    assert len(together) == 4


def test_fitting_looks_at_the_rows_it_is_given_only(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, mixed().iloc[:2], AGE, SEX)
    before = codec.state()
    codec.encode(mixed())
    assert codec.state() == before
    assert list(before["learned"]) == ["sex\x1fmale"]


def test_describe(tokenizer: Any) -> None:
    codec = codec_of(tokenizer, mixed(), AGE, SEX, NOTE)
    shown = codec.describe(codec.encode(mixed()), [0, 1])
    assert shown == ["<age> <sex=male> chest pain", "<age> <sex=missing>"]
