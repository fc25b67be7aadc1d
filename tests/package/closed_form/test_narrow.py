"""The loss told is that of the weights handed back, and where rounding them shows, the message says so."""

import re
from fractions import Fraction

import pytest
import torch
from problems import gen

import linreg
from linreg import Status
from linreg.closed_form import narrow

F32, F64 = torch.float32, torch.float64

# A number for each penalty that hardly moves anything, so that the losses can be set beside each other.
SQUARED = {
    "solve": linreg.solve,
    "cholesky": linreg.cholesky,
    "qr": linreg.qr,
    "svd": linreg.svd,
    "conjugate_gradients": linreg.conjugate_gradients,
    "ridge": lambda X, y, **k: linreg.ridge(X, y, alpha=1e-12, **k),
    "lasso": lambda X, y, **k: linreg.lasso(X, y, alpha=1e-9, **k),
}
WEIGHTED = ("solve", "conjugate_gradients", "ridge", "lasso")


def far(away: float, n: int = 400, d: int = 3, seed: int = 0, dtype: torch.dtype = F32):
    """Columns that vary by 1 at this distance, slopes 1 to d, and noise of 1e-3."""
    g = gen(seed)
    X = (away + torch.randn(n, d, generator=g, dtype=F64)).to(dtype)
    centred = X.double() - X.double().mean(0)
    y = centred @ torch.arange(1.0, d + 1, dtype=F64) + 1e-3 * torch.randn(n, generator=g, dtype=F64)
    return X, y.to(dtype)


def nearly(seed: int = 0):
    """A column that is the sum of two others, as far as float32 tells: large weights cancel each other."""
    g = gen(seed)
    X = torch.randn(400, 3, generator=g, dtype=F64)
    X[:, 2] = X[:, 0] + X[:, 1] + 1e-7 * torch.randn(400, generator=g, dtype=F64)
    X = X.float()
    rest = X[:, 2].double() - X[:, 0].double() - X[:, 1].double()
    y = (
        3e6 * rest
        + X[:, :2].double() @ torch.tensor([0.33, 0.71], dtype=F64)
        + 0.1 * torch.randn(400, generator=g, dtype=F64)
    ).float()
    return X, y


def loss_of(fit, X, y, c=None):
    """Of the numbers in the fit, by exact fractions."""
    w, b = [Fraction(float(v)) for v in fit.w], Fraction(float(fit.b))
    weights = [Fraction(float(v)) for v in (torch.ones(len(y)) if c is None else c)]
    squares = (
        k * (Fraction(float(t)) - b - sum(v * Fraction(float(x)) for v, x in zip(w, row, strict=True))) ** 2
        for k, row, t in zip(weights, X, y, strict=True)
    )
    return float(sum(squares) / (2 * sum(weights)))


def share_told(fit):
    found = re.search(r"move predictions by (\S+) of the spread", fit.message)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("away", [0.0, 1e2, 1e4, 1e5, 1e6])
@pytest.mark.parametrize("name", SQUARED)
def test_the_loss_is_that_of_rounded_weights(name, away):
    X, y = far(away)
    fit = SQUARED[name](X, y)
    assert float(fit.loss) == pytest.approx(loss_of(fit, X, y), rel=1e-5)
    assert (fit.status == Status.OK) == (share_told(fit) < 0.1)


@pytest.mark.parametrize("name", WEIGHTED)
def test_with_weights(name):
    X, y = far(3e5)
    c = torch.rand(len(y), generator=gen(1)) * 5
    c[::7] = 0
    fit = SQUARED[name](X, y, weights=c)
    assert float(fit.loss) == pytest.approx(loss_of(fit, X, y, c), rel=1e-5)
    assert share_told(fit) > 0


