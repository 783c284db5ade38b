"""What can be told of one text without a model: the scripts of its letters, its language, traces of a wrong decoding.

"小明有 3 个苹果"                        Han
"ich habe seit gestern Fieber und Husten"  Latin, German
"Ã¼ber 38Â°C"                             UTF-8 that was read as Western European
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONTROL", "HIDDEN", "MARKUP", "NAMES", "SCRIPTS", "language_of", "main_script", "mojibake", "script_counts"]

Ints = NDArray[np.int64]

SCRIPTS: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (
    ("Latin", ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F), (0x1E00, 0x1EFF), (0xFF21, 0xFF5A))),
    ("Greek", ((0x370, 0x3FF), (0x1F00, 0x1FFF))),
    ("Cyrillic", ((0x400, 0x52F),)),
    ("Armenian", ((0x531, 0x58F),)),
    ("Hebrew", ((0x591, 0x5F4),)),
    ("Arabic", ((0x610, 0x65F), (0x66E, 0x6EF), (0x6FA, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))),
    ("Devanagari", ((0x900, 0x963), (0x970, 0x97F))),
    ("Bengali", ((0x980, 0x9FE),)),
    ("Gurmukhi", ((0xA01, 0xA76),)),
    ("Gujarati", ((0xA81, 0xAFF),)),
    ("Tamil", ((0xB82, 0xBFA),)),
    ("Telugu", ((0xC00, 0xC7F),)),
    ("Kannada", ((0xC80, 0xCF3),)),
    ("Malayalam", ((0xD00, 0xD7F),)),
    ("Sinhala", ((0xD81, 0xDF4),)),
    ("Thai", ((0xE01, 0xE4E),)),
    ("Georgian", ((0x10A0, 0x10FF),)),
    ("Ethiopic", ((0x1200, 0x139F),)),
    ("Khmer", ((0x1780, 0x17DD),)),
    ("Hangul", ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7AF))),
    ("Kana", ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9D))),
    ("Han", ((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))),
)  # fmt: skip
"""Script -> first and last code points of its letters (Unicode 16, blocks without their digits and marks)."""
NAMES = tuple(name for name, _ in SCRIPTS)
STOP_WORDS = {
    "English": "the and of to is in that it was for on are with this my have you i be not at what how can but from",
    "German": "der die und das ist nicht ich ein eine mit auf für sich den dem des im zu wie auch es wird sind bei nach",
    "French": "le la les et est des une dans pour que qui je pas du sur avec ce il au ne vous nous mon par sont",
    "Spanish": "el la los las y es en una que por para con del se mi lo como pero más está al le su no un",
    "Portuguese": "o os as e é em uma que por para com do da não meu se como mas mais está ao eu um dos das",
    "Italian": "il lo la gli e è di che una per con del non mi si come ma più sono al della nel un ho anche",
    "Dutch": "de het een en van is dat niet ik op te met voor zijn aan er maar om ook als bij mijn naar heb wordt",
}
"""Language -> its most frequent small words."""
HITS = 3
"""Small words of a language that a text must hold; of another language than English, twice as many as English ones."""
FEWEST_LETTERS = 3
DENSE = ("Han", "Kana", "Hangul")
"""Scripts one letter of which says as much as several of an alphabet."""
DENSE_WEIGHT = 5


@lru_cache(maxsize=1)
def _script_table() -> NDArray[np.uint8]:
    """(0x32400,) number of the script of each code point, from 1; 0 is none."""
    table = np.zeros(0x32400, np.uint8)
    for number, (_, blocks) in enumerate(SCRIPTS, start=1):
        for first, last in blocks:
            table[first : last + 1] = number
    return table


def script_counts(texts: Sequence[str]) -> Ints:
    """(texts, scripts) letters of each script, in the order of `SCRIPTS`."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    table = _script_table()
    found = table[np.minimum(points, len(table) - 1)].astype(np.int64)
    width = len(SCRIPTS) + 1
    row = np.repeat(np.arange(len(texts)), lengths)
    counts = np.bincount(row * width + found, minlength=len(texts) * width)
    return counts.reshape(len(texts), width)[:, 1:]


def main_script(texts: Sequence[str]) -> Ints:
    """(texts,) number of the script of most letters; -1 where there are fewer than three letters.

    A letter of Han, Kana or Hangul counts for five of an alphabet: a Chinese text with formulas is Chinese.
    """
    counts = script_counts(texts)
    weights = np.array([DENSE_WEIGHT if name in DENSE else 1 for name in NAMES])
    return np.where(counts.sum(1) >= FEWEST_LETTERS, (counts * weights).argmax(1), -1).astype(np.int64)


# -- languages --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _small_words() -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in STOP_WORDS.items()}


def language_of(text: str) -> str | None:
    """The language that the small words of a text tell; None where they tell none, as in notes, codes and formulas.

    >>> language_of("I have a rash on my arm and it is itchy"), language_of("CC(=O)Oc1ccccc1C(=O)O")
    ('English', None)
    """
    words = [part.strip(".,;:!?()[]\"'«»“”") for part in text[:400].lower().split()]
    hits = {one: len({word for word in words if word in small}) for one, small in _small_words().items()}
    best = max(hits, key=lambda one: hits[one])
    sure = hits[best] >= HITS and (best == "English" or hits[best] >= 2 * hits["English"])
    return best if sure else None


# -- traces of a wrong decoding ---------------------------------------------------------------------------------------

SUSPECT = re.compile(r"[ÂÃÄÅÐÑØÙÎÏâãäåæçèéêëìíïðþ][^\x00-\x7f]{1,3}")
CERTAIN = "ÂÃâðï"
"""First letters of two bytes, or of three, that stand in no language beside the signs that follow them."""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
HIDDEN = re.compile("[\u200b\u2060\ufeff\u202a-\u202e]")
MARKUP = re.compile(
    r"</?(?:p|br|div|span|strong|em|li|ul|ol|td|tr|table|h[1-6]|img|font|a|sub|sup)(?:\s[^<>]{0,200})?/?>"
    r"|&(?:amp|lt|gt|nbsp|quot|apos|#\d{2,5}|#x[0-9a-f]{2,4});",
    re.IGNORECASE,
)


def mojibake(text: str) -> list[str]:
    """Characters that were UTF-8 and were read as Western European, and characters that were lost.

    >>> mojibake("Ã¼ber 38Â°C, café"), mojibake("naïve café À la carte")
    (['Ã¼', 'Â°'], [])
    """
    found: list[str] = []
    doubtful: list[str] = []
    for match in SUSPECT.finditer(text):
        run = match.group()
        for length in range(len(run), 1, -1):
            before = _redecoded(run[:length])
            if before is not None and len(before) == 1:
                (found if run[0] in CERTAIN else doubtful).append(run[:length])
                break
    if len(doubtful) >= 2:
        found += doubtful
    return found + [lost for lost in ("�", "锟斤拷", "ï¿½") if lost in text and lost not in found]


def _redecoded(run: str) -> str | None:
    data = bytearray()
    for letter in run:
        try:
            data += letter.encode("cp1252")
        except UnicodeEncodeError:
            if ord(letter) > 0xFF:
                return None
            data.append(ord(letter))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
