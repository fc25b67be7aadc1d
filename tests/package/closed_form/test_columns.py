"""Columns centred and of length 1: what they are, what rounding may make of them, what counts as rank."""

import pytest
import torch
from problems import EPS, gen

from linreg.closed_form.columns import doubt, rank_of, rounding_of, scaled, significant, unit_columns

D = torch.float64


def rows(n=50, dtype=D):
    """Columns near zero, far from it, and in a large unit; targets."""
    Z = torch.randn(n, 4, generator=gen(1), dtype=D).to(dtype)
    return Z[:, :3] * torch.tensor([1.0, 3.0, 1e9], dtype=dtype) + torch.tensor([0.0, 1e3, 0.0]), Z[:, 3] + 7


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [True, False])
def test_nothing_but_the_units_is_changed(intercept, weighted):
    X, y = rows()
    c = torch.rand(50, generator=gen(2), dtype=D) + 0.1 if weighted else torch.ones(50, dtype=D)
    p = scaled(X, y, intercept, weights=c if weighted else None)
    root = c.sqrt().unsqueeze(1)
    assert p.weight == pytest.approx(float(c.sum()), rel=1e-15)
    mean, y_mean = (c @ X / c.sum(), c @ y / c.sum()) if intercept else (0 * X[0], 0 * y[0])
    close = {"rtol": 1e-12, "atol": 1e-14}
    torch.testing.assert_close(p.X_mean, mean, **close)
    torch.testing.assert_close(p.y_mean, y_mean, **close)
    torch.testing.assert_close(p.A * p.scale, root * (X - mean), rtol=1e-11, atol=1e-10)
    torch.testing.assert_close(p.y, root[:, 0] * (y - y_mean), **close)
    torch.testing.assert_close(torch.linalg.vector_norm(p.A, dim=0), torch.ones(3, dtype=D), **close)
    # an entry x is known to eps x: beside the deviation from the mean, and for all rows together
    noise = EPS * (1 + c.sum() ** 0.5 * mean.abs() / p.scale)
    torch.testing.assert_close(p.noise, noise, rtol=1e-12, atol=0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_column_far_from_zero_keeps_the_digits_of_its_deviations(sign):
    """Entries 2^-12 apart, the least that float64 can tell near 2^40, where their mean is rounded as well."""
    k = torch.arange(50, dtype=D).square()
    p = scaled(sign * (2.0**40 + k.unsqueeze(1) * 2.0**-12), k, True)
    torch.testing.assert_close(p.A[:, 0] * p.scale, sign * (k - k.mean()) * 2.0**-12, rtol=0, atol=1e-13)


def test_the_precision_is_that_of_the_entries_or_as_told():
    X, y = rows(dtype=torch.float32)
    coarse, fine = scaled(X, y, True), scaled(X, y, True, EPS)
    torch.testing.assert_close(coarse.noise / torch.finfo(torch.float32).eps, fine.noise / EPS)


@pytest.mark.parametrize(
    ("far", "steps", "constant"),
    [(2.0**27, (1, -1), True), (2.0**27, (2, -2, 1, -1), True), (2.0**27, (3, -3, 2, -2), False),
     (-(2.0**27), (2, -2, 1, -1), True), (-(2.0**27), (3, -3, 2, -2), False), (0.0, (0, 0), True)],
)  # fmt: skip
def test_a_column_that_varies_by_two_roundings_at_most_is_constant(far, steps, constant):
    """As a root mean square, 1 and 1.6 and 2.5 here. It becomes zero, which has no noise."""
    x = far * (1 + EPS * torch.tensor(steps, dtype=D).repeat(12))
    p = scaled(torch.column_stack((x, torch.arange(len(x)).double())), x, True)
    assert bool((p.A[:, 0] == 0).all()) == constant
    assert ((float(p.scale[0]), float(p.noise[0])) == (1, 0)) == constant
    assert float(p.A[:, 1].norm()) == pytest.approx(1)


def test_a_singular_value_counts_above_what_rounding_can_make():
    """Along the second direction the noise is that of the second column, and 3e-3 in all."""
    Vh, noise = torch.eye(2, dtype=D), torch.tensor([1e-9, 2e-3], dtype=D)
    for second, counts in ((2.9e-3, False), (3.1e-3, True)):
        s = torch.tensor([1.0, second], dtype=D)
        assert significant(s, Vh, noise, 1e-3).tolist() == [True, counts]
    s = torch.tensor([1.0, 0.8, 0.5], dtype=D)
    assert doubt(s, noise, 1e-3) == pytest.approx(6e-3)  # of the smallest that counts
    assert doubt(s[:0], noise, 1e-3) == 0


def test_the_rank_of_a_triangle_does_not_depend_on_units():
    R = torch.triu(torch.rand(4, 4, generator=gen(), dtype=D) + 1)
    R[:, 2] = R[:, 0] + R[:, 1]
    R[:, 3] = 0
    assert rank_of(R) == 2
    assert rank_of(R * torch.tensor([1e-100, 1.0, 1e100, 1.0], dtype=D)) == 2
    R[2, 2] = 1e-6
    assert rank_of(R) == 3
    for unit in (1e-3, 1e3):
        lengths = torch.linalg.vector_norm(unit_columns(unit * R), dim=0)
        assert lengths.tolist() == pytest.approx([1, 1, 1, 0])
    # what rounding makes of a factor grows with its columns
    assert rounding_of(torch.eye(20, dtype=D)) == pytest.approx(10 * rounding_of(torch.eye(2, dtype=D)))
