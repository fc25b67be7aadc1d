"""The lasso and the elastic net: conditions, knots, gaps, peers, hard data, wide data."""

import itertools
import math

import numpy as np
import pytest
import torch
from problems import gen, unchanged
from sklearn.linear_model import ElasticNet, Lasso, lars_path

import linreg
from linreg import Statistics, Status, elastic_net, lasso, lasso_path, lasso_path_statistics
from linreg.generalised.penalised import lasso_along, lasso_solver
from linreg.generalised.penalised.lasso_solver import answers
from linreg.generalised.penalised.quadratic import OfRows, OfSums, violation_and_gap

F64 = torch.float64
X, y, _, _ = linreg.ordinary(dtype=F64)
GRID = torch.logspace(0, -3, 12, dtype=F64).tolist()


def wide(seed=0, n=30, d=200, dtype=F64):
    A = torch.randn(n, d, generator=gen(seed), dtype=F64)
    t = A[:, :4].sum(1) + 0.5 * torch.randn(n, generator=gen(seed + 1), dtype=F64) + 2
    return A.to(dtype), t.to(dtype)


def counts(n):
    return 0.2 + torch.rand(n, generator=gen(9), dtype=F64)


def judged(A, t, w, b, alpha, ratio, c=None, charged=None, free=()):
    """How far the conditions are from holding, from the rows, and the duality gap, both of their scale."""
    c = torch.ones_like(t) if c is None else c
    c = c / c.sum()
    charged = torch.ones_like(w) if charged is None else charged
    near, level = (c @ A).round(), (c @ t).round()
    A, t = A - near, t - level  # exact where rows lie far from zero: else they would judge their own rounding
    r = t - A @ w
    b = b - level + near @ w
    assert abs(float(b - c @ r)) < 1e-14 * (1 + float(near.abs() @ w.abs() + level.abs() + t.abs().max()))
    r -= c @ r
    Z = (A - c @ A) / charged
    u, l1, l2 = w * charged, alpha * ratio, alpha * (1 - ratio)
    slope, scale = Z.T @ (c * r), float((Z.T @ (c * (t - c @ t))).abs().max())
    left = slope - l2 * u
    off = torch.where(u == 0, (left.abs() - l1).clamp(min=0), (left - l1 * u.sign()).abs())
    off[list(free)] = slope[list(free)].abs()
    penalty = l1 * u.abs().sum() + l2 / 2 * u.square().sum()
    primal = c @ r.square() / 2 + penalty
    if ratio == 1:
        shorter = min(1.0, l1 / float(slope.abs().max()))
        dual = shorter * (c * r) @ (t - c @ t) - shorter**2 * (c @ r.square()) / 2
    else:
        beyond = (slope.abs() - l1).clamp(min=0)
        dual = (c * r) @ (t - c @ t) - c @ r.square() / 2 - beyond.square().sum() / (2 * l2)
    whole = float(c @ (t - c @ t).square()) / 2
    return float(off.max()) / scale, float(primal - dual) / whole


# The conditions of the minimum, on built problems.


def problems():
    g = gen(3)
    mixed = torch.randn(80, 12, generator=g, dtype=F64) @ torch.randn(12, 12, generator=g, dtype=F64)
    target = mixed[:, 0] + torch.randn(80, generator=g, dtype=F64)
    whole = torch.randint(-2, 3, (40, 10), generator=g).double()
    ties = torch.randint(-3, 4, (40,), generator=g).double()
    dummies = torch.eye(4, dtype=F64)[torch.randint(0, 4, (60,), generator=g)]
    A, t = wide()
    return {
        "ordinary": (X, y),
        "mixed": (mixed, target),
        "equal": (torch.column_stack((X, X[:, 0], -X[:, 1])), y),
        "constant": (torch.column_stack((X, torch.full((300,), 3.0, dtype=F64))), y),
        "ties": (whole, ties),
        "dummies": (dummies, torch.randn(60, generator=g, dtype=F64)),
        "units": (X * torch.logspace(-4, 4, 20, dtype=F64), y),
        "far": (X + 1e4, y + 1e4),
        "few": (X[:19], y[:19]),
        "wide": (A, t),
        "wide equal": (torch.column_stack((A, A[:, 0], torch.zeros(30, dtype=F64))), t),
        "wide ties": (torch.randint(-1, 2, (12, 60), generator=g).double(), t[:12].round()),
    }


PROBLEMS = problems()


