"""A fit together with what it was made of, ready for questions about its rows."""

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.held import times_two_to
from linreg.basics.statistics import Statistics
from linreg.checks import check_Xy
from linreg.closed_form.from_sums import (
    PLAIN_LIMIT,
    SMALL,
    System,
    factored,
    in_units,
    normal_equation,
    solve_statistics,
)
from linreg.closed_form.solve import solve
from linreg.inference.design import Design, by_cholesky, by_triangle
from linreg.inference.passes import Rows
from linreg.result import Fit, Status
from linreg.weights import check_counts, check_some_weight

__all__ = ["Fitted", "fitted"]


class Fitted(NamedTuple):
    """All in float64, columns and targets divided by powers of two if squares would leave its range."""

    fit: Fit
    p: System
    design: Design
    rows: Rows
    n: int  # rows that count
    counts: Tensor | None  # (n,) how often each has been seen, if not once
    unit: Tensor  # (d + 1,) exponents of the powers of two

    @property
    def projected(self) -> Tensor:
        """(rank,) y in the coordinates of the design: its squared length is what the features explain."""
        return self.design.whole @ (self.fit.w * self.p.scale)

    @property
    def df(self) -> int:
        """Degrees of freedom that are left for the noise."""
        return self.n - self.design.unknowns

    def squares(self, r: Tensor, run: slice) -> Tensor:
        """() the sum of squares of residuals, each as often as its row has been seen."""
        squares = r.square()
        return squares.sum() if self.counts is None else squares @ self.counts[run]

    def outside(self, rss: Tensor) -> Fit:
        """The fit in the units of the data, with the loss that residuals come to."""
        fit = in_units(replace(self.fit, loss=rss / (2 * self.design.weight)), self.unit)
        if bool(fit.w.isfinite().all()):
            return fit
        message = (
            "A weight is beyond the range of float64. Multiply `X`, or divide `y`, by a power of two, "
            "which rounds nothing."
        )
        return replace(fit, status=Status.OUT_OF_RANGE, message=message)

    def perfect(self, rss: Tensor) -> bool:
        """Whether the residuals are no more than rounding."""
        return float(rss) <= self.rounding() ** 2

    def rounding(self) -> float:
        """The length of what residuals may be made of where the fit is perfect."""
        largest = float(torch.linalg.vector_norm(self.projected)) + float(self.p.yy) ** 0.5
        mean = float(self.p.mean[-1].abs()) * self.design.weight**0.5
        return float(2 * torch.finfo(self.rows.X.dtype).eps * (largest + mean))


def fitted(
    X: Tensor, y: Tensor, *, intercept: bool, weights: Tensor | None = None, frequency: bool = False
) -> Fitted:
    """Fit, by way of the sums alone where these have all digits, and of the rows where not."""
    X, y = check_Xy(X, y, finite=False)
    C = None
    if weights is not None:
        C = check_some_weight(y, weights)
        if frequency:
            check_counts(C)
    sums = Statistics.of(X, y, weights=weights, frequency=frequency)
    if C is not None and not bool(C.all()):
        X, y, C = X[C > 0], y[C > 0], C[C > 0]
    unit = sums.unit
    if bool(unit.any()):
        X, y = times_two_to(X.double(), -unit[:-1]), times_two_to(y.double(), -unit[-1])
        sums = Statistics.of(X, y, weights=C, frequency=frequency)
    p = normal_equation(sums, intercept, torch.finfo(X.dtype).eps)
    factor = factored(p)
    if factor.condition <= PLAIN_LIMIT and X.numel() > SMALL:  # below, `solve` has every digit at once
        fit = solve_statistics(sums, intercept=intercept)
    else:
        fit = solve(
            X, y, intercept=intercept, weights=None if C is None else C.to(X.dtype), dtype=torch.float64
        )
    rank = X.shape[1] if fit.rank is None else fit.rank
    if factor.condition <= PLAIN_LIMIT and rank == X.shape[1]:
        design = by_cholesky(p, factor, intercept)
    else:
        design = by_triangle(p, X, C, intercept, rank)
    root = None if C is None or frequency else C.sqrt()
    centre = torch.stack((p.shift[-1], p.offset[-1]))
    rows = Rows(design, X, y, root, fit.w, centre)
    return Fitted(fit, p, design, rows, sums.n, C if frequency else None, unit)
