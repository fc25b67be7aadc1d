"""The running sum: any order and any split of the rows gives the same sums, and nothing is half done."""

import math
import pickle
import re
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from problems import EPS, built, dependent, error, gen, unchanged

import linreg
from linreg import Statistics, Status
from linreg.keep import write

SEEDS = (0, 1, 2)


def data(n=300, d=4, *, mean=0.0, seed=0, dtype=torch.float64):
    X = torch.randn(n, d, generator=gen(seed), dtype=torch.float64) * torch.arange(1, d + 1) + mean
    y = X.sum(1) + torch.randn(n, generator=gen(seed + 1), dtype=torch.float64)
    return X.to(dtype), y.to(dtype)


def centred(sums):
    """The centred second moments, each relative to the two lengths it is a product of."""
    C = torch.cat((torch.column_stack((sums.gram, sums.xy)), torch.cat((sums.xy, sums.yy[None]))[None]))
    lengths = C.diagonal().sqrt()
    return C / lengths / lengths.unsqueeze(1)


def assert_same(a, b, digits=13):
    assert (a.n, a.d) == (b.n, b.d)
    torch.testing.assert_close(a.X_mean, b.X_mean, rtol=1e-14, atol=10.0**-digits)
    torch.testing.assert_close(a.y_mean, b.y_mean, rtol=1e-14, atol=10.0**-digits)
    torch.testing.assert_close(centred(a), centred(b), rtol=0, atol=10.0**-digits)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("d", [1, 4, 45, 46, 47, 120])  # on both sides of where narrow ends
@pytest.mark.parametrize("n", [2, 1023, 1024, 5000])
def test_the_sums_are_those_of_the_rows(n, d, dtype):
    X, y = data(n, d, mean=100.0, dtype=dtype)
    sums = Statistics.of(X, y)
    X, y = X.double(), y.double()
    torch.testing.assert_close(sums.X_mean, X.mean(0), rtol=1e-14, atol=1e-13)
    torch.testing.assert_close(sums.y_mean, y.mean(), rtol=1e-14, atol=1e-13)
    A, r = X - X.mean(0), y - y.mean()
    size = A.norm(dim=0)
    close = {"rtol": 0, "atol": 512 * EPS}  # of numbers that are at most 1: 1024 terms are added one by one
    torch.testing.assert_close(sums.gram / size / size.unsqueeze(1), (A / size).T @ (A / size), **close)
    torch.testing.assert_close(sums.xy / size / r.norm(), (A / size).T @ (r / r.norm()), **close)
    torch.testing.assert_close(sums.yy, r @ r, rtol=1e-13, atol=0)
    assert torch.equal(sums.gram, sums.gram.T)


def test_the_sums_are_exact_on_small_integers():
    X = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.0, 4.0], [4.0, 3.0]])
    y = torch.tensor([1.0, 2.0, 3.0, 6.0])
    sums = Statistics.of(X, y)
    assert (sums.X_mean.tolist(), float(sums.y_mean)) == ([2.0, 2.0], 3.0)
    assert sums.gram.tolist() == [[10.0, -5.0], [-5.0, 14.0]]
    assert (sums.xy.tolist(), float(sums.yy)) == ([7.0, 6.0], 14.0)


