"""What goes to a person whatever the score, and the guard that keeps answers out of hints.

The rules read a pupil's own words, for example "i want to hurt myself, also what is 3/4 of 20", and are deterministic:
the same words always raise the same flags. They put recall first: a false alarm costs a teacher a minute.
They look for English wordings and do not replace a school's own safeguarding.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from ...core.task import Flag, Record

__all__ = ["SERIOUS", "flags_in", "reveals", "safety_flags"]

SERIOUS = ("self_harm", "abuse", "danger")
"""Names of the flags that a responsible adult must see at once."""

# Rules over a question ------------------------------------------------------------------------------------------------

_ME = r"(?:me|us|my (?:\w+ )?(?:brother|sister|friend|mum|mom|mother|cousin))"
_HITS = (
    r"(?:hit|hits|hitting|beat|beats|beating|punch\w*|kick\w*|slap\w*|chok\w+|strangl\w+|burns?|burnt|burned|"
    r"hurts?|hurting)"
)
_ADULT = (
    r"(?:dad|daddy|father|step ?dad|step ?father|mum|mom|mummy|mother|step ?mum|step ?mom|step ?mother|uncle|aunt|"
    r"brother|sister|grandad|grandpa|grandma|coach|teacher|tutor|neighbou?r|boyfriend|girlfriend|parents?|"
    r"man|woman|guy|boys?|he|she|they|someone|somebody)"
)
_DO_NOT = r"(?:do not|dont|never|no longer)"

_RULES: dict[str, tuple[str, ...]] = {
    "self_harm": (
        r"\b(?:kill|hurt|harm|cut|cutt|hat|hate|hang|end)(?:ing)? (?:my ?self|my life)\b",
        r"\b(?:self[- ]?harm\w*|suicid\w*|kms|unalive)\b",
        r"\b(?:want|wanna|wish|going|gonna|ready|trying|rather) (?:(?:to|i) (?:\w+ )?|be )?(?:die|dead)\b",
        rf"\b{_DO_NOT} (?:want to|wanna|wish to) (?:live|be alive|be here|exist|wake up|go on living)\b",
        r"\bno (?:point|reason) (?:in |to )?(?:living|live|being alive|go on|going on)\b",
        r"\b(?:life is not|life isnt|not) worth (?:it any ?more|living)\b",
        r"\b(?:better off (?:dead|without me)|tired of (?:living|being alive))\b",
        r"\b(?:end|ending) (?:it all|everything)\b",
        r"\b(?:took|take|taking|swallow\w*) (?:\w+ ){0,3}(?:pills|tablets) (?:\w+ ){0,4}(?:die|forever|wake)\b",
        r"\b(?:starv\w+ myself|make myself (?:sick|throw up)|(?:cut|cutting) my (?:arms?|wrists?|legs?))\b",
    ),
    "abuse": (
        rf"\b{_ADULT} (?:\w+ ){{0,4}}{_HITS} (?:on )?{_ME}\b",
        rf"\b{_ME} (?:gets|get|got|was|were|is|am|being) (?:\w+ ){{0,2}}(?:hit|beaten|abused|raped|molested)\b",
        r"\bi (?:was|am|get|got|have been|keep getting) (?:\w+ ){0,2}(?:hit|beaten|abused|raped|molested|groomed)\b",
        rf"\b{_ADULT} (?:\w+ ){{0,4}}(?:touch\w*|rape\w*|abus\w+|molest\w*|grop\w+) {_ME}\b",
        r"\b(?:touch\w*|kiss\w*) me (?:\w+ ){0,4}(?:private|down there|under my clothes|where i)\b",
        r"\b(?:ask\w*|want\w*|made|makes?|forc\w+) me (?:to |for )?(?:\w+ ){0,3}(?:nudes?|naked|undress)\b",
        r"\btak\w+ (?:off my clothes|my clothes off)\b",
        r"\block(?:s|ed) me (?:in|up|out)\b",
        r"\b(?:afraid|scared|frightened) (?:to go|of going) home\b",
        r"\b(?:afraid|scared|frightened) of my (?:dad|mum|mom|father|mother|step ?\w+|uncle|brother|coach)\b",
        r"\b(?:do not|dont|not) (?:feel )?safe at home\b",
        r"\b(?:have not|havent) (?:eaten|had (?:any )?food) (?:for|in) \w+ days?\b|\bno food at home\b",
    ),
    "danger": (
        rf"\b(?:going to|gonna|threaten\w*|will|said|says|wants?) (?:\w+ ){{0,4}}(?:kill|stab|shoot|hurt|beat) (?:up )?"
        rf"(?:{_ME}|him|her|them|everyone|everybody|someone|people|you all)\b",
        r"\b(?:br[io]\w+|has|have|got|carries|tak\w+) (?:\w+ ){0,3}(?:gun|knife|bomb) (?:\w+ ){0,2}"
        r"(?:school|class|bag|locker)\b",
        r"\b(?:shoot|blow|burn) (?:up |down )?(?:the|my|our|this) (?:school|class)\b",
        r"\b(?:someone|somebody|man|stranger) (?:is |keeps |was )?(?:following|stalking|watching|blackmailing) me\b",
        r"\b(?:blackmail\w*|run(?:ning)? away from home|call the police|call an ambulance)\b",
        r"\b(?:is|am|im) (?:not breathing|unconscious|bleeding (?:a lot|badly))\b",
        r"\b(?:meet|meeting) (?:up )?(?:\w+ ){0,4}(?:met|know|talked to) online\b",
    ),
}
_MESSAGES = {
    "self_harm": "The pupil may be thinking of harming themselves: fetch a responsible adult now and do not leave it "
    "to a reply on the screen.",
    "abuse": "The pupil may be telling of abuse or neglect: pass it to the school's safeguarding lead today.",
    "danger": "The pupil may be telling of a danger to someone: a responsible adult must look at it now.",
    "personal_data": "The question holds personal data of a minor: do not store or pass it on, and remind the pupil.",
}

_NOT_BEFORE = re.compile(
    r"\b(?:(?:do|did|does|would|will|was|were|is|am|are|has|have) not|dont|didnt|doesnt|wouldnt|wasnt|isnt|im not|"
    r"never|nobody|no one)(?: (?:ever|even|really|going to|gonna|want to|wanna|trying to|have|has|been|being))*\s*$"
)
_NOT_INSIDE = re.compile(rf"\b(?:not|never|dont|doesnt|didnt|wouldnt)(?: ever| really)? {_HITS} ")
_FICTION = re.compile(r"\b(?:probability of|chance of|in the (?:story|book|film|movie|game|play)|word problem)\b")

_PERSONAL: dict[str, re.Pattern[str]] = {
    "e-mail address": re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
    "telephone number": re.compile(
        r"(?<![\w.])\+\d{1,3}[ -]?(?:\(?\d{1,4}\)?[ -]?){2,5}\d{2,4}\b"
        r"|(?<![\w.,])0\d{2,4}[ /-]?\d{3,4}[ -]?\d{3,4}\b"
        r"|(?<![\w.])\(?\d{3}\)?[ -]\d{3}[ -]\d{4}\b"
        r"|\b(?:my (?:phone|mobile|cell|number)|call me|text me|whatsapp)\D{0,20}\d(?:[ -]?\d){6,}"
    ),
    "postal address": re.compile(
        r"\b\d{1,4}[a-z]?,? (?:[a-z]+ ){1,3}(?:street|road|avenue|lane|drive|close|court|crescent)\b"
        r"|\bi live (?:at|on|in) (?:(?:number )?\d{1,4}|[a-z]+ (?:street|road|avenue|lane|drive|close))\b"
    ),
    "full name": re.compile(r"\b[Mm]y (?:full )?name is [A-Z][a-z]+ [A-Z][a-z]+\b"),
}


def _plain(text: str) -> str:
    """Lower case, straight quotes, apostrophes gone, separators as one space; format characters removed."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = re.sub(r"[\u2018\u2019'`]", "", text)
    return re.sub(r"[^\w.,;:!?-]+", " ", text).strip()


def flags_in(question: str) -> list[Flag]:
    """Read one question for disclosures and personal data.

    What is plainly negated ("I would never hurt myself", "my dad never hits me") is not flagged; a denial that comes
    later ("he hits me, just joking") is: a person decides.

    Returns:
        At most one flag a kind, serious ones first: self_harm, abuse, danger, personal_data. The evidence is the words
        that were found; for personal data it is the kind of data only, so that it does not spread into logs.
    """
    text = _plain(question)
    found = []
    for name, patterns in _RULES.items():
        evidence = next((hit for pattern in patterns if (hit := _evidence(pattern, text, name)) is not None), None)
        if evidence is not None:
            found.append(Flag(name=name, message=_MESSAGES[name], evidence=evidence))
    lower = question.lower()
    kinds = [kind for kind, rule in _PERSONAL.items() if rule.search(question if kind == "full name" else lower)]
    if kinds:
        found.append(Flag(name="personal_data", message=_MESSAGES["personal_data"], evidence=", ".join(kinds)))
    return found


def _evidence(pattern: str, text: str, name: str) -> str | None:
    for match in re.finditer(pattern, text):
        if _NOT_BEFORE.search(text[: match.start()]) or _NOT_INSIDE.search(match.group(0) + " "):
            continue
        if name == "danger" and _FICTION.search(text):
            continue
        return match.group(0).strip()
    return None


def safety_flags(record: Record) -> Sequence[Flag]:
    """Read the `question` of a record; a missing one raises no flag."""
    question = record.get("question")
    return flags_in(question) if isinstance(question, str) else ()


# The leak guard -------------------------------------------------------------------------------------------------------

_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_LARGE = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "twentieth": 20, "hundredth": 100,
}  # fmt: skip
_PARTS |= {f"{word}s": value for word, value in _PARTS.items() if word not in ("half", "halves")}
_VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5"}
_NUMBER_WORDS = {*_UNITS, *_TENS, *_LARGE}
_TOKEN = re.compile(
    r"(?P<mixed>-?\d+ \d+/\d+)|(?P<fraction>-?\d+ ?/ ?\d+)|(?P<spaced>(?<![\d.,])-?\d(?: \d)+(?![\d.,/]|\w))"
    r"|(?<![a-z])(?P<number>-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|-?\d*\.\d+|-?\d+)"
    r"(?: ?(?P<percent>%|percent\b|per cent\b))?|(?P<word>[a-z]+)|(?P<other>[^\w\s])"
)


