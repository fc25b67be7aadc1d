r"""What follows from the residual and the leverage of a row, if the row is left out."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.held import times_two_to
from linreg.inference.design import WORST, Design
from linreg.keep import ByValue
from linreg.result import Fit, Status

__all__ = ["Given", "Influence", "Whole", "influence_of", "spread"]

LEFT = 1e-12  # of the sum of squares: with less left by one row, the others have none but rounding


@dataclass(frozen=True, eq=False)
class Influence(ByValue):
    r"""What each row does to the fit: (n,) each, float64, in the order of the rows.

    NaN stands for 0 / 0: at leverage 1 for all but the leverage and the residual, which is 0. A row of weight
    0 has leverage 0, its residual as `residuals` and `press`, and NaN else.

    Args:
        leverage: $h_i$, from 0 to 1, how far the fit at row i follows $y_i$; their sum is that of unknowns.
        residuals: $r_i = y_i - \hat y_i$, in units of `y`.
        internal: $r_i \sqrt{c_i} / (s \sqrt{1 - h_i})$, internally studentised: no more than $\sqrt{n - p}$.
        external: the same with the s of the fit without row i: Student's t with n - p - 1 degrees of freedom.
        cook: Cook's distance, the squared length by which all predictions move if row i goes, in units of
            $p s^2$.
        dffits: how far the prediction of row i moves, in standard errors.
        press: the residual of row i from the fit without it, in units of `y`.
        loss: () half-mean squared loss of these, the exact leave-one-out loss.
        fit: the fit of all rows.
        s: its residual standard error.
        n: rows that count.
        df: n less the numbers that were fitted.
        status: `OK`, that of the fit, or `NO_NOISE` where something is NaN.
        message: what and why, else empty; of sums also how many digits they leave.
    """

    leverage: Tensor
    residuals: Tensor
    internal: Tensor
    external: Tensor
    cook: Tensor
    dffits: Tensor
    press: Tensor
    loss: Tensor
    fit: Fit
    s: float
    n: int
    df: int
    status: Status
    message: str

    def __repr__(self) -> str:
        return f"Influence({len(self.leverage)} rows, df={self.df}, status={str(self.status)!r})"


class Whole(NamedTuple):
    """The fit to all rows; columns and targets divided by powers of two."""

    design: Design
    fit: Fit  # in the units of the data
    n: int
    df: int
    rss: Tensor  # ()
    perfect: bool  # whether that is rounding
    known: float  # how far from 1 a leverage may be and count as 1
    unit: Tensor  # (1,) exponent of the power of two of y


class Given(NamedTuple):
    """The rows that are asked for, some of which may not count."""

    X: Tensor
    y: Tensor
    weights: Tensor | None
    counts: Tensor | None  # of those that count, how often each has been seen
    root: Tensor | None  # of these, the roots of their precisions
    weight: float  # the sum of their weights


def influence_of(whole: Whole, given: Given, r: Tensor, h: Tensor) -> Influence:
    """From residuals r (n,), times the roots of the weights, and leverages h (n,) of the rows that count."""
    X, y, weights, counts, root, weight = given
    left = (1 - h).masked_fill(h == 1, torch.nan)
    s, others = _deviations(whole, r.square() / left)
    internal, external, press = r / (s * left.sqrt()), r / (others * left.sqrt()), r / left
    squares = press.square() if counts is None else press.square() * counts
    loss = squares.sum() / (2 * weight)
    if root is not None:
        r, press = r / root, press / root
    fit, unit = whole.fit, whole.unit
    residuals = spread(times_two_to(r, unit), weights, torch.nan)
    press = spread(times_two_to(press, unit), weights, torch.nan)
    if weights is not None:
        uncounted = weights == 0
        beside = y[uncounted].double() - (X[uncounted].double() @ fit.w + fit.b)
        residuals[uncounted], press[uncounted] = beside, beside
    status, message = _told(whole, left, external)
    return Influence(
        leverage=spread(h, weights, 0.0),
        residuals=residuals,
        internal=spread(internal, weights, torch.nan),
        external=spread(external, weights, torch.nan),
        cook=spread(internal.square() * (h / left / whole.design.unknowns), weights, torch.nan),
        dffits=spread(external * (h / left).sqrt(), weights, torch.nan),
        press=press,
        loss=times_two_to(loss.reshape(1), 2 * unit).squeeze(),
        fit=fit,
        s=float(times_two_to(s.reshape(1), unit)),
        n=whole.n,
        df=whole.df,
        status=status,
        message=message,
    )


def _deviations(whole: Whole, part: Tensor) -> tuple[Tensor, Tensor]:
    """() s, and (n,) that of the fits without each row, which takes its `part` from the sum of squares."""
    rss, df = whole.rss, whole.df
    if df <= 0 or whole.perfect:
        return rss * torch.nan, part * torch.nan
    others = rss - part
    others = others.where(others > LEFT * rss, torch.nan)
    return (rss / df).sqrt(), (others / (df - 1)).sqrt() if df > 1 else part * torch.nan


def spread(values: Tensor, weights: Tensor | None, beside: float) -> Tensor:
    """The values of rows that count among all of them; the others have this one."""
    if weights is None or len(values) == len(weights):
        return values
    result = values.new_full((len(weights),), beside)
    result[weights > 0] = values
    return result


def _told(whole: Whole, left: Tensor, external: Tensor) -> tuple[Status, str]:
    """The status, and why something is NaN."""
    fit, design = whole.fit, whole.design
    lone, missing = int(left.isnan().sum()), int(external.isnan().sum())
    if fit.status not in (Status.OK, Status.RANK_DEFICIENT):
        return fit.status, fit.message
    if whole.known >= WORST:
        number = f"The condition number, {design.condition:.3g}, leaves no digit of the leverages."
        return Status.NO_DIGITS, f"{number} Centre or combine columns."
    if whole.df <= 0:
        return Status.NO_NOISE, f"No row is left to estimate the noise: {whole.n} of them. Add rows."
    if whole.perfect:
        return Status.NO_NOISE, "The residuals are no larger than rounding: there is nothing to compare."
    if lone:
        rows = f"{lone} of {len(left)} rows {'has' if lone == 1 else 'have'}"
        return Status.NO_NOISE, f"{rows} leverage 1: without such a row, nothing predicts it."
    if missing:
        return (
            Status.NO_NOISE,
            f"Without {missing} of {len(left)} rows, one at a time, no noise is left to compare.",
        )
    dependent = "Columns are dependent: single weights are not determined; all numbers here are."
    return fit.status, dependent if fit.status == Status.RANK_DEFICIENT else ""
