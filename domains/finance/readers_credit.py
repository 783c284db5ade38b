"""Read public credit data: Statlog German credit and the UCI default of credit card clients (Taiwan).

    A11 6 A34 A43 1169 A65 … 1   ->   {"checking": "below 0 DM", "duration_months": 6, …, "outcome": "repaid"}

The order of the rows is kept and none is lost: one at fault refuses the file or is set aside.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import DataError, guess
from .columns import Sieve, set_aside

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["age_band", "read_statlog_german", "read_taiwan"]


def age_band(age: pd.Series) -> pd.Series:
    """Age in years -> under 25, 25 to 39, 40 to 59, 60 and over, for the group tables of a report; missing stays so."""
    import pandas as pd

    cut = pd.cut(age, [-1, 25, 40, 60, 200], right=False, labels=["under 25", "25 to 39", "40 to 59", "60 and over"])
    return cut.astype("str").mask(age.isna(), None).astype("str")


# One line per column of german.data: our name, then A.. codes with (words, words of the OpenML ARFF); () is a number.
_GERMAN: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("checking", (("A11", "below 0 DM", "<0"), ("A12", "0 to below 200 DM", "0<=X<200"),
                  ("A13", "200 DM or more", ">=200"), ("A14", "no checking account", "no checking"))),
    ("duration_months", ()),
    ("credit_history", (("A30", "no credits taken or all paid back", "no credits/all paid"),
                        ("A31", "all credits at this bank paid back", "all paid"),
                        ("A32", "existing credits paid back so far", "existing paid"),
                        ("A33", "delays in the past", "delayed previously"),
                        ("A34", "critical account or credits elsewhere", "critical/other existing credit"))),
    ("purpose", (("A40", "new car", "new car"), ("A41", "used car", "used car"),
                 ("A42", "furniture or equipment", "furniture/equipment"), ("A43", "radio or television", "radio/tv"),
                 ("A44", "domestic appliance", "domestic appliance"), ("A45", "repairs", "repairs"),
                 ("A46", "education", "education"), ("A47", "vacation", "vacation"),
                 ("A48", "retraining", "retraining"), ("A49", "business", "business"), ("A410", "other", "other"))),
    ("amount", ()),
    ("savings", (("A61", "below 100 DM", "<100"), ("A62", "100 to below 500 DM", "100<=X<500"),
                 ("A63", "500 to below 1000 DM", "500<=X<1000"), ("A64", "1000 DM or more", ">=1000"),
                 ("A65", "unknown or no savings", "no known savings"))),
    ("employed_since", (("A71", "unemployed", "unemployed"), ("A72", "under 1 year", "<1"),
                        ("A73", "1 to under 4 years", "1<=X<4"), ("A74", "4 to under 7 years", "4<=X<7"),
                        ("A75", "7 years or more", ">=7"))),
    ("instalment_class", ()),
    ("personal_status", (("A91", "male divorced or separated", "male div/sep"),
                         ("A92", "female divorced, separated or married", "female div/dep/mar"),
                         ("A93", "male single", "male single"), ("A94", "male married or widowed", "male mar/wid"),
                         ("A95", "female single", "female single"))),
    ("other_debtors", (("A101", "no other debtors", "none"), ("A102", "co-applicant", "co applicant"),
                       ("A103", "guarantor", "guarantor"))),
    ("residence_class", ()),
    ("property", (("A121", "real estate", "real estate"),
                  ("A122", "savings agreement or life insurance", "life insurance"),
                  ("A123", "car or other", "car"), ("A124", "unknown or none", "no known property"))),
    ("age", ()),
    ("other_plans", (("A141", "bank", "bank"), ("A142", "stores", "stores"), ("A143", "no other plans", "none"))),
    ("housing", (("A151", "rent", "rent"), ("A152", "own", "own"), ("A153", "for free", "for free"))),
    ("existing_credits", ()),
    ("employment", (("A171", "unemployed or unskilled, non-resident", "unemp/unskilled non res"),
                    ("A172", "unskilled, resident", "unskilled resident"), ("A173", "skilled or official", "skilled"),
                    ("A174", "management, self-employed or highly qualified", "high qualif/self emp/mgmt"))),
    ("dependants", ()),
    ("telephone", (("A191", "no", "none"), ("A192", "yes", "yes"))),
    ("foreign_worker", (("A201", "yes", "yes"), ("A202", "no", "no"))),
    ("outcome", (("1", "repaid", "good"), ("2", "default", "bad"))),
)  # fmt: skip


def _german_rows(path: Path) -> tuple[list[list[str]], int]:
    """Cells of each row, and which column of _GERMAN's triples they are written in (0 codes, 2 ARFF words)."""
    lines = path.read_text(encoding="latin-1").splitlines()
    start = next((i + 1 for i, line in enumerate(lines) if line.strip().lower() == "@data"), None)
    if start is None:
        return [line.split() for line in lines if line.strip()], 0
    body = (line for line in lines[start:] if line.strip() and not line.startswith("%"))
    return [[cell.strip() for cell in row] for row in csv.reader(body, quotechar="'", skipinitialspace=True)], 2


