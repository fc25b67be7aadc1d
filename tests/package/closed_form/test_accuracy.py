"""What a message says of digits is true, and what has none, or is beyond the range, is not called ok."""

import math
import re
from fractions import Fraction

import pytest
import torch
from problems import EPS, built, exact, gen

import linreg
from linreg import Fit, Statistics, Status
from linreg.closed_form.accuracy import (
    digits,
    digits_of_fitted,
    errors,
    intercept_errors,
    leaves,
    lost,
    quickly,
    within_range,
)
from linreg.closed_form.from_sums import digits_left, digits_of, factored, rounding, system

D = torch.float64


def told(fit):
    """Digits that a fit claims: those of its message, else all that its dtype holds."""
    found = re.search(r"leaves (\d+) digits", fit.message)
    return int(found[1]) if found else 14


def reached(fit, truth):
    """Digits of the worst of b and the weights, against exact fractions."""
    values = [fit.b, *fit.w] if len(truth) > len(fit.w) else fit.w
    wrong = max(abs((Fraction(float(v)) - t) / t) for v, t in zip(values, truth, strict=True))
    return -math.log10(wrong) if wrong else 17.0


def wave(copies, size, degree=5):
    """Powers of 0 to 20, all coefficients 1, and whole-numbered residuals orthogonal to every power."""
    x = torch.arange(21, dtype=D)
    X = torch.stack([x**k for k in range(1, degree + 1)], 1)
    residual = torch.zeros(21, dtype=D)
    for start in (0, 7, 14):
        residual[start : start + 7] = size * torch.tensor([1, -6, 15, -20, 15, -6, 1], dtype=D)
    assert float((X.T @ residual).abs().max()) == float(residual.sum()) == 0
    return X.repeat(copies, 1), (1 + X.sum(1) + residual).repeat(copies)


@pytest.mark.parametrize("size", [0, 1, 1e3, 1e7])
@pytest.mark.parametrize("copies", [1, 70, 400, 3000])
def test_a_residual_costs_no_digit_at_any_number_of_rows(copies, size):
    """The digits that kappa^2 |r| takes are won back, whether or not the table is small."""
    X, y = wave(copies, size)
    fit = linreg.solve(X, y)
    assert fit.status is Status.OK
    assert reached(fit, [Fraction(1)] * 6) >= 14
    assert told(fit) == 14


