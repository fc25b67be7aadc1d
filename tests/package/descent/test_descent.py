"""Gradient descent: it steps, stops, converges and diverges as the eigenvalues say, and never ends in NaN."""

import math
import re
import sys

import pytest
import torch
from problems import EPS, built, error, gen
from torch.utils._python_dispatch import TorchDispatchMode

import linreg
from linreg import Status
from linreg.descent.modes import Inertia
from linreg.descent.verdict import _short_of

REDUCTIONS = ("half_mean", "mean", "half_sum", "sum")
SEEDS = (0, 1, 2)
F64 = torch.float64


def s8(seed: int = 0, **settings: object) -> tuple[torch.Tensor, torch.Tensor]:
    return linreg.simulate(generator=gen(seed), **settings)


def finite(fit: linreg.Fit) -> bool:
    parts = [fit.w, fit.b, fit.loss]
    if fit.path is not None:
        parts += [fit.path.w, fit.path.b, fit.path.loss]
    return all(bool(part.isfinite().all()) for part in parts)


def named_rate(fit: linreg.Fit) -> float:
    return float(re.search(r"Try lr = ([-+.\de]+?)[.,]?(?: |$)", fit.message).group(1))


# One step.


def test_step_is_the_formula():
    X, y = s8()
    w, b = torch.tensor([3.0, -2.0], dtype=F64), torch.tensor(0.5, dtype=F64)
    dw, db = linreg.gradient(X, y, w, b)
    w1, b1 = linreg.step(X, y, w, b, lr=0.3)
    assert torch.equal(w1, w - 0.3 * dw)
    assert torch.equal(b1, b - 0.3 * db)


def test_a_run_is_its_steps():
    X, y = s8()
    path = linreg.gradient_descent(X, y, lr=0.3, steps=5, tol=0).path
    w, b = torch.zeros(2, dtype=F64), torch.zeros((), dtype=F64)
    for t in range(6):
        assert torch.equal(path.w[t], w)
        assert torch.equal(path.b[t], b)
        assert float(path.loss[t]) == pytest.approx(
            float(linreg.squared_loss(linreg.predict(X, w, b), y)), rel=1e-14
        )
        w, b = linreg.step(X, y, w, b, lr=0.3)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_from_sums_the_path_is_the_same(dtype, intercept, reduction):
    X, y = s8(dtype=dtype)
    settings = {"intercept": intercept, "reduction": reduction}
    settings |= {"lr": linreg.curvature(X, **settings).best_rate / 4, "steps": 30, "tol": 0}
    plain, summed = (linreg.gradient_descent(X, y, sums=sums, **settings) for sums in (False, True))
    close = {"rtol": 0, "atol": 300 * torch.finfo(dtype).eps}  # of numbers up to 4, over 30 steps
    torch.testing.assert_close(summed.path.w, plain.path.w, **close)
    torch.testing.assert_close(summed.path.b, plain.path.b, **close)
    torch.testing.assert_close(summed.path.loss, plain.path.loss, rtol=close["atol"], atol=close["atol"])
    assert summed.w.dtype == dtype
    assert summed.status is plain.status


def test_sums_keep_digits_that_rows_of_float32_lose():
    """A `y` far from zero: sums are of float64, and tell the loss at the start to all digits of float32."""
    X, y = s8(dtype=torch.float32)
    y = y + 1e6
    best = linreg.solve(X.double(), y.double())
    w, b = best.w.float(), best.b.float()
    exact = linreg.squared_loss(linreg.predict(X.double(), w.double(), b.double()), y.double())
    fit = linreg.gradient_descent(X, y, lr=0.1, steps=0, w=w, b=b, sums=True)  # rows are 2 % off
    assert float(fit.loss) == pytest.approx(float(exact), rel=2 * torch.finfo(torch.float32).eps)


def test_sums_or_autograd():
    with pytest.raises(linreg.RangeError, match="`sums` must be False where `autograd` is True"):
        linreg.gradient_descent(*s8(), lr=0.1, steps=1, sums=True, autograd=True)


