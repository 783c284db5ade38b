"""Simulated attempts: every misconception by hand, prerequisites, true probabilities, determinism."""

from __future__ import annotations

import math
import time

import numpy as np
import pandas as pd
import pytest

from verticals.core.errors import DataError
from verticals.domains.education import simulate_attempts, simulate_items
from verticals.domains.education.attempts import CONSISTENCY
from verticals.domains.education.misconceptions import MISCONCEPTIONS, SKILLS, same_answer
from verticals.domains.education.readers import bank_rows

BY_HAND = {
    "forgets-the-carry": ({"a": 48, "b": 37}, "85", "75"),
    "writes-whole-column-sums": ({"a": 48, "b": 37}, "85", "715"),
    "smaller-from-larger": ({"a": 52, "b": 37}, "15", "25"),
    "borrows-without-paying": ({"a": 52, "b": 37}, "15", "25"),
    "tens-times-tens-ones-times-ones": ({"a": 34, "b": 27}, "918", "628"),
    "no-zero-in-the-second-row": ({"a": 34, "b": 27}, "918", "306"),
    "left-to-right": ({"a": 2, "b": 3, "c": 4}, "14", "20"),
    "two-minuses-make-a-plus": ({"a": 3, "b": 5}, "-8", "8"),
    "takes-the-difference": ({"a": 3, "b": 5}, "-8", "2"),
    "minus-times-minus-is-minus": ({"a": 4, "b": 6}, "24", "-24"),
    "longer-is-larger": ({"a": 8, "b": 3, "c": 5}, "0.8", "0.35"),
    "shorter-is-larger": ({"a": 3, "b": 7, "c": 5}, "0.75", "0.3"),
    "aligns-on-the-right": ({"p": 3, "b": 2, "c": 7}, "3.27", "0.3"),
    "point-stays-in-place": ({"a": 3, "b": 4}, "0.12", "1.2"),
    "adds-tops-and-bottoms": ({"a": 2, "b": 3}, "5/6", "2/5"),
    "adds-tops-keeps-larger-bottom": ({"a": 2, "b": 3}, "5/6", "2/3"),
    "divides-by-the-top": ({"k": 2, "a": 3, "m": 4, "N": 12}, "8", "18"),
    "one-part-only": ({"k": 2, "a": 3, "m": 4, "N": 12}, "8", "4"),
    "turns-the-first-one": ({"a": 1, "b": 2, "c": 3, "d": 4}, "2/3", "3/2"),
    "multiplies-without-turning": ({"a": 1, "b": 2, "c": 3, "d": 4}, "2/3", "3/8"),
    "divides-by-the-percentage": ({"p": 5, "N": 60}, "3", "12"),
    "adds-the-percentage": ({"p": 20, "N": 60}, "72", "80"),
    "gives-the-increase-only": ({"p": 20, "N": 60}, "72", "12"),
    "adds-the-difference": ({"a": 4, "b": 6, "c": 6}, "9", "8"),
    "power-is-product": ({"a": 3, "b": 4}, "81", "12"),
    "joins-unlike-terms": ({"a": 2, "b": 3, "c": 4}, "6x + 3", "9x"),
    "writes-side-by-side": ({"a": 3, "b": 4}, "12", "34"),
    "multiplies-first-term-only": ({"a": 3, "b": 4}, "3x + 12", "3x + 4"),
    "adds-instead-of-undoing": ({"a": 7, "b": 12}, "5", "19"),
    "squares-each-term": ({"a": 5}, "x^2 + 10x + 25", "x^2 + 25"),
    "perimeter-for-area": ({"a": 3, "b": 5}, "15", "16"),
    "forgets-to-halve": ({"a": 6, "b": 5}, "15", "30"),
    "sum-is-the-mean": ({"a": 2, "b": 9, "c": 4}, "5", "15"),
    "middle-of-the-list": ({"a": 2, "b": 9, "c": 4}, "5", "9"),
}
FRAME = simulate_attempts(1500, 40, 5)


