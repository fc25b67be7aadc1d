"""Weights: precisions and frequencies, in loss, gradient, sums, `solve` and `certified`."""

import math
from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from problems import EPS, built, exact_fit, gen, unchanged

import linreg
from linreg import DataError, DtypeError, ShapeError, Statistics, Status

D = torch.float64


def weighted(n=300, d=20, kappa=30.0, spread=1.0, noise=0.3, seed=0, dtype=D):
    """Ordinary data, 20 correlated columns off zero, and weights that differ by e^spread, as variances do."""
    p = built(n, d, kappa, noise=noise, seed=seed, dtype=dtype)
    c = torch.exp(spread * torch.randn(n, generator=gen(seed + 9), dtype=dtype))
    return p.X + 2, p.y, c


def exact(X, y, c, intercept=True, frequency=False):
    """Estimates, standard errors and loss in rational arithmetic, b first."""
    found = exact_fit(X, y, intercept, c, frequency)
    loss = found.rss / (2 * sum(map(Fraction, c.tolist())))
    return found.estimate, [math.sqrt(v) for v in found.variance], float(loss)


def off(found, expected):
    """Largest relative error of (b, w) against exact numbers."""
    values = [float(v) for v in found]
    return max(abs(Fraction(v) - e) / abs(e) for v, e in zip(values, expected, strict=True))


def both(fit, intercept=True):
    return [fit.b, *fit.w] if intercept else list(fit.w)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kappa", [1.0, 15.0, 1e3, 1e6])
@pytest.mark.parametrize("spread", [1.0, 4.0])
def test_solve_has_the_digits_that_it_tells(kappa, spread, intercept):
    """At the same condition as many as without weights: 14, or refined to the last."""
    X, y, c = weighted(120, 6, kappa, spread)
    estimate, _, loss = exact(X, y, c, intercept)
    fit = linreg.solve(X, y, weights=c, intercept=intercept)
    assert fit.status is Status.OK
    assert off(both(fit, intercept), estimate) <= (1e-12 if "leaves" in fit.message else 1e-13)
    if "refined in doubled" in fit.message:
        assert off(both(fit, intercept), estimate) <= 4 * EPS
    assert float(fit.loss) == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("n", [300, 3000, 40_000])
@pytest.mark.parametrize("kappa", [3.0, 100.0, 1e5])
def test_every_way_through_solve_agrees_with_certified(n, kappa):
    """Few rows and many, from Cholesky alone to QR refined; 20 correlated columns."""
    X, y, c = weighted(n, 20, kappa)
    best = linreg.certified(X, y, weights=c)
    assert best.status is Status.OK
    fit = linreg.solve(X, y, weights=c)
    assert fit.status is Status.OK
    torch.testing.assert_close(fit.w, best.w, rtol=2e-10, atol=0)
    torch.testing.assert_close(fit.loss, best.loss, rtol=1e-9, atol=0)
    sums = linreg.solve_statistics(Statistics.of(X, y, weights=c))
    limit = 8 * EPS * (sums.condition + sums.condition**2) * float(best.w.abs().max())
    torch.testing.assert_close(sums.w, best.w, rtol=0, atol=limit)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("frequency", [False, True])
@pytest.mark.parametrize("kappa", [1.0, 1e6])
def test_certified_is_right_to_the_last_digit(kappa, frequency, intercept):
    X, y, c = weighted(60, 4, kappa, 2.0)
    if frequency:
        c = c.ceil()
    estimate, errors, loss = exact(X, y, c, intercept, frequency)
    fit = linreg.certified(X, y, weights=c, frequency=frequency, intercept=intercept)
    assert fit.status is Status.OK
    assert off(both(fit, intercept), estimate) <= EPS
    found = [fit.b_se, *fit.w_se] if intercept else [*fit.w_se]
    assert [float(v) for v in found] == pytest.approx(errors, rel=3e-16)
    assert float(fit.loss) == pytest.approx(loss, rel=1e-14)


@pytest.mark.parametrize("intercept", [True, False])
def test_as_statsmodels(intercept):
    X, y, c = weighted()
    A = sm.add_constant(X.numpy()) if intercept else X.numpy()
    peer = sm.WLS(y.numpy(), A, weights=c.numpy()).fit()
    fit = linreg.certified(X, y, weights=c, intercept=intercept)
    assert np.allclose(both(fit, intercept), peer.params, rtol=1e-9, atol=0)
    found = [fit.b_se, *fit.w_se] if intercept else [*fit.w_se]
    assert np.allclose(found, peer.bse, rtol=1e-9, atol=0)