# Convergence.


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("autograd", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_converges_to_the_exact_answer(dtype, autograd, intercept, reduction):
    X, y = s8(dtype=dtype)
    settings = {"intercept": intercept, "reduction": reduction}
    rate = linreg.curvature(X, **settings).best_rate
    fit = linreg.gradient_descent(X, y, lr=rate, steps=200, autograd=autograd, **settings)
    best = linreg.solve(X, y, intercept=intercept)
    assert fit.status is Status.OK
    # The excess loss is below eps of what there was to gain, and so is the squared error, times kappa = 1.1.
    tolerance = 10 * torch.finfo(dtype).eps ** 0.5
    torch.testing.assert_close(fit.w, best.w, rtol=tolerance, atol=0)
    torch.testing.assert_close(fit.b, best.b, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(fit.loss, best.loss, rtol=tolerance, atol=0)
    assert fit.message.startswith(f"Converged after {fit.steps} steps")
    assert fit.b.abs() > 0 or not intercept
    assert fit.method == "gradient_descent"


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_below_the_largest_stable_rate_it_converges(seed, reduction):
    X, y = s8(seed)
    lr = 0.98 * linreg.curvature(X, reduction=reduction).largest_stable_rate
    fit = linreg.gradient_descent(X, y, lr=lr, steps=3000, reduction=reduction)
    assert fit.status is Status.OK
    assert error(fit, linreg.solve(X, y).w) < 1e-6


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("times", [1.0, 1.02, 1.5, 100.0, 1e200])
def test_above_it_diverges_and_names_a_rate_that_works(times, seed, reduction):
    X, y = s8(seed)
    rate = linreg.curvature(X, reduction=reduction).largest_stable_rate
    fit = linreg.gradient_descent(X, y, lr=times * rate, steps=3000, reduction=reduction)
    assert fit.status is Status.DIVERGED
    assert finite(fit)
    # the best seen, not the last
    assert fit.loss <= linreg.squared_loss(torch.zeros_like(y), y) * (1 + 1e-12)
    torch.testing.assert_close(linreg.squared_loss(fit.predict(X), y), fit.loss, rtol=1e-12, atol=0)
    assert f"2/lambda_max = {rate:.4g}." in fit.message
    again = linreg.gradient_descent(X, y, lr=named_rate(fit), steps=3000, reduction=reduction)
    assert again.status is Status.OK


@pytest.mark.parametrize(("below", "status"), [(5e-13, Status.DIVERGED), (5e-12, Status.NOT_CONVERGED)])
def test_at_the_largest_stable_rate_to_rounding_it_counts_as_diverged(below, status):
    X, y = s8()
    rate = linreg.curvature(X).largest_stable_rate
    assert linreg.gradient_descent(X, y, lr=rate * (1 - below), steps=3).status is status


def test_the_fastest_rate_is_that_of_directions_with_a_slope():
    X, y = s8()
    X = torch.column_stack((X, X[:, 0] + X[:, 1]))
    fit = linreg.gradient_descent(X, y, lr=0.01, steps=3)
    assert f"the fastest rate in the long run is {linreg.curvature(X).best_rate:.4g}." in fit.message


def test_divergence_stops_early_and_float32_does_not_overflow():
    X, y = s8(dtype=torch.float32)
    fit = linreg.gradient_descent(X, y, lr=3.0, steps=10**6)
    assert fit.status is Status.DIVERGED
    assert fit.steps < 50
    assert finite(fit)
    assert fit.path.loss[-1] > 1e4 * fit.path.loss[0]
    assert (fit.path.loss[:-1] <= 1e4 * fit.path.loss[0]).all()


def test_a_step_out_of_range_is_left_out():
    X, y = s8()
    fit = linreg.gradient_descent(X, y, lr=1e300, steps=10)
    assert fit.status is Status.DIVERGED
    assert fit.steps == 1
    assert fit.path.w.tolist() == [[0.0, 0.0]]
    assert "Diverged at step 1: lr = 1e+300" in fit.message
    assert finite(fit)


@pytest.mark.parametrize("lr", [3.0, 1e10])
def test_a_loss_that_starts_near_the_end_of_the_range(lr):
    """Ten thousand times this start is infinite."""
    X, y = s8()
    for fit in (
        linreg.gradient_descent(X, y * 1e152, lr=lr, steps=100),
        linreg.sgd(X, y * 1e152, lr=lr, epochs=3, batch_size=100, generator=gen()),
    ):
        assert fit.status is Status.DIVERGED
        assert finite(fit)
        assert len(fit.path.b) == fit.steps


def test_a_loss_at_the_start_out_of_range():
    X, y = s8()
    with pytest.raises(
        linreg.DataError, match=r"loss at the start must be within the range of torch.float64; it over"
    ):
        linreg.gradient_descent(X, y * 1e200, lr=0.1, steps=1)
    with pytest.raises(linreg.DataError, match=r"within the range of torch\.float32"):
        linreg.sgd(X.float(), y.float() * 1e25, lr=0.1, epochs=1, batch_size=9, generator=gen())


def test_too_few_steps():
    X, y = s8()
    fit = linreg.gradient_descent(X, y, lr=0.01, steps=3)
    assert fit.status is Status.NOT_CONVERGED
    assert fit.steps == 3
    assert "After 3 steps the excess loss is 2.8 of what there was to gain, not yet 2.2e-16." in fit.message
    best = float(re.search(r"the fastest rate in the long run is ([\d.]+)\.", fit.message).group(1))
    assert best == pytest.approx(linreg.curvature(X).best_rate, abs=5e-4)
    assert linreg.gradient_descent(X, y, lr=best, steps=30).status is Status.OK
    asked = linreg.gradient_descent(X, y, lr=0.01, steps=3, tol=0)
    assert (
        "not yet 0. `tol=0` asks for all the steps; the fastest rate in the long run is 1.009."
        in asked.message
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("noise", [0.1, 0.0])
@pytest.mark.parametrize("tol", [1e-3, None])
def test_the_message_knows_how_many_steps_it_takes(tol, noise, reduction):
    X, y = s8(noise=noise)
    lr = 0.02 / {"half_mean": 1, "mean": 2, "half_sum": 1000, "sum": 2000}[reduction]
    w = torch.tensor([5.0, -5.0], dtype=F64)
    settings = {"lr": lr, "w": w, "b": 1.0, "tol": tol, "reduction": reduction}
    short = linreg.gradient_descent(X, y, steps=20, **settings)
    assert short.status is Status.NOT_CONVERGED
    needed = int(re.search(r"At this rate it takes (\d+) steps", short.message).group(1))
    fit = linreg.gradient_descent(X, y, steps=needed + 50, **settings)
    assert fit.status is Status.OK
    assert abs(fit.steps - needed) <= 1  # the last step decides by rounding
    assert linreg.gradient_descent(X, y, steps=needed - 2, **settings).status is Status.NOT_CONVERGED


def test_no_steps_at_all():
    X, y = s8()
    fit = linreg.gradient_descent(X, y, lr=0.1, steps=0)
    assert fit.status is Status.NOT_CONVERGED
    assert fit.steps == 0
    assert fit.path.w.shape == (1, 2)
    assert fit.w.tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_a_start_at_the_minimum_has_converged(dtype):
    """Its gradient is rounding error, which no step can make much smaller."""
    X, y = s8(dtype=dtype)
    best = linreg.solve(X, y)
    fit = linreg.gradient_descent(X, y, lr=0.1, steps=100, w=best.w, b=best.b)
    assert (fit.status, fit.steps) == (Status.OK, 0)
    assert torch.equal(fit.w, best.w)


def test_nothing_to_do():
    X, _ = s8()
    fit = linreg.gradient_descent(X, torch.zeros(1000, dtype=F64), lr=0.1, steps=100)
    assert (fit.status, fit.steps) == (Status.OK, 0)


def test_tol():
    X, y = s8()
    steps = [
        linreg.gradient_descent(X, y, lr=0.3, steps=300, tol=tol).steps for tol in (0.5, 0.1, 1e-3, 1e-9, 0)
    ]
    assert steps == sorted(steps)
    assert steps[-1] == 300


def test_one_minimum_from_a_thousand_starts():
    """E5: convex with independent columns, so starts of scale 100 end at one point."""
    X, y = s8()
    H = linreg.hessian(X)
    A, c = linreg.fold_bias(X), linreg.fold_bias(X).T @ y / 1000
    parameters = 100 * torch.randn(1000, 3, generator=gen(), dtype=F64)
    for _ in range(60):
        parameters = parameters - 1.0 * (parameters @ H - c)
    spread = (parameters - parameters.mean(0)).abs().max()
    assert float(spread) < 1e-14
    fit = linreg.gradient_descent(
        X, y, lr=1.0, steps=60, w=100 * torch.randn(2, generator=gen(1), dtype=F64), tol=0
    )
    torch.testing.assert_close(fit.w, parameters[0, 1:], rtol=0, atol=1e-14)
    assert A.shape == (1000, 3)


@pytest.mark.parametrize(
    ("start", "end"), [(([0.0, 0.0], 0.0), ([1.5, 1.5], 1.0)), (([5.0, -5.0], 0.0), ([6.5, -3.5], 1.0))]
)
def test_a_trough_of_minima(start, end):
    """E10: [x, x, 1] with y = 3x + 1: descent keeps what the data do not speak of."""
    x = torch.randn(200, generator=gen(), dtype=F64)
    X, y = torch.stack((x, x), 1), 3 * x + 1
    fit = linreg.gradient_descent(
        X, y, lr=0.5, steps=2000, w=torch.tensor(start[0], dtype=F64), b=start[1], tol=1e-24
    )
    assert fit.status is Status.OK
    torch.testing.assert_close(fit.w, torch.tensor(end[0], dtype=F64), rtol=0, atol=1e-10)
    assert float(fit.b) == pytest.approx(end[1], abs=1e-10)
    if start[0][0] == 0:
        torch.testing.assert_close(fit.w, linreg.solve(X, y).w, rtol=0, atol=1e-10)


# Autograd, path, options.


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("intercept", [True, False])
def test_autograd_walks_the_same_path(intercept, reduction):
    X, y = s8()
    lr = 0.3 * linreg.curvature(X, reduction=reduction).largest_stable_rate
    hand, auto = (
        linreg.gradient_descent(
            X, y, lr=lr, steps=50, tol=0, autograd=a, intercept=intercept, reduction=reduction
        )
        for a in (False, True)
    )
    torch.testing.assert_close(auto.path.w, hand.path.w, rtol=1e-13, atol=1e-15)
    torch.testing.assert_close(auto.path.b, hand.path.b, rtol=1e-13, atol=1e-15)
    torch.testing.assert_close(auto.path.loss, hand.path.loss, rtol=1e-13, atol=0)
    with torch.no_grad():
        inside = linreg.gradient_descent(
            X, y, lr=lr, steps=5, autograd=True, intercept=intercept, reduction=reduction
        )
    assert inside.steps == 5


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_path_is_consistent(reduction):
    X, y = s8()
    lr = 0.2 * linreg.curvature(X, reduction=reduction).largest_stable_rate
    fit = linreg.gradient_descent(X, y, lr=lr, steps=20, reduction=reduction)
    path = fit.path
    assert path.w.shape == (fit.steps + 1, 2)
    assert path.b.shape == path.loss.shape == (fit.steps + 1,)
    assert torch.equal(path.w[-1], fit.w)
    assert torch.equal(path.b[-1], fit.b)
    losses = [
        float(linreg.squared_loss(linreg.predict(X, w, b), y, reduction=reduction))
        for w, b in zip(path.w, path.b, strict=True)
    ]
    torch.testing.assert_close(path.loss, torch.tensor(losses, dtype=F64), rtol=1e-13, atol=0)
    # `fit.loss` is the half mean whatever the run used
    torch.testing.assert_close(fit.loss, linreg.squared_loss(fit.predict(X), y), rtol=1e-13, atol=0)
    assert (path.loss[1:] < path.loss[:-1]).all()
    assert repr(path) == f"Path(20 steps, loss {losses[0]:.4g} to {losses[-1]:.4g})"


def test_without_a_record():
    X, y = s8()
    quiet, told = (linreg.gradient_descent(X, y, lr=0.3, steps=50, record=r) for r in (False, True))
    assert quiet.path is None
    assert torch.equal(quiet.w, told.w)
    assert quiet.steps == told.steps
    assert finite(linreg.gradient_descent(X, y, lr=1e300, steps=5, record=False))
    one = linreg.sgd(X, y, lr=0.1, epochs=2, batch_size=10, generator=gen(), record=False)
    assert one.path is None
    assert one.steps == 200


def test_the_cost_of_a_step_does_not_grow():
    """58,900 steps (E11) are a matter of seconds; a search through all earlier losses would take minutes."""
    X, y = s8()
    X = X * torch.tensor([1.0, 100.0], dtype=F64)
    fit = linreg.gradient_descent(X, y, lr=1 / linreg.curvature(X).L, steps=20_000, tol=0, record=False)
    assert fit.steps == 20_000


class RowsRead(TorchDispatchMode):
    """Counts the operations on tensors as large as a column of the rows."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n, self.count = n, 0

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        self.count += any(isinstance(arg, torch.Tensor) and arg.numel() >= self.n for arg in args)
        return op(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        (linreg.gradient_descent, {"lr": 1e-3}),
        (linreg.momentum, {"lr": 1e-3, "beta": 0.5}),
        (linreg.momentum, {"lr": 1e-3, "beta": 0.5, "nesterov": True}),
        (linreg.adam, {"lr": 1e-3}),
        (linreg.adam, {"lr": 1e-3, "weight_decay": 0.1}),
        (linreg.newton, {}),
        (linreg.lbfgs, {}),
    ],
)
def test_a_step_from_sums_reads_no_row(method, settings):
    """So it costs the same for a thousand rows and for ten million."""
    X, y = linreg.simulate(5000, generator=gen())

    def reads(steps: int, sums: bool) -> int:
        with RowsRead(5000) as seen:
            fit = method(X, y, steps=steps, tol=0, sums=sums, **settings)
        assert fit.steps == steps
        return seen.count

    assert reads(20, sums=True) == reads(2, sums=True)
    assert reads(20, sums=False) >= reads(2, sums=False) + 18


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e150])
def test_scales(scale):
    X, y = s8()
    lr = linreg.curvature(X * scale, intercept=False).best_rate
    fit = linreg.gradient_descent(X * scale, y, lr=lr, steps=500, intercept=False)
    assert fit.status is Status.OK
    torch.testing.assert_close(fit.w * scale, linreg.solve(X, y, intercept=False).w, rtol=1e-6, atol=0)


def test_progress(capsys):
    X, y = s8()
    linreg.gradient_descent(X, y, lr=0.3, steps=7, tol=0, progress=True)
    assert "7/7" in capsys.readouterr().err
    linreg.sgd(X, y, lr=0.1, epochs=3, batch_size=100, generator=gen(), progress=True)
    shown = capsys.readouterr().err
    assert "3/3" in shown
    assert "epoch" in shown


@pytest.mark.parametrize("method", ["gradient_descent", "sgd"])
def test_progress_without_tqdm(monkeypatch, method):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    X, y = s8()
    rest = (
        {"steps": 1} if method == "gradient_descent" else {"epochs": 1, "batch_size": 9, "generator": gen()}
    )
    with pytest.raises(
        linreg.MissingError, match=r"`progress=True` needs tqdm. Install it: pip install tqdm"
    ):
        getattr(linreg, method)(X, y, lr=0.1, progress=True, **rest)


# Mini-batches.


def test_batches_deal_every_row_once():
    X = torch.arange(23.0).unsqueeze(1)
    dealt = list(linreg.batches(X, X[:, 0], 5, generator=gen()))
    assert [len(y) for _, y in dealt] == [5, 5, 5, 5, 3]
    assert all(torch.equal(X_batch[:, 0], y_batch) for X_batch, y_batch in dealt)
    order = torch.cat([y for _, y in dealt])
    assert not torch.equal(order, X[:, 0])
    assert torch.equal(order.sort().values, X[:, 0])
    again = torch.cat([y for _, y in linreg.batches(X, X[:, 0], 5, generator=gen())])
    assert torch.equal(order, again)
    assert len(list(linreg.batches(X, X[:, 0], 100, generator=gen()))) == 1


def test_the_recipe_of_the_article():
    """E4: batch 10, rate 0.03, 3 epochs: worst parameter error about 0.005."""
    X, y = s8()
    fit = linreg.sgd(X, y, lr=0.03, epochs=3, batch_size=10, generator=gen(1))
    assert (fit.status, fit.steps) == (Status.OK, 300)
    worst = max(float((fit.w - torch.tensor([-1.0, 1.0], dtype=F64)).abs().max()), abs(float(fit.b) - 2))
    assert worst < 0.03
    assert float(fit.loss) < 1.05 * float(linreg.solve(X, y).loss)
    assert fit.path.w.shape == (301, 2)
    assert fit.path.loss.shape == (4,)


def test_noise_floor():
    """Expected excess loss at a constant rate: eta sigma^2 k / (4 B), 7.5e-5 for these settings."""
    sigma, k, B, lr = 0.1, 3, 10, 0.1
    excess = []
    for seed in range(10):
        X, y = s8(seed)
        floor = linreg.solve(X, y).loss
        fit = linreg.sgd(X, y, lr=lr, epochs=8, batch_size=B, generator=gen(seed))
        late = zip(fit.path.w[300:], fit.path.b[300:], strict=True)
        points = torch.stack([torch.cat((b[None], w)) for w, b in late])  # (t, 3)
        r = linreg.fold_bias(X) @ points.T - y[:, None]
        excess.append(float((r.square().mean(0) / 2).mean() - floor))
    # first order in the rate: the next term is of relative size eta tr(H) / (2 B) = 1.5 %; the mean over 5000
    # dependent points scatters by a few per cent
    assert sum(excess) / 10 == pytest.approx(lr * sigma**2 * k / (4 * B), rel=0.15)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("autograd", [True, False])
@pytest.mark.parametrize("intercept", [True, False])
def test_sgd_under_every_convention(intercept, autograd, reduction):
    X, y = s8(noise=0.0, b=2.0 if intercept else 0.0)
    per_row = {"half_mean": 1, "mean": 2, "half_sum": 10, "sum": 20}[reduction]
    fit = linreg.sgd(
        X, y, lr=0.1 / per_row, epochs=8, batch_size=10, generator=gen(),
        reduction=reduction, autograd=autograd, intercept=intercept,
    )  # fmt: skip
    torch.testing.assert_close(fit.w, torch.tensor([-1.0, 1.0], dtype=F64), rtol=1e-6, atol=0)
    assert float(fit.b) == pytest.approx(2.0 if intercept else 0.0, abs=1e-6)
    loss = linreg.squared_loss(linreg.predict(X, fit.path.w[0], fit.path.b[0]), y, reduction=reduction)
    torch.testing.assert_close(fit.path.loss[0], loss, rtol=1e-12, atol=0)


def test_one_batch_of_all_rows_is_gradient_descent():
    X, y = s8()
    full = linreg.gradient_descent(X, y, lr=0.3, steps=10, tol=0)
    fit = linreg.sgd(X, y, lr=0.3, epochs=10, batch_size=5000, generator=gen())
    torch.testing.assert_close(fit.path.w, full.path.w, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(fit.path.loss, full.path.loss, rtol=1e-12, atol=0)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("times", [1.2, 100.0, 1e200])
@pytest.mark.parametrize(("batch_size", "epochs"), [(1, 3), (10, 5), (250, 75), (1000, 300)])
def test_sgd_diverges_and_names_a_rate_that_works(batch_size, epochs, times, reduction):
    X, y = s8()
    per_row = {"half_mean": 1, "mean": 2, "half_sum": batch_size, "sum": 2 * batch_size}[reduction]
    rate = linreg.curvature(X).largest_stable_rate / per_row
    settings = {"batch_size": batch_size, "reduction": reduction}
    fit = linreg.sgd(X, y, lr=times * rate, epochs=epochs, generator=gen(), **settings)
    assert fit.status is Status.DIVERGED
    assert finite(fit)
    assert f"is not below the largest stable rate, 2/lambda_max = {rate:.4g}." in fit.message
    assert float(fit.loss) <= float(linreg.squared_loss(torch.zeros_like(y), y))
    torch.testing.assert_close(linreg.squared_loss(fit.predict(X), y), fit.loss, rtol=1e-12, atol=0)
    again = linreg.sgd(X, y, lr=named_rate(fit), epochs=epochs, generator=gen(), **settings)
    assert again.status is Status.OK
    assert float(again.loss) < 3 * float(linreg.solve(X, y).loss)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_a_blow_up_is_noticed_within_an_epoch(reduction):
    """Equal rows, and a rate that doubles `w` each time: one row of 100 then has 4^t times its first loss."""
    X, y = torch.ones(100, 1, dtype=F64), torch.zeros(100, dtype=F64)
    lr = 3.0 / {"half_mean": 1, "mean": 2, "half_sum": 1, "sum": 2}[reduction]
    settings = {"w": torch.ones(1, dtype=F64), "intercept": False, "reduction": reduction}
    fit = linreg.sgd(X, y, lr=lr, epochs=1, batch_size=1, generator=gen(), **settings)
    # 4^t / 100 of the loss of all is more than ten thousand times its start from t = 10 on
    assert (fit.status, fit.steps) == (Status.DIVERGED, 10)
    assert fit.path.w[:, 0].tolist() == [(-2.0) ** t for t in range(11)]


def steep() -> tuple[torch.Tensor, torch.Tensor]:
    """One long row among short ones: the whole is flat, a batch with that row is not."""
    X = 0.1 * torch.randn(200, 1, generator=gen(), dtype=F64)
    X[0] = 5.0
    return X, X[:, 0] + 0.1 * torch.randn(200, generator=gen(1), dtype=F64)


def test_some_batches_are_too_steep():
    X, y = s8()
    lr = 0.8 * linreg.curvature(X).largest_stable_rate
    fit = linreg.sgd(X, y, lr=lr, epochs=3, batch_size=1, generator=gen())
    assert fit.status is Status.DIVERGED
    assert f"lr = {lr:.4g} is too large for some batches. Try lr = " in fit.message
    again = linreg.sgd(X, y, lr=named_rate(fit), epochs=3, batch_size=1, generator=gen())
    assert again.status is Status.OK


def test_a_rising_loss_is_no_convergence():
    """A run that ends before the loss has blown up is not called converged either."""
    X, y = s8()
    fit = linreg.sgd(X, y, lr=2.3, epochs=1, batch_size=1000, generator=gen())
    assert fit.status is Status.DIVERGED
    X, y = steep()
    lr = 0.3 * linreg.curvature(X, intercept=False).largest_stable_rate
    fit = linreg.sgd(X, y, lr=lr, epochs=1, batch_size=2, generator=gen(), intercept=False)
    assert fit.status is Status.NOT_CONVERGED
    assert "Such runs do not settle: lr = 4.456 is not below 0.17" in fit.message
    again = linreg.sgd(X, y, lr=named_rate(fit), epochs=60, batch_size=2, generator=gen(), intercept=False)
    assert again.status is Status.OK


def test_a_falling_loss_is_not_convergence():
    X, y = s8()
    fit = linreg.sgd(X, y, lr=1e-3, epochs=2, batch_size=10, generator=gen())
    assert fit.status is Status.NOT_CONVERGED
    assert "The excess loss, 1.95, is above the noise floor of this rate and batch size, " in fit.message
    assert fit.message.endswith(": give it more epochs.")
    more = linreg.sgd(X, y, lr=1e-3, epochs=100, batch_size=10, generator=gen())
    assert more.status is Status.OK


def test_sgd_that_has_fallen_and_then_rises_is_not_ok():
    """It still is far below where it began, and on its way up."""
    X, y = s8()
    fit = linreg.sgd(X, y, lr=1.7, epochs=20, batch_size=10, generator=gen(1))
    assert float(fit.path.loss[-1]) < float(fit.path.loss[0])
    assert fit.status is Status.NOT_CONVERGED
    assert "Such runs do not settle: lr = 1.7 is not below 1.4" in fit.message


def test_sgd_from_the_minimum_stays_near_it():
    X, y = s8()
    best = linreg.solve(X, y)
    fit = linreg.sgd(X, y, lr=0.03, epochs=1, batch_size=10, generator=gen(), w=best.w, b=best.b)
    assert fit.status is Status.OK
    assert float(fit.loss) < 1.1 * float(best.loss)


def test_a_perfect_start():
    X = torch.randn(30, 2, generator=gen(), dtype=F64)
    fit = linreg.sgd(X, torch.zeros(30, dtype=F64), lr=0.1, epochs=2, batch_size=7, generator=gen())
    assert (fit.status, float(fit.loss)) == (Status.OK, 0.0)


def test_descent_reaches_the_built_answer():
    for kappa in (1.0, 10.0):
        p = built(kappa=kappa, noise=0.1)
        lr = linreg.curvature(p.X).best_rate
        fit = linreg.gradient_descent(p.X, p.y, lr=lr, steps=5000, tol=1e-26)  # of the square of the error
        assert fit.status is Status.OK
        assert error(fit, p.w) < 1e4 * EPS * kappa**2


# A status is true, whatever the units.


def left_share(fit: linreg.Fit, X: torch.Tensor, y: torch.Tensor) -> float:
    """Excess loss of the weights as a share of what there was to gain, from the rows in float64."""
    X, y = X.double(), y.double()
    best = linreg.solve(X, y)
    loss = linreg.squared_loss(linreg.predict(X, fit.w.double(), fit.b.double()), y)
    return float((loss - best.loss) / ((y - y.mean()).square().mean() / 2 - best.loss))


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("seed", range(12))
def test_the_advised_rate_leads_to_a_true_status(seed, dtype):
    """Columns in random units, each far from zero as often as not: square metres, rooms, milliseconds."""
    g = gen(seed)
    d = 2 + seed % 4
    X, y = linreg.simulate(150, [1.0] * d, correlation=0.3, noise=0.2, generator=g)
    units = 10 ** (8 * torch.rand(d, generator=g, dtype=F64) - 4)
    offset = 3 * (torch.rand(d, generator=g, dtype=F64) < 0.5)
    X, y = ((X + offset) * units).to(dtype), y.to(dtype)
    tol = torch.finfo(dtype).eps
    bad = linreg.gradient_descent(X, y, lr=1e12, steps=50)
    assert bad.status is Status.DIVERGED
    for how in ({}, {"sums": True}, {"autograd": True}):
        fit = linreg.gradient_descent(X, y, lr=named_rate(bad), steps=300, record=False, **how)
        left = left_share(fit, X, y)
        # the losses that are compared here are rounded to float64
        assert (
            left <= tol * (1 + 1e-6) + 1e-14 if fit.status is Status.OK else left > tol * (1 - 1e-6) - 1e-14
        )
    bad = linreg.sgd(X, y, lr=1e12, epochs=1, batch_size=30, generator=g)
    assert bad.status is Status.DIVERGED
    fit = linreg.sgd(X, y, lr=named_rate(bad), epochs=20, batch_size=30, generator=g)
    assert fit.status in (Status.OK, Status.NOT_CONVERGED)
    gain = (y.double() - y.double().mean()).square().mean() / 2 - linreg.solve(X.double(), y.double()).loss
    floor = float(re.search(r"batch size, ([\d.e+-]*\d)", fit.message).group(1)) / float(gain)
    # three digits of the floor are printed
    left = left_share(fit, X, y)
    assert left <= 1.01 * floor if fit.status is Status.OK else left >= 0.99 * floor


@pytest.mark.parametrize(("kappa", "many"), [(520, False), (530, True)])
def test_from_a_million_steps_on_another_scale_is_advised(kappa, many):
    """The last of them have (1 - 1 / (2 kappa^2))^(2t) / kappa^2 = 1e-7: t = kappa^2 log(1e7 / kappa^2)."""
    X = torch.randn(400, 2, generator=torch.Generator().manual_seed(0), dtype=F64)
    X = torch.linalg.qr(X - X.mean(0)).Q * torch.tensor([20, 20 / kappa], dtype=F64)
    fit = linreg.gradient_descent(X, X.sum(1), lr=0.5, steps=10, tol=1e-7)
    assert ("millions of steps" in fit.message) == many
    needed = kappa**2 * math.log(1e7 / kappa**2)
    assert (needed > 1e6) == many
    if not many:
        told = float(re.search(r"At this rate it takes (\d+) steps", fit.message)[1])
        assert told == pytest.approx(needed, rel=1e-5)


def test_a_standstill_is_not_convergence():
    """One large column: after a step its gradient is gone, and the other weights have not moved."""
    X, y = s8()
    X = X * torch.tensor([1.0, 1e9], dtype=F64)
    lr = 1 / linreg.curvature(X).L
    fit = linreg.gradient_descent(X, y, lr=lr, steps=1000, record=False)
    dw, db = linreg.gradient(X, y, fit.w, fit.b)
    first, _ = linreg.gradient(X, y, torch.zeros_like(fit.w))
    assert math.hypot(float(dw.norm()), float(db)) < 1e-8 * float(
        first.norm()
    )  # as the old rule would have it
    assert fit.status is Status.NOT_CONVERGED
    assert "it takes millions of steps: bring the columns to one scale" in fit.message
    small = linreg.gradient_descent(X.float() * 1e6, y.float(), lr=lr * 1e-12, steps=300)
    assert small.status is Status.NOT_CONVERGED


def test_steps_below_the_rounding_of_the_dtype_are_told():
    """The rows lie far from zero: float32 rounds the prediction by more than what is to be gained."""
    X, y = s8(dtype=torch.float32)
    fit = linreg.gradient_descent(X, y + 1e6, lr=0.01, steps=3000, record=False)
    assert fit.status is Status.NOT_CONVERGED
    assert "torch.float32 rounds too much to come closer: centre and scale" in fit.message
    centred = linreg.gradient_descent(X, y + 1e6 - (y + 1e6).mean(), lr=0.01, steps=3000, record=False)
    assert centred.status is Status.OK
    # a step that moves nothing, long before it could have arrived
    stuck = linreg.gradient_descent(X, y + 1e6, lr=1e-9, steps=3, w=torch.tensor([1e3, 1e3]), b=1e6)
    assert "torch.float32 rounds too much" in stuck.message


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("exponents", [(0, 30), (-40, 10), (100, -100)])
def test_the_test_does_not_depend_on_the_units(exponents, intercept):
    """Powers of two round nothing: a point in other units has the same status and share, to the bit."""
    X, y = s8()
    units = torch.tensor([2.0**k for k in exponents], dtype=F64)
    best = linreg.solve(X, y, intercept=intercept)
    for distance in (1.0, 1e-4, 1e-8, 1e-12):
        w, b = best.w * (1 + distance), best.b
        for tol in (1e-12, None):
            settings = {"steps": 0, "lr": 1e-300, "tol": tol, "intercept": intercept}
            here = linreg.gradient_descent(X, y, w=w, b=b, **settings)
            there = linreg.gradient_descent(X * units, y, w=w / units, b=b, **settings)
            assert (there.status, there.message) == (here.status, here.message)


@pytest.mark.parametrize("tol", [1e-2, 1e-6, 1e-10])
@pytest.mark.parametrize("noise", [0.0, 0.1, 3.0])
def test_tol_is_a_share_of_what_there_was_to_gain(noise, tol):
    """20 correlated columns; the run stops at the first step that has come so far."""
    X, y = linreg.simulate(400, [1.0] * 20, correlation=0.5, noise=noise, generator=gen())
    fit = linreg.gradient_descent(X, y, lr=linreg.curvature(X).best_rate, steps=5000, tol=tol)
    assert fit.status is Status.OK
    assert f"Converged after {fit.steps} steps: the excess loss is at most {tol:.2g} of what" in fit.message
    floor = linreg.solve(X, y).loss
    gain = float((y - y.mean()).square().mean() / 2 - floor)
    share = (fit.path.loss - floor) / gain
    rounding = 1e-14 * (1 + float(floor) / gain)
    assert (share[:-1] > tol * (1 - 1e-6) - rounding).all()
    assert share[-1] <= tol * (1 + 1e-6) + rounding


def test_the_default_is_the_machine_epsilon_and_is_named():
    for dtype, words in ((torch.float32, "at most 1.2e-07 of"), (F64, "at most 2.2e-16 of")):
        X, y = s8(dtype=dtype)
        default = linreg.gradient_descent(X, y, lr=0.9, steps=200)
        assert words in default.message
        named = linreg.gradient_descent(X, y, lr=0.9, steps=200, tol=torch.finfo(dtype).eps)
        assert named.steps == default.steps


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("constant", [5.0, 1e-20, 3e15])
def test_a_constant_target(constant, dtype):
    """Nothing to gain over the mean: converged is what has come all the way there from zero."""
    X, _ = s8(dtype=dtype)
    y = torch.full((1000,), constant, dtype=dtype)
    fit = linreg.gradient_descent(X, y, lr=0.5, steps=500)
    assert fit.status is Status.OK
    assert fit.steps > 5
    assert float(fit.b) == pytest.approx(constant, rel=2 * torch.finfo(dtype).eps ** 0.5)
    assert linreg.gradient_descent(X, y, lr=0.5, steps=5).status is Status.NOT_CONVERGED


def test_tol_0_runs_all_steps_even_at_the_minimum():
    X = torch.tensor([[-1.0], [1.0]], dtype=F64)
    fit = linreg.gradient_descent(X, 3 * X[:, 0], lr=1.0, steps=20, tol=0)
    assert (fit.steps, float(fit.loss)) == (20, 0.0)
    assert linreg.gradient_descent(X, 3 * X[:, 0], lr=1.0, steps=20).steps == 1


@pytest.mark.parametrize("how", [{}, {"sums": True}, {"autograd": True}])
@pytest.mark.parametrize(("dtype", "scale"), [(torch.float32, 1e10), (torch.float32, 3e9), (F64, 1e80)])
def test_a_gradient_whose_length_overflows(dtype, scale, how):
    X, y = s8()
    X, y = (X * scale).to(dtype), (y * scale).to(dtype)
    fit = linreg.gradient_descent(X, y, lr=0.5 / scale**2, steps=200, intercept=False, **how)
    assert fit.status is Status.OK
    torch.testing.assert_close(
        fit.w, linreg.solve(X, y, intercept=False).w, rtol=10 * torch.finfo(dtype).eps ** 0.5, atol=0
    )


def test_a_gradient_that_overflows_itself():
    X, y = s8(dtype=torch.float32)
    fit = linreg.gradient_descent(X * 1e36, y, lr=1e-37, steps=10, intercept=False)
    assert fit.status is not Status.OK
    assert finite(fit)


@pytest.mark.parametrize("seed", SEEDS)
def test_mini_batches_on_ordinary_data(seed):
    """20 correlated columns: far away it is not converged, and settled it is."""
    X, y = linreg.simulate(1000, [1.0] * 20, correlation=0.6, noise=0.5, generator=gen(seed))
    settings = {"batch_size": 20, "lr": 0.02, "record": False}
    runs = [linreg.sgd(X, y, epochs=epochs, generator=gen(seed), **settings) for epochs in (1, 2, 40)]
    assert [fit.status for fit in runs] == [Status.NOT_CONVERGED, Status.NOT_CONVERGED, Status.OK]
    assert "above the noise floor" in runs[0].message
    assert "within the noise floor" in runs[-1].message


@pytest.mark.parametrize(("beta", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("far", [3.0, 30.0, 1e3, 1e4])
@pytest.mark.parametrize("scale", [1.0, 0.7])
def test_the_fastest_rate_of_a_message_does_not_diverge_where_it_is_followed(scale, far, beta, nesterov):
    """Of columns far apart it lies so near the largest stable one that four digits do not tell them apart."""
    X = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    y = X @ torch.tensor([2.0, 1.0], dtype=torch.float64) + 3
    X = X * torch.tensor([scale, scale / far], dtype=torch.float64)
    L = float(linreg.curvature(X).L)

    def run(lr, beta):
        if not beta:
            return linreg.gradient_descent(X, y, lr=lr, steps=40, tol=0)
        return linreg.momentum(X, y, lr=lr, beta=beta, nesterov=nesterov, steps=40, tol=0)

    message = run(0.1 / L, beta).message
    told = re.search(r"the fastest rate in the long run is ([\d.e-]+)\.$", message)
    if told is None:
        beta, told = re.search(r"try beta = ([\d.]+), lr = ([\d.]+)\.$", message).groups()
        followed = run(float(told), float(beta))
    else:
        followed = run(float(told[1]), beta)
    assert followed.status == "not converged"
    assert followed.message.startswith("After 40 steps")
    if not beta:
        limit, best = 2 / L, linreg.curvature(X).best_rate
        assert float(told[1]) == pytest.approx(best, rel=0, abs=0.11 * (limit - best))


@pytest.mark.parametrize(("needed", "words"), [(20, "torch.float64 rounds too much"), (21, "takes 21 steps")])
def test_where_exact_numbers_would_have_arrived_rounding_is_named(needed, words, monkeypatch):
    monkeypatch.setattr("linreg.descent.modes.Modes.steps", lambda *_: needed)
    X, y = s8()
    fit = linreg.gradient_descent(X, y, lr=0.01, steps=20)
    assert fit.status is Status.NOT_CONVERGED
    assert words in fit.message


@pytest.mark.parametrize(("kappa", "none"), [(0.8e5, False), (1.2e5, True), (1e6, True)])
def test_no_rate_is_advised_where_none_helps(kappa, none):
    """From a condition of the Hessian, which is that of the columns squared, of 1e10 on."""
    X = torch.randn(50, 2, generator=gen(), dtype=torch.float64)
    X = torch.linalg.qr(X - X.mean(0)).Q * torch.tensor([7.0, 7 / kappa])
    fit = linreg.gradient_descent(X, X.sum(1), lr=0.1, steps=5, tol=0, intercept=False)
    assert fit.message.endswith("no rate is fast: bring the columns to one scale first.") is none


@pytest.mark.parametrize("beta", [0.0, 0.5])
def test_the_rate_of_dependent_columns_is_that_of_the_directions_that_the_loss_has(beta):
    """A curvature of 0 is of a direction that nothing depends on."""
    X, y = linreg.ordinary(0)[:2]
    X = torch.column_stack((X, X[:, 0] - 2 * X[:, 1]))
    A = torch.column_stack((torch.ones_like(y), X))
    rates = torch.linalg.eigvalsh(A.T @ A / len(X))
    mu, L = float(rates[1]), float(rates[-1])
    fit = linreg.momentum(X, y, lr=0.1 / L, beta=beta, steps=3, tol=0)
    told = re.search(r"the fastest rate in the long run is ([\d.e-]+)\.$", fit.message)
    assert float(told[1]) == pytest.approx(2 * (1 + beta) / (mu + L), rel=1e-3)


@pytest.mark.parametrize(("beta", "nesterov"), [(0.0, False), (0.3, False), (0.3, True)])
def test_another_share_is_advised_only_where_no_rate_is_faster_with_this_one(beta, nesterov):
    """Without momentum, or with Nesterov's, the fastest rate is named also where it is the one in use."""
    X, y = linreg.ordinary(0)[:2]
    bowl = linreg.curvature(X)
    best = Inertia(beta, nesterov).best_rate(bowl.mu, bowl.L)
    for times in (1.0, 0.1):
        message = linreg.momentum(X, y, lr=times * best, beta=beta, nesterov=nesterov, steps=3, tol=0).message
        ball = beta > 0 and not nesterov and times == 1
        assert ("no rate is faster with this `beta`; try beta = " in message) is ball
        assert ("the fastest rate in the long run is " in message) is not ball


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (1.23456, 2.0, "1.235"),
        (1.2, 2.0, "1.2"),
        (1.99912, 2.0, "1.9991"),  # 1.999 is off by more than a tenth of 0.00088
        (1.99994, 2.0, "1.99994"),
        (math.nextafter(2.0, 0.0), 2.0, "1.9999999999999998"),
    ],
)
def test_a_rate_is_printed_with_the_digits_that_keep_it_below_the_limit(value, limit, text):
    assert _short_of(value, limit) == text
