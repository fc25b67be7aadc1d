"""How far columns repeat each other: variance inflation and condition indices, from rows and from sums."""

import math

import pytest
import statsmodels.api as sm
import torch
from inferences import R_C, R_X, close, ordinary
from problems import EPS, built, gen

import linreg
from linreg import Statistics, condition_indices, condition_indices_statistics, vif_statistics

F64 = torch.float64


def weights(n, seed=0):
    return torch.exp(torch.randn(n, generator=gen(seed + 5), dtype=F64))


def sums(X, c=None):
    return Statistics.of(X, X[:, 0], weights=c)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("kappa", [1.0, 10.0, 1e3, 1e6])
def test_vif_from_the_singular_values(kappa, seed):
    """With X = U diag(s) V', VIF_j = (X'X)_jj ((X'X)^-1)_jj, both sums over the singular values."""
    p = built(kappa=kappa, seed=seed)
    _, s, Vh = torch.linalg.svd(p.X - p.X.mean(0), full_matrices=False)
    s = p.X.shape[0] ** 0.5 * torch.logspace(0, -torch.tensor(kappa).log10().item(), 4, dtype=F64)  # as built
    if kappa == 1:
        expected = torch.ones(4, dtype=F64)
    else:
        expected = (Vh * s[:, None]).square().sum(0) * (Vh / s[:, None]).square().sum(0)
    # rounding of X turns the singular vectors by eps kappa, and a factor changes by twice that
    torch.testing.assert_close(linreg.vif(p.X), expected, rtol=100 * EPS * kappa, atol=0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_vif_is_what_the_others_explain(seed):
    X, _ = linreg.simulate(50, (1.0, 1.0, 1.0), correlation=0.9, generator=gen(seed))
    for j, factor in enumerate(linreg.vif(X).tolist()):
        others = X[:, [k for k in range(3) if k != j]]
        share = linreg.r2(linreg.solve(others, X[:, j]).predict(others), X[:, j])
        assert factor == pytest.approx(1 / (1 - share), rel=1e-12)
        assert factor == pytest.approx(float(torch.linalg.inv(torch.corrcoef(X.T))[j, j]), rel=1e-12)


def test_vif_is_the_variance_of_a_weight():
    """Against `certified`: the standard error is s / sqrt(n) / sd(x_j) times sqrt(VIF_j)."""
    p = built(kappa=100.0, noise=0.1)
    fit = linreg.certified(p.X, p.y)
    s = (linreg.residuals(p.X, p.y, fit).square().sum() / (60 - 5)).sqrt()
    alone = s / (p.X - p.X.mean(0)).norm(dim=0)
    torch.testing.assert_close(fit.w_se, alone * linreg.vif(p.X).sqrt(), rtol=1e-11, atol=0)


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e150])
def test_vif_has_no_unit_and_no_origin(scale):
    X, _ = linreg.simulate(50, correlation=0.9, generator=gen())
    expected = linreg.vif(X)
    torch.testing.assert_close(
        linreg.vif(X * torch.tensor([scale, 1.0], dtype=F64)), expected, rtol=1e-13, atol=0
    )
    torch.testing.assert_close(linreg.vif(X + 1e4), expected, rtol=1e-9, atol=0)


def test_vif_of_one_column_is_one():
    X, _ = linreg.simulate(50, (1.0,), generator=gen())
    assert linreg.vif(X).tolist() == [pytest.approx(1, rel=1e-14)]