@pytest.mark.parametrize("ratio", [1.0, 0.7, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_conditions_hold(name, weighted, ratio):
    A, t = PROBLEMS[name]
    c = counts(len(t)) if weighted else None
    path = lasso_path(A, t, alphas=20, l1_ratio=ratio, weights=c)
    assert path.status in (Status.OK, Status.RANK_DEFICIENT), path.message
    assert float(path.violation.max()) < 1e-12
    assert float(path.gap.max()) < 1e-12
    for i in range(20):
        found = judged(A, t, path.w[i], path.b[i], float(path.alpha[i]), ratio, c)
        assert max(found) < 1e-12, i
    assert int(path.zero[0]) == A.shape[1]
    if ratio == 1:
        assert torch.equal(path.df, (path.w != 0).sum(1).double())


@pytest.mark.parametrize("seed", range(60))
def test_random_designs(seed):
    """Mixed, repeated and constant columns, integers with ties, more columns than rows."""
    g = gen(seed)
    n, d = (int(torch.randint(5, 40, (1,), generator=g)) for _ in range(2))
    A = torch.randn(n, d, generator=g, dtype=F64)
    kind = seed % 5
    A = [
        A,
        A @ torch.randn(d, d, generator=g, dtype=F64),
        torch.column_stack((A, A[:, : d // 2], -A[:, : d // 3])),
        torch.randint(-2, 3, (n, d), generator=g).double(),
        torch.column_stack((A, torch.zeros(n, 2, dtype=F64))),
    ][kind]
    t = torch.randn(n, generator=g, dtype=F64)
    A, t = A - A.mean(0), t - t.mean()
    if kind == 3:
        t = t.sign()
    G, q = A.T @ A / n, A.T @ t / n
    penalties = [float(q.abs().max()) * share for share in GRID]
    for form in (OfSums(G, q, float(t @ t) / n), OfRows(A / n**0.5, t / n**0.5, q)):
        found = answers(form, penalties, [0.0] * len(penalties), float(t @ t) / n)
        l1 = torch.tensor(penalties, dtype=F64)
        off, gap = violation_and_gap(*form.at(found.U), found.U, l1, torch.zeros_like(l1))
        assert float(off.max()) < 1e-12 * float(q.abs().max())
        assert float(gap.max()) < 1e-11 * float(t @ t) / n  # columns mixed until they nearly depend
        assert all(a >= b for a, b in itertools.pairwise(found.knots.at))
        net = answers(form, penalties, [p / 2 for p in penalties], float(t @ t) / n)
        assert float(net.violation.max()) < 1e-12
        assert float(net.gap.max()) < 1e-12


def test_all_is_zero_from_the_first_knot_on():
    path = lasso_path(X, y)
    top = float(path.alpha[0])
    largest = ((X - X.mean(0)).T @ (y - y.mean()) / 300).abs().max()
    assert top == pytest.approx(float(largest), rel=1e-13)
    assert float(path.knots[0]) == top
    torch.testing.assert_close(path.alpha, top * torch.logspace(0, -3, 100, dtype=F64), rtol=1e-12, atol=0)
    assert int(path.zero[0]) == 20
    assert torch.equal(lasso(X, y, alpha=top).w, torch.zeros(20, dtype=F64))
    assert torch.equal(lasso(X, y, alpha=2 * top).w, torch.zeros(20, dtype=F64))
    assert float(lasso(X, y, alpha=2 * top).b) == pytest.approx(float(y.mean()), rel=1e-12)
    assert int((lasso(X, y, alpha=0.999 * top).w != 0).sum()) == 1
    A, t = wide()
    assert int(lasso_path(A, t).zero[0]) == 200


@pytest.mark.parametrize("ratio", [0.9, 0.5, 0.1])
def test_active_sets_of_ordinary_data_settle_at_once(ratio, monkeypatch):
    """Each penalty from the active set of the one before, in two rounds or less; no homotopy of it."""
    rounds, slopes = [], lasso_solver._slopes
    monkeypatch.setattr(OfSums, "path", None)
    monkeypatch.setattr(lasso_solver, "_slopes", lambda *how: rounds.append(how) or slopes(*how))
    path = lasso_path(X, y, alphas=20, l1_ratio=ratio)
    assert path.message == "Elastic net, by active sets, from sums of 300 rows."
    assert 20 <= len(rounds) <= 40
    assert float(path.violation.max()) < 1e-14


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("name", ["ordinary", "faint", "wide"])
def test_a_path_that_is_off_says_by_how_much(name, ratio, monkeypatch):
    """In whatever units. Left to itself, it is mended."""
    A, t = PROBLEMS["wide" if name == "wide" else "ordinary"]
    if name == "faint":
        t = t - 0.999999 * linreg.solve(A, t).predict(A)  # hardly explained: slopes are far smaller than y
    A, t = A * 0.37, t * (1e9 if name == "faint" else 1000)
    right = lasso_path(A, t, alphas=[100.0, 20.0], l1_ratio=ratio)
    for form in (OfSums, OfRows):

        def off(self, penalties, l2, path=form.path):
            lines, knots = path(self, penalties, l2)
            return lines._replace(U=lines.U * (1 + 1e-5)), knots

        monkeypatch.setattr(form, "path", off)
    monkeypatch.setattr(lasso_solver, "_settled", lambda *how: None)
    mended = lasso_path(A, t, alphas=[100.0, 20.0], l1_ratio=ratio)
    assert mended.status is Status.OK
    torch.testing.assert_close(mended.w, right.w, rtol=0, atol=1e-10)  # of thousands
    monkeypatch.setattr(lasso_solver, "CLOSE", 1.0)
    path = lasso_path(A, t, alphas=[100.0, 20.0], l1_ratio=ratio)
    assert path.status is Status.NOT_CONVERGED
    told = [judged(A, t, path.w[i], path.b[i], a, ratio) for i, a in enumerate((100.0, 20.0))]
    assert path.violation.tolist() == pytest.approx([violation for violation, _ in told], rel=1e-6)
    assert path.gap.tolist() == pytest.approx([gap for _, gap in told], rel=1e-3)
    off, gap = float(path.violation.max()), float(path.gap.max())
    assert f"off by {off:.1g} of the largest slope, and the loss by at most {gap:.1g}:" in path.message


@pytest.mark.parametrize("name", ["violation", "gap"])
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_ten_digits_of_each_answer_are_promised(ratio, which, name, monkeypatch):
    """Whichever penalty lacks them, and of whichever measure."""
    for off, status in ((0.9e-10, Status.OK), (1.1e-10, Status.NOT_CONVERGED), (math.nan, None)):

        def found(*how, off=off):
            right = answers(*how)
            return right._replace(**{name: getattr(right, name).index_fill(0, torch.tensor([which]), off)})

        monkeypatch.setattr(lasso_along, "answers", found)
        path = lasso_path(X, y, alphas=[1.0, 0.1], l1_ratio=ratio)
        assert path.status is (status or Status.NOT_CONVERGED)
        assert ("of the slopes. Ask for larger penalties" in path.message) == (status is not Status.OK)


@pytest.mark.parametrize("l2", [0.0, 0.03])
@pytest.mark.parametrize("wide", [False, True])
def test_an_answer_that_is_a_little_off_is_polished(wide, l2):
    """Its signs are right: what is left of the slopes says the way."""
    Z, t = X - X.mean(0), y - y.mean()
    form = OfRows(Z / 300**0.5, t / 300**0.5, Z.T @ t / 300)
    if not wide:
        form = OfSums(Z.T @ Z / 300, form.q, float(t @ t) / 300)
    fit = elastic_net(X, y, alpha=0.3 + l2, l1_ratio=0.3 / (0.3 + l2))
    some = fit.w != 0
    assert 3 < int(some.sum()) < 20
    noise = 1e-5 * torch.randn(20, generator=gen(), dtype=F64) * some
    found = lasso_solver._polished(form, fit.w + noise, fit.w.sign(), 0.3, l2)
    torch.testing.assert_close(found, fit.w, rtol=0, atol=1e-13)
    none = torch.zeros(20, dtype=F64)
    assert torch.equal(lasso_solver._polished(form, none, none, 0.3, l2), none)


def test_what_cannot_be_solved_for_stays_as_it_is():
    """A column of which nothing is left, among the active ones."""
    form = OfSums(torch.diag(torch.tensor([1.0, 0.0], dtype=F64)), torch.ones(2, dtype=F64), 1.0)
    u = torch.tensor([0.5, 0.25], dtype=F64)
    assert torch.equal(lasso_solver._polished(form, u, u.sign(), 0.3, 0.0), u)


def test_a_penalty_on_squares_below_rounding():
    """It tells nothing of how equal columns share; the answer is one of the lasso all the same."""
    twice = torch.column_stack((X, X))
    net = elastic_net(twice, y, alpha=0.1, l1_ratio=1 - 2**-53)
    assert net.violation < 1e-14
    assert 0 <= net.gap < 1e-14
    torch.testing.assert_close(net.w[:20] + net.w[20:], lasso(X, y, alpha=0.1).w, rtol=1e-11, atol=0)


# The path between knots.


@pytest.mark.parametrize("name", ["ordinary", "mixed", "wide"])
def test_straight_lines_between_knots(name):
    A, t = PROBLEMS[name]
    path = lasso_path(A, t, alphas=50)
    knots = path.knots[path.knots >= path.alpha[-1]]
    at_knots = lasso_path(A, t, alphas=knots)
    for i in range(len(knots) - 1):
        if float(knots[i] - knots[i + 1]) < 1e-9 * float(knots[0]):
            continue
        middle = lasso_path(A, t, alphas=[float(knots[i] + knots[i + 1]) / 2])
        torch.testing.assert_close(
            middle.w[0], (at_knots.w[i] + at_knots.w[i + 1]) / 2, rtol=1e-8, atol=1e-10
        )


def test_a_knot_is_where_its_column_enters_or_leaves():
    A, t = PROBLEMS["mixed"]
    path = lasso_path(A, t)
    inside: set[int] = set()
    knots = path.knots.tolist()
    for knot, later, j in zip(knots[:-1], knots[1:], path.changes.tolist(), strict=False):
        inside ^= {j}
        below = lasso(A, t, alpha=(knot + later) / 2)
        assert set(below.w.nonzero().flatten().tolist()) == inside


@pytest.mark.parametrize("name", ["ordinary", "mixed", "few", "wide", "wide ties"])
def test_at_a_knot_no_weight_is_on_the_wrong_side_of_zero(name):
    A, t = PROBLEMS[name]
    path = lasso_path(A, t)
    some = path.knots >= path.alpha[-1]
    knots, columns = path.knots[some], path.changes[some]
    at_knots = lasso_path(A, t, alphas=knots)
    assert at_knots.status is Status.OK  # a column that is about to enter is no twin of those that have
    rows = f"{len(t)} rows" if A.shape[1] >= len(t) else f"sums of {len(t)} rows"
    assert at_knots.message == f"Lasso, by homotopy, {len(at_knots.knots)} knots, from {rows}."
    for i, (w, b) in enumerate(zip(at_knots.w, at_knots.b, strict=True)):
        slope = (A - A.mean(0)).T @ (t - A @ w - b)
        assert bool((slope * w >= 0).all()), i
        assert abs(float(w[columns[i]])) < 1e-11, i


def test_lars_of_scikit_learn():
    A, t = PROBLEMS["mixed"]
    knots, _, weights = lars_path((A - A.mean(0)).numpy(), (t - t.mean()).numpy(), method="lasso")
    ours = lasso_path(A, t, alphas=knots[knots > 1e-6].tolist())
    np.testing.assert_allclose(ours.w.T, weights[:, knots > 1e-6], atol=1e-9)
    seen = lasso_path(A, t, alphas=[1e-6]).knots
    np.testing.assert_allclose(seen, knots[knots > 1e-6], rtol=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("alpha", [1.0, 0.1, 0.01])
def test_scikit_learn(alpha, seed):
    t = y + torch.randn(300, generator=gen(seed), dtype=F64)
    peer = Lasso(alpha=alpha, tol=1e-14, max_iter=10**6).fit(X.numpy(), t.numpy())
    fit = lasso(X, t, alpha=alpha)
    np.testing.assert_allclose(fit.w, peer.coef_, atol=1e-12)
    assert float(fit.b) == pytest.approx(peer.intercept_, rel=1e-12)
    peer = ElasticNet(alpha=alpha, l1_ratio=0.3, tol=1e-14, max_iter=10**6).fit(X.numpy(), t.numpy())
    np.testing.assert_allclose(elastic_net(X, t, alpha=alpha, l1_ratio=0.3).w, peer.coef_, atol=1e-12)


def test_ends_are_ridge_and_least_squares():
    for alpha in (0.1, 1.0):
        torch.testing.assert_close(
            elastic_net(X, y, alpha=alpha, l1_ratio=0).w,
            linreg.ridge(X, y, alpha=alpha).w,
            rtol=1e-11,
            atol=0,
        )
        assert torch.equal(elastic_net(X, y, alpha=alpha, l1_ratio=1).w, lasso(X, y, alpha=alpha).w)
        found = elastic_net(X, y, alpha=alpha, l1_ratio=0).df
        assert found == pytest.approx(linreg.ridge(X, y, alpha=alpha).df, rel=1e-11)
    fit = lasso(X, y, alpha=0)
    assert torch.equal(fit.w, linreg.solve(X, y).w)
    assert (fit.method, fit.l1_ratio, fit.alpha) == ("cholesky", 1.0, 0.0)
    path = lasso_path(X, y, alphas=[0.5, 0.0])
    assert torch.equal(path.w[1], linreg.solve(X, y).w)
    alone = lasso_path(X, y, alphas=[0.0])
    assert path.gcv is alone.gcv is None
    assert path.message.endswith(f" Without a penalty: {alone.message}")
    assert alone.message == linreg.solve(X, y).message
    near = lasso_path(X, y, alphas=[1e-12])
    torch.testing.assert_close(near.w[0], linreg.solve(X, y).w, rtol=1e-9, atol=0)
    sums = Statistics.of(X, y)
    assert torch.equal(lasso_path_statistics(sums, alphas=[0.0]).w[0], linreg.solve_statistics(sums).w)


def test_sums_give_the_same_path():
    there = lasso_path(X, y, alphas=30)
    for ratio in (1.0, 0.5):
        here = lasso_path_statistics(Statistics.of(X, y), alphas=there.alpha, l1_ratio=ratio)
        rows = lasso_path(X, y, alphas=there.alpha, l1_ratio=ratio)
        assert torch.equal(here.w, rows.w)
        assert torch.equal(here.b, rows.b)
    parts = Statistics.of(X[:100], y[:100]) + Statistics.of(X[100:], y[100:])
    torch.testing.assert_close(
        lasso_path_statistics(parts, alphas=there.alpha).w, there.w, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_rows_and_sums_agree_on_wide_data(ratio):
    A, t = wide(n=20, d=30)
    rows = lasso_path(A, t, alphas=15, l1_ratio=ratio)
    sums = lasso_path_statistics(Statistics.of(A, t), alphas=rows.alpha, l1_ratio=ratio)
    torch.testing.assert_close(rows.w, sums.w, rtol=0, atol=1e-11)
    torch.testing.assert_close(rows.b, sums.b, rtol=0, atol=1e-11)
    torch.testing.assert_close(rows.loss, sums.loss, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(rows.df, sums.df, rtol=1e-9, atol=1e-9)


def test_many_columns_make_no_square_matrix(monkeypatch):
    A, t = torch.randn(20, 3000, generator=gen(), dtype=F64), torch.randn(20, generator=gen(1), dtype=F64)
    largest = []

    def seen(cls, X, y, **more):
        raise AssertionError("sums of 3000 columns")

    monkeypatch.setattr(Statistics, "of", classmethod(seen))
    for ratio in (1.0, 0.5):
        path = lasso_path(A, t, alphas=10, l1_ratio=ratio)
        assert path.status == Status.OK
        largest.append(int(path.df.max()))
    assert largest[0] <= 19  # no more than rows, less one for the intercept


# Options.


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("name", ["ordinary", "wide"])
def test_unpenalised_columns_are_free(name, ratio):
    A, t = PROBLEMS[name]
    path = lasso_path(A, t, alphas=10, l1_ratio=ratio, unpenalised=[3, 0])
    free = torch.tensor([0, 3])
    for i in range(10):
        # the free ones are least squares on what the others leave
        rest = t - A @ path.w[i].index_fill(0, free, 0)
        again = linreg.solve(A[:, free], rest)
        torch.testing.assert_close(again.w, path.w[i, free], rtol=1e-9, atol=1e-11)
        off, _ = judged(A, t, path.w[i], path.b[i], float(path.alpha[i]), ratio, free=[0, 3])
        assert off < 1e-12
    assert int((path.w[0] != 0).sum()) == 2
    assert float(path.df[0]) == pytest.approx(2)
    if ratio == 1:
        assert not {0, 3} & set(path.changes.tolist())


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("name", ["ordinary", "wide"])
def test_free_columns_that_depend_on_each_other(name, ratio):
    """What they predict together is told, in whatever units; what a penalised one adds to that is none."""
    A, t = PROBLEMS[name]
    units = torch.tensor([1.0, 1e-6, 1e6], dtype=F64)
    more = torch.column_stack((A[:, :2], A[:, 0] - A[:, 1])) * units
    alphas = [1.0, 0.1]
    plain = lasso_path(A, t, alphas=alphas, l1_ratio=ratio, unpenalised=[0, 1])
    d = A.shape[1] + 1
    path = lasso_path(
        torch.column_stack((more, A[:, 2:])), t, alphas=alphas, l1_ratio=ratio, unpenalised=[0, 1, 2]
    )
    assert path.w.shape == (2, d)
    torch.testing.assert_close(path.w[:, 3:], plain.w[:, 2:], rtol=0, atol=1e-9)
    together = path.w[:, :3] * units
    torch.testing.assert_close(together[:, 0] + together[:, 2], plain.w[:, 0], rtol=0, atol=1e-9)
    torch.testing.assert_close(together[:, 1] - together[:, 2], plain.w[:, 1], rtol=0, atol=1e-9)
    torch.testing.assert_close(path.loss, plain.loss, rtol=1e-9, atol=0)
    torch.testing.assert_close(path.df, plain.df, rtol=1e-9, atol=0)
    assert (path.status, plain.status) == (Status.RANK_DEFICIENT, Status.OK)
    assert path.message.endswith(
        " A free column depends on others: there are other answers, with the same predictions and penalty."
    )
    again = torch.column_stack((more, more[:, :1], torch.full_like(t, 2.0), A[:, 2:]))
    path = lasso_path(again, t, alphas=alphas, l1_ratio=ratio, unpenalised=range(5))
    assert "3 free columns depend on others: there are" in path.message
    torch.testing.assert_close(path.df, plain.df, rtol=1e-9, atol=0)


@pytest.mark.parametrize("name", ["ordinary", "wide"])
def test_degrees_of_freedom_beside_free_columns(name):
    """The trace of what makes predictions of targets, of the columns that have a weight."""
    A, t = PROBLEMS[name]
    path = lasso_path(A, t, alphas=[0.5, 0.05], l1_ratio=0.3, unpenalised=[1, 4])
    for i, alpha in enumerate((0.5, 0.05)):
        S = (path.w[i] != 0).nonzero().flatten()
        Z = (A - A.mean(0))[:, S]
        charged = torch.tensor([0.7 * alpha * (int(j) not in (1, 4)) for j in S], dtype=F64)
        hat = Z @ torch.linalg.solve(Z.T @ Z / len(A) + torch.diag(charged), Z.T) / len(A)
        assert float(path.df[i]) == pytest.approx(float(hat.diagonal().sum()), rel=1e-9)


@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_standardise_is_the_scaled_problem(ratio):
    s = X.std(0, correction=0)
    there = lasso_path((X - X.mean(0)) / s, y, alphas=12, l1_ratio=ratio)
    here = lasso_path(X, y, alphas=there.alpha, l1_ratio=ratio, standardise=True)
    torch.testing.assert_close(here.w, there.w / s, rtol=0, atol=1e-11)
    A, t = wide()
    s = A.std(0, correction=0)
    there = lasso_path((A - A.mean(0)) / s, t, alphas=12, l1_ratio=ratio)
    here = lasso_path(A, t, alphas=there.alpha, l1_ratio=ratio, standardise=True)
    torch.testing.assert_close(here.w, there.w / s, rtol=0, atol=1e-11)


@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_without_an_intercept(ratio):
    path = lasso_path(X, y, alphas=[1.0, 0.1], l1_ratio=ratio, intercept=False)
    peer = ElasticNet(alpha=0.1, l1_ratio=ratio, tol=1e-14, max_iter=10**6, fit_intercept=False)
    np.testing.assert_allclose(path.w[1], peer.fit(X.numpy(), y.numpy()).coef_, atol=1e-12)
    assert path.b.tolist() == [0, 0]


@pytest.mark.parametrize("x", [1e-160, 1.0, 1e150])
@pytest.mark.parametrize("t", [1e-140, 1.0, 1e140])
def test_units(x, t):
    """Alpha has the units of y times those of a column, and nothing else changes."""
    for A, target in ((X, y), wide()):
        alphas = [a * float(lasso_path(A, target, alphas=1).alpha) for a in (0.5, 0.01)]
        plain = lasso_path(A, target, alphas=alphas)
        scaled = lasso_path(A * x, target * t, alphas=[a * x * t for a in alphas])
        torch.testing.assert_close(scaled.w / t * x, plain.w, rtol=1e-9, atol=1e-11)
        assert float(scaled.violation.max()) < 1e-12
        assert float(scaled.gap.max()) < 1e-12


@pytest.mark.parametrize("x", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("t", [1e-140, 1.0, 1e140])
@pytest.mark.parametrize("standardise", [False, True])
def test_units_of_an_elastic_net(x, t, standardise):
    """Its penalty on squares may be next to nothing beside the other, or next to all there is."""
    for A, target in ((X, y), wide()):
        path = lasso_path(A * x, target * t, alphas=10, l1_ratio=0.5, standardise=standardise)
        assert path.status == Status.OK
        assert float(path.violation.max()) < 1e-12
        assert float(path.gap.max()) < 1e-12
        assert int(path.zero[0]) == A.shape[1]
        if not standardise and t < 1e-9 * x:  # a lasso: what the squares add is below rounding
            bare = lasso_path(A * x, target * t, alphas=path.alpha / 2)
            torch.testing.assert_close(path.w * x / t, bare.w * x / t, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("n", [2, 13, 40])
def test_constant_columns_and_a_constant_target(n, ratio):
    """Means of equal numbers are rounded, and what is left then is no data."""
    A, t = wide(n=n, d=20)
    for columns, target in (
        (torch.full((n, 2), 3.1, dtype=F64), t),
        (A, torch.full((n,), 3.1, dtype=F64)),
        (torch.full((n, 30), 0.7, dtype=F64), torch.full((n,), 1.3, dtype=F64)),
    ):
        for alphas in (5, [0.1]):
            path = lasso_path(columns, target, alphas=alphas, l1_ratio=ratio)
            assert path.status == Status.OK
            assert float(path.w.abs().max()) == 0
            assert float(path.violation.max()) == float(path.gap.max()) == 0
            torch.testing.assert_close(path.b, target.mean().expand(len(path)))


@pytest.mark.parametrize("n", [40, 6])
@pytest.mark.parametrize(("apart", "constant"), [(3, True), (5, False)])
def test_a_target_is_constant_up_to_two_roundings(apart, constant, n):
    """Two values this many roundings apart, whose deviation is half of that."""
    A = torch.randn(n, 8, generator=gen(), dtype=F64)
    level = torch.full((n,), 8.0, dtype=F64)
    level[::2] += apart * 8 * torch.finfo(F64).eps
    for ratio in (1.0, 0.0):
        path = lasso_path(A, level, alphas=[1e-20], l1_ratio=ratio)
        assert bool((path.w == 0).all()) is constant


@pytest.mark.parametrize("l2", [0.0, 1e-9, 0.02])
def test_the_gap_is_a_dual_value_far_from_the_minimum(l2):
    """That of the residual, made shorter until no slope is beyond the penalty."""
    g = gen(5)
    A, t = torch.randn(20, 6, generator=g, dtype=F64), torch.randn(20, generator=g, dtype=F64)
    U = torch.randn(6, 5, generator=g, dtype=F64)
    U[:2, 0] = U[3:, 1] = U[:, 4] = 0
    l1, two = torch.tensor([0.1, 1.0, 3.0, 100.0, 0.1], dtype=F64), torch.full((5,), l2, dtype=F64)
    form = OfRows(A, t, A.T @ t)
    off, gap = violation_and_gap(*form.at(U), U, l1, two)
    R = t.unsqueeze(1) - A @ U
    c = A.T @ R
    primal = R.square().sum(0) / 2 + l1 * U.abs().sum(0) + l2 / 2 * U.square().sum(0)
    shorter = (l1 / c.abs().amax(0)).clamp(max=1)
    dual = shorter * (t @ R) - shorter.square() * R.square().sum(0) / 2
    torch.testing.assert_close(gap, primal - dual, rtol=1e-12, atol=0)
    beyond = (c.abs() - l1).clamp(min=0)
    here = (c - l2 * U - l1 * U.sign()).abs()
    torch.testing.assert_close(off, torch.where(U == 0, beyond, here).amax(0))


def test_the_gap_of_an_elastic_net_is_that_of_the_residual_near_the_minimum():
    A, t = X - X.mean(0), y - y.mean()
    u, l1, l2 = elastic_net(X, y, alpha=0.6).w * 1.001, 0.3, 0.3
    u[u.abs().where(u != 0, torch.inf).argmin()] = 0  # whose slope is beyond the penalty then
    r = t - A @ u
    c = A.T @ r / 300
    primal = float(r @ r) / 600 + float(l1 * u.abs().sum() + l2 / 2 * u.square().sum())
    dual = float(r @ t) / 300 - float(r @ r) / 600
    dual -= float((c.abs() - l1).clamp(min=0).square().sum()) / (2 * l2)
    form = OfRows(A / 300**0.5, t / 300**0.5, A.T @ t / 300)
    one, two = torch.tensor([l1], dtype=F64), torch.tensor([l2], dtype=F64)
    _, gap = violation_and_gap(*form.at(u.unsqueeze(1)), u.unsqueeze(1), one, two)
    assert float(gap) == pytest.approx(primal - dual, rel=1e-6)
    assert 0 < float(gap) < 0.01 * l1 * float(u.abs().sum())


def test_a_zero_has_no_sign():
    """Printed, -0 looks like a weight that has been rounded away."""
    path = lasso_path(torch.column_stack((X, torch.ones(300, dtype=F64))), y, alphas=30)
    assert not bool((path.w.signbit() & (path.w == 0)).any())


@pytest.mark.parametrize(
    ("mix", "standardise", "expected"),
    [
        (0, False, [2.0346863009409271, 2.4825303157385812, -1.3203875202067763, 1.2554537944259356,
                    -0.61647140578096737, 0.89165840711940769]),
        (0, True, [2.0343260940969259, 2.4512967675486537, -1.3043302200319964, 1.2669157524730621,
                   -0.61558182017344221, 0.891660794659761]),
        (0.3, False, [2.0651605250354277, 2.4074047875104085, -1.0744043981916103, 1.0175746747059751,
                      -0.32721021967328845, 0.64999789758796644]),
        (0.3, True, [2.0647773790720132, 2.3764203468211642, -1.0571859907846197, 1.0299263671619074,
                     -0.32703942727630492, 0.64890125763404038]),
        (1, False, [2.1121832369314966, 2.3001498334296957, -0.18466592448281344, 0.37863862296995571, 0, 0]),
        (1, True, [2.111277390276256, 2.262477119358504, -0.15985991931464228, 0.39478137603737012, 0, 0]),
    ],
)  # fmt: skip
def test_glmnet_of_r(mix, standardise, expected):
    """glmnet 4.1-6, R 4.2.2: coef(glmnet(X, y, alpha = mix, lambda = 0.7, standardize =, thresh = 1e-30)).

    It divides y by its deviation s first, so its part on squares is divided by s; the other is as it stands.
    """
    s, lam = float(y.std(correction=0)), 0.7
    l1, l2 = lam * mix, lam * (1 - mix) / s
    fit = elastic_net(X[:, :5], y, alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), standardise=standardise)
    np.testing.assert_allclose([fit.b, *fit.w], expected, rtol=1e-11)
    if mix == 0:
        ours = linreg.ridge(X[:, :5], y, alpha=l2, standardise=standardise)
        np.testing.assert_allclose([ours.b, *ours.w], expected, rtol=1e-11)


@pytest.mark.parametrize(("x", "t"), [(-13, 20), (40, -7), (-400, 450), (490, -480)])
@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("free", [[], [2, 0]])
@pytest.mark.parametrize("name", ["ordinary", "wide"])
def test_powers_of_two_change_no_bit(name, free, ratio, x, t):
    A, target = PROBLEMS[name]
    c = counts(len(A))
    if ratio < 1:
        t = x  # alpha would need the units of y over those of w as well as of both
    paths = []
    for i, k in ((0, 0), (x, t)):
        alphas = [a * 2.0 ** (i + k) for a in (1.0, 0.3, 0.05)]
        how = {"weights": c, "unpenalised": free, "l1_ratio": ratio}
        path = lasso_path(A * 2.0**i, target * 2.0**k, alphas=alphas, **how)
        knots = path.knots if path.knots is None else path.knots * 2.0 ** (-i - k)
        scaled = path.w * 2.0 ** (i - k), path.b * 2.0**-k, path.loss * 2.0**-k * 2.0**-k, knots
        paths.append((*scaled, path.df, path.violation, path.gap, path.changes, path.message))
    for one, other in zip(*paths, strict=True):
        assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


def test_a_penalty_on_squares_of_which_float64_has_nothing_left():
    """Beside others of which it has."""
    plain = lasso_path(X, y, alphas=[0.1, 0.0], l1_ratio=0.5).w
    path = lasso_path(X * 2.0**500, y * 2.0**500, alphas=[0.1 * 2.0**1000, 2.0**-80], l1_ratio=0.5)
    torch.testing.assert_close(path.w, plain, rtol=1e-11, atol=0)
    assert float(path.violation.max()) < 1e-13


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("name", ["ordinary", "wide"])
def test_a_constant_column_changes_nothing(name, ratio):
    """Nor does its size, beside columns of whatever size."""
    A, t = PROBLEMS[name]
    for x in (0, -400, 400):
        for constant in (0.0, 3.0, -1e6):
            more = torch.column_stack((torch.full_like(t, constant), A * 2.0**x))
            alphas = [a * 2.0**x for a in (1.0, 0.1)] if ratio == 1 else [4.0**x, 0.1 * 4.0**x]
            path = lasso_path(more, t * 2.0 ** (0 if ratio == 1 else x), alphas=alphas, l1_ratio=ratio)
            plain = lasso_path(A, t, alphas=[1.0, 0.1], l1_ratio=ratio)
            w = path.w[:, 1:] * 2.0 ** (x if ratio == 1 else 0)
            torch.testing.assert_close(w, plain.w, rtol=0, atol=1e-12)
            assert float(path.w[:, 0].abs().max()) == 0
            torch.testing.assert_close(path.df, plain.df, rtol=1e-12, atol=0)
            assert path.status is Status.OK


def test_equal_columns_are_told():
    twice = torch.column_stack((X, X[:, 0]))
    fit = lasso(twice, y, alpha=0.1)
    assert fit.status == Status.RANK_DEFICIENT
    which = 20 if float(fit.w[20]) == 0 else 0
    assert f"Column {which} depends on columns with a weight and has their slope: there are" in fit.message
    thrice = lasso(torch.column_stack((X, 2 * X[:, 3], -2 * X[:, 3])), y, alpha=0.1)
    assert sorted(thrice.w.nonzero().flatten().tolist())[-1] in (20, 21)  # twice as long, half the weight
    assert thrice.status == Status.RANK_DEFICIENT
    some = lasso(torch.column_stack((X, *[X[:, 0]] * 3)), y, alpha=0.1)
    assert "and so have 2 more: there are" in some.message
    assert float(fit.w[0] + fit.w[20]) == pytest.approx(float(lasso(X, y, alpha=0.1).w[0]), rel=1e-11)
    for A, t in (PROBLEMS["ordinary"], PROBLEMS["wide"]):
        plain = lasso(A, t, alpha=0.1)
        i, j = plain.w.abs().topk(2).indices.tolist()
        mean = (plain.w[i].sign() * A[:, i] + plain.w[j].sign() * A[:, j]) / 2  # of two that have a weight
        nothing = torch.ones_like(t)  # its slope is no measure of what is equal
        found = lasso(torch.column_stack((A, mean, nothing)), t, alpha=0.1)
        assert found.status == Status.RANK_DEFICIENT
        assert float(found.loss) == pytest.approx(float(plain.loss), rel=1e-10)
    net = elastic_net(twice, y, alpha=0.1)
    assert net.status == Status.OK
    assert float(net.w[0]) == pytest.approx(float(net.w[20]), rel=1e-11)
    for A in (X, PROBLEMS["wide"][0][:, :150]):
        assert lasso_path(A, y[: len(A)]).status == Status.OK


def test_nearly_equal_columns():
    near = X[:, 0] + 1e-6 * torch.randn(300, generator=gen(), dtype=F64)
    path = lasso_path(torch.column_stack((X, near)), y, alphas=GRID)
    assert path.status == Status.OK
    assert float(path.violation.max()) < 1e-12


def test_degrees_of_freedom_of_the_elastic_net():
    path = lasso_path(X, y, alphas=[0.3, 0.03], l1_ratio=0.5)
    for i in (0, 1):
        S = path.w[i] != 0
        Z = (X - X.mean(0))[:, S]
        l2 = 0.5 * float(path.alpha[i])
        hat = Z @ torch.linalg.solve(Z.T @ Z / 300 + l2 * torch.eye(int(S.sum()), dtype=F64), Z.T) / 300
        assert float(path.df[i]) == pytest.approx(float(hat.diagonal().sum()), rel=1e-11)


def test_dtypes():
    A, t = X.float(), y.float()
    assert lasso(A, t, alpha=0.1).w.dtype == torch.float32
    assert elastic_net(A, t, alpha=0.1, dtype=F64).w.dtype == F64
    torch.testing.assert_close(
        lasso(A, t, alpha=0.1, dtype=F64).w, lasso(A.double(), t.double(), alpha=0.1).w, rtol=1e-9, atol=1e-12
    )
    assert lasso_path(A, t, alphas=2).w.dtype == F64


def test_nothing_is_changed():
    A, t = wide()
    with unchanged(X, y, A, t):
        for ratio in (1.0, 0.5):
            lasso_path(X, y, alphas=3, l1_ratio=ratio, unpenalised=[1])
            lasso_path(A, t, alphas=3, l1_ratio=ratio, unpenalised=[1])
    sums = Statistics.of(X, y)
    with unchanged(sums.M):
        lasso_path_statistics(sums, alphas=3)


def test_rows_of_weight_zero_do_not_count():
    c = counts(300)
    c[:100] = 0
    torch.testing.assert_close(
        lasso(X, y, alpha=0.1, weights=c).w, lasso(X[100:], y[100:], alpha=0.1, weights=c[100:]).w
    )


def test_nothing_to_fit():
    path = lasso_path(X, torch.full_like(y, 2.0), alphas=3)
    assert float(path.w.abs().max()) == 0
    assert path.b.tolist() == [2.0, 2.0, 2.0]
    assert float(lasso(torch.ones(5, 2, dtype=F64), y[:5], alpha=0.1).w.abs().max()) == 0


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"alpha": -1.0}, linreg.RangeError, "`alpha` must be a finite number, 0 or above"),
        ({"alpha": math.nan}, linreg.RangeError, "`alpha` must be a finite number, 0 or above"),
        ({"alpha": 1.0, "unpenalised": [20]}, linreg.RangeError, "columns of `X`, 0 to 19; got 20"),
        ({"alpha": 1.0, "unpenalised": [1, 1]}, linreg.RangeError, "must name each column once"),
        ({"alpha": 1.0, "unpenalised": [True]}, linreg.DtypeError, "counted from 0; got True"),
        ({"alpha": 1.0, "unpenalised": range(20)}, linreg.RangeError, "got all 20. Use `solve`"),
        ({"alpha": 1.0, "unpenalised": 1}, linreg.DtypeError, "must be a list of columns; got int"),
    ],
)
def test_what_is_refused(settings, error, said):
    for call in (lasso, elastic_net):
        with pytest.raises(error, match=said):
            call(X, y, **settings)


def test_settings_of_the_elastic_net():
    with pytest.raises(linreg.RangeError, match=r"`l1_ratio` must be a number from 0 to 1; got 1\.5"):
        elastic_net(X, y, alpha=1.0, l1_ratio=1.5)
    with pytest.raises(linreg.RangeError, match=r"Use `ridge_path`, which knows where to begin\."):
        lasso_path(X, y, l1_ratio=0)
    path = lasso_path(X, y, alphas=[1.0, 0.1], l1_ratio=0)
    torch.testing.assert_close(path.w, linreg.ridge_path(X, y, alphas=[1.0, 0.1]).w, rtol=1e-11, atol=0)
    assert path.knots is None
    assert path.method == "elastic net"


@pytest.mark.parametrize("share", [1e-9, 1e-12])
def test_a_constant_column_ties_with_none_however_small_the_penalty(share):
    X = torch.randn(50, 3, generator=gen(0), dtype=F64)
    y = X[:, 0] + 0.1 * torch.randn(50, generator=gen(1), dtype=F64)
    X[:, 1] = 4.0
    path = linreg.lasso_path(X, y, alphas=[0.1, share])
    assert path.status is Status.OK
    assert float(path.w[:, 1].abs().max()) == 0
    assert "depends" not in path.message


def test_a_penalty_next_to_rounding_is_not_put_down_to_the_columns_alone():
    lost = 0
    for seed in range(20):
        X = torch.randn(50, 3, generator=gen(seed), dtype=F64)
        y = X[:, 0] + 0.1 * torch.randn(50, generator=gen(100 + seed), dtype=F64)
        fit = lasso(X, y, alpha=1e-15)
        if fit.status is Status.NOT_CONVERGED:
            lost += 1
            assert "or a penalty is next to rounding of the slopes. Ask for larger penalties." in fit.message
            assert lasso_path(X, y, alphas=[1e-15, 0.0]).status is Status.NOT_CONVERGED
        assert lasso(X, y, alpha=1e-9).status is Status.OK
    assert lost > 5
