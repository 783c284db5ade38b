"""Change the numbers of a record: a little noise, a lost value, a slip of unit.

A slip of unit is what happens when a value is typed or fed in another unit than the field's own (UCUM), such as glucose of
5.3 mmol/L as 95 mg/dL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.task import Field

__all__ = ["Slip", "in_range", "noisy", "slips"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slip:
    """Another unit in which a value may be fed by mistake."""

    unit: str
    """Name of the other unit."""
    factor: float
    """The value in the other unit is value * factor + offset."""
    offset: float = 0.0

    def apply(self, values: Floats) -> Floats:
        """Values in the field's unit -> the same in the other unit."""
        return values * self.factor + self.offset


# grams a mole from atomic weights: glucose 180.16, creatinine 113.12, cholesterol 386.65, triglycerides 885.4 (triolein),
# urea nitrogen 28.01, calcium 40.08, lactate 90.08 (as acid), bilirubin 584.66, urate 168.11, magnesium 24.305, phosphorus 30.97
_GRAMS = {
    "glucose": 180.16, "creatinine": 113.12, "cholesterol": 386.65, "hdl": 386.65, "ldl": 386.65, "triglycerides": 885.4,
    "urea": 28.01, "bun": 28.01, "calcium": 40.08, "lactate": 90.08, "bilirubin": 584.66, "urate": 168.11,
    "uric": 168.11, "magnesium": 24.305, "phosphate": 30.97,
}  # fmt: skip
_PLAIN: dict[str, Slip] = {
    "Cel": Slip("°F", 1.8, 32.0), "[degF]": Slip("°C", 1 / 1.8, -32 / 1.8), "mm[Hg]": Slip("kPa", 0.133322),
    "kPa": Slip("mm Hg", 7.50062), "kg": Slip("lb", 2.20462), "[lb_av]": Slip("kg", 0.453592), "m": Slip("cm", 100.0),
    "cm": Slip("inches", 1 / 2.54), "[in_i]": Slip("cm", 2.54), "g/L": Slip("g/dL", 0.1), "g/dL": Slip("g/L", 10.0),
    "mg/L": Slip("mg/dL", 0.1), "ng/L": Slip("ng/mL", 0.001), "ng/mL": Slip("ng/L", 1000.0), "%": Slip("a share of 1", 0.01),
    "EUR/mo": Slip("EUR a year", 12.0), "EUR/a": Slip("EUR a month", 1 / 12), "USD/mo": Slip("USD a year", 12.0),
    "USD/a": Slip("USD a month", 1 / 12), "mo": Slip("years", 1 / 12), "a": Slip("months", 12.0), "d": Slip("hours", 24.0),
    "h": Slip("minutes", 60.0), "min": Slip("seconds", 60.0), "s": Slip("milliseconds", 1000.0),
}  # fmt: skip


def _by_mole(field: Field) -> Slip | None:
    words = set(re.split(r"[^a-z]+", f"{field.name} {field.words}".lower()))
    grams = next((g for name, g in _GRAMS.items() if name in words), None)
    if grams is None:
        return None
    # mmol/L * grams = mg/L; a tenth of it is mg/dL
    return {
        "mmol/L": Slip("mg/dL", grams / 10), "umol/L": Slip("mg/dL", grams / 10_000), "mg/dL": Slip("mmol/L", 10 / grams),
    }.get(field.unit)  # fmt: skip


def slips(field: Field) -> list[Slip]:
    """Ten times too large, ten times too small, and the field's other usual unit where there is one."""
    known = _by_mole(field) or _PLAIN.get(field.unit)
    return [
        Slip("ten times too large", 10.0),
        Slip("ten times too small", 0.1),
        *([known] if known is not None else []),
    ]


def in_range(field: Field, values: Floats) -> NDArray[np.bool_]:
    """(n,) the value is plausible by the field's own limits; missing values are."""
    low = -np.inf if field.low is None else field.low
    high = np.inf if field.high is None else field.high
    return np.asarray(np.isnan(values) | ((values >= low) & (values <= high)))


def noisy(values: Floats, random: np.random.Generator, share: float = 0.01) -> Floats:
    """Every value a little larger or smaller: times 1 - share or 1 + share, drawn for each."""
    return np.asarray(values * (1.0 + share * random.choice([-1.0, 1.0], len(values))))
