"""What the data do not tell is NaN, and said: never a number made of rounding."""

import math

import pytest
import torch
from inferences import ERRORS, R_X, R_Y, close, ordinary, peer
from problems import EPS, built, gen

from linreg import Status, infer
from linreg.inference import passes

F64 = torch.float64


@pytest.mark.parametrize(
    ("n", "said"), [(1, "x1."), (8, "x7, x8."), (9, "x8 and 1 more."), (30, "x8 and 22 more.")]
)
def test_eight_names_at_most(n, said):
    X = torch.column_stack((torch.zeros(40, n, dtype=F64), R_X.new_ones(40).cumsum(0)))
    message = infer(X, X[:, -1].sin()).message
    assert f"too few to determine x1{', x2' * (n > 1)}" in message
    assert f"{said} Drop columns that repeat others" in message


@pytest.mark.parametrize("value", [0.1, 1.0, 3.0, 1e4])
@pytest.mark.parametrize("errors", ["HC2", "HC3"])
def test_a_row_of_leverage_one(errors, value):
    """The dummy of one row. statsmodels: an error made of rounding; R's sandwich: all NaN, car: an error."""
    x, y = R_X[:, :1], R_Y
    dummy = torch.zeros(12, 1, dtype=F64)
    dummy[4] = value
    found = infer(torch.hstack((x, dummy)), y, errors=errors)
    rest = torch.arange(12) != 4
    close(found.se[:2], infer(x[rest], y[rest], errors=errors).se, 1e-12)
    assert found.se[2].isnan()
    assert found.covariance[2].isnan().all()
    assert found.covariance[:, 2].isnan().all()
    close(found.covariance[:2, :2], infer(x[rest], y[rest], errors=errors).covariance, 1e-12)
    assert math.isnan(found.F)
    assert found.status == Status.NO_NOISE
    assert f"no {errors} error for x2, which only such a row tells" in found.message
    at = found.predict(torch.hstack((x, dummy)))
    assert at.se.isnan().tolist() == [i == 4 for i in range(12)]
    assert at.message == found.message


@pytest.mark.parametrize("errors", ["classical", "HC0", "HC1"])
def test_other_errors_at_leverage_one(errors):
    dummy = (torch.arange(12) == 4).double()[:, None]
    X = torch.hstack((R_X[:, :1], dummy))
    found = infer(X, R_Y, errors=errors)
    assert found.status == Status.OK
    close(found.se, peer(X, R_Y, True, None, errors).bse, 1e-12)
    if errors == "classical":  # R
        close(found.se, [2.81685866808452712, 0.37369853157986543, 4.66749316344135945], 1e-13)
        at = found.predict(X[4:5])
        close([at.new_low, at.new_high], [-4.3731885761013665, 23.973188576101368], 1e-13)


def test_many_rows_of_leverage_one_in_blocks(monkeypatch):
    monkeypatch.setattr(passes, "BLOCK_BYTES", 1 << 8)
    X, y = ordinary(40, 2)
    dummies = torch.zeros(40, 2, dtype=F64)
    dummies[3, 0], dummies[35, 1] = 1, 1
    rest = dummies.sum(1) == 0
    found = infer(torch.hstack((X, dummies)), y, errors="HC3")
    close(found.se[:3], infer(X[rest], y[rest], errors="HC3").se, 1e-11)
    assert found.se[3:].isnan().all()
    assert "x3, x4" in found.message


@pytest.mark.parametrize("errors", ERRORS)
@pytest.mark.parametrize("intercept", [False, True])
def test_dependent_columns(errors, intercept):
    """x2 is twice x1: only x3, and predictions that keep the ratio, can be told."""
    X, y = ordinary(60, 2)
    full = infer(X, y, intercept=intercept, errors=errors)
    found = infer(torch.stack((X[:, 0], 2 * X[:, 0], X[:, 1]), 1), y, intercept=intercept, errors=errors)
    assert found.status == Status.RANK_DEFICIENT
    assert found.message.startswith("Of 3 columns 2 say something new, too few to determine x1, x2.")
    known = ~found.se.isnan()
    assert known.tolist() == [True] * intercept + [False, False, True]
    wanted = torch.tensor([True] * intercept + [False, True])
    close(found.se[known], full.se[wanted], 1e-11)
    assert found.t[~known].isnan().all()
    assert (found.df, found.F_df) == (full.df, full.F_df)
    close([found.F, found.r2, found.s], [full.F, full.r2, full.s], 1e-11)
    new = torch.tensor([[1.0, 2.0], [1.0, 2.0]], dtype=F64)
    kept = torch.stack((new[:, 0], 2 * new[:, 0], new[:, 1]), 1)
    kept[1, 1] += 0.1
    at, there = found.predict(kept), full.predict(new)
    for name in ("mean", "se", "low", "new_high"):
        close(getattr(at, name)[0], getattr(there, name)[0], 1e-10)
        assert getattr(at, name)[1].isnan()
    assert at.message.startswith("1 of 2 rows have no prediction that the data determine")


def test_a_constant_column_hides_the_intercept():
    X, y = ordinary(60, 2)
    found = infer(torch.column_stack((X, torch.full_like(y, 7.0))), y)
    assert found.se.isnan().tolist() == [True, False, False, True]
    close(found.se[1:3], infer(X, y).se[1:], 1e-12)
    new = torch.tensor([[1.0, 2.0, 7.0], [1.0, 2.0, 8.0]], dtype=F64)
    assert found.predict(new).mean.isnan().tolist() == [False, True]
    close(found.predict(new).se[0], infer(X, y).predict(new[:1, :2]).se[0], 1e-12)
    zeros = infer(torch.column_stack((X, torch.zeros_like(y))), y)  # says nothing, and hides nothing
    assert zeros.se.isnan().tolist() == [False, False, False, True]


