"""Damage to files, and reading them in both ways: refusing the file, and setting rows aside."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from verticals.core.errors import DataError
from verticals.datasets.rejects import Rejects, collecting

BYTE_WAYS = 4
"""Ways of `byte_damage`, from 0."""


def byte_damage(raw: bytes, rnd: random.Random, way: int) -> bytes:
    """Cut the end off, change a byte, put some in, or take some out."""
    at = rnd.randrange(len(raw) + 1)
    if way == 0:
        return raw[:at]
    if way == 1:
        return raw[:at] + bytes([rnd.randrange(256)]) + raw[at + 1 :]
    if way == 2:
        return raw[:at] + rnd.randbytes(rnd.randint(1, 9)) + raw[at:]
    return raw[:at] + raw[at + rnd.randint(1, 60) :]


class Both(NamedTuple):
    """What a reader made of a file."""

    strict: pd.DataFrame | None
    """The rows, where nobody collects; None: it was refused."""
    frame: pd.DataFrame | None
    """The rows that are left where rows at fault are set aside; None: refused all the same."""
    rejects: Rejects


def read_both(read: Callable[[Path], pd.DataFrame], path: Path) -> Both:
    """Read twice; a refusal is one sentence, and a file that is refused even with collecting is refused without."""
    strict, said = None, ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            strict = read(path)
        except DataError as error:
            said = str(error)
        with collecting() as rejects:
            try:
                frame = read(path)
            except DataError:
                frame = None
    assert strict is not None or 20 < len(said) < 2000
    assert "\n" not in said
    if frame is None:
        assert strict is None
    return Both(strict, frame, rejects)
