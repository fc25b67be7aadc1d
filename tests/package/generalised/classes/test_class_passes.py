"""Passes over all rows: what one finds, and where they end when the curvature is known roughly."""

import pytest
import torch
from problems import gen

from linreg.generalised.classes import class_passes
from linreg.generalised.classes.class_passes import COLUMNS, TOL, Passes, _mended, descended
from linreg.generalised.classes.frame import Frame
from linreg.generalised.classes.likelihood import Likelihood, Table
from linreg.generalised.classes.log_loss import Binary, Multinomial
from linreg.inference.fitted import fitted

F64 = torch.float64
KINDS = {
    "plain": lambda X: X,
    "far": lambda X: X + 1e3,
    "one far": lambda X: X + torch.tensor([0.0, 0, 0, 0, 1e6], dtype=F64),
    "float32": lambda X: (X + 30).float(),
    "skewed": torch.exp,
    "heavy": lambda X: X / (X[:, :1].square() + 0.05),
}


def made(seed=0, kind="plain", classes=2, n=3000, d=5, weighted=False, intercept=True):
    """Rows in a frame, and the log-loss of all of them in coordinates that `Likelihood` makes."""
    g = gen(seed)
    X = torch.randn(n, d, generator=g, dtype=F64)
    X = KINDS[kind](X + 0.5 * X.mean(1, keepdim=True))
    W = 2 * torch.randn(d, classes, generator=g, dtype=F64) / X.std(0, keepdim=True).T.double() / d**0.5
    scores = (X - X.mean(0)).double() @ (W - W.mean(1, keepdim=True))
    y = torch.multinomial(scores.softmax(1), 1, generator=g).squeeze(1).to(X.dtype)
    C = torch.rand(n, generator=g, dtype=F64) + 0.1 if weighted else None
    table = Table(X, y, C)
    found = fitted(X, y, intercept=intercept, weights=None if C is None else C.to(X.dtype))
    frame = Frame(found.p, found.design, found.unit)
    family = Binary() if classes == 2 else Multinomial(classes, X.device)
    return table, frame, family, Likelihood(family, frame.design, lambda: (table,))


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize(
    ("kind", "d"), [("plain", 5), ("plain", COLUMNS), ("far", 5), ("one far", 5), ("float32", 5)]
)
def test_a_pass_finds_the_slope_and_the_loss(kind, d, classes, weighted, intercept):
    """To the rounding of sums of the size of the slopes of single rows, in columns that lie that far."""
    table, frame, family, of = made(
        0, kind, classes, 20_000 if d > 5 else 3000, d, weighted, intercept
    )  # 20 000: more than one block
    u = torch.randn(frame.design.unknowns, family.free, generator=gen(1), dtype=F64) * len(table.X) ** 0.5 / 4
    passes = Passes(table, frame, family, None)
    slope, value = passes.slope(u, True)
    sums = of.at(u)
    assert value == pytest.approx(sums.value, rel=1e-12)
    lost = max(1.0, frame.design.condition / 100)  # without an intercept far columns are nearly dependent
    torch.testing.assert_close(slope, sums.slope, rtol=0, atol=1e-13 * lost * sums.pull)
    alone, nothing = passes.slope(u, False)
    assert torch.equal(alone, slope)
    assert nothing == 0


@pytest.mark.parametrize("alpha", [0.0, 1e-2])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", sorted({*KINDS} - {"one far"}))
@pytest.mark.parametrize("seed", range(4))
def test_the_last_step_is_as_good_as_promised(seed, kind, classes, alpha):
    """From a curvature that is wrong by a fifth; the slope at the end has not been looked at on the way."""
    table, frame, family, of = made(seed, kind, classes, weighted=seed == 3)
    P = frame.penalty() * alpha if alpha else None
    passes = Passes(table, frame, family, P)
    noise = 0.05 * torch.randn(of.q * family.free, of.q * family.free, generator=gen(seed), dtype=F64)
    u = frame.start(torch.zeros(family.free, dtype=F64))
    one, times = torch.eye(family.free, dtype=F64), table.weight
    for _ in range(6):  # Newton's method
        H = of.at(u).bend if P is None else of.at(u).bend + torch.kron(P * times, one)
        slope = passes.slope(u, False)[0] + passes.pulled(u)
        u = u - torch.linalg.solve(H, slope.flatten()).view_as(u)
    turned = torch.eye(len(noise), dtype=F64) + (noise + noise.T) / 2
    B = turned @ torch.linalg.inv(H) @ turned
    start = u * (1 + 0.1 * torch.randn(u.shape, generator=gen(seed), dtype=F64))
    found = descended(passes, start, B)
    slope, value = passes.slope(found.u, True)
    assert float((slope + passes.pulled(found.u)).abs().max()) * passes.unit <= TOL
    assert found.value == pytest.approx(value, rel=1e-13)
    before = passes.slope(found.before, False)[0] + passes.pulled(found.before)
    assert torch.equal(found.slope, before)
    assert 3 <= found.passes <= 16


