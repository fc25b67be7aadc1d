r"""The lasso's exact path by homotopy: from the largest penalty down, from knot to knot.

Between two knots the active weights are $w = p - \alpha \sigma$ and the slopes of the others
$c = p - \alpha \sigma$ as well, straight lines in $\alpha$. The next knot is where a slope reaches
$\pm \alpha$, so that its column enters, or an active weight reaches zero, so that it leaves.

Both change the Gram matrix by a sweep: Gaussian elimination, of one column, in place. A sweep is a product of
two vectors and a change of the diagonal; some are kept and applied in one product, since a knot asks for one
row only.
"""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Candidates", "Knots", "Lines", "by_sweeps"]

EPS = torch.finfo(torch.float64).eps
KEPT = 32  # sweeps until they are applied to the matrix
FARTHEST = 20  # times the number of columns: knots after which a path has lost its way


class Lines(NamedTuple):
    """Where the path crosses the penalties that were asked for."""

    U: Tensor  # (k, d) weights
    signs: Tensor  # (k, d) of the active columns: -1, 1, and 0 for the others


class Knots(NamedTuple):
    """Where columns entered and left, in order."""

    at: list[float]
    column: list[int]


class Candidates:
    """The next knot: where p - a sigma meets a bound, moving outwards as a falls.

    Row 0 is the upper bound of a slope, or zero for an active weight, row 1 the lower bound of a slope.
    """

    def __init__(self, like: Tensor) -> None:
        d = len(like)
        self.states = {
            sign: like.new_tensor(state)
            for sign, state in {
                0: (1.0, -1.0, 1.0, 1.0),  # not active: two bounds
                1: (-1.0, 0.0, 0.0, torch.inf),  # active, with this sign: zero
                -1: (1.0, 0.0, 0.0, torch.inf),
                None: (0.0, 0.0, torch.inf, torch.inf),  # no candidate
            }.items()
        }
        self.state = self.states[0].unsqueeze(1).repeat(1, d)
        self.way, self.bound = self.state[:2], self.state[2:]  # what p and sigma are multiplied by, and 1
        self.num, self.den = like.new_empty(2, d), like.new_empty(2, d)
        self.none = like.new_zeros(())
        self.barred: list[int] = []

    def enter(self, j: int, sign: int) -> None:
        """Column j is active now."""
        self.state[:, j] = self.states[sign]

    def leave(self, j: int) -> None:
        """Column j is not active any more, and those that depended on it may be free again."""
        for i in (j, *self.barred):
            self.state[:, i] = self.states[0]
        self.barred.clear()

    def bar(self, j: int, always: bool = False) -> None:
        """Column j depends on the active ones: its slope follows theirs. Or it is zero, always."""
        self.state[:, j] = self.states[None]
        if not always:
            self.barred.append(j)

    def next(self, p: Tensor, sigma: Tensor) -> tuple[float, int, int]:
        """Where, at which bound, and which column."""
        torch.mul(self.way, p, out=self.num)
        torch.addcmul(self.bound, self.way, sigma, out=self.den)
        ahead = self.den > 0
        torch.div(self.num, self.den, out=self.num)
        torch.where(ahead, self.num, self.none, out=self.num)
        value, index = self.num.view(-1).max(0)
        side, j = divmod(int(index), len(p))
        return float(value), side, j


class _Tableau:
    """The Gram matrix, swept on the active columns, with the sweeps that are still to be applied."""

    def __init__(self, G: Tensor, q: Tensor) -> None:
        d = len(q)
        self.T = G.clone()
        self.Z, self.scaled = q.new_empty(KEPT, d), q.new_empty(KEPT, d)
        self.pending, self.moved = 0, [0.0] * d
        self.lines = torch.stack((q, torch.zeros_like(q)))  # p and sigma
        self.sigma = self.lines[1]
        self.least = (8 * EPS * d * G.diagonal().clamp(min=0)).tolist()

    def row(self, j: int) -> tuple[Tensor, float]:
        """Row j of the swept matrix, and its diagonal entry: what the active columns leave of column j."""
        m = self.pending
        z = self.Z[m]
        if m:
            torch.addmv(self.T[j], self.scaled[:m].T, self.Z[:m, j], alpha=-1, out=z)
        else:
            z.copy_(self.T[j])
        return z, float(z[j]) + self.moved[j]

    def sweep(self, j: int, z: Tensor, pivot: float, sign: int, enters: bool) -> None:
        """Column j enters with this sign, or leaves with it."""
        way = 1 if enters else -1
        z[j] = pivot - way
        if enters:
            self.sigma[j : j + 1].add_(sign)
        torch.mul(z, 1 / pivot, out=self.scaled[self.pending])
        self.lines.addr_(self.lines[:, j].clone(), self.scaled[self.pending], alpha=-1)
        if not enters:
            self.sigma[j : j + 1].sub_(sign)
        self.moved[j] -= 2.0 * way
        self.pending += 1
        if self.pending == KEPT:
            self.T.addmm_(self.scaled.T, self.Z, alpha=-1)
            self.T.diagonal().add_(torch.tensor(self.moved, dtype=z.dtype, device=z.device))
            self.pending, self.moved = 0, [0.0] * len(self.moved)


def by_sweeps(G: Tensor, q: Tensor, penalties: list[float]) -> tuple[Lines, Knots]:
    """The path at falling penalties, from the Gram matrix (d, d) and the slopes (d,) at zero."""
    d, k = len(q), 0
    tableau, candidates = _Tableau(G, q), Candidates(q)
    U, S = q.new_zeros(len(penalties), d), q.new_zeros(len(penalties), d)
    active, signs = q.new_zeros(d), [0] * d  # the signs, as a tensor and one by one
    for j in (G.diagonal() <= 0).nonzero().flatten().tolist():
        candidates.bar(j, always=True)
    knots, a = Knots([], []), float(q.abs().max())
    while k < len(penalties) and penalties[k] >= a:
        k += 1
    p, sigma = tableau.lines
    at, side, j = candidates.next(p, sigma)
    while k < len(penalties) and at > 0 and len(knots.at) < FARTHEST * d + 1000:
        a = min(at, a)
        z, pivot = tableau.row(j)
        enters = not signs[j]
        if enters and pivot <= tableau.least[j]:
            candidates.bar(j)
        else:
            sign = (1 - 2 * side) if enters else signs[j]
            tableau.sweep(j, z, pivot, sign, enters)
            signs[j] = sign if enters else 0
            active[j] = float(signs[j])
            if enters:
                candidates.enter(j, sign)
            else:
                candidates.leave(j)
            knots.at.append(a)
            knots.column.append(j)
        at, side, j = candidates.next(p, sigma)
        while k < len(penalties) and penalties[k] >= min(at, a):
            torch.sub(p, sigma, alpha=penalties[k], out=U[k])
            S[k] = active
            k += 1
    for i in range(k, len(penalties)):  # beyond the last knot there are only these lines
        U[i], S[i] = p - penalties[i] * sigma, active
    return Lines(U.mul_(S.abs()), S), knots
