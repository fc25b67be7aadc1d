r"""Huber's fit of many rows: Newton's method on a twentieth of them, then a few passes over all.

What costs most of a step of Newton's is the matrix, and a sample of the rows tells it well enough: with its
inverse, each pass over all rows takes a factor of 10 to 100 off what is left of the equations

$$
\frac1n Z^\top \psi(r / \sigma) = 0, \qquad \text{and one for the scale.}
$$

Broyden's update mends the inverse from what the passes have seen.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.generalised.robust.reweighting import Course, State
from linreg.generalised.robust.sample import Pull, Sample
from linreg.generalised.robust.scale import Scale
from linreg.inference.fitted import fitted

__all__ = ["by_sample", "chosen"]

EPS = torch.finfo(torch.float64).eps
SHARE, LEAST, FOR_EACH = 20, 1 << 14, 200  # a twentieth of the rows, but so many, and so many for each column
FEWER = 4  # times as many rows as the sample, or it is not worth the trouble
RUN = 1024  # rows that are taken together
CONDITION = 1e3  # of the columns of the sample, up to which its coordinates do for all rows
START = 1e-2  # how far from its end the fit of the sample may stop, which is nearer than that of all rows
TOL = 1e-10  # what may be left of the equations
PASSES = 30


class Equations(NamedTuple):
    """What is to become zero, as a function of x = (u, scale), in units of the scale at the start."""

    course: Course
    root: float  # of the weight of the sample
    unit: float  # the scale at the start

    def parts(self, x: Tensor) -> tuple[Tensor, float]:
        """U (q,) and the scale."""
        return x[:-1] * (self.root * self.unit), float(x[-1]) * self.unit

    def at(self, x: Tensor) -> tuple[Tensor, Pull]:
        """(q + 1,) what is left of them, and the pass that has found it."""
        u, sigma = self.parts(x)
        sample, scale = self.course.sample, self.course.scale
        pull = sample.pull(u, self.course.psi(sigma))
        if scale.way == "joint":
            last = pull.square / sample.total - 1
        else:
            last = pull.square.new_tensor(scale.of(pull.r, sample.C) / sigma - 1)
        return torch.cat((pull.slope * (self.root / sample.total), last.reshape(1))), pull


def _derivative(course: Course, state: State, root: float) -> Tensor:
    """(q + 1, q + 1) minus the derivative of the equations, of the sample alone."""
    sample, z = course.sample, state.pull.r / state.sigma
    inside = course.at(z).bend * z
    side = (sample.across(inside) / root).unsqueeze(1)
    if course.scale.way == "joint":
        square = inside.square() if sample.C is None else inside.square() * sample.C
        below = torch.cat((2 * side.T, 2 * square.sum().reshape(1, 1) / root**2), 1)
    else:  # how the median moves with u is chance in a sample: Broyden's update finds out
        below = torch.nn.functional.pad(torch.ones_like(side[:1]), (sample.q, 0))
    return torch.cat((torch.cat((sample.gram(course.at(z).bend), side), 1), below))


def by_sample(
    X: Tensor, y: Tensor, C: Tensor | None, intercept: bool, delta: float, scale: Scale
) -> tuple[Course, State] | None:
    """Huber's fit by way of a sample; None where there are few rows, or the sample does not tell enough."""
    some = chosen(len(X), X.shape[1])
    if some is None:
        return None
    Xs, ys = (torch.cat([t[run] for run in some]) for t in (X, y))
    Cs = None if C is None else torch.cat([C[run] for run in some])
    if not math.isfinite(float(Xs.sum() + ys.sum())):  # an error names a row of all of them
        return None
    found = fitted(Xs, ys, intercept=intercept, weights=None if Cs is None else Cs.to(X.dtype))
    design = found.design
    if design.rank < X.shape[1] or design.condition > CONDITION or bool(found.unit.any()):
        return None
    course = Course(Sample(found, Xs, ys, Cs), "huber", delta, scale)
    state = course.run(course.start(), PASSES, START)
    if course.no_scale(state) or not course.arrived(state, START):
        return None
    root = design.weight**0.5
    inverse = torch.linalg.inv(_derivative(course, state, root))
    whole = course._replace(sample=Sample(found, X, y, C))
    return _over_all(Equations(whole, root, state.sigma), state, inverse)


def chosen(n: int, d: int) -> list[slice] | None:
    """Runs of rows, evenly spread over all."""
    m = max(n // SHARE, LEAST, FOR_EACH * d)
    if n < FEWER * m:
        return None
    runs = m // RUN
    hop = n // runs
    return [slice(i * hop, i * hop + RUN) for i in range(runs)]


def _over_all(equations: Equations, state: State, B: Tensor) -> tuple[Course, State] | None:
    """From the fit of the sample to that of all rows; None if that does not come near."""
    course = equations.course
    x = torch.cat((state.u / (equations.root * equations.unit), state.u.new_ones(1)))
    F, pull = equations.at(x)
    for passes in range(1, PASSES + 1):
        u, sigma = equations.parts(x)
        left = float(F.abs().max())
        if left <= max(TOL, 4 * EPS * course.sample.size(u) / sigma):
            return course, State(u, sigma, pull, passes, 0.0)
        s = B @ F
        if not left < 1 or float(x[-1] + s[-1]) <= 0:
            return None
        x = x + s
        new, pull = equations.at(x)
        change = B @ (F - new)  # what the inverse makes of the change; it should have made s of it
        B = B + torch.outer(s - change, s @ B) / (s @ change)
        F = new
    return None
