r"""The squared loss as the bowl that it is: its bottom, and how far above it a point lies.

With $\theta^*$ the minimiser and $H = R^\top R$ the Hessian, the excess loss of $\theta$ is
$L(\theta) - L^* = \frac12 \|R (\theta - \theta^*)\|^2$ without approximation. It does not depend on the units
of the columns. The length of a gradient does: one column of large numbers hides all others in it.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.held import LARGEST, SMALLEST
from linreg.basics.model import fold_bias
from linreg.basics.statistics import Statistics
from linreg.closed_form.from_sums import solve_statistics
from linreg.closed_form.solve import solve
from linreg.closed_form.triangle import triangle
from linreg.descent.wide import COLUMNS, Wide, wide_of
from linreg.errors import DataError
from linreg.result import Status
from linreg.weights import Weighing, weighing

__all__ = ["Bowl", "bowl_of", "factor", "from_rows"]

EASY = 1e3  # condition number up to which sums tell the excess to 1e-16 of what there is to gain
TINY = 1e-140  # of the target: the square is 1e-280, and eps of that still a normal number


class Bowl(NamedTuple):
    """The half-mean loss for the parameters (b, w), or w alone where b is not fitted; all float64."""

    R: Tensor  # (k, p) with H = R'R
    best: Tensor  # (p,) the minimiser, the shortest if there are many
    floor: float  # the smallest loss
    gain: float  # loss of the mean model, the best constant or else 0, less the floor
    height: float  # excess at zero

    def excess(self, w: Tensor, b: Tensor) -> float:
        """How far the loss at `w` (d,), `b` () lies above the smallest, in squared units of `y`."""
        v = self.R @ (self.joined(w, b) - self.best)
        return float(v.dot(v)) / 2

    def joined(self, w: Tensor, b: Tensor) -> Tensor:
        """Parameters as one vector (p,)."""
        return w if len(w) == len(self.best) else torch.cat((b.unsqueeze(0), w))

    def worth(self, w: Tensor, b: Tensor, dtype: torch.dtype) -> float:
        """What there was to gain from a start; if nothing, the excess there or at zero."""
        # a gain that is less than rounding `y` to its dtype changes the loss by
        nothing = self.gain <= torch.finfo(dtype).eps ** 2 * (self.height + self.floor)
        return max(self.height, self.excess(w, b)) if nothing else self.gain


def bowl_of(
    X: Tensor, y: Tensor, intercept: bool, sums: Statistics | None = None, rows: Weighing | None = None
) -> Bowl | Wide:
    """From sums where they are exact enough, in one pass; from the rows otherwise. For checked data."""
    _check_size(y)
    rows = rows or weighing(y, None)
    if X.shape[1] > COLUMNS:
        return wide_of(X, y, intercept, rows)
    try:
        bowl = _from_sums(sums or Statistics.of(X, y, weights=rows.c), intercept)
    except DataError:  # squares beyond the range of float64
        bowl = None
    return bowl or from_rows(X, y, intercept, rows)


def _from_sums(sums: Statistics, intercept: bool) -> Bowl | None:
    fit = solve_statistics(sums, intercept=intercept)
    gram, mean = sums.gram, sums.X_mean
    if not intercept:
        gram = gram + sums.weight * torch.outer(mean, mean)
    squares = gram.diagonal()
    in_range = bool(((squares > SMALLEST) & (squares < LARGEST)).all())
    if fit.status is not Status.OK or fit.condition is None or fit.condition > EASY or not in_range:
        return None
    scale = squares.sqrt()
    R = torch.linalg.cholesky(gram / scale / scale.unsqueeze(1)).T * (scale / sums.weight**0.5)
    if intercept:
        below = torch.hstack((torch.zeros_like(mean).unsqueeze(1), R))
        R = torch.vstack((torch.cat((torch.ones_like(mean[:1]), mean)), below))
    return _bowl(R, fit.w, fit.b, float(fit.loss), intercept)


def from_rows(X: Tensor, y: Tensor, intercept: bool, rows: Weighing | None = None) -> Bowl:
    """The same for columns of any condition and any units, by a QR factorisation."""
    _check_size(y)
    rows = rows or weighing(y, None)
    c = None if rows.c is None else rows.c.double()
    fit = solve(X.double(), y.double(), intercept=intercept, weights=c)
    floor = float(fit.loss)
    if fit.loss.sqrt() <= 8 * torch.finfo(torch.float64).eps * y.double().abs().max():
        floor = 0.0  # the points lie on the plane, and what is left is rounding
    return _bowl(factor(X, intercept, rows.root) / rows.total**0.5, fit.w, fit.b, floor, intercept)


def _check_size(y: Tensor) -> None:
    """Require losses that float64 can tell from zero, down to its epsilon times what there is to gain."""
    size = float(y.abs().max())
    if 0 < size < TINY:
        raise DataError(
            f"`y` must have squares within the range of float64; its largest entry is {size:.3g}. "
            "Multiply it by a power of two first, which rounds nothing."
        )


def factor(X: Tensor, intercept: bool, root: Tensor | None = None) -> Tensor:
    """(min(n, k), k) triangle with the singular values of [1 X], or of X, each row times a root (n,)."""
    A = fold_bias(X.double()) if intercept else X.double()
    return triangle(A if root is None else A * root.unsqueeze(1))


def _bowl(R: Tensor, w: Tensor, b: Tensor, floor: float, intercept: bool) -> Bowl:
    best = torch.cat((b.unsqueeze(0), w)) if intercept else w
    fall = gain = R @ best
    if intercept:  # the weights' part of it: what is left when the constant is at its best
        constant, gain = R[:, 0], R[:, 1:] @ w
        gain = gain - constant * (constant.dot(gain) / constant.dot(constant))
    return Bowl(R, best, floor, gain=float(gain.dot(gain)) / 2, height=float(fall.dot(fall)) / 2)
