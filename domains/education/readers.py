"""The course bank itself, and the readers of the education domain.

A reader takes the path of a file, or of a folder that holds files of its layout, and gives one row per record. Rows
keep the order of the file. A record at fault refuses the file with a sentence, or is set aside with its place and
reason where somebody collects (`datasets.rejects`); a file that is laid out otherwise is a DataError.

The course bank (`bank.jsonl`) has one entry per line:

    {"id": "mean", "skill": "statistics", "grades": "5-7", "title": "The mean", "text": "Add all values and ...",
     "source": "course bank, unit 12 (statistics), section 1", "hint": "The mean of three ...", "answer": "10"}

`answer` is the answer to the hint's question; it is for teachers and for the leak guard, never shown to a pupil.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.task import Reader
from .readers_assist import read_assist2009
from .readers_chat import read_chat
from .readers_qti import read_qti
from .readers_sets import RUBRIC, read_bridge, read_gsm8k, read_mathdial, read_mrbench, read_tal_scq5k
from .readers_xapi import read_xapi

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "READERS",
    "RUBRIC",
    "bank_rows",
    "class_words",
    "course_bank",
    "phrasings",
    "read_assist2009",
    "read_bridge",
    "read_chat",
    "read_gsm8k",
    "read_mathdial",
    "read_mrbench",
    "read_qti",
    "read_tal_scq5k",
    "read_xapi",
    "shared_phrasings",
]


# The course bank -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _package_lines(name: str) -> tuple[dict[str, Any], ...]:
    text = files(__name__.rpartition(".")[0]).joinpath(name).read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines() if line)


def bank_rows() -> list[dict[str, str]]:
    """List the entries of the course bank as plain mappings, in the order of the course."""
    return [dict(entry) for entry in _package_lines("bank.jsonl")]


def phrasings() -> dict[str, list[str]]:
    """List each bank entry's own question phrasings, by its id; slots such as {a} stand for numbers."""
    return {entry["id"]: list(entry["phrasings"]) for entry in _package_lines("questions.jsonl")}


def class_words() -> dict[str, list[str]]:
    """List what pupils call the matter of each bank entry among themselves, by its id."""
    return {entry["id"]: list(entry["names"]) for entry in _package_lines("questions.jsonl")}


def shared_phrasings() -> list[dict[str, Any]]:
    """List the phrasings that several entries answer: `text`, and `weights` (bank id -> share of those who ask so)."""
    return [dict(entry) for entry in _package_lines("shared.jsonl")]


def course_bank() -> pd.DataFrame:
    """Read the course bank.

    Returns:
        One row per explanation: id, text, title, skill, grades, source, hint, answer (all text).
    """
    import pandas as pd

    columns = ["id", "text", "title", "skill", "grades", "source", "hint", "answer"]
    return pd.DataFrame(bank_rows(), columns=columns)


def _reader(name: str, description: str, read: Callable[[Path], pd.DataFrame]) -> Reader:
    return Reader(name=name, description=description, read=read)


READERS = (
    _reader("gsm8k", "GSM8K word problems: JSON lines with question and answer (#### number)", read_gsm8k),
    _reader("tal_scq5k", "TAL-SCQ5K single-choice problems: JSON lines with own options", read_tal_scq5k),
    _reader("mathdial", "MathDial dialogues: JSON lines, one row per teacher's turn", read_mathdial),
    _reader("bridge", "Bridge chats with expert remediation: JSON lists", read_bridge),
    _reader("chat", "chat conversations: JSON lines or list with messages (role, content) or ShareGPT's", read_chat),
    _reader("qti", "QTI 2.1, 2.2 and 3.0 items: XML files, a folder, or a content package .zip", read_qti),
    _reader("xapi", "xAPI 1.0 statements: JSON lines, one JSON list, or an LRS result", read_xapi),
    _reader("assist2009", "ASSISTments 2009-10 sequences: three lines a pupil", read_assist2009),
    _reader("mrbench", "MRBench tutor replies with four rubric labels: one JSON list of dialogues", read_mrbench),
)
