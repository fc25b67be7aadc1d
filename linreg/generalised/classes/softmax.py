r"""Softmax regression: the chance of each of K classes, as a function of linear scores.

The slope of the mean log-loss is $\frac1n \tilde X^\top (P - T)$, with $T$ (n, K) 1 at the class of each row
and 0 elsewhere: for each class what logistic regression has.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.closed_form.accuracy import within_range
from linreg.generalised.classes.class_fit import SoftmaxFit
from linreg.generalised.classes.class_narrow import narrowed
from linreg.generalised.classes.class_problem import Problem, Solved
from linreg.generalised.classes.log_loss import Multinomial
from linreg.generalised.classes.separation import Separation
from linreg.generalised.classes.targets import check_classes
from linreg.generalised.penalised.penalty import check_alpha
from linreg.result import Fit
from linreg.settings import check_count
from linreg.workers import alone

__all__ = ["softmax", "softmax_fit"]


@plain
@alone
def softmax(
    X: Tensor,
    y: Tensor,
    *,
    classes: int | None = None,
    alpha: float = 0.0,
    intercept: bool = True,
    standardise: bool = False,
    weights: Tensor | None = None,
    class_weights: Sequence[float] | Tensor | str | None = None,
    steps: int = 100,
    dtype: torch.dtype | None = None,
) -> SoftmaxFit:
    r"""Minimise the mean log-loss of K classes, and $\frac{\alpha}{2} \sum_k \lVert w_k \rVert^2$.

    $$
    \frac{1}{\sum_i c_i} \sum_i c_i \Bigl( \log \sum_k e^{s_{ik}} - s_{i y_i} \Bigr)
    + \frac{\alpha}{2} \sum_k \lVert w_k \rVert^2, \qquad s_{ik} = x_i^\top w_k + b_k .
    $$

    The intercepts are free of the penalty. A number added to all scores of a row changes nothing; the
    answer is that whose weights, and intercepts, add up to 0 over the classes. scikit-learn's `C` is
    $1 / (\alpha \sum_i c_i)$. Of two classes, $w_1 - w_0$ is the weight of `logistic` without a penalty, and
    with half of this one.

    Newton's method and the search for a direction that separates classes are those of `logistic`.

    Cost: n d^2 K^2 / 2 operations for each step, of which there are usually 5 to 10, and d^2 K^2 numbers. `X`
    is not copied.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) classes, 0 to K - 1, as numbers of the dtype of `X`.
        classes: K, 2 or above; by default one more than the largest in `y`.
        alpha: of the penalty, 0 or above.
        intercept: fit `b` as well; otherwise it is 0.
        standardise: penalise weights of columns divided by their standard deviations. The answer is that of
            the columns as they are all the same.
        weights: (n,) how often each row counts, 0 or above.
        class_weights: what rows of each of the K classes count for, besides; `"balanced"` makes all classes
            weigh the same. The loss is divided by the sum of all these, as in
            `torch.nn.CrossEntropyLoss(weight=...)`.
        steps: largest number of steps.
        dtype: of the answer, by default that of `X`.

    Returns:
        The fit, with statuses as of `logistic`.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64, or a setting is not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; `y` other than whole numbers from 0 on, of one class alone,
            or without a row of some class; negative weights, or none above 0.
        RangeError: `alpha` negative or NaN, `classes` below 2, `steps` below 1, or a class weight not
            above 0.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 4.4; separation:
    Albert and Anderson, On the existence of maximum likelihood estimates in logistic regression models,
    Biometrika 71 (1984).

    Examples:
        >>> import torch
        >>> X = torch.tensor([[0.], [1.], [2.], [3.], [4.], [5.]], dtype=torch.float64)
        >>> y = torch.tensor([0., 1., 0., 2., 1., 2.], dtype=torch.float64)
        >>> fit = softmax(X, y)
        >>> fit
        SoftmaxFit(d=1, K=3, status='ok', method='softmax')
        >>> fit.probabilities(X[:2])
        tensor([[0.8150, 0.1764, 0.0086],
                [0.6238, 0.3356, 0.0406]], dtype=torch.float64)
    """
    alpha, steps = check_alpha(alpha), check_count(steps, "steps")
    if classes is not None:
        check_count(classes, "classes", least=2)
    rows = check_classes(X, y, classes, weights, class_weights, dtype)
    solved = Problem(
        rows, Multinomial(len(rows.share), rows.table.X.device), alpha, intercept, standardise
    ).solved(steps)
    return narrowed(softmax_fit(solved, alpha, rows.dtype), solved, rows)


def softmax_fit(solved: Solved, alpha: float, dtype: torch.dtype) -> SoftmaxFit:
    """The fit of K classes in this dtype."""
    fit = Fit(solved.W, solved.b, solved.status, solved.message, "softmax", solved.loss, **solved.known)
    found = solved.separation
    if found is not None:
        found = Separation(found.w.to(dtype), found.b.to(dtype), found.complete, found.undecided)
    return SoftmaxFit(**vars(_within_range(fit, dtype)), alpha=alpha, separation=found)


def _within_range(fit: Fit, dtype: torch.dtype) -> Fit:
    """The fit in this dtype, its weights looked at one after the other."""
    d, K = fit.w.shape
    flat = within_range(Fit(**{**vars(fit), "w": fit.w.flatten(), "b": fit.b.abs().max()}), dtype)
    return Fit(**{**vars(flat), "w": flat.w.view(d, K), "b": fit.b.to(dtype)})
