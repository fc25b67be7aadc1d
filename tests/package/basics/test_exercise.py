"""The ordinary data set is what it says, and the check names what is off without giving the answer away."""

import re

import pytest
import torch

import linreg
from linreg.basics.exercise import INTERCEPT, WEIGHTS

INF, NAN = float("inf"), float("nan")
WORST = "{} off; the worst, number {} counted from 0, by {}"


def verdict(capsys, *args, **settings) -> str:
    linreg.check(*args, **settings)
    return capsys.readouterr().out


def test_the_ordinary_data_come_from_their_truth():
    X, y, w, b = linreg.ordinary()
    assert X.shape == (300, 20)
    assert y.shape == (300,)
    assert X.dtype == y.dtype == w.dtype == torch.float64
    assert w.tolist() == [3, -2, 1.5, -1, 1, -0.5, 0.5, 0.25] + [0] * 12
    assert b == 2
    noise = y - X @ w - b
    assert abs(float(noise.mean())) < 3 / 300**0.5  # three standard errors
    assert abs(float(noise.var()) - 1) < 3 * (2 / 300) ** 0.5
    assert float((X.T @ noise / 300).abs().max()) < 3.5 / 300**0.5  # of twenty


def test_any_two_of_its_features_are_correlated_at_a_half():
    many = torch.cat([linreg.ordinary(seed).X for seed in range(40)])  # 12,000 rows
    off = torch.corrcoef(many.T)[*torch.triu_indices(20, 20, 1)]
    assert float((off - 0.5).abs().max()) < 0.03  # (1 - 0.5^2) / sqrt(12000) = 0.007
    assert float((many.var(0) - 1).abs().max()) < 0.06


def test_a_seed_gives_its_rows_in_either_dtype():
    first, again, other = linreg.ordinary(3), linreg.ordinary(3), linreg.ordinary(4)
    assert torch.equal(first.X, again.X)
    assert torch.equal(first.y, again.y)
    assert not torch.equal(first.X, other.X)
    single = linreg.ordinary(3, dtype=torch.float32)
    assert torch.equal(single.X, first.X.float())
    assert torch.equal(single.y, first.y.float())
    assert torch.equal(single.w, first.w.float())
    assert first.w.tolist() == list(WEIGHTS)
    assert first.b == INTERCEPT


def test_the_ordinary_data_leave_the_global_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    linreg.ordinary()
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(("seed", "error"), [(-1, linreg.RangeError), (0.5, linreg.DtypeError)])
def test_a_seed_is_a_whole_number(seed, error):
    with pytest.raises(error, match="`seed`"):
        linreg.ordinary(seed)


@pytest.mark.parametrize(
    ("yours", "right"),
    [
        (1.0, 1.0),
        (1.0009, 1.0),
        (2, 2.0),
        (0.0, 0.0),
        (1e-4, 0.0),  # nothing to compare with: within tol itself
        (True, True),
        ("b", "b"),
        (INF, INF),
        ([1.0, INF], [1.0, INF]),
        ([1000.0, 0.9], [1000.0, 0.1]),  # beside the largest entry
        (torch.tensor([[1.0], [2.0]]), [[1], [2]]),
        (torch.tensor(1.0, requires_grad=True), 1.0),
        ([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])], [[1, 2], [3, 4]]),
        ([torch.tensor(1.0), 2.0], [1.0, 2.0]),
        ([], []),
    ],
)
def test_right(capsys, yours, right):
    assert verdict(capsys, yours, right) == "right\n"


@pytest.mark.parametrize(
    ("yours", "right", "told"),
    [
        (2.0, 1.0, "it is 2 times as large as it should be"),
        (0.25, 1.0, "it is 0.25 times as large as it should be"),
        (2.001, 1.0, "it is 2 times as large as it should be"),
        (2.01, 1.0, "too large"),
        (-2.0, 1.0, "it is 2 times as large as it should be, with the wrong sign"),
        (-1.0, 1.0, "the sign is wrong"),
        (5.0, 1.0, "too large"),
        (1.002, 1.0, "too large"),
        (0.7, 1.0, "too small"),
        (0.1, 0.0, "too large"),
        (-INF, 1.0, "too small"),
        (1.0, INF, "too small"),
        (NAN, 1.0, "NaN"),
        (True, False, "think again"),
        ("a", "b", "think again"),
        ([1.0], [1.0, 2.0], "the shape is (1,), and should be (2,)"),
        ([[1.0]], [1.0], "the shape is (1, 1), and should be (1,)"),
        ([7.0, 14.0], [1.0, 2.0], "all entries are 7 times as large as they should be"),
        ([1.0, -2.0], [-1.0, 2.0], "the sign is wrong everywhere"),
        ([-0.85, 1.95], [-0.847, 1.946], WORST.format("2 of 2 entries are", 1, 0.004)),
        ([1.02, 2.04], [1.0, 2.0], "all entries are 1.02 times as large as they should be"),
        ([NAN, 2.0, NAN], [1.0, 2.0, 3.0], "2 of 3 entries are NaN"),
        ([NAN, 2.0], [1.0, 2.0], "1 of 2 entries are NaN"),
        (
            [1.0, 2.0, 3.5],
            [1.0, 2.0, 3.0],
            "1 of 3 entries is off; the worst, number 2 counted from 0, by 0.5",
        ),
        (
            [0.0, 5.0, 3.0],
            [1.0, 2.0, 3.0],
            "2 of 3 entries are off; the worst, number 1 counted from 0, by 3",
        ),
        ([0.0, 0.0], [1.0, 2.0], WORST.format("2 of 2 entries are", 1, 2)),
        ([1.0, INF], [1.0, 2.0], WORST.format("1 of 2 entries is", 1, INF)),
        ([0.0, 1.0], [0.0, 0.0], WORST.format("1 of 2 entries is", 1, 1)),
    ],
)
def test_what_is_off(capsys, yours, right, told):
    assert verdict(capsys, yours, right) == f"not yet: {told}\n"


def test_a_single_number_is_not_given_away(capsys):
    """A ratio of 1.37 would tell the answer to anybody with a calculator."""
    assert not re.search(r"\d", verdict(capsys, 1.37, 1.0))


def test_the_tolerance(capsys):
    assert verdict(capsys, 1.05, 1.0, tol=0.1) == "right\n"
    assert verdict(capsys, 1.0001, 1.0, tol=1e-6) == "not yet: too large\n"


@pytest.mark.parametrize(
    ("args", "error", "words"),
    [
        ((lambda: 1, 1.0), linreg.DtypeError, "call it"),
        ((1, True), linreg.DtypeError, "True or False"),
        ((1.0, "a"), linreg.DtypeError, "quotation marks"),
        ((1.0, NAN), linreg.DataError, "`right`"),
    ],
)
def test_what_cannot_be_compared(args, error, words):
    with pytest.raises(error, match=words):
        linreg.check(*args)


def test_a_tolerance_is_above_zero():
    with pytest.raises(linreg.RangeError, match="`tol`"):
        linreg.check(1.0, 1.0, tol=0)
