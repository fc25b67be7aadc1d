r"""The normal equation of sums: $G v = g$ for columns centred and scaled to length 1, and its answer.

What `solve` starts from, and all there is to go by once the rows are gone.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import times_two_to
from linreg.basics.statistics import Statistics
from linreg.closed_form.accuracy import (
    digits,
    digits_of_fitted,
    errors,
    intercept_errors,
    leaves,
    no_digits,
    quickly,
    within_range,
)
from linreg.closed_form.columns import doubt, largest, level, rounding_of, significant
from linreg.closed_form.narrow import levelled
from linreg.closed_form.shortest import shortest, shortest_text
from linreg.closed_form.triangle import inverse_lengths
from linreg.errors import DtypeError
from linreg.result import Fit, Status

__all__ = [
    "BOUND_ENOUGH",
    "CHOLESKY_LIMIT",
    "EIGEN_COLUMNS",
    "PLAIN_LIMIT",
    "SMALL",
    "Factor",
    "System",
    "digits_left",
    "digits_of",
    "factored",
    "fit_of",
    "in_units",
    "independent",
    "normal_equation",
    "number_text",
    "rounding",
    "sizes",
    "solve_statistics",
    "system",
]

EPS = torch.finfo(torch.float64).eps
SMALL = 1 << 15  # entries of X up to which refinement in doubled precision takes about a millisecond
PLAIN_LIMIT = 20.0  # kappa^2 eps, what the Gram matrix loses, is then below 1e-13
CHOLESKY_LIMIT = 1e4  # up to here one step repairs what squaring the condition number lost
CANCELS = 0.1  # of the length that it had: a column that is shorter has cancelled, and a direction along it
BOUND_ENOUGH = 13  # digits by a bound that costs nothing; with fewer, the estimate is worth its time
EIGEN_COLUMNS = 256  # up to here eigenvalues cost next to nothing; above, a bound on kappa does


@plain
def solve_statistics(statistics: Statistics, *, intercept: bool = True) -> Fit:
    r"""Minimise the squared loss over rows that are no longer at hand, from their sums alone.

    The same Cholesky as in `solve`, but nothing is left to refine with: a relative error of about
    $\kappa^2 \varepsilon$ stays in the weights, and columns with $\kappa$ above 1e7 cannot be told from
    dependent ones. After a subtraction more is lost: the sums keep the rounding errors of the largest squares
    that they have ever held. The `message` says how many digits of the worst weight are left.

    Cost: 2 d^3 operations, whatever the number of rows.

    Args:
        statistics: the sums.
        intercept: fit `b` as well; otherwise it is 0.

    Returns:
        The fit, float64; the shortest answer, and status `RANK_DEFICIENT`, for dependent columns; status
        `NO_DIGITS` when no digit of the weights is left, `OUT_OF_RANGE` when float64 cannot hold them.

    Raises:
        DtypeError: `statistics` is not `Statistics`.
        DataError: no rows have been added.

    Examples:
        >>> import torch
        >>> sums = Statistics.of(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
        >>> fit = solve_statistics(sums)
        >>> fit
        Fit(w=[2], b=1, status='ok', method='cholesky')
        >>> print(fit.message)
        Cholesky, from sums of 3 rows: the condition number is 1, which leaves 14 digits.
    """
    p = normal_equation(statistics, intercept)
    fit = levelled(_solved(p), p.shift, p.offset, p.y_size)
    fit = within_range(in_units(fit, p.unit), torch.float64)
    if statistics.dropped:
        left_out = f"{fit.message} {statistics.dropped} rows with missing entries were dropped."
        fit = replace(fit, message=left_out, dropped=statistics.dropped)
    return fit


class System(NamedTuple):
    """The normal equation G v = g of the columns centred (with an intercept) and scaled to length 1."""

    n: int  # rows that count
    weight: float  # the sum of their weights, n where there are none
    G: Tensor  # (d, d) unit diagonal; a constant column is zero
    g: Tensor  # (d,)
    yy: Tensor  # () squared length of the centred y
    scale: Tensor  # (d,) lengths taken out, 1 for a constant column
    factor: Tensor  # (d,) what a column is multiplied by, 1 / scale, or 0 for a constant one
    eps: float  # precision to which the entries of X are known, that of their dtype
    shift: Tensor  # (d + 1,) that of the sums, of X and y; zero without an intercept
    offset: Tensor  # (d + 1,) mean minus shift; zero without an intercept
    M: Tensor  # (d + 2, d + 2) the sums
    squares: Tensor | None  # (d + 1,) the largest that the squares in M have been, if not those in it
    unit: Tensor | None  # (d + 1,) exponents of the powers of two by which X and y were divided

    @property
    def mean(self) -> Tensor:
        """(d + 1,) Means of X and y; zero without an intercept."""
        return self.shift + self.offset

    @property
    def reached(self) -> Tensor:
        """(d + 1,) Lengths of X and y as they were summed, at the largest."""
        return largest(self.M, self.squares).sqrt()

    @property
    def y_size(self) -> float:
        """Root mean square of the centred y."""
        return math.sqrt(float(self.yy) / self.weight)

    @property
    def size(self) -> Tensor:
        """(d,) Lengths of the columns of X, in a common unit."""
        return self.scale if self.unit is None else sizes(self.scale, self.unit)

    @property
    def noise(self) -> Tensor:
        """(d,) What rounding the entries of X to their dtype may have added to each scaled column."""
        rounding = self.mean[:-1].abs() * (self.eps * self.weight**0.5)
        noise: Tensor = self.eps + rounding * self.factor
        return noise

    def unscaled(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """W and b."""
        w = v * self.factor
        return w, w.new_tensor(level(w.tolist(), self.shift.tolist(), self.offset.tolist()))


def normal_equation(statistics: Statistics, intercept: bool, eps: float = EPS) -> System:
    """That of some sums, whose rows are known to the precision `eps`; requires a row."""
    if not isinstance(statistics, Statistics):
        raise DtypeError(
            f"`statistics` must be `Statistics`; got {type(statistics).__name__}. "
            "Make them: Statistics.of(X, y)."
        )
    statistics.check_rows(1)
    held = statistics.held if intercept else statistics.held.about(torch.zeros_like(statistics.shift))
    return system(held.n, held.weight, held.shift, held.M, intercept, eps, held.reached, held.unit)


def _solved(p: System) -> Fit:
    factor = factored(p)
    condition = factor.condition
    if condition > 1 / math.sqrt(8 * EPS * len(p.g)) or _hidden(p, factor):
        return _by_eigenvalues(p)
    v = torch.cholesky_solve(p.g.unsqueeze(1), factor.L).squeeze(1)
    rss = (p.yy - p.g @ v).clamp(min=0)
    left, most = digits_left(p, factor, v)
    message = f"Cholesky, from sums of {p.n} rows: {number_text(p, condition)}{leaves(left, most)}."
    fit = fit_of(p, v, rss, "cholesky", condition, message)
    return fit if most else no_digits(fit)


def system(
    n: int,
    weight: float,
    shift: Tensor,
    M: Tensor,
    intercept: bool,
    eps: float,
    reached: Tensor | None = None,
    unit: Tensor | None = None,
) -> System:
    """The equation from M about this shift, whose squares have `reached` (d + 1,), if more than they are."""
    C = M[:-1, :-1]
    offset = M[-1, :-1] / weight if intercept else torch.zeros_like(shift)
    if intercept:
        C = torch.addr(C, M[-1, :-1], offset, alpha=-1)
    squares = C.diagonal().clamp(min=0)
    scale = squares[:-1].sqrt()
    # Rounding has moved each entry by eps relative to its size before centring. A column that varies
    # hardly more than that is constant: it becomes zero, instead of noise blown up to length 1.
    limit = (shift + offset)[:-1].abs() * (2 * eps * weight**0.5) if intercept else torch.zeros_like(scale)
    if reached is not None:  # what has cancelled to rounding may vary: it is no constant
        longest, least = largest(M, reached)[:-1], 8 * EPS
        unknown = (squares[:-1] <= least * longest) & (least * longest > limit.square())
        scale = torch.where(unknown, longest.sqrt(), scale)
    constant = scale <= limit
    factor = 1 / scale
    if bool(constant.any()):
        scale, factor = scale.masked_fill(constant, 1), factor.masked_fill(constant, 0)
    S = C[:-1] * factor.unsqueeze(1)
    G, g = S[:, :-1] * factor, S[:, -1]
    return System(n, weight, G, g, squares[-1], scale, factor, eps, shift, offset, M, reached, unit)


class Factor(NamedTuple):
    """G = L L', and how far from dependent its columns are."""

    L: Tensor  # (d, d)
    condition: float  # of the scaled columns; infinite where there is no L
    known: Tensor | None = None  # (d,) the lengths of the columns of L^-1, where they have been needed

    def sensitivity(self) -> Tensor:
        """(d,) how far a rounding error moves each weight."""
        return inverse_lengths(self.L) if self.known is None else self.known


def factored(p: System) -> Factor:
    """The factor of G."""
    L, failed = torch.linalg.cholesky_ex(p.G)
    if bool(failed):
        return Factor(L, math.inf)
    if len(L) <= EIGEN_COLUMNS:
        squares = torch.linalg.eigvalsh(p.G).tolist()
        largest, smallest = squares[-1], squares[0]
        return Factor(L, math.sqrt(largest / smallest) if smallest > 0 else math.inf)
    # trace(G^-1) = |L^-1|^2 is at least 1 / lambda_min, and the largest row sum at least lambda_max.
    lengths = inverse_lengths(L)
    return Factor(L, math.sqrt(float(p.G.abs().sum(1).max() * lengths.square().sum())), lengths)


def independent(p: System, condition: float) -> bool:
    """Whether refining Cholesky works, and it is not rounding alone that keeps the columns apart."""
    return condition <= CHOLESKY_LIMIT and condition * float(p.noise.max()) <= 0.1


def _hidden(p: System, factor: Factor) -> bool:
    """Whether what has cancelled may be all that keeps the columns apart."""
    longer = p.reached[:-1] * p.factor
    return float((longer * factor.sensitivity()).square().sum()) * 8 * EPS >= 1


def rounding(p: System, factor: Factor, v: Tensor) -> tuple[Callable[[float], Tensor], float]:
    """What may be wrong with v (d,), as a function of what the gradient is a product with, and its size."""
    sensitivity = factor.sensitivity()
    longer = p.reached * torch.cat((p.factor, torch.ones_like(p.factor[:1])))
    size = float(longer[-1] + torch.linalg.vector_norm(longer[:-1] * v))
    longer = longer[:-1].clamp(min=1)
    bound = factor.condition * float(longer.max())
    steepness = min(bound, float(torch.linalg.vector_norm(longer * sensitivity)))
    return lambda load: errors(sensitivity, steepness, size, load, EPS), size


def digits_left(
    p: System, factor: Factor, v: Tensor, centred: bool = False, small: bool = False
) -> tuple[int, int]:
    """Digits of an answer of the Gram matrix: by a bound first, which costs nothing and is often enough.

    Where `centred`, the shift is the mean of all rows; for `small` data the bound is all that is worth while.
    """
    longer = 1.0 if centred else max(1.0, float((p.reached[:-1] * p.factor).max()))
    mean = p.shift if centred else p.mean
    y = float(p.yy) ** 0.5 if p.squares is None else float(p.reached[-1])
    bound = [factor.condition] * len(v), factor.condition * longer
    found = quickly(v.tolist(), longer, p.factor.tolist(), mean.tolist(), y, p.weight, *bound)
    if small or found[0] >= BOUND_ENOUGH:
        return found
    error, size = rounding(p, factor, v)
    return digits_of(p, v, error(size))


def digits_of(p: System, v: Tensor, error: Tensor) -> tuple[int, int]:
    """Digits of the worst of w and b, and of the largest."""
    _, b = p.unscaled(v)
    b_error, b_size = intercept_errors(v, error, p.factor, p.mean, p.y_size)
    if bool(p.offset.any()):  # of sums, each as wrong as its length was
        lengths = p.reached * (EPS / p.weight**0.5)
        b_error += float(lengths[-1] + lengths[:-1] @ (v * p.factor).abs())
    return digits(v, error, b, b_error, b_size)


def in_units(fit: Fit, unit: Tensor | None) -> Fit:
    """The fit of X and y, from that of both divided by these powers of two (d + 1,)."""
    if unit is None or not bool(unit.any()):
        return fit
    X, y = unit[:-1], unit[-1]
    loss = times_two_to(times_two_to(fit.loss, y), y)
    return replace(fit, w=times_two_to(fit.w, y - X), b=times_two_to(fit.b, y), loss=loss)


def sizes(scale: Tensor, unit: Tensor) -> Tensor:
    """(d,) lengths of the columns in a common unit, from those in units of their own."""
    return times_two_to(scale, unit[:-1] - unit[:-1].max())


def number_text(p: System, condition: float) -> str:
    """How a message names the condition number that `factored` has found."""
    return f"the condition number is {'at most ' * (len(p.g) > EIGEN_COLUMNS)}{condition:.3g}"


def fit_of(
    p: System,
    v: Tensor,
    rss: Tensor,
    method: str,
    condition: float,
    message: str,
    status: Status = Status.OK,
    rank: int | None = None,
) -> Fit:
    """The fit whose weights for columns of length 1 are v (d,), in the units of X."""
    w, b = p.unscaled(v)
    return Fit(
        w, b, status, message, method, rss / (2 * p.weight), len(v) if rank is None else rank, condition
    )


def _by_eigenvalues(p: System) -> Fit:
    """The shortest answer from G alone, whose eigenvalues are the squares of what tells the rank."""
    longer = (p.reached[:-1] * p.factor).clamp(min=1)  # in these units rounding is the same in all directions
    G, g, noise = p.G / longer / longer.unsqueeze(1), p.g / longer, p.noise / longer
    squares, V = torch.linalg.eigh(G)
    s, rounded = squares.clamp(min=0).sqrt(), rounding_of(G)
    kept = significant(s, V.T, noise, rounded**0.5)
    rank = int(kept.sum())
    rows, squares = V.T[kept], squares[kept].flip(0)  # the smallest last
    first = rows.T @ ((rows @ g) / squares.flip(0))
    v, certain = shortest(first, rows, p.size * longer, doubt(squares, noise, rounded))
    size = float(p.reached[-1] + torch.linalg.vector_norm(torch.stack((first, v)), dim=1).max())
    y = float(p.yy) ** 0.5, p.weight**0.5 * float(p.mean[-1].abs()), float(p.reached[-1])
    part = G.diagonal().clamp(min=0).sqrt().where(p.factor != 0, 1)
    cancelled = torch.linalg.vector_norm(V.T * (part < CANCELS), dim=1) > CANCELS
    left = digits_of_fitted(float(g @ v), y, size, V.T @ g, s.clamp(min=rounded**0.5), kept, cancelled)
    v = v / longer
    message = (
        f"Eigenvalues, from sums of {p.n} rows. {shortest_text(len(p.g), rank, certain)} "
        f"Rounding leaves {left} digits of the predictions."
    )
    rss = (p.yy - p.g @ v - v @ (p.g - p.G @ v)).clamp(min=0)
    fit = fit_of(p, v, rss, "eigenvalues", math.inf, message, Status.RANK_DEFICIENT, rank)
    return fit if left else no_digits(fit)
