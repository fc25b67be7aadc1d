r"""One more pass over the rows: residuals and leverages, where the sums no longer tell them.

$R^2$, as any difference of sums, loses its digits when the fit is good. Residuals taken row by row keep them,
and what depends on each of them, as the robust errors do, has no other way.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import BLOCK_BYTES, SUB_ROWS, in_runs
from linreg.inference.design import Design
from linreg.workers import dealt

__all__ = ["Block", "Rows"]

CUDA_ROWS = 1 << 20


class Block(NamedTuple):
    """Some rows."""

    run: slice
    r: Tensor  # (m,) residuals, times the roots of the weights
    z: Tensor  # (m, q) coordinates, times the same, and columns of zeros beside them
    leverage: Tensor  # (m,)


class Rows:
    """The rows of a fit.

    Args:
        design: of these rows.
        X: (n, d) features.
        y: (n,) targets.
        root: (n,) roots of precisions, if any.
        w: (d,) weights.
        centre: (2,) mean of y in two parts, the shift of its sums and the rest; zero without an intercept.
    """

    def __init__(
        self, design: Design, X: Tensor, y: Tensor, root: Tensor | None, w: Tensor, centre: Tensor
    ) -> None:
        self.design, self.X, self.y, self.root, self.w = design, X, y, root, w
        self.centre = centre[:1]
        self.left = centre[1:] - design.offset @ w  # small numbers only: what is large has been taken apart
        self.rows = CUDA_ROWS if X.is_cuda else self._fitting()

    def _fitting(self) -> int:
        rows = max(BLOCK_BYTES // (16 * (self.X.shape[1] + 1)), 8)  # two matrices of a block
        return rows - rows % SUB_ROWS if rows > SUB_ROWS else rows

    def over(self, make: Callable[[Block], Tensor], leverage: bool = True) -> Tensor:
        """The sum of what `make` makes of each block; without `leverage` it has no coordinates either."""
        total: list[Tensor] = []

        def give(part: Tensor) -> None:
            total[:] = [total[0] + part] if total else [part]

        runs = in_runs(slice(0, len(self.X)), self.rows)
        dealt(runs, lambda: _Worker(self, make, leverage), give)
        return total[0]

    def residuals(self) -> Tensor:
        """(n,) residuals, times the roots of the weights."""
        r = self.w.new_empty(len(self.X))

        def keep(block: Block) -> Tensor:
            r[block.run] = block.r
            return block.r.sum()

        self.over(keep, leverage=False)
        return r


class _Worker:
    """One thread's memory, in which a block is put after the other."""

    def __init__(self, rows: Rows, make: Callable[[Block], Tensor], leverage: bool) -> None:
        n, d = rows.X.shape
        m, like = min(rows.rows, n), rows.design.factor
        self.of, self.make, self.leverage = rows, make, leverage
        directions, by = rows.design.directions()
        beside = -len(by) % 8  # aligned, the product takes half the time where there are few columns
        self.directions, self.by = (torch.nn.functional.pad(part, (0, beside)) for part in (directions, by))
        turned = rows.X.stride(0) == 1 < rows.X.stride(1)  # to turn it over would take as long as the product
        self.beside = like.new_empty(d, m).T if turned else like.new_empty(m, d)
        self.z = like.new_empty(m, len(self.by) if leverage else 0)

    def __call__(self, run: slice) -> Tensor:
        of, m = self.of, run.stop - run.start
        beside = torch.sub(of.X[run], of.design.shift, out=self.beside[:m])
        r = torch.addmv((of.y[run] - of.centre) - of.left, beside, of.w, alpha=-1)
        z = self.z[:m]
        if self.leverage:
            torch.addmm(self.by, beside, self.directions, out=z)
        if of.root is not None:
            root = of.root[run]
            r *= root
            z *= root.unsqueeze(1)
        return self.make(Block(run, r, z, torch.linalg.vector_norm(z, dim=1).square()))
