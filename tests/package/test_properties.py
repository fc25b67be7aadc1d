"""Properties that hold for any data, looked for with Hypothesis."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import EPS, GENERAL, METHODS

import linreg
from linreg import Status

F64 = torch.float64
ENTRIES = st.floats(-100, 100, allow_subnormal=False, width=32)
common = settings(max_examples=60, derandomize=True)


@st.composite
def problems(draw, rows=(1, 12), columns=(1, 4)):
    """Small tables of any rank: entries repeat often, so that columns depend on each other."""
    n, d = draw(st.integers(*rows)), draw(st.integers(*columns))
    entry = st.one_of(st.integers(-3, 3).map(float), ENTRIES) if draw(st.booleans()) else ENTRIES
    X = torch.tensor(
        draw(st.lists(st.lists(entry, min_size=d, max_size=d), min_size=n, max_size=n)), dtype=F64
    )
    y = torch.tensor(draw(st.lists(entry, min_size=n, max_size=n)), dtype=F64)
    return X, y


def size(X, y, fit):
    """The size of what is added up in a prediction: its rounding error is eps times this."""
    return float((X.abs() @ fit.w.abs()).max() + y.abs().max() + fit.b.abs()) + 1e-300


@common
@given(problems(), st.booleans(), st.sampled_from(GENERAL))
def test_least_squares_is_optimal(problem, intercept, method):
    """Any data at all: an answer comes back, its gradient is zero, and no other line has a smaller loss."""
    X, y = problem
    fit = METHODS[method](X, y, intercept=intercept)
    assert fit.status in (Status.OK, Status.RANK_DEFICIENT)
    assert (fit.status is Status.OK) == (fit.rank == X.shape[1])
    assert fit.w.isfinite().all()
    r = y - fit.predict(X)
    scale = size(X, y, fit)
    # a column is orthogonal to the residual to rounding, and to what a direction counted as zero may hold
    limit = 1000 * EPS * len(y) * scale
    assert float((X.T @ r).abs().max()) <= limit * max(1.0, float(X.abs().max()))
    if intercept:
        assert abs(float(r.sum())) <= limit
    g = torch.Generator().manual_seed(0)
    for step in (1e-3, 1.0):
        w = fit.w + step * torch.randn(X.shape[1], generator=g, dtype=F64)
        worse = linreg.squared_loss(linreg.predict(X, w, fit.b), y)
        assert float(worse) >= float(fit.loss) * (1 - 1e-9) - (1000 * EPS * scale) ** 2


@common
@given(problems(rows=(6, 12), columns=(1, 4)), st.booleans())
def test_solvers_agree(problem, intercept):
    X, y = problem
    fits = {name: method(X, y, intercept=intercept) for name, method in METHODS.items()}
    best = fits["svd"]
    for fit in fits.values():
        if fit.status is Status.OK and fit.condition < 1e3:
            assert (fit.w - best.w).norm() <= 1e4 * EPS * fit.condition**2 * (
                best.w.norm() + best.b.abs() + 1
            )
    assert (fits["qr"].rank, fits["solve"].rank) == (best.rank, best.rank)


@common
@given(problems(rows=(1, 8)), st.floats(-50, 50), st.booleans())
def test_a_shift_of_the_target_moves_only_the_intercept(problem, shift, duplicate):
    X, y = problem
    X, y = (torch.cat((X, X)), torch.cat((y, y))) if duplicate else (X, y)
    plain, moved = linreg.svd(X, y), linreg.svd(X, y + shift)
    condition = plain.condition if plain.status is Status.OK else 1e4
    if condition > 1e4:
        return
    scale = size(X, y, plain) + abs(shift)
    torch.testing.assert_close(moved.predict(X), plain.predict(X) + shift, rtol=0, atol=1e4 * EPS * scale)


@common
@given(problems())
def test_the_gradient_is_that_of_autograd(problem):
    X, y = problem
    w = torch.ones(X.shape[1], dtype=F64, requires_grad=True)
    b = torch.ones((), dtype=F64, requires_grad=True)
    for reduction in ("half_mean", "mean", "half_sum", "sum"):
        loss = linreg.squared_loss(linreg.predict(X, w, b), y, reduction=reduction)
        auto = torch.autograd.grad(loss, (w, b))
        hand = linreg.gradient(X, y, w.detach(), b.detach(), reduction=reduction)
        for a, h in zip(auto, hand, strict=True):
            torch.testing.assert_close(h, a, rtol=1e-12, atol=1e-9)


@common
@given(problems(), st.floats(0.01, 0.99), st.sampled_from(["half_mean", "mean", "half_sum", "sum"]))
def test_a_stable_rate_never_lifts_the_loss(problem, share, reduction):
    X, y = problem
    lr = share * linreg.curvature(X, reduction=reduction).largest_stable_rate
    fit = linreg.gradient_descent(X, y, lr=lr, steps=30, reduction=reduction)
    assert fit.status is not Status.DIVERGED
    loss = fit.path.loss
    assert (loss[1:] <= loss[:-1] * (1 + 1e-9) + 1e-18 * loss[0]).all()
    predicted = linreg.predict_loss(X, y, lr=lr, steps=fit.steps, reduction=reduction)
    torch.testing.assert_close(loss, predicted, rtol=1e-6, atol=1e-10 * float(loss[0]) + 1e-300)


@common
@given(problems(), st.floats(1.05, 50), st.sampled_from(["half_mean", "mean", "half_sum", "sum"]))
def test_an_unstable_rate_is_reported_and_nothing_is_nan(problem, times, reduction):
    X, y = problem
    bowl = linreg.curvature(X, reduction=reduction)
    fit = linreg.gradient_descent(X, y, lr=times * bowl.largest_stable_rate, steps=3000, reduction=reduction)
    # Only a start without any error along the steepest direction escapes.
    assert fit.status in (Status.DIVERGED, Status.OK)
    assert fit.path.loss.isfinite().all()
    assert fit.path.w.isfinite().all()
    assert fit.w.isfinite().all()
    if fit.status is Status.DIVERGED:
        assert "Try lr = " in fit.message


@common
@given(problems(rows=(2, 12)), st.integers(1, 15), st.integers(0, 3))
def test_batches_are_a_permutation(problem, batch_size, seed):
    X, y = problem
    dealt = list(linreg.batches(X, y, batch_size, generator=torch.Generator().manual_seed(seed)))
    rows = torch.cat([torch.column_stack(pair) for pair in dealt])
    whole = torch.column_stack((X, y))
    assert sorted(map(tuple, rows.tolist())) == sorted(map(tuple, whole.tolist()))
    assert {len(y_batch) for _, y_batch in dealt[:-1]} <= {batch_size}


@common
@given(problems(rows=(3, 12), columns=(2, 4)), st.integers(0, 1))
def test_added_variable_keeps_the_residual(problem, j):
    X, y = problem
    full = linreg.solve(X, y)
    if full.status is not Status.OK or full.condition > 1e3:
        return
    x_left, y_left = linreg.added_variable(X, y, j)
    left = y_left - x_left * full.w[j]
    limit = 1e4 * EPS * full.condition**2 * (size(X, y, full))
    torch.testing.assert_close(left, linreg.residuals(X, y, full), rtol=0, atol=limit)
