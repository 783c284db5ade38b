"""Readers of finance: transaction logs, the Fraud Detection Handbook's tables, German and Taiwanese credit data.

A raw log row `{"TX_DATETIME": "2018-07-25 00:00:29", "CUSTOMER_ID": 1111, "TERMINAL_ID": 2328, "TX_AMOUNT": 40.77,
"TX_FRAUD": 0}` becomes `{"time": ..., "card": "1111", "terminal": "2328", "amount": 40.77, "outcome": "genuine",
"card_count_1d": 2, ...}`. Every reader keeps the order of the rows and loses none.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import DataError, guess
from .history import HISTORY_FIELDS, WINDOWS, add_history

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["age_band", "read_fraud_handbook", "read_statlog_german", "read_taiwan", "read_transactions"]

VARIANTS: dict[str, tuple[str, ...]] = {
    "transaction": ("transaction", "transaction_id", "trans_id", "tx_id", "trans_num"),
    "time": ("time", "tx_datetime", "datetime", "timestamp", "transaction_time", "trans_date_trans_time", "date"),
    "card": ("card", "card_id", "customer_id", "customer", "client_id", "account_id", "cc_num"),
    "terminal": ("terminal", "terminal_id", "merchant_id", "merchant", "pos_id"),
    "amount": ("amount", "tx_amount", "amt", "transaction_amount", "value"),
    "outcome": ("outcome", "tx_fraud", "is_fraud", "isfraud", "fraud", "label", "class"),
    "merchant_category": ("merchant_category", "category", "mcc"),
    "channel": ("channel", "entry_mode", "pos_entry_mode"),
    "descriptor": ("descriptor", "description", "narrative", "merchant_name"),
}
"""Our name of a column -> the names it is known by, compared without case, spaces or hyphens."""

_NEVER = {"tx_fraud_scenario", "tx_time_seconds", "tx_time_days"}  # the answer, and two more clocks
_OUTCOMES = {
    **dict.fromkeys(("0", "0.0", "false", "no", "genuine", "legit", "legitimate", "normal"), "genuine"),
    **dict.fromkeys(("1", "1.0", "true", "yes", "fraud", "fraudulent"), "fraud"),
}


def _plain(name: object) -> str:
    return re.sub(r"[\s\-.]+", "_", str(name).strip()).lower()


def _table(path: Path) -> pd.DataFrame:
    from ...datasets.table import read_table

    return read_table(path)


def _numbers(column: pd.Series, name: str, path: Path) -> pd.Series:
    """Numbers of a column; anything else is refused with its row."""
    import pandas as pd

    text = column.astype("str").str.strip()
    values = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = values.isna() & column.notna() & ~text.str.lower().isin(["", "nan", "na", "none", "null"])
    if wrong.any():
        first = int(wrong.to_numpy().argmax())
        raise DataError(
            f"{path.name}, row {first + 1}, column {name}: {text.iloc[first]!r} is not a number; write plain digits "
            "with a decimal point, or leave the cell empty."
        )
    return values


def _times(column: pd.Series, path: Path) -> pd.Series:
    import pandas as pd

    from ...datasets.values import as_times

    times: pd.Series | None = None
    if column.dtype == "str":  # the usual way of writing, without trying the others on a million rows
        times = pd.to_datetime(column, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
    if times is None or times.isna().any():
        times = as_times(column)[0]
    if times.isna().any():
        first = int(times.isna().to_numpy().argmax())
        raise DataError(
            f"{path.name}, row {first + 1}: {column.iloc[first]!r} is not a time; write it like 2018-07-25 00:00:29."
        )
    return times


def _names(column: pd.Series) -> pd.Series:
    """Names as text; numbers without the .0 that a gap in the column leaves on them."""
    if column.dtype.kind == "f" and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype("str")


def _outcomes(column: pd.Series, path: Path) -> pd.Series:
    """Labels as genuine and fraud; an empty cell stays missing."""
    text = column.astype("str").str.strip().str.lower()
    empty = column.isna() | text.isin(["", "nan", "none"])
    unknown = sorted(set(text[~empty]) - set(_OUTCOMES))
    if unknown:
        raise DataError(
            f"{path.name} labels transactions {', '.join(map(repr, unknown[:3]))}; allowed are 0 or genuine and 1 or "
            "fraud: rename the labels or name another label column."
        )
    return text.map(_OUTCOMES).mask(empty, None).astype("str")


def _renamed(frame: pd.DataFrame, path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """Our names for the columns of a log, the first variant that is there."""
    by_plain: dict[str, str] = {}
    for name in frame.columns:
        by_plain.setdefault(_plain(name), str(name))
    chosen = {
        next(by_plain[v] for v in variants if v in by_plain): ours
        for ours, variants in VARIANTS.items()
        if any(v in by_plain for v in variants)
    }
    missing = [ours for ours in needed if ours not in chosen.values()]
    if missing:
        raise DataError(
            f"{path.name} has no column for {missing[0]} (known names: {', '.join(VARIANTS[missing[0]])}); "
            f"its columns are {', '.join(map(str, list(frame.columns)[:12]))}: rename that column."
        )
    drop = [name for name in frame.columns if _plain(name) in _NEVER]
    return frame.drop(columns=drop).rename(columns=chosen)


def _typed_log(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    frame["time"] = _times(frame["time"], path)
    frame["amount"] = _numbers(frame["amount"], "amount", path)
    for name in ("transaction", "card", "terminal"):
        if name in frame.columns:
            frame[name] = _names(frame[name])
    if "outcome" in frame.columns:
        frame["outcome"] = _outcomes(frame["outcome"], path)
    return frame


def read_transactions(path: Path) -> pd.DataFrame:
    """Raw transaction log (CSV, TSV, JSON lines or Parquet) -> records with history features.

    Needed columns: time, card or customer, terminal or merchant, amount; the label is optional. Labels are used for
    the terminal's risk only with a delay of 7 days. Columns with other names are kept as they are.

    Raises:
        DataError: a needed column is missing, or a time, an amount or a label cannot be read.
    """
    frame = _renamed(_table(path), path, ("time", "card", "terminal", "amount"))
    frame = _typed_log(frame, path)
    return add_history(frame, fraud="outcome" if "outcome" in frame.columns else None)


_HANDBOOK = {
    **{f"CUSTOMER_ID_NB_TX_{d}DAY_WINDOW": f"card_count_{d}d" for d in WINDOWS},
    **{f"CUSTOMER_ID_AVG_AMOUNT_{d}DAY_WINDOW": f"card_mean_{d}d" for d in WINDOWS},
    **{f"TERMINAL_ID_NB_TX_{d}DAY_WINDOW": f"terminal_count_{d}d" for d in WINDOWS},
    **{f"TERMINAL_ID_RISK_{d}DAY_WINDOW": f"terminal_risk_{d}d" for d in WINDOWS},
}


def read_fraud_handbook(path: Path) -> pd.DataFrame:
    """Transformed transactions of the Fraud Detection Handbook (CSV or Parquet; a folder reads all such files in it).

    The fraud scenario and the two extra clocks are dropped. Pickles are never opened: convert them to CSV first.

    Raises:
        DataError: the columns are not those of the transformed data.
    """
    import pandas as pd

    if path.is_dir():
        parts = [_table(file) for file in sorted(path.iterdir()) if file.suffix in {".csv", ".parquet"}]
        parts = [part for part in parts if set(_HANDBOOK) <= set(part.columns)]
        if not parts:
            raise DataError(
                f"{path.name} holds no CSV or Parquet file with transformed Handbook columns such as "
                "CUSTOMER_ID_NB_TX_1DAY_WINDOW; convert the daily pickles to CSV first."
            )
        frame = pd.concat(parts, ignore_index=True)
    else:
        frame = _table(path)
    needed = [
        "TX_DATETIME",
        "CUSTOMER_ID",
        "TERMINAL_ID",
        "TX_AMOUNT",
        "TX_DURING_WEEKEND",
        "TX_DURING_NIGHT",
        *_HANDBOOK,
    ]
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise DataError(
            f"{path.name} has no column {missing[0]}, so it is not the Handbook's transformed data; for a raw log use "
            "the reader 'transactions'."
        )
    flags = {"TX_DURING_WEEKEND": "weekend", "TX_DURING_NIGHT": "night"}
    frame = frame.rename(columns={**_HANDBOOK, **flags})
    frame = _typed_log(_renamed(frame, path, ("time", "card", "terminal", "amount")), path)
    for name in _HANDBOOK.values():
        frame[name] = _numbers(frame[name], name, path)
    for name in flags.values():
        frame[name] = (_numbers(frame[name], name, path) > 0).map({True: "yes", False: "no"}).astype("str")
    first = [c for c in ("transaction", "time", "card", "terminal", "amount") if c in frame.columns]
    return frame[[*first, *HISTORY_FIELDS, *(["outcome"] if "outcome" in frame.columns else [])]]


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
        DataError: a row has not 21 cells, or a cell holds a code that the documentation does not know.
    """
    import pandas as pd

    rows, written = _german_rows(path)
    if not rows:
        raise DataError(f"{path.name} holds no rows; give german.data (space-separated) or the OpenML ARFF.")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(_GERMAN):
            raise DataError(
                f"{path.name}, row {number}: {len(row)} cells instead of 21; give german.data (space-separated, A11.. "
                "codes) or the OpenML ARFF of credit-g."
            )
    out: dict[str, pd.Series] = {}
    for (name, values), cells in zip(_GERMAN, zip(*rows, strict=True), strict=True):
        column = pd.Series(list(cells), dtype="str")
        if not values:
            out[name] = _numbers(column, name, path)
            continue
        words = {value[written]: value[1] for value in values}
        unknown = sorted(set(cells) - set(words))
        if unknown:
            raise DataError(f"{path.name}, column {name}: {unknown[0]!r} is no known code. {guess(unknown[0], words)}")
        out[name] = column.map(words).astype("str")
    out["sex"] = out["personal_status"].str.split().str[0].astype("str")
    out["age_band"] = age_band(out["age"])
    frame = pd.DataFrame(out)
    return frame[[*(c for c in frame.columns if c != "outcome"), "outcome"]]


