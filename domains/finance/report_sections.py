"""Sections that only finance has: grades and cut-offs for a risk officer, capacity and money for a head of fraud."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from ...core.pages import Block, Column, Figure, Section, Table
from ...core.task import Scored
from ...evaluation.metrics.binary import precision_at, recall_at
from ...evaluation.metrics.fraud import money_recall, reviewed
from ...evaluation.metrics.shares import clopper_pearson
from .metrics import CREDIT_DECISION, FRAUD_DECISION, TOO_LOW, cards_by_day, cards_checked, grade_rows, money_of

__all__ = ["credit_sections", "fraud_sections"]

CUTS = (0.02, 0.05, 0.08, 0.10, 0.125, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50)
"""Cut-offs that are always shown; none is chosen here."""
SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.10)
"""Review capacities, as shares of all rows."""
BANDS = (0.0, 10.0, 50.0, 100.0, 500.0, 1000.0, math.inf)
LIMITS = (50.0, 100.0, 500.0, 1000.0, 5000.0, 10000.0)
"""Round amounts at which rules and shops often ask more; a fraudster who knows them stays just below."""
NEAR = 0.05
MOST_DAYS = 62


# Credit --------------------------------------------------------------------------------------------------------------


def credit_sections(scored: Scored) -> list[Section]:
    """Probability of default by grade, and what each cut-off would mean. Empty without rows."""
    if not len(scored) or scored.positive is None:
        return []
    return [_grades(scored), _cutoffs(scored)]


def _grades(scored: Scored) -> Section:
    rows = grade_rows(scored)
    low = sum(row["light"] == "too low" for row in rows)
    text = (
        f"{len(scored):,} applications in {len(rows)} grades whose bounds were fixed beforehand. A grade's probability of default "
        f"is called too low where the Jeffreys test gives p below {TOO_LOW:g} (more defaulted than it explains), too high above "
        f"{1 - TOO_LOW:g}, else it holds. Of {len(rows)} true grades about {len(rows) * TOO_LOW:.1f} would be called too low by "
        f"luck; here it is {low}. With few defaults a grade holds because nothing can be proven."
    )
    columns = (
        Column("grade", "Grade"),
        Column("bounds", "Predicted from, to", "percent_range"),
        Column("rows", "Applications", "count"),
        Column("defaults", "Defaults", "count"),
        Column("expected", "Mean predicted", "percent"),
        Column("observed", "Observed", "percent"),
        Column("interval", "Jeffreys 95 % interval", "percent_range"),
        Column("p", "p", "number"),
        Column("light", "Verdict"),
    )
    figure = Figure(
        "grades_figure",
        "line",
        "Probability of default by grade",
        {
            "series": [
                {
                    "name": "observed",
                    "x": [row["expected"] for row in rows],
                    "y": [row["observed"] for row in rows],
                    "low": [row["interval"][0] for row in rows],
                    "high": [row["interval"][1] for row in rows],
                },
            ],
            "x_title": "mean predicted probability of default",
            "y_title": "share that defaulted",
            "diagonal": True,
            "percent": "xy",
        },
        f"One point a grade ({len(scored):,} applications), with its 95 % Jeffreys interval; points above the dashed line defaulted "
        "more than was said.",
    )
    blocks: list[Block] = [text, Table("grades", columns, rows, "Grades"), *([figure] if len(rows) > 1 else [])]
    numbers = {"grades": len(rows), "grades_too_low": low}
    return Section("grades", "Does each grade's probability of default hold?", tuple(blocks), numbers)


def _cutoffs(scored: Scored) -> Section:
    bad, gain, loss = scored.positives, CREDIT_DECISION.false_positive, CREDIT_DECISION.false_negative
    frozen = gain / (gain + loss) if scored.threshold is None else scored.threshold
    rows: list[dict[str, Any]] = []
    for cut in sorted({*CUTS, frozen}):
        accepted = scored.risk < cut
        n, lost = int(accepted.sum()), int((accepted & bad).sum())
        rows.append(
            {
                "cut": cut,
                "accepted": n,
                "approval": n / len(scored),
                "bad_rate": lost / n if n else math.nan,
                "interval": clopper_pearson(lost, n) if n else (math.nan, math.nan),
                "referred_bad": recall_at(bad, ~accepted),
                "profit": 100 * (gain * (n - lost) - loss * lost) / len(scored),
                "note": "frozen on validation" if cut == frozen else "",
            }
        )
    columns = (
        Column("cut", "Accept below", "percent"),
        Column("accepted", "Accepted", "count"),
        Column("approval", "Approval rate", "percent"),
        Column("bad_rate", "Bad rate among accepted", "percent"),
        Column("interval", "Exact 95 % interval", "percent_range"),
        Column("referred_bad", "Defaults that are referred", "percent"),
        Column("profit", "Profit per 100 applications", "number"),
        Column("note", "Note"),
    )
    text = (
        f"What each cut-off would mean for these {len(scored):,} applications ({int(bad.sum()):,} defaults). Profit is in gains of one "
        f"good loan and assumes that a default loses {loss / gain:g} of them and that a referred application earns nothing; put in "
        "your own margins and losses. The cut-off was frozen on validation rows: do not choose another from this table and quote "
        "its figure, it would be too good. Outcomes are known only of loans that were granted."
    )
    line = {
        "series": [
            {"name": "bad rate among accepted", "x": [r["approval"] for r in rows], "y": [r["bad_rate"] for r in rows],
             "low": [r["interval"][0] for r in rows], "high": [r["interval"][1] for r in rows]},
        ],
        "x_title": "approval rate", "y_title": "bad rate among accepted", "percent": "xy", "level": float(bad.mean()),
    }  # fmt: skip
    caption = (
        f"The more is approved, the more of it defaults (n = {len(scored):,}, exact 95 % intervals); the dashed line is the share of "
        "defaults if all were approved."
    )
    at = next(row for row in rows if row["note"])
    numbers = {"approval_rate": at["approval"], "bad_rate_accepted": at["bad_rate"], "profit_per_100": at["profit"]}
    blocks: list[Block] = [text, Table("cutoffs", columns, rows, "Cut-offs")]
    blocks.append(Figure("cutoffs_figure", "line", "Approval and bad rate", line, caption))
    return Section("cutoffs", "What would each cut-off mean?", tuple(blocks), numbers)


# Fraud ---------------------------------------------------------------------------------------------------------------


def fraud_sections(scored: Scored) -> list[Section]:
    """What a review capacity finds, and where the money goes. Empty without rows."""
    if not len(scored) or scored.positive is None:
        return []
    return [_capacity(scored), *_money(scored)]


def _capacity(scored: Scored) -> Section:
    y, risk, amount = scored.positives, scored.risk, money_of(scored)
    frauds = int(y.sum())
    rows: list[dict[str, Any]] = []
    for share in SHARES:
        seen = reviewed(risk, share)
        found = float(seen[y].sum())
        bounds = clopper_pearson(round(found), frauds) if frauds else (math.nan, math.nan)
        rows.append(
            {
                "share": share,
                "reviews": round(float(seen.sum())),
                "found": round(found),
                "recall": found / frauds if frauds else math.nan,
                "interval": bounds,
                "precision": found / float(seen.sum()),
                "money": math.nan if amount is None else money_recall(y, amount, risk, share),
                "note": "the capacity of the task" if share == FRAUD_DECISION.capacity else "",
            }
        )
    columns = (
        Column("share", "Reviewed", "percent"),
        Column("reviews", "Reviews", "count"),
        Column("found", "Frauds found", "count"),
        Column("recall", "Recall", "percent"),
        Column("interval", "Exact 95 % interval", "percent_range"),
        Column("precision", "Reviews that are fraud", "percent"),
        Column("money", "Defrauded money found", "percent"),
        Column("note", "Note"),
    )
    text = (
        f"What is found when people look at the riskiest of {len(scored):,} transactions, {frauds:,} of them fraud. Level scores at the "
        "border are drawn at random. A review is one transaction; cards are counted below."
    )
    blocks: list[Block] = [text, Table("capacity", columns, rows, "By review capacity")]
    if frauds:
        series = [{"name": "frauds", "x": list(SHARES), "y": [row["recall"] for row in rows]}]
        if amount is not None:
            series.append({"name": "money", "x": list(SHARES), "y": [row["money"] for row in rows]})
        data = {"series": series, "x_title": "share reviewed", "y_title": "share found", "log": True, "percent": "xy"}
        caption = f"Share of the {frauds:,} frauds and of their money that is found, by the share that is reviewed."
        blocks.append(Figure("capacity_figure", "line", "Found by review capacity", data, caption))
    numbers: dict[str, float] = {}
    for row in rows:
        key = f"{100 * row['share']:g}".replace(".", "_")
        numbers |= {f"recall_top_{key}": row["recall"], f"precision_top_{key}": row["precision"]}
    days = cards_by_day(scored)
    if days:
        blocks.append(_days_table(scored, days))
    return Section("capacity", "What does a review capacity find?", tuple(blocks), numbers)


def _days_table(scored: Scored, days: list[dict[str, Any]]) -> Table:
    k = cards_checked(scored)
    rows = [
        day | {"checked": k, "precision": day["found"] / k, "best": min(day["compromised"], k) / k}
        for day in days[-MOST_DAYS:]
    ]
    columns = (
        Column("day", "Day"),
        Column("checked", "Cards checked", "count"),
        Column("compromised", "Compromised, not found before", "count"),
        Column("found", "Found", "count"),
        Column("precision", "Card precision", "percent"),
        Column("best", "At best that day", "percent"),
    )
    note = "A compromised card that was found is blocked and leaves the later days (Fraud Detection Handbook)."
    if len(days) > MOST_DAYS:
        note += f" The last {MOST_DAYS} of {len(days)} days."
    return Table("days", columns, rows, "Card precision by day", note, folded=True)


def _money(scored: Scored) -> list[Section]:
    amount = money_of(scored)
    if amount is None:
        return []
    y, cut = scored.positives, 0.5 if scored.threshold is None else scored.threshold
    alert = scored.risk >= cut
    rows = [
        {"band": f"{low:g} to {high:g}" if math.isfinite(high) else f"{low:g} and more"}
        | _amount_row(y, alert, amount, (amount >= low) & (amount < high))
        for low, high in pairwise(BANDS)
    ]
    lost, saved = float(amount[y].sum()), float(amount[y & alert].sum())
    text = (
        f"At the frozen threshold ({cut:.3g}) alerts fall on {saved:,.0f} of {lost:,.0f} defrauded, in the currency of the data "
        f"({int(y.sum()):,} frauds in {len(y):,} transactions). What an alert saves depends on whether the payment can still be stopped."
    )
    limits = []
    for limit in LIMITS:
        for side, low, high in (("just below", limit * (1 - NEAR), limit), ("just above", limit, limit * (1 + NEAR))):
            own = (amount >= low) & (amount < high)
            limits.append({"limit": limit, "side": side} | _amount_row(y, alert, amount, own))
    shared = (
        Column("rows", "Transactions", "count"),
        Column("frauds", "Frauds", "count"),
        Column("share", "Fraud share", "percent"),
        Column("recall", "Frauds alerted", "percent"),
        Column("interval", "Exact 95 % interval", "percent_range"),
        Column("precision", "Alerts that are fraud", "percent"),
        Column("lost", "Defrauded, not alerted", "number"),
    )
    note = (
        f"Within {100 * NEAR:g} % of a round amount. More fraud just below than just above says that somebody knows the limit; fewer "
        "alerts there says that the model can be walked around."
    )
    blocks: tuple[Block, ...] = (
        text,
        Table("amounts", (Column("band", "Amount"), *shared), rows, "By amount"),
        Table(
            "limits",
            (Column("limit", "Limit", "number"), Column("side", "Side"), *shared),
            limits,
            "Just below and just above a limit",
            note,
            folded=True,
        ),
    )
    numbers = {"money_alerted": saved / lost if lost > 0 else math.nan}
    return [Section("money", "Where does the money go?", blocks, numbers)]


def _amount_row(y: np.ndarray, alert: np.ndarray, amount: np.ndarray, own: np.ndarray) -> dict[str, Any]:
    n, frauds, hits = int(own.sum()), int(y[own].sum()), int((y & alert)[own].sum())
    return {
        "rows": n,
        "frauds": frauds,
        "share": frauds / n if n else math.nan,
        "recall": recall_at(y[own], alert[own]),
        "interval": clopper_pearson(hits, frauds) if frauds else (math.nan, math.nan),
        "precision": precision_at(y[own], alert[own]),
        "lost": float(amount[own & y & ~alert].sum()),
    }
