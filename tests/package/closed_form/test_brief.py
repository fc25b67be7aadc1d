"""Products in float32, refined: no digit less than products in float64, wherever they are taken."""

import re

import numpy as np
import pytest
import torch
from problems import EPS, built, gen, unchanged

import linreg
from linreg.basics.products import summed
from linreg.closed_form import brief
from linreg.closed_form.from_sums import rounding
from linreg.closed_form.rows import Rows

D = torch.float64
BRIEF = "Cholesky of products in float32"


SIZES = {name: getattr(brief, name) for name in ("LEAST", "WIDE_LEAST")}


@pytest.fixture(autouse=True)
def smaller(monkeypatch):
    """As for large data, where the exact answer would take too long."""
    monkeypatch.setattr(brief, "LEAST", 1 << 18)
    monkeypatch.setattr(brief, "WIDE_LEAST", 1 << 18)


def noisy(n=10_000, d=30, *, dtype=D, seed=0, noise=1.0):
    """Independent columns, some weights, y with noise."""
    g = gen(seed)
    X = torch.randn(n, d, generator=g, dtype=D)
    w = 0.5 + torch.rand(d, generator=g, dtype=D)
    return X.to(dtype), (X @ w + 2 + noise * torch.randn(n, generator=g, dtype=D)).to(dtype)


def told(fit):
    """Digits that the message promises of the worst weight."""
    found = re.search(r"leaves (\d+) digits", fit.message)
    return int(found[1]) if found else 14


def truth(X, y, intercept):
    """w, b and the loss, in numbers of 64 bits that correct what Cholesky finds."""
    A, t = (part.double().numpy().astype(np.longdouble) for part in (X, y))
    centre = (A.mean(0), t.mean()) if intercept else (np.zeros(A.shape[1], np.longdouble), np.longdouble(0))
    A, t = A - centre[0], t - centre[1]
    size = np.sqrt((A * A).sum(0))
    A /= size
    B = A.astype(np.float64)
    G, v = B.T @ B, np.zeros(len(size), np.longdouble)
    for _ in range(5):
        v += np.linalg.solve(G, (A.T @ (t - A @ v)).astype(np.float64))
    r = t - A @ v
    w = v / size
    return (
        torch.from_numpy(w.astype(np.float64)),
        float(centre[1] - centre[0] @ w),
        float(r @ r / (2 * len(r))),
    )


def check(X, y, *, intercept=True, digits=12, best=None):
    """The message keeps its word, beside an answer that is right to the last digit; returns the fit."""
    fit = linreg.solve(X, y, intercept=intercept, dtype=D)
    w, b, loss = truth(X, y, intercept) if best is None else (best.w, float(best.b), float(best.loss))
    share = 10.0 ** -max(told(fit), digits)
    assert float(((fit.w - w) / w).abs().max()) <= share
    size = abs(b) + float((X.double().mean(0) * intercept * w).abs().sum())
    assert abs(float(fit.b) - b) <= share * size
    rounded = 8 * EPS * (loss * float(y.double().square().mean())) ** 0.5  # what y - Xw rounds, times r
    assert float(fit.loss) == pytest.approx(loss, rel=1e-12, abs=rounded + 1e-30)
    return fit


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("dtype", [torch.float32, D])
@pytest.mark.parametrize(("n", "d"), [(10_000, 30), (10_000, 100), (1200, 260)])
def test_independent_columns(n, d, dtype, seed):
    fit = check(*noisy(n, d, dtype=dtype, seed=seed), digits=13)
    assert fit.message.startswith(BRIEF)
    assert fit.method == "cholesky"


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("kappa", "d"), [(2, 30), (10, 30), (40, 30), (40, 130), (300, 260)])
def test_correlated_columns(kappa, d, intercept):
    p = built(10_000 if d == 30 else 2200, d, kappa, noise=0.1, intercept=intercept, dtype=torch.float32)
    best = linreg.certified(p.X, p.y, intercept=intercept)
    fit = check(p.X, p.y, intercept=intercept, digits=9, best=best)
    assert fit.message.startswith((BRIEF, "Cholesky, refined in doubled precision"))


