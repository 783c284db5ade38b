"""The figures of a report as one flat dictionary of short names, for programs and for `--require`.

{"auroc": 0.81, "auroc_lower": 0.77, "auroc_upper": 0.85, "ece": 0.03, …, "alarms": 0, "stops": 0}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["numbers_of"]


def numbers_of(data: Mapping[str, Any]) -> dict[str, float]:
    """Every named figure of a report.

    Each metric gives `name`, `name_lower` and `name_upper` (its 95 % interval); the sections add their own numbers, and
    where two have the same name the metric's stands. `alarms` counts the alarms of page one, `stops` those of them that
    say stop, `rows` the measured rows.

    Args:
        data: `Report.data`.

    Returns:
        Name -> value; NaN where a figure is undefined.
    """
    found: dict[str, float] = {}
    for metric in data.get("metrics", ()):
        low, high = metric.get("interval") or (None, None)
        ends = {"": metric.get("value"), "_lower": low, "_upper": high}
        found |= {f"{metric['name']}{end}": _figure(value) for end, value in ends.items()}
    alarms = data.get("alarms", ())
    found["alarms"] = float(len(alarms))
    found["stops"] = float(sum(alarm.get("level") == "stop" for alarm in alarms))
    measured = (data.get("rows") or {}).get("measured")
    if measured is not None:
        found["rows"] = float(measured)
    for section in data.get("sections", ()):
        for name, value in section.get("numbers", {}).items():
            if value is None or isinstance(value, int | float):
                found.setdefault(name, _figure(value))
    return found


def _figure(value: Any) -> float:
    return math.nan if value is None else float(value)
