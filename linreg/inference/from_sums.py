r"""A fit from sums alone, ready for questions: what is left of the noise, and how many digits of it."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.statistics import Statistics
from linreg.closed_form.from_sums import System, factored, normal_equation, solve_statistics
from linreg.inference.design import EPS, Design, by_cholesky, by_eigenvalues
from linreg.result import Fit

__all__ = ["from_sums"]


class FromSums(NamedTuple):
    """Columns and targets are divided by powers of two if squares would leave the range of float64."""

    fit: Fit  # in the units of the data
    p: System
    design: Design
    projected: Tensor  # (rank,) its squared length is what the features explain of y
    rss: float  # the sum of squared residuals, a difference of sums
    lost: float  # what rounding may have added to that

    @property
    def df(self) -> int:
        """Degrees of freedom that are left for the noise."""
        return self.p.n - self.design.unknowns

    @property
    def s(self) -> float:
        """The residual standard error; NaN where nothing tells it."""
        return math.sqrt(self.rss / self.df) if self.df > 0 and self.rss > self.lost else math.nan

    @property
    def unit(self) -> Tensor:
        """(d + 1,) exponents of the powers of two."""
        return torch.zeros_like(self.p.shift) if self.p.unit is None else self.p.unit

    @property
    def rounded(self) -> float:
        """Share of a squared length in the coordinates of the design that may be rounding."""
        longer = float((self.p.reached[:-1] * self.p.factor).clamp(min=1).max())
        return 4 * EPS * (self.design.condition * longer) ** 2

    @property
    def digits(self) -> int:
        """How many digits of standard errors are left."""
        return max(int(-math.log10(self.lost / self.rss / 2 + self.rounded)), 0)


def from_sums(statistics: Statistics, intercept: bool) -> FromSums:
    """The fit of these sums, and all that they say besides."""
    fit = solve_statistics(statistics, intercept=intercept)
    p = normal_equation(statistics, intercept)
    rank = statistics.d if fit.rank is None else fit.rank
    factor = factored(p)
    full = rank == statistics.d
    design = by_cholesky(p, factor, intercept) if full else by_eigenvalues(p, intercept, rank)
    projected = design.half.T @ p.g
    rss = max(float(p.yy) - float(projected.square().sum()), 0.0)
    of_x = torch.linalg.vector_norm(p.reached[:-1] * p.factor * (design.half @ projected))
    return FromSums(fit, p, design, projected, rss, 4 * EPS * float(p.reached[-1] + of_x) ** 2)
