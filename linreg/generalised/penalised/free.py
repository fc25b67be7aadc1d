r"""Columns whose weights are free of the penalty, as the intercept is."""

from collections.abc import Sequence

import torch
from torch import Tensor

from linreg.basics.statistics import Statistics
from linreg.closed_form.columns import rounding_of
from linreg.closed_form.from_sums import normal_equation
from linreg.errors import DtypeError, RangeError
from linreg.generalised.penalised.penalised_rows import Rows
from linreg.generalised.penalised.problem import Problem

__all__ = ["check_free", "freed"]


def check_free(unpenalised: Sequence[int], d: int) -> list[int]:
    """Columns of X, each named once."""
    if isinstance(unpenalised, str) or not isinstance(unpenalised, Sequence):
        raise DtypeError(
            f"`unpenalised` must be a list of columns; got {type(unpenalised).__name__}. "
            "Pass [0] for the first."
        )
    for j in unpenalised:
        if not isinstance(j, int) or isinstance(j, bool):
            raise DtypeError(f"`unpenalised` must be columns of `X`, counted from 0; got {j!r}. Pass an int.")
        if not 0 <= j < d:
            raise RangeError(f"`unpenalised` must be columns of `X`, 0 to {d - 1}; got {j}. Count from 0.")
    if len(set(unpenalised)) < len(unpenalised):
        raise RangeError(f"`unpenalised` must name each column once; got {list(unpenalised)}. Drop the copy.")
    if len(unpenalised) == d:
        raise RangeError(f"`unpenalised` must leave a column to penalise; got all {d}. Use `solve`.")
    return sorted(unpenalised)


def freed(problem: Problem, free: list[int], rows: Rows | None = None) -> Problem:
    """With these weights free, but for those of columns that free ones before them make up.

    The latter count as penalised. That takes their weights to zero, for the others do the same at no price.
    """
    if not free:
        return problem
    p = problem.p
    if rows is not None and rows.sums is None:
        weights = None if rows.C is None else rows.C.to(rows.X.dtype)
        some = Statistics.of(rows.X[:, free], rows.y, weights=weights)
        p = normal_equation(some, rows.intercept, rows.eps)
        G, noise = p.G, p.noise
    else:
        G, noise = p.G[free][:, free], p.noise[free]
    kept = _independent(G, noise)
    listed = tuple(j for j, keep in zip(free, kept, strict=True) if keep)
    return problem._replace(free=listed, open=len(free) - len(listed))


def _independent(G: Tensor, noise: Tensor) -> list[bool]:
    """Whether each column of length 1 is more than those before it make up, from their products (f, f)."""
    L = torch.zeros_like(G)
    kept: list[bool] = []
    for j in range(len(G)):
        before = [i for i in range(j) if kept[i]]
        v = torch.linalg.solve_triangular(L[before][:, before], G[before, j : j + 1], upper=False)
        left = float(G[j, j] - v.square().sum())
        kept.append(left > rounding_of(G) + float(noise[j]) ** 2)
        L[j, before] = v.squeeze(1)
        L[j, j] = max(left, 0.0) ** 0.5
    return kept
