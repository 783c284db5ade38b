"""What a user says of the columns, in a call or in a TOML file; it wins over the task and over recognition.

label = "BAD"                                   # fields.toml
positive = "1"
group = "customer"
ignore = ["comment_internal"]

[fields]
note = "text"
amount = { kind = "number", unit = "EUR", low = 0 }
sex = { kind = "category", protected = true }
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, get_args

from ..core.errors import DataError, guess
from ..core.task import Field, FieldKind

__all__ = ["Options", "make_options", "options_from_dict", "options_to_dict"]

KINDS: tuple[str, ...] = get_args(FieldKind)
TOP_LEVEL = ("label", "positive", "group", "time", "ignore", "fields")
FIELD_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "unit": (str,),
    "low": (int, float),
    "high": (int, float),
    "title": (str,),
    "required": (bool,),
    "protected": (bool,),
}


@dataclass(frozen=True)
class Options:
    """What the user declared; empty where they said nothing."""

    label: str | None = None
    """Column with the truth."""
    positive: str | None = None
    """The label that is looked for."""
    group: str | None = None
    """Column whose values stay on one side of the split."""
    time: str | None = None
    """Column that orders the rows."""
    ignore: tuple[str, ...] = ()
    """Columns that are carried along but not read."""
    fields: tuple[Field, ...] = ()
    """Columns whose kind is declared."""

    @property
    def named(self) -> tuple[str, ...]:
        """Every column that is named here."""
        single = [name for name in (self.label, self.group, self.time) if name is not None]
        return (*single, *self.ignore, *(field.name for field in self.fields))


def make_options(
    *,
    label: str | None = None,
    positive: str | None = None,
    group: str | None = None,
    time: str | None = None,
    ignore: Sequence[str] = (),
    kinds: Mapping[str, Sequence[str]] | None = None,
    toml: str | Path | None = None,
) -> Options:
    """Join what was said in the call with a TOML file; the call wins.

    Args:
        label, positive, group, time, ignore: as in `Options`.
        kinds: kind (text, number, category, set) -> names of columns.
        toml: path of a file as shown at the top of this module.

    Raises:
        DataError: an unreadable file, an unknown key or kind, or a column that is said to be two things.
    """
    said: dict[str, str] = {}
    for kind, names in (kinds or {}).items():
        for name in _listed(names, kind):
            _claim(said, name, kind)
    for name in _listed(ignore, "ignore"):
        _claim(said, name, "ignore")
    base = _read_toml(Path(toml)) if toml is not None else Options()
    kept = {field.name: field for field in base.fields if said.get(field.name) != "ignore"}
    for name, kind in said.items():
        if kind != "ignore":
            old = kept.get(name)
            kept[name] = replace(old, kind=kind) if old else Field(name, kind)  # type: ignore[arg-type]
    ignored = [name for name, kind in said.items() if kind == "ignore"]
    ignored += [name for name in base.ignore if name not in said]
    options = Options(
        label=label if label is not None else base.label,
        positive=str(positive) if positive is not None else base.positive,
        group=group if group is not None else base.group,
        time=time if time is not None else base.time,
        ignore=tuple(ignored),
        fields=tuple(kept.values()),
    )
    if options.label is not None and options.label in {*options.ignore, *kept}:
        raise DataError(
            f"The column {options.label!r} is named as the label and as something else; the label is never a field, "
            "so name it once."
        )
    return options


def _listed(names: Sequence[str], what: str) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _claim(said: dict[str, str], name: str, kind: str) -> None:
    if said.setdefault(name, kind) != kind:
        raise DataError(f"The column {name!r} is named both as {said[name]} and as {kind}; name it once.")


def _read_toml(path: Path) -> Options:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"There is no file {str(path)!r} that declares fields; check its name.") from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{str(path)!r} is not valid TOML ({error}); mend that place.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{str(path)!r} cannot be read ({error}); save it as UTF-8 text.") from None
    for key in content:
        if key not in TOP_LEVEL:
            raise DataError(f"{str(path)!r} has the key {key!r}, which means nothing here. {guess(key, TOP_LEVEL)}")
    for key in ("label", "positive", "group", "time"):
        if not isinstance(content.get(key, ""), str):
            raise DataError(f"{key} in {str(path)!r} is {content[key]!r}; write it in quotes, as text.")
    ignore = content.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(name, str) for name in ignore):
        raise DataError(f'ignore in {str(path)!r} is {ignore!r}; write a list of names, such as ["id"].')
    declared = content.get("fields", {})
    if not isinstance(declared, dict):
        raise DataError(f"fields in {str(path)!r} is {declared!r}; write a table that begins with [fields].")
    fields = tuple(_toml_field(name, value, path) for name, value in declared.items())
    both = sorted({field.name for field in fields} & set(ignore))
    if both:
        raise DataError(f"The column {both[0]!r} is declared and ignored in {str(path)!r}; keep one of the two.")
    return Options(
        **{key: content.get(key) for key in ("label", "positive", "group", "time")},
        ignore=tuple(ignore),
        fields=fields,
    )


def _toml_field(name: str, value: Any, path: Path) -> Field:
    entry = {"kind": value} if isinstance(value, str) else value
    if not isinstance(entry, dict) or "kind" not in entry:
        raise DataError(
            f'The field {name!r} in {str(path)!r} has no kind; write {name} = "number" or '
            f'{name} = {{ kind = "number" }}.'
        )
    for key, content in entry.items():
        if key not in FIELD_TYPES:
            raise DataError(f"The field {name!r} in {str(path)!r} has the key {key!r}. {guess(key, FIELD_TYPES)}")
        if not isinstance(content, FIELD_TYPES[key]) or (isinstance(content, bool) and bool not in FIELD_TYPES[key]):
            wanted = " or ".join(kind.__name__ for kind in FIELD_TYPES[key])
            raise DataError(f"{key} of the field {name!r} in {str(path)!r} is {content!r}; it must be {wanted}.")
    if entry["kind"] not in KINDS:
        raise DataError(
            f"The field {name!r} in {str(path)!r} has the kind {entry['kind']!r}. {guess(entry['kind'], KINDS)}"
        )
    bounds = {key: float(entry[key]) for key in ("low", "high") if key in entry}
    if bounds.get("low", float("-inf")) > bounds.get("high", float("inf")):
        raise DataError(f"The field {name!r} in {str(path)!r} has low above high; swap them.")
    return Field(name=name, **{**entry, **bounds})


def options_to_dict(options: Options) -> dict[str, Any]:
    """Plain values for JSON; what was left empty is left out."""
    content = {key: value for key, value in asdict(options).items() if value not in (None, ())}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in content.items()}


def options_from_dict(content: Mapping[str, Any]) -> Options:
    """Options from plain values."""
    plain = {key: value for key, value in content.items() if key in {f.name for f in dataclass_fields(Options)}}
    plain["fields"] = tuple(Field(**one) for one in plain.get("fields", ()))
    plain["ignore"] = tuple(plain.get("ignore", ()))
    return Options(**plain)
