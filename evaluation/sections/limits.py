"""What the model is not, what to watch while it is in use, and who has to sign before it is."""

from __future__ import annotations

import numpy as np

from ...core.pages import Block, Column, Section, Table
from ..view import View
from ..words import percent
from . import TITLES

__all__ = ["section"]

WATCH = (
    (
        "Score and fields against the training rows (PSI)",
        "every month",
        "above 0.10 look, above 0.25 stop and tune anew",
    ),
    ("Observed to expected", "every month, once labels have arrived", "outside 0.80 to 1.25 calibrate anew"),
    ("The headline figure", "every month, once labels have arrived", "below the lower end of its interval here"),
    ("Share of withheld answers", "every week", "twice what it is here, or half of it"),
    ("What people changed", "every case", "read it; feed it back as labels"),
)
"""What to recompute in use, how often, and when to act: PSI by the convention of credit scoring, the others by judgement."""
FEW_OF_ONE, FEW_OF_LABEL, MUCH_MISSING = 100, 10, 0.2
"""Rows of the rarer outcome, and rows of one label, below which the report says so; share missing from which a field is named."""
SIGNERS = ("Developer", "Independent reviewer", "Expert of the field")


def section(view: View) -> Section:
    """State intended use, known limits of this very measurement, the watch to keep, and an empty table of signatures."""
    task = view.task
    limits = _limits(view)
    use = (
        ("Intended use", f"To answer “{task.title}” for a person who knows the case and decides."),
        ("What it is not", task.safety.statement),
        ("Where it does not answer", task.safety.referral),
        (
            "Not for",
            "cases unlike those it learnt from, decisions without a person, questions other than the one above.",
        ),
        (
            "Human oversight",
            f"A named person answers for each decision and can overrule every output; overruling is recorded. {_silence(view)}",
        ),
    )
    blocks: tuple[Block, ...] = (
        Table("use", (Column("what", "What"), Column("words", "In words")), [{"what": a, "words": b} for a, b in use]),
        Table(
            "limits",
            (Column("limit", "Limit of these figures"),),
            [{"limit": one} for one in limits],
            title="What these figures do not show",
        ),
        Table(
            "watch",
            (Column("what", "Recompute"), Column("when", "When"), Column("act", "Act when it is")),
            [{"what": a, "when": b, "act": c} for a, b, c in WATCH],
            title="Watch to keep while it is in use",
            note="Tuning anew makes a new run with a new report; compare the two with `verticals compare` before changing over.",
        ),
        Table(
            "signatures",
            (Column("role", "Role"), Column("name", "Name"), Column("date", "Date"), Column("signature", "Signature")),
            [{"role": role, "name": "", "date": "", "signature": ""} for role in SIGNERS],
            title="Signatures",
            note="An empty line means that nobody of that role has agreed to the use of this model.",
        ),
        Table(
            "changes",
            (
                Column("date", "Date"),
                Column("change", "What is changed: data, recipe, threshold"),
                Column("proof", "Figure that it must reach, and on which rows"),
                Column("result", "Result"),
                Column("who", "Approved by"),
            ),
            [{"date": "", "change": "", "proof": "", "result": "", "who": ""}] * 3,
            title="Change log",
            note="To be filled in before a change: what may change, and what proves that it may stay (a change control plan).",
        ),
        "Human comparison: not computed, as no human answered these rows.",
    )
    return Section("limits", TITLES["limits"], blocks, {"known_limits": len(limits)})


def _limits(view: View) -> list[str]:
    """One sentence for each thing that the rows at hand cannot show."""
    facts, rows = view.facts, len(view.scored)
    found = []
    if facts.get("simulated") or (view.own_rows and view.prepared is not None and view.prepared.simulated):
        found.append("The rows were made by a simulator: no figure speaks of real cases.")
    elif facts.get("tuned_on_simulated"):
        found.append("The model learnt from simulated rows and was measured on others.")
    if view.own_rows and view.predictor is not None:
        found.append("The rows come from the same source as those it learnt from; how it does elsewhere is unknown.")
    if view.predictor is None:
        found.append("Only predictions were given: nothing is known here of how they were made.")
    head = facts.get("headline") or {}
    low, high = head.get("interval") or (None, None)
    if low is not None and high is not None and high - low > 0.1:
        found.append(
            f"There are {rows:,} rows, so the headline figure is only known to within ±{(high - low) / 2:.2f}."
        )
    if view.schema.time is None or view.schema.time not in view.scored.rows.columns:
        found.append("No row has a time, so nothing is known of how the model ages.")
    if view.group is None:
        found.append("No column names patients, pupils or customers, so rows of one of them may stand on both sides.")
    seen = (facts.get("rows") or {}).get("seen")
    if seen:
        found.append(f"{seen:,} measured rows equal a row it learnt from in every field: they measure memory.")
    found += _thin(view)
    found.append(
        "No person answered the same rows, so the model cannot be set beside people; a reader study is the next step."
    )
    return found


def _silence(view: View) -> str:
    """When it gives no answer, in a sentence."""
    most = view.task.safety.max_error
    if most is None:
        return "By score alone it answers every row; rules send some to a person whatever the score."
    return (
        f"It withholds answers so that at most {percent(most, 0)} of those given on validation rows were wrong, and rules send "
        "some rows to a person whatever the score."
    )


def _thin(view: View) -> list[str]:
    """Where the rows are too few or too empty to carry a figure."""
    scored, found = view.scored, []
    if scored.positive is not None:
        positives = int(scored.positives.sum())
        fewer = min(positives, len(scored) - positives)
        if fewer < FEW_OF_ONE:
            found.append(
                f"Only {fewer:,} of {len(scored):,} rows have the rarer outcome; below {FEW_OF_ONE} its figures move much from "
                "sample to sample."
            )
    elif view.probabilities and scored.labels:
        counts = np.bincount(scored.truth[scored.truth >= 0], minlength=len(scored.labels))
        rare, none = int(((counts > 0) & (counts < FEW_OF_LABEL)).sum()), int((counts == 0).sum())
        if rare or none:
            found.append(
                f"Of {len(counts):,} labels {rare:,} have fewer than {FEW_OF_LABEL} of the {len(scored):,} rows and {none:,} have "
                "none: nothing is known of any one of them."
            )
    if view.probabilities and (scored.truth < 0).any():
        found.append(
            f"{int((scored.truth < 0).sum()):,} rows have a label that the run never saw; they count as wrong."
        )
    names = [field.name for field in view.schema.fields if field.name in scored.rows.columns]
    empty = sorted(((float(scored.rows[name].isna().mean()), name) for name in names), reverse=True)
    much = [f"{name} ({percent(share, 0)})" for share, name in empty if share > MUCH_MISSING]
    if much:
        more = f" and {len(much) - 6} more" if len(much) > 6 else ""
        found.append(
            f"More than {percent(MUCH_MISSING, 0)} of {len(scored):,} rows lack {', '.join(much[:6])}{more}; where they are missing "
            "because of the outcome, the figures are too good."
        )
    return found
