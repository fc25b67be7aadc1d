r"""Adam: each parameter has a rate of its own, from the size of its own slopes."""

import math
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import Reduction
from linreg.descent.full_batch import Course, Settings
from linreg.errors import DtypeError
from linreg.result import Fit, Status
from linreg.settings import check_beta, check_number
from linreg.workers import alone

__all__ = ["adam"]


class Scaling(NamedTuple):
    """The state of Adam."""

    theta: Tensor  # (p,)
    mean: Tensor  # (p,) of the slopes, each step back counting beta_1 times the less
    square: Tensor  # (p,) of their squares, with beta_2
    steps: int = 0


def adam_step(
    state: Scaling,
    slope: Tensor,
    *,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float = 0.0,
) -> Scaling:
    r"""$\theta - \eta \hat m / (\sqrt{\hat v} + \epsilon)$; AdamW shrinks $\theta$ by $\eta \lambda$ first.

    $\hat m$ and $\hat v$ are weighted means of the slopes so far and of their squares: the sums begin at 0,
    and are divided by the weight that they have.
    """
    t = state.steps + 1
    mean = betas[0] * state.mean + (1 - betas[0]) * slope
    square = betas[1] * state.square + (1 - betas[1]) * slope.square()
    size = (square / (1 - betas[1] ** t)).sqrt() + eps
    theta = (1 - lr * weight_decay) * state.theta - lr * (mean / (1 - betas[0] ** t)) / size
    return Scaling(theta, mean, square, t)


@plain
@alone
def adam(
    X: Tensor,
    y: Tensor,
    *,
    lr: float,
    steps: int,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
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
    r"""Minimise by Adam: $\theta_{t+1} = \theta_t - \eta \, \hat m_t / (\sqrt{\hat v_t} + \epsilon)$.

    $\hat m$ and $\hat v$ are running means of the slope and of its square, parameter by parameter. Where a
    slope keeps its sign, a step is about $\eta$ long, whatever the units of the column and the convention of
    the loss: `lr` is here a length, in units of the parameters, and the number of steps is at least the
    longest way divided by it. Step for step it is `torch.optim.Adam`, and with `weight_decay`
    `torch.optim.AdamW`, whose decay $\lambda$ shrinks `w` and `b` alike and does not belong to the loss:
    the run then ends near the minimum, not in it, and not at a ridge solution either.

    At a fixed rate Adam does not stay in the minimum. Once it is there, $\hat v$ dies away, the steps grow,
    and from time to time it is thrown out and comes back. This function stops when it is there for the
    first time. With `tol=0` it runs on, and the status is that of the last point; `path.loss` shows the rest.
    No formula gives its steps in advance: `predict_loss` and `predict_steps` are for constant rates, with or
    without momentum.

    Stops by the same rule as `gradient_descent`. The answer is detached: no gradient flows through it.

    Cost: that of `gradient_descent`, and some ten operations on vectors for each step.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        lr: learning rate $\eta$, about the length of a step of each parameter.
        steps: largest number of steps.
        betas: the shares of the two running means that are kept at each step, from 0 to below 1.
        eps: what is added to the root of the mean square, in units of the slope.
        weight_decay: $\lambda$, the share of the parameters that a step takes away, over `lr`.
        w: (d,) start; zeros by default.
        b: () start.
        intercept: fit `b` as well; otherwise it stays 0.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: the convention of the loss; it changes the steps by way of `eps` alone.
        sums: take the slope from the `Statistics` of the data, as in `gradient_descent`.
        tol: share of what there was to gain that may be left; by default the machine epsilon of the
            dtype, and 0 runs all the steps.
        record: keep the whole path, (steps + 1)(d + 1) numbers.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, in the dtype of `X`: status `OK`, `NOT_CONVERGED`, or `DIVERGED` where it left the range of
        the dtype.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, a loss at the start beyond the range of the dtype, a `y`
            whose squares are below that of float64, or bad weights.
        MissingError: `progress` without tqdm.
        RangeError: `lr` or `eps` not above 0, `steps` below 0, one of `betas` negative or not below 1,
            negative `weight_decay` or `tol`, or an unknown `reduction`.

    Source: Kingma and Ba (2015), Adam: a method for stochastic optimization, section 2; Loshchilov and
    Hutter (2019), Decoupled weight decay regularization, section 2.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [1.], [0.]]), torch.tensor([-1., 3., 1.])
        >>> fit = adam(X, y, lr=0.1, steps=1000)
        >>> fit.status.value
        'ok'
    """
    check_number(lr, "lr", positive=True)
    _check_betas(betas)
    check_number(eps, "eps", positive=True)
    check_number(weight_decay, "weight_decay")
    settings = Settings(steps, w, b, intercept, reduction, sums, tol, record, progress, weights=weights)
    course = Course(X, y, settings, math.inf)
    step = partial(adam_step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    zero = torch.zeros_like(course.theta)
    end = course.run(Scaling(course.theta, zero, zero), step)
    if course.arrived():
        outcome = course.converged()
    elif course.trail.blown_up:
        outcome = _beyond(course, lr)
    elif weight_decay:
        outcome = course.not_yet("`weight_decay` keeps it from the smallest loss; at 0 it can get there.")
    elif course.stands(end, step):
        outcome = course.not_yet(course.rounded())
    else:
        outcome = course.not_yet(_nearest(course) + _advice(course, lr, eps))
    return course.fit("adamw" if weight_decay else "adam", *outcome)


def _check_betas(betas: object) -> None:
    """Require two shares."""
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise DtypeError(f"`betas` must be a pair of numbers; got {betas!r}. Pass (0.9, 0.999).")
    for beta in betas:
        check_beta(beta, "betas")


def _beyond(course: Course, lr: float) -> tuple[Status, str]:
    """What to say of a run that has left the range, in steps of about the rate."""
    t, dtype = course.trail.steps, course.X.dtype
    return (
        Status.DIVERGED,
        f"Left the range of {dtype} at step {t}: lr = {lr:.4g}. Try lr = {course.way():.4g}.",
    )


def _nearest(course: Course) -> str:
    """Whether the run has been in the minimum, and left it."""
    nearest = course.left_at(course.trail.best)
    if nearest > course.left / 10:
        return ""
    return (
        f"It was nearest after step {course.trail.best_step}, {nearest / course.worth:.2g}, and left again, "
        "as it does at a fixed rate. "
    )


def _advice(course: Course, lr: float, eps: float) -> str:
    """What to do about a run that has not arrived."""
    steepest = float(course.slope.abs().max())
    if steepest <= 10 * eps:
        return f"Its slopes, at most {steepest:.2g}, are small beside `eps`: lower `eps`."
    if not math.isfinite(float(course.slope.square().max())):
        return f"The squares of its slopes leave the range of {course.X.dtype}: scale `X` and `y` down."
    if not course.tol:
        return "`tol=0` asks for all the steps."
    way = course.way()
    if lr < way / 3:
        return f"A step is about lr = {lr:.4g} long, and a parameter has {way:.4g} to go: try lr = {way:.4g}."
    return "Give it more steps, or bring the columns to one scale first."
