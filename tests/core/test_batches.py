"""Batches: every row once, budgets kept, the same for the same seed; and what stands where in a sequence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from verticals.core.batches import Layout, collate, length_sorted, plan_epoch, split_by_tokens
from verticals.core.records import Encoded

lengths_of = hnp.arrays(np.int64, st.integers(1, 300), elements=st.integers(1, 64))


# -- plans ------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(lengths_of, st.integers(1, 40), st.integers(0, 5), st.integers(0, 3))
def test_an_epoch_sees_every_row_once(lengths: np.ndarray, rows: int, seed: int, epoch: int) -> None:
    plan = plan_epoch(lengths, rows, seed=seed, epoch=epoch)
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(lengths)))
    assert all(len(step) for step in plan)
    assert max(map(len, plan)) <= 2 * rows  # a remainder is shared out, never larger than a step


@settings(max_examples=30)
@given(lengths_of, st.integers(1, 40), st.integers(0, 5))
def test_a_plan_depends_on_seed_and_epoch_alone(lengths: np.ndarray, rows: int, seed: int) -> None:
    one, same = (plan_epoch(lengths, rows, seed=seed, epoch=2) for _ in range(2))
    assert [a.tolist() for a in one] == [b.tolist() for b in same]


def test_another_epoch_or_seed_gives_another_order() -> None:
    lengths = np.random.default_rng(0).integers(1, 64, 500)
    plans = {
        str([step.tolist() for step in plan_epoch(lengths, 16, seed=seed, epoch=epoch)])
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(plans) == 9


def test_rows_of_a_step_are_of_like_length() -> None:
    lengths = np.random.default_rng(0).integers(1, 200, 512)
    plan = plan_epoch(lengths, 16, seed=0, epoch=0)
    padded = sum(len(step) * int(lengths[step].max()) for step in plan)
    assert padded < 1.1 * lengths.sum()
    mixed = np.random.default_rng(1).permutation(512).reshape(32, 16)
    assert sum(16 * int(lengths[step].max()) for step in mixed) > 1.5 * lengths.sum()  # what it saves
    firsts = [int(lengths[step].max()) for step in plan]
    assert firsts != sorted(firsts)
    assert firsts != sorted(firsts, reverse=True)


@settings(max_examples=60)
@given(lengths_of, st.integers(1, 2000))
def test_parts_of_a_step_keep_the_budget(lengths: np.ndarray, budget: int) -> None:
    rows = np.arange(len(lengths))[::2]
    parts = split_by_tokens(rows, lengths, budget)
    assert sorted(np.concatenate(parts).tolist()) == rows.tolist()
    for part in parts:
        assert len(part) == 1 or len(part) * int(lengths[part].max()) <= budget
    flat = lengths[np.concatenate(parts)]
    assert (np.diff(flat) >= 0).all()


@settings(max_examples=60)
@given(lengths_of, st.integers(64, 4000), st.integers(1, 50))
def test_prediction_batches_hold_every_row_once(lengths: np.ndarray, budget: int, most: int) -> None:
    batches = list(length_sorted(lengths, budget, most))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= most
        assert len(batch) * int(lengths[batch].max()) <= budget


def test_no_rows_give_no_batches() -> None:
    assert list(length_sorted(np.zeros(0, np.int64), 100)) == []
    assert plan_epoch(np.zeros(0, np.int64), 8, seed=0, epoch=0) == []


# -- sequences --------------------------------------------------------------------------------------------------

LAYOUT = Layout(before=(2,), behind=(3,), pad=0)


def encoded(texts: list[list[int]], numbers: int, slots: list[int]) -> Encoded:
    """Records with given word pieces, so many numbers, and so many categories each."""
    n = len(texts)
    count = np.array(slots, np.int64)
    lengths = np.array([len(t) for t in texts]) + count + numbers + 2
    return Encoded(
        [np.array(t, np.int64) for t in texts],
        np.arange(n * numbers * 3, dtype=np.float32).reshape(n, numbers, 3),
        np.arange(n * numbers, dtype=np.float32).reshape(n, numbers),
        np.zeros((n, numbers), bool),
        [np.full((k, 4), i + 1, np.int64) for i, k in enumerate(slots)],
        0,
        count,
        lengths,
    )


def test_what_stands_where() -> None:
    rows = encoded([[10, 11], [12, 13, 14, 15], []], numbers=2, slots=[1, 0, 3])
    batch = collate(rows, [0, 1, 2], LAYOUT)
    # [CLS] number number category text [SEP]; 0 where a record token or padding stands
    assert batch.ids.tolist() == [
        [2, 0, 0, 0, 10, 11, 3, 0],
        [2, 0, 0, 12, 13, 14, 15, 3],
        [2, 0, 0, 0, 0, 0, 3, 0],
    ]
    assert batch.mask is not None
    assert batch.mask.sum(1).tolist() == [7, 8, 7]
    assert batch.mask[0].tolist() == [True] * 7 + [False]
    assert batch.last.tolist() == [6, 7, 6]
    assert batch.slot_row.tolist() == [0, 2, 2, 2]
    assert batch.slot_position.tolist() == [3, 3, 4, 5]
    assert batch.slots[:, 0].tolist() == [1, 3, 3, 3]
    assert batch.values.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert batch.tokens == 22


def test_rows_may_come_in_any_order_and_without_padding() -> None:
    rows = encoded([[10, 11], [12, 13], [14, 15]], numbers=0, slots=[0, 0, 0])
    batch = collate(rows, np.array([2, 0]), LAYOUT)
    assert batch.ids.tolist() == [[2, 14, 15, 3], [2, 10, 11, 3]]
    assert batch.mask is None
    assert batch.tokens == 8
    assert batch.slots.shape == (0, 4)
    assert batch.codes.shape == (2, 0, 3)
    moved = batch.to("cpu")
    assert torch.equal(moved.ids, batch.ids)
    assert moved.mask is None


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=12), st.integers(0, 3))
def test_real_tokens_are_those_of_the_lengths(shapes: list[tuple[int, int]], numbers: int) -> None:
    rows = encoded([list(range(10, 10 + words)) for words, _ in shapes], numbers, [slots for _, slots in shapes])
    batch = collate(rows, np.arange(len(shapes)), LAYOUT)
    assert batch.tokens == int(rows.lengths.sum())
    assert batch.ids.shape == (len(shapes), int(rows.lengths.max()))
    for i, (words, slots) in enumerate(shapes):
        assert int(batch.ids[i, batch.last[i]]) == 3
        assert batch.ids[i, 1 + numbers + slots :][:words].tolist() == list(range(10, 10 + words))


@pytest.mark.parametrize(("kind", "before", "behind"), [("bert", (2,), (3,)), ("llama", (), (4,)), ("qwen3", (), (4,))])
def test_the_layout_is_the_tokenizers_own(
    backbones: dict[str, Path], kind: str, before: tuple[int, ...], behind: tuple[int, ...]
) -> None:
    from transformers import AutoTokenizer

    layout = Layout.of(AutoTokenizer.from_pretrained(backbones[kind]))
    assert (layout.before, layout.behind, layout.pad) == (before, behind, 0)
    assert layout.specials == (len(before), len(behind))
