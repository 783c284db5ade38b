"""The report on a model that was trained elsewhere, from a table of its predictions.

    verticals report predictions.csv --task finance.credit --label BAD --positive 1

The table holds the true label, one `probability_LABEL` for each label (one `probability`, `score` or `risk` where there
are two labels; `prediction` for values), and whatever else is known of the records. The model itself is not needed;
what only it could tell is named in the report as not computed.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import DataError
from ..core.registry import load_task
from ..core.task import Flag, Prepared, Schema, Task
from ..datasets.options import make_options
from ..datasets.prepare import load_bank, prepare_rows
from ..datasets.source import checked_frame, content_sha256
from ..datasets.table import notes_of, read_table
from ..datasets.values import as_label
from .evaluate import facts_of, page_facts, seen_rows
from .measured import Measured, scored_rows
from .outside_columns import Given, find_columns, schema_of, scores_of, withheld
from .report import Report
from .view import View
from .words import summary

__all__ = ["report"]


@dataclass(frozen=True)
class _Said:
    """Predictions of another program: it gives no reasons, no sets and no flags."""

    labels: tuple[str, ...]
    scores: np.ndarray
    abstained: np.ndarray | None
    reasons: tuple[str, ...]
    conformal: tuple[tuple[str, ...], ...]
    flags: tuple[tuple[Flag, ...], ...]
    threshold: float | None
    raw_scores: np.ndarray | None = None
    offsets: tuple[float, ...] = ()


def report(
    predictions: str | Path | pd.DataFrame,
    task: str | Task,
    *,
    label: str | None = None,
    positive: str | None = None,
    probability: str | None = None,
    group: str | None = None,
    time: str | None = None,
    threshold: float | None = None,
    train: str | Path | pd.DataFrame | None = None,
    out: str | Path | None = None,
    contents: bool = True,
    progress: bool = False,
) -> Report:
    """Measure the predictions of any program and write the same report as for a run.

    Args:
        predictions: File (.csv .tsv .jsonl .parquet) or frame with the truth, the probabilities and the records.
        task: The question, such as finance.credit.
        label: Column with the truth; by default the task's own.
        positive: The label that is looked for, of two.
        probability: Column with the probability of the positive label, where it has another name.
        group: Column (patient, pupil, card) whose rows belong together; by default the task's own.
        time: Column that orders the rows; by default the task's own.
        threshold: Probability of the positive label from which you act, in [0, 1], fixed on other rows than these. Nothing
            is chosen here: without it, the task's costs say it where they do, else 0.5.
        train: The rows that the model was trained on, with the truth: allows baselines and a look for drift.
        out: Folder to write; by default NAME.report beside the file, and none for a frame.
        contents: Also show words of records, such as those of the surest wrong answers; without, the report can be passed on.
        progress: Say on standard error what is being done.

    Raises:
        TaskError: no such task.
        DataError: a file that cannot be read, or one that does not hold what is needed; nothing is written then.
    """

    def say(text: str) -> None:
        if progress:
            print(f"report: {text}", file=sys.stderr, flush=True)

    known = load_task(task) if isinstance(task, str) else task
    say("reading the predictions")
    frame = checked_frame(predictions if isinstance(predictions, pd.DataFrame) else read_table(predictions))
    options = make_options(label=label, positive=positive, group=group, time=time)
    given = find_columns(list(frame.columns), known, probability)
    say("recognising the columns")
    schema, labels, notes = schema_of(frame, given, known, options)
    _check_threshold(threshold, schema)
    scores, lost = scores_of(frame, given, known, schema, labels), withheld(frame, given)
    bank = load_bank(known)
    rows = prepare_rows(known, schema, frame.drop(columns=given.columns), bank=bank)
    notes += _against_answers(frame, given, schema, scores, labels, threshold)
    del frame
    kept = rows.index.to_numpy()  # rows without the truth were left out
    said = _said(labels, scores[kept], None if lost is None else lost[kept], threshold)
    measured = Measured(scored_rows(known, schema, rows, said), said, float("nan"))
    prepared = None if train is None else _trained(known, schema, train, rows, bank)
    facts = facts_of(known, schema, measured, prepared, own_rows=False, say=say)
    facts["missing"] = _cannot(prepared) + facts["missing"]
    view = View(known, schema, measured.scored, prepared=prepared, own_rows=False, facts=facts, say=say)
    facts |= page_facts(view, contents=contents)
    facts["rows"]["seen"] = None if prepared is None else seen_rows(schema, prepared.train, rows)
    facts |= {"simulated": False, "tuned_on_simulated": False, "gate": None}
    facts["notes"] = list(dict.fromkeys([*notes_of(rows), *notes]))
    name = "a data frame" if isinstance(predictions, pd.DataFrame) else Path(predictions).name
    facts["measured_on"] = f"the predictions in {name}"
    facts["provenance"] = _provenance(predictions, given, len(rows))
    facts["summary"] = summary(facts)
    made = Report(facts)
    folder = _folder(predictions) if out is None else Path(out)
    return made if folder is None else made.write(folder)


def _said(labels: tuple[str, ...], scores: np.ndarray, lost: np.ndarray | None, threshold: float | None) -> _Said:
    n = len(scores)
    return _Said(labels, scores, lost, ("",) * n, ((),) * n, ((),) * n, threshold)


def _check_threshold(threshold: float | None, schema: Schema) -> None:
    if threshold is None:
        return
    if not 0.0 <= threshold <= 1.0:
        raise DataError(f"A threshold of {threshold:g} is no probability; give one from 0 to 1.")
    if schema.positive is None:
        raise DataError(
            "A threshold was given, but the task does not look for one label of two; leave it out, or name the label with "
            "--positive."
        )


def _against_answers(
    frame: pd.DataFrame,
    given: Given,
    schema: Schema,
    scores: np.ndarray,
    labels: tuple[str, ...],
    threshold: float | None,
) -> list[str]:
    """A note where the program's own answers are not those that its probabilities give."""
    if given.answer is None or not labels:
        return []
    best = scores.argmax(axis=1)
    if schema.positive is not None and threshold is not None:
        wanted = labels.index(schema.positive)
        best = np.where(scores[:, wanted] >= threshold, wanted, 1 - wanted)
    codes, values = pd.factorize(frame[given.answer])
    place = {label: i for i, label in enumerate(labels)}
    answer = np.array([*(place.get(as_label(value) or "", -1) for value in values), -1])[codes]
    differ = int((answer != best).sum())
    if not differ:
        return []
    return [
        f"In {differ:,} of {len(frame):,} rows the column {given.answer!r} is not the answer that the probabilities give; "
        "the report goes by the probabilities."
    ]


