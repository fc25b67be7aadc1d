"""Dependent columns in any order and any units: the best predictions, the loss of the weights returned."""

import random
from fractions import Fraction

import pytest
import torch
from problems import gen

import linreg
from linreg import Statistics, Status
from linreg.closed_form.shortest import shortest, shortest_text

D = torch.float64
EPS = torch.finfo(D).eps


def rational_shortest(X, y, intercept):
    """The shortest of all minimisers, w = G u with G G u = G A'y, its intercept and the rank, exactly."""
    n, d = len(X), len(X[0])
    mean = [sum(row[j] for row in X) / n if intercept else Fraction(0) for j in range(d)]
    top = sum(y) / n if intercept else Fraction(0)
    A = [[v - m for v, m in zip(row, mean, strict=True)] for row in X]
    G = [[sum(row[i] * row[j] for row in A) for j in range(d)] for i in range(d)]
    g = [sum(row[i] * (t - top) for row, t in zip(A, y, strict=True)) for i in range(d)]
    M = [[sum(G[i][k] * G[k][j] for k in range(d)) for j in range(d)] + [g[i]] for i in range(d)]
    pivots, row = [], 0
    for column in range(d):
        found = next((i for i in range(row, d) if M[i][column]), None)
        if found is None:
            continue
        M[row], M[found] = M[found], M[row]
        M[row] = [v / M[row][column] for v in M[row]]
        for i in range(d):
            if i != row and (factor := M[i][column]):
                M[i] = [a - factor * b for a, b in zip(M[i], M[row], strict=True)]
        pivots.append(column)
        row += 1
    u = dict(zip(pivots, (r[-1] for r in M), strict=False))
    w = [sum((G[i][j] * u.get(j, Fraction(0)) for j in range(d)), Fraction(0)) for i in range(d)]
    return w, top - sum(m * v for m, v in zip(mean, w, strict=True)), len(pivots)


def table(seed):
    """Small integers, some columns sums of others, some a dummy too many, in units of any powers of two."""
    pick = random.Random(seed)
    n, rank = pick.choice([3, 5, 12, 20]), pick.randint(1, 4)
    X = [[pick.randint(-4, 4) for _ in range(rank)] for _ in range(n)]
    for _ in range(pick.randint(1, 3)):
        parts = [pick.choice([0, 0, 1, 1, -1, 2]) for _ in range(rank)]
        X = [[*row, sum(p * v for p, v in zip(parts, row, strict=False))] for row in X]
    if seed % 3 == 0:
        X = [[*row, g, 1 - g] for row in X for g in [pick.randint(0, 1)]]
    units = [Fraction(2) ** pick.choice([0, 0, 0, 10, 30, 55, -55, pick.randint(-110, 110)]) for _ in X[0]]
    order = pick.sample(range(len(units)), len(units))
    return [[row[j] * units[j] for j in order] for row in X], [Fraction(pick.randint(-20, 20)) for _ in X]


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_any_units_in_any_order(seed, intercept):
    rows, targets = table(seed)
    w, b, rank = rational_shortest(rows, targets, intercept)
    best = [sum(a * c for a, c in zip(row, w, strict=True)) + b for row in rows]
    X = torch.tensor([[float(v) for v in row] for row in rows], dtype=D)
    y = torch.tensor([float(v) for v in targets], dtype=D)
    size = 1 + float(y.abs().max())
    for fit in (
        linreg.solve(X, y, intercept=intercept),
        linreg.svd(X, y, intercept=intercept),
        linreg.fit_stream([(X, y)], intercept=intercept),
    ):
        assert fit.rank == rank
        assert fit.status is (Status.OK if rank == len(w) else Status.RANK_DEFICIENT)
        found = [Fraction(v) for v in fit.w.tolist()]
        predicted = [
            sum(a * c for a, c in zip(row, found, strict=True)) + Fraction(float(fit.b)) for row in rows
        ]
        # a condition number of up to 100 among small integers, times rounding
        assert max(abs(float(p - q)) for p, q in zip(predicted, best, strict=True)) <= 1e-12 * size
        loss = sum((p - t) ** 2 for p, t in zip(predicted, targets, strict=True)) / (2 * len(targets))
        assert float(fit.loss) == pytest.approx(float(loss), abs=1e-12 * size**2)
        if "rounding hides" not in fit.message:
            square = sum(v * v for v in w)
            assert sum(v * v for v in found) <= square * Fraction(1 + 1e-10)