@pytest.mark.parametrize("name", SQUARED)
def test_what_is_told_is_what_rounding_adds(name):
    """And the cure that is named takes it away."""
    X, y = far(2e6)
    fit = SQUARED[name](X, y)
    spread = float(y.double().var(correction=0))
    least = float(linreg.solve(X.double(), y.double()).loss)
    share = (2 * (loss_of(fit, X, y) - least) / spread) ** 0.5
    assert share_told(fit) == pytest.approx(share, rel=0.1)
    assert "Pass `X.double()` and `y.double()`." in fit.message
    cured = SQUARED[name](X.double(), y.double())
    assert share_told(cured) == 0
    assert float(cured.loss) == pytest.approx(least, rel=1e-6)


@pytest.mark.parametrize("name", SQUARED)
def test_what_is_told_does_not_hang_on_the_unit_of_another_column(name):
    X, y = far(2e6, d=1)
    X = torch.cat((X, 1e-3 * torch.randn(400, 1, generator=gen(1))), 1)
    fit = SQUARED[name](X, y)
    least = float(linreg.solve(X.double(), y.double()).loss)
    share = (2 * (loss_of(fit, X, y) - least) / float(y.double().var(correction=0))) ** 0.5
    assert share_told(fit) == pytest.approx(share, rel=0.5)  # one digit is told


@pytest.mark.parametrize("weighted", [False, True])
def test_the_spread_is_about_the_mean_of_all_rows(weighted):
    """And not about that of the first, from which the others are three spreads away."""
    X, y = far(2e6, n=4096)
    far_off = torch.arange(4096) >= 1024
    y[far_off] += 3 * y[far_off].std() - y[far_off].mean()
    c = torch.arange(4096).remainder(3).float() if weighted else torch.ones(4096)
    fit, whole = linreg.solve(X, y, weights=c), linreg.solve(X, y, weights=c, dtype=F64)
    c, y = c.double() / c.sum(), y.double()
    moved = X.double() @ (fit.w.double() - whole.w) + (fit.b.double() - whole.b)
    share = ((c @ moved.square()) / (c @ (y - c @ y).square())).sqrt()
    assert share_told(fit) == pytest.approx(float(share), rel=0.25)


@pytest.mark.parametrize("name", ["solve", "ridge", "lasso"])
def test_of_weights_beyond_the_range_that_alone_is_said(name):
    X, y = far(0.0)
    fit = SQUARED[name](X * 1e30, y * 1e-20)
    assert fit.status == Status.OUT_OF_RANGE
    assert "too small for all its digits" in fit.message
    assert share_told(fit) == 0


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("name", ["cholesky", "qr"])
def test_of_no_answer_nothing_is_measured(name, intercept):
    """Dependent columns, and weights beyond float32."""
    X, y = far(0.0)
    none = SQUARED[name](torch.column_stack((X, X[:, :1])), y, intercept=intercept)
    assert none.status == Status.RANK_DEFICIENT
    assert none.w.isnan().all()
    assert none.loss.isnan()
    beyond = SQUARED[name](X * 1e-30, y * 1e15, intercept=intercept)
    assert beyond.status == Status.OUT_OF_RANGE
    assert beyond.w.isinf().all()
    assert share_told(none) == share_told(beyond) == 0


@pytest.mark.parametrize("name", ["cholesky", "qr"])
def test_nor_of_an_intercept_that_alone_is_beyond_the_range(name):
    X, y = far(1e5)
    fit = SQUARED[name](X, y * 1e34)
    assert fit.status == Status.OUT_OF_RANGE
    assert fit.w.isfinite().all()
    assert fit.b.isinf()
    assert share_told(fit) == 0


@pytest.mark.parametrize("n", [30, 5000])
def test_the_short_way_counts_it_as_well(n):
    """Of a few rows, and of their sums: rounding moves the level of all rows."""
    X, y = far(9000.0, n=n, d=1)
    y = y + 0.02 * torch.randn(n, generator=gen(2))
    fit = linreg.solve(X, y)
    whole = linreg.solve(X, y, dtype=F64)
    assert fit.message.startswith("Cholesky: ")
    moved = float(fit.b) - float(whole.b) + float((fit.w - whole.w) @ X.double().mean(0))
    added = float(fit.loss.double() - whole.loss)
    assert moved**2 / 2 > 20 * torch.finfo(F32).eps * float(whole.loss)
    assert abs(added - moved**2 / 2) <= torch.finfo(F32).eps * float(whole.loss)
    assert share_told(fit) == 0


