r"""The lasso and the elastic net: absolute weights are charged for, and those that do not pay are zero."""

from collections.abc import Sequence

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.statistics import Statistics
from linreg.closed_form.from_sums import solve_statistics
from linreg.closed_form.solve import solve
from linreg.generalised.penalised.free import check_free
from linreg.generalised.penalised.lasso_along import along_l1
from linreg.generalised.penalised.path import PenalisedFit, RegularisationPath
from linreg.generalised.penalised.penalised_rows import rounded, rows_of
from linreg.generalised.penalised.penalty import above_zero, check_alpha, check_l1_ratio, listed_alphas
from linreg.generalised.penalised.problem import problem_of
from linreg.generalised.penalised.ridge_along import completed, without_penalty
from linreg.workers import alone

__all__ = ["elastic_net", "lasso", "lasso_path", "lasso_path_statistics"]


@plain
def lasso(
    X: Tensor,
    y: Tensor,
    *,
    alpha: float,
    intercept: bool = True,
    weights: Tensor | None = None,
    standardise: bool = False,
    unpenalised: Sequence[int] = (),
    dtype: torch.dtype | None = None,
) -> PenalisedFit:
    r"""Minimise $\frac{1}{2n} \|X w + b - y\|^2 + \alpha \|w\|_1$: shorter weights, and many of them zero.

    Exact to rounding, by homotopy down to this penalty: zeros are zeros. `alpha` is that of scikit-learn's
    `Lasso`, and the `lambda` of R's `glmnet` with `standardize=FALSE`. `alpha=0` is `solve`.

    Cost: n d^2 operations for the sums and d^2 for each weight on the way; with no more rows than columns
    n d for each weight, and no d x d matrix.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        alpha: strength of the penalty, 0 or above, in units of `y` times those of the columns; in units of
            `y` for `standardise`.
        intercept: fit `b` as well; it is not penalised.
        weights: (n,) precisions $c_i$, 0 or above; the loss is $\frac{1}{2 \sum_i c_i} \sum_i c_i r_i^2$.
        standardise: penalise the weights of columns divided by their standard deviations.
        unpenalised: columns, counted from 0, whose weights are free.
        dtype: of the answer, by default that of `X`.

    Returns:
        The fit, with how far the conditions of the minimum are from holding, and its duality gap. Status
        `RANK_DEFICIENT` where equal or dependent columns could share a weight in other ways,
        `NOT_CONVERGED` where nearly dependent columns, or a penalty next to rounding, have spoilt the digits,
        `OUT_OF_RANGE` when `dtype` cannot hold the weights.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64; a setting is not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; negative weights, or none above 0.
        RangeError: `alpha` is negative, NaN or infinite; `unpenalised` names no column, or one twice.

    Source: Osborne, Presnell and Turlach, A new approach to variable selection in least squares problems, IMA
    Journal of Numerical Analysis 20 (2000); Hastie, Tibshirani and Friedman, The Elements of Statistical
    Learning, sections 3.4.2 and 3.4.4.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[-1., 0.], [1., 0.], [0., -1.], [0., 1.]])
        >>> lasso(X, torch.tensor([-3., 3., -1., 1.]), alpha=0.5)  # each slope, 3/2 and 1/2, less 1/2
        PenalisedFit(w=[2, 0], b=0, alpha=0.5, df=1, status='ok', method='lasso')
    """
    return _one(X, y, alpha, 1.0, intercept, weights, standardise, unpenalised, dtype)


@plain
def elastic_net(
    X: Tensor,
    y: Tensor,
    *,
    alpha: float,
    l1_ratio: float = 0.5,
    intercept: bool = True,
    weights: Tensor | None = None,
    standardise: bool = False,
    unpenalised: Sequence[int] = (),
    dtype: torch.dtype | None = None,
) -> PenalisedFit:
    r"""Minimise the loss + $\alpha (\rho \|w\|_1 + \frac{1 - \rho}{2} \|w\|^2)$: a lasso that shares.

    Equal columns get equal weights, where the lasso could give all to either. `alpha` and `l1_ratio`
    $= \rho$ are those of scikit-learn's `ElasticNet`.

    Cost: n d^2 operations for the sums, and a few times m^3 with m the number of weights that are not 0.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        alpha: strength of the penalty, 0 or above.
        l1_ratio: $\rho$, the share of absolute values: 0 is ridge, 1 the lasso.
        intercept: fit `b` as well; it is not penalised.
        weights: (n,) precisions of the rows, as for `lasso`.
        standardise: penalise the weights of columns divided by their standard deviations.
        unpenalised: columns, counted from 0, whose weights are free.
        dtype: of the answer, by default that of `X`.

    Returns:
        The fit, as that of `lasso`.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64; a setting is not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; negative weights, or none above 0.
        RangeError: `alpha` is negative, NaN or infinite, `l1_ratio` not from 0 to 1; `unpenalised` names no
            column, or one twice.

    Source: Zou and Hastie, Regularization and variable selection via the elastic net, Journal of the Royal
    Statistical Society B 67 (2005).

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1., -1.], [0., 0.], [1., 1.]]), torch.tensor([-3., 0., 3.])
        >>> elastic_net(X, y, alpha=0.5).w
        tensor([1.1053, 1.1053])
    """
    ratio = check_l1_ratio(l1_ratio)
    return _one(X, y, alpha, ratio, intercept, weights, standardise, unpenalised, dtype)


