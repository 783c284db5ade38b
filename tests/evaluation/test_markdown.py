"""The report as Markdown: tables keep their columns, hostile words start no markup, and nothing of the page is left out."""

from __future__ import annotations

import re
from typing import Any

import pytest

from verticals.core.pages import Alarm, Column, Figure, Section, Table, as_data
from verticals.evaluation.markdown import markdown

HOSTILE = 'a | *b* <script>\n# c "d" [e](f)'


def facts(**changed: Any) -> dict[str, Any]:
    """The least that a report holds."""
    head = {"name": "auroc", "title": "Area", "value": 0.8, "interval": [0.7, 0.9], "higher_is_better": True}
    return {
        "title": "A task", "statement": "It advises.", "simulated": False, "headline": head, "metrics": [head], "summary": [],
        "boxes": [], "baselines": [], "reachable": None, "sections": [], "alarms": [], "missing": [], "gate": None,
        "provenance": [{"name": "Run", "value": "r1"}],
    } | changed  # fmt: skip


def section(*blocks: Any, alarms: tuple[Alarm, ...] = ()) -> dict[str, Any]:
    return as_data(Section("drift", "Has it changed?", blocks, {}, alarms))


def tables(text: str) -> list[list[str]]:
    """Lines of each table."""
    found: list[list[str]] = []
    for before, line in zip(["", *text.splitlines()], text.splitlines(), strict=False):
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            found[-1].append(line)
    return found


def columns(line: str) -> int:
    return len(re.findall(r"(?<!\\)\|", line)) - 1


def test_the_least_report() -> None:
    text = markdown(facts())
    assert text.startswith(
        "# A task\n\nIt advises.\n\n**Area: 0.800** (95 % interval 0.700 to 0.900, higher is better)\n"
    )
    assert "## Faults found" not in text
    assert "## Not computed" not in text
    assert "| Run | r1 |" in text
    assert text.endswith("|\n")


@pytest.mark.parametrize(
    ("form", "value", "shown"),
    [
        ("text", HOSTILE, r'a \| \*b\* \<script\> \# c "d" \[e\](f)'),
        ("text", None, "–"),
        ("count", 12345, "12,345"),
        ("count", None, "–"),
        ("number", 0.12345, "0.123"),
        ("number", float("nan"), "–"),
        ("signed", 0.5, "+0.500"),
        ("signed", -0.5, "−0.500"),
        ("percent", 0.051, "5.1 %"),
        ("percent", -0.051, "−5.1 %"),
        ("range", (0.1, 0.2), "0.100 to 0.200"),
        ("range", (None, None), "–"),
        ("percent_range", (0.1, 0.25), "10.0 % to 25.0 %"),
        ("percent_range", None, "–"),
    ],
)
def test_cells_are_written_as_their_column_says(form: Any, value: Any, shown: str) -> None:
    table = Table(
        "t",
        (Column("a", "A"), Column("v", HOSTILE, form)),
        [{"a": "x", "v": value}, {"a": "no value"}],
        "Title",
        "Note.",
    )
    text = markdown(facts(sections=[section(table)]))
    found = next(lines for lines in tables(text) if lines[0].startswith("| A |"))
    assert found[2] == f"| x | {shown} |"
    assert found[3] == "| no value | – |"
    assert {columns(line) for line in found} == {2}
    assert "Title:" in text
    assert "Note." in text


def test_faults_come_before_the_figures_and_name_their_section() -> None:
    first, second = Alarm("leak", "A field tells.", "warn"), Alarm("shifted", f"Unlike {HOSTILE}", "stop")
    made = section("Words.", Figure("f", "bars", "Bars", {}, "What to see."), alarms=(first, second))
    alarms = [alarm | {"section": "drift"} for alarm in made["alarms"]]
    text = markdown(
        facts(
            sections=[made], alarms=alarms, missing=[{"what": "Is it?", "why": "No."}, {"what": "That", "why": "No."}]
        )
    )
    order = ["# A task", "**Area", "## Faults found", "**Stop: shifted.**", "**Warning: leak.**", "Not looked for", "## Metrics",
             "## Has it changed?", "## Not computed", "- Is it? No.", "- That: No.", "## Data gate", "## Provenance"]  # fmt: skip
    places = [text.index(mark) for mark in order]
    assert places == sorted(places)
    assert "A field tells. See “Has it changed?”." in text
    assert "Figure in report.html: Bars. What to see." in text
    assert "<script>" not in text


def test_simulated_data_is_named_before_the_headline() -> None:
    text = markdown(facts(simulated=True))
    assert 0 < text.index("**Simulated data.**") < text.index("**Area")


def test_what_the_gate_found_and_what_was_overruled() -> None:
    one = {"level": "stop", "check": "copies", "message": "Two | alike.", "remedy": "Remove one.", "accepted": True}
    gate = {"rows": 1200, "counts": {"stop": 1, "warn": 0, "note": 2}, "findings": [one]}
    text = markdown(facts(gate=gate))
    assert "1,200 rows were looked at before tuning: stops 1, warnings 0, notes 2." in text
    assert r"| stop, accepted | copies | Two \| alike. | Remove one. |" in text
    assert "was not run" in markdown(facts())
