"""What was it learnt from? A data card: source, parts, labels, empty cells, split, checks, and whether there are enough rows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...core.pages import Block, Column, Section, Table
from ...core.task import Prepared
from ...datasets.catalogue import Card, list_cards
from ..canaries import planted, without_canaries
from ..view import View
from ..words import number, percent
from . import TITLES

__all__ = ["section"]

HALF_WIDTH = 0.05
"""Half of the headline's interval above which there are too few rows for a sure figure."""
MOST_LABELS = 20
Row = dict[str, Any]


def section(view: View) -> Section:
    """The data card; of another program's predictions only what the measured rows say."""
    parts = _parts(view)
    numbers: Row = {"measured_rows": len(view.scored)}
    blocks: list[Block] = [_facts_table(view), _sizes_table(view, parts)]
    labels = _labels_table(view, parts)
    if labels is not None:
        blocks.append(labels)
    empty = _missing_table(view, parts)
    if empty is not None:
        blocks.append(empty)
    if view.prepared is not None:
        blocks.append(_split_in_words(view.prepared))
        numbers["train_rows"] = len(view.prepared.train)
    else:
        blocks.append("How the training rows were parted from the measured ones is not known: they were not given.")
    blocks += [_gate_in_words(view), _enough(view, numbers)]
    return Section("data", TITLES["data"], blocks, numbers)


def _parts(view: View) -> dict[str, pd.DataFrame]:
    """Title -> rows of each part that is there."""
    measured = "Test (measured)" if view.own_rows else "Measured rows"
    if view.prepared is None:
        return {measured: view.scored.rows}
    parts = {"Training": without_canaries(view.prepared), "Validation": view.prepared.validation}
    if not view.own_rows:
        parts["Test of the run"] = view.prepared.test
    return parts | {measured: view.scored.rows}


# Where it comes from


def _facts_table(view: View) -> Table:
    """Source, licence, unit, label."""
    schema, rows = view.schema, []

    def add(what: str, value: str) -> None:
        rows.append({"what": what, "value": value})

    for what, value in _source(view):
        add(what, value)
    group = schema.group
    add(
        "Unit of analysis",
        "one row is one record"
        + (f"; rows of one {group!r} belong together" if group else "; rows are taken as independent"),
    )
    if view.scored.scores.ndim == 1:
        add("Label", f"the number in the column {schema.label!r}")
    elif schema.labels:
        looked = f"; looked for is {schema.positive!r}" if schema.positive else ""
        shown = ", ".join(map(repr, schema.labels[:12])) + (", …" if len(schema.labels) > 12 else "")
        add("Label", f"the column {schema.label!r}, {len(schema.labels)} values: {shown}{looked}")
    else:
        add("Label", f"the right candidate, named in the column {schema.label!r}")
    add(
        "Who labelled, and how far two people agree",
        "not known to this program; to be filled in by whoever signs the report",
    )
    return Table("card", (Column("what", "What"), Column("value", "Answer")), rows, "Data card")


def _source(view: View) -> list[tuple[str, str]]:
    """Origin and licence."""
    if view.prepared is None:
        return [("Training rows", "not given"), ("Licence", "unknown")]
    source = view.prepared.source
    kind = source.get("kind")
    said: list[tuple[str, str]] = []
    if view.prepared.simulated:
        said.append(
            (
                "Training rows",
                f"simulated by {view.task.name}, seed {source.get('seed', '–')}: no real case is among them",
            )
        )
        card = view.task.simulator_card
        if card is not None:
            said += [("What the simulator draws", card.draws), ("What these records do not show", card.limits)]
        said.append(("Licence", "none needed: the records are invented"))
    elif kind == "file":
        digest = str(source.get("sha256", ""))
        name = Path(str(source.get("path", ""))).name
        said.append(
            (
                "Training rows",
                f"real records as handed over, from {name}" + (f" (sha256 {digest[:12]}…)" if digest else ""),
            )
        )
        said += _catalogued(_card_of(digest))
    else:
        said += [
            ("Training rows", "handed over as a table in memory; whether they are real is not known"),
            ("Licence", "unknown"),
        ]
    test = source.get("test")
    if isinstance(test, dict) and test.get("path"):
        said.append(("Test rows", f"a file of their own, {Path(str(test['path'])).name}"))
    reader = source.get("reader")
    if reader:
        said.append(("Reader", str(reader)))
    canaries = planted(view.prepared)
    if canaries:
        said.append(
            (
                "Planted",
                f"{canaries['rows']:,} invented rows (canaries) among the training rows, counted nowhere in this section",
            )
        )
    return said


