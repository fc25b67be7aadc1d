"""Logistic regression: its equation, peers to the last digits, invariances, and data at the edge."""

from itertools import pairwise

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from classified import drawn
from problems import gen, unchanged
from separable import rows_of
from sklearn.linear_model import LogisticRegression

import linreg
from linreg import DataError, RangeError, Status, infer_logistic, logistic
from linreg.generalised.classes.class_problem import _verdict
from linreg.generalised.classes.likelihood import Likelihood, Table
from linreg.generalised.classes.log_loss import Binary
from linreg.generalised.classes.newton import Objective
from linreg.inference.fitted import fitted

F64 = torch.float64


def left(X, y, fit, c=None, alpha=0.0):
    """The slope of the objective, its definition: X'(p - t) / n, and alpha w."""
    c = torch.ones_like(y) if c is None else c
    r = c * (fit.probabilities(X) - y) / c.sum()
    return float(torch.cat((X.T @ r + alpha * fit.w, r.sum().reshape(1))).abs().max())


# The equation, and peers.


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("alpha", [0.0, 1e-3, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_slope_is_zero(seed, alpha, weighted):
    X, y = drawn(seed)
    c = torch.rand(300, generator=gen(seed), dtype=F64) if weighted else None
    fit = logistic(X, y, alpha=alpha, weights=c)
    assert type(fit) is linreg.LogisticFit
    assert (fit.status, fit.method, fit.alpha, fit.rank) == (Status.OK, "logistic", alpha, 20)
    assert fit.separation is None
    assert left(X, y, fit, c, alpha) < 1e-14
    assert fit.steps <= 8
    chances = fit.probabilities(X)
    c = torch.ones(300, dtype=F64) if c is None else c
    loss = -(y * chances.log() + (1 - y) * (1 - chances).log())
    assert float(fit.loss) == pytest.approx(float(c @ loss / c.sum()), rel=1e-13)


@pytest.mark.parametrize("seed", range(3))
def test_the_slope_is_that_of_autograd(seed):
    """One gradient for least squares and for chances: X'(p - t) / n."""
    X, y = drawn(seed)
    w = torch.randn(20, generator=gen(seed), dtype=F64).requires_grad_()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(X @ w, y)
    (slope,) = torch.autograd.grad(loss, w)
    with torch.no_grad():
        torch.testing.assert_close(slope, X.T @ (torch.sigmoid(X @ w) - y) / 300, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("d", [1, 5, 20])
def test_statsmodels_to_ten_digits(seed, d):
    X, y = drawn(seed, d=d)
    fit = logistic(X, y)
    peer = sm.Logit(y.numpy(), sm.add_constant(X.numpy())).fit(disp=0, method="newton", tol=1e-14)
    found = np.r_[float(fit.b), fit.w.numpy()]
    np.testing.assert_allclose(found, peer.params, rtol=1e-10, atol=1e-12)
    assert float(fit.loss) == pytest.approx(-peer.llf / 300, rel=1e-13)


R_GLM = [-0.38949246013038191, 0.89940781011209203, -0.61632614220594117, 0.38112632328310675,
         -0.534617686887221, 0.50540605533237037]  # fmt: skip
R_OFTEN = [-0.28206916271636673, 1.1450883924571309, -0.90470201239602122, 0.64805533657084191,
           -0.55309835361338955, 0.49982006993966127]  # fmt: skip
R_HELD = [-0.3305367540089178, 0.60631560960915298, -0.36442631688229066, 0.25714813401318559,
          -0.31716499242523172, 0.34807087015000843]  # fmt: skip


def test_r_to_ten_digits():
    """R 4.2.2: glm(y ~ ., binomial, control = glm.control(epsilon = 1e-16, maxit = 100)), and with weights.

    The last is glmnet 4.1-6: glmnet(X, y, "binomial", alpha = 0, lambda = 0.05, standardize = FALSE,
    thresh = 1e-30), whose lambda is our alpha.
    """
    X, y = drawn(d=5)
    fit = logistic(X, y)
    np.testing.assert_allclose([fit.b, *fit.w], R_GLM, rtol=1e-12)
    assert float(fit.loss) == pytest.approx(0.57742031429994234, rel=1e-14)  # its deviance / 600
    often = logistic(X, y, weights=torch.tensor([1.0, 2.0, 0.0, 3.0], dtype=F64).repeat(75))
    np.testing.assert_allclose([often.b, *often.w], R_OFTEN, rtol=1e-12)
    held = logistic(X, y, alpha=0.05)
    np.testing.assert_allclose([held.b, *held.w], R_HELD, rtol=1e-11)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [1e-3, 0.1, 10.0])
def test_scikit_learns_C_is_one_over_n_alpha(alpha, weighted):
    X, y = drawn()
    c = torch.rand(300, generator=gen(), dtype=F64) if weighted else None
    total = 300.0 if c is None else float(c.sum())
    fit = logistic(X, y, alpha=alpha, weights=c)
    peer = LogisticRegression(C=1 / (total * alpha), solver="newton-cholesky", tol=1e-12)
    peer.fit(X.numpy(), y.numpy(), sample_weight=None if c is None else c.numpy())
    np.testing.assert_allclose(fit.w.numpy(), peer.coef_[0], rtol=1e-9, atol=1e-11)
    assert float(fit.b) == pytest.approx(float(peer.intercept_[0]), rel=1e-9)
    assert np.array_equal(fit.predict(X).numpy(), peer.predict(X.numpy()))
    np.testing.assert_allclose(fit.probabilities(X).numpy(), peer.predict_proba(X.numpy())[:, 1], rtol=1e-8)


def test_without_an_intercept():
    X, y = drawn(d=4)
    fit = logistic(X, y, intercept=False)
    peer = sm.Logit(y.numpy(), X.numpy()).fit(disp=0, tol=1e-14)
    np.testing.assert_allclose(fit.w.numpy(), peer.params, rtol=1e-10)
    assert float(fit.b) == 0


def test_a_table_of_two_by_two():
    """Chances of a group are its share, so the weight is the logarithm of the odds ratio."""
    X = torch.tensor([0.0] * 10 + [1.0] * 20, dtype=F64).unsqueeze(1)
    y = torch.tensor([1.0] * 3 + [0.0] * 7 + [1.0] * 15 + [0.0] * 5, dtype=F64)
    fit = logistic(X, y)
    assert float(fit.b) == pytest.approx(np.log(3 / 7), rel=1e-12)
    assert float(fit.w) == pytest.approx(np.log(15 / 5) - np.log(3 / 7), rel=1e-12)


@pytest.mark.parametrize(("share", "more"), [(1.01, 0), (0.99, 1)])
def test_steps_end_when_they_are_small_beside_one_and_the_margins(share, more):
    """Of which both are a root mean square; a step that is hardly too large is followed by another."""
    X = torch.randn(300, 3, generator=gen(), dtype=F64)
    y = (X.sum(1) * 3 + torch.randn(300, generator=gen(1), dtype=F64) > 1).to(F64)
    table, design = Table(X, y, None), fitted(X, y, intercept=True).design
    newton = Objective(Likelihood(Binary(), design, lambda: (table,)), None)
    start = torch.zeros(4, 1, dtype=F64)
    end = newton.minimised(start, 4)
    size = float(design.rows(X).matmul(end.u).square().mean().sqrt())
    assert size > 2
    assert newton.minimised(start, 30, share * end.moved / (1 + size)).steps == 4 + more
    found = newton.minimised(start, 30)
    assert float(found.slope.norm()) <= found.rounding < 1e-12


def test_a_step_that_brings_nothing_is_halved():
    X, y = drawn(d=3)
    table, design = Table(X, y, None), fitted(X, y, intercept=True).design
    newton = Objective(Likelihood(Binary(), design, lambda: (table,)), None)
    end = newton.at(torch.zeros(4, 1, dtype=F64))
    step, low, high = newton._step(end), 1.0, 10.0
    for _ in range(40):  # to where the loss is that of the start once more
        middle = (low + high) / 2
        low, high = (low, middle) if newton.at(middle * step).value > end.value else (middle, high)
    worse = newton.at(high * step).value
    assert worse == pytest.approx(end.value)
    moved = newton._moved(end, high * step, 0.0)
    assert moved.value < end.value - 1
    torch.testing.assert_close(moved.u, high * step / 2)


def test_chances_that_leave_no_curvature():
    """From a start so far out that all are 0 or 1, on both sides."""
    X, y = drawn(d=3)
    table, design = Table(X, y, None), fitted(X, y, intercept=True).design
    newton = Objective(Likelihood(Binary(), design, lambda: (table,)), None)
    end = newton.minimised(torch.full((4, 1), 1e6, dtype=F64), 100)
    assert (end.steps, end.arrived) == (0, False)
    status, message = _verdict(newton, end, 300)
    assert status == Status.NO_DIGITS
    assert message.startswith("After 0 steps rounding has left no curvature: chances are 0 or 1 in too many")


@pytest.mark.parametrize("depth", [1e-14, 1e-15])
def test_rounding_leaves_open_whether_there_are_weights(depth):
    """A row of class 0 within those of class 1, by hardly more than the rounding of their distances."""
    X = torch.tensor([[-2.0], [-1.0], [depth], [0.0], [1.0], [2.0]], dtype=F64)
    y = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], dtype=F64)
    fit = logistic(X, y)
    assert fit.status == Status.NO_DIGITS
    assert "Rounding leaves open whether a direction separates the classes" in fit.message
    assert logistic(X, y, alpha=1e-4).status == Status.OK


