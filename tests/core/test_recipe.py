"""The recipe: TOML in and out, words of the command line, and faults that are told all at once."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verticals.core.errors import RecipeError
from verticals.core.recipe import Recipe, read_recipe, recipe_from_dict, with_settings

share = st.floats(0, 0.99, allow_nan=False)
recipes = st.builds(
    Recipe,
    backbone=st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20),
    rank=st.integers(1, 512),
    alpha=st.integers(1, 512),
    dropout=share,
    label_smoothing=share,
    rslora=st.booleans(),
    dora=st.booleans(),
    epochs=st.floats(0, 100),
    learning_rate=st.floats(0, 1),
    batch_rows=st.integers(0, 4096),
    max_tokens=st.integers(8, 4096),
    precision=st.sampled_from(["auto", "fp32", "bf16"]),
    tracker=st.sampled_from(["none", "tensorboard", "mlflow", "wandb"]),
    seed=st.integers(0, 2**31),
)


@given(recipes)
def test_toml_and_back(recipe: Recipe) -> None:
    content = tomllib.loads(recipe.to_toml())
    assert set(content) == {one.name for one in fields(Recipe)}
    assert recipe_from_dict(content) == recipe


def test_a_file_and_back(tmp_path: Path) -> None:
    recipe = Recipe(backbone='a "quoted" \\ folder\twith ü', rank=7, dora=True, learning_rate=1e-5)
    (tmp_path / "recipe.toml").write_text(recipe.to_toml(), encoding="utf-8")
    assert read_recipe(tmp_path / "recipe.toml") == recipe


def test_words_of_the_command_line() -> None:
    said = {"rank": "8", "epochs": "2.5", "rslora": "yes", "dora": "False", "precision": "fp32", "backbone": "./x"}
    recipe = with_settings(Recipe(), said)
    assert (recipe.rank, recipe.epochs, recipe.rslora, recipe.dora) == (8, 2.5, True, False)
    assert (recipe.precision, recipe.backbone) == ("fp32", "./x")
    assert with_settings(recipe, {}) == recipe


@pytest.mark.parametrize("word", ["no", "off", "0", "false", "FALSE"])
def test_a_switch_does_not_lie(word: str) -> None:
    assert with_settings(Recipe(rslora=True), {"rslora": word}).rslora is False


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("rank", "8.5", "rank to '8.5'; allowed is a whole number"),
        ("rank", 8.5, "allowed is a whole number"),
        ("rank", True, "allowed is a whole number"),
        ("epochs", "many", "epochs to 'many'; allowed is a number"),
        ("rslora", "maybe", "allowed is true or false"),
        ("precision", "fp16", "allowed is one of 'auto', 'fp32', 'bf16'"),
        ("tracker", "excel", "'none', 'tensorboard', 'mlflow', 'wandb'"),
        ("ranc", 8, "No setting is called 'ranc'. Did you mean 'rank'"),
    ],
)
def test_a_value_that_is_not_allowed(name: str, value: object, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        with_settings(Recipe(), {name: value})
    assert says in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe(rank=0, dropout=1.0, bins=1, max_tokens=4, patience=-1, batch_tokens=-5)
    for words in (
        "rank is 0",
        "dropout is 1.0",
        "bins is 1",
        "max_tokens is 4",
        "patience is -1",
        "batch_tokens is -5",
    ):
        assert words in str(caught.value)


def test_a_pass_must_hold_one_row() -> None:
    with pytest.raises(RecipeError, match="batch_tokens is 100 and must be 0 or hold one row of max_tokens=256"):
        Recipe(batch_tokens=100)
    assert Recipe(batch_tokens=256).batch_tokens == 256


def test_difference() -> None:
    assert Recipe().difference(Recipe()) == []
    assert Recipe().difference(Recipe(rank=4, seed=1)) == ["rank: 16 -> 4", "seed: 0 -> 1"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="There is no recipe file"):
        read_recipe(tmp_path / "absent.toml")
    for content in (b"rank = ", b"rank = 1\nrank = 2\n", b"\xff\xfe", b"[section"):
        (tmp_path / "bad.toml").write_bytes(content)
        with pytest.raises(RecipeError, match="cannot be read as TOML"):
            read_recipe(tmp_path / "bad.toml")
    with pytest.raises(RecipeError, match="cannot be read as TOML"):
        read_recipe(tmp_path)
    (tmp_path / "table.toml").write_text("[lora]\nrank = 4\n")
    with pytest.raises(RecipeError, match="No setting is called 'lora'"):
        read_recipe(tmp_path / "table.toml")


def test_it_is_small_and_every_field_is_explained() -> None:
    source = Path(__file__).parents[2].joinpath("core", "recipe.py").read_text(encoding="utf-8")
    names = list(asdict(Recipe()))
    assert len(names) <= 27
    body = source[source.index("class Recipe") :]
    for name in names:
        at = body.index(f"\n    {name}: ")
        assert body[at:].splitlines()[2].lstrip().startswith('"""'), f"{name} has no docstring under it"
