"""The network of one run: record tokens, the backbone with its LoRA adapter, pooling and a head of ours.

    records -> tokens (batch, t, width) -> backbone + LoRA -> pooled (batch, width) -> head -> scores (batch, labels)

Backbone and adapter may be shared by several runs; tokens and head belong to one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from .backbone import Backbone
from .batches import Batch
from .phrases import SLOTS
from .records import RecordCodec

__all__ = ["Head", "Network", "RecordTokens", "Words", "pool"]


class Words:
    """Frozen vectors of short texts: the mean of the backbone's input embeddings over their word pieces."""

    def __init__(self, codec: RecordCodec, backbone: Backbone) -> None:
        self.codec, self.backbone = codec, backbone
        self.vectors = torch.zeros(1, backbone.width)  # row 0: no words

    def table(self, device: torch.device) -> torch.Tensor:
        """(texts + 1, width), grown by the texts that were met since the last call."""
        known, texts = len(self.vectors) - 1, list(self.codec.words_)
        if known < len(texts):
            embedding = self.backbone.embedding
            pieces = self.codec.word_pieces(texts[known:])
            with torch.no_grad():
                fresh = [
                    embedding(torch.tensor(p, device=embedding.weight.device)).float().mean(0).to(self.vectors.device)
                    if p
                    else torch.zeros(self.backbone.width, device=self.vectors.device)
                    for p in pieces
                ]
            self.vectors = torch.cat([self.vectors, torch.stack(fresh)])
        if self.vectors.device != device:
            self.vectors = self.vectors.to(device)
        return self.vectors


class RecordTokens(nn.Module):
    """The learned part of records as tokens: one matrix a number, one table for known values, one missing token."""

    names: torch.Tensor
    """(numbers,) word row of each number's name."""

    def __init__(self, codec: RecordCodec, width: int, spread: float, hide: float = 0.0) -> None:
        """Args: width of a hidden state; spread of the backbone's input embeddings; share of fields hidden in training."""
        super().__init__()
        self.hide = hide
        numbers, bins = codec.edges_.shape[0], codec.edges_.shape[1] - 1
        scale = spread / math.sqrt(max(bins / 3, 1))
        self.code = nn.Parameter(torch.randn(numbers, bins, width) * scale)
        self.value = nn.Parameter(torch.randn(numbers, width) * spread * 0.5)
        self.missing = nn.Parameter(torch.randn(width) * spread)
        # zero: a known value starts at the meaning of its words, an unknown one stays there
        self.learned = nn.Parameter(torch.zeros(len(codec.learned_) + 1, width))
        for parameter, used in (
            (self.code, numbers > 0),
            (self.value, numbers > 0),
            (self.learned, bool(codec.learned_)),
            (self.missing, bool(numbers or codec.schema.of_kind("category"))),
        ):
            parameter.requires_grad_(used)
        names = [codec.word_row(one.words) for one in codec.schema.of_kind("number")]
        self.register_buffer("names", torch.tensor(names, dtype=torch.long), persistent=False)

    def numbers(self, batch: Batch, words: torch.Tensor) -> torch.Tensor:
        """-> (b, numbers, width)."""
        coded = torch.einsum("bnc,ncw->bnw", batch.codes, self.code) + batch.values[..., None] * self.value
        coded = torch.where(self._hidden(batch.missing)[..., None], self.missing, coded)
        return coded + words[self.names]

    def _hidden(self, missing: torch.Tensor) -> torch.Tensor:
        """What is shown as missing: what is, and in training some of the rest, so that no field is leant on alone."""
        if not self.training or not self.hide:
            return missing
        return missing | (torch.rand(missing.shape, device=missing.device) < self.hide)

    def slots(self, batch: Batch, words: torch.Tensor) -> torch.Tensor:
        """-> (items, width)."""
        name, value, learned_name, learned_value = batch.slots.unbind(1)
        absent = self._hidden(learned_value < 0)[:, None]
        learned = self.learned * (torch.arange(len(self.learned), device=self.learned.device) > 0)[:, None]
        meaning = words[value] + F.embedding(learned_value.clamp(min=0), learned)
        return words[name] + F.embedding(learned_name, learned) + torch.where(absent, self.missing, meaning)


