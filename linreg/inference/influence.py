r"""How much each row decides: its leverage, its residual, and what changes if it goes.

All of it from one fit and one more pass: a fit without row i, the one that nobody has to make, predicts row i
with the residual $r_i / (1 - h_i)$.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import times_two_to
from linreg.checks import check_X
from linreg.inference.design import WORST
from linreg.inference.fitted import Fitted, fitted
from linreg.inference.passes import Block
from linreg.keep import ByValue
from linreg.result import Fit, Status
from linreg.workers import alone

__all__ = ["Influence", "influence", "leverage"]

LEFT = 1e-12  # of the sum of squares: with less left by one row, the others have none but rounding


@dataclass(frozen=True, repr=False, eq=False)
class Influence(ByValue):
    r"""What each row does to the fit: (n,) each, float64, in the order of the rows.

    NaN stands for 0 / 0: at leverage 1 for all but the leverage and the residual, which is 0. A row of weight
    0 has leverage 0, its residual as `residuals` and `press`, and NaN else.

    Args:
        leverage: $h_i$, from 0 to 1, how far the fit at row i follows $y_i$; their sum is that of unknowns.
        residuals: $r_i = y_i - \hat y_i$, in units of `y`.
        internal: $r_i \sqrt{c_i} / (s \sqrt{1 - h_i})$, internally studentised: no more than $\sqrt{n - p}$.
        external: the same with the s of the fit without row i: Student's t with n - p - 1 degrees of freedom.
        cook: Cook's distance, how far all predictions move if row i goes, in units of $p s^2$.
        dffits: how far the prediction of row i moves, in standard errors.
        press: the residual of row i from the fit without it, in units of `y`.
        loss: () half-mean squared loss of these, the exact leave-one-out loss.
        fit: the fit of all rows.
        s: its residual standard error.
        n: rows that count.
        df: n less the numbers that were fitted.
        status: `OK`, that of the fit, or `NO_NOISE` where something is NaN.
        message: what and why, else empty.
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


@plain
@alone
def leverage(
    X: Tensor, *, intercept: bool = True, weights: Tensor | None = None, frequency: bool = False
) -> Tensor:
    r"""How far the fit at each row follows its own target, $h_i = \partial \hat y_i / \partial y_i$.

    It depends on the features alone, is 1/n or more with an intercept and at most 1, where the fit meets the
    row whatever its target. Dependent columns change nothing: it is taken from the directions that are left.

    Cost: two passes, 2 n d^2 operations.

    Args:
        X: (n, d) features.
        intercept: the fit has one.
        weights: (n,) precisions, as for [`infer`][linreg.infer]; a row of weight 0 has leverage 0.
        frequency: weights count rows; the leverage is then that of one of them.

    Returns:
        (n,) leverages, float64; their sum is the number of unknowns that the data determine.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, bad weights.

    Source: Belsley, Kuh and Welsch, Regression Diagnostics, section 2.1.

    Examples:
        >>> import torch
        >>> leverage(torch.tensor([[0.], [1.], [2.], [5.]]))
        tensor([0.5357, 0.3214, 0.2500, 0.8929], dtype=torch.float64)
    """
    X = check_X(X).detach()
    found = fitted(X, X[:, 0], intercept=intercept, weights=weights, frequency=frequency)
    return _spread(_by_row(found)[1], weights, 0.0)


@plain
@alone
def influence(
    X: Tensor, y: Tensor, *, intercept: bool = True, weights: Tensor | None = None, frequency: bool = False
) -> Influence:
    r"""Leverage, studentised residuals, Cook's distance, DFFITS, and the residuals of rows left out.

    With weights, residuals count as $\sqrt{c_i} r_i$ wherever they are compared with s, as in R; statsmodels
    leaves the weights out there.

    Cost: one fit and one more pass, 2 n d^2 operations in all, whatever the number of rows left out in turn.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) precisions of the rows, as for [`infer`][linreg.infer].
        frequency: weights count rows; the numbers are then those of one of them.

    Returns:
        The influence of each row.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; bad weights.

    Source: Belsley, Kuh and Welsch, Regression Diagnostics, section 2.1; Cook and Weisberg, Residuals and
    Influence in Regression, sections 2.2 and 3.1.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[0.], [1.], [2.], [5.]])
        >>> found = influence(X, torch.tensor([0., 1., 2., 4.]))
        >>> int(found.cook.argmax())  # the last row pulls the line down
        3
        >>> print(f"{found.press[3]:.4f}")  # the line through the others goes through (5, 5)
        -1.0000
    """
    found = fitted(X, y, intercept=intercept, weights=weights, frequency=frequency)
    r, h = _by_row(found)
    return _influence(found, r, h, X, y, weights)


