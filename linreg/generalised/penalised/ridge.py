r"""Ridge regression: squares of the weights are charged for, $\frac{\alpha}{2} \|w\|^2$."""

from collections.abc import Sequence

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.statistics import Statistics
from linreg.closed_form.from_sums import solve_statistics
from linreg.closed_form.solve import solve
from linreg.generalised.penalised.free import check_free, freed
from linreg.generalised.penalised.path import PenalisedFit, RegularisationPath
from linreg.generalised.penalised.penalised_rows import rounded, rows_of
from linreg.generalised.penalised.penalty import above_zero, check_alpha, listed_alphas
from linreg.generalised.penalised.problem import problem_of
from linreg.generalised.penalised.ridge_along import along, completed, without_penalty
from linreg.inference.influence import influence
from linreg.workers import alone

__all__ = ["ridge", "ridge_path", "ridge_path_statistics"]


@plain
@alone
def ridge(
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
    r"""Minimise $\frac{1}{2n} \|X w + b - y\|^2 + \frac{\alpha}{2} \|w\|^2$: a little bias for less variance.

    The intercept is not penalised. In this convention `alpha` is the `weight_decay` of `torch.optim.SGD` and
    `Adam` under the half-mean loss, and half of it under `torch.nn.MSELoss`; scikit-learn's `Ridge` takes
    $n \alpha$, R's `glmnet` $\alpha s_y$ with $s_y$ the standard deviation of `y` (divisor n). AdamW's
    `weight_decay` is no ridge.

    The answer depends on the units of the columns. With `standardise` the penalty is on $s_j w_j$, $s_j$ the
    standard deviation of column j (divisor n; about 0 without an intercept): the weights come back in the
    units of `X` all the same.

    Ridge is least squares on d more rows, $\sqrt{n \alpha}$ times the identity, and is solved like it: by
    Cholesky, above a condition number of 20 of those columns refined with residuals of the rows. Above 1e4,
    or above 20 for small data, `solve` has the rows to itself, and every digit. `alpha=0` is `solve` itself,
    with its status.

    Cost: n d^2 operations, or n^2 d where there are no more rows than columns; no copy of `X` in the first
    case.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        alpha: strength of the penalty, 0 or above, in squared units of the columns; without unit for
            `standardise`.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) precisions $c_i$, 0 or above; the loss is $\frac{1}{2 \sum_i c_i} \sum_i c_i r_i^2$.
        standardise: penalise the weights of columns divided by their standard deviations.
        unpenalised: columns, counted from 0, whose weights are free.
        dtype: of the answer, by default that of `X`.

    Returns:
        The fit; its `loss` is that of the residuals alone. Status `OUT_OF_RANGE` when `dtype` cannot hold the
        weights, `RANK_DEFICIENT` where unpenalised columns depend on each other: the later then get weight 0.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64; `alpha` is not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; negative weights, or none above 0.
        RangeError: `alpha` is negative, NaN or infinite; `unpenalised` names no column, or one twice.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.4.1.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [0.], [1.]]), torch.tensor([0., 3., 6.])
        >>> ridge(X, y, alpha=2.0)  # X'X / n is 2/3: the slope 3 becomes 3 (2/3) / (2/3 + 2)
        PenalisedFit(w=[0.75], b=3, alpha=2, df=0.25, status='ok', method='ridge')
    """
    alpha = check_alpha(alpha)
    rows = rows_of(X, y, intercept, weights, dtype)
    problem = freed(rows.problem(standardise), check_free(unpenalised, rows.X.shape[1]), rows)
    if alpha == 0:
        fit = solve(X, y, intercept=intercept, weights=weights, dtype=torch.float64)
        path = without_penalty(problem, fit, rows)
    else:
        path = along(problem, [alpha], rows, one_out=False)
    return rounded(path[0], problem, rows)


@plain
@alone
def ridge_path(
    X: Tensor,
    y: Tensor,
    *,
    alphas: int | Sequence[float] | Tensor = 100,
    intercept: bool = True,
    weights: Tensor | None = None,
    standardise: bool = False,
    unpenalised: Sequence[int] = (),
    leave_one_out: bool = True,
) -> RegularisationPath:
    r"""Ridge for many penalties at the price of one, with exact leave-one-out errors for each.

    One eigendecomposition serves every penalty, and one more pass over the rows leaves out each of them in
    turn: $r_i / (1 - h_i)$ with $h_i$ the leverage under the penalty, no row being fitted without. Without
    that pass there is generalised cross-validation alone, which puts the mean of the leverages in the place
    of each: $\frac1n \|r\|^2 / (1 - (\text{df} + 1) / n)^2$, where the 1 is the intercept.

    With no more rows than columns all of it comes from the n x n products of the rows.

    Cost: one pass of n d^2 operations, d^3 for the eigenvectors and d^2 for each penalty; for
    `leave_one_out` another pass of n d (d + 2 k) for k penalties.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        alphas: strengths of the penalty, 0 or above; or how many, from 10 times the largest eigenvalue of
            $X^\top X / n$ down to 1e-4 of it.
        intercept: fit `b` as well; it is not penalised.
        weights: (n,) precisions of the rows; errors of rows left out are then averaged by them.
        standardise: penalise the weights of columns divided by their standard deviations, as for `ridge`.
        unpenalised: columns, counted from 0, whose weights are free.
        leave_one_out: take the second pass.

    Returns:
        The path, from the strongest penalty to the weakest, float64; `gcv`, and `left_out`, where asked for.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64; `alphas` are not numbers.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; bad weights; `alphas` is empty.
        RangeError: one of `alphas` is negative, NaN or infinite; `unpenalised` names no column, or one twice.

    Source: Golub, Heath and Wahba, Generalized cross-validation as a method for choosing a good ridge
    parameter, Technometrics 21 (1979); Hastie, Tibshirani and Friedman, The Elements of Statistical
    Learning, sections 3.4.1 and 7.10.

    Examples:
        >>> from linreg import ordinary
        >>> X, y, w, b = ordinary()
        >>> path = ridge_path(X, y)
        >>> path.w.shape, path.left_out.shape
        (torch.Size([100, 20]), torch.Size([100]))
        >>> best = path[int(path.left_out.argmin())]
        >>> print(f"{best.alpha:.3f} {best.df:.1f}")
        0.004 19.8
    """
    listed = listed_alphas(alphas)
    rows = rows_of(X, y, intercept, weights)
    problem, positive = rows.problem(standardise), above_zero(listed)
    problem = freed(problem, check_free(unpenalised, rows.X.shape[1]), rows)
    path = along(problem, positive, rows, one_out=leave_one_out) if positive else None

    def least() -> RegularisationPath:
        fit = solve(X, y, intercept=intercept, weights=weights, dtype=torch.float64)
        out = None
        if leave_one_out:
            out = 2 * influence(X, y, intercept=intercept, weights=weights).loss.reshape(1)
        return without_penalty(problem, fit, rows, out)

    return completed(path, listed, least)


@plain
def ridge_path_statistics(
    statistics: Statistics,
    *,
    alphas: int | Sequence[float] | Tensor = 100,
    intercept: bool = True,
    standardise: bool = False,
    unpenalised: Sequence[int] = (),
) -> RegularisationPath:
    r"""Ridge for many penalties over rows that are no longer at hand, from their sums alone.

    What `ridge_path` gives without its second pass. Sums lose digits as $\kappa^2$, $\kappa$ the condition
    number of the columns with $\sqrt{n \alpha}$ below each; the `message` says how many are left.

    Cost: d^3 operations, and d^2 for each penalty, whatever the number of rows.

    Args:
        statistics: the sums.
        alphas: strengths of the penalty, or how many, as for `ridge_path`.
        intercept: fit `b` as well; it is not penalised.
        standardise: penalise the weights of columns divided by their standard deviations.
        unpenalised: columns, counted from 0, whose weights are free.

    Returns:
        The path, float64, with `gcv` and without `left_out`.

    Raises:
        DtypeError: `statistics` is not `Statistics`, or `alphas` are not numbers.
        DataError: no rows have been added, or `alphas` is empty.
        RangeError: one of `alphas` is negative, NaN or infinite; `unpenalised` names no column, or one twice.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.4.1.

    Examples:
        >>> from linreg import Statistics, ordinary
        >>> X, y, w, b = ordinary()
        >>> path = ridge_path_statistics(Statistics.of(X, y), alphas=[0.01, 0.1, 1.0])
        >>> path
        RegularisationPath(3 fits of 20 weights, alpha 1 to 0.01, status='ok')
    """
    listed = listed_alphas(alphas)
    problem, positive = problem_of(statistics, intercept, standardise), above_zero(listed)
    problem = freed(problem, check_free(unpenalised, statistics.d))
    path = along(problem, positive, None, one_out=False) if positive else None

    def least() -> RegularisationPath:
        return without_penalty(problem, solve_statistics(statistics, intercept=intercept), None)

    return completed(path, listed, least)
