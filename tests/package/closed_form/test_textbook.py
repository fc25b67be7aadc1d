"""The exact solvers on problems whose answer is known, at any condition number, shape, scale and rank."""

import math

import pytest
import torch
from problems import EPS, GENERAL, METHODS, built, dependent, error, gen

import linreg
from linreg import Status
from linreg.closed_form.columns import doubt

SEEDS = (0, 1, 2)
KAPPAS = (1e0, 1e2, 1e4, 1e6, 1e8, 1e10, 1e12)
# X'X of d columns is singular to working precision from about here on, see `_rounding`
NORMAL_LIMIT = (8 * 4 * EPS) ** -0.5


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kappa", KAPPAS)
@pytest.mark.parametrize("method", METHODS)
def test_the_built_answer(method, kappa, intercept, noise, seed):
    p = built(kappa=kappa, noise=noise, intercept=intercept, seed=seed)
    fit = METHODS[method](p.X, p.y, intercept=intercept)
    if method == "cholesky" and kappa > NORMAL_LIMIT / 4:
        assert fit.status is Status.RANK_DEFICIENT
        assert fit.w.isnan().all()
        return
    hopeless = noise * kappa**2 * EPS > 1e-3  # a bound on what rounding does, within 100 of it
    assert fit.status in (Status.OK, Status.NO_DIGITS)[: 1 + hopeless]
    assert fit.rank == 4
    tolerance = p.tolerance_normal if method == "cholesky" else p.tolerance
    assert error(fit, p.w) <= tolerance
    assert abs(float(fit.b) - p.b) <= tolerance * float(p.w.norm() + abs(p.b))
    # Scaling the columns to length 1 is within sqrt(d) of the best scaling (van der Sluis).
    assert fit.condition <= 2 * kappa * (1 + EPS * kappa**2) ** 0.5 + 1e-6
    assert fit.steps is None
    assert fit.path is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kappa", [1e0, 1e1, 1e2])
@pytest.mark.parametrize("seed", SEEDS)
def test_float32(method, kappa, seed):
    p = built(kappa=kappa, noise=0.01, seed=seed, dtype=torch.float32)
    fit = METHODS[method](p.X, p.y)
    assert fit.status is Status.OK
    assert error(fit, p.w) <= (p.tolerance_normal if method == "cholesky" else p.tolerance)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kappa", KAPPAS[:5])
@pytest.mark.parametrize("method", METHODS)
def test_the_gradient_is_zero_and_the_residual_orthogonal(method, kappa, seed):
    p = built(kappa=kappa, noise=0.1, seed=seed)
    fit = METHODS[method](p.X, p.y)
    if fit.status is not Status.OK:
        return  # tested above
    dw, db = linreg.gradient(p.X, p.y, fit.w, fit.b)
    # A backward stable answer leaves X'r of the size of rounding in X and r, whatever the condition
    # number; X'X alone gives kappa times that (its error in w, times X).
    size = float(p.X.norm() * p.y.norm()) / len(p.y)
    factor = kappa if method == "cholesky" else 1
    assert float(dw.norm()) <= 100 * EPS * size * factor
    assert abs(float(db)) <= 100 * EPS * size * factor


@pytest.mark.parametrize("method", METHODS)
def test_the_loss_is_that_of_the_data(method):
    p = built(noise=0.1)
    fit = METHODS[method](p.X, p.y)
    loss = linreg.squared_loss(fit.predict(p.X), p.y)
    torch.testing.assert_close(fit.loss, loss, rtol=1e-12, atol=0)


def test_cholesky_loses_twice_the_digits():
    """The error grows with kappa squared for the normal equation, with kappa for the others."""
    errors = {}
    for method in ("cholesky", "qr", "svd"):
        problems = [built(kappa=1e6, seed=seed) for seed in range(10)]
        errors[method] = sum(math.log10(error(METHODS[method](p.X, p.y), p.w)) for p in problems) / 10
    assert errors["cholesky"] > errors["qr"] + 2
    assert abs(errors["svd"] - errors["qr"]) < 1


@pytest.mark.parametrize("kappa", [1e3, 1e4, 1e5])
def test_refinement_repairs_what_squaring_lost(kappa):
    for seed in SEEDS:
        p = built(kappa=kappa, seed=seed)
        once = linreg.cholesky(p.X, p.y, refine=1)
        assert error(once, p.w) <= p.tolerance
        assert error(once, p.w) < error(linreg.cholesky(p.X, p.y), p.w)


