"""What a report says of scored rows, as plain values: one function for each table or curve.

Every function returns None where its question does not arise (no probabilities, no such column).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ..core.task import Decision, Flag, Metric, Scored
from .intervals import Interval, Resamples, difference_of, interval, resampled, wilson
from .metrics import binary, calibration, multiclass
from .metrics.paired import bootstrap_p, holm
from .metrics.standard import answers, confidence, right

__all__ = [
    "abstention_facts",
    "baseline_row",
    "calibration_facts",
    "conformal_facts",
    "confusion_facts",
    "corrected",
    "error_rows",
    "flag_facts",
    "metric_row",
    "named_groups",
    "roc_facts",
    "slice_tables",
    "threshold_rows",
]

TOO_FEW = 30
"""Groups below this size get no figure."""
Facts = dict[str, Any]


def metric_row(metric: Metric, found: Interval) -> Facts:
    """One line of the metrics table."""
    return {
        "name": metric.name,
        "title": metric.title,
        "higher_is_better": metric.higher_is_better,
        "low": metric.low,
        "high": metric.high,
        "value": found.value,
        "interval": [found.low, found.high],
    }


def verdict(name: str, difference: Interval) -> str:
    """Say in words how the tuned model stands against a baseline."""
    if not np.isfinite([difference.low, difference.high]).all():
        return f"cannot be compared with {name}"
    if difference.low > 0:
        return f"beats {name}"
    return f"is behind {name}" if difference.high < 0 else f"does not beat {name}"


def baseline_row(
    name: str, note: str, metric: Metric, ours: Scored, other: Scored, resamples: Resamples, group: str | None
) -> Facts:
    """One line of the baselines table; the difference is positive where the tuned model is better."""
    drawn = [resampled(metric, one, resamples, group) for one in (ours, other)]
    difference = difference_of(metric, ours, other, drawn[0], drawn[1], resamples)
    return {
        "name": name,
        "value": metric.function(other),
        "difference": difference.value,
        "interval": [difference.low, difference.high],
        "p": bootstrap_p(drawn[0] - drawn[1]),
        "verdict": verdict(name, difference),
        "rows": len(other),
        "note": note,
    }


def corrected(baselines: list[Facts]) -> list[Facts]:
    """Add `p_holm`, the p-value corrected for the number of baselines; what does not survive it is neither ahead nor behind."""
    found = []
    for one, p in zip(baselines, holm([b["p"] for b in baselines]), strict=True):
        sure = not np.isfinite(p) or p < 0.05
        verdict_now = one["verdict"] if sure else f"does not beat {one['name']}"
        found.append(one | {"p_holm": p, "verdict": verdict_now})
    return found


def calibration_facts(scored: Scored, raw: np.ndarray | None) -> Facts | None:
    """Calibration curve with Wilson bands, slope, O:E, and the error before and after calibration."""
    if scored.scores.ndim != 2 or not len(scored):
        return None
    sure, correct = confidence(scored), right(scored)
    slope, intercept = calibration.calibration_line(sure, correct)
    bins = []
    for b in calibration.reliability(sure, correct, bins=min(10, max(2, len(scored) // TOO_FEW))):
        low, high = wilson(b.observed * b.count, b.count)
        bins.append({"count": b.count, "confidence": b.confidence, "observed": b.observed, "interval": [low, high]})
    before = None
    if raw is not None:
        plain = Scored(scored.truth, raw, scored.labels, scored.rows, scored.positive)
        before = calibration.ece(confidence(plain), right(plain))
    return {
        "about": "risk" if scored.positive is not None else "answer",
        "bins": bins,
        "ece": calibration.ece(sure, correct),
        "ece_before": before,
        "slope": slope,
        "intercept": intercept,
        "observed_expected": calibration.observed_expected(sure, correct),
    }


def roc_facts(scored: Scored) -> Facts | None:
    """ROC curve of a yes/no task, thinned to at most 200 points."""
    if scored.positive is None:
        return None
    false, true, _ = binary.roc_points(scored.positives, scored.risk)
    if not len(false):
        return None
    keep = np.unique(np.linspace(0, len(false) - 1, 200).astype(int))
    frozen = scored.risk >= (0.5 if scored.threshold is None else scored.threshold)
    return {
        "false_alarms": [round(float(v), 4) for v in false[keep]],
        "recall": [round(float(v), 4) for v in true[keep]],
        "at_threshold": [
            binary.false_alarm_rate(scored.positives, frozen),
            binary.recall_at(scored.positives, frozen),
        ],
    }


def threshold_rows(scored: Scored, decision: Decision) -> list[Facts] | None:
    """What each threshold would mean; the frozen one is marked. For rare positives the steps are shares of rows."""
    if scored.positive is None or not len(scored):
        return None
    y, risk = scored.positives, scored.risk
    if y.mean() < 0.05:
        steps = [float(np.quantile(risk, 1 - share)) for share in (0.2, 0.1, 0.05, 0.02, 0.01, 0.005)]
    else:
        steps = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    steps = [step for step in steps if step <= risk.max()]  # above it nothing is flagged
    found = []
    for step in sorted({*steps} | ({scored.threshold} if scored.threshold is not None else set())):
        flagged = risk >= step
        cost = binary.expected_cost(y, flagged, decision.false_negative, decision.false_positive)
        found.append(
            {
                "threshold": step,
                "frozen": step == scored.threshold,
                "recall": binary.recall_at(y, flagged),
                "specificity": binary.specificity_at(y, flagged),
                "precision": binary.precision_at(y, flagged),
                "npv": binary.negative_predictive_value(y, flagged),
                "alerts_per_1000": 1000.0 * float(flagged.mean()),
                "cost_per_1000": 1000.0 * cost,
            }
        )
    return found


def confusion_facts(scored: Scored) -> Facts | None:
    """Counts of truth by answer for at most 30 labels, else the 20 most frequent mistakes."""
    k = len(scored.labels)
    if scored.scores.ndim != 2 or not k or not len(scored):
        return None
    said = answers(scored)
    if scored.positive is not None and scored.threshold is not None and k == 2:
        said = np.where(scored.risk >= scored.threshold, scored.positive, 1 - scored.positive)
    table = multiclass.confusion(scored.truth, said, k)
    wrong = table - np.diag(np.diag(table))
    worst = np.argsort(-wrong, axis=None, kind="stable")[:20]
    pairs = [np.unravel_index(place, wrong.shape) for place in worst]
    return {
        "labels": list(scored.labels) if k <= 30 else None,
        "table": table.tolist() if k <= 30 else None,
        "worst": [
            {"truth": scored.labels[t], "answer": scored.labels[s], "count": int(wrong[t, s])}
            for t, s in pairs
            if wrong[t, s] > 0
        ],
    }


def named_groups(column: pd.Series) -> list[tuple[str, np.ndarray]]:
    """Values of a column as named groups: numbers of many values in quarters, else the 12 largest."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) and column.nunique() > 8:
        edges = np.unique(np.nanquantile(column.to_numpy(np.float64), [0.25, 0.5, 0.75]))
        place = np.where(column.isna(), -1, np.searchsorted(edges, column.to_numpy(np.float64), side="left"))
        names = [f"up to {edges[0]:.3g}"] + [f"{a:.3g} to {b:.3g}" for a, b in pairwise(edges)]
        names.append(f"above {edges[-1]:.3g}")
        found = [(name, place == i) for i, name in enumerate(names)]
    else:
        text = column.astype(object).map(lambda v: None if pd.isna(v) else str(v))
        found = [(str(v), (text == v).to_numpy(bool)) for v in text.value_counts().index[:12]]
    missing = column.isna().to_numpy(bool)
    return [(n, m) for n, m in [*found, ("missing", missing)] if m.any()]


