"""Finance: card fraud and credit risk.

from verticals.finance import CreditRiskAssessor, FraudDetector

detector = FraudDetector.load("runs/fraud")
alert = detector.score({"amount": 912.40, "card_mean_30d": 31.0, "channel": "online"})
"""

from __future__ import annotations

from ...core.task import Domain
from .api import Alert, Assessment, CreditRiskAssessor, FraudDetector
from .history import add_history
from .stream import FraudStream
from .tasks import CREDIT, FRAUD

__all__ = ["DOMAIN", "Alert", "Assessment", "CreditRiskAssessor", "FraudDetector", "FraudStream", "add_history"]

DOMAIN = Domain("finance", "Finance: card fraud and credit risk", (FRAUD, CREDIT))
