"""The faults that a report looks for, in plain words, so that page one can also say what was looked for and not found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["SOUGHT", "looked_for"]

SOUGHT = {
    "reversed": ("discrimination", "answers that run against the truth"),
    "uncalibrated": ("calibration", "probabilities that are off"),
    "overconfident": ("calibration", "promises that are not kept"),
    "missed_dangerous": ("safety", "dangerous cases that are missed"),
    "worse_group": ("groups", "a group that is served worse"),
    "name_changes_answer": ("counterfactual", "a name or a pronoun that changes the answer"),
    "brittle": ("robustness", "answers that turn with small changes"),
    "ignores_negation": ("robustness", "denials that are not noticed"),
    "obeys_orders": ("scope", "orders in a record that are obeyed"),
    "leak": ("explanations", "a field that gives the answer away"),
    "memorised": ("privacy", "training records that are known by heart"),
    "shifted": ("drift", "rows unlike those it learnt from"),
}
"""Name of an alarm -> (section that raises it, what it is)."""


def looked_for(data: Mapping[str, Any]) -> list[str]:
    """At most two sentences for page one: which faults were looked for and not found, and which were not looked for.

    Args:
        data: `Report.data`.
    """
    made = {section["key"] for section in data["sections"]}
    if not made:
        return []
    found = {alarm["name"] for alarm in data["alarms"]}
    calm = [words for name, (key, words) in SOUGHT.items() if key in made and name not in found]
    unknown = [words for key, words in SOUGHT.values() if key not in made]
    said = []
    if calm:
        opening = "Also looked for, and not found" if data["alarms"] else "No fault was found. Looked for"
        said.append(f"{opening}, as far as these rows can show it: {'; '.join(calm)}.")
    elif not data["alarms"]:
        said.append("No fault was found, and none of the usual ones was looked for.")
    if unknown:
        said.append(f"Not looked for, see “Not computed”: {'; '.join(unknown)}.")
    return said
