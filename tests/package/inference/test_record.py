"""What an inference looks like, what it refuses, and whether its intervals hold what they promise."""

import dataclasses
import pickle
import sys

import numpy as np
import pytest
import torch
from inferences import R_X, R_Y
from problems import gen

import linreg
from linreg import infer, infer_statistics

F64 = torch.float64


def test_the_table():
    found = infer(R_X, R_Y, names=("length", "width"))
    assert str(found).splitlines() == [
        "n = 12, df = 9, residual standard error 2.4901",
        "R2 = 0.8652, adjusted 0.8353; F(2, 9) = 28.893, P < 0.001",
        "           estimate   std err         t     P>|t|    [0.025    0.975]",
        "Intercept    5.4121     1.817     2.979     0.015    1.3018    9.5224",
        "length       1.4151   0.21067     6.717    <0.001   0.93852    1.8916",
        "width       -1.1504   0.25362    -4.536     0.001   -1.7241  -0.57666",
        "Standard errors assume the right mean, fixed features and uncorrelated noise of",
        "one variance; t and P also that the noise is normal, or n large.",
    ]
    robust = str(infer(R_X, R_Y, errors="HC3", level=0.99, intercept=False))
    assert "[0.005    0.995]" in robust
    assert "residual standard error 3.329, errors HC3\nR2 about 0 = 0.9230" in robust
    for names in (["Intercept", "b"], ["a", "Intercept"]):  # a column may be called so
        assert "\nR2 about 0 = 0.9230" in str(infer(R_X, R_Y, intercept=False, names=names))
        assert "\nR2 = " in str(infer(R_X, R_Y, names=names))
    assert "of\nany variances; they, t and P also that n is large." in robust
    assert "Intercept" not in robust
    assert repr(found) == "Inference(3 estimates, n=12, df=9, errors='classical', status='ok')"
    assert repr(found.predict(R_X)) == "Intervals(12 rows, level=0.95)"
    dependent = infer(R_X.repeat(1, 2), R_Y)
    assert " ".join(str(dependent).split()).endswith(dependent.message)
    assert dependent.message
    assert dependent.predict(R_X.repeat(1, 2)).message == ""  # which is only for rows without a number


def test_results_do_not_change():
    found = infer(R_X, R_Y)
    rows, drawn = linreg.influence(R_X, R_Y), linreg.bootstrap(R_X, R_Y, resamples=9, generator=gen())
    for result in (found, found.predict(R_X), rows, drawn):
        with pytest.raises(dataclasses.FrozenInstanceError):
            result.se = R_Y
        assert result == result
        assert result != pickle.loads(pickle.dumps(result))  # by identity, as tensors cannot be compared


def test_it_survives_a_pickle():
    found = infer(R_X, R_Y, errors="HC3")
    again = pickle.loads(pickle.dumps(found))
    assert torch.equal(again.predict(R_X).se, found.predict(R_X).se)
    assert str(again) == str(found)


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"names": ["a"]}, linreg.ShapeError, "`names` must be 2, one for each feature; got 1"),
        ({"names": "ab"}, linreg.DtypeError, "`names` must be a list of str, one for each feature; got 'ab'"),
        ({"names": [1, 2]}, linreg.DtypeError, "`names` must be a list of str"),
        ({"names": 5}, linreg.DtypeError, "`names` must be a list of str"),
        (
            {"level": 95},
            linreg.RangeError,
            r"`level` must be a number between 0 and 1; got 95. 95 % is 0.95.",
        ),
        ({"level": 0.0}, linreg.RangeError, "`level` must be a number between 0 and 1"),
        ({"level": 1.0}, linreg.RangeError, "`level` must be a number between 0 and 1"),
        ({"level": "0.9"}, linreg.DtypeError, "`level` must be a number between 0 and 1"),
        (
            {"errors": "HC4"},
            linreg.RangeError,
            "`errors` must be one of 'classical', 'HC0', 'HC1', 'HC2', 'HC3'",
        ),
        ({"weights": 0 * R_Y}, linreg.DataError, "`weights` must have one above 0"),
        ({"weights": R_Y, "frequency": True}, linreg.DataError, "`weights` must be whole numbers"),
    ],
)
def test_bad_settings(settings, kind, words):
    with pytest.raises(kind, match=words):
        infer(R_X, R_Y, **settings)


