r"""Gradient descent on the squared loss: of all the rows at each step, by hand and by autograd.

A run never ends in NaN: when the loss grows without bound it stops, keeps the best parameters that it
saw, and its `status` and `message` say which rate would have worked.
"""

import math

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import Reduction, gradient
from linreg.basics.statistics import Statistics
from linreg.checks import check_b, check_count, check_number, check_start, check_w, check_Xy
from linreg.descent.bowl import Bowl, bowl_of
from linreg.descent.curvature import curvature_of
from linreg.descent.forecast import modes_of
from linreg.descent.trail import Objective, Trail, rounds
from linreg.descent.wide import UNKNOWN, Wide
from linreg.errors import RangeError
from linreg.result import Fit, Status
from linreg.workers import alone

__all__ = ["gradient_descent", "step"]

MANY = 10**6  # steps beyond which a message advises something else than to wait


@plain
def step(X: Tensor, y: Tensor, w: Tensor, b: Tensor | float, lr: float) -> tuple[Tensor, Tensor]:
    r"""Take one step of gradient descent: $w - \eta \nabla_w L$, $b - \eta \, \partial L / \partial b$.

    Pure: nothing is modified, and both parameters move at once.

    Cost: O(n d).

    Args:
        X: (n, d) features.
        y: (n,) targets.
        w: (d,) weights before the step.
        b: () intercept before the step.
        lr: learning rate $\eta$, in units of 1 / curvature.

    Returns:
        (d,) weights and () intercept after the step.

    Raises:
        ShapeError: `y` is not (n,), `w` not (d,) or `b` not a scalar.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.
        RangeError: `lr` not above 0.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[1.], [2.]]), torch.tensor([1., 2.])
        >>> step(X, y, torch.tensor([0.]), 0.0, lr=0.1)
        (tensor([0.2500]), tensor(0.1500))
    """
    check_number(lr, "lr", positive=True)
    dw, db = gradient(X, y, w, b)
    return check_w(X, w) - lr * dw, check_b(X, b) - lr * db