def _clean(text: str) -> str:
    for sign, digits in _VULGAR.items():
        text = re.sub(rf"(\d){sign}", rf"\1 {digits}", text).replace(sign, digits)
    text = re.sub(r"\\d?frac\{(-?\d+)\}\{(\d+)\}", r"\1/\2", text)
    text = unicodedata.normalize("NFKC", text).lower().replace("\u2212", "-").replace("\u2044", "/")
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)
    text = re.sub(r"\b(?:minus|negative) (?=\d)", "-", text)
    # a minus between two terms is an operation, any other one belongs to its number
    text = re.sub(r"(?<=[\d)])\s*-\s*(?=\d)|(?<=[a-z])-(?=\d)|(?<=\s)-\s+(?=\d)", " - ", text)
    return re.sub(r"\s+", " ", text).strip()


def _words_value(words: Sequence[str]) -> Fraction:
    """Value of words such as three hundred and forty two; digits one after the other (one two) count as one number."""
    if len(words) > 1 and all(word in _UNITS and _UNITS[word] < 10 for word in words):
        return Fraction(int("".join(str(_UNITS[word]) for word in words)))
    total = group = 0
    for word in words:
        if word == "hundred":
            group = max(group, 1) * 100
        elif word in _LARGE:
            total += max(group, 1) * _LARGE[word]
            group = 0
        elif word != "and":
            group += _UNITS.get(word, _TENS.get(word, 0))
    return Fraction(total + group)


