"""Ridge: its equation, rows left out one by one, peers, the maps between penalties, and hard data."""

import math
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from gross import STACK
from problems import EPS, built, dependent, gen, unchanged
from sklearn.linear_model import Ridge, RidgeCV

import linreg
from linreg import Statistics, Status, ridge, ridge_path, ridge_path_statistics
from linreg.generalised.penalised import ridge_along, ridge_left_out
from linreg.generalised.penalised.penalised_rows import rows_of
from linreg.generalised.penalised.ridge_wide import Kernel

F64 = torch.float64
X, y, _, _ = linreg.ordinary(dtype=F64)


def data(seed=0, n=60, d=5, dtype=F64):
    g = gen(seed)
    X = torch.randn(n, d, generator=g, dtype=F64) @ (torch.eye(d, dtype=F64) + 0.5) + 3
    noise = torch.randn(n, generator=g, dtype=F64)
    return X.to(dtype), (X @ torch.randn(d, generator=g, dtype=F64) + noise - 2).to(dtype)


def counts(n, seed=0):
    return 0.2 + torch.rand(n, generator=gen(seed), dtype=F64)


def exact(X, y, alpha, c=None, intercept=True, standardise=False):
    """The answer in fractions: w and b."""
    n, d = X.shape
    C = [Fraction(1)] * n if c is None else [Fraction(v) for v in c.tolist()]
    A, t, W = [[Fraction(v) for v in row] for row in X.tolist()], [Fraction(v) for v in y.tolist()], sum(C)
    means = [sum(C[i] * A[i][j] for i in range(n)) / W * intercept for j in range(d)]
    middle = sum(c * v for c, v in zip(C, t, strict=True)) / W * intercept
    Z = [[A[i][j] - means[j] for j in range(d)] for i in range(n)]
    G = [[sum(C[i] * Z[i][j] * Z[i][k] for i in range(n)) / W for k in range(d)] for j in range(d)]
    q = [sum(C[i] * Z[i][j] * (t[i] - middle) for i in range(n)) / W for j in range(d)]
    for j in range(d):
        G[j][j] += Fraction(alpha) * (G[j][j] if standardise else 1)
    for j in range(d):  # positive definite: no exchange of rows
        for k in range(j + 1, d):
            share = G[k][j] / G[j][j]
            G[k] = [a - share * b for a, b in zip(G[k], G[j], strict=True)]
            q[k] -= share * q[j]
    w = [Fraction(0)] * d
    for j in reversed(range(d)):
        w[j] = (q[j] - sum(G[j][k] * w[k] for k in range(j + 1, d))) / G[j][j]
    b = middle - sum(m * v for m, v in zip(means, w, strict=True))
    return torch.tensor([float(v) for v in w], dtype=F64), float(b)


def off(found, expected):
    return float(((found - expected).abs() / expected.abs()).max())


def left(X, y, fit, alpha, c=None, charged=1.0):
    """What the equation leaves, beside the size of its terms."""
    c = torch.ones_like(y) if c is None else c
    c, r = c / c.sum(), y - X @ fit.w - fit.b
    Z = X - c @ X if float(fit.b) else X
    return float((Z.T @ (c * r) - alpha * charged * fit.w).abs().max() / (Z.abs().T @ (c * y.abs())).max())


# The equation.


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [1e-6, 0.1, 1.0, 1e4])
def test_the_answer_in_fractions(alpha, weighted, intercept, standardise, seed):
    X, y = data(seed, n=25, d=4)
    c = counts(25, seed) if weighted else None
    w, b = exact(X, y, alpha, c, intercept, standardise)
    settings = {"intercept": intercept, "standardise": standardise}
    fit = ridge(X, y, alpha=alpha, weights=c, **settings)
    path = ridge_path(X, y, alphas=[alpha, 3 * alpha], weights=c, **settings)
    sums = ridge_path_statistics(Statistics.of(X, y, weights=c), alphas=[alpha, 3 * alpha], **settings)
    for found in (fit, path[-1], sums[-1]):
        assert (found.status, found.method) == (Status.OK, "ridge")
        assert (found.alpha, found.l1_ratio) == (alpha, 0)
        assert off(found.w, w) < 1e-11  # kappa^2 eps, with no more than 1e3 of the first
        assert float(found.b) == pytest.approx(b, rel=1e-11) if intercept else float(found.b) == 0
        r, share = y - X @ w - b, torch.ones_like(y) if c is None else c
        assert float(found.loss) == pytest.approx(float(share @ r.square() / share.sum() / 2), rel=1e-10)
        assert found.violation < 1e-13
        assert found.gap < 1e-12


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("alpha", [1e-3, 0.1, 10.0])
def test_the_slope_is_zero_on_ordinary_data(alpha, seed):
    """That of the loss and of the penalty add up; the residuals to zero."""
    target = y + torch.randn(300, generator=gen(seed), dtype=F64)
    fit = ridge(X, target, alpha=alpha)
    assert left(X, target, fit, alpha) < 1e-14
    assert float((target - fit.predict(X)).mean().abs()) < 1e-13


def test_effective_degrees_of_freedom_are_the_trace():
    for standardise in (False, True):
        Z = X - X.mean(0)
        charged = Z.square().mean(0) if standardise else torch.ones(20, dtype=F64)
        for alpha in (0.01, 1.0):
            hat = Z @ torch.linalg.solve(Z.T @ Z / 300 + alpha * torch.diag(charged), Z.T) / 300
            found = ridge(X, y, alpha=alpha, standardise=standardise).df
            assert found == pytest.approx(float(hat.diagonal().sum()), rel=1e-12)


def test_df_falls_from_all_columns_to_none():
    path = ridge_path(X, y, alphas=torch.logspace(6, -5, 40, dtype=F64))
    assert float(path.df[0]) < 1e-4
    assert float(path.df[-1]) == pytest.approx(20, abs=1e-3)
    assert bool((path.df.diff() > 0).all())
    assert bool((path.loss.diff() < 0).all())
    assert bool((path.w.norm(dim=1).diff() > 0).all())


def test_standardise_is_the_scaled_problem():
    s = X.std(0, correction=0)
    there = ridge((X - X.mean(0)) / s, y, alpha=0.3)
    here = ridge(X, y, alpha=0.3, standardise=True)
    torch.testing.assert_close(here.w, there.w / s, rtol=1e-12, atol=0)
    units = torch.logspace(-3, 3, 20, dtype=F64)
    torch.testing.assert_close(
        ridge(X * units, y, alpha=0.3, standardise=True).w * units, here.w, rtol=1e-12, atol=0
    )


def test_the_intercept_is_free():
    for shift in (0.0, 1e3):
        torch.testing.assert_close(
            ridge(X, y + shift, alpha=5.0).w, ridge(X, y, alpha=5.0).w, rtol=1e-10, atol=1e-12
        )
    assert float(ridge(X, y, alpha=1e12).b) == pytest.approx(float(y.mean()), rel=1e-9)


def judged(A, t, w, alpha, free=()):
    """Violation of the conditions, a bound on what is left to gain, and what it is, of their scales."""
    Z, s = A - A.mean(0), t - t.mean()
    charged = torch.ones_like(w).index_fill(0, torch.tensor(free, dtype=torch.long), 0) * alpha
    G, q, whole = Z.T @ Z / len(t), Z.T @ s / len(t), float(s.square().mean())
    left = q - G @ w - charged * w
    gain = float(left @ torch.linalg.solve(G + torch.diag(charged), left)) / whole
    return float(left.abs().max() / q.abs().max()), float(left.square().sum()) / alpha / whole, gain


