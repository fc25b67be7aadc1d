"""Many columns: the bottom from products alone is that of the sums, and a run has the same status."""

import math

import pytest
import torch
from problems import gen

import linreg
from linreg import Status
from linreg.descent import wide as module
from linreg.descent.bowl import from_rows
from linreg.descent.noise import Run, settled
from linreg.descent.wide import wide_of

F64 = torch.float64


def data(n: int, d: int, dtype: torch.dtype = F64) -> tuple[torch.Tensor, torch.Tensor]:
    """Correlated columns in units from a thousandth to a thousand, off zero."""
    X, y = linreg.simulate(n, [1.0] * d, correlation=0.5, noise=0.5, generator=gen())
    return (X * torch.logspace(-3, 3, d, dtype=F64) + 1).to(dtype), y.to(dtype)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("n", "d"), [(300, 40), (40, 100)])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_the_bottom_is_that_of_the_rows(dtype, n, d, intercept):
    X, y = data(n, d, dtype)
    found, bowl = wide_of(X, y, intercept), from_rows(X, y, intercept)
    eps = torch.finfo(dtype).eps
    assert found.found
    # far below what a run is asked for: products of float32 are squared errors of a few eps
    assert bowl.excess(found.w, found.b) <= 1e-2 * eps * bowl.gain
    assert found.gain == pytest.approx(bowl.gain, rel=100 * eps)
    assert found.height == pytest.approx(bowl.height, rel=100 * eps)
    assert found.floor == pytest.approx(bowl.floor, rel=1e3 * eps, abs=100 * eps * bowl.gain)
    w = torch.full((d,), 0.1, dtype=dtype)
    b = torch.tensor(0.3 * intercept, dtype=dtype)
    # what is left of the bottom's own error counts once beside that of w
    left = bowl.excess(w, b)
    assert found.excess(w, b) == pytest.approx(left, rel=2 * (1e-2 * eps * bowl.gain / left) ** 0.5)
    assert found.worth(w, b, dtype) == found.gain
    assert found.steepness() == pytest.approx(linreg.curvature(X, intercept=intercept).L, rel=100 * eps)


@pytest.mark.parametrize("unit", [1.0, 1e-4])
@pytest.mark.parametrize(("dtype", "farthest"), [(torch.float32, 1e2), (F64, 1e6)])
def test_neither_units_nor_means_cost_rounds_or_digits(monkeypatch, dtype, farthest, unit):
    """Forty columns take some sixty rounds, in any units and with means of a million times their spread."""
    monkeypatch.setattr(module, "ROUNDS", 100)
    X, y = data(300, 40)
    spread = torch.logspace(-3, 3, 40, dtype=F64)
    X = (unit * (X + torch.logspace(0, math.log10(farthest), 40, dtype=F64) * spread)).to(dtype)
    y = y.to(dtype)
    found, bowl = wide_of(X, y, True), from_rows(X, y, True)
    assert found.found
    assert bowl.excess(found.w, found.b) <= 1e-2 * torch.finfo(dtype).eps * bowl.gain


def test_a_bottom_that_is_not_found_is_no_bottom(monkeypatch):
    X, y = data(300, 40)
    monkeypatch.setattr(module, "ROUNDS", 5)
    lost = wide_of(X, y, True)
    assert not lost.found
    assert math.isinf(lost.excess(lost.w, lost.b))
    monkeypatch.setattr("linreg.descent.bowl.COLUMNS", 3)
    run = linreg.gradient_descent(X, y, lr=1e-9, steps=3)
    batches = linreg.sgd(X, y, lr=1e-9, epochs=1, batch_size=100, generator=gen())
    for fit in (run, batches):
        assert fit.status is Status.NOT_CONVERGED
        assert fit.message.startswith("Conjugate gradients did not find the smallest loss")


@pytest.fixture
def narrow_limit(monkeypatch):
    """Everything counts as many columns."""
    monkeypatch.setattr("linreg.descent.bowl.COLUMNS", 0)


@pytest.mark.parametrize("reduction", ["half_mean", "sum"])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_descent_has_the_same_status(noise, reduction, monkeypatch):
    X, y = linreg.simulate(200, [1.0] * 10, correlation=0.3, noise=noise, generator=gen())
    bowl = linreg.curvature(X, reduction=reduction)
    runs = [(bowl.best_rate, 2000), (bowl.best_rate, 5), (1.1 * bowl.largest_stable_rate, 500)]
    outcomes = []
    for columns in (2048, 0):
        monkeypatch.setattr("linreg.descent.bowl.COLUMNS", columns)
        settings = {"reduction": reduction, "record": False}
        fits = [linreg.gradient_descent(X, y, lr=lr, steps=steps, **settings) for lr, steps in runs]
        assert [fit.status for fit in fits] == [Status.OK, Status.NOT_CONVERGED, Status.DIVERGED]
        outcomes.append(fits)
    for few, many in zip(*outcomes, strict=True):
        assert abs(few.steps - many.steps) <= 1
    few, many = (fits[2].message for fits in outcomes)
    assert few == many
    advice = "bring the columns to one scale. `conjugate_gradients` needs neither."
    assert outcomes[1][1].message.endswith(advice)
    assert linreg.conjugate_gradients(X, y).status is Status.OK


