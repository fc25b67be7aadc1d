"""`certified` against the exact rational answer, and against the certified values to their last digit."""

import math
from fractions import Fraction

import pytest
import torch
from problems import EPS, built, decimal, exact_fit, gen, nist, unchanged

import linreg
from linreg import Doubled, Status, certified, powers
from linreg.closed_form.certified import _coordinates, _digits, _fit
from linreg.closed_form.doubled import refinement
from linreg.closed_form.doubled.residual import problem

NAMES = ("Norris", "Pontius", "NoInt1", "NoInt2", "Filip", "Longley", *(f"Wampler{i}" for i in range(1, 6)))
KAPPAS = (1e0, 1e3, 1e6, 1e9, 1e11, 1e13)
D = torch.float64


def tensor(*values):
    return torch.tensor(values, dtype=D)


def found(fit):
    """The estimates and the standard errors, the intercept first if there is one."""
    if fit.b_se is None:
        return fit.w.tolist(), fit.w_se.tolist()
    return [fit.b.item(), *fit.w.tolist()], [fit.b_se.item(), *fit.w_se.tolist()]


def wrong(values, truth):
    """Largest relative error; absolute for a truth of 0."""
    return max(float(abs(Fraction(a) - e) / (abs(e) or 1)) for a, e in zip(values, truth, strict=True))


def wrong_root(values, squares):
    """The same for the roots of `squares`: half the error of the square."""
    return wrong([Fraction(v) ** 2 for v in values], squares) / 2


def check(X, y, intercept=True, *, w=EPS, se=2 * EPS):
    """Right to a rounding, standard errors to the few roundings of their last operations."""
    truth = exact_fit(X, y, intercept)
    fit = certified(X, y, intercept=intercept)
    assert fit.status is Status.OK
    estimates, errors = found(fit)
    assert wrong(estimates, truth.estimate) <= w
    n, k = len(truth.estimate) and len(_hi(y)), len(truth.estimate)
    if n > k:
        assert wrong_root(errors, truth.variance) <= se
    else:
        assert all(math.isnan(v) for v in errors)
    if 1e-300 < truth.rss < 1e300:
        assert abs(Fraction(fit.loss.item()) * 2 * n / truth.rss - 1) <= 8 * EPS
    return fit


def _hi(x):
    return x.hi if isinstance(x, Doubled) else x


# The certified problems.


@pytest.mark.parametrize("name", NAMES)
def test_every_digit_of_the_certified_problems(name):
    X, y = decimal(name)
    facts = nist()[name]
    fit = certified(X, y, intercept=facts["intercept"])
    assert fit.status is Status.OK
    estimates, errors = found(fit)
    deviation = math.sqrt(2 * len(y.hi) * fit.loss.item() / facts["df_residual"])
    # Fifty digits, known from rational arithmetic. The data have 32, and kappa is up to 4e9 (Filip):
    # nothing is left to see but the rounding to float64, once for the estimates.
    best = facts["exact50"]
    assert wrong(estimates, map(Fraction, best["estimate"])) <= EPS / 2 + 1e-20
    if float(best["residual_sd"]) == 0:
        assert deviation < 1e-25
        assert max(errors) < 1e-25
    else:
        assert wrong(errors, map(Fraction, best["sd"])) <= 2 * EPS
        assert wrong([deviation], [Fraction(best["residual_sd"])]) <= 2 * EPS


@pytest.mark.parametrize("name", NAMES)
def test_the_certified_values(name):
    """To the digits that the certificate prints: the exact answer agrees with it no better."""
    X, y = decimal(name)
    facts = nist()[name]
    estimates, errors = found(certified(X, y, intercept=facts["intercept"]))
    for values, key in ((estimates, "estimate"), (errors, "sd")):
        printed = [Fraction(v) for v in facts["certified"][key]]
        ceiling = wrong([Fraction(v) for v in facts["exact50"][key]], printed)
        assert wrong(values, printed) <= ceiling + 2 * EPS


@pytest.mark.parametrize("name", NAMES)
def test_the_problems_as_float64_holds_them(name):
    """Each entry is exact by decree: the rounded matrix has an exact answer as well."""
    X, y = decimal(name)
    check(X.hi, y.hi, nist()[name]["intercept"])