@pytest.mark.parametrize("free", [[], [3, 0]])
@pytest.mark.parametrize("alphas", [[3.0, 0.5], [0.5]])
def test_an_answer_that_is_off_says_by_how_much(alphas, free, monkeypatch):
    A, t = X * 0.37, y * 1000
    for kind in (ridge_along.Single, ridge_along.Eigenvectors):
        monkeypatch.setattr(
            kind, "answers", lambda self, l2, right=kind.answers: right(self, l2) * (1 + 1e-5)
        )
    path = ridge_path(A, t, alphas=alphas, unpenalised=free, leave_one_out=False)
    for i, alpha in enumerate(alphas):
        violation, bound, gain = judged(A, t, path.w[i], alpha, free)
        assert float(path.violation[i]) == pytest.approx(violation, rel=1e-7)
        assert float(path.gap[i]) == pytest.approx(gain if free else bound, rel=1e-7)


@pytest.mark.parametrize("free", [[], [3, 0]])
def test_an_answer_of_wide_data_that_is_off_says_by_how_much(free, monkeypatch):
    A, t = data(3, 12, 30)
    t, of = t * 1000, Kernel.of

    def off(*how):
        kernel = of(*how)
        return kernel._replace(values=kernel.values * 1.01)

    monkeypatch.setattr(Kernel, "of", off)
    path = ridge_path(A, t, alphas=[3.0, 0.5], unpenalised=free)
    for i, alpha in enumerate((3.0, 0.5)):
        violation, bound, gain = judged(A, t, path.w[i], alpha, free)
        assert float(path.violation[i]) == pytest.approx(violation, rel=1e-4)
        if free:
            assert gain <= float(path.gap[i]) < 2 * gain
        else:
            assert float(path.gap[i]) == pytest.approx(bound, rel=1e-4)


def test_one_penalty_takes_no_eigenvectors(monkeypatch):
    """They would take ten times as long."""
    monkeypatch.setattr(torch.linalg, "eigh", None)
    assert ridge(X, y, alpha=0.1).message.startswith("Ridge, by Cholesky: the condition number is ")


def in_units(call, X, y, alphas, x, t, **how):
    """What a path is for X times 2**x and y times 2**t, in the units of X and y."""
    path = call(X * 2.0**x, y * 2.0**t, alphas=[a * 4.0**x for a in alphas], **how)
    squares = [path.loss, path.gcv, path.left_out]
    squares = [s if s is None else s * 2.0**-t * 2.0**-t for s in squares]
    return (
        path.w * 2.0 ** (x - t),
        path.b * 2.0**-t,
        *squares,
        path.df,
        path.violation,
        path.gap,
        path.message,
    )


@pytest.mark.parametrize(("x", "t"), [(-13, 20), (40, -7), (-400, 450), (490, -480)])
@pytest.mark.parametrize("free", [[], [1, 4]])
@pytest.mark.parametrize("name", ["plain", "refined", "hard", "exact", "wide"])
def test_powers_of_two_change_no_bit(name, free, x, t):
    p = built(40, 6, {"refined": 500.0, "hard": 1e6}.get(name, 3.0), noise=1e-6 if name == "exact" else 0.1)
    A, target = data(2, 12, 20) if name == "wide" else (p.X, p.y)
    c = counts(len(A))

    def call(X, y, **how):
        return ridge_path(X, y, weights=c, unpenalised=free, **how)

    for alphas in ([1e-3, 1e-9], [1e-9]):
        plain, there = (in_units(call, A, target, alphas, *two) for two in ((0, 0), (x, t)))
        for one, other in zip(plain, there, strict=True):
            assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


# Rows left out.


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("standardise", [False])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_left_out_is_a_fit_without_each_row(weighted, intercept, standardise, wide):
    """The sum that is charged, n alpha |w|^2, stays what it was."""
    X, y = data(3, n=12, d=20 if wide else 3)
    c = counts(12) if weighted else torch.ones(12, dtype=F64)
    alphas = [3.0, 0.1, 1e-3]
    path = ridge_path(X, y, alphas=alphas, weights=c if weighted else None, intercept=intercept)
    for alpha, found in zip(alphas, path.left_out.tolist(), strict=True):
        total = 0.0
        for i in range(12):
            kept = torch.arange(12) != i
            share = float(c.sum() / c[kept].sum())
            fit = ridge(X[kept], y[kept], alpha=alpha * share, weights=c[kept], intercept=intercept)
            total += float(c[i] * (y[i] - fit.predict(X[i : i + 1])) ** 2)
        assert found == pytest.approx(total / float(c.sum()), rel=1e-9 if wide else 1e-11)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("free", "near"), [([], 1e-7), ([1, 5], 1e-7), ([0, 5], 1e-4)])
def test_left_out_where_the_sums_lose_digits(free, near, weighted):
    """A condition number of 1e7 at the smallest penalty, of 1e3 at the next: other ways to leverages.

    Of free columns near each other it is 1e4 at each penalty. All digits that these leave are there.
    """
    A, y = data(0, n=30)
    twin = A[:, 0] + near * torch.randn(30, generator=gen(1), dtype=F64)
    X = torch.column_stack((A, twin))
    X = X - X.mean(0)
    c = counts(30) if weighted else torch.ones(30, dtype=F64)
    alphas = [1e-3, 1e-6, 1e-14]
    path = ridge_path(X, y, alphas=alphas, weights=c if weighted else None, unpenalised=free)
    for alpha, found in zip(alphas, path.left_out.tolist(), strict=True):
        total = 0.0
        for i in range(30):
            kept = torch.arange(30) != i
            share = float(c.sum() / c[kept].sum())
            some = c[kept] if weighted else None
            fit = ridge(X[kept], y[kept], alpha=alpha * share, weights=some, unpenalised=free)
            total += float(c[i] * (y[i] - fit.predict(X[i : i + 1])) ** 2)
        assert found == pytest.approx(total / float(c.sum()), rel=64 * EPS / near)
    assert f"least squares on {6 - len(free)} more rows: at the smallest penalty" in path.message


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("free", [[], [3, 11]])
def test_left_out_of_columns_in_very_different_units(free, weighted):
    """Eigenvectors of these tell nothing of the small ones; a triangle of columns of length 1 does."""
    A = X * torch.logspace(4, -4, 20, dtype=F64)[torch.randperm(20, generator=gen(5))]
    c = counts(300) if weighted else torch.ones(300, dtype=F64)
    share = (c / c.sum())[:, None]
    alphas = [1e8, 1e-3, 1e-10, 1e-11]
    path = ridge_path(A, y, alphas=alphas, weights=c if weighted else None, unpenalised=free)
    assert "more rows" not in path.message  # sums serve all penalties, at length 1
    for alpha, found in zip(alphas, path.left_out.tolist(), strict=True):
        charged = torch.full((20,), alpha, dtype=F64).index_fill(0, torch.tensor(free, dtype=torch.long), 0)
        Z = torch.cat(((A - share.T @ A) * share.sqrt(), torch.diag(charged.sqrt())))
        leverages = torch.linalg.qr(Z / torch.linalg.vector_norm(Z, dim=0))[0][:300].square().sum(1)
        w, b = augmented(A, y, alpha, free, c if weighted else None)
        r = (y - A @ w - b) / (1 - leverages - share[:, 0])
        assert found == pytest.approx(float(share[:, 0] @ r.square()), rel=1e-10)