# Weights.


def test_weights_count_rows():
    X, y = drawn(d=5)
    times = torch.randint(0, 4, (300,), generator=gen())
    once = logistic(X, y, weights=times.to(F64))
    often = logistic(X.repeat_interleave(times, 0), y.repeat_interleave(times))
    torch.testing.assert_close(once.w, often.w, rtol=1e-12, atol=1e-13)
    assert float(once.loss) == pytest.approx(float(often.loss), rel=1e-13)


def test_weights_have_no_unit():
    X, y = drawn(d=5)
    c = torch.rand(300, generator=gen(), dtype=F64)
    fit = logistic(X, y, weights=c, alpha=0.1)
    for times in (2.0**-200, 2.0**100):
        assert torch.equal(logistic(X, y, weights=c * times, alpha=0.1).w, fit.w)


def test_class_weights_are_weights_of_rows():
    X, y = drawn(d=5)
    by_class = logistic(X, y, alpha=0.1, class_weights=[0.5, 3.0])
    by_row = logistic(X, y, alpha=0.1, weights=torch.where(y == 1, 3.0, 0.5).to(F64))
    assert torch.equal(by_class.w, by_row.w)
    c = torch.tensor([0.5, 3.0], dtype=F64)
    assert torch.equal(logistic(X, y, alpha=0.1, class_weights=c).w, by_class.w)


