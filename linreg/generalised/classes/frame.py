r"""From coordinates of a design to weights, and what a penalty on the weights is in coordinates.

Where columns depend on each other many weights have the same margins: the shortest of them are taken, and
these are what a penalty sees.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.held import times_two_to
from linreg.closed_form.from_sums import System
from linreg.closed_form.shortest import shortest, shortest_text
from linreg.errors import DataError
from linreg.inference.design import Design

__all__ = ["Frame"]

APART = 1e7  # penalties of shortest weights, up to which these keep half their digits


class Frame(NamedTuple):
    """A design, and where it comes from."""

    p: System
    design: Design
    unit: Tensor  # (d + 1,) exponents of the powers of two by which columns were divided
    standardise: bool = False  # whether weights are compared for columns of deviation 1

    def start(self, margins: Tensor) -> Tensor:
        """(q, k) of these margins (k,) in all rows; 0 without an intercept."""
        u = self.design.half.new_zeros(self.design.unknowns, len(margins))
        if self.design.intercept:
            u[-1] = margins * self.design.weight**0.5
        return u

    def outside(self, u: Tensor) -> tuple[Tensor, Tensor, str]:
        """W (d, k) and b (k,) of u (q, k), in units of the data; and what is to say of dependent columns."""
        p, design, text = self.p, self.design, ""
        D, by = design.directions()
        W = D @ u
        b = by @ u - design.shift @ W
        if design.rank < len(W):
            rows = torch.linalg.qr(design.whole.T).Q.T
            size = torch.ones_like(p.scale) if self.standardise else p.size
            found = [shortest(w * p.scale, rows, size, design.doubt) for w in W.T]
            short = torch.stack([v * p.factor for v, _ in found], 1)
            b = b - design.mean @ (short - W)
            W = short
            text = shortest_text(len(W), design.rank, all(certain for _, certain in found))
        return times_two_to(W, -self.unit[:-1].unsqueeze(1)), b, text

    def deviations(self) -> Tensor:
        """(d,) standard deviations of the columns, without an intercept root mean squares."""
        found: Tensor = times_two_to(self.p.scale, self.unit[:-1]) * self.design.weight**-0.5
        return found

    def penalty(self) -> Tensor:
        r"""(q, q) P for which $u^\top P u$ is the squared length of the weights; 0 for the intercept."""
        half = self._penalised()[0]
        P = half.T @ half
        if not bool(P.isfinite().all() and (P.diagonal() > 0).all()):
            raise DataError(
                "`X` must have columns for whose weights squares are within the range of float64, or no "
                "penalty can add them up. Multiply its columns by powers of two, or give `standardise=True`."
            )
        return torch.nn.functional.pad(P, (0, self.design.intercept, 0, self.design.intercept))

    def penalised(self, times: float) -> tuple["Frame", Tensor | None]:
        """Coordinates in which a penalty can be added up, and what so much of it is there; None for none."""
        if not times:
            return self, None
        frame = self.graded()
        return frame, frame.penalty() * times

    def graded(self) -> "Frame":
        """The same in other coordinates: a penalty holds the first most, and each weight by as few as can be.

        Columns in units apart have weights that are penalised as far apart. Were the weight of which a
        penalty takes most a mixture of all coordinates, rounding of its share would cover all others.
        """
        (half, size), design = self._penalised(), self.design
        order = torch.linalg.vector_norm(half, dim=1).argsort(descending=True)
        Q, R = torch.linalg.qr(half[order].T)
        pulls = R.diagonal().abs()
        if size is None and not bool((pulls[:1] <= APART * pulls).all()):
            return self
        turned = design.half @ Q
        if size is not None:
            turned[order] = R.T * size[order].unsqueeze(1)  # the same, with zeros that are 0
        return self._replace(design=design._replace(half=turned, whole=Q.T @ design.whole))

    def _penalised(self) -> tuple[Tensor, Tensor | None]:
        """A matrix whose product with u is as long as the weights; these divided by (d,), where they are."""
        design, length = self.design, self.design.weight**0.5
        size = torch.full_like(self.p.scale, length) if self.standardise else self.deviations() * length
        if design.rank == len(size):
            return design.half / size.unsqueeze(1), size
        R = torch.linalg.qr((design.whole * size).T).R  # the shortest v / size for which whole @ v is u
        one = torch.eye(len(R), dtype=R.dtype, device=R.device)
        return torch.linalg.solve_triangular(R, one, upper=True).T, None
