"""The loss as a function of one vector: value, slope and curvature agree with autograd."""

import pytest
import torch
from problems import gen

import linreg
from linreg.basics.objective import Objective

F64 = torch.float64
REDUCTIONS = ("half_mean", "mean", "half_sum", "sum")
HOW = ("rows", "autograd", "sums")


def objective(how: str, intercept: bool, reduction: str, dtype: torch.dtype = F64) -> Objective:
    X, y = linreg.simulate(50, [1.0, 2.0, -1.0], correlation=0.5, noise=0.3, generator=gen(2), dtype=dtype)
    made = Objective(X + 1, y, reduction, intercept, how == "autograd")
    return made.summed() if how == "sums" else made


def point(intercept: bool, seed: int = 0) -> torch.Tensor:
    return torch.randn(3 + intercept, generator=gen(seed), dtype=F64)


def loss(of: Objective, theta: torch.Tensor) -> torch.Tensor:
    """By the public functions."""
    w, b = (theta[:-1], theta[-1]) if of.intercept else (theta, 0.0)
    return linreg.squared_loss(linreg.predict(of.X, w, b), of.y, reduction=of.reduction)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_slope_and_curvature_are_derivatives_of_the_loss(reduction, intercept, how):
    of = objective(how, intercept, reduction)
    theta, p = point(intercept), point(intercept, 1)
    value, slope = of.slope(theta)
    torch.testing.assert_close(value, loss(of, theta), rtol=1e-13, atol=0)
    expected = torch.autograd.functional.jacobian(lambda t: loss(of, t), theta)
    H = torch.autograd.functional.hessian(lambda t: loss(of, t), theta)
    torch.testing.assert_close(slope, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(of.hessian(), H, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(of.steepness(p), p @ H @ p, rtol=1e-12, atol=0)


@pytest.mark.parametrize("how", HOW)
def test_only_who_asks_for_autograd_gets_it(how, monkeypatch):
    asked = []
    grad = torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *a, **k: asked.append(1) or grad(*a, **k))
    objective(how, True, "mean").slope(point(True))
    assert len(asked) == (how == "autograd")


@pytest.mark.parametrize("intercept", [True, False])
def test_parts_and_joined_undo_each_other(intercept):
    of = objective("rows", intercept, "half_mean")
    theta = point(intercept)
    w, b = of.parts(theta)
    assert w.shape == (3,)
    assert b.shape == ()
    assert float(b) == (float(theta[-1]) if intercept else 0)
    assert torch.equal(of.joined(w, b), theta)
    # of several, one a column
    both = torch.stack((theta, 2 * theta), 1)
    ws, bs = of.parts(both)
    assert ws.shape == (3, 2)
    assert torch.equal(bs, torch.stack((b, 2 * b)))


@pytest.mark.parametrize("how", HOW)
def test_float32_stays_float32_and_its_hessian_is_of_float64(how):
    of = objective(how, True, "mean", torch.float32)
    theta = point(True).float()
    value, slope = of.slope(theta)
    assert value.dtype == slope.dtype == of.steepness(theta).dtype == torch.float32
    exact = of._replace(X=of.X.double(), y=of.y.double(), autograd=False, sums=None, parabola=None)
    torch.testing.assert_close(of.hessian(), exact.hessian(), rtol=1e-14, atol=0)
    torch.testing.assert_close(slope.double(), exact.slope(theta.double())[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_to_half_mean(reduction):
    of, theta = objective("rows", True, reduction), point(True)
    half_mean = of._replace(reduction="half_mean").slope(theta)[0]
    torch.testing.assert_close(of.slope(theta)[0] * of.to_half_mean(), half_mean, rtol=1e-14, atol=0)


def test_many_rows_are_taken_in_parts():
    """More than one block of them: the sums go on in float64."""
    g = gen(5)
    X = torch.randn(60_000, 6, generator=g, dtype=F64)
    of = Objective(X, X.sum(1), "half_mean", True)
    p = torch.randn(7, generator=g, dtype=F64)
    torch.testing.assert_close(of.steepness(p), (X @ p[:-1] + p[-1]).square().mean(), rtol=1e-12, atol=0)
