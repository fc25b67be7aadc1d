"""What penalised fits come to: one fit, or a path of them along the strength of the penalty."""

from dataclasses import dataclass

from torch import Tensor

from linreg.keep import ByValue
from linreg.result import Fit, Status

__all__ = ["PenalisedFit", "RegularisationPath"]


@dataclass(frozen=True, eq=False, kw_only=True)
class PenalisedFit(Fit):
    r"""A fit whose weights were charged for: the smallest loss + penalty, not the smallest loss.

    Its `loss` is the half-mean squared loss alone; what was minimised is
    $\text{loss} + \alpha (\rho \|w\|_1 + \frac{1 - \rho}{2} \|w\|^2)$, $\rho$ the `l1_ratio`.

    Args:
        alpha: the strength of the penalty.
        l1_ratio: the share of absolute values in it: 0 is ridge, 1 the lasso.
        df: effective degrees of freedom of the weights; the intercept is not counted.
        violation: how far the conditions of the minimum are from holding, the largest entry, as a share of
            the largest slope of the loss at w = 0.
        gap: what loss + penalty may be above the smallest at the most, by the dual problem, as a share of the
            loss at w = 0.
    """

    alpha: float
    l1_ratio: float
    df: float
    violation: float
    gap: float

    def __repr__(self) -> str:
        head, _, tail = super().__repr__().partition(", status=")
        return f"Penalised{head}, alpha={self.alpha:.5g}, df={self.df:.4g}, status={tail}"


@dataclass(frozen=True, eq=False)
class RegularisationPath(ByValue):
    r"""Penalised fits to the same data, from the strongest penalty to the weakest.

    `path[i]` is the `PenalisedFit` at `path.alpha[i]`, and `path[-1]` that of the weakest penalty.

    Args:
        alpha: (k,) strengths of the penalty, falling.
        w: (k, d) weights.
        b: (k,) intercepts, never penalised.
        loss: (k,) half-mean squared losses without the penalty, in squared units of `y`.
        df: (k,) effective degrees of freedom of the weights; the intercept is not counted.
        violation: (k,) how far the conditions of the minimum are from holding, as for `PenalisedFit`.
        gap: (k,) bounds on what loss + penalty may be above the smallest, as for `PenalisedFit`.
        l1_ratio: the share of absolute values in the penalty: 0 is ridge, 1 the lasso.
        status: `OK`, or the worst of the fits.
        message: what was done.
        method: how.
        gcv: (k,) generalised cross-validation of ridge, in squared units of `y`.
        left_out: (k,) mean squared errors of ridge, each row predicted by the fit without it: exact, and by
            the weights of the rows.
        knots: (m,) where a weight of the lasso leaves zero or comes back to it; between two of them every
            weight is a straight line in alpha.
        changes: (m,) the columns that do so, counted from 0.
    """

    alpha: Tensor
    w: Tensor
    b: Tensor
    loss: Tensor
    df: Tensor
    violation: Tensor
    gap: Tensor
    l1_ratio: float
    status: Status
    message: str
    method: str
    gcv: Tensor | None = None
    left_out: Tensor | None = None
    knots: Tensor | None = None
    changes: Tensor | None = None

    def __len__(self) -> int:
        return len(self.alpha)

    def __getitem__(self, i: int) -> PenalisedFit:
        return PenalisedFit(
            self.w[i],
            self.b[i],
            self.status,
            self.message,
            self.method,
            self.loss[i],
            alpha=float(self.alpha[i]),
            l1_ratio=self.l1_ratio,
            df=float(self.df[i]),
            violation=float(self.violation[i]),
            gap=float(self.gap[i]),
        )

    @property
    def zero(self) -> Tensor:
        """(k,) how many weights are exactly zero."""
        return (self.w == 0).sum(1)

    def __repr__(self) -> str:
        k, d = self.w.shape
        first, last = float(self.alpha[0]), float(self.alpha[-1])
        status = str(self.status)
        return f"RegularisationPath({k} fits of {d} weights, alpha {first:.4g} to {last:.4g}, {status=})"
