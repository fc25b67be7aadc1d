"""Softmax regression: its equation, peers, its gauge, and how it meets logistic regression."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from classified import drawn, one_hot
from problems import gen, unchanged
from sklearn.linear_model import LogisticRegression

import linreg
from linreg import Status, logistic, softmax

F64 = torch.float64


def left(X, y, fit, c=None, alpha=0.0):
    """The slope of the objective, its definition: X'(P - T) / n, and alpha W."""
    c = torch.ones_like(y) if c is None else c
    R = c.unsqueeze(1) * (fit.probabilities(X) - one_hot(y)) / c.sum()
    return float(torch.cat((X.T @ R + alpha * fit.w, R.sum(0, keepdim=True))).abs().max())


@pytest.mark.parametrize("K", [2, 3, 5])
@pytest.mark.parametrize("alpha", [0.0, 1e-2, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_slope_is_zero_in_the_symmetric_gauge(K, alpha, weighted):
    X, y = drawn(K, classes=K, d=6)
    c = torch.rand(300, generator=gen(K), dtype=F64) if weighted else None
    fit = softmax(X, y, alpha=alpha, weights=c)
    assert type(fit) is linreg.SoftmaxFit
    assert (fit.status, fit.method, fit.alpha) == (Status.OK, "softmax", alpha)
    assert (fit.w.shape, fit.b.shape) == ((6, K), (K,))
    assert left(X, y, fit, c, alpha) < 1e-14
    assert float(fit.w.sum(1).abs().max()) < 1e-14
    assert abs(float(fit.b.sum())) < 1e-14
    assert fit.steps <= 9
    c = torch.ones(300, dtype=F64) if c is None else c
    loss = torch.nn.functional.cross_entropy(fit.margins(X), y.long(), reduction="none")
    assert float(fit.loss) == pytest.approx(float(c @ loss / c.sum()), rel=1e-13)


def test_the_slope_is_that_of_autograd():
    X, y = drawn(classes=4, d=6)
    W = torch.randn(6, 4, generator=gen(), dtype=F64).requires_grad_()
    (slope,) = torch.autograd.grad(torch.nn.functional.cross_entropy(X @ W, y.long()), W)
    with torch.no_grad():
        P = (X @ W).softmax(1)
        torch.testing.assert_close(slope, X.T @ (P - one_hot(y)) / 300, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("K", [3, 4])
def test_statsmodels_to_ten_digits(seed, K):
    """Its class 0 has weights of 0: differences of classes are what both have."""
    X, y = drawn(seed, classes=K, d=5)
    fit = softmax(X, y)
    peer = sm.MNLogit(y.numpy(), sm.add_constant(X.numpy())).fit(disp=0, method="newton", tol=1e-14)
    found = torch.vstack((fit.b, fit.w))
    np.testing.assert_allclose((found[:, 1:] - found[:, :1]).numpy(), peer.params, rtol=1e-10, atol=1e-12)
    assert float(fit.loss) == pytest.approx(-peer.llf / 300, rel=1e-13)


@pytest.mark.parametrize("alpha", [1e-2, 1.0])
@pytest.mark.parametrize("K", [3, 5])
def test_scikit_learns_C_is_one_over_n_alpha(K, alpha):
    X, y = drawn(classes=K, d=5)
    fit = softmax(X, y, alpha=alpha)
    peer = LogisticRegression(C=1 / (300 * alpha), solver="newton-cholesky", tol=1e-12).fit(
        X.numpy(), y.numpy()
    )
    np.testing.assert_allclose(fit.w.numpy(), peer.coef_.T, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose((fit.b - fit.b[0]).numpy(), peer.intercept_ - peer.intercept_[0], rtol=1e-8)
    assert np.array_equal(fit.predict(X).numpy(), peer.predict(X.numpy()))


@pytest.mark.parametrize("alpha", [0.0, 0.2])
def test_two_classes_are_those_of_logistic(alpha):
    """With half the penalty: |w_0|^2 + |w_1|^2 is half of |w_1 - w_0|^2 in the symmetric gauge."""
    X, y = drawn(d=5)
    two, one = softmax(X, y, alpha=alpha), logistic(X, y, alpha=alpha / 2)
    torch.testing.assert_close(two.w[:, 1] - two.w[:, 0], one.w, rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(two.b[1] - two.b[0], one.b, rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(two.probabilities(X)[:, 1], one.probabilities(X), rtol=1e-11, atol=0)


def test_class_weights_as_cross_entropy_has_them():
    X, y = drawn(classes=3, d=5)
    weight = torch.tensor([0.5, 3.0, 1.0], dtype=F64)
    fit = softmax(X, y, class_weights=weight)
    assert float(fit.loss) == pytest.approx(
        float(torch.nn.CrossEntropyLoss(weight=weight)(fit.margins(X), y.long()))
    )
    assert torch.equal(fit.w, softmax(X, y, weights=weight[y.long()]).w)


def test_names_of_classes_do_not_matter():
    X, y = drawn(classes=4, d=5)
    order = torch.tensor([2, 0, 3, 1])
    fit, other = softmax(X, y, alpha=0.1), softmax(X, order[y.long()].to(F64), alpha=0.1)
    torch.testing.assert_close(other.w[:, order], fit.w, rtol=1e-10, atol=1e-13)


def test_dependent_columns():
    X, y = drawn(classes=3, d=4)
    Z = torch.column_stack((X, X[:, 0] - 2 * X[:, 1]))
    fit = softmax(Z, y)
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 4)
    null = torch.tensor([1.0, -2.0, 0.0, 0.0, -1.0], dtype=F64)
    assert float((null @ fit.w).abs().max()) < 1e-12
    torch.testing.assert_close(fit.margins(Z), softmax(X, y).margins(X), rtol=1e-9, atol=1e-11)
    held = softmax(Z, y, alpha=0.1)
    assert held.status == Status.OK
    assert left(Z, y, held, alpha=0.1) < 1e-13


def test_without_an_intercept_and_standardised():
    X, y = drawn(classes=3, d=4)
    fit = softmax(X * 10, y, intercept=False, alpha=0.1, standardise=True)
    s = (X * 10).square().mean(0).sqrt()  # about 0: there is no mean to take off
    R = (fit.probabilities(X * 10) - one_hot(y)) / 300
    assert float(((X * 10).T @ R + 0.1 * s.square().unsqueeze(1) * fit.w).abs().max()) < 1e-13
    assert float(fit.b.abs().max()) == 0


def test_predictions_and_a_layer():
    X, y = drawn(classes=3, d=4)
    fit = softmax(X, y)
    chances = fit.probabilities(X)
    torch.testing.assert_close(chances.sum(1), torch.ones(300, dtype=F64))
    assert torch.equal(fit.predict(X), chances.argmax(1).to(F64))
    layer = fit.to_linear()
    assert (layer.in_features, layer.out_features) == (4, 3)
    torch.testing.assert_close(layer(X).detach(), fit.margins(X))
    assert layer.weight.requires_grad
    assert repr(fit) == "SoftmaxFit(d=4, K=3, status='ok', method='softmax')"
    parted = softmax(X, (X[:, 0] > 0).to(F64) + (X[:, 0] > 1).to(F64))
    assert parted.status == Status.SEPARATED
    for predicted in (parted.margins(X), parted.probabilities(X), parted.predict(X)):
        assert bool(predicted.isnan().all())


def test_a_class_without_weights_leaves_no_likeliest():
    X, y = drawn(classes=3, d=4)
    fit = softmax(X, y)
    for part in ("w", "b"):
        some = getattr(fit, part).clone()
        some[..., 1] = torch.nan
        assert bool(replace(fit, **{part: some}).predict(X).isnan().all())


def test_float32():
    X, y = drawn(classes=3, d=4)
    fit = softmax(X.float(), y.float())
    assert fit.w.dtype == fit.b.dtype == fit.loss.dtype == torch.float32
    assert torch.equal(fit.w, softmax(X.float().double(), y).w.float())
    assert softmax((X * 2.0**-130).float(), y.float()).status == Status.OUT_OF_RANGE


def test_steps_that_run_out():
    X, y = drawn(classes=3, d=4)
    fit = softmax(X, y, steps=1)
    assert fit.status == Status.NOT_CONVERGED
    assert "After 1 step it still moves." in fit.message
    with unchanged(X, y):
        softmax(X, y, class_weights="balanced")


@pytest.mark.parametrize("ask", ["margins", "probabilities", "predict"])
def test_rows_of_another_kind_are_told(ask):
    X, y = drawn(3, classes=3, d=6)
    of_rows = getattr(softmax(X, y), ask)
    for wrong in (X[:, :5], X[0]):
        with pytest.raises(linreg.ShapeError):
            of_rows(wrong)
    with pytest.raises(linreg.DtypeError):
        of_rows(X.float())


def test_a_layer_made_in_inference_mode_can_be_trained():
    X, y = drawn(classes=3, d=3)
    fit = softmax(X, y, alpha=0.1)
    with torch.inference_mode():
        layer = fit.to_linear()
    torch.nn.functional.cross_entropy(layer(X), y.long()).backward()
    torch.testing.assert_close(layer.weight.grad, -0.1 * fit.w.T)  # at the minimum of both
