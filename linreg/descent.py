r"""Gradient descent on the squared loss: full batch and mini-batch, by hand and by autograd.

A run never ends in NaN: when the loss grows without bound it stops, keeps the best parameters that it
saw, and its `status` and `message` say which rate would have worked.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.bowl import Bowl, bowl_of
from linreg.checks import (
    DataError,
    MissingError,
    RangeError,
    check_b,
    check_count,
    check_generator,
    check_number,
    check_start,
    check_w,
    check_Xy,
)
from linreg.forecast import curvature_of, modes_of
from linreg.loss import Reduction, gradient, loss_and_gradient, weight_of
from linreg.noise import Run
from linreg.products import pass_over
from linreg.result import Fit, Path, Status
from linreg.statistics import Statistics
from linreg.wide import UNKNOWN, Wide
from linreg.workers import alone

__all__ = ["batches", "gradient_descent", "sgd", "step"]

# A stable rate never lifts the full-batch loss above its start. Ten thousand times is no rounding error.
BLOW_UP = 1e4
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
    objective = _Objective(reduction, intercept, autograd, added.slope() if added else None)
    start = w, b

    loss, dw, db = objective.slope(X, y, w, b)
    trail = _Trail(w, b, loss, record)
    bowl = bowl_of(X, y, intercept, added)
    worth = bowl.worth(w, b, X.dtype)
    goal, to_half_mean = tol * worth, objective.to_half_mean(len(y))
    # A loss above this, with all its rounding, is not yet worth a closer look.
    near = (bowl.floor + goal) * (1 + 10 * torch.finfo(X.dtype).eps ** 0.5)
    near += 1e-12 * (bowl.height + bowl.floor)
    blown_up = False
    for _ in _progress(steps, "step", progress):
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


@plain
@alone
def sgd(
    X: Tensor,
    y: Tensor,
    *,
    lr: float,
    epochs: int,
    batch_size: int,
    generator: torch.Generator,
    w: Tensor | None = None,
    b: Tensor | float = 0.0,
    intercept: bool = True,
    reduction: Reduction = "half_mean",
    autograd: bool = False,
    tol: float | None = None,
    record: bool = True,
    progress: bool = False,
) -> Fit:
    r"""Minimise the squared loss by mini-batch stochastic gradient descent.

    Each epoch visits every row once, in a new random order, `batch_size` rows an update. With a
    constant rate the parameters reach the neighbourhood of the minimiser quickly and then keep moving
    in it. How far above the smallest loss they do so, the noise floor, follows from the rows, the rate and
    the batch size before the first step; the status tells whether the run has come down to it.
    Every batch order is stable for rates below twice the one that the message of a diverged run names.

    Cost: 4 n d operations an epoch, and 4 n d for its loss; for the status n d^2 once, and 4 n d^2 for each
    of the few terms of a series for the noise floor.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        lr: learning rate, in units of 1 / curvature.
        epochs: number of passes over the data.
        batch_size: rows an update; the last batch of an epoch has what is left.
        generator: the source of the order of the rows.
        w: (d,) start; zeros by default.
        b: () start.
        intercept: fit `b` as well; otherwise it stays 0.
        reduction: the convention of the loss, over the rows of a batch.
        autograd: take the gradient from autograd instead of the formula.
        tol: converged is also an excess loss of at most `tol` times what there was to gain, as for
            `gradient_descent`; by default the machine epsilon of the dtype.
        record: keep the parameters after every update, and not only the loss after every epoch.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, in the dtype of `X`. Status `OK`: the excess loss is within the noise floor that the message
        names, three standard deviations above the mean of settled runs whose batches are drawn
        independently; at the end of a shuffled epoch they lie lower. `NOT_CONVERGED`: it is above, or the
        rate is beyond the largest at which runs settle on average. `DIVERGED`: with the parameters of the
        smallest loss seen. `path.loss` is the loss of all the data, once an epoch.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ, or the generator lies on another one.
        DataError: empty, NaN or infinite data, a loss at the start beyond the range of the dtype, or
            a `y` whose squares are below that of float64.
        MissingError: `progress` without tqdm.
        RangeError: `lr` not above 0, `epochs` or `batch_size` below 1, negative `tol`, an unknown
            `reduction`.

    Source: Bottou, Curtis and Nocedal (2018), Optimization methods for large-scale machine learning,
    section 4.

    Examples:
        >>> import torch
        >>> from linreg import simulate
        >>> generator = torch.Generator().manual_seed(0)
        >>> X, y = simulate(generator=generator)
        >>> fit = sgd(X, y, lr=0.03, epochs=3, batch_size=10, generator=generator)
        >>> fit.status.value, fit.steps
        ('ok', 300)
    """
    X, y = check_Xy(X, y)
    check_number(lr, "lr", positive=True)
    check_count(epochs, "epochs")
    check_count(batch_size, "batch_size")
    check_generator(generator, X.device)
    w, b = check_start(X, w, b, intercept)
    tol = torch.finfo(X.dtype).eps if tol is None else check_number(tol, "tol")
    objective = _Objective(reduction, intercept, autograd)
    n = len(y)

    trail = _Trail(w, b, objective.slope(X, y, w, b)[0], record)
    bowl = bowl_of(X, y, intercept)
    worth = bowl.worth(w, b, X.dtype)
    blown_up = False
    whole = weight_of(reduction, n)
    with torch.inference_mode():  # an eighth of the time of a small update goes into what autograd might need
        for _ in _progress(epochs, "epoch", progress):
            for X_batch, y_batch in batches(X, y, batch_size, generator=generator):
                loss, dw, db = objective.slope(X_batch, y_batch, w, b)
                # What these rows alone add to the loss of all tells of a blow-up before it reaches NaN.
                if trail.too_large(float(loss) * whole / weight_of(reduction, len(y_batch))):
                    break
                w, b = w - lr * dw, b - lr * db
                trail.move(w, b)
            blown_up = trail.measure(w, b, objective.slope(X, y, w, b)[0])
            if blown_up:
                break

    run = Run(X, y, bowl, intercept, lr, min(batch_size, n), reduction)
    if blown_up:
        status, message = run.diverged(trail.steps)
    else:
        status, message = run.verdict(trail.steps, bowl.excess(w, b), tol * worth)
    return trail.fit("sgd", status, message, objective.to_half_mean(n))


@plain
def batches(
    X: Tensor, y: Tensor, batch_size: int, *, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Deal the rows into batches of `batch_size`, in a random order, each row once.

    Cost: O(n d), a copy of the batch at hand.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        batch_size: rows a batch; the last has what is left.
        generator: the source of the order.

    Returns:
        An iterator of pairs, `X` (m, d) and `y` (m,).

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ, or the generator lies on another one.
        DataError: empty, NaN or infinite data.
        RangeError: `batch_size` below 1.

    Examples:
        >>> import torch
        >>> X, y = torch.arange(5.).unsqueeze(1), torch.arange(5.)
        >>> [len(y_batch) for _, y_batch in batches(X, y, 2, generator=torch.Generator())]
        [2, 2, 1]
    """
    X, y = check_Xy(X, y)
    check_count(batch_size, "batch_size")
    check_generator(generator, X.device)
    order = torch.randperm(len(y), generator=generator, device=X.device)
    return ((X[rows], y[rows]) for rows in torch.split(order, batch_size))


