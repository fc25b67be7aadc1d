r"""The answer of large data from products in float32: as right as from products in float64, in less time.

A Gram matrix with an error, $G + E$, solves the normal equation up to $\|G^{-1} E\|$ of the answer. The
residual of that answer, from the data in float64, shows what is missing, the same factor solves for it, and
each such step takes the error down by the same factor again. So the rounding of float32 decides how many
steps there are, not where they end. A step is a pass over the rows, which costs O(n d) where the products
cost O(n d^2): from some tens of columns on it is the cheaper one.

Source: Higham, Accuracy and Stability of Numerical Algorithms, chapter 12.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import FIRST_ROWS, first_mean, summed
from linreg.closed_form.accuracy import ROUNDINGS
from linreg.closed_form.from_sums import (
    CHOLESKY_LIMIT,
    EIGEN_COLUMNS,
    Factor,
    System,
    factored,
    independent,
    rounding,
)
from linreg.closed_form.ordinary import LOSS_LEFT
from linreg.closed_form.rows import Rows

__all__ = ["Brief", "briefly"]

NARROWEST = 24  # columns; with fewer, one step costs what the products save
WIDE = 128  # columns from which on even two steps are cheap beside products of float64 data
LEAST, WIDE_LEAST = 1 << 22, 1 << 19  # entries of X, the latter with more than EIGEN_COLUMNS columns
LIMIT = 50.0  # condition number from which three steps are needed
NEAR_ONE = 3.0  # the same for one step
SMALLEST, LARGEST = 1e-30, 1e32  # mean squares within are of numbers whose products float32 holds
NEAR = 8.0  # times its spread: a mean up to there need not be subtracted before float64 rounds
STEPS = 5
SLACK = 4.0  # one step may take an error down by that much less than the one before
LEFT = 4e-15  # of the length of A v: what may be missing in the end
TIMES = ("", "once", "twice", "in 3 steps", "in 4 steps", "in 5 steps")


class Brief(NamedTuple):
    """An answer that no further step would change."""

    p: System
    factor: Factor
    v: Tensor  # (d,)
    rss: Tensor  # ()
    error: Tensor  # (d,) what may be wrong with v
    steps: str
    rate: float  # what a step leaves of an error, at the most


def briefly(rows: Rows) -> Brief | None:
    """The answer, or None where products in float32 do not pay or do not do."""
    limit = _limit(rows)
    found = _normal(rows, limit) if limit else None
    return None if found is None else _refined(rows, *found)


def _limit(rows: Rows) -> float:
    """Up to which condition number, or bound on it, products in float32 save time; 0 for none."""
    n, d = rows.X.shape
    if rows.C is not None or rows.X.is_cuda or d < NARROWEST or n < 2 * d:
        return 0.0
    if d > EIGEN_COLUMNS:
        return CHOLESKY_LIMIT if n * d >= WIDE_LEAST else 0.0
    if n * d < LEAST:
        return 0.0
    return NEAR_ONE if rows.X.dtype == torch.float64 and d < WIDE else LIMIT


def _normal(rows: Rows, limit: float) -> tuple[System, Factor] | None:
    """The normal equation and its factor; none for columns that are nearly dependent, or out of range.

    The first rows are looked at alone, so that hardly any time is lost where these tell.
    """
    X, y = rows.X, rows.y
    n, d = X.shape
    shift = first_mean(X, y) if rows.intercept else X.new_zeros(d + 1, dtype=torch.float64)
    shift = shift.to(X.dtype).double()  # float32 rows are multiplied about what float32 holds
    few = max(FIRST_ROWS, 8 * d)
    parts = [slice(0, few), slice(few, n)] if 8 * few <= n else [slice(0, n)]
    M = shift.new_zeros(())
    for part in parts:
        M = M + summed(X[part], y[part], shift, dtype=torch.float32)
        low, high = torch.aminmax(M.diagonal()[:-1])
        if not (SMALLEST * part.stop < float(low) and float(high) < LARGEST * part.stop):  # NaN as well
            return None
        p = rows.system(shift, M)
        factor = factored(p)
        most = limit if part.stop == n else 2 * limit  # few rows are less independent than many
        if factor.condition > most or not independent(p, factor.condition):
            return None
    return p, factor


def _refined(rows: Rows, p: System, factor: Factor) -> Brief | None:
    """Refine until what a further step would add is below rounding; none where that takes too many."""
    v = torch.cholesky_solve(p.g.unsqueeze(1), factor.L).squeeze(1)
    size = before = float(torch.linalg.vector_norm(factor.L.T @ v))  # the length of A v
    cancelled = float(p.yy - p.g @ v) <= LOSS_LEFT * float(p.yy)  # a small loss is not known after one step
    near = _near(p)
    rate = 0.0
    for steps in range(1, STEPS + 1):
        about = p._replace(shift=torch.zeros_like(p.shift), offset=p.mean) if near else p
        g, squares, sums = rows.residuals(about, v.unsqueeze(1))
        if rows.intercept:  # means are as rough as products: this one of y suits those of X
            p.offset[-1] += sums[0] / p.weight
        change = torch.cholesky_solve(g, factor.L).squeeze(1)
        length = float(torch.linalg.vector_norm(factor.L.T @ change))
        rate = max(rate, length / before)
        v, before = v + change, length
        # at first only the size of the answer is there to compare with, and that is no error
        left = length * rate * (SLACK if steps > 1 else max(SLACK, factor.condition))
        if left <= LEFT * size and steps > cancelled:
            rss = (squares[0, 0] - g[:, 0] @ change).clamp(min=0)
            error = rounding(p, factor, v)[0](float(rss) ** 0.5) / ROUNDINGS + factor.sensitivity() * left
            return Brief(p, factor, v, rss, error, TIMES[steps], SLACK * rate)
    return None


def _near(p: System) -> bool:
    """Whether no mean is far from 0, beside how its column varies."""
    spread = torch.cat((p.scale, p.yy.sqrt().unsqueeze(0)))
    return bool((p.mean.abs() * p.weight**0.5 <= NEAR * spread).all())
