"""Simulated pupils' questions, in pupils' words, for a task that must run where no records are at hand.

Every entry of the course bank has its own phrasings in `questions.jsonl`; most of them describe the trouble and do not
name the idea. `shared.jsonl` adds vague ones that several entries may answer ("do i halve it or not"), each with the
shares of those who ask so. A phrasing is a *template*: numbers are drawn for its slots, everyday frames are put round
it, and it is typed the way pupils type. The column `template` names it, so that a split can keep every phrasing on one
side and a test row always holds a phrasing that was not trained on.

The column `style` says how much the pupil helps: `bare` is the phrasing alone (often too little for anyone), `topic`
adds the unit ("its about fractions"), `class word` adds what the class calls the matter ("its the top heavy stuff"),
and `named` adds the heading of the lesson. Class words and headings recur in all parts of a split, as they do in a
school; a report sets the styles side by side. One row:

    question     hey, i added the tops and the bottoms and got 2/5 why is that worng
    grade        6
    explanation  add-fractions
    skill        fractions
    style        bare
    template     add-fractions/0
    pupil        grade-6-014
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ...core.task import SimulatorCard
from .pupils_words import MENTIONS, OFF_TOPIC, PREFIXES, SPOKEN, SUFFIXES
from .readers import bank_rows, class_words, phrasings, shared_phrasings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["SIMULATOR_CARD", "simulate", "simulate_unanswerable", "true_probabilities"]

COLUMNS = ("question", "grade", "explanation", "skill", "style", "template", "pupil")
STYLES = ("bare", "topic", "class word", "named")
OWN_SHARES = (0.2, 0.05, 0.45, 0.3)
"""Share of each style among the questions in an entry's own phrasing; an assumption, not a measurement."""
SHARED_SHARES = (0.5, 0.3, 0.2, 0.0)
"""The same for phrasings that several entries answer: who knows the heading asks less vaguely."""
SHARED_TURNS = 4
"""How often a shared phrasing comes up for one turn of an entry's own phrasing."""
GRADES = tuple(range(4, 11))
GRADE_HIDDEN, GRADE_BESIDE = 0.2, 0.1
"""Share of rows without a grade, and of pupils one grade below or above the band of the explanation."""
CHUNK = 20_000
"""Rows that are written at a time; part of the definition, as each chunk has its own random numbers."""
SIMULATOR_CARD = SimulatorCard(
    version="2",
    draws=(
        "Each phrasing of the course bank takes its turn; one that several explanations answer draws the explanation "
        "by the shares in shared.jsonl. A grade is drawn from the explanation's band (one pupil in ten is a grade "
        "beside it, one row in five does not say), and a style that is independent of the explanation. Numbers, "
        "frames, slang and slips of typing are drawn alike for all explanations, so the true probability of each "
        "follows from phrasing, mention and grade by Bayes' rule. All shares are assumptions."
    ),
    limits=(
        "The phrasings were written for this project and not collected from pupils, so figures say how a model "
        "learns, not how it will do in a class. The true probabilities know every phrasing; a model that is tested on "
        "phrasings it has not seen must understand them, so the ceiling is high."
    ),
)


# What is drawn -------------------------------------------------------------------------------------------------------


class _World(NamedTuple):
    """The fixed tables that questions are drawn from: n entries, t templates."""

    ids: list[str]
    """(n,) ids of the bank."""
    skills: list[str]
    """(n,) their skills."""
    titles: list[str]
    """(n,) their headings, as pupils write them."""
    words: list[list[str]]
    """(n,) what classes call them."""
    texts: list[str]
    """(t,) phrasings as format strings."""
    names: list[str]
    """(t,) template names."""
    owners: NDArray[np.int64]
    """(t,) the entry that a phrasing belongs to, -1 for shared ones."""
    share: NDArray[np.float64]
    """(t, n) P(entry | phrasing)."""
    grade: NDArray[np.float64]
    """(n, 7) P(grade | entry)."""