def test_float64_powers_cost_filip_half_its_digits():
    X, y = decimal("Filip")
    truth = [Fraction(v) for v in nist()["Filip"]["exact50"]["estimate"]]
    in_float64 = torch.stack([X.hi[:, 0] ** k for k in range(1, 11)], 1)
    assert wrong(found(certified(in_float64, y.hi))[0], truth) > 1e-9
    assert wrong(found(certified(powers(X.hi[:, 0], 10), y.hi))[0], truth) < 1e-13


# Built problems.


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("noise", [0.0, 0.1, 10.0])
@pytest.mark.parametrize("kappa", KAPPAS)
def test_any_condition_number(kappa, noise, intercept):
    for seed in (0, 1):
        p = built(30, 4, kappa, noise=noise, intercept=intercept, seed=seed)
        # Rounding in twice the precision, eps^2 kappa^2 |r|, against weights that follow the roundings of
        # the data, eps kappa^2 |r|: a few eps, however large kappa.
        fit = check(p.X, p.y, intercept, w=EPS if kappa <= 1e6 or not noise else 50 * EPS)
        A = p.X - p.X.mean(0) * intercept
        cond = float(torch.linalg.cond(A / torch.linalg.vector_norm(A, dim=0)))
        assert fit.condition == pytest.approx(cond, rel=1e-15 * kappa + 1e-12)
        assert fit.rank == 4
        assert fit.method == "certified"


@pytest.mark.parametrize("kappa", [1e0, 1e4, 1e8])
def test_of_pairs(kappa):
    """X and y with 32 digits each, and one of them."""
    p = built(30, 3, kappa, noise=0.1)
    g = gen(1)
    X = Doubled(p.X, p.X * 2.0**-54 * torch.rand(p.X.shape, generator=g, dtype=D))
    y = Doubled(p.y, p.y * 2.0**-54 * torch.rand(30, generator=g, dtype=D))
    for A, t in ((X, y), (X, y.hi), (X.hi, y)):
        check(A, t, w=EPS if kappa < 1e8 else 50 * EPS)
        check(A, t, False, w=EPS if kappa < 1e8 else 50 * EPS)


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_scales(scale):
    p = built(20, 3, 10.0, noise=0.1)
    check(p.X * scale, p.y)
    check(p.X, p.y * scale)
    check(p.X, p.y * scale, False)


def test_both_scales():
    p = built(20, 3, 10.0, noise=0.1)
    for scale in (1e-150, 1e150):
        check(p.X * scale, p.y * scale)
    check(p.X * tensor(1.0, 1e-100, 1e200), p.y)


def test_a_weight_out_of_range():
    p = built(20, 3, 10.0, noise=0.1)
    fit = certified(p.X * 1e-200, p.y * 1e200)
    assert fit.w.isinf().all()
    assert fit.status is Status.OUT_OF_RANGE
    assert "beyond the range of torch.float64" in fit.message


@pytest.mark.parametrize("offset", [1e3, 1e8, 1e13])
def test_columns_far_from_zero(offset):
    p = built(20, 3, 10.0, noise=0.1)
    check(p.X + offset, p.y)


@pytest.mark.parametrize(("offset", "kappa"), [(1e5, 1e11), (1e6, 1e10), (1e8, 1e8)])
def test_dependent_almost_and_far_from_zero(offset, kappa):
    """The intercept is the small difference of large numbers, and so is each of its corrections."""
    for seed in range(6):
        p = built(8, 3, kappa, seed=seed)
        check(p.X + offset, p.y, w=10 * EPS)


@pytest.mark.parametrize("second", [1, 10**9])
def test_times_of_which_only_the_low_parts_differ(second):
    """In nanoseconds since 1970 two float64 are 256 apart: these twelve have the same `hi`."""
    times = Doubled.of([[Fraction(1_760_000_000_000_000_000 + 3 * i, second)] for i in range(12)])
    assert len(times.hi.unique()) == 1
    check(times, tensor(*(2.0 * i + i % 3 for i in range(12))))


def test_float32():
    p = built(25, 3, 1e3, noise=0.1, dtype=torch.float32)
    fit = check(p.X, p.y)
    assert fit.w.dtype == fit.b.dtype == fit.loss.dtype == fit.w_se.dtype == D


