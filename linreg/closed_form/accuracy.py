r"""What rounding has left of an answer: an estimate of its error, as digits, and the words for it.

For columns of length 1 the inverse of their triangle R says how far a rounding error can move each weight:
one in the residual by the length of its row of $R^{-1}$, one in the gradient $A^\top r$ by
$1/\sigma_{\min}$ times as much. That is
 $\varepsilon (\kappa + \kappa^2 \|r\| / (\|A\| \|v\|))$, weight by weight.
"""

import math
from dataclasses import replace
from itertools import repeat
from operator import mul

import torch
from torch import Tensor

from linreg.result import Fit, Status

__all__ = [
    "ROUNDINGS",
    "digits",
    "digits_of_fitted",
    "errors",
    "intercept_errors",
    "leaves",
    "lost",
    "no_digits",
    "quickly",
    "within_range",
]

EPS = torch.finfo(torch.float64).eps
ROUNDINGS = 4  # times eps: what many small errors of either sign come to, at the most in some hundred fits
TINY = {dtype: torch.finfo(dtype).tiny for dtype in (torch.float32, torch.float64)}
HELD = {torch.float32: 7, torch.float64: 16}  # digits, at the most
FAINT = 4  # times what rounding leaves of a direction of which rows that have left hide the length
ZERO = 1e-13  # of the largest: an error this small cannot tell a smaller weight from zero


def full(dtype: torch.dtype) -> int:
    """Digits of an answer as good as its dtype."""
    return 14 if dtype == torch.float64 else 6


def errors(sensitivity: Tensor, steepness: float, size: float, load: float, eps: float) -> Tensor:
    """What rounding may have added to each weight v (d,), for columns of length 1.

    Args:
        sensitivity: (d,) lengths of the rows of R^-1.
        steepness: 1 / sigma_min, times what the columns were longer when they were multiplied.
        size: length of what the residual is a difference of.
        load: length of what the gradient is a product with.
        eps: of the precision.
    """
    error: Tensor = sensitivity * (ROUNDINGS * eps * (size + steepness * load))
    return error


def digits(v: Tensor, error: Tensor, b: Tensor, b_error: float, b_size: float) -> tuple[int, int]:
    """Digits of the worst of v and b, and of the largest of v.

    One that rounding cannot tell from zero, as small as that leaves it, is measured beside the largest.

    Args:
        v: (d,) weights for columns of length 1.
        error: (d,) what may be wrong with them.
        b: () intercept.
        b_error: what may be wrong with it.
        b_size: what it is a difference of.
    """
    v = v.abs()
    largest = float(v.max())
    worst = float(_share(v, error, largest).max())
    worst = max(worst, float(_share(b.abs(), torch.full_like(b, b_error), b_size)))
    return _count(worst), _count(float(error.max()) / largest if largest else 0.0)


def digits_of_fitted(
    square: float,
    y: tuple[float, float, float],
    size: float,
    g: Tensor,
    s: Tensor,
    kept: Tensor,
    cancelled: Tensor,
) -> int:
    """Digits that sums leave of predictions, where columns are dependent.

    A direction that is taken for rounding may be none: what `y` has along it is missing from them. Where
    rows have left, it may be as short as rounding or much shorter, and how much is missing nobody can tell.

    Args:
        square: of the length of the predictions, about their mean.
        y: lengths of `y` about its mean, of that mean, and of what was summed up.
        size: length of what the gradient is a product with.
        g: (d,) products of `y` with the directions of these.
        s: (d,) singular values, of those that do not count what rounding can make.
        kept: (d,) whether they count.
        cancelled: (d,) whether rounding is that of rows that have left.
    """
    about, mean, summed = y
    rounded = torch.full_like(g, ROUNDINGS * EPS * size)
    missing = torch.where(cancelled, (FAINT * rounded).masked_fill(g.abs() > rounded, math.inf), g.abs())
    error = float(torch.linalg.vector_norm(torch.where(kept, rounded, missing) / s))
    error = min(error, math.sqrt(max(about**2 - square, 0.0) + ROUNDINGS * EPS * size**2))
    beside = (math.sqrt(square) if square > 0 else about) + 2 * EPS * mean  # less than rounding varies not
    return min(_count(_over(error, beside)), _count(_over(EPS * summed, about + mean)))


def _over(error: float, size: float) -> float:
    return error / size if size else math.inf if error else 0.0


def intercept_errors(
    v: Tensor, error: Tensor, factor: Tensor, mean: Tensor, size: float
) -> tuple[float, float]:
    """What may be wrong with b = mean(y) - mean(X) w, rounded once, and what it is a difference of.

    Args:
        v: (d,) weights for columns of length 1.
        error: (d,) what may be wrong with them.
        factor: (d,) 1 / lengths of the columns.
        mean: (d + 1,) of X and y; zero without an intercept.
        size: root mean square of y.
    """
    terms = mean[:-1].abs() * factor
    b_size = float(mean[-1].abs() + terms @ v.abs()) + size
    return float(terms @ error) + torch.finfo(v.dtype).eps * b_size, b_size


