"""How far columns repeat each other: what that costs each weight, and which of them are in it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.statistics import Statistics
from linreg.checks import check_X
from linreg.closed_form.columns import doubt, rounding_of, scaled, significant, unit_columns
from linreg.closed_form.triangle import triangle
from linreg.inference.from_sums import from_sums
from linreg.keep import ByValue
from linreg.weights import check_some_weight
from linreg.workers import alone

__all__ = [
    "ConditionIndices",
    "condition_indices",
    "condition_indices_statistics",
    "vif",
    "vif_statistics",
]


@plain
def vif(X: Tensor, *, intercept: bool = True, weights: Tensor | None = None) -> Tensor:
    r"""Variance inflation factors, $\mathrm{VIF}_j = 1 / (1 - R_j^2)$, one for each feature.

    $R_j^2$ is the share of the variance of feature j that the other features and a constant explain. The
    variance of $w_j$ is VIF times, and its standard error $\sqrt{\mathrm{VIF}}$ times, what it would be
    if the feature were uncorrelated with the others. VIF are also the diagonal of the inverse of the
    correlation matrix; here they are computed without forming either.

    With weights, $R_j^2$ is that of weighted least squares, whose errors are meant. Without an intercept
    there is no constant, and $R_j^2$ is the share of the square of feature j.

    Works in float64. Cost: O(n d^2 + d^3), and a copy of `X`.

    Args:
        X: (n, d) features, without a constant column.
        intercept: the fit has one.
        weights: (n,) precisions of the rows, as for [`solve`][linreg.solve].

    Returns:
        (d,) factors without unit, dtype and device of `X`, 1 or more; infinite for a feature that the
        others determine, and for a constant one, which the intercept determines; without an intercept for
        one of zeros.

    Raises:
        ShapeError: `X` is not (n, d), or `weights` not (n,).
        DtypeError: `X` is not a tensor of float32 or float64, or `weights` not of its dtype.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; bad weights.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.2.3; Belsley,
    Kuh and Welsch, Regression Diagnostics, section 3.1.

    Examples:
        >>> import torch
        >>> vif(torch.tensor([[-1., -2.], [-1., 0.], [1., 0.], [1., 2.]]))  # R^2 = 1/2
        tensor([2., 2.])
    """
    X = check_X(X).detach()
    Z, C = _counting(X, weights)
    p = scaled(Z, Z[:, 0], intercept, torch.finfo(X.dtype).eps, C)
    R = triangle(p.A)  # (min(n, d), d)
    s, Vh = _directions(R)
    rounding = rounding_of(R)
    kept = significant(s, Vh, p.noise, rounding)
    if not bool(kept.any()):
        return torch.full_like(X[0], torch.inf)
    factors = (Vh[kept] / s[kept].unsqueeze(1)).square().sum(0).clamp(min=1)
    # A feature is determined by the others when it has a part in a combination that vanishes.
    part = torch.linalg.vector_norm(Vh[~kept], dim=0)
    # Rounding turns these combinations by its size over the smallest singular value that is kept.
    turned = doubt(s[kept], p.noise, rounding)
    result: Tensor = factors.masked_fill(part > turned, torch.inf).to(X.dtype)
    return result


@plain
def vif_statistics(statistics: Statistics, *, intercept: bool = True) -> Tensor:
    r"""Variance inflation factors over rows that are no longer at hand, from their sums alone.

    The diagonal of the inverse of the correlation matrix, which is what sums hold. A relative error of about
    $\kappa^2 \varepsilon$ stays, and columns with a condition number $\kappa$ above 1e7 count as dependent;
    [`vif`][linreg.vif] asks the rows and squares nothing.

    Cost: 2 d^3 operations, whatever the number of rows.

    Args:
        statistics: the sums, of rows with their weights.
        intercept: the fit has one.

    Returns:
        (d,) factors without unit, float64, as those of `vif`.

    Raises:
        DtypeError: `statistics` is not `Statistics`.
        DataError: no rows have been added.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 3.2.3.

    Examples:
        >>> from linreg import Statistics, ordinary
        >>> X, y, _, _ = ordinary()
        >>> bool(((vif_statistics(Statistics.of(X, y)) / vif(X) - 1).abs() < 1e-12).all())
        True
    """
    design = from_sums(statistics, intercept).design
    known = design.estimable()[intercept:]
    return design.half.square().sum(1).clamp(min=1).masked_fill(~known, torch.inf)


@dataclass(frozen=True, eq=False)
class ConditionIndices(ByValue):
    """Which columns are nearly dependent, and how nearly.

    Args:
        indices: (p,) largest singular value over each, from 1 on; above 30 the columns are called collinear.
            Infinite for a combination that vanishes, as far as rounding tells.
        shares: (p, p) of the variance of each parameter (a column) that comes from each direction (a row);
            all of it from those that vanish, for a parameter with a part in one.
    """

    indices: Tensor
    shares: Tensor


@plain
@alone
def condition_indices(
    X: Tensor, *, intercept: bool = True, weights: Tensor | None = None
) -> ConditionIndices:
    r"""Belsley's condition indices, with the share of each estimate's variance that comes from each.

    The columns, a one before them where there is an intercept, are brought to length 1 but not centred: what
    is nearly constant counts as nearly dependent on the intercept. Two or more shares above 0.5 in a row of a
    large index name the columns that are involved. With weights each row, that of the ones included, is
    multiplied by the root of its own, as least squares does it.

    Cost: O(n d^2), and a copy of `X`.

    Args:
        X: (n, d) features.
        intercept: put a column of ones in front.
        weights: (n,) precisions of the rows, as for [`solve`][linreg.solve].

    Returns:
        The indices in ascending order and the shares; float64. Dependent columns, and one of zeros, have an
        infinite index.

    Raises:
        ShapeError: `X` is not (n, d), or `weights` not (n,).
        DtypeError: not float32 or float64, or `weights` not of the dtype of `X`.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; bad weights.

    Source: Belsley, Kuh and Welsch, Regression Diagnostics, sections 3.2 and 3.3.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[1., 1.], [1., -1.], [-1., 1.], [-1., -1.]])
        >>> condition_indices(X).indices  # at right angles to each other and to the ones
        tensor([1.0000, 1.0000, 1.0000], dtype=torch.float64)
    """
    X = check_X(X).detach()
    Z, C = _counting(X, weights)
    A = torch.column_stack((torch.ones_like(Z[:, :1]), Z)) if intercept else Z
    if C is not None:
        A = A * C.sqrt().unsqueeze(1)
    largest = torch.linalg.vector_norm(A, torch.inf, dim=0)  # its square could leave the range of float64
    return _indices(triangle(unit_columns(A / largest.where(largest > 0, 1))), torch.finfo(X.dtype).eps)


@plain
def condition_indices_statistics(statistics: Statistics, *, intercept: bool = True) -> ConditionIndices:
    r"""Belsley's condition indices over rows that are no longer at hand, from their sums alone.

    Sums square the condition number of the columns about their means, not that of the columns as they
    are: a year beside the ones, nearly constant, keeps its digits. Columns that sums cannot tell from
    dependent ones, from a condition number of 1e7 about their means on, have an infinite index.

    Cost: 10 d^3 operations, whatever the number of rows.

    Args:
        statistics: the sums, of rows with their weights.
        intercept: put a column of ones in front.

    Returns:
        The indices and shares, float64, as those of [`condition_indices`][linreg.condition_indices].

    Raises:
        DtypeError: `statistics` is not `Statistics`.
        DataError: no rows have been added.

    Source: Belsley, Kuh and Welsch, Regression Diagnostics, sections 3.2 and 3.3.

    Examples:
        >>> from linreg import Statistics, ordinary
        >>> X, y, _, _ = ordinary()
        >>> found, told = condition_indices_statistics(Statistics.of(X, y)), condition_indices(X)
        >>> bool(((found.indices / told.indices - 1).abs() < 1e-12).all())
        True
    """
    design = from_sums(statistics, intercept).design
    R = design.whole / design.factor.where(design.factor > 0, torch.inf)  # (rank, d), of columns in units
    if intercept:  # the triangle of (1, X): what is left of X beside the ones stands below their means
        ones = torch.cat((R.new_ones(1), design.mean)) * design.weight**0.5
        R = torch.vstack((ones, torch.nn.functional.pad(R, (1, 0))))
    return _indices(unit_columns(R), torch.finfo(R.dtype).eps)


def _counting(X: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """The rows that count, in float64, and their weights."""
    if weights is None:
        return X.double(), None
    C = check_some_weight(X[:, 0], weights)
    return X[C > 0].double(), C[C > 0]


def _directions(R: Tensor) -> tuple[Tensor, Tensor]:
    """All singular values (d,) of R (m, d), and their directions (d, d)."""
    _, s, Vh = torch.linalg.svd(R)
    return torch.cat((s, s.new_zeros(len(Vh) - len(s)))), Vh


def _indices(R: Tensor, eps: float) -> ConditionIndices:
    """Those of columns of length 1, known to the precision `eps`, from their triangle R."""
    s, Vh = _directions(R)
    limit = rounding_of(R) + eps
    kept = s > limit
    rank = int(kept.sum())
    found, left = (Vh[:rank] / s[:rank].unsqueeze(1)).square(), Vh[rank:].square()
    turned = limit / float(s[rank - 1]) if rank else 0.0
    endless = left.sum(0).sqrt() > turned  # the parameters that a combination which vanishes leaves open
    shares = torch.cat(
        (
            torch.where(endless, 0, found / found.sum(0)),
            torch.where(endless, left / left.sum(0), 0),
        )
    )
    return ConditionIndices((s[0] / s).masked_fill(~kept, torch.inf), shares)
