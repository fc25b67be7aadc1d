"""The scale of residuals: medians, the joint scale, and how they move with each residual."""

import inspect

import numpy as np
import pytest
import torch
from problems import gen

import linreg
from linreg.generalised.robust.scale import Scale

F64 = torch.float64
CONSISTENCY = inspect.signature(linreg.huber).parameters["consistency"].default
WAYS = {"mad": Scale("mad", 1.345, CONSISTENCY), "joint": Scale("joint", 1.35, 1.0)}


def draw(n, seed):
    g = gen(seed)
    r = torch.randn(n, generator=g, dtype=F64) / torch.rand(n, generator=g, dtype=F64)
    return r, torch.randint(1, 5, (n,), generator=g).double()


def test_the_median_of_normal_noise():
    assert inspect.signature(linreg.tukey).parameters["consistency"].default == CONSISTENCY
    assert float(torch.distributions.Normal(0, 1).icdf(torch.tensor(0.75, dtype=F64))) == pytest.approx(
        CONSISTENCY, rel=1e-15
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("n", [1, 2, 3, 10, 11])
def test_a_median(n, seed):
    r, c = draw(n, seed)
    scale = WAYS["mad"]
    assert scale.of(r, None) == pytest.approx(np.median(r.abs()) / CONSISTENCY, rel=1e-15)
    repeated = np.median(r.abs().repeat_interleave(c.long()))
    for factor in (1.0, 1e-70, 1 / 3):  # whose sums are rounded
        assert scale.of(r, c * factor) == pytest.approx(repeated / CONSISTENCY, rel=1e-15)
    assert scale.of(r.round(), None) == pytest.approx(np.median(r.round().abs()) / CONSISTENCY, rel=1e-15)


@pytest.mark.parametrize("n", [10_000, 100_000])
def test_the_middle_of_many_rows_whose_weights_do_not_add_up_exactly(n):
    """Half of so many thirds: off by 2e-13 and by 2e-12 of it."""
    r, thirds = torch.arange(n, dtype=F64), torch.full((n,), 1 / 3, dtype=F64)
    assert WAYS["mad"].of(r, thirds) == pytest.approx((n - 1) / 2 / CONSISTENCY, rel=1e-15)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("weighted", [True, False])
def test_the_joint_scale(seed, weighted):
    r, c = draw(30, seed)
    c = c / 1000  # whose sum is below 1
    sigma = WAYS["joint"].of(r, c if weighted else None)
    ones = c if weighted else torch.ones_like(r)
    psi = (r / sigma).clamp(-1.35, 1.35)
    assert float(ones @ psi.square()) == pytest.approx(float(ones.sum()), rel=1e-13)


def test_too_many_zeros_have_no_scale():
    """Those that are not zero would have to make up for them with at most delta^2 each."""
    r = torch.zeros(20, dtype=F64)
    r[:10] = 5.0
    assert WAYS["joint"].of(r, None) == 0  # 10 x 1.8225 < 20
    r[:12] = 5.0
    assert WAYS["joint"].of(r, None) > 0
    assert WAYS["joint"].of(r * 0, None) == WAYS["mad"].of(r * 0, None) == 0
    assert Scale("fixed", 1.345, 0.3).of(r, None) == 0.3


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("n", [20, 21])
def test_how_it_moves(way, weighted, n):
    """Against differences."""
    r, c = draw(n, n)
    scale, c = WAYS[way], c if weighted else None
    turn = scale.turn(r, scale.of(r, c), c)
    for i in range(n):
        step = torch.zeros_like(r)
        step[i] = 1e-7
        moved = (scale.of(r + step, c) - scale.of(r - step, c)) / 2e-7
        times = 1.0 if c is None else float(c[i])
        assert float(turn[i]) * times == pytest.approx(moved, abs=1e-7)