@pytest.mark.parametrize("correlation", [0.5, 0.9])
def test_each_column_correlated_with_the_one_before(correlation):
    X, noise = noisy(d=40)
    X = X.clone()
    for j in range(1, 40):
        X[:, j] = correlation * X[:, j - 1] + (1 - correlation**2) ** 0.5 * X[:, j]
    X = X.float()
    fit = check(X, X.sum(1) + noise.float(), digits=13)
    assert fit.message.startswith(BRIEF)


@pytest.mark.parametrize("dtype", [torch.float32, D])
@pytest.mark.parametrize("far", [3.0, 100.0, 1e4])
def test_columns_far_from_zero(far, dtype):
    """The mean goes before anything is rounded to float32."""
    X, y = noisy()
    fit = check((X + far).to(dtype), y.to(dtype), digits=12)
    assert fit.message.startswith(BRIEF)


def test_float32_rows_are_multiplied_about_what_float32_holds():
    """About a shift that is rounded afterwards, the products would take four steps."""
    X, y = noisy()
    fit = check((X + 3e5).float(), y.float(), digits=10)
    assert fit.message.startswith(f"{BRIEF}, refined twice")


@pytest.mark.parametrize("j", [3, -1])
@pytest.mark.parametrize("far", [7.5, 8.5])
def test_up_to_eight_deviations_a_mean_is_not_subtracted(far, j, monkeypatch):
    """Of a column or of y: a pass over rows as they are takes less."""
    X, y = noisy()
    Z = torch.column_stack((X, y))
    Z = (Z - Z.mean(0)) / Z.std(0, correction=0)
    Z[:, j] += far
    shifted, residuals = [], Rows.residuals
    monkeypatch.setattr(
        Rows, "residuals", lambda rows, p, V: shifted.append(bool(p.shift.any())) or residuals(rows, p, V)
    )
    check(Z[:, :-1], Z[:, -1])
    assert set(shifted) == {far > 8}


@pytest.mark.parametrize("power", [20, -20])
def test_scales_that_float32_holds(power):
    """Powers of two for the columns change no bit of the answer but the exponents."""
    X, y = noisy()
    scale = 2.0 ** torch.linspace(-power, power, 30, dtype=D).round()
    plain, fit = linreg.solve(X, y), linreg.solve(X * scale, y)
    assert fit.message == plain.message
    assert fit.message.startswith(BRIEF)
    torch.testing.assert_close(fit.w * scale, plain.w, rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    ("dtype", "unit"), [(D, 1e-30), (D, 1e20), (D, 1e60), (torch.float32, 1e-25), (torch.float32, 1e18)]
)
def test_scales_that_float32_does_not_hold(dtype, unit):
    X, y = noisy()
    X = X.clone()
    X[:, 4] *= unit
    for data in ((X.to(dtype), y.to(dtype)), (noisy()[0].to(dtype), (y * unit).to(dtype))):
        fit = check(*data)
        assert not fit.message.startswith(BRIEF)


def test_columns_of_all_sizes_up_to_the_limits():
    """Down to where the square of an entry is a number that float32 rounds to few digits, or to none."""
    X, y = noisy()
    for power in range(-60, 61, 20):
        check(X * 2.0**power, y)


@pytest.mark.parametrize(
    ("square", "held"), [(1.5e-30, True), (0.6e-30, False), (0.6e32, True), (1.5e32, False)]
)
def test_mean_squares_that_float32_holds(square, held):
    X, y = noisy()
    scaled = X.clone()
    scaled[:, 4] *= square**0.5
    for data in ((scaled, y), (X, y * (square / float(y.var())) ** 0.5)):
        assert check(*data).message.startswith(BRIEF) == held


