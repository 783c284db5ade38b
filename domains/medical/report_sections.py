"""Sections that only medicine has: the differential diagnosis, and each condition that must not be missed."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from ...core.pages import Block, Column, Figure, Section, Table
from ...core.task import Scored
from ...evaluation.metrics.shares import clopper_pearson
from ...evaluation.metrics.standard import answers
from .metrics import TAU, among_first, dangerous, differential, due, named_first

__all__ = ["sections", "true_differentials"]

FIRST = (1, 3, 5)
MOST_PARSED = 50_000


def sections(scored: Scored) -> list[Section]:
    """Give the differential section where there are more than two conditions, and the never-miss section where one is due."""
    if not len(scored) or scored.scores.ndim != 2:
        return []
    found = [_differential(scored)] if len(scored.labels) > 2 else []
    if due(scored).any():
        found.append(_nevermiss(scored))
    return found


def true_differentials(scored: Scored) -> tuple[np.ndarray, np.ndarray]:
    """Read the column `differential` (a JSON object, condition -> probability), as the DDXPlus reader writes it.

    Returns:
        (m,) positions of the rows that have one, at most 50,000, and (m, k) bool: the condition belongs to it, that is, its
        probability is above `TAU`.
    """
    nothing = np.empty(0, np.int64), np.empty((0, len(scored.labels)), bool)
    if "differential" not in scored.rows.columns:
        return nothing
    place = {label: at for at, label in enumerate(scored.labels)}
    index, possible = [], []
    for at, cell in enumerate(scored.rows["differential"].to_numpy()[:MOST_PARSED]):
        told = _object(cell)
        row = [place[name] for name, p in told.items() if name in place and isinstance(p, int | float) and p > TAU]
        if row:
            mask = np.zeros(len(place), bool)
            mask[row] = True
            index.append(at)
            possible.append(mask)
    return (np.array(index), np.stack(possible)) if index else nothing


def _object(cell: Any) -> dict[str, Any]:
    if not isinstance(cell, str):
        return {}
    try:
        told = json.loads(cell)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _differential(scored: Scored) -> Section:
    """How good the ranked list is, and, where the true one is known, how it compares with it."""
    n = len(scored)
    p_true = np.where(scored.truth >= 0, scored.scores[np.arange(n), np.maximum(scored.truth, 0)], 0.0)
    kept = p_true > TAU
    rows: list[dict[str, Any]] = []
    numbers: dict[str, float] = {}
    for first in FIRST:
        if first > len(scored.labels):
            continue
        hits = int((among_first(scored, first) & kept).sum())
        rows.append(_share(f"among the first {first}" if first > 1 else "in first place", hits, n))
        numbers[f"gtpa_at_{first}"] = hits / n
    rows.append(_share(f"kept at all (above {100 * TAU:g} %)", int(kept.sum()), n))
    numbers["gtpa"] = float(kept.mean())
    columns = (
        Column("what", "The true condition stands"),
        Column("hits", "Cases", "count"),
        Column("n", "Of", "count"),
        Column("share", "Share", "percent"),
        Column("interval", "Exact 95 % interval", "percent_range"),
    )
    text = (
        f"For each of {n:,} cases the {len(scored.labels)} conditions are ordered by probability; those above {100 * TAU:g} % are the "
        f"differential that a clinician would read, {float((scored.scores > TAU).sum(axis=1).mean()):.1f} conditions on average."
    )
    blocks: list[Block] = [text, Table("gtpa", columns, rows, "Where the true condition stands")]
    blocks += _against_true(scored, numbers)
    return Section("differential", "How good is the differential diagnosis?", tuple(blocks), numbers)


def _share(what: str, hits: int, n: int) -> dict[str, Any]:
    return {"what": what, "hits": hits, "n": n, "share": hits / n, "interval": clopper_pearson(hits, n)}


def _against_true(scored: Scored, numbers: dict[str, float]) -> list[Block]:
    """DDR, DDP and the severity figures of DDXPlus, where each row says which conditions were possible."""
    index, possible = true_differentials(scored)
    severe = dangerous(scored)
    if not len(index):
        rows = np.flatnonzero(scored.truth >= 0)
        alone = np.zeros((len(rows), len(scored.labels)), bool)
        alone[np.arange(len(rows)), scored.truth[rows]] = True
        found = differential(alone, scored.scores[rows], severe)
        numbers |= {"dsr_of_truth": found.dsr}
        words = "not defined" if math.isnan(found.dsr) else f"{100 * found.dsr:.1f} %"
        count = int(due(scored).sum())
        return [
            f"Of {count:,} cases whose true condition must not be missed, {words} keep it in the differential. How well the other "
            "conditions of the differential are chosen (DDR, DDP) is not computed: the rows do not say which conditions were "
            "possible (a column differential, as DDXPlus has it)."
        ]
    found = differential(possible, scored.scores[index], severe)
    names = {
        "ddr": "Possible conditions that are kept (DDR)",
        "ddp": "Kept conditions that were possible (DDP)",
        "ddf1": "Balance of the two (DDF1)",
        "dsr": "Severe possible conditions that are kept (DSR)",
        "dsp": "Severe impossible conditions that are ruled out (DSP)",
    }
    numbers |= {key: float(getattr(found, key)) for key in names}
    rows_ = [{"what": words, "value": getattr(found, key), "n": found.rows} for key, words in names.items()]
    columns = (Column("what", "Figure"), Column("value", "Mean over cases", "percent"), Column("n", "Cases", "count"))
    note = (
        "Against the differential of each row, made by the authors of the data. Severe are the conditions of the never-miss list, "
        "not the severity of the data's release."
    )
    return [Table("ddx", columns, rows_, "Against the true differential", note)]


def _nevermiss(scored: Scored) -> Section:
    """What becomes of each condition that must not be missed, and what is named instead."""
    mask, said = dangerous(scored), answers(scored)
    named, near = named_first(scored), among_first(scored, 3)
    rows: list[dict[str, Any]] = []
    risk = np.where(scored.truth >= 0, scored.scores[np.arange(len(scored)), np.maximum(scored.truth, 0)], 0.0)
    for at in np.flatnonzero(mask):
        own = scored.truth == at
        n, hits = int(own.sum()), int(named[own].sum())
        if not n:
            rows.append({"condition": scored.labels[at], "rows": 0, "instead": "no test case"})
            continue
        wrong = np.bincount(said[own & (said != at)], minlength=len(scored.labels))
        instead = [f"{scored.labels[i]} ({wrong[i]})" for i in np.argsort(-wrong, kind="stable")[:3] if wrong[i]]
        line: dict[str, Any] = {
            "condition": scored.labels[at],
            "rows": n,
            "named": hits / n,
            "interval": clopper_pearson(hits, n),
            "near": float(near[own].mean()),
            "kept": float((risk[own] > TAU).mean()),
            "instead": ", ".join(instead) or "nothing",
        }
        if scored.abstained is not None:
            line["silent"] = float(scored.abstained[own].mean())
        rows.append(line)
    rows.sort(key=lambda row: (row["rows"] == 0, row.get("named", 1.0), row["condition"]))
    many = len(scored.labels) > 3
    columns = [
        Column("condition", "Condition"),
        Column("rows", "Cases", "count"),
        Column("named", "Named", "percent"),
        Column("interval", "Exact 95 % interval", "percent_range"),
    ]
    if many:
        columns += [
            Column("near", "Among the first three", "percent"),
            Column("kept", "In the differential", "percent"),
        ]
    columns += [Column("silent", "Withheld", "percent"), Column("instead", "Likeliest instead")]
    text = (
        f"{int(due(scored).sum()):,} of {len(scored):,} cases have a condition whose late treatment may kill or maim. A condition with "
        "few cases has a wide interval: its lower end is what may be relied on."
    )
    blocks: list[Block] = [text, Table("conditions", tuple(columns), rows, "Each condition that must not be missed")]
    told = [row for row in rows if row["rows"]]
    if len(told) > 1:
        shown = [
            {
                "name": f"{row['condition']} (n = {row['rows']})",
                "value": row["named"],
                "interval": list(row["interval"]),
            }
            for row in told
        ]
        data = {"rows": shown, "x_title": "share named first", "percent": True}
        caption = "Share of the cases of each condition in which it is named first, with exact 95 % intervals, the worst first."
        blocks.append(Figure("conditions_figure", "bars", "Named first, by condition", data, caption))
    numbers = {"never_miss_worst": min(row["named"] for row in told)}
    return Section("nevermiss", "What becomes of each dangerous condition?", tuple(blocks), numbers)
