r"""How much each row decides: its leverage, its residual, and what changes if it goes.

All of it from one fit and one more pass: a fit without row i, the one that nobody has to make, predicts row i
with the residual $r_i / (1 - h_i)$.
"""

from dataclasses import replace

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import times_two_to
from linreg.basics.statistics import Statistics
from linreg.checks import check_X, check_Xy
from linreg.closed_form.from_sums import in_units
from linreg.errors import ShapeError
from linreg.inference.design import WORST
from linreg.inference.fitted import fitted
from linreg.inference.from_sums import from_sums
from linreg.inference.one_out import Given, Influence, Whole, influence_of, spread
from linreg.inference.passes import Block, Rows
from linreg.result import Status
from linreg.weights import check_weights
from linreg.workers import alone

__all__ = ["influence", "influence_statistics", "leverage"]


@plain
@alone
def leverage(
    X: Tensor, *, intercept: bool = True, weights: Tensor | None = None, frequency: bool = False
) -> Tensor:
    r"""How far the fit at each row follows its own target, $h_i = \partial \hat y_i / \partial y_i$.

    It depends on the features alone, is 1/n or more with an intercept and at most 1, where the fit meets the
    row whatever its target. Dependent columns change nothing: it is taken from the directions that are left.

    Cost: two passes, 2 n d^2 operations.

    Args:
        X: (n, d) features.
        intercept: the fit has one.
        weights: (n,) precisions, as for [`infer`][linreg.infer]; a row of weight 0 has leverage 0.
        frequency: weights count equal rows; the leverage is then that of a single one.

    Returns:
        (n,) leverages, float64; their sum is the number of unknowns that the data determine.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, bad weights.

    Source: Belsley, Kuh and Welsch, Regression Diagnostics, section 2.1.

    Examples:
        >>> import torch
        >>> leverage(torch.tensor([[0.], [1.], [2.], [5.]]))
        tensor([0.5357, 0.3214, 0.2500, 0.8929], dtype=torch.float64)
    """
    X = check_X(X).detach()
    found = fitted(X, X[:, 0], intercept=intercept, weights=weights, frequency=frequency)
    return spread(_by_row(found.rows, found.design.near_one)[1], weights, 0.0)


@plain
@alone
def influence(
    X: Tensor, y: Tensor, *, intercept: bool = True, weights: Tensor | None = None, frequency: bool = False
) -> Influence:
    r"""Leverage, studentised residuals, Cook's distance, DFFITS, and the residuals of rows left out.

    With weights, residuals count as $\sqrt{c_i} r_i$ wherever they are compared with s, as in R; statsmodels
    leaves the weights out there.

    Cost: one fit and one more pass, 2 n d^2 operations in all, whatever the number of rows left out in turn.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) precisions of the rows, as for [`infer`][linreg.infer].
        frequency: weights count equal rows; the numbers are then those of a single one.

    Returns:
        The influence of each row.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; bad weights.

    Source: Belsley, Kuh and Welsch, Regression Diagnostics, section 2.1; Cook and Weisberg, Residuals and
    Influence in Regression, sections 2.2 and 3.1.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[0.], [1.], [2.], [5.]])
        >>> found = influence(X, torch.tensor([0., 1., 2., 4.]))
        >>> int(found.cook.argmax())  # the last row pulls the line down
        3
        >>> print(f"{found.press[3]:.4f}")  # the line through the others goes through (5, 5)
        -1.0000
    """
    found = fitted(X, y, intercept=intercept, weights=weights, frequency=frequency)
    r, h = _by_row(found.rows, found.design.near_one)
    rss = found.squares(r, slice(0, len(r)))
    fit, known = found.outside(rss), found.design.near_one
    whole = Whole(found.design, fit, found.n, found.df, rss, found.perfect(rss), known, found.unit[-1:])
    given = Given(X, y, weights, found.counts, found.rows.root, found.design.weight)
    return influence_of(whole, given, r, h)


