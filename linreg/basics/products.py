r"""Sums of products over the rows, block by block: what every exact answer is made of.

A block is small enough to stay in the cache from the moment its rows are widened to float64 until they
have been multiplied.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from linreg.workers import dealt

__all__ = [
    "BLOCK_BYTES",
    "FIRST_ROWS",
    "NARROW",
    "SUB_ROWS",
    "add_batch",
    "block_rows",
    "first_mean",
    "in_runs",
    "pass_over",
    "residual_products",
    "summed",
]

BLOCK_BYTES = 2 << 20  # of rows taken at a time: they stay in the cache between widening and multiplying
CUDA_BLOCK_BYTES = 256 << 20  # there a launch costs more than a trip to memory
SUB_ROWS = 1024  # rows of one product of a batch: long enough to be fast, short enough to add up exactly
PART_ROWS = 4096  # added to one sum, which the product does row after row, before the next is begun
BRIEF_PART_ROWS = 2048  # the same of float32, which rounds more
NARROW = 48  # columns up to which a batch of small products beats one tall one
RUN_ENTRIES = 1 << 19  # of rows that one thread takes in one go
FIRST_ROWS = 1024  # rows whose mean becomes the shift


def first_mean(X: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
    """(d + 1,) the mean of the first rows of X and y that count: near enough to the mean of all of them."""
    if weights is None:
        first, of_y = X[:FIRST_ROWS], y[:FIRST_ROWS]
        return torch.cat((first.mean(0, dtype=torch.float64), of_y.mean(dtype=torch.float64).unsqueeze(0)))
    counting = weights.nonzero().flatten()[:FIRST_ROWS]
    share = weights[counting] / weights[counting].sum()
    return torch.column_stack((X[counting], y[counting])).double().T @ share


def runs(X: Tensor) -> list[slice]:
    """Rows that are taken together, by shape and device alone."""
    n, d = X.shape
    if X.is_cuda:
        return [slice(0, n)]
    rows, columns = block_rows(X), d + 2
    least = max(RUN_ENTRIES // columns, 2 * columns)  # what a run gives has to be added, all columns^2 of it
    return in_runs(slice(0, n), rows * -(-least // rows))


def in_runs(run: slice, rows: int) -> list[slice]:
    """A run of rows, cut into runs of so many."""
    return [slice(start, min(start + rows, run.stop)) for start in range(run.start, run.stop, rows)]


def block_rows(X: Tensor) -> int:
    """Rows of a block."""
    columns = _columns(X.shape[1] + 2)
    size = CUDA_BLOCK_BYTES if X.is_cuda else BLOCK_BYTES
    rows = max(size // (8 * columns), min(columns, SUB_ROWS))
    return rows - rows % SUB_ROWS if rows > SUB_ROWS else rows


class Blocks:
    """Z = [X - shift, y - shift, 1], a few rows at a time, always in the same memory.

    Row after row or column after column, as `X` is: turning it over would cost as much as the product.
    """

    def __init__(self, X: Tensor, y: Tensor, shift: Tensor, dtype: torch.dtype = torch.float64) -> None:
        self.X, self.y, self.rows = X, y, block_rows(X)
        self.shift = shift.to(torch.promote_types(X.dtype, dtype))
        self.moved = bool(shift.any())
        n, d = X.shape
        shape, turned = (min(self.rows, n), _columns(d + 2)), X.stride(0) == 1 < X.stride(1)
        Z = torch.ones(shape[::-1] if turned else shape, dtype=dtype, device=X.device)
        self.Z = Z.T if turned else Z

    def of(self, run: slice) -> Iterator[Tensor]:
        """Those of a run of rows."""
        d = self.X.shape[1]
        for some in in_runs(run, self.rows):
            block = self.Z[: some.stop - some.start]
            self._fill(block[:, :d], self.X[some], self.shift[:-1])
            # 1-d: a 0-d shift would be rounded to float32
            self._fill(block[:, d], self.y[some], self.shift[-1:])
            yield block

    def _fill(self, part: Tensor, rows: Tensor, shift: Tensor) -> None:
        if self.moved:
            torch.sub(rows, shift, out=part)
        else:
            part.copy_(rows)  # which takes less

    def weighted(self, run: slice, weights: Tensor | None) -> Iterator[tuple[Tensor, Tensor]]:
        """Those, each beside the same times its weights; the very same where there are none."""
        if weights is None:
            yield from ((Z, Z) for Z in self.of(run))
            return
        C = torch.empty_like(self.Z)
        for some, Z in zip(in_runs(run, self.rows), self.of(run), strict=True):
            yield Z, torch.mul(Z, weights[some].unsqueeze(1), out=C[: len(Z)])


def summed(
    X: Tensor,
    y: Tensor,
    shift: Tensor,
    weights: Tensor | None = None,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """M (d + 2, d + 2), the sum of z z' over all rows, each as often as its weight says.

    Float64 in the end; rows are multiplied in `dtype`, for float32 ones about a shift that float32 holds.
    """
    k = X.shape[1] + 2
    least = PART_ROWS if dtype == torch.float64 else BRIEF_PART_ROWS
    add = add_batch if k <= NARROW else _add_upper
    columns = _columns(k)

    def worker() -> Callable[[slice], Tensor]:
        blocks = Blocks(X, y, shift, dtype)

        def sum_of(run: slice) -> Tensor:
            total, part, rows = None, blocks.Z.new_zeros(columns, columns), 0
            for Z, C in blocks.weighted(run, weights):
                if rows >= least:  # and more to come
                    total = part.double() if total is None else total.add_(part)
                    part, rows = torch.zeros_like(part), 0
                add(part, Z, C)
                rows += len(Z)
            return part if total is None else total.add_(part)

        return sum_of

    M = torch.zeros(columns, columns, dtype=torch.float64, device=X.device)
    dealt(runs(X), worker, M.add_)
    M = M[:k, :k]
    return M.triu() + M.triu(1).T


def residual_products(
    X: Tensor, y: Tensor, shift: Tensor, theta: Tensor, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Z'R (d + 2, k) and R'R (k, k) of R = Z theta over all weighted rows z = (x - shift, y - shift, 1)."""
    rows, k = theta.shape
    theta = torch.nn.functional.pad(theta, (0, 0, 0, _columns(rows) - rows))
    total = torch.zeros(len(theta) + k, k, dtype=torch.float64, device=X.device)

    def worker() -> Callable[[slice], Tensor]:
        blocks = Blocks(X, y, shift)

        def sum_of(run: slice) -> Tensor:
            part = torch.zeros_like(total)
            for Z, C in blocks.weighted(run, weights):
                R = Z @ theta
                part[:-k] += C.T @ R
                part[-k:] += R.T @ R if C is Z else R.T @ (C @ theta)
            return part

        return sum_of

    dealt(runs(X), worker, total.add_)
    return total[:rows], total[-k:]


