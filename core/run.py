"""The run folder: what tuning writes, checked byte by byte before anything is read from it.

runs/credit/
    recipe.toml          every setting, as it was used
    adapter/             LoRA weights in peft's own format
    head.safetensors     record tokens and head
    task.json            task, fields, labels, what each field becomes, and the hash of all that
    bank.jsonl           the candidates (choice among a bank only)
    calibration.json     temperature, threshold with its cost, abstention, conformal quantile
    data.json            how to get the same rows again (no records)
    gate.json            what the gate found in them: counts and row numbers
    metrics.json         losses and validation results
    losses.jsonl         one line a step
    card.md              the same for people
    manifest.json        sha256 of every other file, versions, seeds, machine
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .errors import RunError
from .task import Field, Schema, Task

__all__ = [
    "check_files",
    "claim",
    "claim_only_checks",
    "fingerprint_template",
    "publish",
    "read_json",
    "schema_from_dict",
    "schema_to_dict",
    "sha256_file",
    "write_json",
    "write_manifest",
]

TEMPLATE = 1
"""Raised when records are rendered in another way."""


def sha256_file(path: Path) -> str:
    """sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Write JSON under a temporary name, then rename: a reader never sees half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, path)


def read_json(path: Path) -> Any:
    """Read a JSON file of a run.

    Raises:
        RunError: missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"The run {str(path.parent)!r} has no {path.name}; name the folder that `tune` wrote.") from None
    except (ValueError, OSError) as error:
        raise RunError(f"{str(path)!r} is not readable JSON ({error}); restore the run or tune again.") from error


def schema_to_dict(schema: Schema) -> dict[str, Any]:
    """A schema as plain values."""
    return asdict(schema)


def schema_from_dict(content: Mapping[str, Any]) -> Schema:
    """A schema from plain values."""
    plain = dict(content)
    plain["fields"] = tuple(Field(**one) for one in plain["fields"])
    plain["labels"] = tuple(plain.get("labels", ()))
    plain["kept"] = tuple(plain.get("kept", ()))
    return Schema(**plain)


def fingerprint_template(description: Mapping[str, Any]) -> str:
    """sha256 of what turns a record into a sequence and scores into labels: fields, order, labels, codes, pooling."""
    keys = ("task", "version", "kind", "schema", "codec", "template", "max_tokens", "pooling", "specials", "tokenizer")
    text = json.dumps({key: description.get(key) for key in keys}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def claim_only_checks(out: str | Path, *, resume: bool, overwrite: bool) -> tuple[Path, Path]:
    """What `claim` refuses without touching anything: asked first, before rows are read.

    Raises:
        RunError: something stands there already, or nothing can be resumed.
    """
    final = Path(out)
    if final.name in ("", ".."):
        raise RunError(f"{str(out)!r} names no folder to write; name a new one with --out, such as runs/first.")
    work = final.with_name(final.name + ".partial")
    if final.exists() and not overwrite:
        raise RunError(f"{str(final)!r} exists already; name another --out, or add --overwrite to replace it.")
    if work.exists() and not (resume or overwrite):
        raise RunError(
            f"{str(work)!r} holds an unfinished run; add --resume to go on with it, or --overwrite to start afresh."
        )
    if resume and not work.exists():
        raise RunError(f"There is no unfinished run {str(work)!r} to resume; leave --resume out to start one.")
    return final, work


def claim(out: str | Path, *, resume: bool, overwrite: bool) -> tuple[Path, Path]:
    """Decide where a run is written: (final folder, working folder beside it), and make the latter.

    Raises:
        RunError: something stands there already, nothing can be resumed, or the place cannot be written.
    """
    final, work = claim_only_checks(out, resume=resume, overwrite=overwrite)
    if overwrite and not resume and work.exists():
        shutil.rmtree(work)
    try:
        work.mkdir(parents=True, exist_ok=True)
        probe = work / ".probe"
        probe.write_bytes(b"0")
        probe.unlink()
    except OSError as error:
        raise RunError(
            f"The run cannot be written to {str(final)!r} ({error.strerror}); name a writable --out."
        ) from error
    return final, work


def write_manifest(folder: Path, facts: Mapping[str, Any], without: tuple[str, ...] = ()) -> None:
    """List every file but some with its sha256 and size beside the facts of the run."""
    files = {
        str(path.relative_to(folder)): {"sha256": sha256_file(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", *without)
    }
    write_json(folder / "manifest.json", {"manifest": 1, **facts, "files": files})


def publish(work: Path, final: Path) -> None:
    """Rename the finished run into place; what stood there goes only once the new one is complete."""
    old = final.with_name(final.name + ".replaced")
    if final.exists():
        if old.exists():
            shutil.rmtree(old)
        os.replace(final, old)
    os.replace(work, final)
    if old.exists():
        shutil.rmtree(old)


def check_files(folder: str | Path) -> dict[str, Any]:
    """Compare every file of a run with its manifest and return the manifest.

    Raises:
        RunError: no run, an unfinished run, or a file that is missing, truncated or altered.
    """
    folder = Path(folder)
    if not folder.is_dir():
        unfinished = folder.with_name(folder.name + ".partial").is_dir()
        tail = (
            "an unfinished one is there: resume it with `tune --resume`"
            if unfinished
            else "name a folder that `tune` wrote"
        )
        raise RunError(f"There is no run {str(folder)!r}; {tail}.")
    manifest: dict[str, Any] = read_json(folder / "manifest.json")
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise RunError(f"{str(folder / 'manifest.json')!r} lists no files; restore the run or tune again.")
    for name, said in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise RunError(f"The run {str(folder)!r} lacks its file {name!r}; restore it or tune again.")
        if path.stat().st_size != said["bytes"] or sha256_file(path) != said["sha256"]:
            raise RunError(
                f"The file {name!r} of the run {str(folder)!r} is not the one that tuning wrote "
                f"({path.stat().st_size:,} bytes, expected {said['bytes']:,} with sha256 {said['sha256'][:12]}…); "
                "restore it or tune again."
            )
    return manifest


def check_task_version(task: Task, description: Mapping[str, Any], folder: Path) -> None:
    """Refuse a run that was made for another version of the task.

    Raises:
        RunError: with both versions.
    """
    if description["version"] != task.version or description["kind"] != task.kind:
        raise RunError(
            f"The run {str(folder)!r} was made for {task.name} {description['version']} ({description['kind']}), but "
            f"{task.version} ({task.kind}) is installed; tune again or install the domain's older version."
        )
