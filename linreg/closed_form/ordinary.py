r"""The short way to the answer where nothing more is to be said: independent columns, a loss, all in range.

With a thousand rows arithmetic takes a tenth of the time, and calls of PyTorch the rest: here are as few as
possible. Data of which more is to be said get no answer, and take the long way, which says it.
"""

import math
from functools import partial

import torch
from torch import Tensor

from linreg.basics.held import LARGEST, SMALLEST
from linreg.basics.products import FIRST_ROWS
from linreg.closed_form.accuracy import lost, quickly
from linreg.closed_form.from_sums import BOUND_ENOUGH, EIGEN_COLUMNS
from linreg.result import Fit, Status

__all__ = ["LOSS_LEFT", "PLAIN_LIMIT", "SMALL", "from_rows", "from_sums"]

SMALL = 1 << 15  # entries of X up to which refinement in doubled precision takes about a millisecond
PLAIN_LIMIT = 20.0  # kappa^2 eps, what the Gram matrix loses, is then below 1e-13
LOSS_LEFT = 1e-4  # a loss this small against that of the mean has lost digits to the subtraction
FAR = 1e4  # times its spread: up to there the mean of a column may be, and the rounded mean do no harm


def from_rows(X: Tensor, y: Tensor, intercept: bool, C: Tensor | None = None) -> Fit | None:
    """The fit of a few rows, by their weights."""
    if len(X) > FIRST_ROWS or X.numel() > SMALL or X.is_cuda:
        return None
    Z = torch.cat((X, y.unsqueeze(1)), 1).double()
    if C is None:
        mean = Z.mean(0) if intercept else torch.zeros_like(Z[0])
        Z -= mean
        return _fit(len(X), X, Z.T @ Z, mean)
    weight = C.sum()
    mean = Z.T @ (C / weight) if intercept else torch.zeros_like(Z[0])
    Z -= mean
    return _fit(float(weight), X, Z.T @ (Z * C.unsqueeze(1)), mean)


def from_sums(X: Tensor, shift: Tensor, M: Tensor, intercept: bool) -> Fit | None:
    """The fit of more rows, from their sums M (d + 2, d + 2) about this shift."""
    if X.shape[1] > EIGEN_COLUMNS or X.is_cuda:
        return None
    weight = float(M[-1, -1])
    offset = M[-1, :-1] / weight if intercept else torch.zeros_like(shift)
    products = torch.addr(M[:-1, :-1], M[-1, :-1], offset, alpha=-1)
    return _fit(weight, X, products, shift, offset, M)


def _fit(
    weight: float,
    X: Tensor,
    products: Tensor,
    shift: Tensor,
    offset: Tensor | None = None,
    M: Tensor | None = None,
) -> Fit | None:
    """The fit from the products (d + 1, d + 1) of [X, y] about the means, shift + offset."""
    squares = products.diagonal()
    sizes, mean = squares.tolist(), (shift if offset is None else shift + offset).tolist()
    near = weight / FAR**2
    for square, m in zip(sizes, mean, strict=True):
        if not (SMALLEST < square < LARGEST and near * m * m <= square):  # False for NaN
            return None
    lengths = squares.sqrt()
    S = products / lengths / lengths.unsqueeze(1)
    L, failed = torch.linalg.cholesky_ex(S)  # of [A, y]: its last row is L^-1 A'y, and what is left of y
    rest = float(L[-1, -1])
    if bool(failed) or rest * rest <= LOSS_LEFT:
        return None
    G, L, z = S[:-1, :-1], L[:-1, :-1], L[-1, :-1]
    eigenvalues = torch.linalg.eigvalsh(G).tolist()
    if eigenvalues[-1] > PLAIN_LIMIT**2 * eigenvalues[0]:
        return None
    condition, y_length = math.sqrt(eigenvalues[-1] / eigenvalues[0]), math.sqrt(sizes[-1])
    v = torch.linalg.solve_triangular(L.T, z.unsqueeze(1) * y_length, upper=True).squeeze(1)
    factor = 1 / lengths[:-1]
    longer = 1.0 if M is None else max(1.0, float((M.diagonal()[:-2] / squares[:-1]).max()) ** 0.5)
    count = partial(quickly, v.tolist(), longer, factor.tolist(), mean, y_length, weight)
    left, most = count([condition] * len(v), condition * longer)
    if left < BOUND_ENOUGH and X.numel() > SMALL:  # then more than a bound is worth the time
        sensitivity = torch.cholesky_inverse(L).diagonal().sqrt().tolist()
        left, most = count(sensitivity, longer * min(condition, math.hypot(*sensitivity)))
    w = v * factor
    b = shift[-1] - shift[:-1] @ w
    if offset is not None:  # the large part of the mean and the small one apart: less is rounded
        b = b + (offset[-1] - offset[:-1] @ w)
    message = f"Cholesky: the condition number is {condition:.3g}{lost(left, most, w.dtype)}."
    return Fit(
        w, b, Status.OK, message, "cholesky", squares[-1] * (rest * rest / (2 * weight)), len(w), condition
    )
