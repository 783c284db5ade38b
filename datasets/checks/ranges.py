"""Values that cannot be, values that are not there, and missing values that look like values.

    systolic_bp   131  124  12000  118      3 of 900 values are outside 40 to 300 mm[Hg]
    cholesterol   223  0  211  0  0  289    172 of 918 values are 0, far below all others: 0 seems to mean missing

A zero that may be true (no debts, no children) lies close to the other values and raises no alarm.
"""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd

from ...core.task import Field
from ..finding import Finding, Material, Part, row_name
from ..values import as_numbers
from .disguised import check_disguised_missing, codes_in, of_part, parts_of, rows_of

__all__ = ["check_disguised_missing", "check_missing", "check_ranges", "independence"]

PLAUSIBLE: tuple[tuple[str, str, float, float], ...] = (
    (r"(?:patient )?age(?: years| in years)?|年龄", "a", 0, 125),
    (r"(?:resting )?(?:systolic(?: bp| blood pressure)?|sbp|ap hi)|resting bp|trestbps|收缩压", "mm[Hg]", 40, 300),
    (r"diastolic(?: bp| blood pressure)?|dbp|ap lo|舒张压", "mm[Hg]", 20, 200),
    (r"heart rate|pulse(?: rate)?|max hr|maximum heart rate|thalach|hr|心率|脉搏", "/min", 20, 300),
    (r"respiratory rate|resp rate|rr|呼吸频率", "/min", 3, 80),
    (r"spo2|oxygen saturation|sao2|血氧", "%", 40, 100),
    (r"bmi|body mass index|体重指数", "kg/m2", 8, 120),
    (r"(?:body )?temperature|body temp|体温", "Cel", 25, 45),
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
FAR_LOG = 2.0
"""The same for the logarithms of positive values, so that incomes and sales, which have long tails, raise no alarm."""
FEW, MANY = 0.01, 0.05
"""Shares of values outside the bounds of a vital sign: up to the first they are slips; from the second the column is none."""
FEWEST = 8
"""Rows of a class that a share is told of."""
SURE = 1e-4
"""Largest p-value, shared out over the fields, of a difference in what is missing."""
APART = 0.1
"""Smallest difference in shares of missing cells that is told."""


def _plain(name: str) -> str:
    return " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", name).split()).casefold()


# -- range and type ---------------------------------------------------------------------------------------------------


def check_ranges(material: Material) -> list[Finding]:
    """Numbers outside their field's bounds or far from all others, and cells of number columns that are no numbers.

    Bounds are the task's, or those of a living person where a column is called like a vital sign. Values outside are
    emptied by `fix`; values that are merely far away are not. Fields that are carried along (protected ones) count too.
    """
    findings = []
    for part, rows, raw in parts_of(material):
        for field in _number_fields(material):
            said = raw is not None and field.name in raw
            if said and raw is not None:
                findings += _not_numbers(raw[field.name], part)
            if field.name not in rows:
                continue
            column = rows[field.name]
            values = (column if column.dtype == "float64" else as_numbers(column)[0]).dropna()
            unit, low, high, declared = _bounds(field)
            outside = values[(values < low) | (values > high)]
            if len(outside) and (declared or _slips(values, outside)):
                findings.append(_outside(field.name, values, outside, unit, low, high, part))
            elif not declared and part == "data":
                findings += _far(field.name, values, part)
    return findings


def _number_fields(material: Material) -> list[Field]:
    """The numbers that the model reads, and those of the task that are only carried along."""
    read = {one.name for one in material.schema.fields}
    carried = [
        one
        for one in material.task.fields
        if one.kind == "number" and one.protected and one.name not in read and one.name in material.raw
    ]
    return [*material.schema.of_kind("number"), *carried]


def _bounds(field: Field) -> tuple[str, float, float, bool]:
    """Unit, lowest and highest value, and whether they were declared."""
    unit = field.unit.strip("{}")
    if field.low is not None or field.high is not None:
        return unit, -math.inf if field.low is None else field.low, math.inf if field.high is None else field.high, True
    for words, usual, low, high in PLAUSIBLE:
        if re.fullmatch(words, _plain(field.name)):
            return usual.strip("{}"), low, high, False
    return unit, -math.inf, math.inf, False


