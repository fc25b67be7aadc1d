"""Many rows: a sample of them, then passes over all; the answer is that of Newton's steps over all."""

import math
from itertools import pairwise

import pytest
import torch
from problems import gen

import linreg
from linreg import Status, huber
from linreg.generalised.robust import subsample
from linreg.generalised.robust.m_estimates import counted
from linreg.generalised.robust.reweighting import Course
from linreg.generalised.robust.scale import Scale
from linreg.generalised.robust.subsample import Equations

F64 = torch.float64


@pytest.fixture(scope="module")
def many():
    g = gen(4)
    n, d = 80_000, 5
    X = torch.randn(n, d, generator=g, dtype=F64)
    X[:, 1:] += 0.5 * X[:, :-1]
    noise = torch.randn(n, generator=g, dtype=F64)
    noise[torch.rand(n, generator=g) < 0.05] *= 20
    noise[:2000] += 9  # and not all of them alike
    return X, X.sum(1) + 1 + noise


@pytest.fixture
def all_rows(monkeypatch):
    """A fit by all rows from the start."""

    def call(*args, **settings):
        with monkeypatch.context() as patch:
            patch.setattr(subsample, "FEWER", math.inf)
            return huber(*args, **settings)

    return call


@pytest.mark.parametrize("kind", ["plain", "weighted", "far", "float32", "by columns", "asymmetric"])
@pytest.mark.parametrize("scale", ["mad", "joint", 1.0])
def test_by_way_of_a_sample_the_answer_is_the_same(many, all_rows, scale, kind):
    X, y = many
    c = None
    if kind == "weighted":
        c = torch.rand(len(y), generator=gen(), dtype=F64) + 0.1
    elif kind == "far":
        X = X + 1e4
    elif kind == "float32":
        X, y, c = X.float() + 300, y.float(), None
    elif kind == "by columns":
        X = X.T.contiguous().T
    elif kind == "asymmetric":
        y = y + torch.randn(len(y), generator=gen(1), dtype=F64).exp()
    fit, exact = (
        huber(X, y, scale=scale, weights=c, dtype=F64),
        all_rows(X, y, scale=scale, weights=c, dtype=F64),
    )
    assert fit.status == exact.status == Status.OK
    assert fit.condition is None  # of all rows nobody has asked
    assert exact.condition is not None
    torch.testing.assert_close(fit.w, exact.w, rtol=2e-9, atol=2e-9)
    torch.testing.assert_close(fit.b, exact.b, rtol=2e-9, atol=1e-5 if kind == "far" else 2e-9)
    torch.testing.assert_close(fit.scale, exact.scale, rtol=2e-9, atol=0)
    torch.testing.assert_close(fit.row_weights, exact.row_weights, rtol=1e-7, atol=1e-7)
    assert fit.steps < 15
    assert left(X.double(), y.double(), fit, torch.ones_like(fit.row_weights) if c is None else c) < 1e-10


@pytest.mark.parametrize("scale", ["mad", "joint", 1.0])
def test_the_sample_has_its_weights(many, scale):
    """Rows that count much more on one side of a bend: a sample without weights would begin too far off."""
    X, y = many
    assert huber(X, y + X[:, 0].square(), scale=scale, weights=(2 * X[:, 0]).exp()).condition is None


def test_the_derivative_knows_how_the_scale_moves(many):
    X, y = many
    assert huber(X, y + X[:, 0].square(), scale="joint").steps < 10


def equations(scale, weighted=False):
    """Those of 400 rows, as if these were the sample and all rows; the state at least squares."""
    g = gen(7)
    X = torch.randn(400, 3, generator=g, dtype=F64)
    y = X.sum(1) + 1 + torch.randn(400, generator=g, dtype=F64) ** 3 + (X[:, 0] > 1)
    c = torch.rand(400, generator=g, dtype=F64) + 0.1 if weighted else None
    course = Course(counted(X, y, c, None).sample(True), "huber", 1.345, scale)
    state = course.start()
    return Equations(course, course.sample.design.weight**0.5, state.sigma), state


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("way", ["joint", "mad"])
def test_the_derivative_is_that_of_the_equations(way, weighted):
    """Against differences; how a median moves with the fit is left to the passes."""
    scale = Scale(way, 1.345, 1.0 if way == "joint" else 0.6745)
    of, state = equations(scale, weighted)
    x = torch.cat((state.u, state.u.new_ones(1)))
    found = subsample._derivative(of.course, state, of.root)
    steps = 1e-7 * torch.eye(len(x), dtype=F64)
    expected = -torch.stack([(of.at(x + step)[0] - of.at(x - step)[0]) / 2e-7 for step in steps], 1)
    if way == "mad":
        expected[-1, :-1] = 0
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)


def test_passes_that_lead_away_end_at_once(monkeypatch):
    """Where the scale would be below zero, or no row is near the fit."""
    of, state = equations(Scale("joint", 1.345, 1.0))
    asked, at = [], Equations.at
    monkeypatch.setattr(Equations, "at", lambda self, x: asked.append(x) or at(self, x))
    wide, one = of._replace(unit=3 * of.unit), torch.eye(5, dtype=F64)
    less = float(at(wide, torch.cat((state.u, state.u.new_ones(1))))[0][-1])
    assert less < -0.5
    assert subsample._over_all(wide, state, -1.1 / less * one) is None
    assert len(asked) == 1
    assert subsample._over_all(wide, state, -0.5 / less * one) is not None  # half of the way: it is found
    asked.clear()
    far = state._replace(u=state.u.index_fill(0, torch.tensor([3]), 1e4 * of.root * of.unit))
    assert subsample._over_all(of, far, one) is None
    assert len(asked) == 1


