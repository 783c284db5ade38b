"""Reader of learning records: statements of xAPI 1.0.3 (Experience API, ADL), as a learning record store gives them.

    {"actor": {"mbox": "mailto:pupil@school.example"}, "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
     "object": {"id": "https://school.example/items/7", "definition": {"name": {"en": "Adding fractions"}}},
     "result": {"success": false, "response": "2/5", "duration": "PT1M12S"}, "timestamp": "2024-05-02T08:15:00Z"}

Whoever acts becomes a pseudonym here: no address, account or name leaves the reader, not even in the rows set aside.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .readers_files import Fault, frame_of, json_records, paths, rows_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KEY_VARIABLE", "read_xapi", "seconds_of"]

KEY_VARIABLE = "VERTICALS_PSEUDONYM_KEY"
"""Environment variable with the secret that pseudonyms are keyed with."""
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
COLUMNS = (
    "statement", "pupil", "verb", "object", "name", "outcome", "score", "response", "answer", "duration", "time",
    "voided",
)  # fmt: skip
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+(?:\.\d+)?)W|(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?)"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)?")


def read_xapi(path: Path, key: str | None = None) -> pd.DataFrame:
    """Read statements, one row each.

    Args:
        path: JSON lines, one JSON list, or an object with `statements`; or a folder of such files.
        key: secret for the pseudonyms; None: what the environment variable VERTICALS_PSEUDONYM_KEY holds. Without one a
            pseudonym is the same everywhere, and whoever has a list of addresses can find its owner.

    Returns:
        statement (its id), pupil (pseudonym, 16 hexadecimal digits), verb (last word of its address), object (id),
        name (its name, English first), outcome (correct, incorrect, or missing), score (in [-1, 1]), response, answer
        (first correct response pattern of the object's definition), duration (seconds; missing where it is told in
        years or months), time (UTC, no zone), voided (another statement of the file takes it back).

    Raises:
        DataError: no such file, or a statement at fault that nobody collects.
    """
    secret = (os.environ.get(KEY_VARIABLE, "") if key is None else key).encode()

    def read(record: dict[str, Any], place: str) -> Iterator[dict[str, Any]]:
        yield _statement(record, secret)

    def shown(content: Any) -> Any:
        return _shown(content) if isinstance(content, dict) else "(left out, as it may name people)"

    rows: list[dict[str, Any]] = []
    for file in paths(path, ("*.jsonl", "*.json"), "xapi"):
        rows += rows_of(json_records(file, "xapi", "statements"), "xapi", ("actor", "verb", "object"), read, shown)
    voided = {row["object"] for row in rows if row.pop("voids")}
    for row in rows:
        row["voided"] = row["statement"] is not None and row["statement"] in voided
    frame = frame_of(rows, COLUMNS)
    frame["time"] = frame["time"].astype("datetime64[us]")
    for number in ("score", "duration"):
        frame[number] = frame[number].astype("float64")
    return frame


def _statement(record: dict[str, Any], secret: bytes) -> dict[str, Any]:
    verb = record["verb"].get("id") if isinstance(record["verb"], dict) else None
    if not isinstance(verb, str) or ":" not in verb:
        raise Fault("has no address of its verb under verb.id, such as http://adlnet.gov/expapi/verbs/answered")
    thing = record["object"] if isinstance(record["object"], dict) else {}
    definition = _object(thing.get("definition"), "object.definition")
    result = _object(record.get("result"), "result")
    success = result.get("success")
    if not isinstance(success, (bool, type(None))):
        raise Fault(f"has {_short(success)} as result.success; write true or false")
    patterns = definition.get("correctResponsesPattern")
    answer = patterns[0] if isinstance(patterns, list) and patterns and isinstance(patterns[0], str) else None
    name = record.get("id")
    return {
        "statement": name if isinstance(name, str) else None,
        "pupil": _pseudonym(record["actor"], secret),
        "verb": re.split(r"[/#:]", verb.rstrip("/#"))[-1],
        "object": _object_id(thing, secret),
        "name": _in_one_language(definition.get("name")),
        "outcome": None if success is None else "correct" if success else "incorrect",
        "score": _score(_object(result.get("score"), "result.score")),
        "response": _response(result.get("response")),
        "answer": answer,
        "duration": _duration(result.get("duration")),
        "time": _time(record.get("timestamp", record.get("stored"))),
        "voids": verb == VOIDED and thing.get("objectType") == "StatementRef",
    }


def _object(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Fault(f"has a {type(value).__name__} as {where} where an object is needed")
    return value


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:40]} ..."


def _object_id(thing: dict[str, Any], secret: bytes) -> str | None:
    kind = thing.get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        return _pseudonym(thing, secret)
    if kind == "SubStatement":
        return None
    name = thing.get("id")
    if not isinstance(name, str) or not name.strip():
        raise Fault("has no address of its object under object.id; every activity needs one")
    return name


def _pseudonym(actor: Any, secret: bytes) -> str:
    """Keyed hash (HMAC-SHA-256, RFC 2104) of the one identifier that an actor has; of its members for a nameless group.

    An address and its SHA-1, which xAPI allows in its place, give the same pseudonym.
    """
    if not isinstance(actor, dict):
        raise Fault("has an actor that is no object; write its mbox, mbox_sha1sum, openid or account")
    account = actor.get("account")
    if isinstance(actor.get("mbox"), str) and actor["mbox"].lower().startswith("mailto:"):
        identity = "sha1:" + hashlib.sha1(actor["mbox"].encode(), usedforsecurity=False).hexdigest()
    elif isinstance(actor.get("mbox_sha1sum"), str) and actor["mbox_sha1sum"].strip():
        identity = "sha1:" + actor["mbox_sha1sum"].strip().lower()
    elif isinstance(actor.get("openid"), str) and actor["openid"].strip():
        identity = "openid:" + actor["openid"].strip()
    elif isinstance(account, dict) and isinstance(account.get("name"), str) and account["name"].strip():
        identity = f"account:{account.get('homePage', '')}:{account['name'].strip()}"
    elif actor.get("objectType") == "Group" and isinstance(actor.get("member"), list) and actor["member"]:
        identity = "group:" + ",".join(sorted(_pseudonym(member, secret) for member in actor["member"]))
    else:
        raise Fault("has an actor without mbox (mailto:...), mbox_sha1sum, openid or account; write one of them")
    return hmac.new(secret, identity.encode(), hashlib.sha256).hexdigest()[:16]


def _in_one_language(names: Any) -> str | None:
    if not isinstance(names, dict):
        return None
    known = {tag.lower(): name.strip() for tag, name in names.items() if isinstance(name, str) and name.strip()}
    english = [tag for tag in sorted(known) if tag.split("-")[0] == "en"]
    return known[(english or list(known))[0]] if known else None


def _response(response: Any) -> str | None:
    if response is None or isinstance(response, str):
        return response
    raise Fault(f"has {_short(response)} as result.response; the standard takes text")


def _score(score: dict[str, Any]) -> float | None:
    """The scaled score in [-1, 1], or the raw one as a share of its range where both ends are told."""
    numbers = {}
    for name in ("scaled", "raw", "min", "max"):
        value = score.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
            raise Fault(f"has {_short(value)} as result.score.{name}; write a number")
        numbers[name] = float(value)
    if "scaled" in numbers:
        if not -1 <= numbers["scaled"] <= 1:
            raise Fault(f"has {numbers['scaled']:g} as result.score.scaled; it lies from -1 to 1")
        return numbers["scaled"]
    if not {"raw", "min", "max"} <= numbers.keys():
        return None
    low, high, raw = numbers["min"], numbers["max"], numbers["raw"]
    if not low <= raw <= high or low == high:
        raise Fault(f"has the raw score {raw:g} outside {low:g} to {high:g}; mend result.score")
    return (raw - low) / (high - low)


def seconds_of(duration: str) -> float:
    """Seconds of an ISO 8601 duration such as PT1M12.5S, P1DT2H or P2W; NaN where it counts years or months.

    Raises:
        ValueError: it is none.
    """
    match = _DURATION.fullmatch(duration.strip())
    parts = {name: float(value) for name, value in (match.groupdict() if match else {}).items() if value is not None}
    if not parts:
        raise ValueError(f"{duration[:40]!r} is no ISO 8601 duration such as PT1M12S")
    if parts.get("years") or parts.get("months"):
        return math.nan
    sizes = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
    return sum(size * parts.get(name, 0.0) for name, size in sizes.items())


def _duration(duration: Any) -> float | None:
    if duration is None:
        return None
    if not isinstance(duration, str):
        raise Fault(f"has {_short(duration)} as result.duration; write an ISO 8601 duration such as PT1M12S")
    try:
        return seconds_of(duration)
    except ValueError as error:
        raise Fault(f"has a result.duration at fault: {error}") from None


def _time(timestamp: Any) -> datetime | None:
    """UTC without its zone; a time without a zone is UTC, as the standard says."""
    if timestamp is None:
        return None
    try:
        if not isinstance(timestamp, str) or not _TIME.fullmatch(timestamp.strip()):
            raise ValueError
        time = datetime.fromisoformat(timestamp.strip().upper())
        time = time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
        if not datetime(1900, 1, 1) <= time < datetime(2200, 1, 1):
            raise ValueError
        return time
    except (ValueError, OverflowError):
        raise Fault(f"has {_short(timestamp)} as timestamp; write it as 2024-05-02T08:15:00Z") from None


def _shown(content: Any) -> Any:
    """A statement without the people in it, for the rows set aside."""
    if isinstance(content, dict):
        people = ("actor", "instructor", "team", "authority", "member", "mbox", "account", "openid", "mbox_sha1sum")
        return {key: "(left out)" if key in people else _shown(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_shown(one) for one in content]
    if isinstance(content, str):
        return re.sub(r"[^\s\"'<>]{1,200}@[^\s\"'<>]{1,200}", "(left out)", content)
    return content