def _trained(
    task: Task, schema: Schema, train: str | Path | pd.DataFrame, rows: pd.DataFrame, bank: pd.DataFrame | None
) -> Prepared:
    """The rows that the other program learnt from, in the form of those that are measured."""
    learnt = prepare_rows(task, schema, train, bank=bank)
    notes = tuple(f"Training rows: {note}" for note in notes_of(learnt))
    source = {"kind": "frame" if isinstance(train, pd.DataFrame) else "file"}
    learnt.attrs = {}
    return Prepared(task, schema, learnt, learnt.iloc[:0], rows, source=source, notes=notes, bank=bank)


def _cannot(prepared: Prepared | None) -> list[dict[str, str]]:
    """What only a run, or only the training rows, could tell."""
    lacking = [
        {"what": "Red flags", "why": "the rules are read when a run of verticals answers, not from its answers."}
    ]
    if prepared is None:
        why = "they are fitted on the rows that the model was trained on; name these with --train."
        lacking.append({"what": "Baselines", "why": why})
    return lacking


def _provenance(predictions: str | Path | pd.DataFrame, given: Given, rows: int) -> list[dict[str, str]]:
    pairs = [("Model", "another program; only its predictions were seen")]
    if not isinstance(predictions, pd.DataFrame):
        pairs.append(("Predictions", Path(predictions).name))
        pairs.append(("Predictions sha256", content_sha256(Path(predictions).expanduser())))
    pairs += [
        ("Columns taken as predictions", ", ".join(given.columns)),
        ("Rows measured", f"{rows:,}"),
        ("Measured", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("Python", platform.python_version()),
    ]
    return [{"name": name, "value": value} for name, value in pairs]


def _folder(predictions: str | Path | pd.DataFrame) -> Path | None:
    """NAME.report beside a file."""
    if isinstance(predictions, pd.DataFrame):
        return None
    path = Path(predictions).expanduser()
    return path.with_name(f"{path.name.partition('.')[0] or path.name}.report")
