"""Changes of a text that leave its meaning as it was: slips of the keyboard, capitals, blanks, a beside-the-point sentence.

>>> spaced("Chest pain. No fever.")
'  Chest pain. \\nNo fever.  '
"""

from __future__ import annotations

import re

import numpy as np

__all__ = ["BESIDE_THE_POINT", "is_chinese", "reordered", "shuffled", "spaced", "typos", "with_beside_the_point"]

BESIDE_THE_POINT = (
    "The form was filled in on a Tuesday.",
    "The corridor was being painted at the time.",
    "The printer was out of paper this morning.",
    "A window in the office stood open.",
)
"""Sentences that have nothing to do with any case."""
BESIDE_THE_POINT_CHINESE = ("表格是星期二填写的。", "走廊当时正在刷漆。")
SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\n+")


def is_chinese(text: str) -> bool:
    """More than a third of the letters are Han characters."""
    letters = [c for c in text if c.isalpha()]
    return bool(letters) and sum("一" <= c <= "鿿" for c in letters) > len(letters) / 3


def sentences(text: str) -> list[str]:
    """Sentences and lines of a text, in order."""
    return [one for one in SENTENCES.split(text) if one and one.strip()]


def typos(text: str, random: np.random.Generator, share: float = 0.1) -> str:
    """A slip in some of the words of four letters or more, at least one: two inner neighbours swapped, or one dropped.

    Args:
        text: any text; words that are not plain Latin letters stay.
        random: draws words and places.
        share: share of the words that get a slip.
    """
    parts = re.split(r"(\w+)", text)
    long = [i for i, word in enumerate(parts) if re.fullmatch(r"[A-Za-zÀ-ÿ]{4,}", word)]
    if not long:
        return text
    for i in random.permutation(long)[: max(1, round(share * len(long)))]:
        word = parts[i]
        at = int(random.integers(1, len(word) - 2))
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        parts[i] = swapped if random.random() < 0.5 and swapped != word else word[:at] + word[at + 1 :]
    return "".join(parts)


def spaced(text: str) -> str:
    """Blanks before and behind, and each sentence on a line of its own, as pasting from a form does; words stay as they are."""
    return "  " + " \n".join(one.strip() for one in sentences(text)) + "  "


def with_beside_the_point(text: str, random: np.random.Generator) -> str:
    """A sentence that has nothing to do with the case, before or behind the text."""
    if is_chinese(text):
        extra = BESIDE_THE_POINT_CHINESE[int(random.integers(len(BESIDE_THE_POINT_CHINESE)))]
        return f"{extra}{text}" if random.random() < 0.5 else f"{text}{extra}"
    extra = BESIDE_THE_POINT[int(random.integers(len(BESIDE_THE_POINT)))]
    if random.random() < 0.5:
        return f"{extra} {text}"
    return f"{text.rstrip()}{'' if text.rstrip()[-1:] in '.!?' else '.'} {extra}"


def reordered(text: str, random: np.random.Generator) -> str:
    """Whole sentences in another order; a text of one sentence stays."""
    parts = sentences(text)
    if len(parts) < 2:
        return text
    order = random.permutation(len(parts))
    if (order == np.arange(len(parts))).all():
        order = np.roll(order, 1)
    return ("" if is_chinese(text) else " ").join(parts[i].strip() for i in order)


def shuffled(text: str, random: np.random.Generator) -> str:
    """The same words (of a Chinese text: characters) in no order."""
    chinese = is_chinese(text)
    words = list(text) if chinese else text.split()
    return ("" if chinese else " ").join(words[i] for i in random.permutation(len(words)))
