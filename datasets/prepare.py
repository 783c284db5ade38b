"""From a task's name and a file to checked, split rows: read, recognise, bring into form, gate, split.

    data = prepare("finance.credit", "applications.csv", label="BAD", positive="1")
    data.train, data.validation, data.test, data.notes

`data.source` says how to get the same rows again, without holding any of them; `prepare_again` does it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import DataError
from ..core.registry import load_task
from ..core.task import Prepared, Schema, SplitRule, Task
from .finding import Finding, Material
from .gate import check, stopped
from .gate_result import GateResult
from .options import Options, make_options, options_from_dict, options_to_dict
from .recognise import apply_schema, recognise
from .refusals import check_candidates, check_labels, gate
from .rejects import Rejects, collecting
from .source import SetAside, checked_frame, describe_path, find_again, read_records, set_aside, simulated_records
from .split import split
from .table import notes_of

__all__ = ["load_bank", "prepare", "prepare_again", "prepare_rows"]


def prepare(
    task: str | Task,
    data: str | Path | pd.DataFrame | None = None,
    *,
    label: str | None = None,
    positive: str | None = None,
    test: str | Path | pd.DataFrame | None = None,
    reader: str | None = None,
    text: Sequence[str] = (),
    number: Sequence[str] = (),
    category: Sequence[str] = (),
    set_: Sequence[str] = (),
    time: str | None = None,
    group: str | None = None,
    ignore: Sequence[str] = (),
    fields: str | Path | None = None,
    rows: int | None = None,
    seed: int = 0,
    accept: Sequence[str] = (),
    rejects: str | Path | None = None,
) -> Prepared:
    """Read, check and split the rows of a task.

    The gate's quick checks are made on the rows with a label; what they found is in `Prepared.gate` and its notes.

    Args:
        task: its name, such as finance.credit, or the task itself.
        data: a file (.csv .tsv .jsonl .parquet), what one of the task's readers reads, or a DataFrame; None: rows of
            the task's simulator.
        label: column with the truth; by default the task's own.
        positive: the label that is looked for, of two.
        test: further rows that are the test; train and validation then come from `data` alone.
        reader: name of one of the task's readers, for `data` and `test`.
        text, number, category, set_: columns whose kind is declared.
        time: column that orders the rows; the split is then by time.
        group: column whose values stay on one side; the split is then by group.
        ignore: columns that are carried along but not read.
        fields: TOML file that declares the same (see `datasets/options.py`).
        rows: how many rows to simulate; with `data`: how many of its rows to draw.
        seed: of the simulation, the draw and the split.
        accept: keys of the gate's stops that may pass, because you know why they are so.
        rejects: file (.jsonl) for rows that cannot be read; without it the first one is refused.

    Raises:
        TaskError: no such task.
        DataError: a stop of the gate that is not accepted; and see the modules of this folder.
    """
    task = load_task(task) if isinstance(task, str) else task
    kinds = {"text": text, "number": number, "category": category, "set": set_}
    options = make_options(
        label=label, positive=positive, group=group, time=time, ignore=ignore, kinds=kinds, toml=fields
    )
    later = None
    with set_aside(rejects, data, test) as aside:
        frame, source = _first_rows(task, data, reader, rows, seed)
        if test is not None:
            if data is None:
                raise DataError("A test file was named without data to tune on; name both, or neither to simulate.")
            later = checked_frame(test) if isinstance(test, pd.DataFrame) else read_records(task, test, reader)
            source["test"] = {"kind": "frame"} if isinstance(test, pd.DataFrame) else describe_path(test)
    source |= {"options": options_to_dict(options), "seed": seed, "task": task.name, "version": task.version}
    keys = [accept] if isinstance(accept, str) else list(accept)
    if keys:
        source["accept"] = keys
    if rejects is not None:
        source["rejects"] = str(rejects)
    found = aside.findings(len(frame) + (0 if later is None else len(later)))
    return _prepared(task, frame, later, options, seed, source, found)


def _first_rows(
    task: Task, data: str | Path | pd.DataFrame | None, reader: str | None, rows: int | None, seed: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    if data is None:
        frame = simulated_records(task, rows, seed)
        return frame, {"kind": "simulated", "rows": len(frame), "asked": rows}
    if isinstance(data, pd.DataFrame):
        frame, source = checked_frame(data), {"kind": "frame"}
    else:
        frame, source = read_records(task, data, reader), {"kind": "file", **describe_path(data)}
    if reader is not None:
        source["reader"] = reader
    return (frame, source) if rows is None else (_drawn(frame, rows, seed), {**source, "rows": rows})


def _drawn(frame: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """A sample in the order of the data; the index still names the rows of the source."""
    if rows < 1:
        raise DataError(f"{rows} rows cannot be drawn; ask for at least 1.")
    if rows >= len(frame):
        return frame
    chosen = np.sort(np.random.default_rng(seed).choice(len(frame), size=rows, replace=False))
    sample = frame.iloc[chosen]
    sample.attrs["notes"] = [*notes_of(frame), f"{rows:,} of {len(frame):,} rows were drawn."]
    return sample


def _prepared(
    task: Task,
    frame: pd.DataFrame,
    later: pd.DataFrame | None,
    options: Options,
    seed: int,
    source: dict[str, Any],
    found: Sequence[Finding] = (),
    *,
    checked: bool = True,
) -> Prepared:
    known = recognise(frame, task, options)
    schema = known.schema
    bank = load_bank(task)
    formed = apply_schema(frame, schema, need_label=True, kind=task.kind)
    gated = gate(formed, schema, task, bank)
    notes = [*notes_of(frame), *known.notes, *notes_of(formed), *gated.notes]
    tested = None if later is None else prepare_rows(task, schema, later, bank=bank)
    result = None
    if checked:
        material = Material(
            task,
            schema,
            frame.loc[gated.rows.index],
            gated.rows,
            None if later is None or tested is None else later.loc[tested.index],
            tested,
            bank,
            seed,
            thorough=False,
        )
        result = _checked(material, source, found)
    rule, why = _adapted(task.split, options, list(frame.columns))
    notes += why
    if tested is not None:
        # the test rows stand apart already, so no days need be left out between train and validation
        rule = replace(rule, validation=rule.validation / (1 - rule.test), test=0.0, delay_days=0.0)
        notes += [f"Test rows: {note}" for note in notes_of(tested)]
    parts = split(gated.rows, schema, rule, seed)
    notes += [*parts.notes, *(result.sentences() if result else ())]
    train, validation = gated.rows.iloc[parts.train], gated.rows.iloc[parts.validation]
    if tested is None:
        tested = gated.rows.iloc[parts.test]
    for part in (train, validation, tested):
        part.attrs = {}
    return Prepared(
        task=task,
        schema=schema,
        train=train,
        validation=validation,
        test=tested,
        source=source,
        simulated=source["kind"] == "simulated",
        notes=tuple(dict.fromkeys(notes)),
        fingerprint=_fingerprint(schema, train, validation, tested),
        bank=bank,
        split=parts.to_dict(),
        gate=result.kept() if result else {},
    )


def _checked(material: Material, source: dict[str, Any], found: Sequence[Finding]) -> GateResult:
    """What the quick checks found.

    Raises:
        DataError: a stop that nobody has accepted.
    """
    name = {"file": Path(str(source.get("path", ""))).name, "frame": "the data frame"}
    result = check(
        material, source=name.get(source["kind"], "simulated records"), accept=source.get("accept", ()), found=found
    )
    refused = stopped(result)
    if refused is not None:
        raise refused
    return result


def _adapted(rule: SplitRule, options: Options, columns: list[str]) -> tuple[SplitRule, list[str]]:
    """The task's rule with what the user named and what the data has."""
    notes = []
    rule = replace(rule, time=options.time or rule.time, group=options.group or rule.group)
    if options.time is not None:
        if options.group is not None:
            notes.append(
                f"The rows are parted by the time {options.time!r}, so a group of {options.group!r} may stand "
                "on two sides."
            )
        return replace(rule, by="time"), notes
    if options.group is not None:
        return replace(rule, by="group"), notes
    if rule.by == "time" and rule.time not in columns:
        by = "group" if rule.group in columns else "random"
        notes.append(f"The data has no time column {rule.time!r}, so the rows are parted by {_words(by)}, not by time.")
        return replace(rule, by="group" if by == "group" else "random"), notes
    if rule.by == "group" and rule.group not in columns:
        notes.append(f"The data has no group column {rule.group!r}, so the rows are parted by {_words('random')}.")
        return replace(rule, by="random"), notes
    return rule, notes