@pytest.mark.parametrize("size", [1.0, 1e5])
@pytest.mark.parametrize("method", ["cholesky", "qr", "svd", "sums"])
def test_unrefined_answers_tell_what_the_residual_took(method, size):
    X, y = wave(10, size)
    fit = linreg.fit_stream([(X, y)]) if method == "sums" else getattr(linreg, method)(X, y)
    left = reached(fit, [Fraction(1)] * 6)
    assert told(fit) <= left < 13
    assert (fit.status is Status.OK) == (told(fit) > 0) or "of the largest" in fit.message


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("noise", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("kappa", [1.5, 8.0, 60.0, 2e3, 1e6, 1e9])
def test_no_message_claims_more_than_there_is(kappa, noise, seed):
    """All ways, against the exact answer of the stored numbers; half a digit for the estimate."""
    p = built(50, 6, kappa, noise=noise, seed=seed)
    truth = exact(p.X, p.y, True)
    sums = Statistics.of(p.X, p.y)
    for fit in (
        linreg.solve(p.X, p.y),
        linreg.cholesky(p.X, p.y),
        linreg.cholesky(p.X, p.y, refine=1),
        linreg.qr(p.X, p.y),
        linreg.svd(p.X, p.y),
        linreg.solve_statistics(sums),
    ):
        if fit.status is Status.RANK_DEFICIENT:  # to sums, and to X'X
            assert kappa >= 1e6
            continue
        assert told(fit) == 0 or reached(fit, truth) >= told(fit) - 0.5
        if fit.status is Status.NO_DIGITS:
            assert told(fit) == 0
            assert noise * kappa**2 * EPS > 1e-4 or kappa**2 * EPS > 1e-4


@pytest.mark.parametrize("n", [3000, 12_000])
@pytest.mark.parametrize("kappa", [1.5, 15.0, 150.0, 1500.0])
def test_larger_tables_of_twenty_correlated_columns(n, kappa):
    """The digits told are there, and not many more: a message that always said 0 would be true as well."""
    p = built(n, 20, kappa, noise=1.0)
    X = p.X + torch.randn(20, generator=gen(5), dtype=D)  # means that are not zero
    best = linreg.certified(X, p.y)
    fit = linreg.solve(X, p.y)
    left = reached(fit, [Fraction(float(v)) for v in (best.b, *best.w)])
    assert told(fit) <= left
    assert left <= told(fit) + 3.5 or told(fit) == 14


def nearly(e, n=8):
    g = gen(3)
    x, z = torch.randn(n, 2, generator=g, dtype=D).T
    y = x - 2 * z + 0.5 + 0.1 * torch.randn(n, generator=g, dtype=D)
    return torch.stack((x, x + e * z), 1), y


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("e", [1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-13, 1e-14])
def test_columns_that_hardly_differ(e, intercept):
    """Up to a condition number of 1e15 all digits are there, or the message tells how many."""
    for n in (8, 13):
        X, y = nearly(e, n)
        truth = exact(X, y, intercept)
        fit = linreg.solve(X, y, intercept=intercept)
        if fit.status is Status.RANK_DEFICIENT:
            assert e <= 1e-14
        else:
            assert fit.status is Status.OK
            assert reached(fit, truth) >= told(fit) > 0


# Differences of sums.


@pytest.mark.parametrize("spike", [1e3, 1e5, 1e7])
@pytest.mark.parametrize("seed", range(5))
def test_what_a_difference_of_sums_has_left(spike, seed):
    """One block of large numbers comes and goes: what stays was rounded beside it, and says so."""
    g = gen(seed)
    X = torch.randn(80, 3, generator=g, dtype=D)
    y = X.sum(1) + 0.5 + 0.1 * torch.randn(80, generator=g, dtype=D)
    X[5, seed % 3] = spike
    y[7] = -spike
    whole, part = Statistics.of(X, y), Statistics.of(X[:20], y[:20])
    left = whole - part
    fit = linreg.solve_statistics(left)
    truth = exact(X[20:], y[20:], True)
    assert told(fit) - 1 <= reached(fit, truth)
    assert told(fit) < 17.5 - 2 * math.log10(spike)
    for carried in (
        left + Statistics.of(X[30:40], y[30:40]) - Statistics.of(X[30:40], y[30:40]),
        left.copy(),
    ):
        assert told(linreg.solve_statistics(carried)) <= told(fit) + 1
    # the same rows, summed by themselves, have all of theirs
    assert told(linreg.solve_statistics(Statistics.of(X[20:], y[20:]))) >= 12


def test_what_was_reached_is_saved_and_merged(tmp_path):
    X = torch.randn(60, 2, generator=gen(), dtype=D)
    y = X[:, 0] + 1
    X[3, 1] = 1e7
    left = Statistics.of(X, y) - Statistics.of(X[:9], y[:9])
    left.save(tmp_path / "left")
    again = linreg.solve_statistics(Statistics.load(tmp_path / "left"))
    assert again.message == linreg.solve_statistics(left).message
    assert told(again) <= 3


def test_a_difference_without_a_digit_is_not_ok():
    X = torch.randn(60, 2, generator=gen(), dtype=D)
    y = X[:, 0] + 1
    X[3], y[4] = 1e12, 1e12
    fit = linreg.solve_statistics(Statistics.of(X, y) - Statistics.of(X[:9], y[:9]))
    assert fit.status in (Status.NO_DIGITS, Status.RANK_DEFICIENT)
    assert fit.status is Status.RANK_DEFICIENT or "No digit of the weights is certain" in fit.message


def off(fit, X, y, intercept=True):
    """How far predictions lie from the best, as a share of how far these lie from their mean."""
    best = linreg.solve(X, y, intercept=intercept).predict(X)
    return float((fit.predict(X) - best).norm() / (best - best.mean()).norm())


def columns(kind, n, g):
    """Ordinary ones, dummies that sum to one in units far apart, or a time in milliseconds."""
    if kind == "ordinary":
        return torch.randn(n, 2, generator=g, dtype=D)
    if kind == "dummies":
        groups = torch.nn.functional.one_hot(torch.randint(4, (n,), generator=g), 4).double()
        return groups * torch.tensor([1.0, 1e-4, 300.0, 7e3], dtype=D)
    return 1e3 * torch.randperm(n, generator=g).double().unsqueeze(1)


WAYS = {
    "whole less part": lambda A, B, both: both - B,
    "come and gone": lambda A, B, both: A + B - B,
    "there before": lambda A, B, both: B + A - B,
    "again and again": lambda A, B, both: A + B - B + B - B,
}


@pytest.mark.parametrize("large", ["X and y", "X", "y", "one column"])
@pytest.mark.parametrize("kind", ["ordinary", "dummies", "time"])
@pytest.mark.parametrize("way", WAYS)
def test_no_digit_is_told_that_left_with_other_rows(way, kind, large):
    """Rows a hundred to a hundred million times as large have left: a sweep over seeds and sizes."""
    statuses = set()
    for seed in range(12):
        g = gen(seed)
        X = torch.hstack((columns(kind, 60, g), torch.randn(60, 1, generator=g, dtype=D)))
        y = (X / X.std(0)) @ torch.randn(X.shape[1], generator=g, dtype=D) + 1
        far, left = 10.0 ** (2 + seed % 7), slice(20, 60)
        if large != "y":
            X[:20, -1 if large == "one column" else slice(None)] *= far
        if large in ("y", "X and y"):
            y[:20] *= far
        A, B, both = (Statistics.of(X[some], y[some]) for some in (left, slice(20), slice(60)))
        fit = linreg.solve_statistics(WAYS[way](A, B, both))
        statuses.add(fit.status)
        if fit.status is Status.OK:
            w = linreg.certified(X[left], y[left]).w if fit.rank == X.shape[1] else None
            assert kind != "dummies"  # whose sum is one, whatever has left
            size = X[left].std(0)
            wrong = float(((fit.w - w) * size).abs().max() / (w * size).abs().max())
            most = re.search(r"(\d+) of the largest", fit.message)
            assert wrong <= 10.0 ** -(int(most[1]) if most else told(fit)), (seed, far)
        elif fit.status is Status.RANK_DEFICIENT:
            assert off(fit, X[left], y[left]) <= 10.0 ** -told(fit), (seed, far)
    assert statuses != {Status.NO_DIGITS}  # which would be true as well


@pytest.mark.parametrize("far", [1e5, 1e7, 1e9])
@pytest.mark.parametrize("intercept", [True, False])
def test_a_column_that_cancels_to_rounding_is_not_called_constant(intercept, far):
    """All that `y` varies with has squares below the rounding of those that have left."""
    x = torch.randn(40, 1, generator=gen(4), dtype=D)
    y = 3 * x[:, 0] + 2
    wrong = Statistics.of(far * x[:9], y[:9])
    sums = Statistics.of(x, y) + wrong - wrong
    fit = linreg.solve_statistics(sums, intercept=intercept)
    if far < 1e6:
        assert fit.status is Status.OK
        best = linreg.certified(x, y, intercept=intercept)
        assert abs(float(fit.w / best.w) - 1) <= 10.0 ** -told(fit) <= 0.1
    else:
        assert fit.status is Status.NO_DIGITS


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_nor_beside_a_column_that_has_not_cancelled(order):
    X = torch.randn(40, 2, generator=gen(4), dtype=D) * torch.tensor([1e6, 1.0], dtype=D)
    y = X @ torch.tensor([3e-6, 2.0], dtype=D)
    wrong = Statistics.of((X[:9] * torch.tensor([1.0, 1e9], dtype=D))[:, order], y[:9])
    fit = linreg.solve_statistics(Statistics.of(X[:, order], y) + wrong - wrong)
    assert fit.status is Status.NO_DIGITS


@pytest.mark.parametrize("gone", [1, 5, 40])
def test_a_dummy_whose_rows_have_left_costs_some_digits_not_all(gone):
    g = gen(gone)
    dummy = (torch.arange(100) < gone).double()
    X = torch.column_stack((torch.randn(100, 2, generator=g, dtype=D), dummy))
    y = X @ torch.tensor([1.0, 2.0, 3.0], dtype=D) + torch.randn(100, generator=g, dtype=D)
    fit = linreg.solve_statistics(Statistics.of(X, y) - Statistics.of(X[:gone], y[:gone]))
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 2)
    assert off(fit, X[gone:], y[gone:]) <= 10.0 ** -told(fit) <= 1e-4


