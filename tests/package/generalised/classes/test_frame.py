"""Coordinates and weights: there and back, where a fit starts, and what a penalty is in coordinates."""

import pytest
import torch
from classified import drawn
from problems import gen

from linreg.generalised.classes.frame import Frame
from linreg.inference.fitted import fitted

F64 = torch.float64
BY = torch.tensor([1e-3, 1.0, 1e4, 2.0], dtype=F64)


def made(kind="plain", intercept=True, standardise=False):
    X, y = drawn(d=4)
    X = X * BY + 3 * BY
    if kind == "dependent":
        X = torch.column_stack((X, X[:, 0] / BY[0] + X[:, 2] / BY[2]))
    if kind == "tiny":
        X = X * torch.tensor([1e-140, 1.0, 1.0, 1e-142], dtype=F64)
    found = fitted(X, y, intercept=intercept)
    compared = (True,) if standardise else ()
    return Frame(found.p, found.design, found.unit, *compared), X, found.rows.X


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", ["plain", "dependent", "tiny"])
def test_weights_have_the_margins_of_the_coordinates(kind, intercept):
    frame, X, inside = made(kind, intercept)
    u = torch.randn(frame.design.unknowns, 2, generator=gen(), dtype=F64)
    W, b, text = frame.outside(u)
    torch.testing.assert_close(X @ W + b, frame.design.rows(inside) @ u, rtol=1e-9, atol=1e-9)
    assert bool(text) is (kind == "dependent")
    if not intercept:
        assert float(b.abs().max()) < 1e-12


@pytest.mark.parametrize("intercept", [True, False])
def test_a_start_is_the_same_in_all_rows(intercept):
    frame, X, _ = made(intercept=intercept)
    start = torch.tensor([0.7, -2.0], dtype=F64)
    margins = frame.design.rows(X) @ frame.start(start)
    torch.testing.assert_close(margins, (start * intercept).expand(300, 2))


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", ["plain", "dependent", "tiny"])
@pytest.mark.parametrize("graded", [True, False])
def test_a_penalty_is_the_squared_length_of_the_weights(graded, kind, intercept, standardise):
    frame, X, inside = made(kind, intercept, standardise)
    if graded:
        Z, frame = frame.design.rows(inside), frame.graded()
        turned = frame.design.rows(inside)  # the same margins, by as many numbers of the same size
        torch.testing.assert_close(turned @ turned.T, Z @ Z.T, rtol=0, atol=1e-12)
    u = torch.randn(frame.design.unknowns, 1, generator=gen(), dtype=F64)
    W, _, _ = frame.outside(u)
    if standardise:
        centre = X.mean(0) if intercept else torch.zeros_like(X[0])
        largest = (X - centre).abs().amax(0)
        deviations = largest * ((X - centre) / largest).square().mean(0).sqrt()
        torch.testing.assert_close(frame.deviations(), deviations, rtol=1e-10, atol=0)
        W = W * deviations.unsqueeze(1)
    elif kind == "tiny":
        assert float(W.abs().max()) > 1e138
    assert float(u.T @ frame.penalty() @ u) == pytest.approx(float(W.square().sum()), rel=1e-8)
