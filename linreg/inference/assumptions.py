"""Whether what standard errors assume holds: equal variance, and no correlation of one row with the next."""

import math
from typing import NamedTuple

from torch import Tensor

from linreg.ambient import plain
from linreg.checks import check_finite, check_tensor, check_Xy
from linreg.errors import DataError, ShapeError
from linreg.inference.distributions import chi_squared_tail, scipy_for
from linreg.inference.fitted import fitted
from linreg.workers import alone

__all__ = ["BreuschPagan", "breusch_pagan", "durbin_watson"]


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
def breusch_pagan(
    X: Tensor,
    y: Tensor,
    *,
    studentised: bool = True,
    intercept: bool = True,
    weights: Tensor | None = None,
) -> BreuschPagan:
    r"""Test whether the variance of the noise depends linearly on the features.

    The squared residuals are regressed on the features and a constant. Koenker's version, the default as in
    R's `bptest` and in statsmodels, is $n R^2$ of that regression and does not need normal noise. The
    original of Breusch and Pagan, half the explained sum of squares of $r_i^2 / (\|r\|^2 / n)$, needs it; it
    is that of `bptest(studentize=FALSE)`, and of R's `ncvTest` where that is given the features: by default
    it takes the predictions instead, one column.

    With precisions $c_i$ the question is whether $c_i r_i^2$ depends on the features: whether anything is
    left of the unequal variance that the weights were to take out. These squares are regressed, each row once
    and unweighted. Without an intercept in the fit the second regression has its constant all the same: that
    is the variance, if there is one.

    Cost: a fit and two more passes; with weights, or without an intercept, another fit.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        studentised: Koenker's version.
        intercept: the fit of `y` has one.
        weights: (n,) precisions of the rows, for that fit; a row of weight 0 does not count.

    Returns:
        The statistic, its degrees of freedom and p; NaN where the fit leaves no residuals but rounding, or no
        column varies, and for Koenker's version where all squares are equal, which leaves 0 over 0.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; bad weights.
        MissingError: scipy is not installed.

    Source: Breusch and Pagan, Econometrica 47 (1979); Koenker, Journal of Econometrics 17 (1981).

    Examples:
        >>> import torch
        >>> X = torch.tensor([[1.], [1.], [2.], [2.], [3.], [3.]])
        >>> y = torch.tensor([1., -1., 2., -2., 3., -3.])  # the residuals, growing with x
        >>> found = breusch_pagan(X, y)
        >>> print(f"{found.statistic:.3f} {found.df} {found.p:.4f}")
        5.878 1 0.0153
        >>> settled = breusch_pagan(X, y, weights=1 / X[:, 0]**2, studentised=False)
        >>> print(f"{settled.statistic:.3f} {settled.p:.3f}")  # all squares are equal now
        0.000 1.000
    """
    scipy_for("breusch_pagan")
    X, y = check_Xy(X, y)
    found = fitted(X, y, intercept=intercept, weights=weights)
    r = found.rows.residuals()  # times the roots of the weights
    squares = r.square()
    mute = found.df <= 0 or found.perfect(squares.sum())
    second = found
    if weights is not None or not intercept:
        second = fitted(found.rows.X, found.rows.X[:, 0], intercept=True)
    df = second.design.rank
    if mute or df == 0:
        return BreuschPagan(math.nan, df, math.nan)
    u = squares / squares.mean() - 1  # of mean 0
    explained = float(second.rows.over(lambda block: block.z.T @ u[block.run]).square().sum())
    total = float(u.square().sum())
    # What rounding makes of squares that are all equal: it moves each by twice its residual times that of the
    # residuals, which the error of the weights has made longer.
    moved = found.rounding() * (1 + found.design.condition)
    rounded = 2 * float(r.abs().max()) * moved / float(squares.mean())
    if total <= rounded**2:
        explained, total = 0.0, 0.0
    if studentised and total == 0:
        return BreuschPagan(math.nan, df, math.nan)
    statistic = len(r) * explained / total if studentised else explained / 2
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
