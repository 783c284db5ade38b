"""Columns of a table in the types of finance; rows that hold something else are told one by one, none is lost.

sieve = Sieve(frame, path)
frame["amount"] = sieve.numbers("amount")
frame = sieve.kept(frame)            # refuses the file, or sets rows aside where somebody collects them
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import DataError
from ...datasets.rejects import reject

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sieve", "names_of", "plain_name", "set_aside"]

_OUTCOMES = {
    **dict.fromkeys(("0", "0.0", "false", "no", "genuine", "legit", "legitimate", "normal"), "genuine"),
    **dict.fromkeys(("1", "1.0", "true", "yes", "fraud", "fraudulent"), "fraud"),
}
_EMPTY = ("", "nan", "na", "none", "null")


def plain_name(name: object) -> str:
    """A column's name without case, and with _ for blanks, hyphens and dots."""
    return re.sub(r"[\s\-.]+", "_", str(name).strip()).lower()


def names_of(column: pd.Series) -> pd.Series:
    """Names as text; numbers without the .0 that a gap in the column leaves on them."""
    if column.dtype.kind == "f" and (column.dropna() % 1 == 0).all():
        with suppress(TypeError, ValueError, OverflowError):  # numbers that no integer can hold stay as they are
            column = column.astype("Int64")
    return column.astype("str")


def set_aside(path: Path, faults: Iterable[tuple[int, str, object]], rows: int) -> set[int]:
    """Tell rows at fault, each with its position from 0, a sentence and its content.

    Returns:
        Their positions.

    Raises:
        DataError: the first of them, where nobody collects; or no row is left.
    """
    out = set()
    for position, reason, content in sorted(faults, key=lambda fault: fault[0]):
        reject(f"Row {position + 1} of {path.name}", reason, content)
        out.add(position)
    if out and len(out) == rows:
        raise DataError(
            f"None of the {rows:,} rows of {path.name} can be taken; see the file of rejects for the reasons."
        )
    return out


class Sieve:
    """Reads columns of one table and remembers which rows cannot be taken, and why."""

    def __init__(self, frame: pd.DataFrame, path: Path) -> None:
        self.frame, self.path = frame, path
        self.faults: dict[int, str] = {}

    def fault(self, wrong: pd.Series, sentence: Callable[[int], str]) -> None:
        """Mark rows; of several faults in one row the first is told.

        Args:
            wrong: (n,) bool.
            sentence: position from 0 -> what is wrong there.
        """
        for position in wrong.to_numpy().nonzero()[0].tolist():
            self.faults.setdefault(position, sentence(position))

    def numbers(self, name: str, shown: str = "") -> pd.Series:
        """(n,) float64; an empty cell is NaN, anything else is a fault."""
        import numpy as np
        import pandas as pd

        column = self.frame[name]
        text = column.astype("str").str.strip()
        values = pd.to_numeric(column, errors="coerce").astype("float64")
        wrong = (values.isna() & column.notna() & ~text.str.lower().isin(_EMPTY)) | np.isinf(values)
        self.fault(
            wrong.fillna(False).astype(bool),
            lambda at: (
                f"{self.path.name}, row {at + 1}, column {shown or name}: {str(text.iloc[at])[:60]!r} is not a number; write plain digits "
                "with a decimal point, or leave the cell empty."
            ),
        )
        return values

    def times(self, name: str) -> pd.Series:
        """(n,) datetime64; what is no time, or is missing, is a fault."""
        import pandas as pd

        from ...datasets.values import as_times

        column = self.frame[name]
        times: pd.Series | None = None
        if column.dtype == "str":  # the usual way of writing, without trying the others on a million rows
            times = pd.to_datetime(column, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
        if times is None or times.isna().any():
            times = as_times(column)[0]
        self.fault(
            times.isna(),
            lambda at: (
                f"{self.path.name}, row {at + 1}: {str(column.iloc[at])[:60]!r} is not a time; write it like 2018-07-25 00:00:29."
            ),
        )
        return times

    def outcomes(self, name: str) -> pd.Series:
        """(n,) genuine or fraud; an empty cell stays missing, another label is a fault."""
        column = self.frame[name]
        text = column.astype("str").str.strip().str.lower()
        empty = column.isna() | text.isin(_EMPTY)
        self.fault(
            ~empty & ~text.isin(_OUTCOMES),
            lambda at: (
                f"{self.path.name}, row {at + 1}, labels transactions {str(column.iloc[at])[:60]!r}; allowed are 0 or genuine and 1 or "
                "fraud: rename the labels or name another label column."
            ),
        )
        return text.map(_OUTCOMES).mask(empty, None).astype("str")

    def codes(self, name: str, words: dict[int, str]) -> pd.Series:
        """(n,) whole-number codes as words; codes outside the documentation become "unknown"."""
        return self.numbers(name).map(words).fillna("unknown").astype("str")

    def kept(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows without a fault, numbered anew.

        Raises:
            DataError: a row is at fault and nobody collects, or all are.
        """
        if not self.faults:
            return frame
        raw = self.frame.astype(object).where(self.frame.notna(), None)
        told = [(at, why, raw.iloc[at].to_dict()) for at, why in self.faults.items()]
        out = set_aside(self.path, told, len(self.frame))
        return frame.drop(index=frame.index[sorted(out)]).reset_index(drop=True)