@plain
@alone
def lasso_path(
    X: Tensor,
    y: Tensor,
    *,
    alphas: int | Sequence[float] | Tensor = 100,
    l1_ratio: float = 1.0,
    intercept: bool = True,
    weights: Tensor | None = None,
    standardise: bool = False,
    unpenalised: Sequence[int] = (),
) -> RegularisationPath:
    r"""The lasso, or the elastic net, for many penalties: at the price of one, for the lasso.

    The weights of the lasso are straight lines in $\alpha$ from knot to knot, where a column enters or
    leaves. Following them from the penalty at which the first weight leaves zero downwards gives every answer
    on the way, and all knots, which the path has: `lasso_path(X, y, alphas=path.knots)` are the corners.
    The elastic net has no knots; each penalty starts from the active columns of the one before.

    Cost: that of `lasso` for the smallest penalty, and d^2 for each other.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        alphas: strengths of the penalty, 0 or above; or how many, from the smallest at which all weights are
            zero down to a thousandth of it.
        l1_ratio: the share of absolute values in the penalty, 1 for the lasso.
        intercept: fit `b` as well; it is not penalised.
        weights: (n,) precisions of the rows, as for `lasso`.
        standardise: penalise the weights of columns divided by their standard deviations.
        unpenalised: columns, counted from 0, whose weights are free.

    Returns:
        The path, from the strongest penalty to the weakest, float64; its status is the worst of the fits.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64; a setting is not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; bad weights; `alphas` is empty.
        RangeError: one of `alphas` is negative, NaN or infinite; `l1_ratio` not from 0 to 1; `unpenalised`
            names no column, or one twice.

    Source: Osborne, Presnell and Turlach, A new approach to variable selection in least squares problems, IMA
    Journal of Numerical Analysis 20 (2000); Efron, Hastie, Johnstone and Tibshirani, Least angle regression,
    The Annals of Statistics 32 (2004), section 3.1.

    Examples:
        >>> from linreg import ordinary
        >>> X, y, w, b = ordinary()
        >>> path = lasso_path(X, y)
        >>> path.w.shape, int(path.zero[0]), int(path.zero[-1])
        (torch.Size([100, 20]), 20, 0)
        >>> bool((path.gap < 1e-12).all()), len(path.knots)
        (True, 20)
    """
    listed, ratio = listed_alphas(alphas), check_l1_ratio(l1_ratio)
    rows = rows_of(X, y, intercept, weights)
    problem, positive = rows.problem(standardise), above_zero(listed)
    free = check_free(unpenalised, rows.X.shape[1])
    path = along_l1(problem, positive, ratio, rows, free) if positive else None

    def least() -> RegularisationPath:
        fit = solve(X, y, intercept=intercept, weights=weights, dtype=torch.float64)
        return without_penalty(problem, fit, rows, l1_ratio=ratio)

    return completed(path, listed, least)


@plain
def lasso_path_statistics(
    statistics: Statistics,
    *,
    alphas: int | Sequence[float] | Tensor = 100,
    l1_ratio: float = 1.0,
    intercept: bool = True,
    standardise: bool = False,
    unpenalised: Sequence[int] = (),
) -> RegularisationPath:
    r"""The lasso, or the elastic net, over rows that are no longer at hand, from their sums alone.

    The same path as that of `lasso_path`, which takes it from sums as well: for a stream, for many machines,
    for rows that come and go.

    Cost: d^2 for each weight on the way and for each penalty, whatever the number of rows.

    Args:
        statistics: the sums.
        alphas: strengths of the penalty, or how many, as for `lasso_path`.
        l1_ratio: the share of absolute values in the penalty, 1 for the lasso.
        intercept: fit `b` as well; it is not penalised.
        standardise: penalise the weights of columns divided by their standard deviations.
        unpenalised: columns, counted from 0, whose weights are free.

    Returns:
        The path, float64.

    Raises:
        DtypeError: `statistics` is not `Statistics`, or a setting is not a number.
        DataError: no rows have been added, or `alphas` is empty.
        RangeError: one of `alphas` is negative, NaN or infinite; `l1_ratio` not from 0 to 1; `unpenalised`
            names no column, or one twice.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.4.4.

    Examples:
        >>> from linreg import Statistics, ordinary
        >>> X, y, w, b = ordinary()
        >>> lasso_path_statistics(Statistics.of(X, y), alphas=[1.0, 0.1])
        RegularisationPath(2 fits of 20 weights, alpha 1 to 0.1, status='ok')
    """
    listed, ratio = listed_alphas(alphas), check_l1_ratio(l1_ratio)
    problem, positive = problem_of(statistics, intercept, standardise), above_zero(listed)
    free = check_free(unpenalised, statistics.d)
    path = along_l1(problem, positive, ratio, None, free) if positive else None

    def least() -> RegularisationPath:
        fit = solve_statistics(statistics, intercept=intercept)
        return without_penalty(problem, fit, None, l1_ratio=ratio)

    return completed(path, listed, least)


@alone
def _one(
    X: Tensor,
    y: Tensor,
    alpha: float,
    ratio: float,
    intercept: bool,
    weights: Tensor | None,
    standardise: bool,
    unpenalised: Sequence[int],
    dtype: torch.dtype | None,
) -> PenalisedFit:
    alpha, rows = check_alpha(alpha), rows_of(X, y, intercept, weights, dtype)
    problem, free = rows.problem(standardise), check_free(unpenalised, rows.X.shape[1])
    if alpha == 0:
        fit = solve(X, y, intercept=intercept, weights=weights, dtype=torch.float64)
        path = without_penalty(problem, fit, rows, l1_ratio=ratio)
    else:
        path = along_l1(problem, [alpha], ratio, rows, free)
    return rounded(path[0], problem, rows)
