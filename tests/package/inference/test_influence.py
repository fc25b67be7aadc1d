"""Leverage and what follows: against refits, statsmodels and R, and NaN where others say infinity."""

import math

import pytest
import statsmodels.api as sm
import torch
from inferences import R_C, R_X, R_Y, close, ordinary
from problems import EPS, built, gen

import linreg
from linreg import Status, influence, leverage
from linreg.inference import passes

F64 = torch.float64


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("n", "d", "seed"), [(30, 3, 0), (300, 20, 1), (300, 20, 2)])
def test_statsmodels(n, d, seed, intercept, weighted):
    """Of rows and targets times the roots of the weights: its own WLS leaves the weights out in places."""
    X, y = ordinary(n, d, seed)
    c = torch.rand(n, generator=gen(seed), dtype=F64) + 0.1 if weighted else None
    root = torch.ones(n, dtype=F64) if c is None else c.sqrt()
    A = linreg.fold_bias(X) if intercept else X
    there = sm.OLS((y * root).numpy(), (A * root[:, None]).numpy()).fit().get_influence()
    here = influence(X, y, intercept=intercept, weights=c)
    assert here.status == Status.OK
    assert not here.message
    assert (here.n, here.df) == (n, n - d - intercept)
    close(here.leverage, there.hat_matrix_diag, 1e-12)
    assert torch.equal(leverage(X, intercept=intercept, weights=c), here.leverage)
    for found, expected in (
        (here.internal, there.resid_studentized_internal),
        (here.external, there.resid_studentized_external),
        (here.dffits, there.dffits[0]),
        (here.cook, there.cooks_distance[0]),
        (here.press * root, there.resid_press),
        (here.residuals * root, there.resid),
    ):
        size = float(abs(torch.tensor(expected)).max())  # a residual near 0 has the rounding of a large one
        torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-11, atol=1e-13 * size)
    close(here.s, there.scale**0.5, 1e-12)


