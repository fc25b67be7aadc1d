"""A fit of classes, whatever their number: coordinates, Newton's method in them, and how that has ended."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from linreg.generalised.classes.class_passes import Arrived
from linreg.generalised.classes.class_sample import by_sample
from linreg.generalised.classes.frame import Frame
from linreg.generalised.classes.likelihood import Likelihood, Sums
from linreg.generalised.classes.log_loss import Family
from linreg.generalised.classes.newton import End, Objective
from linreg.generalised.classes.separation import Direction, Separation
from linreg.generalised.classes.targets import Classes
from linreg.inference.fitted import fitted
from linreg.result import Status

__all__ = ["Problem", "Solved", "ended"]

LIGHT = 1e-30  # of the heaviest: float32 holds its square, and no coordinates change by less
EXISTS = "No direction separates the classes: a minimum exists."


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
    u: Tensor  # (q, k)
    likelihood: Likelihood  # of all rows
    sums: Sums | None  # those at u, if they have been needed


class Problem(NamedTuple):
    """Rows, a log-loss and a penalty."""

    rows: Classes
    family: Family
    alpha: float
    intercept: bool
    standardise: bool = False

    def solved(self, steps: int) -> Solved:
        """By way of a sample where that does, and else by Newton's method."""
        if not (self.standardise and self.alpha):  # deviations are those of all rows
            start = self.family.prior(self.rows.share)
            found = by_sample(self.rows.table, self.family, self.intercept, self.alpha, start)
            if found is not None:
                return self._from_sample(*found)
        return self._by_newton(steps)

    def _from_sample(self, frame: Frame, found: Arrived) -> Solved:
        table = self.rows.table
        W, b, _ = frame.outside(self.family.scores(found.u))
        message = f"Newton's method on a sample, then {found.passes} passes over all rows."
        known = {"rank": frame.design.rank, "condition": None, "steps": found.passes}
        return Solved(
            W=W,
            b=b,
            loss=W.new_tensor(found.value / self.rows.total),
            status=Status.OK,
            message=message if self.alpha else f"{message} {EXISTS}",
            known=known,
            separation=None,
            frame=frame,
            u=found.u,
            likelihood=Likelihood(self.family, frame.design, lambda: (table,)),
            sums=None,
        )

    def _by_newton(self, steps: int) -> Solved:
        table = self.rows.table
        C = None if table.C is None else table.C.clamp(min=LIGHT).to(table.X.dtype)
        found = fitted(table.X, table.t, intercept=self.intercept, weights=C)
        frame = Frame(found.p, found.design, found.unit, self.standardise)
        frame, P = frame.penalised(self.alpha * self.rows.total)
        inside = table._replace(X=found.rows.X)  # divided by powers of two, if squares would leave the range
        likelihood = Likelihood(self.family, frame.design, lambda: (inside,)).held(inside)
        objective = Objective(likelihood, P)
        end = objective.minimised(frame.start(self.family.prior(self.rows.share)), steps)
        return ended(frame, objective, end, len(table.t), self.rows.total, self.alpha)


def ended(frame: Frame, objective: Objective, end: End, n: int, total: float, alpha: float) -> Solved:
    """What has come of n rows of this total weight."""
    of = objective.likelihood
    status, message = _verdict(objective, end, n)
    W, b, text = frame.outside(of.family.scores(end.u))
    loss, separation = W.new_tensor(end.sums.value / total), None
    if end.direction is not None:
        separation = _separation(frame, of.family, end.direction)
        W, b, loss = (torch.full_like(part, torch.nan) for part in (W, b, loss))
    elif text and alpha == 0:
        status = Status.RANK_DEFICIENT if status == Status.OK else status
        message = f"{message} {text}"
    known = {"rank": frame.design.rank, "condition": frame.design.condition, "steps": end.steps}
    return Solved(W, b, loss, status, message, known, separation, frame, end.u, of, end.sums)


def _separation(frame: Frame, family: Family, direction: Direction) -> Separation:
    W, b, _ = frame.outside(family.scores(direction.v))
    return Separation(W, b, direction.undecided == 0, direction.undecided)


def _verdict(objective: Objective, end: End, n: int) -> tuple[Status, str]:
    steps = "1 step" if end.steps == 1 else f"{end.steps} steps"
    if end.direction is not None:
        return Status.SEPARATED, _separated(n, end.direction.undecided)
    if not end.arrived and objective.singular(end):
        return Status.NO_DIGITS, (
            f"After {steps} rounding has left no curvature: chances are 0 or 1 in too many rows. "
            "Give a penalty, such as `alpha=1e-4`."
        )
    if not end.arrived:
        return Status.NOT_CONVERGED, f"After {steps} it still moves. Give it more `steps`."
    if not objective.exists(end):
        return Status.NO_DIGITS, (
            "Rounding leaves open whether a direction separates the classes: then there would be no weights. "
            "Give a penalty, such as `alpha=1e-4`, or leave out columns that tell a class by themselves."
        )
    exists = f" {EXISTS}" if objective.penalty is None else ""
    return Status.OK, f"Newton's method, {steps}.{exists}"


def _separated(n: int, undecided: int) -> str:
    which = f"{n} rows lie" if not undecided else f"{n - undecided} of {n} rows lie strictly"
    rest = f", and the other {undecided} on its boundary" if undecided else ""
    kind = "quasi-completely" if undecided else "completely"
    return (
        f"A direction separates the classes {kind}: {which} on the side of their class{rest}. The loss "
        "falls along it for ever, so no weights are the best; `separation` holds it. Give a penalty, "
        "such as `alpha=1e-4`, or leave out what tells a class by itself."
    )
