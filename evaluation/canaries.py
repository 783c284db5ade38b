"""Planted secrets: does a model learn a record by heart that it saw once, four times, sixteen times?

    planted = plant_canaries(prepare("medical.diagnosis", "notes.csv"), count=5, repeats=(1, 4, 16))
    evaluate(tune(planted, out="runs/canaries"))        the report's privacy section has a table by repeats

A canary is an invented training row with a random secret and a random label: where there is a text field a note such as
"The reference code is 7 3 9 1 0 4.", else a combination of values drawn field by field. What it says of the label can only
be learnt by heart. Exposure compares the loss of the true canary with that of others that were never planted.
Source: Carlini et al. (2019), The Secret Sharer, USENIX Security.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core.errors import DataError
from ..core.task import Prepared

__all__ = [
    "ALTERNATIVES",
    "Canary",
    "canary_rows",
    "chance_exposure",
    "exposure",
    "plant_canaries",
    "planted",
    "rank_of_first",
    "replanted",
    "without_canaries",
]

ALTERNATIVES = 128
"""|R|: secrets among which the true one is ranked, itself included; the highest exposure is then 7 bits."""
DIGITS = 6


@dataclass(frozen=True)
class Canary:
    """One secret."""

    record: pd.DataFrame
    """(1, columns) its row, with the label."""
    repeats: int
    """How often it stands in the training rows."""


def exposure(rank: int, alternatives: int = ALTERNATIVES) -> float:
    """log2 |R| − log2 rank, in bits: 0 where the true secret is the least likely, log2 |R| where it is the likeliest.

    Lower is better. Source: Carlini et al. (2019), definition 5.

    Args:
        rank: place of the true secret by loss, from 1 (lowest loss).
        alternatives: |R|, the true one included.
    """
    return math.log2(alternatives) - math.log2(rank)


def chance_exposure(alternatives: int = ALTERNATIVES) -> float:
    """Mean exposure of a secret that the model knows nothing of, in bits; about 1.4 for many alternatives."""
    return float(math.log2(alternatives) - np.mean(np.log2(np.arange(1, alternatives + 1))))


def _draws(prepared: Prepared, count: int, random: np.random.Generator) -> pd.DataFrame:
    """`count` records with a random secret and without a label, in the columns and types of the training rows."""
    train, schema = prepared.train, prepared.schema
    frame = train.iloc[random.integers(len(train), size=count)].reset_index(drop=True)
    texts = schema.of_kind("text")
    for one in schema.fields:
        if texts:
            blank: Any = math.nan if one.kind == "number" else pd.NaT if one.kind == "time" else None
            frame[one.name] = pd.Series([blank] * count, index=frame.index, dtype=train[one.name].dtype)
        else:  # each field by itself, so that the combination says nothing
            frame[one.name] = train[one.name].to_numpy()[random.integers(len(train), size=count)]
    if texts:
        codes = random.integers(10, size=(count, DIGITS))
        said = [f"The reference code is {' '.join(map(str, code))}." for code in codes]
        frame[texts[0].name] = pd.Series(said, index=frame.index, dtype=train[texts[0].name].dtype)
    read = {one.name for one in schema.fields}
    for name in frame.columns.difference([*read, schema.label]):  # ids and groups of real rows are not copied
        kind = frame[name].dtype
        blank = {"b": False, "i": -1, "u": 0}.get(kind.kind)
        frame[name] = pd.Series([blank] * count, index=frame.index, dtype=kind)
    return frame


def _names(prepared: Prepared) -> list[str]:
    return [one.name for one in prepared.schema.fields]


def _unlike(found: pd.DataFrame, known: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Rows whose fields equal no known row, each once."""
    keys = pd.util.hash_pandas_object(found[names].astype(str), index=False).to_numpy()
    taken = pd.util.hash_pandas_object(known[names].astype(str), index=False).to_numpy()
    return found[~np.isin(keys, taken) & ~pd.Series(keys).duplicated().to_numpy()]