def quickly(
    v: list[float],
    longer: float,
    factor: list[float],
    mean: list[float],
    y: float,
    weight: float,
    sensitivity: list[float],
    steepness: float,
) -> tuple[int, int]:
    """As `digits`, for the answer of a Gram matrix, without an operation on a tensor: these take longer.

    Args:
        v: weights for columns of length 1.
        longer: times what the columns were longer when they were multiplied, at the most.
        factor: 1 / lengths of the columns.
        mean: of X and y; zero without an intercept.
        y: length of the centred y.
        weight: sum of the weights, or number of rows.
        sensitivity: lengths of the rows of R^-1, or what bounds them, as the condition number does.
        steepness: 1 / sigma_min, or what bounds it, and `longer` times that.
    """
    parts = list(map(abs, v))
    unit = ROUNDINGS * EPS * (1 + steepness) * longer * (math.hypot(*parts) + y)
    error = [unit * times for times in sensitivity]
    largest = max(parts)
    worst = max(map(_beside, parts, error, repeat(largest)))
    if any(mean):
        terms = list(map(mul, mean, factor))
        b = mean[-1] - sum(map(mul, terms, v))
        terms = list(map(abs, terms))
        b_size = abs(mean[-1]) + sum(map(mul, terms, parts)) + y / weight**0.5
        b_error = sum(map(mul, terms, error)) + EPS * b_size
        if longer > 1:  # the means are sums of what was not yet centred, each as wrong as its length was
            b_error += EPS * longer * (y + sum(parts)) / weight**0.5
        worst = max(worst, _beside(abs(b), b_error, b_size))
    return _count(worst), _count(max(error) / largest if largest else 0.0)


def _beside(found: float, error: float, size: float) -> float:
    """As `_share`, of one number."""
    zero = error <= ZERO * size and found <= 4 * error
    part = size if zero else found
    return _over(error, part)


def _share(found: Tensor, error: Tensor, size: float) -> Tensor:
    zero = (error <= ZERO * size) & (found <= 4 * error)
    return (error / found.masked_fill(zero, size)).nan_to_num(nan=0.0)  # 0 / 0: exactly zero


def _count(share: float) -> int:
    """Decimal digits where this share of a number is wrong."""
    return 16 if share < 1e-16 else int(-math.log10(share)) if share < 1 else 0


def leaves(left: int, most: int, dtype: torch.dtype = torch.float64) -> str:
    """How a message goes on that has named what costs digits of an answer in this dtype."""
    left, most = min(left, HELD[dtype]), min(most, HELD[dtype])
    of = f" of the smallest weight, or of `b`, and {most} of the largest" if left == 0 < most else ""
    return f", which leaves {left} digits{of}"


def lost(left: int, most: int, dtype: torch.dtype) -> str:
    """The same where digits are missing."""
    return leaves(left, most, dtype) if left < full(dtype) else ""


def no_digits(fit: Fit) -> Fit:
    """The fit with the status, and what helps."""
    message = (
        f"{fit.message} No digit of the weights is certain: centre or combine columns, "
        "or use `svd` with an `rcond`."
    )
    return replace(fit, status=Status.NO_DIGITS, message=message)


def within_range(fit: Fit, dtype: torch.dtype, X: Tensor | None = None, y: Tensor | None = None) -> Fit:
    """The fit in this dtype, with a status that says so where its weights are beyond the range.

    With the data, also where a weight is too small for it and yet adds to the predictions.
    """
    w, b, loss = (part.to(dtype, copy=True) for part in (fit.w, fit.b, fit.loss))
    result = replace(fit, w=w, b=b, loss=loss)
    found = w.tolist()
    if all(map(math.isfinite, (float(b), *found))):
        if X is None or y is None or min(map(abs, found)) >= TINY[dtype]:
            return result
        tiny = TINY[dtype]
        part = (fit.w.abs() * X.abs().amax(0)).masked_fill(w.abs() >= tiny, 0)
        if not float(part.max()) > torch.finfo(dtype).eps * float(y.abs().max()):
            return result
        what = f"a weight is {float(fit.w[part.argmax()]):.3g}, too small for all its digits"
    elif bool(fit.w.isnan().all()):  # there was none
        return result
    else:
        largest = float(fit.w.abs().max())
        what = f"its largest weight is {largest:.3g}" if math.isfinite(largest) else "it has infinite weights"
    advice = "Multiply `X`, or divide `y`, by a power of two, which rounds nothing"
    if fit.w.dtype != dtype and bool(fit.w.isfinite().all()):
        advice = "Ask for `dtype=torch.float64`"
    message = f"The answer is beyond the range of {dtype}: {what}. {advice}."
    return replace(result, status=Status.OUT_OF_RANGE, message=message)
