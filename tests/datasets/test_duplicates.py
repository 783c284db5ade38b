"""What counts as the same: styles of writing, keys of cells, nearly equal texts against a second library."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st

from verticals.core.task import Field, Schema
from verticals.datasets.duplicates import (
    column_keys,
    duplicate_clusters,
    joined_keys,
    near_duplicate_texts,
    nearest_texts,
    normal_texts,
    normalised,
    record_keys,
    style_of,
    text_lengths,
)

WORDS = [f"word{i}" for i in range(300)]
SIGNS = [chr(0x4E00 + 7 * i) for i in range(600)]


def jaccard(left: str, right: str, size: int) -> float:
    one, other = ({t[i : i + size] for i in range(len(t) - size + 1)} for t in (left, right))
    return len(one & other) / len(one | other)


@pytest.mark.parametrize(
    ("texts", "style"),
    [
        (["Chest pain since an hour.", "No fever, no cough."], "words"),
        (["What is $$3+4$$?", "If x = 5, what is x?"], "formula"),
        (["CC(=O)Nc1ccc(O)cc1", "O=C(O)c1ccccc1", "CCN(CC)CC(=O)N"], "notation"),
        (["小明有3个苹果。", "患者咳嗽三天"], "words"),
        (["hello", "yes", "no"], "words"),
        ([None, ""], "words"),
    ],
)
def test_style_of_writing(texts: list[str | None], style: str) -> None:
    assert style_of(texts) == style


def test_marks_count_where_they_mean_something() -> None:
    assert normal_texts(["Yes, please!", None], "words") == ["yes please", ""]
    minus, plus = normal_texts(["$$3 - 4$$", "$$3+4$$"], "formula")
    assert minus == "$$3-4$$"
    assert minus != plus
    assert normal_texts(["CCO", "cco"], "notation") == ["CCO", "cco"]


def test_blanks_between_chinese_signs_do_not_count() -> None:
    assert normalised("咳嗽， 三天 了。") == normalised("咳嗽三天了")
    assert normalised("CT 检查 OK now") == "ct检查ok now"
    assert text_lengths(["abc", "咳嗽a", None]).tolist() == [3, 5, 0]


def test_keys_of_cells() -> None:
    sets = column_keys(pd.Series(["cough=yes; fever=no", "fever=no; cough=yes", "cough=no; fever=no", None]), "set")
    assert sets[0] == sets[1]
    assert len(set(sets.tolist())) == 3
    names = column_keys(pd.Series(["Male", " male", "female", None], dtype=object), "category")
    assert names[0] == names[1]
    assert len(set(names.tolist())) == 3
    numbers = column_keys(pd.Series([0.0, -0.0, 1.5, np.nan, np.nan]), "number")
    assert numbers[0] == numbers[1]
    assert numbers[3] == numbers[4]
    assert len(set(numbers.tolist())) == 3


def test_keys_of_a_record_tell_columns_apart() -> None:
    a, b = pd.Series(["x", "y"], dtype=object), pd.Series(["y", "x"], dtype=object)
    keys = joined_keys([column_keys(a, "category"), column_keys(b, "category")])
    assert keys[0] != keys[1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from("pq")), min_size=1, max_size=40))
def test_equal_keys_are_equal_records(rows: list[tuple[str, int, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["t", "x", "label"]).astype({"t": object, "x": float, "label": object})
    schema = Schema((Field("t", "category"), Field("x", "number")), "label", ("p", "q"))
    with_label = record_keys(frame, schema, label=True).tolist()
    without = record_keys(frame, schema).tolist()
    for one, other in itertools.combinations(range(len(rows)), 2):
        assert (with_label[one] == with_label[other]) == (rows[one] == rows[other])
        assert (without[one] == without[other]) == (rows[one][:2] == rows[other][:2])


def changed(rng: np.random.Generator, units: list[str], count: int, edits: int, glue: str) -> tuple[str, str]:
    base = rng.choice(units, count).tolist()
    other = list(base)
    for place in rng.choice(count, edits, replace=False):
        other[place] = str(rng.choice(units))
    return glue.join(base), glue.join(other)


@pytest.mark.parametrize("thorough", [False, True])
def test_chinese_texts_are_compared_by_three_signs(thorough: bool) -> None:
    rng = np.random.default_rng(0)
    pairs = [changed(rng, SIGNS, 40, int(rng.integers(1, 5)), "") for _ in range(150)]
    found = near_duplicate_texts([text for pair in pairs for text in pair], thorough=thorough)
    truth = np.array([jaccard(*pair, 3) >= 0.8 for pair in pairs])
    said = found[::2] == found[1::2]
    assert 30 < truth.sum() < 120
    assert not (said & ~truth).any()
    assert (said & truth).sum() >= 0.98 * truth.sum()


def test_the_second_library_finds_nothing_more() -> None:
    rng = np.random.default_rng(1)
    pairs = [changed(rng, WORDS, 40, int(rng.integers(1, 7)), " ") for _ in range(200)]
    texts = [text for pair in pairs for text in pair]
    index = MinHashLSH(threshold=0.7, num_perm=128)
    theirs = set()
    for i, text in enumerate(texts):
        signature = MinHash(128)
        signature.update_batch([text[k : k + 5].encode() for k in range(len(text) - 4)])
        theirs |= {(j, i) for j in index.query(signature) if jaccard(texts[j], text, 5) >= 0.8}
        index.insert(i, signature)
    assert len(theirs) > 60
    for thorough in (False, True):
        found = near_duplicate_texts(texts, thorough=thorough)
        missed = [pair for pair in theirs if found[pair[0]] != found[pair[1]]]
        assert len(missed) <= 0.01 * len(theirs)


def test_nearest_text_and_its_similarity() -> None:
    others = [normalised(text) for text in ("the patient has had a dull pain in the left knee for three weeks",
              "the patient has had a dull pain in the left knee for about three weeks now", "no pain at all today, sir")]  # fmt: skip
    asked = "the patient has had a dull pain in the left knee for about three weeks"
    place, how = nearest_texts([asked, "something else altogether is asked"], others)
    assert place.tolist() == [1, -1]
    assert how[0] == pytest.approx(jaccard(asked, others[1], 5))


def test_similar_molecules_are_no_copies() -> None:
    smiles = ["CC(=O)Nc1ccc(OCCCCCCCCCCC)cc1", "CC(=O)Nc1ccc(OCCCCCCCCCCCC)cc1"] + [
        f"C{i}CC(=O)N(CC)c1ccccc1" for i in range(8)
    ]
    frame = pd.DataFrame({"smiles": [*smiles, smiles[0]], "label": ["a", "b"] * 5 + ["a"]}, dtype=object)
    clusters, notes = duplicate_clusters(frame, Schema((Field("smiles", "text"),), "label", ("a", "b")))
    assert clusters.tolist() == [*range(10), 0]
    assert notes == []
