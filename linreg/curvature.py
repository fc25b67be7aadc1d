r"""What the data say about gradient descent before its first step.

The squared loss is a bowl. Along each eigenvector of its Hessian the error of the parameters shrinks
by the factor $1 - \eta \lambda_i$ a step, so the eigenvalues give the stable rates, the best rate, and
the whole loss curve in advance.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from linreg.checks import DataError, check_count, check_number, check_start, check_Xy
from linreg.direct import solve
from linreg.loss import Reduction, hessian, weight_of

__all__ = ["Curvature", "curvature", "predict_loss", "predict_steps"]


@dataclass(frozen=True, repr=False)
class Curvature:
    r"""Eigenvalues and eigenvectors of the Hessian, and the learning rates that follow from them.

    Args:
        eigenvalues: (k,) ascending; k is d + 1 with an intercept, else d.
        eigenvectors: (k, k), one a column, for the parameters in the order (b, w).
    """

    eigenvalues: Tensor
    eigenvectors: Tensor

    @property
    def mu(self) -> float:
        r"""Smallest eigenvalue $\mu$, the curvature of the flattest direction; 0 for dependent columns."""
        return max(float(self.eigenvalues[0]), 0.0)

    @property
    def L(self) -> float:
        r"""Largest eigenvalue, $L = \lambda_{\max}$, the curvature of the steepest direction."""
        return float(self.eigenvalues[-1])

    @property
    def kappa(self) -> float:
        r"""Condition number $\kappa = L / \mu$ of the Hessian: the number of steps grows with it."""
        return self.L / self.mu if self.mu > 0 else math.inf

    @property
    def largest_stable_rate(self) -> float:
        r"""$2 / \lambda_{\max}$: below it gradient descent converges, above it diverges."""
        return 2 / self.L

    @property
    def best_rate(self) -> float:
        r"""$2 / (\mu + L)$: the fastest fixed rate, error times $\frac{\kappa - 1}{\kappa + 1}$ a step."""
        return 2 / (self.mu + self.L)

    def __repr__(self) -> str:
        return (
            f"Curvature(mu={self.mu:.4g}, L={self.L:.4g}, kappa={self.kappa:.4g}, "
            f"largest_stable_rate={self.largest_stable_rate:.4g}, best_rate={self.best_rate:.4g})"
        )


def curvature(X: Tensor, *, intercept: bool = True, reduction: Reduction = "half_mean") -> Curvature:
    r"""Measure the curvature: the eigenvalues $\lambda_i$ of the Hessian $\frac1n \tilde X^\top \tilde X$.

    Works in float64. Cost: O(n d^2 + d^3).

    Args:
        X: (n, d) features.
        intercept: whether the model has one.
        reduction: the convention of the loss; the rates belong to it.

    Returns:
        Eigenvalues, eigenvectors and the rates.

    Raises:
        ShapeError: `X` is not (n, d).
        DtypeError: `X` is not a floating-point tensor.
        DataError: empty, NaN or infinite data, or nothing but zeros.
        RangeError: an unknown `reduction`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.1; Polyak, Introduction to
    Optimization, section 1.4.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[1., 0.], [0., 3.]])
        >>> curvature(X, intercept=False)
        Curvature(mu=0.5, L=4.5, kappa=9, largest_stable_rate=0.4444, best_rate=0.4)
    """
    H = hessian(X, intercept=intercept, reduction=reduction).double()
    eigenvalues, eigenvectors = torch.linalg.eigh(H)
    if float(eigenvalues[-1]) <= 0:
        raise DataError(
            "`X` must have an entry other than 0; all are 0, so the loss does not depend on `w`. "
            "Check where the features come from."
        )
    return Curvature(eigenvalues, eigenvectors)


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

    Works in float64. Cost: O(n d^2 + d^3 + steps d), whatever the number of rows per step would cost.

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
        DtypeError: the dtypes differ or are not floating point.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.
        RangeError: `lr` not above 0, `steps` below 0, or an unknown `reduction`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.1.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [1.]]), torch.tensor([-2., 2.])
        >>> predict_loss(X, y, lr=0.5, steps=3)
        tensor([2.0000, 0.5000, 0.1250, 0.0312], dtype=torch.float64)
    """
    check_number(lr, "lr", positive=True)
    check_count(steps, "steps", least=0)
    modes = _modes(X, y, w, b, intercept, reduction)
    t = torch.arange(steps + 1, dtype=torch.float64, device=X.device)
    return modes.loss(lr, t)


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
    bisection. Noise-free data have $L^* = 0$, which no number of steps reaches.

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
        The number of steps, or `math.inf` when the rate never gets there.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not floating point.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.
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
    modes = _modes(X, y, w, b, intercept, reduction)
    goal = (1 + tolerance) * modes.floor

    def reached(t: int) -> bool:
        at = torch.tensor([t], dtype=torch.float64, device=X.device)
        return bool(modes.loss(lr, at) <= goal)

    if reached(0):
        return 0
    if lr * float(modes.eigenvalues[-1]) >= 2:  # some mode grows, or never shrinks
        return math.inf
    high = 1
    while not reached(high):
        high *= 2
        if high > 2**60:  # the floor is zero, or below what float64 tells from it
            return math.inf
    low = high // 2  # not reached
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


@dataclass(frozen=True)
class _Modes:
    """The loss in the coordinates of the eigenvectors, where it is a sum of independent parabolas."""

    eigenvalues: Tensor  # (k,)
    energies: Tensor  # (k,) lambda_i c_i^2 / 2, the excess loss of the start along each eigenvector
    floor: float  # the smallest loss

    def loss(self, lr: float, t: Tensor) -> Tensor:
        factor = (1 - lr * self.eigenvalues).abs()  # (k,)
        excess = self.energies * factor ** (2 * t.unsqueeze(1))  # (len(t), k)
        # 0 * inf: an overflowing factor of a mode that the start does not excite
        return self.floor + torch.where(self.energies == 0, 0.0, excess).sum(1)


def _modes(
    X: Tensor,
    y: Tensor,
    w: Tensor | None,
    b: Tensor | float,
    intercept: bool,
    reduction: Reduction,
) -> _Modes:
    X, y = check_Xy(X, y)
    w, b = check_start(X, w, b, intercept)
    bowl = curvature(X, intercept=intercept, reduction=reduction)
    best = solve(X.double(), y.double(), intercept=intercept)
    error = w.double() - best.w
    if intercept:
        error = torch.cat(((b.double() - best.b).unsqueeze(0), error))
    c = bowl.eigenvectors.T @ error
    floor = float(best.loss) * weight_of(reduction, len(y)) / weight_of("half_mean", len(y))
    eigenvalues = bowl.eigenvalues.clamp(min=0)
    return _Modes(eigenvalues, eigenvalues * c**2 / 2, floor)
