"""The lasso and the elastic net along falling penalties, in the units of the data."""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.closed_form.columns import rounding_of
from linreg.errors import RangeError
from linreg.generalised.penalised.lasso_solver import Answers, answers
from linreg.generalised.penalised.path import RegularisationPath
from linreg.generalised.penalised.penalised_rows import Rows
from linreg.generalised.penalised.problem import Problem
from linreg.generalised.penalised.quadratic import OfRows, OfSums, Quadratic
from linreg.result import Status

__all__ = ["along_l1"]

LEAST = 1e-3  # of the smallest penalty at which all weights are zero: how far down a path goes by default
SOLVED = 1e-10  # of their scales: what violation and gap may be of an answer
TIED = 1e-10  # of the largest slope: as near to the penalty a slope counts as equal


class _Charged(NamedTuple):
    """The penalised columns, what the free ones explain taken out of them, and of y."""

    form: Quadratic
    yy: float
    kept: Tensor  # (p,) which columns these are
    free: Tensor  # (f,)
    first: Tensor  # (f,) weights of the free ones on their own,
    share: Tensor  # (f, p) and what each penalised weight takes from them
    rank: int = 0  # of the free columns

    def all_of(self, U: Tensor, d: int) -> Tensor:
        """(d, k) weights of all columns."""
        W = U.new_zeros(d, U.shape[1])
        W[self.kept] = U
        W[self.free] = self.first.unsqueeze(1) - self.share @ U
        return W.add_(0.0)  # -0 becomes 0


def along_l1(
    problem: Problem, alphas: int | list[float], l1_ratio: float, rows: Rows | None, free: list[int]
) -> RegularisationPath:
    """The path of these penalties, each above 0, or of so many."""
    wide = rows if rows is not None and rows.wide else None
    charged = _charged(problem, wide, free)
    alphas, l1 = _penalties(problem, charged.form, alphas, l1_ratio)
    l2 = [problem.l2(alpha * (1 - l1_ratio)) for alpha in alphas]
    found = answers(charged.form, l1, l2, charged.yy)
    U = charged.all_of(found.U, len(problem.q))
    w, b = problem.outside(U)
    tied = _tied(charged, found, l1) if l1_ratio == 1 else []
    status, message = _verdict(problem, charged, found, l1_ratio, tied, wide)
    df = (found.U != 0).sum(0).to(U)
    if l1_ratio < 1:
        active = [column.nonzero().flatten() for column in found.U.T]
        taken = [charged.form.shrunk(S, two) for S, two in zip(active, l2, strict=True)]
        df = (df - U.new_tensor(taken)).clamp(min=0)
    knots = found.knots
    return RegularisationPath(
        alpha=U.new_tensor(alphas),
        w=w,
        b=b,
        loss=problem.squared(found.squares / 2),
        df=df + charged.rank,
        violation=found.violation,
        gap=found.gap,
        l1_ratio=l1_ratio,
        status=status,
        message=message,
        method="lasso" if l1_ratio == 1 else "elastic net",
        knots=None if knots is None else U.new_tensor([problem.strength(a) for a in knots.at]),
        changes=None if knots is None else charged.kept[torch.tensor(knots.column, device=U.device).long()],
    )


def _charged(problem: Problem, wide: Rows | None, free: list[int]) -> _Charged:
    d, q = len(problem.q), problem.q
    F = torch.tensor(free, dtype=torch.long, device=q.device)
    P = torch.tensor([j for j in range(d) if j not in set(free)], dtype=torch.long, device=q.device)
    if wide is None:
        G = problem.G
        if not free:
            return _Charged(OfSums(G, q, problem.yy), problem.yy, P, F, q[F], G[F][:, P])
        inverse, rank = _pseudo_inverse(G[F][:, F])
        first, share = inverse @ q[F], inverse @ G[F][:, P]
        yy = problem.yy - float(q[F] @ first)
        reduced = OfSums(G[P][:, P] - G[P][:, F] @ share, q[P] - G[P][:, F] @ first, yy)
        return _Charged(reduced, yy, P, F, first, share, rank)
    A, t = wide.centred(problem)
    root = wide.share().sqrt()
    A, t = A * root.unsqueeze(1), t * root
    AF, AP = A[:, F], A[:, P] if free else A
    inverse, rank = _pseudo_inverse(AF.T @ AF)
    first, share = inverse @ (AF.T @ t), inverse @ (AF.T @ AP)
    AP, t = (AP - AF @ share, t - AF @ first) if free else (AP, t)
    return _Charged(OfRows(AP, t, AP.T @ t), float(t @ t), P, F, first, share, rank)


