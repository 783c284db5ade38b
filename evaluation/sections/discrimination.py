"""Does it tell cases apart? Figures with intervals, curves, each label by itself, and which mistakes are made."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.pages import Alarm, Block, Column, Figure, NotComputed, Section, Table
from ...core.task import Scored
from ..delong import auroc_interval
from ..intervals import Interval, interval, wilson
from ..measure import TOO_FEW, confusion_facts
from ..metrics import binary
from ..metrics import standard as S
from ..view import View
from ..words import number, percent
from . import TITLES

__all__ = ["section"]

MOST_POINTS = 200


def section(view: View) -> Section:
    """Figures of the task and of its kind, curves or each label, mistakes; names a model that is worse than guessing.

    Raises:
        NotComputed: there are no rows.
    """
    if not len(view.scored):
        raise NotComputed("There are no rows.")
    if not view.probabilities:
        return _values(view)
    blocks, numbers, alarms = (_two if view.binary else _many)(view)
    return Section("discrimination", TITLES["discrimination"], tuple(blocks), numbers, alarms)


def _with_ends(name: str, found: Interval) -> dict[str, float]:
    return {name: found.value, f"{name}_lower": found.low, f"{name}_upper": found.high}


def _area(view: View) -> tuple[Interval, str]:
    """Area under the ROC curve: DeLong's interval for single rows, drawn groups where rows belong together."""
    if view.group is None:
        return auroc_interval(view.scored.positives, view.scored.risk), "DeLong"
    return interval(S.AUROC, view.scored, view.resamples, view.group), f"groups of “{view.group}” drawn"


def _two(view: View) -> tuple[list[Block], dict[str, float], list[Alarm]]:
    scored = view.scored
    y = scored.positives
    share = float(y.mean())
    area, how = _area(view)
    precision = interval(S.AVERAGE_PRECISION, scored, view.resamples, view.group)
    name = scored.labels[scored.positive or 0]
    said = (
        f"{int(y.sum()):,} of {len(y):,} rows are “{name}” ({percent(share)}). Two rows drawn at random, one of each kind, are put in "
        f"the right order with probability {number(area.value)}; guessing gives 0.5."
    )
    rows = [
        {"what": "Area under the ROC curve", "value": area.value, "interval": (area.low, area.high), "guessing": 0.5,
         "how": f"interval: {how}"},
        {"what": "Average precision", "value": precision.value, "interval": (precision.low, precision.high), "guessing": share,
         "how": f"{number(precision.value / share, 1) if share else '–'} times the share of “{name}”"},
    ]  # fmt: skip
    columns = (Column("what", "Figure"), Column("value", "Value", "number"), Column("interval", "95 % interval", "range"),
               Column("guessing", "Guessing", "number"), Column("how", "Note"))  # fmt: skip
    blocks: list[Block] = [said, Table("areas", columns, rows)]
    if y.any() and not y.all():
        blocks += [_roc(scored), _precision_recall(scored, share)]
    mistakes = _mistakes(view)
    numbers = {"prevalence": share, **_with_ends("roc_area", area), **_with_ends("pr_area", precision)}
    alarms = []
    if area.high < 0.5:
        alarms.append(
            Alarm(
                "reversed",
                f"It orders rows worse than guessing: the area under the ROC curve is {number(area.value)}, its interval "
                f"{number(area.low)} to {number(area.high)} below 0.5. Labels may be swapped: check which label is the positive one.",
                "stop",
            )
        )
    return [*blocks, *mistakes], numbers, alarms


def _roc(scored: Scored) -> Figure:
    false, true, _ = binary.roc_points(scored.positives, scored.risk)
    keep = np.unique(np.linspace(0, len(false) - 1, MOST_POINTS).astype(int))
    acted = S.flagged(scored)
    at = binary.false_alarm_rate(scored.positives, acted), binary.recall_at(scored.positives, acted)
    data = {
        "series": [{"name": "this run", "x": false[keep].tolist(), "y": true[keep].tolist()}],
        "x_title": "Share of the others flagged", "y_title": "Share of the positives found", "diagonal": True, "percent": "xy",
        "marked": {"x": at[0], "y": at[1], "name": "frozen threshold"},
    }  # fmt: skip
    caption = (
        f"At the frozen threshold {percent(at[1])} of the positives and {percent(at[0])} of the others are flagged."
    )
    return Figure("roc", "line", "ROC curve", data, caption)


def _precision_recall(scored: Scored, share: float) -> Figure:
    order = np.argsort(-scored.risk, kind="stable")
    ranked, hit = scored.risk[order], np.cumsum(scored.positives[order])
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # equal risks are flagged together
    recall, precision = hit[last] / hit[-1], hit[last] / (last + 1)
    keep = np.unique(np.linspace(0, len(last) - 1, MOST_POINTS).astype(int))
    data = {
        "series": [{"name": "this run", "x": recall[keep].tolist(), "y": precision[keep].tolist()}],
        "x_title": "Share of the positives found", "y_title": "Share of the flagged that are positive", "level": share,
        "percent": "xy", "y_range": [0, 1],
    }  # fmt: skip
    return Figure(
        "precision_recall", "line", "Precision and recall", data, f"The dashed line is guessing: {percent(share)}."
    )


