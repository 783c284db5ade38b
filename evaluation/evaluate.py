"""A run, measured once on rows that tuning never saw: load, score, compare, write.

Nothing is chosen here. Thresholds, temperature and abstention were frozen on validation rows; this only looks.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..core.errors import DataError, RunError
from ..core.pages import as_data, without_contents
from ..core.task import Metric, Prepared, Schema, Scored, Task
from . import measure
from .baselines import baselines as fit_baselines
from .canaries import replanted
from .intervals import Interval, Resamples, interval
from .measured import Measured, scored_rows
from .reachable import reachable_facts
from .report import SCHEMA_VERSION, Report
from .sections import sections_of
from .view import View
from .words import summary

if TYPE_CHECKING:
    from ..core.predict import Predictions, Predictor

__all__ = ["PROBES", "Measured", "evaluate", "facts_of", "page_facts", "scored_rows"]

PROBES = ("counterfactual", "robustness", "scope", "explanations", "privacy", "drift", "efficiency")
"""Sections that ask the model anew about hundreds of changed records, which takes most of the time of a report."""


def evaluate(
    run: str | Path,
    data: str | Path | None = None,
    *,
    out: str | Path | None = None,
    baselines: bool = True,
    threads: int | None = None,
    progress: bool = True,
    thorough: bool = True,
    contents: bool = True,
) -> Report:
    """Measure a run on its test rows, or on the rows of another file, and write the report.

    Args:
        run: Folder that `tune` wrote.
        data: File of labelled rows to measure on instead of the test rows of the run.
        out: Folder of the report; by default `report` in the run.
        baselines: Also fit the baselines on the training rows and compare them on the same rows.
        threads: CPU cores to use; None: the predictor's own choice, one for the baselines.
        progress: Say on standard error what is being done.
        thorough: Also make the sections that ask the model anew about changed records (`PROBES`), which takes minutes;
            without them the report says in their place that they were left out.
        contents: Also show words of records, such as those of the surest wrong answers; without, the report can be passed on.

    Raises:
        RunError: the run is incomplete or altered, or its data file has changed since tuning.
        DataError: a file cannot be read, or no row can be measured.
    """
    from ..core.predict import Predictor
    from ..datasets.prepare import prepare_again, prepare_rows

    def say(text: str) -> None:
        if progress:
            print(f"evaluate: {text}", file=sys.stderr, flush=True)

    folder = Path(run)
    predictor = Predictor.load(folder, threads=threads)
    kept = _read(folder, "data.json")
    prepared: Prepared | None = None
    missing: list[dict[str, str]] = []
    say("fetching the rows of the run")
    try:
        prepared = replanted(prepare_again(kept.get("source", {}), predictor.task, checked=False))
        _same_rows(predictor, prepared, folder)
    except (DataError, RunError) as error:
        if data is None:
            raise
        prepared = None
        missing.append({"what": "Baselines and repeated rows", "why": f"they need the run's training rows. {error}"})
    if data is not None:
        rows = prepare_rows(predictor.task, predictor.schema, data, bank=predictor.bank)
    else:
        assert prepared is not None
        rows = prepared.test
    if not len(rows):
        raise DataError(
            "There is no row to measure on; give a file with labelled rows, or a larger share for the test."
        )
    say(f"scoring {len(rows):,} rows")
    predictions, measured = _score(predictor, rows)
    facts = facts_of(
        predictor.task,
        predictor.schema,
        measured,
        prepared,
        backbone=_backbone(folder),
        half_width=_read(folder, "calibration.json").get("conformal"),
        with_baselines=baselines,
        own_rows=data is None,
        threads=threads,
        say=say,
    )
    facts["missing"] = missing + facts["missing"]
    view = View(
        predictor.task,
        predictor.schema,
        measured.scored,
        predictions,
        predictor,
        prepared,
        folder,
        own_rows=data is None,
        facts=facts,
        seconds=measured.seconds,
        say=say,
    )
    facts |= page_facts(view, () if thorough else PROBES, contents)
    facts["gate"] = _read(folder, "gate.json") or None  # as tuning saw it; runs of older versions have none
    invented = prepared.simulated if prepared is not None else bool(kept.get("simulated", False))
    facts |= {"simulated": invented and data is None, "tuned_on_simulated": invented}
    if data is not None:
        facts["rows"]["seen"] = None if prepared is None else seen_rows(predictor.schema, prepared.train, rows)
    facts["measured_on"] = "the test rows of the run" if data is None else f"the rows of {Path(data).name}"
    facts["provenance"] = _provenance(folder, predictor, prepared, measured)
    facts["summary"] = summary(facts)
    report = Report(facts).write(folder / "report" if out is None else out)
    say(f"report written to {report.path}")
    return report


def page_facts(view: View, leave_out: Collection[str] = (), contents: bool = True) -> dict[str, Any]:
    """Sections, alarms for page one, and what could not be computed, as plain values.

    Args:
        view: what was measured.
        leave_out: keys of sections that are not made, to be quick.
        contents: also show tables that hold words of records.
    """
    run = "" if view.folder is None else f" {view.folder.name}"
    why = f"Left out here to be quick; `verticals evaluate{run or ' RUN'}` makes it."
    sections, missing = sections_of(view, dict.fromkeys(leave_out, why))
    if not contents:
        sections = [without_contents(section) for section in sections]
    return {
        "sections": [as_data(section) for section in sections],
        "alarms": [asdict(alarm) | {"section": s.key} for s in sections for alarm in s.alarms],
        "missing": [*view.facts["missing"], *missing],
    }


def _read(folder: Path, name: str) -> dict[str, Any]:
    """A JSON object of the run; empty where there is no such file."""
    path = folder / name
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


def _backbone(folder: Path) -> str | None:
    from ..core.recipe import read_recipe

    path = folder / "recipe.toml"
    return read_recipe(path).backbone if path.is_file() else None


def _same_rows(predictor: Predictor, prepared: Prepared, folder: Path) -> None:
    """Refuse rows that are not those of the run.

    Raises:
        RunError: the fingerprints differ.
    """
    known = getattr(predictor, "fingerprint", "")
    if known and prepared.fingerprint and known != prepared.fingerprint:
        raise RunError(
            f"The data of the run {str(folder)!r} has changed since tuning (fingerprint {prepared.fingerprint[:12]}, "
            f"the run knows {known[:12]}); restore the file as it was, or tune again on the new rows."
        )


def seen_rows(schema: Schema, train: pd.DataFrame, rows: pd.DataFrame) -> int:
    """Count the rows whose fields all equal those of a training row: they measure memory."""
    names = [f.name for f in schema.fields if f.name in train.columns and f.name in rows.columns]
    if not names:
        return 0
    known = set(train[names].astype(str).itertuples(index=False, name=None))
    return sum(row in known for row in rows[names].astype(str).itertuples(index=False, name=None))


def _score(predictor: Predictor, rows: pd.DataFrame) -> tuple[Predictions, Measured]:
    start = time.perf_counter()
    predictions = predictor.predict(rows)
    seconds = time.perf_counter() - start
    scored = scored_rows(predictor.task, predictor.schema, rows, predictions)
    return predictions, Measured(scored, predictions, seconds)


def facts_of(
    task: Task,
    schema: Schema,
    measured: Measured,
    prepared: Prepared | None,
    *,
    backbone: str | None = None,
    half_width: float | None = None,
    with_baselines: bool = True,
    own_rows: bool = True,
    threads: int | None = None,
    say: Any = lambda text: None,
) -> dict[str, Any]:
    """Every figure of a report, as plain values; what could not be computed stands under `missing` with its reason."""
    scored, said = measured.scored, measured.predictions
    group = schema.group if schema.group in scored.rows.columns else None
    resamples = Resamples(len(scored), scored.rows[group] if group is not None else None)
    say("intervals")
    values: dict[str, tuple[Metric, Interval]] = {
        m.name: (m, interval(m, scored, resamples, group)) for m in task.metrics
    }
    missing = []
    compared: list[dict[str, Any]] = []
    if with_baselines and prepared is not None:
        compared = _compare(task, scored, prepared, group, backbone, threads, say)
        if not compared:
            missing.append({"what": "Baselines", "why": f"there are none for a task of the kind {task.kind}."})
    elif not with_baselines:
        missing.append({"what": "Baselines", "why": "they were switched off for this report."})
    ceiling = None
    if prepared is not None and own_rows:
        ceiling = reachable_facts(task, scored, prepared, compared, values[task.headline.name][1].value, group)
    for name in task.slices:
        if name not in scored.rows.columns:
            missing.append({"what": f"Groups by {name}", "why": "the rows have no such column."})
    calibrated = measure.calibration_facts(scored, getattr(said, "raw_scores", None))
    if calibrated is None:
        missing.append({"what": "Calibration curve", "why": "the answers are values, not probabilities."})
    boxes = task.page_one(scored) if task.page_one is not None else ()
    return {
        "schema_version": SCHEMA_VERSION,
        "task": task.name,
        "version": task.version,
        "title": task.title,
        "kind": task.kind,
        "statement": task.safety.statement,
        "referral": task.safety.referral,
        "boxes": [{"title": b.title, "value": b.value, "note": b.note} for b in boxes],
        "headline": measure.metric_row(*values[task.headline.name]),
        "metrics": [measure.metric_row(*pair) for pair in values.values()],
        "rows": _row_counts(scored, prepared, group, resamples),
        "baselines": compared,
        "reachable": ceiling,
        "calibration": calibrated,
        "roc": measure.roc_facts(scored),
        "thresholds": measure.threshold_rows(scored, task.decision),
        "confusion": measure.confusion_facts(scored) if task.kind == "classification" else None,
        "slices": measure.slice_tables(task.headline, scored, task.slices, group),
        "abstention": measure.abstention_facts(scored, said.reasons),
        "conformal": measure.conformal_facts(scored, said.conformal, half_width),
        "flags": measure.flag_facts(said.flags),
        "errors": measure.error_rows(scored),
        "notes": list(prepared.notes) if prepared is not None else [],
        "gate": (prepared.gate or None) if prepared is not None else None,
        "missing": missing,
        "sections": [],
        "alarms": [],
    }


def _row_counts(scored: Scored, prepared: Prepared | None, group: str | None, resamples: Resamples) -> dict[str, Any]:
    return {
        "train": None if prepared is None else len(prepared.train),
        "validation": None if prepared is None else len(prepared.validation),
        "measured": len(scored),
        "positives": None if scored.positive is None else int(scored.positives.sum()),
        "positive": None if scored.positive is None else scored.labels[scored.positive],
        "seen": 0,
        "unknown_labels": int((scored.truth == -1).sum()) if scored.scores.ndim == 2 else 0,
        "group": group,
        "groups": None if group is None else resamples.units,
        "resamples": resamples.count,
    }


def _compare(
    task: Task,
    scored: Scored,
    prepared: Prepared,
    group: str | None,
    backbone: str | None,
    threads: int | None,
    say: Any,
) -> list[dict[str, Any]]:
    """Fit the baselines and set each beside the tuned model on the headline metric."""
    found = []
    for other in fit_baselines(
        prepared,
        scored.rows,
        scored.labels,
        backbone=backbone,
        threads=threads,
        say=lambda name: say(f"baseline: {name}"),
    ):
        ours = scored if other.index is None else scored.take(other.index)
        groups: Sequence[Any] | None = ours.rows[group].tolist() if group is not None else None
        rival = Scored(ours.truth, other.scores, ours.labels, ours.rows, ours.positive, ours.threshold)
        draws = Resamples(len(ours), groups)
        found.append(measure.baseline_row(other.name, other.note, task.headline, ours, rival, draws, group))
    return measure.corrected(found)


def _provenance(
    folder: Path, predictor: Predictor, prepared: Prepared | None, measured: Measured
) -> list[dict[str, str]]:
    """Where every figure comes from, as (name, value) pairs of words."""
    manifest = _read(folder, "manifest.json")
    files = manifest.get("files", {})
    adapter = files.get("adapter/adapter_model.safetensors", {}).get("sha256", "")
    known = getattr(predictor, "fingerprint", "") or (prepared.fingerprint if prepared is not None else "")
    pairs = [
        ("Run", folder.name),
        ("Backbone", "" if "backbone" in manifest else _backbone(folder) or ""),
        ("Adapter sha256", adapter),
        ("Data fingerprint (sha256)", known),
        ("Measured", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("Python", platform.python_version()),
        ("Scoring", f"{len(measured.scored) / max(measured.seconds, 1e-9):,.0f} rows a second on this machine"),
    ]
    pairs += [
        (name.replace("_", " ").capitalize(), text)
        for name, value in manifest.items()
        if name not in ("files", "manifest", "task") and (text := _flat(value)) and len(text) <= 300
    ]
    return [{"name": name, "value": value} for name, value in pairs if value]


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items() if not isinstance(inner, dict | list))
    return "" if value is None or isinstance(value, list) else str(value)
