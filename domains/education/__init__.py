"""Education: which explanation of a course bank answers a pupil's question.

from verticals.education import Tutor

print(Tutor.load("runs/tutor").answer("why do u flip the second one when you divide", grade=7))
"""

from __future__ import annotations

from ...core.task import Domain
from .api import Alternative, Answer, Tutor
from .attempts import simulate_attempts, simulate_items
from .safety import reveals
from .tasks import FEEDBACK, TUTORING

__all__ = ["DOMAIN", "Alternative", "Answer", "Tutor", "reveals", "simulate_attempts", "simulate_items"]

DOMAIN = Domain("education", "Education: tutoring out of a course bank", (TUTORING, FEEDBACK))
