"""Adam: torch's steps, and a status that is true of a method that does not stay where it arrived."""

import re

import pytest
import torch
from peers import ordinary, peer_path, toy, visited
from problems import error, gen

import linreg
from linreg import Status
from linreg.descent.adam import Scaling, adam_step

F64 = torch.float64


def test_one_step_is_the_formula():
    theta, mean, slope = (torch.randn(3, generator=gen(k), dtype=F64) for k in range(3))
    square = torch.rand(3, generator=gen(3), dtype=F64)
    how = {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}
    for decay in (0.0, 0.5):
        after = adam_step(Scaling(theta, mean, square, 4), slope, **how, weight_decay=decay)
        m, v = 0.8 * mean + 0.2 * slope, 0.95 * square + 0.05 * slope**2
        step = 0.1 * m / (1 - 0.8**5) / ((v / (1 - 0.95**5)).sqrt() + 1e-3)
        torch.testing.assert_close(after.theta, theta * (1 - 0.1 * decay) - step, rtol=1e-14, atol=1e-15)
        torch.testing.assert_close(after.mean, m, rtol=1e-14, atol=0)
        torch.testing.assert_close(after.square, v, rtol=1e-14, atol=0)
        assert after.steps == 5
    assert torch.equal(mean, torch.randn(3, generator=gen(1), dtype=F64))  # pure


@pytest.mark.parametrize("data", [toy, ordinary])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("settings", [{}, {"betas": (0.5, 0.9), "eps": 1e-3}])
def test_step_for_step_those_of_torch(settings, decay, seed, data):
    X, y = data(seed)
    fit = linreg.adam(X, y, lr=0.05, steps=100, tol=0, weight_decay=decay, **settings)
    made = {0.0: torch.optim.Adam, 0.1: torch.optim.AdamW}[decay]
    path = peer_path(X, y, lambda parameters: made(parameters, 0.05, weight_decay=decay, **settings))
    assert float((visited(fit) - path).abs().max() / path.abs().max()) < 1e-14
    assert fit.method == ("adamw" if decay else "adam")