class _Draws(NamedTuple):
    """What the rows are about, before a word is written; (rows,) each."""

    template: NDArray[np.int64]
    entry: NDArray[np.int64]
    style: NDArray[np.int64]
    mention: list[str]
    """What names the matter; empty for style bare."""
    grade: NDArray[np.int64]
    """Index in GRADES."""
    hidden: NDArray[np.bool_]
    """The row does not say the grade."""


@lru_cache(maxsize=1)
def _world() -> _World:
    import numpy as np

    bank, own, names, shared = bank_rows(), phrasings(), class_words(), shared_phrasings()
    ids = [entry["id"] for entry in bank]
    place = {name: at for at, name in enumerate(ids)}
    template = [(name, f"{name}/{at}", text) for name in ids for at, text in enumerate(own[name])]
    template += [("", f"shared/{at}", entry["text"]) for at, entry in enumerate(shared)]
    share = np.zeros((len(template), len(ids)))
    for row, (name, _, _) in enumerate(template):
        if name:
            share[row, place[name]] = 1.0
    for row, entry in enumerate(shared, start=len(template) - len(shared)):
        total = sum(entry["weights"].values())
        for name, weight in entry["weights"].items():
            share[row, place[name]] = weight / total
    return _World(
        ids,
        [entry["skill"] for entry in bank],
        [entry["title"].lower() for entry in bank],
        [names[name] for name in ids],
        [_format_string(text) for _, _, text in template],
        [label for _, label, _ in template],
        np.array([place[name] if name else -1 for name, _, _ in template], dtype=np.int64),
        share,
        np.array([_grade_shares(entry["grades"]) for entry in bank]),
    )


def _grade_shares(band: str) -> list[float]:
    """P(grade) for a band such as 5-7: even within it, now and then one grade lower or higher."""
    low, high = (int(part) for part in band.split("-"))
    shares = dict.fromkeys(GRADES, 0.0)
    for grade in range(low, high + 1):
        shares[grade] += (1 - GRADE_BESIDE) / (high - low + 1)
        for beside in (grade - 1, grade + 1):
            shares[min(GRADES[-1], max(GRADES[0], beside))] += GRADE_BESIDE / 2 / (high - low + 1)
    return list(shares.values())


