"""Conjugate gradients: the exact answer from products alone, in any units, and a status that is true."""

import pytest
import torch
from problems import built, dependent, gen

import linreg
from linreg import Status
from linreg.descent import krylov as module
from linreg.descent.bowl import from_rows

F64 = torch.float64
EPS = torch.finfo(F64).eps


def ordinary(seed: int, **settings: object) -> tuple[torch.Tensor, torch.Tensor]:
    settings = {"correlation": 0.5, "noise": 0.3} | settings
    return linreg.simulate(300, [1.0 + 0.1 * j for j in range(20)], generator=gen(seed), **settings)


def left(fit: linreg.Fit, X: torch.Tensor, y: torch.Tensor, intercept: bool = True) -> float:
    """Excess loss as a share of what there was to gain, in units of eps of the dtype."""
    bowl = from_rows(X, y, intercept)
    return bowl.excess(fit.w, fit.b) / bowl.gain / torch.finfo(X.dtype).eps


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_the_answer_of_ordinary_data(dtype, seed, intercept):
    X, y = (t.to(dtype) for t in ordinary(seed))
    fit = linreg.conjugate_gradients(X, y, intercept=intercept)
    best = linreg.solve(X, y, intercept=intercept)
    assert (fit.status, fit.method) == (Status.OK, "conjugate_gradients")
    assert fit.message.startswith(f"Conjugate gradients, {fit.steps} steps: ")
    assert fit.steps < 60
    # the loss is settled to 1e-19 of its gain, the weights to the root of that, times kappa
    torch.testing.assert_close(fit.w, best.w, rtol=1e-8 if dtype == F64 else 2e-6, atol=1e-8)
    torch.testing.assert_close(fit.b, best.b, rtol=1e-8 if dtype == F64 else 2e-6, atol=1e-8)
    exact = linreg.squared_loss(linreg.predict(X.double(), fit.w.double(), fit.b.double()), y.double())
    assert float(fit.loss) == pytest.approx(float(exact), rel=1e-13 if dtype == F64 else 1e-6)
    assert fit.w.dtype == fit.b.dtype == fit.loss.dtype == dtype


@pytest.mark.parametrize("kappa", [1.0, 30.0, 1e3, 1e5])
@pytest.mark.parametrize("seed", [0, 1])
def test_built_answers(seed, kappa):
    p = built(200, 12, kappa, noise=0.1, seed=seed)
    fit = linreg.conjugate_gradients(p.X, p.y)
    assert fit.status is Status.OK
    assert left(fit, p.X, p.y) < 1e-2


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("d", [5, 20, 60])
@pytest.mark.parametrize("kappa", [1e2, 1e4, 1e6, 1e8])
def test_ok_means_that_it_is_the_minimum(kappa, d, seed, dtype):
    """Of columns nearly alike, whose last steps gain little for long."""
    if dtype == torch.float32 and kappa > 1e6:
        pytest.skip("float32 does not tell such columns apart")
    X, y = linreg.simulate(300, [1.0] * d, condition=kappa, noise=0.1, generator=gen(seed))
    X, y = X.to(dtype), y.to(dtype)
    fit = linreg.conjugate_gradients(X, y, steps=2000)
    if fit.status is Status.OK:
        # weights of float32 are the right ones, rounded: each prediction by eps times their size
        rounded = (X.double().abs() @ fit.w.double().abs()).square().mean() * torch.finfo(dtype).eps ** 2
        allowed = 1 + float(rounded) / from_rows(X, y, True).gain / torch.finfo(dtype).eps
        assert left(fit, X, y) < (1 if dtype == F64 else allowed)
    else:
        assert fit.status is Status.NOT_CONVERGED
        assert fit.steps == 2000
        assert "Give it more steps, or drop columns that others nearly determine." in fit.message


def test_some_are_found_and_some_are_not():
    """So that the test above has both cases."""
    for kappa, status in ((1e4, Status.OK), (1e8, Status.NOT_CONVERGED)):
        X, y = linreg.simulate(300, [1.0] * 60, condition=kappa, noise=0.1, generator=gen())
        fit = linreg.conjugate_gradients(X, y, steps=4000, tol=1e-19)
        assert fit.status is status


