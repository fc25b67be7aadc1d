"""Least absolute deviations: linear programming, the dual, the median, and answers that are not alone."""

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from gross import STACK, spoilt
from problems import dependent, gen
from scipy.optimize import linprog

import linreg
from linreg import Status, absolute
from linreg.generalised.robust.absolute import Lines
from linreg.generalised.robust.m_estimates import counted

F64 = torch.float64


def programme(X, y, c=None, intercept=True):
    """The smallest sum of absolute residuals, and where it is, by linear programming."""
    n, d = X.shape
    Z = np.column_stack((X.numpy(), np.ones((n, 1))[:, : int(intercept)]))
    c = np.ones(n) if c is None else c.numpy()
    found = linprog(
        np.concatenate((np.zeros(Z.shape[1]), c, c)),
        A_eq=np.hstack((Z, np.eye(n), -np.eye(n))),
        b_eq=y.numpy(),
        bounds=[(None, None)] * Z.shape[1] + [(0, None)] * (2 * n),
    )
    return found.fun / c.sum(), found.x[:d]


def mean(X, y, fit, c=None):
    r = (y - X @ fit.w - fit.b).abs()
    return float(r.mean() if c is None else c @ r / c.sum())


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_linear_programming(seed, weighted, intercept):
    X, y = spoilt(seed)
    c = torch.rand(300, generator=gen(seed), dtype=F64) + 0.1 if weighted else None
    fit = absolute(X, y, weights=c, intercept=intercept)
    smallest, w = programme(X, y, c, intercept)
    assert type(fit) is linreg.RobustFit
    assert (fit.status, fit.method, fit.scale) == (Status.OK, "absolute", None)
    assert float(fit.loss) == pytest.approx(mean(X, y, fit, c), rel=1e-13)
    assert float(fit.loss) == pytest.approx(smallest, rel=1e-12)
    np.testing.assert_allclose(fit.w, w, rtol=1e-8, atol=1e-9)
    r = (y - X @ fit.w - fit.b).abs()
    assert int((r < 1e-12).sum()) == 20 + intercept  # as many rows as unknowns
    assert int((fit.row_weights == 1).sum()) == 21 + intercept
    assert f"passes through {20 + intercept} rows. By the dual problem no other fit" in fit.message
    assert 0 <= fit.excess < 1e-12 * float(fit.loss)
    assert fit.steps < 20


@pytest.mark.parametrize("seed", range(30))
def test_the_bound_holds_on_any_data(seed):
    """Also with ties, most rows on one plane, heavy tails, and few rows."""
    g = gen(seed)
    n, d = int(torch.randint(6, 60, (1,), generator=g)), int(torch.randint(1, 5, (1,), generator=g))
    X = torch.randn(n, d, generator=g, dtype=F64) * 10 ** torch.randn(d, generator=g, dtype=F64)
    noise = torch.randn(n, generator=g, dtype=F64)
    kind = seed % 3
    if kind == 1:
        X, noise = X.round(), noise.round()
    elif kind == 2:
        noise = noise / torch.randn(n, generator=g, dtype=F64) * (torch.rand(n, generator=g) < 0.4)
    y = X @ torch.ones(d, dtype=F64) + noise
    fit = absolute(X, y)
    assert fit.status in (Status.OK, Status.RANK_DEFICIENT), fit.message
    smallest, _ = programme(X, y)
    assert float(fit.loss) == pytest.approx(mean(X, y, fit), rel=1e-9, abs=1e-14)
    assert float(fit.loss) - smallest <= fit.excess + 1e-12 * smallest + 1e-14
    assert fit.excess <= 1e-10 * float(fit.loss) + 1e-13


@pytest.mark.parametrize("seed", [0, 12, 16])
def test_rounded_numbers_leave_ties_that_steps_get_through(seed):
    """Where alpha is balanced as far as it is free, and no farther."""
    g = gen(seed)
    X = torch.randn(50, 1, generator=g, dtype=F64).round()
    y = X.sum(1) + torch.randn(50, generator=g, dtype=F64).round()
    fit = absolute(X, y)
    assert fit.status == Status.OK
    assert float(fit.loss) == pytest.approx(programme(X, y)[0], rel=1e-10)


def dummies(seed, n, d):
    """Columns of 0 and 1, and targets that are whole numbers."""
    g = gen(seed)
    X = (torch.randn(n, d, generator=g, dtype=F64) > 0).double()
    return X, X.sum(1) + (3 * torch.randn(n, generator=g, dtype=F64)).round()


@pytest.mark.parametrize("seed", [0, 1, 12])
def test_dummies_and_whole_numbers_have_a_corner(seed):
    """Of many that are as good; an alpha at its bound is hardly moved when it is balanced."""
    X, y = dummies(seed, 60, 2)
    fit = absolute(X, y)
    assert "passes through" in fit.message
    assert float(fit.loss) == pytest.approx(programme(X, y)[0], rel=1e-12)


