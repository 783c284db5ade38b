"""The cards: each can be read, names files that are what it says, and leads to a command that runs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from verticals.core.errors import DataError
from verticals.core.registry import load_task
from verticals.core.run import sha256_file
from verticals.datasets.catalogue import CARDS, Card, find_card, list_cards, read_card
from verticals.datasets.fetch import get
from verticals.datasets.source import read_records
from verticals.datasets.table import read_table

Command = Callable[..., tuple[int, str, str]]
CARD = """
name = "toy"
title = "Toys"
field = "finance"
paper = "none"
licence = "MIT"
language = ["en"]
rows = { train = 3 }
fields = ["a"]
split = "none"
leaks = []
origin = ["https://example.org"]
folder = "toy"
"""


def test_there_are_enough_sets_of_every_field() -> None:
    cards = list_cards()
    assert len(cards) >= 25
    for field in ("medicine", "education", "finance"):
        assert sum(card.field == field for card in cards) >= 5
    assert len({card.name for card in cards}) == len(cards) == len(list(CARDS.glob("*.toml")))


@pytest.mark.parametrize("card", list_cards(), ids=lambda card: card.name)
def test_a_card_says_what_is_needed(card: Card) -> None:
    assert card.title
    assert card.paper
    assert card.licence
    assert card.origin or card.hub
    assert all(one.startswith("https://") for one in card.origin)
    for one in card.files:
        assert len(one.sha256) in (0, 64)
        assert not one.address or one.address.startswith("https://")
        assert "/" not in one.name
    if card.task:
        readers = {reader.name for reader in load_task(card.task).readers}
        assert not card.reader or card.reader in readers


@pytest.mark.parametrize("card", list_cards(), ids=lambda card: card.name)
def test_files_are_those_of_the_card(card: Card, shared_data: Path) -> None:
    there = [one for one in card.files if (shared_data / card.folder / one.name).is_file()]
    if not there:
        pytest.skip(f"the public files of {card.name} are not here")
    for one in there:
        path = shared_data / card.folder / one.name
        assert sha256_file(path) == one.sha256
        assert path.stat().st_size == one.bytes


def test_every_set_at_hand_has_a_card(shared_data: Path) -> None:
    if not shared_data.is_dir():
        pytest.skip("the public data sets are not here")
    assert {one.name for one in shared_data.iterdir() if one.is_dir()} <= {card.folder for card in list_cards()}


ROWS = ["banking77", "german_credit", "heart_918", "mz10", "symptom2disease", "bbbp", "gsm8k", "mrbench", "bridge"]


@pytest.mark.parametrize("name", ROWS)
def test_a_set_loads_from_the_mirror_with_the_rows_of_its_card(name: str, shared_data: Path, tmp_path: Path) -> None:
    card = find_card(name)
    if not (shared_data / card.folder).is_dir():
        pytest.skip(f"the public files of {name} are not here")
    got = get(card, tmp_path, mirror=shared_data, progress=False)
    assert {one.way for one in got} == {"mirror"}
    for part, rows in card.rows.items():
        path = next(tmp_path / one.name for one in card.files if one.part == part)
        frame = read_records(load_task(card.task), path, card.reader) if card.task else read_table(path)
        assert len(frame) == rows
        assert not card.label or card.label in frame.columns


def test_a_name_is_guessed() -> None:
    with pytest.raises(DataError, match=r"no set 'bankng77'.*Did you mean 'banking77'"):
        find_card("bankng77")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("paper", "papr"), "has the key 'papr'. Did you mean 'paper'"),
        (('paper = "none"\n', ""), "lacks paper"),
        (('"finance"', '"farming"'), "of the field 'farming'; allowed is medicine"),
        (('name = "toy"', 'name = "doll"'), "is named 'doll' inside"),
        (("= [", "= ["), ""),
        (("{ train", "{ train ="), "cannot be read"),
    ],
)
def test_a_faulty_card_is_a_sentence(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = tmp_path / "toy.toml"
    path.write_text(CARD.replace(*change))
    if not said:
        assert read_card(path).rows == {"train": 3}
        return
    with pytest.raises(DataError) as caught:
        read_card(path)
    assert said in str(caught.value)


def test_the_commands(command: Command, shared_data: Path, tmp_path: Path) -> None:
    status, out, _ = command("data", "list", "--field", "finance")
    assert status == 0
    assert "banking77" in out
    assert "mrbench" not in out
    assert len(json.loads(command("data", "list", "--json").out)) == len(list_cards())  # type: ignore[attr-defined]
    assert command("data", "list", "--field", "law")[0] == 2
    status, out, _ = command("data", "show", "bridge")
    assert status == 0
    assert "! 94 of 210 test rows have the conversation of a train row" in out
    assert "870fa10d299711d315718d1995f234988582d7168fa9c054c267ededd89ba260" in out
    assert command("data", "show", "brdge")[0] == 2
    if not (shared_data / "heart_918").is_dir():
        return
    status, out, _ = command("data", "get", "heart_918", "--out", tmp_path / "h", "--mirror", shared_data, "--quiet")
    assert status == 0
    following = out.splitlines()[-1].removeprefix("Next: verticals ")
    status, out, _ = command(*shlex.split(following))
    assert status == 0
    assert "918 rows" in out