def slice_tables(metric: Metric, scored: Scored, columns: Sequence[str], group: str | None) -> list[Facts]:
    """The headline metric by group, with intervals; groups of fewer than 30 rows are named but get no figure."""
    tables = []
    for name in columns:
        if name not in scored.rows.columns or not len(scored):
            continue
        rows = []
        for value, member in named_groups(pd.Series(scored.rows[name])):
            part = scored.take(np.flatnonzero(member))
            line: Facts = {"group": value, "rows": len(part), "value": None, "interval": [None, None], "note": ""}
            if scored.positive is not None and len(part) >= TOO_FEW:
                line["positives"] = int(part.positives.sum())
            if len(part) < TOO_FEW:
                line["note"] = "too few"
            else:
                groups = part.rows[group] if group is not None and group in part.rows.columns else None
                found = interval(metric, part, Resamples(len(part), groups), group)
                if np.isfinite(found.value):
                    line |= {"value": found.value, "interval": [found.low, found.high]}
                else:
                    line["note"] = "undefined: one kind of outcome only"
            rows.append(line)
        tables.append({"column": name, "rows": rows})
    return tables


def abstention_facts(scored: Scored, reasons: Sequence[str]) -> Facts | None:
    """Share withheld, accuracy with and without, and the risk-coverage curve (100 points)."""
    if scored.abstained is None or not len(scored):
        return None
    withheld = scored.abstained
    # figures differ from row to row; the reason behind them does not
    count = Counter(
        re.sub(r"\d+(\.\d+)?", "…", reason) for reason, out in zip(reasons, withheld, strict=True) if out and reason
    )
    facts: Facts = {
        "rows": len(scored),
        "withheld": int(withheld.sum()),
        "share": float(withheld.mean()),
        "reasons": [{"reason": reason, "rows": n} for reason, n in count.most_common(5)],
        "accuracy": None,
        "accuracy_answered": None,
        "accuracy_withheld": None,
        "curve": None,
    }
    if scored.scores.ndim == 2:
        correct = answers(scored) == scored.truth
        coverage, risk = calibration.risk_coverage(np.nan_to_num(scored.scores).max(axis=1), correct)
        keep = np.unique(np.linspace(0, len(coverage) - 1, 100).astype(int))
        facts |= {
            "accuracy": float(correct.mean()),
            "accuracy_answered": float(correct[~withheld].mean()) if (~withheld).any() else None,
            "accuracy_withheld": float(correct[withheld].mean()) if withheld.any() else None,
            "curve": {"coverage": coverage[keep].tolist(), "error": risk[keep].tolist()},
            "aurc": float(risk.mean()),
        }
    return facts


