"""The gate's result as one HTML page without script and network; the same section stands in a run's report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

__all__ = ["TEMPLATES", "gate_page", "write_page"]

TEMPLATES = Path(__file__).parent
"""Folder of gate.html and gate_section.html."""


def gate_page(result: dict[str, Any]) -> str:
    """The page of a result, as `GateResult.to_dict` gives it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return made.get_template("gate.html").render(gate=result)


def write_page(result: dict[str, Any], path: Path) -> None:
    """Write the page under a temporary name, then rename.

    Raises:
        OSError: the place cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(gate_page(result), encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
