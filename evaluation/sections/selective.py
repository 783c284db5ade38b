"""When should it not answer? What it withholds, what that is worth, and sets that should hold the truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.pages import Block, Column, Figure, NotComputed, Section, Table
from ..intervals import wilson
from ..measure import TOO_FEW, abstention_facts, conformal_facts, named_groups
from ..metrics import calibration as C
from ..metrics.standard import answers
from ..view import View
from ..words import number, percent
from . import TITLES

__all__ = ["section"]

COVERAGES = (0.8, 0.9, 0.95, 1.0)


def section(view: View) -> Section:
    """Share withheld and why, errors among the answered by how many are answered, and coverage of the 90 % sets.

    Raises:
        NotComputed: no rows, or nothing is known of withheld answers, confidence or sets.
    """
    if not len(view.scored):
        raise NotComputed("There are no rows.")
    reasons = getattr(view.predictions, "reasons", ("",) * len(view.scored))
    held = abstention_facts(view.scored, reasons)
    blocks: list[Block] = []
    numbers: dict[str, Any] = {}
    if held is not None:
        blocks.append(
            f"It withheld its answer on {held['withheld']:,} of {held['rows']:,} rows ({percent(held['share'])}). What to do then: "
            f"{view.task.safety.referral}"
        )
        numbers["withheld"] = held["share"]
        if held["accuracy"] is not None:
            blocks.append(_answered(held))
        if held["reasons"]:
            blocks.append(
                Table("reasons", (Column("reason", "Reason"), Column("rows", "Rows", "count")), held["reasons"])
            )
    if view.probabilities:
        found, curve = _curve(view, held)
        blocks += found
        numbers |= curve
    if held is not None and (by_group := _by_group(view)) is not None:
        blocks.append(by_group)
    sets, figures = _sets(view)
    blocks += sets
    numbers |= figures
    if not blocks:
        raise NotComputed("Nothing is known of withheld answers or of sets that should hold the truth.")
    return Section("selective", TITLES["selective"], tuple(blocks), numbers)


def _answered(held: dict[str, Any]) -> Table:
    rows = [
        {"rows": "all rows", "n": held["rows"], "share": held["accuracy"]},
        {"rows": "the answered", "n": held["rows"] - held["withheld"], "share": held["accuracy_answered"]},
        {"rows": "the withheld", "n": held["withheld"], "share": held["accuracy_withheld"]},
    ]
    columns = (
        Column("rows", "Among"),
        Column("n", "Rows", "count"),
        Column("share", "Likeliest label is right", "percent"),
    )
    return Table(
        "answered", columns, rows, note="Withholding is worth something where the last line is lower than the others."
    )


def _curve(view: View, held: dict[str, Any] | None) -> tuple[list[Block], dict[str, float]]:
    """The risk-coverage curve and how right the surest shares are."""
    sure: NDArray[np.float64] = np.nan_to_num(view.scored.scores).max(axis=1)
    correct = answers(view.scored) == view.scored.truth
    coverage, risk = C.risk_coverage(sure, correct)
    keep = np.unique(np.linspace(0, len(coverage) - 1, 200).astype(int))
    marked = None
    if held is not None and held["accuracy_answered"] is not None:
        marked = {"x": 1 - held["share"], "y": 1 - held["accuracy_answered"], "name": "this run"}
    data = {
        "series": [{"name": "wrong among the answered", "x": coverage[keep].tolist(), "y": risk[keep].tolist()}],
        "x_title": "Share of rows answered, the surest first", "y_title": "Wrong among the answered", "percent": "xy",
        "marked": marked,
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    for share in COVERAGES:
        n = max(1, math.ceil(share * len(sure)))
        value = C.accuracy_at_coverage(sure, correct, share)
        rows.append({"share": share, "n": n, "right": value, "interval": wilson(value * n, n)})
    columns = (Column("share", "Answered", "percent"), Column("n", "Rows", "count"), Column("right", "Right", "percent"),
               Column("interval", "95 % interval", "percent_range"))  # fmt: skip
    area = C.area_under_risk_coverage(sure, correct)
    caption = f"Error of all rows {percent(1 - float(correct.mean()))}; mean over all shares (AURC) {number(area)}."
    blocks: list[Block] = [
        Figure("risk_coverage", "line", "Errors by how many are answered", data, caption),
        Table("coverage", columns, rows, "If only the surest were answered"),
    ]
    numbers = {"aurc": area, **{f"accuracy_at_{round(100 * row['share'])}": row["right"] for row in rows[:3]}}
    return blocks, numbers


def _by_group(view: View) -> Table | None:
    """Share withheld in each group: silence can be unfair too."""
    assert view.scored.abstained is not None
    rows = []
    for name in view.task.slices:
        if name in view.scored.rows.columns:
            for value, member in named_groups(view.scored.rows[name]):
                n, out = int(member.sum()), int(view.scored.abstained[member].sum())
                few = n < TOO_FEW
                rows.append(
                    {
                        "group": f"{name}: {value}", "n": n, "share": None if few else out / n,
                        "interval": None if few else wilson(out, n), "note": "too few" if few else "",
                    }
                )  # fmt: skip
    if not rows:
        return None
    columns = (Column("group", "Group"), Column("n", "Rows", "count"), Column("share", "Withheld", "percent"),
               Column("interval", "95 % interval", "percent_range"), Column("note", "Note"))  # fmt: skip
    return Table("withheld_by_group", columns, rows, "Withheld by group")


def _sets(view: View) -> tuple[list[Block], dict[str, float]]:
    """Coverage of the conformal sets: overall, by label and by group."""
    sets = getattr(view.predictions, "conformal", ())
    found = view.facts.get("conformal") or conformal_facts(view.scored, sets, None)
    if found is None:
        return [], {}
    low, high = found["interval"]
    kind = "size" if view.probabilities else "width"
    words = (
        f"Sets that should hold the truth nine times in ten held it in {percent(found['coverage'])} of the rows (95 % interval "
        f"{percent(low)} to {percent(high)}), with a mean {kind} of {number(found['mean_size'], 2)}."
    )
    if found["share_of_one"] is not None:
        words += f" {percent(found['share_of_one'])} of them name one answer only."
    numbers = {"set_coverage": found["coverage"], "set_coverage_lower": low, "set_coverage_upper": high,
               "set_size": found["mean_size"]}  # fmt: skip
    if not view.probabilities:
        return [words], numbers
    known = view.scored.labels or tuple(map(str, range(view.scored.scores.shape[1])))
    truth = view.scored.truth
    inside = np.array([t >= 0 and known[t] in chosen for t, chosen in zip(truth, sets, strict=True)])
    size = np.array([len(chosen) for chosen in sets], dtype=np.float64)
    members = [(f"truth: {label}", truth == t) for t, label in enumerate(view.scored.labels)]
    if len(members) > 60:
        members = []  # a bank of candidates: too few rows of each
    for name in view.task.slices:
        if name in view.scored.rows.columns:
            members += [(f"{name}: {value}", member) for value, member in named_groups(view.scored.rows[name])]
    rows = [
        {"group": name, "n": int(m.sum()), "coverage": float(inside[m].mean()), "interval": wilson(float(inside[m].sum()), m.sum()),
         "size": float(size[m].mean())}
        for name, m in members if m.sum() >= TOO_FEW
    ]  # fmt: skip
    if not rows:
        return [words], numbers
    columns = (Column("group", "Group"), Column("n", "Rows", "count"), Column("coverage", "Held the truth", "percent"),
               Column("interval", "95 % interval", "percent_range"), Column("size", "Mean size", "number"))  # fmt: skip
    note = "The promise of 90 % is for all rows together; a group can be served worse. Groups of fewer than 30 rows are left out."
    numbers["set_coverage_worst"] = min(float(row["coverage"]) for row in rows)  # type: ignore[arg-type]
    return [words, Table("sets", columns, rows, "Sets by label and group", note, folded=len(rows) > 12)], numbers