def test_a_level_that_float32_does_not_hold():
    """Small residuals of targets that are far from zero: b alone is rounded."""
    X = torch.randn(300, 2, generator=gen())
    y = 5e5 + (X @ torch.tensor([0.25, 0.125]))
    fit = linreg.solve(X, y)
    assert float(fit.loss) == pytest.approx(loss_of(fit, X, y), rel=1e-5)


@pytest.mark.parametrize("dtype", [F32, F64])
def test_weights_that_cancel_have_no_digit(dtype):
    """Conjugate gradients take float32 entries for exact; their large weights do not live through float32."""
    X, y = nearly()
    fit = linreg.conjugate_gradients(X.to(dtype), y.to(dtype))
    gain = float(y.double().var(correction=0)) / 2 - float(
        linreg.conjugate_gradients(X.double(), y.double()).loss
    )
    excess = loss_of(fit, X, y) - float(linreg.conjugate_gradients(X.double(), y.double()).loss)
    if dtype == F64:
        assert fit.status == Status.OK
        assert abs(excess) < 1e-9 * gain
    else:
        assert float(fit.loss) == pytest.approx(loss_of(fit, X, y), rel=1e-4)
        assert excess > 0.01 * gain
        assert fit.status == Status.NO_DIGITS


@pytest.mark.parametrize("away", [1e9, 1e12, 1e13, 1e14])
@pytest.mark.parametrize("name", ["solve", "cholesky", "qr", "svd", "ridge"])
def test_columns_too_far_for_float64(name, away):
    X, y = far(away, n=200, d=1, dtype=F64)
    fit = SQUARED[name](X, y)
    assert float(fit.loss) == pytest.approx(loss_of(fit, X, y), rel=1e-3)
    added = float(fit.loss) - float(linreg.solve(X - away, y).loss)
    assert (share_told(fit) > 0) == (2 * added > 1e-6 * float(y.var(correction=0)))
    if share_told(fit):
        assert "Subtract a round number from each column of `X` that lies far from zero." in fit.message
        near = SQUARED[name](X - away, y)
        assert share_told(near) == 0
        assert float(near.loss) < float(fit.loss)


@pytest.mark.parametrize("name", ["solve", "ridge"])
def test_a_loss_is_that_of_an_intercept_rounded_by_a_twentieth_of_a_residual(name):
    for seed in range(8):
        X, y = far(2e11, n=100, d=1, seed=seed, dtype=F64)
        fit = SQUARED[name](X, y)
        assert float(fit.loss) == pytest.approx(loss_of(fit, X, y), rel=5e-5, abs=0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "spread"), [(60, 1e-150), (60, 1.0), (60, 1e150), (16_500, 1.0)])
