"""Whether words in a note tell of the patient and of now: negation, relatives, the past, advice.

    sentence = "denies chest pain, but is sweating"
    counts(sentence, 7, 17)      # False: "chest pain" is denied
    counts(sentence, 26, 34)     # True

The scope of a negation follows the idea of NegEx (Chapman et al. 2001): from the cue to the end of its list or to a
word such as "but". In doubt words count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

__all__ = ["compiled", "counts", "plain_sentences"]

_KIN = (
    r"(?:father|mother|dad|mum|mom|brother|sister|uncle|aunt|cousin|grand\w+|parents?|friend|colleague|"
    r"neighbou?r|boss|co-?worker|siblings?|relatives?|nan|flatmate)"
)
_CARED_FOR = r"(?:son|daughter|wife|husband|spouse|partner|boyfriend|girlfriend|child)"
_CUES = {
    "narrow": r"\b(?:no|not|never|nor|neither|without|nil|(?:do|does|did|has|have|had|is|are|was|were)n'?t)\b",
    "wide": (
        r"\b(?:den(?:y|ies|ied|ying)|negative for|no (?:evidence|signs?|history|complaints?|symptoms|suggestion|"
        r"features) of|absence of|free (?:of|from)|(?<!not\s)(?<!cannot\s)(?<!can't\s)ruled? out)\b"
    ),
    "no cue": (
        r" (?:only|just|sure|certain|improv\w+|better|relie\w+|going|getting|settl\w+|resolv\w+|stop\w*|eas(?:ed|"
        r"ing)|respond\w*|well|able|sleep\w*|slept|eat\w*|eaten|drink\w*|doubt|wonder|matter|idea|longer|"
        r"change\w*|worse|one|know\w*|help\w*|want|feel(?:ing)? (?:well|right|good|great|myself)|rule|exclude)\b"
    ),
    "ever": r"(?:like this|like it|before|this bad|so bad|such|as bad|until|this severe|so severe)\b",
    "end": (
        r"\b(?:but|however|although|though|yet|except|apart from|other than|because|due to|despite|whereas|"
        r"instead|now|today|just|only|then)\b|"
        r"(?:,|\band\b|[-–(]) ?(?:he|she|they|i|i'm|i've|it|patient|there|there's|(?:my|his|her|the) \w+ (?:is|"
        r"are|was|has|have|feels?|hurts?|went)|(?:also |now )?(?:has|have|having|had|reports?|reporting|"
        r"complain\w*|feels?|feeling|present\w*|is|are|was|looks?|c/o|describ\w+|develop\w*|start\w*|notic\w+|"
        r"severe|sudden\w*|crushing|worsening|new|acute))\b|:"
    ),
    "end narrow": r"\b(?:with|while|when|since|until)\b",
    "lasting": r"\b(?:for|since|\d+|this|last|worsening|severe)\b",
    "answer": (
        r" ?(?:[:=?-]|\() ?(?:-|no|nil|none|negative|absent|denied)\)?(?= ?(?:[,;.)/]|$))|"
        r" (?:absent|denied|negative)\b|"
        r" (?:is|are|was|were|has been|have been) (?:absent|negative|denied|ruled out|excluded|not present)"
    ),
    "family": r"family history|\bfh(?:x)?\b|runs in (?:the|my|his|her) family",
    "told of kin": (
        r"\b(?:had|died|dies|suffered|passed away|diagnosed|history|lost|killed|took|attempted|committed|tried)\b|"
        r"^ ?(?::|'s (?:heart|stroke|death|history|illness)|,? aged)|^ (?:has|have) (?:a history|had)"
    ),
    "me": r"\b(?:i|i'm|i've|im|my|me|now|presents|presenting|is|are|patient)\b",
    "past": (
        r"\b(?:months?|years?|yrs?|decades?) (?:ago|back)|last year|as a (?:child|teenager|boy|girl)|in childhood|"
        r"in (?:19|20)\d\d\b|previous(?:ly)? (?:had|episodes? of|history of)|\bpmhx?\b|past (?:medical )?history"
    ),
    "present": (
        r"\b(?:now|today|this (?:morning|evening|afternoon|week|time)|tonight|currently|again|worse|still|"
        r"(?<!none\s)(?<!nothing\s)since|yesterday|present\w*|sudden\w*|ongoing|(?:hours?|minutes?|mins?|days?)"
        r" ago|at the moment|complain\w*)\b"
    ),
    "advice": (
        r"\b(?:read|reading|heard|hearing|learn\w*) (?:\w+ )?about|googled|watched|leaflet|campaign|training|"
        r"first[- ]aid course|(?:return|come back|call|seek help|advised|warned|told to)(?: \w+){0,5}? if|"
        r"if (?:you|they|he|she) (?:develops?|gets?|notices?|experiences?)|should you"
    ),
    "worry": (
        r"(?:worried|anxious|concerned|nervous|asked|asks) (?:\w+ )?about|"
        r"(?:afraid|scared|terrified|fear|risk|frightened) of|could (?:this|it) be|wonder\w*|in case of|prevent\w*"
    ),
}  # fmt: skip


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern in which a space stands for any white space and ~ for an optional "my", "his", "the" …"""
    mine = r"(?:(?:my|his|her|the|their|our|your|a) )?"
    word = r"(?!(?:no|not|never|without)\b)\w+"  # "neck is not stiff" is no stiff neck
    pattern = pattern.replace("~", mine).replace(r"(?: \w+)", f"(?: {word})").replace(r"(?:\w+ )", f"(?:{word} )")
    return re.compile(pattern.replace(" ?", r"\s*").replace(" ", r"\s+"))


