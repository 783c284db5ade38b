"""Swap who somebody is in a text, and nothing else: given names, words of sex, wording of age.

>>> other_sex("Mr James said that he is sure of his account.")
'Mrs Emily said that she is sure of her account.'
>>> other_origin("Emily is seen.")
'Lakisha is seen.'

The names are common given names as public statistics of names list them; they stand for no person.
"""

from __future__ import annotations

import re

from .wording import is_chinese

__all__ = ["ORIGINS", "named", "opposite_sex", "other_age", "other_origin", "other_sex"]

ORIGINS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "English": (
        ("James", "John", "Robert", "Michael", "William", "Thomas", "Daniel", "Andrew", "Oliver", "George"),
        ("Emily", "Mary", "Susan", "Linda", "Sarah", "Emma", "Alice", "Karen", "Olivia", "Charlotte"),
    ),
    "African American": (
        ("Jamal", "DeShawn", "Tyrone", "Darnell", "Terrell"),
        ("Lakisha", "Ebony", "Latoya", "Keisha", "Tanisha"),
    ),
    "Arabic": (("Mohammed", "Ahmed", "Omar", "Hassan", "Khalid"), ("Fatima", "Aisha", "Layla", "Zainab", "Noura")),
    "South Asian": (("Raj", "Arjun", "Rahul", "Sanjay", "Vikram"), ("Priya", "Anjali", "Deepa", "Lakshmi", "Sunita")),
    "Chinese": (("Wei", "Jun", "Qiang", "Hao", "Lei"), ("Xiuying", "Yan", "Fang", "Ling", "Mei")),
    "Spanish": (("Carlos", "Miguel", "Jose", "Luis", "Pedro"), ("Sofia", "Carmen", "Ana", "Lucia", "Guadalupe")),
    "Slavic": (("Ivan", "Dmitri", "Piotr", "Sergei", "Pavel"), ("Olga", "Svetlana", "Katarzyna", "Irina", "Milena")),
}
"""Origin -> given names of men, given names of women."""
_CHINESE = (("伟强", "建国", "志明"), ("秀英", "美丽", "淑芬"), ("约翰", "伊万", "穆罕默德"))
_PLACE = {
    name: (origin, sex, at)
    for origin, both in ORIGINS.items()
    for sex, names in enumerate(both)
    for at, name in enumerate(names)
}
_NAME = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _PLACE), key=len, reverse=True)) + r")\b")
_OTHER_WORD = {
    "he": "she", "she": "he", "him": "her", "his": "her", "hers": "his", "himself": "herself", "herself": "himself",
    "mr": "mrs", "mrs": "mr", "ms": "mr", "miss": "mr", "man": "woman", "woman": "man", "men": "women", "women": "men",
    "boy": "girl", "girl": "boy", "boys": "girls", "girls": "boys", "male": "female", "female": "male",
    "gentleman": "lady", "lady": "gentleman", "father": "mother", "mother": "father", "dad": "mum", "mum": "dad",
    "mom": "dad", "husband": "wife", "wife": "husband", "son": "daughter", "daughter": "son", "brother": "sister",
    "sister": "brother", "uncle": "aunt", "aunt": "uncle", "grandfather": "grandmother", "grandmother": "grandfather",
}  # fmt: skip
_WORD = re.compile(r"\b(" + "|".join(sorted({*_OTHER_WORD, "her"}, key=len, reverse=True)) + r")\b", re.IGNORECASE)
_SHORT = re.compile(r"\b(\d{1,3} ?)([MF])\b")
_HAN = re.compile("先生|女士|小姐|男|女|他|她|父亲|母亲|丈夫|妻子|儿子|女儿")
_OTHER_HAN = {
    "先生": "女士", "女士": "先生", "小姐": "先生", "男": "女", "女": "男", "他": "她", "她": "他", "父亲": "母亲",
    "母亲": "父亲", "丈夫": "妻子", "妻子": "丈夫", "儿子": "女儿", "女儿": "儿子",
}  # fmt: skip
_OBJECT = re.compile(
    r"\s*(?:[.,;:!?)]|$|(?:and|or|but|to|for|in|on|at|with|from|as|that|when|if|because|again|today)\b)"
)
_AGE = re.compile(
    r"\b(\d{1,3})(?=(?:[ -]?(?:years?|yrs?)[ -]olds?\b| ?y/?o\b| ?岁))|(?<=\baged )(\d{1,3})\b|(?<=\bI am )(\d{1,3})(?= ?[.,;]|$)",
    re.IGNORECASE,
)
_AGE_WORDS = {"young": "elderly", "elderly": "young", "younger": "older", "teenage": "elderly", "retired": "young"}
_AGE_WORD = re.compile(r"\b(" + "|".join(_AGE_WORDS) + r")\b", re.IGNORECASE)
_PAIRS = {
    "male": "female", "m": "f", "man": "woman", "men": "women", "boy": "girl", "男": "女", "男性": "女性",
}  # fmt: skip
_OPPOSITE = _PAIRS | {other: one for one, other in _PAIRS.items()}
AGE_STEP, GROWN_UP = 30, 50


