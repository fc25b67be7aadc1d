"""Eigenvalues, rates, and the loss curve known in advance."""

import math

import pytest
import torch
from problems import EPS, built, gen

import linreg
from linreg import Status

REDUCTIONS = {
    "half_mean": 1.0,
    "mean": 2.0,
    "half_sum": 1000.0,
    "sum": 2000.0,
}  # curvature over half-mean's, n 1000
SEEDS = (0, 1, 2)


def s8(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    return linreg.simulate(generator=gen(seed))


def test_eigenvalues_of_the_simulated_data():
    X, _ = s8()
    bowl = linreg.curvature(X)
    assert [round(value, 3) for value in bowl.eigenvalues.tolist()] == [0.946, 0.993, 1.037]
    assert bowl.kappa == pytest.approx(1.037 / 0.946, rel=1e-3)
    assert bowl.largest_stable_rate == pytest.approx(1.929, abs=5e-4)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_eigenvalues_are_those_of_the_hessian(dtype, intercept, reduction):
    X = s8()[0].to(dtype) * torch.tensor([1.0, 3.0], dtype=dtype)
    bowl = linreg.curvature(X, intercept=intercept, reduction=reduction)
    H = linreg.hessian(X.double(), intercept=intercept, reduction=reduction)
    assert bowl.eigenvalues.dtype == torch.float64
    torch.testing.assert_close(bowl.eigenvalues, torch.linalg.eigvalsh(H), rtol=1e-13, atol=0)
    V = bowl.eigenvectors
    torch.testing.assert_close(V.T @ V, torch.eye(len(H), dtype=torch.float64), rtol=0, atol=1e-14)
    torch.testing.assert_close(V * bowl.eigenvalues @ V.T, H, rtol=1e-13, atol=1e-13 * bowl.L)
    assert (
        pytest.approx(linreg.curvature(X, intercept=intercept).L * REDUCTIONS[reduction], rel=1e-12) == bowl.L
    )


@pytest.mark.parametrize("kappa", [1e2, 1e5, 1e7])
def test_small_eigenvalues_keep_their_digits(kappa):
    """Built from singular values 1 to 1/kappa; the eigenvalues of a formed X'X lose 1/kappa^2 from 1e8 on."""
    p = built(n=200, d=3, kappa=kappa)
    bowl = linreg.curvature(p.X, intercept=False)
    assert pytest.approx(1, rel=1e-12) == bowl.L
    assert bowl.mu == pytest.approx(kappa**-2, rel=100 * EPS * kappa)
    assert bowl.kappa == pytest.approx(kappa**2, rel=100 * EPS * kappa)


def test_properties_of_the_rates():
    bowl = linreg.curvature(torch.tensor([[1.0, 0.0], [0.0, 3.0]]), intercept=False)
    assert (bowl.mu, bowl.L, bowl.kappa) == pytest.approx((0.5, 4.5, 9.0))
    assert bowl.largest_stable_rate == pytest.approx(2 / 4.5)
    assert bowl.best_rate == pytest.approx(2 / 5)
    assert repr(bowl) == "Curvature(mu=0.5, L=4.5, kappa=9, largest_stable_rate=0.4444, best_rate=0.4)"


@pytest.mark.parametrize("n", [3, 5, 50, 10_000])
def test_dependent_columns(n):
    x = torch.randn(n, generator=gen(), dtype=torch.float64)
    X = torch.stack((x, 2 * x, torch.ones_like(x)), 1)
    bowl = linreg.curvature(X)
    assert (bowl.eigenvalues == 0).sum() == 2
    assert (bowl.mu, bowl.kappa) == (0.0, math.inf)
    # The rate 2 / (0 + L) would never converge; this one does.
    fit = linreg.gradient_descent(X, 3 * x + 1, lr=bowl.best_rate, steps=5000)
    assert fit.status is Status.OK


def test_fewer_rows_than_parameters():
    X = torch.randn(3, 7, generator=gen(), dtype=torch.float64)
    bowl = linreg.curvature(X)
    assert bowl.eigenvalues.shape == (8,)
    assert (bowl.eigenvalues == 0).sum() == 5
    torch.testing.assert_close(
        bowl.eigenvectors * bowl.eigenvalues @ bowl.eigenvectors.T, linreg.hessian(X), rtol=0, atol=1e-13
    )


def test_a_float32_million_is_summed_in_float64():
    X = torch.rand(1_000_000, 2, generator=gen())
    exact = torch.linalg.eigvalsh(linreg.hessian(X.double()))
    # sums of a million rows differ by their order, which the number of threads decides; float32 is 1e-6 off
    torch.testing.assert_close(linreg.curvature(X).eigenvalues, exact, rtol=1e-11, atol=0)
    for intercept in (True, False):
        H, best = (linreg.hessian(t, intercept=intercept) for t in (X, X.double()))
        torch.testing.assert_close(H, best.float(), rtol=2e-7, atol=0)


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e150])
def test_scales(scale):
    X, _ = s8()
    bowl, plain = (linreg.curvature(t, intercept=False) for t in (X * scale, X))
    assert pytest.approx(plain.L * scale**2, rel=1e-12) == bowl.L
    assert bowl.mu == pytest.approx(plain.mu * scale**2, rel=1e-12)