def left(X, y, fit, c):
    """What is left of the equations of the fit, with columns of mean 0 and mean square 1."""
    psi = ((y - X @ fit.w - fit.b) / fit.scale).clamp(-1.345, 1.345)
    Z = X - X.mean(0)
    Z = torch.column_stack((Z / Z.square().mean(0).sqrt(), torch.ones_like(y)))
    return float((Z.T @ (c * psi)).abs().max() / c.sum())


@pytest.mark.parametrize(
    ("n", "d", "rows"),
    [
        (65_535, 5, 0),
        (65_536, 5, 16),
        (1 << 20, 5, 51),
        (1 << 20, 300, 58),
        (65_600, 82, 16),
        (65_599, 82, 0),
    ],
)
def test_which_rows_are_chosen(n, d, rows):
    """A twentieth in runs of 1024, but 16384 and 200 for each column; none where that is a fourth of all."""
    some = subsample.chosen(n, d) or []
    assert len(some) == rows
    assert all(run.stop - run.start == 1024 for run in some)
    assert {b.start - a.start for a, b in pairwise(some)} <= {n // rows if rows else 0}
    assert not some or 0 == some[0].start < n - n // rows - 1024 < some[-1].stop <= n


@pytest.mark.parametrize(("near", "told"), [(1 / 90, True), (1 / 1100, False)])
def test_the_sample_does_for_columns_up_to_a_condition_number_of_a_thousand(many, near, told):
    X, y = many
    a, b = X[:, 0], X[:, 1] - 0.5 * X[:, 0]
    fit = huber(torch.stack((a, a + near * b), 1), y)  # of a condition number of about 2 / near
    assert (fit.condition is None) == told


def test_passes_end_where_rounding_is_all_that_is_left(many):
    """Of targets around 1e8 that is a hundred times what else may be left of the equations."""
    X, y = many
    assert huber(X, y + 1e8, scale="joint").condition is None


def test_passes_that_run_out_leave_it_to_newton(many, monkeypatch):
    X, y = many
    steps = huber(X, y).steps
    for passes, told in ((steps, True), (steps - 1, False)):
        monkeypatch.setattr(subsample, "PASSES", passes)
        assert (huber(X, y).condition is None) == told


def test_where_a_sample_does_not_tell_all_rows_are_asked(many):
    """A column that is constant in most rows, dependent ones, squares out of range."""
    X, y = many
    rare = torch.column_stack((X, torch.zeros(len(y), dtype=F64)))
    some = subsample.chosen(*X.shape)
    rare[some[0].stop + 1, -1] = 1
    fit = huber(rare, y)
    assert (fit.status, fit.rank) == (Status.OK, 6)
    assert fit.condition is not None
    at = some[0].stop + 1
    r = y - rare @ fit.w - fit.b
    assert abs(float(r[at])) < 1e-9  # the row that alone tells of the column
    twice = huber(torch.column_stack((X, X[:, 0])), y)
    assert (twice.status, twice.rank) == (Status.RANK_DEFICIENT, 5)
    small = huber(X * 1e-200, y)
    torch.testing.assert_close(small.w * 1e-200, huber(X, y).w, rtol=1e-8, atol=1e-9)


def test_a_sample_that_has_not_arrived_leads_nowhere(many, monkeypatch):
    """Nor one that lies on its fit, which leaves no scale."""
    X, y = many
    led = []
    monkeypatch.setattr(subsample, "_over_all", lambda *_: led.append(1))
    for lying in (X.sum(1), 0 * y):
        assert huber(X, lying).status == Status.NO_NOISE
    monkeypatch.setattr(subsample, "PASSES", 1)
    huber(X, y)
    assert not led
    monkeypatch.setattr(subsample, "PASSES", 10)
    huber(X, y)
    assert led


def test_many_rows_that_lie_on_the_fit(many):
    X, _ = many
    fit = huber(X, X.sum(1))
    assert fit.status == Status.NO_NOISE
    torch.testing.assert_close(fit.w, torch.ones(5, dtype=F64), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ["X", "y"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_bad_entry_is_named_by_its_row(many, name, inside):
    X, y = (t.clone() for t in many)
    some = subsample.chosen(*X.shape)
    row = some[3].start + 5 if inside else some[3].stop + 5
    if name == "X":
        X[row, 2] = torch.inf
    else:
        y[row] = torch.nan
    where = f"({row}, 2)" if name == "X" else f"({row},)"
    with pytest.raises(linreg.DataError) as caught:
        huber(X, y)
    assert f"`{name}` must be finite" in str(caught.value)
    assert where in str(caught.value)


def test_any_number_of_threads_gives_the_same_bits(many):
    X, y = many
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(huber(X, y, scale="joint"))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found[0].w, found[1].w)
