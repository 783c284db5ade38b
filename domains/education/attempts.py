"""Simulated pupils at work: who answers which item how, by what idea, and how likely it was to be right.

    pupil   step skill             question              given  answer  correct  misconception          probability
    p-00007    3 adding fractions  What is 1/2 + 1/3?    2/5    5/6     False    adds-tops-and-bottoms  0.01

A pupil knows a skill or not (Bayesian knowledge tracing, Corbett & Anderson 1995). Beforehand it is known with the
probability of a Rasch model (ability minus difficulty), but never without the skills it needs; at each attempt it may be
learnt, again only if these are known. Who knows it may slip; who does not may hold a misconception and then mostly
follows it, which now and then gives the right answer by chance; the others guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...core.errors import DataError
from .misconceptions import MISCONCEPTIONS, SKILLS, Skill, same_answer

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["CONSISTENCY", "HOLDERS", "POOL", "simulate_attempts", "simulate_items"]

POOL = 40
"""Items of each template; how often the same numbers come again depends on the skill."""
HOLDERS = 0.7
"""Share of the pupils who hold a misconception on a skill as long as they do not know it; an assumption."""
CONSISTENCY = 0.9
"""Chance that a misconception is followed on an item; a pupil who does not guesses. An assumption: wrong ideas are
unstable (VanLehn 1982)."""
STAY = 0.7
"""Chance that the next item is of the same skill, so that learning shows."""
SECONDS = {"known": 18.0, "not known": 27.0}
"""Median time of an answer; times are log-normal with a spread of 0.5."""
COLUMNS = (
    "pupil", "step", "skill", "explanation", "template", "item", "question", "given", "answer", "correct",
    "misconception", "known", "probability", "seconds",
)  # fmt: skip


class _Pool(NamedTuple):
    """Items of all skills: n items, m misconceptions."""

    skill: NDArray[np.int64]
    """(n,) place in SKILLS."""
    template: list[str]
    item: list[str]
    question: list[str]
    answer: list[str]
    given: NDArray[np.object_]
    """(n, m + 3): what each misconception answers (None on other skills), then two careless answers and the right one."""
    hit: NDArray[np.bool_]
    """(n, m + 3): whether that is right."""


def _careless(answer: str) -> tuple[str, str]:
    """Two wrong answers of one who slips: the last digit is one or two off, and never becomes 0."""
    at = max(place for place, sign in enumerate(answer) if sign.isdigit())
    digit = int(answer[at])
    first, second = (digit - 1, digit - 2) if digit == 9 else (digit + 1, digit - 1 if digit > 1 else digit + 2)
    return f"{answer[:at]}{first}{answer[at + 1 :]}", f"{answer[:at]}{second}{answer[at + 1 :]}"


def _pool(seed: int) -> _Pool:
    import numpy as np

    generator = np.random.default_rng([seed, 0])
    width = len(MISCONCEPTIONS) + 3
    rows: list[tuple[int, str, str, str, str]] = []
    given: list[list[str | None]] = []
    hit: list[list[bool]] = []
    for place, skill in enumerate(SKILLS):
        for way, template in enumerate(skill.templates):
            for _ in range(POOL):
                numbers = skill.drawn(generator)
                right = skill.answer(numbers)
                said: list[str | None] = [m.answer(numbers) if m.skill == skill.name else None for m in MISCONCEPTIONS]
                said += [*_careless(right), right]
                name = f"{skill.name}/{way}"
                item = f"{skill.name}: {' '.join(f'{key}={value}' for key, value in numbers.items())}"
                rows.append((place, name, item, template.format_map(numbers), right))
                given.append(said)
                hit.append([one is not None and same_answer(one, right) for one in said])
    skills, templates, items, questions, answers = (list(column) for column in zip(*rows, strict=True))
    table = np.empty((len(rows), width), dtype=object)
    table[:] = given
    return _Pool(np.array(skills), templates, items, questions, answers, table, np.array(hit))


def simulate_items(seed: int) -> pd.DataFrame:
    """List the items that `simulate_attempts` draws from with this seed.

    Returns:
        One row per item: item, template, skill, explanation, question, answer, and one column for each misconception
        with the answer it gives (missing on other skills).
    """
    import pandas as pd

    pool = _pool(seed)
    own = [SKILLS[at] for at in pool.skill.tolist()]
    columns = {
        "item": pool.item,
        "template": pool.template,
        "skill": [skill.name for skill in own],
        "explanation": [skill.explanation for skill in own],
        "question": pool.question,
        "answer": pool.answer,
    }
    columns |= {one.name: pool.given[:, at].tolist() for at, one in enumerate(MISCONCEPTIONS)}
    return pd.DataFrame(columns)


class _Steps(NamedTuple):
    """What happens at each attempt, (pupils, items) each."""

    skill: NDArray[np.int64]
    known: NDArray[np.bool_]
    idea: NDArray[np.int64]
    """The misconception that the pupil holds on the skill, -1 for none."""


def _chance_to_know(ability: NDArray[np.float64], skill: Skill) -> NDArray[np.float64]:
    """P(L0) where all it needs is known: the Rasch model."""
    import numpy as np

    chance: NDArray[np.float64] = 1 / (1 + np.exp(skill.difficulty - ability))
    return chance


def _lived(pupils: int, items: int, generator: np.random.Generator) -> _Steps:
    import numpy as np

    order = {skill.name: at for at, skill in enumerate(SKILLS)}
    needs = np.zeros((len(SKILLS), len(SKILLS)), dtype=bool)
    for at, skill in enumerate(SKILLS):
        needs[at, [order[name] for name in skill.needs]] = True
    ability = generator.standard_normal(pupils)
    known = np.zeros((pupils, len(SKILLS)), dtype=bool)
    holds = np.full((pupils, len(SKILLS)), -1, dtype=np.int64)
    for at, skill in enumerate(SKILLS):
        ready = known[:, needs[at]].all(axis=1)
        known[:, at] = ready & (generator.random(pupils) < _chance_to_know(ability, skill))
        ideas = np.array([m for m, one in enumerate(MISCONCEPTIONS) if one.skill == skill.name])
        which = ideas[generator.integers(0, len(ideas), pupils)]
        holds[:, at] = np.where(generator.random(pupils) < HOLDERS, which, -1)
    learn = np.array([skill.learn for skill in SKILLS])
    shape = (pupils, items)
    steps = _Steps(np.empty(shape, np.int64), np.empty(shape, np.bool_), np.empty(shape, np.int64))
    everyone, skill_now = np.arange(pupils), generator.integers(0, len(SKILLS), pupils)
    for step in range(items):
        other = generator.integers(0, len(SKILLS), pupils)
        skill_now = np.where(generator.random(pupils) < STAY, skill_now, other)
        knows = known[everyone, skill_now]
        steps.skill[:, step], steps.known[:, step] = skill_now, knows
        steps.idea[:, step] = np.where(knows, -1, holds[everyone, skill_now])
        ready = (known | ~needs[skill_now]).all(axis=1)
        known[everyone, skill_now] |= ready & (generator.random(pupils) < learn[skill_now])
    return steps


def simulate_attempts(pupils: int, items: int, seed: int) -> pd.DataFrame:
    """Let pupils answer items.

    Args:
        pupils: how many, 0 or more.
        items: how many items each of them is given, 0 or more.
        seed: the same seed gives the same table.

    Returns:
        (pupils × items, 14) frame in the order of pupil and step: pupil, step (from 1), skill, explanation (the bank
        entry that helps), template (way of asking: hold some out to test on wordings that were not seen), item (skill and
        numbers: hold some out to test on numbers that were not seen), question, given, answer (the right one),
        correct (bool; by value, so 2/4 is 1/2), misconception (the one that was followed; missing otherwise), known
        (bool, before the answer), probability (of a correct answer, given what the pupil knows and thinks and the
        item), seconds.

    Raises:
        DataError: a number below zero.
    """
    import numpy as np
    import pandas as pd

    if pupils < 0 or items < 0:
        raise DataError(f"{pupils} pupils and {items} items were asked for; give numbers of 0 or more.")
    pool, generator = _pool(seed), np.random.default_rng([seed, 1])
    lived = _lived(pupils, items, generator)
    skill, known, idea = lived.skill.ravel(), lived.known.ravel(), lived.idea.ravel()
    rows = len(skill)
    size = len(pool.skill) // len(SKILLS)  # each skill has as many items
    item = skill * size + generator.integers(0, size, rows)
    guess, slip = (np.array([getattr(one, name) for one in SKILLS])[skill] for name in ("guess", "slip"))
    follows = (idea >= 0) & (generator.random(rows) < CONSISTENCY)
    otherwise = np.where(known, 1 - slip, guess)
    last = pool.given.shape[1] - 1
    right = generator.random(rows) < otherwise
    said = np.where(follows, idea, np.where(right, last, last - generator.integers(1, 3, rows)))
    by_chance = pool.hit[item, idea]
    probability = np.where(idea >= 0, CONSISTENCY * by_chance + (1 - CONSISTENCY) * otherwise, otherwise)
    median = np.where(known, SECONDS["known"], SECONDS["not known"])
    seconds = np.round(median * np.exp(0.5 * generator.standard_normal(rows)), 1)
    names = np.array([*(one.name for one in MISCONCEPTIONS), None], dtype=object)

    def taken(values: list[str], at: NDArray[np.int64]) -> NDArray[np.object_]:
        table = np.array(values, dtype=object)
        found: NDArray[np.object_] = table[at]
        return found

    columns = {
        "pupil": np.repeat(np.array([f"p-{at:05d}" for at in range(pupils)], dtype=object), items),
        "step": np.tile(np.arange(1, items + 1), pupils),
        "skill": taken([one.name for one in SKILLS], skill),
        "explanation": taken([one.explanation for one in SKILLS], skill),
        "template": taken(pool.template, item),
        "item": taken(pool.item, item),
        "question": taken(pool.question, item),
        "given": pool.given[item, said],
        "answer": taken(pool.answer, item),
        "correct": pool.hit[item, said],
        "misconception": names[np.where(follows, idea, -1)],
        "known": known,
        "probability": probability,
        "seconds": seconds,
    }
    return pd.DataFrame(columns, columns=list(COLUMNS))
