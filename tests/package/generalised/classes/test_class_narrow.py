"""The loss told is that of the weights handed back, also where float32 has rounded them."""

import re

import pytest
import torch
from problems import gen

import linreg
from linreg import Status

F32, F64 = torch.float32, torch.float64


def classes(away: float, K: int, n: int = 600, d: int = 3, seed: int = 0, steep: float = 1):
    """Columns that vary by 1 at this distance, and classes that overlap, the less the steeper the scores."""
    g = gen(seed)
    X = (away + torch.randn(n, d, generator=g, dtype=F64)).float()
    near = X.double() - X.double().mean(0)
    scores = steep * near @ torch.randn(d, K, generator=g, dtype=F64)
    chances = torch.softmax(scores, 1)
    return X, torch.multinomial(chances, 1, generator=g).squeeze(1).float()


def fitted(X, y, K, **how):
    return linreg.logistic(X, y, **how) if K == 2 else linreg.softmax(X, y, **how)


def loss_of(fit, X, y, K, c=None):
    """Of the numbers in the fit, in float64."""
    E = X.double() @ fit.w.double().view(X.shape[1], -1) + fit.b.double()
    if K == 2:
        E = torch.nn.functional.pad(E, (1, 0))
    each = torch.nn.functional.cross_entropy(E, y.long(), reduction="none")
    return float(each.mean() if c is None else c.double() @ each / c.double().sum())


def moved(fit):
    found = re.search(r"move margins by (\S+)\. Pass", fit.message)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("alpha", [0.0, 1e-2])
@pytest.mark.parametrize("away", [0.0, 1e3, 1e5, 1e6])
@pytest.mark.parametrize("K", [2, 3])
def test_the_loss_is_that_of_rounded_weights(K, away, alpha):
    X, y = classes(away, K)
    fit = fitted(X, y, K, alpha=alpha)
    assert float(fit.loss) == pytest.approx(loss_of(fit, X, y, K), rel=1e-6)
    assert (fit.status == Status.NO_DIGITS) == (moved(fit) >= 1)


@pytest.mark.parametrize("K", [2, 3])
def test_with_weights(K):
    X, y = classes(3e5, K)
    c = 3 * torch.rand(len(y), generator=gen(1))
    c[::9] = 0
    fit = fitted(X, y, K, weights=c)
    assert float(fit.loss) == pytest.approx(loss_of(fit, X, y, K, c), rel=1e-6)


@pytest.mark.parametrize("K", [2, 3])
def test_what_is_told_is_what_rounding_moves(K):
    """And the cure that is named takes it away."""
    X, y = classes(3e6, K)
    fit, cured = fitted(X, y, K), fitted(X.double(), y.double(), K)
    change = X.double() @ (fit.w.double() - cured.w).view(3, -1) + (fit.b.double() - cured.b)
    assert moved(fit) == pytest.approx(float(change.square().amax(1).mean().sqrt()), rel=0.1)
    assert "Pass `X.double()` and `y.double()`." in fit.message
    assert cured.status == Status.OK
    assert moved(cured) == 0
    assert float(cured.loss) < float(fit.loss)


@pytest.mark.parametrize("steep", [1, 20])
@pytest.mark.parametrize("K", [2, 3])
def test_a_margin_that_moves_by_more_than_one_has_no_digit(K, steep):
    """A third leaves its chances something, 3 would be 20 times the odds."""
    fits = [fitted(*classes(3e6, K, steep=steep, seed=seed), K) for seed in range(16)]
    low, high, status = (0.1, 1, Status.OK) if steep == 1 else (1, 10, Status.NO_DIGITS)
    found = [fit.status for fit in fits if low < moved(fit) < high]  # how numbers round is chance
    assert len(found) >= 2
    assert set(found) == {status}


@pytest.mark.parametrize("K", [2, 3])
def test_ordinary_columns_say_nothing(K):
    """Nor do those of which rounding moves margins by some thousandths."""
    X, y = classes(30.0, K, d=20)
    fit = fitted(X, y, K)
    assert fit.status == Status.OK
    assert moved(fit) == 0
    seen = 0
    for seed in range(16):  # how numbers round is chance
        X, y = classes(7e4, K, seed=seed)
        fit, whole = fitted(X, y, K), fitted(X.double(), y.double(), K)
        change = X.double() @ (fit.w.double() - whole.w).view(3, -1) + (fit.b.double() - whole.b)
        size = float(change.square().amax(1).mean().sqrt())
        seen += 1e-3 < size < 0.009
        assert size > 0.009 or moved(fit) == 0
    assert seen >= 2


def test_float32_of_float64_data():
    """The dtype asked for is what rounds."""
    X, y = classes(3e6, 2)
    fit = linreg.logistic(X.double(), y.double(), dtype=F32)
    assert float(fit.loss) == pytest.approx(loss_of(fit, X, y, 2), rel=1e-6)
    assert moved(fit) > 0
    whole = linreg.logistic(X, y, dtype=F64)
    assert moved(whole) == 0


@pytest.mark.parametrize("K", [2, 3])
def test_of_no_usable_weights_nothing_is_measured(K):
    """Beyond float32 the loss is that of the weights it does not hold; of separated classes there is none."""
    X, y = classes(0.0, K)
    far = fitted(X.double() * 1e-45, y.double(), K, dtype=F32)
    assert far.status == Status.OUT_OF_RANGE
    assert far.w.isinf().any()
    assert float(far.loss) == pytest.approx(float(fitted(X.double(), y.double(), K).loss), rel=1e-6)
    apart = fitted(3 * y.unsqueeze(1) + 3e5, y, K)
    assert apart.status == Status.SEPARATED
    assert apart.loss.isnan()
    assert moved(far) == moved(apart) == 0
