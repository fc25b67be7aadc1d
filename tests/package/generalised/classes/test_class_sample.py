"""Many rows by way of a sample: the answer of Newton's method on all of them, and when it is not taken."""

import pytest
import torch
from classified import one_hot
from problems import gen

from linreg import DataError, Status, infer_logistic, logistic, softmax
from linreg.generalised.classes import class_problem, class_sample
from linreg.generalised.classes.class_sample import Rough, _frame, _samples
from linreg.generalised.classes.likelihood import Likelihood, Table
from linreg.generalised.classes.log_loss import Binary, Multinomial
from linreg.generalised.robust.subsample import chosen

F64 = torch.float64
N = 70_000


def rows(seed=0, classes=2, d=3, n=N, mean=0.3):
    g = gen(seed)
    X = torch.randn(n, d, generator=g, dtype=F64)
    X = X + X.mean(1, keepdim=True) + mean
    W = torch.randn(d, classes, generator=g, dtype=F64)
    W -= W.mean(1, keepdim=True)
    scores = (X - X.mean(0)) @ W - torch.arange(classes) / 2
    return X, torch.multinomial(scores.softmax(1), 1, generator=g).squeeze(1).to(F64)


@pytest.fixture
def plainly(monkeypatch):
    """Newton's method on all rows."""

    def call(f, *args, **settings):
        with monkeypatch.context() as patch:
            patch.setattr(class_problem, "by_sample", lambda *_: None)
            return f(*args, **settings)

    return call


def left(X, y, fit, alpha=0.0, c=None):
    c = torch.ones_like(y) if c is None else c
    P = fit.probabilities(X)
    R = ((P - y).unsqueeze(1) if P.ndim == 1 else P - one_hot(y)) * c.unsqueeze(1) / c.sum()
    w = fit.w.unsqueeze(1) if fit.w.ndim == 1 else fit.w
    return float(torch.cat((X.T @ R + alpha * w, R.sum(0, keepdim=True))).abs().max())