def _many(view: View) -> tuple[list[Block], dict[str, float], list[Alarm]]:
    scored, k = view.scored, view.scored.scores.shape[1]
    found = {
        m.name: interval(m, scored, view.resamples, view.group) for m in (S.ACCURACY, S.TOP_3, S.TOP_5) if _fits(m, k)
    }
    titles = {m.name: m.title for m in (S.ACCURACY, S.TOP_3, S.TOP_5)}
    counts = np.bincount(scored.truth[scored.truth >= 0], minlength=k)
    commonest = float(counts.max() / len(scored)) if len(counts) else float("nan")
    rows = [{"what": titles[name], "value": one.value, "interval": (one.low, one.high)} for name, one in found.items()]
    if scored.labels:
        for metric in (S.MACRO_F1, S.MCC):
            one = found[metric.name] = interval(metric, scored, view.resamples, view.group)
            rows.append({"what": metric.title, "value": one.value, "interval": (one.low, one.high)})
    columns = (
        Column("what", "Figure"),
        Column("value", "Value", "number"),
        Column("interval", "95 % interval", "range"),
    )
    seen = int((counts > 0).sum())
    said = f"{len(scored):,} rows, {seen:,} different right answers; always naming the commonest would be right in {percent(commonest)}."
    blocks: list[Block] = [said, Table("figures", columns, rows)]
    if scored.labels and k <= 100:
        blocks.append(_each_label(scored))
    blocks += _mistakes(view)
    numbers: dict[str, float] = {"commonest_share": commonest}
    for name, one in found.items():
        numbers |= _with_ends(f"all_{name}", one)
    alarms = []
    if found["accuracy"].high < commonest / 2 and seen > 1:
        alarms.append(
            Alarm(
                "reversed",
                f"It is right in {percent(found['accuracy'].value)} of the rows, less than half of what always naming the commonest "
                f"answer gives ({percent(commonest)}): the labels may be in another order than the model's; check them.",
                "stop",
            )
        )
    return blocks, numbers, alarms


def _fits(metric: Any, k: int) -> bool:
    """The first three of three are all of them."""
    return k > {S.TOP_3.name: 3, S.TOP_5.name: 5}.get(metric.name, 0)


def _each_label(scored: Scored) -> Table:
    """Precision and recall of every label with its rows."""
    said, rows = S.answers(scored), []
    for t, label in enumerate(scored.labels):
        mine, named = scored.truth == t, said == t
        n, m, hit = int(mine.sum()), int(named.sum()), int((mine & named).sum())
        few = n < TOO_FEW
        rows.append(
            {
                "label": label, "n": n, "recall": hit / n if n else None, "recall_interval": wilson(hit, n) if n else None,
                "precision": hit / m if m else None, "precision_interval": wilson(hit, m) if m else None,
                "f1": 2 * hit / (n + m) if n + m else None, "note": "few rows: see the intervals" if few else "",
            }
        )  # fmt: skip
    columns = (
        Column("label", "Label"), Column("n", "Rows", "count"), Column("recall", "Found", "percent"),
        Column("recall_interval", "95 % interval", "percent_range"), Column("precision", "Right when named", "percent"),
        Column("precision_interval", "95 % interval", "percent_range"), Column("f1", "F1", "number"), Column("note", "Note"),
    )  # fmt: skip
    return Table("labels", columns, rows, "Each label by itself", folded=len(rows) > 12)


def _mistakes(view: View) -> list[Block]:
    """Truth by answer as a picture where it can be read, and the most frequent mistakes."""
    facts = confusion_facts(view.scored) if view.scored.labels else None
    if facts is None:
        return []
    blocks: list[Block] = []
    if facts["table"] is not None:
        when = " at the frozen threshold" if view.binary else ""
        data = {"rows": facts["labels"], "columns": facts["labels"], "counts": facts["table"], "row_title": "Truth",
                "column_title": "Answer"}  # fmt: skip
        caption = "Shade is the share of the true label; the diagonal is right."
        blocks.append(Figure("confusion", "heat", f"Truth and answer{when}", data, caption))
    if not facts["worst"]:
        return [*blocks, "There is no mistake on these rows."]
    if not view.binary:
        columns = (Column("truth", "Truth"), Column("answer", "Answer"), Column("count", "Rows", "count"))
        blocks.append(Table("mistakes", columns, facts["worst"], "Most frequent mistakes", folded=True))
    return blocks


def _values(view: View) -> Section:
    """Regression: errors and how much of the spread is explained."""
    scored = view.scored
    found = {m.name: (m.title, interval(m, scored, view.resamples, view.group)) for m in (S.RMSE, S.MAE, S.R2)}
    rows = [{"what": title, "value": one.value, "interval": (one.low, one.high)} for title, one in found.values()]
    errors = np.abs(scored.scores - scored.truth)
    parts = [{"share": q, "error": float(np.quantile(errors, q))} for q in (0.5, 0.8, 0.9, 0.95)]
    blocks: list[Block] = [
        Table("figures", (Column("what", "Figure"), Column("value", "Value", "number"),
                          Column("interval", "95 % interval", "range")), rows),
        Table("errors", (Column("share", "Share of the rows", "percent"), Column("error", "Error at most", "number")), parts,
              "How far off it is"),
    ]  # fmt: skip
    numbers: dict[str, float] = {}
    for name, (_, one) in found.items():
        numbers |= _with_ends(f"all_{name}", one)
    alarms = []
    if found["r2"][1].high < 0:
        alarms.append(
            Alarm(
                "reversed",
                f"It is worse than always giving the mean (R² {number(found['r2'][1].value)}): check the values.",
                "stop",
            )
        )
    return Section("discrimination", TITLES["discrimination"], tuple(blocks), numbers, alarms)