def test_what_r_says():
    found = influence(R_X, R_Y)
    close(found.leverage[:3], [0.33530805687203791, 0.31216752103685075, 0.27696102137537487], 1e-13)
    close(found.internal[:3], [-0.70260331774510854, 0.10190058722719683, -0.28665277583600307], 1e-12)
    close(found.external[-2:], [3.4322698677114354, -2.4900323053069497], 1e-13)
    close(found.cook[-2:], [0.566428565845286, 0.55130059154726363], 1e-13)
    close(found.dffits[-2:], [1.9325481369049564, -1.6154062671746194], 1e-13)
    weighted = influence(R_X, R_Y, weights=R_C)
    close(weighted.leverage[:2], [0.25818678065294404, 0.45516745101390055], 1e-13)
    close(weighted.external[-2:], [5.1845320246523237, -2.8232753827299266], 1e-12)
    close(weighted.cook[:2], [0.0083164427134237041, 0.074785878485810239], 1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_left_out_in_fact(weighted):
    X, y = ordinary(25, 3)
    c = torch.rand(25, generator=gen(), dtype=F64) + 0.1 if weighted else torch.ones(25, dtype=F64)
    found = influence(X, y, weights=c if weighted else None)
    whole = linreg.infer(X, y, weights=c)
    press = []
    for i in range(25):
        rest = torch.arange(25) != i
        fit = linreg.infer(X[rest], y[rest], weights=c[rest])
        at = fit.fit.predict(X[i : i + 1])[0]
        press.append(y[i] - at)
        moved = whole.fit.predict(X) - fit.fit.predict(X)
        close(found.cook[i], (c * moved.square()).sum() / (4 * whole.s**2), 1e-9)
        before = float(whole.fit.predict(X[i : i + 1])[0] - at)
        close(found.dffits[i], before * c[i].sqrt() / (fit.s * found.leverage[i].sqrt()), 1e-9)
        spread = fit.s * ((1 - found.leverage[i]) / c[i]).sqrt()
        close(found.external[i], found.residuals[i] / spread, 1e-9)
    close(found.press, torch.stack(press), 1e-9)
    close(found.loss, (c * torch.stack(press).square()).sum() / (2 * c.sum()), 1e-9)
    close(found.fit.loss, whole.fit.loss, 1e-14)


def test_frequencies_are_rows():
    X, y = ordinary(30, 3)
    times = torch.randint(0, 4, (30,), generator=gen(), dtype=F64)
    rows = torch.repeat_interleave(torch.arange(30), times.long())
    counted, repeated = influence(X, y, weights=times, frequency=True), influence(X[rows], y[rows])
    assert (counted.n, counted.df) == (repeated.n, repeated.df)
    for name in ("leverage", "internal", "external", "cook", "dffits", "press"):
        close(getattr(counted, name)[rows], getattr(repeated, name), 1e-9)
    close([counted.loss, counted.s], [repeated.loss, repeated.s], 1e-11)


def test_rows_of_weight_zero_have_a_prediction_and_no_say():
    X, y = ordinary(30, 3)
    c = torch.ones(30, dtype=F64)
    c[[4, 11]] = 0
    found, without = influence(X, y, weights=c), influence(X[c > 0], y[c > 0])
    assert found.leverage[c == 0].tolist() == [0, 0]
    fit = linreg.solve(X[c > 0], y[c > 0])
    for part in (found.residuals, found.press):
        close(part[c == 0], (y - fit.predict(X))[c == 0], 1e-12)
    for name in ("internal", "external", "cook", "dffits"):
        assert getattr(found, name)[c == 0].isnan().all()
        close(getattr(found, name)[c > 0], getattr(without, name), 1e-11)
    close(found.loss, without.loss, 1e-12)


@pytest.mark.parametrize("kappa", [1.0, 100.0, 1e6])
def test_leverages_are_lengths_of_rows_of_q(kappa):
    p = built(kappa=kappa)
    Q = torch.linalg.qr(linreg.fold_bias(p.X)).Q
    found = leverage(p.X)
    torch.testing.assert_close(found, Q.square().sum(1), rtol=0, atol=50 * EPS * kappa)
    assert float(found.sum()) == pytest.approx(5, rel=50 * EPS * kappa)


def test_dependent_columns_change_no_leverage():
    X, y = ordinary(60, 3)
    twice = torch.column_stack((X, X[:, 0] - 2 * X[:, 1], torch.full_like(y, 5.0)))
    close(leverage(twice), leverage(X), 1e-12)
    found, full = influence(twice, y), influence(X, y)
    assert found.status == Status.RANK_DEFICIENT
    assert "all numbers here are" in found.message
    for name in ("external", "cook", "press"):
        close(getattr(found, name), getattr(full, name), 1e-9)


def test_a_row_of_leverage_one():
    """R: NaN for all but the leverage. statsmodels: infinity, from a residual of 4e-16 over 0."""
    X = torch.column_stack((R_X[:, 0], (torch.arange(12) == 4).double()))
    found = influence(X, R_Y)
    assert found.leverage[4] == 1
    assert found.residuals[4] == 0
    for name in ("internal", "external", "cook", "dffits", "press"):
        assert getattr(found, name).isnan().tolist() == [i == 4 for i in range(12)]
    close(found.internal[:2], [0.33607432872596238, -0.71862442656457415], 1e-12)  # R
    close(found.external[-2:], [1.9094778866368565, -0.98185021985470244], 1e-12)
    close(found.cook[-2:], [0.2748569068287689, 0.13539317235738402], 1e-12)
    close(found.dffits[-2:], [1.032958956375053, -0.63604728311405845], 1e-12)
    assert math.isnan(found.loss)
    assert found.status == Status.NO_NOISE
    assert found.message == "1 of 12 rows has leverage 1: without such a row, nothing predicts it."


def test_where_nothing_is_left_to_compare():
    """One degree of freedom: internal residuals are 1 or -1, external ones 0 / 0, as in R."""
    found = influence(R_X[:3, :1], R_Y[:3])
    close(found.internal.abs(), torch.ones(3), 1e-13)
    assert found.external.isnan().all()
    assert found.dffits.isnan().all()
    assert found.status == Status.NO_NOISE
    assert found.message.startswith("Without 3 of 3 rows, one at a time, no noise is left")
    close(found.press[0], R_Y[0] - (2 * R_Y[1] - R_Y[2]), 1e-12)
    two = influence(R_X[:2, :1], R_Y[:2])
    assert two.status == Status.NO_NOISE
    assert two.message == "No row is left to estimate the noise: 2 of them. Add rows."
    assert two.internal.isnan().all()
    assert two.leverage.tolist() == [1, 1]


def test_two_degrees_of_freedom_leave_one_to_compare_with():
    found = influence(R_X[:4, :1], R_Y[:4])
    r = found.internal.square()
    close(found.external.square(), r / (2 - r), 1e-10)  # (n - p - 1) r^2 / (n - p - r^2)
    assert found.status == Status.OK


def test_one_degree_of_freedom_leaves_none():
    """Each fit without a row is perfect, also where rounding says that a little is left of its noise."""
    for seed in range(40):
        X = torch.randn(5, 3, generator=gen(seed), dtype=F64)
        X[:, 2] = X[:, 1] + 10.0 ** -(seed % 9) * X[:, 2]
        found = influence(X + 1000.0, torch.randn(5, generator=gen(seed + 1), dtype=F64))
        assert found.df == 1
        assert bool(found.external.isnan().all())


def test_one_row_beside_a_line():
    """Without it no noise is left; the others have some."""
    x = torch.arange(8, dtype=F64)[:, None]
    y = 2 * x[:, 0]
    y[3] += 1
    found = influence(x, y)
    assert found.external.isnan().tolist() == [i == 3 for i in range(8)]
    assert found.message.startswith("Without 1 of 8 rows")
    assert not found.internal.isnan().any()


@pytest.mark.parametrize("size", [0.0, 1.0])
def test_a_perfect_fit_compares_with_nothing(size):
    """Nor one of targets that are all 0, of which rounding leaves nothing."""
    x = torch.arange(8, dtype=F64)[:, None]
    found = influence(x, size * (0.1 + 0.3 * x[:, 0]))
    assert found.status == Status.NO_NOISE
    assert found.message.startswith("The residuals are no larger than rounding")
    assert found.internal.isnan().all()
    assert not found.press.isnan().any()


def test_a_condition_number_too_large():
    p = built(kappa=1e12, noise=0.1)
    assert influence(p.X, p.y).status == Status.NO_DIGITS


@pytest.mark.parametrize("scale", [1e-160, 1e-9, 1e9, 1e160])
def test_units(scale):
    X, y = ordinary(30, 2)
    plain, other = influence(X, y), influence(X * torch.tensor([1.0, scale], dtype=F64), y * scale)
    for name in ("internal", "external", "cook", "dffits"):
        close(getattr(other, name), getattr(plain, name), 1e-9)
    for name in ("residuals", "press"):
        close(getattr(other, name), getattr(plain, name) * scale, 1e-9)
    close(other.s, plain.s * scale, 1e-11)
    assert influence(X * 1e-160, y * 1e160).status == Status.OUT_OF_RANGE


def test_blocks_and_large_data(monkeypatch):
    X, y = ordinary(20_000, 3)
    found = influence(X, y)
    there = sm.OLS(y.numpy(), sm.add_constant(X.numpy())).fit().get_influence()
    close(found.leverage, there.hat_matrix_diag, 1e-11)
    close(found.cook.max(), there.cooks_distance[0].max(), 1e-11)
    monkeypatch.setattr(passes, "BLOCK_BYTES", 1 << 14)
    torch.testing.assert_close(influence(X, y).cook, found.cook, rtol=1e-9, atol=1e-16)


def test_float32():
    X, y = (t.float() for t in ordinary(30, 3))
    found, double = influence(X, y), influence(X.double(), y.double())
    assert found.cook.dtype == leverage(X).dtype == F64
    close(found.external, double.external, 1e-9)
    assert repr(found) == "Influence(30 rows, df=26, status='ok')"
