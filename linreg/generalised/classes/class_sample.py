r"""A fit of classes of many rows: Newton's method on a twentieth of them, then a few passes over all.

What costs most of a step of Newton's is the curvature, and a sample of the rows tells it well enough. It
begins with a few thousand rows, and goes on with eight times as many until it has the whole sample.

That there is a minimum follows from the sample as well: what moves no row away from its class moves none of
the sample, and the sums over it are part of those over all.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import BLOCK_BYTES
from linreg.basics.statistics import Statistics
from linreg.closed_form.from_sums import factored, normal_equation
from linreg.generalised.classes.class_passes import Arrived, Passes, descended
from linreg.generalised.classes.frame import Frame
from linreg.generalised.classes.likelihood import Block, Likelihood, Sums, Table
from linreg.generalised.classes.log_loss import Family
from linreg.generalised.classes.newton import End, Objective
from linreg.generalised.robust.subsample import chosen
from linreg.inference.design import Design, by_cholesky

__all__ = ["by_sample"]

FIRST, FEW = 4096, 20  # rows of the first steps, and for each column: the coordinates are made of them
MORE = 8  # times as many for the next steps
MOST, MANY = 1 << 18, 200  # rows of the sample that are enough, and for each column: passes take over then
CONDITION = 1e3  # of the columns of the sample, up to which its coordinates do for all rows
STEPS = 30


def by_sample(
    table: Table, family: Family, intercept: bool, alpha: float, start: Tensor
) -> tuple[Frame, Arrived] | None:
    """The fit by way of a sample; None where there are few rows, or the sample does not tell enough.

    Args:
        table: all rows.
        family: of the log-loss.
        intercept: whether there is one.
        alpha: of the penalty on raw columns.
        start: (k,) margins without features.
    """
    runs = chosen(*table.X.shape)
    if runs is None or table.X.is_cuda:
        return None
    samples = _samples(table, runs)
    frame = _frame(samples[0], intercept)
    if frame is None:
        return None
    frame, P = frame.penalised(alpha)
    near = _near(samples, frame, family, P, start)
    found = None if near is None else descended(Passes(table, frame, family, P), *near)
    if found is None:
        return None
    few = _objective(Likelihood(family, frame.design, samples[0].tables), samples[0], P)
    sums = few.likelihood.at(found.before)
    return (frame, found) if few.exists(End(found.before, sums, sums.value, found.slope)) else None


class _Sample(NamedTuple):
    """Some of the rows."""

    table: Table  # all
    runs: list[slice]  # those that are taken, all of the same length

    @property
    def rows(self) -> int:
        """How many they are."""
        return sum(int(run.stop - run.start) for run in self.runs)

    @property
    def weight(self) -> float:
        """What they count for."""
        return sum(self.table.part(run).weight for run in self.runs)

    def tables(self) -> Iterator[Table]:
        """Copies, of half as many together as the cache holds beside what is made of them.

        All together would take no less time, and twice the memory.
        """
        X, t, C = self.table
        together = max(BLOCK_BYTES * len(self.runs) // (32 * self.rows * X.shape[1]), 1)
        for i in range(0, len(self.runs), together):
            some = self.runs[i : i + together]
            yield Table(_joined(X, some), _joined(t, some), None if C is None else _joined(C, some))


def _joined(part: Tensor, runs: list[slice]) -> Tensor:
    return torch.cat([part[run] for run in runs])


def _samples(table: Table, runs: list[slice]) -> list[_Sample]:
    """Each with more rows, all of them spread as evenly."""
    whole, d = _Sample(table, runs), table.X.shape[1]
    whole = _Sample(table, runs[:: -(-whole.rows // max(MOST, MANY * d))])
    hops = [max(whole.rows // max(FIRST, FEW * d), 1)]
    while hops[-1] > 1:
        hops.append(max(hops[-1] // MORE, 1))
    return [_Sample(table, whole.runs[::hop]) for hop in hops]


def _frame(sample: _Sample, intercept: bool) -> Frame | None:
    """Coordinates in which these rows are orthonormal."""
    X = sample.table.X
    sums = Statistics(X.shape[1], device=X.device)
    for part in sample.tables():
        if not bool(part.X.sum().isfinite()):  # an error names a row of all of them
            return None
        sums.update(part.X, part.t, weights=None if part.C is None else part.C.to(X.dtype))
    p = normal_equation(sums, intercept, torch.finfo(X.dtype).eps)
    factor = factored(p)
    if not factor.condition <= CONDITION or bool(sums.unit.any()):
        return None
    return Frame(p, by_cholesky(p, factor, intercept), torch.zeros_like(p.shift))


def _near(
    samples: list[_Sample], frame: Frame, family: Family, P: Tensor | None, start: Tensor
) -> tuple[Tensor, Tensor] | None:
    """Near the minimum, u (q, k), and the inverse of the curvature of all rows there, about."""
    u = frame.start(start)
    for sample in samples:
        objective = _objective(Rough(family, frame.design, sample.tables), sample, P)
        # After a step by this share of the margins the curvature is as good as so many rows tell it.
        end = objective.minimised(u, STEPS, (len(u) / sample.rows) ** 0.25)
        if not end.arrived:
            return None
        u = end.u
    L, failed = torch.linalg.cholesky_ex(objective.bend(end.sums))
    return None if bool(failed) else (u, torch.cholesky_inverse(L) * (sample.weight / sample.table.weight))


def _objective(likelihood: Likelihood, sample: _Sample, P: Tensor | None) -> Objective:
    return Objective(likelihood, None if P is None else P * sample.weight)


class Rough(Likelihood):
    """The log-loss summed over shifted columns, and only the sums taken to coordinates: half the products.

    The curvature loses as many digits as the square of the condition of the columns has, and keeps more than
    a sample tells. Whether there is a minimum it does not say.
    """

    def __init__(self, family: Family, design: Design, tables: Callable[[], Iterable[Table]]) -> None:
        super().__init__(family, design, tables)
        T = torch.vstack((self.D, self.by))
        self.T = torch.nn.functional.pad(T, (0, 0, 0, -len(T) % 8))  # (d + 1, q), and rows of zeros

    def _block(self, table: Table, run: slice) -> Block:
        X, t, C = table.part(run)
        z, d = self.T.new_zeros(len(X), len(self.T)), X.shape[1]
        torch.sub(X, self.design.shift, out=z[:, :d])
        z[:, d] = 1
        return Block(X, z, t, C)

    def margins(self, z: Tensor, u: Tensor) -> Tensor:
        return z @ (self.T @ u)

    def at(self, u: Tensor) -> Sums:
        return super().at(u)._replace(pull=0.0, gap=0.0, far=0.0)  # these are of coordinates

    def inside(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        k = self.family.free
        T = torch.kron(self.T, torch.eye(k, dtype=flat.dtype, device=flat.device))
        slope, M = flat[: len(T)], flat[len(T) :].view(len(T), len(T))
        return (T.T @ slope).view(-1, k), T.T @ M @ T
