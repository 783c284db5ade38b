"""Reader of the three-line layout of ASSISTments 2009-10 in its "updated" release (Zhang et al. 2017, DKVMN).

    3            how many responses the pupil gave
    19,19,20     the skill of each
    1,0,1        1 right, 0 wrong

The names of the skills stand beside it in a file `*skill_mapping.txt` (number, tab, name); without it they are missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import DataError
from ...datasets.rejects import reject
from .readers_files import file_bytes, frame_of, paths

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_assist2009"]

COLUMNS = ("pupil", "step", "skill", "skill_name", "correct")


def read_assist2009(path: Path) -> pd.DataFrame:
    """Read pupils' sequences of responses.

    Returns:
        One row per response: pupil (part of the set and number in the file, such as train-17), step (from 1), skill
        (number as text), skill_name, correct ("1" or "0").

    Raises:
        DataError: no such file, no sequence in it, or a sequence at fault that nobody collects.
    """
    rows: list[dict[str, Any]] = []
    for file in paths(path, ("*_train.csv", "*_test.csv"), "assist2009"):
        lines = [line.decode("utf-8", errors="backslashreplace").strip() for line in file_bytes(file).split(b"\n")]
        while lines and not lines[-1]:
            lines.pop()
        if not lines:
            raise DataError(f"{file} holds no records; the reader 'assist2009' needs at least one, name another file.")
        names = _skill_names(file.parent)
        part = file.stem.rpartition("_")[2] or file.stem
        for number, (ids, marks) in enumerate(_sequences(lines, file), start=1):
            pupil = f"{part}-{number}"
            for step, (skill, mark) in enumerate(zip(ids, marks, strict=True), start=1):
                if re.fullmatch(r"[0-9]{1,9}", skill) and mark in ("0", "1"):
                    rows.append(dict(zip(COLUMNS, (pupil, step, skill, names.get(skill), mark), strict=True)))
                    continue
                place = f"Response {step} of pupil {number} in {file}"
                reason = (
                    f"has skill {skill[:40]!r} and mark {mark[:40]!r}, but a skill is a whole number and a mark 0 or 1"
                )
                reject(place, f"{place} {reason}; mend or remove it.", [skill, mark])
    return frame_of(rows, COLUMNS)


def _sequences(lines: list[str], file: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Skills and marks of each pupil; lines that belong to no sequence are rejected run by run."""
    at, lost = 0, 0
    while at < len(lines):
        found = _sequence(lines, at)
        if found is None:
            at, lost = at + 1, lost + 1
            continue
        if lost:
            _reject_lines(lines, at - lost, at, file)
        yield found
        at, lost = at + 3, 0
    if lost:
        _reject_lines(lines, at - lost, at, file)


def _sequence(lines: list[str], at: int) -> tuple[list[str], list[str]] | None:
    """The sequence that starts at a line: a count, then two lines of as many values."""
    if at + 2 >= len(lines) or not re.fullmatch(r"[0-9]{1,9}", lines[at]):
        return None
    ids, marks = (lines[at + more].rstrip(",").split(",") for more in (1, 2))
    return (ids, marks) if len(ids) == len(marks) == int(lines[at]) else None


def _reject_lines(lines: list[str], start: int, end: int, file: Path) -> None:
    place = f"Line {start + 1} of {file}" if end - start == 1 else f"Lines {start + 1} to {end} of {file}"
    reject(
        place,
        f"{place} are no sequence of the reader 'assist2009', which takes three lines a pupil (a count n, n skills, n "
        "marks of 0 or 1, parted by commas); mend or remove them.",
        lines[start:end],
    )


def _skill_names(folder: Path) -> dict[str, str]:
    """Skill numbers and names of the mapping beside a file; empty without one."""
    names = {}
    for file in sorted(folder.glob("*skill_mapping.txt"))[:1]:
        for line in file_bytes(file).decode("utf-8", errors="replace").splitlines():
            number, _, name = line.partition("\t")
            if name.strip():
                names[number.strip()] = name.strip()
    return names