@pytest.mark.parametrize("dtype", [F64, torch.float32])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_left_out_in_several_blocks_and_far_from_zero(intercept, weighted, dtype, monkeypatch):
    """Leverages by the matrix that makes predictions of targets; sums of rows of float32 are of float64."""
    far = 1000.0 if intercept else 0.0
    A, t = (X + far).to(dtype), (y + 30 * far).to(dtype)
    c = counts(300).to(dtype) if weighted else None
    monkeypatch.setattr(ridge_left_out, "BLOCK_BYTES", 1)  # 256 rows at a time
    path = ridge_path(A, t, alphas=[1.0, 0.03], weights=c, intercept=intercept)
    share = torch.ones(300, dtype=F64) if c is None else c.double()
    share = share / share.sum()
    A, t = A.double(), t.double()
    Z, s = (A - share @ A, t - share @ t) if intercept else (A, t)
    for alpha, found in zip((1.0, 0.03), path.left_out.tolist(), strict=True):
        inverse = torch.linalg.inv(Z.T @ (share[:, None] * Z) + alpha * torch.eye(20, dtype=F64))
        r = s - Z @ (inverse @ (Z.T @ (share * s)))
        leverage = share * ((Z @ inverse * Z).sum(1) + float(intercept))
        assert found == pytest.approx(float(share @ (r / (1 - leverage)).square()), rel=1e-10)


@pytest.mark.parametrize("kappa", [500.0, 3000.0])
def test_the_rows_bring_back_what_the_sums_have_lost(kappa):
    """As many digits as kappa leaves, where sums leave those of its square."""
    p = built(400, 8, kappa, noise=0.1)
    least = float(torch.linalg.svdvals(p.X - p.X.mean(0))[-1] ** 2 / 400)
    path = linreg.ridge_path(p.X, p.y, alphas=[least, least / 10, least / 1000])
    assert "refined once" in path.message
    for alpha, w in zip(path.alpha.tolist(), path.w, strict=True):
        expected, _ = augmented(p.X, p.y, alpha, [])
        assert float((w - expected).norm() / expected.norm()) < 16 * kappa * EPS


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("leave_one_out", [False, True])
def test_a_loss_far_below_the_square_of_y_is_that_of_the_rows(leave_one_out, weighted):
    """A difference of sums would have lost it but for two digits."""
    p = built(300, 5, 3.0, noise=0.0)
    t = p.y + 1e-7 * torch.randn(300, generator=gen(8), dtype=F64)
    c = counts(300) if weighted else None
    share = torch.full_like(t, 1 / 300) if c is None else c / c.sum()
    path = ridge_path(p.X, t, alphas=[1.0, 1e-16], weights=c, leave_one_out=leave_one_out)
    for found in (path[0], path[1], ridge(p.X, t, alpha=1e-16, weights=c)):
        squares = (t - p.X @ found.w - found.b).square()
        assert float(found.loss) == pytest.approx(float(share @ squares / 2), rel=1e-8, abs=0)
    assert "more rows" not in path.message
    assert float(path.loss[1]) < 1e-13 < float(path.loss[0])


def test_a_path_says_whether_the_rows_have_refined_it():
    told = {}
    for kappa in (5.0, 500.0):
        p = built(200, 5, kappa, noise=0.1)
        path = ridge_path(p.X, p.y, alphas=[1e-3, 1e-12])
        told[kappa] = path.message
        one = ridge(p.X, p.y, alpha=1e-12)  # of few entries a single fit is refined to every digit
        way = "as least squares on 5 more rows" if kappa == 500 else "by Cholesky"
        assert one.message.startswith(f"Ridge, {way}: the condition number is ")
        many = ridge(p.X.repeat(40, 1), p.y.repeat(40), alpha=1e-12)
        assert ("refined once" in many.message) == (kappa == 500)
    assert told[500.0].startswith(
        "Ridge, by eigenvectors, refined once: at the smallest penalty the condition"
    )
    assert told[5.0].startswith("Ridge, by eigenvectors: at the smallest penalty the condition")


@pytest.mark.parametrize("n", [300, 20, 12])
def test_ridge_cv(n):
    """scikit-learn's scores, of n alpha."""
    alphas = np.logspace(-3, 2, 15)
    A, t = X[:n], y[:n]
    peer = RidgeCV(alphas=n * alphas, store_cv_results=True).fit(A.numpy(), t.numpy())
    path = ridge_path(A, t, alphas=alphas.tolist())
    np.testing.assert_allclose(path.left_out.flip(0), peer.cv_results_.mean(0), rtol=1e-10)
    best = path[int(path.left_out.argmin())]
    assert best.alpha * n == pytest.approx(peer.alpha_)
    np.testing.assert_allclose(best.w, peer.coef_, rtol=1e-9)


def test_gcv_puts_the_mean_leverage_in_the_place_of_each():
    path = ridge_path(X, y, alphas=[0.1, 1.0], leave_one_out=False)
    assert path.left_out is None
    for fit, found in zip((path[0], path[1]), path.gcv.tolist(), strict=True):
        r = y - fit.predict(X)
        assert found == pytest.approx(float(r.square().mean()) / (1 - (fit.df + 1) / 300) ** 2, rel=1e-12)
    bare = ridge_path(X, y, alphas=[0.1], intercept=False).gcv
    fit = ridge(X, y, alpha=0.1, intercept=False)
    r = y - fit.predict(X)
    assert float(bare) == pytest.approx(float(r.square().mean()) / (1 - fit.df / 300) ** 2, rel=1e-12)


def test_one_row_has_no_others():
    path = ridge_path(X[:1], y[:1], alphas=[1.0])
    assert float(path.w.abs().max()) == 0
    assert bool(path.left_out.isnan())
    assert bool(path.gcv.isnan())


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 1e3])
def test_degrees_of_freedom_may_be_less_than_one(alpha):
    """The shares that the penalty leaves of the squares of the centred columns."""
    A, t = data()
    squares = torch.linalg.svdvals(A - A.mean(0)).square() / len(t)
    assert ridge(A, t, alpha=alpha).df == pytest.approx(float((squares / (squares + alpha)).sum()), rel=1e-9)


# No penalty.


def test_alpha_zero_is_solve():
    for A in (X, torch.column_stack((X, X[:, 0])), X[:10]):
        t = y[: len(A)]
        fit, plain = ridge(A, t, alpha=0), linreg.solve(A, t)
        assert torch.equal(fit.w, plain.w)
        assert torch.equal(fit.b, plain.b)
        assert (fit.status, fit.message, fit.method) == (plain.status, plain.message, plain.method)
        assert fit.df == plain.rank
        assert fit.violation < 1e-12
        assert math.isnan(fit.gap)