@pytest.mark.parametrize("factor", [1e-90, 2.0**-40, 7.0, 1e90])
def test_only_the_ratios_of_weights_matter(factor):
    X, y, c = weighted()
    for way in (
        lambda c: linreg.solve(X, y, weights=c),
        lambda c: linreg.certified(X, y, weights=c),
        lambda c: linreg.solve_statistics(Statistics.of(X, y, weights=c)),
    ):
        plain, other = way(c), way(c * factor)
        torch.testing.assert_close(other.w, plain.w, rtol=1e-11, atol=0)
        torch.testing.assert_close(other.loss, plain.loss, rtol=1e-11, atol=0)
        assert other.status is Status.OK


@pytest.mark.parametrize("n", [300, 3000])
def test_equal_weights_are_none(n):
    X, y, _ = weighted(n)
    ones = torch.ones_like(y)
    for way in (
        lambda **more: linreg.solve(X, y, **more),
        lambda **more: linreg.certified(X, y, **more),
        lambda **more: linreg.solve_statistics(Statistics.of(X, y, **more)),
    ):
        torch.testing.assert_close(way(weights=ones).w, way().w, rtol=1e-11, atol=0)
    found, best = linreg.certified(X, y, weights=ones).w_se, linreg.certified(X, y).w_se
    torch.testing.assert_close(found, best, rtol=3e-16, atol=0)


def test_frequencies_are_repeated_rows():
    X, y, _ = weighted(100, 5)
    times = torch.randint(0, 4, (100,), generator=gen(3))
    all_X, all_y = X.repeat_interleave(times, 0), y.repeat_interleave(times)
    sums = Statistics.of(X, y, weights=times.double(), frequency=True)
    repeated = Statistics.of(all_X, all_y)
    assert (sums.n, sums.weight) == (repeated.n, repeated.weight) == (len(all_y), len(all_y))
    torch.testing.assert_close(sums.gram, repeated.gram, rtol=1e-13, atol=1e-12)
    fit = linreg.certified(X, y, weights=times.double(), frequency=True)
    best = linreg.certified(all_X, all_y)
    assert torch.equal(fit.w, best.w)
    torch.testing.assert_close(fit.w_se, best.w_se, rtol=3e-16, atol=0)
    precise = linreg.certified(X, y, weights=times.double())
    k, rows = 6, int((times > 0).sum())
    ratio = ((len(all_y) - k) / (rows - k)) ** 0.5
    torch.testing.assert_close(precise.w_se, best.w_se * ratio, rtol=1e-14, atol=0)


@pytest.mark.parametrize("n", [200, 3000])
def test_a_row_of_weight_zero_does_not_count(n):
    """Not even one of enormous numbers that stands first."""
    X, y, c = weighted(n)
    more_X = torch.cat((torch.full_like(X[:1], 1e200), X[:7] * -1e9, X))
    more_y = torch.cat((y[:1] * 1e250, y[:7] * 1e12, y))
    more_c = torch.cat((c.new_zeros(8), c))
    for way in (
        lambda X, y, c: linreg.solve(X, y, weights=c),
        lambda X, y, c: linreg.certified(X, y, weights=c),
        lambda X, y, c: linreg.solve_statistics(Statistics.of(X, y, weights=c)),
    ):
        plain, other = way(X, y, c), way(more_X, more_y, more_c)
        assert other.status is plain.status is Status.OK
        torch.testing.assert_close(other.w, plain.w, rtol=1e-10, atol=0)
    fit, best = linreg.certified(more_X, more_y, weights=more_c), linreg.certified(X, y, weights=c)
    torch.testing.assert_close(fit.w_se, best.w_se, rtol=1e-15, atol=0)
    assert Statistics.of(more_X, more_y, weights=more_c).n == n


@pytest.mark.parametrize("heavy", [1e4, 1e8, 1e12, 1e16])
def test_a_heavy_row_is_met_exactly_and_no_digit_claimed_in_vain(heavy):
    X, y, c = weighted(60, 3, 5.0)
    c[7] = heavy
    estimate, _, _ = exact(X, y, c)
    for fit in (linreg.solve(X, y, weights=c), linreg.certified(X, y, weights=c)):
        assert fit.status is Status.OK
        found = off(both(fit), estimate)
        assert found <= 1e-10 or "leaves" in fit.message
        assert found <= 1e-8


