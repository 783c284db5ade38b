"""Safety of the finance tasks: what their outputs are not, and what a person must see whatever the score."""

from __future__ import annotations

import math

from ...core.task import Flag, Record, SafetyPolicy

__all__ = ["CREDIT_SAFETY", "FRAUD_SAFETY", "credit_flags", "fraud_flags"]

LARGE_AMOUNT = 10_000.0
"""Amount of one card payment, in the currency of the data, from which a person looks in any case."""
INSTALMENT_LIMIT = 50.0
"""Instalment as a share of net income, in percent, above which affordability is checked by a person."""


def _number(record: Record, name: str) -> float:
    """Value of a field, NaN where it is missing or no number."""
    value = record.get(name)
    try:
        return math.nan if value is None else float(value)
    except (TypeError, ValueError):
        return math.nan


def fraud_flags(record: Record) -> list[Flag]:
    """Escalate amounts that no ordinary card payment has: nothing or less, or LARGE_AMOUNT and more."""
    amount = _number(record, "amount")
    if amount <= 0:
        return [Flag("amount_not_positive", "The amount is not above zero; check the record itself.", f"{amount:g}")]
    if amount >= LARGE_AMOUNT:
        return [
            Flag(
                "very_large_amount",
                "The amount is very large for a card payment; confirm with the holder.",
                f"{amount:g}",
            )
        ]
    return []


def credit_flags(record: Record) -> list[Flag]:
    """Escalate what a policy decides and no score should: affordability and an amount that is not one."""
    flags = []
    rate, amount = _number(record, "instalment_rate"), _number(record, "amount")
    if rate > INSTALMENT_LIMIT:
        flags.append(
            Flag(
                "affordability",
                "The instalment takes more than half of the income; check affordability.",
                f"{rate:g} %",
            )
        )
    if amount <= 0:
        flags.append(
            Flag("amount_not_positive", "The amount is not above zero; check the record itself.", f"{amount:g}")
        )
    return flags


FRAUD_SAFETY = SafetyPolicy(
    statement="An alert asks a person to look; it is no finding of fraud and blocks no card by itself.",
    max_error=None,
    referral="Pass the transaction to a fraud analyst; do not tell the cardholder which rule or score raised it.",
    escalate=fraud_flags,
)
CREDIT_SAFETY = SafetyPolicy(
    statement="This is not a credit decision: it estimates a risk, and a person decides on every refusal.",
    max_error=None,
    referral="Refer the application to a credit officer.",
    escalate=credit_flags,
)
