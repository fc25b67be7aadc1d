r"""The rows of a problem beside what is asked of them, and the passes over them that exact methods make."""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.held import exponent, times_two_to
from linreg.basics.products import first_mean, residual_products, summed
from linreg.checks import check_finite
from linreg.closed_form.columns import level
from linreg.closed_form.from_sums import System, system

__all__ = ["Rows"]


class Rows(NamedTuple):
    """The data, of which every row counts."""

    X: Tensor  # (n, d)
    y: Tensor  # (n,)
    C: Tensor | None  # (n,) float64 weights, the largest near 1; none: 1 each
    intercept: bool
    dtype: torch.dtype = torch.float64  # of the answer

    @property
    def unknowns(self) -> int:
        """Number of weights, and `b`."""
        return self.X.shape[1] + self.intercept

    @property
    def eps(self) -> float:
        """Precision to which the entries are known."""
        return torch.finfo(self.X.dtype).eps

    def check_finite(self) -> None:
        """Require finite numbers."""
        check_finite(self.X, "X")
        check_finite(self.y, "y")

    def sums(self) -> tuple[Tensor, Tensor]:
        """A shift (d + 1,), near the mean, or without an intercept 0; and the sums M about it."""
        X, y, C = self.X, self.y, self.C
        shift = first_mean(X, y, C) if self.intercept else X.new_zeros(X.shape[1] + 1, dtype=torch.float64)
        return shift, summed(X, y, shift, C)

    def system(self, shift: Tensor, M: Tensor, unit: Tensor | None = None) -> System:
        """The normal equation, from these sums."""
        return system(len(self.X), float(M[-1, -1]), shift, M, self.intercept, self.eps, unit=unit)

    def in_units(self) -> tuple["Rows", Tensor]:
        """The same divided by powers of two, which rounds nothing, and their exponents (d + 1,)."""
        size = exponent(torch.cat((self.X.abs().amax(0), self.y.abs().amax().reshape(1))))
        unit = size.where(size.isfinite(), 0)
        X, y = times_two_to(self.X.double(), -unit[:-1]), times_two_to(self.y.double(), -unit[-1])
        return self._replace(X=X, y=y), unit

    def residual(self, p: System, v: Tensor) -> tuple[Tensor, Tensor]:
        """A'r (d,) and |r|^2 of the residual r = y - Av, from the data, where nothing has cancelled yet."""
        g, squares, _ = self.residuals(p, v.unsqueeze(1))
        return g.squeeze(1), squares.squeeze()

    def residuals(self, p: System, V: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """A'R (d, k), R'R (k, k) and the sum of R (k,) for V (d, k) and R = [y, 0, ..., 0] - A V."""
        k, W = V.shape[1], V * p.factor.unsqueeze(1)
        theta = torch.vstack((-W, W.new_zeros(1, k), p.offset[:-1] @ W))
        theta[-2, 0], theta[-1, 0] = 1, -level(W[:, 0].tolist(), p.offset.tolist())
        total, squares = residual_products(self.X, self.y, p.shift, theta, self.C)
        g = torch.addr(total[:-2], p.offset[:-1], total[-1], alpha=-1)  # about the mean, not the shift
        return g * p.factor.unsqueeze(1), squares, total[-1]
