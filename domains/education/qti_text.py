"""Words of a QTI item without its markup: fractions and powers of MathML keep their meaning, pictures their description.

<p>What is <math><mfrac><mn>1</mn><mn>2</mn></mfrac></math> of 6 m<sup>2</sup>?</p>   ->   What is 1/2 of 6 m^2?
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .readers_files import Fault

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["GAP", "OTHER_GAP", "name_of", "trait", "words_of"]

GAP = "____"
"""The place in the text that a row's answer goes into."""
OTHER_GAP = "(…)"
"""A place that another row of the same item asks for."""
DEEPEST = 60
"""Levels of elements; real items have under twenty."""
_BREAKS = {
    "p", "div", "br", "li", "tr", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre", "hr",
    "dt", "dd", "prompt", "caption", "section", "itemBody",
}  # fmt: skip
_SILENT = {
    "feedbackInline", "feedbackBlock", "modalFeedback", "rubricBlock", "script", "style", "templateInline",
    "templateBlock", "annotation", "annotation-xml", "infoControl", "stylesheet", "responseDeclaration",
    "catalogInfo", "companionMaterialsInfo",
}  # fmt: skip


def name_of(element: Element) -> str:
    """An element's name without namespace, as QTI 2 writes it: {…}qti-choice-interaction -> choiceInteraction."""
    tag = element.tag if isinstance(element.tag, str) else ""
    name = tag.rpartition("}")[2]
    if not name.startswith("qti-"):
        return name
    return re.sub(r"-(\w)", lambda m: m.group(1).upper(), name.removeprefix("qti-"))


def trait(element: Element, name: str) -> str | None:
    """An attribute by the name that QTI 2 gives it; QTI 3 writes responseIdentifier as response-identifier."""
    value = element.get(name)
    return element.get(re.sub(r"([A-Z])", lambda m: f"-{m.group(1).lower()}", name)) if value is None else value


def words_of(element: Element, instead: Mapping[Element, str] | None = None) -> str:
    """Text of an element, one line per paragraph.

    Args:
        element: what to read.
        instead: elements that stand for other words, such as an interaction for its gap.

    Raises:
        Fault: it shows a value that is computed when the item is taken, or it is nested too deeply.
    """
    text = _text(element, instead or {}, 0)
    lines = (re.sub(r"[ \t\r\f\v\u00a0]+", " ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _text(element: Element, instead: Mapping[Element, str], level: int) -> str:
    if level > DEEPEST:
        raise Fault(f"is nested more than {DEEPEST} levels deep; give an item of ordinary markup")
    if element in instead:
        return instead[element]
    name = name_of(element)
    if not name or name in _SILENT:
        return ""
    if name == "printedVariable":
        raise Fault(
            "shows a value that is computed when it is taken (printedVariable); give the item with fixed values"
        )
    if name == "math":
        said = element.get("alttext")
        return said if said and said.strip() else _formula(element, level)
    if name in ("img", "object", "audio", "video"):
        said = element.get("alt") or element.get("label") or element.get("title")
        return f" [picture: {said}] " if said else " [picture] " if name == "img" else ""
    # white space of the file, line ends included, is one space; only the markup starts a new line
    inner = _flat(element.text)
    for child in element:
        inner += _text(child, instead, level + 1) + _flat(child.tail)
    if name in ("sup", "sub"):
        return ("^" if name == "sup" else "_") + (inner.strip() if len(inner.strip()) < 2 else f"({inner.strip()})")
    if name in ("td", "th"):
        return f" {inner} "
    return f"\n{inner}\n" if name in _BREAKS else inner


def _flat(text: str | None) -> str:
    return re.sub(r"\s+", " ", text) if text else ""


def _formula(element: Element, level: int) -> str:
    """MathML as one line: mfrac a/b, msup a^b, msub a_b, msqrt √a."""
    if level > DEEPEST:
        raise Fault(f"is nested more than {DEEPEST} levels deep; give an item of ordinary markup")
    name = name_of(element)
    if name in _SILENT:
        return ""
    parts = [_formula(child, level + 1) for child in element]
    if not parts:
        return "".join((element.text or "").split())
    if name == "mfrac" and len(parts) == 2:
        return f"{_whole(parts[0])}/{_whole(parts[1])}"
    if name in ("msup", "msub") and len(parts) == 2:
        return f"{_whole(parts[0])}{'^' if name == 'msup' else '_'}{_whole(parts[1])}"
    if name == "msqrt":
        return f"√{_whole(''.join(parts))}"
    if name == "mroot" and len(parts) == 2:
        return f"{_whole(parts[0])}^(1/{parts[1]})"
    if name == "mfenced":
        return f"({', '.join(parts)})"
    if name == "mrow" and len(parts) > 1:
        return _spaced(parts)
    return _spaced(parts) if name in ("math", "semantics", "mstyle") else "".join(parts)


def _whole(part: str) -> str:
    return part if re.fullmatch(r"\w*|\(.*\)", part) else f"({part})"


def _spaced(parts: list[str]) -> str:
    """Parts side by side; a mixed number (2 1/3) keeps its space."""
    text = ""
    for part in parts:
        text += f" {part}" if text[-1:].isdigit() and re.match(r"\d+/", part) else part
    return text
