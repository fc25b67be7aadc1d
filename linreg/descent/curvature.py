r"""The curvature of the loss, and the learning rates that follow from it.

The squared loss is a bowl. The eigenvalues of its Hessian are how steeply it rises along the eigenvectors.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import Reduction, constant_of
from linreg.checks import check_X
from linreg.closed_form.columns import rank_of
from linreg.descent.bowl import factor
from linreg.errors import DataError
from linreg.keep import ByValue
from linreg.weights import weighing

__all__ = ["Curvature", "curvature", "curvature_of"]


@dataclass(frozen=True, eq=False)
class Curvature(ByValue):
    r"""Eigenvalues and eigenvectors of the Hessian, and the learning rates that follow from them.

    Args:
        eigenvalues: (k,) ascending, 0 for each column that depends on others; k is d + 1 with an
            intercept, else d.
        eigenvectors: (k, k), one a column, for the parameters in the order (b, w).

    Examples:
        >>> import torch
        >>> bowl = curvature(torch.tensor([[1., 0.], [0., 3.]]), intercept=False)
        >>> bowl.largest_stable_rate * bowl.L
        2.0
    """

    eigenvalues: Tensor
    eigenvectors: Tensor

    @property
    def mu(self) -> float:
        r"""Smallest eigenvalue $\mu$, the curvature of the flattest direction; 0 for dependent columns."""
        return float(self.eigenvalues[0])

    @property
    def L(self) -> float:
        r"""Largest eigenvalue, $L = \lambda_{\max}$, the curvature of the steepest direction."""
        return float(self.eigenvalues[-1])

    @property
    def kappa(self) -> float:
        r"""Condition number $\kappa = L / \mu$ of the Hessian: the number of steps grows with it."""
        return self.L / self.mu if self.mu > 0 else math.inf

    @property
    def largest_stable_rate(self) -> float:
        r"""$2 / \lambda_{\max}$: below it descent on all rows converges, above it diverges.

        Mini-batches diverge at smaller rates.
        """
        return 2 / self.L

    @property
    def best_rate(self) -> float:
        r"""$2 / (\mu + L)$: the fixed rate that is fastest in the long run.

        Each step takes the error times $\frac{\kappa - 1}{\kappa + 1}$ at most. From a given start another
        rate may come near in fewer steps.

        With dependent columns $\mu$ is here the smallest eigenvalue above 0: descent never moves along
        the others.
        """
        return 2 / (float(self.eigenvalues[self.eigenvalues > 0][0]) + self.L)

    def __repr__(self) -> str:
        return (
            f"Curvature(mu={self.mu:.4g}, L={self.L:.4g}, kappa={self.kappa:.4g}, "
            f"largest_stable_rate={self.largest_stable_rate:.4g}, best_rate={self.best_rate:.4g})"
        )


@plain
def curvature(
    X: Tensor,
    *,
    intercept: bool = True,
    weights: Tensor | None = None,
    reduction: Reduction = "half_mean",
) -> Curvature:
    r"""Measure the curvature: the eigenvalues $\lambda_i$ of the Hessian $\frac1n \tilde X^\top \tilde X$.

    Takes them as squared singular values of $\tilde X$: the smallest ones, which decide on the number
    of steps, drown in rounding errors when the Hessian is formed first.

    Works in float64. Cost: O(n d^2 + d^3).

    Args:
        X: (n, d) features.
        intercept: whether the model has one.
        weights: (n,) without unit, 0 or above; by default 1 each.
        reduction: the convention of the loss; the rates belong to it.

    Returns:
        Eigenvalues, eigenvectors and the rates.

    Raises:
        ShapeError: `X` is not (n, d).
        DtypeError: `X` is not a tensor of float32 or float64.
        DataError: empty, NaN or infinite data, nothing but zeros, entries whose squares overflow, or bad
            weights.
        RangeError: an unknown `reduction`.

    Source: Boyd and Vandenberghe, Convex Optimization, section 9.3.1; Polyak, Introduction to
    Optimization, section 1.4.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[1., 0.], [0., 3.]])
        >>> curvature(X, intercept=False)
        Curvature(mu=0.5, L=4.5, kappa=9, largest_stable_rate=0.4444, best_rate=0.4)
    """
    X = check_X(X).detach()
    rows = weighing(X[:, 0], weights)
    return curvature_of(factor(X, intercept, rows.root), 2 * constant_of(reduction, rows), X)


def curvature_of(R: Tensor, weight: float, X: Tensor) -> Curvature:
    """That of the Hessian `weight` R'R, from R (k, p) that was made of `X`."""
    _, s, Vh = torch.linalg.svd(R)  # s descends
    rank = rank_of(R)
    eigenvalues = R.new_zeros(len(Vh))
    eigenvalues[:rank] = weight * s[:rank].square()
    if not 0 < float(eigenvalues[0]) < math.inf:
        raise DataError(
            "`X` must have an entry other than 0, and squares within the range of float64; its largest entry "
            f"is {float(X.abs().max()):.3g}. Check where the features come from, or rescale them."
        )
    return Curvature(eigenvalues.flip(0), Vh.T.flip(1))
