"""Targets that are classes, or not, and what a class counts for: every message, and its cure."""

import re
import subprocess
import sys

import pytest
import torch
from problems import gen

import linreg
from linreg import DataError, DtypeError, RangeError, ShapeError, logistic, softmax
from linreg.generalised.classes import targets
from linreg.generalised.classes.targets import check_classes

F64 = torch.float64
X = torch.randn(30, 2, generator=gen(), dtype=F64)
Y = (torch.arange(30) % 2).to(F64)
Y3 = (torch.arange(30) % 3).to(F64)
ONE = torch.ones(30, dtype=F64)


def at(y, i, value):
    y = y.clone()
    y[i] = value
    return y


NOT_TWO = {
    "signs": (
        2 * Y - 1,
        "`y` must be 0 or 1, the class of each row; got -1 at index 0. Pass (y > 0).to(X.dtype).",
    ),
    "one and two": (Y + 1, "got 2 at index 1. Pass (y > 1).to(X.dtype)."),
    "three": (Y3, "got 2 at index 2. `softmax` takes more classes."),
    "a half": (at(Y, 4, 0.5), "got 0.5 at index 4. Pass (y > 0).to(X.dtype)."),
    "none of 1": (0 * Y, "`y` must have rows of two classes or more that count; all are of class 0."),
    "none of 0": (ONE, "all are of class 1. Check the filter, or the weights, that left the others out."),
    "nan": (at(Y, 3, torch.nan), "`y` must be finite"),
}
NOT_MORE = {
    "a half": (at(Y3, 4, 0.5), "`y` must hold classes, whole numbers from 0 on; got 0.5 at index 4. Number"),
    "below 0": (at(Y3, 4, -1.0), "got -1 at index 4."),
    "a gap": (2 * Y, "`y` must have rows of each of 3 classes that count; there are none of class 1."),
    "one": (0 * Y, "all are of class 0."),
    "far too large": (at(Y3, 4, 1e9), "must have a row of each class; got 30 rows for 1000000001 classes."),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_TWO)
def test_no_two_classes(case):
    y, words = NOT_TWO[case]
    with pytest.raises(DataError, match=re.escape(words)):
        logistic(X, y)


@pytest.mark.parametrize("case", NOT_MORE)
def test_no_classes(case):
    y, words = NOT_MORE[case]
    with pytest.raises(DataError, match=re.escape(words)):
        softmax(X, y)


def test_the_cures_work():
    whole = logistic(X, Y, alpha=0.1)
    for y in (2 * Y - 1, 7 * Y - 3):
        assert torch.equal(logistic(X, (y > 0).to(X.dtype), alpha=0.1).w, whole.w)
    assert torch.equal(logistic(X, (Y + 1 > 1).to(X.dtype), alpha=0.1).w, whole.w)
    numbered = torch.unique(5.5 * Y3 - 3, return_inverse=True)[1].to(X.dtype)
    assert torch.equal(softmax(X, numbered, alpha=0.1).w, softmax(X, Y3, alpha=0.1).w)


def test_the_number_of_classes():
    for number in (1, 0, -3):
        with pytest.raises(
            RangeError, match=f"`classes` must be an integer of 2 or more; got {number}. Raise it"
        ):
            softmax(X, Y, classes=number)
    with pytest.raises(DtypeError, match=r"`classes` must be an integer of 2 or more; got 2\.0"):
        softmax(X, Y, classes=2.0)
    words = r"`y` must be below 3, the number of `classes`; its largest is 4. Give 5 of them, or leave"
    with pytest.raises(DataError, match=words):
        softmax(X, (torch.arange(30) % 5).to(F64), classes=3)
    with pytest.raises(DataError, match=r"none of class 3\."):
        softmax(X, Y3, classes=4)
    assert softmax(X, Y, classes=2, alpha=0.1).w.shape == (2, 2)
    assert softmax(X, Y3, classes=3, alpha=0.1).w.shape == (2, 3)
    assert torch.equal(softmax(X, Y3, classes=3, alpha=0.1).w, softmax(X, Y3, alpha=0.1).w)