@pytest.mark.parametrize("scale", [0.0, 1e-170, 1e160])
def test_no_curvature_that_float64_can_hold(scale):
    X, _ = s8()
    with pytest.raises(
        linreg.DataError, match=r"other than 0, and squares within the range of float64; its largest"
    ):
        linreg.curvature(X * scale, intercept=False)


# The predicted loss curve, against the run.


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("rate", [0.01, 0.5, 0.9, 1.05])
def test_predicted_loss_is_the_measured_loss(rate, reduction, intercept, seed):
    X, y = linreg.simulate(1000, correlation=0.7, generator=gen(seed))
    lr = rate * linreg.curvature(X, intercept=intercept, reduction=reduction).largest_stable_rate
    start = {"w": torch.tensor([3.0, -5.0], dtype=torch.float64), "b": 1.0 if intercept else 0.0}
    fit = linreg.gradient_descent(
        X, y, lr=lr, steps=60, tol=0, intercept=intercept, reduction=reduction, **start
    )
    predicted = linreg.predict_loss(
        X, y, lr=lr, steps=fit.steps, intercept=intercept, reduction=reduction, **start
    )
    # Each step rounds the parameters once; the loss is a sum of squares of rounded residuals.
    torch.testing.assert_close(fit.path.loss, predicted, rtol=1e-11, atol=0)


def test_predicted_loss_of_dependent_columns_and_float32():
    x = torch.randn(100, generator=gen())
    X, y = torch.stack((x, x), 1), 3 * x + 1
    fit = linreg.gradient_descent(X, y, lr=0.3, steps=20, tol=0, w=torch.tensor([5.0, -5.0]))
    predicted = linreg.predict_loss(X, y, lr=0.3, steps=20, w=torch.tensor([5.0, -5.0]))
    torch.testing.assert_close(fit.path.loss.double(), predicted, rtol=1e-4, atol=1e-11)  # float32 run


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_predicted_loss_at_any_scale(scale):
    X, y = s8()
    for intercept in (True, False):
        lr = 0.5 * linreg.curvature(X * scale, intercept=intercept).largest_stable_rate
        fit = linreg.gradient_descent(X * scale, y, lr=lr, steps=10, tol=0, intercept=intercept)
        predicted = linreg.predict_loss(X * scale, y, lr=lr, steps=10, intercept=intercept)
        torch.testing.assert_close(fit.path.loss, predicted, rtol=1e-9, atol=0)


def test_predicted_loss_of_a_run_that_overflows():
    X, y = s8()
    curve = linreg.predict_loss(X, y, lr=1e3, steps=200)
    assert not curve.isnan().any()
    assert curve[-1] == math.inf
    assert (curve[1:] >= curve[:-1]).all()


def test_a_direction_without_error_stays_without():
    """Its factor overflows first, and 0 times infinity would be no loss."""
    X = torch.tensor([[1.0, 0.0], [0.0, 3.0]], dtype=torch.float64)
    curve = linreg.predict_loss(X, X[:, 0], lr=1e3, steps=50, intercept=False)
    # lambda = 1/2 alone, with an excess of 1/4
    expected = torch.tensor([0.25 * 499.0 ** (2 * t) for t in range(51)], dtype=torch.float64)
    torch.testing.assert_close(curve, expected, rtol=1e-12, atol=0)


# Predicted steps, against the run. The article's table: steps to within 1 % of the floor.

TABLE = {0.01: 547, 0.03: 181, 0.1: 52.5, 0.3: 16, 1.0: 3}  # the middle of what several seeds gave