@pytest.mark.parametrize("intercept", [False, True])
def test_least_squares_at_the_end_of_a_path(intercept):
    """What it is scored by, and how far it is off where it is."""
    for A, n in ((X, 300), (X[:25] + 1, 25)):
        path = ridge_path(A, y[:n], alphas=[0.0], intercept=intercept)
        fit = linreg.solve(A, y[:n], intercept=intercept)
        assert float(path.gcv) == pytest.approx(
            float(2 * fit.loss) / (1 - (20 + intercept) / n) ** 2, rel=1e-12
        )
    none_left = ridge_path(X[:21], y[:21], alphas=[0.0], intercept=intercept).gcv
    assert math.isnan(float(none_left)) == intercept
    rows = rows_of(X, y, True, None)
    problem, fit = rows.problem(False), linreg.solve(X, y)
    fit = replace(fit, w=fit.w * (1 + 1e-5))
    for some in (rows, None):
        path = ridge_along.without_penalty(problem, fit, some)
        assert float(path.violation) == pytest.approx(judged(X, y, fit.w, 1.0, range(20))[0], rel=1e-7)


def test_weights_beyond_the_range():
    sums = Statistics.of(X * 1e-160, y * 1e200)
    for path in (
        ridge_path(X * 1e-160, y * 1e200, alphas=[1e-320, 1e-322]),
        ridge_path(X[:10] * 1e-160, y[:10] * 1e200, alphas=[1e-320, 1e-322]),
        ridge_path_statistics(sums, alphas=[1e-320, 1e-322]),
    ):
        assert path.status is Status.OUT_OF_RANGE
        assert path.message.endswith("A weight is beyond the range of float64.")


def test_a_path_that_ends_without_a_penalty():
    path = ridge_path(X, y, alphas=[1.0, 0.0, 0.0])
    assert path.alpha.tolist() == [1.0, 0.0, 0.0]
    assert torch.equal(path.w[1], linreg.solve(X, y).w)
    assert torch.equal(path.w[1], path.w[2])
    assert float(path.left_out[1]) == pytest.approx(float(2 * linreg.influence(X, y).loss), rel=1e-12)
    assert "Without a penalty: " in path.message
    alone = ridge_path(X, y, alphas=[0.0])
    assert (len(alone), alone.method) == (1, "cholesky")
    doubtful = ridge_path(torch.column_stack((X, X[:, 0])), y, alphas=[1.0, 0.0])
    assert doubtful.status == Status.RANK_DEFICIENT
    sums = Statistics.of(X, y)
    assert torch.equal(ridge_path_statistics(sums, alphas=[2.0, 0.0]).w[1], linreg.solve_statistics(sums).w)
    assert ridge_path_statistics(sums, alphas=[0.0]).method == "cholesky"


# Peers, and what each calls the penalty.


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_scikit_learn_takes_n_alpha(seed, weighted):
    A, t = data(seed)
    c = counts(60, seed) if weighted else torch.ones(60, dtype=F64)
    for alpha in (1e-3, 1.0, 100.0):
        peer = Ridge(alpha=float(c.sum()) * alpha, solver="svd").fit(A.numpy(), t.numpy(), c.numpy())
        fit = ridge(A, t, alpha=alpha, weights=c if weighted else None)
        np.testing.assert_allclose(fit.w, peer.coef_, rtol=1e-10)
        assert float(fit.b) == pytest.approx(peer.intercept_, rel=1e-10)


def trained(optimiser, factor, alpha, steps):
    """Weights of a layer after so many steps on factor times the half-mean loss; no decay of its bias."""
    A, t = data(4)
    A = A - A.mean(0)
    layer = torch.nn.Linear(5, 1, dtype=F64)
    groups = [
        {"params": [layer.weight], "weight_decay": alpha},
        {"params": [layer.bias], "weight_decay": 0.0},
    ]
    descent = optimiser(groups)
    for _ in range(steps):
        descent.zero_grad()
        (factor * linreg.squared_loss(layer(A).squeeze(1), t)).backward()
        descent.step()
    return layer.weight.detach()[0], ridge(A, t, alpha=0.5)


@pytest.mark.parametrize(("factor", "decay"), [(1, 0.5), (2, 1.0)])
def test_weight_decay_of_sgd(factor, decay):
    """Equal to alpha under the half-mean loss, twice alpha under the mean of squares, as `MSELoss`."""
    w, fit = trained(lambda groups: torch.optim.SGD(groups, lr=0.2 / factor), factor, decay, 400)
    torch.testing.assert_close(w, fit.w, rtol=1e-9, atol=0)


def test_weight_decay_of_adam_but_not_of_adamw():
    w, fit = trained(lambda groups: torch.optim.Adam(groups, lr=0.02), 1, 0.5, 1200)
    torch.testing.assert_close(w, fit.w, rtol=1e-3, atol=1e-4)
    w, fit = trained(lambda groups: torch.optim.AdamW(groups, lr=0.02), 1, 0.5, 1200)
    assert float((w - fit.w).abs().max()) > 0.05


def test_lm_ridge_of_r():
    """MASS 7.3-58.2, R 4.2.2: coef(lm.ridge(stack.loss ~ ., stackloss, lambda = 21 * 0.3)) and its $GCV.

    It divides the columns by their deviations, and its degrees of freedom leave out the intercept.
    """
    A, t = STACK[:, :3], STACK[:, 3]
    fit = ridge(A, t, alpha=0.3, standardise=True)
    expected = [-41.96530313676629, 0.5220593416089697, 1.246836138814023, 0.01900091163117962]
    np.testing.assert_allclose([fit.b, *fit.w], expected, rtol=1e-11)
    assert 2 * float(fit.loss) * 21 / (21 - fit.df) ** 2 == pytest.approx(0.6431809686701058, rel=1e-11)


# Data that ask for more.


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("name", "alphas"),
    [
        ("units", (1e-14, 1e-8, 1.0, 1e6)),
        ("far", (1e-3, 1.0)),
        ("near", (1e-16, 1e-12, 1e-3)),
        ("constant", (1e-3,)),
        ("tiny", (1e-322, 1e-320)),
        ("huge", (1e300,)),
    ],
)
def test_hard_data(name, alphas, weighted):
    A, t = data(5, n=20, d=3)
    c = counts(20) if weighted else None
    noise = torch.randn(20, generator=gen(2), dtype=F64)
    A, t = {
        "units": lambda: (A * torch.tensor([1.0, 1e-6, 1e5], dtype=F64), t),
        "far": lambda: (A + 1e6, t),
        "near": lambda: (torch.column_stack((A, A[:, 0] + 1e-7 * noise)), t),
        "constant": lambda: (torch.column_stack((A, torch.full_like(t, 3.0))), t),
        "tiny": lambda: (A * 1e-160, t),
        "huge": lambda: (A * 1e155, t * 1e150),
    }[name]()
    for alpha in alphas:
        w, b = exact(A, t, alpha, c)
        fit = ridge(A, t, alpha=alpha, weights=c)
        path = ridge_path(A, t, alphas=[alpha], weights=c)
        for found in (fit, path[0]):
            assert found.status == Status.OK
            if name == "constant":
                assert float(found.w[3]) == 0
                assert off(found.w[:3], w[:3]) < 1e-11
            else:
                assert off(found.w, w) < 1e-11, (alpha, found.message)
            assert float(found.b) == pytest.approx(b, rel=1e-9)
            size = 1 + float(found.w.abs().max()) * (name == "near")
            assert found.violation < 40 * EPS * size  # what rounding leaves of residuals