def _values(text: str) -> set[Fraction]:
    """All numbers that a text states, in digits, words, fractions and per cent."""
    values: set[Fraction] = set()
    clean = _clean(text)
    for match in _TOKEN.finditer(clean):
        kind, token = match.lastgroup, match.group(0)
        try:
            if kind == "mixed":
                whole, part = token.split(" ")
                sign = -1 if whole.startswith("-") else 1
                values.add(Fraction(whole) + sign * Fraction(part))
            elif kind == "fraction":
                values.add(Fraction(token.replace(" ", "")))
            elif kind == "spaced":
                values.add(Fraction(token.replace(" ", "")))
                values.update(Fraction(part) for part in token.split(" "))
            elif match.group("number"):
                value = Fraction(Decimal(match.group("number").replace(",", "")))
                values.add(value)
                if match.group("percent"):
                    values.add(value / 100)
        except (InvalidOperation, ZeroDivisionError, ValueError):
            continue
    return values | _spoken(re.findall(r"[a-z]+|[^a-z\s]", clean))


def _spoken(words: Sequence[str]) -> set[Fraction]:
    """Numbers in words: forty two, two thirds, a half, two and a half, zero point two five, minus six."""
    values: set[Fraction] = set()
    at = 0
    while at < len(words):
        value, end = _number_at(words, at)
        if value is None:
            at += 1
            continue
        if end + 1 < len(words) and words[end] == "and":
            part, stop = _number_at(words, end + 1)
            if part is not None and 0 < part < 1:
                value, end = value + part, stop
        negative = at > 0 and words[at - 1] in ("minus", "negative")
        values.add(-value if negative else value)
        at = end
    return values


