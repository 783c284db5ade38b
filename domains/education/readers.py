"""Readers of the education domain: the course bank itself, and five public layouts of questions and tutoring talks.

A reader takes the path of a file, or of a folder that holds files of its layout, and gives one row per record. Rows
keep the order of the file, none is dropped silently, and a file that is laid out otherwise is a DataError.

The course bank (`bank.jsonl`) has one entry per line:

    {"id": "mean", "skill": "statistics", "grades": "5-7", "title": "The mean", "text": "Add all values and ...",
     "source": "course bank, unit 12 (statistics), section 1", "hint": "The mean of three ...", "answer": "10"}

`answer` is the answer to the hint's question; it is for teachers and for the leak guard, never shown to a pupil.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import DataError
from ...core.task import Reader

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "READERS",
    "RUBRIC",
    "bank_rows",
    "class_words",
    "course_bank",
    "phrasings",
    "read_bridge",
    "read_gsm8k",
    "read_mathdial",
    "read_mrbench",
    "read_tal_scq5k",
]

RUBRIC = ("Mistake_Identification", "Mistake_Location", "Providing_Guidance", "Actionability")
"""The four questions that MRBench asks of a tutor's reply; each is answered No, To some extent or Yes."""


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


def course_bank() -> pd.DataFrame:
    """Read the course bank.

    Returns:
        One row per explanation: id, text, title, skill, grades, source, hint, answer (all text).
    """
    import pandas as pd

    columns = ["id", "text", "title", "skill", "grades", "source", "hint", "answer"]
    return pd.DataFrame(bank_rows(), columns=columns)


# Files and their layout ----------------------------------------------------------------------------------------------


def _paths(path: Path, patterns: Sequence[str], reader: str) -> list[Path]:
    """The file itself, or the folder's files of some patterns, sorted within each pattern."""
    path = Path(path)
    if path.is_file():
        return [path]
    found = [file for pattern in patterns for file in sorted(path.glob(pattern))]
    if not found:
        raise DataError(
            f"{path} holds nothing for the reader {reader!r}, which takes a file or a folder with "
            f"{' or '.join(patterns)}; name the file itself."
        )
    return found


def _json_lines(path: Path, reader: str, need: Sequence[str]) -> list[dict[str, Any]]:
    """Objects of a JSON-lines file that all have some keys."""
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                records.append((f"{path}, line {number}", json.loads(line)))
            except json.JSONDecodeError as error:
                raise DataError(
                    f"{path}, line {number} is not JSON ({error.msg}); the reader {reader!r} takes one JSON object a "
                    "line, so mend or remove that line."
                ) from error
    return _checked(records, path, reader, need)