def _card_of(digest: str) -> Card | None:
    """The catalogue's card of a file."""
    if not digest:
        return None
    return next((card for card in list_cards() for one in card.files if one.sha256 == digest), None)


def _catalogued(card: Card | None) -> list[tuple[str, str]]:
    if card is None:
        return [("Licence", "unknown: the file is none of those in the catalogue of public sets")]
    return [
        ("Known as", card.title),
        ("Origin", ", ".join(card.origin)),
        ("Licence", card.licence),
        ("Paper", card.paper),
        *([("What a score on it hides", "; ".join(card.leaks))] if card.leaks else []),
    ]


# What is in it


def _sizes_table(view: View, parts: dict[str, pd.DataFrame]) -> Table:
    """Rows, groups and positives of each part."""
    schema, rows = view.schema, []
    for name, frame in parts.items():
        line: Row = {"part": name, "rows": len(frame)}
        if schema.group is not None and schema.group in frame.columns:
            line["groups"] = int(frame[schema.group].nunique())
        if schema.positive is not None and schema.label in frame.columns:
            positives = int((frame[schema.label].astype(str) == str(schema.positive)).sum())
            line |= {"positives": positives, "prevalence": positives / len(frame) if len(frame) else math.nan}
        elif view.scored.scores.ndim == 1 and schema.label in frame.columns:
            values = pd.to_numeric(frame[schema.label], errors="coerce").to_numpy(np.float64)
            if np.isfinite(values).any():
                line |= {"mean": float(np.nanmean(values)), "spread": float(np.nanstd(values))}
        rows.append(line)
    columns = [Column("part", "Part"), Column("rows", "Rows", "count")]
    if any("groups" in line for line in rows):
        columns.append(Column("groups", f"Different {schema.group}", "count"))
    if any("positives" in line for line in rows):
        columns += [Column("positives", f"With {schema.positive}", "count"), Column("prevalence", "Share", "percent")]
    if any("mean" in line for line in rows):
        columns += [Column("mean", "Mean of the label", "number"), Column("spread", "Standard deviation", "number")]
    return Table("parts", tuple(columns), rows, "Parts")


def _labels_table(view: View, parts: dict[str, pd.DataFrame]) -> Table | None:
    """Share of each label in each part, where there are more than two."""
    names = view.schema.labels
    if len(names) < 3:
        return None
    shares = {
        part: frame[view.schema.label].astype(str).value_counts(normalize=True)
        for part, frame in parts.items()
        if view.schema.label in frame.columns
    }
    if not shares:
        return None
    first = next(iter(shares.values()))
    order = sorted(names, key=lambda label: -float(first.get(label, 0.0)))[:MOST_LABELS]
    rows = [
        {"label": label, **{part: float(share.get(label, 0.0)) for part, share in shares.items()}} for label in order
    ]
    columns = (Column("label", "Label"), *(Column(part, part, "percent") for part in shares))
    note = f"The {MOST_LABELS} most frequent of {len(names)} labels." if len(names) > MOST_LABELS else ""
    return Table("labels", columns, rows, "Share of the labels", note, folded=True)


def _missing_table(view: View, parts: dict[str, pd.DataFrame]) -> Table | None:
    """Share of empty cells of each field in each part."""
    rows = []
    for field in view.schema.fields:
        line: Row = {"field": field.words, "kind": field.kind, "unit": field.unit}
        for part, frame in parts.items():
            line[part] = (
                float(frame[field.name].isna().mean()) if field.name in frame.columns and len(frame) else math.nan
            )
        rows.append(line)
    if not rows:
        return None
    columns = (
        Column("field", "Field"),
        Column("kind", "Kind"),
        Column("unit", "Unit"),
        *(Column(part, f"Empty, {part[:1].lower()}{part[1:]}", "percent") for part in parts),
    )
    return Table("missing", columns, rows, "Fields and empty cells", folded=len(rows) > 12)