def test_rows_that_have_left_and_columns_far_from_zero():
    """What rounding the entries adds is small beside what the sums have held, and hides no direction."""
    g = gen(0)
    x, z = torch.randn(2, 200, generator=g, dtype=D)
    X, y = 1e8 + torch.stack((x, x + 1e-3 * z, x), 1), x + z
    gone = 1e8 + 300 * torch.randn(20, 3, generator=g, dtype=D)
    gone[:, 2] = gone[:, 0]
    wrong = torch.randn(20, generator=g, dtype=D)
    sums = Statistics.of(torch.cat((X, gone)), torch.cat((y, wrong))) - Statistics.of(gone, wrong)
    fit = linreg.solve_statistics(sums)
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 2)
    assert off(fit, X, y) <= 10.0 ** -told(fit) <= 0.1


# The range of the dtype.

SOLVERS = (linreg.solve, linreg.qr, linreg.svd, linreg.cholesky, linreg.certified)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("down", "up"), [(1e-300, 1e15), (1e-290, 1e30), (1e-308, 1e10)])
def test_weights_beyond_float64(solver, down, up):
    p = built(20, 2, noise=0.1)
    fit = solver(p.X * down, p.y * up)
    assert fit.status is Status.OUT_OF_RANGE
    assert "beyond the range of torch.float64" in fit.message
    assert "power of two" in fit.message
    assert float(solver(p.X * down, p.y * up, intercept=False).b) == 0


@pytest.mark.parametrize("solver", SOLVERS[:4])
def test_weights_beyond_float32(solver):
    p = built(20, 2, noise=0.1)
    fit = solver((p.X * 1e-30).float(), (p.y * 1e15).float())
    assert fit.status is Status.OUT_OF_RANGE
    wide = linreg.solve((p.X * 1e-30).float(), (p.y * 1e15).float(), dtype=D)
    assert wide.status is Status.OK
    torch.testing.assert_close(wide.w * 1e-45, p.w, rtol=1e-6, atol=0)
    narrow = linreg.solve(p.X * 1e-30, p.y * 1e15, dtype=torch.float32)
    assert narrow.status is Status.OUT_OF_RANGE
    assert "Ask for `dtype=torch.float64`" in narrow.message


