r"""`solve`, the default: the cheapest way to the exact answer that the data allow, and a word on which.

One pass over the data gives the `Statistics`; scaled and centred, they give the weights by Cholesky.
The condition number, known by then, decides what is still missing: nothing, one pass of refinement,
or a QR factorisation refined in doubled precision.
"""

import math
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import LARGEST, SMALLEST
from linreg.basics.products import BLOCK_BYTES, FIRST_ROWS, in_runs
from linreg.checks import check_Xy
from linreg.closed_form.accuracy import ROUNDINGS, digits, leaves, lost, no_digits
from linreg.closed_form.brief import Brief, briefly
from linreg.closed_form.columns import doubt, rounding_of, scaled, significant
from linreg.closed_form.doubled.refinement import refined
from linreg.closed_form.doubled.residual import counting, problem
from linreg.closed_form.from_sums import (
    CHOLESKY_LIMIT,
    PLAIN_LIMIT,
    SMALL,
    Factor,
    System,
    digits_left,
    digits_of,
    factored,
    fit_of,
    in_units,
    independent,
    number_text,
    rounding,
    sizes,
)
from linreg.closed_form.narrow import Columns, narrowed
from linreg.closed_form.ordinary import LOSS_LEFT, Answer, from_rows, from_sums
from linreg.closed_form.rows import Rows
from linreg.closed_form.shortest import shortest, shortest_text
from linreg.closed_form.textbook import svd_of
from linreg.closed_form.triangle import stacked
from linreg.result import Fit, Status
from linreg.settings import check_dtype
from linreg.weights import check_some_weight
from linreg.workers import alone

__all__ = ["solve"]

ENOUGH = 10  # digits; with fewer left, doubled precision wins them back, whatever it costs
GAP = 1e-11  # of the largest: eigenvalues of a Gram matrix below are rounding


@plain
def solve(
    X: Tensor,
    y: Tensor,
    *,
    intercept: bool = True,
    weights: Tensor | None = None,
    dtype: torch.dtype | None = None,
) -> Fit:
    r"""Minimise $\frac{1}{2n} \|X w + b - y\|^2$ exactly, by a method that suits the data.

    Right to float64 whatever the dtype of `X`; columns are dependent when they are so to the precision of
    that dtype. Solves the normal equation of the centred and scaled columns by Cholesky up to a
    condition number of 1e4, with a pass of refinement from 20 on or when the loss is almost zero. Above, it
    takes a QR factorisation by blocks of rows and refines in doubled precision until every digit is right.
    Large data of 24 columns or more, not nearly dependent, are multiplied in float32, which is faster, and
    refined with residuals in float64 until these no longer help, usually once or twice; where that would
    take more steps than it saves, or where a square leaves the range of float32, products are in float64.
    What rounding costs is estimated for each weight, as $\varepsilon (\kappa + \kappa^2 \|r\| / (\|A\|
    \|v\|))$ with the machine epsilon $\varepsilon$, the centred and scaled columns $A$, their condition
    number $\kappa$ and weights $v$, and the residual $r$. With fewer than ten digits left, doubled precision
    recovers them after Cholesky as well, at any size of the data, and small problems get it at once;
    otherwise the `message` says how many are left, if fewer than 14.

    For dependent columns the answer is the shortest `w` that predicts best, from the sums where these tell
    the columns apart and the rows confirm it, else by the SVD of the small triangle; its loss is measured.
    With units so different that no float64 holds both, the predictions are right and `w` may not be the
    shortest, as the message says. The message also says which method was taken, and why.

    The answer is detached: no gradient flows through it.

    Cost: n d^2 operations and one pass over `X` for Cholesky, 4 n d and another pass each time to refine,
    some 40 n d for each step in doubled precision; 2 n d^2 and about five passes for QR; for d - r dependent
    columns n d^2 and 4 n d (d - r + 2). 2 MB of memory for each thread besides O(d^2): `X` is not copied,
    unless it has rows of weight 0, which are left out. The number of threads of PyTorch changes no bit.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) precisions $c_i$, 0 or above: minimises $\frac{1}{2 \sum_i c_i} \sum_i c_i r_i^2$. Those
            of rows that have been seen several times may be how often.
        dtype: of the answer, by default that of `X`; float64 keeps every digit that float32 data determine.

    Returns:
        The fit; status `RANK_DEFICIENT` when the columns are dependent, `OUT_OF_RANGE` when `dtype` cannot
        hold the weights, `NOT_CONVERGED` when refinement did not come to an end, and `NO_DIGITS` when
        rounding leaves nothing of the weights, or of what they predict in `dtype`. With Cholesky on more than
        256 columns `condition` is an upper bound.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.

    Source: Golub and Van Loan, Matrix Computations, section 5.3; refinement: Björck, Numerical Methods for
    Least Squares Problems, sections 2.9 and 6.6.

    Examples:
        >>> import torch
        >>> fit = solve(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
        >>> fit
        Fit(w=[2], b=1, status='ok', method='cholesky')
        >>> print(fit.message)
        Cholesky, refined in doubled precision in 1 step: the condition number is 1 and the loss almost 0.
    """
    dtype = None if dtype is None else check_dtype(dtype)
    X, y = check_Xy(X, y, finite=False)
    dtype = dtype or X.dtype
    rows = Rows(X, y, None, intercept, dtype)
    if weights is not None:
        rows = _counting(rows, weights)
    found: Answer | tuple[Fit, System | None] | None = from_rows(rows)
    if found is None:
        with torch.inference_mode():  # what autograd might need takes a fifth of the time of small steps
            found = _found(rows)
    if isinstance(found, Answer):
        if (held := found.held(dtype)) is not None:
            return held
        found = found.fit(torch.float64), None
    fit, p = found
    columns = None if p is None else Columns(p.mean[:-1], p.scale, p.weight)
    return narrowed(fit, dtype, rows.X, rows.y, rows.C, columns)  # of ordinary tensors again