def _columns(k: int) -> int:
    """Columns of Z: with more ones, which nobody reads, up to a multiple of 8 that keeps rows aligned."""
    return k if k <= NARROW else -(-k // 8) * 8


def add_batch(M: Tensor, Z: Tensor, C: Tensor) -> None:
    """M += Z'C, as a sum of products of a few rows each."""
    whole = len(Z) - len(Z) % SUB_ROWS
    if whole:
        B, D = (rows[:whole].view(-1, SUB_ROWS, Z.shape[1]) for rows in (Z, C))
        M += torch.bmm(B.transpose(1, 2), D).sum(0)
    if whole < len(Z):
        M.addmm_(Z[whole:].T, C[whole:])


def _add_upper(M: Tensor, Z: Tensor, C: Tensor) -> None:
    """M += Z'C, only on and above the diagonal as far as blocks of columns allow: almost half the work."""
    columns = Z.shape[1]
    if columns <= 2 * NARROW:
        M.addmm_(Z.T, C)
        return
    half = columns // 16 * 8
    _add_upper(M[:half, :half], Z[:, :half], C[:, :half])
    M[:half, half:].addmm_(Z[:, :half].T, C[:, half:])
    _add_upper(M[half:, half:], Z[:, half:], C[:, half:])


def pass_over(products: Callable[..., tuple[Tensor, ...]], X: Tensor, *beside: Tensor) -> list[Tensor]:
    """What `products` makes of some rows of X and of what is beside it, summed over all of them."""
    n, d = X.shape
    rows = n if X.is_cuda else max(BLOCK_BYTES // (X.element_size() * d), 1)
    if n <= rows:
        return list(products(X, *beside))
    totals: list[Tensor] = []  # in float64: a float32 sum of many parts would lose digits

    def worker() -> Callable[[slice], tuple[Tensor, ...]]:
        return lambda run: products(X[run], *(t[run] for t in beside))

    def add(parts: tuple[Tensor, ...]) -> None:
        before = totals or [part.new_zeros(()).double() for part in parts]
        totals[:] = [part.double() + total for part, total in zip(parts, before, strict=True)]

    dealt(in_runs(slice(0, n), rows), worker, add)
    return [total.to(X.dtype) for total in totals]
