"""Standard errors and all that stands on them: against exact answers, statsmodels and R."""

import math
import subprocess
import sys

import pytest
import statsmodels.api as sm
import torch
from inferences import ERRORS, R_C, R_X, R_Y, close, ordinary, peer
from problems import EPS, built, certified, exact_fit, gen

import linreg
from linreg import Status, infer, infer_statistics, leverage
from linreg.inference import passes
from linreg.inference.from_sums import from_sums

F64 = torch.float64


@pytest.mark.parametrize("errors", ERRORS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("n", "d", "seed"), [(30, 3, 0), (300, 20, 1), (300, 20, 2), (5000, 20, 3)])
def test_statsmodels(n, d, seed, intercept, weighted, errors):
    """Condition numbers reach 60 here, and t of statsmodels' robust results is Student's."""
    X, y = ordinary(n, d, seed)
    c = torch.rand(n, generator=gen(seed), dtype=F64) + 0.1 if weighted else None
    there, here = peer(X, y, intercept, c, errors), infer(X, y, intercept=intercept, weights=c, errors=errors)
    assert here.status == Status.OK
    assert not here.message
    assert (here.n, here.df, here.F_df) == (n, n - d - intercept, (d, n - d - intercept))
    close(here.estimate, there.params)
    close(here.se, there.bse)
    close(here.covariance, there.cov_params(), rtol=1e-9)  # entries off the diagonal may be nearly 0
    close(here.t, there.tvalues)
    close(here.p, there.pvalues, rtol=1e-9)  # in the tail, p has the error of t times t^2
    interval = there.conf_int()
    close(here.low, interval[:, 0], rtol=1e-9)
    close(here.high, interval[:, 1], rtol=1e-9)
    close(here.F, there.fvalue)
    close(here.r2, there.rsquared)
    close(here.adjusted_r2, there.rsquared_adj)
    close(here.s, there.scale**0.5)
    close(here.fit.loss, there.ssr / (2 * (n if c is None else float(c.sum()))))
    if there.f_pvalue > 1e-200:
        close(here.F_p, there.f_pvalue, rtol=1e-7)


@pytest.mark.parametrize("errors", ERRORS)
@pytest.mark.parametrize("weighted", [False, True])
def test_predictions_of_statsmodels(errors, weighted):
    X, y = ordinary()
    c = torch.rand(300, generator=gen(), dtype=F64) + 0.1 if weighted else None
    new = ordinary(seed=7)[0][:5]
    frame = peer(X, y, True, c, errors).get_prediction(sm.add_constant(new.numpy())).summary_frame(alpha=0.1)
    here = infer(X, y, weights=c, errors=errors).predict(new, level=0.9)
    assert not here.message
    assert here.level == 0.9
    for name, column in (
        ("mean", "mean"),
        ("se", "mean_se"),
        ("low", "mean_ci_lower"),
        ("high", "mean_ci_upper"),
        ("new_low", "obs_ci_lower"),
        ("new_high", "obs_ci_upper"),
    ):
        close(getattr(here, name), frame[column], rtol=1e-10)


def test_what_r_says():
    found = infer(R_X, R_Y)
    close(found.estimate, [5.4120949801721734, 1.4150836637972717, -1.1503868846116649], 1e-13)
    close(found.se, [1.81698751526228341, 0.21066820896119115, 0.25361900453470027], 1e-13)
    close(found.t, [2.9786087877389371, 6.7171201140175611, -4.5358859708570005], 1e-13)
    close(found.p, [1.5484506167881794e-02, 8.6829016320612076e-05, 1.4142207150591392e-03], 1e-12)
    close(found.low, [1.30178365780668592, 0.93851906592184409, -1.72411293234158758], 1e-13)
    close(found.high, [9.5224063025376608, 1.8916482616726993, -0.5766608368817423], 1e-12)
    sizes = [found.s, found.r2, found.adjusted_r2, found.F]
    close(sizes, [2.49013223795619387, 0.86524294458231787, 0.83529693226727741, 28.89342779531774497], 1e-13)
    new = found.predict(torch.tensor([[0, 5], [20, 5]], dtype=F64))
    close(new.new_low, [-6.9872034450461662, 19.2767349045386354], 1e-13)
    close(new.new_high, [6.3075245592738636, 36.6469327615799259], 1e-13)
    mean = found.predict(torch.tensor([[0, 5], [20, 5]], dtype=F64), level=0.9)
    close(mean.low, [-3.199767706254939, 22.605045521718552], 1e-13)
    close(
        infer(R_X, R_Y, weights=R_C).se,
        [2.18358495380541484, 0.22833430503652097, 0.30642568360307154],
        1e-13,
    )


