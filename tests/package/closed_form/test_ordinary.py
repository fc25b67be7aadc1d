"""The short way of `solve`: the same answer and the same words as the long way, or none."""

import math

import pytest
import torch
from problems import built, gen

import linreg
from linreg.basics.products import first_mean, summed
from linreg.closed_form import ordinary
from linreg.closed_form.rows import Rows


def long_way(monkeypatch, *data, **options):
    with monkeypatch.context() as patched:
        patched.setattr("linreg.closed_form.solve.from_rows", lambda *_: None)
        patched.setattr("linreg.closed_form.solve.from_sums", lambda *_: None)
        return linreg.solve(*data, **options)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("n", "d"), [(30, 1), (40, 2), (300, 20), (1024, 32), (1025, 20), (20_000, 3), (5000, 60)]
)
@pytest.mark.parametrize("kappa", [1.0, 15.0])
def test_both_ways_say_the_same(n, d, kappa, dtype, intercept, monkeypatch):
    kappa = min(kappa, 1.0 if d == 1 else kappa)
    p = built(n=n, d=d, kappa=kappa, noise=0.5, dtype=dtype, intercept=intercept)
    options = {"intercept": intercept, "dtype": torch.float64}
    short, long = linreg.solve(p.X, p.y, **options), long_way(monkeypatch, p.X, p.y, **options)
    assert way(p.X, p.y, intercept) is not None
    assert (short.status, short.method, short.rank) == (long.status, long.method, long.rank)
    assert short.condition == pytest.approx(long.condition, rel=1e-11)
    assert float(short.loss) == pytest.approx(float(long.loss), rel=1e-12)
    torch.testing.assert_close(short.w, long.w, rtol=1e-12, atol=1e-13 * float(long.w.abs().max()))
    torch.testing.assert_close(short.b, long.b, rtol=1e-12, atol=1e-13 * float(p.y.abs().max()))
    assert short.message.partition(", which")[0].rstrip(".") == long.message.partition(", which")[0].rstrip(
        "."
    )
    assert digits(short) == pytest.approx(digits(long), abs=1)


@pytest.mark.parametrize("which", ["a column", "the targets"])
@pytest.mark.parametrize("far", [0.0, 3.0, 300.0])
def test_both_ways_promise_the_same_where_the_first_rows_are_unlike_the_rest(far, which, monkeypatch):
    """The sums are about the mean of those, and of columns longer by as much as it is away."""
    p = built(n=20_000, d=3, kappa=10.0, noise=0.5)
    (p.X[:, 1] if which == "a column" else p.y)[:1024] += far
    short, long = linreg.solve(p.X, p.y), long_way(monkeypatch, p.X, p.y)
    assert digits(short) in ([digits(long) - 1, digits(long)] if far == 300 else [digits(long)])
    assert digits(short) < 14


@pytest.mark.parametrize("n", [2000, 20_000])
@pytest.mark.parametrize("column", range(5))
def test_sums_about_a_far_point_have_fewer_digits_whichever_column_it_is(column, n):
    """A thousand spreads away products are a million times as large, and so is what rounding adds to them."""
    p = built(n=n, d=5, kappa=2.0, noise=0.5)
    shift, rows = first_mean(p.X, p.y), Rows(p.X, p.y, None, True)
    near = ordinary.from_sums(rows, shift, summed(p.X, p.y, shift)).fit(torch.float64)
    shift[column] += 1000 * p.X[:, column].std()
    far = ordinary.from_sums(rows, shift, summed(p.X, p.y, shift)).fit(torch.float64)
    assert 5 <= digits(near) - digits(far) <= 7
    reached = -torch.log10((far.w - near.w).abs() / near.w.abs()).min()
    assert digits(far) <= float(reached)


@pytest.mark.parametrize("far", [3.0, -40.0])
def test_an_intercept_of_almost_nothing_has_fewer_digits_by_both_ways(far, monkeypatch):
    """It is a difference of means, of which those of the first rows are not those of all."""
    p = built(n=20_000, d=3, kappa=3.0, noise=0.5)
    X = p.X + 5
    X[:1024, 1] += far
    r = p.y - p.X @ p.w
    y = X @ p.w + r
    y += 1e-6 - linreg.solve(X, y).b
    short, long = linreg.solve(X, y), long_way(monkeypatch, X, y)
    assert way(X, y) is not None
    assert digits(short) in (digits(long) - 1, digits(long))
    assert digits(short) <= 9


def digits(fit: linreg.Fit) -> int:
    """How many the message promises."""
    return int(fit.message.partition("which leaves ")[2].partition(" ")[0] or 14)


@pytest.mark.parametrize("n", [200, 5000])
def test_the_short_way_is_taken(n):
    X, y = linreg.simulate(n, generator=gen(), dtype=torch.float64)
    assert way(X, y) is not None


def way(X: torch.Tensor, y: torch.Tensor, intercept: bool = True) -> linreg.Fit | None:
    """What the short way finds, by rows or by sums."""
    if len(X) <= 1024:
        return ordinary.from_rows(Rows(X, y, None, intercept))
    shift = first_mean(X, y) if intercept else torch.zeros(X.shape[1] + 1, dtype=torch.float64)
    return ordinary.from_sums(Rows(X, y, None, intercept), shift, summed(X, y, shift))