@pytest.mark.parametrize("call", [logistic, softmax])
def test_alpha(call):
    for value in (-1.0, -1e-300, torch.nan, torch.inf):
        with pytest.raises(RangeError, match="`alpha` must be a finite number, 0 or above"):
            call(X, Y, alpha=value)
    with pytest.raises(DtypeError, match="`alpha` must be"):
        call(X, Y, alpha="0.1")


@pytest.mark.parametrize("call", [logistic, softmax])
def test_class_weights_that_are_none(call):
    rule = re.escape(
        "`class_weights` must be 2 finite numbers above 0, one for each class, or 'balanced'; got "
    )
    for given in (3.0, {0: 1.0, 1: 2.0}, ["a", "b"], [1.0, "b"]):
        with pytest.raises(DtypeError, match=rule + ".* Pass a list of them"):
            call(X, Y, class_weights=given)
    with pytest.raises(ShapeError, match=rule + "3. Give 1 to those that stay"):
        call(X, Y, class_weights=[1.0, 2.0, 3.0])
    for value in (0.0, -1.0, torch.nan, torch.inf):
        with pytest.raises(RangeError, match=rule + ".* Leave rows out by `weights` of 0"):
            call(X, Y, class_weights=[1.0, value])
    with pytest.raises(RangeError, match="`class_weights` must be 'balanced' or 2 numbers; got 'even'"):
        call(X, Y, class_weights="even")


def test_a_class_whose_rows_do_not_count():
    with pytest.raises(DataError, match=r"all are of class 0\. Check the filter, or the weights"):
        logistic(X, Y, weights=1 - Y)
    with pytest.raises(DataError, match="none of class 1"):
        softmax(X, Y3, weights=(Y3 != 1).to(F64))


def test_rows_that_do_not_count_are_left_out():
    c = (torch.arange(30) % 5 != 0) * torch.rand(30, generator=gen(), dtype=F64)
    rows = check_classes(X, Y, 2, c)
    assert torch.equal(rows.table.X, X[c > 0])
    assert torch.equal(rows.table.t, Y[c > 0])
    torch.testing.assert_close(rows.table.C * rows.times, c[c > 0])
    with pytest.raises(DataError, match=r"`X` must be finite.*the first is inf at index \(5, 1\)"):
        check_classes(at(X, (5, 1), torch.inf), Y, 2, c)  # which counts as little


def test_what_is_found(monkeypatch):
    monkeypatch.setattr(targets, "RUN", 7)  # by parts
    c = torch.rand(30, generator=gen(), dtype=F64)
    rows = check_classes(X, Y3, None, c)
    held = torch.stack([c[Y3.eq(k)].sum() for k in range(3)])
    torch.testing.assert_close(rows.share, held / c.sum())
    assert 0.5 <= float(rows.table.C.max()) <= 1
    assert rows.total == pytest.approx(float(rows.table.C.sum()))
    balanced = check_classes(X, Y3, None, c, "balanced")
    torch.testing.assert_close(balanced.share, torch.full((3,), 1 / 3, dtype=F64))
    with pytest.raises(DataError, match=r"got 0\.5 at index 23"):
        check_classes(X, at(Y3, 23, 0.5), None)
    plain = check_classes(X, Y, 2)
    assert (plain.total, plain.times, plain.table.C) == (30, 1, None)
    assert linreg.Status.SEPARATED == "separated"


MEMORY = """
import resource, torch
from linreg.generalised.classes.targets import check_classes
y = torch.empty(4_000_000).bernoulli_(0.5)
X = y.unsqueeze(1)
check_classes(X[:5000], y[:5000], 2)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
check_classes(X, y, 2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_looking_at_targets_takes_no_memory_that_grows_with_them():
    """Sums of each run, kept apart, leave holes of a run's size before each, at worst as large as them."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1000