def test_the_denominator_of_class_weights_is_their_sum():
    """As CrossEntropyLoss has it; scikit-learn leaves the sum out, so its C is 1 / (alpha times the sum)."""
    X, y = drawn(d=5)
    fit = logistic(X, y, alpha=0.1, class_weights=[0.5, 3.0])
    scores = torch.stack((torch.zeros(300, dtype=F64), fit.margins(X)), 1)
    loss = torch.nn.CrossEntropyLoss(weight=torch.tensor([0.5, 3.0], dtype=F64))(scores, y.long())
    assert float(fit.loss) == pytest.approx(float(loss), rel=1e-13)
    total = float(torch.where(y == 1, 3.0, 0.5).sum())
    peer = LogisticRegression(
        C=1 / (0.1 * total), class_weight={0: 0.5, 1: 3.0}, solver="newton-cholesky", tol=1e-12
    )
    np.testing.assert_allclose(fit.w.numpy(), peer.fit(X.numpy(), y.numpy()).coef_[0], rtol=1e-9)
    even = logistic(X, y, alpha=0.1, class_weights="balanced")
    peer = LogisticRegression(C=1 / 30, class_weight="balanced", solver="newton-cholesky", tol=1e-12)
    np.testing.assert_allclose(even.w.numpy(), peer.fit(X.numpy(), y.numpy()).coef_[0], rtol=1e-9)


