"""Scripts, languages, broken encodings, marks, and lengths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from verticals.core.recipe import Recipe
from verticals.core.task import Field
from verticals.datasets.checks.language import check_lengths, check_script
from verticals.datasets.checks.lengths import pieces_of, tokenizer
from verticals.datasets.checks.scripts import NAMES, language_of, main_script, mojibake, script_counts
from verticals.datasets.finding import Finding
from verticals.datasets.table import read_table

from .conftest import material, only, task

NOTES = task(Field("note", "text"))
ENGLISH = ["chest pain for an hour and sweating", "a mild cough since yesterday evening", "no fever but a sore throat"]
CHINESE = ["胸痛一小时，出汗明显", "从昨天晚上开始轻微咳嗽", "没有发烧，但喉咙痛"]
GERMAN = ["ich habe seit gestern Fieber und der Husten ist nicht besser", "die Schmerzen sind mit dem Essen schlimmer"]


def notes(*texts: str, rows: int = 200) -> pd.DataFrame:
    return pd.DataFrame({"note": [texts[n % len(texts)] for n in range(rows)], "ill": ["yes", "no"] * (rows // 2)})


def named(found: list[Finding], check: str) -> Finding:
    return only([one for one in found if one.check == check])


@pytest.mark.parametrize("thorough", [True, False])
def test_english_raises_nothing(thorough: bool) -> None:
    given = material(notes(*ENGLISH), notes(*ENGLISH, rows=60), of=NOTES, thorough=thorough)
    assert check_script(given) + check_lengths(given) == []


# -- scripts ----------------------------------------------------------------------------------------------------------


def test_letters_are_counted_by_script() -> None:
    counts = script_counts(["abc é 12!", "тихо x", "胸痛", "", "かな漢", "한국"])
    found = [{NAMES[n]: int(row[n]) for n in np.flatnonzero(row)} for row in counts]
    assert found == [{"Latin": 4}, {"Cyrillic": 4, "Latin": 1}, {"Han": 2}, {}, {"Kana": 2, "Han": 1}, {"Hangul": 2}]


def test_letters_of_each_script_as_unicode_names_them() -> None:
    """Each letter of the basic plane that is given a script here has that script's word in its Unicode name."""
    import unicodedata

    words = {"Han": ("CJK", "IDEOGRAPH", "KANGXI"), "Kana": ("HIRAGANA", "KATAKANA"), "Greek": ("GREEK", "COPTIC")}
    letters = [chr(point) for point in range(0x80, 0xFFFF) if unicodedata.category(chr(point)) in ("Ll", "Lu", "Lo")]
    counts = script_counts(letters)
    wrong = [
        (letter, NAMES[int(row.argmax())])
        for letter, row in zip(letters, counts, strict=True)
        if row.any()
        and not any(
            word in unicodedata.name(letter)
            for word in words.get(NAMES[int(row.argmax())], (NAMES[int(row.argmax())].upper(),))
        )
    ]
    assert wrong == []


def test_the_script_of_most_letters_decides() -> None:
    texts = ["小明有 3 个苹果", "若 $$\\frac{a}{b}=3$$ 则 x", "solve for α and β", "12 + 3", "Он сказал hello"]
    assert [NAMES[n] if n >= 0 else "" for n in main_script(texts)] == ["Han", "Han", "Latin", "", "Cyrillic"]