@pytest.mark.parametrize("n", [4, 5, 2000, 20_000])
def test_few_and_many_rows(n):
    """As many rows as unknowns, one more, and several blocks."""
    p = built(max(n, 6), 3, 100.0, noise=0.1)
    check(p.X[:n], p.y[:n])


def test_one_row():
    fit = check(tensor(3.0).unsqueeze(1), tensor(1.0), False)
    assert fit.b_se is None
    assert fit.b.item() == 0


def test_more_columns_than_a_block_has_entries(monkeypatch):
    """The blocks of every part shrink to few rows, or grow to what they need."""
    for module in ("certified", "doubled.residual", "doubled.deviation"):
        monkeypatch.setattr(f"linreg.closed_form.{module}.BLOCK", 3)
    p = built(40, 5, 1e5, noise=0.1)
    check(p.X, p.y)


def test_weights_that_are_zero():
    i = torch.arange(20, dtype=D)
    X = torch.stack((i, i * i, i**3), 1)
    fit = check(X, 2 * i + i**3 + 7)
    assert fit.w.tolist() == pytest.approx([2, 0, 1], abs=1e-30)
    check(X, torch.full_like(i, 3.0))
    fit = certified(X[:, :2], torch.cat((tensor(1, -3, 3, -1), 0 * i[4:])))  # orthogonal to every quadratic
    assert fit.status is Status.OK
    assert float(fit.w.abs().max()) < 1e-30
    fit = check(X, 0 * i)
    assert fit.w.tolist() == fit.w_se.tolist() == [0, 0, 0]


def test_a_column_that_varies_in_its_last_bits():
    """`qr` calls it constant, as the noise of one that was rounded; here every entry counts as exact."""
    x = torch.randn(20, 1, generator=gen(), dtype=D)
    wobble = 1e8 * (1 + EPS * torch.randint(-3, 4, (20,), generator=gen()).double())
    X = torch.column_stack((x, wobble))
    assert linreg.qr(X, x[:, 0]).status is Status.RANK_DEFICIENT
    check(X, torch.randn(20, generator=gen(2), dtype=D))


def test_strides():
    p = built(20, 3, 10.0, noise=0.1)
    plain = certified(p.X, p.y)
    wide = torch.zeros(40, 6, dtype=D)
    wide[::2, ::2] = p.X
    for X in (wide[::2, ::2], p.X.T.contiguous().T):
        assert torch.equal(certified(X, p.y).w, plain.w)
    y = tensor(2.0).expand(20)
    assert certified(p.X, y).b.item() == 2


def test_inputs_stay_as_they_are():
    p = built(20, 3, noise=0.1)
    X = p.X.clone().requires_grad_()
    lo = p.X * 2.0**-54
    with unchanged(X, p.y, lo):
        assert not certified(X, p.y).w.requires_grad
        certified(Doubled(p.X, lo), p.y)


def test_predict_and_text():
    fit = certified(tensor(0, 1, 2).unsqueeze(1), tensor(1, 3, 5))
    assert repr(fit) == "Fit(w=[2], b=1, status='ok', method='certified')"
    assert (
        fit.message
        == "QR, refined in twice the precision (1 step) to the last digit: the condition number is 1."
    )
    assert fit.predict(tensor(10).unsqueeze(1)).tolist() == [21]
    assert fit.w_se.tolist() == [0]


# What has no answer, or not all of its digits.


@pytest.mark.parametrize("kind", ["copy", "sum", "constant", "zero"])
@pytest.mark.parametrize("intercept", [True, False])
def test_dependent_columns(kind, intercept):
    p = built(30, 3, noise=0.1)
    a, b = p.X[:, 0], p.X[:, 1]
    last = {"copy": a, "sum": a + b, "constant": torch.full_like(a, 0.1), "zero": 0 * a}[kind]
    X = torch.column_stack((p.X, last))
    if kind == "constant" and not intercept:
        check(X, p.y, False)
        return
    fit = certified(X, p.y, intercept=intercept)
    assert fit.status is Status.RANK_DEFICIENT
    assert fit.rank == 3
    assert fit.condition == math.inf
    assert fit.w.isnan().all()
    assert fit.b.isnan()
    assert fit.loss.isnan()
    assert fit.w_se.isnan().all()
    assert fit.b_se.isnan() if intercept else fit.b_se is None
    assert "The 4 columns have rank 3" in fit.message


