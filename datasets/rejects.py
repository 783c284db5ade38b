"""Rows that a reader cannot take: refused with the file, or set aside where somebody collects them.

    with collecting() as rejects:
        frame = read_table("cards.csv")
    rejects.write("cards.rejects.jsonl")

Without `collecting` the first row at fault refuses the whole file, so no row is ever lost in silence.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import DataError

__all__ = ["Rejects", "collecting", "reject"]


@dataclass
class Rejects:
    """Rows that were set aside."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    """One for each: `place` (line 17; record 3), `reason`, `content` as it stood in the file."""

    def __len__(self) -> int:
        """Count them."""
        return len(self.rows)

    def write(self, path: str | Path) -> None:
        """Write them as JSON lines, whole or not at all."""
        target = Path(path)
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("w", encoding="utf-8", errors="backslashreplace") as file:
                for row in self.rows:
                    file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)


_collector: ContextVar[Rejects | None] = ContextVar("rejects", default=None)


@contextmanager
def collecting() -> Iterator[Rejects]:
    """Set rows at fault aside instead of refusing the file."""
    rejects = Rejects()
    token = _collector.set(rejects)
    try:
        yield rejects
    finally:
        _collector.reset(token)


def reject(place: str, reason: str, content: object) -> None:
    """Say that a row cannot be taken; the caller then leaves it out.

    Args:
        place: where it stands, such as "Line 17 of cards.csv" or "Record 3 of bundle.json".
        reason: a sentence that names place, fault and what is allowed; it is the error where nobody collects.
        content: the row as it stood.

    Raises:
        DataError: the reason, where nobody collects.
    """
    rejects = _collector.get()
    if rejects is None:
        raise DataError(reason)
    rejects.rows.append({"place": place, "reason": reason, "content": content})
