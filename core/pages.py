"""What a report is made of, as plain data: sections of words, tables and figures. Domains may add sections of their own.

    Section("grades", "Probability of default by grade", blocks=("Each grade …", Table(…), Figure(…)))

One renderer turns them into HTML, one into Markdown, one into JSON; nothing here knows any of the three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeAlias

__all__ = [
    "Alarm",
    "Block",
    "Column",
    "Figure",
    "Form",
    "NotComputed",
    "Section",
    "Table",
    "as_data",
    "without_contents",
]

Form = Literal["text", "count", "number", "signed", "percent", "range", "percent_range"]
"""How a cell is written: words; a whole number; three significant digits; the same with its sign; a share in [0, 1] as
a percentage; an interval (low, high) of numbers; an interval of shares. None and NaN are written as a dash."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    key: str
    """Name of the value in each row."""
    title: str
    form: Form = "text"


@dataclass(frozen=True)
class Table:
    """Rows of named values."""

    name: str
    """Short key, unique in its section."""
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]
    title: str = ""
    note: str = ""
    """One sentence below the table."""
    folded: bool = False
    """Long tables are shown when asked for."""
    contents: bool = False
    """Its rows hold words of records, which a report that is passed on can leave out."""


@dataclass(frozen=True)
class Figure:
    """A picture and the numbers it is drawn from."""

    name: str
    """Short key, unique in its section."""
    kind: str
    """How it is drawn; see `evaluation/plots.py`."""
    title: str
    data: Mapping[str, Any]
    caption: str
    """What a reader should see in it, in one or two sentences; also read to those who listen."""


Block: TypeAlias = str | Table | Figure
"""A paragraph, a table or a figure."""


@dataclass(frozen=True)
class Alarm:
    """A fault of the model that page one names."""

    name: str
    """Short key, such as overconfident."""
    message: str
    """One sentence: what was found, with its figure, and what to do."""
    level: Literal["stop", "warn"] = "warn"
    """stop: not fit for use as it is; warn: to be known before use."""


@dataclass(frozen=True)
class Section:
    """One question a reader has, and its answer."""

    key: str
    """Short key, unique in the report; also the anchor of the page."""
    title: str
    blocks: Sequence[Block]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """Name -> figure, for programs and for `evaluate --require`."""
    alarms: Sequence[Alarm] = ()


class NotComputed(Exception):
    """A section could not be computed; its one sentence says why and stands in the report in its place."""


def as_data(section: Section) -> dict[str, Any]:
    """A section as JSON holds it: every block names its kind (text, table, figure)."""
    blocks: list[dict[str, Any]] = []
    for block in section.blocks:
        if isinstance(block, str):
            blocks.append({"block": "text", "text": block})
        else:
            blocks.append({"block": "table" if isinstance(block, Table) else "figure", **asdict(block)})
    return {
        "key": section.key,
        "title": section.title,
        "blocks": blocks,
        "numbers": dict(section.numbers),
        "alarms": [asdict(alarm) for alarm in section.alarms],
    }


def without_contents(section: Section) -> Section:
    """The section with a sentence in the place of every table that holds words of records."""
    left_out = "A table of records was left out, so that this report can be passed on."
    kept = tuple(left_out if isinstance(block, Table) and block.contents else block for block in section.blocks)
    return replace(section, blocks=kept)