def test_nothing_but_zeros():
    fit = certified(torch.zeros(5, 2, dtype=D), torch.arange(5, dtype=D))
    assert fit.status is Status.RANK_DEFICIENT
    assert fit.rank == 0
    fit = certified(torch.zeros(5, 1, dtype=D), torch.arange(5, dtype=D), intercept=False)
    assert (fit.status, fit.rank, fit.b_se) == (Status.RANK_DEFICIENT, 0, None)


@pytest.mark.parametrize(("bits", "size"), [(10, 1e3), (22, 1e6), (26, 1e8), (30, 1e12)])
def test_digits_that_the_residual_drowns(bits, size):
    """Integers with the answer (1, 0, 0) beside a residual that kappa^2 makes too large."""
    i = torch.arange(40, dtype=D) - 20
    j = i * i
    j[3] += 2.0**-bits
    X = torch.stack((i, i * i, j), 1)
    r = torch.zeros(40, dtype=D)
    r[10:14] = size * tensor(1, -3, 3, -1)  # third differences: orthogonal to every quadratic
    fit = certified(X, i + r)
    parts = [20 * abs(fit.w[0].item() - 1), *(400 * abs(v) for v in fit.w[1:].tolist()), abs(fit.b.item())]
    reached = -math.log10(max(parts) / (3 * size) + 1e-17)
    if fit.status is Status.OK:
        assert reached >= 12
    else:
        assert fit.status in (Status.NOT_CONVERGED, Status.NO_DIGITS)
        assert (fit.status is Status.NOT_CONVERGED) == (bits < 30)
        assert reached >= int(fit.message.split("about ")[1].split(" digits")[0])
        assert "Centre or combine columns" in fit.message
    assert (fit.status is Status.OK) == (bits <= 22)


def test_steps_used_up(monkeypatch):
    monkeypatch.setattr(refinement, "STEPS", 1)
    p = built(30, 4, 1e12, noise=0.1)
    fit = certified(p.X, p.y)
    assert fit.status is Status.NOT_CONVERGED
    assert fit.steps == 1
    assert fit.message.startswith("Refinement ended after 1 step with about ")
    claimed = int(fit.message.split("about ")[1].split(" digits")[0])
    assert wrong(found(fit)[0], exact_fit(p.X, p.y, True).estimate) <= 10.0**-claimed


@pytest.mark.parametrize("kappa", [1e2, 1e4, 1e5, 1e6])
def test_a_triangle_from_the_gram_matrix(kappa):
    """It leaves kappa^2 eps of each error: the start is worse, and so is every step, but not the end."""
    p = built(40, 5, kappa, noise=0.1)
    shift = p.X.mean(0)
    Z = torch.column_stack((p.X - shift, torch.ones(40, dtype=D)))
    R = torch.linalg.cholesky(Z.T @ Z).T
    v = torch.cholesky_solve((Z.T @ p.y).unsqueeze(1), R, upper=True).squeeze(1)
    one = torch.ones(5, dtype=D)
    best = refinement.refined(problem(p.X, p.y, shift, one, True), R, v[:-1], v[-1] - shift @ v[:-1])
    assert best.converged
    truth = exact_fit(p.X, p.y, True)
    assert wrong([best.b.hi.item(), *best.w.hi.tolist()], truth.estimate) <= EPS
    assert abs(Fraction(best.rss) / truth.rss - 1) <= 8 * EPS
    assert best.length == pytest.approx(best.rss**0.5, rel=4 * EPS)


def test_a_triangle_of_another_matrix():
    """Corrections that do not shrink end the refinement."""
    p = built(30, 2)
    one = torch.ones(2, dtype=D)
    R = 0.1 * torch.eye(3, dtype=D)
    best = refinement.refined(problem(p.X, p.y, 0 * one, one, True), R, 0 * one, one[0])
    assert not best.converged
    assert best.steps < 5


