"""Part rows into train, validation and test so that the test says something about tomorrow.

random   each label in the same shares on all sides (a regression by deciles of its value)
group    a patient, pupil, card or problem is on one side only, labels in nearly the same shares
time     earlier rows train, later rows are tested, with a gap because labels arrive late

Copies are one group: equal records and near-duplicate texts never stand on two sides (random and group).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import DataError
from ..core.task import Schema, SplitRule
from .duplicates import duplicate_clusters, joined_clusters

__all__ = ["Split", "split"]

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Positions of the rows of each part, ascending; together each row once, but for the dropped ones."""

    train: np.ndarray
    """(n_train,) int."""
    validation: np.ndarray
    """(n_validation,) int."""
    test: np.ndarray
    """(n_test,) int; empty where the rule's share of test rows is 0."""
    dropped: np.ndarray
    """(n_dropped,) int: rows in the gaps of a split by time, or without a time."""
    notes: tuple[str, ...] = ()


def split(frame: pd.DataFrame, schema: Schema, rule: SplitRule, seed: int = 0) -> Split:
    """Part the rows by the rule; the same rows, rule and seed give the same parts.

    Args:
        frame: (rows, columns) in canonical form (`apply_schema`), without missing labels.
        schema: names the label, and the group and time column where the rule names none.
        rule: how to part; `test` may be 0.
        seed: draws the order of rows and groups; without effect on a split by time.

    Raises:
        DataError: shares that leave no training rows, a named column that is not there, fewer than three groups, or a
            gap that swallows the rows.
    """
    if min(rule.validation, rule.test) < 0 or rule.validation <= 0 or rule.validation + rule.test >= 1:
        raise DataError(
            f"Shares of {rule.validation:g} for validation and {rule.test:g} for test leave nothing to train on or to "
            "validate on; their sum must be below 1 and validation above 0."
        )
    needed = 3 if rule.test else 2
    if len(frame) < needed:
        raise DataError(f"{len(frame)} rows cannot be parted into {needed} parts; give more rows.")
    if rule.by == "time":
        return _by_time(frame, schema, rule)
    return _by_cluster(frame, schema, rule, np.random.default_rng(seed))


def _strata(frame: pd.DataFrame, schema: Schema) -> tuple[np.ndarray, list[str]]:
    """(rows,) int stratum, and the names of the labels; no names where strata are only bins."""
    label = frame[schema.label]
    if schema.labels:
        codes, names = pd.factorize(label, sort=True)
        return np.asarray(codes), [str(name) for name in names]
    if pd.api.types.is_float_dtype(label):
        ranks = label.rank(method="average").fillna(1).to_numpy() - 0.5
        return (ranks / len(label) * 10).astype(int), []  # deciles
    return np.zeros(len(frame), int), []  # candidates and free texts: no strata


def _by_cluster(frame: pd.DataFrame, schema: Schema, rule: SplitRule, rng: np.random.Generator) -> Split:
    notes: list[str] = []
    clusters = np.arange(len(frame))
    if rule.duplicates:
        clusters, notes = duplicate_clusters(frame, schema)
    if rule.by == "group":
        clusters = joined_clusters(clusters, _groups(frame, rule.group or schema.group, notes))
    strata, names = _strata(frame, schema)
    _, group = np.unique(clusters, return_inverse=True)
    part = _assign(group, strata, np.array([1 - rule.validation - rule.test, rule.validation, rule.test]), rng)
    _mend(part, group, strata if names else np.zeros_like(strata), 3 if rule.test else 2)
    notes += _label_notes(names, strata, part, bool(rule.test))
    train, validation, test = (np.flatnonzero(part == p) for p in range(3))
    return Split(train, validation, test, np.zeros(0, np.int64), tuple(notes))


