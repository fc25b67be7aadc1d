"""Resamples: each against the refit that it stands for, all of them against the errors they estimate."""

import pytest
import torch
from inferences import R_X, R_Y, close, ordinary
from problems import gen

import linreg
from linreg import Status, bootstrap, infer

F64 = torch.float64
MODULE = "linreg.inference.bootstrap"


def refits(X, y, drawn, weights=None, intercept=True):
    """The estimates of the rows drawn (m, n)."""
    found = []
    for rows in drawn:
        c = None if weights is None else weights[rows]
        fit = linreg.solve(X[rows], y[rows], weights=c, intercept=intercept)
        found.append(torch.cat((fit.b.reshape(1), fit.w)) if intercept else fit.w)
    return torch.stack(found)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_pairs_are_refits(intercept, weighted):
    """Six digits of the move, which is what float32 keeps."""
    X, y = ordinary(200, 4)
    c = torch.rand(200, generator=gen(), dtype=F64) + 0.1 if weighted else None
    found = bootstrap(X, y, intercept=intercept, weights=c, resamples=70, generator=gen(5))
    assert found.status == Status.OK
    assert not found.message
    assert found.replicates.shape == (70, 4 + intercept)
    g = gen(5)
    drawn = torch.cat([torch.randint(200, (m, 200), generator=g) for m in (64, 6)])  # as many at once
    expected = refits(X, y, drawn, c, intercept)
    moved = (expected - found.estimate).abs().amax(0)
    assert float(((found.replicates - expected).abs().amax(0) / moved).max()) < 1e-5
    close(found.se, expected.std(0), 1e-5)
    close(found.low, expected.quantile(0.025, dim=0), 1e-5)
    close(found.high, expected.quantile(0.975, dim=0), 1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_residuals_are_refits(intercept, weighted):
    """Of rows times the roots of their precisions, in which the noise has one variance."""
    X, y = ordinary(200, 4)
    c = torch.rand(200, generator=gen(), dtype=F64) + 0.1 if weighted else None
    found = bootstrap(X, y, intercept=intercept, weights=c, kind="residuals", resamples=50, generator=gen(5))
    rows = linreg.influence(X, y, intercept=intercept, weights=c)
    root = torch.ones_like(y) if c is None else c.sqrt()
    r = root * rows.residuals / (1 - rows.leverage).sqrt()
    drawn = torch.randint(200, (50, 200), generator=gen(5))
    y_hat = y - rows.residuals
    targets = [y_hat + (r - r.mean())[some] / root for some in drawn]
    fits = [linreg.solve(X, target, intercept=intercept, weights=c) for target in targets]
    expected = torch.stack([torch.cat((fit.b.reshape(1), fit.w))[not intercept :] for fit in fits])
    moved = (expected - found.estimate).abs().amax(0)
    assert float(((found.replicates - expected).abs().amax(0) / moved).max()) < 1e-5


def test_the_errors_that_they_estimate():
    """Pairs those of HC0, residuals the classical ones, up to 3 standard deviations, 1 / sqrt(2 * 4000)."""
    X, y = ordinary(2000, 3)
    for kind, errors in (("pairs", "HC0"), ("residuals", "classical")):
        found = bootstrap(X, y, kind=kind, resamples=4000, generator=gen(1))
        close(found.se, infer(X, y, errors=errors).se, 0.04)
        close(found.low, infer(X, y, errors=errors).low, 0.1)


@pytest.mark.parametrize("kind", ["pairs", "residuals"])
def test_the_seed_is_the_only_chance(kind):
    X, y = ordinary(50, 2)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, again = (bootstrap(X, y, kind=kind, resamples=30, generator=gen(2)) for _ in range(2))
    assert torch.equal(first.replicates, again.replicates)
    assert not torch.equal(
        first.replicates, bootstrap(X, y, kind=kind, resamples=30, generator=gen(3)).replicates
    )
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("held", "block", "counts"),
    [(0, 1 << 19, 1 << 22), (1 << 24, 100, 1 << 22), (0, 100, 1 << 22), (1 << 24, 1 << 19, 100)],
)
def test_products_in_blocks(monkeypatch, held, block, counts):
    X, y = ordinary(200, 3)
    whole = bootstrap(X, y, resamples=30, generator=gen())
    for name, value in (("HELD", held), ("BLOCK", block), ("COUNTS", counts)):
        monkeypatch.setattr(f"{MODULE}.{name}", value)
    close(bootstrap(X, y, resamples=30, generator=gen()).se, whole.se, 1e-5)


