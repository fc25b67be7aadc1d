"""The residual and what it says of the weights, in twice the precision: against fractions."""

from fractions import Fraction

import pytest
import torch
from problems import gen

from linreg import Doubled
from linreg.closed_form.doubled import residual

D = torch.float64


def fractions(x):
    hi, lo = (x.hi, x.lo) if isinstance(x, Doubled) else (x, torch.zeros_like(x))
    if x.hi.ndim == 1 if isinstance(x, Doubled) else x.ndim == 1:
        return [Fraction(a) + Fraction(b) for a, b in zip(hi.tolist(), lo.tolist(), strict=True)]
    return [
        [Fraction(a) + Fraction(b) for a, b in zip(*rows, strict=True)]
        for rows in zip(hi.tolist(), lo.tolist(), strict=True)
    ]


def number(shape, doubled, g):
    x = torch.randn(shape, generator=g, dtype=D)
    return Doubled(x, x * 2.0**-54 * torch.rand(shape, generator=g, dtype=D)) if doubled else x


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("of_X", "of_y"), [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("block", [40, 65536])  # rows by the eight, two of them left over, and all at once
def test_gradient_and_squares_are_right_to_thirty_digits(monkeypatch, block, of_X, of_y, intercept, sign):
    monkeypatch.setattr(residual, "BLOCK", block)
    g = gen(1)
    units = torch.tensor([1.0, 2.0**30, 2.0**-20], dtype=D)
    X, y = number((50, 3), of_X, g), number((50,), of_y, g)
    X = Doubled(X.hi * units, X.lo * units) if of_X else X * units
    offset = sign * 100.0  # all of one sign
    y = Doubled(y.hi + offset, y.lo) if of_y else y + offset
    scale = 1.5 * units
    p = residual.problem(X, y, scale, scale, intercept)
    assert p.unit.tolist() == units.tolist()
    assert p.scale.tolist() == [1.5] * 3
    assert p.shift.tolist() == [1.5 * intercept] * 3
    assert float(p.y_unit) == 64
    k = 3 + intercept
    v = number((k,), True, g)
    found, squares = p.gradient(v)
    unit = [Fraction(u) for u in units.tolist()]
    A = [[a / u for a, u in zip(row, unit, strict=True)] + [Fraction(1)] * intercept for row in fractions(X)]
    r = [
        t / 64 - sum(a * b for a, b in zip(row, fractions(v), strict=True))
        for row, t in zip(A, fractions(y), strict=True)
    ]
    for j, total in enumerate(fractions(found)):
        terms = [row[j] * e for row, e in zip(A, r, strict=True)]
        size = sum(abs(row[j]) * 10 for row in A)  # residuals are differences of numbers up to 10
        assert abs(total - sum(terms)) <= Fraction(2) ** -100 * size
    assert squares == pytest.approx(float(sum(e * e for e in r)), rel=1e-15)