@pytest.mark.parametrize("dtype", [F64, torch.float32])
def test_vif_is_infinite_for_the_columns_that_depend_and_for_no_other(dtype):
    X, _ = linreg.simulate(50, (1.0, 1.0, 1.0), correlation=0.5, dtype=dtype, generator=gen())
    first, *_ = linreg.vif(X).tolist()
    twice = torch.column_stack((X, X[:, 2], torch.full_like(X[:, 0], 7.0)))
    found = linreg.vif(twice).tolist()
    assert found[2:] == [torch.inf] * 3
    assert found[0] == pytest.approx(first, rel=1e-5)
    others = linreg.simulate(50, (1.0, 1.0, 1.0), correlation=0.5, dtype=dtype, generator=gen())[0]
    assert linreg.vif(others[:3]).tolist() == [torch.inf] * 3  # 3 rows: a constant and two differences
    assert linreg.vif(others[:1]).tolist() == [torch.inf] * 3


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_vif_blames_no_column_for_what_rounding_mixes_in(seed):
    """Two that nearly coincide, or one far from zero beside others, turn the combination that vanishes."""
    x, e, z, u = torch.randn(4, 100, generator=gen(seed), dtype=F64)
    close = torch.stack((x, x + 1e-6 * e, z, 2 * z), dim=1)
    far = torch.stack((x, u, z, z + 1e6), dim=1)
    for X in (close, far):
        found = linreg.vif(X)
        assert found[2:].tolist() == [torch.inf] * 2
        # the last column adds nothing to what explains the first two; rounding is 1e6 larger here
        torch.testing.assert_close(found[:2], linreg.vif(X[:, :3])[:2], rtol=1e6 * 100 * EPS, atol=0)


def test_vif_of_float32_sees_what_its_rounding_hides():
    """Columns that differ by less than float32 can tell are dependent in float32, not in float64."""
    g = gen()
    x, e = torch.randn(100, generator=g, dtype=F64), torch.randn(100, generator=g, dtype=F64)
    X = torch.stack((x, x + 1e-8 * e), dim=1)
    assert linreg.vif(X.float()).tolist() == [torch.inf] * 2
    assert linreg.vif(X)[0] == pytest.approx(1e16, rel=0.5)


def test_a_column_that_varies_by_the_rounding_of_its_dtype_is_constant():
    """In float64 it would be a column like any other."""
    x = torch.full((20,), 0.1, dtype=torch.float32)
    x[::2] = torch.nextafter(x[0], torch.tensor(1.0, dtype=torch.float32))
    X = torch.column_stack((x, torch.randn(20, generator=gen(), dtype=torch.float32)))
    assert linreg.vif(X).isinf().tolist() == [True, False]
    assert linreg.vif(X.double()).isfinite().all()


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_vif_is_what_wls_explains(seed, weighted, intercept):
    """R2 of each column on the others by statsmodels, on 20 correlated ones, and the errors it inflates."""
    X, y = ordinary(300, 20, seed)
    c = weights(300, seed) if weighted else torch.ones_like(y)
    found = linreg.vif(X, weights=c, intercept=intercept)
    for j in range(20):
        others = torch.cat((X[:, :j], X[:, j + 1 :]), 1)
        A = linreg.fold_bias(others) if intercept else others
        share = sm.WLS(X[:, j].numpy(), A.numpy(), weights=c.numpy(), hasconst=intercept).fit().rsquared
        assert float(found[j]) == pytest.approx(1 / (1 - share), rel=1e-10)
    squares = c @ (X - (c @ X / c.sum() if intercept else 0)).square()
    told = linreg.infer(X, y, weights=c, intercept=intercept)
    close(told.se[intercept:].square(), told.s**2 / squares * found, 1e-10)


@pytest.mark.parametrize("intercept", [True, False])
def test_vif_of_weights_is_that_of_repeated_rows(intercept):
    X, _ = ordinary(200, 20)
    times = torch.randint(0, 4, (200,), generator=gen(2))
    expected = linreg.vif(X.repeat_interleave(times, 0), intercept=intercept)
    spike = torch.where(times[:, None] > 0, X, 1e300)
    close(linreg.vif(spike, weights=times.double(), intercept=intercept), expected, 1e-11)
    close(linreg.vif(X, weights=1e-80 * R_C.repeat(17)[:200]), linreg.vif(X, weights=R_C.repeat(17)[:200]))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("kappa", [3.0, 300.0, 3e4])
