"""Cross-validation from sums equals fitting each fold's others."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from problems import built, gen
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, LeaveOneOut, cross_val_score

import linreg
from linreg import Statistics, Status
from linreg.inference.validation import _mean_square_of_sums, told_by_sums

F64 = torch.float64


def by_hand(X, y, folds, intercept=True, weights=None):
    """Mean squared error of each fold, by a fit of the rows outside it."""
    errors = []
    for number in folds.unique():
        some = folds == number
        c = None if weights is None else weights[~some]
        fit = linreg.solve(X[~some], y[~some], intercept=intercept, weights=c, dtype=F64)
        squares = (y[some].double() - X[some].double() @ fit.w - fit.b).square()
        share = torch.ones_like(squares) if weights is None else weights[some].double()
        errors.append(float(share @ squares / share.sum()))
    return torch.tensor(errors, dtype=F64)


def runs(n, k):
    ends = [f * n // k for f in range(k + 1)]
    return torch.cat([torch.full((b - a,), f) for f, (a, b) in enumerate(itertools.pairwise(ends))])


@pytest.mark.parametrize("k", [2, 3, 10, 300])
@pytest.mark.parametrize("intercept", [True, False])
def test_contiguous_folds(k, intercept):
    X, y, *_ = linreg.ordinary()
    found = linreg.cross_validate(X, y, folds=k, intercept=intercept)
    assert torch.allclose(found.mse, by_hand(X, y, runs(300, k), intercept), rtol=1e-11, atol=1e-12)
    assert found.weight.tolist() == torch.bincount(runs(300, k)).tolist()
    assert found.status is Status.OK
    assert found.message == f"{k} folds of 300 rows, each predicted by a fit of the others."


def test_scikit_learn_agrees():
    X, y, *_ = linreg.ordinary(5)
    folds, model = KFold(10), LinearRegression(tol=0)
    found = linreg.cross_validate(X, y)
    mse = -cross_val_score(model, X.numpy(), y.numpy(), cv=folds, scoring="neg_mean_squared_error")
    r2 = cross_val_score(model, X.numpy(), y.numpy(), cv=folds, scoring="r2")
    assert np.allclose(found.mse, mse, rtol=1e-11)
    assert np.allclose(found.r2, r2, rtol=1e-11)
    assert found.mean == pytest.approx(mse.mean(), rel=1e-11)  # folds of one size
    assert found.se == pytest.approx(mse.std(ddof=1) / 10**0.5, rel=1e-10)


def test_leaving_out_one_row_at_a_time_is_that_of_scikit_learn():
    X, y, *_ = linreg.ordinary()
    X, y = X[:40, :5], y[:40]
    found = linreg.cross_validate(X, y, folds=40)
    mse = -cross_val_score(
        LinearRegression(tol=0), X.numpy(), y.numpy(), cv=LeaveOneOut(), scoring="neg_mean_squared_error"
    )
    assert np.allclose(found.mse, mse, rtol=1e-10)
    assert found.r2.isnan().all(), "one row has no variance to explain"


def test_shuffled_folds_are_those_of_the_permutation():
    X, y, *_ = linreg.ordinary()
    order = torch.randperm(300, generator=gen(7))
    folds = torch.empty(300, dtype=torch.int64)
    folds[order] = runs(300, 7)
    found = linreg.cross_validate(X, y, folds=7, generator=gen(7))
    assert torch.allclose(found.mse, by_hand(X, y, folds), rtol=1e-11, atol=0)
    other = linreg.cross_validate(X, y, folds=7, generator=gen(8))
    assert not torch.allclose(found.mse, other.mse)


def test_numbered_folds():
    X, y, *_ = linreg.ordinary()
    folds = torch.arange(300) % 4 * 3 - 5  # any integers
    found = linreg.cross_validate(X, y, folds=folds)
    assert torch.allclose(found.mse, by_hand(X, y, folds), rtol=1e-11, atol=0)
    assert found.weight.tolist() == [75] * 4
    again = linreg.cross_validate_statistics([Statistics.of(X[f::4], y[f::4]) for f in range(4)])
    assert torch.allclose(again.mse, found.mse, rtol=1e-10, atol=0)
    assert torch.allclose(again.w, found.w, rtol=1e-10, atol=1e-12)
    assert torch.allclose(again.b, found.b, rtol=1e-10, atol=1e-12)


def test_a_fold_of_many_rows_that_lie_apart(monkeypatch):
    monkeypatch.setattr("linreg.inference.folds.ROWS", 16)
    X, y, *_ = linreg.ordinary()
    folds = torch.arange(300) % 3
    assert torch.allclose(
        linreg.cross_validate(X, y, folds=folds).mse, by_hand(X, y, folds), rtol=1e-11, atol=0
    )


def test_weights():
    X, y, *_ = linreg.ordinary()
    c = torch.rand(300, generator=gen(1), dtype=F64) + 0.1
    c[::11] = 0
    found = linreg.cross_validate(X, y, folds=5, weights=c)
    assert torch.allclose(found.mse, by_hand(X, y, runs(300, 5), weights=c), rtol=1e-10, atol=0)
    assert torch.allclose(found.weight, torch.stack([part.sum() for part in c.split(60)]))
    mean = float(found.weight @ found.mse / c.sum())
    assert found.mean == pytest.approx(mean, rel=1e-12)
    doubled = linreg.cross_validate(X, y, folds=5, weights=2 * c)
    assert doubled.mean == pytest.approx(mean, rel=1e-12), "weights are relative"


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_float32_is_computed_in_float64(dtype):
    X, y, *_ = linreg.ordinary(dtype=dtype)
    found = linreg.cross_validate(X, y)
    assert found.mse.dtype == found.w.dtype == F64
    assert torch.allclose(found.mse, by_hand(X, y, runs(300, 10)), rtol=1e-11, atol=0)


@pytest.mark.parametrize("kappa", [1e5, 1e8])
def test_ill_conditioned_folds_are_fitted_from_their_rows(kappa):
    """Sums would leave six digits of the weights, or none."""
    X, y, *_ = built(200, 6, kappa, noise=1e-3)
    found = linreg.cross_validate(X, y, folds=4)
    assert torch.allclose(found.mse, by_hand(X, y, runs(200, 4)), rtol=1e-6, atol=0)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_that_leaves_almost_nothing_asks_the_rows(weighted):
    """From sums its error would be rounding of what y is."""
    X, y, w, b = linreg.ordinary()
    y = X @ w + b + 1e-9 * torch.randn(300, dtype=F64, generator=gen())
    c = torch.rand(300, generator=gen(1), dtype=F64) + 0.1 if weighted else None
    found = linreg.cross_validate(X, y, folds=3, weights=c)
    assert torch.allclose(found.mse, by_hand(X, y, runs(300, 3), weights=c), rtol=1e-5, atol=0)
    sums = [Statistics.of(X[a : a + 100], y[a : a + 100]) for a in (0, 100, 200)]
    assert not torch.allclose(linreg.cross_validate_statistics(sums).mse, found.mse, rtol=0.1, atol=0)


def test_a_spike_in_one_fold_takes_no_digit_from_the_others():
    X, y, *_ = linreg.ordinary()
    X, y = X.clone(), y.clone()
    X[70, 3], y[70] = 1e9, -1e9  # in the third of ten folds
    found = linreg.cross_validate(X, y)
    assert torch.allclose(found.mse, by_hand(X, y, runs(300, 10)), rtol=1e-9, atol=0)
    clean = torch.ones(300, dtype=torch.bool)
    clean[60:90] = False
    alone = linreg.solve(X[clean], y[clean])
    assert torch.allclose(found.w[2], alone.w, rtol=1e-12, atol=1e-13), "to the last digits"


def test_dependent_columns_predict_all_the_same():
    X, y, *_ = linreg.ordinary()
    twice = torch.hstack((X[:, :4], X[:, :1]))
    found = linreg.cross_validate(twice, y, folds=5)
    assert found.status is Status.RANK_DEFICIENT
    assert "A fit says: " in found.message
    assert torch.allclose(found.mse, linreg.cross_validate(X[:, :4], y, folds=5).mse, rtol=1e-10, atol=0)


@pytest.mark.parametrize("order", ["up", "down"])
def test_sorted_rows_are_told(order):
    X, y, *_ = linreg.ordinary()
    rows = y.argsort(descending=order == "down")
    found = linreg.cross_validate(X[rows], y[rows])
    assert "are the rows sorted?" in found.message
    assert "are the rows sorted?" not in linreg.cross_validate(X[rows], y[rows], generator=gen()).message


@pytest.mark.parametrize(("F", "told"), [(9.9, False), (10.1, True)])
def test_the_means_of_folds_may_differ_by_an_F_of_ten(F, told):
    """Three folds of ten rows, each of variance 1 about -m, 0 and m: F is 20 m^2 / 2 over 30 / 27."""
    m = (F / 9) ** 0.5
    y = torch.tensor([1.0, -1.0], dtype=F64).repeat(15) + m * torch.arange(-1, 2).repeat_interleave(10)
    X = torch.randn(30, 1, generator=gen(), dtype=F64)
    assert ("are the rows sorted?" in linreg.cross_validate(X, y, folds=3).message) == told


def test_folds_of_one_row_are_not_called_sorted():
    X, y, *_ = linreg.ordinary()
    rows = y[:12].argsort()
    assert "sorted" not in linreg.cross_validate(X[rows, :2], y[rows], folds=12).message


def test_which_fits_sums_tell():
    """Up to a condition number of 1e4, where more than 1e-8 is left."""
    X, y, *_ = linreg.ordinary()
    sums = Statistics.of(X, y)
    fit = linreg.solve_statistics(sums)
    edge = fit.loss.new_tensor(1e-8 * float(sums.yy) / 600)
    for change, told in (
        ({"condition": 1e4}, True),
        ({"condition": 1.01e4}, False),
        ({"condition": None}, False),
        ({"loss": 1.01 * edge}, True),
        ({"loss": 0.99 * edge}, False),
        ({"status": Status.RANK_DEFICIENT}, False),
    ):
        assert told_by_sums(sums, replace(fit, **change)) == told


@pytest.mark.parametrize(
    ("m", "b", "error", "rounded"),
    [
        (8.0, 2.0, 4.0, 4 + 2 * 2 * (8 + 8 + 2)),  # squares of 8 in 2 rows, and the square of 2
        (8.0, -2.0, 4.0, 4 + 2 * 2 * (8 + 8 + 2)),
        (2.0**50, 0.0, 0.0, 4 + 2.0**-52 * 2.0**102),  # far away only the last digit of means is left
    ],
)
def test_what_rounding_may_have_made_of_an_error_from_sums(m, b, error, rounded):
    """Eps of all that is added up: squares of x - m and y - m, and the mean of the residuals, squared."""
    x = torch.tensor([m - 1, m + 1], dtype=F64)
    fit = replace(linreg.solve(x[:, None], x), w=x.new_ones(1), b=x.new_tensor(b))
    found, eps = _mean_square_of_sums(Statistics.of(x[:, None], x), fit), 2.0**-52
    assert (found[0], found[1] / eps) == pytest.approx((error, rounded), rel=1e-9)


def test_rows_in_an_order_that_means_nothing_are_not_called_sorted():
    for seed in range(100):
        X, y, *_ = linreg.ordinary(seed)
        assert "sorted" not in linreg.cross_validate(X[:, :2], y).message


def test_what_cannot_be_explained():
    X, y, *_ = linreg.ordinary()
    y = y.clone()
    y[:30] = 2.0  # the first fold is constant
    r2 = linreg.cross_validate(X, y).r2
    assert r2[0].isnan()
    assert not r2[1:].isnan().any()
    noise = torch.randn(300, dtype=F64, generator=gen(3))
    assert linreg.cross_validate(X, noise).r2.min() < 0, "worse than the mean"


def test_two_rows_and_two_folds():
    X, y = torch.tensor([[0.0], [1.0]]), torch.tensor([0.0, 2.0])
    found = linreg.cross_validate(X, y, folds=2)
    assert found.mse.tolist() == [4, 4], "the other row's y is the mean that predicts"


def test_arguments():
    X, y, *_ = linreg.ordinary()
    with pytest.raises(linreg.RangeError, match="2 or more"):
        linreg.cross_validate(X, y, folds=1)
    with pytest.raises(linreg.RangeError, match="at most the number of rows, 300; got 301"):
        linreg.cross_validate(X, y, folds=301)
    with pytest.raises(linreg.DtypeError, match=r"`folds` must be integers; got torch\.float"):
        linreg.cross_validate(X, y, folds=y)
    with pytest.raises(linreg.DtypeError, match="bool"):
        linreg.cross_validate(X, y, folds=y > 0)
    with pytest.raises(linreg.ShapeError, match=r"shape \(300,\)"):
        linreg.cross_validate(X, y, folds=torch.arange(299))
    with pytest.raises(linreg.RangeError, match="2 numbers or more; all rows have 4"):
        linreg.cross_validate(X, y, folds=torch.full((300,), 4))
    with pytest.raises(linreg.RangeError, match="`generator` must be None"):
        linreg.cross_validate(X, y, folds=torch.arange(300) % 2, generator=gen())
    c = torch.ones(300, dtype=F64)
    c[:30] = 0
    with pytest.raises(linreg.DataError, match="one above 0 in each fold"):
        linreg.cross_validate(X, y, weights=c)
    with pytest.raises(linreg.DtypeError, match="list of `Statistics`"):
        linreg.cross_validate_statistics([X, y])
    with pytest.raises(linreg.RangeError, match="2 folds or more; got 1"):
        linreg.cross_validate_statistics([Statistics.of(X, y)])


def test_repr():
    X, y, *_ = linreg.ordinary()
    found = linreg.cross_validate(X, y)
    assert repr(found) == f"CrossValidation(10 folds, mean={found.mean:.4g}, se={found.se:.2g}, status='ok')"
