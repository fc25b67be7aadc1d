"""Part `inference`: standard errors, folds and resamples, beside the programs that people use for them."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

import linreg
from bench.samples import Cell, well
from bench.timing import interleaved, told

Calls = dict[str, Callable[[], Any]]

FOLDS, RESAMPLES, LOOPED = 10, 2000, 50  # of the loop only so many are timed: each takes the same
SETTINGS = {"rounds": 5, "share": 4.0, "patience": 8.0}


def measure(quick: bool = False) -> dict[str, Any]:
    """Every task on data of its size; the first call of a task is the one that its target names."""
    settings = {**SETTINGS, "rounds": 2, "share": 0.1} if quick else SETTINGS
    large, tall, small = sizes(quick)
    tasks = [
        task("errors HC3", large, errors, settings, 0.12),
        task("10 folds of neighbours", large, neighbours, settings, 0.02),
        task("10 folds, shuffled", large, shuffled, settings, 0.04),
        task("leave one out", tall, one_out, settings, 2.5),
        task("bootstrap, 2000 resamples", small, resamples, settings, 0.12, RESAMPLES // LOOPED),
    ]
    return {"settings": {**settings, "threads": 1}, "tasks": tasks}


def sizes(quick: bool) -> tuple[Cell, Cell, Cell]:
    if quick:
        return Cell(2000, 5, "float64"), Cell(1000, 5, "float64"), Cell(500, 3, "float64")
    return Cell(10**6, 20, "float64"), Cell(10**5, 100, "float64"), Cell(10**4, 10, "float64")


def task(
    name: str,
    cell: Cell,
    calls: Callable[[Tensor, Tensor], Calls],
    settings: dict[str, Any],
    target: float,
    times: int = 1,
) -> dict[str, Any]:
    """Seconds of each way; the target is for that of `linreg` over that of the peer, the last named.

    What is timed of the peer has to be done so many `times`.
    """
    print(f"  {name}, {cell.name}", flush=True)
    X, y = (torch.from_numpy(part) for part in well(cell))
    made = calls(X, y)
    peer = list(made)[-1]
    timed = interleaved(made, **settings, anchors=["linreg", peer])
    timed[peer].seconds *= times
    found = told(timed)
    seconds = found["seconds"]
    return {
        "name": name,
        "cell": cell.name,
        **found,
        "peer": peer,
        "target": target,
        "ratio": float(f"{seconds['linreg'] / seconds[peer]:.3g}"),
    }


def errors(X: Tensor, y: Tensor) -> Calls:
    """Weights, classical errors beside HC3, t and p."""
    import statsmodels.api as sm

    A, t = sm.add_constant(X.numpy()), y.numpy()
    return {
        "linreg": lambda: linreg.infer(X, y, errors="HC3").p,
        "one fit": lambda: linreg.solve(X, y),
        **formula(X, y),
        "statsmodels": lambda: sm.OLS(t, A).fit(cov_type="HC3").pvalues,
    }


def formula(X: Tensor, y: Tensor) -> Calls:
    """The same by pyfixest, from the frame that it asks for; nothing where it is not installed."""
    if find_spec("pyfixest") is None:
        return {}
    import pandas as pd
    import pyfixest

    names = [f"x{j}" for j in range(1, X.shape[1] + 1)]
    frame = pd.DataFrame(X.numpy(), columns=names).assign(y=y.numpy())
    model = f"y ~ {' + '.join(names)}"
    return {"pyfixest": lambda: pyfixest.feols(model, frame, vcov="HC3").pvalue()}


def neighbours(X: Tensor, y: Tensor) -> Calls:
    return folds(X, y, None)


def shuffled(X: Tensor, y: Tensor) -> Calls:
    return folds(X, y, 0)


def folds(X: Tensor, y: Tensor, seed: int | None) -> Calls:
    """The errors of ten folds; a seed shuffles the rows."""
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import KFold, cross_val_score

    A, t = X.numpy(), y.numpy()
    mixed = {} if seed is None else {"shuffle": True, "random_state": seed}

    def ours() -> Any:
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        return linreg.cross_validate(X, y, folds=FOLDS, generator=generator).mse

    return {
        "linreg": ours,
        "one fit": lambda: linreg.solve(X, y),
        "scikit-learn": lambda: cross_val_score(LinearRegression(), A, t, cv=KFold(FOLDS, **mixed)),
    }


def one_out(X: Tensor, y: Tensor) -> Calls:
    """Each row predicted by a fit to all others: beside one plain fit, no peer would come to an end."""
    return {
        "linreg": lambda: linreg.influence(X, y).press,
        "one fit": lambda: linreg.solve(X, y),
    }


def resamples(X: Tensor, y: Tensor) -> Calls:
    """Standard errors from resamples of the rows."""
    A, t = np.column_stack((np.ones(len(y)), X.numpy())), y.numpy()

    def ours() -> Any:
        generator = torch.Generator().manual_seed(0)
        return linreg.bootstrap(X, y, resamples=RESAMPLES, generator=generator).se

    def loop() -> Any:
        draw = np.random.default_rng(0)
        for _ in range(LOOPED):
            rows = draw.integers(len(t), size=len(t))
            np.linalg.lstsq(A[rows], t[rows])

    return {"linreg": ours, "loop of NumPy's lstsq": loop}
