r"""`solve`, the default: the cheapest way to the exact answer that the data allow, and a word on which.

One pass over the data gives the `Statistics`; scaled and centred, they give the weights by Cholesky.
The condition number, known by then, decides what is still missing: nothing, one pass of refinement,
or a QR factorisation refined in doubled precision.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import LARGEST, SMALLEST, exponent, times_two_to
from linreg.basics.products import (
    BLOCK_BYTES,
    FIRST_ROWS,
    first_mean,
    in_runs,
    residual_products,
    summed,
)
from linreg.checks import check_dtype, check_finite, check_some_weight, check_Xy, relative
from linreg.closed_form.accuracy import ROUNDINGS, digits, leaves, lost, no_digits, within_range
from linreg.closed_form.columns import doubt, rounding_of, scaled, significant
from linreg.closed_form.doubled.refinement import refined
from linreg.closed_form.from_sums import (
    Factor,
    System,
    digits_left,
    digits_of,
    factored,
    fit_of,
    in_units,
    number_text,
    rounding,
    sizes,
    system,
)
from linreg.closed_form.ordinary import LOSS_LEFT, PLAIN_LIMIT, SMALL, Answer, from_rows, from_sums
from linreg.closed_form.shortest import shortest, shortest_text
from linreg.closed_form.textbook import svd_of
from linreg.closed_form.triangle import stacked
from linreg.result import Fit, Status
from linreg.workers import alone

__all__ = ["solve"]

CHOLESKY_LIMIT = 1e4  # up to here one step repairs what squaring the condition number lost
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

    Works in float64 whatever the dtype of `X`; columns are dependent when they are so to the precision of
    that dtype. Solves the normal equation of the centred and scaled columns by Cholesky up to a
    condition number of 1e4, with a pass of refinement from 20 on or when the loss is almost zero. Above, it
    takes a QR factorisation by blocks of rows and refines in doubled precision until every digit is right.
    What rounding costs, $\varepsilon (\kappa + \kappa^2 \|r\| / (\|A\| \|v\|))$, is estimated for each
    weight: with fewer than ten digits left, doubled precision wins them back after Cholesky as well, at any
    size of the data, and small problems get it at once; otherwise the `message` tells how many, below 14.

    Dependent columns get the shortest `w` that predicts best, from the sums where these tell them apart and
    the rows confirm it, else by the SVD of the small triangle; its loss is measured. In units so different
    that no float64 holds both, the predictions count and the length of `w` gives way, which the message
    tells. The message also says which way was taken, and why.

    The answer is detached: no gradient flows through it.

    Cost: n d^2 operations and one pass over `X` for Cholesky, 4 n d and a second pass to refine, some 40 n d
    a step in doubled precision; 2 n d^2 and about five passes for QR; for d - r dependent columns n d^2 and
    4 n d (d - r + 2). 2 MB of memory a thread besides O(d^2): `X` is not copied, unless it
    has rows of weight 0, which are left out.
    The number of threads of PyTorch changes no bit.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) precisions $c_i$, 0 or above: minimises $\frac{1}{2 \sum_i c_i} \sum_i c_i r_i^2$. Those
            of rows that have been seen several times may be how often.
        dtype: of the answer, by default that of `X`; float64 keeps every digit that float32 data determine.

    Returns:
        The fit; status `RANK_DEFICIENT` when the columns are dependent, `OUT_OF_RANGE` when `dtype` cannot
        hold the weights, `NOT_CONVERGED` when refinement did not come to an end, and `NO_DIGITS` when nothing
        is left of the weights. With Cholesky on more than 256 columns `condition` is an upper
        bound.

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
    C = None
    if weights is not None:
        C = check_some_weight(y, weights)
        if not bool(C.all()):
            check_finite(X, "X")
            check_finite(y, "y")
            X, y, C = X[C > 0], y[C > 0], C[C > 0]
        C = relative(C)
    dtype = dtype or X.dtype
    found: Answer | Fit | None = from_rows(X, y, intercept, C)
    if found is None:
        with torch.inference_mode():  # what autograd might need takes a fifth of the time of small steps
            found = _found(X, y, C, intercept)
    if isinstance(found, Answer):
        if found.within(dtype):
            return found.fit(dtype)
        found = found.fit(torch.float64)
    return within_range(found, dtype, X, y)  # of ordinary tensors again


@alone
def _found(X: Tensor, y: Tensor, C: Tensor | None, intercept: bool) -> Answer | Fit:
    shift, M = _sums(X, y, C, intercept)
    if not _in_range(M):
        check_finite(X, "X")
        check_finite(y, "y")
        return _solve_in_range(X, y, C, intercept)
    return from_sums(X, shift, M, intercept) or _solve(X, y, C, intercept, shift, M)


def _sums(X: Tensor, y: Tensor, C: Tensor | None, intercept: bool) -> tuple[Tensor, Tensor]:
    """Sums about a mean, or without an intercept about 0, and this shift."""
    shift = first_mean(X, y, C) if intercept else X.new_zeros(X.shape[1] + 1, dtype=torch.float64)
    return shift, summed(X, y, shift, C)


def _solve(
    X: Tensor,
    y: Tensor,
    C: Tensor | None,
    intercept: bool,
    shift: Tensor,
    M: Tensor,
    unit: Tensor | None = None,
) -> Fit:
    """The long way, from the sums M of rows that are at hand as well."""
    if len(X) < X.shape[1] + intercept:
        A = scaled(X.double(), y.double(), intercept, torch.finfo(X.dtype).eps, C)
        fit = svd_of(A, size=A.scale if unit is None else sizes(A.scale, unit))
        return replace(fit, message=f"SVD, fewer rows than unknowns. {fit.message}")
    p = system(len(X), float(M[-1, -1]), shift, M, intercept, torch.finfo(X.dtype).eps, unit=unit)
    factor = factored(p)
    if factor.condition <= PLAIN_LIMIT or _independent(p, factor.condition):
        return _by_cholesky(X, y, C, p, factor, intercept)
    if X.numel() > SMALL and (found := _by_eigenvalues(X, y, C, p)) is not None:
        return found
    return _by_qr(X, y, C, p, intercept)


def _independent(p: System, condition: float) -> bool:
    """Whether refining Cholesky works, and it is not rounding alone that keeps the columns apart."""
    return condition <= CHOLESKY_LIMIT and condition * float(p.noise.max()) <= 0.1


def _in_range(M: Tensor) -> bool:
    """Whether all the sums are finite and none is zero or so small that its products were lost."""
    low, high = torch.aminmax(M.diagonal())
    return float(low) > SMALLEST and float(high) < LARGEST  # False for NaN


def _solve_in_range(X: Tensor, y: Tensor, C: Tensor | None, intercept: bool) -> Fit:
    """Solve with columns divided by powers of two, which rounds nothing; the one case that copies X."""
    size = exponent(torch.cat((X.abs().amax(0), y.abs().amax().reshape(1))))
    unit = size.where(size.isfinite(), 0)
    X, y = times_two_to(X.double(), -unit[:-1]), times_two_to(y.double(), -unit[-1])
    return in_units(_solve(X, y, C, intercept, *_sums(X, y, C, intercept), unit), unit)


def _by_cholesky(X: Tensor, y: Tensor, C: Tensor | None, p: System, factor: Factor, intercept: bool) -> Fit:
    L, condition, _ = factor
    v = torch.cholesky_solve(p.g.unsqueeze(1), L).squeeze(1)
    rss = p.yy - p.g @ v
    cancelled = float(rss) <= LOSS_LEFT * float(p.yy)
    number = number_text(p, condition)
    if condition <= PLAIN_LIMIT and not cancelled:
        told = _told(X, p, factor, v)
        return fit_of(p, v, rss, "cholesky", condition, f"Cholesky: {number}{told}.")
    why = " and the loss almost 0" if condition <= PLAIN_LIMIT else ""
    error, _ = rounding(p, factor, v)
    # a sum that ends near zero rounds less than one that grows: once
    left, most = digits_of(p, v, error(max(float(rss), 0.0) ** 0.5) / ROUNDINGS)
    if X.numel() <= SMALL or left < ENOUGH:
        R = L.T
        if intercept:  # and the column of ones, orthogonal to the centred ones
            R = torch.nn.functional.pad(R, (0, 1, 0, 1))
            R[-1, -1] = p.weight**0.5
        return _refined(X, y, C, p, R, v, "cholesky", condition, f"{number}{why}")
    g, rss = _residual(X, y, C, p, v)
    change = torch.cholesky_solve(g.unsqueeze(1), L).squeeze(1)
    rss = (rss - g @ change).clamp(min=0)
    message = f"Cholesky, refined once: {number}{why}{lost(left, most, v.dtype)}."
    return fit_of(p, v + change, rss, "cholesky", condition, message)


def _told(X: Tensor, p: System, factor: Factor, v: Tensor) -> str:
    """How many digits the Gram matrix has left, where that is not all of them."""
    first = p.n <= FIRST_ROWS  # of which the shift is the mean, and the sums those of centred columns
    return lost(*digits_left(p, factor, v, first, X.numel() <= SMALL), v.dtype)


def _residual(X: Tensor, y: Tensor, C: Tensor | None, p: System, v: Tensor) -> tuple[Tensor, Tensor]:
    """A'r (d,) and |r|^2 of the residual r = y - Av, from the data, where nothing has cancelled yet."""
    g, squares = _residuals(X, y, C, p, v.unsqueeze(1))
    return g.squeeze(1), squares.squeeze()


