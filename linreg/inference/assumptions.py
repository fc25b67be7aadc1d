"""Whether what standard errors assume holds: equal variance, no correlation, columns that differ."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import check_finite, check_tensor, check_X, check_Xy
from linreg.closed_form.triangle import triangle
from linreg.errors import DataError, ShapeError
from linreg.inference.distributions import chi_squared_tail, scipy_for
from linreg.inference.fitted import fitted
from linreg.keep import ByValue
from linreg.workers import alone

__all__ = ["BreuschPagan", "ConditionIndices", "breusch_pagan", "condition_indices", "durbin_watson"]


class BreuschPagan(NamedTuple):
    """What a test for unequal variance says.

    Attributes:
        statistic: chi-squared with `df` degrees of freedom where the variance is one.
        df: independent features.
        p: probability of a statistic at least as large then; small: the variance depends on the features.
    """

    statistic: float
    df: int
    p: float


@plain
@alone
def breusch_pagan(X: Tensor, y: Tensor, *, studentised: bool = True) -> BreuschPagan:
    r"""Test whether the variance of the noise depends linearly on the features.

    The squared residuals are regressed on the features. Koenker's version, the default as in R's `bptest`
    and in statsmodels, is $n R^2$ of that regression and asks for no normal noise. The original of Breusch
    and Pagan, half the explained sum of squares of $r_i^2 / (\|r\|^2 / n)$, does; it is that of R's
    `ncvTest` and of `bptest(studentize=FALSE)`.

    Cost: two fits.

    Args:
        X: (n, d) features; the fit has an intercept.
        y: (n,) targets.
        studentised: Koenker's version.

    Returns:
        The statistic, its degrees of freedom and p; NaN where the fit leaves no residuals but rounding, or no
        column varies.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.
        MissingError: scipy is not installed.

    Source: Breusch and Pagan, Econometrica 47 (1979); Koenker, Journal of Econometrics 17 (1981).

    Examples:
        >>> import torch
        >>> X = torch.tensor([[1.], [1.], [2.], [2.], [3.], [3.]])
        >>> y = torch.tensor([1., -1., 2., -2., 3., -3.])  # the residuals, growing with x
        >>> found = breusch_pagan(X, y)
        >>> print(f"{found.statistic:.3f} {found.df} {found.p:.4f}")
        5.878 1 0.0153
    """
    scipy_for("breusch_pagan")
    X, y = check_Xy(X, y)
    found = fitted(X, y, intercept=True)
    r = found.rows.residuals()
    squares, df = r.square(), found.design.rank
    if df == 0 or found.df <= 0 or found.perfect(squares.sum()):
        return BreuschPagan(math.nan, df, math.nan)
    u = squares / squares.mean() - 1  # of mean 0
    second = fitted(X.double(), u, intercept=True)
    explained = float(second.projected.square().sum())
    statistic = len(y) * explained / float(u.square().sum()) if studentised else explained / 2
    return BreuschPagan(statistic, df, chi_squared_tail(statistic, df))


@plain
@alone
def durbin_watson(r: Tensor) -> float:
    r"""Correlation of residuals with the ones before, $\sum_{i>1} (r_i - r_{i-1})^2 / \sum_i r_i^2$.

    About $2 (1 - \rho)$ for a correlation $\rho$ of neighbours: 2 without, near 0 where residuals keep their
    sign for long, as those of a missed trend do, near 4 where they alternate. It means something only where
    the rows stand in an order, as of time.

    Cost: O(n).

    Args:
        r: (n,) residuals in their order, n at least 2.

    Returns:
        A number from 0 to 4, without unit.

    Raises:
        ShapeError: `r` is not (n,) with n at least 2.
        DtypeError: not float32 or float64.
        DataError: NaN or infinite residuals, or all 0.

    Source: Durbin and Watson, Testing for serial correlation, Biometrika 37 (1950).

    Examples:
        >>> import torch
        >>> durbin_watson(torch.tensor([1., -1., 1., -1.]))
        3.0
    """
    r = check_tensor(r, "r")
    if r.ndim != 1 or len(r) < 2:
        raise ShapeError(
            f"`r` must have shape (n,) with n of 2 or more; got {tuple(r.shape)}. Pass residuals."
        )
    check_finite(r, "r")
    r = r.detach().double()
    largest = r.abs().max()
    if float(largest) == 0:
        raise DataError(
            f"`r` must have an entry other than 0; all {len(r)} are 0. A perfect fit has no noise."
        )
    r = r / largest  # the squares of the units could overflow
    return float(r.diff().square().sum() / r.square().sum())


@dataclass(frozen=True, eq=False)
class ConditionIndices(ByValue):
    """Which columns are nearly dependent, and how nearly.

    Args:
        indices: (p,) largest singular value over each, from 1 on; above 30 the columns are called collinear.
        shares: (p, p) of the variance of each parameter (a column) that comes from each direction (a row).
    """

    indices: Tensor
    shares: Tensor


@plain
@alone
def condition_indices(X: Tensor, *, intercept: bool = True) -> ConditionIndices:
    r"""Belsley's condition indices, with the share of each estimate's variance that comes from each.

    The columns, a one before them where there is an intercept, are brought to length 1 but not centred: what
    is nearly constant counts as nearly dependent on the intercept. Two or more shares above 0.5 in a row of a
    large index name the columns that are involved.

    Cost: O(n d^2), and a copy of `X`.

    Args:
        X: (n, d) features.
        intercept: a column of ones stands before them.

    Returns:
        The indices in ascending order and the shares; float64. A column of zeros has an infinite index.

    Raises:
        ShapeError: `X` is not (n, d).
        DtypeError: not float32 or float64.
        DataError: empty, NaN or infinite data.

    Source: Belsley, Kuh and Welsch, Regression Diagnostics, sections 3.2 and 3.3.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[1., 1.], [1., -1.], [-1., 1.], [-1., -1.]])
        >>> condition_indices(X).indices  # at right angles to each other and to the ones
        tensor([1.0000, 1.0000, 1.0000], dtype=torch.float64)
    """
    X = check_X(X).detach().double()
    A = torch.column_stack((torch.ones_like(X[:, :1]), X)) if intercept else X
    largest = torch.linalg.vector_norm(A, torch.inf, dim=0)
    A = A / largest.where(largest > 0, 1)
    length = torch.linalg.vector_norm(A, dim=0)
    R = triangle(A / length.where(length > 0, 1))
    _, s, Vh = torch.linalg.svd(R)
    s = torch.cat((s, s.new_zeros(len(Vh) - len(s))))
    part = (Vh / s.unsqueeze(1)).square()
    return ConditionIndices(s[0] / s, part / part.sum(0))