def test_fewer_rows_that_count_than_unknowns():
    X, y, c = weighted(30, 12)
    c[:25] = 0
    fit = linreg.solve(X, y, weights=c)
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 4)
    torch.testing.assert_close(fit.predict(X[25:]), y[25:], rtol=0, atol=1e-12)
    assert float(fit.loss) <= 1e-24
    with pytest.raises(ShapeError, match="at least 13 rows for 13 unknowns; got"):
        linreg.certified(X, y, weights=c)


@pytest.mark.parametrize("n", [200, 5000])
def test_dependent_columns(n):
    X, y, c = weighted(n, 6)
    twice = torch.column_stack((X, X[:, 0] - X[:, 1]))
    fit, best = linreg.solve(twice, y, weights=c), linreg.solve(X, y, weights=c)
    assert fit.status is Status.RANK_DEFICIENT
    torch.testing.assert_close(fit.predict(twice), best.predict(X), rtol=0, atol=1e-10)
    torch.testing.assert_close(fit.loss, best.loss, rtol=1e-9, atol=0)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("spread", [0.0, 1e-13])
@pytest.mark.parametrize(("far", "heavy"), [(1e90, 1e95), (1e110, 1e95), (1e160, 1.0), (1e200, 1.0)])
def test_parts_that_lie_far_apart_stay_in_range(far, heavy, spread, intercept):
    """In each a column is as good as constant: its squares are small, and that of its shift is beyond."""
    X, y, c = weighted(200, 3)
    X[:, 0] = torch.tensor([1.0, -1.0], dtype=D).repeat(100) + spread * X[:, 0]
    unit = torch.tensor([far, 1.0, 1.0], dtype=D)
    best = linreg.solve(X, y, weights=c, intercept=intercept)
    parts = [Statistics.of(X[i::2] * unit, y[i::2], weights=c[i::2] * heavy) for i in (0, 1)]
    for sums in (parts[0] + parts[1], Statistics.of(X * unit, y, weights=c * heavy)):
        fit = linreg.solve_statistics(sums, intercept=intercept)
        assert fit.status is Status.OK
        torch.testing.assert_close(fit.w * unit, best.w, rtol=1e-10, atol=0)


@pytest.mark.parametrize("scale", [1e-160, 1e-80, 1e90, 1e150])
def test_numbers_near_the_ends_of_the_range(scale):
    X, y, c = weighted(200, 3)
    best = linreg.solve(X, y, weights=c)
    for fit in (
        linreg.solve(X * scale, y * scale, weights=c),
        linreg.solve_statistics(Statistics.of(X * scale, y * scale, weights=c * 1e60)),
    ):
        assert fit.status is Status.OK
        torch.testing.assert_close(fit.w, best.w, rtol=1e-11, atol=0)


def test_float32_weights_and_data():
    X, y, c = weighted(dtype=torch.float32)
    fit = linreg.solve(X, y, weights=c, dtype=D)
    best = linreg.certified(X.double(), y.double(), weights=c.double())
    torch.testing.assert_close(fit.w, best.w, rtol=1e-13, atol=0)


def test_sums_of_parts_merge_follow_and_leave():
    X, y, c = weighted(4000)
    whole = Statistics.of(X, y, weights=c)
    parts = [Statistics.of(X[i::3], y[i::3], weights=c[i::3]) for i in range(3)]
    merged = parts[0] + parts[1] + parts[2]
    assert merged.n == 4000
    assert merged.weight == pytest.approx(float(c.sum()), rel=1e-14)
    torch.testing.assert_close(merged.gram, whole.gram, rtol=1e-12, atol=1e-9)
    torch.testing.assert_close(merged.X_mean, (c @ X) / c.sum(), rtol=1e-13, atol=0)
    rest = whole - parts[0] - parts[1]
    torch.testing.assert_close(rest.xy, parts[2].xy, rtol=1e-10, atol=1e-9)
    assert (whole - merged).n == 0
    mixed = Statistics.of(X[:100], y[:100])
    mixed.update(X[100:], y[100:], weights=c[100:])
    ones = torch.cat((torch.ones(100, dtype=D), c[100:]))
    torch.testing.assert_close(mixed.gram, Statistics.of(X, y, weights=ones).gram, rtol=1e-12, atol=1e-9)
    assert repr(mixed) == f"Statistics(n=4000, d=20, weight={float(ones.sum()):.5g})"


