"""What is left over: residuals, and what one feature explains of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import check_X
from linreg.closed_form.solve import solve
from linreg.errors import DataError, ShapeError
from linreg.inference.explained import added_variable as added_variable_residuals
from linreg.inference.explained import r2
from linreg.inference.explained import residuals as residuals_of
from linreg.inference.one_out import Influence
from linreg.plot.axes import GREY, axes, line, points
from linreg.result import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["added_variable", "qq", "residuals", "scale_location"]


@plain
def added_variable(X: Tensor, y: Tensor, j: int, *, ax: Axes | None = None) -> Axes:
    """Draw what feature j adds to the others: the two residuals of `linreg.added_variable`, and their line.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        j: the feature, 0 to d - 1.
        ax: where to draw; a new figure by default.

    Returns:
        The axes; the title gives the share of the variance that the line explains.

    Raises:
        MissingError: matplotlib is not installed.
        RangeError: `j` is not a column of `X`.
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DataError: empty, NaN or infinite data.

    Examples:
        >>> import torch, linreg
        >>> X, y = linreg.simulate(50, generator=torch.Generator().manual_seed(0))
        >>> ax = linreg.plot.added_variable(X, y, 1)
        >>> ax.get_ylabel()
        'y, the other columns taken out'
    """
    x_left, y_left = added_variable_residuals(X, y, j)
    fit = solve(x_left.unsqueeze(1), y_left, intercept=False)
    ax = axes(ax)
    points(ax, x_left, y_left)
    ends = torch.stack((x_left.min(), x_left.max()))
    line(ax, ends, fit.predict(ends.unsqueeze(1)), f"slope {float(fit.w[0]):.3g}")
    ax.set_xlabel(f"X[:, {j}], the other columns taken out")
    ax.set_ylabel("y, the other columns taken out")
    ax.set_title(f"R² = {r2(fit.predict(x_left.unsqueeze(1)), y_left):.3f}")
    return ax


@plain
def residuals(X: Tensor, y: Tensor, fit: Fit, *, ax: Axes | None = None) -> Axes:
    """Draw the residuals against the predictions: a band about zero without a pattern is a good sign.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        fit: the fit to look at.
        ax: where to draw; a new figure by default.

    Returns:
        The axes.

    Raises:
        MissingError: matplotlib is not installed.
        ShapeError: the shapes do not go together.
        DtypeError: the dtypes differ or are not float32 or float64.
        DataError: empty, NaN or infinite data.

    Examples:
        >>> import torch, linreg
        >>> X, y = linreg.simulate(50, generator=torch.Generator().manual_seed(0))
        >>> ax = linreg.plot.residuals(X, y, linreg.solve(X, y))
        >>> ax.get_ylabel()
        'residual'
    """
    r = residuals_of(X, y, fit)
    ax = axes(ax)
    ax.axhline(0, color=GREY, linewidth=1)
    points(ax, fit.predict(X), r)
    ax.set_xlabel("prediction")
    ax.set_ylabel("residual")
    return ax


@plain
def qq(found: Influence, *, ax: Axes | None = None) -> Axes:
    r"""Draw the studentised residuals in order against what normal noise would show: a line is a good sign.

    Against the i-th smallest of n stands the normal quantile of $(i - 1/2) / n$. Ends that leave the line
    $y = x$ upwards on the right and downwards on the left are heavy tails.

    Args:
        found: the influence of the rows, of which the internally studentised residuals are drawn; those that
            are NaN are left out.
        ax: where to draw; a new figure by default.

    Returns:
        The axes.

    Raises:
        MissingError: matplotlib is not installed.
        DataError: all of them are NaN, as where no noise is left.

    Examples:
        >>> import linreg
        >>> X, y, _, _ = linreg.ordinary()
        >>> ax = linreg.plot.qq(linreg.influence(X, y))
        >>> ax.get_xlabel()
        'normal quantile'
    """
    t = _known(found.internal, found).sort().values
    share = (torch.arange(len(t), dtype=t.dtype, device=t.device) + 0.5) / len(t)
    expected = torch.special.ndtri(share)
    ax = axes(ax)
    ax.axline((0, 0), slope=1, color=GREY, linewidth=1)
    points(ax, expected, t)
    ax.set_xlabel("normal quantile")
    ax.set_ylabel("studentised residual")
    return ax


@plain
def scale_location(X: Tensor, found: Influence, *, ax: Axes | None = None) -> Axes:
    r"""Draw $\sqrt{|t_i|}$, t the studentised residual, against the prediction: how the spread goes with it.

    The root makes the cloud less skew. A level cloud is a good sign; one that rises is a variance that grows
    with the prediction, which [`breusch_pagan`][linreg.breusch_pagan] tests. Normal noise has the mean 0.82.

    Args:
        X: (n, d) the features of the fit.
        found: the influence of the same rows; those whose residual is NaN are left out.
        ax: where to draw; a new figure by default.

    Returns:
        The axes.

    Raises:
        MissingError: matplotlib is not installed.
        ShapeError: `X` has other rows or columns than those of `found`.
        DataError: all studentised residuals are NaN, as where no noise is left.

    Examples:
        >>> import linreg
        >>> X, y, _, _ = linreg.ordinary()
        >>> ax = linreg.plot.scale_location(X, linreg.influence(X, y))
        >>> ax.get_xlabel()
        'prediction'
    """
    predicted = found.fit.predict(check_X(X).double())
    if len(predicted) != len(found.internal):
        raise ShapeError(
            f"`X` must have the rows of which `found` is the influence, {len(found.internal)}, "
            f"but has {len(predicted)}. Pass the same `X`."
        )
    t = _known(found.internal, found)
    ax = axes(ax)
    points(ax, predicted[~found.internal.isnan()], t.abs().sqrt())
    ax.set_ylim(bottom=0)
    ax.set_xlabel("prediction")
    ax.set_ylabel("root of the size of the studentised residual")
    return ax


def _known(t: Tensor, found: Influence) -> Tensor:
    """Those that are not NaN."""
    known = t[~t.isnan()]
    if len(known) == 0:
        raise DataError(
            f"No studentised residual is known, so that there is nothing to draw. {found.message}"
        )
    return known