@pytest.mark.parametrize("value", [1e20 / 3, 1e-20 / 3])
def test_the_rounded_mean_of_a_constant_column(value):
    """It may be off by a rounding from the entries, which are no other value of the column for that."""
    X, y = ordinary(61, 2)
    for seed in range(5):
        c = torch.rand(61, generator=gen(seed), dtype=F64) + 0.1
        column = torch.full_like(y, value)
        found = infer(torch.column_stack((X, column)), y, weights=c)
        assert not found.predict(torch.column_stack((X, column))).mean.isnan().any()
        assert found.predict(torch.column_stack((X, column * (1 + 1e-12)))).mean.isnan().all()


def test_thirty_dummies_of_thirty_levels():
    """Every level has a column: none of their weights, nor the intercept, but all predictions."""
    g = gen()
    level = torch.arange(300) % 30
    X = torch.nn.functional.one_hot(level, 30).double()
    y = level.double() + torch.randn(300, generator=g, dtype=F64)
    found = infer(X, y)
    assert found.se.isnan().all()
    assert found.message.endswith(
        "x7 and 23 more. Drop columns that repeat others, or read predictions only."
    )
    at = found.predict(X[:30])
    means = torch.stack([y[level == k].mean() for k in range(30)])
    close(at.mean, means, 1e-12)
    close(at.se, torch.full((30,), found.s / 10**0.5, dtype=F64), 1e-12)


@pytest.mark.parametrize("errors", ERRORS)
def test_no_row_to_spare(errors):
    X, y = ordinary(3, 2)
    for n, d in ((3, 2), (2, 1), (2, 2), (1, 1)):
        found = infer(X[:n, :d], y[:n], errors=errors)
        assert found.status == Status.NO_NOISE
        assert found.df == 0
        assert found.message.startswith(f"No row is left to estimate the noise: {n} of them")
        for part in (found.se, found.t, found.p, found.low, found.high, found.covariance):
            assert part.isnan().all()
        assert found.predict(X[:1, :d]).se.isnan().all()
        assert all(math.isnan(part) for part in (found.s, found.F, found.F_p, found.adjusted_r2))
        assert found.predict(X[:1, :d]).new_low.isnan().all()
        assert "nan" in str(found)


@pytest.mark.parametrize("far", [1e7, 1e9])
def test_an_entry_so_far_away_that_its_row_alone_tells_the_weight(far):
    """Of its column, and of no other: of these the row tells no more than the root of what leverages lack."""
    X, y = ordinary()
    X[0, 5] = far
    found = infer(X, y, errors="HC3")
    assert found.se.isnan().nonzero().flatten().tolist() == [6]
    assert found.status == Status.NO_NOISE


def test_one_row_to_spare():
    X, y = ordinary(4, 2)
    found = infer(X, y)
    assert found.df == 1
    assert found.adjusted_r2 == pytest.approx(1 - 3 * (1 - found.r2), rel=1e-12)
    for part in (found.se, found.t, found.p, found.low, found.high):
        assert part.isfinite().all()
    assert all(math.isfinite(part) for part in (found.s, found.F, found.F_p))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_a_perfect_fit(seed, dtype):
    """linregress gives a standard error of exactly 0 to 214 of 300 such lines, and 1e-8 to the others."""
    g = gen(seed)
    x = torch.randn(20, 1, generator=g, dtype=dtype)
    slope, b = torch.randn(2, generator=g, dtype=dtype)
    found = infer(x, b + slope * x[:, 0])
    assert found.status == Status.NO_NOISE
    assert found.message.startswith("The residuals are no larger than rounding")
    assert found.t.isnan().all()
    assert found.p.isnan().all()
    assert math.isnan(found.F)
    assert found.r2 == pytest.approx(1)
    assert float(found.se.max()) < 10 * torch.finfo(dtype).eps


def test_noise_is_not_taken_for_rounding():
    x = torch.linspace(0, 1, 20, dtype=F64)[:, None]
    y = 1 + 2 * x[:, 0] + 1e-13 * torch.randn(20, generator=gen(), dtype=F64)
    assert infer(x, y).status == Status.OK


@pytest.mark.parametrize("mean", [1e3, -1e9])
def test_targets_far_from_zero_round_as_their_mean_does(mean):
    X, _ = ordinary()
    y = mean + X[:, 0]
    assert infer(X[:, :1], y).status == Status.NO_NOISE
    noise = 30 * EPS * abs(mean) * torch.randn(300, generator=gen(), dtype=F64)
    assert infer(X[:, :1], y + noise).status == Status.OK


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_constant_target(value):
    x = torch.randn(12, 1, generator=gen(), dtype=F64)
    found = infer(x, torch.full((12,), value, dtype=F64))
    assert math.isnan(found.r2)
    assert found.status == Status.NO_NOISE
    close(found.estimate[0], value)
    assert abs(float(found.estimate[1])) <= EPS * value


def test_leverages_without_a_digit():
    p = built(kappa=1e12, noise=0.1)
    for errors in ("HC2", "HC3"):
        found = infer(p.X, p.y, errors=errors)
        assert found.status == Status.NO_DIGITS
        assert "no digit of the leverages" in found.message
    assert infer(p.X, p.y, errors="HC1").status == Status.OK
