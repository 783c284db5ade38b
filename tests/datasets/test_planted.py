"""Faults planted at several rates in simulated data: how many of them the gate finds, and that it is quiet without.

Recall is counted over the planted rows themselves, never over findings: 0.98 for exact kinds (copies, rows shared with
the test, numbers with a checksum), 0.9 for near-copies and for names in sentences.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

import verticals
from verticals.datasets.gate import check_files
from verticals.datasets.gate_result import GateResult

TASKS = ("medical.diagnosis", "education.tutoring", "finance.fraud", "finance.credit")
TEXTS = {"medical.diagnosis": "note", "education.tutoring": "question"}
RATES = (0.01, 0.05, 0.2)
EXACT, NEARLY = 0.98, 0.9


@cache
def simulated(name: str, rows: int = 500, seed: int = 0) -> pd.DataFrame:
    task = verticals.load_task(name)
    assert task.simulate is not None
    return task.simulate(rows, seed)


@cache
def parts(name: str, rows: int = 600, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Data and test as they come from the task's own split."""
    made = verticals.prepare(verticals.load_task(name), rows=rows, seed=seed)
    data = pd.concat([made.train, made.validation])
    return data.reset_index(drop=True), made.test.reset_index(drop=True)


def checked(name: str, data: pd.DataFrame, test: pd.DataFrame | None = None) -> GateResult:
    return check_files(name, data, test, thorough=False)


def rows_of(result: GateResult, *checks: str, part: str = "data") -> set[int]:
    """Rows that findings of these checks name."""
    return {row for one in result.findings if one.check in checks and one.part == part for row in one.rows}


def recall(found: set[int], planted: set[int]) -> float:
    return len(found & planted) / len(planted)


def places(rows: int, rate: float, seed: int) -> list[int]:
    return sorted(random.Random(seed).sample(range(rows), max(3, int(rate * rows))))


# -- exact kinds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", TASKS)
def test_copied_rows(name: str, rate: float) -> None:
    clean = simulated(name)
    chosen = places(len(clean), rate, 1)
    data = pd.concat([clean, clean.iloc[chosen]], ignore_index=True)
    planted = set(range(len(clean), len(data)))
    assert recall(rows_of(checked(name, data), "copies"), planted) >= EXACT


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", TASKS)
def test_rows_of_the_test_in_the_data(name: str, rate: float) -> None:
    data, test = parts(name)
    chosen = places(len(data), rate, 2)
    leaky = pd.concat([test, data.iloc[chosen]], ignore_index=True)
    result = checked(name, data, leaky)
    found = next(one for one in result.findings if one.check == "overlap")
    seen = set(found.figures["test_rows"])
    assert recall(seen, set(range(len(test), len(leaky)))) >= EXACT
    if name in TEXTS and rate >= 0.05:
        assert found.level == "stop"


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_copies_with_other_case_and_marks(name: str) -> None:
    clean, field = simulated(name), TEXTS[name]
    whole = clean[clean[field].str.len() > 40]
    chosen = whole.sample(40, random_state=3)
    chosen = chosen.assign(**{field: chosen[field].str.upper() + " !!"})
    data = pd.concat([clean, chosen], ignore_index=True)
    assert recall(rows_of(checked(name, data), "copies"), set(range(len(clean), len(data)))) >= EXACT


# -- numbers with a checksum ------------------------------------------------------------------------------------------


def card(draw: random.Random) -> str:
    """A valid card number of 16 digits; the check digit is found by trying, not by the formula that is tested."""
    start = draw.choice(["4", "51", "55", "6011", "2221"])
    digits = start + "".join(draw.choice("0123456789") for _ in range(15 - len(start)))

    def doubled(sign: str) -> int:
        return sum(map(int, str(2 * int(sign))))

    total = sum(doubled(s) if place % 2 == 0 else int(s) for place, s in enumerate(digits))
    number = digits + str(-total % 10)
    return draw.choice([number, " ".join(number[n : n + 4] for n in range(0, 16, 4)), "-".join(
        number[n : n + 4] for n in range(0, 16, 4))])  # fmt: skip


def iban(draw: random.Random) -> str:
    """A German account number: 98 minus the remainder makes the remainder 1."""
    account = "".join(draw.choice("0123456789") for _ in range(18))
    check = 98 - int(account + "131400") % 97  # D is 13, E is 14
    whole = f"DE{check:02d}{account}"
    return draw.choice([whole, " ".join(whole[n : n + 4] for n in range(0, 22, 4))])


def resident(draw: random.Random) -> str:
    """A Chinese resident number: weights 7 9 10 5 8 4 2 1 6 3 7 9 10 5 8 4 2 as the standard lists them."""
    born = f"{draw.randint(1940, 2015)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
    first = draw.choice(["110105", "310104", "440305", "510107"]) + born + f"{draw.randint(0, 999):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(sign) * weight for sign, weight in zip(first, weights, strict=True))
    return first + "10X98765432"[total % 11]


def ssn(draw: random.Random) -> str:
    area = draw.choice([*range(1, 666), *range(667, 900)])
    return f"{area:03d}-{draw.randint(1, 99):02d}-{draw.randint(1, 9999):04d}"


def email(draw: random.Random) -> str:
    name = "".join(draw.choice("abcdefghkmnoprstu") for _ in range(6))
    return f"{name}.{draw.randint(1, 99)}@{draw.choice(['example.org', 'mail.example.co.uk', 'ward-3.example.cn'])}"


