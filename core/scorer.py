"""Records in, raw scores out: what tuning uses on validation rows and prediction uses on everything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch

from .batches import Batch, Layout, collate, length_sorted
from .examples import encode_texts, own_candidates
from .network import Network
from .records import Encoded, RecordCodec
from .task import Task

__all__ = ["Raw", "Scorer"]


@dataclass(frozen=True)
class Raw:
    """Scores of n records before calibration."""

    logits: np.ndarray
    """(n, k) logits; -inf where a record has fewer candidates than others; (n,) values for regression."""
    similarity: np.ndarray | None = None
    """(n,) best cosine of a choice."""


@dataclass
class Scorer:
    """One run's network with what it takes to feed it."""

    task: Task
    codec: RecordCodec
    network: Network
    layout: Layout
    bank: pd.DataFrame | None = None
    batch_tokens: int = 4096
    adapter: str | None = None
    """Name of the adapter where several share the backbone."""
    _bank_vectors: torch.Tensor | None = field(default=None, repr=False)

    def batch(self, encoded: Encoded, rows: Any) -> Batch:
        """Some encoded records on the network's device."""
        return collate(encoded, rows, self.layout).to(self.network.device)

    def _choose_adapter(self) -> None:
        adapted = self.network.adapted
        if self.adapter is not None and adapted.active_adapters != [self.adapter]:
            adapted.set_adapter(self.adapter)

    @torch.inference_mode()
    def _outputs(self, encoded: Encoded) -> torch.Tensor:
        """(n, outputs), batched by length, in the order of the records."""
        self._choose_adapter()
        self.network.eval()
        outputs: torch.Tensor | None = None
        for rows in length_sorted(encoded.lengths, self.batch_tokens):
            made = self.network(self.batch(encoded, rows)).float().cpu()
            if outputs is None:
                outputs = torch.empty(len(encoded), made.shape[1])
            outputs[torch.as_tensor(rows)] = made
        return torch.empty(0, 1) if outputs is None else outputs

    def bank_vectors(self) -> torch.Tensor:
        """(candidates, width) unit vectors of the bank, made once."""
        if self._bank_vectors is None:
            assert self.bank is not None
            self._bank_vectors = self._outputs(encode_texts(self.codec, [str(t) for t in self.bank["text"]]))
        return self._bank_vectors

    def finish(self, outputs: torch.Tensor, frame: pd.DataFrame) -> Raw:
        """Head outputs -> logits (or values) and best cosines."""
        if self.task.kind == "regression":
            head = self.network.head
            values = outputs[:, 0] * head.spread.cpu() + head.centre.cpu()
            return Raw(values.double().numpy())
        if self.task.kind != "choice":
            return Raw(outputs.double().numpy())
        scale = float(self.network.head.scale.detach())
        if self.bank is not None:
            cosine = (outputs @ self.bank_vectors().T).double().numpy()
            return Raw(cosine * scale, cosine.max(1))
        return self._among_own(outputs, frame, scale)

    def _among_own(self, outputs: torch.Tensor, frame: pd.DataFrame, scale: float) -> Raw:
        assert self.task.candidates is not None
        listed = [own_candidates(cell, row) for row, cell in zip(frame.index, frame[self.task.candidates], strict=True)]
        texts = {text: i for i, text in enumerate(dict.fromkeys(t for one in listed for t in one))}
        vectors = self._outputs(encode_texts(self.codec, list(texts)))
        logits = np.full((len(frame), max(map(len, listed), default=1)), -np.inf)
        for i, one in enumerate(listed):
            logits[i, : len(one)] = (vectors[[texts[t] for t in one]] @ outputs[i]).double().numpy() * scale
        return Raw(logits, logits.max(1) / scale)

    def score(self, frame: pd.DataFrame, encoded: Encoded | None = None) -> Raw:
        """Raw scores of records in the schema's canonical types, (n, columns)."""
        if not len(frame):
            width = len(self.bank) if self.bank is not None else max(1, len(self.codec.schema.labels))
            return Raw(np.zeros(0) if self.task.kind == "regression" else np.zeros((0, width)))
        return self.finish(self._outputs(self.codec.encode(frame) if encoded is None else encoded), frame)
