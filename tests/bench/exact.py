"""Part `exact`: the fit with intercept, cell by cell, seconds and correct digits of every solver."""

from typing import Any

from bench.reference import digits, refined
from bench.samples import Cell, well
from bench.solvers import described, installed
from bench.timing import Timed, interleaved

SHAPES = (
    (10**3, 2), (10**4, 10), (10**4, 100), (10**4, 1000), (10**5, 10), (10**5, 100),
    (10**6, 10), (10**6, 30), (10**6, 100), (10**7, 10),
)  # fmt: skip
QUICK = ((10**3, 2), (10**4, 10), (10**5, 10))
DTYPES = ("float64", "float32")
# Two threads: what is said there is about scaling, for which few solvers and cells will do.
PAIR = ((10**5, 100), (10**6, 10), (10**6, 100), (10**7, 10))
PAIRED = (
    "linreg", "torch X'X", "torch gels", "numpy normal", "scikit-learn", "scikit-learn-intelex", "glum",
)  # fmt: skip
SETTINGS = {"rounds": 11, "share": 1.0, "patience": 2.0, "anchors": ["scikit-learn", "linreg"]}
HASTY = {**SETTINGS, "rounds": 2, "share": 0.1, "patience": 0.5}


def measure(
    quick: bool = False, hasty: bool = False, pair: bool = False, only: tuple[str, ...] = ()
) -> dict[str, Any]:
    """All cells, or a few small ones; as the part `pair` the few of two threads."""
    shapes = QUICK if quick else PAIR if pair else SHAPES
    settings = HASTY if quick or hasty else SETTINGS
    only = only or (PAIRED if pair else ())
    cells = [measured(Cell(n, d, dtype), settings, only) for dtype in DTYPES for n, d in shapes]
    solvers = described(installed(only=only))
    return {"settings": {**settings, "threads": 2 if pair else 1}, "solvers": solvers, "cells": cells}


def measured(cell: Cell, settings: dict[str, Any], only: tuple[str, ...] = ()) -> dict[str, Any]:
    """One cell."""
    X, y = well(cell)
    truth = refined(X, y)
    return timed_row(cell, X, y, truth, settings, installed(only=only, entries=cell.n * cell.d))


def timed_row(cell: Cell, X: Any, y: Any, truth: Any, settings: Any, solvers: Any) -> dict[str, Any]:
    """Seconds, digits and rounds of each solver on this data."""
    print(f"  {cell.name}", flush=True)
    made = {solver.name: solver.prepare(X, y, True) for solver in solvers}
    # what is kept of a result is its coefficients: some hold a copy of the data
    found: dict[str, Any] = {}

    def call(name: str) -> Any:
        do, read = made[name]

        def run() -> None:
            result = do()
            if name not in found:
                found[name] = read(result)

        return run

    timed = interleaved({name: call(name) for name in made}, **settings)
    return {
        **cell._asdict(),
        "name": cell.name,
        "solvers": {name: entry(t, found.get(name), truth) for name, t in timed.items()},
    }


def entry(t: Timed, found: Any, truth: Any) -> dict[str, Any]:
    """What the results file says of one solver in one cell; None where a number does not exist."""
    if t.error:
        return {"error": t.error}
    correct = digits(found, truth) if len(found) == len(truth) else float("nan")
    return {
        "seconds": float(f"{t.seconds:.4g}"),
        "digits": None if correct != correct else round(correct, 2),
        "rounds": t.rounds,
    }
