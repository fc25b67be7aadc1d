"""Part `robust`: fits that gross errors do not ruin, against scikit-learn and statsmodels; how far each went.

scikit-learn's `HuberRegressor` has a small penalty by default and none here, so that both minimise one
function; how far its slope is from 0 at the end of each says how well they have.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

import linreg
from bench.samples import Cell, well
from bench.timing import interleaved, told

CELLS = (Cell(1000, 5, "float64"), Cell(10**5, 20, "float64"), Cell(10**6, 20, "float64"))
SMALL = 10**5  # rows up to which statsmodels' steps, each with a pseudoinverse, are worth waiting for
ANCHOR, OURS = "scikit-learn HuberRegressor", "linreg.huber, joint"
DELTA = 1.35  # scikit-learn's default


def measure(quick: bool = False) -> dict[str, Any]:
    """Every cell."""
    settings = {"rounds": 2 if quick else 5, "share": 0.3 if quick else 10.0, "patience": 30.0}
    cells = CELLS[:1] if quick else CELLS
    return {
        "settings": {**settings, "threads": 1, "delta": DELTA},
        "cells": [row(cell, settings) for cell in cells],
    }


def row(cell: Cell, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds of each on this data, and what is left of the slope of those that share a function."""
    print(f"  robust, {cell.name}", flush=True)
    X, y = spoilt(cell)
    timed = interleaved(calls(X, y), anchors=[ANCHOR, OURS], **settings)
    return {
        **cell._asdict(),
        "name": cell.name,
        **told(timed),
        "slope": {
            name: float(f"{slope(X, y, *t.result):.2g}")
            for name, t in timed.items()
            if name in (ANCHOR, OURS) and not t.error
        },
    }


def spoilt(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """One row in twenty with an error twenty times the noise."""
    X, y = well(cell)
    g = torch.Generator().manual_seed(1)
    wrong = torch.rand(cell.n, generator=g) < 0.05
    return X, y + (wrong * 10 * torch.randn(cell.n, generator=g, dtype=torch.float64)).numpy()


def calls(X: np.ndarray, y: np.ndarray) -> dict[str, Callable[[], Any]]:
    """The fits, each in the form it likes best."""
    from sklearn.linear_model import HuberRegressor

    A, t = torch.from_numpy(X), torch.from_numpy(y)

    def peer() -> tuple[np.ndarray, float, float]:
        model = HuberRegressor(epsilon=DELTA, alpha=0, max_iter=1000).fit(X, y)
        return model.coef_, float(model.intercept_), float(model.scale_)

    def ours() -> tuple[np.ndarray, float, float]:
        fit = linreg.huber(A, t, delta=DELTA, scale="joint")
        return fit.w.numpy(), float(fit.b), float(fit.scale)

    found: dict[str, Callable[[], Any]] = {
        ANCHOR: peer,
        OURS: ours,
        "linreg.huber, MAD": lambda: linreg.huber(A, t),
        "linreg.tukey": lambda: linreg.tukey(A, t),
        "linreg.absolute": lambda: linreg.absolute(A, t),
    }
    if len(X) <= SMALL:
        found |= {"statsmodels RLM": lambda: rlm(X, y), "statsmodels QuantReg": lambda: median(X, y)}
    return found


def rlm(X: np.ndarray, y: np.ndarray) -> Any:
    import statsmodels.api as sm

    return sm.RLM(y, sm.add_constant(X), M=sm.robust.norms.HuberT()).fit()


def median(X: np.ndarray, y: np.ndarray) -> Any:
    import statsmodels.api as sm

    return sm.QuantReg(y, sm.add_constant(X)).fit(q=0.5)


def slope(X: np.ndarray, y: np.ndarray, w: np.ndarray, b: float, scale: float) -> float:
    """The largest entry of the slope of the mean of scale (1 + H(r / scale)), columns of length 1."""
    psi = np.clip((y - X @ w - b) / scale, -DELTA, DELTA)
    columns = (X - X.mean(0)) / X.std(0)
    parts = [*(columns.T @ psi / len(y)), psi.mean(), 1 - np.square(psi).mean()]
    return float(np.abs(parts).max())
