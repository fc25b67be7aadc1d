"""R of a matrix by blocks of rows: that of all rows, however they are cut."""

import pytest
import torch
from problems import gen

from linreg.closed_form.triangle import inverse_lengths, stacked, triangle


@pytest.mark.parametrize(("n", "d"), [(1, 1), (5, 3), (4096, 4), (4097, 4), (30_000, 20), (9000, 600)])
@pytest.mark.parametrize("way", [triangle, lambda M: stacked(M.split(700))])
def test_it_is_that_of_all_rows(way, n, d):
    M = torch.randn(n, d, generator=gen(), dtype=torch.float64) + 1
    R = way(M)
    assert R.shape == (min(n, d), d)
    assert torch.equal(R, R.triu())
    torch.testing.assert_close(R.T @ R, M.T @ M, rtol=1e-12, atol=1e-10)


def test_lengths_of_an_inverse_are_those_of_its_columns():
    """(1, 0; 2, 4) has the inverse (1, 0; -1/2, 1/4)."""
    L = torch.tensor([[1.0, 0.0], [2.0, 4.0]], dtype=torch.float64)
    assert inverse_lengths(L).tolist() == pytest.approx([1.25**0.5, 0.25], rel=1e-15)
    M = torch.randn(6, 6, generator=gen(), dtype=torch.float64).tril() + 3 * torch.eye(6)
    torch.testing.assert_close(inverse_lengths(M), torch.linalg.inv(M).norm(dim=0), rtol=1e-12, atol=0)