def test_weights_below_float32():
    """1e-50 is zero in float32, and every prediction would be; a weight of no account may be."""
    p = built(20, 2, noise=0.1)
    X, y = (p.X * 1e30).float(), (p.y * 1e-20).float()
    fit = linreg.solve(X, y)
    assert fit.status is Status.OUT_OF_RANGE
    assert "too small" in fit.message
    assert linreg.solve(X, y, dtype=D).status is Status.OK
    x = torch.arange(10.0)
    assert linreg.solve(x.unsqueeze(1), torch.full_like(x, 2.0)).status is Status.OK


@pytest.mark.parametrize("dependent", [False, True])
@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e-160, 1e-140, 1e140, 1e160, 1e300])
def test_sums_of_any_size(scale, dependent):
    """A stream whose squares would leave the range of float64, in blocks of any order."""
    p = built(60, 3, 5.0, noise=0.1)
    X = torch.column_stack((p.X, p.X[:, :1])) if dependent else p.X
    X = X * scale
    y = p.y * min(1.0, scale / 1e-200)  # or the weights would be out of range
    blocks = [(X[rows], y[rows]) for rows in torch.arange(60).split(17)]
    right = linreg.solve(X, y)
    sums = Statistics.of(X, y)
    for fit in (
        linreg.fit_stream(blocks),
        linreg.fit_stream(blocks[::-1]),
        linreg.solve_statistics(sum((Statistics.of(*b) for b in blocks[1:]), Statistics.of(*blocks[0]))),
        linreg.solve_statistics(sums + sums - sums),
    ):
        assert fit.status is right.status
        torch.testing.assert_close(fit.w, right.w, rtol=1e-11 if scale > 1e-309 else 1e-9, atol=0)
        torch.testing.assert_close(fit.b, right.b, rtol=1e-10, atol=0)
    torch.testing.assert_close(sums.X_mean / scale, X.mean(0) / scale, rtol=1e-10, atol=1e-13)
    dw, db = sums.gradient(right.w, right.b)
    assert float(db.abs()) <= 1e-13 * float(y.abs().max())
    assert float((dw / scale).abs().max()) <= 1e-12 * float(y.abs().max())


def test_blocks_of_very_different_size():
    """A column of 1e-160 that grows to 1e160: the large rows decide, as they would in one table."""
    x = torch.randn(40, 1, generator=gen(), dtype=D)
    grown = x * torch.logspace(-160, 160, 40, dtype=D).unsqueeze(1)
    y = torch.arange(40, dtype=D)
    right = linreg.solve(grown, y)
    for order in (torch.arange(40), torch.arange(39, -1, -1)):
        sums = Statistics(1)
        for rows in order.split(7):
            sums.update(grown[rows], y[rows])
        fit = linreg.solve_statistics(sums)
        torch.testing.assert_close(fit.w, right.w, rtol=1e-12, atol=0)
        torch.testing.assert_close(fit.b, right.b, rtol=1e-12, atol=0)


def test_sums_that_add_up_beyond_float64(tmp_path):
    """Each is finite; together their squares would not be."""
    x = torch.randn(30, 2, generator=gen(), dtype=D) * 1e149
    y = x[:, 0] * 3 + x[:, 1]
    once = Statistics.of(x, y)
    total = once
    for _ in range(50):
        total = total + total  # 2^50 times 1e300
    assert bool(total.M.isfinite().all())
    fit = linreg.solve_statistics(total)
    torch.testing.assert_close(fit.w, torch.tensor([3.0, 1.0], dtype=D), rtol=1e-13, atol=0)
    total.save(tmp_path / "sums")
    again = linreg.solve_statistics(Statistics.load(tmp_path / "sums"))
    assert torch.equal(again.w, fit.w)
    mixed = Statistics.of(x * 1e-300, y * 1e-300) + Statistics.of(x * 1e-310, y * 1e-310)
    torch.testing.assert_close(linreg.solve_statistics(mixed).w, fit.w, rtol=1e-12, atol=0)


def test_columns_of_zeros_and_constants_need_no_units():
    X = torch.stack((torch.zeros(50, dtype=D), torch.full((50,), 7.0, dtype=D), torch.arange(50, dtype=D)), 1)
    sums = Statistics.of(X[:20], X[:20, 2])
    sums.update(X[20:], X[20:, 2])
    assert not sums.unit.any()
    X[30:, 0] = 1e-170  # a column of zeros that wakes up
    sums.update(X, X[:, 2])
    assert sums.unit.tolist()[1:] == [0, 0, 0]
    assert float(sums.X_mean[0]) == pytest.approx(1e-170 * 20 / 100, rel=1e-14)