def read_statlog_german(path: Path) -> pd.DataFrame:
    """Statlog German credit: german.data with its A11.. codes, or the OpenML ARFF (credit-g); both give the same rows.

    The codes become words; `sex` is taken from the personal status; `instalment_class` and `residence_class` stay the
    classes 1 to 4 of the source, which are no percentages or years. Sex, age, personal status and foreign worker are
    protected attributes of the task.

    Raises:
        DataError: no row; or a row has not 21 cells, or holds a code that the documentation does not know, and nobody collects.
    """
    import pandas as pd

    rows, written = _german_rows(path)
    if not rows:
        raise DataError(f"{path.name} holds no rows; give german.data (space-separated) or the OpenML ARFF.")
    words = [{value[written]: value[1] for value in values} for _, values in _GERMAN]
    out = set_aside(path, _german_faults(path, rows, words), len(rows))
    kept = [row for position, row in enumerate(rows) if position not in out]
    columns: dict[str, pd.Series] = {}
    for (name, values), known, cells in zip(_GERMAN, words, zip(*kept, strict=True), strict=True):
        column = pd.Series(list(cells), dtype="str")
        columns[name] = column.map(known).astype("str") if values else column.astype("float64")
    columns["sex"] = columns["personal_status"].str.split().str[0].astype("str")
    columns["age_band"] = age_band(columns["age"])
    frame = pd.DataFrame(columns)
    return frame[[*(c for c in frame.columns if c != "outcome"), "outcome"]]


def _german_faults(path: Path, rows: list[list[str]], words: list[dict[str, str]]) -> Iterator[tuple[int, str, object]]:
    """The first fault of each row that cannot be taken."""
    for position, row in enumerate(rows):
        place = f"{path.name}, row {position + 1}"
        if len(row) != len(_GERMAN):
            yield (
                position,
                f"{place}: {len(row)} cells instead of 21; give german.data (space-separated, A11.. codes) or the OpenML "
                "ARFF of credit-g.",
                row,
            )
            continue
        for (name, values), known, cell in zip(_GERMAN, words, row, strict=True):
            if values and cell not in known:
                yield (
                    position,
                    f"{place}, column {name}: {cell[:60]!r} is no known code. {guess(cell[:60], known)}",
                    row,
                )
                break
            if not values and not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,15})?", cell):
                yield (
                    position,
                    f"{place}, column {name}: {cell[:60]!r} is not a number; write plain digits with a decimal point.",
                    row,
                )
                break


_TAIWAN_PAY = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")
_TAIWAN_LABELS = ("default.payment.next.month", "default payment next month", "default")


def read_taiwan(path: Path) -> pd.DataFrame:
    """UCI default of credit card clients (Taiwan 2005), as CSV.

    Amounts are New Taiwan dollars. `status_1` (September) to `status_6` (April) keep the source's scale: -2 no use,
    -1 paid in full, 0 revolving, 1 to 9 months late. The row number ID is dropped. Codes that the documentation does
    not know (education 0, 5, 6; marriage 0) become "unknown".

    Raises:
        DataError: a column is missing; or a cell is not a number and nobody collects.
    """
    import pandas as pd

    from ...datasets.table import read_table

    raw = read_table(path).reset_index(drop=True)
    label = next((name for name in _TAIWAN_LABELS if name in raw.columns), None)
    months = range(1, 7)
    needed = [
        "LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", *_TAIWAN_PAY,
        *(f"BILL_AMT{m}" for m in months), *(f"PAY_AMT{m}" for m in months),
    ]  # fmt: skip
    missing = [name for name in needed if name not in raw.columns] + ([] if label else [_TAIWAN_LABELS[0]])
    if label is None or missing:
        raise DataError(
            f"{path.name} has no column {missing[0]}, so it is not the UCI file; save its sheet as CSV with the row of "
            "names LIMIT_BAL, SEX, ... as the first line."
        )
    sieve = Sieve(raw, path)
    number = pd.DataFrame({name: sieve.numbers(name) for name in [*needed, label]})
    sieve.fault(
        ~number[label].isin([0, 1]),
        lambda at: f"{path.name}, row {at + 1}: {label} is {str(raw[label].iloc[at])[:60]}; allowed are 0 and 1.",
    )
    education = {1: "graduate school", 2: "university", 3: "high school", 4: "other"}
    return sieve.kept(
        pd.DataFrame(
            {
                "credit_limit": number["LIMIT_BAL"],
                "education": sieve.codes("EDUCATION", education),
                **{f"status_{m}": number[name] for m, name in zip(months, _TAIWAN_PAY, strict=True)},
                **{f"bill_{m}": number[f"BILL_AMT{m}"] for m in months},
                **{f"paid_{m}": number[f"PAY_AMT{m}"] for m in months},
                "sex": sieve.codes("SEX", {1: "male", 2: "female"}),
                "marriage": sieve.codes("MARRIAGE", {1: "married", 2: "single", 3: "other"}),
                "age": number["AGE"],
                "age_band": age_band(number["AGE"]),
                "outcome": number[label].map({0.0: "repaid", 1.0: "default"}).astype("str"),
            }
        )
    )