def test_a_chance_of_a_half_is_not_above_it():
    X, y = drawn(d=3)
    fit = logistic(X, y, intercept=False)
    nothing = torch.zeros(1, 3, dtype=F64)
    assert (float(fit.probabilities(nothing)), float(fit.predict(nothing))) == (0.5, 0.0)


# Units, scales, and dependent columns.


@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_units_of_columns(alpha):
    """A penalty on standardised columns, or none, does not see units; one on raw columns does."""
    X, y = drawn(d=5)
    by = torch.tensor([1e-8, 1e6, 1.0, 3.0, 1e-3], dtype=F64)
    fit = logistic(X, y, alpha=alpha, standardise=True)
    other = logistic(X * by + 5 * by, y, alpha=alpha, standardise=True)
    torch.testing.assert_close(other.w * by, fit.w, rtol=1e-11, atol=1e-12)
    raw = logistic(X * by, y, alpha=alpha)
    assert torch.allclose(raw.w * by, fit.w, rtol=1e-9) is (alpha == 0)


def test_standardised_columns_by_hand():
    X, y = drawn(d=5)
    X = X * torch.tensor([1.0, 10.0, 0.1, 1.0, 3.0], dtype=F64) + 2
    c = torch.rand(300, generator=gen(), dtype=F64)
    mean = c @ X / c.sum()
    s = (c @ (X - mean).square() / c.sum()).sqrt()
    fit = logistic(X, y, alpha=0.1, standardise=True, weights=c)
    by_hand = logistic(X / s, y, alpha=0.1, weights=c)
    torch.testing.assert_close(fit.w, by_hand.w / s, rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(fit.b, by_hand.b, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("size", [1e-200, 1e180])
def test_columns_whose_squares_leave_the_range(size):
    X, y = drawn(d=3)
    fit = logistic(X * size, y)
    assert fit.status == Status.OK
    torch.testing.assert_close(fit.w * size, logistic(X, y).w, rtol=1e-11, atol=1e-13)
    far = logistic(X * size, y, alpha=0.1, standardise=True)
    torch.testing.assert_close(
        far.w * size, logistic(X, y, alpha=0.1, standardise=True).w, rtol=1e-11, atol=0
    )
    with pytest.raises(DataError, match="within the range of float64, or no penalty can add them up"):
        logistic(X * size, y, alpha=0.1)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_one_weight_beyond_what_a_penalty_can_square(size):
    """Its square is infinite, or none is left of it."""
    X, y = drawn(d=3)
    with pytest.raises(DataError, match="or give `standardise=True`"):
        logistic(X * torch.tensor([1.0, size, 1.0], dtype=F64), y, alpha=0.1)


def test_a_penalty_on_columns_of_very_different_units():
    """Squares of the second are below the range of sums; the penalty sees its weight in its own unit."""
    X, y = drawn(d=2)
    tiny = torch.tensor([1.0, 1e-140], dtype=F64)
    fit = logistic(X * tiny, y, alpha=1e-281)
    w = fit.w * tiny
    slope = X.T @ (torch.sigmoid(X @ w + fit.b) - y) / 300
    assert abs(float(slope[0])) < 1e-13
    assert abs(float(slope[1] + 0.1 * w[1])) < 1e-13
    assert fit.status == Status.OK


@pytest.mark.parametrize("alpha", [1e-4, 0.01, 1.0])
@pytest.mark.parametrize("unit", [1e-3, 1e-6, 1e-12, 1e-100, 1e3])
@pytest.mark.parametrize("of", ["logistic", "stream", "softmax"])
def test_a_penalty_on_columns_in_other_units(of, unit, alpha):
    """Their weights are held by another penalty each: none is lost beside a larger one."""
    X, y, _, _ = linreg.ordinary()
    by = torch.ones(20, dtype=F64)
    by[[3, 7, 12]] = torch.tensor([unit, unit**0.5, unit], dtype=F64)
    X, y = X * by, (y > y.median()).to(F64)
    if of == "softmax":
        fit = linreg.softmax(X, y, alpha=alpha / 2)
        w, r = fit.w[:, 1], fit.probabilities(X)[:, 1] - y
        assert torch.allclose(fit.w[:, 0], -w, rtol=1e-12)
        alpha = alpha / 2
    else:
        fit = (
            logistic(X, y, alpha=alpha) if of == "logistic" else linreg.logistic_stream([(X, y)], alpha=alpha)
        )
        w, r = fit.w, fit.probabilities(X) - y
    assert fit.status == Status.OK
    assert fit.steps < 12
    slope = X.T @ r / 300 + alpha * w
    assert float((slope / by.clamp(min=1)).abs().max()) < 1e-15
    assert abs(float(r.mean())) < 1e-15


@pytest.mark.parametrize("kind", ["sum", "twin"])
def test_a_penalty_on_dependent_columns_in_other_units(kind):
    X, y = drawn(d=4)
    X = X * torch.tensor([1.0, 1e-5, 1.0, 1.0], dtype=F64)
    other = X[:, 0] - X[:, 1] * 1e5 if kind == "sum" else X[:, 2] * 1e-5
    Z = torch.column_stack((X, other))
    fit = logistic(Z, y, alpha=0.1)
    assert fit.status == Status.OK
    assert left(Z, y, fit, alpha=0.1) < 1e-11  # to which the shortest weights are known
    apart = logistic(Z * torch.tensor([1.0, 1e-20, 1.0, 1.0, 1e-20], dtype=F64), y, alpha=0.1)
    assert apart.status == Status.NO_DIGITS


def test_dependent_columns():
    X, y = drawn(d=4)
    Z = torch.column_stack((X, X[:, 0] - 2 * X[:, 1], torch.full((300,), 7.0, dtype=F64)))
    fit, plain = logistic(Z, y), logistic(X, y)
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 4)
    assert "of all answers with this loss, this w is the shortest" in fit.message
    torch.testing.assert_close(fit.margins(Z), plain.margins(X), rtol=1e-10, atol=1e-11)
    assert torch.equal(infer_logistic(Z, y).fit.w, fit.w)
    null = torch.tensor([1.0, -2.0, 0.0, 0.0, -1.0, 0.0], dtype=F64)
    assert abs(float(fit.w @ null)) < 1e-12
    assert float(fit.w[5]) == 0
    held = logistic(Z, y, alpha=0.05)  # the penalty decides: one answer, in the row space
    assert held.status == Status.OK
    assert abs(float(held.w @ null)) < 1e-12
    assert left(Z, y, held, alpha=0.05) < 1e-13
    even = logistic(Z, y, alpha=0.05, standardise=True)
    s = Z.std(0, correction=0)
    slope = Z.T @ (even.probabilities(Z) - y) / 300 + 0.05 * s.square() * even.w
    assert float(slope.abs().max()) < 1e-13


@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_columns_of_zeros_and_no_intercept(alpha):
    """Nothing is left to fit: all chances are alike."""
    y = drawn(d=1)[1]
    fit = logistic(torch.zeros(300, 2, dtype=F64), y, intercept=False, alpha=alpha)
    assert (fit.status, fit.rank, fit.steps) == (Status.OK if alpha else Status.RANK_DEFICIENT, 0, 0)
    assert fit.w.tolist() == [0, 0]
    assert float(fit.loss) == pytest.approx(np.log(2))


def test_more_columns_than_rows():
    X, y = drawn(n=15)
    fit = logistic(X, y, alpha=0.1)
    assert fit.status == Status.OK
    assert left(X, y, fit, alpha=0.1) < 1e-14
    assert logistic(X, y).status == Status.SEPARATED


def test_large_penalties_leave_the_intercept():
    X, y = drawn(d=4)
    fit = logistic(X, y, alpha=1e9)
    assert float(fit.w.abs().max()) < 1e-9
    assert float(fit.b) == pytest.approx(float(torch.logit(y.mean())), rel=1e-8)


def test_far_from_zero():
    """Years beside a class: mean 2000, deviation 1."""
    X, y = drawn(d=3)
    fit, far = logistic(X, y), logistic(X + 2000, y)
    torch.testing.assert_close(far.w, fit.w, rtol=1e-10, atol=1e-11)
    assert float(far.b) == pytest.approx(float(fit.b - 2000 * fit.w.sum()), rel=1e-9)


def test_float32_rows_are_computed_with_in_float64():
    X, y = drawn(d=5)
    X = X.float()
    fit, wide = logistic(X, y.float()), logistic(X.double(), y)
    assert fit.w.dtype == fit.b.dtype == fit.loss.dtype == torch.float32
    assert torch.equal(fit.w, wide.w.float())
    assert torch.equal(logistic(X, y.float(), dtype=F64).w, wide.w)


def test_weights_beyond_float32():
    X, y = drawn(d=2)
    X = (X * 2.0**-130).float()
    assert logistic(X, y.float()).status == Status.OUT_OF_RANGE
    assert logistic(X, y.float(), dtype=F64).status == Status.OK


# How it ends.


def test_steps_that_run_out():
    X, y = drawn()
    fit = logistic(X, y, steps=2)
    assert (fit.status, fit.steps) == (Status.NOT_CONVERGED, 2)
    assert "After 2 steps it still moves. Give it more `steps`." in fit.message
    with pytest.raises(RangeError, match="`steps`"):
        logistic(X, y, steps=0)


@pytest.mark.parametrize("seed", range(10))
def test_no_step_makes_it_worse(seed):
    """Where Newton's full step leads astray: one row far out, on the wrong side."""
    X, y = rows_of("overlapping", seed)
    X = torch.cat((X, 1e3 * X[:1]))
    y = torch.cat((y, 1 - y[:1]))
    losses = [float(logistic(X, y, steps=k, alpha=1e-6).loss) for k in range(1, 15)]
    assert all(b <= a * (1 + 1e-12) for a, b in pairwise(losses))


def test_what_it_says():
    X, y = drawn(d=3)
    fit = logistic(X, y)
    assert (
        fit.message
        == f"Newton's method, {fit.steps} steps. No direction separates the classes: a minimum exists."
    )
    assert logistic(X, y, alpha=1.0).message.startswith("Newton's method, ")
    assert repr(fit).startswith("LogisticFit(w=[")


def test_predictions():
    X, y = drawn(d=3)
    fit = logistic(X, y)
    margins = fit.margins(X)
    torch.testing.assert_close(margins, X @ fit.w + fit.b)
    assert torch.equal(fit.probabilities(X), torch.sigmoid(margins))
    assert torch.equal(fit.predict(X), (margins > 0).to(F64))
    layer = fit.to_linear()
    torch.testing.assert_close(layer(X).squeeze(1).detach(), margins)
    none = logistic(X, (X[:, 0] > 0).to(F64))
    assert none.status == Status.SEPARATED
    for predicted in (none.margins(X), none.probabilities(X), none.predict(X)):
        assert bool(predicted.isnan().all())


def test_rows_are_not_changed():
    X, y = drawn(d=3)
    c = torch.rand(300, generator=gen(), dtype=F64)
    with unchanged(X, y, c):
        logistic(X, y, weights=c, class_weights="balanced", alpha=0.1)