# Rank.


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("n", "d", "rank"), [(60, 5, 3), (60, 5, 1), (6, 5, 4), (5, 9, 4), (3, 40, 2), (2, 3, 1)]
)
@pytest.mark.parametrize("method", GENERAL)
def test_the_shortest_answer(method, n, d, rank, seed):
    p = dependent(n, d, rank, seed=seed)
    fit = METHODS[method](p.X, p.y)
    assert fit.status is Status.RANK_DEFICIENT
    assert fit.rank == rank
    assert fit.condition == math.inf
    assert error(fit, p.w) <= p.tolerance
    assert (
        f"The {d} columns have rank {rank}: of all answers with this loss, this w is the shortest."
        in fit.message
    )
    torch.testing.assert_close(fit.loss, linreg.squared_loss(fit.predict(p.X), p.y), rtol=1e-9, atol=1e-25)


@pytest.mark.parametrize("method", ["cholesky", "qr"])
def test_no_answer_for_dependent_columns(method):
    p = dependent()
    fit = METHODS[method](p.X, p.y)
    assert fit.status is Status.RANK_DEFICIENT
    assert fit.rank == 3
    assert fit.w.isnan().all()
    assert fit.b.isnan()
    assert fit.loss.isnan()
    assert fit.message.endswith("Use `svd` or `solve` for the minimum-norm answer.")
    assert fit.predict(p.X).isnan().all()


def collinear(kind: str, n: int, dtype: torch.dtype, seed: int = 0) -> torch.Tensor:
    z = torch.randn(n, 2, generator=gen(seed), dtype=dtype)
    a, b = z.T
    third = {
        "copy": lambda: a,
        "multiple": lambda: -3 * a,
        "sum": lambda: a + b,
        "affine": lambda: 0.3 * a - 7 * b + 5,
        "constant": lambda: torch.full_like(a, 0.1),
        "large constant": lambda: torch.full_like(a, 1e8 + 1),
        "zero": lambda: torch.zeros_like(a),
        "far from zero": lambda: (a + 1000) + (b + 2000),
    }[kind]()
    if kind == "far from zero":
        a, b = a + 1000, b + 2000
    return torch.stack((a, b, third), 1)


