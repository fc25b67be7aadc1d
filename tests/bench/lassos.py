"""Programs made for lasso paths, each where it is installed, at its own tolerance and at a tight one.

They get centred columns, stored by columns, and no intercept.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from bench import glmnet

CLOSE = 1e-10
WIDEST = 500  # columns up to which a tight tolerance, or a second order, ends within a minute

Calls = dict[str, Callable[[], Any]]


def lassos(X: np.ndarray, y: np.ndarray, alphas: np.ndarray) -> Calls:
    """Each gives its weights, (d, k)."""
    found: Calls = {}
    for module, calls in (("celer", celer), ("skglm", skglm), ("adelie", adelie), ("glum", glum)):
        if find_spec(module) is not None:
            found |= calls(X, y, alphas)
    if glmnet.version():
        found["R glmnet"] = glmnet.Glmnet("lasso", X, y, alphas).fit
    return found


def validations(X: np.ndarray, y: np.ndarray, count: int) -> Calls:
    """The same of five folds."""
    found: Calls = {}
    if glmnet.version():
        found["R cv.glmnet"] = glmnet.Glmnet("folds", X, y, np.ones(count)).fit
    return found


def celer(X: np.ndarray, y: np.ndarray, alphas: np.ndarray) -> Calls:
    from celer import celer_path

    calls: Calls = {"celer": lambda: celer_path(X, y, "lasso", alphas=alphas)[1]}
    if X.shape[1] <= WIDEST:
        calls["celer, tol 1e-10"] = lambda: celer_path(X, y, "lasso", alphas=alphas, tol=CLOSE)[1]
    return calls


def skglm(X: np.ndarray, y: np.ndarray, alphas: np.ndarray) -> Calls:
    from skglm.datafits import Quadratic
    from skglm.penalties import L1
    from skglm.solvers import AndersonCD

    def path(**how: Any) -> Any:
        solver = AndersonCD(fit_intercept=False, warm_start=True, **how)
        return solver.path(X, y, Quadratic(), L1(1.0), alphas)[1]

    calls: Calls = {"skglm": path}
    if X.shape[1] <= WIDEST:
        calls["skglm, tol 1e-10"] = lambda: path(tol=CLOSE)
    return calls


def adelie(X: np.ndarray, y: np.ndarray, alphas: np.ndarray) -> Calls:
    import adelie

    def path(tol: float) -> Any:
        found = adelie.grpnet(
            adelie.matrix.dense(X, method="naive", n_threads=1),
            adelie.glm.gaussian(y),
            lmda_path=alphas,
            intercept=False,
            early_exit=False,
            tol=tol,
            progress_bar=False,
        )
        return found.betas.toarray().T

    calls: Calls = {"adelie": lambda: path(1e-7)}
    if X.shape[1] <= WIDEST:
        calls["adelie, tol 1e-12"] = lambda: path(1e-12)
    return calls


def glum(X: np.ndarray, y: np.ndarray, alphas: np.ndarray) -> Calls:
    from glum import GeneralizedLinearRegressor

    if X.shape[1] > WIDEST:
        return {}
    how: Any = {"alpha": alphas.tolist(), "alpha_search": True, "l1_ratio": 1.0, "fit_intercept": False}
    return {"glum": lambda: GeneralizedLinearRegressor(**how).fit(X, y).coef_path_.T}
