"""When two rows are the same case, and whether so many equal rows are more than chance makes.

    {"question": "How many?", "options": '["3", "4"]', "solution": "..."}     told apart by question and options

A text tells one case from another where it is long, mostly different from row to row and known before the decision; a
list beside it (the options of a question) counts with it. A record is the same where all its fields are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.task import Field, FieldKind
from ..duplicates import Keys, Style, column_keys, joined_keys, mixed_keys, style_of, text_lengths
from ..finding import Material, row_name
from .late import late_words

__all__ = ["Bools", "Ints", "LONG", "Sameness", "beyond_first", "by_chance", "copied", "pair", "source_rows"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LONG = 30
"""Letters from which a text alone says which case it is; a Chinese sign counts twice."""
DISTINCT = 0.5
"""Share of different texts from which a column tells one case from another."""
USUAL = 20
"""Findings of a set that are columns of their own."""
FEW_PAIRS, USUALLY, BOUND = 5, 0.6, 0.3
"""Rows that say whether a text goes with the other fields; how often a field may agree by chance; how much of what
the fields tell must agree."""
BY_CHANCE = 3.0
"""How many times more equal rows than by chance are copies."""


@dataclass(frozen=True)
class Sameness:
    """What makes two rows of a data set the same; made from the data, used for the test as well."""

    material: Material
    _made: dict[tuple[str, str], Keys] = dataclass_field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, material: Material) -> Sameness:
        """The one of these rows; what it has worked out serves every check."""
        kept = vars(material).get("_sameness")
        if not isinstance(kept, cls):
            kept = vars(material)["_sameness"] = cls(material)
        return kept

    @cached_property
    def styles(self) -> dict[str, Style]:
        """Text field -> how it is written."""
        return {
            one.name: style_of(self.material.rows[one.name].tolist()) for one in self.material.schema.of_kind("text")
        }

    @cached_property
    def lists(self) -> list[str]:
        """Text fields that hold a list, such as the options of a question; they count together with another text."""
        found = []
        for one in self.material.schema.of_kind("text"):
            some = [cell for cell in self.material.rows[one.name].head(200) if isinstance(cell, str)]
            if some and sum(cell.startswith("[") and cell.endswith("]") for cell in some) >= 0.8 * len(some):
                found.append(one.name)
        return found

    @cached_property
    def telling(self) -> list[str]:
        """Text fields that tell one case from another: long, mostly different, known before the decision."""
        found = []
        for name in self._early:
            cells = self.material.rows[name].head(5_000).dropna()
            keys = column_keys(cells, "text", self.styles[name])
            long = text_lengths(cells).mean() >= LONG if len(cells) else False
            if not long or len(np.unique(keys)) < DISTINCT * len(keys):
                continue
            later, first = beyond_first(keys)
            places = self.material.rows.index.get_indexer(cells.index)
            if self.bound(self.material.rows.iloc[places[later]], places[first]) is not False:
                found.append(name)
        return found

    def bound(self, frame: pd.DataFrame, twin: Ints) -> bool | None:
        """Whether rows that share a text with their twins in the data agree in the other fields beyond chance, too.

        Where they do not, the text is a remark that fits many cases ("new kitchen") and not the case itself. Fields count
        by how much they tell; None where there are none that tell anything, or too few rows.
        """
        if len(frame) < FEW_PAIRS:
            return None
        rows, agreed, possible = self.material.rows, 0.0, 0.0
        for one in self.material.schema.fields:
            if one.kind in ("text", "time"):
                continue
            keys = self.keys(rows, one.name, one.kind)
            _, count = np.unique(keys, return_counts=True)
            usual = float(((count / len(keys)) ** 2).sum())
            if usual <= USUALLY:
                weight = -np.log(usual)
                agree = float((self.keys(frame, one.name, one.kind) == keys[twin]).mean())
                agreed += weight * max(0.0, (agree - usual) / (1 - usual))
                possible += weight
        return bool(agreed >= BOUND * possible) if possible else None

    @cached_property
    def _early(self) -> list[str]:
        texts = [one.name for one in self.material.schema.of_kind("text") if one.name not in self.lists]
        return [name for name in texts if late_words(name) is None] or texts

    @property
    def written(self) -> bool:
        """Whether a text is what a record is about: it tells cases apart, or there is nothing else."""
        return bool(self.telling) or all(one.kind == "text" for one in self.material.schema.fields)

    @property
    def main(self) -> str | None:
        """The longest telling text."""
        size = {name: int(text_lengths(self.material.rows[name].head(2_000)).sum()) for name in self.telling}
        return max(size, key=lambda name: size[name], default=None)

    def keys(self, frame: pd.DataFrame, name: str, kind: FieldKind = "text") -> Keys:
        """Keys of one column; those of the data and of the test are made once."""
        style = self.styles.get(name, "words")
        whole = frame is self.material.rows or frame is self.material.test
        if not whole:
            return column_keys(frame[name], kind, style)
        place = ("data" if frame is self.material.rows else "test", name)
        if place not in self._made:
            self._made[place] = column_keys(frame[name], kind, style)
        return self._made[place]

    def agrees(self, test: pd.DataFrame, twin: Ints) -> Bools:
        """(test rows,) bool: the row is the same case as its twin in the data, with which it shares a telling text.

        Half of its letters are the same, over all its early texts, or two of its telling texts are: stock sentences
        recur where people write, and a tutor's reply or a short answer alone makes no case the same.
        """
        equal, every, telling = np.zeros(len(test)), np.zeros(len(test)), np.zeros(len(test), np.int64)
        for name in self._early:
            size = text_lengths(test[name])
            same = self.keys(test, name) == self.keys(self.material.rows, name)[twin]
            equal += size * same
            every += size
            telling += same & (size > 0) & (name in self.telling)
        return np.asarray((equal >= 0.5 * every) | (telling >= 2), bool)

    def columns(self, frame: pd.DataFrame) -> list[Keys]:
        """Keys of each field that the model reads, and of a record's own candidates."""
        fields = list(self.material.schema.fields)
        own = self.material.task.candidates
        if own is not None and own in frame.columns and own not in {one.name for one in fields}:
            fields.append(Field(own, "category"))
        return [self.keys(frame, one.name, one.kind) for one in fields]

    def split_columns(self, frame: pd.DataFrame) -> list[Keys]:
        """The same, but of a set one column for each of its most frequent findings and one for the rest."""
        found: list[Keys] = []
        for one, keys in zip(self.material.schema.fields, self.columns(frame), strict=False):
            found += [keys] if one.kind != "set" else self._findings(frame[one.name])
        return found

    def _findings(self, column: pd.Series) -> list[Keys]:
        usual = self._usual(str(column.name))
        values = {item: np.full(len(column), "", object) for item in usual}
        rest = np.full(len(column), "", object)
        for row, cell in enumerate(column):
            others = []
            for part in sorted(cell.casefold().split(";")) if isinstance(cell, str) else ():
                item, _, value = part.partition("=")
                if item.strip() in values:
                    values[item.strip()][row] = value.strip()
                else:
                    others.append(part.strip())
            rest[row] = "; ".join(others)
        return [column_keys(pd.Series(cells), "category") for cells in [*values.values(), rest]]

    def _usual(self, name: str) -> list[str]:
        """The most frequent findings of a set in the data."""
        count: Counter[str] = Counter()
        for cell in self.material.rows[name].head(5_000):
            if isinstance(cell, str):
                count.update(part.partition("=")[0].strip() for part in cell.casefold().split(";"))
        return [item for item, _ in count.most_common(USUAL)]

    def text(self, frame: pd.DataFrame, name: str) -> Keys:
        """Keys of one text with the lists that belong to it."""
        names = [name, *self.lists]
        return joined_keys([self.keys(frame, one) for one in names])

    def long(self, frame: pd.DataFrame, name: str) -> Bools:
        """(rows,) bool: the text, with its lists, is long enough to tell one case from another."""
        sizes = np.sum([text_lengths(frame[one]) for one in [name, *self.lists]], axis=0)
        return np.asarray(sizes >= LONG, bool)

    def described(self, name: str) -> str:
        """The columns of `text` in words."""
        return " and ".join(repr(one) for one in [name, *self.lists])


