"""`RobustFit`: a fit, the scale that its residuals were measured by, and what each row has counted for."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.held import times_two_to
from linreg.closed_form.accuracy import within_range
from linreg.closed_form.from_sums import in_units
from linreg.closed_form.narrow import told
from linreg.closed_form.shortest import shortest, shortest_text
from linreg.generalised.robust.sample import Sample
from linreg.result import Fit, Status

__all__ = ["End", "RobustFit", "in_steps"]


@dataclass(frozen=True, eq=False, kw_only=True)
class RobustFit(Fit):
    r"""A fit by a loss that large residuals do not dominate.

    Its `loss` is the mean of the loss that was minimised: $\sigma^2 \rho(r / \sigma)$ in squared units of
    `y`, half the square for small residuals; of `absolute` it is $|r|$, in units of `y`.

    Args:
        scale: () the scale $\sigma$ of the noise, in units of `y`; None of `absolute`, which needs none.
        row_weights: (n,) the share of its weight in least squares that each row keeps, from 0 to 1. Rows to
            which the weight 0 was given have 0.
        excess: how far `loss` may be above the smallest one, in its units, where that is known.
    """

    scale: Tensor | None
    row_weights: Tensor
    excess: float | None = None

    def __repr__(self) -> str:
        head, _, tail = super().__repr__().partition(", status=")
        known = "" if self.scale is None else f", scale={float(self.scale):.5g}"
        return f"Robust{head}{known}, status={tail}"


def in_steps(steps: int) -> str:
    """How a message names them."""
    return "1 step" if steps == 1 else f"{steps} steps"


class End(NamedTuple):
    """Where a method has ended, in the units in which it has computed."""

    sample: Sample
    u: Tensor
    method: str
    loss: float
    value: Callable[[Tensor], float]  # of residuals, which `loss` is
    power: int  # of the unit of y, that the loss has
    scale: float | None
    row_weights: Tensor
    status: Status
    message: str
    steps: int
    excess: float | None = None

    def fit(self, dtype: torch.dtype, counting: Tensor | None) -> RobustFit:
        """The fit, of columns that may depend on each other the shortest; `counting` (n,) rows were used."""
        sample, design, found = self.sample, self.sample.design, self.sample.found
        w, b = sample.parameters(self.u)[0], sample.intercept(self.u)
        status, message = self.status, self.message
        if design.rank < len(w):
            w, b, text = self._shortest(w, b)
            message = f"{message} {text}"
            status = Status.RANK_DEFICIENT if status == Status.OK else status
        y = found.unit[-1]
        value, share = (self.loss, 0.0) if dtype == w.dtype else self._rounded(w, b, dtype)
        loss = w.new_tensor(value)
        for _ in range(2):  # `in_units` takes squares for granted
            loss = times_two_to(loss, y * (self.power / 2 - 1))
        condition = None if found.rows.X is not sample.X else design.condition  # that of a part of the rows
        plain = Fit(w, b, status, message, self.method, loss, design.rank, condition, self.steps)
        plain = told(within_range(in_units(plain, found.unit), dtype), share)
        return RobustFit(
            **vars(plain),
            scale=None if self.scale is None else times_two_to(w.new_tensor(self.scale), y).to(dtype),
            row_weights=self._weights(counting).to(dtype),
            excess=None if self.excess is None else self.excess * 2.0 ** (float(y) * self.power),
        )

    def _rounded(self, w: Tensor, b: Tensor, dtype: torch.dtype) -> tuple[float, float]:
        """The loss of w and b in this dtype, and by what share of the spread of y predictions move."""
        sample, size = self.sample, self.sample.found.p.y_size
        r = sample.residuals_of(w.to(dtype).double(), b.to(dtype).double())
        loss = self.value(r)
        if not math.isfinite(loss):  # beyond the dtype
            return self.loss, 0.0
        square = sample.mean((r - sample.residuals_of(w, b)).square())
        return loss, math.sqrt(square) / size if size else 0.0

    def _shortest(self, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor, str]:
        """Of all answers with these predictions."""
        found, design = self.sample.found, self.sample.design
        rows = torch.linalg.qr(design.whole.T).Q.T
        v = w * found.p.scale
        moved, certain = shortest(v, rows, found.p.size, design.doubt)
        short = moved * found.p.factor
        return short, b - design.mean @ (short - w), shortest_text(len(w), design.rank, certain)

    def _weights(self, counting: Tensor | None) -> Tensor:
        if counting is None:
            return self.row_weights
        of_all = self.row_weights.new_zeros(len(counting))
        of_all[counting] = self.row_weights
        return of_all