def _turns(rows: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Templates in turn, (rows,): in each round an entry's phrasings come one after the other, in random order."""
    import numpy as np

    owners = _world().owners
    slots = np.concatenate([np.flatnonzero(owners >= 0), np.repeat(np.flatnonzero(owners < 0), SHARED_TURNS)])
    own = int((owners >= 0).sum())
    _, first, count = np.unique(owners[slots[:own]], return_index=True, return_counts=True)
    rounds = []
    for _ in range(-(-rows // len(slots))):
        chance = generator.random(len(slots))
        place = chance.copy()  # when in the round a slot comes up, in [0, 1)
        for at, size in zip(first, count, strict=True):
            place[at : at + size] = (chance[at : at + size].argsort().argsort() + generator.random(size)) / size
        rounds.append(slots[place.argsort()])
    turns = np.concatenate([*rounds, np.empty(0, dtype=np.int64)])[:rows]
    generator.shuffle(turns)
    return turns


def _draws(rows: int, seed: int) -> _Draws:
    import numpy as np

    world, generator = _world(), np.random.default_rng([seed, 0])
    template = _turns(rows, generator)
    entry = _picked(world.share, template, generator)
    shares = np.array([OWN_SHARES, SHARED_SHARES])
    style = _picked(shares, (world.owners[template] < 0).astype(np.int64), generator)
    which = generator.random(rows)
    mention = [
        ("", world.skills[e], world.words[e][int(w * len(world.words[e]))], world.titles[e])[s]
        for e, s, w in zip(entry.tolist(), style.tolist(), which.tolist(), strict=True)
    ]
    grade = _picked(world.grade, entry, generator)
    return _Draws(template, entry, style, mention, grade, generator.random(rows) < GRADE_HIDDEN)


def _picked(shares: NDArray[np.float64], row: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """One column for each row number, with the chances of that row of `shares`."""
    import numpy as np

    steps = shares.cumsum(axis=1)
    steps[:, -1] = 1.0
    at = np.empty(len(row), dtype=np.int64)
    chance = generator.random(len(row))
    order = row.argsort(kind="stable")
    ends = np.searchsorted(row[order], np.arange(len(shares) + 1))
    for number in np.unique(row):
        own = order[ends[number] : ends[number + 1]]
        at[own] = np.searchsorted(steps[number], chance[own], side="right")
    return at


def true_probabilities(rows: int, seed: int) -> pd.DataFrame:
    """P(explanation | what the row says) for the very rows of `simulate(rows, seed)`, by Bayes' rule.

    It is the share of those who use the phrasing, times the chance that they mention what is mentioned, times the
    chance of the grade where it is told. Numbers, frames and typing say nothing of the explanation.

    Returns:
        (rows, entries of the bank) frame; columns are ids, rows sum to 1.
    """
    import pandas as pd

    world, draws = _world(), _draws(rows, seed)
    shares = world.share[draws.template]
    vague = (world.owners[draws.template] < 0).tolist()
    said = list(zip(draws.mention, vague, strict=True))
    chance = {one: _mention_chance(*one) for one in set(said) if one[0]}
    for row, one in enumerate(said):
        if one[0]:
            shares[row] *= chance[one]
    told = ~draws.hidden
    shares[told] *= world.grade.T[draws.grade[told]]
    shares /= shares.sum(axis=1, keepdims=True)
    return pd.DataFrame(shares, columns=world.ids)


def _mention_chance(word: str, vague: bool) -> NDArray[np.float64]:
    """P(the pupil writes this word | entry), (n,), over the styles, as a question does not tell its style."""
    import numpy as np

    world = _world()
    _, topic, own, named = SHARED_SHARES if vague else OWN_SHARES
    ways = zip(world.skills, world.words, world.titles, strict=True)
    return np.array(
        [topic * (skill == word) + own * words.count(word) / len(words) + named * (title == word)
         for skill, words, title in ways]
    )  # fmt: skip


# How it is written ---------------------------------------------------------------------------------------------------

_SLOT = re.compile(r"\{([abcd])(?:([+*])([abcd]))?\}")


def _format_string(phrasing: str) -> str:
    """Slots such as {a}, {a+b} and {a*b} as names that str.format knows."""
    names = {"+": "plus", "*": "times"}
    return _SLOT.sub(lambda m: "{" + "_".join([m[1], names[m[2]], m[3]] if m[2] else [m[1]]) + "}", phrasing)


def _numbers(rows: int, generator: np.random.Generator) -> list[dict[str, int]]:
    """Values for the slots: a and b differ and lie from 2 to 9, c from 11 to 49, d from 50 to 99."""
    import numpy as np

    a, step = generator.integers(2, 10, rows), generator.integers(1, 8, rows)
    b = (a - 2 + step) % 8 + 2
    c, d = generator.integers(11, 50, rows), generator.integers(50, 100, rows)
    values = {"a": a, "b": b, "c": c, "d": d}
    for operator, join in (("plus", np.add), ("times", np.multiply)):
        values |= {f"{x}_{operator}_{y}": join(values[x], values[y]) for x in "abcd" for y in "abcd"}
    names = list(values)
    return [dict(zip(names, row, strict=True)) for row in zip(*(v.tolist() for v in values.values()), strict=True)]


def _mistyped(word: str, where: float, kind: int) -> str:
    """Swap, drop or double one inner letter of a word of four letters or more; leave everything else alone."""
    if len(word) < 4 or not word.isalpha():
        return word
    at = 1 + int(where * (len(word) - 2))
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :] if kind == 1 else word[:at] + word[at] + word[at:]


def _typed(texts: list[str], mentions: list[str], generator: np.random.Generator) -> list[str]:
    """Pupils' ways of writing phrasings: numbers, the matter's name, frame, slang, slips, capitals."""
    rows = len(texts)
    numbers = _numbers(rows, generator)
    form = generator.integers(0, len(MENTIONS), rows).tolist()
    slang, sloppy, front, back, capital = (generator.random((5, rows)) < [[0.3], [0.5], [0.45], [0.4], [0.35]]).tolist()
    prefix = generator.integers(0, len(PREFIXES), rows).tolist()
    suffix = generator.integers(0, len(SUFFIXES), rows).tolist()
    written = []
    words_of = []
    for text, mention, values, at in zip(texts, mentions, numbers, form, strict=True):
        said = text.format_map(values)
        words_of.append((MENTIONS[at].format(text=said, name=mention) if mention else said).split(" "))
    total = sum(len(words) for words in words_of)
    speak, slip = (generator.random(total) < 0.6).tolist(), (generator.random(total) < 0.1).tolist()
    where, kind = generator.random(total).tolist(), generator.integers(0, 3, total).tolist()
    start = 0
    for row, words in enumerate(words_of):
        for at in range(len(words) if slang[row] or sloppy[row] else 0):
            if slang[row] and speak[start + at]:
                words[at] = SPOKEN.get(words[at], words[at])
            if sloppy[row] and slip[start + at]:
                words[at] = _mistyped(words[at], where[start + at], kind[start + at])
        start += len(words)
        text = (PREFIXES[prefix[row]] if front[row] else "") + " ".join(words)
        if back[row]:
            text = text.rstrip("? ") + SUFFIXES[suffix[row]]
        written.append(text[:1].upper() + text[1:] if capital[row] else text)
    return written


def simulate(rows: int, seed: int) -> pd.DataFrame:
    """Draw questions that the course bank answers.

    Templates take turns, so each of an entry's own comes up equally often (within one row), and a shared one
    `SHARED_TURNS` times as often.

    Args:
        rows: how many questions, 0 or more.
        seed: the same seed gives the same rows.

    Returns:
        (rows, 7) frame: question, grade ("4" to "10", missing in one row of five), explanation (id in the bank), skill,
        style (see STYLES), template (bank id, or "shared", and number of the phrasing), pupil (always of one grade).
    """
    import numpy as np
    import pandas as pd

    world, draws = _world(), _draws(rows, seed)
    texts = [world.texts[at] for at in draws.template.tolist()]
    questions: list[str] = []
    for number, start in enumerate(range(0, rows, CHUNK)):
        part, generator = slice(start, start + CHUNK), np.random.default_rng([seed, 1, number])
        questions += _typed(texts[part], draws.mention[part], generator)
    grade = [str(GRADES[at]) for at in draws.grade.tolist()]
    child = np.random.default_rng([seed, 2]).integers(0, max(1, rows // 40), rows).tolist()
    entries = draws.entry.tolist()
    columns = {
        "question": questions,
        "grade": [None if hidden else g for g, hidden in zip(grade, draws.hidden.tolist(), strict=True)],
        "explanation": [world.ids[at] for at in entries],
        "skill": [world.skills[at] for at in entries],
        "style": [STYLES[at] for at in draws.style.tolist()],
        "template": [world.names[at] for at in draws.template.tolist()],
        "pupil": [f"grade-{g}-{c:03d}" for g, c in zip(grade, child, strict=True)],
    }
    return pd.DataFrame(columns, columns=list(COLUMNS)).astype("str")


def simulate_unanswerable(rows: int, seed: int) -> pd.DataFrame:
    """Draw questions that have no answer in the course bank: other subjects, school life, small talk.

    They are never trained on; they show whether a tutor holds its tongue.

    Returns:
        (rows, 7) frame with the columns of `simulate`; explanation is missing, skill is "off topic".
    """
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng([seed, 3])
    at = [number % len(OFF_TOPIC) for number in range(rows)]
    grade = generator.integers(GRADES[0], GRADES[-1] + 1, rows).tolist()
    child = generator.integers(0, 99, rows).tolist()
    columns = {
        "question": _typed([_format_string(OFF_TOPIC[one]) for one in at], [""] * rows, generator),
        "grade": [str(g) for g in grade],
        "explanation": [None] * rows,
        "skill": ["off topic"] * rows,
        "style": ["bare"] * rows,
        "template": [f"off-topic/{one}" for one in at],
        "pupil": [f"grade-{g}-{c:03d}" for g, c in zip(grade, child, strict=True)],
    }
    return pd.DataFrame(columns, columns=list(COLUMNS)).astype("str")
