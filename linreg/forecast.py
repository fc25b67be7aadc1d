r"""What the data say about gradient descent before its first step.

The squared loss is a bowl. Along each eigenvector of its Hessian the error of the parameters shrinks
by the factor $1 - \eta \lambda_i$ a step, so the eigenvalues give the stable rates, the best rate, and
the whole loss curve in advance.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.bowl import Bowl, factor, from_rows
from linreg.checks import DataError, check_count, check_number, check_start, check_X, check_Xy
from linreg.keep import ByValue
from linreg.loss import Reduction, weight_of

EPS = torch.finfo(torch.float64).eps

__all__ = ["Curvature", "curvature", "predict_loss", "predict_steps"]


@dataclass(frozen=True, repr=False, eq=False)
class Curvature(ByValue):
    r"""Eigenvalues and eigenvectors of the Hessian, and the learning rates that follow from them.

    Args:
        eigenvalues: (k,) ascending, 0 for each column that depends on others; k is d + 1 with an
            intercept, else d.
        eigenvectors: (k, k), one a column, for the parameters in the order (b, w).

    Examples:
        >>> import torch
        >>> bowl = curvature(torch.tensor([[1., 0.], [0., 3.]]), intercept=False)
        >>> bowl.largest_stable_rate * bowl.L
        2.0
    """

    eigenvalues: Tensor
    eigenvectors: Tensor

    @property
    def mu(self) -> float:
        r"""Smallest eigenvalue $\mu$, the curvature of the flattest direction; 0 for dependent columns."""
        return float(self.eigenvalues[0])

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
        r"""$2 / \lambda_{\max}$: below it descent on all rows converges, above it diverges.

        Mini-batches diverge at smaller rates.
        """
        return 2 / self.L

    @property
    def best_rate(self) -> float:
        r"""$2 / (\mu + L)$: the fastest fixed rate, error times $\frac{\kappa - 1}{\kappa + 1}$ a step.

        With dependent columns $\mu$ is here the smallest eigenvalue above 0: descent never moves along
        the others.
        """
        return 2 / (float(self.eigenvalues[self.eigenvalues > 0][0]) + self.L)

    def __repr__(self) -> str:
        return (
            f"Curvature(mu={self.mu:.4g}, L={self.L:.4g}, kappa={self.kappa:.4g}, "
            f"largest_stable_rate={self.largest_stable_rate:.4g}, best_rate={self.best_rate:.4g})"
        )


@plain
def curvature(X: Tensor, *, intercept: bool = True, reduction: Reduction = "half_mean") -> Curvature:
    r"""Measure the curvature: the eigenvalues $\lambda_i$ of the Hessian $\frac1n \tilde X^\top \tilde X$.

    Takes them as squared singular values of $\tilde X$: the smallest ones, which decide on the number
    of steps, drown in rounding errors when the Hessian is formed first.

    Works in float64. Cost: O(n d^2 + d^3).

    Args:
        X: (n, d) features.
        intercept: whether the model has one.
        reduction: the convention of the loss; the rates belong to it.

    Returns:
        Eigenvalues, eigenvectors and the rates.

    Raises:
        ShapeError: `X` is not (n, d).
        DtypeError: `X` is not a tensor of float32 or float64.
        DataError: empty, NaN or infinite data, nothing but zeros, or entries whose squares overflow.
        RangeError: an unknown `reduction`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.1; Polyak, Introduction to
    Optimization, section 1.4.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[1., 0.], [0., 3.]])
        >>> curvature(X, intercept=False)
        Curvature(mu=0.5, L=4.5, kappa=9, largest_stable_rate=0.4444, best_rate=0.4)
    """
    X = check_X(X).detach()
    return curvature_of(factor(X, intercept), 2 * weight_of(reduction, len(X)), X)


def curvature_of(R: Tensor, weight: float, X: Tensor) -> Curvature:
    """That of the Hessian `weight` R'R, from R (k, p) that was made of `X`."""
    _, s, Vh = torch.linalg.svd(R)  # s descends
    rank = _rank(R)
    eigenvalues = R.new_zeros(len(Vh))
    eigenvalues[:rank] = weight * s[:rank].square()
    if not 0 < float(eigenvalues[0]) < math.inf:
        raise DataError(
            "`X` must have an entry other than 0, and squares within the range of float64; its largest entry "
            f"is {float(X.abs().max()):.3g}. Check where the features come from, or rescale them."
        )
    return Curvature(eigenvalues.flip(0), Vh.T.flip(1))


def _rank(R: Tensor) -> int:
    """The number of independent columns, judged after scaling each to length 1."""
    lengths = torch.linalg.vector_norm(R, dim=0)
    s = torch.linalg.svdvals(R / lengths.where(lengths > 0, 1))
    return int((s > 8 * torch.finfo(R.dtype).eps * R.shape[1]).sum())


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
