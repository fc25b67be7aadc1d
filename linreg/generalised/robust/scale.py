"""How large the noise is, from residuals of which some may be gross errors: what a loss measures them by."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Scale"]

EPS = torch.finfo(torch.float64).eps  # of a sum of weights, for each: how far the middle may be missed


class Scale(NamedTuple):
    """One of three ways to measure."""

    way: str  # "mad", "joint" or "fixed"
    delta: float
    number: float  # the scale where it is fixed, the median of normal noise for "mad"

    def of(self, r: Tensor, C: Tensor | None) -> float:
        """The scale of residuals r (n,), rows counting C times; 0 where too many are 0."""
        if self.way == "fixed":
            return self.number
        if self.way == "mad":
            return sum(_middle(r.abs(), C)) / (2 * self.number)
        return self._joint(r.square(), C)

    def turn(self, r: Tensor, sigma: float, C: Tensor | None) -> Tensor:
        """(n,) how the scale moves with each residual, for each time that its row counts."""
        if self.way == "joint":
            inside = torch.where(r.abs() <= self.delta * sigma, r, 0)
            return inside * (sigma / float(inside @ (inside if C is None else inside * C)))
        turn, a = torch.zeros_like(r), r.abs()
        for middle in _middle(a, C):
            i = int((a - middle).abs().argmin())
            turn[i] += r[i].sign() / (2 * self.number)
        return turn if C is None else turn / C

    def _joint(self, squares: Tensor, C: Tensor | None) -> float:
        """Where the sum of C psi^2 is that of C.

        In t = 1 / sigma^2 that sum is concave and made of straight pieces: Newton's steps from the left
        rise to the root and end on it.
        """
        ones = torch.ones_like(squares) if C is None else C
        total, level = float(ones.sum()), self.delta**2
        t = 0.0
        while True:
            inside = ones.where(squares * t <= level, 0)
            slope, left = float(inside @ squares), total - level * (total - float(inside.sum()))
            if slope <= 0 or left <= 0:
                return 0.0
            if left / slope <= t * (1 + 1e-15):
                return math.sqrt(slope / left)
            t = left / slope


def _middle(a: Tensor, C: Tensor | None) -> tuple[float, float]:
    """The entries of a (n,), each C times, in whose middle the median lies: one twice, or two."""
    if C is not None:
        order = a.argsort()
        reached = C[order].cumsum(0)
        half = reached[-1] / 2
        tie = len(a) * EPS
        edges = half * (1 - tie), half * (1 + tie)
        first, second = (int(few.sum()) for few in (reached < edges[0], reached <= edges[1]))
        return float(a[order[first]]), float(a[order[second]])
    low = a.median()  # the lower one of two
    above = a > low
    if len(a) - int(above.sum()) > len(a) // 2:
        return float(low), float(low)
    return float(low), float(a.where(above, torch.inf).min())
