"""What a fit is: never changed, equal to itself alone, and short to print."""

import dataclasses

import pytest
import torch
from problems import built, gen

import linreg
from linreg import Fit, Path, Status


def fit_of(w, **more):
    w = torch.tensor(w, dtype=torch.float64)
    return Fit(w, w.new_tensor(0.5), Status.OK, "As given.", "none", w.new_zeros(()), **more)


def path_of(*losses):
    loss = torch.tensor(losses, dtype=torch.float64)
    return Path(loss.new_zeros(len(loss), 2), torch.zeros_like(loss), loss)


@pytest.mark.parametrize("result", [fit_of([1.0]), path_of(2.0, 1.0)], ids=["Fit", "Path"])
def test_a_result_is_frozen(result):
    """What a solver has said stays said: another value needs another result."""
    for field in dataclasses.fields(result):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(result, field.name, getattr(result, field.name))
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(result, field.name)


@pytest.mark.parametrize("make", [lambda: fit_of([1.0, 2.0]), lambda: path_of(2.0, 1.0)], ids=["Fit", "Path"])
def test_a_result_is_equal_to_itself_alone(make):
    """Tensors have no one truth of equality; compared by what they hold, two fits would raise."""
    one, other = make(), make()
    assert one == one
    assert one != other
    assert len({one, other}) == 2


RESULTS = [value for name in linreg.__all__ if dataclasses.is_dataclass(value := getattr(linreg, name))]


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__name__)
def test_so_is_every_other(kind):
    assert kind.__dataclass_params__.frozen
    assert kind.__eq__ is object.__eq__
    assert kind.__hash__ is object.__hash__
    assert len(RESULTS) > 10


@pytest.mark.parametrize(("d", "end"), [(1, "0]"), (8, "7]"), (9, "7, ...]"), (20, "7, ...]")])
def test_eight_weights_are_printed_and_that_there_are_more(d, end):
    shown = repr(fit_of([float(j) for j in range(d)]))
    assert shown.startswith("Fit(w=[0")
    assert f"{end}, b=0.5, status='ok', method='none')" in shown
    assert shown.count(", ") == min(d, 8) - 1 + 3 + (d > 8)


def test_a_path_prints_its_steps_and_its_two_losses():
    assert repr(path_of(4.0, 3.0, 1.25)) == "Path(2 steps, loss 4 to 1.25)"


def test_what_a_solver_has_not_measured_is_none():
    fit = fit_of([1.0])
    assert {fit.rank, fit.condition, fit.steps, fit.path, fit.w_se, fit.b_se} == {None}
    assert fit.dropped == 0


def test_a_prediction_adds_the_intercept():
    X = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    assert fit_of([10.0, 1.0]).predict(X).tolist() == [12.5, 34.5]
    with pytest.raises(linreg.ShapeError, match="2"):
        fit_of([10.0]).predict(X)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_layer_of_the_fit_predicts_the_same_and_learns_on(dtype):
    """A table of 20 correlated columns; the layer's numbers are its own, and no random number is drawn."""
    p = built(300, 20, kappa=30.0, noise=0.5, dtype=dtype)
    fit = linreg.solve(p.X, p.y)
    drawn = torch.get_rng_state()
    with torch.inference_mode():
        layer = fit.to_linear()
    assert torch.equal(torch.get_rng_state(), drawn)
    torch.testing.assert_close(layer(p.X).squeeze(1).detach(), fit.predict(p.X))
    kept = fit.w.clone()
    torch.nn.functional.mse_loss(layer(p.X).squeeze(1), p.y + p.X[:, 0]).backward()
    torch.optim.SGD(layer.parameters(), lr=0.1).step()
    assert not torch.equal(layer.weight.detach().flatten(), fit.w)
    assert torch.equal(fit.w, kept)


@pytest.mark.parametrize(
    "solver",
    [
        linreg.solve,
        linreg.cholesky,
        linreg.qr,
        linreg.svd,
        linreg.certified,
        linreg.gradient_descent,
        linreg.sgd,
    ],
)
def test_no_gradient_flows_through_an_answer_and_its_page_says_so(solver):
    p = built(noise=0.1)
    more = {
        linreg.gradient_descent: {"lr": 0.1, "steps": 3},
        linreg.sgd: {"lr": 0.1, "epochs": 1, "batch_size": 10, "generator": gen()},
    }
    fit = solver(p.X.requires_grad_(), p.y.requires_grad_(), **more.get(solver, {}))
    assert not any(part.requires_grad for part in (fit.w, fit.b, fit.loss))
    assert "no gradient flows through it" in solver.__doc__
