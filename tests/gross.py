"""Data with gross errors in y, and data that programs for them are shown with."""

import torch
from problems import gen
from torch import Tensor

import linreg

# Brownlee's stack loss: 21 days of a plant; air flow, water temperature, acid; loss of ammonia.
STACK = torch.tensor([
    [80, 27, 89, 42], [80, 27, 88, 37], [75, 25, 90, 37], [62, 24, 87, 28], [62, 22, 87, 18],
    [62, 23, 87, 18], [62, 24, 93, 19], [62, 24, 93, 20], [58, 23, 87, 15], [58, 18, 80, 14],
    [58, 18, 89, 14], [58, 17, 88, 13], [58, 18, 82, 11], [58, 19, 93, 12], [50, 18, 89, 8],
    [50, 18, 86, 7], [50, 19, 72, 8], [50, 19, 79, 8], [50, 20, 80, 9], [56, 20, 82, 15], [70, 20, 91, 15],
], dtype=torch.float64)  # fmt: skip


def spoilt(seed: int = 0, wrong: int = 20, size: float = 40.0) -> tuple[Tensor, Tensor]:
    """The ordinary data with gross errors in y, most of them on one side."""
    X, y, _, _ = linreg.ordinary(seed)
    y, g = y.clone(), gen(seed)
    y[torch.randperm(300, generator=g)[:wrong]] += size + size * torch.randn(
        wrong, generator=g, dtype=torch.float64
    )
    return X, y
