"""Part `epochs`: an epoch of descent, full batch and mini-batch, against the loops that people write."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import linreg
from bench.samples import Cell, well
from bench.timing import interleaved, told
from linreg.descent.accelerated import Moving, momentum_step, nesterov_step
from linreg.descent.adam import Scaling, adam_step
from linreg.descent.full_batch import Course, Settings
from linreg.descent.second_order import Remembering, lbfgs_step, newton_step
from linreg.descent.steps import Point, gradient_step

LR, BATCH = 0.01, 32
FULL = (Cell(1000, 2, "float32"), Cell(10**5, 10, "float32"))
MINI = Cell(10**4, 10, "float32")
SUMS = (Cell(1000, 10, "float32"), Cell(10**7, 10, "float32"))
QUICK_SUMS = (Cell(1000, 10, "float32"), Cell(10**5, 10, "float32"))
STEPS = 100


def measure(quick: bool = False) -> dict[str, Any]:
    """Seconds an epoch of each loop."""
    settings = {"rounds": 3 if quick else 7, "share": 0.3 if quick else 2.0, "patience": 20.0}
    full = [
        row(
            cell,
            {**settings, "anchors": ["article's loop", "linreg"]},
            full_batch,
            epochs=10 if quick else 100,
        )
        for cell in FULL
    ]
    mini = row(
        MINI, {**settings, "anchors": ["DataLoader, nn.Linear, SGD", "linreg.sgd"]}, mini_batch, epochs=1
    )
    return {
        "settings": {**settings, "threads": 1, "lr": LR, "batch": BATCH},
        "full": full,
        "mini": mini,
        "sums": from_few_and_many(quick, settings),
    }


def from_few_and_many(quick: bool, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Seconds of a step from sums of a thousand rows and of ten million: of every method that takes them.

    Conjugate gradients take none: they ask the rows, for columns of which there are too many for sums.
    """
    cells = QUICK_SUMS if quick else SUMS
    calls = {(name, cell.name): run for cell in cells for name, run in steppers(cell).items()}
    names = {f"{name}, {cell}": (name, cell) for name, cell in calls}
    timed = interleaved(
        {key: calls[pair] for key, pair in names.items()}, **{**settings, "anchors": list(names)}
    )
    seconds = told(timed, STEPS)["seconds"]
    few, many = (cell.name for cell in cells)
    return [
        {
            "method": name,
            "seconds": {cell: seconds[f"{name}, {cell}"] for cell in (few, many)},
            "ratio": float(f"{seconds[f'{name}, {many}'] / seconds[f'{name}, {few}']:.3g}"),
        }
        for name in dict.fromkeys(name for name, _ in calls)
    ]


def steppers(cell: Cell) -> dict[str, Callable[[], Any]]:
    """A run of each method whose sums are at hand: slopes and steps, and nothing else."""
    print(f"  steps from sums, {cell.name}", flush=True)
    X, y = (torch.from_numpy(part) for part in well(cell))
    nothing: dict[str, Any] = {"w": None, "b": 0.0, "intercept": True, "reduction": "half_mean"}
    told_of: dict[str, Any] = {"sums": True, "tol": 0.0, "record": False, "progress": False}
    course = Course(X, y, Settings(steps=STEPS, **nothing, **told_of))
    theta, of = course.theta, course.objective
    zero, lr = torch.zeros_like(theta), LR

    def run(start: Any, step: Callable[[Any, Tensor], Any]) -> Callable[[], Any]:
        def steps() -> Any:
            state = start
            for _ in range(STEPS):
                state = step(state, of.slope(state.theta)[1])
            return state

        return steps

    moving, betas, H = Moving(theta, zero), (0.9, 0.999), of.hessian()
    return {
        "gradient descent": run(Point(theta), partial(gradient_step, lr=lr)),
        "momentum": run(moving, partial(momentum_step, lr=lr, beta=0.9)),
        "Nesterov": run(moving, partial(nesterov_step, lr=lr, beta=0.9)),
        "Adam": run(Scaling(theta, zero, zero), partial(adam_step, lr=lr, betas=betas, eps=1e-8)),
        "Newton": run(Point(theta), partial(newton_step, hessian=H)),
        "L-BFGS": run(Remembering(theta), partial(lbfgs_step, steepness=of.steepness, memory=10)),
    }


def row(cell: Cell, settings: Any, loops: Callable[..., Any], epochs: int) -> dict[str, Any]:
    """All loops on this data; each starts at zero, and arrives where the first does or is reported."""
    print(f"  descent, {cell.name}", flush=True)
    X, y = (torch.from_numpy(part) for part in well(cell))
    X = (X - X.mean(0)) / X.std(0)  # so that one rate suits all cells
    timed = interleaved(loops(X, y, epochs), **settings)
    return {
        **cell._asdict(),
        "name": cell.name,
        "epochs": epochs,
        **told(timed, epochs),
    }


