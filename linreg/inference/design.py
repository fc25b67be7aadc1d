r"""What the features decide, whatever the targets: which numbers are determined, and how well.

Let the columns of $A$ be those of $X$, centred and of length 1, each row times the root of its weight. A
matrix $H$ for which the columns of $Z = A H$ are orthonormal turns every question about errors into one about
lengths: a number that is linear in $w$ and $b$, such as a weight or a prediction, is a vector $u$ there. Its
variance is $\sigma^2 |u|^2$; the leverage of a row is the squared length of the vector of its prediction.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import BLOCK_BYTES, in_runs
from linreg.closed_form.columns import doubt, rounding_of
from linreg.closed_form.from_sums import Factor, System
from linreg.closed_form.triangle import stacked

__all__ = ["EPS", "WORST", "Design", "by_cholesky", "by_eigenvalues", "by_triangle"]

EPS = torch.finfo(torch.float64).eps
WORST = 0.01  # of leverages that are known no better, few digits are right


class Design(NamedTuple):
    """The coordinates in which all directions are equally well determined."""

    intercept: bool
    weight: float  # sum of the weights, n where there are none
    shift: Tensor  # (d,) with offset the mean of the columns; zero without an intercept
    offset: Tensor  # (d,)
    factor: Tensor  # (d,) 1 / lengths of the columns; 0 for a constant one
    half: Tensor  # (d, rank) H
    whole: Tensor  # (rank, d) its inverse, on what H spans
    null: Tensor  # (d, d - rank) orthonormal: what A takes to zero
    doubt: float  # how far rounding may have turned that
    condition: float  # of what is kept of A

    @property
    def mean(self) -> Tensor:
        """(d,) Means of the columns; zero without an intercept."""
        return self.shift + self.offset

    @property
    def rank(self) -> int:
        """Independent columns, the constant one not counted."""
        return self.half.shape[1]

    @property
    def unknowns(self) -> int:
        """Numbers that are fitted."""
        return self.rank + self.intercept

    @property
    def near_one(self) -> float:
        """How far from 1 a leverage may be and count as 1: below, rounding would be its last digits."""
        return min(800 * EPS * (self.rank + 1) * self.condition, WORST)

    def is_lone(self, leverage: Tensor) -> Tensor:
        """(m,) of bool: whether this is 1, as far as rounding tells; then the residual is 0 and mute."""
        return leverage >= 1 - self.near_one

    def directions(self) -> tuple[Tensor, Tensor]:
        """(d, q) and (q,): the prediction at x has the coordinates z = (x - shift) @ first + second."""
        D = self.factor.unsqueeze(1) * self.half
        by = self.offset @ D
        if not self.intercept:
            return D, -by
        return torch.nn.functional.pad(D, (0, 1)), torch.cat((-by, by.new_full((1,), self.weight**-0.5)))

    def parameters(self) -> Tensor:
        """(p, q) coordinates of b, with an intercept, and of w."""
        D, _ = self.directions()
        return torch.vstack((self.rows(torch.zeros_like(D[:, :1].T)), D)) if self.intercept else D

    def rows(self, X: Tensor) -> Tensor:
        """(m, q) coordinates of the predictions at these rows."""
        D, by = self.directions()
        z: Tensor = torch.addmm(by, X - self.shift, D)
        return z

    def estimable(self) -> Tensor:
        """(p,) of bool: which parameters the data determine."""
        inside: Tensor = (torch.linalg.vector_norm(self.null, dim=1) <= self.doubt) & (self.factor != 0)
        if not self.intercept:
            return inside
        return torch.cat((self.predictable(torch.zeros_like(self.mean).unsqueeze(0)), inside))

    def predictable(self, X: Tensor) -> Tensor:
        """(m,) of bool: at which rows the data determine the prediction."""
        beside = X - self.shift - self.offset
        moved = beside.abs() > 8 * EPS * self.mean.abs()
        known = ~(moved & (self.factor == 0)).any(1)
        v = beside * self.factor
        out = torch.linalg.vector_norm(v @ self.null, dim=1)
        result: Tensor = known & (out <= self.doubt * torch.linalg.vector_norm(v, dim=1))
        return result


def by_cholesky(p: System, factor: Factor, intercept: bool) -> Design:
    """Of independent columns, whose Gram matrix is L L'."""
    L = factor.L
    half = torch.linalg.solve_triangular(L, torch.eye(len(L), dtype=L.dtype, device=L.device), upper=False).T
    return _design(p, intercept, half, L.T, L.new_zeros(len(L), 0), 0.0, factor.condition)


def by_eigenvalues(p: System, intercept: bool, rank: int) -> Design:
    """Of any columns, from their Gram matrix: its eigenvalues are squares of what tells the rank."""
    squares, V = torch.linalg.eigh(p.G)
    s = squares.clamp(min=0).sqrt().flip(0)
    return _by_values(p, intercept, s, V.flip(1).T, math.sqrt(rounding_of(p.G)), rank)


def by_triangle(p: System, X: Tensor, C: Tensor | None, intercept: bool, rank: int) -> Design:
    """Of any columns, from the rows themselves."""
    d = X.shape[1]
    rows = max(BLOCK_BYTES // (32 * (d + 1)), 4 * (d + 1))  # the factorisation needs several copies

    def block(some: slice) -> Tensor:
        A = ((X[some] - p.shift[:-1]) - p.offset[:-1]) * p.factor
        return A if C is None else A * C[some].sqrt().unsqueeze(1)

    R = stacked(block(some) for some in in_runs(slice(0, len(X)), rows))
    _, s, Vh = torch.linalg.svd(R)
    s = torch.cat((s, s.new_zeros(len(Vh) - len(s))))
    return _by_values(p, intercept, s, Vh, rounding_of(R), rank)


def _by_values(p: System, intercept: bool, s: Tensor, Vh: Tensor, rounding: float, rank: int) -> Design:
    """Keep so many singular values (d,), those that stand out most from what rounding can make."""
    limit = rounding + torch.linalg.vector_norm(Vh * p.noise, dim=1)
    order = (s / limit).argsort(descending=True)
    kept, left = order[:rank].sort().values, order[rank:]
    half, whole = Vh[kept].T / s[kept], Vh[kept] * s[kept].unsqueeze(1)
    turned = doubt(s[kept], p.noise, rounding)
    condition = float(s[kept[0]] / s[kept[-1]]) if rank else 1.0
    return _design(p, intercept, half, whole, Vh[left].T, turned, condition)


def _design(
    p: System, intercept: bool, half: Tensor, whole: Tensor, null: Tensor, turned: float, condition: float
) -> Design:
    return Design(
        intercept, p.weight, p.shift[:-1], p.offset[:-1], p.factor, half, whole, null, turned, condition
    )
