r"""A fit of classes of many rows: Newton's method on a twentieth of them, then a few passes over all.

What costs most of a step of Newton's is the curvature, and a sample of the rows tells it well enough: with
its inverse, each pass over all rows, which takes the slope alone, leaves a tenth to a hundredth of what the
slope was. The updates of Broyden, Fletcher, Goldfarb and Shanno mend the inverse from what the passes have
seen.

That there is a minimum follows from the sample as well: what moves no row away from its class moves none of
the sample, and the sums over it are part of those over all.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import in_runs
from linreg.basics.statistics import Statistics
from linreg.closed_form.from_sums import factored, normal_equation
from linreg.generalised.classes.frame import Frame
from linreg.generalised.classes.likelihood import Likelihood, Table
from linreg.generalised.classes.log_loss import Family
from linreg.generalised.classes.newton import End, Objective
from linreg.generalised.robust.subsample import chosen
from linreg.inference.design import by_cholesky
from linreg.workers import alone, dealt

__all__ = ["Arrived", "by_sample"]

EPS = torch.finfo(torch.float64).eps
FIRST, FEW = 4096, 20  # rows of the first steps, and for each column: the coordinates are made of them
MOST, MANY = 1 << 16, 200  # rows of the sample that are enough, and for each column: passes take over then
CONDITION = 1e3  # of the columns of the sample, up to which its coordinates do for all rows
FAR = 100.0  # means in units of deviations, up to which two digits at most are lost to them
ROUGH, NEAR = 0.3, 0.1  # by how much margins may still move: after the first steps, and in the sample
TOL = 1e-10  # of the mean slope, of columns of deviation 1
SOON = 3.0  # times that: where a pass as good as the last would leave no more, it is to find the loss as well
STEPS, PASSES = 30, 30
RUN_BYTES = 3 << 18  # of rows taken at a time: they stay in the cache from the first product to the second


class Arrived(NamedTuple):
    """Where the passes have ended."""

    frame: Frame
    u: Tensor  # (q, k)
    value: float  # sum of the losses of all rows
    passes: int


def by_sample(table: Table, family: Family, intercept: bool, alpha: float, start: Tensor) -> Arrived | None:
    """The fit by way of a sample; None where there are few rows, or the sample does not tell enough.

    Args:
        table: all rows.
        family: of the log-loss.
        intercept: whether there is one.
        alpha: of the penalty on raw columns.
        start: (k,) margins without features.
    """
    some = chosen(*table.X.shape)
    if some is None or table.X.is_cuda:
        return None
    enough = max(MOST, MANY * table.X.shape[1])
    some = some[:: max(len(some) * (some[0].stop - some[0].start) // enough, 1)]
    parts = [_part(table, run) for run in some]
    least = max(FIRST, FEW * table.X.shape[1])
    few = parts[:: max(len(parts) * len(parts[0].t) // least, 1)]
    frame = _frame(few, intercept)
    if frame is None:
        return None
    u = frame.start(start)
    P = frame.penalty() * alpha if alpha else None
    objectives = []
    for tables, near in ((few, ROUGH), (parts, NEAR)):
        objectives.append(_objective(family, frame, tables, P))
        end = objectives[-1].minimised(u, STEPS, near)
        if not end.arrived or end.direction is not None:
            return None
        u = end.u
    B = _inverse(objectives[-1].bend(end.sums))
    if B is None:
        return None
    B = B * (_weight(parts) / _weight([table]))
    return _over_all(objectives[0], frame, u, B, Passes(table, frame, family), P)


def _objective(family: Family, frame: Frame, tables: list[Table], P: Tensor | None) -> Objective:
    return Objective(
        Likelihood(family, frame.design, lambda: tables), None if P is None else P * _weight(tables)
    )


def _part(table: Table, run: slice) -> Table:
    return Table(table.X[run], table.t[run], None if table.C is None else table.C[run])


def _weight(tables: list[Table]) -> float:
    return sum(float(len(part.t) if part.C is None else part.C.sum()) for part in tables)


def _frame(parts: list[Table], intercept: bool) -> Frame | None:
    """Coordinates in which these rows are orthonormal."""
    X = parts[0].X
    sums = Statistics(X.shape[1], device=X.device)
    for part in parts:
        if not bool(part.X.sum().isfinite()):  # an error names a row of all of them
            return None
        sums.update(part.X, part.t, weights=None if part.C is None else part.C.to(X.dtype))
    p = normal_equation(sums, intercept, torch.finfo(X.dtype).eps)
    factor = factored(p)
    if not factor.condition <= CONDITION or bool(sums.unit.any()):
        return None
    return Frame(p, by_cholesky(p, factor, intercept), torch.zeros_like(p.shift))


class Passes:
    """The slope of all rows, in one pass over them without a copy.

    Args:
        table: the rows.
        frame: the coordinates.
        family: of the log-loss.
    """

    def __init__(self, table: Table, frame: Frame, family: Family) -> None:
        self.table, self.family, design = table, family, frame.design
        self.D, self.by = design.directions()
        self.shift = design.shift
        far = (design.mean * design.factor).abs().max() * design.weight**0.5
        self.moved = table.X.dtype == torch.float32 or float(far) > FAR
        self.total = _weight([table])

    @alone
    def slope(self, u: Tensor, value: bool) -> tuple[Tensor, float]:
        """(q, k) the sum of the slopes at u, and of the losses if wanted."""
        table, (d, k) = self.table, (len(self.D), u.shape[1])
        W, b = self.D @ u, self.by @ u
        if not self.moved:  # what the shift would have done to all rows alike
            b = b - self.shift @ W
        total = u.new_zeros((d + 1) * k + 1)

        def worker() -> Callable[[slice], Tensor]:
            return lambda run: self._run(_part(table, run), W, b, value)

        rows = max(RUN_BYTES // (8 * d), 512)
        dealt(in_runs(slice(0, len(table.X)), rows), worker, total.add_)
        raw, ones = total[: d * k].view(d, k), total[d * k : -1]
        if not self.moved:
            raw = raw - torch.outer(self.shift, ones)
        return self.D.T @ raw + torch.outer(self.by, ones), float(total[-1])

    def _run(self, part: Table, W: Tensor, b: Tensor, value: bool) -> Tensor:
        X = part.X.double() - self.shift if self.moved else part.X
        M = torch.addmm(b, X, W)
        r = self.family.residuals(M, part.t)
        loss = self.family.value(M, part.t) if value else b[:0]
        if part.C is not None:
            r = r * part.C.unsqueeze(1)
            loss = loss * part.C if value else loss
        return torch.cat(((X.T @ r).flatten(), r.sum(0), loss.sum().reshape(1)))


def _over_all(
    few: Objective, frame: Frame, u: Tensor, B: Tensor, passes: Passes, P: Tensor | None
) -> Arrived | None:
    """From u, near the minimum, to the minimum of all rows; None if that does not come nearer.

    Args:
        few: the objective of the first rows, which tells whether there is a minimum.
        frame: the coordinates.
        u: (q, k) the start.
        B: (q k, q k) the inverse of the curvature there, about.
        passes: over all rows.
        P: (q, q) of the penalty on the mean loss, if any.
    """
    unit = frame.design.weight**0.5 / passes.total  # to the mean slope, of columns of deviation 1
    before, step, left, last = None, None, 1.0, False
    for count in range(1, PASSES + 1):
        slope, value = passes.slope(u, last)
        whole = slope if P is None else slope + passes.total * (P @ u)
        rest, left = left, float(whole.abs().max()) * unit
        if left <= TOL:
            return _certified(few, frame, u, slope, value or passes.slope(u, True)[1], count)
        if not left < 1:
            return None
        if before is not None and step is not None:
            B = _mended(B, step, (whole - before).flatten())
        last = left**2 <= SOON * TOL * rest
        step = -(B @ whole.flatten())
        u, before = u + step.view_as(u), whole
    return None


def _certified(
    few: Objective, frame: Frame, u: Tensor, slope: Tensor, value: float, passes: int
) -> Arrived | None:
    """The end, if there is a minimum for certain."""
    sums = few.likelihood.at(u)
    return Arrived(frame, u, value, passes) if few.exists(End(u, sums, sums.value, slope)) else None


def _inverse(bend: Tensor) -> Tensor | None:
    L, failed = torch.linalg.cholesky_ex(bend)
    return None if bool(failed) else torch.cholesky_inverse(L)


def _mended(B: Tensor, s: Tensor, y: Tensor) -> Tensor:
    """The inverse nearest to B that makes the step s of the change y of the slope."""
    sy = float(s @ y)
    if sy <= 0:  # rounding: the objective is convex
        return B
    By = B @ y
    mixed = torch.outer(By, s)
    return B + torch.outer(s, s) * ((sy + float(y @ By)) / sy**2) - (mixed + mixed.T) / sy
