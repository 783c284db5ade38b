"""Texts that give the label away by the way they are written, or by naming it.

    C[C@@H]1CC[NH2+]C1      '[AA0+]' stands in 71 % of the texts of one class and in 9 % of the other's

A model tuned on such texts learns who wrote them. What counts is what is left when every letter is made alike: capitals,
digits, brackets, marks, blanks. Where that tells the classes as well as the words do, the words were not needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from ...core.task import Field
from ..finding import Finding, Level, Material, row_name
from .columns import FEW_CLASSES, Floats, Truth, truth_of
from .features import END, START, Grams, character_grams, folds, held_out_ridge, macro_auroc, stratified

__all__ = ["check_writing", "text_area", "text_score"]

STOP, WARN = 0.97, 0.95
"""Held-out score of the way of writing alone."""
ENOUGH = 0.6
"""How much of the plain text's faults the way of writing must explain: (1 - plain) / (1 - written)."""
MARK_STOP, MARK_WARN = 0.99, 0.97
"""Area of one single group of marks."""
ROWS, QUICK_ROWS = 1_500, 400
LETTERS, QUICK_LETTERS = 800, 300
"""Characters of a text that are looked at."""
SIGNS, BLANKS = 0.15, 0.05
"""A notation has at least this share of marks and digits and at most this share of blanks; SMILES has 0.4 and 0."""
NAMED, ELSEWHERE = 0.8, 0.1


def check_writing(material: Material) -> list[Finding]:
    """Texts whose way of writing alone gives the label away, or that name it.

    Stop: a notation (a formula, a code) whose marks tell the classes nearly without fault and as well as the plain text
    does, or any text where one single group of marks does so. Warn: the same of running words, and a label's name that
    stands in nearly all texts of its class and in few others.
    """
    truth = truth_of(material, ROWS, QUICK_ROWS)
    if truth is None:
        return []
    findings = []
    for one in material.schema.of_kind("text"):
        texts = _texts(truth, one, LETTERS if material.thorough else QUICK_LETTERS)
        if truth.k <= FEW_CLASSES:
            findings += _written(texts, truth, one, material)
        findings += _named(texts, truth, one, material)
    return findings


def _texts(truth: Truth, one: Field, most: int) -> list[str]:
    return [str(cell)[:most] if isinstance(cell, str) else "" for cell in truth.rows[one.name]]


def text_score(truth: Truth, one: Field, material: Material) -> float:
    """Score of a text field's own letter groups, held out, on at most 1,500 rows (400 before tuning)."""
    scores, part = _held_out_text(truth, one, material)
    return part.score(scores)


def text_area(truth: Truth, one: Field, material: Material) -> float:
    """Mean area of the same, one class against the rest."""
    scores, part = _held_out_text(truth, one, material)
    return macro_auroc(scores, part.y)


def _held_out_text(truth: Truth, one: Field, material: Material) -> tuple[Floats, Truth]:
    some = stratified(truth.y, ROWS if material.thorough else QUICK_ROWS, material.seed)
    y = truth.y[some]
    part = replace(truth, rows=truth.rows.iloc[some], y=y, fold=folds(y, seed=material.seed))
    return _plain(_texts(part, one, LETTERS if material.thorough else QUICK_LETTERS), part), part


def _plain(texts: list[str], truth: Truth) -> Floats:
    grams = character_grams(texts, sizes=(1, 4), width=1 << 18)
    return held_out_ridge(grams.matrix, truth.y, truth.k, truth.fold)


# -- the way of writing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mark:
    """A group of marks that stands in the texts of one class more often than in the others'."""

    words: str
    here: float
    """Share of the class's texts."""
    elsewhere: float
    name: str
    """Of the class."""

    @property
    def area(self) -> float:
        """Area under the ROC curve of having it or not."""
        return 0.5 + abs(self.here - self.elsewhere) / 2

    def __str__(self) -> str:
        """As a part of a sentence."""
        return f"{self.words} in {self.here:.0%} of {self.name!r} but {self.elsewhere:.0%} of the others"


