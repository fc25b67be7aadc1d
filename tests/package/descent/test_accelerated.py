"""Momentum: torch's steps, the limits of its rates, and a status that is true."""

import math
import re

import pytest
import torch
from peers import ordinary, peer_path, toy, visited
from problems import error, gen

import linreg
from linreg import Status
from linreg.descent import verdict
from linreg.descent.accelerated import Moving, momentum_step, nesterov_step
from linreg.descent.modes import Inertia

F64 = torch.float64
KINDS = (False, True)
REDUCTIONS = ("half_mean", "mean", "half_sum", "sum")


def test_one_step_is_the_formula():
    theta, velocity, slope = (torch.randn(3, generator=gen(k), dtype=F64) for k in range(3))
    state = Moving(theta, velocity)
    plain = momentum_step(state, slope, lr=0.1, beta=0.5)
    ahead = nesterov_step(state, slope, lr=0.1, beta=0.5)
    for moved in (plain, ahead):
        torch.testing.assert_close(moved.velocity, 0.5 * velocity + slope, rtol=1e-15, atol=0)
    torch.testing.assert_close(plain.theta, theta - 0.1 * plain.velocity, rtol=1e-15, atol=0)
    torch.testing.assert_close(ahead.theta, theta - 0.1 * (slope + 0.5 * ahead.velocity), rtol=1e-15, atol=0)
    assert torch.equal(state.theta, torch.randn(3, generator=gen(0), dtype=F64))  # pure


@pytest.mark.parametrize("data", [toy, ordinary])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("beta", [0.5, 0.9])
@pytest.mark.parametrize("nesterov", KINDS)
def test_step_for_step_those_of_torch(nesterov, beta, seed, data):
    X, y = data(seed)
    lr = 0.9 / linreg.curvature(X).L
    fit = linreg.momentum(X, y, lr=lr, steps=100, beta=beta, nesterov=nesterov, tol=0)
    path = peer_path(
        X, y, lambda parameters: torch.optim.SGD(parameters, lr, momentum=beta, nesterov=nesterov)
    )
    assert float((visited(fit) - path).abs().max() / path.abs().max()) < 1e-14


@pytest.mark.parametrize("data", [toy, ordinary])
def test_gradient_descent_step_for_step_that_of_torch(data):
    X, y = data(0)
    lr = 0.9 / linreg.curvature(X).L
    fit = linreg.gradient_descent(X, y, lr=lr, steps=100, tol=0)
    path = peer_path(X, y, lambda parameters: torch.optim.SGD(parameters, lr))
    assert float((visited(fit) - path).abs().max() / path.abs().max()) < 1e-14


@pytest.mark.parametrize("nesterov", KINDS)
def test_without_a_share_it_is_gradient_descent(nesterov):
    X, y = ordinary(0)
    plain = linreg.gradient_descent(X, y, lr=0.03, steps=50)
    fit = linreg.momentum(X, y, lr=0.03, steps=50, beta=0.0, nesterov=nesterov)
    assert torch.equal(fit.path.w, plain.path.w)
    assert (fit.status, fit.message) == (plain.status, plain.message)
    assert fit.method == ("nesterov" if nesterov else "momentum")


@pytest.mark.parametrize("data", [toy, ordinary])
@pytest.mark.parametrize("nesterov", KINDS)
@pytest.mark.parametrize("beta", [0.3, 0.9])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_below_the_limit_it_converges_and_above_it_names_a_rate_that_does(reduction, beta, nesterov, data):
    X, y = data(1)
    how = {"beta": beta, "nesterov": nesterov, "reduction": reduction, "record": False}
    limit = Inertia(beta, nesterov).limit() / linreg.curvature(X, reduction=reduction).L
    below = linreg.momentum(X, y, lr=0.99 * limit, steps=20_000, **how)
    assert below.status is Status.OK
    assert error(below, linreg.solve(X, y).w) < 1e-5
    for times in (1.0, 1.01, 30.0, 1e200):
        fit = linreg.momentum(X, y, lr=times * limit, steps=4000, **how)
        assert fit.status is Status.DIVERGED
        assert (
            f"is not below the largest stable rate, {Inertia(beta, nesterov).limit_text()} = {limit:.4g}."
            in (fit.message)
        )
        assert float(fit.loss) <= float(linreg.squared_loss(0 * y, y)) * (1 + 1e-12)
        assert bool(fit.w.isfinite().all())
    rate = float(re.search(r"Try lr = ([-+.\de]+)\.$", fit.message).group(1))
    assert rate == pytest.approx(limit / 2, rel=1e-3)
    assert linreg.momentum(X, y, lr=rate, steps=4000, **how).status is Status.OK


