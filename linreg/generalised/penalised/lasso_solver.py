r"""The lasso and the elastic net at falling penalties, each answer checked by its own conditions.

The lasso comes from the homotopy, which knows every knot. With a penalty on squares that falls along with the
other the path is no longer piecewise linear: there an active set is solved for at each penalty, from that of
the one before, until signs and slopes agree; where it does not settle, by the homotopy of that penalty.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.generalised.penalised.homotopy import Knots
from linreg.generalised.penalised.quadratic import Quadratic, violation_and_gap

__all__ = ["Answers", "answers"]

CLOSE = 2e-14  # of the largest slope: what a violation is polished down to
ROUNDS = 40  # of an active set, until it is given up


class Answers(NamedTuple):
    """For penalties l1 and l2 (k,)."""

    U: Tensor  # (d, k)
    violation: Tensor  # (k,) as a share of the largest slope at zero
    gap: Tensor  # (k,) as a share of what the mean leaves
    squares: Tensor  # (k,)
    slopes: Tensor  # (d, k)
    knots: Knots | None


def answers(form: Quadratic, l1: list[float], l2: list[float], yy: float) -> Answers:
    """Those at falling penalties."""
    knots = None
    if any(l2):
        U, signs = _by_active_sets(form, l1, l2)
    else:
        lines, knots = form.path(l1, 0.0)
        U, signs = lines.U.T.contiguous(), lines.signs.T
    one, two = form.q.new_tensor(l1), form.q.new_tensor(l2)
    scale = float(form.q.abs().max()) or 1.0
    slopes, squares = form.at(U)
    violation, gap = violation_and_gap(slopes, squares, U, one, two)
    far = (violation > CLOSE * scale).nonzero().flatten()  # so is a weight on the wrong side of zero
    for k in far.tolist():
        U[:, k] = _polished(form, U[:, k], signs[:, k], l1[k], l2[k])
    if len(far):
        V = torch.where(U[:, far].sign() == signs[:, far], U[:, far], 0)  # none on the wrong side of zero
        U[:, far] = V
        slopes[:, far], squares[far] = form.at(V)
        parts = slopes[:, far], squares[far], V, one[far], two[far]
        violation[far], gap[far] = violation_and_gap(*parts)
    return Answers(U, violation / scale, gap / (yy / 2 or 1.0), squares, slopes, knots)


def _polished(form: Quadratic, u: Tensor, signs: Tensor, l1: float, l2: float) -> Tensor:
    """The same active columns and signs, solved for once more from what is left of their slopes."""
    S = signs.nonzero().flatten()
    left = _slopes(form, u)[S] - l2 * u[S] - l1 * signs[S]
    step = form.solve(S, l2, left)
    return u if step is None else u.index_add(0, S, step)


def _slopes(form: Quadratic, u: Tensor) -> Tensor:
    return form.at(u.unsqueeze(1))[0].squeeze(1)


def _by_active_sets(form: Quadratic, l1: list[float], l2: list[float]) -> tuple[Tensor, Tensor]:
    """(d, k) weights and signs."""
    U, signs = [], []
    diagonal = form.diagonal()
    u, c = torch.zeros_like(form.q), form.q
    for one, two in zip(l1, l2, strict=True):
        found = _settled(form, diagonal, u, c, one, two)
        if found is None:
            lines, _ = form.path([one], two)
            u, sign = lines.U[0], lines.signs[0]
            c = _slopes(form, u)
        else:
            u, c, sign = found
        U.append(u)
        signs.append(sign)
    return torch.stack(U, 1), torch.stack(signs, 1)


def _settled(
    form: Quadratic, diagonal: Tensor, u: Tensor, c: Tensor, l1: float, l2: float
) -> tuple[Tensor, Tensor, Tensor] | None:
    """Weights, slopes and signs whose active set is their own; None where it does not settle."""
    moved = c + diagonal * u  # the slope of each column with its own weight at zero
    sign = moved.sign() * (moved.abs() > l1)
    for _ in range(ROUNDS):
        S = sign.nonzero().flatten()
        u = torch.zeros_like(c)
        if len(S):
            solved = form.solve(S, l2, form.q[S] - l1 * sign[S])
            if solved is None:
                return None
            u[S] = solved
        c = _slopes(form, u)
        moved = c + diagonal * u
        new = moved.sign() * (moved.abs() > l1)
        if torch.equal(new, sign):  # and so have the weights, each of which is what moved is beyond l1
            return u, c, sign
        sign = new
    return None