@pytest.mark.parametrize("seed", [26, 88, 138])
def test_a_step_that_rounding_spoils_is_not_taken(seed):
    """Here steps end as numbers that are none; the fit before them is the answer, and its bound holds."""
    X, y = dummies(seed, 30, 3)
    fit = absolute(X, y)
    smallest, _ = programme(X, y)
    assert float(fit.loss) - smallest <= fit.excess + 1e-12 * smallest
    assert fit.excess <= 1e-8 * smallest
    if fit.status is Status.NOT_CONVERGED:  # what the message advises must help: more steps do not
        assert "Rounding ends the steps" in fit.message
        assert absolute(X, y, steps=1000).steps == fit.steps


def test_ten_digits_of_the_loss_are_promised():
    """Whole numbers have many fits that are as good, and steps that end close to the limit on either side."""
    near = set()
    for seed in (7, 18, 20, 28, 33, 35, 36, 38):
        for n, d in ((30, 3), (60, 2), (40, 4)):
            X, y = dummies(seed, n, d)
            for steps in (5, 6, 7):
                fit = absolute(X, y, steps=steps)
                share = fit.excess / float(fit.loss)
                assert fit.status is (Status.OK if share <= 1e-10 else Status.NOT_CONVERGED)
                if "passes through" not in fit.message and 1e-11 < share < 1e-9:
                    near.add(fit.status)
    assert near == {Status.OK, Status.NOT_CONVERGED}


@pytest.mark.parametrize(
    ("x", "y", "c"),
    [
        ((1.0, 1.004), (1.0, 2.0), None),  # predictions differ by both losses, almost twice the one
        ((0.03, -0.57), (1.8, -0.6), (1.0, 0.0265)),  # and by most of them in the row that hardly counts
    ],
)
def test_the_bound_allows_for_an_alpha_that_is_not_balanced(x, y, c):
    """A line through zero is as good as any where it passes through one of two rows."""
    x, y = torch.tensor(x, dtype=F64), torch.tensor(y, dtype=F64)
    c = None if c is None else torch.tensor(c, dtype=F64)
    share = torch.full((2,), 0.5, dtype=F64) if c is None else c / c.sum()
    smallest = min(share @ (y - w * x).abs() for w in y / x)
    lines = Lines(counted(x.unsqueeze(1), y, c, None).sample(False))
    for w in (1.0001, 1.004, 1.02, 1.5, 2.8, 10.0):
        r = y - w * x
        assert lines.excess(r, r.sign()) >= float(share @ r.abs() - smallest)


@pytest.mark.parametrize("seed", [26, 88, 138])
def test_an_alpha_beyond_its_bounds_bounds_nothing(seed, monkeypatch):
    """Balancing may push it there, here on purpose; what is told of it must hold all the same."""
    excess, balanced, asked = Lines.excess, Lines.balanced, []

    def inside(self, r, alpha):
        assert float(alpha.abs().max()) <= 1
        return excess(self, r, alpha)

    def pushed(self, alpha, free):
        asked.append(alpha)
        return 1.5 * balanced(self, alpha, free)

    monkeypatch.setattr(Lines, "excess", inside)
    monkeypatch.setattr(Lines, "balanced", pushed)
    X, y = dummies(seed, 30, 3)
    fit = absolute(X, y, steps=30)
    assert len(asked) > 1
    assert float(fit.loss) - programme(X, y)[0] <= fit.excess + 1e-12


@pytest.mark.parametrize(("n", "others"), [(6, False), (5, True)])
def test_others_are_as_good_where_one_of_the_groups_has_two_medians(n, others):
    x = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], dtype=F64)[:n, None]
    fit = absolute(x, torch.tensor([1.0, 2.0, 4.0, 5.0, 9.0, 12.0], dtype=F64)[:n])
    assert float(fit.b) == pytest.approx(2.0, abs=1e-12)
    assert ("others may be as good" in fit.message) == others


@pytest.mark.parametrize(("share", "lies"), [(0.3, True), (3.0, False)])
def test_residuals_of_no_more_than_rounding_count_as_none(share, lies):
    """Twice eps of float32, of what the residuals are a difference of."""
    X = torch.randn(2500, 2, generator=gen()).round()  # held exactly, as are sums of it
    noise = torch.randn(2500, generator=gen(1))
    y, eps = X.sum(1), torch.finfo(torch.float32).eps
    limit = 2 * eps * (2 * float(y.std()) + abs(float(y.mean())))
    fit = absolute(X, y + share * limit * noise / noise.abs().mean())
    assert (fit.message == "All rows lie on it.") == lies