def test_a_stable_run_that_rises_far_is_not_called_diverged():
    """Next to its largest rate the ball swings to (1 + beta)^2 / (1 - beta)^2 times its first height."""
    X = torch.tensor([[1.0], [-1.0]], dtype=F64)
    y, beta = 0 * X[:, 0], 0.999
    lr = Inertia(beta).limit() / linreg.curvature(X, intercept=False).L * (1 - 1e-7)
    how = {"lr": lr, "beta": beta, "w": X[0], "intercept": False}
    fit = linreg.momentum(X, y, steps=3000, **how)
    assert float(fit.path.loss.max()) > 1e6 * float(fit.path.loss[0])
    assert fit.status is Status.NOT_CONVERGED
    assert fit.steps == 3000
    done = linreg.momentum(X, y, steps=100_000, record=False, **how)
    assert done.status is Status.OK


def test_how_far_it_may_rise_grows_with_the_square_of_what_it_remembers(monkeypatch):
    """To 361 times its height with a share of 0.9, which only 10 / 0.1^2 allows here."""
    monkeypatch.setattr("linreg.descent.accelerated.BLOW_UP", 10)
    X = torch.tensor([[1.0], [-1.0]], dtype=F64)
    how = {"w": X[0], "steps": 100, "intercept": False}
    lr = 3.8 / linreg.curvature(X, intercept=False).L * (1 - 1e-6)
    fit = linreg.momentum(X, 0 * X[:, 0], lr=lr, **how)
    assert fit.status is Status.NOT_CONVERGED
    assert 300 < float(fit.path.loss.max() / fit.path.loss[0]) < 361
    rise = linreg.momentum(X, 0 * X[:, 0], lr=1.05 * lr, **how).path.loss / fit.path.loss[0]
    assert float(rise[:-1].max()) <= 1000 < float(rise[-1])  # and no farther


@pytest.mark.parametrize("nesterov", KINDS)
@pytest.mark.parametrize("tol", [None, 1e-6])
@pytest.mark.parametrize("data", [toy, ordinary])
def test_the_message_knows_how_many_steps_it_takes(data, tol, nesterov):
    X, y = data(0)
    bowl = linreg.curvature(X)
    how = {"lr": 0.02 / bowl.L, "beta": 0.8, "nesterov": nesterov, "tol": tol, "record": False}
    short = linreg.momentum(X, y, steps=20, **how)
    assert short.status is Status.NOT_CONVERGED
    needed = int(re.search(r"At this rate it takes (\d+) steps", short.message).group(1))
    fit = linreg.momentum(X, y, steps=needed + 50, **how)
    assert fit.status is Status.OK
    assert abs(fit.steps - needed) <= 1 + needed // 1000  # the last steps decide by rounding
    told = re.search(r"the fastest rate in the long run is ([\d.e-]+)\.", short.message)
    other = re.search(
        r"no rate is faster with this `beta`; try beta = ([\d.e-]+), lr = (\S+)\.", short.message
    )
    assert bool(told) == (nesterov or data is ordinary)  # without, all rates from here on shrink alike
    if told:
        best = float(told.group(1))
        assert best == pytest.approx(Inertia(0.8, nesterov).best_rate(bowl.mu, bowl.L), rel=1e-3)
    else:
        how["beta"], best = map(float, other.groups())
        root = float(bowl.L / bowl.mu) ** 0.5
        assert how["beta"] == pytest.approx(((root - 1) / (root + 1)) ** 2, rel=1e-3)
        assert best == pytest.approx(4 / (bowl.L**0.5 + bowl.mu**0.5) ** 2, rel=1e-3)
    faster = linreg.momentum(X, y, **how | {"lr": best}, steps=needed)
    assert faster.status is Status.OK
    assert faster.steps < fit.steps / 2