@pytest.mark.parametrize("kappa", [1.0, 10.0])
@pytest.mark.parametrize("long", [200, 2000])
def test_the_bound_of_sums_names_no_digit_more_than_the_estimate(long, kappa, monkeypatch):
    """Of columns that were ten times as long before a row was taken off, or a hundred times."""
    p = built(400, 3, kappa, noise=1.0)
    row = Statistics.of(long * torch.eye(3, dtype=D)[:1], p.y[:1])
    sums, found = Statistics.of(p.X, p.y) + row - row, []
    for enough in (0, 99):
        monkeypatch.setattr("linreg.closed_form.from_sums.BOUND_ENOUGH", enough)
        found.append(told(linreg.solve_statistics(sums)))
    assert found[1] - 2 <= found[0] <= found[1]


def test_the_quick_bound_of_few_entries_names_no_digit_more(monkeypatch):
    """It takes each number at its largest: a digit or two less than the bound that many entries pay for."""
    fewer = 0
    for kappa in (1.5, 5.0, 15.0):
        for n, d in ((60, 4), (900, 20), (1100, 4)):
            for far in (0.0, 1e4):
                p = built(n, d, kappa, noise=0.3)
                order = p.X[:, 0].argsort()  # the mean of the first rows is far from that of all
                named = []
                for small in (1 << 15, 0):
                    monkeypatch.setattr("linreg.closed_form.solve.SMALL", small)
                    message = linreg.solve(p.X[order] + far, p.y[order]).message
                    assert message.startswith("Cholesky: the condition number is")
                    found = re.search(r"leaves (\d+) digits", message)
                    named.append(int(found[1]) if found else 15)
                assert 0 <= named[1] - named[0] <= 2 or named == [0, 0], (kappa, n, far, named)
                fewer += named[0] < named[1]
    assert fewer


@pytest.mark.parametrize("far", [0.0, 1e4])
@pytest.mark.parametrize("kappa", [3.0, 30.0, 1e3, 1e6])
@pytest.mark.parametrize("intercept", [True, False])
def test_units_change_no_word_of_a_message(intercept, kappa, far):
    """Powers of two round nothing: the digits that are left are those of the data in any units."""
    for n, d in ((60, 4), (4000, 20)):
        p = built(n, d, kappa, noise=0.3)
        X = p.X + far
        y = p.y - p.b + far * p.w.sum()  # b is 0, a difference of large numbers where X is far off
        units = 2.0 ** torch.arange(-20, 4 * d - 20, 4)
        plain = linreg.solve(X, y, intercept=intercept).message
        for A, t in ((X * units, y), (X, y * 2.0**30), (X, y * 2.0**-30)):
            assert linreg.solve(A, t, intercept=intercept).message == plain


def from_sums(X, y, *, intercept=True):
    return linreg.solve_statistics(Statistics.of(X, y), intercept=intercept)


@pytest.mark.parametrize("solver", [linreg.cholesky, linreg.qr, linreg.svd, from_sums])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("far", [0.0, 1e4])
@pytest.mark.parametrize("kappa", [3.0, 1e3, 1e6])
def test_units_change_no_word_of_other_methods(kappa, far, intercept, solver):
    p = built(60, 4, kappa, noise=0.3)
    X, y = p.X + far, p.y - p.b + far * p.w.sum()
    plain = solver(X, y, intercept=intercept).message
    for A, t in ((X * 2.0 ** torch.arange(-20, -4, 4), y), (X, y * 2.0**30), (X, y * 2.0**-30)):
        assert solver(A, t, intercept=intercept).message == plain


@pytest.mark.parametrize(("steps", "rank"), [((1, 2), 1), ((2, 3), 2)])
@pytest.mark.parametrize("solver", [linreg.solve, linreg.svd, from_sums])
def test_a_column_within_twice_its_rounding_is_constant(solver, steps, rank):
    """Entries so many units in the last place above and below 1, or 1.6 and 2.5 of them on average."""
    x = torch.randn(80, generator=gen(), dtype=D)
    wobble = 1 + EPS * torch.tensor([steps[0], -steps[0], steps[1], -steps[1]], dtype=D).repeat(20)
    fit = solver(torch.stack((x, wobble), 1), 3 * x + 1)
    assert fit.rank == rank
    assert float(fit.w[0]) == pytest.approx(3, rel=1e-13)


@pytest.mark.parametrize("shift", [-3.0, 0.0, 0.5, 1.0, 5.0])
def test_a_column_is_constant_beside_its_mean_whatever_the_sums_are_about(shift):
    """Entries 1.8 and 2.2 units of 0.001 above and below a mean of 1."""
    e = torch.tensor([1.8e-3, 2.2e-3, 0], dtype=D)
    Z = 1 - shift + e * torch.tensor([[1.0], [-1], [1], [-1]], dtype=D)
    Z = torch.column_stack((Z, torch.ones(4, dtype=D)))
    p = system(4, 4.0, torch.full((3,), shift, dtype=D), Z.T @ Z, True, 1e-3)
    assert (p.factor != 0).tolist() == [False, True]