# How it was parted and checked

_RULES = {
    "random": "by chance, with the same share of each label in every part",
    "group": "by group: all rows of one group stand on one side",
    "time": "by time: earlier rows for training, later ones for the test",
    "copies": "by chance, with copies and near-copies on one side",
    "scaffold": "by molecular scaffold: molecules of one ring system stand on one side",
}


def _split_in_words(prepared: Prepared) -> str:
    """The split rule and its record."""
    record = prepared.split
    if not record:
        return "How the rows were parted was not recorded."
    said = f"The rows were parted {_RULES.get(str(record.get('by')), str(record.get('by')))}"
    column = record.get("column") or record.get("group")
    if isinstance(column, str):
        said += f" (column {column!r})"
    said += "." if record.get("seed") is None else f"; seed {record['seed']}."
    days = record.get("delay_days")
    if days:
        said += f" {days:g} days between two parts were left out, because labels arrive late."
    bounds = record.get("boundaries")
    if bounds:
        said += f" Boundaries: {_flat(bounds)}."
    dropped = (record.get("rows") or {}).get("dropped", 0)
    if dropped:
        said += f" {dropped:,} rows are in no part."
    digest = record.get("rows_sha256")
    return said + (f" Hash of the parted row numbers: {str(digest)[:12]}…" if digest else "")


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key} {_flat(inner)}" for key, inner in value.items())
    return ", ".join(map(_flat, value)) if isinstance(value, list | tuple) else str(value)


def _gate_in_words(view: View) -> str:
    """What the checks before tuning found, in counts."""
    gate = (
        view.facts.get("gate") or (view.prepared.gate if view.prepared is not None else {}) or _kept_gate(view.folder)
    )
    counts = gate.get("counts") if isinstance(gate, dict) else None
    if not counts:
        return "The checks of the data gate (copies, leaks, personal data, labels) were not made on these rows, or not kept."
    accepted = gate.get("accepted") or []
    taken = f"; accepted by whoever tuned: {', '.join(map(str, accepted))}" if accepted else ""
    worst = [one["message"] for one in gate.get("findings", ()) if one.get("level") in ("stop", "warn")][:3]
    return (
        f"The data gate checked the rows before tuning for copies, leaks, personal data and doubtful labels: {counts.get('stop', 0)} "
        f"stops, {counts.get('warn', 0)} warnings, {counts.get('note', 0)} notes{taken}."
        + (" " + " ".join(worst) if worst else "")
    )


def _kept_gate(folder: Path | None) -> Row:
    path = None if folder is None else folder / "gate.json"
    if path is None or not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


def _enough(view: View, numbers: Row) -> str:
    """Whether there are enough rows for the headline."""
    head = view.facts.get("headline") or {}
    low, high = head.get("interval") or (None, None)
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return "Whether there are enough rows cannot be said: the headline figure has no interval."
    half = (high - low) / 2.0
    metric = view.task.headline
    numbers["headline_half_width"] = half
    span = metric.high - metric.low
    if not math.isfinite(span):
        return f"The interval of the headline figure is ±{number(half)}; its scale has no end, so no limit is set."
    limit = HALF_WIDTH * span
    if half <= limit:
        return (
            f"There are enough rows for the headline figure: half of its 95 % interval is {number(half)}, at most {number(limit)} "
            f"({percent(HALF_WIDTH, 0)} of the scale)."
        )
    need = math.ceil(len(view.scored) * (half / limit) ** 2 / 100) * 100
    return (
        f"Too few rows for a sure figure: half of the headline's 95 % interval is {number(half)}, more than {number(limit)} "
        f"({percent(HALF_WIDTH, 0)} of the scale); about {need:,} measured rows of the same kind would be enough."
    )
