"""A fit of classes, whatever their number: coordinates, Newton's method in them, and how that has ended."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from linreg.generalised.classes import Classes
from linreg.generalised.frame import Frame
from linreg.generalised.likelihood import Likelihood
from linreg.generalised.log_loss import Family
from linreg.generalised.newton import End, Objective
from linreg.generalised.separation import Separation
from linreg.inference.fitted import fitted
from linreg.result import Status

__all__ = ["Problem", "Solved"]

LIGHT = 1e-30  # of the heaviest: float32 holds its square, and no coordinates change by less


class Solved(NamedTuple):
    """What has come of it, in units of the data and float64."""

    W: Tensor  # (d, K), or (d, 1) of two classes; NaN where there is no answer
    b: Tensor  # (K,) or (1,)
    loss: Tensor  # () mean log-loss
    status: Status
    message: str
    known: dict[str, Any]  # rank, condition and steps
    separation: Separation | None
    frame: Frame
    end: End


class Problem:
    """Rows, a log-loss and a penalty.

    Args:
        rows: the data.
        family: of the log-loss.
        alpha: of the penalty.
        intercept: whether there is one.
        standardise: whether the penalty is that of standardised columns.
    """

    def __init__(
        self, rows: Classes, family: Family, alpha: float, intercept: bool, standardise: bool
    ) -> None:
        self.rows, self.family, self.alpha = rows, family, alpha
        table = rows.table
        C = None if table.C is None else table.C.clamp(min=LIGHT).to(table.X.dtype)
        found = fitted(table.X, table.t, intercept=intercept, weights=C)
        self.frame = Frame(found.p, found.design, found.unit, standardise)
        inside = table._replace(X=found.rows.X)  # divided by powers of two, if squares would leave the range
        self.likelihood = Likelihood(family, found.design, lambda: (inside,))

    def objective(self) -> Objective:
        """What is to become small."""
        times = self.alpha * self.rows.total
        return Objective(self.likelihood, self.frame.penalty() * times if times else None)

    def start(self) -> Tensor:
        """(q, k) without weights, chances as they are in all rows together."""
        u = self.frame.design.half.new_zeros(self.likelihood.q, self.family.free)
        if self.frame.design.intercept:
            u[-1] = self.family.prior(self.rows.share) * self.frame.design.weight**0.5
        return u

    def solved(self, steps: int) -> Solved:
        """By Newton's method."""
        objective, design = self.objective(), self.frame.design
        end = objective.minimised(self.start(), steps)
        status, message = self._verdict(objective, end)
        W, b, text = self.frame.outside(self.family.scores(end.u))
        loss, separation = W.new_tensor(end.sums.value / self.rows.total), None
        if status == Status.SEPARATED:
            separation = self._separation(end)
            W, b, loss = (torch.full_like(part, torch.nan) for part in (W, b, loss))
        elif text and self.alpha == 0:
            status = Status.RANK_DEFICIENT if status == Status.OK else status
            message = f"{message} {text}"
        known = {"rank": design.rank, "condition": design.condition, "steps": end.steps}
        return Solved(W, b, loss, status, message, known, separation, self.frame, end)

    def _separation(self, end: End) -> Separation:
        assert end.direction is not None
        v, undecided, _ = end.direction
        W, b, _ = self.frame.outside(self.family.scores(v))
        return Separation(W, b, undecided == 0, undecided)

    def _verdict(self, objective: Objective, end: End) -> tuple[Status, str]:
        steps = "1 step" if end.steps == 1 else f"{end.steps} steps"
        if end.direction is not None:
            return Status.SEPARATED, self._separated(end.direction.undecided)
        if not end.arrived and objective.singular(end):
            return Status.NO_DIGITS, (
                f"After {steps} rounding has left no curvature: chances are 0 or 1 in too many rows. "
                "Give a penalty, such as `alpha=1e-4`."
            )
        if not end.arrived:
            return Status.NOT_CONVERGED, f"After {steps} it still moves. Give it more `steps`."
        if not objective.exists(end):
            return Status.NO_DIGITS, (
                "Rounding leaves open whether a direction separates the classes: then there would be no "
                "weights. Give a penalty, such as `alpha=1e-4`, or leave out columns that tell a class by "
                "themselves."
            )
        if self.alpha:
            return Status.OK, f"Newton's method, {steps}."
        return Status.OK, f"Newton's method, {steps}. No direction separates the classes: a minimum exists."

    def _separated(self, undecided: int) -> str:
        n = len(self.rows.table.t)
        which = f"{n} rows lie" if not undecided else f"{n - undecided} of {n} rows lie strictly"
        rest = f", and the other {undecided} on its boundary" if undecided else ""
        kind = "quasi-completely" if undecided else "completely"
        return (
            f"A direction separates the classes {kind}: {which} on the side of their class{rest}. The loss "
            "falls along it for ever, so that no weights are the best. It is `separation`. Give a penalty, "
            "such as `alpha=1e-4`, or leave out what tells a class by itself."
        )