SANDWICH = {  # sandwich 3.0-2 in R 4.2.2: of all, of the fit with weights, of that without an intercept
    "HC0": (
        [1.1088076750879325, 0.24489801050896506, 0.1299824392567257],
        [1.4189114401601277, 0.28561919910553646, 0.15883478867777978],
        [0.22167956654805451, 0.19122393349846156],
    ),
    "HC1": (
        [1.2803408193830788, 0.28278386458270938, 0.15009079258958927],
        [1.6384178038653727, 0.32980464297861323, 0.18340661599958724],
        [0.24283779827267427, 0.20947532382395054],
    ),
    "HC2": (
        [1.316671936975947, 0.28683835863098023, 0.14984950291739915],
        [1.7548446413270085, 0.39178832115086049, 0.18927489161106276],
        [0.25259638320122646, 0.2165151930562946],
    ),
    "HC3": (
        [1.5655520018529492, 0.33625466233617884, 0.17290317963674817],
        [2.2462770102068026, 0.55395258349220378, 0.23074841959729009],
        [0.2882234330857073, 0.24561520238535137],
    ),
}


@pytest.mark.parametrize("errors", SANDWICH)
def test_what_sandwich_says(errors):
    plain, weighted, through_zero = SANDWICH[errors]
    close(infer(R_X, R_Y, errors=errors).se, plain, 1e-13)
    close(infer(R_X, R_Y, errors=errors, weights=R_C).se, weighted, 1e-13)
    close(infer(R_X, R_Y, errors=errors, intercept=False).se, through_zero, 1e-13)


def test_longley_in_r_and_in_statsmodels():
    data = linreg.load("longley")
    found = infer(data.X, data.y, names=data.columns)
    # R; statsmodels ends in 655 for 606
    assert float(found.predict(data.X[:1]).new_low) == pytest.approx(59232.56180606, abs=5e-9)
    close(found.se, peer(data.X, data.y, True, None, "classical").bse, 1e-8)
    assert found.names == ("Intercept", "GNPDEFL", "GNP", "UNEMP", "ARMED", "POP", "YEAR")


def test_diabetes():
    data = linreg.load("diabetes")
    for errors in ERRORS:
        close(infer(data.X, data.y, errors=errors).se, peer(data.X, data.y, True, None, errors).bse, 1e-9)


# Digits.


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kappa", [1.0, 10.0, 100.0, 1e4, 1e6])
@pytest.mark.parametrize("intercept", [False, True])
def test_the_exact_standard_errors(kappa, seed, intercept):
    """In rational arithmetic; a triangle, and a Gram matrix up to 20, keep eps kappa of them."""
    p = built(n=40, kappa=kappa, noise=0.5, seed=seed, intercept=intercept)
    found = infer(p.X, p.y, intercept=intercept)
    exact = exact_fit(p.X, p.y, intercept)
    close(found.se, [math.sqrt(v) for v in exact.variance], rtol=50 * EPS * kappa)
    close(found.s, math.sqrt(exact.rss / found.df), rtol=1e-12)