@pytest.mark.parametrize("seed", range(40))
def test_the_share_and_the_rate_that_are_named_together_are_stable_and_fast(seed):
    """Also where the rate that goes with it ends a share of 1e-9 below the largest stable one."""
    kappa, L = 10 ** (0.5 + 0.23 * seed), 10 ** (seed % 7 - 3.0)
    mu, slow = L / kappa, Inertia(0.1 / (seed + 1))
    said = verdict._faster(slow.best_rate(mu, L), slow, mu, L)
    beta, lr = map(float, re.search(r"try beta = ([\d.e-]+), lr = (\S+)$", said).groups())
    assert lr * L < 2 * (1 + beta)
    radius = max(Inertia(beta)._radius(lr * curvature) for curvature in (mu, L))
    fastest = (kappa**0.5 + 1) / (kappa**0.5 - 1)
    assert math.log(1 / radius) > 0.6 * math.log(fastest)


@pytest.mark.parametrize(("unit", "beyond"), [(1.0, True), (1e-2, False)])
def test_a_stable_rate_may_lead_out_of_the_range(unit, beyond):
    """On its way momentum rises above the start, whose loss is all but the largest number."""
    X = torch.randn(50, 2, generator=gen())
    y = X.sum(1)
    y *= unit * (3e38 / float(y.double().square().sum())) ** 0.5
    fit = linreg.momentum(X, y, lr=0.9 * 2 * 1.5 / linreg.curvature(X).L, beta=0.5, steps=300)
    assert (fit.status is Status.DIVERGED) == beyond
    words = "Left the range of torch.float32 at step 1. Scale `X` and `y` down, or start closer."
    assert (fit.message == words) == beyond


def test_the_root_of_the_steps():
    """With the best rate and share, about sqrt(kappa) steps instead of kappa."""
    X, y = ordinary(2)
    bowl = linreg.curvature(X)
    root = bowl.kappa**0.5
    beta = ((root - 1) / (root + 1)) ** 2
    moved = linreg.momentum(
        X, y, lr=4 / (bowl.L**0.5 + bowl.mu**0.5) ** 2, beta=beta, steps=2000, record=False
    )
    plain = linreg.gradient_descent(X, y, lr=bowl.best_rate, steps=5000, record=False)
    assert moved.status is plain.status is Status.OK
    assert moved.steps < 3 * plain.steps / root


@pytest.mark.parametrize("nesterov", KINDS)
@pytest.mark.parametrize("intercept", [True, False])
def test_sums_and_settings(intercept, nesterov):
    X, y = ordinary(0)
    how = {"lr": 0.03, "steps": 40, "intercept": intercept, "nesterov": nesterov, "tol": 0}
    rows, sums = (linreg.momentum(X, y, sums=sums, **how) for sums in (False, True))
    torch.testing.assert_close(sums.path.w, rows.path.w, rtol=1e-11, atol=1e-11)
    assert intercept or not rows.path.b.any()
    start = torch.full((20,), 2.0, dtype=F64)
    moved = linreg.momentum(X, y, w=start, b=1.0 if intercept else 0.0, record=False, **how)
    assert moved.path is None
    again = linreg.momentum(X, y, w=start, b=1.0 if intercept else 0.0, **how)
    assert torch.equal(again.path.w[0], start)
    assert torch.equal(again.w, moved.w)


def test_many_columns(monkeypatch):
    monkeypatch.setattr("linreg.descent.bowl.COLUMNS", 0)
    X, y = ordinary(0)
    limit = 3.8 / linreg.curvature(X).L
    fits = [linreg.momentum(X, y, lr=f * limit, steps=n) for f, n in ((0.5, 5000), (0.5, 5), (1.1, 500))]
    assert [fit.status for fit in fits] == [Status.OK, Status.NOT_CONVERGED, Status.DIVERGED]
    assert fits[1].message.endswith("`conjugate_gradients` needs neither.")


def test_progress(capsys):
    X, y = toy(0)
    linreg.momentum(X, y, lr=0.3, steps=7, tol=0, progress=True)
    assert "7/7" in capsys.readouterr().err
