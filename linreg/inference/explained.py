"""What a fit explains, and what one feature adds to the others."""

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import check_column, check_finite, check_pair, check_Xy
from linreg.closed_form.solve import solve
from linreg.errors import DataError
from linreg.result import Fit

__all__ = ["added_variable", "r2", "residuals"]


@plain
def residuals(X: Tensor, y: Tensor, fit: Fit) -> Tensor:
    r"""What the fit leaves over, $r = y - (X w + b)$: signed, in units of `y`.

    Cost: O(n d).

    Args:
        X: (n, d) features.
        y: (n,) targets.
        fit: a fit with d weights.

    Returns:
        (n,) residuals.

    Raises:
        ShapeError: the shapes do not go together.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.2.

    Examples:
        >>> import torch
        >>> from linreg import solve
        >>> X, y = torch.tensor([[0.], [1.], [2.]]), torch.tensor([0., 3., 0.])
        >>> residuals(X, y, solve(X, y))
        tensor([-1.,  2., -1.])
    """
    X, y = check_Xy(X, y)
    return y - fit.predict(X)


@plain
def r2(y_hat: Tensor, y: Tensor) -> float:
    r"""The variance explained, $R^2 = 1 - \sum_i (y_i - \hat y_i)^2 / \sum_i (y_i - \bar y)^2$.

    1 for perfect predictions, 0 for predictions no better than the mean, negative for worse ones.

    Cost: O(n).

    Args:
        y_hat: (n,) predictions.
        y: (n,) targets, in this order as for `squared_loss`: exchanged they give another number.

    Returns:
        A plain number without unit, at most 1.

    Raises:
        ShapeError: the shapes differ or are not (n,) with n >= 1.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: NaN or infinite values, or a constant `y`, which has no variance to explain.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.3.4 (there
    as variance explained).

    Examples:
        >>> import torch
        >>> r2(torch.tensor([1., 2., 2.]), torch.tensor([1., 2., 3.]))
        0.5
    """
    y_hat, y = check_pair(y_hat, y)
    check_finite(y, "y")
    check_finite(y_hat, "y_hat")
    if bool((y == y[0]).all()):
        raise DataError(
            f"`y` must vary to have a variance to explain; all of its {len(y)} entries are equal. "
            "Compare the residuals themselves instead."
        )
    y, y_hat = y.detach().double(), y_hat.detach().double()
    left, total = y - y_hat, y - y.mean()
    largest = total.abs().max()  # taken out first: the squares of the units could overflow
    return float(1 - (left / largest).square().sum() / (total / largest).square().sum())


@plain
def added_variable(X: Tensor, y: Tensor, j: int) -> tuple[Tensor, Tensor]:
    r"""What feature j adds: its residual and the target's, after regressing both on the other features.

    The slope of the second on the first is exactly $w_j$ of the full fit, and the scatter about that
    line is the full fit's residual. Of a feature that the others determine nothing is left but rounding:
    its weight has no value of its own.

    Cost: two fits on d - 1 columns, O(n d^2).

    Args:
        X: (n, d) features.
        y: (n,) targets.
        j: the feature, 0 to d - 1.

    Returns:
        (n,) residual of column j in its units, and (n,) residual of `y` in its units.

    Raises:
        RangeError: `j` is not a column of `X`.
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.

    Source: Cook and Weisberg, Residuals and Influence in Regression, section 2.3.2; the theorem is
    Frisch, Waugh and Lovell's.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[0., 0.], [1., 0.], [0., 1.], [1., 1.]])
        >>> y = X @ torch.tensor([2., -3.])
        >>> x_left, y_left = added_variable(X, y, 1)
        >>> print(y_left / x_left)
        tensor([-3., -3., -3., -3.])
    """
    X, y = check_Xy(X, y)
    j = check_column(X, j, "j")
    x = X[:, j]
    others = torch.cat((X[:, :j], X[:, j + 1 :]), dim=1)
    if others.shape[1] == 0:
        return x - x.mean(), y - y.mean()
    return residuals(others, x, solve(others, x)), residuals(others, y, solve(others, y))
