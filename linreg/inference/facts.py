"""What an inference is made of: variances in the coordinates of the design, and sums of squares."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.inference.design import WORST, Design
from linreg.result import Fit, Status

__all__ = ["Errors", "Facts", "told", "with_intercept"]


class Errors(NamedTuple):
    """What a vector u of the design's coordinates has for a variance."""

    design: Design
    s: float  # residual standard error; NaN where nothing tells it
    S: Tensor | None  # (q, q) covariance of the coordinates, s^2 times the identity if None
    lone: Tensor  # (m, q) directions whose robust error nothing tells
    unit: Tensor  # (d + 1,) exponents of powers of two by which columns and y are divided

    def of(self, U: Tensor, known: Tensor) -> Tensor:
        """(m,) standard errors of what has the coordinates U (m, q); NaN where not `known`, or by one row."""
        size = torch.linalg.vector_norm(U, dim=1)
        if self.S is None or math.isnan(self.s):  # without a row to spare, residuals are 0, or rounding
            se = size * self.s
        else:
            se = (U @ self.S * U).sum(1).clamp(min=0).sqrt()
            alone = self.design.near_one**0.5  # of the influence of a row whose leverage rounds to 1
            known = known & ((U @ self.lone.T).abs() <= alone * size.unsqueeze(1)).all(1)
        result: Tensor = se.masked_fill(~known, torch.nan)
        return result


class Facts(NamedTuple):
    """What an inference is made of."""

    fit: Fit  # in the units of the data
    basis: Errors
    projected: Tensor  # (rank,) its squared length is what the features explain of y
    n: int
    df: int
    rss: float
    rounding: float  # what the sum of squared residuals may be, and even that of y, by rounding alone

    @property
    def perfect(self) -> bool:
        """Whether no residual is more than rounding."""
        return self.rss <= self.rounding


def told(
    facts: Facts, errors: str, known: Tensor, untold: Tensor, names: tuple[str, ...]
) -> tuple[Status, str]:
    """The status, and a sentence for each thing that is missing."""
    fit, design = facts.fit, facts.basis.design
    said: list[tuple[Status, str]] = []
    if fit.status not in (Status.OK, Status.RANK_DEFICIENT):
        said.append((fit.status, fit.message))
    if errors in ("HC2", "HC3") and design.near_one >= WORST:
        number = (
            f"The condition number, {design.condition:.3g}, leaves no digit of the leverages for {errors}. "
        )
        said.append((Status.NO_DIGITS, number + "Take HC1, or centre or combine columns."))
    if why := _no_noise(facts, errors, _listed(names, untold & known)):
        said.append((Status.NO_NOISE, why))
    if design.rank < len(design.factor):
        what = _listed(names, ~known)
        why = f"Of {len(design.factor)} columns {design.rank} say something new, too few to determine {what}."
        cure = "Drop columns that repeat others, or read predictions only."
        said.append((Status.RANK_DEFICIENT, f"{why} {cure}"))
    return said[0][0] if said else Status.OK, " ".join(text for _, text in said)


def with_intercept(
    fit: Fit, names: tuple[str, ...], unit: Tensor, intercept: bool
) -> tuple[tuple[str, ...], Tensor, Tensor]:
    """Names, estimates and exponents of units (p,), the intercept before the weights; `unit` (d + 1,)."""
    of_w = unit[-1] - unit[:-1]
    if not intercept:
        return names, fit.w, of_w
    return ("Intercept", *names), torch.cat((fit.b.reshape(1), fit.w)), torch.cat((unit[-1:], of_w))


def _no_noise(facts: Facts, errors: str, alone: str) -> str:
    """Why nothing tells the noise, or not that of what is `alone`."""
    if facts.df <= 0:
        unknowns = facts.basis.design.unknowns
        return f"No row is left to estimate the noise: {facts.n} of them, and {unknowns} unknowns. Add rows."
    if facts.perfect:
        return "The residuals are no larger than rounding: t, p and F would measure that, not noise."
    why = (
        f"A row of leverage 1 has no residual to tell its noise: no {errors} error for {alone}, "
        "which only such a row tells, and no F. The classical errors take the noise of the other rows."
    )
    return why if alone else ""


def _listed(names: tuple[str, ...], which: Tensor) -> str:
    some = [names[i] for i in which.nonzero().flatten().tolist()]
    return ", ".join(some[:8]) + f" and {len(some) - 8} more" * (len(some) > 8)
