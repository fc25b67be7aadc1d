r"""Methods that know how the slope changes: Newton's from the Hessian, L-BFGS from the last few steps."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import Reduction
from linreg.descent.full_batch import Course, Settings
from linreg.descent.steps import Point
from linreg.errors import DataError
from linreg.result import Fit, Status
from linreg.settings import check_count
from linreg.workers import alone

__all__ = ["lbfgs", "newton"]


def newton_step(state: Point, slope: Tensor, hessian: Tensor) -> Point:
    r"""Of Newton's method: $\theta - H^{-1} \nabla L$, to the bottom of the parabola that fits best here.

    Along directions without curvature, to rounding, the step is 0. Columns are brought to one scale first:
    what counts as rounding does not depend on units.
    """
    scale = hessian.diagonal().sqrt()
    scale = scale.where(scale > 0, 1)
    inverse = torch.linalg.pinv(hessian / scale / scale.unsqueeze(1), hermitian=True)
    step = inverse @ (slope.double() / scale) / scale
    return Point((state.theta.double() - step).to(state.theta.dtype))


class Remembering(NamedTuple):
    """The state of L-BFGS."""

    theta: Tensor  # (p,)
    pairs: tuple[
        tuple[Tensor, Tensor], ...
    ] = ()  # steps s and by how much y they changed the slope, oldest first
    before: tuple[Tensor, Tensor] | None = None  # theta and slope of the step before


def lbfgs_step(
    state: Remembering, slope: Tensor, steepness: Callable[[Tensor], Tensor], memory: int
) -> Remembering:
    r"""Along $-B \nabla L$ to the smallest loss, where B stands for $H^{-1}$ and is made of the last steps.

    `steepness` gives $p^\top H p$ of a direction p. It tells where on a parabola the loss is smallest: no
    search is needed.
    """
    pairs = state.pairs
    if state.before is not None:
        s, y = state.theta - state.before[0], slope - state.before[1]
        if float(s @ y) > 0:  # not so where rounding is all there is
            pairs = (*pairs, (s, y))[-memory:]
    p = -_applied(pairs, slope)
    steep = steepness(p)
    size = torch.where(steep > 0, -(slope @ p) / steep, 0)
    return Remembering(state.theta + size * p, pairs, (state.theta, slope))


def _applied(pairs: tuple[tuple[Tensor, Tensor], ...], slope: Tensor) -> Tensor:
    """B times a slope, by two loops over the steps: B maps each y to its s as the inverse Hessian does."""
    q, shares = slope, []
    for s, y in reversed(pairs):
        shares.append((s @ q) / (s @ y))
        q = q - shares[-1] * y
    if pairs:
        s, y = pairs[-1]
        q = q * ((s @ y) / (y @ y))
    for (s, y), share in zip(pairs, reversed(shares), strict=True):
        q = q + (share - (y @ q) / (s @ y)) * s
    return q


@plain
@alone
def newton(
    X: Tensor,
    y: Tensor,
    *,
    steps: int = 10,
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
    r"""Minimise by Newton's method: $\theta_{t+1} = \theta_t - H^{-1} \nabla L(\theta_t)$.

    Each step goes to the bottom of the parabola that has the slope and the curvature of the loss. The squared
    loss is that parabola, so the first step arrives, from any start and in any units. The next ones mend
    what rounding left: the same as refining the normal equation. Of dependent columns it moves only where
    there is curvature.

    For the answer rather than the journey, `solve` needs no Hessian, which squares the condition number.

    Stops by the same rule as `gradient_descent`. The answer is detached: no gradient flows through it.

    Cost: n d^2 operations once for the Hessian, then d^3 and 4 n d for each step.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        steps: largest number of steps.
        w: (d,) start; zeros by default.
        b: () start.
        intercept: fit `b` as well; otherwise it stays 0.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: the convention of the loss; the steps are the same for all.
        sums: take the slope from the `Statistics` of the data, as in `gradient_descent`.
        tol: share of what there was to gain that may be left; by default the machine epsilon of the
            dtype, and 0 runs all the steps.
        record: keep the whole path, (steps + 1)(d + 1) numbers.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, in the dtype of `X`: status `OK`, or `NOT_CONVERGED` where rounding keeps it from the
        minimum, or the steps ended before it.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, a loss at the start beyond the range of the dtype, a `y`
            whose squares are below that of float64, columns of `X` whose squares are not within it, or bad
            weights.
        MissingError: `progress` without tqdm.
        RangeError: `steps` below 0, negative `tol`, or an unknown `reduction`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.5.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [1.], [0.]]), torch.tensor([-1., 3., 1.])
        >>> fit = newton(X, y, w=torch.tensor([100.]))
        >>> fit, fit.steps
        (Fit(w=[2], b=1, status='ok', method='newton'), 1)
    """
    settings = Settings(steps, w, b, intercept, reduction, sums, tol, record, progress, weights=weights)
    course = Course(X, y, settings, math.inf)
    step = partial(newton_step, hessian=_checked(course.objective.hessian(), course.X))
    course.run(Point(course.theta), step)
    advice = (
        "The first step arrives and two more correct its rounding: give it three."
        if course.trail.steps < 3
        else "Rounding keeps it here, since the Hessian squares the condition number: use `solve`, or "
        "centre and scale `X`."
    )
    return course.fit("newton", *_verdict(course, advice))


def _checked(hessian: Tensor, X: Tensor) -> Tensor:
    """Require squares of the columns that float64 can tell from zero and infinity."""
    squares = hessian.diagonal()[: X.shape[1]]
    if not bool((((squares > 0) & (squares < math.inf)) | (X == 0).all(0)).all()):
        raise DataError(
            "`X` must have squares within the range of float64; its largest entry is "
            f"{float(X.abs().max()):.3g}. Multiply its columns by powers of two first, which rounds nothing."
        )
    return hessian


@plain
@alone
def lbfgs(
    X: Tensor,
    y: Tensor,
    *,
    steps: int = 1000,
    memory: int = 10,
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
    r"""Minimise by L-BFGS: the inverse Hessian of Newton's step is made up from the last `memory` steps.

    By how much the slope changed over a step tells the curvature along it, and two loops over such pairs
    replace $H^{-1} \nabla L$ with products of vectors: no d x d numbers. Along each direction it steps to
    the smallest loss, which on a parabola is known from $p^\top H p$, one product with `X`. With these exact
    steps the points are those of conjugate gradients, at any `memory`, until rounding separates them; the
    number of steps grows with the root of that of `gradient_descent`, and no rate has to be chosen.

    `torch.optim.LBFGS` is another algorithm: its steps come from a fixed rate or a search by the strong
    Wolfe conditions, and it stops by lengths in the units of the data.

    Stops by the same rule as `gradient_descent`. The answer is detached: no gradient flows through it.

    Cost: 6 n d operations for each step, with `sums` 4 d^2, and 4 `memory` d; once what `gradient_descent`
    needs.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        steps: largest number of steps.
        memory: how many steps are remembered, 2 d numbers each.
        w: (d,) start; zeros by default.
        b: () start.
        intercept: fit `b` as well; otherwise it stays 0.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: the convention of the loss; the steps are the same for all, to rounding.
        sums: take the slope from the `Statistics` of the data, as in `gradient_descent`.
        tol: share of what there was to gain that may be left; by default the machine epsilon of the
            dtype, and 0 runs all the steps.
        record: keep the whole path, (steps + 1)(d + 1) numbers.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, in the dtype of `X`: status `OK`, or `NOT_CONVERGED`.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, a loss at the start beyond the range of the dtype, a `y`
            whose squares are below that of float64, or bad weights.
        MissingError: `progress` without tqdm.
        RangeError: `steps` below 0, `memory` below 1, negative `tol`, or an unknown `reduction`.

    Source: Nocedal and Wright, Numerical Optimization, section 7.2.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [1.], [0.]]), torch.tensor([-1., 3., 1.])
        >>> fit = lbfgs(X, y)
        >>> fit, fit.steps
        (Fit(w=[2], b=1, status='ok', method='lbfgs'), 2)
    """
    check_count(memory, "memory")
    settings = Settings(steps, w, b, intercept, reduction, sums, tol, record, progress, weights=weights)
    course = Course(X, y, settings, math.inf)
    step = partial(lbfgs_step, steepness=course.objective.steepness, memory=memory)
    end = course.run(Remembering(course.theta), step)
    advice = "Give it more steps, or bring the columns to one scale."
    if not course.arrived() and course.stands(end, step):
        advice = course.rounded()
    return course.fit("lbfgs", *_verdict(course, advice))


def _verdict(course: Course, advice: str) -> tuple[Status, str]:
    """How a run without a rate has ended."""
    if course.arrived():
        return course.converged()
    if course.trail.blown_up:
        return course.beyond()
    return course.not_yet(advice if course.tol else "`tol=0` asks for all the steps.")
