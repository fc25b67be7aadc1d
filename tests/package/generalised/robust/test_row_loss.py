"""The losses of one residual: their definitions, their derivatives, and the loss of PyTorch."""

import pytest
import torch
from problems import gen

import linreg
from linreg import row_loss

F64 = torch.float64
LOSSES = ("squared", "huber", "absolute", "tukey")
Z = 4 * torch.randn(200, generator=gen(), dtype=F64)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("delta", [0.7, 3.0])
def test_slope_and_bend_are_derivatives(loss, delta):
    z = Z.clone().requires_grad_()
    found = row_loss(z, loss, delta=delta)
    (slope,) = torch.autograd.grad(found.value.sum(), z, create_graph=True)
    torch.testing.assert_close(found.slope, slope, rtol=1e-13, atol=1e-14)
    bend = torch.zeros_like(z)
    if slope.requires_grad:
        (bend,) = torch.autograd.grad(slope.sum(), z)
    torch.testing.assert_close(found.bend, bend, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(found.weight * z, found.slope, rtol=1e-14, atol=1e-15)


def test_values():
    z = torch.tensor([0.0, -1.0, 1.0, 5.0], dtype=F64)
    torch.testing.assert_close(row_loss(z, "squared").value, torch.tensor([0, 0.5, 0.5, 12.5], dtype=F64))
    torch.testing.assert_close(row_loss(z, "absolute").value, z.abs())
    peer = torch.nn.functional.huber_loss(z, torch.zeros_like(z), delta=2.0, reduction="none")
    torch.testing.assert_close(row_loss(z, "huber", delta=2.0).value, peer)
    level = row_loss(torch.tensor([4.0, 40.0], dtype=F64), "tukey", delta=4.0)
    assert level.value.tolist() == [16 / 6, 16 / 6]  # as high as it gets
    assert level.slope.tolist() == level.weight.tolist() == level.bend.tolist() == [0, 0]


def test_the_usual_constants_keep_95_percent_of_the_efficiency():
    """E[psi']^2 / E[psi^2] for standard normal residuals."""
    z = torch.linspace(-9, 9, 180_001, dtype=F64)
    p = torch.exp(-z.square() / 2) / (2 * torch.pi) ** 0.5 * 1e-4
    for loss in ("huber", "tukey"):
        at = row_loss(z, loss)
        assert abs(float((p @ at.bend) ** 2 / (p @ at.slope.square())) - 0.95) < 1e-4


def test_weights_near_zero():
    z = torch.tensor([0.0], dtype=F64)
    assert [row_loss(z, loss).weight.item() for loss in LOSSES] == [1, 1, torch.inf, 1]


def test_refused():
    with pytest.raises(linreg.RangeError, match="`loss` must be one of 'squared', 'huber'"):
        row_loss(Z, "cauchy")
    with pytest.raises(linreg.RangeError, match="`delta` must be a finite number above 0; got 0"):
        row_loss(Z, delta=0)
    with pytest.raises(linreg.DataError, match="`z` must be finite"):
        row_loss(Z * torch.nan)