def _counting(rows: Rows, weights: Tensor) -> Rows:
    """Those of a weight above 0; the others must be finite all the same."""
    C = check_some_weight(rows.y, weights)
    if not bool(C.all()):
        rows.check_finite()
    return Rows(*counting(rows.X, rows.y, C), rows.intercept, rows.dtype)


@alone
def _found(rows: Rows) -> Answer | tuple[Fit, System | None]:
    if (brief := briefly(rows)) is not None:
        return _by_brief(rows, brief), brief.p
    shift, M = rows.sums()
    if not _in_range(M):
        rows.check_finite()
        rows, unit = rows.in_units()
        return in_units(_solve(rows, rows.system(*rows.sums(), unit)), unit), None
    if (answer := from_sums(rows, shift, M)) is not None:
        return answer
    p = rows.system(shift, M)
    return _solve(rows, p), p


def _solve(rows: Rows, p: System) -> Fit:
    """The long way, from the sums of rows that are at hand as well."""
    if len(rows.X) < rows.unknowns:
        A = scaled(rows.X.double(), rows.y.double(), rows.intercept, rows.eps, rows.C)
        fit = svd_of(A, size=A.scale if p.unit is None else sizes(A.scale, p.unit))
        return replace(fit, message=f"SVD, fewer rows than unknowns. {fit.message}")
    factor = factored(p)
    if factor.condition <= PLAIN_LIMIT or independent(p, factor.condition):
        return _by_cholesky(rows, p, factor)
    if rows.X.numel() > SMALL and (found := _by_eigenvalues(rows, p)) is not None:
        return found
    return _by_qr(rows, p)


def _in_range(M: Tensor) -> bool:
    """Whether all the sums are finite and none is zero or so small that its products were lost."""
    low, high = torch.aminmax(M.diagonal())
    return float(low) > SMALLEST and float(high) < LARGEST  # False for NaN


def _by_brief(rows: Rows, brief: Brief) -> Fit:
    """What a refined answer of products in float32 gives, or what doubled precision makes of it."""
    p, factor, v, rss, error, steps, rate = brief
    number = number_text(p, factor.condition)
    left, most = digits_of(p, v, error)
    if left < ENOUGH and (factor.condition > PLAIN_LIMIT or float(rss) <= LOSS_LEFT * float(p.yy)):
        return _refined(rows, p, _of_factor(rows, p, factor, rate), v, number)
    message = f"Cholesky of products in float32, refined {steps}: {number}{lost(left, most, rows.dtype)}."
    return fit_of(p, v, rss, "cholesky", factor.condition, message)