def test_bad_arguments_of_the_others():
    with pytest.raises(linreg.DtypeError, match="`statistics` must be `Statistics`"):
        infer_statistics(R_X)
    with pytest.raises(linreg.DataError, match="at least 1 rows"):
        infer_statistics(linreg.Statistics(2))
    found = infer(R_X, R_Y)
    with pytest.raises(linreg.RangeError, match="`level` must be"):
        found.predict(R_X, level=2.0)
    for d in (1, 3):
        with pytest.raises(linreg.ShapeError, match=rf"`w` must have shape \({d},\)"):
            found.predict(torch.hstack((R_X, R_X))[:, :d])


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    for name, call in (
        ("infer", lambda: infer(R_X, R_Y)),
        ("infer_statistics", lambda: infer_statistics(linreg.Statistics.of(R_X, R_Y))),
        ("breusch_pagan", lambda: linreg.breusch_pagan(R_X, R_Y)),
    ):
        with pytest.raises(
            linreg.MissingError, match=rf'`{name}` needs scipy.*pip install "linreg-book\[inference\]"'
        ):
            call()
    linreg.influence(R_X, R_Y)  # needs none


def test_intervals_hold_what_they_promise():
    """Of 1000 data sets, 95 % of intervals hold the truth, and a new target, to three standard deviations."""
    g, held, new = gen(1), 0, 0
    X = torch.randn(12, 2, generator=g, dtype=F64)
    w = torch.tensor([1.0, -2.0], dtype=F64)
    at = torch.tensor([[1.0, 1.0]], dtype=F64)
    for _ in range(1000):
        noise = torch.randn(13, generator=g, dtype=F64)
        found = infer(X, X @ w + 3 + noise[:12])
        held += bool(found.low[1] <= 1.0 <= found.high[1])
        there = found.predict(at)
        new += bool(there.new_low <= 2.0 + noise[12] <= there.new_high)
    spread = 3 * (1000 * 0.95 * 0.05) ** 0.5
    assert abs(held - 950) < spread
    assert abs(new - 950) < spread


def test_robust_errors_where_the_variance_is_not_one():
    """Noise as large as the square of the feature: the classical error is half of what it should be."""
    g = gen()
    x = torch.randn(500, 1, generator=g, dtype=F64)
    slopes, errors = [], {"classical": [], "HC3": []}
    for _ in range(200):
        y = x[:, 0] + x[:, 0] ** 2 * torch.randn(500, generator=g, dtype=F64)
        for name, found in errors.items():
            fit = infer(x, y, errors=name)
            found.append(float(fit.se[1]))
        slopes.append(float(fit.estimate[1]))
    true = float(np.std(slopes))
    assert np.mean(errors["HC3"]) == pytest.approx(true, rel=0.15)  # itself known to 1 / sqrt(400)
    assert np.mean(errors["classical"]) < 0.6 * true


def test_intervals_with_one_row_to_spare_and_with_none():
    """With one degree of freedom the quantile is that of Cauchy's distribution; with none there is none."""
    one = infer(R_X[:4], R_Y[:4]).predict(R_X[:4])
    torch.testing.assert_close(one.high - one.mean, 12.706205 * one.se, rtol=1e-6, atol=0)
    none = infer(R_X[:3], R_Y[:3])
    assert bool(none.low.isnan().all())
    assert bool(none.predict(R_X[:3]).low.isnan().all())


def test_a_small_residual_far_from_zero_is_no_perfect_fit():
    """What rounding leaves grows with the root of the rows, and not with the rows."""
    g = gen()
    X = torch.randn(10_000, 2, generator=g, dtype=torch.float64)
    y = X.sum(1) + 1e6 + 1e-8 * torch.randn(10_000, generator=g, dtype=torch.float64)
    assert bool(infer(X, y).t.isfinite().all())