@pytest.mark.parametrize("lr", TABLE)
def test_steps_to_one_per_cent(lr):
    for seed in range(5):
        X, y = s8(seed)
        steps = linreg.predict_steps(X, y, lr=lr)
        assert steps == pytest.approx(TABLE[lr], rel=0.1, abs=1)
        path = linreg.gradient_descent(X, y, lr=lr, steps=steps + 2, tol=0).path
        floor = linreg.solve(X, y).loss
        reached = (path.loss <= 1.01 * floor).nonzero()[0]
        assert int(reached) == steps


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_steps_under_every_convention(reduction):
    X, y = s8()
    assert linreg.predict_steps(X, y, lr=0.3 / REDUCTIONS[reduction], reduction=reduction) == 17


@pytest.mark.parametrize("lr", [2.0, 3.0])
def test_rates_that_never_get_there(lr):
    for seed in range(20):
        assert linreg.predict_steps(*s8(seed), lr=lr) == math.inf


def test_the_article_s_badly_scaled_feature():
    """E11: second feature times 100: 2/lambda_max 1.84e-4, and 58,900 steps at 1/lambda_max."""
    X, y = s8()
    X = X * torch.tensor([1.0, 100.0], dtype=torch.float64)
    bowl = linreg.curvature(X)
    assert bowl.largest_stable_rate == pytest.approx(2e-4, rel=0.1)
    assert linreg.predict_steps(X, y, lr=1 / bowl.L) == pytest.approx(58_900, rel=0.1)
    Z = (X - X.mean(0)) / X.std(0)
    assert linreg.predict_steps(Z, y, lr=linreg.curvature(Z).best_rate) == 2
    for lr in (0.01, 0.03, 0.1, 0.3, 1.0):
        fit = linreg.gradient_descent(X, y, lr=lr, steps=100)
        assert fit.status is Status.DIVERGED


@pytest.mark.parametrize("unit", [2.0**-10, 2.0**10])
def test_steps_have_no_unit(unit):
    """A power of two rounds nothing."""
    X, y = s8()
    for lr in (0.3, 1.5, 3.0):
        steps = linreg.predict_steps(X, y, lr=lr, intercept=False)
        assert linreg.predict_steps(X * unit, y, lr=lr / unit**2, intercept=False) == steps


def test_predicted_steps_at_the_ends():
    X, y = s8()
    best = linreg.solve(X, y)
    assert linreg.predict_steps(X, y, lr=0.1, w=best.w, b=best.b) == 0
    assert linreg.predict_steps(X, y, lr=0.1, tolerance=1e9) == 0
    assert linreg.predict_steps(X, y, lr=1e-300) == math.inf
    steps = linreg.predict_steps(X, y, lr=1e-9)
    assert steps > 10**9
    at = [linreg.predict_steps(X, y, lr=0.01, tolerance=t) for t in (1.0, 0.1, 0.01, 1e-3, 1e-6)]
    assert at == sorted(at)


def test_one_feature_takes_one_step():
    X, y = linreg.simulate(100, (1.0,), b=0.0, generator=gen())
    lr = 1 / linreg.curvature(X, intercept=False).L
    assert linreg.predict_steps(X, y, lr=lr, intercept=False) == 1
    fit = linreg.gradient_descent(X, y, lr=lr, steps=9, intercept=False)
    assert (fit.status, fit.steps) == (Status.OK, 1)


@pytest.mark.parametrize("lr", [0.1, 0.5, 1.2])
def test_noise_free_data_take_so_many_steps(lr):
    """The floor is 0: 1 % of eps times what there is to gain takes its place, and the run gets there."""
    X, y = linreg.simulate(noise=0.0, generator=gen())
    steps = linreg.predict_steps(X, y, lr=lr)
    goal = 0.01 * EPS * float((y - y.mean()).square().mean() / 2)
    path = linreg.gradient_descent(X, y, lr=lr, steps=steps + 2, tol=0).path
    reached = int((path.loss <= goal).nonzero()[0])
    assert abs(reached - steps) <= 1
    # and noise at the level of rounding changes nothing, so that there is no jump at 0
    near = linreg.simulate(noise=1e-14, generator=gen())
    assert abs(linreg.predict_steps(*near, lr=lr) - steps) <= 1


def test_a_target_without_variance_takes_so_many_steps():
    """Nothing is to be gained over the mean, but the start is not there yet."""
    X, _ = s8()
    y = torch.full_like(X[:, 0], 5.0)
    steps = linreg.predict_steps(X, y, lr=0.5)
    assert 0 < steps < 100
    path = linreg.gradient_descent(X, y, lr=0.5, steps=steps + 2, tol=0).path
    assert abs(int((path.loss <= 0.01 * EPS * 12.5).nonzero()[0]) - steps) <= 1
