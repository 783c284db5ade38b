"""Whether there are enough rows, of each class and for the figure that the report will open with.

900 test rows, 12 of them 'fraud': an average precision of 0.5 could only be told to within 0.28
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..finding import Finding, Material
from .features import auroc_error

__all__ = ["check_balance", "check_sample_size", "half_width"]

RARE = 10
"""Rows below which a class can hardly be learnt and not be measured."""
WIDE, WANTED = 0.1, 0.03
TYPICAL = 0.8
"""The value at which the interval of a share or an area is computed beforehand."""
Z = 1.959964


def check_balance(material: Material) -> list[Finding]:
    """Classes of fewer than 10 rows (warn), and a class below 1 % of two (note)."""
    if material.task.kind != "classification" or not len(material.labelled):
        return []
    label = material.schema.label
    counts = material.labelled[label].value_counts()
    total = int(counts.sum())
    shares = {str(name): int(count) for name, count in counts.head(100).items()}
    rare = counts[counts < RARE]
    findings = []
    if len(rare):
        named = ", ".join(f"{str(name)!r} ({count})" for name, count in rare.tail(5).items())
        findings.append(
            Finding(
                "balance",
                "warn",
                f"{len(rare):,} of {len(counts):,} labels in {label!r} have fewer than {RARE} rows, such as {named}.",
                "Gather more rows of them, or join them with a label that calls for the same action.",
                count=int(rare.sum()),
                total=total,
                field=label,
                figures={"rows": shares},
            )
        )
    elif len(counts) == 2 and counts.min() < 0.01 * total:
        findings.append(
            Finding(
                "balance",
                "note",
                f"Only {counts.min() / total:.2%} of the rows ({int(counts.min()):,}) are {str(counts.idxmin())!r}.",
                "Judge by average precision and by the alerts that people can look at, not by accuracy.",
                count=int(counts.min()),
                total=total,
                field=label,
                figures={"rows": shares},
            )
        )
    return findings


@dataclass(frozen=True)
class Expected:
    """What the test part can tell of a headline metric."""

    width: float
    """Half of the 95 % interval."""
    needed: int
    """Rows in all for a half-width of 0.03."""
    at: float
    """The value assumed."""


def half_width(metric: str, rows: int, positives: int | None, at: float = TYPICAL) -> float:
    """Half of the 95 % interval that a test of so many rows will give.

    Areas under the ROC curve: Hanley and McNeil (1982). Average precision: the binomial error over positives (Boyd, Eng
    and Page 2013). Anything else between 0 and 1: that of a share (Wilson 1927).

    Args:
        metric: short key, such as auroc, average_precision, accuracy.
        rows: of the test.
        positives: of them the looked-for class, or None.
        at: the value assumed.
    """
    if metric == "auroc" and positives is not None:
        return Z * auroc_error(at, positives, rows - positives) if 0 < positives < rows else math.inf
    if metric == "average_precision" and positives is not None:
        return Z * math.sqrt(at * (1 - at) / positives) if positives else math.inf
    if not rows:
        return math.inf
    spread = at * (1 - at) / rows + Z * Z / (4 * rows * rows)
    return Z * math.sqrt(spread) / (1 + Z * Z / rows)


def check_sample_size(material: Material) -> list[Finding]:
    """Half-width of the headline's 95 % interval that the test part can give; a warning from 0.1.

    Says how many rows 0.03 would take. Metrics that are no share of 1 (costs, errors) are left out.
    """
    headline, labelled = material.task.headline, material.labelled
    bounded = headline.higher_is_better and (headline.low, headline.high) in ((0.0, 1.0), (-1.0, 1.0))
    if not len(labelled) or not bounded or material.task.kind == "regression":
        return []
    share = material.task.split.test
    frame = material.test if material.test is not None else None
    positive, label = material.schema.positive, material.schema.label
    if frame is not None and label in frame:
        rows = int(frame[label].notna().sum())
        positives = None if positive is None else int((frame[label] == positive).sum())
    else:
        rows = round(share * len(labelled))
        positives = None if positive is None else round(share * int((labelled[label] == positive).sum()))
    width = half_width(headline.name, rows, positives)
    if width <= WANTED:
        return []
    factor = (width / WANTED) ** 2 if np.isfinite(width) else 0.0
    enough = f" About {_rounded(factor * rows):,} test rows would tell it to within {WANTED:g}." if factor else ""
    said = f"{width:.2f}" if np.isfinite(width) else "nothing"
    counted = f"{rows:,} test rows" + ("" if positives is None else f", {positives:,} of them {positive!r},")
    return [
        Finding(
            "sample_size",
            "warn" if width > WIDE else "note",
            f"{counted} tell {headline.title[:1].lower() + headline.title[1:]} to within {said} (half of the 95 % "
            f"interval, at {TYPICAL:g}).{enough}",
            "Gather more rows before you choose between models by this figure.",
            count=rows,
            total=len(labelled),
            figures={"half_width": round(width, 4) if np.isfinite(width) else None, "test_rows": rows},
        )
    ]


def _rounded(count: float) -> int:
    """Two leading digits."""
    digits = max(0, len(str(int(count))) - 2)
    return round(int(count), -digits)
