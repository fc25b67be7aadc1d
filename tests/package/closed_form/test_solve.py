"""`solve`: right on every problem however hard, tall, wide, huge or tiny, without a copy of the data."""

import math
import re
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from problems import EPS, built, error, exact, gen, unchanged

import linreg
from linreg import Status
from linreg.basics.held import times_two_to
from linreg.basics.products import summed
from linreg.closed_form.from_sums import system
from linreg.closed_form.rows import Rows
from linreg.closed_form.solve import Triangle, _refined

SEEDS = (0, 1, 2)
KAPPAS = [10.0**k for k in range(16)]


def truth(X, y, intercept=True):
    """The exact answer of the stored numbers, rounded once."""
    answer = [float(v) for v in exact(X, y, intercept)]
    w = torch.tensor(answer[intercept:], dtype=torch.float64)
    return w, answer[0] if intercept else 0.0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("kappa", KAPPAS)
def test_every_condition_number(kappa, noise, seed):
    """Against the exact answer of the stored matrix: rounding the entries has moved the one behind them."""
    p = built(n=40, d=4, kappa=kappa, noise=noise, seed=seed)
    fit = linreg.solve(p.X, p.y)
    if fit.status is Status.RANK_DEFICIENT:
        assert kappa >= 1e13  # below, rounding cannot make such columns dependent
        assert math.isfinite(float(fit.b))
        assert bool(torch.isfinite(fit.w).all())
        return
    w, b = truth(p.X, p.y)
    # Refined in doubled precision, all but the last digit or two are right. Short of that, the residual
    # is rounded once, which moves the answer by Wedin's bound.
    limit = 1e-14 if fit.method == "qr" else 1e-13 + 16 * EPS * (kappa + noise * kappa**2)
    assert error(fit, w) <= limit
    assert abs(float(fit.b) - b) <= limit * (abs(b) + float((p.X.mean(0) * w).norm()))
    assert fit.condition <= 2 * kappa
    left = p.y - p.X @ w - b
    assert float(fit.loss) == pytest.approx(
        float(left @ left) / 80, rel=1e-6 * max(1, kappa / 1e6), abs=1e-25
    )


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("kappa", "method"), [(1.0, "cholesky"), (1e2, "cholesky"), (1e5, "qr")])
def test_every_way(method, kappa, intercept):
    p = built(kappa=kappa, noise=0.1, intercept=intercept)
    fit = linreg.solve(p.X, p.y, intercept=intercept)
    w, _ = truth(p.X, p.y, intercept)
    assert (fit.method, fit.status) == (method, Status.OK)
    assert error(fit, w) <= (1e-13 if kappa == 1 else 2 * EPS)


@pytest.mark.parametrize("d", [3, 40, 80])
def test_float32_data_determine_float64_digits(d):
    p = built(n=4000, d=d, kappa=2, noise=0.5, dtype=torch.float32)
    fit = linreg.solve(p.X, p.y, dtype=torch.float64)
    best = linreg.certified(p.X.double(), p.y.double())
    assert fit.w.dtype == fit.b.dtype == fit.loss.dtype == torch.float64
    assert error(fit, best.w) <= 1e-13
    rounded = linreg.solve(p.X, p.y)
    assert torch.equal(rounded.w, fit.w.float())
    assert rounded.loss.dtype == torch.float32


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(
    ("kappa", "noise", "words"),
    [
        (2.0, 1.0, "Cholesky: the condition number is 2, which leaves 13 digits."),
        (2.0, 0.0, "Cholesky, refined once: the condition number is 2 and the loss almost 0"),
        (1e2, 1.0, "Cholesky, refined once: the condition number is 104, which leaves 11 digits."),
        (1e3, 1.0, "Cholesky, refined in doubled precision in 1 step: the condition number is 1.04e+03."),
        (1e6, 1.0, "QR, refined in doubled precision in 2 steps: the condition number is 1.05e+06"),
    ],
)
def test_what_larger_data_get(kappa, noise, words, intercept):
    p = built(n=10_000, kappa=kappa, noise=noise, intercept=intercept)
    fit = linreg.solve(p.X, p.y, intercept=intercept)
    assert fit.message.startswith(words)
    assert ("loss almost 0" in fit.message) == (noise == 0)
    best = linreg.certified(p.X, p.y, intercept=intercept)
    assert error(fit, best.w) <= (
        4 * EPS if fit.method == "qr" else 1e-13 + 16 * EPS * (kappa + noise * kappa**2)
    )
    assert float(fit.loss) == pytest.approx(float(best.loss), rel=1e-10, abs=1e-25)


