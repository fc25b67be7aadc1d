r"""The short way to the answer where nothing more is to be said: independent columns, a loss, all in range.

With a thousand rows arithmetic takes a tenth of the time, and calls of PyTorch the rest: here are as few as
possible. Data of which more is to be said get no answer, and take the long way, which says it.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from operator import mul, sub, truediv
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.held import LARGEST, SMALLEST
from linreg.basics.products import FIRST_ROWS
from linreg.closed_form.accuracy import lost, quickly
from linreg.closed_form.columns import level
from linreg.closed_form.from_sums import (
    BOUND_ENOUGH,
    EIGEN_COLUMNS,
    PLAIN_LIMIT,
    SMALL,
)
from linreg.closed_form.narrow import MOVED, UNSEEN
from linreg.closed_form.rows import Rows
from linreg.closed_form.triangle import inverse_lengths
from linreg.result import Fit, Status
from linreg.workers import alone

__all__ = ["LOSS_LEFT", "Answer", "from_rows", "from_sums"]

LOSS_LEFT = 1e-4  # a loss this small against that of the mean has lost digits to the subtraction
ALIKE = 2.0  # condition number up to which a bound tells as many digits, or one less
FAR = 1e4  # times its spread: up to there the mean of a column may be, and the rounded mean do no harm


class Answer(NamedTuple):
    """What is found, as plain numbers: to make tensors of them is left until the end."""

    w: list[float]
    b: float
    loss: float
    condition: float
    message: str
    mean: list[float]  # of X
    spread: float  # of y

    def fit(self, dtype: torch.dtype) -> Fit:
        """The fit, in this dtype."""
        w = torch.tensor(self.w, dtype=dtype, device="cpu")
        b = torch.full((), self.b, dtype=dtype, device="cpu")
        loss = torch.full((), self.loss, dtype=dtype, device="cpu")
        return Fit(w, b, Status.OK, self.message, "cholesky", loss, len(w), self.condition)

    def held(self, dtype: torch.dtype) -> Fit | None:
        """The same with the loss that it then has; none where more is to be said of what rounding does."""
        limits = torch.finfo(dtype)
        if not all(limits.tiny <= abs(v) <= limits.max for v in self.w) or abs(self.b) > limits.max:
            return None
        fit = self.fit(dtype)
        if dtype == torch.float64:
            return fit
        # About the mean, rounding weights as small as these moves predictions by next to nothing.
        moved = float(fit.b) - self.b + sum(map(mul, self.mean, map(sub, fit.w.tolist(), self.w)))
        if abs(moved) >= MOVED * self.spread:
            return None
        added = moved * moved / 2
        return fit if added <= UNSEEN * self.loss else replace(fit, loss=fit.loss + added)


@alone
def from_rows(rows: Rows) -> Answer | None:
    """The answer of a few rows, by their weights."""
    X, y, C, intercept, dtype = rows
    n = X.shape[0]
    if n > FIRST_ROWS or X.numel() > SMALL or X.is_cuda:
        return None
    Z = torch.cat((X.T, y.unsqueeze(0))).double()
    weight = float(n) if C is None else float(C.sum())
    mean = [0.0] * Z.shape[0]
    if intercept:
        sums = (Z if C is None else Z * C).sum(1, keepdim=True)
        Z.sub_(sums, alpha=1 / weight)
        mean = [total / weight for (total,) in sums.tolist()]
    return _answer(weight, X, dtype, torch.mm(Z if C is None else Z * C, Z.T), mean)


def from_sums(rows: Rows, shift: Tensor, M: Tensor) -> Answer | None:
    """The answer of more rows, from their sums M (d + 2, d + 2) about this shift."""
    X, _, _, intercept, dtype = rows
    if X.shape[1] > EIGEN_COLUMNS or X.is_cuda:
        return None
    *sums, weight = M[-1].tolist()
    products, far = M[:-1, :-1], shift.tolist()
    if not intercept:
        return _answer(weight, X, dtype, products, far)
    before, last = M.diagonal().tolist(), M[-1, :-1]
    offset = [total / weight for total in sums]
    products = torch.addr(products, last, last, alpha=-1 / weight)
    return _answer(weight, X, dtype, products, far, offset, before[:-1])


def _answer(
    weight: float,
    X: Tensor,
    dtype: torch.dtype,
    products: Tensor,
    far: list[float],
    also: list[float] | None = None,
    before: list[float] | None = None,
) -> Answer | None:
    """The answer of the products (d + 1, d + 1) of [X, y] about the means, far + also.

    `before`, where there is one, are the squares of [X, y] about `far` alone, of which they were made.
    """
    few = products.tolist() if len(far) <= 3 else None
    sizes = [row[i] for i, row in enumerate(few)] if few else products.diagonal().tolist()
    near = weight / FAR**2
    mean = far if also is None else [m + o for m, o in zip(far, also, strict=True)]
    for square, m in zip(sizes, mean, strict=True):
        if not (SMALLEST < square < LARGEST and near * m * m <= square):  # False for NaN
            return None
    lengths = [math.sqrt(square) for square in sizes]
    found = _of_two(few, lengths) if few else _of_more(products, lengths)
    if found is None:
        return None
    v, condition, rest, sensitivities = found
    longer = 1.0 if before is None else max(1.0, *map(truediv, before, sizes)) ** 0.5
    factor = [1 / length for length in lengths[:-1]]
    count = partial(quickly, v, longer, factor, mean, lengths[-1], weight)
    left, most = count([condition] * len(v), condition * longer)
    if left < BOUND_ENOUGH and X.numel() > SMALL and condition > ALIKE:  # more than a bound is worth the time
        sensitivity = sensitivities()
        left, most = count(sensitivity, longer * min(condition, math.hypot(*sensitivity)))
    w = list(map(mul, v, factor))
    b = level(w, far, also) if also else level(w, far)
    message = f"Cholesky: the condition number is {condition:.3g}{lost(left, most, dtype)}."
    square = sizes[-1] / weight
    return Answer(w, b, square * rest / 2, condition, message, mean[:-1], math.sqrt(square))


class Found(NamedTuple):
    """What the products of columns of length 1 say."""

    v: list[float]  # the weights
    condition: float
    rest: float  # what is left of y'y, of 1
    sensitivities: Callable[[], list[float]]  # how far a rounding error moves each weight


def _of_two(products: list[list[float]], lengths: list[float]) -> Found | None:
    """Of one or two columns.

    By hand: the matrix [1, a; a, 1] has the eigenvalues 1 - |a| and 1 + |a|.
    """
    last = lengths[-1]
    g = [entry / (length * last) for entry, length in zip(products[-1], lengths[:-1], strict=False)]
    a = products[0][1] / (lengths[0] * lengths[1]) if len(g) == 2 else 0.0
    if 1 + abs(a) > PLAIN_LIMIT**2 * (1 - abs(a)):
        return None
    both = (1 - a) * (1 + a)
    v = [(g[0] - a * g[1]) / both, (g[1] - a * g[0]) / both] if len(g) == 2 else g
    rest = 1 - sum(map(mul, v, g))
    if rest <= LOSS_LEFT:
        return None
    v = [x * last for x in v]
    return Found(v, math.sqrt((1 + abs(a)) / (1 - abs(a))), rest, lambda: [both**-0.5] * len(v))


def _of_more(products: Tensor, lengths: list[float]) -> Found | None:
    """Of any number of columns."""
    scale = products.diagonal().sqrt()
    S = products / scale / scale.unsqueeze(1)
    L, failed = torch.linalg.cholesky_ex(S)  # of [A, y]: its last row is L^-1 A'y, and what is left of y
    rest = L[-1].tolist()[-1]
    if bool(failed) or rest * rest <= LOSS_LEFT:
        return None
    eigenvalues = torch.linalg.eigvalsh(S[:-1, :-1]).tolist()
    if eigenvalues[-1] > PLAIN_LIMIT**2 * eigenvalues[0]:
        return None
    z = L[-1:, :-1].T * lengths[-1]
    L = L[:-1, :-1]
    v = torch.linalg.solve_triangular(L.T, z, upper=True).squeeze(1)
    condition = math.sqrt(eigenvalues[-1] / eigenvalues[0])
    return Found(v.tolist(), condition, rest * rest, lambda: inverse_lengths(L).tolist())
