"""Runs side by side on the same rows: is the new one better, and whose answers does it change?

    verticals compare runs/january runs/february

The others are set beside the first. Nothing is chosen: each run keeps the threshold that was frozen at its tuning.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import DataError, RunError
from ..core.pages import as_data
from ..datasets.recognise import apply_schema
from .compare_answers import Side
from .compare_rows import Head, Rows, common_rows, read_head
from .compare_sections import headline_lines, sections_of_sides, summary_of_sides
from .intervals import Resamples
from .markdown import _section as section_lines
from .measured import scored_rows
from .plots import draw
from .report import page, plain, write_text

if TYPE_CHECKING:
    import pandas as pd

    from ..core.predict import Predictions

__all__ = ["Comparison", "compare"]

SCHEMA_VERSION = 1
"""Raised when a key of compare.json changes meaning."""


@dataclass(frozen=True)
class Comparison:
    """Several runs on the same rows."""

    data: dict[str, Any]
    """Everything that is said, as plain values; `compare.json` holds just this."""
    path: Path | None = None
    """The HTML file, once written."""

    def __post_init__(self) -> None:
        """Turn every value into one that JSON can hold."""
        object.__setattr__(self, "data", plain(self.data))

    @property
    def numbers(self) -> dict[str, float]:
        """Name -> figure: `auroc_1` of the first run, `auroc_difference_2`, `_lower`, `_upper` and `auroc_p_2` of the
        second against it; NaN where undefined."""
        return {
            name: float("nan") if value is None else float(value)
            for section in self.data["sections"]
            for name, value in section["numbers"].items()
        }

    def lines(self) -> list[str]:
        """The headline of each run and its difference to the first, a line each."""
        return list(self.data["lines"])

    def html(self) -> str:
        """All of it as one HTML page."""
        from markupsafe import Markup

        drawn = {
            f"{section['key']}/{block['name']}": Markup(draw(block))
            for section in self.data["sections"]
            for block in section["blocks"]
            if block["block"] == "figure"
        }
        return page("compare.html", r=self.data, plot=drawn)

    def markdown(self) -> str:
        """All of it as Markdown."""
        lines = [f"# {self.data['title']}: {len(self.data['runs'])} runs side by side", ""]
        if self.data["simulated"]:
            lines += ["**Simulated data.** No figure here speaks of real cases.", ""]
        lines += [f"Measured on {self.data['measured_on']}. {self.data['statement']}", ""]
        lines += [*(f"- {sentence}" for sentence in (*self.data["summary"], *self.data["notes"])), ""]
        for section in self.data["sections"]:
            lines += section_lines(section)
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder: str | Path) -> Comparison:
        """Write compare.json, compare.md and compare.html, each complete or not at all.

        Raises:
            DataError: the folder cannot be written.
        """
        folder = Path(folder)
        html, words = self.html(), self.markdown()
        text = json.dumps(self.data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_text(folder / "compare.json", text)
            write_text(folder / "compare.md", words)
            write_text(folder / "compare.html", html)
        except OSError as error:
            raise DataError(
                f"The comparison cannot be written to {str(folder)!r} ({error.strerror}); name a writable folder with "
                "--out."
            ) from error
        return replace(self, path=folder / "compare.html")


def compare(
    runs: Sequence[str | Path],
    data: str | Path | None = None,
    *,
    out: str | Path | None = None,
    threads: int | None = None,
    progress: bool = False,
) -> Comparison:
    """Measure runs on the same rows and set the others beside the first.

    Args:
        runs: Two folders or more that `tune` wrote, for the same question.
        data: File of labelled rows; by default the test rows of the first run.
        out: Folder to write; by default `compare` in the first run.
        threads: CPU cores to use; None: all.
        progress: Say on standard error what is being done.

    Raises:
        RunError: a run is incomplete or altered, or answers another question.
        DataError: fewer than two runs, rows that cannot be read, or on which one of the runs was tuned.
    """

    def say(text: str) -> None:
        if progress:
            print(f"compare: {text}", file=sys.stderr, flush=True)

    if isinstance(runs, str | Path) or len(runs) < 2:
        raise DataError("A comparison needs two runs or more; name their folders.")
    folders = [Path(run) for run in runs]
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise DataError("A run was named twice, which would be compared with itself; name each folder once.")
    heads = [read_head(folder, name) for folder, name in zip(folders, _names(folders), strict=True)]
    rows = common_rows(heads, data, say)
    sides: list[Side] = []
    for head in heads:
        say(f"scoring {len(rows.frame):,} rows with {head.name}")
        sides.append(_side(head, rows.frame, sides[0] if sides else None, heads[0], threads))
    say("intervals and differences")
    made = Comparison(_facts(heads, sides, rows)).write(folders[0] / "compare" if out is None else out)
    say(f"written to {made.path}")
    return made


def _names(folders: Sequence[Path]) -> list[str]:
    """The folders' own names, or their paths where two have the same."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def _side(head: Head, frame: pd.DataFrame, lead: Side | None, first: Head, threads: int | None) -> Side:
    """Score the rows with a run; labels in the order of the first run."""
    from ..core.predict import Predictor

    predictor = Predictor.load(head.folder, threads=threads)
    rows = frame if head is first else apply_schema(frame, head.schema, kind=head.task.kind)
    start = time.perf_counter()
    said = predictor.predict(rows)
    seconds = time.perf_counter() - start
    if lead is not None:
        said = _in_order(said, lead, head)
    return Side(head, scored_rows(head.task, first.schema, frame, said), seconds)


def _in_order(said: Predictions, lead: Side, head: Head) -> Predictions:
    """Predictions with their labels in the order of the first run.

    Raises:
        RunError: the labels or candidates are not the same, or not as many.
    """
    wanted = lead.scored.labels
    if set(said.labels) != set(wanted) or said.scores.shape != lead.scored.scores.shape:
        raise RunError(
            f"{lead.head.name} and {head.name} cannot be compared: they choose among other labels or candidates; compare "
            "runs of one question."
        )
    if said.labels == wanted:
        return said
    order = np.array([said.labels.index(label) for label in wanted])
    return replace(
        said,
        labels=wanted,
        scores=said.scores[:, order],
        raw_scores=None if said.raw_scores is None else said.raw_scores[:, order],
        offsets=tuple(said.offsets[i] for i in order) if said.offsets else (),
    )


def _facts(heads: Sequence[Head], sides: Sequence[Side], rows: Rows) -> dict[str, Any]:
    first = heads[0]
    group = first.schema.group if first.schema.group in rows.frame.columns else None
    resamples = Resamples(len(rows.frame), None if group is None else rows.frame[group])
    sections = sections_of_sides(sides, resamples, group)
    return {
        "schema_version": SCHEMA_VERSION,
        "task": first.task.name,
        "title": first.task.title,
        "statement": first.task.safety.statement,
        "runs": [
            {"name": head.name, "fingerprint": head.fingerprint, "written": head.manifest.get("written", "")}
            for head in heads
        ],
        "rows": len(rows.frame),
        "group": group,
        "measured_on": rows.measured_on,
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "simulated": rows.simulated,
        "summary": summary_of_sides(sections, sides),
        "lines": headline_lines(sections, sides),
        "notes": list(rows.notes),
        "sections": [as_data(section) for section in sections],
    }
