"""What all figures are drawn on and with.

Text and axes are black, so that a page can recolour them for a dark theme; data have the colours below,
chosen to be told apart by colour-blind readers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from torch import Tensor

from linreg.errors import MissingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BLUE", "GREEN", "GREY", "ORANGE", "PURPLE", "axes", "line", "points"]

BLUE = "#0072b2"
ORANGE = "#d55e00"
GREEN = "#009e73"
PURPLE = "#aa4499"
GREY = "#767676"

MOST_POINTS = 300  # more markers hide each other, and make a vector figure heavy


def axes(ax: Axes | None) -> Axes:
    """Where to draw: on `ax`, or on a new figure."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingError("`linreg.plot` needs matplotlib. Install it: pip install matplotlib") from error
    _, new = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
    new.spines[["top", "right"]].set_visible(False)
    return new


def points(ax: Axes, x: Tensor, y: Tensor) -> None:
    """Draw a point for each row, or for one in several if there are too many."""
    every = math.ceil(len(x) / MOST_POINTS)
    ax.plot(
        x[::every].tolist(),
        y[::every].tolist(),
        color=BLUE,
        marker="o",
        markersize=3,
        alpha=0.5,
        linestyle="none",
        markeredgewidth=0,
    )
    if every > 1:
        falls = bool((x - x.mean()) @ (y - y.mean()) < 0)  # then the cloud leaves the left corner free
        ax.annotate(
            f"1 point in {every} drawn",
            (0.02 if falls else 1, 0.03),
            xycoords="axes fraction",
            horizontalalignment="left" if falls else "right",
        )


def line(ax: Axes, x: Tensor, y: Tensor, label: str) -> None:
    """Draw what was fitted, and name it."""
    ax.plot(x.tolist(), y.tolist(), color=ORANGE, linewidth=2, label=label)
    ax.legend(frameon=False)
