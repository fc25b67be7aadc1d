"""Arithmetic of twice the precision, against rational numbers."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from problems import gen

import linreg
from linreg import Doubled, powers
from linreg.closed_form.doubled.arithmetic import (
    add,
    fast_two_sum,
    mul,
    negative,
    power_of_two,
    split,
    total,
    two_prod,
    two_sum,
)

# Within these, neither a product nor what it leaves out leaves the range of float64.
NUMBERS = st.floats(-1e100, 1e100, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-100)


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def pair(hi: float, share: float) -> Doubled:
    """`hi` and a part below it of up to half a unit in its last place."""
    return Doubled(tensor(hi), tensor(0.5 * math.ulp(hi) * share))


def exactly(a: Doubled) -> list[Fraction]:
    return [
        Fraction(p) + Fraction(q)
        for p, q in zip(a.hi.flatten().tolist(), a.lo.flatten().tolist(), strict=True)
    ]


def rounded_right(a: Doubled) -> bool:
    return all(h == float(e) for h, e in zip(a.hi.flatten().tolist(), exactly(a), strict=True))


@given(NUMBERS, NUMBERS)
def test_two_sum_and_two_prod_are_exact(a, b):
    assert exactly(two_sum(tensor(a), tensor(b))) == [Fraction(a) + Fraction(b)]
    assert exactly(two_prod(tensor(a), tensor(b))) == [Fraction(a) * Fraction(b)]
    large, small = sorted((a, b), key=abs, reverse=True)
    assert exactly(fast_two_sum(tensor(large), tensor(small))) == [Fraction(a) + Fraction(b)]


@given(NUMBERS)
def test_split_gives_halves_of_26_bits(a):
    upper, lower = split(tensor(a))
    assert exactly(Doubled(upper, lower)) == [Fraction(a)]
    for part in (upper.item(), lower.item()):
        mantissa = Fraction(math.frexp(part)[0]) * 2**26
        assert mantissa.denominator == 1


@given(NUMBERS, st.floats(-0.99, 0.99), NUMBERS, st.floats(-0.99, 0.99))
def test_add_and_mul(a, s, b, t):
    x, y = pair(a, s), pair(b, t)
    (p,), (q,) = exactly(x), exactly(y)
    for found, truth, bits in (
        (add(x, y), p + q, 104),
        (add(x, negative(y)), p - q, 104),
        (mul(x, y), p * q, 102),
    ):
        assert abs(exactly(found)[0] - truth) <= abs(truth) * Fraction(1, 2**bits) + Fraction(2) ** -1000
        assert rounded_right(found)


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(5e-324)
@example(2.0**-1000)
@example(1.5 * 2.0**-1000)
def test_power_of_two(a):
    p = power_of_two(tensor(abs(a))).item()
    assert math.frexp(p)[0] == 0.5
    assert p >= 2.0**-1000  # what is to be near 1 is multiplied by 1 / p
    if abs(a) >= 2.0**-1000:
        assert p <= abs(a)
        assert p > abs(a) / 2


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 1000])
@pytest.mark.parametrize("spread", [0, 20, 200])
def test_total(n, spread):
    """Also of terms that cancel, and of terms of very different size."""
    g = gen(n)
    x = torch.randn(3, n, generator=g, dtype=torch.float64)
    x *= 10.0 ** (spread * (torch.rand(3, n, generator=g, dtype=torch.float64) - 0.5))
    x = torch.cat((x, -x.flip(1) * (1 + 1e-14)), 1)
    terms = Doubled(x, x * 2.0**-54)
    truth = [sum(exactly(Doubled(*row))) for row in zip(*terms, strict=True)]
    sizes = [sum(abs(Fraction(v)) for v in row) for row in x.tolist()]
    for spare in (None, torch.empty_like(x)):
        found = total(Doubled(terms.hi.clone(), terms.lo.clone()), 1, spare)
        # to the sum of the sizes in each row, and to the largest entry of all rows for the smaller ones
        largest = Fraction(x.abs().max().item()) * Fraction(1, 2**140)
        for a, e, size in zip(exactly(found), truth, sizes, strict=True):
            assert abs(a - e) <= size * Fraction(1, 2**103) + largest
    columns = total(Doubled(terms.hi.T.clone(), terms.lo.T.clone()), 0)
    assert torch.equal(columns.hi, found.hi)


def test_total_of_zeros():
    assert total(Doubled(torch.zeros(2, 3).double(), torch.zeros(2, 3).double()), 1).hi.tolist() == [0, 0]


# Numbers as they are written.


@pytest.mark.parametrize(
    "value", ["0.1", "-1/3", "1e-7", Decimal("3.14159265358979323846264338327950288"), 7, 0.1]
)
def test_of_holds_106_bits(value):
    x = Doubled.of([value])
    truth = Fraction(value)
    assert abs(exactly(x)[0] - truth) <= abs(truth) * Fraction(1, 2**106)
    assert x.hi.item() == float(truth)
    assert x.rounded().item() == float(truth)
    assert x.hi.dtype == x.lo.dtype == torch.float64


def test_of_a_matrix():
    x = Doubled.of([["0.1", "0.2"], ["0.3", "0.4"]])
    assert x.hi.tolist() == [[0.1, 0.2], [0.3, 0.4]]
    assert x.lo.shape == (2, 2)


@pytest.mark.parametrize(
    "value", ["nan", "inf", "x", None, float("nan"), float("inf"), "1e400", "1/0", [None]]
)
def test_of_something_else(value):
    with pytest.raises(
        linreg.DataError, match="`values` must hold finite numbers, or text that is one; got "
    ):
        Doubled.of([value])


def test_of_ragged_lists():
    with pytest.raises(linreg.ShapeError, match="`values` must be a list, or lists of one length; got "):
        Doubled.of([["1", "2"], ["3"]])


# Powers.


@given(st.lists(st.floats(-1e20, 1e20).filter(lambda v: v == 0 or abs(v) > 1e-10), min_size=1, max_size=5))
def test_powers_of_floats(values):
    check_powers(tensor(*values), [Fraction(v) for v in values], 12)


@given(st.lists(st.decimals(-1000, 1000, places=8), min_size=1, max_size=5))
def test_powers_of_decimals(values):
    x = Doubled.of(values)
    check_powers(x, exactly(x), 10)


def check_powers(x: torch.Tensor | Doubled, exact: list[Fraction], degree: int) -> None:
    X = powers(x, degree)
    assert X.hi.shape == X.lo.shape == (len(exact), degree)
    assert rounded_right(X)
    for row, v in zip(zip(*[iter(exactly(X))] * degree, strict=True), exact, strict=True):
        for k, found in enumerate(row, 1):
            assert abs(found - v**k) <= abs(v**k) * Fraction(1, 2**100) + Fraction(2) ** -1000


def test_powers_of_float32():
    X = powers(torch.tensor([0.1, 3.0]), 3)
    assert X.hi.dtype == torch.float64
    assert exactly(X)[:3] == [Fraction(float(torch.tensor(0.1))) ** k for k in (1, 2, 3)]


def test_powers_of_a_pair_in_any_shape():
    """What is not rounded to the last place is taken for the number that it is."""
    X = powers(Doubled(tensor(1.0), tensor(3.0)), 2)
    assert X.hi.tolist() == [[4.0, 16.0]]


BAD = {
    "list": ([1.0], linreg.DtypeError, "`x` must be a torch.Tensor; got list"),
    "integers": (torch.arange(3), linreg.DtypeError, "`x` must be floating point"),
    "matrix": (torch.ones(3, 1), linreg.ShapeError, r"`x` must have shape \(n,\), n >= 1; got \(3, 1\)"),
    "empty": (torch.ones(0), linreg.DataError, r"got \(0,\)"),
    "nan": (tensor(1, math.nan), linreg.DataError, "`x` must be finite"),
    "overflow": (
        tensor(1e200),
        linreg.DataError,
        "within the range of float64; its largest entry is 1e[+]200",
    ),
    "halves of float32": (Doubled(torch.ones(2), torch.ones(2)), linreg.DtypeError, "`x.hi` must be float64"),
    "dtypes": (Doubled(tensor(1), torch.ones(1)), linreg.DtypeError, "`x.lo` must have the dtype of `x.hi`"),
    "devices": (
        Doubled(tensor(1), tensor(1).to("meta")),
        linreg.DeviceError,
        "`x.lo` must hold numbers; the meta device has none",
    ),
    "shapes": (Doubled(tensor(1, 2), tensor(1)), linreg.ShapeError, "`x.lo` must have the shape of `x.hi`"),
    "nan below": (Doubled(tensor(1), tensor(math.nan)), linreg.DataError, "`x.lo` must be finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_x(case):
    x, kind, words = BAD[case]
    with pytest.raises(kind, match=words):
        powers(x, 2)


@pytest.mark.parametrize(("degree", "kind"), [(0, linreg.RangeError), (2.0, linreg.DtypeError)])
def test_bad_degree(degree, kind):
    with pytest.raises(kind, match="`degree` must be an integer of 1 or more"):
        powers(tensor(1), degree)


def test_powers_carry_no_graph():
    x = Doubled(tensor(1).requires_grad_(), tensor(0))
    assert not powers(x, 2).hi.requires_grad