@plain
@alone
def influence_statistics(
    statistics: Statistics,
    X: Tensor,
    y: Tensor,
    *,
    intercept: bool = True,
    weights: Tensor | None = None,
    frequency: bool = False,
) -> Influence:
    r"""The influence of some rows on the fit to all, whose sums are at hand: for files, block by block.

    Two passes over a file: the first adds up the sums, the second asks for each block of the same rows. The
    numbers are those that [`influence`][linreg.influence] gives for these rows; `loss` is the mean over them.

    Leverages from sums lose $\kappa^2$, and what is left of the noise is a difference: `message` tells how
    many digits are left.

    Cost: O(d^3) for the sums each time, and 2 m d^2 for m rows.

    Args:
        statistics: the sums of all rows.
        X: (m, d) features of some of them.
        y: (m,) their targets.
        intercept: the fit has one.
        weights: (m,) the weights with which they have been added.
        frequency: weights count rows, as they did there.

    Returns:
        The influence of each of these rows. Status `NO_DIGITS` where the sums leave no two digits.

    Raises:
        ShapeError: wrong shapes, or not the columns of the sums.
        DtypeError: the dtypes differ or are not float32 or float64; `statistics` is not `Statistics`.
        DeviceError: the devices differ.
        DataError: no rows have been added; empty, NaN or infinite data; bad weights.

    Source: Belsley, Kuh and Welsch, Regression Diagnostics, section 2.1.

    Examples:
        >>> from linreg import Statistics, ordinary
        >>> X, y, _, _ = ordinary()
        >>> sums = Statistics.of(X, y)
        >>> most = [influence_statistics(sums, X[i:i + 100], y[i:i + 100]).cook.max() for i in (0, 100, 200)]
        >>> bool((max(most) - influence(X, y).cook.max()).abs() < 1e-12)
        True
    """
    X, y = check_Xy(X, y)
    found = from_sums(statistics, intercept)
    if X.shape[1] != statistics.d:
        raise ShapeError(
            f"`X` must have the {statistics.d} columns of the sums, but has {X.shape[1]}. "
            "Pass rows that were added to the sums."
        )
    design, unit, C = found.design, found.unit, None if weights is None else check_weights(y, weights)
    counting = torch.ones_like(y, dtype=torch.bool) if C is None else C > 0
    A, t = times_two_to(X[counting].double(), -unit[:-1]), times_two_to(y[counting].double(), -unit[-1])
    C = None if C is None else C[counting]
    root = None if C is None or frequency else C.sqrt()
    centre = torch.stack((found.p.shift[-1], found.p.offset[-1]))
    rows = Rows(design, A, t, root, in_units(found.fit, -unit).w, centre)
    known = max(design.near_one, min(200 * found.rounded, WORST))
    r, h = _by_row(rows, known)
    rss, perfect = y.new_tensor(found.rss, dtype=torch.float64), found.rss <= found.lost
    whole = Whole(design, found.fit, found.p.n, found.df, rss, perfect, known, unit[-1:])
    weight = float(counting.sum()) if C is None else float(C.sum())
    result = influence_of(whole, Given(X, y, weights, C if frequency else None, root, weight), r, h)
    if perfect:
        return result
    leaves = f"From sums of {found.p.n} rows, which leave {found.digits} digits of the residuals' spread."
    status = Status.NO_DIGITS if found.digits < 2 else result.status
    return replace(result, status=status, message=f"{leaves} {result.message}".rstrip())


def _by_row(rows: Rows, known: float) -> tuple[Tensor, Tensor]:
    """(n,) residuals, times the roots of the weights, and (n,) leverages, of the rows that count."""
    n = len(rows.X)
    r, h = rows.w.new_empty(n), rows.w.new_empty(n)

    def keep(block: Block) -> Tensor:
        r[block.run], h[block.run] = block.r, block.leverage
        return block.leverage.sum()

    if n:
        rows.over(keep)
    lone = h >= 1 - known  # as far as leverages are known
    return r.masked_fill(lone, 0), h.masked_fill(lone, 1)
