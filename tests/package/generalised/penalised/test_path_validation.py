"""Cross-validated paths: refits, peers, the rule of one standard error, folds of every kind."""

import re

import numpy as np
import pytest
import torch
from problems import gen
from sklearn.linear_model import LassoCV
from sklearn.model_selection import KFold

import linreg
from linreg import Statistics, Status, cross_validate_path, cross_validate_path_statistics

F64 = torch.float64
X, y, _, _ = linreg.ordinary(dtype=F64)
WIDE = torch.randn(24, 60, generator=gen(), dtype=F64)
TARGET = WIDE[:, :3].sum(1) + 0.3 * torch.randn(24, generator=gen(1), dtype=F64)


def refitted(A, t, folds, alphas, ratio, c=None, **how):
    """The errors of each fold, from a fit for each penalty and fold."""
    numbers = torch.arange(len(A)) * folds // len(A) if isinstance(folds, int) else folds
    found = []
    for number in numbers.unique():
        kept = numbers != number
        row = []
        for alpha in alphas:
            weights = None if c is None else c[kept]
            if ratio == 0:
                fit = linreg.ridge(A[kept], t[kept], alpha=alpha, weights=weights, **how)
            else:
                fit = linreg.elastic_net(
                    A[kept], t[kept], alpha=alpha, l1_ratio=ratio, weights=weights, **how
                )
            r = t[~kept] - fit.predict(A[~kept])
            share = torch.ones_like(r) if c is None else c[~kept]
            row.append(float(share @ r.square() / share.sum()))
        found.append(row)
    return torch.tensor(found, dtype=F64)


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("data", ["ordinary", "wide"])
def test_refits(data, weighted, ratio):
    A, t = (X, y) if data == "ordinary" else (WIDE, TARGET)
    c = 0.2 + torch.rand(len(A), generator=gen(2), dtype=F64) if weighted else None
    alphas = [1.0, 0.1, 0.02]
    for how in ({}, {"standardise": True}, {"intercept": False}):
        found = cross_validate_path(A, t, alphas=alphas, l1_ratio=ratio, folds=4, weights=c, **how)
        assert found.status == Status.OK
        torch.testing.assert_close(
            found.mse, refitted(A, t, 4, alphas, ratio, c, **how), rtol=1e-9, atol=1e-12
        )
        assert found.path.alpha.tolist() == alphas
        assert found.path.left_out is None  # folds say how far to trust it: no row is left out besides
        share = found.weight / found.weight.sum()
        torch.testing.assert_close(found.mean, share @ found.mse)
    total = 4.0 if c is None else float(c.sum())
    assert float(found.weight.sum()) == pytest.approx(len(A) if c is None else total)


def test_numbered_and_shuffled_folds():
    numbers = torch.arange(300) % 3
    found = cross_validate_path(X, y, alphas=[0.1], folds=numbers)
    torch.testing.assert_close(found.mse, refitted(X, y, numbers, [0.1], 1.0), rtol=1e-10, atol=0)
    first = cross_validate_path(X, y, alphas=[0.1], folds=5, generator=gen(4))
    again = cross_validate_path(X, y, alphas=[0.1], folds=5, generator=gen(4))
    assert torch.equal(first.mse, again.mse)
    order = torch.randperm(300, generator=gen(4))
    plain = cross_validate_path(X[order], y[order], alphas=[0.1], folds=5)
    torch.testing.assert_close(first.mse, plain.mse, rtol=1e-10, atol=0)


def test_lasso_cv_of_scikit_learn():
    peer = LassoCV(alphas=50, cv=KFold(5), tol=1e-12, max_iter=10**6).fit(X.numpy(), y.numpy())
    found = cross_validate_path(X, y, alphas=peer.alphas_.tolist(), folds=5)
    np.testing.assert_allclose(found.mse.T, peer.mse_path_, rtol=1e-9)
    assert found.fit.alpha == pytest.approx(peer.alpha_)
    np.testing.assert_allclose(found.fit.w, peer.coef_, atol=1e-10)


