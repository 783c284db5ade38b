"""The two questions of finance: is this transaction fraud, and will this loan be repaid?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.task import Field, SimulatorCard, SplitRule, Task
from ...evaluation.metrics.standard import (
    AUROC,
    AVERAGE_PRECISION,
    BRIER,
    ECE,
    EXPECTED_COST,
    GINI,
    KS,
    PRECISION_AT_THRESHOLD,
)
from .history import DELAY_DAYS, WINDOWS
from .metrics import CARD_PRECISION, CREDIT_DECISION, FRAUD_DECISION, MONEY_RECALL, RECALL_AT_CAPACITY
from .page_one import credit_page_one, fraud_page_one
from .readers import CREDIT_READERS, FRAUD_READERS
from .report_sections import credit_sections, fraud_sections
from .safety import CREDIT_SAFETY, FRAUD_SAFETY

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CREDIT", "FRAUD"]


def _simulate_fraud(rows: int, seed: int) -> pd.DataFrame:
    from .simulator import simulate_fraud

    return simulate_fraud(rows, seed)


def _simulate_credit(rows: int, seed: int) -> pd.DataFrame:
    from .simulator import simulate_credit

    return simulate_credit(rows, seed)


def _true_fraud(rows: int, seed: int) -> pd.DataFrame:
    from .truth import true_fraud

    return true_fraud(rows, seed)


def _true_default(rows: int, seed: int) -> pd.DataFrame:
    from .truth import true_default

    return true_default(rows, seed)


FRAUD_SIMULATOR = SimulatorCard(
    version="2",
    draws=(
        "Cards have a home, a usual amount and a pace; terminals have a place, a kind of merchant and a descriptor. "
        "Genuine payments follow the week and the hour. Frauds are single large payments online, take-overs of a card "
        "(a trial, then a burst), and skimmed terminals, of whose payments three in four are fraud. Frauds are known a "
        "week late; over the months contactless payments spread and take-overs become more frequent. All shares are "
        "assumptions, of the order of the Fraud Detection Handbook's simulator."
    ),
    limits=(
        "The true probabilities are those of somebody who knows which cards were taken over and which terminals were "
        "skimmed, and when: nobody can know that from the records alone, so the ceiling lies well above what can be "
        "learnt. Simulated frauds do not adapt to a detector."
    ),
)

CREDIT_SIMULATOR = SimulatorCard(
    version="2",
    draws=(
        "The log-odds of default are a written formula of instalment, credit line, late payments, work, savings, loan, "
        "note and the state of the economy, with effects that bend and effects of pairs of columns. Age and sex do not "
        "enter it; with a proxy strength above zero women have lower incomes and shorter contracts, which do. All "
        "coefficients are assumptions, set so that the truth has an AUROC of about 0.85."
    ),
    limits=(
        "Every applicant gets the loan and every outcome is seen, which no bank's records show; the true probability "
        "knows incomes that are missing in the record."
    ),
)


def _window_fields() -> list[Field]:
    fields = []
    for days in WINDOWS:
        span = "1 day" if days == 1 else f"{days} days"
        late = f"{span} before the last {DELAY_DAYS} days"
        fields += [
            Field(f"card_count_{days}d", "number", "{transactions}", 0, 1e5, f"payments with the card within {span}"),
            Field(f"card_mean_{days}d", "number", "{currency}", 0, 1e6, f"average amount of the card within {span}"),
            Field(
                f"terminal_count_{days}d", "number", "{transactions}", 0, 1e7, f"payments at the terminal in the {late}"
            ),
            Field(f"terminal_risk_{days}d", "number", "1", 0, 1, f"share of frauds at the terminal in the {late}"),
        ]
    return fields


FRAUD = Task(
    name="finance.fraud",
    version="1",
    title="Which card transactions should an analyst look at first?",
    kind="classification",
    label="outcome",
    labels=("genuine", "fraud"),
    positive="fraud",
    fields=(
        Field("amount", "number", "{currency}", -1e6, 1e6, required=True),
        Field("merchant_category", "category"),
        Field("channel", "category", title="how the card was used"),
        Field("descriptor", "text", title="words on the statement"),
        Field("weekend", "category"),
        Field("night", "category", title="at night"),
        *_window_fields(),
        Field("time", "time"),
        Field("transaction", "category", protected=True),  # the three names below are carried along, never fed
        Field("card", "category", protected=True),
        Field("terminal", "category", protected=True),
    ),
    split=SplitRule(by="time", group="card", time="time", delay_days=DELAY_DAYS, duplicates=False),
    decision=FRAUD_DECISION,
    metrics=(
        AVERAGE_PRECISION,
        AUROC,
        CARD_PRECISION,
        RECALL_AT_CAPACITY,
        MONEY_RECALL,
        PRECISION_AT_THRESHOLD,
        BRIER,
    ),
    slices=("channel", "night"),
    safety=FRAUD_SAFETY,
    readers=FRAUD_READERS,
    simulate=_simulate_fraud,
    simulated_rows=6000,
    true_probabilities=_true_fraud,
    simulator_card=FRAUD_SIMULATOR,
    page_one=fraud_page_one,
    sections=fraud_sections,
)

CREDIT = Task(
    name="finance.credit",
    version="1",
    title="How likely is it that this loan is not repaid?",
    kind="classification",
    label="outcome",
    labels=("repaid", "default"),
    positive="default",
    fields=(
        Field("income", "number", "EUR/mo", 0, 1e6, "net income a month"),
        Field("amount", "number", "{currency}", 0, 1e7, "credit amount"),
        Field("duration_months", "number", "mo", 1, 480, "duration in months"),
        Field("instalment_rate", "number", "%", 0, 100, "instalment as a share of income"),
        Field("employment", "category"),
        Field("employment_years", "number", "a", 0, 70, "years in this employment"),
        Field("housing", "category"),
        Field("purpose", "category", title="purpose of the loan"),
        Field("savings", "category"),
        Field("checking", "category", title="current account"),
        Field("debts", "number", "EUR", 0, 1e8, "other debts"),
        Field("utilisation", "number", "%", 0, 200, "share of the credit line in use"),
        Field("late_payments", "number", "{payments}", 0, 500, "late payments in two years"),
        Field("existing_credits", "number", "{credits}", 0, 100, "running credits"),
        Field("note", "text", title="what the applicant writes"),
        Field("applied", "time"),
        Field("age", "number", "a", 16, 120, protected=True),
        Field("sex", "category", protected=True),
        Field("age_band", "category", protected=True),
        Field("personal_status", "category", protected=True),
        Field("marriage", "category", protected=True),
        Field("foreign_worker", "category", protected=True),
        Field("true_probability", "number", "1", 0, 1, protected=True),  # of simulated rows; carried along, never fed
    ),
    # At random although simulated rows have a time: most credit files have none, and --time asks for it.
    split=SplitRule(by="random", duplicates=False),
    decision=CREDIT_DECISION,
    metrics=(AUROC, GINI, KS, AVERAGE_PRECISION, BRIER, ECE, EXPECTED_COST(CREDIT_DECISION)),
    slices=("sex", "age_band"),
    safety=CREDIT_SAFETY,
    readers=CREDIT_READERS,
    simulate=_simulate_credit,
    simulated_rows=2800,
    true_probabilities=_true_default,
    simulator_card=CREDIT_SIMULATOR,
    page_one=credit_page_one,
    sections=credit_sections,
)
