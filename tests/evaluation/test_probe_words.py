"""Changed words: what a slip, a swap and a denial make of a text."""

from __future__ import annotations

import numpy as np
import pytest

from verticals.core.influence import clauses_of
from verticals.evaluation.probes import words


@pytest.mark.parametrize(
    ("clause", "contrary"),
    [
        ("Patient has chest pain", "Patient has no chest pain"),
        ("Reports chest pain for an hour.", "denies chest pain for an hour."),
        ("The skin is red", "The skin is not red"),
        ("Cough with blood", "Cough without blood"),
        ("Crushing chest pain", "No crushing chest pain"),
        ("No fever.", "Fever."),
        ("denies cough", "cough"),
        ("She has no fever", "She has fever"),
        ("患者有发热", "患者没有发热"),
        ("没有发热", "有发热"),
        ("发热", "无发热"),
    ],
)
def test_a_clause_and_its_contrary(clause: str, contrary: str) -> None:
    assert words.negated(clause) == contrary


@pytest.mark.parametrize(
    ("clause", "states"),
    [("chest pain", True), ("no chest pain", False), ("It doesn't hurt", False), ("why do you flip it", False),
     ("Is it the heart?", False), ("无发热", False), ("12", False)],
)  # fmt: skip
def test_what_states_something(clause: str, states: bool) -> None:
    assert words.affirmative(clause) is states


def test_swaps_keep_the_capitals_and_undo_themselves() -> None:
    said = "Mr James told his wife that HE is the father; 他是先生。"
    swapped = words.swapped(said)
    assert swapped == "Mrs Emily told her husband that SHE is the mother; 她是女士。"
    assert words.swapped("The theme of the sheet") == "The theme of the sheet"  # no word within a word


def test_slips_are_small_seeded_and_leave_short_words() -> None:
    text = "crushing chest pain since yesterday evening and sweating a lot"
    made = [words.typos(text, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert made[0] == made[1] != text
    changed = [a for a, b in zip(text.split(), made[0].split(), strict=True) if a != b]
    assert len(changed) == 1
    assert len(changed[0]) >= 4
    assert words.typos("a an it", np.random.default_rng(0)) == "a an it"


def test_order_and_beside_the_point() -> None:
    random = np.random.default_rng(0)
    text = "One came. Two went. Three stayed."
    made = words.reordered(text, random)
    assert made != text
    assert sorted(clauses_of(made)) == sorted(clauses_of(text))
    assert words.reordered("Only one.", random) == "Only one."
    extra = words.irrelevant(text, random)
    assert text in extra
    assert len(extra) > len(text) + 10
    assert words.irrelevant("患者有发热", random).endswith(words.IRRELEVANT[-1])
    assert sorted(words.shuffled("b a c", random).split()) == ["a", "b", "c"]


def test_clauses_keep_every_letter() -> None:
    assert clauses_of("No fever, no cough. Chest pain!\nSweating") == [
        "No fever,",
        "no cough.",
        "Chest pain!",
        "Sweating",
    ]
    assert clauses_of("发热两天，无咳嗽。胸痛") == ["发热两天，", "无咳嗽。", "胸痛"]
