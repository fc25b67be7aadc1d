"""Separated classes: found, certified by the rows, and only where a linear program agrees."""

import warnings

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from classified import drawn
from separable import completely, rows_of, separated
from sklearn.linear_model import LogisticRegression

import linreg
from linreg import Status, logistic, softmax
from linreg.generalised.classes.likelihood import Likelihood, Table
from linreg.generalised.classes.log_loss import Binary
from linreg.generalised.classes.newton import Objective
from linreg.inference.fitted import fitted

F64 = torch.float64


def gaps_of(X, y, found):
    """By how much the score of the class of each row is above each other one, along the direction."""
    scores = X @ found.w + found.b
    if scores.ndim == 1:
        return ((2 * y - 1) * scores).unsqueeze(1)
    own = y.long().unsqueeze(1)
    return (scores.gather(1, own) - scores).scatter(1, own, torch.inf)


def certified(X, y, found):
    """Whether the direction is one: by the rows themselves, to rounding."""
    gaps = gaps_of(X, y, found)
    rounding = 1e-12 * (1 + X.abs() @ found.w.abs() + found.b.abs())
    rounding = rounding.unsqueeze(1) if rounding.ndim == 1 else rounding.max(1, keepdim=True).values
    on = gaps.abs() <= rounding
    assert bool((on | (gaps > 0)).all())
    assert found.undecided == int(on.any(1).sum())
    assert found.complete is (found.undecided == 0)
    assert float(gaps.where(~on, torch.inf).min()) == pytest.approx(1, rel=1e-6)
    return True


@pytest.mark.parametrize("kind", ["separable", "quasi", "dummy", "nearly", "overlapping"])
@pytest.mark.parametrize("seed", range(50))  # of the first four kinds 200 sets
def test_the_status_is_that_of_a_linear_program(kind, seed):
    X, y = rows_of(kind, seed)
    fit = logistic(X, y)
    if separated(X, y):
        assert fit.status == Status.SEPARATED
        assert bool(fit.w.isnan().all() and fit.b.isnan() and fit.loss.isnan())
        assert certified(X, y, fit.separation)
        assert fit.separation.complete is completely(X, y)
        assert fit.steps <= 13  # what is left on the boundary is found to be all; else it takes some 30
    else:
        assert kind in ("nearly", "overlapping")
        assert fit.status == Status.OK
        assert fit.separation is None


def test_the_sets_are_of_all_kinds():
    """Else the test above would say little."""
    found = {
        kind: [separated(*rows_of(kind, seed)) for seed in range(50)] for kind in ("nearly", "overlapping")
    }
    assert not any(found["nearly"])
    assert 0 < sum(found["overlapping"]) < 5
    quasi = [completely(*rows_of("quasi", seed)) for seed in range(50)]
    assert 10 < sum(quasi) < 40


@pytest.mark.parametrize("depth", [1e-1, 1e-4, 1e-7, 1e-10])
def test_nearly_separated_rows_have_an_answer(depth):
    """One row of class 0 lies within those of class 1 by so much: the weight grows with its logarithm."""
    X = torch.tensor([[-2.0], [-1.0], [depth], [0.0], [1.0], [2.0]], dtype=F64)
    y = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], dtype=F64)
    fit = logistic(X, y)
    assert fit.status == Status.OK
    r = fit.probabilities(X) - y
    assert float(torch.cat((X.T @ r, r.sum().reshape(1))).abs().max()) < 1e-14
    y[2:4] = torch.tensor([1.0, 0.0], dtype=F64)
    assert logistic(X, y).status == Status.SEPARATED


@pytest.mark.parametrize("size", [1e-3, 1e-6])
def test_rows_on_the_boundary_may_be_short(size):
    X, y = rows_of("quasi", 7)
    whole = logistic(X, y, intercept=False).separation
    assert whole.undecided > X.shape[1]
    on = (X @ whole.w).abs() < 1e-9
    short = X * torch.where(on, size, 1.0).to(F64).unsqueeze(1)
    found = logistic(short, y, intercept=False).separation
    assert certified(short, y, found)
    assert found.undecided == whole.undecided


def test_the_direction_is_that_of_the_dummy():
    """A column that only rows of class 1 have: its weight alone goes to infinity."""
    X, y = drawn(d=5)
    only = y * (torch.arange(300) % 3 == 0)
    found = logistic(torch.column_stack((X, only)), y).separation
    torch.testing.assert_close(found.w, torch.tensor([0.0, 0, 0, 0, 0, 1], dtype=F64), rtol=0, atol=1e-13)
    assert abs(float(found.b)) < 1e-13
    assert not found.complete
    assert found.undecided == int((only == 0).sum())


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("K", [3, 5])
def test_classes_of_softmax(seed, K):
    X, y = drawn(seed, classes=K, d=4)
    assert softmax(X, y).status == Status.OK
    last = (y == K - 1) & (torch.arange(300) % 2 == 0)
    D = torch.column_stack((X, last.to(F64)))
    quasi = softmax(D, y)
    assert quasi.status == Status.SEPARATED
    assert quasi.steps <= 8
    assert certified(D, y, quasi.separation)
    assert quasi.separation.undecided == int((~last).sum())
    assert float(quasi.separation.w.sum(1).abs().max()) < 1e-12
    W = torch.randn(4, K, generator=torch.Generator().manual_seed(seed), dtype=F64)
    t = torch.unique((X @ W).argmax(1), return_inverse=True)[1].to(F64)
    parted = softmax(X, t)
    assert parted.status == Status.SEPARATED
    assert parted.separation.complete
    assert certified(X, t, parted.separation)


