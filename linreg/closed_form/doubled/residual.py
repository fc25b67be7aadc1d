r"""The gradient X'r in twice the precision, block by block of rows: what refinement corrects by.

Near the answer r and X'r are small differences of large numbers. Computed in float64 they would be noise,
and so would be the correction that follows from them.
"""

from collections.abc import Callable
from typing import NamedTuple, overload

import torch
from torch import Tensor

from linreg.basics.products import in_runs
from linreg.closed_form.doubled.arithmetic import (
    SPLIT,
    Doubled,
    add,
    as_doubled,
    fast_two_sum,
    mul,
    power_of_two,
    split,
    total,
    two_sum,
)
from linreg.weights import relative
from linreg.workers import dealt

__all__ = ["BLOCK", "Problem", "counting", "leading", "problem", "some_rows"]

BLOCK = 65536  # entries of X taken at a time, so that the arrays that come of them fit the cache
RUN = 4  # blocks that one thread takes in one go


class Problem(NamedTuple):
    """The data, and the powers of two that bring their entries near 1."""

    X: Tensor | Doubled
    y: Tensor | Doubled
    unit: Tensor  # (d,)
    y_unit: Tensor  # ()
    shift: Tensor  # (d,) in units
    scale: Tensor  # (d,) in units, from 1 to 2
    intercept: bool
    weights: Tensor | None = None  # (n,) float64, none far above 1

    @property
    def weight(self) -> float:
        """Sum of the weights, or number of rows."""
        return float(len(leading(self.y)) if self.weights is None else self.weights.sum())

    def gradient(self, v: Doubled) -> tuple[Doubled, float]:
        """A'Cr (k,) and r'Cr for r = y - A v and A = [X / unit, 1], C the weights, in twice the precision."""
        n, d = leading(self.X).shape
        rows = max(BLOCK // (d + 2), 1)
        column = Doubled(v.hi.unsqueeze(1), v.lo.unsqueeze(1))
        factor = (1 / self.unit).unsqueeze(1)
        sums = as_doubled(v.hi.new_zeros(len(v.hi) + 1))

        def worker() -> Callable[[slice], Doubled]:
            work = _Work(d, len(v.hi), min(n, rows), isinstance(self.X, Doubled), self.unit.device)

            def sums_of(run: slice) -> Doubled:
                work.sums = as_doubled(torch.zeros_like(sums.hi))
                for some in in_runs(run, rows):
                    self._add(work, some, column, factor)
                return work.sums

            return sums_of

        def give(part: Doubled) -> None:
            nonlocal sums
            sums = add(sums, part)

        dealt(in_runs(slice(0, n), n if self.unit.is_cuda else RUN * rows), worker, give)
        return Doubled(sums.hi[:-1], sums.lo[:-1]), float(sums.hi[-1])

    def _add(self, work: "_Work", rows: slice, column: Doubled, factor: Tensor) -> None:
        """Add the products of a block."""
        work.load(some_rows(self.X, rows), factor)
        predicted = work.prediction(column)
        y = some_rows(self.y, rows)
        r, e = two_sum(leading(y) / self.y_unit, -predicted.hi)
        e -= predicted.lo
        if isinstance(y, Doubled):
            e += y.lo / self.y_unit
        residual = fast_two_sum(r, e)
        weights = None if self.weights is None else as_doubled(self.weights[rows])
        work.add_products(residual, residual if weights is None else mul(residual, weights))


def problem(
    X: Tensor | Doubled,
    y: Tensor | Doubled,
    shift: Tensor,
    scale: Tensor,
    intercept: bool,
    weights: Tensor | None = None,
) -> Problem:
    """Take powers of two out of the data."""
    unit = power_of_two(scale)
    top = leading(y)
    y_unit = power_of_two(torch.maximum(top.max(), -top.min()).double())
    shift = shift / unit if intercept else 0 * unit
    return Problem(X, y, unit, y_unit, shift, scale / unit, intercept, weights)


def leading(x: Tensor | Doubled) -> Tensor:
    """The tensor, or the rounded value of the pair."""
    return x.hi if isinstance(x, Doubled) else x


def some_rows(x: Tensor | Doubled, rows: slice | Tensor) -> Tensor | Doubled:
    """These rows of a tensor, or of both parts of a pair."""
    return Doubled(x.hi[rows], x.lo[rows]) if isinstance(x, Doubled) else x[rows]


@overload
def counting(X: Tensor, y: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]: ...


@overload
def counting(
    X: Tensor | Doubled, y: Tensor | Doubled, c: Tensor
) -> tuple[Tensor | Doubled, Tensor | Doubled, Tensor]: ...


def counting(
    X: Tensor | Doubled, y: Tensor | Doubled, c: Tensor
) -> tuple[Tensor | Doubled, Tensor | Doubled, Tensor]:
    """The rows of a weight above 0, copied only where others are left out, and these weights, relative."""
    some = c > 0
    if not bool(some.all()):
        X, y, c = some_rows(X, some), some_rows(y, some), c[some]
    return X, y, relative(c)


class _Work:
    """Arrays for one block of rows, used again for the next: (k + 1, m), a feature to a row.

    The last row takes the residual, so that one product gives A'r and r'r. Every large operation writes
    into an array that is there: to allocate one costs more than to fill it.
    """

    sums: Doubled  # (k + 1,) A'r and r'r of a run so far

    def __init__(self, d: int, k: int, rows: int, doubled: bool, device: torch.device) -> None:
        self.d, self.k, self.rows = d, k, rows
        self.buffers = torch.empty(6 + doubled, (k + 1) * rows, dtype=torch.float64, device=device)

    def load(self, X: Tensor | Doubled, factor: Tensor) -> None:
        """Take a block (m, d): transposed, in units, and split for exact products."""
        m, d, k = len(leading(X)), self.d, self.k
        views = self.buffers[:, : (k + 1) * m].view(-1, k + 1, m)
        self.a, self.upper, self.lower, self.p, self.e, self.spare = views[:6]
        torch.mul(leading(X).T, factor, out=self.a[:d])
        self.a[d:] = 1.0
        self.a_lo = views[6:, :d]  # (0, d, m) or (1, d, m)
        if isinstance(X, Doubled):
            torch.mul(X.lo.T, factor, out=self.a_lo[0])
        self._split(slice(0, k))

    def _split(self, rows: slice) -> None:
        """`split` of these rows of a, in place."""
        a, upper, lower = self.a[rows], self.upper[rows], self.lower[rows]
        torch.mul(a, SPLIT, out=upper)
        torch.sub(upper, a, out=lower)
        upper.sub_(lower)
        torch.sub(a, upper, out=lower)

    def _multiply(self, v: Doubled, rows: int) -> Doubled:
        """Products of the first rows with v, (k, 1) or (m,), and what they leave out."""
        a, upper, lower, p, e = (t[:rows] for t in (self.a, self.upper, self.lower, self.p, self.e))
        v_upper, v_lower = split(v.hi)
        torch.mul(a, v.hi, out=p)
        torch.mul(upper, v_upper, out=e)
        e.sub_(p)
        e.addcmul_(upper, v_lower).addcmul_(lower, v_upper).addcmul_(lower, v_lower)
        e.addcmul_(a, v.lo)
        for a_lo in self.a_lo:
            e[: self.d].addcmul_(a_lo, v.hi[: self.d] if v.hi.ndim == 2 else v.hi)
        return Doubled(p, e)

    def prediction(self, v: Doubled) -> Doubled:
        """A v (m,)."""
        return total(self._multiply(v, self.k), 0, self.spare[: self.k])

    def add_products(self, r: Doubled, weighted: Doubled) -> None:
        """Add A'Cr and r'Cr, from r and Cr."""
        last = slice(self.k, self.k + 1)
        self.a[last] = r.hi
        self._split(last)
        s = self._multiply(weighted, self.k + 1)
        s.lo[last].addcmul_(r.lo, weighted.hi)
        self.sums = add(self.sums, total(s, 1, self.spare))