def test_stack_loss():
    """As rq(stack.loss ~ ., 0.5, stackloss) of R's quantreg prints it."""
    fit = absolute(STACK[:, :3], STACK[:, 3])
    np.testing.assert_allclose(
        [float(fit.b), *fit.w], [-39.68985507, 0.83188406, 0.57391304, -0.06086957], atol=1e-8
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_statsmodels_comes_near(seed):
    """Its reweighting stops while two digits are right; our loss is not above its."""
    X, y = spoilt(seed)
    peer = sm.QuantReg(y.numpy(), sm.add_constant(X.numpy())).fit(q=0.5, max_iter=5000)
    fit = absolute(X, y)
    np.testing.assert_allclose(fit.w, peer.params[1:], atol=1e-2)
    assert float(fit.loss) <= np.abs(peer.resid).mean() * (1 + 1e-14)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 101])
def test_a_constant_column_has_the_median(n):
    y = torch.randn(n, generator=gen(), dtype=F64)
    fit = absolute(torch.ones(n, 1, dtype=F64), y)
    assert fit.rank == 0
    low, high = y.sort().values[(n - 1) // 2], y.sort().values[n // 2]
    assert float(low) - 1e-12 <= float(fit.b) <= float(high) + 1e-12
    through_zero = absolute(torch.ones(n, 1, dtype=F64), y, intercept=False)
    assert float(low) - 1e-12 <= float(through_zero.w) <= float(high) + 1e-12


def test_other_fits_may_be_as_good():
    """Four rows, a line between the middle two at every place."""
    X = torch.zeros(4, 1, dtype=F64)
    fit = absolute(X + 1, torch.tensor([0.0, 1.0, 2.0, 9.0], dtype=F64), intercept=False)
    assert fit.status == Status.OK
    assert float(fit.loss) == pytest.approx(2.5)
    assert "others may be as good" in fit.message


@pytest.mark.parametrize(("apart", "corner"), [(3e-6, True), (3e-7, False)])
def test_two_rows_a_millionth_apart_tell_a_line_and_nearer_ones_do_not(apart, corner):
    """Four rows leave a band in which every line is as good; of these, two rows in its middle pick one."""
    x = torch.tensor([0.0, apart, 1.0, 1.0, -1.0, -1.0], dtype=F64)
    fit = absolute(x.unsqueeze(1), x + torch.tensor([0.0, 0.0, 1.0, -1.0, 1.0, -1.0], dtype=F64))
    assert fit.status == Status.OK
    assert float(fit.loss) == pytest.approx(2 / 3, rel=1e-10)
    assert ("it passes through 2 rows" in fit.message) == corner


def test_how_far_a_row_is_does_not_matter():
    X, y = spoilt()
    fit = absolute(X, y)
    above = y - X @ fit.w - fit.b > 1e-9
    far = y.clone()
    far[above] += 1e6 * torch.rand(int(above.sum()), generator=gen(), dtype=F64)
    torch.testing.assert_close(absolute(X, far).w, fit.w, rtol=1e-9, atol=1e-10)
    wrong = X.clone()
    wrong[7, 0] = 1e4 * wrong[7, 0].sign()
    assert abs(float(absolute(wrong, y).w[0])) < 0.1  # but how far a feature is


@pytest.mark.parametrize("times", [1e-150, 1e-6, 1e3, 1e150])
def test_units(times):
    X, y = spoilt()
    fit, size = absolute(X, y), 10 ** torch.linspace(-100, 100, 20, dtype=F64)
    other = absolute(X * size, y * times)
    torch.testing.assert_close(other.w * size / times, fit.w, rtol=1e-9, atol=1e-10)
    assert float(other.loss) / times == pytest.approx(float(fit.loss), rel=1e-12)
    assert other.excess / times < 1e-12


def test_rows_that_count_twice_are_rows_given_twice():
    X, y = spoilt()
    c = torch.randint(0, 4, (300,), generator=gen(1)).double()
    fit = absolute(X, y, weights=c)
    again = absolute(X.repeat_interleave(c.long(), 0), y.repeat_interleave(c.long()))
    torch.testing.assert_close(fit.w, again.w, rtol=1e-10, atol=1e-11)
    assert float(fit.loss) == pytest.approx(float(again.loss), rel=1e-13)
    assert bool((fit.row_weights[c == 0] == 0).all())
    torch.testing.assert_close(absolute(X, y, weights=c * 1e60).w, fit.w, rtol=1e-10, atol=1e-11)


def test_dependent_columns():
    X, y = spoilt()
    fit = absolute(X, y)
    twice = absolute(torch.column_stack((X, X[:, 0])), y)
    assert (twice.status, twice.rank) == (Status.RANK_DEFICIENT, 20)
    assert float(twice.loss) == pytest.approx(float(fit.loss), rel=1e-12)
    assert float(twice.w[0]) == pytest.approx(float(twice.w[20]), rel=1e-9)
    p = dependent(n=80, d=6, rank=3)
    fit = absolute(p.X, p.y)
    null = torch.linalg.svd(p.X - p.X.mean(0)).Vh[3:]
    assert float((null @ fit.w).norm() / fit.w.norm()) < 1e-10


def test_rows_that_all_lie_on_it():
    X = torch.randn(30, 3, generator=gen(), dtype=F64)
    fit = absolute(X, X.sum(1) + 2)
    assert (fit.status, fit.steps, fit.message) == (Status.OK, 0, "All rows lie on it.")
    torch.testing.assert_close(fit.w, torch.ones(3, dtype=F64), rtol=1e-13, atol=0)
    assert bool((fit.row_weights == 1).all())
    few = absolute(X[:3], X[:3].sum(1))
    assert few.status == Status.RANK_DEFICIENT
    assert absolute(X, 0 * X[:, 0]).message == "All rows lie on it."
    constant = absolute(X, torch.full((30,), 7.0, dtype=F64))
    assert float(constant.b) == pytest.approx(7)


@pytest.mark.parametrize("seed", range(8))
def test_most_rows_on_one_plane_are_found_exactly(seed):
    X = torch.randn(60, 3, generator=gen(seed), dtype=F64) + seed
    y = X.sum(1) - 1
    y[:20] += 5 * torch.randn(20, generator=gen(seed + 100), dtype=F64)
    fit = absolute(X, y)
    assert fit.status == Status.OK
    torch.testing.assert_close(fit.w, torch.ones(3, dtype=F64), rtol=1e-13, atol=0)
    assert "passes through 40 rows. By the dual problem no other fit has as small a loss." in fit.message


def test_a_row_of_zeros_on_a_plane_through_the_origin():
    X = torch.randn(60, 3, generator=gen(), dtype=F64)
    X[:5] = 0
    y = X.sum(1)
    y[5:25] += 5 * torch.randn(20, generator=gen(1), dtype=F64)
    fit = absolute(X, y, intercept=False)
    assert fit.status == Status.OK
    torch.testing.assert_close(fit.w, torch.ones(3, dtype=F64), rtol=1e-13, atol=0)
    assert "passes through 40 rows." in fit.message


def test_float32():
    X, y = spoilt()
    fit, exact = absolute(X.float(), y.float()), absolute(X.float().double(), y.float().double())
    assert fit.w.dtype == fit.row_weights.dtype == torch.float32
    torch.testing.assert_close(fit.w, exact.w.float(), rtol=2e-7, atol=1e-8)
    wide = absolute(X.float(), y.float(), dtype=F64)
    torch.testing.assert_close(wide.w, exact.w, rtol=1e-10, atol=1e-11)


def test_steps_that_run_out():
    X, y = spoilt()
    fit = absolute(X, y, steps=3)
    assert (fit.status, fit.steps) == (Status.NOT_CONVERGED, 3)
    assert fit.message.endswith("Give it more `steps`.")
    smallest, _ = programme(X, y)
    assert 0 < float(fit.loss) - smallest <= fit.excess  # the bound is one
    assert fit.excess < 0.2 * float(fit.loss)


def test_thousands_of_rows():
    g = gen(3)
    X = torch.randn(20_000, 8, generator=g, dtype=F64)
    y = X.sum(1) + torch.randn(20_000, generator=g, dtype=F64)
    fit = absolute(X, y)
    assert fit.status == Status.OK
    assert fit.excess < 1e-12
    signs = (y - X @ fit.w - fit.b).sign()
    assert abs(float(signs.sum())) <= 9  # half above, half below
    assert fit.steps < 25


def test_refused():
    X, y = spoilt()
    with pytest.raises(linreg.RangeError, match="`steps` must be an integer of 1 or more"):
        absolute(X, y, steps=0)
    with pytest.raises(linreg.DataError, match="`y` must be finite"):
        absolute(X, y * torch.nan)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_rows_weigh_by_how_near_they_lie(unit):
    """Those that it passes through 1, the next one too, and others the less the farther they are."""
    X, y = torch.randn(30, 2, generator=gen(), dtype=F64), torch.randn(30, generator=gen(1), dtype=F64)
    fit = linreg.absolute(X, unit * y)
    r = (unit * y - fit.predict(X)).abs()
    through = r < 1e-12 * unit
    assert int(through.sum()) == 3
    expected = (r[~through].min() / r).masked_fill(through, 1.0)
    torch.testing.assert_close(fit.row_weights, expected, rtol=1e-9, atol=0)
