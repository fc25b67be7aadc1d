r"""All digits: iterative refinement with residuals in twice the precision.

A float64 factorisation gives the answer to about $\kappa\varepsilon$. The residual of that answer,
computed in twice the precision, shows what is still missing, and the same factorisation solves for it.
Each round adds as many digits as the factorisation is good for.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.doubled import Doubled, add, as_doubled, mul, split, total

EPS = torch.finfo(torch.float64).eps
DOUBLED_EPS = 2.0**-100  # of a long sum of products in twice the precision
BLOCK = 32768  # entries of X taken at a time, so that the arrays that come of them fit the cache
LANES = 32  # partial sums of a block that are kept apart until the end
STEPS = 20


class Refined(NamedTuple):
    """Where refinement ended."""

    w: Doubled  # (d,)
    b: Doubled  # ()
    steps: int
    converged: bool  # the last correction changed no digit of the rounded answer
    rss: float  # sum of squared residuals


def refined(
    X: Tensor | Doubled,
    y: Tensor | Doubled,
    R: Tensor,
    shift: Tensor,
    scale: Tensor,
    intercept: bool,
    w: Tensor,
    b: Tensor,
) -> Refined:
    r"""Refine `w` and `b` to the exact least-squares answer of the data, rounded once.

    Each step computes r = y - b - Xw and X'r in twice the precision, then solves R'R delta = X'r
    (the seminormal equations). Their error is of the order kappa eps of the correction, so the answer
    gains as many digits a step as kappa leaves, up to kappa of about 1e15.

    Cost: about 40 n d operations a step; extra memory of a few MB whatever n.

    Args:
        X: (n, d) features, float32, float64 or `Doubled`; finite.
        y: (n,) targets.
        R: (k, k) upper triangle of [(X - shift) / scale, 1], or of X / scale without an intercept.
        shift: (d,) any shift, such as the mean; not used without an intercept.
        scale: (d,) above 0.
        intercept: whether `b` is fitted; k is d + 1 if so, else d.
        w: (d,) start.
        b: () start.

    Source: Björck, Numerical Methods for Least Squares Problems, sections 2.9 and 6.6.5.
    """
    p = _problem(X, y, shift, scale, intercept)
    v = torch.cat((w.double() * p.unit / p.y_unit, b.double().reshape(1) / p.y_unit))
    v = as_doubled(v[: len(R)])  # (k,)
    solver = _Solver(R, p)
    steps, size, converged, rss = 0, torch.inf, False, torch.nan
    while steps < STEPS and not converged:
        g, rss = p.gradient(v)
        change, step = solver(g)
        if not step < size:  # no longer shrinking, or not a number
            break
        converged = bool((change.abs() <= torch.maximum(EPS / 4 * v.hi.abs(), solver.floor(v.hi, rss))).all())
        v = add(v, as_doubled(change))
        rss = max(rss - step**2, 0.0)  # the step is orthogonal to the residual that it leaves
        steps, size = steps + 1, step
    w_units = p.y_unit / p.unit
    w2 = Doubled(v.hi[: len(scale)] * w_units, v.lo[: len(scale)] * w_units)
    b2 = Doubled(v.hi[-1] * p.y_unit, v.lo[-1] * p.y_unit) if intercept else as_doubled(torch.zeros_like(b))
    return Refined(w2, b2, steps, converged, rss * float(p.y_unit) ** 2)


def power_of_two(size: Tensor) -> Tensor:
    """The largest power of two that is not above `size`: dividing by it rounds nothing."""
    size = size.clamp(min=2.0**-1000).where(size > 0, 1)
    return size / (2 * torch.frexp(size).mantissa)


class _Problem(NamedTuple):
    """The data, and the powers of two that bring their entries near 1."""

    X: Tensor | Doubled
    y: Tensor | Doubled
    unit: Tensor  # (d,)
    y_unit: Tensor  # ()
    shift: Tensor  # (d,) in units
    scale: Tensor  # (d,) in units, from 1 to 2
    intercept: bool

    def gradient(self, v: Doubled) -> tuple[Doubled, float]:
        """A'r (k,) and r'r for r = y - A v and A = [X / unit, 1], in twice the precision."""
        n, d = self.X.hi.shape if isinstance(self.X, Doubled) else self.X.shape
        work = _Work(d, self.intercept, max(BLOCK // (d + 2), 1), self.unit.device)
        column = Doubled(v.hi.unsqueeze(1), v.lo.unsqueeze(1))
        for first in range(0, n, work.rows):
            rows = slice(first, first + work.rows)
            work.load(_rows(self.X, rows), 1 / self.unit)
            y = _rows(self.y, rows)
            y = Doubled(y.hi / self.y_unit, y.lo / self.y_unit)
            work.add_products(add(y, work.minus_prediction(column)))
        g = total(work.sums)
        return Doubled(g.hi[:-1], g.lo[:-1]), float(g.hi[-1])


def _rows(x: Tensor | Doubled, rows: slice) -> Doubled:
    return Doubled(x.hi[rows], x.lo[rows]) if isinstance(x, Doubled) else as_doubled(x[rows])


def _problem(
    X: Tensor | Doubled, y: Tensor | Doubled, shift: Tensor, scale: Tensor, intercept: bool
) -> _Problem:
    unit = power_of_two(scale)
    top = y.hi if isinstance(y, Doubled) else y
    y_unit = power_of_two(torch.maximum(top.max(), -top.min()).double())
    return _Problem(X, y, unit, y_unit, shift / unit if intercept else 0 * unit, scale / unit, intercept)


class _Work:
    """Arrays for one block of rows, used again for the next: (k + 1, rows), features first.

    The last row takes the residual, so that one product gives A'r and r'r.
    """

    def __init__(self, d: int, intercept: bool, rows: int, device: torch.device) -> None:
        self.d, self.k, self.rows = d, d + intercept, rows
        self.buffers = torch.empty(5, (self.k + 1) * rows, dtype=torch.float64, device=device)
        zeros = torch.zeros(self.k + 1, LANES, dtype=torch.float64, device=device)
        self.sums = Doubled(zeros, zeros.clone())

    def load(self, X: Doubled, factor: Tensor) -> None:
        """Take a block (m, d): transposed, in units, and split for exact products."""
        m = len(X.hi)
        self.a, self.upper, self.lower, self.p, self.e = self.buffers[:, : (self.k + 1) * m].view(5, -1, m)
        torch.mul(X.hi.T, factor.unsqueeze(1), out=self.a[: self.d])
        self.a[self.d :] = 1.0
        self.a_lo = X.lo.T * factor.unsqueeze(1)
        self._split(slice(0, self.k))

    def _split(self, rows: slice) -> None:
        parts = split(self.a[rows])
        self.upper[rows], self.lower[rows] = parts

    def _multiply(self, v: Doubled, rows: int) -> None:
        """Products of the first rows with v, (k, 1) or (m,), in p, and what they leave out in e."""
        a, upper, lower, p, e = (t[:rows] for t in (self.a, self.upper, self.lower, self.p, self.e))
        v_upper, v_lower = split(v.hi)
        torch.mul(a, v.hi, out=p)
        torch.mul(upper, v_upper, out=e)
        e.sub_(p)
        e.addcmul_(upper, v_lower).addcmul_(lower, v_upper).addcmul_(lower, v_lower)
        e.addcmul_(a, v.lo)
        e[: self.d].addcmul_(self.a_lo, v.hi[: self.d] if v.hi.ndim == 2 else v.hi)

    def minus_prediction(self, v: Doubled) -> Doubled:
        """-A v (m,)."""
        self._multiply(v, self.k)
        s = total(Doubled(self.p[: self.k], self.e[: self.k]), 0)
        return Doubled(-s.hi, -s.lo)

    def add_products(self, r: Doubled) -> None:
        """Add A'r and r'r."""
        last = slice(self.k, self.k + 1)
        self.a[last] = r.hi
        self._split(last)
        self._multiply(r, self.k + 1)
        self.e[self.k].addcmul_(r.lo, r.hi)
        s = total(Doubled(self.p, self.e))
        first = add(Doubled(self.sums.hi[:, 0], self.sums.lo[:, 0]), s)
        self.sums.hi[:, 0], self.sums.lo[:, 0] = first


class _Solver:
    """Corrections from gradients, by a float64 triangle."""

    def __init__(self, R: Tensor, p: _Problem) -> None:
        self.R, self.p = R, p
        inverse = torch.linalg.solve_triangular(
            R, torch.eye(len(R), dtype=R.dtype, device=R.device), upper=True
        )
        n = len(p.X.hi) if isinstance(p.X, Doubled) else len(p.X)
        lengths = torch.linalg.vector_norm(R, dim=0)
        lengths[: len(p.scale)] += 2 * n**0.5 * p.shift.abs() / p.scale  # of columns before the shift
        self.y_length = 2 * n**0.5
        self.lengths = lengths
        self.sensitivity = torch.linalg.vector_norm(inverse, dim=1)  # of each unknown to the residual
        self.amplified = float(torch.linalg.vector_norm(inverse.abs().T @ lengths))

    def __call__(self, g: Doubled) -> tuple[Tensor, float]:
        """The correction (k,) of v and the length by which it moves the predictions."""
        z = self._centred(g)
        t = torch.linalg.solve_triangular(self.R.T, z.unsqueeze(1), upper=False)
        delta = torch.linalg.solve_triangular(self.R, t, upper=True).squeeze(1)
        return self._in_units(delta), float(torch.linalg.vector_norm(t))

    def _centred(self, g: Doubled) -> Tensor:
        """Gradient (k,) for the columns [(X - shift) / scale, 1]."""
        if not self.p.intercept:
            return (g.hi + g.lo) / self.p.scale
        moved = mul(as_doubled(self.p.shift), Doubled(g.hi[-1:], g.lo[-1:]))
        c = add(Doubled(g.hi[:-1], g.lo[:-1]), Doubled(-moved.hi, -moved.lo))
        return torch.cat(((c.hi + c.lo) / self.p.scale, g.hi[-1:]))

    def _in_units(self, delta: Tensor) -> Tensor:
        change = delta[: len(self.p.scale)] / self.p.scale
        if self.p.intercept:
            change = torch.cat((change, (delta[-1] - self.p.shift @ change).reshape(1)))
        return change

    def floor(self, v: Tensor, rss: float) -> Tensor:
        """What rounding in twice the precision leaves unknown of v, (k,)."""
        d = len(self.p.scale)
        in_scale = v.abs()
        in_scale = torch.cat((in_scale[:d] * self.p.scale, in_scale[d:]))
        size = self.y_length + float(self.lengths @ in_scale) + self.amplified * rss**0.5
        floor = DOUBLED_EPS * self.sensitivity * size
        floor[:d] /= self.p.scale
        if self.p.intercept:
            floor[-1] += self.p.shift.abs() @ floor[:d]
        return floor
