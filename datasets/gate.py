"""The gate: what data must pass before it may be tuned on.

    check_files("finance.credit", "loans.csv", test="later.csv").text()

    STOP  overlap     114 of 2,000 test rows ...
    warn  ranges      3 of 900 values of 'systolic_bp' are outside 40 to 300 mm[Hg], such as 12000 in row 17.

First come the refusals: rows on which nothing can be tuned at all. Then the checks of `checks/`: each tells what it
found as stop, warn or note, and a stop keeps `prepare` from going on unless the user names it in `accept`.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from ..core.errors import DataError
from ..core.task import Metric, SafetyPolicy, Scored, Task
from .checks import load_checks
from .finding import Check, Finding, Material
from .gate_result import REFUSED, GateResult
from .options import Options, make_options
from .recognise import apply_schema, recognise
from .refusals import Gated, check_candidates, check_labels, gate
from .table import notes_of

__all__ = ["Gated", "GateResult", "check", "check_candidates", "check_files", "check_labels", "gate", "stopped"]


def check(
    material: Material,
    *,
    checks: Mapping[str, Check] | None = None,
    source: str = "",
    accept: Sequence[str] = (),
    found: Sequence[Finding] = (),
    say: Callable[[str], None] | None = None,
) -> GateResult:
    """Make every check; a check that fails is told as a finding and never keeps the others from being made.

    Args:
        material: the rows.
        checks: name -> check; by default all (`checks.CHECKS`).
        source: the file, for the result.
        accept: keys of stops that the user knows of.
        found: findings from elsewhere, such as rows that could not be read.
        say: is told the name of each check before it is made.
    """
    findings, seconds = list(found), {}
    for name, one in (load_checks() if checks is None else checks).items():
        if say is not None:
            say(name)
        started = clock.perf_counter()
        try:
            findings += one(material)
        except Exception as error:  # whatever it is, the other checks must be made
            findings.append(_unmade(name, error))
        seconds[name] = clock.perf_counter() - started
    keys = tuple([accept] if isinstance(accept, str) else accept)
    test_rows = None if material.test is None else len(material.test)
    return GateResult(tuple(findings), len(material.rows), material.task.name, source, test_rows, keys, seconds)


def _unmade(name: str, error: Exception) -> Finding:
    """A check that failed; the words of the error are left out, because they may hold what stands in a record."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f" in line {place.tb_lineno} of {Path(place.tb_frame.f_code.co_filename).name}"
    return Finding(
        f"{name}_not_made",
        "warn",
        f"The check {name} could not be made ({type(error).__name__}{where}).",
        "Look for this kind of fault yourself, and report the check with that line.",
    )


def stopped(result: GateResult) -> DataError | None:
    """The error that a stop means, unless the user has accepted it."""
    stops = result.unaccepted
    if not stops:
        return None
    first = stops[0]
    others = [one.check for one in stops[1:] if one.check != first.check]
    more = f" Then there is: {', '.join(dict.fromkeys(others))}." if others else ""
    remedy = first.remedy[:1].lower() + first.remedy[1:].rstrip(".")
    return DataError(
        f"{first.message.rstrip('.')}; {remedy or 'mend the data'}, or name it in accept={first.check!r} (--accept "
        f"{first.check}) if you know why it is so.{more}"
    )


