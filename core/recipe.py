"""Every setting of one tuning run: one dataclass, TOML in and out, also the command line's `--set name=value`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from .errors import RecipeError, guess

__all__ = ["Recipe", "read_recipe", "recipe_from_dict", "with_settings"]


@dataclass(frozen=True)
class Recipe:
    """How one run is tuned. 0 or "auto" means: derived from the data when tuning starts, and written down."""

    backbone: str = "minilm"
    """minilm (embedded), a local folder, or a hub id such as Qwen/Qwen3-0.6B."""
    depth: int = 0
    """Layers of the backbone that are used, counted from the input; 0: all, or the first half where no field is text."""
    rank: int = 16
    """Rank of the LoRA matrices."""
    alpha: int = 32
    """LoRA scale: the update is multiplied by alpha / rank (alpha / sqrt(rank) with rslora)."""
    lora_dropout: float = 0.0
    """Dropout before the LoRA matrices, in [0, 1)."""
    targets: str = "all-linear"
    """Modules that get LoRA: all-linear, or names joined by commas, such as query,value."""
    layers: str = "all"
    """Layers that get LoRA: all, or numbers and ranges such as 3-5 or 0,2,4."""
    rslora: bool = False
    """Rank-stabilised scale (Kalajdzievski 2023); worth it above rank 16."""
    dora: bool = False
    """Weight-decomposed LoRA (Liu et al. 2024); excludes batches that mix runs."""
    dropout: float = 0.1
    """Dropout on the pooled vector before the head, in [0, 1)."""
    field_dropout: float = 0.1
    """Share of the numbers and categories that are hidden (shown as missing) in a training step, in [0, 1)."""
    epochs: float = 0
    """Passes over the training rows; 0: by the number of rows."""
    learning_rate: float = 0
    """Peak learning rate of LoRA, record tokens and head; 0: by the kind of data."""
    warmup: float = 0.1
    """Share of the steps in which the learning rate rises; then it falls to zero along a cosine."""
    weight_decay: float = 0.01
    """Decoupled weight decay (AdamW)."""
    batch_rows: int = 0
    """Rows per optimizer step; 0: by the number of rows."""
    batch_tokens: int = 0
    """Tokens (padding included) that one forward pass may hold, a step above it is accumulated; 0: 2,048 on a CPU, whose
    cache it fits, 32,768 on a GPU."""
    max_tokens: int = 256
    """Longest sequence in tokens; longer text is cut, and the cuts are counted."""
    label_smoothing: float = 0.0
    """Share of the target mass spread over the other labels, in [0, 1)."""
    bins: int = 12
    """Quantile bins of the piecewise-linear code of a number."""
    patience: int = 4
    """Validations without a better loss before tuning stops; 0: never stop early."""
    refit: Literal["auto", "yes", "no"] = "auto"
    """Tune once more on training and validation rows together, after validation has fixed passes and calibration; auto: for
    tables without text of fewer than 3,000 rows."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Of the matrix products in tuning; auto: bf16 where the hardware has it. Scoring on a CPU is always fp32."""
    checkpoint_steps: int = 50
    """Optimizer steps between two checkpoints for resuming."""
    threads: int = 0
    """CPU threads; 0: all cores for a lone process, one in a worker of several."""
    tracker: Literal["none", "tensorboard", "mlflow", "wandb"] = "none"
    """Where losses are also sent, if that library is installed."""
    seed: int = 0
    """Seed of initial weights, order and dropout."""

    def __post_init__(self) -> None:
        """Check each value; every fault is told at once.

        Raises:
            RecipeError: with all faults in one message.
        """
        faults = [text for wrong, text in self._faults() if wrong]
        if faults:
            raise RecipeError("The recipe cannot be used: " + "; ".join(faults) + ".")

    def _faults(self) -> list[tuple[bool, str]]:
        unit, amount = "must be at least 0 and below 1", "must be a number of at least 0"
        return [
            (self.rank < 1, f"rank is {self.rank} and must be at least 1"),
            (self.alpha < 1, f"alpha is {self.alpha} and must be at least 1"),
            (not 0 <= self.lora_dropout < 1, f"lora_dropout is {self.lora_dropout} and {unit}"),
            (not 0 <= self.dropout < 1, f"dropout is {self.dropout} and {unit}"),
            (not 0 <= self.label_smoothing < 1, f"label_smoothing is {self.label_smoothing} and {unit}"),
            (self.depth < 0, f"depth is {self.depth} and must not be negative (0: by the fields)"),
            (not 0 <= self.field_dropout < 1, f"field_dropout is {self.field_dropout} and {unit}"),
            (not 0 <= self.warmup < 1, f"warmup is {self.warmup} and {unit}"),
            (not 0 <= self.epochs < inf, f"epochs is {self.epochs} and {amount} (0: by the number of rows)"),
            (not 0 <= self.learning_rate < inf, f"learning_rate is {self.learning_rate} and {amount}"),
            (not 0 <= self.weight_decay < inf, f"weight_decay is {self.weight_decay} and {amount}"),
            (self.batch_rows < 0, f"batch_rows is {self.batch_rows} and must not be negative"),
            (self.max_tokens < 8, f"max_tokens is {self.max_tokens} and must be at least 8"),
            (
                0 < self.batch_tokens < self.max_tokens or self.batch_tokens < 0,
                f"batch_tokens is {self.batch_tokens} and must be 0 or hold one row of max_tokens={self.max_tokens}",
            ),
            (not 2 <= self.bins <= 256, f"bins is {self.bins} and must lie between 2 and 256"),
            (self.patience < 0, f"patience is {self.patience} and must not be negative"),
            (self.checkpoint_steps < 1, f"checkpoint_steps is {self.checkpoint_steps} and must be at least 1"),
            (self.threads < 0, f"threads is {self.threads} and must not be negative"),
            (self.seed < 0, f"seed is {self.seed} and must not be negative"),
        ]

    def to_toml(self) -> str:
        """Write every setting, one a line."""
        return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in asdict(self).items())

    def difference(self, other: Recipe) -> list[str]:
        """Settings that differ, as `name: mine -> theirs`."""
        mine, theirs = asdict(self), asdict(other)
        return [f"{name}: {mine[name]} -> {theirs[name]}" for name in mine if mine[name] != theirs[name]]


