"""Simulated emergency visits: a small knowledge base, noisy-OR findings, vital signs, and notes written from them.

One row, shortened:

    patient  note                                         age  sex   systolic_bp  troponin  condition
    P00017   67M. Chest tightness since this morning. …  67   male  104          212       acute coronary syndrome

How a visit comes about: age and sex; a condition by its incidence at that age and sex; findings, each caused by the
condition, by chance, or by a finding that is a kind of it (noisy-OR); what is told of them (some are left out, a few
told wrongly, many are asked about and denied); vital signs and laboratory values, shifted by the condition and by how
severe it is; laboratory values are ordered because of what was told, never because of the hidden condition. Every step
has a known probability, so `true_probabilities` gives the exact posterior, a ceiling that no model can pass. The
numbers are the order of magnitude of textbooks, made up for software tests: they are no source of medical knowledge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .knowledge import CONDITIONS, FINDINGS, KNOWN

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CONDITIONS", "simulate", "true_probabilities"]

_CHANCE = 0.6  # of the percentages by chance above, in people who come with something else
_REPORTED, _INVENTED = 0.86, 0.01  # a present finding is told; an absent one is told as present
_ASKED, _ASKED_NEAR, _DENIED = (
    0.03,
    0.3,
    0.12,
)  # an untold one is asked about, the more so beside a told one; wrongly denied

# Number: mean and spread in healthy adults (on the scale named), share measured, digits, smallest and largest value.
_NUMBERS: dict[str, tuple[str, float, float, float, int, float, float]] = {
    "temperature": ("plain", 36.8, 0.4, 0.93, 1, 33.0, 42.0),
    "heart_rate": ("plain", 80, 13, 0.95, 0, 30, 220),
    "systolic_bp": ("plain", 130, 16, 0.94, 0, 50, 250),
    "respiratory_rate": ("plain", 15.5, 2.6, 0.85, 0, 6, 60),
    "spo2": ("gap", math.log(3.5), 0.33, 0.9, 0, 60, 100),
    "crp": ("log", math.log(4.5), 0.9, 0.4, 0, 0, 600),
    "white_cells": ("log", math.log(7.6), 0.24, 0.42, 1, 0.5, 80),
    "glucose": ("log", math.log(5.9), 0.17, 0.5, 1, 1.5, 60),
    "troponin": ("log", math.log(6), 0.7, 0.12, 0, 0, 50000),
}
_ORDERED = {  # laboratory value: the told findings that make its order likely
    "crp": ("fever", "chills", "stomach pain", "cough", "flank pain", "neck stiffness", "lower right pain"),
    "white_cells": ("fever", "chills", "stomach pain", "cough", "flank pain", "neck stiffness", "lower right pain"),
    "glucose": ("thirst", "confusion", "vomiting", "one-sided weakness", "passing water often", "slurred speech"),
    "troponin": ("chest pain", "radiation", "short of breath", "sweating", "palpitations"),
}
_ORDERED_SHARE = 0.82

_SEVERE, _MILD, _GCS_MEASURED = 0.5, 0.45, 0.6
_BANDS = ("18-39", "40-64", "65+")
_EDGES = np.array([40, 65])

_HANDS = 6
"""Who writes notes, in each voice."""
_DURATIONS = (
    ("for two hours", "since this morning", "for about an hour", "since last night", "for six hours"),
    ("for two days", "since yesterday", "for three days", "for the last four days"),
    ("for two weeks", "for about a week", "for three weeks", "for a month"),
)
_OPENINGS = {
    True: (
        "",
        "I am {age}.",
        "I'm a {age}-year-old {person}.",
        "Hello doctor.",
        "I am not sure what is going on.",
        "I need some help.",
    ),
    False: (
        "{age}-year-old {person}.",
        "{age}{letter}.",
        "{age} y/o {person}.",
        "Walk-in.",
        "Referred by the GP.",
        "Brought in by ambulance.",
    ),
}
_PRESENT = {
    True: ("I have {x}", "I've had {x}", "there is {x}", "I also noticed {x}", "what bothers me is {x}", "{x}"),
    False: ("complains of {x}", "reports {x}", "{x}", "c/o {x}", "also {x}", "has {x}", "presents with {x}"),
}
_ABSENT = {
    True: (
        "no {x}",
        "I don't have {x}",
        "I have not had {x}",
        "I haven't noticed any {x}",
        "without {x}",
        "never had {x}",
    ),
    False: ("no {x}", "denies {x}", "nil {x}", "without {x}", "negative for {x}", "no history of {x}"),
}
_ASIDE = (
    "Works in an office", "Lives with family", "Non-smoker", "Smokes ten a day", "No known allergies",
    "Takes a vitamin tablet", "Worried about missing work", "Father had a heart attack at 70", "Mother has migraine",
    "Tried paracetamol, little help",
    "Came back from a holiday recently", "Had a similar thing years ago", "Sleeping badly", "Brother has asthma",
    "Read about a stroke online and is worried", "Slept little", "Had tea and toast", "Two children at home with colds",
)  # fmt: skip


@dataclass(frozen=True)
class _Tables:
    """The knowledge base as arrays: c conditions, f findings, v numbers."""

    present: np.ndarray  # (c, f) probability that the finding is there of itself, noisy-OR of cause and chance
    children: dict[int, list[int]]  # finding -> the findings that imply it
    near: np.ndarray  # (f, f) 1 where two findings belong to one system
    shift: np.ndarray  # (c, v)
    drowsy: np.ndarray  # (c,) chance of a coma score below 15 in a severe case
    prior: np.ndarray  # (3, 2, c) age band, sex (male, female)
    duration: np.ndarray  # (c, 3)


def _children() -> dict[int, list[int]]:
    names, found = list(FINDINGS), dict[int, list[int]]()
    for at, finding in enumerate(FINDINGS.values()):
        if finding.part_of:
            found.setdefault(names.index(finding.part_of), []).append(at)
    return found


@cache
def _tables() -> _Tables:
    known = list(KNOWN.values())
    cause = np.array([[c.causes.get(f, 0.0) / 100 for f in FINDINGS] for c in known])
    chance = _CHANCE * np.array([f.chance for f in FINDINGS.values()])
    system = np.array([f.system for f in FINDINGS.values()])
    seen = np.array([c.seen for c in known]).T  # (3, c)
    prior = np.stack([seen, seen * np.array([c.women for c in known])], axis=1)
    duration = np.array([c.lasts for c in known])
    return _Tables(
        present=1 - (1 - chance) * (1 - cause),
        children=_children(),
        near=(system[:, None] == system[None, :]).astype(float),
        shift=np.array([[c.shifts.get(v, 0.0) for v in _NUMBERS] for c in known]),
        drowsy=np.array([c.shifts.get("gcs", 0.0) for c in known]),
        prior=prior / prior.sum(axis=-1, keepdims=True),
        duration=duration / duration.sum(axis=1, keepdims=True),
    )


@dataclass(frozen=True)
class _Visits:
    """What is drawn before a word is written; n visits."""

    patient: np.ndarray  # (n,) int
    age: np.ndarray  # (n,) whole years
    female: np.ndarray  # (n,) 0 or 1
    condition: np.ndarray  # (n,) int
    told: np.ndarray  # (n, f) 1 told as present, 0 told as absent, -1 not mentioned
    asked: np.ndarray  # (n, f) chance that an untold finding was asked about
    duration: np.ndarray  # (n,) 0 hours, 1 days, 2 weeks, -1 not mentioned
    scaled: np.ndarray  # (n, v) numbers on their scale, NaN where not measured
    gcs: np.ndarray  # (n,) 12 to 15, NaN where not measured


def _choose(rng: np.random.Generator, p: np.ndarray) -> np.ndarray:
    """Draw one column per row of a (n, k) matrix of probabilities."""
    drawn: np.ndarray = (rng.random(len(p))[:, None] > p.cumsum(axis=1)).sum(axis=1)
    drawn[drawn == p.shape[1]] = p.shape[1] - 1  # rounding
    return drawn


def _center(visits_age: np.ndarray) -> np.ndarray:
    """(n, v) healthy means at an age: the pressure rises by 0.3 mm[Hg] a year."""
    center = np.tile(np.array([row[1] for row in _NUMBERS.values()]), (len(visits_age), 1))
    center[:, list(_NUMBERS).index("systolic_bp")] += 0.3 * (visits_age - 50)
    return center


def _draw(rows: int, seed: int) -> _Visits:
    rng, tables = np.random.default_rng([seed, 1]), _tables()
    second = rng.random(rows) < 0.17
    second[:1] = False
    second[1:] &= ~second[:-1]  # at most two visits a patient
    first = np.arange(rows) - second
    age = np.array([18, 40, 65])[rng.integers(0, 3, rows)] + (rng.beta(1.1, 1.2, rows) * 26).astype(int)
    age, female = age[first], rng.integers(0, 2, rows)[first]
    prior = tables.prior[np.digitize(age, _EDGES), female]
    condition = _choose(rng, prior)
    same = second & (rng.random(rows) < 0.4)
    condition = np.where(same, condition[first], condition)
    is_there = rng.random((rows, len(FINDINGS))) < tables.present[condition]
    for wider, kinds in tables.children.items():
        is_there[:, wider] |= is_there[:, kinds].any(axis=1)
    positive = rng.random(is_there.shape) < np.where(is_there, _REPORTED, _INVENTED)
    asked = np.where(positive @ tables.near > 0, _ASKED_NEAR, _ASKED)
    negative = ~positive & (rng.random(is_there.shape) < asked * np.where(is_there, _DENIED, 1.0))
    duration = np.where(rng.random(rows) < 0.6, _choose(rng, tables.duration[condition]), -1)
    severe = np.where(rng.random(rows) < _SEVERE, 1.0, _MILD)
    spread = np.array([row[2] for row in _NUMBERS.values()])
    scaled = (
        _center(age) + tables.shift[condition] * severe[:, None] + spread * rng.standard_normal((rows, len(_NUMBERS)))
    )
    scaled[rng.random(scaled.shape) > _ordered(positive)] = np.nan
    low = rng.random(rows) < tables.drowsy[condition] * severe
    gcs = np.where(low, rng.integers(12, 15, rows), 15).astype(float)
    gcs[rng.random(rows) > _GCS_MEASURED] = np.nan
    order = rng.permutation(rows)  # the two visits of a patient do not lie side by side
    told = np.where(positive, 1, np.where(negative, 0, -1))
    number = np.cumsum(~second)
    parts = (number, age, female, condition, told, asked, duration, scaled, gcs)
    return _Visits(*(part[order] for part in parts))


def _ordered(positive: np.ndarray) -> np.ndarray:
    """(n, v) chance that a number is measured, from what was told alone."""
    names, findings = list(_NUMBERS), list(FINDINGS)
    chance = np.tile(np.array([row[3] for row in _NUMBERS.values()]), (len(positive), 1))
    for name, reasons in _ORDERED.items():
        due = positive[:, [findings.index(f) for f in reasons]].any(axis=1)
        chance[due, names.index(name)] = _ORDERED_SHARE
    return chance


def true_probabilities(rows: int, seed: int) -> pd.DataFrame:
    """Give the exact posterior of the rows that `simulate(rows, seed)` gives.

    The probability of each condition given age, sex, what the note tells, its duration and the measured numbers
    (exact but for the rounding of numbers; a patient's other visit is not looked at). Its accuracy is the best that any
    model can reach on such rows.

    Returns:
        (rows, 16) frame of probabilities, one column for each of `CONDITIONS`; each row sums to 1.
    """
    import pandas as pd

    visits, tables = _draw(rows, seed), _tables()
    log_p = np.log(tables.prior[np.digitize(visits.age, _EDGES), visits.female])
    here, away = _told_chance(visits, _REPORTED, _DENIED), _told_chance(visits, _INVENTED, 1.0)
    for c in range(len(CONDITIONS)):
        log_p[:, c] += np.log(_findings_chance(tables.present[c], here, away, tables.children)).sum(axis=1)
    named = visits.duration >= 0
    log_p[named] += np.log(tables.duration[:, visits.duration[named]].T)
    log_p += np.logaddexp(
        math.log(_SEVERE) + _log_numbers(visits, 1.0), math.log(1 - _SEVERE) + _log_numbers(visits, _MILD)
    )
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    return pd.DataFrame(p / p.sum(axis=1, keepdims=True), columns=list(CONDITIONS))


def _told_chance(visits: _Visits, reported: float, denied: float) -> np.ndarray:
    """(n, f) chance of what the note tells of each finding, if it is told with one chance and denied with another."""
    negative = (1 - reported) * visits.asked * denied
    result: np.ndarray = np.where(
        visits.told == 1, reported, np.where(visits.told == 0, negative, 1 - reported - negative)
    )
    return result


def _findings_chance(
    present: np.ndarray, here: np.ndarray, away: np.ndarray, children: dict[int, list[int]]
) -> np.ndarray:
    """(n, groups) chance of what is told in one condition: a factor for each finding alone, and for each family.

    In a family the wider finding is there if any of its kinds is: the sum over all states is closed, as only "no kind is
    there" leaves the wider finding to its own causes.
    """
    mixed = present * here + (1 - present) * away
    factors = []
    for wider, kinds in children.items():
        any_state = mixed[:, kinds].prod(axis=1)
        none = ((1 - present) * away)[:, kinds].prod(axis=1)
        factors.append((any_state - none) * here[:, wider] + none * mixed[:, wider])
    family = {at for wider, kinds in children.items() for at in (wider, *kinds)}
    alone = [at for at in range(len(present)) if at not in family]
    return np.column_stack([mixed[:, alone], *factors])


def _log_numbers(visits: _Visits, severity: float) -> np.ndarray:
    """(n, c) log density of the measured numbers in cases of one severity, up to a constant."""
    tables, spread = _tables(), np.array([row[2] for row in _NUMBERS.values()])
    mean = _center(visits.age)[:, None, :] + severity * tables.shift[None]  # (n, c, v)
    density = -0.5 * np.nansum(((visits.scaled[:, None, :] - mean) / spread) ** 2, axis=2)
    low = np.clip(tables.drowsy * severity, 1e-9, 1)[None]
    score = visits.gcs[:, None]
    result: np.ndarray = density + np.where(np.isnan(score), 0.0, np.where(score < 15, np.log(low), np.log1p(-low)))
    return result


def _pick(options: tuple[str, ...] | list[str], u: float) -> str:
    return options[int(u * len(options))]


def _own(options: tuple[str, ...], hand: int) -> tuple[str, ...]:
    """The two of some wordings that one hand uses."""
    count = len(options)
    return options[hand % count], options[(hand + 1 + hand // count) % count]


def _sentences(told: list[int], duration: int, me: bool, hand: int, luck: list[float]) -> list[str]:
    """Write the findings of one visit as sentences without their full stops."""
    draw = iter(luck)
    has, lacks = _own(_PRESENT[me], hand), _own(_ABSENT[me], hand)
    present, absent = [], []
    for finding, state in zip(FINDINGS.values(), told, strict=True):
        if state < 0:
            continue
        if state == 0:
            absent.append(_pick(_own(finding.names, hand), next(draw)).removeprefix("a "))
        elif next(draw) < 0.3:
            present.append(_pick(_own(finding.sentences, hand), next(draw)))
        else:
            present.append(_pick(has, next(draw)).format(x=_pick(_own(finding.names, hand), next(draw))))
    present.sort(key=lambda _: next(draw))
    absent.sort(key=lambda _: next(draw))
    if duration >= 0 and present:
        present[0] += " " + _pick(_own(_DURATIONS[duration], hand), next(draw))
    out = []
    while len(present) > 1 and next(draw) < 0.35:  # two findings in one sentence, often with a denial between them
        pair = f"{present.pop()}, {present.pop()}"
        out.append(f"{pair} but no {absent.pop()}" if absent and next(draw) < 0.4 else pair)
    out += present
    while absent:
        some = [absent.pop() for _ in range(min(len(absent), 1 + int(next(draw) * 4)))]
        listed = some[0] if len(some) == 1 else ", ".join(some[:-1]) + " or " + some[-1]
        out.append(_pick(lacks, next(draw)).format(x=listed))
    for _ in range(int(next(draw) * 3)):
        out.append(_pick(_ASIDE, next(draw)))
    return sorted(out, key=lambda _: next(draw))


def _hands(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) whether the patient writes, and (n,) which of six hands."""
    rng = np.random.default_rng([seed, 3])
    return rng.random(rows) < 0.5, rng.integers(0, _HANDS, rows)


def _notes(visits: _Visits, seed: int, mine: np.ndarray, hands: np.ndarray) -> list[str]:
    rng, told = np.random.default_rng([seed, 2]), visits.told.tolist()
    notes = []
    for i in range(len(told)):
        luck = rng.random(6 * len(FINDINGS)).tolist()
        me, hand, female = bool(mine[i]), int(hands[i]), bool(visits.female[i])
        opening = _pick(_own(_OPENINGS[me], hand), luck.pop()).format(
            age=visits.age[i], person="woman" if female else "man", letter="F" if female else "M"
        )
        parts = [s[0].upper() + s[1:] + "." for s in _sentences(told[i], int(visits.duration[i]), me, hand, luck)]
        notes.append(" ".join([opening, *parts] if opening else parts) or "Feels unwell.")
    return notes


def simulate(rows: int, seed: int) -> pd.DataFrame:
    """Simulate visits; the same rows and seed give the same frame.

    Args:
        rows: number of visits, at least 1; about one in seven is a patient's second visit.
        seed: of the numpy generator, at least 0.

    Returns:
        Columns patient, note, age (a), sex, age_band, temperature (Cel), heart_rate (/min), systolic_bp (mm[Hg]),
        respiratory_rate (/min), spo2 (%), gcs ({score}), crp (mg/L), white_cells (10*9/L), glucose (mmol/L),
        troponin (ng/L), template (voice and hand that wrote the note: hold some out to test on wordings that were not
        seen) and condition; NaN where a number was not measured.
    """
    import pandas as pd

    visits, (mine, hands) = _draw(rows, seed), _hands(rows, seed)
    frame: dict[str, object] = {
        "patient": [f"P{number:05d}" for number in visits.patient],
        "note": _notes(visits, seed, mine, hands),
        "age": visits.age.astype(float),
        "sex": np.where(visits.female == 1, "female", "male"),
        "age_band": np.array(_BANDS)[np.digitize(visits.age, _EDGES)],
    }
    for column, (name, (scale, _, _, _, digits, low, high)) in enumerate(_NUMBERS.items()):
        value = visits.scaled[:, column]
        value = np.exp(value) if scale == "log" else 101 - np.exp(value) if scale == "gap" else value
        frame[name] = np.clip(np.round(value, digits), low, high)
        if name == "spo2":
            frame["gcs"] = visits.gcs
    voice = np.where(mine, "patient-", "clinician-")
    frame["template"] = np.char.add(voice, hands.astype(str))
    frame["condition"] = np.array(CONDITIONS)[visits.condition]
    table = pd.DataFrame(frame)
    words = ["patient", "note", "sex", "age_band", "template", "condition"]
    return table.astype(dict.fromkeys(words, "str"))