def _by_cholesky(rows: Rows, p: System, factor: Factor) -> Fit:
    L, condition, _ = factor
    v = torch.cholesky_solve(p.g.unsqueeze(1), L).squeeze(1)
    rss = p.yy - p.g @ v
    cancelled = float(rss) <= LOSS_LEFT * float(p.yy)
    number = number_text(p, condition)
    if condition <= PLAIN_LIMIT and not cancelled:
        told = _told(rows, p, factor, v)
        return fit_of(p, v, rss, "cholesky", condition, f"Cholesky: {number}{told}.")
    why = " and the loss almost 0" if condition <= PLAIN_LIMIT else ""
    error, _ = rounding(p, factor, v)
    # a sum that ends near zero rounds less than one that grows: once
    left, most = digits_of(p, v, error(max(float(rss), 0.0) ** 0.5) / ROUNDINGS)
    if rows.X.numel() <= SMALL or left < ENOUGH:
        return _refined(rows, p, _of_factor(rows, p, factor), v, f"{number}{why}")
    g, rss = rows.residual(p, v)
    change = torch.cholesky_solve(g.unsqueeze(1), L).squeeze(1)
    rss = (rss - g @ change).clamp(min=0)
    message = f"Cholesky, refined once: {number}{why}{lost(left, most, rows.dtype)}."
    return fit_of(p, v + change, rss, "cholesky", condition, message)


def _told(rows: Rows, p: System, factor: Factor, v: Tensor) -> str:
    """How many digits the Gram matrix has left, where that is not all of them."""
    first = p.n <= FIRST_ROWS  # of which the shift is the mean, and the sums those of centred columns
    return lost(*digits_left(p, factor, v, first, rows.X.numel() <= SMALL), rows.dtype)


def _by_eigenvalues(rows: Rows, p: System) -> Fit | None:
    """The shortest answer from the sums, refined once, if they tell dependent columns from the others.

    The eigenvalues of G are the squares of what tells the rank. Between those that a step of refinement can
    bear and those that are rounding there must be a gap; and as the sums cannot tell a difference of 1e-9
    from none, the rows have to confirm each dependence, in the pass that refines.
    """
    squares, V = torch.linalg.eigh(p.G)
    kept = squares * CHOLESKY_LIMIT**2 > squares[-1]
    d, rank = len(V), int(kept.sum())
    if rank == d or bool((squares[~kept] > GAP * squares[-1]).any()):
        return None
    B, inverse = V.T[kept], 1 / squares[kept].unsqueeze(1)
    v = B.T @ ((B @ p.g) * inverse.squeeze(1))
    null = V[:, ~kept]
    g, products, _ = rows.residuals(p, torch.column_stack((v, null)))
    inside = B @ g
    change = B.T @ (inside * inverse)
    left = (products - inside.T @ (inside * inverse))[1:, 1:]  # what no correction of a null vector removes
    rounded = rounding_of(p.G) + torch.linalg.vector_norm(null * p.noise.unsqueeze(1), dim=0)
    if bool((left.diagonal().clamp(min=0).sqrt() > rounded).any()):
        return None
    basis = torch.linalg.qr(null + change[:, 1:], mode="complete").Q
    B = basis[:, d - rank :].T
    s = squares[kept].flip(0).sqrt()
    v, certain = shortest(v + change[:, 0], B, p.size, doubt(s, p.noise, rounding_of(p.G)))
    _, rss = rows.residual(p, v)
    message = f"Eigenvalues of the sums, refined once. {shortest_text(d, rank, certain)}"
    return fit_of(p, v, rss, "eigenvalues", math.inf, message, Status.RANK_DEFICIENT, rank)


