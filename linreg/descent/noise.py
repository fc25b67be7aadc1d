r"""Where mini-batches at a constant rate settle: the noise floor, from the second moments of the rows.

A step on a batch of B rows multiplies the error $e$ by $I - \eta H_B$ and adds a kick, since each row has a
gradient of its own at the minimum. Once a run has settled, the covariance $S = \operatorname{E} e e^\top$
is the same after every step. With $a_i$ the rows of $[1 \; X]$, $r_i$ their residuals at the minimum,
$M(S) = \frac1n \sum_i a_i a_i^\top S \, a_i a_i^\top$ and $C = \frac1n \sum_i r_i^2 a_i a_i^\top$,

$$ H S + S H = \eta \, [(1 - f) H S H + f M(S) + f C], \qquad f = \frac1B \, \frac{n - B}{n - 1} . $$

That is exact for batches drawn independently of each other. In shuffled epochs the kicks of an epoch cancel
in part: at its end a run lies lower.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.loss import Reduction, weight_of
from linreg.descent.bowl import Bowl
from linreg.descent.curvature import curvature_of
from linreg.descent.wide import UNKNOWN, Wide
from linreg.result import Status

__all__ = ["Run"]

BLOCK = 1 << 17  # numbers of X taken at a time
KEPT = 1 << 21  # numbers of X up to which the turned rows, 16 MB, are kept from one term to the next
ROUNDS = 60  # terms of the series for S, which shrink by the rate over the largest stable one
CLOSE = 0.01  # of the sum may be estimated: the excess of a single run scatters by far more


class Run(NamedTuple):
    """Mini-batches of one size at one rate."""

    X: Tensor
    y: Tensor
    bowl: Bowl | Wide
    intercept: bool
    lr: float
    batch_size: int  # at most n
    reduction: Reduction

    def verdict(self, updates: int, left: float, goal: float) -> tuple[Status, str]:
        """How a run has ended whose excess loss is `left`."""
        if left <= goal:
            return Status.OK, f"Converged: the excess loss, {left:.3g}, is too small to tell from 0."
        if self.lr >= self.largest_stable_rate() * (1 - 1e-12):  # to rounding
            return self.diverged(updates)
        if math.isinf(left):
            return Status.NOT_CONVERGED, UNKNOWN
        if isinstance(self.bowl, Wide):
            noise, known = self._envelope(self.bowl), "known to be "
        else:
            lr, last_lr = self.lr * self._weight(self.batch_size), self.lr * self._weight(self._rest())
            noise, known = settled(self.X, self.y, self.bowl, lr, self.batch_size, last_lr), ""
        if math.isinf(noise.level):
            limit = noise.stable_rate / self._weight(self.batch_size)
            return Status.NOT_CONVERGED, (
                f"Such runs do not settle: lr = {self.lr:.4g} is not below {limit:.4g}, the largest rate "
                f"{known}stable in the mean square for batches of {self.batch_size}. {self._advice()}"
            )
        floor = f"the noise floor of this rate and batch size, {noise.level:.3g}"
        if left <= noise.level:
            return Status.OK, f"The excess loss, {left:.3g}, is within {floor} ({noise.mean:.3g} on average)."
        return Status.NOT_CONVERGED, f"The excess loss, {left:.3g}, is above {floor}: give it more epochs."

    def diverged(self, updates: int) -> tuple[Status, str]:
        """What to say of a run that has blown up."""
        rate = self.largest_stable_rate()
        why = f"is not below the largest stable rate, 2/lambda_max = {rate:.4g}"
        if self.lr < rate * (1 - 1e-12):
            why = "is too large for some batches"
        return (
            Status.DIVERGED,
            f"Diverged after {updates} updates: lr = {self.lr:.4g} {why}. {self._advice()}",
        )

    def largest_stable_rate(self) -> float:
        """That of batches which are all like the whole."""
        weight = self._weight(self.batch_size)
        if isinstance(self.bowl, Wide):
            return 2 / weight / self.bowl.steepness()
        return curvature_of(self.bowl.R, weight, self.X).largest_stable_rate

    def _weight(self, rows: int) -> float:
        """What the loss of so many rows is of their half-mean loss."""
        return weight_of(self.reduction, rows) / weight_of("half_mean", rows)

    def _rest(self) -> int:
        """Rows of the last batch of an epoch."""
        return len(self.y) % self.batch_size or self.batch_size

    def _advice(self) -> str:
        # No batch is steeper than its steepest row, whose curvature is its squared length.
        gentle = 1 / self._weight(self.batch_size) / float(self._squares().max())
        return f"Try lr = {gentle:.4g}, stable for every batch."

    def _squares(self) -> Tensor:
        """(n,) squared lengths of the rows of [1, X], or of X."""
        lengths = torch.linalg.vector_norm(self.X, dim=1, dtype=torch.float64)
        squares: Tensor = lengths.square() + self.intercept
        return squares

    def _envelope(self, bowl: Wide) -> "Noise":
        """The floor of small rates, for noise that does not depend on the features.

        With S at most s times the identity, HS + SH is at least the right side if s is as below: M(S) is
        at most s times the largest square of a row times H.
        """
        squares, f = self._squares(), _share(len(self.y), self.batch_size)
        lr = self.lr * self._weight(self.batch_size)
        used = lr * ((1 - f) * bowl.steepness() + f * float(squares.max()))
        s = lr * f * 2 * bowl.floor / (2 - used) if used < 2 else math.inf
        mean = s * float(squares.mean()) / 2
        return Noise(mean, 2 * mean, 2 * lr / used)


class Noise(NamedTuple):
    """The excess loss of settled runs."""

    mean: float
    level: float  # the mean and three standard deviations: where a settled run lies nearly always
    stable_rate: float  # below it the mean is finite; infinite where nothing tells


def settled(X: Tensor, y: Tensor, bowl: Bowl, lr: float, batch_size: int, last_lr: float) -> Noise:
    """The noise floor at the end of an epoch; rates of the half-mean loss, `last_lr` of the last batch."""
    n = len(y)
    whole, rest = divmod(n, batch_size)
    share, last = _share(n, batch_size), _share(n, rest or batch_size)
    # in the long run, the last batch counts as often as it comes: for its noise, and for what it shrinks
    # (where all are alike, one more changes nothing)
    part = last_lr / lr
    kicks = (whole * share + part**2 * last) / (whole + part)
    if kicks == 0:
        return Noise(0.0, 0.0, math.inf)
    moments = _Moments(X, y, bowl)
    S, stable_rate = moments.balance(lr, kicks)
    if S is None:
        return Noise(math.inf, math.inf, stable_rate)
    if rest:  # one more step, on fewer rows
        S = S + last_lr * (last_lr * (moments.grown(S, last) + last * moments.C) - moments.pulled(S))
    HS = moments.eigenvalues.unsqueeze(1) * S
    mean, spread = float(HS.trace()) / 2, float((HS @ HS).trace() / 2) ** 0.5
    return Noise(mean, mean + 3 * spread, stable_rate)


def _share(n: int, batch_size: int) -> float:
    """The variance of the mean of a batch over that of one row, 0 for all rows."""
    return (n - batch_size) / (batch_size * max(n - 1, 1))


class _Moments:
    """The equation for S in the coordinates of the eigenvectors of H, where H is diagonal."""

    def __init__(self, X: Tensor, y: Tensor, bowl: Bowl) -> None:
        self.X, self.intercept = X, X.shape[1] < len(bowl.best)
        _, s, Vh = torch.linalg.svd(bowl.R)  # (k,), (p, p)
        self.V = Vh.T
        self.eigenvalues = torch.cat((s.square(), s.new_zeros(len(Vh) - len(s))))
        self.kept = list(self._turned()) if X.numel() <= KEPT else None
        best = Vh @ bowl.best
        self.C = torch.zeros_like(Vh)  # (p, p)
        for Q, rows in zip(self.kept or self._turned(), torch.split(y, self._step()), strict=True):
            self.C += _gram(Q, (rows - best @ Q).square())
        self.C /= len(X)

    def _step(self) -> int:
        return max(BLOCK // len(self.V), 1)

    def _turned(self) -> Iterator[Tensor]:
        """(p, m) some rows of [1, X], or of X, each a column, in the coordinates of the eigenvectors.

        Few and long rows: sums along them take half the time of sums of many short ones.
        """
        turn = self.V[self.intercept :].T
        for some in torch.split(self.X, self._step()):
            rows = some.T.double()
            yield torch.addmm(self.V[0].unsqueeze(1), turn, rows) if self.intercept else turn @ rows

    def pulled(self, S: Tensor) -> Tensor:
        """HS + SH."""
        return self.eigenvalues.unsqueeze(1) * S + S * self.eigenvalues

    def grown(self, S: Tensor, f: float) -> Tensor:
        """(1 - f) HSH + f M(S): what a step does to S besides, over the square of the rate."""
        M = torch.zeros_like(S)
        for Q in self.kept or self._turned():
            M += _gram(Q, ((S @ Q) * Q).sum(0))  # S is symmetric
        M /= len(self.X)
        HSH: Tensor = self.eigenvalues.unsqueeze(1) * S * self.eigenvalues
        return (1 - f) * HSH + f * M

    def balance(self, lr: float, f: float) -> tuple[Tensor | None, float]:
        """S, or None where there is none, and the largest rate for which there is one, as far as it shows.

        The series S = S0 + G S0 + G G S0 + ..., each term what the one before leads to. Its terms are
        positive and in the end shrink by a factor, the rate over the largest stable one.
        """
        sums = self.eigenvalues.unsqueeze(1) + self.eigenvalues
        inverse = torch.where(sums > 0, 1 / sums, 0)
        term = lr * f * self.C * inverse
        S, size = term, self._excess(term)
        if size == 0:  # no noise
            return S, math.inf
        factor = math.inf
        for _ in range(ROUNDS):
            term = lr * self.grown(term, f) * inverse
            after = self._excess(term)
            if not math.isfinite(after):  # the factor before tells the limit all the same
                return None, lr / factor
            factor, size, S = after / size, after, S + term
            if factor < 1 and size * factor / (1 - factor) <= CLOSE * self._excess(S):
                break
        # all terms to come, as if they shrank by the same factor
        return (S + term * (factor / (1 - factor)) if factor < 1 else None), lr / factor

    def _excess(self, S: Tensor) -> float:
        """Twice the excess loss; of a term beside another, what matters is how many times as much."""
        return float(self.eigenvalues @ S.diagonal())


def _gram(Q: Tensor, weights: Tensor) -> Tensor:
    gram: Tensor = (Q * weights) @ Q.T
    return gram
