r"""The loss curve of gradient descent before its first step.

Along each eigenvector of the Hessian the error of the parameters shrinks by the factor
$1 - \eta \lambda_i$ a step, so the eigenvalues give the whole curve in advance.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import Reduction, weight_of
from linreg.checks import check_count, check_number, check_start, check_Xy
from linreg.descent.bowl import Bowl, from_rows

EPS = torch.finfo(torch.float64).eps

__all__ = ["modes_of", "predict_loss", "predict_steps"]


@plain
def predict_loss(
    X: Tensor,
    y: Tensor,
    *,
    lr: float,
    steps: int,
    w: Tensor | None = None,
    b: Tensor | float = 0.0,
    intercept: bool = True,
    reduction: Reduction = "half_mean",
) -> Tensor:
    r"""Predict the loss curve of full-batch gradient descent without running it.

    With $c_i$ the start's error along eigenvector i,
    $L_t = L^* + \frac12 \sum_i \lambda_i (1 - \eta \lambda_i)^{2t} c_i^2$.

    Works in float64. Cost: O(n d^2 + d^3 + steps d).

    Args:
        X: (n, d) features.
        y: (n,) targets.
        lr: learning rate, in units of 1 / curvature.
        steps: number of steps.
        w: (d,) start; zero by default.
        b: () start.
        intercept: whether `b` is fitted; otherwise it stays 0.
        reduction: the convention of the loss.

    Returns:
        (steps + 1,) losses, float64, the start's first; infinite where a divergent run overflows.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, or a `y` whose squares are below the range of float64.
        RangeError: `lr` not above 0, `steps` below 0, or an unknown `reduction`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.1.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [1.]]), torch.tensor([-2., 2.])
        >>> predict_loss(X, y, lr=0.4, steps=3)
        tensor([2.0000, 0.7200, 0.2592, 0.0933], dtype=torch.float64)
    """
    check_number(lr, "lr", positive=True)
    check_count(steps, "steps", least=0)
    X, y = check_Xy(X, y)
    w, b = check_start(X, w, b, intercept)
    bowl = from_rows(X, y, intercept)
    t = torch.arange(steps + 1, dtype=torch.float64, device=X.device)
    half_mean = bowl.floor + modes_of(bowl, w, b).excess(_as_half_mean(lr, reduction, len(y)), t)
    return half_mean * (weight_of(reduction, len(y)) / weight_of("half_mean", len(y)))


@plain
def predict_steps(
    X: Tensor,
    y: Tensor,
    *,
    lr: float,
    tolerance: float = 0.01,
    w: Tensor | None = None,
    b: Tensor | float = 0.0,
    intercept: bool = True,
    reduction: Reduction = "half_mean",
) -> float:
    r"""Predict the number of steps until the loss is within `tolerance` of its smallest value.

    The smallest t with $L_t \le (1 + \text{tolerance}) L^*$, from the formula of `predict_loss`, found by
    bisection. Noise-free data have $L^* = 0$, which no number of steps reaches exactly; there, $L^*$ counts
    as the machine epsilon, 2.2e-16, of what there is to gain: the loss of the mean less $L^*$.

    Works in float64. Cost: O(n d^2 + d^3), however many steps the answer is.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        lr: learning rate.
        tolerance: relative to the smallest loss, above 0: 0.01 is one per cent.
        w: (d,) start; zero by default.
        b: () start.
        intercept: whether `b` is fitted; otherwise it stays 0.
        reduction: the convention of the loss.

    Returns:
        The number of steps, or `math.inf` when the rate never gets there: too large to be stable, or so
        small that float64 has no steps to count.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, or a `y` whose squares are below the range of float64.
        RangeError: `lr` or `tolerance` not above 0, or an unknown `reduction`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.1.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [1.], [0.]]), torch.tensor([-2., 2.1, 0.1])
        >>> predict_steps(X, y, lr=0.1), predict_steps(X, y, lr=10.0)
        (96, inf)
    """
    check_number(lr, "lr", positive=True)
    check_number(tolerance, "tolerance", positive=True)
    X, y = check_Xy(X, y)
    w, b = check_start(X, w, b, intercept)
    bowl = from_rows(X, y, intercept)
    worth = bowl.worth(w, b, torch.float64)
    return modes_of(bowl, w, b).steps(
        _as_half_mean(lr, reduction, len(y)), tolerance * max(bowl.floor, EPS * worth)
    )


@dataclass(frozen=True, eq=False)
class Modes:
    """The half-mean loss in the coordinates of the eigenvectors: a sum of independent parabolas."""

    eigenvalues: Tensor  # (k,) descending
    energies: Tensor  # (k,) lambda_i c_i^2 / 2, the excess loss of the start along each eigenvector

    def excess(self, lr: float, t: Tensor) -> Tensor:
        factor = (1 - lr * self.eigenvalues).abs()  # (k,)
        excess = self.energies * factor ** (2 * t.unsqueeze(1))  # (len(t), k)
        # 0 * inf: an overflowing factor of a mode that the start does not excite
        return torch.where(self.energies == 0, 0.0, excess).sum(1)

    def steps(self, lr: float, goal: float) -> float:
        """The smallest number of steps after which the excess is at most `goal`, by bisection."""

        def reached(t: int) -> bool:
            at = torch.tensor([t], dtype=torch.float64, device=self.energies.device)
            return bool(self.excess(lr, at) <= goal)

        if reached(0):
            return 0
        if lr * float(self.eigenvalues[0]) >= 2:  # some mode grows, or never shrinks
            return math.inf
        high = 1
        while not reached(high):
            high *= 2
            if high > 2**60:  # from here on float64 cannot tell 1 - lr * lambda from 1
                return math.inf
        low = high // 2  # not reached there
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(middle) else (middle, high)
        return high


def modes_of(bowl: Bowl, w: Tensor, b: Tensor) -> Modes:
    """The modes of a start."""
    U, s, _ = torch.linalg.svd(bowl.R, full_matrices=False)
    # s_i c_i, by way of R times the error: the units of a column then cancel before anything is rounded
    energies = (U.T @ (bowl.R @ (bowl.joined(w, b) - bowl.best))).square() / 2
    return Modes(s.square(), energies)


def _as_half_mean(lr: float, reduction: Reduction, n: int) -> float:
    """The rate that takes the same steps on the half-mean loss."""
    return lr * weight_of(reduction, n) / weight_of("half_mean", n)