@pytest.mark.usefixtures("narrow_limit")
@pytest.mark.parametrize("nesterov", [False, True])
def test_a_step_that_moves_nothing_is_told_from_one_that_is_short(nesterov):
    """The rows lie far from zero: of a short step float32 keeps nothing, and float64 a little."""
    X, y = linreg.simulate(200, [1.0] * 10, correlation=0.3, noise=0.5, generator=gen())
    how = {"lr": 1e-9, "steps": 3, "w": torch.full((10,), 1e3, dtype=F64), "b": 1e6, "nesterov": nesterov}
    short = linreg.momentum(X, y + 1e6, **how)
    stuck = linreg.momentum(X.float(), (y + 1e6).float(), **how | {"w": how["w"].float()})
    assert short.status is stuck.status is Status.NOT_CONVERGED
    assert "Give it more steps, and bring the columns to one scale." in short.message
    assert "torch.float32 rounds too much to come closer: centre and scale" in stuck.message


@pytest.mark.usefixtures("narrow_limit")
@pytest.mark.parametrize("seed", [0, 1])
def test_mini_batches(seed):
    X, y = linreg.simulate(500, [1.0] * 10, correlation=0.3, noise=0.5, generator=gen(seed))
    settings = {"batch_size": 20, "lr": 0.02, "record": False}
    runs = [linreg.sgd(X, y, epochs=epochs, generator=gen(seed), **settings) for epochs in (1, 40)]
    assert [fit.status for fit in runs] == [Status.NOT_CONVERGED, Status.OK]
    beyond = linreg.sgd(X, y, lr=0.3, batch_size=5, epochs=1, generator=gen())
    assert beyond.status in (Status.NOT_CONVERGED, Status.DIVERGED)
    assert linreg.sgd(X, y, lr=9.0, batch_size=20, epochs=1, generator=gen()).status is Status.DIVERGED


@pytest.mark.parametrize("reduction", ["half_mean", "mean", "half_sum", "sum"])
def test_the_largest_stable_rate_is_that_of_the_eigenvalues(reduction):
    X, y = linreg.simulate(200, [1.0] * 10, correlation=0.3, generator=gen())
    run = Run(X, y, wide_of(X, y, True), True, 1e-4, 200, reduction)
    exact = linreg.curvature(X, reduction=reduction).largest_stable_rate
    assert run.largest_stable_rate() == pytest.approx(exact, rel=1e-9)


def test_the_envelope_is_near_the_exact_floor():
    """For a small rate and noise that does not depend on the features."""
    X, y = linreg.simulate(2000, [1.0] * 10, correlation=0.3, noise=0.5, generator=gen())
    run = Run(X, y, wide_of(X, y, True), True, 1e-4, 20, "half_mean")
    exact = settled(X, y, from_rows(X, y, True), 1e-4, 20, 1e-4)
    assert run._envelope(run.bowl).mean == pytest.approx(exact.mean, rel=0.05)


def test_twenty_thousand_columns_take_no_square_matrix():
    """It would have 3 GB."""
    X = torch.randn(40, 20_000, generator=gen(), dtype=F64)
    y = X[:, 0] + 1
    fit = linreg.gradient_descent(X, y, lr=1e-3, steps=300, record=False)
    assert fit.status is Status.OK
    assert float(linreg.squared_loss(fit.predict(X), y)) < 1e-15
    assert linreg.gradient_descent(X, y, lr=1.0, steps=30, record=False).status is Status.DIVERGED


def test_a_gain_that_is_rounding_of_the_loss_is_none():
    """Two losses differ by rounding when their difference is a rounding of both, floor and all."""
    X, y = linreg.simulate(50, [1.0] * 20, correlation=0.5, generator=torch.Generator().manual_seed(0))
    bottom = wide_of(X, y, True)
    eps = torch.finfo(X.dtype).eps
    for height, floor in ((1.0, 3.0), (3.0, 1.0), (0.0, 4.0)):
        at = bottom._replace(height=height, floor=floor)
        above = max(height, bottom.excess(bottom.w, bottom.b))
        assert at._replace(gain=3.9 * eps**2).worth(bottom.w, bottom.b, X.dtype) == above
        assert at._replace(gain=4.1 * eps**2).worth(bottom.w, bottom.b, X.dtype) == 4.1 * eps**2


def test_a_column_of_zeros_changes_nothing():
    X, y = data(300, 40)
    without, zeros = wide_of(X, y, True), torch.zeros(300, 1, dtype=F64)
    found = wide_of(torch.column_stack((X, zeros)), y, True)
    assert found.found
    assert float(found.w[-1]) == 0
    torch.testing.assert_close(found.w[:-1], without.w, rtol=1e-9, atol=0)


def test_of_targets_that_are_zero_there_is_nothing_to_gain():
    X, y = data(300, 40)
    w = torch.ones(40, dtype=F64)
    bottom = wide_of(X, 0 * y, True)
    assert bottom.found
    assert (bottom.gain, bottom.height, bottom.floor) == (0, 0, 0)
    excess = float(linreg.squared_loss(X @ w, 0 * y))
    assert bottom.worth(w, torch.zeros((), dtype=F64), F64) == pytest.approx(excess)
