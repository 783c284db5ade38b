"""The report as Markdown: the same figures, for a repository or a mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .faults import looked_for
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
    lines = [f"# {_cell(r['title'])}", "", f"{_cell(r['statement'])}", ""]
    if r["simulated"]:
        lines += ["**Simulated data.** The records were made by a simulator; no figure here speaks of real cases.", ""]
    head = r["headline"]
    towards = "higher" if head["higher_is_better"] else "lower"
    lines += [
        f"**{_cell(head['title'])}: {number(head['value'])}** (95 % interval {range_of(head['interval'])}, {towards} is better)",
        "",
        *_faults(r),
    ]
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


def _faults(r: dict[str, Any]) -> list[str]:
    """The faults found, stop before warn, each with the question that found it; then what else was looked for."""
    asked = {section["key"]: section["title"] for section in r["sections"]}
    lines = []
    for alarm in sorted(r["alarms"], key=lambda alarm: str(alarm["level"])):
        level = "Stop" if alarm["level"] == "stop" else "Warning"
        why = f" See “{_cell(asked[alarm['section']])}”." if alarm["section"] in asked else ""
        lines.append(f"- **{level}: {_cell(alarm['name'].replace('_', ' '))}.** {_cell(alarm['message'])}{why}")
    if lines:
        lines = ["## Faults found", "", *lines, ""]
    for sentence in looked_for(r):
        lines += [_cell(sentence), ""]
    return lines


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
    if r["missing"]:
        lines += ["## Not computed", ""]
        lines += [
            f"- {_cell(m['what'])}{'' if m['what'].endswith('?') else ':'} {_cell(m['why'])}" for m in r["missing"]
        ]
        lines += [""]
    lines += [*_gate(r.get("gate")), "## Provenance", ""]
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