def watched(seed, steps):
    """Passes, whether each was asked for the loss, and where some Newton steps end, with the bend there."""
    table, frame, family, of = made(seed)
    passes, seen = Passes(table, frame, family, None), []
    real = passes.slope
    passes.slope = lambda u, value: seen.append(value) or real(u, value)
    u = frame.start(torch.zeros(1, dtype=F64))
    for _ in range(steps):
        sums = of.at(u)
        u = u - torch.linalg.solve(sums.bend, sums.slope)
    return passes, seen, u, of.at(u).bend


def test_each_pass_is_a_step_and_one_finds_the_loss():
    passes, seen, u, bend = watched(0, steps=3)
    found = descended(passes, u, torch.linalg.inv(bend))
    assert seen.count(True) == 1
    assert len(seen) - 1 <= found.passes <= len(seen)


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_comes_with_a_pass_for_the_slope(seed):
    """From a start that is not the minimum to many digits, no pass is for the loss alone."""
    passes, seen, u, bend = watched(seed, steps=6)
    found = descended(passes, 1.1 * u, torch.linalg.inv(bend) * 0.9)
    assert (len(seen), seen.count(True)) == (found.passes, 1)


def test_a_start_that_is_the_minimum():
    table, frame, family, of = made()
    u = frame.start(torch.zeros(1, dtype=F64))
    for _ in range(8):
        sums = of.at(u)
        u = u - torch.linalg.solve(sums.bend, sums.slope)
    found = descended(Passes(table, frame, family, None), u, torch.linalg.inv(sums.bend))
    assert found.passes == 1
    assert found.value == pytest.approx(sums.value, rel=1e-13)


def test_what_does_not_come_nearer():
    table, frame, family, of = made()
    passes = Passes(table, frame, family, None)
    u = frame.start(torch.zeros(1, dtype=F64))
    B = torch.linalg.inv(of.at(u).bend)
    assert descended(passes, u, -100 * B) is None
    assert descended(passes, u, 1e-9 * torch.zeros_like(B)) is None
    assert descended(passes, u * torch.nan, B) is None


def test_the_update():
    """B y is s afterwards, and B stays symmetric with all eigenvalues above 0."""
    g = gen()
    A, H = torch.randn(4, 4, generator=g, dtype=F64), torch.randn(4, 4, generator=g, dtype=F64)
    B, H = A @ A.T + torch.eye(4, dtype=F64), H @ H.T + torch.eye(4, dtype=F64)
    s = torch.randn(4, generator=g, dtype=F64)
    new = _mended(B, s, H @ s)
    torch.testing.assert_close(new @ (H @ s), s)
    torch.testing.assert_close(new, new.T)
    assert float(torch.linalg.eigvalsh(new)[0]) > 0
    assert torch.equal(_mended(B, s, -s), B)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize(("kind", "copies"), [("plain", 1), ("float32", 2), ("far", 2)])
def test_a_block_is_no_larger_than_the_cache(kind, copies, classes, monkeypatch):
    """Its rows, their copy if they are moved, and eight numbers of each row and class."""
    table, frame, family, _ = made(0, kind, classes, 20_000)
    sizes, run = [], Passes._run

    def seen(self, part, *rest):
        sizes.append(len(part.t))
        return run(self, part, *rest)

    monkeypatch.setattr(Passes, "_run", seen)
    monkeypatch.setattr(class_passes, "BLOCK_BYTES", 1 << 19)
    share = torch.full((classes,), 1 / classes, dtype=F64)
    Passes(table, frame, family, None).slope(frame.start(family.prior(share)), True)
    row = 8 * (copies * 5 + 8 * family.free)
    assert max(sizes) * row <= 1 << 19 < (max(sizes) + 1) * row
    assert sum(sizes) == 20_000
