"""The folds of a validation: which rows each has, their sums, and the sums of all rows but those.

The latter are added up from both ends rather than subtracted from the whole: a fold with a huge entry takes
no digit from the others.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import add

import torch
from torch import Tensor

from linreg.basics.statistics import Statistics
from linreg.errors import DataError, DtypeError, RangeError, ShapeError
from linreg.settings import check_count, check_generator

__all__ = ["check_parts", "rows_of_folds", "sums_of_fold", "taken", "without_each"]

ROWS = 1 << 14  # gathered at a time


def rows_of_folds(
    n: int, folds: int | Tensor, generator: torch.Generator | None, device: torch.device
) -> list[slice] | list[Tensor]:
    """The rows of each fold: runs of neighbours, or their numbers."""
    if isinstance(folds, Tensor):
        return _rows_of_numbers(n, folds, generator)
    k = check_count(folds, "folds", least=2)
    if k > n:
        raise RangeError(f"`folds` must be at most the number of rows, {n}; got {k}. Lower it.")
    ends = [f * n // k for f in range(k + 1)]
    runs = [slice(start, end) for start, end in pairwise(ends)]
    if generator is None:
        return runs
    order = torch.randperm(n, generator=check_generator(generator, device), device=device)
    return [order[run] for run in runs]


def _rows_of_numbers(n: int, folds: Tensor, generator: torch.Generator | None) -> list[Tensor]:
    if generator is not None:
        raise RangeError("`generator` must be None where `folds` says which rows belong together; got both.")
    if folds.dtype.is_floating_point or folds.dtype.is_complex or folds.dtype == torch.bool:
        raise DtypeError(f"`folds` must be integers; got {folds.dtype}. Number them: folds.long().")
    if folds.shape != (n,):
        raise ShapeError(f"`folds` must have shape ({n},), one for each row; got {tuple(folds.shape)}.")
    numbers: Tensor = torch.unique(folds)
    if len(numbers) < 2:
        raise RangeError(f"`folds` must hold 2 numbers or more; all rows have {int(folds[0])}.")
    return [(folds == number).nonzero().flatten() for number in numbers]


def sums_of_fold(X: Tensor, y: Tensor, C: Tensor | None, fold: slice | Tensor) -> Statistics:
    """Those of its rows, gathered a few at a time where they lie apart."""
    sums = Statistics(X.shape[1], device=X.device)
    for some in [fold] if isinstance(fold, slice) else torch.split(fold, ROWS):
        X_f, y_f, C_f = taken(X, y, C, some)
        sums.update(X_f, y_f, weights=C_f)
    if sums.n == 0:
        raise DataError("`weights` must have one above 0 in each fold; one has none. Use fewer folds.")
    return sums


def taken(
    X: Tensor, y: Tensor, C: Tensor | None, some: slice | Tensor
) -> tuple[Tensor, Tensor, Tensor | None]:
    """These rows: a run of them, or by number, for which brackets take three times as long."""
    if isinstance(some, slice):
        return X[some], y[some], None if C is None else C[some].to(X.dtype)
    picked = None if C is None else C.index_select(0, some).to(X.dtype)
    return X.index_select(0, some), y.index_select(0, some), picked


def without_each(parts: Sequence[Statistics]) -> list[Statistics]:
    """The sums of all folds but one, for each: added up from both ends."""
    before = list(accumulate(parts[:-1], add))  # the folds up to each
    after = list(accumulate(parts[:0:-1], add))[::-1]  # those behind each
    return [after[0], *map(add, before, after[1:]), before[-1]]


def check_parts(parts: object) -> list[Statistics]:
    """Require sums of two folds or more."""
    if not isinstance(parts, Sequence) or not all(isinstance(part, Statistics) for part in parts):
        raise DtypeError(
            f"`parts` must be a list of `Statistics`, one for each fold; got {type(parts).__name__}. "
            "Make them: [Statistics.of(X, y) for X, y in folds]."
        )
    if len(parts) < 2:
        raise RangeError(
            f"`parts` must be sums of 2 folds or more; got {len(parts)}. "
            "Sum up the rows in two parts at least."
        )
    return list(parts)
