"""Cards of public data sets: where they come from, what they hold, what is wrong with them, and how to get them.

    card = find_card("banking77")
    card.leaks          # ("25 texts stand in train and test but for case and marks",)
    card.next_command("data/banking77")

A card is a TOML file in `cards/`. Every figure in it was counted in the file whose sha256 stands beside it, or stands in
the paper that it names.
"""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from ..core.errors import DataError, guess

__all__ = ["FIELDS", "Card", "CardFile", "find_card", "list_cards", "read_card"]

FIELDS = ("medicine", "education", "finance")
CARDS = Path(__file__).with_name("cards")


@dataclass(frozen=True)
class CardFile:
    """One file of a set."""

    name: str
    part: str
    """train, validation, test, or what else it is."""
    address: str = ""
    """Where it can be fetched; empty where there is no fixed address."""
    bytes: int | None = None
    sha256: str = ""
    """Empty where nobody has fetched it for the card."""


@dataclass(frozen=True)
class Card:
    """What is known of a public data set."""

    name: str
    title: str
    field: str
    """One of `FIELDS`."""
    paper: str
    licence: str
    """As its origin states it."""
    language: tuple[str, ...]
    rows: Mapping[str, int]
    """Part -> rows."""
    fields: tuple[str, ...]
    split: str
    """The official one, in words."""
    leaks: tuple[str, ...]
    """What a score on it would hide."""
    origin: tuple[str, ...]
    """Pages to read, and where files without an address are."""
    folder: str
    """Its folder in a mirror."""
    task: str = ""
    reader: str = ""
    label: str = ""
    positive: str = ""
    ignore: tuple[str, ...] = ()
    unit: str = "rows"
    remarks: tuple[str, ...] = ()
    hub: str = ""
    """Id on the Hugging Face hub."""
    files: tuple[CardFile, ...] = ()

    @property
    def fetched(self) -> bool:
        """Whether `get` can fetch it from an address or the hub, without a mirror."""
        return bool(self.hub) or (bool(self.files) and all(one.address for one in self.files))

    def next_command(self, folder: str | Path) -> str:
        """What to type once the files are in a folder."""
        place = {one.part: str(Path(folder) / one.name) for one in self.files}
        data = place.get("train") or place.get("test") or str(folder)
        words = ["verticals", "data", "check", data]
        if (
            "train" in place
            and "test" in place
            and Path(place["test"]).suffix == Path(data).suffix
            and self.split_is_file
        ):
            words += ["--test", place["test"]]
        if self.task:
            words += ["--task", self.task]
        if self.reader:
            words += ["--reader", self.reader]
        own = self.reader and self.task and self.label in ("outcome", "condition", "Mistake_Identification", "answer")
        if self.label and not own:
            words += ["--label", self.label]
        if self.positive:
            words += ["--positive", self.positive]
        for name in self.ignore:
            words += ["--ignore", name]
        return shlex.join(words)

    @property
    def split_is_file(self) -> bool:
        """Whether the test file holds rows, not ids."""
        return "ids" not in self.split


@cache
def list_cards() -> tuple[Card, ...]:
    """All cards, by field and name."""
    cards = [read_card(path) for path in sorted(CARDS.glob("*.toml"))]
    return tuple(sorted(cards, key=lambda card: (FIELDS.index(card.field), card.name)))


def find_card(name: str) -> Card:
    """The card of a set.

    Raises:
        DataError: there is none of this name.
    """
    known = {card.name: card for card in list_cards()}
    if name not in known:
        raise DataError(f"The catalogue has no set {name!r}. {guess(name, known)}")
    return known[name]


def read_card(path: Path) -> Card:
    """Read and check a card.

    Raises:
        DataError: not TOML, a key that is unknown or lacking, or a value of another type.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"The card {path.name} cannot be read ({error}); mend or remove it.") from None
    files = tuple(_made(CardFile, one, path) for one in said.pop("files", ()))
    card: Card = _made(Card, {**said, "files": files}, path)
    if card.field not in FIELDS:
        raise DataError(f"The card {path.name} is of the field {card.field!r}; allowed is {', '.join(FIELDS)}.")
    if card.name != path.stem:
        raise DataError(f"The card {path.name} is named {card.name!r} inside; the two must agree.")
    return card


def _made(kind: Any, said: Mapping[str, Any], path: Path) -> Any:
    known = {one.name: one for one in fields(kind)}
    unknown = [key for key in said if key not in known]
    if unknown:
        raise DataError(f"The card {path.name} has the key {unknown[0]!r}. {guess(unknown[0], known)}")
    needed = [one.name for one in known.values() if one.default is MISSING and one.default_factory is MISSING]
    lacking = [name for name in needed if name not in said]
    if lacking:
        raise DataError(f"The card {path.name} lacks {', '.join(lacking)}; add it.")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in said.items()})
