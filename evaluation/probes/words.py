"""Change the words of a text: slips that should not matter, and turns that should.

>>> negated("Patient has chest pain")
'Patient has no chest pain'
>>> negated("No fever")
'Fever'
"""

from __future__ import annotations

import re

import numpy as np

__all__ = [
    "IRRELEVANT",
    "NEGATION",
    "affirmative",
    "irrelevant",
    "is_chinese",
    "negated",
    "reordered",
    "shuffled",
    "swapped",
    "typos",
]

IRRELEVANT = ("The form was filled in on a Tuesday.", "The corridor was being painted.", "表格是星期二填写的。")
"""Sentences that have nothing to do with any case; the last for Chinese texts."""
NEGATION = re.compile(
    r"\b(no|not|never|without|denies|denied|cannot|nor|none|neither)\b|n't\b|[无没未不]", re.IGNORECASE
)
_QUESTION = re.compile(
    r"^\s*(why|how|what|when|where|who|which|can|could|do|does|did|is|are|should|will|would)\b|[?？]\s*$", re.I
)
_TURNS = (
    (re.compile(r"\b(reports|reported|complains of|feels|describes|shows)\b", re.I), "denies"),
    (re.compile(r"\b(has|have|had)\b", re.I), r"\1 no"),
    (re.compile(r"\b(is|are|was|were|am)\b", re.I), r"\1 not"),
    (re.compile(r"\bwith\b", re.I), "without"),
)
_OTHER = {
    "he": "she", "she": "he", "him": "her", "his": "her", "her": "his", "hers": "his", "himself": "herself",
    "herself": "himself", "mr": "mrs", "mrs": "mr", "ms": "mr", "man": "woman", "woman": "man", "men": "women",
    "women": "men", "boy": "girl", "girl": "boy", "male": "female", "female": "male", "gentleman": "lady",
    "lady": "gentleman", "father": "mother", "mother": "father", "husband": "wife", "wife": "husband", "son": "daughter",
    "daughter": "son", "他": "她", "她": "他", "先生": "女士", "女士": "先生",
}  # fmt: skip
_NAMES = ("James", "Emily", "Mohammed", "Fatima", "Jamal", "Lakisha", "Wei", "Priya", "Carlos", "Olga")
"""Common given names of many origins, as words; a name in a text becomes the next one."""
_SWAP = re.compile(
    r"\b(" + "|".join(sorted((w for w in _OTHER if w.isascii()), key=len, reverse=True)) + r")\b|先生|女士|他|她",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b(" + "|".join(_NAMES) + r")\b")


def is_chinese(text: str) -> bool:
    """More than a third of the letters are Han characters."""
    letters = [c for c in text if c.isalpha()]
    return bool(letters) and sum("一" <= c <= "鿿" for c in letters) > len(letters) / 3


def typos(text: str, random: np.random.Generator, share: float = 0.1) -> str:
    """One slip in a tenth of the words of four letters or more, at least one: two neighbours swapped or a letter dropped."""
    parts = re.split(r"(\s+)", text)
    long = [i for i, word in enumerate(parts) if len(word) >= 4 and word.isascii()]
    for i in random.permutation(long)[: max(1, round(share * len(long)))] if long else ():
        word, at = parts[i], int(random.integers(1, len(parts[i]) - 2))
        parts[i] = (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            if random.random() < 0.5
            else word[:at] + word[at + 1 :]
        )
    return "".join(parts)


def irrelevant(text: str, random: np.random.Generator) -> str:
    """A sentence that has nothing to do with the case, before or behind the text."""
    if is_chinese(text):
        return text + IRRELEVANT[-1]
    extra = IRRELEVANT[int(random.integers(len(IRRELEVANT) - 1))]
    return f"{extra} {text}" if random.random() < 0.5 else f"{text.rstrip()} {extra}"


def reordered(text: str, random: np.random.Generator) -> str:
    """Whole sentences in another order; a text of one sentence stays."""
    sentences = [s for s in re.split(r"(?<=[.!?])\s+|\n+", text) if s.strip()]
    if len(sentences) < 2:
        return text
    order = random.permutation(len(sentences))
    while (order == np.arange(len(sentences))).all():
        order = random.permutation(len(sentences))
    return " ".join(sentences[i] for i in order)


def shuffled(text: str, random: np.random.Generator) -> str:
    """The same words in no order."""
    words = list(text) if is_chinese(text) else text.split()
    return ("" if is_chinese(text) else " ").join(words[i] for i in random.permutation(len(words)))


def affirmative(clause: str) -> bool:
    """It states something, and neither denies nor asks."""
    return any(c.isalpha() for c in clause) and not NEGATION.search(clause) and not _QUESTION.search(clause)


def negated(clause: str) -> str:
    """The clause turned into its contrary: a denial is taken away, a statement is denied."""
    if is_chinese(clause):
        if re.search("[无没未]有?", clause):
            return re.sub("[无没未]有?", "有", clause, count=1)
        return clause.replace("有", "没有", 1) if "有" in clause else f"无{clause}"
    bare = re.sub(r"^\s*(no|not|never|without|denies|denied)\s+", "", clause, flags=re.IGNORECASE)
    if bare != clause:
        return bare[:1].upper() + bare[1:] if clause[:1].isupper() else bare
    if NEGATION.search(clause):
        return re.sub(r"\s*\b(no|not|never|denies|denied)\b|n't\b", "", clause, count=1, flags=re.IGNORECASE).strip()
    for verb, turn in _TURNS:
        if verb.search(clause):
            return verb.sub(turn, clause, count=1)
    return f"No {clause[:1].lower()}{clause[1:]}"


def swapped(text: str) -> str:
    """Pronouns, titles and words of sex for their counterparts, and known given names for the next of a list."""

    def other(found: re.Match[str]) -> str:
        word = found[0]
        made = _OTHER[word.lower()]
        return made.upper() if word.isupper() and len(word) > 1 else made.capitalize() if word[:1].isupper() else made

    named = _NAME.sub(lambda m: _NAMES[(_NAMES.index(m[0]) + 1) % len(_NAMES)], text)
    return _SWAP.sub(other, named)
