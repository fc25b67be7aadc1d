r"""How a run at a constant rate has ended, by the eigenvalues of the loss: with and without momentum."""

import math
from collections.abc import Callable
from typing import NamedTuple

from linreg.descent.curvature import curvature_of
from linreg.descent.full_batch import Course
from linreg.descent.modes import Inertia, modes_of
from linreg.descent.wide import Wide
from linreg.result import Status

__all__ = ["verdict"]

MANY = 10**6  # steps beyond which a message advises something else than to wait
FLAT = 1e10  # condition number of the Hessian beyond which no rate is worth naming
SHARE = 0.1  # of what lies between a rate and the largest stable one, that rounding it may move it by


def verdict(course: Course, lr: float, inertia: Inertia, stands: Callable[[], bool]) -> tuple[Status, str]:
    """Status and message of a run that has ended; `stands` where one more step would move nothing."""
    if course.arrived():
        return course.converged()
    ends = _ends(course)
    largest = inertia.limit() / ends.L
    if lr >= largest * (1 - 1e-12):  # at the limit itself, to rounding, an error neither grows nor shrinks
        return Status.DIVERGED, (
            f"Diverged at step {course.trail.steps}: lr = {lr:.4g} is not below the largest stable rate, "
            f"{inertia.limit_text()} = {largest:.4g}. Try lr = {largest / 2:.4g}."
        )
    if course.trail.blown_up:
        return course.beyond()
    return course.not_yet(_advice(course, lr, inertia, ends, stands))


class Ends(NamedTuple):
    """The smallest eigenvalue above 0, NaN where it is not known, and the largest."""

    mu: float
    L: float


def _ends(course: Course) -> Ends:
    if isinstance(course.bowl, Wide):
        return Ends(math.nan, course.bowl.steepness() / course.to_half_mean)
    rates = curvature_of(course.bowl.R, 1 / course.to_half_mean, course.X)
    return Ends(float(rates.eigenvalues[rates.eigenvalues > 0][0]), rates.L)


def _advice(course: Course, lr: float, inertia: Inertia, ends: Ends, stands: Callable[[], bool]) -> str:
    """What to do about a run that has come close to nothing yet."""
    if isinstance(course.bowl, Wide):
        if stands():
            return course.rounded()
        return "Give it more steps, and bring the columns to one scale. `conjugate_gradients` needs neither."
    needed = math.inf
    if course.goal > 0:
        modes = modes_of(course.bowl, course.w, course.b)
        needed = modes.steps(lr / course.to_half_mean, course.goal, inertia)
    if stands() or needed <= course.trail.steps:
        return course.rounded()
    faster = _faster(lr, inertia, ends.mu, ends.L)
    if not course.tol:
        return f"`tol=0` asks for all the steps; {faster}."
    if needed < MANY:
        return f"At this rate it takes {needed} steps; {faster}."
    return "At this rate it takes millions of steps: bring the columns to one scale first."


def _faster(lr: float, inertia: Inertia, mu: float, L: float) -> str:
    """What takes fewer steps."""
    if FLAT * mu < L:
        return "no rate is fast: bring the columns to one scale first"
    if inertia.beta and not inertia.nesterov and inertia.no_faster(lr, mu, L):
        root = (L / mu) ** 0.5
        beta = _short_of(((root - 1) / (root + 1)) ** 2, 1.0)
        other = Inertia(float(beta))  # what is stable depends on all its digits
        lr_text = _short_of(other.best_rate(mu, L), other.limit() / L)
        return f"no rate is faster with this `beta`; try beta = {beta}, lr = {lr_text}"
    return f"the fastest rate in the long run is {_short_of(inertia.best_rate(mu, L), inertia.limit() / L)}"


def _short_of(value: float, limit: float) -> str:
    """A value below a limit, with as many digits as it takes not to be rounded to that, four or more."""
    texts = (f"{value:.{digits}g}" for digits in range(4, 18))
    return next(text for text in texts if abs(float(text) - value) <= SHARE * (limit - value))