@pytest.mark.parametrize("kappa", [1.0, 100.0, 1e4])
@pytest.mark.parametrize("frequency", [False, True])
def test_the_exact_standard_errors_with_weights(kappa, frequency):
    p = built(n=40, kappa=kappa, noise=0.5)
    c = torch.randint(0 if frequency else 1, 6, (40,), generator=gen(), dtype=F64) / (1 if frequency else 4)
    found = infer(p.X, p.y, weights=c, frequency=frequency)
    exact = exact_fit(p.X, p.y, True, c, frequency)
    close(found.se, [math.sqrt(v) for v in exact.variance], rtol=200 * EPS * kappa)
    h = leverage(p.X, weights=c, frequency=frequency)
    assert float((h * c if frequency else h).sum()) == pytest.approx(5, rel=200 * EPS * kappa)


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e9])
def test_columns_far_from_zero(offset):
    """Their shift is taken off before anything is rounded."""
    X, y = ordinary(40, 3)
    X = ((X * 2**20).round() / 2**20) + offset  # exact, whatever the offset
    near = infer(X - offset, y, errors="HC3")
    far = infer(X, y, errors="HC3")
    close(far.se[1:], near.se[1:], rtol=1e-12)
    close(far.s, near.s, rtol=1e-12)


@pytest.mark.parametrize(
    "name", ["Norris", "Pontius", "NoInt1", "NoInt2", "Filip", "Longley", "Wampler3", "Wampler4", "Wampler5"]
)
def test_certified_standard_errors(name):
    p = certified(name)
    found, exact = infer(p.X, p.y, intercept=p.intercept), linreg.certified(p.X, p.y, intercept=p.intercept)
    expected = torch.cat((exact.b_se.reshape(1), exact.w_se)) if p.intercept else exact.w_se
    close(found.se, expected, rtol=4 * EPS * max(found.fit.condition, 50))
    assert found.status == Status.OK
    if name == "Filip":
        assert found.message == "The condition number, 3.82e+09, leaves 5 digits of the standard errors."
    else:
        assert not found.message


@pytest.mark.parametrize(("share", "told"), [(0.97e-8, None), (1.03e-8, 7), (0.97e-7, 7), (1.03e-7, 6)])
def test_digits_that_the_condition_number_leaves(share, told):
    """Two columns at a small angle, of which half is one over the condition number; 4 eps of it are lost."""
    a, b, y = torch.linalg.qr(torch.randn(20, 3, generator=gen(), dtype=F64)).Q.T
    condition = share / (4 * EPS)
    half = math.atan(1 / condition)
    near = a * math.cos(2 * half) + b * math.sin(2 * half)
    found = infer(torch.stack((a, near), 1), a + y, intercept=False)
    left = f"The condition number, {condition:.3g}, leaves {told} digits of the standard errors."
    assert found.message == (left if told else "")


@pytest.mark.parametrize("scale", [1e-3, 1e-6, 1e-9])
def test_a_good_fit_costs_no_digits(scale):
    """scipy's linregress takes 1 - r^2: at a noise of 1e-9 its error is 57 times too large, at 1e-10 zero."""
    x = torch.linspace(0, 1, 11, dtype=F64)[:, None]
    e = torch.tensor([1, -1, 2, -2, 1, 0, -1, 2, -2, 1, -1], dtype=F64) * scale
    y = 1 + 2 * x[:, 0] + e
    exact = exact_fit(x, y, True)
    close(infer(x, y).se, [math.sqrt(v) for v in exact.variance], rtol=1e-15 / scale)


def test_large_data_by_way_of_the_sums():
    X, y = ordinary(20_000, 4, 3)
    for errors in ("classical", "HC3"):
        found = infer(X, y, errors=errors)
        assert found.fit.message.startswith("Cholesky, from sums of 20000 rows")
        there = peer(X, y, True, None, errors)
        close(found.se, there.bse, 1e-12)
        close(found.estimate, there.params, 1e-11)


def test_small_data_have_the_fit_of_solve():
    X, y = ordinary()
    found = infer(X, y).fit
    assert torch.equal(found.w, linreg.solve(X, y).w)
    assert torch.equal(found.b, linreg.solve(X, y).b)


