r"""What ridge predicts of each row without it, for every penalty at once, in one more pass over the rows.

Row i is left out by dividing its residual by $1 - h_i$. In the coordinates of the eigenvectors
$h_i = \sum_j z_{ij}^2 / (\lambda_j + \lambda)$: three products of a block of rows serve all penalties.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.held import times_two_to
from linreg.basics.products import BLOCK_BYTES, in_runs
from linreg.generalised.penalised.penalised_rows import Rows
from linreg.generalised.penalised.problem import Problem
from linreg.workers import dealt

__all__ = ["left_out"]

FAR = 100.0  # means in units of deviations, up to which two digits at most are lost to them
ROUNDING = 1e-12  # with less than that of a row left to the others, its residual is rounding


class _LeftOut(NamedTuple):
    """Of the fits for k penalties, in units of y of the problem."""

    left_out: Tensor  # (k,) mean squares of the residuals of rows left out; NaN where one is unknown
    squares: Tensor  # (k,) mean squares of all residuals


def left_out(
    problem: Problem, rows: Rows, U: Tensor, groups: list[tuple[Tensor, Tensor]], least: float
) -> _LeftOut:
    """Of the fits U (d, k); `groups` of V (d, m) and D (m, j) give the leverages of j fits each.

    None of these, but for the share of the intercept, is above 1 - `least`.
    """
    p, W = problem.p, problem.weights(U)
    middle = (p.mean[:-1] * p.factor).abs().max() * p.weight**0.5
    moved = rows.X.dtype == torch.float32 or float(middle) > FAR  # else X is multiplied as it is
    shift, beyond = (p.shift, p.offset) if moved else (torch.zeros_like(p.shift), p.mean)
    near = beyond[-1] - beyond[:-1] @ W
    turned = [(problem.turn.unsqueeze(1) * V * p.weight**-0.5, D) for V, D in groups]
    parts = [(V, beyond[:-1] @ V, D) for V, D in turned]
    n, d = rows.X.shape
    k = U.shape[1]
    m = max(BLOCK_BYTES // (16 * max(d, k)), 256)
    lone = 1 / p.weight if rows.intercept else 0.0
    known = rows.C is None and least * (1 - lone) > ROUNDING

    start = W.new_full((1,), (1.0 if rows.C is None else 0.0) - lone)  # less the leverage

    def worker() -> Callable[[slice], Tensor]:
        beside, z = W.new_empty(min(m, n) if moved else 0, d), W.new_empty(min(m, n), d)
        r, h = W.new_empty(min(m, n), k), W.new_empty(min(m, n), k)

        def sums_of(run: slice) -> Tensor:
            size = run.stop - run.start
            e, own = r[:size], h[:size]
            B = torch.sub(rows.X[run], shift[:-1], out=beside[:size]) if moved else rows.X[run]
            torch.addmm(near, B, W, out=e)
            e.sub_((rows.y[run].double() - shift[-1]).unsqueeze(1))
            at = 0
            for V, by, D in parts:
                Z = torch.addmm(by, B, V, beta=-1, out=z[:size, : V.shape[1]]).square_()
                torch.addmm(start, Z, D, alpha=-1, out=own[:, at : at + D.shape[1]])
                at += D.shape[1]
            if rows.C is not None:  # from -h to 1 - h
                C = rows.C[run].unsqueeze(1)
                own.mul_(C).add_(1)
                e *= C.sqrt()
            squares = torch.linalg.vector_norm(e, dim=0).square()
            out = torch.linalg.vector_norm(e.div_(own), dim=0).square()
            if not known:
                out.masked_fill_(own.amin(0) <= ROUNDING, torch.nan)
            return torch.stack((out, squares))

        return sums_of

    total = torch.zeros(2, k, dtype=torch.float64, device=U.device)
    dealt(in_runs(slice(0, n), m), worker, total.add_)
    down = total.new_full((1,), -problem.y_exponent)
    return _LeftOut(*times_two_to(times_two_to(total / p.weight, down), down))
