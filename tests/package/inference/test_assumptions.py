"""Tests of equal variance and of correlation: against statsmodels, R and hand."""

import math

import pytest
import statsmodels.api as sm
import torch
from inferences import R_X, R_Y, close, ordinary
from problems import built, gen
from statsmodels.stats.diagnostic import het_breuschpagan
from statsmodels.stats.stattools import durbin_watson as their_durbin_watson

import linreg
from linreg import breusch_pagan, durbin_watson, infer
from linreg.inference import passes

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
    """lmtest 0.9-40 in R 4.2.2: bptest, the default and studentize=FALSE, and dwtest."""
    close(breusch_pagan(R_X, R_Y)[::2], [5.5379751437431146, 0.062725477643792521], 1e-13)
    original = breusch_pagan(R_X, R_Y, studentised=False)
    close(original[::2], [7.7943294113194224, 0.020299384661002437], 1e-13)
    r = linreg.residuals(R_X, R_Y, linreg.solve(R_X, R_Y))
    close(durbin_watson(r), 2.9083114040554974, 1e-13)


def scaled_residuals(X, y, c, intercept):
    """Those of statsmodels' WLS, times the roots of the weights, and the features with a constant."""
    A = linreg.fold_bias(X) if intercept else X
    return sm.WLS(y.numpy(), A.numpy(), weights=c.numpy()).fit().wresid, linreg.fold_bias(X).numpy()


@pytest.mark.parametrize("studentised", [True, False])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("n", "d", "seed"), [(30, 2, 0), (300, 20, 1)])
def test_breusch_pagan_of_weights_is_that_of_scaled_residuals(n, d, seed, intercept, studentised):
    """statsmodels' test of them; its second regression must have a constant, as ours has."""
    X, y = ordinary(n, d, seed)
    for c in (torch.ones_like(y), torch.exp(torch.randn(n, generator=gen(seed), dtype=F64))):
        there = het_breuschpagan(*scaled_residuals(X, y, c, intercept), robust=studentised)
        here = breusch_pagan(X, y, weights=c, intercept=intercept, studentised=studentised)
        assert here.df == d
        close([here.statistic, here.p], there[:2], 1e-9)
    close(
        breusch_pagan(X, y, intercept=intercept).statistic,
        breusch_pagan(X, y, intercept=intercept, weights=torch.full_like(y, 1e-90)).statistic,
    )


def test_weights_take_out_the_variance_that_they_name():
    """Noise of variance 1 / c on 20 correlated columns: found without the weights, not with them."""
    found = {False: 0, True: 0}
    for seed in range(40):
        X, _ = ordinary(400, 20, seed)
        c = torch.exp(-0.5 * X[:, 0])
        y = X.sum(1) + torch.randn(400, generator=gen(seed + 99), dtype=F64) / c.sqrt()
        for weighted in found:
            found[weighted] += breusch_pagan(X, y, weights=c if weighted else None).p < 0.05
    assert found[False] >= 38
    assert found[True] <= 6  # 2 expected of 40; 7 or more in 1 of 300 runs


def test_a_row_of_weight_zero_is_not_tested():
    X, y = ordinary(60, 3)
    c = torch.rand(60, generator=gen(), dtype=F64) + 0.5
    more = torch.cat((X, torch.full_like(X[:1], 1e9))), torch.cat((y, y[:1])), torch.cat((c, 0 * c[:1]))
    here = breusch_pagan(more[0], more[1], weights=more[2])
    close(here.statistic, breusch_pagan(X, y, weights=c).statistic)


@pytest.mark.parametrize(("d", "kappa"), [(4, 10.0), (1, 1.0)])
def test_squares_that_are_all_equal(d, kappa):
    """0 over 0 in Koenker's version; nothing explained in the original."""
    p = built(64, d, kappa)
    signs = torch.ones(64, dtype=F64)
    signs[1::2] = -1
    X = p.X.repeat_interleave(2, 0)[:64]  # pairs of equal rows: signs are orthogonal to all columns
    for scale in (1.0, 1e-6):
        y = X @ p.w + 2 + scale * signs
        found = breusch_pagan(X, y)
        assert (found.df, math.isnan(found.statistic), math.isnan(found.p)) == (d, True, True)
        assert breusch_pagan(X, y, studentised=False) == (0.0, d, 1.0)
    z = torch.randn(32, generator=gen(), dtype=F64).repeat_interleave(2)  # once more than rounding
    r2 = infer(X, z).r2
    assert breusch_pagan(X, X @ p.w + signs * (1 + 1e-9 * z)).statistic == pytest.approx(64 * r2, rel=1e-3)


def test_without_an_intercept_a_constant_column_tells_nothing_of_the_variance():
    """It is a feature of the fit, and the constant of the second regression."""
    X, y = ordinary(80, 3)
    ones = torch.column_stack((torch.full_like(y, 7.0), X))
    here = breusch_pagan(ones, y, intercept=False)
    assert here.df == 3
    close(here.statistic, breusch_pagan(X, y).statistic, 1e-10)


def test_columns_that_float32_cannot_tell_apart_are_one_feature():
    X, y = ordinary(100, 2)
    X, y = X.float(), y.float()
    again = torch.column_stack((X, X[:, 0] / 3))
    here = breusch_pagan(again, y)
    assert here.df == 2
    close(here.statistic, breusch_pagan(X, y).statistic, 1e-5)


def test_breusch_pagan_by_hand():
    """Squared residuals 1, 4, 9, each twice, on 1, 2, 3: slope 4, explained 64 of 196 / 3 beside the mean."""
    x = torch.tensor([1.0, 1, 2, 2, 3, 3])[:, None]
    y = torch.tensor([1.0, -1, 2, -2, 3, -3])
    found = breusch_pagan(x, y)
    assert found.statistic == pytest.approx(6 * 64 / (196 / 3), rel=1e-12)
    original = breusch_pagan(x, y, studentised=False)
    assert original.statistic == pytest.approx(64 / (14 / 3) ** 2 / 2, rel=1e-12)
    assert found.p == pytest.approx(math.erfc((found.statistic / 2) ** 0.5), rel=1e-12)  # of one degree


def test_residuals_of_many_blocks(monkeypatch):
    X, y = ordinary()
    whole = breusch_pagan(X, y).statistic
    monkeypatch.setattr(passes, "BLOCK_BYTES", 1 << 12)
    close(breusch_pagan(X, y).statistic, whole)


def test_one_degree_of_freedom_is_enough():
    """Residuals 2, -3 and 1 beside the line: squares of 4, 9 and 1 on 0, 1 and 3."""
    x, r = torch.tensor([[0.0], [1.0], [3.0]]), torch.tensor([2.0, -3.0, 1.0])
    assert breusch_pagan(x, x[:, 0] + r).statistic == pytest.approx(3 * 400 / (14 * 98), rel=1e-12)


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