_TAIWAN_PAY = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")
_TAIWAN_LABELS = ("default.payment.next.month", "default payment next month", "default")


def _coded(column: pd.Series, words: dict[int, str]) -> pd.Series:
    """Whole-number codes -> words; codes outside the documentation become "unknown"."""
    import pandas as pd

    return pd.to_numeric(column).map(words).fillna("unknown").astype("str")


def read_taiwan(path: Path) -> pd.DataFrame:
    """UCI default of credit card clients (Taiwan 2005), as CSV.

    Amounts are New Taiwan dollars. `status_1` (September) to `status_6` (April) keep the source's scale: -2 no use,
    -1 paid in full, 0 revolving, 1 to 9 months late. The row number ID is dropped. Codes that the documentation does
    not know (education 0, 5, 6; marriage 0) become "unknown".

    Raises:
        DataError: a column is missing, or a cell is not a number.
    """
    import pandas as pd

    raw = _table(path)
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
    raw = pd.DataFrame({name: _numbers(raw[name], name, path) for name in [*needed, label]})
    wrong = raw.index[~raw[label].isin([0, 1])]
    if len(wrong):
        raise DataError(f"{path.name}, row {wrong[0] + 1}: {label} is {raw[label][wrong[0]]}; allowed are 0 and 1.")
    education = {1: "graduate school", 2: "university", 3: "high school", 4: "other"}
    return pd.DataFrame(
        {
            "credit_limit": raw["LIMIT_BAL"],
            "education": _coded(raw["EDUCATION"], education),
            **{f"status_{m}": raw[name] for m, name in zip(months, _TAIWAN_PAY, strict=True)},
            **{f"bill_{m}": raw[f"BILL_AMT{m}"] for m in months},
            **{f"paid_{m}": raw[f"PAY_AMT{m}"] for m in months},
            "sex": _coded(raw["SEX"], {1: "male", 2: "female"}),
            "marriage": _coded(raw["MARRIAGE"], {1: "married", 2: "single", 3: "other"}),
            "age": raw["AGE"],
            "age_band": age_band(raw["AGE"]),
            "outcome": raw[label].map({0.0: "repaid", 1.0: "default"}).astype("str"),
        }
    )
