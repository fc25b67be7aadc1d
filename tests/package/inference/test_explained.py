"""Residuals, the share explained, and what one feature adds."""

import pytest
import torch
from problems import built, dependent, gen

import linreg

F64 = torch.float64


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_residuals_of_the_least_squares_fit(seed):
    p = built(noise=0.3, seed=seed)
    r = linreg.residuals(p.X, p.y, linreg.solve(p.X, p.y))
    torch.testing.assert_close(r, p.y - p.X @ p.w - p.b, rtol=0, atol=1e-13)
    assert abs(float(r.sum())) < 1e-12
    assert float((p.X.T @ r).abs().max()) < 1e-12


def test_r2():
    y = torch.tensor([1.0, 2.0, 4.0], dtype=F64)
    assert linreg.r2(y, y) == 1.0
    assert linreg.r2(y.mean().expand(3), y) == pytest.approx(0, abs=1e-15)
    assert linreg.r2(-y, y) < 0
    assert isinstance(linreg.r2(y.float(), y.float()), float)


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e200])
def test_r2_has_no_unit(scale):
    y, y_hat = torch.randn(2, 30, generator=gen(), dtype=F64)
    assert linreg.r2(y_hat * scale, y * scale) == pytest.approx(linreg.r2(y_hat, y), rel=1e-12)


def test_r2_of_a_target_far_from_zero_in_float32():
    y = 1e4 + torch.rand(1000, generator=gen())
    y_hat = y + 0.1 * torch.randn(1000, generator=gen(1))
    assert linreg.r2(y_hat, y) == pytest.approx(linreg.r2(y_hat.double(), y.double()), rel=1e-12)


def test_one_feature_explains_half():
    """E7: R2 about 0.48 for one feature; 0.990 once the other's part is taken out."""
    shares, added = [], []
    for seed in range(20):
        X, y = linreg.simulate(generator=gen(seed))
        shares.append(linreg.r2(linreg.solve(X[:, 1:], y).predict(X[:, 1:]), y))
        x_left, y_left = linreg.added_variable(X, y, 1)
        added.append(linreg.r2(linreg.solve(x_left[:, None], y_left).predict(x_left[:, None]), y_left))
    assert sum(shares) / 20 == pytest.approx(0.5, abs=0.05)
    assert sum(added) / 20 == pytest.approx(0.990, abs=0.002)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("kappa", [1.0, 100.0])
@pytest.mark.parametrize("j", range(4))
def test_added_variable_is_the_theorem(j, kappa, seed):
    """The slope of the two residuals is the weight of the full fit, and their scatter its residual."""
    p = built(kappa=kappa, noise=0.3, seed=seed)
    full = linreg.solve(p.X, p.y)
    x_left, y_left = linreg.added_variable(p.X, p.y, j)
    alone = linreg.solve(x_left[:, None], y_left, intercept=False)
    torch.testing.assert_close(alone.w[0], full.w[j], rtol=1e-14 * 100 * kappa**2, atol=0)
    left = y_left - x_left * alone.w[0]
    torch.testing.assert_close(left, linreg.residuals(p.X, p.y, full), rtol=0, atol=1e-12 * kappa)


def test_added_variable_of_the_only_one():
    X, y = linreg.simulate(20, (1.0,), generator=gen())
    x_left, y_left = linreg.added_variable(X, y, 0)
    torch.testing.assert_close(x_left, X[:, 0] - X.mean())
    torch.testing.assert_close(y_left, y - y.mean())


def test_a_dependent_column_adds_nothing():
    p = dependent(60, 4, 3)
    x_left, _ = linreg.added_variable(p.X, p.y, 0)
    assert float(x_left.abs().max()) < 1e-12 * float(p.X.abs().max())
