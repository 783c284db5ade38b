"""What the gate finds, and what its checks are given.

    Finding("ranges", "warn", "3 of 900 values of 'systolic_bp' are outside 40 to 300 mm[Hg], such as 12000 in row 17.",
            "Correct them, or run with --fix to leave these cells empty.", count=3, total=900, rows=(16, 40, 801),
            field="systolic_bp", fix="blank")

A check is a function of `Material` that returns findings; it never changes a row and never raises for what it finds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from ..core.task import Schema, Task

__all__ = ["Check", "Finding", "Fix", "Level", "Material", "Part", "row_name"]

Level = Literal["stop", "warn", "note"]
"""stop: a model tuned on this would deceive; warn: a person should look; note: worth knowing."""

Fix = Literal["", "drop", "blank", "mask"]
"""What `--fix` does: nothing; takes the rows out; empties the cells of `field` in these rows; masks personal data in
the cells of `field` in these rows."""

Part = Literal["data", "test"]


@dataclass(frozen=True)
class Finding:
    """One thing that a check found."""

    check: str
    """Short key in snake case, such as near_duplicates; `--accept KEY` lets a stop pass."""
    level: Level
    message: str
    """One sentence: what was found, with counts and one example with its row, counted from 1."""
    remedy: str
    """One sentence: what to do."""
    count: int = 0
    """Rows (or cells) concerned."""
    total: int = 0
    """Out of how many."""
    rows: tuple[int, ...] = ()
    """Positions, from 0 and ascending, in the source file of the rows concerned; all of them where `fix` is set."""
    part: Part = "data"
    """The file whose rows are meant."""
    field: str | None = None
    """The column concerned."""
    examples: tuple[str, ...] = ()
    """Up to five, each with its row; personal data is masked."""
    figures: dict[str, Any] = dataclass_field(default_factory=dict)
    """Numbers behind the message, JSON-able: an AUROC, a rate, an interval."""
    fix: Fix = ""


@dataclass(frozen=True)
class Material:
    """What a check looks at."""

    task: Task
    schema: Schema
    raw: pd.DataFrame
    """(rows, columns) as read, with every column; the index is the position in the source file."""
    rows: pd.DataFrame
    """(rows, columns) in canonical form (`apply_schema`); the same index."""
    test_raw: pd.DataFrame | None = None
    test: pd.DataFrame | None = None
    """(test rows, columns) of a separate test file, in canonical form."""
    bank: pd.DataFrame | None = None
    """Candidates of a choice task."""
    seed: int = 0
    thorough: bool = True
    """False before tuning, where seconds count: checks that fit a model look at fewer rows, embeddings are not made."""

    @cached_property
    def labelled(self) -> pd.DataFrame:
        """Rows with a label."""
        return self.rows[self.rows[self.schema.label].notna()] if self.schema.label in self.rows else self.rows.iloc[:0]

    def sample(self, frame: pd.DataFrame, most: int, quick: int | None = None) -> pd.DataFrame:
        """At most `most` rows of a frame (`quick` before tuning) in their order, the same for one seed."""
        limit = most if self.thorough or quick is None else quick
        if len(frame) <= limit:
            return frame
        chosen = np.random.default_rng(self.seed).choice(len(frame), size=limit, replace=False)
        return frame.iloc[np.sort(chosen)]


Check: TypeAlias = Callable[[Material], list[Finding]]


def row_name(position: object) -> str:
    """A row as people count: from 1, without the header."""
    return f"row {int(position) + 1:,}" if isinstance(position, (int, np.integer)) else f"row {position!r}"
