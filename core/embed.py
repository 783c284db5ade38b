"""Texts as the untouched backbone sees them: the baseline that tuning has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .backbone import load_backbone
from .batches import Layout, collate, length_sorted
from .examples import encode_texts
from .machine import has_bfloat16, prefer_fast_matmul, use_threads
from .network import pool
from .records import RecordCodec
from .task import Schema

__all__ = ["embed_texts"]


@torch.inference_mode()
def embed_texts(
    backbone: str, texts: Sequence[str], threads: int | None = None, *, max_tokens: int = 256
) -> np.ndarray:
    """Pool the frozen backbone's last hidden states over each text.

    Args:
        backbone: minilm, a local folder, or a hub id.
        texts: n texts; longer ones are cut to `max_tokens`.
        threads: CPU threads; None: all cores for a lone process.
        max_tokens: longest sequence.

    Returns:
        (n, width) float32, not normalised.
    """
    use_threads(threads or 0)
    prefer_fast_matmul()
    loaded = load_backbone(backbone)
    layout = Layout.of(loaded.tokenizer)
    longest = min(max_tokens, loaded.max_tokens)
    codec = RecordCodec(Schema((), ""), loaded.tokenizer, longest, specials=layout.specials)
    encoded = encode_texts(codec, texts)
    found = np.empty((len(texts), loaded.width), np.float32)
    for rows in length_sorted(encoded.lengths, 4096):
        batch = collate(encoded, rows, layout)
        mask = None if batch.mask is None or loaded.causal else batch.mask.long()
        with torch.autocast(loaded.embedding.weight.device.type, torch.bfloat16, enabled=has_bfloat16()):
            hidden = loaded.model(input_ids=batch.ids, attention_mask=mask).last_hidden_state
        found[rows] = pool(hidden.float(), batch, loaded.causal).numpy()
    return found
