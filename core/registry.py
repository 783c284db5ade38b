"""Find domains and tasks by name through the entry-point group `verticals.domains`.

Ours enter by the same door as a third party's. Looking one up imports that one only.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from .errors import TaskError, guess
from .task import Domain, Task

__all__ = ["GROUP", "domain_names", "load_domain", "load_task", "load_tasks"]

GROUP = "verticals.domains"


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def domain_names() -> list[str]:
    """Names of the installed domains; imports none of them."""
    return sorted(_points())


def load_domain(name: str) -> Domain:
    """Import one domain.

    Raises:
        TaskError: no such domain, or its entry point does not lead to a Domain of that name.
    """
    points = _points()
    if name not in points:
        raise TaskError(f"No domain is called {name!r}. {guess(name, points)}")
    try:
        domain = points[name].load()
    except (ImportError, AttributeError) as error:
        raise TaskError(
            f"The domain {name!r} is installed but cannot be loaded from {points[name].value!r}: {error}. "
            "Reinstall its package or ask its author."
        ) from error
    if not isinstance(domain, Domain) or domain.name != name:
        raise TaskError(
            f"The entry point {name!r} leads to {points[name].value!r}, which is not a Domain called {name!r}. "
            "Its author must point it at such an object."
        )
    return domain


def load_task(name: str) -> Task:
    """Import one task by its full name, such as finance.fraud.

    Raises:
        TaskError: no such task; the message guesses what was meant.
    """
    points = _points()
    domain_name = name.partition(".")[0]
    if domain_name in points:
        tasks = {task.name: task for task in load_domain(domain_name).tasks}
        if name in tasks:
            return tasks[name]
    known = [task.name for task in load_tasks()]
    raise TaskError(f"No task is called {name!r}. {guess(name, known)}")


def load_tasks() -> list[Task]:
    """Import every installed domain and list its tasks by name."""
    return sorted((t for name in domain_names() for t in load_domain(name).tasks), key=lambda t: t.name)
