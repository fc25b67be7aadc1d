r"""The smallest sum of absolute residuals, by a primal-dual interior point method, ended at a corner.

The problem is linear, and so is its dual: $\max_\alpha \sum_i c_i \alpha_i y_i$ over $-1 \le \alpha_i \le 1$
with $\sum_i c_i \alpha_i (x_i, 1) = 0$. For any such $\alpha$ no sum of absolute residuals is below that
value, so that $\sum_i c_i (|r_i| - \alpha_i r_i)$ bounds what a fit may still be above the smallest.

At a corner as many residuals are zero as there are unknowns, and all other $\alpha_i$ are the signs of the
residuals. If the rest of $\alpha$, which follows, is between -1 and 1, then that bound is zero: the corner is
the answer itself, not near it.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.generalised.robust.m_estimates import counted
from linreg.generalised.robust.robust_fit import End, RobustFit, in_steps
from linreg.generalised.robust.sample import Sample
from linreg.result import Status
from linreg.settings import check_count
from linreg.workers import alone

__all__ = ["absolute"]

EPS = torch.finfo(torch.float64).eps
THROUGH = 64  # roundings: residuals of rows on one plane are mostly below 16, and some beyond
APART = 1e-6  # share of a row's length that those before it must leave
STRIDE = 0.9995  # of the way to the nearest bound
NEAR = 1e-3  # share of the loss that the bound may be, when corners are looked for
ENOUGH = 1e-10  # the same, at the end: alpha at its bounds, where other fits are as good, keeps ten digits
LEAST = 1e-6  # how free an alpha at its bound is to be balanced
TIGHT = 1e-9  # how far from 1 an alpha must be not to leave other answers


class Inside(NamedTuple):
    """A point inside: r = above - below, and alpha between -1 and 1."""

    u: Tensor  # (q,)
    r: Tensor  # (n,) residuals
    above: Tensor  # (n,) how far y is above the fit, at the most; over 0
    below: Tensor  # (n,)
    alpha: Tensor  # (n,)


class Corner(NamedTuple):
    """A fit through as many rows as there are unknowns, with the smallest loss."""

    u: Tensor
    r: Tensor
    excess: float  # of its loss over the smallest: rounding
    alone: bool  # no other fit has this loss


class Lines(NamedTuple):
    """The problem."""

    sample: Sample

    def start(self) -> Inside:
        """Least squares, and an alpha of 0."""
        u = self.sample.D.new_zeros(self.sample.q)
        r = self.sample.residuals(u)
        off = self.sample.mean(r.abs())
        return Inside(u, r, r.clamp(min=0) + off, (-r).clamp(min=0) + off, torch.zeros_like(r))

    def excess(self, r: Tensor, alpha: Tensor) -> float:
        """What the mean of |r| may be above the smallest, at the most, what rounding has left of the
        condition on alpha included: predictions of a better fit differ by twice the loss at the most."""
        C = self.sample.C
        lightest = 1.0 if C is None else float(C.min()) ** 0.5
        g = float(torch.linalg.vector_norm(self.sample.across(alpha)))
        loss = self.sample.mean(r.abs())
        return self.sample.mean(r.abs() - alpha * r) + 2 * g * loss / lightest

    def step(self, at: Inside) -> Inside:
        """One of Mehrotra's: towards the bounds to see how far that goes, then with what was learned."""
        q = at.above / (1 - at.alpha) + at.below / (1 + at.alpha)
        L = torch.linalg.cholesky_ex(self.sample.gram(1 / q)).L
        first = self._move(at, q, L, torch.zeros_like(q), torch.zeros_like(q))
        gap = self._gap(at)
        left = self._gap(_blend(at, first, *_strides(at, first, 1.0)))
        mu = gap * (left / gap) ** 3 / 2
        alpha = first.alpha - at.alpha
        second = self._move(
            at, q, L, mu + (first.above - at.above) * alpha, mu - (first.below - at.below) * alpha
        )
        return self._seen(_blend(at, second, *_strides(at, second, STRIDE)))

    def _gap(self, at: Inside) -> float:
        return self.sample.mean(at.above * (1 - at.alpha) + at.below * (1 + at.alpha))

    def _seen(self, at: Inside) -> Inside:
        """With the residuals that u has, which sums of steps round."""
        r = self.sample.residuals(at.u)
        left = at.above - at.below - r  # rounding
        return at._replace(r=r, above=at.above - left.clamp(max=0), below=at.below + left.clamp(min=0))

    def _move(self, at: Inside, q: Tensor, L: Tensor, up: Tensor, down: Tensor) -> Inside:
        """To where above (1 - alpha) is `up` and below (1 + alpha) `down`, were that linear."""
        wanted = at.r - up / (1 - at.alpha) + down / (1 + at.alpha)
        pulling = self.sample.across(wanted / q + at.alpha)
        u = at.u + torch.cholesky_solve(pulling.unsqueeze(1), L).squeeze(1)
        r = self.sample.residuals(u)
        change = (wanted - (at.r - r)) / q
        above = (up + at.above * change) / (1 - at.alpha)
        below = (down - at.below * change) / (1 + at.alpha)
        return Inside(u, r, above, below, at.alpha + change)

    def balanced(self, alpha: Tensor, free: Tensor) -> Tensor:
        """The nearest alpha (n,) for which Z'C alpha is 0, each entry moving as far as it is `free` (n,) to.

        Steps lose that to rounding, as the residuals that they divide by become small.
        """
        L = torch.linalg.cholesky_ex(self.sample.gram(free)).L
        g = self.sample.across(alpha)
        return alpha - free * self.sample.along(torch.cholesky_solve(g.unsqueeze(1), L).squeeze(1))

    def corner(self, at: Inside) -> Corner | None:
        """The corner next to a point, if that is the answer."""
        sample, q = self.sample, self.sample.q
        near = at.r.abs().topk(min(4 * q, len(at.r)), largest=False, sorted=True).indices
        rows = _basis(sample.at(near), near, widest=False)
        if rows is None:
            return None
        LU, u, r, through = self._through(rows, at.u, at.r)
        if int(through.sum()) > q:  # a plane of many rows: some tell it better than the nearest
            plane = through.nonzero().flatten()
            better = _basis(sample.at(plane), plane, widest=True)
            if better is not None:
                rows = better
                LU, u, r, through = self._through(rows, u, r)
        alpha = at.alpha.where(through, r.sign())
        alpha = self.balanced(alpha, (1 - alpha.square()).clamp(min=LEAST).where(through, 0))
        left = -torch.linalg.lu_solve(*LU, sample.across(alpha).unsqueeze(1), adjoint=True).squeeze(1)
        alpha[rows] += left if sample.C is None else left / sample.C[rows]
        alone = float(alpha[through].abs().max()) < 1 - TIGHT
        alpha = alpha.clamp(-1, 1)
        excess = self.excess(r, alpha)
        if excess > ENOUGH * sample.mean(r.abs()):
            return None
        return Corner(u, r.masked_fill(through, 0), excess, alone)

    def _through(
        self, rows: Tensor, u: Tensor, r: Tensor
    ) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor, Tensor]:
        """The fit through q rows: their factor, u, the residuals, and which rows (n,) it passes through."""
        factor = torch.linalg.lu_factor(self.sample.at(rows))
        u = u + torch.linalg.lu_solve(*factor, r[rows].unsqueeze(1)).squeeze(1)
        r = self.sample.residuals(u)
        through = r.abs() <= THROUGH * EPS * self.sample.size(u)
        through[rows] = True
        return factor, u, r, through


