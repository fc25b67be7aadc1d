r"""Gradient descent on the squared loss: of all the rows at each step, by hand and by autograd.

A run never ends in NaN: when the loss grows without bound it stops, keeps the best parameters that it
saw, and its `status` and `message` say which rate would have worked.
"""

from functools import partial

from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import Reduction, gradient
from linreg.checks import check_b, check_w
from linreg.descent.full_batch import Course, Settings
from linreg.descent.modes import Inertia
from linreg.descent.steps import Point, gradient_step
from linreg.descent.verdict import verdict
from linreg.errors import RangeError
from linreg.result import Fit
from linreg.settings import check_number
from linreg.workers import alone

__all__ = ["gradient_descent", "step"]


@plain
def step(X: Tensor, y: Tensor, w: Tensor, b: Tensor | float, lr: float) -> tuple[Tensor, Tensor]:
    r"""Take one step of gradient descent: $w - \eta \nabla_w L$, $b - \eta \, \partial L / \partial b$.

    Pure: nothing is modified, and both parameters move at once.

    Cost: O(n d).

    Args:
        X: (n, d) features.
        y: (n,) targets.
        w: (d,) weights before the step.
        b: () intercept before the step.
        lr: learning rate $\eta$, in units of 1 / curvature.

    Returns:
        (d,) weights and () intercept after the step.

    Raises:
        ShapeError: `y` is not (n,), `w` not (d,) or `b` not a scalar.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.
        RangeError: `lr` not above 0.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[1.], [2.]]), torch.tensor([1., 2.])
        >>> step(X, y, torch.tensor([0.]), 0.0, lr=0.1)
        (tensor([0.2500]), tensor(0.1500))
    """
    check_number(lr, "lr", positive=True)
    dw, db = gradient(X, y, w, b)
    return check_w(X, w) - lr * dw, check_b(X, b) - lr * db


@plain
@alone
def gradient_descent(
    X: Tensor,
    y: Tensor,
    *,
    lr: float,
    steps: int,
    w: Tensor | None = None,
    b: Tensor | float = 0.0,
    intercept: bool = True,
    weights: Tensor | None = None,
    reduction: Reduction = "half_mean",
    autograd: bool = False,
    sums: bool = False,
    tol: float | None = None,
    record: bool = True,
    progress: bool = False,
) -> Fit:
    r"""Minimise by full-batch gradient descent: $\theta_{t+1} = \theta_t - \eta \nabla L(\theta_t)$.

    Stops once the excess over the smallest loss is at most `tol` times what there was to gain: the loss of
    the mean model (without an intercept, of zero) less the smallest. The smallest loss is computed
    beforehand, so the test does not depend on the units of the columns. Where `y` is constant and nothing
    is to be gained, the excess at zero or at the start takes its place. Converges for
    $0 < \eta < 2 / \lambda_{\max}$; `curvature` computes that rate, `predict_steps` the number of steps.
    For the answer rather than the journey, `solve` is faster and exact.

    The answer is detached: no gradient flows through it.

    Cost: 4 n d operations for each step, with `sums` 2 d^2; n d^2 once, for the smallest loss, and some ten
    times that with a condition number above 1000. Of more than 2048 columns no d x d numbers are formed: the
    smallest loss comes from conjugate gradients, 4 n d operations each, and a step costs 6 n d.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        lr: learning rate $\eta$, in units of 1 / curvature.
        steps: largest number of steps.
        w: (d,) start; zeros by default, since a convex loss needs no random start.
        b: () start.
        intercept: fit `b` as well; otherwise it stays 0.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: the convention of the loss; the rate belongs to it.
        autograd: take the gradient from autograd instead of the formula; the same numbers, slower.
        sums: take it from the `Statistics` of the data, added up once in float64: the same path to rounding,
            at a price for each step that does not depend on n. A loss below 1e-16 of that of the mean is
            rounding.
        tol: share of what there was to gain that may be left; by default the machine epsilon of the
            dtype, 1.2e-7 or 2.2e-16, and 0 runs all the steps.
        record: keep the whole path, (steps + 1)(d + 1) numbers.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, in the dtype of `X`: status `OK`, `NOT_CONVERGED`, or `DIVERGED` with the parameters
        of the smallest loss seen. `path` holds the parameters and the loss before every step and after
        the last; a step out of the range of the dtype is left out.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, a loss at the start beyond the range of the dtype, a `y`
            whose squares are below that of float64, or bad weights.
        MissingError: `progress` without tqdm.
        RangeError: `lr` not above 0, `steps` below 0, negative `tol`, an unknown `reduction`, or
            `autograd` together with `sums`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[-1.], [1.]]), torch.tensor([-1., 3.])
        >>> fit = gradient_descent(X, y, lr=0.5, steps=100)
        >>> fit.status.value, fit.steps
        ('ok', 12)
        >>> print(gradient_descent(X, y, lr=3.0, steps=100).message)
        Diverged at step 7: lr = 3 is not below the largest stable rate, 2/lambda_max = 2. Try lr = 1.
    """
    check_number(lr, "lr", positive=True)
    if autograd and sums:
        raise RangeError(
            "`sums` must be False where `autograd` is True; got both. Autograd needs the rows: pick one."
        )
    settings = Settings(steps, w, b, intercept, reduction, sums, tol, record, progress, autograd, weights)
    course = Course(X, y, settings)
    step = partial(gradient_step, lr=lr)
    end = course.run(Point(course.theta), step)
    return course.fit("gradient_descent", *verdict(course, lr, Inertia(), lambda: course.stands(end, step)))