def test_a_difference_tells_what_rounding_the_weights_took():
    X, y, c = weighted(300, 4)
    heavy = c.clone()
    heavy[:100] *= 1e9
    sums = Statistics.of(X, y, weights=heavy)
    rest = sums - Statistics.of(X[:100], y[:100], weights=heavy[:100])
    fit = linreg.solve_statistics(rest)
    best = linreg.certified(X[100:], y[100:], weights=c[100:])
    told = int(fit.message.partition("which leaves ")[2].split()[0])
    assert 2 <= told <= 9
    assert float(((fit.w - best.w) / best.w).abs().max()) <= 10.0**-told
    heavy[:100] *= 1e9
    sums, gone = (Statistics.of(X[:k], y[:k], weights=heavy[:k]) for k in (300, 100))
    with pytest.raises(DataError, match=r"leave more weight than rounding; got .* Sum up the rows"):
        sums - gone


def test_saved_and_loaded(tmp_path):
    X, y, c = weighted()
    sums = Statistics.of(X, y, weights=c)
    sums.save(tmp_path / "sums")
    again = Statistics.load(tmp_path / "sums")
    assert torch.equal(again.M, sums.M)
    assert (again.n, again.weight) == (sums.n, sums.weight)


def test_the_gradient_vanishes_at_the_answer_and_is_that_of_the_loss():
    X, y, c = weighted()
    fit = linreg.solve(X, y, weights=c)
    for slope in (
        linreg.gradient(X, y, fit.w, fit.b, weights=c),
        Statistics.of(X, y, weights=c).gradient(fit.w, fit.b),
    ):
        assert max(float(part.abs().max()) for part in slope) <= 1e-12
    w, b = torch.randn(20, generator=gen(1), dtype=D, requires_grad=True), torch.tensor(0.3, dtype=D)
    for reduction in ("half_mean", "mean", "half_sum", "sum"):
        loss = linreg.squared_loss(X @ w + b, y, weights=c, reduction=reduction)
        squares = float((c * (y - X @ w.detach() - b).square()).sum())
        factor = {"half_mean": 0.5 / c.sum(), "mean": 1 / c.sum(), "half_sum": 0.5, "sum": 1.0}[reduction]
        assert loss.item() == pytest.approx(squares * float(factor), rel=1e-13)
        (expected,) = torch.autograd.grad(loss, w)
        dw, _ = linreg.gradient(X, y, w.detach(), b, weights=c, reduction=reduction)
        torch.testing.assert_close(dw, expected, rtol=1e-12, atol=0)
    dw, db = Statistics.of(X, y, weights=c).gradient(w.detach(), b)
    expected = linreg.gradient(X, y, w.detach(), b, weights=c)
    torch.testing.assert_close((dw, db), expected, rtol=1e-11, atol=0)
    assert float(linreg.squared_loss(fit.predict(X), y, weights=c)) == pytest.approx(
        float(fit.loss), rel=1e-12
    )


@pytest.mark.parametrize("intercept", [True, False])
def test_the_hessian_is_that_of_the_weighted_loss(intercept):
    X, y, c = weighted(50, 3)

    def loss(theta):
        b, w = (theta[0], theta[1:]) if intercept else (0.0, theta)
        return linreg.squared_loss(X @ w + b, y, weights=c)

    expected = torch.autograd.functional.hessian(loss, torch.zeros(3 + intercept, dtype=D))
    torch.testing.assert_close(linreg.hessian(X, weights=c, intercept=intercept), expected)


def test_weights_beyond_float32_leave_the_loss_in_range():
    _, y, c = weighted(dtype=torch.float32)
    heavy = c * 1e37
    torch.testing.assert_close(
        linreg.squared_loss(y + 1e3, y, weights=heavy), linreg.squared_loss(y + 1e3, y, weights=c)
    )


def test_a_block_of_zeros_adds_nothing():
    X, y, c = weighted(50, 3)
    sums = Statistics(3)
    sums.update(X, y, weights=0 * c)
    assert (sums.n, sums.weight) == (0, 0)
    sums.update(X, y, weights=c)
    assert torch.equal(sums.M, Statistics.of(X, y, weights=c).M)
    with pytest.raises(DataError, match="`X` must be finite"):
        sums.update(X / 0, y, weights=0 * c)


