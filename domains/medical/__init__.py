"""Medicine: rank the conditions that a note and its measurements speak for, behind red flags.

`tasks.py` says what the question is, `readers.py` reads outside formats, `simulator.py` makes visits with a known
truth from `knowledge.py`, `safety.py` holds the red flags and `negation.py` what is denied, `metrics.py` what only
medicine measures, `api.py` what an application imports.
"""

from __future__ import annotations

from ...core.task import Domain
from .api import Diagnosis, DiagnosisAssistant
from .safety import red_flags
from .tasks import DIAGNOSIS

__all__ = ["DIAGNOSIS", "DOMAIN", "Diagnosis", "DiagnosisAssistant", "red_flags"]

DOMAIN = Domain(name="medical", title="Medicine", tasks=(DIAGNOSIS,))