@pytest.mark.parametrize("unit", [1e-100, 1e-9, 1e9, 1e100])
def test_units_change_nothing(unit):
    X, y = ordinary(1)
    plain = linreg.conjugate_gradients(X, y)
    scaled = linreg.conjugate_gradients(X * unit, y)
    torch.testing.assert_close(scaled.w * unit, plain.w, rtol=1e-7, atol=0)
    # powers of two round nothing
    mixed = linreg.conjugate_gradients(X * 2.0 ** torch.arange(-30, 30, 3, dtype=F64), y)
    assert mixed.steps == plain.steps
    assert linreg.conjugate_gradients(X, y * 1024).steps == plain.steps


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("spread", [0.0, 1e-16, 1e-13, 1e-12, 1e-11, 1e-9, 1e-7, 1e-5, 1e-3])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_columns_that_hardly_vary(dtype, spread, weighted):
    """Once slopes are rounding, of which such columns have much, each further step would be longer."""
    for n, d in ((60, 2), (300, 20), (20_000, 3)):
        g = gen()
        X = torch.randn(n, d, generator=g, dtype=F64)
        y = (X.sum(1) + torch.randn(n, generator=g, dtype=F64)).to(dtype)
        flat = 7 * (1 + spread * torch.randn(n, generator=g, dtype=F64))
        c = torch.rand(n, generator=g, dtype=F64).to(dtype) if weighted else None
        A = torch.column_stack((X, flat)).to(dtype)
        fit = linreg.conjugate_gradients(A, y, weights=c)
        exact = linreg.solve(A, y, weights=c, dtype=F64)
        assert fit.status == Status.OK
        constant = spread <= (1e-11 if dtype == F64 else 1e-9)
        assert ("Constant columns, to 1e-10 of their size: 1," in fit.message) == constant
        best = exact if not constant else linreg.solve(A[:, :-1], y, weights=c, dtype=F64)
        assert float(fit.loss) < float(best.loss) * (1 + max(1e-9, 10 * torch.finfo(dtype).eps))
        assert fit.steps < 60


def test_a_column_that_varies_in_rows_of_weight_zero_alone_is_constant():
    X, y = ordinary(0)
    X[:, 3] = 0.1
    c = torch.ones(300, dtype=F64)
    c[::5] = 0
    counting = linreg.conjugate_gradients(X[c > 0], y[c > 0])
    X[::5, 3] = 7
    fit = linreg.conjugate_gradients(X, y, weights=c)
    assert fit.w[3] == counting.w[3] == 0
    assert "Constant columns, to 1e-10 of their size: 1, with weights of 0." in fit.message
    torch.testing.assert_close(fit.w, counting.w, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("counting", "few"), [(20, True), (21, False)])
def test_rows_of_weight_zero_are_none_of_those_that_tell_the_unknowns(counting, few):
    """Twenty weights and the intercept."""
    X, y = ordinary(0)
    fit = linreg.conjugate_gradients(X, y, weights=(torch.arange(300) < counting).double())
    assert ("There are fewer rows than unknowns" in fit.message) == few


def test_distant_columns():
    X, y = ordinary(0)
    fit = linreg.conjugate_gradients(X + 1e6, y)
    assert fit.status is Status.OK
    assert left(fit, X + 1e6, y) < 1


def test_steps_are_those_of_the_exact_method():
    """As many as there are different singular values: here three, and rounding has no time to tell."""
    g = gen(4)
    Q = torch.linalg.qr(torch.randn(100, 10, generator=g, dtype=F64)).Q
    V = torch.linalg.qr(torch.randn(9, 9, generator=g, dtype=F64)).Q
    s = torch.tensor([1.0] * 3 + [2.0] * 3 + [3.0] * 3, dtype=F64)
    X = Q[:, :9] * s @ V.T
    X = X / torch.linalg.vector_norm(X, dim=0)  # as it is seen: other singular values, at most nine
    y = X @ torch.ones(9, dtype=F64) + Q[:, 9]
    losses = linreg.conjugate_gradients(X, y, intercept=False, record=True).path.loss
    assert float(losses[9]) == pytest.approx(float(linreg.solve(X, y, intercept=False).loss), rel=1e-12)
    assert float(losses[2]) > 1.0001 * float(losses[9])


