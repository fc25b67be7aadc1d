r"""An answer of float64 handed back in float32: its loss is that of the numbers handed back.

Rounding moves each weight by up to 6e-8 of itself, and a prediction by as much of the terms that it is a sum
of. A column far from zero has such terms, and so have large weights that cancel each other.
"""

import math
from dataclasses import replace
from fractions import Fraction
from operator import mul
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from linreg.basics.products import first_mean, residual_products
from linreg.closed_form.accuracy import within_range
from linreg.closed_form.doubled.arithmetic import as_doubled
from linreg.closed_form.doubled.residual import BLOCK, problem
from linreg.result import Fit, Status

__all__ = ["MOVED", "UNSEEN", "Columns", "levelled", "measured", "moved_of", "narrowed", "told"]

EPS = torch.finfo(torch.float64).eps
SEEN = 1e-2  # of a residual: what float64 rounds of b shows in the loss from there on
UNSEEN = 1e-9  # of the loss: float32 does not hold it
NOTHING = 1e-6  # of the spread of y: below it products in float64 may see their own rounding
MOVED = 1e-3  # of the spread of y: what rounding moves predictions by is told from there on
LOST = 0.1  # of it: no digit is left

F = TypeVar("F", bound=Fit)


class Columns(NamedTuple):
    """Where columns lie, and how far they spread."""

    mean: Tensor  # (d,)
    scale: Tensor  # (d,) their lengths about it
    weight: float  # number of rows, or the sum of their weights

    def most(self, moved: Tensor) -> float:
        """By how much such a change of w and b moves predictions at the most, in root mean square."""
        level = abs(float(moved[-1] + self.mean @ moved[:-1]))
        return level + float(self.scale @ moved[:-1].abs()) / math.sqrt(self.weight)


def narrowed(
    fit: F,
    dtype: torch.dtype,
    X: Tensor,
    y: Tensor,
    weights: Tensor | None = None,
    columns: Columns | None = None,
) -> F:
    """The fit in this dtype, with the loss and the status of what it then is; `weights` (n,) of rows.

    Where it is known how the `columns` lie, no pass over them is made that would show nothing.
    """
    result: F = within_range(fit, dtype, X, y)  # type: ignore[assignment]
    if result.status == Status.OUT_OF_RANGE:
        return result
    if dtype != fit.w.dtype:
        moved = moved_of(result, fit.w, fit.b)
        if columns is not None and columns.most(moved) ** 2 <= UNSEEN * float(fit.loss):
            return result
        return measured(result, X, y, weights, moved)
    if not _shows(fit):
        return result
    held, share = _held(result, X, y, weights)
    if share < NOTHING and X.numel() <= BLOCK:
        held = replace(held, loss=_doubled(result, X, y, weights))
    return told(held, share)


def levelled(fit: Fit, shift: Tensor, offset: Tensor, spread: float) -> Fit:
    """The fit, known from sums alone, with what rounding its intercept has added to the loss.

    The means (d + 1,) of X and y are `shift + offset`, and `spread` is that of y.
    """
    if not _shows(fit) or not bool(fit.b.isfinite()):
        return fit
    left = _level(shift, fit.w, fit.b, offset)
    return told(replace(fit, loss=fit.loss + left * left / 2), abs(left) / spread if spread > 0 else 0.0)


def _shows(fit: Fit) -> bool:
    """Whether the intercept is so large that rounding it may show in the loss."""
    return EPS * float(fit.b.abs()) > SEEN * math.sqrt(2 * float(fit.loss))


def moved_of(fit: Fit, w: Tensor, b: Tensor) -> Tensor:
    """(d + 1,) what rounding w (d,) and b () to those of the fit has added."""
    return torch.cat((fit.w.double() - w, (fit.b.double() - b).reshape(1)))


def measured(fit: F, X: Tensor, y: Tensor, weights: Tensor | None = None, moved: Tensor | None = None) -> F:
    """The fit with the loss that its weights have on these data, and a word where rounding shows in it.

    `moved` (d + 1,) is what rounding has added to `w` and `b`; without it, all that is above the loss told is
    taken for rounding.
    """
    return told(*_held(fit, X, y, weights, moved))


def told(fit: F, share: float) -> F:
    """The fit with what is to be said where rounding moves predictions by this share of the spread of y."""
    if share < MOVED:
        return fit
    cure = "Pass `X.double()` and `y.double()`."
    if fit.w.dtype == torch.float64:
        cure = "Subtract a round number from each column of `X` that lies far from zero."
    message = (
        f"{fit.message} Rounded to {fit.w.dtype}, its weights move predictions by {share:.1g} of the spread "
        f"of `y`. {cure}"
    )
    status = Status.NO_DIGITS if share >= LOST and fit.status == Status.OK else fit.status
    return replace(fit, message=message, status=status)


def _held(
    fit: F, X: Tensor, y: Tensor, weights: Tensor | None, moved: Tensor | None = None
) -> tuple[F, float]:
    """The fit with the loss of its weights, and how far rounding moves predictions, of the spread of y."""
    w, b, d = fit.w.double(), fit.b.double(), X.shape[1]
    if not (bool(w.isfinite().all()) and bool(b.isfinite())):
        return fit, 0.0
    shift = first_mean(X, y, weights)
    theta = shift.new_zeros(d + 2, 3)  # of the residual, of what rounding moves, of y
    theta[:d, 0], theta[d, 0], theta[-1, 0] = -w, 1, _level(shift, w, b)
    if moved is not None:
        theta[:d, 1], theta[-1, 1] = moved[:-1], shift[:-1] @ moved[:-1] + moved[-1]
    theta[d, 2] = 1
    sums, squares = residual_products(X, y, shift, theta, weights)
    total = float(len(X) if weights is None else weights.sum())
    means = (squares.diagonal() / total).tolist()
    loss, spread = means[0] / 2, means[2] - (float(sums[-1, 2]) / total) ** 2
    if not math.isfinite(loss):  # squares beyond float64
        return fit, 0.0
    change = means[1] if moved is not None else max(2 * (loss - float(fit.loss)), 0.0)
    return replace(fit, loss=fit.loss.new_tensor(loss)), math.sqrt(change / spread) if spread > 0 else 0.0


def _doubled(fit: Fit, X: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
    """The loss of the weights of a fit in twice the precision."""
    size = X.abs().amax(0).double()
    rows = problem(X, y, 0 * size, size.where(size > 0, 1), True, weights)
    v = torch.cat((fit.w * rows.unit, fit.b.reshape(1))) / rows.y_unit
    _, squares = rows.gradient(as_doubled(v))
    return rows.y_unit * (rows.y_unit * (squares / (2 * rows.weight)))


def _level(shift: Tensor, w: Tensor, b: Tensor, *more: Tensor) -> float:
    """What the fit leaves of y at the sum of these, rounded once: its terms may be 1e16 times as large."""
    *far, y = map(sum, zip(*(map(Fraction, part.tolist()) for part in (shift, *more)), strict=True))
    return float(y - Fraction(float(b)) - sum(map(mul, far, map(Fraction, w.tolist()))))
