"""Where each guideline's question is answered: a table for each guideline, from what it asks to a section of this report."""

from __future__ import annotations

from ...core.pages import Block, Column, Section, Table
from ..guideline_items import BY_HAND, GUIDELINES, NEWS, Guideline
from ..view import View
from . import TITLES

__all__ = ["section"]


def section(view: View) -> Section:
    """List what TRIPOD+AI, MI-CLAIM, Annex IV of the EU AI Act, SR 26-2 and the FDA's model card ask, and where it stands."""
    items = [item for guideline in GUIDELINES for item in guideline.items]
    answered = sum(bool(item.where) for item in items)
    blocks: list[Block] = [
        f"Of {len(items)} things that five guidelines ask for, this report speaks to {answered}; for the others the table says "
        "who provides them. A section that could not be computed says why in its place, and then the item is open. The table "
        "is a map, not a statement of conformity: people answer for that.",
        *NEWS,
        "The state of mid-2026 as far as it was read; rules change, so check them before you rely on it. No legal advice.",
        *(_table(guideline) for guideline in GUIDELINES),
    ]
    return Section("guidelines", TITLES["guidelines"], tuple(blocks), {"guideline_items_answered": answered})


def _table(guideline: Guideline) -> Table:
    names = TITLES | BY_HAND
    rows = [
        {
            "item": item.number,
            "asks": item.asks,
            "where": "; ".join(f"{names[key]} ({key})" for key in item.where) or "–",
            "note": item.note,
        }
        for item in guideline.items
    ]
    columns = (
        Column("item", "Item"),
        Column("asks", "What it asks"),
        Column("where", "Where in this report"),
        Column("note", "What is not here, and who has it"),
    )
    return Table(guideline.key, columns, rows, guideline.title, guideline.about, folded=True)