@pytest.mark.parametrize(("d", "taken"), [(256, True), (257, False)])
def test_eigenvalues_of_many_columns_are_not_asked_for(d, taken):
    p = built(n=1100, d=d, kappa=2.0, noise=0.5)
    assert (way(p.X, p.y) is not None) == taken


def test_what_a_dtype_holds():
    """All digits of a weight need a normal number; of the intercept, which is beside the mean, none does."""
    for w, b, held in (
        ([1e-37, -3e38], 3e38, True),
        ([1e-37, -3e38], -1e-44, True),
        ([1e-37, 4e38], 0.0, False),
        ([torch.finfo(torch.float32).tiny, 1.0], 0.0, True),
        ([1e-38, 1.0], 0.0, False),
        ([0.0, 1.0], 0.0, False),
        ([1.0, 1.0], -4e38, False),
    ):
        found = ordinary.Answer(w, b, 1.0, 1.0, "", [0.0, 0.0], 1e38)
        assert (found.held(torch.float32) is not None) == held
        assert (found.held(torch.float64) is not None) == (w[0] != 0)


@pytest.mark.parametrize(
    ("w", "b", "moved"),
    [
        (1.0, 2.0**24 + 1, -1),  # the next in float32 are 2^24 and 2^24 + 2
        (1 + 2.0**-25, 0.0, -2),  # at a mean of 2^26
        (1 + 2.0**-25, 2.0**24 + 1, -3),
        (1 + 2.0**-25, 2.0**24 + 3, -1),
        (1.0, 2.0**24, 0),
    ],
)
def test_the_loss_told_is_that_of_rounded_numbers(w, b, moved):
    """Rounding moves all predictions by as much, and the residuals have a mean of 0."""
    found = ordinary.Answer([w], b, 1.0, 1.0, "", [2.0**26], 3001.0)
    assert float(found.held(torch.float32).loss) == 1 + moved**2 / 2
    assert float(found.held(torch.float64).loss) == 1
    # a thousandth of the spread of y is for the long way to speak of
    assert (found._replace(spread=2999.0).held(torch.float32) is None) == (moved == -3)
    assert found._replace(spread=2999.0).held(torch.float64) is not None


@pytest.mark.parametrize("n", [200, 5000])
@pytest.mark.parametrize(
    ("kappa", "loss", "mean", "ordinary"),
    [
        (19.0, 2e-4, 9e3, True),
        (21.0, 2e-4, 9e3, False),  # the Gram matrix would lose more than three digits
        (19.0, 5e-5, 9e3, False),  # so would the loss, as the difference of two sums
        (19.0, 2e-4, 1.1e4, False),  # and the intercept, or the weights if it were of a feature
    ],
)
def test_where_the_short_way_ends(n, kappa, loss, mean, ordinary):
    """The loss is a share of that of the mean, the mean in units of the spread."""
    rows = torch.column_stack((torch.ones(n), torch.randn(n, 3, generator=gen()))).double()
    _, q, p, r = (n**0.5 * torch.linalg.qr(rows).Q).T  # of mean 0 and mean square 1
    angle = math.atan(1 / kappa)
    X = torch.stack((math.cos(angle) * q + math.sin(angle) * p, math.cos(angle) * q - math.sin(angle) * p), 1)
    y = (1 - loss) ** 0.5 * q + loss**0.5 * r
    assert (way(X, y + mean) is not None) == ordinary
    assert (way(X + mean, y) is not None) == ordinary


@pytest.mark.parametrize("n", [200, 5000])
@pytest.mark.parametrize(
    "change",
    [
        lambda X, y: (X.index_fill(1, torch.tensor([1]), 0.1), y),  # a constant
        lambda X, y: (torch.column_stack((X, X[:, 0] / 3)), y),
        lambda X, y: (torch.column_stack((X, X[:, 0] + 0.01 * X[:, 1])), y),
        lambda X, y: (X, X @ torch.ones(2, dtype=X.dtype) + 1e-3 * y),  # a loss of almost nothing
        lambda X, y: (X + 1e5, y),
        lambda X, y: (X, y + 1e5),
        lambda X, y: (X * 1e-140, y),
        lambda X, y: (X * 1e160, y),
        lambda X, y: (X, y * torch.inf),
        lambda X, y: (torch.where(X > 2, torch.nan, X), y),
        lambda X, y: (X, torch.full_like(y, 2.0)),
        lambda X, y: (X[:2], y[:2]),
    ],
)
def test_what_is_not_ordinary_goes_the_long_way(change, n):
    generator = gen()
    X = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    y = torch.randn(n, generator=generator, dtype=torch.float64)
    assert way(X, y) is not None
    X, y = change(X, y)
    assert way(X, y) is None


@pytest.mark.parametrize("n", [20, 5000])
def test_no_intercept_is_zero_and_not_minus_zero(n):
    X = torch.randn(n, 3, generator=gen(), dtype=torch.float64)
    fit = linreg.solve(X, X.sum(1) + torch.randn(n, generator=gen(1), dtype=torch.float64), intercept=False)
    assert repr(float(fit.b)) == "0.0"
