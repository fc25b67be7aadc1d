"""Passes over the rows: sums by blocks, against one product of everything."""

import pytest
import torch
from problems import gen

from linreg.generalised.classes import likelihood
from linreg.generalised.classes.likelihood import Likelihood, Table, products
from linreg.generalised.classes.log_loss import Binary, Multinomial
from linreg.inference.fitted import fitted

F64 = torch.float64


def made(K, n=500, d=3, weighted=False, dtype=F64, intercept=True):
    g = gen(n + d)
    X = (torch.randn(n, d, generator=g, dtype=F64) * torch.tensor([1e-3, 1.0, 1e3])[:d] + 5).to(dtype)
    t = torch.randint(0, K, (n,), generator=g).to(dtype)
    C = torch.rand(n, generator=g, dtype=F64) + 0.1 if weighted else None
    design = fitted(X, t, intercept=intercept, weights=None if C is None else C.to(dtype)).design
    family = Binary() if K == 2 else Multinomial(K, X.device)
    u = torch.randn(design.unknowns, family.free, generator=g, dtype=F64) * 10
    return Likelihood(family, design, lambda: (Table(X, t, C),)), u, Table(X, t, C)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("K", [2, 4])
def test_sums_are_those_of_all_rows_at_once(K, weighted, dtype, intercept):
    of, u, rows = made(K, weighted=weighted, dtype=dtype, intercept=intercept)
    Z = of.design.rows(rows.X.double())
    each = of.family.rows(Z @ u, rows.t)
    c = torch.ones(500, dtype=F64) if rows.C is None else rows.C
    sums, q = of.at(u), Z.shape[1]
    assert sums.value == pytest.approx(float(c @ each.value), rel=1e-12)
    torch.testing.assert_close(sums.slope, Z.T @ (c.unsqueeze(1) * each.slope), rtol=1e-10, atol=1e-12)
    H = torch.einsum("i,ia,ib,ikl->akbl", c, Z, Z, each.bend).reshape(q * of.family.free, -1)
    torch.testing.assert_close(sums.bend, H, rtol=1e-9, atol=1e-12)
    assert torch.equal(sums.bend, sums.bend.T)
    assert sums.gap == pytest.approx(float(each.gaps.min()), rel=1e-10)
    assert sums.far == pytest.approx(float(Z.norm(dim=1).max()))
    assert sums.pull == pytest.approx(float(Z.norm(dim=1) @ (c * each.slope.norm(dim=1))))


def test_blocks_and_tables_add_up(monkeypatch):
    of, u, rows = made(3, weighted=True)
    whole = of.at(u)
    parts = [
        Table(rows.X[run], rows.t[run], rows.C[run]) for run in (slice(0, 7), slice(7, 300), slice(300, 500))
    ]
    cut = Likelihood(of.family, of.design, lambda: iter(parts))
    monkeypatch.setattr(likelihood, "BLOCK_BYTES", 16 * 8 * 50)
    for found in (cut.at(u), of.at(u), cut.at(u)):  # asked for again at each pass
        assert found.value == pytest.approx(whole.value, rel=1e-13)
        assert (found.gap, found.far) == (whole.gap, whole.far)
        torch.testing.assert_close(found.bend, whole.bend, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("K", [2, 3])
def test_rows_of_one_block_are_made_once(K, weighted, monkeypatch):
    """The same bits at each pass; more rows than a block are made again, and not kept."""
    of, u, rows = made(K, weighted=weighted)
    one = Likelihood(of.family, of.design, lambda: (rows,)).held(rows)
    asked = []
    monkeypatch.setattr(one, "_block", lambda *a: asked.append(a))
    for point in (u, u / 3):
        here, there = one.at(point), of.at(point)
        assert here[:4] == there[:4]
        assert torch.equal(here.slope, there.slope)
        assert torch.equal(here.bend, there.bend)
    assert not asked
    monkeypatch.setattr(likelihood, "BLOCK_BYTES", 16 * 8 * 50)
    assert Likelihood(of.family, of.design, lambda: (rows,)).held(rows).only is None


def test_products_of_pairs():
    g = gen()
    z, bend = torch.randn(30, 3, generator=g, dtype=F64), torch.randn(30, 2, 2, generator=g, dtype=F64)
    bend = bend + bend.transpose(1, 2)
    expected = torch.einsum("ia,ib,ikl->akbl", z, z, bend).flatten()
    torch.testing.assert_close(products(z, bend), expected)
