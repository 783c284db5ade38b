"""Read the release files of DDXPlus (Fansi Tchango et al. 2022): simulated patients with coded questions and answers.

    AGE,DIFFERENTIAL_DIAGNOSIS,SEX,PATHOLOGY,EVIDENCES,INITIAL_EVIDENCE
    18,"[['Bronchitis', 0.19], ['URTI', 0.16]]",M,URTI,"['E_91', 'E_55_@_V_89', 'E_56_@_4']",E_91

`release_evidences.json` says what the codes mean and must lie in the same folder; `release_conditions.json` gives the
English names of the conditions where it lies there too.
"""

from __future__ import annotations

import ast
import json
import math
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import DataError
from ...datasets.rejects import reject
from .readers_files import Fault, file_bytes, json_of, one_file, rows_with_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_ddxplus"]

_COLUMNS = ("AGE", "SEX", "PATHOLOGY", "EVIDENCES", "INITIAL_EVIDENCE", "DIFFERENTIAL_DIAGNOSIS")
_SEXES = {"M": "male", "F": "female"}
_LARGEST = 4 << 30
"""Bytes that a packed table may have when unpacked; the whole release has under one GiB."""


@dataclass(frozen=True)
class _Question:
    """One entry of release_evidences.json."""

    words: str
    """The English question without its mark; the code stands behind it where two questions read the same."""
    kind: str
    """B: yes where it is named at all; C: one value; M: several values."""
    values: dict[str, str]
    """Code -> English words."""
    default: str
    """The value that is as good as not asked."""


@dataclass
class _Book:
    """What the codes mean, with what was met on the way."""

    questions: dict[str, _Question]
    names: dict[str, str]
    """Name of a condition in the patients' file -> English name."""
    defaults: int = 0
    """Answers left out because they are the default."""
    cache: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Token of the patients' file -> question and answer."""

    def answer(self, token: Any) -> tuple[str, str]:
        """Question and answer of a token such as E_55_@_V_89; the answer is empty where it is the default.

        Raises:
            Fault: a token that the codes do not explain.
        """
        if not isinstance(token, str):
            raise Fault(f"lists {str(token)[:40]!r} among its evidences, which is no code; write codes such as 'E_91'")
        known = self.cache.get(token)
        if known is None:
            known = self.cache[token] = self._read(token)
        return known

    def _read(self, token: str) -> tuple[str, str]:
        code, at, value = token.partition("_@_")
        question = self.questions.get(code)
        if question is None:
            raise Fault(f"names the evidence {code[:40]!r}, which release_evidences.json does not know; mend the code")
        if (question.kind == "B") == bool(at):
            need = "no value" if question.kind == "B" else "a value behind _@_"
            raise Fault(f"writes {token[:60]!r}, but that question takes {need}; mend the evidence")
        if question.kind != "B" and question.values and value not in question.values:
            raise Fault(f"answers {code} with {value[:40]!r}, which is none of its values; mend the evidence")
        if question.kind != "B" and value == question.default:
            return question.words, ""
        return question.words, "yes" if question.kind == "B" else question.values.get(value, value)


def read_ddxplus(path: Path) -> pd.DataFrame:
    """Read DDXPlus patients.

    An answer that is its question's default value counts as not asked, as the release says, and is left out.

    Args:
        path: release_train_patients.csv, the same as .zip (or with no ending, as it is packed), or a folder with exactly
            one of them; the two JSON files lie beside it.

    Returns:
        Columns age (a), sex, findings (JSON object question -> answer), reported (the first evidence, which opens the
        inquiry), asked (the others), differential (JSON object condition -> probability, which is made from the truth
        and must not be read by a model), condition.

    Raises:
        DataError: a lacking file, or a row at fault that nobody collects.
    """
    import pandas as pd

    file = one_file(path, "release_*_patients.csv", "release_*_patients.zip", "release_*_patients")
    book = _Book(_questions(file.parent), _condition_names(file.parent))
    rows = []
    with _table(file) as table:
        for number, cells in enumerate(rows_with_names(table, _COLUMNS), start=1):
            try:
                rows.append(_patient(cells, book))
            except Fault as fault:
                place = f"Row {number} of {file.name}"
                reject(place, f"{place} {fault}.", cells)
    columns = ["age", "sex", "findings", "reported", "asked", "differential", "condition"]
    frame = pd.DataFrame(rows, columns=columns).astype({"age": "float64", **dict.fromkeys(columns[1:], "str")})
    if book.defaults:
        frame.attrs["notes"] = [f"{book.defaults:,} answers are the default of their question and were left out."]
    return frame


def _patient(cells: dict[str, str], book: _Book) -> dict[str, Any]:
    try:
        age = float(cells["AGE"])
    except ValueError:
        age = math.nan
    if not 0 <= age <= 130:
        raise Fault(f"has the AGE {cells['AGE'][:20]!r}; write years from 0 to 130")
    if cells["SEX"].strip() not in _SEXES:
        raise Fault(f"has the SEX {cells['SEX'][:20]!r}; allowed are M and F")
    label = cells["PATHOLOGY"].strip()
    if not label:
        raise Fault("has no PATHOLOGY; write the condition")
    tokens = _python_list(cells["EVIDENCES"], "EVIDENCES")
    first = cells["INITIAL_EVIDENCE"].strip()
    if first and first not in tokens:
        raise Fault(f"begins with the evidence {first[:60]!r}, which is not among its EVIDENCES; mend one of them")
    parts: dict[str, dict[str, str]] = {"findings": {}, "reported": {}, "asked": {}}
    for token in dict.fromkeys(tokens) if all(isinstance(t, str) for t in tokens) else tokens:
        question, value = book.answer(token)
        if not value:
            book.defaults += 1
            continue
        for part in ("findings", "reported" if token == first else "asked"):
            held = parts[part].get(question)
            parts[part][question] = value if held is None else f"{held}, {value}"
    return {
        "age": age,
        "sex": _SEXES[cells["SEX"].strip()],
        **{name: json.dumps(part, ensure_ascii=False) for name, part in parts.items()},
        "differential": json.dumps(_differential(cells["DIFFERENTIAL_DIAGNOSIS"], book), ensure_ascii=False),
        "condition": book.names.get(label, label),
    }