@pytest.mark.parametrize(
    ("X", "y", "kind", "words"),
    [
        (torch.ones(3, 3), torch.ones(3), linreg.ShapeError, "`X` must have at least 4 rows for 4 unknowns"),
        (torch.ones(3, 1), torch.ones(4), linreg.ShapeError, r"`y` must have shape \(3,\)"),
        (torch.ones(3, 1), torch.ones(3, dtype=D), linreg.DtypeError, "`y` must have the dtype of `X`"),
        (torch.ones(3, 1), Doubled.of([1, 2, 3]), linreg.DtypeError, "`y` must have the dtype of `X`"),
        (Doubled.of([1, 2, 3]), Doubled.of([1, 2, 3]), linreg.ShapeError, r"`X` must have shape \(n, d\)"),
        (Doubled.of([[1], [2]]), [1, 2], linreg.DtypeError, "`y` must be a torch.Tensor; got list"),
        (tensor(1, math.nan).unsqueeze(1), tensor(1, 2), linreg.DataError, "`X` must be finite"),
        (Doubled(tensor(1, math.inf).unsqueeze(1), tensor(0, 0).unsqueeze(1)), tensor(1, 2),
         linreg.DataError, "`X.hi` must be finite"),
        (tensor(1, 2).unsqueeze(1), Doubled(tensor(1, 2), tensor(0)), linreg.ShapeError, "`y.lo` must have"),
    ],
)  # fmt: skip
def test_bad_arguments(X, y, kind, words):
    with pytest.raises(kind, match=words):
        certified(X, y)


@pytest.mark.parametrize("far", [0.0, 1e3, 1e160])
def test_the_sign_of_the_targets_is_that_of_the_answer(far):
    """Units are taken from sizes: targets that are all below zero are as good as their negatives."""
    p = built(30, 3, 1e6, noise=0.1)
    y = p.y.abs() * (1 + far)
    up, down = certified(p.X, y), certified(p.X, -y)
    assert up.status is down.status is Status.OK
    assert torch.equal(down.w, -up.w)
    assert torch.equal(down.b, -up.b)
    assert torch.equal(down.w_se, up.w_se)
    assert (up.message, up.loss) == (down.message, down.loss)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_features_below_zero_are_as_good_as_their_negatives(size, intercept):
    p = built(30, 3, 1e3, noise=0.1)
    X = p.X.abs() * size
    up, down = check(X, p.y, intercept), check(-X, p.y, intercept)
    assert torch.equal(down.w, -up.w)
    assert torch.equal(down.b, up.b)
    assert down.message == up.message


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("far", [0.0, 1e3, -1e3])
def test_the_farthest_entry_of_each_column_lies_one_to_two_units_from_the_mean(far, sign):
    """On whichever side of the mean it lies."""
    X = sign * torch.randn(50, 20, generator=gen(), dtype=D).exp() * torch.logspace(-3, 9, 20, dtype=D) + far
    c = 0.5 + torch.rand(50, generator=gen(1), dtype=D)
    for weights in (None, c):
        shift, scale = _coordinates(X, weights, True)
        farthest = ((X - shift) / scale).abs().amax(0)
        assert bool(((farthest >= 1) & (farthest < 2)).all())


@pytest.mark.parametrize(("kappa", "steps"), [(1e0, 1), (1e3, 1), (1e6, 2), (1e8, 2), (1e10, 3)])
def test_it_stops_when_another_step_would_change_no_digit(kappa, steps):
    """A step leaves kappa eps of the error before it: none is taken to see that nothing is left to win."""
    for seed in (0, 1, 2):
        p = built(40, 5, kappa, noise=0.1, seed=seed)
        assert certified(p.X, p.y).steps == steps


@pytest.mark.parametrize("largest", [1e170, -1e170])
def test_one_target_far_from_all_others(largest):
    """Its square is beyond float64: the unit is that of the largest, on either side of zero."""
    p = built(30, 3, 1e3, noise=0.1)
    y = p.y.clone()
    y[4], y[5] = largest, 1e-200  # in units of which the largest would be infinite
    check(p.X, y)


