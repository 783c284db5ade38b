"""Attach, save and load LoRA adapters through peft, in peft's own format."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

from .backbone import Backbone
from .errors import RecipeError, RunError
from .recipe import Recipe

__all__ = ["attach_adapter", "layer_numbers", "load_adapter", "save_adapter"]

UPSTREAM = {"minilm": "sentence-transformers/all-MiniLM-L6-v2"}
"""What other software calls a backbone that is embedded here."""


def layer_numbers(text: str, layers: int) -> list[int] | None:
    """Read `all`, `3-5` or `0,2,4` into layer numbers; None is all.

    Raises:
        RecipeError: not of that form, or outside the backbone's layers.
    """
    if text == "all":
        return None
    numbers: list[int] = []
    for part in text.split(","):
        if not (match := re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)):
            raise RecipeError(
                f"The recipe sets layers to {text!r}; allowed is 'all', or numbers and ranges such as 3-5."
            )
        numbers += range(int(match[1]), int(match[2] or match[1]) + 1)
    if not numbers or max(numbers) >= layers:
        raise RecipeError(f"The recipe sets layers to {text!r}, but the backbone has layers 0 to {layers - 1}.")
    return sorted(set(numbers))


def attach_adapter(backbone: Backbone, recipe: Recipe, name: str = "default") -> Any:
    """Wrap the backbone in a PeftModel with one fresh adapter that starts as the identity.

    Raises:
        RecipeError: target modules or layers that the backbone does not have.
    """
    from peft import LoraConfig, TaskType, get_peft_model

    layers = layer_numbers(recipe.layers, backbone.depth)
    pooler = any("pooler" in name for name, _ in backbone.model.named_modules())
    targets = recipe.targets if recipe.targets == "all-linear" else [t.strip() for t in recipe.targets.split(",")]
    config = LoraConfig(
        task_type=TaskType.FEATURE_EXTRACTION,
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.lora_dropout,
        target_modules=targets,
        exclude_modules=r".*pooler.*" if pooler else None,  # never read here: trained and saved for nothing
        layers_to_transform=None if targets == "all-linear" else layers,
        use_rslora=recipe.rslora,
        use_dora=recipe.dora,
    )
    if layers is not None and targets == "all-linear":
        config.target_modules, config.exclude_modules = _linears_of(backbone, layers), None
    try:
        with warnings.catch_warnings():  # peft asks transformers for an attribute by its older name
            warnings.simplefilter("ignore", FutureWarning)
            adapted = get_peft_model(backbone.model, config, adapter_name=name)
    except ValueError as error:
        raise RecipeError(
            f"LoRA cannot be put on targets={recipe.targets!r} of the backbone {backbone.name!r}: "
            f"{str(error).splitlines()[0][:160]}. Use all-linear or module names that it has."
        ) from error
    adapted.peft_config[name].base_model_name_or_path = UPSTREAM.get(backbone.name, backbone.name)
    return adapted


def _linears_of(backbone: Backbone, layers: list[int]) -> list[str]:
    import torch

    pattern = re.compile(r"(?:^|\.)(?:layer|layers|h|blocks)\.(\d+)\.")
    return [
        name
        for name, module in backbone.model.named_modules()
        if isinstance(module, torch.nn.Linear) and (m := pattern.search(name)) and int(m[1]) in layers
    ]


def save_adapter(adapted: Any, folder: Path, name: str = "default") -> None:
    """Write adapter_config.json and adapter_model.safetensors, nothing else."""
    adapted.save_pretrained(folder, selected_adapters=[name], safe_serialization=True, save_embedding_layers=False)
    if name != "default":  # peft puts a named adapter into a folder of its own
        for file in (folder / name).iterdir():
            file.replace(folder / file.name)
        (folder / name).rmdir()
    (folder / "README.md").unlink(missing_ok=True)
    config = folder / "adapter_config.json"
    settings = json.loads(config.read_text(encoding="utf-8"))
    for key in ("target_modules",):  # a set in peft: sorted, so that equal runs give equal bytes
        if isinstance(settings.get(key), list):
            settings[key] = sorted(settings[key])
    config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load_adapter(target: Any, folder: Path, name: str) -> Any:
    """Put a saved adapter beside others on a backbone.

    Args:
        target: the bare transformers model, or a PeftModel that holds other adapters already.
        folder: holds adapter_config.json and adapter_model.safetensors.
        name: under which the adapter is known in this process.

    Raises:
        RunError: no safetensors weights, foreign code, or an adapter of another backbone.
    """
    from peft import PeftModel

    if not (folder / "adapter_model.safetensors").is_file():
        raise RunError(
            f"The adapter folder {str(folder)!r} holds no adapter_model.safetensors; pickled adapters are never read, "
            "so save it again with safetensors."
        )
    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    if settings.get("auto_mapping"):
        raise RunError(
            f"The adapter {str(folder)!r} asks to import code of its own (auto_mapping); that is never done here."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            if isinstance(target, PeftModel):
                target.load_adapter(str(folder), adapter_name=name, is_trainable=False)
                return target
            return PeftModel.from_pretrained(target, str(folder), adapter_name=name, is_trainable=False)
    except (RuntimeError, ValueError, KeyError) as error:
        raise RunError(
            f"The adapter {str(folder)!r} does not fit this backbone: {str(error).splitlines()[0][:160]}. "
            "Load it on the backbone that its manifest names."
        ) from error