@pytest.mark.parametrize("errors", ["classical", "HC2"])
@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_blocks_of_rows_add_up(monkeypatch, layout, errors):
    X, y = ordinary(2500, 3)
    c = torch.rand(2500, generator=gen(), dtype=F64)
    X = X.T.contiguous().T if layout == "columns" else X
    whole = infer(X, y, weights=c, errors=errors)
    monkeypatch.setattr(passes, "BLOCK_BYTES", 1 << 12)
    close(infer(X, y, weights=c, errors=errors).se, whole.se, 1e-13)


MEMORY = """
import resource, torch, linreg
torch.set_num_threads(1)
X = torch.empty(500_000, 20, dtype=torch.float64).normal_()
y = X[:, 0] + torch.empty(500_000, dtype=torch.float64).normal_()
linreg.infer(X[:5000], y[:5000], errors={errors!r})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
linreg.infer(X, y, errors={errors!r})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("errors", ["classical", "HC3"])
def test_no_copy_of_the_data(errors):
    """80 MB of data, and 5 MB beside them at the most."""
    code = MEMORY.format(errors=errors)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 5000


def test_wide_rows():
    X, y = ordinary(2000, 70)
    close(infer(X, y, errors="HC3").se, peer(X, y, True, None, "HC3").bse, 1e-10)


def test_float32_counts_as_exact():
    X, y = (t.float() for t in ordinary())
    for errors in ("classical", "HC3"):
        found, double = infer(X, y, errors=errors), infer(X.double(), y.double(), errors=errors)
        assert found.se.dtype == found.fit.w.dtype == F64
        close(found.se, double.se, 1e-12)
    assert infer(X, y).predict(X[:3]).mean.dtype == F64


@pytest.mark.parametrize("scale", [1e-140, 1.0, 1e140])
def test_the_covariance_has_the_units_of_the_weights(scale):
    X, y = ordinary(40, 3)
    plain, other = infer(X, y).covariance, infer(X * torch.tensor([scale, 1.0, 2.0], dtype=F64), y).covariance
    per = torch.tensor([1.0, 1 / scale, 1.0, 0.5], dtype=F64)
    close(other / per / per.unsqueeze(1), plain, 1e-11)


@pytest.mark.parametrize("scale", [1e-160, 1e160])
@pytest.mark.parametrize("errors", ["classical", "HC3"])
def test_units_whose_squares_leave_the_range(scale, errors):
    X, y = ordinary(40, 3)
    units = torch.tensor([scale, 1.0, 1.0], dtype=F64)
    plain, other = infer(X, y, errors=errors), infer(X * units, y * scale, errors=errors)
    per = torch.cat((torch.tensor([scale], dtype=F64), scale / units))
    close(other.se, plain.se * per, 1e-12)
    close(other.t, plain.t, 1e-11)
    close(other.s, plain.s * scale, 1e-12)
    close(other.F, plain.F, 1e-11)
    at, beside = plain.predict(X[:2]), other.predict(X[:2] * units)
    for name in ("mean", "se", "low", "new_high"):
        close(getattr(beside, name), getattr(at, name) * scale, 1e-11)


def test_weights_out_of_range_are_told():
    X, y = ordinary(40, 3)
    found = infer(X * 1e-160, y * 1e160)
    assert found.status == Status.OUT_OF_RANGE
    assert "power of two" in found.message


# Weights.


@pytest.mark.parametrize("errors", ["HC0", "HC1", "HC2", "HC3"])
@pytest.mark.parametrize("d", [2, 3, 5])
@pytest.mark.parametrize("seed", range(8))
def test_a_robust_f_needs_as_many_residuals_as_weights(seed, d, errors):
    """Two rows of the same features have all of them: of most directions nothing is known."""
    g = gen(seed)
    X = torch.randn(30, d, generator=g, dtype=F64)
    X[1], y = X[0], X.sum(1) + 1
    y[0], y[1] = X[0].sum() + 2, X[0].sum()
    found = infer(X, y, errors=errors)
    assert math.isnan(found.F)
    assert math.isnan(found.F_p)
    y += 1e-5 * torch.randn(30, generator=g, dtype=F64)  # each row has one
    assert infer(X, y, errors=errors).F > 1e3


@pytest.mark.parametrize("errors", ERRORS)
def test_frequencies_are_rows(errors):
    X, y = ordinary(40, 3)
    times = torch.randint(0, 4, (40,), generator=gen(), dtype=F64)
    rows = torch.repeat_interleave(torch.arange(40), times.long())
    counted = infer(X, y, weights=times, frequency=True, errors=errors)
    repeated = infer(X[rows], y[rows], errors=errors)
    assert (counted.n, counted.df) == (repeated.n, repeated.df)
    for name in ("se", "t", "p", "covariance"):
        close(getattr(counted, name), getattr(repeated, name), 1e-11)
    close([counted.s, counted.r2, counted.F], [repeated.s, repeated.r2, repeated.F], 1e-11)


@pytest.mark.parametrize("errors", ERRORS)
def test_rows_of_weight_zero_do_not_count(errors):
    """statsmodels' WLS counts them among its degrees of freedom."""
    X, y = ordinary(40, 3)
    c = torch.rand(40, generator=gen(), dtype=F64) * (torch.arange(40) % 3 > 0)
    found, without = (
        infer(X, y, weights=c, errors=errors),
        infer(X[c > 0], y[c > 0], weights=c[c > 0], errors=errors),
    )
    assert torch.equal(found.se, without.se)
    assert found.n == int((c > 0).sum())


