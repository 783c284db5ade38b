"""Readers of public question and tutoring sets: GSM8K, TAL-SCQ5K, MathDial, Bridge, MRBench, ASSISTments 2009.

    {"question": "Natalia sold clips to 48 friends ...", "answer": "She sold 48/2 = <<48/2=24>>24 ... #### 72"}

Each takes the path of a file, or of a folder that holds files of its layout. Rows keep the order of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...datasets.rejects import reject
from .readers_files import Fault, checked_text, frame_of, json_lines, json_list, paths, rows_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RUBRIC", "read_bridge", "read_gsm8k", "read_mathdial", "read_mrbench", "read_tal_scq5k"]

RUBRIC = ("Mistake_Identification", "Mistake_Location", "Providing_Guidance", "Actionability")
"""The four questions that MRBench asks of a tutor's reply; each is answered No, To some extent or Yes."""


def read_gsm8k(path: Path) -> pd.DataFrame:
    """Read GSM8K word problems (Cobbe et al. 2021): JSON lines with `question` and `answer`.

    Returns:
        One row per problem: question, steps (the worked solution without calculator marks), calculations (how many
        marks it had), answer (the final number as text, commas removed), value (the same as a number).

    Raises:
        DataError: no such file, or a record at fault that nobody collects.
    """
    rows: list[dict[str, Any]] = []
    for file in paths(path, ("train.jsonl", "test.jsonl"), "gsm8k"):
        rows += rows_of(json_lines(file, "gsm8k"), "gsm8k", ("question", "answer"), _gsm8k)
    return frame_of(rows, ("question", "steps", "calculations", "answer", "value"))


def _gsm8k(record: dict[str, Any], place: str) -> Iterator[dict[str, Any]]:
    question = checked_text(record, "question")
    worked, mark, final = checked_text(record, "answer").rpartition("####")
    answer = final.strip().replace(",", "")
    if not mark or not re.fullmatch(r"-?[0-9]{1,300}(\.[0-9]{1,300})?", answer):
        raise Fault("holds an answer that does not end in '#### number', as gsm8k needs; mend or remove that record")
    steps, calculations = re.subn(r"<<[^>]*>>", "", worked.strip())
    yield {
        "question": question,
        "steps": steps,
        "calculations": calculations,
        "answer": answer,
        "value": float(answer),
    }


def read_tal_scq5k(path: Path) -> pd.DataFrame:
    """Read TAL-SCQ5K single-choice problems: JSON lines with options in `answer_option_list`.

    Returns:
        One row per problem: id, question, options (JSON list of texts, 1 to 8), answer (text of the right option),
        letter (A, B, ...), difficulty (0 to 4), skill (last step of the first topic path), solution.

    Raises:
        DataError: no such file, or a record at fault that nobody collects.
    """
    need = ("queId", "problem", "answer_option_list", "answer_value")
    rows: list[dict[str, Any]] = []
    for file in paths(path, ("*single_choice*.jsonl",), "tal_scq5k"):
        rows += rows_of(json_lines(file, "tal_scq5k"), "tal_scq5k", need, _tal_scq5k)
    return frame_of(rows, ("id", "question", "options", "answer", "letter", "difficulty", "skill", "solution"))


def _tal_scq5k(record: dict[str, Any], place: str) -> Iterator[dict[str, Any]]:
    options = _options(record["answer_option_list"])
    letter = checked_text(record, "answer_value")
    if letter not in options:
        raise Fault(f"has the answer {letter!r}, none of the options {', '.join(options)}; mend or remove that record")
    routes = record.get("knowledge_point_routes") or [""]
    if not isinstance(routes, list) or not isinstance(routes[0], str):
        raise Fault("has no list of texts under 'knowledge_point_routes'; write one, or leave the key out")
    yield {
        "id": checked_text(record, "queId"),
        "question": checked_text(record, "problem"),
        "options": json.dumps(list(options.values()), ensure_ascii=False),
        "answer": options[letter],
        "letter": letter,
        "difficulty": str(record.get("difficulty", "")),
        "skill": routes[0].split("->")[-1],
        "solution": _solution(record.get("answer_analysis")),
    }


