"""Personal data that should not be where a model is tuned on it.

    12 of 900 cells in 'note' hold phone numbers, first row 17: call me on [PHONE]

What is found is never shown: examples hold its kind only. `--fix` masks it in a copy; a column that holds nothing else
is emptied.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..finding import Finding, Fix, Level, Material, Part, row_name
from ..personal import CANDIDATE, EXACT, EXACT_KINDS, KINDS, MASKS, Span, find_personal, is_phone, masked
from ..personal_ids import card_holds, card_issued, resident_id_holds
from .personal_columns import headed_kind

__all__ = ["check_personal", "mask_text"]

MOST, QUICK = 50_000, 300
"""Different cells of a column that are read for everything; what has a checksum is looked for in more."""
MOST_EXACT, QUICK_EXACT = 500_000, 1_000
LETTERS = 20_000
"""Signs of a cell that are read."""
CHANCE, SURE = 0.1, 1e-4
"""Share of random numbers that pass Luhn, and how unlikely the share of a column must be under it."""
MOSTLY = 0.8
"""Share of a column of numbers that must be valid ones of a kind."""
STORIES = 0.1
"""Share of the names found that must be sure; below it the texts are stories and problems about people."""


def mask_text(text: str) -> str:
    """A text with its personal data masked, as `--fix` does it; masking it again changes nothing.

    >>> mask_text("患者王小明，电话13812345678")
    '患者[NAME]，电话[PHONE]'
    """
    return masked(text)


@dataclass(frozen=True)
class Place:
    """A column of a file."""

    name: str
    column: pd.Series
    part: Part
    material: Material

    @property
    def said(self) -> str:
        """The column in a message."""
        return repr(self.name) + ("" if self.part == "data" else " of the test")

    def fix(self, wanted: Fix) -> Fix:
        """Classes are not masked: a label that is changed is another one."""
        label = self.name == self.material.schema.label and self.material.task.kind != "generation"
        return "" if label else wanted


def check_personal(material: Material) -> list[Finding]:
    """Names, addresses and numbers of persons, in texts and as whole columns, in the data and in the test.

    One finding for each kind and column. Warn: a checksum holds, or words or the name of the column say what it is;
    note: what ordinary texts have, too, such as a title before a surname. In a column of numbers alone, one in ten
    passes the checksum of cards, so their share must be far above that.
    """
    findings: list[Finding] = []
    frames: tuple[tuple[Part, pd.DataFrame | None], ...] = (("data", material.raw), ("test", material.test_raw))
    for part, frame in frames:
        if frame is None or not len(frame):
            continue
        for name in frame.columns:
            place = Place(str(name), frame[name], part, material)
            dtype = place.column.dtype
            if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype):
                continue
            kind, by = headed_kind(place.name, place.column, [str(one) for one in frame.columns])
            if kind:
                findings.append(_whole(place, kind, by))
            elif pd.api.types.is_numeric_dtype(dtype):
                findings += _numbers(place)
            else:
                findings += _texts(place)
    return findings


def _whole(place: Place, kind: str, by: str) -> Finding:
    """A column that holds nothing but personal data."""
    known = place.column.dropna()
    rows = tuple(int(row) for row in known.index)
    return Finding(
        "personal",
        "warn",
        f"The column {place.said} holds {KINDS[kind]} by its {by} ({len(known):,} cells), first {row_name(rows[0])}.",
        f"Take the column out of the file, or empty it in a copy with --fix; a model must not read it (--ignore {place.name}).",
        count=len(known),
        total=len(place.column),
        rows=rows,
        part=place.part,
        field=place.name,
        examples=(f"{row_name(rows[0])}: {MASKS[kind]}",),
        figures={"kind": kind, "cells": len(known), "by": by},
        fix=place.fix("blank"),
    )


def _numbers(place: Place) -> list[Finding]:
    """Numbers of cards, residents and phones that were read as numbers: only where most of a column are valid ones."""
    known = place.column.dropna()
    if not len(known) or float(known.min()) < 1e10 or float(known.max()) >= 1e19 or bool((known % 1 != 0).any()):
        return []
    some = known if len(known) <= 1_000 else known.sample(1_000, random_state=place.material.seed)
    cells = list(dict.fromkeys(f"{int(cell)}" for cell in some))
    holds: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("card", card_holds), ("resident_id", resident_id_holds), ("phone", is_phone)
    )  # fmt: skip
    for kind, check in holds:
        right = sum(bool(check(cell)) for cell in cells)
        if right >= max(3, MOSTLY * len(cells)):
            return [_whole(place, kind, "values")] if kind != "phone" else [_maybe_phones(place, known)]
    return []


def _maybe_phones(place: Place, known: pd.Series) -> Finding:
    """Whole numbers that could all be called; numbers of orders can look the same."""
    rows = tuple(int(row) for row in known.index)
    return Finding(
        "personal",
        "note",
        f"The numbers in {place.said} could be phone numbers ({len(known):,} cells), first {row_name(rows[0])}.",
        f"If they are, take the column out of the file (--ignore {place.name}).",
        count=len(known),
        total=len(place.column),
        rows=rows,
        part=place.part,
        field=place.name,
        figures={"kind": "phone", "cells": len(known)},
    )


# -- texts ------------------------------------------------------------------------------------------------------------


def _texts(place: Place) -> list[Finding]:
    """What stands in the cells of a column of texts; each different text is read once."""
    texts, nested = _as_texts(place.column)
    codes, values = pd.factorize(texts)
    cells = np.asarray(values, dtype=object)
    if not len(cells):
        return []
    likely, exact = _matching(cells, CANDIDATE), _matching(cells, EXACT)
    full, full_share = _some(likely, MOST if place.material.thorough else QUICK, place.material.seed)
    beyond, _ = _some(
        np.setdiff1d(exact, full), MOST_EXACT if place.material.thorough else QUICK_EXACT, place.material.seed
    )
    sure: dict[str, list[int]] = defaultdict(list)
    unsure: dict[str, list[int]] = defaultdict(list)
    spans = {int(one): find_personal(str(cells[one])[:LETTERS]) for one in full}
    spans |= {int(one): find_personal(str(cells[one])[:LETTERS], exact=True) for one in beyond}
    for one, kinds in _without_chance(cells, spans).items():
        for kind, certain in kinds.items():
            (sure if certain else unsure)[kind].append(one)
    rows_of = _rows_of(codes, texts.index)
    found = []
    for kind in KINDS:
        if kind in sure or kind in unsure:
            share = 1.0 if kind in EXACT_KINDS else full_share
            found.append(_found(place, kind, cells, rows_of(sure[kind]), rows_of(unsure[kind]), share, nested))
    return found


def _as_texts(column: pd.Series) -> tuple[pd.Series, set[int]]:
    """Cells as texts, those without one left out; positions of cells that are lists or mappings."""
    known = column.dropna()
    if known.dtype == "str":
        return known, set()
    if isinstance(known.dtype, pd.CategoricalDtype):
        return known.astype("str"), set()
    nested = {int(str(row)) for row, cell in known.items() if isinstance(cell, (list, dict, tuple, np.ndarray))}
    return pd.Series([_as_text(cell) for cell in known], index=known.index, dtype="str"), nested


def _as_text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, (list, dict, tuple)):
        return "\n".join(_leaves(cell))
    return "" if isinstance(cell, (bool, np.bool_)) else str(cell)


def _leaves(cell: Any) -> list[str]:
    """The texts in a list or mapping, with the key before each."""
    if isinstance(cell, dict):
        return [f"{key}: {leaf}" for key, one in cell.items() for leaf in _leaves(one)]
    if isinstance(cell, (list, tuple)):
        return [leaf for one in cell for leaf in _leaves(one)]
    return [] if cell is None else [cell if isinstance(cell, str) else json.dumps(cell, default=str)]


def _matching(cells: NDArray[Any], pattern: str) -> NDArray[np.int64]:
    """Positions of texts in which a pattern is found; linear in the length of the texts (RE2)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    hits = pc.match_substring_regex(pa.array(cells, pa.large_string()), pattern)  # type: ignore[attr-defined,unused-ignore]
    return np.flatnonzero(hits.to_numpy(zero_copy_only=False).astype(bool))


