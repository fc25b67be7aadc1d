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


class Wide(NamedTuple):
    """Answers for penalties l2 (k,)."""

    U: Tensor  # (d, k)
    loss: Tensor  # (k,) half-mean squares, in units of y of the problem
    df: Tensor  # (k,)
    left_out: Tensor  # (k,) mean squares of the residuals of rows left out
    left: Tensor  # (d, k) what rounding leaves of the equation


class Kernel(NamedTuple):
    """The products of the rows, and their eigenvectors."""

    A: Tensor  # (n, d)
    t: Tensor  # (n,)
    root: Tensor | None  # (n,) of the shares; None without an intercept
    values: Tensor  # (n,)
    V: Tensor  # (n, n)
    largest: float  # of the eigenvalues, that of the constant not counted
    far: float  # the eigenvalue that the constant was given, out of the way of the other directions

    @classmethod
    def of(cls, problem: Problem, rows: Rows) -> "Kernel":
        """One decomposition."""
        A, t = rows.centred(problem)
        root = rows.share().sqrt()
        A *= root.unsqueeze(1)
        t *= root
        K = A @ A.T
        far = 2 * float(K.diagonal().sum()) or 1.0
        if rows.intercept:
            K.addr_(root, root, alpha=far)
        values, V = torch.linalg.eigh(K)
        values = values.clamp(min=0)
        if not rows.intercept:
            return cls(A, t, None, values, V, float(values[-1]), 0.0)
        return cls(A, t, root, values, V, float(values[-2]) if len(t) > 1 else 0.0, far)

    def answers(self, l2: Tensor) -> Wide:
        """For all penalties l2 (k,), each above 0."""
        A, t, root, far = self.A, self.t.unsqueeze(1), self.root, self.far
        D = 1 / (self.values.unsqueeze(1) + l2)
        theta = self._centred(self.V @ (D * (self.V.T @ t)))
        for _ in range(2):
            r = t - A @ (A.T @ theta)
            theta = self._centred(theta + self.V @ (D * (self.V.T @ (r - l2 * theta))))
        U = A.T @ theta
        r = t - A @ U
        inverse, df = self.V.square() @ D, (self.values.unsqueeze(1) * D).sum(0)
        if root is not None:
            inverse = inverse - torch.outer(root.square(), 1 / (far + l2))
            df = (df - far / (far + l2)).clamp(min=0)
        out = (theta / inverse).square().sum(0)
        return Wide(U, r.square().sum(0) / 2, df, out, A.T @ (r - l2 * theta))

    def _centred(self, theta: Tensor) -> Tensor:
        root = self.root
        return theta if root is None else theta - torch.outer(root, root @ theta)
