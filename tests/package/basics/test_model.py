"""The model and the folded bias."""

import torch
from problems import gen

import linreg


def test_predict_is_the_sum_per_feature():
    X, _ = linreg.simulate(20, (1.0, 2.0, 3.0), generator=gen())
    w = torch.tensor([0.5, -1.0, 4.0], dtype=torch.float64)
    for b in (3, 3.0, torch.tensor(3.0, dtype=torch.float64)):
        expected = [sum(w[j] * X[i, j] for j in range(3)) + 3 for i in range(20)]
        torch.testing.assert_close(linreg.predict(X, w, b), torch.stack(expected), rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(linreg.predict(X, w), X @ w)


def test_the_folded_bias_is_the_same_model():
    X, _ = linreg.simulate(20, generator=gen())
    w = torch.tensor([0.5, -1.0], dtype=torch.float64)
    folded = linreg.fold_bias(X)
    assert folded.shape == (20, 3)
    assert (folded[:, 0] == 1).all()
    torch.testing.assert_close(
        folded @ torch.cat((torch.ones(1, dtype=torch.float64), w)), linreg.predict(X, w, 1.0)
    )


def test_gradients_flow_through_the_parameters():
    X, _ = linreg.simulate(20, generator=gen())
    w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    linreg.predict(X, w, b).sum().backward()
    torch.testing.assert_close(w.grad, X.sum(0))
    assert float(b.grad) == 20
