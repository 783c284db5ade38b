"""Pure functions of arrays, one file for each kind of question; `standard` makes ready `Metric` objects of them.

Importing it loads numpy only.
"""

from __future__ import annotations

from . import binary, calibration, fraud, multiclass, ranking, regression, standard

__all__ = ["binary", "calibration", "fraud", "multiclass", "ranking", "regression", "standard"]