def _converted(name: str, value: Any, kind: Any) -> Any:
    """Turn a TOML value or a word of the command line into the field's type; never guess (`bool('no')` is True)."""
    choices = get_args(kind)
    if choices:
        if value in choices:
            return value
        raise RecipeError(f"The recipe sets {name} to {value!r}; allowed is one of {', '.join(map(repr, choices))}.")
    if kind is bool:
        words = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }
        found = value if isinstance(value, bool) else words.get(str(value).lower())
        if found is None:
            raise RecipeError(f"The recipe sets {name} to {value!r}; allowed is true or false.")
        return found
    try:
        if isinstance(value, bool):
            raise ValueError
        return kind(value) if kind is not int else int(str(value))
    except ValueError:
        wanted = {"int": "a whole number", "float": "a number"}.get(kind.__name__, kind.__name__)
        raise RecipeError(f"The recipe sets {name} to {value!r}; allowed is {wanted}.") from None


def with_settings(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """Change some settings by name.

    Raises:
        RecipeError: an unknown name, or a value that is not allowed.
    """
    kinds = get_type_hints(Recipe)
    for name in settings:
        if name not in kinds:
            raise RecipeError(f"No setting is called {name!r}. {guess(name, (f.name for f in fields(Recipe)))}")
    return replace(recipe, **{name: _converted(name, value, kinds[name]) for name, value in settings.items()})


def recipe_from_dict(settings: Mapping[str, Any]) -> Recipe:
    """Make a recipe of named settings; the rest keep their defaults."""
    return with_settings(Recipe(), settings)


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe from a TOML file.

    Raises:
        RecipeError: the file is missing, is not TOML, or holds an unknown setting.
    """
    try:
        settings = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"There is no recipe file {str(path)!r}; name an existing TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise RecipeError(f"The recipe file {str(path)!r} cannot be read as TOML: {error}. Mend that line.") from error
    return recipe_from_dict(settings)