def test_without_an_intercept_the_mean_counts():
    X, y = linreg.simulate(200, generator=gen(), dtype=torch.float64)
    X, y = X + 10, y + 3
    fit = linreg.solve(X, y, intercept=False)
    w, _ = truth(X, y, intercept=False)
    assert float(fit.b) == 0
    assert error(fit, w) <= 1e-12
    assert float(fit.loss) == pytest.approx(float((y - X @ w).square().sum()) / 400, rel=1e-12)


@pytest.mark.parametrize("power", [-1000, -500, 500, 970])
@pytest.mark.parametrize("kappa", [1.0, 1e3, 1e7])
def test_huge_and_tiny_scales(power, kappa):
    """Powers of two move no digit: w as well as the loss are those of the plain problem, bit for bit."""
    p = built(kappa=kappa, noise=0.1)
    plain = linreg.solve(p.X, p.y)
    unit = torch.tensor(2.0, dtype=torch.float64) ** power
    X = p.X * torch.stack((unit, unit, torch.ones_like(unit), unit))
    fit = linreg.solve(X, p.y)
    assert fit.status is Status.OK
    scale = torch.stack((unit, unit, torch.ones_like(unit), unit))
    torch.testing.assert_close(fit.w * scale, plain.w, rtol=1e-13 * kappa**0.5, atol=0)
    torch.testing.assert_close(fit.loss, plain.loss, rtol=1e-9, atol=0)


@pytest.mark.parametrize("unit", [1e-150, 1e-170, 1e150, 1e160])
def test_huge_and_tiny_targets(unit):
    p = built(noise=0.1)
    plain, fit = linreg.solve(p.X, p.y), linreg.solve(p.X, p.y * unit)
    torch.testing.assert_close(fit.w / unit, plain.w, rtol=1e-13, atol=0)
    assert fit.status is Status.OK


def test_a_tiny_column_beside_a_common_one():
    """Columns of scale 1 and 1e-7, where a cut-off relative to the largest would drop the second."""
    X = torch.randn(100, 2, generator=gen(), dtype=torch.float64) * torch.tensor([1.0, 1e-7])
    fit = linreg.solve(X, X @ torch.tensor([1.0, 1e7], dtype=torch.float64))
    torch.testing.assert_close(fit.w, torch.tensor([1.0, 1e7], dtype=torch.float64), rtol=1e-12, atol=0)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_few_rows(n):
    X = torch.randn(n, 3, generator=gen(), dtype=torch.float64)
    y = torch.randn(n, generator=gen(1), dtype=torch.float64)
    fit = linreg.solve(X, y)
    assert (fit.status is Status.OK) == (n > 3)
    assert fit.rank == min(n - 1, 3)
    if n <= 4:
        torch.testing.assert_close(fit.predict(X), y, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [40, 5])
