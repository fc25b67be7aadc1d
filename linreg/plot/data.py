"""The data, and the line that was fitted to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import check_column, check_Xy
from linreg.plot.axes import axes, line, points
from linreg.result import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["data_and_fit"]


@plain
def data_and_fit(
    X: Tensor, y: Tensor, fit: Fit | None = None, *, feature: int = 0, ax: Axes | None = None
) -> Axes:
    """Draw `y` against one feature, and the fitted line with the other features at their means.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        fit: draw its line; without one, only the points.
        feature: the column of `X` on the horizontal axis.
        ax: where to draw; a new figure by default.

    Returns:
        The axes.

    Raises:
        MissingError: matplotlib is not installed.
        RangeError: `feature` is not a column of `X`.
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DataError: empty, NaN or infinite data.

    Examples:
        >>> import torch, linreg
        >>> X, y = linreg.simulate(50, generator=torch.Generator().manual_seed(0))
        >>> ax = linreg.plot.data_and_fit(X, y, linreg.solve(X, y))
        >>> ax.get_xlabel()
        'X[:, 0]'
    """
    X, y = check_Xy(X, y)
    feature = check_column(X, feature, "feature")
    ax = axes(ax)
    x = X[:, feature]
    points(ax, x, y)
    if fit is not None:
        ends = torch.stack((x.min(), x.max()))
        rows = X.mean(0).repeat(2, 1)
        rows[:, feature] = ends
        line(ax, ends, fit.predict(rows), f"slope {float(fit.w[feature]):.3g}")
    ax.set_xlabel(f"X[:, {feature}]")
    ax.set_ylabel("target y")
    return ax
