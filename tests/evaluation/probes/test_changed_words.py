"""What a slip, a swap and a denial make of a text."""

from __future__ import annotations

import numpy as np
import pytest

from verticals.core.task import Field
from verticals.evaluation.probes import negation, outside, people, quantities, wording


@pytest.mark.parametrize(
    ("clause", "denied"),
    [
        ("Patient has chest pain", ["Patient has no chest pain", "Denies chest pain"]),
        ("Reports chest pain for an hour", ["Denies chest pain for an hour"]),
        ("crushing chest pain", ["no crushing chest pain", "denies crushing chest pain"]),
        ("There is pyrexia", ["There is no pyrexia", "Denies pyrexia"]),
        ("My chest hurts", ["My chest does not hurt", "Denies that my chest hurts"]),
        ("The fingers tingle", ["It is not true that the fingers tingle", "Denies that the fingers tingle"]),
        ("I've had aches", ["I have not had aches", "Denies that I've had aches"]),
        ("Also a new cough", ["No new cough", "Denies new cough"]),
        ("Has to lie in a dark room", ["Does not have to lie in a dark room", "Denies has to lie in a dark room"]),
        ("I also noticed aches", ["It is not true that I also noticed aches", "Denies that I also noticed aches"]),
        ("患者有胸痛", ["患者没有胸痛", "否认患者胸痛"]),
        ("咳嗽三天", ["无咳嗽三天", "否认咳嗽三天"]),
    ],
)
def test_a_statement_and_its_denials(clause: str, denied: list[str]) -> None:
    assert negation.denials(clause) == denied


def test_what_is_denied_already_is_no_statement() -> None:
    text = "67 y/o man. Denies fever, cough. Reports aches, bad ones. Is it the heart? Cannot sleep. Sweating."
    found = negation.statements(text)
    assert [one.words for one in found] == ["Reports aches", "bad ones", "Sweating"]  # "cough" is under the denial
    assert found[0].replaced(text, "Denies aches").count("Denies aches, bad ones.") == 1
    assert (
        found[2].removed(text)
        == "67 y/o man. Denies fever, cough. Reports aches, bad ones. Is it the heart? Cannot sleep."
    )
    assert [one.words for one in negation.statements("患者有胸痛，咳嗽三天。无发热，无头痛。")] == [
        "患者有胸痛",
        "咳嗽三天",
    ]


def test_a_clause_that_is_taken_away_leaves_no_comma_behind() -> None:
    text = "severe pain , sweating , runny nose"
    assert [one.removed(text) for one in negation.statements(text)] == [
        "sweating , runny nose",
        "severe pain , runny nose",
        "severe pain , sweating",
    ]
    alone = negation.statements("Chest pain.")
    assert alone[0].removed("Chest pain.") is None


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("No chest pain. Mild cough.", "Chest pain. Mild cough."),
        ("Cough. Denies fever or aches.", "Cough. Fever and aches."),
        ("negative for any rash", "rash"),
        ("咳嗽。无发热。", "咳嗽。有发热。"),
        ("Cough since noon.", "Cough since noon."),
    ],
)
def test_the_first_denial_is_taken_away(text: str, made: str) -> None:
    assert negation.first_affirmed(text) == made


def test_sex_is_swapped_by_whole_words_and_keeps_capitals() -> None:
    assert people.other_sex("Mr James told HER that he is the father.") == "Mrs Emily told HIM that she is the mother."
    assert people.other_sex("her son saw her. 40M, 67 y/o man") == "his daughter saw him. 40F, 67 y/o woman"
    assert people.other_sex("The theme of the sheet: 20 MG") == "The theme of the sheet: 20 MG"
    assert people.other_sex("患者男，他的妻子；李女士") == "患者女，她的丈夫；李先生"


