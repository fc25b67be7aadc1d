"""The bottom of the loss where d x d numbers are too many: by the conjugate gradients of `krylov`."""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.descent.krylov import ROUNDS, SHARE, Centred, descend, square

__all__ = ["COLUMNS", "UNKNOWN", "Wide", "wide_of"]

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

    def excess(self, w: Tensor, b: Tensor) -> float:
        """How far the loss at `w` (d,), `b` () lies above the smallest; infinite if that is not known."""
        error = self.X @ (w - self.w).to(self.X.dtype) + (b - self.b).to(self.X.dtype)  # (n,)
        return square(error) / (2 * len(error)) if self.found else torch.inf

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
            v, c = (self.X.T @ q.to(self.X.dtype)).double() / len(q), q.mean()
            size = square(q) / len(q)
        return size


def wide_of(X: Tensor, y: Tensor, intercept: bool) -> Wide:
    """By conjugate gradients for the centred columns of length 1. For checked data."""
    rows, n = Centred.of(X, y, intercept), len(y)
    share = SHARE * torch.finfo(X.dtype).eps
    at, gains, found = descend(rows.walk(torch.zeros_like(rows.scale)), ROUNDS, share)
    w, b = rows.weights(at.v)
    gain = sum(gains) / n
    return Wide(X, w, b, intercept, square(at.r) / (2 * n), gain, gain + float(rows.y_mean) ** 2 / 2, found)
