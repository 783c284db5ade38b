"""Score a file of any size: read a chunk, score it, append it; the output appears under its name only when complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from ..core.errors import DataError
from ..core.predict import Predictor
from .table import read_chunks
from .table_writer import TableWriter

__all__ = ["Count", "predict_file", "score_chunks"]


@dataclass(frozen=True)
class Count:
    """What a file of predictions holds."""

    rows: int
    abstained: int
    flagged: int


def score_chunks(predictor: Predictor, chunks: Iterator[pd.DataFrame]) -> Iterator[tuple[pd.DataFrame, Count]]:
    """Chunks of records -> the same columns, then prediction, one probability_LABEL a label, abstained.

    Raises:
        DataError: an input column already bears the name of one that is added.
    """
    for chunk in chunks:
        found = predictor.predict(chunk)
        added = found.columns()
        taken = [name for name in added if name in chunk]
        if taken:
            raise DataError(
                f"The input has a column {taken[0]!r} already, which would be overwritten; rename it first."
            )
        scored = pd.concat([chunk, pd.DataFrame(added, index=chunk.index)], axis=1)
        yield scored, Count(len(chunk), int(found.abstained.sum()), sum(bool(f) for f in found.flags))


def predict_file(
    predictor: Predictor,
    data: str | Path,
    out: str | Path,
    *,
    rows: int = 8192,
    overwrite: bool = False,
    progress: bool = False,
) -> Count:
    """Score every record of a file in bounded memory.

    Args:
        predictor: a loaded run.
        data: CSV, TSV, JSON lines or Parquet.
        out: its ending says the format.
        rows: records held in memory at once.
        overwrite: replace a file that stands there.
        progress: show rows a second.

    Raises:
        DataError: the input cannot be read, the output exists or cannot be written; nothing half-written is left.
    """
    if Path(out).exists() and not overwrite:
        raise DataError(f"{str(out)!r} exists already; name another --out, or add --overwrite to replace it.")
    total = Count(0, 0, 0)
    chunks = read_chunks(data, rows, as_text=True)
    with TableWriter(out) as writer, tqdm(unit="row", disable=not progress, unit_scale=True) as bar:
        for scored, count in score_chunks(predictor, chunks):
            writer.write(scored)
            total = Count(*(a + b for a, b in zip(vars(total).values(), vars(count).values(), strict=True)))
            bar.update(count.rows)
    return total
