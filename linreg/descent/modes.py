r"""The loss along the eigenvectors of its Hessian: parabolas, each with a recurrence of its own.

Along an eigenvector with eigenvalue $\lambda$ let $x = \eta \lambda$, and $c_t$ the error after t steps over
that of the start. Descent with momentum, and without ($\beta = 0$), is

$$ c_{t+1} = T c_t - D c_{t-1}, \qquad T = 1 + \beta - x, \quad D = \beta, \quad c_1 = 1 - x , $$

and with Nesterov's slope, $T = (1 + \beta)(1 - x)$, $D = \beta (1 - x)$, $c_1 = 1 - (1 + \beta) x$.
The roots of $z^2 - T z + D$ say how fast it shrinks.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.descent.bowl import Bowl

__all__ = ["Inertia", "modes_of"]

CHUNK = 1 << 16  # errors that are computed at a time
NEAR = 1e-3  # roots that differ by less, relative to them, count as one
HALVINGS = 60  # of an interval of rates: more than float64 has digits


class Inertia(NamedTuple):
    """How a step remembers the ones before it: `beta` times."""

    beta: float = 0.0
    nesterov: bool = False

    def limit(self) -> float:
        """The largest stable rate, times the largest eigenvalue."""
        beta = self.beta
        return (2 + 2 * beta) / (1 + 2 * beta) if self.nesterov else 2 * (1 + beta)

    def limit_text(self) -> str:
        """The same as a formula."""
        if not self.beta:
            return "2/lambda_max"
        return "(2 + 2 beta)/(1 + 2 beta)/lambda_max" if self.nesterov else "2(1 + beta)/lambda_max"

    def best_rate(self, mu: float, L: float) -> float:
        """The rate at which the slowest of eigenvalues from mu to L shrinks fastest."""
        if not self.nesterov:
            return 2 * (1 + self.beta) / (mu + L)
        low, high = 1 / L, self.limit() / L
        for _ in range(HALVINGS):  # the flattest shrinks the faster, and the steepest the slower
            lr = (low + high) / 2
            flat, steep = (self._radius(lr * curvature) for curvature in (mu, L))
            low, high = (lr, high) if flat > steep else (low, lr)
        return low

    def no_faster(self, lr: float, mu: float, L: float) -> bool:
        """Whether no other rate has eigenvalues from mu to L shrink faster, as from some share on."""
        best = self.best_rate(mu, L)
        here, there = (max(self._radius(rate * curvature) for curvature in (mu, L)) for rate in (lr, best))
        return here <= there * (1 + 1e-9)

    def _radius(self, x: float) -> float:
        """The larger root."""
        of = self.recurrence(torch.tensor(x, dtype=torch.float64, device="cpu"))
        square = float(of.T.square() - 4 * of.D)
        return math.sqrt(of.D) if square < 0 else float(of.roots()[0])

    def recurrence(self, x: Tensor) -> "Recurrence":
        """That of the errors, for each x (k,)."""
        beta = self.beta
        if self.nesterov:
            T, D, first = (1 + beta) * (1 - x), beta * (1 - x), 1 - (1 + beta) * x
        else:
            T, D, first = 1 + beta - x, torch.full_like(x, beta), 1 - x
        upper = 2 + 2 * beta - (1 + 2 * beta if self.nesterov else 1) * x
        negative = T < 0
        return Recurrence(T.abs(), D, torch.where(negative, -first, first), torch.where(negative, upper, x))

    def shares(self, x: Tensor, t: Tensor) -> Tensor:
        """c_t^2 (m, k) for x (k,) after t (m,) steps; whole numbers from 0, as float64."""
        t = t.unsqueeze(1)
        # without momentum the bound is what it bounds
        return self.recurrence(x).shares(t) if self.beta else self.recurrence(x).powers(2 * t)

    def least_shares(self, x: Tensor, t: Tensor) -> Tensor:
        """A bound below all of c_0^2, ..., c_t^2 (m, k) that falls with t: 0 for what swings through zero."""
        return self.recurrence(x).least_shares(t.unsqueeze(1))


class Recurrence(NamedTuple):
    """c_{t+1} = T c_t - D c_{t-1} with T >= 0 and c_0 = 1: where T is negative, of (-1)^t c_t. All (k,)."""

    T: Tensor
    D: Tensor
    first: Tensor  # c_1
    gap: Tensor  # 1 - T + D, without its rounding: how far the roots are from 1, multiplied

    def roots(self) -> tuple[Tensor, Tensor]:
        """The larger root z and its distance from the other, where they are real."""
        spread = (self.T.square() - 4 * self.D).clamp(min=0).sqrt()
        return (self.T + spread) / 2, spread

    def powers(self, t: Tensor) -> Tensor:
        """z^t (m, k), also of a z that is nearer to 1 than float64 can tell."""
        z, spread = self.roots()
        below = 2 * self.gap / (2 - self.T + spread)  # 1 - z
        near = (self.gap > 0) & (below < 0.5)
        return torch.where(near, torch.exp(t * torch.log1p(-below)), z**t)

    def shares(self, t: Tensor) -> Tensor:
        """c_t^2 (m, k)."""
        found = self.first * self._sums(t) - self.D * self._sums(t - 1)
        found = found.where(~found.isnan(), math.inf)  # a difference of two that overflow
        return found.square().where(t > 0, 1)

    def _sums(self, t: Tensor) -> Tensor:
        r"""S_t = (z_1^t - z_2^t) / (z_1 - z_2): S_0 = 0, S_1 = 1.

        Also where the roots are complex, r e^{+-i phi}: r^(t-1) sin(t phi) / sin(phi), or equal: t z^(t-1).
        """
        z, spread = self.roots()
        apart = (spread / z).where(z > 0, 1)  # z_2 = (1 - apart) z_1
        gone = torch.where(apart < 0.5, -torch.expm1(t * torch.log1p(-apart)), 1 - (1 - apart) ** t)
        real = self.powers(t - 1) * torch.where(apart > 0, gone / apart, t)
        square = 4 * self.D - self.T.square()
        phi = torch.atan2(square.clamp(min=0).sqrt(), self.T)
        turned = self.D.clamp(min=0).sqrt() ** (t - 1) * (torch.sin(t * phi) / torch.sin(phi))
        return torch.where(square > 0, turned, real).where(t > 0, 0)

    def least_shares(self, t: Tensor) -> Tensor:
        """See `Inertia`; for stable rates.

        Real roots z_1 > z_2 have c_t = A z_1^t + (1 - A) z_2^t with A > 1: if it rises, then to one top.
        """
        z, spread = self.roots()
        apart = spread > NEAR * z
        other = z - spread
        A = (self.first - other) / spread.where(apart, 1)
        found = A * self.powers(t) + (1 - A) * other.abs() ** t
        return found.clamp(min=0, max=1).square().where(apart, 0)


class Modes(NamedTuple):
    """The half-mean loss in the coordinates of the eigenvectors: a sum of independent parabolas."""

    eigenvalues: Tensor  # (k,) descending
    energies: Tensor  # (k,) lambda_i c_i^2 / 2, the excess loss of the start along each eigenvector

    def excess(self, lr: float, t: Tensor, inertia: Inertia) -> Tensor:
        """(m,) after t (m,) steps; infinite where it overflows."""
        return self._weighed(inertia.shares(lr * self.eigenvalues, t))

    def steps(self, lr: float, goal: float, inertia: Inertia) -> float:
        """The smallest number of steps after which the excess is at most `goal`; infinite if it never is."""
        if float(self.energies.sum()) <= goal:
            return 0
        if lr * float(self.eigenvalues[0]) >= inertia.limit():  # some mode grows, or never shrinks
            return math.inf
        low = self._least(lr, goal, inertia)
        if math.isinf(low):
            return low
        start, count = int(low), 1
        while True:  # one by one: an error that swings can be small for a moment
            t = torch.arange(start, start + count, dtype=torch.float64, device=self.energies.device)
            reached = (self.excess(lr, t, inertia) <= goal).nonzero()
            if len(reached):
                return start + int(reached[0])
            start += count
            count = min(2 * count, max(CHUNK // len(self.energies), 1))

    def _least(self, lr: float, goal: float, inertia: Inertia) -> float:
        """No fewer steps will do, by bisection on a bound that falls; infinite beyond what float64 counts."""

        def possible(t: int) -> bool:
            at = torch.tensor([t], dtype=torch.float64, device=self.energies.device)
            return bool(self._weighed(inertia.least_shares(lr * self.eigenvalues, at)) <= goal)

        high = 1
        while not possible(high):
            high *= 2
            if high > 2**60:  # from here on float64 cannot tell 1 - lr * lambda from 1
                return math.inf
        low = high // 2  # not possible there
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if possible(middle) else (middle, high)
        return high

    def _weighed(self, shares: Tensor) -> Tensor:
        # 0 * inf: an overflowing share of a mode that the start does not excite
        return torch.where(self.energies == 0, 0.0, self.energies * shares).sum(1)


def modes_of(bowl: Bowl, w: Tensor, b: Tensor) -> Modes:
    """The modes of a start."""
    U, s, _ = torch.linalg.svd(bowl.R, full_matrices=False)
    # s_i c_i, by way of R times the error: the units of a column then cancel before anything is rounded
    energies = (U.T @ (bowl.R @ (bowl.joined(w, b) - bowl.best))).square() / 2
    return Modes(s.square(), energies)
