r"""The learning curve: the error on rows that were learned from, and on others, as the former become more."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.statistics import Statistics
from linreg.checks import check_Xy
from linreg.closed_form.from_sums import solve_statistics
from linreg.closed_form.solve import solve
from linreg.errors import DataError, RangeError, ShapeError
from linreg.inference.validation import mean_square, told_by_sums
from linreg.keep import ByValue
from linreg.settings import check_count
from linreg.weights import check_some_weight

__all__ = ["LearningCurve", "learning_curve"]


@dataclass(frozen=True, eq=False)
class LearningCurve(ByValue):
    """The error on the rows that were learned from, and on others, as more rows are learned from.

    Args:
        n: (k,) numbers of rows learned from.
        train: (k,) mean squared error on these rows, in squared units of `y`.
        test: (k,) mean squared error on the rows that were kept apart.
    """

    n: Tensor
    train: Tensor
    test: Tensor

    def __repr__(self) -> str:
        last = f"{int(self.n[-1])} rows: train {float(self.train[-1]):.4g}, test {float(self.test[-1]):.4g}"
        return f"LearningCurve({len(self.n)} sizes, {last})"


@plain
def learning_curve(
    X: Tensor,
    y: Tensor,
    X_test: Tensor,
    y_test: Tensor,
    *,
    sizes: Sequence[int],
    intercept: bool = True,
    weights: Tensor | None = None,
    weights_test: Tensor | None = None,
) -> LearningCurve:
    r"""Fit the first rows, then more and more of them, and give the error on these and on rows kept apart.

    For d columns, an intercept, the right model and noise of variance $\sigma^2$, the two errors are near
    $\sigma^2 (1 - p/n)$ and $\sigma^2 (1 + p/n)$ with p = d + 1, the latter for n well above p.

    Cost: n d^2, and for each size d^3 and a pass over its rows, 2 n d.

    Args:
        X: (n, d) features to learn from, in an order that means nothing.
        y: (n,) targets.
        X_test: (m, d) features kept apart.
        y_test: (m,) their targets.
        sizes: how many rows to learn from, increasing, each from 1 to n.
        intercept: fit `b` as well.
        weights: (n,) precisions of the rows to learn from, for the fits and for the mean of their errors.
        weights_test: (m,) those of the rows kept apart, for the mean of theirs.

    Returns:
        The two curves, float64. For fewer rows than unknowns, the shortest answer is fitted.

    Raises:
        ShapeError: wrong shapes, or other columns for the test.
        DtypeError: the dtypes differ or are not float32 or float64; a size that is not an integer.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; bad weights, or none above 0 in the rows of the
            first size.
        RangeError: `sizes` that are none, do not increase, or exceed the rows.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 7.2.

    Examples:
        >>> from linreg import ordinary
        >>> (X, y, w, b), test = ordinary(0), ordinary(1)
        >>> curve = learning_curve(X, y, test.X, test.y, sizes=[30, 100, 300])
        >>> curve.n.tolist()
        [30, 100, 300]
        >>> bool((curve.train < 1).all() and (curve.test > 1).all())
        True
    """
    X, y = check_Xy(X, y)
    X_test, y_test = check_Xy(X_test, y_test)
    if X_test.shape[1] != X.shape[1]:
        raise ShapeError(
            f"`X_test` must have {X.shape[1]} columns, as `X`; got {X_test.shape[1]}. Take the same features."
        )
    sizes = [check_count(size, "sizes") for size in sizes]
    if not sizes or sizes[-1] > len(X) or any(a >= b for a, b in pairwise(sizes)):
        raise RangeError(
            f"`sizes` must increase, from 1 to {len(X)} rows; got {sizes}. Try [{len(X) // 2}, {len(X)}]."
        )
    C = None if weights is None else check_some_weight(y, weights)
    C_test = None if weights_test is None else check_some_weight(y_test, weights_test, "weights_test")
    _check_begins(C, sizes[0])
    sums, before, errors = Statistics(X.shape[1], device=X.device), 0, []
    for size in sizes:
        new, seen = slice(before, size), slice(size)
        before = size
        sums.update(X[new], y[new], weights=_some(weights, new))
        fit = solve_statistics(sums, intercept=intercept)
        if not told_by_sums(sums, fit):
            fit = solve(
                X[seen], y[seen], intercept=intercept, weights=_some(weights, seen), dtype=torch.float64
            )
        known = mean_square(X[seen], y[seen], _some(C, seen), fit)
        errors.append((known, mean_square(X_test, y_test, C_test, fit)))
    train, test = torch.tensor(errors, dtype=torch.float64, device="cpu").T
    return LearningCurve(torch.tensor(sizes, device="cpu"), train, test)


def _some(weights: Tensor | None, rows: slice) -> Tensor | None:
    """Those of some rows, if there are any."""
    return None if weights is None else weights[rows]


def _check_begins(C: Tensor | None, size: int) -> None:
    """Require that one of the first rows counts."""
    if C is not None and not bool(C[:size].any()):
        first = int(C.nonzero()[0]) + 1
        raise DataError(
            f"`weights` must have one above 0 among the first {size} rows; "
            f"row {first} is the first that has. Let `sizes` begin with {first} or more."
        )