def test_an_intercept_of_sums_is_as_wrong_as_the_lengths_they_had():
    """A hundred rows of length 1e6 that have left: a tenth of a rounding of it is in the mean, 2e-11."""
    M = torch.tensor([[1.0, 0.5, 0.1], [0.5, 1e2, 1e2], [0.1, 1e2, 1e2]], dtype=D)
    v, none = torch.tensor([1.0], dtype=D), torch.zeros(1, dtype=D)
    for reached, left in (([1.0, 1e2], 15), ([1.0, 1e12], 10), ([1e12, 1e2], 10)):
        p = system(100, 100.0, torch.zeros(2, dtype=D), M, True, EPS, torch.tensor(reached, dtype=D))
        assert digits_of(p, v, none) == (left, 16)


def of_two_columns(longer):
    """Columns at right angles, of length 1, with weights of 3 and 4; the first was so many times as long."""
    M = torch.diag(torch.tensor([1.0, 1.0, 26.0, 100.0], dtype=D))
    v = torch.tensor([3.0, 4.0], dtype=D)
    M[:2, 2] = M[2, :2] = v
    squares = torch.tensor([1 + (longer**2 - 1) / 16, 1.0, 26.0], dtype=D)  # each rounding counts as 16
    return system(100, 100.0, torch.zeros(3, dtype=D), M, True, EPS, squares), v


@pytest.mark.parametrize("longer", [1.0, 10.0])
def test_the_error_of_sums_is_that_of_the_columns_as_long_as_they_were(longer):
    """Four roundings of the terms, and of the gradient that many times."""
    p, v = of_two_columns(longer)
    error, size = rounding(p, factored(p), v)
    terms = math.sqrt(26) + math.hypot(longer * 3, 4)
    assert size == pytest.approx(terms, rel=1e-14)
    assert error(7.0).tolist() == pytest.approx([4 * EPS * (terms + 7 * longer)] * 2, rel=1e-14, abs=0)


def test_the_digits_of_sums_are_those_of_the_columns_as_long_as_they_were():
    """4 eps (1 + 1) (5 + 26^0.5) of a weight of 3; with 1 + 10 for the second, and all 10 times as large."""
    for longer, sums, mean in ((1.0, 14, 14), (10.0, 12, 14)):
        p, v = of_two_columns(longer)
        for small in (False, True):
            assert digits_left(p, factored(p), v, small=small)[0] == sums
            assert digits_left(p, factored(p), v, centred=True, small=small)[0] == mean


# The estimate itself, on numbers small enough to follow.


def test_the_error_is_four_roundings_of_the_residual_and_of_the_gradient():
    """4 eps (5 + 3 * 7) for a row of length 1 of the inverse, and twice that for one of length 2."""
    assert errors(torch.tensor([1.0, 2.0]), 3, 5, 7, 0.5).tolist() == [52, 104]


def test_the_error_of_an_intercept_is_that_of_its_terms():
    """B = 10 - 4 * 2 - (-6 / 2) * (-3), with a y of root mean square 1: 10 + 8 + 9 + 1."""
    v, factor = torch.tensor([2.0, -3.0], dtype=D), torch.tensor([1, 0.5], dtype=D)
    mean = torch.tensor([4.0, -6, 10], dtype=D)
    assert intercept_errors(v, 0 * v, factor, mean, 1) == (28 * EPS, 28)
    wrong, _ = intercept_errors(v, torch.tensor([0.5, 1], dtype=D), factor, mean, 1)
    assert wrong == pytest.approx(4 * 0.5 + 3 * 1, rel=1e-14)


SHARES = [
    # v, error of each, b, its error, what it is a difference of, digits of the worst and of the largest
    ([1.0, 1e-3], 2e-10, 2.0, 0.0, 1.0, (6, 9)),
    ([-1.0, 1e-3], 2e-10, -1e-5, 2e-10, 1.0, (4, 9)),  # b is the worst
    ([1.0, 1.0], 5e-16, 1.0, 0.0, 1.0, (15, 15)),
    ([1.0, 1.0], 5e-17, 1.0, 0.0, 1.0, (16, 16)),
    ([1.0, 1.0], 1.5, 1.0, 0.0, 1.0, (0, 0)),
    ([0.0, 0.0], 0.0, 0.0, 0.0, 0.0, (16, 16)),  # exactly
    ([1.0, 0.0], 0.0, 1.0, 0.0, 1.0, (16, 16)),
    ([1.0, 1.8e-14], 5e-15, 1.0, 0.0, 1.0, (14, 14)),  # not told from zero: beside the largest
    ([1.0, 2.2e-14], 5e-15, 1.0, 0.0, 1.0, (0, 14)),  # more than 4 times its error: told
    ([1.0, 1e-13], 8e-14, 1.0, 0.0, 1.0, (13, 13)),
    ([1.0, 2e-13], 2e-13, 1.0, 0.0, 1.0, (0, 12)),  # an error above 1e-13 may hide a weight
    ([1.0, 1.0], 5e-17, 1e-14, 5e-15, 1.0, (14, 16)),
    ([1.0, 1.0], 5e-17, 1e-14, 5e-15, 1e-3, (0, 16)),
    ([1.0, 1.0], 5e-17, 0.0, 5e-15, 1e-3, (0, 16)),
]


