"""Classes from blocks of rows: the fit of all rows at once, and sources that will not do."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from classified import drawn
from problems import gen
from separable import rows_of

import linreg
from linreg import (
    DataError,
    DtypeError,
    RangeError,
    ShapeError,
    Status,
    logistic,
    logistic_stream,
    softmax,
    softmax_stream,
)

F64 = torch.float64


def cut(*parts, at=(7, 150)):
    edges = [0, *at, len(parts[0])]
    return [tuple(part[a:b] for part in parts) for a, b in pairwise(edges)]


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("settings", [{}, {"intercept": False}, {"standardise": True}])
def test_it_is_the_fit_of_all_rows(alpha, weighted, settings):
    X, y = drawn(d=6)
    c = torch.randint(0, 3, (300,), generator=gen()).to(F64)
    parts = (X, y, c) if weighted else (X, y)
    nothing = [(X, y, 0 * c)] if weighted else []  # a block of which no row counts
    fit = logistic_stream([*cut(*parts), *nothing], alpha=alpha, **settings)
    whole = logistic(X, y, alpha=alpha, weights=c if weighted else None, **settings)
    assert fit.status == Status.OK
    assert (fit.method, fit.alpha) == ("logistic", alpha)
    torch.testing.assert_close(fit.w, whole.w, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(fit.b, whole.b, rtol=1e-10, atol=1e-12)
    assert float(fit.loss) == pytest.approx(float(whole.loss), rel=1e-12)


@pytest.mark.parametrize("classes", [None, 3])
def test_softmax(classes):
    X, y = drawn(classes=3, d=4)
    order = y.argsort()  # blocks that lack a class
    fit = softmax_stream(cut(X[order], y[order]), classes=classes, alpha=0.01)
    torch.testing.assert_close(fit.w, softmax(X, y, alpha=0.01).w, rtol=1e-10, atol=1e-12)
    single = softmax_stream(cut(X[order].flip(0), y[order].flip(0), at=(1, 2)), alpha=0.01)
    torch.testing.assert_close(single.w, fit.w, rtol=1e-10, atol=1e-12)  # one row, of class 2, first
    with pytest.raises(DataError, match=r"none of class 3"):
        softmax_stream(cut(X, y), classes=4)


def test_files(tmp_path):
    X, y = drawn(d=5)
    np.save(tmp_path / "rows.npy", torch.column_stack((X, y)).numpy())
    fit = logistic_stream(linreg.blocks(str(tmp_path / "rows.npy"), target=-1, rows=64))
    torch.testing.assert_close(fit.w, logistic(X, y).w, rtol=1e-10, atol=1e-12)
    assert fit.w.dtype == F64


@pytest.mark.parametrize("kind", ["separable", "quasi", "dummy", "nearly"])
@pytest.mark.parametrize("seed", range(5))
def test_separated_classes(kind, seed):
    X, y = rows_of(kind, seed)
    fit, whole = logistic_stream(cut(X, y, at=(3, 5))), logistic(X, y)
    assert fit.status == whole.status
    if whole.separation is not None:
        assert fit.separation.complete is whole.separation.complete
        assert fit.separation.undecided == whole.separation.undecided


def test_dependent_columns_and_units():
    X, y = drawn(d=3)
    Z = torch.column_stack((X, X[:, 0] + X[:, 1]))
    fit = logistic_stream(cut(Z, y))
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 3)
    torch.testing.assert_close(fit.w, logistic(Z, y).w, rtol=1e-8, atol=1e-10)
    tiny = logistic_stream(cut(X * 1e-200, y))
    torch.testing.assert_close(tiny.w * 1e-200, logistic(X, y).w, rtol=1e-9, atol=1e-11)
    single = logistic_stream(cut(X.float(), y.float()))
    torch.testing.assert_close(single.w, logistic(X.float(), y.float(), dtype=F64).w, rtol=1e-9, atol=1e-11)


def test_columns_of_zeros_and_no_intercept():
    X, y = drawn(classes=3, d=2)
    fit = softmax_stream(cut(0 * X, y), intercept=False)
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 0)
    assert not fit.w.any()
    assert float(fit.loss) == pytest.approx(np.log(3))


class Shrinking:
    """A source that is not the same the second time."""

    def __init__(self, parts):
        self.parts, self.times = parts, 0

    def __iter__(self):
        self.times += 1
        return iter(self.parts if self.times == 1 else self.parts[:-1])


def test_sources_that_will_not_do():
    X, y = drawn(d=2)
    parts = cut(X, y)
    with pytest.raises(
        DtypeError, match="gone through again, since each step is a pass; got generator, used up"
    ):
        logistic_stream(part for part in parts)
    with pytest.raises(
        DtypeError, match=r"`rows` must give blocks \(X, y\), one after the other; got Tensor"
    ):
        logistic_stream(X)
    with pytest.raises(DtypeError, match="got int"):
        softmax_stream(3)
    for block, kind in ((X, "Tensor"), (X[:2], "Tensor"), ((X, y, y, y), "tuple"), ((X,), "tuple")):
        with pytest.raises(ShapeError, match=rf"\(X, y\) or \(X, y, weights\) each time; got {kind}"):
            logistic_stream([block])
    with pytest.raises(ShapeError):
        logistic_stream([(X, y), (X[:, :1], y)])
    with pytest.raises(
        DataError, match=r"the first pass had 300, a later one 150\. Let its __iter__ start over"
    ):
        logistic_stream(Shrinking(parts))
    for empty in ([], [(X, y, 0 * y)]):
        with pytest.raises(DataError, match="`rows` must have a row that counts; it has none"):
            logistic_stream(empty)
    with pytest.raises(DataError, match="all are of class 0"):
        logistic_stream([(X, 0 * y)])
    with pytest.raises(RangeError, match="`alpha`"):
        logistic_stream(parts, alpha=-1.0)
    with pytest.raises(RangeError, match="`classes`"):
        softmax_stream(parts, classes=1)


def test_an_error_names_the_block():
    X, y = drawn(d=2)
    far = y.clone()
    far[200] = torch.nan
    with pytest.raises(DataError, match="`y` must be finite") as caught:
        logistic_stream(cut(X, far))
    assert caught.value.__notes__ == ["In block 2 of `rows`, counted from 0."]
    with pytest.raises(DataError, match="got 2 at index 50") as caught:
        logistic_stream(cut(X, torch.where(far.isnan(), 2.0, y)))
    assert caught.value.__notes__ == ["In block 2 of `rows`, counted from 0."]
    with pytest.raises(DataError, match="must have a row of each class; got 300 rows for 1000001 classes"):
        softmax_stream(cut(X, torch.where(far.isnan(), 1e6, y)))
    bad = X.clone()
    bad[200, 1] = torch.inf
    with pytest.raises(DataError, match="`X` must be finite"):
        logistic_stream(cut(bad, y))


def test_a_row_that_does_not_count_is_checked_as_any_other():
    X, y = drawn(0)
    c = torch.ones_like(y)
    c[7] = 0
    bad = X.clone()
    bad[7, 1] = float("nan")
    for fit in (logistic, lambda *rows, weights: logistic_stream([(*rows, weights)])):
        assert fit(X, y, weights=c).status is Status.OK
        with pytest.raises(DataError, match="`X` must be finite"):
            fit(bad, y, weights=c)
