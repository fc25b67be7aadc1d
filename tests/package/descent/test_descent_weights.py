"""Rows that count with weights: each method is that of rows given so often, in any unit of the weights."""

import math

import pytest
import torch
from problems import EPS, gen

import linreg
from linreg import Status
from linreg.descent import bowl as bowls
from linreg.descent.bowl import from_rows
from linreg.descent.wide import wide_of
from linreg.weights import weighing

F64 = torch.float64
REDUCTIONS = ("half_mean", "mean", "half_sum", "sum")


def counted(seed=0, dtype=F64):
    """Ordinary data, how often each row counts, and the rows given so often."""
    X, y, _, _ = linreg.ordinary(seed, dtype=dtype)
    c = torch.randint(0, 4, (len(y),), generator=gen(seed))
    return X, y, c.to(dtype), X.repeat_interleave(c, 0), y.repeat_interleave(c)


def rate(X, intercept, reduction):
    return linreg.curvature(X, intercept=intercept, reduction=reduction).best_rate


METHODS = {
    "gradient_descent": lambda X, y, lr, **how: linreg.gradient_descent(X, y, lr=lr, steps=50, **how),
    "momentum": lambda X, y, lr, **how: linreg.momentum(X, y, lr=lr / 2, beta=0.5, steps=50, **how),
    "nesterov": lambda X, y, lr, **how: linreg.momentum(
        X, y, lr=lr / 2, beta=0.5, steps=50, nesterov=True, **how
    ),
    "adam": lambda X, y, lr, **how: linreg.adam(X, y, lr=0.1, steps=50, **how),
    "newton": lambda X, y, lr, **how: linreg.newton(X, y, **how),
    "lbfgs": lambda X, y, lr, **how: linreg.lbfgs(X, y, steps=10, **how),
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("sums", [False, True])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_a_row_that_counts_twice_is_given_twice(reduction, intercept, sums, name):
    X, y, c, X_all, y_all = counted()
    how = {"lr": rate(X_all, intercept, reduction), "intercept": intercept, "reduction": reduction}
    found = METHODS[name](X, y, weights=c, sums=sums, **how)
    expected = METHODS[name](X_all, y_all, sums=sums, **how)
    assert (found.status, found.message) == (expected.status, expected.message)
    torch.testing.assert_close(found.path.w, expected.path.w, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(found.path.loss, expected.path.loss, rtol=1e-10, atol=0)
    torch.testing.assert_close(found.loss, expected.loss, rtol=1e-10, atol=0)
    plain = METHODS[name](X, y, sums=sums, **how)
    assert float((plain.w - found.w).abs().max()) > 1e-2


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("factor", [1e-60, 3.0, 1e60])
def test_of_a_mean_only_the_ratios_of_weights_count(factor, name):
    X, y, c, _, _ = counted(1)
    lr = linreg.curvature(X, weights=c).best_rate
    found, other = (METHODS[name](X, y, lr, weights=times * c) for times in (1.0, factor))
    torch.testing.assert_close(other.path.w, found.path.w, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(other.path.loss, found.path.loss, rtol=1e-11, atol=0)


@pytest.mark.parametrize("reduction", ["half_sum", "sum"])
def test_a_sum_is_as_many_times_as_large(reduction):
    X, y, c, _, _ = counted(1)
    bowl = linreg.curvature(X, weights=c, reduction=reduction)
    tall = linreg.curvature(X, weights=5 * c, reduction=reduction)
    torch.testing.assert_close(tall.eigenvalues, 5 * bowl.eigenvalues, rtol=1e-12, atol=0)
    losses, lost = (
        linreg.predict_loss(X, y, lr=rate, steps=20, weights=weights, reduction=reduction)
        for rate, weights in ((bowl.best_rate, c), (tall.best_rate, 5 * c))
    )
    torch.testing.assert_close(lost, 5 * losses, rtol=1e-12, atol=0)


@pytest.mark.parametrize("beta", [0.0, 0.6])
@pytest.mark.parametrize("intercept", [True, False])
def test_steps_are_predicted(intercept, beta):
    X, y, c, X_all, y_all = counted(2)
    bowl = linreg.curvature(X, weights=c, intercept=intercept)
    expected = linreg.curvature(X_all, intercept=intercept)
    torch.testing.assert_close(bowl.eigenvalues, expected.eigenvalues, rtol=1e-11, atol=0)
    how = {"lr": 1 / bowl.L, "beta": beta, "weights": c, "intercept": intercept}
    fit = linreg.momentum(X, y, steps=100, tol=0, **how)
    foretold = linreg.predict_loss(X, y, steps=100, **how)
    torch.testing.assert_close(fit.path.loss, foretold, rtol=1e-10, atol=0)
    goal = 1.01 * linreg.solve(X, y, weights=c, intercept=intercept).loss
    t = linreg.predict_steps(X, y, **how)
    losses = linreg.momentum(X, y, steps=t, tol=0, **how).path.loss
    assert losses[-1] <= goal < losses[:-1].min()
    again = {**how, "weights": None}
    assert t == linreg.predict_steps(X_all, y_all, **again)


@pytest.mark.parametrize("autograd", [True, False])
def test_the_steps_of_torch_on_the_weighted_loss(autograd):
    X, y, c, _, _ = counted(3)
    theta = torch.zeros(21, dtype=F64, requires_grad=True)
    optimiser = torch.optim.SGD([theta], lr=0.05)
    for _ in range(30):
        optimiser.zero_grad()
        (c @ (linreg.fold_bias(X) @ theta - y).square() / (2 * c.sum())).backward()
        optimiser.step()
    fit = linreg.gradient_descent(X, y, lr=0.05, steps=30, weights=c, tol=0, autograd=autograd)
    torch.testing.assert_close(torch.hstack((fit.b, fit.w)), theta.detach(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", METHODS)
def test_float32(name):
    X, y, c, _, _ = counted(0, torch.float32)
    lr = linreg.curvature(X, weights=c).best_rate
    found, exact = (
        METHODS[name](X, y, lr, weights=c),
        METHODS[name](X.double(), y.double(), lr, weights=c.double(), tol=0),
    )
    assert found.w.dtype == torch.float32
    at = exact.path.w[min(found.steps, exact.steps)]
    torch.testing.assert_close(found.w.double(), at, rtol=0, atol=3e-5)


@pytest.mark.parametrize("name", METHODS)
def test_dependent_columns(name):
    X, y, c, X_all, y_all = counted()
    twice = torch.column_stack((X, X[:, 0]))
    lr = linreg.curvature(twice, weights=c).best_rate
    found = METHODS[name](twice, y, lr, weights=c)
    expected = METHODS[name](torch.column_stack((X_all, X_all[:, 0])), y_all, lr)
    torch.testing.assert_close(found.w, expected.w, rtol=1e-8, atol=1e-9)


# Very many columns.


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_conjugate_gradients(dtype, intercept):
    X, y, c, X_all, y_all = counted(0, dtype)
    found = linreg.conjugate_gradients(X, y, weights=c, intercept=intercept, record=True)
    exact = linreg.solve(X_all.double(), y_all.double(), intercept=intercept)
    assert found.status == Status.OK
    tolerance = 1e-10 if dtype == F64 else 1e-5
    torch.testing.assert_close(found.w.double(), exact.w, rtol=0, atol=tolerance)
    torch.testing.assert_close(found.b.double(), exact.b, rtol=0, atol=tolerance)
    torch.testing.assert_close(found.loss.double(), exact.loss, rtol=tolerance, atol=0)
    at = found.path
    for k in (0, 3, found.steps):
        y_hat = X @ at.w[k] + at.b[k]
        loss = linreg.squared_loss(y_hat.double(), y.double(), weights=c.double())
        torch.testing.assert_close(at.loss[k].double(), loss, rtol=10 * tolerance, atol=0)


def test_conjugate_gradients_of_columns_far_from_zero_and_in_other_units():
    X, y, c, _, _ = counted()
    near = linreg.conjugate_gradients(X, y, weights=c)
    far = linreg.conjugate_gradients(1e-8 * X + 1e-5, y, weights=c)
    torch.testing.assert_close(far.w * 1e-8, near.w, rtol=1e-8, atol=1e-9)
    assert far.steps <= near.steps + 5


def test_rows_of_weight_zero_are_no_rows():
    X, y, _, _ = linreg.ordinary()
    c = (torch.arange(300) < 15).double()
    found = linreg.conjugate_gradients(X, y, weights=c)
    assert "fewer rows than unknowns" in found.message
    torch.testing.assert_close(found.predict(X[:15]), y[:15], rtol=1e-8, atol=1e-8)
    assert "fewer rows" not in linreg.conjugate_gradients(X, y, weights=1 - c).message


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_the_bottom_of_very_many_columns(dtype, intercept):
    X, y, c, _, _ = counted(0, dtype)
    rows = weighing(y, c)
    found, bowl = wide_of(X, y, intercept, rows), from_rows(X, y, intercept, rows)
    assert found.found
    exact = (found.floor, found.gain, found.height)
    eps = torch.finfo(dtype).eps
    assert exact == pytest.approx((bowl.floor, bowl.gain, bowl.height), rel=1e4 * eps)
    w, b = torch.zeros_like(found.w), torch.zeros_like(found.b)
    assert found.excess(w, b) == pytest.approx(bowl.excess(w, b), rel=1e4 * eps)
    L = linreg.curvature(X, weights=c, intercept=intercept).L
    assert L * 0.97 < found.steepness() < L * (1 + 1e-5)


def test_descent_of_very_many_columns(monkeypatch):
    X, y, c, _, _ = counted()
    lr = linreg.curvature(X, weights=c).best_rate
    plain = linreg.gradient_descent(X, y, lr=lr, steps=2000, weights=c)
    monkeypatch.setattr(bowls, "COLUMNS", 5)
    found = linreg.gradient_descent(X, y, lr=lr, steps=2000, weights=c)
    assert found.status == plain.status == Status.OK
    assert abs(found.steps - plain.steps) <= 2
    fast = linreg.gradient_descent(X, y, lr=3 * lr, steps=2000, weights=c)
    assert fast.status == Status.DIVERGED


def test_sums_of_a_block_at_a_time():
    """Means and lengths of columns of many rows, to rounding."""
    X = torch.randn(30_000, 30, generator=gen(), dtype=F64) + 5
    y, c = X.sum(1), torch.rand(30_000, generator=gen(1), dtype=F64)
    found = linreg.conjugate_gradients(X, y, weights=c)
    assert float((found.w - 1).abs().max()) < 1e3 * EPS
    assert float(found.b.abs()) < 1e5 * EPS


WEIGHTED = {
    **{name: lambda X, y, c, f=f: f(X, y, 0.01, weights=c) for name, f in METHODS.items()},
    "conjugate_gradients": lambda X, y, c: linreg.conjugate_gradients(X, y, weights=c),
    "curvature": lambda X, y, c: linreg.curvature(X, weights=c),
    "predict_loss": lambda X, y, c: linreg.predict_loss(X, y, lr=0.1, steps=3, weights=c),
    "predict_steps": lambda X, y, c: linreg.predict_steps(X, y, lr=0.1, weights=c),
}


@pytest.mark.parametrize("name", WEIGHTED)
def test_bad_weights(name):
    X, y, c, _, _ = counted()
    for bad, kind, words in (
        (-c, linreg.DataError, "`weights` must be 0, or from"),
        (0 * c, linreg.DataError, "`weights` must have one above 0"),
        (c[1:], linreg.ShapeError, "`weights` must have shape"),
        (c.float(), linreg.DtypeError, "`weights`"),
        (c + math.nan, linreg.DataError, "`weights`"),
    ):
        with pytest.raises(kind, match=words):
            WEIGHTED[name](X, y, bad)