def _residuals(X: Tensor, y: Tensor, C: Tensor | None, p: System, V: Tensor) -> tuple[Tensor, Tensor]:
    """A'R (d, k) and R'R (k, k) for V (d, k) and R = [y, 0, ..., 0] - A V."""
    k, W = V.shape[1], V * p.factor.unsqueeze(1)
    theta = torch.vstack((-W, W.new_zeros(1, k), p.offset[:-1] @ W))
    theta[-2, 0], theta[-1, 0] = 1, theta[-1, 0] - p.offset[-1]
    total, squares = residual_products(X, y, p.shift, theta, C)
    # not centred: the shift, off the mean, would only add to it the sum of the residuals, which is 0
    return total[:-2] * p.factor.unsqueeze(1), squares


def _by_eigenvalues(X: Tensor, y: Tensor, C: Tensor | None, p: System) -> Fit | None:
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
    rows, inverse = V.T[kept], 1 / squares[kept].unsqueeze(1)
    v = rows.T @ ((rows @ p.g) * inverse.squeeze(1))
    null = V[:, ~kept]
    g, products = _residuals(X, y, C, p, torch.column_stack((v, null)))
    inside = rows @ g
    change = rows.T @ (inside * inverse)
    left = (products - inside.T @ (inside * inverse))[1:, 1:]  # what no correction of a null vector removes
    rounded = rounding_of(p.G) + torch.linalg.vector_norm(null * p.noise.unsqueeze(1), dim=0)
    if bool((left.diagonal().clamp(min=0).sqrt() > rounded).any()):
        return None
    basis = torch.linalg.qr(null + change[:, 1:], mode="complete").Q
    rows = basis[:, d - rank :].T
    s = squares[kept].flip(0).sqrt()
    v, certain = shortest(v + change[:, 0], rows, p.size, doubt(s, p.noise, rounding_of(p.G)))
    _, rss = _residual(X, y, C, p, v)
    message = f"Eigenvalues of the sums, refined once. {shortest_text(d, rank, certain)}"
    return fit_of(p, v, rss, "eigenvalues", math.inf, message, Status.RANK_DEFICIENT, rank)


