"""Figures that a reader of a regression wants, each from a few lines of matplotlib (an optional extra).

Every function draws on `ax`, or on a new figure, and returns the axes: change anything after the call.
Text and axes are black, so that a page can recolour them for a dark theme; data have the colours below,
chosen to be told apart by colour-blind readers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import DataError, MissingError, RangeError, ShapeError, check_column, check_Xy
from linreg.diagnostics import added_variable as added_variable_residuals
from linreg.diagnostics import r2
from linreg.diagnostics import residuals as residuals_of
from linreg.exact import solve
from linreg.loss import hessian
from linreg.result import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["added_variable", "contours", "data_and_fit", "loss_curve", "residuals"]

BLUE = "#0072b2"
ORANGE = "#d55e00"
GREEN = "#009e73"
PURPLE = "#aa4499"
GREY = "#767676"

MOST_POINTS = 300  # more markers hide each other, and make a vector figure heavy


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
    ax = _axes(ax)
    x = X[:, feature]
    _points(ax, x, y)
    if fit is not None:
        ends = torch.stack((x.min(), x.max()))
        rows = X.mean(0).repeat(2, 1)
        rows[:, feature] = ends
        _line(ax, ends, fit.predict(rows), f"slope {float(fit.w[feature]):.3g}")
    ax.set_xlabel(f"X[:, {feature}]")
    ax.set_ylabel("target y")
    return ax


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
    ax = _axes(ax)
    _points(ax, x_left, y_left)
    ends = torch.stack((x_left.min(), x_left.max()))
    _line(ax, ends, fit.predict(ends.unsqueeze(1)), f"slope {float(fit.w[0]):.3g}")
    ax.set_xlabel(f"X[:, {j}], the other columns taken out")
    ax.set_ylabel("y, the other columns taken out")
    ax.set_title(f"$R^2$ = {r2(y_left, fit.predict(x_left.unsqueeze(1))):.3f}")
    return ax


@plain
def loss_curve(
    fit: Fit, *, predicted: Tensor | None = None, floor: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the loss of every step on a log scale, with the predicted curve and the floor over it.

    Args:
        fit: a fit with a recorded path.
        predicted: losses of `predict_loss`, drawn as a dashed line.
        floor: the smallest loss there is, drawn as a dotted line.
        ax: where to draw; a new figure by default.

    Returns:
        The axes.

    Raises:
        MissingError: matplotlib is not installed.
        DataError: the fit has no path.

    Examples:
        >>> import torch, linreg
        >>> X, y = linreg.simulate(50, generator=torch.Generator().manual_seed(0))
        >>> fit = linreg.gradient_descent(X, y, lr=0.5, steps=20)
        >>> ax = linreg.plot.loss_curve(fit, predicted=linreg.predict_loss(X, y, lr=0.5, steps=20))
        >>> ax.get_yscale()
        'log'
    """
    if fit.path is None:
        raise DataError("`fit` must have a recorded path; got none. Run it with `record=True`.")
    ax = _axes(ax)
    ax.semilogy(fit.path.loss.tolist(), color=BLUE, linewidth=2, label="measured")
    if predicted is not None:
        ax.semilogy(predicted.tolist(), color=ORANGE, linewidth=1.5, linestyle="--", label="predicted")
    if floor is not None:
        ax.axhline(floor, color=GREY, linewidth=1, linestyle=":", label="smallest loss")
    ax.set_xlabel("epoch" if fit.method == "sgd" else "step")
    ax.set_ylabel("loss L")
    if predicted is not None or floor is not None:
        ax.legend(frameon=False)
    return ax