def correlated(n, seed, spread):
    """Twenty correlated columns, four of them made of others, in units up to `spread` apart, shuffled."""
    g = gen(seed)
    z = torch.randn(n, 16, generator=g, dtype=D)
    for j in range(1, 16):
        z[:, j] = 0.8 * z[:, j - 1] + 0.6 * z[:, j]
    A = torch.column_stack((z, z[:, 0] + z[:, 5], z[:, 3] - 2 * z[:, 9], z[:, 15], z[:, :4].sum(1)))
    unit = torch.exp2(torch.randint(-spread, spread + 1, (20,), generator=g).double())
    order = torch.randperm(20, generator=g)
    basis = torch.linalg.qr(
        torch.column_stack((torch.ones(n, dtype=D), z, torch.randn(n, generator=g, dtype=D)))
    )
    answer = z @ torch.randn(16, generator=g, dtype=D) + 3
    return (A * unit)[:, order], answer, basis.Q[:, -1] * n**0.5


@pytest.mark.parametrize("spread", [0, 10, 30, 60])
@pytest.mark.parametrize("n", [60, 3000])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_twenty_correlated_columns(n, seed, spread):
    """y = answer + residual orthogonal to all columns: any minimiser predicts the answer, at loss 1/2."""
    X, answer, residual = correlated(n, seed, spread)
    y = answer + residual
    sums = Statistics(20)
    for rows in torch.arange(n).split(17):
        sums.update(X[rows], y[rows])
    for fit in (linreg.solve(X, y), linreg.svd(X, y), linreg.solve_statistics(sums)):
        assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 16)
        assert float((fit.predict(X) - answer).abs().max()) <= 1e-10  # condition number 40, squared in sums
        assert float(fit.loss) == pytest.approx(0.5, rel=1e-10)
        assert linreg.r2(fit.predict(X), y) <= 1 - float(1 / (y - y.mean()).square().mean()) + 1e-10


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fewer_rows_than_columns_of_any_units(seed):
    X, y, _ = correlated(12, seed, 55)
    for fit in (linreg.solve(X, y), linreg.svd(X, y), linreg.fit_stream([(X, y)])):
        assert fit.rank == 11
        assert float((fit.predict(X) - y).abs().max()) <= 1e-9 * float(y.abs().max())
        assert float(fit.loss) == pytest.approx(float(linreg.squared_loss(fit.predict(X), y)), abs=1e-12)


def test_units_beyond_the_squares_of_float64():
    """The shortest in the units of the data, not in those that keep the squares in range."""
    x = torch.tensor([0.0, 1.0, 2.0, 4.0], dtype=D)
    X = torch.stack((1e-170 * x, 2e-170 * x, 1e170 * x), 1)
    fit = linreg.solve(X, 5e170 * x + 1)
    assert fit.rank == 1
    torch.testing.assert_close(fit.w[2], torch.tensor(5.0, dtype=D), rtol=1e-13, atol=0)
    assert float(fit.w[:2].abs().max()) < 1e-100
    small = linreg.solve(X[:, :2], 5e-170 * x)
    torch.testing.assert_close(small.w, torch.tensor([1.0, 2.0], dtype=D), rtol=1e-13, atol=0)


def test_sums_of_columns_whose_units_lie_330_orders_apart():
    g = gen(1)
    x, far = torch.randn(50, 1, generator=g, dtype=D), torch.randn(50, 2, generator=g, dtype=D)
    y = torch.randn(50, generator=g, dtype=D)
    X = torch.cat((1e-170 * x, 1e-170 * x, 1e160 * far, 1e160 * far.sum(1, keepdim=True)), 1)
    fit = linreg.solve_statistics(linreg.Statistics.of(X, y))
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 3)
    best = linreg.solve(torch.cat((x, far), 1), y)
    torch.testing.assert_close(fit.loss, best.loss, rtol=1e-12, atol=0)
    torch.testing.assert_close(fit.predict(X), best.predict(torch.cat((x, far), 1)), rtol=1e-9, atol=1e-9)


def test_sums_of_so_many_dependent_columns_that_no_eigenvalue_tells_their_condition_number():
    g = gen(0)
    X = torch.randn(500, 150, generator=g, dtype=D)
    y = X[:, :5].sum(1) + 0.1 * torch.randn(500, generator=g, dtype=D)
    fit = linreg.solve_statistics(linreg.Statistics.of(torch.cat((X, 2 * X), 1), y))
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 150)
    best = linreg.solve(X, y).w
    torch.testing.assert_close(fit.w, torch.cat((best, 2 * best)) / 5, rtol=1e-10, atol=1e-12)


