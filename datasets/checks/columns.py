"""Rows with their classes, and the ways to look at one column alone.

    TERMINAL_ID   3059   ->  as a value; by the order of its numbers; by its beginning; by its length

What each way tells of the class is measured on held-out rows, see `features`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.task import Field
from ..finding import Material
from ..values import as_category, as_numbers, as_times, known_cells
from .features import (
    FEWEST,
    auroc,
    balanced_accuracy,
    category_codes,
    folds,
    held_out_majority,
    held_out_rates,
    macro_auroc,
    number_codes,
    stratified,
)

__all__ = [
    "FEW_CLASSES",
    "FEW_VALUES",
    "Strength",
    "Truth",
    "View",
    "item_codes",
    "strength",
    "time_numbers",
    "truth_of",
    "views_of",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEW_VALUES = 50
FEW_CLASSES = 20
"""Classes up to which a table of values by classes is made."""
MOST_ITEMS = 200


@dataclass(frozen=True)
class Truth:
    """The rows that a check looks at, and their classes."""

    rows: pd.DataFrame
    """(n, columns) in canonical form."""
    raw: pd.DataFrame
    """(n, columns) as read; the same index."""
    y: Ints
    """(n,) class of each row."""
    names: tuple[str, ...]
    """(k,) names of the classes, the looked-for one of two last."""
    fold: Ints
    """(n,) fold of each row."""
    other: Ints
    """A second, independent fold of each row, for models of models."""

    @property
    def k(self) -> int:
        """Number of classes."""
        return len(self.names)

    def score(self, scores: Floats) -> float:
        """How well (n, k) scores tell: the area of two classes, the mean recall of more."""
        return macro_auroc(scores, self.y) if self.k == 2 else balanced_accuracy(scores, self.y)

    @property
    def measure(self) -> str:
        """The name of `score`."""
        return "area under the ROC curve" if self.k == 2 else "mean recall of the classes"


def truth_of(material: Material, most: int, quick: int) -> Truth | None:
    """Labelled rows of a task with classes, at most so many, rare classes kept; labels are alike up to case.

    None for a value to be estimated, a record's own candidates, or fewer than two classes of 8 rows.
    """
    task, schema = material.task, material.schema
    if not (task.kind == "classification" or (task.kind == "choice" and task.bank is not None)):
        return None
    labelled = material.labelled
    if len(labelled) < 2 * FEWEST:
        return None
    y, found = pd.factorize(labelled[schema.label].astype(str).str.casefold(), sort=True)
    positive = None if schema.positive is None else schema.positive.casefold()
    if len(found) == 2 and found[0] == positive:
        y, found = 1 - y, found[::-1]
    y = y.astype(np.int64)
    if int((np.bincount(y) >= FEWEST).sum()) < 2:
        return None
    chosen = stratified(y, most if material.thorough else quick, material.seed)
    rows = labelled.iloc[chosen]
    y = y[chosen]
    return Truth(
        rows,
        material.raw.loc[rows.index],
        y,
        tuple(map(str, found)),
        folds(y, seed=material.seed),
        folds(y, seed=material.seed + 1),
    )


@dataclass(frozen=True)
class View:
    """One way to look at a column."""

    name: str
    """Column."""
    words: str
    """What is looked at, as the subject of a sentence."""
    codes: Ints
    """(n,) codes of what is seen; 0 is missing."""
    read: bool
    """The model reads the column."""
    way: str = "value"


@dataclass(frozen=True)
class Strength:
    """How well a view alone tells the classes."""

    view: View
    score: float
    held_out: Floats
    """(n, k) held-out shares; (0, 0) with many classes."""

    @property
    def certain(self) -> bool:
        """Few values, each of which goes with one class."""
        return self.score >= 0.9999 and int(self.view.codes.max(initial=0)) <= FEW_VALUES and self.view.way != "order"


def strength(view: View, truth: Truth) -> Strength:
    """Measure a view with held-out rates of each class."""
    if truth.k > FEW_CLASSES:
        told = held_out_majority(view.codes, truth.y, truth.fold)
        return Strength(view, float((told == truth.y).mean()), np.zeros((0, 0)))
    rates = held_out_rates(view.codes, truth.y, truth.k, truth.fold)
    score = truth.score(rates)
    if truth.k == 2 and view.way == "order":  # a plain order needs no bins, which are coarse where rows are few
        plain = auroc(view.codes, truth.y == 1)
        score = max(score, plain, 1 - plain)
    return Strength(view, score, rates)


def views_of(truth: Truth, material: Material) -> Iterator[View]:
    """Every column but the label, in the ways that suit it; texts only by their ends, see `writing`."""
    schema, task = material.schema, material.task
    for one in schema.fields:
        yield from _read_views(truth, one)
    declared = {f.name for f in task.fields if f.protected} - {one.name for one in schema.fields}
    left_out = declared | {schema.label, schema.group, schema.time, task.candidates}
    for name in truth.raw.columns:
        if name in schema.kept and name not in left_out:
            yield from _carried_views(truth.raw[name], str(name))


def _read_views(truth: Truth, one: Field) -> Iterator[View]:
    column = truth.rows[one.name]
    title = f"The column {one.name!r}"
    if one.kind == "number":
        codes = number_codes(column)
        few = column.nunique() <= min(FEW_VALUES, len(column) // FEWEST)
        yield View(one.name, title, codes, True, "value" if few else "order")
    elif one.kind == "category":
        yield View(one.name, title, category_codes(column), True)
    elif one.kind == "set":
        for item, values in item_codes(column).items():
            yield View(one.name, f"The finding {item!r} in {one.name!r}", values, True)
    elif one.kind == "text":
        words = [str(cell).casefold().split() if isinstance(cell, str) else [] for cell in column]
        for way, place in (("first", 0), ("last", -1)):
            ends = [parts[place].strip(".,;:!?()[]'\"") if parts else None for parts in words]
            yield View(one.name, f"The {way} word of {one.name!r}", category_codes(ends), True, f"{way} word")


def item_codes(column: pd.Series) -> dict[str, Ints]:
    """Codes of the most frequent findings of a set column: 0 not said, else its value."""
    found: dict[str, list[tuple[int, str]]] = {}
    for row, cell in enumerate(column):
        for part in cell.split(";") if isinstance(cell, str) else ():
            item, _, value = part.partition("=")
            found.setdefault(item.strip(), []).append((row, value.strip()))
    usual = sorted(found, key=lambda item: -len(found[item]))[:MOST_ITEMS]
    codes = {}
    for item in usual:
        numbers: dict[str, int] = {}
        codes[item] = np.zeros(len(column), np.int64)
        for row, value in found[item]:
            codes[item][row] = numbers.setdefault(value, len(numbers) + 1)
    return codes


def _carried_views(column: pd.Series, name: str) -> Iterator[View]:
    """What a column that is not read would say: its values, its order, its beginning, its length."""
    title = f"The column {name!r}"
    known = known_cells(column)
    if not len(known):
        return
    numbers, _, _ = as_numbers(column)
    if numbers.notna().sum() >= 0.95 * len(known):
        yield View(name, f"The order of {name!r}", number_codes(numbers), False, "order")
    plain = pd.Series([as_category(cell) for cell in column], dtype=object)
    if plain.nunique() <= len(plain) // 2:
        yield View(name, title, category_codes(plain), False)
    text = plain.fillna("").astype(str)
    yield View(name, f"The beginning of {name!r}", category_codes(text.str.extract(r"^(\D{1,8})")[0]), False, "prefix")
    yield View(name, f"The first three characters of {name!r}", category_codes(text.str[:3]), False, "prefix")
    yield View(name, f"The length of {name!r}", np.asarray(text.str.len(), np.int64), False, "length")
    times = time_numbers(column)
    if times is not None:
        yield View(name, f"The order of {name!r}", number_codes(times), False, "order")


def time_numbers(column: pd.Series) -> Floats | None:
    """(n,) a column of dates as numbers; None where it holds none."""
    if pd.api.types.is_numeric_dtype(column) or not len(column):
        return None
    times, way = as_times(column)
    if way == "ambiguous" or times.notna().mean() < 0.3:
        return None
    values = times.to_numpy("datetime64[s]").astype(np.float64)
    return np.where(times.isna(), np.nan, values)