@pytest.mark.parametrize(
    ("n", "d", "dtype", "limit"),
    [
        (1 << 17, 32, torch.float32, 50),
        ((1 << 17) - 1, 32, torch.float32, 0),
        (1 << 17, 32, D, 3),
        (1 << 15, 128, D, 50),
        (1 << 16, 127, D, 3),
        (1 << 20, 24, torch.float32, 50),
        (1 << 20, 23, torch.float32, 0),
        (1 << 14, 256, D, 50),
        (1 << 12, 256, D, 0),
        (2041, 257, D, 1e4),
        (2040, 257, D, 0),
        (1600, 800, D, 1e4),
        (1599, 800, D, 0),
    ],
)
def test_where_products_in_float32_pay(n, d, dtype, limit, monkeypatch):
    """From 4 million entries on, or half a million of many columns, which may be less independent."""
    limits = []
    monkeypatch.setattr(brief, "_normal", lambda rows, limit: limits.append(limit))
    for name, value in SIZES.items():
        monkeypatch.setattr(brief, name, value)
    one = torch.ones((), dtype=dtype)
    assert brief.briefly(Rows(one.expand(n, d), one.expand(n), None, True)) is None
    assert limits == [limit] * (limit > 0)
    assert brief.briefly(Rows(one.expand(n, d), one.expand(n), one.expand(n), True)) is None
    assert limits == [limit] * (limit > 0)


@pytest.mark.parametrize("spike", [1e2, 1e4, 1e6])
@pytest.mark.parametrize("row", [3, 8_000])
def test_one_entry_far_from_the_others(spike, row):
    X, y = noisy()
    X = X.clone()
    X[row, 7] = spike
    check(X, y + X[:, 7])


@pytest.mark.parametrize("dtype", [torch.float32, D])
@pytest.mark.parametrize("freedom", [1.0, 1.5, 3.0])
def test_heavy_tails(freedom, dtype):
    X, y = noisy()
    tail = torch.randn(2, 10_000, 31, generator=gen(5), dtype=D)
    tail = (tail[0] / tail[1].abs() ** (1 / freedom)).to(dtype)
    check(tail[:, :30], tail[:, :30].sum(1) + tail[:, 30])
    check(X.to(dtype), (y + tail[:, 30]).to(dtype), digits=11)


@pytest.mark.parametrize("noise", [0.0, 1e-9, 1e-4, 1e3])
def test_small_and_large_losses(noise):
    """Of a loss of almost nothing all but the last digits are told, as of any other."""
    X, y = noisy(noise=noise)
    fit = check(X, y, digits=10)
    assert fit.message.startswith(BRIEF)
    left = y - fit.predict(X)
    assert float(fit.loss) == pytest.approx(float(left @ left) / 20_000, rel=1e-6, abs=1e-28)


@pytest.mark.parametrize(("d", "kappa", "dtype"), [(30, 90.0, torch.float32), (30, 6.0, D), (260, 1e5, D)])
def test_condition_numbers_that_take_too_many_steps(d, kappa, dtype, monkeypatch):
    p = built(10_000 if d == 30 else 2000, d, kappa, noise=0.1, dtype=dtype)
    passes = []
    monkeypatch.setattr(brief, "_refined", lambda *_: passes.append(1))
    assert not linreg.solve(p.X, p.y).message.startswith(BRIEF)
    assert not passes  # the sums told


def test_the_first_rows_tell_of_all_of_them(monkeypatch):
    """No more than these is summed in float32 where they are nearly dependent."""
    X, y = noisy()
    X = X.clone()
    X[:, 1] = X[:, 0] + 1e-3 * X[:, 1]
    rows = []
    summed = brief.summed
    monkeypatch.setattr(
        brief, "summed", lambda X, *rest, **more: rows.append(len(X)) or summed(X, *rest, **more)
    )
    fit = check(X, y, digits=9)
    assert not fit.message.startswith(BRIEF)
    assert rows == [1024]


