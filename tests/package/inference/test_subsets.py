"""The best subset of each size is the best of all that can be tried."""

import math
from itertools import combinations

import pytest
import torch
from problems import gen

import linreg
from linreg import Statistics

F64 = torch.float64


def brute(X, y, intercept=True, weights=None):
    """The best subset of each size and its loss, by a fit of each."""
    d, found = X.shape[1], []
    for k in range(1, d + 1):
        losses = {
            columns: float(linreg.solve(X[:, list(columns)], y, intercept=intercept, weights=weights).loss)
            for columns in combinations(range(d), k)
        }
        best = min(losses, key=losses.get)
        found.append((best, losses[best]))
    return found


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_all_are_tried(intercept, seed):
    X, y, *_ = linreg.ordinary(seed)
    X, y = X[:60, :7], y[:60]
    found = linreg.best_subsets(Statistics.of(X, y), intercept=intercept)
    for k, (columns, loss) in enumerate(brute(X, y, intercept), start=1):
        assert found.columns[k] == columns
        assert float(found.loss[k]) == pytest.approx(loss, rel=1e-11)
        fit = linreg.solve(X[:, list(columns)], y, intercept=intercept)
        assert torch.allclose(found.fits[k].w, fit.w, rtol=1e-11, atol=0)
        assert torch.allclose(found.fits[k].b, fit.b, rtol=1e-11, atol=1e-14)
    assert found.columns[0] == ()
    mean = float(y.mean()) if intercept else 0.0
    assert float(found.fits[0].b) == pytest.approx(mean, abs=1e-14)
    assert [fit.rank for fit in found.fits] == list(range(len(found.fits)))
    assert float(found.loss[0]) == pytest.approx(float((y - mean).square().mean() / 2), rel=1e-12)
    assert torch.allclose(found.r2, 1 - found.loss / found.loss[0])


def test_weights_and_units():
    X, y, *_ = linreg.ordinary()
    X = X[:, :6] * torch.tensor([1e-6, 1.0, 1e6, 1.0, 1e3, 1e-3], dtype=F64)
    c = torch.rand(300, generator=gen(), dtype=F64)
    found = linreg.best_subsets(Statistics.of(X, y, weights=c))
    for k, (columns, loss) in enumerate(brute(X, y, weights=c), start=1):
        assert found.columns[k] == columns
        assert float(found.loss[k]) == pytest.approx(loss, rel=1e-10)


def test_longley():
    """The subsets that leaps 3.1 (R 4.2.2) finds by branch and bound, and abess 0.4.11 misses."""
    data = linreg.load("longley")
    found = linreg.best_subsets(Statistics.of(data.X, data.y))
    names = [[data.columns[j] for j in columns] for columns in found.columns]
    assert names[1:5] == [
        ["GNP"],
        ["UNEMP", "YEAR"],
        ["UNEMP", "ARMED", "YEAR"],
        ["GNP", "UNEMP", "ARMED", "YEAR"],
    ]
    assert len(names) == 7


def test_criteria_and_the_true_columns():
    X, y, *_ = linreg.ordinary()
    found = linreg.best_subsets(Statistics.of(X, y))
    assert found.columns[int(found.bic.argmin())] == tuple(range(8)), "those with a weight"
    for k in (0, 5, 20):
        loss = float(found.loss[k])
        assert float(found.aic[k]) == pytest.approx(300 * math.log(loss) + 2 * (k + 1), rel=1e-12)
        assert float(found.bic[k] - found.aic[k]) == pytest.approx((k + 1) * (math.log(300) - 2), rel=1e-9)
    assert repr(found) == "Subsets(of up to 20 columns; smallest bic: (0, 1, 2, 3, 4, 5, 6, 7))"
    without = linreg.best_subsets(Statistics.of(X[:, :3], y), intercept=False)
    assert float(without.aic[3]) == pytest.approx(300 * float(without.loss[3].log()) + 6, rel=1e-12)


def test_dependent_and_constant_columns():
    X, y, *_ = linreg.ordinary()
    X = torch.column_stack((X[:, 0], X[:, 1], X[:, 0] + X[:, 1], torch.full((300,), 0.1, dtype=F64)))
    found = linreg.best_subsets(Statistics.of(X, y))
    assert [len(columns) for columns in found.columns] == [0, 1, 2], "three columns never are independent"
    assert found.columns[2] in ((0, 1), (0, 2), (1, 2))
    assert float(found.loss[2]) == pytest.approx(float(linreg.solve(X[:, :2], y).loss), rel=1e-11)


@pytest.mark.parametrize(("share", "most"), [(2e-10, 4), (5e-11, 3)])
def test_a_column_counts_from_a_ten_billionth_of_its_square_on(share, most):
    """That the others leave of it; what is less may be rounding of the sums."""
    X, y, *_ = linreg.ordinary()
    A = X[:, :4] - X[:, :4].mean(0)
    Q = torch.linalg.qr(A).Q
    A[:, 3] = (1 - share) ** 0.5 * Q[:, 0] + share**0.5 * Q[:, 3]
    assert len(linreg.best_subsets(Statistics.of(A, y)).columns[-1]) == most


def test_sums_of_files_and_machines():
    X, y, *_ = linreg.ordinary()
    parts = Statistics.of(X[:100, :5], y[:100]) + Statistics.of(X[100:, :5], y[100:])
    assert linreg.best_subsets(parts).columns == linreg.best_subsets(Statistics.of(X[:, :5], y)).columns


def test_numbers_beyond_squares():
    X, y, *_ = linreg.ordinary()
    found = linreg.best_subsets(Statistics.of(X[:, :4] * 1e-160, y * 1e-150))
    plain = linreg.best_subsets(Statistics.of(X[:, :4], y))
    assert found.columns == plain.columns
    assert torch.allclose(found.r2, plain.r2, rtol=1e-9)


def test_arguments():
    X, y = torch.ones(3, 21, dtype=F64), torch.arange(3, dtype=F64)
    with pytest.raises(linreg.RangeError, match="at most 20 columns"):
        linreg.best_subsets(Statistics.of(X, y))
    with pytest.raises(linreg.DataError, match="must vary"):
        linreg.best_subsets(Statistics.of(y.reshape(3, 1), torch.ones(3, dtype=F64)))
    with pytest.raises(linreg.DataError, match="at least 1 rows"):
        linreg.best_subsets(Statistics(2))
    with pytest.raises(linreg.DtypeError, match=r"Statistics.of\(X, y\)"):
        linreg.best_subsets(X)
