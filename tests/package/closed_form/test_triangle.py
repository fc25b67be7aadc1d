"""R of a matrix by blocks of rows: that of all rows, however they are cut."""

import pytest
import torch
from problems import gen

from linreg.closed_form.triangle import stacked, triangle


@pytest.mark.parametrize(("n", "d"), [(1, 1), (5, 3), (4096, 4), (4097, 4), (30_000, 20), (9000, 600)])
@pytest.mark.parametrize("way", [triangle, lambda M: stacked(M.split(700))])
def test_it_is_that_of_all_rows(way, n, d):
    M = torch.randn(n, d, generator=gen(), dtype=torch.float64) + 1
    R = way(M)
    assert R.shape == (min(n, d), d)
    assert torch.equal(R, R.triu())
    torch.testing.assert_close(R.T @ R, M.T @ M, rtol=1e-12, atol=1e-10)