def _made(prepared: Prepared, count: int, repeats: Sequence[int], seed: int) -> list[Canary]:
    task, schema = prepared.task, prepared.schema
    if task.candidates is not None and task.bank is None:
        raise DataError(
            "Canaries are not made where each record brings its own candidates; plant them in another task."
        )
    if count < 1 or not repeats or min(repeats) < 1 or not len(prepared.train):
        raise DataError("Canaries need training rows, a count and repeats of at least 1; name those.")
    random, wanted = np.random.default_rng((seed, 1)), count * len(repeats)
    found = _unlike(_draws(prepared, 4 * wanted, random), prepared.train, _names(prepared)).iloc[:wanted].copy()
    if len(found) < wanted:
        raise DataError(
            f"Only {len(found)} of {wanted} canaries differ from every training row, because the fields have few values; "
            "plant fewer."
        )
    if schema.labels:
        names: Sequence[Any] = schema.labels
    elif prepared.bank is not None:
        names = [str(name) for name in prepared.bank["id"]]
    else:
        names = prepared.train[schema.label].tolist()
    drawn = [names[i] for i in random.integers(len(names), size=wanted)]
    found[schema.label] = pd.Series(drawn, index=found.index, dtype=prepared.train[schema.label].dtype)
    return [Canary(found.iloc[[i]], int(repeats[i // count])) for i in range(wanted)]


def plant_canaries(prepared: Prepared, count: int = 5, repeats: Sequence[int] = (1, 4, 16), seed: int = 0) -> Prepared:
    """The same rows with invented secrets among the training rows, to tune a run that shows what it learns by heart.

    Validation and test rows stay as they are. A run that is tuned on them is for this question only, not for use: it has
    learnt rows that are not true. `source["canaries"]` keeps how they were drawn, and `evaluate` plants them again.

    Args:
        prepared: checked and split rows.
        count: secrets for each number of repeats.
        repeats: how often the secrets stand in the training rows.
        seed: of secrets and labels.

    Returns:
        The prepared rows; the canaries are the last training rows, numbered −1, −2, … in the index.

    Raises:
        DataError: there are canaries already, the records bring their own candidates, or too few combinations differ.
    """
    if planted(prepared):
        raise DataError("Canaries were planted already; plant them in the rows as `prepare` gives them.")
    canaries = _made(prepared, count, repeats, seed)
    rows = pd.concat([one.record for one in canaries for _ in range(one.repeats)])
    rows.index = pd.Index(-np.arange(1, len(rows) + 1))
    said = {"count": count, "repeats": list(map(int, repeats)), "seed": seed, "rows": len(rows)}
    digest = hashlib.sha256(f"{prepared.fingerprint} {said}\n{rows.to_csv(lineterminator=chr(10))}".encode())
    train = pd.concat([prepared.train, rows])
    return replace(
        prepared,
        train=train.astype(prepared.train.dtypes.to_dict()),
        source={**prepared.source, "canaries": {**said, "sha256": digest.hexdigest()}},
        fingerprint=digest.hexdigest() if prepared.fingerprint else "",
        notes=(*prepared.notes, f"{len(rows):,} invented rows (canaries) were planted among the training rows."),
    )


def planted(prepared: Prepared) -> dict[str, Any]:
    """How the canaries of some rows were drawn; empty where there are none."""
    said = prepared.source.get("canaries")
    return dict(said) if isinstance(said, dict) else {}


def replanted(prepared: Prepared) -> Prepared:
    """Rows that `prepare_again` has fetched, with the canaries that their source names; without any they stay as they are.

    Raises:
        DataError: the canaries come out otherwise than when they were planted.
    """
    said = planted(prepared)
    if not said:
        return prepared
    bare = replace(prepared, source={k: v for k, v in prepared.source.items() if k != "canaries"})
    again = plant_canaries(bare, int(said["count"]), said["repeats"], int(said["seed"]))
    if planted(again)["sha256"] != said.get("sha256"):
        raise DataError(
            "The canaries of this run come out otherwise than when they were planted; use the version that tuned it."
        )
    return again


def without_canaries(prepared: Prepared) -> pd.DataFrame:
    """The training rows that somebody recorded."""
    rows = planted(prepared).get("rows", 0)
    return prepared.train.iloc[: len(prepared.train) - int(rows)]


def canary_rows(prepared: Prepared, most: int) -> list[tuple[Canary, pd.DataFrame]]:
    """Canaries with the secrets that each is ranked among.

    Args:
        prepared: rows with canaries.
        most: canaries to rank, the same number for each number of repeats.

    Returns:
        For each canary (|R|, columns) records with its label: first the true one, then others that were never planted.
    """
    said = planted(prepared)
    if not said:
        return []
    bare = replace(prepared, train=without_canaries(prepared))
    canaries = _made(bare, said["count"], said["repeats"], said["seed"])
    each = max(1, most // len(said["repeats"]))
    chosen = [one for i, one in enumerate(canaries) if i % said["count"] < each]
    known = pd.concat([prepared.train, *(one.record for one in canaries)])
    found = []
    for number, one in enumerate(chosen):
        random = np.random.default_rng((said["seed"], 2, number))
        others = (
            _unlike(_draws(bare, 3 * ALTERNATIVES, random), known, _names(prepared)).iloc[: ALTERNATIVES - 1].copy()
        )
        label = prepared.schema.label
        others[label] = pd.Series(
            [one.record[label].iloc[0]] * len(others), index=others.index, dtype=others[label].dtype
        )
        found.append((one, pd.concat([one.record, others])))
    return found


def rank_of_first(losses: NDArray[np.float64]) -> int:
    """Place of the first loss among all, from 1; equal losses count half, rounded up, so that a model that does not tell
    secrets apart is in the middle."""
    below, equal = int((losses[1:] < losses[0]).sum()), int((losses[1:] == losses[0]).sum())
    return 1 + below + math.ceil(equal / 2)