@pytest.mark.parametrize("data", [toy, ordinary])
@pytest.mark.parametrize("lr", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_it_arrives_at_any_rate_that_is_long_enough(dtype, lr, data):
    X, y = (t.to(dtype) for t in data(0))
    fit = linreg.adam(X, y, lr=lr, steps=2000)
    assert fit.status is Status.OK
    assert fit.message.startswith(f"Converged after {fit.steps} steps")
    assert error(fit, linreg.solve(X, y).w.double()) < 10 * torch.finfo(dtype).eps ** 0.5
    assert torch.equal(fit.path.w[-1], fit.w)


def test_it_leaves_the_minimum_and_the_status_says_so():
    """At a fixed rate: there after 335 steps, and thrown out some thousands later."""
    X, y = toy(0)
    stopped = linreg.adam(X, y, lr=0.1, steps=12_000)
    assert stopped.status is Status.OK
    on = linreg.adam(X, y, lr=0.1, steps=12_000, tol=0)
    best = linreg.solve(X, y).loss
    gain = (y - y.mean()).square().mean() / 2 - best
    left = (on.path.loss - best) / gain
    assert float(left[500:1500].max()) < 1e-12
    thrown = int(left[1000:].argmax()) + 1000
    assert float(left[thrown]) > 1e-6
    # a run that ends just there
    fit = linreg.adam(X, y, lr=0.1, steps=thrown, tol=0)
    assert fit.status is Status.NOT_CONVERGED
    told = re.search(r"It was nearest after step (\d+), (\S+), and left again", fit.message)
    assert float(fit.path.loss[int(told.group(1))]) == float(fit.path.loss.min())
    assert float(told.group(2)) < 1e-14
    assert fit.message.endswith("`tol=0` asks for all the steps.")
    assert torch.equal(fit.w, fit.path.w[-1])
    # one that ends at its nearest has not left
    at = int(on.path.loss[:400].argmin())
    assert "left again" not in linreg.adam(X, y, lr=0.1, steps=at, tol=0).message


@pytest.mark.parametrize("data", [toy, ordinary])
@pytest.mark.parametrize("reduction", ["half_mean", "sum"])
def test_a_rate_too_short_is_told_and_the_one_named_works(reduction, data):
    X, y = data(1)
    fit = linreg.adam(X, y, lr=1e-3, steps=300, reduction=reduction)
    assert fit.status is Status.NOT_CONVERGED
    way = max(float(linreg.solve(X, y).w.abs().max()), abs(float(linreg.solve(X, y).b)))
    assert f"A step is about lr = 0.001 long, and a parameter has {way:.4g} to go: try lr = " in fit.message
    rate = float(re.search(r"try lr = (\S+)\.$", fit.message).group(1))
    again = linreg.adam(X, y, lr=rate, steps=1500, reduction=reduction)
    assert again.status is Status.OK
    # it is the length of a step, as the first one shows
    assert float(fit.path.w[1].abs().max()) == pytest.approx(1e-3, rel=1e-3)
    # from a start, the way is what is left
    w = linreg.solve(X, y).w + 7.0
    from_there = linreg.adam(X, y, lr=1e-3, steps=3, w=w, b=linreg.solve(X, y).b)
    assert "a parameter has 7 to go: try lr = 7." in from_there.message


def test_a_rate_long_enough_wants_steps():
    X, y = ordinary(0)
    fit = linreg.adam(X, y, lr=1.0, steps=50)
    assert fit.status is Status.NOT_CONVERGED
    assert fit.message.endswith("Give it more steps, or bring the columns to one scale first.")
    assert linreg.adam(X, y, lr=1.0, steps=500).status is Status.OK


def test_decay_is_no_convergence():
    X, y = toy(0)
    fit = linreg.adam(X, y, lr=0.01, steps=5000, weight_decay=0.1)
    assert fit.status is Status.NOT_CONVERGED
    assert "`weight_decay` keeps it from the smallest loss; at 0 it can get there." in fit.message
    assert linreg.adam(X, y, lr=0.01, steps=5000).status is Status.OK
    # but near the minimum it does pass, with a tolerance as wide
    assert linreg.adam(X, y, lr=0.01, steps=5000, weight_decay=0.1, tol=0.1).status is Status.OK


def test_slopes_that_are_small_beside_eps():
    X, y = toy(0)
    fit = linreg.adam(X, y * 1e-12, lr=1e-12, steps=2000)
    assert fit.status is Status.NOT_CONVERGED
    assert re.search(r"Its slopes, at most \d[\de.-]*, are small beside `eps`: lower `eps`\.$", fit.message)
    assert linreg.adam(X, y * 1e-12, lr=1e-12, steps=2000, eps=1e-20).status is Status.OK
    dw, db = linreg.gradient(X, y, torch.zeros(X.shape[1], dtype=F64))
    steepest = float(torch.cat((dw, db.reshape(1))).abs().max())
    told = [linreg.adam(X, y, lr=0.1, steps=0, eps=steepest / part).message for part in (9.9, 10.1)]
    assert ["are small beside" in message for message in told] == [True, False]


def test_slopes_whose_squares_overflow():
    X, y = toy(0)
    fit = linreg.adam(X.float() * 1e15, y.float() * 1e10, lr=1e-5, steps=100)
    assert fit.status is Status.NOT_CONVERGED
    assert (
        "The squares of its slopes leave the range of torch.float32: scale `X` and `y` down." in fit.message
    )


def test_a_rate_beyond_the_range():
    X, y = toy(0)
    fit = linreg.adam(X, y, lr=1e200, steps=100)
    assert fit.status is Status.DIVERGED
    assert fit.steps == 1
    assert bool(fit.w.isfinite().all())
    assert fit.message.startswith("Left the range of torch.float64 at step 1: lr = 1e+200. Try lr = ")
    rate = float(re.search(r"Try lr = (\S+)\.$", fit.message).group(1))
    assert linreg.adam(X, y, lr=rate, steps=1000).status is Status.OK


def test_float32_that_rounds_too_much():
    X, y = (t.float() for t in toy(0))
    fit = linreg.adam(X, y + 1e6, lr=1e-9, steps=3, w=X[0] * 0 + 1e3, b=1e6)
    assert fit.status is Status.NOT_CONVERGED
    assert "torch.float32 rounds too much" in fit.message


@pytest.mark.parametrize("intercept", [True, False])
def test_sums_and_settings(intercept):
    X, y = ordinary(0)
    how = {"lr": 0.1, "steps": 60, "intercept": intercept, "tol": 0}
    rows, sums = (linreg.adam(X, y, sums=sums, **how) for sums in (False, True))
    torch.testing.assert_close(sums.path.w, rows.path.w, rtol=1e-9, atol=1e-9)
    assert intercept or not rows.path.b.any()
    assert linreg.adam(X, y, record=False, **how).path is None


def test_many_columns(monkeypatch):
    monkeypatch.setattr("linreg.descent.bowl.COLUMNS", 0)
    X, y = ordinary(0)
    few = linreg.adam(X, y, lr=1e-3, steps=5)
    best = linreg.solve(X, y)
    assert f"a parameter has {max(float(best.w.abs().max()), float(best.b)):.4g} to go" in few.message
    assert linreg.adam(X, y, lr=1.0, steps=1000).status is Status.OK


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"betas": 0.9}, linreg.DtypeError, "`betas` must be a pair of numbers; got 0.9. Pass"),
        ({"betas": (0.9,)}, linreg.DtypeError, "`betas` must be a pair of numbers"),
        ({"betas": (0.9, 1.0)}, linreg.RangeError, "`betas` must be below 1, or nothing is ever forgotten"),
        ({"betas": (-0.1, 0.9)}, linreg.RangeError, "`betas` must be a finite number, 0 or above"),
        ({"eps": 0.0}, linreg.RangeError, "`eps` must be a finite number above 0"),
        ({"weight_decay": -1.0}, linreg.RangeError, "`weight_decay` must be a finite number, 0 or above"),
    ],
)
def test_bad_settings(settings, kind, words):
    with pytest.raises(kind, match=re.escape(words)):
        linreg.adam(*toy(0), lr=0.1, steps=1, **settings)