def _pseudo_inverse(G: Tensor) -> tuple[Tensor, int]:
    """That of the products of some columns, of which some may depend on others, and their rank."""
    length = G.diagonal().sqrt()
    length = length.where(length > 0, 1)
    scaled = G / length / length.unsqueeze(1)
    inverse: Tensor = torch.linalg.pinv(scaled, rtol=rounding_of(G), hermitian=True)
    rank = round(float((inverse * scaled).sum()))  # the trace of a projection
    return inverse / length / length.unsqueeze(1), rank


def _penalties(
    problem: Problem, form: Quadratic, alphas: int | list[float], l1_ratio: float
) -> tuple[list[float], list[float]]:
    """The penalties of the data, and those here, the first exactly where all weights just vanish."""
    if not isinstance(alphas, int):
        return alphas, [problem.l1(alpha * l1_ratio) for alpha in alphas]
    if l1_ratio == 0:
        raise RangeError(
            "`alphas` must be a list for `l1_ratio=0`, where no penalty makes all weights zero. "
            "Use `ridge_path`, which knows where to begin."
        )
    top = float(form.q.abs().max()) or 1.0
    l1 = [top] + [top * LEAST ** (i / (alphas - 1)) for i in range(1, alphas)]
    return [problem.strength(one) / l1_ratio for one in l1], l1


def _tied(charged: _Charged, found: Answers, l1: list[float]) -> list[int]:
    """Inactive columns whose slope is that of active ones because they depend on them."""
    form, tied = charged.form, set()
    slopes = found.slopes.abs()
    near = (slopes - slopes.new_tensor(l1)).abs() <= TIED * float(form.q.abs().max())
    near &= (found.U == 0) & (form.diagonal() > 0).unsqueeze(1)
    for k in near.any(0).nonzero().flatten().tolist():
        active = (found.U[:, k] != 0).nonzero().flatten()
        for j in near[:, k].nonzero().flatten().tolist():
            if j not in tied and _depends(form, active, j):
                tied.add(j)
    return sorted(tied)


def _depends(form: Quadratic, active: Tensor, j: int) -> bool:
    """Whether the active columns make up column j."""
    e = form.q.new_zeros(len(form.q), 1)
    e[j] = 1
    row = form.q.unsqueeze(1) - form.at(e)[0]  # G e
    v = form.solve(active, 0.0, row[active, 0])
    if v is None:
        return True
    left = float(row[j] - row[active, 0] @ v)
    return left <= 8 * rounding_of(row.T) * float(row[j])


def _verdict(
    problem: Problem,
    charged: _Charged,
    found: Answers,
    l1_ratio: float,
    tied: list[int],
    wide: Rows | None,
) -> tuple[Status, str]:
    name = "Lasso" if l1_ratio == 1 else "Elastic net"
    source = f"from sums of {problem.p.n} rows" if wide is None else f"from {problem.p.n} rows"
    how = f"by homotopy, {len(found.knots.at)} knots" if found.knots is not None else "by active sets"
    said = f"{name}, {how}, {source}."
    worst, gap = float(found.violation.max()), float(found.gap.max())
    if not (worst <= SOLVED and gap <= SOLVED):  # nor where one is no number
        return Status.NOT_CONVERGED, (
            f"{said} The conditions of the minimum are off by {worst:.1g} of the largest slope, and the loss "
            f"by at most {gap:.1g}: columns are nearly dependent, or a penalty is next to rounding of the "
            "slopes. Ask for larger penalties."
        )
    if tied:
        return Status.RANK_DEFICIENT, (
            f"{said} Column {int(charged.kept[tied[0]])} depends on columns with a weight and has their slope"
            f"{f', and so have {len(tied) - 1} more' * (len(tied) > 1)}: there are other answers, with the "
            "same predictions and penalty, that divide the weight differently. The elastic net has one."
        )
    spare = len(charged.free) - charged.rank
    if spare:
        some = "A free column depends" if spare == 1 else f"{spare} free columns depend"
        return Status.RANK_DEFICIENT, (
            f"{said} {some} on others: there are other answers, with the same predictions and penalty."
        )
    return Status.OK, said
