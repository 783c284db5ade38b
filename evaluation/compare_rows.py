"""Rows on which several runs can be compared fairly: they answer the same question, and none was tuned on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..core.errors import DataError, RunError
from ..core.recipe import read_recipe
from ..core.registry import load_task
from ..core.run import check_files, check_task_version, read_json, schema_from_dict
from ..core.task import Prepared, Schema, Task
from ..datasets.prepare import prepare_again, prepare_rows
from ..datasets.recognise import apply_schema

__all__ = ["Head", "Rows", "common_rows", "read_head"]


@dataclass(frozen=True)
class Head:
    """What a run folder says of itself, without loading a weight."""

    name: str
    """Short name, unique among the runs."""
    folder: Path
    task: Task
    schema: Schema
    manifest: dict[str, Any]
    source: dict[str, Any]
    """How to get its rows again."""
    recipe: dict[str, Any]
    """Its settings."""

    @property
    def fingerprint(self) -> str:
        """sha256 over its train, validation and test rows."""
        return str(self.manifest["data"]["fingerprint"])


@dataclass(frozen=True)
class Rows:
    """The rows that all runs are measured on."""

    frame: pd.DataFrame
    """In the form of the first run."""
    measured_on: str
    simulated: bool
    notes: tuple[str, ...]


def read_head(folder: str | Path, name: str) -> Head:
    """Read and check a run folder.

    Raises:
        RunError: missing, unfinished, altered, or made for another task version.
    """
    folder = Path(folder)
    manifest = check_files(folder)
    description = read_json(folder / "task.json")
    task = load_task(description["task"])
    check_task_version(task, description, folder)
    schema = schema_from_dict(description["schema"])
    kept = read_json(folder / "data.json")
    return Head(name, folder, task, schema, manifest, kept.get("source", {}), vars(read_recipe(folder / "recipe.toml")))


def common_rows(heads: Sequence[Head], data: str | Path | None, say: Callable[[str], None]) -> Rows:
    """The rows to measure on: those of a file, or the test rows of the first run.

    Raises:
        RunError: a run answers another question, or its data has changed since tuning.
        DataError: rows that cannot be read, or on which one of the runs was tuned.
    """
    first = heads[0]
    for other in heads[1:]:
        _same_question(first, other)
    if data is not None:
        frame = prepare_rows(first.task, first.schema, data)
        on, simulated = f"the rows of {Path(data).name}", False
    else:
        say(f"fetching the rows of {first.name}")
        prepared = _again(first)
        frame, simulated = prepared.test, prepared.simulated
        on = f"the test rows of {first.name}"
    if not len(frame):
        raise DataError("There is no row to measure on; give a file with labelled rows.")
    notes = []
    for head in heads:
        if data is None and head.fingerprint == first.fingerprint:
            continue  # the same rows, parted in the same way
        say(f"looking for rows that {head.name} was tuned on")
        notes += _unseen(head, first, frame, data)
    return Rows(frame, on, simulated, tuple(notes))


def _again(head: Head) -> Prepared:
    """The rows of a run once more.

    Raises:
        RunError: they are not those that it was tuned on.
        DataError: they cannot be had.
    """
    prepared = prepare_again(head.source, head.task, checked=False)
    if prepared.fingerprint != head.fingerprint:
        raise RunError(
            f"The data of the run {str(head.folder)!r} has changed since tuning (fingerprint {prepared.fingerprint[:12]}, "
            f"the run knows {head.fingerprint[:12]}); restore the file as it was, or name other rows with --data."
        )
    return prepared


def _same_question(first: Head, other: Head) -> None:
    """Refuse runs whose answers do not mean the same.

    Raises:
        RunError: another task, label column, set of labels or positive label.
    """
    sides = [
        ("the task", first.task.name, other.task.name),
        ("the label column", first.schema.label, other.schema.label),
        ("the labels", sorted(first.schema.labels), sorted(other.schema.labels)),
        ("the positive label", first.schema.positive, other.schema.positive),
    ]
    for what, ours, theirs in sides:
        if ours != theirs:
            shown = [", ".join(one) if isinstance(one, list) else str(one) for one in (ours, theirs)]
            raise RunError(
                f"{first.name} and {other.name} cannot be compared: {what} is {shown[0][:200]} in the first and "
                f"{shown[1][:200]} in the second; compare runs of one question."
            )


def _unseen(head: Head, first: Head, frame: pd.DataFrame, data: str | Path | None) -> list[str]:
    """Refuse rows that a run was tuned on; a note where that cannot be known of a file's rows.

    Raises:
        DataError: it was tuned on some of them, or (for test rows of another run) that cannot be known.
    """
    notes = []
    if head.fingerprint != first.fingerprint:
        notes.append(
            f"{head.name} was tuned on other data than {first.name} (fingerprints {head.fingerprint[:12]} and "
            f"{first.fingerprint[:12]}): part of a difference may be due to the rows, not to the model."
        )
    try:
        prepared = _again(head)
    except (DataError, RunError) as error:
        if data is None:
            raise DataError(
                f"It cannot be known whether {head.name} was tuned on the test rows of {first.name}, because its own rows "
                f"cannot be had again: {error} Or name rows that neither has seen with --data."
            ) from None
        return [*notes, f"It cannot be known whether {head.name} was tuned on some of these rows: {error}"]
    tuned = pd.concat([prepared.train, prepared.validation])
    if data is None and _same_origin(head.source, first.source):
        count = int(frame.index.isin(tuned.index).sum())
        what = "are rows"
    else:
        count = _equal_rows(frame, apply_schema(tuned, first.schema, need_label=True, kind=first.task.kind))
        what = "equal, in every column that both have, rows"
    if count:
        raise DataError(
            f"{count:,} of the {len(frame):,} rows {what} that {head.name} was tuned on, which would favour it; name rows "
            "that no run has seen with --data."
        )
    return notes


def _same_origin(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether row numbers mean the same rows: one file, or one simulation, read in the same way."""
    if "test" in one or "test" in other or one.get("kind") not in ("file", "simulated"):
        return False
    names = ["kind", "sha256", "reader", "rejects", "version"]
    names += ["asked", "seed"] if one["kind"] == "simulated" else []
    return all(one.get(name) == other.get(name) for name in names)


def _equal_rows(frame: pd.DataFrame, tuned: pd.DataFrame) -> int:
    names = [name for name in frame.columns if name in tuned.columns]
    known = set(tuned[names].astype(str).itertuples(index=False, name=None))
    return sum(row in known for row in frame[names].astype(str).itertuples(index=False, name=None))
