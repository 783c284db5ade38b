"""Records as the numbers that classical models read; fitted on training rows only.

    {"age": 52, "sex": "male", "findings": "cough=yes; fever=no", "note": "chest pain"}

becomes for a linear model `age` (median where missing, standardised) and its missing mark, one column for each value of
`sex`, one for each `item=value` of `findings`, and TF-IDF weights of words and letter groups of `note`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..core.records import parse_set
from ..core.task import Schema

__all__ = ["LinearFeatures", "TreeFeatures", "join_texts", "sentences"]

SVD_COLUMNS = 50
MAX_CATEGORIES = 250  # histogram boosting takes at most 255 native categories


def _texts(frame: pd.DataFrame, name: str) -> list[str]:
    if name not in frame.columns:
        return [""] * len(frame)
    return ["" if pd.isna(value) else str(value) for value in frame[name]]


def _numbers(frame: pd.DataFrame, names: list[str]) -> np.ndarray:
    columns = [
        np.asarray(pd.to_numeric(frame[name], errors="coerce"), dtype=np.float64)
        if name in frame.columns
        else np.full(len(frame), np.nan)
        for name in names
    ]
    values = np.column_stack(columns) if columns else np.empty((len(frame), 0))
    return np.where(np.isfinite(values), values, np.nan)


def join_texts(frame: pd.DataFrame, schema: Schema) -> list[str]:
    """All text fields of each record, one string a row."""
    columns = [_texts(frame, f.name) for f in schema.of_kind("text")]
    return [" ".join(parts).strip() for parts in zip(*columns, strict=True)] if columns else [""] * len(frame)


def sentences(frame: pd.DataFrame, schema: Schema) -> list[str]:
    """Each record as a sentence, `age: 52 a; sex: male; chest pain`; missing values are left out.

    Numbers have four digits; units that only annotate (`1`, `{payments}`) are left out, as nobody would read them aloud.
    """
    parts: list[list[str]] = [[] for _ in range(len(frame))]
    for field in schema.of_kind("number", "category", "set"):
        for row, value in zip(parts, _texts(frame, field.name), strict=True):
            if field.kind == "number" and value:
                value = f"{float(value):.4g}" if abs(float(value)) < 1e4 else f"{float(value):.0f}"
            unit = "" if field.unit == "1" or field.unit.startswith("{") else field.unit
            if value:
                row.append(f"{field.words}: {value} {unit}".rstrip())
    for row, text in zip(parts, join_texts(frame, schema), strict=True):
        if text:
            row.append(text)
    return ["; ".join(row) for row in parts]


class _Blocks:
    """Fitted blocks of columns; each is a transformer and the function that feeds it."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.numbers = [f.name for f in schema.of_kind("number")]
        self.categories = [f.name for f in schema.of_kind("category")]
        self.sets = [f.name for f in schema.of_kind("set")]
        self.blocks_: list[tuple[Any, Any]] = []

    def _category_values(self, frame: pd.DataFrame) -> np.ndarray:
        columns = [np.array(_texts(frame, name), dtype=object) for name in self.categories]
        return np.column_stack(columns) if columns else np.empty((len(frame), 0), dtype=object)

    def _set_items(self, frame: pd.DataFrame) -> list[dict[str, float]]:
        cells = [frame[name] if name in frame.columns else [None] * len(frame) for name in self.sets]
        return [
            {f"{name}:{i}={v}": 1.0 for name, cell in zip(self.sets, row, strict=True) for i, v in _items(cell)}
            for row in zip(*cells, strict=True)
        ]

    def _texts(self, frame: pd.DataFrame) -> list[str]:
        return join_texts(frame, self.schema)

    def _numbers(self, frame: pd.DataFrame) -> np.ndarray:
        return _numbers(frame, self.numbers)

    def _fit(self, frame: pd.DataFrame, feed: Any, transformer: Any) -> None:
        transformer.fit(feed(frame))
        self.blocks_.append((feed, transformer))

    def _fit_items(self, frame: pd.DataFrame) -> None:
        if self.sets and any(self._set_items(frame)):
            from sklearn.feature_extraction import DictVectorizer

            self._fit(frame, self._set_items, DictVectorizer())

    def _has_text(self, frame: pd.DataFrame) -> bool:
        return any(len(text) > 2 for text in self._texts(frame))


def _items(cell: Any) -> list[tuple[str, str]]:
    return [] if not isinstance(cell, dict) and pd.isna(cell) else parse_set(cell)


def tfidf(rows: int) -> Any:
    """TF-IDF of words (one and two) and of letter groups within words (three to five), sublinear counts."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    rare = 2 if rows > 2000 else 1  # what occurs once in many rows costs time and teaches nothing
    words = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, min_df=rare, token_pattern=r"(?u)\b\w+\b", max_features=100_000
    )
    letters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=rare, max_features=100_000
    )
    return make_union(words, letters)


class LinearFeatures(_Blocks):
    """Sparse columns for linear models."""

    def fit(self, frame: pd.DataFrame) -> LinearFeatures:
        """Learn medians, scales, categories and vocabularies from training rows."""
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        if self.numbers:
            impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
            self._fit(frame, self._numbers, make_pipeline(impute, StandardScaler()))
        if self.categories:
            encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES)
            self._fit(frame, self._category_values, encoder)
        self._fit_items(frame)
        if self._has_text(frame):
            self._fit(frame, self._texts, tfidf(len(frame)))
        return self

    def transform(self, frame: pd.DataFrame) -> Any:
        """Sparse matrix (n, columns) in CSR form."""
        from scipy import sparse

        parts = [sparse.csr_matrix(transformer.transform(feed(frame))) for feed, transformer in self.blocks_]
        return sparse.hstack(parts, format="csr") if parts else sparse.csr_matrix((len(frame), 1))


class TreeFeatures(_Blocks):
    """Dense columns for trees: numbers with NaN, category codes (NaN is missing), items, 50 directions of the text."""

    def fit(self, frame: pd.DataFrame) -> TreeFeatures:
        """Learn category codes, items and text directions from training rows."""
        from sklearn.decomposition import TruncatedSVD
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OrdinalEncoder

        if self.categories:
            encoder = OrdinalEncoder(
                handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=MAX_CATEGORIES
            )
            self._fit(frame, self._category_values, encoder)
        self._fit_items(frame)
        if self._has_text(frame):
            text = tfidf(len(frame))
            width = text.fit_transform(self._texts(frame)).shape[1]
            columns = max(1, min(SVD_COLUMNS, width - 1, len(frame) - 1))
            self._fit(frame, self._texts, make_pipeline(text, TruncatedSVD(columns, random_state=0)))
        return self

    @property
    def categorical(self) -> list[int]:
        """Positions of the category columns."""
        return list(range(len(self.numbers), len(self.numbers) + len(self.categories)))

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """Dense matrix (n, columns): numbers, category codes, items, text."""
        parts = [self._numbers(frame)]
        for feed, transformer in self.blocks_:
            block = transformer.transform(feed(frame))
            parts.append(np.asarray(block.toarray() if hasattr(block, "toarray") else block, dtype=np.float64))
        values = np.concatenate(parts, axis=1)
        return values if values.shape[1] else np.zeros((len(frame), 1))
