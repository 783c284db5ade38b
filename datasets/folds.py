"""Parts that change places: cross-validation by the rules of `split`, and rolling weeks as fraud is measured.

cross_folds(rows, schema, SplitRule("group", group="patient"), folds=5)     each patient is tested once

rolling_folds(rows, schema, train_days=7, delay_days=7, test_days=7, folds=2)
train 18.-24.7.   delay 25.-31.7.   test 1.-7.8.
train 25.-31.7.   delay  1.- 7.8.   test 8.-14.8.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ..core.errors import DataError
from ..core.task import Schema, SplitRule
from .split import Split, assigned, clusters_of, recorded, strata_of, times_of

__all__ = ["cross_folds", "rolling_folds"]

NONE = np.zeros(0, np.int64)


def cross_folds(frame: pd.DataFrame, schema: Schema, rule: SplitRule, folds: int = 5, seed: int = 0) -> list[Split]:
    """Each row is tested once; rows of one group, cluster of copies or scaffold are tested together.

    Labels have nearly the same shares in all folds. The same rows, rule and seed give the same folds.

    Args:
        frame: (rows, columns) in canonical form, without missing labels.
        schema: names the label, and the group where the rule names none.
        rule: by random, group, copies or scaffold; its shares are not used.
        folds: how many, at least 2.
        seed: draws the order of rows and groups.

    Returns:
        One split for each fold: `test` is the fold, `train` all other rows, `validation` is empty.

    Raises:
        DataError: fewer than two folds, fewer groups than folds, or a rule by time.
    """
    by: str = rule.by
    if by == "time":
        raise DataError("Rows that are parted by time cannot be cross-validated; use rolling_folds.")
    if folds < 2:
        raise DataError(f"{folds} folds are no cross-validation; ask for at least 2.")
    clusters, notes, more = clusters_of(frame, schema, rule)
    _, group = np.unique(clusters, return_inverse=True)
    strata, _ = strata_of(frame, schema)
    fold = assigned(group, strata, np.full(folds, 1 / folds), np.random.default_rng(seed))
    if len(frame) == 0 or len(np.unique(fold)) < folds:
        groups = len(np.unique(group)) if len(frame) else 0
        raise DataError(f"{groups:,} groups of rows cannot be parted into {folds} folds; ask for fewer.")
    found = []
    for number in range(folds):
        parts = Split(np.flatnonzero(fold != number), NONE, np.flatnonzero(fold == number), NONE, tuple(notes))
        said = recorded(parts, frame, replace(rule, validation=0.0, test=1 / folds), seed, **more)
        found.append(replace(said, record={**said.record, "fold": number, "folds": folds}))
    return found


def rolling_folds(
    frame: pd.DataFrame,
    schema: Schema,
    *,
    train_days: float,
    test_days: float,
    delay_days: float = 0.0,
    folds: int = 1,
    time: str | None = None,
    end: pd.Timestamp | str | None = None,
) -> list[Split]:
    """Train on some days, leave out those whose labels are not known yet, test on the next; then the same earlier.

    This is the prequential validation of Le Borgne et al., Reproducible Machine Learning for Credit Card Fraud
    Detection (2022): the test windows follow each other without a gap. The folds do not depend on the order of rows.

    Args:
        frame: (rows, columns) in canonical form.
        schema: names the time column where `time` does not.
        train_days, delay_days, test_days: length of the three windows, in days.
        folds: how many.
        time: column of the times.
        end: where the last test window ends, exclusive; by default the midnight after the last row.

    Returns:
        The earliest fold first: `train`, `test`, and in `dropped` all other rows; `validation` is empty.

    Raises:
        DataError: no column of times, windows that are not positive, or a fold that begins before the first row or is empty.
    """
    name = time or schema.time
    times = times_of(frame, name)
    if not (train_days > 0 and test_days > 0 and delay_days >= 0 and folds >= 1):
        raise DataError(
            f"Windows of {train_days:g} days to train, {delay_days:g} to wait and {test_days:g} to test in {folds} folds "
            "cannot be made; give positive numbers of days and at least 1 fold."
        )
    if not times.notna().any():
        raise DataError(f"No row has a time in {name!r}; name another time column.")
    first = pd.Timestamp(times.min()).normalize()
    last = pd.Timestamp(times.max()).normalize() + pd.Timedelta(days=1) if end is None else pd.Timestamp(end)
    train, wait, test = (pd.Timedelta(days=days) for days in (train_days, delay_days, test_days))
    rule = SplitRule("time", time=name, delay_days=delay_days, validation=0.0, test=0.0)
    found = []
    for number in range(folds):
        closes = last - (folds - 1 - number) * test
        opens = closes - test
        until = opens - wait
        begins = until - train
        inside = ((times >= begins) & (times < until)).to_numpy()
        tested = ((times >= opens) & (times < closes)).to_numpy()
        if begins < first or not inside.any() or not tested.any():
            raise DataError(
                f"Fold {number + 1} would train on {begins:%Y-%m-%d} to {until:%Y-%m-%d} and test on {opens:%Y-%m-%d} to "
                f"{closes:%Y-%m-%d}, but {name!r} begins on {first:%Y-%m-%d} or has no rows there; ask for fewer folds or "
                "shorter windows."
            )
        parts = Split(np.flatnonzero(inside), NONE, np.flatnonzero(tested), np.flatnonzero(~(inside | tested)))
        bounds = {"train": str(begins), "delay": str(until), "test": str(opens), "end": str(closes)}
        found.append(
            recorded(parts, frame, rule, None, column=name, delay_days=delay_days, boundaries=bounds, fold=number,
                     folds=folds)
        )  # fmt: skip
    return found