# Large data: from the sums, once the rows have confirmed.


def test_dependent_columns_of_many_rows_come_from_the_sums():
    X, answer, residual = correlated(5000, 0, 12)
    fit = linreg.solve(X, answer + residual)
    assert fit.method == "eigenvalues"
    assert fit.message.startswith("Eigenvalues of the sums, refined once. The 20 columns have rank 16")
    by_svd = linreg.svd(X, answer + residual)
    torch.testing.assert_close(fit.predict(X), by_svd.predict(X), rtol=0, atol=1e-12)
    torch.testing.assert_close(fit.w, by_svd.w, rtol=1e-8, atol=0)


@pytest.mark.parametrize("gap", [1e-7, 1e-9, 1e-11])
def test_what_sums_take_for_dependent_the_rows_tell_apart(gap):
    """A difference of `gap` leaves an eigenvalue of its square, that of rounding; its column counts."""
    z = torch.randn(20_000, 3, generator=gen(), dtype=D)
    X = torch.column_stack((z[:, :2], z[:, 0] + gap * z[:, 2]))
    fit = linreg.solve(X, X[:, 0] + 2 * X[:, 1] + 3 * z[:, 2])
    assert (fit.status, fit.rank, fit.method) == (Status.OK, 3, "qr")
    assert float(fit.w[2]) == pytest.approx(3 / gap, rel=1e-3)


# Traps that other programs fall into.


def best_r2(x, y, intercept):
    x, t = (x - x.mean(), y - y.mean()) if intercept else (x, y)
    left = t - x * float(x @ t / (x @ x))
    return 1 - float(left @ left) / float((y - y.mean()).square().sum())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("part", [1.0, 1 / 3])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("n", [15, 20_000])
def test_a_column_and_its_copy(seed, part, intercept, n):
    """The weights of programs with a cut-off of eps are +-1e14 in a third of such tables."""
    g = gen(seed)
    x = torch.rand(n, generator=g, dtype=D) * 10
    y = 2 * x + torch.randn(n, generator=g, dtype=D)
    best = best_r2(x, y, intercept)
    X = torch.stack((x, part * x), 1)
    for fit in (
        linreg.solve(X, y, intercept=intercept),
        linreg.svd(X, y, intercept=intercept),
        linreg.fit_stream([(X, y)], intercept=intercept),
    ):
        assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 1)
        assert float(fit.w[1] / fit.w[0]) == pytest.approx(
            part, rel=1e-9
        )  # the shortest is a multiple of a row
        assert linreg.r2(fit.predict(X), y) == pytest.approx(best, abs=1e-12)
        assert linreg.r2(fit.predict(X), y) <= best + 1e-14


@pytest.mark.parametrize("value", [0.1, 1.0])
@pytest.mark.parametrize("n", [30, 40_000])
def test_a_constant_feature(value, n):
    x = torch.randn(n, generator=gen(), dtype=D)
    y = 3 * x + 1 + torch.randn(n, generator=gen(1), dtype=D)
    alone = linreg.solve(x.unsqueeze(1), y)
    X = torch.stack((torch.full_like(x, value), x), 1)
    for fit in (linreg.solve(X, y), linreg.svd(X, y), linreg.fit_stream([(X, y)])):
        assert (fit.rank, float(fit.w[0])) == (1, 0.0)
        torch.testing.assert_close(fit.w[1:], alone.w, rtol=1e-12, atol=0)
        torch.testing.assert_close(fit.b, alone.b, rtol=1e-12, atol=0)
    # without an intercept it is the intercept
    for solver in (linreg.solve, linreg.svd, linreg.qr):
        fit = solver(X, y, intercept=False)
        assert fit.status is Status.OK
        assert float(fit.w[0]) * value == pytest.approx(float(alone.b), rel=1e-11)


def test_ones_and_a_copy_without_an_intercept():
    x = torch.randn(40, generator=gen(), dtype=D)
    X = torch.stack((torch.ones_like(x), x, x), 1)
    for fit in (
        linreg.solve(X, 2 * x + 1, intercept=False),
        linreg.svd(X, 2 * x + 1, intercept=False),
        linreg.fit_stream([(X, 2 * x + 1)], intercept=False),
    ):
        torch.testing.assert_close(fit.w, torch.ones(3, dtype=D), rtol=0, atol=1e-13)


# The projection itself, against fractions.