def test_each_point_is_the_best_of_its_krylov_space():
    """The definition: after k steps, the least loss over all combinations of A'y, (A'A)A'y, ..."""
    X, y = ordinary(2)
    path = linreg.conjugate_gradients(X, y, record=True).path
    A = X - X.mean(0)
    scale = torch.linalg.vector_norm(A, dim=0)
    A, r = A / scale, y - y.mean()
    basis = [A.T @ r]
    for k in range(1, 7):
        K = torch.linalg.qr(torch.stack(basis, 1)).Q
        v = K @ torch.linalg.lstsq(A @ K, r.unsqueeze(1)).solution[:, 0]
        torch.testing.assert_close(path.w[k], v / scale, rtol=1e-6, atol=1e-9)
        basis.append(A.T @ (A @ (basis[-1] / basis[-1].norm())))


def test_the_path():
    X, y = ordinary(0)
    quiet, fit = (linreg.conjugate_gradients(X, y, record=record) for record in (False, True))
    assert quiet.path is None
    assert torch.equal(quiet.w, fit.w)
    path = fit.path
    assert path.w.shape == (fit.steps + 1, 20)
    assert path.b.shape == path.loss.shape == (fit.steps + 1,)
    assert not path.w[0].any()
    assert float(path.b[0]) == pytest.approx(float(y.mean()), rel=1e-14)
    assert torch.equal(path.w[-1], fit.w)
    for w, b, loss in zip(path.w, path.b, path.loss, strict=True):
        here = linreg.squared_loss(linreg.predict(X, w, b), y)
        torch.testing.assert_close(loss, here, rtol=1e-12, atol=0)
    assert (path.loss[1:] <= path.loss[:-1]).all()


def test_too_few_steps():
    X, y = ordinary(0)
    fit = linreg.conjugate_gradients(X, y, steps=12, record=True)
    assert (fit.status, fit.steps) == (Status.NOT_CONVERGED, 12)
    lost = float((fit.path.loss[2] - fit.path.loss[12]) / (fit.path.loss[0] - fit.path.loss[12]))
    assert f"After 12 steps the last 10 of them still gained {lost:.2g} of all that was" in fit.message
    one = linreg.conjugate_gradients(X, y, steps=1)
    assert one.steps == 1
    assert one.message.startswith("After 1 step the last 1 of them still gained 1 of all")
    assert linreg.conjugate_gradients(X, y, steps=100).status is Status.OK


def test_tol():
    X, y = ordinary(0, correlation=0.9)
    fits = [linreg.conjugate_gradients(X, y, tol=tol) for tol in (1e-2, 1e-6, 1e-12)]
    assert [fit.status for fit in fits] == [Status.OK] * 3
    assert fits[0].steps < fits[1].steps < fits[2].steps
    never = linreg.conjugate_gradients(X, y, tol=0, steps=300)
    assert never.steps == 300 or never.status is Status.OK


def test_dependent_columns_and_few_rows():
    p = dependent(60, 8, 4)
    fit = linreg.conjugate_gradients(p.X, p.y)
    assert fit.status is Status.OK
    assert "fewer rows" not in fit.message
    torch.testing.assert_close(fit.predict(p.X), linreg.solve(p.X, p.y).predict(p.X), rtol=1e-7, atol=1e-7)
    X, y = ordinary(0)
    few = linreg.conjugate_gradients(X[:20], y[:20])
    assert few.status is Status.OK
    assert "There are fewer rows than unknowns: other weights have the same loss." in few.message
    torch.testing.assert_close(few.predict(X[:20]), y[:20], rtol=1e-7, atol=1e-7)
    # the shortest in columns of length 1
    A = X[:20] - X[:20].mean(0)
    scale = torch.linalg.vector_norm(A, dim=0)
    v = torch.linalg.pinv(A / scale) @ (y[:20] - y[:20].mean())
    torch.testing.assert_close(few.w * scale, v, rtol=1e-6, atol=1e-7)
    assert "fewer rows" not in linreg.conjugate_gradients(X[:21], y[:21]).message
    assert "fewer rows" not in linreg.conjugate_gradients(X[:20], y[:20], intercept=False).message


