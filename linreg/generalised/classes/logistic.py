r"""Logistic regression: the chance of one of two classes, as a function of linear margins.

The slope of the mean log-loss is $\frac1n \tilde X^\top (p - t)$, that of least squares with chances $p$ in
the place of predictions.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.closed_form.accuracy import within_range
from linreg.generalised.classes.class_fit import LogisticFit
from linreg.generalised.classes.class_narrow import narrowed
from linreg.generalised.classes.class_problem import Problem, Solved
from linreg.generalised.classes.log_loss import Binary
from linreg.generalised.classes.separation import Separation
from linreg.generalised.classes.targets import check_classes
from linreg.generalised.penalised.penalty import check_alpha
from linreg.result import Fit
from linreg.settings import check_count
from linreg.workers import alone

__all__ = ["logistic", "logistic_fit"]


@plain
@alone
def logistic(
    X: Tensor,
    y: Tensor,
    *,
    alpha: float = 0.0,
    intercept: bool = True,
    standardise: bool = False,
    weights: Tensor | None = None,
    class_weights: Sequence[float] | Tensor | str | None = None,
    steps: int = 100,
    dtype: torch.dtype | None = None,
) -> LogisticFit:
    r"""Minimise the mean log-loss of two classes, and $\frac{\alpha}{2} \lVert w \rVert^2$.

    $$
    \frac{1}{\sum_i c_i} \sum_i c_i \log\bigl(1 + e^{-s_i (x_i^\top w + b)}\bigr)
    + \frac{\alpha}{2} \lVert w \rVert^2, \qquad s_i = 2 y_i - 1 .
    $$

    The intercept is free of the penalty. scikit-learn's `C` is $1 / (\alpha \sum_i c_i)$.

    Newton's method: each step is a weighted least-squares fit, and is shortened where it would make the loss
    larger. Without a penalty there may be no minimum, since some direction separates the classes. Then
    `separation` holds it, checked against each row, and there are no weights. Where the status is `OK` the
    curvature and the slope at the end prove that there is a minimum.

    Cost: n d^2 operations for each step, of which there are usually 5 to 10. `X` is not copied.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) classes, 0 or 1, as numbers of the dtype of `X`.
        alpha: of the penalty, 0 or above.
        intercept: fit `b` as well; otherwise it is 0.
        standardise: penalise weights of columns divided by their standard deviations. The answer is that of
            the columns as they are all the same.
        weights: (n,) how often each row counts, 0 or above.
        class_weights: what rows of class 0 and of class 1 count for, besides; `"balanced"` makes both
            classes weigh the same. The loss is divided by the sum of all these, as in
            `torch.nn.CrossEntropyLoss(weight=...)`.
        steps: largest number of steps.
        dtype: of the answer, by default that of `X`.

    Returns:
        The fit; status `SEPARATED` where there is no minimum, `RANK_DEFICIENT` when the columns are dependent
        and no penalty decides, `NOT_CONVERGED` when the steps ran out, `NO_DIGITS` where rounding leaves open
        whether there is a minimum, or moves margins by 1, and `OUT_OF_RANGE` when `dtype` cannot hold the
        weights.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64, or a setting is not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; `y` other than 0 and 1, or of one class alone; negative
            weights, or none above 0.
        RangeError: `alpha` negative or NaN, `steps` below 1, or a class weight not above 0.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 4.4; separation:
    Albert and Anderson, On the existence of maximum likelihood estimates in logistic regression models,
    Biometrika 71 (1984).

    Examples:
        >>> import torch
        >>> X = torch.tensor([[0.], [1.], [2.], [3.], [4.], [5.]], dtype=torch.float64)
        >>> y = torch.tensor([0., 0., 1., 0., 1., 1.], dtype=torch.float64)
        >>> fit = logistic(X, y)
        >>> print(f"{float(fit.w):.4f} {float(fit.b):.4f}, {fit.status}")
        1.2140 -3.0351, ok
        >>> fit.probabilities(X[:3])
        tensor([0.0459, 0.1393, 0.3527], dtype=torch.float64)
        >>> y[2:4] = torch.tensor([0., 1.], dtype=torch.float64)
        >>> parted = logistic(X, y)  # 0 below, 1 above: no weight is steep enough
        >>> parted.status, parted.separation
        (<Status.SEPARATED: 'separated'>, Separation(complete=True, undecided=0))
    """
    alpha, steps = check_alpha(alpha), check_count(steps, "steps")
    rows = check_classes(X, y, 2, weights, class_weights, dtype)
    solved = Problem(rows, Binary(), alpha, intercept, standardise).solved(steps)
    return narrowed(logistic_fit(solved, alpha, rows.dtype), solved, rows)


def logistic_fit(solved: Solved, alpha: float, dtype: torch.dtype) -> LogisticFit:
    """The fit of two classes in this dtype."""
    W, b, found = solved.W.squeeze(1), solved.b.squeeze(0), solved.separation
    fit = Fit(W, b, solved.status, solved.message, "logistic", solved.loss, **solved.known)
    fit = within_range(fit, dtype)
    if found is not None:
        found = Separation(
            found.w.squeeze(1).to(dtype), found.b.squeeze(0).to(dtype), found.complete, found.undecided
        )
    return LogisticFit(**vars(fit), alpha=alpha, separation=found)
