"""Tests of equal variance and of correlation, and condition indices: against statsmodels, R and hand."""

import math

import pytest
import torch
from inferences import R_X, R_Y, close, ordinary
from problems import gen
from statsmodels.stats.diagnostic import het_breuschpagan
from statsmodels.stats.stattools import durbin_watson as their_durbin_watson

import linreg
from linreg import breusch_pagan, condition_indices, durbin_watson

F64 = torch.float64


@pytest.mark.parametrize("studentised", [True, False])
@pytest.mark.parametrize(("n", "d", "seed"), [(30, 2, 0), (300, 20, 1), (300, 20, 2)])
def test_breusch_pagan_of_statsmodels(n, d, seed, studentised):
    X, y = ordinary(n, d, seed)
    r = linreg.residuals(X, y, linreg.solve(X, y))
    there = het_breuschpagan(r.numpy(), linreg.fold_bias(X).numpy(), robust=studentised)
    here = breusch_pagan(X, y, studentised=studentised)
    assert here.df == d
    close([here.statistic, here.p], there[:2], 1e-9)


def test_what_r_says():
    """lmtest 0.9-40 in R 4.2.2: bptest, the default and studentize=FALSE, and dwtest; and R's svd."""
    close(breusch_pagan(R_X, R_Y)[::2], [5.5379751437431146, 0.062725477643792521], 1e-13)
    original = breusch_pagan(R_X, R_Y, studentised=False)
    close(original[::2], [7.7943294113194224, 0.020299384661002437], 1e-13)
    r = linreg.residuals(R_X, R_Y, linreg.solve(R_X, R_Y))
    close(durbin_watson(r), 2.9083114040554974, 1e-13)
    close(condition_indices(R_X).indices, [1, 3.5480089205062124, 5.1056395216302644], 1e-13)


def test_breusch_pagan_by_hand():
    """Squared residuals 1, 4, 9, each twice, on 1, 2, 3: slope 4, explained 64 of 196 / 3 beside the mean."""
    x = torch.tensor([1.0, 1, 2, 2, 3, 3])[:, None]
    y = torch.tensor([1.0, -1, 2, -2, 3, -3])
    found = breusch_pagan(x, y)
    assert found.statistic == pytest.approx(6 * 64 / (196 / 3), rel=1e-12)
    original = breusch_pagan(x, y, studentised=False)
    assert original.statistic == pytest.approx(64 / (14 / 3) ** 2 / 2, rel=1e-12)
    assert found.p == pytest.approx(math.erfc((found.statistic / 2) ** 0.5), rel=1e-12)  # of one degree


def test_breusch_pagan_needs_residuals_and_features():
    x = torch.arange(6.0)[:, None]
    for X, y, df in (
        (x, 2 * x[:, 0], 1),
        (torch.ones(6, 1), torch.randn(6, generator=gen()), 0),
        (x[:2], x[:2, 0], 1),
    ):
        found = breusch_pagan(X, y)
        assert found.df == df
        assert math.isnan(found.statistic)
        assert math.isnan(found.p)


def test_breusch_pagan_of_dependent_columns():
    X, y = ordinary(60, 2)
    twice = breusch_pagan(torch.hstack((X, X)), y)
    assert twice.df == 2
    close(twice.statistic, breusch_pagan(X, y).statistic, 1e-10)


@pytest.mark.parametrize("seed", [0, 1])
def test_durbin_watson(seed):
    r = torch.randn(50, generator=gen(seed), dtype=F64)
    assert durbin_watson(r) == pytest.approx(float(their_durbin_watson(r.numpy())), rel=1e-13)
    assert durbin_watson(r * 1e200) == pytest.approx(durbin_watson(r), rel=1e-13)
    assert durbin_watson(r.float()) == pytest.approx(durbin_watson(r.float().double()), rel=1e-13)
    assert durbin_watson(torch.ones(9)) == 0
    assert durbin_watson(torch.tensor([2.0, -2.0])) == 2


@pytest.mark.parametrize(
    ("r", "kind", "words"),
    [
        (torch.ones(1), linreg.ShapeError, r"`r` must have shape \(n,\) with n of 2 or more; got \(1,\)"),
        (torch.ones(3, 1), linreg.ShapeError, r"got \(3, 1\)"),
        (torch.zeros(3), linreg.DataError, "`r` must have an entry other than 0; all 3 are 0"),
        (torch.tensor([1.0, math.nan]), linreg.DataError, "`r` must be finite"),
        ([1.0, 2.0], linreg.DtypeError, r"`r` must be a torch.Tensor"),
    ],
)
def test_durbin_watson_refuses(r, kind, words):
    with pytest.raises(kind, match=words):
        durbin_watson(r)


@pytest.mark.parametrize("intercept", [False, True])
def test_condition_indices_of_singular_values(intercept):
    X, _ = ordinary(40, 3)
    A = linreg.fold_bias(X) if intercept else X
    A = A / A.norm(dim=0)
    s = torch.linalg.svdvals(A)
    found = condition_indices(X, intercept=intercept)
    close(found.indices, s[0] / s, 1e-12)
    close(found.shares.sum(0), torch.ones(len(s)), 1e-13)
    close(
        condition_indices(X * torch.tensor([1e-200, 1.0, 1e200], dtype=F64), intercept=intercept).indices,
        s[0] / s,
        1e-12,
    )
    variances = torch.linalg.inv(A.T @ A).diagonal()
    V = torch.linalg.eigh(A.T @ A).eigenvectors.flip(1)
    close(found.shares[-1], (V[:, -1] / s[-1]).square() / variances, 1e-10)


def test_condition_indices_name_the_columns():
    """Two that nearly coincide: their shares of the largest index, and no other, are near 1."""
    x, z, e = torch.randn(3, 50, generator=gen(), dtype=F64)
    found = condition_indices(torch.stack((x, z, x + 1e-3 * e), 1))
    assert float(found.indices[-1]) > 1000
    assert (found.shares[-1] > 0.5).tolist() == [False, True, False, True]


def test_condition_indices_of_dependent_columns():
    found = condition_indices(torch.column_stack((R_X, torch.zeros(12, dtype=F64))))
    assert found.indices[-1] == math.inf
    assert found.indices[:-1].isfinite().all()
    few = condition_indices(R_X[:2])
    assert len(few.indices) == 3
    assert float(few.indices[-1]) > 1e15
    assert R_Y.isfinite().all()