def test_nothing_to_gain():
    X, y = ordinary(0)
    for target in (0 * y, 0 * y + 3):
        fit = linreg.conjugate_gradients(X, target)
        assert fit.status is Status.OK
        assert float(fit.w.abs().max()) < 1e-14
        assert float(fit.b) == pytest.approx(float(target[0]), abs=1e-14)
    empty = linreg.conjugate_gradients(0 * X, y)
    assert (empty.status, empty.steps) == (Status.OK, 0)
    assert float(empty.b) == pytest.approx(float(y.mean()))
    assert empty.message.startswith("Conjugate gradients, 0 steps")


@pytest.mark.parametrize("size", [1e-150, 1e150])
def test_squares_out_of_range(size):
    X, y = ordinary(0)
    words = r"must have squares within the range of float64; its largest entry is .*power of two first"
    for name, data in (("X", (X * size, y)), ("y", (X, y * size))):
        with pytest.raises(linreg.DataError, match=f"`{name}` {words}"):
            linreg.conjugate_gradients(*data)
        scaled = [t * 2.0 ** -round(torch.tensor(size, dtype=F64).log2().item()) for t in data]
        one = linreg.conjugate_gradients(scaled[0] if name == "X" else X, scaled[1] if name == "y" else y)
        assert one.status is Status.OK


@pytest.mark.parametrize(
    ("name", "largest", "length", "held"),
    [
        ("X", 1.5e-140, None, True), ("X", 0.6e-140, None, False), ("X", None, 0.6e140, True),
        ("X", None, 1.5e140, False), ("y", None, 0.6e140, True), ("y", None, 1.5e140, False),
    ],
)  # fmt: skip
def test_where_the_range_of_squares_ends(name, largest, length, held):
    X, y = ordinary(0)
    X, y = X[:, :1], y - y.mean()
    data = {"X": X - X.mean(), "y": y}
    size = float(data[name].abs().max() if largest else torch.linalg.vector_norm(data[name]))
    data[name] = data[name] / size * (largest or length)
    if held:
        assert linreg.conjugate_gradients(**data).status is Status.OK
    else:
        with pytest.raises(linreg.DataError, match=f"`{name}` must have squares"):
            linreg.conjugate_gradients(**data)


def test_a_walk_begins_anew_until_that_gains_nothing(monkeypatch):
    """Where rounding has parted the running residual from the true one, another run mends the answer."""
    X, y = linreg.simulate(300, [1.0] * 20, condition=1e6, noise=0.1, generator=gen())
    begun = []
    walk = module.Centred.walk
    monkeypatch.setattr(module.Centred, "walk", lambda rows, v: begun.append(v) or walk(rows, v))
    fit = linreg.conjugate_gradients(X, y)
    assert fit.status is Status.OK
    assert len(begun) >= 2
    assert not begun[0].any()
    assert all(bool(v.any()) for v in begun[1:])


def test_many_columns_take_no_square_matrix():
    """It would have 3 GB."""
    X = torch.randn(30, 20_000, generator=gen(), dtype=F64)
    y = X[:, 0] + 1
    fit = linreg.conjugate_gradients(X, y)
    assert fit.status is Status.OK
    assert float(linreg.squared_loss(fit.predict(X), y)) < 1e-20


@pytest.mark.parametrize("steps", [0, -1, 2.0])
def test_steps_are_counted_from_one(steps):
    X, y = ordinary(0)
    with pytest.raises(linreg.LinregError, match="`steps` must be"):
        linreg.conjugate_gradients(X, y, steps=steps)


@pytest.mark.parametrize("unit", [2.0**-100, 2.0**100])
def test_the_unit_of_targets_changes_no_step(unit):
    X, y = ordinary(0, correlation=0.999)
    fit, other = (linreg.conjugate_gradients(X, t) for t in (y, unit * y))
    assert fit.steps == other.steps > 20
    assert torch.equal(unit * fit.w, other.w)
