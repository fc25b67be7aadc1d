"""Rows with classes that a direction does not separate, drawn from known chances."""

import torch
from problems import gen
from torch import Tensor

import linreg

F64 = torch.float64


def drawn(seed: int = 0, classes: int = 2, n: int = 300, d: int = 20) -> tuple[Tensor, Tensor]:
    """The first rows and columns of the ordinary data, and classes by chances that depend on them."""
    X, _, w, _ = linreg.ordinary(seed)
    X, g = X[:n, :d], gen(seed + 100)
    if classes == 2:
        chances = torch.sigmoid(0.3 * X @ w[:d] - 0.5)
        return X, (torch.rand(len(X), generator=g, dtype=F64) < chances).to(F64)
    W = 0.5 * torch.randn(d, classes, generator=g, dtype=F64)
    return X, torch.multinomial((X @ W).softmax(1), 1, generator=g).squeeze(1).to(F64)


def one_hot(y: Tensor) -> Tensor:
    """T (n, K)."""
    return torch.nn.functional.one_hot(y.long()).to(F64)
