"""The sections of a report, in the order of its pages: one file for each question a reader has.

Every file has a function `section(view) -> Section`; where its question cannot be answered it raises NotComputed with one
sentence, which the report prints in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from ...core.pages import NotComputed, Section
from ..view import View

__all__ = ["ORDER", "TITLES", "sections_of"]

TITLES = {
    "discrimination": "Does it tell cases apart?",
    "calibration": "Can the probabilities be taken at their word?",
    "utility": "What is a threshold worth?",
    "safety": "Which mistakes would be dangerous?",
    "selective": "When should it not answer?",
    "groups": "Is it as good for everyone?",
    "counterfactual": "Does a name or a pronoun change the answer?",
    "robustness": "Does it stand small changes?",
    "scope": "Does it notice what is not its business?",
    "explanations": "What does it go by?",
    "privacy": "Does it give its training records away?",
    "drift": "Is the world still the one it learnt from?",
    "efficiency": "What does it cost?",
    "data": "What was it learnt from?",
    "limits": "What it is not, and who signs",
    "guidelines": "Where each guideline's question is answered",
}
ORDER = tuple(TITLES)


def sections_of(view: View, leave_out: Mapping[str, str] | None = None) -> tuple[list[Section], list[dict[str, str]]]:
    """Compute every section; those of the task itself come after the safety section.

    Args:
        view: what was measured.
        leave_out: key of a section that is not to be made -> one sentence why.

    Returns:
        The sections, and for each that could not be computed {"key", "what", "why"}.
    """
    found: list[Section] = []
    missing: list[dict[str, str]] = []
    for key in ORDER:
        if leave_out and key in leave_out:
            missing.append({"key": key, "what": TITLES[key], "why": leave_out[key]})
            continue
        view.say(f"section: {key}")
        try:
            found.append(import_module(f".{key}", __name__).section(view))
        except NotComputed as reason:
            missing.append({"key": key, "what": TITLES[key], "why": str(reason)})
        if key == "safety" and view.task.sections is not None:
            found.extend(view.task.sections(view.scored))
    return found, missing