def _like(made: str, word: str) -> str:
    if word.isupper() and len(word) > 1:
        return made.upper()
    return made[:1].upper() + made[1:] if word[:1].isupper() else made


def _renamed(found: re.Match[str]) -> str:
    origin, sex, at = _PLACE[found[0]]
    names = ORIGINS[origin][1 - sex]
    return names[at % len(names)]


def other_sex(text: str) -> str:
    """Pronouns, titles, words of sex and known given names for those of the other sex; the origin of names stays."""

    def swapped(found: re.Match[str]) -> str:
        word = found[0]
        if word.lower() == "her":
            return _like("him" if _OBJECT.match(text, found.end()) else "his", word)
        return _like(_OTHER_WORD[word.lower()], word)

    text = _WORD.sub(swapped, text)
    text = _SHORT.sub(lambda m: f"{m[1]}{'F' if m[2] == 'M' else 'M'}", text)
    return _HAN.sub(lambda m: _OTHER_HAN[m[0]], _NAME.sub(_renamed, text))


def other_origin(text: str) -> str:
    """Known given names for those of the next origin; the sex stays, and nothing else is changed."""
    origins = list(ORIGINS)

    def renamed(found: re.Match[str]) -> str:
        origin, sex, at = _PLACE[found[0]]
        names = ORIGINS[origins[(origins.index(origin) + 1) % len(origins)]][sex]
        return names[at % len(names)]

    return _NAME.sub(renamed, text)


def other_age(text: str) -> str:
    """Thirty years more for the young, thirty fewer for the old, and "young" for "elderly"; other numbers stay."""

    def aged(found: re.Match[str]) -> str:
        years = int(next(group for group in found.groups() if group))
        return str(years + AGE_STEP if years < GROWN_UP else years - AGE_STEP)

    text = _AGE.sub(aged, text)
    return _AGE_WORD.sub(lambda m: _like(_AGE_WORDS[m[0].lower()], m[0]), text)


def named(text: str, row: int) -> tuple[str, str, str]:
    """The text behind "Name: …" with a given name, with one of the other sex, and with one of another origin.

    Args:
        text: any text.
        row: number of the record, from which the names follow.
    """
    if is_chinese(text):
        at = row % 3
        one, other, foreign = (f"姓名：{names[at]}。{text}" for names in _CHINESE)
        return one, other, foreign
    origins = list(ORIGINS)
    sex = row % 2
    first, second = origins[0], origins[1 + row // 2 % (len(origins) - 1)]
    if row % 4 >= 2:
        first, second = second, first
    mine, theirs = ORIGINS[first], ORIGINS[second]
    names = (
        mine[sex][row % len(mine[sex])],
        mine[1 - sex][row % len(mine[1 - sex])],
        theirs[sex][row % len(theirs[sex])],
    )
    one, other, foreign = (f"Name: {name}. {text}" for name in names)
    return one, other, foreign


def opposite_sex(cell: str) -> str | None:
    """The other of a pair of words for sex, in the same capitals; None for any other word."""
    other = _OPPOSITE.get(cell.strip().lower())
    return None if other is None else other.upper() if cell.strip().isupper() else _like(other, cell.strip())
