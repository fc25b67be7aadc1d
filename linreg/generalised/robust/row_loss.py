r"""What one residual costs, under four losses: the value, how fast it grows, and what the row counts for.

With $z$ the residual in units of the scale of the noise, $\rho(z)$ is the loss and $\psi = \rho'$ its slope.
A fit by $\rho$ is a least-squares fit in which each row counts $\psi(z) / z$: how much it says is what it
weighs.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import check_finite, check_tensor
from linreg.settings import check_choice, check_number

__all__ = ["LOSSES", "RowLoss", "row_loss"]

Loss = Literal["squared", "huber", "absolute", "tukey"]


class RowLoss(NamedTuple):
    """What residuals cost, each by itself.

    Attributes:
        value: the loss of each, near 0 half its square, but for the absolute loss.
        slope: its derivative, psi in the field: how strongly the row pulls.
        bend: its second derivative; below 0 where a larger residual pulls less.
        weight: slope over residual, what the row counts for in least squares: 1 where nothing is held back.
    """

    value: Tensor
    slope: Tensor
    bend: Tensor
    weight: Tensor


def _squared(z: Tensor, delta: float) -> RowLoss:
    one = torch.ones_like(z)
    return RowLoss(z.square() / 2, z, one, one)


def _huber(z: Tensor, delta: float) -> RowLoss:
    psi, size = z.clamp(-delta, delta), z.abs()
    bend = (size <= delta).to(z.dtype)
    return RowLoss(psi * (z - psi / 2), psi, bend, delta / size.clamp(min=delta))


def _absolute(z: Tensor, delta: float) -> RowLoss:
    return RowLoss(z.abs(), z.sign(), torch.zeros_like(z), 1 / z.abs())


def _tukey(z: Tensor, delta: float) -> RowLoss:
    left = (1 - (z / delta).square()).clamp(min=0)  # 0 from delta on
    weight = left.square()
    bend = left * (5 * left - 4)
    return RowLoss(delta**2 / 6 * (1 - left * weight), z * weight, bend, weight)


LOSSES: dict[str, Callable[[Tensor, float], RowLoss]] = {
    "squared": _squared,
    "huber": _huber,
    "absolute": _absolute,
    "tukey": _tukey,
}
USUAL = {"huber": 1.345, "tukey": 4.685}  # 95 % of the efficiency of least squares where the noise is normal


@plain
def row_loss(z: Tensor, loss: Loss = "huber", *, delta: float | None = None) -> RowLoss:
    r"""What single residuals cost: the value of the loss, its slope, its bend, and the weight of the row.

    | loss | value $\rho(z)$ | slope $\psi(z)$ |
    | --- | --- | --- |
    | `"squared"` | $z^2 / 2$ | $z$ |
    | `"huber"` | $z^2 / 2$, then $\delta (\lvert z \rvert - \delta / 2)$ | $z$, held at $\pm \delta$ |
    | `"absolute"` | $\lvert z \rvert$ | $\operatorname{sign} z$ |
    | `"tukey"` | $\frac{\delta^2}{6} (1 - u^3)$, $u = \max(0, 1 - z^2 / \delta^2)$ | $z u^2$ |

    Cost: O(n).

    Args:
        z: residuals of any shape, in units of the scale of the noise.
        loss: which one.
        delta: where Huber's loss becomes straight, and Tukey's level; by default 1.345 and 4.685, which
            keep 95 % of the efficiency of least squares where the noise is normal. The others have none.

    Returns:
        Four tensors of the shape of `z`. The weight of the absolute loss is infinite at 0.

    Raises:
        DtypeError: `z` is not float32 or float64, or `delta` no number.
        DataError: NaN or infinite residuals.
        RangeError: an unknown `loss`, or `delta` not above 0.

    Source: Maronna, Martin, Yohai and Salibián-Barrera, Robust Statistics, section 2.3.

    Examples:
        >>> import torch
        >>> z = torch.tensor([0.5, 1., 3.])
        >>> value, slope, bend, weight = row_loss(z, "huber", delta=1.)
        >>> value, slope
        (tensor([0.1250, 0.5000, 2.5000]), tensor([0.5000, 1.0000, 1.0000]))
        >>> row_loss(z, "tukey", delta=2.).weight
        tensor([0.8789, 0.5625, 0.0000])
    """
    z = check_tensor(z, "z")
    check_finite(z, "z")
    check_choice(loss, "loss", tuple(LOSSES))
    at = USUAL.get(loss, 1.0) if delta is None else check_number(delta, "delta", positive=True)
    return LOSSES[loss](z, at)
