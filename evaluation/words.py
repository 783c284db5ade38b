"""The plain sentences that a report opens with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["cell", "inside", "number", "percent", "range_of", "reached", "summary"]


def number(value: Any, digits: int = 3) -> str:
    """A figure for a table: three significant decimals below 10, fewer above; a dash where it is undefined."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    size = abs(value)
    shown = f"{value:.{digits}f}" if size < 10 else f"{value:,.1f}" if size < 1000 else f"{value:,.0f}"
    return shown.replace("-", "−")


def percent(value: Any, digits: int = 1) -> str:
    """A share as per cent; a dash where it is undefined."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    return f"{100 * value:.{digits}f} %".replace("-", "−")


def range_of(bounds: Sequence[Any]) -> str:
    """An interval in words."""
    return f"{number(bounds[0])} to {number(bounds[1])}" if number(bounds[0]) != "–" else "no interval"


def cell(value: Any, form: str) -> str:
    """A cell of a table, written as its column says (`core.pages.Form`)."""
    if form == "range":
        return "–" if value is None or number(value[0]) == "–" else range_of(value)
    if form == "percent_range":
        return "–" if value is None or percent(value[0]) == "–" else f"{percent(value[0])} to {percent(value[1])}"
    if form == "percent":
        return percent(value)
    if form == "count":
        return "–" if value is None or value != value else f"{int(value):,}"
    if form == "signed":
        shown = number(value)
        return f"+{shown}" if shown[:1].isdigit() and value > 0 else shown
    if form == "number":
        return number(value)
    return "–" if value is None else str(value)


def inside(title: str) -> str:
    """A title within a sentence: its first letter small, unless it begins with an acronym."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _against(baselines: Sequence[dict[str, Any]]) -> list[str]:
    """One sentence for each way of standing against the baselines."""
    ways = {
        "beats": "It beats {}.",
        "does not beat": "It does not beat {}: the 95 % interval of the difference includes zero.",
        "is behind": "It is behind {}: the simpler model is better on these rows.",
        "cannot be compared with": "It cannot be compared with {}: the difference is undefined.",
    }
    found = []
    for way, sentence in ways.items():
        names = [b["name"] for b in baselines if b["verdict"].startswith(way)]
        if names:
            found.append(sentence.format(_listed(names)))
    return found


def _sureness(facts: dict[str, Any]) -> list[str]:
    head = facts["headline"]
    low, high = head["interval"]
    unit_scale = head["high"] is not None and math.isfinite(head["high"]) and head["high"] - head["low"] <= 2
    if unit_scale and math.isfinite(low) and (high - low) / 2 > 0.05 * (head["high"] - head["low"]):
        return ["There are too few rows for a sure figure: the interval is wide."]
    return []


def reached(found: dict[str, Any] | None) -> str:
    """How far the model has gone towards what can be known of simulated records; empty for other records."""
    if not found:
        return ""
    said = f"The true probabilities of the simulator reach {number(found['ceiling'])} on these rows"
    if found["share"] is None:
        return f"{said}."
    return f"{said}; the tuned model has gone {100 * found['share']:.0f} % of the way from the majority to there."


def summary(facts: dict[str, Any]) -> list[str]:
    """What a reader must know first, from the figures of a report."""
    head, rows = facts["headline"], facts["rows"]
    towards = "higher" if head["higher_is_better"] else "lower"
    unseen = " that tuning never saw" if rows["seen"] == 0 else ""
    found = [
        f"On {rows['measured']:,} rows{unseen}, {inside(head['title'])} is {number(head['value'])} "
        f"(95 % interval {range_of(head['interval'])}; {towards} is better)."
    ]
    found += _sureness(facts) + _against(facts["baselines"])
    if facts.get("reachable"):
        found.append(reached(facts["reachable"]))
    held = facts["abstention"]
    if held is not None and held["withheld"]:
        tail = ""
        if held["accuracy_answered"] is not None:
            tail = f"; where it answered, the likeliest label was right in {percent(held['accuracy_answered'])}"
        found.append(f"It withheld its answer on {percent(held['share'])} of the rows{tail}.")
    elif held is not None:
        found.append("It answered every row.")
    spread = [
        (table["column"], [r for r in table["rows"] if r["value"] is not None])
        for table in facts["slices"]
        if sum(r["value"] is not None for r in table["rows"]) > 1
    ]
    for column, groups in spread:
        worst = (min if head["higher_is_better"] else max)(groups, key=lambda r: r["value"])
        found.append(
            f"By {column.replace('_', ' ')}, the figure is worst for {worst['group']} "
            f"({number(worst['value'])}, {worst['rows']:,} rows)."
        )
    if rows["seen"]:
        found.append(
            f"{rows['seen']:,} of the rows equal a training row in every field: "
            "if they are the same cases, the figures are too good."
        )
    accepted = [
        one["check"].replace("_", " ") for one in (facts.get("gate") or {}).get("findings", ()) if one["accepted"]
    ]
    if accepted:
        found.append(
            f"Before tuning, the data gate said stop ({_listed(list(dict.fromkeys(accepted)))}) and was overruled: see "
            "the data gate below before you trust a figure."
        )
    if facts["tuned_on_simulated"] and not facts["simulated"]:
        found.append("The run was tuned on simulated records; these rows come from a file.")
    if rows["unknown_labels"]:
        found.append(f"{rows['unknown_labels']:,} rows have a label that the run does not know; they count as wrong.")
    return found
