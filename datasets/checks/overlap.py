"""Rows of the data that stand in the test, too, exactly or nearly: a test that was learnt by heart proves nothing.

    data row 4    "What is 3/4 of 12?"   ["8", "9", "10"]
    test row 17   "What is 3/4 of 12 ?"  ["8", "9", "10"]      the same question and options

What makes two rows the same is in `sameness`. A table in which rows are equal by chance raises no alarm.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..duplicates import Keys, column_keys, joined_keys, joined_texts, nearest_texts, text_lengths
from ..finding import Finding, Level, Material, row_name
from .sameness import Bools, Ints, Sameness, copied, source_rows

__all__ = ["check_near_overlap", "check_overlap", "sample_of_texts"]

SHARE, FEWEST = 0.01, 5
"""Share of the test rows, and rows, from which texts shared with the data are a stop."""
NEAR_STOP = 0.25
"""Share of the test rows from which nearly equal texts are a stop: less is common where people ask for the same."""
LETTERS, QUICK_LETTERS = 30_000_000, 500_000
"""Letters that are compared."""
TEXTS, QUICK_TEXTS = 30_000, 6_000


def check_overlap(material: Material) -> list[Finding]:
    """Test rows whose record, or whose telling text, stands in the data.

    Texts: a stop from 1 % of the test rows and 5 rows, else a warning. Records without a text: a warning from the same
    bounds, a note below, and a note where rows are equal by chance. `fix` takes the rows out of the data.
    """
    test, rows = material.test, material.rows
    if test is None or not len(test) or not len(rows):
        return []
    same = Sameness.of(material)
    data_columns, test_columns = same.columns(rows), same.columns(test)
    data_key, test_key = joined_keys(data_columns), joined_keys(test_columns)
    shared = np.isin(test_key, data_key)
    best, what = shared.copy(), "fields"
    keys = [(data_key, test_key)]
    for name in same.telling:
        in_data, in_test = same.text(rows, name), same.text(test, name)
        twin, there = _twins(in_test, in_data)
        found = there & same.long(test, name)
        bound = same.bound(test[found], twin[found])
        found[found] = same.agrees(test[found], twin[found]) if bound is None else bound
        if (found | shared).sum() > best.sum() or (what == "fields" and found.sum() == best.sum() and found.any()):
            best, what = found | shared, same.described(name)
            keys = [(data_key, test_key), (in_data, in_test)]
    if not best.any():
        return []
    texts = bool(material.schema.of_kind("text"))
    chance = not texts and not _more_than_chance(same.split_columns(rows), same.split_columns(test))
    enough = int(best.sum()) >= FEWEST and best.mean() >= SHARE
    level: Level = "note"
    if texts:
        level = "stop" if enough else "warn"
    elif enough and (not chance or material.schema.of_kind("set")):
        level = "warn"
    inside = np.zeros(len(rows), bool)
    for in_data, in_test in keys:
        inside |= np.isin(in_data, in_test[best])
    wholly = None if texts else _equal_in_all(material, data_columns, test_columns)
    return [_overlap(material, level, best, shared, inside, what, keys, chance, wholly)]


def _equal_in_all(material: Material, data: list[Keys], test: list[Keys]) -> int | None:
    """Test rows that are also equal to a row of the data in the columns that are not read, but for names of rows."""
    if material.test_raw is None:
        return None
    read = {one.name for one in material.schema.fields}
    more_data, more_test = [], []
    for name in material.schema.kept:
        if name not in read and name in material.raw and name in material.test_raw:
            keys = column_keys(material.raw[name], "label")
            if len(np.unique(keys)) < 0.98 * len(keys):
                more_data.append(keys)
                more_test.append(column_keys(material.test_raw[name], "label"))
    if not more_data:
        return None
    return int(np.isin(joined_keys([*test, *more_test]), joined_keys([*data, *more_data])).sum())


def _twins(test: Keys, data: Keys) -> tuple[Ints, Bools]:
    """(test rows,) the first row of the data with the same key, 0 where there is none; whether there is one."""
    distinct, first = np.unique(data, return_index=True)
    place = np.minimum(np.searchsorted(distinct, test), len(distinct) - 1)
    there = distinct[place] == test
    return np.where(there, first[place], 0), there


def _more_than_chance(data: list[Keys], test: list[Keys]) -> bool:
    both = [np.concatenate(pair) for pair in zip(data, test, strict=True)]
    side = np.arange(len(both[0])) < len(data[0])
    return copied(both, side)


def _overlap(
    material: Material, level: Level, found: Bools, record: Bools, inside: Bools, what: str,
    keys: list[tuple[Keys, Keys]], chance: bool, wholly: int | None,
) -> Finding:  # fmt: skip
    test, rows = material.test, material.rows
    assert test is not None
    examples = []
    for place in np.flatnonzero(found)[:5]:
        twin = next(int(np.flatnonzero(d == t[place])[0]) for d, t in keys if (d == t[place]).any())
        examples.append(f"{row_name(test.index[place])} of the test and {row_name(rows.index[twin])} of the data")
    count = int(found.sum())
    more = ""
    if what != "fields" and record.sum() < count:
        more = f", {int(record.sum()):,} of them in every field"
    if wholly is not None and wholly < count:
        more += f", {wholly:,} of them in the columns that are not read, too"
    why = " So few values are in these records that rows are equal by chance." if chance else ""
    return Finding(
        "overlap",
        level,
        f"{count:,} of {len(test):,} test rows have the same {what} as a row of the data{more}, such as "
        f"{examples[0]}.{why}",
        "Nothing need be done." if chance else f"Take these {int(inside.sum()):,} rows out of the data with --fix.",
        count=count,
        total=len(test),
        rows=source_rows(rows, inside),
        examples=tuple(examples),
        figures={
            "share": round(float(found.mean()), 4),
            "whole_record": int(record.sum()),
            "in_all_columns": wholly,
            "data_rows": int(inside.sum()),
            "by_chance": chance,
            "test_rows": list(source_rows(test, found)),
        },
        fix="" if chance else "drop",
    )


# -- nearly the same --------------------------------------------------------------------------------------------------


def sample_of_texts(material: Material, frame: pd.DataFrame, same: Sameness) -> pd.DataFrame:
    """As many rows as may be compared by their shingles: bounded in rows and in letters."""
    names = [one.name for one in material.schema.of_kind("text") if same.styles[one.name] != "notation"]
    if not names or not len(frame):
        return frame
    some = frame.head(500)
    mean = max(1.0, float(np.mean(np.sum([text_lengths(some[name]) for name in names], axis=0))))
    return material.sample(frame, min(TEXTS, int(LETTERS / mean)), min(QUICK_TEXTS, int(QUICK_LETTERS / mean)))


def check_near_overlap(material: Material) -> list[Finding]:
    """Test texts that are nearly equal to a text of the data (Jaccard similarity of shingles of at least 0.8).

    Texts that are wholly equal are left to `check_overlap`. A warning from 1 % of the test rows and 5 rows, a stop from
    25 %, else a note. Where there are more texts than may be compared, a sample of both is.
    """
    if material.test is None:
        return []
    same = Sameness.of(material)
    test = sample_of_texts(material, material.test, same)
    rows = sample_of_texts(material, material.rows, same)
    texts, others = (joined_texts(frame, material.schema, same.styles) for frame in (test, rows))
    if texts is None or others is None or not texts or not others:
        return []
    known = set(others)
    fresh = np.array([place for place, text in enumerate(texts) if text not in known], np.int64)
    nearest, how = nearest_texts([texts[place] for place in fresh], others, thorough=material.thorough)
    places = np.flatnonzero(nearest >= 0)
    if not len(places):
        return []
    count, share = len(places), len(places) / len(test)
    level: Level = "note"
    if count >= FEWEST and share >= SHARE:
        level = "stop" if share >= NEAR_STOP and same.written else "warn" if same.written else "note"
    examples = tuple(
        f"{row_name(test.index[fresh[p]])} of the test and {row_name(rows.index[nearest[p]])} of the data "
        f"({how[p]:.2f})"
        for p in places[:5]
    )
    whole = len(test) == len(material.test) and len(rows) == len(material.rows)
    looked = "" if whole else f" Of the data {len(rows):,} rows were looked at."
    return [
        Finding(
            "near_overlap",
            level,
            f"{count:,} of {len(test):,} test texts are nearly equal to a text of the data, such as {examples[0]}."
            f"{looked}",
            "Take the nearly equal rows out of the data with --fix, or split data and test anew by cluster."
            if level == "stop"
            else "Look at some; if they were made from each other, split data and test anew by cluster.",
            count=count,
            total=len(test),
            rows=source_rows(rows, np.unique(nearest[places])),
            examples=examples,
            figures={
                "share": round(share, 4),
                "looked_at": len(rows),
                "test_rows": list(source_rows(test, fresh[places])),
            },
            fix="drop" if level == "stop" else "",
        )
    ]