def test_the_rule_of_one_standard_error():
    found = cross_validate_path(X, y, generator=gen())
    mean, se, best = found.mean, found.se, found.best
    assert float(mean[best]) == float(mean.min())
    torch.testing.assert_close(se, found.mse.std(0) / 10**0.5)
    assert found.one_se < best
    limit = float(mean[best] + se[best])
    assert float(mean[found.one_se]) <= limit < float(mean[found.one_se - 1])
    assert torch.equal(found.fit.w, found.path.w[best])
    assert re.match(r"PathValidation\(10 folds of 100 fits, best alpha=[\d.]+, within one se", repr(found))


def test_sums_of_each_fold():
    parts = [Statistics.of(X[f * 60 : f * 60 + 60], y[f * 60 : f * 60 + 60]) for f in range(5)]
    for ratio in (1.0, 0.5, 0.0):
        here = cross_validate_path_statistics(parts, alphas=[1.0, 0.1], l1_ratio=ratio)
        there = cross_validate_path(X, y, alphas=[1.0, 0.1], folds=5, l1_ratio=ratio)
        torch.testing.assert_close(here.mse, there.mse, rtol=1e-12, atol=0)
        torch.testing.assert_close(here.path.w, there.path.w, rtol=0, atol=1e-12)


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.0])
def test_unpenalised_columns(ratio):
    found = cross_validate_path(X, y, alphas=[0.5], folds=3, l1_ratio=ratio, unpenalised=[2])
    expected = refitted(X, y, 3, [0.5], ratio, unpenalised=[2])
    torch.testing.assert_close(found.mse, expected, rtol=1e-10, atol=0)


def test_a_doubtful_path_is_told():
    found = cross_validate_path(torch.column_stack((X, X[:, 0])), y, alphas=[0.1])
    assert found.status == Status.RANK_DEFICIENT
    assert found.message.startswith("10 folds, each predicted by the paths of the others.")


def test_a_doubtful_path_of_a_fold_is_told():
    """The last column is a twin of the first but for the rows of one fold."""
    twin = X[:, 0].clone()
    twin[:30] += torch.randn(30, generator=gen(5), dtype=F64)
    found = cross_validate_path(torch.column_stack((X, twin)), y, alphas=[0.1])
    assert (found.path.status, found.status) == (Status.OK, Status.RANK_DEFICIENT)
    said = f"10 folds, each predicted by the paths of the others. {found.path.message} Without a fold: Lasso"
    assert found.message.startswith(said)
    plain = cross_validate_path(X, y, alphas=[0.1])
    assert plain.message == f"10 folds, each predicted by the paths of the others. {plain.path.message}"


def test_a_bad_entry_is_named_by_its_row():
    """Of all rows, not of those of its fold."""
    for name in ("X", "y"):
        A, t = X.clone(), y.clone()
        (A[250] if name == "X" else t[250:])[0] = torch.nan
        with pytest.raises(linreg.DataError, match=f"`{name}`.*250"):
            cross_validate_path(A, t, alphas=[0.1])


def test_what_is_refused():
    with pytest.raises(linreg.RangeError, match="`folds` must be at most"):
        cross_validate_path(X[:5], y[:5], folds=6)
    c = torch.ones_like(y)
    c[:30] = 0
    with pytest.raises(linreg.DataError, match="one above 0 in each fold"):
        cross_validate_path(X, y, weights=c)
    c = torch.ones(24, dtype=F64)
    c[:6] = 0
    with pytest.raises(linreg.DataError, match="one above 0 in each fold"):
        cross_validate_path(WIDE, TARGET, weights=c, folds=4)
    with pytest.raises(linreg.DtypeError, match="`parts` must be a list of `Statistics`"):
        cross_validate_path_statistics(X)
    with pytest.raises(linreg.RangeError, match="2 folds or more; got 1"):
        cross_validate_path_statistics([Statistics.of(X, y)])