def _words(by: str) -> str:
    return {"group": "group", "random": "chance; name the group column if rows belong together"}[by]


def load_bank(task: Task) -> pd.DataFrame | None:
    """Candidates shared by all records: columns `id` and `text` first, then what else the bank holds.

    Raises:
        DataError: a bank without candidates, with an id that stands twice, or without these columns.
    """
    if task.bank is None:
        return None
    rows = task.bank.rows().reset_index(drop=True)
    for name in (task.bank.id, task.bank.text):
        if name not in rows.columns:
            raise DataError(f"The bank of {task.name} has no column {name!r}; its author must add it.")
    front = pd.DataFrame({"id": rows[task.bank.id].astype(str), "text": rows[task.bank.text].astype(str)}).astype(
        object
    )
    rest = rows.drop(columns=list({task.bank.id, task.bank.text, "id", "text"} & set(rows.columns)))
    if front["id"].duplicated().any() or len(front) < 2:
        raise DataError(f"The bank of {task.name} needs at least two candidates, each with its own id.")
    return pd.concat([front, rest], axis=1)


def prepare_rows(
    task: Task,
    schema: Schema,
    data: str | Path | pd.DataFrame,
    need_label: bool = True,
    *,
    reader: str | None = None,
    bank: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Bring further rows into the form that a run was tuned on, to predict or to evaluate them.

    Args:
        task: the run's task.
        schema: the run's schema.
        data: a file, what a reader reads, or a DataFrame.
        need_label: rows without a label are left out, and unknown labels are refused.
        reader: name of one of the task's readers.
        bank: the run's candidates; by default the task's own.

    Returns:
        (rows, columns), the index names the rows of the source; notes are in `result.attrs["notes"]`.

    Raises:
        DataError: an unreadable file, or labels that are missing everywhere or unknown.
    """
    frame = checked_frame(data) if isinstance(data, pd.DataFrame) else read_records(task, data, reader)
    rows = apply_schema(frame, schema, need_label=need_label, kind=task.kind)
    if not need_label:
        return rows
    notes = notes_of(rows)
    labelled = rows[schema.label].notna()
    if not labelled.any():
        raise DataError(f"No row has a label in {schema.label!r}; give rows with the truth.")
    if not labelled.all():
        notes.append(f"{int((~labelled).sum()):,} of {len(rows):,} rows have no label and are left out.")
    rows = rows[labelled]
    check_labels(rows, schema, task)
    check_candidates(rows, schema, task, bank if bank is not None else load_bank(task))
    rows.attrs["notes"] = notes
    return rows


def prepare_again(source: Mapping[str, Any], task: str | Task | None = None, *, checked: bool = True) -> Prepared:
    """The same rows once more, from what `prepare` noted of their origin.

    Args:
        source: `Prepared.source`, or the same from a run's data.json.
        task: where the task is not installed under its name.
        checked: make the gate's checks again, with what was accepted then; without them `Prepared.gate` is empty and
            nothing is stopped, which is how a run is evaluated that was tuned under older checks.

    Raises:
        DataError: the rows came from a DataFrame, the file is gone or has changed, or the task has another version.
    """
    said = dict(source)
    name = said.get("task")
    if task is None and not isinstance(name, str):
        raise DataError("This origin of rows names no task; name the data anew.")
    chosen = load_task(str(name)) if task is None else (load_task(task) if isinstance(task, str) else task)
    if said.get("version") != chosen.version:
        raise DataError(
            f"The rows were prepared with version {said.get('version')} of {chosen.name}, but {chosen.version} is "
            "installed; install the older one or tune again."
        )
    kind, seed = said.get("kind"), int(said.get("seed", 0))
    test = said.get("test")
    if kind == "frame" or (test and test.get("kind") == "frame"):
        raise DataError(
            "The rows came from a DataFrame, which is not stored; hand over the same frame or a file again."
        )
    with collecting() if said.get("rejects") else nullcontext(Rejects()) as rejects:
        if kind == "simulated":
            frame = simulated_records(chosen, said.get("asked"), seed)
        elif kind == "file":
            frame = read_records(chosen, find_again(said), said.get("reader"))
            if said.get("rows") is not None:
                frame = _drawn(frame, int(said["rows"]), seed)
        else:
            raise DataError(f"The origin of the rows has the kind {kind!r}, which is unknown here; name the data anew.")
        later = read_records(chosen, find_again(test), said.get("reader")) if test else None
    found = SetAside(rejects, str(said.get("rejects"))).findings(len(frame) + (0 if later is None else len(later)))
    options = options_from_dict(said.get("options", {}))
    return _prepared(chosen, frame, later, options, seed, said, found, checked=checked)


def _fingerprint(schema: Schema, *parts: pd.DataFrame) -> str:
    """sha256 over the parts: row numbers, fields, label and carried columns, as text."""
    digest = hashlib.sha256()
    names = [field.name for field in schema.fields] + [schema.label, *schema.kept]
    for name, part in zip(("train", "validation", "test"), parts, strict=True):
        digest.update(f"{name} {len(part)} {names!r}\n".encode())
        digest.update(part[[n for n in names if n in part.columns]].to_csv(lineterminator="\n").encode())
    return digest.hexdigest()