def _influence(
    found: Fitted, r: Tensor, h: Tensor, X: Tensor, y: Tensor, weights: Tensor | None
) -> Influence:
    """From residuals r (n,), times the roots of the weights, and leverages h (n,) of the rows that count."""
    design, whole, unit = found.design, slice(0, len(r)), found.unit[-1:]
    left = (1 - h).masked_fill(design.is_lone(h), torch.nan)
    rss = found.squares(r, whole)
    fit, s, others = found.outside(rss), *_deviations(found, rss, r.square() / left)
    internal, external, press = r / (s * left.sqrt()), r / (others * left.sqrt()), r / left
    loss = found.squares(press, whole) / (2 * design.weight)
    root = found.rows.root
    if root is not None:
        r, press = r / root, press / root
    residuals = _spread(times_two_to(r, unit), weights, torch.nan)
    press = _spread(times_two_to(press, unit), weights, torch.nan)
    if weights is not None:
        uncounted = weights == 0
        beside = y[uncounted].double() - (X[uncounted].double() @ fit.w + fit.b)
        residuals[uncounted], press[uncounted] = beside, beside
    status, message = _told(found, fit, rss, left, external)
    return Influence(
        leverage=_spread(h, weights, 0.0),
        residuals=residuals,
        internal=_spread(internal, weights, torch.nan),
        external=_spread(external, weights, torch.nan),
        cook=_spread(internal.square() * (h / left / design.unknowns), weights, torch.nan),
        dffits=_spread(external * (h / left).sqrt(), weights, torch.nan),
        press=press,
        loss=times_two_to(loss.reshape(1), 2 * unit).squeeze(),
        fit=fit,
        s=float(times_two_to(s.reshape(1), unit)),
        n=found.n,
        df=found.df,
        status=status,
        message=message,
    )


def _by_row(found: Fitted) -> tuple[Tensor, Tensor]:
    """(n,) residuals, times the roots of the weights, and (n,) leverages, of the rows that count."""
    n = len(found.rows.X)
    r, h = found.fit.w.new_empty(n), found.fit.w.new_empty(n)

    def keep(block: Block) -> Tensor:
        r[block.run], h[block.run] = block.r, block.leverage
        return block.leverage.sum()

    found.rows.over(keep)
    lone = found.design.is_lone(h)
    return r.masked_fill(lone, 0), h.clamp(max=1).masked_fill(lone, 1)


def _deviations(found: Fitted, rss: Tensor, part: Tensor) -> tuple[Tensor, Tensor]:
    """() s, and (n,) that of the fits without each row, which takes its `part` from the sum of squares."""
    nan, df = rss * torch.nan, found.df
    if df <= 0 or found.perfect(rss):
        return nan, part * torch.nan
    others = rss - part
    others = others.where(others > LEFT * rss, torch.nan)
    return (rss / df).sqrt(), (others / (df - 1)).sqrt() if df > 1 else part * torch.nan


def _spread(values: Tensor, weights: Tensor | None, beside: float) -> Tensor:
    """The values of rows that count among all of them; the others have this one."""
    if weights is None or len(values) == len(weights):
        return values
    result = values.new_full((len(weights),), beside)
    result[weights > 0] = values
    return result


def _told(found: Fitted, fit: Fit, rss: Tensor, left: Tensor, external: Tensor) -> tuple[Status, str]:
    """The status, and why something is NaN."""
    lone, missing = int(left.isnan().sum()), int(external.isnan().sum())
    if fit.status not in (Status.OK, Status.RANK_DEFICIENT):
        return fit.status, fit.message
    if found.design.near_one >= WORST:
        number = f"The condition number, {found.design.condition:.3g}, leaves no digit of the leverages."
        return Status.NO_DIGITS, f"{number} Centre or combine columns."
    if found.df <= 0:
        return Status.NO_NOISE, f"No row is left to tell the noise: {found.n} of them. Add rows."
    if found.perfect(rss):
        return Status.NO_NOISE, "The residuals are no larger than rounding: nothing compares with them."
    if lone:
        return (
            Status.NO_NOISE,
            f"{lone} of {len(left)} rows have leverage 1: without one, nothing predicts it.",
        )
    if missing:
        return (
            Status.NO_NOISE,
            f"Without {missing} of {len(left)} rows, one at a time, no noise is left to compare.",
        )
    dependent = "Columns are dependent: single weights are not determined; all numbers here are."
    return fit.status, dependent if fit.status == Status.RANK_DEFICIENT else ""
