"""Sums over the rows: taken a few at a time, and added in float64."""

import pytest
import torch
from problems import gen

from linreg.basics.products import BLOCK_BYTES, pass_over


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("more", [-1, 0, 1, 100])
def test_a_pass_takes_no_more_rows_than_stay_in_the_cache(more, dtype):
    d = 16
    rows = BLOCK_BYTES // (d * (4 if dtype == torch.float32 else 8))
    X = torch.randn(3 * rows + more if more > 0 else rows + more, d, generator=gen(), dtype=dtype)
    seen = []

    def products(A, t):
        seen.append(len(A))
        return A.T @ t, t.sum()

    y = 1 + X[:, 0]
    moved, total = pass_over(products, X, y)
    assert sorted(seen, reverse=True) == ([rows] * 3 + [more] if more > 0 else [len(X)])
    assert moved.dtype == total.dtype == dtype
    close = {"rtol": 0, "atol": torch.finfo(dtype).eps * len(X) ** 1.5}  # n roundings of what grows to n
    torch.testing.assert_close(moved.double(), X.double().T @ y.double(), **close)
    torch.testing.assert_close(total.double(), y.double().sum(), **close)


def test_what_the_parts_give_is_added_in_float64():
    rows = BLOCK_BYTES // 64
    X = torch.zeros(3 * rows, 16)
    X[::rows, 0] = torch.tensor([2.0**24, 1.0, 1.0])  # each 1 alone would be rounded away beside the first
    (total,) = pass_over(lambda A: (A[0, 0],), X)
    assert float(total) == 2**24 + 2