def test_constant_and_zero_columns(n):
    z = torch.randn(n, 2, generator=gen(), dtype=torch.float64)
    X = torch.column_stack(
        (z, torch.full((n,), 0.1, dtype=torch.float64), torch.zeros(n, dtype=torch.float64))
    )
    y = z @ torch.tensor([2.0, -1.0], dtype=torch.float64) + 4
    fit = linreg.solve(X, y)
    assert (fit.status, fit.rank, fit.method) == (Status.RANK_DEFICIENT, 2, "svd")
    expected = torch.tensor([2.0, -1.0, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(fit.w, expected, rtol=1e-12, atol=1e-12)
    assert float(fit.b) == pytest.approx(4, rel=1e-12)


def test_integers_as_floats_are_exact():
    X = torch.tensor([[1.0, 4.0], [2.0, 3.0], [3.0, 7.0], [4.0, 1.0], [5.0, 5.0]])
    fit = linreg.solve(X, 3 * X[:, 0] - 2 * X[:, 1] + 7)
    assert fit.w.tolist() == [3.0, -2.0]
    assert float(fit.b) == 7.0


def test_strides_views_and_read_only_maps(tmp_path):
    X, y = linreg.simulate(500, generator=gen(), dtype=torch.float64)
    plain = linreg.solve(X, y)
    by_columns = X.T.contiguous().T
    every_other = torch.stack((X, -X), dim=1).flatten(0, 1)[::2]
    path = tmp_path / "X.bin"
    path.write_bytes(bytes(X.flatten().view(torch.uint8).tolist()))
    mapped = torch.from_file(str(path), shared=False, size=X.numel(), dtype=X.dtype).view_as(X)
    for view in (by_columns, every_other, mapped):
        with unchanged(view, y):
            fit = linreg.solve(view, y)
        torch.testing.assert_close(fit.w, plain.w, rtol=1e-14, atol=0)


def test_one_row_repeated_is_constant():
    X, y = linreg.simulate(500, generator=gen())
    fit = linreg.solve(X[:1].expand(500, -1), y)
    assert fit.rank == 0
    assert fit.w.tolist() == [0.0, 0.0]
    assert float(fit.b) == pytest.approx(float(y.mean()), rel=1e-5)


def test_nan_and_infinity_are_found_in_one_pass_and_named():
    X, y = linreg.simulate(50_000, generator=gen())
    X[49_999, 1] = math.inf
    with pytest.raises(linreg.DataError, match=r"`X` must be finite.*inf at index \(49999, 1\)"):
        linreg.solve(X, y)
    y[3] = math.nan
    with pytest.raises(linreg.DataError, match=r"`y` must be finite.*nan at index \(3,\)"):
        linreg.solve(X[:100], y[:100])


@given(
    n=st.integers(1, 80),
    d=st.integers(1, 8),
    rank=st.integers(1, 8),
    scale=st.integers(-300, 300),
    far=st.sampled_from([0.0, 1.0, 1e5]),
    intercept=st.booleans(),
    seed=st.integers(0, 999),
)
def test_the_gradient_is_zero_whatever_the_shape(n, d, rank, scale, far, intercept, seed):
    """At the answer the residual is orthogonal to every column, whether or not the columns are dependent."""
    g = gen(seed)
    X = torch.randn(n, min(rank, d), generator=g, dtype=torch.float64)
    X = (X @ torch.randn(min(rank, d), d, generator=g, dtype=torch.float64) + far) * 2.0**scale
    y = torch.randn(n, generator=g, dtype=torch.float64)
    fit = linreg.solve(X, y, intercept=intercept)
    r = y - fit.predict(X)
    A = X - X.mean(0) if intercept else X
    # The residual itself carries the rounding of its terms.
    size = EPS * (y.norm() + float((X.abs() @ fit.w.abs()).norm()) + abs(float(fit.b)) * n**0.5)
    assert (A.T @ r).abs().le(1e4 * size * A.norm(dim=0) + 1e-300).all()
    if intercept:
        assert abs(float(r.sum())) <= 1e4 * size * n**0.5


@pytest.mark.parametrize(
    ("n", "kappa", "noise", "way"),
    [
        (60, 3, 0.3, "Cholesky: "),
        (60, 3, 0.0, "Cholesky, refined in doubled precision in 1 step: "),  # few entries: at once
        (60, 300, 0.3, "Cholesky, refined in doubled precision in 1 step: "),
        (4000, 3, 0.3, "Cholesky: "),
        (4000, 3, 0.0, "Cholesky, refined once: "),  # the loss is almost 0
        (4000, 30, 0.3, "Cholesky, refined once: "),
        (4000, 3e3, 0.0, "Cholesky, refined once: "),  # a residual of zero has nothing to be a product with
        (4000, 300, 0.3, "Cholesky, refined in doubled precision in 1 step: "),  # once would leave 9 digits
        (4000, 1e4, 0.0, "Cholesky, refined in doubled precision in 2 steps: "),
        (4000, 1e5, 0.3, "QR, refined in doubled precision in 2 steps: "),
    ],
)  # fmt: skip
def test_the_cheapest_way_that_leaves_ten_digits(n, kappa, noise, way):
    p = built(n, 4 if n == 60 else 20, kappa, noise=noise)
    fit = linreg.solve(p.X, p.y)
    assert fit.message.startswith(way)
    assert error(fit, p.w) <= max(p.tolerance, 1e-10)


def pair(n, kappa, share=0.5):
    """Two columns of this condition number, and a `share` of the variance of y that they leave over."""
    basis = torch.randn(n, 4, generator=gen(), dtype=torch.float64)
    basis[:, 0] = 1
    Q = torch.linalg.qr(basis).Q * n**0.5
    c = (kappa**2 - 1) / (kappa**2 + 1)  # the cosine between them, whose eigenvalues are 1 + c and 1 - c
    X = torch.stack((Q[:, 1], c * Q[:, 1] + (1 - c * c) ** 0.5 * Q[:, 2]), 1)
    y = 2 * X[:, 0] + X[:, 1]
    return X, (1 - share) ** 0.5 * y / y.norm() * n**0.5 + share**0.5 * Q[:, 3] + 3


@pytest.mark.parametrize(
    ("n", "kappa", "way"),
    [
        (60, 19, "Cholesky: the condition number is 19, which leaves 11 digits."),
        (60, 21, "Cholesky, refined in doubled precision in 1 step: "),
        (60, 9900, "Cholesky, refined in doubled precision in 2 steps: "),
        (60, 10_100, "QR, refined in doubled precision in 1 step: "),
        (16_384, 19, "Cholesky: the condition number is 19, which leaves 11 digits."),  # by the quick bound
        (16_385, 19, "Cholesky: the condition number is 19, which leaves 12 digits."),  # by the estimate
        (16_384, 21, "Cholesky, refined in doubled precision in 1 step: "),  # 32768 entries are few
        (16_385, 21, "Cholesky, refined once: "),
        (16_385, 9900, "Cholesky, refined in doubled precision in 2 steps: "),
        (16_385, 10_100, "QR, refined in doubled precision in 1 step: "),
    ],
)
def test_where_one_way_ends_and_the_next_begins(n, kappa, way):
    fit = linreg.solve(*pair(n, kappa))
    assert fit.message.startswith(way)
    assert fit.condition == pytest.approx(kappa, rel=1e-7)


@pytest.mark.parametrize(("share", "way"), [(0.8e-4, "Cholesky, refined once: "), (1.25e-4, "Cholesky: ")])
def test_a_ten_thousandth_of_the_variance_left_is_almost_no_loss(share, way):
    X, y = pair(20_000, 3, share)
    fit = linreg.solve(X, y)
    assert fit.message.startswith(way)
    assert float(fit.loss) == pytest.approx(share / 2, rel=1e-10)


def test_ten_digits_are_enough_and_nine_are_not():
    told = set()
    for kappa in torch.logspace(1.5, 3.99, 40).tolist():
        message = linreg.solve(*pair(16_385, kappa)).message
        told.add(message.partition("which leaves ")[2] or message.partition(":")[0])
    doubled = {f"Cholesky, refined in doubled precision in {steps}" for steps in ("1 step", "2 steps")}
    assert told == {"12 digits.", "11 digits.", "10 digits.", *doubled}


@pytest.mark.parametrize(("n", "method"), [(16_384, "svd"), (16_385, "eigenvalues")])
def test_which_dependent_columns_the_sums_may_tell(n, method):
    X, y = pair(n, 3)
    fit = linreg.solve(torch.stack((X[:, 0], 2 * X[:, 0]), 1), y)
    assert (fit.method, fit.rank) == (method, 1)
    assert float(fit.w[1]) == pytest.approx(2 * float(fit.w[0]), rel=1e-12)


@pytest.mark.parametrize("far", [0, 1])
@pytest.mark.parametrize(
    ("kappa", "method"),
    [
        (50, "cholesky"),
        (400, "qr"),  # 400 times the 1.2e-3 that rounding has added: the triangle tells, not the sums
        (4000, "svd"),  # dependent, to the digits of the data
    ],
)
def test_columns_that_rounding_alone_may_keep_apart(kappa, method, far):
    """One float32 column 1e4 of its standard deviations from zero, of which three digits are known."""
    X, y = pair(60, kappa)
    X[:, far] += 1e4
    fit = linreg.solve(X.float(), y.float(), dtype=torch.float64)
    assert fit.method == method
    assert (fit.status is Status.OK) == (method != "svd")


def test_as_many_rows_as_unknowns_are_solved_as_they_are():
    X = torch.tensor([[1.0, 0], [0, 1], [0, 0]], dtype=torch.float64)
    y = torch.tensor([3.0, 5, 1], dtype=torch.float64)
    fit = linreg.solve(X, y)
    assert (fit.method, fit.status) == ("cholesky", Status.OK)
    torch.testing.assert_close(fit.w, torch.tensor([2.0, 4], dtype=torch.float64), rtol=1e-14, atol=0)
    flat = linreg.solve(X[:2], y[:2], intercept=False)
    assert (flat.method, flat.w.tolist(), float(flat.b)) == ("cholesky", [3.0, 5.0], 0.0)
    fewer = linreg.solve(X[:2], y[:2])
    assert (fewer.method, fewer.rank) == ("svd", 1)
    assert fewer.message.startswith("SVD, fewer rows than unknowns. The 2 columns have rank 1")


@pytest.mark.parametrize(("kappa", "method"), [(5e3, "eigenvalues"), (5e4, "svd")])
def test_a_copy_beside_columns_that_hardly_differ(kappa, method):
    """What remains decides whether the sums are enough. The copy takes half of the weight."""
    X, y = pair(20_000, kappa)
    best = linreg.certified(X, y)
    fit = linreg.solve(torch.column_stack((X, X[:, 1])), y)
    assert (fit.method, fit.rank) == (method, 2)
    expected = torch.stack((best.w[0], best.w[1] / 2, best.w[1] / 2))
    # kappa^2 |r| eps, the residual being as long as what is explained
    torch.testing.assert_close(fit.w, expected, rtol=kappa**2 * EPS, atol=0)
    assert float(fit.w[1]) == pytest.approx(float(fit.w[2]), rel=1e-11)
    torch.testing.assert_close(fit.loss, best.loss, rtol=1e-13, atol=0)
    assert float((fit.predict(X[:, [0, 1, 1]]) - best.predict(X)).abs().max()) <= 1e-11


def test_each_dependence_is_confirmed_by_the_rows():
    z = torch.randn(20_000, 3, generator=gen(), dtype=torch.float64)
    X = torch.column_stack((z[:, :2], z[:, 0], z[:, 1] + 1e-9 * z[:, 2]))
    fit = linreg.solve(X, z[:, 0] + 2 * z[:, 1] + 3 * z[:, 2])
    assert (fit.method, fit.rank) == ("svd", 3)
    assert float(fit.w[3]) == pytest.approx(3e9, rel=1e-6)


def test_a_float32_sum_of_columns_is_dependent_to_its_rounding():
    z = torch.randn(20_000, 2, generator=gen())
    fit = linreg.solve(torch.column_stack((z, z[:, 0] + z[:, 1])), z[:, 0])
    assert (fit.method, fit.rank) == ("eigenvalues", 2)
    torch.testing.assert_close(fit.w, torch.tensor([2.0, -1.0, 1.0]) / 3, rtol=1e-5, atol=0)


def test_a_first_thousand_rows_unlike_the_rest_cost_digits():
    """Their mean is subtracted from all: sums of a column six times as long have fewer."""
    n = 32_768
    x = torch.randn(n, 1, generator=gen(), dtype=torch.float64)
    x[:1024] += 1000
    y = x[:, 0] + 300 * torch.randn(n, generator=gen(1), dtype=torch.float64)
    mixed = torch.randperm(n, generator=gen(2))
    told = [
        re.search(r"Cholesky: the condition number is 1, which leaves (\d+) digits.", fit.message)[1]
        for fit in (linreg.solve(x, y), linreg.solve(x[mixed], y[mixed]))
    ]
    assert int(told[0]) < int(told[1])


@pytest.mark.parametrize("far", [0.0, 100.0])
@pytest.mark.parametrize("kappa", [300.0, 3e3, 3e5])
@pytest.mark.parametrize("intercept", [True, False])
def test_refined_in_doubled_precision_every_digit_is_right(intercept, kappa, far):
    p = built(kappa=kappa, noise=0.1)
    X = p.X + far
    fit = linreg.solve(X, p.y, intercept=intercept)
    w, b = truth(X, p.y, intercept)
    torch.testing.assert_close(fit.w, w, rtol=EPS, atol=0)
    assert float(fit.b) == pytest.approx(b, rel=EPS)
    assert "leaves" not in fit.message
    r = p.y - fit.predict(X)
    assert float(fit.loss) == pytest.approx(float(r @ r) / 120, rel=1e-9)


def test_an_intercept_of_zero_is_measured_beside_what_it_is_a_difference_of():
    """Exactly zero, by symmetry: no digit of it is right, and none is missing."""
    p = built(kappa=300, noise=0.1)
    X, y = torch.cat((p.X + 3, -p.X - 3)), torch.cat((p.y, -p.y))
    fit = linreg.solve(X, y)
    assert abs(float(fit.b)) <= 1e-15
    assert "leaves" not in fit.message


def test_the_loss_of_weights_that_could_not_be_refined_is_theirs():
    g = gen(3)
    x, z = torch.randn(13, 2, generator=g, dtype=torch.float64).T
    X = torch.stack((x, x + 1e-8 * z), 1)
    y = x - 2 * z
    none = torch.zeros(3, dtype=X.dtype)
    p = system(13, 13.0, none, summed(X, y, none), False, EPS)
    R = torch.eye(2, dtype=X.dtype) / 3  # not that of these columns: no step comes closer
    fit = _refined(Rows(X, y, None, False), p, Triangle(R, "qr", 9.49e7), torch.ones(2, dtype=X.dtype), "why")
    assert fit.message.startswith("QR: why, and refinement in doubled precision did not converge")
    assert fit.status in (Status.NOT_CONVERGED, Status.NO_DIGITS)
    r = y - fit.predict(X)
    assert float(fit.loss) == pytest.approx(float(r @ r) / 26, rel=1e-6)


def test_zeros_among_tiny_numbers():
    """The largest entry of a column says how far it is from range, and a column of zeros is none."""
    p = built(noise=0.1)
    X, y = p.X.clone(), p.y.clone()
    X[0], y[0] = 0, 0
    plain = linreg.solve(X, y)
    fit = linreg.solve(X * 2.0**-600, y * 2.0**-590)
    torch.testing.assert_close(fit.w * 2.0**-10, plain.w, rtol=1e-14, atol=0)
    beside = linreg.solve(torch.column_stack((X * 2.0**-600, 0 * y)), y * 2.0**-590)
    assert beside.rank == 4
    torch.testing.assert_close(beside.w[:4] * 2.0**-10, plain.w, rtol=1e-12, atol=0)


def test_fewer_rows_than_unknowns_in_units_beyond_the_squares_of_float64():
    """The column of huge numbers does it all: any weight of the others would be longer."""
    x = torch.tensor([0.0, 1.0, 4.0], dtype=torch.float64)
    fit = linreg.solve(torch.stack((1e-170 * x, 3e-170 * x, 1e170 * x), 1), 5e170 * x + 1)
    assert fit.message.startswith("SVD, fewer rows than unknowns. The 3 columns have rank 1")
    torch.testing.assert_close(fit.w[2], torch.tensor(5.0, dtype=torch.float64), rtol=1e-13, atol=0)
    assert float(fit.w[:2].abs().max()) < 1e-100


def test_units_bring_the_largest_number_of_each_column_just_below_one():
    X = torch.tensor([[1e-300, 0.0, 3.0], [5e300, 0.0, -4.0]], dtype=torch.float64)
    y = torch.tensor([1e-9, -7e200], dtype=torch.float64)
    rows, unit = Rows(X, y, None, True).in_units()
    largest = torch.cat((rows.X.abs().amax(0), rows.y.abs().amax().reshape(1)))
    assert largest[1] == unit[1] == 0
    assert bool(((largest >= 0.5) & (largest < 1))[[0, 2, 3]].all())
    assert torch.equal(times_two_to(rows.X[1], unit[:-1]), X[1])
    assert torch.equal(times_two_to(rows.y, unit[-1]), y)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_constant_target_leaves_no_loss(value):
    X, _ = pair(60, 3)
    fit = linreg.solve(X, torch.full((60,), value, dtype=torch.float64))
    assert (fit.w.tolist(), float(fit.b), float(fit.loss)) == ([0, 0], value, 0)
    assert "and the loss almost 0" in fit.message


@pytest.mark.parametrize("dtype", [torch.float16, torch.int64, "float64"])
def test_an_answer_of_another_dtype_is_refused(dtype):
    X, y = pair(60, 3)
    with pytest.raises(linreg.DtypeError, match=r"`dtype` must be floating point, float32 or float64; got"):
        linreg.solve(X, y, dtype=dtype)


@pytest.mark.parametrize("kappa", [300.0, 3e3])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_loss_told_is_that_of_the_refined_weights(seed, kappa):
    """What the step has won is taken off: the weights before it were off by kappa^2 eps."""
    p = built(4000, 20, kappa, noise=1e-13, seed=seed)
    fit = linreg.solve(p.X, p.y)
    assert fit.message.startswith("Cholesky, refined once")
    r = p.y - fit.predict(p.X)
    # each entry, 1e-13 of y, is rounded by eps of y: 2e-3 of it, and less of the sum of 4000 squares
    assert float(fit.loss) * 2 * p.X.shape[0] == pytest.approx(float(r @ r), rel=2e-3, abs=0)


MEMORY = """
import resource, sys, torch, linreg
torch.set_num_threads(1)
X = torch.empty(1_000_000, 10, dtype=torch.float64).normal_()
X[:, 1].mul_({spread}).add_(X[:, 0])
y = X[:, 0].clone()
linreg.solve(X[:5000], y[:5000])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
fit = linreg.solve(X, y)
print(fit.method, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(("spread", "method"), [(1, "cholesky"), (1e-3, "cholesky"), (1e-6, "qr")])
def test_no_copy_of_the_data(spread, method):
    """80 MB of data, at most 5 MB (and the allocator's slack) more at any moment."""
    code = MEMORY.format(spread=spread)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    name, kilobytes = done.stdout.split()
    assert name == method
    assert int(kilobytes) < 8000
