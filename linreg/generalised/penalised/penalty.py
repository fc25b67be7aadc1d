"""What counts as a penalty: `alpha`, 0 or above, in the place where every penalised fit asks for it."""

import math
from collections.abc import Sequence

from torch import Tensor

from linreg.errors import DataError, DtypeError, RangeError, ShapeError
from linreg.settings import check_count, check_real

__all__ = ["above_zero", "check_alpha", "check_l1_ratio", "listed_alphas"]

RULE = "a finite number, 0 or above"


def check_alpha(alpha: object) -> float:
    """Require the strength of a penalty: a finite number, 0 or above."""
    number = check_real(alpha, "alpha", RULE)
    if number < 0:
        raise RangeError(
            f"`alpha` must be {RULE}: a negative penalty rewards large weights; got {alpha!r}. "
            "Pass 0 for no penalty."
        )
    return number


def check_alphas(alphas: object) -> list[float]:
    """Require one strength or more, and return them from the largest to the smallest."""
    if isinstance(alphas, Tensor):
        if alphas.ndim != 1:
            raise ShapeError(
                f"`alphas` must have shape (k,); got {tuple(alphas.shape)}. Pass `alphas.flatten()`."
            )
        alphas = alphas.tolist()
    if isinstance(alphas, str) or not isinstance(alphas, Sequence):
        raise DtypeError(
            f"`alphas` must be a list of numbers or a tensor; got {type(alphas).__name__}. "
            "Make them: torch.logspace(0, -3, 50).tolist()."
        )
    if len(alphas) == 0:
        raise DataError("`alphas` must hold at least one number; it is empty. Pass [alpha].")
    found = [float(alpha) if isinstance(alpha, (int, float)) else math.nan for alpha in alphas]
    for i, (given, alpha) in enumerate(zip(alphas, found, strict=True)):
        if isinstance(given, bool) or not (math.isfinite(alpha) and alpha >= 0):
            raise RangeError(
                f"`alphas` must be finite numbers, 0 or above; got {given!r} at index {i}. Leave it out."
            )
    return sorted(found, reverse=True)


def listed_alphas(alphas: object) -> int | list[float]:
    """How many strengths, or these, from the largest to the smallest."""
    return check_count(alphas, "alphas") if isinstance(alphas, int) else check_alphas(alphas)


def above_zero(alphas: int | list[float]) -> int | list[float]:
    """The same without those that are zero."""
    return alphas if isinstance(alphas, int) else [alpha for alpha in alphas if alpha > 0]


def check_l1_ratio(l1_ratio: object) -> float:
    """Require the share of the absolute values in a penalty, from 0 to 1."""
    number = check_real(l1_ratio, "l1_ratio", "a number from 0 to 1")
    if not 0 <= number <= 1:
        raise RangeError(
            f"`l1_ratio` must be a number from 0 to 1; got {l1_ratio!r}. 0 is ridge, 1 the lasso."
        )
    return number