def test_origin_and_age_change_nothing_else() -> None:
    assert (
        people.other_origin("Emily and her dog saw Mohammed, rob and jamal")
        == "Lakisha and her dog saw Raj, rob and jamal"
    )
    said = "A 45-year-old, aged 70, 30 y/o, 5 mg, 45 beats; young; 45岁"
    assert people.other_age(said) == "A 75-year-old, aged 40, 60 y/o, 5 mg, 45 beats; elderly; 75岁"


def test_names_before_a_text_differ_in_one_trait() -> None:
    place = {
        name: (origin, sex)
        for origin, both in people.ORIGINS.items()
        for sex, names in enumerate(both)
        for name in names
    }
    for row in range(40):
        one, other, foreign = (place[text.split()[1].rstrip(".")] for text in people.named("Cough.", row))
        assert one[0] == other[0]
        assert one[1] != other[1]
        assert one[0] != foreign[0]
        assert one[1] == foreign[1]
    assert all(text.startswith("姓名：") for text in people.named("患者咳嗽三天", 1))


@pytest.mark.parametrize(
    ("cell", "other"), [("male", "female"), ("F", "M"), ("Woman", "Man"), ("男", "女"), ("other", None)]
)
def test_the_opposite_sex_of_a_cell(cell: str, other: str | None) -> None:
    assert people.opposite_sex(cell) == other


def test_slips_of_the_keyboard_are_small_and_seeded() -> None:
    text = "crushing chest pain since yesterday evening and sweating a lot"
    made = [wording.typos(text, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert made[0] == made[1] != text
    changed = [(a, b) for a, b in zip(text.split(), made[0].split(), strict=True) if a != b]
    assert len(changed) == 1
    assert changed[0][0][0] == changed[0][1][0]
    assert wording.typos("a an it", np.random.default_rng(0)) == "a an it"


def test_order_and_beside_the_point_keep_every_word() -> None:
    random = np.random.default_rng(0)
    text = "One came. Two went. Three stayed."
    for _ in range(20):
        made = wording.reordered(text, random)
        assert made != text
        assert sorted(wording.sentences(made)) == sorted(wording.sentences(text))
    assert wording.reordered("Only one.", random) == "Only one."
    assert sorted(wording.shuffled("b a c", random).split()) == ["a", "b", "c"]
    assert wording.spaced("One came. Two went.").split() == ["One", "came.", "Two", "went."]
    assert "One came" in wording.with_beside_the_point("One came", random)


def test_units_by_hand() -> None:
    """5.5 mmol/L glucose are 99.1 mg/dL, 88.4 umol/L creatinine 1.0 mg/dL, 37 °C are 98.6 °F, 120 mm Hg are 16 kPa."""
    for name, unit, value, other in (
        ("glucose", "mmol/L", 5.5, 99.09),
        ("creatinine", "umol/L", 88.4, 1.0),
        ("serum_creatinine", "mg/dL", 1.0, 88.4),
        ("temperature", "Cel", 37.0, 98.6),
        ("systolic_bp", "mm[Hg]", 120.0, 16.0),
        ("income", "EUR/mo", 1000.0, 12000.0),
    ):
        found = quantities.slips(Field(name, "number", unit=unit))
        scale = 1000 if (name, unit) == ("serum_creatinine", "mg/dL") else 1  # mmol/L is the other unit there
        assert found[2].apply(np.array([value]))[0] * scale == pytest.approx(other, rel=2e-3), name
    assert len(quantities.slips(Field("x", "number"))) == 2
    limits = Field("x", "number", low=0, high=10)
    assert quantities.in_range(limits, np.array([-1.0, 5.0, 11.0, np.nan])).tolist() == [False, True, False, True]
    noisy = quantities.noisy(np.full(200, 50.0), np.random.default_rng(0))
    assert set(np.round(noisy, 6)) == {49.5, 50.5}


def test_orders_name_the_answer_and_the_control_does_not() -> None:
    for row in range(6):
        assert "zebra" in outside.order("A cough.", row, "zebra")
        assert "zebra" not in outside.order("A cough.", row, None)
        assert "A cough." in outside.order("A cough.", row, "zebra")
