r"""What is minimised, as the methods for the lasso need it: from sums, or from rows of many columns.

$\frac12 \|t - A u\|^2$ with each row of $A$ times the root of its share: $G = A^\top A$, $q = A^\top t$.
"""

from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from linreg.generalised.penalised.homotopy import Knots, Lines, by_sweeps
from linreg.generalised.penalised.homotopy_rows import by_rows

__all__ = ["OfRows", "OfSums", "Quadratic", "violation_and_gap"]


class OfSums(NamedTuple):
    """From G (d, d)."""

    G: Tensor
    q: Tensor
    yy: float

    def at(self, U: Tensor) -> tuple[Tensor, Tensor]:
        """(d, k) the slopes q - G U, and (k,) squares of the residuals."""
        slopes = self.q.unsqueeze(1) - self.G @ U
        return slopes, (self.yy - (U * (self.q.unsqueeze(1) + slopes)).sum(0)).clamp(min=0)

    def solve(self, S: Tensor, l2: float, rhs: Tensor) -> Tensor | None:
        """(m,) the solution of (G + l2) u = rhs for some columns S (m,); None where they depend."""
        return _solved(self.G[S][:, S], l2, rhs)

    def shrunk(self, S: Tensor, l2: float) -> float:
        """L2 times the trace of the inverse of G + l2 for some columns: how many of them it takes."""
        return _shrunk(self.G[S][:, S], l2)

    def diagonal(self) -> Tensor:
        """(d,) that of G."""
        return self.G.diagonal()

    def path(self, penalties: list[float], l2: float) -> tuple[Lines, Knots]:
        """By homotopy."""
        G = self.G + l2 * torch.eye(len(self.q), dtype=self.q.dtype, device=self.q.device) if l2 else self.G
        return by_sweeps(G, self.q, penalties)


class OfRows(NamedTuple):
    """From A (n, d) and t (n,)."""

    A: Tensor
    t: Tensor
    q: Tensor

    def at(self, U: Tensor) -> tuple[Tensor, Tensor]:
        """(d, k) the slopes q - G U, and (k,) squares of the residuals."""
        some = (U != 0).any(1).nonzero().flatten()  # most weights are zero in every answer
        R = self.t.unsqueeze(1) - self.A[:, some] @ U[some]
        return self.A.T @ R, R.square().sum(0)

    def solve(self, S: Tensor, l2: float, rhs: Tensor) -> Tensor | None:
        """(m,) the solution of (G + l2) u = rhs for some columns S (m,); None where they depend."""
        A = self.A[:, S]
        n, m = A.shape
        if m <= n or l2 == 0:
            return _solved(A.T @ A, l2, rhs)
        u = torch.zeros_like(rhs)  # more columns than rows: by the products of the rows
        for _ in range(3):
            left = rhs - A.T @ (A @ u) - l2 * u
            theta = _solved(A @ A.T, l2, A @ left)
            if theta is None:
                return None
            u = u + (left - A.T @ theta) / l2
        return u

    def shrunk(self, S: Tensor, l2: float) -> float:
        """L2 times the trace of the inverse of G + l2 for some columns: how many of them it takes."""
        A = self.A[:, S]
        n, m = A.shape
        return _shrunk(A.T @ A, l2) if m <= n else m - n + _shrunk(A @ A.T, l2)

    def diagonal(self) -> Tensor:
        """(d,) that of G."""
        return self.A.square().sum(0)

    def path(self, penalties: list[float], l2: float) -> tuple[Lines, Knots]:
        """By homotopy."""
        return by_rows(self.A, self.q, penalties, l2)


Quadratic: TypeAlias = OfSums | OfRows


def _solved(G: Tensor, l2: float, rhs: Tensor) -> Tensor | None:
    G = G + l2 * torch.eye(len(G), dtype=G.dtype, device=G.device)
    L, failed = torch.linalg.cholesky_ex(G)
    if bool(failed):
        return None
    u: Tensor = torch.cholesky_solve(rhs.unsqueeze(1), L).squeeze(1)
    return u


def violation_and_gap(
    slopes: Tensor, squares: Tensor, U: Tensor, l1: Tensor, l2: Tensor
) -> tuple[Tensor, Tensor]:
    r"""(k,) how far the conditions of the minimum are from holding, and (k,) a bound on what is left to gain.

    The bound is the duality gap. As a sum of terms of which none is negative it loses no digit: of a weight
    $h(u_j) + h^*(c_j) - c_j u_j$, $h$ its penalty and $c_j$ its slope. Of the lasso the residual has to be
    made t times shorter first, until no slope is beyond the penalty; that adds $\frac12 (1 - t)^2 \|r\|^2$.
    A penalty on squares allows for slopes beyond, at a price of 1 / l2: of a tiny one the first is less.
    """
    some = (U != 0).any(1).nonzero().flatten()
    u, c, largest = U[some], slopes[some], slopes.abs().amax(0)
    off = (c - l2 * u - l1 * u.sign()).abs().masked_fill(u == 0, 0)
    t = torch.where(largest > l1, l1 / largest, 1)
    gap = (1 - t).square() * squares / 2 + (l1 * u.abs() - t * c * u).clamp(min=0).sum(0)
    beyond = (largest - l1).clamp(min=0)  # of an active weight no more than what is off there
    if bool(l2.any()):
        outside = (slopes.abs() - l1).clamp(min=0).masked_fill(U != 0, 0)
        allowed = (outside.square().sum(0) + off.square().sum(0)) / (2 * l2)
        gap = torch.fmin(gap + l2 * u.square().sum(0) / 2, allowed)  # 0 / 0 where l2 has left the range
        beyond = outside.amax(0)
    return torch.maximum(beyond, off.amax(0) if len(some) else beyond), gap


def _shrunk(G: Tensor, l2: float) -> float:
    if l2 == 0 or len(G) == 0:
        return 0.0
    L, failed = torch.linalg.cholesky_ex(G + l2 * torch.eye(len(G), dtype=G.dtype, device=G.device))
    return float("nan") if bool(failed) else l2 * float(torch.cholesky_inverse(L).diagonal().sum())