def test_a_path_whose_smallest_penalties_need_the_rows():
    """Three of them, of two columns that are nearly alike: sums have no digit of their difference."""
    A, t = data(5, n=20, d=3)
    A = torch.column_stack((A, A[:, 0] + 1e-7 * torch.randn(20, generator=gen(2), dtype=F64)))
    alphas = [1.0, 1e-15, 1e-16, 1e-17]
    path = ridge_path(A, t, alphas=alphas)
    for k, alpha in enumerate(alphas):
        w, _ = exact(A, t, alpha)
        assert off(path.w[k], w) < 1e-11, alpha


@pytest.mark.parametrize("unit", [2.0**-30, 1.0, 2.0**30])
def test_losses_of_which_sums_have_no_digit_come_from_the_rows_in_any_unit(unit):
    A, t = data(5, n=20_000, d=3)
    t = unit * (A.sum(1) + 1e-6 * t)
    path = ridge_path(A, t, alphas=[1.0, 1e-20])
    r = t - A @ path.w[1] - path.b[1]
    assert float(path.loss[1]) == pytest.approx(float(r.square().mean() / 2), rel=1e-8, abs=0)
    assert float(path.loss[1]) < 1e-10 * float(t.var())


def test_digits_of_a_message_are_those_of_the_dtype():
    A, t = data(5, n=20, d=3)
    assert "leaves 7 digits" in ridge(A.float(), t.float(), alpha=0.1).message
    assert "leaves 13 digits" in ridge(A, t, alpha=0.1).message


def test_of_as_many_degrees_of_freedom_as_rows_no_error_of_prediction_can_be_told():
    A, t = data(5, n=20, d=3)
    square = torch.column_stack((A, torch.randn(20, 16, generator=gen(2), dtype=F64)))
    path = ridge_path(square, t, alphas=[1e-2, 1e-18])
    assert float(path.df[1]) == pytest.approx(19, abs=1e-9)
    assert path.gcv.isnan().tolist() == [False, True]


@pytest.mark.parametrize("seed", [0, 1])
def test_sums_say_how_many_digits_are_left(seed):
    problem = built(200, 4, 1e4, noise=0.1, seed=seed)
    path = ridge_path_statistics(Statistics.of(problem.X, problem.y), alphas=[1e-12])
    right = ridge(problem.X, problem.y, alpha=1e-12)
    digits = int(re.search(r"leaves (\d+) digits", path.message)[1])
    assert 4 <= digits <= 9
    assert off(path.w[0], right.w) < 10.0**-digits
    nothing = Statistics.of(torch.ones(9, 2, dtype=F64), torch.ones(9, dtype=F64))
    hidden = ridge_path_statistics(nothing, alphas=[1e-3])
    assert float(hidden.w.abs().max()) == 0


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("free", [[], [4, 1]])
def test_sums_of_parts_that_lie_apart(free, ratio):
    """The shift of the sums is that of the first part, far from the mean."""
    A = torch.cat((X[:100], X[100:] + torch.arange(20.0, dtype=F64) ** 2))
    t = torch.cat((y[:100], y[100:] - 700))
    c = counts(300)
    sums = Statistics.of(A[:100], t[:100], weights=c[:100]) + Statistics.of(A[100:], t[100:], weights=c[100:])
    how = {"alphas": [30.0, 0.5], "unpenalised": free}
    if ratio:
        here = linreg.lasso_path_statistics(sums, l1_ratio=ratio, **how)
        there = linreg.lasso_path(A, t, weights=c, l1_ratio=ratio, **how)
    else:
        here, there = ridge_path_statistics(sums, **how), ridge_path(A, t, weights=c, **how)
        torch.testing.assert_close(here.gcv, there.gcv, rtol=1e-9, atol=0)
    for name in ("w", "b", "loss", "df"):
        torch.testing.assert_close(getattr(here, name), getattr(there, name), rtol=1e-9, atol=1e-10)
    r = t - A @ here.w[1] - here.b[1]
    assert float(here.loss[1]) == pytest.approx(float(c @ r.square() / c.sum() / 2), rel=1e-9)


def test_digits_do_not_depend_on_units():
    """The same sums times powers of two."""
    p = built(200, 6, 300.0, noise=0.1, seed=3)
    for alphas in ([1e-9], [1e-3, 1e-9]):
        plain = ridge_path_statistics(Statistics.of(p.X, p.y), alphas=alphas)
        assert re.search(r"leaves \d digits", plain.message)
        for x, t in ((-13, 20), (40, -7), (-400, 450), (500, -480)):
            there = Statistics.of(p.X * 2.0**x, p.y * 2.0**t)
            found = ridge_path_statistics(there, alphas=[a * 4.0**x for a in alphas])
            assert found.message == plain.message
            assert torch.equal(found.w * 2.0 ** (x - t), plain.w)


@pytest.mark.parametrize(
    ("free", "kappa", "alpha", "below"), [([], 30.0, 0.01, 0.001), ([1, 5], 1.5, 1.0, 0.01)]
)
def test_eigenvalues_tell_the_condition_number_of_many_columns(free, kappa, alpha, below):
    """A bound is all that is known of it without them, by which a pass over the rows would seem due."""
    p = built(700, 300, kappa, noise=0.1)
    path = ridge_path(p.X, p.y, alphas=[3 * alpha, alpha], unpenalised=free, leave_one_out=False)
    assert path.message.startswith("Ridge, by eigenvectors: at the smallest penalty the condition number is")
    assert float(re.search(r"at most ([\d.]+),", path.message)[1]) > 20
    w, _ = augmented(p.X, p.y, alpha, free)
    torch.testing.assert_close(path.w[1], w, rtol=0, atol=1e-12)
    path = ridge_path(p.X, p.y, alphas=[alpha, below], unpenalised=free, leave_one_out=False)
    assert "eigenvectors, refined once" in path.message


