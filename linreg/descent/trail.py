"""What the runs of descent share: the loss and its slope, the trail of a run, and the count of its rounds."""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.loss import Reduction, residual_sums, weight_of
from linreg.basics.products import pass_over
from linreg.errors import DataError, MissingError
from linreg.result import Fit, Path, Status

__all__ = ["Objective", "Trail", "rounds"]

# A stable rate never lifts the full-batch loss above its start. Ten thousand times is no rounding error.
BLOW_UP = 1e4


class Objective(NamedTuple):
    """Which loss to descend, and how to get its gradient."""

    reduction: Reduction
    intercept: bool
    autograd: bool
    from_sums: Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]] | None = None

    def slope(self, X: Tensor, y: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss (), derivative by w (d,) and by b (), which is 0 where b is not fitted."""
        weight = weight_of(self.reduction, len(y))
        squares, moved, total = self.products(X, y, w, b)
        return weight * squares, 2 * weight * moved, 2 * weight * total

    def products(self, X: Tensor, y: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of the residual r: r'r (), X'r (d,) and its sum (), which counts as 0 where b is not fitted."""
        if self.from_sums is not None:
            found = self.from_sums(w.double(), b.double())
            squares, moved, total = (len(y) * part.to(w.dtype) for part in found)
            squares = 2 * squares
        else:
            squares, moved, total = (_by_autograd if self.autograd else residual_sums)(X, y, w, b)
        return squares, moved, total if self.intercept else torch.zeros_like(total)

    def to_half_mean(self, n: int) -> float:
        """What a loss of this reduction is multiplied by to become half the mean square."""
        return weight_of("half_mean", n) / weight_of(self.reduction, n)


def _by_autograd(X: Tensor, y: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same as `residual_sums`, by differentiating half the sum of squares."""
    half = torch.full_like(b, 0.5)

    def products(X: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.inference_mode(False):  # which records, whatever the caller has switched off
            at = [t.clone().requires_grad_() for t in (w, b)]
            X = X.clone() if X.is_inference() else X  # autograd keeps no tensor that was made without it
            squares = (torch.mv(X, at[0]) + at[1] - y).square().sum()
            moved, total = torch.autograd.grad(squares, at, grad_outputs=half)
        return squares.detach(), moved, total

    squares, moved, total = pass_over(products, X, y)
    return squares, moved, total


class Trail:
    """Where a run has been, what the loss was there, and its best point."""

    def __init__(self, w: Tensor, b: Tensor, loss: Tensor, record: bool) -> None:
        if not math.isfinite(float(loss)):
            raise DataError(
                f"The loss at the start must be within the range of {loss.dtype}; it overflows. "
                "Scale `X` and `y` down, or start closer."
            )
        self.record = record
        self.points = [(w, b)]
        self.losses = [float(loss)]
        self.steps = 0
        self.here = self.best = (w, b)
        self.least = self.losses[0]

    def move(self, w: Tensor, b: Tensor) -> None:
        """Count a step, which has led to these."""
        self.steps += 1
        if self.record:
            self.points.append((w, b))

    def too_large(self, loss: float) -> bool:
        """Whether no stable run has a loss like this."""
        return not loss <= BLOW_UP * self.losses[0] or math.isinf(loss)  # `not <=` is also true for NaN

    def measure(self, w: Tensor, b: Tensor, loss: Tensor) -> bool:
        """Note the loss at `w`, `b`; true if the run has blown up."""
        value = float(loss)
        if math.isfinite(value):
            self.here = (w, b)
            self.losses.append(value)
        else:  # out of range: not a point to keep
            self.points = self.points[: self.steps]
        if value < self.least:
            self.least, self.best = value, (w, b)
        return self.too_large(value)

    def fit(self, method: str, status: Status, message: str, to_half_mean: float) -> Fit:
        """The last point, or the best of a run that diverged."""
        diverged = status is Status.DIVERGED
        w, b = (part.clone() for part in (self.best if diverged else self.here))  # ordinary tensors again
        losses = w.new_tensor(self.losses)
        path = None
        if self.record:
            ws, bs = zip(*self.points, strict=True)
            path = Path(torch.stack(ws), torch.stack(bs), losses)
        loss = (losses.min() if diverged else losses[-1]) * to_half_mean
        return Fit(w, b, status, message, method, loss, steps=self.steps, path=path)


def rounds(count: int, unit: str, show: bool) -> Iterable[int]:
    """So many rounds, with a bar if it is to be shown."""
    if not show:
        return range(count)
    try:
        from tqdm import trange
    except ImportError as error:
        raise MissingError("`progress=True` needs tqdm. Install it: pip install tqdm") from error
    bar: Iterable[int] = trange(count, unit=unit)
    return bar