def _blend(at: Inside, to: Inside, outer: float, inner: float) -> Inside:
    """So much of the way: of the fit, and of alpha."""
    u, r, above, below = (a + outer * (b - a) for a, b in zip(at[:4], to[:4], strict=True))
    return Inside(u, r, above, below, at.alpha + inner * (to.alpha - at.alpha))


def _strides(at: Inside, to: Inside, share: float) -> tuple[float, float]:
    """How much of the way the fit may go, and alpha, to stay inside."""
    outer = min(_most(at.above, to.above), _most(at.below, to.below))
    inner = min(_most(1 - at.alpha, 1 - to.alpha), _most(1 + at.alpha, 1 + to.alpha))
    return min(1.0, share * outer), min(1.0, share * inner)


def _most(start: Tensor, end: Tensor) -> float:
    """The share of the way from start to end, both (n,), after which the first is 0."""
    falls = start - end
    return float((start / falls).where(falls > 0, torch.inf).min())


def _basis(left: Tensor, rows: Tensor, *, widest: bool) -> Tensor | None:
    """(q,) independent ones of these rows; None where they do not suffice.

    Args:
        left: (m, q) the rows.
        rows: (m,) their numbers.
        widest: take those that stand most apart, and not the first ones that do.
    """
    left = (left / torch.linalg.vector_norm(left, dim=1, keepdim=True)).nan_to_num(
        0
    )  # a row of zeros is none
    chosen: list[int] = []
    for _ in range(left.shape[1]):
        lengths = torch.linalg.vector_norm(left, dim=1)
        apart = lengths > APART
        if not bool(apart.any()):
            return None
        i = int(lengths.argmax()) if widest else int(apart.nonzero()[0])
        direction = left[i] / lengths[i]
        left = left - torch.outer(left @ direction, direction)
        chosen.append(i)
    return rows[chosen]