def test_a_penalty_below_the_rounding_of_sums():
    A = torch.column_stack((X[:, :2], X[:, 0]))
    for alphas, some in (([1e-300], "the"), ([1e-3, 1e-300], "the smallest")):
        said, seen = f"Ridge, by eigenvectors: {some} penalty is less than rounding of the sums. No digit", 0
        for seed in range(6):  # of which side of zero an eigenvalue is, rounding decides
            X4, y4 = data(seed, n=200, d=4)
            sums = Statistics.of(torch.column_stack((X4, X4[:, 0])), y4)
            path = ridge_path_statistics(sums, alphas=alphas)
            seen += path.message.startswith(said)
            assert path.message.startswith(said) or "leaves 0 digits" in path.message
            assert path.status == Status.NO_DIGITS
        assert seen
    fit = ridge(A, y, alpha=1e-6)
    assert fit.status == Status.OK
    assert float(fit.w[0]) == pytest.approx(float(fit.w[2]), rel=1e-9)  # equal columns share


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_wide_data(weighted, intercept, seed):
    """By products of rows and by those of columns the same."""
    A, t = data(seed, n=15, d=40)
    c = counts(15) if weighted else None
    alphas = [1.0, 1e-1, 1e-3]
    path = ridge_path(A, t, alphas=alphas, weights=c, intercept=intercept)
    share = (torch.ones(15, dtype=F64) if c is None else c) / (15 if c is None else c.sum())
    Z = A - share @ A if intercept else A
    middle = share @ t if intercept else torch.zeros((), dtype=F64)
    for i, alpha in enumerate(alphas):
        G = Z.T @ (share.unsqueeze(1) * Z)
        w = torch.linalg.solve(G + alpha * torch.eye(40, dtype=F64), Z.T @ (share * (t - middle)))
        torch.testing.assert_close(path.w[i], w, rtol=1e-9, atol=1e-11)
        values = torch.linalg.eigvalsh(G).clamp(min=0)
        assert float(path.df[i]) == pytest.approx(float((values / (values + alpha)).sum()), rel=1e-9)
        fit = ridge(A, t, alpha=alpha, weights=c, intercept=intercept)
        torch.testing.assert_close(fit.w, path.w[i], rtol=1e-10, atol=1e-12)
        r = t - A @ path.w[i] - path.b[i]
        assert float(path.loss[i]) == pytest.approx(float(share @ r.square() / 2), rel=1e-9)
        assert float(path.violation[i]) < 1e-13
    assert "products of 15 rows of 40 columns" in path.message


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("free", [(), (0,)])
def test_wide_columns_in_very_different_units(seed, free):
    """Judged by the rows, in the coordinates of the problem: the largest column's unit."""
    g = gen(seed)
    A = torch.randn(20, 28, generator=g, dtype=F64)
    A *= 10.0 ** torch.randint(-8, 9, (28,), generator=g).double()
    t = torch.randn(20, generator=g, dtype=F64)
    path = ridge_path(A, t, alphas=12, unpenalised=free)
    charged = torch.ones(28, dtype=F64)
    charged[list(free)] = 0
    Z, level = A - A.mean(0), t - t.mean()
    scale = float((Z.T @ level / 20).abs().max())
    for fit in path:
        left = Z.T @ (level - Z @ fit.w) / 20 - fit.alpha * charged * fit.w
        assert float(left.abs().max()) < 2e-13 * scale
    assert float(path.violation.max()) < 2e-13
    assert float(path.gap.max()) < 1e-12


def test_many_columns_make_no_square_matrix():
    """20,000 columns: their products would take 3.2 GB."""
    A = torch.randn(10, 20_000, generator=gen(), dtype=F64)
    t = torch.randn(10, generator=gen(1), dtype=F64)
    rows = rows_of(A, t, True, None)
    assert rows.wide
    assert Kernel.of(rows.problem(False), rows).V.shape == (10, 10)


@pytest.mark.parametrize("intercept", [False, True])
def test_equal_and_constant_columns_in_wide_data(intercept):
    A, t = data(1, n=6, d=8)
    A = torch.column_stack((A, A[:, 0], torch.zeros(6, dtype=F64)))
    fit = ridge(A, t, alpha=0.1, intercept=intercept)
    assert float(fit.w[0]) == pytest.approx(float(fit.w[8]), rel=1e-10)
    assert float(fit.w[9]) == 0
    assert left(A, t, fit, 0.1) < 1e-14


# What comes out, and what is refused.


def test_dtypes():
    A, t = data(0, dtype=torch.float32)
    assert ridge(A, t, alpha=1.0).w.dtype == torch.float32
    assert ridge(A, t, alpha=1.0, dtype=F64).w.dtype == F64
    path = ridge_path(A, t, alphas=[1.0])
    assert path.w.dtype == path.b.dtype == path.loss.dtype == F64
    w, _ = exact(A, t, 1.0)
    assert off(path.w[0], w) < 1e-13  # float32 data have a float64 answer
    fit = ridge(A.double(), t.double() * 1e60, alpha=1e-3, dtype=torch.float32)
    assert fit.status == Status.OUT_OF_RANGE


def test_the_penalties_of_a_path():
    path = ridge_path(X, y, alphas=[1.0, 3.0, 2.0])
    assert path.alpha.tolist() == [3.0, 2.0, 1.0]
    assert (
        torch.equal(path[1].w, ridge_path(X, y, alphas=torch.tensor([2.0])).w[0])
        or off(path[1].w, ridge(X, y, alpha=2.0).w) < 1e-13
    )
    many = ridge_path(X, y, alphas=7)
    largest = float(torch.linalg.eigvalsh((X - X.mean(0)).T @ (X - X.mean(0)) / 300)[-1])
    torch.testing.assert_close(many.alpha, largest * torch.logspace(1, -4, 7, dtype=F64), rtol=1e-12, atol=0)
    nothing = ridge_path(torch.ones(9, 2, dtype=F64), y[:9], alphas=3)
    torch.testing.assert_close(nothing.alpha, torch.logspace(1, -4, 3, dtype=F64), rtol=1e-12, atol=0)
    wide = ridge_path(X[:10], y[:10], alphas=3)
    Z = X[:10] - X[:10].mean(0)
    top = float(torch.linalg.eigvalsh(Z @ Z.T / 10)[-1]) * 10
    assert float(wide.alpha[0]) == pytest.approx(top, rel=1e-10)


def test_it_says_what_it_is():
    path = ridge_path(X, y, alphas=[1.0, 0.7, 0.5])
    assert repr(path) == "RegularisationPath(3 fits of 20 weights, alpha 1 to 0.5, status='ok')"
    assert len(path) == 3
    assert path.zero.tolist() == [0, 0, 0]
    fit = ridge(X[:, :1], y, alpha=1.0)
    assert re.fullmatch(
        r"PenalisedFit\(w=\[[\d.]+\], b=[-\d.]+, alpha=1, df=[\d.]+, status='ok', method='ridge'\)", repr(fit)
    )
    assert isinstance(fit, linreg.Fit)


def test_nothing_is_changed():
    A, t, c = X.clone(), y.clone(), counts(300)
    with unchanged(A, t, c):
        ridge(A, t, alpha=1.0, weights=c)
        ridge_path(A, t, alphas=[1.0, 0.0], weights=c)
        ridge_path(A[:10], t[:10], alphas=[1.0], weights=c[:10])
    sums = Statistics.of(A, t)
    with unchanged(sums.M):
        ridge_path_statistics(sums, alphas=3)


