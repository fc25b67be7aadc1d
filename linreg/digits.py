r"""What rounding has left of an answer: an estimate of its error, as digits, and the words for it.

Columns of length 1 and the inverse of their triangle R say how far a rounding error can move each weight:
one in the residual by the length of the row j of $R^{-1}$, one in the gradient $A^\top r$ by $1/\sigma_{\min}$
times as much. That is $\varepsilon (\kappa + \kappa^2 \|r\| / (\|A\| \|v\|))$, weight by weight.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor

from linreg.result import Fit, Status

__all__: list[str] = []

ROUNDINGS = 2  # of the size of eps, that the sum of many small errors of either sign comes to
ZERO = 1e-13  # of the largest: an error this small cannot tell a weight below it from zero


def full(dtype: torch.dtype) -> int:
    """Digits of an answer as good as its dtype: 14 of float64, 6 of float32."""
    return int(-math.log10(8 * torch.finfo(dtype).eps))


def errors(sensitivity: Tensor, steepness: float, size: float, load: float, eps: float) -> Tensor:
    """What rounding may have added to each weight v (d,), for columns of length 1.

    Args:
        sensitivity: (d,) lengths of the rows of R^-1.
        steepness: 1 / sigma_min, times what the gradient was rounded beside.
        size: length of what the residual is the small difference of.
        load: length of what the gradient is a sum of products with.
        eps: of the precision.
    """
    error: Tensor = sensitivity * (ROUNDINGS * eps * (size + steepness * load))
    return error


def digits(found: Tensor, error: Tensor, size: float) -> int:
    """Digits of the worst weight; one that rounding cannot tell from zero is measured beside the largest.

    Args:
        found: (k,) weights, in the coordinates of columns of length 1.
        error: (k,) what may be wrong with them.
        size: the largest of them, or what they add up to, whichever is larger.
    """
    found = found.abs()
    zero = (error <= ZERO * size) & (found <= 4 * error)
    share = float(
        (error / found.masked_fill(zero, size)).nan_to_num(nan=0.0 if size == 0 else torch.inf).max()
    )
    return 16 if share < 1e-16 else int(-math.log10(share)) if share < 1 else 0


def leaves(left: int, dtype: torch.dtype) -> str:
    """How a message goes on when not all digits are left."""
    return f", which leaves {left} digits" if left < full(dtype) else ""


def within_range(fit: Fit, dtype: torch.dtype) -> Fit:
    """The fit in this dtype, with a status that says so where its weights are beyond the range."""
    w, b, loss = (part.to(dtype, copy=True) for part in (fit.w, fit.b, fit.loss))
    result = replace(fit, w=w, b=b, loss=loss)
    if (
        math.isfinite(float(w.sum() + b))
        or bool(w.isfinite().all() & b.isfinite())
        or bool(fit.w.isnan().all())
    ):
        return result
    largest = float(fit.w.abs().max())
    size = f"its largest weight is {largest:.3g}. " if math.isfinite(largest) else "its weights are larger. "
    advice = (
        "Ask for float64"
        if dtype != torch.float64 and math.isfinite(largest)
        else ("Divide `y`, or multiply `X`, by a power of two, which rounds nothing")
    )
    message = f"The answer is beyond the range of {dtype}: {size}{advice}."
    return replace(result, status=Status.OUT_OF_RANGE, message=message)