def test_only_ratios_of_precisions_count():
    X, y = ordinary(40, 3)
    c = torch.rand(40, generator=gen(), dtype=F64) + 0.1
    for errors in ("classical", "HC3"):
        close(infer(X, y, weights=c * 1e6, errors=errors).se, infer(X, y, weights=c, errors=errors).se, 1e-12)


# From sums.


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_from_sums(intercept, weighted):
    X, y = ordinary()
    c = torch.rand(300, generator=gen(), dtype=F64) + 0.1 if weighted else None
    parts = [
        linreg.Statistics.of(X[some], y[some], weights=None if c is None else c[some])
        for some in (slice(0, 100), slice(100, 300))
    ]
    found = infer_statistics(
        parts[0] + parts[1], intercept=intercept, level=0.9, names=list("abcdefghijklmnopqrst")
    )
    rows = infer(X, y, intercept=intercept, weights=c, level=0.9)
    for name in ("estimate", "se", "t", "low", "high", "covariance"):
        close(getattr(found, name), getattr(rows, name), 1e-9)
    for name in ("s", "r2", "adjusted_r2", "F"):
        close(getattr(found, name), getattr(rows, name), 1e-10)
    assert (found.n, found.df, found.F_df) == (rows.n, rows.df, rows.F_df)
    assert found.names[-1] == "t"
    assert found.status == Status.OK
    close(found.predict(X[:3]).new_high, rows.predict(X[:3]).new_high, 1e-10)


@pytest.mark.parametrize("noise", [1.0, 1e-3, 1e-5, 1e-6])
@pytest.mark.parametrize("kappa", [1.0, 100.0, 1e4])
def test_the_digits_that_sums_leave(kappa, noise):
    p = built(n=40, kappa=kappa, noise=noise)
    found = infer_statistics(linreg.Statistics.of(p.X, p.y))
    told = int(found.message.partition("leave ")[2].partition(" digits")[0])
    exact = [math.sqrt(v) for v in exact_fit(p.X, p.y, True).variance]
    wrong = float((found.se / torch.tensor(exact, dtype=F64) - 1).abs().max())
    assert wrong < 10.0**-told
    assert (
        told > min(15 + 2 * math.log10(noise), 15 - 2 * math.log10(kappa)) - 2.5
    )  # nor does it promise nothing


