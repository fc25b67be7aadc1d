"""The model: a weighted sum of the features plus an intercept."""

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import check_b, check_w, check_X, recordable

__all__ = ["fold_bias", "predict"]


@plain
def predict(X: Tensor, w: Tensor, b: Tensor | float = 0.0) -> Tensor:
    r"""Predict one number for each row, $\hat y = X w + b$, that is $\hat y_i = x_i^\top w + b$.

    Cost: O(n d). Gradients flow through `w` and `b`. NaN in them, as a diverged run makes it, stays NaN.

    Args:
        X: (n, d) features, one row for each sample.
        w: (d,) weights, in units of `y` per unit of each feature.
        b: () intercept, in units of `y`.

    Returns:
        (n,) predictions, dtype and device of `X`.

    Raises:
        ShapeError: `w` is not (d,), as when it is a column (d, 1), or `b` is not a scalar.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: `X` is empty or holds NaN or infinity.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.2.

    Examples:
        >>> import torch
        >>> predict(torch.tensor([[1., 2.], [3., 4.]]), torch.tensor([10., 1.]), 0.5)
        tensor([12.5000, 34.5000])
    """
    X = check_X(X)
    X, w, b = recordable(X, check_w(X, w), check_b(X, b))
    return X @ w + b


@plain
def fold_bias(X: Tensor) -> Tensor:
    r"""Put a constant feature $x_0 = 1$ in front: $\tilde X = [1 \; X]$, so that $\tilde w = (b, w)$.

    Cost: O(n d), a copy. The exact solvers do not need it: they centre the columns instead, which
    is the same answer with fewer rounding errors.

    Args:
        X: (n, d) features.

    Returns:
        (n, d + 1) matrix whose first column is 1.

    Raises:
        ShapeError: `X` is not (n, d).
        DtypeError: `X` is not a tensor of float32 or float64.
        DataError: `X` is empty or holds NaN or infinity.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 2.3.1.

    Examples:
        >>> import torch
        >>> fold_bias(torch.tensor([[5., 6.], [7., 8.]]))
        tensor([[1., 5., 6.],
                [1., 7., 8.]])
    """
    X = check_X(X)
    return torch.hstack((X.new_ones(len(X), 1), X))
