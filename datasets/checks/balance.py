"""Whether there are enough rows, of each class and for the figure that the report will open with.

labels  genuine 5,960   fraud 40      40 rows of the class that is looked for
test    1,200 rows, 8 of them fraud   an average precision of 0.8 could only be told to within 0.28
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from ..finding import Finding, Level, Material, row_name
from .disguised import rows_of
from .features import auroc_error

__all__ = ["check_balance", "check_sample_size", "half_width"]

RARE = 10
"""Rows below which a class can hardly be learnt and not be measured."""
SKEWED = 0.01
UNSEEN_STOP = 0.05
"""Share of the test rows with labels that the data lacks, from which it is a stop."""
WIDE, WANTED = 0.1, 0.03
"""Half-width of the headline's interval from which a warning is given, and the one that is aimed at."""
TYPICAL = 0.8
"""The value at which the interval of a share or an area is computed beforehand."""
Z = 1.959964


def check_balance(material: Material) -> list[Finding]:
    """Classes of fewer than 10 rows, labels of the test that the data lacks, and a class below 1 % of two.

    Stop: at least 5 % of the test rows have a label that no row of the data has. Warn: fewer, and rare classes.
    Note: one class below 1 %.
    """
    if material.task.kind != "classification" or not len(material.labelled):
        return []
    label = material.schema.label
    counts = material.labelled[label].value_counts()
    findings = [*_rare(counts, label), *_unseen(counts, material)]
    total = int(counts.sum())
    if len(counts) == 2 and RARE <= counts.min() < SKEWED * total:
        findings.append(
            Finding(
                "balance",
                "note",
                f"Only {counts.min() / total:.2%} of the rows ({int(counts.min()):,}) are {str(counts.idxmin())!r}.",
                "Judge by average precision and by the alerts that people can look at, not by accuracy.",
                count=int(counts.min()),
                total=total,
                field=label,
                figures={"rows": {str(name): int(count) for name, count in counts.items()}},
            )
        )
    return findings


def _rare(counts: pd.Series, label: str) -> list[Finding]:
    rare = counts[counts < RARE]
    if not len(rare):
        return []
    named = ", ".join(f"{str(name)!r} ({count})" for name, count in rare.tail(5).items())
    alone = int((rare == 1).sum())
    single = f"; {alone:,} of them {'has' if alone == 1 else 'have'} a single row, which can be learnt or tested but not both"
    return [
        Finding(
            "balance",
            "warn",
            f"{len(rare):,} of {len(counts):,} labels in {label!r} have fewer than {RARE} rows, such as {named}"
            f"{single if alone else ''}.",
            "Gather more rows of them, or join them with a label that calls for the same action.",
            count=int(rare.sum()),
            total=int(counts.sum()),
            field=label,
            figures={"rows": {str(name): int(count) for name, count in counts.head(100).items()}, "single": alone},
        )
    ]


def _unseen(counts: pd.Series, material: Material) -> list[Finding]:
    """Labels of the test that no row of the data has."""
    label = material.schema.label
    if material.test is None or label not in material.test:
        return []
    test = material.test[label].dropna()
    unseen = test[~test.isin(counts.index)]
    if not len(unseen):
        return []
    share = len(unseen) / len(test)
    names = unseen.value_counts()
    level: Level = "stop" if share >= UNSEEN_STOP else "warn"
    said = ", ".join(f"{str(name)!r} ({count})" for name, count in names.head(5).items())
    return [
        Finding(
            "unseen_labels",
            level,
            f"{len(unseen):,} of {len(test):,} test rows ({share:.1%}) have a label that no row of the data has: {said}, first "
            f"in {row_name(unseen.index[0])}.",
            "Give rows with these labels to tune on, or correct their spelling; no model can name what it never met.",
            count=len(unseen),
            total=len(test),
            rows=rows_of(unseen),
            part="test",
            field=label,
            figures={"labels": {str(name): int(count) for name, count in names.head(100).items()}},
        )
    ]


# -- sample size ------------------------------------------------------------------------------------------------------


