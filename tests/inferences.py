"""Data for tests of inference, what R says of them, and statsmodels' answers."""

import numpy as np
import statsmodels.api as sm
import torch
from problems import gen

F64 = torch.float64
ERRORS = ("classical", "HC0", "HC1", "HC2", "HC3")

# Data of which R 4.2.2 has been asked, with 17 digits.
R_X = torch.tensor([list(range(1, 13)), [2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5]], dtype=F64).T.contiguous()
R_Y = torch.tensor([3.1, 0.4, 7.9, 2.6, 9.8, 6.1, 14.9, 8.3, 16.2, 7.7, 21.4, 12.5], dtype=F64)
R_C = torch.tensor([1, 2, 0.5, 1, 3, 1, 2, 1, 0.25, 1, 4, 1], dtype=F64)


def ordinary(n=300, d=20, seed=0):
    """Correlated columns away from zero, and noise that grows with the first."""
    g = gen(seed)
    X = torch.randn(n, 5, generator=g, dtype=F64) @ torch.randn(5, d, generator=g, dtype=F64)
    X += torch.randn(n, d, generator=g, dtype=F64) + 3
    noise = (1 + X[:, 0].abs()) * torch.randn(n, generator=g, dtype=F64)
    return X, X @ torch.randn(d, generator=g, dtype=F64) + 1 + noise


def close(found, expected, rtol=1e-11):
    torch.testing.assert_close(
        torch.as_tensor(found, dtype=F64), torch.as_tensor(np.asarray(expected), dtype=F64), rtol=rtol, atol=0
    )


def peer(X, y, intercept, weights, errors):
    A = sm.add_constant(X.numpy()) if intercept else X.numpy()
    model = sm.OLS(y.numpy(), A) if weights is None else sm.WLS(y.numpy(), A, weights=weights.numpy())
    result = model.fit()
    return result if errors == "classical" else result.get_robustcov_results(errors)
