r"""The rows of a robust fit, in coordinates in which all directions weigh the same.

With $Z$ the columns of the design made orthonormal, a fit is the least-squares fit plus $Z u$: residuals are
$r - Z u$, and what the numbers $u$ are does not depend on the units of any column, nor on how nearly
dependent columns are.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import BLOCK_BYTES, in_runs, summed
from linreg.inference.design import Design
from linreg.inference.fitted import Fitted
from linreg.workers import alone, dealt

__all__ = ["Pull", "Sample"]

EPS = torch.finfo(torch.float64).eps
FAR = 100.0  # means in units of deviations, up to which two digits at most are lost to them


class Pull(NamedTuple):
    """What a pass over the rows finds at u: how they pull."""

    r: Tensor  # (n,) residuals
    slope: Tensor  # (q,) Z'C psi(r / sigma)
    square: Tensor  # () sum of C psi^2


class Sample:
    """The rows, and what passes over them give.

    Args:
        found: the least-squares fit of these rows, or of some of them.
        X: (n, d) features.
        y: (n,) targets.
        C: (n,) float64 weights, if any.
    """

    def __init__(self, found: Fitted, X: Tensor, y: Tensor, C: Tensor | None) -> None:
        self.found, self.X, self.y, self.C = found, X, y, C
        self.total = float(len(y) if C is None else C.sum())
        self.D, self.by = self.design.directions()
        far = (self.design.mean * self.design.factor).abs().max() * self.design.weight**0.5
        self.moved = X.dtype == torch.float32 or float(far) > FAR

    @property
    def design(self) -> Design:
        """The coordinates."""
        return self.found.design

    @property
    def q(self) -> int:
        """Numbers that are fitted."""
        return self.D.shape[1]

    def parameters(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """W (d,), and the intercept () about the shift of the design."""
        w = self.found.fit.w + self.D @ u
        return w, self.found.p.offset[-1] - self.design.offset @ self.found.fit.w + self.by @ u

    def intercept(self, u: Tensor) -> Tensor:
        """() The intercept about zero."""
        w, b = self.parameters(u)
        return b + (self.found.p.shift[-1] - self.design.shift @ w)

    @alone
    def pull(self, u: Tensor, psi: Callable[[Tensor, slice], Tensor]) -> Pull:
        """What the rows do at u, in one pass over them."""
        w, b = self.parameters(u)
        r = w.new_empty(len(self.y))
        total = w.new_zeros(len(w) + 2)
        rows = self._rows()

        def worker() -> Callable[[slice], Tensor]:
            return _Worker(self, w, b, r, rows, psi)

        dealt(in_runs(slice(0, len(r)), rows), worker, total.add_)
        moved = total[:-2] if self.moved else total[:-2] - total[-2] * self.design.shift
        return Pull(r, self.D.T @ moved + self.by * total[-2], total[-1])

    def _rows(self) -> int:
        return max(BLOCK_BYTES // (8 * self.X.shape[1]), 512)

    def mean(self, v: Tensor) -> float:
        """The mean of v (n,), rows counting C times."""
        return float(v.sum() if self.C is None else v @ self.C) / self.total

    def residuals(self, u: Tensor) -> Tensor:
        """(n,) those at u."""
        return self.pull(u, lambda r, run: torch.zeros_like(r)).r

    def across(self, v: Tensor) -> Tensor:
        """(q,) Z'Cv of numbers v (n,), one for each row."""
        return self.pull(v.new_zeros(self.q), lambda r, run: v[run]).slope

    def at(self, rows: Tensor) -> Tensor:
        """(m, q) some rows of Z."""
        z: Tensor = torch.addmm(self.by, self.X[rows].double() - self.design.shift, self.D)
        return z

    def along(self, x: Tensor) -> Tensor:
        """(n,) Zx of numbers x (q,)."""
        w, b = self.D @ x, self.by @ x
        runs = in_runs(slice(0, len(self.X)), self._rows())
        return torch.cat([(self.X[run].double() - self.design.shift) @ w + b for run in runs])

    def residuals_of(self, w: Tensor, b: Tensor) -> Tensor:
        """(n,) those of weights w (d,) and an intercept b () about zero."""
        shift = self.found.p.shift
        level = b - shift[-1] + shift[:-1] @ w
        runs = in_runs(slice(0, len(self.X)), self._rows())
        fitted = torch.cat([(self.X[run].double() - shift[:-1]) @ w for run in runs])
        return self.y.double() - shift[-1] - fitted - level

    def rounding(self, u: Tensor) -> float:
        """What rounding may make of a residual at u, in the entries of the data and in the sum."""
        return 4 * torch.finfo(self.X.dtype).eps * self.size(u)

    def size(self, u: Tensor) -> float:
        """What residuals are differences of, about as large as its root mean square."""
        w, _ = self.parameters(u)
        p = self.found.p
        lengths = p.scale * p.weight**-0.5 + p.mean[:-1].abs()
        return p.y_size + float(p.mean[-1].abs() + lengths @ w.abs())

    def gram(self, weights: Tensor) -> Tensor:
        """Z'CZ (q, q) with these weights (n,) beside those of the rows."""
        counted = weights if self.C is None else weights * self.C
        M = summed(self.X, self.y, self.found.p.shift, counted)
        T = torch.vstack((self.D, torch.zeros_like(self.by), self.by))
        return T.T @ M @ T


class _Worker:
    """One thread's memory, in which a block is put after the other."""

    def __init__(
        self,
        of: Sample,
        w: Tensor,
        b: Tensor,
        r: Tensor,
        rows: int,
        psi: Callable[[Tensor, slice], Tensor],
    ) -> None:
        self.of, self.w, self.r, self.psi = of, w, r, psi
        self.shift, self.far, self.near = of.design.shift, of.found.p.shift[-1:], b.reshape(1)
        if not of.moved:  # what the shift would have done to all rows alike
            self.far = self.far + self.near - self.shift @ w
        n, d = of.X.shape
        turned = of.X.stride(0) == 1 < of.X.stride(1)  # to turn it over would take as long as the product
        m = min(rows, n) if of.moved else 0
        self.beside = w.new_empty(d, m).T if turned else w.new_empty(m, d)

    def __call__(self, run: slice) -> Tensor:
        of, X, r = self.of, self.of.X[run], self.r[run]
        if of.moved:  # large numbers first, one after the other, or what is left of them would be rounded
            X = self.beside[: len(r)].copy_(X).sub_(self.shift)
            r.copy_(of.y[run]).sub_(self.far).sub_(self.near)
        else:
            torch.sub(of.y[run], self.far, out=r)
        psi = self.psi(r.addmv_(X, self.w, alpha=-1), run)
        pulling = psi if of.C is None else psi * of.C[run]
        total = r.new_empty(len(self.w) + 2)
        torch.mv(X.T, pulling, out=total[:-2])
        total[-2], total[-1] = pulling.sum(), psi @ pulling
        return total
