"""Names: what is found, what is guessed, what is refused, and that looking one up imports that one only."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from verticals.core import registry
from verticals.core.errors import TaskError, guess
from verticals.core.registry import domain_names, load_domain, load_task, load_tasks
from verticals.core.task import Domain

EMPTY = Domain("empty", "Nothing in it", ())


def test_our_tasks_are_found_by_name() -> None:
    assert load_task("finance.credit").name == "finance.credit"
    assert load_domain("medical").tasks[0].name == "medical.diagnosis"
    names = [task.name for task in load_tasks()]
    assert names == sorted(names)
    assert {"education.tutoring", "finance.credit", "finance.fraud", "medical.diagnosis"} <= set(names)


def test_a_misspelt_task_is_guessed() -> None:
    with pytest.raises(TaskError) as caught:
        load_task("finance.frad")
    said = str(caught.value)
    assert said.startswith("No task is called 'finance.frad'. Did you mean 'finance.fraud'? There is: ")
    assert "medical.diagnosis" in said


@pytest.mark.parametrize("name", ["finance", "finance.", "", "credit", "chemistry.toxicity", "finance.credit.v2"])
def test_what_is_no_task(name: str) -> None:
    with pytest.raises(TaskError, match="No task is called"):
        load_task(name)


def test_a_misspelt_domain_is_guessed() -> None:
    with pytest.raises(TaskError, match=r"No domain is called 'medcal'\. Did you mean 'medical'"):
        load_domain("medcal")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("no_such_module_here:DOMAIN", "is installed but cannot be loaded from 'no_such_module_here:DOMAIN'"),
        ("entry_points_of_a_test:ABSENT", "is installed but cannot be loaded"),
        ("entry_points_of_a_test:NOT_A_DOMAIN", "which is not a Domain called 'x'"),
        ("entry_points_of_a_test:MISNAMED", "which is not a Domain called 'x'"),
    ],
)
def test_a_broken_entry_point(monkeypatch: pytest.MonkeyPatch, value: str, says: str) -> None:
    here = ModuleType("entry_points_of_a_test")
    here.NOT_A_DOMAIN, here.MISNAMED = "just words", Domain("other", "Other", ())  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, here.__name__, here)
    monkeypatch.setattr(registry, "_points", lambda: {"x": EntryPoint("x", value, registry.GROUP)})
    with pytest.raises(TaskError, match=says):
        load_domain("x")


def test_a_domain_without_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_points", lambda: {"empty": EntryPoint("empty", "a:b", registry.GROUP)})
    monkeypatch.setattr(EntryPoint, "load", lambda self: EMPTY)
    assert load_tasks() == []
    with pytest.raises(TaskError, match="There is: nothing"):
        load_task("empty.task")


def test_looking_one_up_imports_that_one_only() -> None:
    code = (
        "import sys; from verticals.core.registry import load_task, domain_names; domain_names();"
        "assert not [m for m in sys.modules if m.startswith('verticals.domains')]; load_task('education.tutoring');"
        "print(sorted({m.split('.')[2] for m in sys.modules if m.startswith('verticals.domains.')}))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.strip() == "['education']"
    assert set(domain_names()) >= {"education", "finance", "medical"}


def test_guess() -> None:
    assert guess("ranc", ["rank", "alpha"]) == "Did you mean 'rank'? There is: alpha, rank."
    assert guess("zzz", ["rank", "alpha"]) == "There is: alpha, rank."
    assert guess("x", []) == "There is: nothing."