def _by_qr(X: Tensor, y: Tensor, C: Tensor | None, p: System, intercept: bool) -> Fit:
    d, k = len(p.scale), len(p.scale) + intercept
    T = _triangle(X, y, C, p, intercept)  # of [A, 1, y] or [A, y]
    R, z = T[:k, :k], T[:k, k]
    U, s, Vh = torch.linalg.svd(R[:d, :d])
    kept = significant(s, Vh, p.noise, rounding_of(R))
    rank = int(kept.sum())
    if rank < d:
        c = U.T @ z[:d]
        v = Vh[kept].T @ (c[kept] / s[kept])
        v, certain = shortest(v, Vh[kept], p.size, doubt(s[kept], p.noise, rounding_of(R)))
        _, rss = _residual(X, y, C, p, v)  # of this v: the triangle only knows that of the one before
        message = f"SVD. {shortest_text(d, rank, certain)}"
        return fit_of(p, v, rss, "svd", math.inf, message, Status.RANK_DEFICIENT, rank)
    condition = float(s[0] / s[-1])
    v = torch.linalg.solve_triangular(R, z.unsqueeze(1), upper=True).squeeze(1)
    number = f"the condition number is {condition:.3g}, too large for Cholesky"
    return _refined(X, y, C, p, R, v[:d], "qr", condition, number)


