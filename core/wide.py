"""The wide path: a penalised linear model on the fields, fitted before the first step, that the transformer is averaged with.

What is linear in a field is found in closed form from few rows; what is not is left to the transformer. Averaging a linear
and a deep model of one record goes back to Cheng et al. (2016), "Wide & Deep Learning".
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from .network import Head
from .records import Encoded

__all__ = ["design", "fit_wide"]

PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
FOLDS = 5
MOST = 20_000
"""Rows on which the penalty is chosen; the fit itself uses all."""


def design(encoded: Encoded, learned: int) -> torch.Tensor:
    """(n, numbers * (bins + 2) + learned + 1) float32: codes, value and missingness of each number, known values as 0 or 1."""
    numbers = np.concatenate(
        [encoded.codes, encoded.values[..., None], encoded.missing[..., None].astype(np.float32)], -1
    ).reshape(len(encoded), -1)
    known = np.zeros((len(encoded), learned + 1), np.float32)
    for row, slots in enumerate(encoded.slots):
        at = slots[:, 3]
        known[row, at[at > 0]] = 1.0
    return torch.from_numpy(np.concatenate([numbers, known], 1))


def _fit(x: torch.Tensor, y: torch.Tensor, penalty: float, outputs: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights (features, outputs) and bias of least penalised loss; y is a class index, or a float for regression."""
    weight = torch.zeros(x.shape[1], outputs, dtype=x.dtype, requires_grad=True)
    bias = torch.zeros(outputs, dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=60, history_size=10, line_search_fn="strong_wolfe", tolerance_grad=1e-5
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = _loss(x @ weight + bias, y) + penalty / len(y) * weight.square().sum() / 2
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()


def _loss(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.mse_loss(out[:, 0], y) if y.is_floating_point() else F.cross_entropy(out, y)


def _folds(y: torch.Tensor, random: np.random.Generator) -> np.ndarray:
    """(n,) fold of each row, each label spread evenly."""
    order = np.lexsort((random.random(len(y)), y.numpy()))
    fold = np.empty(len(y), int)
    fold[order] = np.arange(len(y)) % FOLDS
    return fold


def fit_wide(head: Head, encoded: Encoded, target: np.ndarray, learned: int, seed: int) -> float:
    """Fit the wide path of a head on training rows; the penalty is chosen by cross-validation within them.

    Args:
        head: its wide weights are set.
        encoded: n training rows.
        target: (n,) class index, or standardised value for regression.
        learned: rows of the learned table, without row 0.
        seed: of the folds.

    Returns:
        The penalty.
    """
    x, y = design(encoded, learned), torch.as_tensor(target)
    outputs = head.wide_bias.shape[0]
    random = np.random.default_rng(seed)
    some = np.sort(random.permutation(len(y))[:MOST])
    few_x, few_y = x[some], y[some]
    fold = _folds(few_y, random)
    losses = []
    for penalty in PENALTIES:
        total = 0.0
        for part in range(FOLDS):
            inside, outside = torch.as_tensor(fold != part), torch.as_tensor(fold == part)
            if not outside.any():
                continue
            weight, bias = _fit(few_x[inside], few_y[inside], penalty, outputs)
            total += float(_loss(few_x[outside] @ weight + bias, few_y[outside])) * int(outside.sum())
        losses.append(total)
        if len(losses) > 1 and losses[-1] > losses[-2]:
            break  # the loss is nearly convex in the penalty: past its least, more only costs time
    best = PENALTIES[int(np.argmin(losses))]
    weight, bias = _fit(x, y, best, outputs)
    numbers = head.wide_numbers.shape[0]
    head.wide_numbers.copy_(weight[:numbers])
    head.wide_values.copy_(weight[numbers:])
    head.wide_values[0] = 0
    head.wide_bias.copy_(bias)
    return best
