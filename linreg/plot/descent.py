"""Where descent has been: its losses, and its path across the contours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import hessian
from linreg.checks import check_column, check_Xy
from linreg.closed_form.solve import solve
from linreg.errors import DataError, RangeError, ShapeError
from linreg.plot.axes import BLUE, GREY, ORANGE, axes
from linreg.result import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["contours", "loss_curve"]


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
    ax = axes(ax)
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
        DataError: empty, NaN or infinite data, or nothing but zeros in both of the chosen columns.

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
    ax = axes(ax)
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
