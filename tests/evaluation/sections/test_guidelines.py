"""Every anchor that a guideline's table names is there, and nothing is said to be there that is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import verticals
from verticals.core.pages import Table
from verticals.evaluation.guideline_items import BY_HAND, GUIDELINES, Guideline
from verticals.evaluation.sections import TITLES
from verticals.evaluation.sections.guidelines import section
from verticals.evaluation.view import View

from ..conftest import binary_rows, binary_schema, binary_task, scored

PAGE = (Path(verticals.__file__).parent / "evaluation" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("guideline", GUIDELINES, ids=lambda one: one.key)
def test_every_anchor_exists(guideline: Guideline) -> None:
    anchors = {key for item in guideline.items for key in item.where}
    assert anchors <= set(TITLES) | set(BY_HAND)
    for item in guideline.items:
        assert item.where or item.note, f"{item.number} says neither where it is nor who provides it"


@pytest.mark.parametrize("anchor", BY_HAND)
def test_anchors_written_by_hand_are_in_the_page(anchor: str) -> None:
    assert re.search(rf'id="{anchor}">{BY_HAND[anchor]}<', PAGE), anchor


def test_tripod_ai_is_there_with_all_its_27_items() -> None:
    tripod = next(one for one in GUIDELINES if one.key == "tripod_ai")
    numbers: list[int] = []
    for item in tripod.items:
        first, _, last = item.number.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    assert numbers == list(range(1, 28))


def test_the_section_holds_one_table_a_guideline_and_no_verdict() -> None:
    rows = binary_rows(40, 3)
    view = View(binary_task(), binary_schema(), scored((rows["outcome"] == "ill").astype(int), [0.5] * 40, rows))
    found = section(view)
    tables = [block for block in found.blocks if isinstance(block, Table)]
    assert [one.name for one in tables] == [one.key for one in GUIDELINES]
    said = " ".join(block for block in found.blocks if isinstance(block, str))
    assert "not a statement of conformity" in said
    assert "supersedes SR 11-7" in said
    assert "2 December 2027" in said
    fairness = next(row for row in tables[0].rows if row["item"] == "14")
    assert fairness["where"].startswith(f"{TITLES['groups']} (groups)")
