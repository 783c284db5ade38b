"""Turn a statement into its contrary, and a denial into a statement. English, and Chinese with 无, 没有, 否认.

>>> denials("Patient has chest pain since noon")
['Patient has no chest pain since noon', 'Denies chest pain since noon']
>>> affirmed("Denies fever or cough.")
'Fever and cough.'

Only whole clauses of sentences that deny nothing are denied: in "denies fever, cough" the cough is denied already. Each is
denied in two ways, so that a model which knows one of them is not called deaf to denials.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .wording import is_chinese

__all__ = ["Statement", "affirmed", "denials", "first_affirmed", "first_denied", "statements"]

CUE = re.compile(
    r"\b(no|not|never|nil|none|neither|nor|without|negative|absent|free of|lacks?|unable|cannot|den(?:y|ies|ied|ying)|"
    r"rul(?:ed|es) out|unlikely|hardly|stopped)\b|n['’]t\b|[无没未不否非]",
    re.IGNORECASE,
)
"""Words that deny; a sentence with one of them is not denied once more."""
_QUESTION = re.compile(
    r"[?？]\s*$|^\s*(why|how|what|when|where|who|which|can|could|do|does|did|should|will|would)\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"[^.!?;。！？；\n]+(?:[.!?](?=\S)[^.!?;。！？；\n]*)*[.!?;。！？；]*")
_CLAUSE = re.compile(r"[^,，、]+")
_LEAD = re.compile(
    r"^(?:(?:the |this )?(?:patient|pt|client|applicant|customer|pupil|student|man|woman|he|she|i|they|it|there)\s+)?"
    r"(?:(?:is |was |has been )?(?:complain(?:s|ed|ing) of|report(?:s|ed|ing)?|presents? with|describ(?:es|ed|ing)|"
    r"experienc(?:es|ed|ing)|suffer(?:s|ed|ing)? from|shows?|feels?|(?:had|has|have)(?! to\b| been\b)|with|is|are|"
    r"was|were|c/o)\s+|(?:'ve|’ve) had\s+)",
    re.IGNORECASE,
)
_TURNS = (
    (re.compile(r"\b(reports|reported|complains of|complained of|describes|presents with|c/o)\b", re.I), "denies"),
    (re.compile(r"\bhas (been|had)\b", re.I), r"has not \1"),
    (re.compile(r"['’]ve (had|been)\b", re.I), r" have not \1"),
    (re.compile(r"\b(?:has|have|had) to\b", re.I), "does not have to"),
    (re.compile(r"\b(has|have|had)\b(?: an?\b)?", re.I), r"\1 no"),
    (re.compile(r"\b(is|are|was|were|am)\b", re.I), r"\1 not"),
    (
        re.compile(r"\b(feel|look|sound|seem|hurt|bleed|keep|tingle|come)s\b", re.I),
        r"does not \1",
    ),
    (re.compile(r"^(\s*)with\b", re.I), r"\1without"),
)
_THERE = re.compile(r"\b(there (?:is|are|was|were|has been))\b(?: an?\b)?", re.IGNORECASE)
_WHOLE = re.compile(r"^(the|my|his|her|their|our|this|that|these|those|i|he|she|we|they|it|you)\b", re.IGNORECASE)
_WHO = re.compile(
    r"\b\d{1,3}[ -]?(?:y/?o\b|yrs?\b|years?\b|[MF]\b)|^(?:i am|aged|age) \d|^\d+$|^(?:an? )?(?:man|woman|boy|girl|male|female)$"
    r"|\d岁|^[男女]性?$",
    re.IGNORECASE,
)
"""A clause that says who somebody is, which nobody denies."""
_UNDENIED = re.compile(
    r"^\s*(?:(?:the )?(?:patient|pt|he|she|i)\s+)?(?:den(?:y|ies|ied)|no history of|no signs? of|no evidence of|negative for|"
    r"no|nil|not|never|without|absence of)\b(?:\s+any\b)?\s*:?\s*",
    re.IGNORECASE,
)
_UNDENIED_CHINESE = re.compile("否认|没有|未见|无|没|未")


@dataclass(frozen=True)
class Statement:
    """A clause that states something, and where it stands."""

    start: int
    end: int
    words: str

    def replaced(self, text: str, words: str) -> str:
        """The text with other words in the place of this clause."""
        return f"{text[: self.start]}{words}{text[self.end :]}"

    def removed(self, text: str) -> str | None:
        """The text without this clause; None where nothing is left."""
        before, behind = text[: self.start], text[self.end :]
        if re.match(r"\s*[,，、]", behind):
            behind = re.sub(r"^\s*[,，、]\s*", "", behind)
        else:
            before = re.sub(r"[,，、]\s*$", "", before)
            if not before.strip() or re.search(r"[.!?;。！？；\n]\s*$", before):
                behind = re.sub(r"^\s*[.!?;。！？；]+\s*", "", behind)
        rest = f"{before}{behind}".strip()
        return rest if any(c.isalnum() for c in rest) else None


def statements(text: str) -> list[Statement]:
    """Clauses of sentences that neither deny nor ask anything, in order."""
    found = []
    for sentence in _SENTENCE.finditer(text):
        if CUE.search(sentence[0]) or _QUESTION.search(sentence[0]):
            continue
        for clause in _CLAUSE.finditer(sentence[0]):
            words = clause[0].strip().rstrip(".!?;。！？；").rstrip()
            if sum(c.isalpha() for c in words) < (2 if is_chinese(words) else 3) or _WHO.search(words):
                continue
            start = sentence.start() + clause.start() + len(clause[0]) - len(clause[0].lstrip())
            found.append(Statement(start, start + len(words), words))
    return found


def denials(words: str) -> list[str]:
    """One or two ways to deny a statement; it must not hold a denial already."""
    if is_chinese(words):
        turned = words.replace("有", "没有", 1) if "有" in words else f"无{words}"
        return [turned, f"否认{words.replace('有', '', 1)}"]
    bare = _LEAD.sub("", words, count=1)
    bare = re.sub(r"^(?:(?:an?|some|also|that)\s+)+", "", bare, flags=re.IGNORECASE)
    bare = bare[:1].lower() + bare[1:] if bare[1:2].islower() else bare
    whole = _WHOLE.search(bare) is not None
    turned = f"it is not true that {bare}" if whole else f"no {bare}"
    for verb, turn in ((_THERE, r"\1 no"), *_TURNS):
        if verb.search(words):
            turned = verb.sub(turn, words, count=1)
            break
    capital = words[:1].isupper()
    both = (turned, f"denies that {bare}" if whole else f"denies {bare}")
    return list(dict.fromkeys(_capital(one, capital) for one in both))


def _capital(words: str, wanted: bool) -> str:
    return words[:1].upper() + words[1:] if wanted else words


def affirmed(sentence: str) -> str | None:
    """A sentence that begins with a denial without it; None where it does not."""
    if is_chinese(sentence):
        found = _UNDENIED_CHINESE.search(sentence)
        return None if found is None else f"{sentence[: found.start()]}有{sentence[found.end() :]}"
    found = _UNDENIED.match(sentence)
    if found is None or not any(c.isalpha() for c in sentence[found.end() :]):
        return None
    rest = re.sub(r"\bor\b", "and", sentence[found.end() :], flags=re.IGNORECASE)
    return _capital(rest, sentence.lstrip()[:1].isupper())


def first_denied(text: str) -> str:
    """The text with its first statement denied; unchanged where it states nothing."""
    found = statements(text)
    return found[0].replaced(text, denials(found[0].words)[0]) if found else text


def first_affirmed(text: str) -> str:
    """The text with its first denial taken away; unchanged where no sentence begins with one."""
    for sentence in _SENTENCE.finditer(text):
        inner = sentence[0].lstrip()
        made = affirmed(inner)
        if made is not None:
            start = sentence.start() + len(sentence[0]) - len(inner)
            return f"{text[:start]}{made}{text[sentence.end() :]}"
    return text