class Head(nn.Module):
    """Pooled vector -> scores. Classification and regression: linear; choice: cosine times a learned scale.

    Beside it stands a wide path, linear in the codes of the numbers, in the known values and in the phrases of the text,
    fitted before the first step (see wide.py); outside training the two are averaged.
    """

    wide_numbers: torch.Tensor
    wide_values: torch.Tensor
    wide_bias: torch.Tensor
    text_place: torch.Tensor
    """(SLOTS,) int32 row of each phrase in the next two; 0: not known from training."""
    text_rarity: torch.Tensor
    """(known phrases + 1,) inverse document frequency; row 0 is 0."""
    wide_text: torch.Tensor
    """(known phrases + 1, outputs)."""
    mix: torch.Tensor
    """(1,) share of the wide path outside training."""
    centre: torch.Tensor
    spread: torch.Tensor
    """(1,) mean and standard deviation of a regression's target."""

    def __init__(self, codec: RecordCodec, width: int, outputs: int, kind: str, dropout: float) -> None:
        super().__init__()
        self.kind, self.dropout = kind, dropout
        if kind == "choice":
            self.log_scale = nn.Parameter(torch.tensor(math.log(20.0)))
            return
        self.out = nn.Linear(width, outputs)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        numbers = codec.edges_.shape[0]
        self.register_buffer("wide_numbers", torch.zeros(numbers * (codec.edges_.shape[1] + 1), outputs))
        self.register_buffer("wide_values", torch.zeros(len(codec.learned_) + 1, outputs))  # row 0: unknown, no effect
        self.register_buffer("wide_bias", torch.zeros(outputs))
        self.register_buffer("text_place", torch.zeros(SLOTS if codec.schema.of_kind("text") else 0, dtype=torch.int32))
        self.know_phrases(0)
        self.register_buffer("mix", torch.zeros(1))
        self.register_buffer("centre", torch.zeros(1))
        self.register_buffer("spread", torch.ones(1))

    def know_phrases(self, count: int) -> None:
        """Make room for the weights of so many phrases."""
        outputs = self.out.out_features
        self.register_buffer("text_rarity", torch.zeros(count + 1))
        self.register_buffer("wide_text", torch.zeros(count + 1, outputs))

    def forward(self, pooled: torch.Tensor, batch: Batch) -> torch.Tensor:
        """(b, width) -> (b, outputs) logits or standardised values; for choice the unit vectors (b, width)."""
        if self.kind == "choice":
            return F.normalize(pooled, dim=-1)
        deep: torch.Tensor = self.out(F.dropout(pooled, self.dropout, self.training))
        if self.training:
            return deep
        return deep + self.mix * (self.wide(batch) - deep)

    def wide(self, batch: Batch) -> torch.Tensor:
        """(b, outputs), linear in the codes of the numbers, the known values and the phrases of the text."""
        parts = [batch.codes, batch.values[..., None], batch.missing[..., None].to(batch.codes.dtype)]
        found = torch.cat(parts, -1).flatten(1) @ self.wide_numbers + self.wide_bias
        if len(batch.slots):
            known = F.embedding(batch.slots[:, 3].clamp(min=0), self.wide_values)
            found = found.index_add(0, batch.slot_row, known)
        if len(self.text_rarity) > 1 and len(batch.phrase):
            place = self.text_place[batch.phrase].long()
            value = batch.phrase_weight * self.text_rarity[place]
            size = torch.zeros(len(found), device=value.device).index_add(0, batch.phrase_row, value.square()).sqrt()
            value = value / size.clamp(min=1e-6)[batch.phrase_row]
            found = found.index_add(0, batch.phrase_row, value[:, None] * F.embedding(place, self.wide_text))
        return found

    @property
    def scale(self) -> torch.Tensor:
        """Factor on the cosine of a choice, between 1 and 100."""
        return self.log_scale.exp().clamp(1.0, 100.0)


def pool(hidden: torch.Tensor, batch: Batch, causal: bool) -> torch.Tensor:
    """(b, t, width) -> (b, width): the last token of a decoder, the mean over real tokens of an encoder."""
    if causal:
        return hidden[torch.arange(len(hidden), device=hidden.device), batch.last]
    if batch.mask is None:
        return hidden.mean(1)
    mask = batch.mask[..., None].to(hidden.dtype)
    return (hidden * mask).sum(1) / mask.sum(1)


class Network(nn.Module):
    """Tokens, backbone with adapter, and head of one run."""

    def __init__(self, backbone: Backbone, adapted: Any, codec: RecordCodec, head: Head, hide: float = 0.0) -> None:
        """Args: adapted is the PeftModel around the backbone's model; hide is the share of fields hidden in training."""
        super().__init__()
        self.adapted = adapted
        spread = float(backbone.embedding.weight.detach().float().std())
        self.tokens = RecordTokens(codec, backbone.width, spread, hide)
        self.head = head
        self.causal = backbone.causal
        self._backbone, self._words, self._codec = backbone, Words(codec, backbone), codec

    def train(self, mode: bool = True) -> Network:
        """Dropout of LoRA and head only: the frozen backbone stays as it is applied later (and dropout is dear on CPU)."""
        super().train(mode)
        self.adapted.eval()
        for name, module in self.adapted.named_modules():
            if "lora_dropout" in name:
                module.train(mode)
        return self

    def embed(self, batch: Batch) -> torch.Tensor:
        """-> (b, t, width): word pieces from the frozen table, record tokens in their places."""
        embeds: torch.Tensor = self._backbone.embedding(batch.ids)
        start = self._codec.specials[0]
        words = self._words.table(embeds.device)
        numbers = batch.codes.shape[1]
        if numbers:
            made = self.tokens.numbers(batch, words).to(embeds.dtype)
            embeds = torch.cat([embeds[:, :start], made, embeds[:, start + numbers :]], 1)
        if len(batch.slots):
            made = self.tokens.slots(batch, words).to(embeds.dtype)
            embeds = embeds.index_put((batch.slot_row, batch.slot_position), made)
        return embeds

    def pooled(self, batch: Batch, adapters: Sequence[str] | None = None) -> torch.Tensor:
        """-> (b, width) float32."""
        named = {} if adapters is None else {"adapter_names": list(adapters)}
        mask = None if batch.mask is None or self.causal else batch.mask.long()
        hidden = self.adapted(inputs_embeds=self.embed(batch), attention_mask=mask, **named).last_hidden_state
        return pool(hidden.float(), batch, self.causal)

    def forward(self, batch: Batch, candidates: Batch | None = None) -> torch.Tensor:
        """-> (b, outputs) logits or standardised values; with candidates (m) the cosines (b, m) of a choice."""
        out: torch.Tensor = self.head(self.pooled(batch), batch)
        if candidates is None:
            return out
        others: torch.Tensor = self.head(self.pooled(candidates), candidates)
        return out @ others.T

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.tokens.missing.device
