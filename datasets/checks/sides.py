"""One patient, card or pupil on both sides of a split, and rows that lie in the wrong order of time.

    data row 4    patient P017   2024-03-02   asthma
    test row 1    patient P017   2024-01-15   asthma      the same patient, and the test is older than the data

A model knows the patients, cards and problems that it was tuned on: a test that holds them again says nothing about new
ones (Kaufman et al. 2012, "Leakage in data mining"). Stops are for a separate test file only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..finding import Finding, Fix, Level, Material, row_name
from ..values import as_category, known_cells, missing_cells
from .disguised import rows_of
from .times import check_time, split_by

__all__ = ["check_groups", "check_time", "split_by"]

MASSIVE, FEWEST = 0.05, 5
"""Share of the test rows, and rows, from which a declared group on both sides is a stop."""
AGAIN = 0.1
"""Share of the rows whose value must come again for a column to be a group that nobody named."""
SHARED = 0.02
"""The same for values that come once in each file, but in both."""
FEW_VALUES = 20
"""Different values below which a column is a category, such as a ward or a shop."""
WHOLE = 0.5
"""Largest share of the data that `--fix` takes out."""
ENTITY = re.compile(
    r"patients?|subjects?|persons?|people|participants?|respondents?|mrn|medical record|encounter|admission|hadm|stay|visit|"
    r"customers?|clients?|cards?|card holder|cc|accounts?|acct|iban|users?|members?|borrowers?|applicants?|household|"
    r"students?|pupils?|learners?|child|problems?|question|item|exercise|template|dialogues?|dialogs?|conversations?|threads?|"
    r"sessions?|devices?|terminals?|merchants?|authors?|speakers?|donors?|animals?|specimens?|scaffolds?|"
    r"病人|患者|病历|住院|客户|用户|卡|账户|账号|学生|学员|题目|题|会话|对话|设备|商户"
)
"""What several rows may belong to."""
COUNTED = frozenset(
    {"people", "encounter", "admission", "stay", "visit", "child", "question", "item", "exercise", "device", "devices",
     "terminal", "terminals", "merchant", "merchants", "cc", "household", "住院"}
)  # fmt: skip
"""Of these, words that alone may be a count or a text, and name something only with a number (visit_id)."""
NUMBERED = r"(?: ?(?:id|ids|no|nr|nbr|num|number|code|key|uuid|guid|hash|ref|name|编号|号|号码|代码))"


def _names(column: pd.Series) -> pd.Series:
    """(rows,) the name of each value, the same for 7, "7" and 7.0; None where it is missing."""
    codes, values = pd.factorize(column.astype(object).mask(missing_cells(column), None), use_na_sentinel=True)
    names = np.array([*(as_category(value) for value in values), None], dtype=object)
    return pd.Series(names[codes], index=column.index, dtype=object)


# -- groups -----------------------------------------------------------------------------------------------------------


def check_groups(material: Material) -> list[Finding]:
    """One patient, pupil, card, problem or scaffold on two sides, and columns of such names that nobody named as group.

    Stop: rows are parted by the group and at least 5 % of the test rows (and 5) belong to one that stands in the data;
    `fix` takes its rows out of the data. Warn: fewer, a group that does not part the rows, or a column that names
    persons or cases and comes again, while no group is named. Note: the same where rows are parted by time.
    """
    name = material.schema.group
    findings = []
    groups = None
    if name is not None and name in material.rows:
        groups = _names(material.rows[name])
        findings += _declared(material, name, groups)
    return findings + _undeclared(material, groups)


def _declared(material: Material, name: str, groups: pd.Series) -> list[Finding]:
    known = groups.dropna()
    findings = []
    if len(known) >= FEW_VALUES and known.nunique() == len(known) and name != material.task.split.group:
        findings.append(
            Finding(
                "group_names_rows",
                "note",
                f"Every row has another value of the group {name!r}, so the group keeps nothing together.",
                "Name the column of the patient, card or pupil with --group if rows belong together.",
                count=len(known),
                total=len(groups),
                field=name,
            )
        )
    if len(known) < len(groups):
        findings.append(
            Finding(
                "group_missing",
                "note" if len(known) > 0.95 * len(groups) else "warn",
                f"{len(groups) - len(known):,} of {len(groups):,} rows have no {name!r}, first in "
                f"{row_name(groups.index[int(groups.isna().to_numpy().argmax())])}; each counts as a group of its own.",
                "Fill in whom these rows belong to.",
                count=len(groups) - len(known),
                total=len(groups),
                field=name,
            )
        )
    if material.test is not None and name in material.test:
        findings += _shared(material, name, groups, _names(material.test[name]))
    return findings


def _shared(material: Material, name: str, groups: pd.Series, later: pd.Series) -> list[Finding]:
    both = pd.Index(groups.dropna().unique()).intersection(pd.Index(later.dropna().unique()))
    if not len(both):
        return []
    in_test, in_data = later.isin(both), groups.isin(both)
    share = float(in_test.mean())
    by = split_by(material)
    level: Level = "note" if by == "time" else "warn"
    if by == "group" and in_test.sum() >= FEWEST and share >= MASSIVE:
        level = "stop"
    row, twin = _pair(groups, later, in_test)
    fix: Fix = "drop" if by == "group" and in_data.mean() <= WHOLE else ""
    remedy = (
        f"Rows are parted by time, so a known {name!r} may come again; report new ones apart."
        if by == "time"
        else f"Part the rows anew so that each {name!r} is on one side"
        + (", or run with --fix to take these rows out of the data." if fix else ".")
    )
    return [
        Finding(
            "groups",
            level,
            f"{int(in_test.sum()):,} of {len(later):,} test rows ({share:.0%}) belong to one of {len(both):,} {name!r} that "
            f"also have rows in the data, such as test {row_name(row)} and {row_name(twin)} of the data.",
            remedy,
            count=int(in_test.sum()),
            total=len(later),
            rows=rows_of(in_data[in_data]),
            field=name,
            examples=_examples(groups, later, in_test),
            figures={"shared": len(both), "share": round(share, 4), "data_rows": int(in_data.sum())},
            fix=fix,
        )
    ]


def _pair(groups: pd.Series, later: pd.Series, in_test: pd.Series) -> tuple[Any, Any]:
    """A row of the test and one of the data of the same group."""
    place = int(in_test.to_numpy().argmax())
    return later.index[place], groups.index[int((groups == later.iloc[place]).to_numpy().argmax())]


def _examples(groups: pd.Series, later: pd.Series, in_test: pd.Series) -> tuple[str, ...]:
    """Rows of some shared groups; their names are left out, because they may be those of persons."""
    found = []
    for value in later[in_test].drop_duplicates().head(5):
        row, twin = (one.index[int((one == value).to_numpy().argmax())] for one in (later, groups))
        found.append(f"test {row_name(row)} and {row_name(twin)} of the data")
    return tuple(found)


# -- groups that nobody named -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entity:
    """A column that names what several rows belong to."""

    name: str
    data: pd.Series
    """(rows,) names of values."""
    values: int
    again: float
    """Share of the rows whose value stands in another row, too."""


def _undeclared(material: Material, groups: pd.Series | None) -> list[Finding]:
    schema = material.schema
    known = {one.name for one in material.task.fields} | {schema.label, schema.group, schema.time}
    entities = []
    for name in map(str, material.raw.columns):
        if name in known or name == material.task.candidates or not _called(name):
            continue
        test = material.test_raw
        later = test[name] if test is not None and name in test else None
        entity = _entity(name, material.raw[name], later)
        if entity is not None and not (groups is not None and _within(entity.data, groups)):
            entities.append(entity)
    entities.sort(key=lambda one: one.values)
    widest: list[Entity] = []
    for one in entities:  # a dialogue within a problem is kept together with the problem
        if not any(_within(one.data, wider.data) for wider in widest):
            widest.append(one)
    level: Level = "note" if split_by(material) == "time" or groups is not None else "warn"
    return [_unnamed(one, material, level) for one in widest]


def _called(name: str) -> bool:
    """Whether a column is called like persons or cases.

    >>> _called("patient_nbr"), _called("CUSTOMER_ID"), _called("account_balance"), _called("visit")
    (True, True, False, False)
    """
    plain = " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_\d]+", " ", name).split()).casefold()
    if plain in COUNTED:
        return False
    words = rf"(?:\w+ )?(?:{ENTITY.pattern})"
    return re.fullmatch(rf"(?:{ENTITY.pattern})|{words}{NUMBERED}|(?:id|uid|pid|sid|cid){NUMBERED}?", plain) is not None


def _entity(name: str, column: pd.Series, later: pd.Series | None) -> Entity | None:
    """The column, if it holds short names that come again, here or in the test, without being a mere category."""
    known = known_cells(column)
    if pd.api.types.is_float_dtype(known) and not (known % 1 == 0).all():
        return None
    if pd.api.types.is_bool_dtype(known) or pd.api.types.is_datetime64_any_dtype(known) or len(known) < FEW_VALUES:
        return None
    if not pd.api.types.is_numeric_dtype(known):
        head = known.head(500).astype(str)
        if head.str.len().max() > 64 or head.str.count(r"\s").mean() > 1.5:
            return None
    names = _names(column)
    count = names.value_counts()
    again = float(count[count > 1].sum()) / max(1, len(known))
    if len(count) < FEW_VALUES or len(known) / len(count) > max(200.0, 0.05 * len(known)):
        return None
    if again < AGAIN and (later is None or _counts_rows(known) or not _stand_in(later, names) >= SHARED):
        return None
    return Entity(name, names, len(count), again)


def _counts_rows(known: pd.Series) -> bool:
    """Whether numbers run through the rows, so that each file has the same ones."""
    if not pd.api.types.is_numeric_dtype(known):
        return False
    return float(known.max() - known.min()) < 2 * len(known)


def _stand_in(later: pd.Series, names: pd.Series) -> float:
    """Share of the test rows whose value stands in the data."""
    return float(_names(later).isin(set(names.dropna().unique())).mean()) if len(later) else 0.0


def _within(values: pd.Series, groups: pd.Series) -> bool:
    """Whether all rows of nearly every value belong to one group."""
    pairs = pd.DataFrame({"value": values, "group": groups}).dropna().drop_duplicates()
    return len(pairs) <= 1.01 * pairs["value"].nunique()


def _unnamed(entity: Entity, material: Material, level: Level) -> Finding:
    name, figures = entity.name, {"values": entity.values, "again": round(entity.again, 4)}
    often = entity.data.value_counts()
    twice = entity.data.isin(often.index[often > 1])
    message = (
        f"{entity.again:.0%} of the rows share their {name!r} with another row ({entity.values:,} different in "
        f"{int(entity.data.notna().sum()):,} rows)"
    )
    agree = _agreement(entity.data, material)
    if agree is not None:
        figures |= {"same_label": round(agree[0], 4), "by_chance": round(agree[1], 4)}
        if agree[0] > agree[1] + 0.05:
            message += f", and two rows of one have the same label in {agree[0]:.0%} (by chance in {agree[1]:.0%})"
    count, total = int(twice.sum()), len(entity.data)
    if material.test_raw is not None and name in material.test_raw:
        later = _names(material.test_raw[name])
        shared = later.notna() & later.isin(set(entity.data.dropna().unique()))
        figures["test_share"] = round(float(shared.mean()), 4)
        if shared.any():
            count, total = int(shared.sum()), len(later)
            message += f"; {count:,} of {total:,} test rows have one that stands in the data, too"
    asked = material.schema.group
    remedy = (
        f"Name it with --group {name} if it says whom a row belongs to, so that it stands on one side of a split."
        if asked is None
        else f"Rows are kept together by {asked!r} only; name {name!r} with --group instead if it is the wider one."
    )
    return Finding(
        "unnamed_groups",
        level,
        f"{message}.",
        remedy,
        count=count,
        total=total,
        rows=rows_of(twice[twice])[:1000],
        field=name,
        figures=figures,
    )


def _agreement(values: pd.Series, material: Material) -> tuple[float, float] | None:
    """How often two rows of one value have the same label, and how often any two rows do."""
    if material.task.kind != "classification" or not len(material.labelled):
        return None
    label = material.labelled[material.schema.label]
    pairs = pd.DataFrame({"value": values.loc[label.index], "label": label}).dropna()
    size = pairs.groupby("value", sort=False).size().to_numpy(float)
    cell = pairs.groupby(["value", "label"], sort=False).size().to_numpy(float)
    possible = float((size * (size - 1)).sum())
    total = label.value_counts().to_numpy(float)
    if not possible or len(label) < 2:
        return None
    chance = float((total * (total - 1)).sum() / (total.sum() * (total.sum() - 1)))
    return float((cell * (cell - 1)).sum()) / possible, chance