def test_texts_that_the_default_model_does_not_read() -> None:
    found = named(check_script(material(notes(*CHINESE), of=NOTES)), "backbone_language")
    assert (found.level, found.figures["share"], found.figures["language"]) == ("warn", 1.0, "Han")
    assert "--backbone" in found.remedy
    german = named(check_script(material(notes(*GERMAN), of=NOTES)), "backbone_language")
    assert (german.level, german.figures["language"]) == ("warn", "German")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I have a rash on my arm and it is itchy", "English"),
        (GERMAN[0], "German"),
        ("je ne sais pas si la carte est dans le bon pays", "French"),
        ("no puedo usar la tarjeta con el cajero y me da un error", "Spanish"),
        ("c1ccc(cc1)C(=O)N o c e n", None),
        ("SOB x3d, afebrile, sats 94%", None),
        ("", None),
    ],
)  # fmt: skip
def test_small_words_tell_the_language(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_another_script_in_the_test() -> None:
    data = notes(*ENGLISH, *ENGLISH, *ENGLISH, CHINESE[0])
    found = check_script(material(data, notes(*CHINESE, rows=60), of=NOTES))
    assert named(found, "scripts").level == "note"
    moved = named(found, "scripts_differ")
    assert (moved.level, moved.part) == ("warn", "test")
    assert "90% of the texts in 'note' are in Latin, but 0% of the test's" in moved.message


@pytest.mark.parametrize("seed", range(20))
def test_the_same_mix_on_both_sides_is_no_difference(seed: int) -> None:
    draw = np.random.default_rng(seed)
    parts = [notes(*draw.permutation([*ENGLISH, *CHINESE]), rows=rows) for rows in (300, 60)]
    for part in parts:
        part["note"] = draw.permutation(part["note"])
    found = check_script(material(*parts, of=NOTES, thorough=False))
    assert "scripts_differ" not in {one.check for one in found}


# -- traces of a wrong decoding ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["café", "über 38°C", "déjà vu – “naïve”", "привет мир", "胸痛一小时", "€ 30 £20"])
def test_utf8_read_as_western_european(text: str) -> None:
    broken = "".join(
        bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
        for byte in text.encode("utf-8")
    )
    assert mojibake(broken)
    assert not mojibake(text)


def test_right_texts_are_not_broken() -> None:
    for text in (
        "Ångström’s “quoted” – dash",
        "À la carte, Málaga, naïve",
        "ÄÖÜ «Straße» ÉCOLE",
        "Ça va? Œuvre",
        "30 °C ± 2 µm",
    ):
        assert mojibake(text) == []


@pytest.mark.parametrize("rate", [0.005, 0.05, 0.5])
def test_planted_broken_texts_are_all_found(rate: float) -> None:
    draw = np.random.default_rng(0)
    frame = notes(*ENGLISH, "a coffee in the café made it worse", rows=1000)
    rows = np.sort(draw.choice(1000, int(rate * 1000), replace=False))
    for row in rows:
        frame.loc[row, "note"] = draw.choice(
            ["cafÃ© and pain", "38Â°C since noon", "it wonâ€™t stop", "na\ufffdve pain"]
        )
    found = only(check_script(material(frame, of=NOTES)))
    assert (found.check, found.level, found.rows) == ("mojibake", "warn", tuple(rows.tolist()))


def test_marks_and_control_characters() -> None:
    frame = notes(*ENGLISH)
    frame.loc[[3, 5, 8], "note"] = "<p>mild cough</p>&nbsp;since"
    frame.loc[4, "note"] = "mild cough\x07 since\tnoon\n"
    frame.loc[6, "note"] = "mild\u200b cough"
    found = check_script(material(frame, of=NOTES))
    assert [(one.check, one.level, one.rows) for one in found] == [
        ("control_characters", "warn", (4,)),
        ("hidden_characters", "note", (6,)),
        ("markup", "note", (3, 5, 8)),
    ]
    assert named(found, "control_characters").examples == ("row 5: '\\x07'",)


# -- lengths ----------------------------------------------------------------------------------------------------------


def test_lengths_are_near_those_of_the_tokenizer(shared_data: Path) -> None:
    own = tokenizer()
    if own is None:
        pytest.skip("the default backbone is not installed")
    for name, column in (
        ("banking77/test.csv", "text"),
        ("symptom2disease/Symptom2Disease.csv", "text"),
        ("moleculenet/bbbp.csv", "smiles"),
    ):
        texts = read_table(shared_data / name)[column].head(400).tolist()
        true = sum(len(own.encode(text, add_special_tokens=False).ids) for text in texts)
        assert sum(map(pieces_of, texts)) == pytest.approx(true, rel=0.1)


@pytest.mark.parametrize("thorough", [True, False])
def test_texts_that_will_be_cut(thorough: bool) -> None:
    limit = Recipe().max_tokens
    frame = notes(*ENGLISH)
    frame.loc[[0, 1, 2], "note"] = " ".join(["pain"] * 400)
    frame.loc[5, "note"] = " ".join(["pain"] * (limit - 2))  # beside two special tokens it just fits
    found = only(check_lengths(material(frame, of=NOTES, thorough=thorough)))
    assert (found.level, found.count, found.rows, found.figures["longest"]) == ("note", 3, (0, 1, 2), 402)
    assert "max_tokens=448" in found.remedy
    assert found.message.startswith("3 of 200 texts" if thorough else "About 3 of 200 texts")
    every = notes(" ".join(["pain"] * 600))
    assert only(check_lengths(material(every, of=NOTES, thorough=thorough))).level == "warn"


def test_other_fields_take_their_place() -> None:
    limit = Recipe().max_tokens
    frame = notes(" ".join(["pain"] * (limit - 3))).assign(age=np.arange(200.0) % 37, weight=np.arange(200.0) % 41)
    assert only(check_lengths(material(frame, of=NOTES))).count == 200
    assert check_lengths(material(frame[["note", "ill"]], of=NOTES)) == []


def test_single_words_are_noted() -> None:
    frame = notes(*ENGLISH)
    frame.loc[:39, "note"] = "ok"
    found = only(check_lengths(material(frame, of=NOTES)))
    assert (found.check, found.level, found.count) == ("one_word_texts", "note", 40)


def test_chinese_questions_of_tal(shared_data: Path) -> None:
    frame = read_table(shared_data / "tal_scq5k" / "ch_single_choice_train_3K.jsonl").head(600)
    found = check_script(material(frame[["problem", "answer_value"]], label="answer_value", text=("problem",)))
    foreign = named(found, "backbone_language")
    assert foreign.figures["language"] == "Han"
    assert foreign.figures["share"] > 0.8
    assert "of their pieces are unknown to it" in foreign.message