def _differential(cell: str, book: _Book) -> dict[str, float]:
    found: dict[str, float] = {}
    for pair in _python_list(cell, "DIFFERENTIAL_DIAGNOSIS") if cell.strip() else ():
        right = isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str)
        if not right or isinstance(pair[1], bool) or not isinstance(pair[1], (int, float)) or not 0 <= pair[1] <= 1.001:
            raise Fault(
                f"has {ascii(pair)[:60]} in its DIFFERENTIAL_DIAGNOSIS; write pairs of a condition and a probability"
            )
        if not pair[0].isprintable():
            raise Fault(
                f"names {ascii(pair[0])[:60]} in its DIFFERENTIAL_DIAGNOSIS, which cannot be read; write a name"
            )
        name = str(pair[0])
        found[book.names.get(name, name)] = float(pair[1])
    return found


def _python_list(cell: str, column: str) -> list[Any]:
    """A list that is written as Python or as JSON; nothing is run.

    Raises:
        Fault: it is no list.
    """
    text = cell.strip()
    value: Any = None
    try:
        if "[[[" in text.replace(" ", "") or text.count("(") + text.count("{") > 1000:
            raise ValueError("nested too deeply")
        try:  # ten times faster, and right wherever no quotation mark stands inside a word
            value = json.loads(text if '"' in text else text.replace("'", '"'))
        except ValueError:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        value = None
    if not isinstance(value, list):
        raise Fault(f"holds under {column} {text[:60]!r}, which is no list; write a list such as ['E_91', 'E_56_@_4']")
    return value


@contextmanager
def _table(file: Path) -> Iterator[Path]:
    """The table itself, unpacked for a while where it is packed."""
    if not zipfile.is_zipfile(file):
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(file) as package:
                members = [m for m in package.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
                if len(members) != 1 or members[0].file_size > _LARGEST:
                    raise DataError(
                        f"{file.name} must hold exactly one table of at most 4 GiB, and holds {len(members)} files; "
                        "unpack it and name the table."
                    )
                target = Path(folder) / file.with_suffix(".csv").name
                with package.open(members[0]) as packed, target.open("wb") as plain:
                    shutil.copyfileobj(packed, plain, 1 << 20)
        except (
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            NotImplementedError,
            RuntimeError,
            OSError,
            EOFError,
        ) as error:
            raise DataError(f"{file.name} cannot be unpacked ({error}); fetch it again or give the table.") from None
        except Exception as error:  # the unpackers of zlib, bz2 and lzma have errors of their own
            if isinstance(error, DataError):
                raise
            raise DataError(f"{file.name} cannot be unpacked ({error}); fetch it again or give the table.") from None
        yield target


def _document(file: Path) -> dict[str, Any]:
    try:
        found = json_of(file_bytes(file))
    except Fault as fault:
        raise DataError(f"{file.name} {fault}; fetch the file of the release again.") from None
    if isinstance(found, list):  # some copies hold the entries without their names
        key = "name" if "evidences" in file.name else "condition_name"
        found = {str(one.get(key)): one for one in found if isinstance(one, dict)}
    if not isinstance(found, dict) or not found or not all(isinstance(one, dict) for one in found.values()):
        raise DataError(f"{file.name} holds no entries by name; fetch the file of the release again.")
    return found


def _questions(folder: Path) -> dict[str, _Question]:
    file = folder / "release_evidences.json"
    if not file.is_file():
        raise DataError(
            f"There is no release_evidences.json in {folder}, which says what the codes of DDXPlus mean; put it beside "
            "the patients' file."
        )
    found: dict[str, _Question] = {}
    taken: set[str] = set()
    for code, entry in _document(file).items():
        words, kind, meaning = entry.get("question_en"), entry.get("data_type"), entry.get("value_meaning") or {}
        values = entry.get("possible-values") or []
        wrong = not isinstance(words, str) or not words.strip() or kind not in ("B", "C", "M")
        if wrong or not isinstance(meaning, dict) or not isinstance(values, list):
            raise DataError(
                f"{file.name} lacks question_en or a data_type of B, C or M for {code[:40]!r}; fetch the file again."
            )
        question = " ".join(str(words).split()).rstrip("?:. ").strip()
        question = f"{question} ({code})" if question in taken else question
        taken.add(question)
        english = {str(value): _english(meaning.get(str(value)), str(value)) for value in [*values, *meaning]}
        default = str(entry.get("default_value"))
        found[code] = _Question(question, kind, english, default)
    return found


def _english(meaning: Any, value: str) -> str:
    said = meaning.get("en") if isinstance(meaning, dict) else None
    return said if isinstance(said, str) and said.strip() else value


def _condition_names(folder: Path) -> dict[str, str]:
    file = folder / "release_conditions.json"
    if not file.is_file():
        return {}
    names = {name: entry.get("cond-name-eng") for name, entry in _document(file).items()}
    return {name: said for name, said in names.items() if isinstance(said, str) and said.strip()}
