r"""Newton's method for a log-loss: each step is a weighted least-squares fit, and none makes things worse.

Where no penalty bounds the weights a minimum need not exist. Two facts decide, each of which can be checked.
A direction along which no row moves away from its class means that there is none. And at any $u$ with slope
$g$ and curvature $H$, with $\rho$ the longest row of coordinates, there is one if

$$
\lambda_{\min}(H) > a \rho\, |g| .
$$

For if $v$, of length 1, moved no row away from its class, all terms of $-g^\top v = \sum_i c_i \sum_k p_{ik}
\delta_{ik}$ were 0 or above, and each gap $\delta_{ik}$ at most $a \rho$, with $a$ the longest $a_k$. So
$v^\top H v \le \sum_i c_i \sum_k p_{ik} \delta_{ik}^2 \le a \rho\, |g|$, against the supposition.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.generalised.classes.likelihood import Likelihood, Sums
from linreg.generalised.classes.separation import Direction, separating

__all__ = ["End", "Objective"]

EPS = torch.finfo(torch.float64).eps
TOL = 1e-12  # by how much margins may still move, as a root mean square, beside 1 and their size
ROUGH = 1e-7  # a step that moves less, and hardly less than the one before, is rounding
ROUNDINGS = 4  # times eps, of what a sum is made of
ENOUGH = 1e-4  # share of the fall that a parabola promises, which a step must bring
WORSE = 1e-13  # share of the loss that rounding may add
HALVINGS = 40
LEVEL = 1e-2  # curvature along a step below which the rows that it moves hardly pull any more


class End(NamedTuple):
    """Where Newton's method has ended."""

    u: Tensor  # (q, k)
    sums: Sums
    value: float  # of the objective
    slope: Tensor  # (q, k) its slope
    steps: int = 0
    arrived: bool = False
    moved: float = math.inf  # by the last step
    direction: Direction | None = None

    @property
    def summed(self) -> float:
        """The length of what adding up may have made of the slope."""
        return ROUNDINGS * EPS * self.sums.pull

    @property
    def rounding(self) -> float:
        """And of what the rounding of margins may have."""
        size = float(torch.linalg.vector_norm(self.u))
        return self.summed + ROUNDINGS * EPS * float(self.sums.bend.trace()) * size


class Objective(NamedTuple):
    """The sum of the losses, and half of the squared length of the weights times a number."""

    likelihood: Likelihood
    penalty: Tensor | None  # (q, q), times the number

    def at(self, u: Tensor, steps: int = 0) -> End:
        """Its value and its slope."""
        u = self.likelihood.shared(u)
        sums = self.likelihood.at(u)
        if self.penalty is None:
            return End(u, sums, sums.value, sums.slope, steps)
        force = self.penalty @ u
        return End(u, sums, sums.value + float((force * u).sum()) / 2, sums.slope + force, steps)

    def bend(self, sums: Sums) -> Tensor:
        """(q k, q k) its second derivative."""
        if self.penalty is None:
            return sums.bend
        one = torch.eye(self.likelihood.family.free, dtype=sums.bend.dtype, device=sums.bend.device)
        return sums.bend + torch.kron(self.penalty, one)

    def minimised(self, u: Tensor, steps: int, near: float = TOL) -> End:
        """Newton's method from u, until margins hardly move, or it has found that there is no minimum."""
        end = self.at(u)
        end, found = end._replace(arrived=not u.numel()), None
        while not end.arrived and end.steps < steps:
            step = self._step(end)
            if step is None:
                break
            found = self._separating(end, step) or found
            if found is not None and found.settled:
                break
            end = self._moved(end, step, near)
        return end._replace(direction=found)

    def _step(self, end: End) -> Tensor | None:
        """(q, k) Newton's step; None where rounding has left no curvature."""
        L, failed = torch.linalg.cholesky_ex(self.bend(end.sums))
        if bool(failed):
            return None
        step: Tensor = torch.cholesky_solve(-end.slope.reshape(-1, 1), L).view_as(end.u)
        return step

    def singular(self, end: End) -> bool:
        """Whether rounding has left no curvature there."""
        return self._step(end) is None

    def _moved(self, end: End, step: Tensor, near: float) -> End:
        """After the step, or as much of it as makes the objective smaller."""
        fall = -float((end.slope * step).sum())
        for halving in range(HALVINGS):
            share = 0.5**halving
            part = share * step if halving else step
            new = self.at(end.u + part, end.steps + 1)
            if new.value <= end.value - ENOUGH * share * fall + WORSE * abs(end.value):
                break
        root = self.likelihood.design.weight**-0.5
        moved, size = (float(torch.linalg.vector_norm(v)) * root for v in (part, new.u))
        still = moved <= near * (1 + size) or end.moved / 4 < moved <= ROUGH
        arrived = (still and share == 1) or float(torch.linalg.vector_norm(new.slope)) <= new.rounding
        return new._replace(moved=moved, arrived=arrived)

    def _separating(self, end: End, step: Tensor) -> Direction | None:
        """A direction that separates classes, where it looks as if there were one."""
        if self.penalty is not None or not step.numel():
            return None
        if end.sums.gap > 0:
            return separating(self.likelihood, end.u, end.u / end.sums.gap)
        flat = step.flatten()
        if float(flat @ end.sums.bend @ flat) <= LEVEL * end.sums.far**2 * float(flat @ flat):
            return separating(self.likelihood, end.u, step)
        return None

    def exists(self, end: End) -> bool:
        """Whether it is certain that there is a minimum."""
        if self.penalty is not None or not end.u.numel():
            return True
        steep = float(torch.linalg.vector_norm(end.slope)) + end.summed  # for chances as computed
        least = float(torch.linalg.eigvalsh(end.sums.bend)[0]) - ROUNDINGS * EPS * len(end.sums.bend)
        return least > self.likelihood.family.steep * end.sums.far * steep
