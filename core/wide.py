"""The wide path: a penalised linear model on fields and phrases, fitted before the first step, that the transformer is
averaged with.

What is linear in a field, or said by a phrase alone, is found from few rows; what is not is left to the transformer.
Averaging a linear and a deep model of one record goes back to Cheng et al. (2016), "Wide & Deep Learning".
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from .network import Head
from .phrases import SLOTS, phrases
from .records import Encoded

__all__ = ["design", "fit_wide", "fit_wide_text"]

PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
FOLDS = 5
MOST = 20_000
"""Rows on which the penalty is chosen; the fit itself uses all."""
TEXT_PENALTIES = (0.1, 1.0)
TEXT_MOST = 2_000
"""Rows on which the penalty of the phrases is chosen."""


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


def fit_wide_text(head: Head, encoded: Encoded, target: np.ndarray, learned: int, seed: int, penalty: float) -> float:
    """Fit the wide path anew on fields and phrases together; the penalty of the phrases is chosen by cross-validation.

    Phrases that two training rows share are known; a text is the unit vector of their weights times rarity (TF-IDF).

    Args:
        head: its wide weights are set.
        encoded: n training rows.
        target: (n,) class index, or standardised value for regression.
        learned: rows of the learned table, without row 0.
        seed: of the folds.
        penalty: of the fields, as `fit_wide` found it.

    Returns:
        The penalty of the phrases.
    """
    from scipy.sparse import csr_matrix, hstack

    rows = [phrases(ids) for ids in encoded.text]
    slots = np.concatenate([s for s, _ in rows])
    shared = np.bincount(slots, minlength=SLOTS)
    used = np.flatnonzero(shared >= 2)
    place = np.zeros(SLOTS, np.int32)
    place[used] = np.arange(1, len(used) + 1)
    head.text_place.copy_(torch.from_numpy(place))
    head.know_phrases(len(used))
    rarity = np.concatenate([[0], np.log((1 + len(rows)) / (1 + shared[used])) + 1]).astype(np.float32)
    value = np.concatenate([w for _, w in rows]) * rarity[place[slots]]
    owner = np.repeat(np.arange(len(rows)), [len(s) for s, _ in rows])
    size = np.sqrt(np.bincount(owner, value**2, minlength=len(rows)))
    text = csr_matrix((value / np.maximum(size, 1e-6)[owner], (owner, place[slots])), (len(rows), len(used) + 1))
    fields = csr_matrix(design(encoded, learned).numpy())
    random = np.random.default_rng(seed)
    some = np.sort(random.permutation(len(target))[:TEXT_MOST])
    half = _folds(torch.as_tensor(target[some]), random) % 2
    losses = []
    for tried in TEXT_PENALTIES:
        x = hstack([fields[some], text[some] * np.sqrt(penalty / tried)]).tocsr()
        losses.append(sum(_sparse_loss(x, target[some], half == part, penalty, head) for part in (0, 1)))
    best = TEXT_PENALTIES[int(np.argmin(losses))]
    scale = np.sqrt(penalty / best)
    weight, bias = _sparse_fit(hstack([fields, text * scale]).tocsr(), target, penalty, head.wide_bias.shape[0])
    numbers, values = head.wide_numbers.shape[0], head.wide_values.shape[0]
    head.wide_numbers.copy_(torch.from_numpy(weight[:numbers]))
    head.wide_values.copy_(torch.from_numpy(weight[numbers : numbers + values]))
    head.wide_values[0] = 0
    head.wide_text.copy_(torch.from_numpy(weight[numbers + values :] * scale))
    head.text_rarity.copy_(torch.from_numpy(rarity))
    head.wide_bias.copy_(torch.from_numpy(bias))
    return best


def _sparse_loss(x: Any, y: np.ndarray, inside: np.ndarray, penalty: float, head: Head) -> float:
    """Loss summed over the rows that are not inside, of a fit on those that are."""
    if inside.all() or not inside.any():
        return 0.0
    weight, bias = _sparse_fit(x[inside], y[inside], penalty, head.wide_bias.shape[0])
    out = torch.from_numpy(x[~inside] @ weight + bias)
    return float(_loss(out, torch.as_tensor(y[~inside]))) * int((~inside).sum())


def _sparse_fit(x: Any, y: np.ndarray, penalty: float, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """(features, outputs) and (outputs,) float32 of a penalised linear model; a label without a row is held unlikely."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    if y.dtype.kind == "f":
        line = Ridge(alpha=penalty).fit(x, y)
        return line.coef_[:, None].astype(np.float32), np.array([line.intercept_], np.float32)
    seen = np.unique(y)
    weight, bias = np.zeros((x.shape[1], outputs), np.float32), np.full(outputs, -np.log(2 * len(y)), np.float32)
    if len(seen) == 1:
        bias[seen] = 0
        return weight, bias
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a hundred steps are near enough for an average
        model = LogisticRegression(C=1 / penalty, max_iter=100).fit(x, y)
    if len(seen) == 2:  # one line for two labels: half of it speaks for the second, half against the first
        weight[:, seen], bias[seen] = model.coef_.T * [-0.5, 0.5], model.intercept_ * np.array([-0.5, 0.5])
    else:
        weight[:, seen], bias[seen] = model.coef_.T, model.intercept_
    return weight, bias
