"""Problems whose answer is known before a solver runs, and the public functions to run on them."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

import linreg

EPS = torch.finfo(torch.float64).eps
NIST = Path(__file__).parents[2] / "shared" / "nist"

METHODS: dict[str, Callable[..., linreg.Fit]] = {
    "cholesky": linreg.cholesky,
    "qr": linreg.qr,
    "svd": linreg.svd,
    "solve": linreg.solve,
}
GENERAL = ("svd", "solve")  # answer for any rank and any shape


def gen(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Problem(NamedTuple):
    X: Tensor
    y: Tensor
    w: Tensor
    b: float
    tolerance: float  # of w, relative to its length, for a backward stable method
    tolerance_normal: float  # the same for a method that forms X'X


def built(
    n: int = 60,
    d: int = 4,
    kappa: float = 1.0,
    *,
    noise: float = 0.0,
    intercept: bool = True,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> Problem:
    """X = U diag(s) V' (n > d) and y = Xw + b + noise orthogonal to every column: the answer is w and b.

    `noise` is the length of the residual relative to that of Xw's largest possible value.
    """
    g = gen(seed)
    basis = torch.randn(n, d + 2, generator=g, dtype=torch.float64)
    basis[:, 0] = 1.0
    Q = torch.linalg.qr(basis).Q[:, 1:]  # (n, d + 1), orthogonal to each other and to the constant
    V = torch.linalg.qr(torch.randn(d, d, generator=g, dtype=torch.float64)).Q
    s = n**0.5 * torch.logspace(0, -torch.tensor(kappa).log10().item(), d, dtype=torch.float64)
    X = (Q[:, :d] * s @ V.T).to(dtype)
    w = torch.randn(d, generator=g, dtype=torch.float64)
    b = 2.0 if intercept else 0.0
    y = X.double() @ w + b + noise * n**0.5 * w.norm() * Q[:, d]
    # The entries of X and y are rounded, which alone moves the answer by eps (kappa + kappa^2 noise)
    # (Wedin's bound); a backward stable method adds as much again, times a modest function of d.
    eps = torch.finfo(dtype).eps
    spread = 1 + abs(b) / float(w.norm())
    tolerance = 4 * d * eps * (kappa * spread + kappa**2 * noise)
    return Problem(X, y.to(dtype), w, b, tolerance, tolerance + 4 * d * eps * kappa**2)


def dependent(n: int = 60, d: int = 5, rank: int = 3, *, noise: float = 0.1, seed: int = 0) -> Problem:
    """Rank `rank` after centring; w lies in the row space of X, so it is the shortest of all answers.

    Also for n <= d, where `rank` may be at most n - 1.
    """
    g = gen(seed)
    basis = torch.randn(n, min(rank + 2, n), generator=g, dtype=torch.float64)
    basis[:, 0] = 1.0
    Q = torch.linalg.qr(basis).Q[:, 1:]
    rows = torch.randn(rank, d, generator=g, dtype=torch.float64)
    X = n**0.5 * Q[:, :rank] @ rows
    w = rows.T @ torch.randn(rank, generator=g, dtype=torch.float64)
    left = noise * n**0.5 * Q[:, rank] if Q.shape[1] > rank else torch.zeros(n, dtype=torch.float64)
    kappa = float(torch.linalg.cond(rows))
    return Problem(X, X @ w + 2.0 + left, w, 2.0, 1e3 * EPS * kappa**2, 0.0)


def error(fit: linreg.Fit, w: Tensor) -> float:
    return float((fit.w.double() - w).norm() / w.norm())


@contextmanager
def unchanged(*tensors: Tensor) -> Iterator[None]:
    """Fails if a byte of a tensor, its version counter or its gradient has changed."""
    before = [(t.detach().clone(), t._version, t.requires_grad) for t in tensors]
    yield
    for t, (old, version, requires_grad) in zip(tensors, before, strict=True):
        assert torch.equal(t.detach(), old)
        assert t._version == version
        assert t.requires_grad == requires_grad
        assert t.grad is None


# Every public function as a function of the arguments it shares with others, the rest at good values.
# Each makes its generator anew.

TAKES_X: dict[str, Callable[[Any], Any]] = {
    "predict": lambda X: linreg.predict(X, _ones(X), 1.0),
    "fold_bias": lambda X: linreg.fold_bias(X),
    "hessian": lambda X: linreg.hessian(X),
    "curvature": lambda X: linreg.curvature(X),
    "vif": lambda X: linreg.vif(X),
    "leverage": lambda X: linreg.leverage(X),
    "condition_indices": lambda X: linreg.condition_indices(X),
    "Inference.predict": lambda X: linreg.infer(*_good(X)).predict(X),
    "Fit.predict": lambda X: linreg.solve(*_good(X)).predict(X),
}

TAKES_XY: dict[str, Callable[[Any, Any], Any]] = {
    "gradient": lambda X, y: linreg.gradient(X, y, _ones(X)),
    "cholesky": linreg.cholesky,
    "qr": linreg.qr,
    "svd": linreg.svd,
    "solve": linreg.solve,
    "Statistics.of": linreg.Statistics.of,
    "Statistics.update": lambda X, y: linreg.Statistics(_width(X)).update(X, y),
    "predict_loss": lambda X, y: linreg.predict_loss(X, y, lr=0.1, steps=3),
    "predict_steps": lambda X, y: linreg.predict_steps(X, y, lr=0.1),
    "step": lambda X, y: linreg.step(X, y, _ones(X), 0.0, lr=0.1),
    "gradient_descent": lambda X, y: linreg.gradient_descent(X, y, lr=0.1, steps=3),
    "gradient_descent autograd": lambda X, y: linreg.gradient_descent(X, y, lr=0.1, steps=3, autograd=True),
    "gradient_descent sums": lambda X, y: linreg.gradient_descent(X, y, lr=0.1, steps=3, sums=True),
    "momentum": lambda X, y: linreg.momentum(X, y, lr=0.1, steps=3),
    "momentum nesterov": lambda X, y: linreg.momentum(X, y, lr=0.1, steps=3, nesterov=True),
    "adam": lambda X, y: linreg.adam(X, y, lr=0.1, steps=3),
    "newton": lambda X, y: linreg.newton(X, y, steps=2),
    "newton sums": lambda X, y: linreg.newton(X, y, steps=2, sums=True),
    "lbfgs": lambda X, y: linreg.lbfgs(X, y, steps=3),
    "conjugate_gradients": linreg.conjugate_gradients,
    "sgd": lambda X, y: linreg.sgd(X, y, lr=0.01, epochs=2, batch_size=5, generator=_gen(X)),
    "sgd autograd": lambda X, y: linreg.sgd(
        X, y, lr=0.01, epochs=2, batch_size=5, generator=_gen(X), autograd=True
    ),
    "batches": lambda X, y: list(linreg.batches(X, y, 5, generator=_gen(X))),
    "residuals": lambda X, y: linreg.residuals(X, y, linreg.solve(*_good(X))),
    "added_variable": lambda X, y: linreg.added_variable(X, y, 0),
    "infer": lambda X, y: linreg.infer(X, y),
    "infer HC3": lambda X, y: linreg.infer(X, y, errors="HC3"),
    "influence": lambda X, y: linreg.influence(X, y),
    "influence_statistics": lambda X, y: linreg.influence_statistics(linreg.Statistics.of(*_good(X)), X, y),
    "breusch_pagan": lambda X, y: linreg.breusch_pagan(X, y),
    "bootstrap": lambda X, y: linreg.bootstrap(X, y, resamples=20, generator=_gen(X)),
    "cross_validate": lambda X, y: linreg.cross_validate(X, y, folds=2),
    "learning_curve": lambda X, y: linreg.learning_curve(X, y, *_good(X), sizes=[5, 20]),
    "learning_curve test": lambda X, y: linreg.learning_curve(*_good(X), X, y, sizes=[5, 20]),
    "huber": lambda X, y: linreg.huber(X, y),
    "huber joint": lambda X, y: linreg.huber(X, y, scale="joint"),
    "tukey": lambda X, y: linreg.tukey(X, y),
    "absolute": lambda X, y: linreg.absolute(X, y),
    "ridge": lambda X, y: linreg.ridge(X, y, alpha=0.1),
    "lasso": lambda X, y: linreg.lasso(X, y, alpha=0.1),
    "elastic_net": lambda X, y: linreg.elastic_net(X, y, alpha=0.1),
    "lasso_path": lambda X, y: linreg.lasso_path(X, y, alphas=3),
    "cross_validate_path": lambda X, y: linreg.cross_validate_path(X, y, alphas=3, folds=2),
    "ridge_path": lambda X, y: linreg.ridge_path(X, y, alphas=[1.0, 0.1]),
    "logistic": lambda X, y: linreg.logistic(X, _classes(y), alpha=0.1),
    "softmax": lambda X, y: linreg.softmax(X, _classes(y), alpha=0.1),
    "logistic_stream": lambda X, y: linreg.logistic_stream([(X, _classes(y))], alpha=0.1),
    "softmax_stream": lambda X, y: linreg.softmax_stream([(X, _classes(y))], alpha=0.1),
    "infer_logistic": lambda X, y: linreg.infer_logistic(X, _classes(y)),
    "infer_softmax": lambda X, y: linreg.infer_softmax(X, _classes(y)),
    "plot.data_and_fit": lambda X, y: linreg.plot.data_and_fit(X, y, linreg.solve(*_good(X))),
    "plot.added_variable": lambda X, y: linreg.plot.added_variable(X, y, 0),
    "plot.contours": lambda X, y: linreg.plot.contours(X, y),
    "plot.residuals": lambda X, y: linreg.plot.residuals(X, y, linreg.solve(*_good(X))),
}

TAKES_Y_HAT: dict[str, Callable[[Any, Any], Any]] = {
    "squared_loss": lambda y_hat, y: linreg.squared_loss(y_hat, y),
    "r2": lambda y_hat, y: linreg.r2(y_hat, y),
}

TAKES_W: dict[str, Callable[[Any, Any, Any], Any]] = {
    "predict": lambda X, y, w: linreg.predict(X, w),
    "gradient": lambda X, y, w: linreg.gradient(X, y, w),
    "step": lambda X, y, w: linreg.step(X, y, w, 0.0, lr=0.1),
    "predict_loss": lambda X, y, w: linreg.predict_loss(X, y, lr=0.1, steps=3, w=w),
    "predict_steps": lambda X, y, w: linreg.predict_steps(X, y, lr=0.1, w=w),
    "gradient_descent": lambda X, y, w: linreg.gradient_descent(X, y, lr=0.1, steps=3, w=w),
    "momentum": lambda X, y, w: linreg.momentum(X, y, lr=0.1, steps=3, w=w),
    "adam": lambda X, y, w: linreg.adam(X, y, lr=0.1, steps=3, w=w),
    "newton": lambda X, y, w: linreg.newton(X, y, steps=2, w=w),
    "lbfgs": lambda X, y, w: linreg.lbfgs(X, y, steps=3, w=w),
    "sgd": lambda X, y, w: linreg.sgd(X, y, lr=0.01, epochs=2, batch_size=5, generator=_gen(X), w=w),
}

TAKES_B: dict[str, Callable[[Any, Any, Any], Any]] = {
    "predict": lambda X, y, b: linreg.predict(X, _ones(X), b),
    "gradient": lambda X, y, b: linreg.gradient(X, y, _ones(X), b),
    "step": lambda X, y, b: linreg.step(X, y, _ones(X), b, lr=0.1),
    "predict_loss": lambda X, y, b: linreg.predict_loss(X, y, lr=0.1, steps=3, b=b),
    "predict_steps": lambda X, y, b: linreg.predict_steps(X, y, lr=0.1, b=b),
    "gradient_descent": lambda X, y, b: linreg.gradient_descent(X, y, lr=0.1, steps=3, b=b),
    "momentum": lambda X, y, b: linreg.momentum(X, y, lr=0.1, steps=3, b=b),
    "adam": lambda X, y, b: linreg.adam(X, y, lr=0.1, steps=3, b=b),
    "newton": lambda X, y, b: linreg.newton(X, y, steps=2, b=b),
    "lbfgs": lambda X, y, b: linreg.lbfgs(X, y, steps=3, b=b),
    "sgd": lambda X, y, b: linreg.sgd(X, y, lr=0.01, epochs=2, batch_size=5, generator=_gen(X), b=b),
}

TAKES_LR: dict[str, Callable[[Any, Any, Any], Any]] = {
    "step": lambda X, y, lr: linreg.step(X, y, _ones(X), 0.0, lr=lr),
    "predict_loss": lambda X, y, lr: linreg.predict_loss(X, y, lr=lr, steps=3),
    "predict_steps": lambda X, y, lr: linreg.predict_steps(X, y, lr=lr),
    "gradient_descent": lambda X, y, lr: linreg.gradient_descent(X, y, lr=lr, steps=3),
    "momentum": lambda X, y, lr: linreg.momentum(X, y, lr=lr, steps=3),
    "adam": lambda X, y, lr: linreg.adam(X, y, lr=lr, steps=3),
    "sgd": lambda X, y, lr: linreg.sgd(X, y, lr=lr, epochs=2, batch_size=5, generator=_gen(X)),
}


def _gen(X: Any) -> torch.Generator:
    device = X.device if isinstance(X, Tensor) and not X.is_meta else "cpu"
    return torch.Generator(device).manual_seed(0)


def _plain(X: Any) -> bool:
    """Whether X is a tensor of numbers that others like it can be made from."""
    if not isinstance(X, Tensor) or torch.nn.parameter.is_lazy(X):
        return False
    return not X.is_nested and not X.is_quantized and X.layout == torch.strided


def _ones(X: Any) -> Tensor:
    if not _plain(X):
        return torch.ones(2)
    return torch.ones(X.shape[-1], dtype=X.dtype, device=X.device)


def _classes(y: Any) -> Any:
    """0 and 1 by the sign of entries, as far as they have one."""
    if not _plain(y) or not y.is_floating_point() or y.is_meta:
        return y
    return torch.where(y.isfinite(), (y > 0).to(y.dtype), y)


def _width(X: Any) -> int:
    return X.shape[1] if _plain(X) and X.ndim == 2 and X.shape[1] else 1


def _good(X: Any) -> tuple[Tensor, Tensor]:
    """Data that any fit accepts, with the columns, dtype and device of `X` as far as it has them."""
    if not _plain(X) or X.ndim != 2 or X.is_meta or not X.is_floating_point():
        X = torch.zeros(2, 2)
    if X.dtype not in (torch.float32, torch.float64):
        X = X.float()
    data = torch.randn(20, max(X.shape[1], 1), generator=gen()).to(dtype=X.dtype, device=X.device)
    return data, data.sum(1)


# Certified problems.


class Certified(NamedTuple):
    X: Tensor  # without the constant column
    y: Tensor
    intercept: bool
    estimate: Tensor  # certified, the intercept first if there is one
    sd_residual: float


@cache
def nist() -> dict[str, Any]:
    if not NIST.is_dir():
        reason = f"{NIST} is absent: the certified data are not part of the repository"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return json.loads((NIST / "certified.json").read_text())["datasets"]


@cache
def certified(name: str) -> Certified:
    facts = nist()[name]
    header, *lines = (NIST / facts["csv"]).read_text().split()
    names = header.split(",")
    columns = dict(
        zip(names, zip(*([float(x) for x in line.split(",")] for line in lines), strict=True), strict=True)
    )
    x = torch.tensor([columns[name] for name in facts["predictors"]], dtype=torch.float64).T
    if facts["model"] == "polynomial":
        # powers of the stored x, each rounded once
        powers = range(1, facts["degree"] + 1)
        X = torch.tensor(
            [[float(Fraction(v) ** k) for k in powers] for (v,) in x.tolist()], dtype=torch.float64
        )
    else:
        X = x
    return Certified(
        X,
        torch.tensor(columns["y"], dtype=torch.float64),
        facts["intercept"],
        torch.tensor(facts["certified_float"]["estimate"], dtype=torch.float64),
        facts["certified_float"]["residual_sd"],
    )


@cache
def decimal(name: str) -> tuple[linreg.Doubled, linreg.Doubled]:
    """X, without the constant column, and y of a certified problem to 32 digits, as they are printed."""
    facts = nist()[name]
    header, *lines = (NIST / facts["csv"]).read_text().split()
    columns = dict(
        zip(header.split(","), zip(*(line.split(",") for line in lines), strict=True), strict=True)
    )
    chosen = [columns[predictor] for predictor in facts["predictors"]]
    y = linreg.Doubled.of(columns["y"])
    if facts["model"] == "polynomial":
        return linreg.powers(linreg.Doubled.of(chosen[0]), facts["degree"]), y
    return linreg.Doubled.of(list(zip(*chosen, strict=True))), y


class Exact(NamedTuple):
    estimate: list[Fraction]  # the intercept first if there is one
    variance: list[Fraction]  # squares of the standard errors; without freedom, of those for noise 1
    rss: Fraction


def exact_fit(X: Any, y: Any, intercept: bool, weights: Any = None, frequency: bool = False) -> Exact:
    """The exact answer with its standard errors, of tensors or `Doubled`."""
    rows = [[Fraction(1)] * intercept + row for row in _fractions(X)]
    target = _fractions(y)
    c = [Fraction(1)] * len(rows) if weights is None else _fractions(weights)
    k = len(rows[0])
    scaled = [[v * a for a in row] for v, row in zip(c, rows, strict=True)]
    gram = [[sum(s[i] * r[j] for s, r in zip(scaled, rows, strict=True)) for j in range(k)] for i in range(k)]
    xy = [sum(s[i] * t for s, t in zip(scaled, target, strict=True)) for i in range(k)]
    M = _eliminated([[*gram[i], xy[i], *(Fraction(i == j) for j in range(k))] for i in range(k)])
    estimate = [row[k] for row in M]
    r = [
        t - sum(a * b for a, b in zip(row, estimate, strict=True))
        for row, t in zip(rows, target, strict=True)
    ]
    rss = sum((v * e * e for v, e in zip(c, r, strict=True)), Fraction(0))
    n = sum(c) if frequency else sum(v > 0 for v in c)
    noise = rss / (n - k) if n > k else Fraction(1)
    return Exact(estimate, [M[i][k + 1 + i] * noise for i in range(k)], rss)


def _fractions(values: Any) -> Any:
    if isinstance(values, linreg.Doubled):
        return _added(_fractions(values.hi), _fractions(values.lo))
    return _mapped(values.tolist())


def _mapped(values: Any) -> Any:
    return [_mapped(v) for v in values] if isinstance(values, list) else Fraction(values)


def _added(a: Any, b: Any) -> Any:
    return [_added(p, q) for p, q in zip(a, b, strict=True)] if isinstance(a, list) else a + b


def exact(X: Tensor, y: Tensor, intercept: bool) -> list[Fraction]:
    """The exact least-squares answer of float64 data: the normal equation in rational arithmetic."""
    return exact_fit(X, y, intercept).estimate


def _eliminated(M: list[list[Fraction]]) -> list[list[Fraction]]:
    """Gauss-Jordan on the leading square of M; it is positive definite, so no pivot is 0."""
    for i in range(len(M)):
        M[i] = [v / M[i][i] for v in M[i]]
        for j in range(len(M)):
            if j != i:
                M[j] = [a - M[j][i] * p for a, p in zip(M[j], M[i], strict=True)]
    return M
