"""The page-one box of diagnosis: what a clinician reads first. All numbers are of the test rows."""

from __future__ import annotations

import math

import numpy as np

from ...core.task import Box, Scored
from ...evaluation.metrics.shares import clopper_pearson
from ...evaluation.metrics.standard import answers, flagged
from .metrics import among_first, dangerous, due, named_first

__all__ = ["page_one"]

TOO_FEW = 30
"""Groups of fewer rows are named as not in the data."""
BANDS = ((0, 17), (18, 39), (40, 64), (65, 130))
"""Ages in whole years."""


def _percent(share: float) -> str:
    return "not defined" if math.isnan(share) else f"{100 * share:.1f} %"


def page_one(scored: Scored) -> list[Box]:
    """Give what a clinician asks first: what is missed, what a harmless answer is worth, who was not there, when it is silent.

    Empty without rows.
    """
    n = len(scored)
    if not n:
        return []
    boxes = [*_missed(scored), *_harmless(scored), *_absent(scored)]
    hit = answers(scored) == scored.truth
    silent = np.zeros(n, bool) if scored.abstained is None else scored.abstained
    answered = int((~silent).sum())
    if answered:
        right = int(hit[~silent].sum())
        note = f"{right} of {answered} answered cases have the right condition in first place"
        boxes.append(Box("Right when it answers", _percent(right / answered), note))
    note = f"{int(silent.sum())} of {n} cases; these go to a clinician without a suggestion, who sees the patient; at any red "
    note += "flag emergency care comes first"
    if silent.any():
        would = int(hit[silent].sum())
        note += f"; the condition in first place would have been right in {would} of {int(silent.sum())} of them"
    boxes.append(Box("Does not answer", _percent(float(silent.mean())), note))
    if len(scored.labels) > 3:
        top = int(among_first(scored, 3).sum())
        boxes.append(
            Box("Right condition among the first three", _percent(top / n), f"{top} of {n} cases, answered or not")
        )
    return boxes


def _missed(scored: Scored) -> list[Box]:
    rows = due(scored)
    n = int(rows.sum())
    if not n:
        note = "no test case has a condition of the never-miss list"
        return [Box("Dangerous conditions named first", "not defined", note)]
    hit = int(named_first(scored)[rows].sum())
    low = clopper_pearson(hit, n)[0]
    note = (
        f"{hit} of {n} cases with a never-miss condition, abstentions included; lower end of the exact 95 % interval "
        f"{_percent(low)}"
    )
    if len(scored.labels) > 3:
        near = int(among_first(scored, 3)[rows].sum())
        note += f"; among the first three in {near} of {n}, absent from them in {n - near}"
    names = [label for label, is_one in zip(scored.labels, dangerous(scored), strict=True) if is_one]
    listed = Box("The never-miss list", str(len(names)), ", ".join(names))
    return [Box("Dangerous conditions named first", _percent(hit / n), note), listed]


def _harmless(scored: Scored) -> list[Box]:
    """Negative predictive value: of the cases called harmless, how many are, at the prevalence of these rows."""
    mask = dangerous(scored)
    if not mask.any() or mask.all():
        return []
    calm = ~flagged(scored) if scored.positive is not None else ~mask[answers(scored)]
    if scored.abstained is not None:
        calm = calm & ~scored.abstained
    n, bad = int(calm.sum()), due(scored)
    title = "Harmless when it names nothing dangerous"
    if not n:
        return [Box(title, "not defined", "it named a dangerous condition, or nothing, in every case")]
    right = int((calm & ~bad).sum())
    low = clopper_pearson(right, n)[0]
    note = (
        f"negative predictive value: {right} of {n} answered cases, lower end of the exact 95 % interval {_percent(low)}; in "
        f"these rows {_percent(float(bad.mean()))} of {len(scored)} have a dangerous condition, and where fewer have one the "
        "value is higher"
    )
    return [Box(title, _percent(right / n), note)]


def _absent(scored: Scored) -> list[Box]:
    """Ages and sexes of whom there are too few rows for any figure."""
    import pandas as pd

    title, rows = "Who is not in the data", scored.rows
    if "age" not in rows.columns:
        return [Box(title, "cannot be told", "the rows have no column age")]
    age = np.floor(pd.to_numeric(rows["age"], errors="coerce").to_numpy(float))
    sexes = {}
    if "sex" in rows.columns:
        column = rows["sex"].astype(object).map(lambda value: None if pd.isna(value) else str(value))
        sexes = {str(name): (column == name).to_numpy(bool) for name in sorted(column.dropna().unique())}
    lacking = []
    for low, high in BANDS:
        band = (age >= low) & (age <= high)
        name = f"{low} to {high} years" if high < 130 else f"from {low} years on"
        if band.sum() < TOO_FEW or len(sexes) > 6:
            if band.sum() < TOO_FEW:
                lacking.append(f"{name} ({int(band.sum())})")
            continue
        few = [f"{sex} ({int((band & own).sum())})" for sex, own in sexes.items() if (band & own).sum() < TOO_FEW]
        if few:
            lacking.append(f"{name}: {', '.join(few)}")
    unknown = int((~np.isfinite(age)).sum())
    note = f"groups of age and sex with fewer than {TOO_FEW} of the {len(scored)} test rows, and how many they have"
    if unknown:
        note += f"; {unknown} rows have no age"
    if not sexes:
        note += "; the rows have no column sex"
    return [Box(title, "; ".join(lacking) or "every group is there", note)]