def rational_length(rows, size, c):
    """The square of the length of the shortest w with rows (w size) = c, exactly: c' (B B')^-1 c."""
    B = [[Fraction(a) * Fraction(s) for a, s in zip(row, size, strict=True)] for row in rows]
    k = len(B)
    M = [[*(sum(a * b for a, b in zip(B[i], B[j], strict=True)) for j in range(k)), c[i]] for i in range(k)]
    for i in range(k):
        M[i] = [value / M[i][i] for value in M[i]]
        for j in range(k):
            if j != i:
                M[j] = [a - M[j][i] * b for a, b in zip(M[j], M[i], strict=True)]
    return sum(c[i] * M[i][k] for i in range(k))


@pytest.mark.parametrize("spread", [0, 6, 12, 40, 200])
@pytest.mark.parametrize(("rank", "d"), [(1, 2), (1, 6), (3, 4), (2, 6), (4, 6), (3, 6)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_minimiser_is_shorter(seed, rank, d, spread):
    g = gen(seed)
    rows = torch.linalg.qr(torch.randn(d, rank, generator=g, dtype=D)).Q.T
    size = torch.exp2(torch.randint(-spread, spread + 1, (d,), generator=g).double())
    v = torch.randn(d, generator=g, dtype=D)
    moved, certain = shortest(v, rows, size, 1e-15)
    assert certain
    torch.testing.assert_close(rows @ moved, rows @ v, rtol=0, atol=1e-12)
    c = [
        sum(Fraction(a) * Fraction(b) for a, b in zip(row, v.tolist(), strict=True)) for row in rows.tolist()
    ]
    least = rational_length(rows.tolist(), size.tolist(), c)
    length = sum((Fraction(m) / Fraction(s)) ** 2 for m, s in zip(moved.tolist(), size.tolist(), strict=True))
    assert float(length / least - 1) <= 1e-9


def test_as_many_rows_as_columns_leave_no_choice():
    v = torch.tensor([3.0, -2.0], dtype=D)
    for rows in (torch.eye(2, dtype=D), torch.zeros(0, 2, dtype=D)):
        moved, certain = shortest(v, rows, torch.tensor([1, 1e9], dtype=D), 1e-15)
        assert certain
        assert torch.equal(moved, v)


@pytest.mark.parametrize(("small", "far"), [(2e-4, False), (5e-5, True)])
def test_a_move_ten_thousand_times_as_long_is_not_made(small, far):
    """The second column could do what the first does, by a weight that is shorter and 1 / small in v."""
    rows = torch.tensor([[1.0, small]], dtype=D)
    v = torch.tensor([1.0, 0.0], dtype=D)
    moved, certain = shortest(v, rows, torch.tensor([1, 1e30], dtype=D), 1e-15)
    assert certain != far
    expected = v if far else torch.tensor([0, 1 / small], dtype=D)
    torch.testing.assert_close(moved, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("entry", "small", "certain"),
    [
        (0.0, 1e-20, True),
        (1e-18, 1e-20, False),
        (1e-18, 1e-15, False),
        (1e-18, 1e-13, True),
    ],
)
def test_an_entry_that_rounding_may_have_made_decides_nothing(entry, small, certain):
    """Beside a column so much smaller it would: then which answer is the shortest nobody can tell."""
    rows = torch.tensor([[0.8, 0.0, 0.6], [0.0, 1.0, entry]], dtype=D)
    v = torch.tensor([1.0, 2.0, 3.0], dtype=D)
    moved, told = shortest(v, rows, torch.tensor([1e3, small, 1.0], dtype=D), 1e-16)
    assert told == certain
    torch.testing.assert_close(rows @ moved, rows @ v, rtol=1e-13, atol=0)


@pytest.mark.parametrize(("entry", "counts"), [(2e-6, True), (5e-7, False)])
def test_however_large_the_doubt_an_entry_above_a_millionth_counts(entry, counts):
    rows = torch.tensor([[1.0, entry]], dtype=D)
    moved, _ = shortest(torch.tensor([1.0, 0.0], dtype=D), rows, torch.tensor([1, 1e3], dtype=D), 0.1)
    share = (entry * 1e3) ** 2 if counts else entry**2  # of the second column in what both do
    assert float(moved[0]) == pytest.approx(1 / (1 + share), rel=1e-9)


@pytest.mark.parametrize(("third", "certain"), [(1.0, True), (1e-100, True), (1e-300, False)])
def test_columns_of_lengths_whose_squares_vanish(third, certain):
    """The second and the third do the same: by the longer one alone, if their lengths can be told apart."""
    rows = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.8, 0.6]], dtype=D)
    v = torch.tensor([1.0, 2.0, 3.0], dtype=D)
    moved, told = shortest(v, rows, torch.tensor([1, 1e-200, third], dtype=D), 1e-16)
    assert told == certain
    torch.testing.assert_close(rows @ moved, rows @ v, rtol=1e-13, atol=0)
    if certain:
        torch.testing.assert_close(moved, torch.tensor([1, 0, 3.4 / 0.6], dtype=D), rtol=1e-13, atol=1e-60)


