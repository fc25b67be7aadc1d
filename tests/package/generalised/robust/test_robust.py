"""Huber's and Tukey's fits: their equations, peers, invariances, and data that they have no answer for."""

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from gross import STACK, spoilt
from problems import EPS, built, dependent, gen, unchanged
from sklearn.linear_model import HuberRegressor

import linreg
from linreg import Status, huber, row_loss, tukey
from linreg.generalised.robust.m_estimates import counted
from linreg.generalised.robust.reweighting import Course, _upright
from linreg.generalised.robust.scale import Scale

F64 = torch.float64


def left(X, y, fit, loss, delta, c=None, intercept=True):
    """How far the mean of psi times each column, of length 1, is from zero."""
    r = y - X @ fit.w - fit.b
    psi = row_loss(r / float(fit.scale), loss, delta=delta).slope
    c = torch.ones_like(y) if c is None else c
    Z = torch.column_stack((X - X.mean(0), torch.ones_like(y))) if intercept else X
    Z = Z / Z.square().mean(0).sqrt()
    return float((Z.T @ (c * psi)).abs().max() / c.sum())


def mad(r, c=None):
    repeated = r.abs() if c is None else r.abs().repeat_interleave(c.long())
    return float(np.median(repeated.numpy())) / 0.6744897501960817


CALLS = {
    "mad": lambda X, y, **more: huber(X, y, **more),
    "joint": lambda X, y, **more: huber(X, y, scale="joint", **more),
    "fixed": lambda X, y, **more: huber(X, y, scale=1.0, **more),
    "tukey": lambda X, y, **more: tukey(X, y, **more),
    "tukey fixed": lambda X, y, **more: tukey(X, y, scale=1.0, **more),
}
SCALED = ("mad", "joint", "tukey")  # those that measure the scale


def constants(name):
    return ("tukey", 4.685) if name.startswith("tukey") else ("huber", 1.345)


# The equations.


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_equations_hold(name, seed, weighted, intercept):
    X, y = spoilt(seed)
    c = torch.randint(1, 4, (300,), generator=gen(seed)).double() if weighted else None
    fit = CALLS[name](X, y, weights=c, intercept=intercept)
    assert type(fit) is linreg.RobustFit
    assert (fit.status, fit.method) == (Status.OK, constants(name)[0])
    assert left(X, y, fit, *constants(name), c, intercept) < 1e-12
    r = y - X @ fit.w - fit.b
    if name in ("mad", "tukey"):
        assert float(fit.scale) == pytest.approx(mad(r, c), rel=1e-12)
    elif name == "joint":
        ones = torch.ones_like(y) if c is None else c
        psi = (r / fit.scale).clamp(-1.345, 1.345)
        assert float(ones @ psi.square()) == pytest.approx(float(ones.sum()), rel=1e-12)
    else:
        assert float(fit.scale) == 1
    at = row_loss(r / fit.scale, constants(name)[0], delta=constants(name)[1])
    torch.testing.assert_close(fit.row_weights, at.weight, rtol=1e-9, atol=1e-12)
    ones = torch.ones_like(y) if c is None else c
    assert float(fit.loss) == pytest.approx(float(ones @ at.value / ones.sum() * fit.scale**2), rel=1e-11)
    assert fit.excess is None
    assert fit.steps <= 80
    if not intercept:
        assert float(fit.b) == 0


@pytest.mark.parametrize("seed", range(40))
def test_heavy_tails_and_skewed_noise(seed):
    """From any such data, in few steps."""
    g = gen(seed)
    n, d = int(torch.randint(20, 80, (1,), generator=g)), int(torch.randint(1, 6, (1,), generator=g))
    X = torch.randn(n, d, generator=g, dtype=F64) * 10 ** torch.randn(d, generator=g, dtype=F64) + 5
    noise = torch.randn(n, generator=g, dtype=F64)
    noise = noise / torch.randn(n, generator=g, dtype=F64) if seed % 2 else noise.exp()
    y = X @ torch.randn(d, generator=g, dtype=F64) + noise
    for name, call in CALLS.items():
        fit = call(X, y)
        if (seed, name) == (16, "tukey"):  # hardly any slope for a long way
            assert fit.status == Status.NOT_CONVERGED
            fit = call(X, y, steps=2000)
            assert fit.status == Status.OK
            continue
        assert fit.status == Status.OK, (name, fit.message)
        assert left(X, y, fit, *constants(name)) < 1e-11
        assert fit.steps <= 80


