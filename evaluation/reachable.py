"""How much of what can be known the tuned model knows: on simulated records the true probabilities are a ceiling.

    always the shares 0.50 ... tuned 0.78 ... the simulator's own probabilities 0.84   ->  82 % of the reachable

The Bayes scorer answers with the true probability of each label given what the record says; no model is better but by
luck of these rows. For real records there is no such ceiling, and none is printed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import DataError
from ..core.task import Prepared, Scored, Task
from .intervals import Resamples
from .measure import baseline_row

__all__ = ["bayes_scored", "reachable_facts"]

FLOOR = "majority"
LEAST_RANGE = 0.01
"""Distance between floor and ceiling below which a share of it means nothing."""


def bayes_scored(task: Task, scored: Scored, prepared: Prepared) -> Scored | None:
    """The same rows scored with the simulator's true probabilities.

    None where the rows were not simulated, or the simulator does not know them.

    Raises:
        DataError: the true probabilities do not belong to these labels or rows.
    """
    if task.true_probabilities is None or not prepared.simulated or prepared.source.get("kind") != "simulated":
        return None
    asked = prepared.source.get("asked")
    rows = task.simulated_rows if asked is None else int(asked)
    truth = task.true_probabilities(rows, int(prepared.source.get("seed", 0)))
    lacking = [label for label in scored.labels if label not in truth.columns]
    if lacking or not scored.rows.index.isin(truth.index).all():
        raise DataError(
            f"The true probabilities of {task.name} lack {lacking[0]!r} or some of the rows; its author must mend them."
            if lacking
            else f"The true probabilities of {task.name} lack some of its rows; its author must mend them."
        )
    scores = truth.loc[scored.rows.index, list(scored.labels)].to_numpy(np.float64)
    return Scored(
        scored.truth, scores, scored.labels, scored.rows, scored.positive, scored.threshold, offsets=scored.offsets
    )


def reachable_facts(
    task: Task, scored: Scored, prepared: Prepared, baselines: list[dict[str, Any]], ours: float, group: str | None
) -> dict[str, Any] | None:
    """The ceiling on the headline metric, and which share of the way from the floor to it the model has gone.

    Args:
        task: with `true_probabilities`.
        scored: the rows that were measured.
        prepared: where they come from.
        baselines: rows of the baselines table, one of which is the floor.
        ours: the tuned model's headline value.
        group: column whose rows belong together.

    Returns:
        ceiling, difference and its paired 95 % interval, floor, and share (1 is all; None without a floor or where
        floor and ceiling are less than 0.01 apart); None for records that were not simulated.
    """
    bayes = bayes_scored(task, scored, prepared)
    if bayes is None:
        return None
    draws = Resamples(len(scored), scored.rows[group].tolist() if group is not None else None)
    row = baseline_row("Bayes scorer", "", task.headline, scored, bayes, draws, group)
    floor = next((one["value"] for one in baselines if one["name"] == FLOOR), None)
    share = None
    if floor is not None and abs(row["value"] - floor) >= LEAST_RANGE:
        share = (ours - floor) / (row["value"] - floor)
    return {
        "ceiling": row["value"],
        "difference": row["difference"],
        "interval": row["interval"],
        "floor": floor,
        "share": share,
        "card": None
        if task.simulator_card is None
        else {
            "version": task.simulator_card.version,
            "draws": task.simulator_card.draws,
            "limits": task.simulator_card.limits,
        },
    }
