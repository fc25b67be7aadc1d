r"""The columns of a problem, centred and of length 1: what rounding makes of them, and what counts as rank.

Every exact method starts here. Neither step changes the answer; both keep rounding errors from growing with
the units that a column happens to be measured in.
"""

import math
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.errors import ShapeError
from linreg.result import Fit, Status

__all__ = [
    "Scaled",
    "check_tall",
    "doubt",
    "largest",
    "level",
    "no_answer",
    "rank_of",
    "rounding_of",
    "scaled",
    "significant",
    "unit_columns",
]

CANCELLED = 16  # errors of the same small numbers, added again and again, do not cancel as those of others do


class Scaled(NamedTuple):
    """The problem in the coordinates in which it is solved."""

    A: Tensor  # (n, d) columns of X, centred, of length 1; a constant column is zero
    y: Tensor  # (n,) centred
    weight: float  # sum of the weights, n where there are none
    scale: Tensor  # (d,) lengths taken out
    X_mean: Tensor  # (d,)
    y_mean: Tensor  # ()
    noise: Tensor  # (d,) what rounding the entries of X to their dtype may have added to each column of A


def scaled(
    X: Tensor, y: Tensor, intercept: bool, eps: float | None = None, weights: Tensor | None = None
) -> Scaled:
    """Centre and scale; `eps` is the precision to which the entries of `X` are known, its own by default.

    Weighted rows are multiplied by the roots of their weights.
    """
    weight = float(len(X) if weights is None else weights.sum())

    def mean_of(columns: Tensor) -> Tensor:
        mean: Tensor = columns.mean(0) if weights is None else (weights / weight) @ columns
        return mean

    X_mean, y_mean = X.new_zeros(X.shape[1]), y.new_zeros(())
    if intercept:
        X_mean, y_mean = mean_of(X), mean_of(y)
    A = X - X_mean  # a copy, changed in place from here on
    if intercept:
        # The mean of a column far from zero is itself rounded, by more than the column may vary:
        # a second pass takes that out.
        A -= mean_of(A)
    y = y - y_mean
    if weights is not None:
        A *= weights.sqrt().unsqueeze(1)
        y *= weights.sqrt()
    # Dividing by the largest entry first keeps the squares in the norm within range.
    largest = torch.linalg.vector_norm(A, torch.inf, dim=0)
    A /= largest.where(largest > 0, 1)
    length = torch.linalg.vector_norm(A, dim=0)
    scale = largest * length
    # Rounding has moved each entry by eps relative to its size before centring. A column that varies
    # hardly more than that is constant: it becomes zero, instead of noise blown up to length 1.
    eps = torch.finfo(X.dtype).eps if eps is None else eps
    rounding = eps * weight**0.5 * X_mean.abs()
    constant = scale <= 2 * rounding
    A /= length
    A.masked_fill_(constant, 0)
    scale = scale.masked_fill(constant, 1)
    noise = (eps + rounding / scale).masked_fill(constant, 0)
    return Scaled(A, y, weight, scale, X_mean, y_mean, noise)


def significant(s: Tensor, Vh: Tensor, noise: Tensor, rounding: float) -> Tensor:
    """Which singular values of the scaled columns are more than rounding can make, (k,) of bool.

    Not the customary eps * max(n, d): it grows with n, and calls any float32 design of a million
    rows deficient from a condition number of 8 on.
    """
    # `rounding` is the factorisation's; the data's own, `noise`, differs from direction to direction.
    kept: Tensor = s > rounding + torch.linalg.vector_norm(Vh * noise, dim=1)
    return kept


def doubt(s: Tensor, noise: Tensor, rounding: float) -> float:
    """How far rounding may turn the singular vectors of the kept values `s` (rank,) out of their span."""
    return (rounding + float(noise.max())) / float(s[-1]) if len(s) else 0.0


def rounding_of(R: Tensor) -> float:
    """The rounding error of a small factor of columns of length 1: a small multiple of eps for each."""
    return 8 * torch.finfo(R.dtype).eps * R.shape[1]


def rank_of(R: Tensor) -> int:
    """The number of independent columns of a triangle, judged after each has been brought to length 1."""
    return int((torch.linalg.svdvals(unit_columns(R)) > rounding_of(R)).sum())


def unit_columns(R: Tensor) -> Tensor:
    """Those of R, each of length 1 or zero."""
    lengths = torch.linalg.vector_norm(R, dim=0)
    scaled: Tensor = R / lengths.where(lengths > 0, 1)
    return scaled


def no_answer(like: Tensor, method: str, rank: int, why: str) -> Fit:
    """The fit of a method that has none for dependent columns, `like` (d,)."""
    nan = torch.full_like(like, torch.nan)
    message = (
        f"The {len(like)} columns have rank {rank}: {why}. Use `svd` or `solve` for the minimum-norm answer."
    )
    return Fit(nan, nan.sum(), Status.RANK_DEFICIENT, message, method, nan.sum(), rank, float("inf"))


def check_tall(X: Tensor, intercept: bool) -> None:
    """Require as many rows as unknowns, without which no triangle tells all of these."""
    unknowns = X.shape[1] + intercept
    if len(X) < unknowns:
        raise ShapeError(
            f"`X` must have at least {unknowns} rows for {unknowns} unknowns; got {tuple(X.shape)}. "
            "Add rows, drop columns, or use `svd` or `solve` for the minimum-norm answer."
        )


def largest(M: Tensor, squares: Tensor | None) -> Tensor:
    """(d + 1,) The squares in M at their largest, as if what has left had been CANCELLED times as much."""
    now = M.diagonal()[:-1]
    return now if squares is None else now + CANCELLED * (squares - now).clamp(min=0)


def level(w: Sequence[float], *means: Sequence[float]) -> float:
    """What is left of the mean of y, the last of each of these parts, when X w goes: rounded once."""
    terms: list[float] = [term for mean in means for term in (-mean[-1], *map(mul, mean, w))]
    try:
        return 0.0 - math.fsum(terms)  # never minus zero
    except (OverflowError, ValueError):  # too large on the way, or infinite both ways
        return 0.0 - sum(terms)
