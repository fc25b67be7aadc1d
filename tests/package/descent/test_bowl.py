"""The excess loss is what it is called: against exact arithmetic, whatever the units and the condition."""

from fractions import Fraction

import pytest
import torch
from problems import EPS, built, dependent, exact_fit, gen

import linreg
from linreg.descent.bowl import bowl_of, from_rows

F64 = torch.float64
WAYS = {"sums or rows": bowl_of, "rows": from_rows}


def exact_loss(X, y, w, b) -> Fraction:
    """Half-mean loss of parameters in rational arithmetic."""
    rows, target = [[Fraction(v) for v in row] for row in X.tolist()], [Fraction(v) for v in y.tolist()]
    weights, b = [Fraction(v) for v in w.tolist()], Fraction(float(b))
    left = [
        sum(a * v for a, v in zip(row, weights, strict=True)) + b - t
        for row, t in zip(rows, target, strict=True)
    ]
    return sum((r * r for r in left), Fraction(0)) / (2 * len(target))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kappa", [1.0, 1e2, 1e5])
@pytest.mark.parametrize("units", [[1, 1, 1], [2**40, 1, 2**-30]])
def test_the_excess_against_exact_arithmetic(units, kappa, intercept, way):
    p = built(n=20, d=3, kappa=kappa, noise=0.5, intercept=intercept)
    scale = torch.tensor(units, dtype=F64)
    X = p.X * scale
    bowl = WAYS[way](X, p.y, intercept)
    floor = exact_fit(X, p.y, intercept).rss / (2 * len(p.y))
    assert bowl.floor == pytest.approx(float(floor), rel=1e-12)
    best = linreg.solve(X, p.y, intercept=intercept)
    zero = torch.zeros((), dtype=F64)
    for distance in (1.0, 1e-3, 1e-6):
        w = best.w + distance * torch.randn(3, generator=gen(1), dtype=F64) / scale
        b = best.b + distance if intercept else zero
        exact = float(exact_loss(X, p.y, w, b) - floor)
        # w itself is rounded to eps, which is eps / distance of its error, and that counts twice
        assert bowl.excess(w, b) == pytest.approx(exact, rel=1e-9)
    mean = p.y.mean() if intercept else zero
    at_zero = float(exact_loss(X, p.y, torch.zeros(3, dtype=F64), zero) - floor)
    assert bowl.height == pytest.approx(at_zero, rel=1e-10)
    gain = float(exact_loss(X, p.y, torch.zeros(3, dtype=F64), mean) - floor)
    assert bowl.gain == pytest.approx(gain, rel=1e-10)
    assert bowl.worth(best.w, best.b, F64) == bowl.gain


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_hessian(seed, intercept):
    X, y = linreg.simulate(200, [1.0] * 20, correlation=0.7, generator=gen(seed))
    X = X * torch.logspace(-3, 3, 20, dtype=F64) + 5.0
    for way in WAYS.values():
        R = way(X, y, intercept).R
        H = linreg.hessian(X, intercept=intercept)
        lengths = H.diagonal().sqrt()
        torch.testing.assert_close(
            R.T @ R / lengths / lengths[:, None], H / lengths / lengths[:, None], rtol=0, atol=1e-13
        )


@pytest.mark.parametrize(("n", "d", "rank"), [(60, 5, 3), (4, 9, 3)])
def test_dependent_columns(n, d, rank):
    """Every minimiser is the bottom, also one far along the directions that change nothing."""
    p = dependent(n, d, rank)
    bowl = bowl_of(p.X, p.y, True)
    fit = linreg.solve(p.X, p.y)
    assert bowl.excess(fit.w, fit.b) <= 1e-25 * bowl.gain
    w = fit.w + torch.linalg.svd(p.X - p.X.mean(0)).Vh[-1]
    b = p.y.mean() - p.X.mean(0) @ w
    assert bowl.excess(w, b) <= 1e-25 * bowl.gain
    away = float(linreg.squared_loss(linreg.predict(p.X, 2 * w, b), p.y) - fit.loss)
    assert bowl.excess(2 * w, b) == pytest.approx(away, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-170, 1e-150, 1.0, 1e150, 1e160])
