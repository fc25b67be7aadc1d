r"""A penalised problem as sums tell it, in coordinates in which the penalty is one number for all columns.

There $u$ stands for the weights, and what is minimised is
$\frac12 u^\top G u - q^\top u + \lambda_1 \|u\|_1 + \frac{\lambda_2}{2} \|u\|^2$, with $G = X^\top X / n$ and
$q = X^\top y / n$ of centred columns. Powers of two bring the largest column and `y` near 1, which rounds
nothing and keeps squares in range, whatever the units.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.held import exponent, times_two_to
from linreg.basics.statistics import Statistics
from linreg.closed_form.from_sums import System, normal_equation

__all__ = ["Problem", "problem_in", "problem_of"]

EPS = torch.finfo(torch.float64).eps


class Problem(NamedTuple):
    """What there is to minimise, and the way back to the units of the data."""

    p: System  # of all columns
    unit: Tensor  # (d + 1,) exponents of the powers of two by which X and y were divided in the sums
    G: Tensor  # (d, d); the row of a constant column is zero
    q: Tensor  # (d,)
    yy: float  # mean square of the centred y
    size: Tensor  # (d,) root mean squares of the columns; 0 for a constant one
    turn: Tensor  # (d,) a column in the units of the sums times this is one here; 0 for a constant one
    x: int  # exponents of the powers of two that were taken out,
    y: int
    intercept: bool
    free: tuple[int, ...] = ()  # columns that no penalty is for, none of which the others of these make up
    open: int = 0  # how many more were to be free

    @property
    def charged(self) -> Tensor:
        """(d,) 1 for a column that the penalty is for, and 0 for a free one."""
        some = torch.ones_like(self.q)
        some[list(self.free)] = 0
        return some

    def l1(self, strength: float) -> float:
        """A penalty on absolute weights, here."""
        return _times_two_to(strength, -self.x - self.y)

    def l2(self, strength: float) -> float:
        """A penalty on squared weights, here."""
        return _times_two_to(strength, -2 * self.x)

    def strength(self, l1: float) -> float:
        """The penalty on absolute weights of the data that is this one here."""
        return _times_two_to(l1, self.x + self.y)

    def strength_of_squares(self, l2: float) -> float:
        """The penalty on squared weights of the data that is this one here."""
        return _times_two_to(l2, 2 * self.x)

    @property
    def y_exponent(self) -> int:
        """That of y in the units of the sums."""
        return self.y - int(self.unit[-1])

    def product(self, U: Tensor) -> Tensor:
        """G U (d, k), each row as exact as the length of its column allows."""
        size = self.size.unsqueeze(1)
        return size * (self.p.G @ (size * U))

    def loss(self, U: Tensor) -> Tensor:
        """(k,) half-mean squared losses of U (d, k), in units of y here; what is left of a difference."""
        left = self.q.unsqueeze(1) - self.product(U)
        return ((self.yy - self.q @ U - (U * left).sum(0)) / 2).clamp(min=0)

    def weights(self, U: Tensor) -> Tensor:
        """(d, k) weights in the units of the sums."""
        return times_two_to(U * self.turn.unsqueeze(1), torch.full_like(U[:1, :1], self.y_exponent))

    def outside(self, U: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (k, d) and intercepts (k,) in the units of the data."""
        p, W, by = self.p, self.weights(U), self.unit[-1]
        b = (p.shift[-1] - p.shift[:-1] @ W) + (p.offset[-1] - p.offset[:-1] @ W)
        W = times_two_to(W, (by - self.unit[:-1]).unsqueeze(1))
        return W.T.contiguous(), times_two_to(b, by)

    def inside(self, w: Tensor) -> Tensor:
        """(d,) the weights here, from those of the data."""
        return self.inside_units(times_two_to(w.double(), self.unit[:-1] - self.unit[-1]))

    def inside_units(self, w: Tensor) -> Tensor:
        """(d,) the weights here, from those in the units of the sums."""
        turned = (w / self.turn).masked_fill(self.turn == 0, 0)
        return times_two_to(turned, torch.full_like(w, -self.y_exponent))

    def squared(self, loss: Tensor) -> Tensor:
        """Losses in squared units of y, from those here."""
        half = torch.full_like(loss, self.y)
        return times_two_to(times_two_to(loss, half), half)


def problem_of(statistics: Statistics, intercept: bool, standardise: bool, eps: float = EPS) -> Problem:
    """The problem of sums, whose rows are known to the precision `eps`."""
    return problem_in(normal_equation(statistics, intercept, eps), intercept, standardise)


def problem_in(p: System, intercept: bool, standardise: bool) -> Problem:
    """The problem of a normal equation, or of one without products of its columns: then it has none."""
    root = p.weight**0.5
    if bool(p.yy.sqrt() <= 2 * p.eps * p.mean[-1].abs() * root):  # a y as constant as such a column
        p = p._replace(yy=torch.zeros_like(p.yy), g=torch.zeros_like(p.g))
    unit = p.unit
    assert unit is not None  # sums and rows tell it
    rms = p.scale.masked_fill(p.factor == 0, 0) / root
    y = int(exponent(p.yy.sqrt() / root)) if float(p.yy) > 0 else 0
    if standardise:
        x, size, turn = 0, (rms > 0).to(rms), p.factor * root
    else:
        largest = (exponent(rms) + unit[:-1]).max()
        x = int(largest) if math.isfinite(float(largest)) else 0
        turn, size = times_two_to((p.factor != 0).to(rms), unit[:-1] - x), times_two_to(rms, unit[:-1] - x)
    G = p.G * size * size.unsqueeze(1) if p.G.numel() else p.G
    q = times_two_to(p.g * size / root, torch.full_like(p.g, -y))
    yy = float(times_two_to(times_two_to(p.yy / p.weight, p.g.new_tensor(-y)), p.g.new_tensor(-y)))
    return Problem(p, unit, G, q, yy, size, turn, x, y + int(unit[-1]), intercept)


def _times_two_to(number: float, power: int) -> float:
    try:
        return math.ldexp(number, power)
    except OverflowError:
        return math.inf
