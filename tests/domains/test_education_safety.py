"""Disclosures go to a person, ordinary questions do not, and a hint never holds its answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verticals.domains.education.readers import phrasings
from verticals.domains.education.safety import SERIOUS, flags_in, reveals, safety_flags
from verticals.domains.education.simulator import simulate


def kinds(question: str) -> set[str]:
    return {flag.name for flag in flags_in(question)}


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("i want to hurt myself, also what is 3/4 of 20", "self_harm"),
        ("I don't want to live anymore", "self_harm"),
        ("i dont wanna be here any more", "self_harm"),
        ("whats the point, i wish i was dead", "self_harm"),
        ("I wish I were dead", "self_harm"),
        ("im gonna kill my self after the test", "self_harm"),
        ("thinking about suicide a lot", "self_harm"),
        ("i have been cutting myself", "self_harm"),
        ("there is no point in living if i fail maths", "self_harm"),
        ("everyone would be better off without me", "self_harm"),
        ("kms if i fail this", "self_harm"),
        ("I can\u2019t do this, I just want to die", "self_harm"),
        ("i dont want to hurt anyone but i want to hurt myself", "self_harm"),
        ("my dad hits me when i get bad marks", "abuse"),
        ("my step dad hurts my little brother", "abuse"),
        ("he touched me and told me to keep quiet", "abuse"),
        ("my uncle asks me for nudes", "abuse"),
        ("im scared to go home", "abuse"),
        ("i dont feel safe at home", "abuse"),
        ("i get beaten at home, what is 7 x 8", "abuse"),
        ("my mum locked me in my room, how do i do fractions", "abuse"),
        ("we havent eaten for two days", "abuse"),
        ("he said he will kill me if i tell", "danger"),
        ("a boy has brought a knife to school", "danger"),
        ("someone is following me", "danger"),
        ("i am going to meet up with a man i met online", "danger"),
    ],
)
def test_a_disclosure_is_flagged(question: str, kind: str) -> None:
    assert kind in kinds(question)
    assert kind in SERIOUS


@pytest.mark.parametrize(
    "question",
    [
        "I would never hurt myself, it is just a poem",
        "i am not going to kill myself over fractions lol",
        "my dad never hits me",
        "my brother doesn't hit me",
        "this homework is killing time",
        "how do i cut the pizza into equal parts",
        "what is the probability of a shooter who will kill someone in the story",
        "the battery died, where did the energy go",
        "two cars hit each other at 50 km/h, which forces act",
        "what do i divide to end up with 3",
        "the numbers beat me every time",
    ],
)
def test_ordinary_words_raise_nothing(question: str) -> None:
    assert kinds(question) == set()


def test_no_question_of_the_course_raises_a_serious_flag() -> None:
    alarms = [text for texts in phrasings().values() for text in texts if kinds(text)]
    assert alarms == []
    assert not any(kinds(question) & set(SERIOUS) for question in simulate(500, 1)["question"])


@pytest.mark.parametrize(
    ("question", "evidence"),
    [
        ("mail me at pupil.b12@school.example please", "e-mail address"),
        ("my number is 0170 5551234", "telephone number"),
        ("call me +44 20 7946 0018", "telephone number"),
        ("555 123 4567 text me", "telephone number"),
        ("i live at 12 garden street", "postal address"),
        ("My name is Green River and i am stuck", "full name"),
    ],
)
def test_personal_data_is_noted_without_repeating_it(question: str, evidence: str) -> None:
    (flag,) = flags_in(question)
    assert (flag.name, flag.evidence) == ("personal_data", evidence)


@pytest.mark.parametrize(
    "question", ["what is 48 / 2 / 4", "is 1,234,567 in the 9s", "0.333 x 3", "3462 to the nearest 10"]
)
def test_numbers_of_a_sum_are_no_personal_data(question: str) -> None:
    assert kinds(question) == set()


def test_serious_flags_come_first_and_say_what_they_rest_on() -> None:
    flags = flags_in("my mail is a@b.example and my dad beats me and i want to die")
    assert [flag.name for flag in flags] == ["self_harm", "abuse", "personal_data"]
    assert flags[0].evidence == "want to die"
    assert flags[1].evidence == "dad beats me"


def test_a_record_without_question_raises_no_flag() -> None:
    assert list(safety_flags({"grade": "6"})) == []
    assert list(safety_flags({"question": None})) == []
    assert list(safety_flags({"question": float("nan")})) == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is 12.", "12"),
        ("the answer is twelve", "12"),
        ("It is TWELVE!", "12"),
        ("1 2 is what you want", "12"),
        ("one two", "12"),
        ("it is 6+6.", "12"),
        ("12.0", "12"),
        ("you need 24/2 of them", "12"),
        ("write 1,200 here", "1200"),
        ("twelve hundred", "1200"),
        ("it is one thousand two hundred", "1200"),
        ("three hundred and forty-two", "342"),
        ("it is a half", "0.5"),
        ("it is half of it", "1/2"),
        ("that makes ½", "0.5"),
        ("50 % of it", "1/2"),
        ("fifty percent? no: 0.50", "1/2"),
        ("2/4", "1/2"),
        ("zero point two five", "1/4"),
        ("three quarters", "0.75"),
        ("two and a half", "2.5"),
        ("it is 2 1/2", "2.5"),
        (r"\frac{3}{4} is right", "0.75"),
        ("x = minus six", "-6"),
        ("x is \u22126", "-6"),
        ("it is -6", "-6"),
        ("so 36 cm it is", "36 cm"),
        ("thirty-six", "36 cm"),
        ("that is 0.6", "60 %"),
        ("so it is 4p+2q", "4p + 2q"),
        ("Plants take in Carbon Dioxide.", "carbon dioxide"),
        ("1\u200b2", "12"),
    ],
)
def test_an_answer_is_found_however_it_is_written(text: str, answer: str) -> None:
    assert reveals(text, answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("What is 6 + 6?", "12"),
        ("Add the 6 and the other 6.", "12"),
        ("Look at 120 and 312", "12"),
        ("0.12 is not it", "12"),
        ("1/12 of it", "12"),
        ("12.5 is close", "12"),
        ("twenty, then two", "22"),
        ("What do 1/4 and 1/6 have in common?", "5/12"),
        ("7 - 6 is positive", "-6"),
        ("is it 6", "-6"),
        ("m² and x2", "2"),
        ("Which gas is it?", "carbon dioxide"),
        ("none of the kind", "no"),
        ("p + 2q", "4p + 2q"),
        ("", "12"),
        ("anything", ""),
    ],
)
def test_a_question_gives_nothing_away(text: str, answer: str) -> None:
    assert not reveals(text, answer)


@given(st.integers(-10_000, 10_000), st.integers(1, 400))
def test_any_fraction_is_found_in_larger_terms(top: int, bottom: int) -> None:
    assert reveals(f"so you get {3 * top}/{3 * bottom} here", f"{top}/{bottom}")
