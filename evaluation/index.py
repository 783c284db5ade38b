"""One page over several reports, and their headlines as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..core.errors import DataError
from .report import Report, page, write_text

__all__ = ["summary_of", "write_index"]


def summary_of(reports: Sequence[Report]) -> dict[str, Any]:
    """Headlines of some reports: {"tasks": [{"task", "simulated", "headline", "value", "interval", "baselines"}]}.

    The interval of a baseline is that of the paired difference, positive where the tuned model is better; null stands
    for a figure that is undefined.
    """
    return {
        "tasks": [
            {
                "task": report.data["task"],
                "simulated": report.data["simulated"],
                "headline": report.headline,
                "value": report.data["headline"]["value"],
                "interval": report.data["headline"]["interval"],
                "baselines": [
                    {key: b[key] for key in ("name", "value", "difference", "interval")}
                    for b in report.data["baselines"]
                ],
            }
            for report in reports
        ]
    }


def _line(report: Report, folder: Path) -> dict[str, Any]:
    data = report.data
    # quoted, so that a folder name can never be read as a scheme
    link = "" if report.path is None else quote(os.path.relpath(report.path, folder).replace(os.sep, "/"))
    return {
        "task": data["task"],
        "title": data["title"],
        "link": link,
        "headline": data["headline"]["title"],
        "value": data["headline"]["value"],
        "interval": data["headline"]["interval"],
        "baselines": data["baselines"],
        "alarms": [
            f"{a['level']}: {a['name'].replace('_', ' ')}" for a in sorted(data["alarms"], key=lambda a: a["level"])
        ],
    }


def write_index(reports: Sequence[Report], folder: str | Path) -> Path:
    """Write index.html and summary.json; returns the page. Simulated and real data stand in separate tables.

    Raises:
        DataError: the folder cannot be written.
    """
    folder = Path(folder)
    parts = [
        {
            "title": "Simulated records" if simulated else "Your own records",
            "simulated": simulated,
            "tasks": [_line(r, folder) for r in reports if bool(r.data["simulated"]) is simulated],
        }
        for simulated in (False, True)
    ]
    html = page("index.html", parts=[part for part in parts if part["tasks"]])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "summary.json", json.dumps(summary_of(reports), indent=2, allow_nan=False) + "\n")
        write_text(folder / "index.html", html)
    except OSError as error:
        raise DataError(
            f"The index cannot be written to {str(folder)!r} ({error.strerror}); name a writable folder."
        ) from error
    return folder / "index.html"
