"""What the gate says of a file, for a terminal, for a program, for a report.

    STOP  overlap     114 of 2,000 test rows have the same text as a row of the data, such as row 17.
                      Take them out of the data with --fix.

A result holds row numbers. What stands in the rows is in its examples and messages; `kept` leaves the examples out.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .finding import Finding

__all__ = ["REFUSED", "RESULT_SCHEMA", "GateResult"]

RESULT_SCHEMA = 1
"""Raised when a key of the JSON changes meaning."""
REFUSED = "refused"
"""Key of what `prepare` refuses whatever is accepted."""
ORDER = {"stop": 0, "warn": 1, "note": 2}
WIDTH = 100
KEPT_ROWS = 100
"""Row numbers of a finding that a run keeps."""


@dataclass(frozen=True)
class GateResult:
    """Everything that the checks found, the gravest first."""

    findings: tuple[Finding, ...]
    rows: int
    """Rows that were looked at, with or without a label."""
    task: str = ""
    source: str = ""
    """The file, as it was named."""
    test_rows: int | None = None
    accepted: tuple[str, ...] = ()
    """Keys of stops that the user knows of."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Check -> seconds it took."""

    def __post_init__(self) -> None:
        """Order by level; within one the order of the checks stays."""
        object.__setattr__(self, "findings", tuple(sorted(self.findings, key=lambda one: ORDER[one.level])))

    @property
    def stops(self) -> tuple[Finding, ...]:
        """A model tuned on this would deceive."""
        return tuple(one for one in self.findings if one.level == "stop")

    @property
    def warns(self) -> tuple[Finding, ...]:
        """A person should look."""
        return tuple(one for one in self.findings if one.level == "warn")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """Worth knowing."""
        return tuple(one for one in self.findings if one.level == "note")

    @property
    def unaccepted(self) -> tuple[Finding, ...]:
        """The stops that nobody has accepted, and those that nobody can."""
        return tuple(one for one in self.stops if one.check not in self.accepted or one.check == REFUSED)

    def sentences(self) -> list[str]:
        """One line for each finding: what was found, and what to do where it is more than a note."""
        said = []
        for one in self.findings:
            remedy = "" if one.level == "note" else f" {one.remedy}"
            passed = " It was accepted." if one.level == "stop" and one.check in self.accepted else ""
            said.append(f"{one.message}{remedy}{passed}".strip())
        return said

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with every row number (from 0) and the examples."""
        return self._plain(examples=True, most_rows=None)

    def kept(self) -> dict[str, Any]:
        """The same for a run folder: no examples, and the first hundred row numbers of each finding."""
        return self._plain(examples=False, most_rows=KEPT_ROWS)

    def _plain(self, *, examples: bool, most_rows: int | None) -> dict[str, Any]:
        return {
            "schema_version": RESULT_SCHEMA,
            "task": self.task,
            "source": self.source,
            "rows": self.rows,
            "test_rows": self.test_rows,
            "accepted": list(self.accepted),
            "counts": {"stop": len(self.stops), "warn": len(self.warns), "note": len(self.notes)},
            "findings": [_finding(one, examples, most_rows, self.accepted) for one in self.findings],
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }

    def counted(self) -> str:
        """How many of each level, in words."""
        return ", ".join(
            f"{len(found)} {word if len(found) == 1 else word + 's'}"
            for found, word in ((self.stops, "stop"), (self.warns, "warning"), (self.notes, "note"))
        )

    def text(self) -> str:
        """A table for a terminal, 100 columns wide, without colours."""
        size = f"{self.rows:,} rows" + ("" if self.test_rows is None else f", {self.test_rows:,} test rows")
        lines = _wrapped(f"{self.source}: {size}" + (f", as {self.task}" if self.task else ""), "", "  ")
        if self.findings:
            lines.append("-" * WIDTH)
        name = max((len(one.check) for one in self.findings), default=0) + 2
        for one in self.findings:
            word = {"stop": "STOP", "warn": "warn", "note": "note"}[one.level]
            begin, rest = f"{word:<6}{one.check:<{name}}", " " * (6 + name)
            lines += _wrapped(one.message, begin, rest)
            if one.remedy:
                lines += _wrapped("-> " + one.remedy, rest, rest + "   ")
            if one.level == "stop" and one.check in self.accepted:
                lines += _wrapped("-> Accepted.", rest, rest)
            for example in one.examples[:5]:
                lines += _wrapped("· " + example, rest, rest + "  ")
        lines += ["-" * WIDTH, f"{self.counted()}; {sum(self.seconds.values()):.1f} s"]
        return "\n".join(lines)


def _finding(one: Finding, examples: bool, most_rows: int | None, accepted: tuple[str, ...]) -> dict[str, Any]:
    rows = one.rows if most_rows is None else one.rows[:most_rows]
    return {
        "check": one.check,
        "level": one.level,
        "message": one.message,
        "remedy": one.remedy,
        "count": int(one.count),
        "total": int(one.total),
        "part": one.part,
        "field": one.field,
        "rows": [int(row) for row in rows],
        "figures": _plain_value(one.figures),
        "fix": one.fix,
        "accepted": one.level == "stop" and one.check in accepted,
        "examples": list(one.examples) if examples else [],
    }


def _plain_value(value: Any) -> Any:
    """Values that JSON can hold: NumPy numbers as Python's, NaN and infinity as None."""
    if isinstance(value, Mapping):
        return {str(key): _plain_value(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return _plain_value(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain_value(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def _columns(text: str) -> int:
    """Columns of a terminal that a text takes; Chinese signs take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _wrapped(text: str, begin: str, rest: str) -> list[str]:
    """Lines of at most `WIDTH` columns: the first begins with `begin`, the others with `rest`."""
    lines, line, empty = [], begin, True
    for word in _words(text, WIDTH - _columns(rest)):
        if not empty and _columns(line) + 1 + _columns(word) > WIDTH:
            lines.append(line)
            line, empty = rest, True
        line, empty = f"{line}{'' if empty else ' '}{word}", False
    return [*lines, line]


def _words(text: str, most: int) -> Iterable[str]:
    """The words of a text without control signs; one that is longer than a line is cut."""
    for word in "".join(sign if sign.isprintable() else " " for sign in text).split():
        while _columns(word) > most:
            cut = len(word)
            while _columns(word[:cut]) > most:
                cut -= max(1, (cut - most) // 2)
            yield word[:cut]
            word = word[cut:]
        yield word