def test_vif_from_sums(kappa, intercept, weighted):
    p = built(300, 20, kappa)
    X, c = (p.X + 3) * torch.logspace(-160, 150, 20, dtype=F64), weights(300) if weighted else None
    expected = linreg.vif(X, intercept=intercept, weights=c)
    # without an intercept the mean is one of the columns' common parts; weights turn them
    wrong = 20 * EPS * float(condition_indices(X, intercept=intercept, weights=c).indices[-1]) ** 2
    close(vif_statistics(sums(X, c), intercept=intercept), expected, wrong)


def test_vif_from_sums_of_dependent_columns():
    X, _ = ordinary(300, 20)
    more = torch.column_stack((X, X[:, 3] - 2 * X[:, 8], torch.full_like(X[:, 0], 0.1)))
    for found in (linreg.vif(more), vif_statistics(sums(more))):
        assert found.isinf().nonzero().flatten().tolist() == [3, 8, 20, 21]
        alone = [j for j in range(20) if j not in (3, 8)]
        close(found[alone], linreg.vif(X)[alone], 1e-11)
    through_zero = vif_statistics(sums(more), intercept=False)
    assert through_zero.isinf().nonzero().flatten().tolist() == [3, 8, 20]  # a constant is a column there
    close(through_zero[21], linreg.vif(torch.column_stack((X, more[:, 21])), intercept=False)[20], 1e-11)
    assert linreg.vif(more, intercept=False).isinf().nonzero().flatten().tolist() == [3, 8, 20]


@pytest.mark.parametrize("way", [linreg.vif, lambda X, **how: vif_statistics(sums(X), **how)])
def test_vif_of_few_rows(way):
    assert way(R_X[:1]).tolist() == [math.inf] * 2
    assert way(R_X[:1], intercept=False).tolist() == [math.inf] * 2  # either could take it all
    assert way(R_X[:1, :1], intercept=False).tolist() == [1.0]
    assert way(R_X[:2]).tolist() == [math.inf] * 2
    assert way(torch.zeros(3, 1, dtype=F64), intercept=False).tolist() == [math.inf]


@pytest.mark.parametrize("ask", [linreg.vif, condition_indices])
def test_weights_that_are_none_are_refused(ask):
    X = R_X.clone()
    with pytest.raises(linreg.DataError, match="`weights` must have one above 0; all 12 are 0"):
        ask(X, weights=torch.zeros(12, dtype=F64))
    with pytest.raises(linreg.ShapeError, match=r"`weights` must have shape \(12,\), one for each row"):
        ask(X, weights=torch.ones(11, dtype=F64))


@pytest.mark.parametrize("ask", [vif_statistics, condition_indices_statistics])
def test_sums_that_are_none_are_refused(ask):
    with pytest.raises(linreg.DtypeError, match="`statistics` must be `Statistics`; got Tensor"):
        ask(R_X)
    with pytest.raises(linreg.DataError, match="at least 1 rows; got 0"):
        ask(Statistics(2))


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


def test_what_r_says_of_singular_values():
    """R 4.2.2's svd of the columns of length 1."""
    close(condition_indices(R_X).indices, [1, 3.5480089205062124, 5.1056395216302644], 1e-13)