def _options(groups: object) -> dict[str, str]:
    options: dict[str, str] = {}
    for group in groups if isinstance(groups, list) else [groups]:
        for option in group if isinstance(group, list) else [group]:
            if not isinstance(option, dict) or not {"aoVal", "content"} <= option.keys():
                raise Fault("has an option without 'aoVal' and 'content'; write both for every option")
            letter = checked_text(option, "aoVal")
            if letter in options:
                raise Fault(f"has two options {letter!r}; name every option once")
            options[letter] = checked_text(option, "content", empty=True)
    return options


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

    Raises:
        DataError: no such file, or a record at fault that nobody collects.
    """
    rows: list[dict[str, Any]] = []
    count = 0
    for file in paths(path, ("train.jsonl", "test.jsonl"), "mathdial"):
        entries = json_lines(file, "mathdial")
        number = {entry.place: count + at for at, entry in enumerate(entries, start=1)}

        def read(record: dict[str, Any], place: str, number: dict[str, int] = number) -> Iterator[dict[str, Any]]:
            return _mathdial(record, str(number[place]))

        rows += rows_of(entries, "mathdial", ("qid", "question", "conversation"), read)
        count += len(entries)
    return frame_of(rows, ("dialogue", "problem", "turn", "question", "context", "response", "move", "outcome"))


def _mathdial(record: dict[str, Any], dialogue: str) -> Iterator[dict[str, Any]]:
    question, problem = checked_text(record, "question"), checked_text(record, "qid")
    said, turn = str(record.get("student_incorrect_solution") or ""), 0
    outcome = record.get("self-correctness")
    for part in checked_text(record, "conversation").split("|EOM|"):
        speaker, _, words = part.strip().partition(":")
        move = re.match(r"\s*\((\w+)\)\s*", words)
        if speaker != "Teacher":
            said = words.strip()
            continue
        turn += 1
        yield {
            "dialogue": dialogue,
            "problem": problem,
            "turn": turn,
            "question": question,
            "context": said,
            "response": words[move.end() :].strip() if move else words.strip(),
            "move": move.group(1) if move else None,
            "outcome": None if outcome is None else str(outcome),
        }
    if not turn:
        raise Fault("holds a conversation without a turn of the teacher's ('Teacher: ...'); mend or remove that record")


def read_bridge(path: Path) -> pd.DataFrame:
    """Read Bridge remediations (Wang et al. 2024): JSON lists with the history of a chat and an expert's reply.

    Several experts annotated the same chat, also across the official parts: split by `conversation`.

    Returns:
        conversation, lesson, context (last words of the pupil), history (whole chat before), novice (the first tutor's
        reply), response (the expert's), error, strategy, intention.

    Raises:
        DataError: no such file, or a record at fault that nobody collects.
    """
    need = ("c_id", "lesson_topic", "c_h", "c_r", "c_r_", "e", "z_what", "z_why")
    rows: list[dict[str, Any]] = []
    for file in paths(path, ("train.json", "validation.json", "test.json"), "bridge"):
        rows += rows_of(json_list(file, "bridge"), "bridge", need, _bridge)
    names = "conversation lesson context history novice response error strategy intention"
    return frame_of(rows, names.split())


def _bridge(record: dict[str, Any], place: str) -> Iterator[dict[str, Any]]:
    history = _turns(record["c_h"], "c_h")
    pupil = [words for user, words in history if user == "student"]
    yield {
        "conversation": checked_text(record, "c_id"),
        "lesson": checked_text(record, "lesson_topic", empty=True),
        "context": pupil[-1] if pupil else "",
        "history": "\n".join(f"{user}: {words}" for user, words in history),
        "novice": " ".join(words for _, words in _turns(record["c_r"], "c_r")),
        "response": " ".join(words for _, words in _turns(record["c_r_"], "c_r_")),
        "error": _word(record, "e"),
        "strategy": _word(record, "z_what"),
        "intention": _word(record, "z_why"),
    }


def _turns(chat: object, key: str) -> list[tuple[str, str]]:
    if not isinstance(chat, list) or not all(isinstance(t, dict) and {"user", "text"} <= t.keys() for t in chat):
        raise Fault(f"has no list of turns with 'user' and 'text' under {key!r}; mend or remove that record")
    return [(str(turn["user"]), str(turn["text"])) for turn in chat]


def _word(record: dict[str, Any], key: str) -> str | None:
    return None if record[key] is None else checked_text(record, key, empty=True)


def read_mrbench(path: Path) -> pd.DataFrame:
    """Read MRBench dialogues (Maurya et al. 2025, the BEA 2025 layout) as one row per tutor's reply.

    Returns:
        session (two dialogues may be two moments of one: split by it), dialogue (conversation_id), tutor (who replied),
        response, student (last words of the pupil), last (last words of the tutor before), history, and one column for
        each question of RUBRIC: No, To some extent, Yes, or missing where the file holds no annotation.

    Raises:
        DataError: no such file, or a reply at fault that nobody collects.
    """
    need = ("conversation_id", "conversation_history", "tutor_responses")
    rows: list[dict[str, Any]] = []
    for file in paths(path, ("mrbench*.json",), "mrbench"):
        rows += rows_of(json_list(file, "mrbench"), "mrbench", need, _mrbench)
    return frame_of(rows, ("session", "dialogue", "tutor", "response", "student", "last", "history", *RUBRIC))


def _mrbench(record: dict[str, Any], place: str) -> Iterator[dict[str, Any]]:
    history = checked_text(record, "conversation_history", empty=True).replace("\u00a0", " ")
    dialogue, replies = checked_text(record, "conversation_id"), record["tutor_responses"]
    if not isinstance(replies, dict) or not replies:
        raise Fault("has no replies by tutors under 'tutor_responses'; mend or remove that record")
    last = _last_words(history)
    for tutor, reply in replies.items():
        where = f"{place}, the reply of {tutor!r}"
        try:
            marks = _marks(reply)
            response = checked_text(reply, "response").replace("\u00a0", " ")
        except Fault as fault:
            reject(where, f"{where} {fault}.", reply)
            continue
        yield {
            "session": dialogue.split("_")[0],  # 292861665_1 and 292861665_2 come out of one lesson
            "dialogue": dialogue,
            "tutor": tutor,
            "response": response,
            "student": last.get("Student", ""),
            "last": last.get("Tutor", ""),
            "history": history.strip(),
            **marks,
        }


def _last_words(history: str) -> dict[str, str]:
    """What Tutor and Student said last; a line without a speaker goes on with the turn before it."""
    last: dict[str, list[str]] = {}
    speaker = ""
    for line in history.split("\n"):
        name, colon, words = line.strip().partition(":")
        if colon and name in ("Tutor", "Student"):
            speaker = name
            last[speaker] = [words.strip()]
        elif speaker:
            last[speaker].append(line)
    return {name: "\n".join(lines).strip() for name, lines in last.items()}


def _marks(reply: Any) -> dict[str, str | None]:
    if not isinstance(reply, dict) or "response" not in reply:
        raise Fault("has no 'response', which the reader 'mrbench' needs of every tutor; mend or remove it")
    marks = reply.get("annotation") or {}
    if not isinstance(marks, dict) or not all(isinstance(marks.get(q), (str, type(None))) for q in RUBRIC):
        raise Fault("has an annotation that is no object of texts; write No, To some extent or Yes for each question")
    return {question: marks.get(question) for question in RUBRIC}