@pytest.mark.parametrize("seed", range(10))
def test_two_classes_of_softmax_are_those_of_logistic(seed):
    for kind in ("separable", "quasi", "nearly", "dummy"):
        X, y = rows_of(kind, seed)
        two, one = softmax(X, y), logistic(X, y)
        assert two.status == one.status
        if one.separation is not None:
            assert two.separation.complete is one.separation.complete
            assert two.separation.undecided == one.separation.undecided


def test_one_class_apart_from_two_that_overlap():
    X, y = drawn(d=3)
    apart = torch.full((20, 3), 30.0, dtype=F64) + X[:20]
    Z, t = torch.cat((X, apart)), torch.cat((y, torch.full((20,), 2.0, dtype=F64)))
    fit = softmax(Z, t)
    assert fit.status == Status.SEPARATED
    assert certified(Z, t, fit.separation)
    assert fit.separation.undecided == 300  # the two others against each other
    assert "and the other 300 on its boundary" in fit.message


class Shared:
    """One rank that takes part alone, and looks at what its passes set out from."""

    def __init__(self):
        self.known, self.passes = [], 0

    def shared(self, values):
        self.known.append(values.clone())
        return self.known[-1]

    def over(self, own, at):
        assert all(any(values is known for known in self.known) for values in at)
        self.passes += 1
        return own()[0]


@pytest.mark.parametrize("kind", ["separable", "quasi", "dummy"])
def test_passes_set_out_from_what_all_ranks_share(kind):
    """Or processors of two kinds would go two ways."""
    X, y = rows_of(kind, 5)
    table, design = Table(X, y, None), fitted(X, y, intercept=True).design
    ranks = Shared()
    newton = Objective(Likelihood(Binary(), design, lambda: (table,), ranks), None)
    end = newton.minimised(torch.zeros(design.unknowns, 1, dtype=F64), 50)
    assert end.direction is not None
    assert ranks.passes > end.steps + 1


def test_units_and_shifts_do_not_matter():
    for kind in ("separable", "quasi", "dummy"):
        for seed in range(5):
            X, y = rows_of(kind, seed)
            by = 10.0 ** torch.arange(-4.0, X.shape[1] - 4, dtype=F64)
            fit = logistic(X * by, y)
            assert fit.status == Status.SEPARATED
            assert fit.separation.complete is logistic(X, y).separation.complete
            assert logistic(X * 2.0**-600, y).status == Status.SEPARATED


def test_dependent_columns_are_separated_too():
    X, y = rows_of("quasi", 1)
    Z = torch.column_stack((X, X[:, 0] + X[:, -1]))
    fit = logistic(Z, y)
    assert fit.status == Status.SEPARATED
    assert certified(Z, y, fit.separation)


def test_weights_of_rows_do_not_decide():
    X, y = rows_of("quasi", 3)
    c = torch.rand(len(y), generator=torch.Generator().manual_seed(0), dtype=F64).pow(8)
    assert logistic(X, y, weights=c).status == Status.SEPARATED
    assert logistic(X, y, class_weights=[1.0, 1e6]).status == Status.SEPARATED


def test_rows_that_do_not_count_do_not_decide():
    X, y = rows_of("separable", 0)
    Z, t = torch.cat((X, X)), torch.cat((y, 1 - y))  # each row in both classes
    c = (torch.arange(len(t)) < len(y)).to(F64)
    assert logistic(Z, t).status == Status.OK
    found = logistic(Z, t, weights=c)
    assert found.status == Status.SEPARATED
    assert f"{len(y)} rows lie on the side" in found.message
    assert softmax(Z, t, weights=c).status == Status.SEPARATED


def test_a_penalty_has_an_answer():
    for kind in ("separable", "quasi", "dummy"):
        X, y = rows_of(kind, 2)
        assert logistic(X, y, alpha=1e-4).status == Status.OK
        assert logistic(X, y, alpha=1e-8).status == Status.OK


def test_what_it_says():
    X = torch.arange(6, dtype=F64).unsqueeze(1)
    y = (X[:, 0] > 2).to(F64)
    fit = logistic(X, y)
    assert fit.message == (
        "A direction separates the classes completely: 6 rows lie on the side of their class. The loss falls "
        "along it for ever, so no weights are the best; `separation` holds it. Give a penalty, such as "
        "`alpha=1e-4`, or leave out what tells a class by itself."
    )
    assert repr(fit.separation) == "Separation(complete=True, undecided=0)"
    assert "status='separated'" in repr(fit)
    single = logistic(X, y, dtype=torch.float32)
    assert single.separation.w.dtype == single.w.dtype == torch.float32
    more = softmax(X, y, dtype=torch.float32)
    assert more.separation.w.dtype == more.separation.b.dtype == more.w.dtype == torch.float32


def test_peers_say_that_they_have_converged():
    """Why a status is needed: of these, one of four warns, and none says what is wrong."""
    X, y = rows_of("dummy", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        peer = LogisticRegression(C=np.inf, max_iter=1000).fit(X.numpy(), y.numpy())
    assert peer.n_iter_[0] < 1000
    result = sm.Logit(y.numpy(), sm.add_constant(X.numpy())).fit(disp=0, method="bfgs", maxiter=1000)
    assert result.mle_retvals["converged"]
    assert linreg.logistic(X, y).status == Status.SEPARATED