WAYS = {
    "rows": condition_indices,
    "sums": lambda X, **how: condition_indices_statistics(sums(X), **how),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_condition_indices_of_dependent_columns(way):
    """What vanishes has an infinite index, and all of the variance of whatever has a part in it."""
    zero = way(torch.column_stack((R_X, torch.zeros(12, dtype=F64))))
    assert zero.indices[-1] == math.inf
    close(zero.indices[:-1], condition_indices(R_X).indices, 1e-12)
    close(zero.shares[:-1, :-1], condition_indices(R_X).shares, 1e-11)
    assert zero.shares[-1].tolist() == [0, 0, 0, 1]
    assert zero.shares[:-1, -1].tolist() == [0, 0, 0]

    X, _ = ordinary(300, 20)
    X = torch.column_stack((X, X[:, 3] - 2 * X[:, 8], torch.full_like(X[:, 0], 0.1)))
    found = way(X)
    assert found.indices.isinf().tolist() == [False] * 21 + [True] * 2
    open_ = [0, 4, 9, 21, 22]  # the ones and what is constant, two columns and their combination
    assert found.shares[:-2, open_].eq(0).all()
    close(found.shares[-2:, open_].sum(0), torch.ones(5), 1e-12)
    rest = [j for j in range(23) if j not in open_]
    assert found.shares[-2:, rest].eq(0).all()
    close(found.shares[:, rest].sum(0), torch.ones(18), 1e-12)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_condition_indices_of_few_rows(way):
    few = way(R_X[:2])
    assert few.indices.isfinite().tolist() == [True, True, False]
    one = way(R_X[:1])
    assert one.indices.tolist() == [1, math.inf, math.inf]
    close(one.shares.sum(0), torch.ones(3), 1e-13)
    assert way(R_X[:1], intercept=False).indices.tolist() == [1, math.inf]
    nothing = way(torch.zeros(3, 2, dtype=F64), intercept=False)
    assert nothing.indices.tolist() == [math.inf] * 2
    close(nothing.shares.sum(0), torch.ones(2), 1e-13)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_weighted_condition_indices(seed, intercept):
    """Of rows times the roots of their weights; of whole weights, of rows repeated."""
    X, _ = ordinary(300, 20, seed)
    c = weights(300, seed)
    A = (linreg.fold_bias(X) if intercept else X) * c.sqrt()[:, None]
    expected = condition_indices(A, intercept=False)
    found = condition_indices(X, weights=c, intercept=intercept)
    close(found.indices, expected.indices, 1e-12)
    close(found.shares, expected.shares, 1e-9)
    times = torch.randint(0, 4, (300,), generator=gen(seed))
    repeated = condition_indices(X.repeat_interleave(times, 0), intercept=intercept)
    spike = torch.where(times[:, None] > 0, X, 1e300)  # what does not count may be anything
    close(
        condition_indices(spike, weights=times.double(), intercept=intercept).indices, repeated.indices, 1e-12
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_condition_indices_from_sums(seed, intercept, weighted):
    X, _ = ordinary(300, 20, seed)
    c = weights(300, seed) if weighted else None
    X = X * torch.logspace(-150, 150, 20, dtype=F64)
    expected = condition_indices(X, intercept=intercept, weights=c)
    found = condition_indices_statistics(sums(X, c), intercept=intercept)
    # sums are off by eps kappa^2, and so is the square of what is told of them
    wrong = 20 * EPS * float(expected.indices[-1]) ** 2
    close(found.indices, expected.indices, wrong)
    torch.testing.assert_close(found.shares, expected.shares, rtol=0, atol=10 * wrong)


@pytest.mark.parametrize("kappa", [10.0, 1e3, 1e5])
def test_what_sums_square_is_the_condition_about_the_means(kappa):
    """Columns 1e6 from zero, whose ones make an index of more than a million, keep their digits."""
    p = built(kappa=kappa)
    X = p.X / p.X.std(0) + 1e6
    expected, found = condition_indices(X), condition_indices_statistics(sums(X))
    assert float(expected.indices[-1]) > 1e6
    close(found.indices, expected.indices, 100 * EPS * max(kappa**2, 1e6))  # and the rows' own 1e6 eps


def test_float32_columns_that_differ_by_rounding_are_dependent():
    X, _ = ordinary(100, 2)
    X = X.float()
    again = torch.column_stack((X, X[:, 0] / 3))
    assert condition_indices(again).indices.isinf().tolist() == [False] * 3 + [True]
    assert condition_indices(again.double()).indices.isfinite().all()