@pytest.mark.parametrize("far", [0.0, 100.0])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("kappa", [3.0, 1e3, 1e6, 1e9])
def test_what_is_called_unknown_holds_the_error_and_not_much_more(kappa, noise, intercept, far):
    """Against fractions, from the same triangle as `certified`, with columns and targets in odd units."""
    p = built(40, 3, kappa, noise=noise)
    X, y = (p.X + far) * torch.tensor([1.0, 2.0**20, 2.0**-9], dtype=D), p.y * 2.0**7
    shift = X.mean(0) * intercept
    scale = torch.tensor([1.0, 2.0**20, 2.0**-9], dtype=D)
    Z = (X - shift) / scale
    Z = torch.column_stack((Z, torch.ones(40, dtype=D))) if intercept else Z
    R = torch.linalg.qr(Z, mode="r").R
    v = torch.linalg.lstsq(Z, y).solution
    w = v[:3] / scale
    b = v[3:].sum() - shift @ w
    best = refinement.refined(problem(X, y, shift, scale, intercept), R, w, b, from_gram=False)
    truth = exact_fit(X, y, intercept)
    hi, lo = ([*part.tolist(), float(of_b)] for part, of_b in zip(best.w, best.b, strict=True))
    wrong = [
        abs(Fraction(a) + Fraction(c) - t)
        for a, c, t in zip(hi, lo, truth.estimate[intercept:] + truth.estimate[:intercept], strict=False)
    ]
    shares = [
        # two numbers of 53 bits hold no more
        float(e / (Fraction(u) + abs(Fraction(a)) * Fraction(2) ** -104))
        for e, u, a in zip(wrong, best.unknown.tolist(), hi, strict=False)
    ]
    assert best.converged
    assert max(shares) <= 2  # the rate at which steps shrink is as seen, and the last may miss it
    assert max(shares[:3]) >= 1e-4
    assert best.rss == pytest.approx(float(truth.rss), rel=4 * EPS)
    assert best.length == pytest.approx(math.sqrt(float(truth.rss)), rel=4 * EPS)
    if not intercept:
        assert (float(best.b.hi), float(best.b.lo)) == (0, 0)


def test_the_bounds_of_refinement_on_numbers_small_enough_to_follow():
    """Four rows of a column with shift 3 and scale 1.5; the inverse of the triangle is 1/3 -1/6, 0 1/2."""
    R, root5 = tensor(3, 1, 0, 2).reshape(2, 2), math.sqrt(5)
    X, y = tensor(1, -1, 1, -1).unsqueeze(1), tensor(1, 1, -1, 0)
    p = problem(X, y, tensor(3), tensor(1.5), True)
    solver = refinement._Solver(R, p, False)
    # lengths of the columns of R times those of the rows of its inverse
    assert solver.rate == pytest.approx(16 * 2 * EPS * 2.5**0.5, rel=1e-12, abs=0)
    assert refinement._Solver(R, p, True).rate == pytest.approx(16 * 2 * EPS * 2.5, rel=1e-12, abs=0)
    # rows of the inverse times 6: root(5) in units of the scale, and 3 and what the shift makes of that
    assert solver.spread(6.0).tolist() == pytest.approx([root5 / 1.5, 3 + 3 * root5 / 1.5])
    # 3 + 2 * 2 * 3 / 1.5 is the length of the column before the shift
    amplified = math.hypot(11 / 3, 11 / 6 + root5 / 2)
    size = 11 * 2 * 1.5 + 2 * 2 * (1 + 5)
    floor = solver.spread(2.0**-105 * (size + amplified * 2))
    assert solver.floor(tensor(-2, -5), 4.0).tolist() == pytest.approx(floor.tolist(), rel=1e-12, abs=0)
    # without an intercept there is no shift
    alone = refinement._Solver(R[:1, :1], problem(X, y, tensor(3), tensor(1.5), False), False)
    assert alone.rate == pytest.approx(16 * EPS, rel=1e-12, abs=0)
    assert alone.spread(6.0).tolist() == pytest.approx([2 / 1.5])
    floor = alone.spread(2.0**-105 * (3 * 2 * 1.5 + 2 * 2 + 1 * 2))
    assert alone.floor(tensor(-2), 4.0).tolist() == pytest.approx(floor.tolist(), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("w", "unknown", "status"),
    [
        ([2.0, -1.0], [0.39, 0.05, 0.0], Status.NOT_CONVERGED),  # 0.39 of 4
        ([2.0, -1.0], [0.41, 0.05, 0.0], Status.NO_DIGITS),
        ([2.0, -1.0], [0.05, 0.11, 0.0], Status.NO_DIGITS),  # 0.44 of 4
        ([2.0, -1.0], [0.05, 0.05, 1e9], Status.NOT_CONVERGED),  # b alone has none
        ([1e-30, 1e-30], [1e-3, 1e-3, 0.0], Status.NOT_CONVERGED),  # next to nothing, and known to be
    ],
)
def test_whether_the_largest_weight_has_a_digit(w, unknown, status):
    """In units of the columns, of which the second is four times as long."""
    w, zero, scale = tensor(*w), tensor(0.0)[0], tensor(1.0, 4.0)
    best = refinement.Refined(
        Doubled(w, 0 * w), Doubled(zero + 0.5, zero), 3, False, 1.0, 1.0, tensor(*unknown)
    )
    fit = _fit(5, 5.0, 5.0, best, (w, zero), scale, 10.0)
    assert fit.status is status


