"""What a fit is: never changed, equal to itself alone, and short to print."""

import dataclasses

import pytest
import torch

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
