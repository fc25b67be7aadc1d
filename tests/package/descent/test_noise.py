"""The noise floor: against the equation as one linear system, and against runs on 20 correlated columns."""

import math
import re
from itertools import combinations

import pytest
import torch
from problems import gen

import linreg
from linreg import Status
from linreg.descent.bowl import bowl_of
from linreg.descent.noise import Run, settled
from linreg.descent.noise import _share as share
from linreg.descent.wide import wide_of

F64 = torch.float64


def ordinary(seed: int = 0, n: int = 600, d: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    """Correlated columns of different sizes, off zero, and errors of which some are large."""
    g = gen(seed)
    X = linreg.simulate(n, [1.0] * d, correlation=0.6, generator=g)[0]
    X = X * torch.logspace(-0.3, 0.3, d, dtype=F64) + torch.linspace(-1, 1, d, dtype=F64)
    return X, X.sum(1) + torch.randn(n, generator=g, dtype=F64) ** 3


def step(X: torch.Tensor, y: torch.Tensor, lr: float, f: float) -> tuple[torch.Tensor, torch.Tensor]:
    """What a step makes of S, as a matrix of p^2 by p^2 and what it adds, in the coordinates of the data."""
    A, H = linreg.fold_bias(X), linreg.hessian(X)
    n, p = A.shape
    r = linreg.residuals(X, y, linreg.solve(X, y))
    C = (A * r.square().unsqueeze(1)).T @ A / n
    rows = torch.einsum("ni,nj->nij", A, A).reshape(n, p * p)
    fourth = (rows.T @ rows / n).reshape(p, p, p, p).transpose(1, 2).reshape(p * p, p * p)
    one = torch.eye(p, dtype=F64)
    both = torch.kron(H, one) + torch.kron(one, H)
    after = torch.eye(p * p, dtype=F64) - lr * both + lr**2 * ((1 - f) * torch.kron(H, H) + f * fourth)
    return after, lr**2 * f * C.flatten()


def exact_floor(X: torch.Tensor, y: torch.Tensor, lr: float, f: float) -> float:
    """The equation as one linear system: the S that a step leaves as it is."""
    after, kick = step(X, y, lr, f)
    S = torch.linalg.solve(torch.eye(len(kick), dtype=F64) - after, kick)
    return float(linreg.hessian(X).flatten() @ S) / 2


@pytest.mark.parametrize("batch_size", [1, 10, 300])
@pytest.mark.parametrize("part", [0.01, 0.3, 0.8, 0.97])
def test_the_mean_is_the_solution_of_the_equation(part, batch_size):
    X, y = ordinary(d=6)
    bowl = bowl_of(X, y, True)
    top = linreg.curvature(X).largest_stable_rate
    limit = min(settled(X, y, bowl, top, batch_size, top).stable_rate, top)
    noise = settled(X, y, bowl, part * limit, batch_size, part * limit)
    # the last hundredth of the series is estimated, to a tenth, from the factor by which it shrinks
    assert noise.mean == pytest.approx(exact_floor(X, y, part * limit, share(600, batch_size)), rel=0.001)
    # within the standard deviation of one chi square and of as many as there are parameters
    assert 1 + 3 * math.sqrt(2 / 7) <= noise.level / noise.mean <= 1 + 3 * math.sqrt(2)


@pytest.mark.parametrize(("n", "batch_size"), [(2, 1), (5, 1), (5, 2), (5, 4), (5, 5), (1, 1)])
def test_a_step_averages_over_all_batches(n, batch_size):
    """The share f and the fourth moments, against each set of so many rows."""
    X, y = ordinary(n=n, d=1)
    A, best = linreg.fold_bias(X), linreg.solve(X, y)
    r, lr = linreg.residuals(X, y, best), 0.1
    S = torch.tensor([[2.0, -0.5], [-0.5, 1.0]], dtype=F64)
    found = []
    for rows in combinations(range(n), batch_size):
        a, e = A[list(rows)], r[list(rows)]
        shrink, kick = torch.eye(2, dtype=F64) - lr * a.T @ a / batch_size, lr * a.T @ e / batch_size
        found.append(shrink @ S @ shrink.T + torch.outer(kick, kick))
    after, kick = step(X, y, lr, share(n, batch_size))
    expected = torch.stack(found).mean(0)
    torch.testing.assert_close((after @ S.flatten() + kick).reshape(2, 2), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("batch_size", "rest"), [(16, 8), (250, 100), (599, 1)])
@pytest.mark.parametrize("summed", [False, True])
def test_epochs_with_a_short_batch_at_their_end_settle_there(batch_size, rest, summed):
    """Against the S that a whole epoch leaves as it is, its last step at the rate of so many rows."""
    X, y = ordinary(d=4)
    lr = 0.001 * linreg.curvature(X).largest_stable_rate
    last_lr = lr * rest / batch_size if summed else lr
    noise = settled(X, y, bowl_of(X, y, True), lr, batch_size, last_lr)
    H, one = linreg.hessian(X), torch.eye(25, dtype=F64)
    epoch, kicks = one, torch.zeros(25, dtype=F64)
    for rate, f in [(lr, share(600, batch_size))] * (600 // batch_size) + [(last_lr, share(600, rest))]:
        after, kick = step(X, y, rate, f)
        epoch, kicks = after @ epoch, after @ kicks + kick
    HS = H @ torch.linalg.solve(one - epoch, kicks).reshape(5, 5)
    mean, spread = float(HS.trace()) / 2, float((HS @ HS).trace() / 2) ** 0.5
    # the equation is that of single steps: it is off by the rate over the largest stable one
    assert noise.mean == pytest.approx(mean, rel=0.003)
    assert noise.level - noise.mean == pytest.approx(3 * spread, rel=0.003)


@pytest.mark.parametrize("batch_size", [1, 10, 50])
def test_the_limit_is_where_the_equation_loses_its_solution(batch_size):
    """Below it the floor grows without bound, above it the formula has another sign."""
    X, y = ordinary(d=6)
    bowl = bowl_of(X, y, True)
    top = linreg.curvature(X).largest_stable_rate
    limit = settled(X, y, bowl, top, batch_size, top).stable_rate
    assert limit < top
    f = share(600, batch_size)
    assert exact_floor(X, y, 0.98 * limit, f) > 5 * exact_floor(X, y, 0.8 * limit, f) > 0
    assert exact_floor(X, y, 1.02 * limit, f) < 0
    for times in (1.02, 1e6, 1e60):  # the latter beyond the range of float64 after a few terms
        beyond = settled(X, y, bowl, times * limit, batch_size, limit)
        assert math.isinf(beyond.level)
        assert beyond.stable_rate == pytest.approx(limit, rel=0.05)


@pytest.mark.parametrize("batch_size", [5, 60])
@pytest.mark.parametrize("part", [0.1, 0.4])
def test_runs_on_ordinary_data_settle_there(part, batch_size):
    """Batches drawn independently: 100 runs of 20 correlated columns, at rest from the start."""
    X, y = ordinary()
    n, A, bowl = len(y), linreg.fold_bias(X), bowl_of(X, y, True)
    top = linreg.curvature(X).largest_stable_rate
    lr = part * min(settled(X, y, bowl, top, batch_size, top).stable_rate, top)
    noise = settled(X, y, bowl, lr, batch_size, lr)
    g, found = gen(1), []
    theta = bowl.best.repeat(100, 1)
    steps = 300  # the excess is that of the steep directions, which settle within 1 / (2 lr lambda) steps
    for t in range(steps):
        rows = torch.rand(100, n, generator=g).topk(batch_size).indices
        error = torch.einsum("rbj,rj->rb", A[rows], theta) - y[rows]
        theta = theta - lr * torch.einsum("rbj,rb->rj", A[rows], error) / batch_size
        if t >= steps // 2 and t % 10 == 0:
            found.append(((theta - bowl.best) @ bowl.R.T).square().sum(1) / 2)
    excess = torch.cat(found)
    # 1500 values that depend on each other; the flattest directions have not quite settled
    assert float(excess.mean()) == pytest.approx(noise.mean, rel=0.15)
    assert float((excess <= noise.level).double().mean()) > 0.95


@pytest.mark.parametrize("batch_size", [7, 50, 599])
@pytest.mark.parametrize("reduction", ["half_mean", "sum"])
def test_shuffled_epochs_end_within(reduction, batch_size):
    """600 rows leave 5, 0 and 1 for the last batch, whose noise is larger."""
    X, y = ordinary()
    bowl = linreg.curvature(X)
    top = bowl.largest_stable_rate
    limit = settled(X, y, bowl_of(X, y, True), top, batch_size, top).stable_rate
    rate, rest = 0.3 * min(limit, top), 600 % batch_size or batch_size
    lr = rate / (1 if reduction == "half_mean" else 2 * batch_size)
    last = rate * (1 if reduction == "half_mean" else rest / batch_size)
    expected = settled(X, y, bowl_of(X, y, True), rate, batch_size, last)
    fits = [
        linreg.sgd(
            X, y, lr=lr, epochs=4, batch_size=batch_size, generator=gen(seed), reduction=reduction,
            w=linreg.solve(X, y).w, b=linreg.solve(X, y).b, record=False,
        )
        for seed in range(20)
    ]  # fmt: skip
    assert sum(fit.status is Status.OK for fit in fits) >= 19
    floor = linreg.solve(X, y).loss
    for fit in fits:
        if fit.message.startswith("Converged"):  # 599 rows of 600 leave hardly any noise
            assert (batch_size, reduction) == (599, "sum")
            continue
        left, level, mean = told(fit)
        assert left == pytest.approx(float(fit.loss - floor), rel=0.006)  # three digits are printed
        assert (fit.status is Status.OK) == (left <= level)
        assert level == pytest.approx(expected.level, rel=0.006)
        assert mean is None or mean == pytest.approx(expected.mean, rel=0.006)


def told(fit: linreg.Fit) -> tuple[float, float, float | None]:
    """Excess loss, noise floor and its mean as the message has them."""
    words = r"The excess loss, (\S+), is (?:within|above) the .*, ([^\s:]+?)(?: \((\S+) on average\)\.|:)"
    left, level, mean = re.match(words, fit.message).groups()
    return float(left), float(level), float(mean) if mean else None


def test_the_message_of_a_run_beyond_the_limit():
    X, y = ordinary()
    bowl, top = bowl_of(X, y, True), linreg.curvature(X).largest_stable_rate
    limit = settled(X, y, bowl, top, 3, top).stable_rate
    fit = linreg.sgd(X, y, lr=1.05 * limit, epochs=2, batch_size=3, generator=gen())
    # the series for this rate shows the limit as well, and names the reduction's own
    assert fit.status is Status.NOT_CONVERGED
    assert f"lr = {1.05 * limit:.4g} is not below " in fit.message
    assert named(fit, "is not below") == pytest.approx(limit, rel=0.01)
    assert "stable in the mean square for batches of 3. Try lr = " in fit.message
    gentle = 1 / float(linreg.fold_bias(X).square().sum(1).max())
    assert named(fit, "Try lr =") == pytest.approx(gentle, rel=1e-3)
    summed = linreg.sgd(X, y, lr=1.05 * limit / 6, epochs=2, batch_size=3, generator=gen(), reduction="sum")
    assert named(summed, "is not below") == pytest.approx(named(fit, "is not below") / 6, rel=1e-3)
    assert named(summed, "Try lr =") == pytest.approx(gentle / 6, rel=1e-3)


def named(fit: linreg.Fit, words: str) -> float:
    return float(re.search(rf"{words} ([\d.e-]+),", fit.message).group(1))


def test_without_noise_there_is_no_floor():
    X, _ = ordinary()
    y = X.sum(1)
    lr = 1 / float(linreg.fold_bias(X).square().sum(1).max())
    bowl = bowl_of(X, y, True)
    assert settled(X, y, bowl, lr, 10, lr).level < 1e-25
    assert settled(X, y, bowl, lr, 600, lr) == (0.0, 0.0, math.inf)  # nor for all rows at once
    far = linreg.sgd(X, y, lr=lr, epochs=2, batch_size=10, generator=gen())
    assert far.status is Status.NOT_CONVERGED
    one = linreg.simulate(60, [1.0, 2.0], noise=0.0, generator=gen())
    fit = linreg.sgd(*one, lr=0.1, epochs=80, batch_size=5, generator=gen())
    assert fit.status is Status.OK
    assert fit.message.startswith("Converged: the excess loss, ")


def test_of_targets_that_are_zero_a_run_is_at_its_end_at_once():
    X, y = ordinary(d=3)
    fit = linreg.sgd(X, 0 * y, lr=1e-3, epochs=1, batch_size=50, generator=gen())
    assert fit.status is Status.OK
    assert fit.message == "Converged: the excess loss, 0, is too small to tell from 0."


def test_the_largest_stable_rate_is_not_below_itself():
    """With all rows in a batch: such a run goes to and fro along the steepest direction."""
    X, y = linreg.simulate(100, [1.0, 2.0], correlation=0.3, noise=0.5, generator=gen())
    rate = linreg.curvature(X).largest_stable_rate
    for lr, status in ((rate, Status.DIVERGED), ((1 - 1e-9) * rate, Status.NOT_CONVERGED)):
        fit = linreg.sgd(X, y, lr=lr, epochs=3, batch_size=100, generator=gen())
        assert fit.status is status
        assert ("is not below the largest stable rate, 2/lambda_max" in fit.message) == (lr == rate)


def test_a_rate_that_is_stable_for_the_whole_is_too_large_for_some_batches():
    X, y = ordinary(d=3)
    lr = 0.9 * linreg.curvature(X).largest_stable_rate
    fit = linreg.sgd(X, y, lr=lr, epochs=20, batch_size=1, generator=gen())
    assert fit.status is Status.DIVERGED
    assert f": lr = {lr:.4g} is too large for some batches. Try lr = " in fit.message


def test_the_largest_number_is_a_rate_like_another():
    X, y = ordinary(d=3)
    for reduction in ("half_mean", "sum"):
        fit = linreg.sgd(X, y, lr=1e308, epochs=1, batch_size=50, generator=gen(), reduction=reduction)
        assert fit.status is Status.DIVERGED


@pytest.mark.parametrize("batch_size", [1, 3, 16])
@pytest.mark.parametrize("part", [0.05, 0.5, 0.95])
def test_many_columns_of_a_factorial_design_settle_where_the_equation_says(part, batch_size):
    """Rows of one length, a Hessian that is the identity, errors of one size: then the envelope is exact."""
    X = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=F64)] * 4).repeat(3, 1)
    y = X.sum(1) + 2 + 0.5 * X.prod(1)  # the product of all is orthogonal to each
    f = share(48, batch_size)
    limit = 2 / (1 - f + 5 * f)
    run = Run(X, y, wide_of(X, y, True), True, part * limit, batch_size, "half_mean")
    noise = run._envelope(run.bowl)
    assert noise.mean == pytest.approx(exact_floor(X, y, part * limit, f), rel=1e-9)
    assert noise.level == pytest.approx(2 * noise.mean, rel=1e-12)
    assert noise.stable_rate == pytest.approx(limit, rel=1e-9)
    summed = run._replace(lr=part * limit / (2 * batch_size), reduction="sum")
    assert summed._envelope(run.bowl).mean == pytest.approx(noise.mean, rel=1e-9)
    beyond = run._replace(lr=1.01 * limit)._envelope(run.bowl)
    assert math.isinf(beyond.level)
    assert beyond.stable_rate == pytest.approx(limit, rel=1e-9)
