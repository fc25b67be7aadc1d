r"""All digits: iterative refinement with residuals in twice the precision.

A float64 factorisation gives the answer to about $\kappa\varepsilon$. The residual of that answer,
computed in twice the precision, shows what is still missing, and the same factorisation solves for it.
Each round adds as many digits as the factorisation is good for.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.closed_form.doubled.arithmetic import Doubled, add, as_doubled, mul, negative, total, two_prod
from linreg.closed_form.doubled.residual import Problem

__all__ = ["Refined", "refined"]

EPS = torch.finfo(torch.float64).eps
DOUBLED_EPS = 2.0**-105  # of a sum of products in twice the precision, beside the lengths of its factors
SLACK = 8  # times what has been seen: one step may shrink an error by that much less than another
STEPS = 20  # at kappa = 1e15 a step wins about two bits more than it loses


class Refined(NamedTuple):
    """Where refinement ended."""

    w: Doubled  # (d,)
    b: Doubled  # ()
    steps: int
    converged: bool  # the last correction changed no digit of the rounded answer
    rss: float  # sum of squared residuals
    length: float  # its root, also where the squares are out of range
    unknown: Tensor  # (k,) an estimate of what is still wrong with w and b, before rounding to float64


def refined(
    p: Problem, R: Tensor, w: Tensor, b: Tensor, *, from_gram: bool = True, rate: float | None = None
) -> Refined:
    r"""Refine `w` and `b` to the exact least-squares answer of the data, rounded once.

    Each step computes r = y - b - Xw and X'r in twice the precision, then solves R'R delta = X'r
    (the seminormal equations). Their error is of the order kappa eps of the correction, so the answer
    gains as many digits a step as kappa leaves, up to kappa of about 1e15.

    Cost: about 40 n d operations for each step; extra memory of a few MB whatever n.

    Args:
        p: the data, about any shift, such as the mean, and in any scale (d,); finite.
        R: (k, k) triangle of a float64 QR factorisation of [(X - shift) / scale, 1], or of X / scale
            without an intercept, rows multiplied by the roots of their weights; or from Cholesky of its Gram
            matrix. k is d + 1 with an intercept, else d.
        w: (d,) start.
        b: () start.
        from_gram: whether R may be of the latter kind, whose error, kappa^2 eps, takes more steps.
        rate: what a step leaves of an error, where that is known better than from kappa.

    Source: Björck, Numerical Methods for Least Squares Problems, sections 2.9 and 6.6.5.
    """
    start = torch.cat((w.double() * p.unit / p.y_unit, b.double().reshape(1) / p.y_unit))
    v = as_doubled(start[: len(R)])  # (k,)
    solver = _Solver(R, p, from_gram)
    solver.rate = solver.rate if rate is None else rate
    steps, length, rss = 0, torch.inf, torch.nan
    unknown, converged, going = torch.full_like(v.hi, torch.inf), False, True
    seen = 0.0  # the most that a step has left
    while going and steps < STEPS:
        g, rss = p.gradient(v)
        change, step = solver(g)
        if not step <= length:  # growing, or not a number
            break
        floor, needed = solver.floor(v.hi, rss), EPS / 4 * v.hi.abs()
        seen = max(seen, step / length)
        left = solver.spread(step * (min(SLACK * seen, solver.rate) if steps else solver.rate))
        # The floor is a bound, often far above what rounding does: steps that still shrink are still good.
        going = step < length / 2 and not bool((left <= torch.maximum(needed, floor * 2.0**-20)).all())
        converged = bool((left <= torch.maximum(needed, floor)).all())
        unknown = torch.maximum(left, floor)
        v = add(v, change)
        rss = max(rss - step**2, 0.0)  # the step is orthogonal to the residual that it leaves
        steps, length = steps + 1, step
    if 2 * solver.rate * length**2 > EPS * rss:  # a residual so small that its length is not known yet
        g, rss = p.gradient(v)
        rss = max(rss - solver(g)[1] ** 2, 0.0)
    units = torch.cat((p.y_unit / p.unit, p.y_unit.reshape(1)))[: len(R)]
    hi, lo = (torch.cat((part * units, torch.zeros_like(b.reshape(1)))) for part in v)
    d = len(p.scale)  # hi[d] is b, or the zero behind w without an intercept
    y_unit = float(p.y_unit)
    return Refined(
        Doubled(hi[:d], lo[:d]),
        Doubled(hi[d], lo[d]),
        steps,
        converged,
        rss * y_unit * y_unit,
        rss**0.5 * y_unit,
        unknown * units,
    )


class _Solver:
    """Corrections from gradients, by a float64 triangle, and what is known of their errors."""

    def __init__(self, R: Tensor, p: Problem, from_gram: bool) -> None:
        self.R, self.p, self.root = R, p, p.weight**0.5
        self.one = torch.ones_like(p.scale[:1])
        inverse = torch.linalg.solve_triangular(
            R, torch.eye(len(R), dtype=R.dtype, device=R.device), upper=True
        )
        self.lengths = torch.linalg.vector_norm(R, dim=0)
        self.sensitivity = torch.linalg.vector_norm(inverse, dim=1)  # of each unknown to the residual
        # What R leaves of an error, at most: it is that of a matrix off by a small multiple of eps.
        kappa = float(torch.linalg.vector_norm(inverse * self.lengths.unsqueeze(1)))
        self.rate = 16 * len(R) * EPS * (kappa**2 if from_gram else kappa)
        self.lengths[: len(p.scale)] += 2 * self.root * p.shift.abs() / p.scale  # before the shift
        self.amplified = float(torch.linalg.vector_norm(inverse.abs().T @ self.lengths))

    def __call__(self, g: Doubled) -> tuple[Doubled, float]:
        """The correction (k,) of v and the length by which it moves the predictions."""
        z = self._centred(g)
        t = torch.linalg.solve_triangular(self.R.T, z.unsqueeze(1), upper=False)
        delta = torch.linalg.solve_triangular(self.R, t, upper=True).squeeze(1)
        change = as_doubled(delta[: len(self.p.scale)] / self.p.scale)
        if self.p.intercept:
            # A rounding error of shift w, times the condition number, would outgrow the correction.
            moved = total(
                two_prod(torch.cat((-self.p.shift, delta[-1:])), torch.cat((change.hi, self.one))), 0
            )
            change = Doubled(*(torch.cat((a, c.reshape(1))) for a, c in zip(change, moved, strict=True)))
        return change, float(torch.linalg.vector_norm(t))

    def _centred(self, g: Doubled) -> Tensor:
        """Gradient (k,) for the columns [(X - shift) / scale, 1]."""
        if not self.p.intercept:
            return g.rounded() / self.p.scale
        moved = mul(as_doubled(self.p.shift), Doubled(g.hi[-1:], g.lo[-1:]))
        c = add(Doubled(g.hi[:-1], g.lo[:-1]), negative(moved))
        return torch.cat((c.rounded() / self.p.scale, g.hi[-1:]))

    def floor(self, v: Tensor, rss: float) -> Tensor:
        """What rounding in twice the precision leaves unknown of v, (k,)."""
        d = len(self.p.scale)
        size = self.lengths[:d] @ (v[:d].abs() * self.p.scale) + 2 * self.root * (1 + v[d:].abs().sum())
        return self.spread(DOUBLED_EPS * (float(size) + self.amplified * rss**0.5))

    def spread(self, length: float) -> Tensor:
        """The most by which a change of the predictions of this length can move v, (k,).

        Not the last change of v: that may have missed the direction in which v is uncertain.
        """
        d = len(self.p.scale)
        moved: Tensor = self.sensitivity * length
        moved[:d] /= self.p.scale
        moved[d:] += self.p.shift.abs() @ moved[:d]
        return moved
