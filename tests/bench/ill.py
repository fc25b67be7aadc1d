"""Part `ill`: columns that are nearly dependent; digits beside time, against the exact rational answer."""

from typing import Any

from bench.exact import HASTY, SETTINGS, timed_row
from bench.reference import rational
from bench.samples import Cell, hard
from bench.solvers import described, installed

KAPPAS = (1e3, 1e6, 1e10)
NOISE = (
    1e-6  # length of the residual over that of the largest column: little, or no solver had a digit at 1e10
)


def measure(quick: bool = False, hasty: bool = False) -> dict[str, Any]:
    """One cell for each condition number."""
    n, d = (2000, 5) if quick else (10**5, 20)
    settings = HASTY if quick or hasty else SETTINGS
    cells = []
    for kappa in KAPPAS:
        cell = Cell(n, d, "float64", kappa)
        X, y = hard(cell, NOISE)
        cells.append(timed_row(cell, X, y, rational(X, y), settings, installed(extra=True)))
    solvers = described(installed(extra=True))
    return {"settings": {**settings, "threads": 1, "noise": NOISE}, "solvers": solvers, "cells": cells}