def test_resamples_without_a_level():
    """A dummy of one row is missing from (1 - 1/n)^n of them, 36.6 %; the others are refits."""
    X, y = ordinary(200, 2)
    X = torch.column_stack((X, (torch.arange(200) == 7).double()))
    found = bootstrap(X, y, resamples=1000, generator=gen(4))
    assert abs(found.deficient - 367) < 3 * (1000 * 0.367 * 0.633) ** 0.5
    assert len(found.replicates) == 1000 - found.deficient
    assert found.status == Status.RANK_DEFICIENT
    assert found.message.startswith(
        f"{found.deficient} of 1000 resamples had dependent columns and were left out"
    )
    assert not found.replicates.isnan().any()
    assert str(found).endswith(found.message)
    # met by every resample that has it: the weight makes up for what the others leave there
    fits = found.replicates
    at = fits[:, 0] + fits[:, 1:] @ X[7]
    close(at, y[7].expand(len(at)), 1e-4)


@pytest.mark.parametrize("n", [4, 200])
def test_the_residual_of_a_row_of_leverage_one_is_zero(n):
    """Not rounding, divided by the root of rounding."""
    X, y = ordinary(n, 1)
    X = torch.column_stack((X, (torch.arange(n) == 2).double()))
    found = bootstrap(X, y, kind="residuals", resamples=20, generator=gen(5))
    assert (found.status, found.message) == (Status.OK, "")  # one row to spare is enough
    rows = linreg.influence(X, y)
    r = (rows.residuals / (1 - rows.leverage).clamp(min=1e-300).sqrt()).index_fill(0, torch.tensor([2]), 0)
    drawn = torch.randint(n, (20, n), generator=gen(5))
    fits = [linreg.solve(X, y - rows.residuals + (r - r.mean())[some]) for some in drawn]
    expected = torch.stack([torch.cat((fit.b.reshape(1), fit.w)) for fit in fits])
    moved = (expected - found.estimate).abs().amax(0)
    assert float(((found.replicates - expected).abs().amax(0) / moved).max()) < 1e-5
    close(found.se, expected.std(0), 1e-5)


def test_two_resamples_of_which_two_one_or_none_are_left():
    """A single one has no deviation, and both ends of the interval."""
    X, y = ordinary(200, 2)
    X, met = torch.column_stack((X, (torch.arange(200) == 7).double())), set()
    for seed in range(20):
        found = bootstrap(X, y, resamples=2, generator=gen(seed))
        kept = len(found.replicates)
        met.add(kept)
        assert found.deficient == 2 - kept
        if kept == 2:
            first, last = found.replicates.sort(0).values
            close(found.se, (last - first) / 2**0.5, 1e-9)
            close(found.low, first + 0.025 * (last - first), 1e-9)
            close(found.high, first + 0.975 * (last - first), 1e-9)
        else:
            assert found.se.isnan().all()
            assert found.status == Status.RANK_DEFICIENT
        if kept == 1:
            close(found.low, found.replicates[0], 1e-12)
            close(found.high, found.replicates[0], 1e-12)
        elif kept == 0:
            assert found.low.isnan().all()
            assert found.high.isnan().all()
    assert met == {0, 1, 2}


def test_columns_close_to_each_other_are_not_taken_for_dependent():
    """Told apart by a thousandth, 1e4 times what the coordinates have been rounded by."""
    x, e, noise = torch.randn(3, 300, generator=gen(), dtype=F64)
    X = torch.stack((x, (torch.arange(300) < 2).double() + 1e-3 * e), 1)
    found = bootstrap(X, x + noise, resamples=40, generator=gen(5))
    expected = refits(X, x + noise, torch.randint(300, (40, 300), generator=gen(5)))
    assert found.deficient == 0
    moved = (expected - found.estimate).abs()
    assert float(((found.replicates - expected).abs() / moved.amax(0)).max()) < 1e-3


@pytest.mark.parametrize("kind", ["pairs", "residuals"])
def test_dependent_columns(kind):
    X, y = ordinary(60, 2)
    found = bootstrap(torch.column_stack((X, X[:, 0])), y, kind=kind, resamples=50, generator=gen())
    full = bootstrap(X, y, kind=kind, resamples=50, generator=gen())
    assert found.status == Status.RANK_DEFICIENT
    assert found.se.isnan().tolist() == [False, True, False, True]
    close(found.se[[0, 2]], full.se[[0, 2]], 1e-4)
    assert found.message == "Columns are dependent: what the data do not determine is NaN."


