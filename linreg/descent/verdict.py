r"""How a run at a constant rate has ended, by the eigenvalues of the loss: with and without momentum."""

import math
from collections.abc import Callable

from linreg.descent.curvature import curvature_of
from linreg.descent.full_batch import Course
from linreg.descent.modes import Inertia, modes_of
from linreg.descent.wide import Wide
from linreg.result import Status

__all__ = ["verdict"]

MANY = 10**6  # steps beyond which a message advises something else than to wait


def verdict(course: Course, lr: float, inertia: Inertia, stands: Callable[[], bool]) -> tuple[Status, str]:
    """Status and message of a run that has ended; `stands` where one more step would move nothing."""
    if course.arrived():
        return course.converged()
    largest, best = _rates(course, inertia)
    if lr >= largest * (1 - 1e-12):  # at the limit itself, to rounding, an error neither grows nor shrinks
        return Status.DIVERGED, (
            f"Diverged at step {course.trail.steps}: lr = {lr:.4g} is not below the largest stable rate, "
            f"{inertia.limit_text()} = {largest:.4g}. Try lr = {largest / 2:.4g}."
        )
    if course.trail.blown_up:
        return course.beyond()
    return course.not_yet(_advice(course, lr, inertia, best, stands))


def _rates(course: Course, inertia: Inertia) -> tuple[float, float | None]:
    """The largest stable rate and the fastest, as far as it is known."""
    if isinstance(course.bowl, Wide):
        return inertia.limit() * course.to_half_mean / course.bowl.steepness(), None
    rates = curvature_of(course.bowl.R, 1 / course.to_half_mean, course.X)
    flattest = float(rates.eigenvalues[rates.eigenvalues > 0][0])
    return inertia.limit() / rates.L, inertia.best_rate(flattest, rates.L)


def _advice(
    course: Course, lr: float, inertia: Inertia, best: float | None, stands: Callable[[], bool]
) -> str:
    """What to do about a run that has come close to nothing yet."""
    needed = _needed(course, lr / course.to_half_mean, inertia)
    if stands() or needed <= course.trail.steps:
        return course.rounded()
    if best is None:
        return "Give it more steps, and bring the columns to one scale; or use `conjugate_gradients`."
    if not course.tol:
        return f"`tol=0` asks for all the steps; the fastest rate is {best:.4g}."
    if needed < MANY:
        return f"At this rate it takes {needed} steps; the fastest rate is {best:.4g}."
    return "At this rate it takes millions of steps: bring the columns to one scale first."


def _needed(course: Course, lr: float, inertia: Inertia) -> float:
    """How many steps from the start would arrive; NaN where that is not known."""
    if isinstance(course.bowl, Wide):
        return math.nan
    return (
        modes_of(course.bowl, course.w, course.b).steps(lr, course.goal, inertia)
        if course.goal > 0
        else math.inf
    )
