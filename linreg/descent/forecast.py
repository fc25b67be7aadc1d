r"""The loss curve of gradient descent before its first step, with and without momentum.

Along each eigenvector of the Hessian the error of the parameters shrinks by the factor
$1 - \eta \lambda_i$ a step, so the eigenvalues give the whole curve in advance; with momentum it follows a
recurrence of two terms, which has a closed form as well.
"""

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import Reduction, constant_of
from linreg.checks import check_start, check_Xy
from linreg.descent.bowl import from_rows
from linreg.descent.modes import Inertia, modes_of
from linreg.settings import check_beta, check_count, check_number
from linreg.weights import Weighing, weighing

EPS = torch.finfo(torch.float64).eps

__all__ = ["predict_loss", "predict_steps"]


@plain
def predict_loss(
    X: Tensor,
    y: Tensor,
    *,
    lr: float,
    steps: int,
    beta: float = 0.0,
    nesterov: bool = False,
    w: Tensor | None = None,
    b: Tensor | float = 0.0,
    intercept: bool = True,
    weights: Tensor | None = None,
    reduction: Reduction = "half_mean",
) -> Tensor:
    r"""Predict the loss curve of full-batch gradient descent, or of `momentum`, without running it.

    With $c_i$ the start's error along eigenvector i,
    $L_t = L^* + \frac12 \sum_i \lambda_i (1 - \eta \lambda_i)^{2t} c_i^2$. With momentum each error follows
    $c_{t+1} = (1 + \beta - \eta \lambda) c_t - \beta c_{t-1}$, or with Nesterov's slope
    $c_{t+1} = (1 - \eta \lambda) [(1 + \beta) c_t - \beta c_{t-1}]$: the roots of a quadratic, real or
    complex, give it at any t at once. Adam, L-BFGS and conjugate gradients change their steps by what they
    have seen, and no formula like this one tells their losses.

    Works in float64. Cost: O(n d^2 + d^3 + steps d).

    Args:
        X: (n, d) features.
        y: (n,) targets.
        lr: learning rate, in units of 1 / curvature.
        steps: number of steps.
        beta: momentum, as in `momentum`; 0 is descent without it.
        nesterov: with Nesterov's slope.
        w: (d,) start; zero by default.
        b: () start.
        intercept: whether `b` is fitted; otherwise it stays 0.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: the convention of the loss.

    Returns:
        (steps + 1,) losses, float64, the start's first; infinite where a divergent run overflows.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, a `y` whose squares are below the range of float64, or bad
            weights.
        RangeError: `lr` not above 0, `steps` below 0, `beta` negative or not below 1, or an unknown
            `reduction`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.1; Polyak, Introduction to
    Optimization, section 3.2, for momentum.

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
    inertia = Inertia(check_beta(beta), nesterov)
    rows = weighing(y, weights)
    times = _times(reduction, rows)
    bowl = from_rows(X, y, intercept, rows)
    t = torch.arange(steps + 1, dtype=torch.float64, device=X.device)
    half_mean = bowl.floor + modes_of(bowl, w, b).excess(lr * times, t, inertia)
    return half_mean * times


@plain
def predict_steps(
    X: Tensor,
    y: Tensor,
    *,
    lr: float,
    tolerance: float = 0.01,
    beta: float = 0.0,
    nesterov: bool = False,
    w: Tensor | None = None,
    b: Tensor | float = 0.0,
    intercept: bool = True,
    weights: Tensor | None = None,
    reduction: Reduction = "half_mean",
) -> float:
    r"""Predict the number of steps until the loss is within `tolerance` of its smallest value.

    The smallest t with $L_t \le (1 + \text{tolerance}) L^*$, from the formula of `predict_loss`, found by
    bisection; where momentum makes the error swing, bisection finds where to begin, and the formula is tried
    for one t after the other. Noise-free data have $L^* = 0$, which no number of steps reaches exactly;
    there, $L^*$ counts as the machine epsilon, 2.2e-16, of what there is to gain: the loss of the mean less
    $L^*$.

    Works in float64. Cost: O(n d^2 + d^3), however many steps the answer is; where the error swings, O(d)
    for each of them.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        lr: learning rate.
        tolerance: relative to the smallest loss, above 0: 0.01 is one per cent.
        beta: momentum, as in `momentum`; 0 is descent without it.
        nesterov: with Nesterov's slope.
        w: (d,) start; zero by default.
        b: () start.
        intercept: whether `b` is fitted; otherwise it stays 0.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: the convention of the loss.

    Returns:
        The number of steps, or `math.inf` when the rate never gets there: too large to be stable, or so
        small that float64 has no steps to count.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, a `y` whose squares are below the range of float64, or bad
            weights.
        RangeError: `lr` or `tolerance` not above 0, `beta` negative or not below 1, or an unknown
            `reduction`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.1; Polyak, Introduction to
    Optimization, section 3.2, for momentum.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [1.], [0.]]), torch.tensor([-2., 2.1, 0.1])
        >>> predict_steps(X, y, lr=0.1), predict_steps(X, y, lr=10.0)
        (96, inf)
        >>> predict_steps(X, y, lr=0.1, beta=0.5)
        38
    """
    check_number(lr, "lr", positive=True)
    check_number(tolerance, "tolerance", positive=True)
    X, y = check_Xy(X, y)
    w, b = check_start(X, w, b, intercept)
    inertia = Inertia(check_beta(beta), nesterov)
    rows = weighing(y, weights)
    times = _times(reduction, rows)
    bowl = from_rows(X, y, intercept, rows)
    worth = bowl.worth(w, b, torch.float64)
    goal = tolerance * max(bowl.floor, EPS * worth)
    return modes_of(bowl, w, b).steps(lr * times, goal, inertia)


def _times(reduction: Reduction, rows: Weighing) -> float:
    """How often the loss is the half-mean loss: a rate takes the same steps there, so many times as large."""
    return constant_of(reduction, rows) / constant_of("half_mean", rows)
