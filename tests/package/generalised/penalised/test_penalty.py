"""What counts as a penalty, and what is said of one that does not."""

import math
import re

import pytest
import torch

from linreg import DataError, DtypeError, RangeError, ShapeError
from linreg.generalised.penalised.penalty import check_alpha, check_alphas, check_l1_ratio


@pytest.mark.parametrize("alpha", [0, 0.0, 1, 2.5, 1e300, 5e-324])
def test_a_penalty_is_a_number_from_zero_on(alpha):
    found = check_alpha(alpha)
    assert type(found) is float
    assert found == alpha


@pytest.mark.parametrize(
    ("alpha", "error", "said"),
    [
        (-0.5, RangeError, "`alpha` must be a finite number, 0 or above: a negative penalty"),
        (math.nan, RangeError, "`alpha` must be a finite number, 0 or above; got nan"),
        (math.inf, RangeError, "`alpha` must be a finite number, 0 or above; got inf"),
        (True, DtypeError, "got True. Pass a Python number."),
        ("1", DtypeError, "got '1'. Pass a Python number."),
        (torch.tensor(1.0), DtypeError, "Pass a Python number."),
    ],
)
def test_what_is_none(alpha, error, said):
    with pytest.raises(error, match=re.escape(said)):
        check_alpha(alpha)


@pytest.mark.parametrize(
    "alphas",
    [
        [1, 0.0, 3.0],
        (1.0, 0, 3),
        torch.tensor([1.0, 0.0, 3.0]),
        torch.tensor([1, 0, 3]),
    ],
)
def test_penalties_come_from_the_largest(alphas):
    assert check_alphas(alphas) == [3.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("alphas", "error", "said"),
    [
        ([], DataError, "it is empty. Pass [alpha]."),
        (torch.ones(0), DataError, "it is empty"),
        (torch.ones(2, 2), ShapeError, "`alphas` must have shape (k,); got (2, 2)"),
        (0.5, DtypeError, "`alphas` must be a list of numbers or a tensor; got float"),
        ("12", DtypeError, "got str"),
        ([1.0, -2.0], RangeError, "got -2.0 at index 1"),
        ([math.nan], RangeError, "got nan at index 0"),
        ([1.0, math.inf], RangeError, "got inf at index 1"),
        ([True], RangeError, "got True at index 0"),
        (["a"], RangeError, "got 'a' at index 0"),
    ],
)
def test_what_are_none(alphas, error, said):
    with pytest.raises(error, match=re.escape(said)):
        check_alphas(alphas)


@pytest.mark.parametrize("ratio", [0, 0.5, 1])
def test_a_share(ratio):
    assert check_l1_ratio(ratio) == ratio


@pytest.mark.parametrize("ratio", [-0.1, 1.1, math.nan])
def test_no_share(ratio):
    with pytest.raises(RangeError, match=r"`l1_ratio` must be a number from 0 to 1"):
        check_l1_ratio(ratio)
