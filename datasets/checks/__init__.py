"""The gate's checks: each module looks for one kind of fault and returns findings.

    for name, check in load_checks().items():
        findings += check(material)

The order is that in which a person would ask: are these the right values, are there enough, are rows there twice, does
anything give the answer away, are the labels right, may the texts be used.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ..finding import Check

__all__ = ["CHECKS", "load_checks"]

CHECKS: tuple[str, ...] = (
    "ranges.check_ranges",
    "ranges.check_missing",
    "ranges.check_disguised_missing",
    "balance.check_balance",
    "balance.check_sample_size",
    "copies.check_copies",
    "copies.check_near_copies",
    "copies.check_conflicts",
    "copies.check_overlap",
    "copies.check_near_overlap",
    "sides.check_groups",
    "sides.check_time",
    "leaks.check_giveaways",
    "leaks.check_length_giveaway",
    "leaks.check_late_columns",
    "shift.check_shift",
    "wrong_labels.check_wrong_labels",
    "personal.check_personal",
    "language.check_script",
    "language.check_lengths",
)
"""module.function of every check, in the order in which they are made."""


def load_checks() -> dict[str, Check]:
    """Name without `check_` -> check, in the order of `CHECKS`; their libraries are loaded only when they are called."""
    found: dict[str, Check] = {}
    for place in CHECKS:
        module, _, function = place.partition(".")
        check = getattr(import_module(f".{module}", __package__), function)
        found[function.removeprefix("check_")] = cast(Check, check)
    return found