def _groups(frame: pd.DataFrame, name: str | None, notes: list[str]) -> np.ndarray:
    if name is None or name not in frame.columns:
        raise DataError(f"The rows are to be parted by group, but there is no column {name!r}; name a group column.")
    codes, groups = pd.factorize(frame[name])
    lost = codes < 0
    if lost.any():
        notes.append(f"{int(lost.sum()):,} rows have no {name!r}; each counts as a group of its own.")
    codes = np.where(lost, len(groups) + np.cumsum(lost), codes)
    count = len(np.unique(codes))
    if count < 3:
        raise DataError(
            f"The column {name!r} names only {count} {'group' if count == 1 else 'groups'}, but the split needs at "
            "least 3; name another group column or none."
        )
    notes.append(f"{count:,} groups of {name!r} were parted so that none stands on two sides.")
    return np.asarray(codes)


def _assign(group: np.ndarray, strata: np.ndarray, share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(rows,) int part: larger groups first, each to where it is most needed, then single rows fill up."""
    k = int(strata.max()) + 1
    total = np.bincount(strata, minlength=k).astype(float)  # (k,)
    target = share[:, None] * total  # (3, k)
    have = np.zeros((3, k))
    size = np.bincount(group)
    part_of = np.full(len(size), -1)
    order = np.argsort(group, kind="stable")
    begin = np.concatenate([[0], np.cumsum(size)])
    large = np.flatnonzero(size > 1)
    large = large[np.lexsort((rng.permutation(len(large)), -size[large]))]
    open_parts = np.flatnonzero(share > 0)
    weight = 1 / np.maximum(target[open_parts], 1e-9) / len(total)
    whole = 1 / target[open_parts].sum(1)
    for g in large:
        count = np.bincount(strata[order[begin[g] : begin[g + 1]]], minlength=k)
        gap = have[open_parts] - target[open_parts]
        # change of the squared distance to the targets, per label and for the rows as a whole
        cost = ((2 * gap + count) * count * weight).sum(1)
        cost += (2 * gap.sum(1) + count.sum()) * count.sum() * whole
        chosen = open_parts[int(np.argmin(cost))]
        part_of[g] = chosen
        have[chosen] += count
    part = part_of[group]
    single = np.flatnonzero(part < 0)
    for s in np.unique(strata[single]):
        rows = rng.permutation(single[strata[single] == s])
        want = np.maximum(target[:, s] - have[:, s], 0)
        part[rows] = np.repeat(np.arange(3), _whole_shares(want if want.sum() else share, len(rows), rng))
    return np.asarray(part)


def _whole_shares(want: np.ndarray, rows: int, rng: np.random.Generator) -> np.ndarray:
    """(3,) int that sum to `rows` in the wanted proportion; what is left over by rounding is drawn."""
    exact = want / want.sum() * rows
    counts: np.ndarray = np.floor(exact + 1e-9).astype(int)
    left = rows - int(counts.sum())
    if left:
        chance = np.maximum(exact - counts, 0) + 1e-12 * (want > 0)
        counts[rng.choice(3, size=left, replace=False, p=chance / chance.sum())] += 1
    return counts


def _mend(part: np.ndarray, group: np.ndarray, strata: np.ndarray, parts: int) -> None:
    """Move whole groups so that training has every label and no part is empty."""
    size = np.bincount(group)
    for s in np.unique(strata):
        if not ((strata == s) & (part == 0)).any():
            candidates = np.unique(group[strata == s])
            part[group == candidates[np.argmin(size[candidates])]] = 0
    for p in range(parts):
        if (part == p).any():
            continue
        for g in _movable(part, group, strata, size):
            part[group == g] = p
            break
        else:
            raise DataError(
                f"The rows cannot be parted into {parts} parts: too few groups, or labels that are in one group only; "
                "give more rows or part them by another rule."
            )


def _movable(part: np.ndarray, group: np.ndarray, strata: np.ndarray, size: np.ndarray) -> list[int]:
    """Groups that may leave their part without emptying it or taking a label from training, smallest first."""
    owner = np.zeros(len(size), int)
    owner[group] = part
    per_part = np.bincount(owner, minlength=3)
    in_train = np.bincount(strata[part == 0], minlength=int(strata.max()) + 1)
    movable = []
    for g in np.argsort(size, kind="stable"):
        if per_part[owner[g]] < 2:
            continue
        inside = np.bincount(strata[group == g], minlength=len(in_train))
        if owner[g] == 0 and ((in_train - inside <= 0) & (inside > 0)).any():
            continue
        movable.append(int(g))
        if owner[g] == 0:
            return [int(g)]  # training is the part that can best spare a group
    return movable


def _label_notes(names: list[str], strata: np.ndarray, part: np.ndarray, test: bool) -> list[str]:
    notes = []
    count = np.bincount(strata, minlength=len(names))
    rare = [name for name, rows in zip(names, count, strict=False) if rows < 3]
    if rare:
        notes.append(f"Fewer than 3 rows have the label {', '.join(rare[:10])}; it cannot be tuned and tested on both.")
    for p in range(3 if test else 2):
        inside = np.bincount(strata[part == p], minlength=len(names))
        lacking = [name for s, name in enumerate(names) if not inside[s] and name not in rare]
        if lacking:
            notes.append(f"No {PARTS[p]} row has the label {', '.join(lacking[:10])}.")
    return notes


def _by_time(frame: pd.DataFrame, schema: Schema, rule: SplitRule) -> Split:
    name = rule.time or schema.time
    if name is None or name not in frame.columns:
        raise DataError(f"The rows are to be parted by time, but there is no column {name!r}; name a time column.")
    times = frame[name]
    if not pd.api.types.is_datetime64_any_dtype(times):
        raise DataError(f"The column {name!r} holds no times to part the rows by; name a column of dates.")
    gap = pd.Timedelta(days=rule.delay_days)
    known = times.dropna()
    left = known
    bounds = []
    for share in (rule.test, rule.validation / (1 - rule.test)):
        if not share:
            bounds.append(pd.Timestamp.max)
            continue
        start = _start_of_last(left, share)
        if start is None:
            raise DataError(_swallowed(known, name, rule.delay_days))
        bounds.append(start)
        left = left[left < start - gap]
    if not len(left):
        raise DataError(_swallowed(known, name, rule.delay_days))
    test_start, validation_start = bounds
    test = np.flatnonzero(times >= test_start)
    validation = np.flatnonzero((times >= validation_start) & (times < (test_start - gap if rule.test else test_start)))
    train = np.flatnonzero(times < validation_start - gap)
    part = np.full(len(frame), -1)
    for p, rows in enumerate((train, validation, test)):
        part[rows] = p
    notes = [f"The rows were parted by {name!r}: validation from {_day(validation_start)}"]
    notes[0] += f", test from {_day(test_start)}." if rule.test else "."
    if times.isna().any():
        notes.append(f"{int(times.isna().sum()):,} rows without a time in {name!r} are left out.")
    between = int(((part < 0) & times.notna().to_numpy()).sum())
    if between:
        notes.append(
            f"{between:,} rows in the gap of {_days(rule.delay_days)} before validation and test are left out, because "
            "labels arrive late."
        )
    strata, names = _strata(frame, schema)
    inside = part >= 0
    notes += _label_notes(names, strata[inside], part[inside], bool(rule.test))
    return Split(train, validation, test, np.flatnonzero(part < 0), tuple(notes))


def _start_of_last(times: pd.Series, share: float) -> pd.Timestamp | None:
    """First time of the last `share` of the rows; rows of one time stay together. None where there is one time only."""
    ordered = np.sort(times.to_numpy())
    if len(ordered) < 2 or ordered[0] == ordered[-1]:
        return None
    start: Any = ordered[min(len(ordered) - 1, round(len(ordered) * (1 - share)))]
    if start == ordered[0]:  # many rows of one time: the next one begins the part
        start = ordered[np.searchsorted(ordered, start, side="right")]
    return pd.Timestamp(start)


def _swallowed(times: pd.Series, name: str, delay: float) -> str:
    if not len(times):
        return f"No row has a time in {name!r}; name another time column or part the rows by another rule."
    return (
        f"The times in {name!r} reach from {_day(times.min())} to {_day(times.max())}, which cannot be parted in three "
        f"with {_days(delay)} between; give more days, a shorter delay or another split."
    )


def _days(count: float) -> str:
    return f"{count:g} {'day' if count == 1 else 'days'}"


def _day(time: pd.Timestamp) -> str:
    return str(time)[:16].removesuffix(" 00:00")
