"""The report as Markdown: the same figures, for a repository or a mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .words import cell, number, range_of, reached

__all__ = ["markdown"]


def _cell(value: Any) -> str:
    """Text that neither ends a table cell nor starts markup."""
    text = " ".join(str(value).split())
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, "\\" + sign)
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return [*lines, *(f"| {' | '.join(_cell(value) for value in row)} |" for row in rows), ""]


def markdown(r: dict[str, Any]) -> str:
    """Render the figures of a report."""
    lines = [f"# {_cell(r['title'])}", ""]
    if r["simulated"]:
        lines += ["**Simulated data.** The records were made by a simulator; no figure here speaks of real cases.", ""]
    lines += [f"{_cell(r['statement'])}", ""]
    alarms = sorted(r["alarms"], key=lambda alarm: str(alarm["level"]))
    lines += [f"- **{a['level']}: {_cell(a['name'].replace('_', ' '))}.** {_cell(a['message'])}" for a in alarms]
    lines += [*(f"- {_cell(sentence)}" for sentence in r["summary"]), ""]
    if r["boxes"]:
        lines += _table(("What", "Figure", "Note"), ((b["title"], b["value"], b["note"]) for b in r["boxes"]))
    lines += ["## Metrics", ""]
    lines += _table(
        ("Metric", "Value", "95 % interval", "Better"),
        (
            (m["title"], number(m["value"]), range_of(m["interval"]), "higher" if m["higher_is_better"] else "lower")
            for m in r["metrics"]
        ),
    )
    if r["baselines"]:
        lines += [f"## Against baselines ({_cell(r['headline']['title'])})", ""]
        lines += _table(
            ("Baseline", "Value", "Difference", "95 % interval", "The tuned model", "Note"),
            (
                (
                    b["name"],
                    number(b["value"]),
                    number(b["difference"]),
                    range_of(b["interval"]),
                    b["verdict"],
                    b["note"],
                )
                for b in r["baselines"]
            ),
        )
    if r.get("reachable"):
        found = r["reachable"]
        lines += ["## How much can be known at all", "", reached(found), ""]
        lines += [
            f"Difference to the true probabilities: {number(found['difference'])} ({range_of(found['interval'])}).",
            "",
        ]
    for section in r["sections"]:
        lines += _section(section)
    lines += _rest(r)
    return "\n".join(lines).rstrip() + "\n"


def _section(section: dict[str, Any]) -> list[str]:
    """A section made of words, tables and figures; a figure is its caption."""
    lines = [f"## {_cell(section['title'])}", ""]
    for block in section["blocks"]:
        if block["block"] == "text":
            lines += [_cell(block["text"]), ""]
        elif block["block"] == "figure":
            lines += [f"Figure in report.html: {_cell(block['title'])}. {_cell(block['caption'])}", ""]
        else:
            columns = block["columns"]
            lines += [f"{_cell(block['title'])}:", ""] if block["title"] else []
            lines += _table(
                [_cell(c["title"]) for c in columns],
                ([cell(row.get(c["key"]), c["form"]) for c in columns] for row in block["rows"]),
            )
            lines += [_cell(block["note"]), ""] if block["note"] else []
    return lines


def _rest(r: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    lines += _gate(r.get("gate"))
    if r["missing"]:
        lines += ["## Not computed", "", *(f"- {_cell(m['what'])}: {_cell(m['why'])}" for m in r["missing"]), ""]
    lines += ["## Provenance", ""]
    return lines + _table(("What", "Value"), ((p["name"], p["value"]) for p in r["provenance"]))


def _gate(gate: dict[str, Any] | None) -> list[str]:
    """What the gate found in the data of the run."""
    lines = ["## Data gate", ""]
    if not gate:
        return [*lines, "The data gate was not run on the data of this run.", ""]
    counts = gate["counts"]
    lines += [
        f"{gate['rows']:,} rows were looked at before tuning: stops {counts['stop']}, warnings {counts['warn']}, "
        f"notes {counts['note']}.",
        "",
    ]
    if not gate["findings"]:
        return lines
    return lines + _table(
        ("Level", "Check", "What was found", "What to do"),
        (
            (one["level"] + (", accepted" if one["accepted"] else ""), one["check"], one["message"], one["remedy"])
            for one in gate["findings"]
        ),
    )
