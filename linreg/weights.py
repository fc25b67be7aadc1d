"""What counts as a weight of a row: 0 or above, and a whole number where weights count rows."""

from typing import NamedTuple

import torch
from torch import Tensor

from linreg.checks import check_finite, check_same_kind, check_tensor
from linreg.errors import DataError, ShapeError

__all__ = [
    "Weighing",
    "check_counts",
    "check_some_weight",
    "check_weights",
    "check_weights_fit",
    "relative",
    "rule_of_weights",
    "unusable",
    "weighing",
]

LIGHTEST, HEAVIEST = 1e-100, 1e100  # weights within leave sums of squares in the range of float64


def check_weights(y: Tensor, weights: object, name: str = "weights") -> Tensor:
    """Require a weight of 0 or above for each row, and return them in float64."""
    c = check_weights_fit(y, weights, name)
    check_finite(c, name)
    _check_usable(c, frequency=False, name=name)
    return c


def check_weights_fit(y: Tensor, weights: object, name: str = "weights") -> Tensor:
    """Require one number for each row, of the kind of `y`, and return them in float64."""
    c = check_tensor(weights, name)
    if c.shape != y.shape:
        column = c.shape == (len(y), 1)
        hint = f"If it is a column, pass `{name}.squeeze(1)`." if column else "Zero is a weight too."
        raise ShapeError(
            f"`{name}` must have shape {tuple(y.shape)}, one for each row; got {tuple(c.shape)}. {hint}"
        )
    check_same_kind(y, c, name, of="X")
    return c.detach().double()


def unusable(c: Tensor, *, frequency: bool) -> Tensor:
    """(n,) whether a finite number is no weight, or no count where weights count rows."""
    outside = (c < 0) | ((c > 0) & (c < LIGHTEST)) | (c > HEAVIEST)
    return outside | (c != c.round()) if frequency else outside


def rule_of_weights(found: float) -> tuple[str, str]:
    """The rule that an unusable weight breaks, and the cure."""
    if LIGHTEST <= found <= HEAVIEST:
        return (
            "whole numbers where `frequency=True`",
            "Leave `frequency` out for weights that are precisions.",
        )
    cure = "For a row that should not count, pass 0." if found < 0 else "Divide all by one number."
    return f"0, or from {LIGHTEST:.0e} to {HEAVIEST:.0e}", cure


def _check_usable(c: Tensor, *, frequency: bool, name: str = "weights") -> None:
    bad = unusable(c, frequency=frequency)
    if bool(bad.any()):
        i = int(bad.nonzero()[0])
        rule, cure = rule_of_weights(float(c[i]))
        raise DataError(f"`{name}` must be {rule}; got {float(c[i]):.4g} at index {i}. {cure}")


def check_some_weight(y: Tensor, weights: object, name: str = "weights") -> Tensor:
    """Require weights of which one is above 0."""
    c = check_weights(y, weights, name)
    if not bool(c.any()):
        raise DataError(f"`{name}` must have one above 0; all {len(c)} are 0. Pass rows that count.")
    return c


def relative(weights: Tensor) -> Tensor:
    """The same divided by a power of two, the largest then from 1/2 to 1: no answer changes, in no bit."""
    exponent = torch.frexp(weights.max()).exponent.to(weights)  # whole: `ldexp` overflows in old releases
    return weights * torch.exp2(-exponent)


def check_counts(weights: Tensor) -> int:
    """Require whole numbers, as often as each row has been seen, and return their sum."""
    _check_usable(weights, frequency=True)
    return int(weights.sum())


class Weighing(NamedTuple):
    """How often each row counts, and all of them together."""

    c: Tensor | None  # (n,) in the dtype of the data, divided by a power of two so that the largest is near 1
    total: float  # their sum, or the number of rows
    unit: float = 1.0  # the power of two

    @property
    def root(self) -> Tensor | None:
        """(n,) the roots, in float64."""
        return None if self.c is None else self.c.double().sqrt()


def weighing(y: Tensor, weights: object) -> Weighing:
    """Of rows with these weights, which are checked, or all alike for None."""
    if weights is None:
        return Weighing(None, float(len(y)))
    c = check_some_weight(y, weights)
    near_one = relative(c)
    return Weighing(near_one.to(y.dtype), float(near_one.sum()), float(c.max() / near_one.max()))
