"""Newton arrives at once, L-BFGS walks the points of conjugate gradients, and both say when they do not."""

import pytest
import torch
from peers import ordinary, toy
from problems import built, error, gen

import linreg
from linreg import Status
from linreg.basics.objective import Objective
from linreg.descent.second_order import Remembering, lbfgs_step, newton_step
from linreg.descent.steps import Point

F64 = torch.float64
REDUCTIONS = ("half_mean", "mean", "half_sum", "sum")


def definite(k: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """A Hessian of columns in units from a millionth to a million, and a point, of which 0 is the best."""
    units = torch.logspace(-6, 6, k, dtype=F64)
    A = torch.randn(9, k, generator=gen(seed), dtype=F64) * units
    return A.T @ A, 1 / units


# Newton.


def test_a_newton_step_arrives():
    H, theta = definite()
    after = newton_step(Point(theta), H @ theta, H).theta
    assert float((after / theta).abs().max()) < 1e-13


def test_a_newton_step_stays_where_nothing_curves():
    H = torch.zeros(3, 3, dtype=F64)
    H[:2, :2] = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    theta = newton_step(Point(torch.tensor([5.0, -5.0, 7.0], dtype=F64)), H[0] * 3, H).theta
    torch.testing.assert_close(theta, torch.tensor([3.5, -6.5, 7.0], dtype=F64), rtol=1e-14, atol=0)


@pytest.mark.parametrize("data", [toy, ordinary])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("sums", [True, False])
def test_newton_takes_one_step(sums, reduction, intercept, seed, data):
    X, y = data(seed)
    start = torch.randn(X.shape[1], generator=gen(9), dtype=F64)
    fit = linreg.newton(X, y, w=start, intercept=intercept, reduction=reduction, sums=sums)
    best = linreg.certified(X, y, intercept=intercept)
    assert (fit.status, fit.steps, fit.method) == (Status.OK, 1, "newton")
    assert error(fit, best.w) < 1e-12
    assert torch.equal(fit.path.w[0], start)
    assert intercept or not fit.path.b.any()


@pytest.mark.parametrize("kappa", [1e2, 1e4, 1e6])
def test_more_steps_refine(kappa):
    """The first loses kappa^2 eps, as the normal equation does; the next ones win it back."""
    p = built(100, 6, kappa, noise=0.01)
    one, three = (linreg.newton(p.X, p.y, steps=steps, tol=0) for steps in (1, 3))
    assert error(three, p.w) <= p.tolerance
    if kappa > 1e3:
        assert error(three, p.w) < error(one, p.w) / 10
    assert three.steps == 3


def test_units_do_not_matter_to_newton():
    X, y = ordinary(0)
    units = torch.logspace(-8, 8, 20, dtype=F64)
    fit = linreg.newton(X * units, y)
    assert (fit.status, fit.steps) == (Status.OK, 1)
    torch.testing.assert_close(fit.w * units, linreg.solve(X, y).w, rtol=1e-10, atol=0)


def test_newton_on_dependent_columns():
    X, y = toy(0)
    twice = torch.column_stack((X, X[:, 0]))
    fit = linreg.newton(twice, y, w=torch.tensor([0.0, 0.0, 2.0], dtype=F64))
    assert fit.status is Status.OK
    torch.testing.assert_close(fit.predict(twice), linreg.solve(X, y).predict(X), rtol=1e-10, atol=1e-10)
    # the difference of the two, of which the data do not speak, is that of the start
    assert float(fit.w[2] - fit.w[0]) == pytest.approx(2.0, rel=1e-12)


def test_newton_that_cannot_arrive():
    X, y = ordinary(0)
    none = linreg.newton(X, y, steps=0)
    assert none.status is Status.NOT_CONVERGED
    assert "The first step arrives and two more correct its rounding: give it three." in none.message
    a, e = (torch.randn(100, generator=gen(k), dtype=F64) for k in (0, 1))
    alike = torch.stack((a, a + 1e-9 * e), 1)  # and what there is to gain is their difference
    for steps in (3, 10):
        lost = linreg.newton(alike, e, steps=steps)
        assert (lost.status, lost.steps) == (Status.NOT_CONVERGED, steps)
        assert "squares the condition number: use `solve`, or centre and scale `X`." in lost.message
    assert "give it three." in linreg.newton(alike, e, steps=2).message
    assert linreg.solve(alike, e).status is Status.OK
    asked = linreg.newton(X, y, tol=0, steps=4)
    assert (asked.status, asked.steps) == (Status.NOT_CONVERGED, 4)
    assert asked.message.endswith("`tol=0` asks for all the steps.")


def test_newton_in_float32():
    X, y = (t.float() for t in ordinary(0))
    fit = linreg.newton(X, y)
    assert fit.status is Status.OK
    assert fit.w.dtype == torch.float32
    assert error(fit, linreg.solve(X, y).w.double()) < 1e-5


@pytest.mark.parametrize("size", [1e-170, 1e160])
def test_columns_whose_squares_are_out_of_range(size):
    X, y = toy(0)
    X[7, 1] = 0  # one zero makes no column of zeros
    with pytest.raises(linreg.DataError, match=r"`X` must have squares within .* by powers of two"):
        linreg.newton(X * torch.tensor([1.0, size], dtype=F64), y * 1e-100)
    with_zeros = torch.column_stack((X, 0 * X[:, 0]))
    fit = linreg.newton(with_zeros, y)
    assert fit.status is Status.OK
    assert float(fit.w[2]) == 0


# L-BFGS.


def test_an_lbfgs_step_is_to_the_smallest_loss_along_its_direction():
    H, _ = definite(seed=1)
    H = H / H.diagonal().sqrt() / H.diagonal().sqrt().unsqueeze(1)
    state = Remembering(torch.ones(4, dtype=F64))
    for _ in range(3):
        after = lbfgs_step(state, H @ state.theta, lambda p: p @ H @ p, 10)
        moved = after.theta - state.theta
        assert abs(float((H @ after.theta) @ moved)) < 1e-9 * float(moved @ H @ moved)
        state = after
    assert len(state.pairs) == 2


def test_it_forgets():
    H, _ = definite(6)
    H = H / H.diagonal().sqrt() / H.diagonal().sqrt().unsqueeze(1)
    state = Remembering(torch.ones(6, dtype=F64))
    for _ in range(6):
        state = lbfgs_step(state, H @ state.theta, lambda p: p @ H @ p, 3)
    assert len(state.pairs) == 3


def test_a_step_from_the_minimum_stays():
    H, _ = definite()
    zero = torch.zeros(4, dtype=F64)
    state = lbfgs_step(Remembering(zero), zero, lambda p: p @ H @ p, 3)
    state = lbfgs_step(state, zero, lambda p: p @ H @ p, 3)
    assert torch.equal(state.theta, zero)
    assert state.pairs == ()


@pytest.mark.parametrize("memory", [1, 2, 10])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_points_of_conjugate_gradients(seed, memory):
    """By the textbook recurrence on the normal equation, which shares no line with it."""
    X, y = ordinary(seed)
    A = linreg.fold_bias(X)
    A = torch.column_stack((A[:, 1:], A[:, 0]))
    H, c = A.T @ A / 300, A.T @ y / 300
    theta, r = torch.zeros(21, dtype=F64), c
    p = r
    path = linreg.lbfgs(X, y, steps=5, tol=0, memory=memory).path
    for k in range(6):  # until rounding separates them: three steps later they differ by 1e-8
        found = torch.cat((path.w[k], path.b[k : k + 1]))
        torch.testing.assert_close(found, theta, rtol=1e-8, atol=1e-10)
        alpha = (r @ r) / (p @ H @ p)
        theta, r_new = theta + alpha * p, r - alpha * (H @ p)
        p = r_new + (r_new @ r_new) / (r @ r) * p
        r = r_new


@pytest.mark.parametrize("data", [toy, ordinary])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("sums", [True, False])
def test_lbfgs_arrives(sums, reduction, intercept, dtype, data):
    X, y = (t.to(dtype) for t in data(0))
    fit = linreg.lbfgs(X, y, intercept=intercept, reduction=reduction, sums=sums)
    assert (fit.status, fit.method) == (Status.OK, "lbfgs")
    assert fit.steps <= 25
    best = linreg.solve(X, y, intercept=intercept)
    assert error(fit, best.w.double()) < 10 * torch.finfo(dtype).eps ** 0.5


def test_it_needs_the_root_of_the_steps():
    X, y = ordinary(1)
    bowl = linreg.curvature(X)
    plain = linreg.gradient_descent(X, y, lr=bowl.best_rate, steps=5000, record=False)
    fit = linreg.lbfgs(X, y)
    assert fit.status is plain.status is Status.OK
    assert fit.steps < 3 * plain.steps / bowl.kappa**0.5


def test_lbfgs_that_does_not_arrive():
    X, y = ordinary(0)
    fit = linreg.lbfgs(X, y, steps=3)
    assert (fit.status, fit.steps) == (Status.NOT_CONVERGED, 3)
    assert fit.message.endswith("Give it more steps, or bring the columns to one scale.")
    assert linreg.lbfgs(X, y, steps=30).status is Status.OK
    assert linreg.lbfgs(X, y, steps=3, tol=0).message.endswith("`tol=0` asks for all the steps.")
    with pytest.raises(linreg.RangeError, match="`memory` must be an integer of 1 or more; got 0"):
        linreg.lbfgs(X, y, memory=0)


def test_lbfgs_where_float32_rounds_too_much():
    X, y = (t.float() for t in toy(0))
    fit = linreg.lbfgs(X, y + 1e6, steps=500)
    assert fit.status is Status.NOT_CONVERGED
    assert bool(fit.w.isfinite().all())


def test_from_the_minimum_both_stay():
    X, y = toy(0)
    best = linreg.certified(X, y)
    for method in (linreg.newton, linreg.lbfgs):
        fit = method(X, y, w=best.w, b=best.b)
        assert (fit.status, fit.steps) == (Status.OK, 0)
        on = method(X, y, w=best.w, b=best.b, tol=0, steps=5)
        assert on.status is Status.NOT_CONVERGED
        assert on.steps == 5
        assert error(on, best.w) < 1e-14


def test_a_perfect_start_of_noise_free_data():
    """A loss of 0, above which everything is: that is no blow-up."""
    X = torch.randn(30, 2, generator=gen(), dtype=F64)
    y = 0 * X[:, 0]
    for fit in (linreg.newton(X, y, tol=0, steps=3), linreg.lbfgs(X, y, tol=0, steps=3)):
        assert fit.steps == 3
        assert not fit.w.any()


def test_many_columns(monkeypatch):
    monkeypatch.setattr("linreg.descent.bowl.COLUMNS", 0)
    X, y = ordinary(0)
    for method in (linreg.newton, linreg.lbfgs):
        assert method(X, y).status is Status.OK


def test_the_steepness_of_the_loss_is_what_the_step_needs():
    X, y = toy(0)
    of = Objective(X, y, "half_mean", True)
    theta = torch.ones(3, dtype=F64)
    after = lbfgs_step(Remembering(theta), of.slope(theta)[1], of.steepness, 5).theta
    line = [float(of.slope(theta + f * (after - theta))[0]) for f in (0.999, 1.0, 1.001)]
    assert line[1] < min(line[0], line[2])
