"""Where weights go as a penalty grows weaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linreg.ambient import plain
from linreg.errors import DataError
from linreg.generalised.penalised.path import RegularisationPath
from linreg.plot.axes import BLUE, GREEN, GREY, ORANGE, PURPLE, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["path"]

COLOURS = (BLUE, ORANGE, GREEN, PURPLE)


@plain
def path(path: RegularisationPath, *, mark: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw every weight against the strength of the penalty, on a log scale, the strongest on the left.

    The weights that end farthest from zero have colours, the others are grey. Knots of a lasso path are
    ticks along the lower edge: between two of them every weight is a straight line in alpha.

    Args:
        path: of two penalties or more; a penalty of 0 has no place on a log scale and is left out.
        mark: a strength to draw a line at, such as the one that cross-validation has chosen.
        ax: where to draw; a new figure by default.

    Returns:
        The axes.

    Raises:
        MissingError: matplotlib is not installed.
        DataError: fewer than two penalties above 0.

    Examples:
        >>> import linreg
        >>> X, y, _, _ = linreg.ordinary()
        >>> ax = linreg.plot.path(linreg.ridge_path(X, y), mark=0.004)
        >>> ax.get_xscale(), ax.get_ylabel()
        ('log', 'weight')
    """
    kept = path.alpha > 0
    if int(kept.sum()) < 2:
        raise DataError(
            f"`path` must have two penalties above 0 or more; got {int(kept.sum())}. Ask for more `alphas`."
        )
    ax = axes(ax)
    alpha, w = path.alpha[kept].tolist(), path.w[kept]
    order = w[-1].abs().argsort(descending=True).tolist()
    for rank, j in reversed(list(enumerate(order))):
        colour = COLOURS[rank] if rank < len(COLOURS) else GREY
        ax.plot(alpha, w[:, j].tolist(), color=colour, linewidth=1.6 if rank < len(COLOURS) else 0.8)
    ax.axhline(0, color=GREY, linewidth=0.6)
    if path.knots is not None:
        inside = [knot for knot in path.knots.tolist() if knot <= alpha[0]]  # none is below the last
        ax.plot(
            inside, [0.02] * len(inside), "|", color=GREY, markersize=6, transform=ax.get_xaxis_transform()
        )
    if mark is not None:
        ax.axvline(mark, color=GREY, linewidth=1, linestyle="--")
    ax.set_xscale("log")
    ax.set_xlim(alpha[0], alpha[-1])
    ax.set_xlabel("alpha")
    ax.set_ylabel("weight")
    return ax
