"""What is left over: residuals, and what one feature explains of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.closed_form.solve import solve
from linreg.inference.explained import added_variable as added_variable_residuals
from linreg.inference.explained import r2
from linreg.inference.explained import residuals as residuals_of
from linreg.plot.axes import GREY, axes, line, points
from linreg.result import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["added_variable", "residuals"]


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
    ax.set_title(f"$R^2$ = {r2(fit.predict(x_left.unsqueeze(1)), y_left):.3f}")
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
