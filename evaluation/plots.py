"""Pictures of a report as inline SVG: readable in grey, in light and dark, with a title and a description for readers
who listen.

Colours come from the style sheet (`mark`, `rival`, `faint`); what matters also differs in shape or dash.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from .words import number, percent, range_of

__all__ = ["calibration_plot", "coverage_plot", "forest_plot", "roc_plot"]

Facts = dict[str, Any]
_LEFT, _TOP, _SIDE = 52, 12, 280


def _svg(width: int, height: int, title: str, description: str, body: Iterable[str]) -> str:
    name = "plot-" + "".join(c if c.isalnum() else "-" for c in title.lower())
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{escape(title)}</title>'
        f'<desc id="{name}-d">{escape(description)}</desc>{"".join(body)}</svg>'
    )


def _text(x: float, y: float, words: str, anchor: str = "middle", kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{shown}>{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _path(points: Sequence[tuple[float, float]], kind: str, close: bool = False) -> str:
    steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{steps}{"Z" if close else ""}" class="{kind}"/>'


def _square(
    x_title: str, y_title: str, x_most: float = 1.0, y_most: float = 1.0
) -> tuple[list[str], Callable[[float, float], tuple[float, float]]]:
    """Axes from 0 to the two maxima, and the function that places a point."""

    def at(x: float, y: float) -> tuple[float, float]:
        return _LEFT + _SIDE * x / x_most, _TOP + _SIDE * (1 - y / y_most)

    body = [_line(*at(0, 0), *at(x_most, 0), "axis"), _line(*at(0, 0), *at(0, y_most), "axis")]
    for step in range(6):
        share = step / 5
        x, y = at(share * x_most, 0)
        body += [_line(x, y, x, y + 4, "axis"), _text(x, y + 17, f"{share * x_most:.3g}")]
        x, y = at(0, share * y_most)
        body += [_line(x - 4, y, x, y, "axis"), _text(x - 7, y + 4, f"{share * y_most:.3g}", "end")]
        if step:
            body.append(_line(x, y, x + _SIDE, y, "grid"))
    middle = _LEFT + _SIDE / 2
    body.append(_text(middle, _TOP + _SIDE + 36, x_title))
    down = _TOP + _SIDE / 2
    body.append(
        f'<text x="13" y="{down:.1f}" text-anchor="middle" transform="rotate(-90 13 {down:.1f})">'
        f"{escape(y_title)}</text>"
    )
    return body, at


def _round_up(most: float) -> float:
    return next((step for step in (0.05, 0.1, 0.2, 0.5) if most <= step), 1.0)


def calibration_plot(facts: Facts) -> str:
    """What was promised against what happened, with a band, and how many rows stand behind each point."""
    bins = facts["bins"]
    most = _round_up(max(max(b["confidence"], b["interval"][1]) for b in bins))
    promised = "Predicted risk" if facts["about"] == "risk" else "Confidence of the answer"
    happened = "Share that came true" if facts["about"] == "risk" else "Share that was right"
    body, at = _square(promised, happened, most, most)
    body.append(_line(*at(0, 0), *at(most, most), "ideal"))
    upper = [at(b["confidence"], min(b["interval"][1], most)) for b in bins]
    lower = [at(b["confidence"], b["interval"][0]) for b in bins]
    points = [at(b["confidence"], b["observed"]) for b in bins]
    body.append(_path([*upper, *reversed(lower)], "band", close=True))
    body.append(_path(points, "mark line"))
    floor = _TOP + _SIDE + 50
    tallest = max(b["count"] for b in bins)
    for (x, y), b in zip(points, bins, strict=True):
        tall = 26 * b["count"] / tallest
        words = f"{b['count']:,} rows: {percent(b['confidence'])} predicted, {percent(b['observed'])} observed"
        body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="mark dot"><title>{words}</title></circle>')
        body.append(f'<rect x="{x - 4:.1f}" y="{floor + 26 - tall:.1f}" width="8" height="{tall:.1f}" class="count"/>')
    body.append(_text(_LEFT - 7, floor + 26, "rows", "end"))
    description = "; ".join(
        f"{percent(b['confidence'])} predicted, {percent(b['observed'])} observed in {b['count']:,} rows" for b in bins
    )
    return _svg(_LEFT + _SIDE + 16, floor + 32, "Calibration curve", description, body)


def roc_plot(facts: Facts) -> str:
    """Recall against false alarms; the ring is the frozen threshold."""
    body, at = _square("Share of negatives flagged", "Share of positives flagged")
    body.append(_line(*at(0, 0), *at(1, 1), "ideal"))
    points = [at(x, y) for x, y in zip(facts["false_alarms"], facts["recall"], strict=True)]
    body.append(_path(points, "mark line"))
    false, true = facts["at_threshold"]
    if false is not None and true is not None:
        x, y = at(false, true)
        body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" class="ring"/>')
    description = (
        f"At the frozen threshold {percent(true)} of the positives and {percent(false)} of the negatives are flagged."
    )
    return _svg(_LEFT + _SIDE + 16, _TOP + _SIDE + 44, "ROC curve", description, body)


def coverage_plot(facts: Facts) -> str:
    """Error among the answered rows against the share answered; the ring is where the run stands."""
    curve = facts["curve"]
    most = _round_up(max(curve["error"]) or 0.05)
    body, at = _square("Share of rows answered", "Wrong among the answered", 1.0, most)
    body.append(_path([at(x, y) for x, y in zip(curve["coverage"], curve["error"], strict=True)], "mark line"))
    described = f"All rows answered: {percent(curve['error'][-1])} wrong."
    if facts["accuracy_answered"] is not None:
        error = 1 - facts["accuracy_answered"]
        x, y = at(1 - facts["share"], min(error, most))
        body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" class="ring"/>')
        described += f" The run answers {percent(1 - facts['share'])} and errs in {percent(error)} of them."
    return _svg(_LEFT + _SIDE + 16, _TOP + _SIDE + 44, "Error by share of rows answered", described, body)


def forest_plot(baselines: Sequence[Facts]) -> str:
    """Difference to each baseline with its interval; right of the dashed line the tuned model is better."""
    shown = [b for b in baselines if b["interval"][0] is not None and math.isfinite(b["interval"][0])]
    if not shown:
        return ""
    low = min(0.0, *(b["interval"][0] for b in shown))
    high = max(0.0, *(b["interval"][1] for b in shown))
    span = (high - low) or 1.0
    left, wide, step = 210, 300, 30

    def at(value: float) -> float:
        return float(left + wide * (value - low) / span)

    bottom = _TOP + step * len(shown)
    body = [_line(at(0), _TOP - 4, at(0), bottom + 4, "ideal")]
    for row, b in enumerate(shown):
        y = _TOP + step * (row + 0.5)
        sure = "mark" if b["interval"][0] > 0 else "rival" if b["interval"][1] < 0 else "faint"
        body.append(_text(left - 12, y + 4, b["name"], "end"))
        body.append(_line(at(b["interval"][0]), y, at(b["interval"][1]), y, f"{sure} line"))
        for edge in b["interval"]:
            body.append(_line(at(edge), y - 4, at(edge), y + 4, f"{sure} line"))
        x = at(b["difference"])
        body.append(f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" class="{sure} dot"/>')
        sign = "+" if b["difference"] > 0 else ""
        body.append(_text(left + wide + 14, y + 4, f"{sign}{number(b['difference'])}", "start"))
    body += [
        _line(left, bottom + 6, left + wide, bottom + 6, "axis"),
        _text(at(0), bottom + 22, "0"),
        _text(left, bottom + 40, "the baseline is better", "start", "small"),
        _text(left + wide, bottom + 40, "the tuned model is better", "end", "small"),
    ]
    description = "; ".join(f"{b['name']}: {number(b['difference'])} ({range_of(b['interval'])})" for b in shown)
    return _svg(left + wide + 80, bottom + 48, "Difference to the baselines", description, body)
