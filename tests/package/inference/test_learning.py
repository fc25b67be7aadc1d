"""The learning curve is that of refits."""

import pytest
import torch
from problems import gen

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


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_weights(dtype, intercept):
    """Those of refits, also where fewer rows count than there are unknowns and the rows are asked."""
    X, y, *_ = linreg.ordinary(dtype=dtype)
    X_test, y_test, *_ = linreg.ordinary(1, dtype=dtype)
    c, c_test = (torch.rand(300, generator=gen(seed), dtype=dtype) for seed in (0, 1))
    c[0], c[50:60], c_test[7] = 0, 0, 0
    kept = {"weights": c, "weights_test": c_test, "intercept": intercept}
    curve = linreg.learning_curve(X, y, X_test, y_test, sizes=[5, 50, 60, 300], **kept)
    assert float(curve.train[2]) == pytest.approx(float(curve.train[1]), rel=1e-12)  # ten rows of weight 0
    for i, size in enumerate((5, 50, 60, 300)):
        fit = linreg.solve(X[:size], y[:size], weights=c[:size], intercept=intercept, dtype=F64)
        parts = (curve.train, X[:size], y[:size], c[:size]), (curve.test, X_test, y_test, c_test)
        for found, rows, targets, by in parts:
            squares = (targets.double() - fit.predict(rows.double())).square()
            expected = float(by.double() @ squares / by.double().sum())
            assert float(found[i]) == pytest.approx(expected, rel=1e-8, abs=1e-20)


def test_bad_weights():
    X, y, *_ = linreg.ordinary()
    c = torch.ones(300, dtype=F64)
    late = c.clone()
    late[:12] = 0
    with pytest.raises(linreg.DataError, match=r"first 10 rows; row 13 .* Let `sizes` begin with 13 or more"):
        linreg.learning_curve(X, y, X, y, sizes=[10, 50], weights=late)
    assert float(linreg.learning_curve(X, y, X, y, sizes=[13, 50], weights=late).train[0]) < 1e-20
    with pytest.raises(linreg.ShapeError, match="`weights_test` must have shape"):
        linreg.learning_curve(X, y, X, y, sizes=[50], weights_test=c[:5])
    with pytest.raises(linreg.DataError, match="`weights_test` must have one above 0"):
        linreg.learning_curve(X, y, X, y, sizes=[50], weights_test=0 * c)
    with pytest.raises(linreg.DataError, match="`weights_test` must be 0, or from"):
        linreg.learning_curve(X, y, X, y, sizes=[50], weights_test=-c)


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