@pytest.mark.parametrize("kappa", [1.0, 30.0])
def test_what_rounding_may_have_added_to_sums(kappa):
    """To the squares that are left, 4 eps of those that they are a difference of."""
    p = built(kappa=kappa, noise=0.5)
    found = from_sums(linreg.Statistics.of(p.X, p.y), True)
    size = (p.X - p.X.mean(0)).norm(dim=0)
    explained_by_columns = (p.w * size).norm()
    condition = torch.linalg.cond((p.X - p.X.mean(0)) / size)
    close(found.lost, 4 * EPS * ((p.y - 2).norm() + explained_by_columns) ** 2, 1e-9)
    close(found.rounded, 4 * EPS * condition**2, 1e-9)
    for part, digits in ((0.99, 8), (1.01, 7)):  # of the root, half of what is lost of the square
        assert found._replace(rss=3.0, lost=part * 6e-8).digits == digits


def test_a_column_that_was_long_costs_digits_whichever_it_is():
    """A row of 1e4 in a column of no weight has left, and with it digits: squares of 400 beside 1e8."""
    p = built(400, 3, 2.0, noise=0.3)
    for j in range(3):
        sums = linreg.Statistics.of(p.X, p.y - p.w[j] * p.X[:, j])
        row = torch.zeros(1, 3, dtype=torch.float64)
        row[0, j] = 1e4
        long = linreg.Statistics.of(row, p.y[:1])
        plain, after = infer_statistics(sums), infer_statistics(sums + long - long)
        told = [int(found.message.split("which leave ")[1].split(" ")[0]) for found in (plain, after)]
        assert told[0] >= 13
        assert 7 <= told[1] <= 10
        torch.testing.assert_close(after.se, plain.se, rtol=10.0 ** -told[1], atol=0)


def test_one_degree_of_freedom_leaves_a_wide_interval():
    """Of Cauchy's distribution, whose quantile is tan(0.95 pi / 2)."""
    X = torch.randn(4, 2, generator=gen(), dtype=torch.float64)
    found = infer(X, torch.randn(4, generator=gen(1), dtype=torch.float64))
    reach = found.se * math.tan(0.95 * math.pi / 2)
    torch.testing.assert_close(found.high - found.estimate, reach, rtol=1e-10, atol=0)
    torch.testing.assert_close(found.estimate - found.low, reach, rtol=1e-10, atol=0)


def test_hc1_makes_up_for_what_the_fit_has_taken():
    X, y = torch.randn(2, 4, 3, generator=gen(), dtype=F64).unbind()
    found, plain = (infer(X, y[:, 0], intercept=False, errors=errors) for errors in ("HC1", "HC0"))
    close(found.covariance, 4 * plain.covariance, 1e-12)  # n / df, of one degree of freedom


def test_sums_in_which_the_noise_is_lost():
    p = built(n=40, noise=1e-10)
    found = infer_statistics(linreg.Statistics.of(p.X, p.y))
    assert found.status == Status.NO_NOISE
    assert found.se.isnan().all()
    assert "`infer` takes them from the rows" in found.message
    assert infer(p.X, p.y).status == Status.OK


def test_dependent_columns_in_sums():
    X, y = ordinary(60, 2)
    found = infer_statistics(linreg.Statistics.of(torch.stack((X[:, 0], 2 * X[:, 0], X[:, 1]), 1), y))
    assert found.status == Status.RANK_DEFICIENT
    assert found.se.isnan().tolist() == [False, True, True, False]
    close(found.se[[0, 3]], infer(X, y).se[[0, 2]], 1e-9)


def test_sums_of_too_few_rows():
    X, y = ordinary(3, 2)
    found = infer_statistics(linreg.Statistics.of(X, y))
    assert (
        found.message
        == "From sums of 3 rows. No row is left to estimate the noise: 3 of them, and 3 unknowns. Add rows."
    )
