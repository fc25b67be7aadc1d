r"""Gradient descent that keeps going: momentum, and Nesterov's, which looks ahead."""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import Reduction
from linreg.descent.full_batch import Course, Settings
from linreg.descent.loop import BLOW_UP
from linreg.descent.modes import Inertia
from linreg.descent.verdict import verdict
from linreg.result import Fit
from linreg.settings import check_beta, check_number
from linreg.workers import alone

__all__ = ["momentum"]


class Moving(NamedTuple):
    """The state of descent with momentum."""

    theta: Tensor  # (p,)
    velocity: Tensor  # (p,) slopes so far, each beta times the less for every step since


def momentum_step(state: Moving, slope: Tensor, *, lr: float, beta: float) -> Moving:
    r"""Of the heavy ball: $v' = \beta v + \nabla L$, then $\theta - \eta v'$."""
    velocity = beta * state.velocity + slope
    return Moving(state.theta - lr * velocity, velocity)


def nesterov_step(state: Moving, slope: Tensor, *, lr: float, beta: float) -> Moving:
    r"""The same velocity, and $\theta - \eta (\nabla L + \beta v')$: with what is known of the next move."""
    velocity = beta * state.velocity + slope
    return Moving(state.theta - lr * (slope + beta * velocity), velocity)


@plain
@alone
def momentum(
    X: Tensor,
    y: Tensor,
    *,
    lr: float,
    steps: int,
    beta: float = 0.9,
    nesterov: bool = False,
    w: Tensor | None = None,
    b: Tensor | float = 0.0,
    intercept: bool = True,
    weights: Tensor | None = None,
    reduction: Reduction = "half_mean",
    sums: bool = False,
    tol: float | None = None,
    record: bool = True,
    progress: bool = False,
) -> Fit:
    r"""Minimise by descent with momentum: $v_{t+1} = \beta v_t + \nabla L_t$, then $\theta_t - \eta v_{t+1}$.

    A ball that rolls: along a flat direction the slopes add up, across a narrow valley they cancel. With
    `nesterov` the parameters move by $\eta (\nabla L_t + \beta v_{t+1})$. Both start at rest and are, step
    for step, `torch.optim.SGD` with `momentum=beta`.

    Converges below $2 (1 + \beta) / \lambda_{\max}$, with `nesterov` below
    $\frac{2 + 2 \beta}{1 + 2 \beta} / \lambda_{\max}$; for $\beta$ near 1 these are about
    $4 / \lambda_{\max}$ and $\frac43 / \lambda_{\max}$, without momentum $2 / \lambda_{\max}$. With
    $\eta = 4 / (\sqrt L + \sqrt \mu)^2$ and $\beta = (\sqrt\kappa - 1)^2 / (\sqrt\kappa + 1)^2$ the error
    shrinks by about $\sqrt\beta$ a step: the steps grow in number with $\sqrt\kappa$ instead of $\kappa$.
    `curvature` has these numbers; `predict_loss` and `predict_steps` give the losses and the steps in
    advance. The loss may rise on the way: near the largest rate to $(1 + \beta)^2 / (1 - \beta)^2$ times that
    of the start, with `nesterov` not to 3 times.

    Stops by the same rule as `gradient_descent`. The answer is detached: no gradient flows through it.

    Cost: that of `gradient_descent`.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        lr: learning rate $\eta$, in units of 1 / curvature.
        steps: largest number of steps.
        beta: share of the velocity that is kept, from 0 to below 1; at 0 this is `gradient_descent`.
        nesterov: add the part of the next move that is already known.
        w: (d,) start; zeros by default.
        b: () start.
        intercept: fit `b` as well; otherwise it stays 0.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: the convention of the loss; the rate belongs to it.
        sums: take the slope from the `Statistics` of the data, as in `gradient_descent`.
        tol: share of what there was to gain that may be left; by default the machine epsilon of the
            dtype, and 0 runs all the steps.
        record: keep the whole path, (steps + 1)(d + 1) numbers.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, in the dtype of `X`: status `OK`, `NOT_CONVERGED`, or `DIVERGED` with the parameters
        of the smallest loss seen. `path` holds the parameters and the loss before every step and after
        the last.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, a loss at the start beyond the range of the dtype, a `y`
            whose squares are below that of float64, or bad weights.
        MissingError: `progress` without tqdm.
        RangeError: `lr` not above 0, `steps` below 0, `beta` negative or not below 1, negative `tol`,
            or an unknown `reduction`.

    Source: Polyak, Introduction to Optimization, section 3.2; Nesterov, Lectures on Convex Optimization,
    section 2.2.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [1.], [0.]]), torch.tensor([-1., 3., 1.])
        >>> fit = momentum(X, y, lr=0.5, steps=500, beta=0.5)
        >>> fit.status.value, fit.method
        ('ok', 'momentum')
        >>> print(momentum(X, y, lr=4.0, steps=500, beta=0.5).message.partition(": ")[2])
        lr = 4 is not below the largest stable rate, 2(1 + beta)/lambda_max = 3. Try lr = 1.5.
    """
    check_number(lr, "lr", positive=True)
    inertia = Inertia(check_beta(beta), nesterov)
    settings = Settings(steps, w, b, intercept, reduction, sums, tol, record, progress, weights=weights)
    # a stable rate can lift the loss to (1 + beta)^2 / (1 - beta)^2 times that of the start
    course = Course(X, y, settings, BLOW_UP / (1 - beta) ** 2)
    step = partial(nesterov_step if nesterov else momentum_step, lr=lr, beta=beta)
    end = course.run(Moving(course.theta, torch.zeros_like(course.theta)), step)
    outcome = verdict(course, lr, inertia, lambda: course.stands(end, step))
    return course.fit("nesterov" if nesterov else "momentum", *outcome)