@given(
    cuts=st.lists(st.integers(1, 299), max_size=6, unique=True),
    seed=st.integers(0, 99),
    mean=st.sampled_from([0.0, 10.0, 1e4]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_split_permuted_and_merged_sums_agree(cuts, seed, mean, dtype):
    X, y = data(mean=mean, seed=seed, dtype=dtype)
    whole = Statistics.of(X, y)
    order = torch.randperm(len(y), generator=gen(seed))
    X, y = X[order], y[order]
    parts = [slice(a, b) for a, b in pairwise([0, *sorted(cuts), len(y)])]
    stream, merged = Statistics(X.shape[1]), Statistics(X.shape[1])
    for rows in parts:
        stream.update(X[rows], y[rows])
        merged = merged + Statistics.of(X[rows], y[rows])
    # A mean of `mean` is known to eps * mean, and moves the products of one spread by as much.
    digits = 13 - math.log10(max(mean, 1))
    assert_same(stream, whole, digits)
    assert_same(merged, whole, digits)


def test_merging_is_commutative_and_changes_neither():
    (X, y), (Z, t) = data(seed=1), data(100, mean=5.0, seed=2)
    a, b = Statistics.of(X, y), Statistics.of(Z, t)
    with unchanged(a.M, b.M, a.shift, b.shift):
        assert_same(a + b, b + a)
    assert (a + b).n == 400


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_leave_by_subtraction(seed):
    X, y = data(seed=seed)
    whole, part = Statistics.of(X, y), Statistics.of(X[100:180], y[100:180])
    kept = torch.cat((torch.arange(100), torch.arange(180, 300)))
    assert_same(whole - part, Statistics.of(X[kept], y[kept]), 12)
    nothing = whole - whole
    assert nothing.n == 0
    assert not nothing.M.any()
    assert_same(nothing + whole, whole)


def test_what_subtraction_leaves_can_be_saved(tmp_path):
    below = 0
    for seed in range(10):
        X = torch.rand(3000, 3, generator=gen(seed), dtype=torch.float64)
        X[:2000] = 0.5  # the shift, and all that is there once the others have left
        whole, part = Statistics.of(X, X[:, 0]), Statistics.of(X[2000:], X[2000:, 0])
        left = whole - part
        assert (left.M.diagonal() >= 0).all()
        left.save(tmp_path / "left.pt")
        assert torch.equal(Statistics.load(tmp_path / "left.pt").M, left.M)
        below += int(((whole.M - part.about(whole.shift)).diagonal() < 0).sum())
    assert below > 0  # what rounding alone would leave there


def test_far_from_zero():
    """The digits of a column of mean 1e8 and spread 1 survive in the sums."""
    x = torch.arange(1000, dtype=torch.float64).unsqueeze(1) % 7
    y = 3 * x.squeeze(1)
    sums = Statistics.of(x + 1e8, y + 1e8)
    exact = sum((Fraction(v) - Fraction(float(x.sum())) / 1000) ** 2 for v in x.flatten().tolist())
    assert float(sums.gram) == pytest.approx(float(exact), rel=1e-13)
    fit = linreg.solve_statistics(sums)
    assert float(fit.w) == pytest.approx(3, rel=1e-13)


def test_a_drifting_column_keeps_its_digits():
    """The first rows are no guide to the rest: without a new shift half of the digits would go."""
    g = gen()
    sums, rows = Statistics(1), []
    for k in range(40):
        x = torch.randn(64, 1, generator=g, dtype=torch.float64) + (1e7 if k else 0.0)
        rows.append(x)
        sums.update(x, x.squeeze(1))
        if k == 0:
            sums = sums - sums  # the odd first block leaves again, its shift stays
    x = torch.cat(rows[1:])
    assert float(sums.gram) == pytest.approx(float((x - x.mean()).square().sum()), rel=1e-8)


def test_a_shift_is_forgotten_before_it_costs_digits():
    g = gen()
    sums = Statistics(1)
    blocks = [torch.randn(64, 1, generator=g, dtype=torch.float64) + 1e6 * (k > 0) for k in range(2000)]
    for x in blocks:
        sums.update(x, x.squeeze(1))
    x = torch.cat(blocks)
    assert float(sums.gram) == pytest.approx(float((x - x.mean()).square().sum()), rel=1e-14)
    assert abs(float(sums.shift[0]) - 1e6) < 1e5


def test_about_another_shift():
    X, y = data()
    sums = Statistics.of(X, y)
    Z = torch.column_stack((X, y, torch.ones(len(y), dtype=torch.float64)))
    torch.testing.assert_close(
        sums.about(torch.zeros(5, dtype=torch.float64)), Z.T @ Z, rtol=1e-13, atol=1e-11
    )


@pytest.mark.parametrize("mean", [0.0, 50.0])
def test_the_gradient_is_that_of_the_rows(mean):
    X, y = data(mean=mean)
    w, b = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64), 0.7
    dw, db = Statistics.of(X, y).gradient(w, b)
    true_dw, true_db = linreg.gradient(X, y, w, b)
    torch.testing.assert_close(dw, true_dw, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(db, true_db, rtol=1e-12, atol=1e-12)


def test_the_gradient_of_one_row():
    """(x w + b - y) (x, 1)."""
    X, y = torch.tensor([[2.0, 3.0]], dtype=torch.float64), torch.tensor([4.0], dtype=torch.float64)
    dw, db = Statistics.of(X, y).gradient(torch.tensor([1.0, -2.0], dtype=torch.float64), 3.0)
    assert (dw.tolist(), float(db)) == ([-10.0, -15.0], -5.0)


def test_the_gradient_is_that_of_rows_whose_first_are_unlike_the_rest():
    X, y = data(3000, mean=50.0)
    X[:1024] += 9
    w, b = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64), 0.7
    for found, expected in zip(Statistics.of(X, y).gradient(w, b), linreg.gradient(X, y, w, b), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


def test_rows_left_out_come_and_go_with_the_others():
    a, b = (Statistics.holding(Statistics.of(*data(n)).held._replace(dropped=n // 100)) for n in (500, 200))
    assert ((a + b).dropped, (a - b).dropped, (a + b - a).dropped) == (7, 3, 2)
    b.held = b.held._replace(dropped=9)
    assert (a - b).dropped == 0  # of rows that were none of these


@pytest.mark.parametrize("size", [1e-170, 1e-100, 1.0, 1e160])
def test_a_row_of_weight_zero_neither_chooses_the_unit_nor_needs_to_fit_into_it(size):
    X, y = data(50)
    rows = torch.cat((torch.full_like(X[:1], 1e200), X * size))
    targets, weights = torch.cat((y[:1], y)), torch.ones(51, dtype=torch.float64)
    weights[0] = 0
    sums = Statistics.of(rows, targets, weights=weights)
    plain = linreg.solve(X, y)
    torch.testing.assert_close(linreg.solve_statistics(sums).w * size, plain.w, rtol=1e-12, atol=0)
    sums.update(rows, targets, weights=weights)  # in the unit that they have now
    torch.testing.assert_close(linreg.solve_statistics(sums).w * size, plain.w, rtol=1e-12, atol=0)


def test_nothing_is_modified_and_strides_do_not_matter():
    X, y = data()
    wide = torch.stack((X, X), dim=2)[:, :, 0].T.contiguous().T  # columns first
    with unchanged(X, y, wide):
        assert_same(Statistics.of(wide, y), Statistics.of(X, y))
        one = X[:1].expand(50, -1)
        assert Statistics.of(one, y[:50]).gram.abs().max() < 1e-28
    X.requires_grad_()
    assert not Statistics.of(X, y).M.requires_grad


# Errors.


def test_update_is_all_or_nothing():
    X, y = data()
    sums = Statistics.of(X, y)
    before = sums.copy()
    bad = X.clone()
    bad[7, 2] = torch.nan
    with pytest.raises(linreg.DataError, match=r"`X` must be finite.* at index \(7, 2\)"):
        sums.update(bad, y)
    with pytest.raises(linreg.DataError, match=r"`y` must be finite"):
        sums.update(X, y / 0)
    assert sums.n == before.n
    assert torch.equal(sums.M, before.M)
    assert torch.equal(sums.shift, before.shift)


def test_a_bad_first_block_leaves_it_empty():
    X, y = data()
    sums = Statistics(4)
    with pytest.raises(linreg.DataError):
        sums.update(X * torch.nan, y)
    assert sums.n == 0
    sums.update(X, y)
    assert_same(sums, Statistics.of(X, y))


def test_what_does_not_combine():
    X, y = data()
    sums = Statistics.of(X, y)
    with pytest.raises(linreg.ShapeError, match=r"`X` must have 4 columns.*\(300, 3\)"):
        sums.update(X[:, :3], y)
    with pytest.raises(linreg.ShapeError, match=r"`other` must have 4 features; got 2"):
        sums + Statistics(2)
    with pytest.raises(linreg.RangeError, match=r"at most 300 rows; got 600"):
        sums - (sums + sums)
    with pytest.raises(TypeError):
        sums + 1
    with pytest.raises(linreg.DataError, match="must hold at least 1 rows; got 0"):
        Statistics(4).gradient(X[0], 0.0)
    with pytest.raises(linreg.DataError, match="must hold at least 1 rows; got 0"):
        linreg.solve_statistics(Statistics(4))
    with pytest.raises(linreg.DtypeError, match=r"`statistics` must be `Statistics`; got Tensor"):
        linreg.solve_statistics(X)
    with pytest.raises(linreg.RangeError, match="`d` must be an integer of 1 or more"):
        Statistics(0)


# Files.


@pytest.mark.parametrize("d", [1, 4])
def test_saved_and_loaded(tmp_path, d):
    X, y = data(d=d, mean=7.0)
    sums = Statistics.of(X, y)
    sums.save(tmp_path / "sums.pt")
    again = Statistics.load(tmp_path / "sums.pt")
    assert again.n == sums.n
    assert torch.equal(again.M, sums.M)
    assert torch.equal(again.shift, sums.shift)
    again.update(X, y)
    assert_same(again, sums + sums)
    assert [path.name for path in tmp_path.iterdir()] == ["sums.pt"]


class Evil:
    """Runs code when a careless reader unpickles it."""

    def __reduce__(self):
        return print, ("run",)


def test_a_forged_file_runs_nothing(tmp_path, capsys):
    path = tmp_path / "sums.pt"
    path.write_bytes(pickle.dumps(Evil(), protocol=2))
    with pytest.raises(linreg.FileError, match="cannot be read as one"):
        Statistics.load(path)
    torch.save({"format": Evil()}, path)
    with pytest.raises(linreg.FileError, match="cannot be read as one"):
        Statistics.load(path)
    assert capsys.readouterr().out == ""


def test_damaged_and_missing_files(tmp_path):
    path = tmp_path / "sums.pt"
    with pytest.raises(linreg.FileError, match=r"absent\.pt' cannot be read as one"):
        Statistics.load(tmp_path / "absent.pt")
    sums = Statistics.of(*data())
    sums.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(linreg.FileError):
        Statistics.load(path)
    for wrong in (
        {"n": 5},
        {"M": sums.M[:3]},
        {"M": sums.M.float()},
        {"format": "other"},
        {"shift": sums.shift / 0},
    ):
        held = {"format": "linreg statistics 1", "n": sums.n, "shift": sums.shift, "M": sums.M}
        torch.save(held | wrong, path)
        with pytest.raises(linreg.FileError, match="cannot be read as one"):
            Statistics.load(path)
    with pytest.raises(linreg.FileError, match="must name a file that can be written"):
        sums.save(tmp_path / "no" / "such" / "folder.pt")


# Solving from sums alone.


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kappa", [1.0, 1e2, 1e4, 1e6])
def test_the_answer_from_sums(kappa, intercept):
    p = built(n=200, kappa=kappa, noise=0.01, intercept=intercept)
    fit = linreg.solve_statistics(Statistics.of(p.X, p.y), intercept=intercept)
    assert fit.status is Status.OK
    assert error(fit, p.w) <= p.tolerance_normal
    assert f"from sums of 200 rows: the condition number is {fit.condition:.3g}" in fit.message
    left = int(fit.message.removesuffix(" digits.").rsplit(" ", 1)[1])
    assert error(fit, p.w) <= 100 * 10.0**-left  # the promise of the message, in the worst direction
    assert float(fit.loss) == pytest.approx(float(0.01 * p.w.norm()) ** 2 / 2, rel=1e-11 + EPS * kappa**2)


@pytest.mark.parametrize("twice", [False, True])
def test_no_loss_is_negative_that_is_a_difference_of_sums(twice):
    """Of exact fits rounding alone is left, of either sign."""
    cancelled = 0
    for seed in range(20):
        p = built(n=30, d=3, kappa=5.0, seed=seed)
        X = torch.column_stack((p.X, 2 * p.X[:, :1])) if twice else p.X
        fit = linreg.solve_statistics(Statistics.of(X, p.y))
        assert (fit.status is Status.RANK_DEFICIENT) == twice
        assert 0 <= float(fit.loss) <= 100 * EPS * float(p.y.var())
        cancelled += float(fit.loss) < (4 * EPS) ** 2 * float(p.y.var())  # but for rounding of b
    assert cancelled


def test_more_columns_than_eigenvalues_are_worth():
    X, y = data(600, 300)
    fit = linreg.solve_statistics(Statistics.of(X, y))
    assert "at most" in fit.message
    A = X - X.mean(0)
    kappa = float(torch.linalg.cond(A / A.norm(dim=0)))
    assert kappa <= fit.condition <= 20 * kappa


@pytest.mark.parametrize(("d", "bound"), [(256, False), (257, True)])
def test_up_to_256_columns_the_condition_number_is_measured(d, bound):
    X, y = data(600, d)
    fit = linreg.solve_statistics(Statistics.of(X, y))
    A = X - X.mean(0)
    kappa = float(torch.linalg.cond(A / A.norm(dim=0)))
    assert ("at most" in fit.message) == bound
    assert (fit.condition == pytest.approx(kappa, rel=1e-9)) != bound


@pytest.mark.parametrize(("kappa", "dependent"), [(1.2e7, False), (2.5e7, True)])
def test_where_sums_cannot_tell_columns_apart(kappa, dependent):
    """At 1.7e7 for two columns, the root of 8 roundings in each: kappa^2 eps is 0.06."""
    z = torch.randn(200, 3, generator=gen(), dtype=torch.float64)
    z = torch.linalg.qr(z - z.mean(0)).Q
    X = torch.stack((z[:, 0], z[:, 0] + 2 / kappa * z[:, 1]), 1)
    fit = linreg.solve_statistics(Statistics.of(X, X.sum(1)))
    assert (fit.status is Status.RANK_DEFICIENT) == dependent
    assert (fit.rank, fit.method) == ((1, "eigenvalues") if dependent else (2, "cholesky"))


@pytest.mark.parametrize("seed", SEEDS)
def test_dependent_columns_from_sums(seed):
    p = dependent(seed=seed)
    fit = linreg.solve_statistics(Statistics.of(p.X, p.y))
    assert (fit.status, fit.rank, fit.method) == (Status.RANK_DEFICIENT, 3, "eigenvalues")
    assert error(fit, p.w) <= p.tolerance
    torch.testing.assert_close(fit.loss, linreg.squared_loss(fit.predict(p.X), p.y), rtol=1e-6, atol=1e-15)
    assert "The 5 columns have rank 3" in fit.message


def test_float32_sums_lose_nothing_to_their_number():
    """The Gram matrix of a million float32 rows is right to 1e-13; added in float32 it is not to 1e-6."""
    X, y = data(1_000_000, 2, dtype=torch.float32)
    sums, true = Statistics.of(X, y), Statistics.of(X.double(), y.double())
    assert_same(sums, true, 13)
    naive = (X.T @ X).double()
    exact = X.double().T @ X.double()
    assert ((naive - exact).abs() / exact.diagonal().max()).max() > 100 * EPS


@pytest.mark.parametrize("d", [10, 60])  # batches of small products, and tall ones
def test_many_rows_do_not_wear_the_sums_down(d):
    X, y = data(300_000, d, mean=1.0, dtype=torch.float32)
    sums = Statistics.of(X, y)
    squares = ((torch.column_stack((X, y)) - sums.shift) ** 2)[:, [0, d // 2, d]]
    truth = torch.tensor([math.fsum(column) for column in squares.T.tolist()], dtype=torch.float64)
    reached = sums.M.diagonal()[[0, d // 2, d]]
    torch.testing.assert_close(reached, truth, rtol=32 * EPS, atol=0)


def test_sums_without_rows_are_saved_too(tmp_path):
    Statistics(3).save(tmp_path / "sums")
    sums = Statistics.load(tmp_path / "sums")
    assert (sums.n, sums.d, sums.dropped) == (0, 3, 0)
    sums.update(torch.eye(4, 3), torch.ones(4))
    assert torch.equal(sums.M, Statistics.of(torch.eye(4, 3), torch.ones(4)).M)


def test_a_file_of_the_former_format_holds_the_same_sums(tmp_path):
    p = built()
    sums = Statistics.of(p.X, p.y)
    held = {"format": "linreg statistics 1", "n": sums.n, "shift": sums.shift, "M": sums.M}
    torch.save(held, tmp_path / "sums")
    read = Statistics.load(tmp_path / "sums")
    for name in ("M", "shift", "unit"):
        assert torch.equal(getattr(read, name), getattr(sums, name))
    assert torch.equal(linreg.solve_statistics(read).w, linreg.solve_statistics(sums).w)


ZERO = torch.zeros(1, dtype=torch.float64)  # of sums without a column of X, but for that sound


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": -1},
        {"n": 0},
        {"n": 60.0},
        {"dropped": -1},
        {"dropped": 1.0},
        {"shift": torch.zeros(4, dtype=torch.float64)},
        {"shift": torch.full((5,), torch.inf, dtype=torch.float64)},
        {"M": torch.zeros(6, 6, dtype=torch.float64)},
        {"M": torch.ones(6, 5, dtype=torch.float64)},
        {"reached": torch.zeros(6, dtype=torch.float64)},
        {"reached": torch.zeros(5)},
        {"unit": torch.zeros(6, dtype=torch.float64)},
        {"unit": torch.full((5,), 0.5, dtype=torch.float64)},
        {"unit": torch.full((5,), torch.nan, dtype=torch.float64)},
        {"spare": 0},
        {"n": None},
        {"M": 60 * torch.eye(2, dtype=torch.float64)} | dict.fromkeys(("shift", "reached", "unit"), ZERO),
    ],
)
def test_what_is_no_sum_of_rows_is_not_loaded(tmp_path, wrong):
    held = Statistics.of(*data(60)).held._asdict()
    write(tmp_path / "sums", held)
    assert Statistics.load(tmp_path / "sums").n == 60
    write(tmp_path / "sums", {name: value for name, value in (held | wrong).items() if value is not None})
    with pytest.raises(linreg.FileError, match=r"it holds something else|it does not hold sums of rows"):
        Statistics.load(tmp_path / "sums")


@pytest.mark.parametrize(("i", "j", "value"), [(0, 0, -1.0), (4, 4, -1.0), (0, 1, 7.0), (2, 5, 7.0)])
def test_a_matrix_of_sums_is_symmetric_without_a_negative_square(tmp_path, i, j, value):
    held = Statistics.of(*data(60)).held._asdict()
    M = held["M"].clone()
    M[i, j] = value
    write(tmp_path / "sums", held | {"M": M})
    with pytest.raises(linreg.FileError, match="it does not hold sums of rows"):
        Statistics.load(tmp_path / "sums")


def test_sums_of_a_mean_of_zero_keep_their_unit_beside_smaller_ones():
    """The first mean is zero, and the squares are not: tiny numbers beside them add nothing."""
    x = torch.tensor([[-1e160], [1e160]], dtype=torch.float64)
    large = Statistics.of(x, x[:, 0])
    assert not large.shift.any()
    small = Statistics.of(x.sign() * 1e-160 + 1e-150, x[:, 0].sign() * 1e-160)
    for both in (large + small, small + large):
        assert bool(both.M.isfinite().all())
        fit = linreg.solve_statistics(both)
        assert float(fit.w) == pytest.approx(1, rel=1e-14)
        assert abs(float(both.X_mean)) <= 1e145


def test_sums_of_squares_that_grow_beyond_the_range_take_another_unit():
    """One column has squares of 1e299; doubled 40 times they are 1e311."""
    X, y = data()
    X -= X.mean(0)
    unit = torch.tensor([1.0, 1e148, 1.0, 1.0], dtype=torch.float64)
    sums = Statistics.of(X * unit, y)
    assert not sums.unit.any()
    for _ in range(40):
        sums = sums + sums
    assert sums.unit.ne(0).tolist() == [False, True, False, False, False]
    fit = linreg.solve_statistics(sums)
    assert fit.status is Status.OK
    torch.testing.assert_close(fit.w * unit, linreg.solve(X, y).w, rtol=1e-12, atol=0)


def test_an_estimate_names_more_digits_of_sums_than_the_bound_that_costs_nothing():
    """Which takes each row of the inverse to be as long as it can: 10 digits, where 11 are there."""
    p = built(4000, 10, 30.0, noise=0.1)
    fit = linreg.solve_statistics(Statistics.of(p.X, p.y))
    assert fit.message.endswith("which leaves 11 digits.")
    assert float(((fit.w - p.w) / p.w).abs().max()) < 1e-11


def test_merged_sums_follow_a_column_that_has_drifted():
    """The first row lies 1e7 away. Once it has left, the others are better known from a shift near them."""
    X = torch.randn(10, 1000, 2, generator=gen(5), dtype=torch.float64)
    y = X @ torch.tensor([2.0, -1.0], dtype=torch.float64)
    y += torch.randn(10, 1000, generator=gen(6), dtype=torch.float64)
    X[:, :, 0] += 1e7  # the other column and y stay where they are
    first = Statistics.of(torch.zeros(1, 2, dtype=torch.float64), torch.zeros(1, dtype=torch.float64))
    total = first
    for rows, targets in zip(X, y, strict=True):
        total = total + Statistics.of(rows, targets)
    left = linreg.solve_statistics(total - first)
    right = linreg.solve(X.flatten(0, 1), y.flatten()).w
    assert torch.allclose(left.w, right, rtol=5e-3, atol=0)  # 5e-4; 4e-2 with the shift of the first row


@pytest.mark.parametrize("far", [1.0, 1e4, 1e5, 1e6])
def test_dependent_columns_tell_the_digits_that_a_subtraction_has_left(far):
    """Rows in a wrong unit come and go again; a dummy for each group leaves the columns dependent."""
    rows = linreg.ordinary()
    groups = torch.nn.functional.one_hot(torch.arange(len(rows.y)) % 3, 3).double()
    X, y = torch.hstack((rows.X, groups)), rows.y
    wrong = Statistics.of(X[:50] * far, y[:50] * far)
    fit = linreg.solve_statistics(Statistics.of(X, y) + wrong - wrong)
    best = linreg.solve(X, y).predict(X)
    off = float((fit.predict(X) - best).norm() / (best - best.mean()).norm())
    assert (fit.status, fit.rank) == ("rank deficient", 22)
    assert 10.0 ** -int(re.search(r"leaves (\d+) digits", fit.message)[1]) > off
    assert off < 1e-2


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e6 + 0.1])
def test_a_constant_target_of_dependent_columns_keeps_its_digits(constant):
    X, y, _, _ = linreg.ordinary()
    fit = linreg.solve_statistics(Statistics.of(torch.hstack((X, X[:, :1])), torch.full_like(y, constant)))
    assert fit.status == "rank deficient"
    assert float((fit.predict(torch.hstack((X, X[:, :1]))) - constant).abs().max()) <= 8 * EPS * constant


class TestAdvice:
    """What an error says to do is done, with the names that it uses."""

    X, y = torch.ones(3, 2), torch.arange(3.0)

    def test_a_start_of_another_dtype(self):
        """The rows may be float32, the sums are float64."""
        statistics, w = Statistics.of(self.X, self.y), torch.zeros(2)
        with pytest.raises(linreg.DtypeError) as caught:
            statistics.gradient(w, 0.0)
        w = eval(
            re.search(r"w\.to\(.*\)", str(caught.value))[0], {"w": w, "statistics": statistics, "X": self.X}
        )
        b = torch.zeros(())
        with pytest.raises(linreg.DtypeError) as caught:
            statistics.gradient(w, b)
        b = eval(
            re.search(r"b\.to\(.*\)", str(caught.value))[0], {"b": b, "statistics": statistics, "X": self.X}
        )
        assert statistics.gradient(w, b)[1] == -1

    def test_a_start_of_another_length(self):
        """The sums have no `X` that could be named."""
        with pytest.raises(
            linreg.ShapeError, match=r"`w` must have shape \(2,\) to go with sums of 2 columns;"
        ):
            Statistics.of(self.X, self.y).gradient(torch.zeros(3, dtype=torch.float64), 0.0)

    def test_rows_on_another_device(self):
        held = Statistics.of(self.X, self.y).held
        there = Statistics.holding(held._replace(M=held.M.to("meta")))
        with pytest.raises(
            linreg.DeviceError, match=r"`X` must be on the device of .*, meta; got cpu"
        ) as caught:
            there.update(self.X, self.y)
        line = re.search(r"X\.to\(.*\)", str(caught.value))[0]
        assert eval(line, {"X": self.X, "statistics": there}).is_meta

    def test_sums_on_another_device(self, tmp_path):
        here = Statistics.of(self.X, self.y)
        there = Statistics.holding(here.held._replace(M=here.held.M.to("meta")))
        for one, other in ((here, there), (there, here)):
            with pytest.raises(linreg.DeviceError, match=r"Save `other`, and load it there: ") as caught:
                one + other
        here.save(tmp_path / "sums")
        line = re.search(r"Statistics\.load\(.*\)", str(caught.value))[0]
        statistics = here
        names = {"Statistics": Statistics, "path": tmp_path / "sums", "statistics": statistics}
        assert (here + eval(line, names)).n == 6