class _Objective(NamedTuple):
    """Which loss to descend, and how to get its gradient."""

    reduction: Reduction
    intercept: bool
    autograd: bool
    from_sums: Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]] | None = None

    def slope(self, X: Tensor, y: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss (), derivative by w (d,) and by b (), which is 0 where b is not fitted."""
        weight = weight_of(self.reduction, len(y))
        if self.from_sums is not None:
            found = self.from_sums(w.double(), b.double())
            loss, dw, db = ((2 * len(y) * weight * part).to(w.dtype) for part in found)
        else:
            loss, dw, db = (_autograd_gradient if self.autograd else loss_and_gradient)(X, y, w, b, weight)
        return loss, dw, db if self.intercept else torch.zeros_like(db)

    def to_half_mean(self, n: int) -> float:
        return weight_of("half_mean", n) / weight_of(self.reduction, n)


def _autograd_gradient(
    X: Tensor, y: Tensor, w: Tensor, b: Tensor, weight: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Loss and derivatives, by differentiating the code of the loss."""

    def products(X: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.inference_mode(False), torch.enable_grad():  # whatever the caller has switched off
            at = [t.clone().requires_grad_() for t in (w, b)]
            X = X.clone() if X.is_inference() else X  # autograd keeps no tensor that was made without it
            loss = weight * (X @ at[0] + at[1] - y).square().sum()
            dw, db = torch.autograd.grad(loss, at)
        return loss.detach(), dw, db

    loss, dw, db = pass_over(X, y, products)
    return loss, dw, db


class _Trail:
    """Where a run has been, what the loss was there, and its best point."""

    def __init__(self, w: Tensor, b: Tensor, loss: Tensor, record: bool) -> None:
        if not math.isfinite(float(loss)):
            raise DataError(
                f"The loss at the start must be within the range of {loss.dtype}; it overflows. "
                "Scale `X` and `y` down, or start closer."
            )
        self.record = record
        self.points = [(w, b)]
        self.losses = [float(loss)]
        self.steps = 0
        self.here = self.best = (w, b)
        self.least = self.losses[0]

    def move(self, w: Tensor, b: Tensor) -> None:
        self.steps += 1
        if self.record:
            self.points.append((w, b))

    def too_large(self, loss: float) -> bool:
        return not loss <= BLOW_UP * self.losses[0] or math.isinf(loss)  # `not <=` is also true for NaN

    def measure(self, w: Tensor, b: Tensor, loss: Tensor) -> bool:
        """Note the loss at `w`, `b`; true if the run has blown up."""
        value = float(loss)
        if math.isfinite(value):
            self.here = (w, b)
            self.losses.append(value)
        else:  # out of range: not a point to keep
            self.points = self.points[: self.steps]
        if value < self.least:
            self.least, self.best = value, (w, b)
        return self.too_large(value)

    def fit(self, method: str, status: Status, message: str, to_half_mean: float) -> Fit:
        diverged = status is Status.DIVERGED
        w, b = (part.clone() for part in (self.best if diverged else self.here))  # ordinary tensors again
        losses = w.new_tensor(self.losses)
        path = None
        if self.record:
            ws, bs = zip(*self.points, strict=True)
            path = Path(torch.stack(ws), torch.stack(bs), losses)
        loss = (losses.min() if diverged else losses[-1]) * to_half_mean
        return Fit(w, b, status, message, method, loss, steps=self.steps, path=path)


def _progress(rounds: int, unit: str, show: bool) -> Iterable[int]:
    if not show:
        return range(rounds)
    try:
        from tqdm import trange
    except ImportError as error:
        raise MissingError("`progress=True` needs tqdm. Install it: pip install tqdm") from error
    bar: Iterable[int] = trange(rounds, unit=unit)
    return bar