@plain
def contours(
    X: Tensor,
    y: Tensor,
    fit: Fit | None = None,
    *,
    features: tuple[int, int] = (0, 1),
    intercept: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the loss as contours over two weights, and the path of a fit across them.

    The other parameters sit at the minimum, so the contours are the valley cut through its lowest
    point, and the path is its shadow on that cut.

    Args:
        X: (n, d) features, d >= 2.
        y: (n,) targets.
        fit: a fit with a recorded path; without one, only the contours.
        features: the two weights.
        intercept: whether the model has one; otherwise `b` is 0 and not at its best.
        ax: where to draw; a new figure by default.

    Returns:
        The axes.

    Raises:
        MissingError: matplotlib is not installed.
        RangeError: `features` are not two different columns of `X`.
        ShapeError: wrong shapes, or fewer than two features.
        DtypeError: the dtypes differ or are not float32 or float64.
        DataError: empty, NaN or infinite data, or two columns of zeros.

    Examples:
        >>> import torch, linreg
        >>> X, y = linreg.simulate(50, generator=torch.Generator().manual_seed(0))
        >>> fit = linreg.gradient_descent(X, y, lr=0.5, steps=20)
        >>> ax = linreg.plot.contours(X, y, fit)
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('w[0]', 'w[1]')
    """
    X, y = check_Xy(X, y)
    d = X.shape[1]
    if d < 2:
        raise ShapeError(f"`X` must have two features or more to draw contours; got {d}. Add one.")
    i, j = (check_column(X, feature, "features") for feature in features)
    if i == j:
        raise RangeError(f"`features` must be two different columns of `X`, 0 to {d - 1}; got {features}.")
    best = solve(X, y, intercept=intercept)
    H = hessian(X, intercept=False)[[[i, i], [j, j]], [[i, j], [i, j]]]  # (2, 2)
    centre = torch.stack((best.w[i], best.w[j]))
    # A square around the minimum that holds the whole path, or else the origin, with a margin.
    steps = torch.zeros_like(centre)[None] if fit is None or fit.path is None else fit.path.w[:, [i, j]]
    reach = 1.3 * float((steps - centre).abs().max()) or 1.0
    grid = torch.linspace(-reach, reach, 81, dtype=X.dtype, device=X.device)
    dx, dy = torch.meshgrid(grid, grid, indexing="xy")
    height = 0.5 * (H[0, 0] * dx**2 + 2 * H[0, 1] * dx * dy + H[1, 1] * dy**2) + best.loss
    top = float(height.max() - best.loss)
    if top <= 0:
        raise DataError("`X` must have an entry other than 0 in the two columns; the loss is flat there.")
    ax = _axes(ax)
    levels = [float(best.loss) + top * (k / 8) ** 2 for k in range(1, 9)]
    ax.contour(
        (centre[0] + dx).tolist(),
        (centre[1] + dy).tolist(),
        height.tolist(),
        levels=levels,
        colors=GREY,
        linewidths=0.8,
    )
    if fit is not None and fit.path is not None:
        ax.plot(*steps.T.tolist(), color=BLUE, marker="o", markersize=3, linewidth=1.2)
        ax.annotate(
            "start",
            (float(steps[0, 0]), float(steps[0, 1])),
            textcoords="offset points",
            xytext=(6, 6),
            bbox={"color": "white", "alpha": 0.8, "pad": 1},  # no contours behind the letters
        )
    ax.plot(*centre.tolist(), color=ORANGE, marker="*", markersize=12, linestyle="none")
    ax.set_xlabel(f"w[{i}]")
    ax.set_ylabel(f"w[{j}]")
    ax.set_aspect("equal")
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
    ax = _axes(ax)
    ax.axhline(0, color=GREY, linewidth=1)
    _points(ax, fit.predict(X), r)
    ax.set_xlabel("prediction")
    ax.set_ylabel("residual")
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingError("`linreg.plot` needs matplotlib. Install it: pip install matplotlib") from error
    _, new = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
    new.spines[["top", "right"]].set_visible(False)
    return new


def _points(ax: Axes, x: Tensor, y: Tensor) -> None:
    every = math.ceil(len(x) / MOST_POINTS)
    ax.plot(
        x[::every].tolist(),
        y[::every].tolist(),
        color=BLUE,
        marker="o",
        markersize=3,
        alpha=0.5,
        linestyle="none",
        markeredgewidth=0,
    )
    if every > 1:
        falls = bool((x - x.mean()) @ (y - y.mean()) < 0)  # then the cloud leaves the left corner free
        ax.annotate(
            f"1 point in {every} drawn",
            (0.02 if falls else 1, 0.03),
            xycoords="axes fraction",
            horizontalalignment="left" if falls else "right",
        )


def _line(ax: Axes, x: Tensor, y: Tensor, label: str) -> None:
    ax.plot(x.tolist(), y.tolist(), color=ORANGE, linewidth=2, label=label)
    ax.legend(frameon=False)
