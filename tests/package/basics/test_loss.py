"""Four conventions, and a hand-written gradient that autograd confirms."""

import pytest
import torch
from problems import gen

import linreg

REDUCTIONS = {"half_mean": 0.5 / 50, "mean": 1 / 50, "half_sum": 0.5, "sum": 1.0}
F64 = torch.float64


def data(dtype: torch.dtype = F64):
    X, y = linreg.simulate(50, (1.0, -2.0, 3.0), generator=gen(), dtype=dtype)
    w = torch.randn(3, generator=gen(1), dtype=dtype, requires_grad=True)
    b = torch.randn((), generator=gen(2), dtype=dtype, requires_grad=True)
    return X, y, w, b


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_every_convention_is_a_constant_times_the_sum(reduction):
    X, y, w, b = data()
    y_hat = linreg.predict(X, w, b)
    loss = linreg.squared_loss(y_hat, y, reduction=reduction)
    torch.testing.assert_close(loss, REDUCTIONS[reduction] * ((y_hat - y) ** 2).sum(), rtol=1e-14, atol=0)
    assert loss.shape == ()


def test_conventions_of_torch():
    y_hat, y = torch.randn(2, 50, generator=gen(), dtype=F64)
    close = {"rtol": 1e-14, "atol": 0}
    mse = torch.nn.functional.mse_loss
    torch.testing.assert_close(linreg.squared_loss(y_hat, y, reduction="mean"), mse(y_hat, y), **close)
    torch.testing.assert_close(
        linreg.squared_loss(y_hat, y, reduction="sum"), mse(y_hat, y, reduction="sum"), **close
    )
    torch.testing.assert_close(linreg.squared_loss(y_hat, y), mse(y_hat, y) / 2, **close)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_the_gradient_is_that_of_autograd(dtype, reduction):
    X, y, w, b = data(dtype)
    loss = linreg.squared_loss(linreg.predict(X, w, b), y, reduction=reduction)
    by_autograd = torch.autograd.grad(loss, (w, b))
    by_hand = linreg.gradient(X, y, w.detach(), b.detach(), reduction=reduction)
    for hand, auto in zip(by_hand, by_autograd, strict=True):
        # both add 50 products; they may do so in another order
        torch.testing.assert_close(
            hand, auto, rtol=50 * torch.finfo(dtype).eps, atol=50 * torch.finfo(dtype).eps
        )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_gradient_by_finite_differences(reduction):
    X, y, w, b = data()
    assert torch.autograd.gradcheck(
        lambda w, b: linreg.squared_loss(linreg.predict(X, w, b), y, reduction=reduction), (w, b)
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_hessian_is_that_of_autograd(reduction):
    X, y, _, _ = data()

    def loss(parameters):
        return linreg.squared_loss(linreg.fold_bias(X) @ parameters, y, reduction=reduction)

    H = torch.autograd.functional.hessian(loss, torch.zeros(4, dtype=F64))
    torch.testing.assert_close(linreg.hessian(X, reduction=reduction), H, rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(
        linreg.hessian(X, intercept=False, reduction=reduction), H[1:, 1:], rtol=1e-13, atol=1e-13
    )


def test_the_loss_is_a_parabola():
    """Second order exactly: L(p + t) = L(p) + g't + t'Ht / 2."""
    X, y, w, b = (t.detach() for t in data())
    dw, db = linreg.gradient(X, y, w, b)
    t = torch.tensor([5.0, -7.0, 3.0, 11.0], dtype=F64)  # (b, w)
    expected = (
        linreg.squared_loss(linreg.predict(X, w, b), y)
        + torch.cat((db[None], dw)) @ t
        + t @ linreg.hessian(X) @ t / 2
    )
    torch.testing.assert_close(linreg.squared_loss(linreg.predict(X, w + t[1:], b + t[0]), y), expected)


def test_nan_and_overflow_are_shown():
    y = torch.ones(3, dtype=F64)
    assert linreg.squared_loss(y * torch.nan, y).isnan()
    assert linreg.squared_loss(y * 1e200, y) == torch.inf
    assert float(linreg.squared_loss(y * 1e150, y)) == pytest.approx(0.5e300)
