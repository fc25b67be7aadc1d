r"""`ClassInference`: a fit of classes with the uncertainty of its numbers, and of the chances it gives."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import times_two_to
from linreg.checks import check_w, check_X
from linreg.generalised.classes.class_fit import LogisticFit, SoftmaxFit
from linreg.generalised.classes.frame import Frame
from linreg.generalised.classes.log_loss import Family
from linreg.inference.table import coefficients, number, rejected
from linreg.keep import ByValue
from linreg.result import Status
from linreg.settings import check_share
from linreg.workers import alone

__all__ = ["Basis", "ChanceIntervals", "ClassInference", "quantile"]


class Basis(NamedTuple):
    """Parameters in coordinates, and their covariance."""

    family: Family
    frame: Frame
    u: Tensor  # (q, k)
    covariance: Tensor  # (q k, q k); NaN where there are no weights

    def spread(self, z: Tensor, of: Tensor) -> Tensor:
        """(m,) standard errors of what is linear in margins at z (m, q), with coefficients `of` (m, k)."""
        wide = (z.unsqueeze(2) * of.unsqueeze(1)).flatten(1)  # (m, q k)
        return (wide @ self.covariance * wide).sum(1).clamp(min=0).sqrt()


@dataclass(frozen=True, eq=False)
class ChanceIntervals(ByValue):
    r"""Chances of new rows, and how far to trust them.

    Args:
        chance: (m,) of class 1, or (m, K) of each of K classes.
        low: where the interval begins, of the same shape.
        high: where it ends.
        level: the share of such intervals that hold the true chance.
    """

    chance: Tensor
    low: Tensor
    high: Tensor
    level: float

    def __repr__(self) -> str:
        return f"ChanceIntervals({len(self.chance)} rows, level={self.level:g})"


@dataclass(frozen=True, eq=False)
class ClassInference(ByValue):
    r"""A fit of classes with the uncertainty of each of its numbers; printed, a table.

    The rows are the intercept, if there is one, then the features; of K classes, class by class. NaN is
    what the data do not tell: `status` and `message` say why.

    Args:
        fit: the fit, in float64.
        names: p names, of K classes with the class before each.
        estimate: (p,) intercepts and weights: logarithms of odds, for each unit of a feature.
        se: (p,) standard errors, from the inverse of the curvature of the log-likelihood.
        z: (p,) `estimate / se`, without unit.
        p: (p,) probability of a |z| at least as large if the true value is 0.
        low: (p,) where the confidence interval begins.
        high: (p,) where it ends.
        covariance: (p, p) of the estimates.
        n: rows that count, each as often as its weight says.
        deviance: minus twice the logarithm of the likelihood.
        null_deviance: the same without features.
        r2: McFadden's, 1 less the share of the null deviance that is left.
        chi2: null deviance less deviance, of the hypothesis that all weights are 0.
        chi2_df: its degrees of freedom.
        chi2_p: the probability of one at least as large under it.
        level: of the intervals.
        status: that of the fit.
        message: what is not estimable and why, else empty.
        basis: what `predict` needs.
    """

    fit: LogisticFit | SoftmaxFit
    names: tuple[str, ...]
    estimate: Tensor
    se: Tensor
    z: Tensor
    p: Tensor
    low: Tensor
    high: Tensor
    covariance: Tensor
    n: int
    deviance: float
    null_deviance: float
    r2: float
    chi2: float
    chi2_df: int
    chi2_p: float
    level: float
    status: Status
    message: str
    basis: Basis

    @plain
    @alone
    def predict(self, X: Tensor, level: float | None = None) -> ChanceIntervals:
        r"""The chances of new rows, each with an interval.

        The interval is that of the logarithm of the odds of the class, taken back to chances: it never leaves
        0 to 1. Of K classes, the odds are those of the class against all others.

        Args:
            X: (m, d) features, float32 or float64.
            level: of the intervals, by default that of the table.

        Returns:
            The intervals, float64; NaN where the data say nothing.

        Raises:
            ShapeError: `X` does not have d columns.
            DtypeError: `X` is not float32 or float64, or `level` not a number.
            DeviceError: the devices differ.
            DataError: `X` is empty or holds NaN or infinity.
            RangeError: `level` is not between 0 and 1.

        Examples:
            >>> import torch
            >>> from linreg import infer_logistic
            >>> X = torch.tensor([[0.], [1.], [2.], [3.], [4.], [5.]], dtype=torch.float64)
            >>> found = infer_logistic(X, torch.tensor([0., 0., 1., 0., 1., 1.], dtype=torch.float64))
            >>> at = found.predict(X[2:3])
            >>> print(f"{at.chance.item():.3f}, {at.low.item():.3f} to {at.high.item():.3f}")
            0.353, 0.048 to 0.856
        """
        X = check_X(X).detach().double()
        check_w(X, self.fit.w if self.fit.w.ndim == 1 else self.fit.w[:, 0])
        level = self.level if level is None else check_share(level, "level")
        family, frame, u, _ = self.basis
        inside = times_two_to(X, -frame.unit[:-1])
        z, known = frame.design.rows(inside), frame.design.predictable(inside)
        chance, logit, slopes = family.odds(z @ u)
        reach = quantile(level) * torch.stack([self.basis.spread(z, of) for of in slopes.unbind(1)], 1)
        parts = [part.masked_fill(~known.unsqueeze(1) | reach.isnan(), torch.nan) for part in
                 (chance, torch.sigmoid(logit - reach), torch.sigmoid(logit + reach))]  # fmt: skip
        if parts[0].shape[1] == 1:
            parts = [part.squeeze(1) for part in parts]
        return ChanceIntervals(parts[0], parts[1], parts[2], level)

    def __str__(self) -> str:
        columns = (self.estimate, self.se, self.z, self.p, self.low, self.high)
        said = (ASSUMED, self.message)
        return "\n".join([*self._heading(), *coefficients(self.names, "z", self.level, columns, said)])

    def _heading(self) -> list[str]:
        p = rejected(self.chi2_p)
        return [
            f"n = {self.n}, deviance {number(self.deviance)}, without features {number(self.null_deviance)}",
            f"McFadden's R2 = {self.r2:.4f}; chi2({self.chi2_df}) = {number(self.chi2)}, {p}",
        ]

    def __repr__(self) -> str:
        return f"ClassInference({len(self.names)} estimates, n={self.n}, status={str(self.status)!r})"


ASSUMED = (
    "Standard errors assume that the logarithms of odds are linear in the features, and rows independent; "
    "they, z and P also that n is large."
)


def quantile(level: float) -> float:
    """What |z| stays below with this probability."""
    return float(math.sqrt(2) * torch.erfinv(torch.tensor(level, dtype=torch.float64, device="cpu")))
