r"""The squared loss as a function of one vector $\theta$: its value, its slope, and its curvature.

$\theta$ holds the weights and, where one is fitted, the intercept after them. What descends needs to know
nothing else of the data.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from linreg.basics.loss import Reduction, constant_of, residual_sums
from linreg.basics.products import pass_over
from linreg.basics.statistics import Statistics
from linreg.basics.told import Parabola
from linreg.weights import Weighing, weighing

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
    weighing: Weighing | None = None  # of the rows; they are all alike if none is given

    @property
    def rows(self) -> Weighing:
        """How often each row counts."""
        return self.weighing or weighing(self.y, None)

    @property
    def constant(self) -> float:
        """In front of the sum of squares."""
        return constant_of(self.reduction, self.rows)

    def summed(self) -> "Objective":
        """The same from sums of the rows, added up once in float64."""
        sums = Statistics.of(self.X, self.y, weights=self.rows.c)
        return self._replace(sums=sums, parabola=Parabola.of(sums.held))

    def parts(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """w (d,) and b (), which is 0 where it is not fitted; of a theta in each column, (d, t) and (t,)."""
        return (theta[:-1], theta[-1]) if self.intercept else (theta, theta.new_zeros(theta.shape[1:]))

    def joined(self, w: Tensor, b: Tensor) -> Tensor:
        """Of these, theta (p,)."""
        return torch.hstack((w, b)) if self.intercept else w

    def slope(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Loss () and gradient (p,)."""
        rows = self.rows
        constant = constant_of(self.reduction, rows)
        w, b = self.parts(theta)
        if self.parabola is not None:
            place = self.parabola.at(w.double(), b.double())
            parts = place.loss, place.dw, place.db
            half, moved, total = (rows.total * part.to(w.dtype) for part in parts)
            squares = 2 * half
        else:
            squares, moved, total = self.products(self.X, self.y, w, b, rows.c)
        return constant * squares, 2 * constant * self.joined(moved, total)

    def products(
        self, X: Tensor, y: Tensor, w: Tensor, b: Tensor, c: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Of the residual r of some rows, weighted by C: r'Cr (), X'Cr (d,) and the sum of Cr ()."""
        return (_by_autograd if self.autograd else residual_sums)(X, y, w, b, c)

    def steepness(self, direction: Tensor) -> Tensor:
        """p'Hp (), the second derivative along a direction p (p,)."""
        w, b = self.parts(direction)
        if self.sums is None:
            c = self.rows.c
            beside = () if c is None else (c.sqrt(),)

            def products(X: Tensor, root: Tensor | None = None) -> tuple[Tensor]:
                rise = torch.mv(X, w) + b
                return ((rise if root is None else root * rise).square().sum(),)

            (squares,) = pass_over(products, self.X, *beside)
        else:
            w, b = w.double(), b.double()
            along = (self.sums.X_mean @ w + b).square()
            squares = w @ self.sums.gram @ w + self.rows.total * along
        return 2 * self.constant * squares.to(direction.dtype)

    def hessian(self) -> Tensor:
        """H (p, p), in float64."""
        sums = self.sums or Statistics.of(self.X, self.y, weights=self.rows.c)
        n, mean = self.rows.total, sums.X_mean
        H = sums.gram + n * torch.outer(mean, mean)
        if self.intercept:
            border = torch.hstack((n * mean, mean.new_tensor(n)))
            H = torch.column_stack((torch.vstack((H, border[:-1])), border))
        return 2 * self.constant * H

    def to_half_mean(self) -> float:
        """What the loss is multiplied by to become half the mean square."""
        return constant_of("half_mean", self.rows) / self.constant


def _by_autograd(
    X: Tensor, y: Tensor, w: Tensor, b: Tensor, weights: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The same as `residual_sums`, by differentiating half the sum of squares."""
    half = torch.full_like(b, 0.5)

    def products(X: Tensor, y: Tensor, c: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        with torch.inference_mode(False):  # which records, whatever the caller has switched off
            at = [t.clone().requires_grad_() for t in (w, b)]
            if X.is_inference():  # autograd keeps no tensor that was made without it
                X, y, c = X.clone(), y.clone(), None if c is None else c.clone()
            y_hat = torch.addmv(at[1], X, at[0])
            squares = mse_loss(y_hat, y, reduction="sum") if c is None else c.dot((y_hat - y).square())
            moved, total = torch.autograd.grad(squares, at, grad_outputs=half)
        return squares.detach(), moved, total

    squares, moved, total = pass_over(products, X, y, *(() if weights is None else (weights,)))
    return squares, moved, total
