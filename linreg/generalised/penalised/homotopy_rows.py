r"""The lasso's exact path from the rows, for many more columns than rows: no d x d matrix anywhere.

The knots are those of `homotopy`. What is kept is the inverse of the products of the active columns, of which
there are no more than rows; a knot takes one product with all columns.
"""

import torch
from torch import Tensor

from linreg.generalised.penalised.homotopy import Candidates, Knots, Lines

__all__ = ["by_rows"]

EPS = torch.finfo(torch.float64).eps
FARTHEST = 20  # times the number of rows: knots after which a path has lost its way


class _Active:
    """The active columns: their products' inverse H, and their weights, value - a * rate.

    A penalty `l2` on squares counts as rows below, one for each column.
    """

    def __init__(self, columns: Tensor, l2: float) -> None:
        self.columns, self.l2 = columns, l2  # (d, n): rows are columns of the data
        d, n = columns.shape
        room = min(n, d) + 1 if l2 == 0 else min(2 * n, d) + 1
        self.A, self.H = columns.new_empty(room, n), columns.new_zeros(room, room)
        self.value, self.rate = columns.new_zeros(room), columns.new_zeros(room)
        self.j: list[int] = []

    def left_of(self, j: int) -> tuple[Tensor, Tensor, float]:
        """Of column j what the active ones leave (n,), how they make the rest (m,), and its square."""
        m, x = len(self.j), self.columns[j]
        v = self.H[:m, :m] @ (self.A[:m] @ x)
        r = torch.addmv(x, self.A[:m].T, v, alpha=-1)
        return r, v, float(r @ r) + self.l2 * (1 + float(v @ v))

    def enter(self, j: int, v: Tensor, pivot: float, value: float, rate: float) -> None:
        """Column j, with its weight."""
        m = len(self.j)
        if m + 1 == len(self.A):
            self._grow()
        self.value[:m].add_(v, alpha=-value)
        self.rate[:m].add_(v, alpha=-rate)
        self.H[:m, :m].add_(torch.outer(v, v / pivot))
        self.H[m, :m] = self.H[:m, m] = v / -pivot
        self.H[m, m], self.value[m], self.rate[m] = 1 / pivot, value, rate
        self.A[m] = self.columns[j]
        self.j.append(j)

    def leave(self, j: int) -> tuple[Tensor, float, float]:
        """Without column j: the direction (n,) in which its going moves the rest, and how far."""
        i, m = self.j.index(j), len(self.j)
        h = self.H[:m, i].clone()
        pivot = float(h[i])
        value, rate = float(self.value[i]) / pivot, float(self.rate[i]) / pivot
        u = self.A[:m].T @ h
        self.value[:m].add_(h, alpha=-value)
        self.rate[:m].add_(h, alpha=-rate)
        self.H[:m, :m].sub_(torch.outer(h, h / pivot))
        last = m - 1
        if i != last:  # the last one takes its place
            self.H[i, :m] = self.H[last, :m].clone()
            self.H[:m, i] = self.H[:m, last].clone()
            self.H[i, i] = self.H[last, last]
            self.A[i], self.value[i], self.rate[i] = self.A[last], self.value[last], self.rate[last]
            self.j[i] = self.j[last]
        self.j.pop()
        return u, value, rate

    def _grow(self) -> None:
        room = len(self.A)
        self.A = torch.cat((self.A, torch.empty_like(self.A)))
        self.H = torch.nn.functional.pad(self.H, (0, room, 0, room))
        self.value, self.rate = (torch.nn.functional.pad(t, (0, room)) for t in (self.value, self.rate))


def by_rows(A: Tensor, q: Tensor, penalties: list[float], l2: float = 0.0) -> tuple[Lines, Knots]:
    """The path at falling penalties, from rows A (n, d) and the slopes q (d,) at zero."""
    n, d = A.shape
    columns = A.T  # turned over in memory, a product with all of them would take two to five times as long
    p, whole, k = q.clone(), columns.square().sum(1), 0
    sigma = torch.zeros_like(p)
    active, candidates = _Active(columns, l2), Candidates(p)
    least = 8 * EPS * n * whole
    U, S = p.new_zeros(len(penalties), d), p.new_zeros(len(penalties), d)
    signs = [0] * d
    for j in (whole <= 0).nonzero().flatten().tolist():
        candidates.bar(j, always=True)
    knots, a = Knots([], []), float(p.abs().max())
    while k < len(penalties) and penalties[k] >= a:
        k += 1
    at, side, j = candidates.next(p, sigma)
    while k < len(penalties) and at > 0 and len(knots.at) < FARTHEST * n + 1000:
        a = min(at, a)
        if signs[j] == 0:
            r, v, pivot = active.left_of(j)
            if pivot <= float(least[j]):
                candidates.bar(j)
            else:
                sign = 1 - 2 * side
                value, rate = float(p[j]) / pivot, (float(sigma[j]) + sign) / pivot
                z = columns @ r
                if l2:
                    z[j] += l2
                    z[active.j] = 0
                p.add_(z, alpha=-value)
                sigma.add_(z, alpha=-rate)
                active.enter(j, v, pivot, value, rate)
                candidates.enter(j, sign)
                signs[j] = sign
                knots.at.append(a)
                knots.column.append(j)
        else:
            u, value, rate = active.leave(j)
            z = columns @ u
            if l2:
                z[active.j] = 0
                z[j] = 1.0
            p.add_(z, alpha=value)
            sigma.add_(z, alpha=rate)
            candidates.leave(j)
            signs[j] = 0
            knots.at.append(a)
            knots.column.append(j)
        m, some = len(active.j), torch.tensor(active.j, dtype=torch.long, device=p.device)
        lines = p.clone(), sigma.clone()
        lines[0][some], lines[1][some] = active.value[:m], active.rate[:m]
        at, side, j = candidates.next(*lines)
        while k < len(penalties) and penalties[k] >= min(at, a):
            U[k, some] = active.value[:m] - penalties[k] * active.rate[:m]
            S[k, some] = p.new_tensor([float(signs[i]) for i in active.j])
            k += 1
    return Lines(U, S), knots