def half_width(metric: str, counts: Sequence[int], positive: int | None = None, at: float = TYPICAL) -> float:
    """Half of the 95 % interval that a test with so many rows of each class will give.

    - auroc: Hanley and McNeil (1982); gini is twice as wide.
    - average_precision, recall and precision of the looked-for class: the binomial error over its rows (for the former
      Boyd, Eng and Page 2013).
    - macro_f1: the mean of binomial errors of the classes, so that a rare class counts as much as a common one.
    - anything else between 0 and 1: a share of all rows (Wilson 1927).

    Args:
        metric: short key, such as auroc.
        counts: (k,) test rows of each class, or one count of all rows.
        positive: which of them is the looked-for class, or None.
        at: the value assumed, in (0, 1).

    >>> round(half_width("accuracy", [400]), 3), round(half_width("auroc", [180, 20], positive=1), 3)
    (0.039, 0.12)
    """
    rows = sum(counts)
    if metric in ("auroc", "gini", "ks") and positive is not None:
        found = counts[positive]
        if not 0 < found < rows:
            return math.inf
        if metric == "ks":
            return Z * math.sqrt(at * (1 - at) * (1 / found + 1 / (rows - found)))
        return Z * auroc_error(at, found, rows - found) * (2 if metric == "gini" else 1)
    if positive is not None and (metric == "average_precision" or metric.startswith(("recall_at_t", "precision_at"))):
        return _wilson(counts[positive], at)
    if metric == "macro_f1" and len(counts) > 1:
        if min(counts) == 0:
            counts = [count for count in counts if count]
        return Z * math.sqrt(sum(at * (1 - at) / count for count in counts)) / len(counts) if counts else math.inf
    return _wilson(rows, at)


def _wilson(rows: int, at: float) -> float:
    """Half of the 95 % score interval of a share."""
    if not rows:
        return math.inf
    return Z * math.sqrt(at * (1 - at) / rows + Z * Z / (4 * rows * rows)) / (1 + Z * Z / rows)


def check_sample_size(material: Material) -> list[Finding]:
    """Half-width of the headline's 95 % interval that the test part can give, and the rows that 0.03 would take.

    Warn: above 0.1; note: above 0.03. Metrics that are no share (costs, errors) are left out.
    """
    headline = material.task.headline
    bounded = headline.higher_is_better and headline.high == 1.0 and headline.low in (0.0, -1.0)
    if not len(material.labelled) or not bounded or material.task.kind == "regression":
        return []
    names, counts = _test_counts(material)
    positive = names.index(material.schema.positive) if material.schema.positive in names else None
    width = half_width(headline.name, counts, positive)
    if width <= WANTED:
        return []
    rows = sum(counts)
    by_class = positive is not None and headline.name not in ("accuracy", "macro_f1", "mcc")
    counted = f"{rows:,} test rows"
    if by_class and positive is not None:
        counted += f", {counts[positive]:,} of them {names[positive]!r},"
    title = headline.title if headline.title[1:2].isupper() else headline.title[:1].lower() + headline.title[1:]
    if math.isfinite(width):
        enough = _rows_for(headline.name, counts, positive)
        said = f"{counted} will tell {title} to within {width:.3f}"
        said += f" (half of the 95 % interval, at {TYPICAL:g}); about {enough:,} would tell it to within {WANTED:g}"
    else:
        enough = None
        said = f"{counted} cannot tell {title} at all"
    shown = round(width, 4) if math.isfinite(width) else None
    return [
        Finding(
            "sample_size",
            "warn" if width > WIDE else "note",
            f"{said}.",
            "Do not choose between models whose figures are nearer than that; gather more rows, the rare class first.",
            count=rows,
            total=len(material.labelled),
            figures={"half_width": shown, "test_rows": rows, "rows_for_0.03": enough, "metric": headline.name},
        )
    ]


def _test_counts(material: Material) -> tuple[list[str], list[int]]:
    """Names of the classes and how many rows of each the test part has, or will have."""
    label, task = material.schema.label, material.task
    test = material.test
    given = test is not None and label in test
    truth = test[label].dropna() if test is not None and given else material.labelled[label]
    share = 1.0 if given else task.split.test
    if task.kind != "classification":
        return [""], [round(share * len(truth))]
    counts = truth.astype(str).value_counts()
    names = list(dict.fromkeys([*material.schema.labels, *counts.index]))
    return names, [round(share * int(counts.get(name, 0))) for name in names]


def _rows_for(metric: str, counts: Sequence[int], positive: int | None) -> int:
    """Test rows that a half-width of 0.03 takes where classes keep their shares; two leading digits, rounded up."""
    factor = 1.0
    for _ in range(60):
        grown = [round(count * factor) for count in counts]
        width = half_width(metric, grown, positive)
        if width <= WANTED:
            break
        factor *= max(1.02, (width / WANTED) ** 2 if math.isfinite(width) else 2.0)
    rows = sum(counts) * factor
    step = int(10 ** max(0, int(math.log10(max(rows, 1))) - 1))
    return math.ceil(rows / step) * step
