"""Simulated data have the properties asked for; real data come from the libraries that ship them."""

import math
import sys

import pytest
import torch
from problems import EPS, gen

import linreg
from linreg import DataError, DeviceError, DtypeError, RangeError, ShapeError

F64 = torch.float64


def test_defaults():
    X, y = linreg.simulate(generator=gen())
    assert X.shape == (1000, 2)
    assert y.shape == (1000,)
    assert X.dtype == y.dtype == F64
    assert X.device.type == "cpu"
    r = y - (X @ torch.tensor([-1.0, 1.0], dtype=F64) + 2)
    assert float(r.std()) == pytest.approx(0.1, rel=5 / math.sqrt(2000))  # five standard errors


def test_the_seed_decides():
    a, b = (linreg.simulate(generator=gen(3)) for _ in range(2))
    assert torch.equal(a[0], b[0])
    assert torch.equal(a[1], b[1])
    assert not torch.equal(linreg.simulate(generator=gen(4))[0], a[0])
    g = gen(3)
    assert not torch.equal(linreg.simulate(generator=g)[0], linreg.simulate(generator=g)[0])
    torch.manual_seed(7)
    state = torch.get_rng_state()
    linreg.simulate(generator=gen())
    assert torch.equal(torch.get_rng_state(), state)  # the global one is not touched


def test_without_noise_every_point_lies_on_the_plane():
    w = torch.tensor([2.0, 0.5, -3.0], dtype=F64)
    X, y = linreg.simulate(50, w, -1.0, noise=0, generator=gen())
    torch.testing.assert_close(y, X @ w - 1, rtol=1e-15, atol=1e-15)


def test_moments():
    n = 100_000
    X, y = linreg.simulate(n, noise=0.1, correlation=0.6, generator=gen())
    tolerance = 5 / math.sqrt(n)  # five standard errors
    assert abs(float(X.mean())) < tolerance
    torch.testing.assert_close(
        torch.corrcoef(X.T)[0, 1], torch.tensor(0.6, dtype=F64), rtol=0, atol=tolerance
    )
    torch.testing.assert_close(X.var(0), torch.ones(2, dtype=F64), rtol=0, atol=2 * tolerance)
    r = y - (X @ torch.tensor([-1.0, 1.0], dtype=F64) + 2)
    assert float(r.std()) == pytest.approx(0.1, rel=tolerance)


@pytest.mark.parametrize("correlation", [-0.3, 0.5, 0.999])
def test_correlation_of_more_columns(correlation):
    X, _ = linreg.simulate(100_000, (1.0, 1.0, 1.0, 1.0), correlation=correlation, generator=gen())
    off = torch.corrcoef(X.T)[~torch.eye(4, dtype=torch.bool)]
    torch.testing.assert_close(off, torch.full_like(off, correlation), rtol=0, atol=0.02)


