r"""The log-loss of all rows and its derivatives, by blocks, in coordinates that all weigh alike.

With $Z$ the columns of the design made orthonormal, margins are $Z u$ for parameters $u$ (q, k). What $u$ is
does not depend on the units of the columns, and the curvature $\sum_i c_i\, z_i z_i^\top B_i$ is as well
conditioned as the chances allow.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import BLOCK_BYTES, SUB_ROWS, add_batch, in_runs
from linreg.generalised.classes.class_ranks import Pair, Ranks
from linreg.generalised.classes.log_loss import Family
from linreg.inference.design import Design
from linreg.workers import alone, dealt

__all__ = ["Block", "Likelihood", "Sums", "Table", "products"]

CUDA_ROWS = 1 << 20


class Table(NamedTuple):
    """Rows of which each counts."""

    X: Tensor  # (n, d)
    t: Tensor  # (n,) classes, as numbers
    C: Tensor | None  # (n,) float64 weights, if any

    def part(self, run: slice) -> "Table":
        """Some of the rows."""
        return Table(self.X[run], self.t[run], None if self.C is None else self.C[run])

    @property
    def weight(self) -> float:
        """What they count for."""
        return float(len(self.t) if self.C is None else self.C.sum())


class Block(NamedTuple):
    """Some of them."""

    X: Tensor  # (m, d)
    z: Tensor  # (m, q) coordinates, and columns of zeros beside them
    t: Tensor  # (m,)
    c: Tensor | None  # (m,)


class Sums(NamedTuple):
    """What a pass over all rows finds at u."""

    value: float  # sum of the losses, each as often as its row counts
    pull: float  # sum of |z| |slope|, of whose roundings that of the slope is made
    gap: float  # the smallest gap: above 0 where each row has its class as the likeliest
    far: float  # the largest |z|
    slope: Tensor  # (q, k)
    bend: Tensor  # (q k, q k)


class Likelihood:
    """The rows, and what passes over them give.

    Args:
        family: of the log-loss.
        design: the coordinates.
        tables: the rows, in one table or more; asked for again at each pass.
        ranks: those that have the other rows, if there are such; then none need be here.
    """

    def __init__(
        self,
        family: Family,
        design: Design,
        tables: Callable[[], Iterable[Table]],
        ranks: Ranks | None = None,
    ) -> None:
        self.family, self.design, self.tables, self.ranks = family, design, tables, ranks
        self.only: tuple[Table, Block] | None = None  # all rows, where they are one block: made once
        self.D, self.by = design.directions()
        beside = -len(self.by) % 8  # aligned, the products take half the time where there are few columns
        self.wide = [torch.nn.functional.pad(part, (0, beside)) for part in (self.D, self.by)]

    @property
    def q(self) -> int:
        """Parameters of each margin."""
        return len(self.by)

    def margins(self, z: Tensor, u: Tensor) -> Tensor:
        """(m, k) those of coordinates with zeros beside them."""
        return z @ torch.nn.functional.pad(u, (0, 0, 0, z.shape[1] - len(u)))

    def shared(self, u: Tensor) -> Tensor:
        """u, the same on all ranks."""
        return self.ranks.shared(u) if self.ranks else u

    @alone
    def over(self, make: Callable[[Block], Pair], *at: Tensor) -> Pair:
        """The sum of the first tensor that `make` makes of blocks, and the largest entries of the second.

        `at` is what `make` computes with, `shared` by all ranks.
        """
        if self.ranks:
            return self.ranks.over(lambda: self._here(make), at)
        (found,) = self._here(make)
        return found

    def _here(self, make: Callable[[Block], Pair]) -> list[Pair]:
        """The same in the rows of this process, if it has any."""
        found: list[Pair] = []

        def give(part: Pair) -> None:
            before = found.pop() if found else None
            found.append(part if before is None else (before[0] + part[0], torch.maximum(before[1], part[1])))

        for table in self.tables():
            if self.only is not None and self.only[0] is table:
                give(make(self.only[1]))
                continue
            runs = in_runs(slice(0, len(table.X)), self._rows(table.X))
            dealt(runs, lambda table=table: lambda run: make(self._block(table, run)), give)  # type: ignore[misc]
            del table  # before the next is made
        return found

    def held(self, table: Table) -> "Likelihood":
        """The same; where this table, which is all there is, is one block, that is kept."""
        if len(table.X) <= self._rows(table.X):
            self.only = table, self._block(table, slice(0, len(table.X)))
        return self

    def _rows(self, X: Tensor) -> int:
        if X.is_cuda:
            return CUDA_ROWS
        rows = max(BLOCK_BYTES // (24 * (len(self.wide[1]) or 1)), 8)  # X, z, and this times numbers
        return rows - rows % SUB_ROWS if rows > SUB_ROWS else rows

    def _block(self, table: Table, run: slice) -> Block:
        X, t, C = table.part(run)
        z = torch.addmm(self.wide[1], X - self.design.shift, self.wide[0])
        return Block(X, z, t, C)

    def at(self, u: Tensor) -> Sums:
        """The loss and its derivatives at u (q, k), in one pass."""

        def make(block: Block) -> tuple[Tensor, Tensor]:
            z, c = block.z, block.c
            rows = self.family.rows(self.margins(z, u), block.t)
            value, slope, bend = rows.value, rows.slope, rows.bend
            if c is not None:
                value, slope, bend = value * c, slope * c.unsqueeze(1), bend * c.view(-1, 1, 1)
            length = torch.linalg.vector_norm(z, dim=1)
            pull = length @ torch.linalg.vector_norm(slope, dim=1)
            sums = (value.sum().reshape(1), pull.reshape(1), (z.T @ slope).flatten(), products(z, bend))
            return torch.cat(sums), torch.stack((-rows.gaps.min(), length.max()))

        total, most = self.over(make, u)
        value, pull = total[:2].tolist()
        low, far = most.tolist()
        return Sums(value, pull, -low, far, *self.inside(total[2:]))

    def inside(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """(q, k) and (q k, q k): a slope and a matrix that were summed with the columns of zeros."""
        k, wide = self.family.free, len(self.wide[1])
        return flat[: wide * k].view(wide, k)[: self.q], self.square(flat[wide * k :])

    def square(self, flat: Tensor) -> Tensor:
        """(q k, q k) a matrix that was summed with the columns of zeros."""
        k, wide = self.family.free, len(self.wide[1])
        M = flat.view(wide, k, wide, k)[: self.q, :, : self.q].reshape(self.q * k, self.q * k)
        return (M + M.T) / 2


def products(z: Tensor, bend: Tensor) -> Tensor:
    """(q k q k,) the sum over rows of z z' times bend (k, k)."""
    q, k = z.shape[1], bend.shape[1]
    H = z.new_zeros(q, k, q, k)
    if k == 1:
        add_batch(H.view(q, q), z, z * bend.squeeze(2))
        return H.flatten()
    for a in range(k):
        for b in range(a + 1):
            M = z.new_zeros(q, q)
            add_batch(M, z, z * bend[:, a, b].unsqueeze(1))
            H[:, a, :, b] = H[:, b, :, a] = M
    return H.flatten()