def test_a_loss_that_is_next_to_nothing_is_that_of_the_weights_as_well(n, spread, weighted):
    """A column at 1e9 moves predictions by 1e-7, which is little beside y and all that is left of it."""
    for seed in range(2):
        g = gen(seed)
        Z = torch.randn(n, 2, generator=g, dtype=F64)
        X = torch.stack((Z[:, 0] + 1e9, Z[:, 0] + 0.01 * Z[:, 1]), 1)
        y = spread * (X[:, 0] - 1e9 + X[:, 1] + 1e-9 * torch.randn(n, generator=g, dtype=F64))
        c = torch.rand(n, generator=g, dtype=F64) if weighted else None
        fit = linreg.solve(X, y, weights=c)
        torch.testing.assert_close(fit.w / spread, torch.ones(2, dtype=F64), rtol=1e-5, atol=0)
        rel = 1e-9 if n == 60 else 1e-3
        assert float(fit.loss) == pytest.approx(loss_of(fit, X, y, c), rel=rel, abs=0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("away", [1e4, 1e10, 1e12, 1e14])
def test_a_loss_of_sums_counts_what_rounding_the_intercept_adds(away, weighted):
    X, y = far(away, n=200, d=1, dtype=F64)
    c = torch.rand(200, generator=gen(1), dtype=F64) if weighted else None
    sums = linreg.Statistics.of(X[:50], y[:50], weights=None if c is None else c[:50])
    sums.update(X[50:], y[50:], weights=None if c is None else c[50:])
    fit = linreg.solve_statistics(sums)
    assert float(fit.loss) == pytest.approx(loss_of(fit, X, y, c), rel=1e-4)
    assert (share_told(fit) > 0) == (away > 1e13)
    assert fit.status == Status.OK


def test_what_a_change_moves_at_the_most():
    """The level by -2 + 3 / 2 - 1 / 4, and about it by (2 / 2 + 4 / 4) / 2."""
    columns = narrow.Columns(torch.tensor([3.0, -1.0]), torch.tensor([2.0, 4.0]), 4.0)
    assert columns.most(torch.tensor([0.5, 0.25, -2.0])) == 0.75 + 1
    assert columns.most(torch.tensor([-0.5, -0.25, 2.0])) == 0.75 + 1


def test_losses_of_exact_fits_keep_their_digits():
    """Whole numbers up to 3 million on a plane: the loss is 0, and float64 products of them are not."""
    x = torch.arange(21.0, dtype=F64).unsqueeze(1)
    X = x ** torch.arange(1, 6)
    fit = linreg.solve(X, 1 + X.sum(1))
    assert float(fit.loss) == 0
    assert share_told(fit) == 0


@pytest.mark.parametrize("intercept", [True, False])
def test_ordinary_columns_say_nothing(intercept):
    """Twenty correlated columns in float32: rounding is there, and nothing to speak of."""
    X, y, _, _ = linreg.ordinary(dtype=F32)
    for name, method in SQUARED.items():
        fit = method(X, y, intercept=intercept)
        assert share_told(fit) == 0, name
        assert fit.status == Status.OK
        assert float(fit.loss) == pytest.approx(loss_of(fit, X, y), rel=1e-6)


def test_digits_of_a_message_are_those_of_the_dtype():
    X, y = far(0.0)
    assert "leaves 7 digits" in linreg.ridge(X, y, alpha=0.1).message
    assert "leaves 13 digits" in linreg.ridge(X.double(), y.double(), alpha=0.1).message
    g = gen()
    X = torch.randn(5000, 2, generator=g, dtype=F64) @ torch.tensor([[1.0, 1.0], [0.0, 0.2]], dtype=F64) + 30
    y = X @ torch.ones(2, dtype=F64) + torch.randn(5000, generator=g, dtype=F64)
    assert "leaves 10 digits" in linreg.solve(X, y).message
    assert "digits" not in linreg.solve(X, y, dtype=F32).message


@pytest.mark.parametrize("name", ["solve", "ridge", "lasso"])
@pytest.mark.parametrize("dtype", [F32, F64])
def test_no_pass_that_would_show_nothing(name, dtype, monkeypatch):
    """Rounding adds less to the loss than its dtype holds: the rows are not gone over for it."""
    monkeypatch.setattr(narrow, "residual_products", None)
    X = torch.randn(3000, 30, generator=gen(), dtype=F64)
    X = (X + 4 * X[:, :1]).to(dtype)  # a condition number for which `solve` takes more than its short way
    y = X.sum(1) + torch.randn(3000, generator=gen(1)).to(dtype)
    assert SQUARED[name](X, y).status == Status.OK


def test_targets_that_do_not_vary():
    """There is no spread to set anything beside."""
    X, _ = far(100.0)
    for y in (torch.full((400,), 0.25), torch.zeros(400)):
        for fit in (linreg.qr(X, y), linreg.solve_statistics(linreg.Statistics.of(X, y))):
            assert fit.status == Status.OK
            assert share_told(fit) == 0