def _some(places: NDArray[np.int64], most: int, seed: int) -> tuple[NDArray[np.int64], float]:
    """At most so many places, and their share."""
    if len(places) <= most:
        return places, 1.0
    return np.sort(np.random.default_rng(seed).choice(places, most, replace=False)), most / len(places)


def _rows_of(codes: NDArray[np.int64], index: pd.Index) -> Callable[[list[int]], NDArray[np.int64]]:
    """Function from places of different texts to the positions of their rows."""
    positions = index.to_numpy().astype(np.int64)

    def rows(places: list[int]) -> NDArray[np.int64]:
        return np.sort(positions[np.isin(codes, places)]) if places else np.empty(0, np.int64)

    return rows


CODE = re.compile(r"[\d\s.()+-]{5,40}")


def _without_chance(cells: NDArray[Any], spans: dict[int, list[Span]]) -> dict[int, dict[str, bool]]:
    """Place -> kind -> sure; in a column of numbers, kinds that so many random numbers would have, too, are left out."""
    kinds: dict[int, dict[str, bool]] = {}
    for one, found in spans.items():
        for span in found:
            kinds.setdefault(one, {})
            kinds[one][span.kind] = kinds[one].get(span.kind, False) or span.sure
    some = cells[:: max(1, len(cells) // 1_000)]
    if sum(CODE.fullmatch(str(cell)) is not None for cell in some) < 0.9 * len(some):
        return kinds
    digits = [re.sub(r"\D", "", str(cell)) for cell in some]
    issued = [one for one in digits if card_issued(one)]
    cards = _far_above(sum(map(card_holds, issued)), len(issued))
    bare = [str(cell) for cell in some if str(cell).isdigit()]
    phones = sum(is_phone(one) is not None for one in bare) >= max(3, MOSTLY * len(some))
    for one, found_kinds in kinds.items():
        if not cards:
            found_kinds.pop("card", None)
        if str(cells[one]).isdigit() and "phone" in found_kinds:
            if phones:
                found_kinds["phone"] = False
            else:
                found_kinds.pop("phone")
    return kinds


def _far_above(right: int, number: int) -> bool:
    """Whether so many of a number cannot be chance (Chernoff's bound on the binomial tail)."""
    if not number or right <= CHANCE * number:
        return False
    share = min(right / number, 1 - 1e-12)
    divergence = share * math.log(share / CHANCE) + (1 - share) * math.log((1 - share) / (1 - CHANCE))
    return math.exp(-number * divergence) < SURE


def _found(
    place: Place,
    kind: str,
    cells: NDArray[Any],
    sure: NDArray[np.int64],
    unsure: NDArray[np.int64],
    share: float,
    nested: set[int],
) -> Finding:
    """One kind in one column."""
    rows = np.union1d(sure, unsure)
    level: Level = "warn" if len(sure) and (kind != "name" or len(sure) >= STORIES * len(rows)) else "note"
    what = f"hold {KINDS[kind]}" if level == "warn" else f"hold what looks like {KINDS[kind]}"
    part = "" if share == 1 else f" ({100 * share:.0f} % of the cells that may hold some were read)"
    first = row_name(int(rows[0]))
    listed = bool(nested & set(rows.tolist()))
    remedy = (
        "Mask them where the records come from: cells that hold lists are not changed."
        if listed
        else "Mask them in a copy with --fix, or take them out where the records come from."
        if level == "warn"
        else "Look at some: stories and problems about people look the same; --fix masks them, too."
    )
    return Finding(
        "personal",
        level,
        f"{len(rows):,} of {len(place.column):,} cells in {place.said} {what}{part}, first {first}.",
        remedy,
        count=len(rows),
        total=len(place.column),
        rows=tuple(rows.tolist()),
        part=place.part,
        field=place.name,
        examples=tuple(
            f"{row_name(int(row))}: {_shown(place.column.loc[int(row)], kind)}"
            for row in (sure if len(sure) else rows)[:3]
        ),
        figures={"kind": kind, "cells": len(rows), "sure": len(sure), "read": round(share, 4)},
        fix="" if listed else place.fix("mask"),
    )


def _shown(cell: Any, kind: str) -> str:
    """The mask and the plain words around it; whatever may be a name or a number is left out."""
    said = masked(_as_text(cell)[:LETTERS])
    mask = MASKS[kind]
    before, _, behind = said.partition(mask)
    plain = re.compile(r"[a-z'’,.:;()-]+")
    words = [*(before.split() if before else [])[-3:], mask, *behind.split()[:3]]
    return " ".join(one if one == mask or plain.fullmatch(one) else "…" for one in words)
