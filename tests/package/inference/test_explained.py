"""Residuals, the share explained, and what one feature adds."""

import pytest
import torch
from problems import EPS, built, dependent, gen

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


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("kappa", [1.0, 10.0, 1e3, 1e6])
def test_vif_from_the_singular_values(kappa, seed):
    """With X = U diag(s) V', VIF_j = (X'X)_jj ((X'X)^-1)_jj, both sums over the singular values."""
    p = built(kappa=kappa, seed=seed)
    _, s, Vh = torch.linalg.svd(p.X - p.X.mean(0), full_matrices=False)
    s = p.X.shape[0] ** 0.5 * torch.logspace(0, -torch.tensor(kappa).log10().item(), 4, dtype=F64)  # as built
    if kappa == 1:
        expected = torch.ones(4, dtype=F64)
    else:
        expected = (Vh * s[:, None]).square().sum(0) * (Vh / s[:, None]).square().sum(0)
    # rounding of X turns the singular vectors by eps kappa, and a factor changes by twice that
    torch.testing.assert_close(linreg.vif(p.X), expected, rtol=100 * EPS * kappa, atol=0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_vif_is_what_the_others_explain(seed):
    X, _ = linreg.simulate(50, (1.0, 1.0, 1.0), correlation=0.9, generator=gen(seed))
    for j, factor in enumerate(linreg.vif(X).tolist()):
        others = X[:, [k for k in range(3) if k != j]]
        share = linreg.r2(linreg.solve(others, X[:, j]).predict(others), X[:, j])
        assert factor == pytest.approx(1 / (1 - share), rel=1e-12)
        assert factor == pytest.approx(float(torch.linalg.inv(torch.corrcoef(X.T))[j, j]), rel=1e-12)


def test_vif_is_the_variance_of_a_weight():
    """Against `certified`: the standard error is s / sqrt(n) / sd(x_j) times sqrt(VIF_j)."""
    p = built(kappa=100.0, noise=0.1)
    fit = linreg.certified(p.X, p.y)
    s = (linreg.residuals(p.X, p.y, fit).square().sum() / (60 - 5)).sqrt()
    alone = s / (p.X - p.X.mean(0)).norm(dim=0)
    torch.testing.assert_close(fit.w_se, alone * linreg.vif(p.X).sqrt(), rtol=1e-11, atol=0)


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e150])
def test_vif_has_no_unit_and_no_origin(scale):
    X, _ = linreg.simulate(50, correlation=0.9, generator=gen())
    expected = linreg.vif(X)
    torch.testing.assert_close(
        linreg.vif(X * torch.tensor([scale, 1.0], dtype=F64)), expected, rtol=1e-13, atol=0
    )
    torch.testing.assert_close(linreg.vif(X + 1e4), expected, rtol=1e-9, atol=0)


def test_vif_of_one_column_is_one():
    X, _ = linreg.simulate(50, (1.0,), generator=gen())
    assert linreg.vif(X).tolist() == [pytest.approx(1, rel=1e-14)]


@pytest.mark.parametrize("dtype", [F64, torch.float32])
def test_vif_is_infinite_for_the_columns_that_depend_and_for_no_other(dtype):
    X, _ = linreg.simulate(50, (1.0, 1.0, 1.0), correlation=0.5, dtype=dtype, generator=gen())
    first, *_ = linreg.vif(X).tolist()
    twice = torch.column_stack((X, X[:, 2], torch.full_like(X[:, 0], 7.0)))
    found = linreg.vif(twice).tolist()
    assert found[2:] == [torch.inf] * 3
    assert found[0] == pytest.approx(first, rel=1e-5)
    others = linreg.simulate(50, (1.0, 1.0, 1.0), correlation=0.5, dtype=dtype, generator=gen())[0]
    assert linreg.vif(others[:3]).tolist() == [torch.inf] * 3  # 3 rows: a constant and two differences
    assert linreg.vif(others[:1]).tolist() == [torch.inf] * 3


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_vif_blames_no_column_for_what_rounding_mixes_in(seed):
    """Two that nearly coincide, or one far from zero beside others, turn the combination that vanishes."""
    x, e, z, u = torch.randn(4, 100, generator=gen(seed), dtype=F64)
    close = torch.stack((x, x + 1e-6 * e, z, 2 * z), dim=1)
    far = torch.stack((x, u, z, z + 1e6), dim=1)
    for X in (close, far):
        found = linreg.vif(X)
        assert found[2:].tolist() == [torch.inf] * 2
        # the last column adds nothing to what explains the first two; rounding is 1e6 larger here
        torch.testing.assert_close(found[:2], linreg.vif(X[:, :3])[:2], rtol=1e6 * 100 * EPS, atol=0)


def test_vif_of_float32_sees_what_its_rounding_hides():
    """Columns that differ by less than float32 can tell are dependent in float32, not in float64."""
    g = gen()
    x, e = torch.randn(100, generator=g, dtype=F64), torch.randn(100, generator=g, dtype=F64)
    X = torch.stack((x, x + 1e-8 * e), dim=1)
    assert linreg.vif(X.float()).tolist() == [torch.inf] * 2
    assert linreg.vif(X)[0] == pytest.approx(1e16, rel=0.5)


def test_a_column_that_varies_by_the_rounding_of_its_dtype_is_constant():
    """In float64 it would be a column like any other."""
    x = torch.full((20,), 0.1, dtype=torch.float32)
    x[::2] = torch.nextafter(x[0], torch.tensor(1.0, dtype=torch.float32))
    X = torch.column_stack((x, torch.randn(20, generator=gen(), dtype=torch.float32)))
    assert linreg.vif(X).isinf().tolist() == [True, False]
    assert linreg.vif(X.double()).isfinite().all()