def full_batch(X: Tensor, y: Tensor, epochs: int) -> dict[str, Callable[[], Any]]:
    """The loop of the article, and what `linreg` does instead."""
    rate: dict[str, Any] = {"lr": LR, "steps": epochs, "tol": 0}
    found: dict[str, Callable[[], Any]] = {
        "article's loop": lambda: article(X, y.unsqueeze(1), epochs),
        "nn.Linear, SGD": lambda: module(X, y.unsqueeze(1), epochs),
        "linreg, autograd": lambda: linreg.gradient_descent(X, y, autograd=True, **rate),
        "linreg": lambda: linreg.gradient_descent(X, y, **rate),
    }
    if hasattr(linreg, "Statistics"):
        found["linreg, running sum"] = lambda: from_sums(X, y, epochs)
        sums = summed(X, y)
        found["linreg, sum at hand"] = lambda: down(sums, epochs)
    return found


def article(X: Tensor, y: Tensor, epochs: int) -> Tensor:
    """Autograd, a step under no_grad, gradients zeroed; without its printing."""
    w, b = torch.zeros(X.shape[1], 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    for _ in range(epochs):
        loss = ((X @ w + b - y) ** 2 / 2).mean()
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= LR * p.grad
                p.grad.zero_()
    return w


def module(X: Tensor, y: Tensor, epochs: int) -> nn.Module:
    model, loss = nn.Linear(X.shape[1], 1), nn.MSELoss()
    optimiser = torch.optim.SGD(model.parameters(), lr=LR / 2)
    for _ in range(epochs):
        optimiser.zero_grad()
        loss(model(X), y).backward()
        optimiser.step()
    return model


def summed(X: Tensor, y: Tensor) -> Any:
    sums = linreg.Statistics(X.shape[1])
    sums.update(X, y)
    return sums


def from_sums(X: Tensor, y: Tensor, epochs: int) -> Tensor:
    """One pass over the data, then steps that cost the same whatever n."""
    return down(summed(X, y), epochs)


def down(sums: Any, epochs: int) -> Tensor:
    w, b = torch.zeros(sums.d, dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for _ in range(epochs):
        dw, db = sums.gradient(w, b)
        w, b = w - LR * dw, b - LR * db
    return w


def mini_batch(X: Tensor, y: Tensor, epochs: int) -> dict[str, Callable[[], Any]]:
    """An epoch in batches: a DataLoader, slices, and `linreg.sgd`; scikit-learn takes one row at a time."""
    from sklearn.linear_model import SGDRegressor

    A, t = X.numpy(), y.numpy()
    one_by_one: dict[str, Any] = {"alpha": 0, "tol": None, "learning_rate": "constant", "eta0": 1e-3}
    return {
        "DataLoader, nn.Linear, SGD": lambda: loader(X, y.unsqueeze(1), epochs),
        "slices, nn.Linear, SGD": lambda: slices(X, y.unsqueeze(1), epochs),
        "linreg.sgd": lambda: linreg.sgd(
            X, y, lr=LR, epochs=epochs, batch_size=BATCH, generator=torch.Generator().manual_seed(0)
        ),
        "SGDRegressor, one row a step": lambda: SGDRegressor(max_iter=epochs, **one_by_one).fit(A, t),
    }


def loader(X: Tensor, y: Tensor, epochs: int) -> nn.Module:
    g = torch.Generator().manual_seed(0)
    data = DataLoader(TensorDataset(X, y), batch_size=BATCH, shuffle=True, generator=g)
    return trained(X.shape[1], lambda: data, epochs)


def slices(X: Tensor, y: Tensor, epochs: int) -> nn.Module:
    """The same without a DataLoader: shuffled once an epoch, cut by `split`."""
    g = torch.Generator().manual_seed(0)

    def batches() -> Any:
        order = torch.randperm(len(y), generator=g)
        return zip(X[order].split(BATCH), y[order].split(BATCH), strict=True)

    return trained(X.shape[1], batches, epochs)


def trained(d: int, batches: Callable[[], Any], epochs: int) -> nn.Module:
    model, loss = nn.Linear(d, 1), nn.MSELoss()
    optimiser = torch.optim.SGD(model.parameters(), lr=LR / 2)
    for _ in range(epochs):
        for A, t in batches():
            optimiser.zero_grad()
            loss(model(A), t).backward()
            optimiser.step()
    return model
