r"""What a step is: a pure function of the state of a method and the slope there, which gives the next state.

A state is a small named tuple, with $\theta$ and with what the method remembers besides. Nothing in it is
ever changed, so one step can be shown, tested or taken twice.
"""

from typing import NamedTuple

from torch import Tensor

__all__ = ["Point", "gradient_step"]


class Point(NamedTuple):
    """The state of a method that remembers nothing."""

    theta: Tensor  # (p,)


def gradient_step(state: Point, slope: Tensor, *, lr: float) -> Point:
    r"""Of gradient descent: $\theta - \eta \nabla L$."""
    return Point(state.theta - lr * slope)