def _written(texts: list[str], truth: Truth, one: Field, material: Material) -> list[Finding]:
    grams = character_grams(texts, written=True, sizes=(1, 4), width=1 << 14)
    if not grams.matrix.nnz:
        return []
    written = truth.score(held_out_ridge(grams.matrix, truth.y, truth.k, truth.fold))
    if not written >= WARN:
        return []
    plain = truth.score(_plain(texts, truth))
    marks = _marks(grams, truth)
    alone = marks[0].area if truth.k == 2 and len(truth.y) >= FEW_ROWS else 0.0
    enough = 1 - plain >= ENOUGH * (1 - written) or written >= 0.995
    level = 1 if alone >= MARK_WARN or (enough and written >= (WARN if _notation(texts) else STOP)) else 0
    if alone >= MARK_STOP or (enough and written >= STOP and _notation(texts)):
        level = 2
    if not level:
        return []
    return [
        Finding(
            "writing",
            LEVELS[level],
            f"The mere way in which {one.name!r} is written gives {material.schema.label!r} away: with all letters made "
            f"alike the held-out {truth.measure} is still {written:.3f} ({plain:.3f} with the letters); "
            f"{'; '.join(map(str, marks[:3]))} (A stands for a capital, a for other letters, 0 for a digit).",
            f"Find out whether the classes of {one.name!r} come from different sources; write all of them in one way "
            "(the same spelling rules, one canonical form of a formula) before tuning, and never report this set as "
            "the main result.",
            count=len(texts),
            total=len(material.labelled),
            field=one.name,
            examples=tuple(str(mark) for mark in marks[:5]),
            figures={"written": round(written, 4), "plain": round(plain, 4), "mark": round(alone, 4)},
        )
    ]


FEW_ROWS = 50
LEVELS: tuple[Level, ...] = ("note", "warn", "stop")


def _notation(texts: list[str]) -> bool:
    """Whether the texts are formulas or codes rather than running words."""
    joined = "".join(texts[:300])
    signs = sum(not (letter.isalpha() or letter.isspace()) for letter in joined)
    blanks = sum(letter.isspace() for letter in joined)
    return bool(joined) and signs >= SIGNS * len(joined) and blanks <= BLANKS * len(joined)


def _marks(grams: Grams, truth: Truth) -> list[Mark]:
    """The groups of marks that differ most between a class and the others, the strongest first, none within another."""
    from scipy import sparse

    present = grams.matrix.copy()
    present.data = np.ones_like(present.data)
    size = np.bincount(truth.y, minlength=truth.k)
    members = sparse.csr_matrix((np.ones(len(truth.y)), (truth.y, np.arange(len(truth.y)))))
    count = np.asarray((members @ present).todense(), dtype=np.float64)
    here = count / size[:, None]
    elsewhere = (count.sum(0) - count) / (size.sum() - size)[:, None]
    marks: list[Mark] = []
    for place in np.argsort(-(here - elsewhere), axis=None)[:60]:
        row, column = (int(part) for part in np.unravel_index(place, here.shape))
        words = grams.name(column)
        shown = repr(words.replace(START, "").replace(END, ""))
        shown += " at the start" if START in words else " at the end" if END in words else ""
        inner = words.strip(START + END)
        if any(inner in mark.words or mark.words[1:-1] in inner for mark in marks):
            continue
        marks.append(Mark(shown, float(here[row, column]), float(elsewhere[row, column]), truth.names[row]))
        if len(marks) == 5:
            break
    return marks


# -- the label's own name ---------------------------------------------------------------------------------------------


def _named(texts: list[str], truth: Truth, one: Field, material: Material) -> list[Finding]:
    """Labels whose name stands in nearly all texts of their class and hardly elsewhere."""
    plain = [f" {_bare(text)} " for text in texts]
    first: dict[str, int] = {}
    rows = 0
    for number, name in enumerate(truth.names):
        words = _bare(name)
        if sum(map(str.isalpha, words)) < (3 if words.isascii() else 2) or words in {"yes", "not", "none", "true"}:
            continue
        wanted = f" {words} " if words.isascii() else words
        own = np.flatnonzero(truth.y == number)
        if len(own) < 5 or sum(wanted in plain[row] for row in own) < NAMED * len(own):
            continue
        others = np.flatnonzero(truth.y != number)[:: max(1, (len(texts) - len(own)) // 500)]
        if sum(wanted in plain[row] for row in others) > ELSEWHERE * len(others):
            continue
        rows += len(own)
        first[name] = next(int(row) for row in own if wanted in plain[row])
    if rows < 0.2 * len(texts) or not first:
        return []
    name, row = next(iter(first.items()))
    return [
        Finding(
            "label_named",
            "warn",
            f"{one.name!r} names the label itself in nearly every row of {len(first)} of {truth.k} classes, such as "
            f"{name!r} in {row_name(truth.rows.index[row])}, and hardly in others.",
            f"Find out whether {one.name!r} was written after the label was known; if so, take the names out or leave "
            f"the column out with --ignore {one.name}.",
            count=rows,
            total=len(texts),
            field=one.name,
            figures={"classes": len(first)},
        )
    ]


def _bare(text: str) -> str:
    """Words without case and marks."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
