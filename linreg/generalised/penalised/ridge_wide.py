r"""Ridge of no more rows than columns: by the n x n products of the rows, not the d x d of the columns.

With rows $A$, each times the root of its share, the weights are $A^\top \theta$ with
$(A A^\top + \lambda) \theta = t$. The residual is $\lambda \theta$, and that of row i from the fit without it
is $\theta_i$ over the i-th diagonal entry of the inverse: no difference of close numbers anywhere.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.generalised.penalised.penalised_rows import Rows
from linreg.generalised.penalised.problem import Problem

__all__ = ["Kernel"]

ROUNDING = 1e-12  # with less than that of a row left to the others, its residual is rounding


class Wide(NamedTuple):
    """Answers for penalties l2 (k,)."""

    U: Tensor  # (d, k)
    loss: Tensor  # (k,) half-mean squares, in units of y of the problem
    df: Tensor  # (k,)
    left_out: Tensor  # (k,) mean squares of the residuals of rows left out
    left: Tensor  # (d, k) what rounding leaves of the equation
    gap: Tensor  # (k,) twice what the objective may be above the smallest, at most


class Kernel(NamedTuple):
    """The products of the rows, and their eigenvectors, beside the directions that no penalty is for."""

    A: Tensor  # (n, d) what those directions leave; 0 for a free column
    t: Tensor  # (n,)
    Q: Tensor  # (n, m) orthonormal: the roots of the shares where there is an intercept, and the free columns
    values: Tensor  # (n,)
    V: Tensor  # (n, n)
    far: float  # the eigenvalue that Q was given, out of the way of the other directions
    free: tuple[int, ...]
    first: Tensor  # (f,) weights of the free columns on their own,
    share: Tensor  # (f, d) and what each weight of the others takes from them

    @classmethod
    def of(cls, problem: Problem, rows: Rows) -> "Kernel":
        """One decomposition."""
        A, t = rows.centred(problem)
        root = rows.share().sqrt()
        A *= root.unsqueeze(1)
        t *= root
        Q, free = root.unsqueeze(1)[:, : int(rows.intercept)], list(problem.free)
        size = problem.size[free].unsqueeze(1)
        theirs = A.new_zeros(0, A.shape[1] + 1)
        if free:
            m = Q.shape[1]
            Q, R = torch.linalg.qr(torch.cat((Q, A[:, free] / size.T), 1))
            A[:, free] = 0
            inside = Q.T @ torch.column_stack((A, t))
            theirs = torch.linalg.solve_triangular(R[m:, m:], inside[m:], upper=True) / size
            A, t = A - Q @ inside[:, :-1], t - Q @ inside[:, -1]
        K = A @ A.T
        far = 2 * float(K.diagonal().sum()) or 1.0
        values, V = torch.linalg.eigh(K.addmm_(Q, Q.T, alpha=far))
        return cls(A, t, Q, values.clamp(min=0), V, far, problem.free, theirs[:, -1], theirs[:, :-1])

    @property
    def largest(self) -> float:
        """Of the eigenvalues, those of Q not counted."""
        left = self.values[: len(self.values) - self.Q.shape[1]]
        return float(left[-1]) if len(left) else 0.0

    def answers(self, l2: Tensor) -> Wide:
        """For all penalties l2 (k,), each above 0."""
        A, t, far, m = self.A, self.t.unsqueeze(1), self.far, self.Q.shape[1]
        D = 1 / (self.values.unsqueeze(1) + l2)
        theta = self._centred(self.V @ (D * (self.V.T @ t)))
        for _ in range(2):
            r = t - A @ (A.T @ theta)
            theta = self._centred(theta + self.V @ (D * (self.V.T @ (r - l2 * theta))))
        U = A.T @ theta
        left = A.T @ (t - A @ U) - l2 * U  # theta is larger than U where penalties are small, and rounds more
        U = U + self._times_inverse(l2, left)
        r = t - A @ U
        left = A.T @ r - l2 * U
        inverse, df = self.V.square() @ D, (self.values.unsqueeze(1) * D).sum(0)
        own = self.Q.square().sum(1)
        inverse = inverse - torch.outer(own, 1 / (far + l2))
        inverse[own >= 1 - ROUNDING] = torch.nan  # no penalty is for what tells such a row: nobody else does
        df = (df - m * far / (far + l2)).clamp(min=0) + len(self.free)
        out = (theta / inverse).square().sum(0)
        gap = left.square().sum(0) / l2
        if self.free:
            gap = (left * self._times_inverse(l2, left)).sum(0).clamp(min=0)
        U[list(self.free)] = self.first.unsqueeze(1) - self.share @ U
        return Wide(U, r.square().sum(0) / 2, df, out, left, gap)

    def _times_inverse(self, l2: Tensor, W: Tensor) -> Tensor:
        """(d, k) the inverses of A'A + l2 (k,) times W (d, k)."""
        D = 1 / (self.values.unsqueeze(1) + l2)
        return (W - self.A.T @ (self.V @ (D * (self.V.T @ (self.A @ W))))) / l2

    def _centred(self, theta: Tensor) -> Tensor:
        return theta - self.Q @ (self.Q.T @ theta)
