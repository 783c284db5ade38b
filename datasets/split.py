"""Part rows into train, validation and test so that the test says something about tomorrow.

random     each label in the same shares on all sides (a regression by deciles of its value)
group      a patient, pupil, card or problem is on one side only, labels in nearly the same shares
time       earlier rows train, later rows are tested, with a gap because labels arrive late
copies     as random, and equal records and near-duplicate texts are on one side however many they are
scaffold   molecules with one ring system are on one side; the rarest ring systems are tested

Copies are one group: equal records and near-duplicate texts never stand on two sides (random and group). The parts of
`time` and `scaffold` do not depend on the order of the rows. Cross-validation by the same rules is in `folds`.

    split(rows, schema, SplitRule("group", group="patient"), seed=0).to_dict()     what a run keeps of it
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import DataError
from ..core.task import Schema, SplitRule
from .duplicates import duplicate_clusters, joined_clusters
from .scaffold import fill_by_size, scaffold_codes

__all__ = ["Split", "assigned", "clusters_of", "labels_lacking", "recorded", "split", "strata_of", "times_of"]

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
    record: dict[str, Any] = field(default_factory=dict)
    """Rule, seed, groups, boundaries and the hash of the rows, JSON-able."""

    def to_dict(self) -> dict[str, Any]:
        """What a run keeps of its split: enough to see later whether the same rows were parted in the same way."""
        sizes = {name: len(getattr(self, name)) for name in (*PARTS, "dropped")}
        return {**self.record, "rows": sizes}


def recorded(parts: Split, frame: pd.DataFrame, rule: SplitRule, seed: int | None, **more: Any) -> Split:
    """The split with what a run keeps of it.

    Args:
        parts: positions in the frame.
        frame: its index names the rows of the source.
        rule: how they were parted.
        seed: None where chance had no part.
        more: columns, groups, boundaries.
    """
    digest = hashlib.sha256()
    for name in (*PARTS, "dropped"):
        names = sorted(map(str, frame.index[getattr(parts, name)].tolist()))
        digest.update(f"{name} {len(names)}\n{' '.join(names)}\n".encode())
    record = {
        "by": rule.by,
        "seed": seed,
        "shares": {"validation": rule.validation, "test": rule.test},
        **more,
        "rows_sha256": digest.hexdigest(),
    }
    return replace(parts, record=record)


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
    by: str = rule.by
    if by == "time":
        return _by_time(frame, schema, rule)
    if by == "scaffold":
        return _by_scaffold(frame, schema, rule)
    return _by_cluster(frame, schema, rule, seed)


def strata_of(frame: pd.DataFrame, schema: Schema) -> tuple[np.ndarray, list[str]]:
    """(rows,) int stratum, and the names of the labels; no names where strata are only bins."""
    label = frame[schema.label]
    if schema.labels:
        codes, names = pd.factorize(label, sort=True)
        return np.asarray(codes), [str(name) for name in names]
    if pd.api.types.is_float_dtype(label):
        ranks = label.rank(method="average").fillna(1).to_numpy() - 0.5
        return (ranks / len(label) * 10).astype(int), []  # deciles
    return np.zeros(len(frame), int), []  # candidates and free texts: no strata


def clusters_of(frame: pd.DataFrame, schema: Schema, rule: SplitRule) -> tuple[np.ndarray, list[str], dict[str, Any]]:
    """(rows,) int: rows of one number stay on one side by this rule; notes; what is to be recorded.

    Raises:
        DataError: a column that the rule names is not there, or it names fewer than three groups.
    """
    by: str = rule.by
    notes: list[str] = []
    more: dict[str, Any] = {}
    clusters = np.arange(len(frame))
    if by == "scaffold":
        clusters, column, said = scaffold_codes(frame, schema, rule.group)
        notes, more = said, {"column": column, "groups": len(np.unique(clusters))}
    elif rule.duplicates or by == "copies":
        clusters, notes = duplicate_clusters(frame, schema, always=by == "copies")
        more["copies"] = len(frame) - len(np.unique(clusters))
    if by == "group":
        groups = _groups(frame, rule.group or schema.group, notes)
        more |= {"column": rule.group or schema.group, "groups": len(np.unique(groups))}
        clusters = joined_clusters(clusters, groups)
    return clusters, notes, more


def _by_cluster(frame: pd.DataFrame, schema: Schema, rule: SplitRule, seed: int) -> Split:
    clusters, notes, more = clusters_of(frame, schema, rule)
    strata, names = strata_of(frame, schema)
    _, group = np.unique(clusters, return_inverse=True)
    share = np.array([1 - rule.validation - rule.test, rule.validation, rule.test])
    part = assigned(group, strata, share, np.random.default_rng(seed))
    _mend(part, group, strata if names else np.zeros_like(strata), 3 if rule.test else 2)
    notes += labels_lacking(names, strata, part, bool(rule.test))
    return recorded(_parts(part, notes), frame, rule, seed, duplicates=rule.duplicates, **more)


def _parts(part: np.ndarray, notes: list[str]) -> Split:
    train, validation, test = (np.flatnonzero(part == p) for p in range(3))
    return Split(train, validation, test, np.flatnonzero(part < 0), tuple(notes))


def _by_scaffold(frame: pd.DataFrame, schema: Schema, rule: SplitRule) -> Split:
    clusters, notes, more = clusters_of(frame, schema, rule)
    part = fill_by_size(clusters, rule.validation, rule.test)
    if len(np.unique(part)) < (3 if rule.test else 2):
        raise DataError(
            f"The molecules have only {more['groups']:,} ring systems, which cannot be parted by scaffold; part them by "
            "chance, or give more molecules."
        )
    strata, names = strata_of(frame, schema)
    notes += labels_lacking(names, strata, part, bool(rule.test))
    return recorded(_parts(part, notes), frame, rule, None, **more)


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


def assigned(group: np.ndarray, strata: np.ndarray, share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(rows,) int part of each row, for parts of these (k,) shares.

    Larger groups go first, each to where it is most needed, then single rows fill up.
    """
    k = int(strata.max()) + 1
    total = np.bincount(strata, minlength=k).astype(float)  # (k,)
    target = share[:, None] * total  # (parts, k)
    have = np.zeros((len(share), k))
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
        part[rows] = np.repeat(np.arange(len(share)), _whole_shares(want if want.sum() else share, len(rows), rng))
    return np.asarray(part)