KINDS = ("copy", "multiple", "sum", "affine", "constant", "large constant", "zero", "far from zero")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [10, 1000, 200_000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("method", METHODS)
def test_dependent_columns_are_seen_at_any_n(method, dtype, n, kind):
    X = collinear(kind, n, dtype)
    fit = METHODS[method](X, X[:, 0] + 1)
    assert fit.status is Status.RANK_DEFICIENT
    assert fit.rank == 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("method", METHODS)
def test_dependent_columns_of_a_million_rows(method, dtype):
    for kind in ("copy", "sum"):
        X = collinear(kind, 1_000_000, dtype)
        assert METHODS[method](X, X[:, 0]).rank == 2


@pytest.mark.parametrize("method", METHODS)
def test_a_million_float32_rows_of_full_rank(method):
    """`torch.linalg.lstsq` calls this rank 2 of 3 and returns [2, 2, 2]."""
    w = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    X, _ = linreg.simulate(1_000_000, condition=40.0, w=w, generator=gen(1))
    X = X.float()
    y = (X.double() @ w + 2).float()
    fit = METHODS[method](X, y)
    assert fit.status is Status.OK
    # kappa^2 eps for the normal equation, kappa eps for the others: sums by blocks add no more to it.
    # In one piece the normal equation is off by 0.26 here, and QR by 7e-6.
    eps = torch.finfo(torch.float32).eps
    assert error(fit, w) <= eps * (1600 if method == "cholesky" else 40)


def test_full_rank_is_not_called_deficient():
    """The customary cut-off eps * max(n, d) would do that here, from a condition number of 40 on."""
    p = built(n=200_000, d=3, kappa=1e4, dtype=torch.float32)
    assert linreg.qr(p.X, p.y).rank == linreg.svd(p.X, p.y).rank == 3


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("offset", [1e2, 1e4, 1e6, 1e8])
def test_columns_far_from_zero(method, offset):
    p = built(noise=0.1, seed=3)
    X = p.X + offset
    y = (X - offset) @ p.w + p.b + (p.y - p.X @ p.w - p.b)  # the shift as it was rounded
    fit = METHODS[method](X, y)
    assert fit.status is Status.OK
    # The entries are known to eps times the offset.
    assert error(fit, p.w) <= 100 * EPS * offset
    assert abs(float(fit.b - (p.b - offset * p.w.sum()))) <= 1000 * EPS * offset**2


def test_a_column_that_varies_by_rounding_is_constant():
    X, y = linreg.simulate(100, generator=gen())
    wobble = 1e8 * (1 + EPS * torch.randint(-1, 2, (100,), generator=gen()).double())
    for method in GENERAL:
        fit = METHODS[method](torch.column_stack((X, wobble)), y)
        assert fit.rank == 2
        torch.testing.assert_close(fit.w[:2], linreg.solve(X, y).w, rtol=1e-12, atol=0)
        assert abs(float(fit.w[2])) < 1e-16
    # and one that varies by a million times more is not
    genuine = 1e8 + 0.01 * torch.randn(100, generator=gen(1), dtype=torch.float64)
    assert linreg.solve(torch.column_stack((X, genuine)), y).rank == 3


def test_year_and_constant_in_float32():
    """With the default cut-off of `torch.linalg.lstsq` the slope comes back as 0.0013."""
    year = torch.arange(1800.0, 2020.0)
    for method in METHODS.values():
        fit = method(year.unsqueeze(1), 0.5 * year - 900)
        assert fit.status is Status.OK
        assert abs(float(fit.w) - 0.5) < 1e-5


def test_lstsq_trap_of_dependent_columns():
    x = torch.tensor([0.0, 1.0, 2.0, 3.0], dtype=torch.float64)
    fit = linreg.solve(torch.stack((x, x), 1), 3 * x + 1)
    torch.testing.assert_close(fit.w, torch.tensor([1.5, 1.5], dtype=torch.float64), rtol=1e-14, atol=0)
    assert abs(float(fit.b) - 1) < 1e-14


def test_rcond():
    p = built(d=3, kappa=1e3)
    assert linreg.svd(p.X, p.y).rank == 3
    assert linreg.svd(p.X, p.y, rcond=0.0).rank == 3
    cut = linreg.svd(p.X, p.y, rcond=0.01)
    assert cut.rank == 2
    assert cut.status is Status.RANK_DEFICIENT
    nothing = linreg.svd(p.X, p.y, rcond=1.0)
    assert nothing.rank == 0
    assert (nothing.w == 0).all()
    torch.testing.assert_close(nothing.b, p.y.mean())


def test_nothing_but_zeros():
    X, y = torch.zeros(5, 2), torch.arange(5.0)
    for method in GENERAL:
        for intercept in (True, False):
            fit = METHODS[method](X, y, intercept=intercept)
            assert fit.rank == 0
            assert fit.w.tolist() == [0, 0]
            assert float(fit.b) == (2.0 if intercept else 0.0)


# Scale.


@pytest.mark.parametrize("scale", [1e-150, 1e-12, 1e12, 1e150])
@pytest.mark.parametrize("method", METHODS)
def test_scales(method, scale):
    p = built(noise=0.1)
    fit = METHODS[method](p.X * scale, p.y)
    torch.testing.assert_close(fit.w * scale, p.w, rtol=1e-12, atol=0)
    fit = METHODS[method](p.X, p.y * scale)
    torch.testing.assert_close(fit.w / scale, p.w, rtol=1e-12, atol=0)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
@pytest.mark.parametrize("method", METHODS)
def test_scales_whose_squares_are_out_of_range(method, scale):
    p = built(noise=0.1)
    fit = METHODS[method](p.X * scale, p.y)
    assert fit.status is Status.OK
    torch.testing.assert_close(fit.w * scale, p.w, rtol=1e-12, atol=0)


@pytest.mark.parametrize("method", METHODS)
def test_scaled_columns(method):
    """The units of a column change its weight and nothing else; not even the reported condition number."""
    p = built(kappa=1e3, noise=0.1)
    units = torch.tensor([1.0, 1e-7, 1e9, 1e100], dtype=torch.float64)
    plain, scaled = METHODS[method](p.X, p.y), METHODS[method](p.X * units, p.y)
    torch.testing.assert_close(scaled.w * units, plain.w, rtol=p.tolerance_normal, atol=0)
    assert scaled.condition == pytest.approx(plain.condition, rel=1e-6)


def test_the_trap_of_scikit_learns_tolerance():
    X = torch.randn(50, 2, generator=gen(), dtype=torch.float64) * torch.tensor(
        [1.0, 1e-7], dtype=torch.float64
    )
    w = torch.tensor([1.0, 1e7], dtype=torch.float64)
    assert error(linreg.solve(X, X @ w), w) < 1e-14


# Symmetries of the problem.


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("method", METHODS)
def test_symmetries(method, seed):
    solver = METHODS[method]
    p = built(noise=0.3, kappa=10, seed=seed)
    plain = solver(p.X, p.y)
    order = torch.randperm(len(p.y), generator=gen(seed))
    columns = torch.tensor([2, 0, 3, 1])
    close = {"rtol": 1e-12, "atol": 1e-12}
    torch.testing.assert_close(solver(p.X[order], p.y[order]).w, plain.w, **close)
    torch.testing.assert_close(solver(p.X[:, columns], p.y).w, plain.w[columns], **close)
    twice = solver(torch.cat((p.X, p.X)), torch.cat((p.y, p.y)))
    torch.testing.assert_close(twice.w, plain.w, **close)
    torch.testing.assert_close(twice.loss, plain.loss, **close)
    shifted = solver(p.X, p.y + 10)
    torch.testing.assert_close(shifted.w, plain.w, **close)
    torch.testing.assert_close(shifted.b, plain.b + 10, **close)
    moved = solver(p.X + 3, p.y)
    torch.testing.assert_close(moved.w, plain.w, **close)
    torch.testing.assert_close(moved.b, plain.b - 3 * plain.w.sum(), **close)
    added = solver(p.X, p.y + p.X @ torch.ones(4, dtype=torch.float64))
    torch.testing.assert_close(added.w, plain.w + 1, **close)


# What `solve` chooses and says.


@pytest.mark.parametrize(
    ("kappa", "method", "words"),
    [
        (
            10.0,
            "cholesky",
            "Cholesky, refined in doubled precision in 1 step: the condition number is 3.43 and",
        ),
        (1e3, "cholesky", "Cholesky, refined in doubled precision in 1 step: the condition number is 272."),
        (1e6, "qr", "QR, refined in doubled precision in 1 step: the condition number is 2.94e+05"),
        (1e9, "qr", "e+08, too large for Cholesky."),
    ],
)
def test_solve_chooses(kappa, method, words):
    p = built(kappa=kappa)
    fit = linreg.solve(p.X, p.y)
    assert fit.method == method
    assert words in fit.message


def test_solve_chooses_svd():
    p = dependent()
    assert linreg.solve(p.X, p.y).message.startswith("SVD. The 5 columns have rank 3")
    wide = dependent(4, 9, 3)
    assert linreg.solve(wide.X, wide.y).message.startswith(
        "SVD, fewer rows than unknowns. The 9 columns have rank 3"
    )
    assert linreg.solve(p.X, p.y).method == "svd"


def test_solve_is_right_for_the_float32_data_it_was_given():
    """Its sums run in float64, so the answer is that of the rounded data to the last float32 digit."""
    p = built(kappa=1e3, noise=0.1, dtype=torch.float32)
    best = linreg.qr(p.X.double(), p.y.double())
    fit = linreg.solve(p.X, p.y)
    torch.testing.assert_close(fit.w, best.w.float(), rtol=2e-7, atol=0)


def test_float32_data_are_judged_at_float32_precision():
    z = torch.randn(100, 2, generator=gen())
    X = torch.column_stack((z, z[:, 0] + z[:, 1]))  # rounded sums: of full rank to float64
    assert linreg.solve(X, z[:, 0]).rank == 2
    assert linreg.solve(X.double(), z[:, 0].double()).rank == 3


# The result.


def test_repr_of_a_fit():
    X = torch.eye(12, dtype=torch.float64)
    fit = linreg.solve(X, torch.arange(12, dtype=torch.float64), intercept=False)
    assert repr(fit) == "Fit(w=[0, 1, 2, 3, 4, 5, 6, 7, ...], b=0, status='ok', method='cholesky')"


def test_fits_are_compared_by_identity():
    p = built()
    fit = linreg.solve(p.X, p.y)
    assert fit == fit
    assert fit != linreg.solve(p.X, p.y)
    assert len({fit, fit}) == 1


def test_status_is_text():
    assert Status("ok") is Status.OK == "ok"
    assert [str(s) for s in Status] == [
        "ok",
        "rank deficient",
        "not converged",
        "diverged",
        "no digits",
        "out of range",
        "no noise",
        "separated",
    ]


def test_predict_of_a_fit():
    p = built()
    fit = linreg.solve(p.X, p.y)
    torch.testing.assert_close(fit.predict(p.X[:1]), p.y[:1])
    with pytest.raises(
        linreg.ShapeError, match=r"`w` must have shape \(3,\) to go with `X` of shape \(60, 3\)"
    ):
        fit.predict(p.X[:, :3])


def test_one_solve_of_the_simulated_data():
    """Worst parameter error 0.0036, the median of 200 seeds, after a single solve."""
    worst = []
    for seed in range(200):
        X, y = linreg.simulate(generator=gen(seed))
        fit = linreg.solve(X, y)
        found = torch.cat((fit.w - torch.tensor([-1.0, 1.0], dtype=torch.float64), fit.b[None] - 2))
        worst.append(float(found.abs().max()))
    assert torch.tensor(worst).median() == pytest.approx(0.0036, abs=0.0005)


def test_the_column_known_least_decides_how_far_to_doubt():
    """Rows are off by what rounds the worst of the columns, over the smallest singular value."""
    s = torch.tensor([2.0, 0.5], dtype=torch.float64)
    noise = torch.tensor([1e-16, 1e-8, 1e-12], dtype=torch.float64)
    assert doubt(s, noise, 1e-9) == pytest.approx(2 * 1.1e-8, rel=1e-12)
    assert doubt(s[:0], noise, 1e-9) == 0