def test_rows_of_weight_zero_do_not_count():
    c = counts(300)
    c[:100] = 0
    fit, short = ridge(X, y, alpha=0.5, weights=c), ridge(X[100:], y[100:], alpha=0.5, weights=c[100:])
    torch.testing.assert_close(fit.w, short.w, rtol=1e-12, atol=0)
    path = ridge_path(X, y, alphas=[0.5], weights=c)
    there = ridge_path(X[100:], y[100:], alphas=[0.5], weights=c[100:])
    torch.testing.assert_close(path.left_out, there.left_out, rtol=1e-12, atol=0)
    torch.testing.assert_close(path.gcv, there.gcv, rtol=1e-12, atol=0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("n", [300, 12])
def test_an_entry_that_is_no_number(n, bad):
    """Also of a row that does not count, and of wide data, of which there are no sums."""
    c = counts(n)
    c[3] = 0
    for entry in ("X", "y"):
        A, t = X[:n].clone(), y[:n].clone()
        (A[3] if entry == "X" else t[3:])[0] = bad
        for weights in (None, c):
            for call in (ridge, linreg.lasso):
                with pytest.raises(linreg.DataError, match=f"`{entry}`.* finite"):
                    call(A, t, alpha=0.1, weights=weights)


@pytest.mark.parametrize("alpha", [-1.0, math.nan, math.inf])
def test_what_is_no_penalty(alpha):
    with pytest.raises(linreg.RangeError, match="`alpha` must be a finite number, 0 or above"):
        ridge(X, y, alpha=alpha)
    sums = Statistics.of(X, y)
    for call in (
        lambda a: ridge_path(X, y, alphas=a),
        lambda a: ridge_path_statistics(sums, alphas=a),
    ):
        with pytest.raises(linreg.RangeError, match="`alphas` must be finite numbers, 0 or above"):
            call([alpha])
        with pytest.raises(linreg.RangeError, match="`alphas` must be an integer of 1 or more; got 0"):
            call(0)


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("n", [300, 12])
def test_a_constant_column_changes_nothing(n, standardise):
    """Nor does its size, beside columns of whatever size."""
    A, t = X[:n], y[:n]
    for x in (0, -400, 400):
        for constant in (0.0, 3.0, -1e6):
            more = torch.column_stack((torch.full_like(t, constant), A * 2.0**x))
            scale = 1.0 if standardise else 4.0**x
            path = ridge_path(more, t, alphas=[scale, 0.1 * scale], standardise=standardise)
            plain = ridge_path(A, t, alphas=[1.0, 0.1], standardise=standardise)
            torch.testing.assert_close(path.w[:, 1:] * 2.0**x, plain.w, rtol=0, atol=1e-12)
            assert float(path.w[:, 0].abs().max()) == 0
            for name in ("b", "loss", "df", "gcv", "left_out"):
                torch.testing.assert_close(getattr(path, name), getattr(plain, name), rtol=1e-11, atol=0)
            assert path.status is Status.OK


def test_dependent_columns_have_an_answer():
    problem = dependent(60, 5, 3)
    fit = ridge(problem.X, problem.y, alpha=0.2)
    assert fit.status == Status.OK
    assert left(problem.X, problem.y, fit, 0.2) < 20 * EPS * 60


# Columns that no penalty is for.

FREE = [7, 0, 12]


def augmented(X, y, alpha, free, c=None, intercept=True, standardise=False):
    """Least squares on a row more for each penalised column, by `certified`: w and b."""
    d = X.shape[1]
    c = torch.ones_like(y) if c is None else c
    A = torch.column_stack((X, torch.ones_like(y))) if intercept else X
    Z = X - (c @ X / c.sum() if intercept else 0)
    charged = (c @ Z.square() / c.sum()) if standardise else torch.ones(d, dtype=F64)
    charged = (charged * alpha * c.sum()).sqrt().index_fill(0, torch.tensor(free, dtype=torch.long), 0)
    more = torch.nn.functional.pad(torch.diag(charged), (0, int(intercept)))
    more = more[more.any(1)]
    A, t = torch.cat((A * c.sqrt()[:, None], more)), torch.cat((y * c.sqrt(), y.new_zeros(len(more))))
    found = linreg.certified(A, t, intercept=False).w
    return found[:d], float(found[d]) if intercept else 0.0


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [1e-4, 0.1, 100.0])
def test_free_columns_are_least_squares_without_their_rows(alpha, weighted, intercept, standardise):
    c = counts(300) if weighted else None
    w, b = augmented(X, y, alpha, FREE, c, intercept, standardise)
    how = {"intercept": intercept, "standardise": standardise, "unpenalised": FREE}
    fit = ridge(X, y, alpha=alpha, weights=c, **how)
    path = ridge_path(X, y, alphas=[alpha, 3 * alpha], weights=c, **how)
    sums = ridge_path_statistics(Statistics.of(X, y, weights=c), alphas=[alpha, 3 * alpha], **how)
    for found in (fit, path[-1], sums[-1]):
        assert found.status is Status.OK
        torch.testing.assert_close(found.w, w, rtol=0, atol=1e-12 * float(w.abs().max()))
        assert float(found.b) == pytest.approx(b, rel=1e-11, abs=1e-12)
        assert found.violation < 1e-13
        assert 0 <= found.gap < 1e-25


@pytest.mark.parametrize("seed", [0, 1])
def test_free_columns_are_taken_out_of_the_others(seed):
    """Frisch, Waugh and Lovell: ridge of what the free columns leave, and then least squares on these."""
    p = built(200, 12, 30.0, noise=0.3, seed=seed)
    free, others = [1, 4, 5], [j for j in range(12) if j not in (1, 4, 5)]
    F, P = p.X[:, free], p.X[:, others]
    left = torch.stack([linreg.residuals(F, column, linreg.solve(F, column)) for column in P.T], 1)
    fit = ridge(p.X, p.y, alpha=0.05, unpenalised=free)
    alone = ridge(left, linreg.residuals(F, p.y, linreg.solve(F, p.y)), alpha=0.05)
    torch.testing.assert_close(fit.w[others], alone.w, rtol=0, atol=1e-12)
    again = linreg.solve(F, p.y - P @ fit.w[others])
    torch.testing.assert_close(fit.w[free], again.w, rtol=0, atol=1e-12)
    assert fit.df == pytest.approx(alone.df + 3, rel=1e-12)
    assert float(fit.loss) == pytest.approx(float(alone.loss), rel=1e-11)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("name", ["tall", "wide", "square"])
def test_left_out_beside_free_columns(name, intercept, weighted):
    """Each row left out in turn, in data of more rows than columns and of fewer."""
    n, d = {"tall": (40, 8), "wide": (12, 30), "square": (10, 10)}[name]
    A, t = data(3, n, d)
    c, alphas = counts(n) if weighted else None, [1.0, 0.03]
    how = {"intercept": intercept, "unpenalised": [5, 2]}
    path = ridge_path(A, t, alphas=alphas, weights=c, **how)
    total = torch.ones_like(t) if c is None else c
    for k, alpha in enumerate(alphas):
        out = []
        for i in range(n):
            rest = [j for j in range(n) if j != i]
            some = total[rest]
            there = alpha * total.sum() / some.sum()  # the sum of squares beside the same penalty
            w, b = augmented(A[rest], t[rest], float(there), [5, 2], some, intercept)
            out.append(float((t[i] - A[i] @ w - b) ** 2))
        expected = float(total @ torch.tensor(out, dtype=F64) / total.sum())
        assert float(path.left_out[k]) == pytest.approx(expected, rel=1e-9)
        w, b = augmented(A, t, alpha, [5, 2], c, intercept)
        torch.testing.assert_close(path.w[k], w, rtol=0, atol=1e-11 * float(w.abs().max()))
        assert float(path.b[k]) == pytest.approx(b, rel=1e-9, abs=1e-11)
        r = t - A @ w - b
        assert float(path.loss[k]) == pytest.approx(float(total @ r.square() / total.sum() / 2), rel=1e-9)
        assert 0 <= float(path.gap[k]) < 1e-24
        fit = ridge(A, t, alpha=alpha, weights=c, **how)
        torch.testing.assert_close(fit.w, path.w[k], rtol=0, atol=1e-11 * float(w.abs().max()))


@pytest.mark.parametrize("n", [300, 12])
def test_degrees_of_freedom_beside_free_columns(n):
    """The trace, from predictions of unit targets."""
    A = X[:n]
    path = ridge_path(A, y[:n], alphas=[0.5], unpenalised=FREE)
    one = torch.eye(n, dtype=F64)
    trace = sum(float(ridge(A, t, alpha=0.5, unpenalised=FREE).predict(A)[i]) for i, t in enumerate(one))
    assert float(path.df) == pytest.approx(trace - 1, rel=1e-10)  # the intercept is not counted
    rest = 1 - trace / n
    assert float(path.gcv) == pytest.approx(float(2 * path.loss / rest**2), rel=1e-9)