@plain
@alone
def absolute(
    X: Tensor,
    y: Tensor,
    *,
    intercept: bool = True,
    weights: Tensor | None = None,
    steps: int = 100,
    dtype: torch.dtype | None = None,
) -> RobustFit:
    r"""Minimise the mean of $|r|$: least absolute deviations, the regression of the median.

    Half of the rows lie above the fit and half below, however far: a row pulls with its sign alone, and needs
    no scale. One of the best fits passes through as many rows as there are unknowns, and mostly no other is
    as good. Where that one is found, and the dual problem certifies it, the answer is exact to rounding; else
    a bound, `excess`, tells how far above the smallest the loss may be. Normal noise costs it a third of its
    efficiency: its variance is 1.57 times that of least squares.

    Cost: about 10 to 20 steps of n d^2 operations, and 20 n numbers.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) how often each row counts, 0 or above.
        steps: largest number of steps.
        dtype: of the answer, by default that of `X`.

    Returns:
        The fit, its `scale` None; its `row_weights` go with 1 / |r|, and are 1 for the rows that it passes
        through and for the nearest of the others. Status `NOT_CONVERGED` where the loss may be more than
        1e-10 of itself above the smallest, `RANK_DEFICIENT` when the columns are dependent, `OUT_OF_RANGE`
        when `dtype` cannot hold the weights.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; negative weights, or none above 0.
        RangeError: `steps` below 1.

    Source: Portnoy and Koenker, The Gaussian hare and the Laplacian tortoise, Statistical Science 12 (1997);
    the steps: Nocedal and Wright, Numerical Optimization, section 14.2.

    Examples:
        >>> import torch
        >>> X, y = torch.arange(6.).unsqueeze(1), torch.tensor([1.5, 2.5, 50., 7.5, 8.5, 10.5])
        >>> fit = absolute(X, y)
        >>> fit
        RobustFit(w=[1.8], b=1.5, status='ok', method='absolute')
        >>> print(fit.message.partition(": ")[2])
        it passes through 2 rows. By the dual problem no other fit has as small a loss.
    """
    rows, steps = counted(X, y, weights, dtype), check_count(steps, "steps")
    return _solved(Lines(rows.sample(intercept)), steps).fit(rows.dtype, rows.counting)


def _solved(problem: Lines, steps: int) -> End:
    sample, at, taken = problem.sample, problem.start(), 0
    loss = sample.mean(at.r.abs())
    if loss <= sample.found.rounding() / sample.design.weight**0.5:
        return _end(sample, at.u, torch.zeros_like(at.r), loss, Status.OK, "All rows lie on it.", 0, loss)
    excess = loss
    while taken < steps and excess > ENOUGH * loss:
        new = problem.step(at)
        if not bool(new.r.isfinite().all()):
            break  # as far as rounding lets it come
        at, taken, loss = new, taken + 1, sample.mean(new.r.abs())
        excess = problem.excess(at.r, at.alpha)
        if excess > 2 * sample.mean(at.r.abs() - at.alpha * at.r):  # most of it is what rounding has left
            alpha = problem.balanced(at.alpha, 1 - at.alpha.square())
            excess = problem.excess(at.r, alpha.clamp(-1, 1))
        corner = problem.corner(at) if excess <= NEAR * loss else None
        if corner is not None:
            loss, told = sample.mean(corner.r.abs()), _told(corner, taken)
            return _end(sample, corner.u, corner.r, loss, Status.OK, told, taken, corner.excess)
    status = Status.OK if excess <= ENOUGH * loss else Status.NOT_CONVERGED
    if status == Status.OK:
        advice = "Other fits may be as good."
    elif taken < steps:
        advice = "Rounding ends the steps here: more of them would not come nearer."
    else:
        advice = "Give it more `steps`."
    message = (
        f"After {in_steps(taken)} the loss is within {excess / loss:.1g} of itself of the smallest. {advice}"
    )
    return _end(sample, at.u, at.r, loss, status, message, taken, excess)


def _told(corner: Corner, steps: int) -> str:
    through = f"{in_steps(steps)}: it passes through {int((corner.r == 0).sum())} rows. By the dual problem"
    if corner.alone:
        return f"{through} no other fit has as small a loss."
    return f"{through} no other fit has a loss smaller by 1e-10 of it; others may be as good."


def _end(
    sample: Sample, u: Tensor, r: Tensor, loss: float, status: Status, message: str, steps: int, excess: float
) -> End:
    size = r.abs()
    least = size.where(size > 0, torch.inf).min()
    weight = (least / size).nan_to_num(nan=1.0, posinf=1.0)
    return End(
        sample,
        u,
        "absolute",
        loss,
        lambda r: sample.mean(r.abs()),
        1,
        None,
        weight,
        status,
        message,
        steps,
        excess,
    )
