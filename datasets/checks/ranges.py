"""Values that cannot be, values that are not there, and missing values that look like values.

    systolic_bp   131  124  12000  118      3 of 900 values are outside 40 to 300 mm[Hg]
    cholesterol   223  0  211  0  0  289    172 of 918 values are 0, far below all others: 0 seems to mean missing

A zero that may be true (no debts, no children) lies close to the other values and raises no alarm.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from ...core.task import Field
from ..finding import Finding, Material, Part, row_name
from ..values import as_numbers, missing_cells

__all__ = ["check_disguised_missing", "check_missing", "check_ranges"]

PLAUSIBLE: tuple[tuple[str, str, float, float], ...] = (
    (r"age|patient age|age years|年龄", "a", 0, 125),
    (r"(?:resting )?(?:systolic(?: bp| blood pressure)?|sbp|ap hi)|resting bp|trestbps|收缩压", "mm[Hg]", 40, 300),
    (r"diastolic(?: bp| blood pressure)?|dbp|舒张压", "mm[Hg]", 20, 200),
    (r"heart rate|pulse(?: rate)?|max hr|maximum heart rate|thalach|hr|心率|脉搏", "/min", 20, 300),
    (r"respiratory rate|resp rate|rr|呼吸频率", "/min", 3, 80),
    (r"spo2|oxygen saturation|sao2|血氧", "%", 40, 100),
    (r"bmi|body mass index", "kg/m2", 8, 120),
    (r"gcs|glasgow coma (?:scale|score)", "{score}", 3, 15),
)
"""Names of columns, their unit, and bounds outside of which a value of a living person is a fault of writing."""
OTHER_UNITS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "Cel": (("degrees Fahrenheit", 5 / 9, -160 / 9),),
    "mmol/L": (("mg/dL of glucose", 1 / 18.016, 0.0), ("mg/dL of cholesterol", 1 / 38.67, 0.0)),
    "umol/L": (("mg/dL of creatinine", 88.42, 0.0),),
    "mm[Hg]": (("kPa", 7.50062, 0.0), ("tenths of it", 0.1, 0.0)),
    "cm": (("metres", 100.0, 0.0), ("inches", 2.54, 0.0)),
    "kg": (("pounds", 0.453592, 0.0), ("grams", 0.001, 0.0)),
}
"""Unit -> what else people write down: name, factor, offset."""
FAR = 50.0
"""How many times the width of 98 % of the values lies between them and a value that is surely a slip."""
CODES = (-1.0, -9.0, -99.0, -999.0, -9999.0, 9.0, 99.0, 999.0, 9999.0, 99999.0, 88.0, 888.0, 8888.0, 98.0, 998.0)
"""Numbers that stand for missing besides 0."""
WORDS = frozenset(
    {"unknown", "unk", "missing", "not available", "not recorded", "not known", "no answer", "n.a.", "--", "---", ".", "未知",
     "不详", "未填", "缺失", "未记录"}
)  # fmt: skip
"""Words that stand for missing and are not read as such."""
SURE = 1e-4
"""Largest p-value, shared out over the fields, of a difference in what is missing."""
APART = 0.1
"""Smallest difference in shares of missing cells that is told."""


def _parts(material: Material) -> Iterator[tuple[Part, pd.DataFrame, pd.DataFrame | None]]:
    yield "data", material.rows, material.raw
    if material.test is not None:
        yield "test", material.test, material.test_raw


def _of(part: Part) -> str:
    return "" if part == "data" else " of the test"


def _plain(name: str) -> str:
    return " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", name).split()).casefold()


# -- range and type ---------------------------------------------------------------------------------------------------


def check_ranges(material: Material) -> list[Finding]:
    """Numbers outside their field's bounds or far from all others, and cells of number columns that are no numbers.

    Bounds are the task's, or those of a living person where a column is called like a vital sign. Values outside are
    emptied by `fix`; values that are merely far away are not.
    """
    findings: list[Finding] = []
    for part, rows, raw in _parts(material):
        for field in material.schema.of_kind("number"):
            if field.name not in rows:
                continue
            if raw is not None and field.name in raw:
                findings += _not_numbers(raw[field.name], part)
            values = rows[field.name].dropna()
            unit, low, high, declared = _bounds(field)
            outside = values[(values < low) | (values > high)]
            if len(outside):
                findings.append(_outside(field.name, values, outside, unit, low, high, declared, part))
            elif not declared:
                findings += _far(field.name, values, part)
    return findings


def _bounds(field: Field) -> tuple[str, float, float, bool]:
    """Unit, lowest and highest value, and whether there are bounds at all."""
    if field.low is not None or field.high is not None:
        low = -math.inf if field.low is None else field.low
        return field.unit.strip("{}"), low, math.inf if field.high is None else field.high, True
    for words, unit, low, high in PLAUSIBLE:
        if re.fullmatch(words, _plain(field.name)):
            return unit.strip("{}"), low, high, True
    return "", -math.inf, math.inf, False


def _outside(
    name: str, values: pd.Series, outside: pd.Series, unit: str, low: float, high: float, declared: bool, part: Part
) -> Finding:
    first = outside.index[0]
    bounds = f"{low:g} to {high:g}" if math.isfinite(low) and math.isfinite(high) else f"at least {low:g}"
    if not math.isfinite(low):
        bounds = f"at most {high:g}"
    unlike = _in_another_unit(values.drop(outside.index), outside, unit)
    return Finding(
        "ranges",
        "warn",
        f"{len(outside):,} of {len(values):,} values of {name!r}{_of(part)} are outside the plausible range ({bounds}"
        f"{' ' + unit if unit else ''}), such as {float(outside.iloc[0]):g} in {row_name(first)}"
        f"{f'; they look like {unlike}' if unlike else ''}.",
        f"Convert these values to {unit}." if unlike else "Correct them, or empty these cells in a copy with --fix.",
        count=len(outside),
        total=len(values),
        rows=_rows(outside),
        part=part,
        field=name,
        examples=tuple(f"{row_name(row)}: {value:g}" for row, value in outside.head(5).items()),
        figures={"low": low, "high": high, "unit": unit, "another_unit": unlike},
        fix="blank",
    )


def _in_another_unit(inside: pd.Series, outside: pd.Series, unit: str) -> str:
    """The unit in which most of the values outside would be like those inside; empty where there is none."""
    if len(inside) < 20 or len(outside) < 3:
        return ""
    low, high = inside.quantile(0.005), inside.quantile(0.995)
    for words, factor, offset in OTHER_UNITS.get(unit, ()):
        if ((outside * factor + offset).between(low, high)).mean() >= 0.8:
            return words
    return ""


def _far(name: str, values: pd.Series, part: Part) -> list[Finding]:
    """Values of a column without bounds that lie absurdly far from the others."""
    if len(values) < 50 or values.nunique() < 10:
        return []
    low, middle, high = (float(values.quantile(q)) for q in (0.01, 0.5, 0.99))
    width = high - low
    away = values[(values - middle).abs() > FAR * width] if width > 0 else values.iloc[:0]
    if not len(away):
        return []
    first = away.index[0]
    return [
        Finding(
            "ranges",
            "warn",
            f"{len(away):,} of {len(values):,} values of {name!r}{_of(part)} are more than {FAR:g} times as far from the "
            f"middle as 98 % of the values are apart, such as {float(away.iloc[0]):g} in {row_name(first)} "
            f"(98 % are {low:g} to {high:g}).",
            "Look whether a unit, a decimal point or a code is wrong; declare bounds for the field to have them emptied.",
            count=len(away),
            total=len(values),
            rows=_rows(away),
            part=part,
            field=name,
            examples=tuple(f"{row_name(row)}: {value:g}" for row, value in away.head(5).items()),
            figures={"q01": low, "q99": high},
        )
    ]


def _not_numbers(column: pd.Series, part: Part) -> list[Finding]:
    numbers, odd, infinite = as_numbers(column)
    wrong = column[odd | infinite]
    if not len(wrong):
        return []
    said = len(wrong) + int(numbers.notna().sum())
    first = wrong.index[0]
    return [
        Finding(
            "not_numbers",
            "warn",
            f"{len(wrong):,} of {said:,} cells in the number column {str(column.name)!r}{_of(part)} are no finite numbers "
            f"and count as missing, such as {str(wrong.iloc[0])[:40]!r} in {row_name(first)}.",
            "Correct them, or empty these cells in a copy with --fix.",
            count=len(wrong),
            total=said,
            rows=_rows(wrong),
            part=part,
            field=str(column.name),
            examples=tuple(f"{row_name(row)}: {str(cell)[:40]!r}" for row, cell in wrong.head(5).items()),
            fix="blank",
        )
    ]


def _rows(column: pd.Series) -> tuple[int, ...]:
    return tuple(int(row) for row in column.index)


# -- missing ----------------------------------------------------------------------------------------------------------


def check_missing(material: Material) -> list[Finding]:
    """Fields that are mostly empty, empty in the test only, or filled in for one class more often than for another.

    Differences are told from 0.1 and where a chi-squared test, shared out over the fields, gives p < 0.0001.
    """
    findings: list[Finding] = []
    fields = [one.name for one in material.schema.fields if one.name in material.rows]
    for name in fields:
        empty = material.rows[name].isna()
        if empty.mean() > 0.5:
            findings.append(
                Finding(
                    "missing",
                    "note",
                    f"{int(empty.sum()):,} of {len(empty):,} cells of {name!r} are empty.",
                    "Ask whether the model will have this field when it is used.",
                    count=int(empty.sum()),
                    total=len(empty),
                    field=name,
                )
            )
        findings += _missing_by_label(name, material, len(fields))
        findings += _missing_by_part(name, empty, material, len(fields))
    return findings


def _p_value(table: np.ndarray) -> float:
    """Of a chi-squared test of independence; 1 where a row or column is empty."""
    from scipy.stats import chi2_contingency

    table = table[table.sum(1) > 0]
    if len(table) < 2 or (table.sum(0) == 0).any():
        return 1.0
    return float(chi2_contingency(table)[1])


def _missing_by_label(name: str, material: Material, tests: int) -> list[Finding]:
    rows, label = material.labelled, material.schema.label
    empty = rows[name].isna() if len(rows) else pd.Series(dtype=bool)
    if not empty.any() or empty.all() or material.task.kind != "classification":
        return []
    classes = rows[label]
    counts = pd.crosstab(classes, empty).reindex(columns=[False, True], fill_value=0)
    counts = counts[counts.sum(axis=1) >= 8]
    if len(counts) < 2:
        return []
    share = counts[True] / counts.sum(axis=1)
    low, high = str(share.idxmin()), str(share.idxmax())
    if share.max() - share.min() < APART or _p_value(counts.to_numpy()) * tests > SURE:
        return []
    return [
        Finding(
            "missing_tells",
            "warn",
            f"Whether {name!r} is filled in goes with the label: it is empty in {share.max():.0%} of {high!r} and in "
            f"{share.min():.0%} of {low!r}.",
            "Find out why; where records are gathered otherwise, the model will be wrong about this.",
            count=int(empty.sum()),
            total=len(empty),
            field=name,
            figures={"share": {str(one): round(float(value), 4) for one, value in share.items()}},
        )
    ]


def _missing_by_part(name: str, empty: pd.Series, material: Material, tests: int) -> list[Finding]:
    if material.test is None or name not in material.test:
        return []
    later = material.test[name].isna()
    table = np.array([[empty.sum(), (~empty).sum()], [later.sum(), (~later).sum()]])
    if abs(empty.mean() - later.mean()) < APART or _p_value(table) * tests > SURE:
        return []
    return [
        Finding(
            "missing_differs",
            "warn",
            f"{name!r} is empty in {empty.mean():.0%} of the data and in {later.mean():.0%} of the test.",
            "Find out which of the two is like the records that the model will meet.",
            count=int(later.sum()),
            total=len(later),
            field=name,
            figures={"data": round(float(empty.mean()), 4), "test": round(float(later.mean()), 4)},
        )
    ]


# -- missing in disguise ----------------------------------------------------------------------------------------------


def check_disguised_missing(material: Material) -> list[Finding]:
    """A value that comes again and again, apart from all others: 0, -1, 99, 999 in numbers; unknown, 未知 in words.

    A number is told only where a gap parts it from the rest of at least ten different values: a true zero (no debts)
    has neighbours.
    """
    findings: list[Finding] = []
    for part, rows, raw in _parts(material):
        for field in material.schema.fields:
            if field.name not in rows:
                continue
            if field.kind == "number":
                findings += _number_codes(rows[field.name].dropna(), part, material)
            elif field.kind in ("category", "text") and raw is not None and field.name in raw:
                findings += _word_codes(raw[field.name], part)
    return findings


def _number_codes(values: pd.Series, part: Part, material: Material) -> Iterator[Finding]:
    known = material.rows[str(values.name)].dropna()
    for code in (0.0, *CODES):
        marked = values == code
        count = int(marked.sum())
        if count < max(3, 0.002 * len(values)) or not _stands_apart(known, code):
            continue
        rest = known[known != code]
        first = values.index[int(marked.to_numpy().argmax())]
        yield Finding(
            "disguised_missing",
            "warn",
            f"{count:,} of {len(values):,} values of {str(values.name)!r}{_of(part)} are {code:g}, and all others are "
            f"{float(rest.min()):g} to {float(rest.max()):g}: {code:g} seems to mean missing, first in {row_name(first)}.",
            f"If {code:g} means missing, empty these cells in a copy with --fix; if it is a true value, leave them.",
            count=count,
            total=len(values),
            rows=_rows(values[marked]),
            part=part,
            field=str(values.name),
            figures={"code": code, "share": round(count / len(values), 4)},
            fix="blank",
        )


def _stands_apart(values: pd.Series, code: float) -> bool:
    """Whether a gap parts a code from the rest, on whose edge it stands."""
    rest = np.unique(values[values != code].to_numpy())
    share = float((values == code).mean())
    if len(rest) < 10 or share > 0.6 or rest[0] < code < rest[-1]:
        return False
    if code < 0 <= rest[0]:
        return True  # one negative number, always the same, in a column of amounts
    edge = rest[: max(5, len(rest) // 10)] if code < rest[0] else rest[-max(5, len(rest) // 10) :]
    step = float(np.median(np.diff(edge)))
    gap = float(rest[0] - code if code < rest[0] else code - rest[-1])
    low, middle, high = np.quantile(values[values != code].to_numpy(), (0.25, 0.5, 0.75))
    wide = gap >= 0.5 * (high - low) and gap >= 0.2 * abs(middle)
    return bool(gap >= 5 * step and (wide if code else wide or (gap >= 0.1 * middle and gap >= 8 * step)))


def _word_codes(column: pd.Series, part: Part) -> Iterator[Finding]:
    if pd.api.types.is_numeric_dtype(column):
        return
    words = column.astype("str").str.strip().str.casefold()
    marked = (words.isin(WORDS) & ~missing_cells(column)).to_numpy(bool)
    if marked.sum() < 3:
        return
    first = column.index[int(marked.argmax())]
    yield Finding(
        "disguised_missing",
        "note",
        f"{int(marked.sum()):,} of {len(column):,} cells of {str(column.name)!r}{_of(part)} say "
        f"{str(column.loc[first]).strip()!r}, which counts as a value like any other, first in {row_name(first)}.",
        "If it means missing, empty these cells in a copy with --fix.",
        count=int(marked.sum()),
        total=len(column),
        rows=_rows(column[marked]),
        part=part,
        field=str(column.name),
        fix="blank",
    )
