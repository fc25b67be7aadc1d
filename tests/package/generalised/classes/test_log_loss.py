"""The log-loss of single rows: against PyTorch and its autograd, and far out, where others lose digits."""

import math

import pytest
import torch
from problems import gen

from linreg.generalised.classes.log_loss import Binary, Multinomial

F64, CPU = torch.float64, torch.device("cpu")


def logits(K, n=40, size=2.0):
    g = gen(K)
    M = size * torch.randn(n, 1 if K == 2 else K - 1, generator=g, dtype=F64)
    return M, torch.randint(0, K, (n,), generator=g).to(F64)


def family(K):
    return Binary() if K == 2 else Multinomial(K, CPU)


def by_torch(K, M, t):
    """The sum of the losses, as PyTorch has it."""
    if K == 2:
        return torch.nn.functional.binary_cross_entropy_with_logits(M[:, 0], t, reduction="sum")
    return torch.nn.functional.cross_entropy(M @ Multinomial(K, CPU).Q.T, t.long(), reduction="sum")


@pytest.mark.parametrize("K", [2, 3, 4, 7])
def test_value_slope_and_bend_are_those_of_autograd(K):
    M, t = logits(K)
    rows = family(K).rows(M, t)
    M = M.requires_grad_()
    whole = by_torch(K, M, t)
    torch.testing.assert_close(rows.value.sum(), whole.detach(), rtol=1e-14, atol=0)
    (slope,) = torch.autograd.grad(whole, M, create_graph=True)
    torch.testing.assert_close(rows.slope, slope.detach(), rtol=1e-13, atol=1e-15)
    for a in range(M.shape[1]):
        (bend,) = torch.autograd.grad(slope[:, a].sum(), M, retain_graph=True)
        torch.testing.assert_close(rows.bend[:, a], bend, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("K", [2, 3, 5])
def test_sums_over_the_other_classes(K):
    """Of chances and of a_k: what a row costs, pulls and bends by."""
    M, t = logits(K)
    of = family(K)
    others, rows = of.others(M, t), of.rows(M, t)
    torch.testing.assert_close(-torch.log1p(-others.sum(1)), of.value(M, t), rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(of.value(M, t), rows.value, rtol=1e-13, atol=0)
    torch.testing.assert_close(of.pull(others, t), rows.slope)
    own = rows.slope.unsqueeze(2) * rows.slope.unsqueeze(1)
    torch.testing.assert_close(of.pairs(others, t) - own, rows.bend)


@pytest.mark.parametrize("K", [2, 3, 5])
def test_residuals_are_slopes(K):
    """They may take the place of the margins."""
    M, t = logits(K)
    slope = family(K).rows(M, t).slope
    torch.testing.assert_close(family(K).residuals(M.clone(), t), slope, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("K", [2, 3, 5])
def test_odds_and_their_slopes_are_those_of_autograd(K):
    M, _ = logits(K)
    M = M.requires_grad_()
    scores = family(K).scores(M)
    chances = torch.sigmoid(scores) if K == 2 else scores.softmax(1)
    log_odds = torch.logit(chances)
    found = family(K).odds(M)
    torch.testing.assert_close(found[0], chances)
    torch.testing.assert_close(found[1], log_odds, rtol=1e-11, atol=1e-13)
    for k in range(chances.shape[1]):
        (slope,) = torch.autograd.grad(log_odds[:, k].sum(), M, retain_graph=True)
        torch.testing.assert_close(found[2][:, k], slope, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("K", [2, 3, 5])
def test_gaps_are_differences_of_scores(K):
    M, t = logits(K)
    gaps = family(K).gaps(M, t)
    if K == 2:
        assert torch.equal(gaps[:, 0], torch.where(t == 1, M[:, 0], -M[:, 0]))
        return
    scores = family(K).scores(M)
    for i in range(len(t)):
        own = int(t[i])
        assert gaps[i, own] == math.inf
        others = [k for k in range(K) if k != own]
        torch.testing.assert_close(gaps[i, others], scores[i, own] - scores[i, others])


@pytest.mark.parametrize("K", [3, 4, 9])
def test_the_gauge(K):
    """Orthonormal columns, each of which adds up to 0: scores of a row add up to 0 whatever the margins."""
    Q = Multinomial(K, CPU).Q
    torch.testing.assert_close(Q.T @ Q, torch.eye(K - 1, dtype=F64), rtol=0, atol=1e-14)
    assert float(Q.sum(0).abs().max()) < 1e-14
    M, _ = logits(K)
    assert float(Multinomial(K, CPU).scores(M).sum(1).abs().max()) < 1e-13
    assert float(Multinomial(K, CPU).a.square().sum(2).max()) == pytest.approx(Multinomial.steep**2)


@pytest.mark.parametrize("margin", [40.0, 100.0, 700.0])
def test_a_row_far_on_its_own_side_keeps_its_digits(margin):
    """1 - p is 0 there; the chance of the other class is not."""
    tail = math.exp(-margin)
    two = Binary().rows(torch.tensor([[margin], [-margin]], dtype=F64), torch.tensor([1.0, 0.0]))
    for part in (two.value, two.slope[:, 0] * torch.tensor([-1.0, 1.0]), two.bend[:, 0, 0]):
        torch.testing.assert_close(part, torch.full_like(part, tail), rtol=1e-13, atol=0)
    three = Multinomial(3, CPU)
    scores = torch.tensor([[margin, 0.0, -9.0]], dtype=F64)
    M = (scores - scores.mean()) @ three.Q
    slope = three.rows(M, torch.zeros(1)).slope
    expected = tail * (three.Q[1] - three.Q[0]) + tail * math.exp(-9.0) * (three.Q[2] - three.Q[0])
    torch.testing.assert_close(slope[0], expected, rtol=1e-11, atol=0)


def test_a_row_far_on_the_other_side():
    rows = Binary().rows(torch.tensor([[-800.0]], dtype=F64), torch.ones(1))
    assert float(rows.value) == 800
    assert float(rows.slope) == -1
    assert float(rows.bend) == 0


@pytest.mark.parametrize("K", [2, 3, 5])
def test_margins_of_a_prior(K):
    share = torch.rand(K, generator=gen(1), dtype=F64) + 0.1
    share /= share.sum()
    scores = family(K).scores(family(K).prior(share))
    chances = torch.sigmoid(scores) if K == 2 else scores.softmax(0)
    torch.testing.assert_close(chances, share[1:] if K == 2 else share)
