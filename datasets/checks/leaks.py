"""Columns that give the label away: by value, by order, by beginning, by length, by what is not filled in.

    TX_FRAUD_SCENARIO   0 0 2 0 3 …   alone tells the classes of TX_FRAUD apart with an area of 1.000   -> stop

Every figure is held out, so a column of noise raises no alarm; see `features`. Columns that are known only after the
decision are in `late`, texts in `writing`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..finding import Finding, Level, Material, row_name
from ..values import as_numbers
from .columns import FEW_CLASSES, FEW_VALUES, Strength, Truth, strength, truth_of, views_of
from .features import held_out_majority, held_out_rates, macro_auroc, number_codes, stacked
from .late import check_late_columns
from .writing import check_writing, text_score

__all__ = ["check_giveaways", "check_late_columns", "check_length_giveaway"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS: tuple[Level, ...] = ("note", "warn", "stop")
STOP, WARN = 0.98, 0.95
"""Held-out area (of more than two classes: mean recall) of one column alone."""
ALONE = 4.0
"""How many times nearer to 1 a column must be than all others together before it is a stop."""
MANY_ROWS = 500
"""Rows below which a column must restate the label to be a stop: a lucky cut on one number is no proof there."""
LONG_WARN, LONG_STOP = 0.75, 0.95
COPIED, NEARLY_COPIED = 0.9995, 0.98
"""Rank correlation of a number column with a value to be estimated."""
MOST_CLASSES = 100


def check_giveaways(material: Material) -> list[Finding]:
    """One column that gives the label away: by its values, its order, its beginning, the way a text is written.

    A stop is a column that the model reads and that alone tells the classes nearly without fault, while all others
    together come nowhere near; a column that is not read is one level lower. Columns that the task itself keeps from
    the model, the group and the time are left out.
    """
    if material.task.kind == "regression":
        return _copied_values(material)
    truth = truth_of(material, 30_000, 4_000)
    if truth is None:
        return []
    best: dict[str, Strength] = {}
    for view in views_of(truth, material):
        found = strength(view, truth)
        if view.name not in best or found.score > best[view.name].score:
            best[view.name] = found
    strong = [one for one in best.values() if one.score >= WARN and one.score > _majority(truth) + 0.02]
    findings = _judged(strong, best, truth, material) if strong else []
    seen = {finding.field for finding in findings if finding.level == "stop"}
    return findings + [one for one in check_writing(material) if one.field not in seen]


def _majority(truth: Truth) -> float:
    """Score of always naming the most frequent class."""
    return float(np.bincount(truth.y).max() / len(truth.y)) if truth.k > FEW_CLASSES else 1 / truth.k


def _judged(strong: list[Strength], best: dict[str, Strength], truth: Truth, material: Material) -> list[Finding]:
    weak = [one for one in best.values() if one.score < WARN and one.view.read]
    rest = _together(weak, truth, material)
    ordered = order_score(truth) >= LONG_STOP
    findings = []
    for one in sorted(strong, key=lambda s: (not s.view.read, -s.score)):
        if ordered and one.view.way == "order" and not one.view.read:
            continue  # the rows stand in the order of the label, which is said elsewhere
        level = _level(one, rest, bool(weak), len(truth.y))
        if level is not None:
            findings.append(_giveaway(one, level, rest, bool(weak), truth, material))
    return findings


def _level(one: Strength, rest: float, others: bool, rows: int) -> Level | None:
    """How bad it is; None for an honest column in a set that is easy without it, too."""
    alone, without = 1 - one.score, 1 - rest
    if one.certain or (one.score >= STOP and without >= max(0.02, ALONE * alone)):
        place = 2 if one.certain or (others and rows >= MANY_ROWS) else 1  # a lone column cannot be compared
    elif without >= 2 * alone:
        place = 1
    else:
        return None
    return LEVELS[place if one.view.read else place - 1]


def _giveaway(one: Strength, level: Level, rest: float, others: bool, truth: Truth, material: Material) -> Finding:
    view, label = one.view, material.schema.label
    how = f"{view.words} alone gives {label!r} away (held-out {truth.measure} {one.score:.3f}"
    how += f"; the other columns together {rest:.3f})" if others else ")"
    if one.certain:
        how += f", {_example(one, truth)}"
    if view.read:
        remedy = (
            f"Find out when {view.name!r} is written down: if it follows from the label, leave it out with "
            f"--ignore {view.name}; if it is known before and honest, accept this finding."
        )
    elif view.way in ("prefix", "length", "order"):
        remedy = "It is not read by the model; find out whether the classes were gathered in different ways."
    elif truth.raw[view.name].nunique() > FEW_VALUES:
        remedy = (
            f"It is not read by the model, but rows of one {view.name!r} share a label: split by it with "
            f"--group {view.name}."
        )
    else:
        remedy = "It is not read by the model; keep it so."
    return Finding(
        "giveaways",
        level,
        f"{how}.",
        remedy,
        count=len(truth.y),
        total=len(material.labelled),
        field=view.name,
        figures={"alone": round(one.score, 4), "others": round(rest, 4), "view": view.way, "read": view.read},
    )


def _example(one: Strength, truth: Truth) -> str:
    """Which value goes with which class, in the first row of a class that is not the first row's."""
    place = int(np.argmax(truth.y != truth.y[0])) if truth.k > 1 else 0
    cell = truth.raw[one.view.name].iloc[place]
    return f"such as {str(cell)[:40]!r} with {truth.names[truth.y[place]]!r} in {row_name(truth.rows.index[place])}"