@cache
def _cues() -> dict[str, re.Pattern[str]]:
    return {name: compiled(pattern) for name, pattern in _CUES.items()}


def plain_sentences(text: str) -> list[str]:
    """Part a note into plain lower-case sentences; "chest pain? No" stays together."""
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'").replace("\u2018", "'").lower()
    text = "".join(" " if unicodedata.category(ch) == "Cf" else ch for ch in text)  # hidden characters
    text = re.sub(r"\?\s*(no|nil|none|yes)\b", r": \1", text)
    return [part.strip() for part in re.split(r"[.!?]+(?=\s|$)|[;\n\r•]+", text) if part.strip()]


def _in_list(tail: str, wide: bool, cues: Mapping[str, re.Pattern[str]]) -> int:
    """Length of a negation's scope in the words behind its cue."""
    ends = [cues["end"].search(tail, 1), None if wide else cues["end narrow"].search(tail)]
    tail = tail[: min((m.start() for m in ends if m), default=len(tail))]
    parts = tail.split(",")
    if wide:  # "denies fever, cough and chest pain", up to "…, chest pain since noon"
        stop = next((i for i, part in enumerate(parts) if i and cues["lasting"].search(part)), len(parts))
    else:  # "no fever, cough or chest pain" is one list; "no fever, chest pain" is not
        short = next((i for i, part in enumerate(parts) if len(part.split()) > 5), len(parts))
        closed = [i for i, part in enumerate(parts[:short]) if re.search(r"\bn?or\b", part)]
        stop = closed[-1] + 1 if closed else 1
    scope = ",".join(parts[:stop])
    if not wide:
        scope = re.split(r"\band\b", scope, maxsplit=1)[0]
        words = list(re.finditer(r"\S+", scope))
        scope = scope[: words[13].end()] if len(words) > 14 else scope
    return len(scope)


def _negated(sentence: str, start: int, end: int, cues: Mapping[str, re.Pattern[str]]) -> bool:
    if cues["answer"].match(sentence, end):
        return True
    for kind in ("narrow", "wide"):
        for cue in cues[kind].finditer(sentence, 0, start):
            if kind == "narrow" and cues["no cue"].match(sentence, cue.end()):
                continue
            if cue.group() == "never" and cues["ever"].search(sentence, cue.end()):
                continue  # "never had chest pain like this" tells of one
            if cue.end() + _in_list(sentence[cue.end() :], kind == "wide", cues) > start:
                return True
    return False


def _of_another(clause: str, start: int, end: int, cues: Mapping[str, re.Pattern[str]]) -> bool:
    """Told of a relative or a friend, and not of now."""
    family = cues["family"].search(clause)
    if family and (family.start() > start or not cues["me"].search(clause, family.end(), start)):
        return True
    behind = re.match(rf"\W*(?:\w+\W+){{0,3}}?(?:in|of)\s+(?:(?:my|his|her|the|their|a)\s+)?{_KIN}\b", clause[end:])
    if behind:
        return True
    for kin, cared_for in ((_KIN, False), (_CARED_FOR, True)):
        named = list(re.finditer(rf"\b{kin}\b", clause[:start]))
        if not named:
            continue
        between = clause[named[-1].end() : start]
        died = re.search(r"\b(?:died|passed away|killed)\b", clause)
        told = cues["told of kin"].search(between) and not cues["me"].search(between)
        if told and (died or not cared_for) and (died or not cues["present"].search(clause)):
            return True
    return False


def counts(sentence: str, start: int, end: int, *, name_only: bool = False, lasting: bool = False) -> bool:
    """Tell whether the words at [start, end) of a plain sentence speak of the patient and of now.

    Args:
        sentence: from `plain_sentences`.
        start, end: where the words stand.
        name_only: the words are the name of a condition, which does not count where it is only feared.
        lasting: what was long ago counts too.
    """
    cues = _cues()
    left = max((m.end() for m in re.finditer(r"\b(?:but|however|although|and now)\b", sentence[:start])), default=0)
    right = re.search(r"\b(?:but|however|although|and now|now)\b", sentence[end:])
    clause = sentence[left : end + right.start() if right else len(sentence)]
    if _negated(sentence, start, end, cues) or cues["advice"].search(sentence, left, start):
        return False
    if name_only and cues["worry"].search(sentence, left, start):
        return False
    if _of_another(clause, start - left, end - left, cues):
        return False
    long_ago = cues["past"].search(clause) and not cues["present"].search(clause)
    return lasting or not long_ago
