r"""`infer`: how far the data determine each number of a fit, and how far a prediction."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import times_two_to
from linreg.basics.statistics import Statistics
from linreg.closed_form.columns import rounding_of
from linreg.inference.design import EPS
from linreg.inference.distributions import f_tail, scipy_for, t_quantile, t_tails
from linreg.inference.facts import Errors, Facts, told, with_intercept
from linreg.inference.fitted import fitted
from linreg.inference.from_sums import from_sums
from linreg.inference.record import Inference
from linreg.inference.robust_errors import HC, filling
from linreg.settings import check_choice, check_names, check_share
from linreg.workers import alone

__all__ = ["infer", "infer_statistics"]

TOLD = 8  # digits of the errors; where fewer are certain, the message says so


@plain
@alone
def infer(
    X: Tensor,
    y: Tensor,
    *,
    intercept: bool = True,
    weights: Tensor | None = None,
    frequency: bool = False,
    errors: str = "classical",
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> Inference:
    r"""Fit, and say how sure each number is: standard errors, t, p, intervals, R2, F.

    The classical errors are the roots of the diagonal of $s^2 (\tilde X^\top \tilde X)^{-1}$, where
    $\tilde X$ is `X` with a column of ones and $s^2 = \|r\|^2 / (n - p)$. They assume that the mean of `y` is
    $X w + b$, that the features are fixed, and that the noise is uncorrelated, with one variance; t, p and
    intervals assume normal noise besides, unless n is large. The robust errors `"HC0"` to `"HC3"` allow each
    row a variance of its own,
    $(\tilde X^\top \tilde X)^{-1} \sum_i \frac{r_i^2}{(1 - h_i)^k} \tilde x_i \tilde x_i^\top
    (\tilde X^\top \tilde X)^{-1}$ with k = 0, 1 and 2 for HC0, HC2 and HC3, and HC0 times n / (n - p) for
    HC1; $h_i$ is the leverage. They too take t with n - p degrees of freedom, as R does; statsmodels takes
    the normal distribution unless told otherwise.

    A row of leverage 1 is met by the fit whatever its `y`: its residual is 0 and says nothing. It drops out
    of HC2 and HC3, and what only it determines has no such error: NaN.

    Residuals are taken from the rows in a second pass, never from differences of sums. Dependent columns
    leave single weights undetermined: these get NaN; what can be estimated is right.

    Cost: a pass of n d^2 operations and one of 2 n d; for HC 4 n d^2 in all. Where the condition number is
    above 20 a QR factorisation takes the place of the first pass. 5 MB for each thread beside O(d^2).

    Args:
        X: (n, d) features; float32 counts as exact, and all is computed in float64.
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) precisions $c_i$: the variance of the noise of each row, up to a common factor, divided
            into 1; a row of weight 0 does not count.
        frequency: weights are whole numbers and count rows.
        errors: `"classical"`, `"HC0"`, `"HC1"`, `"HC2"` or `"HC3"`.
        level: of the intervals, between 0 and 1.
        names: d names of the features; x1, x2 and so on by default.

    Returns:
        The inference, in float64. Status `RANK_DEFICIENT` for dependent columns; `NO_NOISE` where the noise
        cannot be told: no row to spare, residuals of rounding, or, for HC2 and HC3, rows of leverage 1.

    Raises:
        ShapeError: wrong shapes, or not d names.
        DtypeError: the dtypes differ or are not float32 or float64; names that are not text.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; bad weights.
        RangeError: unknown `errors`, or `level` not between 0 and 1.
        MissingError: scipy is not installed.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.2; MacKinnon and
    White, Some heteroskedasticity-consistent covariance matrix estimators, Journal of Econometrics 29 (1985),
    for the robust ones.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[0.], [1.], [2.], [3.]])
        >>> found = infer(X, torch.tensor([0., 2., 1., 3.]))
        >>> print(found)
        n = 4, df = 2, residual standard error 0.94868
        R2 = 0.6400, adjusted 0.4600; F(1, 2) = 3.5556, P = 0.200
                   estimate   std err         t     P>|t|    [0.025    0.975]
        Intercept       0.3   0.79373     0.378     0.742   -3.1151    3.7151
        x1              0.8   0.42426     1.886     0.200   -1.0255    2.6255
        Standard errors assume the right mean, fixed features and uncorrelated noise of
        one variance; t and P also that the noise is normal, or n large.
    """
    scipy_for("infer")
    check_choice(errors, "errors", ("classical", *HC))
    level = check_share(level, "level")
    found = fitted(X, y, intercept=intercept, weights=weights, frequency=frequency)
    listed = check_names(names, len(found.fit.w))
    if errors == "classical":
        rss = found.rows.over(lambda block: found.squares(block.r, block.run), leverage=False)
        S, lone = None, rss.new_empty(0, found.design.unknowns)
    else:
        S, rss, lone = filling(found, errors)
        lone = lone if errors in ("HC2", "HC3") else lone[:0]
    fit = found.outside(rss)
    s = math.sqrt(float(rss) / found.df) if found.df > 0 else math.nan
    basis = Errors(found.design, s, S, lone, found.unit)
    facts = Facts(fit, basis, found.projected, found.n, found.df, float(rss), found.rounding() ** 2)
    result = _inference(facts, errors, level, listed)
    left = int(-math.log10(4 * EPS * found.design.condition))
    if left >= TOLD:
        return result
    why = f"The condition number, {found.design.condition:.3g}, leaves {left} digits of the standard errors."
    return replace(result, message=f"{why} {result.message}".rstrip())


@plain
@alone
def infer_statistics(
    statistics: Statistics,
    *,
    intercept: bool = True,
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> Inference:
    r"""The same from sums alone, whose rows are gone: streams, several machines, rows that come and go.

    The classical errors need nothing else. What is left of the noise is a difference of sums,
    $\|y\|^2 - \|\hat y\|^2$, which loses digits when the fit is good, and the errors lose $\kappa^2$;
    `message` tells how many are left.

    Cost: O(d^3) operations, whatever the number of rows.

    Args:
        statistics: the sums.
        intercept: fit `b` as well; otherwise it is 0.
        level: of the intervals, between 0 and 1.
        names: d names of the features; x1, x2 and so on by default.

    Returns:
        The inference, as from [`infer`][linreg.infer].

    Raises:
        DtypeError: `statistics` is not `Statistics`; names that are not text.
        DataError: no rows have been added.
        ShapeError: not d names.
        RangeError: `level` is not between 0 and 1.
        MissingError: scipy is not installed.

    Examples:
        >>> import torch
        >>> from linreg import Statistics
        >>> X = torch.tensor([[0.], [1.], [2.], [3.]])
        >>> found = infer_statistics(Statistics.of(X, torch.tensor([0., 2., 1., 3.])))
        >>> found.se
        tensor([0.7937, 0.4243], dtype=torch.float64)
        >>> print(found.message)
        From sums of 4 rows, which leave 14 digits of the standard errors.
    """
    scipy_for("infer_statistics")
    level = check_share(level, "level")
    found = from_sums(statistics, intercept)
    listed = check_names(names, statistics.d)
    none = found.projected.new_empty(0, found.design.unknowns)
    basis = Errors(found.design, found.s, None, none, found.unit)
    facts = Facts(found.fit, basis, found.projected, found.p.n, found.df, found.rss, found.lost)
    result = _inference(facts, "classical", level, listed)
    leaves = "."
    if found.rss > found.lost:
        leaves = f", which leave {found.digits} digits of the standard errors."
    elif found.df > 0:
        leaves = ", in which residuals so small are lost: `infer` takes them from the rows."
    return replace(result, message=f"From sums of {found.p.n} rows{leaves} {result.message}".rstrip())


def _inference(facts: Facts, errors: str, level: float, names: tuple[str, ...]) -> Inference:
    fit, basis, design = facts.fit, facts.basis, facts.basis.design
    U, known = design.parameters(), design.estimable()
    names, estimate, unit = with_intercept(fit, names, basis.unit, design.intercept)
    se = basis.of(U, known)
    covariance = U @ (U.T * basis.s**2 if basis.S is None else basis.S @ U.T)
    untold = se.isnan()
    covariance = covariance.masked_fill(untold | untold.unsqueeze(1), torch.nan)
    covariance = times_two_to(times_two_to(covariance, unit), unit.unsqueeze(1))
    se = times_two_to(se, unit)
    t = (estimate / se).masked_fill(se.new_tensor(facts.perfect, dtype=torch.bool), torch.nan)
    reach = se * t_quantile(level, facts.df)  # NaN where none is left
    status, message = told(facts, errors, known, untold, names)
    r2, adjusted = _shares(facts)
    F, F_p = _hypothesis(facts)
    return Inference(
        fit=fit,
        names=names,
        estimate=estimate,
        se=se,
        t=t,
        p=t_tails(t, facts.df),
        low=estimate - reach,
        high=estimate + reach,
        covariance=covariance,
        n=facts.n,
        df=facts.df,
        s=float(times_two_to(se.new_tensor(basis.s), basis.unit[-1])),
        r2=r2,
        adjusted_r2=adjusted,
        F=F,
        F_df=(design.rank, facts.df),
        F_p=F_p,
        errors=errors,
        level=level,
        status=status,
        message=message,
        basis=basis,
    )


def _shares(facts: Facts) -> tuple[float, float]:
    """R2 and adjusted R2: NaN where y has no variance, or there are no degrees of freedom."""
    explained, whole = float(facts.projected.square().sum()), facts.n - facts.basis.design.intercept
    if explained + facts.rss <= facts.rounding:
        return math.nan, math.nan
    left = facts.rss / (explained + facts.rss)
    return explained / (explained + facts.rss), 1 - left * whole / facts.df if facts.df > 0 else math.nan


def _hypothesis(facts: Facts) -> tuple[float, float]:
    """F and its p, of all weights 0."""
    rank, basis = facts.basis.design.rank, facts.basis
    if rank == 0 or facts.df <= 0 or facts.perfect or len(basis.lone):
        return math.nan, math.nan
    if basis.S is None:
        F = float(facts.projected.square().sum()) / (rank * basis.s**2)
    else:
        S = basis.S[:rank, :rank]
        L, failed = torch.linalg.cholesky_ex(S)
        least, most = float(L.diagonal().min()), float(S.diagonal().max())
        if bool(failed) or least**2 <= rounding_of(S) * most:  # too few rows have residuals to tell
            return math.nan, math.nan
        v = torch.linalg.solve_triangular(L, facts.projected.unsqueeze(1), upper=False)
        F = float(v.square().sum()) / rank
    return F, f_tail(F, (rank, facts.df))