def test_no_graph_is_kept():
    X, y, c = weighted(50, 3)
    c.requires_grad_()
    sums = Statistics.of(X, y, weights=c)
    assert not sums.M.requires_grad
    fit = linreg.solve(X, y, weights=c)
    assert not any(part.requires_grad for part in (fit.w, fit.b, fit.loss, linreg.hessian(X, weights=c)))


def test_inputs_are_not_modified():
    X, y, c = weighted(50, 3)
    with unchanged(X, y, c):
        linreg.solve(X, y, weights=c)
        linreg.certified(X, y, weights=c)
        Statistics.of(X, y, weights=c)
        linreg.gradient(X, y, X[0], weights=c)


X, Y, C = weighted(20, 2)
TAKE_WEIGHTS = {
    "solve": lambda c: linreg.solve(X, Y, weights=c),
    "certified": lambda c: linreg.certified(X, Y, weights=c),
    "Statistics.of": lambda c: Statistics.of(X, Y, weights=c),
    "Statistics.update": lambda c: Statistics(2).update(X, Y, weights=c),
    "squared_loss": lambda c: linreg.squared_loss(Y + 1, Y, weights=c),
    "gradient": lambda c: linreg.gradient(X, Y, X[0], weights=c),
    "hessian": lambda c: linreg.hessian(X, weights=c),
}


def entry(value):
    c = C.clone()
    c[3] = value
    return c


@pytest.mark.parametrize("take", TAKE_WEIGHTS.values(), ids=TAKE_WEIGHTS)
@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        (
            C[:-1],
            ShapeError,
            r"must have shape \(20,\), one for each row; got \(19,\). Zero is a weight too.",
        ),
        (C.expand(2, -1), ShapeError, r"got \(2, 20\). Zero is a weight too."),
        (C.unsqueeze(1), ShapeError, r"got \(20, 1\). If it is a column, pass `weights.squeeze\(1\)`"),
        (C.float(), DtypeError, "`weights` must have the dtype of `X`, torch.float64; got torch.float32"),
        ([1.0] * 20, DtypeError, r"`weights` must be a torch.Tensor; got list. Convert it: torch.as_tensor"),
        (
            entry(-1.0),
            DataError,
            "must be 0, or from 1e-100 to 1e\\+100; got -1 at index 3. For a row that should",
        ),
        (entry(1e-120), DataError, "got 1e-120 at index 3. Divide all by one number"),
        (entry(1e120), DataError, r"got 1e\+120 at index 3. Divide all by one number"),
        (entry(math.nan), DataError, "`weights` must be finite"),
        (entry(math.inf), DataError, "`weights` must be finite"),
    ],
)
def test_bad_weights(take, weights, error, words):
    with pytest.raises(error, match=words):
        take(weights)


@pytest.mark.parametrize(("end", "beyond"), [(1e-100, 0.0), (1e100, math.inf)])
def test_the_range_includes_its_ends(end, beyond):
    plain = linreg.solve(X, Y)
    torch.testing.assert_close(linreg.solve(X, Y, weights=torch.full_like(Y, end)).w, plain.w)
    with pytest.raises(DataError, match="0, or from 1e-100 to 1e"):
        linreg.solve(X, Y, weights=entry(math.nextafter(end, beyond)))


def test_the_lightest_weight_is_no_count():
    times = torch.ones_like(Y)
    times[3] = 1e-100
    with pytest.raises(DataError, match="must be whole numbers where `frequency=True`; got 1e-100 at"):
        Statistics.of(X, Y, weights=times, frequency=True)


@pytest.mark.parametrize("name", ["solve", "certified", "squared_loss", "gradient", "hessian"])
def test_no_weight_at_all(name):
    with pytest.raises(DataError, match="`weights` must have one above 0; all 20 are 0"):
        TAKE_WEIGHTS[name](0 * C)


def test_frequencies_are_whole_numbers():
    times = torch.ones_like(Y)
    times[3] = 1.5
    for take in (Statistics.of, linreg.certified):
        with pytest.raises(DataError, match=r"must be whole numbers where `frequency=True`; got 1\.5 at"):
            take(X, Y, weights=times, frequency=True)
