"""The one loop: a method moves, the loop looks at the loss, keeps what it saw, and knows when to stop."""

import math
from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from linreg.errors import DataError, MissingError
from linreg.result import Fit, Path, Status

__all__ = ["BLOW_UP", "State", "Trail", "rounds", "run"]

# A stable rate never lifts the full-batch loss above its start. Ten thousand times is no rounding error.
BLOW_UP = 1e4

T = TypeVar("T")  # how a method holds the parameters


class State(Protocol):
    """All that a method remembers from one step to the next, the parameters among it; never changed."""

    @property
    def theta(self) -> Any:
        """Where it is."""
        ...


S = TypeVar("S", bound=State)


class Trail(Generic[T]):
    """Where a run has been, what the loss was there, and its best point."""

    def __init__(
        self,
        theta: T,
        loss: Tensor,
        read: Callable[[list[T]], tuple[Tensor, Tensor]],
        *,
        record: bool,
        blow_up: float = BLOW_UP,
    ) -> None:
        """From the start; `read` makes w (t, d) and b (t,) of t points."""
        if not math.isfinite(float(loss)):
            raise DataError(
                f"The loss at the start must be within the range of {loss.dtype}; it overflows. "
                "Scale `X` and `y` down, or start closer."
            )
        self.read, self.record = read, record
        self.points = [theta]
        self.losses = [float(loss)]
        self.steps = self.best_step = 0
        self.here = self.best = theta
        self.least = self.losses[0]
        self.most = blow_up * self.least if blow_up < math.inf else math.inf
        self.blown_up = False

    def move(self, theta: T) -> None:
        """Count a step, which has led to this."""
        self.steps += 1
        if self.record:
            self.points.append(theta)

    def too_large(self, loss: float) -> bool:
        """Whether no stable run has a loss like this."""
        return not loss <= self.most or math.isinf(loss)  # `not <=` is also true for NaN

    def measure(self, theta: T, loss: Tensor) -> None:
        """Note the loss at the point that the last step has led to."""
        value = float(loss)
        if math.isfinite(value):
            self.here = theta
            self.losses.append(value)
        else:  # out of range: not a point to keep
            self.points = self.points[: self.steps]
        if value < self.least:
            self.least, self.best, self.best_step = value, theta, self.steps
        self.blown_up = self.too_large(value)

    def fit(self, method: str, status: Status, message: str, to_half_mean: float) -> Fit:
        """The last point, or the best of a run that diverged."""
        diverged = status is Status.DIVERGED
        w, b = (part[0].clone() for part in self.read([self.best if diverged else self.here]))
        losses = w.new_tensor(self.losses)
        path = Path(*self.read(self.points), losses) if self.record else None
        loss = (losses.min() if diverged else losses[-1]) * to_half_mean
        return Fit(w, b, status, message, method, loss, steps=self.steps, path=path)


def run(
    start: S,
    moves: Callable[[S, Any], Iterable[S]],
    look: Callable[[Any], tuple[Tensor, Any]],
    trail: Trail[Any],
    counted: Iterable[int],
    done: Callable[[Any], bool] = lambda theta: False,
    slope: Any = None,
) -> S:
    """Move, look, and go on, for so many rounds; until it is done before, or has blown up.

    Args:
        start: the state to begin with, which the trail has already.
        moves: the states that a round leads through, from a state and the slope there: one step of a
            method, or an epoch of them.
        look: loss and slope at a point, the slope if the moves need one.
        trail: keeps what is seen.
        counted: the rounds.
        done: whether to stop at a point.
        slope: at the start, where it is known.
    """
    state = start
    with torch.inference_mode():  # a part of a small step goes into what autograd might need
        for _ in counted:
            if trail.blown_up or done(state.theta):
                break
            for moved in moves(state, slope):
                state = moved
                trail.move(state.theta)
            loss, slope = look(state.theta)
            trail.measure(state.theta, loss)
    return state


def rounds(count: int, unit: str, show: bool) -> Iterable[int]:
    """So many rounds, with a bar if it is to be shown."""
    if not show:
        return range(count)
    try:
        from tqdm import trange
    except ImportError as error:
        raise MissingError("`progress=True` needs tqdm. Install it: pip install tqdm") from error
    bar: Iterable[int] = trange(count, unit=unit)
    return bar
