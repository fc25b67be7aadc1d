r"""Gradient descent on the squared loss: full batch and mini-batch, by hand and by autograd.

A run never ends in NaN: when the loss grows without bound it stops, keeps the best parameters that it
saw, and its `status` and `message` say which rate would have worked.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from linreg.checks import (
    MissingError,
    check_b,
    check_count,
    check_generator,
    check_number,
    check_start,
    check_w,
    check_Xy,
)
from linreg.curvature import Curvature, curvature, predict_steps
from linreg.loss import Reduction, gradient, gradient_from_error, weight_of
from linreg.result import Fit, Path, Status

__all__ = ["batches", "gradient_descent", "sgd", "step"]

# A stable rate never lifts the full-batch loss above its start. Ten thousand times is no rounding error.
BLOW_UP = 1e4


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
        DtypeError: the dtypes differ or are not floating point.
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
    tol: float | None = None,
    record: bool = True,
    progress: bool = False,
) -> Fit:
    r"""Minimise by full-batch gradient descent: $\theta_{t+1} = \theta_t - \eta \nabla L(\theta_t)$.

    Stops early once the gradient is `tol` times as long as at the start. Converges for
    $0 < \eta < 2 / \lambda_{\max}$; `curvature` computes that rate, `predict_steps` the number of steps.
    For the answer rather than the journey, `solve` is faster and exact.

    Cost: 4 n d operations a step. A run that diverges or falls short also measures the curvature for
    its message, O(n d^2 + d^3) once.

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
        tol: relative length of the gradient that counts as converged; by default the square root of
            the machine epsilon of the dtype, and 0 runs all the steps.
        record: keep the whole path, (steps + 1)(d + 1) numbers.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, in the dtype of `X`: status `OK`, `NOT_CONVERGED`, or `DIVERGED` with the parameters
        of the smallest loss seen. `path` holds the parameters and the loss before every step and after
        the last.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not floating point.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.
        MissingError: `progress` without tqdm.
        RangeError: `lr` not above 0, `steps` below 0, negative `tol`, an unknown `reduction`.

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
    tol = torch.finfo(X.dtype).eps ** 0.5 if tol is None else check_number(tol, "tol")
    slope = _autograd_gradient if autograd else _hand_gradient
    weight = weight_of(reduction, len(y))
    to_half_mean = weight_of("half_mean", len(y)) / weight

    start = w, b
    trail = _Trail(record)
    status, goal = Status.NOT_CONVERGED, 0.0
    for t in _progress(steps + 1, progress):
        loss, dw, db = slope(X, y, w, b, weight)
        db = db if intercept else torch.zeros_like(db)
        trail.visit(w, b)
        if trail.measure(loss, w, b):
            status = Status.DIVERGED
            break
        length = float(torch.hypot(torch.linalg.vector_norm(dw), db))
        goal = goal if t else tol * length
        if length <= goal:
            status = Status.OK
            break
        if t < steps:
            w, b = w - lr * dw, b - lr * db
    if status is Status.OK:
        message = f"Converged after {t} steps: the gradient is {tol:.2g} of its length at the start or less."
    else:
        bowl = curvature(X, intercept=intercept, reduction=reduction)
        if status is Status.DIVERGED or lr >= bowl.largest_stable_rate:
            status, message = Status.DIVERGED, _divergence(f"step {t}", lr, bowl)
        else:
            needed = predict_steps(
                X, y, lr=lr, w=start[0], b=start[1], intercept=intercept, reduction=reduction
            )
            message = (
                f"After {t} steps the gradient is not yet {tol:.2g} of its length at the start. At this rate "
                f"the loss comes within 1 % of its floor after {needed} steps; the fastest rate is "
                f"{bowl.best_rate:.4g}."
            )
    return trail.fit(w, b, status, message, "gradient_descent", t, to_half_mean)


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
    tol: float = 0.1,
    record: bool = True,
    progress: bool = False,
) -> Fit:
    r"""Minimise the squared loss by mini-batch stochastic gradient descent.

    Each epoch visits every row once, in a new random order, `batch_size` rows an update. With a
    constant rate the parameters reach the neighbourhood of the minimiser quickly and then keep moving
    in it, so the status tells whether the loss still falls from epoch to epoch.

    Cost: 4 n d operations an epoch, and 2 n d for its loss. A run that diverges also measures the
    curvature for its message, O(n d^2 + d^3) once.

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
        tol: the run has converged when its last epoch lowered the loss by this fraction or less.
        record: keep the parameters after every update, and not only the loss after every epoch.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, in the dtype of `X`: status `OK`, `NOT_CONVERGED`, or `DIVERGED` with the parameters of
        the smallest loss seen. `path.loss` is the loss of all the data, once an epoch.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not floating point.
        DeviceError: the devices differ, or the generator lies on another one.
        DataError: empty, NaN or infinite data.
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
    check_number(tol, "tol")
    slope = _autograd_gradient if autograd else _hand_gradient
    weight = weight_of(reduction, len(y))
    to_half_mean = weight_of("half_mean", len(y)) / weight

    trail = _Trail(record)
    trail.visit(w, b)
    trail.measure(slope(X, y, w, b, weight)[0], w, b)
    status, updates = Status.NOT_CONVERGED, 0
    for _ in _progress(epochs, progress):
        for X_batch, y_batch in batches(X, y, batch_size, generator=generator):
            batch_weight = weight_of(reduction, len(y_batch))
            _, dw, db = slope(X_batch, y_batch, w, b, batch_weight)
            w, b = w - lr * dw, (b - lr * db if intercept else b)
            trail.visit(w, b)
            updates += 1
        if trail.measure(slope(X, y, w, b, weight)[0], w, b):
            status = Status.DIVERGED
            break
    before, after = trail.losses[-2:]
    if status is Status.DIVERGED:
        bowl = curvature(X, intercept=intercept, reduction=reduction)
        message = _divergence(f"epoch {len(trail.losses) - 1}", lr, bowl)
    elif before - after <= tol * before:
        status = Status.OK
        message = f"The last epoch lowered the loss by {tol:.2g} of it or less: {before:.4g} to {after:.4g}."
    else:
        message = f"The loss still falls, {before:.4g} to {after:.4g} in the last epoch: give it more epochs."
    return trail.fit(w, b, status, message, "sgd", updates, to_half_mean)


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
        DtypeError: the dtypes differ or are not floating point.
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


class _Trail:
    """Where a run has been, what the loss was there, and its best point."""

    def __init__(self, record: bool) -> None:
        self.record = record
        self.points: list[tuple[Tensor, Tensor]] = []
        self.losses: list[float] = []
        self.best: tuple[Tensor, Tensor] | None = None

    def visit(self, w: Tensor, b: Tensor) -> None:
        if self.record:
            self.points.append((w, b))

    def measure(self, loss: Tensor, w: Tensor, b: Tensor) -> bool:
        """Note the loss at `w`, `b`; true if the run has blown up."""
        value = float(loss)
        if self.best is None or value < min(self.losses):
            self.best = (w, b)
        self.losses.append(value)
        return not value <= BLOW_UP * self.losses[0]  # also true for NaN

    def fit(
        self,
        w: Tensor,
        b: Tensor,
        status: Status,
        message: str,
        method: str,
        steps: int,
        to_half_mean: float,
    ) -> Fit:
        losses = torch.tensor(self.losses, dtype=w.dtype, device=w.device)
        path = None
        if self.record:
            ws, bs = zip(*self.points, strict=True)
            path = Path(torch.stack(ws), torch.stack(bs), losses)
        loss = losses[-1]
        if status is Status.DIVERGED and self.best is not None:
            (w, b), loss = self.best, losses[losses.isfinite()].min()
        return Fit(w, b, status, message, method, loss * to_half_mean, steps=steps, path=path)


def _hand_gradient(
    X: Tensor, y: Tensor, w: Tensor, b: Tensor, weight: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Loss (), derivative by w (d,) and by b (), from the formulas."""
    error = X @ w + b - y  # (n,)
    return weight * error.dot(error), *gradient_from_error(X, error, weight)


def _autograd_gradient(
    X: Tensor, y: Tensor, w: Tensor, b: Tensor, weight: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The same, by differentiating the code of the loss."""
    w, b = w.detach().requires_grad_(), b.detach().requires_grad_()
    with torch.enable_grad():
        loss = weight * (X @ w + b - y).square().sum()
    dw, db = torch.autograd.grad(loss, (w, b))
    return loss.detach(), dw, db


def _divergence(where: str, lr: float, bowl: Curvature) -> str:
    rate = bowl.largest_stable_rate
    if lr < rate:  # possible for mini-batches only: a batch can be steeper than the whole
        return f"Diverged at {where}: some batches are too steep for lr = {lr:.4g}. Try lr = {lr / 4:.4g}."
    return (
        f"Diverged at {where}: lr = {lr:.4g} is not below the largest stable rate, "
        f"2/lambda_max = {rate:.4g}. Try lr = {rate / 2:.4g}."
    )


def _progress(rounds: int, show: bool) -> Iterable[int]:
    if not show:
        return range(rounds)
    try:
        from tqdm import trange
    except ImportError as error:
        raise MissingError("`progress=True` needs tqdm. Install it: pip install tqdm") from error
    bar: Iterable[int] = trange(rounds, unit="step")
    return bar
