"""Phrases of a text: its word pieces and pairs of neighbours, hashed; what the wide path reads of a text.

ids of "chest pain, chest" -> slots of chest, pain, "," and of "chest pain", "pain ,", ", chest"; chest counts twice
"""

from __future__ import annotations

import numpy as np

__all__ = ["SLOTS", "phrases"]

SLOTS = 1 << 16
"""Places that phrases are hashed to; two that share one are rare enough not to matter."""

_SPREAD, _LEFT, _RIGHT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA0761D6478BD642F)


def phrases(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct phrases of one text.

    Args:
        ids: (t,) word pieces.

    Returns:
        (m,) int64 slots below `SLOTS`, ascending; (m,) float32 weights 1 + log(count).
    """
    if not len(ids):
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    one = ids.astype(np.uint64) + np.uint64(1)
    mixed = np.concatenate([one * _SPREAD, (one[:-1] * _LEFT) ^ ((one[1:] * _RIGHT) >> np.uint64(7))])
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _SPREAD
    slots, counts = np.unique(mixed >> np.uint64(48), return_counts=True)
    return slots.astype(np.int64), (1 + np.log(counts)).astype(np.float32)
