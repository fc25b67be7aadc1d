"""The bottom of the loss where d x d numbers are too many: by the conjugate gradients of `krylov`."""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.descent.krylov import SHARE, Centred, descend, square
from linreg.weights import Weighing

__all__ = ["COLUMNS", "UNKNOWN", "Wide", "wide_of"]

ROUNDS = 3000  # of conjugate gradients, at the most
COLUMNS = 2048  # up to here the sums take 32 MB, and their d^3 operations little beside a run
UNKNOWN = (
    "Conjugate gradients did not find the smallest loss, so it is not known how near this is. Drop columns."
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
    total: float  # sum of the weights of the rows
    root: Tensor | None = None  # (n,) their roots, if the rows are not all alike

    def excess(self, w: Tensor, b: Tensor) -> float:
        """How far the loss at `w` (d,), `b` () lies above the smallest; infinite if that is not known."""
        if not self.found:
            return torch.inf
        error = self.X @ (w - self.w).to(self.X.dtype) + (b - self.b).to(self.X.dtype)  # (n,)
        return square(error if self.root is None else self.root * error) / (2 * self.total)

    def worth(self, w: Tensor, b: Tensor, dtype: torch.dtype) -> float:
        """What there was to gain from a start; if nothing, the excess there or at zero."""
        nothing = self.gain <= torch.finfo(dtype).eps ** 2 * (self.height + self.floor)
        return max(self.height, self.excess(w, b)) if nothing else self.gain

    def steepness(self) -> float:
        """The largest eigenvalue of the Hessian, by the power method; a few per cent too small at most."""
        v, c = torch.ones_like(self.w), torch.ones_like(self.b)
        for _ in range(TURNS):
            length = (square(v) + self.intercept * c.square()).sqrt()
            v, c = v / length, c / length
            q = (self.X @ v.to(self.X.dtype)).double() + self.intercept * c
            if self.root is not None:
                size, q = square(self.root * q) / self.total, self.root.square() * q
            else:
                size = square(q) / self.total
            v, c = (self.X.T @ q.to(self.X.dtype)).double() / self.total, q.sum() / self.total
        return size


def wide_of(X: Tensor, y: Tensor, intercept: bool, weights: Weighing | None = None) -> Wide:
    """By conjugate gradients for the centred columns of length 1. For checked data."""
    rows = Centred.of(X, y, intercept, None if weights is None else weights.c)
    n = rows.total
    share = SHARE * torch.finfo(X.dtype).eps
    at, gains, found = descend(rows.walk(torch.zeros_like(rows.scale)), ROUNDS, share)
    w, b = rows.weights(at.v)
    gain = sum(gains) / n
    return Wide(
        X,
        w,
        b,
        intercept,
        square(at.r) / (2 * n),
        gain,
        gain + float(rows.y_mean) ** 2 / 2,
        found,
        n,
        rows.root,
    )