def test_columns_at_the_ends_of_the_range(scale):
    X = torch.randn(50, 2, generator=gen(), dtype=F64)
    y = X @ torch.tensor([1.0, 2.0], dtype=F64) + 3
    X[:, 1] *= scale
    bowl = bowl_of(X, y, True)
    here = torch.tensor([1.0, 0.0], dtype=F64)
    expected = float((2 * X[:, 1] / scale).var(correction=0) / 2)
    b = 3 + (2 * X[:, 1] / scale).mean()
    assert bowl.excess(here, b) == pytest.approx(expected, rel=1e-9)
    assert bowl.floor == 0 or bowl.floor < 1e-30


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_what_there_was_to_gain_where_there_is_nothing(dtype):
    """A constant target: the mean has the smallest loss already, so that the way to it counts."""
    X = torch.randn(50, 2, generator=gen(), dtype=dtype)
    y = torch.full((50,), 7.0, dtype=dtype)
    zero = torch.zeros(2, dtype=dtype), torch.zeros((), dtype=dtype)
    bowl = bowl_of(X, y, True)
    assert bowl.worth(*zero, dtype) == pytest.approx(24.5, rel=1e-6)
    far = bowl.worth(zero[0], zero[1] + 107, dtype)
    assert far == pytest.approx(5000, rel=1e-6)
    none = bowl_of(X, torch.zeros_like(y), False)
    assert none.worth(*zero, dtype) == 0
    # spread of eps times the size counts, and a little less does not
    for share, counts in ((4.0, True), (0.1, False)):
        y = 7 + share * 7 * torch.finfo(dtype).eps * X[:, 0].double()
        gain = bowl_of(X.double(), y, True)
        assert (gain.worth(zero[0].double(), zero[1].double(), dtype) == gain.gain) is counts


def test_the_sums_are_used_where_they_suffice():
    X, y = linreg.simulate(100, generator=gen())
    sums = linreg.Statistics.of(X, y)
    R = bowl_of(X, y, True, sums).R
    assert torch.equal(R, bowl_of(X, y, True).R)
    assert R[1, 0] == 0
    # from other sums another bowl: they are not added up again
    assert not torch.equal(R, bowl_of(X, y, True, linreg.Statistics.of(2 * X, y)).R)
    assert float((R[0] - torch.cat((torch.ones(1, dtype=F64), X.mean(0)))).abs().max()) < 4 * EPS


@pytest.mark.parametrize("columns", [0, 2048])
@pytest.mark.parametrize("size", [1e-141, 1e-170, 5e-324])
def test_losses_that_underflow_are_refused(size, columns, monkeypatch):
    """All would be zero, the start as good as the bottom. What the message advises works."""
    monkeypatch.setattr("linreg.descent.bowl.COLUMNS", columns)
    X, y = linreg.simulate(100, generator=gen())
    tiny = y / y.abs().max() * size
    g = gen()
    for call in (
        lambda: linreg.gradient_descent(X, tiny, lr=0.5, steps=3),
        lambda: linreg.sgd(X, tiny, lr=0.1, epochs=1, batch_size=9, generator=g),
        lambda: linreg.predict_steps(X, tiny, lr=0.5),
        lambda: linreg.predict_loss(X, tiny, lr=0.5, steps=3),
    ):
        with pytest.raises(linreg.DataError, match=r"`y` must have squares within .* Multiply it by a power"):
            call()
    assert linreg.gradient_descent(X, torch.ldexp(tiny, torch.tensor(700)), lr=0.5, steps=90).status == "ok"
    assert linreg.gradient_descent(X, y / y.abs().max() * 1e-139, lr=0.5, steps=90).status == "ok"
    assert linreg.gradient_descent(X, 0 * y, lr=0.5, steps=3).status == "ok"
