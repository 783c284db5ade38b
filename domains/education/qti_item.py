"""One QTI item as rows: what is asked, the candidates, and what its response declaration says is right.

{"item": "q1", "response": "RESPONSE", "title": "Adding fractions", "kind": "choice",
 "question": "What is 1/2 + 1/3?", "candidates": '["2/5", "5/6"]', "answer": "5/6", "accepted": None, ...}
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ...datasets.rejects import reject
from .qti_text import GAP, OTHER_GAP, name_of, trait, words_of
from .readers_files import Fault

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["COLUMNS", "item_rows"]

COLUMNS = ("item", "response", "title", "kind", "question", "candidates", "answer", "accepted", "file")
KINDS = {
    "choiceInteraction": "simpleChoice",
    "inlineChoiceInteraction": "inlineChoice",
    "textEntryInteraction": "",
}
"""Interactions that are taken, and what their candidates are called."""


class _Key(NamedTuple):
    """What a response declaration says."""

    several: bool
    right: tuple[str, ...]
    scores: dict[str, float]


def item_rows(root: Element, file: str, place: str) -> list[dict[str, Any]]:
    """Rows of one item, one per interaction; an interaction at fault is rejected alone.

    Raises:
        Fault: the item has no body or no interaction.
        DataError: an interaction at fault that nobody collects.
    """
    body = next((child for child in root if name_of(child) == "itemBody"), None)
    if body is None:
        raise Fault("has no itemBody, so nothing is asked; mend or remove it")
    every = [one for one in body.iter() if name_of(one).endswith("Interaction")]
    if not every:
        raise Fault("holds no interaction, so nothing is asked; mend or remove it")
    keys = _keys(root)
    identifier = (root.get("identifier") or "").strip()
    rows = []
    for at, one in enumerate(every, start=1):
        where = place if len(every) == 1 else f"{place}, interaction {at}"
        try:
            if not identifier:
                raise Fault("has no identifier, which every item needs")
            row = _row(one, every, body, keys)
        except Fault as fault:
            reject(where, f"{where} {fault}.", f"item {identifier}, {name_of(one)}")
            continue
        title = (root.get("title") or "").strip() or None
        rows.append({"item": identifier, "title": title, **row, "file": file})
    return rows


def _row(one: Element, every: list[Element], body: Element, keys: dict[str, _Key]) -> dict[str, Any]:
    name = name_of(one)
    if name not in KINDS:
        raise Fault(f"holds a {name[:60]}; the reader 'qti' takes {', '.join(KINDS)}")
    response = trait(one, "responseIdentifier") or ""
    key = keys.get(response)
    if key is None:
        raise Fault(f"asks for {response[:60]!r}, which has no responseDeclaration; add it")
    question = _question(one, every, body)
    if not question.replace(GAP, "").strip():
        raise Fault("asks without any words; write the question into the item's body")
    row = {"response": response, "question": question, "candidates": None, "accepted": None}
    if not KINDS[name]:
        return {**row, "kind": "text", **_text_key(key)}
    choices = {}
    for choice in (c for c in one.iter() if name_of(c) == KINDS[name]):
        identifier, words = (choice.get("identifier") or "").strip(), words_of(choice)
        if not identifier or not words or identifier in choices:
            raise Fault("has a choice without words, without an identifier, or with that of another; mend it")
        choices[identifier] = words
    if not choices:
        raise Fault(f"has no {KINDS[name]} to choose from; add them")
    strange = [value for value in key.right if value not in choices]
    if strange:
        raise Fault(f"has the right response {strange[0][:60]!r}, which is none of {', '.join(choices)[:200]}")
    right = [choices[value] for value in key.right]
    if not key.several and len(right) > 1:
        raise Fault(f"has {len(right)} right responses where one is allowed; declare the cardinality multiple")
    kind = "inline" if name == "inlineChoiceInteraction" else "multiple" if key.several else "choice"
    answer = _list(right) if kind == "multiple" else right[0] if right else None
    return {**row, "kind": kind, "candidates": _list(list(choices.values())), "answer": answer if right else None}


def _question(one: Element, every: list[Element], body: Element) -> str:
    """The words of the body: this interaction's prompt, a gap for an inline one, nothing of the other interactions."""
    instead = {}
    for other in every:
        inline = name_of(other) in ("inlineChoiceInteraction", "textEntryInteraction")
        if other is not one:
            instead[other] = OTHER_GAP if inline else ""
        elif inline:
            instead[other] = GAP
        else:
            prompt = next((child for child in other if name_of(child) == "prompt"), None)
            instead[other] = "" if prompt is None else f"\n{words_of(prompt)}\n"
    return words_of(body, instead)


def _keys(root: Element) -> dict[str, _Key]:
    """Response declarations by their identifiers."""
    keys = {}
    for one in (child for child in root if name_of(child) == "responseDeclaration"):
        correct = [c for c in one if name_of(c) == "correctResponse"]
        right = tuple(_plain(v) for part in correct for v in part if name_of(v) == "value")
        scores = {}
        for entry in (e for part in one if name_of(part) == "mapping" for e in part if name_of(e) == "mapEntry"):
            try:
                worth = float(trait(entry, "mappedValue") or "nan")
            except ValueError:
                worth = math.nan
            scores[(trait(entry, "mapKey") or "").strip()] = worth
        several = (one.get("cardinality") or "single").strip() in ("multiple", "ordered")
        if not right and scores:  # the key may stand in the mapping alone
            best = max((s for s in scores.values() if s > 0), default=math.inf)
            right = tuple(k for k, s in scores.items() if (s > 0 if several else s == best))
            right = right if several else right[:1]
        keys[(one.get("identifier") or "").strip()] = _Key(several, right, scores)
    return keys


def _plain(value: Element) -> str:
    return " ".join("".join(value.itertext()).split())


def _text_key(key: _Key) -> dict[str, Any]:
    accepted = list(dict.fromkeys([*key.right, *(text for text, score in key.scores.items() if score > 0)]))
    return {"answer": key.right[0] if key.right else None, "accepted": _list(accepted) if accepted else None}


def _list(texts: list[str]) -> str:
    return json.dumps(texts, ensure_ascii=False)
