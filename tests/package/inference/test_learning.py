"""The learning curve is that of refits."""

import pytest
import torch

import linreg

F64 = torch.float64


def test_the_learning_curve_is_that_of_refits():
    X, y, *_ = linreg.ordinary()
    X_test, y_test, *_ = linreg.ordinary(1)
    sizes = [1, 10, 21, 22, 50, 300]
    curve = linreg.learning_curve(X, y, X_test, y_test, sizes=sizes)
    assert curve.n.tolist() == sizes
    for i, size in enumerate(sizes):
        fit = linreg.solve(X[:size], y[:size])
        for found, rows, targets in ((curve.train, X[:size], y[:size]), (curve.test, X_test, y_test)):
            expected = float((targets - fit.predict(rows)).square().mean())
            assert float(found[i]) == pytest.approx(expected, rel=1e-8, abs=1e-20)
    assert "300 rows: train 0.9546, test 1.041" in repr(curve)


def test_the_learning_curve_without_intercept_and_in_float32():
    X, y, *_ = linreg.ordinary(dtype=torch.float32)
    curve = linreg.learning_curve(X, y, X, y, sizes=[100, 300], intercept=False)
    fit = linreg.solve(X[:100], y[:100], intercept=False, dtype=F64)
    expected = (y[:100].double() - X[:100].double() @ fit.w).square().mean()
    assert float(curve.train[0]) == pytest.approx(float(expected), rel=1e-12)
    assert torch.equal(curve.train[1], curve.test[1])


def test_the_two_errors_are_near_what_theory_says():
    """Over 200 draws: sigma^2 (1 - p/n), and sigma^2 (1 + p/(n - p - 1)) for normal features."""
    errors = []
    for seed in range(200):
        X, y, *_ = linreg.ordinary(seed)
        X_test, y_test, *_ = linreg.ordinary(1000 + seed)
        curve = linreg.learning_curve(X, y, X_test, y_test, sizes=[100])
        errors.append((float(curve.train), float(curve.test)))
    train, test = torch.tensor(errors).mean(0).tolist()
    assert train == pytest.approx(1 - 21 / 100, abs=4 * 0.13 / 200**0.5)
    assert test == pytest.approx(1 + 21 / 78, abs=4 * 0.2 / 200**0.5)


@pytest.mark.parametrize("sizes", [[], [2, 2], [3, 2], [301], [0, 3]])
def test_sizes(sizes):
    X, y, *_ = linreg.ordinary()
    with pytest.raises(linreg.RangeError, match="`sizes`"):
        linreg.learning_curve(X, y, X, y, sizes=sizes)


def test_the_test_rows_have_the_same_columns():
    X, y, *_ = linreg.ordinary()
    with pytest.raises(linreg.ShapeError, match="`X_test` must have 20 columns"):
        linreg.learning_curve(X, y, X[:, :3], y, sizes=[30])