@pytest.mark.parametrize("alpha", [0.0, 1e-3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [True, False])
def test_it_is_newtons_answer(alpha, weighted, intercept, plainly):
    X, y = rows()
    settings = {"alpha": alpha, "intercept": intercept}
    if weighted:
        settings["weights"] = torch.rand(N, generator=gen(), dtype=F64)
    fit, plain = logistic(X, y, **settings), plainly(logistic, X, y, **settings)
    assert fit.status == plain.status == Status.OK
    assert fit.message.startswith("Newton's method on a sample, then ")
    assert ("a minimum exists" in fit.message) is (alpha == 0)
    assert plain.message.startswith("Newton's method, ")
    assert 2 <= fit.steps <= 8
    torch.testing.assert_close(fit.w, plain.w, rtol=1e-8, atol=1e-9)
    torch.testing.assert_close(fit.b, plain.b, rtol=1e-8, atol=1e-9)
    assert float(fit.loss) == pytest.approx(float(plain.loss), rel=1e-13)
    if intercept:
        assert left(X, y, fit, alpha, settings.get("weights")) < 1e-9


@pytest.mark.parametrize("alpha", [0.0, 1e-2])
def test_softmax(alpha, plainly):
    X, y = rows(classes=3)
    fit, plain = softmax(X, y, alpha=alpha), plainly(softmax, X, y, alpha=alpha)
    assert "on a sample" in fit.message
    assert left(X, y, fit, alpha) < 1e-9
    torch.testing.assert_close(fit.w, plain.w, rtol=1e-8, atol=1e-9)
    torch.testing.assert_close(fit.b, plain.b, rtol=1e-8, atol=1e-9)
    assert float(fit.w.sum(1).abs().max()) < 1e-13


@pytest.mark.parametrize("mean", [1e4, -1e6])
def test_far_from_zero(mean, plainly):
    X, y = rows(mean=mean)
    fit, plain = logistic(X, y), plainly(logistic, X, y)
    assert "on a sample" in fit.message
    torch.testing.assert_close(fit.w, plain.w, rtol=1e-7, atol=1e-8)


def test_float32(plainly):
    X, y = rows(mean=100)
    fit = logistic(X.float(), y.float(), dtype=F64)
    assert "on a sample" in fit.message
    torch.testing.assert_close(
        fit.w, plainly(logistic, X.float(), y.float(), dtype=F64).w, rtol=1e-8, atol=1e-9
    )


def test_standard_errors(plainly):
    X, y = rows()
    found, plain = infer_logistic(X, y), plainly(infer_logistic, X, y)
    assert "on a sample" in found.fit.message
    torch.testing.assert_close(found.se, plain.se, rtol=1e-9, atol=0)
    assert found.deviance == pytest.approx(plain.deviance, rel=1e-12)
    torch.testing.assert_close(found.predict(X[:5]).low, plain.predict(X[:5]).low, rtol=1e-8, atol=0)


@pytest.mark.parametrize("order", ["sorted", "blocks"])
def test_rows_in_an_order(order):
    """All of class 0 first: a sample that is spread over all rows does not mind."""
    X, y = rows()
    X, y = X[y.argsort(stable=True)], y.sort().values
    if order == "blocks":
        X, y = X.roll(N // 3, 0), y.roll(N // 3)
    fit = logistic(X, y)
    assert fit.status == Status.OK
    assert left(X, y, fit) < 1e-9


def test_a_sample_that_misleads_is_left_for_newtons_method():
    """The rows between the chosen ones are of another kind."""
    X, y = rows()
    inside = torch.zeros(N, dtype=torch.bool)
    for run in chosen(*X.shape):
        inside[run] = True
    y = torch.where(inside, y, 1 - y)
    fit = logistic(X, y)
    assert fit.status == Status.OK
    assert left(X, y, fit) < 1e-9
    apart = torch.where(inside, (X[:, 0] > 0).to(F64), y)  # the sample is separated, all rows are not
    fit = logistic(X, apart)
    assert fit.status == Status.OK
    assert fit.message.startswith("Newton's method, ")
    assert left(X, apart, fit) < 1e-12


def test_separated_classes():
    X, y = rows()
    fit = logistic(X, (X[:, 0] > 0.3).to(F64))
    assert fit.status == Status.SEPARATED
    assert fit.separation.complete
    once = y * (torch.arange(N) == 777)
    rare = logistic(torch.column_stack((X, once + (torch.arange(N) == 0) * y)), y)
    assert rare.status == Status.SEPARATED
    assert not rare.separation.complete


def test_dependent_columns_and_few_rows():
    X, y = rows()
    twice = logistic(torch.column_stack((X, X[:, 0])), y)
    assert twice.status == Status.RANK_DEFICIENT
    torch.testing.assert_close(twice.w[0], twice.w[3])
    few = logistic(X[:5000], y[:5000])
    assert few.message.startswith("Newton's method, ")
    even = logistic(X, y, alpha=0.1, standardise=True)
    assert even.message.startswith("Newton's method, ")
    assert logistic(X, y, standardise=True).message.startswith("Newton's method on a sample")


@pytest.mark.parametrize("i", [0, 40_000])
def test_an_entry_that_is_no_number(i):
    """Whether a sample has the row or not."""
    X, y = rows()
    X[i, 1] = torch.nan
    with pytest.raises(DataError, match=rf"`X` must be finite.*the first is nan at index \({i}, 1\)"):
        logistic(X, y)


def test_columns_out_of_range_take_the_long_way():
    X, y = rows()
    fit = logistic(X * 1e-200, y)
    assert fit.status == Status.OK
    torch.testing.assert_close(fit.w * 1e-200, logistic(X, y).w, rtol=1e-8, atol=1e-9)
    # With a penalty there is curvature, whether squares of columns are in range or not.
    fit = logistic(X * 2.0**-520, y, alpha=2.0**-1046, intercept=False)
    plain = logistic(X, y, alpha=2.0**-6, intercept=False)
    torch.testing.assert_close(fit.w * 2.0**-520, plain.w, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("unit", [1e-6, 1e-30])
def test_a_penalty_on_columns_in_other_units(unit):
    X, y = rows()
    X = X * torch.tensor([1.0, unit, 1.0], dtype=F64)
    fit = logistic(X, y, alpha=0.1)
    assert fit.message.startswith("Newton's method on a sample")
    assert left(X, y, fit, 0.1) < 1e-9


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("intercept", [True, False])
def test_sums_of_columns_as_they_are(intercept, classes):
    """The value, the slope and the curvature that come of coordinates, in columns far from 0 and weighted."""
    X, y = rows(classes=classes, mean=50.0)
    X, C = X * torch.tensor([1e-3, 1.0, 1e4], dtype=F64), torch.rand(N, generator=gen(), dtype=F64)
    table = Table(X.float(), y.float(), C)
    sample = _samples(table, chosen(*X.shape))[0]
    frame = _frame(sample, intercept)
    family = Binary() if classes == 2 else Multinomial(classes, X.device)
    u = torch.randn(frame.design.unknowns, family.free, generator=gen(), dtype=F64) * sample.weight**0.5
    plain, rough = (kind(family, frame.design, sample.tables).at(u) for kind in (Likelihood, Rough))
    assert rough.value == pytest.approx(plain.value, rel=1e-12)
    torch.testing.assert_close(rough.slope, plain.slope, rtol=0, atol=1e-11 * plain.pull)
    torch.testing.assert_close(rough.bend, plain.bend, rtol=0, atol=1e-10 * float(plain.bend.trace()))


def test_samples_grow_with_the_columns(monkeypatch):
    """To 20 rows for each at first and 200 at last, but for what runs of 1024 rows leave out."""
    monkeypatch.setattr(class_sample, "FIRST", 64)
    monkeypatch.setattr(class_sample, "MOST", 128)
    sizes = {}
    for d in (5, 40, 60):
        X = torch.zeros(N, 1).expand(N, d)
        sizes[d] = [sample.rows for sample in _samples(Table(X, X[:, 0], None), chosen(*X.shape))]
    assert sizes == {5: [1024, 1024], 40: [1024, 6144], 60: [2048, 8192]}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("n", "d", "sizes"),
    [(N, 3, (4096, 16384)), (10**7, 3, (4096, 35840, 249856)), (10**5, 100, (5120, 19456))],
)
def test_samples(n, d, sizes, weighted):
    """Each has more rows, from the first to the last of all, and all rows are among those of the last."""
    numbers = torch.arange(float(n))
    X, t = numbers.unsqueeze(1).expand(n, d), numbers + 1
    samples = _samples(Table(X, t, t.double() / n if weighted else None), chosen(n, d))
    assert tuple(sample.rows for sample in samples) == sizes
    assert all(run in samples[-1].runs for sample in samples for run in sample.runs)
    for sample in samples:
        own = torch.cat([numbers[run] for run in sample.runs])
        parts = list(sample.tables())
        assert torch.equal(torch.cat([part.X for part in parts]), own.unsqueeze(1).expand(-1, d))
        assert torch.equal(torch.cat([part.t for part in parts]), own + 1)
        assert max(part.X.numel() for part in parts) <= 1 << 18
        assert sample.weight == pytest.approx(sum(part.weight for part in parts))
        assert sample.weight == pytest.approx(float((own + 1).double().sum() / n) if weighted else len(own))
        assert int(own[-1]) > 0.7 * n
