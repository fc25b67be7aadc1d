"""Stochastic gradient descent: the rows dealt into batches, an update for each."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import Reduction, weight_of
from linreg.basics.objective import Objective
from linreg.checks import check_start, check_Xy
from linreg.descent.bowl import bowl_of
from linreg.descent.loop import Trail, rounds, run
from linreg.descent.noise import Run
from linreg.result import Fit
from linreg.settings import check_count, check_generator, check_number
from linreg.workers import alone

__all__ = ["batches", "sgd"]


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

    Each epoch visits every row once, in a new random order, `batch_size` rows for each update. With a
    constant rate the parameters reach the neighbourhood of the minimiser quickly and then keep moving
    in it. How far above the smallest loss they do so, the noise floor, follows from the rows, the rate and
    the batch size before the first step; the status tells whether the run has come down to it.
    A rate below $2 / \max_i (1 + \|x_i\|^2)$, for the half-mean loss with an intercept, is stable in whatever
    order the batches come; the message of a run that has diverged recommends half of that.

    The answer is detached: no gradient flows through it.

    Cost: 4 n d operations for each epoch, and 4 n d for its loss; for the status n d^2 once, and 4 n d^2 for
    each of the few terms of a series for the noise floor.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        lr: learning rate, in units of 1 / curvature.
        epochs: number of passes over the data.
        batch_size: rows for each update; the last batch of an epoch has what is left.
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
        independently; at the end of a shuffled epoch a run lies lower. `NOT_CONVERGED`: it is above, or the
        rate is beyond the largest at which runs settle on average. `DIVERGED`: with the parameters of the
        smallest loss seen. `path.loss` is the loss of all the data after each epoch.

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
    objective = Objective(X, y, reduction, intercept, autograd)
    n, start = len(y), Pair((w, b))

    def look(theta: tuple[Tensor, Tensor]) -> tuple[Tensor, None]:
        return weight_of(reduction, n) * objective.products(X, y, *theta)[0], None

    trail = Trail(start.theta, look(start.theta)[0], _stacked, record=record)
    bowl = bowl_of(X, y, intercept)
    worth = bowl.worth(w, b, X.dtype)
    epoch = _Epoch(objective, lr, batch_size, generator, trail)
    w, b = run(start, epoch.moves, look, trail, rounds(epochs, "epoch", progress)).theta

    runs = Run(X, y, bowl, intercept, lr, min(batch_size, n), reduction)
    if trail.blown_up:
        status, message = runs.diverged(trail.steps)
    else:
        status, message = runs.verdict(trail.steps, bowl.excess(w, b), tol * worth)
    return trail.fit("sgd", status, message, objective.to_half_mean())


class Pair(NamedTuple):
    """The state of an update: w (d,) and b (), apart, since joining them takes as long as a small update."""

    theta: tuple[Tensor, Tensor]


def _stacked(points: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    ws, bs = zip(*points, strict=True)
    return torch.stack(ws), torch.stack(bs)


class _Epoch:
    """Updates of the parameters by the batches of an epoch."""

    def __init__(
        self,
        objective: Objective,
        lr: float,
        batch_size: int,
        generator: torch.Generator,
        trail: Trail[tuple[Tensor, Tensor]],
    ) -> None:
        self.objective, self.lr, self.trail = objective, lr, trail
        self.batch_size, self.generator = batch_size, generator
        n, reduction = len(objective.y), objective.reduction
        self.whole = weight_of(reduction, n)
        self.weights = {
            rows: weight_of(reduction, rows) for rows in (min(batch_size, n), n % batch_size or n)
        }

    def moves(self, state: Pair, _: object) -> Iterator[Pair]:
        """One after the other, until one of the batches tells of a blow-up."""
        (w, b), objective = state.theta, self.objective
        for X, y in batches(objective.X, objective.y, self.batch_size, generator=self.generator):
            squares, moved, total = objective.products(X, y, w, b)
            # What these rows alone add to the loss of all tells of a blow-up before it reaches NaN.
            if self.trail.too_large(float(squares) * self.whole):
                return
            rate = 2 * self.lr * self.weights[y.shape[0]]
            w, b = w.sub(moved, alpha=rate), b.sub(total, alpha=rate) if objective.intercept else b
            yield Pair((w, b))


@plain
def batches(
    X: Tensor, y: Tensor, batch_size: int, *, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Deal the rows into batches of `batch_size`, in a random order, each row once.

    Cost: O(n d), a copy of the batch at hand.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        batch_size: rows in a batch; the last has what is left.
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
    return ((X.index_select(0, rows), y.index_select(0, rows)) for rows in torch.split(order, batch_size))