@pytest.mark.parametrize(("n", "parts"), [(1920, [240, 1680]), (1919, [1919])])
def test_the_first_rows_are_eight_for_each_column_where_these_are_an_eighth(n, parts, monkeypatch):
    X, y = noisy(n)
    rows, summed = [], brief.summed
    monkeypatch.setattr(brief, "LEAST", 0)
    monkeypatch.setattr(brief, "FIRST_ROWS", 64)
    monkeypatch.setattr(
        brief, "summed", lambda X, *rest, **more: rows.append(len(X)) or summed(X, *rest, **more)
    )
    assert check(X, y).message.startswith(BRIEF)
    assert rows == parts


def test_first_rows_unlike_the_others():
    """Nearly constant ones, others near zero, or none in which a column differs from zero."""
    X, y = noisy()
    for first in (1e-6, 1e6, 0.0):
        Z = X.clone()
        Z[:2000, 2:9] *= first
        check(Z, y + Z[:, 3], digits=9)


def test_steps_that_come_to_no_end_leave_it_to_float64(monkeypatch):
    """A factor of another matrix: the residuals tell, and the answer is that of float64."""
    p = built(2000, 260, 50, noise=0.1)
    factored = brief.factored
    monkeypatch.setattr(brief, "factored", lambda s: (f := factored(s))._replace(L=f.L * 0.8))
    assert not check(p.X, p.y, digits=10).message.startswith(BRIEF)


def known(share, monkeypatch, *, noise=1.0, unit=1.0):
    """What `briefly` finds with a factor that leaves this share of an error in one direction, and none else.

    The answer lies as much in that direction, the shortest axis of the columns, as in the longest. Returns
    the length of the shortest as well.
    """
    g = gen()
    X = torch.randn(600, 130, generator=g, dtype=D) + torch.randn(600, 1, generator=g, dtype=D)
    A = X - X.mean(0)
    A /= A.norm(dim=0)
    squares, U = torch.linalg.eigh(A.T @ A)
    v = U[:, 0] + U[:, -1]
    Q = torch.linalg.qr(torch.column_stack((torch.ones_like(A[:, :1]), A))).Q
    r = torch.randn(600, generator=g, dtype=D)
    r -= Q @ (Q.T @ r)
    y = A @ v
    y += noise * y.norm() / r.norm() * r
    wrong = torch.linalg.cholesky(A.T @ A + share * squares[0] * torch.outer(U[:, 0], U[:, 0]))
    factored = brief.factored
    with monkeypatch.context() as patched:
        patched.setattr(brief, "WIDE_LEAST", 0)
        patched.setattr(brief, "LEAST", 0)
        patched.setattr(brief, "summed", lambda X, y, shift, dtype: summed(X, y, shift))
        patched.setattr(brief, "factored", lambda p: factored(p)._replace(L=wrong))
        found = brief.briefly(Rows(X, unit * y, None, True))
    assert 20 < found.factor.condition < 22
    assert bool(((found.v / unit - v).abs() < found.error / unit).all())
    return found, float(squares[0]) ** 0.5


@pytest.mark.parametrize(
    ("share", "steps"),
    [
        (1e-8, "once"),
        (1e-7, "once"),
        (3e-7, "twice"),
        (2e-5, "twice"),
        (1e-4, "in 3 steps"),
        (1e-3, "in 4 steps"),
        (2e-3, "in 5 steps"),
    ],
)
def test_steps_end_where_the_next_would_add_nothing(share, steps, monkeypatch):
    """The first change is beside the answer, which the condition number may stretch; the next beside it."""
    found, _ = known(share, monkeypatch)
    assert found.steps == steps
    assert found.rate == pytest.approx(4 * share if steps != "once" else 4 * share / 20.5, rel=0.05)


@pytest.mark.parametrize(("share", "left"), [(1e-7, 1e-14), (2e-5, 4 * 8e-15)])
def test_what_the_last_step_has_left_counts_as_error(share, left, monkeypatch):
    """Of the first step the square of its share, and of the second 4 times its cube."""
    exact, _ = known(1e-12, monkeypatch)
    found, shortest = known(share, monkeypatch)
    added = found.factor.sensitivity() * (left * shortest)
    torch.testing.assert_close(found.error - exact.error, added, rtol=0.02, atol=0)


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_rounding_counts_once_where_other_messages_count_it_four_times(unit, monkeypatch):
    found, _ = known(1e-12, monkeypatch, noise=2.0, unit=unit)
    of, _ = rounding(found.p, found.factor, found.v)
    torch.testing.assert_close(found.error, of(float(found.rss.sqrt())) / 4, rtol=1e-3, atol=0)


