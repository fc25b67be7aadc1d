r"""Numbers of twice the precision: an unevaluated sum of two float64, about 32 decimal digits.

Adding and multiplying floats rounds, but what the rounding took away is itself a float and can be
computed by a few more operations of the same kind. Keeping it beside the result doubles the digits
without any new hardware or library.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import check_finite, check_same_kind, check_tensor
from linreg.errors import DataError, DtypeError, ShapeError
from linreg.settings import check_count

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = [
    "SPLIT",
    "Doubled",
    "add",
    "as_doubled",
    "check_doubled",
    "fast_two_sum",
    "mul",
    "negative",
    "power_of_two",
    "powers",
    "split",
    "total",
    "two_prod",
    "two_sum",
]

SPLIT = 2.0**27 + 1  # cuts the 53 bits of a float64 into two halves of 26, whose products are exact


class Doubled(NamedTuple):
    r"""A tensor of twice the precision, the unevaluated sum `hi + lo`.

    `hi` is the number rounded to float64 and `lo` what that rounding left out, so that the two hold
    about 106 bits. Decimal data such as 0.1, which no float64 equals, are held to 32 digits.

    Attributes:
        hi (Tensor): any shape, float64.
        lo (Tensor): the same shape, dtype and device; at most half a unit in the last place of `hi`.

    Examples:
        >>> third = Doubled.of(["1/3", "0.1"])
        >>> third.hi
        tensor([0.3333, 0.1000], dtype=torch.float64)
        >>> third.lo * 1e17  # what `hi` leaves out
        tensor([ 1.8504, -0.5551], dtype=torch.float64)
    """

    hi: Tensor
    lo: Tensor

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Doubled":
        """Numbers as they are written: text such as `"0.1"` or `"1/3"`, `Decimal`, `Fraction`, int or float.

        Args:
            values: a list of numbers, or nested lists for a matrix.

        Returns:
            The same shape, each number right to 106 bits.

        Raises:
            DataError: something that is not a finite number.
            ShapeError: nested lists of different lengths.
        """
        exact = _nested(values, _fraction)
        hi = _nested(exact, float)
        lo = _nested(exact, lambda v: float(v - _fraction(float(v))))
        try:
            both = (torch.tensor(part, dtype=torch.float64, device="cpu") for part in (hi, lo))
            return cls(*both)
        except ValueError as error:
            raise ShapeError(
                f"`values` must be a list, or lists of one length; got {error}. Pad or drop the short rows."
            ) from None

    def rounded(self) -> Tensor:
        """The nearest float64."""
        return self.hi + self.lo


def _nested(values: Any, change: Any) -> Any:
    return [_nested(v, change) for v in values] if isinstance(values, (list, tuple)) else change(values)


def _fraction(value: Any) -> "Fraction":
    from fractions import Fraction  # an eighth of the time that it takes to import the package

    try:
        exact = Fraction(value)
        float(exact)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        raise DataError(
            f"`values` must hold finite numbers, or text that is one; got {value!r}. Fill or drop it first."
        ) from None
    return exact


def as_doubled(x: Tensor) -> Doubled:
    """The same number with its rounding error, which is none."""
    return Doubled(x.double(), torch.zeros_like(x, dtype=torch.float64))


def two_sum(a: Tensor, b: Tensor) -> Doubled:
    """a + b without error: its rounded value and what that left out (Knuth). 6 additions."""
    s = a + b
    t = s - a
    return Doubled(s, (a - (s - t)) + (b - t))


def fast_two_sum(a: Tensor, b: Tensor) -> Doubled:
    """The same for |a| >= |b| (Dekker). 3 additions."""
    s = a + b
    return Doubled(s, b - (s - a))


def split(a: Tensor) -> Doubled:
    """a as a sum of two numbers of 26 bits (Veltkamp); |a| < 2^996, or it overflows."""
    c = SPLIT * a
    hi = c - (c - a)
    return Doubled(hi, a - hi)


def two_prod(a: Tensor, b: Tensor) -> Doubled:
    """a b without error (Dekker), unless what it leaves out is below the smallest float. 17 operations."""
    p = a * b
    (a1, a2), (b1, b2) = split(a), split(b)
    return Doubled(p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2)


def add(a: Doubled, b: Doubled) -> Doubled:
    """a + b, relative error at most 2^-104, also where the two cancel."""
    s, e = two_sum(a.hi, b.hi)
    t, f = two_sum(a.lo, b.lo)
    s, e = fast_two_sum(s, e + t)
    return fast_two_sum(s, e + f)


def mul(a: Doubled, b: Doubled) -> Doubled:
    """a b, relative error at most 2^-102."""
    p, e = two_prod(a.hi, b.hi)
    return fast_two_sum(p, e + (a.hi * b.lo + a.lo * b.hi))


def negative(a: Doubled) -> Doubled:
    """-a."""
    return Doubled(-a.hi, -a.lo)


def total(a: Doubled, dim: int, spare: Tensor | None = None) -> Doubled:
    """Sum along `dim`, right to about 2^-104 of the sum of absolute values; overwrites `a`.

    Numbers rounded to multiples of one step, coarse enough that their sum fits into 53 bits, are
    summed without error in any order. Two such layers leave less than float64 can add (Rump).

    Args:
        a: the terms.
        dim: the dimension that goes.
        spare: as large as `a.hi`, to work in.
    """
    p, q = a.hi, torch.empty_like(a.hi) if spare is None else spare
    n = 2.0 ** (p.shape[dim] + 1).bit_length()  # a power of two, at least the number of terms + 2
    low, high = torch.aminmax(p)
    step = n * power_of_two(2 * torch.maximum(-low, high))
    layers = []
    for shift in (step, step * n * 2.0**-53):
        torch.add(p, shift, out=q)
        q.sub_(shift)
        p.sub_(q)  # exact, as is the sum of q
        layers.append(q.sum(dim))
    s, e = two_sum(layers[0], layers[1])
    return fast_two_sum(s, e + (p.sum(dim) + a.lo.sum(dim)))


def power_of_two(size: Tensor) -> Tensor:
    """The largest power of two that is not above `size`, 1 for 0: dividing by it rounds nothing."""
    size = size.clamp(min=2.0**-1000).where(size > 0, 1)
    return size / (2 * torch.frexp(size).mantissa)


@plain
def powers(x: Tensor | Doubled, degree: int) -> Doubled:
    r"""The columns $x, x^2, \dots, x^m$ of a polynomial of degree m, in twice the precision.

    In float64 each power is rounded, and on an ill-conditioned polynomial that alone moves the answer in
    the 8th digit. Give the result to `certified`.

    Cost: about 25 n m operations, two matrices (n, m).

    Args:
        x: (n,) points, taken as exact; a `Doubled` for decimal data that float64 cannot hold.
        degree: m, the highest power.

    Returns:
        (n, m) powers, each right to about 30 digits.

    Raises:
        ShapeError: `x` is not (n,).
        DtypeError: `x` is not a tensor of float32 or float64, or `degree` not an integer.
        DeviceError: the two parts of a `Doubled` are on different devices.
        DataError: `x` is empty, NaN or infinite, or a power of it overflows.
        RangeError: `degree` below 1.

    Source: Dekker, A floating-point technique for extending the available precision, section 5.

    Examples:
        >>> import torch
        >>> X = powers(torch.tensor([3., 1e10], dtype=torch.float64), 2)
        >>> X.hi.tolist()
        [[3.0, 9.0], [10000000000.0, 1e+20]]
        >>> powers(Doubled.of(["0.1"]), 2).lo * 1e18
        tensor([[-5.5511, -0.2082]], dtype=torch.float64)
    """
    check_count(degree, "degree")
    x = check_doubled(x, "x")
    if x.hi.ndim != 1 or len(x.hi) == 0:
        kind = DataError if x.hi.ndim == 1 else ShapeError
        raise kind(f"`x` must have shape (n,), n >= 1; got {tuple(x.hi.shape)}. Pass one column at a time.")
    columns = [x]
    for k in range(2, degree + 1):
        columns.append(mul(columns[k // 2 - 1], columns[k - k // 2 - 1]))  # x^k of halves: fewer roundings
    made = Doubled(torch.stack([c.hi for c in columns], 1), torch.stack([c.lo for c in columns], 1))
    if not bool(made.lo.isfinite().all()):
        raise DataError(
            f"`x` must have powers up to {degree} within the range of float64; its largest entry is "
            f"{float(x.hi.abs().max()):.3g}. Divide it by a power of two."
        )
    return made


def check_doubled(value: object, name: str) -> Doubled:
    """Require a finite tensor or `Doubled`, and return it as a `Doubled` with `hi` the rounded value."""
    if not isinstance(value, Doubled):
        tensor = check_tensor(value, name)
        check_finite(tensor, name)
        return as_doubled(tensor.detach())
    hi, lo = check_tensor(value.hi, f"{name}.hi"), check_tensor(value.lo, f"{name}.lo")
    if hi.dtype != torch.float64:
        raise DtypeError(f"`{name}.hi` must be float64; got {hi.dtype}. Convert it: {name}.hi.double().")
    check_same_kind(hi, lo, f"{name}.lo", of=f"{name}.hi")
    if hi.shape != lo.shape:
        raise ShapeError(
            f"`{name}.lo` must have the shape of `{name}.hi`, {tuple(hi.shape)}; got {tuple(lo.shape)}. "
            "Make both with `Doubled.of` or `powers`."
        )
    check_finite(hi, f"{name}.hi")
    check_finite(lo, f"{name}.lo")
    return two_sum(hi.detach(), lo.detach())
