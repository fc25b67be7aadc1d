r"""The bottom of the loss where d x d numbers are too many: from products with `X` alone.

Conjugate gradients need the root of the steps that gradient descent needs, and with every column scaled to
length 1 they do not depend on its units. What the last steps gained tells what is still to be gained.
"""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["COLUMNS", "UNKNOWN", "Wide", "wide_of"]

COLUMNS = 2048  # up to here the sums take 32 MB, and their d^3 operations little beside a run
ROUNDS = 3000  # of conjugate gradients at most
LAST = 10  # steps whose gains together stand for all that are to come
UNKNOWN = (
    "Conjugate gradients did not find the smallest loss, so nothing tells how near this is. Drop columns."
)
TURNS = 60  # of the power method, which then has the largest eigenvalue to a few per cent


class Wide(NamedTuple):
    """The half-mean loss of many columns; the counterpart of `Bowl`."""

    X: Tensor
    w: Tensor  # (d,) the minimiser
    b: Tensor  # ()
    intercept: bool
    floor: float
    gain: float
    height: float
    found: bool  # whether that is the bottom; if not, no point is known to be near it

    def excess(self, w: Tensor, b: Tensor) -> float:
        """How far the loss at `w` (d,), `b` () lies above the smallest; infinite if that is not known."""
        error = self.X @ (w - self.w).to(self.X.dtype) + (b - self.b).to(self.X.dtype)  # (n,)
        return float(_square(error)) / (2 * len(error)) if self.found else torch.inf

    def worth(self, w: Tensor, b: Tensor, dtype: torch.dtype) -> float:
        """What there was to gain from a start; if nothing, the excess there or at zero."""
        nothing = self.gain <= torch.finfo(dtype).eps ** 2 * (self.height + self.floor)
        return max(self.height, self.excess(w, b)) if nothing else self.gain

    def steepness(self) -> float:
        """The largest eigenvalue of the Hessian, by the power method; a few per cent too small at most."""
        v, c = torch.ones_like(self.w), torch.ones_like(self.b)
        for _ in range(TURNS):
            length = (_square(v) + self.intercept * c.square()).sqrt()
            v, c = v / length, c / length
            q = (self.X @ v.to(self.X.dtype)).double() + self.intercept * c
            v, c = (self.X.T @ q.to(self.X.dtype)).double() / len(q), q.mean()
            size = float(_square(q)) / len(q)
        return size


def wide_of(X: Tensor, y: Tensor, intercept: bool) -> Wide:
    """By conjugate gradients for the centred columns of length 1. For checked data."""
    n = len(y)
    mean = X.mean(0, dtype=torch.float64) * intercept
    scale = torch.linalg.vector_norm(X, dim=0, dtype=torch.float64)
    scale = (scale.square() - n * mean.square()).clamp(min=0).sqrt().clamp(min=1e-6 * scale)
    scale = scale.where(scale > 0, 1)
    y_mean = y.mean(dtype=torch.float64) * intercept
    r = y.double() - y_mean
    goal = 1e-3 * torch.finfo(X.dtype).eps

    def back(r: Tensor) -> Tensor:
        gradient: Tensor = ((X.T @ r.to(X.dtype)).double() - mean * r.sum()) / scale
        return gradient

    v, p = torch.zeros_like(scale), back(r)
    square, gains, found = float(_square(p)), [0.0], False
    for _ in range(ROUNDS):
        step = p / scale
        q = (X @ step.to(X.dtype)).double() - mean @ step
        steep = float(_square(q))
        if square == 0 or steep == 0 or (len(gains) > LAST and sum(gains[-LAST:]) <= goal * sum(gains)):
            found = True
            break
        alpha = square / steep
        v, r = v + alpha * p, r - alpha * q
        gains.append(alpha * square / 2)
        s = back(r)
        square, before = float(_square(s)), square
        p = s + square / before * p
    w = v / scale
    gain = sum(gains) / n
    floor = float(_square(r)) / (2 * n)
    return Wide(X, w, y_mean - mean @ w, intercept, floor, gain, gain + float(y_mean) ** 2 / 2, found)


def _square(v: Tensor) -> Tensor:
    return v.double().square().sum()
