"""Targets that are classes: which numbers they may be, and what each class counts for."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.basics.products import in_runs
from linreg.checks import check_finite, check_Xy
from linreg.errors import DataError, DtypeError, RangeError, ShapeError
from linreg.generalised.classes.likelihood import Table
from linreg.settings import check_dtype
from linreg.weights import check_some_weight, relative

__all__ = ["Classes", "check_classes", "check_codes", "check_each", "check_rows", "weight_of_each"]

RUN = 1 << 16  # targets looked at together
NUMBER = "Number those that occur: torch.unique(y, return_inverse=True)[1].to(X.dtype)."
ClassWeights = Sequence[float] | Tensor | str


class Classes(NamedTuple):
    """The rows that count, and how much of their weight each class has."""

    table: Table
    share: Tensor  # (K,) float64
    times: float  # what the weights of the table have been divided by
    dtype: torch.dtype  # of the answer

    @property
    def total(self) -> float:
        """The weight of all rows."""
        return self.table.weight


def check_classes(
    X: object,
    y: object,
    classes: int | None,
    weights: object = None,
    class_weights: object = None,
    dtype: object = None,
) -> Classes:
    """Require classes in `y`, numbered from 0 on, and of each a row that counts."""
    kind = None if dtype is None else check_dtype(dtype)
    X, y = check_Xy(X, y, finite=False)  # sums tell of X
    check_finite(y, "y")
    K = check_codes(y, classes)
    check_rows(len(y), K)
    given = None if weights is None else check_some_weight(y, weights)
    C = None if given is None else relative(given)
    times = 1.0 if C is None or given is None else float(given.max() / C.max())
    if C is not None and not bool(C.all()):
        check_finite(X, "X")  # also rows that do not count
        X, y, C = X[C > 0], y[C > 0], C[C > 0]
    held = check_each(weight_of_each(y, C, K))
    if class_weights is not None:
        by_class = relative(_check_class_weights(class_weights, held))
        C = by_class[y.long()] if C is None else by_class[y.long()] * C
        held = held * by_class
    return Classes(Table(X, y, C), held / held.sum(), times, kind or X.dtype)


def weight_of_each(y: Tensor, C: Tensor | None, K: int) -> Tensor:
    """(K,) float64 weight of the rows of each class."""
    if K == 2 and C is None:  # quickly
        ones = torch.zeros((), dtype=torch.float64, device=y.device)
        for run in in_runs(slice(0, len(y)), RUN):  # sums kept apart would lie between holes of a run each
            ones += y[run].sum()  # a whole number below 2^24, as float32 holds it
        return torch.stack((len(y) - ones, ones))
    held = torch.zeros(K, dtype=torch.float64, device=y.device)
    for run in in_runs(slice(0, len(y)), RUN):
        held += torch.bincount(y[run].long(), None if C is None else C[run], minlength=K)
    return held


def _check_binary(y: Tensor) -> int:
    parts = (y[run] for run in in_runs(slice(0, len(y)), RUN))
    if all(torch.equal(some.square(), some) for some in parts):  # quickly: 0 and 1 are their own squares
        return 2
    if found := _first(y, lambda some: (some != 0) & (some != 1)):
        i, value = found
        low, high = float(y.min()), float(y.max())
        cure = "`softmax` takes more classes." if low == 0 and high > 1 else "Pass (y > 0).to(X.dtype)."
        if low > 0:
            cure = f"Pass (y > {low:g}).to(X.dtype)."
        raise DataError(f"`y` must be 0 or 1, the class of each row; got {value:.6g} at index {i}. {cure}")
    return 2


def check_codes(y: Tensor, classes: int | None) -> int:
    """Require whole numbers from 0 to below `classes`; without it, as many as occur. Returns how many."""
    if classes == 2:
        return _check_binary(y)
    if found := _first(y, lambda some: (some < 0) | (some != some.round())):
        i, value = found
        raise DataError(
            f"`y` must hold classes, whole numbers from 0 on; got {value:.6g} at index {i}. {NUMBER}"
        )
    high = int(y.max())
    if classes is not None and high >= classes:
        raise DataError(
            f"`y` must be below {classes}, the number of `classes`; its largest is {high}. "
            f"Give {high + 1} of them, or leave `classes` out."
        )
    return max(high + 1, 2) if classes is None else classes


def check_rows(n: int, K: int) -> None:
    """Require as many rows as classes, before there are numbers for each."""
    if n < K:
        raise DataError(f"`y` must have a row of each class; got {n} rows for {K} classes. {NUMBER}")


def _first(y: Tensor, bad: Callable[[Tensor], Tensor]) -> tuple[int, float] | None:
    """Where the first bad entry stands, and what it is; few at a time, for there may be very many."""
    for run in in_runs(slice(0, len(y)), RUN):
        where = bad(y[run])
        if bool(where.any()):
            i = run.start + int(where.nonzero()[0])
            return i, float(y[i])
    return None


def check_each(held: Tensor) -> Tensor:
    """Require that each class has rows that count."""
    there = held > 0
    if int(there.sum()) == 1:
        raise DataError(
            f"`y` must have rows of two classes or more that count; all are of class {int(held.argmax())}. "
            "Check the filter, or the weights, that left the others out."
        )
    if not bool(there.all()):
        raise DataError(
            f"`y` must have rows of each of {len(held)} classes that count; there are none of class "
            f"{int((~there).nonzero()[0])}. {NUMBER}"
        )
    return held


def _check_class_weights(given: object, held: Tensor) -> Tensor:
    """(K,) above 0; "balanced" makes all classes weigh the same."""
    K = len(held)
    if isinstance(given, str):
        if given != "balanced":
            raise RangeError(f"`class_weights` must be 'balanced' or {K} numbers; got {given!r}. Pick one.")
        return held.sum() / (K * held)
    rule = f"{K} finite numbers above 0, one for each class, or 'balanced'"
    listed = given.tolist() if isinstance(given, Tensor) else given
    if not isinstance(listed, Sequence) or not all(isinstance(v, int | float) for v in listed):
        raise DtypeError(f"`class_weights` must be {rule}; got {given!r}. Pass a list of them.")
    if len(listed) != K:
        raise ShapeError(f"`class_weights` must be {rule}; got {len(listed)}. Give 1 to those that stay.")
    for value in listed:
        if not (math.isfinite(value) and value > 0):
            raise RangeError(
                f"`class_weights` must be {rule}; got {value!r}. Leave rows out by `weights` of 0."
            )
    return torch.tensor(listed, dtype=torch.float64, device=held.device)