def wrong_card(draw: random.Random) -> str:
    number = card(draw).replace(" ", "").replace("-", "")
    return number[:-1] + str((int(number[-1]) + 3) % 10)


def wrong_resident(draw: random.Random) -> str:
    number = resident(draw)
    return number[:-1] + ("4" if number[-1] != "4" else "5")


SENTENCES = {
    "en": (
        "Please use {} for this.",
        "The number is {}, thank you.",
        "{} was given at the desk.",
        "See {}; call back.",
    ),
    "zh": ("请使用{}办理。", "号码是{}，谢谢。", "前台登记的是{}。"),
}
CHECKED: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "card": ("card", card), "iban": ("iban", iban), "resident_id": ("resident_id", resident), "ssn": ("ssn", ssn),
    "email": ("email", email),
}  # fmt: skip


def planted_texts(
    field: str, clean: pd.DataFrame, rate: float, make: Callable[[random.Random], str], sentences: tuple[str, ...]
) -> tuple[pd.DataFrame, set[int]]:
    """A sentence with something personal behind some of the texts."""
    draw = random.Random(f"{rate}{sentences[0]}")
    chosen = places(len(clean), rate, 5)
    texts = clean[field].tolist()
    for row in chosen:
        texts[row] = f"{texts[row]} {draw.choice(sentences).format(make(draw))}"
    return clean.assign(**{field: texts}), set(chosen)


def personal(result: GateResult, kind: str) -> set[int]:
    found = [one for one in result.findings if one.check == "personal" and one.figures.get("kind") == kind]
    return {row for one in found if one.part == "data" for row in one.rows}


def deep(name: str, data: pd.DataFrame) -> GateResult:
    """All rows are read, by the check of personal data alone."""
    from verticals.datasets.checks.personal import check_personal
    from verticals.datasets.gate import _material, check
    from verticals.datasets.options import make_options
    from verticals.datasets.source import checked_frame

    made, _ = _material(
        verticals.load_task(name), checked_frame(data), None, make_options(), None, seed=0, thorough=True
    )
    return check(made, checks={"personal": check_personal})


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("language", sorted(SENTENCES))
@pytest.mark.parametrize("kind", sorted(CHECKED))
def test_numbers_with_a_checksum(kind: str, language: str, rate: float) -> None:
    called, make = CHECKED[kind]
    clean = simulated("medical.diagnosis")[["note", "condition"]]
    data, planted = planted_texts("note", clean, rate, make, SENTENCES[language])
    found = personal(deep("medical.diagnosis", data), called)
    assert recall(found, planted) >= EXACT
    assert found <= planted


@pytest.mark.parametrize(("kind", "make"), [("card", wrong_card), ("resident_id", wrong_resident)])
def test_a_wrong_check_digit_is_no_number_of_that_kind(kind: str, make: Callable[[random.Random], str]) -> None:
    clean = simulated("medical.diagnosis")[["note", "condition"]]
    data, _ = planted_texts("note", clean, 0.2, make, SENTENCES["en"])
    assert personal(deep("medical.diagnosis", data), kind) == set()


# -- nearly and in sentences ------------------------------------------------------------------------------------------

NAMES = {
    "en": (
        (
            "My name is {}.",
            "Seen with Mrs {}.",
            "Patient: {}, seen today.",
            "Regards, {}",
            "Dr {} was told.",
            "Name: {}",
        ),
        ("Emily Carter", "James O'Neill", "Sarah Whitfield", "Robert Miller", "Hannah Brooks", "Daniel Osei"),
    ),
    "zh": (
        ("姓名：{}，女。", "我叫{}，来看病。", "患者{}，男，45岁。", "联系人：{}。"),
        ("王伟", "李秀英", "张敏", "刘洋", "陈静", "欧阳明"),
    ),
}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("language", sorted(NAMES))
def test_names_in_sentences(language: str, rate: float) -> None:
    sentences, names = NAMES[language]
    clean = simulated("medical.diagnosis")[["note", "condition"]]
    data, planted = planted_texts("note", clean, rate, lambda draw: draw.choice(names), sentences)
    found = personal(deep("medical.diagnosis", data), "name")
    assert recall(found, planted) >= NEARLY
    assert len(found - planted) <= 0.002 * len(data)


def nearly(text: str, draw: random.Random) -> str:
    """The same text with one word of it written twice."""
    words = text.split()
    place = draw.randrange(len(words))
    return " ".join([*words[: place + 1], *words[place:]])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", sorted(TEXTS))
def test_nearly_copied_texts(name: str, rate: float) -> None:
    clean, field = simulated(name), TEXTS[name]
    long = clean[clean[field].str.split().str.len() >= 10]
    chosen = long.iloc[places(len(long), min(rate, 0.2), 7)]
    draw = random.Random(8)
    data = pd.concat(
        [clean, chosen.assign(**{field: [nearly(text, draw) for text in chosen[field]]})], ignore_index=True
    )
    planted = set(range(len(clean), len(data)))
    found = rows_of(checked(name, data), "near_copies", "copies")
    assert recall(found, planted) >= NEARLY


# -- nothing planted --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", TASKS)
def test_no_stop_without_a_fault(name: str, seed: int) -> None:
    data, test = parts(name, 400, seed)
    result = checked(name, data, test)
    assert [one.message for one in result.stops] == []
    assert len(result.warns) <= 3, [one.message for one in result.warns]


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_no_stop_by_the_thorough_checks(name: str) -> None:
    for seed in range(3):
        data, test = parts(name, 1500, seed)
        assert [one.message for one in check_files(name, data, test).stops] == []
    assert np.isfinite(len(data))
