"""Splits: every row once or dropped with a count, no group on two sides, training sees every label."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from verticals.core.errors import DataError
from verticals.core.task import Field, Schema, SplitRule
from verticals.datasets.duplicates import duplicate_clusters, equal_records, near_duplicate_texts, normalised
from verticals.datasets.folds import cross_folds, rolling_folds
from verticals.datasets.split import Split, split

TEXT = Schema((Field("t", "text"),), "label", ("a", "b"))


def schema(*labels: str, **more: str) -> Schema:
    return Schema((Field("x", "number"),), "label", labels, **more)  # type: ignore[arg-type]


def every_row_once(parts: Split, rows: int) -> None:
    together = np.concatenate([parts.train, parts.validation, parts.test, parts.dropped])
    assert sorted(together.tolist()) == list(range(rows))


def labelled(labels: list[str], **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(len(labels)) / 7, "label": pd.Series(labels, dtype=object), **columns})


def test_random_keeps_the_shares_of_the_labels() -> None:
    frame = labelled(["a"] * 800 + ["b"] * 200)
    parts = split(frame, schema("a", "b"), SplitRule(), seed=3)
    every_row_once(parts, 1000)
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [700, 100, 200]
    for part in (parts.train, parts.validation, parts.test):
        assert (frame["label"].iloc[part] == "b").mean() == pytest.approx(0.2)
    assert parts.notes == ()


def test_the_seed_decides_and_nothing_else() -> None:
    frame = labelled(["a", "b"] * 50)
    first, again, other = (split(frame, schema("a", "b"), SplitRule(), seed=s).test.tolist() for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_regression_is_parted_by_deciles() -> None:
    frame = pd.DataFrame({"x": np.arange(1000) % 13 / 7, "label": np.arange(1000.0)})
    parts = split(frame, schema(), SplitRule(), seed=0)
    for part in (parts.train, parts.validation, parts.test):
        counts = np.histogram(frame["label"].iloc[part], bins=10, range=(0, 1000))[0]
        assert counts.max() - counts.min() <= 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcde"), min_size=10, max_size=80), st.integers(0, 5))
def test_random_property(labels: list[str], seed: int) -> None:
    frame = labelled(labels)
    parts = split(frame, schema(*sorted(set(labels))), SplitRule(), seed)
    every_row_once(parts, len(labels))
    assert set(frame["label"].iloc[parts.train]) == set(labels)
    assert min(len(parts.train), len(parts.validation), len(parts.test)) > 0
    rare = [name for name in set(labels) if labels.count(name) < 3]
    assert any("Fewer than 3 rows" in note for note in parts.notes) == bool(rare)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), min_size=12, max_size=100), st.integers(0, 5))
def test_group_property(rows: list[tuple[str, int]], seed: int) -> None:
    groups = np.array([group for _, group in rows])
    assume(len(set(groups.tolist())) >= 6)
    frame = labelled([label for label, _ in rows], patient=groups)
    rule = SplitRule("group", group="patient", duplicates=False)
    parts = split(frame, schema("a", "b", "c"), rule, seed)
    every_row_once(parts, len(rows))
    sides = [set(groups[part].tolist()) for part in (parts.train, parts.validation, parts.test)]
    assert all(sides)
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert set(frame["label"].iloc[parts.train]) == set(frame["label"])


def test_groups_keep_size_and_labels_nearly_in_share() -> None:
    rng = np.random.default_rng(0)
    groups = rng.zipf(1.7, 5000) % 400
    frame = labelled(rng.choice(["a", "b"], 5000, p=[0.9, 0.1]).tolist(), card=groups)
    parts = split(frame, schema("a", "b", group="card"), SplitRule("group"), seed=1)
    assert len(parts.test) / 5000 == pytest.approx(0.2, abs=0.03)
    assert len(parts.validation) / 5000 == pytest.approx(0.1, abs=0.03)
    assert (frame["label"].iloc[parts.test] == "b").mean() == pytest.approx(0.1, abs=0.03)


def test_rows_without_a_group_stand_alone_and_few_groups_are_refused() -> None:
    frame = labelled(["a", "b"] * 20, g=pd.Series([None, None, "p", "q"] * 10, dtype=object))
    parts = split(frame, schema("a", "b"), SplitRule("group", group="g"))
    assert any("20 rows have no 'g'" in note for note in parts.notes)
    with pytest.raises(DataError, match="names only 2 groups"):
        split(frame.assign(g=["p", "q"] * 20), schema("a", "b"), SplitRule("group", group="g"))
    with pytest.raises(DataError, match="there is no column 'gone'"):
        split(frame, schema("a", "b"), SplitRule("group", group="gone"))


def test_labels_that_are_in_one_group_each_cannot_be_parted() -> None:
    frame = labelled(["a"] * 9 + ["b"] * 9 + ["c"] * 9, g=[0] * 9 + [1] * 9 + [2] * 9)
    with pytest.raises(DataError, match="cannot be parted into 3 parts"):
        split(frame, schema("a", "b", "c"), SplitRule("group", group="g"))


def test_time_leaves_a_gap() -> None:
    days = pd.Series(pd.date_range("2024-01-01", periods=100)).sample(frac=1, random_state=0).reset_index(drop=True)
    frame = labelled(["a", "b"] * 50, day=days)
    parts = split(frame, schema("a", "b"), SplitRule("time", time="day", delay_days=7))
    every_row_once(parts, 100)
    assert days[parts.test].min() == pd.Timestamp("2024-03-21")  # the last 20 of 100 days
    assert len(parts.test) == 20
    assert days[parts.test].min() - days[parts.validation].max() == pd.Timedelta(days=8)
    assert days[parts.validation].min() - days[parts.train].max() == pd.Timedelta(days=8)
    assert len(parts.dropped) == 14
    assert any("14 rows in the gap of 7 days" in note for note in parts.notes)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(0, 300)), min_size=6, max_size=60),
    st.floats(0, 20),
    st.sampled_from([0.0, 0.2]),
)
def test_time_property(days: list[int | None], delay: float, test: float) -> None:
    times = pd.Series(pd.to_datetime(pd.Series(days, dtype="float64"), unit="D"))
    frame = labelled(["a", "b"] * len(days)).iloc[: len(days)].assign(when=times)
    try:
        parts = split(frame, schema("a", "b", time="when"), SplitRule("time", delay_days=delay, test=test))
    except DataError:
        assume(False)
    every_row_once(parts, len(days))
    gap = pd.Timedelta(days=delay)
    assert len(parts.train) > 0
    assert len(parts.validation) > 0
    assert times[parts.train].max() < times[parts.validation].min() - gap
    if test:
        assert times[parts.validation].max() < times[parts.test].min() - gap
    else:
        assert len(parts.test) == 0


def test_times_that_cannot_be_parted() -> None:
    frame = labelled(["a", "b"] * 20, day=pd.to_datetime(["2024-01-01", "2024-01-03"] * 20))
    with pytest.raises(DataError, match="cannot be parted in three with 5 days between"):
        split(frame, schema("a", "b"), SplitRule("time", time="day", delay_days=5))
    with pytest.raises(DataError, match="holds no times"):
        split(frame, schema("a", "b"), SplitRule("time", time="x"))


@pytest.mark.parametrize("rule", [SplitRule(validation=0.5, test=0.5), SplitRule(validation=0), SplitRule(test=-0.1)])
def test_impossible_shares(rule: SplitRule) -> None:
    with pytest.raises(DataError, match="leave nothing to train on"):
        split(labelled(["a", "b"] * 20), schema("a", "b"), rule)


WORDS = [f"word{i}" for i in range(300)]


def talk(rng: np.random.Generator, words: int = 40) -> str:
    return " ".join(rng.choice(WORDS, words))


def jaccard(left: str, right: str) -> float:
    one, other = ({t[i : i + 5] for i in range(len(t) - 4)} for t in (left, right))
    return len(one & other) / len(one | other)


def test_near_duplicates_are_those_above_the_threshold() -> None:
    rng = np.random.default_rng(0)
    texts, pairs = [], []
    for _ in range(150):
        base = talk(rng).split()
        changed = list(base)
        for place in rng.choice(40, rng.integers(1, 9), replace=False):
            changed[place] = str(rng.choice(WORDS))
        pairs.append((len(texts), len(texts) + 1))
        texts += [" ".join(base), " ".join(changed)]
    found = near_duplicate_texts(texts)
    truth = np.array([jaccard(texts[a], texts[b]) >= 0.8 for a, b in pairs])
    said = np.array([found[a] == found[b] for a, b in pairs])
    assert 20 < truth.sum() < 130
    assert not (said & ~truth).any()
    assert (said & truth).sum() >= 0.98 * truth.sum()
    assert len(np.unique(found)) == 300 - said.sum()


def test_near_duplicates_hang_together_and_short_texts_do_not() -> None:
    base = normalised(
        "The patient has had a Dull pain in the left knee for about three weeks; worse when climbing stairs."
    )
    near = [base, base + " now", base + " now really", "yes please", "yes please", "a", ""]
    assert near_duplicate_texts(near).tolist() == [0, 0, 0, 3, 4, 5, 6]
    assert near_duplicate_texts([]).tolist() == []


def test_copies_stay_on_one_side() -> None:
    rng = np.random.default_rng(1)
    texts = [talk(rng) for _ in range(60)]
    texts += [text + " again" for text in texts[:30]] + texts[:10]
    frame = pd.DataFrame({"t": texts, "label": ["a", "b"] * 50, "g": list(range(60)) + list(range(60, 100))})
    clusters, notes = duplicate_clusters(frame, TEXT)
    assert len(set(clusters.tolist())) == 60
    assert notes == ["70 texts in 30 clusters are near-duplicates; each cluster stays on one side of the split."]
    for rule in (SplitRule(), SplitRule("group", group="g")):
        parts = split(frame, TEXT, rule, seed=2)
        every_row_once(parts, 100)
        side = np.empty(100, int)
        for number, part in enumerate((parts.train, parts.validation, parts.test)):
            side[part] = number
        assert all(len(set(side[clusters == c].tolist())) == 1 for c in set(clusters.tolist()))
    free = split(frame, TEXT, SplitRule(duplicates=False), seed=2)
    assert free.notes == ()


def test_equal_records_are_found_with_gaps() -> None:
    frame = pd.DataFrame({"x": [1.0, None, 1.0, None], "label": ["a", "a", "a", "b"]})
    assert equal_records(frame, schema("a", "b")).tolist() == [0, 1, 0, 3]


def test_sameness_of_the_data_is_no_copy() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0] * 50, "label": ["a", "b"] * 50})
    clusters, notes = duplicate_clusters(frame, schema("a", "b"))
    assert clusters.tolist() == list(range(100))
    assert "98 of 100 records are equal to an earlier one" in notes[0]
    same = pd.DataFrame({"t": ["the very same sentence in each and every row"] * 60, "label": ["a", "b"] * 30})
    assert "hang together" in duplicate_clusters(same, TEXT)[1][-1]


def test_ten_thousand_texts_take_seconds() -> None:
    rng = np.random.default_rng(0)
    texts = [talk(rng, 20) for _ in range(10_000)]
    begin = time.process_time()
    assert len(np.unique(near_duplicate_texts(texts))) == 10_000
    assert time.process_time() - begin < 6


# -- what a run keeps of its split --------------------------------------------------------------------------------------


def test_the_record_says_how_rows_were_parted() -> None:
    frame = labelled(["a", "b"] * 50, patient=np.arange(100) // 4)
    rule = SplitRule("group", group="patient")
    first, again = (split(frame, schema("a", "b"), rule, seed=4).to_dict() for _ in range(2))
    assert json.loads(json.dumps(first)) == again
    assert (first["by"], first["seed"], first["column"], first["groups"]) == ("group", 4, "patient", 25)
    assert sum(first["rows"].values()) == 100
    other = split(frame, schema("a", "b"), rule, seed=5).to_dict()
    assert other["rows_sha256"] != first["rows_sha256"]


def test_the_record_of_a_split_by_time_names_its_boundaries_and_no_order() -> None:
    frame = labelled(["a", "b"] * 50, day=pd.date_range("2024-01-01", periods=100))
    rule = SplitRule("time", time="day", delay_days=7)
    said = split(frame, schema("a", "b"), rule).to_dict()
    assert said["boundaries"] == {"validation": "2024-03-05 00:00:00", "test": "2024-03-21 00:00:00"}
    assert (said["delay_days"], said["seed"], said["rows"]["dropped"]) == (7, None, 14)
    mixed = split(frame.sample(frac=1, random_state=0), schema("a", "b"), rule).to_dict()
    assert mixed == said


def test_copies_stay_together_however_many_they_are() -> None:
    base = "the patient has had a dull pain in the left knee for about three weeks"
    texts = [f"{base} {i}" for i in range(40)] + [talk(np.random.default_rng(i)) for i in range(60)]
    frame = pd.DataFrame({"t": texts, "label": ["a", "b"] * 50})
    loose, bound = (split(frame, TEXT, SplitRule(by), seed=0) for by in ("random", "copies"))  # type: ignore[arg-type]
    every_row_once(bound, 100)
    sides = [sum(row < 40 for row in part) for part in (bound.train, bound.validation, bound.test)]
    assert sorted(sides) == [0, 0, 40]
    assert sum(row < 40 for row in loose.test) not in (0, 40)


# -- cross-validation and rolling weeks ----------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 15)), min_size=20, max_size=120),
    st.integers(2, 5),
    st.integers(0, 3),
)
def test_each_row_is_tested_once(rows: list[tuple[str, int]], folds: int, seed: int) -> None:
    groups = np.array([group for _, group in rows])
    assume(len(set(groups.tolist())) >= 2 * folds)
    frame = labelled([label for label, _ in rows], g=groups)
    rule = SplitRule("group", group="g", duplicates=False)
    try:
        parts = cross_folds(frame, schema("a", "b"), rule, folds, seed)
    except DataError:
        assume(False)
    assert sorted(np.concatenate([one.test for one in parts]).tolist()) == list(range(len(rows)))
    for one in parts:
        every_row_once(one, len(rows))
        assert not set(groups[one.train].tolist()) & set(groups[one.test].tolist())
    again = cross_folds(frame, schema("a", "b"), rule, folds, seed)
    assert [one.test.tolist() for one in again] == [one.test.tolist() for one in parts]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=20, max_size=120), st.integers(2, 6), st.integers(0, 3))
def test_folds_keep_labels_within_a_row(labels: list[str], folds: int, seed: int) -> None:
    frame = labelled(labels)
    for one in cross_folds(frame, schema("a", "b", "c"), SplitRule(duplicates=False), folds, seed):
        for name in set(labels):
            inside = (frame["label"].iloc[one.test] == name).sum()
            assert abs(inside - labels.count(name) / folds) <= 1


def test_rolling_weeks_by_hand() -> None:
    frame = labelled(["a", "b"] * 24, day=pd.date_range("2018-06-28", periods=48))  # to 14 August
    frame = frame.sample(frac=1, random_state=3)
    early, late = rolling_folds(
        frame, schema("a", "b", time="day"), train_days=7, delay_days=7, test_days=7, folds=2
    )  # fmt: skip
    days = frame["day"].reset_index(drop=True)
    assert (days[late.train].min(), days[late.train].max()) == (pd.Timestamp("2018-07-25"), pd.Timestamp("2018-07-31"))
    assert (days[late.test].min(), days[late.test].max()) == (pd.Timestamp("2018-08-08"), pd.Timestamp("2018-08-14"))
    assert (days[early.train].min(), days[early.test].max()) == (pd.Timestamp("2018-07-18"), pd.Timestamp("2018-08-07"))
    assert late.to_dict()["boundaries"]["end"] == "2018-08-15 00:00:00"
    for one in (early, late):
        every_row_once(one, 48)
        assert (len(one.train), len(one.test)) == (7, 7)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 60), min_size=20, max_size=80), st.floats(0, 10), st.floats(2, 12), st.integers(1, 3))
def test_the_delay_is_kept(days: list[float], delay: float, test_days: float, folds: int) -> None:
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(pd.Series(days), unit="D")
    frame = labelled(["a"] * len(days), when=times)
    try:
        parts = rolling_folds(
            frame, schema("a", "b"), time="when", train_days=5, delay_days=delay, test_days=test_days, folds=folds
        )
    except DataError:
        return
    tested = np.concatenate([one.test for one in parts])
    assert len(set(tested.tolist())) == len(tested)
    for one in parts:
        every_row_once(one, len(days))
        assert times[one.train].max() + pd.Timedelta(days=delay) < times[one.test].min() + pd.Timedelta("1us")


def test_the_handbook_weeks_come_out_of_its_own_rows() -> None:
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "fraud_handbook"
    files = [sorted(folder.glob(f"{part}_2018*.csv")) for part in ("train", "delay", "test")]
    if not all(files):
        pytest.skip("the Fraud Handbook's weeks are not here")
    frame = pd.concat([pd.read_csv(one[0], usecols=["TX_DATETIME"]) for one in files], ignore_index=True)
    frame["TX_DATETIME"] = pd.to_datetime(frame["TX_DATETIME"])
    weeks = Schema((), "TX_FRAUD", ("0", "1"), time="TX_DATETIME")
    (one,) = rolling_folds(frame, weeks, train_days=7, delay_days=7, test_days=7)
    assert one.train.tolist() == list(range(67_240))
    assert one.test.tolist() == list(range(len(frame) - 67_080, len(frame)))


def test_folds_that_cannot_be_made() -> None:
    frame = labelled(["a", "b"] * 10, day=pd.date_range("2024-01-01", periods=20), g=[0, 1, 2, 3] * 5)
    with pytest.raises(DataError, match="use rolling_folds"):
        cross_folds(frame, schema("a", "b"), SplitRule("time", time="day"))
    with pytest.raises(DataError, match="4 groups of rows cannot be parted into 5 folds"):
        cross_folds(frame, schema("a", "b"), SplitRule("group", group="g", duplicates=False), folds=5)
    with pytest.raises(DataError, match="at least 2"):
        cross_folds(frame, schema("a", "b"), SplitRule(), folds=1)
    with pytest.raises(DataError, match="Fold 1 would train on 2023-12-30"):
        rolling_folds(frame, schema("a", "b"), time="day", train_days=3, delay_days=1, test_days=9, folds=2)
    with pytest.raises(DataError, match="positive numbers of days"):
        rolling_folds(frame, schema("a", "b"), time="day", train_days=0, test_days=1)