def _number_at(words: Sequence[str], at: int) -> tuple[Fraction | None, int]:
    """The number that starts at a word, and the position behind it; None where there is none."""
    if words[at] == "half":
        return Fraction(1, 2), at + 1
    if words[at] in ("a", "an") and at + 1 < len(words) and words[at + 1] in _PARTS:
        return Fraction(1, _PARTS[words[at + 1]]), at + 2
    end = at
    while end < len(words) and (words[end] in _NUMBER_WORDS or _joins(words, at, end)):
        end += 1
    if end == at:
        return None, at
    value = _words_value(words[at:end])
    if end < len(words) and words[end] in _PARTS:
        return value / _PARTS[words[end]], end + 1
    if end < len(words) and words[end] == "point":
        tail = end + 1
        while tail < len(words) and words[tail] in _UNITS:
            tail += 1
        digits = "".join(str(_UNITS[word]) for word in words[end + 1 : tail])
        return Fraction(f"{value}.{digits or 0}"), tail
    return value, end


def _joins(words: Sequence[str], start: int, at: int) -> bool:
    """An "and" inside a number: three hundred and forty."""
    inside = start < at < len(words) - 1 and words[at] == "and"
    return inside and words[at - 1] in _LARGE and words[at + 1] in _NUMBER_WORDS


_SUM = re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?) ?([+*x×·:÷/-]) ?(\d+(?:\.\d+)?)(?= ?= ?[?□_]?(?!\S)|[.!]?$)")


def reveals(text: str, answer: str) -> bool:
    """Say whether a text gives an answer away; used so that a hint never does.

    Numbers are compared by value, whatever way they are written: 0.5, 1/2, 2/4, 50 %, "a half", "zero point five";
    1,200 and "twelve hundred"; digits with spaces between them ("1 2"). Units round the answer are ignored. An answer
    with letters ("4p + 2q") is looked for with spaces removed, one without numbers as whole words. A bare sum that
    closes the text ("it is 6 + 6.") gives its result away, a question ("what is 6 + 6?") does not.

    Args:
        text: a hint or a reply.
        answer: the final answer; an empty one is revealed by nothing.
    """
    wanted = _clean(answer)
    if not wanted:
        return False
    symbols = re.sub(r"\s", "", wanted)
    if re.search(r"[a-z]", wanted) is None or _is_quantity(wanted):
        targets, stated = _values(answer), _values(text)
        if len(targets) == 1 or re.fullmatch(r"-?[\d.,/]+ ?(?:%|percent|per cent)", wanted):
            return not targets.isdisjoint(stated) or any(_states_sum(_clean(text), target) for target in targets)
    if re.search(r"[\d+*×=^²³/]", symbols):
        return symbols in re.sub(r"\s", "", _clean(text))
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", _clean(text)) is not None


def _is_quantity(wanted: str) -> bool:
    """A number with a unit (36 cm, 60 %, 5 pounds) or a number in words, as against an expression or plain words."""
    if re.fullmatch(r"-?[\d.,/ ]*\d ?(?:[a-z]{1,8}|%|°|€|\$|£)?[²³]?|[$€£] ?-?[\d.,/]+", wanted):
        return not re.fullmatch(r"-?[\d.,/]*\d[a-z]", wanted)
    words = re.findall(r"[a-z]+", wanted)
    return all(
        w in _NUMBER_WORDS or w in _PARTS or w in ("and", "point", "a", "an", "minus", "negative") for w in words
    )


def _states_sum(text: str, target: Fraction) -> bool:
    """A bare sum such as 6+6 at the end of the text whose value is the answer."""
    for left, operator, right in _SUM.findall(text):
        a, b = Fraction(left), Fraction(right)
        if operator in ":÷/" and b == 0:
            continue
        results = {"+": a + b, "-": a - b}
        value = results.get(operator, a / b if operator in ":÷/" else a * b)
        if value == target and not text.rstrip().endswith("?"):
            return True
    return False