@pytest.mark.parametrize("one", MISCONCEPTIONS, ids=lambda one: str(one.name))
def test_each_misconception_gives_its_wrong_answer(one: object) -> None:
    misconception = next(m for m in MISCONCEPTIONS if m is one)
    numbers, right, wrong = BY_HAND[misconception.name]
    skill = next(skill for skill in SKILLS if skill.name == misconception.skill)
    assert (skill.answer(numbers), misconception.answer(numbers)) == (right, wrong)
    assert set(numbers) == set(skill.ranges)


def test_there_are_enough_of_them_and_every_skill_has_one() -> None:
    assert len(MISCONCEPTIONS) >= 20
    assert len({one.name for one in MISCONCEPTIONS}) == len(MISCONCEPTIONS) == len(BY_HAND)
    assert {one.skill for one in MISCONCEPTIONS} == {skill.name for skill in SKILLS}
    assert {skill.explanation for skill in SKILLS} <= {entry["id"] for entry in bank_rows()}


def test_the_parameters_keep_within_their_bounds() -> None:
    for at, skill in enumerate(SKILLS):
        assert 0 <= skill.guess <= 0.3
        assert 0 <= skill.slip <= 0.1
        assert 0 < skill.learn < 1
        assert set(skill.needs) <= {other.name for other in SKILLS[:at]}, "the graph has no circle"


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [("2/4", "1/2", True), ("0.50", "0.5", True), ("3x+4", "3x + 4", True), ("1/0", "1", False)],
)
def test_answers_are_compared_by_value(left: str, right: str, same: bool) -> None:
    assert same_answer(left, right) is same


def test_items_are_answered_right_and_mostly_wrong_by_misconceptions() -> None:
    items = simulate_items(0)
    assert len(items) == len(SKILLS) * 2 * 40
    for one in MISCONCEPTIONS:
        own = items[items["skill"] == one.skill]
        assert items[one.name].notna().sum() == len(own)
        hits = [same_answer(g, a) for g, a in zip(own[one.name], own["answer"], strict=True)]
        assert np.mean(hits) < 0.75 if one.skill == "comparing decimals" else np.mean(hits) < 0.3, one.name


def test_attempts_hold_together() -> None:
    assert len(FRAME) == 60_000
    assert FRAME.groupby("pupil")["step"].agg(["min", "max"]).drop_duplicates().to_numpy().tolist() == [[1, 40]]
    right = [same_answer(g, a) for g, a in zip(FRAME["given"], FRAME["answer"], strict=True)]
    assert right == FRAME["correct"].tolist()
    assert not (FRAME["known"] & FRAME["misconception"].notna()).any()
    items = simulate_items(5).drop_duplicates(["template", "item"]).set_index(["template", "item"])
    wrong = FRAME[FRAME["misconception"].notna()]
    for row in wrong.head(3000).itertuples():
        assert row.given == items.at[(row.template, row.item), row.misconception]
    assert wrong["misconception"].nunique() == len(MISCONCEPTIONS)
    assert (FRAME["seconds"] > 0).all()
    assert not FRAME["given"].str.contains("/0$").any()


def test_the_probabilities_are_calibrated() -> None:
    bins = FRAME.assign(p=FRAME["probability"].round(3)).groupby("p")
    for said, rows in bins:
        if len(rows) >= 200:
            expected = rows["probability"].mean()
            error = math.sqrt(expected * (1 - expected) / len(rows))
            assert abs(rows["correct"].mean() - expected) < 4.5 * error, said
    assert FRAME["probability"].mean() == pytest.approx(FRAME["correct"].mean(), abs=0.01)


