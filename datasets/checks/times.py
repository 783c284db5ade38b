"""Rows in the wrong order of time, and dates that cannot be.

    newest row of the data   2024-03-02
    test row 1               2024-01-15      older than the data: the model has seen the future
    data row 17              2204-01-15      later than today

Rows are parted by time so that the test is the future; a test that lies before the data proves nothing of tomorrow.
"""

from __future__ import annotations

from typing import Literal

import pandas as pd

from ..finding import Finding, Fix, Level, Material, Part, row_name
from ..values import as_times, missing_cells
from .disguised import of_part, parts_of, rows_of

__all__ = ["check_time", "split_by"]

CUT = pd.Timestamp("1900-01-01")
PLACEHOLDER = pd.Timestamp("1970-01-01")
"""What a computer writes for no date."""
STOP_EARLY, FEWEST = 0.2, 5
"""Share of the test rows, and rows, that are older than the newest 5 % of the data, from which it is a stop."""
WHOLE = 0.5
"""Largest share of the data that `--fix` takes out."""
READ, QUICK_READ = 200_000, 500
"""Dates that are read of a column that does not part the rows."""


def split_by(material: Material) -> Literal["group", "time", "random"]:
    """How the rows are parted for this task, given the columns that there are and that the user named."""
    rule, schema = material.task.split, material.schema
    if schema.time is not None and schema.time != rule.time:
        return "time"
    if schema.group is not None and schema.group != rule.group:
        return "group"
    if rule.by == "time" and schema.time is not None:
        return "time"
    return "group" if rule.by in ("group", "time") and schema.group is not None else "random"


def check_time(material: Material) -> list[Finding]:
    """Test rows older than the data, rows too near before the test, and dates that cannot be.

    Stop: rows are parted by time, and a fifth of the test rows are older than the newest 5 % of the data. Warn: some
    are; dates later than tomorrow, before 1900, or of a computer's first day; cells of the time column that are no date.
    """
    tomorrow = pd.Timestamp.now() + pd.Timedelta(days=1)
    decided = material.schema.time
    findings = []
    for name in dict.fromkeys([decided, *(one.name for one in material.task.fields if one.kind == "time")]):
        if name is None or name not in material.rows:
            continue
        believable = []
        for part, rows, raw in parts_of(material):
            if name not in rows:
                continue
            times = rows[name]
            if not pd.api.types.is_datetime64_any_dtype(times):
                times, way = as_times(material.sample(rows, READ, QUICK_READ)[name])
                if way in ("", "ambiguous"):
                    continue
            findings += _impossible(name, times, part, tomorrow)
            if name == decided and raw is not None and name in raw:
                findings += _unread(name, raw[name], times, part)
            believable.append(times[(times > CUT) & (times <= tomorrow) & (times != PLACEHOLDER)])
        if name == decided and len(believable) == 2 and all(map(len, believable)):
            findings += _order(material, name, *believable)
    return findings


def _impossible(name: str, times: pd.Series, part: Part, tomorrow: pd.Timestamp) -> list[Finding]:
    known = times.dropna()
    first_day = known == PLACEHOLDER
    others = known[~first_day & (known > CUT)]
    if first_day.sum() < 1 or not len(others) or others.min() < PLACEHOLDER + pd.Timedelta(days=730):
        first_day &= False
    found = []
    for marked, words in (
        (known > tomorrow, "later than tomorrow"),
        (known <= CUT, "not later than 1900-01-01"),
        (first_day, "1970-01-01, a computer's way of writing no date"),
    ):
        if not marked.any():
            continue
        first = known.index[int(marked.to_numpy().argmax())]
        found.append(
            Finding(
                "impossible_times",
                "warn",
                f"{int(marked.sum()):,} of {len(known):,} times in {name!r}{of_part(part)} are {words}, such as "
                f"{str(known.loc[first])[:19]} in {row_name(first)}.",
                "Correct them, or empty these cells in a copy with --fix; a row without a time is left out of a split by time.",
                count=int(marked.sum()),
                total=len(known),
                rows=rows_of(marked[marked]),
                part=part,
                field=name,
                examples=tuple(f"{row_name(row)}: {str(known.loc[row])[:19]}" for row in known.index[marked][:5]),
                fix="blank",
            )
        )
    return found


def _unread(name: str, column: pd.Series, times: pd.Series, part: Part) -> list[Finding]:
    """Cells of the time column that say something else than a date, such as 2024-02-30."""
    wrong = ~missing_cells(column) & times.reindex(column.index).isna()
    if not wrong.any():
        return []
    first = column.index[int(wrong.to_numpy().argmax())]
    return [
        Finding(
            "not_times",
            "warn",
            f"{int(wrong.sum()):,} of {len(column):,} cells in the time column {name!r}{of_part(part)} "
            f"are no dates and count as missing, such as {str(column.loc[first])[:40]!r} in {row_name(first)}.",
            "Write them as 2024-12-31, or empty these cells in a copy with --fix.",
            count=int(wrong.sum()),
            total=len(column),
            rows=rows_of(wrong[wrong]),
            part=part,
            field=name,
            examples=tuple(f"{row_name(row)}: {str(column.loc[row])[:40]!r}" for row in column.index[wrong][:5]),
            fix="blank",
        )
    ]


def _order(material: Material, name: str, data: pd.Series, test: pd.Series) -> list[Finding]:
    newest, oldest = data.max(), test.min()
    by_time = split_by(material) == "time"
    late = data > oldest
    if not late.any():
        return _too_near(material, name, data, test) if by_time else []
    early = test < newest
    heavy = (
        float((test < data.quantile(0.95)).mean()) >= STOP_EARLY and float((data > test.quantile(0.05)).mean()) >= 0.05
    )
    level: Level = "note"
    if by_time:
        level = "stop" if heavy and early.sum() >= FEWEST else "warn"
    fix: Fix = "drop" if by_time and late.mean() <= WHOLE else ""
    first = test.index[int(early.to_numpy().argmax())]
    return [
        Finding(
            "time_order",
            level,
            f"{int(early.sum()):,} of {len(test):,} test rows are older in {name!r} than the newest row of the data "
            f"({str(newest)[:19]}), such as {str(test.loc[first])[:19]} in test {row_name(first)}; {int(late.sum()):,} of "
            f"{len(data):,} rows of the data are newer than the oldest test row.",
            "Test on rows that come after all rows of the data"
            + (", or run with --fix to take the newer rows out of the data." if fix else "."),
            count=int(early.sum()),
            total=len(test),
            rows=rows_of(late[late]),
            field=name,
            figures={"newest": str(newest), "oldest_test": str(oldest), "data_rows": int(late.sum())},
            fix=fix,
        )
    ]


def _too_near(material: Material, name: str, data: pd.Series, test: pd.Series) -> list[Finding]:
    """Rows of the data whose labels are not known yet when the test begins."""
    delay = material.task.split.delay_days
    near = data > test.min() - pd.Timedelta(days=delay)
    if not delay or not near.any():
        return []
    return [
        Finding(
            "time_delay",
            "note",
            f"{int(near.sum()):,} rows of the data lie within {delay:g} days before the oldest test row "
            f"({str(test.min())[:19]}); labels of {material.task.name} are known after {delay:g} days only.",
            f"Leave {delay:g} days between the data and the test for figures that hold in practice.",
            count=int(near.sum()),
            total=len(data),
            rows=rows_of(near[near])[:1000],
            field=name,
        )
    ]
