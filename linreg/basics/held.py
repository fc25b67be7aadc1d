r"""What a running sum holds, and its arithmetic: adding rows, another shift, other units, merging.

Sums of squares of numbers below 1e-135, or beyond 1e140, leave the range of float64. Where that happens,
columns are divided by powers of two, which rounds nothing; everywhere else these are 1.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import first_mean, summed
from linreg.errors import DataError

__all__ = ["LARGEST", "SMALLEST", "Held", "exponent", "nothing", "times_two_to"]

SMALLEST, LARGEST = 1e-270, 1e300  # squares within are sums of products that did not under- or overflow
FARTHEST = 1e140  # a shift within has a square that does not overflow, times the weight of the rows


class Held(NamedTuple):
    """What sums consist of. Never changed, only replaced as a whole: stopped at any moment, they are one
    state or the next. A field more is a line here; it is saved and loaded with the others."""

    n: int
    shift: Tensor  # (d + 1,) of (x, y)
    M: Tensor  # (d + 2, d + 2) sum of z z'
    reached: Tensor  # (d + 1,) the largest that each square of M has been: eps times it is what was rounded
    unit: Tensor  # (d + 1,) exponents: all of the above is of x and y divided by these powers of two
    dropped: int = 0  # rows that a pass has left out

    @property
    def weight(self) -> float:
        """Sum of the weights: the number of rows where there are none."""
        return float(self.M[-1, -1])

    def plus(self, X: Tensor, y: Tensor, n: int, weights: Tensor | None) -> "Held":
        """With these rows, of which n count; they may put a square out of range."""
        if bool(self.unit.any()):
            X, y = times_two_to(X.double(), -self.unit[:-1]), times_two_to(y.double(), -self.unit[-1])
        shift = self.shift if self.n else first_mean(X, y, weights)
        return self._replace(n=self.n + n, shift=shift).summing(self.M + summed(X, y, shift, weights))

    def summing(self, M: Tensor) -> "Held":
        """With another M."""
        return self._replace(M=M, reached=torch.maximum(self.reached, M.diagonal()[:-1]))

    def about(self, shift: Tensor) -> "Held":
        """The same sums from another shift: z moves by a constant, so that no row is needed again."""
        t = self.shift - shift  # small where both shifts are means of parts of the same data
        G, s = self.M[:-1, :-1], self.M[-1, :-1]
        cross = torch.outer(s + self.weight / 2 * t, t)  # added with its transpose: symmetric to the last bit
        M = self.M.clone()
        M[:-1, :-1] = G + (cross + cross.T)
        M[-1, :-1] = M[:-1, -1] = s + self.weight * t
        return self._replace(shift=shift).summing(M)

    def followed(self) -> "Held":
        """The same from a new shift where the data have drifted away from it, before the digits are lost."""
        if self.n == 0:
            return self
        s = self.M[-1, :-1] / self.weight
        variance = self.M.diagonal()[:-1] / self.weight - s.square()
        return self.about(self.shift + s) if bool((s.square() > 16 * variance).any()) else self

    def in_range(self) -> bool:
        """Whether no product was lost."""
        low, high = torch.aminmax(self.M.diagonal()[:-1])
        far = float(self._far().amax())
        return float(low) > SMALLEST and float(high) < LARGEST and far < FARTHEST  # False for NaN

    def out_of_range(self) -> Tensor:
        """(d + 1,) where products were lost: squares zero, tiny, huge or not a number, or a huge shift."""
        squares = self.M.diagonal()[:-1]
        return ~((squares > SMALLEST) & (squares < LARGEST) & (self._far() < FARTHEST))

    def _far(self) -> Tensor:
        """(d + 1,) root of what squares gain when the shift moves by its own length."""
        far: Tensor = self.shift.abs() * max(self.weight, 1.0) ** 0.5
        return far

    def in_units(self, unit: Tensor) -> "Held":
        """The same sums of x and y divided by other powers of two, which rounds nothing."""
        if torch.equal(unit, self.unit):
            return self
        by = self.unit - unit
        rows = torch.cat((by, torch.zeros_like(by[:1])))
        M = times_two_to(times_two_to(self.M, rows), rows.unsqueeze(1))
        reached = times_two_to(times_two_to(self.reached, by), by)
        return self._replace(shift=times_two_to(self.shift, by), M=M, reached=reached, unit=unit)

    def unit_with(self, X: Tensor, y: Tensor, new: "Held") -> Tensor:
        """(d + 1,) units in which these rows fit as well, other ones only where their sums, `new`, do not."""
        some = new.out_of_range().nonzero().flatten()
        Z = torch.column_stack((X, y))[:, some].double()
        moved = times_two_to(self.shift, self.unit)[some] if self.n else Z[0]
        size = exponent(torch.maximum(Z.abs().amax(0), moved.abs()))
        held = exponent(self.M.diagonal()[some]) / 2
        size = torch.maximum(size, (held.ceil() + self.unit[some]).where(held.isfinite(), size))
        unit = self.unit.clone()
        constant = (moved == Z).all(0) & (new._far()[some] < FARTHEST)  # its squares are zero in any unit
        unit[some] = unit[some].where(constant, size)
        return unit

    def shrunk(self) -> "Held":
        """The same in units in which no square is near the largest number."""
        squares = self.M.diagonal()[:-1]
        far = squares >= LARGEST
        return (
            self.in_units(self.unit + (exponent(squares) / 2).ceil().where(far, 0))
            if bool(far.any())
            else self
        )

    def counts(self) -> Tensor:
        """(d + 1,) where there were numbers other than zero."""
        return (self.M.diagonal()[:-1] > 0) | (self.shift != 0)

    def shared(self, other: "Held") -> Tensor:
        """(d + 1,) units for both: the larger one, where both have numbers other than zero."""
        mine, its = self.counts(), other.counts()
        larger = torch.maximum(self.unit, other.unit)
        return larger.where(mine == its, self.unit.where(mine, other.unit))

    def combined(self, other: "Held", sign: int, dropped: int) -> "Held":
        """With the rows of the other ones, or without them."""
        unit = self.shared(other)
        a, b = self.in_units(unit), other.in_units(unit)
        n = a.n + sign * b.n
        if n == 0:
            return nothing(a.M)._replace(dropped=dropped)
        a = a if a.n else a._replace(shift=b.shift)
        b = b.about(a.shift)
        M = a.M + sign * b.M
        M.diagonal().clamp_(min=0)  # what is left of a constant column may round to below
        reached = torch.maximum(a.reached, b.reached)
        rounded = (a.weight, b.weight) != (a.n, b.n)  # as a number of rows is not
        if sign < 0 and rounded:
            reached = torch.maximum(reached, M.diagonal()[:-1] * _before(a.weight, float(M[-1, -1])))
        held = a._replace(n=n, reached=reached, dropped=dropped).summing(M).shrunk()
        return held.followed() if sign > 0 else held

    @classmethod
    def known(cls, found: dict[str, Any]) -> "Held | None":
        """What a file holds, also one of the former format; None where that can be no sums of rows."""
        if "unit" in found:
            held = cls(**found)
            return held if held.sound() else None
        none, squares = torch.zeros_like(found["shift"]), found["M"].diagonal()[:-1].clone()
        held = cls(**found, unit=none, reached=squares)
        return held if held.weight == held.n and held.sound() else None  # it knew no weights

    def sound(self) -> bool:
        """Whether these can be sums of rows, as far as that shows."""
        k = len(self.shift) + 1
        return (
            k > 2
            and self.shift.shape == (k - 1,)
            and self.M.shape == (k, k)
            and type(self.n) is type(self.dropped) is int
            and self.dropped >= 0
            and self.reached.shape == self.unit.shape == (k - 1,)
            and all(part.dtype == torch.float64 and bool(part.isfinite().all()) for part in self[1:5])
            and torch.equal(self.unit, self.unit.round())
            and self.n >= 0
            and (self.weight > 0) == (self.n > 0)
            and bool((self.M == self.M.T).all() and (self.M.diagonal() >= 0).all())
        )


def nothing(like: Tensor) -> Held:
    """The sums of no rows, as large as M (d + 2, d + 2) and where it is."""
    none = torch.zeros_like(like[0, 1:])
    return Held(0, none, torch.zeros_like(like), none, none)


def _before(weight: float, left: float) -> float:
    """How many times what is left the weight was before rows were taken away."""
    if left <= 1e-13 * weight:
        raise DataError(
            f"`other` must leave more weight than rounding; got {left:.3g} of {weight:.3g}. "
            "Sum up the rows that stay."
        )
    return weight / left


def exponent(size: Tensor) -> Tensor:
    """The power of two above a size, as a float64; minus infinity for 0."""
    return torch.frexp(size).exponent.double().where(size > 0, -torch.inf)


def times_two_to(x: Tensor, power: Tensor) -> Tensor:
    """x times a power of two, without rounding, also where that power alone is beyond float64."""
    half = (power / 2).floor()
    return x * torch.exp2(half) * torch.exp2(power - half)
