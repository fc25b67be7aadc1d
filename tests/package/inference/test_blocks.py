"""The influence of rows on a fit whose sums are at hand, block after block: that of all rows at once."""

import pytest
import torch
from inferences import ordinary
from problems import built, gen

import linreg
from linreg import DataError, ShapeError, Statistics, Status, influence, influence_statistics

F64 = torch.float64
NUMBERS = ("leverage", "residuals", "internal", "external", "cook", "dffits", "press")


def by_blocks(X, y, rows=37, weights=None, **how):
    """All blocks, from the sums of all rows."""
    kind = {"frequency": True} if how.get("frequency") else {}
    sums = Statistics.of(X, y, weights=weights, **kind)
    parts = [slice(i, i + rows) for i in range(0, len(X), rows)]
    return [
        influence_statistics(sums, X[p], y[p], weights=None if weights is None else weights[p], **how)
        for p in parts
    ]


def joined(blocks, name):
    return torch.cat([getattr(block, name) for block in blocks])


def same(blocks, whole, rtol=1e-10):
    for name in NUMBERS:
        expected = getattr(whole, name)
        size = float(expected[~expected.isnan()].abs().max())
        torch.testing.assert_close(
            joined(blocks, name), expected, rtol=rtol, atol=1e-12 * size, equal_nan=True, msg=name
        )


def test_sums_that_began_elsewhere():
    """The first rows, about whose mean they are, lie far from the others."""
    X, y = ordinary(300, 3, 0)
    y = y + 40 * (torch.arange(300) // 100)
    sums = Statistics.of(X[:50], y[:50])
    sums.update(X[50:], y[50:])
    same([influence_statistics(sums, X, y)], influence(X, y))


@pytest.mark.parametrize("kind", ["plain", "precisions", "frequency"])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("n", "d", "seed"), [(40, 3, 0), (300, 20, 1), (300, 20, 2)])
def test_block_by_block(n, d, seed, intercept, kind):
    X, y = ordinary(n, d, seed)
    how = {"intercept": intercept}
    if kind == "precisions":
        how["weights"] = torch.rand(n, generator=gen(seed), dtype=F64)
        how["weights"][3] = 0
    if kind == "frequency":
        how["weights"] = torch.randint(0, 4, (n,), generator=gen(seed)).double()
        how["frequency"] = True
    blocks, whole = by_blocks(X, y, **how), influence(X, y, **how)
    same(blocks, whole)
    for block in blocks:
        assert (block.n, block.df, block.status) == (whole.n, whole.df, Status.OK)
        assert block.s == pytest.approx(whole.s, rel=1e-11)
        assert block.message.startswith(f"From sums of {whole.n} rows, which leave 1")
    c = how.get("weights", torch.ones(n, dtype=F64))
    shares = torch.stack([part.sum() for part in c.split(37)])
    loss = torch.stack([block.loss for block in blocks]) @ (shares / shares.sum())
    assert float(loss) == pytest.approx(float(whole.loss), rel=1e-11)


def test_a_row_of_leverage_one_is_one_from_sums_too():
    X, y = ordinary(60, 4, 0)
    X = torch.column_stack((X, torch.eye(60, dtype=F64)[5]))
    blocks, whole = by_blocks(X, y), influence(X, y)
    assert joined(blocks, "leverage")[5] == 1
    assert joined(blocks, "residuals")[5] == 0
    same(blocks, whole, rtol=1e-9)
    assert [block.status for block in blocks] == [Status.NO_NOISE, Status.OK]
    assert "leverage 1" in blocks[0].message


def test_dependent_columns():
    X, y = ordinary(80, 4, 3)
    X = torch.column_stack((X, X[:, 0] + X[:, 1]))
    blocks, whole = by_blocks(X, y), influence(X, y)
    same(blocks, whole, rtol=1e-8)
    assert all(block.status == Status.RANK_DEFICIENT for block in blocks)


@pytest.mark.parametrize("size", [1e-170, 1e160])
def test_in_any_units(size):
    X, y = ordinary(80, 4, 3)
    blocks, whole = by_blocks(X * size, y * size), influence(X, y)
    close = {"rtol": 1e-9, "atol": 0.0}
    torch.testing.assert_close(joined(blocks, "cook"), whole.cook, **close)
    torch.testing.assert_close(joined(blocks, "press") / size, whole.press, **close)


def test_the_digits_that_sums_leave_are_there():
    """At a condition number of 1e5 ten of sixteen are lost."""
    for seed in range(3):
        X = built(200, 6, 1e5, seed=seed).X
        y = X.sum(1) + torch.randn(200, generator=gen(seed), dtype=F64)
        blocks, whole = by_blocks(X, y), influence(X, y)
        digits = int(blocks[0].message.split("leave ")[1].split()[0])
        assert 2 <= digits <= 8
        off = (joined(blocks, "leverage") - whole.leverage).abs().max()
        assert off < 10.0 ** (1 - digits)


def test_a_perfect_fit_leaves_nothing_to_compare():
    X, _ = ordinary(50, 3, 0)
    (block,) = by_blocks(X, X.sum(1) + 1, rows=50)
    assert block.status == Status.NO_NOISE
    assert bool(block.cook.isnan().all())
    assert bool((block.residuals.abs() < 1e-11).all())


def test_rows_that_do_not_count_alone():
    X, y = ordinary(50, 3, 0)
    c = torch.ones(50, dtype=F64)
    c[:5] = 0
    block = by_blocks(X, y, rows=5, weights=c)[0]
    fit = linreg.solve(X[5:], y[5:])
    assert bool((block.leverage == 0).all())
    torch.testing.assert_close(block.press, y[:5] - fit.predict(X[:5]))


def test_other_columns_than_those_of_the_sums():
    X, y = ordinary(50, 3, 0)
    sums = Statistics.of(X, y)
    with pytest.raises(ShapeError, match="must have the 3 columns of the sums, but has 2"):
        influence_statistics(sums, X[:, :2], y)
    with pytest.raises(DataError):
        influence_statistics(Statistics(3), X, y)
