"""The triangle R of M = QR, by blocks of rows: all that least squares needs of a matrix, and Q of none."""

from collections.abc import Iterable

import torch
from torch import Tensor

from linreg.basics.products import in_runs
from linreg.workers import dealt

__all__ = ["BLOCK", "inverse_lengths", "stacked", "triangle"]

BLOCK = 4096  # rows taken at a time: the rounding errors of a sum grow with its length


def triangle(M: Tensor) -> Tensor:
    """R of M (n, k): first of each block, then of those triangles on top of each other."""
    parts: list[Tensor] = []
    runs = in_runs(slice(0, len(M)), max(BLOCK, 8 * M.shape[1]))
    dealt(runs, lambda: lambda run: torch.linalg.qr(M[run], mode="r").R, parts.append)
    return parts[0] if len(parts) == 1 else triangle(torch.cat(parts))


def stacked(blocks: Iterable[Tensor]) -> Tensor:
    """R of blocks (m, k) that are made one by one, each below the triangle of those before."""
    left = iter(blocks)
    T: Tensor = torch.linalg.qr(next(left), mode="r").R
    for block in left:
        T = torch.linalg.qr(torch.cat((T, block)), mode="r").R
    return T


def inverse_lengths(L: Tensor) -> Tensor:
    """(d,) the lengths of the columns of L^-1."""
    inverse = torch.linalg.solve_triangular(L, torch.eye(len(L), dtype=L.dtype, device=L.device), upper=False)
    lengths: Tensor = torch.linalg.vector_norm(inverse, dim=0)
    return lengths