def _together(weak: list[Strength], truth: Truth, material: Material) -> float:
    """Score of all columns that the model reads but the strong ones, texts included."""
    if truth.k > FEW_CLASSES:
        return max((one.score for one in weak), default=0.0)
    parts = [one.held_out for one in weak if one.view.way in ("value", "order")]
    best = max((one.score for one in weak), default=0.0)
    scores = truth.score(stacked(parts, truth.y, truth.k, truth.other)) if parts else 1 / truth.k
    return max(best, scores, *(text_score(truth, one, material) for one in material.schema.of_kind("text")), 0.0)


def order_score(truth: Truth) -> float:
    """How well the place of a row in the file tells its class: mean area, or the share told with many classes."""
    codes = number_codes(np.arange(len(truth.y)))
    if truth.k > FEW_CLASSES:
        return float((held_out_majority(codes, truth.y, truth.fold) == truth.y).mean())
    return macro_auroc(held_out_rates(codes, truth.y, truth.k, truth.fold), truth.y)


def _copied_values(material: Material) -> list[Finding]:
    """Number columns whose order is that of the value to be estimated."""
    schema = material.schema
    labelled = material.sample(material.labelled, 30_000, 4_000)
    if len(labelled) < 20:
        return []
    value = labelled[schema.label].rank().to_numpy(np.float64)
    read = [one.name for one in schema.of_kind("number")]
    declared = {one.name for one in material.task.fields if one.protected}
    findings = []
    for name in [*read, *(one for one in schema.kept if one in material.raw and one not in declared)]:
        column = labelled[name] if name in read else as_numbers(material.raw.loc[labelled.index, name])[0]
        known = column.notna().to_numpy()
        if known.sum() < max(20, 0.5 * len(known)) or column.nunique() < 3:
            continue
        alike = abs(float(np.corrcoef(column[known].rank(), value[known])[0, 1]))
        if alike < NEARLY_COPIED:
            continue
        level = LEVELS[(2 if alike >= COPIED and len(schema.fields) > 1 else 1) - (name not in read)]
        findings.append(
            Finding(
                "giveaways",
                level,
                f"The column {name!r} is nearly the value {schema.label!r} itself (rank correlation {alike:.4f}).",
                f"Find out when {name!r} is written down; if it follows from the label, leave it out with "
                f"--ignore {name}.",
                count=int(known.sum()),
                total=len(material.labelled),
                field=name,
                figures={"rank_correlation": round(alike, 5), "read": name in read},
            )
        )
    return findings


# -- length, gaps and place -------------------------------------------------------------------------------------------


def check_length_giveaway(material: Material) -> list[Finding]:
    """The mere length of a text, the number of empty cells, or the place in the file tells the classes apart.

    Held-out mean area of one class against the rest, from 0.75 a warning and from 0.95 a stop. The place is never read,
    so it is a note: rows that stand in the order of their label do no harm until somebody cuts the file by hand.
    """
    truth = truth_of(material, 30_000, 4_000)
    if truth is None or truth.k > MOST_CLASSES:
        return []
    findings = []
    for words, field, codes in _sizes(truth, material):
        area = macro_auroc(held_out_rates(codes, truth.y, truth.k, truth.fold), truth.y)
        if area >= LONG_WARN:
            findings.append(_by_length(words, field, area, codes, truth, material))
    area = order_score(truth)
    if area >= LONG_STOP:
        findings.append(
            Finding(
                "row_order",
                "note",
                f"The rows stand in the order of {material.schema.label!r}: their place in the file alone tells the "
                f"classes apart ({area:.3f}).",
                "The parts are drawn by chance, so it does no harm; never cut the file by hand.",
                count=len(truth.y),
                total=len(material.labelled),
                figures={"area": round(area, 4)},
            )
        )
    return findings


def _sizes(truth: Truth, material: Material) -> list[tuple[str, str | None, Ints]]:
    """What is counted in a row, the column it is counted in, and its codes."""
    found: list[tuple[str, str | None, Ints]] = []
    gaps = np.zeros(len(truth.y), np.int64)
    for one in material.schema.fields:
        column = truth.rows[one.name]
        gaps += column.isna().to_numpy()
        if one.kind == "text":
            length = np.array([len(cell) if isinstance(cell, str) else 0 for cell in column], np.float64)
            found.append((f"The length of the text in {one.name!r}", one.name, number_codes(length)))
        elif one.kind == "set":
            count = [cell.count(";") + 1 if isinstance(cell, str) else 0 for cell in column]
            found.append((f"The number of findings in {one.name!r}", one.name, number_codes(np.array(count, float))))
    if gaps.any() and len(material.schema.fields) > 1:
        found.append(("The number of empty cells", None, number_codes(gaps.astype(np.float64))))
    return found


def _by_length(words: str, field: str | None, area: float, codes: Ints, truth: Truth, material: Material) -> Finding:
    middle = [int(np.median(codes[truth.y == number])) for number in range(truth.k)]
    low, high = int(np.argmin(middle)), int(np.argmax(middle))
    return Finding(
        "length_giveaway",
        "stop" if area >= LONG_STOP else "warn",
        f"{words} alone tells the classes of {material.schema.label!r} apart (held-out mean area {area:.3f}): it is "
        f"smallest for {truth.names[low]!r} and largest for {truth.names[high]!r}.",
        "Find out whether the classes were written or gathered in different ways; report the score of the length alone "
        "beside that of the model.",
        count=len(truth.y),
        total=len(material.labelled),
        field=field,
        figures={"area": round(area, 4)},
    )
