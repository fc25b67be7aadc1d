r"""Sums of products over the rows, block by block: what every exact answer is made of.

A block is small enough to stay in the cache from the moment its rows are widened to float64 until they
have been multiplied.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

__all__: list[str] = []

BLOCK_BYTES = 2 << 20  # of rows taken at a time: they stay in the cache between widening and multiplying
CUDA_BLOCK_BYTES = 256 << 20  # there a launch costs more than a trip to memory
SUB_ROWS = 1024  # rows of one product of a batch: long enough to be fast, short enough to add up exactly
PART_ROWS = 4096  # added to one sum, which the product does row after row, before the next is begun
NARROW = 48  # columns up to which a batch of small products beats one tall one
FIRST_ROWS = 1024  # rows whose mean becomes the shift


def first_mean(X: Tensor, y: Tensor) -> Tensor:
    """(d + 1,) the mean of the first rows of X and y: near enough to the mean of all of them."""
    rows = slice(0, FIRST_ROWS)
    return torch.cat((X[rows].mean(0, dtype=torch.float64), y[rows].mean(dtype=torch.float64).unsqueeze(0)))


def shifted_blocks(X: Tensor, y: Tensor, shift: Tensor) -> Iterator[Tensor]:
    """Z = [X - shift, y - shift, 1, 0] in float64, a few rows at a time, always in the same memory.

    Row after row or column after column, as `X` is: turning it over would cost as much as the product.
    """
    n, d = X.shape
    columns = _columns(d + 2)
    size = CUDA_BLOCK_BYTES if X.is_cuda else BLOCK_BYTES
    rows = max(size // (8 * columns), min(columns, SUB_ROWS))
    if rows > SUB_ROWS:
        rows -= rows % SUB_ROWS
    shape, turned = (min(rows, n), columns), X.stride(0) == 1 < X.stride(1)
    Z = torch.zeros(shape[::-1] if turned else shape, dtype=torch.float64, device=X.device)
    Z = Z.T if turned else Z
    Z[:, d + 1] = 1
    for start in range(0, n, rows):
        some = slice(start, start + rows)
        block = Z[: n - start]
        torch.sub(X[some], shift[:-1], out=block[:, :d])
        torch.sub(y[some], shift[-1:], out=block[:, d])  # 1-d: a 0-d shift would be rounded to float32
        yield block


def summed(X: Tensor, y: Tensor, shift: Tensor) -> Tensor:
    """M (d + 2, d + 2), the sum of z z' over all rows."""
    k = X.shape[1] + 2
    M = torch.zeros(_columns(k), _columns(k), dtype=torch.float64, device=X.device)
    part, rows = torch.zeros_like(M), 0
    for Z in shifted_blocks(X, y, shift):
        (_add_batch if k <= NARROW else _add_upper)(part, Z)
        rows += len(Z)
        if rows >= PART_ROWS:
            M += part
            part.zero_()
            rows = 0
    M = (M + part)[:k, :k]
    return M.triu() + M.triu(1).T


def _columns(k: int) -> int:
    """Columns of Z: with zeros up to a multiple of 8 where that keeps wide rows aligned."""
    return k if k <= NARROW else -(-k // 8) * 8


def _add_batch(M: Tensor, Z: Tensor) -> None:
    """M += Z'Z, as a sum of products of a few rows each."""
    whole = len(Z) - len(Z) % SUB_ROWS
    if whole:
        B = Z[:whole].view(-1, SUB_ROWS, Z.shape[1])
        M += torch.bmm(B.transpose(1, 2), B).sum(0)
    if whole < len(Z):
        M.addmm_(Z[whole:].T, Z[whole:])


def _add_upper(M: Tensor, Z: Tensor) -> None:
    """M += Z'Z, only on and above the diagonal as far as blocks of columns allow: almost half the work."""
    columns = Z.shape[1]
    if columns <= 2 * NARROW:
        M.addmm_(Z.T, Z)
        return
    half = columns // 16 * 8
    left, right = Z[:, :half], Z[:, half:]
    _add_upper(M[:half, :half], left)
    M[:half, half:].addmm_(left.T, right)
    _add_upper(M[half:, half:], right)
