"""Reader of tutoring chats in the two layouts that chat logs and tuning sets come in.

{"messages": [{"role": "system", "content": "You are a patient tutor."},
              {"role": "user", "content": "why do u flip the second one"},
              {"role": "assistant", "content": "Dividing asks how many times it fits ..."}]}
{"conversations": [{"from": "human", "value": "..."}, {"from": "gpt", "value": "..."}]}      (ShareGPT)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .readers_files import Fault, frame_of, json_records, paths, rows_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_chat"]

SPEAKERS = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
    "gpt": "assistant", "chatgpt": "assistant", "bing": "assistant", "bard": "assistant", "model": "assistant",
    "tool": "tool", "function": "tool", "observation": "tool", "function_call": "tool", "function_response": "tool",
}  # fmt: skip
"""Names of speakers as layouts write them, and what they are."""
LAYOUTS = {"messages": ("role", "content"), "conversations": ("from", "value")}
COLUMNS = ("conversation", "system", "history", "question", "answer", "turns")


def read_chat(path: Path) -> pd.DataFrame:
    """Read chats, one row per conversation.

    Returns:
        conversation (its `id` or `conversation_id`, else its number in the file), system (instructions, may be
        missing), history (what was said before the question, a line "user: ..." or "assistant: ..." for each turn),
        question (the last words of the user), answer (what the assistant said after them; missing where it did not),
        turns (of user and assistant together).

    Raises:
        DataError: no such file, or a conversation at fault that nobody collects.
    """
    rows: list[dict[str, Any]] = []
    for file in paths(path, ("*.jsonl", "*.json"), "chat"):
        entries = json_records(file, "chat")
        number = {entry.place: str(len(rows) + at) for at, entry in enumerate(entries, start=1)}

        def read(record: dict[str, Any], place: str, number: dict[str, str] = number) -> Iterator[dict[str, Any]]:
            yield _conversation(record, number[place])

        rows += rows_of(entries, "chat", (), read)
    return frame_of(rows, COLUMNS)


def _conversation(record: dict[str, Any], number: str) -> dict[str, Any]:
    turns = _turns(record)
    spoken = [(speaker, words) for speaker, words in turns if speaker in ("user", "assistant") and words]
    asked = [at for at, (speaker, _) in enumerate(spoken) if speaker == "user"]
    if not asked:
        raise Fault("holds no words of a user's; a conversation needs at least one question")
    start = asked[-1]
    while start and spoken[start - 1][0] == "user":  # a question sent in several messages
        start -= 1
    name = record.get("id", record.get("conversation_id"))
    named = isinstance(name, (str, int)) and not isinstance(name, bool)
    return {
        "conversation": str(name) if named else number,
        "system": "\n".join(words for speaker, words in turns if speaker == "system" and words) or None,
        "history": "\n".join(f"{speaker}: {words}" for speaker, words in spoken[:start]) or None,
        "question": "\n".join(words for _, words in spoken[start : asked[-1] + 1]),
        "answer": "\n".join(words for _, words in spoken[asked[-1] + 1 :]) or None,
        "turns": len(spoken),
    }


def _turns(record: Any) -> list[tuple[str, str]]:
    """(system, user, assistant or tool; words) of every message, in order."""
    if not isinstance(record, dict):
        raise Fault(f"has no messages: it is a JSON {type(record).__name__}; write an object with 'messages'")
    key = next((name for name in LAYOUTS if name in record), None)
    if key is None:
        raise Fault("has no 'messages' (role, content) and no 'conversations' (from, value); write one of the two")
    speaker_key, words_key = LAYOUTS[key]
    messages, turns = record[key], []
    if not isinstance(messages, list) or not messages:
        raise Fault(f"has no list of messages under {key!r}; write at least one")
    for at, message in enumerate(messages, start=1):
        own = isinstance(message, dict) and speaker_key in message
        if not own and not (isinstance(message, dict) and "role" in message):
            raise Fault(f"has no {speaker_key!r} in message {at}; write {speaker_key!r} and {words_key!r}")
        speaker = message[speaker_key if own else "role"]
        if not isinstance(speaker, str) or speaker.lower() not in SPEAKERS:
            raise Fault(
                f"has the speaker {str(speaker)[:40]!r} in message {at}; allowed are {', '.join(sorted(SPEAKERS))}"
            )
        words = message.get(words_key if own else "content")
        turns.append((SPEAKERS[speaker.lower()], _words(words, at)))
    if record.get("system") and isinstance(record["system"], str):
        turns.insert(0, ("system", record["system"].strip()))
    return turns


def _words(content: Any, at: int) -> str:
    """Text of a message: a string, nothing (a tool call), or a list of parts of which the texts count."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content.strip()
    if isinstance(content, list):
        texts = []
        for part in content:
            text = part.get("text") if isinstance(part, dict) else part
            if isinstance(text, str):
                texts.append(text.strip())
            elif not isinstance(part, dict) or "type" not in part:
                raise Fault(f"has a content in message {at} with a part that is neither text nor a typed part")
        return "\n".join(text for text in texts if text)
    raise Fault(f"has a {type(content).__name__} as the content of message {at}; write text, or a list of parts")