def test_no_model_of_the_record_exceeds_the_true_probabilities() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import OneHotEncoder

    def share(by: list[str]) -> pd.Series:
        groups = FRAME["correct"].astype(int).groupby([FRAME[name] for name in by])
        count = groups.cumcount()
        return ((groups.cumsum() - FRAME["correct"]) / count.where(count > 0)).fillna(0.5)

    skills = OneHotEncoder().fit_transform(FRAME[["skill"]]).toarray()
    table = np.column_stack([skills, share(["pupil"]), share(["pupil", "skill"])])
    test = (FRAME["pupil"] >= "p-01200").to_numpy()
    model = LogisticRegression(max_iter=500).fit(table[~test], FRAME["correct"][~test])
    happened = FRAME["correct"][test].to_numpy()

    def loss(p: np.ndarray) -> np.ndarray:
        p = np.clip(p, 1e-6, 1 - 1e-6)
        found: np.ndarray = -np.where(happened, np.log(p), np.log(1 - p))
        return found

    ours, best = loss(model.predict_proba(table[test])[:, 1]), loss(FRAME["probability"][test].to_numpy())
    assert ours.mean() < loss(np.full(test.sum(), FRAME["correct"].mean())).mean(), "there is something to learn"
    assert (ours - best).mean() > 2 * (ours - best).std() / math.sqrt(test.sum())


def test_nothing_is_known_before_what_it_needs() -> None:
    known = FRAME.groupby(["pupil", "skill"])["known"].agg(["first", "last"])
    assert not (known["first"] & ~known["last"]).any(), "what is known stays known"
    first = FRAME[FRAME["step"] == 1].set_index("skill")["known"].groupby("skill").mean()
    for skill in SKILLS:
        for need in skill.needs:
            assert first[skill.name] <= first[need] + 0.15
    # a pupil who knows a skill at some step never fails to know what it needs at a later one
    steps = FRAME.set_index(["pupil", "skill"])
    learnt = steps[steps["known"]].groupby(["pupil", "skill"])["step"].min()
    ignorant = steps[~steps["known"]].groupby(["pupil", "skill"])["step"].max()
    checked = 0
    for skill in SKILLS:
        for need in skill.needs:
            own = learnt[learnt.index.get_level_values("skill") == skill.name].droplevel("skill")
            lack = ignorant[ignorant.index.get_level_values("skill") == need].droplevel("skill")
            both = own.index.intersection(lack.index)
            checked += len(both)
            assert (own[both] > lack[both]).all(), (skill.name, need)
    assert checked > 100


def test_learning_shows_and_misconceptions_are_followed_as_told() -> None:
    by_step = FRAME.groupby("step")["known"].mean()
    assert by_step.iloc[-10:].mean() > by_step.iloc[:10].mean() + 0.03
    ignorant = FRAME[~FRAME["known"]]
    assert ignorant["misconception"].notna().mean() == pytest.approx(0.7 * CONSISTENCY, abs=0.03)


def test_attempts_come_again_byte_by_byte() -> None:
    again = simulate_attempts(1500, 40, 5)
    assert again.to_csv().encode() == FRAME.to_csv().encode()
    assert not simulate_attempts(1500, 40, 6)["given"].equals(FRAME["given"])


@pytest.mark.parametrize(("pupils", "items"), [(0, 5), (5, 0), (1, 1)])
def test_small_tables(pupils: int, items: int) -> None:
    frame = simulate_attempts(pupils, items, 0)
    assert len(frame) == pupils * items
    assert list(frame.columns) == list(FRAME.columns)


def test_a_number_below_zero_is_refused() -> None:
    with pytest.raises(DataError, match="0 or more"):
        simulate_attempts(-1, 5, 0)


def test_wordings_and_numbers_can_be_held_out() -> None:
    assert FRAME.groupby("skill")["template"].nunique().eq(2).all()
    assert FRAME.groupby("item")["template"].nunique().max() == 2, "the same numbers may be asked in both wordings"
    assert FRAME.groupby("item")["skill"].nunique().eq(1).all()


def test_a_million_attempts_in_a_minute() -> None:
    start = time.perf_counter()
    assert len(simulate_attempts(25_000, 40, 0)) == 1_000_000
    assert time.perf_counter() - start < 60
