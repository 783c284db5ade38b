"""Which columns of the rows name groups of people or places, and which rows stand in which group.

    Groups("age", "age in years", ("0-17", "18-39", "40-64", "65+"), code=[2, 0, -1, …], small=(("missing", 4),))

Groups of fewer than 30 rows are named with their number and get no figure: it would be mostly chance, and would say
something of single people.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .view import View

__all__ = ["TOO_FEW", "Groups", "crossed", "cut", "groups_of", "speaks_of_people"]

TOO_FEW = 30
"""Groups below this size get no figure."""
MOST_COLUMNS, MOST_VALUES, MOST_KINDS = 12, 12, 60
"""Columns that are looked at, groups of one, and values beyond which a column names single cases and not groups."""
MOST_CROSSED, SMALL_COLUMN = 4, 6
"""Columns that are crossed with each other, and the groups that such a column may have."""
PEOPLE = frozenset({
    "sex", "gender", "age", "race", "ethnicity", "ethnic", "nationality", "foreign", "marital", "marriage", "religion",
    "language", "dialect", "disability", "site", "hospital", "clinic", "ward", "department", "school", "class", "region",
    "district", "country", "state", "centre", "center", "branch", "grade", "insurance", "skin", "caste", "native", "postcode",
    "zip", "deprivation", "orientation", "veteran", "pregnant", "pregnancy",
})  # fmt: skip
"""Words in the name of a column that speaks of people or places."""
NOT_GROUPS = frozenset({"true_probability"})
"""What simulators carry along beside a row."""
AGES = ((0.0, 17.0), (18.0, 39.0), (40.0, 64.0), (65.0, np.inf))
"""Bands of an age in whole years."""


@dataclass(frozen=True)
class Groups:
    """The groups of one column, or of two crossed."""

    column: str
    title: str
    """The column's name as words."""
    names: tuple[str, ...]
    """(g,) groups of at least 30 rows."""
    code: NDArray[np.int64]
    """(n,) number of each row's group; -1 where its group has too few rows or is not shown."""
    small: tuple[tuple[str, int], ...] = ()
    """Groups of too few rows, and how many they have."""

    def sizes(self) -> NDArray[np.int64]:
        """(g,) rows of each group."""
        return np.bincount(self.code[self.code >= 0], minlength=len(self.names)).astype(np.int64)


def groups_of(view: View) -> list[Groups]:
    """The columns whose groups are set side by side: the task's slices, protected fields, and what sounds like people."""
    found = []
    for name in _columns(view):
        groups = cut(view.scored.rows[name], name, _title(view, name))
        if groups is not None:
            found.append(groups)
    return found[:MOST_COLUMNS]


def speaks_of_people(column: str) -> bool:
    """The name of a column says that its groups are of people or places, not of cases of another kind."""
    return bool(PEOPLE & set(_words(column)))


def crossed(groups: Sequence[Groups]) -> list[Groups]:
    """Each two of the first small columns as groups of both; columns that share their first word are not crossed."""
    small = [g for g in groups if 1 < len(g.names) <= SMALL_COLUMN][:MOST_CROSSED]
    return [_cross(a, b) for a, b in combinations(small, 2) if _words(a.column)[0] != _words(b.column)[0]]


def cut(column: pd.Series, name: str, title: str = "") -> Groups | None:
    """Part rows by the values of a column: ages in bands, numbers of many values in quarters, else by value.

    None where the column names single cases, or where no group has 30 rows.
    """
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64) if numeric else np.empty(0)
    if numeric and "age" in _words(name):
        parts = _banded(values)
    elif numeric and len(np.unique(values[np.isfinite(values)])) > 8:
        parts = _quarters(values)
    else:
        code, kinds = pd.factorize(column.astype(object))
        if len(kinds) > MOST_KINDS:
            return None
        parts = [(_label(kind), code == place) for place, kind in enumerate(kinds)]
        parts.sort(key=lambda part: -int(part[1].sum()))
    parts.append(("missing", column.isna().to_numpy(bool)))
    return _of_parts(name, title or name.replace("_", " "), parts)


def _of_parts(name: str, title: str, parts: Sequence[tuple[str, NDArray[np.bool_]]]) -> Groups | None:
    code = np.full(len(parts[0][1]), -1, dtype=np.int64)
    names: list[str] = []
    small = []
    for label, member in parts:
        count = int(member.sum())
        if count >= TOO_FEW and len(names) < MOST_VALUES:
            code[member] = len(names)
            names.append(label)
        elif 0 < count < TOO_FEW:
            small.append((label, count))
    return Groups(name, title, tuple(names), code, tuple(small)) if names else None


def _label(kind: object) -> str:
    if isinstance(kind, float) and kind.is_integer():
        return str(int(kind))
    words = str(kind)
    return words if len(words) <= 60 else words[:59] + "…"


def _banded(values: NDArray[np.float64]) -> list[tuple[str, NDArray[np.bool_]]]:
    whole = np.floor(values)
    names = [f"{low:.0f}+" if np.isinf(high) else f"{low:.0f}-{high:.0f}" for low, high in AGES]
    return [(name, (whole >= low) & (whole <= high)) for name, (low, high) in zip(names, AGES, strict=True)]


def _quarters(values: NDArray[np.float64]) -> list[tuple[str, NDArray[np.bool_]]]:
    edges = np.unique(np.nanquantile(values, [0.25, 0.5, 0.75]))
    place = np.where(np.isfinite(values), np.searchsorted(edges, values, side="left"), -1)
    names = [
        f"up to {edges[0]:.3g}",
        *(f"{a:.3g} to {b:.3g}" for a, b in pairwise(edges)),
        f"above {edges[-1]:.3g}",
    ]
    return [(name, place == at) for at, name in enumerate(names)]


def _cross(first: Groups, other: Groups) -> Groups:
    wide = len(other.names)
    both = (first.code >= 0) & (other.code >= 0)
    code = np.where(both, first.code * wide + other.code, -1)
    parts = [(f"{a}, {b}", code == i * wide + j) for i, a in enumerate(first.names) for j, b in enumerate(other.names)]
    parts = sorted(parts, key=lambda part: -int(part[1].sum()))
    title = f"{first.title} and {other.title}"
    found = _of_parts(f"{first.column}_{other.column}", title, parts)
    return found or Groups(f"{first.column}_{other.column}", title, (), np.full(len(code), -1, dtype=np.int64))


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word] or [name.lower()]


def _title(view: View, name: str) -> str:
    known = {f.name: f.words for f in (*view.task.fields, *view.schema.fields)}
    return known.get(name, name.replace("_", " "))


def _columns(view: View) -> list[str]:
    """Names in order: slices first, then protected fields, then columns that sound like people or places."""
    rows, schema = view.scored.rows, view.schema
    fields = {f.name: f for f in (*schema.fields, *view.task.fields)}
    protected = [name for name, f in fields.items() if f.protected and f.kind in ("category", "number")]
    wide = [f.name for f in schema.fields if f.kind in ("category", "number")]
    sounding = [name for name in (*wide, *schema.kept) if speaks_of_people(name)]
    barred = {schema.label, view.task.label, schema.group, schema.time, *NOT_GROUPS}
    answers = set(view.scored.labels)
    found = []
    for name in dict.fromkeys((*view.task.slices, *protected, *sounding)):
        if name not in rows.columns or name in barred:
            continue
        # another question answered with the same labels is a judgement of the row, not a group
        if name not in view.task.slices and answers and set(rows[name].dropna().astype(str).unique()) <= answers:
            continue
        found.append(name)
    return found
