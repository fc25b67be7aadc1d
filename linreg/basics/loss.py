r"""The squared loss under four named conventions, its gradient by hand, and its Hessian.

Every convention is a constant times the sum of squared residuals, $c \sum_i r_i^2$. The minimiser is
the same for all four; the gradient, and with it the largest stable learning rate, is not.
"""

from typing import Literal

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.model import fold_bias
from linreg.basics.products import pass_over
from linreg.checks import check_b, check_pair, check_w, check_X, check_Xy, recordable
from linreg.settings import check_choice
from linreg.weights import Weighing, weighing
from linreg.workers import alone

__all__ = [
    "Reduction",
    "constant_of",
    "gradient",
    "hessian",
    "residual_sums",
    "squared_loss",
    "weight_of",
]

Reduction = Literal["half_mean", "mean", "half_sum", "sum"]

REDUCTIONS: tuple[Reduction, ...] = ("half_mean", "mean", "half_sum", "sum")


def weight_of(reduction: Reduction, n: float) -> float:
    """The constant in front of $\\sum_i r_i^2$, for n rows or a sum of weights n."""
    check_choice(reduction, "reduction", REDUCTIONS)
    half = 0.5 if reduction.startswith("half") else 1.0
    return half / n if reduction.endswith("mean") else half


def constant_of(reduction: Reduction, rows: Weighing) -> float:
    """The constant in front of $\\sum_i c_i r_i^2$, with $c_i$ as they stand in `rows`."""
    constant = weight_of(reduction, rows.total)
    return constant if reduction.endswith("mean") else rows.unit * constant


def _weighed(y: Tensor, weights: Tensor | None, reduction: Reduction) -> tuple[Tensor | None, float]:
    """The weights (n,) in the dtype of `y`, at most 1, and the constant before the sum that has them."""
    rows = weighing(y, weights)
    return rows.c, constant_of(reduction, rows)


@plain
def squared_loss(
    y_hat: Tensor, y: Tensor, *, weights: Tensor | None = None, reduction: Reduction = "half_mean"
) -> Tensor:
    r"""Half the mean squared residual, $L = \frac{1}{2n} \sum_i (\hat y_i - y_i)^2$.

    The half cancels the 2 of the derivative; the mean keeps the largest stable learning rate the same
    for any n that is large beside d. The other conventions: `"mean"` $\frac1n \sum r_i^2$, which is
    `torch.nn.functional.mse_loss`; `"half_sum"` $\frac12 \sum r_i^2$; `"sum"` $\sum r_i^2$.

    With weights $c_i$ a row counts $c_i$ times, and n is the sum of the weights.

    Cost: O(n). Gradients flow through both arguments. NaN in the predictions, as a diverged run makes
    them, stays NaN.

    Args:
        y_hat: (n,) predictions, in units of `y`.
        y: (n,) targets.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: `"half_mean"`, `"mean"`, `"half_sum"` or `"sum"`.

    Returns:
        () loss, in squared units of `y`.

    Raises:
        ShapeError: the shapes differ (PyTorch would broadcast (n, 1) against (n,) to (n, n)), or
            are not (n,) with n >= 1.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: negative weights, or none above 0.
        RangeError: an unknown `reduction`.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.2.

    Examples:
        >>> import torch
        >>> y_hat, y = torch.tensor([1., 3.]), torch.tensor([0., 1.])
        >>> squared_loss(y_hat, y)
        tensor(1.2500)
        >>> squared_loss(y_hat, y, reduction="mean")
        tensor(2.5000)
    """
    y_hat, y = check_pair(y_hat, y)
    c, constant = _weighed(y, weights, reduction)
    squares = (y_hat - y).square()
    return constant * (squares if c is None else c * squares).sum()


@plain
@alone
def gradient(
    X: Tensor,
    y: Tensor,
    w: Tensor,
    b: Tensor | float = 0.0,
    *,
    weights: Tensor | None = None,
    reduction: Reduction = "half_mean",
) -> tuple[Tensor, Tensor]:
    r"""The gradient of the squared loss, written by hand.

    $\nabla_w L = \frac1n X^\top (X w + b - y)$ and
    $\frac{\partial L}{\partial b} = \frac1n \sum_i (x_i^\top w + b - y_i)$ for `"half_mean"`; twice that
    for `"mean"`, n times that for `"half_sum"`, 2n times that for `"sum"`. With weights $c_i$ the row
    and its residual count $c_i$ times, and n is the sum of the weights.

    Cost: O(n d), two products with `X`.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        w: (d,) weights.
        b: () intercept.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: the convention of the loss.

    Returns:
        (d,) derivative by `w` and () derivative by `b`.

    Raises:
        ShapeError: `y` is not (n,), `w` not (d,) or `b` not a scalar.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; negative weights, or none above 0.
        RangeError: an unknown `reduction`.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.2.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[1.], [2.]]), torch.tensor([1., 2.])
        >>> gradient(X, y, torch.tensor([0.]))
        (tensor([-2.5000]), tensor(-1.5000))
    """
    X, y = check_Xy(X, y)
    X, w, b = recordable(X, check_w(X, w), check_b(X, b))
    c, constant = _weighed(y, weights, reduction)
    _, moved, total = residual_sums(X, y, w, b, c)
    return 2 * constant * moved, 2 * constant * total


def residual_sums(
    X: Tensor, y: Tensor, w: Tensor, b: Tensor, weights: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Of the residual r = Xw + b - y, weighted by C: r'Cr (), X'Cr (d,) and the sum of Cr ()."""

    def products(X: Tensor, y: Tensor, c: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        r = torch.mv(X, w) + b - y  # (n,)
        s = r if c is None else c * r
        return r.dot(s), torch.mv(X.T, s), s.sum()

    squares, moved, total = pass_over(products, X, y, *(() if weights is None else (weights,)))
    return squares, moved, total


@plain
def hessian(
    X: Tensor,
    *,
    intercept: bool = True,
    weights: Tensor | None = None,
    reduction: Reduction = "half_mean",
) -> Tensor:
    r"""The Hessian of the squared loss, $H = \frac1n \tilde X^\top \tilde X$ with $\tilde X = [1 \; X]$.

    It does not depend on the parameters: the loss is the same bowl everywhere. Its eigenvalues
    decide which learning rates are stable; see `curvature`. With weights $c_i$ a row counts $c_i$ times, and
    n is the sum of the weights.

    Cost: O(n d^2).

    Args:
        X: (n, d) features.
        intercept: whether the model has one; without it the matrix is `X.T @ X / n`.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: the convention of the loss.

    Returns:
        (d + 1, d + 1) matrix for the parameters in the order (b, w), or (d, d) without intercept.

    Raises:
        ShapeError: `X` is not (n, d).
        DtypeError: `X` is not a tensor of float32 or float64.
        DataError: empty, NaN or infinite data; negative weights, or none above 0.
        RangeError: an unknown `reduction`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.1.1.

    Examples:
        >>> import torch
        >>> hessian(torch.tensor([[1.], [3.]]))
        tensor([[1., 2.],
                [2., 5.]])
    """
    X = check_X(X)
    c, constant = _weighed(X[:, 0], weights, reduction)
    A = (fold_bias(X) if intercept else X).double()  # a float32 sum of a million rows keeps three digits
    C = A if c is None else A * c.unsqueeze(1)
    return (2 * constant * (A.T @ C)).to(X.dtype)
