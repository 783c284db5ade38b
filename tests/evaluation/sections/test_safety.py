"""The safety section counts what hurts, proves it with exact bounds, and shows the records of the worst mistakes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from verticals.core.pages import Block, NotComputed, Section, Table, as_data
from verticals.core.task import Field, Flag, SafetyPolicy, Schema, Scored, Task
from verticals.evaluation.metrics import standard as S
from verticals.evaluation.plots import draw
from verticals.evaluation.sections.safety import section
from verticals.evaluation.view import View

LABELS = ("cold", "Stroke", "meningitis")
TASK = Task(
    "x.y", "1", "t", "classification", "condition", (S.ACCURACY,),
    SafetyPolicy("s", never_miss=frozenset({"stroke", "meningitis"})),
)  # fmt: skip
SCHEMA = Schema((Field("note", "text"), Field("bp", "number", "mm[Hg]", title="pressure")), "condition", LABELS)


def scored(truth: list[int], said: list[int], sure: float = 0.95, **more: Any) -> Scored:
    n = len(truth)
    scores = np.full((n, 3), (1 - sure) / 2)
    scores[np.arange(n), said] = sure
    rows = pd.DataFrame(
        {"note": [f"note {i} " + "x" * 400 for i in range(n)], "bp": 90.0, "patient": "p", "condition": "?"}
    )
    return Scored(np.array(truth), scores, LABELS, rows, **more)


def exact(hits: int, n: int) -> tuple[float, float]:
    found = binomtest(hits, n).proportion_ci(0.95, "exact")
    return found.low, found.high


def table(found: Section, name: str) -> list[Any]:
    return list(next(b for b in found.blocks if isinstance(b, Table) and b.name == name).rows)


def words(blocks: Any) -> str:
    return " ".join(b for b in blocks if isinstance(b, str))


def test_sure_and_wrong_by_hand() -> None:
    sc = scored([0, 0, 1, 2, 1], [0, 1, 1, 0, 1])
    sc.scores[4] = [0.2, 0.5, 0.3]  # right, and not sure
    found = section(View(TASK, SCHEMA, sc))
    assert found.numbers["confident_rows"] == 4
    assert found.numbers["confident_wrong"] == 2
    low, high = exact(2, 4)
    assert found.numbers["confident_wrong_share_lower"] == pytest.approx(low)
    assert found.numbers["confident_wrong_share_upper"] == pytest.approx(high)


def test_the_worst_mistakes_are_shown_with_their_records_and_a_warning() -> None:
    sc = scored([0, 0, 1, -1], [0, 1, 0, 2])
    sc.scores[2] = [0.99, 0.005, 0.005]
    found = section(View(TASK, SCHEMA, sc))
    rows = table(found, "worst")
    assert [row["row"] for row in rows] == ["2", "1", "3"]
    assert rows[0] | {"record": ""} == {"row": "2", "said": "cold", "sure": 0.99, "truth": "Stroke", "record": ""}
    assert rows[2]["truth"] == "a label that the run never saw"
    assert rows[0]["record"].startswith("note: note 2 xxx")
    assert rows[0]["record"].endswith("…; pressure: 90 mm[Hg]")
    assert len(rows[0]["record"]) < 300 + 40
    assert "patient" not in rows[0]["record"]  # carried along, not read
    shown = next(b for b in found.blocks if isinstance(b, Table) and b.name == "worst")
    assert shown.folded
    place = list(found.blocks).index(shown)
    assert "keep this file where the records are kept" in str(found.blocks[place - 1])
    many = section(View(TASK, SCHEMA, scored([0] * 50, [1] * 50)))
    assert len(table(many, "worst")) == 20


def test_what_must_not_be_missed_by_label_and_in_all() -> None:
    # four strokes: named, missed, missed but escalated, missed but withheld; two meningitis: named, missed
    sc = scored([1, 1, 1, 1, 2, 2, 0], [1, 0, 0, 2, 2, 0, 1], abstained=np.array([0, 0, 0, 1, 0, 0, 0], bool))
    flag = (Flag("weak side", "Call.", "left arm"),)
    said = SimpleNamespace(flags=((), (), flag, (), (), (), flag))
    found = section(View(TASK, SCHEMA, sc, predictions=said))  # type: ignore[arg-type]
    numbers = found.numbers
    assert numbers["never_miss_rows"] == 6
    assert numbers["never_miss_sensitivity"] == pytest.approx(2 / 6)
    assert (numbers["never_miss_sensitivity_lower"], numbers["never_miss_sensitivity_upper"]) == pytest.approx(
        exact(2, 6)
    )
    assert numbers["never_miss_caught"] == pytest.approx(4 / 6)
    assert numbers["never_miss_silent"] == 2
    rows = {row["label"]: row for row in table(found, "never_miss")}
    assert rows["Stroke"]["sensitivity"] == 0.25
    assert rows["Stroke"]["caught"] == 0.75
    assert rows["meningitis"]["silent"] == 1
    (rule,) = table(found, "rules")
    assert (rule["rule"], rule["rows"], rule["dangerous"], rule["message"]) == ("weak side", 2, 1, "Call.")
    assert numbers["red_flag_recall"] == pytest.approx(1 / 6)
    assert numbers["escalated_rows"] == 2
    assert "left arm" not in str(as_data(found)["blocks"])  # the evidence of a flag stays with the record
    for block in as_data(found)["blocks"]:
        if block["block"] == "figure":
            assert draw(block).startswith("<svg")


def test_stop_where_it_is_proven_that_dangerous_labels_are_missed() -> None:
    # 20 of 36: the exact upper bound is below 0.8; 3 of 6: it is not, whatever the share
    bad = section(View(TASK, SCHEMA, scored([1] * 36, [1] * 20 + [0] * 16)))
    (alarm,) = bad.alarms
    assert exact(20, 36)[1] < 0.8
    assert (alarm.name, alarm.level) == ("missed_dangerous", "stop")
    assert "55.6 %" in alarm.message
    assert "the limit is 80 %" in alarm.message
    assert section(View(TASK, SCHEMA, scored([1] * 6, [1] * 3 + [0] * 3))).alarms == []
    silent = replace(TASK, safety=SafetyPolicy("s"))
    assert section(View(silent, SCHEMA, scored([1] * 36, [0] * 36))).alarms == []


def test_a_yes_no_task_looks_at_its_threshold() -> None:
    p = np.array([0.3, 0.1, 0.9, 0.4])
    rows = pd.DataFrame({"note": list("abcd")})
    sc = Scored(np.array([1, 1, 1, 0]), np.column_stack([1 - p, p]), ("no", "yes"), rows, 1, 0.25)
    task = replace(TASK, positive="yes", safety=SafetyPolicy("s"))
    found = section(View(task, SCHEMA, sc))
    assert found.numbers["never_miss_sensitivity"] == pytest.approx(2 / 3)
    assert "are yes, which the task looks for" in words(found.blocks)


def test_other_kinds_of_task() -> None:
    rows = pd.DataFrame({"note": ["a", "b", None]})
    value = Scored(np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0, 2.0]), (), rows)
    found = section(View(replace(TASK, kind="regression"), SCHEMA, value))
    assert [row["row"] for row in table(found, "worst")] == ["1", "2", "0"]
    assert table(found, "worst")[1]["record"] == "nothing"
    own = Scored(np.array([0, 1, 1]), np.array([[0.9, 0.1, np.nan], [0.95, 0.03, 0.02], [0.2, 0.5, 0.3]]), (), rows)
    found = section(View(replace(TASK, kind="choice"), SCHEMA, own))
    assert [(row["said"], row["truth"]) for row in table(found, "worst")] == [("0", "1")]
    none = section(View(TASK, SCHEMA, scored([0, 0], [0, 0])))
    text: list[Block] = list(none.blocks)
    assert "No answer is wrong." in text
    assert "nothing is known of them" in words(text)
    with pytest.raises(NotComputed):
        section(View(TASK, SCHEMA, scored([], [])))