@plain
@alone
def gradient_descent(
    X: Tensor,
    y: Tensor,
    *,
    lr: float,
    steps: int,
    w: Tensor | None = None,
    b: Tensor | float = 0.0,
    intercept: bool = True,
    reduction: Reduction = "half_mean",
    autograd: bool = False,
    sums: bool = False,
    tol: float | None = None,
    record: bool = True,
    progress: bool = False,
) -> Fit:
    r"""Minimise by full-batch gradient descent: $\theta_{t+1} = \theta_t - \eta \nabla L(\theta_t)$.

    Stops once the excess over the smallest loss is at most `tol` times what there was to gain: the loss of
    the mean model (without an intercept, of zero) less the smallest. The smallest loss is computed
    beforehand, so the test does not depend on the units of the columns. Where `y` is constant and nothing
    is to be gained, the excess at zero or at the start takes its place. Converges for
    $0 < \eta < 2 / \lambda_{\max}$; `curvature` computes that rate, `predict_steps` the number of steps.
    For the answer rather than the journey, `solve` is faster and exact.

    The answer is detached: no gradient flows through it.

    Cost: 4 n d operations a step, with `sums` 2 d^2; n d^2 once, for the smallest loss, and some ten times
    that with a condition number above 1000. Of more than 2048 columns no d x d numbers are formed: the
    smallest loss comes from conjugate gradients, 4 n d operations each, and a step costs 6 n d.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        lr: learning rate $\eta$, in units of 1 / curvature.
        steps: largest number of steps.
        w: (d,) start; zeros by default, since a convex loss needs no random start.
        b: () start.
        intercept: fit `b` as well; otherwise it stays 0.
        reduction: the convention of the loss; the rate belongs to it.
        autograd: take the gradient from autograd instead of the formula; the same numbers, slower.
        sums: take it from the `Statistics` of the data, added up once in float64: the same path to
            rounding, at a price a step that does not depend on n. A loss below 1e-16 of that of the mean
            is rounding.
        tol: share of what there was to gain that may be left; by default the machine epsilon of the
            dtype, 1.2e-7 or 2.2e-16, and 0 runs all the steps.
        record: keep the whole path, (steps + 1)(d + 1) numbers.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, in the dtype of `X`: status `OK`, `NOT_CONVERGED`, or `DIVERGED` with the parameters
        of the smallest loss seen. `path` holds the parameters and the loss before every step and after
        the last; a step out of the range of the dtype is left out.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, a loss at the start beyond the range of the dtype, or
            a `y` whose squares are below that of float64.
        MissingError: `progress` without tqdm.
        RangeError: `lr` not above 0, `steps` below 0, negative `tol`, an unknown `reduction`, or
            `autograd` together with `sums`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [1.]]), torch.tensor([-1., 3.])
        >>> fit = gradient_descent(X, y, lr=0.5, steps=100)
        >>> fit.status.value, fit.steps
        ('ok', 12)
        >>> print(gradient_descent(X, y, lr=3.0, steps=100).message)
        Diverged at step 7: lr = 3 is not below the largest stable rate, 2/lambda_max = 2. Try lr = 1.
    """
    X, y = check_Xy(X, y)
    check_number(lr, "lr", positive=True)
    check_count(steps, "steps", least=0)
    w, b = check_start(X, w, b, intercept)
    tol = torch.finfo(X.dtype).eps if tol is None else check_number(tol, "tol")
    if autograd and sums:
        raise RangeError(
            "`sums` must be False where `autograd` is True; got both. Autograd needs the rows: pick one."
        )
    added = Statistics.of(X, y) if sums else None
    objective = Objective(reduction, intercept, autograd, added.slope() if added else None)
    start = w, b

    loss, dw, db = objective.slope(X, y, w, b)
    trail = Trail(w, b, loss, record)
    bowl = bowl_of(X, y, intercept, added)
    worth = bowl.worth(w, b, X.dtype)
    goal, to_half_mean = tol * worth, objective.to_half_mean(len(y))
    # A loss above this, with all its rounding, is not yet worth a closer look.
    near = (bowl.floor + goal) * (1 + 10 * torch.finfo(X.dtype).eps ** 0.5)
    near += 1e-12 * (bowl.height + bowl.floor)
    blown_up = False
    for _ in rounds(steps, "step", progress):
        if blown_up or (tol and trail.losses[-1] * to_half_mean <= near and bowl.excess(w, b) <= goal):
            break
        w, b = w - lr * dw, b - lr * db
        loss, dw, db = objective.slope(X, y, w, b)
        trail.move(w, b)
        blown_up = trail.measure(w, b, loss)

    t, left = trail.steps, bowl.excess(w, b)
    if not blown_up and left <= goal:
        message = (
            f"Converged after {t} steps: the excess loss is at most {tol:.2g} of what there was to gain."
        )
        return trail.fit("gradient_descent", Status.OK, message, to_half_mean)
    if isinstance(bowl, Wide):
        rate, best_rate = 2 * to_half_mean / bowl.steepness(), None
    else:
        rates = curvature_of(bowl.R, 1 / to_half_mean, X)
        rate, best_rate = rates.largest_stable_rate, rates.best_rate
    if lr >= rate * (1 - 1e-12):  # at the limit itself, to rounding, an error neither grows nor shrinks
        status = Status.DIVERGED
        message = (
            f"Diverged at step {t}: lr = {lr:.4g} is not below the largest stable rate, "
            f"2/lambda_max = {rate:.4g}. Try lr = {rate / 2:.4g}."
        )
    elif blown_up:
        status = Status.DIVERGED
        message = f"Left the range of {X.dtype} at step {t}. Scale `X` and `y` down, or start closer."
    else:
        status = Status.NOT_CONVERGED
        stuck = torch.equal(w - lr * dw, w) and torch.equal(b - lr * db, b)
        needed = _needed(bowl, *start, lr / to_half_mean, goal)
        message = (
            f"After {t} steps the excess loss is {left / worth:.2g} of what there was to gain, "
            f"not yet {tol:.2g}. {_advice(tol, needed, stuck or needed <= t, best_rate, X.dtype)}"
            if left < math.inf
            else UNKNOWN
        )
    return trail.fit("gradient_descent", status, message, to_half_mean)


def _needed(bowl: Bowl | Wide, w: Tensor, b: Tensor, lr: float, goal: float) -> float:
    """How many steps from here would have an excess of at most `goal`; NaN where that is not known."""
    if isinstance(bowl, Wide):
        return math.nan
    return modes_of(bowl, w, b).steps(lr, goal) if goal > 0 else math.inf


def _advice(tol: float, needed: float, rounded: bool, best_rate: float | None, dtype: torch.dtype) -> str:
    """What to do about a run that has come close to nothing yet."""
    if rounded:
        return f"{dtype} rounds too much to come closer: centre and scale `X`, or centre `y`."
    if best_rate is None:
        return "Give it more steps, and bring the columns to one scale."
    if not tol:
        return f"`tol=0` asks for all the steps; the fastest rate is {best_rate:.4g}."
    if needed < MANY:
        return f"At this rate it takes {needed} steps; the fastest rate is {best_rate:.4g}."
    return "At this rate it takes millions of steps: bring the columns to one scale first."
