"""Every public function on a CUDA device gives what it gives on the CPU."""

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
import torch
from problems import (
    METHODS,
    TAKES_B,
    TAKES_LR,
    TAKES_W,
    TAKES_X,
    TAKES_XY,
    TAKES_Y_HAT,
    built,
    dependent,
    gen,
)

import linreg

mpl.use("agg")
pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]

X, Y = linreg.simulate(200, generator=gen())
RANDOM = ("sgd", "sgd autograd", "batches")  # another generator, another order


def compare(here: Any, there: Any) -> None:
    if isinstance(here, torch.Tensor):
        assert there.is_cuda
        torch.testing.assert_close(there.cpu(), here, rtol=1e-9, atol=1e-12)
    elif isinstance(here, linreg.Fit):
        assert here.status is there.status
        compare((here.w, here.b, here.loss), (there.w, there.b, there.loss))
        if here.path is not None:
            compare((here.path.w, here.path.b, here.path.loss), (there.path.w, there.path.b, there.path.loss))
    elif isinstance(here, linreg.Curvature):
        compare(here.eigenvalues, there.eigenvalues)
    elif isinstance(here, (tuple, list)):
        for a, b in zip(here, there, strict=True):
            compare(a, b)
    elif isinstance(here, float | int):
        assert there == pytest.approx(here, rel=1e-9)


@pytest.mark.parametrize("name", [*TAKES_X, *TAKES_XY])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_functions_of_data(name, dtype):
    x, y = X.to(dtype), Y.to(dtype)
    call = (lambda x, y: TAKES_X[name](x)) if name in TAKES_X else TAKES_XY[name]
    there = call(x.cuda(), y.cuda())
    if dtype == torch.float64 and name not in RANDOM:
        compare(call(x, y), there)
    plt.close("all")


@pytest.mark.parametrize("name", TAKES_W)
def test_functions_of_weights(name):
    w = torch.tensor([0.5, -1.0], dtype=torch.float64)
    there = TAKES_W[name](X.cuda(), Y.cuda(), w.cuda())
    if name not in RANDOM:
        compare(TAKES_W[name](X, Y, w), there)
    with pytest.raises(linreg.DeviceError, match="`w` must be on the device of `X`, cuda:0; got cpu"):
        TAKES_W[name](X.cuda(), Y.cuda(), w)


@pytest.mark.parametrize("name", [*TAKES_B, *TAKES_LR])
def test_functions_of_numbers(name):
    for group in (TAKES_B, TAKES_LR):
        if name in group and name not in RANDOM:
            compare(group[name](X, Y, 0.5), group[name](X.cuda(), Y.cuda(), 0.5))


@pytest.mark.parametrize("name", TAKES_Y_HAT)
def test_functions_of_pairs(name):
    compare(TAKES_Y_HAT[name](Y + 1, Y), TAKES_Y_HAT[name]((Y + 1).cuda(), Y.cuda()))
    with pytest.raises(linreg.DeviceError, match="`y_hat` must be on the device of `y`"):
        TAKES_Y_HAT[name](Y, Y.cuda())


@pytest.mark.parametrize("name", TAKES_XY)
def test_mixed_devices(name):
    with pytest.raises(linreg.DeviceError, match="`y` must be on the device of `X`, cuda:0; got cpu"):
        TAKES_XY[name](X.cuda(), Y)


def test_generators():
    generator = torch.Generator("cuda").manual_seed(0)
    X_there, y_there = linreg.simulate(50, condition=10.0, generator=generator)
    assert X_there.is_cuda
    assert y_there.is_cuda
    assert linreg.simulate(50, correlation=0.5, device="cuda", generator=generator)[0].is_cuda
    with pytest.raises(linreg.DeviceError, match="on the device of the data, cuda:0; got cpu"):
        linreg.simulate(device="cuda", generator=gen())
    with pytest.raises(linreg.DeviceError, match="on the device of the data, cuda:0; got cpu"):
        linreg.sgd(X.cuda(), Y.cuda(), lr=0.1, epochs=1, batch_size=10, generator=gen())


@pytest.mark.parametrize("method", METHODS)
def test_built_answers(method):
    for kappa in (1.0, 1e4):
        p = built(kappa=kappa, noise=0.1)
        fit = METHODS[method](p.X.cuda(), p.y.cuda())
        assert float((fit.w.cpu() - p.w).norm() / p.w.norm()) <= p.tolerance_normal
    p = dependent()
    assert METHODS[method](p.X.cuda(), p.y.cuda()).rank == 3