# -- by chance, or copied ---------------------------------------------------------------------------------------------


def by_chance(columns: Sequence[Keys], side: Bools | None = None) -> float:
    """Pairs of rows that would be equal by chance, judged by pairs that differ in one column only.

    Where two rows agree in all columns but one, they agree in that one by chance about as often as any two rows do.
    So the pairs that differ in this column alone say how many equal pairs to expect; the largest expectation over the
    columns in which fewer than half of all pairs agree counts.

    Args:
        columns: (rows,) keys of each column.
        side: (rows,) pairs between the two sides only; None: all pairs.
    """
    mixed = [mixed_keys(keys, number) for number, keys in enumerate(columns)]
    total = joined_keys(columns)
    equal, every = _pairs(total, side), _pairs(np.zeros(len(total), np.uint64), side)
    agree = np.array([_pairs(keys, side) / max(every, 1) for keys in mixed])
    open_columns = np.flatnonzero((agree <= 0.5) | (agree == agree.min()))
    expected = 0.0
    for number in open_columns.tolist():
        if agree[number] < 1:
            differing = _pairs(total - mixed[number], side) - equal
            expected = max(expected, differing * agree[number] / (1 - agree[number]))
    return expected


def _pairs(keys: Keys, side: Bools | None) -> float:
    """Pairs of equal keys."""
    _, place, count = np.unique(keys, return_inverse=True, return_counts=True)
    if side is None:
        return float((count * (count - 1.0) / 2).sum())
    ones = np.bincount(place, weights=side, minlength=len(count))
    return float((ones * (count - ones)).sum())


def copied(columns: Sequence[Keys], side: Bools | None = None) -> bool:
    """Whether equal rows are more than chance makes."""
    if len(columns) < 2:
        return True
    return _pairs(joined_keys(columns), side) > BY_CHANCE * by_chance(columns, side)


def beyond_first(keys: Keys) -> tuple[Ints, Ints]:
    """Positions of rows that repeat an earlier one, and for each of them the position of that one."""
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    repeated = np.flatnonzero(first[place] != np.arange(len(keys)))
    return repeated, first[place][repeated]


def source_rows(frame: pd.DataFrame, places: Ints | Bools) -> tuple[int, ...]:
    """Positions in the source, ascending."""
    return tuple(sorted(int(row) for row in frame.index[places]))


def pair(frame: pd.DataFrame, one: int, other: int) -> str:
    """Two positions as rows of the source, in words."""
    return f"{row_name(frame.index[one])} and {row_name(frame.index[other])}"