@pytest.mark.parametrize(
    ("unknown", "status", "words"),
    [
        (1e-20, Status.OK, "twice the precision (3 steps) to the last digit: "),
        (3e-13, Status.OK, "twice the precision (3 steps) to at least 12 digits: "),  # 1.5e-13 of 2
        (3e-12, Status.NOT_CONVERGED, "ended after 3 steps with about 11 digits: "),
    ],
)
def test_the_message_tells_the_digits_that_were_reached(unknown, status, words):
    w, zero = tensor(2.0), tensor(0.0)[0]
    best = refinement.Refined(Doubled(w, 0 * w), Doubled(w[0], zero), 3, True, 1.0, 1.0, tensor(unknown, 0))
    fit = _fit(5, 5.0, 5.0, best, (w, zero), tensor(1.0), 10.0)
    assert fit.status is status
    assert words in fit.message


@pytest.mark.parametrize(
    ("w", "b", "unknown", "scale", "size", "digits"),
    [
        ([2.0, -1.0], 3.0, [3e-10, 0, 0], [1.0, 4.0], 5.0, 9),  # 1.5e-10
        ([2.0, -1.0], 3.0, [0, 3e-8, 0], [1.0, 4.0], 5.0, 7),
        ([2.0, -1.0], 3.0, [0, 0, -3e-6], [1.0, 4.0], 5.0, 16),
        ([2.0, -1.0], 3.0, [0, 0, 6e-6], [1.0, 4.0], 5.0, 5),
        ([2.0, -1.0], 3.0, [3e-10, 0], [1.0, 4.0], 5.0, 9),  # without an intercept
        ([1e-30, 1.0], 0.5, [1e-12, 0, 0], [8.0, 1.0], 0.1, 11),  # next to nothing: 8e-12 beside 1
        ([1e-30, 1.0], 0.5, [1e-12, 0, 0], [8.0, 1.0], 100.0, 13),  # or beside the largest target
        ([2e-16, 1.0], 0.5, [1e-26, 0, 0], [8.0, 1.0], 0.1, 10),  # 1.6e-15 of the largest is something
        ([2e-17, 1.0], 0.5, [1e-26, 0, 0], [8.0, 1.0], 0.1, 16),
        ([0.0, 0.0], 0.0, [1e-5, 0, 0], [1.0, 1.0], 5.0, 5),
        ([0.0, 0.0], 0.0, [0, 0, 0], [1.0, 1.0], 0.0, 16),
        ([1.0, 1.0], 1.0, [5e-17, 0, 0], [1.0, 1.0], 1.0, 16),
        ([1.0, 1.0], 1.0, [5e-16, 0, 0], [1.0, 1.0], 1.0, 15),
        ([1.0, 1.0], 1.0, [2.0, 0, 0], [1.0, 1.0], 1.0, 0),
        ([1.0, 1.0], 1.0, [math.inf, 0, 0], [1.0, 1.0], 1.0, 0),
    ],
)
def test_digits_that_are_certain_of_every_coefficient(w, b, unknown, scale, size, digits):
    w, b, unknown, scale = (torch.tensor(part, dtype=D) for part in (w, b, unknown, scale))
    best = refinement.Refined(Doubled(w, 0 * w), Doubled(b, 0 * b), 1, True, 1.0, 1.0, unknown)
    kept = unknown.clone()
    assert _digits(best, scale, size) == digits
    assert torch.equal(best.unknown, kept)