@pytest.mark.parametrize("kind", ["pairs", "residuals"])
def test_nothing_to_vary(kind):
    X, y = ordinary(3, 2)
    few = bootstrap(X, y, kind=kind, resamples=20, generator=gen())
    assert few.status == Status.NO_NOISE
    assert few.message.startswith("No row is left to estimate the noise. Add rows.")
    perfect = bootstrap(X[:, :1], X[:, 0], kind=kind, resamples=20, generator=gen())
    assert perfect.status == Status.NO_NOISE
    assert perfect.message.startswith("The residuals are no larger than rounding")
    zeros = bootstrap(0 * X, y, intercept=False, kind=kind, resamples=20, generator=gen())
    assert zeros.status == Status.RANK_DEFICIENT
    assert zeros.se.isnan().all()
    one = bootstrap(X[:1], y[:1], kind=kind, resamples=20, generator=gen())
    assert one.status == Status.NO_NOISE


def test_no_resample_is_left():
    """Two rows, one of which is always drawn twice."""
    found = bootstrap(R_X[:2, :1], R_Y[:2], resamples=2, generator=gen(1))
    assert found.deficient == 2
    assert found.status == Status.NO_NOISE
    assert "2 of 2 resamples had dependent columns" in found.message
    assert found.se.isnan().all()
    assert found.low.isnan().all()


@pytest.mark.parametrize("scale", [1e-160, 1e-60, 1e160])
@pytest.mark.parametrize("kind", ["pairs", "residuals"])
def test_units(kind, scale):
    X, y = ordinary(60, 2)
    plain = bootstrap(X, y, kind=kind, resamples=30, generator=gen())
    other = bootstrap(X, y * scale, kind=kind, resamples=30, generator=gen())
    close(other.se, plain.se * scale, 1e-4)
    close(other.high, plain.high * scale, 1e-4)
    beyond = bootstrap(X * 1e-160, y * 1e160, kind=kind, resamples=5, generator=gen())
    assert beyond.status == Status.OUT_OF_RANGE
    assert beyond.message == beyond.fit.message


def test_the_table():
    found = bootstrap(R_X, R_Y, names=["a", "b"], level=0.9, generator=gen())
    lines = str(found).splitlines()
    assert lines[0] == "2000 resamples of pairs, percentile intervals"
    assert lines[1].split() == ["estimate", "std", "err", "[0.05", "0.95]"]
    assert [line.split()[0] for line in lines[2:]] == ["Intercept", "a", "b"]
    assert repr(found) == "Bootstrap(3 estimates, 2000 resamples of pairs, status='ok')"


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"kind": "rows"}, linreg.RangeError, "`kind` must be one of 'pairs', 'residuals'; got 'rows'"),
        ({"resamples": 1}, linreg.RangeError, "`resamples` must be an integer of 2 or more; got 1"),
        ({"level": 1.5}, linreg.RangeError, "`level` must be a number between 0 and 1"),
        ({"names": ["a"]}, linreg.ShapeError, "`names` must be 2"),
        ({"generator": 0}, linreg.DtypeError, "`generator` must be a torch.Generator"),
    ],
)
def test_bad_settings(settings, kind, words):
    with pytest.raises(kind, match=words):
        bootstrap(R_X, R_Y, **{"generator": gen(), **settings})


@pytest.mark.parametrize("kind", ["pairs", "residuals"])
def test_a_constant_column_leaves_the_others_their_replicates(kind):
    X, y = ordinary(60, 2)
    more = torch.column_stack((X, torch.full_like(y, 7.0)))
    found, plain = (bootstrap(A, y, kind=kind, resamples=50, generator=gen(1)) for A in (more, X))
    assert found.se.isnan().tolist() == [True, False, False, True]
    close(found.se[1:3], plain.se[1:], 1e-5)
    assert found.status == Status.RANK_DEFICIENT


@pytest.mark.parametrize("kind", ["pairs", "residuals"])
@pytest.mark.parametrize("n", [1, 2])
def test_one_row_and_two_leave_no_noise(n, kind):
    X, y = ordinary(n, 1)
    found = bootstrap(X, y, kind=kind, resamples=20, generator=gen())
    assert found.status == Status.NO_NOISE
    assert "No row is left to estimate the noise" in found.message
    for part in (found.se, found.low, found.high):
        assert part.isnan().all()
