"""Simulated credit applications with a known probability of default, so that `finance.credit` runs anywhere.

Every applicant's probability follows from the written-down formula `_log_odds`: main effects, effects that bend
(instalments above a third of the income, a credit line nearly used up), effects that need two columns at once (a
fixed-term contract and a long loan), what the applicant writes in the note, and the state of the economy. Age and sex
do not enter it; they matter only through what goes along with them (`proxy` says how much). Since the true probability
is returned, a report can say how much of the reachable a model reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["simulate_credit"]

START = "2022-01-01"
DAYS = 1096
BASE = -2.95
"""Log-odds of default of an applicant of whom nothing speaks for or against."""
STRENGTH = 1.2
"""Stretches all effects; sets how much of the outcome can be foreseen at all (AUROC of the truth about 0.85)."""

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

# Purpose -> share, log of the usual amount in EUR, what the applicant asks for.
PURPOSES: dict[str, tuple[float, float, tuple[str, ...]]] = {
    "car": (0.24, 9.2, ("I need a used car for the way to work", "Buying a small car from a dealer in town",
                        "The old car failed its inspection and has to be replaced")),
    "renovation": (0.16, 9.3, ("New heating and windows for the flat", "We are redoing the bathroom",
                               "The roof has to be repaired before winter")),
    "furniture": (0.14, 8.1, ("Kitchen and bedroom after moving in", "Furnishing my first flat",
                              "A new kitchen, the old one came with the previous tenant")),
    "debt consolidation": (0.16, 9.0, ("I want one instalment instead of many", "Bringing several cards together",
                                       "To pay off the overdraft and two store cards")),
    "education": (0.09, 8.6, ("Fees for an evening course", "A master craftsman's certificate",
                              "Tuition for the last two terms")),
    "medical": (0.07, 8.0, ("Dental work that the insurance does not cover", "A hearing aid for my mother",
                            "The bill of the clinic is due")),
    "business": (0.08, 9.6, ("Stock for my shop", "A second van for the firm", "Tools and a workshop deposit")),
    "travel": (0.06, 7.9, ("A long planned family trip", "The wedding of my sister abroad", "Flights and hotel")),
}  # fmt: skip

# What else the note says -> share, effect on the log-odds, wordings.
REMARKS: dict[str, tuple[float, float, tuple[str, ...]]] = {
    "plain": (0.26, 0.0, ("Please get back to me by post", "I am reachable in the afternoon", "All papers are attached",
                          "Thank you for looking into it")),
    "buffer": (0.13, -1.3, ("I have put aside four months of expenses", "My reserve stays untouched",
                            "There is a cushion on the savings book", "We keep enough back for bad times")),
    "own share": (0.12, -1.1, ("I pay a third of it myself", "Half of the price is already saved",
                               "The quote is attached and I add my own part", "A down payment has been made")),
    "guarantor": (0.07, -0.9, ("My brother signs along with me", "My parents stand in if needed",
                               "A friend of the family vouches for the sum")),
    "contract ends": (0.12, 0.2, ("My job runs until next spring", "The season is over in October",
                                  "It is not clear whether they keep me after probation",
                                  "The project I work for is winding up")),
    "hours cut": (0.09, 1.4, ("They shortened my shifts last month", "Overtime has been cancelled",
                              "Since the summer I am on reduced hours", "My pay is lower than it used to be")),
    "other lender": (0.08, 1.2, ("Another bank has already said no", "It would settle what I owe a private lender",
                                 "The reminder of the last creditor gives me ten days")),
    "urgent": (0.07, 1.0, ("I must have the money by Friday", "Please no questions, it is pressing",
                           "It cannot wait until payday")),
    "orders": (0.06, 0.0, ("Income depends on what comes in", "Some months are good, some are empty",
                           "Invoices are paid when customers feel like it")),
}  # fmt: skip

SAVINGS = ("no savings", "under 1000 EUR", "1000 to 5000 EUR", "over 5000 EUR")
CHECKING = ("often overdrawn", "around zero", "in credit", "no account")


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


def _of(rng: np.random.Generator, shares: list[float], n: int) -> NDArray[np.int64]:
    return rng.choice(len(shares), n, p=np.array(shares) / sum(shares))


def _ordered(rng: np.random.Generator, z: Floats, cuts: tuple[float, ...]) -> NDArray[np.int64]:
    """Ordered category from a leaning z, with noise."""
    return np.asarray(np.digitize(0.7 * z + rng.normal(0, 0.7, len(z)), cuts))


def _person(rng: np.random.Generator, n: int, care: Floats, proxy: float) -> Columns:
    age = np.floor(np.clip(18 + rng.gamma(3.2, 7.5, n), 18, 82))
    kind = _of(rng, [0.62, 0.18, 0.14, 0.06], n)
    employment = np.array(["permanent", "fixed-term", "self-employed", "seeking work"])[kind]
    employment = np.where((age < 26) & (rng.random(n) < 0.3), "student", employment)
    employment = np.where((age >= 64) & (rng.random(n) < 0.85), "retired", employment)
    steady = np.isin(employment, ["permanent", "self-employed", "retired"])
    years = np.minimum(np.where(steady, rng.gamma(1.4, 5.0, n), rng.gamma(1.0, 1.4, n)), age - 17)
    years[employment == "seeking work"] = 0.0
    low = np.isin(employment, ["student", "seeking work"])
    income = np.exp(rng.normal(7.7, 0.38, n) + 0.08 * care - 0.65 * low + 0.008 * np.minimum(years, 20))
    housing = np.array(["rent", "own", "with family"])[
        np.where((age < 28) & (rng.random(n) < 0.4), 2, (rng.random(n) < 0.12 + 0.009 * (age - 18)).astype(int))
    ]
    sex = np.where(rng.random(n) < 0.52, "male", "female")
    if proxy:  # with 0 the rows are the very same as without
        woman = sex == "female"
        income = income * np.exp(-0.35 * proxy * woman)
        moved = woman & (employment == "permanent") & (rng.random(n) < 0.4 * proxy)
        employment = np.where(moved, "fixed-term", employment)
    return {"age": age, "sex": sex, "income": np.round(income, -1), "employment": employment,
            "employment_years": np.round(years, 1), "housing": housing}  # fmt: skip


def _loan(rng: np.random.Generator, n: int, care: Floats, person: Columns) -> Columns:
    purpose = _of(rng, [share for share, _, _ in PURPOSES.values()], n)
    usual = np.array([level for _, level, _ in PURPOSES.values()])[purpose]
    income = person["income"].astype(float)
    amount = np.round(np.clip(np.exp(usual + rng.normal(0, 0.5, n)) * (income / 2300) ** 0.4, 500, 75_000), -2)
    wanted = np.clip(amount / (income * np.exp(rng.normal(-1.6, 0.45, n))), 6, 84)
    months = np.clip(np.round(wanted / 6) * 6, 6, 84)
    debts = np.where(rng.random(n) < 0.35, 0.0, np.exp(rng.normal(8.0, 1.0, n) - 0.35 * care))
    return {
        "purpose": np.array(list(PURPOSES))[purpose],
        "amount": amount,
        "duration_months": months,
        "instalment_rate": np.round(np.clip(100 * amount * (1 + 0.0035 * months) / months / income, 1, 95), 1),
        "savings": np.array(SAVINGS)[_ordered(rng, care, (-0.3, 0.4, 1.1))],
        "checking": np.where(rng.random(n) < 0.15, CHECKING[3], np.array(CHECKING)[_ordered(rng, care, (-0.6, 0.3))]),
        "debts": np.round(debts, -1),
        "utilisation": np.round(100 * _sigmoid(-0.4 - 0.9 * care + rng.normal(0, 1.2, n)), 0),
        "late_payments": np.minimum(rng.poisson(np.exp(-0.9 - 0.75 * care)), 12).astype(float),
        "existing_credits": np.minimum(rng.poisson(0.6 + 0.5 * (debts > 0)), 8).astype(float),
    }


def _log_odds(x: Columns, remark: NDArray[np.str_], year: Floats) -> Floats:
    """Log-odds of default; every coefficient of the simulated world stands here."""
    number = {name: x[name].astype(float) for name in ("instalment_rate", "utilisation", "late_payments", "debts")}
    income, years, months = (x[name].astype(float) for name in ("income", "employment_years", "duration_months"))
    rate, used, late = number["instalment_rate"], number["utilisation"], np.minimum(number["late_payments"], 5)
    z = 0.28 * np.sin(2 * np.pi * year / 2.6) + 0.15 * year  # the economy turns, and slowly worsens
    z += 0.015 * (rate - 25) + 0.10 * np.maximum(rate - 30, 0).clip(max=20)
    z += 0.05 * np.maximum(used - 75, 0) + 0.35 * (used < 5)  # a line never used tells little good
    z += 0.42 * late * np.where(x["savings"] == SAVINGS[3], 0.2, 1.0)
    z += 0.35 * (number["debts"] / income > 2) - 0.03 * np.minimum(years, 12) + 0.25 * (x["existing_credits"] >= 3)
    z += np.select([x["savings"] == SAVINGS[0], x["savings"] == SAVINGS[1]], [0.35, 0.15], 0.0)
    z += np.select([x["checking"] == CHECKING[0], x["checking"] == CHECKING[2]], [0.5, -0.3], 0.0)
    z += np.select([x["housing"] == "own", x["housing"] == "rent"], [-0.3, 0.1], 0.0)
    z += np.where(x["employment"] == "fixed-term", np.where(months > 30, 1.1, -0.2), 0.0)
    z += np.where(x["employment"] == "self-employed", np.where(years < 3, 1.2, -0.2), 0.0)
    z += 0.5 * (x["employment"] == "seeking work")
    z += np.where(x["purpose"] == "debt consolidation", np.where(used > 60, -1.0, 0.8), 0.0)
    z += np.select([x["purpose"] == "travel", x["purpose"] == "renovation"], [0.3, -0.2], 0.0)
    z += np.vectorize({name: effect for name, (_, effect, _) in REMARKS.items()}.get, otypes=[float])(remark)
    z += np.where(remark == "contract ends", np.where(months > 24, 1.6, 0.0), 0.0)
    z += np.where((remark == "orders") & (x["employment"] == "self-employed"), 1.3, 0.0)
    return np.asarray(BASE + STRENGTH * z)


def _notes(rng: np.random.Generator, purpose: NDArray[np.str_], remark: NDArray[np.str_]) -> list[str]:
    pick = rng.random((len(purpose), 3))
    notes = []
    for row, (what, said) in enumerate(zip(purpose, remark, strict=True)):
        asks, adds = PURPOSES[str(what)][2], REMARKS[str(said)][2]
        first, second = asks[int(pick[row, 0] * len(asks))], adds[int(pick[row, 1] * len(adds))]
        notes.append(f"{first}. {second}." if pick[row, 2] < 0.75 else f"{second}. {first}.")
    return notes


def simulate_credit(rows: int, seed: int, *, proxy: float = 0.0) -> pd.DataFrame:
    """Simulate applications over three years, in order of time, with about 22 % defaults.

    Some incomes, years of employment and utilisations are missing at random (4, 3 and 6 %), and 8 % of the notes;
    where the note is missing it has no effect. The same seed gives the same rows.

    Args:
        rows: applications, at least 1.
        seed: of the random numbers.
        proxy: from 0 to 1, how strongly sex shows in income and employment: at 1 a woman's income is exp(-0.35), 70 %,
            of a man's in the same place, and 40 % of women's permanent contracts are fixed-term ones. Sex itself never
            enters the probability of default.

    Returns:
        `rows` rows with applied (time), the fields of the task, the protected age, sex and age_band,
        true_probability (of default, in (0, 1); never an input), and outcome (repaid or default).

    Raises:
        DataError: rows below 1, or a proxy outside 0 to 1.
    """
    import pandas as pd

    from .readers import age_band

    if rows < 1:
        raise DataError(f"Cannot simulate {rows} rows; ask for at least 1.")
    if not 0 <= proxy <= 1:
        raise DataError(f"A proxy strength of {proxy} was asked for; give a number from 0 (none) to 1.")
    rng = np.random.default_rng(seed)
    day = np.sort(rng.random(rows)) * DAYS
    care = rng.normal(0, 1, rows)  # how carefully somebody handles money; seen only through its traces
    person = _person(rng, rows, care, proxy)
    columns: Columns = {**person, **_loan(rng, rows, care, person)}
    remark = np.array(list(REMARKS))[_of(rng, [share for share, _, _ in REMARKS.values()], rows)]
    silent = rng.random(rows) < 0.08
    remark[silent] = "plain"
    probability = _sigmoid(_log_odds(columns, remark, day / 365.25))
    default = rng.random(rows) < probability
    notes = pd.Series(_notes(rng, columns["purpose"].astype(str), remark), dtype="str").mask(silent)
    frame = pd.DataFrame(
        {"applied": pd.Timestamp(START) + pd.to_timedelta(np.floor(day * 24).astype(np.int64), unit="h"), **columns}
    )
    for name, share in (("income", 0.04), ("employment_years", 0.03), ("utilisation", 0.06)):
        frame[name] = frame[name].mask(rng.random(rows) < share)
    frame["note"] = notes
    frame["age_band"] = age_band(frame["age"])
    frame["true_probability"] = probability
    frame["outcome"] = pd.Series(np.where(default, "default", "repaid"), dtype="str")
    return frame
