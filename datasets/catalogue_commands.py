"""`verticals data list`, `show` and `get`: public data sets by their cards."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .catalogue import Card

__all__ = ["get", "list_sets", "show"]

Name = Annotated[str, typer.Argument(help="Set, as `verticals data list` names it.")]


def list_sets(
    field: Annotated[str | None, typer.Option(help="Only medicine, education or finance.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the public data sets of the catalogue."""
    from ..core.errors import DataError
    from .catalogue import FIELDS, list_cards

    if field is not None and field not in FIELDS:
        raise DataError(f"There is no field {field!r}; allowed is {', '.join(FIELDS)}.")
    cards = [card for card in list_cards() if field in (None, card.field)]
    if json_:
        typer.echo(json.dumps([asdict(card) for card in cards], ensure_ascii=False, indent=2))
        return
    width = max(len(card.name) for card in cards)
    for card in cards:
        size = "/".join(f"{count:,}" for count in card.rows.values()) or "?"
        leaks = f"  {len(card.leaks)} known leak{'s' if len(card.leaks) > 1 else ''}" if card.leaks else ""
        typer.echo(f"{card.field:<10} {card.name:<{width}}  {size:>16}  {card.title}{leaks}")
    typer.echo(f"{len(cards)} sets. Next: verticals data show {cards[0].name}")


def show(name: Name, json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show the card of a set: origin, licence, rows, split, and what is wrong with it."""
    from .catalogue import find_card

    card = find_card(name)
    typer.echo(json.dumps(asdict(card), ensure_ascii=False, indent=2) if json_ else _text(card))


def _text(card: Card) -> str:
    lines = [card.title, ""]
    lines += [f"! {one}" for one in card.leaks]
    rows = ", ".join(f"{part} {count:,}" for part, count in card.rows.items())
    facts = {
        "field": card.field,
        "task": card.task,
        "paper": card.paper,
        "origin": " ".join(card.origin),
        "licence": card.licence,
        "language": ", ".join(card.language),
        card.unit: rows,
        "fields": ", ".join(card.fields),
        "label": card.label,
        "split": card.split,
        "hub": card.hub,
    }
    lines += [f"{key:<10} {value}" for key, value in facts.items() if value]
    lines += [f"{'remark':<10} {one}" for one in card.remarks]
    for one in card.files:
        size = "" if one.bytes is None else f"{one.bytes:,} bytes, "
        lines.append(f"{'file':<10} {one.name} ({one.part}): {size}sha256 {one.sha256 or 'not known'}")
        lines.append(f"{'':<10} {one.address or 'no address; name a mirror'}")
    lines += ["", f"Next: verticals data get {card.name} --out data/{card.name}"]
    return "\n".join(lines)


def get(
    name: Name,
    out: Annotated[str | None, typer.Option(help="Folder to bring the files into; by default data/NAME.")] = None,
    mirror: Annotated[
        str | None, typer.Option(help="Folder with one folder for each set, asked before any address (VERTICALS_DATA).")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Fetch the files of a set: from the mirror first, then from their address; each proved by its sha256."""
    from .catalogue import find_card
    from .fetch import get as fetch

    card = find_card(name)
    folder = out or f"data/{card.name}"
    done = fetch(card, folder, mirror=mirror, progress=not quiet, say=lambda text: typer.echo(text, err=True))
    for one in done:
        said = "as the card says" if one.known else "which no card confirms, so it was written beside the file"
        typer.echo(f"{one.path}: sha256 {one.sha256[:16]}…, {said}")
    for leak in card.leaks:
        typer.echo(f"! {leak}")
    typer.echo(f"Next: {card.next_command(folder)}")
