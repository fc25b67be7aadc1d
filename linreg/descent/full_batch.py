r"""Runs over all rows at each step: where they start, when they stop, and what can be said of any of them.

A run stops at the share of what there was to gain that it was given, by the exact smallest loss, which is
computed before the first step: the test does not depend on units, and no method can fool it.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from linreg.basics.loss import Reduction
from linreg.basics.objective import Objective
from linreg.checks import check_start, check_Xy
from linreg.descent.bowl import bowl_of
from linreg.descent.loop import BLOW_UP, State, Trail, rounds, run
from linreg.descent.wide import UNKNOWN, Wide
from linreg.result import Fit, Status
from linreg.settings import check_count, check_number
from linreg.weights import weighing

__all__ = ["Course", "Settings"]

S = TypeVar("S", bound=State)


class Settings(NamedTuple):
    """What the public functions of this kind have in common."""

    steps: int
    w: Tensor | None
    b: Tensor | float
    intercept: bool
    reduction: Reduction
    sums: bool
    tol: float | None
    record: bool
    progress: bool
    autograd: bool = False
    weights: Tensor | None = None


class Course:
    """A run that is set up: data checked, the loss, its bottom, the start, and where to stop."""

    def __init__(self, X: Tensor, y: Tensor, settings: Settings, blow_up: float = BLOW_UP) -> None:
        self.X, self.y = X, y = check_Xy(X, y)
        self.settings = settings
        check_count(settings.steps, "steps", least=0)
        self.w, self.b = check_start(X, settings.w, settings.b, settings.intercept)
        self.tol = torch.finfo(X.dtype).eps if settings.tol is None else check_number(settings.tol, "tol")
        rows = weighing(y, settings.weights)
        objective = Objective(X, y, settings.reduction, settings.intercept, settings.autograd, weighing=rows)
        self.objective = objective.summed() if settings.sums else objective
        self.theta = self.objective.joined(self.w, self.b)
        loss, self.slope = self.objective.slope(self.theta)
        self.trail = Trail(self.theta, loss, self._read, record=settings.record, blow_up=blow_up)
        self.bowl = bowl_of(X, y, settings.intercept, self.objective.sums, rows)
        self.worth = self.bowl.worth(self.w, self.b, X.dtype)
        self.goal = self.tol * self.worth
        self.to_half_mean = self.objective.to_half_mean()
        # A loss above this, with all its rounding, is not yet worth a closer look.
        self.near = (self.bowl.floor + self.goal) * (1 + 10 * torch.finfo(X.dtype).eps ** 0.5)
        self.near += 1e-12 * (self.bowl.height + self.bowl.floor)
        self.left = self.left_at(self.theta)

    def run(self, start: S, step: Callable[[S, Tensor], S]) -> S:
        """Step until there is nothing left to gain, or the steps are used up."""
        end = run(
            start,
            lambda state, slope: (step(state, slope),),
            self.objective.slope,
            self.trail,
            rounds(self.settings.steps, "step", self.settings.progress),
            self._done,
            self.slope,
        )
        self.left = self.left_at(end.theta)
        return end

    def way(self) -> float:
        """How far the parameter that has the longest way was from the minimum at the start."""
        bowl = self.bowl
        if isinstance(bowl, Wide):
            return max(float((self.w - bowl.w).abs().max()), float((self.b - bowl.b).abs()))
        return float((bowl.joined(self.w, self.b) - bowl.best).abs().max())

    def left_at(self, theta: Tensor) -> float:
        """The excess loss at a point."""
        return self.bowl.excess(*self.objective.parts(theta))

    def stands(self, end: S, step: Callable[[S, Tensor], S]) -> bool:
        """Whether one more step would move nothing."""
        return torch.equal(step(end, self.objective.slope(end.theta)[1]).theta, end.theta)

    def arrived(self) -> bool:
        """Whether the last point is good enough."""
        return not self.trail.blown_up and self.left <= self.goal

    def fit(self, method: str, status: Status, message: str) -> Fit:
        """The fit, with this verdict."""
        return self.trail.fit(method, status, message, self.to_half_mean)

    def converged(self) -> tuple[Status, str]:
        """What to say of a run that has arrived."""
        return Status.OK, (
            f"Converged after {_steps(self.trail.steps)}: the excess loss is at most {self.tol:.2g} of what "
            "there was to gain."
        )

    def beyond(self) -> tuple[Status, str]:
        """What to say of a run that has left the range at a rate that is not to blame."""
        t, dtype = self.trail.steps, self.X.dtype
        return (
            Status.DIVERGED,
            f"Left the range of {dtype} at step {t}. Scale `X` and `y` down, or start closer.",
        )

    def not_yet(self, advice: str) -> tuple[Status, str]:
        """What to say of a run that has not arrived."""
        if self.left == torch.inf:
            return Status.NOT_CONVERGED, UNKNOWN
        return Status.NOT_CONVERGED, (
            f"After {_steps(self.trail.steps)} the excess loss is {self.left / self.worth:.2g} of what there "
            f"was to gain, not yet {self.tol:.2g}. {advice}"
        )

    def rounded(self) -> str:
        """The advice where the dtype is to blame."""
        return f"{self.X.dtype} rounds too much to come closer: centre and scale `X`, or centre `y`."

    def _done(self, theta: Tensor) -> bool:
        return (
            self.tol > 0
            and self.trail.losses[-1] * self.to_half_mean <= self.near
            and self.left_at(theta) <= self.goal
        )

    def _read(self, points: list[Tensor]) -> tuple[Tensor, Tensor]:
        w, b = self.objective.parts(torch.stack(points, 1))
        return w.T.clone(memory_format=torch.contiguous_format), b.clone()


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"