@pytest.mark.parametrize("seed", range(6))
def test_each_step_lowers_the_joint_objective(seed):
    """That of the fit and the scale together, from least squares on heavy tails, or from elsewhere."""
    X, y = spoilt(seed)
    y = y + 3 / torch.randn(300, generator=gen(seed), dtype=F64)
    course = Course(counted(X, y, None, None).sample(True), "huber", 1.345, Scale("joint", 1.345, 1.0))

    def objective(state):
        return state.sigma * (1 + 2 * course.value(state.pull.r, state.sigma))

    start = 300 * torch.randn(course.sample.q, generator=gen(seed), dtype=F64) * (seed % 2)
    state = course.start(start)
    best = objective(state)
    while not course.arrived(state):
        state = course.step(state)
        assert objective(state) <= best * (1 + 1e-12)
        assert state.steps < 30
        best = objective(state)


@pytest.mark.parametrize("seed", range(3))
def test_a_step_back_is_not_taken_for_a_better_one(seed):
    X, y = spoilt(seed)
    course = Course(counted(X, y, None, None).sample(True), "huber", 1.345, Scale("joint", 1.345, 1.0))
    far = course.start()
    near = course.run(far, 50)
    before, after = (at.sigma * (1 + 2 * course.value(at.pull.r, at.sigma)) for at in (far, near))
    assert after < 0.99 * before < 2 * after  # so that the rise is no rounding, and not far from it
    assert course._better(near, far)
    assert not course._better(far, near)


@pytest.mark.parametrize("seed", range(3))
def test_where_no_row_counts_tukeys_slope_is_zero_and_the_step_no_better(seed):
    X, y = spoilt(seed)
    course = Course(counted(X, y, None, None).sample(True), "tukey", 4.685, Scale("mad", 4.685, 0.6745))
    end = course.run(course.start(), 50)

    def moved(length):
        u = end.u + length * torch.ones(course.sample.q, dtype=F64)
        return end._replace(u=u, pull=course.sample.pull(u, course.psi(end.sigma)))

    def loss(state):
        return course.value(state.pull.r, end.sigma)

    nowhere = moved(1e6)
    state = next(at for at in map(moved, range(1, 1000)) if loss(at) > 0.75 * loss(nowhere))
    assert loss(state) < 0.9 * loss(nowhere)  # a rise beyond what a step may add, and less than by half
    assert float(state.pull.slope.abs().max()) > 0
    assert not nowhere.pull.slope.any()
    assert not course._better(nowhere, state)
    assert course._better(end, state)


@pytest.mark.parametrize("seed", range(3))
def test_a_rise_by_rounding_refuses_no_step_of_both(seed):
    """Or the last digits would take as many steps again."""
    assert huber(*spoilt(seed), scale="joint").steps <= 8


# Peers.


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("call", "norm"), [(huber, sm.robust.norms.HuberT()), (tukey, sm.robust.norms.TukeyBiweight())]
)
def test_statsmodels(call, norm, seed):
    X, y = spoilt(seed)
    peer = sm.RLM(y.numpy(), sm.add_constant(X.numpy()), M=norm).fit(tol=1e-14, maxiter=1000)
    fit = call(X, y)
    found = [float(fit.b), *fit.w.tolist(), float(fit.scale)]
    np.testing.assert_allclose(found, [*peer.params, peer.scale], rtol=1e-9)
    np.testing.assert_allclose(fit.row_weights, peer.weights, atol=1e-9)