@pytest.mark.parametrize("correlation", [-0.9, 0.9])
def test_one_feature_has_no_other_to_go_with(correlation):
    X, _ = linreg.simulate(20, (1.0,), correlation=correlation, generator=gen())
    torch.testing.assert_close(X, linreg.simulate(20, (1.0,), generator=gen())[0], rtol=2 * EPS, atol=0)


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("condition", [1.0, 40.0, 1e6, 1e12])
def test_condition(condition, d):
    if d == 1 and condition > 1:
        with pytest.raises(RangeError, match="and 1 for a single feature"):
            linreg.simulate(100, (1.0,), condition=condition, generator=gen())
        return
    X, _ = linreg.simulate(100, (1.0,) * d, condition=condition, generator=gen())
    s = torch.linalg.svdvals(X - X.mean(0))
    # rounding of the entries moves the smallest singular value by eps times the largest
    assert float(s[0] / s[-1]) == pytest.approx(condition, rel=20 * EPS * condition + 1e-12)
    assert float((X - X.mean(0)).square().mean()) == pytest.approx(1, rel=1e-12)
    if d > 2:
        ratios = s[1:] / s[:-1]
        torch.testing.assert_close(ratios, ratios[:1].expand(d - 1), rtol=1e-3, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_dtype(dtype):
    for settings in ({}, {"correlation": 0.5}, {"condition": 10.0}):
        X, y = linreg.simulate(20, dtype=dtype, generator=gen(), **settings)
        assert X.dtype == y.dtype == dtype


def test_truth_as_tensor_integers_or_a_tracked_parameter():
    for w in ((-1, 1), torch.tensor([-1, 1]), torch.tensor([-1.0, 1.0], requires_grad=True)):
        X, y = linreg.simulate(20, w, generator=gen())
        assert torch.equal(y, linreg.simulate(20, generator=gen())[1])
        assert not y.requires_grad
        assert X.shape == (20, 2)


def test_one_sample():
    X, y = linreg.simulate(1, generator=gen())
    assert X.shape == (1, 2)
    assert y.shape == (1,)


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"n": 0}, RangeError, "`n` must be an integer of 1 or more; got 0"),
        ({"n": 10.0}, DtypeError, "`n` must be an integer of 1 or more; got 10.0. Pass an int."),
        ({"n": True}, DtypeError, "got True"),
        (
            {"noise": -0.1},
            RangeError,
            "`noise` must be a finite number, 0 or above; got -0.1. It is a ",
        ),
        ({"noise": math.nan}, RangeError, "`noise`"),
        ({"b": math.inf}, RangeError, "`b` must be a finite number; got inf"),
        ({"b": None}, DtypeError, "`b` must be a finite number; got None. Pass a Python number."),
        ({"w": 1.0}, ShapeError, "`w` must have shape (d,), d >= 1; got ()"),
        ({"w": ()}, ShapeError, "got (0,). Pass a list of weights."),
        ({"w": ((1.0, 2.0),)}, ShapeError, "got (1, 2)"),
        ({"w": (1.0, math.nan)}, DataError, "`w` must be finite"),
        (
            {"correlation": 1.0},
            RangeError,
            "must lie between -1 and 1 for d = 2; got 1.0. For columns",
        ),
        ({"correlation": -1.0}, RangeError, "`correlation` must lie between"),
        ({"correlation": -0.5, "w": (1.0, 1.0, 1.0)}, RangeError, "between -0.5 and 1 for d = 3; got -0.5"),
        ({"correlation": math.nan}, RangeError, "`correlation` must be a finite number; got nan"),
        ({"correlation": "high"}, DtypeError, "`correlation` must be a finite number; got 'high'"),
        ({"condition": 0.5}, RangeError, "`condition` must be 1 or above"),
        ({"condition": math.inf}, RangeError, "`condition`"),
        (
            {"condition": 10.0, "correlation": 0.5},
            RangeError,
            "cannot both be set; got 0.5 and 10.0.",
        ),
        (
            {"condition": 10.0, "n": 2},
            ShapeError,
            "`n` must be above d = 2 for the centred X",
        ),
        (
            {"dtype": torch.int64},
            DtypeError,
            "`dtype` must be floating point, float32 or float64",
        ),
        ({"dtype": torch.float16}, DtypeError, "got torch.float16"),
        ({"dtype": "float64"}, DtypeError, "got float64. Use"),
        ({"generator": 0}, DtypeError, "`generator` must be a torch.Generator; got int"),
        ({"device": "meta"}, DeviceError, "`device` must be one that holds numbers; got 'meta'. Pass 'cpu'."),
        ({"device": "klingon"}, DeviceError, "`device` must be one of this machine; got 'klingon'"),
        ({"device": 1.5}, DeviceError, "`device` must be one of this machine; got 1.5"),
        ({"w": "ab"}, DtypeError, "`w` must be a list of numbers, or a tensor; got 'ab'. Pass [1.0, -1.0]."),
        ({"w": None}, DtypeError, "`w` must be a list of numbers, or a tensor; got None."),
        ({"w": ["1", "2"]}, DtypeError, "`w` must be a list of numbers"),
        ({"w": [1j]}, DtypeError, "`w` must be a list of numbers"),
        ({"w": [[1.0], [1.0, 2.0]]}, DtypeError, "`w` must be a list of numbers"),
        ({"w": {1.0, 2.0}}, DtypeError, "`w` must be a list of numbers"),
    ],
)
def test_bad_settings(settings, kind, words):
    with pytest.raises(kind) as caught:
        linreg.simulate(**{"generator": gen(), **settings})
    assert words in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is such a device")
def test_a_device_that_is_not_there():
    """And not advice to make a generator on it."""
    with pytest.raises(DeviceError, match=r"`device` must be one of this machine; .* Pass 'cpu'\."):
        linreg.simulate(device="cuda", generator=gen())


def test_a_generator_is_required():
    with pytest.raises(TypeError, match="generator"):
        linreg.simulate()


def test_diabetes():
    data = linreg.load("diabetes")
    assert data.X.shape == (442, 10)
    assert data.y.shape == (442,)
    assert data.X.dtype == data.y.dtype == F64
    assert data.columns == ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
    assert data.target == "progression"
    assert "scikit-learn" in data.source
    assert float(data.X[:, 0].mean()) > 40  # years, not scaled


def test_longley():
    data = linreg.load("longley")
    assert data.X.shape == (16, 6)
    assert data.columns == ("GNPDEFL", "GNP", "UNEMP", "ARMED", "POP", "YEAR")
    assert data.target == "TOTEMP"
    assert data.X[:, 5].tolist() == list(range(1947, 1963))
    assert data.y[0] == 60323


def test_another_name():
    with pytest.raises(RangeError, match="`name` must be one of 'diabetes', 'longley'; got 'iris'"):
        linreg.load("iris")


@pytest.mark.parametrize(
    ("name", "module", "library"),
    [("diabetes", "sklearn.datasets", "scikit-learn"), ("longley", "statsmodels.datasets", "statsmodels")],
)
def test_a_missing_library(monkeypatch, name, module, library):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        linreg.MissingError, match=rf"{library} is not installed.*Install it: pip install {library}"
    ):
        linreg.load(name)
