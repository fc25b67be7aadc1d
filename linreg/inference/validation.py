r"""How well a model predicts rows that it has not seen: cross-validation, from sums.

The sums of all folds but one are the training data of that fold, so that each row is read once, however
many folds there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.products import residual_products
from linreg.basics.statistics import Statistics
from linreg.checks import check_finite, check_Xy
from linreg.closed_form.from_sums import solve_statistics
from linreg.closed_form.solve import solve
from linreg.errors import DataError
from linreg.inference.folds import check_parts, rows_of_folds, sums_of_fold, taken, without_each
from linreg.keep import ByValue
from linreg.result import Fit, Status
from linreg.weights import check_some_weight

__all__ = [
    "CrossValidation",
    "cross_validate",
    "cross_validate_statistics",
    "mean_square",
    "told_by_sums",
]

EPS = torch.finfo(torch.float64).eps
CONDITION = 1e4  # sums lose its square of the 16 digits: up to here, eight are left
LOST = 1e-8  # share of a mean square that rounding may be, or that a fit may leave, before the rows are asked
SORTED = 10.0  # F of the means of the folds: by chance above 4 in one of ten thousand data sets, or fewer


@dataclass(frozen=True, eq=False)
class CrossValidation(ByValue):
    """What each fold's rows say about the model that was fitted without them.

    Args:
        mse: (k,) mean squared error on the rows of each fold, in squared units of `y`.
        r2: (k,) 1 minus `mse` over the variance of `y` in the fold; NaN for one row, or where `y` is
            constant. It is negative where the mean of the fold would have predicted better.
        weight: (k,) sum of the weights in each fold; the number of its rows where there are none.
        w: (k, d) weights fitted without each fold.
        b: (k,) intercepts.
        status: `OK`, or the worst of the fits.
        message: what was done, and a warning where the folds do not look alike.
    """

    mse: Tensor
    r2: Tensor
    weight: Tensor
    w: Tensor
    b: Tensor
    status: Status
    message: str

    @property
    def mean(self) -> float:
        """The mean squared error over all rows, by their weights, each predicted by a fit without it."""
        return float(self.weight @ self.mse / self.weight.sum())

    @property
    def se(self) -> float:
        r"""Standard error of the mean, from the spread of the folds: $s / \sqrt k$.

        It counts the folds as independent. Their fits share most of their rows, so that it is too small
        rather than too large.
        """
        return float(self.mse.std() / len(self.mse) ** 0.5)

    def __repr__(self) -> str:
        k, status = len(self.mse), str(self.status)
        return f"CrossValidation({k} folds, mean={self.mean:.4g}, se={self.se:.2g}, status={status!r})"


@plain
def cross_validate(
    X: Tensor,
    y: Tensor,
    *,
    folds: int | Tensor = 10,
    intercept: bool = True,
    weights: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> CrossValidation:
    r"""Predict each row by a fit that has not seen its fold, and tell how well.

    Without a `generator` the folds are k runs of neighbouring rows, as suits rows whose neighbours
    resemble each other; with one, the rows are shuffled first. Rows sorted by `y` must be shuffled, or each
    fold asks for values that its fit has never met; the `message` says so where the means of `y` in the
    folds differ by more than chance.

    Each row is read once, in float64: the training rows of a fold are the sums of the others, and its
    error follows from its own. Where these cannot tell it to 8 digits (a condition number above 10,000,
    dependent columns, a fit that leaves almost nothing), the rows of that fold are used.

    Cost: about one fit, n d^2, with k d^3 for k folds; shuffled rows are gathered, which takes twice as
    long. Memory: k (d + 2)^2 numbers.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        folds: how many, 2 to n; or (n,) integers: rows of one number form a fold, such as a year.
        intercept: fit `b` as well.
        weights: (n,) precisions of the rows, for the fits and for the mean of the errors.
        generator: shuffles the rows before they are cut into folds.

    Returns:
        The errors of each fold and the k fits, float64.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64; `folds` is no integer and no integers.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, bad weights, or a fold of which no row counts.
        RangeError: fewer than 2 folds, more folds than rows, or a `generator` where `folds` already gives the
            fold of each row.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 7.10.

    Examples:
        >>> from linreg import ordinary
        >>> import torch
        >>> X, y, w, b = ordinary()
        >>> found = cross_validate(X, y, generator=torch.Generator().manual_seed(0))
        >>> found.mse.shape, found.w.shape
        (torch.Size([10]), torch.Size([10, 20]))
        >>> 1 < found.mean < 1.2  # the variance of the noise is 1, and 21 numbers have to be learned
        True
    """
    X, y = check_Xy(X, y, finite=False)
    C = None if weights is None else check_some_weight(y, weights)
    rows = _Rows(X, y, C, intercept, rows_of_folds(len(X), folds, generator, X.device))
    try:
        parts = [rows.sums(f) for f in range(len(rows.folds))]
    except DataError:  # an entry, named by its row of the fold
        check_finite(X, "X")
        check_finite(y, "y")
        raise
    return _validated(parts, intercept, rows)


@plain
def cross_validate_statistics(parts: Sequence[Statistics], *, intercept: bool = True) -> CrossValidation:
    r"""Cross-validate over rows that are no longer at hand, from the sums of each fold.

    One `Statistics` for each fold: of each file, machine or month. Where sums do not carry
    the digits, `cross_validate` goes back to the rows; here `solve_statistics` has to do.

    Cost: k d^3 for k folds, whatever the number of rows.

    Args:
        parts: sums of two folds or more, of the same columns.
        intercept: fit `b` as well.

    Returns:
        The errors of each fold and the k fits, float64.

    Raises:
        DtypeError: not a sequence of `Statistics`.
        ShapeError: they are of different columns.
        DataError: sums without rows.
        RangeError: fewer than 2.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 7.10.

    Examples:
        >>> from linreg import Statistics, ordinary
        >>> X, y, w, b = ordinary()
        >>> parts = [Statistics.of(X[f::5], y[f::5]) for f in range(5)]
        >>> cross_validate_statistics(parts).mse.shape
        torch.Size([5])
    """
    return _validated(check_parts(parts), intercept, None)


class _Rows(NamedTuple):
    """Rows, and which of them each fold has: what is asked where sums do not carry the digits."""

    X: Tensor
    y: Tensor
    C: Tensor | None
    intercept: bool
    folds: list[slice] | list[Tensor]

    def sums(self, f: int) -> Statistics:
        """Those of a fold."""
        return sums_of_fold(self.X, self.y, self.C, self.folds[f])

    def fit_without(self, f: int) -> Fit:
        """The fit of all the rows but those of a fold."""
        kept = torch.ones(len(self.X), dtype=torch.bool, device=self.X.device)
        kept[self.folds[f]] = False
        X, y, C = taken(self.X, self.y, self.C, kept.nonzero().flatten())
        return solve(X, y, intercept=self.intercept, weights=C, dtype=torch.float64)

    def error(self, f: int, fit: Fit) -> float:
        """The error of a fit on the rows of a fold."""
        return mean_square(*taken(self.X, self.y, self.C, self.folds[f]), fit)


def _validated(parts: Sequence[Statistics], intercept: bool, rows: _Rows | None) -> CrossValidation:
    """Fit without each fold, from the sums of the others, and ask its own for the error."""
    fits, errors = [], []
    for f, (part, training) in enumerate(zip(parts, without_each(parts), strict=True)):
        fit = solve_statistics(training, intercept=intercept)
        if rows and not told_by_sums(training, fit):
            fit = rows.fit_without(f)
        error, rounded = _mean_square_of_sums(part, fit)
        if rows and rounded > LOST * error:
            error = rows.error(f, fit)
        fits.append(fit)
        errors.append(error)
    mse = torch.tensor(errors, dtype=torch.float64, device="cpu")
    variance = torch.tensor(
        [float(part.yy) / part.weight for part in parts], dtype=torch.float64, device="cpu"
    )
    weight = torch.tensor([part.weight for part in parts], dtype=torch.float64, device="cpu")
    status = next((fit.status for fit in fits if fit.status is not Status.OK), Status.OK)
    return CrossValidation(
        mse,
        torch.where(variance > 0, 1 - mse / variance, torch.nan),
        weight,
        torch.stack([fit.w for fit in fits]),
        torch.stack([fit.b for fit in fits]),
        status,
        _message(parts, fits),
    )


def told_by_sums(training: Statistics, fit: Fit) -> bool:
    """Whether sums carry the digits of this fit."""
    left = 2 * training.weight * float(fit.loss) > LOST * float(training.yy)
    return left and fit.status is Status.OK and fit.condition is not None and fit.condition <= CONDITION


def mean_square(X: Tensor, y: Tensor, C: Tensor | None, fit: Fit) -> float:
    """That of the residuals, by their weights."""
    theta = torch.cat((-fit.w, torch.ones_like(fit.w[:1]), -fit.b.reshape(1))).unsqueeze(1)
    C = None if C is None else C.double()
    _, squares = residual_products(X, y, X.new_zeros(X.shape[1] + 1, dtype=torch.float64), theta, C)
    return float(squares) / float(len(y) if C is None else C.sum())


def _mean_square_of_sums(part: Statistics, fit: Fit) -> tuple[float, float]:
    """The mean squared residual of rows that are known by their sums, and what of it may be rounding."""
    v = torch.cat((fit.w, -torch.ones_like(fit.w[:1])))
    moments = torch.vstack((torch.column_stack((part.gram, part.xy)), torch.cat((part.xy, part.yy[None]))))
    mean = torch.cat((part.X_mean, part.y_mean[None]))
    off = float(mean @ v + fit.b)
    spread, largest = float(v @ moments @ v), float(v.abs() @ moments.abs() @ v.abs())
    far = float((mean * v).abs().sum() + fit.b.abs())
    error = max(spread, 0.0) / part.weight + off**2
    return error, EPS * (largest / part.weight + 2 * abs(off) * far + EPS * far**2)


def _message(parts: Sequence[Statistics], fits: Sequence[Fit]) -> str:
    """What was done, whether the folds look alike, and what a fit that is not OK says."""
    k, n = len(parts), sum(part.n for part in parts)
    said = f"{k} folds of {n} rows, each predicted by a fit of the others."
    within = sum(float(part.yy) for part in parts)
    weight = sum(part.weight for part in parts)
    mean = sum(part.weight * float(part.y_mean) for part in parts) / weight
    between = sum(part.weight * (float(part.y_mean) - mean) ** 2 for part in parts)
    if between * (n - k) > SORTED * (k - 1) * within:
        said += (
            " The mean of `y` differs from fold to fold by more than chance: are the rows sorted? "
            "If their order means nothing, shuffle them: generator=torch.Generator().manual_seed(0)."
        )
    worst = next((fit for fit in fits if fit.status is not Status.OK), None)
    return f"{said} A fit says: {worst.message}" if worst else said
