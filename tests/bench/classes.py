"""Part `classes`: logistic regression and its peers, and how far each went.

Each has its default tolerance; how far the slope is from 0 at the end says what that has been worth. Where a
penalty is asked for, it is the same for all: `C` of scikit-learn is 1 / (n alpha).
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

import linreg
from bench import glmnet
from bench.samples import Cell
from bench.timing import interleaved, told

CELLS = (
    Cell(1000, 5, "float64"),
    Cell(10**5, 100, "float64"),
    Cell(10**6, 20, "float64"),
    Cell(10**7, 5, "float64"),
)
SMALL = 10**5 * 20  # entries up to which statsmodels is worth waiting for
MOST_OF_R = 10**6 * 20  # entries up to which R has memory for its copies
ANCHOR, OURS = "scikit-learn lbfgs", "linreg.logistic"


def measure(quick: bool = False) -> dict[str, Any]:
    """Every cell."""
    settings = {"rounds": 2 if quick else 5, "share": 0.3 if quick else 10.0, "patience": 30.0}
    cells = CELLS[:1] if quick else CELLS
    return {
        "settings": {**settings, "threads": 1},
        "cells": [row(cell, settings, alpha) for cell in cells for alpha in (0.0, 1 / cell.n)],
    }


def row(cell: Cell, settings: Mapping[str, Any], alpha: float) -> dict[str, Any]:
    """Seconds of each on this data, and what is left of the slope."""
    print(f"  classes, {cell.name}, alpha {alpha:g}", flush=True)
    X, y = drawn(cell)
    timed = interleaved(calls(X, y, alpha), anchors=[ANCHOR, OURS], **settings)
    return {
        **cell._asdict(),
        "name": cell.name,
        "alpha": alpha,
        **told(timed),
        "slope": {
            name: float(f"{slope(X, y, alpha, *weights(t.result)):.2g}")
            for name, t in timed.items()
            if not t.error and t.result is not None
        },
    }


def drawn(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """Columns correlated at 0.5 with the one before, and classes of which neither is rare."""
    g = torch.Generator().manual_seed(0)
    X = torch.randn(cell.n, cell.d, generator=g, dtype=torch.float64)
    for j in range(1, cell.d):
        X[:, j].mul_(0.75**0.5).add_(X[:, j - 1], alpha=0.5)
    X += torch.rand(cell.d, generator=g, dtype=torch.float64)
    w = torch.randn(cell.d, generator=g, dtype=torch.float64) * (2 / cell.d**0.5)
    chances = torch.sigmoid(X @ w - 0.5)
    return X.numpy(), (torch.rand(cell.n, generator=g, dtype=torch.float64) < chances).double().numpy()


def calls(X: np.ndarray, y: np.ndarray, alpha: float) -> dict[str, Callable[[], tuple[np.ndarray, float]]]:
    """The fits, each in the form it likes best."""
    from sklearn.linear_model import LogisticRegression

    A, t = torch.from_numpy(X), torch.from_numpy(y)
    C = 1 / (len(y) * alpha) if alpha else np.inf

    def peer(solver: str) -> tuple[np.ndarray, float]:
        model = LogisticRegression(C=C, solver=solver, max_iter=1000).fit(X, y)
        return model.coef_[0], float(model.intercept_[0])

    def ours() -> tuple[np.ndarray, float]:
        fit = linreg.logistic(A, t, alpha=alpha)
        return fit.w.numpy(), float(fit.b)

    found = {
        ANCHOR: lambda: peer("lbfgs"),
        OURS: ours,
        "scikit-learn newton-cholesky": lambda: peer("newton-cholesky"),
    }
    if not alpha and X.size <= SMALL:
        found["statsmodels Logit"] = lambda: logit(X, y)
    if find_spec("glum") is not None:
        found["glum"] = lambda: glum(X, y, alpha)
        found["glum, tol 1e-10"] = lambda: glum(X, y, alpha, gradient_tol=1e-10)
    if find_spec("adelie") is not None:
        columns = np.asfortranarray(X)
        found["adelie"] = lambda: adelie(columns, y, alpha)
    if glmnet.version() and X.size <= MOST_OF_R:
        found["R glmnet"] = glmnet.Glmnet("logistic", X, y, np.array([alpha])).fit
    return found


def glum(X: np.ndarray, y: np.ndarray, alpha: float, **how: Any) -> tuple[np.ndarray, float]:
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(family="binomial", alpha=alpha, l1_ratio=0, **how).fit(X, y)
    return model.coef_, float(model.intercept_)


def adelie(X: np.ndarray, y: np.ndarray, alpha: float) -> tuple[np.ndarray, float]:
    import adelie

    found = adelie.grpnet(
        adelie.matrix.dense(X, method="naive", n_threads=1),
        adelie.glm.binomial(y),
        alpha=0,
        lmda_path=[alpha],
        early_exit=False,
        progress_bar=False,
    )
    return found.betas.toarray()[0], float(found.intercepts[0])


def logit(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    import statsmodels.api as sm

    params = sm.Logit(y, sm.add_constant(X)).fit(disp=0).params
    return params[1:], float(params[0])


def weights(result: Any) -> tuple[np.ndarray, float]:
    """w and b, for which R has to be asked."""
    if not isinstance(result, glmnet.Glmnet):
        return result  # type: ignore[no-any-return]
    b, *w = result.coefficients()[:, 0]
    return np.array(w), float(b)


def slope(X: np.ndarray, y: np.ndarray, alpha: float, w: np.ndarray, b: float) -> float:
    """The largest entry of the slope of the objective."""
    r = torch.sigmoid(torch.from_numpy(X @ w + b)).numpy() - y
    return float(np.abs([*(X.T @ r / len(y) + alpha * w), r.mean()]).max())
