"""A fit of classes handed back in float32: its loss is that of the weights handed back."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor

from linreg.basics.products import block_rows, in_runs
from linreg.generalised.classes.class_problem import Solved
from linreg.generalised.classes.targets import Classes
from linreg.result import Fit, Status
from linreg.workers import alone, dealt

__all__ = ["narrowed"]

MOVED = 0.01  # of a margin: what rounding moves margins by is told from there on
LOST = 1.0  # of a margin, which a chance then does not keep: e times its odds

F = TypeVar("F", bound=Fit)


@alone
def narrowed(fit: F, solved: Solved, rows: Classes) -> F:
    """The fit, of what was `solved`, with the loss that its rounded weights have on these rows."""
    if fit.w.dtype == solved.W.dtype or fit.status in (Status.OUT_OF_RANGE, Status.SEPARATED):
        return fit
    table = rows.table
    W, b = fit.w.double().view_as(solved.W), fit.b.double().view_as(solved.b)
    by_W, by_b = W - solved.W, b - solved.b
    total = solved.W.new_zeros(2)

    def sum_of(run: slice) -> Tensor:
        X = table.X[run].double()
        E = X @ W + b
        if E.shape[1] == 1:  # two classes: the score of the first is 0
            E = torch.nn.functional.pad(E, (1, 0))
        loss = torch.nn.functional.cross_entropy(E, table.t[run].long(), reduction="none")
        both = torch.stack((loss, (X @ by_W + by_b).square().amax(1)), 1)
        return both.sum(0) if table.C is None else table.C[run] @ both

    def worker() -> Callable[[slice], Tensor]:
        return sum_of

    dealt(in_runs(slice(0, len(table.X)), block_rows(table.X)), worker, total.add_)
    loss, square = (total / rows.total).tolist()
    moved, message, status = math.sqrt(square), fit.message, fit.status
    if moved >= MOVED:
        message += (
            f" Rounded to {fit.w.dtype}, its weights move margins by {moved:.1g}. "
            "Pass `X.double()` and `y.double()`."
        )
        status = Status.NO_DIGITS if moved >= LOST and status == Status.OK else status
    return replace(fit, loss=fit.loss.new_tensor(loss), message=message, status=status)