@pytest.mark.parametrize(("v", "error", "b", "b_error", "b_size", "expected"), SHARES)
def test_digits_of_the_worst_and_of_the_largest(v, error, b, b_error, b_size, expected):
    v, b = torch.tensor(v, dtype=D), torch.tensor(b, dtype=D)
    for order in ([0, 1], [1, 0]):
        assert digits(v[order], torch.full_like(v, error), b, b_error, b_size) == expected


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("cancels", [True, False])
@pytest.mark.parametrize("longer", [1.0, 4.0])
def test_without_tensors_the_digits_are_the_same(longer, cancels, intercept):
    """And where the columns were longer before they were centred, the means are as wrong as that."""
    found = set()
    for seed in range(60):
        g = gen(seed)
        v = torch.randn(3, generator=g, dtype=D)
        v[0] *= 1e-6 ** (seed % 3)
        factor = torch.rand(3, generator=g, dtype=D) + 0.1
        mean = 10 * torch.randn(4, generator=g, dtype=D) * intercept
        if cancels:
            mean[3] = (mean[:3] * factor) @ v  # b is 0, to rounding
        n, y = 50, float(10 ** torch.randn((), generator=g, dtype=D))
        sensitivity = 10 ** (2 * torch.rand(3, generator=g, dtype=D))
        steepness = longer * float(sensitivity.norm())
        size = longer * (float(v.norm()) + y)
        error = errors(sensitivity, steepness, size, size, EPS)
        b_error, b_size = intercept_errors(v, error, factor, mean, y / n**0.5)
        b_error += EPS * longer * (y + float(v.abs().sum())) / n**0.5 * (longer > 1)
        b = mean[3] - (mean[:3] * factor) @ v
        expected = digits(v, error, b, *((b_error, b_size) if intercept else (0.0, 0.0)))
        lists = v.tolist(), longer, factor.tolist(), mean.tolist(), y, n, sensitivity.tolist(), steepness
        assert quickly(*lists) == expected
        found.add(expected)
    assert len(found) >= 4


def test_digits_of_nothing_and_of_all():
    assert quickly([0.0], 1.0, [1.0], [0.0, 0.0], 0.0, 5, [1.0], 1.0) == (16, 16)
    assert quickly([0.0], 1.0, [1.0], [0.0, 2.0], 0.0, 5, [1.0], 1.0) == (15, 16)  # b = 2, rounded once
    assert quickly([0.0], 1.0, [1.0], [0.0, 2.0], 1e9, 5, [1e5], 1e5)[0] == 0


@pytest.mark.parametrize(
    ("v", "y", "longer", "expected"),
    [
        (1.0, 3e6, 1.0, 10),  # eps (1 + 3e6 / 10) of b = 1
        (1.0, 3e6, 1.5, 9),  # and eps 1.5 (3e6 + 1) / 10
        (1.0, 1e6, 1e3, 7),
        (1e6, 1.0, 1e3, 7),  # the same of a long v
    ],
)
def test_an_intercept_is_as_wrong_as_the_mean_of_the_targets(v, y, longer, expected):
    """A hundred rows: the mean has a tenth of the rounding of the length."""
    assert quickly([v], longer, [1.0], [0.0, 1.0], y, 100, [1e-9], 1.0)[0] == expected


