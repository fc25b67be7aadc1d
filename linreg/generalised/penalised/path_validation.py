r"""How strong a penalty: cross-validation of a whole path, from sums of the folds.

Rows are read once. The sums of all folds but one give the path of that fold, and its own sums the errors of
every fit on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.statistics import Statistics
from linreg.checks import check_Xy
from linreg.errors import DataError
from linreg.generalised.penalised.lasso import lasso_path, lasso_path_statistics
from linreg.generalised.penalised.path import PenalisedFit, RegularisationPath
from linreg.generalised.penalised.penalty import check_l1_ratio
from linreg.generalised.penalised.ridge import ridge_path, ridge_path_statistics
from linreg.inference.folds import check_parts, rows_of_folds, sums_of_fold, without_each
from linreg.keep import ByValue
from linreg.result import Status
from linreg.weights import check_some_weight
from linreg.workers import alone

__all__ = ["PathValidation", "cross_validate_path", "cross_validate_path_statistics"]


@dataclass(frozen=True, eq=False)
class PathValidation(ByValue):
    """What each fold's rows say about the path that was fitted without them.

    Args:
        path: the path of all rows.
        mse: (folds, k) mean squared error of each fit on the rows of each fold, in squared units of `y`.
        weight: (folds,) sum of the weights in each fold; the number of its rows where there are none.
        status: `OK`, or the worst of the paths.
        message: what was done.
    """

    path: RegularisationPath
    mse: Tensor
    weight: Tensor
    status: Status
    message: str

    @property
    def mean(self) -> Tensor:
        """(k,) the mean squared errors over all rows, by their weights."""
        return self.weight @ self.mse / self.weight.sum()

    @property
    def se(self) -> Tensor:
        r"""(k,) standard errors of the means, from the spread of the folds: $s / \sqrt{\text{folds}}$."""
        se: Tensor = self.mse.std(0) / len(self.mse) ** 0.5
        return se

    @property
    def best(self) -> int:
        """The place on the path with the smallest mean."""
        return int(self.mean.argmin())

    @property
    def one_se(self) -> int:
        """The place of the strongest penalty whose mean is within one standard error of the smallest.

        A simpler model that is as good as far as the folds can tell.
        """
        within = self.mean <= self.mean[self.best] + self.se[self.best]
        return int(within.nonzero()[0])

    @property
    def fit(self) -> PenalisedFit:
        """That of all rows with the penalty of the smallest mean."""
        return self.path[self.best]

    def __repr__(self) -> str:
        folds, k = self.mse.shape
        best, simple = float(self.path.alpha[self.best]), float(self.path.alpha[self.one_se])
        status = str(self.status)
        return (
            f"PathValidation({folds} folds of {k} fits, best alpha={best:.4g}, "
            f"within one se alpha={simple:.4g}, {status=})"
        )


@plain
@alone
def cross_validate_path(
    X: Tensor,
    y: Tensor,
    *,
    alphas: int | Sequence[float] | Tensor = 100,
    l1_ratio: float = 1.0,
    folds: int | Tensor = 10,
    intercept: bool = True,
    weights: Tensor | None = None,
    standardise: bool = False,
    unpenalised: Sequence[int] = (),
    generator: torch.Generator | None = None,
) -> PathValidation:
    r"""Choose the penalty: predict each row by paths that have not seen its fold.

    The penalties are those of the path of all rows. `best` has the smallest mean error, and `one_se` is the
    strongest penalty that the folds cannot tell from it. With `standardise` each fold is scaled by its own
    training rows. Folds as for `cross_validate`: runs of neighbours, unless a `generator` shuffles the rows.

    Each row is read once, however many folds; with no more rows than columns the rows of each fold are asked
    instead of sums, and no d x d matrix is made.

    Cost: n d^2 operations, and a path from sums for each fold.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        alphas: strengths of the penalty, or how many, as for `lasso_path` and `ridge_path`.
        l1_ratio: the share of absolute values in the penalty: 1 is the lasso, 0 ridge.
        folds: how many, 2 to n; or (n,) integers: rows of one number form a fold.
        intercept: fit `b` as well; it is not penalised.
        weights: (n,) precisions of the rows, for the fits and for the mean of the errors.
        standardise: penalise the weights of columns divided by their standard deviations.
        unpenalised: columns, counted from 0, whose weights are free.
        generator: shuffles the rows before they are cut into folds.

    Returns:
        The errors of each fold along the path, and the path of all rows, float64.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64; a setting is not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, bad weights, or a fold of which no row counts.
        RangeError: bad `alphas`, `l1_ratio`, `folds` or `unpenalised`.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 7.10, which has
    the rule of one standard error as well.

    Examples:
        >>> from linreg import ordinary
        >>> import torch
        >>> X, y, w, b = ordinary()
        >>> found = cross_validate_path(X, y, generator=torch.Generator().manual_seed(0))
        >>> found.mse.shape
        torch.Size([10, 100])
        >>> found.one_se <= found.best, int(found.path.zero[found.one_se]) > int(found.path.zero[found.best])
        (True, True)
    """
    X, y = check_Xy(X, y, finite=False)
    ratio = check_l1_ratio(l1_ratio)
    how = _how(ratio, intercept, standardise, unpenalised)
    C = None if weights is None else check_some_weight(y, weights).to(X.dtype)
    parts = rows_of_folds(len(X), folds, generator, X.device)
    if X.shape[1] < len(X):
        try:
            sums = [sums_of_fold(X, y, C, fold) for fold in parts]
        except DataError:  # an entry, named by its row of the fold
            check_Xy(X, y)
            raise
        return _validated(sums, alphas, ratio, how)
    path = _of_rows(X, y, C, alphas, ratio, how)
    errors, weight, paths = [], [], []
    for fold in parts:
        kept = torch.ones(len(X), dtype=torch.bool, device=X.device)
        kept[fold] = False
        one = _of_rows(X[kept], y[kept], None if C is None else C[kept], path.alpha, ratio, how)
        r = y[fold].double().unsqueeze(1) - X[fold].double() @ one.w.T - one.b
        share = torch.ones_like(r[:, 0]) if C is None else C[fold].double()
        if not bool(share.any()):
            raise DataError("`weights` must have one above 0 in each fold; one has none. Use fewer folds.")
        errors.append(share @ r.square() / share.sum())
        weight.append(share.sum())
        paths.append(one)
    return _result(path, torch.stack(errors), torch.stack(weight), paths)


@plain
def cross_validate_path_statistics(
    parts: Sequence[Statistics],
    *,
    alphas: int | Sequence[float] | Tensor = 100,
    l1_ratio: float = 1.0,
    intercept: bool = True,
    standardise: bool = False,
    unpenalised: Sequence[int] = (),
) -> PathValidation:
    r"""Choose the penalty over rows that are no longer at hand, from the sums of each fold.

    Cost: a path from sums for each fold, whatever the number of rows.

    Args:
        parts: sums of two folds or more, of the same columns.
        alphas: strengths of the penalty, or how many, as for `lasso_path` and `ridge_path`.
        l1_ratio: the share of absolute values in the penalty: 1 is the lasso, 0 ridge.
        intercept: fit `b` as well; it is not penalised.
        standardise: penalise the weights of columns divided by their standard deviations.
        unpenalised: columns, counted from 0, whose weights are free.

    Returns:
        The errors of each fold along the path, and the path of all rows, float64.

    Raises:
        DtypeError: not a sequence of `Statistics`; a setting is not a number.
        ShapeError: they are of different columns.
        DataError: sums without rows.
        RangeError: fewer than 2; bad `alphas`, `l1_ratio` or `unpenalised`.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 7.10.

    Examples:
        >>> from linreg import Statistics, ordinary
        >>> X, y, w, b = ordinary()
        >>> parts = [Statistics.of(X[f::5], y[f::5]) for f in range(5)]
        >>> cross_validate_path_statistics(parts, alphas=20).mse.shape
        torch.Size([5, 20])
    """
    sums, ratio = check_parts(parts), check_l1_ratio(l1_ratio)
    return _validated(sums, alphas, ratio, _how(ratio, intercept, standardise, unpenalised))


def _how(ratio: float, intercept: bool, standardise: bool, unpenalised: Sequence[int]) -> dict[str, Any]:
    how = {"intercept": intercept, "standardise": standardise, "unpenalised": unpenalised}
    return how if ratio == 0 else {**how, "l1_ratio": ratio}


def _of_rows(
    X: Tensor, y: Tensor, C: Tensor | None, alphas: Any, ratio: float, how: dict[str, Any]
) -> RegularisationPath:
    if ratio == 0:
        return ridge_path(X, y, alphas=alphas, weights=C, leave_one_out=False, **how)
    return lasso_path(X, y, alphas=alphas, weights=C, **how)


def _of_sums(sums: Statistics, alphas: Any, ratio: float, how: dict[str, Any]) -> RegularisationPath:
    call = ridge_path_statistics if ratio == 0 else lasso_path_statistics
    return call(sums, alphas=alphas, **how)


def _validated(
    parts: list[Statistics],
    alphas: int | Sequence[float] | Tensor,
    ratio: float,
    how: dict[str, Any],
) -> PathValidation:
    others = without_each(parts)
    path = _of_sums(others[-1] + parts[-1], alphas, ratio, how)
    paths = [_of_sums(training, path.alpha, ratio, how) for training in others]
    mse = torch.stack([_errors(part, one) for part, one in zip(parts, paths, strict=True)])
    weight = mse.new_tensor([part.weight for part in parts])
    return _result(path, mse, weight, paths)


def _errors(part: Statistics, path: RegularisationPath) -> Tensor:
    """(k,) mean squared residuals of rows that are known by their sums."""
    v = torch.vstack((path.w.T, -torch.ones_like(path.b)))
    moments = torch.vstack((torch.column_stack((part.gram, part.xy)), torch.cat((part.xy, part.yy[None]))))
    off = torch.cat((part.X_mean, part.y_mean[None])) @ v + path.b
    return (v * (moments @ v)).sum(0).clamp(min=0) / part.weight + off.square()


def _result(
    path: RegularisationPath, mse: Tensor, weight: Tensor, paths: list[RegularisationPath]
) -> PathValidation:
    worst = next((one for one in (path, *paths) if one.status is not Status.OK), path)
    said = f"{len(mse)} folds, each predicted by the paths of the others. {path.message}"
    if worst is not path and worst.status is not Status.OK:
        said += f" Without a fold: {worst.message}"
    return PathValidation(path, mse, weight, worst.status, said)
