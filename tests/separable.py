"""Sets of rows whose classes a direction separates, or nearly, and a linear program that says which it is."""

import numpy as np
import torch
from problems import gen
from scipy.optimize import linprog
from torch import Tensor

F64 = torch.float64
KINDS = ("separable", "quasi", "dummy", "nearly", "overlapping")


def rows_of(kind: str, seed: int) -> tuple[Tensor, Tensor]:
    """Rows (n, d) of small whole numbers or of any, and two classes that lie as the kind says."""
    g = gen(seed)
    n, d = int(torch.randint(8, 120, (), generator=g)), int(torch.randint(1, 6, (), generator=g))
    X = torch.randn(n, d, generator=g, dtype=F64)
    w = torch.randn(d, generator=g, dtype=F64)
    score = X @ w
    y = (score > score.median()).to(F64)
    if kind == "quasi":  # rows of both classes on the boundary: exactly, of whole numbers
        X = torch.randint(-3, 4, (n, d), generator=g).to(F64)
        w = torch.randint(1, 3, (d,), generator=g).to(F64)
        score = X @ w
        y = torch.where(score == 0, torch.arange(n) % 2, score > 0).to(F64)
    elif kind == "dummy":  # a column that only rows of class 1 have
        y = (torch.rand(n, generator=g) < 0.5).to(F64)
        X = torch.column_stack((X, y * (torch.rand(n, generator=g) < 0.4)))
    elif kind == "nearly":  # a row of class 0 that lies within those of class 1, by very little
        inside, edge = int(score.argmin()), int(score.where(y == 1, torch.inf).argmin())
        depth = 10.0 ** -float(torch.randint(1, 6, (), generator=g))
        X[inside] = (1 - depth) * X[edge] + depth * X[y == 1].mean(0)
    elif kind == "overlapping":
        y = (torch.rand(n, generator=g) < torch.sigmoid(score)).to(F64)
    y[0], y[-1] = (0.0, 1.0) if kind in ("dummy", "overlapping") else (y[0], y[-1])
    if kind == "dummy":
        X[0, -1], X[-1, -1] = 0.0, 1.0
    return X, y


def separated(X: Tensor, y: Tensor) -> bool:
    """Whether a direction separates: the largest sum of gaps, none of which may be below 0 or above 1."""
    A = (torch.column_stack((torch.ones(len(y), dtype=F64), X)) * (2 * y - 1).unsqueeze(1)).numpy()
    n, p = A.shape
    found = linprog(
        -A.sum(0), A_ub=np.vstack((A, -A)), b_ub=np.r_[np.ones(n), np.zeros(n)], bounds=[(None, None)] * p,
        method="highs-ds",
    )  # fmt: skip
    assert found.status == 0, found.message
    return bool(-found.fun > 0.5)


def completely(X: Tensor, y: Tensor) -> bool:
    """Whether one does with no row on its boundary: the largest of the smallest gaps, of bounded weights."""
    A = (torch.column_stack((torch.ones(len(y), dtype=F64), X)) * (2 * y - 1).unsqueeze(1)).numpy()
    n, p = A.shape
    found = linprog(
        np.r_[np.zeros(p), -1], A_ub=np.hstack((-A, np.ones((n, 1)))), b_ub=np.zeros(n),
        bounds=[(-1, 1)] * p + [(None, 1)], method="highs-ds",
    )  # fmt: skip
    assert found.status == 0, found.message
    return bool(-found.fun > 1e-6)
