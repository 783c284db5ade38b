"""Units of measurement by the Unified Code for Units of Measure (UCUM), as far as vital signs and laboratories use them.

    converted(105.0, "mg/dL", "mmol/L", molar_mass=180.156)      # 5.828: glucose
    converted(98.6, "[degF]", "Cel")                             # 37.0
    converted(16.0, "kPa", "mm[Hg]")                             # 120.0

A code is read by its grammar: prefixes (m, u, n, k …), powers (10*9/L, m2), products and quotients, and annotations in
braces, which count as 1. The amount of a substance and its mass are exchanged where its molar mass is given.
Definitions: The Unified Code for Units of Measure, version 2.1 (Schadow and McDonald).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["UnitError", "converted", "ucum_code"]


class UnitError(ValueError):
    """A unit that is unknown or measures something else, as the second half of a sentence."""


class _Unit(NamedTuple):
    """A unit as a multiple of metre, second, gram, mole and kelvin."""

    factor: float
    powers: tuple[int, int, int, int, int]
    """Of metre, second, gram, mole, kelvin."""
    offset: float = 0.0
    """Kelvin at the zero of a temperature scale."""


_NOTHING = (0, 0, 0, 0, 0)
_PREFIXES = {
    "Y": 1e24, "Z": 1e21, "E": 1e18, "P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "h": 1e2, "da": 1e1,
    "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18,
}  # fmt: skip
_METRIC = {  # may have a prefix
    "m": _Unit(1, (1, 0, 0, 0, 0)),
    "s": _Unit(1, (0, 1, 0, 0, 0)),
    "g": _Unit(1, (0, 0, 1, 0, 0)),
    "mol": _Unit(1, (0, 0, 0, 1, 0)),
    "K": _Unit(1, (0, 0, 0, 0, 1)),
    "L": _Unit(1e-3, (3, 0, 0, 0, 0)),
    "l": _Unit(1e-3, (3, 0, 0, 0, 0)),
    "Pa": _Unit(1e3, (-1, -2, 1, 0, 0)),
    "bar": _Unit(1e8, (-1, -2, 1, 0, 0)),
    "m[Hg]": _Unit(133.322e6, (-1, -2, 1, 0, 0)),
    "m[H2O]": _Unit(9.80665e6, (-1, -2, 1, 0, 0)),
    "Hz": _Unit(1, (0, -1, 0, 0, 0)),
    "eq": _Unit(1, (0, 0, 0, 1, 0)),
    "Cel": _Unit(1, (0, 0, 0, 0, 1), 273.15),
}
_PLAIN = {  # may not
    "min": _Unit(60, (0, 1, 0, 0, 0)),
    "h": _Unit(3600, (0, 1, 0, 0, 0)),
    "d": _Unit(86400, (0, 1, 0, 0, 0)),
    "wk": _Unit(604800, (0, 1, 0, 0, 0)),
    "mo": _Unit(2629800, (0, 1, 0, 0, 0)),
    "a": _Unit(31557600, (0, 1, 0, 0, 0)),
    "%": _Unit(1e-2, _NOTHING),
    "[ppth]": _Unit(1e-3, _NOTHING),
    "[ppm]": _Unit(1e-6, _NOTHING),
    "10*": _Unit(10, _NOTHING),
    "10^": _Unit(10, _NOTHING),
    "[degF]": _Unit(5 / 9, (0, 0, 0, 0, 1), 459.67 * 5 / 9),
    "[lb_av]": _Unit(453.59237, (0, 0, 1, 0, 0)),
    "[in_i]": _Unit(0.0254, (1, 0, 0, 0, 0)),
    "[oz_av]": _Unit(28.349523125, (0, 0, 1, 0, 0)),
}
_COMMON = {  # what devices write beside UCUM, in lower case
    "bpm": "/min", "beats/min": "/min", "beats/minute": "/min", "beats per minute": "/min", "breaths/min": "/min",
    "breaths/minute": "/min", "breaths per minute": "/min", "per minute": "/min", "1/min": "/min", "rpm": "/min",
    "mmhg": "mm[Hg]", "mm hg": "mm[Hg]", "°c": "Cel", "c": "Cel", "degc": "Cel", "deg c": "Cel", "celsius": "Cel",
    "degrees celsius": "Cel", "°f": "[degF]", "f": "[degF]", "degf": "[degF]", "deg f": "[degF]",
    "fahrenheit": "[degF]", "percent": "%", "percentage": "%", "mcg/l": "ug/L", "mcg/ml": "ug/mL", "µg/l": "ug/L",
    "μg/l": "ug/L", "µmol/l": "umol/L", "μmol/l": "umol/L", "k/ul": "10*3/uL", "k/µl": "10*3/uL",
    "x10^9/l": "10*9/L", "10^9/l": "10*9/L", "10e9/l": "10*9/L", "x10e9/l": "10*9/L", "giga/l": "10*9/L", "g/l": "g/L",
    "10^3/ul": "10*3/uL", "10e3/ul": "10*3/uL", "x10^3/ul": "10*3/uL", "thousand/ul": "10*3/uL", "years": "a",
    "mg/dl": "mg/dL", "mmol/l": "mmol/L", "g/dl": "g/dL", "mg/l": "mg/L", "ng/l": "ng/L", "ng/ml": "ng/mL",
    "pg/ml": "pg/mL", "kpa": "kPa", "score": "{score}", "points": "{score}", "meq/l": "meq/L",
}  # fmt: skip
_TERM = re.compile(r"(\{[^{}]*\})|(10[*^]|%|(?:[A-Za-z]|\[[^\[\]]+\])+|[0-9]+)([+-]?[0-9]+)?(?:\{[^{}]*\})?")


def ucum_code(written: str) -> str:
    """The UCUM code for a unit that is written in another common way; anything else stays as it is."""
    return _COMMON.get(written.strip().lower(), written.strip())


def converted(value: float, unit: str, target: str, molar_mass: float | None = None) -> float:
    """A value in another unit.

    Args:
        value: in `unit`.
        unit: UCUM code.
        target: UCUM code.
        molar_mass: of the substance in g/mol, where mass and amount may be exchanged.

    Raises:
        UnitError: a code that is unknown, or that measures something else.
    """
    if unit == target:
        return value
    here, there = _unit(unit), _unit(target)
    moles = there.powers[3] - here.powers[3]
    if moles and molar_mass and here.powers[2] - there.powers[2] == moles:
        powers = list(here.powers)
        powers[2] -= moles
        powers[3] += moles
        here = _Unit(here.factor / molar_mass**moles, (powers[0], powers[1], powers[2], powers[3], powers[4]))
    if here.powers != there.powers:
        raise UnitError(f"has the unit {unit[:30]!r}, which cannot be turned into {target}")
    return (value * here.factor + here.offset - there.offset) / there.factor


@lru_cache(maxsize=4096)
def _unit(code: str) -> _Unit:
    """A code as a multiple of base units."""
    unknown = UnitError(f"has the unit {code[:30]!r}, which is unknown here")
    if not code or len(code) > 80 or not code.isascii():
        raise unknown
    factor, powers = 1.0, [0, 0, 0, 0, 0]
    sign, at, terms, offset = 1, 0, 0, 0.0
    if code[0] == "/":
        sign, at = -1, 1
    while True:
        found = _TERM.match(code, at)
        if not found:
            raise unknown
        one, power = _term(found, unknown)
        if one.offset and (terms or sign < 0 or power != 1 or found.end() < len(code)):
            raise unknown  # a scale with a zero of its own stands alone
        offset, terms, at = one.offset, terms + 1, found.end()
        try:
            factor *= one.factor ** (sign * power)
        except (OverflowError, ZeroDivisionError):
            raise unknown from None
        powers = [sum_ + sign * power * each for sum_, each in zip(powers, one.powers, strict=True)]
        if at == len(code):
            break
        if code[at] not in "./":
            raise unknown
        sign, at = 1 if code[at] == "." else -1, at + 1
    if not 0 < factor < 1e300:
        raise unknown
    return _Unit(factor, (powers[0], powers[1], powers[2], powers[3], powers[4]), offset)


def _term(found: re.Match[str], unknown: UnitError) -> tuple[_Unit, int]:
    """One unit with its power."""
    annotation, atom, power = found.groups()
    if annotation:
        return _Unit(1.0, _NOTHING), 1
    if atom.isdigit():
        if len(atom) > 9 or not int(atom) or power:
            raise unknown
        return _Unit(float(atom), _NOTHING), 1
    if power and len(power) > 3:
        raise unknown
    return _atom(atom, unknown), int(power) if power else 1


def _atom(name: str, unknown: UnitError) -> _Unit:
    if name in _METRIC:
        return _METRIC[name]
    if name in _PLAIN:
        return _PLAIN[name]
    for length in (1, 2):
        prefix, rest = name[:length], name[length:]
        if prefix in _PREFIXES and rest in _METRIC and not _METRIC[rest].offset:
            unit = _METRIC[rest]
            return unit._replace(factor=unit.factor * _PREFIXES[prefix])
    raise unknown