def _refined(
    X: Tensor,
    y: Tensor,
    C: Tensor | None,
    p: System,
    R: Tensor,
    v: Tensor,
    method: str,
    condition: float,
    why: str,
) -> Fit:
    """Refine v in doubled precision with the triangle R of [A, 1], or of A without an intercept."""
    name = "QR" if method == "qr" else "Cholesky"
    w, b = p.unscaled(v)
    from_gram = method == "cholesky"
    best = refined(X, y, R, p.mean[:-1], p.scale, len(R) > len(v), w, b, weights=C, from_gram=from_gram)
    w, b = (best.w.hi, best.b.hi) if best.steps else (w, b)
    unknown = torch.cat((best.unknown, 0 * best.unknown[:1]))  # of w, b, and 0 without an intercept
    b_size = p.y_size + float(p.mean[-1].abs())
    left, most = digits(w * p.scale, unknown[: len(v)] * p.scale, b, float(unknown[len(v)]), b_size)
    if best.converged:
        steps = "1 step" if best.steps == 1 else f"{best.steps} steps"
        message = f"{name}, refined in doubled precision in {steps}: {why}{lost(left, most, w.dtype)}."
        rss = best.rss
    else:
        end = f"refinement in doubled precision did not converge{leaves(left, most)}"
        message = f"{name}: {why}, and {end}."
        rss = float(_residual(X, y, C, p, w * p.scale)[1])
    loss = torch.as_tensor(rss / (2 * p.weight), dtype=w.dtype, device=w.device)
    status = Status.OK if best.converged else Status.NOT_CONVERGED
    fit = Fit(w, b, status, message, method, loss, len(v), condition)
    return fit if most else no_digits(fit)


def _triangle(X: Tensor, y: Tensor, C: Tensor | None, p: System, intercept: bool) -> Tensor:
    """R of [A, 1, y - mean]."""
    d = len(p.scale)
    mean = p.mean
    rows = max(BLOCK_BYTES // (32 * (d + 2)), 4 * (d + 2))  # the factorisation needs several copies

    def block(some: slice) -> Tensor:
        A = (X[some] - mean[:-1]) * p.factor
        one = [torch.ones_like(A[:, :1])] * intercept
        Z = torch.hstack((A, *one, (y[some] - mean[-1:]).unsqueeze(1)))
        return Z if C is None else Z * C[some].sqrt().unsqueeze(1)

    return stacked(block(some) for some in in_runs(slice(0, len(X)), rows))
