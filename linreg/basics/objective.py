r"""The squared loss as a function of one vector $\theta$: its value, its slope, and its curvature.

$\theta$ holds the weights and, where one is fitted, the intercept after them. What descends needs to know
nothing else of the data.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from linreg.basics.loss import Reduction, residual_sums, weight_of
from linreg.basics.products import pass_over
from linreg.basics.statistics import Statistics
from linreg.basics.told import Parabola

__all__ = ["Objective"]


class Objective(NamedTuple):
    """The loss of some rows under one convention, and how to get its slope."""

    X: Tensor
    y: Tensor
    reduction: Reduction
    intercept: bool
    autograd: bool = False
    sums: Statistics | None = None
    parabola: Parabola | None = None  # of these sums

    def summed(self) -> "Objective":
        """The same from sums of the rows, added up once in float64."""
        sums = Statistics.of(self.X, self.y)
        return self._replace(sums=sums, parabola=Parabola.of(sums.held))

    def parts(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """w (d,) and b (), which is 0 where it is not fitted; of a theta in each column, (d, t) and (t,)."""
        return (theta[:-1], theta[-1]) if self.intercept else (theta, theta.new_zeros(theta.shape[1:]))

    def joined(self, w: Tensor, b: Tensor) -> Tensor:
        """Of these, theta (p,)."""
        return torch.hstack((w, b)) if self.intercept else w

    def slope(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Loss () and gradient (p,)."""
        weight = weight_of(self.reduction, len(self.y))
        squares, moved, total = self.products(self.X, self.y, *self.parts(theta))
        return weight * squares, 2 * weight * self.joined(moved, total)

    def products(self, X: Tensor, y: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of the residual r of some rows: r'r (), X'r (d,) and its sum ()."""
        if self.parabola is not None:
            place = self.parabola.at(w.double(), b.double())
            parts = place.loss, place.dw, place.db
            squares, moved, total = (len(y) * part.to(w.dtype) for part in parts)
            return 2 * squares, moved, total
        return (_by_autograd if self.autograd else residual_sums)(X, y, w, b)

    def steepness(self, direction: Tensor) -> Tensor:
        """p'Hp (), the second derivative along a direction p (p,)."""
        w, b = self.parts(direction)
        if self.sums is None:
            (squares,) = pass_over(lambda X: ((torch.mv(X, w) + b).square().sum(),), self.X)
        else:
            w, b, n = w.double(), b.double(), len(self.y)
            squares = w @ self.sums.gram @ w + n * (self.sums.X_mean @ w + b).square()
        return 2 * weight_of(self.reduction, len(self.y)) * squares.to(direction.dtype)

    def hessian(self) -> Tensor:
        """H (p, p), in float64."""
        sums = self.sums or Statistics.of(self.X, self.y)
        n, mean = len(self.y), sums.X_mean
        H = sums.gram + n * torch.outer(mean, mean)
        if self.intercept:
            border = torch.hstack((n * mean, mean.new_tensor(float(n))))
            H = torch.column_stack((torch.vstack((H, border[:-1])), border))
        return 2 * weight_of(self.reduction, n) * H

    def to_half_mean(self) -> float:
        """What the loss is multiplied by to become half the mean square."""
        n = len(self.y)
        return weight_of("half_mean", n) / weight_of(self.reduction, n)


def _by_autograd(X: Tensor, y: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same as `residual_sums`, by differentiating half the sum of squares."""
    half = torch.full_like(b, 0.5)

    def products(X: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.inference_mode(False):  # which records, whatever the caller has switched off
            at = [t.clone().requires_grad_() for t in (w, b)]
            if X.is_inference():  # autograd keeps no tensor that was made without it
                X, y = X.clone(), y.clone()
            squares = mse_loss(torch.addmv(at[1], X, at[0]), y, reduction="sum")
            moved, total = torch.autograd.grad(squares, at, grad_outputs=half)
        return squares.detach(), moved, total

    squares, moved, total = pass_over(products, X, y)
    return squares, moved, total
