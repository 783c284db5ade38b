"""What a comparison of runs says: figures and their differences, the answers that changed, calibration and cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..core.pages import Block, Column, Figure, Section, Table
from ..core.task import Metric, Scored
from .compare_answers import Side, changed_section, said
from .intervals import Interval, Resamples, difference_of, interval, resampled
from .metrics import binary, calibration
from .metrics.paired import bootstrap_p, holm
from .metrics.standard import EXPECTED_COST, confidence, flagged, right
from .words import inside, number, range_of

__all__ = ["headline_lines", "sections_of_sides", "summary_of_sides", "verdict"]


def sections_of_sides(sides: Sequence[Side], resamples: Resamples, group: str | None) -> list[Section]:
    """All sections, in the order of the page.

    Args:
        sides: two or more runs on the same rows; the others are set beside the first.
        resamples: draws shared by all runs, so that what is hard for both cancels out.
        group: column whose rows are drawn together.
    """
    found = [_figures(sides, resamples, group), changed_section(sides, group)]
    if sides[0].scored.scores.ndim == 2:
        found.append(_calibration(sides))
    if sides[0].scored.positive is not None:
        found.append(_cost(sides, resamples, group))
    return [*found, _runs(sides)]


def _figures(sides: Sequence[Side], resamples: Resamples, group: str | None) -> Section:
    task = sides[0].head.task
    values: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    numbers = {"rows": float(len(sides[0].scored))}
    for metric in task.metrics:
        row: dict[str, Any] = {"title": metric.title, "better": "higher" if metric.higher_is_better else "lower"}
        draws = [resampled(metric, side.scored, resamples, group) for side in sides]
        for k, side in enumerate(sides, start=1):
            found = interval(metric, side.scored, resamples, group)
            row |= {f"value_{k}": found.value, f"range_{k}": [found.low, found.high]}
            numbers |= _named(f"{metric.name}_{k}", found)
            if k > 1:
                apart = difference_of(metric, side.scored, sides[0].scored, draws[k - 1], draws[0], resamples)
                differences.append(
                    {"metric": metric, "title": metric.title, "run": side.name, "k": k, "apart": apart}
                    | {"p": bootstrap_p(draws[k - 1] - draws[0])}
                )
                numbers |= _named(f"{metric.name}_difference_{k}", apart)
        values.append(row)
    for line, adjusted in zip(differences, holm([line["p"] for line in differences]), strict=True):
        apart = line.pop("apart")
        numbers[f"{line.pop('metric').name}_p_{line.pop('k')}"] = float(adjusted)
        line |= {"value": apart.value, "range": [apart.low, apart.high], "adjusted": float(adjusted)}
        line["verdict"] = verdict(apart)
    return Section("figures", "Which is better?", _figure_blocks(sides, values, differences, group), numbers)


def _figure_blocks(
    sides: Sequence[Side], values: list[dict[str, Any]], differences: list[dict[str, Any]], group: str | None
) -> list[Block]:
    headline = sides[0].head.task.headline
    columns = [Column("title", "Metric"), Column("better", "Better")]
    for k, side in enumerate(sides, start=1):
        columns += [Column(f"value_{k}", side.name, "number"), Column(f"range_{k}", "95 % interval", "range")]
    forest = [
        {"name": line["run"], "value": line["value"], "interval": line["range"]}
        for line in differences
        if line["title"] == headline.title and math.isfinite(line["value"])
    ]
    blocks: list[Block] = [Table("metrics", tuple(columns), values)]
    if forest:
        data = {"rows": forest, "reference": 0, "left": f"{sides[0].name} is better", "right": "the run is better"}
        caption = (
            f"Each run's {inside(headline.title)} less that of {sides[0].name}, turned so that more is better, with its "
            "95 % interval; one that crosses the line may be luck."
        )
        blocks.append(Figure("headline", "forest", f"Difference in {inside(headline.title)}", data, caption))
    drawn = f"groups of {group}" if group else "rows"
    note = (
        f"Positive means that the run is better than {sides[0].name}. All runs are measured on the same bootstrap draws of "
        f"{drawn}. p is the chance of such a difference between equally good runs; Holm's correction allows for there being "
        f"{len(differences)} comparisons in this table. Better and worse are said where the 95 % interval leaves out zero."
    )
    shown = (
        Column("title", "Metric"),
        Column("run", "Run"),
        Column("value", f"Difference to {sides[0].name}", "signed"),
        Column("range", "95 % interval", "range"),
        Column("p", "p", "number"),
        Column("adjusted", "p after Holm", "number"),
        Column("verdict", "Verdict"),
    )
    return [*blocks, Table("differences", shown, differences, "Differences on the same rows", note)]


def _named(name: str, found: Interval) -> dict[str, float]:
    return {name: found.value, f"{name}_lower": found.low, f"{name}_upper": found.high}


def verdict(apart: Interval) -> str:
    """Say how a run stands against the first, from the interval of the difference."""
    if not math.isfinite(apart.low) or not math.isfinite(apart.high):
        return "cannot be told"
    return "better" if apart.low > 0 else "worse" if apart.high < 0 else "no sure difference"


def _calibration(sides: Sequence[Side]) -> Section:
    lines: list[dict[str, Any]] = []
    numbers: dict[str, float] = {}
    for k, side in enumerate(sides, start=1):
        sure, good = confidence(side.scored), right(side.scored)
        slope, intercept = calibration.calibration_line(sure, good)
        line = {
            "ece": calibration.ece(sure, good),
            "slope": slope,
            "intercept": intercept,
            "observed_expected": calibration.observed_expected(sure, good),
            "brier": binary.brier(good, sure),
        }
        numbers |= {f"calibration_{name}_{k}": value for name, value in line.items()}
        lines.append({"run": side.name, **line})
    columns = (
        Column("run", "Run"),
        Column("ece", "Expected calibration error", "number"),
        Column("slope", "Slope (1 is right)", "number"),
        Column("intercept", "Intercept (0 is right)", "number"),
        Column("observed_expected", "Observed to expected (1 is right)", "number"),
        Column("brier", "Brier score of that probability", "number"),
    )
    about = "risk" if sides[0].scored.positive is not None else "probability of the likeliest answer"
    note = f"Of the {about}. The smaller the calibration error and the Brier score, the better."
    return Section(
        "calibration",
        "Whose probabilities can be taken at their word?",
        [Table("runs", columns, lines, "", note)],
        numbers,
    )


def _cost(sides: Sequence[Side], resamples: Resamples, group: str | None) -> Section:
    decision = sides[0].head.task.decision
    metric: Metric = EXPECTED_COST(decision)
    lines: list[dict[str, Any]] = []
    numbers: dict[str, float] = {}
    draws = [resampled(metric, side.scored, resamples, group) for side in sides]
    for k, side in enumerate(sides, start=1):
        y, action = side.scored.positives, flagged(side.scored)
        line: dict[str, Any] = {
            "run": side.name,
            "threshold": side.scored.threshold,
            "recall": binary.recall_at(y, action),
            "precision": binary.precision_at(y, action),
            "alerts": 1000.0 * float(action.mean()),
            "cost": 1000.0 * metric.function(side.scored),
        }
        numbers |= {f"cost_per_1000_{k}": line["cost"], f"alerts_per_1000_{k}": line["alerts"]}
        if k > 1:
            apart = difference_of(metric, side.scored, sides[0].scored, draws[k - 1], draws[0], resamples)
            line |= {"saved": 1000.0 * apart.value, "range": [1000.0 * apart.low, 1000.0 * apart.high]}
            numbers |= {f"saved_per_1000_{k}": line["saved"], f"saved_per_1000_{k}_lower": line["range"][0]}
        lines.append(line)
    columns = (
        Column("run", "Run"),
        Column("threshold", "Threshold", "number"),
        Column("recall", "Recall", "percent"),
        Column("precision", "Precision", "percent"),
        Column("alerts", "Alerts in 1,000 rows", "number"),
        Column("cost", "Cost of 1,000 rows", "number"),
        Column("saved", f"Saved against {sides[0].name}", "signed"),
        Column("range", "95 % interval", "range"),
    )
    note = (
        f"A miss costs {decision.false_negative:g}, a false alarm {decision.false_positive:g}, as the task states. Each run "
        "acts from its own threshold, frozen at tuning (0.5 where it has none)."
    )
    return Section("cost", "What would each cost?", [Table("runs", columns, lines, "", note)], numbers)


def _runs(sides: Sequence[Side]) -> Section:
    lines = []
    for side in sides:
        facts = side.head.manifest
        held = side.scored.abstained
        lines.append(
            {
                "run": side.name,
                "written": facts.get("written", ""),
                "data": side.head.fingerprint[:12],
                "backbone": facts.get("backbone", {}).get("name", ""),
                "learned": facts.get("weights", {}).get("learned"),
                "train": facts.get("data", {}).get("train"),
                "held": None if held is None else float(held.mean()),
                "right": _answered_right(side.scored),
                "speed": len(side.scored) / max(side.seconds, 1e-9),
            }
        )
    columns = [
        Column("run", "Run"),
        Column("written", "Written"),
        Column("data", "Data fingerprint"),
        Column("backbone", "Backbone"),
        Column("learned", "Learned weights", "count"),
        Column("train", "Training rows", "count"),
        Column("held", "Withheld", "percent"),
        Column("right", "Right where it answered", "percent"),
        Column("speed", "Rows a second", "number"),
    ]
    if sides[0].scored.scores.ndim == 1:
        columns = [column for column in columns if column.key != "right"]
    blocks: list[Block] = [Table("runs", tuple(columns), lines)]
    recipes = [side.head.recipe for side in sides]
    apart = [name for name in recipes[0] if len({str(one.get(name)) for one in recipes}) > 1]
    if apart:
        shown = tuple(Column(f"run_{k}", side.name) for k, side in enumerate(sides))
        settings = [
            {"setting": name} | {f"run_{k}": str(one.get(name)) for k, one in enumerate(recipes)} for name in apart
        ]
        blocks.append(Table("settings", (Column("setting", "Setting"), *shown), settings, "Settings that differ"))
    else:
        blocks.append("All runs were tuned with the same settings.")
    return Section("runs", "What was compared?", blocks)


def _answered_right(scored: Scored) -> float | None:
    if scored.scores.ndim == 1:
        return None
    good = said(scored) == scored.truth
    kept = good if scored.abstained is None else good[~scored.abstained]
    return float(kept.mean()) if len(kept) else None


def headline_lines(sections: Sequence[Section], sides: Sequence[Side]) -> list[str]:
    """The headline of each run and its difference to the first, a line each, for a terminal."""
    numbers = sections[0].numbers
    name = sides[0].head.task.headline.name
    width = max(len(side.name) for side in sides)
    lines = []
    for k, side in enumerate(sides, start=1):
        low, high = numbers[f"{name}_{k}_lower"], numbers[f"{name}_{k}_upper"]
        line = f"{side.name:<{width}}  {name} {number(numbers[f'{name}_{k}'])} ({range_of([low, high])})"
        if k > 1:
            found = [numbers[f"{name}_difference_{k}{end}"] for end in ("", "_lower", "_upper")]
            line += f"   ahead by {number(found[0])} ({range_of(found[1:])}), p after Holm {number(numbers[f'{name}_p_{k}'])}"
        lines.append(line)
    return lines


def summary_of_sides(sections: Sequence[Section], sides: Sequence[Side]) -> list[str]:
    """What a reader must know first, a sentence for each run."""
    numbers, changed = sections[0].numbers, sections[1].numbers
    headline, first = sides[0].head.task.headline, sides[0]
    name = headline.name
    towards = "higher" if headline.higher_is_better else "lower"
    found = [f"{headline.title} of {first.name} is {number(numbers[f'{name}_1'])} ({towards} is better)."]
    for k, side in enumerate(sides[1:], start=2):
        apart = Interval(*(numbers[f"{name}_difference_{k}{end}"] for end in ("", "_lower", "_upper")))
        ways = {
            "better": f"is better than {first.name}",
            "worse": f"is worse than {first.name}",
            "no sure difference": f"does not surely differ from {first.name}",
            "cannot be told": f"cannot be set against {first.name}, because a figure is undefined",
        }
        sentence = (
            f"{side.name} {ways[verdict(apart)]}: {number(numbers[f'{name}_{k}'])}, a difference of {number(apart.value)} "
            f"(95 % interval {range_of([apart.low, apart.high])}; positive means that {side.name} is better)."
        )
        if f"changed_{k}" in changed:
            sentence += (
                f" It gives another answer on {changed[f'changed_{k}']:,} of {len(first.scored):,} rows: it alone is right on "
                f"{changed[f'only_right_{k}']:,}, {first.name} alone on {changed[f'only_right_1_against_{k}']:,}."
            )
        found.append(sentence)
    return found
