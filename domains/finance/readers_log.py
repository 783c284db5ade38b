"""Read transaction logs and the Fraud Detection Handbook's tables.

A raw log row `{"TX_DATETIME": "2018-07-25 00:00:29", "CUSTOMER_ID": 1111, "TERMINAL_ID": 2328, "TX_AMOUNT": 40.77,
"TX_FRAUD": 0}` becomes `{"time": ..., "card": "1111", "terminal": "2328", "amount": 40.77, "outcome": "genuine",
"card_count_1d": 2, ...}`. The order of the rows is kept and none is lost: one at fault refuses the file or is set aside.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import DataError
from .columns import Sieve, names_of, plain_name
from .history import HISTORY_FIELDS, WINDOWS, add_history

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_fraud_handbook", "read_transactions"]

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


def _table(path: Path) -> pd.DataFrame:
    from ...datasets.table import read_table

    return read_table(path).reset_index(drop=True)


def _renamed(frame: pd.DataFrame, path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """Our names for the columns of a log, the first variant that is there."""
    by_plain: dict[str, str] = {}
    for name in frame.columns:
        by_plain.setdefault(plain_name(name), str(name))
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
    drop = [name for name in frame.columns if plain_name(name) in _NEVER]
    return frame.drop(columns=drop).rename(columns=chosen)


def _typed_log(frame: pd.DataFrame, path: Path, also: tuple[str, ...] = ()) -> pd.DataFrame:
    """Types of a log's columns, `also` further numbers; rows at fault are told and left out."""
    sieve = Sieve(frame, path)
    typed = frame.copy(deep=False)
    typed["time"] = sieve.times("time")
    for name in ("amount", *also):
        typed[name] = sieve.numbers(name)
    for name in ("transaction", "card", "terminal"):
        if name in frame.columns:
            typed[name] = names_of(frame[name])
    if "outcome" in frame.columns:
        typed["outcome"] = sieve.outcomes("outcome")
    return sieve.kept(typed)


def read_transactions(path: Path) -> pd.DataFrame:
    """Raw transaction log (CSV, TSV, JSON lines or Parquet) -> records with history features.

    Needed columns: time, card or customer, terminal or merchant, amount; the label is optional. Labels are used for
    the terminal's risk only with a delay of 7 days. Columns with other names are kept as they are.

    Raises:
        DataError: a needed column is missing, or a time, an amount or a label cannot be read and nobody collects.
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
    frame = _renamed(frame, path, ("time", "card", "terminal", "amount"))
    frame = _typed_log(frame, path, (*_HANDBOOK.values(), *flags.values()))
    for name in flags.values():
        frame[name] = (frame[name] > 0).map({True: "yes", False: "no"}).astype("str")
    first = [c for c in ("transaction", "time", "card", "terminal", "amount") if c in frame.columns]
    return frame[[*first, *HISTORY_FIELDS, *(["outcome"] if "outcome" in frame.columns else [])]]