def _by_qr(rows: Rows, p: System) -> Fit:
    d, k = len(p.scale), rows.unknowns
    T = _triangle(rows, p)  # of [A, 1, y] or [A, y]
    R, z = T[:k, :k], T[:k, k]
    U, s, Vh = torch.linalg.svd(R[:d, :d])
    kept = significant(s, Vh, p.noise, rounding_of(R))
    rank = int(kept.sum())
    if rank < d:
        c = U.T @ z[:d]
        v = Vh[kept].T @ (c[kept] / s[kept])
        v, certain = shortest(v, Vh[kept], p.size, doubt(s[kept], p.noise, rounding_of(R)))
        _, rss = rows.residual(p, v)  # of this v: the triangle only knows that of the one before
        message = f"SVD. {shortest_text(d, rank, certain)}"
        return fit_of(p, v, rss, "svd", math.inf, message, Status.RANK_DEFICIENT, rank)
    condition = float(s[0] / s[-1])
    v = torch.linalg.solve_triangular(R, z.unsqueeze(1), upper=True).squeeze(1)
    number = f"the condition number is {condition:.3g}, too large for Cholesky"
    return _refined(rows, p, Triangle(R, "qr", condition), v[:d], number)


class Triangle(NamedTuple):
    """R of [A, 1], or of A without an intercept, and where it is from."""

    R: Tensor
    method: str  # "qr" or "cholesky"
    condition: float
    rate: float | None = None  # what a step with it leaves of an error, where that has been seen


def _of_factor(rows: Rows, p: System, factor: Factor, rate: float | None = None) -> Triangle:
    R = factor.L.T
    if rows.intercept:  # and the column of ones, orthogonal to the centred ones
        R = torch.nn.functional.pad(R, (0, 1, 0, 1))
        R[-1, -1] = p.weight**0.5
    return Triangle(R, "cholesky", factor.condition, rate)


def _refined(rows: Rows, p: System, triangle: Triangle, v: Tensor, why: str) -> Fit:
    """Refine v in doubled precision."""
    R, method, condition, rate = triangle
    name = "QR" if method == "qr" else "Cholesky"
    w, b = p.unscaled(v)
    doubled = problem(rows.X, rows.y, p.mean[:-1], p.scale, rows.intercept, rows.C)
    best = refined(doubled, R, w, b, from_gram=method == "cholesky", rate=rate)
    w, b = (best.w.hi, best.b.hi) if best.steps else (w, b)
    unknown = torch.cat((best.unknown, 0 * best.unknown[:1]))  # of w, b, and 0 without an intercept
    b_size = p.y_size + float(p.mean[-1].abs())
    left, most = digits(w * p.scale, unknown[: len(v)] * p.scale, b, float(unknown[len(v)]), b_size)
    if best.converged:
        steps = "1 step" if best.steps == 1 else f"{best.steps} steps"
        message = f"{name}, refined in doubled precision in {steps}: {why}{lost(left, most, rows.dtype)}."
        rss = best.rss
    else:
        end = f"refinement in doubled precision did not converge{leaves(left, most, rows.dtype)}"
        message = f"{name}: {why}, and {end}."
        rss = float(rows.residual(p, w * p.scale)[1])
    loss = torch.as_tensor(rss / (2 * p.weight), dtype=w.dtype, device=w.device)
    status = Status.OK if best.converged else Status.NOT_CONVERGED
    fit = Fit(w, b, status, message, method, loss, len(v), condition)
    return fit if most else no_digits(fit)


def _triangle(rows: Rows, p: System) -> Tensor:
    """R of [A, 1, y - mean]."""
    X, y, C, intercept, _ = rows
    d = len(p.scale)
    mean = p.mean
    height = max(BLOCK_BYTES // (32 * (d + 2)), 4 * (d + 2))  # the factorisation needs several copies

    def block(some: slice) -> Tensor:
        A = (X[some] - mean[:-1]) * p.factor
        one = [torch.ones_like(A[:, :1])] * intercept
        Z = torch.hstack((A, *one, (y[some] - mean[-1:]).unsqueeze(1)))
        return Z if C is None else Z * C[some].sqrt().unsqueeze(1)

    return stacked(block(some) for some in in_runs(slice(0, len(X)), height))
