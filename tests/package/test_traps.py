"""Small data on which spreadsheets, engines and libraries go wrong, most of them silently.

Two columns that say the same without an intercept, a constant column beside an intercept, and an R2 that is
better than the best possible. The answers are worked out here by hand; every way has to give them.
"""

import re

import pytest
import torch
from problems import EPS, gen
from torch import Tensor

import linreg
from linreg import Fit, Statistics, Status


def from_sums(X: Tensor, y: Tensor, *, intercept: bool = True) -> Fit:
    return linreg.solve_statistics(Statistics.of(X, y), intercept=intercept)


def from_merged_sums(X: Tensor, y: Tensor, *, intercept: bool = True) -> Fit:
    sums = Statistics.of(X[::2], y[::2]) + Statistics.of(X[1::2], y[1::2])
    return linreg.solve_statistics(sums, intercept=intercept)


def from_a_stream(X: Tensor, y: Tensor, *, intercept: bool = True) -> Fit:
    return linreg.fit_stream(zip(X.split(7), y.split(7), strict=True), intercept=intercept)


WAYS = {
    "solve": linreg.solve,
    "svd": linreg.svd,
    "sums": from_sums,
    "merged sums": from_merged_sums,
    "stream": from_a_stream,
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())


@every_way
@pytest.mark.parametrize("factor", [1.0, 1 / 3], ids=["x", "a third of x"])
@pytest.mark.parametrize("seed", range(15))
def test_a_column_twice_without_intercept(way, factor: float, seed: int) -> None:
    """Most programs that answer [1, x, x] well give weights of 1e14 here.

    With x2 = f x1 only w1 + f w2 counts. It is x'y / x'x, and the shortest such w is in proportion to (1, f).
    """
    x = 3 * torch.sin(torch.arange(30.0, dtype=torch.float64))
    y = x + 0.5 * torch.randn(30, generator=gen(seed), dtype=torch.float64)
    direction = torch.tensor([1.0, factor], dtype=torch.float64)
    fit = way(x.unsqueeze(1) * direction, y, intercept=False)
    expected = (x @ y) / (x @ x) * direction / (direction @ direction)
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 1)
    # one well-conditioned direction: a few roundings of 30 terms
    torch.testing.assert_close(fit.w, expected, rtol=100 * EPS, atol=0)


@every_way
@pytest.mark.parametrize("constant", [0.1, 1.0])
def test_a_constant_feature_beside_an_intercept(way, constant: float) -> None:
    """It adds nothing: the shortest answer gives it the weight 0 and leaves the intercept alone."""
    x = torch.arange(1.0, 51.0, dtype=torch.float64)
    y = 2 * x + 1 + torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64).repeat(17)[:50]
    fit = way(torch.stack((x, torch.full_like(x, constant)), dim=1), y)
    alone = linreg.solve(x.unsqueeze(1), y)
    assert (fit.status, fit.rank) == (Status.RANK_DEFICIENT, 1)
    torch.testing.assert_close(
        fit.w, torch.stack((alone.w[0], alone.w.new_zeros(()))), rtol=1e-13, atol=1e-13
    )
    torch.testing.assert_close(fit.b, alone.b, rtol=1e-12, atol=0)  # a difference of means of 50


@every_way
@pytest.mark.parametrize("constant", [0.1, 1.0])
def test_a_constant_feature_in_the_place_of_the_intercept(way, constant: float) -> None:
    """Without an intercept it is one: engines that centre all the same give it 0."""
    x = torch.arange(1.0, 51.0, dtype=torch.float64)
    fit = way(torch.stack((x, torch.full_like(x, constant)), dim=1), 2 * x + 7, intercept=False)
    expected = torch.tensor([2.0, 7 / constant], dtype=torch.float64)
    assert fit.status is Status.OK
    # sums square the condition number, 4 here after scaling, and lose a digit or two
    torch.testing.assert_close(fit.w, expected, rtol=1e-13, atol=0)


@every_way
def test_a_line_through_zero(way) -> None:
    """NoInt1 of the certified problems: x = 60..70, y = 130..140. H2O fits an intercept all the same."""
    x = torch.arange(60.0, 71.0, dtype=torch.float64)
    y = x + 70
    fit = way(x.unsqueeze(1), y, intercept=False)
    assert fit.b == 0
    # 11 x 65 x 135 + 110 over 11 x 65^2 + 110, whole numbers both
    assert float(fit.w[0]) == pytest.approx(96635 / 46585, rel=4 * EPS)


@every_way
@pytest.mark.parametrize("factor", [1.0, 1 / 3, 1 + 1e-9])
def test_r2_is_never_above_the_best_possible(way, factor: float) -> None:
    """R2 from residuals cannot exceed that of the single column which spans the same."""
    x = torch.arange(1.0, 51.0, dtype=torch.float64)
    y = 2 * x + 1 + torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64).repeat(17)[:50]
    best = linreg.r2(linreg.solve(x.unsqueeze(1), y).predict(x.unsqueeze(1)), y)
    X = torch.stack((x, factor * x), dim=1)
    found = linreg.r2(way(X, y).predict(X), y)
    assert best == pytest.approx(0.9992096, abs=1e-7)
    assert best - 1e-12 < found < best + 1e-12


def test_a_moving_window_of_columns_far_from_zero():
    """Means of products less products of means have a correlation of 1.25 there."""
    x = torch.randn(200, 1, generator=gen(), dtype=torch.float64)
    y = 1e8 + 2 * x[:, 0] + 0.1 * torch.randn(200, generator=gen(1), dtype=torch.float64)
    x += 1e8
    parts = [Statistics.of(*rows) for rows in zip(x.split(10), y.split(10), strict=True)]
    sums = sum(parts[1:6], parts[0])
    for new, old in zip(parts[6:], parts, strict=False):
        sums = sums + new - old
    assert sums.n == 60
    fit, best = linreg.solve_statistics(sums), linreg.solve(x[-60:], y[-60:])
    told = re.search(r"leaves (\d+) digits", fit.message)
    assert abs(float(fit.w / best.w) - 1) < 10.0 ** -int(told[1]) <= 1e-9