def conformal_facts(scored: Scored, sets: Sequence[tuple[str, ...]], half_width: float | None) -> Facts | None:
    """How often the 90 % set, or for a number the 90 % interval, holds the truth, and how large it is."""
    if not len(scored):
        return None
    if scored.scores.ndim == 1:
        if half_width is None:
            return None
        inside = np.abs(scored.scores - scored.truth) <= half_width
        sizes, worst = np.full(len(scored), 2.0 * half_width), None
    elif any(sets):
        known = scored.labels or tuple(map(str, range(scored.scores.shape[1])))  # own candidates go by number
        names = [known[t] if t >= 0 else None for t in scored.truth]
        inside = np.array([name in chosen for name, chosen in zip(names, sets, strict=True)])
        sizes = np.array([len(chosen) for chosen in sets], dtype=np.float64)
        by_label = [
            (float(inside[scored.truth == t].mean()), name)
            for t, name in enumerate(scored.labels)
            if (scored.truth == t).sum() >= TOO_FEW
        ]
        worst = min(by_label) if len(by_label) > 1 else None
    else:
        return None
    low, high = wilson(float(inside.sum()), len(inside))
    return {
        "aim": 0.9,
        "coverage": float(inside.mean()),
        "interval": [low, high],
        "mean_size": float(sizes.mean()),
        "share_of_one": float((sizes == 1).mean()) if scored.scores.ndim == 2 else None,
        "worst_label": None if worst is None else {"label": worst[1], "coverage": worst[0]},
    }


def flag_facts(flags: Sequence[Sequence[Flag]]) -> Facts:
    """How many rows were escalated, by rule; messages and evidence stay with the records."""
    count = Counter(name for row in flags for name in {flag.name for flag in row})
    return {
        "rows": sum(bool(row) for row in flags),
        "rules": [{"name": name, "rows": n} for name, n in sorted(count.items(), key=lambda item: (-item[1], item[0]))],
    }


def error_rows(scored: Scored, most: int = 20) -> list[Facts]:
    """The most confident wrong answers by row number of the source; no words of a record."""
    if scored.scores.ndim == 1:
        distance = np.abs(scored.scores - scored.truth)
        worst = np.argsort(-distance, kind="stable")[:most]
        return [{"row": _name(scored.rows.index[i]), "error": float(distance[i])} for i in worst]
    if not len(scored):
        return []
    sure = np.nan_to_num(scored.scores).max(axis=1)
    wrong = np.flatnonzero(answers(scored) != scored.truth)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    return [{"row": _name(scored.rows.index[i]), "confidence": float(sure[i])} for i in worst]


def _name(index: Any) -> int | str:
    return int(index) if isinstance(index, int | np.integer) else str(index)
