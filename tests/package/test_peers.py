"""The same answers as scikit-learn and statsmodels, where they are right."""

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from problems import METHODS, built, gen
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from statsmodels.graphics.regressionplots import plot_partregress

import linreg

DATA = {
    "simulated": lambda: linreg.simulate(generator=gen()),
    "correlated": lambda: linreg.simulate(500, (1.0, 2.0, 3.0), correlation=0.95, generator=gen(1)),
    "diabetes": lambda: linreg.load("diabetes")[:2],
    "longley": lambda: linreg.load("longley")[:2],
}
RTOL = {"simulated": 1e-12, "correlated": 1e-11, "diabetes": 1e-10, "longley": 1e-6}  # kappa times rounding


def close(ours: object, theirs: object, rtol: float) -> None:
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=rtol)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("method", METHODS)
def test_scikit_learn(method, name, intercept):
    X, y = DATA[name]()
    # its default tol=1e-6 drops columns of small scale
    peer = LinearRegression(fit_intercept=intercept, tol=0).fit(X.numpy(), y.numpy())
    fit = METHODS[method](X, y, intercept=intercept)
    close(fit.w, peer.coef_, RTOL[name])
    close(fit.b, peer.intercept_, RTOL[name])
    close(fit.predict(X), peer.predict(X.numpy()), 1e-9)
    assert linreg.r2(fit.predict(X), y) == pytest.approx(peer.score(X.numpy(), y.numpy()), rel=1e-9)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("method", METHODS)
def test_statsmodels(method, name):
    X, y = DATA[name]()
    peer = sm.OLS(y.numpy(), linreg.fold_bias(X).numpy()).fit(method="qr")
    fit = METHODS[method](X, y)
    close([fit.b, *fit.w], peer.params, RTOL[name])
    close(linreg.residuals(X, y, fit), peer.resid, 1e-6)
    assert 2 * len(y) * float(fit.loss) == pytest.approx(peer.ssr, rel=1e-9)
    assert linreg.r2(fit.predict(X), y) == pytest.approx(peer.rsquared, rel=1e-9)


def test_minimum_norm_of_numpy():
    """The same shortest answer for centred data, where the intercept is out of the way."""
    X = torch.randn(30, 4, generator=gen(), dtype=torch.float64)
    X = torch.column_stack((X, X[:, :2].sum(1)))
    X = X - X.mean(0)
    y = torch.randn(30, generator=gen(1), dtype=torch.float64)
    peer = np.linalg.lstsq(X.numpy(), y.numpy(), rcond=1e-12)
    fit = linreg.svd(X, y)
    close(fit.w, peer[0], 1e-10)
    assert fit.rank == peer[2]


def test_r2_of_scikit_learn():
    y, y_hat = torch.randn(2, 40, generator=gen(), dtype=torch.float64)
    assert linreg.r2(y_hat, y) == pytest.approx(r2_score(y.numpy(), y_hat.numpy()), rel=1e-12)


def test_added_variable_of_statsmodels():
    X, y = DATA["diabetes"]()
    others = np.delete(X.numpy(), 2, axis=1)
    _, (x_left, y_left) = plot_partregress(
        y.numpy(), X[:, 2].numpy(), sm.add_constant(others), ret_coords=True, obs_labels=False
    )
    ours = linreg.added_variable(X, y, 2)
    close(ours[0], x_left, 1e-8)
    close(ours[1], y_left, 1e-8)


def test_no_worse_than_scikit_learn_on_hard_problems():
    """Error of the built answer: ours at most ten times theirs, over all seeds and condition numbers."""
    ours, theirs = [], []
    for kappa in (1e2, 1e5, 1e8):
        for seed in range(5):
            p = built(kappa=kappa, seed=seed)
            peer = LinearRegression(tol=0).fit(p.X.numpy(), p.y.numpy()).coef_
            ours.append(float((linreg.solve(p.X, p.y).w - p.w).norm() / p.w.norm() / kappa))
            theirs.append(float(np.linalg.norm(peer - p.w.numpy()) / p.w.norm() / kappa))
    assert max(ours) <= 10 * max(theirs)


def test_torch_optim_takes_the_same_steps():
    X, y = DATA["simulated"]()
    model = torch.nn.Linear(2, 1, dtype=torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(50):
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(model(X).squeeze(1), y).backward()
        optimiser.step()
    fit = linreg.gradient_descent(X, y, lr=0.1, steps=50, tol=0, reduction="mean")
    torch.testing.assert_close(model.weight[0].detach(), fit.w, rtol=1e-13, atol=0)
    torch.testing.assert_close(model.bias[0].detach(), fit.b, rtol=1e-13, atol=0)
