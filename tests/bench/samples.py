"""The data of a cell: made once, from a seed, as the numpy arrays that every solver gets its own form of."""

from typing import NamedTuple

import numpy as np
import torch

SEED = 0


class Cell(NamedTuple):
    """A problem of the benchmark."""

    n: int
    d: int
    dtype: str  # "float64" or "float32"
    kappa: float = 0.0  # condition number of the centred columns; 0: drawn, not built

    @property
    def name(self) -> str:
        """Such as `float64 1e6 x 10`."""
        n = f"{self.n:.0e}".replace("e+0", "e")
        return f"{self.dtype} {n} x {self.d}" + (f", kappa {self.kappa:.0e}" if self.kappa else "")

    @property
    def megabytes(self) -> float:
        """The size of X."""
        return self.n * self.d * (8 if self.dtype == "float64" else 4) / 1e6


def well(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """Normal columns with means and scales of their own, weights of size 0.5 to 1.5, noise 0.5."""
    g = torch.Generator().manual_seed(SEED)
    dtype = getattr(torch, cell.dtype)
    scale, mean, w = 0.5 + torch.rand(3, cell.d, generator=g, dtype=dtype)
    w *= torch.where(torch.rand(cell.d, generator=g) < 0.5, -1, 1).to(dtype)
    X = torch.randn(cell.n, cell.d, generator=g, dtype=dtype)
    X.mul_(scale).add_(mean)
    y = X @ w + 2
    y += 0.5 * torch.randn(cell.n, generator=g, dtype=dtype)
    return X.numpy(), y.numpy()


def hard(cell: Cell, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """X = U diag(s) V' with singular values from 1 down to 1/kappa, centred, plus a mean; little noise."""
    g = torch.Generator().manual_seed(SEED)
    tall = torch.randn(cell.n, cell.d + 2, generator=g, dtype=torch.float64)
    tall[:, 0] = 1  # so that the others have mean zero, and the residual is orthogonal to all
    Q = torch.linalg.qr(tall).Q[:, 1:]
    V = torch.linalg.qr(torch.randn(cell.d, cell.d, generator=g, dtype=torch.float64)).Q
    s = cell.n**0.5 * torch.logspace(0, -np.log10(cell.kappa), cell.d, dtype=torch.float64)
    X = Q[:, : cell.d] * s @ V.T + 1
    w = 0.5 + torch.rand(cell.d, generator=g, dtype=torch.float64)
    y = X @ w + 2 + noise * cell.n**0.5 * Q[:, cell.d]
    dtype = getattr(torch, cell.dtype)
    return X.to(dtype).contiguous().numpy(), y.to(dtype).numpy()