def test_one_pair_whose_lengths_vanish_beside_one_whose_lengths_do_not():
    """Of the first pair the shortest is known, of the second not: so it is not of the whole."""
    rows = torch.tensor([[0.8, 0.6, 0.0, 0.0], [0.0, 0.0, 0.8, 0.6]], dtype=D)
    v = torch.tensor([0.0, 1.0, 2.0, 3.0], dtype=D)
    moved, certain = shortest(v, rows, torch.tensor([1, 1, 1e-300, 1e-200], dtype=D), 1e-16)
    assert not certain
    torch.testing.assert_close(moved[:2], torch.tensor([0.48, 0.36], dtype=D), rtol=1e-15, atol=0)
    torch.testing.assert_close(rows @ moved, rows @ v, rtol=1e-13, atol=0)


def test_a_column_and_its_copy_beside_one_whose_weight_float64_could_not_hold():
    """The third is 1e400 times as short: as a weight in one unit with the others, 3 would be infinite."""
    rows = torch.tensor([[0.5**0.5, 0.5**0.5, 0.0], [0.0, 0.0, 1.0]], dtype=D)
    size = torch.tensor([1e200, 1e200, 1e-200], dtype=D)
    moved, certain = shortest(torch.tensor([1.0, 0.0, 3.0], dtype=D), rows, size, 1e-16)
    assert certain
    torch.testing.assert_close(moved, torch.tensor([0.5, 0.5, 3.0], dtype=D), rtol=1e-15, atol=0)


@pytest.mark.parametrize("size", [0.0, 1.0, 1e30])
def test_a_column_of_zeros_has_no_length_that_hides_the_shortest(size):
    """Rounding leaves 1e-17 of it in rows where a column 1e14 times as short as the largest counts."""
    rows = torch.tensor([[0.5**0.5, 0.5**0.5, 0.0, 1e-17], [0.0, 0.0, 1.0, 1e-17]], dtype=D)
    v = torch.tensor([1.0, 0.0, 3.0, 2.0], dtype=D)
    moved, certain = shortest(v, rows, torch.tensor([1.0, 1.0, 1e-14, size], dtype=D), 1e-16)
    assert certain
    torch.testing.assert_close(moved, torch.tensor([0.5, 0.5, 3.0, 0.0], dtype=D), rtol=1e-15, atol=1e-20)


@pytest.mark.parametrize("unit", [1.0, 1e-9])
def test_of_targets_that_do_not_vary_the_answer_is_zero_and_the_shortest(unit):
    x, z = torch.randn(2, 30, generator=gen(), dtype=D)
    X = torch.stack((x, x, unit * z), 1)
    for fit in (linreg.solve(X, 0 * x + 3), linreg.svd(X, 0 * x + 3), linreg.fit_stream([(X, 0 * x + 3)])):
        assert (fit.rank, fit.w.tolist(), float(fit.b)) == (2, [0, 0, 0], 3)
        assert "of all answers with this loss, this w is the shortest" in fit.message


def test_what_is_said_of_dependent_columns():
    assert shortest_text(5, 3, True).startswith(
        "The 5 columns have rank 3: of all answers with this loss, this w is the shortest. Its"
    )
    assert "which such answer is the shortest, rounding hides. Its" in shortest_text(5, 3, False)


@pytest.mark.parametrize("away", [1e15, 3e15])
def test_sums_tell_the_digits_of_predictions_beside_the_mean_of_the_targets(away):
    """Which a target that float64 rounds to eighths has, and nothing more."""
    x = torch.randn(1000, 1, generator=gen(0), dtype=D)
    y = away + x[:, 0] + torch.randn(1000, generator=gen(1), dtype=D)
    fit = linreg.solve_statistics(Statistics.of(torch.hstack((x, x)), y))
    assert fit.status == Status.RANK_DEFICIENT
    assert "Rounding leaves 15 digits of the predictions." in fit.message
    assert float((fit.predict(torch.hstack((x, x))) - y).abs().max()) < 1e-14 * away