def _whole_shares(want: np.ndarray, rows: int, rng: np.random.Generator) -> np.ndarray:
    """(parts,) int that sum to `rows` in the wanted proportion; what is left over by rounding is drawn."""
    exact = want / want.sum() * rows
    counts: np.ndarray = np.floor(exact + 1e-9).astype(int)
    left = rows - int(counts.sum())
    if left:
        chance = np.maximum(exact - counts, 0) + 1e-12 * (want > 0)
        counts[rng.choice(len(want), size=left, replace=False, p=chance / chance.sum())] += 1
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


def labels_lacking(names: list[str], strata: np.ndarray, part: np.ndarray, test: bool) -> list[str]:
    """Notes on labels that are rare or that a part has none of."""
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


def times_of(frame: pd.DataFrame, name: str | None) -> pd.Series:
    """(rows,) datetime64 of the column to part by.

    Raises:
        DataError: there is no such column, or it holds no times.
    """
    if name is None or name not in frame.columns:
        raise DataError(f"The rows are to be parted by time, but there is no column {name!r}; name a time column.")
    times = frame[name]
    if not pd.api.types.is_datetime64_any_dtype(times):
        raise DataError(f"The column {name!r} holds no times to part the rows by; name a column of dates.")
    return times


def _by_time(frame: pd.DataFrame, schema: Schema, rule: SplitRule) -> Split:
    name = rule.time or schema.time
    times = times_of(frame, name)
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
            raise DataError(_swallowed(known, str(name), rule.delay_days))
        bounds.append(start)
        left = left[left < start - gap]
    if not len(left):
        raise DataError(_swallowed(known, str(name), rule.delay_days))
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
    strata, names = strata_of(frame, schema)
    inside = part >= 0
    notes += labels_lacking(names, strata[inside], part[inside], bool(rule.test))
    bounds_said = {"validation": str(validation_start)} | ({"test": str(test_start)} if rule.test else {})
    return recorded(
        _parts(part, notes), frame, rule, None, column=name, delay_days=rule.delay_days, boundaries=bounds_said
    )


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