@pytest.mark.parametrize(
    ("square", "y", "size", "g", "s", "kept", "cancelled", "expected"),
    [
        (1.0, (1, 0, 1), 1, (1, 0), (1, 1), (1, 1), (0, 0), 14),  # 4 eps in each of two directions
        (1.0, (1, 0, 1), 1, (1, 0), (1, 1e-4), (1, 1), (0, 0), 11),  # 4 eps / 1e-4
        (0.5, (1, 0, 1), 1, (1, 1e-6), (1, 1e-2), (1, 0), (0, 0), 3),  # 1e-6 / 1e-2 is not in the predictions
        (
            1 - 2.5e-13,
            (1, 0, 1),
            1,
            (1, 1e-6),
            (1, 1e-2),
            (1, 0),
            (0, 0),
            6,
        ),  # nor more than y has left, 5e-7
        (0.5, (1, 0, 1), 1, (1, 1e-16), (1, 1e-6), (1, 0), (0, 1), 8),  # 16 eps / 1e-6: as short as rounding
        (0.75, (1, 0, 1), 1, (1, 1e-15), (1, 1e-6), (1, 0), (0, 1), 0),  # or shorter: all that y has left
        (16 - 1e-10, (4, 0, 4), 1, (4, 1e-15), (1, 1e-6), (1, 0), (0, 1), 5),  # which is 1e-5 of 4
        (0.0, (1, 0, 1), 1, (2e-10, 0), (1, 1), (0, 0), (0, 0), 9),  # no prediction varies: beside y
        (-1e-9, (1, 0, 1), 1, (2e-10, 0), (1, 1), (0, 0), (0, 0), 9),
        (0.0, (0, 1, 1), 1e-10, (1e-12, 0), (1, 1), (0, 0), (0, 0), 2),  # nor y: beside two roundings of it
        (0.0, (0, 0, 0), 0, (0, 0), (1, 1), (0, 0), (0, 0), 16),
        (1.0, (1, 0, 1e5), 1, (1, 0), (1, 1), (1, 1), (0, 0), 10),  # a rounding of what was summed up
        (1.0, (1, 9, 1e5), 1, (1, 0), (1, 1), (1, 1), (0, 0), 11),  # beside y and its mean
    ],
)
def test_digits_of_predictions_where_columns_are_dependent(square, y, size, g, s, kept, cancelled, expected):
    g, s = (torch.tensor(part, dtype=D) for part in (g, s))
    kept, cancelled = (torch.tensor(part) > 0 for part in (kept, cancelled))
    for order in ([0, 1], [1, 0]):
        parts = [part[order] for part in (g, s, kept, cancelled)]
        assert digits_of_fitted(square, y, size, *parts) == expected


def test_words_for_digits():
    assert leaves(3, 5) == ", which leaves 3 digits"
    assert leaves(0, 0) == ", which leaves 0 digits"
    assert leaves(0, 5) == ", which leaves 0 digits of the smallest weight, or of `b`, and 5 of the largest"
    assert [lost(left, 14, D) for left in (13, 14)] == [", which leaves 13 digits", ""]
    assert [lost(left, 6, torch.float32) for left in (5, 6)] == [", which leaves 5 digits", ""]


def fit_with(*w):
    w = torch.tensor(w, dtype=D)
    return Fit(w, w.new_tensor(1.0), Status.OK, "As it was.", "made", w.new_tensor(0.5))


@pytest.mark.parametrize(
    ("w", "x", "y", "counts"),
    [
        ((1.0, 1e-50), (1.0, 1.0), 1.0, False),
        ((1.0, 1e-50), (1.0, 1e45), 1.0, True),  # adds 1e-5 to a prediction
        ((1.0, -1e-50), (1.0, -1e45), 1.0, True),
        ((1.0, 1e-50), (1.0, 1e45), 1e30, False),  # nothing beside 1e30
        ((1.0, 1e-40), (1.0, 1e35), 1.0, True),  # below the normal numbers, which hold all digits
        ((1.0, 1e-37), (1.0, 1e35), 1.0, False),
        ((0.0, 0.0), (1.0, 1.0), 0.0, False),
    ],
)
def test_a_weight_below_the_range_counts_where_it_adds_to_a_prediction(w, x, y, counts):
    X = torch.tensor([[0.0, 0.0], x], dtype=D)
    fit = within_range(fit_with(*w), torch.float32, X, torch.tensor([0.0, y], dtype=D))
    assert fit.w.dtype == fit.b.dtype == fit.loss.dtype == torch.float32
    assert fit.status is (Status.OUT_OF_RANGE if counts else Status.OK)
    assert fit.message == (
        f"The answer is beyond the range of torch.float32: a weight is {w[1]:.3g}, too small for all its "
        "digits. Ask for `dtype=torch.float64`."
        if counts
        else "As it was."
    )
    assert within_range(fit_with(*w), torch.float32).status is Status.OK  # without the data nobody can tell


@pytest.mark.parametrize(
    ("w", "dtype", "why"),
    [
        ((math.nan, math.nan), D, None),  # no answer, as the fit says
        ((math.nan, math.inf), D, "it has infinite weights. Multiply `X`, or divide `y`, by a power of two"),
        ((1.0, -math.inf), D, "it has infinite weights. Multiply `X`, or divide `y`, by a power of two"),
        ((1.0, math.inf), torch.float32, "it has infinite weights. Multiply `X`, or divide `y`"),
        ((1.0, -1e40), torch.float32, "its largest weight is 1e+40. Ask for `dtype=torch.float64`."),
    ],
)
def test_what_is_said_beyond_the_range(w, dtype, why):
    fit = within_range(fit_with(*w), dtype)
    assert fit.status is (Status.OUT_OF_RANGE if why else Status.OK)
    assert fit.message.startswith(
        f"The answer is beyond the range of {dtype}: {why}" if why else "As it was."
    )