def check_files(
    task: str | Task | None,
    data: str | Path | pd.DataFrame,
    test: str | Path | pd.DataFrame | None = None,
    *,
    label: str | None = None,
    positive: str | None = None,
    reader: str | None = None,
    text: Sequence[str] = (),
    number: Sequence[str] = (),
    category: Sequence[str] = (),
    set_: Sequence[str] = (),
    time: str | None = None,
    group: str | None = None,
    ignore: Sequence[str] = (),
    fields: str | Path | None = None,
    accept: Sequence[str] = (),
    thorough: bool = True,
    rejects: str | Path | None = None,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> GateResult:
    """Check a file, and a test file against it, without tuning anything and without changing anything.

    Args:
        task: its name or the task itself; None: any table, its label is named.
        data: a file (.csv .tsv .jsonl .parquet), what one of the task's readers reads, or a DataFrame.
        test: further rows that are to be the test.
        label, positive, reader, text, number, category, set_, time, group, ignore, fields: as in `prepare`.
        accept: keys of findings that may be stops.
        thorough: also look at more rows and with models, which takes seconds to minutes.
        rejects: file (.jsonl) for rows that cannot be read; without it the first one is refused.
        seed: of every sample and every cross-validation.
        say: is told the name of each check before it is made.

    Returns:
        Findings; row numbers count the rows that could be read, from 0.

    Raises:
        DataError: the data cannot be read, or a column that was named is not there.
    """
    from ..core.registry import load_task
    from .prepare import load_bank
    from .source import checked_frame, guess_reader, read_records, set_aside

    kinds = {"text": text, "number": number, "category": category, "set": set_}
    options = make_options(
        label=label, positive=positive, group=group, time=time, ignore=ignore, kinds=kinds, toml=fields
    )
    chosen = load_task(task) if isinstance(task, str) else task
    if say is not None:
        say("reading")

    def rows_of(source: str | Path | pd.DataFrame, reader: str | None) -> pd.DataFrame:
        if isinstance(source, pd.DataFrame):
            return checked_frame(source)
        return read_records(chosen or TABLE, source, reader)

    guessed = None
    unsaid = reader is None and chosen is not None and options.label is None
    if unsaid and chosen is not None and isinstance(data, (str, Path)) and not _has_column(data, chosen.label):
        guessed = guess_reader(chosen, data)
    with set_aside(rejects, data, test) as aside:
        frame = rows_of(data, reader or guessed)
        later = None if test is None else rows_of(test, reader or guessed)
    found = aside.findings(len(frame) + (0 if later is None else len(later)))
    if guessed is not None:
        found.append(Finding("reader", "note", f"It was read with --reader {guessed}, whose layout it has.", ""))
    chosen = chosen or table_task(frame, options.label)
    material, more = _material(chosen, frame, later, options, load_bank(chosen), seed=seed, thorough=thorough)
    source = "the data frame" if isinstance(data, pd.DataFrame) else Path(data).name
    return check(material, source=source, accept=accept, found=[*found, *more], say=say)


def _has_column(path: str | Path, name: str) -> bool:
    """Whether a file is a table with this column."""
    from .table import read_chunks

    try:
        return name in next(read_chunks(Path(path).expanduser(), rows=1)).columns
    except DataError:
        return False


def _accuracy(scored: Scored) -> float:
    return float((scored.scores.argmax(1) == scored.truth).mean()) if len(scored) else float("nan")


def _error(scored: Scored) -> float:
    return float(np.sqrt(np.mean((scored.scores - scored.truth) ** 2))) if len(scored) else float("nan")


TABLE = Task(
    name="table.label",
    version="1",
    title="What stands in the label column?",
    kind="classification",
    label="label",
    metrics=(Metric("accuracy", "Accuracy", _accuracy),),
    safety=SafetyPolicy("A check of a table; nothing was tuned."),
)
"""Any table, where no task is named."""
MANY_VALUES = 50
"""Different numbers in a label column from which it holds amounts, not classes."""


def table_task(frame: pd.DataFrame, label: str | None) -> Task:
    """The task of a table of which only the label is known: a regression where that holds many different numbers.

    Raises:
        DataError: no label was named.
    """
    if label is None:
        raise DataError(
            "Neither a task nor a label was named; name the task (--task), or the column with the truth (--label). "
            f"There is: {', '.join(map(str, frame.columns[:30]))}."
        )
    named = replace(TABLE, label=label)
    if label in frame.columns and pd.api.types.is_numeric_dtype(frame[label]) and frame[label].nunique() > MANY_VALUES:
        metric = Metric("rmse", "Root mean squared error", _error, higher_is_better=False, high=float("inf"))
        return replace(named, kind="regression", metrics=(metric,))
    return named


def _material(
    task: Task,
    frame: pd.DataFrame,
    later: pd.DataFrame | None,
    options: Options,
    bank: pd.DataFrame | None,
    *,
    seed: int,
    thorough: bool,
) -> tuple[Material, list[Finding]]:
    """Rows as the checks want them, and as findings what `prepare` would refuse or note."""
    found = []
    without = options.label is None and task.label not in frame.columns and len(frame.columns) > 0
    if without:
        frame = frame.assign(**{task.label: None})
        found.append(
            Finding(
                "no_label",
                "warn",
                f"The data has no label column {task.label!r}, so nothing was checked that needs labels.",
                "Name the column with the truth with --label, or the reader that knows this layout with --reader.",
            )
        )
    known = recognise(frame, task, options)
    schema = known.schema
    rows = apply_schema(frame, schema, need_label=True, kind=task.kind)
    notes = [*notes_of(frame), *known.notes, *notes_of(rows)]
    if not without:
        try:
            notes += gate(rows, schema, task, bank).notes
        except DataError as error:
            found.append(_refusal(error, "data", len(rows)))
    test = None
    if later is not None:
        test = apply_schema(later, schema, need_label=schema.label in later, kind=task.kind)
        notes += [f"Test rows: {note}" for note in notes_of(test) if note not in notes]
        if schema.label in later:
            try:
                labelled = test[test[schema.label].notna()]
                check_labels(labelled, schema, task)
                check_candidates(labelled, schema, task, bank)
            except DataError as error:
                found.append(_refusal(error, "test", len(test)))
    found += [Finding("columns", "note", note, "") for note in dict.fromkeys(notes)]
    return Material(task, schema, frame, rows, later, test, bank, seed, thorough), found


def _refusal(error: DataError, part: Literal["data", "test"], rows: int) -> Finding:
    """What `prepare` refuses, as a finding: before the semicolon stands what came, behind it what to do."""
    what, _, remedy = str(error).partition("; ")
    where = "" if part == "data" else "Test rows: "
    said = remedy[:1].upper() + remedy[1:] or "Mend the data."
    return Finding(REFUSED, "stop", f"{where}{what.rstrip('.')}.", said, total=rows, part=part)
