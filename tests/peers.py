"""What torch.optim does with the same data, and the data to do it with."""

from collections.abc import Callable

import torch
from problems import gen
from torch import Tensor

import linreg


def toy(seed: int) -> tuple[Tensor, Tensor]:
    """1000 rows of two columns."""
    return linreg.simulate(generator=gen(seed))


def ordinary(seed: int) -> tuple[Tensor, Tensor]:
    """300 rows of twenty correlated columns."""
    weights = [1.0 + 0.1 * j for j in range(20)]
    return linreg.simulate(300, weights, correlation=0.5, noise=0.3, generator=gen(seed))


def peer_path(
    X: Tensor, y: Tensor, make: Callable[[list[Tensor]], torch.optim.Optimizer], steps: int = 100
) -> Tensor:
    """(steps + 1, d + 1) weights and intercept after each step of an optimiser on the half-mean loss."""
    w, b = torch.zeros_like(X[0], requires_grad=True), X.new_zeros((), requires_grad=True)
    optimiser = make([w, b])
    seen = [torch.hstack((w, b)).detach()]
    for _ in range(steps):
        optimiser.zero_grad()
        ((X @ w + b - y).square().mean() / 2).backward()
        optimiser.step()
        seen.append(torch.hstack((w, b)).detach())
    return torch.stack(seen)


def visited(fit: linreg.Fit) -> Tensor:
    """The path of a fit, in the same shape."""
    assert fit.path is not None
    return torch.column_stack((fit.path.w, fit.path.b))
