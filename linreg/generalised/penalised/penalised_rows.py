"""The rows of a penalised problem, where its sums do not carry all digits: centred, in its coordinates."""

from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from linreg.basics.held import exponent, times_two_to
from linreg.basics.products import residual_products
from linreg.basics.statistics import Statistics
from linreg.checks import check_Xy
from linreg.closed_form.accuracy import within_range
from linreg.closed_form.from_sums import System
from linreg.closed_form.narrow import Columns, narrowed
from linreg.generalised.penalised.problem import Problem, problem_in, problem_of
from linreg.result import Fit
from linreg.settings import check_dtype
from linreg.weights import check_some_weight, relative

__all__ = ["Rows", "rounded", "rows_of"]

SMALLEST, LARGEST = 1e-120, 1e120  # entries within have squares, and sums of these, in range

F = TypeVar("F", bound=Fit)


class Rows(NamedTuple):
    """Those that count. Where squares would leave the range of float64, divided by powers of two."""

    X: Tensor  # (n, d)
    y: Tensor  # (n,)
    C: Tensor | None  # (n,) weights
    unit: Tensor  # (d + 1,) exponents of those powers
    sums: Statistics | None  # of these; none of wide data, whose d x d products nobody needs
    eps: float  # precision to which the entries are known
    intercept: bool
    dtype: torch.dtype  # of the answer

    @property
    def wide(self) -> bool:
        """Whether there are as many columns as rows, or more."""
        return self.X.shape[1] >= self.X.shape[0]

    def problem(self, standardise: bool) -> Problem:
        """The problem of their sums, or of their columns one by one."""
        if self.sums is not None:
            return problem_of(self.sums, self.intercept, standardise, self.eps)
        return problem_in(self._system(), self.intercept, standardise)

    def _system(self) -> System:
        """Means and lengths of the columns, and no products of them."""
        X, y, share, W = self.X.double(), self.y.double(), self.share(), float(self.total())
        Z = torch.column_stack((X, y))
        shift = self._mean(Z) if self.intercept else torch.zeros_like(Z[0])
        Z -= shift
        offset = self._mean(Z) if self.intercept else shift
        Z -= offset
        squares = share @ Z.square()
        rms = squares[:-1].sqrt()
        constant = rms <= 2 * self.eps * (shift + offset)[:-1].abs()
        scale = (rms * W**0.5).masked_fill(constant, 1)
        factor = (1 / scale).masked_fill(constant, 0)
        g = (share * Z[:, -1]) @ Z[:, :-1] * W * factor
        none = Z.new_zeros(0, 0)
        counted = len(self.y), W, none, g, squares[-1] * W, scale, factor, self.eps
        return System(*counted, shift, offset, none, None, self.unit)

    def total(self) -> float:
        """The sum of the weights."""
        return float(len(self.y)) if self.C is None else float(self.C.sum())

    def centred(self, problem: Problem) -> tuple[Tensor, Tensor]:
        """(n, d) and (n,) columns and y about their means, in the coordinates of the problem: a copy."""
        p = problem.p
        A = (self.X.double() - p.shift[:-1]) - p.offset[:-1]
        t = (self.y.double() - p.shift[-1]) - p.offset[-1]
        if self.intercept:  # what the means themselves were rounded by
            A -= self._mean(A)
            t -= self._mean(t.unsqueeze(1))
        if problem.yy == 0:  # of a constant y only rounding is left
            t = torch.zeros_like(t)
        return A * problem.turn, times_two_to(t, t.new_full((1,), -problem.y_exponent))

    def share(self) -> Tensor:
        """(n,) what each row counts for, of 1."""
        if self.C is None:
            return torch.full_like(self.y, 1 / len(self.y), dtype=torch.float64)
        return self.C / self.C.sum()

    def _mean(self, A: Tensor) -> Tensor:
        return self.share() @ A

    def slope(self, problem: Problem, U: Tensor) -> tuple[Tensor, Tensor]:
        """(d, k) X'R / n and (k,) squares of residuals of U (d, k), from the rows, where nothing cancels."""
        p, W = problem.p, problem.weights(U)
        near = p.offset[-1] - p.offset[:-1] @ W
        theta = torch.vstack((-W, torch.ones_like(W[:1]), -near.unsqueeze(0)))
        total, squares = residual_products(self.X, self.y, p.shift, theta, self.C)
        g = (total[:-2] - torch.outer(p.offset[:-1], total[-1])) * problem.turn.unsqueeze(1) / p.weight
        down = g.new_full((1,), -problem.y_exponent)
        squared = times_two_to(times_two_to(squares.diagonal() / p.weight, down), down)
        return times_two_to(g, down), squared


def rows_of(
    X: Tensor,
    y: Tensor,
    intercept: bool,
    weights: Tensor | None,
    dtype: torch.dtype | None = torch.float64,
) -> Rows:
    """The rows with a weight above 0; the others must be usable all the same."""
    dtype = None if dtype is None else check_dtype(dtype)
    X, y = check_Xy(X, y, finite=False)  # sums tell
    C = None
    if weights is not None:
        C = relative(check_some_weight(y, weights))
        if not bool(C.all()):
            check_Xy(X, y)
            X, y, C = X[C > 0], y[C > 0], C[C > 0]
    eps, kind = torch.finfo(X.dtype).eps, dtype or X.dtype
    sums = None
    if X.shape[1] >= X.shape[0]:
        check_Xy(X, y)
        unit = _units(torch.cat((X.abs().amax(0), y.abs().amax().reshape(1))).double())
    else:
        sums = Statistics.of(X, y, weights=None if C is None else C.to(X.dtype))
        unit = sums.unit
    if bool(unit.any()):
        X, y = times_two_to(X.double(), -unit[:-1]), times_two_to(y.double(), -unit[-1])
    return Rows(X, y, C, unit, sums, eps, intercept, kind)


def rounded(fit: F, problem: Problem, rows: Rows) -> F:
    """The fit in the dtype asked for, with the loss that it then has."""
    if bool(rows.unit.any()):  # the rows at hand are in other units
        return within_range(fit, rows.dtype)  # type: ignore[return-value]
    p = problem.p
    return narrowed(fit, rows.dtype, rows.X, rows.y, rows.C, Columns(p.mean[:-1], p.scale, p.weight))


def _units(largest: Tensor) -> Tensor:
    """(d + 1,) exponents of columns whose squares would leave the range of float64; else 0."""
    far = (largest < SMALLEST) | (largest > LARGEST)
    return exponent(largest).where(far & (largest > 0), 0)
