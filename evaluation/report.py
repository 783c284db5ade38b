"""The figures of an evaluation as one HTML file without network, as JSON (the source of truth) and as Markdown."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import DataError, guess
from ..datasets.gate_page import TEMPLATES as GATE_TEMPLATES
from . import plots
from .faults import looked_for
from .markdown import markdown
from .numbers import numbers_of
from .words import cell, inside, number, percent, range_of, reached

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["SCHEMA_VERSION", "Report", "page", "plain", "write_text"]

SCHEMA_VERSION = 2
"""Raised when a key of report.json changes meaning."""

_HERE = Path(__file__).parent


def plain(value: Any) -> Any:
    """Values that JSON can hold: NumPy numbers as Python's, NaN and infinity as None."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_text(path: Path, text: str) -> None:
    """Write a file under a temporary name, then rename: a reader never sees half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def _together(text: str) -> str:
    """A figure and its sign of per cent never stand on two lines."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader([_HERE, GATE_TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(number=number, percent=percent, range_of=range_of, inside=inside, reached=reached)
    made.filters.update(cell=lambda value, form: _together(cell(value, form)))
    made.filters.update(looked_for=looked_for)
    return made


def page(template: str, **content: Any) -> str:
    """Fill a template; style and script are put inside, and nothing else may be loaded (content security policy)."""
    from markupsafe import Markup

    style = (_HERE / "report.css").read_text(encoding="utf-8")
    script = (_HERE / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template(template)
        .render(style=Markup(style), script=Markup(script), script_hash=f"sha256-{digest}", **content)
    )


def _drawn(data: dict[str, Any]) -> dict[str, Any]:
    """Section/figure -> SVG; and the baselines' forest."""
    from markupsafe import Markup

    drawn = {}
    for section in data["sections"]:
        for block in section["blocks"]:
            if block["block"] == "figure":
                drawn[f"{section['key']}/{block['name']}"] = Markup(plots.draw(block))
    rows = [{"name": b["name"], "value": b["difference"], "interval": b["interval"]} for b in data["baselines"]]
    if any(row["value"] is not None for row in rows):
        drawn["baselines"] = Markup(
            plots.draw(
                {
                    "kind": "forest",
                    "title": "Difference to the baselines",
                    "caption": "; ".join(f"{r['name']} {number(r['value'])} ({range_of(r['interval'])})" for r in rows),
                    "data": {
                        "rows": rows,
                        "reference": 0,
                        "left": "the baseline is better",
                        "right": "the tuned model is better",
                    },
                }
            )
        )
    return drawn


@dataclass(frozen=True)
class Report:
    """The figures of one evaluation."""

    data: dict[str, Any]
    """Everything a report says, as plain values; `report.json` holds just this."""
    path: Path | None = None
    """The HTML file, once written."""

    def __post_init__(self) -> None:
        """Turn every value into one that JSON can hold."""
        object.__setattr__(self, "data", plain(self.data))

    @property
    def headline(self) -> str:
        """Name of the metric that the report opens with."""
        return str(self.data["headline"]["name"])

    @property
    def value(self) -> float:
        """Value of the headline metric; NaN where it is undefined."""
        found = self.data["headline"]["value"]
        return math.nan if found is None else float(found)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the headline metric; NaN where it is undefined."""
        low, high = (math.nan if bound is None else float(bound) for bound in self.data["headline"]["interval"])
        return low, high

    @property
    def numbers(self) -> dict[str, float]:
        """Every figure by a short name: metrics with `_lower` and `_upper`, and those of the sections; NaN where undefined."""
        return numbers_of(self.data)

    def section(self, key: str) -> dict[str, Any]:
        """One section as plain values, such as `report.section("calibration")`.

        Raises:
            DataError: there is none of that name, or it could not be computed.
        """
        for one in self.data["sections"]:
            if one["key"] == key:
                return dict(one)
        why = next((m["why"] for m in self.data["missing"] if m.get("key") == key), None)
        if why is not None:
            raise DataError(f"The section {key!r} was not computed: {why}")
        raise DataError(f"No section is called {key!r}. {guess(key, [s['key'] for s in self.data['sections']])}")

    def html(self) -> str:
        """The report as one HTML page."""
        return page("report.html", r=self.data, plot=_drawn(self.data))

    def markdown(self) -> str:
        """The report as Markdown."""
        return markdown(self.data)

    def write(self, folder: str | Path) -> Report:
        """Write report.json, report.md and report.html, each complete or not at all; returns the report with its path.

        Raises:
            DataError: the folder cannot be written.
        """
        folder = Path(folder)
        html, words = self.html(), self.markdown()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_text(
                folder / "report.json", json.dumps(self.data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
            )
            write_text(folder / "report.md", words)
            write_text(folder / "report.html", html)
        except OSError as error:
            raise DataError(
                f"The report cannot be written to {str(folder)!r} ({error.strerror}); name a writable one with --out."
            ) from error
        return replace(self, path=folder / "report.html")