@pytest.mark.parametrize("kappa", [1e3, 1e6])
@pytest.mark.parametrize("alpha", [1e-8, 1e-3])
def test_free_columns_that_nearly_depend_on_the_others(alpha, kappa):
    """Partialling out of sums loses digits there; the rows bring them back."""
    p = built(100, 6, kappa, noise=1e-3)
    w, _ = augmented(p.X, p.y, alpha, [0, 3])
    path = ridge_path(p.X, p.y, alphas=[alpha, 10 * alpha], unpenalised=[0, 3])
    assert path.status is Status.OK
    for found in (path[-1], ridge(p.X, p.y, alpha=alpha, unpenalised=[0, 3])):
        # the condition number of all rows, those of the penalty included, is what is left of kappa
        torch.testing.assert_close(found.w, w, rtol=0, atol=1e-9 * float(w.abs().max()))
    units = torch.logspace(-150, 150, 6, dtype=F64)
    scaled = ridge(p.X * units, p.y, alpha=alpha, standardise=True, unpenalised=[0, 3])
    plain = ridge(p.X, p.y, alpha=alpha, standardise=True, unpenalised=[0, 3])
    torch.testing.assert_close(scaled.w * units, plain.w, rtol=0, atol=1e-9 * float(plain.w.abs().max()))


def test_free_columns_that_depend_on_each_other():
    """The first of them are taken; others would predict the same."""
    again = torch.column_stack((X, X[:, 0] - X[:, 1], torch.full_like(y, 3.0)))
    for A, t in ((again, y), (again[:15], y[:15])):
        with_all = ridge(A, t, alpha=0.1, unpenalised=[0, 1, 20, 21])
        some = ridge(A[:, :20], t, alpha=0.1, unpenalised=[0, 1])
        assert (with_all.status, some.status) == (Status.RANK_DEFICIENT, Status.OK)
        assert "2 free columns depend on others" in with_all.message
        torch.testing.assert_close(with_all.w[:20], some.w, rtol=0, atol=1e-11)
        assert float(with_all.w[20:].abs().max()) < 1e-11
        path = ridge_path(A, t, alphas=[0.1, 0.01], unpenalised=[0, 1, 20])
        assert "A free column depends on others" in path.message
        torch.testing.assert_close(path[0].w[:20], some.w, rtol=0, atol=1e-11)
        few = ridge_path(A[:, :20], t, alphas=[0.1, 0.01], unpenalised=[0, 1])
        torch.testing.assert_close(path.left_out, few.left_out, rtol=1e-9, atol=0)
    sums = ridge_path_statistics(Statistics.of(again, y), alphas=[0.1], unpenalised=[0, 1, 20, 21])
    torch.testing.assert_close(
        sums[0].w[:20], ridge(X, y, alpha=0.1, unpenalised=[0, 1]).w, rtol=0, atol=1e-11
    )


def test_a_free_column_of_each_row():
    """As many free columns as rows leave nothing to fit, and no row to leave out."""
    path = ridge_path(X[:4, :6], y[:4], alphas=[0.1], unpenalised=[0, 1, 2])
    assert float(path.loss) < 1e-20
    assert bool(path.left_out.isnan())
    assert float(path.df) == pytest.approx(3, rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_row_that_a_free_column_alone_tells_cannot_be_left_out(weighted):
    """No other row knows its weight."""
    A = torch.column_stack((X, torch.eye(300, dtype=F64)[7]))
    c = counts(300) if weighted else None
    path = ridge_path(A, y, alphas=[1.0, 0.1], unpenalised=[20], weights=c)
    assert bool(path.left_out.isnan().all())
    assert bool(ridge_path(A, y, alphas=[1.0, 0.1], weights=c).left_out.isfinite().all())
    rest = torch.arange(300) != 7
    share = 300 / 299 if c is None else float(c.sum() / c[rest].sum())
    less = None if c is None else c[rest]
    without = ridge_path(X[rest], y[rest], alphas=[share, 0.1 * share], weights=less)
    torch.testing.assert_close(path.w[:, :20], without.w, rtol=0, atol=1e-12)


def test_free_columns_in_float32():
    A, t = X.float(), y.float()
    fit = ridge(A, t, alpha=0.1, unpenalised=FREE)
    assert fit.w.dtype == torch.float32
    w, _ = augmented(A.double(), t.double(), 0.1, FREE)
    found = ridge(A, t, alpha=0.1, unpenalised=FREE, dtype=F64)
    torch.testing.assert_close(found.w, w, rtol=0, atol=1e-12 * float(w.abs().max()))
    thrice = torch.column_stack((A, A[:, 0] / 3))
    assert ridge(thrice, t, alpha=0.1, unpenalised=[0, 20]).status is Status.RANK_DEFICIENT


@pytest.mark.parametrize(
    ("unpenalised", "error", "said"),
    [
        ([20], linreg.RangeError, "columns of `X`, 0 to 19; got 20"),
        ([1, 1], linreg.RangeError, "must name each column once"),
        (range(20), linreg.RangeError, "got all 20. Use `solve`"),
        ("1", linreg.DtypeError, "must be a list of columns; got str"),
    ],
)
def test_what_is_no_free_column(unpenalised, error, said):
    sums = Statistics.of(X, y)
    for call in (
        lambda: ridge(X, y, alpha=0.1, unpenalised=unpenalised),
        lambda: ridge_path(X, y, unpenalised=unpenalised),
        lambda: ridge_path_statistics(sums, unpenalised=unpenalised),
    ):
        with pytest.raises(error, match=said):
            call()


def test_free_columns_far_from_zero_that_differ_a_little():
    """A spread of 1e-4 at 1e9 has three digits: the other column does not make it up."""
    z = torch.randn(60, 3, generator=gen(), dtype=F64)
    far = torch.tensor([1e9, 1e9, 0.0], dtype=F64)
    A = torch.column_stack((z[:, 0], z[:, 0] + 1e-4 * z[:, 1], z[:, 2])) + far
    fits = [ridge(B, z.sum(1), alpha=0.1, unpenalised=[0, 1]) for B in (A, A - far)]
    assert fits[0].status is fits[1].status is Status.OK
    torch.testing.assert_close(fits[0].w, fits[1].w, rtol=1e-6, atol=0)


@pytest.mark.parametrize("d", [3, 40])
def test_errors_without_a_row_are_there_where_they_are_asked_for(d):
    A, t = data(5, n=20, d=d)
    assert ridge_path(A, t, alphas=[1.0, 0.1], leave_one_out=False).left_out is None
    assert ridge_path(A, t, alphas=[1.0, 0.1]).left_out.shape == (2,)


@pytest.mark.parametrize("alphas", [[1e-300], [1.0, 1e-300]])
def test_of_sums_a_penalty_less_than_their_rounding_leaves_no_digit(alphas):
    A, t = data(5, n=20, d=3)
    sums = Statistics.of(torch.column_stack((A, A.sum(1), A[:, 0])), t)
    path = ridge_path_statistics(sums, alphas=alphas)
    assert path.status is Status.NO_DIGITS
    assert path.message.startswith("Ridge, by eigenvectors: ")
    assert "penalty is less than rounding of the sums. No digit of the weights is certain" in path.message
    assert bool(path.w.isfinite().all())