def test_rlm_of_r():
    """MASS 7.3-58.2, R 4.2.2: rlm(stack.loss ~ ., stackloss, psi, acc = 1e-14, maxit = 2000)."""
    X, y = STACK[:, :3], STACK[:, 3]
    b, scale = -41.026485373295060, 2.440489045992808
    w = [0.829385770253855, 0.926059415548606, -0.127846317965416]
    expected = {huber: [b, *w, scale]}
    b, scale = -42.285321536491210, 2.281853314566936
    w = [0.927558992802422, 0.650711198390212, -0.112333123035659]
    expected[tukey] = [b, *w, scale]
    for call, numbers in expected.items():
        fit = call(X, y, consistency=0.6745)  # as R divides
        np.testing.assert_allclose([fit.b, *fit.w, fit.scale], numbers, rtol=1e-11)
    assert abs(float(huber(X, y).scale) / 2.440489045992808 - 1) > 1e-6


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_scikit_learn(seed, intercept, weighted):
    """Its optimiser stops early, at 1e-5: the objective is the same, and ours is not above it."""
    X, y = spoilt(seed)
    c = torch.rand(300, generator=gen(seed), dtype=F64) + 0.5 if weighted else None
    model = HuberRegressor(alpha=0, fit_intercept=intercept, max_iter=10_000, tol=1e-10)
    model.fit(X.numpy(), y.numpy(), None if c is None else c.numpy())
    fit = huber(X, y, delta=1.35, scale="joint", intercept=intercept, weights=c)
    theirs = [model.intercept_, *model.coef_, model.scale_]
    np.testing.assert_allclose([fit.b, *fit.w, fit.scale], theirs, atol=3e-3)

    def objective(w, b, scale):
        ones = torch.ones_like(y) if c is None else c
        H = 2 * row_loss((y - X @ w - b) / scale, delta=1.35).value
        return float(ones @ (scale + scale * H))

    ours = objective(fit.w, fit.b, fit.scale)
    peer = objective(torch.from_numpy(model.coef_), model.intercept_, model.scale_)
    assert ours <= peer * (1 + 1e-14)
    assert peer <= ours * (1 + 1e-6)


def test_the_smallest_of_huber_losses():
    """A fixed scale: no step in any direction is smaller, by the loss of PyTorch."""
    X, y = spoilt()
    fit = huber(X, y, delta=1.2, scale=0.5)

    def loss(w, b):
        return float(torch.nn.functional.huber_loss(X @ w + b, y, delta=0.6))

    best = loss(fit.w, fit.b)
    assert float(fit.loss) == pytest.approx(best, rel=1e-13)
    for k in range(20):
        move = torch.randn(21, generator=gen(k), dtype=F64) * 1e-4
        assert loss(fit.w + move[1:], fit.b + move[0]) > best


def test_what_is_printed():
    x, y = torch.arange(6.0).unsqueeze(1), torch.tensor([1.5, 2.5, 50.0, 7.5, 8.5, 10.5])
    assert repr(huber(x, y)) == "RobustFit(w=[1.8428], b=1.4768, scale=0.62475, status='ok', method='huber')"
    assert repr(linreg.absolute(x, y)) == "RobustFit(w=[1.8], b=1.5, status='ok', method='absolute')"


def test_a_huge_delta_is_least_squares():
    X, y = spoilt()
    exact = linreg.solve(X, y)
    for fit in (huber(X, y, delta=1e3), huber(X, y, scale=1e4), tukey(X, y, delta=1e9)):
        torch.testing.assert_close(fit.w, exact.w, rtol=1e-10, atol=1e-12)
        assert fit.row_weights.min() > 1 - 1e-9


# What a fit must not depend on, and what it may not.


