"""Correct digits on the eleven certified problems of linear least squares, for every solver.

Two references. The exact solution of the stored float64 matrix says how good a solver is. The certified
values belong to the decimal data, and rounding x^k to float64 has moved the answer before a solver
starts: on Filip to 7.7 digits.
"""

import math
from fractions import Fraction
from functools import cache

import pytest
import torch
from problems import EPS, METHODS, certified, exact, nist

import linreg
from linreg import Status

NAMES = ("Norris", "Pontius", "NoInt1", "NoInt2", "Filip", "Longley", *(f"Wampler{i}" for i in range(1, 6)))

# Digits of the worst coefficient against the exact solution of the stored matrix: what was measured, less
# one, which the order of the rows and the build of the linear algebra library decide.
DIGITS = {
    #            cholesky, qr, svd, solve
    "Norris": (11.5, 11.3, 11.3, 15.0),
    "Pontius": (10.4, 11.4, 11.4, 15.0),
    "NoInt1": (14.0, 14.0, 14.0, 15.0),
    "NoInt2": (14.0, 14.0, 14.0, 15.0),
    "Filip": (None, 6.4, 6.4, 15.0),
    "Longley": (11.0, 12.2, 12.2, 15.0),
    "Wampler1": (5.9, 8.7, 8.3, 15.0),
    "Wampler2": (8.4, 11.5, 11.5, 15.0),
    "Wampler3": (5.6, 8.6, 8.5, 15.0),
    "Wampler4": (5.6, 7.1, 7.1, 15.0),
    "Wampler5": (5.1, 5.1, 5.1, 15.0),
}


@cache
def stored_answer(name: str) -> list[Fraction]:
    c = certified(name)
    return exact(c.X, c.y, c.intercept)


def estimates(fit: linreg.Fit, intercept: bool) -> list[float]:
    return [float(fit.b)] * intercept + fit.w.tolist()


def digits(found: list[float], truth: list[Fraction]) -> float:
    """Correct digits of the worst coefficient, at most the 16 that a float64 holds."""
    wrong = max(abs((Fraction(a) - e) / e) for a, e in zip(found, truth, strict=True))
    return min(16.0, -math.log10(wrong)) if wrong else 16.0


def bound(name: str, normal: bool) -> list[float]:
    """What theory allows as relative error of each coefficient, for columns scaled to length 1.

    With v the solution in those coordinates its error is of the order of eps (kappa |v| + kappa^2 |r|)
    (Wedin), and of eps kappa^2 |v| from X'X; `d` stands for the modest function of d. The intercept is
    mean(y) - mean(X) w and inherits the errors of w.
    """
    c = certified(name)
    d = c.X.shape[1]
    mean = c.X.mean(0) if c.intercept else torch.zeros(d, dtype=torch.float64)
    scale = (c.X - mean).norm(dim=0)
    kappa = float(torch.linalg.cond((c.X - mean) / scale))
    truth = torch.tensor([float(e) for e in stored_answer(name)], dtype=torch.float64)
    w = truth[c.intercept :]
    r = c.y - c.X @ w - (truth[0] if c.intercept else 0)
    v = w * scale
    v_error = 4 * d * EPS * float((kappa + (kappa**2 if normal else 0)) * v.norm() + kappa**2 * r.norm())
    # The entries, and so a column after centring, are known to eps of their size before it.
    v_error += 4 * EPS * kappa * float(((c.X.norm(dim=0) / scale) * v.abs()).sum())
    errors = v_error / scale
    relative = (errors / w.abs()).tolist()
    if c.intercept:
        b_error = (mean.abs() * errors).sum() + 4 * EPS * ((mean * w).abs().sum() + c.y.mean().abs())
        relative.insert(0, float(b_error / truth[0].abs()))
    return relative


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", METHODS)
def test_digits(method, name):
    c = certified(name)
    fit = METHODS[method](c.X, c.y, intercept=c.intercept)
    wanted = DIGITS[name][list(METHODS).index(method)]
    if wanted is None:  # kappa^2 eps = 3e3: X'X has no digit left, and the method says so
        assert fit.status is Status.RANK_DEFICIENT
        return
    assert fit.status is Status.OK
    found = estimates(fit, c.intercept)
    assert digits(found, stored_answer(name)) >= wanted
    for a, e, allowed in zip(found, stored_answer(name), bound(name, method == "cholesky"), strict=True):
        assert abs(Fraction(a) - e) <= allowed * abs(e)


@pytest.mark.parametrize("name", NAMES)
def test_certified_values(name):
    """As good as the decimal data allow once they are stored, or as the solver is, whichever is worse."""
    c = certified(name)
    truth = [Fraction(v) for v in nist()[name]["certified"]["estimate"]]
    fit = linreg.solve(c.X, c.y, intercept=c.intercept)
    ceiling = digits([float(e) for e in stored_answer(name)], truth)
    wanted = min(ceiling, DIGITS[name][-1]) - 0.3
    assert digits(estimates(fit, c.intercept), truth) >= wanted


@pytest.mark.parametrize("name", NAMES)
def test_certified_residual_deviation(name):
    c = certified(name)
    fit = linreg.solve(c.X, c.y, intercept=c.intercept)
    freedom = nist()[name]["df_residual"]
    deviation = math.sqrt(2 * len(c.y) * float(fit.loss) / freedom)
    # The residual is backward stable: its error is eps times the data, whatever the condition number.
    assert abs(deviation - c.sd_residual) <= 100 * EPS * float(c.y.norm()) + 1e-7 * c.sd_residual


def test_filip_is_limited_by_its_storage():
    truth = [Fraction(v) for v in nist()["Filip"]["certified"]["estimate"]]
    ceiling = digits([float(e) for e in stored_answer("Filip")], truth)
    assert 7.4 < ceiling < 7.8


@pytest.mark.parametrize("name", ["NoInt1", "NoInt2", "Wampler1", "Wampler3", "Wampler4", "Wampler5"])
def test_the_exact_solution_of_integer_data(name):
    """Float64 holds these data exactly, so the rational solver must give the published answer."""
    truth = [Fraction(v) for v in nist()[name]["exact50"]["estimate"]]
    assert digits([float(e) for e in stored_answer(name)], truth) > 15


@pytest.mark.parametrize("name", ["Norris", "NoInt1", "NoInt2"])
def test_descent_gets_there_too(name):
    """Standardise, descend at the best rate, map back."""
    c = certified(name)
    mean = c.X.mean(0) if c.intercept else torch.zeros(c.X.shape[1], dtype=torch.float64)
    scale = c.X.std(0)
    Z = (c.X - mean) / scale
    rate = linreg.curvature(Z, intercept=c.intercept).best_rate
    fit = linreg.gradient_descent(Z, c.y, lr=rate, steps=100, tol=1e-22, intercept=c.intercept)
    assert fit.status is Status.OK
    w = fit.w / scale
    found = [float(fit.b - mean @ w)] * c.intercept + w.tolist()
    assert digits(found, stored_answer(name)) > 9
