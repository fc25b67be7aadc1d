r"""From near the minimum of a log-loss to the minimum, by passes over all rows that take the slope alone.

The inverse of the curvature, as a sample of the rows tells it, leaves of the slope a tenth to a hundredth at
each pass. The updates of Broyden, Fletcher, Goldfarb and Shanno mend it from what the passes have seen. The
last step is not looked at any more: it is taken where even the worst of those before would have been enough.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import BLOCK_BYTES, in_runs
from linreg.generalised.classes.frame import Frame
from linreg.generalised.classes.likelihood import Table
from linreg.generalised.classes.log_loss import Family
from linreg.workers import alone, dealt

__all__ = ["Arrived", "Passes", "descended"]

FAR = 100.0  # means in units of deviations, up to which two digits at most are lost to them
COLUMNS = 32  # from which on a sum brings rows from memory faster than a product does
TOL = 1e-10  # of the mean slope, of columns of deviation 1
SOON = 1e-5  # of it: what a step changes of the loss is from then on the mean of the slopes times the step
PASSES = 30
VECTORS = 8  # of numbers of each row and class, that a loss and its slope are made of


class Arrived(NamedTuple):
    """Where the passes have ended."""

    u: Tensor  # (q, k)
    value: float  # sum of the losses of all rows
    before: Tensor  # (q, k) u before the last step
    slope: Tensor  # (q, k) that of the objective there
    passes: int


class Passes:
    """The slope of all rows, in one pass over them without a copy.

    Args:
        table: the rows.
        frame: the coordinates.
        family: of the log-loss.
        P: (q, q) of the penalty on the mean loss, if any.
    """

    def __init__(self, table: Table, frame: Frame, family: Family, P: Tensor | None) -> None:
        self.table, self.family, self.P, design = table, family, P, frame.design
        self.D, self.by = design.directions()
        self.shift = design.shift
        far = (design.mean * design.factor).abs().max() * design.weight**0.5
        self.moved = table.X.dtype == torch.float32 or float(far) > FAR
        self.total = table.weight
        self.unit = design.weight**0.5 / self.total  # to the mean slope, of columns of deviation 1

    def pulled(self, u: Tensor) -> Tensor:
        """(q, k) the slope of the penalty."""
        return torch.zeros_like(u) if self.P is None else self.total * (self.P @ u)

    @alone
    def slope(self, u: Tensor, value: bool) -> tuple[Tensor, float]:
        """(q, k) the sum of the slopes at u, and of the losses if wanted."""
        table, (d, k) = self.table, (len(self.D), u.shape[1])
        W, b = self.D @ u, self.by @ u
        if not self.moved:  # what the shift would have done to all rows alike
            b = b - self.shift @ W
        total = u.new_zeros((d + 1) * k + 1)

        beside = (d if self.moved else 0) + VECTORS * k
        m = max(BLOCK_BYTES // (8 * (d + beside)), 512)

        def worker() -> Callable[[slice], Tensor]:
            copy = u.new_empty(min(m, len(table.X)) if self.moved else 0, d)
            return lambda run: self._run(table.part(run), copy, W, b, value)

        dealt(in_runs(slice(0, len(table.X)), m), worker, total.add_)
        raw, ones = total[: d * k].view(d, k), total[d * k : -1]
        if not self.moved:
            raw = raw - torch.outer(self.shift, ones)
        return self.D.T @ raw + torch.outer(self.by, ones), float(total[-1])

    def _run(self, part: Table, copy: Tensor, W: Tensor, b: Tensor, value: bool) -> Tensor:
        X = torch.sub(part.X, self.shift, out=copy[: len(part.X)]) if self.moved else part.X
        if len(W) >= COLUMNS and not self.moved:
            X.sum()  # for nothing but to have them in the cache
        M = (X @ W).add_(b)
        loss = self.family.value(M, part.t) if value else b[:0]
        r = self.family.residuals(M, part.t)
        if part.C is not None:
            r = r * part.C.unsqueeze(1)
            loss = loss * part.C if value else loss
        return torch.cat(((X.T @ r).flatten(), r.sum(0), loss.sum().reshape(1)))


class _Point(NamedTuple):
    """What a pass has found, and where to go."""

    u: Tensor  # (q, k)
    slope: Tensor  # (q, k) of the losses
    whole: Tensor  # (q, k) of the objective
    left: float  # the largest entry of its mean, of columns of deviation 1


def descended(passes: Passes, u: Tensor, B: Tensor) -> Arrived | None:
    """The minimum; None if that does not come nearer.

    Args:
        passes: over all rows.
        u: (q, k) the start, near the minimum.
        B: (q k, q k) the inverse of the curvature there, about.
    """
    value, last, worst = None, None, 0.0
    step = torch.zeros_like(u)
    for count in range(1, PASSES + 1):
        wanted = value is None and last is not None and last.left <= SOON
        slope, loss = passes.slope(u, wanted)
        whole = slope + passes.pulled(u)
        at = _Point(u, slope, whole, float(whole.abs().max()) * passes.unit)
        if not at.left < 1:
            return None
        if last is not None:
            worst = max(worst, at.left / last.left)
            B = _mended(B, step.flatten(), (whole - last.whole).flatten())
            value = None if value is None else value + float(((slope + last.slope) * step).sum()) / 2
        value = loss if wanted else value
        step = -(B @ whole.flatten()).view_as(u)
        if at.left * (worst or 1.0) <= TOL:
            value = passes.slope(u, True)[1] if value is None else value
            return Arrived(u + step, value + float((slope * step).sum()), u, whole, count)
        u, last = u + step, at
    return None


def _mended(B: Tensor, s: Tensor, y: Tensor) -> Tensor:
    """The inverse nearest to B that makes the step s of the change y of the slope."""
    sy = float(s @ y)
    if sy <= 0:  # rounding: the objective is convex
        return B
    By = B @ y
    mixed = torch.outer(By, s)
    return B + torch.outer(s, s) * ((sy + float(y @ By)) / sy**2) - (mixed + mixed.T) / sy