def _slips(values: pd.Series, outside: pd.Series) -> bool:
    """Whether values outside bounds that nobody declared are faults, and not the tail of another quantity (a house's age)."""
    if len(outside) > MANY * len(values):
        return False
    if len(outside) <= FEW * len(values):
        return True
    inside = values.drop(outside.index)
    gap = max(float(inside.min() - outside.max()), float(outside.min() - inside.max()))
    return gap >= float(inside.quantile(0.75) - inside.quantile(0.25))


def _outside(
    name: str, values: pd.Series, outside: pd.Series, unit: str, low: float, high: float, part: Part
) -> Finding:
    first = outside.index[0]
    bounds = f"{low:g} to {high:g}" if math.isfinite(low) and math.isfinite(high) else f"at least {low:g}"
    if not math.isfinite(low):
        bounds = f"at most {high:g}"
    unlike = _in_another_unit(values.drop(outside.index), outside, unit)
    return Finding(
        "ranges",
        "warn",
        f"{len(outside):,} of {len(values):,} values of {name!r}{of_part(part)} are outside the plausible range ({bounds}"
        f"{' ' + unit if unit else ''}), such as {float(outside.iloc[0]):g} in {row_name(first)}"
        f"{f'; they look like {unlike}' if unlike else ''}.",
        f"Convert these values to {unit}." if unlike else "Correct them, or empty these cells in a copy with --fix.",
        count=len(outside),
        total=len(values),
        rows=rows_of(outside),
        part=part,
        field=name,
        examples=tuple(f"{row_name(row)}: {value:g}" for row, value in outside.head(5).items()),
        figures={
            "low": low if math.isfinite(low) else None,
            "high": high if math.isfinite(high) else None,
            "unit": unit,
            "another_unit": unlike,
        },
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
    if low > 0 and middle > 0:  # long tails are ordinary
        scale = FAR_LOG * math.log(high / low)
        away = away[(away <= 0) | (np.abs(np.log(away.clip(lower=1e-300).to_numpy() / middle)) > scale)]
    if len(away):  # a code for missing is told as such
        away = away[~away.isin(codes_in(values.to_numpy(np.float64), measured=True))]
    if not len(away):
        return []
    first = away.index[0]
    return [
        Finding(
            "ranges",
            "warn",
            f"{len(away):,} of {len(values):,} values of {name!r}{of_part(part)} are more than {FAR:g} times as far from the "
            f"middle as 98 % of the values are apart, such as {float(away.iloc[0]):g} in {row_name(first)} "
            f"(98 % are {low:g} to {high:g}).",
            "Look whether a unit, a decimal point or a code is wrong; declare bounds for the field to have them emptied.",
            count=len(away),
            total=len(values),
            rows=rows_of(away),
            part=part,
            field=name,
            examples=tuple(f"{row_name(row)}: {value:g}" for row, value in away.head(5).items()),
            figures={"q01": low, "q99": high},
        )
    ]


def _not_numbers(column: pd.Series, part: Part) -> list[Finding]:
    if pd.api.types.is_integer_dtype(column) or pd.api.types.is_bool_dtype(column):
        return []
    if pd.api.types.is_float_dtype(column):
        numbers, faulty = column, pd.Series(np.isinf(column.to_numpy(np.float64, na_value=np.nan)), index=column.index)
    else:
        numbers, odd, infinite = as_numbers(column)
        faulty = odd | infinite
    wrong = column[faulty]
    if not len(wrong):
        return []
    said = len(wrong) + int(numbers[~faulty].notna().sum())
    first = wrong.index[0]
    return [
        Finding(
            "not_numbers",
            "warn",
            f"{len(wrong):,} of {said:,} cells in the number column {str(column.name)!r}{of_part(part)} are no finite numbers "
            f"and count as missing, such as {str(wrong.iloc[0])[:40]!r} in {row_name(first)}.",
            "Correct them, or empty these cells in a copy with --fix.",
            count=len(wrong),
            total=said,
            rows=rows_of(wrong),
            part=part,
            field=str(column.name),
            examples=tuple(f"{row_name(row)}: {str(cell)[:40]!r}" for row, cell in wrong.head(5).items()),
            fix="blank",
        )
    ]


# -- missing ----------------------------------------------------------------------------------------------------------


def check_missing(material: Material) -> list[Finding]:
    """Fields that are mostly empty, empty in the test only, or filled in for one class more often than for another.

    Differences are told from 0.1 and where a chi-squared or exact test, shared out over the fields, gives p < 0.0001.
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
    return findings + _empty_rows(material)


def _empty_rows(material: Material) -> list[Finding]:
    """Rows that say nothing at all."""
    findings = []
    for part, rows, _ in parts_of(material):
        names = [one.name for one in material.schema.fields if one.name in rows]
        empty = rows[names].isna().all(axis=1) if names else pd.Series(dtype=bool)
        if not empty.any():
            continue
        marked = rows[empty]
        findings.append(
            Finding(
                "empty_rows",
                "warn",
                f"{len(marked):,} of {len(rows):,} rows{of_part(part)} say nothing in any field, first "
                f"{row_name(marked.index[0])}.",
                "Look for what was lost, or take these rows out in a copy with --fix.",
                count=len(marked),
                total=len(rows),
                rows=rows_of(marked.iloc[:, 0]),
                part=part,
                fix="drop",
            )
        )
    return findings


def independence(table: np.ndarray) -> float:
    """p-value that rows and columns of (r, c) counts are independent; 1 where a row or column is empty.

    Pearson's chi-squared, with a 2 by 2 table of small expected counts by Fisher's exact test (two-sided).
    """
    table = np.asarray(table, np.float64)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0] if table.size else table
    if min(table.shape) < 2:
        return 1.0
    total = table.sum()
    expected = np.outer(table.sum(1), table.sum(0)) / total
    if table.shape == (2, 2) and expected.min() < 5:
        return _fisher(table)
    from scipy.special import chdtrc

    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    return float(chdtrc(freedom, ((table - expected) ** 2 / expected).sum()))


def _fisher(table: np.ndarray) -> float:
    """Two-sided p-value of a 2 by 2 table: all tables with the same margins that are no likelier."""
    (a, b), (c, d) = table.astype(int)
    first, second, column = int(a + b), int(c + d), int(a + c)

    def logarithm(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    def chance(k: int) -> float:
        return math.exp(logarithm(first, k) + logarithm(second, column - k) - logarithm(first + second, column))

    seen = chance(int(a))
    ways = [chance(k) for k in range(max(0, column - second), min(first, column) + 1)]
    return min(1.0, sum(one for one in ways if one <= seen * (1 + 1e-7)))


def _missing_by_label(name: str, material: Material, tests: int) -> list[Finding]:
    rows, label = material.labelled, material.schema.label
    if material.task.kind != "classification" or not len(rows):
        return []
    empty = rows[name].isna().to_numpy()
    if not empty.any() or empty.all():
        return []
    codes, found = pd.factorize(rows[label])
    classes = [str(one) for one in found]
    counts = np.stack(
        [np.bincount(codes[~empty], minlength=len(classes)), np.bincount(codes[empty], minlength=len(classes))]
    )
    size = counts.sum(0)
    known = np.flatnonzero(size >= FEWEST)
    if len(known) < 2:
        return []
    share = counts[1, known] / size[known]
    ends = [int(known[int(share.argmin())]), int(known[int(share.argmax())])]
    if share.max() - share.min() < APART:
        return []
    # the class that differs most against all others, shared out over the classes and the fields
    least = min(independence(np.stack([counts[:, one], counts.sum(1) - counts[:, one]])) for one in ends)
    if least * len(known) * tests > SURE:
        return []
    low, high = (classes[one] for one in ends)
    declared = any(one.name == name for one in material.task.fields)
    shares = dict(zip((classes[one] for one in known), share.tolist(), strict=True))
    return [
        Finding(
            "missing_tells",
            "note" if declared else "warn",  # its author knows, say, that a test is ordered for some patients only
            f"Whether {name!r} is filled in goes with the label: it is empty in {share.max():.0%} of {high!r} and in "
            f"{share.min():.0%} of {low!r}.",
            "Find out why; where records are gathered otherwise, the model will be wrong about this.",
            count=int(empty.sum()),
            total=len(rows),
            field=name,
            figures={"share": {one: round(value, 4) for one, value in list(shares.items())[:100]}},
        )
    ]


def _missing_by_part(name: str, empty: pd.Series, material: Material, tests: int) -> list[Finding]:
    if material.test is None or name not in material.test:
        return []
    later = material.test[name].isna()
    table = np.array([[empty.sum(), (~empty).sum()], [later.sum(), (~later).sum()]])
    if abs(empty.mean() - later.mean()) < APART or independence(table) * tests > SURE:
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
