"""Requirements on the figures of a report, as a release gate states them.

    verticals evaluate RUN --require "auroc_lower>=0.9" --require "ece<=0.05" --require "stops==0"

A figure that is undefined fails its requirement: nothing was shown.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..core.errors import DataError, guess

__all__ = ["Outcome", "Requirement", "check", "parse"]

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_SHAPE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*(>=|<=|==|>|<)\s*(\S+)\s*")


@dataclass(frozen=True)
class Requirement:
    """A figure and the bound that it must keep."""

    name: str
    sign: str
    """One of >=, <=, >, <, ==."""
    bound: float

    def __str__(self) -> str:
        """Write it as it is given on the command line."""
        return f"{self.name}{self.sign}{self.bound:.15g}"


@dataclass(frozen=True)
class Outcome:
    """A requirement beside what was measured."""

    requirement: Requirement
    value: float
    """NaN where the figure is undefined."""

    @property
    def passed(self) -> bool:
        """Whether the figure is defined and keeps the bound."""
        return not math.isnan(self.value) and _HOLDS[self.requirement.sign](self.value, self.requirement.bound)

    def __str__(self) -> str:
        """Say the requirement, the figure and the verdict in one line."""
        said = "undefined" if math.isnan(self.value) else f"{self.value:.6g}"
        return f"{'passed' if self.passed else 'FAILED'}  {self.requirement}  (measured: {said})"


def parse(text: str) -> Requirement:
    """Read one requirement, such as `auroc_lower>=0.9`.

    Raises:
        DataError: it is not a name, one of >=, <=, >, <, ==, and a number.
    """
    found = _SHAPE.fullmatch(text)
    bound = math.nan
    if found:
        try:
            bound = float(found[3])
        except ValueError:
            bound = math.nan
    if found is None or math.isnan(bound):
        raise DataError(
            f"The requirement {text!r} cannot be read; write a figure's name, one of >= <= > < == and a number, in "
            'quotes, for example --require "auroc_lower>=0.9".'
        )
    return Requirement(found[1], found[2], bound)


def check(requirements: Iterable[Requirement], numbers: Mapping[str, float]) -> list[Outcome]:
    """Set each requirement beside its figure, in their order.

    Args:
        requirements: what is asked.
        numbers: name -> figure, as `numbers_of` gives them.

    Raises:
        DataError: no figure has such a name.
    """
    found = []
    for one in requirements:
        if one.name not in numbers:
            raise DataError(f"The report has no figure named {one.name!r}. {guess(one.name, numbers)}")
        found.append(Outcome(one, numbers[one.name]))
    return found