@pytest.mark.parametrize("name", CALLS)
def test_rows_that_count_twice_are_rows_given_twice(name):
    X, y = spoilt()
    c = torch.randint(0, 4, (300,), generator=gen(1)).double()
    fit = CALLS[name](X, y, weights=c)
    again = CALLS[name](X.repeat_interleave(c.long(), 0), y.repeat_interleave(c.long()))
    torch.testing.assert_close(fit.w, again.w, rtol=1e-10, atol=1e-11)
    torch.testing.assert_close(fit.scale, again.scale, rtol=1e-11, atol=0)
    assert bool((fit.row_weights[c == 0] == 0).all())
    torch.testing.assert_close(
        fit.row_weights.repeat_interleave(c.long()), again.row_weights, rtol=1e-9, atol=1e-11
    )
    for factor in (1e-60, 1e60, 3.0):
        other = CALLS[name](X, y, weights=c * factor)
        torch.testing.assert_close(fit.w, other.w, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize("times", [1e-6, 1000.0, 2.0**70, 1e-150, 1e150])
def test_in_other_units_of_y_the_fit_is_the_same(name, times):
    X, y = spoilt()
    fit, other = CALLS[name](X, y), CALLS[name](X, y * times)
    assert other.status == Status.OK
    torch.testing.assert_close(other.w / times, fit.w, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(other.b / times, fit.b, rtol=1e-9, atol=0)
    torch.testing.assert_close(other.scale / times, fit.scale, rtol=1e-11, atol=0)
    torch.testing.assert_close(other.loss / times**2, fit.loss, rtol=1e-11, atol=0)


def test_a_fixed_scale_has_units():
    X, y = spoilt()
    fit = huber(X, y, scale=0.7)
    for times in (1000.0, 1e-150):
        other = huber(X, y * times, scale=0.7 * times)
        torch.testing.assert_close(other.w / times, fit.w, rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(other.scale / times, fit.scale, rtol=1e-14, atol=0)
    assert float((huber(X, y * 1000, scale=0.7).w / 1000 - fit.w).norm()) > 1e-2


@pytest.mark.parametrize("name", CALLS)
def test_columns_of_any_size_and_any_place(name):
    X, y = spoilt()
    size = 10 ** torch.linspace(-150, 150, 20, dtype=F64)
    fit = CALLS[name](X, y)
    other = CALLS[name](X * size, y)
    torch.testing.assert_close(other.w * size, fit.w, rtol=1e-8, atol=1e-10)
    far = CALLS[name](X + 1e6, y)
    torch.testing.assert_close(far.w, fit.w, rtol=1e-6, atol=1e-7)
    moved = CALLS[name](X, y + X @ torch.ones(20, dtype=F64) - 3)
    torch.testing.assert_close(moved.w - 1, fit.w, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(moved.b + 3, fit.b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", CALLS)
def test_ill_conditioned_columns(name):
    """A residual orthogonal to all columns, half of it up and half down: the answer of every loss is w."""
    p = built(100, 4, 1e6)
    r = 1e-4 * torch.randn(100, generator=gen(), dtype=F64)
    X, y = torch.cat((p.X, p.X)), torch.cat((p.y + r, p.y - r))
    fit = CALLS[name](X, y)
    assert fit.status == Status.OK
    noise = 1e-4 / float(p.w.norm())
    wedin = 16 * EPS * (fit.condition * (1 + 2 / float(p.w.norm())) + fit.condition**2 * noise)
    assert float((fit.w - p.w).norm() / p.w.norm()) < wedin
    assert fit.condition > 1e5


@pytest.mark.parametrize("name", CALLS)
def test_float32_is_summed_in_float64(name):
    X, y = spoilt()
    X32, y32 = X.float(), y.float()
    fit, exact = CALLS[name](X32, y32), CALLS[name](X32.double(), y32.double())
    assert fit.w.dtype == fit.b.dtype == fit.scale.dtype == fit.row_weights.dtype == torch.float32
    torch.testing.assert_close(fit.w, exact.w.float(), rtol=2e-7, atol=1e-8)
    wide = CALLS[name](X32, y32, dtype=F64)
    torch.testing.assert_close(wide.w, exact.w, rtol=1e-9, atol=1e-10)
    # columns far from zero, which float32 arithmetic would lose
    far, other = CALLS[name](X32 + 1000, y32, dtype=F64), CALLS[name]((X32 + 1000).double(), y32.double())
    torch.testing.assert_close(far.w, other.w, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", CALLS)
def test_inputs_stay_and_the_layout_does_not_matter(name):
    X, y = spoilt()
    with unchanged(X, y):
        fit = CALLS[name](X, y)
    by_columns = CALLS[name](X.T.contiguous().T, y)
    torch.testing.assert_close(by_columns.w, fit.w, rtol=1e-11, atol=1e-12)


# What robust fits do, and what they do not.


@pytest.mark.parametrize("seed", range(5))
def test_gross_errors_in_y_do_little(seed):
    X, y, w, _ = linreg.ordinary(seed)
    clean = float((linreg.solve(X, y).w - w).norm())
    y = y.clone()
    y[torch.randperm(300, generator=gen(seed))[:15]] += 1e6
    assert float((huber(X, y).w - w).norm()) < 2 * clean
    assert float((tukey(X, y).w - w).norm()) < 1.5 * clean
    assert float((linreg.solve(X, y).w - w).norm()) > 1e4 * clean


def test_a_wrong_feature_defeats_huber():
    """One row with its first feature a thousand times too large: the slope goes to 0, as in least squares."""
    X, y, w, _ = linreg.ordinary()
    X = X.clone()
    X[7, 0] = 1000 * X[7, 0].sign()
    for fit in (linreg.solve(X, y), huber(X, y), huber(X, y, scale="joint")):
        assert abs(float(fit.w[0])) < 0.2
        assert float(w[0]) == 3
    assert abs(float(tukey(X, y).w[0])) < 0.2  # which starts from there


def test_tukey_has_several_minima():
    """Two lines: either is a stationary point, and the message does not claim more."""
    x = torch.linspace(-1, 1, 40, dtype=F64)
    y = torch.where(torch.arange(40) % 2 == 0, x + 30, -x - 30)
    fit = tukey(x.unsqueeze(1), y, scale=1.0)
    assert "there may be better ones" in fit.message
    weighted = tukey(
        x.unsqueeze(1), y, scale=1.0, weights=torch.where(torch.arange(40) % 2 == 0, 10.0, 1.0).double()
    )
    assert float(weighted.w) == pytest.approx(1)
    assert float(weighted.b) == pytest.approx(30)
    assert "20 of 40 rows do not count" in weighted.message


# No answer, or not one answer.


@pytest.mark.parametrize("name", CALLS)
def test_dependent_columns(name):
    X, y = spoilt()
    fit = CALLS[name](X, y)
    twice = torch.column_stack((X, X[:, 0]))
    other = CALLS[name](twice, y)
    assert other.status == Status.RANK_DEFICIENT
    assert other.rank == 20
    assert "rank 20" in other.message
    torch.testing.assert_close(twice @ other.w + other.b, X @ fit.w + fit.b, rtol=1e-9, atol=1e-9)
    assert float(other.w[0]) == pytest.approx(float(fit.w[0]) / 2, rel=1e-9)  # the shortest
    assert float(other.w[20]) == pytest.approx(float(fit.w[0]) / 2, rel=1e-9)


@pytest.mark.parametrize("name", CALLS)
def test_the_shortest_of_dependent_columns(name):
    p = dependent(n=80, d=6, rank=3)
    fit = CALLS[name](p.X, p.y + spoilt()[1][:80])
    assert fit.status == Status.RANK_DEFICIENT
    assert fit.rank == 3
    null = torch.linalg.svd(p.X - p.X.mean(0)).Vh[3:]
    assert float((null @ fit.w).norm() / fit.w.norm()) < 1e-10


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize("intercept", [True, False])
def test_no_noise(name, intercept):
    X = torch.randn(30, 3, generator=gen(), dtype=F64)
    exact = X @ torch.tensor([1.0, 2.0, 3.0], dtype=F64) + 2.0 * intercept
    perfect = CALLS[name](X, exact, intercept=intercept)
    assert perfect.status == Status.NO_NOISE
    assert "pass the number" in perfect.message
    torch.testing.assert_close(perfect.w, torch.tensor([1.0, 2.0, 3.0], dtype=F64), rtol=1e-13, atol=0)
    constant = CALLS[name](X, torch.full((30,), 7.0, dtype=F64))
    assert constant.status == Status.NO_NOISE
    assert float(constant.b) == pytest.approx(7)
    few = CALLS[name](X[:2], exact[:2], intercept=intercept)
    assert few.status == Status.NO_NOISE
    torch.testing.assert_close(X[:2] @ few.w + few.b, exact[:2])
    for fit in (perfect, constant, few):
        assert all(bool(part.isfinite().all()) for part in (fit.w, fit.b, fit.loss, fit.row_weights))


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_most_rows_on_one_plane(name, seed):
    """Nothing is known of the noise, but the plane is found, whatever the others are."""
    g = gen(seed)
    X = torch.randn(60, 3, generator=g, dtype=F64)
    y = X.sum(1) - 1
    y[:18] += 5 * torch.randn(18, generator=g, dtype=F64)
    fit = CALLS[name](X, y)
    assert fit.status == Status.NO_NOISE
    torch.testing.assert_close(fit.w, torch.ones(3, dtype=F64), rtol=1e-12, atol=0)
    assert fit.steps < 60


def test_a_scale_so_small_that_no_row_counts():
    X, y = spoilt()
    fit = tukey(X, y, scale=1e-3, delta=0.1)
    assert fit.status == Status.RANK_DEFICIENT
    assert int((fit.row_weights > 0).sum()) < 30
    assert fit.steps == 1
    assert "of 300 rows still count, and they do not determine the weights." in fit.message
    few = tukey(X, y, scale=1e-9, delta=0.1)  # whose steps go on, and arrive
    assert few.status == Status.RANK_DEFICIENT
    assert "Only 2 of 300 rows still count" in few.message
    assert tukey(X, y, scale=1.0).status == Status.OK  # as the message advises


def test_where_no_row_counts_there_is_no_step():
    sample = counted(*spoilt(), None, None).sample(True)
    course = Course(sample, "tukey", 4.685, Scale("fixed", 4.685, 1.0))
    far = course.start(torch.full((sample.q,), 1e6, dtype=F64))
    state = course.run(far, 10)
    assert state.singular
    assert (state.steps, torch.equal(state.u, far.u)) == (0, True)


@pytest.mark.parametrize("scale", ["mad", 1.0])
def test_a_level_of_which_no_row_counts_has_no_weight(scale):
    """Its four rows are far from each other: any weight between the middle two is as good."""
    X, y = spoilt()
    level = (torch.arange(300) < 4).double()
    y = y.clone()
    y[:4] = torch.tensor([-900.0, -300.0, 300.0, 900.0], dtype=F64)
    fit = tukey(torch.column_stack((X, level)), y, scale=scale)
    assert float(fit.row_weights[:4].max()) == 0
    assert fit.status == Status.RANK_DEFICIENT
    assert "rows still count, and they do not determine the weights." in fit.message


@pytest.mark.parametrize("name", ["mad", "joint", "fixed", "tukey"])
def test_steps_that_run_out(name):
    X, y = spoilt()
    fit = CALLS[name](X, y, steps=1)
    assert (fit.status, fit.steps) == (Status.NOT_CONVERGED, 1)
    assert fit.message == "After 1 step it still moves. Give it more `steps`."
    assert CALLS[name](X, y, steps=fit.steps + 30).status == Status.OK


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_scale_that_goes_to_zero_is_not_followed_for_long(seed):
    """All rows but three on a plane, no more than there are unknowns: after eight steps it is looked for."""
    g = gen(seed)
    X = torch.randn(60, 3, generator=g, dtype=F64)
    y = X.sum(1) - 1
    y[:3] += 5 * torch.randn(3, generator=g, dtype=F64)
    fit = huber(X, y)
    assert fit.status == Status.NO_NOISE
    assert fit.steps <= 9
    torch.testing.assert_close(fit.w, torch.ones(3, dtype=F64), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ["mad", "tukey"])
@pytest.mark.parametrize("seed", [7, 15, 24])
def test_as_many_rows_on_a_plane_as_unknowns_are_none(seed, name):
    """Some four of seven rows lie on a plane of four unknowns, whichever: it says nothing of the noise."""
    g = gen(100 * seed + 7)
    X = torch.randn(7, 3, generator=g, dtype=F64)
    y = X.sum(1) + torch.randn(7, generator=g, dtype=F64) ** 3
    fit = CALLS[name](X, y)
    assert fit.status == Status.OK
    assert left(X, y, fit, *constants(name)) < 1e-12
    assert float(fit.scale) > 0.04


@pytest.mark.parametrize("times", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("name", SCALED)
def test_rows_off_the_plane_of_most_count_for_nothing(name, times):
    """In any units, though the scale is zero."""
    g = gen()
    X = torch.randn(60, 3, generator=g, dtype=F64)
    y = X.sum(1) - 1
    y[:18] += 5 * torch.randn(18, generator=g, dtype=F64).sign()
    fit = CALLS[name](X, times * y)
    assert fit.status == Status.NO_NOISE
    assert float(fit.row_weights[:18].max()) < 1e-9
    assert float(fit.row_weights[18:].min()) > 0.9


def test_a_row_that_alone_tells_of_a_column_slows_no_step():
    """Its weight stays 1 where those of the others are as small as their scale."""
    X, y = spoilt()
    X, y = torch.column_stack((X[:12, :1], torch.eye(12, dtype=F64)[7])), y[:12]
    least = linreg.absolute(X, y)
    fit = huber(X, y, scale=1e-12, delta=1.0)
    assert fit.status == Status.OK
    assert fit.steps < 150
    assert float((y - X @ fit.w - fit.b).abs().mean()) == pytest.approx(float(least.loss), rel=1e-11)
    tiny = huber(X, y, scale=1e-18, delta=1.0)  # as far as rounding is from the weights of the others
    assert tiny.status == Status.NOT_CONVERGED
    torch.testing.assert_close(tiny.w, least.w, rtol=1e-9, atol=0)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("lone", [1, 2])
def test_no_step_raises_the_loss_where_weights_differ_by_more_than_rounding(lone, seed):
    """Those of rows that alone tell of a column stay 1, and what the others tell drowns in their products."""
    X, y = spoilt(seed)
    X, y = torch.column_stack((X[:20, :2], torch.eye(20, dtype=F64)[:, 3 : 3 + lone])), y[:20]
    for scale in (1e-15, 1e-16, 1e-17, 1e-18, 1e-20):
        course = Course(counted(X, y, None, None).sample(True), "huber", 1.0, Scale("fixed", 1.0, scale))
        state = course.start()
        for _ in range(20):
            new = course.step(state)
            assert course.value(new.pull.r, scale) <= course.value(state.pull.r, scale) * (1 + 1e-14)
            state = new


def test_a_saddle_is_left_downhill():
    """Eigenvalues below zero are turned over, and none stays below a hundredth of the largest."""
    V = torch.linalg.qr(torch.randn(4, 4, generator=gen(), dtype=F64)).Q
    squares = torch.tensor([-2.0, -1e-4, 0.5, 1.0], dtype=F64)
    turned = V.T @ _upright(V * squares @ V.T) @ V
    torch.testing.assert_close(
        turned, torch.tensor([2.0, 0.02, 0.5, 1.0], dtype=F64).diag(), rtol=1e-13, atol=1e-14
    )
    level = V * (squares + 2.1) @ V.T
    assert torch.equal(_upright(level), level)


def test_beyond_the_range_of_the_dtype():
    X, y = spoilt()
    fit = huber(X.float() * 1e-30, y.float() * 1e30)
    assert fit.status == Status.OUT_OF_RANGE
    assert "dtype=torch.float64" in fit.message
    assert huber(X.float() * 1e-30, y.float() * 1e30, dtype=F64).status == Status.OK


def test_one_row_and_one_column_of_zeros():
    one = huber(torch.ones(1, 1, dtype=F64), torch.ones(1, dtype=F64), scale=1.0)
    assert float(one.predict(torch.ones(1, 1, dtype=F64))) == pytest.approx(1)
    y = torch.tensor([1.0, 2.0, 3.0, 50.0], dtype=F64)
    for intercept in (True, False):
        fit = huber(torch.zeros(4, 1, dtype=F64), y, intercept=intercept)
        assert fit.status == Status.RANK_DEFICIENT
        assert float(fit.w) == 0
        if intercept:
            peer = sm.RLM(y.numpy(), np.ones(4)).fit(tol=1e-14, maxiter=1000)
            assert float(fit.b) == pytest.approx(peer.params[0], rel=1e-9)


# Arguments.


@pytest.mark.parametrize("call", [huber, tukey])
def test_refused(call):
    X, y = spoilt()
    for settings, error, text in (
        ({"delta": 0}, linreg.RangeError, "`delta` must be a finite number above 0; got 0"),
        ({"delta": "1"}, linreg.DtypeError, "`delta` must be a finite number above 0; got '1'"),
        ({"scale": "MAD"}, linreg.RangeError, "`scale` must be one of 'mad'"),
        ({"scale": -1.0}, linreg.RangeError, r"`scale` must be a finite number above 0; got -1\.0"),
        ({"scale": None}, linreg.DtypeError, "`scale` must be a finite number above 0; got None"),
        ({"consistency": 0.0}, linreg.RangeError, "`consistency` must be"),
        ({"steps": 0}, linreg.RangeError, "`steps` must be an integer of 1 or more"),
        ({"weights": -torch.ones(300, dtype=F64)}, linreg.DataError, "`weights` must be 0, or from"),
        ({"dtype": torch.float16}, linreg.DtypeError, "`dtype` must be"),
    ):
        with pytest.raises(error, match=text):
            call(X, y, **settings)


def test_a_joint_scale_needs_a_delta_above_one():
    X, y = spoilt()
    with pytest.raises(linreg.RangeError, match=r"`delta` must be above 1 .* got 1\.0\. Try 1\.35\."):
        huber(X, y, scale="joint", delta=1.0)
    assert huber(X, y, scale="joint", delta=1.1).status == Status.OK
    few = huber(X, y, scale="joint", delta=1.01)  # the 2 % of rows that it wants near are fitted exactly
    assert few.status == Status.NO_NOISE
    with pytest.raises(linreg.RangeError, match=r"`scale` must be one of 'mad'; got 'joint'"):
        tukey(X, y, scale="joint")


@pytest.mark.parametrize("where", [3, 299])
def test_rows_of_weight_zero_are_checked_as_well(where):
    X, y = spoilt()
    c = torch.ones(300, dtype=F64)
    c[where], y = 0, y.clone()
    y[where] = torch.nan
    with pytest.raises(linreg.DataError, match=f"`y` must be finite; .* at index \\({where},\\)"):
        huber(X, y, weights=c)


# What float32 makes of the weights.


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("away", [0.0, 1e4, 1e6])
@pytest.mark.parametrize("name", ["huber", "tukey", "absolute"])
def test_the_loss_is_that_of_rounded_weights(name, away, weighted):
    """Of columns far from zero it is another one, and the message says how far predictions move."""
    g = gen(3)
    X = (away + torch.randn(300, 2, generator=g, dtype=F64)).float()
    near = X.double() - X.double().mean(0)
    y = (near @ torch.tensor([1.0, 2.0], dtype=F64) + 0.01 * torch.randn(300, generator=g, dtype=F64)).float()
    c = 0.5 + torch.rand(300, generator=g) if weighted else None
    how = {} if name == "absolute" else {"scale": 0.01}
    fit = getattr(linreg, name)(X, y, weights=c, **how)
    r = y.double() - X.double() @ fit.w.double() - fit.b.double()
    each = r.abs() if name == "absolute" else 1e-4 * row_loss(r / 0.01, name).value
    c = torch.ones(300, dtype=F64) if c is None else c.double()
    assert float(fit.loss) == pytest.approx(float(c @ each / c.sum()), rel=1e-5)
    assert ("move predictions by" in fit.message) == (away == 1e6)
    whole = getattr(linreg, name)(X.double(), y.double(), weights=c if weighted else None, **how)
    assert "move predictions by" not in whole.message