def _json_list(path: Path, reader: str, need: Sequence[str]) -> list[dict[str, Any]]:
    """Objects of a file with one JSON list that all have some keys."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path} is not JSON ({error.msg}, line {error.lineno}); the reader {reader!r} takes one JSON list of "
            "objects, so check that the file is complete."
        ) from error
    if not isinstance(content, list):
        raise DataError(
            f"{path} holds a JSON {type(content).__name__}; the reader {reader!r} takes a list of objects, so choose "
            "another reader or file."
        )
    return _checked([(f"{path}, entry {n}", entry) for n, entry in enumerate(content, start=1)], path, reader, need)


def _checked(records: Iterable[tuple[str, Any]], path: Path, reader: str, need: Sequence[str]) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    for place, record in records:
        missing = [key for key in need if not isinstance(record, dict) or key not in record]
        if missing:
            raise DataError(
                f"{place} has no {', '.join(missing)}; the reader {reader!r} needs {', '.join(need)} in every record, "
                "so check that the file is of that layout."
            )
        result.append(record)
    if not result:
        raise DataError(f"{path} holds no records; the reader {reader!r} needs at least one, so name another file.")
    return result


# Layouts -------------------------------------------------------------------------------------------------------------


def read_gsm8k(path: Path) -> pd.DataFrame:
    """Read GSM8K word problems (Cobbe et al. 2021): JSON lines with `question` and `answer`.

    Returns:
        One row per problem: question, steps (the worked solution without calculator marks), calculations (how many
        marks it had), answer (the final number as text, commas removed), value (the same as a number).
    """
    import pandas as pd

    rows = []
    for file in _paths(path, ("train.jsonl", "test.jsonl"), "gsm8k"):
        for number, record in enumerate(_json_lines(file, "gsm8k", ("question", "answer")), start=1):
            worked, mark, final = str(record["answer"]).rpartition("####")
            answer = final.strip().replace(",", "")
            if not mark or not re.fullmatch(r"-?\d+(\.\d+)?", answer):
                raise DataError(
                    f"{file}, record {number}: the answer does not end in '#### number', which the reader 'gsm8k' "
                    "needs; mend or remove that record."
                )
            steps, calculations = re.subn(r"<<[^>]*>>", "", worked.strip())
            rows.append(
                {
                    "question": str(record["question"]).strip(),
                    "steps": steps,
                    "calculations": calculations,
                    "answer": answer,
                    "value": float(answer),
                }
            )
    return pd.DataFrame(rows)


def read_tal_scq5k(path: Path) -> pd.DataFrame:
    """Read TAL-SCQ5K single-choice problems: JSON lines with options in `answer_option_list`.

    Returns:
        One row per problem: id, question, options (JSON list of texts, 1 to 8), answer (text of the right option),
        letter (A, B, ...), difficulty (0 to 4), skill (last step of the first topic path), solution.
    """
    import pandas as pd

    need = ("queId", "problem", "answer_option_list", "answer_value")
    rows = []
    for file in _paths(path, ("*single_choice*.jsonl",), "tal_scq5k"):
        for number, record in enumerate(_json_lines(file, "tal_scq5k", need), start=1):
            options = {o["aoVal"]: str(o["content"]).strip() for group in record["answer_option_list"] for o in group}
            letter = str(record["answer_value"]).strip()
            if letter not in options:
                raise DataError(
                    f"{file}, record {number}: the answer {letter!r} is none of the options {', '.join(options)}; "
                    "mend or remove that record."
                )
            routes = record.get("knowledge_point_routes") or [""]
            rows.append(
                {
                    "id": record["queId"],
                    "question": str(record["problem"]).strip(),
                    "options": json.dumps(list(options.values()), ensure_ascii=False),
                    "answer": options[letter],
                    "letter": letter,
                    "difficulty": str(record.get("difficulty", "")),
                    "skill": routes[0].split("->")[-1],
                    "solution": _solution(record.get("answer_analysis")),
                }
            )
    return pd.DataFrame(rows)


def _solution(analysis: object) -> str | None:
    if isinstance(analysis, list):
        return "\n".join(str(part).strip() for part in analysis)
    return None if analysis is None else str(analysis).strip()


def read_mathdial(path: Path) -> pd.DataFrame:
    """Read MathDial dialogues (Macina et al. 2023) as one row per teacher's turn.

    Returns:
        dialogue (number in the file), problem (qid: split by it), turn (1, 2, ...), question, context (the pupil's last
        words before the turn), response (the teacher's words), move (focus, probing, telling or generic), outcome (did
        the pupil get there: Yes, No, or after the answer was revealed).
    """
    import pandas as pd

    rows = []
    dialogue = 0
    for file in _paths(path, ("train.jsonl", "test.jsonl"), "mathdial"):
        for record in _json_lines(file, "mathdial", ("qid", "question", "conversation")):
            dialogue += 1
            said, turn = str(record.get("student_incorrect_solution") or ""), 0
            for part in str(record["conversation"]).split("|EOM|"):
                speaker, _, words = part.strip().partition(":")
                move = re.match(r"\s*\((\w+)\)\s*", words)
                if speaker != "Teacher":
                    said = words.strip()
                    continue
                turn += 1
                rows.append(
                    {
                        "dialogue": str(dialogue),
                        "problem": str(record["qid"]),
                        "turn": turn,
                        "question": str(record["question"]).strip(),
                        "context": said,
                        "response": words[move.end() :].strip() if move else words.strip(),
                        "move": move.group(1) if move else None,
                        "outcome": record.get("self-correctness"),
                    }
                )
    return pd.DataFrame(rows)


def read_bridge(path: Path) -> pd.DataFrame:
    """Read Bridge remediations (Wang et al. 2024): JSON lists with the history of a chat and an expert's reply.

    Several experts annotated the same chat, also across the official parts: split by `conversation`.

    Returns:
        conversation, lesson, context (last words of the pupil), history (whole chat before), novice (the first tutor's
        reply), response (the expert's), error, strategy, intention.
    """
    import pandas as pd

    need = ("c_id", "lesson_topic", "c_h", "c_r", "c_r_", "e", "z_what", "z_why")
    rows = []
    for file in _paths(path, ("train.json", "validation.json", "test.json"), "bridge"):
        for record in _json_list(file, "bridge", need):
            pupil = [str(turn["text"]) for turn in record["c_h"] if turn["user"] == "student"]
            rows.append(
                {
                    "conversation": record["c_id"],
                    "lesson": record["lesson_topic"],
                    "context": pupil[-1] if pupil else "",
                    "history": "\n".join(f"{turn['user']}: {turn['text']}" for turn in record["c_h"]),
                    "novice": " ".join(str(turn["text"]) for turn in record["c_r"]),
                    "response": " ".join(str(turn["text"]) for turn in record["c_r_"]),
                    "error": record["e"],
                    "strategy": record["z_what"],
                    "intention": record["z_why"],
                }
            )
    return pd.DataFrame(rows)


def read_mrbench(path: Path) -> pd.DataFrame:
    """Read MRBench dialogues (Maurya et al. 2025, the BEA 2025 layout) as one row per tutor's reply.

    Returns:
        dialogue (conversation_id: split by it), tutor (who replied), response, student (last words of the pupil), last
        (last words of the tutor before), history, and one column for each question of RUBRIC: No, To some extent, Yes,
        or missing where the file holds no annotation.
    """
    import pandas as pd

    rows = []
    for file in _paths(path, ("mrbench*.json",), "mrbench"):
        need = ("conversation_id", "conversation_history", "tutor_responses")
        for record in _json_list(file, "mrbench", need):
            history = str(record["conversation_history"]).replace("\u00a0", " ")
            turns = re.findall(r"(Tutor|Student):\s*(.*?)(?=\s*\n\s*(?:Tutor|Student):|\s*\Z)", history, flags=re.S)
            last = {speaker: words.strip() for speaker, words in turns}
            for tutor, reply in record["tutor_responses"].items():
                if "response" not in reply:
                    raise DataError(
                        f"{file}, conversation {record['conversation_id']}: the reply of {tutor!r} has no 'response'; "
                        "the reader 'mrbench' needs one for every tutor, so mend or remove it."
                    )
                marks = reply.get("annotation") or {}
                rows.append(
                    {
                        "dialogue": record["conversation_id"],
                        "tutor": tutor,
                        "response": str(reply["response"]).replace("\u00a0", " ").strip(),
                        "student": last.get("Student", ""),
                        "last": last.get("Tutor", ""),
                        "history": history.strip(),
                        **{question: marks.get(question) for question in RUBRIC},
                    }
                )
    return pd.DataFrame(rows)


def _reader(name: str, description: str, read: Callable[[Path], pd.DataFrame]) -> Reader:
    return Reader(name=name, description=description, read=read)


READERS = (
    _reader("gsm8k", "GSM8K word problems: JSON lines with question and answer (#### number)", read_gsm8k),
    _reader("tal_scq5k", "TAL-SCQ5K single-choice problems: JSON lines with own options", read_tal_scq5k),
    _reader("mathdial", "MathDial dialogues: JSON lines, one row per teacher's turn", read_mathdial),
    _reader("bridge", "Bridge chats with expert remediation: JSON lists", read_bridge),
    _reader("mrbench", "MRBench tutor replies with four rubric labels: one JSON list of dialogues", read_mrbench),
)