@pytest.mark.parametrize("unit", [1e-3, 1e3])
@pytest.mark.parametrize(("noise", "steps"), [(0.009, "twice"), (0.011, "once")])
def test_a_loss_of_less_than_a_ten_thousandth_takes_a_second_step(noise, steps, unit, monkeypatch):
    found, _ = known(1e-9, monkeypatch, noise=noise, unit=unit)
    assert found.steps == steps


def test_small_weights_among_many_columns_get_doubled_precision():
    """With fewer than ten digits left the refined answer starts what wins back all of them."""
    p = built(2000, 260, 2, noise=0.1)
    y = p.y + (1e-7 - p.w[0]) * p.X[:, 0]
    fit = check(p.X, y, digits=14, best=linreg.certified(p.X, y))
    assert re.match(r"Cholesky, refined in doubled precision in \d steps?: ", fit.message)


@pytest.mark.parametrize(
    ("noise", "message"),
    [(0.1, f"{BRIEF}, .*leaves 7 digits"), (1e-3, "Cholesky, refined in doubled precision")],
)
def test_small_weights_of_few_columns_get_it_where_the_loss_is_almost_zero(noise, message):
    """Else they have the digits that a condition number of 2 leaves beside the noise, as they are told."""
    p = built(10_000, 30, 2, noise=noise)
    y = p.y + (1e-7 - p.w[0]) * p.X[:, 0]
    assert re.match(message, linreg.solve(p.X, y).message)


@pytest.mark.parametrize("dtype", [torch.float32, D])
def test_threads_and_settings_change_no_bit(dtype):
    X, y = noisy(60_000, dtype=dtype)
    plain = linreg.solve(X, y, dtype=D)
    assert plain.message.startswith(BRIEF)
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            assert torch.equal(linreg.solve(X, y, dtype=D).w, plain.w)
        torch.set_float32_matmul_precision("medium")
        with torch.autocast("cpu"), unchanged(X, y):
            fit = linreg.solve(X, y, dtype=D)
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)
    assert torch.equal(fit.w, plain.w)
    assert torch.equal(fit.b, plain.b)


def test_columns_that_lie_one_after_the_other():
    X, y = noisy()
    plain, fit = linreg.solve(X, y), linreg.solve(X.T.contiguous().T, y)
    assert fit.message == plain.message
    torch.testing.assert_close(fit.w, plain.w, rtol=1e-14, atol=0)


def test_weights_few_columns_and_few_rows_take_products_in_float64(monkeypatch):
    monkeypatch.setattr(brief, "LEAST", 0)
    monkeypatch.setattr(brief, "WIDE_LEAST", 0)
    X, y = noisy()
    c = 0.5 + torch.rand(10_000, generator=gen(3), dtype=D)
    fit = linreg.solve(X, y, weights=c)
    assert not fit.message.startswith(BRIEF)
    torch.testing.assert_close(fit.w, linreg.certified(X, y, weights=c).w, rtol=1e-12, atol=0)
    taken = [linreg.solve(X[:, :d], y).message.startswith(BRIEF) for d in (23, 24)]
    assert taken == [False, True]
    X, y = noisy(1040, 520)
    taken = [linreg.solve(X[:n], y[:n]).message.startswith(BRIEF) for n in (1039, 1040)]
    assert taken == [False, True]


def test_what_is_not_finite_is_named():
    X, y = noisy()
    X = X.clone()
    X[9_345, 6] = torch.nan
    with pytest.raises(linreg.DataError, match=r"nan at index \(9345, 6\)"):
        linreg.solve(X, y)
