"""Part `penalised`: ridge and lasso paths and their peers, and how far each answer is from the minimum.

Neighbouring columns are correlated at 0.5, or in one cell every pair; a fifth of the weights is not zero, 20
of wide data, the noise 0.7 of the deviation of the rest. All programs get the same hundred penalties.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

import linreg
from bench.glmnet import Glmnet
from bench.lassos import lassos, validations
from bench.samples import SEED, Cell
from bench.timing import Timed, interleaved, told
from linreg import RegularisationPath

RIDGE = (Cell(10**5, 100, "float64"), Cell(10**4, 500, "float64"))
LASSO = (*RIDGE, Cell(2000, 1000, "float64"), Cell(200, 5000, "float64"))
FOLDS = Cell(10**5, 100, "float64")
COUNT = 100  # penalties
CLOSE = 1e-10  # tolerance of scikit-learn where it shall come as near


def measure(quick: bool = False) -> dict[str, Any]:
    """Every cell of every task."""
    settings = {"rounds": 2 if quick else 5, "share": 0.3 if quick else 10.0, "patience": 30.0}
    small = (Cell(500, 10, "float64"),)
    tasks = {"ridge": small, "lasso": small, "folds": small}
    if not quick:
        tasks = {"ridge": RIDGE, "lasso": LASSO, "folds": (FOLDS,)}
    found = [row(task, cell, settings) for task, cells in tasks.items() for cell in cells]
    return {"settings": {**settings, "threads": 1, "penalties": COUNT}, "cells": found}


def row(task: str, cell: Cell, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds of each; for the lasso also what is left of the conditions and of the gap."""
    print(f"  penalised, {task}, {cell.name}", flush=True)
    X, y = correlated(cell)
    calls = {"ridge": of_ridge, "lasso": of_lasso, "folds": of_folds}[task](X, y)
    timed = interleaved(calls, anchors=list(calls)[:1], **settings)
    return {"task": task, **cell._asdict(), "name": cell.name, **told(timed), **left(task, X, y, timed)}


def correlated(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """The data of a cell."""
    g = torch.Generator().manual_seed(SEED)
    n, d = cell.n, cell.d
    X = torch.randn(n, d, generator=g, dtype=torch.float64)
    if (n, d) == (2000, 1000):
        X = (X + torch.randn(n, 1, generator=g, dtype=torch.float64)) / 2**0.5
    else:
        for j in range(1, d):
            X[:, j].mul_(0.75**0.5).add_(X[:, j - 1], alpha=0.5)
    some = torch.randperm(d, generator=g)[: 20 if d > n else max(d // 5, 1)]
    y = X[:, some] @ torch.randn(len(some), generator=g, dtype=torch.float64)
    y += 0.7 * y.std() * torch.randn(n, generator=g, dtype=torch.float64)
    return X.numpy(), y.numpy()


def of_ridge(X: np.ndarray, y: np.ndarray) -> dict[str, Callable[[], Any]]:
    from sklearn.linear_model import RidgeCV

    A, t, n = torch.from_numpy(X), torch.from_numpy(y), len(y)
    alphas = np.logspace(-2, 5, COUNT) / n
    return {
        "scikit-learn RidgeCV": lambda: RidgeCV(alphas=n * alphas).fit(X, y),
        "linreg.ridge_path": lambda: linreg.ridge_path(A, t, alphas=alphas.tolist()),
        "the same without leave-one-out": lambda: linreg.ridge_path(
            A, t, alphas=alphas.tolist(), leave_one_out=False
        ),
    }


def of_lasso(X: np.ndarray, y: np.ndarray) -> dict[str, Callable[[], Any]]:
    from sklearn.linear_model import lasso_path

    A, t = torch.from_numpy(X), torch.from_numpy(y)
    centred, target = np.asfortranarray(X - X.mean(0)), y - y.mean()
    alphas = linreg.lasso_path(A, t, alphas=COUNT).alpha.numpy()
    calls: dict[str, Callable[[], Any]] = {
        "linreg.lasso_path": lambda: linreg.lasso_path(A, t, alphas=COUNT).w.numpy().T,
        "scikit-learn lasso_path": lambda: lasso_path(centred, target, alphas=alphas)[1],
    }
    if X.shape[1] <= 500:  # elsewhere it takes minutes
        calls["the same, tol 1e-10"] = lambda: lasso_path(
            centred, target, alphas=alphas, tol=CLOSE, max_iter=10**5
        )[1]
        calls["linreg, l1_ratio 0.5"] = lambda: linreg.lasso_path(A, t, alphas=COUNT, l1_ratio=0.5)
    return calls | lassos(centred, target, alphas)


def of_folds(X: np.ndarray, y: np.ndarray) -> dict[str, Callable[[], Any]]:
    from sklearn.linear_model import LassoCV

    A, t = torch.from_numpy(X), torch.from_numpy(y)
    return {
        "scikit-learn LassoCV": lambda: LassoCV(alphas=COUNT, cv=5).fit(X, y),
        "linreg.cross_validate_path": lambda: linreg.cross_validate_path(A, t, alphas=COUNT, folds=5),
        **validations(X, y, COUNT),
    }


def left(task: str, X: np.ndarray, y: np.ndarray, timed: Mapping[str, Timed]) -> dict[str, Any]:
    """Violation and gap of the lasso's answers, at the worst of all penalties, of their scales."""
    if task != "lasso":
        return {}
    alphas = linreg.lasso_path(torch.from_numpy(X), torch.from_numpy(y), alphas=COUNT).alpha.numpy()
    Z, t, n = X - X.mean(0), y - y.mean(), len(y)
    found = {}
    for name, one in timed.items():
        if one.error or isinstance(one.result, RegularisationPath):  # the elastic net is another problem
            continue
        w = one.result.coefficients()[1:] if isinstance(one.result, Glmnet) else one.result
        R = t[:, None] - Z @ w
        c = Z.T @ R / n
        off = np.where(w == 0, np.maximum(np.abs(c) - alphas, 0), np.abs(c - alphas * np.sign(w)))
        shorter = np.minimum(1, alphas / np.abs(c).max(0))
        gap = (1 - shorter) ** 2 * (R**2).sum(0) / (2 * n) + (alphas * np.abs(w) - shorter * c * w).sum(0)
        scale = np.abs(Z.T @ t / n).max(), t @ t / (2 * n)
        found[name] = [
            float(f"{part.max() / size:.2g}") for part, size in zip((off, gap), scale, strict=True)
        ]
    return {"violation and gap": found}
